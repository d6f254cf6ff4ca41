//! What a page says in its tree, gathered in one walk: meta elements, headings,
//! links of the head, dates in attributes, names of authors, and the running text
//! with marks for what the page calls a date, a footer, a comment.
//!
//! Nothing is decided here: [`super::metadata`], [`super::date`] and
//! [`super::refuse`] do.

use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, MatchKind};
use dom_query::{Document, NodeData, NodeRef};

/// Running text beyond is not looked at.
const MAX_TEXT: usize = 2 << 20;

/// Of each kind of fact as many are kept.
const MAX_FACTS: usize = 4000;

/// What the name, class, id or itemprop of an element or of one around it says.
pub(super) mod cue {
    /// A date.
    pub const DATE: u32 = 1;
    /// Facts about the article: byline, info, meta.
    pub const META: u32 = 1 << 1;
    /// The foot of the page.
    pub const FOOT: u32 = 1 << 2;
    /// Beside the article: related ones, most read ones, teasers.
    pub const SIDE: u32 = 1 << 3;
    /// What readers said.
    pub const COMMENT: u32 = 1 << 4;
    /// Navigation.
    pub const NAV: u32 = 1 << 5;
    /// Its author.
    pub const AUTHOR: u32 = 1 << 6;
    /// The date of a change.
    pub const UPDATED: u32 = 1 << 7;
    /// The date of publication, said as such.
    pub const PUBLISHED: u32 = 1 << 8;
    /// An article element, or one called so.
    pub const ARTICLE: u32 = 1 << 9;
    /// The date of an event.
    pub const EVENT: u32 = 1 << 10;
    /// Inside the head of an article or the page.
    pub const HEADER: u32 = 1 << 11;
    /// Inside a link.
    pub const LINK: u32 = 1 << 12;
    /// Inside a paragraph.
    pub const PARAGRAPH: u32 = 1 << 13;
    /// Not shown.
    pub const HIDDEN: u32 = 1 << 14;
    /// Inside a heading.
    pub const HEADING: u32 = 1 << 15;
    /// Inside the title of the page.
    pub const TITLE: u32 = 1 << 16;
}

