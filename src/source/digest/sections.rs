//! Where a digest is cut: its headings, and bold lines used as headings.
//!
//! What this module refuses: headings that are items themselves (`### [title](…)`,
//! `### NAME 1.2`), the repeated title of the post, and sentences below a heading that told
//! already what follows. It does not look at what stands in a section beyond that.

use std::cell::LazyCell;
use std::collections::{HashMap, HashSet};

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
    // Level of the headings that ask, where the words of none above say that questions follow.
    let mut asking: Option<u8> = None;
    let repeated = LazyCell::new(|| item_headings(pieces, names));
    let told_among = told_among(pieces, names, config);
    for (n, piece) in pieces.iter().enumerate() {
        let Some(level) = heading_level(pieces, n) else {
            continue;
        };
        // `### Bug fixes` below `### NAME 1.2` is part of it.
        if release.is_some_and(|own| level >= own && vocabulary::is_part_of_release(&piece.text, level > own)) {
            continue;
        }
        // So is `**Release date: May 21**`, which is no word for a section and no more.
        if level > 6 && release.is_some() && vocabulary::names_more(&piece.text, names) {
            continue;
        }
        release = Some(level).filter(|l| *l <= 6 && shapes::release_head(piece, names, None).is_some());
        // `### Q: How do I …?`; what stands below a lower heading is part of the answer.
        let asks = (2..=6).contains(&level) && asks(&piece.text);
        let is_section = || vocabulary::has_word(&piece.text) && !vocabulary::names_more(&piece.text, names);
        if asking.is_some_and(|own| level > own && !is_section() || level == own && asks) {
            continue;
        }
        let goes_on = asking.take().is_some();
        if asks && !open.iter().any(|(l, kind, told)| *told && *l < level && *kind == SectionKind::Questions) {
            while open.last().is_some_and(|(l, ..)| *l >= level) {
                open.pop();
            }
            let section = Section { kind: SectionKind::Questions, told: true, ..nameless(Head::Item, n) };
            asking = Some(level);
            current.to = n;
            sections.push(std::mem::replace(&mut current, section));
            continue;
        }
        let heading = piece.text.trim_matches(['*', ' ', '#', ':', '：']).to_owned();
        let masthead = current.head == Head::Post && is_masthead(&heading, title);
        let is_banner = banner == Some(n) || !title.is_empty() && text::alike(&heading, title) || masthead;
        let word = vocabulary::section_kind(&heading, config);
        // `# FAQ` above headings that ask is no name of the weekly.
        let asks_below = || word == Some(SectionKind::Questions) && !masthead && !text::alike(&heading, title);
        let word = word.filter(|_| !is_banner || asks_below());
        // What is on at a time is an event, whatever else is on.
        let dated = || {
            let below = pieces[n + 1..].iter().take(NEAR).take_while(|p| !p.is_heading());
            below.into_iter().any(|p| shapes::day_in(&p.text).is_some())
        };
        let word = if vocabulary::is_programme(&heading) && dated() { Some(SectionKind::Events) } else { word };
        // One of several things told below a heading, which has such a word in its title.
        let word = word.filter(|_| !told_among.contains(&n));
        // Who is new is told with what they did.
        let word = word.filter(|kind| *kind != SectionKind::Skip || !holds_patches(pieces, n));
        let is_bold_line = level > 6;
        // `**A released B**` above its address is news, and no section of releases.
        let is_headline = is_bold_line
            && current.told
            && current.kind == SectionKind::News
            && pieces.get(n + 1).is_some_and(lists::is_address);
        if is_bold_line
            && (word.is_none()
                || is_headline
                || current.kind == SectionKind::Releases && shapes::release_head(piece, names, None).is_some())
        {
            continue;
        }
        if is_item_heading(piece, word.is_some(), names)
            && !heads_a_list(pieces, n)
            && !(word.is_some() && is_linked_word(pieces, n, names))
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
        // Behind questions the section above them goes on.
        if let (true, None, Some(kind)) = (goes_on, word, inherited) {
            open.push((level, kind, true));
            current.to = n;
            let section = Section { kind, told: true, ..nameless(Head::Item, n) };
            sections.push(std::mem::replace(&mut current, section));
            continue;
        }
        // There a long heading with such a word in it is what happened, and no section.
        if inherited.is_some() && word.is_some() && !is_bold_line && vocabulary::is_in_passing(&heading) {
            continue;
        }
        // An event is called one below a heading for events, too.
        let is_event = word == Some(SectionKind::Events) && vocabulary::names_more(&heading, names);
        let word = word.filter(|_| inherited != Some(SectionKind::Events) || !is_event);
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

/// Whether a heading says by a word in front that it asks. `Q3: what we did` is of a quarter, and `问题`
/// may be a problem: those need their mark.
fn asks(heading: &str) -> bool {
    let asked = shapes::question(heading).filter(|asked| !asked.is_empty());
    let plain = shapes::without_ordinal(heading).0;
    let unsure = plain.starts_with("问题")
        || plain.strip_prefix(['Q', 'q']).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    asked.is_some() && (!unsure || heading.contains(['?', '？']))
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
            let is_text =
                rest.starts_with(|c: char| c.is_alphabetic() || c == '[' || !c.is_ascii() && !c.is_whitespace());
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
        // `**阅读原文**` above an address.
        Shape::Line if shapes::leads_to_original(&piece.text) => None,
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
        && !around(pieces, n).iter().any(|p| p.is_heading())
}

/// So many pieces away is far.
const NEAR: usize = 500;

/// The pieces near piece `n`: no line of a long post has all of it looked through.
fn around(pieces: &[Piece], n: usize) -> &[Piece] {
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

/// Whether a heading that is a link has the words of a section and no others, and what is linked
/// below it is what it holds: `## [Upcoming events](…)`.
pub(super) fn is_linked_word(pieces: &[Piece], n: usize, names: &Names) -> bool {
    let piece = &pieces[n];
    let below = || pieces[n + 1..].iter().take_while(|p| !matches!(p.shape, Shape::Heading(_) | Shape::Rule));
    piece.is_heading()
        && piece.links.iter().any(|l| !l.picture)
        && vocabulary::has_word(&piece.text)
        && !vocabulary::names_more(&piece.text, names)
        && below().take(NEAR).any(|p| p.list > 0 && lists::first_link(p).is_some())
}

/// Whether a list of changes, each with what it does, stands below a heading.
fn holds_patches(pieces: &[Piece], n: usize) -> bool {
    let below = pieces[n + 1..].iter().take(NEAR).take_while(|p| !matches!(p.shape, Shape::Heading(_) | Shape::Rule));
    let mut bullets = below.filter(|p| p.list == 1).peekable();
    let is_patch = |p: &Piece| {
        lists::first_link(p).is_some_and(|l| {
            places::is_patch(&l.url) && text::columns(&l.text) >= 16 && l.text.split_whitespace().count() > 2
        })
    };
    bullets.peek().is_some() && bullets.all(is_patch)
}

/// What stands below a heading that may be a thing told among others.
struct Told {
    at: usize,
    /// Its level, and the heading of a lower level it stands below.
    group: (u8, usize),
    word: Option<SectionKind>,
    /// The address of what is told stands right below it.
    addressed: bool,
    /// It says more than the words of a section.
    says_more: bool,
    /// A day is told with it.
    dated: bool,
}

/// Headings with the word of a section in them that are titles all the same: of what is told below
/// them, as others of their level tell it. An address right below each of several, which would be
/// sections of different kinds; or a paragraph with a link, where others of them have no such word.
fn told_among(pieces: &[Piece], names: &Names, config: &DigestConfig) -> HashSet<usize> {
    let told = told_headings(pieces, names, config);
    let mut groups: HashMap<(u8, usize), Vec<&Told>> = HashMap::new();
    for one in &told {
        groups.entry(one.group).or_default().push(one);
    }
    let mut among = HashSet::new();
    for group in groups.values() {
        let addressed: Vec<&&Told> = group.iter().filter(|t| t.addressed).collect();
        let differ = addressed.windows(2).any(|two| two[0].word != two[1].word);
        let plain = group.iter().filter(|t| t.word.is_none()).count();
        let worded = group.len() - plain;
        let is_title = |t: &Told| {
            let kind_fits = match t.word {
                Some(SectionKind::Articles) => true,
                Some(SectionKind::Events) => t.addressed && !t.dated,
                // What is to be done stands there itself.
                Some(SectionKind::Tasks) => false,
                _ => t.addressed,
            };
            let beside = plain > 0 && plain * 2 >= worded;
            t.word.is_some() && t.says_more && kind_fits && (t.addressed && differ || beside)
        };
        among.extend(group.iter().filter(|t| is_title(t)).map(|t| t.at));
    }
    among
}

/// Headings with an address, or with a paragraph that has a link, below them, and nothing else.
fn told_headings(pieces: &[Piece], names: &Names, config: &DigestConfig) -> Vec<Told> {
    const SAYS: usize = 12;
    let mut told = Vec::new();
    let mut open: Vec<(u8, usize)> = Vec::new();
    let is_head = |p: &Piece| p.is_heading() && !p.quote && p.list == 0;
    let heads: Vec<usize> = (0..pieces.len()).filter(|n| is_head(&pieces[*n])).collect();
    for (k, n) in heads.iter().copied().enumerate() {
        let Shape::Heading(level) = pieces[n].shape else { continue };
        open.retain(|(l, _)| *l < level);
        let parent = open.last().map(|(_, at)| *at);
        open.push((level, n));
        let to = heads.get(k + 1).copied().unwrap_or(pieces.len());
        let contains =
            heads.get(k + 1).is_some_and(|m| matches!(pieces[*m].shape, Shape::Heading(next) if next > level));
        let Some(parent) = parent.filter(|_| !contains && pieces[n].links.is_empty()) else { continue };
        let below = &pieces[n + 1..to];
        let linked: Vec<&Piece> = below.iter().filter(|p| lists::first_link(p).is_some()).collect();
        let addressed = below.first().is_some_and(lists::is_address);
        let is_prose = below.iter().all(|p| p.is_text() || p.text.is_empty());
        let one = linked.first().is_some_and(|first| linked.iter().all(|p| p.block == first.block));
        if !(addressed || is_prose && one) {
            continue;
        }
        // What names a release is one.
        let is_release = shapes::release_head(&pieces[n], names, None).is_some();
        let text = &pieces[n].text;
        let set = config.sections.iter().any(|r| r.heading.is_match(text));
        told.push(Told {
            at: n,
            group: (level, parent),
            word: vocabulary::section_kind(text, config),
            addressed,
            says_more: !set && !is_release && text::columns(text) >= SAYS && vocabulary::names_more(text, names),
            dated: shapes::day_in(text).is_some() || below.iter().any(|p| shapes::day_in(&p.text).is_some()),
        });
    }
    told
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
