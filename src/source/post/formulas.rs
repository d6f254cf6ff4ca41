//! Formulas between dollar signs, kept as they were written: read as Markdown, `$\{a\}$` would
//! lose its marks and `$a*b*c$` get emphasis. Their marks are escaped before the text is read.
//!
//! What is no formula stays Markdown: prices, variables of shells, links and code between two
//! dollar signs, and formulas whose author has escaped them for Markdown already.

use super::signs::is_in_address;
use crate::source::markdown::code::Code;
use crate::source::pattern::Pattern;

/// The text with its formulas escaped. Every line keeps its number.
pub(super) fn escaped(text: String) -> String {
    static FORMULA: Pattern =
        Pattern::new(r"(?m)^[ \t]*\$\$[ \t]*\n(?:[^$]+)\n[ \t]*\$\$[ \t]*$|\$\$[^$\n]+\$\$|\$[^$\s][^$\n]*\$");
    if !text.contains('$') {
        return text;
    }
    let code = Code::of(&text);
    let html = html_lines(&text);
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let (mut done, mut from) = (0, 0);
    while let Some(found) = FORMULA.find_at(&text, from) {
        let (before, behind) = (&text[..found.start()], &text[found.end()..]);
        let stands_free = !before.ends_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '\\' | '$'))
            && !behind.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '$');
        // No address is a formula, and HTML knows no escapes.
        let in_html = || {
            let after = html.partition_point(|lines| lines.start <= found.start());
            after > 0 && html[after - 1].end > found.start()
        };
        if stands_free && is_tex(found.as_str()) && !code.has(found.start()) && !in_html() && !is_in_address(before) {
            out.push_str(&text[done..found.start()]);
            push_escaped(&mut out, found.as_str());
            (done, from) = (found.end(), found.end());
        } else {
            // The second sign may open one.
            from = found.start() + 1;
        }
    }
    out.push_str(&text[done..]);
    out
}

/// Lines with tags, and those below one that begins with a tag, up to an empty one.
fn html_lines(text: &str) -> Vec<std::ops::Range<usize>> {
    let is_tag = |rest: &str| {
        rest.strip_prefix('<')
            .is_some_and(|r| r.starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '/' | '!')))
    };
    let mut found: Vec<std::ops::Range<usize>> = Vec::new();
    let (mut at, mut inside) = (0, false);
    for line in text.split_inclusive('\n') {
        inside = is_tag(line.trim_start()) || inside && !line.trim().is_empty();
        if inside || line.match_indices('<').any(|(n, _)| is_tag(&line[n..])) {
            match found.last_mut().filter(|last| last.end == at) {
                Some(last) => last.end = at + line.len(),
                None => found.push(at..at + line.len()),
            }
        }
        at += line.len();
    }
    found
}

/// Whether what stands between dollar signs has signs of TeX, and none that only Markdown has.
fn is_tex(written: &str) -> bool {
    let inside = written.trim_matches(['$', ' ', '\t', '\n']);
    let is_markdown =
        ["](", "`", "://", "\\_", "\\*", "\\\\\\\\", "\n\n", "</"].iter().any(|mark| inside.contains(mark));
    let closed = !written.trim_end_matches('$').ends_with(' ') || written.starts_with("$$");
    let has_sign =
        inside.contains(['\\', '^', '{']) || inside.contains('_') && !inside.contains(' ') || written.starts_with("$$");
    let operates = || inside.contains('*') && inside.len() <= 32 && !inside.contains(' ');
    closed && !inside.is_empty() && !is_markdown && (has_sign || operates())
}

/// Marks of Markdown and HTML get a backslash each.
fn push_escaped(out: &mut String, formula: &str) {
    for c in formula.chars() {
        if c.is_ascii_punctuation() && c != '$' {
            out.push('\\');
        }
        out.push(c);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_escaped_and_nothing_else() {
        for (written, expected) in [
            (r"a $\{a, b\}$ b", r"a $\\\{a\, b\\\}$ b"),
            ("$a*b*c$", r"$a\*b\*c$"),
            ("$$\na &= b \\\\\n$$", "$$\na \\&\\= b \\\\\\\\\n$$"),
            ("和$x_1$是", r"和$x\_1$是"),
        ] {
            assert_eq!(escaped(written.to_owned()), expected);
        }
        for plain in [
            "$5 a month ([pricing](https://x.example/pricing_page)), or A$ 8",
            "售价 $99（[官网](https://x.example/a_b)），约合 HK$ 770",
            "Run FOO=$BAR_X and *then* BAZ=$QUX",
            "jQuery: $(this) and <b>$(that_one)</b>$",
            "Set $HOME as in `$HOME/bin` with $PATH_X",
            "$5 *or* $10, $HOME_DIR and $PATH",
            r"$x\_1$ and $a \\\\ b$",
            "<p>For $a^2$ we have</p>",
            "<div>\n$\\frac{a}{b}$\n</div>",
            "- https://e.example/$A_B$",
            "`$a^b$` and\n\n    $c^d$\n",
        ] {
            assert_eq!(escaped(plain.to_owned()), plain);
        }
    }
}