/// Parts of class names and what they say.
const WORDS: [(&str, u32); 104] = [
    ("date", cue::DATE),
    ("datum", cue::DATE),
    ("fecha", cue::DATE),
    ("datetime", cue::DATE),
    ("time", cue::DATE),
    ("posted", cue::DATE | cue::PUBLISHED),
    ("publish", cue::DATE | cue::PUBLISHED),
    ("pubdate", cue::DATE | cue::PUBLISHED),
    ("pub-date", cue::DATE | cue::PUBLISHED),
    ("pub_date", cue::DATE | cue::PUBLISHED),
    ("created", cue::DATE | cue::PUBLISHED),
    ("dateposted", cue::DATE | cue::PUBLISHED),
    ("entry-date", cue::DATE | cue::PUBLISHED),
    ("post-date", cue::DATE | cue::PUBLISHED),
    ("submitted", cue::DATE | cue::PUBLISHED),
    ("timestamp", cue::DATE),
    ("dateline", cue::DATE | cue::META),
    ("parution", cue::DATE | cue::PUBLISHED),
    ("calendar", cue::DATE | cue::EVENT),
    ("clock", cue::DATE),
    ("meta", cue::META),
    ("byline", cue::META | cue::AUTHOR),
    ("info", cue::META),
    ("subline", cue::META),
    ("details", cue::META),
    ("credit", cue::META),
    ("author", cue::AUTHOR | cue::META),
    ("autor", cue::AUTHOR | cue::META),
    ("auteur", cue::AUTHOR | cue::META),
    ("writer", cue::AUTHOR | cue::META),
    ("vcard", cue::AUTHOR),
    ("footer", cue::FOOT),
    ("copyright", cue::FOOT),
    ("colophon", cue::FOOT),
    ("imprint", cue::FOOT),
    ("sidebar", cue::SIDE),
    ("side-bar", cue::SIDE),
    ("related", cue::SIDE),
    ("recommend", cue::SIDE),
    ("similar", cue::SIDE),
    ("teaser", cue::SIDE),
    ("widget", cue::SIDE),
    ("popular", cue::SIDE),
    ("trending", cue::SIDE),
    ("most-read", cue::SIDE),
    ("mostread", cue::SIDE),
    ("most_read", cue::SIDE),
    ("latest", cue::SIDE),
    ("recent", cue::SIDE),
    ("read-more", cue::SIDE),
    ("readmore", cue::SIDE),
    ("read-next", cue::SIDE),
    ("more-", cue::SIDE),
    ("newest", cue::SIDE),
    ("promo", cue::SIDE),
    ("carousel", cue::SIDE),
    ("slider", cue::SIDE),
    ("archive", cue::SIDE),
    ("next-article", cue::SIDE),
    ("next-post", cue::SIDE),
    ("prev-post", cue::SIDE),
    ("post-nav", cue::SIDE),
    ("headlines", cue::SIDE),
    ("ticker", cue::SIDE),
    ("livefeed", cue::SIDE),
    ("live-feed", cue::SIDE),
    ("outbrain", cue::SIDE),
    ("taboola", cue::SIDE),
    ("tweet", cue::SIDE),
    ("twitter", cue::SIDE),
    ("instagram", cue::SIDE),
    ("advert", cue::SIDE),
    ("sponsor", cue::SIDE),
    ("banner", cue::SIDE),
    ("newsletter", cue::SIDE),
    ("modal", cue::SIDE),
    ("popup", cue::SIDE),
    ("cookie", cue::SIDE),
    ("comment", cue::COMMENT),
    ("reply", cue::COMMENT),
    ("replies", cue::COMMENT),
    ("respond", cue::COMMENT),
    ("disqus", cue::COMMENT),
    ("kommentar", cue::COMMENT),
    ("nav", cue::NAV),
    ("menu", cue::NAV),
    ("breadcrumb", cue::NAV),
    ("updated", cue::DATE | cue::UPDATED),
    ("modified", cue::DATE | cue::UPDATED),
    ("lastmod", cue::DATE | cue::UPDATED),
    ("last-mod", cue::DATE | cue::UPDATED),
    ("dateupdate", cue::DATE | cue::UPDATED),
    ("article", cue::ARTICLE),
    ("post", cue::ARTICLE),
    ("entry", cue::ARTICLE),
    ("story", cue::ARTICLE),
    ("content", cue::ARTICLE),
    ("event", cue::EVENT),
    ("countdown", cue::EVENT),
    ("deadline", cue::EVENT),
    ("header", cue::HEADER),
    ("headline", cue::HEADER),
    ("hero", cue::HEADER),
    ("hidden", cue::HIDDEN),
];

/// Parts that only look like others.
const NOT: [&str; 12] = [
    "sentiment", "timeline", "runtime", "lifetime", "sometimes", "multimedia", "updates-list", "candidate", "validate",
    "mandate", "accommodate", "navy",
];

/// Cues that hold for what is inside, too.
const INHERITED: u32 = cue::FOOT
    | cue::SIDE
    | cue::COMMENT
    | cue::NAV
    | cue::ARTICLE
    | cue::EVENT
    | cue::HEADER
    | cue::LINK
    | cue::PARAGRAPH
    | cue::HIDDEN
    | cue::HEADING;

/// A part of the running text that the page names.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    /// Where it begins.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is called, and where it is.
    pub cues: u32,
    /// Its element is `time`.
    pub is_time: bool,
}

/// A date in an attribute.
#[derive(Debug, Clone)]
pub(super) struct Stamp {
    /// The value.
    pub value: String,
    /// Which attribute of what, for people.
    pub origin: &'static str,
    /// What the element is called, and where it is.
    pub cues: u32,
    /// Where it is in the running text.
    pub at: usize,
    /// `itemprop`, in lower case.
    pub itemprop: String,
    /// The text of the element.
    pub text_end: usize,
}

