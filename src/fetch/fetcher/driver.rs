//! The thread with the sockets: starts what may start, and decides where each answer leads.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::task::{self, JoinSet};
use url::Url;

use super::{Answer, Command, Done, Ended, Event, Job, JobId, Plan, RobotsPolicy, Shared, Stop};
use crate::fetch::Kind;
use crate::fetch::client::{Ask, Client};
use crate::fetch::error::{Fault, FetchError, shown};
use crate::fetch::hosts::{Connection, HostId, Hosts, Next, Start, Urgency};
use crate::fetch::outcome::{Outcome, Redirect, Scope, Step};
use crate::fetch::robots::{self, Permission, Robots};

/// Redirects in a row that are followed.
const HOPS: usize = 8;

/// So many requests in a row that do not even reach a host, and the rest is not tried in
/// this run: each of them would wait as long, for nothing.
const UNREACHED: u32 = 3;

/// The pause of a host that asks for one without saying how long.
const UNSAID_PAUSE: TimeDelta = TimeDelta::minutes(15);

/// A request on its way from address to address.
struct Work {
    purpose: Purpose,
    /// Where it is now.
    url: Url,
    /// Where it was.
    seen: Vec<Url>,
    /// Where permanent redirects have led, while there were no others.
    moved_to: Option<Url>,
    permanent: Permanent,
    /// Time that its requests took.
    spent: Duration,
    tries: Tries,
}

enum Purpose {
    Job(JobId, Box<Job>),
    /// Pages wait for this robots.txt.
    Robots(String),
}

/// Whether every redirect so far was a permanent one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Permanent {
    SoFar,
    NoMore,
}

/// A connection that ends before an answer comes is tried once more, and only then.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tries {
    First,
    Second,
}

/// Why nothing more is asked of a host in this run, or how often it has asked for a pause.
#[derive(Clone, Copy)]
enum Pause {
    WaitedOnce,
    Closed(DateTime<Utc>),
}

/// A request that has come back.
struct Returned {
    work: Box<Work>,
    result: Result<Step, FetchError>,
    took: Duration,
}

/// What is under way, for the case that it does not come back.
struct UnderWay {
    host: HostId,
    what: What,
}

enum What {
    Job(JobId),
    /// The robots.txt of this address.
    Robots(String),
}

#[derive(Clone, Copy)]
struct Clock {
    wall: DateTime<Utc>,
    start: Instant,
}

impl Clock {
    /// The wall clock of the run's beginning and the time since: a clock that is set meanwhile changes nothing.
    fn now(&self) -> DateTime<Utc> {
        let passed = TimeDelta::from_std(self.start.elapsed()).unwrap_or_default();
        self.wall.checked_add_signed(passed).unwrap_or(self.wall)
    }
}

pub(super) struct Driver {
    client: Arc<Client>,
    plan: Plan,
    shared: Arc<Shared>,
    events: mpsc::Sender<Event>,
    clock: Clock,
    hosts: Hosts<Box<Work>>,
    tasks: JoinSet<Returned>,
    under_way: HashMap<task::Id, UnderWay>,
    pauses: HashMap<HostId, Pause>,
    /// Requests in a row that did not reach their host, and why.
    unreached: HashMap<HostId, (u32, Fault)>,
    /// Pages that wait for a robots.txt, by its address.
    waiting: HashMap<String, Vec<Work>>,
}

impl Driver {
    pub(super) fn new(client: Arc<Client>, plan: Plan, shared: Arc<Shared>, events: mpsc::Sender<Event>) -> Self {
        let clock = Clock { wall: plan.now, start: Instant::now() };
        let hosts = Hosts::new(plan.limits.clone());
        Self {
            client,
            plan,
            shared,
            events,
            clock,
            hosts,
            tasks: JoinSet::new(),
            under_way: HashMap::new(),
            pauses: HashMap::new(),
            unreached: HashMap::new(),
            waiting: HashMap::new(),
        }
    }

