//! Entries from what was read: groups of raw entries that are one thing, the id that
//! is theirs for ever, the projects, the feeds.
//!
//! Only what a change touched is derived again. What must not change comes from the
//! ledger, and goes back into it.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Moment, Opened, Problem, RunError, Severity, pictures, sources};
use crate::classify::Classifier;
use crate::config::{Override, Site};
use crate::entry::{Entry, EntryId, Key, Kind, RawEntry};
use crate::files;
use crate::ledger::matching::{self, Trace};
use crate::ledger::{Ledger, Place, Row, Summary};
use crate::merge;
use crate::names::Names;
use crate::normalize::{self, Memory, address, text};
use crate::store::{Changed, Derived, Group, Item, Store, Touched};

/// More than one in so many posts gone at once is taken for a missing folder.
const GONE_SHARE: usize = 10;

/// One post is deleted every day; a missing folder takes more with it.
const GONE_ALONE: usize = 1;

/// A feed that loses fewer entries than these loses them by a decision.
const SHRUNK_ALONE: usize = 4;

/// What has to be derived.
pub(super) enum What {
    /// Everything.
    All,
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

/// An entry that enters or leaves a feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// The feed.
    pub feed: String,
    /// It enters, or it leaves.
    pub way: Way,
    /// The entry's title.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Why.
    pub why: String,
    /// It leaves every feed.
    pub gone: bool,
}

/// Which way an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Into the feed.
    In,
    /// Out of it.
    Out,
}

/// What deriving works with.
pub(super) struct Work<'a> {
    pub(super) opened: &'a Opened,
    pub(super) names: &'a Names,
    pub(super) moment: Moment,
    pub(super) store: &'a mut Store,
    pub(super) ledger: &'a mut Ledger,
    /// Posts that could not be read, and are not in this store: what they said stays.
    pub(super) kept: &'a [String],
}

