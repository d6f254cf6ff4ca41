//! The main job: read what changed, derive what that touches, write what it concerns.

use std::collections::HashSet;
use std::time::Instant;

use super::articles::{self, Asked as AskedPages};
use super::book::Book;
use super::build::{self, Built};
use super::derive::{self, Departed, Move, What, Work};
use super::fetching::Asking;
use super::health::{self, Ledgered};
use super::pictures::{self, Asked as AskedPictures};
use super::posts::{Posts, Seen, Watch, origin};
use super::sources::{self, Asked};
use super::visits::Clock;
use super::{Moment, Opened, Problem, RunError, advice, websub};
use crate::config::{FeedFormat, PostsFolder};
use crate::files;
use crate::ledger::Ledger;
use crate::merge;
use crate::names::Names;
use crate::store::{Store, StoreError, Touched};

/// Derived results of another version of the rules are not trusted.
const RULES: &str = concat!(env!("CARGO_PKG_VERSION"), "-17");

/// Under which name the store remembers posts that could not be read.
const UNREAD: &str = "unread";

/// What a refresh did.
#[derive(Debug, Default)]
pub struct Report {
    /// Sources that were asked, and what came of it.
    pub asked: Asked,
    /// Linked pages that were asked for, and what came of it.
    pub pages: AskedPages,
    /// Pictures that were asked for, and what came of it.
    pub pictures: AskedPictures,
    /// Posts there are.
    pub posts: usize,
    /// Posts that were read anew.
    pub read: usize,
    /// Digests among those.
    pub digests: usize,
    /// Posts that went.
    pub removed: usize,
    /// Posts that are not there, or cannot be read.
    pub(super) absent: Box<Absent>,
    /// Entries that were derived.
    pub derived: usize,
    /// What was written.
    pub built: Built,
    /// What there is to tell.
    pub problems: Vec<Problem>,
    /// In a dry run: what would enter and leave each feed.
    pub moves: Vec<Move>,
}

/// Posts that are not there, or cannot be read.
#[derive(Debug, Default)]
pub(super) struct Absent {
    /// Files and folders of posts that could not be read, below their folder of posts: what
    /// they said stays.
    pub(super) unread: Vec<String>,
    /// What the posts said that went.
    pub(super) departed: Vec<Departed>,
}

/// Told of progress: what is being done, how far, of how many. Behind a colon stands
/// what is to be seen besides: `asking sources: 1.2 MB, host`.
pub type Progress<'a> = dyn FnMut(&str, usize, usize) + 'a;

/// A site that something else made stays: `public` is the folder of several generators.
/// Nobody's is a folder that feeds were published in.
fn refuse_foreign(opened: &Opened, store: Option<&Store>) -> Result<(), RunError> {
    let dir = opened.output();
    let front = dir.join("index.html");
    let is_new_here = match store {
        _ if !opened.site.pages => false,
        Some(store) => build::moved_from(store, opened)?.is_some(),
        None => !opened.state().join("ledger.jsonl").exists(),
    };
    let has_feeds = || {
        [FeedFormat::Atom, FeedFormat::Rss, FeedFormat::Json]
            .iter()
            .any(|format| dir.join("all").join(format.file_name()).is_file())
    };
    let foreign = |page: String| !page.contains("Feedloom");
    if is_new_here && !has_feeds() && files::read_if_there(&front)?.is_some_and(foreign) {
        return Err(RunError::Foreign(front));
    }
    Ok(())
}

/// Refreshes the site.
///
/// # Errors
/// [`RunError`] when the run could not do its work; a broken post is no error.
pub fn refresh(
    opened: &Opened,
    asking: &Asking,
    moment: Moment,
    progress: &mut Progress<'_>,
) -> Result<Report, RunError> {
    let state = opened.state();
    let Some(_lock) = files::lock(&state)? else {
        return Err(RunError::Locked(state));
    };
    let done = match refresh_locked(opened, asking, moment, progress) {
        // Damage deep in the file shows when the page is read. Everything can be read again.
        Err(RunError::Store(StoreError::Damaged { path, reason })) => {
            let aside = super::set_aside(&path)?;
            let mut report = refresh_locked(opened, asking, moment, progress)?;
            let text = format!("damaged ({reason}): set aside as {} and begun anew", aside.display());
            report.problems.insert(0, Problem::warning(path.display().to_string(), 0, text));
            Ok(report)
        }
        other => other,
    };
    let mut report = done?;
    if !asking.offline {
        websub::tell(opened, moment, &mut report.problems)?;
    }
    Ok(report)
}

