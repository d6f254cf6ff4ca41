//! News: a block a heading or a number, an item a link, else the whole.

use std::collections::HashSet;

use super::releases::release;
use super::{begins_item, has_link_below};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::shapes::{self};
use crate::source::digest::{Item, Scope, lists, vocabulary};
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::Pattern;

/// So many lines away a heading is not looked for.
const NEAR: usize = 64;

/// Reads a section of news: a block a heading, an item a link, else the whole.
pub(in crate::source::digest) fn news(scope: &mut Scope<'_>) {
    let first = scope.first();
    // Deeper headings divide what stands below one.
    let levels = (first..scope.section.to).filter_map(|n| match scope.pieces[n].shape {
        Shape::Heading(level) if !scope.pieces[n].quote => Some(level),
        _ => None,
    });
    let top = levels.min();
    let is_head = |scope: &Scope<'_>, n: usize| {
        let piece = &scope.pieces[n];
        let alone = scope.at(n + 1).is_none_or(|p| p.block != piece.block);
        let bold = piece.bold && !piece.quote && piece.list == 0 && alone && text::columns(&piece.text) <= 80;
        let field = shapes::field(&piece.text).is_some() || piece.text.ends_with([':', '：']);
        let heading = matches!(piece.shape, Shape::Heading(level) if top.is_none_or(|top| level <= top));
        // `### New features` below `### NAME 1.2` is part of it.
        let is_part = || {
            vocabulary::is_part_of_release(&piece.text, false)
                && scope.pieces[first..n]
                    .iter()
                    .rev()
                    .filter(|p| p.is_heading())
                    .find(|p| !vocabulary::is_part_of_release(&p.text, false))
                    .is_some_and(|p| shapes::release_head(p, scope.names, None).is_some())
        };
        // `**All lamps supported**` below `### NAME 1.2` is told of it.
        let is_of_release = || {
            let above = scope.pieces[first..n].iter().rev().take(NEAR).find(|p| p.is_heading());
            // A title above a text of its own tells of something else.
            let is_title = piece.links.is_empty() && scope.at(n + 1).is_some_and(|p| p.is_text() && !p.bold);
            !is_title
                && above.is_some_and(shapes::is_release_title)
                && above.is_some_and(|p| shapes::release_head(p, scope.names, None).is_some())
                && shapes::release_head(piece, scope.names, None).is_none()
        };
        heading && !is_part()
            || piece.bold && lists::is_headline(scope, n) && !is_of_release()
            || bold
                && !field
                && !shapes::is_credit(&piece.text, false)
                && is_first_head(scope, first, n)
                && !is_of_release()
    };
    let heads: Vec<usize> = (first..scope.section.to).filter(|n| is_head(scope, *n)).collect();
    let before = heads.first().copied().unwrap_or(scope.section.to);
    // A list above the first heading is read as if it stood alone.
    let is_list = first < before && (first..before).all(|n| scope.pieces[n].list > 0);
    if is_list && !heads.is_empty() && first > scope.section.from {
        scope.within(scope.section.from, before, news);
    } else {
        let is_led = heads.is_empty() && leads_as_news(scope);
        if !is_led {
            loose_news(scope, first, before, heads.is_empty());
        }
    }
    for (k, head) in heads.iter().enumerate() {
        let to = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let piece = &scope.pieces[*head];
        let titled = piece.is_heading() && shapes::is_release_title(piece);
        if titled && shapes::release_head(piece, scope.names, None).is_some() {
            release(scope, *head, to);
        } else if to == head + 1 && heads.get(k + 1).is_some_and(|n| scope.pieces[*n].shape == Shape::Line) {
            // A heading right above a bold line is what the part is called.
        } else if heads_link_lines(scope, *head, to) {
            scope.within(*head, to, lists::news);
            // A line among them may have its link further on.
            let left = |n: &usize| !scope.used[*n] && lists::first_link(&scope.pieces[*n]).is_some();
            let left: Vec<usize> = (*head + 1..to).filter(left).collect();
            left.into_iter().for_each(|n| news_block(scope, n, n + 1));
        } else if heads_linked_bullets(scope, *head, to) {
            scope.within(*head, to, lists::news);
        } else if let Some(starts) = group(scope, *head, to) {
            read_group(scope, &starts, to);
        } else {
            news_block(scope, *head, to);
        }
    }
    lists::rows(scope, Kind::News);
}

