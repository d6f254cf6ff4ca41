//! When a source is asked next, and at which address.
//!
//! [`SourceState`] is what is remembered of a source between runs; [`after`] leads from
//! one state to the next. The next poll is the latest of our own interval and of
//! everything the publisher asks for, each within limits, so that neither a slip of the
//! pen nor malice silences a feed for ever. Failures are tried again at growing
//! distances, for ever, and never all at the same moment.
//!
//! Nothing here does IO or reads the clock; randomness comes in as a [`Jitter`].

mod hints;

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

pub use hints::Hints;

use super::error::{FetchError, Pace};
use super::outcome::Scope;
use super::validators::Validators;
use crate::normalize::address;

/// Farthest next poll there is, whatever was asked for.
pub const FARTHEST: Duration = Duration::from_secs(7 * 24 * 3600);

/// Longest interval that a publisher's hint is given: a feed that says "monthly" has news in between.
const LONGEST_HINT: Duration = Duration::from_secs(24 * 3600);

/// Longest distance between two tries of a source that fails.
const LONGEST_BACKOFF: Duration = Duration::from_secs(24 * 3600);

/// Shortest distance between two tries of a source that fails, when the operator allows polling without a pause.
const SHORTEST_BACKOFF: Duration = Duration::from_secs(60);

/// How much later than computed a try may come, as a share: failures of one moment must not meet again.
const SPREAD: f64 = 0.2;

/// A failure that somebody has to mend is tried this many times less often.
const LASTING: u32 = 4;

/// A source that posts once a day is asked as often as that.
const POLLS_PER_POSTING: u32 = 24;

/// A source that posts rarely is still asked once in so many own intervals: its next release is news, too.
const LONGEST_USUAL: u32 = 6;

/// Good answers from a new address before it is adopted.
const MOVE_COUNT: u32 = 3;

/// And the time over which they must have come: a server in trouble redirects everything for an afternoon.
const MOVE_TIME: TimeDelta = TimeDelta::days(1);

/// Failures in a row after which an adopted address is given up for the configured one.
const ADOPTION_FAILURES: u32 = 5;

/// A decision this far ahead of now means that the clock was wrong then.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);

/// Longest error message that is kept, in characters.
const LONGEST_MESSAGE: usize = 300;

/// What is remembered of a source. Every value of every field is fine; a field that is
/// missing in a stored state takes its default.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SourceState {
    /// Its address as configured.
    pub address: Url,
    /// The address it has moved to, once that proved good; asked instead of `address`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<Url>,
    /// A permanent redirect that was seen, adopted or not: `to` belongs into the configuration.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub moved: Option<Moved>,
    /// Of the last body that was read well; to be stored with its entries, in one transaction.
    #[serde(default)]
    pub validators: Validators,
    /// When it was asked last.
    #[serde(default)]
    pub last_attempt: Option<DateTime<Utc>>,
    /// When it last gave a body that could be read, or said that nothing had changed.
    #[serde(default)]
    pub last_success: Option<DateTime<Utc>>,
    /// When it is asked next; see [`SourceState::due_at`] for how that is read.
    #[serde(default)]
    pub next: Option<NextTry>,
    /// The failures since the last success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// When it was found withdrawn (410). It is not asked again until somebody clears this.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<DateTime<Utc>>,
    /// Seconds between two of its entries, usually; the caller measures it when it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub posting_interval_s: Option<u64>,
    /// What it called itself in its last body.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub title: String,
    /// Date of the newest entry of its last body; the caller looks for it when it reads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest: Option<DateTime<Utc>>,
    /// What its last body asked for: it holds while there is no new one.
    #[serde(default)]
    pub hints: Hints,
    /// Milliseconds that the last answer took: slow ones start first.
    #[serde(default)]
    pub took_ms: u64,
}

/// The next try.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextTry {
    /// Not before.
    pub at: DateTime<Utc>,
    /// What decided.
    pub why: Why,
    /// When it was decided: tells a long wait from a clock that was wrong.
    pub decided: DateTime<Utc>,
}

