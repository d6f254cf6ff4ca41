//! Joins the server with the site: what it serves, who answers its questions, when it is
//! refreshed.
//!
//! Three threads beside the one that answers requests: a desk that reads the store, one
//! that refreshes when that is wanted, and the system's own for files. The list of files
//! is looked at again as soon as the store has changed, by this process or another.

mod desk;

use std::collections::HashSet;
use std::net::SocketAddr;
use std::panic::{self, AssertUnwindSafe};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::watch;

use super::fetching::Asking;
use super::refresh::Report;
use super::{Moment, Opened, RunError};
use crate::config::{FeedFormat, Site};
use crate::files;
use crate::merge;
use crate::server::metrics::Metrics;
use crate::server::shelf::{Listed, Shelf};
use crate::server::{self, Ask, Limits, Question, Server};

/// How often it is looked whether the store has changed.
const LOOK: Duration = Duration::from_millis(200);

/// How often the files are looked at, however the store looks: people change files, too.
const LOOK_AT_FILES: Duration = Duration::from_secs(5);

/// Bytes of files that are held, packed forms included.
const HELD_BYTES: usize = 14 << 20;

/// Questions that may wait.
const WAITING: usize = 32;

/// A refresh that is under way when the server stops has this long.
const STOP: Duration = Duration::from_secs(4);

/// How to serve.
#[derive(Debug, Clone)]
pub struct Serving {
    /// Where.
    pub listen: SocketAddr,
    /// Where the numbers are told.
    pub metrics: Option<SocketAddr>,
    /// Refresh so often.
    pub every: Option<Duration>,
    /// How a refresh asks.
    pub asking: Asking,
    /// File descriptors there may be, when it is known.
    pub open_files: Option<usize>,
    /// Tells the time.
    pub clock: fn() -> DateTime<Utc>,
}

/// Why a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// Somebody at the terminal wanted it (SIGINT).
    Interrupted,
    /// The system wanted it (SIGTERM).
    Terminated,
}

/// What a server tells while it runs.
#[derive(Debug)]
pub enum Event {
    /// It listens.
    Listening {
        /// Where.
        address: SocketAddr,
        /// Where the numbers are told.
        metrics: Option<SocketAddr>,
    },
    /// A refresh ended.
    Refreshed(Result<Report, RunError>),
    /// A refresh broke off by a mistake of ours, whose message has been printed.
    Broken,
}

/// Told of what happens.
pub type Tell = Arc<dyn Fn(Event) + Send + Sync>;

/// Serves until it is stopped by a signal.
///
/// # Errors
/// [`RunError::Listen`] when an address is taken; afterwards nothing ends it.
pub fn serve(opened: &Opened, serving: &Serving, tell: &Tell) -> Result<Stopped, RunError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        // One packs and lists files. More would be faster for the first who ask, and each
        // has memory of its own that it does not give back.
        .max_blocking_threads(1)
        .build()
        .map_err(|source| RunError::Listen { address: serving.listen, source })?;
    let stopped = runtime.block_on(run(opened, serving, tell));
    // What still runs elsewhere is sound wherever it is cut.
    runtime.shutdown_background();
    stopped
}