/// Reads a section whose heading is that of a group and nothing more: each paragraph is news, or a
/// release. False when it is none.
pub(in crate::source::digest) fn group_as_news(scope: &mut Scope<'_>) -> bool {
    let (from, to) = (scope.section.from, scope.section.to);
    // Titles, and lines that open with their links, are a list after all.
    let opens = |n: &usize| {
        let piece = &scope.pieces[*n];
        lists::first_link(piece).is_some_and(|l| piece.text.starts_with(l.text.as_str()))
    };
    let titled = |n: usize| scope.pieces[n].bold || shapes::without_ordinal(&scope.pieces[n].text).1;
    let is_list = |starts: &[usize]| starts.iter().filter(|n| opens(n)).count() * 3 > starts.len();
    let found = group(scope, from, to).filter(|starts| !is_list(starts) && !(from + 1..to).any(titled));
    let Some(starts) = found else { return false };
    read_group(scope, &starts, to);
    true
}

fn read_group(scope: &mut Scope<'_>, starts: &[usize], to: usize) {
    for (k, n) in starts.iter().enumerate() {
        if !lists::releases_in(scope, *n) {
            news_block(scope, *n, starts.get(k + 1).copied().unwrap_or(to));
        }
    }
}

/// Where the things begin that a head like `Clients` stands above: paragraphs with a link each. One
/// that speaks of `it` goes on with the one before.
fn group(scope: &Scope<'_>, head: usize, to: usize) -> Option<Vec<usize>> {
    static GOES_ON: Pattern =
        Pattern::new(r"^(?i:it|its|this|that|these|they|their|the next|also|more)\b|^(?:它|他们|这|该|此外|另外|同时)");
    let below = &scope.pieces[head + 1..to];
    // What is quoted and code tell more of what stands above them.
    let tells_more = |p: &Piece| p.quote && p.list == 0 || p.shape == Shape::Code;
    let plain = below.iter().all(|p| p.is_text() || p.text.is_empty() || tells_more(p));
    let name = shapes::without_brackets(&scope.pieces[head].text);
    let released = || {
        let own = (head + 1..to).filter(|n| scope.pieces[*n - 1].block != scope.pieces[*n].block);
        own.filter(|n| lists::is_released(scope, *n)).take(2).count() > 1
    };
    if !plain || !vocabulary::is_group(name) && !released() {
        return None;
    }
    let begins = |n: &usize| {
        scope.pieces[*n].is_text()
            && lists::first_link(&scope.pieces[*n]).is_some()
            && scope.pieces[*n - 1].block != scope.pieces[*n].block
    };
    let linked: Vec<usize> = (head + 1..to).filter(begins).collect();
    let own = linked.iter().filter(|n| !GOES_ON.is_match(&scope.pieces[**n].text)).count();
    (linked.len() > 1 && own == linked.len() && linked[0] == head + 1).then_some(linked)
}

/// Whether a head is what a list below it is called: nothing else stands there, each of its items
/// has a link of its own, and there are several, or the head is a word or two. A head that says
/// that several things follow may have a line between that introduces them.
fn heads_linked_bullets(scope: &Scope<'_>, head: usize, to: usize) -> bool {
    let introduced = scope.at(head + 1).is_some_and(|p| p.is_text() && p.text.ends_with([':', '：']))
        && vocabulary::is_of_several(&scope.pieces[head].text);
    let below = || head + 1 + usize::from(introduced)..to;
    let bullets = || below().filter(|n| scope.pieces[*n].list == 1 && begins_item(scope, *n));
    lists::first_link(&scope.pieces[head]).is_none()
        && (bullets().count() > 1 || text::columns(&scope.pieces[head].text) <= 20)
        && bullets().count() > 0
        && below().all(|n| scope.pieces[n].list > 0 || scope.pieces[n].text.is_empty())
        && bullets().all(|n| has_link_below(scope, n))
}

