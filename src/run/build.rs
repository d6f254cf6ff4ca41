//! Writes the output: renders, reads again strictly, publishes what changed.
//!
//! What is to be written is remembered in the store, in the transaction that made it
//! necessary: a run that is killed before it published leaves it to the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Component;
use std::rc::Rc;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::archives::{Archives, EVERY_DAY};
use super::articles;
use super::book::Book;
use super::health;
use super::pages;
use super::pictures;
use super::refresh::Progress;
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, EntryId, Key};
use crate::files::{self, Publisher};
use crate::ledger::Ledger;
use crate::merge::{self, Document, Feed};
use crate::output::html::{self, Pages};
use crate::output::{Contents, Prepared};
use crate::store::{Changed, Listed, Store, Written};

/// What has to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Everything.
    All,
    /// These feeds and days of them, and the pages that show them.
    Feeds(BTreeMap<String, BTreeSet<String>>),
}

/// What was written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Built {
    /// Feeds there are.
    pub feeds: usize,
    /// Files that changed.
    pub written: usize,
    /// Files that went.
    pub deleted: usize,
}

/// Under which name the store remembers what is to be written.
const SCOPE: &str = "scope";

/// Under which name the store remembers feeds that shrank too much.
const HELD: &str = "held";

/// Under which name the store remembers which entries documents leave out.
const LEFT_OUT: &str = "left out";

/// What documents say of the entries that they leave out, by feed, or by feed and period.
type LeftOut = BTreeMap<String, BTreeSet<String>>;

pub(super) fn remembered<T: serde::de::DeserializeOwned>(store: &Store, name: &str) -> Result<Option<T>, RunError> {
    Ok(store.meta(name)?.and_then(|text| serde_json::from_str(&text).ok()))
}

pub(super) fn remember<T: Serialize>(store: &Store, name: &str, value: &T) -> Result<(), RunError> {
    Ok(store.set_meta(name, &serde_json::to_string(value).unwrap_or_default())?)
}

/// Has everything written by the next build.
pub(super) fn everything(store: &Store) -> Result<(), RunError> {
    remember(store, SCOPE, &Scope::All)
}

/// Has these feeds written by the next build.
pub(super) fn also(store: &Store, opened: &Opened, changed: Changed) -> Result<(), RunError> {
    let mut feeds = match remembered(store, SCOPE)? {
        Some(Scope::All) => return Ok(()),
        Some(Scope::Feeds(feeds)) => feeds,
        None => BTreeMap::new(),
    };
    for (feed, times) in changed {
        let days = times.into_iter().map(|t| merge::day(t, &opened.site));
        feeds.entry(feed).or_default().extend(days);
    }
    remember(store, SCOPE, &Scope::Feeds(feeds))
}

/// Has the health of sources written by the next build.
pub(super) fn health_too(store: &Store) -> Result<(), RunError> {
    let mut scope = remembered(store, SCOPE)?.unwrap_or(Scope::Feeds(BTreeMap::new()));
    if let Scope::Feeds(feeds) = &mut scope {
        // A reserved slug: no feed has this name.
        feeds.entry("health".to_owned()).or_default();
    }
    remember(store, SCOPE, &scope)
}

/// Under which name the store remembers the output folder that its outputs are in.
const ROOT: &str = "output";

/// The output folder as the configuration names it.
fn root_name(opened: &Opened) -> String {
    let parts = opened.site.output.dir.components().filter(|part| *part != Component::CurDir);
    parts.collect::<std::path::PathBuf>().display().to_string()
}

/// Under which name the store remembers what was left in an output folder.
fn left_in(root: &str) -> String {
    format!("output:{root}")
}

/// The output folder of the builds before, where it is another than that of now and nothing
/// was ever written into that one.
pub(super) fn moved_from(store: &Store, opened: &Opened) -> Result<Option<String>, RunError> {
    let now = root_name(opened);
    let before = store.meta(ROOT)?.filter(|before| *before != now);
    Ok(if store.meta(&left_in(&now))?.is_some() { None } else { before })
}

