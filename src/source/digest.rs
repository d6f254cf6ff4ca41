//! Takes a digest apart: questions, articles, releases, tasks, events, news.
//!
//! Works on the pieces of the Markdown tree ([`super::markdown`]). Headings, and
//! bold lines used as headings, cut the post into sections; the section's words
//! say what it holds; inside, each kind has its shapes. What a post writes wrongly
//! is the normal case.
//!
//! Nothing is dropped in silence: what became no item is returned as a
//! [`Leftover`], and the whole post stays an entry of its own.
//!
//! This module knows no site. It decides what is an item and where it ends, not
//! which project it belongs to.

mod blocks;
mod fill;
mod groups;
mod lists;
mod places;
mod questions;
mod readable;
mod reports;
mod sections;
mod shapes;
mod vocabulary;

use std::collections::HashSet;

use crate::config::{DigestConfig, SectionKind};
use crate::entry::Kind;
use crate::names::Names;
use crate::normalize::{QUESTION_COLUMNS, text};
use crate::source::markdown::{LinkRef, Piece, Shape};
use crate::source::pattern::Pattern;

use sections::{Head, Section, heading_paths, heads_a_list, sections};

pub use shapes::{day_in, is_prerelease};

/// A piece of a digest that stands for itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// What it is.
    pub kind: Kind,
    /// Plain text, not yet cut.
    pub title: String,
    /// The address as written, when it has one.
    pub url: Option<String>,
    /// The text of that link.
    pub link_text: Option<String>,
    /// Lines of the file that are its content, from 1, inclusive.
    pub ranges: Vec<(usize, usize)>,
    /// Line where it starts.
    pub line: usize,
    /// Who asks.
    pub asker: Option<String>,
    /// What makes a question this question.
    pub question: String,
    /// Names of label lines, as written.
    pub labels: Vec<String>,
    /// Addresses that say what it is about: the labels' first.
    pub about: Vec<String>,
    /// Headings above it, outermost first, block headings included.
    pub headings: Vec<String>,
    /// Releases: name as written or the project's title.
    pub name: Option<String>,
    /// Releases: version without `v`.
    pub version: Option<String>,
    /// Events: when, as written.
    pub time: Option<String>,
    /// Questions: number of an issue.
    pub issue: Option<String>,
    /// Words of its content that stand on the line of its head.
    pub lead: String,
    /// It stands below a heading of another matter, which says nothing about it.
    pub astray: bool,
}

impl Item {
    fn new(kind: Kind, title: impl Into<String>, line: usize) -> Self {
        Self {
            kind,
            title: title.into(),
            url: None,
            link_text: None,
            ranges: Vec::new(),
            line,
            asker: None,
            question: String::new(),
            labels: Vec::new(),
            about: Vec::new(),
            headings: Vec::new(),
            name: None,
            version: None,
            time: None,
            issue: None,
            lead: String::new(),
            astray: false,
        }
    }

    /// The release of `version` of `name`.
    fn release(name: String, version: String, line: usize) -> Self {
        let title = format!("{name} {version}");
        Self { name: Some(name), version: Some(version), ..Self::new(Kind::Release, title, line) }
    }

    /// A title is cut; what was asked is not: a long question stands whole in the text, unless
    /// its line is a part of that anyway.
    fn asked_whole(mut self) -> Self {
        let is_told = self.ranges.first().is_some_and(|(from, _)| *from <= self.line);
        if !is_told && self.lead.is_empty() && text::columns(&self.title) > QUESTION_COLUMNS {
            self.lead.clone_from(&self.title);
        }
        self
    }

    /// The item with its link, when it has one.
    fn linked(self, link: Option<&LinkRef>) -> Self {
        match link {
            Some(link) => self.with_link(link),
            None => self,
        }
    }

    fn with_link(mut self, link: &LinkRef) -> Self {
        self.url = Some(link.url.clone());
        self.link_text = Some(link.text.clone()).filter(|t| !t.is_empty());
        self.about.push(link.url.clone());
        self
    }
}

/// A piece of the post that became no item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Leftover {
    /// Line in the text, from 1.
    pub line: usize,
    /// Its beginning.
    pub text: String,
}

