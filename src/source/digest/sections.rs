//! Where a digest is cut: its headings, and bold lines used as headings.
//!
//! What this module refuses: headings that are items themselves (`### [title](…)`,
//! `### NAME 1.2`), the repeated title of the post, and sentences below a heading that told
//! already what follows. It does not look at what stands in a section beyond that.

use std::borrow::Cow;
use std::cell::LazyCell;
use std::collections::HashSet;

use super::{lists, places, shapes, vocabulary};
use crate::config::{DigestConfig, SectionKind};
use crate::names::Names;
use crate::normalize::text;
use crate::source::markdown::{Piece, Shape};

/// A stretch of pieces under one heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Section {
    pub(super) kind: SectionKind,
    /// The heading itself, empty for what stands before the first one.
    pub(super) heading: String,
    /// The words of a heading above or of its own said what it holds.
    pub(super) told: bool,
    /// What its head is.
    pub(super) head: Head,
    pub(super) from: usize,
    pub(super) to: usize,
}

/// What a section begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Head {
    /// The post itself, before the first heading.
    Post,
    /// The heading that repeats the post's title.
    Banner,
    /// A heading of its own.
    Heading,
    /// A heading that is its first item: nothing stands above that says what they are.
    Item,
}

/// The pieces as they are meant: lines that an editor wrapped at a link joined again, and headings
/// that are none as lines.
pub(super) fn readable(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    match unwrapped(pieces) {
        Cow::Borrowed(pieces) => without_fields(pieces),
        Cow::Owned(pieces) => Cow::Owned(without_fields(&pieces).into_owned()),
    }
}

/// The pieces with a line that begins with a link, and goes on with the sentence of the line above,
/// as a part of that one.
fn unwrapped(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let wrapped: HashSet<usize> = paragraphs(pieces).filter_map(|lines| wrapped_line(pieces, lines)).collect();
    if wrapped.is_empty() {
        return Cow::Borrowed(pieces);
    }
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for (n, piece) in pieces.iter().enumerate() {
        // What stands behind a link that is alone on its line goes with it.
        let behind = n > 0 && wrapped.contains(&(n - 1)) && goes_on(&piece.text) && piece.block == pieces[n - 1].block;
        match joined.last_mut().filter(|_| wrapped.contains(&n) || behind) {
            Some(above) => {
                let spaced =
                    above.text.ends_with(|c: char| c.is_ascii()) && piece.text.starts_with(|c: char| c.is_ascii());
                above.text = format!("{}{}{}", above.text, if spaced { " " } else { "" }, piece.text);
                above.links.extend(piece.links.iter().cloned());
                above.end_line = piece.end_line;
            }
            None => joined.push(piece.clone()),
        }
    }
    Cow::Owned(joined)
}

/// Paragraphs of several lines.
fn paragraphs(pieces: &[Piece]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < pieces.len() {
            let begin = from;
            let same = pieces[begin..].iter().take_while(|p| p.is_text() && p.block == pieces[begin].block).count();
            from = begin + same.max(1);
            if same > 1 {
                return Some(begin..from);
            }
        }
        None
    })
}

