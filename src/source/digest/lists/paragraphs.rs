//! What stands in the running text of a section: where no list and no block was found, or beside
//! paragraphs that open with their links.

use super::stories::story;
use super::{Form, Unit, first_link, push, says_nothing};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::blocks::{MOST_BESIDE, MOST_LINKS};
use crate::source::digest::vocabulary::names_more;
use crate::source::digest::{Item, Scope, places, shapes};
use crate::source::markdown::LinkRef;

/// Reads the paragraphs of a section that holds no item of its kind, or is nothing but paragraphs.
///
/// `### Release timing`, and a paragraph with a link: the heading is what is told, though a
/// word of it is that of a section. `## Articles`, and `Ann wrote about [helpers](…).`: each
/// such paragraph is one. Paragraphs that open with a link are items below any heading.
pub(in crate::source::digest) fn told_in_text(scope: &mut Scope<'_>) {
    let from = scope.section.from;
    let kind = match scope.section.kind {
        SectionKind::Skip | SectionKind::Questions | SectionKind::Tasks => return,
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
}

/// Those of `linked` that stand beside the items of a section. What is right behind one of these
/// tells about it; where the others are few they are no items, either.
fn beside_items(scope: &Scope<'_>, linked: Vec<usize>) -> Vec<usize> {
    let found: Vec<usize> = linked.into_iter().filter(|n| !scope.used[n - 1]).collect();
    if found.len() < scope.items.len() { Vec::new() } else { found }
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
    let found: Vec<Item> = piece
        .links
        .iter()
        .take(MOST_LINKS)
        .filter_map(|link| {
            let head = shapes::release_of_link(piece, link, scope.names)
                .or_else(|| shapes::release_of_subject(piece, link, scope.names))?;
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
