//! What may go: entries whose posts are deleted, and when so many are gone at once that it
//! is no decision but a folder or a store that is missing.
//!
//! An id is never forgotten here: what goes is marked in the ledger.

use std::collections::{BTreeMap, HashSet};

use super::{Derivation, Work};
use crate::entry::{EntryId, Key, Slug};
use crate::files;
use crate::ledger::{Ledger, Row, Summary};
use crate::run::{Problem, RunError};

/// More than one in so many posts gone at once is taken for a missing folder.
const GONE_SHARE: usize = 10;

/// One post is deleted every day; a missing folder takes more with it.
const GONE_ALONE: usize = 1;

/// A feed that loses fewer entries than these loses them by a decision.
const SHRUNK_ALONE: usize = 4;

/// Starts the keys of entries of sources; the source's name and a `|` follow.
pub(super) const UPSTREAM: &str = "upstream:";

/// An entry of a source of which nothing is in the store: the store was lost. What sources
/// said is never withdrawn for that: there is no post that somebody deleted.
pub(super) fn is_unread(row: &Row, read: &HashSet<Key>) -> bool {
    let mut own = row.keys.iter().filter(|k| k.starts_with(UPSTREAM)).peekable();
    !row.is_post() && own.peek().is_some() && !own.any(|k| read.contains(&Key::of(k)))
}

/// An entry of a post that could not be read.
pub(super) fn is_in_unread(row: &Row, unread: &[String]) -> bool {
    row.place.as_ref().is_some_and(|place| files::is_unread(unread, &place.0))
}

/// Tells of published entries of sources that the store does not know, as it may not know
/// those of posts that cannot be read, and has the feeds
/// held back that would lose most of what they have. Who accepts that has them leave their
/// feeds until they are read again.
pub(super) fn missing(work: &mut Work<'_>, live: &HashSet<Key>, result: &mut Derivation) -> Result<(), RunError> {
    let mut of_source: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_feed: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<EntryId> = Vec::new();
    for row in work.ledger.rows().filter(|r| r.gone.is_none() && !r.feeds.is_empty()) {
        let source = row.keys.iter().find_map(|k| k.strip_prefix(UPSTREAM)?.split_once('|'));
        let source = source.filter(|_| !row.is_post());
        let id = EntryId::foreign(row.id.clone());
        if (source.is_some() || is_in_unread(row, work.kept))
            && !live.contains(&Key::of(&row.id))
            && !work.store.has_entry(&id)?
        {
            if let Some((source, _)) = source {
                *of_source.entry(source.to_owned()).or_default() += 1;
            }
            row.feeds.iter().for_each(|feed| *of_feed.entry(feed.clone()).or_default() += 1);
            found.push(id);
        }
    }
    if work.moment.accept_removals {
        for id in found {
            let row = work.ledger.row_mut(&id, work.moment.now);
            row.left.append(&mut row.feeds);
            row.left.sort_unstable();
            row.left.dedup();
            work.ledger.close_many();
        }
        return Ok(());
    }
    if found.is_empty() {
        return Ok(());
    }
    for (source, count) in of_source {
        let text = format!(
            "published entries of it that are not in the store, which was lost or begun anew: {count}; they come up again when they are read again, and `--accept-removals` publishes feeds without them"
        );
        result.problems.push(Problem::warning(source, 0, text));
    }
    let sizes = work.store.feed_sizes()?;
    for (feed, count) in of_feed {
        let left = sizes.get(&feed).map_or(0, |(size, _)| *size);
        // Where nothing was published there is nothing to be kept.
        if left < count && work.opened.output().join(&feed).is_dir() {
            result.shrunk.insert(feed, (left + count, left));
        }
    }
    Ok(())
}

/// What the ledger said before this run.
pub(super) struct Before(pub(super) Summary);

impl Before {
    pub(super) fn of(ledger: &Ledger) -> Self {
        Self(ledger.summary())
    }

