//! Link lists, heading items and numbered paragraphs.

mod paragraphs;
mod rows;
mod stories;
mod titles;

pub(super) use paragraphs::{is_prose, releases_in, told_behind_list, told_in_text};
pub(super) use rows::rows;
pub(super) use titles::{code_and_title, first_link, plain_title, says_nothing, sentence_around, whole_sentence};

use std::collections::HashMap;

use super::vocabulary::{closes, is_of_past_issues, is_part_of_release, is_recap, names_more};
use super::{Item, Scope};
use super::{places, shapes, vocabulary};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};
use stories::{story, story_end, told_link};
use titles::{is_caption, picture_link, title_above, title_in, without_link};

/// A stretch of pieces that may be one item.
pub(super) struct Unit {
    from: usize,
    to: usize,
    form: Form,
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

/// Reads a reading list.
pub(super) fn articles(scope: &mut Scope<'_>) {
    if let Some(unit) = only_story(scope) {
        return story(scope, &unit, Kind::Article);
    }
    for unit in units(scope) {
        read_unit(scope, &unit, Kind::Article);
    }
    rows(scope, Kind::Article);
}

/// The whole of a section whose heading says more than that articles follow (`Todo app tutorial`),
/// where one line below leads to what is told and nothing else does.
pub(super) fn only_story(scope: &Scope<'_>) -> Option<Unit> {
    let (from, to) = (scope.section.from, scope.section.to);
    let mut linked = (from + 1..to).filter(|n| !scope.pieces[*n].links.is_empty());
    let only = linked.next().filter(|_| linked.next().is_none())?;
    let piece = &scope.pieces[only];
    let leads = is_bare_link(piece) && says_nothing(&piece.text) && !piece.text.contains("://");
    let plain = (from + 1..to).all(|n| !matches!(scope.pieces[n].shape, Shape::Heading(_) | Shape::Table));
    let told = only > from + 1 && scope.section.head == super::Head::Heading && scope.pieces[from].links.is_empty();
    (leads && plain && told && names_more(&scope.section.heading, scope.names)).then_some(Unit {
        from,
        to,
        form: Form::Story,
    })
}

/// Whether headings of a section tell something and link to it below, beside those that are releases.
pub(super) fn has_stories(scope: &Scope<'_>) -> bool {
    let is_release = |n: usize| shapes::release_head(&scope.pieces[n], scope.names, None).is_some();
    let told = |n: &usize| scope.pieces[*n].is_heading() && !is_release(*n);
    if scope.range().filter(|n| is_headline(scope, *n)).count() > 1 {
        return true;
    }
    if scope.range().filter(told).any(|n| scope.at(n + 1).is_some_and(is_address)) {
        return true;
    }
    let all_headed = scope.range().all(|n| {
        let piece = &scope.pieces[n];
        piece.list > 0 || !is_release(n) || piece.is_heading()
    });
    all_headed && scope.range().filter(told).any(|n| story_end(scope, n).is_some())
}

/// A bold line without a number that has its address on the next line.
pub(super) fn is_headline(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    piece.bold && !shapes::without_ordinal(&piece.text).1 && is_title_line(scope, n)
}

/// Questions that are links, or items of a list with their answers below:
/// `1、[How do I …?](…)`, `- Which …?` and an indented paragraph.
pub(super) fn questions(scope: &mut Scope<'_>) {
    for unit in units(scope) {
        let piece = &scope.pieces[unit.from];
        let (asked, _) = shapes::without_ordinal(&piece.text);
        let asks = asked.trim_end().ends_with(['?', '？']);
        let answered = unit.to > unit.from + 1;
        // Steps of an answer are none.
        if unit.form == Form::Numbered && !asks && is_counted(scope, unit.from) {
            continue;
        }
        if first_link(piece).is_none() && asks && answered && unit.form != Form::Line {
            let mut item = Item::new(Kind::Question, asked, piece.line).asked_whole();
            item.ranges = scope.lines(unit.from + 1..unit.to);
            scope.mark(unit.from..unit.to);
            scope.push(unit.from, item);
        } else {
            let before = scope.items.len();
            read_unit(scope, &unit, Kind::Question);
            let read = scope.items.split_off(before);
            scope.items.extend(read.into_iter().map(Item::asked_whole));
        }
    }
}

/// Reads a section whose heading tells nothing: links are articles, a name with a version is a release.
pub(super) fn items(scope: &mut Scope<'_>) {
    for unit in units(scope) {
        let piece = &scope.pieces[unit.from];
        // In running text a release page has to be linked: other versions stand there in passing.
        let has_page = || piece.links.iter().any(|l| l.url.contains("/releases/tag/"));
        let told = || has_page() && (shapes::announces(&piece.text) || is_bare_link(piece));
        let release = (unit.form != Form::Line || told()) && shapes::is_release_title(piece);
        if release && shapes::release_head(piece, scope.names, None).is_some() {
            super::blocks::release(scope, unit.from, unit.to);
            continue;
        }
        if has_page() && shapes::announces(&piece.text) && super::blocks::release_by_link(scope, unit.from, unit.to) {
            continue;
        }
        if matches!(unit.form, Form::Bullet | Form::Line)
            && is_released(scope, unit.from)
            && releases_in(scope, unit.from)
        {
            scope.mark(unit.from..unit.to);
            continue;
        }
        // `## Library`, and the one paragraph below it announces a version.
        if unit.form == Form::Story && announced(scope, &unit) {
            super::blocks::release(scope, unit.from + 1, unit.to);
            continue;
        }
        if unit.form == Form::Line
            && let Some((link, title)) = statement(scope, unit.from)
        {
            push(scope, unit.from..unit.to, unit.from, title, &link, Kind::News);
            continue;
        }
        // Running text is no list, and `HOMEPAGE: link` introduces the site.
        if unit.form == Form::Line
            && (!shapes::is_link_line(piece)
                && !is_one_of_several(scope, unit.from)
                && !opens_with_title(scope, unit.from)
                || shapes::label(piece, scope.names).is_some()
                || introduces(piece)
                || introduces_list(scope, unit.from))
        {
            continue;
        }
        read_unit(scope, &unit, Kind::Article);
    }
    rows(scope, Kind::Article);
}

/// Whether a line opens with a link that is a name and its version, or has the link of the version
/// of what it is about, and says no more of it than that it is there.
pub(super) fn is_released(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let Some(link) = first_link(piece) else { return false };
    let line = shapes::without_ordinal(&piece.text).0;
    let told = || line.strip_prefix(link.text.as_str()).is_some_and(shapes::comes_out);
    // `[Oil 5.0.2](…) and [5.0.3](…), new versions`
    let two = || {
        let beside = piece.links.len() > 1 && shapes::version_beside(piece, 1, "").is_some();
        let behind = || piece.text.split_once(piece.links[1].text.as_str()).map_or("", |(_, behind)| behind);
        beside && (piece.list > 0 || !behind().trim().is_empty() && shapes::comes_out(behind()))
    };
    let named = shapes::version(&link.text).is_some_and(|v| v.number.contains('.') && v.start > 1)
        && !shapes::is_part_of_text(&link.text);
    !piece.quote
        && (piece.is_text() || piece.list > 0)
        && (named && (told() || two()) && shapes::release_of_link(piece, &link, scope.names).is_some()
            || shapes::release_of_subject(piece, &link, scope.names).is_some())
}

/// Whether what stands right below a heading of a word or two is the announcement of a release.
fn announced(scope: &Scope<'_>, unit: &Unit) -> bool {
    let (heading, piece) = (&scope.pieces[unit.from], &scope.pieces[unit.from + 1]);
    let said = text::first_sentence(&piece.text);
    let begins =
        || shapes::version(&said).is_some_and(|v| v.number.contains('.') && text::columns(&said[..v.start]) <= 40);
    heading.text.split_whitespace().count() <= 2
        && text::columns(&heading.text) <= 24
        && piece.is_text()
        && shapes::announces(&said)
        && begins()
        && piece.links.iter().any(|l| !l.picture)
        && shapes::release_head(piece, scope.names, None).is_some()
}

/// A sentence that ends with its proof: `It got faster (Jane, 6.1. [Link](…))`.
fn statement(scope: &Scope<'_>, n: usize) -> Option<(LinkRef, String)> {
    let piece = &scope.pieces[n];
    if !piece.is_text() {
        return None;
    }
    let link = first_link(piece).filter(|l| {
        shapes::is_empty_title(&l.text)
            || l.text.to_lowercase().strip_prefix("link ").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit()))
    })?;
    let line = piece.text.trim_end_matches(['.', '。', ' ']);
    let open = line.rfind(['(', '（'])?;
    let said = line[..open].trim();
    let alone = n == 0 || scope.pieces[n - 1].block != piece.block || statement_end(&scope.pieces[n - 1]);
    (line.ends_with([')', '）'])
        && line[open..].contains(link.text.as_str())
        && alone
        && (12..=160).contains(&text::columns(said)))
    .then(|| (link, text::first_sentence(shapes::without_ordinal(said).0)))
}

