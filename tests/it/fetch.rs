//! Fetching from servers that behave as FAULTS describe, over real sockets on loopback.
//!
//! | row | how it is tested | where |
//! |---|---|---|
//! | A1 status 500, 502 | class, one request | `each_fault_has_its_class`; distances: unit `failures_double_the_distance_…` |
//! | A2 404, 403 | class, slower pace | the same; unit `what_somebody_has_to_mend_…` |
//! | A3 410 | `Gone`, never due again | the same; unit `gone_ends_it_until_somebody_revives_it` |
//! | A4 429, 503 with Retry-After | no further request to host or address | `a_host_that_says_slow_down_…`, `an_address_that_is_busy_…` |
//! | A5 odd Retry-After | clamped, no overflow | unit `a_hostile_retry_after_is_clamped`, `nothing_overflows_…` |
//! | A6 301, 308 | followed, reported, adopted after a day | `redirects_are_followed…`; unit `a_move_is_adopted_…` and three more |
//! | A7 302, 303, 307 | followed, not reported | `redirects_are_followed…` |
//! | A8 chains and circles | at most 8 hops, counted | `redirects_end` |
//! | A9, A10 bad targets | class, message | `each_fault_has_its_class`; unit `redirects_that_lead_nowhere_…` |
//! | A11 empty, 204, unasked 304 | class | `each_fault_has_its_class` |
//! | A12 credentials | not at the other host | `credentials_and_validators_stay_with_their_host` |
//! | B1 silence | own time only | `silent_servers_cost_nobody_else_time` |
//! | B2 trickles | cut by time and by rate | `trickles_are_cut` |
//! | B3 stall | cut, no body | `each_fault_has_its_class` |
//! | B4 reset, early close, not HTTP | class `connection`, at most one more try | the same, `only_a_lost_connection_is_tried_again` |
//! | B5 truncated | class `incomplete`, no validators | `each_fault_has_its_class`; unit `a_body_that_broke_off_…` |
//! | B6 cut XML | the reader's part; the state keeps its validators | unit `a_failure_keeps_the_validators_…` |
//! | B7 contradictory lengths | refused or exact; nothing leaks into the next answer | `nothing_leaks_into_the_next_answer` |
//! | B8 close-delimited, HTTP/1.0 | read | `each_fault_has_its_class` |
//! | B9 refused, unknown, slow name | class, within the time to connect | `names_that_lead_nowhere` |
//! | B10 limits per host | counted by the server | `a_host_is_asked_by_few_at_once_with_a_gap`; unit property of `hosts` |
//! | C1 bombs | cut at the limit; nested refused | `each_fault_has_its_class`; unit `encoding` |
//! | C2 endless | less than twice the limit read | `an_endless_body_is_cut` |
//! | C3 headers | class `headers`; long validators not kept | `each_fault_has_its_class`; unit `validators` |
//! | C4 damaged compression | class `encoding`; bare deflate read | `each_fault_has_its_class`; unit `encoding` |
//! | C5 to C8 | the reader's part | |
//! | E7, E8, E9 validators | opaque, both replaced, byte by byte | `validators_go_back_as_they_came`; unit `validators` |
//! | F2 conditional | both sent, 304 understood | `validators_go_back_as_they_came` |
//! | F3 hints | | unit `the_next_poll_is_the_latest_…`, `hints` |
//! | F4 per host | | `a_host_is_asked_by_few_at_once_with_a_gap` |
//! | F5 manners | no cookie, no referrer, one request an address | `requests_have_manners` |
//! | F6 robots.txt | | `pages_are_asked_for_as_robots_txt_allows`; unit `robots` |
//! | G1 literals | canary untouched | `no_spelling_of_a_denied_address_is_asked`; unit `guard` |
//! | G2 redirects | canary untouched | `no_redirect_leads_to_a_denied_address` |
//! | G3, G4 DNS | canary untouched | `only_admitted_addresses_of_a_name_are_tried` |
//! | G5 robots, proxy | canary untouched | `no_redirect_leads_…`, `a_proxy_is_used_only_when_it_is_configured` |
//! | G6 ports | refused; a reply that is none is an error of few words | unit `only_the_web_is_asked`; `each_fault_has_its_class` |
//! | H4 messages | no control characters, capped | `messages_are_harmless` |
//! | S6 clock | | unit `a_clock_that_jumps_silences_nobody` |
//! | S7, I1 end of a run | | `a_run_ends_when_it_should` |
//! | S10 few descriptors | connections are not kept | `connections_are_reused_and_given_back` |

mod faults;
mod manners;
mod walls;

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use feedloom::fetch::client::{Client, ClientError, Settings, Timeouts};
use feedloom::fetch::fetcher::{Asked, Plan, Waited};
use feedloom::fetch::guard::{Guard, Ports, Range};
use feedloom::fetch::hosts::Limits;
use feedloom::fetch::outcome::Scope;
use feedloom::fetch::{Answer, Ended, Event, Fetcher, Job, JobId, Outcome, RobotsPolicy, Stop, Validators};
use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder};
use url::Url;

