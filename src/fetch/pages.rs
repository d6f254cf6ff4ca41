//! When a linked page is asked for.
//!
//! A page that was read well is never asked for again, one that was refused for good
//! neither. Everything else is tried again at growing distances, and no host is asked for
//! more pages a day than its budget allows. [`PageState`] is what is remembered of a page
//! between runs, [`HostState`] of a host.
//!
//! Nothing here does IO or reads the clock.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::Pace;
use super::schedule::{Failing, Failure};

/// Until the second try of a page whose failure may pass; doubled each time.
const PASSING: Duration = Duration::from_secs(3600);

/// Longest distance between two tries of such a page.
const LONGEST_PASSING: Duration = Duration::from_secs(7 * 24 * 3600);

/// Until the second try of a page where somebody has to change something first.
const LASTING: Duration = Duration::from_secs(24 * 3600);

/// Longest distance between two tries of such a page.
const LONGEST_LASTING: Duration = Duration::from_secs(60 * 24 * 3600);

/// How much later than computed a try may come, as a share.
const SPREAD: f64 = 0.2;

/// How long a host is left alone that asks whether a person is asking, or that says in a
/// page that it was asked too often.
pub const WALL_PAUSE: TimeDelta = TimeDelta::hours(12);

/// A decision this far ahead of now means that the clock was wrong then.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);

/// What is remembered of a linked page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PageState {
    /// Its address as it is written in a post.
    pub address: Url,
    /// What became of it.
    pub stage: Stage,
    /// When it was asked for last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked: Option<DateTime<Utc>>,
    /// Not before then is it asked for again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<DateTime<Utc>>,
    /// The failures so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
}

/// What became of a page.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "is")]
pub enum Stage {
    /// It is still to be read.
    Waiting,
    /// It was read.
    Read {
        /// When.
        at: DateTime<Utc>,
        /// Its title, folded: two pages that claim one address are told apart by it.
        title: String,
        /// The key of the address under which it was asked for.
        #[serde(rename = "as")]
        name: String,
    },
    /// A saved file stands in for it.
    Saved {
        /// The file, below the folder of saved pages.
        file: String,
    },
    /// It is no article and will be none.
    Refused {
        /// When that was found.
        at: DateTime<Utc>,
        /// Why, as a stable word.
        class: String,
        /// Why, for people.
        message: String,
    },
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq)]
pub enum Attempt {
    /// It was read.
    Read {
        /// Its title, folded.
        title: String,
        /// The key of the address under which it was asked for.
        name: String,
    },
    /// It is no article and will be none.
    Refused(Failure),
    /// It may be one another time.
    Failed(Failure),
    /// It asks for a pause.
    Busy(Option<DateTime<Utc>>),
}

/// What is remembered of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostState {
    /// The day of the last request for a page.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub day: Option<NaiveDate>,
    /// Pages that were asked for on that day.
    #[serde(default)]
    pub asked: u64,
    /// No page is asked for before then: it wanted to know whether a person is asking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
}

/// A page that posts link to and that was not read yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    /// The key of its address.
    pub key: String,
    /// Its address as it is written in a post.
    pub address: Url,
    /// Where it is asked for.
    pub ask: Url,
    /// Where it is asked for when nothing comes of that.
    pub alternative: Option<Url>,
    /// When it was mentioned last: the newest are asked for first.
    pub mentioned: DateTime<Utc>,
    /// A person wants it to be asked for now.
    pub urgency: Urgency,
}

/// Who wants a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Urgency {
    /// A post links to it.
    Usual,
    /// A person wants it now.
    Forced,
}

impl PageState {
    /// A page that was never asked for.
    pub fn new(address: Url) -> Self {
        Self { address, stage: Stage::Waiting, asked: None, next: None, failing: None }
    }

    /// Whether it is never asked for again by itself.
    pub fn is_settled(&self) -> bool {
        match self.stage {
            Stage::Waiting => false,
            Stage::Read { .. } | Stage::Saved { .. } | Stage::Refused { .. } => true,
        }
    }

    /// When it is asked for, as of `now`; none when it is settled. A clock that was wrong
    /// silences no page: what was decided "in the future" counts for nothing.
    pub fn due_at(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_settled() {
            return None;
        }
        let decided = self.asked.unwrap_or(now);
        let is_future = decided > now.checked_add_signed(CLOCK_SLACK).unwrap_or(now);
        Some(self.next.filter(|_| !is_future).map_or(now, |next| next.min(later(decided, LONGEST_LASTING * 2))))
    }

