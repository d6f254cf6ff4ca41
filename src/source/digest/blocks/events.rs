//! Event blocks: what, when, where, as fields or in a line.

use std::collections::HashMap;
use std::sync::LazyLock;

use regex::Regex;

use super::tasks::mentored_tasks;
use super::{begins_item, has_link_below, is_block_head};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::places;
use crate::source::digest::shapes::{self, Field};
use crate::source::digest::{Item, Scope, lists};
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::{Pattern, pattern};

/// Whether a section has the fields of an event.
pub(in crate::source::digest) fn has_event_fields(scope: &Scope<'_>) -> bool {
    let has = |wanted: Field| {
        scope
            .range()
            .any(|n| !scope.pieces[n].quote && shapes::field(&scope.pieces[n].text).is_some_and(|(f, _)| f == wanted))
    };
    has(Field::Time) && (has(Field::Title) || has(Field::Place))
}

/// Reads a section of events.
pub(in crate::source::digest) fn events(scope: &mut Scope<'_>) {
    mentored_tasks(scope);
    if !scope.range().any(|n| shapes::field(&scope.pieces[n].text).is_some()) && told_headings(scope) {
        return;
    }
    let mut starts: Vec<usize> = Vec::new();
    for n in scope.range() {
        let piece = &scope.pieces[n];
        if scope.used[n] {
            continue;
        }
        let is_title =
            !piece.quote && shapes::field(&piece.text).is_some_and(|(f, v)| f == Field::Title && !v.is_empty());
        // A second title field opens the next event; a first one below a block head does not.
        let opens = is_title && starts.last().is_none_or(|s| (*s..n).any(|m| is_title_field(&scope.pieces[m])));
        if is_block_head(scope, n) || opens {
            starts.push(n);
        }
    }
    if starts.is_empty() {
        starts = timed_bullets(scope);
    }
    if starts.is_empty() {
        lists::rows(scope, Kind::Event);
        if scope.range().any(|n| scope.pieces[n].shape == Shape::Table && scope.used[n]) {
            // Beside a table only what has a day is an event.
            let _ = bullets_of_events(scope, true);
            lists::stray_articles(scope);
            return;
        }
        whole_event(scope);
        return;
    }
    // What stands above the first field belongs to the first event, when there is one only.
    if starts.len() == 1 && !is_block_head(scope, starts[0]) {
        let first = scope.first();
        let above = (first..starts[0]).find(|n| !scope.used[*n] && !scope.pieces[*n].text.is_empty());
        starts[0] = above.unwrap_or(starts[0]);
    }
    for (k, from) in starts.iter().enumerate() {
        let to = starts.get(k + 1).copied().unwrap_or(scope.section.to);
        let to = (*from..to).find(|n| scope.used[*n]).unwrap_or(to);
        event(scope, *from, to);
    }
    lists::stray_articles(scope);
}

/// A bullet or a heading that is no field.
fn is_opening(piece: &Piece) -> bool {
    (piece.list > 0 || piece.bold || piece.is_heading())
        && !piece.text.is_empty()
        && shapes::field(&piece.text).is_none()
}

/// Bullets or headings with a time of their own each: as many events.
fn timed_bullets(scope: &Scope<'_>) -> Vec<usize> {
    let first = scope.first();
    let begins = |n: &usize| {
        let piece = &scope.pieces[*n];
        let field = shapes::field(&piece.text).is_some();
        let bullet = piece.list == 1 && begins_item(scope, *n);
        let bold = piece.bold && piece.list == 0 && piece.shape == Shape::Line;
        (bullet || bold || piece.is_heading()) && !piece.quote && !field
    };
    let starts: Vec<usize> = (first..scope.section.to).filter(begins).collect();
    let timed = |k: usize| {
        let to = starts.get(k + 1).copied().unwrap_or(scope.section.to);
        (starts[k]..to)
            .any(|n| shapes::field(&scope.pieces[n].text).is_some_and(|(f, v)| f == Field::Time && !v.is_empty()))
    };
    let headed = |n: &usize| scope.pieces[*n].is_heading();
    let several = starts.len() > 1 || starts.iter().all(headed);
    if several && !starts.is_empty() && (0..starts.len()).all(timed) { starts } else { Vec::new() }
}

