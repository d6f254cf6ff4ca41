//! Which feed carries which entry, and the feeds as values: order, bounds, names.
//!
//! Pure. The store hands over entries in order; this module says which feeds they
//! are in ([`feeds_of`]) and makes a [`Feed`] of what a feed may carry ([`feed`]).

pub mod asked;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use serde_json::{Map, Value, json};

use crate::config::{Digests, Project, Site, SourceConfig};
use crate::entry::{Entry, Kind, Person, Slug};
use crate::words::words;

/// A feed, ready to be rendered.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its folder below the output: `mosn`, `all`.
    pub path: String,
    /// Title.
    pub title: String,
    /// One sentence about it, when there is one.
    pub description: Option<String>,
    /// What its subscribers have to be told, in its language.
    pub notice: Option<String>,
    /// Identifier of the feed itself.
    pub id: String,
    /// The page people read instead: its own, or the project's home where no pages are made.
    pub page: Option<Url>,
    /// Where the site is served.
    pub site: Url,
    /// The project's home.
    pub home: Option<Url>,
    /// Where its files are served; ends with `/`.
    pub base: Url,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Feed-level author.
    pub author: Option<Person>,
    /// The newest entry's; of an empty feed the epoch, never the clock.
    pub updated: DateTime<Utc>,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The project has ended: feed readers are told.
    pub ended: bool,
    /// Which document of the feed this is.
    pub document: Document,
    /// The style sheet for people who open it in a browser: an address from the root of the server.
    pub style: Option<String>,
    /// The hub that tells of changes (WebSub).
    pub hub: Option<Url>,
}

/// A document of a feed (RFC 5005, section 4). Names are those of files below
/// `archive/`, without the format's ending.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// The one people subscribe to.
    Live {
        /// The newest archive.
        older: Option<String>,
    },
    /// The entries of a period.
    Archive {
        /// Its name.
        name: String,
        /// The one before.
        older: Option<String>,
        /// The one after.
        newer: Option<String>,
    },
    /// A feed that was made because somebody asked for it.
    Asked(asked::Place),
}

impl Document {
    /// The document that readers go to for older entries.
    pub fn older(&self) -> Option<&str> {
        match self {
            Document::Live { older } | Document::Archive { older, .. } => older.as_deref(),
            Document::Asked(_) => None,
        }
    }
}

/// A month with more entries than these is archived by days: an archive stays a size that
/// readers load and a change rewrites.
const FULL_MONTH: usize = 300;

/// The day of a moment in the site's zone: `2022-09-05`.
pub fn day(time: DateTime<Utc>, site: &Site) -> String {
    site.timezone.to_local(time).format("%Y-%m-%d").to_string()
}

/// The month of a day, a month or a period: `2022-09`.
pub fn month_of(period: &str) -> &str {
    period.match_indices('-').nth(1).map_or(period, |(at, _)| &period[..at])
}

/// The period that an archive's name was made of.
pub fn period_of(archive: &str) -> &str {
    archive.split_once('.').map_or(archive, |(period, _)| period)
}

/// Entries, newest first, in the periods that archives are called by: months of the site's
/// zone (`2022-09`), days of those that are full (`2022-09-05`). In order of time, too,
/// since a month is either whole or cut.
pub fn periods<T>(entries: Vec<T>, published: impl Fn(&T) -> DateTime<Utc>, site: &Site) -> BTreeMap<String, Vec<T>> {
    /// Zones differ by quarters of an hour since there is a unix time.
    const QUARTER: i64 = 900;
    let mut days: Vec<(String, Vec<T>)> = Vec::new();
    let mut last = None;
    for entry in entries {
        let time = published(&entry);
        let quarter = (time.timestamp() > 0).then_some(time.timestamp() / QUARTER);
        match days.last_mut() {
            Some((_, of_day)) if quarter.is_some() && quarter == last => of_day.push(entry),
            _ => {
                let day = day(time, site);
                match days.last_mut().filter(|(d, _)| *d == day) {
                    Some((_, of_day)) => of_day.push(entry),
                    None => days.push((day, vec![entry])),
                }
            }
        }
        last = quarter;
    }
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for (day, entries) in &days {
        *sizes.entry(month_of(day).to_owned()).or_default() += entries.len();
    }
    let mut periods: BTreeMap<String, Vec<T>> = BTreeMap::new();
    for (day, entries) in days {
        let month = month_of(&day);
        let period = if sizes[month] > FULL_MONTH { day } else { month.to_owned() };
        periods.entry(period).or_default().extend(entries);
    }
    periods
}

