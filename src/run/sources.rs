//! Asks the sources that are due and stores what they say.
//!
//! A source's entries, its validators and what has to be derived are stored together or
//! not at all: in a transaction of its own, or in one with the few others that came
//! meanwhile. Entries that leave their feed stay. A source that fails is reported and
//! keeps what it had; it stops nothing else.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde::{Deserialize, Serialize};
use url::Url;

use super::manners::{self, Manners};
use super::refresh::Progress;
use super::{Moment, Opened, Problem, RunError};
use crate::classify::Sources;
use crate::config::{Project, SourceConfig, nearest};
use crate::entry::{RawEntry, Slug};
use crate::fetch::error::Phase;
use crate::fetch::fetcher::Waited;
use crate::fetch::guard::{Guard, Ports, Range};
use crate::fetch::schedule::{self, Attempt, Failing, Failure, Hints, Jitter, Limits, NextTry, Why};
use crate::fetch::{Ended, Event, Fault, Fetcher, Job, JobId, Outcome, SourceState, Stop, client, fetcher, hosts};
use crate::files;
use crate::ledger::sources::Line;
use crate::normalize::{address, text};
use crate::source::upstream::entries::{self, Origin};
use crate::source::upstream::{self, Record, Request};
use crate::store::{NOTHING_READ, NewDocument, Stamp, Store, Touched};

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

impl Asking {
    /// Whether a person wants this one to be asked now.
    fn forces(&self, source: &Known<'_>) -> bool {
        self.force.iter().any(|given| source.is_called(given))
    }
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
        /// What it said of itself.
        #[serde(default, flatten)]
        said: Said,
    },
}

/// What a feed says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its title; may be empty.
    #[serde(default)]
    pub title: String,
    /// Date of its newest entry.
    #[serde(default)]
    pub newest: Option<DateTime<Utc>>,
}

impl Said {
    /// What is known after it said `before`: a feed that has lost its entries for a while
    /// has not become another.
    fn after(self, before: Self) -> Self {
        let title = if self.title.is_empty() { before.title } else { self.title };
        Self { title, newest: self.newest.max(before.newest) }
    }
}

impl Remembered {
    /// What it said of itself when it was read last.
    pub fn said(&self) -> Said {
        match self {
            Remembered::Web(state) => Said { title: state.title.clone(), newest: state.newest },
            Remembered::File { said, .. } => said.clone(),
        }
    }
}

/// A source as the configuration has it: once, however many projects name it.
#[derive(Debug)]
pub struct Known<'a> {
    /// Its identity.
    pub name: String,
    /// How it is named in the configuration.
    pub config: &'a SourceConfig,
    /// The projects that name it.
    pub projects: Vec<&'a Project>,
}

impl Known<'_> {
    /// Whether `given` is its name, or its address as it is configured.
    fn is_called(&self, given: &str) -> bool {
        given == self.name || given == self.config.url
    }

    /// Its address as it may be shown: without credentials.
    pub fn shown(&self) -> String {
        self.config.shown()
    }

    /// The file and line that name it.
    pub fn place(&self) -> (String, usize) {
        let file = self.projects.first().filter(|p| p.sources.iter().any(|s| std::ptr::eq(s, self.config)));
        let file = file.map_or("feedloom.yaml".into(), |p| p.file.display().to_string());
        (file, self.config.place.line)
    }

    /// The title of the one project that names it.
    fn title(&self) -> Option<&str> {
        match self.projects[..] {
            [project] => Some(project.title.as_str()),
            _ => None,
        }
    }
}

