//! The runs: the only module that joins stages and IO. The clock is read by the
//! caller, once, and comes in as a value.
//!
//! [`refresh`] reads what changed, derives what that touches and writes the feeds
//! it concerns; [`build`] writes from the store alone; [`check`] looks without
//! writing; [`query`] answers questions; [`serve`] serves what was published and answers
//! them over HTTP.

mod advice;
mod archives;
pub mod articles;
mod book;
pub mod build;
pub mod check;
pub mod derive;
pub mod fetching;
pub mod health;
pub mod init;
pub mod inspect;
mod library;
mod manners;
pub mod pages;
pub mod pictures;
mod posts;
pub mod query;
pub mod refresh;
pub mod search;
pub mod serve;
pub mod sources;
mod visits;
mod websub;

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use crate::config::{self, ConfigError, PostsFolder, Site};
use crate::files::{self, FileError};
use crate::names::Names;
use crate::normalize::address::{self, Hosts};
use crate::output::html::TemplateError;
use crate::source::post;
use crate::store::{Store, StoreError};

/// Fewer things than these are done before another thread has begun and has its memory.
const WORTH_THREADS: usize = 64;

/// More workers than these would hold more in memory at once than they save time.
const MOST_WORKERS: usize = 8;

/// What `work` makes of each of `items`, in their order: on all cores, since it needs nothing
/// but its item. A panic in it is one here.
///
/// Items are lent: a thread that let go of what another one made would wait for that one's memory.
fn on_all_cores<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from).min(MOST_WORKERS);
    if workers == 1 || items.len() < WORTH_THREADS {
        return items.iter().map(work).collect();
    }
    let share = items.len().div_ceil(workers);
    let work = &work;
    std::thread::scope(|scope| {
        let running: Vec<_> =
            items.chunks(share).map(|part| scope.spawn(move || part.iter().map(work).collect::<Vec<R>>())).collect();
        let done = running.into_iter().map(|r| r.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
        done.flatten().collect()
    })
}

/// Why a run could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// No `feedloom.yaml` here or above.
    #[error(
        "{}: no feedloom.yaml here or in a folder above: give one with --site; `feedloom init` makes one for a blog", .0.display()
    )]
    NoSite(PathBuf),
    /// No `feedloom.yaml` in the folder that was given.
    #[error("{}: no feedloom.yaml in it: give the folder that has one; `feedloom init` makes one for a blog", .0.display())]
    NotThere(PathBuf),
    /// The configuration has mistakes.
    #[error("{} mistake(s) in the configuration", .0.len())]
    Config(Vec<ConfigError>),
    /// A template has a mistake.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// A file could not be read or written.
    #[error(transparent)]
    File(#[from] FileError),
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The ledger cannot be read.
    #[error("{}: {source}", .path.display())]
    Ledger {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: crate::ledger::LedgerError,
    },
    /// It is not known what changed.
    #[error(transparent)]
    Changed(#[from] files::ChangedError),
    /// The rules for pages of sites have mistakes.
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
    Rules(Vec<crate::source::article::RuleError>),
    /// The network cannot be asked as the configuration has it.
    #[error("fetch: {0}")]
    Fetch(#[source] crate::fetch::client::ClientError),
    /// The server cannot listen there.
    #[error("{address}: cannot listen there: {source}")]
    Listen {
        /// The address.
        address: std::net::SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// Another run holds the lock.
    #[error("{}: another run is at work", .0.display())]
    Locked(PathBuf),
    /// `posts.path` leads nowhere.
    #[error(
        "feedloom.yaml:{}:{}: there is no folder {}: write into `posts` where the posts are, seen from feedloom.yaml{}",
        .place.line, .place.column, .path.display(),
        if *known > 0 { "; `refresh --accept-removals` withdraws the posts that were there" } else { "" }
    )]
    NoPosts {
        /// The folder.
        path: PathBuf,
        /// Where it is named.
        place: crate::yaml::Place,
        /// Posts that were read there before.
        known: usize,
    },
    /// A first run would write over a site that something else made.
    #[error(
        "feedloom.yaml: {} was not written by feedloom: give what is published a folder of its own in `output.dir`, or take that file away", .0.display()
    )]
    Foreign(PathBuf),
    /// There is nothing to build from.
    #[error("{}: nothing is stored yet: run `feedloom refresh` first", .0.display())]
    Empty(PathBuf),
    /// The configuration wants another start of ids than the ledger.
    #[error(
        "{emitted} emitted ids would change: they start with `{ledger}`; write `id_base: \"{ledger}\"` into feedloom.yaml, or let them change with --change-ids"
    )]
    IdBase {
        /// The start in the ledger.
        ledger: String,
        /// How many entries were published.
        emitted: usize,
    },
    /// Projects were published whose file is gone.
    #[error("{}", gone_projects(.0))]
    ProjectsGone(Vec<String>),
    /// Many posts went at once.
    #[error("{}: {gone} of {known} posts are gone: is a folder missing? `--accept-removals` withdraws them", .folder.display())]
    ManyGone {
        /// The folder.
        folder: PathBuf,
        /// Posts that went.
        gone: usize,
        /// Posts that were known.
        known: usize,
    },
    /// Somebody wants the run to end.
    #[error("stopped by signal {0}: what is stored is sound, the next run goes on from here")]
    Interrupted(u8),
}