/// An archive that changed after it was published is issued under a new name.
pub fn archive_name(period: &str, issue: u32) -> String {
    if issue <= 1 { period.to_owned() } else { format!("{period}.{issue}") }
}

/// A feed's path taken apart: whose it is, and which part of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path<'a> {
    /// `all`, a slug or an old slug.
    pub home: &'a str,
    /// A kind or a language, when it carries only those.
    pub part: Option<&'a str>,
}

impl<'a> Path<'a> {
    /// Takes `mosn` or `mosn/release` apart.
    pub fn of(path: &'a str) -> Self {
        match path.split_once('/') {
            Some((home, part)) => Self { home, part: Some(part) },
            None => Self { home: path, part: None },
        }
    }
}

/// Languages of a site that has several: each has feeds of its own.
pub fn languages(site: &Site) -> Vec<&str> {
    let mut languages: Vec<&str> =
        site.posts.iter().filter_map(|f| f.language.as_deref()).chain(site.language.as_deref()).collect();
    languages.extend(site.posts.iter().flat_map(|f| f.languages.keys()).map(String::as_str));
    languages.sort_unstable();
    languages.dedup();
    if languages.len() < 2 { Vec::new() } else { languages }
}

/// Kinds that have feeds of their own.
pub fn split<'a>(project: Option<&'a Project>, site: &'a Site) -> Vec<Kind> {
    let own = project.map_or(&[][..], |p| &p.split);
    Kind::ALL.into_iter().filter(|k| site.output.split.contains(k) || own.contains(k)).collect()
}

/// Every feed of a site. Each stands behind those it is a part of.
pub fn paths(site: &Site) -> Vec<String> {
    let mut paths = Vec::new();
    let languages = languages(site);
    let mut add = |home: &str, kinds: &[Kind]| {
        paths.push(home.to_owned());
        paths.extend(kinds.iter().map(|k| format!("{home}/{k}")));
        paths.extend(languages.iter().map(|l| format!("{home}/{l}")));
    };
    add("all", &split(None, site));
    for project in &site.projects {
        let kinds = split(Some(project), site);
        for slug in std::iter::once(&project.slug).chain(&project.formerly) {
            add(slug.as_str(), &kinds);
        }
    }
    paths
}

/// Whether a source that alone tells of a release wants such releases.
fn source_admits(entry: &Entry, site: &Site) -> bool {
    let Some(source) = entry.source.as_ref().filter(|_| entry.kind == Kind::Release && entry.mentions.is_empty())
    else {
        return true;
    };
    let is_it = |s: &&SourceConfig| {
        s.name.as_ref() == Some(&source.name) || s.url == source.name || Some(&s.shown()) == source.self_link.as_ref()
    };
    let all = site.sources.iter().chain(site.projects.iter().flat_map(|p| &p.sources));
    all.filter(|s| s.channel.is_some()).filter(is_it).all(|s| s.channel.is_none_or(|c| c.admits(entry.channel)))
}

/// Paths of the feeds that carry `entry`.
pub fn feeds_of(entry: &Entry, site: &Site) -> Vec<String> {
    let mut feeds = Vec::new();
    if !source_admits(entry, site) {
        return feeds;
    }
    let languages = languages(site);
    let language = entry.language.as_deref().and_then(|l| {
        // As it is configured: `EN` is `en`, `zh-CN` is among `zh`, and who writes `zh` means the
        // one that there is.
        let exact = || languages.iter().find(|known| known.eq_ignore_ascii_case(l));
        let wider = || languages.iter().find(|known| same_language(l, known));
        let mut narrower = languages.iter().filter(|known| same_language(known, l));
        let only = || narrower.next().filter(|_| narrower.next().is_none());
        exact().or_else(wider).or_else(only).copied()
    });
    let mut add = |home: &str, kinds: &[Kind]| {
        feeds.push(home.to_owned());
        if kinds.contains(&entry.kind) {
            feeds.push(format!("{home}/{}", entry.kind));
        }
        feeds.extend(language.map(|l| format!("{home}/{l}")));
    };
    let in_all = match entry.kind {
        Kind::Digest => site.output.digests != Digests::None,
        _ => true,
    };
    if in_all {
        add("all", &split(None, site));
    }
    for project in &site.projects {
        if entry.projects.iter().any(|m| m.slug == project.slug) && admits(project, entry, site) {
            let kinds = split(Some(project), site);
            for slug in std::iter::once(&project.slug).chain(&project.formerly) {
                add(slug.as_str(), &kinds);
            }
        }
    }
    feeds
}