/// A digest, taken apart.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TakenApart {
    /// Items in the order of the post.
    pub items: Vec<Item>,
    /// What became no item, outside of sections that hold none.
    pub leftovers: Vec<Leftover>,
}

/// What the shapes of a section need to know, and where they put what they found.
struct Scope<'a> {
    pieces: &'a [Piece],
    paths: &'a [Vec<String>],
    names: &'a Names,
    section: &'a Section,
    /// The post's title.
    title: &'a str,
    items: Vec<Item>,
    used: Vec<bool>,
}

impl Scope<'_> {
    fn at(&self, n: usize) -> Option<&Piece> {
        (self.section.from..self.section.to).contains(&n).then(|| &self.pieces[n])
    }

    /// The first piece behind the heading.
    fn first(&self) -> usize {
        self.section.from + usize::from(!self.section.heading.is_empty())
    }

    fn range(&self) -> std::ops::Range<usize> {
        self.section.from..self.section.to
    }

    /// Puts an item in, under the headings of piece `n`.
    fn push(&mut self, n: usize, mut item: Item) {
        let mut headings = self.paths.get(n).cloned().unwrap_or_default();
        headings.append(&mut item.headings);
        item.headings = headings;
        item.title = without_references(&item.title);
        if matches!(item.kind, Kind::Article | Kind::News | Kind::Task) {
            // The day of an event is read from there.
            if self.section.kind != SectionKind::Events {
                item.title = without_day(&item.title).to_owned();
            }
            item.title = lists::plain_title(&item.title, item.link_text.as_deref()).to_owned();
        }
        let mut seen = Vec::new();
        item.labels.retain(|l| {
            let folded = text::fold(l);
            let new = !seen.contains(&folded);
            seen.push(folded);
            new
        });
        self.items.push(item);
    }

    fn mark(&mut self, range: std::ops::Range<usize>) {
        for n in range {
            self.used[n] = true;
        }
    }

    /// Whether the post or a heading above the section is about one version.
    fn is_of_release(&self) -> bool {
        let headings = self.paths.get(self.section.from).into_iter().flatten().map(String::as_str);
        headings.chain([self.title]).any(|h| shapes::version(h).is_some())
    }

    /// Whether the heading is a word for what stands around a digest, and no list stands below it.
    fn is_frame(&self) -> bool {
        vocabulary::is_frame_word(&self.section.heading) && self.range().all(|n| self.pieces[n].list == 0)
    }

    /// Whether the heading says that this is what the issue holds, nothing below it leads
    /// anywhere, and its lines begin with what headings further down are called.
    fn is_contents(&self) -> bool {
        let lines = || self.range().skip(1).map(|n| &self.pieces[n]).filter(|p| !p.text.is_empty());
        let is_told = |p: &Piece| {
            let name = p.text.split([':', '：', '|', '｜']).next().unwrap_or("").trim();
            let below = self.pieces[self.section.to..].iter();
            let mut headings = below.filter(|p| p.is_heading());
            name.len() < p.text.len() && !name.is_empty() && headings.any(|h| h.text.contains(name))
        };
        vocabulary::is_contents(&self.section.heading)
            && lines().all(|p| p.links.is_empty())
            && lines().take(16).filter(|p| is_told(p)).count() * 2 >= lines().count().min(16)
    }

    /// Whether the heading speaks of where a project is found, and the list below it leads to
    /// first pages and to where people talk, each with a word for it.
    fn is_directory(&self) -> bool {
        let linked = || self.range().skip(1).map(|n| &self.pieces[n]).filter(|p| !p.links.is_empty());
        let is_place = |l: &LinkRef| {
            let shown = l.url.split_once("://").is_some_and(|(_, address)| address.trim_end_matches('/') == l.text);
            shown || places::is_home(&l.url) || places::is_chat(&l.url) || places::is_person(l)
        };
        vocabulary::is_of_places(&self.section.heading)
            && linked().count() > 1
            && linked().all(|p| {
                let closes = p.links.last().is_some_and(|l| p.text.ends_with(l.text.as_str()));
                p.list > 0 && closes && p.links.iter().all(is_place)
            })
    }

    /// Whether all that is linked below the heading are places where the project is followed, each in
    /// an item of a list: `[Mastodon](…)`, `[YouTube](…)`.
    fn is_of_networks(&self) -> bool {
        let linked = || self.range().skip(1).map(|n| &self.pieces[n]).filter(|p| !p.links.is_empty());
        let is_one = |p: &Piece| {
            let [link] = p.links.as_slice() else { return false };
            let words = text::columns(&p.text).saturating_sub(text::columns(&link.text));
            p.list > 0 && words <= 12 && places::is_network(&link.url)
        };
        self.section.head == Head::Heading && linked().count() > 1 && linked().all(is_one)
    }

    /// Whether the last list of the post says where people meet and read about the project: a label
    /// before each address, the number of a group or an account among them.
    fn is_closing_directory(&self) -> bool {
        // The names of those who made it may follow.
        const MOST_BEHIND: usize = 32;
        let behind = &self.pieces[self.section.to..];
        let is_last = behind.len() <= MOST_BEHIND && behind.iter().all(|p| !p.is_heading());
        let bullets = || self.range().skip(1).map(|n| &self.pieces[n]).filter(|p| p.list > 0 && !p.text.is_empty());
        let label = |p: &Piece| {
            // `https://wick.example：what it is` has its address for a label.
            let shown = p.links.first().filter(|l| p.text.starts_with(l.text.as_str()));
            let from = shown.map_or(0, |l| l.text.len());
            let at = from + p.text[from..].find([':', '：'])?;
            (text::columns(&p.text[..at]) <= 40 && text::columns(&p.text) <= 120).then(|| p.text[..at].to_owned())
        };
        let leads = |p: &Piece| {
            let link = p.links.iter().find(|l| !l.picture && !l.text.is_empty());
            let before = link.map_or(p.text.as_str(), |l| p.text.split(l.text.as_str()).next().unwrap_or(""));
            before.contains([':', '：'])
        };
        let heading = &self.section.heading;
        let is_title = |text: &str| {
            let is_address = text.contains("://") || text.contains('/') || text.contains('@');
            !is_address && (text.split_whitespace().count() > 2 || text::columns(text) > 20)
        };
        self.section.head == Head::Heading
            && is_last
            && !bullets().any(|p| p.links.iter().any(|l| is_title(&l.text)))
            && (vocabulary::is_of_places(heading) || vocabulary::is_frame(heading))
            && bullets().count() > 1
            && bullets().all(|p| label(p).is_some())
            && bullets().filter(|p| leads(p)).count() * 2 >= bullets().count()
            && bullets().any(|p| label(p).is_some_and(|l| vocabulary::names_network(&l)))
            && self.range().skip(1).all(|n| self.pieces[n].list > 0 || self.pieces[n].links.is_empty())
    }

    /// Whether it is the last of several sections, and lists what the others were made from.
    fn are_references(&self) -> bool {
        let shape = self.pieces[self.section.from].shape;
        let is_high = matches!(shape, Shape::Heading(1..=2));
        let leads = |p: &Piece| p.is_heading() || p.links.iter().any(|l| !l.picture);
        vocabulary::is_references(&self.section.heading)
            && self.section.head == Head::Heading
            && is_high
            && self.pieces[..self.section.from].iter().any(|p| p.shape == shape)
            && !self.pieces[self.section.to..].iter().any(leads)
    }

    /// Whether it leads to where the post itself is talked about.
    fn is_about_itself(&self) -> bool {
        let first = self.range().nth(1).map(|n| &self.pieces[n]);
        self.section.head == Head::Heading && first.is_some_and(|p| vocabulary::leads_to_talk(&p.text))
    }

    /// Reads a part of the section, which begins with a head of its own.
    fn within(&mut self, from: usize, to: usize, read: fn(&mut Scope<'_>)) {
        let heading = self.pieces[from].text.clone();
        let section = Section { heading, head: Head::Heading, from, to, ..self.section.clone() };
        let (items, used) = (std::mem::take(&mut self.items), std::mem::take(&mut self.used));
        let mut part = Scope { section: &section, items, used, ..*self };
        read(&mut part);
        (self.items, self.used) = (part.items, part.used);
    }

    /// Line ranges of the pieces `range`.
    fn lines(&self, range: std::ops::Range<usize>) -> Vec<(usize, usize)> {
        let pieces = &self.pieces[range];
        match (pieces.first(), pieces.iter().map(|p| p.end_line).max()) {
            (Some(first), Some(last)) => vec![(first.line, last)],
            _ => Vec::new(),
        }
    }
}