fn is_title_field(piece: &Piece) -> bool {
    !piece.quote && shapes::field(&piece.text).is_some_and(|(f, v)| f == Field::Title && !v.is_empty())
}

fn event(scope: &mut Scope<'_>, from: usize, to: usize) {
    let value = |wanted: Field| {
        (from..to).find_map(|n| {
            shapes::field(&scope.pieces[n].text)
                .filter(|(f, v)| *f == wanted && !v.is_empty())
                .map(|(_, v)| v.to_owned())
        })
    };
    let title = value(Field::Title).map(|t| t.trim_matches(['《', '》', ' ']).to_owned());
    let time = value(Field::Time);
    let head =
        is_block_head(scope, from).then(|| scope.pieces[from].text.trim_matches([':', '：', ' ', '*']).to_owned());
    if title.is_none() && time.is_none() {
        return;
    }
    let named = (from..to).find_map(|n| event_name(&scope.pieces[n]));
    // A topic inside a conference: the conference is the event.
    let title = match (title, named) {
        (Some(topic), Some(name)) if head.is_none() && !topic.contains(&name) => {
            format!("{name}：{topic}")
        }
        (Some(topic), _) => topic,
        (None, Some(name)) => name,
        (None, None) if is_opening(&scope.pieces[from]) => scope.pieces[from].text.clone(),
        (None, None) if scope.section.heading.is_empty() => scope.title.to_owned(),
        (None, None) => scope.section.heading.clone(),
    };
    let mut item = Item::new(Kind::Event, title, scope.pieces[from].line);
    let mut links: Vec<LinkRef> = Vec::new();
    for n in from..to {
        let piece = &scope.pieces[n];
        if let Some(label) = shapes::label(piece, scope.names) {
            item.labels.push(label.name);
            item.about.extend(label.url);
        }
        links.extend(piece.links.iter().filter(|l| !l.picture && places::is_page(&l.url)).cloned());
    }
    if let Some(link) = links.first() {
        item.url = Some(link.url.clone());
        item.link_text = Some(link.text.clone());
        item.about.push(link.url.clone());
    }
    item.labels.extend(head);
    item.time = time;
    item.ranges = scope.lines(from..to);
    scope.mark(from..to);
    scope.push(from, item);
}

/// `2019 … 峰会即将举行`: the name of a conference at the start of a sentence.
fn event_name(piece: &Piece) -> Option<String> {
    let line = piece.text.as_str();
    if !piece.is_text() || shapes::field(line).is_some() {
        return None;
    }
    let end = ["即将举行", "即将召开", "即将开始", "即将在", "火热报名", "报名中", "将于"]
        .iter()
        .filter_map(|w| line.find(w))
        .min()?;
    let name = line[..end].trim_matches(|c: char| c.is_whitespace() || "，,<>/~～".contains(c));
    (text::columns(name) >= 6 && text::columns(name) <= 80).then(|| name.to_owned())
}