    /// What is remembered after an attempt.
    pub fn after(&self, attempt: Attempt, now: DateTime<Utc>) -> Self {
        let address = self.address.clone();
        match attempt {
            Attempt::Read { title, name } => {
                let stage = Stage::Read { at: now, title, name };
                Self { address, stage, asked: Some(now), next: None, failing: None }
            }
            Attempt::Refused(Failure { class, message, .. }) => {
                let stage = Stage::Refused { at: now, class, message };
                Self { address, stage, asked: Some(now), next: None, failing: None }
            }
            Attempt::Busy(until) => {
                let next = Some(until.unwrap_or_else(|| later(now, PASSING)));
                Self { address, stage: Stage::Waiting, asked: Some(now), next, failing: self.failing.clone() }
            }
            Attempt::Failed(Failure { class, message, pace }) => {
                let before = self.failing.as_ref();
                let count = before.map_or(0, |f| f.count).saturating_add(1);
                let first = before.map_or(now, |f| f.first);
                let (start, longest) = match pace {
                    Pace::Passing => (PASSING, LONGEST_PASSING),
                    Pace::Lasting => (LASTING, LONGEST_LASTING),
                };
                let delay = start.saturating_mul(1 << (count - 1).min(12)).min(longest);
                let delay = delay.mul_f64(1.0 + SPREAD * jitter(&address, count));
                let failing = Some(Failing { count, first, last: now, class, message });
                Self { address, stage: Stage::Waiting, asked: Some(now), next: Some(later(now, delay)), failing }
            }
        }
    }
}

impl HostState {
    /// Pages that were asked for on `day`.
    pub fn asked_on(&self, day: NaiveDate) -> u64 {
        if self.day == Some(day) { self.asked } else { 0 }
    }

    /// Counts a request on `day`.
    pub fn count(&mut self, day: NaiveDate) {
        self.asked = self.asked_on(day).saturating_add(1);
        self.day = Some(day);
    }

    /// Until when it is left alone, if it is at `now`. None for longer than [`WALL_PAUSE`].
    pub fn pause(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.until.filter(|until| *until > now && *until - now <= WALL_PAUSE)
    }
}

/// Which of the pages are asked for in this run: those that are due, the newest mention
/// first, each host within its budget for `day`.
pub fn choose(
    mut wanted: Vec<Wanted>,
    states: &BTreeMap<String, PageState>,
    hosts: &BTreeMap<String, HostState>,
    budget: u64,
    day: NaiveDate,
    now: DateTime<Utc>,
) -> Vec<Wanted> {
    wanted.sort_by(|a, b| b.mentioned.cmp(&a.mentioned).then_with(|| a.key.cmp(&b.key)));
    let mut left: BTreeMap<String, u64> = BTreeMap::new();
    wanted.retain(|page| {
        let host = page.ask.host_str().unwrap_or_default();
        let forced = page.urgency == Urgency::Forced;
        let state = states.get(&page.key);
        let is_due = state.is_none_or(|s| s.due_at(now).is_some_and(|at| at <= now));
        let known = hosts.get(host);
        if !forced && (!is_due || known.is_some_and(|h| h.pause(now).is_some())) {
            return false;
        }
        let left =
            left.entry(host.to_owned()).or_insert_with(|| budget.saturating_sub(known.map_or(0, |h| h.asked_on(day))));
        let fits = *left > 0;
        *left = left.saturating_sub(1);
        fits || forced
    });
    wanted
}

fn later(from: DateTime<Utc>, by: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(by).ok().and_then(|by| from.checked_add_signed(by)).unwrap_or(from)
}

