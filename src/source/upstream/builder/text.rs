//! The text of elements: collected in one buffer, decoded once, copied only when it
//! has to be.

use std::borrow::Cow;

use super::{Builder, MAX_EXTRAS};
use crate::source::charset;
use crate::source::upstream::model::Attributes;
use crate::source::upstream::xml::Tag;
use crate::source::upstream::{base, markup, names};

impl<'t> Builder<'t, '_> {
    pub(super) fn text(&mut self, raw: &'t str, cdata: bool) {
        let Some(top) = self.open.last() else { return };
        if !top.takes_text || raw.is_empty() {
            return;
        }
        if self.construct.as_ref().is_some_and(|c| c.markup) {
            if !cdata && memchr::memchr2(b'&', b'<', raw.as_bytes()).is_none() {
                self.buffer.push_str(raw);
            } else {
                let text = if cdata { Cow::Borrowed(raw) } else { self.decoder.decode(raw) };
                markup::push_escaped(&mut self.buffer, &text);
            }
            self.loose_ampersands();
        } else if self.single.is_none() && self.buffer.len() == top.start {
            self.single = Some((raw, cdata));
        } else {
            self.flush();
            self.push(raw, cdata);
        }
    }

    fn push(&mut self, raw: &str, cdata: bool) {
        if cdata {
            self.buffer.push_str(raw);
        } else {
            self.decoder.decode_into(&mut self.buffer, raw);
            self.loose_ampersands();
        }
    }

    fn loose_ampersands(&mut self) {
        if self.decoder.take_loose() > 0 {
            self.problems.add(self.scanner.position(), "a `&` that begins no reference: read as text");
        }
    }

    /// Text of an element goes into the buffer before anything follows it.
    pub(super) fn flush(&mut self) {
        if let Some((raw, cdata)) = self.single.take() {
            self.push(raw, cdata);
        }
    }

    /// The text of the innermost element as it stands; the buffer is as it was before.
    pub(super) fn take_whole(&mut self, start: usize) -> String {
        self.flush();
        self.buffer.split_off(start)
    }

    /// The text of the innermost element, trimmed; the buffer is as it was before.
    pub(super) fn take_text(&mut self, start: usize) -> String {
        if let Some((raw, cdata)) = self.single.take() {
            if cdata || memchr::memchr(b'&', raw.as_bytes()).is_none() {
                return mended(trim(raw));
            }
            self.push(raw, cdata);
        }
        let text = mended(trim(&self.buffer[start..]));
        self.buffer.truncate(start);
        text
    }

    /// The decoded value of an attribute.
    pub(in crate::source::upstream) fn value(&self, raw: &str) -> String {
        trim(&self.decoder.decode(raw)).to_owned()
    }

    /// The attributes of a tag, names in lower case, without declarations.
    pub(in crate::source::upstream) fn attributes(&self, tag: &Tag<'_>) -> Attributes {
        tag.attributes()
            .filter(|(n, _)| !n.starts_with("xmlns") && !n.starts_with("xml:"))
            .take(MAX_EXTRAS)
            .map(|(n, v)| {
                let (prefix, local) = names::split(n);
                let space = self.bindings.iter().rev().find(|(p, _)| *p == prefix).map(|(_, s)| *s);
                // `itunes:href` on an itunes element is the same as `href`.
                let own = !prefix.is_empty() && names::split(tag.name).0 == prefix && space.is_some();
                (if own { local } else { n }.to_ascii_lowercase(), self.value(v))
            })
            .collect()
    }

    /// `reference` against what is the base here.
    pub(in crate::source::upstream) fn resolve(&self, reference: &str) -> String {
        base::resolve(self.base.as_deref(), reference).into_owned()
    }
}

/// Without white space of XML at its ends; others mean something.
pub(super) fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace())
}

/// As it was meant before it was encoded twice.
fn mended(text: &str) -> String {
    charset::mended(text).unwrap_or_else(|| text.to_owned())
}

pub(in crate::source::upstream) fn filled(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}
