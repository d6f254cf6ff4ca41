//! Many requests: jobs go in, and what became of each comes out.
//!
//! ```text
//! let mut fetcher = Fetcher::start(settings, plan, &stop)?;
//! for source in due { fetcher.ask(Job::feed(source.address)); }
//! while let Some(event) = fetcher.next() { ...; fetcher.ask(Job::page(link)); }
//! let summary = fetcher.finish();
//! ```
//!
//! The sockets live on one thread of their own, the caller reads and stores on its own: on
//! two cores both are busy, and a current-thread runtime wakes nobody else for each packet.
//! Bodies wait for the caller within a budget ([`super::body`]); so should the caller drop
//! each before it takes the next.
//!
//! What holds:
//! - Each job ends once. At the deadline, when [`Stop`] is pulled and when the fetcher is
//!   dropped, what is under way is broken off and ends as [`Ended::Unfinished`].
//! - An address is asked for once in a run, however many want it.
//! - A hop and a second try take their place in the host's queue like everything else.

mod driver;

pub(crate) use driver::is_for;

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use chrono::{DateTime, Utc};
use reqwest::header::HeaderMap;
use tokio::sync::{Notify, mpsc as tokio_mpsc};
use url::Url;

use super::Kind;
use super::client::{Client, ClientError, Settings};
use super::error::FetchError;
use super::hosts;
use super::outcome::Outcome;
use super::robots::Robots;
use super::schedule::{Attempt, Failure};
use super::validators::Validators;

/// How a run goes about it.
#[derive(Debug, Clone)]
pub struct Plan {
    /// How hosts are treated.
    pub limits: hosts::Limits,
    /// The run ends after this.
    pub deadline: Duration,
    /// A host that asks for a pause not longer than this is waited for, once.
    pub patience: Duration,
    /// The time when the run begins.
    pub now: DateTime<Utc>,
    /// robots.txt of earlier runs, by its address; what is too old is not used.
    pub robots: HashMap<String, Robots>,
}

impl Plan {
    /// `limits` and `deadline` at `now`, and otherwise the defaults.
    pub fn new(limits: hosts::Limits, deadline: Duration, now: DateTime<Utc>) -> Self {
        Self { limits, deadline, patience: Duration::from_secs(75), now, robots: HashMap::new() }
    }
}

/// Something to fetch.
#[derive(Debug, Clone)]
pub struct Job {
    url: Url,
    kind: Kind,
    robots: RobotsPolicy,
    /// What we have of it.
    pub validators: Validators,
    /// Headers that go to this host, and to no other. Those of
    /// [`crate::config::is_reserved_header`] are left out.
    pub headers: HeaderMap,
    /// How long it took last time: slow ones start first.
    pub expected: Duration,
}

/// Whether robots.txt is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobotsPolicy {
    /// Asked and obeyed.
    Ask,
    /// A person decided about this address or its host.
    Ignore,
}

impl Job {
    /// A feed that somebody subscribed to.
    pub fn feed(url: Url) -> Self {
        Self::new(url, Kind::Feed, RobotsPolicy::Ignore)
    }

    /// A page that is linked somewhere.
    pub fn page(url: Url, robots: RobotsPolicy) -> Self {
        Self::new(url, Kind::Page, robots)
    }

    /// A picture in an entry.
    pub fn picture(url: Url, robots: RobotsPolicy) -> Self {
        Self::new(url, Kind::Picture, robots)
    }

    fn new(mut url: Url, kind: Kind, robots: RobotsPolicy) -> Self {
        url.set_fragment(None);
        Self {
            url,
            kind,
            robots,
            validators: Validators::default(),
            headers: HeaderMap::new(),
            expected: Duration::ZERO,
        }
    }

    /// Its address.
    pub fn url(&self) -> &Url {
        &self.url
    }
}

/// A job of one run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

/// What came of asking for a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// It will end once, under this id.
    New(JobId),
    /// The address was asked for before in this run, under this id.
    Before(JobId),
}

/// Something that happened.
#[derive(Debug)]
pub enum Event {
    /// A job has ended.
    Done(Done),
    /// A robots.txt was read, to be kept for the next runs.
    Robots {
        /// Its address.
        address: String,
        /// What it says.
        robots: Robots,
    },
    /// A host wants a pause, which also holds for the next runs.
    HostPaused {
        /// Its name.
        host: Arc<str>,
        /// Until then.
        until: DateTime<Utc>,
    },
}