/// A name that may be the author's.
#[derive(Debug, Clone)]
pub(super) struct Byline {
    /// The text of the element.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// How well it is said: less is better.
    pub rank: u8,
    /// Where it is.
    pub cues: u32,
    /// What said it, for people.
    pub origin: &'static str,
}

/// A heading of the first level, or one that is called the title.
#[derive(Debug, Clone)]
pub(super) struct Heading {
    /// Where it begins in the running text.
    pub start: usize,
    /// Where it ends.
    pub end: usize,
    /// What it is called, and where it is.
    pub cues: u32,
    /// Its level.
    pub level: u8,
    /// It is called a title or headline.
    pub is_title: bool,
}

/// What a page says.
#[derive(Debug, Default)]
pub(super) struct Facts {
    /// Meta elements: the key in lower case, the content.
    pub metas: Vec<(String, String)>,
    /// Of `<title>`.
    pub title: String,
    /// Of the root.
    pub language: Option<String>,
    /// `<base href>`.
    pub base: Option<String>,
    /// `<link rel=canonical>`.
    pub canonical: Option<String>,
    /// `<link rel="image_src">`.
    pub image: Option<String>,
    /// Microdata pictures.
    pub item_images: Vec<String>,
    /// The running text: white space folded, blocks on lines of their own.
    pub text: String,
    /// Named parts of the text.
    pub marks: Vec<Mark>,
    /// Where the cues that hold inside change.
    pub zones: Vec<(usize, u32)>,
    /// Dates in attributes.
    pub stamps: Vec<Stamp>,
    /// Names.
    pub bylines: Vec<Byline>,
    /// Headings.
    pub headings: Vec<Heading>,
    /// There is a field for a password.
    pub password: bool,
    /// Characters of text that are in paragraphs.
    pub in_paragraphs: usize,
    /// The attribute `id` or `class` of elements that are told apart by it.
    pub names: Vec<String>,
    /// How many pictures there are.
    pub images: usize,
}

impl Facts {
    /// The content of the first meta element of that name.
    pub(super) fn meta(&self, key: &str) -> Option<&str> {
        self.metas.iter().find(|(k, v)| k == key && !v.trim().is_empty()).map(|(_, v)| v.trim())
    }

    /// What holds at a place of the text.
    pub(super) fn zone(&self, at: usize) -> u32 {
        match self.zones.partition_point(|(start, _)| *start <= at) {
            0 => 0,
            n => self.zones[n - 1].1,
        }
    }

    /// A piece of the text.
    pub(super) fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end).unwrap_or_default().trim()
    }
}

fn cues_of(name: &str) -> u32 {
    static MATCHER: LazyLock<AhoCorasick> = LazyLock::new(|| {
        AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .build(WORDS.iter().map(|(word, _)| *word))
            .expect("words that are written here")
    });
    let mut cues = 0;
    for found in MATCHER.find_overlapping_iter(name) {
        cues |= WORDS[found.pattern().as_usize()].1;
    }
    if cues & (cue::DATE | cue::META | cue::NAV) != 0 {
        let lower = name.to_ascii_lowercase();
        if NOT.iter().any(|not| lower.contains(not)) {
            let mut rest = lower;
            for not in NOT {
                rest = rest.replace(not, "");
            }
            cues = 0;
            for found in MATCHER.find_overlapping_iter(&rest) {
                cues |= WORDS[found.pattern().as_usize()].1;
            }
        }
    }
    cues
}

/// What remains to be done of a node.
enum Step<'d> {
    Enter(NodeRef<'d>, u32),
    Leave(Open),
}