/// Takes the post apart. `title` is the post's own, whose repetition is no section.
pub fn take_apart(pieces: &[Piece], title: &str, config: &DigestConfig, names: &Names) -> TakenApart {
    let pieces = &readable::readable(pieces)[..];
    let sections = sections(pieces, title, config, names);
    let paths = heading_paths(pieces, &sections);
    let mut items = Vec::new();
    let mut used = vec![false; pieces.len()];
    for section in &sections {
        let mut scope =
            Scope { pieces, paths: &paths, names, section, title, items: Vec::new(), used: std::mem::take(&mut used) };
        match section.kind {
            _ if scope.is_contents()
                || scope.is_directory()
                || scope.is_about_itself()
                || scope.is_of_networks()
                || scope.is_closing_directory()
                || scope.are_references() =>
            {
                scope.mark(section.from..section.to)
            }
            SectionKind::Questions => questions::read(&mut scope),
            SectionKind::Articles => lists::articles(&mut scope),
            SectionKind::Releases => blocks::releases(&mut scope),
            SectionKind::Tasks => blocks::tasks(&mut scope),
            SectionKind::Events => blocks::events(&mut scope),
            SectionKind::News if has_marked_questions(&scope) => questions::read(&mut scope),
            SectionKind::News if reports::has(&scope) && !has_linked_bullets(&scope) => reports::read(&mut scope),
            SectionKind::News => blocks::news(&mut scope),
            SectionKind::Items => by_shape(&mut scope),
            SectionKind::Skip => scope.mark(section.from..section.to),
        }
        if section.head == Head::Heading && (scope.items.is_empty() || lists::is_prose(&scope)) {
            lists::told_in_text(&mut scope);
        } else if section.head == Head::Heading {
            lists::told_behind_list(&mut scope);
        }
        let Scope { items: found, used: marks, .. } = scope;
        items.extend(found);
        used = marks;
    }
    let is_digest = vocabulary::names_digest(title);
    groups::told_below(pieces, &sections, &paths, names, &mut items, &mut used, is_digest);
    items.sort_by_key(|i| i.line);
    each_story_once(pieces, &mut items);
    for item in &mut items {
        item.time = item.time.take().map(|time| shapes::from_first_day(&time));
    }
    let leftovers = leftovers(pieces, &sections, &used);
    TakenApart { items, leftovers }
}

