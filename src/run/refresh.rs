//! The main job: read what changed, derive what that touches, write what it concerns.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::book::Book;
use super::build::{self, Built};
use super::derive::{self, What, Work};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::classify::Classifier;
use crate::config::{Digests, PostsFolder};
use crate::entry::{Kind, RawEntry, Slug};
use crate::files;
use crate::names::Names;
use crate::source::post::{self, Post, Weight};
use crate::store::{Document, NewDocument, Stamp, Store, StoreError, Touched};

/// Derived results of another version of the rules are not trusted.
const RULES: &str = concat!(env!("CARGO_PKG_VERSION"), "-3");

/// A file changed this close to being read may change again within the same
/// timestamp: it is read once more next time.
const RACY_NS: i64 = 2_000_000_000;

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
    let mut book = Book::open(opened, &store)?;
    let names = Names::new(&opened.site.projects);
    let rules = format!("{RULES} {}", opened.site.fingerprint);
    let same_rules = store.meta("rules")?.as_deref() == Some(rules.as_str());
    let mut touched = Touched::default();
    // One transaction: a run that is killed leaves everything as it was known before.
    store.transaction(|store| -> Result<(), RunError> {
        for folder in &opened.site.posts {
            read_folder(opened, folder, &names, moment, same_rules, store, &mut touched, &mut report, progress)?;
        }
        drop_old_origins(opened, store, &mut touched, &mut report)?;
        let what = if same_rules && book.is_known { What::Touched(touched) } else { What::All };
        settle(opened, &names, moment, store, &mut book, what, &rules, &mut report)
    })?;
    report.built = build::build(opened, &mut store, &mut book, moment, &mut report.problems, progress)?;
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
    let mut book = Book::open(opened, &store)?;
    let names = Names::new(&opened.site.projects);
    let rules = format!("{RULES} {}", opened.site.fingerprint);
    if store.origins()?.is_empty() && !opened.site.posts.is_empty() {
        return Err(RunError::Empty(state));
    }
    let same_rules = store.meta("rules")?.as_deref() == Some(rules.as_str());
    store.transaction(|store| -> Result<(), RunError> {
        let mut touched = Touched::default();
        if !same_rules {
            for folder in &opened.site.posts {
                reread(opened, folder, &names, moment, store, &mut touched, &mut report)?;
            }
            drop_old_origins(opened, store, &mut touched, &mut report)?;
        }
        let what = if same_rules && book.is_known { What::Touched(touched) } else { What::All };
        settle(opened, &names, moment, store, &mut book, what, &rules, &mut report)
    })?;
    for folder in &opened.site.posts {
        report.posts += store.documents(&origin(folder))?.len();
    }
    build::everything(&store)?;
    report.built = build::build(opened, &mut store, &mut book, moment, &mut report.problems, progress)?;
    Ok(report)
}

/// Derives what has to be derived, writes the ledger, and notes what is to be published.
#[expect(clippy::too_many_arguments, reason = "the one place where what was read becomes what is published")]
fn settle(
    opened: &Opened,
    names: &Names,
    moment: Moment,
    store: &mut Store,
    book: &mut Book,
    what: What,
    rules: &str,
    report: &mut Report,
) -> Result<(), RunError> {
    let everything = matches!(what, What::All);
    if matches!(&what, What::Touched(touched) if touched.is_empty()) {
        return Ok(());
    }
    let ledger = book.ledger(opened, store, moment.now)?;
    let done = derive::derive(&mut Work { opened, names, moment, store, ledger }, what)?;
    book.save(opened, store)?;
    report.derived = done.derived;
    report.problems.extend(done.problems);
    build::hold_back(store, &done.shrunk, moment)?;
    if everything {
        build::everything(store)?;
        store.set_meta("rules", rules)?;
        return Ok(());
    }
    build::also(store, opened, done.changed)
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
    for document in documents {
        let bytes = store.raw(document.id)?;
        // It was read before; rules do not make a post unreadable.
        let Ok(mut reading) = read_post(&bytes, &document.path, context) else {
            continue;
        };
        carry(&mut reading, opened, names);
        report.read += 1;
        let Document { path, stamp, hash, .. } = &document;
        put(store, &origin, path, *stamp, hash, &bytes, &reading, folder, moment.now, touched)?;
    }
    Ok(())
}

fn origin(folder: &PostsFolder) -> String {
    format!("posts:{}", folder.path)
}

/// Reads what changed in one folder.
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
    let listing = if root.is_dir() {
        files::list_posts(&root)?
    } else if !known.is_empty() {
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
    report.posts += total;
    if changed.is_empty() && gone.is_empty() {
        return Ok(());
    }
    let context = opened.context(folder, names);
    let now_ns = moment.now.timestamp_nanos_opt().unwrap_or(i64::MAX);
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
        for document in documents.values() {
            report.removed += 1;
            store.remove_document(document.id, touched)?;
        }
    }
    Ok(())
}
