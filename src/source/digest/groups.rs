//! Headings that only group others, and what is told below them without a link.
//!
//! An essay has headings, too: where a heading of that level stands above more than a digest
//! says, or above links, none of them is an item for being one.

use std::collections::{HashMap, HashSet};

use super::sections::{Head, Section};
use super::{Item, shapes, vocabulary};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::names::Names;
use crate::normalize::text;
use crate::source::markdown::{Piece, Shape};

/// What is told in a digest without a link is shorter.
const ESSAY_COLUMNS: usize = 1000;

/// Headings with a text that has no link: news each, where headings of their level are what the
/// digest tells. They are when others of that level are items; below a heading that only groups
/// them; and in what calls itself a digest, where none of its level is anything else.
pub(super) fn told_below(
    pieces: &[Piece],
    sections: &[Section],
    paths: &[Vec<String>],
    names: &Names,
    items: &mut Vec<Item>,
    used: &mut [bool],
    is_digest: bool,
) {
    let levels = levels(pieces, sections, items, used, names);
    let mut group: Option<u8> = None;
    for section in sections {
        let Some(own) = level(pieces, section) else {
            group = None;
            continue;
        };
        let below = below(pieces, section);
        let is_group = is_open(section, names)
            && below.clone().all(|n| pieces[n].text.is_empty() && pieces[n].images == 0)
            && !vocabulary::is_frame(&section.heading);
        if is_group {
            group = Some(own);
            continue;
        }
        group = group.filter(|group| own > *group);
        let Some(told) = levels.get(&own) else { continue };
        // An essay has headings, too: one of these stands beside what is told with a link.
        let most = is_digest && told.items > 0 && told.plain > 1 && told.others * 2 <= told.plain;
        let beside = told.items > 1 || told.items > 0 && group.is_some();
        let alone = most || is_digest && told.items == 0 && told.plain > 1 && told.others * 2 <= told.plain;
        if !(beside || alone) || !is_plain(pieces, section, names, used) || !may_be_told(pieces, section, names) {
            continue;
        }
        let Some(title) = title(pieces, section, names).filter(|_| alone || says(section, names)) else { continue };
        let mut item = Item::new(Kind::News, title, pieces[section.from].line);
        item.ranges = vec![(pieces[below.start].line, pieces[below.end - 1].end_line)];
        item.headings = paths.get(section.from).cloned().unwrap_or_default();
        used[section.from..below.end].fill(true);
        items.push(item);
    }
}

/// What headings of one level are, in sections whose words tell nothing.
#[derive(Default)]
struct Level {
    /// Items.
    items: usize,
    /// Headings above a short text without a link.
    plain: usize,
    /// Others with a text.
    others: usize,
}

fn levels(pieces: &[Piece], sections: &[Section], items: &[Item], used: &[bool], names: &Names) -> HashMap<u8, Level> {
    let mut levels: HashMap<u8, Level> = HashMap::new();
    let lines: HashSet<usize> = items.iter().map(|i| i.line).collect();
    for piece in pieces.iter().filter(|p| lines.contains(&p.line)) {
        if let Shape::Heading(level) = piece.shape {
            levels.entry(level).or_default().items += 1;
        }
    }
    for section in sections.iter().filter(|s| is_open(s, names)) {
        let Some(own) = level(pieces, section) else { continue };
        let level = levels.entry(own).or_default();
        let has_text = below(pieces, section).any(|n| !pieces[n].text.is_empty());
        let is_item = lines.contains(&pieces[section.from].line);
        if is_plain(pieces, section, names, used) && may_be_told(pieces, section, names) {
            level.plain += 1;
        } else if has_text && !is_item && !vocabulary::is_frame(&section.heading) {
            level.others += 1;
        }
    }
    levels
}

fn level(pieces: &[Piece], section: &Section) -> Option<u8> {
    match pieces[section.from].shape {
        Shape::Heading(level) if section.head == Head::Heading => Some(level),
        _ => None,
    }
}

/// Whether the words of a section tell nothing, or it says more than what they tell:
/// `Tutorial: how to trim a wick`.
fn is_open(section: &Section, names: &Names) -> bool {
    let says_more = || vocabulary::has_word(&section.heading) && vocabulary::names_more(&section.heading, names);
    match section.kind {
        SectionKind::Items => !section.told,
        SectionKind::Articles | SectionKind::News => says_more(),
        SectionKind::Questions
        | SectionKind::Releases
        | SectionKind::Tasks
        | SectionKind::Events
        | SectionKind::Skip => false,
    }
}

/// What stands right below the heading of a section.
fn below(pieces: &[Piece], section: &Section) -> std::ops::Range<usize> {
    let is_heading = |n: &usize| matches!(pieces[*n].shape, Shape::Heading(_) | Shape::Rule);
    section.from + 1..(section.from + 1..section.to).find(is_heading).unwrap_or(section.to)
}

/// Whether a short text without a link stands below a heading without one, and nothing made an
/// item of it.
fn is_plain(pieces: &[Piece], section: &Section, names: &Names, used: &[bool]) -> bool {
    let below = below(pieces, section);
    let told: usize = below.clone().map(|n| text::columns(&pieces[n].text)).sum();
    is_open(section, names)
        && (16..=ESSAY_COLUMNS).contains(&told)
        && pieces[section.from].links.is_empty()
        && !pieces[below.end - 1].text.ends_with([':', '：'])
        && below.clone().all(|n| {
            !used[n]
                && pieces[n].links.iter().all(|l| l.picture)
                && !matches!(pieces[n].shape, Shape::Table | Shape::Code)
                && (pieces[n].shape != Shape::Html || pieces[n].text.is_empty())
                && !shapes::is_credit(&pieces[n].text, false)
                && !vocabulary::speaks_of_the_digest(&pieces[n].text)
        })
}

/// Whether a heading may be what is told: no word for what stands around a digest.
fn may_be_told(pieces: &[Piece], section: &Section, names: &Names) -> bool {
    let (title, _) = shapes::without_ordinal(&section.heading);
    title.contains(char::is_alphabetic)
        && !title.starts_with(|c: char| c.is_ascii_digit())
        && (names.is_name(title) || !shapes::is_generic(title))
        && !vocabulary::is_frame(title)
        && !vocabulary::is_contents(title)
        && !vocabulary::is_around(title)
        && !vocabulary::is_part_of_release(title, true)
        && pieces[section.from].images == 0
}

/// Whether a heading says enough to be a title, and is no project's name.
fn says(section: &Section, names: &Names) -> bool {
    let (title, _) = shapes::without_ordinal(&section.heading);
    text::columns(title) >= 8 && !names.is_name(title)
}

/// The heading, with the first sentence below it where it is a word or two.
fn title(pieces: &[Piece], section: &Section, names: &Names) -> Option<String> {
    let (heading, _) = shapes::without_ordinal(&section.heading);
    if says(section, names) && heading.contains(' ') || text::columns(heading) >= 16 {
        return Some(heading.to_owned());
    }
    let first = below(pieces, section).map(|n| pieces[n].text.as_str()).find(|t| !t.is_empty())?;
    let sentence = text::first_sentence(shapes::without_ordinal(first).0);
    let colon = if sentence.is_ascii() { ": " } else { "：" };
    Some(format!("{heading}{colon}{sentence}"))
}
