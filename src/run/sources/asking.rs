//! The one place where sources, the network and the store meet.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::Asked;
use super::known::Known;
use super::memory::{Remembered, Said};
use super::taking::{hints, keep, posting_interval, take};
use crate::config::SourceConfig;
use crate::fetch::error::{Pace, Phase};
use crate::fetch::fetcher::{self, Waited};
use crate::fetch::schedule::{self, Attempt, Failing, Failure, Jitter, Limits, NextTry, Why};
use crate::fetch::{Answer, Done, Ended, Event, Fault, Fetcher, Job, JobId, Outcome, SourceState, Stop};
use crate::run::fetching::{self, Asking, Display, LISTENING};
use crate::run::manners::Manners;
use crate::run::refresh::Progress;
use crate::run::{Moment, Opened, Problem, RunError};
use crate::store::Store;

/// Events that one commit may wait for, while they come faster than they are stored.
const TOGETHER: usize = 32;

/// A source that is asked, and what is known of it.
pub(super) type Due<'r> = (&'r Known<'r>, SourceState);

/// One round of asking: what it needs, and what came of it so far.
pub(super) struct Round<'r> {
    opened: &'r Opened,
    asking: &'r Asking,
    moment: Moment,
    due: Vec<Due<'r>>,
    limits: Limits,
    /// Sources, by their number among `due`, of which only the state is stored.
    ended: Vec<(usize, SourceState, Option<Problem>)>,
    /// Nothing has come so far that would have to come through a network.
    offline: bool,
    asked: &'r mut Asked,
    problems: &'r mut Vec<Problem>,
}

impl<'r> Round<'r> {
    pub(super) fn new(
        opened: &'r Opened,
        asking: &'r Asking,
        moment: Moment,
        due: Vec<Due<'r>>,
        asked: &'r mut Asked,
        problems: &'r mut Vec<Problem>,
    ) -> Self {
        let limits = Limits { min_interval: opened.site.fetch.min_interval };
        Self { opened, asking, moment, due, limits, ended: Vec::new(), offline: true, asked, problems }
    }

    /// Asks, and stores what comes.
    pub(super) fn run(mut self, store: &mut Store, progress: &mut Progress<'_>) -> Result<(), RunError> {
        let mut manners = Manners::open(store, self.moment.now)?;
        let mut fetcher = fetching::start(self.opened, self.asking, self.moment.now, &manners, &Stop::new())?;
        let mut waiting = self.jobs(&manners, &mut fetcher);
        let mut display = Display::new("asking sources", self.due.len(), progress);
        // Events that are not committed yet.
        let mut open = 0;
        loop {
            let event = match fetcher.next_within(if open > 0 { Duration::ZERO } else { LISTENING }) {
                Waited::Event(event) if open < TOGETHER => event,
                Waited::Event(event) => {
                    store.commit()?;
                    open = 0;
                    event
                }
                Waited::Nothing if open > 0 => {
                    store.commit()?;
                    open = 0;
                    continue;
                }
                Waited::Nothing if self.moment.interrupt.check().is_ok() => {
                    display.show(self.asked.sources, &fetcher);
                    continue;
                }
                Waited::Nothing | Waited::Finished => break,
            };
            if open == 0 {
                store.begin()?;
            }
            open += 1;
            manners.hear(store, &event)?;
            // What is stored is whole; the others are asked in the next run.
            if self.moment.interrupt.check().is_err() {
                break;
            }
            let Event::Done(done) = event else { continue };
            for n in waiting.remove(&done.id).unwrap_or_default() {
                self.asked.sources += 1;
                display.show(self.asked.sources, &fetcher);
                self.hear(n, &done, store)?;
            }
        }
        if open > 0 {
            store.commit()?;
        }
        fetcher.finish();
        self.remember(store)
    }

