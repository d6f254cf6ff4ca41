//! Pages and the other files that are no feeds: which have to be written, from the
//! same scope as feeds.
//!
//! What pages show of other pages (which months there are, how many entries they
//! have) is remembered in the store with what was published, so that a run looks at
//! the months that changed and at no others.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use chrono::{DateTime, Utc};
use minijinja::value::Value;
use serde::{Deserialize, Serialize};

use super::archives::touches;
use super::articles::Sites;
use super::build::{Lists, Plan};
use super::{Opened, RunError};
use crate::config::{Project, Site};
use crate::entry::{self, Key, Kind, Slug};
use crate::health::{self, State};
use crate::merge;
use crate::output::html::card::{has_page, page_path};
use crate::output::html::chart::{self, Activity, Counts};
use crate::output::html::health::{EventRow, FeedRow, Health, SourceRow};
use crate::output::html::{Month, Pages, SHOWN, Size, TemplateError, card_value};
use crate::output::opml::{self, Outline};
use crate::store::Store;

/// What the feeds of this build are due to.
pub(super) struct Due<'a> {
    /// Feeds and their days that changed; none for everything.
    pub days: Option<&'a BTreeMap<String, BTreeSet<String>>>,
    /// Feeds that are held back: their pages stay as they are.
    pub held: &'a HashSet<String>,
}

/// What pages are made with.
pub(super) struct Press<'a> {
    /// Templates.
    pub pages: &'a Pages,
    /// Say which addresses have a player.
    pub rules: &'a Sites,
    /// How the sources are.
    pub health: &'a [health::Health],
}

impl Press<'_> {
    fn entry(&self, site: &Site, path: &str, entry: &entry::Entry) -> Result<String, TemplateError> {
        self.pages.entry(site, path, entry, &|url| self.rules.player(url))
    }
}

impl<'a> Due<'a> {
    /// Whether pages of the feed have to be written.
    fn feed(&self, name: &str) -> bool {
        !self.held.contains(name) && self.days.is_none_or(|m| m.contains_key(name))
    }

    /// The days of the feed that changed; none for all of them. A feed that was held
    /// back comes again without days: nobody counted them while it was.
    fn days_of(&self, name: &str) -> Option<&'a BTreeSet<String>> {
        self.days.and_then(|m| m.get(name)).filter(|m| !m.is_empty())
    }
}

/// What is remembered of the pages that were written.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Shown {
    /// Entries by feed, period and kind.
    #[serde(default)]
    activity: BTreeMap<String, Activity>,
    /// Pages of entries by the period of the entry.
    #[serde(default)]
    entries: BTreeMap<String, BTreeSet<String>>,
    /// Pages of posts that are published nowhere else.
    #[serde(default)]
    posts: BTreeSet<String>,
}

/// Under which name the store remembers it.
const SHOWN_PAGES: &str = "pages";

/// Writes the pages that are due, and what concerns the whole site.
pub(super) fn write(
    opened: &Opened,
    store: &Store,
    press: &Press<'_>,
    lists: &mut Lists,
    due: &Due<'_>,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let pages = press.pages;
    let site = &opened.site;
    if site.pages {
        let remembered = store.meta(SHOWN_PAGES)?.and_then(|text| serde_json::from_str(&text).ok());
        let mut shown: Shown = remembered.unwrap_or_default();
        if due.days.is_none() {
            // Of feeds that are held back it is known what their pages show.
            shown.activity.retain(|feed, _| due.held.contains(feed));
            shown.entries.clear();
        }
        let gone = months(opened, store, press, lists, due, &mut shown, plan)?;
        feeds(opened, store, pages, due, &shown, plan)?;
        posts(opened, store, press, &mut shown, plan)?;
        plan.dropped.extend(gone);
        site_pages(opened, store, press, &shown, plan)?;
        let written = &plan.hashes;
        plan.dropped.retain(|path| !written.contains_key(path));
        store.set_meta(SHOWN_PAGES, &serde_json::to_string(&shown).unwrap_or_default())?;
    }
    plan.add("opml.xml".to_owned(), opml::render(&site.title, &outlines(opened)).as_bytes())
}

/// The page of a month, and what it is made of.
struct MonthPage {
    feed: String,
    entries: Vec<Key>,
    /// The page has to be written; else the month is only looked at for its entries' pages.
    is_due: bool,
}

