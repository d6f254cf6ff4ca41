//! What an element inherits: base, language, prefixes; and what a root says of its format.

use std::sync::Arc;

use super::text::trim;
use super::{Builder, MAX_BINDINGS, Scope};
use crate::source::upstream::names::{Element, Space};
use crate::source::upstream::xml::Tag;
use crate::source::upstream::{Format, base};

impl<'t> Builder<'t, '_> {
    /// `x:feed`, where `x` is bound to something unknown.
    pub(super) fn is_root_of_its_own(&mut self, prefix: &str, local: &str) -> bool {
        let is_root = ["rss", "feed", "rdf"].iter().any(|n| n.eq_ignore_ascii_case(local));
        if !is_root || prefix.is_empty() {
            return false;
        }
        let space = self.space(prefix);
        let known = matches!(space, Space::Core | Space::Rdf);
        if !known {
            for binding in self.bindings.iter_mut().filter(|(p, _)| *p == prefix) {
                binding.1 = Space::Core;
            }
        }
        !known
    }

    pub(super) fn space(&self, prefix: &str) -> Space {
        if prefix.is_empty() {
            return self.default.0;
        }
        match self.bindings.iter().rev().find(|(p, _)| *p == prefix) {
            Some((_, space)) => *space,
            None => Space::usual(prefix),
        }
    }

    /// Takes base, language and prefixes from a tag; whether there were any.
    pub(super) fn scope(&mut self, tag: &Tag<'t>) -> bool {
        let mut changed = false;
        for (name, raw) in tag.attributes() {
            match name.as_bytes() {
                [b'x' | b'X', ..] | [b'b' | b'B', b'a' | b'A', ..] | [b'l' | b'L', b'a' | b'A', ..] => {}
                _ => continue,
            }
            let begin = |builder: &mut Self| {
                builder.scopes.push(Scope {
                    base: builder.base.clone(),
                    language: builder.language.clone(),
                    bindings: builder.bindings.len(),
                    default: builder.default,
                });
            };
            if name.eq_ignore_ascii_case("xml:base") || name.eq_ignore_ascii_case("base") {
                if !changed {
                    begin(self);
                    changed = true;
                }
                if let Some(inner) = base::inner(self.base.as_deref(), &self.decoder.decode(raw)) {
                    self.base = Some(inner.into());
                }
            } else if name.eq_ignore_ascii_case("xml:lang") || name.eq_ignore_ascii_case("lang") {
                if !changed {
                    begin(self);
                    changed = true;
                }
                self.language = language(&self.decoder.decode(raw));
            } else if name == "xmlns" || name.starts_with("xmlns:") {
                if !changed {
                    begin(self);
                    changed = true;
                }
                let space = Space::of(&self.decoder.decode(raw));
                match name.strip_prefix("xmlns:") {
                    Some(prefix) if self.bindings.len() < MAX_BINDINGS => self.bindings.push((prefix, space)),
                    Some(_) => {}
                    None => self.default = (space, true),
                }
            }
        }
        changed
    }

    pub(super) fn unscope(&mut self) {
        if let Some(scope) = self.scopes.pop() {
            self.base = scope.base;
            self.language = scope.language;
            self.bindings.truncate(scope.bindings);
            self.default = scope.default;
        }
    }

    /// Whether a feed begins here; what stands before it is passed over.
    pub(super) fn begins(&mut self, element: Element, space: Space, tag: &Tag<'_>) -> bool {
        let format = match element {
            Element::Rss => Format::rss(tag.attribute("version").unwrap_or_default()),
            Element::Feed => self.atom(tag),
            Element::Rdf => self.rdf(tag),
            Element::Channel if space == Space::Core => Format::Cdf,
            Element::Entry if space == Space::Core => Format::Rss,
            _ => return false,
        };
        self.format = Some(format);
        self.root = Some(self.open.len());
        if matches!(element, Element::Rss | Element::Feed | Element::Rdf) && self.language.is_some() {
            self.feed.language = self.language.clone();
        }
        true
    }

    fn atom(&self, tag: &Tag<'_>) -> Format {
        let bound =
            |uri: &str| tag.attributes().any(|(n, v)| n.starts_with("xmlns") && v.to_ascii_lowercase().contains(uri));
        match tag.attribute("version") {
            Some("0.1" | "0.2" | "0.3") => Format::Atom03,
            _ if bound("purl.org/atom/ns") => Format::Atom03,
            _ if bound("w3.org/2005/atom") => Format::Atom10,
            _ => Format::Atom,
        }
    }

    fn rdf(&self, tag: &Tag<'_>) -> Format {
        let old = tag.attributes().any(|(n, v)| n.starts_with("xmlns") && v.contains("netscape.com/rdf/simple/0.9"));
        if old { Format::Rss090 } else { Format::Rss10 }
    }
}

/// A language tag: `zh_CN` is `zh-CN`.
pub(super) fn language(text: &str) -> Option<Arc<str>> {
    let text = trim(text);
    (!text.is_empty() && text.len() <= 64).then(|| text.replace('_', "-").into())
}
