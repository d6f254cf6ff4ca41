//! Task blocks: a project and what there is to do, a heading or an item a task.

use super::{begins_item, canonical, is_block_head};
use crate::entry::Kind;
use crate::normalize::text;
use crate::source::digest::places;
use crate::source::digest::shapes::{self, Field};
use crate::source::digest::{Item, Scope, lists};
use crate::source::markdown::{LinkRef, Piece};
use crate::source::pattern::Pattern;

/// Reads a section of tasks: a block a project, or an item a task.
pub(in crate::source::digest) fn tasks(scope: &mut Scope<'_>) {
    let heads: Vec<usize> = scope.range().filter(|n| is_block_head(scope, *n)).collect();
    let tells = |p: &Piece| lists::first_link(p).is_some() || shapes::names_issue(&p.text);
    let linked_items = scope
        .range()
        .filter(|n| scope.pieces[*n].list == 1 && begins_item(scope, *n) && tells(&scope.pieces[*n]))
        .count();
    lists::rows(scope, Kind::Task);
    if scope.range().any(|n| scope.used[n]) {
        return;
    }
    if heads.is_empty() && lead_from_headings(scope) && headed_tasks(scope) {
        return;
    }
    if heads.is_empty() && linked_items > 0 {
        task_items(scope, scope.range(), None);
        return;
    }
    if heads.is_empty() && headed_tasks(scope) {
        return;
    }
    if heads.is_empty() {
        let range = scope.range();
        let mut from = range.start + usize::from(!scope.section.heading.is_empty());
        for n in range.clone() {
            if let Some(link) = lists::first_link(&scope.pieces[n]) {
                // `Do you know of one? [Tell us](…).`
                if lists::invites(&scope.pieces[n], &link) {
                    from = n + 1;
                    continue;
                }
                task_block(scope, from, n + 1, None);
                from = n + 1;
            }
        }
        return;
    }
    for (k, head) in heads.iter().enumerate() {
        let to = heads.get(k + 1).copied().unwrap_or(scope.section.to);
        let label = scope.pieces[*head].text.trim_matches([':', '：', ' ', '*', '「', '」']).to_owned();
        if is_list_of_tasks(scope, *head + 1..to) {
            scope.mark(*head..*head + 1);
            task_items(scope, *head + 1..to, Some(&label));
        } else {
            task_block(scope, *head, to, Some(label));
        }
    }
    lists::stray_articles(scope);
}

/// Whether all that is linked in lists stands below headings and only says where there is more of what
/// they ask for: `[GitHub](…)`, `[Issue](…)`.
fn lead_from_headings(scope: &Scope<'_>) -> bool {
    let first = scope.first();
    let headed = scope.at(first).is_some_and(|p| p.is_heading());
    let linked = (first..scope.section.to).map(|n| &scope.pieces[n]).filter(|p| p.list > 0 && !p.links.is_empty());
    // A word for it; `Write the docs` is a task.
    let is_word = |t: &str| t.is_ascii() && !t.trim().contains(' ') && shapes::is_aside(t);
    let leads = |p: &Piece| lists::first_link(p).is_none_or(|l| lists::says_nothing(&l.text) || is_word(&l.text));
    headed && linked.clone().count() > 0 && linked.clone().all(leads)
}

/// Whether several bullets stand there, each with a link of its own and words for it.
fn is_list_of_tasks(scope: &Scope<'_>, range: std::ops::Range<usize>) -> bool {
    let mut bullets = range.filter(|n| scope.pieces[*n].list == 1 && begins_item(scope, *n));
    let linked = |n: usize| {
        let piece = &scope.pieces[n];
        lists::first_link(piece).is_some_and(|l| !lists::says_nothing(&l.text) || !text::same(&l.text, &piece.text))
    };
    bullets.clone().count() > 1 && bullets.all(linked)
}

/// Tasks below headings of their own, each with a link; false where there are none.
fn headed_tasks(scope: &mut Scope<'_>) -> bool {
    let first = scope.first();
    let is_heading = |n: &usize| scope.pieces[*n].is_heading() && !scope.pieces[*n].quote;
    let heads: Vec<usize> = (first..scope.section.to).filter(is_heading).collect();
    let end = |k: usize| heads.get(k + 1).copied().unwrap_or(scope.section.to);
    let linked = |k: &usize| (heads[*k]..end(*k)).any(|n| lists::first_link(&scope.pieces[n]).is_some());
    let tasks: Vec<(usize, usize)> = (0..heads.len()).filter(linked).map(|k| (heads[k], end(k))).collect();
    for (from, to) in &tasks {
        let Some(link) = (*from..*to).find_map(|n| lists::first_link(&scope.pieces[n])) else { continue };
        let title = shapes::without_ordinal(&scope.pieces[*from].text).0.trim_end_matches([':', '：']);
        let title = described(scope, title, *from + 1, *to).unwrap_or_else(|| title.to_owned());
        let mut item = Item::new(Kind::Task, title, scope.pieces[*from].line).with_link(&link);
        item.ranges = scope.lines(from + 1..*to);
        scope.mark(*from..*to);
        scope.push(*from, item);
    }
    !tasks.is_empty()
}