/// A section that is one event, or a list of them.
fn whole_event(scope: &mut Scope<'_>) {
    let time = scope.range().find_map(|n| {
        shapes::field(&scope.pieces[n].text)
            .filter(|(f, v)| *f == Field::Time && !v.is_empty())
            .map(|(_, v)| v.to_owned())
    });
    if (time.is_none() || has_fielded_bullets(scope)) && bullets_of_events(scope, false) {
        return;
    }
    if time.is_none() && (headed_events(scope) || dated_paragraphs(scope)) {
        return;
    }
    let from = scope.first();
    let to = scope.section.to;
    // A paragraph may go over several lines.
    let paragraph = |n: usize| {
        let own = |p: &&Piece| p.block == scope.pieces[n].block;
        let begin = n - scope.pieces[from..n].iter().rev().take(8).take_while(own).count();
        let same = scope.pieces[begin..to].iter().take(16).take_while(own);
        same.map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ")
    };
    let invites = |n: usize| time.is_none() && shapes::invites(&paragraph(n));
    let is_dated = || (from..to).any(|n| shapes::day_in(&scope.pieces[n].text).is_some());
    let says_when = || (from..to).any(|n| shapes::says_when(&scope.pieces[n].text));
    if (from..to).any(invites) && !is_dated() && !says_when() {
        return;
    }
    let linked = (from..to).filter(|n| !invites(*n)).filter_map(|n| lists::first_link(&scope.pieces[n]));
    let link = linked.into_iter().find(|l| !places::is_person(l));
    let says =
        (from..to).any(|n| scope.pieces[n].text.chars().filter(|c| c.is_alphanumeric()).count() > 10 && !scope.used[n]);
    let calls = ["预告", "报名", "活动", "直播"].iter().any(|w| scope.section.heading.contains(w))
        || scope.section.heading.to_lowercase().contains("upcoming")
            && (from..to).any(|n| shapes::day_in(&scope.pieces[n].text).is_some());
    if !says
        || time.is_none() && link.is_none() && !calls
        || lists::under_recap(scope, scope.section.from) && time.is_none()
    {
        lists::stray_articles(scope);
        return;
    }
    // The title: a bold line, a name in angle or book brackets, else the section's heading.
    let bold = (from..to).map(|n| &scope.pieces[n]).find(|p| {
        p.bold
            && !p.quote
            && p.shape != Shape::Table
            && p.links.is_empty()
            && shapes::field(&p.text).is_none()
            && text::columns(&p.text) <= 80
            && p.images == 0
    });
    let named = (from..to).find_map(|n| event_name(&scope.pieces[n]));
    // `[TiDB Hackathon](…)` above the fields.
    let above = (from..to).take_while(|n| shapes::field(&scope.pieces[*n].text).is_none()).find_map(|n| {
        let piece = &scope.pieces[n];
        let link = lists::first_link(piece).filter(|l| !lists::says_nothing(&l.text))?;
        (time.is_some() && piece.text.starts_with(link.text.as_str())).then_some(link.text)
    });
    let heading = Some(&scope.section.heading).filter(|h| !h.is_empty()).map_or(scope.title, String::as_str);
    // `### Lamp Days` right below the heading of the section: what is told is called so.
    let is_heading = |p: &&Piece| p.is_heading() && shapes::field(&p.text).is_none();
    let own = scope.at(from).filter(is_heading).map(|p| shapes::without_ordinal(&p.text).0.to_owned());
    let own = own.filter(|t| text::columns(t) >= 6 && !shapes::is_generic(t));
    let is_headed = own.is_some();
    let title = own.or(named).or_else(|| bold.map(|p| p.text.clone())).or(above).unwrap_or_else(|| heading.to_owned());
    let mut item = Item::new(Kind::Event, title, scope.pieces[scope.section.from].line).linked(link.as_ref());
    // `The next call is on June 5, 2024`: a day in passing is another one's.
    let calls = |text: &&String| {
        const CALLS: [&str; 17] = [
            "next", "will", "join", "register", "rsvp", "place", "start", "meet", "call", "报名", "直播", "举行",
            "召开", "时间", "举办", "将于", "相约",
        ];
        let lower = text.to_lowercase();
        shapes::day_in(text).is_some() && CALLS.iter().any(|w| lower.contains(w))
    };
    let told = || (from..to).map(|n| &scope.pieces[n].text).find(calls).cloned();
    item.time = time.or_else(told);
    item.ranges = scope.lines(from + usize::from(is_headed)..to);
    scope.mark(from..to);
    scope.push(scope.section.from, item);
}

/// Several headings below that of the section, each with a text that has a link: as many events.
fn told_headings(scope: &mut Scope<'_>) -> bool {
    let first = scope.first();
    let heads: Vec<usize> = (first..scope.section.to).filter(|n| scope.pieces[*n].is_heading()).collect();
    let ends: Vec<usize> = heads.iter().skip(1).copied().chain([scope.section.to]).collect();
    let linked = |from: usize, to: usize| {
        let text = (from + 1..to).take_while(|n| scope.pieces[*n].is_text());
        text.filter_map(|n| lists::first_link(&scope.pieces[n])).find(|l| !places::is_person(l))
    };
    let links: Vec<Option<LinkRef>> = heads.iter().zip(&ends).map(|(from, to)| linked(*from, *to)).collect();
    let same = heads.iter().all(|n| scope.pieces[*n].shape == scope.pieces[heads[0]].shape);
    if heads.len() < 2 || heads[0] != first || !same || links.iter().any(Option::is_none) {
        return false;
    }
    for ((from, to), link) in heads.into_iter().zip(ends).zip(links) {
        let head = &scope.pieces[from];
        let title = shapes::without_ordinal(&head.text).0.trim_end_matches([':', '：', ' ']);
        let mut item = Item::new(Kind::Event, title, head.line).linked(link.as_ref());
        item.time = (from..to).find_map(|n| shapes::day_in(&scope.pieces[n].text)).map(str::to_owned);
        item.ranges = scope.lines(from + 1..to);
        scope.mark(from..to);
        scope.push(from, item);
    }
    true
}

