//! Entries from what was read: groups of raw entries that are one thing, the id that
//! is theirs for ever, the projects, the feeds.
//!
//! Only what a change touched is derived again. What must not change comes from the
//! ledger, and goes back into it.

mod identity;
mod losses;
mod moves;
mod overrides;

use std::collections::{BTreeMap, HashSet};

use chrono::{DateTime, Utc};

use super::{Moment, Opened, Problem, RunError, Severity, pictures, sources};
use crate::classify::Classifier;
use crate::config::{Override, Site};
use crate::entry::{Entry, EntryId, Key, Kind, RawEntry};
use crate::ledger::Ledger;
use crate::merge;
use crate::names::Names;
use crate::normalize::{self, Memory};
use crate::store::{Changed, Derived, Group, Item, Store, Touched};

pub(super) use identity::{SAME, keys, sort, trace};
pub use moves::{Move, Way};
pub(super) use overrides::Overrides;

/// What has to be derived.
pub(super) enum What {
    /// Everything, these among it.
    All(Touched),
    /// What these keys and entries concern.
    Touched(Touched),
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Derivation {
    /// Entries that were derived.
    pub(super) derived: usize,
    /// Feeds that win, lose or change an entry.
    pub(super) changed: Changed,
    /// Feeds that lost too much to be published, with how many entries they had and have.
    pub(super) shrunk: BTreeMap<String, (usize, usize)>,
    /// What there is to tell.
    pub(super) problems: Vec<Problem>,
    /// In a dry run: what enters and leaves each feed.
    pub(super) moves: Vec<Move>,
    /// Entries that became part of another one.
    joined: HashSet<Key>,
    /// Entries that a person hides.
    hidden: HashSet<Key>,
}

/// What deriving works with.
pub(super) struct Work<'a> {
    pub(super) opened: &'a Opened,
    pub(super) names: &'a Names,
    pub(super) moment: Moment,
    pub(super) store: &'a mut Store,
    pub(super) ledger: &'a mut Ledger,
    /// Posts that could not be read: what they said stays, though the store may not have it.
    pub(super) kept: &'a [String],
    /// That is in another store than the one at hand, which is a rehearsal's.
    pub(super) unread_is_stored: bool,
    /// What posts said that went in this run.
    pub(super) departed: &'a [Departed],
}

/// What a post said that is not there any more: one that came under another name and another
/// title may be it.
#[derive(Debug)]
pub(super) struct Departed {
    key: String,
    published: Option<DateTime<Utc>>,
    text: String,
}

impl Departed {
    /// What is kept of a post.
    pub(super) fn of(whole: RawEntry) -> Self {
        let text = identity::beginning(&whole.text);
        Self { key: whole.keys.into_iter().next().unwrap_or_default(), published: whole.published, text }
    }
}

/// Derives entries. To be called inside a transaction.
///
/// # Errors
/// [`RunError::ManyGone`] when too many posts are gone; what the store says.
pub(super) fn derive(work: &mut Work<'_>, what: What) -> Result<Derivation, RunError> {
    let mut result = Derivation::default();
    let before = losses::Before::of(work.ledger);
    let feeds_before = if work.moment.dry_run { moves::feeds_by_id(work)? } else { BTreeMap::new() };
    let (mut groups, all, touched) = match what {
        What::All(touched) => (work.store.all_groups()?, true, touched),
        What::Touched(touched) => (work.store.groups(&touched)?, false, touched),
    };
    // A page that nothing mentions any more is no entry.
    let pages = work.store.page_items()?;
    groups.groups.retain(|group| !group.items.iter().all(|item| pages.contains(item)));
    work.store.remove_entries(&groups.old_entries, &mut result.changed)?;
    // Old entries that may have lost what they were made of.
    let old: Vec<Key> = if all {
        work.ledger.rows().filter(|r| r.gone.is_none()).map(|r| Key::of(&r.id)).collect()
    } else {
        groups.old_entries.iter().copied().collect()
    };
    if all {
        losses::keep_feed_ids(work, &before);
    }
    let edited = identity::match_edited(work, &groups.groups, &old, &touched.keys)?;
    edited.join(work.store, &mut groups.groups)?;
    let (live, new) = make_entries(work, &groups.groups, &edited, &before, &mut result)?;
    announce(work, new, &mut result)?;
    let kept = |id: &Key| {
        let there = !result.hidden.contains(id) && !result.joined.contains(id);
        there && work.ledger.row(*id).is_some_and(|row| losses::is_in_unread(row, work.kept))
    };
    let read: HashSet<Key> = groups.groups.iter().flat_map(|group| group.keys.iter().copied()).collect();
    let unread = |id: &Key| work.ledger.row(*id).is_some_and(|row| losses::is_unread(row, &read));
    let (kept, gone): (Vec<Key>, Vec<Key>) =
        old.into_iter().filter(|id| !live.contains(id) && !unread(id)).partition(kept);
    let gone = losses::withdraw(work, &gone);
    let not_hidden = gone.iter().filter(|id| !result.hidden.contains(id) && !result.joined.contains(id));
    let lost = if work.unread_is_stored { &[][..] } else { &kept };
    losses::guard_posts(work, &before, not_hidden.chain(lost))?;
    if work.ledger.rules == work.opened.site.fingerprint && !work.moment.accept_removals {
        result.shrunk = before.shrunk(work.ledger, &gone, &result);
    }
    // What was never published is not missing: the rows of a first run are not looked through.
    let published = before.0.emitted > 0;
    if published && !work.moment.dry_run && (all || work.moment.accept_removals) {
        losses::missing(work, &live, &mut result)?;
    }
    if work.moment.dry_run {
        result.moves = moves::moves(work, &feeds_before)?;
    }
    Ok(result)
}

