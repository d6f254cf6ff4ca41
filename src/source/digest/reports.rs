//! Reports, as weeklies made of messages have them: who says it on one line, what is
//! said quoted below, the project's name in the heading above.

use super::blocks::MOST_LINKS;
use super::places;
use super::shapes::{self, ReleaseHead};
use super::{Item, Scope};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};

/// `[Jane](…) says`, `Bob announces:`: who.
fn reporter(piece: &Piece) -> Option<String> {
    const VERBS: [&str; 12] = [
        "says", "said", "reports", "reported", "announces", "announced", "writes", "wrote", "told us", "shares",
        "tells us", "adds",
    ];
    if !piece.is_text() || text::columns(&piece.text) > 80 {
        return None;
    }
    let line = piece.text.trim_end_matches([':', '：', ',', ' ']);
    let name = VERBS.iter().find_map(|verb| line.strip_suffix(verb))?.trim_end();
    let linked = piece.links.first().is_some_and(|l| !l.picture && line.starts_with(l.text.as_str()));
    (linked && !name.is_empty()).then(|| name.to_owned())
}

/// The first quoted piece of the report that begins at `n`.
fn said(scope: &Scope<'_>, n: usize) -> Option<usize> {
    reporter(&scope.pieces[n])?;
    let next = scope.at(n + 1)?;
    (next.quote || matches!(next.shape, Shape::Line) && next.block != scope.pieces[n].block).then_some(n + 1)
}

/// The release that a sentence of a report announces with its page.
fn released(scope: &Scope<'_>, n: usize) -> Option<(ReleaseHead, LinkRef)> {
    let piece = &scope.pieces[n];
    let page = |l: &&LinkRef| !l.picture && l.url.contains("/releases/tag/");
    if !shapes::announces(&piece.text) {
        return None;
    }
    piece
        .links
        .iter()
        .filter(page)
        .take(MOST_LINKS)
        .find_map(|l| Some((shapes::release_of_link(piece, l, scope.names)?, l.clone())))
}

/// Whether a section is made of them.
pub(super) fn has(scope: &Scope<'_>) -> bool {
    scope.range().any(|n| said(scope, n).is_some_and(|m| scope.pieces[m].quote))
}

/// Reads the reports of a section; each is news of its own.
pub(super) fn read(scope: &mut Scope<'_>) {
    let starts: Vec<usize> = scope.range().filter(|n| said(scope, *n).is_some()).collect();
    for (k, start) in starts.iter().enumerate() {
        let next = starts.get(k + 1).copied().unwrap_or(scope.section.to);
        let end = (start + 1..next)
            .find(|n| !scope.pieces[*n].quote && matches!(scope.pieces[*n].shape, Shape::Heading(_) | Shape::Rule))
            .unwrap_or(next);
        // Quoted: as far as the quotation and its pictures go.
        let quoted = scope.pieces[start + 1].quote;
        let end = if quoted {
            (start + 1..end)
                .find(|n| {
                    let p = &scope.pieces[*n];
                    !p.quote && (p.images == 0 || !p.text.is_empty())
                })
                .unwrap_or(end)
        } else {
            end
        };
        let first = (start + 1..end).find(|n| !scope.pieces[*n].text.is_empty());
        let Some(first) = first else { continue };
        let paragraph: Vec<&str> = scope.pieces[first..end]
            .iter()
            .take_while(|p| p.block == scope.pieces[first].block)
            .map(|p| p.text.as_str())
            .collect();
        let mut item = Item::new(Kind::News, text::first_sentence(&paragraph.join(" ")), scope.pieces[*start].line);
        item.asker = reporter(&scope.pieces[*start]);
        let page = |l: &&LinkRef| !l.picture && places::is_page(&l.url);
        if let Some(link) = scope.pieces[first..end].iter().flat_map(|p| &p.links).find(page) {
            item.url = Some(link.url.clone());
            item.link_text = Some(link.text.clone());
        }
        // `This week we released [Wick 0.8.6](…/releases/tag/v0.8.6)`
        if let Some((head, link)) = (first..end).find_map(|n| released(scope, n)) {
            item.kind = Kind::Release;
            item.title = format!("{} {}", head.name, head.version);
            (item.name, item.version) = (Some(head.name), Some(head.version));
            item.url = Some(link.url.clone());
            item.link_text = Some(link.text);
        }
        // What the heading right above leads to is what it is about.
        let above = (scope.section.from..*start).rev().find(|n| scope.pieces[*n].is_heading());
        if let Some(above) = above {
            item.about.extend(scope.pieces[above].links.iter().filter(page).map(|l| l.url.clone()));
            let heading = shapes::without_brackets(&scope.pieces[above].text);
            if scope.names.is_name(heading) {
                item.labels.push(heading.to_owned());
            }
        }
        item.ranges = scope.lines(first..end);
        scope.mark(*start..end);
        scope.push(*start, item);
    }
}