/// Bullets with a link each, or with a day, are as many events; those below a heading of what
/// is over are articles. False when there are none.
fn bullets_of_events(scope: &mut Scope<'_>, needs_day: bool) -> bool {
    let opens = |n: &usize| scope.pieces[*n].list > 0 && begins_item(scope, *n) && !scope.used[*n];
    let linked = scope.range().filter(opens).filter(|n| has_link_below(scope, *n)).count();
    let is_dated = |n: &usize| {
        let piece = &scope.pieces[*n];
        piece.list == 1 && !piece.quote && shapes::day_in(&piece.text).is_some() && !has_link_below(scope, *n)
    };
    // `Tickets are sold from 2024-04-01` below what it is about is no event of its own.
    let first = scope.first();
    let is_list = |n: usize| {
        let piece = &scope.pieces[n];
        piece.list > 0 || piece.text.is_empty() || matches!(piece.shape, Shape::Heading(_) | Shape::Table)
    };
    let last = (first..scope.section.to).rev().find(|n| scope.pieces[*n].list > 0).unwrap_or(first);
    let is_only = (first..last).all(is_list);
    let dated: Vec<usize> = scope.range().filter(opens).filter(is_dated).filter(|_| is_only).collect();
    if linked == 0 && dated.is_empty() {
        return false;
    }
    if linked > 0 {
        let before = scope.items.len();
        lists::articles(scope);
        let mut first_of: HashMap<usize, usize> = HashMap::new();
        for n in scope.range() {
            first_of.entry(scope.pieces[n].line).or_insert(n);
        }
        for k in before..scope.items.len() {
            let line = scope.items[k].line;
            let at = first_of.get(&line).copied().unwrap_or(scope.section.from);
            if lists::under_recap(scope, at) || scope.items[k].kind != Kind::Article {
                continue;
            }
            // The day may stand on the next line of the same paragraph, or in the text below a heading.
            let head = &scope.pieces[at];
            let is_headed = head.is_heading();
            let own = |p: &&Piece| {
                p.line == line || p.list > 0 && p.item == head.item && p.block == head.block || is_headed && p.is_text()
            };
            let texts = scope.pieces[at..scope.section.to].iter().take(32).take_while(own).map(|p| p.text.as_str());
            let text = texts.collect::<Vec<_>>().join(" ");
            let text = if shapes::day_in(&text).is_some() { text } else { time_below(scope, at).unwrap_or(text) };
            if needs_day && shapes::day_in(&text).is_none() {
                continue;
            }
            let meeting = meeting_below(scope, at);
            let item = &mut scope.items[k];
            item.kind = Kind::Event;
            item.time = Some(text);
            if let Some(link) = meeting {
                item.title.clone_from(&link.text);
                item.url = Some(link.url.clone());
                item.about.push(link.url.clone());
                item.link_text = Some(link.text);
            }
            // `[7th July](…): the group meets`
            item.title = match shapes::day_in(&item.title) {
                Some(day) if text::columns(&item.title) <= text::columns(day) + 2 => dated_words(&head.text),
                _ => without_day(&item.title).to_owned(),
            };
        }
    }
    for n in dated {
        let piece = &scope.pieces[n];
        if scope.used[n] || lists::under_recap(scope, n) {
            continue;
        }
        let mut item = Item::new(Kind::Event, dated_words(&piece.text), piece.line);
        item.time = Some(piece.text.clone());
        let to = (n + 1..scope.section.to)
            .find(|m| scope.pieces[*m].list <= piece.list && scope.pieces[*m].item != piece.item)
            .unwrap_or(scope.section.to);
        item.ranges = scope.lines(n..to);
        scope.mark(n..to);
        scope.push(n, item);
    }
    true
}