/// The line of a paragraph that begins with a link of a sentence that began on the line above.
/// Where several lines begin with links, they are a list.
fn wrapped_line(pieces: &[Piece], lines: std::ops::Range<usize>) -> Option<usize> {
    /// Nothing ends with these.
    const WANT_MORE: [&str; 15] =
        ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "via", "with"];
    /// Titles are longer.
    const FEW_WORDS: usize = 48;
    /// Lines that are wrapped are longer.
    const WRAPPED: usize = 34;
    const WRAPPED_HAN: usize = 14;
    let opens = |n: &usize| {
        let piece = &pieces[*n];
        piece.links.first().is_some_and(|l| !l.picture && !l.text.is_empty() && piece.text.starts_with(l.text.as_str()))
    };
    let mut opening = lines.clone().filter(opens);
    let n = opening.next().filter(|n| *n > lines.start && opening.next().is_none())?;
    let (above, piece) = (&pieces[n - 1], &pieces[n]);
    let link = piece.links.first()?;
    let rest = piece.text.strip_prefix(link.text.as_str())?;
    let last = above.text.rsplit(' ').next().unwrap_or("").to_lowercase();
    let in_han = rest.starts_with(|c: char| !c.is_ascii() && c.is_alphabetic());
    let is_long = text::columns(&above.text) >= if in_han { WRAPPED_HAN } else { WRAPPED };
    let open = above.text.ends_with(|c: char| c.is_alphanumeric() || ",，、(（".contains(c));
    let told_of = above.bold || shapes::without_ordinal(&above.text).1 || shapes::question(&above.text).is_some();
    if !open || !is_long || told_of {
        return None;
    }
    if link.text.contains("://") {
        return matches!(last.as_str(), "see" | "visit").then_some(n);
    }
    if lists::says_nothing(&link.text) || shapes::is_navigation(&link.text) || text::columns(&link.text) > FEW_WORDS {
        return None;
    }
    let next = pieces[n + 1..lines.end].first().filter(|p| p.links.is_empty() && !p.text.starts_with("by "));
    let alone = || rest.is_empty() && next.is_some_and(|p| goes_on(&p.text));
    let by_whom = rest.starts_with(" by ") || rest.starts_with(" from ");
    let goes_on = WANT_MORE.contains(&last.as_str()) || in_han || rest.starts_with(' ') && goes_on(rest) || alone();
    (goes_on && !by_whom).then_some(n)
}

/// Whether words go on with a sentence: they begin small.
fn goes_on(words: &str) -> bool {
    words.trim_start().starts_with(|c: char| c.is_ascii_lowercase())
}

/// The pieces with headings that are none as lines: `#### Authors: [@ann](…)`, whose text is that of
/// the heading before, and fields of one event, each a heading (`## 会议时间` and a paragraph).
fn without_fields(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let fields = has_headings_of_fields(pieces);
    let is_one = |n: usize| {
        let piece = &pieces[n];
        matches!(piece.shape, Shape::Heading(_))
            && (shapes::is_byline(piece) || fields && field_below(pieces, n).is_some())
    };
    if !(0..pieces.len()).any(is_one) {
        return Cow::Borrowed(pieces);
    }
    let as_line = |n: usize| {
        let piece = &pieces[n];
        match field_below(pieces, n).filter(|_| fields && is_one(n)) {
            Some(text) => Piece { shape: Shape::Line, text, ..piece.clone() },
            None if is_one(n) => Piece { shape: Shape::Line, ..piece.clone() },
            None => piece.clone(),
        }
    };
    Cow::Owned((0..pieces.len()).map(as_line).collect())
}

/// The field that a heading is the name of, and its value, which stands below.
fn field_below(pieces: &[Piece], n: usize) -> Option<String> {
    let name = pieces[n].text.trim_end_matches([':', '：', ' ']);
    let value = pieces.get(n + 1).filter(|p| p.shape == Shape::Line && p.list == 0 && !p.text.is_empty())?;
    let field = format!("{name}：{}", value.text);
    (text::columns(name) <= 20 && shapes::field(&field).is_some()).then_some(field)
}

/// Whether a post tells of one event, with a heading for each of its fields: when, and one more.
fn has_headings_of_fields(pieces: &[Piece]) -> bool {
    let found: Vec<shapes::Field> = (0..pieces.len())
        .filter(|n| matches!(pieces[*n].shape, Shape::Heading(_)) && !pieces[*n].quote)
        .filter_map(|n| field_below(pieces, n))
        .filter_map(|field| shapes::field(&field).map(|(f, _)| f))
        .collect();
    found.iter().filter(|f| **f == shapes::Field::Time).count() == 1 && found.len() > 1
}

