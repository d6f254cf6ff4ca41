//! Blocks of several lines: releases, tasks, events, news.

use super::shapes::{self, Field};
use super::{Item, Scope, lists};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::markdown::{LinkRef, Piece, Shape};

/// Whether a line outside of lists announces a release.
pub(super) fn has_release_heads(scope: &Scope<'_>) -> bool {
    scope.range().any(|n| {
        let piece = &scope.pieces[n];
        let strong = piece.bold || matches!(piece.shape, Shape::Heading(_));
        let linked = || (n..scope.section.to).any(|m| scope.pieces[m].links.iter().any(|l| !l.picture));
        piece.list == 0
            && strong
            && piece.links.is_empty()
            && shapes::release_head(piece, scope.names, Some(&scope.section.heading)).is_some()
            && (shapes::announces(&piece.text) || linked())
    })
}

/// Reads a section of releases.
pub(super) fn releases(scope: &mut Scope<'_>) {
    let heading = scope.section.heading.clone();
    let is_head = |scope: &Scope<'_>, n: usize| {
        let piece = &scope.pieces[n];
        shapes::release_head(piece, scope.names, Some(&heading)).is_some()
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
        if !scope.used[n] && piece.list == 1 && begins_item(scope, n) && !piece.quote && is_head(scope, n) {
            let top = piece.top;
            let to = (n..scope.section.to).find(|m| scope.pieces[*m].top != top).unwrap_or(scope.section.to);
            release(scope, n, to);
        }
    }
    lists::rows(scope, Kind::Release);
    lists::stray_articles(scope);
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
    piece.bold
        || matches!(piece.shape, Shape::Heading(_))
        || introduces
        || first_line && text::columns(&piece.text) <= 90
}

fn begins_item(scope: &Scope<'_>, n: usize) -> bool {
    n == 0 || scope.pieces[n - 1].item != scope.pieces[n].item
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
        {
            return n;
        }
        if matches!(piece.shape, Shape::Heading(_)) && scope.section.from != n && vocabulary_of(scope, piece) {
            return n;
        }
        let title_link = piece.list == 0
            && lists::first_link(piece)
                .is_some_and(|l| !shapes::is_empty_title(&l.text) && text::fold(&l.text) == text::fold(&piece.text));
        let reported = (head..n).any(|m| !scope.pieces[m].links.is_empty());
        if title_link && reported {
            return n;
        }
    }
    next
}

/// A heading inside a release that opens another part of the digest.
fn vocabulary_of(scope: &Scope<'_>, piece: &Piece) -> bool {
    scope.names.is_name(&piece.text)
}