/// Pages of months, or of days of full ones, and of the entries in them, one at a time: no more than the
/// entries of one are held in memory. Comes back with the pages that went.
fn months(
    opened: &Opened,
    store: &Store,
    press: &Press<'_>,
    lists: &mut Lists,
    due: &Due<'_>,
    shown: &mut Shown,
    plan: &mut Plan<'_>,
) -> Result<BTreeSet<String>, RunError> {
    let site = &opened.site;
    let mut by_month: BTreeMap<String, Vec<MonthPage>> = BTreeMap::new();
    let mut beside: HashMap<String, BTreeSet<String>> = HashMap::new();
    let mut gone: BTreeSet<String> = BTreeSet::new();
    for feed in merge::paths(site).into_iter().filter(|f| merge::current_path(f, site) == *f) {
        // Pages of entries do not wait for the feed that carries all of them.
        let for_entries = feed == "all" && due.days.is_none_or(|m| m.contains_key(&feed));
        if !due.feed(&feed) && !for_entries {
            continue;
        }
        let is_held = due.held.contains(&feed);
        let listed = merge::periods(lists.of(store, &feed)?.to_vec(), |e| e.published, site);
        let before: BTreeSet<String> =
            shown.activity.get(&feed).map(|a| a.keys().cloned().collect()).unwrap_or_default();
        let now: BTreeSet<String> = listed.keys().cloned().collect();
        let days = due.days_of(&feed);
        let lost: Vec<String> = before.difference(&now).cloned().collect();
        for (period, entries) in listed {
            // One whose neighbour came or went has other links.
            let moved = || !is_held && neighbours(&now, &period) != neighbours(&before, &period);
            if days.is_none_or(|days| touches(days, &period)) || !before.contains(&period) || moved() {
                let entries = entries.into_iter().map(|e| e.id).collect();
                let page = MonthPage { feed: feed.clone(), entries, is_due: !is_held };
                by_month.entry(period).or_default().push(page);
            }
        }
        for period in lost {
            if !is_held {
                gone.insert(month_path(&feed, &period));
            }
            by_month.entry(period).or_default().push(MonthPage {
                feed: feed.clone(),
                entries: Vec::new(),
                is_due: !is_held,
            });
        }
        beside.insert(feed.clone(), now);
    }
    for (month, month_pages) in by_month {
        let mut cards: HashMap<Key, Option<(entry::Entry, Value)>> = HashMap::new();
        for page in month_pages {
            let mut counts = Counts::default();
            let mut values = Vec::with_capacity(page.entries.len());
            let mut own: BTreeSet<String> = BTreeSet::new();
            for key in &page.entries {
                let card = match cards.entry(*key) {
                    Entry::Occupied(known) => known.into_mut(),
                    Entry::Vacant(free) => {
                        let entry = store.entry_at(*key)?;
                        free.insert(entry.map(|e| {
                            let value = card_value(&e, site);
                            (e, value)
                        }))
                    }
                };
                let Some((entry, value)) = card else { continue };
                chart::count(&mut counts, entry.kind);
                values.push(value.clone());
                if page.feed == "all" && has_page(entry.kind) {
                    let path = page_path(&entry.id);
                    let html = press.entry(site, &path, entry)?;
                    plan.add(path.clone(), html.as_bytes())?;
                    own.insert(path);
                }
            }
            if page.feed == "all" {
                let before = shown.entries.remove(&month).unwrap_or_default();
                gone.extend(before.difference(&own).cloned());
                if !own.is_empty() {
                    shown.entries.insert(month.clone(), own);
                }
            }
            if !page.is_due {
                continue;
            }
            let activity = shown.activity.entry(page.feed.clone()).or_default();
            if values.is_empty() {
                activity.remove(&month);
                continue;
            }
            activity.insert(month.clone(), counts);
            let months = beside.get(&page.feed);
            let (older, newer) = months.map(|m| neighbours(m, &month)).unwrap_or_default();
            let links = Month { name: &month, older, newer };
            let html = press.pages.month(site, &page.feed, &links, &values)?;
            plan.add(month_path(&page.feed, &month), html.as_bytes())?;
        }
    }
    Ok(gone)
}

fn neighbours<'m>(months: &'m BTreeSet<String>, month: &str) -> (Option<&'m str>, Option<&'m str>) {
    use std::ops::Bound::{Excluded, Unbounded};
    let older = months.range::<str, _>((Unbounded, Excluded(month))).next_back();
    let newer = months.range::<str, _>((Excluded(month), Unbounded)).next();
    (older.map(String::as_str), newer.map(String::as_str))
}

fn month_path(feed: &str, month: &str) -> String {
    format!("{feed}/archive/{month}.html")
}

/// The page of each feed with its newest entries.
fn feeds(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    due: &Due<'_>,
    shown: &Shown,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let mut cards: HashMap<Key, Option<Value>> = HashMap::new();
    for feed in merge::paths(site).into_iter().filter(|f| due.feed(f)) {
        let mut values = Vec::new();
        for key in store.newest(&feed, site.output.entries.min(SHOWN))? {
            let card = match cards.entry(key) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(free) => free.insert(store.entry_at(key)?.map(|e| card_value(&e, site))),
            };
            values.extend(card.clone());
        }
        let activity = shown.activity.get(&merge::current_path(&feed, site));
        let html = pages.project(site, &feed, activity, &values)?;
        plan.add(format!("{feed}/index.html"), html.as_bytes())?;
    }
    Ok(())
}

