//! The desk: answers questions of the server from the store, one after the other.
//!
//! It reads beside a refresh and never waits long for it: a list of all entries is held
//! in memory, and where the store is locked the question is put off. Between two
//! questions it keeps the search index up to date, a few entries at a time.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

use super::unbroken;
use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, Key, Kind};
use crate::files;
use crate::merge::asked::{Asked, Place};
use crate::merge::{self};
use crate::normalize::terms;
use crate::output::html::Pages;
use crate::output::search::{Found, Hit};
use crate::output::{Contents, Prepared};
use crate::run::{self, Opened, RunError, search};
use crate::server::media::{self, Keep, Media};
use crate::server::{Question, Reply, What, target};
use crate::store::search::{Behind, Index, Light, Lights, Wanted, Where};
use crate::store::{Store, StoreError};

/// Most entries in one document, whatever feeds have.
const MOST_ENTRIES: usize = 200;

/// Bytes of entries that are held ready in the formats they were asked for, about.
const READY_BYTES: usize = 3 << 20;

/// Bytes of cleaned contents that are held: cleaning is most of the work.
const CLEAN_BYTES: usize = 6 << 20;

/// Entries that are cleaned between two looks for questions.
const CLEAN_STEP: usize = 8;

/// Results on a page of search results.
const ON_PAGE: usize = 20;

/// Results that can be paged through.
const MOST_RESULTS: usize = 400;

/// Columns of text that are shown of a result.
const PIECE: usize = 280;

/// How long it waits for questions until it looks whether anything changed.
const PAUSE: Duration = Duration::from_millis(200);

/// The desk.
pub(super) struct Desk {
    folder: PathBuf,
    changed: Arc<AtomicBool>,
    state: Option<State>,
    ready: Ready,
}

/// What it knows of the state of the site.
struct State {
    opened: Opened,
    store: Store,
    lights: Lights,
    /// Where each entry is in that list.
    by_key: HashMap<Key, usize>,
    index: Option<Index>,
    behind: Behind,
    id_base: String,
    modified_s: i64,
    pages: Option<Pages>,
}

/// Entries that were made ready for feeds. What is held was made with the configuration
/// of `fingerprint`, and of entries as their stamps say.
#[derive(Default)]
struct Ready {
    fingerprint: String,
    entries: HashMap<Key, (i64, Entry, Arc<Prepared>)>,
    bytes: usize,
    clean: HashMap<Key, (i64, Arc<str>)>,
    clean_bytes: usize,
    /// So many of the newest entries were looked at already.
    looked_at: usize,
}

/// Why there is no answer.
enum No {
    /// Something is wrong with the question.
    Refused(Reply),
    /// The store cannot be read now.
    Later,
}

impl<E: Into<RunError>> From<E> for No {
    fn from(_: E) -> Self {
        // Locked, or just being replaced: neither lasts.
        Self::Later
    }
}

fn refused(status: u16, text: impl Into<String>) -> No {
    No::Refused(Reply::Refused { status, text: text.into() })
}

impl Desk {
    pub(super) fn new(folder: PathBuf, changed: Arc<AtomicBool>) -> Self {
        Self { folder, changed, state: None, ready: Ready::default() }
    }

