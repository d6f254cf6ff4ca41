//! Writes the output: renders, reads again strictly, publishes what changed.
//!
//! What is to be written is remembered in the store, in the transaction that made it
//! necessary: a run that is killed before it published leaves it to the next one.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::book::Book;
use super::refresh::Progress;
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::config::FeedFormat;
use crate::entry::{Entry, Key};
use crate::files::{self, Publisher};
use crate::ledger::Archive;
use crate::merge::{self, Document, Feed};
use crate::output::html::{Pages, STYLE, Size};
use crate::output::opml::{self, Outline};
use crate::output::{Contents, Prepared};
use crate::store::{Changed, Listed, Store, Written};

/// What has to be written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Scope {
    /// Everything.
    All,
    /// These feeds and months of them, and the pages that show them.
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

fn remembered<T: serde::de::DeserializeOwned>(store: &Store, name: &str) -> Result<Option<T>, RunError> {
    Ok(store.meta(name)?.and_then(|text| serde_json::from_str(&text).ok()))
}

fn remember<T: Serialize>(store: &Store, name: &str, value: &T) -> Result<(), RunError> {
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
        let months = times.into_iter().map(|t| merge::month(t, &opened.site));
        feeds.entry(feed).or_default().extend(months);
    }
    remember(store, SCOPE, &Scope::Feeds(feeds))
}

/// Feeds that shrank too much, with how many entries they had.
type Held = BTreeMap<String, usize>;

/// Holds feeds back until they have grown again, or a person accepts what happened.
pub(super) fn hold_back(
    store: &Store,
    shrunk: &BTreeMap<String, (usize, usize)>,
    moment: Moment,
) -> Result<(), RunError> {
    let mut held: Held = remembered(store, HELD)?.unwrap_or_default();
    if moment.accept_removals {
        held.clear();
    }
    for (feed, (before, _)) in shrunk {
        held.entry(feed.clone()).or_insert(*before);
    }
    remember(store, HELD, &held)
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
    let known = store.outputs()?;
    let names = merge::paths(site);
    let untouched = known.values().all(|w| files::look(&root, &w.path) == Some((w.size, w.modified_ns)));
    let templates = files::read_templates(&opened.folder)?;
    let templates_hash = blake3::hash(format!("{templates:?}").as_bytes()).to_hex().to_string();
    let same_templates = store.meta("templates")?.as_deref() == Some(templates_hash.as_str());
    let held = still_held(opened, store, moment, problems)?;
    let scope = remembered(store, SCOPE)?.unwrap_or(Scope::Feeds(BTreeMap::new()));
    let scope = if untouched && same_templates && !known.is_empty() { scope } else { Scope::All };
    let mut built = Built { feeds: names.len(), ..Built::default() };
    if scope == Scope::Feeds(BTreeMap::new()) {
        return Ok(built);
    }
    let pages = Pages::new(&templates)?;
    let id_base = book.ledger(opened, store, moment.now)?.id_base.clone();
    let mut plan = Plan {
        known: &known,
        trust: untouched,
        publisher: Publisher::new(&root),
        hashes: BTreeMap::new(),
        dropped: BTreeSet::new(),
    };
    let wanted: Vec<&String> = names
        .iter()
        .filter(|n| !held.contains(*n))
        .filter(|n| matches!(&scope, Scope::All) || matches!(&scope, Scope::Feeds(f) if f.contains_key(*n)))
        .collect();
    let mut contents = Contents::default();
    let mut archives = Archives { opened, id_base: &id_base, due: BTreeMap::new() };
    for (n, name) in wanted.iter().enumerate() {
        progress("writing feeds", n + 1, wanted.len());
        let mut entries = store.feed(name, site.output.entries)?;
        let prepared: Vec<Rc<Prepared>> = entries.iter().map(|e| contents.of(e, site)).collect();
        // What was cleaned is not needed as it was.
        entries.iter_mut().for_each(|e| e.html = String::new());
        let mut feed = merge::feed(name, entries, Document::Live { older: None }, site, &id_base);
        let fitting = site.output.formats.iter().map(|f| f.fitting(&feed, &prepared, site)).min().unwrap_or(0);
        feed.entries.truncate(fitting);
        let months = match &scope {
            Scope::All => None,
            Scope::Feeds(feeds) => feeds.get(*name),
        };
        let older = archives.plan(store, book, name, &feed, months, &mut plan)?;
        feed.document = Document::Live { older };
        render(opened, &feed, &prepared, &pages, &mut plan, problems)?;
    }
    archives.render(store, book, &contents, &mut plan, problems, progress)?;
    site_files(opened, store, &pages, &templates, &mut plan)?;
    own_pages(opened, store, &pages, &mut contents, &mut plan)?;
    let Plan { publisher, hashes, dropped, .. } = plan;
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
    let of_held = |path: &str| {
        path.rsplit_once('/').is_some_and(|(folder, _)| held.contains(folder.trim_end_matches("/archive")))
    };
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
    // What is held back is still to be written.
    let later = held.iter().map(|name| (name.clone(), BTreeSet::new())).collect();
    remember(store, SCOPE, &Scope::Feeds(later))?;
    Ok(built)
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

/// Archive documents (RFC 5005, section 4): the entries of a month that are not all in
/// the live document. Which months there are follows from the entries alone.
struct Archives<'a> {
    opened: &'a Opened,
    id_base: &'a str,
    /// Documents to be written, by month: entries are prepared once for all feeds.
    due: BTreeMap<String, Vec<Due>>,
}

