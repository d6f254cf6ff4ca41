//! A unit of a list as an item: which link is its own, what it is called, what is told with it.
//!
//! Refused is what only looks like one: menus, credits, persons, sources, adverts, invitations.

use super::stories::{story, told_link};
use super::titles::{is_caption, picture_link, title_above, title_in, without_link};
use super::units::{Form, Unit};
use super::{
    first_link, invites, is_bare_link, is_link, is_menu, is_one_of_several, is_one_of_three, opens_with_title,
    says_nothing,
};
use crate::config::SectionKind;
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::vocabulary::{self, is_of_past_issues};
use crate::source::digest::{Head, Item, Scope, places, shapes};
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::Pattern;

pub(super) fn read_unit(scope: &mut Scope<'_>, unit: &Unit, kind: Kind) {
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
    if let Some((at, link)) = link_of_fields(scope, unit, unit.from + own.len()) {
        let title = scope.pieces[unit.from].text.trim_end_matches([':', '：', ' ']).to_owned();
        let before = scope.items.len();
        push(scope, unit.from..unit.to, at, title, &link, kind);
        let (line, below) = (scope.pieces[unit.from].line, scope.lines(unit.from + own.len()..unit.to));
        scope.items[before..].iter_mut().for_each(|i| (i.line, i.ranges) = (line, below.clone()));
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

/// The first link below an item without one, where its fields stand below: a word, a colon and a value
/// (`When: …`, `Sign up: [Link](…)`). No link there is a title.
fn link_of_fields(scope: &Scope<'_>, unit: &Unit, from: usize) -> Option<(usize, LinkRef)> {
    const LONGEST_LABEL: usize = 16;
    let head = &scope.pieces[unit.from];
    let is_field = |p: &Piece| {
        let label = p.text.split([':', '：']).next().filter(|label| label.len() < p.text.len());
        let is_label = |l: &str| text::columns(l) <= LONGEST_LABEL && l.chars().any(char::is_alphabetic);
        let says_where = |l: &LinkRef| says_nothing(&l.text) || Some(l.text.as_str()) == label;
        label.is_some_and(is_label) && !scope.names.is_name(label.unwrap_or_default()) && p.links.iter().all(says_where)
    };
    let below = &scope.pieces[from..unit.to];
    let is_told = |p: &Piece| p.list > head.list && (p.links.is_empty() || is_field(p));
    let fields = below.iter().filter(|p| is_field(p)).count();
    // Where each has an address it is an item.
    let linked = below.iter().filter(|p| !p.links.is_empty()).count();
    if linked * 2 > fields
        || fields < 2
        || fields * 2 < below.len()
        || head.text.ends_with([':', '：'])
        || !below.iter().all(is_told)
    {
        return None;
    }
    // Where the code is, and what was shown, is said beside where it is told.
    static BESIDE: Pattern =
        Pattern::new(r"(?i)^\W*(?:code|repo(?:sitory)?|source|github|slides|demo|代码|源码|仓库|幻灯片|演示)\W*[:：]");
    let link = |n: usize| Some((n, first_link(&scope.pieces[n])?));
    let told = (from..unit.to).filter(|n| !BESIDE.is_match(&scope.pieces[*n].text)).find_map(link);
    told.or_else(|| (from..unit.to).find_map(link))
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
pub(super) fn lines_below(scope: &Scope<'_>, unit: &Unit, link: &LinkRef) -> Vec<(usize, usize)> {
    let is_address = |p: &Piece| p.text == link.text && p.text.contains("://") || p.text.is_empty() && p.images == 0;
    let below = unit.from + 1..unit.to;
    if scope.pieces[below.clone()].iter().all(is_address) { Vec::new() } else { scope.lines(below) }
}

/// `Exploring wicks ([W4](…))`: what a heading says before the brackets it ends with, in which there
/// is nothing but a link.
pub(super) fn words_before_reference<'h>(heading: &'h str, link: &LinkRef) -> Option<&'h str> {
    let inside = heading.trim_end().strip_suffix([')', '）'])?.strip_suffix(link.text.as_str())?;
    let words = inside.strip_suffix(['(', '（'])?.trim_end();
    (text::columns(words) >= 8 && text::columns(words) > text::columns(&link.text)).then_some(words)
}

/// Whether a heading that begins with a link goes on in words: `### [Wick](…) - burn everywhere`.
pub(super) fn goes_on(heading: &str, link: &LinkRef) -> bool {
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
    let is_item = shapes::is_link_line(piece)
        || is_one_of_several(scope, n)
        || is_one_of_three(scope, n)
        || opens_with_title(scope, n);
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

pub(super) fn push(
    scope: &mut Scope<'_>,
    range: std::ops::Range<usize>,
    at: usize,
    title: String,
    link: &LinkRef,
    kind: Kind,
) {
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
    scope.section.head == Head::Post
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

/// Whether the pieces say anything beside the link.
fn says_more(scope: &Scope<'_>, range: std::ops::Range<usize>, link: &LinkRef) -> bool {
    let letters = |t: &str| t.chars().filter(|c| c.is_alphanumeric()).count();
    let all: usize = scope.pieces[range].iter().map(|p| letters(&p.text)).sum();
    all > letters(&link.text) + 3
}