/// News without headings: a list of links, paragraphs with links of their own, or one piece.
fn loose_news(scope: &mut Scope<'_>, first: usize, to: usize, alone: bool) {
    let named = are_names_or_links(scope, first, to);
    let is_item = |n: &usize| {
        let piece = &scope.pieces[*n];
        let titled = lists::first_link(piece).is_some_and(|l| !shapes::is_empty_title(&l.text));
        piece.list == 1 && begins_item(scope, *n) && (has_link_below(scope, *n) || named && heads_links(scope, *n))
            || piece.list == 0 && titled && shapes::is_link_line(piece) && shapes::label(piece, scope.names).is_none()
    };
    let items = (first..to).filter(is_item).count();
    let bullets = (first..to).filter(|n| scope.pieces[*n].list == 1 && is_item(n)).count();
    let mut paragraphs: Vec<(usize, usize)> = Vec::new();
    for n in first..to {
        match paragraphs.last_mut() {
            Some((from, end))
                if scope.pieces[*from].block == scope.pieces[n].block && !lists::is_counted(scope, n)
                    || scope.pieces[n].list > 0 =>
            {
                *end = n + 1;
            }
            _ => paragraphs.push((n, n + 1)),
        }
    }
    let has_link = |(from, end): &(usize, usize)| (*from..*end).any(|n| lists::first_link(&scope.pieces[n]).is_some());
    let paragraphs = with_addresses(scope, paragraphs);
    let linked: Vec<(usize, usize)> = paragraphs.iter().copied().filter(has_link).collect();
    let prose = paragraphs.iter().filter(|p| has_link(p)).filter(|(from, _)| !is_item(from)).count();
    // A numbered line opens a piece of news, and what is not numbered below it goes on.
    let numbered = |(from, _): &&(usize, usize)| {
        let (rest, numbered) = shapes::without_ordinal(&scope.pieces[*from].text);
        numbered && !rest.is_empty() && scope.pieces[*from].list == 0
    };
    let starts: Vec<usize> = paragraphs.iter().filter(numbered).map(|(from, _)| *from).collect();
    let by_number = starts.len() > 1 && starts.first() == paragraphs.first().map(|(from, _)| from);
    let linked_heads = starts.iter().filter(|n| lists::first_link(&scope.pieces[**n]).is_some()).count();
    let is_table = |n: usize| scope.pieces[n].shape == Shape::Table || scope.pieces[n].text.is_empty();
    if first < to && (first..to).all(is_table) {
        return;
    }
    if let Some(topics) = topics(scope, first, to).filter(|_| alone) {
        return news_blocks(scope, &topics, to);
    }
    if alone && (bullets > 0 || items > 1 && prose < items || by_number && linked_heads * 2 > starts.len()) {
        lists::news(scope);
        // What is told beside a list, and does not introduce it.
        let list = (first..to).find(|n| scope.pieces[*n].list > 0).unwrap_or(to);
        let introduces = |n: usize| {
            let piece = &scope.pieces[n];
            n < list && lists::first_link(piece).is_some_and(|l| lists::says_nothing(&l.text))
        };
        let tells = |(from, end): &(usize, usize)| {
            let piece = &scope.pieces[*from];
            let own = (*from..*end).take_while(|n| scope.pieces[*n].list == 0);
            piece.list == 0
                && own.clone().all(|n| !scope.used[n] && scope.pieces[n].shape == Shape::Line && !scope.pieces[n].quote)
                && !own.clone().any(introduces)
                && own.clone().any(|n| lists::first_link(&scope.pieces[n]).is_some())
                && own.last().is_some_and(|n| !scope.pieces[n].text.ends_with([':', '：']))
                && text::columns(&piece.text) >= 30
        };
        let told: Vec<(usize, usize)> = linked.into_iter().filter(tells).collect();
        for (from, end) in told {
            let end = (from..end).find(|n| scope.pieces[*n].list > 0).unwrap_or(end);
            news_block(scope, from, end);
        }
        if scope.section.told {
            told_bullets(scope);
        }
    } else if by_number && starts.len() < paragraphs.len() {
        news_blocks(scope, &starts, to);
    } else if paragraphs.len() >= 2 && paragraphs.iter().all(|(n, _)| shapes::without_ordinal(&scope.pieces[*n].text).1)
    {
        for (from, end) in paragraphs {
            news_block(scope, from, end);
        }
    } else if linked.len() >= 2 || !alone {
        for (from, end) in linked {
            news_block(scope, from, end);
        }
    } else if let Some((bullets, end)) = sentences(scope, first, to) {
        news_blocks(scope, &bullets, end);
    } else if first + 1 == to && is_motto(&scope.pieces[first]) {
        // What the section is for, in every issue.
    } else if first < to {
        news_block(scope, first, to);
    }
}