/// What was written is known by the folder it is in: in another one nothing is, but what was
/// left there when the site was published in that one.
fn change_root(opened: &Opened, store: &mut Store, problems: &mut Vec<Problem>) -> Result<(), RunError> {
    let now = root_name(opened);
    let before = store.meta(ROOT)?;
    if before.as_ref() == Some(&now) {
        return Ok(());
    }
    if let Some(before) = before {
        let outputs: Vec<Written> = store.outputs()?.into_values().collect();
        remember(store, &left_in(&before), &outputs)?;
        let paths: Vec<String> = outputs.into_iter().map(|written| written.path).collect();
        let back: Vec<Written> = remembered(store, &left_in(&now))?.unwrap_or_default();
        store.set_outputs(&[], &paths)?;
        store.set_outputs(&back, &[])?;
        everything(store)?;
        let text = format!(
            "`output.dir` was `{before}` and is `{now}` now: what was published in `{before}` stays there as it is; delete it when nobody asks for it any more"
        );
        let (place, severity) = ("feedloom.yaml".to_owned(), Severity::Note);
        problems.push(Problem { place, line: 0, column: 0, severity, text });
    } else {
        // An older version did not say which folder it was: what is known of none of its files is not known.
        let root = opened.output();
        let paths: Vec<String> = store.outputs()?.into_keys().collect();
        if paths.iter().all(|path| files::look(&root, path).is_none()) {
            store.set_outputs(&[], &paths)?;
        }
    }
    Ok(store.set_meta(ROOT, &now)?)
}

/// Feeds that shrank too much, with how many entries they had.
type Held = BTreeMap<String, usize>;

/// Holds feeds back until they have grown again, or a person accepts what happened. The ledger
/// knows of them, too: a store may be lost.
pub(super) fn hold_back(
    store: &Store,
    ledger: &mut Ledger,
    shrunk: &BTreeMap<String, (usize, usize)>,
    moment: Moment,
) -> Result<(), RunError> {
    let mut held: Held = remembered(store, HELD)?.unwrap_or_default();
    held.extend(std::mem::take(&mut ledger.held));
    if moment.accept_removals {
        held.clear();
    }
    for (feed, (before, _)) in shrunk {
        held.entry(feed.clone()).or_insert(*before);
    }
    remember(store, HELD, &held)?;
    ledger.held = held;
    Ok(())
}