/// Cuts the post at its headings.
pub(super) fn sections(pieces: &[Piece], title: &str, config: &DigestConfig, names: &Names) -> Vec<Section> {
    let mut sections: Vec<Section> = Vec::new();
    // Level, kind and whether its words told it, of the headings that are open.
    let mut open: Vec<(u8, SectionKind, bool)> = Vec::new();
    let nameless = |head: Head, from: usize| Section {
        kind: config.default,
        heading: String::new(),
        told: false,
        head,
        from,
        to: 0,
    };
    let mut current = nameless(Head::Post, 0);
    let banner = banner(pieces);
    // Level of the heading of a release that stands above.
    let mut release: Option<u8> = None;
    let repeated = LazyCell::new(|| item_headings(pieces, names));
    for (n, piece) in pieces.iter().enumerate() {
        let Some(level) = heading_level(pieces, n) else {
            continue;
        };
        // `### Bug fixes` below `### NAME 1.2` is part of it.
        if release.is_some_and(|own| level >= own && vocabulary::is_part_of_release(&piece.text, level > own)) {
            continue;
        }
        release = Some(level).filter(|l| *l <= 6 && shapes::release_head(piece, names, None).is_some());
        let heading = piece.text.trim_matches(['*', ' ', '#', ':', '：']).to_owned();
        let masthead = current.head == Head::Post && is_masthead(&heading, title);
        let is_banner = banner == Some(n) || !title.is_empty() && text::alike(&heading, title) || masthead;
        let word = if is_banner { None } else { vocabulary::section_kind(&heading, config) };
        let is_bold_line = level > 6;
        // `**A released B**` above its address is news, and no section of releases.
        let is_headline = is_bold_line
            && current.told
            && current.kind == SectionKind::News
            && pieces.get(n + 1).is_some_and(|p| lists::is_bare_link(p) && p.text.contains("://"));
        if is_bold_line
            && (word.is_none()
                || is_headline
                || current.kind == SectionKind::Releases && shapes::release_head(piece, names, None).is_some())
        {
            continue;
        }
        if is_item_heading(piece, word.is_some(), names)
            && !heads_a_list(pieces, n)
            && (!open.is_empty() || current.told || repeated.get(usize::from(level)).is_some_and(|count| *count > 1))
        {
            // What stands above it introduces the digest, and is none of its items; nor does a
            // section go on that has its text already, and is of its level.
            let is_next = current.head == Head::Heading
                && (matches!(current.kind, SectionKind::Events | SectionKind::Questions | SectionKind::Tasks)
                    || current.kind == SectionKind::Skip && release.is_some())
                && n > current.from + 1
                && open.last().is_some_and(|(l, ..)| level <= *l);
            if current.head == Head::Post || is_next {
                while is_next && open.last().is_some_and(|(l, ..)| *l >= level) {
                    open.pop();
                }
                current.to = n;
                sections.push(std::mem::replace(&mut current, nameless(Head::Item, n)));
            }
            continue;
        }
        while open.last().is_some_and(|(l, ..)| *l >= level) {
            open.pop();
        }
        // Below a section that is told, a question or a sentence is one of its items.
        if open.last().is_some_and(|(_, _, told)| *told) && !is_bold_line && is_sentence(&heading) {
            continue;
        }
        let inherited = open.iter().rev().find(|(_, _, told)| *told).map(|(_, kind, _)| *kind);
        // There a long heading with such a word in it is what happened, and no section.
        if inherited.is_some() && word.is_some() && !is_bold_line && vocabulary::is_in_passing(&heading) {
            continue;
        }
        // A heading without words of its own below one with words is part of that section.
        if let (None, Some(kind)) = (word, inherited)
            && current.told
            && current.kind == kind
            && kind != SectionKind::Skip
        {
            open.push((level, kind, true));
            continue;
        }
        let kind = word.or(inherited).unwrap_or(config.default);
        let told = word.is_some() || inherited.is_some();
        open.push((level, kind, told));
        current.to = n;
        let head = if is_banner { Head::Banner } else { Head::Heading };
        sections.push(std::mem::replace(&mut current, Section { kind, heading, told, head, from: n, to: 0 }));
    }
    current.to = pieces.len();
    sections.push(current);
    sections.retain(|s| s.from < s.to);
    sections
}