    /// Answers until nobody asks any more. `renewed` is called when it knows another state.
    /// What breaks on a question is the end of that question, not of the desk.
    pub(super) fn work(mut self, questions: &Receiver<Question>, renewed: &dyn Fn()) {
        loop {
            // One that breaks is made up for at the next change of the store.
            let _ = unbroken(|| self.look(renewed));
            let is_idle =
                self.state.as_ref().is_none_or(|s| s.behind.is_empty() && self.ready.is_warm(&s.lights.entries));
            let pause = if is_idle { PAUSE } else { Duration::ZERO };
            match questions.recv_timeout(pause) {
                Ok(Question { what, query, answer }) => {
                    let reply = unbroken(|| {
                        self.look(renewed);
                        match self.answer(what, &query) {
                            Ok(reply) | Err(No::Refused(reply)) => reply,
                            Err(No::Later) => Reply::Later,
                        }
                    });
                    let reply = reply.unwrap_or_else(|| {
                        self.ready = Ready::default();
                        Reply::Refused { status: 500, text: "a mistake of Feedloom: please report it".to_owned() }
                    });
                    // Whoever asked may have gone.
                    let _ = answer.send(reply);
                }
                Err(RecvTimeoutError::Timeout) => {
                    if unbroken(|| self.tidy(renewed)).is_none() {
                        self.tidy_no_more();
                    }
                }
                Err(RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    /// What can be done before anybody asks.
    fn tidy(&mut self, renewed: &dyn Fn()) {
        let Some(state) = &mut self.state else { return };
        if !state.behind.is_empty() {
            if state.catch_up() {
                renewed();
            }
        } else {
            self.ready.warm(state);
        }
    }

    /// What broke would break again at once: it is left until the store changes.
    fn tidy_no_more(&mut self) {
        self.ready = Ready { looked_at: usize::MAX, ..Ready::default() };
        if let Some(state) = &mut self.state {
            state.behind = Behind::default();
        }
    }

    /// Learns what changed. What cannot be read now is as it was, until the next look.
    fn look(&mut self, renewed: &dyn Fn()) {
        if !self.changed.swap(false, Ordering::Acquire) {
            return;
        }
        match State::read(&self.folder, self.state.take()) {
            Ok(state) => {
                self.ready.keep(&state);
                self.state = Some(state);
                renewed();
            }
            Err(old) => {
                self.state = old.map(|state| *state);
                // Not there yet is no reason to look again and again.
                if self.state.is_some() {
                    self.changed.store(true, Ordering::Release);
                }
            }
        }
    }

    fn answer(&mut self, what: What, query: &str) -> Result<Reply, No> {
        let Some(state) = &mut self.state else {
            return Err(refused(503, "nothing is stored yet: run `feedloom refresh`"));
        };
        let asked = Asked::parse(&target::pairs(query), &state.opened.site)
            .map_err(|r| refused(if r.unknown { 404 } else { 400 }, r.text))?;
        // One address for one question. Compared as read: clients escape differently.
        let spelled = asked.query();
        if matches!(what, What::Feed(_)) && target::pairs(&spelled) != target::pairs(query) {
            return Ok(Reply::Spelled(spelled));
        }
        match what {
            What::Feed(format) => state.feed(&asked, format, &mut self.ready),
            What::SearchPage => {
                let found = state.search(&asked)?;
                let pages = state.pages.as_ref().ok_or_else(|| refused(500, "the templates have a mistake"))?;
                let text = found.page(pages, &state.opened.site).map_err(|e| refused(500, e.to_string()))?;
                Ok(state.document(text, media::HTML, found.not_yet, None))
            }
            What::SearchJson => {
                let found = state.search(&asked)?;
                let text = found.json(&state.opened.site);
                Ok(state.document(text, media::JSON, found.not_yet, None))
            }
        }
    }
}

impl State {
    /// Reads the state; when that cannot be done the old one comes back.
    fn read(folder: &Path, old: Option<State>) -> Result<State, Option<Box<State>>> {
        let try_read = || -> Result<State, RunError> {
            let opened = run::open(Some(folder), folder)?;
            let path = opened.state().join("store.sqlite");
            let store = Store::open_beside(&path)?;
            let lights = store.light()?;
            let by_key = lights.entries.iter().enumerate().map(|(n, l)| (l.key, n)).collect();
            let id_base = store.meta("id_base")?.unwrap_or_default();
            let modified_s = files::look(&opened.state(), "store.sqlite").map_or(0, |(_, ns)| ns / 1_000_000_000);
            let templates = files::read_templates(&opened.folder)?;
            let pages = Pages::new(&templates).ok();
            let index = if opened.site.search { search::index(&opened).ok() } else { None };
            let behind = index.as_ref().and_then(|i| i.behind(&lights.entries).ok()).unwrap_or_default();
            Ok(State { opened, store, lights, by_key, index, behind, id_base, modified_s, pages })
        };
        try_read().map_err(|_| old.map(Box::new))
    }

    /// Takes a few more entries into the index; says whether it is complete now.
    fn catch_up(&mut self) -> bool {
        let Some(index) = &mut self.index else { return false };
        if self.behind.is_empty() {
            return false;
        }
        match index.catch_up(&self.store, &mut self.behind, search::STEP) {
            Ok(()) => {}
            Err(StoreError::Damaged { .. }) => {
                self.index = search::index_anew(&self.opened).ok();
                self.behind = self.index.as_ref().and_then(|i| i.behind(&self.lights.entries).ok()).unwrap_or_default();
            }
            // Another process writes it: what it did need not be done again.
            Err(_) => self.behind = index.behind(&self.lights.entries).unwrap_or_default(),
        }
        self.behind.is_empty()
    }

    fn document(&self, text: String, media: Media, passing: bool, link: Option<String>) -> Reply {
        let media = if passing { Media { keep: Keep::Never, ..media } } else { media };
        Reply::Document { bytes: text.into_bytes(), media, modified_s: self.modified_s, link }
    }

    /// Of each feed, whether it carries what is asked for.
    fn homes(&self, asked: &Asked) -> Vec<bool> {
        let is_home = |home: &str| match asked.projects.is_empty() {
            true => home == "all",
            false => asked.projects.contains(home),
        };
        let is_wanted = |feed: &String| {
            let merge::Path { home, part } = merge::Path::of(feed);
            // A translation is in the feeds of its language only.
            let whole = part.is_none_or(|p| asked.language.is_some() && Kind::from_name(p).is_none());
            whole && is_home(home)
        };
        self.lights.feeds.iter().map(is_wanted).collect()
    }

    /// Whether an entry is asked for, and how its feeds carry it; `homes` are those of the
    /// question.
    fn is_wanted(&self, asked: &Asked, homes: &[bool], light: &Light) -> Option<Quiet> {
        if !asked.kinds.is_empty() && !asked.kinds.contains(&light.kind) {
            return None;
        }
        if !asked.speaks(light.language.as_deref(), &self.opened.site) {
            return None;
        }
        let carried = light.feeds.iter().filter(|(feed, _)| homes.get(*feed as usize) == Some(&true));
        carried.map(|(_, is_quiet)| if *is_quiet { Quiet::Yes } else { Quiet::No }).max()
    }

    /// Every entry that is asked for, newest first; one of each group of translations.
    fn hits(&self, asked: &Asked) -> Result<Vec<(&Light, Quiet)>, No> {
        let with_words = match &asked.text {
            None => None,
            Some(text) => {
                let index =
                    self.index.as_ref().ok_or_else(|| refused(404, "this site has no search: `search: false`"))?;
                let mut keys: HashSet<Key> = HashSet::new();
                index.find(&terms::query(text), Where::Anywhere, |key| {
                    keys.insert(key);
                    Wanted::More
                })?;
                Some(keys)
            }
        };
        let mut originals = HashSet::new();
        let homes = self.homes(asked);
        let entries = self.lights.entries.iter();
        let wanted = entries.filter(|l| with_words.as_ref().is_none_or(|keys| keys.contains(&l.key)));
        Ok(wanted
            .filter_map(|l| Some((l, self.is_wanted(asked, &homes, l)?)))
            .filter(|(l, _)| !l.has_twins || originals.insert(l.original))
            .collect())
    }

    fn feed(&self, asked: &Asked, format: FeedFormat, ready: &mut Ready) -> Result<Reply, No> {
        let site = &self.opened.site;
        let hits = self.hits(asked)?;
        let size = site.output.entries.clamp(1, MOST_ENTRIES);
        let pages = hits.len().div_ceil(size);
        let chosen: Vec<&Light> = match asked.page {
            None => hits.iter().filter(|(_, q)| *q == Quiet::No).take(size).map(|(l, _)| *l).collect(),
            Some(page) if page > pages => {
                return Err(refused(404, format!("there are {pages} pages of this feed")));
            }
            // Counted from the oldest.
            Some(page) => {
                let end = hits.len() - (page - 1) * size;
                hits[end.saturating_sub(size)..end].iter().map(|(l, _)| *l).collect()
            }
        };
        let mut entries = Vec::with_capacity(chosen.len());
        let mut prepared = Vec::with_capacity(chosen.len());
        for light in chosen {
            if let Some((entry, done)) = ready.of(light.key, light.stamp, &self.store, site)? {
                if asked.page.is_none() && format.overflows(&entry, &done, site) {
                    // Pages have room for it.
                    continue;
                }
                entries.push(entry);
                prepared.push(done);
            }
        }
        let place = |older| Place::new(asked, site, older, pages);
        let older = asked.page.and_then(|page| page.checked_sub(1)).filter(|p| *p > 0);
        let mut feed = asked.feed(entries, place(older), site, &self.id_base);
        if asked.page.is_none() {
            feed.entries.truncate(format.fitting(&feed, &prepared, site));
            let shown: HashSet<Key> = feed.entries.iter().map(|e| Key::of(e.id.as_str())).collect();
            // The document with the newest entry that is not shown here.
            let newest = hits.iter().position(|(l, _)| !shown.contains(&l.original));
            let older = newest.map(|at| (hits.len() - 1 - at) / size + 1);
            feed.document = merge::Document::Asked(place(older));
        }
        let text =
            format.render(&feed, &prepared[..feed.entries.len()], site).map_err(|problem| refused(500, problem))?;
        let (ending, media) = match format {
            FeedFormat::Atom => ("atom", media::ATOM),
            FeedFormat::Rss => ("rss", media::RSS),
            FeedFormat::Json => ("json", media::JSON_FEED),
        };
        let own = place(None).address(ending);
        let passing = asked.text.is_some() && !self.behind.is_empty();
        Ok(self.document(text, media, passing, Some(format!("<{own}>; rel=\"self\""))))
    }

    fn search(&self, asked: &Asked) -> Result<Found, No> {
        let site = &self.opened.site;
        let index = self.index.as_ref().ok_or_else(|| refused(404, "this site has no search: `search: false`"))?;
        let text = asked.text.clone().unwrap_or_default();
        let words = terms::query(&text);
        let light = |key| self.by_key.get(&key).map(|n| &self.lights.entries[*n]);
        // Digests and translations are found, too: whatever a feed of the site carries.
        let any = Asked { language: asked.language.clone(), ..asked.clone() };
        let homes = self.homes(&any);
        let wanted = |l: &Light| match any.projects.is_empty() {
            true => (any.kinds.is_empty() || any.kinds.contains(&l.kind)) && any.speaks(l.language.as_deref(), site),
            false => self.is_wanted(&any, &homes, l).is_some(),
        };
        let page = asked.page.unwrap_or(1);
        let most = (page * ON_PAGE + 1).min(MOST_RESULTS);
        let keys = search::find(index, &light, &words, most, &wanted)?;
        let from = (page - 1).saturating_mul(ON_PAGE).min(keys.len());
        let to = (from + ON_PAGE).min(keys.len());
        let mut hits = Vec::new();
        for key in &keys[from..to] {
            if let Some(entry) = self.store.whole_entry_at(*key)? {
                let whole = if entry.text.trim().is_empty() { &entry.summary } else { &entry.text };
                let piece = terms::around(whole, &words, PIECE);
                hits.push(Hit { entry: Entry { html: String::new(), text: String::new(), ..entry }, piece });
            }
        }
        let query_of = |page: usize| Asked { page: (page > 1).then_some(page), ..asked.clone() }.query();
        Ok(Found {
            query: text,
            project: asked.projects.iter().next().cloned(),
            not_yet: !self.behind.is_empty(),
            page,
            previous: (page > 1).then(|| query_of(page - 1)),
            next: (keys.len() > to).then(|| query_of(page + 1)),
            hits,
        })
    }
}

/// Whether an entry is in the archives only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Quiet {
    Yes,
    No,
}

impl Ready {
    /// Forgets what another state made old.
    fn keep(&mut self, state: &State) {
        let fingerprint = &state.opened.site.fingerprint;
        if self.fingerprint != *fingerprint {
            *self = Self { fingerprint: fingerprint.clone(), ..Self::default() };
        }
        let stamps: HashMap<Key, i64> = state.lights.entries.iter().map(|l| (l.key, l.stamp)).collect();
        self.clean.retain(|key, (stamp, _)| stamps.get(key) == Some(stamp));
        self.clean_bytes = self.clean.values().map(|(_, content)| content.len()).sum();
        self.looked_at = 0;
    }

    fn is_warm(&self, light: &[Light]) -> bool {
        self.looked_at >= light.len() || self.clean_bytes >= CLEAN_BYTES
    }

    /// Cleans a few more entries before anybody asks, the newest first.
    fn warm(&mut self, state: &State) {
        let mut done = 0;
        while done < CLEAN_STEP
            && let Some(light) = state.lights.entries.get(self.looked_at)
        {
            self.looked_at += 1;
            if self.clean.contains_key(&light.key) {
                continue;
            }
            done += 1;
            match state.store.entry_at(light.key) {
                Ok(Some(entry)) => drop(self.cleaned(light.key, light.stamp, &entry, &state.opened.site)),
                Ok(None) => {}
                // Locked: it is done when somebody asks.
                Err(_) => self.looked_at = usize::MAX,
            }
        }
    }

    /// An entry's content, cleaned now or before.
    fn cleaned(&mut self, key: Key, stamp: i64, entry: &Entry, site: &Site) -> Arc<str> {
        if let Some((_, content)) = self.clean.get(&key).filter(|(s, _)| *s == stamp) {
            return Arc::clone(content);
        }
        let content = Arc::clone(&Contents::default().of(entry, site).content);
        if self.clean_bytes + content.len() <= CLEAN_BYTES {
            self.clean_bytes += content.len();
            self.clean.insert(key, (stamp, Arc::clone(&content)));
        }
        content
    }

    /// An entry made ready: now, or when it was asked for before.
    fn of(&mut self, key: Key, stamp: i64, store: &Store, site: &Site) -> Result<Option<(Entry, Arc<Prepared>)>, No> {
        if let Some((_, entry, prepared)) = self.entries.get(&key).filter(|(s, _, _)| *s == stamp) {
            return Ok(Some((entry.clone(), Arc::clone(prepared))));
        }
        let Some(mut entry) = store.entry_at(key)? else {
            return Ok(None);
        };
        let prepared = Arc::new(Prepared::of_content(self.cleaned(key, stamp, &entry, site)));
        entry.html = String::new();
        // In up to three formats, with escapes.
        let bytes = prepared.content.len() * 3 + 2048;
        if self.bytes + bytes > READY_BYTES {
            self.entries.clear();
            self.bytes = 0;
        }
        self.bytes += bytes;
        self.entries.insert(key, (stamp, entry.clone(), Arc::clone(&prepared)));
        Ok(Some((entry, prepared)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::Moment;
    use crate::run::fetching::Asking;
    use std::sync::atomic::AtomicUsize;
    use std::sync::mpsc;
    use tokio::sync::oneshot;

    #[test]
    fn a_question_that_breaks_is_not_the_last_one() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("feedloom.yaml"), "url: https://feeds.example.org/\n").unwrap();
        let opened = run::open(Some(folder.path()), folder.path()).unwrap();
        let asking = Asking { offline: true, ..Asking::default() };
        let now = chrono::DateTime::from_timestamp(1_800_000_000, 0).unwrap();
        run::refresh::refresh(&opened, &asking, Moment::at(now), &mut |_, _, _| {}).unwrap();
        let (ask, questions) = mpsc::sync_channel(2);
        let answers: Vec<_> = (0..2)
            .map(|_| {
                let (answer, reply) = oneshot::channel();
                ask.send(Question { what: What::Feed(FeedFormat::Atom), query: String::new(), answer }).unwrap();
                reply
            })
            .collect();
        drop(ask);
        let changed = Arc::new(AtomicBool::new(true));
        let calls = AtomicUsize::new(0);
        let again = Arc::clone(&changed);
        // Breaks before the first question and on it.
        let renewed = move || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            again.store(call == 0, Ordering::Release);
            assert!(call > 1, "a mistake of ours");
        };
        Desk::new(folder.path().to_owned(), changed).work(&questions, &renewed);
        let replies: Vec<Reply> = answers.into_iter().map(|a| a.blocking_recv().unwrap()).collect();
        assert!(matches!(replies[0], Reply::Refused { status: 500, .. }));
        assert!(matches!(replies[1], Reply::Document { .. }));
    }
}