/// An archive document that has to be written.
struct Due {
    feed: String,
    document: Document,
    /// Earlier issues, kept under their names.
    earlier: Vec<String>,
    entries: Vec<Key>,
}

impl Archives<'_> {
    /// Plans the archives of a feed whose live document is `live`; comes back with the
    /// name of the newest. `touched` are the months whose entries changed, none for all.
    fn plan(
        &mut self,
        store: &Store,
        book: &mut Book,
        name: &str,
        live: &Feed,
        touched: Option<&BTreeSet<String>>,
        plan: &mut Plan<'_>,
    ) -> Result<Option<String>, RunError> {
        let site = &self.opened.site;
        let ledger = book.ledger(self.opened, store, DateTime::<Utc>::UNIX_EPOCH)?;
        let current = merge::current_path(name, site);
        let endings: Vec<&str> = site.output.formats.iter().filter_map(|f| f.archive_ending()).collect();
        let own = current == name;
        let listed = store.listed(name)?;
        let loud = listed.iter().filter(|e| !e.quiet).map(|e| e.id);
        let shown: HashSet<Key> = loud.take(live.entries.len()).collect();
        let mut months: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
        for listed in listed {
            months.entry(merge::month(listed.published, site)).or_default().push(listed);
        }
        months.retain(|_, entries| entries.iter().any(|e| !shown.contains(&e.id)));
        // The names that the links of the documents were made of, and those of now.
        let names_of = |archives: &BTreeMap<String, Archive>| -> BTreeMap<String, String> {
            let prefix = format!("{current}/");
            archives
                .range(prefix.clone()..)
                .take_while(|(key, _)| key.starts_with(&prefix))
                .filter_map(|(key, a)| Some((key.strip_prefix(&prefix)?, a)))
                .filter(|(month, _)| !month.contains('/'))
                .map(|(month, a)| (month.to_owned(), merge::archive_name(month, a.issue)))
                .collect()
        };
        let before = names_of(&ledger.archives);
        let mut stale: BTreeSet<String> = BTreeSet::new();
        for (month, entries) in months.iter().filter(|_| own) {
            let hash = signature(entries);
            let key = format!("{current}/{month}");
            let archive = ledger.archives.entry(key.clone()).or_insert_with(|| Archive {
                archive: key,
                issue: 1,
                hash: hash.clone(),
            });
            if archive.hash != hash {
                archive.issue += 1;
                archive.hash = hash;
                stale.insert(month.clone());
            }
        }
        let names = names_of(&ledger.archives);
        for month in names.keys().filter(|m| own && !months.contains_key(*m)) {
            // All of its entries are in the live document, or withdrawn.
            let issues = ledger.archives.get(&format!("{current}/{month}")).map_or(1, |a| a.issue);
            for issue in 1..=issues {
                let file = |ending: &&str| format!("{current}/archive/{}.{ending}", merge::archive_name(month, issue));
                plan.dropped.extend(endings.iter().map(file));
            }
        }
        let chain: Vec<&String> = months.keys().filter(|m| names.contains_key(*m)).collect();
        let was: Vec<&String> = before.keys().collect();
        let beside = |chain: &[&String], names: &BTreeMap<String, String>, month: &String| {
            let at = chain.iter().position(|m| *m == month)?;
            let name = |m: &&String| names.get(*m).cloned();
            Some((at.checked_sub(1).and_then(|n| name(&chain[n])), chain.get(at + 1).and_then(name)))
        };
        for month in chain.iter().filter(|_| own) {
            let archive = &ledger.archives[&format!("{current}/{month}")];
            let (older, newer) = beside(&chain, &names, month).unwrap_or_default();
            let file = |name: &str, ending: &str| format!("{current}/archive/{name}.{ending}");
            let name_now = &names[*month];
            let known = endings.iter().all(|e| plan.known.contains_key(&file(name_now, e)));
            let same_links = beside(&was, &before, month) == Some((older.clone(), newer.clone()));
            let same = touched.is_some_and(|t| !t.contains(*month)) && !stale.contains(*month);
            for ending in &endings {
                for issue in 1..=archive.issue {
                    // Whatever was published once stays.
                    plan.hashes.entry(file(&merge::archive_name(month, issue), ending)).or_insert(None);
                }
            }
            if known && same && same_links {
                continue;
            }
            self.due.entry((*month).clone()).or_default().push(Due {
                feed: name.to_owned(),
                document: Document::Archive { name: name_now.clone(), older, newer },
                earlier: (1..archive.issue).map(|issue| merge::archive_name(month, issue)).collect(),
                entries: months[*month].iter().map(|e| e.id).collect(),
            });
        }
        Ok(chain.last().map(|month| names[*month].clone()))
    }

    /// Writes what is due, a month at a time.
    fn render(
        self,
        store: &Store,
        book: &mut Book,
        live: &Contents,
        plan: &mut Plan<'_>,
        problems: &mut Vec<Problem>,
        progress: &mut Progress<'_>,
    ) -> Result<(), RunError> {
        let site = &self.opened.site;
        let ledger = book.ledger(self.opened, store, DateTime::<Utc>::UNIX_EPOCH)?;
        let formats: Vec<FeedFormat> =
            site.output.formats.iter().copied().filter(|f| f.archive_ending().is_some()).collect();
        let count = self.due.len();
        for (n, (_, documents)) in self.due.into_iter().enumerate() {
            progress("writing archives", n + 1, count);
            let mut contents = Contents::default();
            let mut ready: HashMap<Key, (Entry, Rc<Prepared>)> = HashMap::new();
            for due in documents {
                for id in &due.entries {
                    if !ready.contains_key(id)
                        && let Some(mut entry) = store.entry_at(*id)?
                    {
                        let known = live.known(&entry);
                        let prepared = known.unwrap_or_else(|| contents.of(&entry, site));
                        entry.html = String::new();
                        ready.insert(*id, (entry, prepared));
                    }
                }
                let of_month = due.entries.iter().filter_map(|id| ready.get(id));
                let (carried, prepared): (Vec<Entry>, Vec<Rc<Prepared>>) = of_month.cloned().unzip();
                let feed = merge::feed(&due.feed, carried, due.document, site, self.id_base);
                for format in &formats {
                    let Some(ending) = format.archive_ending() else {
                        continue;
                    };
                    let Document::Archive { name, .. } = &feed.document else {
                        continue;
                    };
                    let path = |name: &str| format!("{}/archive/{name}.{ending}", feed.path);
                    match format.render(&feed, &prepared, site) {
                        Ok(text) => {
                            // An earlier issue is kept as it is, unless it is lost or shows what was withdrawn.
                            for earlier in due.earlier.iter().map(|e| path(e)) {
                                let old = files::read_if_there(&plan.root().join(&earlier))?;
                                let withdrawn = |id: &str| ledger.row(Key::of(id)).is_some_and(|r| r.gone.is_some());
                                if old.is_none_or(|old| ids_in(&old).any(withdrawn)) {
                                    plan.add(earlier, text.as_bytes())?;
                                }
                            }
                            plan.add(path(name), text.as_bytes())?;
                        }
                        Err(problem) => problems.push(held_file(path(name), &problem)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Ids in an Atom or JSON document that was written here.
fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    let between = |text: &'_ str, end: char| -> usize { text.find(end).unwrap_or(text.len()) };
    let xml = text.split("<id>").skip(1).map(move |t| &t[..between(t, '<')]);
    xml.chain(text.split("\"id\": \"").skip(1).map(move |t| &t[..between(t, '"')]))
}

/// What has to change for an archive to be issued anew: which entries it has, and their own text.
fn signature(entries: &[Listed]) -> String {
    let mut hasher = blake3::Hasher::new();
    for entry in entries {
        hasher.update(&entry.id.0.to_le_bytes()).update(&entry.updated_ms.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn held_file(path: String, problem: &str) -> Problem {
    Problem {
        place: path,
        line: 0,
        column: 0,
        severity: Severity::Held,
        text: format!("held back, the old file stays: {problem}"),
    }
}

/// Files on their way out.
struct Plan<'a> {
    known: &'a HashMap<String, Written>,
    /// The output folder is as it was left.
    trust: bool,
    publisher: Publisher,
    /// Every path that shall be there, with the hash of its bytes; none for one that was held back.
    hashes: BTreeMap<String, Option<String>>,
    /// Archives that are in no chain any more.
    dropped: BTreeSet<String>,
}

impl Plan<'_> {
    fn root(&self) -> &std::path::Path {
        self.publisher.root()
    }

    fn add(&mut self, path: String, bytes: &[u8]) -> Result<(), RunError> {
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
    prepared: &[Rc<Prepared>],
    pages: &Pages,
    plan: &mut Plan<'_>,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let site = &opened.site;
    for format in &site.output.formats {
        let path = format!("{}/{}", feed.path, format.file_name());
        match format.render(feed, prepared, site) {
            Ok(text) => plan.add(path, text.as_bytes())?,
            Err(problem) => {
                problems.push(held_file(path.clone(), &problem));
                plan.hashes.insert(path, None);
            }
        }
    }
    if site.pages {
        plan.add(format!("{}/index.html", feed.path), pages.project(site, feed)?.as_bytes())?;
    }
    Ok(())
}

/// Pages of posts that are published nowhere else: their folder has no `url`.
fn own_pages(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    contents: &mut Contents,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    if !site.pages || site.posts.iter().all(|f| f.url.is_some()) {
        return Ok(());
    }
    for entry in store.entries_at(&format!("{}page/", site.url))? {
        // The link was made from letters and digits only.
        let Some(name) = entry.link.strip_prefix(site.url.as_str()).filter(|n| !n.contains("..") && !n.contains('#'))
        else {
            continue;
        };
        let name = crate::normalize::address::percent_decode(name);
        let page = pages.entry(site, &entry, &contents.of(&entry, site).content)?;
        plan.add(name, page.as_bytes())?;
    }
    Ok(())
}

/// Files that concern the whole site.
fn site_files(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    templates: &BTreeMap<String, String>,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let sizes: BTreeMap<String, Size> =
        store.feed_sizes()?.into_iter().map(|(name, (count, latest))| (name, Size { count, latest })).collect();
    if site.pages {
        plan.add("index.html".to_owned(), pages.index(site, &sizes)?.as_bytes())?;
        let style = templates.get("feedloom.css").map_or(STYLE, String::as_str);
        plan.add("assets/feedloom.css".to_owned(), style.as_bytes())?;
    }
    plan.add("opml.xml".to_owned(), opml::render(&site.title, &outlines(opened)).as_bytes())
}

/// The feeds of the site as a list for readers.
pub fn outlines(opened: &Opened) -> Vec<Outline> {
    let site = &opened.site;
    let Some(format) = site.output.formats.first() else {
        return Vec::new();
    };
    let address = |slug: &str| format!("{}{slug}/{}", site.url, format.file_name());
    let page = |slug: &str| Some(format!("{}{slug}/", site.url));
    let mut outlines = vec![Outline {
        title: site.title.clone(),
        feed: address("all"),
        page: page("all"),
        description: site.description.clone(),
    }];
    for project in &site.projects {
        let slug = project.slug.as_str();
        outlines.push(Outline {
            title: project.title.clone(),
            feed: address(slug),
            page: page(slug),
            description: project.description.clone(),
        });
    }
    outlines
}
