//! Where an item of a list begins and ends: bullets, headings, numbered titles, lines.
//!
//! What an item is called and whether it is one at all is not asked here.

use super::stories::story_end;
use super::taking::words_before_reference;
use super::titles::title_above;
use super::{first_link, is_address, is_bare_link, is_link, is_menu, is_noted_link, says_nothing};
use crate::config::SectionKind;
use crate::normalize::text;
use crate::source::digest::sections::is_linked_word;
use crate::source::digest::vocabulary::{closes, is_part_of_release};
use crate::source::digest::{Scope, heads_a_list, places, shapes};
use crate::source::markdown::{LinkRef, Piece, Shape};

/// A stretch of pieces that may be one item.
pub(super) struct Unit {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// An item of a list, with everything below it.
    Bullet,
    /// A heading and the text below it.
    Heading,
    /// A heading that is no link, and the text below it that has one.
    Story,
    /// `1、title` or a bold title, and the paragraphs below it.
    Numbered,
    /// A line of a paragraph.
    Line,
}

pub(super) fn units(scope: &Scope<'_>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut n = scope.section.from;
    let start = n;
    // A list that somebody is quoted with is what they say.
    let is_quoted = |p: &Piece| p.quote || p.is_heading() || p.text.is_empty();
    let all_quoted = scope.range().all(|n| is_quoted(&scope.pieces[n]));
    while n < scope.section.to {
        let piece = &scope.pieces[n];
        if piece.list > 0 && piece.quote && !all_quoted && is_said(scope, n) {
            n += 1;
            continue;
        }
        // `To contribute, read these first:`, and a list.
        if piece.list > 0 && n > start && scope.pieces[n - 1].list == 0 && invites_with_list(scope, n - 1) {
            n = (n..scope.section.to).find(|m| scope.pieces[*m].list == 0).unwrap_or(scope.section.to);
            continue;
        }
        let is_section_heading = n == start && !scope.section.heading.is_empty();
        let names_list = || {
            places::is_listing(&piece.links[0].url)
                || heads_a_list(scope.pieces, n)
                || is_linked_word(scope.pieces, n, scope.names)
                || heads_linked_bullets(scope, n)
                || names_who_lists(scope, n)
                || heads_a_table(scope, n)
        };
        let is_linked = piece.is_heading() && !piece.links.is_empty() && !names_list();
        if let Some(to) = story_end(scope, n) {
            units.push(Unit { from: n, to, form: Form::Story });
            n = to;
            continue;
        }
        if is_section_heading && !is_linked {
            n += 1;
            continue;
        }
        let (to, form) = if piece.list > 0 {
            let to = (n..scope.section.to)
                .find(|m| scope.pieces[*m].list == 0 || scope.pieces[*m].top != piece.top)
                .unwrap_or(scope.section.to);
            (end_of_text_below(scope, n, to), Form::Bullet)
        } else if let Shape::Heading(level) = piece.shape {
            let has_link = piece.links.iter().any(|l| !l.picture);
            let numbered = shapes::without_ordinal(&piece.text).1;
            let is_release = shapes::release_head(piece, scope.names, None).is_some();
            let titled = numbered || has_link && is_linked || is_release;
            if !titled {
                n += 1;
                continue;
            }
            let to = (n + 1..scope.section.to)
                .find(|m| {
                    let Shape::Heading(other) = scope.pieces[*m].shape else { return false };
                    let is_part = || is_release && is_part_of_release(&scope.pieces[*m].text, false);
                    other < level || other == level && !is_part()
                })
                .unwrap_or(scope.section.to);
            let to = if has_link && !is_release { end_of_told(scope, n, to) } else { to };
            (to, Form::Heading)
        } else if is_title_line(scope, n) {
            // Numbers on the lines of one paragraph: the last of them ends with it.
            let counted = is_counted(scope, n);
            let (_, numbered) = shapes::without_ordinal(&piece.text);
            let to = (n + 1..scope.section.to)
                .find(|m| {
                    is_title_line(scope, *m)
                        || counted && scope.pieces[*m].block != piece.block
                        || !numbered && scope.pieces[*m].block != piece.block && is_bare_link(&scope.pieces[*m])
                        || is_number(&scope.pieces[*m])
                        || is_menu(&scope.pieces[*m])
                        || matches!(scope.pieces[*m].shape, Shape::Heading(_) | Shape::Rule)
                        || scope.pieces[*m].list > 0 && !scope.pieces[*m].links.is_empty()
                        || is_bare_link(&scope.pieces[*m]) && !piece.links.is_empty()
                })
                .unwrap_or(scope.section.to);
            (to, Form::Numbered)
        } else {
            let own = |m: &usize| scope.at(*m).is_some_and(|p| p.block == piece.block);
            let to = match () {
                () if is_bare_link(piece) => end_of_description(scope, n + 1),
                // What is told there stands in its own paragraph.
                () if is_noted_link(piece) => {
                    (n + 1..end_of_description(scope, n + 1)).take_while(own).last().map_or(n + 1, |last| last + 1)
                }
                () => n + 1,
            };
            (to, Form::Line)
        };
        units.push(Unit { from: n, to, form });
        n = to;
    }
    units
}