fn statement_end(piece: &Piece) -> bool {
    piece.text.ends_with([')', '）']) && !piece.links.is_empty()
}

/// Reads a list of news: what is a sentence with a link in it is news, the rest as usual.
pub(super) fn news(scope: &mut Scope<'_>) {
    let before = scope.items.len();
    items(scope);
    let mut on_line: HashMap<usize, usize> = HashMap::new();
    for n in scope.range() {
        on_line.entry(scope.pieces[n].line).or_insert(n);
    }
    for k in before..scope.items.len() {
        let at = on_line.get(&scope.items[k].line).copied();
        let link = at.and_then(|n| first_link(&scope.pieces[n]).map(|l| (n, l)));
        if let Some((n, link)) = link
            && scope.items[k].kind == Kind::Article
            && sentence_around(scope, n, &link).is_some()
        {
            scope.items[k].kind = Kind::News;
        }
    }
}

/// `2020, no. 99: [title](…)`, and the paragraph before or behind it is of that kind, too.
fn is_one_of_several(scope: &Scope<'_>, n: usize) -> bool {
    let is_one = |n: usize| {
        scope.at(n).is_some_and(|piece| {
            let link = piece.links.first().filter(|l| !l.picture && !says_nothing(&l.text));
            let before = link.and_then(|l| piece.text.strip_suffix(l.text.as_str())).map(str::trim_end);
            piece.list == 0
                && !piece.quote
                && piece.links.len() == 1
                && before.is_some_and(|b| b.ends_with([':', '：']) && text::columns(b) <= 24)
        })
    };
    is_one(n) && (is_one(n + 1) || n > 0 && is_one(n - 1))
}

