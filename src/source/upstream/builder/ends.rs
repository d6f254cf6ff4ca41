//! End tags: where the text of each element goes, and which of two values wins.

use std::sync::Arc;

use super::scope::language;
use super::text::{filled, trim};
use super::{Builder, MAX_CATEGORIES, MAX_EXTRAS, Target};
use crate::source::upstream::model::*;
use crate::source::upstream::names::Element;
use crate::source::upstream::{Format, base, markup, persons};

impl<'t> Builder<'t, '_> {
    pub(super) fn finish_element(&mut self, element: Element, name: &'t str, start: usize) {
        match element {
            Element::Title
            | Element::MediaTitle
            | Element::Subtitle
            | Element::Rights
            | Element::Info
            | Element::Description
            | Element::Abstract
            | Element::Summary
            | Element::Content
            | Element::Encoded
            | Element::FullItem
            | Element::Body => self.finish_text(start),
            Element::Link => self.finish_link(start),
            Element::Id => self.finish_id(start),
            Element::Published | Element::Updated | Element::Created | Element::Expired => {
                let raw = self.take_text(start);
                self.set_date(element, raw);
            }
            Element::Category | Element::MediaCategory | Element::ItunesCategory => {
                let text = self.take_text(start);
                if text.is_empty() {
                    return;
                }
                match self.record().categories.last_mut() {
                    Some(last) if last.term.is_none() => last.term = Some(text),
                    _ => self.add_category(Category { term: Some(text), ..Category::default() }),
                }
            }
            Element::ItunesKeywords | Element::MediaKeywords | Element::Tags => {
                let text = self.take_text(start);
                let scheme = (element == Element::ItunesKeywords).then(|| "http://www.itunes.com/".to_owned());
                for term in text.split([',', '，', '、']).map(str::trim).filter(|t| !t.is_empty()) {
                    self.add_category(Category { term: Some(term.to_owned()), scheme: scheme.clone(), label: None });
                }
            }
            Element::Author | Element::Contributor | Element::ContributorName | Element::Owner | Element::Publisher => {
                self.finish_person(element, start);
            }
            Element::Name | Element::Email | Element::Uri | Element::Width | Element::Height => {
                self.finish_part(element, start);
            }
            Element::Entry => {
                if let Some(mut entry) = self.entry.take() {
                    // A link that came later goes before the guid.
                    if entry.id_is_link == Some(true) && entry.link != entry.id {
                        entry.id_is_link = Some(false);
                    }
                    self.keep(entry);
                }
                self.source = None;
            }
            Element::Source => self.finish_source(start),
            Element::Image => {
                if let Some(image) = self.image.take()
                    && image != Image::default()
                {
                    let more = self.record().more_mut();
                    more.image = Some(image);
                }
            }
            Element::TextInput => {
                if let Some(input) = self.text_input.take()
                    && input != TextInput::default()
                {
                    self.record().more_mut().text_input = Some(input);
                }
            }
            Element::Generator => {
                let text = filled(self.take_text(start));
                if let Some(generator) = &mut self.record().more_mut().generator {
                    generator.name = text;
                }
            }
            Element::Language => {
                if let Some(language) = language(&self.take_text(start)) {
                    self.record().language = Some(language);
                }
            }
            Element::Comments => {
                let text = self.take_text(start);
                if !text.is_empty() {
                    let address = self.resolve(&text);
                    self.record().comments = Some(address);
                }
            }
            Element::Docs | Element::Icon | Element::Logo | Element::Ttl => self.finish_value(element, start),
            Element::Skipped => {
                let text = self.take_text(start);
                let days = self.skipping_days;
                let more = self.record().more_mut();
                let list = if days { &mut more.skip_days } else { &mut more.skip_hours };
                if !text.is_empty() && list.len() < MAX_EXTRAS {
                    list.push(text);
                }
            }
            Element::Extra => self.finish_extra(name, start),
            Element::Rss
            | Element::Rdf
            | Element::Feed
            | Element::Channel
            | Element::Html
            | Element::Holder
            | Element::Enclosure
            | Element::SkipHours
            | Element::SkipDays
            | Element::Cloud
            | Element::MediaGroup => {}
            Element::Block | Element::Explicit => {
                let text = self.take_whole(start);
                self.finish_extension(element, text);
            }
            Element::Valid
            | Element::GeneratorAgent
            | Element::ItunesImage
            | Element::Duration
            | Element::License
            | Element::LicenseText
            | Element::MediaContent
            | Element::MediaThumbnail
            | Element::MediaCredit
            | Element::MediaRating
            | Element::MediaLicense
            | Element::MediaRestriction
            | Element::MediaPlayer
            | Element::Place
            | Element::GeoPoint
            | Element::GeoLine
            | Element::GeoPolygon
            | Element::GeoBox
            | Element::GmlPoint
            | Element::GmlLine
            | Element::GmlPolygon
            | Element::GmlRing
            | Element::GmlExterior
            | Element::GmlPosition
            | Element::Chapters
            | Element::Chapter => {
                let text = self.take_text(start);
                self.finish_extension(element, text);
            }
        }
    }

    fn finish_text(&mut self, start: usize) {
        let Some(construct) = self.construct.take() else { return };
        let mut value = self.take_text(start);
        let mut media_type = construct.media_type;
        let mut base = self.base.clone();
        let format = self.format.unwrap_or(Format::Rss);
        if format == Format::Atom10 && media_type == MediaType::Xhtml {
            let inside = markup::without_wrapper(&value);
            if inside.len() != value.len() {
                if value.starts_with("<div ") {
                    base = markup::wrapper_base(&value, base.as_deref()).map(Arc::from).or(base);
                }
                value = inside.to_owned();
            }
        }
        if construct.base64
            && let Some(decoded) = markup::base64(&value)
        {
            value = trim(&decoded).to_owned();
        }
        if media_type == MediaType::Plain && !format.is_atom() && markup::looks_like_html(&value) {
            media_type = MediaType::Html;
        }
        if let Some(image) = &mut self.image {
            match construct.target {
                Target::Title => image.title = filled(value),
                Target::Subtitle | Target::Summary => image.description = filled(value),
                Target::Rights | Target::Info | Target::Content => {}
            }
            return;
        }
        if let Some(input) = &mut self.text_input {
            match construct.target {
                Target::Title => input.title = filled(value),
                Target::Subtitle | Target::Summary => input.description = filled(value),
                Target::Rights | Target::Info | Target::Content => {}
            }
            return;
        }
        let text = Text { value, media_type, base, language: self.language.clone() };
        let rank = construct.rank;
        let ranks = self.ranks();
        match construct.target {
            // An empty title leaves the place to another one.
            Target::Title if rank < ranks.title => {
                if !text.value.is_empty() {
                    ranks.title = rank;
                }
                self.record().title = Some(text);
            }
            Target::Title => {}
            Target::Subtitle if rank <= ranks.subtitle => {
                ranks.subtitle = rank;
                self.record().more_mut().subtitle = Some(text);
            }
            Target::Subtitle => {}
            Target::Summary if rank <= ranks.summary => {
                ranks.summary = rank;
                self.record().summary = Some(text);
            }
            Target::Summary => {}
            Target::Rights => self.record().more_mut().rights = Some(text),
            Target::Info => self.record().more_mut().info = Some(text),
            // A feed has no content of its own: what is said so is its summary.
            Target::Content if self.entry.is_none() => {
                self.record().summary.get_or_insert(text);
            }
            Target::Content => self.record().content.push(Content { text, src: construct.src }),
        }
    }

    fn finish_link(&mut self, start: usize) {
        // A link with an address took no text.
        let text = self.take_text(start);
        let href = if text.contains("&amp;") { text.replace("&amp;", "&") } else { text };
        if href.is_empty() {
            return;
        }
        let href = self.resolve(&href);
        let mut link =
            self.link_without_address.take().unwrap_or_else(|| Link { rel: "alternate".into(), ..Link::default() });
        link.href = href;
        self.add_link(link);
    }

    fn finish_id(&mut self, start: usize) {
        let raw = self.take_text(start);
        if self.image.is_some() || self.text_input.is_some() || raw.is_empty() {
            return;
        }
        let permalink = self.permalink;
        // What begins like a path is one; `12345` is a name.
        let id = if permalink && raw.starts_with(['/', '.', '?', '#']) { self.resolve(&raw) } else { raw };
        let rank = self.depth();
        let ranks = self.ranks();
        if rank > ranks.id {
            return;
        }
        ranks.id = rank;
        let record = self.record();
        let serves = permalink && record.link.is_none() && base::is_web(&id);
        if serves {
            record.link = Some(id.clone());
        }
        // Only a guid says of itself whether it is a link.
        if serves || self.is_guid {
            self.record().id_is_link = Some(serves);
        }
        let record = self.record();
        record.id = Some(id);
    }

    fn set_date(&mut self, element: Element, raw: String) {
        if raw.is_empty() || self.image.is_some() {
            return;
        }
        let rank = self.depth();
        let date = Some(Date { raw });
        let ranks = self.ranks();
        match element {
            Element::Published if rank <= ranks.published => {
                ranks.published = rank;
                self.record().published = date;
            }
            Element::Updated if rank <= ranks.updated => {
                ranks.updated = rank;
                self.record().updated = date;
            }
            Element::Created => self.record().more_mut().created = date,
            Element::Expired => self.record().more_mut().expired = date,
            _ => {}
        }
    }

    fn finish_person(&mut self, element: Element, start: usize) {
        let text = self.take_text(start);
        let Some(mut person) = self.people.pop() else { return };
        if !text.is_empty() && person.name.is_none() && person.email.is_none() {
            let uri = person.uri.take();
            person = persons::read(&text);
            person.uri = uri;
        }
        if person.is_empty() {
            return;
        }
        let record = self.record();
        match element {
            Element::Contributor | Element::ContributorName => {
                let contributors = &mut record.more_mut().contributors;
                if contributors.len() < MAX_CATEGORIES {
                    contributors.push(person);
                }
            }
            Element::Owner | Element::Publisher => record.more_mut().publisher = Some(person),
            _ if record.authors.len() < MAX_CATEGORIES => record.authors.push(person),
            _ => {}
        }
    }

    /// A part of a person, a picture or a form.
    fn finish_part(&mut self, element: Element, start: usize) {
        let Some(text) = filled(self.take_text(start)) else { return };
        if let Some(person) = self.people.last() {
            let uri = (element == Element::Uri && person.uri.is_none()).then(|| self.resolve(&text));
            let Some(person) = self.people.last_mut() else { return };
            match element {
                Element::Name => person.name = Some(text),
                Element::Email => person.email = Some(text),
                Element::Uri => person.uri = uri.or_else(|| person.uri.take()),
                _ => {}
            }
        } else if self.image.is_some() {
            let url = (element == Element::Uri).then(|| self.resolve(&text));
            let Some(image) = &mut self.image else { return };
            match element {
                Element::Uri => image.url = url,
                Element::Width => image.width = Some(text),
                Element::Height => image.height = Some(text),
                _ => {}
            }
        } else if let Some(input) = &mut self.text_input
            && element == Element::Name
        {
            input.name = Some(text);
        }
    }

    fn finish_source(&mut self, start: usize) {
        let text = self.take_text(start);
        let Some(mut source) = self.source.take() else { return };
        if !text.is_empty() && source.title.is_none() {
            source.title = Some(Text {
                value: text,
                media_type: MediaType::Plain,
                base: self.base.clone(),
                language: self.language.clone(),
            });
        }
        if let Some(entry) = &mut self.entry {
            entry.more_mut().source = Some(Box::new(source));
        }
    }

    fn finish_value(&mut self, element: Element, start: usize) {
        let Some(text) = filled(self.take_text(start)) else { return };
        let address = self.resolve(&text);
        let more = self.record().more_mut();
        match element {
            Element::Docs => more.docs = Some(address),
            Element::Icon => more.icon = Some(address),
            Element::Logo => more.logo = Some(address),
            _ => more.ttl = Some(text),
        }
    }

    fn finish_extra(&mut self, name: &str, start: usize) {
        let Some(text) = filled(self.take_text(start)) else { return };
        let key = self.extra_key(name);
        let text = if matches!(key.as_str(), "wfw_comment" | "wfw_commentrss" | "newlocation") {
            self.resolve(&text)
        } else {
            text
        };
        let extra = &mut self.record().more_mut().extra;
        match extra.last_mut() {
            Some((last, Extra::Attributes(attributes))) if *last == key => {
                attributes.push(("content".to_owned(), text));
            }
            _ => self.add_extra(key, Extra::Text(text)),
        }
    }
}