    /// Works until nobody can ask for anything any more.
    pub(super) async fn run(mut self, mut commands: UnboundedReceiver<Command>, stop: &Stop) {
        let deadline = tokio::time::Instant::from_std(self.clock.start + self.plan.deadline);
        loop {
            while let Ok(command) = commands.try_recv() {
                self.obey(command);
            }
            // Together, so that the other thread is woken once.
            while let Some(joined) = self.tasks.try_join_next_with_id() {
                self.returned(joined);
            }
            let wake = self.start_what_may();
            let wake = wake.map_or(deadline, |at| deadline.min(at.into()));
            tokio::select! {
                biased;
                () = stop.stopped() => break,
                Some(joined) = self.tasks.join_next_with_id() => self.returned(joined),
                command = commands.recv() => match command {
                    Some(command) => self.obey(command),
                    // Nobody listens any more.
                    None => return,
                },
                () = tokio::time::sleep_until(wake) => {
                    if wake >= deadline {
                        break;
                    }
                }
            }
        }
        self.break_off();
        while let Some(command) = commands.recv().await {
            match command {
                Command::Ask(id, _) => self.end(id, Ended::Unfinished, Duration::ZERO),
                Command::Pause(..) => {}
            }
        }
    }

    /// The run is over: whatever has not ended ends now.
    fn break_off(&mut self) {
        self.tasks.abort_all();
        for (_, under_way) in std::mem::take(&mut self.under_way) {
            if let What::Job(id) = under_way.what {
                self.end(id, Ended::Unfinished, Duration::ZERO);
            }
        }
        let queued = self.hosts.take_all();
        let waiting = std::mem::take(&mut self.waiting).into_values().flatten();
        for work in queued.into_iter().map(|work| *work).chain(waiting) {
            self.finish(work, Ended::Unfinished);
        }
        self.shared.count(|counted| counted.hosts.clear());
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Ask(id, job) => {
                let url = job.url.clone();
                self.route(Box::new(Work::new(Purpose::Job(id, job), url)), Urgency::Usual);
            }
            Command::Pause(host, until) => {
                if until > self.clock.now() {
                    let host = self.hosts.id(&host);
                    self.close(host, until);
                }
            }
        }
    }

    /// Puts `work` into its host's queue, or ends it where it may not be asked.
    fn route(&mut self, work: Box<Work>, urgency: Urgency) {
        // Before robots.txt is asked for, too, and without waiting for a turn.
        if let Err(denial) = self.client.settings().guard.check(&work.url) {
            return self.failed(*work, Fault::Denied(denial));
        }
        let Some(host) = work.url.host_str().map(|name| self.hosts.id(name)) else {
            return self.failed(*work, Fault::Denied(crate::fetch::guard::Denial::NoHost));
        };
        if let Some(Pause::Closed(until)) = self.pauses.get(&host) {
            let until = *until;
            return self.finish(*work, Ended::HostPaused(until));
        }
        if let Some((UNREACHED.., fault)) = self.unreached.get(&host) {
            let fault = fault.clone();
            return self.failed(*work, fault);
        }
        let Some(address) = work.robots_to_ask() else {
            return self.queue(host, work, urgency);
        };
        match self.plan.robots.get(address.as_str()).filter(|r| r.is_fresh(self.clock.now())) {
            Some(robots) => match robots.permits(&work.url) {
                Permission::Allowed => self.queue(host, work, urgency),
                Permission::Denied => self.failed(*work, Fault::Robots),
                Permission::Unknown => self.failed(*work, Fault::RobotsUnreachable),
            },
            None => {
                let key = String::from(address.clone());
                let waiting = self.waiting.entry(key.clone()).or_default();
                waiting.push(*work);
                if waiting.len() == 1 {
                    let ask = Box::new(Work::new(Purpose::Robots(key), address));
                    self.queue(host, ask, Urgency::Begun);
                }
            }
        }
    }

    fn queue(&mut self, host: HostId, work: Box<Work>, urgency: Urgency) {
        let name = Arc::clone(self.hosts.name(host));
        self.hosts.add(&name, work.expected(), urgency, work);
    }

    /// Starts what may start now; tells when it is worth looking again.
    fn start_what_may(&mut self) -> Option<Instant> {
        let now = Instant::now();
        loop {
            match self.hosts.next(now) {
                Next::Start(start) => self.send(start),
                Next::Wait(at) => return Some(at),
                Next::Blocked => return None,
            }
        }
    }

    fn send(&mut self, start: Start<Box<Work>>) {
        let Start { ticket: work, host, connection } = start;
        let name = Arc::clone(self.hosts.name(host));
        self.shared.count(|counted| {
            counted.progress.requests += 1;
            *counted.hosts.entry(name).or_default() += 1;
        });
        let connection = match work.purpose {
            Purpose::Job(..) => connection,
            // The pages come next.
            Purpose::Robots(_) => Connection::Keep,
        };
        let what = work.what();
        let client = Arc::clone(&self.client);
        let clock = self.clock;
        let task = self.tasks.spawn(async move {
            let started = Instant::now();
            let result = client.ask(work.ask(&client, connection), || clock.now()).await;
            Returned { work, result, took: started.elapsed() }
        });
        self.under_way.insert(task.id(), UnderWay { host, what });
    }

    fn returned(&mut self, joined: Result<(task::Id, Returned), task::JoinError>) {
        let task = match &joined {
            Ok((task, _)) => *task,
            Err(error) => error.id(),
        };
        let Some(UnderWay { host, what }) = self.under_way.remove(&task) else {
            return;
        };
        self.hosts.finished(host);
        let name = Arc::clone(self.hosts.name(host));
        self.shared.count(|counted| {
            let left = counted.hosts.entry(Arc::clone(&name)).or_default();
            *left = left.saturating_sub(1);
            if *left == 0 {
                counted.hosts.remove(&name);
            }
        });
        match joined {
            Ok((_, Returned { mut work, result, took })) => {
                work.spent += took;
                tracing::debug!(url = %shown(&work.url), took_ms = took.as_millis(), "{}", told(&result));
                self.answered(host, work, result);
            }
            // A panic of ours: the run goes on without this one.
            Err(_) => match what {
                What::Job(id) => self.end(id, Ended::Unfinished, Duration::ZERO),
                What::Robots(address) => self.release(&address, |_| Some(Ended::Unfinished)),
            },
        }
    }

    fn answered(&mut self, host: HostId, mut work: Box<Work>, result: Result<Step, FetchError>) {
        self.note_reached(host, result.as_ref().err());
        match result {
            Ok(Step::Follow { to, redirect }) => match work.follow(to, redirect) {
                Ok(()) => self.route(work, Urgency::Begun),
                Err(fault) => self.failed(*work, fault),
            },
            Ok(Step::Done(outcome)) => {
                if let Outcome::Busy { until, scope: Scope::Host } = outcome {
                    self.host_is_busy(host, until);
                }
                self.done(*work, outcome);
            }
            Err(FetchError { fault: Fault::NoAnswer(_), .. }) if work.tries == Tries::First => {
                work.tries = Tries::Second;
                self.route_again(host, work);
            }
            // Nothing was learnt about the server.
            Err(error @ FetchError { fault: Fault::NoDescriptor, .. }) => {
                tracing::warn!(url = %error.url, "{error}");
                self.finish(*work, Ended::Unfinished);
            }
            Err(error) => self.finish(*work, Ended::Failed(error)),
        }
    }

    /// Counts requests in a row that did not reach their host; after some, what waits for it
    /// ends as they did.
    fn note_reached(&mut self, host: HostId, error: Option<&FetchError>) {
        let Some(error) = error.filter(|e| e.fault.never_arrived()) else {
            self.unreached.remove(&host);
            return;
        };
        let (count, _) = self.unreached.remove(&host).unwrap_or((0, Fault::NoDescriptor));
        self.unreached.insert(host, (count + 1, error.fault.clone()));
        if count + 1 == UNREACHED {
            for work in self.hosts.take(host) {
                self.failed(*work, error.fault.clone());
            }
        }
    }

    /// The same request once more, in its turn; robots.txt has been asked.
    fn route_again(&mut self, host: HostId, work: Box<Work>) {
        match self.pauses.get(&host) {
            Some(Pause::Closed(until)) => {
                let until = *until;
                self.finish(*work, Ended::HostPaused(until));
            }
            Some(Pause::WaitedOnce) | None => self.queue(host, work, Urgency::Begun),
        }
    }

    fn done(&mut self, work: Work, outcome: Outcome) {
        match work.purpose {
            Purpose::Job(..) => {
                let answer = Answer { outcome, url: work.url.clone(), moved_to: work.moved_to.clone() };
                self.finish(work, Ended::Answered(Box::new(answer)));
            }
            Purpose::Robots(address) => match outcome {
                Outcome::Busy { until, .. } => {
                    let until = until.unwrap_or_else(|| self.unsaid_pause());
                    self.release(&address, |_| Some(Ended::HostPaused(until)));
                }
                outcome => self.robots_known(address, Ok(&outcome)),
            },
        }
    }

    fn failed(&mut self, work: Work, fault: Fault) {
        let error = fault.at(&work.url);
        self.finish(work, Ended::Failed(error));
    }

    fn finish(&mut self, work: Work, ended: Ended) {
        match work.purpose {
            Purpose::Job(id, _) => self.end(id, ended, work.spent),
            Purpose::Robots(address) => match ended {
                Ended::Failed(error) => self.robots_known(address, Err(&error)),
                Ended::HostPaused(until) => self.release(&address, |_| Some(Ended::HostPaused(until))),
                Ended::Answered(_) | Ended::Unfinished => self.release(&address, |_| Some(Ended::Unfinished)),
            },
        }
    }

    fn robots_known(&mut self, address: String, result: Result<&Outcome, &FetchError>) {
        let robots = Robots::of(result, self.clock.now());
        // Nobody listens any more when this fails, and the run is about to end.
        let _ = self.events.send(Event::Robots { address: address.clone(), robots: robots.clone() });
        self.plan.robots.insert(address.clone(), robots);
        self.release(&address, |_| None);
    }

    /// Lets the pages go on that waited for a robots.txt, or ends them.
    fn release(&mut self, address: &str, ended: impl Fn(&Work) -> Option<Ended>) {
        for work in self.waiting.remove(address).unwrap_or_default() {
            match ended(&work) {
                Some(ended) => self.finish(work, ended),
                None => self.route(Box::new(work), Urgency::Usual),
            }
        }
    }

    fn unsaid_pause(&self) -> DateTime<Utc> {
        let now = self.clock.now();
        now.checked_add_signed(UNSAID_PAUSE).unwrap_or(now)
    }

    /// A host wants a pause: a short one is waited for, once; else its rest is for another run.
    fn host_is_busy(&mut self, host: HostId, until: Option<DateTime<Utc>>) {
        let until = until.unwrap_or_else(|| self.unsaid_pause());
        // Nobody listens any more when this fails, and the run is about to end.
        let _ = self.events.send(Event::HostPaused { host: Arc::clone(self.hosts.name(host)), until });
        let wait = until.signed_duration_since(self.clock.now()).to_std().unwrap_or_default();
        let at = Instant::now() + wait;
        let in_time = wait <= self.plan.patience && at < self.clock.start + self.plan.deadline;
        if in_time && !self.pauses.contains_key(&host) {
            self.pauses.insert(host, Pause::WaitedOnce);
            self.hosts.pause(host, at);
        } else {
            self.close(host, until);
        }
    }

    fn close(&mut self, host: HostId, until: DateTime<Utc>) {
        self.pauses.insert(host, Pause::Closed(until));
        for work in self.hosts.take(host) {
            self.finish(*work, Ended::HostPaused(until));
        }
    }

    fn end(&mut self, id: JobId, ended: Ended, took: Duration) {
        self.shared.ended(&ended);
        // Nobody listens any more when this fails, and the run is about to end.
        let _ = self.events.send(Event::Done(Done { id, ended, took }));
    }
}