/// A job that has ended.
#[derive(Debug)]
pub struct Done {
    /// Which.
    pub id: JobId,
    /// How.
    pub ended: Ended,
    /// How long its requests took.
    pub took: Duration,
}

/// How a job ended.
#[derive(Debug)]
pub enum Ended {
    /// The server answered in a way that means something.
    Answered(Box<Answer>),
    /// Nothing came of it.
    Failed(FetchError),
    /// It was not asked: its host wants a pause.
    HostPaused(DateTime<Utc>),
    /// It was not asked, or not to the end: the run is over.
    Unfinished,
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    /// What it means.
    pub outcome: Outcome,
    /// Where it came from at last: relative addresses in the body start here.
    pub url: Url,
    /// Where permanent redirects led, up to the first that is not.
    pub moved_to: Option<Url>,
}

impl Ended {
    /// What this means for the schedule, where no body has to be read first.
    pub fn attempt(&self) -> Option<Attempt> {
        Some(match self {
            Ended::Answered(answer) => match &answer.outcome {
                Outcome::Fetched { .. } => return None,
                Outcome::NotModified { fresh_for } => {
                    Attempt::Unchanged { fresh_for: *fresh_for, moved_to: answer.moved_to.clone() }
                }
                Outcome::Gone => Attempt::Gone,
                Outcome::Busy { until, scope } => Attempt::Busy { until: *until, scope: *scope },
            },
            Ended::Failed(error) => Attempt::Failed(Failure::from(error)),
            Ended::HostPaused(until) => Attempt::HostPaused(*until),
            Ended::Unfinished => Attempt::Unfinished,
        })
    }
}

/// How far a run is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// Jobs there are.
    pub jobs: usize,
    /// Jobs that have ended.
    pub done: usize,
    /// Of these: with a new body.
    pub fetched: usize,
    /// Of these: unchanged.
    pub unchanged: usize,
    /// Of these: failed, gone or told to wait.
    pub failed: usize,
    /// Of these: left for another run.
    pub postponed: usize,
    /// Requests that were sent, hops and robots.txt included.
    pub requests: usize,
    /// Bytes of bodies, as they came over the wire.
    pub bytes: u64,
    /// Hosts that are being asked, by name.
    pub hosts: Vec<Arc<str>>,
}

/// What happened while waiting.
#[derive(Debug)]
pub enum Waited {
    /// This.
    Event(Event),
    /// Nothing yet.
    Nothing,
    /// All jobs have ended.
    Finished,
}

/// Ends a run before its time. Clones pull the same.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<(AtomicBool, Notify)>);

impl Stop {
    /// Not pulled yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Pulls it. To be called from a thread, not from within a signal handler.
    pub fn stop(&self) {
        self.0.0.store(true, Ordering::SeqCst);
        self.0.1.notify_waiters();
    }

    /// Whether it was pulled.
    pub fn is_stopped(&self) -> bool {
        self.0.0.load(Ordering::SeqCst)
    }

    async fn stopped(&self) {
        loop {
            let notified = self.0.1.notified();
            tokio::pin!(notified);
            // From here on no call is missed; one before shows in the flag.
            notified.as_mut().enable();
            if self.is_stopped() {
                return;
            }
            notified.await;
        }
    }
}

/// What the two threads share.
#[derive(Debug, Default)]
struct Shared {
    progress: Mutex<Counted>,
}

#[derive(Debug, Default)]
struct Counted {
    progress: Progress,
    hosts: HashMap<Arc<str>, usize>,
}