/// What decided when a source is asked next.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    /// The shortest interval the operator allows.
    Interval,
    /// How often it posts.
    Posting,
    /// `Cache-Control` or `Expires`.
    Freshness,
    /// `ttl` in the feed.
    Ttl,
    /// `sy:updatePeriod` in the feed.
    UpdatePeriod,
    /// `skipHours` or `skipDays` in the feed.
    Skip,
    /// `Retry-After` for this address.
    RetryAfter,
    /// Its host asked for a pause.
    HostPause,
    /// It failed.
    Failing,
    /// The run ended before its turn came.
    Unfinished,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Why::Interval => "shortest interval",
            Why::Posting => "how often it posts",
            Why::Freshness => "Cache-Control or Expires",
            Why::Ttl => "ttl in the feed",
            Why::UpdatePeriod => "sy:updatePeriod in the feed",
            Why::Skip => "skipHours or skipDays in the feed",
            Why::RetryAfter => "it asked for a pause",
            Why::HostPause => "its host asked for a pause",
            Why::Failing => "it fails",
            Why::Unfinished => "the last run ended before",
        })
    }
}

/// Failures in a row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// How many.
    pub count: u32,
    /// When the first was.
    pub first: DateTime<Utc>,
    /// When the last was.
    pub last: DateTime<Utc>,
    /// The last one's class, a stable word.
    pub class: String,
    /// The last one's message.
    pub message: String,
}

/// A permanent redirect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Moved {
    /// Where to.
    pub to: Url,
    /// When it was first seen.
    pub first: DateTime<Utc>,
    /// When it was last seen.
    pub last: DateTime<Utc>,
    /// How often it led to a good answer.
    pub count: u32,
}

impl Moved {
    /// Where to, without a name and password: a relative redirect keeps those it was asked with.
    pub fn shown(&self) -> String {
        address::bare(self.to.clone())
    }

    fn is_proved(&self) -> bool {
        self.count >= MOVE_COUNT && self.last.signed_duration_since(self.first) >= MOVE_TIME
    }
}

/// What became of an attempt, once its body, if any, was read.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// A body was read to its end. A body that could only be read in part is a
    /// [`Failed`](Attempt::Failed), whatever entries it gave: its validators would hide the rest.
    Read {
        /// Of this body.
        validators: Validators,
        /// What the headers say.
        fresh_for: Option<Duration>,
        /// What the feed says.
        hints: Hints,
        /// Time between two of its entries, usually.
        posting_interval: Option<Duration>,
        /// Where permanent redirects led.
        moved_to: Option<Url>,
    },
    /// Nothing has changed.
    Unchanged {
        /// What the headers say.
        fresh_for: Option<Duration>,
        /// Where permanent redirects led.
        moved_to: Option<Url>,
    },
    /// The publisher withdrew it.
    Gone,
    /// It asks for a pause.
    Busy {
        /// Until then, if it said so.
        until: Option<DateTime<Utc>>,
        /// Who asks.
        scope: Scope,
    },
    /// Nothing came of it.
    Failed(Failure),
    /// It was not asked: its host pauses.
    HostPaused(DateTime<Utc>),
    /// It was not asked, or not to the end: the run was over.
    Unfinished,
}

/// Why nothing came of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// A stable word.
    pub class: String,
    /// For people.
    pub message: String,
    /// How soon it makes sense to try again.
    pub pace: Pace,
}

impl From<&FetchError> for Failure {
    fn from(error: &FetchError) -> Self {
        Self { class: error.fault.class().to_owned(), message: error.to_string(), pace: error.fault.pace() }
    }
}

/// What the operator allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// No source is asked more often. The adaptive interval grows from it, so that a
    /// zero means "at every run".
    pub min_interval: Duration,
}

/// A share between 0 and 1 that differs from source to source and from failure to failure.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Jitter(f64);

impl Jitter {
    /// None at all.
    pub const NONE: Jitter = Jitter(0.0);

    /// Made from the source and the number of its failures: the same again in every run.
    pub fn of(state: &SourceState) -> Self {
        let failures = state.failing.as_ref().map_or(0, |f| f.count);
        let hash = blake3::hash(format!("{failures} {}", state.address).as_bytes());
        let [a, b, c, d, ..] = *hash.as_bytes();
        Self(f64::from(u32::from_le_bytes([a, b, c, d])) / (f64::from(u32::MAX) + 1.0))
    }

    fn stretch(self, delay: Duration) -> Duration {
        delay.mul_f64(1.0 + SPREAD * self.0)
    }
}

