//! HTML on its way out: sanitised, absolute, bounded; and HTML as plain text.
//!
//! Nothing that comes from a post, a page or a feed reaches a reader without
//! passing [`sanitise`]. The allow-list is `ammonia`'s, narrowed to what feed
//! readers and validators accept. Nesting is bounded before any parser sees the
//! text, because HTML parsers take quadratic time in depth.

mod formulas;

pub use formulas::formulas;

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use url::Url;

use crate::normalize::{address, text};

/// Deeper tags are dropped: nobody nests text this deep by hand.
const MAX_DEPTH: usize = 256;

/// Pictures inside the address itself are kept up to this many bytes.
const MAX_DATA_URL: usize = 4096;

/// After so many tags whose quotations swallow all that follows, a tag ends at its first `>`:
/// the time stays linear. Nobody leaves more of them open by mistake.
const MAX_UNCLOSED: usize = 4;

/// Elements that end a line when HTML is read as text.
const BLOCKS: [&str; 34] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "br",
    "dd",
    "div",
    "dl",
    "dt",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "table",
    "td",
    "th",
    "tr",
    "ul",
    "option",
];

/// Elements whose content is no text.
const SILENT: [&str; 7] = ["script", "style", "template", "noscript", "iframe", "title", "svg"];

/// Sanitised HTML for feeds: only allowed elements, absolute addresses, no frames
/// (a linked line instead), no scripts, no styles.
pub fn sanitise(html: &str, base: Option<&Url>) -> String {
    let html = bound_depth(html);
    let html = formulas(&html);
    let html = frames_to_links(&html, base);
    let relative = match base {
        Some(base) => ammonia::UrlRelative::RewriteWithBase(base.clone()),
        None => ammonia::UrlRelative::Deny,
    };
    thread_local! {
        // Making one costs more than cleaning a short text.
        static BUILDER: RefCell<ammonia::Builder<'static>> = RefCell::new(builder());
    }
    let clean = BUILDER.with_borrow_mut(|builder| builder.url_relative(relative).clean(&html));
    let mut bytes = Vec::with_capacity(html.len() + html.len() / 8);
    // Writing into memory cannot fail, and what is written was text.
    let clean = clean.write_to(&mut bytes).ok().and_then(|()| String::from_utf8(bytes).ok()).unwrap_or_default();
    text::scrubbed(without_empty_pictures(clean))
}

/// A picture whose address was refused shows nothing.
fn without_empty_pictures(html: String) -> String {
    if !html.contains("<img") {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    for token in tokens(&html) {
        match token {
            Token::Open { ref name, raw } if name == "img" && !raw.contains(" src=") => {}
            Token::Open { raw, .. } | Token::Close { raw, .. } | Token::Text { raw } | Token::Other { raw } => {
                out.push_str(raw);
            }
        }
    }
    out
}

/// Whether there may be pictures in what [`sanitise`] makes of `html`.
pub fn may_have_pictures(html: &str) -> bool {
    contains_tag(html, &["img", "image", "iframe", "video", "audio"])
}

/// What is done with a picture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Picture {
    /// It is linked as it is.
    Stays,
    /// It is left out.
    Goes,
    /// It is linked at this address.
    At(String),
}

/// Sanitised `html` with its pictures as `decide` says of their addresses, and without the
/// paragraphs and links that held nothing but pictures that are left out.
pub fn with_pictures(html: String, mut decide: impl FnMut(&str) -> Picture) -> String {
    if !html.contains("<img") {
        return html;
    }
    // An attribute's value holds no plain quote: what cleaned it has escaped them.
    let source = |raw: &str| -> Option<std::ops::Range<usize>> {
        let from = raw.find(" src=\"")? + 6;
        Some(from..from + raw[from..].find('"')?)
    };
    let mut out = String::with_capacity(html.len());
    let mut dropped = false;
    for token in tokens(&html) {
        match token {
            Token::Open { ref name, raw } if name == "img" => {
                let source = source(raw);
                match source.clone().map_or(Picture::Goes, |at| decide(&text::decode_entities(&raw[at]))) {
                    Picture::Stays => out.push_str(raw),
                    Picture::Goes => dropped = true,
                    Picture::At(address) => {
                        let at = source.unwrap_or_default();
                        out.push_str(&raw[..at.start]);
                        out.push_str(&escape(&address));
                        out.push_str(&raw[at.end..]);
                    }
                }
            }
            Token::Close { raw, ref name } if dropped && matches!(&name[..], "p" | "a" | "figure" | "span") => {
                // Only what has just become empty: `<p>` or `<a href="...">` and nothing behind it.
                let opened = out
                    .rfind('<')
                    .filter(|at| out[*at..].trim_end().ends_with('>') && out[at + 1..].starts_with(&name[..]));
                match opened {
                    Some(at) => out.truncate(at),
                    None => out.push_str(raw),
                }
            }
            other => out.push_str(other.raw()),
        }
    }
    out
}

