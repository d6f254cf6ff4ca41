//! What a feed said, as values. Nothing here is checked, cut or sanitised.
//!
//! A feed, an entry and the source of an entry have nearly the same elements
//! (RFC 4287, 4.1 and 4.2.11), so one type serves all three. What few feeds carry
//! lies in [`More`], which is only there when it is needed.

use std::sync::Arc;

use crate::config::Zone;
use crate::normalize::date::Claimed;

/// A feed, an entry, or the source of an entry.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    /// The id as written; resolved only when it is written as a path.
    pub id: Option<String>,
    /// The id is the link, too: an RSS guid that is a permalink and has no link before it.
    pub id_is_link: Option<bool>,
    /// The title.
    pub title: Option<Text>,
    /// The main page: the last alternate link that is HTML.
    pub link: Option<String>,
    /// Every link and enclosure, in document order.
    pub links: Vec<Link>,
    /// A short text: of an entry. A second one is [`Record::content`].
    pub summary: Option<Text>,
    /// The text itself, of an entry: several in different types.
    pub content: Vec<Content>,
    /// When it was published.
    pub published: Option<Date>,
    /// When it changed.
    pub updated: Option<Date>,
    /// Who wrote it, in document order.
    pub authors: Vec<Person>,
    /// What it is about.
    pub categories: Vec<Category>,
    /// A BCP 47 tag, as written but with `-`.
    pub language: Option<Arc<str>>,
    /// A page to discuss it.
    pub comments: Option<String>,
    /// What is rarely there.
    pub more: Option<Box<More>>,
}

/// What is rarely there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct More {
    /// What a feed is about, or a second title of an entry.
    pub subtitle: Option<Text>,
    /// Who holds which rights.
    pub rights: Option<Text>,
    /// Words for people who meet the feed in a browser.
    pub info: Option<Text>,
    /// When it was created.
    pub created: Option<Date>,
    /// When it stops to be of interest.
    pub expired: Option<Date>,
    /// Who helped.
    pub contributors: Vec<Person>,
    /// Who publishes it.
    pub publisher: Option<Person>,
    /// A picture.
    pub image: Option<Image>,
    /// A small square picture.
    pub icon: Option<String>,
    /// A wide picture.
    pub logo: Option<String>,
    /// The program that wrote the feed.
    pub generator: Option<Generator>,
    /// The address of a licence.
    pub license: Option<String>,
    /// RSS: minutes a copy stays good.
    pub ttl: Option<String>,
    /// RSS: hours in which nothing changes.
    pub skip_hours: Vec<String>,
    /// RSS: days on which nothing changes.
    pub skip_days: Vec<String>,
    /// RSS: a page on the format.
    pub docs: Option<String>,
    /// RSS: where changes are announced; attributes as written.
    pub cloud: Option<Attributes>,
    /// RSS: a form.
    pub text_input: Option<TextInput>,
    /// Podcasts.
    pub itunes: Option<Itunes>,
    /// Media RSS.
    pub media: Option<Media>,
    /// A place on earth.
    pub place: Option<Place>,
    /// Podlove chapters.
    pub chapters: Option<Chapters>,
    /// The feed an entry was first published in.
    pub source: Option<Box<Record>>,
    /// RSS: the address of the source's feed.
    pub source_address: Option<String>,
    /// Elements without a field of their own, `prefix_name` in lower case.
    pub extra: Vec<(String, Extra)>,
}

impl Record {
    /// What is rarely there, made when it is not.
    pub(super) fn more_mut(&mut self) -> &mut More {
        self.more.get_or_insert_default()
    }

    /// What is rarely there.
    pub fn more(&self) -> Option<&More> {
        self.more.as_deref()
    }

    /// The text, its richest form: content, else the summary.
    pub fn body(&self) -> Option<&Text> {
        let is_text = |t: &&Text| !t.value.is_empty() && !t.media_type.is_binary();
        self.content.iter().map(|c| &c.text).find(is_text).or(self.summary.as_ref())
    }

    /// Links with `rel` enclosure.
    pub fn enclosures(&self) -> impl Iterator<Item = &Link> {
        self.links.iter().filter(|l| l.rel == "enclosure")
    }

    /// The element `prefix_name` that has no field of its own.
    pub fn extra(&self, key: &str) -> Option<&Extra> {
        self.more().and_then(|m| m.extra.iter().find(|(k, _)| k == key)).map(|(_, v)| v)
    }

    /// Every text that may be HTML.
    pub fn texts_mut(&mut self) -> impl Iterator<Item = &mut Text> {
        let more = self.more.as_deref_mut().map(|m| {
            let source = m.source.as_deref_mut().map(|s| {
                let own = s.more.as_deref_mut().map(|m| [m.subtitle.as_mut(), m.rights.as_mut(), m.info.as_mut()]);
                s.title.iter_mut().chain(s.summary.as_mut()).chain(own.into_iter().flatten().flatten())
            });
            [m.subtitle.as_mut(), m.rights.as_mut(), m.info.as_mut()]
                .into_iter()
                .flatten()
                .chain(source.into_iter().flatten())
        });
        self.title
            .iter_mut()
            .chain(self.summary.as_mut())
            .chain(self.content.iter_mut().map(|c| &mut c.text))
            .chain(more.into_iter().flatten())
    }
}

/// What kind of text a text is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MediaType {
    /// Plain text: nothing in it is markup.
    #[default]
    Plain,
    /// HTML: `<` begins a tag.
    Html,
    /// XHTML, without the `div` that Atom wraps around it.
    Xhtml,
    /// Anything else, in lower case.
    Other(Box<str>),
}

