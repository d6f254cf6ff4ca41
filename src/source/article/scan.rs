//! The text of a page made light before it is parsed: scripts, styles, comments and
//! drawings are taken out, depth, number and length of what remains are bounded.
//!
//! Parsers of HTML take quadratic time in depth and much memory for each tag; most
//! bytes of most pages are scripts. Nothing here decides what is safe.

use memchr::{memchr, memmem};

use crate::normalize::html::elements;
use crate::normalize::text;

/// Deeper tags are dropped, their text stays: nobody nests text this deep by hand.
const MAX_DEPTH: usize = 200;

/// What comes after this many tags is dropped: an infinite list is read for a while.
const MAX_TAGS: usize = 120_000;

/// What comes after this many bytes beside scripts is dropped.
const MAX_LIGHT: usize = 6 << 20;

/// A script, as it stood in the page.
#[derive(Debug, Clone, Copy)]
pub(super) struct Script<'t> {
    /// Its start tag.
    pub tag: &'t str,
    /// Its text.
    pub body: &'t str,
}

/// A page without what is not text.
#[derive(Debug)]
pub(super) struct Light<'t> {
    /// The markup that remains.
    pub html: String,
    /// The scripts, in their order.
    pub scripts: Vec<Script<'t>>,
    /// The address in a `saved from` comment, as browsers write it.
    pub saved_from: Option<&'t str>,
    /// How many tags there are, at least.
    pub tags: usize,
}

/// Elements that a sibling of the same family closes.
fn family(name: &[u8]) -> Option<u8> {
    Some(match name {
        b"p" => 1,
        b"li" => 2,
        b"dt" | b"dd" => 3,
        b"td" | b"th" => 4,
        b"tr" => 5,
        b"option" | b"optgroup" => 6,
        b"tbody" | b"thead" | b"tfoot" => 7,
        _ => return None,
    })
}

/// The name of a tag, short and in lower case.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Name {
    bytes: [u8; 12],
    len: u8,
}

impl Name {
    /// Of the bytes behind `<` or `</`; longer names are cut.
    fn read(bytes: &[u8]) -> (Name, usize) {
        let mut name = Name { bytes: [0; 12], len: 0 };
        let mut at = 0;
        while let Some(b) = bytes.get(at) {
            if b.is_ascii_whitespace() || *b == b'>' || *b == b'/' {
                break;
            }
            if usize::from(name.len) < name.bytes.len() {
                name.bytes[usize::from(name.len)] = b.to_ascii_lowercase();
                name.len += 1;
            }
            at += 1;
        }
        (name, at)
    }

    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..usize::from(self.len)]
    }

    fn is_void(&self) -> bool {
        std::str::from_utf8(self.as_bytes()).is_ok_and(elements::is_void)
    }
}

/// Where the tag that begins at `at` ends: behind its `>`, not one inside a quoted value.
fn tag_end(bytes: &[u8], at: usize) -> usize {
    let mut from = at + 1;
    let mut after_equals = false;
    while let Some(b) = bytes.get(from) {
        match b {
            b'>' => return from + 1,
            b'"' | b'\'' if after_equals => {
                // An unclosed quotation must not swallow the page.
                match memchr(*b, &bytes[from + 1..]) {
                    Some(end) => from += end + 1,
                    None => return memchr(b'>', &bytes[from..]).map_or(bytes.len(), |e| from + e + 1),
                }
                after_equals = false;
            }
            b'=' => after_equals = true,
            b' ' | b'\n' | b'\t' => {}
            _ => after_equals = false,
        }
        from += 1;
    }
    bytes.len()
}

/// Where `</name` begins behind `from`, whatever its case.
fn closing(bytes: &[u8], from: usize, name: &[u8]) -> Option<usize> {
    let mut at = from;
    while let Some(found) = memmem::find(&bytes[at..], b"</") {
        let start = at + found;
        let behind = &bytes[start + 2..];
        if behind.len() >= name.len() && behind[..name.len()].eq_ignore_ascii_case(name) {
            let next = behind.get(name.len()).copied().unwrap_or(b'>');
            if next.is_ascii_whitespace() || next == b'>' || next == b'/' {
                return Some(start);
            }
        }
        at = start + 2;
    }
    None
}