/// What `Issue #12` is about, as the text below tells.
fn described(scope: &Scope<'_>, title: &str, from: usize, to: usize) -> Option<String> {
    static NUMBER: Pattern = Pattern::new(r"(?i)^(?:issue|pr|任务)?\s*#?\s*\d+$");
    static FIELD: Pattern =
        Pattern::new(r"(?i)^\W*(?:(?:问题|任务)?描述|标题|description|title|summary)\s*[:：]\s*(.+)$");
    let text = |n: usize| FIELD.captures(&scope.pieces[n].text).map(|found| text::first_sentence(&found[1]));
    NUMBER.is_match(title).then(|| (from..to).find_map(text)).flatten()
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
    let mut item =
        Item::new(Kind::Task, title.trim_end_matches([':', ' ']), scope.pieces[from].line).linked(link.as_ref());
    item.labels.extend(label.clone());
    let first = if label.is_some() { from + 1 } else { from };
    item.ranges = scope.lines(first..to);
    scope.mark(from..to);
    scope.push(from, item);
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

/// `* [project - title of issue](link)`: a task an item, all of them of the project `label`.
fn task_items(scope: &mut Scope<'_>, range: std::ops::Range<usize>, label: Option<&str>) {
    let mut n = range.start;
    while n < range.end {
        let piece = &scope.pieces[n];
        if piece.list == 0 {
            n += 1;
            continue;
        }
        let item_number = piece.item;
        let to = (n..range.end)
            .find(|m| scope.pieces[*m].list == 0 || scope.pieces[*m].item != item_number)
            .unwrap_or(range.end);
        let link = (n..to).find_map(|m| lists::first_link(&scope.pieces[m]));
        // `- #12 what there is to do`, `- what there is to do ([@ann](…))`: a task without a page.
        let ends = |l: &LinkRef| piece.text.trim_end_matches([')', '）', '。', '.', ' ']).ends_with(l.text.as_str());
        let who = link.as_ref().is_some_and(|l| places::is_person(l) && ends(l));
        let nowhere = who || link.is_none() && (shapes::names_issue(&piece.text) || asks_for_help(&piece.text));
        let line = piece.text.clone();
        let leads = link.as_ref().is_some_and(|l| shapes::is_navigation(&l.text)) || shapes::is_sponsored(&line);
        let link = link.filter(|_| !nowhere);
        if (nowhere || link.is_some()) && !leads {
            let sentence = link.as_ref().and_then(|l| lists::sentence_around(scope, n, l));
            let title = match (&link, sentence) {
                (Some(_), Some(sentence)) => sentence,
                (Some(link), None) if !shapes::is_empty_title(&link.text) && line.starts_with(link.text.as_str()) => {
                    lists::code_and_title(&line, link).unwrap_or_else(|| link.text.clone())
                }
                (Some(link), None) => text::first_sentence(&without_address(&line, link)),
                (None, _) => text::first_sentence(&line),
            };
            let title = shapes::without_issue(&title).unwrap_or(&title);
            let mut item = Item::new(Kind::Task, title, scope.pieces[n].line);
            let said = link.as_ref().map_or(0, |l| text::columns(&l.text)) + 12;
            if let Some(link) = &link {
                item = item.with_link(link);
            }
            // `project - title`, `[project] title`, `project: title`: what stands first is a label.
            let bracketed = line.strip_prefix(['[', '【', '「']).and_then(|l| l.split([']', '】', '」']).next());
            let cut = [": ", "：", " - ", " – ", " — ", "—"].iter().filter_map(|mark| line.find(mark)).min();
            let head = bracketed.unwrap_or(&line[..cut.unwrap_or(0)]).trim();
            let named = Some(head).filter(|head| scope.names.is_name(head));
            item.labels.extend(label.or(named).map(str::to_owned));
            item.ranges = if text::columns(&line) > said || nowhere { scope.lines(n..to) } else { Vec::new() };
            scope.mark(n..to);
            scope.push(n, item);
        }
        n = to;
    }
}

/// Whether a line says that somebody is looked for.
fn asks_for_help(line: &str) -> bool {
    static ASKS: Pattern = Pattern::new(
        r"(?i)\b(?:looking for|in (?:search|need) of|searching for|seeking|(?:is|are) needed|needs help)\b|招募|寻找|征集|急需",
    );
    ASKS.is_match(line)
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

/// Numbered projects with a mentor, as summer programmes list them, are tasks wherever they stand.
pub(in crate::source::digest) fn mentored_tasks(scope: &mut Scope<'_>) {
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
        let link = (n + 1..last).rev().find_map(|m| lists::first_link(&scope.pieces[m]));
        let mut item = Item::new(Kind::Task, title, scope.pieces[n].line).linked(link.as_ref());
        item.labels.extend(label.iter().map(|l| l.trim_end_matches("社区").trim().to_owned()));
        item.ranges = scope.lines(n..last);
        if n > scope.section.from && is_block_head(scope, n - 1) {
            scope.mark(n - 1..n);
        }
        scope.mark(n..last);
        scope.push(n, item);
        n = last;
    }
}
