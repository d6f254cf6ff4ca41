//! Pictures of hosts that show them to readers of their own pages only: which are asked
//! for, what is stored of them, how they get into the output (`images: mirror`).
//!
//! A picture that came is a transaction of its own: its bytes, what became of its address,
//! which entries have to be derived again. It is never asked for a second time; one that
//! did not come is asked for at the growing distances of linked pages, within the daily
//! budget of its host. Entries show it once it is here, and nothing in its place before.
//!
//! What this module refuses: pictures past robots.txt, where a page of that host would not
//! be asked for either; more bytes than `articles.images_bytes`; bytes that are no picture
//! ([`crate::source::picture`]).

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, NaiveDate, Utc};
use url::Url;

use super::articles::{self, Clock, failure, host, was_sent};
use super::build::Plan;
use super::manners::Manners;
use super::refresh::Progress;
use super::sources::{Asking, Display, LISTENING};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::config::Site;
use crate::entry::Entry;
use crate::fetch::error::Pace;
use crate::fetch::fetcher::{self, Waited};
use crate::fetch::pages::{self, Attempt, HostState, PageState, Urgency, Wanted};
use crate::fetch::schedule::Failure;
use crate::fetch::{Done, Ended, Event, Fault, Fetcher, Job, JobId, LARGEST_PICTURE, Outcome};
use crate::normalize::html::Picture;
use crate::output::pictures::{FOLDER, file_name, place, wanted};
use crate::source::picture;
use crate::store::{Store, Touched};

/// What came of asking for pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Pictures that were asked for.
    pub pictures: usize,
    /// Are here now.
    pub kept: usize,
    /// Failed, are no pictures, or asked for a pause.
    pub failed: usize,
    /// Bytes that came.
    pub bytes: u64,
}

/// Gives `entry`, which these feeds carry, the pictures that are here; comes back with all
/// that it is to show from here.
pub(super) fn give(store: &Store, entry: &mut Entry, feeds: &[String], site: &Site) -> Result<Vec<String>, RunError> {
    let is_published = !feeds.is_empty() || entry.link.starts_with(site.url.as_str());
    let wanted = if is_published { wanted(entry, site) } else { BTreeSet::new() };
    for address in &wanted {
        if let Some(file) = store.picture(address)? {
            entry.pictures.insert(address.clone(), file);
        }
    }
    entry.image = entry.image.take().and_then(|image| match place(&image, entry, site) {
        Picture::Stays => Some(image),
        Picture::Goes => None,
        Picture::At(address) => Some(address),
    });
    Ok(wanted.into_iter().collect())
}

/// Puts the pictures that entries show into the output, and takes out those that no entry
/// shows any more. While feeds are held back their old files stay as they are.
pub(super) fn files(store: &Store, is_held: bool, plan: &mut Plan<'_>) -> Result<(), RunError> {
    let shown = store.shown_pictures()?;
    for file in &shown {
        let path = format!("{FOLDER}{file}");
        if !plan.keep(&path) {
            plan.add(path, &store.picture_bytes(file)?)?;
        }
    }
    let ours = plan.known.keys().filter(|path| path.starts_with(FOLDER));
    let gone: Vec<String> = ours.filter(|path| !shown.contains(&path[FOLDER.len()..])).cloned().collect();
    for path in gone {
        if is_held {
            plan.hashes.insert(path, None);
        } else {
            plan.dropped.insert(path);
        }
    }
    Ok(())
}

