//! Asks the sources that are due and stores what they say.
//!
//! Each source is a transaction of its own: its entries, its validators and what has to
//! be derived are stored together or not at all. Entries that leave their feed stay. A
//! source that fails is reported and keeps what it had; it stops nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::refresh::Progress;
use super::{Moment, Opened, Problem, RunError};
use crate::config::SourceConfig;
use crate::entry::RawEntry;
use crate::fetch::guard::{Guard, Ports, Range};
use crate::fetch::schedule::{self, Attempt, Failing, Failure, Hints, Jitter, Limits};
use crate::fetch::{Ended, Event, Fetcher, Job, JobId, Outcome, SourceState, Stop, client, fetcher, hosts};
use crate::files;
use crate::source::upstream::entries::{self, Origin};
use crate::source::upstream::{self, Record, Request};
use crate::store::{NewDocument, Stamp, Store, Touched};

/// Which sources are asked.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// Ask no server: files only.
    pub offline: bool,
    /// Ask these now, whatever was agreed: names or addresses.
    pub force: Vec<String>,
    /// The run ends after this, in place of the configured deadline.
    pub deadline: Option<Duration>,
    /// File descriptors there may be, when it is known.
    pub open_files: Option<usize>,
}

/// What came of asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Sources that were asked.
    pub sources: usize,
    /// Said that nothing changed.
    pub unchanged: usize,
    /// Entries that are new or changed.
    pub new: usize,
    /// Failed.
    pub failed: usize,
    /// Bytes that came.
    pub bytes: u64,
}

/// What is remembered of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Remembered {
    /// One that is fetched.
    Web(Box<SourceState>),
    /// A file of the site.
    File {
        /// Hash of its bytes when it was read.
        hash: String,
    },
}

/// A source as the configuration has it: once, however many projects name it.
#[derive(Debug)]
pub struct Known<'a> {
    /// Its identity.
    pub name: &'a str,
    /// How it is named in the configuration.
    pub config: &'a SourceConfig,
    /// Slugs of the projects that name it.
    pub projects: Vec<&'a str>,
    /// The title of the one project that names it.
    title: Option<&'a str>,
}

/// The sources of a site, by name.
pub fn of_site(opened: &Opened) -> BTreeMap<&str, Known<'_>> {
    let mut found: BTreeMap<&str, Known<'_>> = BTreeMap::new();
    let name_of = |config: &'_ SourceConfig| -> String { config.name.clone().unwrap_or_else(|| config.url.clone()) };
    let site = opened.site.sources.iter().map(|s| (s, None));
    let projects = opened.site.projects.iter().flat_map(|p| p.sources.iter().map(move |s| (s, Some(p))));
    for (config, project) in site.chain(projects) {
        debug_assert!(!name_of(config).is_empty());
        let name = config.name.as_deref().unwrap_or(&config.url);
        let known = found.entry(name).or_insert_with(|| Known { name, config, projects: Vec::new(), title: None });
        if let Some(project) = project {
            known.projects.push(project.slug.as_str());
            known.title = (known.projects.len() == 1).then_some(project.title.as_str());
        }
    }
    found
}

/// What the store remembers of sources.
///
/// # Errors
/// What the store says.
pub fn remembered(store: &Store) -> Result<BTreeMap<String, Remembered>, RunError> {
    let states = store.sources()?.into_iter();
    // A state of another form is begun anew: it is only when and how to ask.
    Ok(states.filter_map(|(name, text)| Some((name, serde_json::from_str(&text).ok()?))).collect())
}