impl SourceState {
    /// A source that was never asked.
    pub fn new(address: Url) -> Self {
        Self {
            address,
            adopted: None,
            moved: None,
            validators: Validators::default(),
            last_attempt: None,
            last_success: None,
            next: None,
            failing: None,
            gone: None,
            posting_interval_s: None,
            title: String::new(),
            newest: None,
            hints: Hints::default(),
            took_ms: 0,
        }
    }

    /// This source where it is configured at `address` now. An address it has moved to is
    /// the one that was asked already; at any other one nothing is known of it yet.
    #[must_use]
    pub fn at(&self, address: Url) -> Self {
        if self.address == address {
            self.clone()
        } else if self.adopted.as_ref() == Some(&address) {
            Self { address, adopted: None, moved: None, ..self.clone() }
        } else {
            Self { title: self.title.clone(), newest: self.newest, ..Self::new(address) }
        }
    }

    /// The address to ask.
    pub fn address_to_ask(&self) -> &Url {
        self.adopted.as_ref().unwrap_or(&self.address)
    }

    /// When it may be asked, as of `now`; none when it is gone.
    ///
    /// A clock that was far ahead once, or is set back now, neither silences a source nor
    /// makes it be asked in a storm: what was decided "in the future" counts for nothing, and
    /// no next try is farther from its decision than [`FARTHEST`].
    pub fn due_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.gone.is_some() {
            return None;
        }
        let Some(next) = self.next else {
            return Some(now);
        };
        if next.decided > now.checked_add_signed(CLOCK_SLACK).unwrap_or(now) {
            return Some(now);
        }
        Some(next.at.min(later(next.decided, FARTHEST)))
    }

    /// Whether it may be asked now.
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        self.due_at(now).is_some_and(|at| at <= now)
    }

    /// Takes up a source again that a person wants to be asked: gone, paused or failing.
    /// What was read and its validators stay.
    pub fn revive(&mut self) {
        self.gone = None;
        self.next = None;
    }
}

/// The state after an attempt at `now`.
pub fn after(
    state: &SourceState,
    attempt: &Attempt,
    limits: Limits,
    now: DateTime<Utc>,
    jitter: Jitter,
) -> SourceState {
    let mut next = state.clone();
    match attempt {
        Attempt::Read { validators, fresh_for, hints, posting_interval, moved_to } => {
            next.validators = validators.clone();
            next.hints = hints.clone();
            // A body with hardly an entry in it says nothing about what is usual.
            next.posting_interval_s = posting_interval.map(|i| i.as_secs()).or(next.posting_interval_s);
            succeed(&mut next, *fresh_for, moved_to.as_ref(), limits, now);
        }
        Attempt::Unchanged { fresh_for, moved_to } => {
            succeed(&mut next, *fresh_for, moved_to.as_ref(), limits, now);
        }
        Attempt::Gone if next.adopted.is_some() => {
            // The configured address may still be there.
            let message = "withdrawn at the address it had moved to; asked at the configured one again".to_owned();
            give_up_adoption(&mut next);
            fail(&mut next, &Failure { class: "gone".into(), message, pace: Pace::Passing }, limits, now, jitter);
        }
        Attempt::Gone => {
            next.last_attempt = Some(now);
            next.gone = Some(now);
            next.next = None;
        }
        Attempt::Busy { until, scope } => {
            let (class, message) = match scope {
                Scope::Host => ("rate-limit", "HTTP status 429: the host is asked too often"),
                Scope::Address => ("busy", "HTTP status 503: cannot be served now"),
            };
            let failure = Failure { class: class.to_owned(), message: message.to_owned(), pace: Pace::Passing };
            fail(&mut next, &failure, limits, now, jitter);
            if let Some(until) = until {
                let pause = until.signed_duration_since(now).to_std().unwrap_or_default();
                let why = match scope {
                    Scope::Host => Why::HostPause,
                    Scope::Address => Why::RetryAfter,
                };
                let at = later(now, jitter.stretch(pause).max(limits.min_interval));
                next.next = Some(NextTry { at, why, decided: now });
            }
        }
        Attempt::Failed(failure) => fail(&mut next, failure, limits, now, jitter),
        Attempt::HostPaused(until) => {
            // Nobody was asked: nothing else is known than that.
            next.next = Some(NextTry { at: (*until).min(later(now, FARTHEST)), why: Why::HostPause, decided: now });
        }
        Attempt::Unfinished => next.next = Some(NextTry { at: now, why: Why::Unfinished, decided: now }),
    }
    next
}