fn gone_projects(slugs: &[String]) -> String {
    let mut lines = Vec::new();
    for slug in slugs {
        lines.push(format!(
            "feeds/{slug}.yaml is gone, but people subscribe to {slug}/: keep the file and write `ended: YYYY-MM-DD` into it, or write `formerly: [{slug}]` into the file of the project it became; --accept-removals takes the feed away"
        ));
    }
    lines.join("\n")
}

/// How much a problem matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Something was not read or is probably not meant.
    Warning,
    /// Something was held back from publishing.
    Held,
}

/// Something a run has to tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The file or address.
    pub place: String,
    /// Line, from 1; 0 when there is none.
    pub line: usize,
    /// Column, from 1; 0 when there is none.
    pub column: usize,
    /// How much it matters.
    pub severity: Severity,
    /// What it is and what to do.
    pub text: String,
}

impl Problem {
    /// A warning. `line` is 0 when there is none.
    pub fn warning(place: String, line: usize, text: String) -> Self {
        Self { place, line, column: 0, severity: Severity::Warning, text }
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match (self.line, self.column) {
            (0, _) => write!(f, "{}: {}", self.place, self.text),
            (line, 0) => write!(f, "{}:{line}: {}", self.place, self.text),
            (line, column) => write!(f, "{}:{line}:{column}: {}", self.place, self.text),
        }
    }
}

/// A site that was opened: where it is and what people decided.
#[derive(Debug)]
pub struct Opened {
    /// Its folder.
    pub folder: PathBuf,
    /// Its configuration.
    pub site: Site,
    /// Own hosts.
    pub hosts: Hosts,
}

impl Opened {
    /// Where the state is kept.
    pub fn state(&self) -> PathBuf {
        self.folder.join(".feedloom")
    }

    /// Where the posts of `folder` are.
    ///
    /// # Errors
    /// [`RunError::NoPosts`] when there is no such folder.
    pub fn posts(&self, folder: &PostsFolder) -> Result<PathBuf, RunError> {
        let path = self.folder.join(&folder.path);
        if path.is_dir() { Ok(path) } else { Err(RunError::NoPosts { path, place: folder.place, known: 0 }) }
    }

    /// The posts of `folder`, which is at `root`, without those that are excluded.
    ///
    /// # Errors
    /// [`FileError`] when the folder itself cannot be read.
    pub fn list_posts(&self, folder: &PostsFolder, root: &Path) -> Result<files::Listing, FileError> {
        let mut listing = files::list_posts(root)?;
        listing.files.retain(|file| folder.has(&file.path));
        listing.passed_over.retain(|(path, _)| folder.has(path));
        Ok(listing)
    }

    /// What reading a post of `folder` needs to know.
    pub fn context<'a>(&'a self, folder: &'a PostsFolder, names: &'a Names) -> post::Context<'a> {
        post::Context {
            folder,
            zone: self.site.timezone,
            names,
            hosts: &self.hosts,
            site: &self.site.url,
            language: self.site.language.as_deref(),
            date: None,
            others: None,
        }
    }

    /// Where the output goes.
    pub fn output(&self) -> PathBuf {
        self.folder.join(&self.site.output.dir)
    }

    /// Opens the store. A damaged one is set aside and begun anew: everything in
    /// it can be read again.
    ///
    /// # Errors
    /// [`StoreError`] when it is of a newer version or the disk refuses.
    pub fn store(&self, problems: &mut Vec<Problem>) -> Result<Store, RunError> {
        let path = self.state().join("store.sqlite");
        match Store::open(&path) {
            Err(StoreError::Damaged { reason, .. }) => {
                let aside = set_aside(&path)?;
                let text = format!("damaged ({reason}): set aside as {} and begun anew", aside.display());
                problems.push(Problem::warning(path.display().to_string(), 0, text));
                Ok(Store::open(&path)?)
            }
            other => Ok(other?),
        }
    }
}