/// Whether a quoted line stands in a quotation with running text: what somebody says. What introduces a
/// list, and `[!NOTE]`, is none.
fn is_said(scope: &Scope<'_>, n: usize) -> bool {
    const NEAR: usize = 64;
    let quoted = |p: &&Piece| p.quote;
    let above = scope.pieces[scope.section.from..n].iter().rev().take(NEAR).take_while(quoted);
    let below = scope.pieces[n..scope.section.to].iter().take(NEAR).take_while(quoted);
    let says = |p: &Piece| p.list == 0 && text::columns(&p.text) >= 40 && !p.text.ends_with([':', '：']);
    // `> Here is what one does:` above steps.
    let introduces = |p: &Piece| p.list == 0 && !p.text.is_empty() && !p.text.starts_with("[!");
    let is_step = !super::opens_with_link(&scope.pieces[n]);
    above.chain(below).any(|p| says(p) || is_step && introduces(p))
}

/// Behind what is told below a linked heading: where several paragraphs open with the name of something
/// and say what it is (`[Oil 3.1](…) – a lamp`), these tell of other things.
fn end_of_told(scope: &Scope<'_>, n: usize, to: usize) -> usize {
    let opens_one = |m: &usize| {
        let piece = &scope.pieces[*m];
        let Some(link) = first_link(piece).filter(|l| !says_nothing(&l.text)) else { return false };
        let Some((before, behind)) = piece.text.split_once(link.text.as_str()) else { return false };
        let is_described = behind.chars().filter(|c| c.is_alphanumeric()).count() >= 4;
        piece.is_text()
            && piece.block != scope.pieces[*m - 1].block
            && !before.contains(char::is_alphanumeric)
            && text::columns(&link.text) >= 6
            && (is_described || shapes::version(&link.text).is_some())
            && shapes::is_link_line(piece)
    };
    let mut others = (n + 1..to).filter(opens_one);
    // One or two of them go on with what the heading tells.
    let first = others.next().filter(|first| *first > n + 1 && others.nth(1).is_some());
    first.unwrap_or(to)
}

/// Whether rows of a table that lead somewhere stand right below a heading.
fn heads_a_table(scope: &Scope<'_>, n: usize) -> bool {
    const NEAR: usize = 8;
    let rows = scope.pieces[n + 1..scope.section.to].iter().take(NEAR).take_while(|p| p.shape == Shape::Table);
    rows.filter(|p| !p.bold).any(|p| p.links.iter().any(|l| !l.picture))
}