/// Entries that enter a feed for the first time, by feed.
type New = BTreeMap<String, Vec<(DateTime<Utc>, EntryId)>>;

/// Makes the entries of `groups`; comes back with their ids and where they are new.
fn make_entries(
    work: &mut Work<'_>,
    groups: &[Group],
    edited: &identity::Edited,
    before: &losses::Before,
    result: &mut Derivation,
) -> Result<(HashSet<Key>, New), RunError> {
    let site = &work.opened.site;
    let sources = sources::by_project(work.opened, &work.ledger.sources);
    let configured: HashSet<String> = sources.keys().cloned().collect();
    let classifier = Classifier::new(&site.projects, work.names).with_sources(sources);
    let overrides = Overrides::new(work.opened);
    let id_base = work.ledger.id_base.clone();
    let context = normalize::Context {
        id_base: &id_base,
        now: work.moment.now,
        zone: site.timezone,
        language: site.language.as_deref(),
    };
    let mut live: HashSet<Key> = HashSet::new();
    let mut new = New::new();
    for (n, group) in groups.iter().enumerate() {
        if group.items.is_empty() {
            continue;
        }
        let mut all = work.store.items(&group.items)?;
        identity::sort(&mut all);
        let parts = identity::apart(&all);
        for (n_part, items) in parts.iter().enumerate() {
            let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
            let others = parts.iter().enumerate().filter(|(m, _)| *m != n_part).flat_map(|(_, part)| part);
            let others: Vec<&RawEntry> = others.map(|i| &i.raw).filter(|r| identity::is_post(r)).collect();
            let speaking = identity::speaking(work.ledger, &raws, &configured);
            let main = normalize::principal(&speaking);
            let id = identity::identify(work, &speaking, &raws, &others, edited, n, &mut live)?;
            let own = overrides.of_one(Some(&id), &raws, &others);
            let number = Key::of(id.as_str());
            let gone = work.ledger.row(number).map(|row| row.gone);
            let is_hidden = own.iter().any(|o| o.hide);
            let keys = if is_hidden { identity::Keys::Free } else { identity::Keys::OfLive(&live) };
            let memory = identity::remember(work, &id, &speaking, &raws, keys)?;
            if is_hidden {
                // It is known by what it is called now, so that it stays hidden; it does not come back.
                work.ledger.set_gone(number, gone.unwrap_or(Some(work.moment.now)));
                live.remove(&number);
                result.hidden.insert(number);
                continue;
            }
            raws.iter().filter(|r| r.page).for_each(|r| work.ledger.add_alias(&r.keys));
            result.joined.extend(identity::joined(work.ledger, &raws, &id));
            let projects = classifier.classify(&raws, &own, Some(&id));
            let mut entry = normalize::entry(&speaking, id, projects, &own, &memory, context);
            let rich = normalize::richest(&speaking, main);
            let content = items.iter().find(|i| std::ptr::eq(&raw const i.raw, rich)).map_or(items[0].id, |i| i.id);
            let feeds = merge::feeds_of(&entry, site);
            let pictures = pictures::give(work.store, &mut entry, &feeds, site)?;
            for feed in &feeds {
                result.changed.entry(feed.clone()).or_default().insert(entry.published);
            }
            let translations = translations(items, &entry, &feeds, &memory, &own, site, context);
            let everywhere: Vec<String> =
                feeds.iter().chain(translations.iter().flat_map(|t| &t.feeds)).cloned().collect();
            let quiet = enter(work.ledger, &entry, &everywhere, site, before, &mut new);
            for mut translation in translations {
                let Derived { entry, feeds, .. } = &mut translation;
                translation.pictures = pictures::give(work.store, entry, feeds, site)?;
                for feed in &translation.feeds {
                    result.changed.entry(feed.clone()).or_default().insert(translation.entry.published);
                }
                work.store.put_entry(Derived { quiet: quiet.clone(), ..translation })?;
            }
            let items = items.iter().map(|i| i.id).collect();
            work.store.put_entry(Derived { entry, translation: None, content, items, feeds, quiet, pictures })?;
            result.derived += 1;
        }
        work.ledger.close_many();
    }
    Ok((live, new))
}

