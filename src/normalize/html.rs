//! HTML on its way out: sanitised, absolute, bounded; and HTML as plain text.
//!
//! Nothing that comes from a post, a page or a feed reaches a reader without
//! passing [`sanitise`]. The allow-list is `ammonia`'s, narrowed to what feed
//! readers and validators accept. Nesting is bounded before any parser sees the
//! text, because HTML parsers take quadratic time in depth.

mod clean;
pub mod elements;
mod formulas;
mod pictures;
mod scan;

use std::borrow::Cow;

use crate::normalize::text;

pub use self::clean::{bound_depth, sanitise};
pub use self::formulas::formulas;
pub use self::pictures::{Picture, first_image, may_have_pictures, with_pictures};
pub use self::scan::{Block, attribute, blocks};
pub(crate) use self::scan::{Token, tokens};

/// `text` with `&`, `<`, `>` and quotes escaped.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut from = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escaped = match byte {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            b'\'' => "&#39;",
            _ => continue,
        };
        out.push_str(&text[from..at]);
        out.push_str(escaped);
        from = at + 1;
    }
    out.push_str(&text[from..]);
    out
}

/// HTML as plain text: blocks on lines of their own, entities decoded, no scripts.
pub fn plain(html: &str) -> String {
    let html = &*formulas(html);
    let mut out = String::with_capacity(html.len() / 2);
    let mut silent: Option<Cow<'_, str>> = None;
    let mut pre = 0usize;
    for token in tokens(html) {
        match token {
            Token::Open { name, raw } => {
                if silent.is_none() && elements::is_silent(&name) && !raw.ends_with("/>") {
                    silent = Some(name);
                    continue;
                }
                pre += usize::from(name == "pre");
                if elements::ends_line(&name) && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            Token::Close { name, .. } => {
                if silent.as_deref() == Some(name.as_ref()) {
                    silent = None;
                    continue;
                }
                pre = pre.saturating_sub(usize::from(name == "pre"));
                if elements::ends_line(&name) && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            Token::Text { raw } => {
                if silent.is_some() {
                    continue;
                }
                let decoded = text::decode_entities(raw);
                if pre > 0 {
                    out.push_str(&decoded);
                    continue;
                }
                let starts = decoded.starts_with(char::is_whitespace);
                let ends = decoded.ends_with(char::is_whitespace);
                if starts && !out.is_empty() && !out.ends_with(char::is_whitespace) {
                    out.push(' ');
                }
                let before = out.len();
                text::push_squeezed(&mut out, &decoded);
                if ends && out.len() > before {
                    out.push(' ');
                }
            }
            Token::Other { .. } => {}
        }
    }
    let mut tidy = String::with_capacity(out.len());
    for line in out.lines() {
        let line = line.trim();
        if line.is_empty() {
            continue;
        }
        if !tidy.is_empty() {
            tidy.push('\n');
        }
        tidy.push_str(line);
    }
    text::scrubbed(tidy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_html() {
        assert_eq!(plain("<p>a &amp; b</p><script>x</script><ul><li>c</li><li>d <b>e</b></li></ul>"), "a & b\nc\nd e");
        assert_eq!(plain("1 < 2 and 3 > 2"), "1 < 2 and 3 > 2");
        assert_eq!(plain("<p>unclosed <b>x"), "unclosed x");
    }
}