/// The sources of a site, by name. `lines` are the ledger's: they tell which name an
/// address was known by.
pub fn of_site<'a>(opened: &'a Opened, lines: &BTreeMap<String, Line>) -> BTreeMap<String, Known<'a>> {
    let mut by_address: HashMap<&str, Option<&str>> = HashMap::new();
    for line in lines.values() {
        for address in &line.addresses {
            // An address of two sources names neither.
            let name = by_address.entry(address).or_insert(Some(&line.source));
            *name = name.filter(|n| *n == line.source);
        }
    }
    let mut found: BTreeMap<String, Known<'_>> = BTreeMap::new();
    let site = opened.site.sources.iter().map(|s| (s, None));
    let projects = opened.site.projects.iter().flat_map(|p| p.sources.iter().map(move |s| (s, Some(p))));
    for (config, project) in site.chain(projects) {
        let mut known = Known { name: String::new(), config, projects: Vec::new() };
        let address = known.shown();
        let own = config.name.as_deref().unwrap_or(&address);
        known.name = match lines.get(own) {
            Some(line) => line.source.clone(),
            None => by_address.get(address.as_str()).copied().flatten().unwrap_or(own).to_owned(),
        };
        let known = found.entry(known.name.clone()).or_insert(known);
        known.projects.extend(project);
    }
    found
}

/// Which projects name which source, as the classifier asks for it.
pub(super) fn by_project(opened: &Opened, lines: &BTreeMap<String, Line>) -> Sources {
    let places: HashMap<&Slug, usize> = opened.site.projects.iter().enumerate().map(|(n, p)| (&p.slug, n)).collect();
    let known = of_site(opened, lines).into_values();
    known.map(|k| (k.name, k.projects.iter().filter_map(|p| places.get(&p.slug).copied()).collect())).collect()
}

/// Hosts that want to be left alone at `now`, and until when.
///
/// # Errors
/// What the store says.
pub fn pauses(store: &Store, now: DateTime<Utc>) -> Result<BTreeMap<String, DateTime<Utc>>, RunError> {
    manners::pauses(store, now)
}

/// Whether any source is somewhere else than in the site's folder.
pub fn ask_servers(opened: &Opened) -> bool {
    let projects = opened.site.projects.iter().flat_map(|p| &p.sources);
    opened.site.sources.iter().chain(projects).any(|s| !s.url.starts_with("file:"))
}

