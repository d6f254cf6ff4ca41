//! Events into a feed: what is open, what belongs to what, which of two values wins.
//!
//! Structure is taken from names, not from grammar: an item is an entry wherever
//! it stands, elements of all formats may be mixed, an end tag closes what is
//! still open inside its element, an item ends where the next begins. Depth on
//! the stack is bounded by [`MAX_DEPTH`]; deeper tags are counted, not kept.
//!
//! Of two values of one element the one nearer to the record wins, among equals
//! the later; a title of the format itself wins over one of an extension.

mod ends;
mod scope;
mod starts;
mod text;

use std::sync::Arc;

use super::entities::{self, Decoder};
use super::extensions::Geometry;
use super::markup;
use super::model::*;
use super::names::{self, Element, Space};
use super::xml::{Event, Fault, Scanner, Tag};
use super::{Format, Problems};

pub(super) use text::filled;

/// Elements nested deeper are read as if their tags were not there.
const MAX_DEPTH: usize = 256;

/// Prefixes that can be bound at one place.
const MAX_BINDINGS: usize = 256;

/// Elements without a field that a record keeps.
const MAX_EXTRAS: usize = 200;

/// Categories that a record keeps.
const MAX_CATEGORIES: usize = 2000;

/// What the reading of a document begins with.
#[derive(Debug, Default)]
pub(super) struct Start {
    /// The address of the document.
    pub base: Option<Arc<str>>,
    /// Its language by the HTTP header.
    pub language: Option<Arc<str>>,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Built {
    pub format: Option<Format>,
    pub feed: Record,
    pub entries: Vec<Record>,
}

/// An element that is open.
#[derive(Debug)]
struct Open<'t> {
    name: &'t str,
    role: Role,
    /// Where its text begins in the buffer.
    start: usize,
    /// It changed base, language or prefixes.
    scoped: bool,
    takes_text: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Role {
    /// An element with a meaning of its own.
    Of(Element),
    /// Markup inside a text.
    Inline,
    /// A tag that is left out of a text.
    Dropped,
}

/// What an element changed, to be put back at its end.
#[derive(Debug)]
struct Scope {
    base: Option<Arc<str>>,
    language: Option<Arc<str>>,
    bindings: usize,
    default: (Space, bool),
}

/// A text that is being read.
#[derive(Debug)]
struct Construct {
    target: Target,
    media_type: MediaType,
    /// Tags in it are part of it.
    markup: bool,
    base64: bool,
    src: Option<Box<str>>,
    /// Smaller wins.
    rank: u32,
    /// The stack below it.
    depth: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Target {
    Title,
    Subtitle,
    Summary,
    Rights,
    Info,
    Content,
}

/// How near the values of a record are that it has already: smaller wins.
#[derive(Debug, Clone, Copy)]
struct Ranks {
    id: u32,
    link: u32,
    title: u32,
    subtitle: u32,
    summary: u32,
    published: u32,
    updated: u32,
}

impl Ranks {
    const NONE: Ranks = Ranks {
        id: u32::MAX,
        link: u32::MAX,
        title: u32::MAX,
        subtitle: u32::MAX,
        summary: u32::MAX,
        published: u32::MAX,
        updated: u32::MAX,
    };
}

/// An element of an extension is farther than any of the format itself.
const EXTENSION: u32 = 10_000;

#[derive(Debug)]
pub(super) struct Builder<'t, 'p> {
    scanner: Scanner<'t>,
    decoder: Decoder,
    problems: &'p mut Problems<'t>,
    open: Vec<Open<'t>>,
    /// Elements deeper than the stack goes.
    overflow: usize,
    buffer: String,
    /// The only text of the innermost element so far; true for CDATA.
    single: Option<(&'t str, bool)>,
    base: Option<Arc<str>>,
    language: Option<Arc<str>>,
    bindings: Vec<(&'t str, Space)>,
    /// The default namespace, and whether it was ever declared.
    default: (Space, bool),
    scopes: Vec<Scope>,
    construct: Option<Construct>,
    pub(super) format: Option<Format>,
    root: Option<usize>,
    finished: bool,
    /// There were more entries than are kept.
    full: bool,
    /// The text ends inside a tag.
    cut_off: bool,
    pub(super) feed: Record,
    feed_ranks: Ranks,
    entry: Option<Record>,
    entry_ranks: Ranks,
    has_content: bool,
    source: Option<Record>,
    source_ranks: Ranks,
    image: Option<Image>,
    text_input: Option<TextInput>,
    people: Vec<Person>,
    permalink: bool,
    is_guid: bool,
    /// A link whose text is its address.
    link_without_address: Option<Link>,
    skipping_days: bool,
    pub(super) geometry: Geometry,
    pub(super) in_chapters: bool,
    entries: Vec<Record>,
}

impl<'t, 'p> Builder<'t, 'p> {
    pub fn new(text: &'t str, start: Start, problems: &'p mut Problems<'t>) -> Self {
        let feed = Record { language: start.language.clone(), ..Record::default() };
        Self {
            scanner: Scanner::new(text),
            decoder: Decoder::default(),
            problems,
            open: Vec::with_capacity(32),
            overflow: 0,
            buffer: String::new(),
            single: None,
            base: start.base,
            language: start.language,
            bindings: Vec::new(),
            default: (Space::Core, false),
            scopes: Vec::new(),
            construct: None,
            format: None,
            root: None,
            finished: false,
            full: false,
            cut_off: false,
            feed,
            feed_ranks: Ranks::NONE,
            entry: None,
            entry_ranks: Ranks::NONE,
            has_content: false,
            source: None,
            source_ranks: Ranks::NONE,
            image: None,
            text_input: None,
            people: Vec::new(),
            permalink: true,
            is_guid: false,
            link_without_address: None,
            skipping_days: false,
            geometry: Geometry::default(),
            in_chapters: false,
            entries: Vec::new(),
        }
    }

    /// Reads to the end.
    pub fn build(mut self) -> Built {
        while let Some(event) = self.scanner.next() {
            if let Some((at, fault)) = self.scanner.take_fault() {
                self.report(at, fault);
            }
            match event {
                Event::Start(tag) => self.start(tag),
                Event::End(name) => self.end(name),
                Event::Text(text) => self.text(text, false),
                Event::CData(text) => self.text(text, true),
                Event::Doctype(text) => {
                    if entities::declares(text) {
                        self.decoder.declare(text);
                    }
                }
            }
            if self.finished {
                break;
            }
        }
        if let Some((at, fault)) = self.scanner.take_fault() {
            self.report(at, fault);
        }
        self.finish();
        Built { format: self.format, feed: self.feed, entries: self.entries }
    }

    fn report(&mut self, at: usize, fault: Fault) {
        if self.root.is_none() {
            return;
        }
        self.cut_off |= fault == Fault::CutOff;
        self.problems.add(
            at,
            match fault {
                Fault::LooseLess => "a `<` that begins no tag: read as text",
                Fault::OpenTag => "a tag without its `>`",
                Fault::OpenQuote => "a quotation in a tag is not closed",
                Fault::OpenComment => "a comment is not closed",
                Fault::OpenCData => "a CDATA section is not closed",
                Fault::CutOff => "the feed ends inside a tag",
            },
        );
    }

    /// Closes what is still open at the end of the text.
    fn finish(&mut self) {
        let whole = self.finished || self.open.is_empty();
        if !whole {
            let at = self.scanner.position();
            let inside = self.cut_off || self.open.last().is_some_and(|o| o.role != Role::Of(Element::Entry));
            if self.entry.is_some() && inside && !self.entries.is_empty() {
                self.problems.cut_off(at, "the feed is cut off: its last entry is incomplete and was left out");
                self.entry = None;
                self.source = None;
                self.construct = None;
                self.people.clear();
                self.open.clear();
                return;
            }
            if self.root.is_some() {
                self.problems.cut_off(at, "the feed is cut off");
            }
        }
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// What elements belong to here.
    pub(super) fn record(&mut self) -> &mut Record {
        if let Some(source) = &mut self.source {
            source
        } else if let Some(entry) = &mut self.entry {
            entry
        } else {
            &mut self.feed
        }
    }

    fn ranks(&mut self) -> &mut Ranks {
        if self.source.is_some() {
            &mut self.source_ranks
        } else if self.entry.is_some() {
            &mut self.entry_ranks
        } else {
            &mut self.feed_ranks
        }
    }

    /// How far an element that is just opened or closed is from everything.
    fn depth(&self) -> u32 {
        u32::try_from(self.open.len()).unwrap_or(EXTENSION - 1)
    }
    fn start(&mut self, tag: Tag<'t>) {
        let scoped = !tag.attributes.is_empty() && self.scope(&tag);
        let (prefix, local) = names::split(tag.name);
        let mut space = self.space(prefix);
        if self.root.is_none() {
            if prefix.is_empty() && space == Space::Unknown || self.is_root_of_its_own(prefix, local) {
                space = Space::Core;
            }
        } else if space == Space::Unknown && prefix.is_empty() {
            space = Space::Core;
        }
        let element = names::element(space, local);
        if self.root.is_none() && !self.begins(element, space, &tag) {
            if scoped {
                self.unscope();
            }
            return;
        }
        self.end_what_cannot_go_on(element, space);
        if self.open.len() >= MAX_DEPTH {
            if !tag.empty {
                self.overflow += 1;
            }
            if scoped {
                self.unscope();
            }
            return;
        }
        self.flush();
        let (role, takes_text) = if self.construct.is_some() {
            let role = self.inline_start(&tag, space, local);
            if role == Role::Dropped && markup::is_void(local) && !tag.empty {
                if scoped {
                    self.unscope();
                }
                return;
            }
            (role, true)
        } else {
            let takes_text = self.begin(element, space, local, &tag);
            (Role::Of(element), takes_text)
        };
        self.open.push(Open { name: tag.name, role, start: self.buffer.len(), scoped, takes_text });
        if tag.empty {
            self.close();
        }
    }

    /// Ends what was not ended: an item where the next begins, a text where
    /// another element of the format begins.
    fn end_what_cannot_go_on(&mut self, element: Element, space: Space) {
        if let Some(construct) = &self.construct {
            let xml = matches!(&construct.media_type, MediaType::Other(_));
            let core = matches!(space, Space::Core | Space::Content | Space::Dc);
            let ends = core
                && !xml
                && match construct.target {
                    Target::Title => matches!(
                        element,
                        Element::Entry
                            | Element::Link
                            | Element::Id
                            | Element::Published
                            | Element::Updated
                            | Element::Description
                            | Element::Encoded
                            | Element::Category
                            | Element::Author
                            | Element::Enclosure
                            | Element::Comments
                            | Element::Content
                    ),
                    _ => matches!(
                        element,
                        Element::Entry
                            | Element::Id
                            | Element::Published
                            | Element::Updated
                            | Element::Description
                            | Element::Encoded
                            | Element::Author
                            | Element::Enclosure
                            | Element::Comments
                    ),
                };
            if !ends {
                return;
            }
            let depth = construct.depth;
            self.missing_end();
            while self.open.len() > depth {
                self.close();
            }
            self.overflow = 0;
        }
        if element == Element::Entry && space == Space::Core && self.entry.is_some() && self.source.is_none() {
            self.missing_end();
            while self.entry.is_some() && !self.open.is_empty() {
                self.close();
            }
            self.overflow = 0;
        }
        if (self.image.is_some() || self.text_input.is_some()) && self.entry.is_none() {
            let outside = matches!(
                element,
                Element::Entry
                    | Element::Language
                    | Element::Rights
                    | Element::Published
                    | Element::Updated
                    | Element::Generator
                    | Element::Docs
                    | Element::Ttl
                    | Element::Publisher
            );
            if outside {
                self.missing_end();
                while (self.image.is_some() || self.text_input.is_some()) && !self.open.is_empty() {
                    self.close();
                }
            }
        }
    }

    fn missing_end(&mut self) {
        let at = self.scanner.position();
        let name = self.open.last().map_or("", |o| o.name);
        self.problems.add_named(at, "is not closed", name);
    }

    fn end(&mut self, name: &'t str) {
        let matches = |open: &Open<'_>| open.name == name || open.name.eq_ignore_ascii_case(name);
        if self.overflow == 0 && self.open.last().is_some_and(matches) {
            self.close();
            return;
        }
        // Inside a text, only its own end tag or one of the format's ends it.
        let found = self.open.iter().rposition(matches);
        match found {
            None if self.overflow > 0 => self.overflow -= 1,
            None => {
                if self.root.is_some() && !markup::is_void(name) {
                    self.problems.add_named(self.scanner.position(), "is closed but was never opened", name);
                }
            }
            Some(_) if self.overflow > 0 && !is_structure(name) => self.overflow -= 1,
            Some(at) => {
                self.overflow = 0;
                if self.open.len() > at + 1 && !matches!(self.open[at].role, Role::Inline | Role::Dropped) {
                    self.missing_end();
                }
                while self.open.len() > at {
                    self.close();
                }
            }
        }
    }

    /// Ends the innermost element.
    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        match open.role {
            Role::Inline => {
                self.flush();
                self.buffer.push_str("</");
                if self.in_other_xml() {
                    self.buffer.push_str(open.name);
                } else {
                    markup::push_name(&mut self.buffer, names::split(open.name).1);
                }
                self.buffer.push('>');
            }
            Role::Dropped => self.flush(),
            Role::Of(element) => {
                self.finish_element(element, open.name, open.start);
                self.single = None;
                self.buffer.truncate(open.start);
            }
        }
        if open.scoped {
            self.unscope();
        }
        if self.root == Some(self.open.len()) {
            self.finished = self.format != Some(Format::Rss) || names::split(open.name).1.eq_ignore_ascii_case("rss");
        }
    }

    /// Whether the text being read is XML that is not XHTML.
    fn in_other_xml(&self) -> bool {
        matches!(self.construct, Some(Construct { media_type: MediaType::Other(_), .. }))
    }

    /// A tag inside a text.
    fn inline_start(&mut self, tag: &Tag<'t>, space: Space, local: &'t str) -> Role {
        let Some(construct) = &mut self.construct else { return Role::Dropped };
        if !construct.markup {
            // Some wrap escaped markup in a `div`.
            let is_text = matches!(construct.media_type, MediaType::Plain | MediaType::Html);
            if is_text && local.eq_ignore_ascii_case("div") && matches!(space, Space::Core | Space::Xhtml) {
                return Role::Dropped;
            }
            // It was declared as text, but it is not.
            let from = self.open.get(construct.depth).map_or(0, |o| o.start);
            if construct.media_type != MediaType::Html {
                let text = self.buffer.split_off(from);
                markup::push_escaped(&mut self.buffer, &text);
            }
            if !matches!(construct.media_type, MediaType::Other(_)) {
                construct.media_type = MediaType::Xhtml;
            }
            construct.markup = true;
        }
        let declares = match (space, names::split(tag.name).0) {
            (Space::Svg, _) if local.eq_ignore_ascii_case("svg") => Some("http://www.w3.org/2000/svg"),
            (Space::MathMl, _) if local.eq_ignore_ascii_case("math") => Some("http://www.w3.org/1998/Math/MathML"),
            _ => None,
        };
        if self.in_other_xml() {
            markup::push_whole_tag(&mut self.buffer, tag, &self.decoder);
            return Role::Inline;
        }
        markup::push_tag(&mut self.buffer, tag, local, declares, &self.decoder);
        if markup::is_void(local) { Role::Dropped } else { Role::Inline }
    }
}

/// What ends even what is nested too deep.
fn is_structure(name: &str) -> bool {
    let local = names::split(name).1;
    ["item", "entry", "channel", "rss", "feed", "rdf", "content", "description", "encoded", "summary"]
        .iter()
        .any(|n| n.eq_ignore_ascii_case(local))
}
