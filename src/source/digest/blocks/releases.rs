//! Release blocks: name and version, the changes, the link to the report.

use super::{begins_item, canonical};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::{Item, Scope, lists, vocabulary};
use crate::source::digest::{places, shapes};
use crate::source::markdown::{LinkRef, Piece, Shape};

/// Whether a line outside of lists announces a release.
pub(in crate::source::digest) fn has_release_heads(scope: &Scope<'_>) -> bool {
    let last_link = scope.range().rev().find(|m| scope.pieces[*m].links.iter().any(|l| !l.picture));
    scope.range().any(|n| {
        let piece = &scope.pieces[n];
        let strong = piece.bold || piece.is_heading();
        let linked = || last_link.is_some_and(|last| n <= last);
        piece.list == 0
            && strong
            && piece.links.is_empty()
            && shapes::release_head(piece, scope.names, Some(&scope.section.heading)).is_some()
            && (shapes::announces(&piece.text) || linked())
    })
}

/// Reads a section of releases.
pub(in crate::source::digest) fn releases(scope: &mut Scope<'_>) {
    let heading = scope.section.heading.clone();
    let is_head = |scope: &Scope<'_>, n: usize| {
        let piece = &scope.pieces[n];
        // Below a heading of its own, or in a log of changes, it is a part that came to a version.
        let below_another = || scope.paths.get(n).and_then(|p| p.last()).is_some_and(|last| *last != heading);
        let is_part = || shapes::is_brought(&piece.text) && (heading.contains("日志") || below_another());
        shapes::release_head(piece, scope.names, Some(&heading)).is_some() && !is_part()
    };
    let outside: Vec<usize> =
        scope.range().filter(|n| scope.pieces[*n].list == 0 && is_head(scope, *n) && announces(scope, *n)).collect();
    let heads = if outside.is_empty() {
        scope
            .range()
            .filter(|n| {
                scope.pieces[*n].list == 1 && begins_item(scope, *n) && !scope.pieces[*n].quote && is_head(scope, *n)
            })
            .collect()
    } else {
        outside
    };
    let heads = one_each(scope, heads, &heading);
    let from_list = heads.first().is_some_and(|n| scope.pieces[*n].list > 0);
    for (k, head) in heads.iter().enumerate() {
        let next = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let to = if from_list {
            let top = scope.pieces[*head].top;
            (*head..next).find(|n| scope.pieces[*n].list == 0 || scope.pieces[*n].top != top).unwrap_or(next)
        } else {
            end_of_release(scope, *head, next)
        };
        release(scope, *head, to);
    }
    // Bullets that belong to no block are releases of their own, or links.
    for n in scope.range() {
        let piece = &scope.pieces[n];
        if !scope.used[n] && piece.list > 0 && begins_item(scope, n) && !piece.quote && is_head(scope, n) {
            let (item, depth) = (piece.item, piece.list);
            let goes_on = |m: &usize| scope.pieces[*m].item == item || scope.pieces[*m].list > depth;
            let to = (n..scope.section.to).find(|m| !goes_on(m)).unwrap_or(scope.section.to);
            release(scope, n, to);
        }
    }
    // So are paragraphs whose link has the version.
    for n in scope.range() {
        let piece = &scope.pieces[n];
        if piece.is_text() && !scope.used[n] && !piece.links.is_empty() {
            lists::releases_in(scope, n);
        }
    }
    lists::rows(scope, Kind::Release);
    // Headings there that name no version tell of something, too.
    if scope.items.is_empty() {
        lists::told_stories(scope);
        super::headings_as_news(scope);
    }
    lists::stray_articles(scope);
    // `Project updates` are what happened.
    if scope.section.told && scope.items.iter().all(|i| i.kind != Kind::Release) {
        if vocabulary::is_of_progress(&heading) {
            super::steps_as_news(scope);
        }
        super::told_bullets(scope);
    }
}