fn succeed(
    state: &mut SourceState,
    fresh_for: Option<Duration>,
    moved_to: Option<&Url>,
    limits: Limits,
    now: DateTime<Utc>,
) {
    state.last_attempt = Some(now);
    state.last_success = Some(now);
    state.failing = None;
    state.gone = None;
    note_move(state, moved_to, now);
    state.next = Some(next_poll(state, fresh_for, limits, now));
}

/// The latest of everything that asks for a distance.
fn next_poll(state: &SourceState, fresh_for: Option<Duration>, limits: Limits, now: DateTime<Utc>) -> NextTry {
    let own = limits.min_interval.min(FARTHEST);
    let usual = state
        .posting_interval_s
        .map(|s| (Duration::from_secs(s) / POLLS_PER_POSTING).clamp(own, own.saturating_mul(LONGEST_USUAL)));
    let asked = [
        (usual, Why::Posting),
        (fresh_for.map(|d| d.min(LONGEST_HINT)), Why::Freshness),
        (state.hints.ttl().map(|d| d.min(LONGEST_HINT)), Why::Ttl),
        (state.hints.update_period().map(|d| d.min(LONGEST_HINT)), Why::UpdatePeriod),
    ];
    let mut latest = (own, Why::Interval);
    for (delay, why) in asked {
        if let Some(delay) = delay.filter(|d| *d > latest.0) {
            latest = (delay, why);
        }
    }
    let (delay, why) = latest;
    let at = later(now, delay.min(FARTHEST));
    match state.hints.first_allowed(at) {
        allowed if allowed > at => NextTry { at: allowed.min(later(now, FARTHEST)), why: Why::Skip, decided: now },
        _ => NextTry { at, why, decided: now },
    }
}

fn note_move(state: &mut SourceState, moved_to: Option<&Url>, now: DateTime<Utc>) {
    let asked = state.address_to_ask();
    let Some(to) = moved_to.filter(|to| *to != asked) else {
        // Asked at its new home, it redirects no more; asked at its old one, the redirect was taken back.
        if state.adopted.is_none() {
            state.moved = None;
        }
        return;
    };
    let moved = match state.moved.take().filter(|m| m.to == *to) {
        Some(known) => Moved { last: now, count: known.count.saturating_add(1), ..known },
        None => Moved { to: to.clone(), first: now, last: now, count: 1 },
    };
    if moved.is_proved() {
        state.adopted = (moved.to != state.address).then(|| moved.to.clone());
    }
    state.moved = Some(moved);
}

fn give_up_adoption(state: &mut SourceState) {
    state.adopted = None;
    state.moved = None;
}

fn fail(state: &mut SourceState, failure: &Failure, limits: Limits, now: DateTime<Utc>, jitter: Jitter) {
    let known = state.failing.take();
    let count = known.as_ref().map_or(0, |f| f.count).saturating_add(1);
    if state.adopted.is_some() && count >= ADOPTION_FAILURES {
        give_up_adoption(state);
    }
    state.last_attempt = Some(now);
    let delay = jitter.stretch(backoff(count, failure.pace, limits));
    let at = later(now, delay.min(LONGEST_BACKOFF.max(limits.min_interval)));
    state.next = Some(NextTry { at, why: Why::Failing, decided: now });
    state.failing = Some(Failing {
        count,
        first: known.map_or(now, |f| f.first.min(now)),
        last: now,
        class: failure.class.clone(),
        message: failure.message.chars().take(LONGEST_MESSAGE).collect(),
    });
}

/// The distance to the next try after `count` failures in a row: doubled each time.
fn backoff(count: u32, pace: Pace, limits: Limits) -> Duration {
    let first = limits.min_interval.max(SHORTEST_BACKOFF);
    let slower = match pace {
        Pace::Passing => 1,
        Pace::Lasting => LASTING,
    };
    let doubled = first.saturating_mul(slower).saturating_mul(1 << count.saturating_sub(1).min(20));
    // Room for the jitter, so that the longest distances differ too.
    doubled.min(LONGEST_BACKOFF.div_f64(1.0 + SPREAD)).max(first)
}

/// `time` and `delay` after it; the end of time instead of an overflow.
fn later(time: DateTime<Utc>, delay: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(delay).ok().and_then(|d| time.checked_add_signed(d)).unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests;