fn builder() -> ammonia::Builder<'static> {
    let tags = HashSet::from([
        "a",
        "abbr",
        "acronym",
        "b",
        "bdi",
        "bdo",
        "big",
        "blockquote",
        "br",
        "caption",
        "center",
        "cite",
        "code",
        "col",
        "colgroup",
        "dd",
        "del",
        "details",
        "dfn",
        "div",
        "dl",
        "dt",
        "em",
        "figcaption",
        "figure",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "rp",
        "rt",
        "ruby",
        "s",
        "samp",
        "small",
        "span",
        "strike",
        "strong",
        "sub",
        "summary",
        "sup",
        "table",
        "tbody",
        "td",
        "tfoot",
        "th",
        "thead",
        "time",
        "tr",
        "tt",
        "u",
        "ul",
        "var",
        "wbr",
    ]);
    let attributes = HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt", "width", "height"])),
        ("td", HashSet::from(["colspan", "rowspan", "align"])),
        ("th", HashSet::from(["colspan", "rowspan", "align"])),
        ("col", HashSet::from(["span"])),
        ("colgroup", HashSet::from(["span"])),
        ("ol", HashSet::from(["start"])),
        ("q", HashSet::from(["cite"])),
        ("blockquote", HashSet::from(["cite"])),
        ("time", HashSet::from(["datetime"])),
        ("bdo", HashSet::from(["dir"])),
    ]);
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(tags)
        .clean_content_tags(HashSet::from([
            "script", "style", "template", "noscript", "object", "embed", "form", "select", "math", "svg",
        ]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["title", "lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => picture(value).map(Cow::Owned),
            ("img", "width" | "height") => {
                let number = value.trim_end_matches("px");
                (number.len() <= 5 && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| Cow::Owned(number.to_owned()))
            }
            (_, "href") => link(value).map(Cow::Owned),
            // It is never made absolute: one that is not so leads nowhere.
            (_, "cite") => link(value).filter(|l| Url::parse(l).is_ok()).map(Cow::Owned),
            (_, "lang") => crate::config::is_language(value).then_some(Cow::Borrowed(value)),
            (_, "dir") => matches!(value, "ltr" | "rtl" | "auto").then_some(Cow::Borrowed(value)),
            (_, "start" | "span" | "colspan" | "rowspan") => {
                (value.len() <= 4 && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()))
                    .then_some(Cow::Borrowed(value))
            }
            (_, "align") => matches!(value, "left" | "right" | "center").then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
}

/// An address that is linked: as it is written where readers take it so, else in its
/// normal form (`HTTP://a.b`, `http:/a.b/x`). What is relative stays so: it is made
/// absolute afterwards.
fn link(value: &str) -> Option<String> {
    let value = value.trim();
    let url = match Url::parse(value) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return (!value.is_empty()).then(|| value.to_owned()),
        Err(_) => return None,
    };
    let start = match url.scheme() {
        "http" => "http://",
        "https" => "https://",
        "mailto" => "mailto:",
        _ => return None,
    };
    // Parsers pass over control characters, even inside of the scheme.
    let is_plain = value.starts_with(start) && !value.contains(char::is_control);
    Some(if is_plain { value.to_owned() } else { url.into() })
}