/// Reads the sources that are due.
pub(super) fn read(
    opened: &Opened,
    asking: &Asking,
    moment: Moment,
    store: &mut Store,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let sources = of_site(opened);
    let mut asked = Asked::default();
    if sources.is_empty() {
        return Ok(asked);
    }
    let states = remembered(store)?;
    let mut due: Vec<(&Known<'_>, SourceState)> = Vec::new();
    for source in sources.values() {
        let state = states.get(source.name);
        if let Some(path) = source.config.url.strip_prefix("file:") {
            read_file(opened, source, path, state, store, &mut asked, problems)?;
            continue;
        }
        let Ok(address) = Url::parse(&source.config.url) else {
            continue;
        };
        let mut state = match state {
            Some(Remembered::Web(state)) if state.address == address => (**state).clone(),
            _ => SourceState::new(address),
        };
        let forced = asking.force.iter().any(|f| f == source.name || *f == source.config.url);
        if forced {
            state.revive();
        }
        if !asking.offline && (forced || state.is_due(moment.now)) {
            due.push((source, state));
        }
    }
    if !due.is_empty() {
        ask(opened, asking, due, moment, store, &mut asked, problems, progress)?;
    }
    Ok(asked)
}

fn read_file(
    opened: &Opened,
    source: &Known<'_>,
    path: &str,
    state: Option<&Remembered>,
    store: &mut Store,
    asked: &mut Asked,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let full = opened.folder.join(path);
    let bytes = match files::read_regular(&full, opened.site.fetch.max_bytes) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(Problem::warning(path.to_owned(), 0, format!("{}: {}", error.action, error.source)));
            return Ok(());
        }
    };
    asked.sources += 1;
    asked.bytes += bytes.len() as u64;
    let hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
    if matches!(state, Some(Remembered::File { hash: old }) if *old == hash) {
        asked.unchanged += 1;
        return Ok(());
    }
    let taken = take(opened, source, &bytes, None, &source.config.url);
    problems.extend(taken.problems);
    if taken.readable {
        let state = Remembered::File { hash };
        asked.new += keep(store, source, &taken.entries, &state)?;
    } else {
        asked.failed += 1;
    }
    Ok(())
}

/// What was found in a body.
struct Taken {
    entries: Vec<RawEntry>,
    feed: Record,
    /// It is a feed, and it was read to its end.
    readable: bool,
    /// Some of it is a feed.
    partly: bool,
    problems: Vec<Problem>,
}

/// Reads a body. `address` is where it came from.
fn take(opened: &Opened, source: &Known<'_>, bytes: &[u8], content_type: Option<&str>, address: &str) -> Taken {
    let base = Some(address).filter(|a| !a.starts_with("file:"));
    let request = Request { content_type, address: base, content_language: None, meant: None };
    let reading = std::panic::catch_unwind(|| upstream::read(bytes, &request)).unwrap_or_default();
    let place = source.config.url.clone();
    let mut problems = Vec::new();
    if reading.kind != upstream::Kind::Feed {
        let instead = match reading.discovered.first() {
            Some(found) => format!("no feed but a page; it names one: write {} instead", found.address),
            None => "no feed".to_owned(),
        };
        problems.push(Problem::warning(place, 0, instead));
        return Taken { entries: Vec::new(), feed: Record::default(), readable: false, partly: false, problems };
    }
    let cut = reading.cut_off;
    let feed = reading.feed.clone();
    let origin = Origin {
        config: source.config,
        name: source.name,
        project: source.title,
        address: &source.config.url,
        zone: source.config.timezone.unwrap_or(opened.site.timezone),
        hosts: &opened.hosts,
    };
    let (entries, left_out) = entries::entries(reading, origin);
    if left_out > 0 {
        let text = format!("{left_out} of its oldest entries are left out: the newest {} count", entries::MOST);
        problems.push(Problem::warning(place.clone(), 0, text));
    }
    if cut {
        problems.push(Problem::warning(place, 0, "cut off: what is whole was taken".to_owned()));
    }
    Taken { entries, feed, readable: !cut, partly: true, problems }
}

