//! References in text: `&lt;`, `&#8217;`, `&nbsp;` and what a document declares itself.
//!
//! HTML's names need no declaration. Declared entities are expanded as far as
//! [`MAX_ENTITY`] and [`MAX_EXPANDED`] allow; nothing that lies elsewhere is ever
//! opened. What is no reference stays as it is written. Numbers follow HTML:
//! the windows-1252 range is read as such, surrogates and what is out of range
//! become U+FFFD; control characters, which no output may carry, are left out.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;

use memchr::{memchr, memmem};

use crate::normalize::text;

/// A declared entity longer than this, expanded, is none. Real ones are names.
const MAX_ENTITY: usize = 4096;

/// What all declared entities of a document may expand to, together.
const MAX_EXPANDED: usize = 1 << 20;

/// Declarations beyond are not read.
const MAX_DECLARED: usize = 1000;

/// References are not longer: `CounterClockwiseContourIntegral` has 31.
const MAX_NAME: usize = 40;

/// Decodes references. One a document: it knows what the document declared.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    declared: HashMap<String, String>,
    expanded: Cell<usize>,
    /// References that are none: where a report begins to be worth it.
    loose: Cell<usize>,
}

impl Decoder {
    /// Reads the entities that a document type declaration declares.
    pub fn declare(&mut self, doctype: &str) {
        let mut rest = doctype;
        while let Some(at) = rest.find("<!ENTITY") {
            rest = &rest[at + 8..];
            if self.declared.len() >= MAX_DECLARED {
                return;
            }
            let text = rest.trim_start();
            let Some(blank) = text.find(|c: char| c.is_ascii_whitespace()) else { return };
            let (name, text) = (&text[..blank], text[blank..].trim_start());
            // `%` declares for the document type itself, SYSTEM and PUBLIC lie elsewhere.
            let Some(quote @ ('"' | '\'')) = text.chars().next() else { continue };
            let Some(end) = text[1..].find(quote) else { return };
            let raw = &text[1..=end];
            rest = &text[end + 2..];
            if name == "%" || name.len() > MAX_NAME || raw.len() > MAX_ENTITY {
                continue;
            }
            let mut value = String::new();
            self.decode_into(&mut value, raw);
            if value.len() <= MAX_ENTITY && !self.declared.contains_key(name) {
                self.declared.insert(name.to_owned(), value);
            }
        }
    }

    /// How many `&` were met that begin no reference, since it was asked last.
    pub fn take_loose(&self) -> usize {
        self.loose.take()
    }

    /// `raw` with its references decoded.
    pub fn decode<'t>(&self, raw: &'t str) -> Cow<'t, str> {
        if memchr(b'&', raw.as_bytes()).is_none() {
            return Cow::Borrowed(raw);
        }
        let mut out = String::with_capacity(raw.len());
        self.decode_into(&mut out, raw);
        Cow::Owned(out)
    }

    /// Appends `raw` with its references decoded.
    pub fn decode_into(&self, out: &mut String, raw: &str) {
        let bytes = raw.as_bytes();
        let mut done = 0;
        while let Some(found) = memchr(b'&', &bytes[done..]) {
            let at = done + found;
            out.push_str(&raw[done..at]);
            let rest = &bytes[at + 1..];
            // The five of XML are nearly all there are.
            let known: Option<(&str, usize)> = match rest {
                [b'l', b't', b';', ..] => Some(("<", 4)),
                [b'g', b't', b';', ..] => Some((">", 4)),
                [b'a', b'm', b'p', b';', ..] => Some(("&", 5)),
                [b'q', b'u', b'o', b't', b';', ..] => Some(("\"", 6)),
                [b'a', b'p', b'o', b's', b';', ..] => Some(("'", 6)),
                _ => None,
            };
            done = match known {
                Some((text, used)) => {
                    out.push_str(text);
                    at + used
                }
                None => at + self.reference(out, &raw[at..]),
            };
        }
        out.push_str(&raw[done..]);
    }

    /// Appends what the reference at the beginning of `text` stands for; how many bytes it takes.
    fn reference(&self, out: &mut String, text: &str) -> usize {
        let bytes = text.as_bytes();
        let window = &bytes[1..bytes.len().min(MAX_NAME + 2)];
        let end = window.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'#' | b'_' | b'-' | b'.')));
        if let Some(end) = end.filter(|e| window[*e] == b';' && *e > 0) {
            let name = &text[1..=end];
            if let Some(number) = name.strip_prefix('#') {
                if let Some(code) = code(number) {
                    push_code(out, code);
                    return end + 2;
                }
            } else if let Some(value) = self.declared.get(name) {
                let expanded = self.expanded.get() + value.len();
                if expanded <= MAX_EXPANDED {
                    self.expanded.set(expanded);
                    out.push_str(value);
                    return end + 2;
                }
            } else if let Some(value) = named(name) {
                out.push_str(value);
                return end + 2;
            }
        }
        self.loose.set(self.loose.get() + 1);
        out.push('&');
        1
    }
}

