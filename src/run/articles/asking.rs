//! Asks for pages and stores what became of each.
//!
//! A page that was read is stored at once. Failures wait until some server has answered:
//! a machine without a network says nothing about anyone's server.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

use super::reader::{Reader, Task, Unread};
use super::{Asked, FETCHED, Kept, Sites, put, robots_policy, set_page, state_of};
use crate::fetch::error::Pace;
use crate::fetch::fetcher::{self, Waited};
use crate::fetch::pages::{Attempt, HostState, PageState, Stage, WALL_PAUSE, Wanted};
use crate::fetch::schedule::Failure;
use crate::fetch::{Answer, Done, Ended, Event, Fault, Fetcher, Job, JobId, Outcome};
use crate::normalize::text;
use crate::run::manners::Manners;
use crate::run::refresh::Progress;
use crate::run::sources::{Display, LISTENING};
use crate::run::{Moment, Opened, Problem, RunError};
use crate::source::article::{Refusal, Treatment};
use crate::source::linked::Linked;
use crate::store::{Stamp, Store, Touched};

/// A request for a page.
pub(super) struct Flight {
    wanted: Wanted,
    /// Where it is being asked for.
    ask: Url,
    /// It is the second address that is tried: there is no third.
    second: bool,
}

/// A run under way.
pub(super) struct Run<'a> {
    pub(super) opened: &'a Opened,
    pub(super) sites: &'a Sites,
    pub(super) store: &'a mut Store,
    pub(super) now: DateTime<Utc>,
    pub(super) day: NaiveDate,
    pub(super) states: BTreeMap<String, PageState>,
    pub(super) hosts: BTreeMap<String, HostState>,
    pub(super) fetcher: Fetcher,
    pub(super) manners: Manners,
    pub(super) flights: HashMap<JobId, Vec<Flight>>,
    pub(super) reader: Reader,
    /// Failures that say nothing while no server was reached at all.
    pub(super) held: Vec<(Wanted, Failure)>,
    /// Pages whose host wants a pause.
    pub(super) paused: Vec<(Wanted, DateTime<Utc>)>,
    /// Some server answered.
    pub(super) reached: bool,
    pub(super) asked: Asked,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Run<'_> {
    /// Asks for all of `chosen`.
    pub(super) fn all(
        mut self,
        chosen: Vec<Wanted>,
        moment: Moment,
        progress: &mut Progress<'_>,
    ) -> Result<Asked, RunError> {
        let count = chosen.len();
        for wanted in chosen {
            let ask = wanted.ask.clone();
            self.ask(Flight { wanted, ask, second: false });
        }
        let mut display = Display::new("asking for articles", count, progress);
        let mut done_count = 0;
        loop {
            let event = match self.fetcher.next_within(LISTENING) {
                Waited::Event(event) => event,
                Waited::Nothing if moment.interrupt.check().is_ok() => {
                    display.show(done_count.min(count), &self.fetcher);
                    continue;
                }
                Waited::Nothing | Waited::Finished => break,
            };
            self.manners.hear(self.store, &event)?;
            // What was read is stored; the others are asked in the next run.
            if moment.interrupt.check().is_err() {
                break;
            }
            let Event::Done(done) = event else { continue };
            let flights = self.flights.remove(&done.id).unwrap_or_default();
            done_count += flights.len();
            display.show(done_count.min(count), &self.fetcher);
            self.landed(flights, &done)?;
        }
        // A machine without a network says nothing about anyone's server.
        if !self.reached && self.held.len() > 1 {
            let text = "no linked page could be reached: is this machine offline?".to_owned();
            self.problems.push(Problem::warning("articles".to_owned(), 0, text));
            self.asked.pages = 0;
            self.asked.failed = 0;
            return Ok(self.asked);
        }
        self.let_go()?;
        let after = self.paused.iter().map(|(wanted, until)| {
            (wanted.key.clone(), self.state(wanted).after(Attempt::Busy(Some(*until)), self.now))
        });
        let after: Vec<(String, PageState)> = after.collect();
        self.store.transaction(|store| after.iter().try_for_each(|(key, state)| set_page(store, key, state)))?;
        Ok(self.asked)
    }

    fn ask(&mut self, flight: Flight) {
        let job = Job::page(flight.ask.clone(), robots_policy(self.opened, &flight.ask));
        let (fetcher::Asked::New(id) | fetcher::Asked::Before(id)) = self.fetcher.ask(job);
        self.flights.entry(id).or_default().push(flight);
    }

    /// What became of a request.
    fn landed(&mut self, flights: Vec<Flight>, done: &Done) -> Result<(), RunError> {
        if let (Some(flight), true) = (flights.first(), was_sent(&done.ended)) {
            let host = host(&flight.ask);
            self.hosts.entry(host).or_default().count(self.day);
        }
        for flight in flights {
            match &done.ended {
                Ended::HostPaused(until) => self.paused.push((flight.wanted, *until)),
                Ended::Unfinished => {}
                Ended::Failed(error) => {
                    self.asked.pages += 1;
                    let failure = Failure::from(error);
                    let gone = matches!(error.fault, Fault::Status(403..=406));
                    if !gone || !self.try_alternative(&flight) {
                        self.asked.failed += 1;
                        self.reached |= was_reached(&error.fault);
                        self.failed(flight.wanted, failure)?;
                    }
                }
                Ended::Answered(answer) => {
                    self.asked.pages += 1;
                    self.reached = true;
                    self.let_go()?;
                    self.answered(flight, answer)?;
                }
            }
        }
        Ok(())
    }

    fn answered(&mut self, flight: Flight, answer: &Answer) -> Result<(), RunError> {
        let body = match &answer.outcome {
            Outcome::Fetched { body, .. } => body,
            Outcome::Busy { until, .. } => {
                self.asked.failed += 1;
                return self.became(&flight.wanted, Attempt::Busy(*until));
            }
            Outcome::Gone => {
                self.asked.refused += 1;
                return self.became(&flight.wanted, Attempt::Refused(failure("gone", "HTTP status 410: withdrawn")));
            }
            Outcome::NotModified { .. } => {
                self.asked.failed += 1;
                return self
                    .failed(flight.wanted, failure("empty", "\"not modified\", though it was asked for everything"));
            }
        };
        self.asked.bytes += body.len() as u64;
        let Outcome::Fetched { content_type, robots_tag, .. } = &answer.outcome else { return Ok(()) };
        let task = Task {
            bytes: body.to_vec(),
            content_type: content_type.clone(),
            address: answer.url.clone(),
            robots_tag: robots_tag.clone(),
        };
        match self.reader.read(task) {
            Ok(page) => {
                self.asked.read += 1;
                let page = Linked::of(page, answer.url.clone(), self.now);
                self.keep(&flight.wanted, page)
            }
            Err(Unread::Refused(refusal)) => self.refused(flight, &refusal),
            Err(Unread::Panicked) => {
                let text = "feedloom failed on this page: please report it with the address";
                self.problems.push(Problem::warning(flight.wanted.address.to_string(), 0, text.to_owned()));
                self.asked.failed += 1;
                self.failed(flight.wanted, failure("panic", "feedloom failed on this page"))
            }
            Err(Unread::TooSlow) => {
                self.asked.failed += 1;
                self.failed(flight.wanted, failure("slow", "reading this page takes too long"))
            }
        }
    }

    fn refused(&mut self, flight: Flight, refusal: &Refusal) -> Result<(), RunError> {
        if matches!(refusal, Refusal::Challenge | Refusal::Busy) {
            // Nothing is bypassed: who puts up a wall is left alone.
            let host = host(&flight.ask);
            let until = self.now + WALL_PAUSE;
            self.hosts.entry(host.clone()).or_default().until = Some(until);
            self.fetcher.pause(&host, until);
        } else if let (Refusal::Moved(Some(to)), false) = (refusal, flight.second) {
            if let Treatment::Ask { address, .. } = self.sites.rules().of(to) {
                self.ask(Flight { ask: address, second: true, ..flight });
                return Ok(());
            }
        } else if self.try_alternative(&flight) {
            return Ok(());
        }
        self.asked.refused += 1;
        let pace = match refusal {
            Refusal::Broken | Refusal::Busy => Pace::Passing,
            Refusal::Empty
            | Refusal::Unreadable
            | Refusal::Shell
            | Refusal::NotFound
            | Refusal::Login
            | Refusal::Challenge
            | Refusal::NotAPage(_)
            | Refusal::TooLarge
            | Refusal::Deleted
            | Refusal::Withdrawn
            | Refusal::Expired
            | Refusal::Moved(_) => Pace::Lasting,
        };
        let why = Failure { class: refusal.reason().to_owned(), message: refusal.to_string(), pace };
        let attempt = if refusal.is_final() { Attempt::Refused(why) } else { Attempt::Failed(why) };
        self.became(&flight.wanted, attempt)
    }

    /// Asks at the other address that a rule names, if there is one.
    fn try_alternative(&mut self, flight: &Flight) -> bool {
        let Some(other) = flight.wanted.alternative.clone().filter(|_| !flight.second) else {
            return false;
        };
        self.ask(Flight { wanted: flight.wanted.clone(), ask: other, second: true });
        true
    }

    /// Stores what a page says, in a transaction of its own.
    fn keep(&mut self, wanted: &Wanted, page: Linked) -> Result<(), RunError> {
        let title = text::fold_prefix(page.title.as_deref().unwrap_or_default(), 60);
        let mut keys = page.keys(&wanted.key, |u| self.sites.rules().canonical(u), &self.opened.hosts);
        for key in keys.split_off(1) {
            // Sites that call all of their pages by one address, or lead all that are gone to
            // one page, do not know what they say: an address is another one's when a page
            // that was not asked for there has claimed it, or when what was there is called
            // otherwise.
            let is_another = match state_of(self.store, &key)?.map(|s| s.stage) {
                Some(Stage::Read { title: other, name, .. }) if name != wanted.key => {
                    !key.starts_with("weixin:") && (name != key || other != title)
                }
                Some(Stage::Read { .. } | Stage::Waiting | Stage::Saved { .. } | Stage::Refused { .. }) | None => false,
            };
            if !is_another {
                keys.push(key);
            }
        }
        let before = self.state(wanted);
        let after = before.after(Attempt::Read { title, name: wanted.key.clone() }, self.now);
        let kept = Kept { keys, page };
        let host = host(&wanted.ask);
        let (opened, hosts) = (self.opened, &self.hosts);
        self.store.transaction(|store| -> Result<(), RunError> {
            let mut touched = Touched::default();
            let hash = blake3::hash(kept.page.html.as_bytes()).to_hex()[..32].to_owned();
            let stamp = Stamp { size: kept.page.html.len() as u64, modified_ns: 0, changed_ns: 0 };
            put(opened, store, FETCHED, &wanted.key, stamp, &hash, &kept, &mut touched)?;
            store.add_dirty(&touched)?;
            for key in &kept.keys {
                set_page(store, key, &after)?;
            }
            count(store, hosts, &host)
        })
    }

    fn state(&self, wanted: &Wanted) -> PageState {
        self.states.get(&wanted.key).cloned().unwrap_or_else(|| PageState::new(wanted.address.clone()))
    }

    /// Remembers what became of a page that was not read.
    fn became(&mut self, wanted: &Wanted, attempt: Attempt) -> Result<(), RunError> {
        let after = self.state(wanted).after(attempt, self.now);
        let host = host(&wanted.ask);
        let hosts = &self.hosts;
        self.store.transaction(|store| -> Result<(), RunError> {
            set_page(store, &wanted.key, &after)?;
            count(store, hosts, &host)
        })
    }

    /// A failure, to be remembered once it is clear that there is a network.
    fn failed(&mut self, wanted: Wanted, failure: Failure) -> Result<(), RunError> {
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
}

/// What nobody expects to be otherwise soon.
pub(in crate::run) fn failure(class: &str, message: &str) -> Failure {
    Failure { class: class.to_owned(), message: message.to_owned(), pace: Pace::Lasting }
}

pub(in crate::run) fn count(store: &Store, hosts: &BTreeMap<String, HostState>, host: &str) -> Result<(), RunError> {
    if let Some(state) = hosts.get(host) {
        store.set_page_host(host, &serde_json::to_string(state).unwrap_or_default())?;
    }
    Ok(())
}

pub(in crate::run) fn host(url: &Url) -> String {
    url.host_str().unwrap_or_default().to_owned()
}

/// Whether a server answered, though it was of no use.
pub(in crate::run) fn was_reached(fault: &Fault) -> bool {
    !fault.never_arrived() && !matches!(fault, Fault::RobotsUnreachable | Fault::Denied(_) | Fault::NoDescriptor)
}

/// Whether the page itself was asked for.
pub(in crate::run) fn was_sent(ended: &Ended) -> bool {
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
