//! The main job: read what changed, derive what that touches, write what it concerns.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Datelike, Utc};

use super::build::{self, Built};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::classify::Classifier;
use crate::config::{Digests, Override, PostsFolder};
use crate::entry::{EntryId, Kind, RawEntry, Slug};
use crate::files;
use crate::ledger::{self, Row};
use crate::merge;
use crate::names::Names;
use crate::normalize::{self, Memory, address};
use crate::source::post::{self, Post, Weight};
use crate::store::{Derived, Document, Item, NewDocument, Stamp, Store, StoreError, Touched};

/// Derived results of another version of the rules are not trusted.
const RULES: &str = concat!(env!("CARGO_PKG_VERSION"), "-2");

/// A file changed this close to being read may change again within the same
/// timestamp: it is read once more next time.
const RACY_NS: i64 = 2_000_000_000;

/// More than one in so many posts gone at once is taken for a missing folder.
const GONE_SHARE: usize = 10;

/// One post is deleted every day; a missing folder takes more with it.
const GONE_ALONE: usize = 1;

/// What a refresh did.
#[derive(Debug, Default)]
pub struct Report {
    /// Posts there are.
    pub posts: usize,
    /// Posts that were read anew.
    pub read: usize,
    /// Posts that went.
    pub removed: usize,
    /// Entries that were derived.
    pub derived: usize,
    /// What was written.
    pub built: Built,
    /// What there is to tell.
    pub problems: Vec<Problem>,
}

/// Told of progress: what is being done, how far, of how many.
pub type Progress<'a> = dyn FnMut(&str, usize, usize) + 'a;

/// Refreshes the site.
///
/// # Errors
/// [`RunError`] when the run could not do its work; a broken post is no error.
pub fn refresh(opened: &Opened, moment: Moment, progress: &mut Progress<'_>) -> Result<Report, RunError> {
    let state = opened.state();
    let Some(_lock) = files::lock(&state)? else {
        return Err(RunError::Locked(state));
    };
    match refresh_locked(opened, moment, progress) {
        // Damage deep in the file shows when the page is read. Everything can be read again.
        Err(RunError::Store(StoreError::Damaged { path, reason })) => {
            let aside = super::set_aside(&path)?;
            let mut report = refresh_locked(opened, moment, progress)?;
            let text = format!("damaged ({reason}): set aside as {} and begun anew", aside.display());
            let place = path.display().to_string();
            report.problems.insert(0, Problem { place, line: 0, column: 0, severity: Severity::Warning, text });
            Ok(report)
        }
        other => other,
    }
}

fn refresh_locked(opened: &Opened, moment: Moment, progress: &mut Progress<'_>) -> Result<Report, RunError> {
    let mut report = Report::default();
    let mut store = opened.store(&mut report.problems)?;
    let base = open_ledger(opened, &mut store, moment.now)?;
    let names = Names::new(&opened.site.projects);
    let rules = format!("{RULES} {}", opened.site.fingerprint);
    let same_rules = store.meta("rules")?.as_deref() == Some(rules.as_str());
    let mut touched = Touched::default();
    for folder in &opened.site.posts {
        read_folder(opened, folder, &names, moment, same_rules, &mut store, &mut touched, &mut report, progress)?;
    }
    drop_old_origins(opened, &mut store, &mut touched, &mut report)?;
    let mut feeds = BTreeSet::new();
    let moved = !touched.is_empty() || store.meta("ledger")?.is_none();
    if !touched.is_empty() {
        report.derived = derive(opened, &names, moment, &mut store, &base, &touched, &mut feeds)?;
    }
    if moved {
        write_ledger(opened, &mut store, &base)?;
    }
    let scope = if same_rules { build::Scope::Feeds(feeds) } else { build::Scope::All };
    report.built = build::build(opened, &mut store, scope, &mut report.problems, progress)?;
    if !same_rules {
        store.set_meta("rules", &rules)?;
    }
    Ok(report)
}