pub(crate) fn set_aside(path: &Path) -> Result<PathBuf, FileError> {
    let aside = path.with_extension("sqlite.damaged");
    std::fs::rename(path, &aside).map_err(|source| FileError {
        path: path.to_owned(),
        action: "cannot be set aside",
        source,
    })?;
    for suffix in ["-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(suffix);
        let _ = std::fs::remove_file(PathBuf::from(name));
    }
    Ok(aside)
}

/// Opens the site in `folder`, or in the nearest folder above `start`.
///
/// # Errors
/// [`RunError::NoSite`], [`RunError::NotThere`], [`RunError::File`] or [`RunError::Config`] with every mistake.
pub fn open(folder: Option<&Path>, start: &Path) -> Result<Opened, RunError> {
    let folder = match folder {
        Some(folder) if folder.join("feedloom.yaml").is_file() => folder.to_owned(),
        Some(folder) => return Err(RunError::NotThere(folder.to_owned())),
        None => files::find_site(start).ok_or_else(|| RunError::NoSite(start.to_owned()))?,
    };
    let texts = files::read_config(&folder)?;
    let site = config::load(&texts).map_err(RunError::Config)?;
    let hosts = own_hosts(&site);
    Ok(Opened { folder, site, hosts })
}

/// Every own host, and the one that stands for all of its folder.
fn own_hosts(site: &Site) -> Hosts {
    let host_of = |template: &str| {
        let url = url::Url::parse(&template.replace(['{', '}'], "x")).ok()?;
        url.host_str().map(str::to_lowercase)
    };
    let mut hosts = Hosts::new();
    for folder in &site.posts {
        let main = folder.url.as_deref().and_then(host_of);
        let Some(main) = main.or_else(|| folder.hosts.first().cloned()) else {
            continue;
        };
        let main = address::plain_host(&main).to_owned();
        let name = hosts.get(&main).cloned().unwrap_or_else(|| main.clone());
        let of_languages: Vec<String> = folder.languages.values().filter_map(|u| host_of(u)).collect();
        for host in std::iter::once(&main).chain(&folder.hosts).chain(&of_languages) {
            hosts.entry(address::plain_host(host).to_owned()).or_insert_with(|| name.clone());
        }
    }
    hosts
}

impl Moment {
    /// A run that changes nothing that a person did not ask for.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self { now, accept_removals: false, change_ids: false, dry_run: false, interrupt: Interrupt::default() }
    }
}

/// Whether somebody wants the run to end before its time.
#[derive(Debug, Clone, Copy, Default)]
pub struct Interrupt(Option<&'static AtomicUsize>);

impl Interrupt {
    /// By the number of a signal in `flag`; zero while there was none.
    pub fn by(flag: &'static AtomicUsize) -> Self {
        Self(Some(flag))
    }

    /// To be asked wherever a run can end without harm: between two sources, two posts,
    /// two feeds. A transaction that is under way is undone.
    ///
    /// # Errors
    /// [`RunError::Interrupted`] when there was a signal.
    pub fn check(self) -> Result<(), RunError> {
        match self.0.map_or(0, |flag| flag.load(Ordering::SeqCst)) {
            0 => Ok(()),
            signal => Err(RunError::Interrupted(u8::try_from(signal).unwrap_or(u8::MAX))),
        }
    }
}

/// What the run knows of time and urgency.
#[derive(Debug, Clone, Copy)]
pub struct Moment {
    /// The moment of the run.
    pub now: DateTime<Utc>,
    /// Posts that are gone are withdrawn, however many.
    pub accept_removals: bool,
    /// Emitted ids may get another start.
    pub change_ids: bool,
    /// Nothing is written: what would enter and leave each feed is told.
    pub dry_run: bool,
    /// Whether the run shall end.
    pub interrupt: Interrupt,
}