impl Shared {
    fn count(&self, change: impl FnOnce(&mut Counted)) {
        change(&mut self.progress.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

enum Command {
    Ask(JobId, Box<Job>),
    Pause(String, DateTime<Utc>),
}

/// Fetches jobs on a thread of its own.
pub struct Fetcher {
    commands: Option<tokio_mpsc::UnboundedSender<Command>>,
    events: mpsc::Receiver<Event>,
    thread: Option<JoinHandle<()>>,
    client: Arc<Client>,
    shared: Arc<Shared>,
    ids: HashMap<(Kind, Url), JobId>,
    outstanding: usize,
}

impl Fetcher {
    /// Starts the thread.
    ///
    /// # Errors
    /// A setting that cannot be.
    pub fn start(settings: Settings, plan: Plan, stop: &Stop) -> Result<Self, ClientError> {
        let client = Arc::new(Client::new(settings)?);
        let shared = Arc::new(Shared::default());
        let (commands, received) = tokio_mpsc::unbounded_channel();
        let (sender, events) = mpsc::channel();
        let driver = driver::Driver::new(Arc::clone(&client), plan, Arc::clone(&shared), sender);
        let stop = stop.clone();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| ClientError::Start(e.to_string()))?;
        let thread = std::thread::Builder::new()
            .name("fetch".to_owned())
            .spawn(move || {
                runtime.block_on(driver.run(received, &stop));
                // A name server that does not answer must not hold us up.
                runtime.shutdown_background();
            })
            .map_err(|e| ClientError::Start(e.to_string()))?;
        Ok(Self {
            commands: Some(commands),
            events,
            thread: Some(thread),
            client,
            shared,
            ids: HashMap::new(),
            outstanding: 0,
        })
    }

    /// Asks for `job`.
    pub fn ask(&mut self, job: Job) -> Asked {
        let next = JobId(self.ids.len() as u64);
        match self.ids.entry((job.kind, job.url.clone())) {
            Entry::Occupied(known) => Asked::Before(*known.get()),
            Entry::Vacant(place) => {
                place.insert(next);
                self.outstanding += 1;
                self.shared.count(|c| c.progress.jobs += 1);
                self.send(Command::Ask(next, Box::new(job)));
                Asked::New(next)
            }
        }
    }

    /// Asks nothing of `host` before `until`: it wanted a pause in an earlier run.
    pub fn pause(&self, host: &str, until: DateTime<Utc>) {
        self.send(Command::Pause(host.to_owned(), until));
    }

    fn send(&self, command: Command) {
        if let Some(commands) = &self.commands {
            // The thread ends after us only; if it has died, `next` finds out.
            let _ = commands.send(command);
        }
    }

    /// The next event, for which it waits not longer than `patience`.
    pub fn next_within(&mut self, patience: Duration) -> Waited {
        if self.outstanding == 0 {
            return match self.events.try_recv() {
                Ok(event) => Waited::Event(event),
                Err(_) => Waited::Finished,
            };
        }
        match self.events.recv_timeout(patience) {
            Ok(event) => {
                if let Event::Done(_) = event {
                    self.outstanding -= 1;
                }
                Waited::Event(event)
            }
            Err(RecvTimeoutError::Timeout) => Waited::Nothing,
            // Only a panic ends the thread before us; its message has been printed.
            Err(RecvTimeoutError::Disconnected) => Waited::Finished,
        }
    }

    /// The next event; none when all jobs have ended.
    #[expect(
        clippy::should_implement_trait,
        reason = "jobs may be added in between, which a loop over an iterator forbids"
    )]
    pub fn next(&mut self) -> Option<Event> {
        loop {
            match self.next_within(Duration::from_secs(3600)) {
                Waited::Event(event) => return Some(event),
                Waited::Nothing => {}
                Waited::Finished => return None,
            }
        }
    }

    /// How far the run is.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        self.shared.count(|counted| {
            progress = counted.progress.clone();
            progress.hosts = counted.hosts.keys().cloned().collect();
        });
        progress.hosts.sort();
        progress.bytes = self.client.received();
        progress
    }

    /// Ends the run; what is still under way is broken off.
    pub fn finish(mut self) -> Progress {
        self.end();
        self.progress()
    }

    fn end(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // A panic has been printed; there is nothing to add.
            let _ = thread.join();
        }
    }
}

impl Drop for Fetcher {
    fn drop(&mut self) {
        self.end();
    }
}

impl Outcome {
    fn is_good(&self) -> Good {
        match self {
            Outcome::Fetched { .. } => Good::New,
            Outcome::NotModified { .. } => Good::Same,
            Outcome::Gone | Outcome::Busy { .. } => Good::No,
        }
    }
}

enum Good {
    New,
    Same,
    No,
}

impl Shared {
    fn ended(&self, ended: &Ended) {
        self.count(|counted| {
            let progress = &mut counted.progress;
            progress.done += 1;
            match ended {
                Ended::Answered(answer) => match answer.outcome.is_good() {
                    Good::New => progress.fetched += 1,
                    Good::Same => progress.unchanged += 1,
                    Good::No => progress.failed += 1,
                },
                Ended::Failed(_) => progress.failed += 1,
                Ended::HostPaused(_) | Ended::Unfinished => progress.postponed += 1,
            }
        });
    }
}