/// The paragraphs with an address that is one of its own as a part of what stands above it, which it
/// leads to; `阅读原文` may stand between.
fn with_addresses(scope: &Scope<'_>, paragraphs: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut joined: Vec<(usize, usize)> = Vec::with_capacity(paragraphs.len());
    for (from, end) in paragraphs {
        let piece = &scope.pieces[from];
        let leads = end == from + 1 && (lists::is_address(piece) || shapes::leads_to_original(&piece.text));
        // What is told there, a sentence at most, has no link yet.
        let is_open = |last: &(usize, usize)| {
            let told = &scope.pieces[last.0..last.1];
            told.iter().all(|p| p.is_text() && p.links.is_empty())
                && !shapes::leads_to_original(&told[0].text)
                && told.iter().any(|p| p.text.contains(char::is_alphabetic))
        };
        match joined.last_mut().filter(|last| leads && last.1 == from && is_open(last)) {
            Some(last) => last.1 = end,
            None => joined.push((from, end)),
        }
    }
    joined
}

/// Bullets without a link with a paragraph below each that is no part of the list: what the text
/// is about.
fn topics(scope: &Scope<'_>, first: usize, to: usize) -> Option<Vec<usize>> {
    let bullets: Vec<usize> = (first..to).filter(|n| scope.pieces[*n].list > 0).collect();
    let is_text = |n: usize| {
        let piece = &scope.pieces[n];
        piece.list == 0 && piece.shape == Shape::Line && !shapes::is_link_line(piece)
    };
    let heads = |k: usize| {
        let (n, next) = (bullets[k], bullets.get(k + 1).copied().unwrap_or(to));
        let piece = &scope.pieces[n];
        let title = lists::first_link(piece).is_none() && (8..=80).contains(&text::columns(&piece.text));
        let told =
            n + 1 < next && (n + 1..next).all(|m| is_text(m) && scope.pieces[m].block == scope.pieces[n + 1].block);
        piece.list == 1 && title && told
    };
    (bullets.len() > 1 && bullets.first() == Some(&first) && (0..bullets.len()).all(heads)).then_some(bullets)
}

/// What is told below a line in bold is shorter: essays are written like that, too.
const MOST_TOLD: usize = 1000;

/// Reads headings below that of a section, with a short text without a link each: each is news, where
/// there are several or the section is of what goes on.
pub(in crate::source::digest) fn headings_as_news(scope: &mut Scope<'_>) {
    let (first, to) = (scope.first(), scope.section.to);
    let end = |n: usize| (n + 1..to).find(|m| scope.pieces[*m].is_heading()).unwrap_or(to);
    let is_one = |n: &usize| {
        let piece = &scope.pieces[*n];
        if !piece.is_heading() || scope.used[*n] {
            return false;
        }
        let below = &scope.pieces[n + 1..end(*n)];
        let told: usize = below.iter().map(|p| text::columns(&p.text)).sum();
        piece.links.is_empty()
            && (MOST_TOLD / 100..=MOST_TOLD).contains(&told)
            && below.iter().all(|p| p.is_text() && p.links.is_empty() && !p.text.ends_with([':', '：']))
            && !shapes::is_generic(&piece.text)
            && !vocabulary::is_frame(&piece.text)
            && !vocabulary::is_around(&piece.text)
            && !vocabulary::is_part_of_release(&piece.text, true)
            && !scope.names.is_name(&piece.text)
    };
    let heads: Vec<(usize, usize)> = (first..to).filter(is_one).map(|n| (n, end(n))).collect();
    if heads.len() > 1 || vocabulary::is_of_progress(&scope.section.heading) {
        heads.into_iter().for_each(|(from, to)| news_block(scope, from, to));
    }
}