/// Writes everything from the store. Changed rules are applied to all that was
/// read; no post and no source is asked.
///
/// # Errors
/// [`RunError`] when the run could not do its work.
pub fn rebuild(opened: &Opened, moment: Moment, progress: &mut Progress<'_>) -> Result<Report, RunError> {
    let state = opened.state();
    let Some(_lock) = files::lock(&state)? else {
        return Err(RunError::Locked(state));
    };
    let mut report = Report::default();
    let mut store = opened.store(&mut report.problems)?;
    let base = open_ledger(opened, &mut store, moment.now)?;
    let names = Names::new(&opened.site.projects);
    let rules = format!("{RULES} {}", opened.site.fingerprint);
    if store.origins()?.is_empty() && !opened.site.posts.is_empty() {
        return Err(RunError::Empty(state));
    }
    let mut touched = Touched::default();
    if store.meta("rules")?.as_deref() != Some(rules.as_str()) {
        for folder in &opened.site.posts {
            reread(opened, folder, &names, moment, &mut store, &mut touched, &mut report)?;
        }
        drop_old_origins(opened, &mut store, &mut touched, &mut report)?;
        let mut feeds = BTreeSet::new();
        report.derived = derive(opened, &names, moment, &mut store, &base, &touched, &mut feeds)?;
        write_ledger(opened, &mut store, &base)?;
        store.set_meta("rules", &rules)?;
    }
    for folder in &opened.site.posts {
        report.posts += store.documents(&origin(folder))?.len();
    }
    report.built = build::build(opened, &mut store, build::Scope::All, &mut report.problems, progress)?;
    Ok(report)
}

/// Reads the stored posts of a folder again with the rules of now.
fn reread(
    opened: &Opened,
    folder: &PostsFolder,
    names: &Names,
    moment: Moment,
    store: &mut Store,
    touched: &mut Touched,
    report: &mut Report,
) -> Result<(), RunError> {
    let origin = origin(folder);
    let context = opened.context(folder, names);
    let mut documents: Vec<Document> = store.documents(&origin)?.into_values().collect();
    documents.sort_by(|a, b| a.path.cmp(&b.path));
    store.transaction(|store| -> Result<(), RunError> {
        for document in documents {
            let bytes = store.raw(document.id)?;
            // It was read before; rules do not make a post unreadable.
            let Ok(mut reading) = read_post(&bytes, &document.path, context) else {
                continue;
            };
            carry(&mut reading, opened, names);
            report.read += 1;
            put(
                store,
                &origin,
                &document.path,
                document.stamp,
                &document.hash,
                &bytes,
                &reading,
                folder,
                moment.now,
                touched,
            )?;
        }
        Ok(())
    })
}

fn origin(folder: &PostsFolder) -> String {
    format!("posts:{}", folder.path)
}

/// Reads what changed in one folder. One transaction: a run that is killed leaves
/// the folder as it was known before.
#[expect(clippy::too_many_arguments, reason = "the one place where a folder, the rules and the store meet")]
fn read_folder(
    opened: &Opened,
    folder: &PostsFolder,
    names: &Names,
    moment: Moment,
    same_rules: bool,
    store: &mut Store,
    touched: &mut Touched,
    report: &mut Report,
    progress: &mut Progress<'_>,
) -> Result<(), RunError> {
    let root = opened.folder.join(&folder.path);
    let origin = origin(folder);
    let mut known = store.documents(&origin)?;
    let were = known.len();
    let listing = if root.is_dir() {
        files::list_posts(&root)?
    } else if were > 0 {
        files::Listing::default()
    } else {
        return Err(RunError::NoPosts(root));
    };
    for (path, reason) in &listing.passed_over {
        report.problems.push(Problem {
            place: format!("{}/{path}", folder.path),
            line: 0,
            column: 0,
            severity: Severity::Warning,
            text: format!("passed over: {reason}"),
        });
    }
    let total = listing.files.len();
    let mut changed: Vec<(files::Found, Option<Document>)> = Vec::new();
    for file in listing.files {
        let old = known.remove(&file.path);
        let waits = old.as_ref().and_then(|d| d.waits_until).is_some_and(|t| t <= moment.now);
        let same = same_rules && !waits && old.as_ref().is_some_and(|d| d.stamp == file.stamp);
        if !same {
            changed.push((file, old));
        }
    }
    let gone: Vec<Document> = known.into_values().collect();
    if gone.len() > GONE_ALONE && gone.len() * GONE_SHARE > were && !moment.accept_removals {
        return Err(RunError::ManyGone { folder: root, gone: gone.len(), known: were });
    }
    report.posts += total;
    if changed.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let context = opened.context(folder, names);
    let now_ns = moment.now.timestamp_nanos_opt().unwrap_or(i64::MAX);
    store.transaction(|store| -> Result<(), RunError> {
        let count = changed.len();
        for (n, (file, old)) in changed.into_iter().enumerate() {
            progress("reading posts", n + 1, count);
            let bytes = match files::read_regular(&root.join(&file.path), post::MAX_BYTES) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let text = format!("{}: {}", error.action, error.source);
                    report.problems.push(Problem {
                        place: format!("{}/{}", folder.path, file.path),
                        line: 0,
                        column: 0,
                        severity: Severity::Warning,
                        text,
                    });
                    continue;
                }
            };
            let hash = blake3::hash(&bytes).to_hex().to_string();
            let racy = file.stamp.modified_ns.max(file.stamp.changed_ns) > now_ns - RACY_NS;
            let stamp = if racy { Stamp { changed_ns: 0, ..file.stamp } } else { file.stamp };
            if let Some(old) = &old
                && same_rules
                && old.hash == hash
                && old.waits_until.is_none_or(|t| t > moment.now)
            {
                store.restamp(old.id, stamp)?;
                continue;
            }
            report.read += 1;
            let mut reading = match read_post(&bytes, &file.path, context) {
                Ok(reading) => reading,
                Err(error) => {
                    // What was read before stays published; the file is looked at again next time.
                    let (line, column, text) = (error.line, error.column, error.problem);
                    report.problems.push(Problem {
                        place: format!("{}/{}", folder.path, file.path),
                        line,
                        column,
                        severity: Severity::Warning,
                        text,
                    });
                    continue;
                }
            };
            for note in reading.notes.iter().filter(|n| n.weight >= Weight::Problem) {
                report.problems.push(Problem {
                    place: format!("{}/{}", folder.path, file.path),
                    line: note.line,
                    column: 0,
                    severity: Severity::Warning,
                    text: note.text.clone(),
                });
            }
            carry(&mut reading, opened, names);
            put(store, &origin, &file.path, stamp, &hash, &bytes, &reading, folder, moment.now, touched)?;
        }
        for document in &gone {
            report.removed += 1;
            store.remove_document(document.id, touched)?;
        }
        Ok(())
    })
}

