//! How the sources of a site are: judged after each refresh, remembered in the ledger,
//! published as `health.json` and `health.xml`.
//!
//! The ledger has a line for each source: the name it was first known by, its addresses,
//! and its state. So a source stays the same one when its address is changed after a
//! move, and a lost store makes no event happen twice.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, TimeDelta, Utc};

use super::book::Book;
use super::build::{self, Plan};
use super::sources::{self, Remembered};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::fetch::SourceState;
use crate::fetch::error::shown;
use crate::health::Event;
use crate::ledger::sources::Line;
use crate::normalize::address;
use crate::output;
use crate::store::Store;

pub use crate::health::{Health, State};

/// Failures in a row before readers are told; one that stops after two is nobody's news.
const FAILURES: u32 = 3;

/// A source that is silent for so many of its usual intervals is so for longer than usual.
const INTERVALS: i32 = 6;

/// Nobody wonders about less than this.
const SHORTEST_SILENCE: TimeDelta = TimeDelta::days(14);

/// Under which name the store remembers what was published.
const PUBLISHED: &str = "health";

/// The sources of the site, by name: how each is.
///
/// # Errors
/// What the store says.
pub fn of(opened: &Opened, store: &Store) -> Result<Vec<Health>, RunError> {
    Ok(rows(opened, &lines(store)?, &sources::remembered(store)?))
}

/// The ledger's lines of sources, as the store knows them.
///
/// # Errors
/// What the store says.
pub fn lines(store: &Store) -> Result<BTreeMap<String, Line>, RunError> {
    let lines = store.source_lines()?.into_iter();
    Ok(lines.filter_map(|(name, text)| Some((name, serde_json::from_str(&text).ok()?))).collect())
}

/// The lines before a refresh: the ledger's, where it is another than the store knows, with
/// what sources are known to have moved to.
pub(super) fn lines_before(
    opened: &Opened,
    store: &Store,
    book: &mut Book,
    now: DateTime<Utc>,
) -> Result<BTreeMap<String, Line>, RunError> {
    let mut lines = if book.is_known { lines(store)? } else { book.ledger(opened, store, now)?.sources.clone() };
    note_moves(&mut lines, &sources::remembered(store)?);
    Ok(lines)
}

fn note_moves(lines: &mut BTreeMap<String, Line>, states: &BTreeMap<String, Remembered>) {
    for (name, state) in states {
        if let Remembered::Web(state) = state
            && let Some(moved) = &state.moved
        {
            let line = lines.entry(name.clone()).or_insert_with(|| Line::new(name));
            line.also_at(&address::bare(state.address.clone()));
            line.also_at(&address::bare(moved.to.clone()));
        }
    }
}

fn rows(opened: &Opened, lines: &BTreeMap<String, Line>, states: &BTreeMap<String, Remembered>) -> Vec<Health> {
    let of_source = |source: &sources::Known<'_>| {
        let line = lines.get(&source.name);
        let state = line.map_or(State::New, |l| l.state);
        let why = line.and_then(|l| l.why.clone());
        let said = states.get(&source.name).map(Remembered::said).unwrap_or_default();
        Health {
            name: source.name.clone(),
            title: if said.title.is_empty() { source.name.clone() } else { said.title },
            address: source.shown(),
            state,
            since: line.and_then(|l| l.since),
            moved_to: why.clone().filter(|_| state == State::Moved),
            why: why.filter(|_| state != State::Moved),
            last_entry: said.newest,
            projects: source.projects.iter().map(|p| p.slug.clone()).collect(),
        }
    };
    sources::of_site(opened, lines).values().map(of_source).collect()
}

/// Whether the ledger became another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ledgered {
    /// It has to be saved.
    Changed,
    /// It is as it was.
    Same,
}