/// What stands in a list below `TL;DR:` is told further down: there it is an item.
fn each_story_once(pieces: &[Piece], items: &mut Vec<Item>) {
    let Some(at) = pieces.iter().position(|p| p.list == 0 && vocabulary::is_summary(&p.text)) else { return };
    let list = pieces[at + 1..].iter().take_while(|p| p.list > 0);
    let Some(last) = list.map(|p| p.end_line).last() else { return };
    let below: HashSet<String> = items.iter().filter(|i| i.line > last).filter_map(|i| i.url.clone()).collect();
    let is_told = |i: &Item| i.url.as_ref().is_some_and(|url| below.contains(url));
    items.retain(|i| i.line < pieces[at].line || i.line > last || !is_told(i));
}

/// `2024-05-17 what came on that day`: what came.
fn without_day(title: &str) -> &str {
    static DAY: Pattern = Pattern::new(
        r"^[\[【(（]?\d{4}[-/.]\d{1,2}[-/.]\d{1,2}(?:\s*(?:[-–—~至到]|to|bis)\s*\d{4}[-/.]\d{1,2}[-/.]\d{1,2})?[\]】)）]?(?:\s*[:：|｜]\s*|\s+)",
    );
    let behind = DAY.find(title).map_or(title, |day| &title[day.end()..]);
    if text::columns(behind) >= 4 { behind } else { title }
}

