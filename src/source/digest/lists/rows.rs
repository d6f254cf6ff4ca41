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

/// One that says what each is.
const WORDS: [&str; 14] = [
    "简介", "介绍", "描述", "说明", "內容", "内容", "簡介", "介紹", "description", "about", "summary", "what it is",
    "what", "notes",
];

/// What the columns of a table are called.
struct Columns {
    count: usize,
    title: Option<usize>,
    address: Option<usize>,
    has_words: bool,
}

impl Columns {
    fn of(scope: &Scope<'_>) -> Self {
        let head = scope.range().map(|n| &scope.pieces[n]).find(|p| p.shape == Shape::Table && p.bold && !p.quote);
        let names: Vec<String> = head.map_or_else(Vec::new, |p| all_cells(p).map(str::to_lowercase).collect());
        let of = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        // `Article name` has a word of them.
        let has_word = |name: &String| TITLES.iter().any(|word| name.split(' ').any(|w| w == *word));
        let title = of(&TITLES).or_else(|| names.iter().position(has_word));
        Self { count: names.len(), title, address: of(&ADDRESSES), has_words: of(&WORDS).is_some() }
    }

    /// Rows have their address in a column of its own, and more is said of each than its name.
    fn are_addressed(&self, told: bool) -> bool {
        self.address.is_some() && (told || self.has_words || self.title.is_some())
    }

    /// The cell of a row in a column.
    fn cell<'r>(&self, row: &'r Piece, column: Option<usize>) -> Option<&'r str> {
        // A sign within a cell parts it, too: then nobody knows which is which.
        let cell = column.and_then(|column| all_cells(row).nth(column));
        cell.filter(|cell| !cell.is_empty() && all_cells(row).count() == self.count)
    }

    /// The address that a row has in a column for such, and what is there:
    /// `| 00:09 | Wick, a lamp | https://wick.example |`. None where a cell is a link with a title.
    fn addressed<'r>(&self, row: &'r Piece) -> Option<(LinkRef, &'r str)> {
        let leads = |l: &&LinkRef| {
            let is_followed = places::is_chat(&l.url) || places::is_network(&l.url);
            !l.picture && says_nothing(&l.text) && places::is_page(&l.url) && !is_followed
        };
        if row.links.iter().any(|l| !l.picture && !says_nothing(&l.text) && !is_number(&l.text)) {
            return None;
        }
        let cell = self.cell(row, self.address);
        let own = cell.and_then(|cell| row.links.iter().filter(leads).find(|l| l.text == cell));
        let link = own.or_else(|| row.links.iter().rev().find(leads))?;
        let says = |cell: &&str| *cell != link.text && !says_nothing(cell) && !shapes::is_day(cell) && !is_number(cell);
        let title = self.cell(row, self.title).filter(says).or_else(|| cells(row).into_iter().find(says))?;
        Some((link.clone(), title))
    }
}

fn all_cells(row: &Piece) -> impl Iterator<Item = &str> {
    row.text.split('|').map(str::trim)
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
    let columns = Columns::of(scope);
    let has_titles = columns.title.is_some();
    let has_addresses = columns.are_addressed(scope.section.told) && scope.range().filter(is_row).count() > 1;
    let titled = |n: usize| {
        let piece = &scope.pieces[n];
        let told = |l: &LinkRef| has_titles && !places::is_person(l) && telling_cell(piece, Some(l)).is_some();
        let is_addressed = || has_addresses && columns.addressed(piece).is_some();
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
        if let Some((link, title)) = columns.addressed(piece).filter(|_| has_addresses && kind != Kind::Event) {
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