/// Pictures by http or https; small ones may be inside the address, but no SVG.
fn picture(value: &str) -> Option<String> {
    const SCHEME: &str = "data:";
    const INSIDE: [&str; 4] = ["image/png", "image/gif", "image/jpeg", "image/webp"];
    let value = value.trim();
    let behind = |start: &str, text: &str| {
        text.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)).then(|| text[start.len()..].to_owned())
    };
    if let Some(rest) = behind(SCHEME, value) {
        let (kind, rest) = INSIDE.iter().find_map(|kind| Some((kind, behind(kind, &rest)?)))?;
        return (value.len() <= MAX_DATA_URL).then(|| format!("{SCHEME}{kind}{rest}"));
    }
    link(value).filter(|address| !address.starts_with("mailto:"))
}

/// Frames and players become a line with a link: validators refuse them in feeds. So do boxes
/// that may be ticked, which become signs.
fn frames_to_links<'h>(html: &'h str, base: Option<&Url>) -> Cow<'h, str> {
    if !contains_tag(html, &["iframe", "video", "audio", "input"]) {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    // A player without an address of its own, and its picture: its first source has one.
    let mut player: Option<Option<String>> = None;
    let push = |out: &mut String, source: &str, poster: Option<&str>| {
        let address = address::absolute(source, base).filter(|u| matches!(u.scheme(), "http" | "https"));
        let Some(address) = address.map(|u| escape(u.as_str())) else { return };
        let shown = poster.map(|poster| format!("<img src=\"{}\" alt=\"\">", escape(poster)));
        let shown = shown.as_deref().unwrap_or(&address);
        out.push_str(&format!("<p><a href=\"{address}\">{shown}</a></p>"));
    };
    for token in tokens(html) {
        match token {
            Token::Open { name, raw, .. } if matches!(name.as_ref(), "iframe" | "video" | "audio") => {
                let source = attribute(raw, "src").or_else(|| attribute(raw, "data-src"));
                let poster = attribute(raw, "poster");
                // A frame shows a page of another site: one that names no host leads nowhere.
                let leads = |s: &String| !s.is_empty() && !s.starts_with('#') && (name != "iframe" || s.contains("//"));
                match source.filter(leads) {
                    Some(source) => push(&mut out, &source, poster.as_deref()),
                    None => player = Some(poster).filter(|_| name != "iframe"),
                }
            }
            Token::Open { name, raw, .. } if name == "source" && player.is_some() => {
                let kind = attribute(raw, "type").unwrap_or_default();
                let is_media = kind.is_empty() || kind.starts_with("video/") || kind.starts_with("audio/");
                if let Some(source) = attribute(raw, "src").filter(|s| !s.is_empty() && is_media) {
                    push(&mut out, &source, player.take().flatten().as_deref());
                }
            }
            Token::Close { ref name, .. } if matches!(name.as_ref(), "iframe" | "video" | "audio") => player = None,
            Token::Open { name, .. } if name == "picture" => {
                player = None;
            }
            // As lists of tasks have them; others are controls.
            Token::Open { name, raw, .. } if name == "input" && has_word(raw, "disabled") => {
                if attribute(raw, "type").is_some_and(|t| t == "checkbox") {
                    out.push_str(if has_word(raw, "checked") { "☑" } else { "☐" });
                }
            }
            other => out.push_str(other.raw()),
        }
    }
    Cow::Owned(out)
}

/// Whether a tag has an attribute, with or without a value.
fn has_word(raw: &str, name: &str) -> bool {
    let mut quote = None;
    let plain: String = raw
        .chars()
        .filter_map(|c| match quote {
            Some(q) if q == c => {
                quote = None;
                None
            }
            Some(_) => None,
            None if c == '"' || c == '\'' => {
                quote = Some(c);
                Some(' ')
            }
            None => Some(c.to_ascii_lowercase()),
        })
        .collect();
    plain.split(|c: char| c.is_ascii_whitespace() || matches!(c, '=' | '/' | '>')).any(|word| word == name)
}