/// Whether a project's own conditions let an entry in.
pub fn admits(project: &Project, entry: &Entry, site: &Site) -> bool {
    let kind = match entry.kind {
        Kind::Digest => match site.output.digests {
            Digests::All => true,
            Digests::Own => project.kinds.contains(&Kind::Digest),
            Digests::None => false,
        },
        kind => project.kinds.contains(&kind),
    };
    let channel = entry.kind != Kind::Release || project.channel.admits(entry.channel);
    let language = project.languages.is_empty()
        || entry.language.as_deref().is_none_or(|l| project.languages.iter().any(|wanted| same_language(l, wanted)));
    let ended = project.ended.is_none_or(|day| site.timezone.to_local(entry.published).date_naive() <= day);
    kind && channel && language && ended && project.when.as_deref().is_none_or(|when| holds(when, entry))
}

/// `zh` covers `zh-CN`; `zh-CN` does not cover `zh`.
pub fn same_language(language: &str, wanted: &str) -> bool {
    let (language, wanted) = (language.to_lowercase(), wanted.to_lowercase());
    language == wanted || language.starts_with(&format!("{wanted}-"))
}

/// Steps an expression may take: plenty for a condition, too few for a loop.
const FUEL: u64 = 20_000;

/// What a `when` expression may name: the keys of `entries --json`, without those that are
/// made only when feeds are written.
pub const NAMES: [&str; 20] = [
    "kind", "id", "title", "link", "text", "summary", "authors", "published", "issued", "updated", "first_seen",
    "language", "image", "enclosures", "version", "channel", "starts_at", "projects", "mentions", "source",
];

/// Why a `when` expression cannot be evaluated for an entry that has everything: a filter, a
/// test or a method that is not there, another type than it wants.
pub fn failure(when: &str) -> Option<String> {
    let text = |key: &str| match key {
        "authors" => json!([{ "name": "" }]),
        "enclosures" => json!([{ "url": "", "type": "", "length": 1 }]),
        "projects" => json!([{ "slug": "", "because": { "rule": "", "text": "", "where": "" } }]),
        "mentions" => json!([{ "folder": "", "post": "", "section": "", "url": "", "title": "" }]),
        "source" => json!({ "name": "", "id": "", "title": "", "self_link": "", "link": "" }),
        "published" | "issued" | "updated" | "first_seen" | "starts_at" => json!("2024-01-01T00:00:00Z"),
        _ => json!(""),
    };
    let whole = NAMES.iter().map(|key| ((*key).to_owned(), text(key))).collect();
    evaluate(when, whole).err().map(|error| match error.detail() {
        Some(detail) => format!("{}: {detail}", error.kind()),
        None => error.kind().to_string(),
    })
}

fn evaluate(when: &str, entry: Map<String, Value>) -> Result<bool, minijinja::Error> {
    let mut environment = minijinja::Environment::new();
    environment.set_fuel(Some(FUEL));
    let expression = environment.compile_expression(when)?;
    Ok(expression.eval(minijinja::value::Serde(Value::Object(entry)))?.is_true())
}

/// Evaluates a `when` expression. An expression that fails holds for nothing.
fn holds(when: &str, entry: &Entry) -> bool {
    let Ok(Value::Object(mut map)) = serde_json::to_value(entry) else {
        return false;
    };
    map.remove("html");
    evaluate(when, map).unwrap_or(false)
}