/// `[Wick #12][] refactors …`, whose definition nobody wrote: the words.
fn without_references(title: &str) -> String {
    static REFERENCE: Pattern = Pattern::new(r"(^|\s)\[([^\[\]]*[\s#][^\[\]]*)\]\[\]");
    REFERENCE.replace_all(title, "$1$2").into_owned()
}

/// Sections whose heading says nothing: each part by its own shape.
fn by_shape(scope: &mut Scope<'_>) {
    // What stands above the first heading introduces the digest.
    let introduces = scope.section.head == Head::Post && scope.section.to < scope.pieces.len();
    let tells = || is_list_of_links(scope) || is_list_of_changes(scope) || blocks::has_event_fields(scope);
    if introduces && !has_questions(scope) && !tells() {
        return;
    }
    if has_questions(scope) {
        questions::read(scope);
        return;
    }
    if scope.is_frame() {
        return;
    }
    if reports::has(scope) {
        reports::read(scope);
        return;
    }
    if blocks::has_event_fields(scope) {
        blocks::events(scope);
        return;
    }
    if blocks::has_release_heads(scope) && !lists::has_stories(scope) {
        blocks::releases(scope);
        return;
    }
    if blocks::group_as_news(scope) {
        return;
    }
    if blocks::bold_heads_as_news(scope) {
        return;
    }
    lists::items(scope);
    let of_progress =
        scope.paths.get(scope.section.from).is_some_and(|p| p.iter().any(|h| vocabulary::is_of_progress(h)));
    if of_progress {
        blocks::steps_as_news(scope);
    }
    blocks::told_sentences(scope);
    let is_digest = vocabulary::names_digest(scope.title);
    if scope.items.is_empty() && is_digest && scope.section.head == Head::Heading && blocks::leads_as_news(scope) {
        return;
    }
    if scope.items.is_empty() && scope.section.head == Head::Post && is_digest {
        blocks::bullets_as_news(scope);
    }
    if scope.items.is_empty() && vocabulary::is_of_changes(&scope.section.heading) && !scope.is_of_release() {
        blocks::sentences_as_news(scope);
    }
}

/// Whether what stands above the first section is a list after all: titled links, line by
/// line, or headings that are links.
fn is_list_of_links(scope: &Scope<'_>) -> bool {
    let titled = |n: &usize| {
        let piece = &scope.pieces[*n];
        let heading = piece.is_heading();
        lists::first_link(piece).is_some_and(|l| {
            let at_start = text::columns(piece.text.split(l.text.as_str()).next().unwrap_or("")) <= 8;
            at_start
                && !shapes::is_empty_title(&l.text)
                && !shapes::is_navigation(&l.text)
                && text::columns(&l.text) >= 12
        }) && (heading || piece.links.len() <= 2 && shapes::label(piece, scope.names).is_none())
            && !piece.quote
            && (heading || shapes::is_link_line(piece))
    };
    // `[oakd](…), our proxy, saw a few fixes` in a list.
    let described = |n: &usize| {
        let piece = &scope.pieces[*n];
        let told = |l: &LinkRef| {
            let is_followed = places::is_chat(&l.url) || places::is_network(&l.url) || places::is_person(l);
            !is_followed && !lists::says_nothing(&l.text) && text::columns(&piece.text) >= text::columns(&l.text) + 24
        };
        piece.list == 1
            && !piece.quote
            && lists::opens_with_link(piece)
            && !shapes::invites(&piece.text)
            && !shapes::tells_how_to_join(&piece.text)
            && told(&piece.links[0])
    };
    // `This issue is brought to you by:`, `It is written by:`
    let names_makers = |n: usize| {
        let text = &scope.pieces[n].text;
        let lower = text.to_lowercase();
        let by = ["written by", "brought to you", "sponsored by", "supported by", "made by"]
            .iter()
            .any(|w| lower.contains(w));
        scope.pieces[n].list == 0 && (by || shapes::is_sponsored(text) || shapes::is_credit(text, false))
    };
    let is_described = || scope.range().filter(described).count() >= 2 && !scope.range().any(names_makers);
    scope.range().filter(titled).count() >= 2 || is_described()
}