/// Judges every source, puts what is new into the ledger, and has it published when it
/// is another than was published last. To be called within the transaction of a run.
pub(super) fn update(
    opened: &Opened,
    store: &Store,
    book: &mut Book,
    moment: Moment,
    problems: &mut Vec<Problem>,
) -> Result<Ledgered, RunError> {
    let now = moment.now;
    let states = sources::remembered(store)?;
    let before = if book.is_known { lines(store)? } else { book.ledger(opened, store, now)?.sources.clone() };
    let mut lines = before.clone();
    note_moves(&mut lines, &states);
    for (name, source) in sources::of_site(opened, &lines) {
        let line = lines.entry(name.clone()).or_insert_with(|| Line::new(&name));
        line.also_at(&source.shown());
        let Some(remembered) = states.get(&name) else { continue };
        let judged = match remembered {
            Remembered::Web(state) => judge(line, state, now),
            Remembered::File { .. } if line.state == State::Fine => None,
            Remembered::File { .. } => Some(Judged { state: State::Fine, since: now, why: None }),
        };
        let Some(judged) = judged else { continue };
        if Event::is_news(line.state, judged.state) {
            let said = remembered.said();
            let event = Event {
                source: name.clone(),
                title: if said.title.is_empty() { name.clone() } else { said.title },
                address: source.shown(),
                before: line.state,
                state: judged.state,
                at: judged.since,
                why: judged.why.clone(),
            };
            let text = serde_json::to_string(&event).unwrap_or_default();
            store.add_health_event(event.at, &name, event.state.name(), &text)?;
        }
        problems.extend(told(&source, &judged));
        (line.state, line.since, line.why) = (judged.state, Some(judged.since), judged.why);
    }
    let mut ledgered = Ledgered::Same;
    if lines != before || !book.is_known {
        let ledger = book.ledger(opened, store, now)?;
        if ledger.sources != lines {
            ledger.sources.clone_from(&lines);
            ledgered = Ledgered::Changed;
        }
        let text = |line: &Line| serde_json::to_string(line).unwrap_or_default();
        store.set_source_lines(lines.values().map(|line| (line.source.as_str(), text(line))))?;
    }
    let hash = hash(opened, &rows(opened, &lines, &states));
    if store.meta(PUBLISHED)?.as_deref() != Some(hash.as_str()) {
        build::health_too(store)?;
        store.set_meta(PUBLISHED, &hash)?;
    }
    Ok(ledgered)
}

/// What the person who runs the site is told once, when it begins. Of failures each
/// attempt tells.
fn told(source: &sources::Known<'_>, judged: &Judged) -> Option<Problem> {
    let text = match (judged.state, &judged.why) {
        (State::Moved, Some(to)) => {
            format!("{} has moved: write {to} here; its entries stay the same ones", source.shown())
        }
        (State::Silent, _) => format!("{} is silent for longer than usual", source.shown()),
        (State::New | State::Fine | State::Moved | State::Failing | State::Gone, _) => return None,
    };
    let (place, line) = source.place();
    Some(Problem { place, line, column: 0, severity: Severity::Note, text })
}

fn hash(opened: &Opened, rows: &[Health]) -> String {
    blake3::hash(output::health::json(&opened.site, rows).as_bytes()).to_hex().to_string()
}

/// A new state of a source.
#[derive(Debug, PartialEq, Eq)]
struct Judged {
    state: State,
    since: DateTime<Utc>,
    why: Option<String>,
}

/// The state a source has come into; none when it is in the one its line says.
fn judge(line: &Line, source: &SourceState, now: DateTime<Utc>) -> Option<Judged> {
    let read = source.last_success;
    let judged = |state, since, why| Judged { state, since, why };
    let new = if let Some(gone) = source.gone {
        judged(State::Gone, gone, None)
    } else if let Some(failing) =
        source.failing.as_ref().filter(|f| f.count >= FAILURES || matches!(line.state, State::New | State::Failing))
    {
        let place = format!("{}: ", shown(source.address_to_ask()));
        let why = failing.message.strip_prefix(&place).unwrap_or(&failing.message);
        judged(State::Failing, failing.first, Some(why.to_owned()))
    } else if source.failing.is_some() {
        // Too early to say.
        return None;
    } else if let Some(to) = &source.adopted {
        let since = source.moved.as_ref().map_or(now, |m| m.first);
        judged(State::Moved, since, Some(address::bare(to.clone())))
    } else if let Some(since) = silent_since(source).filter(|since| *since <= now) {
        judged(State::Silent, since, None)
    } else {
        // Never read, and nothing else is known either.
        judged(State::Fine, read?, None)
    };
    let same = new.state == line.state && (new.state != State::Moved || new.why == line.why);
    (!same).then_some(new)
}

/// When a source's silence became, or becomes, longer than usual.
fn silent_since(source: &SourceState) -> Option<DateTime<Utc>> {
    let usual = TimeDelta::try_seconds(i64::try_from(source.posting_interval_s?).ok()?)?;
    let patience = usual.checked_mul(INTERVALS)?.max(SHORTEST_SILENCE);
    source.newest?.checked_add_signed(patience)
}

/// Whether a source has been silent for longer than usual at `now`, and what is usual.
pub fn silence(source: &SourceState, now: DateTime<Utc>) -> Option<TimeDelta> {
    silent_since(source).filter(|since| *since <= now)?;
    source.newest.map(|newest| now.signed_duration_since(newest))
}

/// `health.json` and `health.xml`.
pub(super) fn files(
    opened: &Opened,
    store: &Store,
    rows: &[Health],
    id_base: &str,
    plan: &mut Plan<'_>,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    plan.add("health.json".to_owned(), output::health::json(&opened.site, rows).as_bytes())?;
    let events = events(store, rows)?;
    let path = "health.xml".to_owned();
    match output::health::atom(&opened.site, id_base, rows, &events) {
        Ok(text) => plan.add(path, text.as_bytes())?,
        Err(problem) => problems.push(plan.hold_back("health", path, &problem)),
    }
    Ok(())
}