/// What a person wanted to be asked and nothing has the name or address of. To be called
/// after a run: its posts may link to what is meant.
///
/// # Errors
/// What the store says.
pub fn unknown(
    opened: &Opened,
    asking: &Asking,
    store: &Store,
    lines: &BTreeMap<String, Line>,
) -> Result<Vec<Problem>, RunError> {
    let sources = of_site(opened, lines);
    let articles = store.unsettled_articles()?;
    let mut problems = Vec::new();
    for given in &asking.force {
        if sources.values().any(|s| s.is_called(given)) {
            continue;
        }
        let url = Url::parse(given).ok();
        if let Some(url) = &url {
            let key = address::key(url, &opened.hosts);
            if articles.iter().any(|a| a.keys.first() == Some(&key)) || store.page(&key)?.is_some() {
                continue;
            }
        }
        let given = url.map_or_else(|| given.clone(), address::bare);
        let addresses: Vec<String> = sources.values().map(Known::shown).collect();
        let names = sources.keys().chain(&addresses).map(String::as_str);
        let hint = nearest(&given, names).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let text = format!("no source or linked page has the name or address `{given}`{hint}");
        problems.push(Problem::warning("--force".to_owned(), 0, text));
    }
    Ok(problems)
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
    lines: &BTreeMap<String, Line>,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let sources = of_site(opened, lines);
    let mut asked = Asked::default();
    if sources.is_empty() {
        return Ok(asked);
    }
    let states = remembered(store)?;
    let mut due: Vec<(&Known<'_>, SourceState)> = Vec::new();
    for source in sources.values() {
        let state = states.get(&source.name);
        if let Some(path) = source.config.url.strip_prefix("file:") {
            read_file(opened, moment.now, source, path, state, store, &mut asked, problems)?;
            continue;
        }
        let Ok(address) = Url::parse(&source.config.url) else {
            continue;
        };
        let mut state = match state {
            Some(Remembered::Web(state)) => state.at(address),
            Some(Remembered::File { .. }) | None => SourceState::new(address),
        };
        let forced = asking.forces(source);
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

#[expect(clippy::too_many_arguments, reason = "what was read, what is known, and where it goes")]
fn read_file(
    opened: &Opened,
    now: DateTime<Utc>,
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
    if bytes.len() > opened.site.fetch.max_bytes {
        let text =
            format!("larger than {} bytes (`fetch.max_bytes`): what it said before stays", opened.site.fetch.max_bytes);
        problems.push(Problem::warning(path.to_owned(), 0, text));
        asked.failed += 1;
        return Ok(());
    }
    let hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
    if matches!(state, Some(Remembered::File { hash: old, .. }) if *old == hash) {
        asked.unchanged += 1;
        return Ok(());
    }
    let taken = take(opened, source, &bytes, None, &source.config.url);
    let said = taken.said(now);
    problems.extend(taken.problems);
    if taken.readable {
        let state = Remembered::File { hash, said };
        asked.new += store.transaction(|store| keep(store, source, taken.entries, &state))?;
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

impl Taken {
    /// What it says of itself. A date that is still to come says nothing about silence.
    fn said(&self, now: DateTime<Utc>) -> Said {
        let title = self.entries.first().and_then(|e| e.source.as_ref()).map(|s| s.title.clone()).unwrap_or_default();
        let newest = self.entries.iter().filter_map(|e| e.published).filter(|t| *t <= now).max();
        Said { title, newest }
    }
}

/// Reads a body. `address` is where it came from.
fn take(opened: &Opened, source: &Known<'_>, bytes: &[u8], content_type: Option<&str>, address: &str) -> Taken {
    let base = Some(address).filter(|a| !a.starts_with("file:"));
    let request = Request { content_type, address: base, content_language: None, meant: None };
    let reading = std::panic::catch_unwind(|| upstream::read(bytes, &request)).unwrap_or_default();
    let place = source.shown();
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
    let shown = source.shown();
    let origin = Origin {
        config: source.config,
        name: &source.name,
        project: source.title(),
        address: &shown,
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

/// Stores entries that are new or changed, and the state of their source. To be called
/// within a transaction.
fn keep(store: &mut Store, source: &Known<'_>, entries: Vec<RawEntry>, state: &Remembered) -> Result<usize, RunError> {
    let origin = format!("source:{}", source.name);
    let known = store.documents(&origin)?;
    let mut touched = Touched::default();
    let mut count = 0;
    let path_of =
        |entry: &RawEntry| entry.keys.iter().find(|k| k.starts_with("upstream:")).unwrap_or(&entry.keys[0]).clone();
    let present: HashSet<String> =
        if known.is_empty() { HashSet::new() } else { entries.iter().map(path_of).collect() };
    for mut entry in entries {
        let (size, hash) = fingerprint(&mut entry);
        let path = path_of(&entry);
        if known.get(&path).is_some_and(|d| d.hash == hash) {
            continue;
        }
        if !known.is_empty() && !known.contains_key(&path) {
            // What the source gave another id before is this one, and speaks for itself no more. A
            // link that is used again, for something else, does not make it so.
            for (id, (before, raw)) in store.documents_with_keys(&origin, &entry.keys)? {
                let dated = raw.published.is_some() && raw.published == entry.published;
                if (dated || text::same(&raw.title, &entry.title)) && !present.contains(&before) {
                    store.remove_document(id, &mut touched)?;
                }
            }
        }
        count += 1;
        let document = NewDocument {
            origin: &origin,
            path: &path,
            stamp: Stamp { size, modified_ns: 0, changed_ns: 0 },
            hash: &hash,
            raw: &[],
            reading: NOTHING_READ,
            waits_until: None,
            items: vec![entry],
        };
        store.put_document(document, &mut touched)?;
    }
    store.add_dirty(&touched)?;
    store.set_source(&source.name, &serde_json::to_string(state).unwrap_or_default())?;
    Ok(count)
}

/// How long an entry is, and a hash of all it says. Its html and text are long: they go
/// in as they are.
fn fingerprint(entry: &mut RawEntry) -> (u64, String) {
    let (html, text) = (std::mem::take(&mut entry.html), std::mem::take(&mut entry.text));
    let facts = serde_json::to_vec(entry).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&facts).update(b"\0").update(html.as_bytes()).update(b"\0").update(text.as_bytes());
    let size = facts.len() + html.len() + text.len();
    (entry.html, entry.text) = (html, text);
    (size as u64, hasher.finalize().to_hex()[..32].to_owned())
}

/// How long a signal may go unnoticed, and how old what people see may be.
pub(super) const LISTENING: Duration = Duration::from_millis(100);

/// Hosts that people are shown while they are asked.
const HOSTS_SHOWN: usize = 3;

/// Shows how far a fetcher is, not more often than anyone can read.
pub(super) struct Display<'a, 'p> {
    what: &'static str,
    of: usize,
    progress: &'a mut Progress<'p>,
    shown: Option<Instant>,
}

impl<'a, 'p> Display<'a, 'p> {
    pub(super) fn new(what: &'static str, of: usize, progress: &'a mut Progress<'p>) -> Self {
        Self { what, of, progress, shown: None }
    }

    pub(super) fn show(&mut self, done: usize, fetcher: &Fetcher) {
        if self.shown.is_some_and(|shown| shown.elapsed() < LISTENING) {
            return;
        }
        self.shown = Some(Instant::now());
        let now = fetcher.progress();
        let hosts: Vec<&str> = now.hosts.iter().take(HOSTS_SHOWN).map(|h| &**h).collect();
        let more = if now.hosts.len() > HOSTS_SHOWN { ", ..." } else { "" };
        let megabytes = now.bytes as f64 / 1e6;
        (self.progress)(&format!("{}: {megabytes:.1} MB {}{more}", self.what, hosts.join(", ")), done, self.of);
    }
}

/// Events that one commit may wait for, while they come faster than they are stored.
const TOGETHER: usize = 32;

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
    let limits = Limits { min_interval: fetch.min_interval };
    let mut ended: Vec<(usize, SourceState, Option<Problem>)> = Vec::new();
    let mut manners = Manners::open(store, now)?;
    let mut fetcher = start(opened, asking, now, &manners, &stop)?;
    let host_of = |state: &SourceState| state.address_to_ask().host_str().unwrap_or_default().to_owned();
    let wanted: BTreeSet<String> =
        due.iter().filter(|(source, _)| asking.forces(source)).map(|(_, state)| host_of(state)).collect();
    manners.pause(&fetcher, |host| wanted.contains(host));
    let mut waiting: HashMap<JobId, Vec<usize>> = HashMap::new();
    for (n, (source, state)) in due.iter().enumerate() {
        // Its host is asked for the sake of another source only.
        if let Some(until) = manners.pause_of(&host_of(state)).filter(|_| !asking.forces(source)) {
            let after = schedule::after(state, &Attempt::HostPaused(until), limits, now, Jitter::of(state));
            ended.push((n, after, None));
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
    let mut display = Display::new("asking sources", due.len(), progress);
    let mut offline = true;
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
            Waited::Nothing if moment.interrupt.check().is_ok() => {
                display.show(asked.sources, &fetcher);
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
        if moment.interrupt.check().is_err() {
            break;
        }
        let Event::Done(done) = event else { continue };
        for n in waiting.remove(&done.id).unwrap_or_default() {
            let (source, state) = &due[n];
            asked.sources += 1;
            display.show(asked.sources, &fetcher);
            let attempt = match &done.ended {
                Ended::Answered(answer) => match &answer.outcome {
                    Outcome::Fetched { body, content_type, validators, fresh_for, robots_tag: _ } => {
                        asked.bytes += body.len() as u64;
                        let taken = take(opened, source, body, content_type.as_deref(), answer.url.as_str());
                        let mut state = state.clone();
                        state.took_ms = u64::try_from(done.took.as_millis()).unwrap_or(0);
                        if taken.partly {
                            Said { title: state.title, newest: state.newest } =
                                taken.said(now).after(Said { title: state.title, newest: state.newest });
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
                            let pace = crate::fetch::error::Pace::Passing;
                            Attempt::Failed(Failure { class: class.to_owned(), message, pace })
                        };
                        asked.failed += usize::from(!taken.readable);
                        let after = schedule::after(&state, &attempt, limits, now, Jitter::of(&state));
                        asked.new += keep(store, source, taken.entries, &Remembered::Web(Box::new(after)))?;
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
                    offline &= says_nothing(&error.fault, fetch.proxy.is_some());
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
    if open > 0 {
        store.commit()?;
    }
    fetcher.finish();
    // A machine without a network says nothing about anyone's server.
    let offline = offline && ended.iter().filter(|(_, _, problem)| problem.is_some()).count() > 1;
    if offline {
        let text = "no source could be reached: is this machine offline?".to_owned();
        problems.push(Problem::warning("sources".to_owned(), 0, text));
    }
    store.transaction(|store| -> Result<(), RunError> {
        for (n, after, problem) in ended {
            let (source, before) = &due[n];
            let state = if offline && problem.is_some() { later(before, limits, now) } else { after };
            let state = Remembered::Web(Box::new(state));
            store.set_source(&source.name, &serde_json::to_string(&state).unwrap_or_default())?;
            problems.extend(problem.filter(|_| !offline));
        }
        Ok(())
    })
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

/// A fetcher as the configuration has it: for sources, and for linked pages after them.
pub(super) fn start(
    opened: &Opened,
    asking: &Asking,
    now: DateTime<Utc>,
    manners: &Manners,
    stop: &Stop,
) -> Result<Fetcher, RunError> {
    let fetch = &opened.site.fetch;
    let of_hosts = || fetch.hosts.iter();
    let mut gaps: BTreeMap<_, _> = of_hosts().filter_map(|(host, rule)| Some((host.clone(), rule.gap?))).collect();
    gaps.extend(opened.site.articles.hosts.iter().filter_map(|(host, rule)| Some((host.clone(), rule.gap?))));
    let shares = of_hosts().filter_map(|(host, rule)| Some((host.clone(), rule.per_host?))).collect();
    let limits = hosts::Limits {
        per_host: fetch.per_host,
        gap: fetch.gap,
        gaps,
        shares,
        at_once: fetch.concurrency,
        idle: fetch.concurrency,
    };
    let limits = asking.open_files.map_or_else(|| limits.clone(), |files| limits.clone().within(files));
    let plan = fetcher::Plan::new(limits, asking.deadline.unwrap_or(fetch.deadline), now);
    let plan = fetcher::Plan { robots: manners.robots(), ..plan };
    Fetcher::start(settings(opened), plan, stop).map_err(RunError::Fetch)
}

/// How this site asks servers, whatever it asks them for.
pub(super) fn settings(opened: &Opened) -> client::Settings {
    let fetch = &opened.site.fetch;
    let allowed = fetch.allow.iter().filter_map(|range| crate::config::cidr(range));
    let guard = Guard::new(allowed.map(|(ip, length)| Range::new(ip, length)).collect(), Ports::Web);
    client::Settings {
        contact: fetch.contact.clone().or_else(|| Some(opened.site.url.to_string())),
        proxy: fetch.proxy.clone(),
        ca_file: fetch.ca_file.as_ref().map(|path| opened.folder.join(path)),
        max_bytes: fetch.max_bytes,
        ..client::Settings::new(guard)
    }
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

/// Time between two entries, usually: the median of the newest ones. Of three entries
/// nobody can tell.
fn posting_interval(entries: &[RawEntry]) -> Option<Duration> {
    let times: BTreeSet<DateTime<Utc>> = entries.iter().filter_map(|e| e.published).collect();
    let newest: Vec<DateTime<Utc>> = times.into_iter().rev().take(20).collect();
    let mut gaps: Vec<TimeDelta> = newest.windows(2).map(|w| w[0] - w[1]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 3).and_then(|gap| gap.to_std().ok())
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
