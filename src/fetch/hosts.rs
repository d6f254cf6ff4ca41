//! Which request may start now, and when the next.
//!
//! Few at once for each host and a gap between their starts, so that nobody notices us;
//! a limit over all hosts; pauses that hosts ask for. What will take longest starts
//! first: hosts with much to do before hosts with little, slow addresses before quick ones.
//! Where that decides nothing, many hosts are asked one thing each rather than few hosts
//! many: it saves connections, theirs and ours.
//!
//! A state machine over tickets. Nothing here does IO or reads the clock: `now` comes
//! in, and [`Hosts::next`] says when it is worth asking again.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, BinaryHeap, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How hosts are treated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Requests at once to one host; at least one.
    pub per_host: usize,
    /// Between the starts of two requests to one host.
    pub gap: Duration,
    /// Hosts with a gap of their own.
    pub gaps: BTreeMap<String, Duration>,
    /// Hosts that may be sent another number of requests at once; at least one.
    pub shares: BTreeMap<String, usize>,
    /// Requests at once; at least one.
    pub at_once: usize,
    /// Connections that may be kept for the next request to their host.
    pub idle: usize,
}

/// File descriptors that are left to the store, to files and to looking up names.
const DESCRIPTORS_ELSEWHERE: usize = 64;

impl Limits {
    /// Limits that `open_files` descriptors suffice for: half of the sockets for requests,
    /// half for connections that wait.
    #[must_use]
    pub fn within(mut self, open_files: usize) -> Self {
        let sockets = open_files.saturating_sub(DESCRIPTORS_ELSEWHERE).max(8);
        self.at_once = self.at_once.min(sockets / 2);
        self.idle = self.idle.min(sockets / 2);
        self
    }
}

/// How many files a process may have open, by the text of Linux's `/proc/self/limits`.
pub fn open_files(limits: &str) -> Option<usize> {
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    match line.split_ascii_whitespace().next()? {
        "unlimited" => Some(usize::MAX),
        number => number.parse().ok(),
    }
}

/// How soon a request should start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Urgency {
    /// In its turn.
    Usual,
    /// Before the others of its host: it goes on with something that has begun.
    Begun,
}

/// What may happen now.
#[derive(Debug, PartialEq, Eq)]
pub enum Next<T> {
    /// This may start; it counts as started.
    Start(Start<T>),
    /// Nothing before this moment, unless something ends or is added.
    Wait(Instant),
    /// Nothing until something ends or is added.
    Blocked,
}

/// A request that may start.
#[derive(Debug, PartialEq, Eq)]
pub struct Start<T> {
    /// What was added.
    pub ticket: T,
    /// Its host, to be handed back when it ends.
    pub host: HostId,
    /// What happens to its connection.
    pub connection: Connection,
}

/// What happens to a connection after its request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Connection {
    /// It is kept for the next one.
    Keep,
    /// Nothing else is wanted from this host as far as is known, or too many are kept already.
    Close,
}

/// A host that is known here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(usize);

#[derive(Debug)]
struct Host<T> {
    name: Arc<str>,
    gap: Duration,
    /// Requests at once.
    share: usize,
    queue: BinaryHeap<Queued<T>>,
    running: usize,
    /// Connections to it that are kept.
    kept: usize,
    /// No start before: the gap, or a pause.
    not_before: Option<Instant>,
    /// How long its queue will take.
    work: Duration,
    place: Place,
}

/// In which order of [`Hosts`] a host stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// In none: nothing to do, or enough under way.
    Nowhere,
    /// In `ready`, under this rank.
    Ready(Rank),
    /// In `waiting`, until then.
    Waiting(Instant),
}

/// Seconds of work for each connection there would be, most first; then connections, fewest first.
/// Whole seconds: less is not worth another connection.
type Rank = (Reverse<u64>, usize);

#[derive(Debug)]
struct Queued<T> {
    urgency: Urgency,
    expected: Duration,
    order: Reverse<u64>,
    ticket: T,
}

impl<T> Queued<T> {
    fn key(&self) -> (Urgency, Duration, Reverse<u64>) {
        (self.urgency, self.expected, self.order)
    }
}

impl<T> PartialEq for Queued<T> {
    fn eq(&self, other: &Self) -> bool {
        self.key() == other.key()
    }
}

impl<T> Eq for Queued<T> {}