/// A heading and the line below it that say the same are one head.
fn one_each(scope: &Scope<'_>, heads: Vec<usize>, heading: &str) -> Vec<usize> {
    let mut last: Option<(String, String)> = None;
    heads
        .into_iter()
        .filter(|n| {
            let head = shapes::release_head(&scope.pieces[*n], scope.names, Some(heading))
                .map(|h| (text::fold(&h.name), h.version));
            let new = head != last;
            last = head;
            new
        })
        .collect()
}

/// A sentence that mentions a version announces nothing: a head is short, or bold, or ends with a colon.
fn announces(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let first_line = n == 0 || scope.pieces[n - 1].block != piece.block;
    let introduces = piece.text.ends_with([':', '：']);
    // However long it goes on: `Lamp [v1.5](…/releases/tag/v1.5) is out, which …`.
    let has_page = || {
        let begins = shapes::version(&piece.text).filter(|v| text::columns(&piece.text[..v.start]) <= 40);
        let shows = |l: &LinkRef, v: &str| l.url.contains("/releases/tag/") && l.text.contains(v);
        begins.is_some_and(|v| piece.links.iter().take(8).any(|l| shows(l, &v.number)))
            && shapes::announces(&piece.text)
    };
    piece.bold || piece.is_heading() || introduces || first_line && (text::columns(&piece.text) <= 90 || has_page())
}

/// A release ends with the line of its report link, unless a list or text of its own goes on.
fn end_of_release(scope: &Scope<'_>, head: usize, next: usize) -> usize {
    let level = match scope.pieces[head].shape {
        Shape::Heading(level) => Some(level),
        _ => None,
    };
    for n in head + 1..next {
        let piece = &scope.pieces[n];
        if let (Some(own), Shape::Heading(other)) = (level, piece.shape)
            && other <= own
            && !(other == own && vocabulary::is_part_of_release(&piece.text, false))
        {
            return n;
        }
        // Behind the last line across stands the farewell of the post.
        if piece.shape == Shape::Rule && n > head + 1 && is_farewell(&scope.pieces[n + 1..next], &scope.pieces[head]) {
            return n;
        }
        if piece.list > 0 && begins_item(scope, n) && shapes::is_only_release(piece) {
            return n;
        }
        if piece.is_heading() && scope.section.from != n && scope.names.is_name(&piece.text) {
            return n;
        }
        let title_link = piece.list == 0
            && lists::first_link(piece)
                .is_some_and(|l| !shapes::is_empty_title(&l.text) && text::same(&l.text, &piece.text));
        let reported = (head..n).any(|m| !scope.pieces[m].links.is_empty());
        if title_link && reported {
            return n;
        }
        // The next paragraph tells of another: `Wick came out in [version 0.32.0](…)`.
        let is_text = piece.list == 0 && piece.shape == Shape::Line && piece.block != scope.pieces[n - 1].block;
        let tells = |l: &LinkRef| shapes::release_of_subject(piece, l, scope.names).is_some();
        if is_text && reported && piece.links.iter().take(8).any(tells) {
            return n;
        }
    }
    next
}

/// Paragraphs and nothing else, none of which speaks of the release.
fn is_farewell(pieces: &[Piece], head: &Piece) -> bool {
    let version = shapes::version(&head.text).map(|v| v.number).unwrap_or_default();
    let plain = |p: &Piece| p.list == 0 && !p.bold && matches!(p.shape, Shape::Line | Shape::Html);
    let reports = |p: &Piece| {
        p.text.contains(&version) || p.links.iter().any(|l| l.url.contains("/releases") || l.url.contains(&version))
    };
    !pieces.is_empty() && pieces.iter().all(|p| plain(p) && !reports(p))
}

