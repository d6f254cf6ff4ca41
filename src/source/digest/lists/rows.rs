//! Rows of tables.

use super::{first_link, says_nothing};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::{Item, Scope, places, shapes};
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

/// The cell that says what a row is about, when its link does not: a few words that are no day,
/// no version.
fn telling_cell<'r>(row: &'r Piece, link: Option<&LinkRef>) -> Option<&'r str> {
    let tells = |cell: &&str| {
        link.is_none_or(|l| *cell != l.text)
            && !shapes::is_day(cell)
            && text::columns(cell) >= 8
            && (!cell.is_ascii() || cell.split_whitespace().count() > 2)
            && shapes::version(cell).is_none()
    };
    cells(row).into_iter().find(tells)
}

/// What the first row of a table calls a column that articles have: `标题`, `Title`.
const TITLES: [&str; 9] = ["标题", "题目", "文章", "主题", "title", "article", "post", "talk", "topic"];
/// One that has their addresses.
const ADDRESSES: [&str; 8] = ["链接", "地址", "网址", "连结", "link", "url", "address", "リンク"];

/// Whether the first row of a table has one of `names` for a column.
fn has_column(scope: &Scope<'_>, names: &[&str]) -> bool {
    let head = scope.range().map(|n| &scope.pieces[n]).find(|p| p.shape == Shape::Table && p.bold && !p.quote);
    head.is_some_and(|p| cells(p).iter().any(|c| names.contains(&c.to_lowercase().as_str())))
}

/// The address that a row has in a column for such, and the first cell that says what is there:
/// `| 00:09 | Wick, a lamp | https://wick.example |`.
fn addressed(row: &Piece) -> Option<(LinkRef, &str)> {
    let link = row.links.iter().rev().find(|l| {
        let is_followed = places::is_chat(&l.url) || places::is_network(&l.url);
        !l.picture && says_nothing(&l.text) && places::is_page(&l.url) && !is_followed
    })?;
    let says = |cell: &&str| *cell != link.text && !says_nothing(cell) && !shapes::is_day(cell) && !is_number(cell);
    Some((link.clone(), cells(row).into_iter().find(says)?))
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|b| b.is_ascii_digit())
}

/// Reads the rows of tables: a row with a link is an item. Below a heading that tells nothing
/// a table is a list when all of its rows have links.
pub(in crate::source::digest) fn rows(scope: &mut Scope<'_>, kind: Kind) {
    let is_row = |n: &usize| {
        let piece = &scope.pieces[*n];
        piece.shape == Shape::Table && !piece.bold && !piece.quote
    };
    let has_titles = has_column(scope, &TITLES);
    let has_addresses = has_column(scope, &ADDRESSES) && scope.range().filter(is_row).count() > 1;
    let titled = |n: usize| {
        let piece = &scope.pieces[n];
        let told = |l: &LinkRef| has_titles && !places::is_person(l) && telling_cell(piece, Some(l)).is_some();
        let is_addressed = || has_addresses && addressed(piece).is_some();
        first_link(piece).is_some_and(|l| !says_nothing(&l.text) || told(&l)) || is_addressed()
    };
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
                let mut item = Item::new(kind, format!("{} {}", found.name, found.version), piece.line)
                    .linked(first_link(piece).as_ref());
                (item.name, item.version, item.lead) = (Some(found.name), Some(found.version), row);
                scope.mark(n..n + 1);
                scope.push(n, item);
            }
            continue;
        }
        if let Some((link, title)) = addressed(piece).filter(|_| has_addresses && kind != Kind::Event) {
            let item = Item { lead: row, ..Item::new(kind, title, piece.line).with_link(&link) };
            scope.mark(n..n + 1);
            scope.push(n, item);
            continue;
        }
        let Some(link) = first_link(piece) else {
            match telling_cell(piece, None).filter(|_| kind == Kind::News) {
                Some(title) => {
                    let item = Item { lead: row, ..Item::new(kind, title, piece.line) };
                    scope.mark(n..n + 1);
                    scope.push(n, item);
                }
                None => dated_row(scope, n, kind, &row),
            }
            continue;
        };
        let title = if says_nothing(&link.text) || is_number(&link.text) {
            let other = || cells.iter().copied().find(|c| *c != link.text && !shapes::is_day(c));
            telling_cell(piece, Some(&link)).or_else(other).unwrap_or(link.text.as_str())
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