/// Stores entries that are new or changed, and the state of their source.
fn keep(store: &mut Store, source: &Known<'_>, entries: &[RawEntry], state: &Remembered) -> Result<usize, RunError> {
    let origin = format!("source:{}", source.name);
    store.transaction(|store| -> Result<usize, RunError> {
        let known = store.documents(&origin)?;
        let mut touched = Touched::default();
        let mut count = 0;
        for entry in entries {
            let json = serde_json::to_vec(entry).unwrap_or_default();
            let hash = blake3::hash(&json).to_hex()[..32].to_owned();
            let path = entry.keys.iter().find(|k| k.starts_with("upstream:")).unwrap_or(&entry.keys[0]);
            if known.get(path).is_some_and(|d| d.hash == hash) {
                continue;
            }
            count += 1;
            let stamp = Stamp { size: json.len() as u64, modified_ns: 0, changed_ns: 0 };
            let items = std::slice::from_ref(entry);
            let document = NewDocument {
                origin: &origin,
                path,
                stamp,
                hash: &hash,
                raw: &[],
                reading: "{}",
                waits_until: None,
                items,
            };
            store.put_document(&document, &mut touched)?;
        }
        store.add_dirty(&touched)?;
        store.set_source(source.name, &serde_json::to_string(state).unwrap_or_default())?;
        Ok(count)
    })
}

/// GitHub answers many requests in a row, and half of all sources live there.
const GITHUB_GAP: Duration = Duration::from_millis(250);