/// `## [@ann](…)`, and headings or linked bullets below it: who tells them.
fn names_who_lists(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let below = || scope.pieces[n + 1..scope.section.to].iter().take_while(|p| p.shape != piece.shape);
    let is_person = piece.links.iter().all(|l| places::is_person(l) || l.text.starts_with('@'));
    let linked = || below().filter(|p| p.list == 1 && first_link(p).is_some()).take(2).count() > 1;
    is_person && (linked() || below().any(|p| p.is_heading()))
}

/// Whether the link of a heading is only named in brackets behind its words, and several bullets below
/// have links of their own.
fn heads_linked_bullets(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let Some(link) = first_link(piece) else { return false };
    let below = scope.pieces[n + 1..scope.section.to].iter();
    let below = below.take_while(|p| !p.is_heading());
    words_before_reference(&piece.text, &link).is_some()
        && below.filter(|p| p.list == 1 && first_link(p).is_some()).take(2).count() > 1
}

/// Behind the paragraphs below a bullet that is nothing but a link, where one bullet and its text
/// follow each other. They are no part of its list item, though they were meant to be.
fn end_of_text_below(scope: &Scope<'_>, n: usize, to: usize) -> usize {
    let is_title = |n: usize| {
        scope.at(n).is_some_and(|p| p.list == 1 && p.links.len() == 1 && text::same(&p.links[0].text, &p.text))
    };
    let told = |from: usize| {
        (from..scope.section.to).take_while(|m| {
            let piece = &scope.pieces[*m];
            piece.is_text() && piece.links.is_empty() && piece.images == 0 && !piece.text.ends_with([':', '：'])
        })
    };
    let end = told(to).last().map_or(to, |last| last + 1);
    // Where a line stands above the first of them, such lines are what those below are called.
    let first = (scope.section.from + 1..=n).find(|m| scope.pieces[*m].list > 0).unwrap_or(n);
    let headed = first > scope.section.from + 1;
    let closes = || scope.at(to).is_some_and(|p| text::columns(&p.text) < 24 || closes(&p.text));
    let repeats = || is_title(end) || end == scope.section.to && first < n && !closes();
    if is_title(n) && to == n + 1 && end > to && !headed && repeats() { end } else { to }
}

/// Behind the paragraphs below a title that describe it: plain text, no calls, no labels.
pub(super) fn end_of_description(scope: &Scope<'_>, from: usize) -> usize {
    // Titles stand above their addresses here: the next one begins with what stands above it.
    let title_first = title_above(scope, from - 1).is_some();
    let describes = |n: &usize| {
        let p = &scope.pieces[*n];
        let quoted = |p: &Piece| p.quote && is_link(p) && p.text.contains("://");
        // `阅读原文` may stand between a title and its address.
        let leads = scope.at(n + 1).is_some_and(|p| shapes::leads_to_original(&p.text));
        let below = scope.at(n + 1 + usize::from(leads));
        if title_first && below.is_some_and(is_address) || scope.at(n + 1).is_some_and(quoted) {
            return false;
        }
        let call = ["扫码", "关注", "公众号", "subscribe"].iter().any(|w| p.text.to_lowercase().contains(w));
        let heads = p.bold && scope.at(n + 1).is_none_or(|q| q.block != p.block || is_bare_link(q));
        let plain = p.is_text() && p.images == 0 && !heads && !call;
        let introduces = p.text.ends_with([':', '：']) && scope.at(n + 1).is_some_and(is_bare_link);
        plain
            && !introduces
            && !shapes::is_link_line(p)
            && text::columns(&p.text) >= 8
            && shapes::label(p, scope.names).is_none()
    };
    (from..scope.section.to).take(4).take_while(describes).last().map_or(from, |n| n + 1)
}

/// `3、` alone in a paragraph: what follows belongs to the next item.
fn is_number(piece: &Piece) -> bool {
    let (rest, numbered) = shapes::without_ordinal(&piece.text);
    piece.shape == Shape::Line && piece.list == 0 && numbered && rest.is_empty()
}

