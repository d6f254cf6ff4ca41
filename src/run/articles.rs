//! Linked pages: which are asked for, what is stored of them, what stands in for them.
//!
//! An entry is published from its link at once; its page completes it when it is there.
//! Each page that was read is a transaction of its own: what it says, what became of its
//! address, what has to be derived again. It is never asked for a second time. A file in
//! `articles.folder` stands in for the page of its address.
//!
//! What this module refuses: to ask for pages of our own posts, of hosts that a rule calls
//! link-only, past robots.txt or the daily budget of a host; to let one page, however
//! broken, stop the others.

mod asking;
mod reader;
mod saved;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::derive::Overrides;
use super::fetching::Asking;
use super::refresh::Progress;
use super::visits::{Clock, Due, Subject, host, parsed};
use super::{Moment, Opened, Problem, RunError};
use crate::config::ContentMode;
use crate::entry::RawEntry;
use crate::fetch::pages::{PageState, Stage, Urgency, Wanted};
use crate::files;
use crate::normalize::address;
use crate::source::article::{Rules, Treatment};
use crate::source::linked::Linked;
use crate::store::{NewDocument, Stamp, Store, Touched};

use asking::Run;
use reader::Reader;
pub(super) use saved::{check_saved, read_saved};

/// Where the store keeps pages that were fetched, by the key of the address asked.
const FETCHED: &str = "article:fetched";

/// Where the store keeps saved pages, by file.
const SAVED: &str = "article:saved";

/// What came of asking for pages.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Pages that were asked for.
    pub pages: usize,
    /// Were read.
    pub read: usize,
    /// Are no articles.
    pub refused: usize,
    /// Failed, or asked for a pause.
    pub failed: usize,
    /// Bytes that came.
    pub bytes: u64,
}

/// What is known of sites: the built-in rules and the folder's own.
#[derive(Debug)]
pub(super) struct Sites {
    /// Read when they are needed: a run in which nothing happens does not need them.
    rules: OnceCell<Rules>,
    /// The own ones as texts: pages are read on a thread of their own.
    own: Vec<(String, String)>,
}

impl Sites {
    fn rules(&self) -> &Rules {
        self.rules.get_or_init(Rules::built_in)
    }

    /// Where the player of an address is, where its site has one.
    pub(super) fn player(&self, address: &Url) -> Option<Url> {
        self.rules().player(address)
    }

    /// The folder's own rules: the name of each file, and its text.
    pub(super) fn own(&self) -> &[(String, String)] {
        &self.own
    }
}

/// What is stored of a page.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    /// Its keys, that of the address asked first.
    keys: Vec<String>,
    page: Linked,
}

/// Reads the rules for pages of sites.
///
/// # Errors
/// [`RunError::Rules`] with every mistake in them.
pub(super) fn rules(opened: &Opened) -> Result<Sites, RunError> {
    let own = files::read_rules(&opened.folder, &opened.site.sites)?;
    let rules = OnceCell::new();
    if !own.is_empty() {
        let _ = rules.set(Rules::with(&own).map_err(RunError::Rules)?);
    }
    Ok(Sites { rules, own })
}

/// How much of a page at `address` is published.
fn mode(opened: &Opened, address: &Url) -> ContentMode {
    let articles = &opened.site.articles;
    let rule = address.host_str().and_then(|h| articles.rule(h));
    rule.and_then(|r| r.content).unwrap_or(articles.content)
}

fn raw_entry(opened: &Opened, kept: &Kept) -> RawEntry {
    kept.page.raw_entry(kept.keys.clone(), mode(opened, &kept.page.address), opened.site.timezone)
}

/// Makes the raw entries of stored pages again, with the configuration of now.
pub(super) fn derive_again(opened: &Opened, store: &mut Store, touched: &mut Touched) -> Result<(), RunError> {
    for origin in [FETCHED, SAVED] {
        for document in store.documents(origin)?.into_values() {
            let reading = store.reading(origin, &document.path)?;
            let Some(kept) = reading.and_then(|(_, text)| serde_json::from_str::<Kept>(&text).ok()) else {
                continue;
            };
            put(opened, store, origin, &document.path, document.stamp, &document.hash, &kept, touched)?;
        }
    }
    Ok(())
}

