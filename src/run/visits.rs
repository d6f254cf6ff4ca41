//! What asking for linked pages and asking for pictures have in common: the network, what
//! became of addresses, the budgets and pauses of hosts.
//!
//! ```text
//! let Some(due) = Due::of(Subject::Pages, opened, store, wanted, states, moment)? else { ... };
//! let (mut visits, due) = due.start(...)?;
//! for wanted in due { visits.ask(wanted); }
//! while let Some(landed) = visits.next()? { ...; visits.became(&wanted, attempt)?; }
//! visits.close()?;
//! ```
//!
//! What became of an address is stored at once, and with it what was asked of hosts.
//! Failures wait until some server has answered: a machine without a network says nothing
//! about anyone's server.
//!
//! What this module refuses: more requests a day to a host than `articles.per_host_per_day`
//! or any during its pause, be it the first address of a page or the one that a rule or the
//! page itself names instead. A person is obeyed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use url::Url;

use super::fetching::{self, Asking, Display, LISTENING};
use super::manners::Manners;
use super::refresh::Progress;
use super::{Moment, Opened, RunError};
use crate::config::RobotsMode;
use crate::fetch::error::{FetchError, Pace};
use crate::fetch::fetcher::{Asked, Waited};
use crate::fetch::pages::{self, Attempt, HostState, PageState, Urgency, WALL_PAUSE, Wanted};
use crate::fetch::schedule::Failure;
use crate::fetch::{Answer, Ended, Event, Fault, Fetcher, Job, JobId, RobotsPolicy, Stop};
use crate::store::Store;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subject {
    /// Linked pages.
    Pages,
    /// Pictures in entries.
    Pictures,
}

impl Subject {
    /// Stores what is remembered of the address `key`.
    pub(super) fn set(self, store: &Store, key: &str, state: &PageState) -> Result<(), RunError> {
        let text = serde_json::to_string(state).unwrap_or_default();
        match self {
            Self::Pages => store.set_page(key, state.is_settled(), &text)?,
            Self::Pictures => store.set_picture(key, &text)?,
        }
        Ok(())
    }

    /// Under this name the store remembers with which configuration they were asked for.
    fn configured(self) -> &'static str {
        match self {
            Self::Pages => "articles",
            Self::Pictures => "pictures",
        }
    }

    fn job(self, address: Url, robots: RobotsPolicy) -> Job {
        match self {
            Self::Pages => Job::page(address, robots),
            Self::Pictures => Job::picture(address, robots),
        }
    }

    fn doing(self) -> &'static str {
        match self {
            Self::Pages => "asking for articles",
            Self::Pictures => "asking for pictures",
        }
    }
}

/// How long asking may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Clock {
    /// Time that is left of the run.
    pub(super) left: Duration,
    /// Time since others were asked: they may have been on the same host.
    pub(super) since_others: Duration,
}

/// What is due, with what is remembered of it.
pub(super) struct Due {
    subject: Subject,
    wanted: Vec<Wanted>,
    states: BTreeMap<String, PageState>,
    hosts: BTreeMap<String, HostState>,
    day: NaiveDate,
}

impl Due {
    /// Which of `wanted` are asked for in this run; none when nothing is.
    pub(super) fn of(
        subject: Subject,
        opened: &Opened,
        store: &Store,
        wanted: Vec<Wanted>,
        states: BTreeMap<String, String>,
        now: DateTime<Utc>,
    ) -> Result<Option<Self>, RunError> {
        let mut states: BTreeMap<String, PageState> = parsed(states);
        reconsider(subject, opened, store, &mut states)?;
        let hosts: BTreeMap<String, HostState> = parsed(store.page_hosts()?);
        let day = opened.site.timezone.to_local(now).date_naive();
        let budget = opened.site.articles.per_host_per_day;
        let wanted = pages::choose(wanted, &states, &hosts, budget, day, now);
        Ok((!wanted.is_empty()).then_some(Self { subject, wanted, states, hosts, day }))
    }