/// Takes the page apart.
pub(super) fn lighten(text: &str) -> Light<'_> {
    let bytes = text.as_bytes();
    let mut light = Light {
        html: String::with_capacity(text.len().min(MAX_LIGHT) / 2),
        scripts: Vec::new(),
        saved_from: None,
        tags: 0,
    };
    let mut open: Vec<Name> = Vec::with_capacity(64);
    // Tags too deep that are open, and so whose end is to be dropped as well.
    let mut dropped: Vec<Name> = Vec::new();
    let mut at = 0;
    // Everything from here to `at` is to be kept.
    let mut kept = 0;
    macro_rules! keep_to {
        ($end:expr) => {
            light.html.push_str(&text[kept..$end]);
        };
    }
    while let Some(found) = memchr(b'<', &bytes[at..]) {
        let start = at + found;
        if light.html.len() + (start - kept) > MAX_LIGHT || light.tags > MAX_TAGS {
            let end = start.min(kept + MAX_LIGHT.saturating_sub(light.html.len()));
            keep_to!(text::head(text, end).len());
            return light;
        }
        let Some(second) = bytes.get(start + 1).copied() else { break };
        if second == b'!' || second == b'?' {
            keep_to!(start);
            let is_comment = bytes[start..].starts_with(b"<!--");
            let end = if is_comment {
                let body = start + 4;
                let end = comment_end(&bytes[body..]).map_or(bytes.len(), |e| body + e);
                if light.saved_from.is_none() && start < 4096 {
                    light.saved_from = saved_from(&text[body..end.max(body)]);
                }
                end
            } else {
                memchr(b'>', &bytes[start..]).map_or(bytes.len(), |e| start + e + 1)
            };
            // `<!DOCTYPE` tells how tables nest.
            if bytes[start + 1..].len() > 8 && bytes[start + 2..start + 9].eq_ignore_ascii_case(b"doctype") {
                light.html.push_str(&text[start..end]);
            }
            (at, kept) = (end, end);
            continue;
        }
        let close = second == b'/';
        let name_at = start + 1 + usize::from(close);
        if !bytes.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            at = start + 1;
            continue;
        }
        let (name, length) = Name::read(&bytes[name_at..]);
        light.tags += 1;
        let end = tag_end(bytes, name_at + length - 1);
        if close {
            if let Some(n) = dropped.iter().rposition(|d| *d == name) {
                dropped.truncate(n);
                keep_to!(start);
                kept = end;
            } else if let Some(n) = open.iter().rposition(|o| *o == name) {
                open.truncate(n);
            }
            at = end;
            continue;
        }
        match name.as_bytes() {
            b"script" | b"style" | b"svg" | b"template" => {
                let body_end = closing(bytes, end, name.as_bytes());
                let is_script = name.as_bytes() == b"script";
                if body_end.is_none() && !is_script {
                    // A drawing without an end is no reason to lose the rest.
                    keep_to!(start);
                    (at, kept) = (end, end);
                    continue;
                }
                let body_end = body_end.unwrap_or(bytes.len());
                keep_to!(start);
                if is_script {
                    light.scripts.push(Script { tag: &text[start..end], body: &text[end..body_end] });
                }
                at = if body_end < bytes.len() { tag_end(bytes, body_end + 1) } else { body_end };
                kept = at;
                // Two words that only a script stood between stay two.
                light.html.push(' ');
                continue;
            }
            // What is in them is text.
            b"title" | b"textarea" | b"iframe" | b"noembed" | b"noframes" | b"xmp" => {
                at = closing(bytes, end, name.as_bytes()).unwrap_or(end);
                if at > end || bytes.get(at) == Some(&b'<') {
                    let closed = if at < bytes.len() { tag_end(bytes, at + 1) } else { at };
                    at = closed.max(end);
                }
                continue;
            }
            _ => {}
        }
        // `<div/>` opens an element, whatever its slash says.
        if !name.is_void() {
            if let (Some(own), Some(top)) = (family(name.as_bytes()), open.last())
                && family(top.as_bytes()) == Some(own)
            {
                open.pop();
            }
            if open.len() >= MAX_DEPTH {
                dropped.push(name);
                keep_to!(start);
                kept = end;
                // A tag between two words parts them.
                light.html.push(' ');
            } else {
                open.push(name);
            }
        }
        at = end;
    }
    light.html.push_str(&text[kept..]);
    if light.html.len() > MAX_LIGHT {
        let end = text::head(&light.html, MAX_LIGHT).len();
        light.html.truncate(end);
    }
    light
}