/// The path at which a feed lives now: that of an old slug is the new one's.
pub fn current_path(path: &str, site: &Site) -> String {
    let Path { home, part } = Path::of(path);
    let renamed = site.projects.iter().find(|p| p.formerly.iter().any(|f| f.as_str() == home));
    let home = renamed.map_or(home, |p| p.slug.as_str());
    part.map_or_else(|| home.to_owned(), |part| format!("{home}/{part}"))
}

/// The style sheet of feeds: its address from the root of the server.
pub fn style(site: &Site) -> Option<String> {
    site.pages.then(|| format!("{}assets/feed.css", site.url.path()))
}

/// The title of a feed: kinds are called by their names in the language of the site.
pub fn title(project: Option<&Project>, part: Option<&str>, site: &Site) -> String {
    let whole = project.map_or(&site.title, |p| &p.title);
    let words = words(&site.words, site.language.as_deref());
    match part {
        Some(part) => format!("{whole} · {}", Kind::from_name(part).map_or(part, |k| words.kind(k))),
        None => whole.clone(),
    }
}

/// A document of the feed at `path`, of entries in order, newest first.
pub fn feed(path: &str, entries: Vec<Entry>, document: Document, site: &Site, id_base: &str) -> Feed {
    let current = current_path(path, site);
    let Path { home, part } = Path::of(&current);
    let project = site.projects.iter().find(|p| p.slug.as_str() == home);
    // An old slug stays a complete feed, but says where it lives now.
    let base = site.url.join(&format!("{current}/")).unwrap_or_else(|_| site.url.clone());
    let kind = part.and_then(Kind::from_name);
    let language = part.filter(|_| kind.is_none()).map(str::to_owned).or_else(|| site.language.clone());
    let ended = project.is_some_and(|p| p.ended.is_some());
    let notice = ended.then(|| words(&site.words, language.as_deref()).ended_feed.to_string());
    let home_page = project.and_then(|p| p.home.clone());
    // Neither a project that was renamed nor a site that moved becomes another feed.
    let first = project.and_then(|p| p.formerly.first()).map_or(home, Slug::as_str);
    let id = feed_id(id_base, first, part);
    Feed {
        path: path.to_owned(),
        title: title(project, part, site),
        description: project.map_or(&site.description, |p| &p.description).clone(),
        notice,
        id,
        page: if site.pages { Some(base.clone()) } else { home_page.clone() },
        site: site.url.clone(),
        home: home_page,
        base,
        language,
        author: site.author.clone(),
        updated: entries.iter().map(|e| e.updated).max().unwrap_or_default(),
        entries,
        ended,
        hub: site.hub.clone().filter(|_| matches!(document, Document::Live { .. })),
        document,
        style: style(site),
    }
}

fn feed_id(id_base: &str, slug: &str, part: Option<&str>) -> String {
    match part {
        Some(part) => format!("{id_base}feed/{slug}/{part}"),
        None => format!("{id_base}feed/{slug}"),
    }
}

/// Gives a feed the id that it has among `ids`, by slug: two that were published, and lead to one
/// project now, are two feeds still.
pub fn keep_id(feed: &mut Feed, ids: &BTreeMap<String, String>, id_base: &str) {
    let Path { home, part } = Path::of(&feed.path);
    if let Some(slug) = ids.get(home) {
        feed.id = feed_id(id_base, slug, part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::html::card::example;

    #[test]
    fn conditions_may_name_what_entries_have() {
        let whole = Entry { channel: Some(crate::entry::Channel::Stable), ..example(Kind::Release) };
        let Ok(serde_json::Value::Object(keys)) = serde_json::to_value(&whole) else { panic!("an object") };
        for key in keys.keys().filter(|k| !["html", "pictures"].contains(&k.as_str())) {
            assert!(NAMES.contains(&key.as_str()), "{key}");
        }
        assert!(holds("kind != 'event' and 'title' in title", &whole));
        for good in ["'a' in projects|map(attribute='slug')", "version and channel == 'stable'", "title|lower == 'x'"] {
            assert_eq!(failure(good), None, "{good}");
        }
        for bad in ["title|lowercase == 'x'", "title is foo", "title.upper() == 'X'"] {
            assert!(failure(bad).is_some(), "{bad}");
        }
    }
}