/// Lines in bold that stand above a text each, where several do and nothing below them is a list of
/// links: what is told is called so.
fn bold_heads(scope: &Scope<'_>) -> Option<Vec<usize>> {
    let (first, to) = (scope.first(), scope.section.to);
    let is_head = |n: &usize| {
        let piece = &scope.pieces[*n];
        let text = &piece.text;
        let above_text = scope.at(n + 1).is_some_and(|p| p.is_text() && !p.bold && text::columns(&p.text) >= 20);
        piece.bold
            && piece.is_text()
            && piece.links.is_empty()
            && piece.images == 0
            && (*n == first || scope.pieces[n - 1].block != piece.block)
            && (4..=80).contains(&text::columns(text))
            && above_text
            && !text.ends_with([':', '：'])
            && !shapes::without_ordinal(text).1
            && !scope.names.is_name(text)
            && !vocabulary::is_frame(text)
            && !shapes::leads_to_original(text)
            && shapes::field(text).is_none()
            && shapes::question(text).is_none()
            && shapes::asker(piece, false).is_none()
            && shapes::release_head(piece, scope.names, None).is_none()
    };
    let heads: Vec<usize> = (first..to).filter(is_head).collect();
    let is_listed = |p: &&Piece| p.list > 0 && shapes::is_link_line(p);
    let lists_links = scope.pieces[first..to].iter().filter(is_listed).count() > 1;
    let is_headed = || scope.pieces[first..to].iter().any(Piece::is_heading);
    // Who speaks, and what is pressed to read more, stands there again and again.
    let titles: HashSet<&str> = heads.iter().map(|n| scope.pieces[*n].text.as_str()).collect();
    let is_word = |n: &&usize| {
        let text = &scope.pieces[**n].text;
        text.ends_with(']') || text.is_ascii() && !text.contains(' ') && !text.starts_with(char::is_uppercase)
    };
    let told: usize = scope.pieces[first..to].iter().map(|p| text::columns(&p.text)).sum();
    let leads = scope.pieces[first..to].iter().any(|p| lists::first_link(p).is_some());
    let asking = heads.iter().filter(|n| scope.pieces[**n].text.ends_with(['?', '？'])).count();
    if asking * 2 > heads.len() || !leads || vocabulary::is_of_advice(&scope.section.heading) {
        return None;
    }
    let is_short = told <= heads.len() * MOST_TOLD;
    let is_plain = !lists_links && !is_headed() && titles.len() == heads.len() && !heads.iter().any(|n| is_word(&n));
    (heads.len() > 1 && is_plain && is_short && vocabulary::names_digest(scope.title)).then_some(heads)
}

/// Reads texts below lines in bold: each is news. False when there are none.
pub(in crate::source::digest) fn bold_heads_as_news(scope: &mut Scope<'_>) -> bool {
    let Some(heads) = bold_heads(scope) else { return false };
    news_blocks(scope, &heads, scope.section.to);
    true
}

/// Paragraphs that begin with a few emphasised words each and have no links, where most of what stands
/// there does: those words are what each is called.
fn leads(scope: &Scope<'_>, first: usize, to: usize) -> Option<Vec<usize>> {
    let begins = |n: &usize| *n == first || scope.pieces[n - 1].block != scope.pieces[*n].block;
    let is_lead = |n: &usize| {
        let piece = &scope.pieces[*n];
        let lead = lead_of(piece);
        piece.is_text()
            && (6..=100).contains(&text::columns(lead))
            && text::columns(&piece.text) >= text::columns(lead) + 12
            && shapes::field(&piece.text).is_none()
            && !vocabulary::is_around(lead)
            && !vocabulary::is_notice(lead)
    };
    let plain = (first..to).all(|n| scope.pieces[n].links.is_empty() && scope.pieces[n].list == 0 && !scope.used[n]);
    let paragraphs = (first..to).filter(begins).filter(|n| !scope.pieces[*n].text.is_empty()).count();
    let starts: Vec<usize> = (first..to).filter(begins).filter(is_lead).collect();
    (plain && starts.len() > 1 && starts.len() * 2 >= paragraphs).then_some(starts)
}

/// The emphasised words that a piece begins with.
fn lead_of(piece: &Piece) -> &str {
    piece.beginning().trim_end_matches([':', '：', '.', '。', ' '])
}

/// Reads paragraphs that begin with emphasised words: each is news. False when there are none.
pub(in crate::source::digest) fn leads_as_news(scope: &mut Scope<'_>) -> bool {
    let (first, to) = (scope.first(), scope.section.to);
    let Some(starts) = leads(scope, first, to) else { return false };
    for (k, from) in starts.iter().copied().enumerate() {
        let end = starts.get(k + 1).copied().unwrap_or(to);
        let piece = &scope.pieces[from];
        let lead = lead_of(piece);
        let behind = piece.text[lead.len()..].trim_start();
        let is_title = behind.starts_with([':', '：', '.', '。', '(', '（', '-', '–', '—']) && !shapes::is_day(lead);
        let title = if is_title { lead.to_owned() } else { lists::whole_sentence(&piece.text) };
        let item = Item { ranges: scope.lines(from..end), ..Item::new(Kind::News, title, scope.pieces[from].line) };
        scope.mark(from..end);
        scope.push(from, item);
    }
    true
}