/// Whether one of these tags may be there.
fn contains_tag(html: &str, names: &[&str]) -> bool {
    memchr::memchr_iter(b'<', html.as_bytes()).any(|at| {
        let rest = &html.as_bytes()[at + 1..];
        names.iter().any(|n| rest.get(..n.len()).is_some_and(|start| start.eq_ignore_ascii_case(n.as_bytes())))
    })
}

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

/// A piece of HTML.
pub(crate) enum Token<'h> {
    /// A start tag; `name` in lower case.
    Open {
        name: Cow<'h, str>,
        raw: &'h str,
    },
    Close {
        name: Cow<'h, str>,
        raw: &'h str,
    },
    Text {
        raw: &'h str,
    },
    /// Comments, doctypes and the like.
    Other {
        raw: &'h str,
    },
}

impl<'h> Token<'h> {
    /// What it was cut from.
    pub fn raw(&self) -> &'h str {
        match self {
            Token::Open { raw, .. } | Token::Close { raw, .. } | Token::Text { raw } | Token::Other { raw } => raw,
        }
    }
}

/// A cheap scanner: good enough to count depth and to drop tags, never used to decide safety.
pub(crate) fn tokens(html: &str) -> impl Iterator<Item = Token<'_>> {
    let mut rest = html;
    let mut unclosed = 0;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if !rest.starts_with('<') {
            let end = rest.find('<').unwrap_or(rest.len());
            let raw = &rest[..end];
            rest = &rest[end..];
            return Some(Token::Text { raw });
        }
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied().unwrap_or(b' ');
        if rest.starts_with("<!--") {
            let end = rest.find("-->").map_or(rest.len(), |e| e + 3);
            let raw = &rest[..end];
            rest = &rest[end..];
            return Some(Token::Other { raw });
        }
        if second == b'!' || second == b'?' {
            let end = rest.find('>').map_or(rest.len(), |e| e + 1);
            let raw = &rest[..end];
            rest = &rest[end..];
            return Some(Token::Other { raw });
        }
        let close = second == b'/';
        let name_at = if close { 2 } else { 1 };
        if !bytes.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            let end = rest[1..].find('<').map_or(rest.len(), |e| e + 1);
            let raw = &rest[..end];
            rest = &rest[end..];
            return Some(Token::Text { raw });
        }
        let length = bytes[name_at..]
            .iter()
            .position(|b| !(b.is_ascii_alphanumeric() || b"-:".contains(b)))
            .unwrap_or(bytes.len() - name_at);
        let name = &rest[name_at..name_at + length];
        let name = if name.bytes().any(|b| b.is_ascii_uppercase()) {
            Cow::Owned(name.to_ascii_lowercase())
        } else {
            Cow::Borrowed(name)
        };
        // Every search for an end that is not there reads all that is left.
        let end = if unclosed < MAX_UNCLOSED { tag_end(rest) } else { None };
        let end = end.unwrap_or_else(|| {
            unclosed += 1;
            // An unclosed quotation must not swallow the rest of the text.
            rest.find('>').map_or(rest.len(), |e| e + 1)
        });
        let raw = &rest[..end];
        rest = &rest[end..];
        Some(if close { Token::Close { name, raw } } else { Token::Open { name, raw } })
    })
}

/// An element that lies in no other, or the text between two such.
#[derive(Debug, PartialEq, Eq)]
pub struct Block<'h> {
    /// The element's name in lower case; nothing of text.
    pub name: String,
    /// All of it.
    pub html: &'h str,
}

/// `html` cut between its outermost elements. Good enough to lay out what a Markdown
/// engine wrote; never used to decide safety.
pub fn blocks(html: &str) -> Vec<Block<'_>> {
    let mut blocks: Vec<Block<'_>> = Vec::new();
    let mut depth = 0usize;
    let (mut at, mut from) = (0usize, 0usize);
    let mut name = String::new();
    for token in tokens(html) {
        let before = at;
        let mut ends = false;
        match token {
            Token::Open { name: tag, raw } => {
                at += raw.len();
                if depth == 0 {
                    if from < before {
                        blocks.push(Block { name: std::mem::take(&mut name), html: &html[from..before] });
                    }
                    from = before;
                    name = tag.to_string();
                }
                if is_void(&tag) || raw.ends_with("/>") {
                    ends = depth == 0;
                } else {
                    depth += 1;
                }
            }
            Token::Close { raw, .. } => {
                at += raw.len();
                ends = depth == 1;
                depth = depth.saturating_sub(1);
            }
            Token::Text { raw } | Token::Other { raw } => at += raw.len(),
        }
        if ends {
            blocks.push(Block { name: std::mem::take(&mut name), html: &html[from..at] });
            from = at;
        }
    }
    if from < html.len() {
        blocks.push(Block { name, html: &html[from..] });
    }
    blocks
}