/// A single first-level heading above all others is the post's title, however it is worded.
fn banner(pieces: &[Piece]) -> Option<usize> {
    let headings: Vec<(usize, u8)> = pieces
        .iter()
        .enumerate()
        .filter_map(|(n, p)| match p.shape {
            Shape::Heading(level) => Some((n, level)),
            _ => None,
        })
        .collect();
    let (first, level) = *headings.first()?;
    (level == 1 && headings.len() > 1 && headings[1..].iter().all(|(_, l)| *l > 1)).then_some(first)
}

/// The first heading may be what the weekly is called: what the post's title begins with, too.
fn is_masthead(heading: &str, title: &str) -> bool {
    let name = text::fold(heading.split(['|', '｜', '·', '—', '–', '#']).next().unwrap_or(heading));
    name.chars().count() >= 4 && text::fold(title).starts_with(&name)
}

/// A question, a numbered title, a matter: not what a section is called.
fn is_sentence(heading: &str) -> bool {
    let lower = heading.to_lowercase();
    heading.ends_with(['?', '？', '。'])
        || shapes::question(heading).is_some()
        || shapes::without_ordinal(heading).1
        || ["关于", "如何", "为什么", "how ", "why ", "what ", "when "].iter().any(|w| lower.starts_with(w))
}

/// The level of a heading; a bold line of its own counts as the deepest.
fn heading_level(pieces: &[Piece], n: usize) -> Option<u8> {
    let piece = &pieces[n];
    match piece.shape {
        Shape::Heading(level) if !piece.quote && piece.list == 0 => Some(level),
        // `##Heading`: the blank was forgotten.
        Shape::Line if piece.text.starts_with("##") && piece.is_text() => {
            let level = piece.text.bytes().take_while(|b| *b == b'#').count();
            let rest = piece.text.trim_start_matches('#');
            let alone = n == 0 || pieces[n - 1].block != piece.block;
            let is_text = rest.starts_with(|c: char| c.is_alphabetic() || !c.is_ascii() && !c.is_whitespace());
            (alone && is_text && level <= 6 && text::columns(rest) <= 60).then(|| u8::try_from(level).unwrap_or(6))
        }
        // `社区动态：` above a list, in a post that has no headings at all.
        Shape::Line if piece.text.ends_with([':', '：']) && heads_without_mark(pieces, n) => Some(9),
        // `本周推荐阅读` alone in a paragraph, not even bold.
        Shape::Line
            if !piece.bold
                && piece.is_text()
                && piece.links.is_empty()
                && vocabulary::is_section_with_colon(&piece.text) =>
        {
            let alone = pieces.get(n + 1).is_none_or(|p| p.block != piece.block)
                && (n == 0 || pieces[n - 1].block != piece.block);
            alone.then_some(9)
        }
        Shape::Line if piece.bold && piece.is_text() && piece.links.is_empty() && piece.images == 0 => {
            let alone = pieces.get(n + 1).is_none_or(|p| p.block != piece.block)
                && (n == 0 || pieces[n - 1].block != piece.block);
            let short = text::columns(&piece.text) <= 40;
            let is_head = shapes::without_ordinal(&piece.text).1;
            let colon = piece.text.ends_with([':', '：'])
                && !piece.text.trim_end_matches([':', '：']).ends_with("如下")
                && !vocabulary::is_section_with_colon(&piece.text);
            let is_field = colon || shapes::field(&piece.text).is_some();
            (alone && short && !is_head && !is_field && shapes::asker(piece, false).is_none()).then_some(9)
        }
        _ => None,
    }
}

/// A short line that ends with a colon and has the word of a section, right above a list.
fn heads_without_mark(pieces: &[Piece], n: usize) -> bool {
    let piece = &pieces[n];
    !piece.quote
        && piece.list == 0
        && piece.links.is_empty()
        && text::columns(&piece.text) <= 30
        && (n == 0 || pieces[n - 1].block != piece.block)
        && pieces.get(n + 1).is_some_and(|p| p.list == 1)
        && vocabulary::has_word(&piece.text)
        && !around(pieces, n).iter().any(|p| matches!(p.shape, Shape::Heading(_)))
}