/// Whether the bullets are names above links of their own (`- Wick`, and `  - [title](…)` below
/// it), or links themselves.
fn are_names_or_links(scope: &Scope<'_>, first: usize, to: usize) -> bool {
    let mut bullets = (first..to).filter(|n| scope.pieces[*n].list == 1 && begins_item(scope, *n));
    bullets.all(|n| has_link_below(scope, n) || heads_links(scope, n))
}

/// Whether a head is what the lines below it are called, most of which are a link and little else.
fn heads_link_lines(scope: &Scope<'_>, head: usize, to: usize) -> bool {
    let is_one = |p: &Piece| {
        // A sentence that begins with a link is told in a paragraph.
        let behind = || p.text[p.links[0].text.len()..].trim_start().starts_with(char::is_alphanumeric);
        p.is_text() && lists::opens_with_link(p) && !behind() && !lists::says_nothing(&p.links[0].text)
    };
    let below = || scope.pieces[head + 1..to].iter().filter(|p| !p.text.is_empty());
    let ones = below().filter(|p| is_one(p)).count();
    // What says more is told of, and the lines below it are where that is from.
    let heading = &scope.pieces[head].text;
    let is_wide = text::columns(heading) > heading.chars().count();
    let words = heading.split_whitespace().count();
    let names_group = if is_wide { text::columns(heading) <= 12 && ones > 2 } else { words <= 3 };
    lists::first_link(&scope.pieces[head]).is_none() && names_group && ones > 1 && ones * 3 >= below().count() * 2
}

fn heads_links(scope: &Scope<'_>, n: usize) -> bool {
    let (top, head) = (scope.pieces[n].top, scope.pieces[n].text.trim_end_matches([':', '：', ' ']));
    let below = scope.pieces[n + 1..scope.section.to].iter().take_while(|p| p.list > 0 && p.top == top);
    let titles: Vec<bool> = below
        .filter_map(lists::first_link)
        .map(|l| !lists::says_nothing(&l.text) && text::columns(&l.text) >= 8)
        .collect();
    let is_name = scope.names.is_name(head) || !head.contains(' ') && head.is_ascii() && head.len() <= 24;
    !head.is_empty() && titles.iter().all(|told| *told) && titles.len() > usize::from(!is_name)
}

/// Reads a section that is nothing but bullets: each of them is news. Nothing else is.
pub(in crate::source::digest) fn sentences_as_news(scope: &mut Scope<'_>) {
    let first = scope.first();
    let Some((bullets, end)) = sentences(scope, first, scope.section.to) else { return };
    // A log of the text itself is dated.
    let is_dated =
        |n: &usize| shapes::day_in(&scope.pieces[*n].text).is_some_and(|d| scope.pieces[*n].text.starts_with(d));
    if !bullets.iter().any(is_dated) {
        news_blocks(scope, &bullets, end);
    }
}

/// Reads a post that is a list and what introduces it: each bullet is news.
pub(in crate::source::digest) fn bullets_as_news(scope: &mut Scope<'_>) {
    let bullets = bullets(scope, scope.section.from, scope.section.to);
    let tells = |(n, _): &(usize, usize)| {
        let text = &scope.pieces[*n].text;
        text::columns(text) >= 20 && !vocabulary::speaks_of_the_digest(text)
    };
    let plain =
        scope.range().all(|n| scope.pieces[n].is_text() || scope.pieces[n].list > 0 || scope.pieces[n].text.is_empty());
    let introduced = scope.range().filter(|n| scope.pieces[*n].list == 0).count();
    if bullets.len() > 2 && introduced <= bullets.len() && plain && bullets.iter().all(tells) {
        bullets.into_iter().for_each(|(from, to)| news_block(scope, from, to));
    }
}

/// A few quoted words below the heading of a section.
fn is_motto(piece: &Piece) -> bool {
    let is_sentence = piece.text.ends_with(['.', '。', '!', '！', '?', '？']);
    piece.quote && piece.links.is_empty() && text::columns(&piece.text) <= 40 && !is_sentence
}

/// Bullets without a link that tell something, in a list in which others are items: news as well.
pub(in crate::source::digest) fn told_bullets(scope: &mut Scope<'_>) {
    beside_items(scope, |_| true);
}

/// Those that are whole sentences, where no heading says what the list holds.
pub(in crate::source::digest) fn told_sentences(scope: &mut Scope<'_>) {
    beside_items(scope, |text| text.ends_with(['.', '。']));
}