/// `[a title of some words](…) 本文介绍了……`: a paragraph that opens with a title, and goes on with
/// a sentence of its own, which Chinese does not part from it but by a blank.
fn opens_with_title(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let Some(link) = first_link(piece).filter(|l| text::columns(&l.text) >= 16) else { return false };
    let behind = piece.text.strip_prefix(link.text.as_str()).and_then(|b| b.strip_prefix(' '));
    let begins = behind.is_some_and(|b| b.starts_with(|c: char| !c.is_ascii() && c.is_alphabetic()));
    begins && piece.is_text() && (n == 0 || scope.pieces[n - 1].block != piece.block)
}

/// `[The rules](…) have changed:`, right above a list whose items have links of their own.
fn introduces_list(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let Some(link) = piece.links.first() else { return false };
    let behind = piece.text.split_once(link.text.as_str()).map_or("", |(_, behind)| behind);
    let below = || scope.pieces[n + 1..scope.section.to].iter().take(64).take_while(|p| p.list > 0);
    let bullets = below().filter(|p| p.list == 1).count();
    let linked = below().filter(|p| p.list == 1 && first_link(p).is_some()).count();
    // Anything else that is said there makes it an item.
    let announces = ["chang", "following", "变更", "如下", "以下"].iter().any(|w| behind.to_lowercase().contains(w));
    piece.text.ends_with([':', '：']) && announces && text::columns(behind) <= 40 && linked > 1 && linked * 2 >= bullets
}

/// `SITE 官网: https://…`: words, a colon and a bare address.
fn introduces(piece: &Piece) -> bool {
    piece.links.first().is_some_and(|l| {
        shapes::is_empty_title(&l.text)
            && piece.text.split(l.text.as_str()).next().is_some_and(|b| !b.trim().is_empty())
    })
}