    /// Starts the network; comes back with what is to be asked for. Two requests in a row to
    /// one host keep its gap, whoever asked first.
    pub(super) fn start<'a, 'p>(
        self,
        opened: &'a Opened,
        asking: &Asking,
        clock: Clock,
        moment: Moment,
        store: &'a mut Store,
        progress: &'a mut Progress<'p>,
    ) -> Result<(Visits<'a, 'p>, Vec<Wanted>), RunError> {
        std::thread::sleep(opened.site.fetch.gap.saturating_sub(clock.since_others).min(clock.left));
        let asking = Asking { deadline: Some(clock.left), ..asking.clone() };
        let manners = Manners::open(store, moment.now)?;
        let fetcher = fetching::start(opened, &asking, moment.now, &manners, &Stop::new())?;
        manners.pause(&fetcher, |_| false);
        let visits = Visits {
            subject: self.subject,
            opened,
            store,
            moment,
            day: self.day,
            states: self.states,
            hosts: self.hosts,
            changed: BTreeSet::new(),
            planned: HashMap::new(),
            fetcher,
            manners,
            under_way: HashMap::new(),
            held: Vec::new(),
            paused: Vec::new(),
            reached: false,
            display: Display::new(self.subject.doing(), self.wanted.len(), progress),
            of: self.wanted.len(),
            done: 0,
        };
        Ok((visits, self.wanted))
    }
}

/// A request for the page or picture of an address.
pub(super) struct Visit {
    pub(super) wanted: Wanted,
    /// Where it is being asked for.
    pub(super) ask: Url,
    /// It is the second address that is tried: there is no third.
    pub(super) is_second: bool,
}

/// What came of a request, for all who wanted it.
pub(super) struct Landed {
    pub(super) visits: Vec<Visit>,
    pub(super) result: Result<Box<Answer>, FetchError>,
}

/// Requests under way.
pub(super) struct Visits<'a, 'p> {
    subject: Subject,
    pub(super) opened: &'a Opened,
    store: &'a mut Store,
    moment: Moment,
    day: NaiveDate,
    states: BTreeMap<String, PageState>,
    hosts: BTreeMap<String, HostState>,
    /// Hosts of which something else is to be stored.
    changed: BTreeSet<String>,
    /// Requests to a host on this day, those that are still to be sent included.
    planned: HashMap<String, u64>,
    fetcher: Fetcher,
    manners: Manners,
    under_way: HashMap<JobId, Vec<Visit>>,
    /// Failures that say nothing while no server was reached at all.
    held: Vec<(Wanted, Failure)>,
    /// What waits for the pause of a host.
    paused: Vec<(Wanted, DateTime<Utc>)>,
    /// Some server answered.
    reached: bool,
    display: Display<'a, 'p>,
    of: usize,
    done: usize,
}

impl Visits<'_, '_> {
    /// Asks for `wanted`.
    pub(super) fn ask(&mut self, wanted: Wanted) {
        let ask = wanted.ask.clone();
        // One that was asked for under this address before, in this run, has its turn in the next.
        self.send(Visit { wanted, ask, is_second: false });
    }

    /// Asks at `other` for what did not come where it was asked for; comes back with the
    /// visit where that was the second address. What its host does not allow now is tried
    /// another time.
    pub(super) fn ask_instead(&mut self, visit: Visit, other: Url) -> Result<Option<Visit>, RunError> {
        if visit.is_second {
            return Ok(Some(visit));
        }
        let Visit { wanted, .. } = visit;
        let (now, host) = (self.moment.now, host(&other));
        let budget = self.opened.site.articles.per_host_per_day;
        let later = match self.hosts.get(&host).and_then(|h| h.pause(now)) {
            _ if wanted.urgency == Urgency::Forced => None,
            None if self.planned(&host) >= budget => now.checked_add_signed(TimeDelta::days(1)),
            pause => pause,
        };
        if let Some(until) = later {
            self.became(&wanted, Attempt::Busy(Some(until)))?;
        } else if let Some(wanted) = self.send(Visit { wanted, ask: other, is_second: true }) {
            self.became(&wanted, Attempt::Busy(None))?;
        }
        Ok(None)
    }

    fn planned(&mut self, host: &str) -> u64 {
        let before = || self.hosts.get(host).map_or(0, |h| h.asked_on(self.day));
        *self.planned.entry(host.to_owned()).or_insert_with(before)
    }