/// Writes what has to be written. A file that is missing or was changed by someone
/// else makes the run write everything.
///
/// # Errors
/// [`RunError`] when a template fails or the disk refuses; old files stay.
pub(super) fn build(
    opened: &Opened,
    store: &mut Store,
    book: &mut Book,
    moment: Moment,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Built, RunError> {
    // One transaction: what was written is remembered after it was published, or not at all.
    store.transaction(|store| write(opened, store, book, moment, problems, progress))
}

fn write(
    opened: &Opened,
    store: &mut Store,
    book: &mut Book,
    moment: Moment,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Built, RunError> {
    let site = &opened.site;
    let root = opened.output();
    change_root(opened, store, problems)?;
    let known = store.outputs()?;
    let names = merge::paths(site);
    let untouched = known.values().all(|w| files::look(&root, &w.path) == Some((w.size, w.modified_ns)));
    let templates = files::read_templates(&opened.folder)?;
    let rules = articles::rules(opened)?;
    // Which addresses have a player is the rules' to say.
    let made_of = templates.iter().chain(rules.own().iter().map(|(name, text)| (name, text)));
    let templates_hash = html::fingerprint(&made_of.map(|(name, text)| (name.clone(), text.clone())).collect());
    let same_templates = store.meta("templates")?.as_deref() == Some(templates_hash.as_str());
    let held = still_held(opened, store, moment, problems)?;
    let scope = remembered(store, SCOPE)?.unwrap_or(Scope::Feeds(BTreeMap::new()));
    let scope = if untouched && same_templates && !known.is_empty() { scope } else { Scope::All };
    let mut built = Built { feeds: names.len(), ..Built::default() };
    let left_out = match &scope {
        Scope::All => LeftOut::new(),
        Scope::Feeds(_) => remembered(store, LEFT_OUT)?.unwrap_or_default(),
    };
    if scope == Scope::Feeds(BTreeMap::new()) {
        tell_left_out(&left_out, problems);
        return Ok(built);
    }
    let pages = Pages::new(&templates)?;
    let ledger = book.ledger(opened, store, moment.now)?;
    ledger.held = remembered(store, HELD)?.unwrap_or_default();
    let (id_base, feed_ids) = (ledger.id_base.clone(), ledger.feed_ids.clone());
    let mut plan = Plan {
        known: &known,
        trust: untouched,
        publisher: Publisher::new(&root),
        hashes: BTreeMap::new(),
        dropped: BTreeSet::new(),
        failed: BTreeSet::new(),
        left_out,
    };
    // What feeds show is there before they are.
    pictures::files(store, !held.is_empty(), &mut plan)?;
    let wanted: Vec<&String> = names
        .iter()
        .filter(|n| !held.contains(*n))
        .filter(|n| matches!(&scope, Scope::All) || matches!(&scope, Scope::Feeds(f) if f.contains_key(*n)))
        .collect();
    let mut contents = Contents::default();
    // Of everything there would be too many.
    let mut lists = Lists { keep: matches!(scope, Scope::Feeds(_)), known: HashMap::new() };
    let mut archives = Archives::new(opened, store, ledger)?;
    for (n, name) in wanted.iter().enumerate() {
        progress("writing feeds", n + 1, wanted.len());
        moment.interrupt.check()?;
        plan.left_out.remove(name.as_str());
        let mut keys = Vec::new();
        let mut entries = Vec::new();
        let mut prepared: Vec<Arc<Prepared>> = Vec::new();
        for key in store.newest(name, site.output.entries)? {
            let Some((entry, ready)) = make_ready(store, key, &mut contents, site)? else { continue };
            if site.output.formats.iter().any(|f| f.overflows(&entry, &ready, site)) {
                // It would leave no room for any other. Archives have room.
                plan.leave_out(name, &entry.id, "it alone is larger than `output.bytes`");
                continue;
            }
            keys.push(key);
            entries.push(entry);
            prepared.push(ready);
        }
        let mut feed = merge::feed(name, entries, Document::Live { older: None }, site, &id_base);
        merge::keep_id(&mut feed, &feed_ids, &id_base);
        let fitting = site.output.formats.iter().map(|f| f.fitting(&feed, &prepared, site)).min().unwrap_or(0);
        feed.entries.truncate(fitting);
        keys.truncate(fitting);
        let days = match &scope {
            Scope::All => None,
            Scope::Feeds(feeds) => feeds.get(*name),
        };
        let older = archives.plan(store, &mut lists, name, &keys.into_iter().collect(), days, &mut plan)?;
        feed.document = Document::Live { older };
        render(opened, &feed, &prepared, &mut plan, problems)?;
    }
    archives.render(store, &contents, &mut plan, problems, progress)?;
    let days = match &scope {
        Scope::All => None,
        Scope::Feeds(feeds) => Some(feeds),
    };
    let health = health::of(opened, store)?;
    let press = pages::Press { pages: &pages, rules: &rules, health: &health };
    pages::write(opened, store, &press, &mut lists, &pages::Due { days, held: &held }, &mut plan)?;
    super::search::files(opened, store, &pages, &mut lists, days, &mut plan)?;
    health::files(opened, store, &health, &id_base, &mut plan, problems)?;
    moment.interrupt.check()?;
    let Plan { publisher, hashes, dropped, failed, mut left_out, .. } = plan;
    left_out.retain(|document, _| names.iter().any(|name| name == feed_of(document)));
    tell_left_out(&left_out, problems);
    // Before anything is published that it must know: names of archives are given once.
    book.save(opened, store)?;
    let changed = publisher.publish()?;
    let changed: HashMap<&str, (u64, i64)> =
        changed.iter().map(|(path, size, modified)| (path.as_str(), (*size, *modified))).collect();
    let mut written: Vec<Written> = Vec::new();
    for (path, hash) in &hashes {
        let now = changed.get(path.as_str()).copied();
        // A file that had the right bytes already, but is not known, is known now.
        let now = now.or_else(|| if known.contains_key(path) && untouched { None } else { files::look(&root, path) });
        if let (Some(hash), Some((size, modified_ns))) = (hash, now) {
            written.push(Written { path: path.clone(), hash: hash.clone(), size, modified_ns });
        }
    }
    let of_held = |path: &str| path.rsplit_once('/').is_some_and(|(folder, _)| held.contains(feed_of(folder)));
    let deleted: Vec<String> = match scope {
        Scope::All => known.keys().filter(|p| !hashes.contains_key(*p) && !of_held(p)).cloned().collect(),
        Scope::Feeds(_) => known.keys().filter(|p| dropped.contains(*p)).cloned().collect(),
    };
    for path in &deleted {
        files::remove(&root, path);
    }
    built.written = changed.len();
    built.deleted = deleted.len();
    store.set_outputs(&written, &deleted)?;
    store.set_meta("templates", &templates_hash)?;
    // What is held back is still to be written, all of it: nobody notes what else changes.
    let later = held.into_iter().chain(failed).map(|name| (name, BTreeSet::from([EVERY_DAY.to_owned()]))).collect();
    remember(store, SCOPE, &Scope::Feeds(later))?;
    remember(store, LEFT_OUT, &left_out)?;
    Ok(built)
}

/// The feed that a folder or a document below it is of.
fn feed_of(path: &str) -> &str {
    path.split_once("/archive").map_or(path, |(feed, _)| feed)
}

/// Tells of entries that are left out: in every run, until they are well.
fn tell_left_out(left_out: &LeftOut, problems: &mut Vec<Problem>) {
    for (document, texts) in left_out {
        problems.extend(texts.iter().map(|text| Problem::warning(document.clone(), 0, text.clone())));
    }
}

/// An entry without its HTML, and its content cleaned: now, or before.
pub(super) fn make_ready(
    store: &Store,
    key: Key,
    contents: &mut Contents,
    site: &Site,
) -> Result<Option<(Entry, Arc<Prepared>)>, RunError> {
    let Some(mut entry) = store.facts(key)? else {
        return Ok(None);
    };
    if contents.known(&entry).is_none() {
        entry.html = store.html(key)?;
    }
    let ready = contents.of(&entry, site);
    // What was cleaned is not needed as it was.
    entry.html = String::new();
    Ok(Some((entry, ready)))
}

/// What feeds carry: several ask for it in a build that concerns few of them.
pub(super) struct Lists {
    keep: bool,
    known: HashMap<String, Rc<[Listed]>>,
}

impl Lists {
    /// What a feed carries, newest first.
    pub fn of(&mut self, store: &Store, feed: &str) -> Result<Rc<[Listed]>, RunError> {
        if let Some(known) = self.known.get(feed) {
            return Ok(Rc::clone(known));
        }
        let listed: Rc<[Listed]> = store.listed(feed)?.into();
        if self.keep {
            self.known.insert(feed.to_owned(), Rc::clone(&listed));
        }
        Ok(listed)
    }
}

/// Feeds that are held back: they lost too much. Those that have grown again are not.
fn still_held(
    opened: &Opened,
    store: &Store,
    moment: Moment,
    problems: &mut Vec<Problem>,
) -> Result<HashSet<String>, RunError> {
    let mut held: Held = remembered(store, HELD)?.unwrap_or_default();
    if held.is_empty() {
        return Ok(HashSet::new());
    }
    let sizes = store.feed_sizes()?;
    let count = |feed: &str| sizes.get(feed).map_or(0, |(count, _)| *count);
    let names = merge::paths(&opened.site);
    held.retain(|feed, before| names.contains(feed) && count(feed) * 2 < *before && !moment.accept_removals);
    remember(store, HELD, &held)?;
    for (feed, before) in &held {
        problems.push(Problem {
            place: feed.clone(),
            line: 0,
            column: 0,
            severity: Severity::Held,
            text: format!(
                "held back, the old files stay: {} of its {before} entries are left; `--accept-removals` publishes it",
                count(feed)
            ),
        });
    }
    Ok(held.into_keys().collect())
}

/// Files on their way out.
pub(super) struct Plan<'a> {
    pub known: &'a HashMap<String, Written>,
    /// The output folder is as it was left.
    trust: bool,
    publisher: Publisher,
    /// Every path that shall be there, with the hash of its bytes; none for one that was held back.
    pub hashes: BTreeMap<String, Option<String>>,
    /// Archives that are in no chain any more, and other files that are to go.
    pub dropped: BTreeSet<String>,
    /// Feeds with a file that was held back.
    failed: BTreeSet<String>,
    /// What is to be told of entries that documents leave out.
    pub left_out: LeftOut,
}

impl Plan<'_> {
    pub fn root(&self) -> &std::path::Path {
        self.publisher.root()
    }

    /// Has a file that failed its check stay as it is, and its feed written again by the next
    /// run: it is told until the file is well.
    pub fn hold_back(&mut self, feed: &str, path: String, problem: &str) -> Problem {
        let stays = match files::look(self.root(), &path) {
            Some(_) => "the old file stays",
            None => "it was never published",
        };
        let text = format!("{problem}; {stays}");
        self.failed.insert(feed.to_owned());
        self.hashes.insert(path.clone(), None);
        Problem { place: path, line: 0, column: 0, severity: Severity::Held, text }
    }

    /// Notes that a document leaves an entry out.
    pub fn leave_out(&mut self, document: &str, entry: &EntryId, why: &str) {
        let text = format!("the entry {entry} is left out: {why}");
        self.left_out.entry(document.to_owned()).or_default().insert(text);
    }

    /// Notes which entries a document leaves out because a format refuses them.
    pub fn leave_out_refused(
        &mut self,
        document: &str,
        feed: &Feed,
        prepared: &[Arc<Prepared>],
        formats: &[FeedFormat],
        site: &Site,
    ) {
        for (entry, ready) in feed.entries.iter().zip(prepared) {
            if let Some(why) = formats.iter().find_map(|f| f.refuses(entry, ready, site)) {
                self.leave_out(document, &entry.id, why);
            }
        }
    }

    /// Has a file stay that is there as it was written; false where it is not.
    pub fn keep(&mut self, path: &str) -> bool {
        let is_there = self.trust && self.known.contains_key(path);
        if is_there {
            self.hashes.entry(path.to_owned()).or_insert(None);
        }
        is_there
    }

    /// Writes a file, if it is another than before. The first word on a path holds.
    pub fn add(&mut self, path: String, bytes: &[u8]) -> Result<(), RunError> {
        if matches!(self.hashes.get(&path), Some(Some(_))) {
            return Ok(());
        }
        let hash = hash(bytes);
        let same = self.trust && self.known.get(&path).is_some_and(|w| w.hash == hash);
        if !same {
            self.publisher.add(&path, bytes)?;
        }
        self.hashes.insert(path, Some(hash));
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// The files of one feed. One that fails its check is held back; the old one stays.
fn render(
    opened: &Opened,
    feed: &Feed,
    prepared: &[Arc<Prepared>],
    plan: &mut Plan<'_>,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let site = &opened.site;
    plan.leave_out_refused(&feed.path, feed, prepared, &site.output.formats, site);
    for format in &site.output.formats {
        let path = format!("{}/{}", feed.path, format.file_name());
        match format.render(feed, prepared, site) {
            Ok(text) => plan.add(path, text.as_bytes())?,
            Err(problem) => problems.push(plan.hold_back(&feed.path, path, &problem)),
        }
    }
    Ok(())
}