#[expect(clippy::too_many_arguments, reason = "a document is many things at once")]
fn put(
    opened: &Opened,
    store: &mut Store,
    origin: &str,
    path: &str,
    stamp: Stamp,
    hash: &str,
    kept: &Kept,
    touched: &mut Touched,
) -> Result<(), RunError> {
    let reading = serde_json::to_string(kept).unwrap_or_default();
    let items = vec![raw_entry(opened, kept)];
    let document = NewDocument { origin, path, stamp, hash, raw: &[], reading: &reading, waits_until: None, items };
    Ok(store.put_document(document, touched)?)
}

/// A page that posts link to, and what the rules of its site say of it.
struct Link {
    key: String,
    /// As its earliest mention spells it.
    address: Url,
    /// Its earliest mention.
    first: Option<DateTime<Utc>>,
    /// Its newest mention: it says how urgent the page is.
    mentioned: DateTime<Utc>,
    treatment: Treatment,
}

/// Pages that are still to be read: http or https, not of our own posts, not hidden.
fn links(opened: &Opened, sites: &Sites, store: &Store) -> Result<Vec<Link>, RunError> {
    let overrides = Overrides::new(opened);
    let mut found: BTreeMap<String, Link> = BTreeMap::new();
    for raw in store.unsettled_articles()? {
        let key = &raw.keys[0];
        let is_own = key.starts_with("site:");
        let Some(url) = raw.link.as_deref().filter(|_| !is_own).and_then(|l| Url::parse(l).ok()) else {
            continue;
        };
        let hidden = || overrides.of(None, &[&raw]).iter().any(|o| o.hide);
        if !matches!(url.scheme(), "http" | "https") || address::key(&url, &opened.hosts) != *key || hidden() {
            continue;
        }
        let mentioned = raw.published.unwrap_or_default();
        match found.get_mut(key) {
            Some(link) => {
                if raw.published.is_some_and(|p| link.first.is_none_or(|first| p < first)) {
                    (link.address, link.first) = (url, raw.published);
                }
                link.mentioned = link.mentioned.max(mentioned);
            }
            None => {
                let treatment = sites.rules().of(&url);
                found.insert(
                    key.clone(),
                    Link { key: key.clone(), address: url, first: raw.published, mentioned, treatment },
                );
            }
        }
    }
    Ok(found.into_values().collect())
}

/// Asks for the pages that are due and stores what they say.
#[expect(clippy::too_many_arguments, reason = "the one place where links, the network and the store meet")]
pub(super) fn read(
    opened: &Opened,
    sites: &Sites,
    asking: &Asking,
    clock: Clock,
    moment: Moment,
    store: &mut Store,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let forced: Vec<String> =
        asking.force.iter().filter_map(|f| Url::parse(f).ok()).map(|u| address::key(&u, &opened.hosts)).collect();
    for key in &forced {
        // What was refused for good is looked for again; what was read stays as it is until then.
        if let Some(Stage::Refused { .. }) = state_of(store, key)?.map(|s| s.stage) {
            store.forget_page(key)?;
        }
    }
    let wanted: Vec<Wanted> = links(opened, sites, store)?
        .into_iter()
        .filter_map(|link| match link.treatment {
            Treatment::Ask { address, alternative } => {
                let urgency = if forced.contains(&link.key) { Urgency::Forced } else { Urgency::Usual };
                let Link { key, address: written, mentioned, .. } = link;
                Some(Wanted { key, address: written, ask: address, alternative, mentioned, urgency })
            }
            Treatment::LinkOnly { .. } => None,
        })
        .collect();
    if wanted.is_empty() || clock.left.is_zero() {
        return Ok(Asked::default());
    }
    let states = store.unsettled_pages()?;
    let Some(due) = Due::of(Subject::Pages, opened, store, wanted, states, moment.now)? else {
        return Ok(Asked::default());
    };
    let (visits, due) = due.start(opened, asking, clock, moment, store, progress)?;
    let reader = Reader::new(sites.own.clone());
    let run = Run { visits, sites, now: moment.now, reader, asked: Asked::default(), problems };
    run.all(due)
}

fn state_of(store: &Store, key: &str) -> Result<Option<PageState>, RunError> {
    Ok(store.page(key)?.and_then(|text| serde_json::from_str(&text).ok()))
}