/// Derives entries. To be called inside a transaction.
///
/// # Errors
/// [`RunError::ManyGone`] when too many posts are gone; what the store says.
pub(super) fn derive(work: &mut Work<'_>, what: What) -> Result<Derivation, RunError> {
    let mut result = Derivation::default();
    let before = Before::of(work.ledger);
    let feeds_before = if work.moment.dry_run { feeds_by_id(work)? } else { BTreeMap::new() };
    let (mut groups, all) = match what {
        What::All => (work.store.all_groups()?, true),
        What::Touched(touched) => (work.store.groups(&touched)?, false),
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
    let edited = match_edited(work, &groups.groups, &old)?;
    let (live, new) = make_entries(work, &groups.groups, &edited, &before, &mut result)?;
    announce(work, new, &mut result)?;
    let kept = |id: &Key| {
        let place = work.ledger.row(*id).and_then(|r| r.place.as_ref());
        place.is_some_and(|p| files::is_unread(work.kept, &p.0))
    };
    let read: HashSet<Key> = groups.groups.iter().flat_map(|group| group.keys.iter().copied()).collect();
    let unread = |id: &Key| work.ledger.row(*id).is_some_and(|row| is_unread(row, &read));
    let gone: Vec<Key> = old.into_iter().filter(|id| !live.contains(id) && !kept(id) && !unread(id)).collect();
    let gone = withdraw(work, &gone)?;
    guard_posts(work, &before, gone.iter().filter(|id| !result.hidden.contains(id)))?;
    if work.ledger.rules == work.opened.site.fingerprint && !work.moment.accept_removals {
        result.shrunk = before.shrunk(work.ledger, &gone, &result);
    }
    // What was never published is not missing: the rows of a first run are not looked through.
    let published = before.0.emitted > 0;
    if published && !work.moment.dry_run && (all || work.moment.accept_removals) {
        missing(work, &live, &mut result)?;
    }
    if work.moment.dry_run {
        result.moves = moves(work, &feeds_before)?;
    }
    Ok(result)
}

/// Starts the keys of entries of sources; the source's name and a `|` follow.
const UPSTREAM: &str = "upstream:";

/// An entry of a source of which nothing is in the store: the store was lost. What sources
/// said is never withdrawn for that: there is no post that somebody deleted.
fn is_unread(row: &Row, read: &HashSet<Key>) -> bool {
    let mut own = row.keys.iter().filter(|k| k.starts_with(UPSTREAM)).peekable();
    !row.is_post() && own.peek().is_some() && !own.any(|k| read.contains(&Key::of(k)))
}

/// Tells of published entries of sources that the store does not know, and has the feeds
/// held back that would lose most of what they have. Who accepts that has them leave their
/// feeds until they are read again.
fn missing(work: &mut Work<'_>, live: &HashSet<Key>, result: &mut Derivation) -> Result<(), RunError> {
    let mut of_source: BTreeMap<String, usize> = BTreeMap::new();
    let mut of_feed: BTreeMap<String, usize> = BTreeMap::new();
    let mut found: Vec<EntryId> = Vec::new();
    for row in work.ledger.rows().filter(|r| r.gone.is_none() && !r.is_post() && !r.feeds.is_empty()) {
        let source = row.keys.iter().find_map(|k| k.strip_prefix(UPSTREAM)?.split_once('|'));
        let id = EntryId::foreign(row.id.clone());
        if let Some((source, _)) = source
            && !live.contains(&Key::of(&row.id))
            && !work.store.has_entry(&id)?
        {
            *of_source.entry(source.to_owned()).or_default() += 1;
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

/// What speaks for a thing: all that was said, without sources that say what another one
/// said first. Which one that was is known by the entry that has the address.
fn speaking<'r>(ledger: &Ledger, raws: &[&'r RawEntry]) -> Vec<&'r RawEntry> {
    let sources: HashSet<&str> = raws.iter().filter_map(|r| normalize::source_of(r)).collect();
    if sources.len() < 2 {
        return raws.to_vec();
    }
    let row = |of_source: bool| {
        let keys = raws.iter().flat_map(|r| &r.keys).filter(|k| !k.starts_with("title:"));
        let keys = keys.filter(|k| k.starts_with(UPSTREAM) == of_source);
        keys.filter_map(|k| ledger.with_key(Key::of(k))).map(|n| ledger.row_at(n)).min_by_key(|r| (r.seen, &r.id))
    };
    let known = row(false).or_else(|| row(true)).map_or(&[][..], |r| &r.keys);
    normalize::speaking(raws, known)
}

/// Titles and feeds of the entries there are, by id.
type FeedsById = BTreeMap<String, (String, Vec<String>)>;

fn feeds_by_id(work: &Work<'_>) -> Result<FeedsById, RunError> {
    let mut found = FeedsById::new();
    for row in work.ledger.rows().filter(|r| r.gone.is_none()) {
        let title = work.store.entry(&row.id)?.map_or_else(|| row.says.clone(), |e| e.title);
        found.insert(row.id.clone(), (title, row.feeds.clone()));
    }
    Ok(found)
}

fn moves(work: &Work<'_>, before: &FeedsById) -> Result<Vec<Move>, RunError> {
    let mut moves = Vec::new();
    for row in work.ledger.rows() {
        let none = (row.says.clone(), Vec::new());
        let (title, then) = before.get(&row.id).unwrap_or(&none);
        let now: &[String] = if row.gone.is_none() { &row.feeds } else { &[] };
        if then == now {
            continue;
        }
        let entry = work.store.entry(&row.id)?;
        let title = entry.as_ref().map_or_else(|| title.clone(), |e| e.title.clone());
        let mut tell = |feed: &String, way: Way| {
            let home = merge::Path::of(feed).home;
            let because = entry.as_ref().and_then(|e| e.projects.iter().find(|m| m.slug.as_str() == home));
            let quiet = row.quiet.contains(feed);
            let why = match (way, because) {
                (Way::Out, _) if row.gone.is_some() => "it is not there any more, or hidden".to_owned(),
                (Way::Out, _) => "no rule puts it there any more".to_owned(),
                (Way::In, _) if quiet => "straight to the archives: many entries are new".to_owned(),
                (Way::In, Some(m)) => {
                    format!("by {}: \"{}\" ({})", m.because.rule.name(), m.because.text, m.because.place)
                }
                (Way::In, None) => "every entry is in it".to_owned(),
            };
            moves.push(Move {
                feed: feed.clone(),
                way,
                title: title.clone(),
                id: row.id.clone(),
                why,
                gone: row.gone.is_some(),
            });
        };
        now.iter().filter(|f| !then.contains(f)).for_each(|f| tell(f, Way::In));
        then.iter().filter(|f| !now.contains(f)).for_each(|f| tell(f, Way::Out));
    }
    moves.sort();
    Ok(moves)
}

/// What the ledger said before this run.
struct Before(Summary);

impl Before {
    fn of(ledger: &Ledger) -> Self {
        Self(ledger.summary())
    }

    /// Feeds that lost more than half of their entries, for no reason that anyone gave:
    /// whose post is gone is gone for a reason, what became one with another is still there,
    /// what a person hides is hidden.
    fn shrunk(&self, ledger: &Ledger, gone: &[Key], done: &Derivation) -> BTreeMap<String, (usize, usize)> {
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

/// Old entries behind items that were edited, by group.
fn match_edited(work: &Work<'_>, groups: &[Group], old: &[Key]) -> Result<HashMap<usize, EntryId>, RunError> {
    let mut claimed: HashSet<usize> = HashSet::new();
    let mut fresh: Vec<usize> = Vec::new();
    for (n, group) in groups.iter().enumerate() {
        let mut rows = group.keys.iter().filter_map(|k| work.ledger.with_key(*k)).peekable();
        if rows.peek().is_none() {
            fresh.push(n);
        }
        claimed.extend(rows);
    }
    let swapped = match_swapped(work, groups, old, &mut claimed)?;
    let orphans: Vec<&Row> = old
        .iter()
        .filter_map(|id| work.ledger.index(*id))
        .filter(|n| !claimed.contains(n))
        .map(|n| work.ledger.row_at(n))
        .filter(|r| r.gone.is_none() && r.place.is_some() && !r.keys.is_empty())
        .collect();
    if orphans.is_empty() || fresh.is_empty() {
        return Ok(swapped);
    }
    struct Seen {
        key: String,
        hash: String,
        says: String,
        place: Place,
    }
    let mut seen: Vec<(usize, Seen)> = Vec::new();
    for n in fresh {
        let items = work.store.items(&groups[n].items)?;
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if let (Some(place), says) = trace(&raws) {
            let key = normalize::principal(&raws).keys[0].clone();
            seen.push((n, Seen { key, hash: normalize::text_hash(&raws), says, place }));
        }
    }
    let of_row = |r: &'_ Row| -> Option<(String, usize)> { r.place.clone().map(|Place(post, line)| (post, line)) };
    let places: Vec<(String, usize)> = orphans.iter().filter_map(|r| of_row(r)).collect();
    let old: Vec<Trace<'_>> = orphans
        .iter()
        .zip(&places)
        .map(|(r, (post, line))| Trace { key: &r.keys[0], hash: &r.hash, says: &r.says, post, line: *line })
        .collect();
    let new: Vec<Trace<'_>> = seen
        .iter()
        .map(|(_, s)| Trace { key: &s.key, hash: &s.hash, says: &s.says, post: &s.place.0, line: s.place.1 })
        .collect();
    let pairs = matching::pairs(&old, &new);
    let found = pairs.into_iter().map(|(n, o)| (seen[n].0, EntryId::foreign(orphans[o].id.clone())));
    Ok(found.chain(swapped).collect())
}

/// Items that were told apart from another one of their post by a longer key, and have the
/// short one now, because the other one went or stands behind them: their text tells.
fn match_swapped(
    work: &Work<'_>,
    groups: &[Group],
    old: &[Key],
    claimed: &mut HashSet<usize>,
) -> Result<HashMap<usize, EntryId>, RunError> {
    let mut found = HashMap::new();
    let rows = old.iter().filter_map(|id| work.ledger.index(*id));
    let unclaimed: Vec<usize> = rows.filter(|n| !claimed.contains(n)).collect();
    if unclaimed.is_empty() {
        return Ok(found);
    }
    let of_group = |(at, group): (usize, &Group)| group.keys.iter().map(|k| (*k, at)).collect::<Vec<_>>();
    let of_key: HashMap<Key, usize> = groups.iter().enumerate().flat_map(of_group).collect();
    for n in unclaimed {
        let row = work.ledger.row_at(n);
        let short = row.keys.first().and_then(|k| k.rsplit_once('|')).map(|(short, _)| Key::of(short));
        let Some((short, other)) = short.and_then(|k| Some((k, work.ledger.with_key(k)?))) else {
            continue;
        };
        if row.gone.is_some() || other == n {
            continue;
        }
        let Some(at) = of_key.get(&short).copied() else { continue };
        let items = work.store.items(&groups[at].items)?;
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if normalize::text_hash(&raws) == row.hash {
            found.insert(at, EntryId::foreign(row.id.clone()));
            claimed.remove(&other);
            claimed.insert(n);
        }
    }
    Ok(found)
}

/// Where `raws` came up first and the beginning of what they say, folded.
pub(super) fn trace(raws: &[&RawEntry]) -> (Option<Place>, String) {
    let main = normalize::principal(raws);
    let place = main.mention.as_ref().map(|m| Place(m.post.clone(), m.line));
    (place, text::fold_prefix(&main.title, 60))
}

/// The keys that stand for `raws`: the principal's first, then those of others that speak
/// for it. One title on two pages says that they are one now, not for ever.
pub(super) fn keys(speaking: &[&RawEntry], raws: &[&RawEntry]) -> Vec<String> {
    let main = normalize::principal(speaking);
    let others = speaking.iter().chain(raws).filter(|r| !std::ptr::eq(**r, main)).flat_map(|r| &r.keys);
    let mut keys: Vec<String> = Vec::new();
    for key in main.keys.iter().chain(others) {
        if !key.starts_with("title:") && !key.starts_with(SAME) && !keys.contains(key) {
            keys.push(key.clone());
        }
    }
    keys
}

/// Starts the key of what a person said to be one thing; the id follows.
pub(super) const SAME: &str = "same:";

/// Entries that enter a feed for the first time, by feed.
type New = BTreeMap<String, Vec<(chrono::DateTime<chrono::Utc>, EntryId)>>;

/// Makes the entries of `groups`; comes back with their ids and where they are new.
fn make_entries(
    work: &mut Work<'_>,
    groups: &[Group],
    edited: &HashMap<usize, EntryId>,
    before: &Before,
    result: &mut Derivation,
) -> Result<(HashSet<Key>, New), RunError> {
    let site = &work.opened.site;
    let sources = sources::by_project(work.opened, &work.ledger.sources);
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
        let all = work.store.items(&group.items)?;
        let parts = apart(&all);
        for (n_part, items) in parts.iter().enumerate() {
            let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
            let others = parts.iter().enumerate().filter(|(m, _)| *m != n_part).flat_map(|(_, part)| part);
            let others: Vec<&RawEntry> = others.map(|i| &i.raw).filter(|r| is_post(r)).collect();
            let speaking = speaking(work.ledger, &raws);
            let main = normalize::principal(&speaking);
            let id = identify(work, &speaking, &raws, &others, edited.get(&n), &mut live)?;
            let own = overrides.of_one(Some(&id), &raws, &others);
            if own.iter().any(|o| o.hide) {
                live.remove(&Key::of(id.as_str()));
                result.hidden.insert(Key::of(id.as_str()));
                continue;
            }
            let memory = remember(work, &id, &speaking, &raws, &live)?;
            raws.iter().filter(|r| r.page).for_each(|r| work.ledger.add_alias(&r.keys));
            result.joined.extend(joined(work.ledger, &raws, &id));
            let projects = classifier.classify(&raws, &own, Some(&id));
            let mut entry = normalize::entry(&speaking, id, projects, &own, &memory, context);
            let rich = normalize::richest(&speaking, main);
            let content = items.iter().find(|i| std::ptr::eq(&raw const i.raw, rich)).map_or(items[0].id, |i| i.id);
            let feeds = merge::feeds_of(&entry, site);
            let pictures = pictures::give(work.store, &mut entry, &feeds, site)?;
            for feed in &feeds {
                result.changed.entry(feed.clone()).or_default().insert(entry.published);
            }
            let translations = translations(items, &entry, &memory, &own, site, context);
            let everywhere: Vec<String> =
                feeds.iter().chain(translations.iter().flat_map(|t| &t.feeds)).cloned().collect();
            let quiet = enter(work.ledger, &entry, &everywhere, before, &mut new);
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

/// Entries that became part of the one with this id: what was known under its keys.
fn joined(ledger: &Ledger, raws: &[&RawEntry], id: &EntryId) -> Vec<Key> {
    let keys = raws.iter().flat_map(|r| &r.keys).filter(|k| !k.starts_with("title:"));
    let rows = keys.filter_map(|k| ledger.with_key(Key::of(k))).map(|n| ledger.row_at(n));
    rows.filter(|r| r.id != id.as_str() && r.gone.is_none()).map(|r| Key::of(&r.id)).collect()
}

/// A post in other languages is one entry with several texts: the feeds of a language
/// carry the one in it, under the same id.
fn translations(
    items: &[&Item],
    original: &Entry,
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
        let of_language = |path: &String| merge::Path::of(path).part == Some(language.as_str());
        let feeds: Vec<String> = merge::feeds_of(&entry, site).into_iter().filter(of_language).collect();
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
fn enter(ledger: &mut Ledger, entry: &Entry, feeds: &[String], before: &Before, new: &mut New) -> Vec<String> {
    let row = ledger.row_mut(&entry.id, entry.first_seen);
    // A feed that was never published announces what it has.
    let known = feeds.iter().filter(|f| before.0.feeds.contains(*f));
    for feed in known.filter(|f| !row.feeds.contains(f) && !row.left.contains(f)) {
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

fn is_post(raw: &RawEntry) -> bool {
    matches!(raw.kind, Kind::Post | Kind::Digest)
}

/// The path of what `raw` links to, as it is written.
fn page(raw: &RawEntry) -> Option<String> {
    address::exact_path(raw.link.as_deref()?)
}

/// Two posts stay two entries, though they have one address or mention one article:
/// each is a group of its own, and what only mentions goes with the first.
fn apart(items: &[Item]) -> Vec<Vec<&Item>> {
    let place = |i: &Item| i.raw.mention.as_ref().map(|m| (m.folder.clone(), m.post.clone()));
    let mut posts: Vec<&Item> = items.iter().filter(|i| is_post(&i.raw)).collect();
    posts.sort_by_key(|i| place(i));
    // One name in two languages is one post, translated; else it is two posts.
    posts.dedup_by(|b, a| a.raw.keys[0] == b.raw.keys[0] && a.raw.language != b.raw.language);
    if posts.len() < 2 {
        return vec![items.iter().collect()];
    }
    let home = |item: &Item| {
        // Posts of one name in two folders have one key: each is at home with itself.
        let itself = posts.iter().position(|p| std::ptr::eq(*p, item));
        let own = itself.or_else(|| posts.iter().position(|p| p.raw.keys[0] == item.raw.keys[0]));
        // Keys fold addresses: where two posts meet in one, the exact address tells which is meant.
        let shares = |p: &Item| p.raw.keys.iter().any(|k| item.raw.keys.contains(k));
        let page = page(&item.raw);
        let exact = || posts.iter().position(|p| page.is_some() && page == self::page(&p.raw) && shares(p));
        own.or_else(exact).or_else(|| posts.iter().position(|p| shares(p))).unwrap_or(0)
    };
    let mut groups: Vec<Vec<&Item>> = vec![Vec::new(); posts.len()];
    for item in items {
        groups[home(item)].push(item);
    }
    groups
}

/// The id of a group: the one a person named, the one it had before it was edited, the
/// one a key of it has, else the one it mints. No two groups have one id, and none takes that of
/// `posts`, the others that share a key with it.
fn identify(
    work: &Work<'_>,
    speaking: &[&RawEntry],
    raws: &[&RawEntry],
    posts: &[&RawEntry],
    edited: Option<&EntryId>,
    live: &mut HashSet<Key>,
) -> Result<EntryId, RunError> {
    let main = normalize::principal(speaking);
    let others = speaking.iter().chain(raws).filter(|r| !std::ptr::eq(**r, main)).flat_map(|r| &r.keys);
    let mut candidates: Vec<EntryId> = Vec::new();
    let named = raws.iter().flat_map(|r| &r.keys).find_map(|k| k.strip_prefix(SAME));
    candidates.extend(named.map(EntryId::foreign));
    candidates.extend(edited.cloned());
    if !work.ledger.is_empty() {
        let keys = main.keys.iter().chain(others).filter(|k| !k.starts_with("title:"));
        let rows = keys.filter_map(|k| work.ledger.with_key(Key::of(k))).map(|n| work.ledger.row_at(n));
        let has = |row: &Row, raw: &RawEntry| row.keys.contains(&raw.keys[0]);
        let rows = rows.filter(|row| has(row, main) || !posts.iter().any(|other| has(row, other)));
        // Of two articles that became one the id stays that readers have.
        let (there, gone): (Vec<&Row>, Vec<&Row>) = rows.partition(|r| r.gone.is_none() || main.kind != Kind::Article);
        candidates.extend(there.into_iter().chain(gone).map(|r| EntryId::foreign(r.id.clone())));
    }
    candidates.push(normalize::mint(speaking, &work.ledger.id_base));
    let second = std::iter::once_with(|| normalize::mint_second(speaking, &work.ledger.id_base));
    for id in candidates.into_iter().chain(second) {
        let number = Key::of(id.as_str());
        if !live.contains(&number) && !work.store.has_entry(&id)? {
            live.insert(number);
            return Ok(id);
        }
    }
    // A third post of one name and folder cannot be; its link tells it apart all the same.
    let link = main.link.as_deref().unwrap_or("");
    let id = EntryId::mint(&work.ledger.id_base, main.kind, &format!("{}|{link}", main.keys[0]));
    live.insert(Key::of(id.as_str()));
    Ok(id)
}

/// Takes an entry into the ledger; comes back with what was known of it.
fn remember(
    work: &mut Work<'_>,
    id: &EntryId,
    speaking: &[&RawEntry],
    raws: &[&RawEntry],
    live: &HashSet<Key>,
) -> Result<Memory, RunError> {
    let now = work.moment.now;
    let hash = normalize::text_hash(speaking);
    let row = work.ledger.row_mut(id, now);
    if row.hash.is_empty() {
        row.hash = hash;
    } else if row.hash != hash {
        row.hash = hash;
        row.changed = Some(now);
    }
    row.gone = None;
    let fresh = row.place.is_none() || !row.keys.iter().any(|k| *k == normalize::principal(speaking).keys[0]);
    if fresh {
        // What it says is kept as it was when it got its key: edits are told by it.
        (row.place, row.says) = trace(speaking);
    }
    let memory = Memory { first_seen: row.seen, text_hash: row.hash.clone(), changed: row.changed };
    let keys = keys(speaking, raws);
    let store = &work.store;
    let taken = |other: &EntryId| live.contains(&Key::of(other.as_str())) || store.has_entry(other).unwrap_or(false);
    work.ledger.add_keys(id, keys.iter().map(String::as_str), taken);
    Ok(memory)
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

/// Marks what is not there any more; comes back with what went in this run.
fn withdraw(work: &mut Work<'_>, gone: &[Key]) -> Result<Vec<Key>, RunError> {
    let now = work.moment.now;
    let was_there = |id: &&Key| work.ledger.row(**id).is_some_and(|r| r.gone.is_none());
    let gone: Vec<Key> = gone.iter().filter(was_there).copied().collect();
    for id in &gone {
        work.ledger.set_gone(*id, Some(now));
    }
    Ok(gone)
}

/// Very many posts gone at once are a folder that is missing, and no decision; `gone` are
/// those that nobody hid.
fn guard_posts<'k>(work: &Work<'_>, before: &Before, gone: impl Iterator<Item = &'k Key>) -> Result<(), RunError> {
    let gone = gone.filter_map(|id| work.ledger.row(*id)).filter(|r| r.is_post()).count();
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

/// People's decisions, found by id, by address or by any key of an entry.
pub(super) struct Overrides<'a> {
    by_target: BTreeMap<String, Vec<&'a Override>>,
}

impl<'a> Overrides<'a> {
    pub(super) fn new(opened: &'a Opened) -> Self {
        let mut by_target: BTreeMap<String, Vec<&Override>> = BTreeMap::new();
        for o in &opened.site.overrides {
            // A place in a post is meant exactly; any other address is the page, however spelled.
            let page = url::Url::parse(&o.target).ok();
            let page = page.filter(|u| matches!(u.scheme(), "http" | "https") && u.fragment().is_none());
            let key = page.map(|u| address::key(&u, &opened.hosts));
            by_target.entry(key.unwrap_or_else(|| o.target.clone())).or_default().push(o);
        }
        Self { by_target }
    }

    pub(super) fn of(&self, id: Option<&EntryId>, raws: &[&RawEntry]) -> Vec<&'a Override> {
        let mut found: Vec<&Override> = Vec::new();
        if self.by_target.is_empty() {
            return found;
        }
        let keys = raws.iter().flat_map(|r| r.keys.iter().map(String::as_str));
        let links = raws.iter().filter_map(|r| r.link.as_deref());
        let pages = links.clone().filter(|l| !l.contains('#')).filter_map(|l| url::Url::parse(l).ok());
        let pages: Vec<String> = pages.map(|u| address::key(&u, &Default::default())).collect();
        let targets =
            id.map(EntryId::as_str).into_iter().chain(keys).chain(links).chain(pages.iter().map(String::as_str));
        for target in targets {
            for o in self.by_target.get(target).into_iter().flatten() {
                if !found.iter().any(|f| std::ptr::eq(*f, *o)) {
                    found.push(o);
                }
            }
        }
        found
    }

    /// As [`Self::of`], for one of several posts whose addresses are one when they are
    /// folded: what names another of them exactly is not meant for this one.
    fn of_one(&self, id: Option<&EntryId>, raws: &[&RawEntry], posts: &[&RawEntry]) -> Vec<&'a Override> {
        let mut found = self.of(id, raws);
        if posts.is_empty() {
            return found;
        }
        found.retain(|o| {
            let Some(target) = address::exact_path(&o.target).filter(|_| !o.target.contains('#')) else { return true };
            let named = |raws: &[&RawEntry]| raws.iter().any(|r| is_post(r) && page(r).as_ref() == Some(&target));
            named(raws) || !named(posts)
        });
        found
    }
}