impl Work {
    fn new(purpose: Purpose, url: Url) -> Self {
        Self {
            purpose,
            url,
            seen: Vec::new(),
            moved_to: None,
            permanent: Permanent::SoFar,
            spent: Duration::ZERO,
            tries: Tries::First,
        }
    }

    fn what(&self) -> What {
        match &self.purpose {
            Purpose::Job(id, _) => What::Job(*id),
            Purpose::Robots(address) => What::Robots(address.clone()),
        }
    }

    fn expected(&self) -> Duration {
        match &self.purpose {
            Purpose::Job(_, job) => job.expected,
            Purpose::Robots(_) => Duration::ZERO,
        }
    }

    /// The robots.txt that speaks for where it is now, where it has to be asked.
    fn robots_to_ask(&self) -> Option<Url> {
        match &self.purpose {
            Purpose::Job(_, job) if job.robots == RobotsPolicy::Ask => robots::address(&self.url),
            Purpose::Job(..) | Purpose::Robots(_) => None,
        }
    }

    fn ask<'a>(&'a self, client: &Client, connection: Connection) -> Ask<'a> {
        let time = client.settings().timeouts.total.saturating_sub(self.spent);
        match &self.purpose {
            Purpose::Job(_, job) => Ask {
                url: &self.url,
                kind: job.kind,
                validators: Some(&job.validators),
                headers: is_for(&job.url, &self.url).then_some(&job.headers),
                time,
                connection,
            },
            Purpose::Robots(_) => {
                Ask { url: &self.url, kind: Kind::Robots, validators: None, headers: None, time, connection }
            }
        }
    }

    fn follow(&mut self, to: Url, redirect: Redirect) -> Result<(), Fault> {
        let most = match self.purpose {
            Purpose::Job(..) => HOPS,
            Purpose::Robots(_) => robots::HOPS,
        };
        if self.seen.len() >= most {
            return Err(Fault::TooManyRedirects(most));
        }
        if to == self.url || self.seen.contains(&to) {
            return Err(Fault::RedirectLoop);
        }
        match redirect {
            Redirect::Permanent if self.permanent == Permanent::SoFar => self.moved_to = Some(to.clone()),
            Redirect::Permanent => {}
            Redirect::Temporary => self.permanent = Permanent::NoMore,
        }
        self.seen.push(std::mem::replace(&mut self.url, to));
        self.tries = Tries::First;
        Ok(())
    }
}