/// What HTML's `&name;` stands for.
fn named(name: &str) -> Option<&'static str> {
    match name {
        "nbsp" => Some("\u{a0}"),
        // HTML 4 and the feeds of its time mean these; HTML 5 took mathematical ones.
        "lang" => Some("\u{2329}"),
        "rang" => Some("\u{232a}"),
        _ => text::named_reference(name),
    }
}

/// Whether HTML has an entity of that name.
pub(super) fn is_named(name: &str) -> bool {
    named(name).is_some()
}

fn code(number: &str) -> Option<u32> {
    let (digits, radix) = match number.strip_prefix(['x', 'X']) {
        Some(hex) => (hex, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some(u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
}

fn push_code(out: &mut String, code: u32) {
    match code {
        1..=8 | 0xB | 0xC | 0xE..=0x1F | 0x7F => {}
        0xD => out.push('\n'),
        _ => {
            let c = text::code_point(code);
            out.push(if text::is_xml_char(c) { c } else { char::REPLACEMENT_CHARACTER });
        }
    }
}

/// Whether `text` may hold what [`Decoder::declare`] looks for.
pub(super) fn declares(doctype: &str) -> bool {
    memmem::find(doctype.as_bytes(), b"<!ENTITY").is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> String {
        Decoder::default().decode(text).into_owned()
    }

    #[test]
    fn references_are_decoded_once() {
        let cases = [
            ("a &lt;b&gt; &amp;amp; &quot;&apos;", "a <b> &amp; \"'"),
            ("&eacute;&nbsp;&hellip;", "é\u{a0}…"),
            ("&#8217;&#x2019;&#X41;", "’’A"),
            ("&#146;&#x80;", "’€"),
            ("&#0;&#xD800;&#99999999999;", "\u{fffd}\u{fffd}\u{fffd}"),
            ("a&#8;b&#13;c", "ab\nc"),
            ("AT&T & co &foo; &; &#; &#x; &", "AT&T & co &foo; &; &#; &#x; &"),
        ];
        for (text, want) in cases {
            assert_eq!(decode(text), want, "{text}");
        }
    }

    #[test]
    fn declared_entities_are_expanded_within_bounds() {
        let mut decoder = Decoder::default();
        decoder.declare("rss [<!ENTITY co \"Example &#38; Co\"> <!ENTITY co2 '&co;, Ltd'> <!ENTITY f SYSTEM \"file:///etc/passwd\">]");
        assert_eq!(decoder.decode("&co2; &f;"), "Example & Co, Ltd &f;");
        let mut decoder = Decoder::default();
        let mut doctype = "x [<!ENTITY a0 \"ha\">".to_owned();
        for n in 1..20 {
            let before = format!("&a{};", n - 1).repeat(10);
            doctype.push_str(&format!("<!ENTITY a{n} \"{before}\">"));
        }
        decoder.declare(&doctype);
        assert!(decoder.decode("&a19;").len() < 100);
        let many = "&a3;".repeat(100_000);
        assert!(decoder.decode(&many).len() < many.len() + 2 * MAX_EXPANDED);
    }
}