impl MediaType {
    /// The media type.
    pub fn name(&self) -> &str {
        match self {
            MediaType::Plain => "text/plain",
            MediaType::Html => "text/html",
            MediaType::Xhtml => "application/xhtml+xml",
            MediaType::Other(name) => name,
        }
    }

    /// Whether the text has to go through the HTML rules before it is shown.
    pub fn is_markup(&self) -> bool {
        matches!(self, MediaType::Html | MediaType::Xhtml)
    }

    /// Whether it is no text at all: its value is Base64 (RFC 4287, 4.1.3.3).
    pub fn is_binary(&self) -> bool {
        const BINARY: [&str; 6] = ["image/", "audio/", "video/", "font/", "application/octet", "application/pdf"];
        matches!(self, MediaType::Other(name) if BINARY.iter().any(|b| name.starts_with(b)) && !name.ends_with("+xml"))
    }
}

/// A text construct (RFC 4287, 3.1).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text {
    /// The text, decoded once: as the publisher meant it.
    pub value: String,
    /// What it is.
    pub media_type: MediaType,
    /// What relative addresses in it start from.
    pub base: Option<Arc<str>>,
    /// Its language.
    pub language: Option<Arc<str>>,
}

/// Content of an entry, here or elsewhere.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Content {
    /// The text; empty when it lies elsewhere.
    pub text: Text,
    /// Where it lies (RFC 4287, 4.1.3.2).
    pub src: Option<Box<str>>,
}

/// A date as it was written. What zone an unzoned one is of, the caller knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Date {
    /// The text.
    pub raw: String,
}

impl Date {
    /// The moment, when the text names one. `zone` is for texts that name none.
    pub fn read(&self, zone: Zone) -> Option<Claimed> {
        super::dates::read(&self.raw, zone)
    }
}

/// Someone, in one of a dozen spellings.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Person {
    /// The name.
    pub name: Option<String>,
    /// An e-mail address.
    pub email: Option<String>,
    /// A page.
    pub uri: Option<String>,
}

impl Person {
    /// Nothing is known.
    pub fn is_empty(&self) -> bool {
        self.name.is_none() && self.email.is_none() && self.uri.is_none()
    }
}

/// A link (RFC 4287, 4.2.7) or an enclosure.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Link {
    /// Where to; empty when an element had neither `href` nor text.
    pub href: String,
    /// How it belongs to the record, in lower case; `alternate` when nothing is said.
    pub rel: std::borrow::Cow<'static, str>,
    /// Media type, language, title, length.
    pub hints: Option<Box<Hints>>,
}

/// What a link says of its target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// Media type, in lower case.
    pub media_type: Option<String>,
    /// Language.
    pub hreflang: Option<String>,
    /// Title.
    pub title: Option<String>,
    /// Length in bytes, as written.
    pub length: Option<String>,
    /// Any other attribute.
    pub other: Attributes,
}

/// A category (RFC 4287, 4.2.2).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Category {
    /// What.
    pub term: Option<String>,
    /// In which vocabulary.
    pub scheme: Option<String>,
    /// For people.
    pub label: Option<String>,
}

/// A picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Image {
    /// The picture.
    pub url: Option<String>,
    /// What it shows.
    pub title: Option<String>,
    /// Where a click leads.
    pub link: Option<String>,
    /// Columns of pixels, as written.
    pub width: Option<String>,
    /// Rows of pixels, as written.
    pub height: Option<String>,
    /// Some words.
    pub description: Option<String>,
}

/// The program that wrote a feed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Generator {
    /// Its name.
    pub name: Option<String>,
    /// Its page.
    pub uri: Option<String>,
    /// Its version.
    pub version: Option<String>,
}

/// A form of RSS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TextInput {
    /// The label of its button.
    pub title: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// The name of its field.
    pub name: Option<String>,
    /// Where it is sent.
    pub link: Option<String>,
}

/// What Apple's podcast elements say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Itunes {
    /// Not to be listed.
    pub block: Option<bool>,
    /// Not for children; none when the value is none of Apple's.
    pub explicit: Option<bool>,
    /// `explicit` was there, whatever it said.
    pub explicit_given: bool,
    /// How long it runs, as written.
    pub duration: Option<String>,
}

/// Attributes as written, names in lower case.
pub type Attributes = Vec<(String, String)>;

/// Media RSS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Media {
    /// Small pictures.
    pub thumbnails: Vec<Attributes>,
    /// The files.
    pub contents: Vec<Attributes>,
    /// Who did what.
    pub credits: Vec<Attributes>,
    /// A page that plays it.
    pub player: Option<Attributes>,
    /// For whom.
    pub rating: Option<Attributes>,
    /// Under which licence.
    pub license: Option<Attributes>,
    /// Where it may be shown; `content` is the list of codes.
    pub restriction: Option<Attributes>,
}

/// A place on earth, in the order of GeoJSON: longitude first.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Place {
    /// The shape; none when the element was there and said nothing usable.
    pub shape: Option<Shape>,
}

/// The shape of a place.
#[derive(Debug, Clone, PartialEq)]
pub enum Shape {
    /// One point.
    Point(Vec<f64>),
    /// A way.
    Line(Vec<Vec<f64>>),
    /// An area by its border.
    Polygon(Vec<Vec<f64>>),
    /// An area by two corners.
    Box(Vec<Vec<f64>>),
}

/// Podlove chapters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chapters {
    /// Version of the format.
    pub version: Option<String>,
    /// The chapters: start, title, href, image.
    pub chapters: Vec<Attributes>,
}

/// An element without a field of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extra {
    /// It had text.
    Text(String),
    /// It had attributes.
    Attributes(Attributes),
}