/// `1、[title](link)`, `**2. title**`, with no other line above it in its paragraph but the one that
/// is numbered before it; `**title**` above its address.
pub(super) fn is_title_line(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    if !piece.is_text() || !opens_number(scope, n) {
        return false;
    }
    let (rest, numbered) = shapes::without_ordinal(&piece.text);
    let begins_with_link =
        || piece.links.iter().any(|l| !l.picture && !l.text.is_empty() && rest.starts_with(l.text.as_str()));
    let is_linked = |p: &Piece| p.links.iter().any(|l| !l.picture);
    let next = || scope.at(n + 1).filter(|p| p.block == piece.block && is_bare_link(p));
    let linked_below = || next().is_some();
    let addressed = || piece.bold && (next().is_some_and(|p| p.text.contains("://")) || is_described(scope, n));
    (numbered || addressed())
        && !rest.is_empty()
        && (text::columns(rest) <= 160 || begins_with_link() || is_linked(piece) && is_counted(scope, n))
        && (piece.bold || is_linked(piece) || linked_below())
}

/// Whether a few lines of words, and the address of what they describe, stand below a line in its
/// paragraph.
fn is_described(scope: &Scope<'_>, n: usize) -> bool {
    const MOST_LINES: usize = 4;
    let own = |m: usize| scope.at(m).filter(|p| p.block == scope.pieces[n].block);
    let address = (n + 1..=n + MOST_LINES).map_while(own).find(|p| !p.links.is_empty());
    scope.pieces[n].links.is_empty() && address.is_some_and(is_address)
}

/// Whether an item may begin with the number of that line: it is the first of its paragraph, or
/// one of those that are counted in it (`1.…` newline `2.…`).
fn opens_number(scope: &Scope<'_>, n: usize) -> bool {
    n == 0 || scope.pieces[n - 1].block != scope.pieces[n].block || is_counted(scope, n)
}

/// Whether the lines of a paragraph count, with that one among them: from its first line, or from
/// the one that introduces them. Steps and features below an item count, too, and are part of it.
pub(in crate::source::digest) fn is_counted(scope: &Scope<'_>, n: usize) -> bool {
    const MOST_LINES: usize = 64;
    let pieces = scope.pieces;
    let number = |p: &Piece| shapes::ordinal(&p.text).filter(|_| p.is_text());
    let Some(own) = number(&pieces[n]) else { return false };
    let same = |p: &&Piece| p.block == pieces[n].block;
    let begin = n - pieces[..n].iter().rev().take(MOST_LINES).take_while(same).count();
    let lines = || pieces[begin..].iter().take(2 * MOST_LINES).take_while(same);
    let Some(first) = lines().take(2).position(|p| number(p).is_some()) else { return false };
    let mut numbers = lines().filter_map(number).peekable();
    let from = numbers.peek().copied().unwrap_or(own);
    let counts = numbers.clone().count() > 1 && numbers.enumerate().all(|(k, number)| number == from + k);
    // `**1. title**` and, below it, `1、` once more: those are its own.
    let open = pieces[scope.section.from..begin]
        .iter()
        .rev()
        .take(MOST_LINES)
        .take_while(|p| !p.is_heading())
        .find_map(|p| number(p).map(|number| (number, p.bold || !p.links.is_empty())));
    let is_below = open.is_some_and(|(number, is_item)| is_item && number + 1 != from && first == 0);
    counts && !is_below && (first == 0 || open.is_none())
}

/// A line that tells its readers how to take part, and ends with a colon: `To contribute, read these
/// first:`. Issues and days below it are what the post tells of.
pub(super) fn invites_with_list(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let below = || scope.pieces[n + 1..scope.section.to].iter().take_while(|p| p.list > 0);
    let is_told = |p: &Piece| {
        let is_issue = |l: &LinkRef| places::is_change(&l.url) || l.url.contains("/issues/");
        p.links.iter().any(is_issue) || shapes::day_in(&p.text).is_some()
    };
    piece.is_text()
        && piece.text.ends_with([':', '：'])
        && scope.section.kind != SectionKind::Events
        && shapes::tells_how_to_join(&piece.text)
        && !below().any(is_told)
}
