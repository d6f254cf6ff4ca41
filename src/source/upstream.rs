//! Bytes that should be a feed into what the feed says: RSS 0.90 to 2.0, RSS 1.0,
//! Atom 0.3 and 1.0, CDF, JSON Feed, and what people serve under those names.
//!
//! [`read`] never fails and never panics. What can be read is returned beside what
//! could not, with its line; a feed that is cut off gives its complete entries; a
//! page gives the feeds it names. Addresses of links, enclosures and pictures are
//! absolute when the document says what they start from. Two steps are left to
//! callers who need them, since they look at every letter of every text:
//! [`Reading::resolve`] makes addresses inside HTML absolute,
//! [`Reading::sanitise`] takes out what must not reach a reader.
//!
//! | file | what it knows |
//! |---|---|
//! | `xml`, `entities` | tags, text and references, however broken; linear in time, nothing from outside is opened |
//! | `names` | every spelling of every element, one table |
//! | `builder`, `extensions` | what belongs to what, which value wins |
//! | `persons`, `dates`, `base`, `markup` | people, dates, relative addresses, markup in texts |
//! | `json`, `page` | JSON Feed; pages that name feeds |
//! | `schema` | the document that `inspect --json` prints |
//!
//! What holds of a reading: no text has a character that XML forbids; depth,
//! expansion and lists are bounded, memory grows with the input only, the stack
//! does not grow with it at all. What it does not do: fetch, read a clock, decide
//! what an entry's date or id shall be, trust HTML.

mod base;
mod builder;
mod dates;
mod entities;
pub mod entries;
mod extensions;
mod json;
mod markup;
mod model;
mod names;
mod page;
mod persons;
pub mod schema;
mod xml;

use std::sync::Arc;

use url::Url;

use crate::normalize::{html, text};
use crate::source::charset;

pub use model::{
    Attributes, Category, Chapters, Content, Date, Extra, Generator, Hints, Image, Itunes, Link, Media, MediaType,
    More, Person, Place, Record, Shape, Text, TextInput,
};

/// Problems beyond are counted only.
const MAX_PROBLEMS: usize = 100;

/// What is known of the bytes from elsewhere.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request<'a> {
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Where the document comes from: what relative addresses start from.
    pub address: Option<&'a str>,
    /// The `Content-Language` header.
    pub content_language: Option<&'a str>,
    /// What it is meant to be; none: what it looks like.
    pub meant: Option<Kind>,
}

/// What a document is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// A feed.
    Feed,
    /// An HTML page.
    Page,
    /// Neither.
    #[default]
    None,
}

/// The format of a feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// RSS of no known version.
    Rss,
    /// RSS 0.90.
    Rss090,
    /// RSS 0.91.
    Rss091,
    /// RSS 0.92.
    Rss092,
    /// RSS 0.93.
    Rss093,
    /// RSS 0.94.
    Rss094,
    /// RSS 2.0.
    Rss20,
    /// RSS 1.0, and 1.1.
    Rss10,
    /// Atom of no known version.
    Atom,
    /// Atom 0.3.
    Atom03,
    /// Atom 1.0.
    Atom10,
    /// The Channel Definition Format.
    Cdf,
    /// JSON Feed 1.0.
    Json10,
    /// JSON Feed 1.1.
    Json11,
}

impl Format {
    fn rss(version: &str) -> Format {
        match version.trim() {
            "0.90" | "0.9" => Format::Rss090,
            "0.91" => Format::Rss091,
            "0.92" => Format::Rss092,
            "0.93" => Format::Rss093,
            "0.94" => Format::Rss094,
            v if v == "2" || v.starts_with("2.") => Format::Rss20,
            _ => Format::Rss,
        }
    }

