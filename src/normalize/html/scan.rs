//! A cheap scanner of tags: good enough to count depth, to read attributes and to drop tags,
//! never used to decide safety.

use std::borrow::Cow;

use super::elements;
use crate::normalize::text;

/// After so many tags whose quotations swallow all that follows, a tag ends at its first `>`:
/// the time stays linear. Nobody leaves more of them open by mistake.
const MAX_UNCLOSED: usize = 4;

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

/// HTML cut at its tags.
pub(crate) struct Tokens<'h> {
    /// What is still to be cut. Whoever knows that something has another end sets it.
    pub rest: &'h str,
    /// Tags so far whose end was not found.
    unclosed: usize,
}

/// `html` cut at its tags.
pub(crate) fn tokens(html: &str) -> Tokens<'_> {
    Tokens { rest: html, unclosed: 0 }
}

impl<'h> Tokens<'h> {
    /// The next `end` bytes.
    fn take(&mut self, end: usize) -> &'h str {
        let (raw, rest) = self.rest.split_at(end);
        self.rest = rest;
        raw
    }
}

impl<'h> Iterator for Tokens<'h> {
    type Item = Token<'h>;

    fn next(&mut self) -> Option<Token<'h>> {
        let rest = self.rest;
        if rest.is_empty() {
            return None;
        }
        if !rest.starts_with('<') {
            return Some(Token::Text { raw: self.take(rest.find('<').unwrap_or(rest.len())) });
        }
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied().unwrap_or(b' ');
        if rest.starts_with("<!--") {
            return Some(Token::Other { raw: self.take(rest.find("-->").map_or(rest.len(), |e| e + 3)) });
        }
        if second == b'!' || second == b'?' {
            return Some(Token::Other { raw: self.take(rest.find('>').map_or(rest.len(), |e| e + 1)) });
        }
        let close = second == b'/';
        let name_at = if close { 2 } else { 1 };
        if !bytes.get(name_at).is_some_and(u8::is_ascii_alphabetic) {
            return Some(Token::Text { raw: self.take(rest[1..].find('<').map_or(rest.len(), |e| e + 1)) });
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
        let end = if self.unclosed < MAX_UNCLOSED { tag_end(rest) } else { None };
        let end = end.unwrap_or_else(|| {
            self.unclosed += 1;
            // An unclosed quotation must not swallow the rest of the text.
            rest.find('>').map_or(rest.len(), |e| e + 1)
        });
        let raw = self.take(end);
        Some(if close { Token::Close { name, raw } } else { Token::Open { name, raw } })
    }
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

/// Whether a tag has an attribute, with or without a value.
pub(super) fn has_word(raw: &str, name: &str) -> bool {
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
pub(super) fn contains_tag(html: &str, names: &[&str]) -> bool {
    memchr::memchr_iter(b'<', html.as_bytes()).any(|at| {
        let rest = &html.as_bytes()[at + 1..];
        names.iter().any(|n| rest.get(..n.len()).is_some_and(|start| start.eq_ignore_ascii_case(n.as_bytes())))
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
                if elements::is_void(&tag) || raw.ends_with("/>") {
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

#[cfg(test)]
mod tests {
    use crate::normalize::html::{bound_depth, plain};

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
}
