//! What stands in the running text of a section: where no list and no block was found, or beside
//! paragraphs that open with their links.

use super::stories::story;
use super::{Form, Unit, first_link, push, says_nothing};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::blocks::{MOST_BESIDE, MOST_LINKS};
use crate::source::digest::vocabulary::{closes, is_around, names_more, speaks_of_the_digest};
use crate::source::digest::{Item, Scope, places, shapes};
use crate::source::markdown::LinkRef;
use crate::source::pattern::Pattern;

/// Reads the paragraphs of a section that holds no item of its kind, or is nothing but paragraphs.
///
/// `### Release timing`, and a paragraph with a link: the heading is what is told, though a
/// word of it is that of a section. `## Articles`, and `Ann wrote about [helpers](…).`: each
/// such paragraph is one. Paragraphs that open with a link are items below any heading.
pub(in crate::source::digest) fn told_in_text(scope: &mut Scope<'_>) {
    let from = scope.section.from;
    let kind = match scope.section.kind {
        SectionKind::Skip | SectionKind::Tasks => return,
        // `Desktop questions`, and a paragraph about them: a word of the heading asks nothing.
        SectionKind::Questions if !scope.items.is_empty() || asks_its_readers(scope) => return,
        SectionKind::Questions => Kind::Article,
        SectionKind::Events => Kind::News,
        SectionKind::Articles | SectionKind::Releases | SectionKind::News | SectionKind::Items => Kind::Article,
    };
    if let Some(unit) = super::only_story(scope).filter(|_| scope.items.is_empty()) {
        return story(scope, &unit, kind);
    }
    let is_text = |n: usize| scope.pieces[n].is_text();
    let linked: Vec<usize> = (from + 1..scope.section.to)
        .filter(|n| is_text(*n) && !scope.used[*n] && item_link(scope, *n).is_some())
        .collect();
    let linked = if scope.items.is_empty() { linked } else { beside_items(scope, linked) };
    if scope.is_frame() {
        return;
    }
    if linked.is_empty() || shapes::is_credit(&scope.pieces[linked[0]].text, false) {
        return;
    }
    let plain = |n: usize| is_text(n) || scope.pieces[n].text.is_empty();
    let is_one = (linked.len() == 1 || kind == Kind::News)
        && (from + 1..scope.section.to).all(plain)
        && scope.pieces[from].links.is_empty();
    if scope.section.told && is_one && names_more(&scope.section.heading, scope.names) {
        let unit = Unit { from, to: scope.section.to, form: Form::Story };
        return story(scope, &unit, kind);
    }
    if scope.section.kind == SectionKind::Questions {
        return;
    }
    let told = scope.section.told && kind == Kind::Article;
    let opening = linked.iter().filter(|n| opens(scope, **n)).count();
    if !told && opening < linked.len() && (opening < 2 || opening * 2 < linked.len()) {
        return;
    }
    for n in linked {
        if scope.section.kind == SectionKind::Releases {
            releases_in(scope, n);
        } else if let Some(link) = item_link(scope, n) {
            let title = if opens(scope, n) { link.text.clone() } else { sentence(scope, n) };
            push(scope, n..n + 1, n, title, &link, kind);
        }
    }
    // `New releases (1.2, 1.3)`, and prose about them that is no release by itself.
    let is_prose = (from + 1..scope.section.to).all(plain) && scope.pieces[from].links.is_empty();
    if scope.items.is_empty() && is_prose && names_more(&scope.section.heading, scope.names) {
        story(scope, &Unit { from, to: scope.section.to, form: Form::Story }, kind);
    }
}

/// Whether a section of questions says where readers put theirs: `Questions or comments?`, `Ask us in
/// [the forum](…)`.
fn asks_its_readers(scope: &Scope<'_>) -> bool {
    static ASKS: Pattern = Pattern::new(
        r"(?i)\b(?:ask|join|contact|reach|write|e-?mail|drop|let us know|feel free|please|you|your)\b|欢迎|大家|你们?|您|联系|加入",
    );
    let heading = &scope.section.heading;
    heading.contains(['?', '？'])
        || is_around(heading)
        || heading.is_ascii() && heading.split_whitespace().count() < 3
        || scope.range().skip(1).any(|n| ASKS.is_match(&scope.pieces[n].text))
}

/// Those of `linked` that stand beside the items of a section. What is right behind one of these
/// tells about it; where the others are few they are no items, either.
fn beside_items(scope: &Scope<'_>, linked: Vec<usize>) -> Vec<usize> {
    let found: Vec<usize> = linked.into_iter().filter(|n| !scope.used[n - 1]).collect();
    if found.len() < scope.items.len() { Vec::new() } else { found }
}

/// Whether a line says where there is more, or what its readers may do.
fn speaks_to_readers(line: &str) -> bool {
    let lower = line.to_lowercase();
    let mut words = lower.split(|c: char| !c.is_alphanumeric());
    words.any(|w| matches!(w, "you" | "your" | "archive" | "archives" | "older" | "previous"))
        || ["往期", "更多", "你", "您"].iter().any(|w| lower.contains(w))
}