fn refresh_locked(
    opened: &Opened,
    asking: &Asking,
    moment: Moment,
    progress: &mut Progress<'_>,
) -> Result<Report, RunError> {
    let mut report = Report { problems: advice::warnings(opened), ..Report::default() };
    let begun = Instant::now();
    let rules = articles::rules(opened)?;
    let is_new = !opened.state().join("store.sqlite").exists();
    if is_new {
        refuse_foreign(opened, None)?;
    }
    let mut store = if moment.dry_run && is_new { Store::in_memory()? } else { opened.store(&mut report.problems)? };
    refuse_foreign(opened, Some(&store))?;
    let mut book = Book::open(opened, &store)?;
    if !moment.dry_run {
        let lines = health::lines_before(opened, &store, &mut book, moment.now)?;
        report.asked = sources::read(opened, asking, moment, &mut store, &lines, &mut report.problems, progress)?;
        articles::read_saved(opened, &rules, moment, &mut store, &mut report.problems)?;
    }
    let asked = Instant::now();
    moment.interrupt.check()?;
    let mut run = Run::of(opened, moment, store, book, report)?;
    run.read_and_settle(opened, moment, progress, None)?;
    if moment.dry_run || asking.offline || !opened.site.articles.fetch {
        return Ok(run.report);
    }
    moment.interrupt.check()?;
    // What is known of the links is published; now their pages, with what time is left.
    let whole = asking.deadline.unwrap_or(opened.site.fetch.deadline);
    let clock = Clock { left: whole.saturating_sub(begun.elapsed()), since_others: asked.elapsed() };
    let Run { store, report, .. } = &mut run;
    report.pages = articles::read(opened, &rules, asking, clock, moment, store, &mut report.problems, progress)?;
    moment.interrupt.check()?;
    let asked = if run.report.pages.pages > 0 { Instant::now() } else { asked };
    if run.report.pages.read > 0 {
        run.settle_again(opened, moment, progress)?;
    }
    // What entries say is published; now the pictures in them.
    let clock = Clock { left: whole.saturating_sub(begun.elapsed()), since_others: asked.elapsed() };
    let Run { store, report, .. } = &mut run;
    report.pictures = pictures::read(opened, asking, clock, moment, store, &mut report.problems, progress)?;
    moment.interrupt.check()?;
    if run.report.pictures.kept > 0 {
        run.settle_again(opened, moment, progress)?;
    }
    Ok(run.report)
}

/// What a refresh from nothing but posts and ledger would do. Writes nothing.
/// Every file that is read is told to `watch`.
pub(super) fn rehearse(opened: &Opened, moment: Moment, watch: &mut Watch<'_>) -> Result<Report, RunError> {
    let store = Store::in_memory()?;
    let moment = Moment { dry_run: true, ..moment };
    let book = Book::open(opened, &store)?;
    let mut run = Run::of(opened, moment, store, book, Report::default())?;
    run.read_and_settle(opened, moment, &mut |_, _, _| {}, Some(watch))?;
    Ok(run.report)
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
    let mut report = Report { problems: advice::warnings(opened), ..Report::default() };
    let store = opened.store(&mut report.problems)?;
    refuse_foreign(opened, Some(&store))?;
    let book = Book::open(opened, &store)?;
    let mut run = Run::of(opened, moment, store, book, report)?;
    let names = Names::new(&opened.site.projects);
    if run.store.origins()?.is_empty() && !opened.site.posts.is_empty() {
        return Err(RunError::Empty(state));
    }
    let Run { store, book, rules, same_rules, report } = &mut run;
    let done = store.transaction(|store| -> Result<(), Stop> {
        let mut touched = Touched::default();
        report.absent.unread = build::remembered(store, UNREAD)?.unwrap_or_default();
        if !*same_rules {
            let mut posts = Posts::new(opened, &names, moment, store, book)?.of_store()?;
            for folder in &opened.site.posts {
                posts.reread(folder, &mut touched, report)?;
            }
            posts.settle_leads(&mut touched, report)?;
            drop_old_origins(opened, store, &mut touched, report)?;
            articles::derive_again(opened, store, &mut touched)?;
        }
        for folder in &opened.site.posts {
            report.posts += store.documents(&origin(folder))?.len();
        }
        let what = if *same_rules && book.is_known { What::Touched(touched) } else { What::All(touched) };
        settle(opened, &names, moment, store, book, what, rules, report)?;
        Ok(build::everything(store)?)
    });
    run.finish(opened, moment, done, progress)?;
    websub::tell(opened, moment, &mut run.report.problems)?;
    Ok(run.report)
}