/// When it is, where that is a field below it.
fn time_below(scope: &Scope<'_>, at: usize) -> Option<String> {
    let list = scope.pieces[at].list;
    let below = scope.pieces[at + 1..scope.section.to].iter().take(32).take_while(|p| list > 0 && p.list > list);
    let time =
        below.filter_map(|p| shapes::field(&p.text)).find(|(field, value)| *field == Field::Time && !value.is_empty());
    time.map(|(_, value)| value.to_owned())
}

/// Whether the section is a list of several things with fields below each, one of which leads there.
fn has_fielded_bullets(scope: &Scope<'_>) -> bool {
    let first = scope.first();
    static PARTS: Pattern =
        Pattern::new(r"(?i)^\W*(?:agenda|notes|topics|minutes|schedule|会议)?(?:议题|议程|内容|纪要|记录)?\W*$");
    let is_list = (first..scope.section.to).all(|n| scope.pieces[n].list > 0 || scope.pieces[n].text.is_empty());
    let begins = |n: &usize| scope.pieces[*n].list == 1 && begins_item(scope, *n);
    let heads: Vec<usize> = (first..scope.section.to).filter(begins).collect();
    let ends = heads.iter().skip(1).copied().chain([scope.section.to]);
    let is_one = |&(from, to): &(&usize, usize)| {
        let (head, below) = (&scope.pieces[*from], &scope.pieces[*from + 1..to]);
        let links = below.iter().flat_map(|p| &p.links).take(2);
        head.links.is_empty()
            && shapes::field(&head.text).is_none()
            && below.iter().filter(|p| p.text.contains([':', '：'])).count() > 1
            && links.filter(|l| lists::says_nothing(&l.text)).count() == 1
    };
    let is_of_one = heads.iter().any(|n| PARTS.is_match(&scope.pieces[*n].text));
    is_list && heads.len() > 1 && !is_of_one && heads.iter().zip(ends).filter(is_one).count() * 3 >= heads.len() * 2
}

/// `2024-05-16 | Berlin | [group](…)` with one linked item below it: that is what happens, and
/// the line above says when, where and who invites.
fn meeting_below(scope: &Scope<'_>, at: usize) -> Option<LinkRef> {
    let head = &scope.pieces[at];
    let opens_with_day = shapes::day_in(&head.text).is_some_and(|day| head.text.starts_with(day));
    let below: Vec<&Piece> = (at + 1..scope.section.to)
        .map(|n| &scope.pieces[n])
        .take_while(|p| p.list > head.list)
        .filter(|p| !p.text.is_empty())
        .collect();
    let [only] = below.as_slice() else { return None };
    let link = lists::first_link(only).filter(|l| opens_with_day && !lists::says_nothing(&l.text))?;
    (text::same(&link.text, &only.text) || only.links.len() > 1 && only.text.starts_with(&link.text)).then_some(link)
}

/// `22 August 2024: The group meets`: what is told behind the day.
fn without_day(title: &str) -> &str {
    let short = title.split([' ', '.', ':', '：']).next().filter(|word| {
        let days = word.split_once('/').and_then(|(a, b)| Some((a.parse::<u8>().ok()?, b.parse::<u8>().ok()?)));
        matches!(days, Some((1..=12, 13..=31) | (13..=31, 1..=12))) && *word != "24/7"
    });
    let Some(day) = shapes::day_in(title).filter(|day| title.starts_with(day)).or(short) else { return title };
    // `May 12-14, 2024`: to which day, too.
    static RANGE: Pattern = Pattern::new(
        r"(?i)^(?:[-–—~]|\s+(?:to|until)\s+)(?:[a-z]{3,9}\.? )?\d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?(?:\W|$)|^\s*[-–—~]\s*\d{1,2}(?:st|nd|rd|th)?(?:,? \d{4})?\s*[:：]",
    );
    // `, 9:30-11:00 CET`: and at which hours. The day may have the first of them.
    static HOURS: LazyLock<Regex> = LazyLock::new(|| {
        const CLOCK: &str = r"\d{1,2}(?:[:：]\d{2}(?:\s*[ap]\.?m\b\.?)?|\s*[ap]\.?m\b\.?)";
        const TO: &str = r"\s*[-–—~～至到]\s*\d{1,2}[:：]\d{2}(?:\s*[ap]\.?m\b\.?)?";
        pattern(&format!(r"^(?i:,?\s*(?:at\s+)?{CLOCK}(?:{TO})?|{TO})(?:\s*(?:UTC|GMT|[A-Z]{{1,3}}T)\b)?"))
    });
    let rest = &title[day.len()..];
    let rest = HOURS.find(rest).map_or(rest, |m| &rest[m.end()..]);
    let rest = RANGE.find(rest).map_or(rest, |m| &rest[m.end()..]);
    // `2024-10-26 to 2024-10-27`
    static TO: Pattern =
        Pattern::new(r"(?i)^\s*(?:[-–—~～至到]|to|until|bis|au|al|a)\s*\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:\W|$)");
    let rest = TO.find(rest).map_or(rest, |m| &rest[m.end()..]);
    let behind = rest.trim_start_matches(|c: char| c.is_whitespace() || ".:：,，|–—-".contains(c));
    if text::columns(behind) >= 6 { behind } else { title }
}