fn beside_items(scope: &mut Scope<'_>, is_told: fn(&str) -> bool) {
    let bullets = bullets(scope, scope.section.from, scope.section.to);
    if !bullets.iter().any(|(n, _)| scope.used[*n]) {
        return;
    }
    let tells = |(n, to): &(usize, usize)| {
        let piece = &scope.pieces[*n];
        (*n..*to).all(|n| !scope.used[n] && scope.pieces[n].links.is_empty())
            && text::columns(&piece.text) >= 24
            && is_told(&piece.text)
            && !piece.text.ends_with([':', '：'])
            && !vocabulary::closes(&piece.text)
            && !vocabulary::speaks_of_the_digest(&piece.text)
            && shapes::field(&piece.text).is_none()
    };
    let told: Vec<(usize, usize)> = bullets.into_iter().filter(tells).collect();
    told.into_iter().for_each(|(from, to)| news_block(scope, from, to));
}

/// Reads the bullets of what goes on: each that has none below it, and those that tell something
/// themselves, is news. Some have a link, which are items already.
pub(in crate::source::digest) fn steps_as_news(scope: &mut Scope<'_>) {
    /// Those that are shorter are what those below them are about.
    const HEADS: usize = 24;
    let is_bullet = |n: usize| {
        let piece = &scope.pieces[n];
        piece.list > 0 && !piece.quote && piece.shape == Shape::Line && begins_item(scope, n)
    };
    let is_dated = |n: usize| shapes::day_in(&scope.pieces[n].text).is_some();
    let first = scope.first();
    let mut steps: Vec<(usize, usize)> = Vec::new();
    let mut n = first;
    while n < scope.section.to {
        if scope.used[n] || !is_bullet(n) {
            n += 1;
            continue;
        }
        let piece = &scope.pieces[n];
        let own = (n..scope.section.to).find(|m| scope.pieces[*m].item != piece.item).unwrap_or(scope.section.to);
        let below = scope.at(own).is_some_and(|p| p.list > piece.list);
        let told = piece.text.trim_end_matches([':', '：', ' ']);
        let heads = below && (text::columns(told) < HEADS || told.len() < piece.text.len());
        let deeper = |m: &usize| scope.pieces[*m].list > piece.list || scope.pieces[*m].item == piece.item;
        let to = (n..scope.section.to).find(|m| !deeper(m)).unwrap_or(scope.section.to);
        let is_free = (n..to).all(|m| !scope.used[m]);
        let tells = text::columns(told) >= 12
            && told.len() == piece.text.len()
            && piece.links.is_empty()
            && !is_dated(n)
            && !vocabulary::closes(told)
            && !vocabulary::speaks_of_the_digest(told)
            && !told.to_lowercase().starts_with("if you")
            && !shapes::tells_how_to_join(told)
            && shapes::field(told).is_none();
        if !heads && tells && is_free {
            steps.push((n, to));
        }
        n = if heads || !is_free { own } else { to };
    }
    steps.into_iter().for_each(|(from, to)| news_block(scope, from, to));
}

/// The outermost items of lists, each with what stands below it in its list.
fn bullets(scope: &Scope<'_>, from: usize, to: usize) -> Vec<(usize, usize)> {
    let begins = |n: &usize| {
        let piece = &scope.pieces[*n];
        piece.list == 1 && !piece.quote && piece.shape == Shape::Line && begins_item(scope, *n)
    };
    let end = |n: usize| {
        let top = scope.pieces[n].top;
        (n..to).find(|m| scope.pieces[*m].list == 0 || scope.pieces[*m].top != top).unwrap_or(to)
    };
    (from..to).filter(begins).map(|n| (n, end(n))).collect()
}