/// A run under way.
struct Run {
    store: Store,
    book: Book,
    rules: String,
    /// The store was filled and derived with the rules of now.
    same_rules: bool,
    report: Report,
}

/// Why a transaction ends without being kept.
enum Stop {
    Failed(RunError),
    /// It was a dry run: all is known that was to be told.
    Rehearsed,
}

impl<E: Into<RunError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Run {
    fn of(opened: &Opened, moment: Moment, store: Store, book: Book, report: Report) -> Result<Self, RunError> {
        let rules = format!("{RULES} {}", opened.site.fingerprint);
        let same_rules = store.meta("rules")?.as_deref() == Some(rules.as_str());
        // A start of ids that is written down is compared before anything is read.
        let mut run = Self { store, book, rules, same_rules, report };
        if !same_rules && opened.site.id_base.is_none() {
            let ledger = run.book.ledger(opened, &run.store, moment.now)?;
            if let Some(base) = advice::real_base(&ledger.id_base, &opened.site.url) {
                ledger.change_base(&base);
            }
        }
        if let Some(base) = &opened.site.id_base
            && !same_rules
        {
            let ledger = run.book.ledger(opened, &run.store, moment.now)?;
            let emitted = ledger.summary().emitted;
            if ledger.id_base != *base {
                if emitted > 0 && !moment.change_ids {
                    return Err(RunError::IdBase { ledger: ledger.id_base.clone(), emitted });
                }
                ledger.change_base(base);
            }
        }
        Ok(run)
    }