#[expect(clippy::too_many_arguments, reason = "the one place where sources, the network and the store meet")]
fn ask(
    opened: &Opened,
    asking: &Asking,
    due: Vec<(&Known<'_>, SourceState)>,
    moment: Moment,
    store: &mut Store,
    asked: &mut Asked,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<(), RunError> {
    let fetch = &opened.site.fetch;
    let now = moment.now;
    let stop = Stop::new();
    let mut fetcher = start(opened, asking, now, &stop)?;
    let mut waiting: HashMap<JobId, Vec<usize>> = HashMap::new();
    for (n, (source, state)) in due.iter().enumerate() {
        let mut job = Job::feed(state.address_to_ask().clone());
        job.validators = state.validators.clone();
        job.headers = headers(source.config);
        job.expected = Duration::from_millis(state.took_ms);
        let (fetcher::Asked::New(id) | fetcher::Asked::Before(id)) = fetcher.ask(job);
        waiting.entry(id).or_default().push(n);
    }
    let limits = Limits { min_interval: fetch.min_interval };
    let count = due.len();
    let mut offline = true;
    let mut ended: Vec<(usize, SourceState, Option<Problem>)> = Vec::new();
    while let Some(event) = fetcher.next() {
        let Event::Done(done) = event else { continue };
        for n in waiting.remove(&done.id).unwrap_or_default() {
            let (source, state) = &due[n];
            asked.sources += 1;
            progress("asking sources", asked.sources, count);
            let attempt = match &done.ended {
                Ended::Answered(answer) => match &answer.outcome {
                    Outcome::Fetched { body, content_type, validators, fresh_for } => {
                        asked.bytes += body.len() as u64;
                        let taken = take(opened, source, body, content_type.as_deref(), answer.url.as_str());
                        let mut state = state.clone();
                        state.took_ms = u64::try_from(done.took.as_millis()).unwrap_or(0);
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
                            let pace = crate::fetch::error::Pace::Passing;
                            Attempt::Failed(Failure { class: class.to_owned(), message, pace })
                        };
                        asked.failed += usize::from(!taken.readable);
                        let after = schedule::after(&state, &attempt, limits, now, Jitter::of(&state));
                        asked.new += keep(store, source, &taken.entries, &Remembered::Web(Box::new(after)))?;
                        problems.extend(taken.problems);
                        offline = false;
                        continue;
                    }
                    Outcome::NotModified { .. } => {
                        asked.unchanged += 1;
                        offline = false;
                        done.ended.attempt()
                    }
                    Outcome::Gone | Outcome::Busy { .. } => {
                        offline = false;
                        done.ended.attempt()
                    }
                },
                Ended::Failed(error) => {
                    asked.failed += 1;
                    offline &= matches!(error.fault.class(), "dns" | "connect");
                    done.ended.attempt()
                }
                Ended::HostPaused(_) | Ended::Unfinished => done.ended.attempt(),
            };
            let Some(attempt) = attempt else { continue };
            let mut after = schedule::after(state, &attempt, limits, now, Jitter::of(state));
            after.took_ms = u64::try_from(done.took.as_millis()).unwrap_or(0);
            let problem = problem(source, &attempt, after.failing.as_ref());
            ended.push((n, after, problem));
        }
    }
    fetcher.finish();
    // A machine without a network says nothing about anyone's server.
    let offline = offline && asked.failed > 1;
    if offline {
        let text = "no source could be reached: is this machine offline?".to_owned();
        problems.push(Problem::warning("sources".to_owned(), 0, text));
    }
    store.transaction(|store| -> Result<(), RunError> {
        for (n, after, problem) in ended {
            let (source, before) = &due[n];
            let state = if offline { before.clone() } else { after };
            let state = Remembered::Web(Box::new(state));
            store.set_source(source.name, &serde_json::to_string(&state).unwrap_or_default())?;
            problems.extend(problem.filter(|_| !offline));
        }
        Ok(())
    })
}

fn start(opened: &Opened, asking: &Asking, now: DateTime<Utc>, stop: &Stop) -> Result<Fetcher, RunError> {
    let fetch = &opened.site.fetch;
    let allowed = fetch.allow.iter().filter_map(|range| crate::config::cidr(range));
    let guard = Guard::new(allowed.map(|(ip, length)| Range::new(ip, length)).collect(), Ports::Web);
    let settings = client::Settings {
        contact: fetch.contact.clone().or_else(|| Some(opened.site.url.to_string())),
        proxy: fetch.proxy.clone(),
        ca_file: fetch.ca_file.as_ref().map(|path| opened.folder.join(path)),
        max_bytes: fetch.max_bytes,
        ..client::Settings::new(guard)
    };
    let mut gaps = BTreeMap::new();
    if fetch.gap > GITHUB_GAP {
        gaps.insert("github.com".to_owned(), GITHUB_GAP);
    }
    let limits = hosts::Limits {
        per_host: fetch.per_host,
        gap: fetch.gap,
        gaps,
        at_once: fetch.concurrency,
        idle: fetch.concurrency,
    };
    let limits = asking.open_files.map_or_else(|| limits.clone(), |files| limits.clone().within(files));
    let plan = fetcher::Plan::new(limits, asking.deadline.unwrap_or(fetch.deadline), now);
    Fetcher::start(settings, plan, stop).map_err(RunError::Fetch)
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

/// What the feed itself asks of those who poll it.
fn hints(feed: &Record) -> Hints {
    let mut hints = Hints::default();
    let Some(more) = feed.more() else {
        return hints;
    };
    if let Some(ttl) = &more.ttl {
        hints = hints.with_ttl(ttl);
    }
    let extra = |key: &str| match feed.extra(key) {
        Some(upstream::Extra::Text(text)) => Some(text.as_str()),
        Some(_) | None => None,
    };
    hints = hints.with_update_period(extra("sy_updateperiod"), extra("sy_updatefrequency"));
    for hour in &more.skip_hours {
        hints = hints.with_skip_hour(hour);
    }
    for day in &more.skip_days {
        hints = hints.with_skip_day(day);
    }
    hints
}

/// Time between two entries, usually: the median of the newest ones.
fn posting_interval(entries: &[RawEntry]) -> Option<Duration> {
    let times: BTreeSet<DateTime<Utc>> = entries.iter().filter_map(|e| e.published).collect();
    let newest: Vec<DateTime<Utc>> = times.into_iter().rev().take(20).collect();
    let mut gaps: Vec<TimeDelta> = newest.windows(2).map(|w| w[0] - w[1]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).and_then(|gap| gap.to_std().ok())
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
    let address = &source.config.url;
    let text = text.strip_prefix(&format!("{address}: ")).map_or(text.clone(), str::to_owned);
    Some(Problem::warning(address.clone(), 0, text))
}