/// What happened to the sources of `rows`, newest first.
pub(super) fn events(store: &Store, rows: &[Health]) -> Result<Vec<Event>, RunError> {
    let known: BTreeSet<&str> = rows.iter().map(|r| r.name.as_str()).collect();
    let mut events = Vec::new();
    for text in store.health_events(output::health::EVENTS)? {
        events.extend(serde_json::from_str::<Event>(&text).ok());
    }
    if events.is_empty() {
        events = still_true(rows);
    }
    // What became of a source that was taken out concerns nobody.
    events.retain(|event| known.contains(event.source.as_str()));
    Ok(events)
}

/// The store was lost: of what happened is left what still holds.
fn still_true(rows: &[Health]) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for row in rows {
        if let Some(at) = row.since.filter(|_| Event::is_news(State::Fine, row.state)) {
            events.push(Event {
                source: row.name.clone(),
                title: row.title.clone(),
                address: row.address.clone(),
                before: State::Fine,
                state: row.state,
                at,
                why: row.moved_to.clone().or_else(|| row.why.clone()),
            });
        }
    }
    events.sort_by(|a, b| b.at.cmp(&a.at).then_with(|| a.source.cmp(&b.source)));
    events.truncate(output::health::EVENTS);
    events
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fetch::schedule::{Failing, Moved};

    const DAY: i64 = 86_400;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap()
    }

    fn source() -> SourceState {
        SourceState { last_success: Some(at(0)), ..SourceState::new("https://a.example/feed".parse().unwrap()) }
    }

    fn failing(count: u32) -> SourceState {
        let message = "https://a.example/feed: HTTP status 500".to_owned();
        let failing = Failing { count, first: at(10), last: at(20), class: "server".to_owned(), message };
        SourceState { failing: Some(failing), ..source() }
    }

    fn line(state: State) -> Line {
        Line { state, since: Some(at(0)), ..Line::new("a") }
    }

    fn state(before: State, source: &SourceState, now: i64) -> Option<(State, i64, Option<String>)> {
        let judged = judge(&line(before), source, at(now))?;
        Some((judged.state, judged.since.timestamp() - at(0).timestamp(), judged.why))
    }

    #[test]
    fn a_source_fails_when_it_has_failed_several_times() {
        let why = Some("HTTP status 500".to_owned());
        assert_eq!(state(State::Fine, &failing(2), 30), None, "too early to say");
        assert_eq!(state(State::Fine, &failing(3), 30), Some((State::Failing, 10, why.clone())));
        assert_eq!(state(State::New, &failing(1), 30), Some((State::Failing, 10, why)), "it never worked");
        assert_eq!(state(State::Failing, &failing(9), 30), None, "as it was");
        assert_eq!(state(State::Failing, &source(), 30), Some((State::Fine, 0, None)));
    }

    #[test]
    fn gone_and_moved_sources_say_since_when() {
        let gone = SourceState { gone: Some(at(5)), ..failing(3) };
        assert_eq!(state(State::Failing, &gone, 30), Some((State::Gone, 5, None)));
        // A relative redirect keeps the password it was asked with.
        let to: url::Url = "https://me:s3cr3t@b.example/feed".parse().unwrap();
        let moved = Moved { to: to.clone(), first: at(7), last: at(DAY), count: 3 };
        assert_eq!(moved.shown(), "https://b.example/feed");
        let moved = SourceState { moved: Some(moved), adopted: Some(to), ..source() };
        assert_eq!(state(State::Fine, &moved, DAY), Some((State::Moved, 7, Some("https://b.example/feed".to_owned()))));
        assert_eq!(state(State::Moved, &source(), DAY), Some((State::Fine, 0, None)), "the address was put right");
    }

    #[test]
    fn silence_is_measured_by_what_is_usual() {
        let weekly = SourceState { posting_interval_s: Some(7 * DAY as u64), newest: Some(at(0)), ..source() };
        assert_eq!(state(State::Fine, &weekly, 41 * DAY), None);
        assert_eq!(state(State::Fine, &weekly, 43 * DAY), Some((State::Silent, 42 * DAY, None)));
        assert_eq!(state(State::Silent, &weekly, 50 * DAY), None);
        let hourly = SourceState { posting_interval_s: Some(3600), ..weekly.clone() };
        assert_eq!(state(State::Fine, &hourly, 13 * DAY), None, "a holiday is no silence");
        assert_eq!(state(State::Fine, &hourly, 15 * DAY).map(|s| s.0), Some(State::Silent));
        let unknown = SourceState { posting_interval_s: None, ..weekly };
        assert_eq!(state(State::Fine, &unknown, 9999 * DAY), None);
    }
}
