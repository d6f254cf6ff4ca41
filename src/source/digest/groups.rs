//! Headings that only group others, and what is told below them without a link.
//!
//! An essay has headings, too: nothing here looks at a post in which no heading of that level is
//! an item already.

use std::collections::HashSet;

use super::sections::{Head, Section};
use super::{Item, shapes, vocabulary};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::names::Names;
use crate::normalize::text;
use crate::source::markdown::{Piece, Shape};

/// What is told in a digest without a link is shorter.
const ESSAY_COLUMNS: usize = 600;

/// Headings with a text that has no link, below a heading that only groups them: news each. What
/// a group is called tells nothing, so they are what the digest tells.
pub(super) fn told_below(
    pieces: &[Piece],
    sections: &[Section],
    paths: &[Vec<String>],
    names: &Names,
    items: &mut Vec<Item>,
    used: &mut [bool],
) {
    let level = |section: &Section| match pieces[section.from].shape {
        Shape::Heading(level) if section.head == Head::Heading => Some(level),
        _ => None,
    };
    let is_open = |section: &Section| section.kind == SectionKind::Items && !section.told;
    let mut group: Option<u8> = None;
    let lines: HashSet<usize> = items.iter().map(|i| i.line).collect();
    let heads = pieces.iter().filter(|p| lines.contains(&p.line)).map(|p| p.shape);
    let told_levels: HashSet<u8> =
        heads.filter_map(|s| if let Shape::Heading(level) = s { Some(level) } else { None }).collect();
    for section in sections {
        let Some(own) = level(section) else {
            group = None;
            continue;
        };
        let is_heading = |n: &usize| matches!(pieces[*n].shape, Shape::Heading(_) | Shape::Rule);
        let below = section.from + 1..(section.from + 1..section.to).find(is_heading).unwrap_or(section.to);
        let is_group = is_open(section)
            && below.clone().all(|n| pieces[n].text.is_empty() && pieces[n].images == 0)
            && !vocabulary::is_frame(&section.heading);
        if is_group {
            group = Some(own);
            continue;
        }
        if group.is_none_or(|group| own <= group) {
            group = None;
            continue;
        }
        let (title, _) = shapes::without_ordinal(&section.heading);
        let told: usize = below.clone().map(|n| text::columns(&pieces[n].text)).sum();
        let plain = below
            .clone()
            .all(|n| !used[n] && pieces[n].links.is_empty() && !matches!(pieces[n].shape, Shape::Table | Shape::Html));
        let says = text::columns(title) >= 8
            && !title.starts_with(|c: char| c.is_ascii_digit())
            && !shapes::is_generic(title)
            && !vocabulary::is_frame(title)
            && !vocabulary::is_around(title)
            && !vocabulary::is_part_of_release(title, true)
            && !names.is_name(title);
        let none = || below.clone().any(|n| shapes::is_credit(&pieces[n].text, false));
        // An essay has headings, too: one of these stands beside what is told with a link.
        let beside = || told_levels.contains(&own);
        let short = (16..=ESSAY_COLUMNS).contains(&told);
        if is_open(section) && plain && says && short && pieces[section.from].links.is_empty() && beside() && !none() {
            let mut item = Item::new(Kind::News, title, pieces[section.from].line);
            item.ranges = vec![(pieces[below.start].line, pieces[below.end - 1].end_line)];
            item.headings = paths.get(section.from).cloned().unwrap_or_default();
            used[section.from..below.end].fill(true);
            items.push(item);
        }
    }
}