#[expect(clippy::too_many_arguments, reason = "a document is many things at once")]
fn put(
    store: &mut Store,
    origin: &str,
    path: &str,
    stamp: Stamp,
    hash: &str,
    bytes: &[u8],
    reading: &Post,
    folder: &PostsFolder,
    now: DateTime<Utc>,
    touched: &mut Touched,
) -> Result<(), RunError> {
    let (items, waits_until) = visible(reading, folder, now);
    let light = Post { entries: Vec::new(), ..reading.clone() };
    let json = serde_json::to_string(&light).unwrap_or_else(|_| "{}".to_owned());
    let document = NewDocument { origin, path, stamp, hash, raw: bytes, reading: &json, waits_until, items };
    Ok(store.put_document(&document, touched)?)
}

/// Reads a post. A fault of this program in one post must not take the others with it.
pub(super) fn read_post(bytes: &[u8], path: &str, context: post::Context<'_>) -> Result<Post, post::PostError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| post::read(bytes, path, context))).unwrap_or_else(|_| {
        let problem = "feedloom failed on this post: please report it with the file".to_owned();
        Err(post::PostError { line: 1, column: 1, problem })
    })
}

/// Tells a digest the projects of its items, where feeds of projects carry digests.
fn carry(post: &mut Post, opened: &Opened, names: &Names) {
    let site = &opened.site;
    let wanted = site.output.digests == Digests::All || site.projects.iter().any(|p| p.kinds.contains(&Kind::Digest));
    if !post.digest || !wanted {
        return;
    }
    let classifier = Classifier::new(&site.projects, names);
    let items = post.entries.iter().skip(1);
    let slugs: BTreeSet<Slug> = items.flat_map(|r| classifier.classify(&[r], &[], None)).map(|m| m.slug).collect();
    if let Some(whole) = post.entries.first_mut() {
        whole.carries = slugs.into_iter().collect();
    }
}

/// The raw entries that may be published now, and when the others may.
fn visible<'p>(post: &'p Post, folder: &PostsFolder, now: DateTime<Utc>) -> (&'p [RawEntry], Option<DateTime<Utc>>) {
    if post.draft && !folder.drafts {
        return (&[], None);
    }
    match post.date {
        Some(date) if date > now => (&[], Some(date)),
        _ => (&post.entries, None),
    }
}