/// Or sentences in a list, each with the number of its change: `* we use rings now ([#25](…))`.
fn is_list_of_changes(scope: &Scope<'_>) -> bool {
    let bullets = || scope.range().map(|n| &scope.pieces[n]).filter(|p| p.list == 1 && !p.quote);
    let told = |p: &Piece| {
        lists::first_link(p).is_some_and(|l| l.text.starts_with(['#', '!']) && places::is_change(&l.url))
            && text::columns(&p.text) >= 24
    };
    bullets().count() > 2 && bullets().all(told)
}

/// Whether a section holds questions that are marked as such, and nothing else is told in it.
fn has_marked_questions(scope: &Scope<'_>) -> bool {
    let asks = |n: usize| shapes::question(&scope.pieces[n].text).is_some_and(|q| !q.is_empty());
    let answered = |n: usize| {
        // A question may go over several lines.
        let mut next = (n + 1..scope.section.to).take(8).map(|m| &scope.pieces[m]);
        shapes::answer_within(&scope.pieces[n].text).is_some() || next.any(|p| shapes::answer(&p.text).is_some())
    };
    let marked: Vec<usize> = scope.range().filter(|n| asks(*n) && answered(*n)).collect();
    let Some(first) = marked.first().copied() else { return false };
    // An answer may hold a list of links; one above the first question is of something else.
    let is_linked = |n: usize| {
        let piece = &scope.pieces[n];
        lists::first_link(piece).is_some() && !piece.quote && (piece.list > 0 || shapes::is_link_line(piece))
    };
    let above = (scope.section.from + 1..first).any(is_linked);
    !above && (marked.len() > 1 || !has_linked_bullets(scope))
}

fn has_linked_bullets(scope: &Scope<'_>) -> bool {
    scope.range().any(|n| {
        let piece = &scope.pieces[n];
        piece.list > 0 && !piece.quote && lists::first_link(piece).is_some()
    })
}

fn has_questions(scope: &Scope<'_>) -> bool {
    scope.range().any(|n| {
        let next = scope.at(n + 1);
        let text = &scope.pieces[n].text;
        if shapes::question(text).is_some_and(|q| !q.is_empty())
            && (shapes::answer_within(text).is_some() || next.is_some_and(|p| shapes::answer(&p.text).is_some()))
        {
            return true;
        }
        let quoted = next.is_some_and(|p| p.quote);
        shapes::asker(&scope.pieces[n], quoted)
            .is_some_and(|a| quoted || a.name.is_some() && shapes_answer_follows(scope, n))
    })
}

fn shapes_answer_follows(scope: &Scope<'_>, n: usize) -> bool {
    (n + 1..scope.section.to).take(8).any(|m| scope.pieces[m].quote || shapes::answer(&scope.pieces[m].text).is_some())
}

fn leftovers(pieces: &[Piece], sections: &[Section], used: &[bool]) -> Vec<Leftover> {
    let mut leftovers: Vec<Leftover> = Vec::new();
    let mut last_block = None;
    for section in sections {
        // The introduction belongs to the digest itself.
        if section.head == Head::Post && sections.len() > 1 {
            continue;
        }
        for n in section.from..section.to {
            let piece = &pieces[n];
            let is_heading = n == section.from || matches!(piece.shape, Shape::Heading(_) | Shape::Rule);
            // A picture without words may lead somewhere.
            let leads = || piece.links.iter().find(|l| places::is_page(&l.url)).map(|l| l.url.as_str());
            let shown = Some(piece.text.as_str()).filter(|t| !t.is_empty()).or_else(leads);
            let Some(shown) = shown.filter(|_| !used[n] && !is_heading && last_block != Some(piece.block)) else {
                continue;
            };
            last_block = Some(piece.block);
            leftovers.push(Leftover { line: piece.line, text: text::cut(shown, 60) });
        }
    }
    leftovers
}

#[cfg(test)]
mod tests;