    /// Feeds that lost more than half of their entries, for no reason that anyone gave:
    /// whose post is gone is gone for a reason, what became one with another is still there,
    /// what a person hides is hidden.
    pub(super) fn shrunk(&self, ledger: &Ledger, gone: &[Key], done: &Derivation) -> BTreeMap<String, (usize, usize)> {
        let rows = || gone.iter().filter_map(|id| ledger.row(*id));
        let posts: HashSet<&str> =
            rows().filter(|r| r.is_post()).filter_map(|r| r.place.as_ref()).map(|p| p.0.as_str()).collect();
        let explained = |row: &Row| {
            row.is_post()
                || done.joined.contains(&Key::of(&row.id))
                || done.hidden.contains(&Key::of(&row.id))
                || row.place.as_ref().is_some_and(|place| posts.contains(place.0.as_str()))
        };
        let mut after = ledger.summary().sizes;
        for row in rows().filter(|r| r.gone.is_some() && explained(r)) {
            for feed in &row.feeds {
                *after.entry(feed.clone()).or_default() += 1;
            }
        }
        let mut shrunk = BTreeMap::new();
        for (feed, before) in &self.0.sizes {
            let after = after.get(feed).copied().unwrap_or(0);
            if after * 2 < *before && before - after > SHRUNK_ALONE {
                shrunk.insert(feed.clone(), (*before, after));
            }
        }
        shrunk
    }
}

/// Where projects became one, in contrast to one that was renamed, each of their feeds stays the
/// one it was: an entry that was in one and not in the other tells.
pub(super) fn keep_feed_ids(work: &mut Work<'_>, before: &Before) {
    let was_there = |slug: &Slug| before.0.feeds.contains(slug.as_str());
    let projects = work.opened.site.projects.iter().filter(|p| was_there(&p.slug));
    let pairs: Vec<(&Slug, &Slug)> =
        projects.flat_map(|p| p.formerly.iter().filter(|old| was_there(old)).map(|old| (&p.slug, old))).collect();
    if pairs.iter().all(|(_, old)| work.ledger.feed_ids.contains_key(old.as_str())) {
        return;
    }
    let mut apart: HashSet<(&Slug, &Slug)> = HashSet::new();
    for row in work.ledger.rows().filter(|row| row.gone.is_none()) {
        let has = |slug: &Slug| row.feeds.iter().chain(&row.left).any(|feed| feed == slug.as_str());
        apart.extend(pairs.iter().filter(|(slug, old)| has(slug) && !has(old)));
    }
    for project in &work.opened.site.projects {
        let joined: Vec<&Slug> = project.formerly.iter().filter(|old| apart.contains(&(&project.slug, *old))).collect();
        if joined.is_empty() {
            continue;
        }
        let ids = &mut work.ledger.feed_ids;
        let renamed = project.formerly.iter().find(|old| was_there(old) && !joined.contains(old));
        let own = renamed.unwrap_or(&project.slug).to_string();
        let own = ids.entry(project.slug.to_string()).or_insert(own).clone();
        for old in &project.formerly {
            let id = if joined.contains(&old) { old.to_string() } else { own.clone() };
            ids.entry(old.to_string()).or_insert(id);
        }
    }
}

/// Marks what is not there any more; comes back with what went in this run.
pub(super) fn withdraw(work: &mut Work<'_>, gone: &[Key]) -> Vec<Key> {
    let now = work.moment.now;
    let was_there = |id: &&Key| work.ledger.row(**id).is_some_and(|r| r.gone.is_none());
    let gone: Vec<Key> = gone.iter().filter(was_there).copied().collect();
    for id in &gone {
        work.ledger.set_gone(*id, Some(now));
    }
    gone
}

/// Very many posts gone at once are a folder that is missing, and no decision; `gone` are
/// those that nobody hid, with those that cannot be read and that the store does not have.
pub(super) fn guard_posts<'k>(
    work: &Work<'_>,
    before: &Before,
    gone: impl Iterator<Item = &'k Key>,
) -> Result<(), RunError> {
    let gone = gone.filter_map(|id| work.ledger.row(*id)).filter(|r| r.is_post());
    let gone = gone.filter(|r| r.gone.is_some() || !r.feeds.is_empty()).count();
    if gone > GONE_ALONE && gone * GONE_SHARE > before.0.posts && !work.moment.accept_removals {
        let folders = &work.opened.site.posts;
        let folder = match &folders[..] {
            [one] => work.opened.folder.join(&one.path),
            _ => work.opened.folder.clone(),
        };
        return Err(RunError::ManyGone { folder, gone, known: before.0.posts });
    }
    Ok(())
}