/// Folders that left the configuration take their posts with them.
fn drop_old_origins(
    opened: &Opened,
    store: &mut Store,
    touched: &mut Touched,
    report: &mut Report,
) -> Result<(), RunError> {
    let current: Vec<String> = opened.site.posts.iter().map(origin).collect();
    for old in store.origins()?.into_iter().filter(|o| o.starts_with("posts:") && !current.contains(o)) {
        let documents = store.documents(&old)?;
        store.transaction(|store| -> Result<(), RunError> {
            for document in documents.values() {
                report.removed += 1;
                store.remove_document(document.id, touched)?;
            }
            Ok(())
        })?;
    }
    Ok(())
}

/// Reads the ledger into the store, when it is not the one the store knows; comes
/// back with the start of ids. A site without a ledger gets one.
fn open_ledger(opened: &Opened, store: &mut Store, now: DateTime<Utc>) -> Result<String, RunError> {
    let path = opened.state().join("ledger.jsonl");
    let look = files::look(&opened.state(), "ledger.jsonl").map(|(size, modified)| format!("{size} {modified}"));
    let known = store.meta("ledger")?;
    if look.is_some()
        && look == known
        && let Some(base) = store.meta("id_base")?
    {
        return Ok(opened.site.id_base.clone().unwrap_or(base));
    }
    let host = opened.site.url.host_str().unwrap_or("localhost");
    let fresh = || opened.site.id_base.clone().unwrap_or_else(|| format!("tag:{host},{}:", now.year()));
    let base = match files::read_if_there(&path)? {
        None => {
            // The ledger was lost, but the store still knows what it said.
            let base = store.meta("id_base")?.unwrap_or_else(fresh);
            store.set_meta("id_base", &base)?;
            base
        }
        Some(text) => {
            let ledger = ledger::parse(&text).map_err(|source| RunError::Ledger { path, source })?;
            store.transaction(|store| -> Result<(), RunError> {
                store.forget_memories()?;
                for row in &ledger.rows {
                    store.remember(row)?;
                }
                store.set_meta("id_base", &ledger.id_base)?;
                store.set_meta("ledger", &look.unwrap_or_default())?;
                // Derived entries carry ids and dates of another ledger.
                store.set_meta("rules", "")?;
                Ok(())
            })?;
            ledger.id_base
        }
    };
    Ok(opened.site.id_base.clone().unwrap_or(base))
}

/// Writes the ledger, before anything is published that it does not know.
fn write_ledger(opened: &Opened, store: &mut Store, base: &str) -> Result<(), RunError> {
    let mut text = ledger::head(base);
    store.memories(|row| text.push_str(&ledger::line(&row)))?;
    let path = opened.state().join("ledger.jsonl");
    if files::read_if_there(&path)?.as_deref() != Some(text.as_str()) {
        files::replace(&path, text.as_bytes())?;
    }
    if let Some((size, modified)) = files::look(&opened.state(), "ledger.jsonl") {
        store.set_meta("ledger", &format!("{size} {modified}"))?;
    }
    Ok(())
}

/// Derives the entries that the change touched. Feeds that win or lose one come back in `feeds`.
fn derive(
    opened: &Opened,
    names: &Names,
    moment: Moment,
    store: &mut Store,
    base: &str,
    touched: &Touched,
    feeds: &mut BTreeSet<String>,
) -> Result<usize, RunError> {
    let site = &opened.site;
    let classifier = Classifier::new(&site.projects, names);
    let overrides = Overrides::new(opened);
    store.transaction(|store| -> Result<usize, RunError> {
        let context = normalize::Context {
            id_base: base,
            now: moment.now,
            zone: site.timezone,
            language: site.language.as_deref(),
        };
        let groups = store.groups(touched)?;
        store.remove_entries(&groups.old_entries, feeds)?;
        let mut derived = 0;
        let mut minted = BTreeSet::new();
        // The first run of a site has nothing to look up.
        let known = store.remembers_anything()?;
        for ids in &groups.items {
            let all = store.items(ids)?;
            for items in apart(&all) {
                let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
                let id = identify(store, &raws, base, known, &mut minted)?;
                let own = overrides.of(Some(&id), &raws);
                if own.iter().any(|o| o.hide) {
                    continue;
                }
                let memory = remember(store, &id, &raws, known, moment.now)?;
                let projects = classifier.classify(&raws, &own, Some(&id));
                let entry = normalize::entry(&raws, id, projects, &own, &memory, context);
                let main = normalize::principal(&raws);
                let rich = normalize::richest(&raws, main);
                let content = items.iter().find(|i| std::ptr::eq(&raw const i.raw, rich)).map_or(ids[0], |i| i.id);
                let carried = merge::feeds_of(&entry, site);
                feeds.extend(carried.iter().cloned());
                let items = items.iter().map(|i| i.id).collect();
                store.put_entry(&Derived { entry, content, items, feeds: carried })?;
                derived += 1;
            }
        }
        Ok(derived)
    })
}

