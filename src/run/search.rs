//! Search: the files of static hosts, and finding entries through the index.

use std::collections::{BTreeMap, HashSet};

use super::build::Plan;
use super::{Opened, RunError};
use crate::entry::Key;
use crate::normalize::terms::Term;
use crate::output::html::Pages;
use crate::output::search::{self, Row};
use crate::store::Store;
use crate::store::search::{Alone, Behind, Index, Light, Wanted, Where};

/// The feed whose shard has the entries of no project.
const REST: &str = "all";

/// Entries that are taken into the index in one transaction.
pub(super) const STEP: usize = 64;

/// The search index, below the state folder.
const FILE: &str = "search.sqlite";

/// Writes the search page and the shards of projects that are due.
pub(super) fn files(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    is_due: &dyn Fn(&str) -> bool,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    if !site.search {
        return Ok(());
    }
    let slugs = std::iter::once(REST).chain(site.projects.iter().map(|p| p.slug.as_str()));
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for slug in slugs {
        let is_there = |n: usize| plan.known.contains_key(&search::shard_path(slug, n));
        let before = (1..).take_while(|n| is_there(*n)).count();
        if !is_due(slug) {
            counts.insert(slug.to_owned(), before);
            continue;
        }
        let briefs = store.briefs(slug, if slug == REST { Alone::Only } else { Alone::Any })?;
        let shards = search::shards(briefs.iter().map(|b| Row {
            title: &b.title,
            link: &b.link,
            kind: b.kind,
            day: site.timezone.to_local(b.published).format("%Y-%m-%d").to_string(),
            projects: &b.projects,
            text: &b.summary,
        }));
        for (n, shard) in shards.iter().enumerate() {
            plan.add(search::shard_path(slug, n + 1), shard.as_bytes())?;
        }
        plan.dropped.extend((shards.len() + 1..=before).map(|n| search::shard_path(slug, n)));
        counts.insert(slug.to_owned(), shards.len());
    }
    plan.add(search::CATALOGUE.to_owned(), search::catalogue(site, &counts).as_bytes())?;
    plan.add("search/search.js".to_owned(), search::SCRIPT.as_bytes())?;
    if site.pages {
        plan.add("search/index.html".to_owned(), search::page(pages, site)?.as_bytes())?;
    }
    Ok(())
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
