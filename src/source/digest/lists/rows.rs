//! Rows of tables.

use super::{first_link, says_nothing};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::{Item, Scope, shapes};
use crate::source::markdown::{LinkRef, Piece, Shape};

/// A row of a day and words, without a link, is an event all the same.
fn dated_row(scope: &mut Scope<'_>, n: usize, kind: Kind, row: &str) {
    let cells = || row.split(" · ");
    let title = cells().find(|c| shapes::day_in(c).is_none() && c.chars().filter(|c| c.is_alphabetic()).count() >= 4);
    let (Some(title), true, true) = (title, kind == Kind::Event, shapes::day_in(row).is_some()) else { return };
    let mut item = Item::new(kind, title, scope.pieces[n].line);
    item.time = Some(row.replace(" · ", " "));
    item.lead = row.to_owned();
    scope.mark(n..n + 1);
    scope.push(n, item);
}

fn cells(row: &Piece) -> Vec<&str> {
    row.text.split(" | ").map(|c| c.trim_matches([' ', '|'])).filter(|c| !c.is_empty()).collect()
}

/// Whether a row says what its link is: the link itself does, or a cell beside it that is
/// neither a name nor a version.
fn is_titled(row: &Piece, link: &LinkRef) -> bool {
    let tells = |cell: &&str| {
        *cell != link.text
            && !shapes::is_day(cell)
            && text::columns(cell) >= 8
            && (!cell.is_ascii() || cell.split_whitespace().count() > 2)
            && shapes::version(cell).is_none()
    };
    !says_nothing(&link.text) || !shapes::is_person(&link.url) && cells(row).iter().any(tells)
}

/// Reads the rows of tables: a row with a link is an item. Below a heading that tells nothing
/// a table is a list when all of its rows have links.
pub(in crate::source::digest) fn rows(scope: &mut Scope<'_>, kind: Kind) {
    let is_row = |n: &usize| {
        let piece = &scope.pieces[*n];
        piece.shape == Shape::Table && !piece.bold && !piece.quote
    };
    let titled = |n: usize| first_link(&scope.pieces[n]).is_some_and(|l| is_titled(&scope.pieces[n], &l));
    if !scope.section.told && (scope.range().filter(is_row).count() < 2 || !scope.range().filter(is_row).all(titled)) {
        return;
    }
    for n in scope.range() {
        let piece = &scope.pieces[n];
        if piece.shape != Shape::Table || piece.bold || piece.quote || scope.used[n] {
            continue;
        }
        let cells = cells(piece);
        let row = cells.join(" · ");
        if kind == Kind::Release {
            let line = Piece { shape: Shape::Line, bold: true, text: cells.join(" "), ..piece.clone() };
            if let Some(found) = shapes::release_head(&line, scope.names, Some(&scope.section.heading)) {
                let mut item = Item::new(kind, format!("{} {}", found.name, found.version), piece.line);
                if let Some(link) = first_link(piece) {
                    item = item.with_link(&link);
                }
                (item.name, item.version, item.lead) = (Some(found.name), Some(found.version), row);
                scope.mark(n..n + 1);
                scope.push(n, item);
            }
            continue;
        }
        let Some(link) = first_link(piece) else {
            dated_row(scope, n, kind, &row);
            continue;
        };
        let title = if says_nothing(&link.text) {
            cells.iter().find(|c| **c != link.text && !shapes::is_day(c)).map_or(link.text.as_str(), |c| *c)
        } else {
            link.text.as_str()
        };
        let mut item = Item::new(kind, title, piece.line).with_link(&link);
        if kind == Kind::Event {
            item.time = Some(cells.join(" "));
        }
        item.labels.extend(cells.iter().filter(|c| scope.names.is_name(c)).map(|c| (*c).to_owned()));
        item.lead = row;
        scope.mark(n..n + 1);
        scope.push(n, item);
    }
}