    /// A short name for programs.
    pub fn name(self) -> &'static str {
        match self {
            Format::Rss => "rss",
            Format::Rss090 => "rss090",
            Format::Rss091 => "rss091u",
            Format::Rss092 => "rss092",
            Format::Rss093 => "rss093",
            Format::Rss094 => "rss094",
            Format::Rss20 => "rss20",
            Format::Rss10 => "rss10",
            Format::Atom => "atom",
            Format::Atom03 => "atom03",
            Format::Atom10 => "atom10",
            Format::Cdf => "cdf",
            Format::Json10 => "json10",
            Format::Json11 => "json11",
        }
    }

    /// The name for people.
    pub fn title(self) -> &'static str {
        match self {
            Format::Rss => "RSS of an unknown version",
            Format::Rss090 => "RSS 0.90",
            Format::Rss091 => "RSS 0.91",
            Format::Rss092 => "RSS 0.92",
            Format::Rss093 => "RSS 0.93",
            Format::Rss094 => "RSS 0.94",
            Format::Rss20 => "RSS 2.0",
            Format::Rss10 => "RSS 1.0",
            Format::Atom => "Atom of an unknown version",
            Format::Atom03 => "Atom 0.3",
            Format::Atom10 => "Atom 1.0",
            Format::Cdf => "CDF",
            Format::Json10 => "JSON Feed 1.0",
            Format::Json11 => "JSON Feed 1.1",
        }
    }

    fn is_atom(self) -> bool {
        matches!(self, Format::Atom | Format::Atom03 | Format::Atom10)
    }
}

/// Something that is wrong with a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 when it concerns the whole document.
    pub line: usize,
    /// What, and what became of it.
    pub what: String,
}

/// A feed that a page names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovered {
    /// Its address, absolute when the page's is known.
    pub address: String,
    /// What the page calls it.
    pub title: Option<String>,
    /// Its media type.
    pub media_type: String,
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Reading {
    /// What the document is.
    pub kind: Kind,
    /// The format, of a feed.
    pub format: Option<Format>,
    /// The encoding it was read as.
    pub encoding: &'static str,
    /// The feed; of a page, its title and language.
    pub feed: Record,
    /// The entries, in the order of the document.
    pub entries: Vec<Record>,
    /// The feeds a page names.
    pub discovered: Vec<Discovered>,
    /// What was wrong, by line; the first hundred.
    pub problems: Vec<Problem>,
    /// How many more there were.
    pub more_problems: usize,
    /// The document ends before its end: entries may be missing.
    pub cut_off: bool,
}

/// Reads a document.
pub fn read(bytes: &[u8], request: &Request<'_>) -> Reading {
    let charset = request.content_type.and_then(charset::of_content_type);
    let address = request.address.and_then(|a| base::inner(None, a)).filter(|a| base::scheme(a).is_some());
    let host = address.as_deref().and_then(|a| Url::parse(a).ok()).and_then(|u| u.host_str().map(str::to_owned));
    let decoded = charset::decode(bytes, charset, host.as_deref());
    let mut problems = Problems::new(&decoded.text);
    if let Some(problem) = decoded.problem {
        problems.whole(problem);
    }
    let start = builder::Start {
        base: address.map(Arc::from),
        language: request.content_language.map(|l| l.trim().replace('_', "-")).filter(|l| !l.is_empty()).map(Arc::from),
    };
    let mut reading = content(&decoded.text, bytes, start, request.meant, &mut problems);
    reading.encoding = decoded.encoding;
    reading.more_problems = problems.more;
    reading.cut_off = problems.cut_off;
    reading.problems = problems.list;
    reading.problems.sort_by_key(|p| p.line);
    reading
}

fn content<'t>(
    text: &'t str,
    bytes: &[u8],
    start: builder::Start,
    meant: Option<Kind>,
    problems: &mut Problems<'t>,
) -> Reading {
    if meant == Some(Kind::Page) {
        return page::read(text, start.base.as_deref()).unwrap_or_else(|| {
            problems.whole("not an HTML page".to_owned());
            Reading::default()
        });
    }
    if text.trim_start().starts_with('{') {
        return json::read(text, start, problems);
    }
    let base = start.base.clone();
    let built = builder::Builder::new(text, start, problems).build();
    if built.format.is_some() {
        return Reading {
            kind: Kind::Feed,
            format: built.format,
            feed: built.feed,
            entries: built.entries,
            ..Reading::default()
        };
    }
    match page::read(text, base.as_deref()) {
        Some(page) if meant == Some(Kind::Feed) => {
            problems.whole("an HTML page, not a feed".to_owned());
            return Reading { discovered: page.discovered, ..Reading::default() };
        }
        Some(page) => return page,
        None => {}
    }
    problems.whole(what_it_is(text, bytes).to_owned());
    Reading::default()
}