/// Asks for the pictures that are due and stores them.
pub(super) fn read(
    opened: &Opened,
    asking: &Asking,
    clock: Clock,
    moment: Moment,
    store: &mut Store,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let (now, articles) = (moment.now, &opened.site.articles);
    if !articles.mirrors() || clock.left.is_zero() {
        return Ok(Asked::default());
    }
    let parsed = |(key, mentioned): (String, DateTime<Utc>)| {
        let address = Url::parse(&key).ok()?;
        Some(Wanted { key, ask: address.clone(), address, alternative: None, mentioned, urgency: Urgency::Usual })
    };
    let missing: Vec<Wanted> = store.missing_pictures()?.into_iter().filter_map(parsed).collect();
    if missing.is_empty() {
        return Ok(Asked::default());
    }
    let mut states: BTreeMap<String, PageState> = articles::parsed(store.missing_picture_states()?);
    articles::reconsider(opened, store, "pictures", &mut states, set_picture)?;
    let hosts: BTreeMap<String, HostState> = articles::parsed(store.page_hosts()?);
    let day = opened.site.timezone.to_local(now).date_naive();
    let due = pages::choose(missing, &states, &hosts, articles.per_host_per_day, day, now);
    if due.is_empty() {
        return Ok(Asked::default());
    }
    let budget = articles.images_bytes as u64;
    let mut used = store.pictures_size()?;
    if used.saturating_add(LARGEST_PICTURE as u64) > budget {
        store.transaction(|store| store.forget_pictures())?;
        used = store.pictures_size()?;
    }
    let (manners, fetcher) = articles::start_after(opened, asking, clock, store, now)?;
    let run = Run {
        opened,
        store,
        now,
        day,
        states,
        hosts,
        fetcher,
        manners,
        flights: HashMap::new(),
        held: Vec::new(),
        reached: false,
        left: budget.saturating_sub(used),
        asked: Asked::default(),
        problems,
    };
    run.all(due, moment, progress)
}

fn set_picture(store: &Store, address: &str, state: &PageState) -> Result<(), RunError> {
    Ok(store.set_picture(address, &serde_json::to_string(state).unwrap_or_default())?)
}

/// A run under way.
struct Run<'a> {
    opened: &'a Opened,
    store: &'a mut Store,
    now: DateTime<Utc>,
    day: NaiveDate,
    states: BTreeMap<String, PageState>,
    hosts: BTreeMap<String, HostState>,
    fetcher: Fetcher,
    manners: Manners,
    flights: HashMap<JobId, Wanted>,
    /// Failures that say nothing while no server was reached at all.
    held: Vec<(Wanted, Failure)>,
    /// Some server answered.
    reached: bool,
    /// Bytes there is room for.
    left: u64,
    asked: Asked,
    problems: &'a mut Vec<Problem>,
}