    /// Sends a request; comes back with what is wanted where its address was asked for in
    /// this run and has ended.
    fn send(&mut self, visit: Visit) -> Option<Wanted> {
        let host = host(&visit.ask);
        let planned = self.planned(&host) + 1;
        self.planned.insert(host, planned);
        let job = self.subject.job(visit.ask.clone(), robots_policy(self.opened, &visit.ask));
        match self.fetcher.ask(job) {
            Asked::New(id) => self.under_way.entry(id).or_default().push(visit),
            Asked::Before(id) => match self.under_way.get_mut(&id) {
                Some(others) => others.push(visit),
                None => return Some(visit.wanted),
            },
        }
        None
    }

    /// Requests that are under way.
    pub(super) fn under_way(&self) -> usize {
        self.under_way.len()
    }

    /// What came of the next request; none when all have ended, or when a person ends the
    /// run: what came is stored, the others are asked for in the next run.
    pub(super) fn next(&mut self) -> Result<Option<Landed>, RunError> {
        loop {
            let event = match self.fetcher.next_within(LISTENING) {
                Waited::Event(event) => event,
                Waited::Nothing if self.moment.interrupt.check().is_ok() => {
                    self.display.show(self.done.min(self.of), &self.fetcher);
                    continue;
                }
                Waited::Nothing | Waited::Finished => return Ok(None),
            };
            self.manners.hear(self.store, &event)?;
            if self.moment.interrupt.check().is_err() {
                return Ok(None);
            }
            let Event::Done(done) = event else { continue };
            let Some(visits) = self.under_way.remove(&done.id) else { continue };
            self.done += visits.len();
            self.display.show(self.done.min(self.of), &self.fetcher);
            if let (Some(visit), true) = (visits.first(), was_sent(&done.ended)) {
                let host = host(&visit.ask);
                self.hosts.entry(host.clone()).or_default().count(self.day);
                self.changed.insert(host);
            }
            let result = match done.ended {
                Ended::Unfinished => continue,
                Ended::HostPaused(until) => {
                    self.paused.extend(visits.into_iter().map(|visit| (visit.wanted, until)));
                    continue;
                }
                Ended::Failed(error) => {
                    self.reached |= was_reached(&error.fault);
                    Err(error)
                }
                Ended::Answered(answer) => {
                    self.reached = true;
                    Ok(answer)
                }
            };
            if self.reached {
                self.let_go()?;
            }
            return Ok(Some(Landed { visits, result }));
        }
    }

    /// Asks nothing more of the host of `address` for [`WALL_PAUSE`]: it wants to know
    /// whether a person is asking.
    pub(super) fn leave_alone(&mut self, address: &Url) {
        let (host, until) = (host(address), self.moment.now + WALL_PAUSE);
        self.fetcher.pause(&host, until);
        self.hosts.entry(host.clone()).or_default().until = Some(until);
        self.changed.insert(host);
    }

    /// The store, to look something up.
    pub(super) fn store(&self) -> &Store {
        self.store
    }

    /// What is remembered after `attempt`.
    pub(super) fn after(&self, wanted: &Wanted, attempt: Attempt) -> PageState {
        let before = self.states.get(&wanted.key);
        let new = || PageState::new(wanted.address.clone());
        before.cloned().unwrap_or_else(new).after(attempt, self.moment.now)
    }

    /// Stores something, and what was asked of hosts, in one transaction.
    pub(super) fn store_with_hosts(
        &mut self,
        change: impl FnOnce(&mut Store) -> Result<(), RunError>,
    ) -> Result<(), RunError> {
        let (hosts, changed) = (&self.hosts, &self.changed);
        self.store.transaction(|store| {
            change(store)?;
            for (host, state) in changed.iter().filter_map(|host| hosts.get_key_value(host)) {
                store.set_page_host(host, &serde_json::to_string(state).unwrap_or_default())?;
            }
            Ok::<(), RunError>(())
        })?;
        self.changed.clear();
        Ok(())
    }

    /// Remembers what became of an address where nothing was to be had.
    pub(super) fn became(&mut self, wanted: &Wanted, attempt: Attempt) -> Result<(), RunError> {
        let (after, subject) = (self.after(wanted, attempt), self.subject);
        self.store_with_hosts(|store| subject.set(store, &wanted.key, &after))
    }