/// One release: its head and what stands below it up to `to`.
pub(in crate::source::digest) fn release(scope: &mut Scope<'_>, head: usize, to: usize) {
    let Some(found) = shapes::release_head(&scope.pieces[head], scope.names, Some(&scope.section.heading)) else {
        return;
    };
    let more = shapes::more_versions(&scope.pieces[head], &found.name);
    let beside = releases_beside(scope, head, &found.name, &found.version);
    for version in std::iter::once(found.version).chain(more) {
        let mut item = Item::new(Kind::Release, format!("{} {version}", found.name), scope.pieces[head].line);
        let own = || scope.pieces[head].links.iter().take(MOST_LINKS).find(|l| is_version(l, &version)).cloned();
        let reported = || report_link(&scope.pieces[head..to], &version);
        let named = || linked_name(&scope.pieces[head..to], &found.name);
        if let Some(link) = own().or_else(reported).or_else(named) {
            item = item.with_link(&link);
        }
        item.name = Some(found.name.clone());
        item.version = Some(version);
        item.ranges = scope.lines(head..to);
        scope.push(head, item);
    }
    for mut item in beside {
        item.ranges = scope.lines(head..to);
        scope.push(head, item);
    }
    scope.mark(head..to);
}

/// A release that only a link to its page names: `We released an update to
/// [t2-cli](…/releases/tag/v0.1.0)`. False when there is none.
pub(in crate::source::digest) fn release_by_link(scope: &mut Scope<'_>, n: usize, to: usize) -> bool {
    let piece = &scope.pieces[n];
    let page = |l: &&LinkRef| l.url.contains("/releases/tag/") && shapes::version(&l.text).is_none();
    let found = piece.links.iter().take(MOST_LINKS).filter(page).find_map(|link| {
        let head = shapes::release_of_link(piece, link, scope.names)?;
        Some(Item::release(head.name, head.version, piece.line).with_link(link))
    });
    let Some(mut item) = found else { return false };
    item.ranges = scope.lines(n..to);
    scope.mark(n..to);
    scope.push(n, item);
    true
}

/// So many links of one line are looked through for releases.
pub(in crate::source::digest) const MOST_LINKS: usize = 256;

/// So many releases are told of on one line, and no more: each of them shows all of it.
pub(in crate::source::digest) const MOST_BESIDE: usize = 32;

/// `[serde 1.0.2](…), [tokio 1.3](…)`, `1.5; also [1.4.9](…)`: links to release pages of their own.
fn releases_beside(scope: &Scope<'_>, head: usize, name: &str, version: &str) -> Vec<Item> {
    let piece = &scope.pieces[head];
    let links = piece.links.iter().skip(1).take(MOST_LINKS).filter(|l| !l.picture);
    links
        .filter_map(|link| {
            if !link.url.contains("/releases/tag/") {
                let found = shapes::release_of_link(piece, link, scope.names)?;
                return Some(Item::release(found.name, found.version, piece.line).with_link(link));
            }
            let line = Piece { links: vec![link.clone()], ..piece.with_line(&link.text) };
            let found = shapes::release_head(&line, scope.names, Some(name))?;
            let bare = shapes::version(&link.text).is_some_and(|v| v.start <= 1);
            let name = if bare {
                name_before(scope, piece, link).or_else(|| another(piece, link)).unwrap_or_else(|| name.to_owned())
            } else {
                found.name
            };
            Some(Item::release(name, found.version, piece.line).with_link(link))
        })
        .filter(|item| item.version.as_deref() != Some(version))
        .take(MOST_BESIDE)
        .collect()
}

/// The repository of a release page that is not the first link's.
fn another(piece: &Piece, link: &LinkRef) -> Option<String> {
    let repository = |l: &LinkRef| l.url.split_once("/releases/tag/").map(|(repository, _)| repository.to_owned());
    let own = repository(link)?;
    let first = piece.links.iter().find_map(repository)?;
    (own != first).then(|| own.rsplit('/').next().unwrap_or_default().to_owned()).filter(|name| !name.is_empty())
}

/// `MOSN [1.7.0](…) and Layotto [0.6.0](…)`: the project that the words right before a link name.
fn name_before(scope: &Scope<'_>, piece: &Piece, link: &LinkRef) -> Option<String> {
    let at = piece.links.iter().position(|l| l == link)?;
    let mut before = piece.text.as_str();
    for earlier in &piece.links[..at] {
        before = before.split_once(earlier.text.as_str()).map_or(before, |(_, behind)| behind);
    }
    let words = before.split_once(link.text.as_str())?.0;
    let word = words.trim_matches(|c: char| !c.is_alphanumeric());
    let word = word.strip_prefix("and ").unwrap_or(word).trim_start_matches(['和', '与', '及']).trim();
    scope.names.is_name(word).then(|| canonical(scope, word))
}

