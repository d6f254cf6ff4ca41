//! What hosts asked of us, kept between runs: pauses (429) and robots.txt.
//!
//! ```text
//! let mut manners = Manners::open(store, now)?;
//! plan.robots = manners.robots();
//! let mut fetcher = Fetcher::start(settings, plan, &stop)?;
//! manners.pause(&fetcher, |host| forced.contains(host));
//! while let Some(event) = fetcher.next() { manners.hear(store, &event)?; ... }
//! ```
//!
//! Written as it is heard, not at the end of the run: one that is killed must not make the
//! next one rude. A clock that was wrong silences nobody for long.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, TimeDelta, Utc};

use super::RunError;
use crate::fetch::outcome::LONGEST_PAUSE;
use crate::fetch::robots::Robots;
use crate::fetch::{Event, Fetcher};
use crate::store::{Pause, Store};

/// A decision this far ahead of now was made by a wrong clock.
const CLOCK_SLACK: TimeDelta = TimeDelta::minutes(5);

/// What hosts asked of us in earlier runs.
#[derive(Debug, Default)]
pub(super) struct Manners {
    now: DateTime<Utc>,
    pauses: BTreeMap<String, DateTime<Utc>>,
    robots: HashMap<String, Robots>,
}

impl Manners {
    /// What still holds at `now`; the rest is forgotten.
    pub(super) fn open(store: &Store, now: DateTime<Utc>) -> Result<Self, RunError> {
        let mut manners = Self { now, ..Self::default() };
        for (host, pause) in store.pauses()? {
            match holds(pause, now) {
                Some(until) => drop(manners.pauses.insert(host, until)),
                None => store.forget_pause(&host)?,
            }
        }
        let kept = TimeDelta::from_std(Robots::kept()).unwrap_or_default();
        for (address, said) in store.robots(now.checked_sub_signed(kept).unwrap_or(now))? {
            // One of another form is asked for again.
            if let Ok(robots) = serde_json::from_str::<Robots>(&said)
                && robots.is_fresh(now)
            {
                manners.robots.insert(address, robots);
            }
        }
        Ok(manners)
    }

    /// Until when `host` wants to be left alone.
    pub(super) fn pause_of(&self, host: &str) -> Option<DateTime<Utc>> {
        self.pauses.get(host).copied()
    }

    /// robots.txt files that need not be asked for, for [`crate::fetch::fetcher::Plan`].
    pub(super) fn robots(&self) -> HashMap<String, Robots> {
        self.robots.clone()
    }

    /// Has the fetcher leave hosts alone, except those a person wants to be asked.
    pub(super) fn pause(&self, fetcher: &Fetcher, wanted: impl Fn(&str) -> bool) {
        for (host, until) in self.pauses.iter().filter(|(host, _)| !wanted(host)) {
            fetcher.pause(host, *until);
        }
    }

    /// Remembers what is worth it. To be called with every event of the fetcher, as it comes.
    pub(super) fn hear(&mut self, store: &Store, event: &Event) -> Result<(), RunError> {
        match event {
            Event::Done(_) => {}
            Event::HostPaused { host, until } => {
                store.set_pause(host, Pause { until: *until, decided: self.now })?;
                self.pauses.insert(host.to_string(), *until);
            }
            Event::Robots { address, robots } => {
                store.set_robots(address, robots.asked, &serde_json::to_string(robots).unwrap_or_default())?;
                self.robots.insert(address.clone(), robots.clone());
            }
        }
        Ok(())
    }
}

/// Hosts that want to be left alone at `now`, and until when. Writes nothing.
///
/// # Errors
/// What the store says.
pub fn pauses(store: &Store, now: DateTime<Utc>) -> Result<BTreeMap<String, DateTime<Utc>>, RunError> {
    let pauses = store.pauses()?.into_iter();
    Ok(pauses.filter_map(|(host, pause)| Some((host, holds(pause, now)?))).collect())
}

/// Until when a pause holds, if it does at `now`.
fn holds(pause: Pause, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let longest = TimeDelta::from_std(LONGEST_PAUSE).unwrap_or_default();
    let until = pause.until.min(pause.decided.checked_add_signed(longest).unwrap_or(pause.until));
    let wrong_clock = pause.decided > now.checked_add_signed(CLOCK_SLACK).unwrap_or(now);
    (until > now && !wrong_clock).then_some(until)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::robots::Verdict;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    #[test]
    fn what_a_host_asked_for_is_known_in_the_next_run() {
        let store = Store::in_memory().unwrap();
        let mut first = Manners::open(&store, at(0)).unwrap();
        let robots = Robots { asked: at(0), verdict: Verdict::Open };
        let address = "https://a.example/robots.txt".to_owned();
        first.hear(&store, &Event::HostPaused { host: "a.example".into(), until: at(600) }).unwrap();
        first.hear(&store, &Event::Robots { address: address.clone(), robots: robots.clone() }).unwrap();
        let next = Manners::open(&store, at(599)).unwrap();
        assert_eq!(next.pause_of("a.example"), Some(at(600)));
        assert_eq!(next.robots().get(&address), Some(&robots));
        let over = Manners::open(&store, at(601)).unwrap();
        assert_eq!((over.pause_of("a.example"), store.pauses().unwrap().len()), (None, 0));
        assert_eq!(Manners::open(&store, at(86_401)).unwrap().robots().len(), 0);
    }

    #[test]
    fn a_wrong_clock_silences_no_host() {
        let day = 86_400;
        let pause = |until, decided| Pause { until: at(until), decided: at(decided) };
        assert_eq!(holds(pause(100, 0), at(50)), Some(at(100)));
        assert_eq!(holds(pause(3650 * day, 3650 * day - 100), at(0)), None, "decided in the future");
        assert_eq!(holds(pause(3650 * day, 0), at(day)), Some(at(2 * day)), "clamped");
        assert_eq!(holds(pause(3650 * day, 0), at(3 * day)), None);
    }
}