    /// A failure, to be remembered once it is clear that there is a network.
    pub(super) fn failed(&mut self, wanted: Wanted, failure: Failure) -> Result<(), RunError> {
        if !self.reached && failure.class != "denied" {
            self.held.push((wanted, failure));
            return Ok(());
        }
        self.became(&wanted, Attempt::Failed(failure))
    }

    fn let_go(&mut self) -> Result<(), RunError> {
        for (wanted, failure) in std::mem::take(&mut self.held) {
            self.became(&wanted, Attempt::Failed(failure))?;
        }
        Ok(())
    }

    /// Whether a person ends the run.
    pub(super) fn is_interrupted(&self) -> bool {
        self.moment.interrupt.check().is_err()
    }

    /// Whether nothing at all could be reached.
    pub(super) fn is_offline(&self) -> bool {
        !self.reached && self.held.len() > 1
    }

    /// Stores what is left to be stored. A machine that is offline says nothing about
    /// anyone's server.
    pub(super) fn close(mut self) -> Result<(), RunError> {
        if self.is_offline() {
            return Ok(());
        }
        self.let_go()?;
        let paused = std::mem::take(&mut self.paused).into_iter();
        let after: Vec<(String, PageState)> = paused
            .map(|(wanted, until)| (wanted.key.clone(), self.after(&wanted, Attempt::Busy(Some(until)))))
            .collect();
        let subject = self.subject;
        self.store_with_hosts(|store| after.iter().try_for_each(|(key, state)| subject.set(store, key, state)))
    }
}

/// What a person changed may change what is refused: robots.txt and the address guard are
/// asked again when the configuration is another one than last time.
fn reconsider(
    subject: Subject,
    opened: &Opened,
    store: &Store,
    states: &mut BTreeMap<String, PageState>,
) -> Result<(), RunError> {
    let name = subject.configured();
    if store.meta(name)?.as_deref() == Some(opened.site.fingerprint.as_str()) {
        return Ok(());
    }
    for (key, state) in states {
        if state.failing.as_ref().is_some_and(|f| matches!(f.class.as_str(), "robots" | "denied")) {
            state.next = None;
            subject.set(store, key, state)?;
        }
    }
    Ok(store.set_meta(name, &opened.site.fingerprint)?)
}

/// What is remembered, as values. One of another form is begun anew: it is only when and
/// whether to ask.
pub(super) fn parsed<T: serde::de::DeserializeOwned>(texts: BTreeMap<String, String>) -> BTreeMap<String, T> {
    texts.into_iter().filter_map(|(name, text)| Some((name, serde_json::from_str(&text).ok()?))).collect()
}

/// What nobody expects to be otherwise soon.
pub(super) fn failure(class: &str, message: &str) -> Failure {
    Failure { class: class.to_owned(), message: message.to_owned(), pace: Pace::Lasting }
}

/// The name of the host of an address.
pub(super) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Whether robots.txt is asked before `address` is.
fn robots_policy(opened: &Opened, address: &Url) -> RobotsPolicy {
    let articles = &opened.site.articles;
    let rule = address.host_str().and_then(|h| articles.rule(h));
    match rule.and_then(|r| r.robots).unwrap_or(articles.robots) {
        RobotsMode::Ask => RobotsPolicy::Ask,
        RobotsMode::Ignore => RobotsPolicy::Ignore,
    }
}

/// Whether a server answered, though it was of no use.
fn was_reached(fault: &Fault) -> bool {
    !fault.never_arrived() && !matches!(fault, Fault::RobotsUnreachable | Fault::Denied(_) | Fault::NoDescriptor)
}

/// Whether the page itself was asked for.
fn was_sent(ended: &Ended) -> bool {
    match ended {
        Ended::Answered(_) => true,
        Ended::Failed(error) => {
            let unsent = matches!(
                error.fault,
                Fault::Robots | Fault::RobotsUnreachable | Fault::Denied(_) | Fault::NoDescriptor
            );
            !unsent && !error.fault.never_arrived()
        }
        Ended::HostPaused(_) | Ended::Unfinished => false,
    }
}