/// An element whose text is being read.
struct Open {
    start: usize,
    cues: u32,
    is_time: bool,
    is_block: bool,
    stamps: std::ops::Range<usize>,
    heading: Option<(u8, bool)>,
    byline: Option<(u8, &'static str)>,
    zone: u32,
}

fn is_block(name: &str) -> bool {
    !matches!(
        name,
        "a" | "abbr"
            | "b"
            | "bdi"
            | "bdo"
            | "cite"
            | "code"
            | "data"
            | "del"
            | "dfn"
            | "em"
            | "font"
            | "i"
            | "ins"
            | "kbd"
            | "label"
            | "mark"
            | "q"
            | "s"
            | "samp"
            | "small"
            | "span"
            | "strong"
            | "sub"
            | "sup"
            | "time"
            | "tt"
            | "u"
            | "var"
            | "wbr"
            | "img"
            | "picture"
            | "button"
    )
}

/// Walks the tree once.
pub(super) fn gather(document: &Document) -> Facts {
    let mut facts = Facts::default();
    let mut steps: Vec<Step<'_>> = Vec::with_capacity(128);
    steps.push(Step::Enter(document.root(), 0));
    let mut zone = 0;
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave(open) => leave(&mut facts, &open, &mut zone),
            Step::Enter(node, inherited) => {
                let entered = node.query(|n| match &n.data {
                    NodeData::Text { contents } => {
                        push_text(&mut facts, contents, inherited);
                        None
                    }
                    NodeData::Element(element) => enter(&mut facts, element, inherited),
                    NodeData::Document | NodeData::Fragment => Some((inherited, None)),
                    NodeData::Doctype { .. } | NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => {
                        None
                    }
                });
                let Some(Some((inherited, open))) = entered else { continue };
                if let Some(mut open) = open {
                    if open.is_block && !facts.text.ends_with('\n') && !facts.text.is_empty() {
                        facts.text.push('\n');
                    }
                    open.zone = zone;
                    if inherited != zone {
                        zone = inherited;
                        facts.zones.push((facts.text.len(), zone));
                    }
                    open.start = facts.text.len();
                    steps.push(Step::Leave(open));
                }
                let first = steps.len();
                let mut child = node.first_child();
                while let Some(next) = child {
                    steps.push(Step::Enter(next, inherited));
                    child = next.next_sibling();
                }
                steps[first..].reverse();
            }
        }
    }
    facts
}

fn push_text(facts: &mut Facts, text: &str, cues: u32) {
    if facts.text.len() > MAX_TEXT {
        return;
    }
    if cues & cue::TITLE != 0 {
        if facts.title.len() < 2000 {
            facts.title.push_str(text);
        }
        return;
    }
    let before = facts.text.len();
    let mut rest = text;
    if rest.starts_with(char::is_whitespace) && !facts.text.is_empty() && !facts.text.ends_with([' ', '\n']) {
        facts.text.push(' ');
    }
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        facts.text.push_str(&rest[..end]);
        rest = &rest[end..];
        if !rest.is_empty() {
            facts.text.push(' ');
        }
    }
    if cues & cue::PARAGRAPH != 0 && cues & cue::LINK == 0 {
        facts.in_paragraphs += facts.text.len() - before;
    }
}

fn leave(facts: &mut Facts, open: &Open, zone: &mut u32) {
    let end = facts.text.len();
    if open.zone != *zone {
        *zone = open.zone;
        facts.zones.push((end, *zone));
    }
    for stamp in &mut facts.stamps[open.stamps.clone()] {
        stamp.text_end = end;
    }
    let length = end - open.start.min(end);
    let named = open.is_time || open.cues & (cue::DATE | cue::META | cue::UPDATED | cue::FOOT) != 0;
    if named && length > 0 && length <= 400 && facts.marks.len() < MAX_FACTS {
        facts.marks.push(Mark { start: open.start, end, cues: open.cues, is_time: open.is_time });
    }
    if let Some((level, is_title)) = open.heading
        && (1..=600).contains(&length)
        && facts.headings.len() < 200
    {
        facts.headings.push(Heading { start: open.start, end, cues: open.cues, level, is_title });
    }
    if let Some((rank, origin)) = open.byline
        && (2..=200).contains(&length)
        && facts.bylines.len() < MAX_FACTS
    {
        facts.bylines.push(Byline { start: open.start, end, rank, cues: open.cues, origin });
    }
    if open.is_block && !facts.text.is_empty() && !facts.text.ends_with('\n') {
        while facts.text.ends_with(' ') {
            facts.text.pop();
        }
        facts.text.push('\n');
    }
}