/// Where a tag ends: its `>`, not one inside a quoted value. None where no such one follows.
fn tag_end(tag: &str) -> Option<usize> {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return Some(at + 1),
            (None, '"' | '\'') if tag[..at].trim_end().ends_with('=') => quote = Some(c),
            (Some(q), c) if q == c => quote = None,
            _ => {}
        }
    }
    None
}

/// The value of an attribute in a raw tag.
pub fn attribute(tag: &str, name: &str) -> Option<String> {
    let lower = tag.to_ascii_lowercase();
    let mut from = 0;
    while let Some(at) = lower[from..].find(name) {
        let at = from + at;
        let before = lower.as_bytes()[..at].last().copied().unwrap_or(b' ');
        let rest = tag[at + name.len()..].trim_start();
        if (before.is_ascii_whitespace() || before == b'"' || before == b'\'' || before == b'/')
            && rest.starts_with('=')
        {
            let value = rest[1..].trim_start();
            let value = match value.chars().next() {
                Some(quote @ ('"' | '\'')) => value[1..].split(quote).next().unwrap_or(""),
                _ => value.split(|c: char| c.is_whitespace() || c == '>').next().unwrap_or(""),
            };
            return Some(text::decode_entities(value.trim()).into_owned());
        }
        from = at + name.len();
    }
    None
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Drops tags nested too deep; their text stays.
pub fn bound_depth(html: &str) -> Cow<'_, str> {
    // So few tags cannot nest so deep.
    if memchr::memchr_iter(b'<', html.as_bytes()).count() <= MAX_DEPTH {
        return Cow::Borrowed(html);
    }
    let mut depth = 0usize;
    let mut deepest = 0usize;
    for token in tokens(html) {
        match token {
            Token::Open { name, raw } if !is_void(&name) && !raw.ends_with("/>") => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            // Unclosed `<p>` and `<li>` are closed by the parser, so a close never goes below none.
            Token::Close { .. } => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if deepest <= MAX_DEPTH {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut depth = 0usize;
    let mut dropped = 0usize;
    for token in tokens(html) {
        match token {
            Token::Open { name, raw } => {
                let holds = !is_void(&name) && !raw.ends_with("/>");
                if holds && depth >= MAX_DEPTH {
                    dropped += 1;
                } else {
                    depth += usize::from(holds);
                    out.push_str(raw);
                }
            }
            Token::Close { raw, .. } => {
                if dropped > 0 {
                    dropped -= 1;
                } else {
                    depth = depth.saturating_sub(1);
                    out.push_str(raw);
                }
            }
            Token::Text { raw } | Token::Other { raw } => out.push_str(raw),
        }
    }
    Cow::Owned(out)
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
                if silent.is_none() && SILENT.contains(&name.as_ref()) && !raw.ends_with("/>") {
                    silent = Some(name);
                    continue;
                }
                pre += usize::from(name == "pre");
                if BLOCKS.contains(&name.as_ref()) && !out.ends_with('\n') {
                    out.push('\n');
                }
            }
            Token::Close { name, .. } => {
                if silent.as_deref() == Some(name.as_ref()) {
                    silent = None;
                    continue;
                }
                pre = pre.saturating_sub(usize::from(name == "pre"));
                if BLOCKS.contains(&name.as_ref()) && !out.ends_with('\n') {
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

/// The first picture in HTML that is worth showing: absolute, not inside the address.
pub fn first_image(html: &str, base: Option<&Url>) -> Option<String> {
    if !contains_tag(html, &["img"]) {
        return None;
    }
    for token in tokens(html) {
        if let Token::Open { name, raw } = token
            && name == "img"
            && let Some(source) = attribute(raw, "src")
            && let Some(url) = address::absolute(&source, base)
            && url.scheme() != "mailto"
        {
            return Some(url.to_string());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unwanted_pictures_leave_nothing_behind() {
        let check = |html: &str, expected: &str| {
            let decide = |src: &str| match src {
                s if s.contains("no.example") => Picture::Goes,
                s if s.contains("here.example") => Picture::At(format!("https://own.example/?of={}&b", s.len())),
                _ => Picture::Stays,
            };
            assert_eq!(with_pictures(html.to_owned(), decide), expected);
        };
        let no = "<img src=\"https://no.example/a\">";
        check(&format!("<p>a{no}b</p>"), "<p>ab</p>");
        check(&format!("<p>a</p><p><a href=\"https://x.example/\">{no}</a></p><p>b</p>"), "<p>a</p><p>b</p>");
        check("<p><img src=\"https://yes.example/a\"></p><p></p>", "<p><img src=\"https://yes.example/a\"></p><p></p>");
        check(&format!("<p>{no}</p><p>x <a href=\"y\">z</a></p>"), "<p>x <a href=\"y\">z</a></p>");
        check(
            "<p><img alt=\"a src=b\" src=\"https://here.example/?a&amp;b\" width=\"9\"></p>",
            "<p><img alt=\"a src=b\" src=\"https://own.example/?of=25&amp;b\" width=\"9\"></p>",
        );
    }
    use proptest::prelude::*;

    #[test]
    fn players_and_boxes_become_links_and_signs() {
        let base = Url::parse("https://b.example/post/").unwrap();
        let link = |to: &str| format!("<p><a href=\"{to}\">{to}</a></p>");
        let cases = [
            ("<video src=\"v.mp4\" controls></video>", link("https://b.example/post/v.mp4")),
            (
                "<audio controls><source src=\"/a.ogg\" type=\"audio/ogg\"><source src=\"/a.mp3\"></audio>",
                link("https://b.example/a.ogg"),
            ),
            ("<iframe src=\"//v.example/1\"></iframe>", link("https://v.example/1")),
            ("<iframe src=\"#\"></iframe><iframe src=\"www.v.example/x\"></iframe>", String::new()),
            ("<video><picture><source src=\"p.png\"></picture>", String::new()),
            ("<input type=\"checkbox\" checked=\"\" disabled=\"\" /> a", "☑ a".to_owned()),
            ("<input disabled type=\"checkbox\" class=\"is checked now\"> a", "☐ a".to_owned()),
            ("<input type=\"checkbox\" id=\"sn\" checked>a", "a".to_owned()),
        ];
        for (html, want) in cases {
            assert_eq!(sanitise(html, Some(&base)), want, "{html}");
        }
    }

    #[test]
    fn scripts_never_pass() {
        let base = Url::parse("https://example.org/a/").unwrap();
        let cases = [
            ("<script>alert(1)</script>x", "x"),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"data:text/html,x\">x</a>", "<a>x</a>"),
            ("<img src=x onerror=alert(1)>", "<img src=\"https://example.org/a/x\">"),
            ("<p style=\"color:red\" class=\"a\" onclick=x>y</p>", "<p>y</p>"),
            ("<svg><script>alert(1)</script></svg>z", "z"),
            ("<a href=\"../b\">x</a>", "<a href=\"https://example.org/b\">x</a>"),
            (
                "<iframe src=\"https://player.example/1\"></iframe>",
                "<p><a href=\"https://player.example/1\">https://player.example/1</a></p>",
            ),
            ("a<br/>b", "a<br>b"),
            ("\u{10}x\u{1F}", "x"),
        ];
        for (html, want) in cases {
            assert_eq!(sanitise(html, Some(&base)), want, "{html}");
        }
    }

    #[test]
    fn odd_addresses_are_made_plain_or_left_out() {
        let base = Url::parse("https://example.org/a/").unwrap();
        let link = |written: &str, want: Option<&str>| {
            let want = want.map_or("<a>x</a>".to_owned(), |a| format!("<a href=\"{a}\">x</a>"));
            let html = format!("<a href=\"{written}\">x</a>");
            for base in [None, Some(&base)] {
                assert_eq!(sanitise(&html, base), want, "{written}");
            }
            assert_eq!(crate::output::check::content_problem(&want), None);
        };
        link("http:/example.com/x", Some("http://example.com/x"));
        link("http:x", Some("http://x/"));
        link("HTTP://x.y/", Some("http://x.y/"));
        link("Https:\\\\x.y", Some("https://x.y/"));
        link("ht\ntps://x.y", Some("https://x.y/"));
        link("MAILTO:a@b", Some("mailto:a@b"));
        for bad in ["DATA:text/html,x", "Data:image/png;base64,x", "JavaScript:x", "http://", "http://[x", "file:///x"]
        {
            link(bad, None);
        }
        // What readers take as it is stays as it is written.
        for good in ["https://x.y", "http://X.y/中文?a=b c", " https://x.y/%7e/../z ", "mailto:A@b"] {
            link(good, Some(good.trim()));
        }
        assert_eq!(sanitise("<a href=\"\u{a0}javascript:alert(1)\">x</a>", Some(&base)), "<a>x</a>");
        assert_eq!(
            sanitise("<q cite=\"/x\">a</q><q cite=\"HTTP:b.c\">d</q>", Some(&base)),
            "<q>a</q><q cite=\"http://b.c/\">d</q>"
        );
        let picture = |written: &str, want: &str| {
            let want = if want.is_empty() { String::new() } else { format!("<img src=\"{want}\">") };
            assert_eq!(sanitise(&format!("<img src=\"{written}\">"), Some(&base)), want, "{written}");
        };
        picture("HTTP:/x.y/z.png", "http://x.y/z.png");
        picture("z.png", "https://example.org/a/z.png");
        picture("DATA:Image/PNG;base64,iVBO", "data:image/png;base64,iVBO");
        for bad in
            ["DATA:image/svg+xml,x", "data:image/SVG+xml,x", "DATA:text/html,x", "MAILTO:a@b", "da\nta:image/png,x"]
        {
            picture(bad, "");
        }
    }

    #[test]
    fn quotations_without_an_end_take_no_time() {
        for piece in ["<a b=\">\"", "<a b='", "<a b=\"> ", "<a b=\"'>'", "</a b=\">\""] {
            let html = piece.repeat(200_000 / piece.len());
            let start = std::time::Instant::now();
            let _ = (plain(&html), bound_depth(&html));
            // Far less where nothing else runs.
            assert!(start.elapsed().as_secs() < 3, "{piece} {:?}", start.elapsed());
        }
        // One such tag changes nothing about those that follow.
        assert_eq!(plain("<a b=\"x>one</a><b c='>'>two</b>"), "onetwo");
    }

    #[test]
    fn text_of_html() {
        assert_eq!(plain("<p>a &amp; b</p><script>x</script><ul><li>c</li><li>d <b>e</b></li></ul>"), "a & b\nc\nd e");
        assert_eq!(plain("1 < 2 and 3 > 2"), "1 < 2 and 3 > 2");
        assert_eq!(plain("<p>unclosed <b>x"), "unclosed x");
    }

    #[test]
    fn depth_is_bounded() {
        let start = std::time::Instant::now();
        let html = format!("{}x{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
        assert!(sanitise(&html, None).contains('x'));
        let html = "<ul><li>".repeat(60_000);
        let _ = sanitise(&html, None);
        assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn sanitising_twice_changes_nothing(html in "(<[a-z]{1,6}( [a-z]{1,4}=\"[a-z:&;]{0,8}\")?>|</[a-z]{1,6}>|[a-z<&\" ]{0,6}){0,12}") {
            let once = sanitise(&html, None);
            prop_assert_eq!(sanitise(&once, None), once);
        }

        #[test]
        fn scanning_never_panics(html in "\\PC{0,80}") {
            let _ = plain(&html);
            let _ = bound_depth(&html);
        }
    }
}