/// Two posts stay two entries, though they have one address or mention one article:
/// each is a group of its own, and what only mentions goes with the first.
fn apart(items: &[Item]) -> Vec<Vec<&Item>> {
    let is_post = |i: &Item| matches!(i.raw.kind, Kind::Post | Kind::Digest);
    let place = |i: &Item| i.raw.mention.as_ref().map(|m| (m.folder.clone(), m.post.clone()));
    let mut posts: Vec<&Item> = items.iter().filter(|i| is_post(i)).collect();
    posts.sort_by_key(|i| place(i));
    // One name in two languages is one post, translated; else it is two posts.
    posts.dedup_by(|b, a| a.raw.keys[0] == b.raw.keys[0] && a.raw.language != b.raw.language);
    if posts.len() < 2 {
        return vec![items.iter().collect()];
    }
    let home = |item: &Item| {
        let own = posts.iter().position(|p| p.raw.keys[0] == item.raw.keys[0]);
        own.or_else(|| posts.iter().position(|p| p.raw.keys.iter().any(|k| item.raw.keys.contains(k)))).unwrap_or(0)
    };
    let mut groups: Vec<Vec<&Item>> = vec![Vec::new(); posts.len()];
    for item in items {
        groups[home(item)].push(item);
    }
    groups
}

/// The id of a group: the one a key of it had before, else the one it mints.
/// No two groups have one id, though they may have shared keys in the past.
fn identify(
    store: &Store,
    raws: &[&RawEntry],
    base: &str,
    known: bool,
    taken: &mut BTreeSet<EntryId>,
) -> Result<EntryId, RunError> {
    let main = normalize::principal(raws);
    let others = raws.iter().filter(|r| !std::ptr::eq(**r, main)).flat_map(|r| &r.keys);
    let mut candidates: Vec<EntryId> = Vec::new();
    for key in main.keys.iter().chain(others).filter(|k| known && !k.starts_with("title:")) {
        candidates.extend(store.id_of_key(key)?);
    }
    candidates.push(normalize::mint(raws, base));
    candidates.push(normalize::mint_second(raws, base));
    for id in candidates {
        let is_taken = taken.contains(&id) || known && store.has_entry(&id)?;
        if !is_taken {
            taken.insert(id.clone());
            return Ok(id);
        }
    }
    // A third post of one name and folder cannot be; its link tells it apart all the same.
    Ok(EntryId::mint(base, main.kind, &format!("{}|{}", main.keys[0], main.link.as_deref().unwrap_or(""))))
}

fn remember(
    store: &Store,
    id: &EntryId,
    raws: &[&RawEntry],
    looked: bool,
    now: DateTime<Utc>,
) -> Result<Memory, RunError> {
    let main = normalize::principal(raws);
    let hash = normalize::text_hash(raws);
    let mut keys: Vec<String> = main.keys.clone();
    keys.extend(raws.iter().flat_map(|r| r.keys.iter().cloned()));
    keys.retain(|k| !k.starts_with("title:"));
    let known = if looked { store.memory(id)? } else { None };
    let memory = match &known {
        Some(known) if known.text_hash == hash => known.clone(),
        Some(known) => Memory { text_hash: hash, changed: Some(now), first_seen: known.first_seen },
        None => Memory { first_seen: now, text_hash: hash, changed: None },
    };
    let mut old = if looked { store.keys_of(id)? } else { Vec::new() };
    let new: Vec<String> = keys.into_iter().filter(|k| !old.contains(k)).collect();
    if known.as_ref() != Some(&memory) || !new.is_empty() {
        for key in new {
            if !old.contains(&key) {
                old.push(key);
            }
        }
        let Memory { first_seen, text_hash, changed } = memory.clone();
        store.remember(&Row { id: id.to_string(), keys: old, seen: first_seen, hash: text_hash, changed })?;
    }
    Ok(memory)
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
}