/// Looks at an element; none when nothing in it counts.
fn enter(facts: &mut Facts, element: &dom_query::Element, inherited: u32) -> Option<(u32, Option<Open>)> {
    let name: &str = &element.name.local;
    let attribute = |wanted: &str| element.attrs.iter().find(|a| &*a.name.local == wanted).map(|a| a.value.trim());
    match name {
        "html" => {
            facts.language = attribute("lang").or_else(|| attribute("xml:lang")).map(str::to_owned);
            return Some((inherited, None));
        }
        "head" => return Some((inherited, None)),
        "meta" => {
            meta(facts, &attribute, inherited);
            return None;
        }
        "base" => {
            if facts.base.is_none() {
                facts.base = attribute("href").map(str::to_owned);
            }
            return None;
        }
        "link" => {
            link(facts, &attribute);
            return None;
        }
        // A page has one title.
        "title" => return facts.title.is_empty().then_some((cue::TITLE, None)),
        "script" | "style" | "template" | "noscript" | "iframe" | "svg" | "select" | "textarea" | "object" => {
            return None;
        }
        "input" => {
            facts.password |= attribute("type").is_some_and(|t| t.eq_ignore_ascii_case("password"));
            return None;
        }
        "br" | "hr" => {
            if !facts.text.is_empty() && !facts.text.ends_with('\n') {
                facts.text.push('\n');
            }
            return None;
        }
        "img" => {
            facts.images += 1;
            if attribute("itemprop").is_some_and(|p| p.eq_ignore_ascii_case("image"))
                && let Some(source) = attribute("src")
            {
                facts.item_images.push(source.to_owned());
            }
            return None;
        }
        _ => {}
    }
    let class = attribute("class").unwrap_or_default();
    let id = attribute("id").unwrap_or_default();
    let itemprop = attribute("itemprop").unwrap_or_default();
    let is_body = matches!(name, "body" | "html");
    let mut own = 0;
    if !is_body {
        for words in [class, id, itemprop] {
            if !words.is_empty() {
                own |= cues_of(words);
            }
        }
        if attribute("hidden").is_some() || attribute("aria-hidden").is_some_and(|h| h == "true") {
            own |= cue::HIDDEN;
        }
    }
    match name {
        "footer" => own |= cue::FOOT,
        "aside" => own |= cue::SIDE,
        "nav" => own |= cue::NAV,
        "article" => own |= cue::ARTICLE,
        "header" => own |= cue::HEADER,
        "a" => own |= cue::LINK,
        "p" => own |= cue::PARAGRAPH,
        "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => own |= cue::HEADING,
        _ => {}
    }
    // The article itself is no teaser, whatever is called `post-related` in it.
    let cues = own | inherited;
    let is_time = name == "time" || name == "relative-time";
    let mut open =
        Open { start: 0, cues, is_time, is_block: is_block(name), stamps: 0..0, heading: None, byline: None, zone: 0 };
    let first = facts.stamps.len();
    let at = facts.text.len();
    let item = itemprop.to_ascii_lowercase();
    let mut stamp = |value: Option<&str>, origin: &'static str| {
        if let Some(value) = value.filter(|v| (4..=64).contains(&v.len()) && v.bytes().any(|b| b.is_ascii_digit()))
            && facts.stamps.len() < MAX_FACTS
        {
            let value = value.to_owned();
            facts.stamps.push(Stamp { value, origin, cues, at, itemprop: item.clone(), text_end: at });
        }
    };
    let is_item_date = item.starts_with("date") || item == "pubdate" || item == "uploaddate";
    if is_time || is_item_date || own & cue::DATE != 0 || name == "abbr" {
        stamp(attribute("datetime"), if is_item_date { "itemprop" } else { "time datetime" });
        if is_item_date {
            stamp(attribute("content"), "itemprop");
        }
        stamp(attribute("title"), "title of a date");
        for known in ["data-datetime", "data-date", "data-time", "data-timestamp", "data-utime", "data-published"] {
            stamp(attribute(known), "data of a date");
        }
        if attribute("pubdate").is_some() {
            open.cues |= cue::PUBLISHED;
            for stamp in &mut facts.stamps[first..] {
                stamp.cues |= cue::PUBLISHED;
            }
        }
    }
    open.stamps = first..facts.stamps.len();
    let level = match name {
        "h1" => 1,
        "h2" => 2,
        "h3" => 3,
        _ => 0,
    };
    let is_title = item == "headline"
        || item == "name" && level > 0
        || level > 0 && ["title", "headline", "heading"].iter().any(|w| class.contains(w) || id.contains(w));
    if level > 0 || item == "headline" {
        open.heading = Some((if level == 0 { 2 } else { level }, is_title));
    }
    open.byline = byline(name, class, &item, attribute("rel").unwrap_or_default(), own);
    if (!id.is_empty() || !class.is_empty()) && facts.names.len() < 4 * MAX_FACTS && is_telling(id, class) {
        facts.names.push(if id.is_empty() { class.to_owned() } else { id.to_owned() });
    }
    let down = (cues & INHERITED) | if own & cue::ARTICLE != 0 { cue::ARTICLE } else { 0 };
    Some((down, Some(open)))
}