/// A post in other languages is one entry with several texts: the feeds of a language
/// carry the one in it, under the same id, as do those of projects that have no place for
/// the original, which is in `carried`.
fn translations(
    items: &[&Item],
    original: &Entry,
    carried: &[String],
    memory: &Memory,
    overrides: &[&Override],
    site: &Site,
    context: normalize::Context<'_>,
) -> Vec<Derived> {
    let mut found: Vec<Derived> = Vec::new();
    let others = items.iter().filter(|i| {
        matches!(i.raw.kind, Kind::Post | Kind::Digest)
            && i.raw.language.is_some()
            && i.raw.language != original.language
    });
    for item in others {
        let Some(language) = &item.raw.language else { continue };
        if found.iter().any(|f| f.translation.as_ref() == Some(language)) {
            continue;
        }
        let projects = original.projects.clone();
        let mut entry = normalize::entry(&[&item.raw], original.id.clone(), projects, overrides, memory, context);
        entry.mentions.clone_from(&original.mentions);
        let is_free = |path: &String| !carried.contains(path) && found.iter().all(|f| !f.feeds.contains(path));
        let of_language = |path: &String| merge::Path::of(path).part == Some(language.as_str());
        let feeds: Vec<String> =
            merge::feeds_of(&entry, site).into_iter().filter(|path| of_language(path) || is_free(path)).collect();
        if !feeds.is_empty() {
            let translation = Some(language.clone());
            let (items, quiet, pictures) = Default::default();
            found.push(Derived { entry, translation, content: item.id, items, feeds, quiet, pictures });
        }
    }
    found
}

/// Writes into the ledger which feeds carry an entry; comes back with those where it is
/// in the archives only.
fn enter(
    ledger: &mut Ledger,
    entry: &Entry,
    feeds: &[String],
    site: &Site,
    before: &losses::Before,
    new: &mut New,
) -> Vec<String> {
    let row = ledger.row_mut(&entry.id, entry.first_seen);
    // A feed goes on under a new name: what is in its archives only is there, too.
    let goes_on = |feed: &String| {
        let as_before = |quiet: &String| quiet != feed && merge::current_path(quiet, site) == *feed;
        !row.feeds.contains(feed) && !row.left.contains(feed) && row.quiet.iter().any(as_before)
    };
    let goes_on: Vec<String> = feeds.iter().filter(|feed| goes_on(feed)).cloned().collect();
    row.quiet.extend(goes_on);
    row.quiet.sort_unstable();
    row.quiet.dedup();
    // A feed that was never published announces what it has.
    let known = feeds.iter().filter(|f| before.0.feeds.contains(*f));
    for feed in known.filter(|f| !row.feeds.contains(f) && !row.left.contains(f) && !row.quiet.contains(f)) {
        new.entry(feed.clone()).or_default().push((entry.published, entry.id.clone()));
    }
    let leaves = row.feeds.iter().filter(|f| !feeds.contains(f)).cloned().collect::<Vec<_>>();
    row.left.retain(|f| !feeds.contains(f));
    row.left.extend(leaves);
    row.left.sort_unstable();
    row.feeds = feeds.to_vec();
    row.feeds.sort_unstable();
    row.quiet.iter().filter(|q| feeds.contains(q)).cloned().collect()
}

/// Of many entries that are new in a feed the newest are announced; the others go
/// straight to the archives.
fn announce(work: &mut Work<'_>, new: New, result: &mut Derivation) -> Result<(), RunError> {
    let most = work.opened.site.output.announce;
    for (feed, mut entries) in new {
        if entries.len() <= most {
            continue;
        }
        entries.sort_by(|a, b| b.cmp(a));
        for (_, id) in &entries[most..] {
            work.store.set_quiet(&feed, id)?;
            let row = work.ledger.row_mut(id, work.moment.now);
            row.quiet.push(feed.clone());
            row.quiet.sort_unstable();
            work.ledger.close_many();
        }
        result.problems.push(Problem {
            place: feed,
            line: 0,
            column: 0,
            severity: Severity::Note,
            text: format!(
                "{} entries are new: {most} are announced, the others go straight to the archives (`output.announce`)",
                entries.len()
            ),
        });
    }
    Ok(())
}