    /// Reads what changed and derives what that touches, in one transaction: a run that is
    /// killed leaves everything as it was known before.
    fn read_and_settle(
        &mut self,
        opened: &Opened,
        moment: Moment,
        progress: &mut Progress<'_>,
        mut watch: Option<&mut Watch<'_>>,
    ) -> Result<(), RunError> {
        let names = Names::new(&opened.site.projects);
        let Self { store, book, rules, same_rules, report } = &mut *self;
        let done = store.transaction(|store| -> Result<(), Stop> {
            let mut touched = Touched::default();
            let mut tell = |folder: &PostsFolder, seen: Seen<'_>| {
                if let Some(watch) = &mut watch {
                    watch(folder, seen);
                }
            };
            let mut posts = Posts::new(opened, &names, moment, store, book)?.watched(&mut tell);
            let told = report.problems.len();
            for folder in &opened.site.posts {
                posts.read(folder, *same_rules, &mut touched, report, progress)?;
            }
            posts.settle_leads(&mut touched, report)?;
            // A build that reads no posts needs to know of them, too.
            if build::remembered::<Vec<String>>(store, UNREAD)?.unwrap_or_default() != report.absent.unread {
                build::remember(store, UNREAD, &report.absent.unread)?;
            }
            // In the order in which `check` tells them.
            report.problems[told..].sort_by(|a, b| (&a.place, a.line, a.column).cmp(&(&b.place, b.line, b.column)));
            drop_old_origins(opened, store, &mut touched, report)?;
            if !*same_rules {
                articles::derive_again(opened, store, &mut touched)?;
            }
            store.take_dirty(&mut touched)?;
            let what = if *same_rules && book.is_known { What::Touched(touched) } else { What::All(touched) };
            settle(opened, &names, moment, store, book, what, rules, report)
        });
        self.finish(opened, moment, done, progress)
    }

    /// Derives and publishes what came in since the posts were settled.
    fn settle_again(&mut self, opened: &Opened, moment: Moment, progress: &mut Progress<'_>) -> Result<(), RunError> {
        let names = Names::new(&opened.site.projects);
        let Self { store, book, rules, report, .. } = &mut *self;
        let (derived, told) = (std::mem::take(&mut report.derived), report.problems.len());
        let done = store.transaction(|store| -> Result<(), Stop> {
            let mut touched = Touched::default();
            store.take_dirty(&mut touched)?;
            settle(opened, &names, moment, store, book, What::Touched(touched), rules, report)
        });
        self.report.derived += derived;
        self.finish(opened, moment, done, progress)?;
        // What was told of the first settling is not told twice.
        let again = self.report.problems.split_off(told);
        let new: Vec<Problem> = again.into_iter().filter(|p| !self.report.problems.contains(p)).collect();
        self.report.problems.extend(new);
        Ok(())
    }

    /// Publishes what a transaction made necessary.
    fn finish(
        &mut self,
        opened: &Opened,
        moment: Moment,
        done: Result<(), Stop>,
        progress: &mut Progress<'_>,
    ) -> Result<(), RunError> {
        match done {
            Ok(()) if moment.dry_run => {}
            Ok(()) => {
                let Self { store, book, report, .. } = self;
                let built = build::build(opened, store, book, moment, &mut report.problems, progress)?;
                report.built = Built {
                    feeds: built.feeds,
                    written: report.built.written + built.written,
                    deleted: report.built.deleted + built.deleted,
                };
            }
            Err(Stop::Rehearsed) => {}
            Err(Stop::Failed(error)) => return Err(error),
        }
        Ok(())
    }
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
) -> Result<(), Stop> {
    let everything = matches!(what, What::All(_));
    let sources = if moment.dry_run {
        Ledgered::Same
    } else {
        health::update(opened, store, book, moment, &mut report.problems)?
    };
    if matches!(&what, What::Touched(touched) if touched.is_empty()) {
        if sources == Ledgered::Changed {
            book.save(opened, store)?;
        }
        return if moment.dry_run { Err(Stop::Rehearsed) } else { Ok(()) };
    }
    let ledger = book.ledger(opened, store, moment.now)?;
    projects_gone(opened, ledger, moment)?;
    let (kept, departed) = (report.absent.unread.as_slice(), report.absent.departed.as_slice());
    let unread_is_stored = moment.dry_run && files::look(&opened.state(), "store.sqlite").is_some();
    let mut work = Work { opened, names, moment, store, ledger, kept, unread_is_stored, departed };
    let done = derive::derive(&mut work, what)?;
    report.derived = done.derived;
    report.problems.extend(done.problems);
    if moment.dry_run {
        report.moves = done.moves;
        return Err(Stop::Rehearsed);
    }
    build::hold_back(store, ledger, &done.shrunk, moment)?;
    book.save(opened, store)?;
    if everything {
        build::everything(store)?;
        store.set_meta("rules", rules)?;
        return Ok(());
    }
    Ok(build::also(store, opened, done.changed)?)
}

/// People subscribe to addresses: a project whose file is gone leaves them with nothing.
pub(super) fn projects_gone(opened: &Opened, ledger: &mut Ledger, moment: Moment) -> Result<(), RunError> {
    let homes: HashSet<String> =
        merge::paths(&opened.site).iter().map(|p| merge::Path::of(p).home.to_owned()).collect();
    let is_there = |feed: &str| homes.contains(merge::Path::of(feed).home);
    let mut gone: Vec<String> =
        ledger.summary().feeds.iter().filter(|f| !is_there(f)).map(|f| merge::Path::of(f).home.to_owned()).collect();
    gone.sort_unstable();
    gone.dedup();
    if gone.is_empty() {
        return Ok(());
    }
    if !moment.accept_removals {
        return Err(RunError::ProjectsGone(gone));
    }
    ledger.forget_feed(is_there);
    Ok(())
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