impl<T> PartialOrd for Queued<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> Ord for Queued<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.key().cmp(&other.key())
    }
}

/// The requests that wait and those under way, by host.
#[derive(Debug)]
pub struct Hosts<T> {
    limits: Limits,
    hosts: Vec<Host<T>>,
    ids: HashMap<Arc<str>, HostId>,
    /// Hosts that may start one now, as far as they are concerned: the first has most to gain.
    ready: BTreeSet<(Rank, HostId)>,
    /// Hosts that may start one later.
    waiting: BTreeSet<(Instant, HostId)>,
    running: usize,
    kept: usize,
    queued: usize,
    order: u64,
}

impl<T> Hosts<T> {
    /// No requests yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            hosts: Vec::new(),
            ids: HashMap::new(),
            ready: BTreeSet::new(),
            waiting: BTreeSet::new(),
            running: 0,
            kept: 0,
            queued: 0,
            order: 0,
        }
    }

    /// Adds a request to `host` that will take about as long as `expected`.
    pub fn add(&mut self, host: &str, expected: Duration, urgency: Urgency, ticket: T) -> HostId {
        let id = self.id(host);
        self.order += 1;
        self.queued += 1;
        let host = &mut self.hosts[id.0];
        host.queue.push(Queued { urgency, expected, order: Reverse(self.order), ticket });
        host.work += expected.max(host.gap);
        self.file(id);
        id
    }

    /// What may start at `now`.
    pub fn next(&mut self, now: Instant) -> Next<T> {
        while let Some((at, id)) = self.waiting.first().copied().filter(|(at, _)| *at <= now) {
            self.waiting.remove(&(at, id));
            self.hosts[id.0].not_before = None;
            self.hosts[id.0].place = Place::Nowhere;
            self.file(id);
        }
        if self.running >= self.limits.at_once.max(1) {
            return Next::Blocked;
        }
        let Some((_, id)) = self.ready.first().copied() else {
            return self.waiting.first().map_or(Next::Blocked, |(at, _)| Next::Wait(*at));
        };
        let host = &mut self.hosts[id.0];
        let Some(queued) = host.queue.pop() else {
            // A host without a queue is in no order; looked at once more, nobody is hurt.
            self.file(id);
            return Next::Blocked;
        };
        host.work = host.work.saturating_sub(queued.expected.max(host.gap));
        host.running += 1;
        host.not_before = (!host.gap.is_zero()).then(|| now + host.gap);
        let more = host.running.saturating_sub(host.kept);
        let connection = if host.queue.is_empty() {
            self.kept -= std::mem::take(&mut host.kept);
            Connection::Close
        } else if self.kept + more <= self.limits.idle {
            host.kept += more;
            self.kept += more;
            Connection::Keep
        } else {
            Connection::Close
        };
        self.running += 1;
        self.queued -= 1;
        self.file(id);
        Next::Start(Start { ticket: queued.ticket, host: id, connection })
    }

    /// A request to `host` has ended.
    pub fn finished(&mut self, host: HostId) {
        self.hosts[host.0].running = self.hosts[host.0].running.saturating_sub(1);
        self.running = self.running.saturating_sub(1);
        self.file(host);
    }

    /// Nothing to `host` before `until`.
    pub fn pause(&mut self, host: HostId, until: Instant) {
        let paused = &mut self.hosts[host.0];
        paused.not_before = Some(paused.not_before.map_or(until, |at| at.max(until)));
        self.file(host);
    }

    /// Takes everything that waits for `host`.
    pub fn take(&mut self, host: HostId) -> Vec<T> {
        let queue = std::mem::take(&mut self.hosts[host.0].queue);
        self.hosts[host.0].work = Duration::ZERO;
        self.queued -= queue.len();
        self.file(host);
        queue.into_sorted_vec().into_iter().rev().map(|q| q.ticket).collect()
    }

    /// Takes everything that waits.
    pub fn take_all(&mut self) -> Vec<T> {
        (0..self.hosts.len()).flat_map(|i| self.take(HostId(i))).collect()
    }

    /// Requests that wait.
    pub fn queued(&self) -> usize {
        self.queued
    }

    /// Requests under way.
    pub fn running(&self) -> usize {
        self.running
    }

    /// Name of a host.
    pub fn name(&self, host: HostId) -> &Arc<str> {
        &self.hosts[host.0].name
    }

    /// The host with this name.
    pub fn id(&mut self, name: &str) -> HostId {
        if let Some(id) = self.ids.get(name) {
            return *id;
        }
        let id = HostId(self.hosts.len());
        let name: Arc<str> = name.into();
        let gap = self.limits.gaps.get(&*name).copied().unwrap_or(self.limits.gap);
        let share = self.limits.shares.get(&*name).copied().unwrap_or(self.limits.per_host).max(1);
        self.hosts.push(Host {
            name: Arc::clone(&name),
            gap,
            share,
            queue: BinaryHeap::new(),
            running: 0,
            kept: 0,
            not_before: None,
            work: Duration::ZERO,
            place: Place::Nowhere,
        });
        self.ids.insert(name, id);
        id
    }

    /// Puts a host into the order where it belongs.
    fn file(&mut self, id: HostId) {
        let host = &mut self.hosts[id.0];
        let place = if host.queue.is_empty() || host.running >= host.share {
            Place::Nowhere
        } else if let Some(at) = host.not_before {
            Place::Waiting(at)
        } else {
            let connections = host.running + 1;
            Place::Ready((Reverse(host.work.as_secs() / connections as u64), connections))
        };
        if place == host.place {
            return;
        }
        match std::mem::replace(&mut host.place, place) {
            Place::Nowhere => {}
            Place::Ready(rank) => {
                self.ready.remove(&(rank, id));
            }
            Place::Waiting(at) => {
                self.waiting.remove(&(at, id));
            }
        }
        match place {
            Place::Nowhere => {}
            Place::Ready(rank) => {
                self.ready.insert((rank, id));
            }
            Place::Waiting(at) => {
                self.waiting.insert((at, id));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn hosts(per_host: usize, gap: Duration, at_once: usize) -> Hosts<u32> {
        Hosts::new(Limits { per_host, gap, gaps: BTreeMap::new(), shares: BTreeMap::new(), at_once, idle: 64 })
    }

    fn start(next: Next<u32>) -> Start<u32> {
        match next {
            Next::Start(start) => start,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_host_is_asked_by_few_at_once_with_a_gap() {
        let now = Instant::now();
        let mut hosts = hosts(2, SECOND, 64);
        for ticket in 0..4 {
            hosts.add("a.example", Duration::ZERO, Urgency::Usual, ticket);
        }
        let first = start(hosts.next(now));
        assert_eq!((first.ticket, first.connection), (0, Connection::Keep));
        assert_eq!(hosts.next(now), Next::Wait(now + SECOND));
        assert_eq!(start(hosts.next(now + SECOND)).ticket, 1);
        assert_eq!(hosts.next(now + 5 * SECOND), Next::Blocked, "two are under way");
        hosts.finished(first.host);
        assert_eq!(start(hosts.next(now + 5 * SECOND)).ticket, 2);
        hosts.finished(first.host);
        let last = start(hosts.next(now + 6 * SECOND));
        assert_eq!((last.ticket, last.connection), (3, Connection::Close));
        assert_eq!((hosts.next(now + 9 * SECOND), hosts.queued(), hosts.running()), (Next::Blocked, 0, 2));
    }

    #[test]
    fn hosts_do_not_wait_for_each_other() {
        let now = Instant::now();
        let mut hosts = hosts(1, SECOND, 64);
        for ticket in 0..3 {
            hosts.add(&format!("{ticket}.example"), Duration::ZERO, Urgency::Usual, ticket);
        }
        for _ in 0..3 {
            start(hosts.next(now));
        }
    }

    #[test]
    fn the_limit_over_all_hosts_holds() {
        let now = Instant::now();
        let mut hosts = hosts(2, Duration::ZERO, 3);
        for ticket in 0..10 {
            hosts.add(&format!("{ticket}.example"), Duration::ZERO, Urgency::Usual, ticket);
        }
        for _ in 0..3 {
            start(hosts.next(now));
        }
        assert_eq!(hosts.next(now), Next::Blocked);
    }

    #[test]
    fn slow_ones_and_hosts_with_much_to_do_start_first() {
        let now = Instant::now();
        let mut hosts = hosts(9, Duration::ZERO, 64);
        hosts.add("small.example", SECOND, Urgency::Usual, 1);
        hosts.add("large.example", SECOND, Urgency::Usual, 2);
        hosts.add("large.example", 8 * SECOND, Urgency::Usual, 3);
        hosts.add("slow.example", 5 * SECOND, Urgency::Usual, 4);
        hosts.add("small.example", Duration::ZERO, Urgency::Begun, 5);
        let order: Vec<u32> = (0..5).map(|_| start(hosts.next(now)).ticket).collect();
        assert_eq!(order[..2], [3, 4]);
        let place = |ticket| order.iter().position(|t| *t == ticket).unwrap();
        assert!(place(5) < place(1), "what has begun goes on first");
    }

    #[test]
    fn hosts_may_have_a_gap_of_their_own() {
        let now = Instant::now();
        let gaps = BTreeMap::from([("slow.example".to_owned(), 10 * SECOND)]);
        let mut hosts =
            Hosts::new(Limits { per_host: 2, gap: SECOND, gaps, shares: BTreeMap::new(), at_once: 9, idle: 9 });
        for ticket in 0..2 {
            hosts.add("slow.example", Duration::ZERO, Urgency::Usual, ticket);
        }
        start(hosts.next(now));
        assert_eq!(hosts.next(now), Next::Wait(now + 10 * SECOND));
    }

    #[test]
    fn hosts_may_be_asked_more_at_once() {
        let now = Instant::now();
        let shares = BTreeMap::from([("large.example".to_owned(), 3)]);
        let limits = Limits { per_host: 1, gap: Duration::ZERO, gaps: BTreeMap::new(), shares, at_once: 9, idle: 9 };
        let mut hosts = Hosts::new(limits);
        for ticket in 0..5 {
            hosts.add("large.example", Duration::ZERO, Urgency::Usual, ticket);
            hosts.add("small.example", Duration::ZERO, Urgency::Usual, 10 + ticket);
        }
        let started: Vec<u32> = (0..4).map(|_| start(hosts.next(now)).ticket).collect();
        assert_eq!(started.iter().filter(|t| **t < 10).count(), 3, "{started:?}");
        assert_eq!(hosts.next(now), Next::Blocked);
    }

    #[test]
    fn a_paused_host_waits_and_what_waits_can_be_taken() {
        let now = Instant::now();
        let mut hosts = hosts(2, SECOND, 64);
        let host = hosts.add("a.example", Duration::ZERO, Urgency::Usual, 1);
        hosts.add("a.example", Duration::ZERO, Urgency::Usual, 2);
        hosts.pause(host, now + 60 * SECOND);
        assert_eq!(hosts.next(now), Next::Wait(now + 60 * SECOND));
        hosts.pause(host, now + 30 * SECOND);
        assert_eq!(hosts.next(now), Next::Wait(now + 60 * SECOND), "the longer pause counts");
        assert_eq!(start(hosts.next(now + 60 * SECOND)).ticket, 1);
        assert_eq!((hosts.take(host), hosts.queued()), (vec![2], 0));
        assert_eq!(hosts.next(now + 90 * SECOND), Next::Blocked);
    }

    #[test]
    fn no_more_connections_are_kept_than_may_be() {
        let now = Instant::now();
        let limits = Limits {
            per_host: 2,
            gap: Duration::ZERO,
            gaps: BTreeMap::new(),
            shares: BTreeMap::new(),
            at_once: 64,
            idle: 3,
        };
        let mut hosts = Hosts::new(limits);
        for ticket in 0..16 {
            hosts.add(&format!("{}.example", ticket % 4), Duration::ZERO, Urgency::Usual, ticket);
        }
        let first: Vec<Start<u32>> = (0..8).map(|_| start(hosts.next(now))).collect();
        let kept = |starts: &[Start<u32>]| starts.iter().filter(|s| s.connection == Connection::Keep).count();
        assert_eq!(kept(&first), 3);
        first.iter().for_each(|s| hosts.finished(s.host));
        let second: Vec<Start<u32>> = (0..8).map(|_| start(hosts.next(now))).collect();
        assert!(kept(&second) <= 4, "one for each host that has one more to come");
        assert_eq!((hosts.queued(), hosts.kept), (0, 0));
    }

    #[test]
    fn few_file_descriptors_are_enough() {
        let limits = Limits {
            per_host: 2,
            gap: SECOND,
            gaps: BTreeMap::new(),
            shares: BTreeMap::new(),
            at_once: 64,
            idle: 1000,
        };
        for (open_files, at_once, idle) in
            [(1024, 64, 480), (256, 64, 96), (128, 32, 32), (20, 4, 4), (0, 4, 4), (usize::MAX, 64, 1000)]
        {
            let limits = limits.clone().within(open_files);
            assert_eq!((limits.at_once, limits.idle), (at_once, idle), "{open_files}");
        }
        let text = "Limit                     Soft Limit           Hard Limit           Units     \nMax open files            1024                 524288               files     \n";
        assert_eq!(open_files(text), Some(1024));
        assert_eq!(open_files("Max open files  unlimited unlimited files"), Some(usize::MAX));
        assert_eq!(open_files(""), None);
    }

    #[derive(Debug, Clone)]
    enum Act {
        Add(u8, u8),
        Pass(u16),
        End(usize),
        Pause(u8, u16),
    }

    fn acts() -> impl Strategy<Value = Vec<Act>> {
        let act = prop_oneof![
            4 => (0u8..5, any::<u8>()).prop_map(|(h, e)| Act::Add(h, e)),
            3 => (0u16..900).prop_map(Act::Pass),
            3 => any::<usize>().prop_map(Act::End),
            1 => (0u8..5, 0u16..5000).prop_map(|(h, p)| Act::Pause(h, p)),
        ];
        proptest::collection::vec(act, 0..200)
    }

    struct Model {
        hosts: Hosts<u32>,
        now: Instant,
        under_way: Vec<HostId>,
        started: BTreeMap<HostId, Instant>,
        paused: BTreeMap<HostId, Instant>,
        seen: BTreeSet<u32>,
        per_host: usize,
        at_once: usize,
        gap: Duration,
    }

    impl Model {
        fn start_all(&mut self) -> Result<Option<Instant>, TestCaseError> {
            loop {
                match self.hosts.next(self.now) {
                    Next::Start(Start { ticket, host, .. }) => {
                        prop_assert!(self.seen.insert(ticket), "started twice");
                        let last = self.started.insert(host, self.now);
                        prop_assert!(last.is_none_or(|at| self.now - at >= self.gap));
                        prop_assert!(self.paused.get(&host).is_none_or(|until| self.now >= *until));
                        self.under_way.push(host);
                        prop_assert!(self.under_way.iter().filter(|h| **h == host).count() <= self.per_host);
                        prop_assert!(self.under_way.len() <= self.at_once);
                    }
                    Next::Wait(at) => {
                        prop_assert!(at > self.now);
                        return Ok(Some(at));
                    }
                    Next::Blocked => return Ok(None),
                }
            }
        }
    }

    proptest! {
        #[test]
        fn limits_hold_and_everything_starts_once(
            acts in acts(), per_host in 1usize..4, at_once in 1usize..6, gap_ms in 0u64..1500,
        ) {
            let gap = Duration::from_millis(gap_ms);
            let mut model = Model {
                hosts: hosts(per_host, gap, at_once),
                now: Instant::now(),
                under_way: Vec::new(),
                started: BTreeMap::new(),
                paused: BTreeMap::new(),
                seen: BTreeSet::new(),
                per_host,
                at_once,
                gap,
            };
            let mut added = 0;
            for act in acts {
                match act {
                    Act::Add(host, expected) => {
                        let expected = Duration::from_millis(expected.into());
                        model.hosts.add(&host.to_string(), expected, Urgency::Usual, added);
                        added += 1;
                    }
                    Act::Pass(ms) => model.now += Duration::from_millis(ms.into()),
                    Act::End(which) if !model.under_way.is_empty() => {
                        let host = model.under_way.swap_remove(which % model.under_way.len());
                        model.hosts.finished(host);
                    }
                    Act::End(_) => {}
                    Act::Pause(host, ms) => {
                        let id = model.hosts.id(&host.to_string());
                        let until = model.now + Duration::from_millis(ms.into());
                        model.hosts.pause(id, until);
                        model.paused.entry(id).and_modify(|at| *at = (*at).max(until)).or_insert(until);
                    }
                }
                model.start_all()?;
            }
            // Nothing is forgotten: when time passes and requests end, everything starts.
            for _ in 0..1000 {
                match model.start_all()? {
                    Some(at) => model.now = at,
                    None => match model.under_way.pop() {
                        Some(host) => model.hosts.finished(host),
                        None => break,
                    },
                }
            }
            prop_assert_eq!(model.seen.len(), added as usize);
            prop_assert_eq!((model.hosts.queued(), model.hosts.running()), (0, 0));
        }
    }
}
