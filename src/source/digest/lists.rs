//! Link lists, heading items and numbered paragraphs.

use super::shapes;
use super::vocabulary::{is_frame, is_recap};
use super::{Head, Item, Scope};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};

/// A stretch of pieces that may be one item.
struct Unit {
    from: usize,
    to: usize,
    form: Form,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Form {
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
    for unit in units(scope) {
        read_unit(scope, &unit, Kind::Article);
    }
    rows(scope, Kind::Article);
}

/// Questions that are links, or items of a list with their answers below:
/// `1、[How do I …?](…)`, `- Which …?` and an indented paragraph.
pub(super) fn questions(scope: &mut Scope<'_>) {
    for unit in units(scope) {
        let piece = &scope.pieces[unit.from];
        let (asked, _) = shapes::without_ordinal(&piece.text);
        let asked = asked.to_owned();
        let asks = asked.trim_end().ends_with(['?', '？']);
        let answered = unit.to > unit.from + 1;
        if first_link(piece).is_none() && asks && answered && unit.form != Form::Line {
            let mut item = Item::new(Kind::Question, asked, piece.line);
            item.ranges = scope.lines(unit.from + 1..unit.to);
            scope.mark(unit.from..unit.to);
            scope.push(unit.from, item);
        } else {
            read_unit(scope, &unit, Kind::Question);
        }
    }
}

/// Reads a section whose heading tells nothing: links are articles, a name with a version is a release.
pub(super) fn items(scope: &mut Scope<'_>) {
    for unit in units(scope) {
        let piece = &scope.pieces[unit.from];
        let release = unit.form != Form::Line && shapes::is_release_title(piece);
        if release && shapes::release_head(piece, scope.names, None).is_some() {
            super::blocks::release(scope, unit.from, unit.to);
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
            && (!shapes::is_link_line(piece) || shapes::label(piece, scope.names).is_some() || introduces(piece))
        {
            continue;
        }
        read_unit(scope, &unit, Kind::Article);
    }
    rows(scope, Kind::Article);
}

/// A sentence that ends with its proof: `It got faster (Jane, 6.1. [Link](…))`.
fn statement(scope: &Scope<'_>, n: usize) -> Option<(LinkRef, String)> {
    let piece = &scope.pieces[n];
    if piece.quote || piece.list > 0 || piece.shape != Shape::Line {
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

/// Reads the rows of tables: a row with a link is an item. Below a heading that tells nothing
/// a table is a list when all of its rows have links.
pub(super) fn rows(scope: &mut Scope<'_>, kind: Kind) {
    let is_row = |n: &usize| {
        let piece = &scope.pieces[*n];
        piece.shape == Shape::Table && !piece.bold && !piece.quote
    };
    let titled = |n: usize| first_link(&scope.pieces[n]).is_some_and(|l| !says_nothing(&l.text));
    if !scope.section.told && (scope.range().filter(is_row).count() < 2 || !scope.range().filter(is_row).all(titled)) {
        return;
    }
    for n in scope.range() {
        let piece = &scope.pieces[n];
        if piece.shape != Shape::Table || piece.bold || piece.quote || scope.used[n] {
            continue;
        }
        let cells: Vec<&str> =
            piece.text.split(" | ").map(|c| c.trim_matches([' ', '|'])).filter(|c| !c.is_empty()).collect();
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
        let Some(link) = first_link(piece) else { continue };
        let title = if shapes::is_empty_title(&link.text) {
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

/// Reads a list of news: what is a sentence with a link in it is news, the rest as usual.
pub(super) fn news(scope: &mut Scope<'_>) {
    let before = scope.items.len();
    items(scope);
    for k in before..scope.items.len() {
        let line = scope.items[k].line;
        let at = scope.range().find(|n| scope.pieces[*n].line == line);
        let link = at.and_then(|n| first_link(&scope.pieces[n]).map(|l| (n, l)));
        if let Some((n, link)) = link
            && scope.items[k].kind == Kind::Article
            && sentence_around(scope, n, &link).is_some()
        {
            scope.items[k].kind = Kind::News;
        }
    }
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
        let is_section_heading = n == start && !scope.section.heading.is_empty();
        let names_list = || shapes::is_listing(&piece.links[0].url) || super::heads_a_list(scope.pieces, n);
        let is_linked = matches!(piece.shape, Shape::Heading(_)) && !piece.links.is_empty() && !names_list();
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
            (to, Form::Bullet)
        } else if let Shape::Heading(level) = piece.shape {
            let has_link = piece.links.iter().any(|l| !l.picture);
            let numbered = shapes::without_ordinal(&piece.text).1;
            let titled = numbered || has_link && is_linked;
            if !titled {
                n += 1;
                continue;
            }
            let to = (n + 1..scope.section.to)
                .find(|m| matches!(scope.pieces[*m].shape, Shape::Heading(l) if l <= level))
                .unwrap_or(scope.section.to);
            (to, Form::Heading)
        } else if is_numbered(scope, n) {
            let to = (n + 1..scope.section.to)
                .find(|m| {
                    is_numbered(scope, *m)
                        || is_number(&scope.pieces[*m])
                        || matches!(scope.pieces[*m].shape, Shape::Heading(_) | Shape::Rule)
                        || scope.pieces[*m].list > 0 && !scope.pieces[*m].links.is_empty()
                        || is_bare_link(&scope.pieces[*m]) && !piece.links.is_empty()
                })
                .unwrap_or(scope.section.to);
            (to, Form::Numbered)
        } else {
            (if is_bare_link(piece) { end_of_description(scope, n + 1) } else { n + 1 }, Form::Line)
        };
        units.push(Unit { from: n, to, form });
        n = to;
    }
    units
}

/// Behind the text of a plain heading that tells something and links to it: `### A new home
/// for Tokio`, and a paragraph with the link. None where links below have titles of their own.
fn story_end(scope: &Scope<'_>, n: usize) -> Option<usize> {
    let piece = &scope.pieces[n];
    let is_section = n == scope.section.from;
    let plain = matches!(piece.shape, Shape::Heading(_)) && piece.links.iter().all(|l| l.picture) && !piece.quote;
    let (title, _) = shapes::without_ordinal(&piece.text);
    if !plain
        || is_section && (scope.section.told || scope.section.head == Head::Banner)
        || title.chars().filter(|c| c.is_alphanumeric()).count() < 2
        || shapes::is_generic(title)
        || is_frame(title)
        || scope.names.is_name(title) && scope.section.told
    {
        return None;
    }
    let to = (n + 1..scope.section.to)
        .find(|m| matches!(scope.pieces[*m].shape, Shape::Heading(_) | Shape::Rule))
        .unwrap_or(scope.section.to);
    // What stands above the headings of parts introduces them.
    if let (Shape::Heading(own), Some(Shape::Heading(next))) = (piece.shape, scope.pieces.get(to).map(|p| p.shape))
        && next > own
    {
        return None;
    }
    let body = || n + 1..to;
    let is_own = |m: usize| {
        let piece = &scope.pieces[m];
        let Some(link) = first_link(piece) else { return piece.shape == Shape::Table };
        let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
        let at_start = text::columns(piece.text.split(link.text.as_str()).next().unwrap_or("")) <= 24;
        let titled = at_start && shapes::is_link_line(piece) && !says_nothing(&link.text);
        let bullet = piece.list > 0 && letters(&piece.text) > letters(&link.text) + 3;
        titled || bullet || is_numbered(scope, m) || statement(scope, m).is_some() || piece.shape == Shape::Table
    };
    // Text and a link below it, and again: several things under one heading.
    let closes = |m: usize| {
        let piece = &scope.pieces[m];
        first_link(piece).is_some_and(|l| {
            let words = piece.text.split(l.text.as_str()).next().unwrap_or("");
            let words = words.trim_matches(|c: char| !c.is_alphanumeric());
            says_nothing(&l.text)
                && (shapes::is_link_line(piece)
                    || text::columns(words) >= 6 && piece.text.trim_end().ends_with(l.text.as_str()))
        })
    };
    let several = body().filter(|m| closes(*m) && !(*m > n + 1 && closes(*m - 1))).count() > 1;
    let linked = body().any(|m| story_link(&scope.pieces[m]).is_some());
    (linked && !several && !body().any(is_own)).then_some(to)
}

/// A link that a story may be about.
fn story_link(piece: &Piece) -> Option<LinkRef> {
    let about = |l: &LinkRef| {
        !shapes::is_navigation(&l.text)
            && !shapes::is_listing(&l.url)
            && !shapes::is_person(&l.url)
            && !l.text.trim_start().starts_with(['@', '＠'])
    };
    let page = |l: &&LinkRef| !l.picture && shapes::is_page(&l.url) && !l.text.trim().is_empty() && about(l);
    first_link(piece).filter(about).or_else(|| piece.links.iter().find(page).cloned())
}

/// Whether the words of a link name nothing: `here`, `Reddit`, `报名链接`, an address.
fn says_nothing(text: &str) -> bool {
    shapes::is_empty_title(text) || shapes::is_generic(text.trim_matches(|c: char| !c.is_alphanumeric()))
}

/// A heading and what is told below it, with the first link there.
fn story(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let Some(link) = (unit.from + 1..unit.to).find_map(|n| story_link(&scope.pieces[n])) else { return };
    let (title, _) = shapes::without_ordinal(&scope.pieces[unit.from].text);
    let title = title.trim_end_matches([':', '：', ' ']).to_owned();
    let before = scope.items.len();
    push(scope, unit.from..unit.to, unit.from, title, &link, kind);
    let below = scope.lines(unit.from + 1..unit.to);
    scope.items[before..].iter_mut().for_each(|i| i.ranges.clone_from(&below));
}

/// Behind the paragraphs below a title that describe it: plain text, no calls, no labels.
fn end_of_description(scope: &Scope<'_>, from: usize) -> usize {
    let describes = |n: &usize| {
        let p = &scope.pieces[*n];
        let call = ["扫码", "关注", "公众号", "subscribe"].iter().any(|w| p.text.to_lowercase().contains(w));
        let heads = p.bold && scope.at(n + 1).is_none_or(|q| q.block != p.block);
        let plain = p.shape == Shape::Line && p.list == 0 && !p.quote && p.images == 0 && !heads && !call;
        plain && !shapes::is_link_line(p) && text::columns(&p.text) >= 8 && shapes::label(p, scope.names).is_none()
    };
    (from..scope.section.to).take(4).take_while(describes).last().map_or(from, |n| n + 1)
}

/// A line that is exactly one link.
fn is_bare_link(piece: &Piece) -> bool {
    piece.list == 0
        && !piece.quote
        && piece.links.first().is_some_and(|l| !l.picture && text::fold(&l.text) == text::fold(&piece.text))
}

/// `3、` alone in a paragraph: what follows belongs to the next item.
fn is_number(piece: &Piece) -> bool {
    let (rest, numbered) = shapes::without_ordinal(&piece.text);
    piece.shape == Shape::Line && piece.list == 0 && numbered && rest.is_empty()
}

/// `1、[title](link)`, `**2. title**`, with no other line above it in its paragraph.
fn is_numbered(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    let first_of_block = n == 0 || scope.pieces[n - 1].block != piece.block;
    if piece.shape != Shape::Line || piece.quote || piece.list > 0 || !first_of_block {
        return false;
    }
    let (rest, numbered) = shapes::without_ordinal(&piece.text);
    let begins_with_link =
        || piece.links.iter().any(|l| !l.picture && !l.text.is_empty() && rest.starts_with(l.text.as_str()));
    numbered
        && !rest.is_empty()
        && (text::columns(rest) <= 160 || begins_with_link())
        && (piece.bold || piece.links.iter().any(|l| !l.picture))
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
    let heads = scope.pieces[unit.from].text.ends_with([':', '：'])
        && (unit.from + own.len()..unit.to).filter(|n| shapes::is_link_line(&scope.pieces[*n])).count() > 1;
    if let Some((n, link)) = own_link.filter(|_| !heads) {
        let title = title_in(scope, n, &link, unit.from);
        push(scope, unit.from..unit.to, n, title, &link, kind);
        return;
    }
    // What the items below are about stands here: `MOSN`, and its links below.
    let head = scope.pieces[unit.from].text.trim_end_matches([':', '：', ' ']).to_owned();
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

/// A heading or a numbered title, and what stands below it.
fn titled(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let head = &scope.pieces[unit.from];
    let (rest, _) = shapes::without_ordinal(&head.text);
    let rest = rest.to_owned();
    let own = first_link(head);
    let below = || {
        (unit.from + 1..unit.to).find_map(|n| first_link(&scope.pieces[n]).or_else(|| picture_link(&scope.pieces[n])))
    };
    let (link, title) = match own {
        Some(link) => {
            let title = if shapes::is_empty_title(&link.text) { without_link(&rest, &link) } else { link.text.clone() };
            (link, title)
        }
        None => match below() {
            Some(link) => (link, rest.trim_end_matches([':', '：']).to_owned()),
            None => return,
        },
    };
    let before = scope.items.len();
    push(scope, unit.from..unit.to, unit.from, title, &link, kind);
    // What stands below the title is the content, however little it is.
    let below = scope.lines(unit.from + 1..unit.to);
    // `1、[title](link)：and what it is`
    let described = rest.split_once(link.text.as_str()).map(|(_, behind)| behind.trim_start());
    let described = described.and_then(|b| b.strip_prefix([':', '：', '-', '–', '—', '，', ',']));
    let described = described.map(|b| b.trim_matches([' ', '—', '-'])).filter(|b| text::columns(b) > 8);
    let described = described.map(str::to_owned);
    if let Some(item) = scope.items.get_mut(before).filter(|_| !below.is_empty()) {
        item.ranges = below;
        item.lead = described.unwrap_or_default();
    }
}

fn line(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
    let n = unit.from;
    if scope.used[n] {
        return;
    }
    let piece = &scope.pieces[n];
    if piece.quote || matches!(piece.shape, Shape::Code | Shape::Table) {
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
    if !shapes::is_link_line(piece) || attribution || is_menu(piece) || shapes::is_credit(&piece.text) {
        return;
    }
    if shapes::label(piece, scope.names).is_some() && shapes::is_empty_title(&link.text) {
        return;
    }
    let title = title_in(scope, n, &link, n);
    let before = scope.items.len();
    push(scope, n..unit.to, n, title, &link, kind);
    if unit.to > n + 1 {
        let below = scope.lines(n + 1..unit.to);
        scope.items[before..].iter_mut().for_each(|i| i.ranges.clone_from(&below));
    }
}

/// Words that say what a picture is of, and no name of its file.
fn is_caption(text: &str) -> bool {
    let lower = text.to_lowercase();
    let file = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg"].iter().any(|e| lower.ends_with(e));
    text::columns(text) >= 8
        && !file
        && !["image", "picture", "screenshot", "cover", "banner"].contains(&lower.as_str())
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
        || shapes::is_credit(&scope.pieces[at].text)
    {
        return;
    }
    let mut item = Item::new(kind, title, scope.pieces[at].line).with_link(link);
    // The line itself is the link; only words beside it are content.
    item.ranges = if says_more(scope, range.clone(), link) { scope.lines(range.clone()) } else { Vec::new() };
    scope.mark(range);
    scope.push(at, item);
}

/// Whether the pieces say anything beside the link.
fn says_more(scope: &Scope<'_>, range: std::ops::Range<usize>, link: &LinkRef) -> bool {
    let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
    let all: usize = scope.pieces[range].iter().map(|p| letters(&p.text)).sum();
    all > letters(&link.text) + 3
}

/// The first link of a piece that is a page, with the texts of neighbours to the same page joined.
pub(super) fn first_link(piece: &Piece) -> Option<LinkRef> {
    let page = |l: &LinkRef| !l.picture && shapes::is_page(&l.url) && !l.text.trim().is_empty();
    let person = |l: &LinkRef| l.text.trim_start().starts_with(['@', '＠']);
    let at = piece.links.iter().position(|l| page(l) && !person(l)).or_else(|| piece.links.iter().position(page))?;
    let mut link = piece.links[at].clone();
    for next in &piece.links[at + 1..] {
        let together = format!("{}{}", link.text, next.text);
        let spaced = format!("{} {}", link.text, next.text);
        if next.url != link.url || next.picture {
            break;
        }
        link.text = if piece.text.contains(&together) {
            together
        } else if piece.text.contains(&spaced) {
            spaced
        } else {
            break;
        };
    }
    Some(link)
}

fn picture_link(piece: &Piece) -> Option<LinkRef> {
    piece.links.iter().find(|l| l.picture && shapes::is_page(&l.url)).cloned()
}

/// The title of a link: its text, else the words around it, else the line above.
fn title_in(scope: &Scope<'_>, n: usize, link: &LinkRef, from: usize) -> String {
    let piece = &scope.pieces[n];
    if let Some(sentence) = sentence_around(scope, n, link) {
        return sentence;
    }
    if !shapes::is_empty_title(&link.text) {
        return words_before(&piece.text, link).unwrap_or_else(|| link.text.clone());
    }
    let around = without_link(&piece.text, link);
    if around.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && !shapes::is_generic(&around) {
        return around;
    }
    if n > from {
        let above = scope.pieces[n - 1].text.trim().to_owned();
        if !above.is_empty() {
            return above;
        }
    }
    match title_above(scope, n) {
        Some((_, title)) => title,
        None => heading_above(scope, n).unwrap_or_else(|| link.text.clone()),
    }
}

/// The nearest heading that says what a bare address below it is, where no section does.
fn heading_above(scope: &Scope<'_>, n: usize) -> Option<String> {
    let says = |h: &&String| !shapes::is_generic(h) && !is_frame(h) && text::columns(h) >= 8;
    let path = scope.paths.get(n).filter(|_| !scope.section.told && scope.section.head == Head::Heading)?;
    path.iter().rev().find(says).map(|h| shapes::without_ordinal(h).0.to_owned())
}

/// The words before a link that only says where they lead: `Live on June 22: what comes next
/// 👉 [sign up](…)`.
fn words_before(line: &str, link: &LinkRef) -> Option<String> {
    let (line, _) = shapes::without_ordinal(line);
    let (before, behind) = line.split_once(link.text.as_str())?;
    let before = before.trim_matches(|c: char| !c.is_alphanumeric() && !"）)」】》?？!！\"”'’".contains(c));
    let tells = text::columns(before) >= 12 && before.chars().any(char::is_alphabetic) && !shapes::is_day(before);
    (says_nothing(&link.text) && tells && !behind.contains(char::is_alphanumeric)).then(|| before.to_owned())
}

/// The sentence a link stands in, when the link is a few of its words: `Kubelets can
/// [run in containers](…) now.` Words that only introduce a link end with a mark.
pub(super) fn sentence_around(scope: &Scope<'_>, n: usize, link: &LinkRef) -> Option<String> {
    let piece = &scope.pieces[n];
    let (line, _) = shapes::without_ordinal(&piece.text);
    let at = line.find(link.text.as_str())?;
    let (before, behind) = (line[..at].trim_end(), &line[at + link.text.len()..]);
    if shapes::is_day(before) {
        return None;
    }
    let inside = before.chars().last().is_some_and(|c| c.is_alphanumeric() || ",，、".contains(c));
    // `[Remove](…) the old metric`: a word or two that open a sentence are no title.
    let by_whom = is_credit_behind(behind, piece);
    let goes_on = behind.trim_start().starts_with(|c: char| c.is_alphanumeric()) && !by_whom;
    let opens = before.is_empty() && goes_on && text::columns(&link.text) <= 24 && text::columns(behind) > 12;
    let number = shapes::is_empty_title(&link.text) && !link.text.contains("://") && before.chars().count() > 8;
    if piece.list == 0 || link.text.is_empty() || !(inside || opens || number) || shapes::is_empty_title(&piece.text) {
        return None;
    }
    let item = piece.item;
    let whole: Vec<&str> = (n..scope.section.to)
        .map(|m| &scope.pieces[m])
        .take_while(|p| p.item == item && p.block == piece.block)
        .map(|p| p.text.as_str())
        .collect();
    let whole = whole.join(" ");
    Some(text::first_sentence(shapes::without_ordinal(&whole).0))
}

/// `[title](…) by Jane Doe`, `[one](…) and [another](…)`: what follows a title continues no sentence.
fn is_credit_behind(behind: &str, piece: &Piece) -> bool {
    let behind = behind.trim().trim_end_matches(['.', '。']);
    if let Some(other) = behind.strip_prefix("and ").or_else(|| behind.strip_prefix("+ ")) {
        let behind_next = |l: &LinkRef| other.strip_prefix(l.text.as_str()).filter(|_| !l.text.is_empty());
        return piece.links.iter().filter_map(behind_next).any(|b| b.is_empty() || is_credit_behind(b, piece));
    }
    let Some(name) = behind.strip_prefix("by ").or_else(|| behind.strip_prefix("from ")) else { return false };
    let is_name = |w: &str| {
        w.starts_with(|c: char| c.is_uppercase() || c == '@' || !c.is_ascii())
            || matches!(w, "and" | "the" | "of" | "de" | "van" | "von" | "&")
    };
    let mut words = name.split_whitespace();
    words.clone().count() <= 6 && words.all(is_name)
}

/// The words beside a link: those before it, when they introduce it.
fn without_link(line: &str, link: &LinkRef) -> String {
    let trim = |words: &str| {
        let words = text::squeeze(
            words.trim_matches(|c: char| c.is_whitespace() || ":：-–—|｜()（）[]「」、,，.。".contains(c)),
        );
        words.replace(" ：", "：").replace(" ，", "，")
    };
    let before = line.split_once(link.text.as_str()).map_or("", |(before, _)| before.trim_end());
    if before.ends_with([':', '：']) && text::columns(before) >= 8 && !shapes::is_generic(&trim(before)) {
        return trim(before);
    }
    trim(&line.replacen(link.text.as_str(), " ", 1).replace("（ ）", " ").replace("( )", " "))
}

/// The line of text above `n` that no item has taken.
fn title_above(scope: &Scope<'_>, n: usize) -> Option<(usize, String)> {
    let above = (scope.section.from..n).next_back()?;
    let piece = &scope.pieces[above];
    let is_section = above == scope.section.from && !scope.section.heading.is_empty();
    let usable = !scope.used[above]
        && !is_section
        && !piece.text.is_empty()
        && piece.links.is_empty()
        && text::columns(&piece.text) <= 120;
    let line = piece.text.trim_start_matches(['-', '•', '·', ' ']);
    usable.then(|| (above, shapes::without_numbers(line).to_owned()))
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
        push(scope, n..n + 1, n, title, &link, Kind::Article);
        scope.items[before..].iter_mut().for_each(|i| i.astray = true);
    }
}