/// What is no feed, in words.
fn what_it_is(text: &str, bytes: &[u8]) -> &'static str {
    match bytes {
        [0x1F, 0x8B, ..] => "compressed with gzip, not a feed",
        [b'P', b'K', 3, 4, ..] => "a ZIP archive, not a feed",
        [b'%', b'P', b'D', b'F', ..] => "a PDF document, not a feed",
        [0x89, b'P', b'N', b'G', ..] | [0xFF, 0xD8, 0xFF, ..] | [b'G', b'I', b'F', b'8', ..] => "a picture, not a feed",
        _ if text.trim().is_empty() => "empty",
        _ if text.contains('\u{FFFD}') => "binary data, not a feed",
        _ if text.contains("</") => "XML, but not a feed",
        _ => "plain text, not a feed",
    }
}

impl Reading {
    fn records_mut(&mut self) -> impl Iterator<Item = &mut Record> {
        std::iter::once(&mut self.feed).chain(&mut self.entries)
    }

    /// Makes the addresses inside HTML absolute.
    pub fn resolve(&mut self) {
        self.records_mut().for_each(Record::resolve);
    }

    /// Sanitises every text that is or could be taken for HTML.
    pub fn sanitise(&mut self) {
        self.records_mut().for_each(Record::sanitise);
    }
}

impl Record {
    /// Makes the addresses inside HTML absolute.
    pub fn resolve(&mut self) {
        for text in self.texts_mut().filter(|t| t.media_type.is_markup()) {
            let base = text.base.as_deref();
            let resolved = if text.media_type == MediaType::Xhtml {
                markup::resolve_xhtml(&text.value, base)
            } else {
                markup::resolve(&text.value, base)
            };
            if let std::borrow::Cow::Owned(resolved) = resolved {
                text.value = resolved;
            }
        }
    }

    /// Sanitises every text that is or could be taken for HTML.
    pub fn sanitise(&mut self) {
        for text in self.texts_mut() {
            // Plain text is shown as it is; anything else some reader will show as HTML.
            if text.media_type != MediaType::Plain && text.value.contains(['<', '&']) {
                let base = text.base.as_deref().and_then(|b| Url::parse(b).ok());
                text.value = html::sanitise(&text.value, base.as_ref());
            }
        }
    }
}

/// That many entries are kept, however short they are.
const MOST_SHORT: usize = 5_000;

/// Beyond those, a feed whose entries are shorter than this on average is read as far as
/// the memory for what is read stays within eight times its length: an entry takes some
/// six hundred bytes, though it says nothing.
const LEAST_BYTES: usize = 112;

/// Said when the rest of the entries is not kept.
const TOO_MANY: &str = "very many entries that say next to nothing: the rest is not read";

/// Whether one more entry than `entries` is kept of `text`.
fn has_room(entries: usize, text: &str) -> bool {
    entries < MOST_SHORT || entries < text.len() / LEAST_BYTES
}

/// Collects problems with their lines, in time linear in the text.
#[derive(Debug)]
struct Problems<'t> {
    text: &'t str,
    /// A place whose line is known.
    known: (usize, usize),
    list: Vec<Problem>,
    more: usize,
    cut_off: bool,
}

impl<'t> Problems<'t> {
    fn new(text: &'t str) -> Self {
        Self { text, known: (0, 1), list: Vec::new(), more: 0, cut_off: false }
    }

    /// Of the whole document.
    fn whole(&mut self, what: String) {
        self.list.push(Problem { line: 0, what });
    }

    /// At the byte `at`.
    fn add(&mut self, at: usize, what: &str) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more += 1;
            return;
        }
        let line = self.line(at);
        // The same again in one line says nothing new.
        if !self.list.iter().any(|p| p.line == line && p.what == what) {
            self.list.push(Problem { line, what: what.to_owned() });
        }
    }

    /// The document ends at the byte `at`, before its end.
    fn cut_off(&mut self, at: usize, what: &str) {
        self.cut_off = true;
        self.add(at, what);
    }

    /// At the byte `at`, of the element `name`.
    fn add_named(&mut self, at: usize, what: &str, name: &str) {
        if self.list.len() >= MAX_PROBLEMS {
            self.more += 1;
        } else {
            self.add(at, &format!("`<{}>` {what}", text::cut(name, 40)));
        }
    }

    fn line(&mut self, at: usize) -> usize {
        let at = at.min(self.text.len());
        let (known, line) = self.known;
        let count = |range: std::ops::Range<usize>| memchr::memchr_iter(b'\n', &self.text.as_bytes()[range]).count();
        let line = if at >= known { line + count(known..at) } else { line - count(at..known) };
        self.known = (at, line);
        line
    }
}