/// Whether a name may tell a wall or an error page.
fn is_telling(id: &str, class: &str) -> bool {
    [id, class].iter().any(|n| {
        let lower = n.to_ascii_lowercase();
        ["404", "not-found", "notfound", "error", "paywall", "login", "captcha", "challenge"]
            .iter()
            .any(|w| lower.contains(w))
    })
}

fn byline(name: &str, class: &str, item: &str, rel: &str, own: u32) -> Option<(u8, &'static str)> {
    if item == "author" || item == "creator" {
        return Some((1, "itemprop author"));
    }
    if name == "a" && rel.split_ascii_whitespace().any(|r| r.eq_ignore_ascii_case("author")) {
        return Some((2, "rel author"));
    }
    if own & cue::AUTHOR == 0 {
        return None;
    }
    let lower = class.to_ascii_lowercase();
    let has = |word: &str| lower.split_ascii_whitespace().any(|c| c == word);
    if has("author")
        || has("fn")
        || lower.contains("author-name")
        || lower.contains("author__name")
        || has("author_name")
    {
        return Some((3, "class author"));
    }
    if lower.contains("byline") {
        return Some((4, "class byline"));
    }
    Some((5, "class author"))
}

fn meta<'a>(facts: &mut Facts, attribute: &impl Fn(&str) -> Option<&'a str>, cues: u32) {
    let content = attribute("content").or_else(|| attribute("datetime")).unwrap_or_default();
    if content.is_empty() || facts.metas.len() >= MAX_FACTS {
        return;
    }
    for key in ["name", "property", "itemprop", "http-equiv"] {
        if let Some(name) = attribute(key) {
            let name = name.to_ascii_lowercase();
            if key == "itemprop" {
                let at = facts.text.len();
                let item = name.clone();
                if item.starts_with("date") || item == "uploaddate" {
                    let value = content.chars().take(64).collect();
                    let origin = "itemprop";
                    facts.stamps.push(Stamp { value, origin, cues, at, itemprop: item, text_end: at });
                } else if item == "image" || item == "thumbnailurl" {
                    facts.item_images.push(content.to_owned());
                }
                facts.metas.push((format!("itemprop:{name}"), content.to_owned()));
            } else {
                facts.metas.push((name, content.to_owned()));
            }
        }
    }
    if attribute("pubdate").is_some() {
        facts.metas.push(("pubdate".to_owned(), content.to_owned()));
    }
}

fn link<'a>(facts: &mut Facts, attribute: &impl Fn(&str) -> Option<&'a str>) {
    let (Some(rel), Some(href)) = (attribute("rel"), attribute("href")) else { return };
    for rel in rel.split_ascii_whitespace() {
        if rel.eq_ignore_ascii_case("canonical") && facts.canonical.is_none() && !href.is_empty() {
            facts.canonical = Some(href.to_owned());
        }
        if rel.eq_ignore_ascii_case("image_src") && facts.image.is_none() {
            facts.image = Some(href.to_owned());
        }
    }
}