use super::server::{After, Request, Server, raw, reply, then_silence};

const BODY: &[u8] = b"<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>x</title></channel></rss>";
const LIMIT: usize = 1 << 20;
const MS: Duration = Duration::from_millis(1);

/// Only 127.0.1.0/24 is open, as the operator of a test network would write it.
fn settings() -> Settings {
    let timeouts = Timeouts {
        connect: 600 * MS,
        head: 800 * MS,
        stall: 600 * MS,
        total: 3000 * MS,
        rate_after: 800 * MS,
        rate_bytes: 1024,
    };
    let allow = Range::new("127.0.1.0".parse().unwrap(), 24);
    Settings {
        contact: Some("https://example.org/bot".to_owned()),
        max_bytes: LIMIT,
        // The tests hold bodies for longer than a program should.
        budget_bytes: 64 * LIMIT,
        timeouts,
        ..Settings::new(Guard::new(vec![allow], Ports::Web))
    }
}

fn plan() -> Plan {
    let limits = Limits {
        per_host: 64,
        gap: Duration::ZERO,
        gaps: BTreeMap::new(),
        shares: BTreeMap::new(),
        at_once: 256,
        idle: 64,
    };
    Plan::new(limits, Duration::from_secs(15), "2026-11-21T10:00:00Z".parse().unwrap())
}

fn start(settings: Settings, plan: Plan) -> Fetcher {
    Fetcher::start(settings, plan, &Stop::new()).expect("it starts")
}

fn ask(fetcher: &mut Fetcher, job: Job) -> JobId {
    match fetcher.ask(job) {
        Asked::New(id) => id,
        Asked::Before(id) => panic!("asked before: {id:?}"),
    }
}

/// Runs all jobs and gives what became of each, in the order of the jobs.
fn run_with(settings: Settings, plan: Plan, jobs: Vec<Job>) -> Vec<Ended> {
    let mut fetcher = start(settings, plan);
    let ids: Vec<JobId> = jobs.into_iter().map(|job| ask(&mut fetcher, job)).collect();
    let mut ended: HashMap<JobId, Ended> = HashMap::new();
    while let Some(event) = fetcher.next() {
        if let Event::Done(done) = event {
            assert!(ended.insert(done.id, done.ended).is_none(), "ended twice");
        }
    }
    let progress = fetcher.finish();
    assert_eq!((progress.jobs, progress.done), (ids.len(), ids.len()));
    assert_eq!(progress.done, progress.fetched + progress.unchanged + progress.failed + progress.postponed);
    assert!(progress.hosts.is_empty());
    ids.into_iter().map(|id| ended.remove(&id).expect("every job ends")).collect()
}

fn run(jobs: Vec<Job>) -> Vec<Ended> {
    run_with(settings(), plan(), jobs)
}

fn one(job: Job) -> Ended {
    run(vec![job]).remove(0)
}

fn feed(server: &Server, path: &str) -> Job {
    Job::feed(server.url(path))
}

/// `ok`, `gone`, ..., or the class of what went wrong.
fn word(ended: &Ended) -> &'static str {
    match ended {
        Ended::Answered(answer) => match &answer.outcome {
            Outcome::Fetched { .. } => "ok",
            Outcome::NotModified { .. } => "unchanged",
            Outcome::Gone => "gone",
            Outcome::Busy { scope: Scope::Host, .. } => "busy host",
            Outcome::Busy { scope: Scope::Address, .. } => "busy address",
        },
        Ended::Failed(error) => error.fault.class(),
        Ended::HostPaused(_) => "host paused",
        Ended::Unfinished => "unfinished",
    }
}

fn answer(ended: Ended) -> Answer {
    match ended {
        Ended::Answered(answer) => *answer,
        other => panic!("{other:?}"),
    }
}

fn gzip(plain: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(plain).unwrap();
    encoder.finish().unwrap()
}

/// 64 MiB in some 300 KiB, made once: it takes a while.
fn bomb() -> &'static [u8] {
    static BOMB: LazyLock<Vec<u8>> = LazyLock::new(|| gzip(&vec![b'A'; 64 << 20]));
    &BOMB
}

fn head(lines: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/rss+xml\r\n{lines}\r\n").into_bytes()
}

fn with_body(lines: &str, body: &[u8]) -> Vec<u8> {
    [head(lines), body.to_vec()].concat()
}

fn validators(etag: &str, last_modified: &str) -> Validators {
    let text = serde_json::json!({"etag": etag, "last_modified": last_modified, "host": "127.0.1.7"});
    serde_json::from_value(text).unwrap()
}

fn with(validators: Validators, mut job: Job) -> Job {
    job.validators = validators;
    job
}