/// What came of a request, in words for the log: on one line, whatever a server sent.
fn told(result: &Result<Step, FetchError>) -> String {
    let text = match result {
        Ok(Step::Follow { to, redirect: Redirect::Permanent }) => format!("has moved to {}", shown(to)),
        Ok(Step::Follow { to, redirect: Redirect::Temporary }) => format!("redirects to {}", shown(to)),
        Ok(Step::Done(Outcome::Fetched { body, .. })) => format!("{} bytes", body.len()),
        Ok(Step::Done(Outcome::NotModified { .. })) => "nothing changed".to_owned(),
        Ok(Step::Done(Outcome::Gone)) => "withdrawn".to_owned(),
        Ok(Step::Done(Outcome::Busy { .. })) => "asks for a pause".to_owned(),
        Err(error) => error.fault.to_string(),
    };
    text.replace(char::is_control, "?")
}

/// Whether headers that were given for `given` may go to `to`: the same server, and not
/// from an encrypted connection to a plain one.
pub(crate) fn is_for(given: &Url, to: &Url) -> bool {
    let upgraded = given.scheme() == "http" && to.scheme() == "https";
    let same_port = given.port_or_known_default() == to.port_or_known_default();
    let default_ports = given.port().is_none() && to.port().is_none();
    given.host() == to.host() && (given.scheme() == to.scheme() && same_port || upgraded && default_ports)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_of_a_request_is_told_on_one_line_and_without_credentials() {
        let url = |text: &str| Url::parse(text).unwrap();
        let to = url("https://me:secret@a.example/x");
        let moved = Ok(Step::Follow { to, redirect: Redirect::Permanent });
        assert_eq!(told(&moved), "has moved to https://a.example/x");
        let broken = Err(Fault::Connection("broken\r\nat once".to_owned()).at(&url("https://a.example/")));
        assert_eq!(told(&broken), "the connection failed: broken??at once");
    }

    #[test]
    fn headers_go_to_the_host_they_were_given_for() {
        for (given, to, expected) in [
            ("https://a.example/x", "https://a.example/y", true),
            ("http://a.example/x", "https://a.example/x", true),
            ("https://a.example/x", "http://a.example/x", false),
            ("https://a.example/x", "https://b.example/x", false),
            ("https://a.example/x", "https://sub.a.example/x", false),
            ("https://a.example/x", "https://a.example:8443/x", false),
            ("http://a.example:8100/x", "http://a.example:8100/y", true),
            ("http://a.example:8100/x", "https://a.example/y", false),
        ] {
            assert_eq!(is_for(&given.parse().unwrap(), &to.parse().unwrap()), expected, "{given} {to}");
        }
    }

    #[test]
    fn permanent_redirects_count_up_to_the_first_other() {
        let url = |text: &str| Url::parse(text).unwrap();
        let mut work = Work::new(Purpose::Robots(String::new()), url("https://a.example/"));
        for (to, redirect, moved_to) in [
            ("https://b.example/", Redirect::Permanent, "https://b.example/"),
            ("https://c.example/", Redirect::Permanent, "https://c.example/"),
            ("https://d.example/", Redirect::Temporary, "https://c.example/"),
            ("https://e.example/", Redirect::Permanent, "https://c.example/"),
        ] {
            work.follow(url(to), redirect).unwrap();
            assert_eq!(work.moved_to.as_ref().map(Url::as_str), Some(moved_to));
        }
        assert_eq!(work.follow(url("https://b.example/"), Redirect::Temporary), Err(Fault::RedirectLoop));
        assert_eq!(work.follow(url("https://e.example/"), Redirect::Temporary), Err(Fault::RedirectLoop));
    }
}
