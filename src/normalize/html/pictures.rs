//! Pictures in HTML: which there are, and which are shown.

use url::Url;

use super::escape;
use super::scan::{Token, attribute, contains_tag, tokens};
use crate::normalize::{address, text};

/// Whether there may be pictures in what [`sanitise`](super::sanitise) makes of `html`.
pub fn may_have_pictures(html: &str) -> bool {
    contains_tag(html, &["img", "image", "iframe", "video", "audio"])
}

/// What is done with a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// It is linked as it is.
    Stays,
    /// It is left out.
    Goes,
    /// It is linked at this address.
    At(String),
}

/// Sanitised `html` with its pictures as `decide` says of their addresses, and without the
/// paragraphs and links that held nothing but pictures that are left out.
pub fn with_pictures(html: String, mut decide: impl FnMut(&str) -> Picture) -> String {
    if !html.contains("<img") {
        return html;
    }
    // An attribute's value holds no plain quote: what cleaned it has escaped them.
    let source = |raw: &str| -> Option<std::ops::Range<usize>> {
        let from = raw.find(" src=\"")? + 6;
        Some(from..from + raw[from..].find('"')?)
    };
    let mut out = String::with_capacity(html.len());
    let mut dropped = false;
    for token in tokens(&html) {
        match token {
            Token::Open { ref name, raw } if name == "img" => {
                let source = source(raw);
                match source.clone().map_or(Picture::Goes, |at| decide(&text::decode_entities(&raw[at]))) {
                    Picture::Stays => out.push_str(raw),
                    Picture::Goes => dropped = true,
                    Picture::At(address) => {
                        let at = source.unwrap_or_default();
                        out.push_str(&raw[..at.start]);
                        out.push_str(&escape(&address));
                        out.push_str(&raw[at.end..]);
                    }
                }
            }
            Token::Close { raw, ref name } if dropped && matches!(&name[..], "p" | "a" | "figure" | "span") => {
                // Only what has just become empty: `<p>` or `<a href="...">` and nothing behind it.
                let opened = out
                    .rfind('<')
                    .filter(|at| out[*at..].trim_end().ends_with('>') && out[at + 1..].starts_with(&name[..]));
                match opened {
                    Some(at) => out.truncate(at),
                    None => out.push_str(raw),
                }
            }
            other => out.push_str(other.raw()),
        }
    }
    out
}

/// The first picture in HTML that is worth showing: absolute, not inside the address.
pub fn first_image(html: &str, base: Option<&Url>) -> Option<String> {
    if !contains_tag(html, &["img"]) {
        return None;
    }
    for token in tokens(html) {
        if let Token::Open { name, raw } = token
            && name == "img"
            && let Some(source) = attribute(raw, "src")
            && let Some(url) = address::absolute(&source, base)
            && url.scheme() != "mailto"
        {
            return Some(url.to_string());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_pictures_leave_nothing_behind() {
        let check = |html: &str, expected: &str| {
            let decide = |src: &str| match src {
                s if s.contains("no.example") => Picture::Goes,
                s if s.contains("here.example") => Picture::At(format!("https://own.example/?of={}&b", s.len())),
                _ => Picture::Stays,
            };
            assert_eq!(with_pictures(html.to_owned(), decide), expected);
        };
        let no = "<img src=\"https://no.example/a\">";
        check(&format!("<p>a{no}b</p>"), "<p>ab</p>");
        check(&format!("<p>a</p><p><a href=\"https://x.example/\">{no}</a></p><p>b</p>"), "<p>a</p><p>b</p>");
        check("<p><img src=\"https://yes.example/a\"></p><p></p>", "<p><img src=\"https://yes.example/a\"></p><p></p>");
        check(&format!("<p>{no}</p><p>x <a href=\"y\">z</a></p>"), "<p>x <a href=\"y\">z</a></p>");
        check(
            "<p><img alt=\"a src=b\" src=\"https://here.example/?a&amp;b\" width=\"9\"></p>",
            "<p><img alt=\"a src=b\" src=\"https://own.example/?of=25&amp;b\" width=\"9\"></p>",
        );
    }
}