    /// Gives the fetcher a job for each address, and tells which sources wait for it. Hosts
    /// that want to be left alone are, but for those that a person wants to be asked.
    fn jobs(&mut self, manners: &Manners, fetcher: &mut Fetcher) -> HashMap<JobId, Vec<usize>> {
        let host_of = |state: &SourceState| state.address_to_ask().host_str().unwrap_or_default().to_owned();
        let forced = self.due.iter().filter(|(source, _)| source.is_forced(self.asking));
        let wanted: BTreeSet<String> = forced.map(|(_, state)| host_of(state)).collect();
        manners.pause(fetcher, |host| wanted.contains(host));
        let mut waiting: HashMap<JobId, Vec<usize>> = HashMap::new();
        for (n, (source, state)) in self.due.iter().enumerate() {
            // Its host is asked for the sake of another source only.
            if let Some(until) = manners.pause_of(&host_of(state)).filter(|_| !source.is_forced(self.asking)) {
                let after = self.after(state, &Attempt::HostPaused(until));
                self.ended.push((n, after, None));
                continue;
            }
            let mut job = Job::feed(state.address_to_ask().clone());
            job.validators = state.validators.clone();
            // A source that moved for good is asked where it is now: headers stay behind.
            if fetcher::is_for(&state.address, job.url()) {
                job.headers = headers(source.config);
            }
            job.expected = Duration::from_millis(state.took_ms);
            let (fetcher::Asked::New(id) | fetcher::Asked::Before(id)) = fetcher.ask(job);
            waiting.entry(id).or_default().push(n);
        }
        waiting
    }

    fn after(&self, state: &SourceState, attempt: &Attempt) -> SourceState {
        schedule::after(state, attempt, self.limits, self.moment.now, Jitter::of(state))
    }

    /// Takes what came of a job for the source `n`. To be called within a transaction.
    fn hear(&mut self, n: usize, done: &Done, store: &mut Store) -> Result<(), RunError> {
        match &done.ended {
            Ended::Answered(answer) => {
                self.offline = false;
                match answer.outcome {
                    Outcome::Fetched { .. } => return self.take(n, answer, done.took, store),
                    Outcome::NotModified { .. } => self.asked.unchanged += 1,
                    Outcome::Gone | Outcome::Busy { .. } => {}
                }
            }
            Ended::Failed(error) => {
                self.asked.failed += 1;
                self.offline &= says_nothing(&error.fault, self.opened.site.fetch.proxy.is_some());
            }
            Ended::HostPaused(_) | Ended::Unfinished => {}
        }
        let Some(attempt) = done.ended.attempt() else { return Ok(()) };
        let (source, state) = &self.due[n];
        let mut after = self.after(state, &attempt);
        after.took_ms = milliseconds(done.took);
        let problem = problem(source, &attempt, after.failing.as_ref());
        self.ended.push((n, after, problem));
        Ok(())
    }

    /// Reads a body and stores its entries with the state of their source.
    fn take(&mut self, n: usize, answer: &Answer, took: Duration, store: &mut Store) -> Result<(), RunError> {
        let Outcome::Fetched { body, content_type, validators, fresh_for, robots_tag: _ } = &answer.outcome else {
            return Ok(());
        };
        let (source, state) = &self.due[n];
        self.asked.bytes += body.len() as u64;
        let taken = take(self.opened, source, body, content_type.as_deref(), answer.url.as_str());
        let mut state = state.clone();
        state.took_ms = milliseconds(took);
        if taken.partly {
            let before = Said { title: state.title, newest: state.newest };
            Said { title: state.title, newest: state.newest } = taken.said(self.moment.now).after(before);
        }
        let attempt = if taken.readable {
            Attempt::Read {
                validators: validators.clone(),
                fresh_for: *fresh_for,
                hints: hints(&taken.feed),
                posting_interval: posting_interval(&taken.entries),
                moved_to: answer.moved_to.clone(),
            }
        } else {
            let class = if taken.partly { "cut-off" } else { "no-feed" };
            let message = taken.problems.first().map_or_else(String::new, ToString::to_string);
            Attempt::Failed(Failure { class: class.to_owned(), message, pace: Pace::Passing })
        };
        let after = self.after(&state, &attempt);
        self.asked.failed += usize::from(!taken.readable);
        self.asked.new += keep(store, source, taken.entries, &Remembered::Web(Box::new(after)))?;
        self.problems.extend(taken.problems);
        Ok(())
    }