/// Reads the paragraphs behind the list of a section of articles.
pub(in crate::source::digest) fn told_behind_list(scope: &mut Scope<'_>) {
    let is_one = |n: &usize| scope.pieces[*n].is_text() && !scope.used[*n] && item_link(scope, *n).is_some();
    let linked: Vec<usize> = (scope.section.from + 1..scope.section.to).filter(is_one).collect();
    for n in behind_list(scope, &linked) {
        let Some(link) = item_link(scope, n) else { continue };
        let title = if opens(scope, n) { link.text.clone() } else { sentence(scope, n) };
        push(scope, n..n + 1, n, title, &link, Kind::Article);
    }
}

/// Those of `linked` that are paragraphs of their own behind the list of a section of articles, where
/// several are: they tell of more articles, in sentences. None where one of them speaks to its readers.
fn behind_list(scope: &Scope<'_>, linked: &[usize]) -> Vec<usize> {
    let list = scope.range().rev().find(|n| scope.pieces[*n].list > 0);
    let Some(list) = list.filter(|_| scope.section.told && scope.section.kind == SectionKind::Articles) else {
        return Vec::new();
    };
    let behind: Vec<usize> = linked.iter().copied().filter(|n| *n > list).collect();
    let tells = |n: &usize| {
        let piece = &scope.pieces[*n];
        text::columns(&piece.text) >= 40
            && piece.block != scope.pieces[n - 1].block
            && !piece.text.ends_with([':', '：'])
            && !shapes::invites(&piece.text)
            && !closes(&piece.text)
            && !speaks_of_the_digest(&piece.text)
            && !speaks_to_readers(&piece.text)
    };
    if behind.len() > 1 && behind.iter().all(tells) { behind } else { Vec::new() }
}

/// Whether a section that is told to hold articles is paragraphs and nothing else.
pub(in crate::source::digest) fn is_prose(scope: &Scope<'_>) -> bool {
    let plain = |n: usize| scope.pieces[n].is_text() || scope.pieces[n].text.is_empty();
    scope.section.told
        && scope.section.kind == SectionKind::Articles
        && (scope.section.from + 1..scope.section.to).all(plain)
}

/// The first link of a piece that an item may be about.
fn item_link(scope: &Scope<'_>, n: usize) -> Option<LinkRef> {
    let about = |l: &LinkRef| {
        !says_nothing(&l.text)
            && !places::is_listing(&l.url)
            && !places::is_person(l)
            && !shapes::is_navigation(&l.text)
            && !l.text.starts_with('@')
    };
    let piece = &scope.pieces[n];
    let first = first_link(piece)?;
    if about(&first) {
        return Some(first);
    }
    // `Learning yield in an evening. [Read more](…)`
    let words = piece.text.trim_end_matches(['.', '。', ' ', '»', '→']).strip_suffix(first.text.as_str());
    words.filter(|w| says_nothing(&first.text) && piece.links.len() == 1 && text::columns(w) >= 20).map(|_| first)
}

/// Whether a piece begins with that link.
fn opens(scope: &Scope<'_>, n: usize) -> bool {
    let link = item_link(scope, n).filter(|l| scope.pieces[n].text.starts_with(l.text.as_str()));
    link.is_some_and(|l| text::columns(&l.text) >= 6 && shapes::version(&l.text).is_none())
}

fn sentence(scope: &Scope<'_>, n: usize) -> String {
    text::first_sentence(shapes::without_ordinal(&scope.pieces[n].text).0)
}

/// `We shipped [Lamp 0.9](…) and [Oil 2.0](…)`: links that are a name and a version, or the version
/// of what the sentence is about. False when there is none.
pub(in crate::source::digest) fn releases_in(scope: &mut Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    // `[Oil 5.0.2](…) and [5.0.3](…)`: the second is of what the first is.
    let mut last: Option<(usize, String)> = None;
    let found: Vec<Item> = piece
        .links
        .iter()
        .take(MOST_LINKS)
        .enumerate()
        .filter_map(|(k, link)| {
            let head = shapes::release_of_link(piece, link, scope.names)
                .or_else(|| shapes::release_of_subject(piece, link, scope.names))
                .or_else(|| {
                    let (_, name) = last.as_ref().filter(|(at, _)| at + 1 == k)?;
                    shapes::version_beside(piece, k, name)
                })?;
            last = Some((k, head.name.clone()));
            let mut item = Item::release(head.name, head.version, piece.line).with_link(link);
            item.ranges = scope.lines(n..n + 1);
            Some(item)
        })
        .take(MOST_BESIDE)
        .collect();
    let any = !found.is_empty();
    if any {
        scope.mark(n..n + 1);
    }
    found.into_iter().for_each(|item| scope.push(n, item));
    any
}