/// One release: its head and what stands below it up to `to`.
pub(super) fn release(scope: &mut Scope<'_>, head: usize, to: usize) {
    let Some(found) = shapes::release_head(&scope.pieces[head], scope.names, Some(&scope.section.heading)) else {
        return;
    };
    let more = shapes::more_versions(&scope.pieces[head]);
    let beside = releases_beside(scope, head, &found.name, &found.version);
    for version in std::iter::once(found.version).chain(more) {
        let mut item = Item::new(Kind::Release, format!("{} {version}", found.name), scope.pieces[head].line);
        if let Some(link) = report_link(&scope.pieces[head..to], &version) {
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

/// `[serde 1.0.2](…), [tokio 1.3](…)`, `1.5; also [1.4.9](…)`: links to release pages of their own.
fn releases_beside(scope: &Scope<'_>, head: usize, name: &str, version: &str) -> Vec<Item> {
    let piece = &scope.pieces[head];
    let pages = piece.links.iter().skip(1).filter(|l| !l.picture && l.url.contains("/releases/tag/"));
    pages
        .filter_map(|link| {
            let line = Piece { bold: true, text: link.text.clone(), links: vec![link.clone()], ..piece.clone() };
            let found = shapes::release_head(&line, scope.names, Some(name))?;
            let bare = shapes::version(&link.text).is_some_and(|v| v.start <= 1);
            let name =
                if bare { name_before(scope, piece, link).unwrap_or_else(|| name.to_owned()) } else { found.name };
            let mut item = Item::new(Kind::Release, format!("{name} {}", found.version), piece.line).with_link(link);
            (item.name, item.version) = (Some(name), Some(found.version));
            Some(item)
        })
        .filter(|item| item.version.as_deref() != Some(version))
        .collect()
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
        .filter(|(_, l)| !l.picture && shapes::is_page(&l.url))
        .collect();
    let tag = links.iter().find(|(_, l)| l.url.contains("/releases/tag/") && l.url.contains(version)).or_else(|| {
        links
            .iter()
            .find(|(_, l)| l.url.contains("/releases/") || l.url.contains("/tree/") || l.url.contains("/compare/"))
    });
    let reports = |p: &Piece| {
        ["报告", "参考", "详情", "详见", "release note", "changelog"].iter().any(|w| p.text.to_lowercase().contains(w))
    };
    let introduced = links.iter().enumerate().find(|(_, (p, _))| reports(p)).map(|(_, l)| l);
    // A link in passing is no report: the address itself is shown, or the head is the link.
    let shown = links.iter().find(|(p, l)| p.list == 0 && l.text.contains("://"));
    let own = links.iter().find(|(p, _)| std::ptr::eq(*p, &pieces[0]));
    tag.or(introduced).or(own).or(shown).map(|(_, l)| (*l).clone())
}

/// Reads a section of tasks: a block a project, or an item a task.
pub(super) fn tasks(scope: &mut Scope<'_>) {
    let heads: Vec<usize> = scope.range().filter(|n| is_block_head(scope, *n)).collect();
    let linked_items = scope
        .range()
        .filter(|n| {
            scope.pieces[*n].list == 1 && begins_item(scope, *n) && lists::first_link(&scope.pieces[*n]).is_some()
        })
        .count();
    lists::rows(scope, Kind::Task);
    if scope.range().any(|n| scope.used[n]) {
        return;
    }
    if heads.is_empty() && linked_items > 0 {
        task_items(scope);
        return;
    }
    if heads.is_empty() && headed_tasks(scope) {
        return;
    }
    if heads.is_empty() {
        let range = scope.range();
        let mut from = range.start + usize::from(!scope.section.heading.is_empty());
        for n in range.clone() {
            if lists::first_link(&scope.pieces[n]).is_some() {
                task_block(scope, from, n + 1, None);
                from = n + 1;
            }
        }
        return;
    }
    for (k, head) in heads.iter().enumerate() {
        let to = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let label = scope.pieces[*head].text.trim_matches([':', '：', ' ', '*', '「', '」']).to_owned();
        task_block(scope, *head, to, Some(label));
    }
    lists::stray_articles(scope);
}

/// Tasks below headings of their own, each with a link; false where there are none.
fn headed_tasks(scope: &mut Scope<'_>) -> bool {
    let first = scope.section.from + usize::from(!scope.section.heading.is_empty());
    let is_heading = |n: &usize| matches!(scope.pieces[*n].shape, Shape::Heading(_)) && !scope.pieces[*n].quote;
    let heads: Vec<usize> = (first..scope.section.to).filter(is_heading).collect();
    let end = |k: usize| heads.get(k + 1).copied().unwrap_or(scope.section.to);
    let linked = |k: &usize| (heads[*k]..end(*k)).any(|n| lists::first_link(&scope.pieces[n]).is_some());
    let tasks: Vec<(usize, usize)> = (0..heads.len()).filter(linked).map(|k| (heads[k], end(k))).collect();
    for (from, to) in &tasks {
        let Some(link) = (*from..*to).find_map(|n| lists::first_link(&scope.pieces[n])) else { continue };
        let title = shapes::without_ordinal(&scope.pieces[*from].text).0.trim_end_matches([':', '：']).to_owned();
        let mut item = Item::new(Kind::Task, title, scope.pieces[*from].line).with_link(&link);
        item.ranges = scope.lines(from + 1..*to);
        scope.mark(*from..*to);
        scope.push(*from, item);
    }
    !tasks.is_empty()
}

/// A line of its own that names a project: `**Layotto**`, `### MOSN`, `Layotto：`.
fn is_block_head(scope: &Scope<'_>, n: usize) -> bool {
    let piece = &scope.pieces[n];
    if n == scope.section.from && !scope.section.heading.is_empty()
        || piece.quote
        || piece.list > 0
        || !piece.links.is_empty() && piece.images == 0
    {
        return false;
    }
    let name = piece.text.trim_matches([':', '：', ' ', '*', '「', '」']);
    let name = name.trim_end_matches("社区").trim_end();
    let alone = || {
        (n == 0 || scope.pieces[n - 1].block != piece.block)
            && scope.pieces.get(n + 1).is_none_or(|p| p.block != piece.block)
    };
    let marked = piece.bold || matches!(piece.shape, Shape::Heading(_)) || piece.text.ends_with([':', '：']);
    !name.is_empty() && (marked || piece.shape == Shape::Line && alone()) && scope.names.is_name(name)
}

fn task_block(scope: &mut Scope<'_>, from: usize, to: usize, label: Option<String>) {
    let link = (from..to).find_map(|n| lists::first_link(&scope.pieces[n]));
    let words = scope.section.heading.rsplit(['：', ':', '&', '】']).next().unwrap_or("").trim().to_owned();
    let words = without_names(scope, &words);
    let title = match (&label, from + 1 < to || link.is_some()) {
        (Some(label), true) => format!("{}: {}", canonical(scope, label), words),
        (None, true) => first_words(scope, from, to).unwrap_or_else(|| words.clone()),
        (_, false) => return,
    };
    let mut item = Item::new(Kind::Task, title.trim_end_matches([':', ' ']), scope.pieces[from].line);
    if let Some(link) = &link {
        item = item.with_link(link);
    }
    item.labels.extend(label.clone());
    let first = if label.is_some() { from + 1 } else { from };
    item.ranges = scope.lines(first..to);
    scope.mark(from..to);
    scope.push(from, item);
}

fn canonical(scope: &Scope<'_>, label: &str) -> String {
    scope.names.titles_in(label).into_iter().next().unwrap_or_else(|| label.to_owned())
}

/// `SOFAStack & MOSN 新手任务计划` without the names of projects.
fn without_names(scope: &Scope<'_>, words: &str) -> String {
    let mut rest = words.to_owned();
    for found in scope.names.find_in_label(words).into_iter().rev() {
        if rest.is_char_boundary(found.start) && rest.is_char_boundary(found.end) && found.end <= rest.len() {
            rest.replace_range(found.start..found.end, "");
        }
    }
    text::squeeze(rest.trim_matches(|c: char| c.is_whitespace() || "&:：、-".contains(c)))
}

fn first_words(scope: &Scope<'_>, from: usize, to: usize) -> Option<String> {
    let lines: Vec<&Piece> =
        scope.pieces[from..to].iter().filter(|p| !p.text.is_empty() && !p.text.starts_with("http")).collect();
    let named = lines.iter().rev().find(|p| p.links.is_empty() && !scope.names.find(&p.text).is_empty());
    named.or(lines.last()).map(|p| text::first_sentence(&p.text))
}

/// `* [project - title of issue](link)`: a task an item.
fn task_items(scope: &mut Scope<'_>) {
    let mut n = scope.section.from;
    while n < scope.section.to {
        let piece = &scope.pieces[n];
        if piece.list == 0 {
            n += 1;
            continue;
        }
        let item_number = piece.item;
        let to = (n..scope.section.to)
            .find(|m| scope.pieces[*m].list == 0 || scope.pieces[*m].item != item_number)
            .unwrap_or(scope.section.to);
        if let Some(link) = (n..to).find_map(|m| lists::first_link(&scope.pieces[m])) {
            let line = &scope.pieces[n].text;
            let title = match lists::sentence_around(scope, n, &link) {
                Some(sentence) => sentence,
                None if shapes::is_empty_title(&link.text) || !line.starts_with(link.text.as_str()) => {
                    text::first_sentence(&without_address(line, &link))
                }
                None => link.text.clone(),
            };
            if shapes::is_navigation(&link.text) || shapes::is_sponsored(line) {
                n = to;
                continue;
            }
            let mut item = Item::new(Kind::Task, title.clone(), scope.pieces[n].line).with_link(&link);
            // `project - title`, `[project] title`, `project: title`: what stands first is a label.
            let bracketed = line.strip_prefix(['[', '【', '「']).and_then(|l| l.split([']', '】', '」']).next());
            let cut = [": ", "：", " - ", " – ", " — ", "—"].iter().filter_map(|mark| line.find(mark)).min();
            let head = bracketed.unwrap_or(&line[..cut.unwrap_or(0)]).trim();
            if scope.names.is_name(head) {
                item.labels.push(head.to_owned());
            }
            item.ranges =
                if text::columns(line) > text::columns(&link.text) + 12 { scope.lines(n..to) } else { Vec::new() };
            scope.mark(n..to);
            scope.push(n, item);
        }
        n = to;
    }
}

/// `Title (https://…)` without the address.
fn without_address(line: &str, link: &LinkRef) -> String {
    if !link.text.contains("://") {
        return line.to_owned();
    }
    let rest = line.replacen(link.text.as_str(), "", 1).replace("()", "").replace("（）", "");
    let rest = text::squeeze(&rest);
    let rest = rest.trim_end_matches([' ', ':', '：', '-', '–', '—', '<', '>']);
    if rest.chars().any(char::is_alphanumeric) { rest.to_owned() } else { line.to_owned() }
}

/// Whether a section has the fields of an event.
pub(super) fn has_event_fields(scope: &Scope<'_>) -> bool {
    let has = |wanted: Field| {
        scope
            .range()
            .any(|n| !scope.pieces[n].quote && shapes::field(&scope.pieces[n].text).is_some_and(|(f, _)| f == wanted))
    };
    has(Field::Time) && (has(Field::Title) || has(Field::Place))
}

/// Reads a section of events.
pub(super) fn events(scope: &mut Scope<'_>) {
    mentored_tasks(scope);
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
            lists::stray_articles(scope);
            return;
        }
        whole_event(scope);
        return;
    }
    // What stands above the first field belongs to the first event, when there is one only.
    if starts.len() == 1 && !is_block_head(scope, starts[0]) {
        let above = (scope.section.from + 1..starts[0]).find(|n| !scope.used[*n] && !scope.pieces[*n].text.is_empty());
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
    (piece.list > 0 || piece.bold || matches!(piece.shape, Shape::Heading(_)))
        && !piece.text.is_empty()
        && shapes::field(&piece.text).is_none()
}

/// Bullets or headings with a time of their own each: as many events.
fn timed_bullets(scope: &Scope<'_>) -> Vec<usize> {
    let first = scope.section.from + usize::from(!scope.section.heading.is_empty());
    let begins = |n: &usize| {
        let piece = &scope.pieces[*n];
        let field = shapes::field(&piece.text).is_some();
        let bullet = piece.list == 1 && begins_item(scope, *n);
        let bold = piece.bold && piece.list == 0 && piece.shape == Shape::Line;
        (bullet || bold || matches!(piece.shape, Shape::Heading(_))) && !piece.quote && !field
    };
    let starts: Vec<usize> = (first..scope.section.to).filter(begins).collect();
    let timed = |k: usize| {
        let to = starts.get(k + 1).copied().unwrap_or(scope.section.to);
        (starts[k]..to)
            .any(|n| shapes::field(&scope.pieces[n].text).is_some_and(|(f, v)| f == Field::Time && !v.is_empty()))
    };
    let headed = |n: &usize| matches!(scope.pieces[*n].shape, Shape::Heading(_));
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
        links.extend(piece.links.iter().filter(|l| !l.picture && shapes::is_page(&l.url)).cloned());
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
    if piece.quote || piece.list > 0 || shapes::field(line).is_some() || piece.shape != Shape::Line {
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
    let items: Vec<usize> = scope
        .range()
        .filter(|n| scope.pieces[*n].list > 0 && begins_item(scope, *n) && has_link_below(scope, *n))
        .collect();
    let time = scope.range().find_map(|n| {
        shapes::field(&scope.pieces[n].text)
            .filter(|(f, v)| *f == Field::Time && !v.is_empty())
            .map(|(_, v)| v.to_owned())
    });
    if !items.is_empty() && time.is_none() {
        let before = scope.items.len();
        lists::articles(scope);
        let over: Vec<bool> = (before..scope.items.len())
            .map(|k| {
                let line = scope.items[k].line;
                let n = scope.pieces.iter().position(|p| p.line == line).unwrap_or(scope.section.from);
                lists::under_recap(scope, n)
            })
            .collect();
        for (k, over) in over.into_iter().enumerate() {
            let line = scope.items[before + k].line;
            let text =
                scope.pieces.iter().filter(|p| p.line == line).map(|p| p.text.as_str()).collect::<Vec<_>>().join(" ");
            let item = &mut scope.items[before + k];
            if !over {
                item.kind = Kind::Event;
                item.time = Some(text);
            }
        }
        return;
    }
    if time.is_none() && dated_paragraphs(scope) {
        return;
    }
    let from = scope.section.from + usize::from(!scope.section.heading.is_empty());
    let to = scope.section.to;
    let link = (from..to).find_map(|n| lists::first_link(&scope.pieces[n]));
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
        let link =
            lists::first_link(piece).filter(|l| !shapes::is_empty_title(&l.text) && !shapes::is_generic(&l.text))?;
        (time.is_some() && piece.text.starts_with(link.text.as_str())).then_some(link.text)
    });
    let title =
        named.or_else(|| bold.map(|p| p.text.clone())).or(above).unwrap_or_else(|| scope.section.heading.clone());
    let mut item = Item::new(Kind::Event, title, scope.pieces[scope.section.from].line);
    if let Some(link) = link {
        item = item.with_link(&link);
    }
    item.time = time;
    item.ranges = scope.lines(from..to);
    scope.mark(from..to);
    scope.push(scope.section.from, item);
}

/// Paragraphs with a day and a link each are as many events: `**Rust Paris** – June 21 – [RSVP](…)`.
fn dated_paragraphs(scope: &mut Scope<'_>) -> bool {
    let first = scope.section.from + usize::from(!scope.section.heading.is_empty());
    let is_one = |n: &usize| {
        let piece = &scope.pieces[*n];
        let line = piece.list == 0 && !piece.quote && piece.shape == Shape::Line;
        line && lists::first_link(piece).is_some() && shapes::day_in(&piece.text).is_some()
    };
    let found: Vec<usize> = (first..scope.section.to).filter(is_one).collect();
    if found.len() < 2 {
        return false;
    }
    for n in found {
        let piece = &scope.pieces[n];
        let Some(link) = lists::first_link(piece) else { continue };
        let says_nothing = shapes::is_empty_title(&link.text) || shapes::is_generic(&link.text);
        let title = if says_nothing { event_words(&piece.text, &link) } else { link.text.clone() };
        let mut item = Item::new(Kind::Event, title, piece.line).with_link(&link);
        item.time = Some(piece.text.clone());
        item.ranges = scope.lines(n..n + 1);
        scope.mark(n..n + 1);
        scope.push(n, item);
    }
    true
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

fn has_link_below(scope: &Scope<'_>, n: usize) -> bool {
    let item = scope.pieces[n].item;
    (n..scope.section.to)
        .take_while(|m| scope.pieces[*m].item == item)
        .any(|m| lists::first_link(&scope.pieces[m]).is_some())
}

/// Numbered projects with a mentor, as summer programmes list them, are tasks wherever they stand.
fn mentored_tasks(scope: &mut Scope<'_>) {
    let is_mentor = |p: &Piece| shapes::field(&p.text).is_some_and(|(f, _)| f == Field::Mentor);
    if !scope.range().any(|n| is_mentor(&scope.pieces[n])) {
        return;
    }
    let mut label: Option<String> = None;
    let mut n = scope.section.from;
    while n < scope.section.to {
        let piece = &scope.pieces[n];
        if is_block_head(scope, n) {
            label = Some(piece.text.trim_matches([':', '：', ' ', '*']).to_owned());
            n += 1;
            continue;
        }
        let numbered = piece.ordinal.is_some() && begins_item(scope, n) || shapes::without_ordinal(&piece.text).1;
        let to = (n + 1..scope.section.to)
            .find(|m| {
                is_block_head(scope, *m)
                    || scope.pieces[*m].ordinal.is_some() && scope.pieces[*m].item != piece.item
                    || shapes::without_ordinal(&scope.pieces[*m].text).1
            })
            .unwrap_or(scope.section.to);
        if !numbered || !(n + 1..to).any(|m| is_mentor(&scope.pieces[m])) {
            n += 1;
            continue;
        }
        // The block ends with its link.
        let last = (n + 1..to)
            .rev()
            .find(|m| lists::first_link(&scope.pieces[*m]).is_some_and(|l| !l.url.contains('@')))
            .map_or(to, |m| m + 1);
        let (title, _) = shapes::without_ordinal(&scope.pieces[n].text);
        let mut item = Item::new(Kind::Task, title, scope.pieces[n].line);
        let link = (n + 1..last).rev().find_map(|m| lists::first_link(&scope.pieces[m]));
        if let Some(link) = link {
            item = item.with_link(&link);
        }
        item.labels.extend(label.iter().map(|l| l.trim_end_matches("社区").trim().to_owned()));
        item.ranges = scope.lines(n..last);
        let head = n - 1;
        if is_block_head(scope, head.max(scope.section.from)) {
            scope.mark(head..n);
        }
        scope.mark(n..last);
        scope.push(n, item);
        n = last;
    }
}

/// Reads a section of news: a block a heading, an item a link, else the whole.
pub(super) fn news(scope: &mut Scope<'_>) {
    let first = scope.section.from + usize::from(!scope.section.heading.is_empty());
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
        heading || bold && !field && is_first_head(scope, first, n)
    };
    let heads: Vec<usize> = (first..scope.section.to).filter(|n| is_head(scope, *n)).collect();
    let before = heads.first().copied().unwrap_or(scope.section.to);
    loose_news(scope, first, before, heads.is_empty());
    for (k, head) in heads.iter().enumerate() {
        let to = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let piece = &scope.pieces[*head];
        let release = matches!(piece.shape, Shape::Heading(_)) && shapes::is_release_title(piece);
        if release && shapes::release_head(piece, scope.names, None).is_some() {
            self::release(scope, *head, to);
        } else {
            news_block(scope, *head, to);
        }
    }
    lists::rows(scope, Kind::News);
}

/// News without headings: a list of links, paragraphs with links of their own, or one piece.
fn loose_news(scope: &mut Scope<'_>, first: usize, to: usize, alone: bool) {
    let is_item = |n: &usize| {
        let piece = &scope.pieces[*n];
        let titled = lists::first_link(piece).is_some_and(|l| !shapes::is_empty_title(&l.text));
        piece.list == 1 && begins_item(scope, *n) && has_link_below(scope, *n)
            || piece.list == 0 && titled && shapes::is_link_line(piece) && shapes::label(piece, scope.names).is_none()
    };
    let items = (first..to).filter(is_item).count();
    let bullets = (first..to).filter(|n| scope.pieces[*n].list == 1 && is_item(n)).count();
    let mut paragraphs: Vec<(usize, usize)> = Vec::new();
    for n in first..to {
        match paragraphs.last_mut() {
            Some((from, end)) if scope.pieces[*from].block == scope.pieces[n].block || scope.pieces[n].list > 0 => {
                *end = n + 1;
            }
            _ => paragraphs.push((n, n + 1)),
        }
    }
    let has_link = |(from, end): &(usize, usize)| (*from..*end).any(|n| lists::first_link(&scope.pieces[n]).is_some());
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
    if alone && (bullets > 0 || items > 1 && prose < items || by_number && linked_heads * 2 > starts.len()) {
        lists::news(scope);
    } else if by_number && starts.len() < paragraphs.len() {
        for (k, from) in starts.iter().enumerate() {
            news_block(scope, *from, starts.get(k + 1).copied().unwrap_or(to));
        }
    } else if paragraphs.len() >= 2 && paragraphs.iter().all(|(n, _)| shapes::without_ordinal(&scope.pieces[*n].text).1)
    {
        for (from, end) in paragraphs {
            news_block(scope, from, end);
        }
    } else if linked.len() >= 2 || !alone {
        for (from, end) in linked {
            news_block(scope, from, end);
        }
    } else if first < to {
        news_block(scope, first, to);
    }
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

fn news_block(scope: &mut Scope<'_>, from: usize, to: usize) {
    let head = &scope.pieces[from];
    let (line, _) = shapes::without_ordinal(&head.text);
    let is_title = head.bold || matches!(head.shape, Shape::Heading(_));
    // A paragraph over several lines has its first sentence across them.
    let paragraph: Vec<&str> =
        scope.pieces[from..to].iter().take_while(|p| p.block == head.block).map(|p| p.text.as_str()).collect();
    let title =
        if is_title { line.to_owned() } else { text::first_sentence(shapes::without_ordinal(&paragraph.join(" ")).0) };
    if title.chars().filter(|c| c.is_alphanumeric()).count() < 2 {
        return;
    }
    let mut item = Item::new(Kind::News, title, head.line);
    let links: Vec<LinkRef> = scope.pieces[from..to].iter().filter_map(lists::first_link).collect();
    if let Some(link) = links.first() {
        item.url = Some(link.url.clone());
        item.link_text = Some(link.text.clone());
    }
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