/// Bullets that tell something each, and where they end: as many pieces of news. Above them
/// stands nothing, or a few words about the week; a line that closes them is none of it.
fn sentences(scope: &Scope<'_>, first: usize, to: usize) -> Option<(Vec<usize>, usize)> {
    static OF_THE_WEEK: Pattern = Pattern::new(
        r"(?i)^\W*(?:[本这上][周月期]|今[日天])\P{ASCII}*[:：]$|^\W*(?:this|last|past) (?:week|month)\W*$",
    );
    static DETAILS: Pattern = Pattern::new(r"如下|特性|特点|包括|功能|变更|改进");
    let bullets: Vec<usize> = (first..to).filter(|n| scope.pieces[*n].list == 1 && begins_item(scope, *n)).collect();
    let end = (first..to).rev().find(|n| scope.pieces[*n].list > 0)? + 1;
    let introduces =
        |p: &Piece| text::columns(&p.text) <= 36 && OF_THE_WEEK.is_match(&p.text) && !DETAILS.is_match(&p.text);
    let introduced = scope.pieces[first..*bullets.first()?].iter().all(|p| p.text.is_empty() || introduces(p));
    let only = scope.pieces[bullets[0]..end].iter().all(|p| p.list > 0 || p.text.is_empty());
    let closing: Vec<&Piece> = scope.pieces[end..to].iter().filter(|p| !p.text.is_empty()).collect();
    let closes = |p: &Piece| {
        shapes::is_credit(&p.text, false)
            || p.shape == Shape::Line
                && p.links.is_empty()
                && text::columns(&p.text) <= 60
                && vocabulary::closes(&p.text)
    };
    let closed = closing.len() <= 1 && closing.iter().all(|p| closes(p));
    let tells =
        |n: &usize| text::columns(&scope.pieces[*n].text) >= 12 && !scope.pieces[*n].text.ends_with([':', '：']);
    (bullets.len() > 1 && introduced && only && closed && bullets.iter().all(tells)).then_some((bullets, end))
}

/// A bold line below another bold line with text between heads the next block only when it is numbered like the first.
fn is_first_head(scope: &Scope<'_>, first: usize, n: usize) -> bool {
    let numbered = |m: usize| shapes::without_ordinal(&scope.pieces[m].text).1;
    let earlier = (first..n).find(|m| {
        scope.pieces[*m].bold
            && scope.pieces[*m].list == 0
            && scope.at(m + 1).is_none_or(|p| p.block != scope.pieces[*m].block)
    });
    match earlier {
        None => true,
        Some(m) => numbered(m) == numbered(n),
    }
}

/// A piece of news from each of `starts` to the next, the last one to `to`.
fn news_blocks(scope: &mut Scope<'_>, starts: &[usize], to: usize) {
    for (k, from) in starts.iter().enumerate() {
        news_block(scope, *from, starts.get(k + 1).copied().unwrap_or(to));
    }
}

fn news_block(scope: &mut Scope<'_>, from: usize, to: usize) {
    let head = &scope.pieces[from];
    let (line, numbered) = shapes::without_ordinal(&head.text);
    // A bullet with text below that is no part of the list is what the text is about.
    let is_topic = head.list > 0 && to > from + 1 && scope.pieces[from + 1].list == 0;
    let is_title = head.bold || is_topic || head.is_heading();
    // A paragraph over several lines has its first sentence across them.
    let is_own = |p: &&Piece| p.block == head.block && !(p.line > head.line && lists::is_bare_link(p));
    let paragraph: Vec<&str> = scope.pieces[from..to].iter().take_while(is_own).map(|p| p.text.as_str()).collect();
    let title =
        if is_title { line.to_owned() } else { lists::whole_sentence(shapes::without_ordinal(&paragraph.join(" ")).0) };
    if title.chars().filter(|c| c.is_alphanumeric()).count() < 2
        || shapes::is_credit(&head.text, false)
        || shapes::is_source(head)
        || head.links.first().is_some_and(|l| lists::invites(head, l))
    {
        return;
    }
    let mut item = Item::new(Kind::News, title, head.line);
    // A headline with an address below it, and not a word more: what is there is the article.
    let below: Vec<&Piece> = scope.pieces[from + 1..to].iter().filter(|p| !p.text.is_empty()).collect();
    if let ([only], true) = (below.as_slice(), is_title || numbered)
        && let Some(link) =
            lists::first_link(only).filter(|l| text::same(&l.text, &only.text) && l.text.contains("://"))
    {
        item = Item { kind: Kind::Article, ..item }.with_link(&link);
        scope.mark(from..to);
        scope.push(from, item);
        return;
    }
    let links: Vec<LinkRef> = scope.pieces[from..to].iter().filter_map(lists::first_link).collect();
    if let Some(link) = links.first() {
        item.url = Some(link.url.clone());
        item.link_text = Some(link.text.clone());
    }
    // `### [title](link)`: what the title leads to says what it is about.
    item.about.extend(lists::first_link(head).filter(|_| is_title).map(|l| l.url));
    for n in from..to {
        if let Some(label) = shapes::label(&scope.pieces[n], scope.names) {
            item.labels.push(label.name);
            item.about.extend(label.url);
        }
    }
    let first = if is_title && from + 1 < to { from + 1 } else { from };
    item.ranges = scope.lines(first..to);
    scope.mark(from..to);
    scope.push(from, item);
}