/// The link to the report: a release page, else the one a word introduces, else the last.
fn report_link(pieces: &[Piece], version: &str) -> Option<LinkRef> {
    let links: Vec<(&Piece, &LinkRef)> = pieces
        .iter()
        .flat_map(|p| p.links.iter().map(move |l| (p, l)))
        .filter(|(_, l)| !l.picture && places::is_page(&l.url) && !is_tag_of_another(&l.url, version))
        .filter(|(_, l)| !is_file(&l.url))
        .collect();
    let tag = links.iter().find(|(_, l)| l.url.contains("/releases/tag/") && l.url.contains(version)).or_else(|| {
        links.iter().find(|(_, l)| {
            l.url.contains("/releases/")
                || l.url.ends_with("/releases")
                || l.url.contains("/tree/")
                || l.url.contains("/compare/")
        })
    });
    let reports = |p: &Piece| {
        ["报告", "参考", "详情", "详见", "公告", "发布博客", "release note", "changelog", "announcement"]
            .iter()
            .any(|w| p.text.to_lowercase().contains(w))
    };
    let introduced = links.iter().enumerate().find(|(_, (p, _))| reports(p)).map(|(_, l)| l);
    // A link in passing is no report: the address itself is shown, or the head is the link.
    let shown = links.iter().find(|(p, l)| p.list == 0 && l.text.contains("://"));
    let own = links.iter().find(|(p, _)| std::ptr::eq(*p, &pieces[0]));
    // `[原文链接](…)`, the only link there is, and none of the changes'.
    let is_only = |(p, l): &(&Piece, &LinkRef)| {
        p.list == 0 && lists::says_nothing(&l.text) && links.iter().all(|(_, other)| other.url == l.url)
    };
    let only = links.first().filter(|first| is_only(first));
    let told = tag.or(introduced).or(own).or(shown).or(only).map(|(_, l)| (*l).clone());
    told.or_else(|| pieces.iter().flat_map(|p| &p.links).find_map(page_of_file))
}

/// Whether a link says this version and no more: `and [5.0.3](…)`.
fn is_version(link: &LinkRef, version: &str) -> bool {
    !link.picture && link.text.trim().trim_start_matches(['v', 'V']) == version
}

/// Below a heading, the link of what was released: its name, perhaps with a word.
fn linked_name(pieces: &[Piece], name: &str) -> Option<LinkRef> {
    let (head, below) = pieces.split_first()?;
    if !head.is_heading() || !head.links.is_empty() {
        return None;
    }
    let links =
        below.iter().filter(|p| p.list == 0).flat_map(|p| &p.links).filter(|l| !l.picture && places::is_page(&l.url));
    let folded = text::fold(name);
    let is_named =
        |l: &&LinkRef| text::fold(&l.text).contains(&folded) && text::columns(&l.text) <= text::columns(name) + 12;
    let mut links = links.filter(|l| !places::is_person(l)).take(MOST_LINKS);
    links.find(is_named).cloned()
}

/// The page of the release whose file a link leads to.
fn page_of_file(link: &LinkRef) -> Option<LinkRef> {
    let (repository, file) = link.url.split_once("/releases/download/")?;
    let (tag, _) = file.split_once('/')?;
    Some(LinkRef { url: format!("{repository}/releases/tag/{tag}"), ..link.clone() })
}

/// Whether an address is a file to download.
fn is_file(url: &str) -> bool {
    url.contains("/releases/download/") || [".zip", ".tar.gz", ".tgz", ".jar"].iter().any(|end| url.ends_with(end))
}

/// Whether an address is the release page of another version.
fn is_tag_of_another(url: &str, version: &str) -> bool {
    let Some((_, tag)) = url.split_once("/releases/tag/") else { return false };
    let found = shapes::version(tag.rsplit('/').next().unwrap_or(tag));
    found.is_some_and(|v| v.number != version && !tag.contains(version) && !version.contains(&v.number))
}
