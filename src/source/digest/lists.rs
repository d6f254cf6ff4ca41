//! Link lists, heading items and numbered paragraphs: what the sections that hold them tell.
//!
//! Running text is no list; a line of it is an item only where it says so itself.

mod paragraphs;
mod rows;
mod stories;
mod taking;
mod titles;
mod units;

pub(super) use paragraphs::{is_prose, releases_in, told_behind_list, told_in_text};
pub(super) use rows::rows;
pub(super) use stories::is_source_line;
pub(super) use titles::{code_and_title, first_link, plain_title, says_nothing, sentence_around, whole_sentence};
pub(super) use units::is_counted;

use std::collections::HashMap;

use super::vocabulary::{is_around, is_part_of_release, is_recap, names_more};
use super::{Item, Scope};
use super::{places, shapes};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};
use stories::{story, story_end};
use taking::{lines_below, push, read_unit};
use titles::title_in;
use units::{Form, Unit, is_title_line, units};

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
fn only_story(scope: &Scope<'_>) -> Option<Unit> {
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

/// Reads headings that are no links, with a text below each that has one.
pub(super) fn told_stories(scope: &mut Scope<'_>) {
    let mut n = scope.first();
    while n < scope.section.to {
        let piece = &scope.pieces[n];
        let is_told = piece.is_heading() && !is_part_of_release(&piece.text, true) && !is_around(&piece.text);
        let end = if is_told { story_end(scope, n) } else { None };
        let Some(to) = end else {
            n += 1;
            continue;
        };
        story(scope, &Unit { from: n, to, form: Form::Story }, Kind::Article);
        n = to;
    }
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
                && !is_one_of_three(scope, unit.from)
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

/// Whether a paragraph opens with a link, and is one of three that follow each other and do: what each
/// tells of stands first in it, however much is told.
fn is_one_of_three(scope: &Scope<'_>, n: usize) -> bool {
    let opens = |n: usize| {
        let piece = &scope.pieces[n];
        let link = first_link(piece).filter(|l| piece.is_text() && piece.text.starts_with(l.text.as_str()));
        let alone = |m: Option<usize>| m.and_then(|m| scope.at(m)).is_none_or(|p| p.block != piece.block);
        let is_one = |l: LinkRef| !places::is_person(&l) && !says_nothing(&l.text) && !shapes::is_navigation(&l.text);
        alone(n.checked_sub(1)) && alone(Some(n + 1)) && link.is_some_and(is_one)
    };
    let near = n.saturating_sub(2).max(scope.section.from)..(n + 3).min(scope.section.to);
    let near: Vec<bool> = near.map(opens).collect();
    let at = n - n.saturating_sub(2).max(scope.section.from);
    near[at] && near.windows(3).enumerate().any(|(k, three)| three.iter().all(|o| *o) && (k..k + 3).contains(&at))
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
pub(in crate::source::digest) fn opens_with_link(piece: &Piece) -> bool {
    piece.links.first().is_some_and(|l| !l.picture && !l.text.is_empty() && piece.text.starts_with(l.text.as_str()))
}

/// Short links in a row with one that leads around the site.
fn is_menu(piece: &Piece) -> bool {
    piece.links.len() >= 2
        && piece.links.iter().any(|l| shapes::is_navigation(&l.text))
        && piece.links.iter().all(|l| text::columns(&l.text) <= 24)
}

/// A line that asks its readers for something, and whose link only says where.
pub(super) fn invites(piece: &Piece, link: &LinkRef) -> bool {
    text::columns(&link.text) < 12 && shapes::invites(&piece.text)
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
        let begins = piece.list > 0 && (n == 0 || scope.pieces[n - 1].item != piece.item);
        // `- EIPs:`, and the links of its list.
        let below_label = || {
            let top = scope.range().find(|m| scope.pieces[*m].top == piece.top).filter(|m| !scope.used[*m]);
            let is_label = |p: &Piece| p.list == 1 && p.links.is_empty() && p.text.ends_with([':', '：']);
            piece.list == 2 && top.is_some_and(|m| is_label(&scope.pieces[m]))
        };
        let list_item = begins && (piece.list == 1 || below_label());
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