/// What a line calls its event, beside the day: the words behind it, else those before it.
fn dated_words(line: &str) -> String {
    let (line, _) = shapes::without_ordinal(line);
    let behind = without_day(line);
    let sentence = text::first_sentence(behind);
    let marks = |c: char| c.is_whitespace() || ":：,，|–—-(（".contains(c);
    match shapes::day_in(line) {
        Some(day) if behind.len() == line.len() => {
            let before = line.split(day).next().unwrap_or("").trim_end_matches(marks);
            static WHEN: Pattern = Pattern::new(r"(?:时间)?\s*(?:[暂原初拟]?定|将|拟)?\s*(?:为|是|于|在)?$");
            let before = WHEN.find(before).map_or(before, |m| &before[..m.start()]).trim_end_matches(marks);
            if text::columns(before) >= 4 { before.to_owned() } else { sentence }
        }
        _ => sentence,
    }
}

/// Headings with a link or a day each, in themselves or in the text below, are as many events:
/// `### [Lamp Meetup](…)`, and `28 June 2016` below it.
fn headed_events(scope: &mut Scope<'_>) -> bool {
    let first = scope.first();
    let heads: Vec<usize> =
        (first..scope.section.to).filter(|n| scope.pieces[*n].is_heading() && !scope.pieces[*n].quote).collect();
    let end = |k: usize| heads.get(k + 1).copied().unwrap_or(scope.section.to);
    let blocks: Vec<(usize, usize)> = heads.iter().enumerate().map(|(k, head)| (*head, end(k))).collect();
    let link = |(from, to): (usize, usize)| (from..to).find_map(|n| lists::first_link(&scope.pieces[n]));
    let day = |(from, to): (usize, usize)| {
        (from..to).map(|n| &scope.pieces[n].text).find(|text| shapes::day_in(text).is_some()).cloned()
    };
    let says = |block: &(usize, usize)| link(*block).is_some() || day(*block).is_some();
    if blocks.is_empty() || !blocks.iter().all(says) || !blocks.iter().any(|block| day(*block).is_some()) {
        return false;
    }
    for block in blocks {
        let (from, to) = block;
        let head = &scope.pieces[from];
        let title = shapes::without_ordinal(&head.text).0.to_owned();
        let (link, time) = (link(block), day(block));
        let mut item = Item::new(Kind::Event, title, head.line).linked(link.as_ref());
        item.time = time;
        item.ranges = scope.lines(from + 1..to);
        scope.mark(from..to);
        scope.push(from, item);
    }
    true
}