/// Behind the end of a comment, from its beginning.
fn comment_end(body: &[u8]) -> Option<usize> {
    // `<!-->` and `<!--->` are comments, too.
    if body.starts_with(b">") {
        return Some(1);
    }
    if body.starts_with(b"->") {
        return Some(2);
    }
    let plain = memmem::find(body, b"-->").map(|e| e + 3);
    let odd = memmem::find(&body[..plain.unwrap_or(body.len())], b"--!>").map(|e| e + 4);
    odd.or(plain)
}

/// ` saved from url=(0042)https://example.org/a `
fn saved_from(comment: &str) -> Option<&str> {
    let rest = comment.trim_start().strip_prefix("saved from url=")?;
    let rest = rest.split_once(')').map_or(rest, |(_, address)| address);
    let address = rest.split(|c: char| c.is_whitespace()).next().unwrap_or_default();
    (address.starts_with("http://") || address.starts_with("https://")).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn scripts_styles_and_comments_are_taken_out() {
        let light =
            lighten("<p>a<script type=x>if (1<2) '</p>'</SCRIPT >b<!-- c --><style>d</style>e<svg><g/></svg>f</p>");
        assert_eq!(light.html, "<p>a b e f</p>");
        assert_eq!(light.scripts.len(), 1);
        assert_eq!(light.scripts[0].tag, "<script type=x>");
        assert_eq!(light.scripts[0].body, "if (1<2) '</p>'");
    }

    #[test]
    fn tags_in_values_and_titles_are_no_tags() {
        let html = "<title>a <script> b</title><a title='<style>'>x</a><textarea><!--</textarea>y";
        assert_eq!(lighten(html).html, html);
    }

    #[test]
    fn depth_is_bounded_and_paragraphs_without_ends_do_not_count() {
        let html = format!("{}x{}y", "<div>".repeat(1000), "</div>".repeat(1000));
        let light = lighten(&html);
        assert_eq!(light.html.matches("<div>").count(), MAX_DEPTH);
        assert_eq!(light.html.matches("</div>").count(), MAX_DEPTH);
        let html = "<p>x<li>y".repeat(10) + &"<p>x".repeat(1000);
        assert_eq!(lighten(&html).html, html);
    }

    #[test]
    fn lists_without_end_are_cut() {
        let html = "<li>x".repeat(200_000);
        let light = lighten(&html);
        assert!(light.tags <= MAX_TAGS + 1 && light.html.len() < html.len());
    }

    #[test]
    fn browsers_say_where_a_page_was_saved_from() {
        let light = lighten("<!DOCTYPE html>\n<!-- saved from url=(0021)https://example.org/a -->\n<p>x");
        assert_eq!(light.saved_from, Some("https://example.org/a"));
    }

    proptest! {
        #[test]
        fn scanning_never_panics(html in "(<|</|<!--|-->|script|style|p|div|title| |a='|\"|>|中|/){0,40}") {
            let _ = lighten(&html);
        }
    }
}