/// The pieces near piece `n`: no line of a long post has all of it looked through.
fn around(pieces: &[Piece], n: usize) -> &[Piece] {
    const NEAR: usize = 500;
    &pieces[n.saturating_sub(NEAR)..pieces.len().min(n + NEAR)]
}

/// `### [title](link)`, `### NAME v1.2`: a heading that is an item itself.
fn is_item_heading(piece: &Piece, has_word: bool, names: &Names) -> bool {
    let Shape::Heading(_) = piece.shape else {
        return false;
    };
    let linked = piece.links.first().is_some_and(|l| {
        !l.picture && places::is_page(&l.url) && text::columns(&l.text) * 2 >= text::columns(&piece.text)
    });
    let (_, numbered) = shapes::without_ordinal(&piece.text);
    let listing = linked && piece.links.first().is_some_and(|l| places::is_listing(&l.url));
    linked && !listing || numbered && !has_word || shapes::release_head(piece, names, None).is_some()
}

/// A linked heading above a list whose items are links, all of them: what the list is called.
/// Words that introduce the list may stand between.
pub(super) fn heads_a_list(pieces: &[Piece], n: usize) -> bool {
    let names_version = shapes::version(&pieces[n].text).is_some();
    let numbered = pieces[n].text.starts_with(|c: char| c.is_ascii_digit() || c == '#');
    let below: Vec<&Piece> =
        pieces[n + 1..].iter().take_while(|p| !matches!(p.shape, Shape::Heading(_) | Shape::Rule)).collect();
    let introduced = below.first().is_some_and(|p| {
        p.list == 0
            && p.shape == Shape::Line
            && p.links.is_empty()
            && p.text.ends_with([':', '：'])
            && !below.iter().flat_map(|p| &p.links).any(|l| places::is_change(&l.url))
    });
    let below = if introduced && below.len() > 2 { &below[1..] } else { &below[..] };
    let begins = |p: &Piece| {
        lists::first_link(p).is_some_and(|l| {
            text::columns(p.text.split(l.text.as_str()).next().unwrap_or("")) <= 24 && shapes::is_link_line(p)
        })
    };
    !names_version
        && !numbered
        && !below.is_empty()
        && below.iter().all(|p| p.list > 0)
        && below.iter().filter(|p| p.list == 1).all(|p| begins(p))
}

/// How many headings of each level are items themselves.
fn item_headings(pieces: &[Piece], names: &Names) -> [usize; 7] {
    let mut counts = [0; 7];
    for piece in pieces {
        if let Shape::Heading(level) = piece.shape
            && is_item_heading(piece, false, names)
            && let Some(count) = counts.get_mut(usize::from(level))
        {
            *count += 1;
        }
    }
    counts
}

/// For each piece the headings above it, outermost first. A site's own banner
/// heading is one of them; what it is worth is decided elsewhere.
pub(super) fn heading_paths(pieces: &[Piece], sections: &[Section]) -> Vec<Vec<String>> {
    let banner = banner(pieces);
    let mut open: Vec<(u8, String)> = Vec::new();
    let begins: HashSet<usize> = sections.iter().filter(|s| !s.heading.is_empty()).map(|s| s.from).collect();
    let mut paths = Vec::with_capacity(pieces.len());
    for (n, piece) in pieces.iter().enumerate() {
        let starts_section = begins.contains(&n);
        let level = match piece.shape {
            Shape::Heading(_) if banner == Some(n) => None,
            Shape::Heading(level) if !piece.quote => Some(level),
            Shape::Line if starts_section => heading_level(pieces, n).or(Some(9)),
            _ => None,
        };
        if let Some(level) = level {
            while open.last().is_some_and(|(l, _)| *l >= level) {
                open.pop();
            }
            open.push((level, piece.text.trim_matches(['*', ' ']).to_owned()));
        }
        paths.push(open.iter().map(|(_, t)| t.clone()).collect());
    }
    paths
}