async fn run(opened: &Opened, serving: &Serving, tell: &Tell) -> Result<Stopped, RunError> {
    let bind = |address| server::listen(address).map_err(|source| RunError::Listen { address, source });
    let (listener, address) = bind(serving.listen)?;
    let numbers = serving.metrics.map(bind).transpose()?;
    let metrics = Arc::new(Metrics::default());
    let root = opened.output();
    let read_root = root.clone();
    let read = move |path: &str| files::read_published(&read_root, path);
    let site = opened.site.clone();
    let names: HashSet<String> = merge::paths(&site).into_iter().collect();
    let links = move |path: &str| links(path, &names, &site);
    let shelf = Arc::new(Shelf::new(Box::new(read), Box::new(links), HELD_BYTES));
    shelf.replace(list(&root));
    let (questions, desk_questions) = mpsc::sync_channel::<Question>(WAITING);
    let ask: Ask = Box::new(move |question| {
        questions.try_send(question).map_err(|e| match e {
            mpsc::TrySendError::Full(q) | mpsc::TrySendError::Disconnected(q) => q,
        })
    });
    let prefix = opened.site.url.path().to_owned();
    let limits = limits(serving.open_files);
    let server = Arc::new(Server::new(Arc::clone(&shelf), Arc::clone(&metrics), prefix, Some(ask), limits));
    let changed = Arc::new(AtomicBool::new(true));
    let (stop, stopping) = watch::channel(false);

    let (folder, desk_changed) = (opened.folder.clone(), Arc::clone(&changed));
    let forget = Arc::clone(&server);
    std::thread::Builder::new()
        .name("desk".to_owned())
        .spawn(move || desk::Desk::new(folder, desk_changed).work(&desk_questions, &|| forget.forget()))
        .map_err(|source| RunError::Listen { address, source })?;
    tokio::spawn(Arc::clone(&server).run(listener, stopping.clone()));
    let numbers_at = numbers.as_ref().map(|(_, at)| *at);
    if let Some((listener, _)) = numbers {
        tokio::spawn(Arc::clone(&server).tell(listener, stopping.clone()));
    }
    tell(Event::Listening { address, metrics: numbers_at });
    tokio::spawn(watch_files(root, opened.state(), Arc::clone(&shelf), Arc::clone(&metrics), changed, serving.clock));
    let (end_refreshing, ended) = refresher(opened, serving, &metrics, tell);

    let stopped = signal().await;
    let started = Instant::now();
    let _ = stop.send(true);
    drop(end_refreshing);
    // Answers under way, and a refresh under way: both have a moment.
    tokio::time::sleep(Duration::from_millis(50)).await;
    while metrics.open.load(Ordering::Relaxed) > 0 && started.elapsed() < limits.stop {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    if let Some(ended) = ended {
        let left = STOP.saturating_sub(started.elapsed());
        let wait = move || ended.recv_timeout(left);
        let _ = tokio::task::spawn_blocking(wait).await;
    }
    Ok(stopped)
}

/// Connections have half of the file descriptors at most: files and the store need some.
fn limits(open_files: Option<usize>) -> Limits {
    let default = Limits::default();
    Limits {
        connections: open_files.map_or(default.connections, |n| (n / 2).clamp(16, default.connections)),
        ..default
    }
}

async fn signal() -> Stopped {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => tokio::select! {
            _ = terminate.recv() => Stopped::Terminated,
            _ = interrupt.recv() => Stopped::Interrupted,
        },
        // Without handlers a signal ends the process as it always does.
        _ => std::future::pending().await,
    }
}

fn list(root: &Path) -> Vec<Listed> {
    files::list_published(root)
        .into_iter()
        .map(|(path, stamp)| Listed {
            path,
            size: stamp.size,
            modified_ns: stamp.modified_ns,
            changed_ns: stamp.changed_ns,
        })
        .collect()
}

/// Puts another list of files in place when they changed.
async fn watch_files(
    root: PathBuf,
    state: PathBuf,
    shelf: Arc<Shelf>,
    metrics: Arc<Metrics>,
    changed: Arc<AtomicBool>,
    clock: fn() -> DateTime<Utc>,
) {
    metrics.published_s.store(clock().timestamp(), Ordering::Relaxed);
    let mut store = None;
    let mut last = Instant::now();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = files::look(&state, "store.sqlite");
        let is_new = now != store;
        if !is_new && last.elapsed() < LOOK_AT_FILES {
            continue;
        }
        store = now;
        last = Instant::now();
        if is_new {
            changed.store(true, Ordering::Release);
        }
        let (root, shelf) = (root.clone(), Arc::clone(&shelf));
        let replaced = tokio::task::spawn_blocking(move || shelf.replace(list(&root))).await;
        if replaced.unwrap_or(false) {
            metrics.published_s.store(clock().timestamp(), Ordering::Relaxed);
        }
    }
}