/// Pages of posts that are published nowhere else: their folder has no `url`.
fn posts(
    opened: &Opened,
    store: &Store,
    press: &Press<'_>,
    shown: &mut Shown,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let mut written = BTreeSet::new();
    if site.posts.iter().any(|f| f.url.is_none()) {
        for entry in store.entries_at(&format!("{}page/", site.url))? {
            // What posts only link to names no file, wherever it is.
            if !is_made_of_post(store, &entry)? {
                continue;
            }
            let Some(name) = entry.link.strip_prefix(site.url.as_str()).filter(|n| !n.contains('#')) else { continue };
            let name = crate::normalize::address::percent_decode(name);
            let file = name.strip_prefix("page/").unwrap_or("");
            if file.contains('/') || file.contains("..") || !file.ends_with(".html") {
                continue;
            }
            let page = press.entry(site, &name, &entry)?;
            plan.add(name.clone(), page.as_bytes())?;
            written.insert(name);
        }
    }
    plan.dropped.extend(shown.posts.difference(&written).cloned());
    shown.posts = written;
    Ok(())
}

/// Whether an entry is a post, though a person perhaps said that it is of another kind.
fn is_made_of_post(store: &Store, entry: &entry::Entry) -> Result<bool, RunError> {
    let is_post = |kind: Kind| matches!(kind, Kind::Post | Kind::Digest);
    Ok(is_post(entry.kind) || store.items_of(&entry.id)?.iter().any(|i| is_post(i.raw.kind)))
}

/// Pages that concern the whole site, and what all pages ask for.
fn site_pages(
    opened: &Opened,
    store: &Store,
    press: &Press<'_>,
    shown: &Shown,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let pages = press.pages;
    let mut sizes: BTreeMap<String, Size> = BTreeMap::new();
    for (feed, activity) in &shown.activity {
        if let Some(latest) = store.latest(feed)? {
            let count = activity.values().flatten().map(|n| *n as usize).sum();
            sizes.insert(feed.clone(), Size { count, latest });
        }
    }
    plan.add("index.html".to_owned(), pages.index(site, &sizes, &shown.activity)?.as_bytes())?;
    let health = Health {
        events: super::health::events(store, press.health)?.into_iter().map(|e| event_row(e, site)).collect(),
        sources: source_rows(press.health.to_vec(), site),
        feeds: feed_rows(site, &sizes),
    };
    plan.add("health.html".to_owned(), pages.health(site, &health)?.as_bytes())?;
    for (name, text) in pages.assets(site) {
        plan.add(format!("assets/{name}"), text.as_bytes())?;
    }
    Ok(())
}

/// How the sources are, for the health page: those with troubles first.
fn source_rows(mut sources: Vec<health::Health>, site: &Site) -> Vec<SourceRow> {
    sources.sort_by_key(|s| match s.state {
        State::Failing => 0,
        State::Gone => 1,
        State::Silent => 2,
        State::Moved => 3,
        State::New => 4,
        State::Fine => 5,
    });
    let title = |slug: &Slug| {
        let project = site.projects.iter().find(|p| p.slug == *slug);
        (slug.to_string(), project.map_or_else(|| slug.to_string(), |p| p.title.clone()))
    };
    let row = |s: health::Health| SourceRow {
        title: s.title,
        address: s.address,
        state: s.state.name(),
        since: s.since.map(|t| day(t, site)),
        why: s.why.or(s.moved_to),
        last_entry: s.last_entry.map(|t| day(t, site)),
        projects: s.projects.iter().map(title).collect(),
    };
    sources.into_iter().map(row).collect()
}

fn event_row(event: health::Event, site: &Site) -> EventRow {
    EventRow { day: day(event.at, site), title: event.title, state: event.state.name(), why: event.why }
}

fn day(time: DateTime<Utc>, site: &Site) -> String {
    site.timezone.to_local(time).format("%Y-%m-%d").to_string()
}

/// How the feeds of projects are, for the health page.
fn feed_rows(site: &Site, sizes: &BTreeMap<String, Size>) -> Vec<FeedRow> {
    let row = |p: &Project| {
        let size = sizes.get(p.slug.as_str());
        FeedRow {
            slug: p.slug.to_string(),
            title: p.title.clone(),
            count: size.map_or(0, |s| s.count),
            latest: size.map(|s| day(s.latest, site)),
            ended: p.ended.is_some(),
        }
    };
    site.projects.iter().map(row).collect()
}

/// The feeds of the site as a list for readers.
pub fn outlines(opened: &Opened) -> Vec<Outline> {
    let site = &opened.site;
    let Some(format) = site.output.formats.first() else {
        return Vec::new();
    };
    let mut outlines = Vec::new();
    // Old slugs are the same feeds once more.
    for path in merge::paths(site).into_iter().filter(|p| merge::current_path(p, site) == *p) {
        let merge::Path { home, part } = merge::Path::of(&path);
        let project = site.projects.iter().find(|p| p.slug.as_str() == home);
        // Without pages only the project's own is there to be opened.
        let page = || project.and_then(|p| p.home.as_ref()).map(ToString::to_string);
        outlines.push(Outline {
            title: merge::title(project, part, site),
            feed: format!("{}{path}/{}", site.url, format.file_name()),
            page: if site.pages { Some(format!("{}{path}/", site.url)) } else { page() },
            description: project.map_or(&site.description, |p| &p.description).clone(),
            category: project.map(|p| p.title.clone()),
        });
    }
    outlines
}
