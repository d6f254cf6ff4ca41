//! Formulas as the text they were written as: TeX in `<code>`.
//!
//! Feed readers show no MathML, the sanitiser refuses it (it has been a way around
//! sanitisers before), and the pictures and spans that scripts make of a formula are
//! nothing without their style sheets. What its author wrote is there beside them.

use std::borrow::Cow;

use super::escape;
use super::scan::{Token, attribute, contains_tag, tokens};
use crate::normalize::text;

/// Classes of what a script made of a formula whose source stands beside it.
const MADE: [&str; 6] =
    ["katex-html", "mathjax", "mathjax_display", "mathjax_preview", "mathjax_svg", "mwe-math-fallback-image"];

/// `html` with each formula as `<code>`: the TeX it was written in, else its letters and signs.
pub fn formulas(html: &str) -> Cow<'_, str> {
    if !contains_tag(html, &["math"]) && !html.contains("math/tex") {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut all = tokens(html);
    // What is not closed has no end: it stays as it is, and nothing is looked for again and again.
    let mut unclosed: Vec<String> = Vec::new();
    while let Some(token) = all.next() {
        let (raw, name) = match &token {
            Token::Open { name, raw } => (*raw, name.as_ref()),
            Token::Close { raw, .. } | Token::Text { raw } | Token::Other { raw } => (*raw, ""),
        };
        let behind = all.rest;
        let is_open = !unclosed.iter().any(|u| u == name);
        let end = match name {
            "script" if is_open && attribute(raw, "type").is_some_and(|t| t.starts_with("math/tex")) => {
                until_close(behind, "script").map(|(source, behind)| (source.to_owned(), behind))
            }
            "math" if is_open && !raw.ends_with("/>") => {
                until_close(behind, "math").map(|(inside, behind)| (source_of(raw, inside), behind))
            }
            "span" | "div" | "nobr" if is_open && is_made(raw) => {
                behind_element(behind, name).map(|behind| (String::new(), behind))
            }
            "img" if is_made(raw) => Some((String::new(), behind)),
            _ => {
                out.push_str(raw);
                continue;
            }
        };
        match end {
            Some((source, behind)) => {
                push(&mut out, &source);
                all.rest = behind;
            }
            None => {
                unclosed.push(name.to_owned());
                out.push_str(raw);
            }
        }
    }
    Cow::Owned(out)
}

fn push(out: &mut String, source: &str) {
    let source = text::line(&text::decode_entities(source));
    if !source.is_empty() {
        out.push_str("<code>");
        out.push_str(&escape(&source));
        out.push_str("</code>");
    }
}

/// What a `math` element was written as.
fn source_of(tag: &str, inside: &str) -> String {
    let mut annotation = None;
    let mut all = tokens(inside);
    while let Some(token) = all.next() {
        if let Token::Open { name, raw } = &token
            && name == "annotation"
            && attribute(raw, "encoding").is_some_and(|e| e.to_lowercase().contains("tex"))
        {
            annotation = until_close(all.rest, "annotation").map(|(source, _)| source.to_owned());
            break;
        }
    }
    let source = annotation.or_else(|| attribute(tag, "alttext").map(|t| escape(&t)));
    let source = source.filter(|s| !s.trim().is_empty()).unwrap_or_else(|| {
        let letters = tokens(inside).filter_map(|t| match t {
            Token::Text { raw } => Some(raw.trim()),
            Token::Open { .. } | Token::Close { .. } | Token::Other { .. } => None,
        });
        letters.filter(|l| !l.is_empty()).collect::<Vec<_>>().join(" ")
    });
    // How MediaWiki wraps all of them.
    let bare = source.trim().strip_prefix("{\\displaystyle").and_then(|s| s.strip_suffix('}'));
    bare.map_or_else(|| source.clone(), |s| s.trim().to_owned())
}

