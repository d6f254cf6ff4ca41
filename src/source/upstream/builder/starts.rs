//! Start tags: what each element begins, and what its attributes say.

use std::borrow::Cow;

use super::text::{filled, trim};
use super::{Builder, Construct, EXTENSION, MAX_CATEGORIES, MAX_DEPTH, MAX_EXTRAS, Ranks, Target};
use crate::source::upstream::model::*;
use crate::source::upstream::names::{self, Element, Space};
use crate::source::upstream::xml::Tag;
use crate::source::upstream::{TOO_MANY, has_room};

impl<'t> Builder<'t, '_> {
    /// Begins an element with a meaning of its own; whether its text counts.
    pub(super) fn begin(&mut self, element: Element, space: Space, local: &'t str, tag: &Tag<'t>) -> bool {
        match element {
            Element::Rss | Element::Rdf | Element::Html | Element::Holder => false,
            Element::MediaGroup | Element::Place | Element::GmlExterior => {
                self.begin_extension(element, tag);
                false
            }
            Element::Feed | Element::Channel => {
                if self.entry.is_none() {
                    self.cdf(tag);
                }
                false
            }
            Element::Entry => {
                self.begin_entry(tag);
                false
            }
            Element::Image => {
                self.image = Some(Image::default());
                false
            }
            Element::TextInput => {
                self.text_input = Some(TextInput::default());
                false
            }
            Element::Author | Element::Contributor | Element::ContributorName | Element::Owner | Element::Publisher => {
                self.people.push(Person::default());
                true
            }
            Element::Title | Element::MediaTitle => self.begin_text(Target::Title, MediaType::Plain, space, tag),
            Element::Subtitle => self.begin_text(Target::Subtitle, MediaType::Plain, space, tag),
            Element::Rights => self.begin_text(Target::Rights, MediaType::Plain, space, tag),
            Element::Info => self.begin_text(Target::Info, MediaType::Plain, space, tag),
            // Media RSS says that its descriptions are plain unless they say otherwise.
            Element::Description if space == Space::Media => self.begin_summary(MediaType::Plain, space, tag),
            Element::Description => self.begin_summary(MediaType::Html, space, tag),
            Element::Abstract => self.begin_summary(MediaType::Plain, space, tag),
            Element::Summary => self.begin_summary(MediaType::Plain, space, tag),
            Element::Content => {
                self.has_content = true;
                self.begin_text(Target::Content, MediaType::Plain, space, tag)
            }
            Element::Encoded | Element::FullItem => {
                self.has_content = true;
                self.begin_text(Target::Content, MediaType::Html, space, tag)
            }
            Element::Body => self.begin_text(Target::Content, MediaType::Xhtml, space, tag),
            Element::Category | Element::MediaCategory | Element::ItunesCategory => {
                self.begin_category(element, tag);
                true
            }
            Element::Link => self.begin_link(tag),
            Element::Enclosure => {
                if let (mut link, true) = self.link(tag) {
                    link.rel = "enclosure".into();
                    self.record().links.push(link);
                }
                false
            }
            Element::Id => {
                self.is_guid = local.eq_ignore_ascii_case("guid");
                self.permalink = tag.attribute("ispermalink").is_none_or(|v| v.trim().eq_ignore_ascii_case("true"));
                true
            }
            Element::Source => {
                self.begin_source(tag);
                true
            }
            Element::Generator => {
                let mut generator = Generator::default();
                for (name, raw) in tag.attributes() {
                    match name.to_ascii_lowercase().as_str() {
                        "url" | "uri" | "href" => generator.uri = Some(self.resolve(&self.decoder.decode(raw))),
                        "version" => generator.version = Some(self.value(raw)),
                        _ => {}
                    }
                }
                self.record().more_mut().generator = Some(generator);
                true
            }
            Element::Cloud => {
                let attributes = self.attributes(tag);
                self.record().more_mut().cloud = Some(attributes);
                false
            }
            Element::SkipHours | Element::SkipDays => {
                self.skipping_days = element == Element::SkipDays;
                false
            }
            Element::Extra => {
                self.begin_extra(tag);
                true
            }
            Element::Logo | Element::Icon => {
                // CDF
                if let Some(raw) = tag.attribute("href") {
                    let address = self.resolve(&self.decoder.decode(raw));
                    let more = self.record().more_mut();
                    *(if element == Element::Logo { &mut more.logo } else { &mut more.icon }) = Some(address);
                }
                true
            }
            Element::Name
            | Element::Email
            | Element::Uri
            | Element::Width
            | Element::Height
            | Element::Language
            | Element::Published
            | Element::Updated
            | Element::Created
            | Element::Expired
            | Element::Valid
            | Element::ItunesKeywords
            | Element::MediaKeywords
            | Element::Tags
            | Element::Comments
            | Element::Docs
            | Element::Ttl
            | Element::Block
            | Element::Explicit
            | Element::Duration
            | Element::LicenseText
            | Element::Skipped => true,
            Element::GeneratorAgent
            | Element::ItunesImage
            | Element::License
            | Element::MediaContent
            | Element::MediaThumbnail
            | Element::MediaCredit
            | Element::MediaRating
            | Element::MediaLicense
            | Element::MediaRestriction
            | Element::MediaPlayer
            | Element::GeoPoint
            | Element::GeoLine
            | Element::GeoPolygon
            | Element::GeoBox
            | Element::GmlPoint
            | Element::GmlLine
            | Element::GmlPolygon
            | Element::GmlRing
            | Element::GmlPosition
            | Element::Chapters
            | Element::Chapter => {
                self.begin_extension(element, tag);
                true
            }
        }
    }

    /// CDF says in attributes what others say in elements.
    fn cdf(&mut self, tag: &Tag<'_>) {
        if tag.attributes.is_empty() {
            return;
        }
        if let Some(raw) = tag.attribute("lastmod") {
            let date = Date { raw: self.value(raw) };
            self.record().updated = Some(date);
        }
        if let Some(raw) = tag.attribute("href") {
            let href = self.resolve(&self.decoder.decode(raw));
            let record = self.record();
            record.link = Some(href.clone());
            record.links.push(Link { href, rel: "alternate".into(), hints: None });
        }
    }

    /// An entry is complete.
    pub(super) fn keep(&mut self, entry: Record) {
        if has_room(self.entries.len(), self.problems.text) {
            self.entries.push(entry);
        } else if !self.full {
            self.full = true;
            self.problems.add(self.scanner.position(), TOO_MANY);
        }
    }

    fn begin_entry(&mut self, tag: &Tag<'_>) {
        if let Some(entry) = self.entry.take() {
            self.keep(entry);
        }
        self.source = None;
        self.image = None;
        self.text_input = None;
        let mut entry = Record::default();
        self.entry_ranks = Ranks::NONE;
        self.has_content = false;
        if !tag.attributes.is_empty() {
            let about = tag.attributes().find(|(n, _)| names::split(n).1 == "about");
            if let Some((_, raw)) = about {
                entry.id = Some(self.value(raw));
                // An id of its own is nearer.
                self.entry_ranks.id = EXTENSION;
            }
        }
        self.entry = Some(entry);
        self.cdf(tag);
    }

    fn begin_source(&mut self, tag: &Tag<'_>) {
        self.source = Some(Record::default());
        self.source_ranks = Ranks::NONE;
        if let Some(raw) = tag.attribute("url") {
            let address = self.resolve(&self.decoder.decode(raw));
            if let Some(entry) = &mut self.entry {
                entry.more_mut().source_address = Some(address);
            }
        }
    }

    fn begin_summary(&mut self, default: MediaType, space: Space, tag: &Tag<'_>) -> bool {
        let plain_context = self.image.is_some() || self.text_input.is_some() || self.source.is_some();
        if self.entry.is_none() || plain_context {
            let summary = space == Space::Itunes && default == MediaType::Plain;
            let target = if summary || default == MediaType::Plain && self.is_summary(tag) {
                Target::Summary
            } else {
                Target::Subtitle
            };
            return self.begin_text(target, default, space, tag);
        }
        let has_summary = self.entry.as_ref().is_some_and(|e| e.summary.is_some());
        let of_the_format = !matches!(space, Space::Itunes | Space::Media) && self.entry_ranks.summary < EXTENSION;
        // A second text is the long one.
        if has_summary && !self.has_content && of_the_format {
            self.has_content = true;
            return self.begin_text(Target::Content, default, space, tag);
        }
        self.begin_text(Target::Summary, default, space, tag)
    }

    fn is_summary(&self, tag: &Tag<'_>) -> bool {
        names::split(tag.name).1.eq_ignore_ascii_case("summary")
    }

    fn begin_text(&mut self, target: Target, default: MediaType, space: Space, tag: &Tag<'_>) -> bool {
        let (mut media_type, mut base64, mut src) = (default, false, None);
        if !tag.attributes.is_empty() {
            for (name, raw) in tag.attributes() {
                if name.eq_ignore_ascii_case("type") {
                    let value = self.value(raw).to_ascii_lowercase();
                    media_type = match value.as_str() {
                        "" => media_type,
                        "text" | "plain" | "text/plain" => MediaType::Plain,
                        "html" | "text/html" => MediaType::Html,
                        "xhtml" | "application/xhtml+xml" => MediaType::Xhtml,
                        _ => MediaType::Other(value.into()),
                    };
                } else if name.eq_ignore_ascii_case("mode") {
                    base64 = raw.eq_ignore_ascii_case("base64");
                } else if name.eq_ignore_ascii_case("src") && target == Target::Content {
                    src = Some(self.resolve(&self.decoder.decode(raw)).into());
                }
            }
        }
        if let MediaType::Other(name) = &media_type {
            base64 |= !(name.ends_with("+xml") || name.ends_with("/xml") || name.starts_with("text/"));
        }
        // Other XML shows by its first tag that it is not escaped.
        let markup = media_type == MediaType::Xhtml;
        let far = if matches!(space, Space::Core) { 0 } else { EXTENSION };
        let far = if matches!(space, Space::Media | Space::Itunes) { 2 * EXTENSION } else { far };
        let rank = self.depth() + far;
        self.construct = Some(Construct { target, media_type, markup, base64, src, rank, depth: self.open.len() });
        true
    }

    fn begin_category(&mut self, element: Element, tag: &Tag<'_>) {
        let mut category = Category::default();
        for (name, raw) in tag.attributes() {
            match name.to_ascii_lowercase().as_str() {
                "term" | "text" => category.term = filled(self.value(raw)),
                "scheme" | "domain" => category.scheme = filled(self.value(raw)),
                "label" => category.label = filled(self.value(raw)),
                _ => {}
            }
        }
        match element {
            Element::MediaCategory => {
                category.scheme.get_or_insert_with(|| "http://search.yahoo.com/mrss/category_schema".to_owned());
            }
            Element::ItunesCategory => category.scheme = Some("http://www.itunes.com/".to_owned()),
            _ => {}
        }
        if category != Category::default() {
            self.add_category(category);
        }
    }

    pub(super) fn add_category(&mut self, category: Category) {
        let categories = &mut self.record().categories;
        let known = categories.iter().take(MAX_EXTRAS).any(|c| *c == category);
        if !known && categories.len() < MAX_CATEGORIES {
            categories.push(category);
        }
    }

    /// A link or enclosure, and whether it has an address of its own.
    fn link(&mut self, tag: &Tag<'_>) -> (Link, bool) {
        let mut href = None;
        let mut link = Link { href: String::new(), rel: "alternate".into(), hints: None };
        for (name, raw) in tag.attributes() {
            let mut short = [0u8; 8];
            let lower = match short.get_mut(..name.len()) {
                Some(buffer) => {
                    buffer.copy_from_slice(name.as_bytes());
                    buffer.make_ascii_lowercase();
                    &*buffer
                }
                None => name.as_bytes(),
            };
            match lower {
                b"href" | b"url" | b"uri" => href = Some(raw),
                b"rel" => link.rel = relation(&self.decoder.decode(raw)),
                b"type" => {
                    let value = filled(self.value(raw).to_ascii_lowercase());
                    link.hints.get_or_insert_default().media_type = value;
                }
                b"hreflang" => link.hints.get_or_insert_default().hreflang = filled(self.value(raw)),
                b"title" => link.hints.get_or_insert_default().title = filled(self.value(raw)),
                b"length" => link.hints.get_or_insert_default().length = filled(self.value(raw)),
                _ if name.starts_with("xml") => {}
                _ => {
                    let value = self.value(raw);
                    let other = &mut link.hints.get_or_insert_default().other;
                    if other.len() < MAX_EXTRAS {
                        other.push((name.to_ascii_lowercase(), value));
                    }
                }
            }
        }
        if let Some(href) = href {
            link.href = self.resolve(&self.decoder.decode(href));
        }
        (link, href.is_some())
    }

    /// Whether the link's text is its address.
    fn begin_link(&mut self, tag: &Tag<'_>) -> bool {
        self.link_without_address = None;
        if tag.attributes.is_empty() {
            return true;
        }
        let (link, complete) = self.link(tag);
        if !complete {
            self.link_without_address = Some(link);
            return true;
        }
        self.add_link(link);
        false
    }

    pub(super) fn add_link(&mut self, link: Link) {
        if let Some(image) = &mut self.image {
            image.link.get_or_insert(link.href);
            return;
        }
        if let Some(input) = &mut self.text_input {
            input.link.get_or_insert(link.href);
            return;
        }
        let kind = link.hints.as_ref().and_then(|h| h.media_type.as_deref());
        let is_page = link.rel == "alternate"
            && matches!(kind, None | Some("text/html" | "html" | "xhtml" | "application/xhtml+xml"));
        let rank = self.depth();
        let is_near = is_page && rank <= self.ranks().link;
        if is_near {
            self.ranks().link = rank;
        }
        let record = self.record();
        if is_near {
            record.link = Some(link.href.clone());
        }
        // Most entries have one.
        if record.links.is_empty() {
            record.links.reserve_exact(1);
        }
        record.links.push(link);
    }

    fn begin_extra(&mut self, tag: &Tag<'_>) {
        if tag.attributes.is_empty() {
            return;
        }
        let attributes = self.attributes(tag);
        if !attributes.is_empty() {
            let key = self.extra_key(tag.name);
            self.add_extra(key, Extra::Attributes(attributes));
        }
    }

    pub(super) fn extra_key(&self, name: &str) -> String {
        let (prefix, local) = names::split(name);
        let mut key = match self.space(prefix).prefix() {
            Some(known) => known.to_owned(),
            None => prefix.to_ascii_lowercase(),
        };
        if !key.is_empty() {
            key.push('_');
        }
        key.push_str(&local.to_ascii_lowercase());
        key
    }

    pub(in crate::source::upstream) fn add_extra(&mut self, key: String, value: Extra) {
        let extra = &mut self.record().more_mut().extra;
        if extra.len() < MAX_EXTRAS && key.len() < MAX_DEPTH {
            extra.push((key, value));
        }
    }
}

/// A relation in lower case; the long form of a registered one is the short one (RFC 4287, 4.2.7.2).
fn relation(text: &str) -> Cow<'static, str> {
    let text = trim(text);
    let lower = text.strip_prefix("http://www.iana.org/assignments/relation/").unwrap_or(text).to_ascii_lowercase();
    match lower.as_str() {
        "" | "alternate" => "alternate".into(),
        "self" => "self".into(),
        "enclosure" => "enclosure".into(),
        "related" => "related".into(),
        "via" => "via".into(),
        "hub" => "hub".into(),
        "next" => "next".into(),
        "replies" => "replies".into(),
        "edit" => "edit".into(),
        _ => lower.into(),
    }
}