/// A share between 0 and 1 that differs from page to page and from failure to failure.
fn jitter(address: &Url, count: u32) -> f64 {
    let hash = blake3::hash(format!("{count} {address}").as_bytes());
    let [a, b, ..] = *hash.as_bytes();
    f64::from(u16::from_le_bytes([a, b])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hours: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + hours * 3600, 0).unwrap()
    }

    fn day(hours: i64) -> NaiveDate {
        at(hours).date_naive()
    }

    fn wanted(address: &str, mentioned: i64) -> Wanted {
        let url: Url = address.parse().unwrap();
        Wanted {
            key: address.to_owned(),
            address: url.clone(),
            ask: url,
            alternative: None,
            mentioned: at(mentioned),
            urgency: Urgency::Usual,
        }
    }

    fn failure(pace: Pace) -> Attempt {
        Attempt::Failed(Failure { class: "server".to_owned(), message: "HTTP status 500".to_owned(), pace })
    }

    fn keys(chosen: &[Wanted]) -> Vec<&str> {
        chosen.iter().map(|w| w.key.as_str()).collect()
    }

    #[test]
    fn failures_are_tried_again_at_growing_distances() {
        for (pace, least, most) in [(Pace::Passing, 1, 9 * 24), (Pace::Lasting, 24, 75 * 24)] {
            let mut state = PageState::new("https://a.example/".parse().unwrap());
            let mut now = at(0);
            let mut before = TimeDelta::zero();
            for n in 0..40 {
                state = state.after(failure(pace), now);
                let due = state.due_at(now).unwrap();
                let distance = due - now;
                assert!(distance >= TimeDelta::hours(least) && distance <= TimeDelta::hours(most), "{n}: {distance}");
                assert!(n > 5 || distance > before, "{n}: {distance} after {before}");
                (now, before) = (due, distance);
            }
            assert_eq!(state.failing.as_ref().map(|f| (f.count, f.first)), Some((40, at(0))));
        }
    }

    #[test]
    fn what_was_read_or_refused_for_good_is_never_due() {
        let state = PageState::new("https://a.example/".parse().unwrap());
        assert_eq!(state.due_at(at(0)), Some(at(0)));
        let read = Attempt::Read { title: "t".to_owned(), name: "n".to_owned() };
        assert_eq!(state.after(read, at(0)).due_at(at(90_000)), None);
        let Attempt::Failed(why) = failure(Pace::Passing) else { panic!() };
        assert_eq!(state.after(Attempt::Refused(why), at(0)).due_at(at(90_000)), None);
    }

    #[test]
    fn a_clock_that_was_wrong_silences_no_page() {
        let state = PageState::new("https://a.example/".parse().unwrap()).after(failure(Pace::Lasting), at(90_000));
        assert_eq!(state.due_at(at(0)), Some(at(0)));
        let host = HostState { until: Some(at(90_000)), ..HostState::default() };
        assert_eq!(host.pause(at(0)), None);
    }

    #[test]
    fn the_newest_are_first_and_each_host_has_its_budget() {
        let pages = || {
            vec![
                wanted("https://a.example/1", 1),
                wanted("https://a.example/3", 3),
                wanted("https://b.example/0", 0),
                wanted("https://a.example/2", 2),
            ]
        };
        let none = BTreeMap::new();
        let chosen = choose(pages(), &none, &BTreeMap::new(), 2, day(0), at(10));
        assert_eq!(keys(&chosen), ["https://a.example/3", "https://a.example/2", "https://b.example/0"]);
        let mut host = HostState::default();
        host.count(day(0));
        let hosts = BTreeMap::from([("a.example".to_owned(), host)]);
        let chosen = choose(pages(), &none, &hosts, 2, day(0), at(10));
        assert_eq!(keys(&chosen), ["https://a.example/3", "https://b.example/0"]);
        let chosen = choose(pages(), &none, &hosts, 2, day(24), at(34));
        assert_eq!(chosen.len(), 3, "another day, another budget");
        assert!(choose(pages(), &none, &hosts, 0, day(0), at(10)).is_empty());
    }

    #[test]
    fn a_host_that_put_up_a_wall_is_left_alone() {
        let hosts =
            BTreeMap::from([("a.example".to_owned(), HostState { until: Some(at(5)), ..HostState::default() })]);
        let pages = || vec![wanted("https://a.example/1", 1), wanted("https://b.example/1", 1)];
        let none = BTreeMap::new();
        assert_eq!(keys(&choose(pages(), &none, &hosts, 9, day(0), at(4))), ["https://b.example/1"]);
        assert_eq!(choose(pages(), &none, &hosts, 9, day(0), at(6)).len(), 2);
    }

    #[test]
    fn a_person_is_obeyed() {
        let mut page = wanted("https://a.example/1", 1);
        let state = PageState::new(page.address.clone()).after(failure(Pace::Lasting), at(0));
        let states = BTreeMap::from([(page.key.clone(), state)]);
        assert!(choose(vec![page.clone()], &states, &BTreeMap::new(), 9, day(0), at(1)).is_empty());
        page.urgency = Urgency::Forced;
        assert_eq!(choose(vec![page], &states, &BTreeMap::new(), 0, day(0), at(1)).len(), 1);
    }
}