    /// Stores the states of the sources that gave no entries.
    fn remember(self, store: &mut Store) -> Result<(), RunError> {
        // A machine without a network says nothing about anyone's server.
        let offline = self.offline && self.ended.iter().filter(|(_, _, problem)| problem.is_some()).count() > 1;
        if offline {
            let text = "no source could be reached: is this machine offline?".to_owned();
            self.problems.push(Problem::warning("sources".to_owned(), 0, text));
        }
        store.transaction(|store| -> Result<(), RunError> {
            for (n, after, problem) in self.ended {
                let (source, before) = &self.due[n];
                let away = offline && problem.is_some();
                let state = if away { later(before, self.limits, self.moment.now) } else { after };
                let state = Remembered::Web(Box::new(state));
                store.set_source(&source.name, &serde_json::to_string(&state).unwrap_or_default())?;
                self.problems.extend(problem.filter(|_| !offline));
            }
            Ok(())
        })
    }
}

fn milliseconds(took: Duration) -> u64 {
    u64::try_from(took.as_millis()).unwrap_or(0)
}

/// Whether a fault may be one of this machine's network as well as one of the server. A
/// connection that was refused was refused by a machine: the network is there. With a proxy
/// that machine is the proxy, which says nothing about the server.
fn says_nothing(fault: &Fault, by_proxy: bool) -> bool {
    match fault {
        Fault::Refused(_) => by_proxy,
        other => matches!(other, Fault::Dns(_) | Fault::Connect(_) | Fault::Timeout(Phase::Dns, _)),
    }
}

/// A source that could not be reached for want of a network: nothing is known of it that
/// was not known before, and it is asked again after the usual interval.
fn later(state: &SourceState, limits: Limits, now: DateTime<Utc>) -> SourceState {
    let pause = TimeDelta::from_std(limits.min_interval).unwrap_or(TimeDelta::MAX);
    let at = now.checked_add_signed(pause).unwrap_or(DateTime::<Utc>::MAX_UTC);
    SourceState { next: Some(NextTry { at, why: Why::Interval, decided: now }), ..state.clone() }
}

fn headers(config: &SourceConfig) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in &config.headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name.as_str()), HeaderValue::try_from(value.as_str())) {
            headers.insert(name, value);
        }
    }
    headers
}

/// What there is to tell of an attempt.
fn problem(source: &Known<'_>, attempt: &Attempt, failing: Option<&Failing>) -> Option<Problem> {
    let times = |count: u32| if count > 1 { format!(" ({count} times in a row)") } else { String::new() };
    let text = match attempt {
        Attempt::Failed(failure) => {
            let count = failing.map_or(1, |f| f.count);
            format!("{}{}; what it said before stays", failure.message, times(count))
        }
        Attempt::Gone => {
            "its publisher withdrew it (410): it is not asked again; what it said stays. Take it out of the configuration, or ask once more with --force".to_owned()
        }
        Attempt::Read { .. }
        | Attempt::Unchanged { .. }
        | Attempt::Busy { .. }
        | Attempt::HostPaused(_)
        | Attempt::Unfinished => return None,
    };
    let address = source.shown();
    let text = text.strip_prefix(&format!("{address}: ")).map_or(text.clone(), str::to_owned);
    Some(Problem::warning(address, 0, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_an_answer_unless_a_proxy_gives_it() {
        let refused = Fault::Refused("Connection refused (os error 111)".to_owned());
        assert!(!says_nothing(&refused, false));
        assert!(says_nothing(&refused, true));
        assert!(says_nothing(&Fault::Connect("Network is unreachable (os error 101)".to_owned()), false));
        assert!(says_nothing(&Fault::Dns("Temporary failure in name resolution".to_owned()), false));
        assert!(!says_nothing(&Fault::Status(500), false));
    }

    #[test]
    fn without_a_network_a_source_waits_and_does_not_fail() {
        let now = DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        let known = SourceState::new("https://a.example/feed".parse().unwrap());
        let state = later(&known, Limits { min_interval: Duration::from_secs(3600) }, now);
        assert_eq!(state.due_at(now), Some(now + TimeDelta::hours(1)));
        assert_eq!(SourceState { next: None, ..state }, known, "nothing else is learnt");
    }
}