/// What is to be told of an entry's page.
#[derive(Debug)]
pub enum Account {
    /// It was read.
    Read(Box<Linked>),
    /// It is no article and will be none.
    Refused(PageState),
    /// It is still to be read; the state is none when it was never asked for.
    Waiting(Option<PageState>),
    /// It is not asked for.
    NotAsked(String),
}

/// What is to be told of the page behind `raws`; none when there is none.
///
/// # Errors
/// What the store or the rules say.
pub fn account(opened: &Opened, store: &Store, raws: &[RawEntry]) -> Result<Option<Account>, RunError> {
    let pages = raws.iter().filter(|r| r.page);
    for key in pages.flat_map(|r| &r.keys) {
        let place = match state_of(store, key)?.map(|s| s.stage) {
            Some(Stage::Read { name, .. }) => (FETCHED, name),
            Some(Stage::Saved { file }) => (SAVED, file),
            Some(Stage::Waiting | Stage::Refused { .. }) | None => continue,
        };
        let reading = store.reading(place.0, &place.1)?;
        if let Some(kept) = reading.and_then(|(_, text)| serde_json::from_str::<Kept>(&text).ok()) {
            return Ok(Some(Account::Read(Box::new(kept.page))));
        }
    }
    let mut told = None;
    let sites = rules(opened)?;
    for raw in raws.iter().filter(|r| r.kind == crate::entry::Kind::Article && !r.keys[0].starts_with("site:")) {
        let state = state_of(store, &raw.keys[0])?;
        if let Some(Stage::Refused { .. }) = state.as_ref().map(|s| &s.stage) {
            return Ok(state.map(Account::Refused));
        }
        let Some(url) = raw.link.as_deref().and_then(|l| Url::parse(l).ok()) else { continue };
        told = told.or(Some(match sites.rules().of(&url) {
            Treatment::LinkOnly { reason } => Account::NotAsked(reason),
            Treatment::Ask { .. } if !opened.site.articles.fetch => {
                Account::NotAsked("`articles.fetch` is false".to_owned())
            }
            Treatment::Ask { .. } => Account::Waiting(state),
        }));
    }
    Ok(told)
}

/// How far the reading of linked pages is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Overview {
    /// Pages that were read.
    pub read: usize,
    /// Saved pages that stand in for the network.
    pub saved: usize,
    /// Pages still to be read, failures included.
    pub waiting: usize,
    /// Pages that are not asked for, by a rule.
    pub link_only: usize,
    /// Pages that are no articles, or that failed last time.
    pub refused: Refused,
    /// Pictures that are shown from here.
    pub pictures: usize,
    /// Pictures that shall be and are not here yet.
    pub pictures_missing: usize,
    /// Those of them that failed last time.
    pub pictures_refused: Refused,
}

/// How many were refused or failed, by reason and host.
pub type Refused = BTreeMap<String, BTreeMap<String, usize>>;

fn refused(state: &PageState, counts: &mut Refused) {
    let class = match (&state.stage, &state.failing) {
        (Stage::Refused { class, .. }, _) => class,
        (Stage::Waiting, Some(failing)) => &failing.class,
        (Stage::Read { .. } | Stage::Saved { .. } | Stage::Waiting, _) => return,
    };
    *counts.entry(class.clone()).or_default().entry(host(&state.address)).or_default() += 1;
}

/// How far the reading of linked pages is.
///
/// # Errors
/// What the store or the rules say.
pub fn overview(opened: &Opened, store: &Store) -> Result<Overview, RunError> {
    let mut overview = Overview::default();
    let sites = rules(opened)?;
    let states: BTreeMap<String, PageState> = parsed(store.pages()?);
    for (key, state) in &states {
        refused(state, &mut overview.refused);
        if let Stage::Read { name, .. } = &state.stage {
            overview.read += usize::from(name == key);
        }
    }
    overview.saved = store.documents(SAVED)?.len();
    overview.pictures = store.picture_count()?;
    let missing = store.missing_pictures()?;
    overview.pictures_missing = missing.len();
    let states: BTreeMap<String, PageState> = parsed(store.missing_picture_states()?);
    states.iter().filter(|(key, _)| missing.contains_key(*key)).for_each(|(_, state)| {
        refused(state, &mut overview.pictures_refused);
    });
    for link in links(opened, &sites, store)? {
        match link.treatment {
            Treatment::Ask { .. } => overview.waiting += 1,
            Treatment::LinkOnly { .. } => overview.link_only += 1,
        }
    }
    Ok(overview)
}