fn units(scope: &Scope<'_>) -> Vec<Unit> {
    let mut units: Vec<Unit> = Vec::new();
    let mut n = scope.section.from;
    let start = n;
    while n < scope.section.to {
        let piece = &scope.pieces[n];
        // `To contribute, read these first:`, and a list.
        if piece.list > 0 && n > start && scope.pieces[n - 1].list == 0 && invites_with_list(scope, n - 1) {
            n = (n..scope.section.to).find(|m| scope.pieces[*m].list == 0).unwrap_or(scope.section.to);
            continue;
        }
        let is_section_heading = n == start && !scope.section.heading.is_empty();
        let names_list = || {
            places::is_listing(&piece.links[0].url)
                || super::heads_a_list(scope.pieces, n)
                || super::sections::is_linked_word(scope.pieces, n, scope.names)
                || heads_linked_bullets(scope, n)
                || names_who_lists(scope, n)
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
fn end_of_description(scope: &Scope<'_>, from: usize) -> usize {
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

/// A line of text that is an address.
pub(super) fn is_address(piece: &Piece) -> bool {
    is_bare_link(piece) && piece.text.contains("://")
}

/// A line of text that is exactly one link.
pub(super) fn is_bare_link(piece: &Piece) -> bool {
    piece.list == 0 && !piece.quote && is_link(piece)
}

/// `[title](…) (example.org)`: a line of text that is one link, and says where it is from.
fn is_noted_link(piece: &Piece) -> bool {
    let [link] = piece.links.as_slice() else { return false };
    let note = piece.text.strip_prefix(link.text.as_str()).map(str::trim).filter(|_| !link.text.is_empty());
    piece.is_text()
        && !link.picture
        && note.is_some_and(|n| text::columns(n) <= 32 && n.starts_with(['(', '（']) && n.ends_with([')', '）']))
}

/// A line that is exactly one link, wherever it stands.
pub(super) fn is_link(piece: &Piece) -> bool {
    piece.links.first().is_some_and(|l| !l.picture && text::same(&l.text, &piece.text))
}

/// Whether a line begins with a link.
pub(super) fn opens_with_link(piece: &Piece) -> bool {
    piece.links.first().is_some_and(|l| !l.picture && !l.text.is_empty() && piece.text.starts_with(l.text.as_str()))
}

/// `3、` alone in a paragraph: what follows belongs to the next item.
fn is_number(piece: &Piece) -> bool {
    let (rest, numbered) = shapes::without_ordinal(&piece.text);
    piece.shape == Shape::Line && piece.list == 0 && numbered && rest.is_empty()
}

/// `1、[title](link)`, `**2. title**`, with no other line above it in its paragraph but the one that
/// is numbered before it; `**title**` above its address.
fn is_title_line(scope: &Scope<'_>, n: usize) -> bool {
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
pub(super) fn is_counted(scope: &Scope<'_>, n: usize) -> bool {
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

fn read_unit(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    match unit.form {
        Form::Bullet => bullet(scope, unit, kind),
        Form::Heading | Form::Numbered => titled(scope, unit, kind),
        Form::Story => story(scope, unit, kind),
        Form::Line => line(scope, unit, kind),
    }
}

/// An item of a list: its first link, else the links of the items below it.
fn bullet(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let item_of_first = scope.pieces[unit.from].item;
    let own: Vec<usize> = (unit.from..unit.to).filter(|n| scope.pieces[*n].item == item_of_first).collect();
    let own_link = own.iter().find_map(|n| first_link(&scope.pieces[*n]).map(|l| (*n, l)));
    // `Upcoming events ([calendar](…)):` heads the links below it.
    let introduces =
        |text: &str| text.ends_with([':', '：']) || text.ends_with(" including") || text.ends_with(" such as");
    let heads = introduces(&scope.pieces[unit.from].text)
        && (unit.from + own.len()..unit.to).filter(|n| shapes::is_link_line(&scope.pieces[*n])).count() > 1;
    if let Some((n, link)) = own_link.filter(|_| !heads) {
        let title = title_in(scope, n, &link, unit.from);
        let below = titles_below(scope, unit, unit.from + own.len());
        let to = below.first().copied().unwrap_or(unit.to);
        push(scope, unit.from..to, n, title, &link, kind);
        for (k, at) in below.iter().copied().enumerate() {
            let to = below.get(k + 1).copied().unwrap_or(unit.to);
            if let Some(link) = first_link(&scope.pieces[at]) {
                push(scope, at..to, at, link.text.clone(), &link, kind);
            }
        }
        return;
    }
    // What the items below are about stands here: `MOSN`, and its links below.
    let head = scope.pieces[unit.from].text.trim_end_matches([':', '：', ' ']).to_owned();
    if is_of_past_issues(&head) {
        scope.mark(unit.from..unit.to);
        return;
    }
    let named = scope.names.is_name(&head);
    let mut found = false;
    let mut n = unit.from + own.len();
    while n < unit.to {
        let (item, depth) = (scope.pieces[n].item, scope.pieces[n].list);
        let own_to = (n..unit.to).find(|m| scope.pieces[*m].item != item).unwrap_or(unit.to);
        let link = (n..own_to).find_map(|m| first_link(&scope.pieces[m]).map(|l| (m, l)));
        let Some((at, link)) = link else {
            n = own_to;
            continue;
        };
        // What stands below an item is part of it.
        let to = (own_to..unit.to).find(|m| scope.pieces[*m].list <= depth).unwrap_or(unit.to);
        let title = title_in(scope, at, &link, unit.from);
        let before = scope.items.len();
        push(scope, n..to, at, title, &link, kind);
        if named {
            scope.items[before..].iter_mut().for_each(|i| i.headings.push(head.clone()));
        }
        found = true;
        n = to;
    }
    if found {
        scope.mark(unit.from..unit.from + 1);
        return;
    }
    // The title stands here, the picture that is the link stands below.
    if let Some(next) = scope.at(unit.to).filter(|p| p.list == 0).and_then(picture_link) {
        let title = scope.pieces[unit.from].text.clone();
        if !title.is_empty() {
            push(scope, unit.from..unit.to + 1, unit.to, title, &next, kind);
        }
    }
}

/// Where the items below one with a link of its own begin that are titles themselves: all that stands
/// there are links from one end to the other, none of which is where the same is kept or talked about.
fn titles_below(scope: &Scope<'_>, unit: &Unit, from: usize) -> Vec<usize> {
    let depth = scope.pieces[unit.from].list;
    let below = from..unit.to;
    let above = first_link(&scope.pieces[unit.from]).map_or_else(String::new, |l| text::fold(&l.text));
    let is_title = |n: usize| {
        let piece = &scope.pieces[n];
        // The same title is that of where it is talked about.
        let repeats = text::columns(&above) >= 8 && text::fold(&piece.text).contains(&above);
        piece.list == depth + 1
            && !repeats
            && piece.links.len() == 1
            && is_link(piece)
            && text::columns(&piece.text) >= 16
            && !says_nothing(&piece.text)
            && !shapes::is_aside(&piece.text)
    };
    if below.len() > 1 && below.clone().all(is_title) { below.collect() } else { Vec::new() }
}

/// A heading or a numbered title, and what stands below it.
fn titled(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let head = &scope.pieces[unit.from];
    let (rest, _) = shapes::without_ordinal(&head.text);
    let rest = rest.to_owned();
    let own = first_link(head);
    let below = || {
        let told = || told_link(scope, unit).map(|(_, link)| link).filter(|_| unit.form == Form::Heading);
        let first = |n: usize| first_link(&scope.pieces[n]).or_else(|| picture_link(&scope.pieces[n]));
        told().or_else(|| (unit.from + 1..unit.to).find_map(first))
    };
    let (link, title) = match own {
        Some(link) => {
            let title = if shapes::is_empty_title(&link.text) {
                without_link(&rest, &link)
            } else if let Some(words) = words_before_reference(&rest, &link).filter(|_| unit.form == Form::Heading) {
                words.to_owned()
            } else if unit.form == Form::Heading && goes_on(&rest, &link) {
                rest.trim_end_matches([':', '：', ' ']).to_owned()
            } else {
                link.text.clone()
            };
            (link, title)
        }
        None => match below() {
            Some(link) => (link, rest.trim_end_matches([':', '：']).to_owned()),
            None => return numbered_news(scope, unit, &rest),
        },
    };
    let before = scope.items.len();
    push(scope, unit.from..unit.to, unit.from, title, &link, kind);
    // What stands below the title is the content, however little it is.
    let below = lines_below(scope, unit, &link);
    // `1、[title](link)：and what it is`
    let described = rest.split_once(link.text.as_str()).map(|(_, behind)| behind.trim_start());
    let described = described.and_then(|b| b.strip_prefix([':', '：', '-', '–', '—', '，', ',']));
    let described = described.map(|b| b.trim_matches([' ', '—', '-'])).filter(|b| text::columns(b) > 8);
    let described = described.map(str::to_owned);
    if let Some(item) = scope.items.get_mut(before).filter(|_| unit.to > unit.from + 1) {
        item.ranges = below;
        item.lead = described.unwrap_or_default();
    }
}

/// `## 1. What happened`, and a text without a link: in a section whose words tell nothing each of
/// several such headings is news.
fn numbered_news(scope: &mut Scope<'_>, unit: &Unit, title: &str) {
    let shape = scope.pieces[unit.from].shape;
    let is_one = |n: &usize| scope.pieces[*n].shape == shape && shapes::without_ordinal(&scope.pieces[*n].text).1;
    let told: usize = scope.pieces[unit.from + 1..unit.to].iter().map(|p| text::columns(&p.text)).sum();
    let is_plain = scope.section.kind == SectionKind::Items && !scope.section.told && unit.form == Form::Heading;
    // Steps of a lesson have numbers, too: below a heading, or with code.
    let is_lesson = !scope.section.heading.is_empty()
        || scope.pieces[unit.from..unit.to].iter().any(|p| matches!(p.shape, Shape::Code | Shape::Table));
    if !is_plain
        || is_lesson
        || !matches!(shape, Shape::Heading(_))
        || told < 16
        || vocabulary::is_frame(title)
        || !vocabulary::names_digest(scope.title)
        || scope.range().filter(is_one).take(2).count() < 2
    {
        return;
    }
    let mut item = Item::new(Kind::News, title, scope.pieces[unit.from].line);
    item.ranges = scope.lines(unit.from + 1..unit.to);
    scope.mark(unit.from..unit.to);
    scope.push(unit.from, item);
}

/// What stands below the head of a unit, unless it is the address and no more.
fn lines_below(scope: &Scope<'_>, unit: &Unit, link: &LinkRef) -> Vec<(usize, usize)> {
    let is_address = |p: &Piece| p.text == link.text && p.text.contains("://") || p.text.is_empty() && p.images == 0;
    let below = unit.from + 1..unit.to;
    if scope.pieces[below.clone()].iter().all(is_address) { Vec::new() } else { scope.lines(below) }
}

/// `Exploring wicks ([W4](…))`: what a heading says before the brackets it ends with, in which there
/// is nothing but a link.
fn words_before_reference<'h>(heading: &'h str, link: &LinkRef) -> Option<&'h str> {
    let inside = heading.trim_end().strip_suffix([')', '）'])?.strip_suffix(link.text.as_str())?;
    let words = inside.strip_suffix(['(', '（'])?.trim_end();
    (text::columns(words) >= 8 && text::columns(words) > text::columns(&link.text)).then_some(words)
}

/// Whether a heading that begins with a link goes on in words: `### [Wick](…) - burn everywhere`.
fn goes_on(heading: &str, link: &LinkRef) -> bool {
    let Some(behind) = heading.strip_prefix(link.text.as_str()) else { return false };
    let words = behind.trim_start_matches(|c: char| !c.is_alphanumeric() && !"(（[【".contains(c));
    let by_whom = ["by ", "from ", "作者", "文 ", "文/"].iter().any(|w| words.to_lowercase().starts_with(w));
    words.starts_with(char::is_alphabetic)
        && text::columns(heading) <= 100
        && !shapes::is_credit(words, false)
        && !by_whom
}

fn line(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let n = unit.from;
    if scope.used[n] {
        return;
    }
    let piece = &scope.pieces[n];
    // `> https://…` below what it is.
    let is_address = || is_link(piece) && piece.text.contains("://") && title_above(scope, n).is_some();
    if piece.quote && !is_address() || matches!(piece.shape, Shape::Code | Shape::Table) {
        return;
    }
    if let Some(link) = picture_link(piece).filter(|_| first_link(piece).is_none()) {
        // The line above says it, else what is said to be on the picture.
        match title_above(scope, n) {
            Some((at, title)) => push(scope, at..n + 1, n, title, &link, kind),
            None if is_caption(&link.text) => push(scope, n..n + 1, n, link.text.clone(), &link, kind),
            None => {}
        }
        return;
    }
    let Some(link) = first_link(piece) else {
        return;
    };
    // `-- [name](…)` below a quotation, `[Home](…) | [Archive](…)` of a menu.
    let attribution = ["--", "—", "–", "―"].iter().any(|dash| piece.text.starts_with(dash));
    let is_item = shapes::is_link_line(piece) || is_one_of_several(scope, n) || opens_with_title(scope, n);
    if !is_item || attribution || is_menu(piece) {
        return;
    }
    if shapes::label(piece, scope.names).is_some() && shapes::is_empty_title(&link.text) {
        return;
    }
    let title = title_in(scope, n, &link, n);
    let before = scope.items.len();
    // `We wrote about rings. The article is here:` and the link below it.
    let introduced = n > scope.section.from + 1 && is_bare_link(piece) && {
        let above = &scope.pieces[n - 1];
        let is_text = above.is_text() && above.links.is_empty();
        let alone = scope.at(unit.to).is_none_or(|p| !is_bare_link(p));
        is_text && alone && !scope.used[n - 1] && above.text.ends_with([':', '：']) && text::columns(&above.text) >= 24
    };
    push(scope, n..unit.to, n, title, &link, kind);
    if scope.items.len() > before && (introduced || unit.to > n + 1) {
        let mut told = if introduced { scope.lines(n - 1..n) } else { Vec::new() };
        told.extend(scope.lines(n + 1..unit.to));
        scope.mark(n - usize::from(introduced)..n);
        scope.items[before..].iter_mut().for_each(|i| i.ranges.clone_from(&told));
    }
}

/// Short links in a row with one that leads around the site.
fn is_menu(piece: &Piece) -> bool {
    piece.links.len() >= 2
        && piece.links.iter().any(|l| shapes::is_navigation(&l.text))
        && piece.links.iter().all(|l| text::columns(&l.text) <= 24)
}

fn push(scope: &mut Scope<'_>, range: std::ops::Range<usize>, at: usize, title: String, link: &LinkRef, kind: Kind) {
    if title.chars().filter(|c| c.is_alphanumeric()).count() == 0
        || shapes::is_navigation(&link.text)
        || shapes::is_sponsored(&scope.pieces[at].text)
        || scope.pieces[range.clone()].iter().skip(1).take(4).any(|p| shapes::marks_advert(&p.text))
        || shapes::is_credit(&scope.pieces[at].text, text::same(&link.text, &scope.pieces[at].text))
        || shapes::is_source(&scope.pieces[at])
        || says_where_post_is_from(scope, at)
        || places::is_listing(&link.url) && shapes::is_empty_title(&link.text)
        || is_number_alone(scope, range.clone(), link)
        || introduces_person(&scope.pieces[at], link)
        || places::is_tag(&link.url)
        || invites(&scope.pieces[at], link)
    {
        return;
    }
    let says_more = says_more(scope, range.clone(), link);
    // Who it is about is not what it is about: `[Ann](…)'s driver was merged`.
    let is_heading = scope.pieces[at].is_heading();
    if places::is_person(link) && kind == Kind::Article && !is_heading {
        let line = shapes::without_ordinal(&scope.pieces[at].text).0.trim();
        if presents(line, link) {
            return;
        }
        let heads = line.ends_with([':', '：']) && scope.at(at + 1).is_some_and(|p| p.list > scope.pieces[at].list);
        if says_more && !heads && text::columns(line) >= text::columns(&link.text) + 16 {
            let mut item = Item::new(Kind::News, text::first_sentence(line), scope.pieces[at].line);
            item.ranges = scope.lines(range.clone());
            scope.mark(range);
            scope.push(at, item);
        }
        return;
    }
    let mut item = Item::new(kind, title, scope.pieces[at].line).with_link(link);
    // The line itself is the link; only words beside it are content.
    item.ranges = if says_more { scope.lines(range.clone()) } else { Vec::new() };
    scope.mark(range);
    scope.push(at, item);
}

/// `原文：[…](…)` above everything else in a post, once.
fn says_where_post_is_from(scope: &Scope<'_>, at: usize) -> bool {
    let is_one = |n: &usize| shapes::is_original_of_post(&scope.pieces[*n].text);
    scope.section.head == super::Head::Post
        && scope.items.is_empty()
        && scope.pieces[at].list == 0
        && is_one(&at)
        && scope.range().filter(is_one).count() == 1
        && scope.pieces[..at].iter().all(|p| p.list == 0 && !shapes::without_ordinal(&p.text).1)
}

/// `- [#1232](…)`, and not a word of what it is.
fn is_number_alone(scope: &Scope<'_>, range: std::ops::Range<usize>, link: &LinkRef) -> bool {
    let is_number = link.text.starts_with('#') && shapes::is_empty_title(&link.text);
    is_number && scope.pieces[range.start].list > 0 && !says_more(scope, range, link)
}

/// `Official Twitter: [@wick](…)`: where somebody is found, and no more.
fn introduces_person(piece: &Piece, link: &LinkRef) -> bool {
    let before = || piece.text.strip_suffix(link.text.as_str()).map(str::trim_end);
    (places::is_account(&link.url) || places::is_chat(&link.url)) && before().is_some_and(|b| b.ends_with([':', '：']))
}

/// `Ann Lee, engineer at Wick ([@ann](…))`: who somebody is, and not what was done.
fn presents(line: &str, link: &LinkRef) -> bool {
    let Some(before) = line.strip_suffix([')', '）']).and_then(|l| l.strip_suffix(link.text.as_str())) else {
        return false;
    };
    let (name, role) = before.trim_end_matches(['(', '（', ' ']).split_once(',').unwrap_or((before, ""));
    let words: Vec<&str> = name.split_whitespace().filter(|w| w.starts_with(char::is_alphabetic)).collect();
    // What is done may be written like a name, but is none of the one who did it.
    let handle = text::fold(&link.text);
    let is_theirs = words.iter().any(|w| w.chars().count() > 2 && handle.contains(&text::fold(w)));
    is_theirs
        && (2..=4).contains(&words.len())
        && words.iter().all(|w| w.starts_with(char::is_uppercase))
        && text::columns(role) <= 60
}

/// A line that asks its readers for something, and whose link only says where.
pub(super) fn invites(piece: &Piece, link: &LinkRef) -> bool {
    text::columns(&link.text) < 12 && shapes::invites(&piece.text)
}

/// A line that tells its readers how to take part, and ends with a colon: `To contribute, read these
/// first:`. Issues and days below it are what the post tells of.
fn invites_with_list(scope: &Scope<'_>, n: usize) -> bool {
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

/// Whether the pieces say anything beside the link.
fn says_more(scope: &Scope<'_>, range: std::ops::Range<usize>, link: &LinkRef) -> bool {
    let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
    let all: usize = scope.pieces[range].iter().map(|p| letters(&p.text)).sum();
    all > letters(&link.text) + 3
}

/// Whether the headings above piece `n` speak of something that is over.
pub(super) fn under_recap(scope: &Scope<'_>, n: usize) -> bool {
    scope.paths.get(n).and_then(|p| p.last()).is_some_and(|h| is_recap(h))
}

/// Articles among pieces that another shape left unused: lines that are nothing but a titled link.
pub(super) fn stray_articles(scope: &mut Scope<'_>) {
    for n in scope.range() {
        let piece = &scope.pieces[n];
        let Some(link) = first_link(piece) else {
            continue;
        };
        let list_item = piece.list == 1 && (n == 0 || scope.pieces[n - 1].item != piece.item);
        let bare = is_bare_link(piece) && !shapes::is_empty_title(&link.text);
        if scope.used[n] || !(bare || list_item) {
            continue;
        }
        let title = title_in(scope, n, &link, n);
        let before = scope.items.len();
        // The lines of its paragraph, though they were wrapped.
        let goes_on = |m: &usize| {
            let next = &scope.pieces[*m];
            list_item
                && next.item == piece.item
                && next.block == piece.block
                && next.links.is_empty()
                && !scope.used[*m]
        };
        let to = (n + 1..scope.section.to).take_while(goes_on).last().map_or(n + 1, |last| last + 1);
        push(scope, n..to, n, title, &link, Kind::Article);
        scope.items[before..].iter_mut().for_each(|i| i.astray = true);
    }
}
