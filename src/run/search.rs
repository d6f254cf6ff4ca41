//! Search: the files of static hosts, and finding entries through the index.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use chrono::{DateTime, Utc};

use super::archives::EVERY_DAY;
use super::build::{self, Lists, Plan};
use super::{Opened, RunError};
use crate::config::Site;
use crate::entry::Key;
use crate::merge;
use crate::normalize::terms::Term;
use crate::output::html::Pages;
use crate::output::search::{self, Filler, Row};
use crate::store::Store;
use crate::store::search::{Behind, Index, Light, Wanted, Where};

/// The feed whose shard has the entries of no project.
const REST: &str = "all";

/// Entries that are taken into the index in one transaction.
pub(super) const STEP: usize = 64;

/// The search index, below the state folder.
const FILE: &str = "search.sqlite";

/// Writes the search page and the shards of projects that are due: of those in `days` what
/// their days are in, and what that moved; of every project all where there are none.
pub(super) fn files(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    lists: &mut Lists,
    days: Option<&BTreeMap<String, BTreeSet<String>>>,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    if !site.search {
        return Ok(());
    }
    let slugs = std::iter::once(REST).chain(site.projects.iter().map(|p| p.slug.as_str()));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for slug in slugs {
        let touched = match days {
            Some(days) => days.get(slug).map(Some),
            None => Some(None),
        };
        let is_there = |n: usize| plan.known.contains_key(&search::shard_path(slug, n));
        let before = (1..).take_while(|n| is_there(*n)).count();
        let Some(touched) = touched else {
            counts.insert(slug.to_owned(), before);
            continue;
        };
        let starts: Vec<Start> = build::remembered(store, &starts_of(slug))?.unwrap_or_default();
        let starts = if starts.len() == before { starts } else { Vec::new() };
        let stay = staying(&starts, touched, site);
        let mut rows: Vec<(DateTime<Utc>, Key)> = lists.of(store, slug)?.iter().map(|e| (e.published, e.id)).collect();
        rows.sort_unstable();
        let days = touched.filter(|days| !days.contains(EVERY_DAY));
        if let Some(start) = starts.get(stay).filter(|_| stay > 0) {
            rows.drain(..rows.partition_point(|row| *row < (start.published, start.id)));
        } else if let Some(first) = days.and_then(BTreeSet::first).filter(|_| before == 0) {
            // Where there was nothing there is at most what came.
            rows.drain(..rows.partition_point(|(published, _)| merge::day(*published, site) < *first));
        }
        // Behind it nothing changed.
        let last = days.and_then(BTreeSet::last);
        let mut now = starts[..stay].to_vec();
        let mut filler = Filler::default();
        let mut is_first = true;
        for (published, id) in rows {
            let Some(brief) = store.brief(id, (slug == REST).then_some(REST))? else { continue };
            let day = merge::day(published, site);
            let is_behind = last.is_some_and(|last| day > *last);
            let full = filler.push(&Row {
                title: &brief.title,
                link: &brief.link,
                kind: brief.kind,
                day,
                projects: &brief.projects,
                text: &brief.summary,
            });
            let start = Start { published, id };
            if let Some(text) = full {
                plan.add(search::shard_path(slug, now.len()), text.as_bytes())?;
                if is_behind && starts.get(now.len()) == Some(&start) {
                    // From here on shards are what they were.
                    now.extend_from_slice(&starts[now.len()..]);
                    filler = Filler::default();
                    break;
                }
                now.push(start);
            } else if is_first {
                now.push(start);
            }
            is_first = false;
        }
        if let Some(text) = filler.finish() {
            plan.add(search::shard_path(slug, now.len()), text.as_bytes())?;
        }
        plan.dropped.extend((now.len() + 1..=before).map(|n| search::shard_path(slug, n)));
        counts.insert(slug.to_owned(), now.len());
        if now != starts {
            build::remember(store, &starts_of(slug), &now)?;
        }
    }
    plan.add(search::CATALOGUE.to_owned(), search::catalogue(site, &counts).as_bytes())?;
    plan.add("search/search.js".to_owned(), search::SCRIPT.as_bytes())?;
    if site.pages {
        plan.add("search/index.html".to_owned(), search::page(pages, site)?.as_bytes())?;
    }
    Ok(())
}

/// The first entry of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Start {
    published: DateTime<Utc>,
    id: Key,
}

/// Under which name the store remembers where the shards of a project start.
fn starts_of(slug: &str) -> String {
    format!("shards:{slug}")
}

/// How many shards, from the oldest on, hold nothing of the days that were `touched`.
fn staying(starts: &[Start], touched: Option<&BTreeSet<String>>, site: &Site) -> usize {
    let first = touched.and_then(|days| days.first());
    // A mark for every day is no day: it comes before all of them.
    let is_before = |start: &&Start| first.is_some_and(|day| merge::day(start.published, site) < *day);
    // The last that starts before has entries of that day, or is where they belong.
    starts.iter().filter(is_before).count().saturating_sub(1)
}

/// The index of a site. Where it cannot be written, one that goes away with the program.
pub fn index(opened: &Opened) -> Result<Index, RunError> {
    Ok(Index::open(&opened.state().join(FILE)).or_else(|_| Index::in_memory())?)
}

/// The index of a site, emptied: it was found damaged.
pub(super) fn index_anew(opened: &Opened) -> Result<Index, RunError> {
    Ok(Index::begin_anew(&opened.state().join(FILE)).or_else(|_| Index::in_memory())?)
}

/// Takes everything that is missing into the index. `progress` is told how far it is.
///
/// # Errors
/// What the store says.
pub fn complete(
    index: &mut Index,
    store: &Store,
    light: &[Light],
    progress: &mut super::refresh::Progress<'_>,
) -> Result<(), RunError> {
    let mut behind: Behind = index.behind(light)?;
    let count = behind.missing.len();
    while !behind.is_empty() {
        index.catch_up(store, &mut behind, STEP * 8)?;
        progress("indexing", count - behind.missing.len(), count);
    }
    Ok(())
}

/// At most `most` of the entries that `wanted` lets through and that have all the terms:
/// those that have them in the title first, the newest first. Translations of an entry
/// that was found are left out.
///
/// # Errors
/// What the store says.
pub fn find<'l>(
    index: &Index,
    light: &dyn Fn(Key) -> Option<&'l Light>,
    terms: &[Term],
    most: usize,
    wanted: &dyn Fn(&Light) -> bool,
) -> Result<Vec<Key>, RunError> {
    let mut found = Vec::new();
    let mut seen: HashSet<Key> = HashSet::new();
    for place in [Where::Title, Where::Anywhere] {
        index.find(terms, place, |key| {
            if found.len() == most {
                return Wanted::Enough;
            }
            if let Some(entry) = light(key).filter(|l| wanted(l))
                && seen.insert(entry.original)
            {
                found.push(key);
            }
            Wanted::More
        })?;
    }
    Ok(found)
}