/// Paragraphs with a day and a link each are as many events: `**Rust Paris** – June 21 – [RSVP](…)`.
/// The day may stand on a line of its own, and where several open with their links, one may have
/// none.
fn dated_paragraphs(scope: &mut Scope<'_>) -> bool {
    let first = scope.first();
    let is_page = |l: &LinkRef| !l.picture && places::is_page(&l.url) && !l.text.is_empty();
    let paragraphs = paragraphs(scope, first);
    let links = |(from, to): (usize, usize)| scope.pieces[from..to].iter().flat_map(|p| &p.links);
    let is_dated =
        |(from, to): (usize, usize)| scope.pieces[from..to].iter().any(|p| shapes::day_in(&p.text).is_some());
    let opens = |(from, _): (usize, usize)| {
        let piece = &scope.pieces[from];
        piece.links.first().is_some_and(|l| is_page(l) && piece.text.starts_with(l.text.as_str()))
    };
    let (dated, opening) = (
        paragraphs.iter().filter(|p| is_dated(**p) && links(**p).any(is_page)).count(),
        paragraphs.iter().filter(|p| opens(**p)).count(),
    );
    let all_open = opening > 1 && opening == paragraphs.len() && dated * 2 >= opening;
    // Below `Upcoming events` each paragraph is one, where each has a day or a link.
    let linked = |p: (usize, usize)| links(p).find(|l| is_page(l) && !places::is_person(l)).cloned();
    let calls = ["预告", "近期活动"].iter().any(|w| scope.section.heading.contains(w))
        || scope.section.heading.to_lowercase().contains("upcoming");
    let all_told = calls
        && paragraphs.len() > 1
        && paragraphs.iter().any(|p| is_dated(*p))
        && paragraphs.iter().all(|p| is_dated(*p) || linked(*p).is_some())
        && (first..scope.section.to).all(|n| scope.pieces[n].is_text());
    // Where there is more, and what readers may do.
    let leads = |(from, to): (usize, usize)| {
        scope.pieces[from..to].iter().any(|p| {
            let words = p.text.to_lowercase();
            shapes::invites(&p.text) || ["calendar", "if you", "日历", "kalender"].iter().any(|w| words.contains(w))
        })
    };
    if dated < 2 && !all_open && !all_told {
        return false;
    }
    let found: Vec<((usize, usize), Option<LinkRef>)> = paragraphs
        .iter()
        .filter(|p| is_dated(**p) || all_open || all_told && !leads(**p))
        // The event's own page comes first, what is said there behind it.
        .map(|p| (*p, linked(*p).or_else(|| links(*p).find(|l| is_page(l)).cloned())))
        .filter(|(_, link)| link.is_some() || all_told)
        .collect();
    for ((from, to), link) in found {
        let text = scope.pieces[from..to].iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ");
        let title = match &link {
            Some(link) if lists::says_nothing(&link.text) => event_words(&text, link),
            Some(link) => link.text.clone(),
            None if shapes::day_in(&text).is_some_and(|day| text.starts_with(day)) => dated_words(&text),
            None => text::first_sentence(&text),
        };
        let mut item = Item::new(Kind::Event, title, scope.pieces[from].line).linked(link.as_ref());
        item.time = shapes::day_in(&text).is_some().then_some(text);
        item.ranges = scope.lines(from..to);
        scope.mark(from..to);
        scope.push(from, item);
    }
    true
}

/// Paragraphs of running text from `first` on; lines of which several have a day and a link each
/// are paragraphs of their own.
fn paragraphs(scope: &Scope<'_>, first: usize) -> Vec<(usize, usize)> {
    let is_one = |p: &Piece| p.is_text() && !p.links.is_empty() && shapes::day_in(&p.text).is_some();
    let mut lines: HashMap<usize, usize> = HashMap::new();
    for piece in scope.pieces[first..scope.section.to].iter().filter(|p| is_one(p)) {
        *lines.entry(piece.block).or_default() += 1;
    }
    let mut found: Vec<(usize, usize)> = Vec::new();
    for n in (first..scope.section.to).filter(|n| scope.pieces[*n].is_text()) {
        let block = scope.pieces[n].block;
        let is_list = lines.get(&block).is_some_and(|count| *count > 1);
        match found.last_mut().filter(|(from, to)| *to == n && !is_list && scope.pieces[*from].block == block) {
            Some((_, to)) => *to = n + 1,
            None => found.push((n, n + 1)),
        }
    }
    found
}

/// What a line calls its event, beside the day and the link to sign up.
fn event_words(line: &str, link: &LinkRef) -> String {
    let line = line.replacen(link.text.as_str(), "", 1);
    let ends = [" – ", " — ", " - ", " | ", "｜"];
    let part = ends.iter().filter_map(|e| line.find(e)).min().map_or(line.as_str(), |at| &line[..at]);
    let named = part.chars().filter(|c| c.is_alphabetic()).count() >= 4 && shapes::day_in(part).is_none();
    let words = if named { part.to_owned() } else { text::first_sentence(&line) };
    text::squeeze(words.trim_matches(|c: char| !c.is_alphanumeric() && !"）)」】》".contains(c)))
}