impl Run<'_> {
    /// Asks for all of `due`, as far as there is room for what may come.
    fn all(mut self, due: Vec<Wanted>, moment: Moment, progress: &mut Progress<'_>) -> Result<Asked, RunError> {
        let count = due.len();
        let mut waiting = due.into_iter().peekable();
        let mut display = Display::new("asking for pictures", count, progress);
        let mut done_count = 0;
        loop {
            while self.has_room()
                && let Some(wanted) = waiting.next()
            {
                self.ask(wanted);
            }
            let event = match self.fetcher.next_within(LISTENING) {
                Waited::Event(event) => event,
                Waited::Nothing if moment.interrupt.check().is_ok() => {
                    display.show(done_count, &self.fetcher);
                    continue;
                }
                Waited::Nothing | Waited::Finished => break,
            };
            self.manners.hear(self.store, &event)?;
            // What came is stored; the others are asked for in the next run.
            if moment.interrupt.check().is_err() {
                break;
            }
            let Event::Done(done) = event else { continue };
            let Some(wanted) = self.flights.remove(&done.id) else { continue };
            done_count += 1;
            display.show(done_count, &self.fetcher);
            self.landed(wanted, done)?;
        }
        if waiting.peek().is_some() && self.flights.is_empty() && !self.has_room() {
            let text = format!(
                "there is no room for {} more pictures: `articles.images_bytes` says how much there is",
                waiting.count()
            );
            let (place, severity) = ("articles".to_owned(), Severity::Note);
            self.problems.push(Problem { place, line: 0, column: 0, severity, text });
        }
        // A machine without a network says nothing about anyone's server, and is told of once.
        if !self.reached && self.held.len() > 1 {
            const OFFLINE: &str = "is this machine offline?";
            if !self.problems.iter().any(|p| p.text.ends_with(OFFLINE)) {
                let text = format!("no picture could be reached: {OFFLINE}");
                self.problems.push(Problem::warning("articles".to_owned(), 0, text));
            }
            return Ok(Asked::default());
        }
        self.let_go()?;
        Ok(self.asked)
    }

    /// Whether one more may be asked for, even if all that are under way are as large as can be.
    fn has_room(&self) -> bool {
        (self.flights.len() as u64 + 1) * LARGEST_PICTURE as u64 <= self.left
    }

    fn ask(&mut self, wanted: Wanted) {
        let robots = articles::robots_policy(self.opened, &wanted.ask);
        // One that differs in its fragment only is asked for in the next run.
        if let fetcher::Asked::New(id) = self.fetcher.ask(Job::picture(wanted.ask.clone(), robots)) {
            self.flights.insert(id, wanted);
        }
    }

    /// What became of a request.
    fn landed(&mut self, wanted: Wanted, done: Done) -> Result<(), RunError> {
        if was_sent(&done.ended) {
            self.hosts.entry(host(&wanted.ask)).or_default().count(self.day);
        }
        let answer = match done.ended {
            // The pause of a host is remembered of the host.
            Ended::HostPaused(_) | Ended::Unfinished => return Ok(()),
            Ended::Failed(error) => {
                self.asked.pictures += 1;
                self.asked.failed += 1;
                self.reached |= articles::was_reached(&error.fault);
                let mut failure = Failure::from(&error);
                if let Fault::TooLarge(_) = error.fault {
                    failure.pace = Pace::Lasting;
                }
                return self.failed(wanted, failure);
            }
            Ended::Answered(answer) => answer,
        };
        self.asked.pictures += 1;
        self.reached = true;
        self.let_go()?;
        let attempt = match answer.outcome {
            Outcome::Fetched { body, .. } => {
                self.asked.bytes += body.len() as u64;
                match picture::ending(&body) {
                    Some(ending) => return self.keep(&wanted, &body, ending),
                    None => Attempt::Failed(failure("no-picture", "what came is no PNG, JPEG, GIF, WebP or AVIF")),
                }
            }
            Outcome::Busy { until, .. } => Attempt::Busy(until),
            Outcome::Gone => Attempt::Refused(failure("gone", "HTTP status 410: withdrawn")),
            Outcome::NotModified { .. } => {
                Attempt::Failed(failure("empty", "\"not modified\", though it was asked for everything"))
            }
        };
        self.asked.failed += 1;
        self.became(&wanted, attempt)
    }

    /// Stores a picture, in a transaction of its own.
    fn keep(&mut self, wanted: &Wanted, bytes: &[u8], ending: &str) -> Result<(), RunError> {
        let file = file_name(bytes, ending);
        let attempt = Attempt::Read { title: String::new(), name: file.clone() };
        let after = serde_json::to_string(&self.state(wanted).after(attempt, self.now)).unwrap_or_default();
        let (hosts, host) = (&self.hosts, host(&wanted.ask));
        self.store.transaction(|store| -> Result<(), RunError> {
            let mut touched = Touched::default();
            store.keep_picture(&wanted.key, &after, &file, bytes, &mut touched)?;
            store.add_dirty(&touched)?;
            articles::count(store, hosts, &host)
        })?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.asked.kept += 1;
        Ok(())
    }

    fn state(&self, wanted: &Wanted) -> PageState {
        self.states.get(&wanted.key).cloned().unwrap_or_else(|| PageState::new(wanted.address.clone()))
    }

    /// Remembers what became of a picture that did not come.
    fn became(&mut self, wanted: &Wanted, attempt: Attempt) -> Result<(), RunError> {
        let after = self.state(wanted).after(attempt, self.now);
        let (hosts, host) = (&self.hosts, host(&wanted.ask));
        self.store.transaction(|store| -> Result<(), RunError> {
            set_picture(store, &wanted.key, &after)?;
            articles::count(store, hosts, &host)
        })
    }

    /// A failure, to be remembered once it is clear that there is a network.
    fn failed(&mut self, wanted: Wanted, failure: Failure) -> Result<(), RunError> {
        if !self.reached && failure.class != "denied" {
            self.held.push((wanted, failure));
            return Ok(());
        }
        self.became(&wanted, Attempt::Failed(failure))
    }

    fn let_go(&mut self) -> Result<(), RunError> {
        for (wanted, failure) in std::mem::take(&mut self.held) {
            self.became(&wanted, Attempt::Failed(failure))?;
        }
        Ok(())
    }
}