/// Refreshes now and then, until the sender that comes back is dropped. The receiver is
/// closed when it has ended.
fn refresher(
    opened: &Opened,
    serving: &Serving,
    metrics: &Arc<Metrics>,
    tell: &Tell,
) -> (Option<mpsc::Sender<()>>, Option<mpsc::Receiver<()>>) {
    let Some(every) = serving.every else {
        return (None, None);
    };
    let (end, ending) = mpsc::channel::<()>();
    let (alive, ended) = mpsc::channel::<()>();
    let (folder, serving, metrics, tell) =
        (opened.folder.clone(), serving.clone(), Arc::clone(metrics), Arc::clone(tell));
    let work = move || {
        let _alive = alive;
        loop {
            let started = Instant::now();
            // The configuration may be another one by now.
            let done = unbroken(|| {
                super::open(Some(&folder), &folder).and_then(|opened| {
                    let moment = Moment::at((serving.clock)());
                    super::refresh::refresh(&opened, &serving.asking, moment, &mut |_, _, _| {})
                })
            });
            count(&metrics, done.as_ref(), started.elapsed(), (serving.clock)());
            tell(done.map_or(Event::Broken, Event::Refreshed));
            match ending.recv_timeout(every) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    };
    match std::thread::Builder::new().name("refresh".to_owned()).spawn(work) {
        Ok(_) => (Some(end), Some(ended)),
        Err(_) => (None, None),
    }
}

/// Does a piece of work; none when it panics, which is the end of this piece and of nothing
/// else. What it worked on may be half done: the caller takes care of that.
fn unbroken<T>(work: impl FnOnce() -> T) -> Option<T> {
    panic::catch_unwind(AssertUnwindSafe(work)).ok()
}

/// Counts what came of a refresh; none is one that broke off.
fn count(metrics: &Metrics, done: Option<&Result<Report, RunError>>, took: Duration, now: DateTime<Utc>) {
    match done {
        Some(Ok(report)) => {
            metrics.refreshes[0].fetch_add(1, Ordering::Relaxed);
            metrics.refreshed_s.store(now.timestamp(), Ordering::Relaxed);
            metrics.refresh_ms.store(u64::try_from(took.as_millis()).unwrap_or(u64::MAX), Ordering::Relaxed);
            metrics.problems.store(report.problems.len() as u64, Ordering::Relaxed);
            metrics.sources_failed.store(report.asked.failed as u64, Ordering::Relaxed);
        }
        // Another run is at work: it does the same.
        Some(Err(RunError::Locked(_))) => {}
        Some(Err(_)) | None => {
            metrics.refreshes[1].fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// The `Link` header of a feed that has a hub: the hub, and the feed's own address.
fn links(path: &str, names: &HashSet<String>, site: &Site) -> Option<String> {
    let hub = site.hub.as_ref()?;
    let (name, file) = path.rsplit_once('/')?;
    let format = [FeedFormat::Atom, FeedFormat::Rss, FeedFormat::Json].into_iter().find(|f| f.file_name() == file)?;
    names.get(name)?;
    let own = site.url.join(&format!("{}/{}", merge::current_path(name, site), format.file_name())).ok()?;
    Some(format!("<{hub}>; rel=\"hub\", <{own}>; rel=\"self\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicUsize;

    #[test]
    fn a_refresh_that_breaks_off_is_not_the_last_one() {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        let clock = || {
            assert!(CALLS.fetch_add(1, Ordering::Relaxed) > 0, "a mistake of ours");
            DateTime::from_timestamp(1_800_000_000, 0).unwrap()
        };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("feedloom.yaml"), "url: https://feeds.example.org/\n").unwrap();
        let opened = crate::run::open(Some(folder.path()), folder.path()).unwrap();
        let serving = Serving {
            listen: ([127, 0, 0, 1], 0).into(),
            metrics: None,
            every: Some(Duration::from_millis(10)),
            asking: Asking { offline: true, ..Asking::default() },
            open_files: None,
            clock,
        };
        let metrics = Arc::new(Metrics::default());
        let (told, events) = mpsc::channel();
        let tell: Tell = Arc::new(move |event| drop(told.send(event)));
        let (_end, _ended) = refresher(&opened, &serving, &metrics, &tell);
        let next = || events.recv_timeout(Duration::from_secs(20)).unwrap();
        assert!(matches!(next(), Event::Broken));
        assert!(matches!(next(), Event::Refreshed(Ok(_))));
        assert_eq!(metrics.refreshes[1].load(Ordering::Relaxed), 1, "it counts as one that failed");
    }
}