fn is_made(tag: &str) -> bool {
    let class = attribute(tag, "class").unwrap_or_default().to_lowercase();
    class.split_ascii_whitespace().any(|c| MADE.iter().any(|m| c == *m || c.starts_with("mwe-math-fallback-image")))
}

/// What stands before the end tag, and behind it; none where there is no end tag.
fn until_close<'h>(html: &'h str, name: &str) -> Option<(&'h str, &'h str)> {
    let is_close = |at: usize| {
        let rest = &html.as_bytes()[at + 1..];
        rest.first() == Some(&b'/') && rest.get(1..=name.len()).is_some_and(|n| n.eq_ignore_ascii_case(name.as_bytes()))
    };
    let at = memchr::memchr_iter(b'<', html.as_bytes()).find(|at| is_close(*at))?;
    let end = html[at..].find('>').map_or(html.len(), |e| at + e + 1);
    Some((&html[..at], &html[end..]))
}

/// What stands behind the end of an element of which `html` is the inside.
fn behind_element<'h>(html: &'h str, name: &str) -> Option<&'h str> {
    let mut depth = 1;
    let mut at = 0;
    for token in tokens(html) {
        match token {
            Token::Open { name: ref other, raw } => {
                depth += usize::from(other == name);
                at += raw.len();
            }
            Token::Close { name: ref other, raw } => {
                depth -= usize::from(other == name);
                at += raw.len();
            }
            Token::Text { raw } | Token::Other { raw } => at += raw.len(),
        }
        if depth == 0 {
            return Some(&html[at..]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_what_they_were_written_as() {
        let katex = "<span class=\"katex\"><span class=\"katex-mathml\"><math xmlns=\"http://www.w3.org/1998/Math/MathML\"><semantics><mrow><mi>a</mi><mo>&lt;</mo><mi>b</mi></mrow><annotation encoding=\"application/x-tex\">a &lt; b</annotation></semantics></math></span><span class=\"katex-html\" aria-hidden=\"true\"><span class=\"base\"><span>a</span>&lt;b</span></span></span>!";
        let mathjax = "<span class=\"MathJax_Preview\">x</span><span class=\"MathJax\"><span>𝑥<span>2</span></span></span><script type=\"math/tex; mode=display\">x^2 < y & z</script>.";
        let wiki = "<math alttext=\"{\\displaystyle E=mc^{2}}\"><mi>E</mi></math><img class=\"mwe-math-fallback-image-inline\" alt=\"E\" src=\"e.svg\">";
        for (html, wanted) in [
            (katex, "<span class=\"katex\"><span class=\"katex-mathml\"><code>a &lt; b</code></span></span>!"),
            (mathjax, "<code>x^2 &lt; y &amp; z</code>."),
            (wiki, "<code>E=mc^{2}</code>"),
            ("<p>如果 <math><mi>x</mi> <mo>=</mo><mn>2</mn></math>，则</p>", "<p>如果 <code>x = 2</code>，则</p>"),
            ("<math></math>a", "a"),
            ("a <math><mi>x", "a <math><mi>x"),
            ("<span class=\"katex-html\">without an end: <math></math>", "<span class=\"katex-html\">without an end: "),
            ("<MATH alttext='&lt;script&gt;'><mi>x</mi></MATH>", "<code>&lt;script&gt;</code>"),
            ("<p>no formula, mathematically</p>", "<p>no formula, mathematically</p>"),
        ] {
            assert_eq!(formulas(html), wanted, "{html}");
        }
    }

    #[test]
    fn what_is_not_closed_stays_and_takes_no_time() {
        for piece in ["<math><span class=\"MathJax\">", "<script type=\"math/tex\">x", "<math alttext=x><annotation>"] {
            let html = piece.repeat(20_000);
            let start = std::time::Instant::now();
            assert_eq!(formulas(&html), html);
            assert!(start.elapsed().as_secs() < 5, "{piece}: {:?}", start.elapsed());
        }
    }
}
