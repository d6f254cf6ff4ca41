//! Answers about what is in the store: entries, and why they are where they are.

use std::collections::HashMap;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};
use url::Url;

use super::articles::{self, Account};
use super::{Opened, Problem, RunError, posts};
use crate::config::PostsFolder;
use crate::entry::{Entry, Key, Kind, RawEntry};
use crate::files;
use crate::normalize::{address, terms, text};
use crate::source::post::Post;
use crate::store::search::Light;
use crate::store::{Store, StoreError};

/// Which entries are wanted.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Of this project only.
    pub project: Option<String>,
    /// Of this kind only.
    pub kind: Option<Kind>,
}

/// Opens the store for reading, beside a run that may be writing; an empty one where there
/// is none yet. One that has to be mended or migrated first is, when no run is under way.
///
/// # Errors
/// [`RunError`] when it cannot be opened.
pub fn store(opened: &Opened, problems: &mut Vec<Problem>) -> Result<Store, RunError> {
    let state = opened.state();
    let path = state.join("store.sqlite");
    if !path.is_file() {
        return Ok(Store::in_memory()?);
    }
    match Store::open_beside(&path) {
        Err(StoreError::Older { .. } | StoreError::Damaged { .. }) => match files::lock(&state)? {
            Some(_lock) => opened.store(problems),
            None => Err(RunError::Locked(state)),
        },
        other => Ok(other?),
    }
}

/// Whether a refresh or a build ever came to its end.
///
/// # Errors
/// [`RunError`] when the store cannot be read.
pub fn refreshed(store: &Store) -> Result<bool, RunError> {
    Ok(store.meta("rules")?.is_some())
}

/// Entries, newest first.
///
/// # Errors
/// [`RunError`] when the store cannot be read.
pub fn entries(store: &Store, filter: &Filter) -> Result<Vec<Entry>, RunError> {
    let all = match &filter.project {
        Some(project) => store.entries_of(project)?,
        None => store.all_entries()?,
    };
    Ok(all.into_iter().filter(|e| filter.kind.is_none_or(|k| e.kind == k)).collect())
}

/// Entries that have all words of `text`, those with all of them in the title first, the
/// newest first.
///
/// # Errors
/// [`RunError`] when the store or the index cannot be read.
pub fn search(
    opened: &Opened,
    store: &Store,
    filter: &Filter,
    text: &str,
    progress: &mut super::refresh::Progress<'_>,
) -> Result<Vec<Entry>, RunError> {
    let lights = store.light()?;
    let mut index = super::search::index(opened)?;
    super::search::complete(&mut index, store, &lights.entries, progress)?;
    let by_key: HashMap<Key, &Light> = lights.entries.iter().map(|l| (l.key, l)).collect();
    let wanted = |l: &Light| {
        filter.kind.is_none_or(|k| l.kind == k)
            && filter
                .project
                .as_ref()
                .is_none_or(|p| l.feeds.iter().any(|(feed, _)| lights.feeds[*feed as usize] == *p))
    };
    let keys = super::search::find(&index, &|key| by_key.get(&key).copied(), &terms::query(text), usize::MAX, &wanted)?;
    let mut found = Vec::with_capacity(keys.len());
    for key in keys {
        found.extend(store.whole_entry_at(key)?);
    }
    Ok(found)
}

/// An entry as the JSON object of the contract.
pub fn to_json(entry: &Entry, feeds: Option<Vec<String>>) -> Value {
    let time = |t: chrono::DateTime<chrono::Utc>| Value::from(t.to_rfc3339_opts(SecondsFormat::AutoSi, true));
    let mut out = Map::new();
    out.insert("id".into(), entry.id.as_str().into());
    out.insert("kind".into(), entry.kind.name().into());
    out.insert("title".into(), entry.title.as_str().into());
    out.insert("link".into(), entry.link.as_str().into());
    out.insert("text".into(), entry.text.as_str().into());
    out.insert("html".into(), entry.html.as_str().into());
    out.insert("summary".into(), entry.summary.as_str().into());
    out.insert(
        "authors".into(),
        entry.authors.iter().map(|a| json!({ "name": a.name, "uri": a.uri, "email": a.email })).collect(),
    );
    out.insert("published".into(), time(entry.published));
    out.insert("issued".into(), entry.issued.map_or(Value::Null, time));
    out.insert("updated".into(), time(entry.updated));
    out.insert("first_seen".into(), time(entry.first_seen));
    out.insert("language".into(), json!(entry.language));
    out.insert("image".into(), json!(entry.image));
    out.insert("enclosures".into(), json!(entry.enclosures));
    out.insert("version".into(), json!(entry.version));
    out.insert("channel".into(), json!(entry.channel));
    out.insert("starts_at".into(), json!(entry.starts_at));
    out.insert("projects".into(), json!(entry.projects));
    let mentions = entry
        .mentions
        .iter()
        .map(|m| json!({ "folder": m.folder, "post": m.post, "section": m.section, "url": m.url, "title": m.title }));
    out.insert("mentions".into(), mentions.collect());
    out.insert("source".into(), json!(entry.source));
    if let Some(feeds) = feeds {
        out.insert("feeds".into(), json!(feeds));
    }
    Value::Object(out)
}

/// Everything known of one entry.
#[derive(Debug)]
pub struct Explanation {
    /// The entry.
    pub entry: Entry,
    /// What it was made of.
    pub raws: Vec<RawEntry>,
    /// The feeds that carry it.
    pub feeds: Vec<String>,
    /// What became of the page it links to.
    pub page: Option<Account>,
    /// It is a post whose file names no date: that of its first commit or refresh was given to it.
    pub undated: bool,
}

/// Posts that are meant by an address, a path or words of a title and are in no feed, each with
/// the reason; and overrides that hide what has that address or id.
///
/// # Errors
/// [`RunError`] when the store cannot be read.
pub fn withheld(opened: &Opened, store: &Store, wanted: &str, now: DateTime<Utc>) -> Result<Vec<String>, RunError> {
    let wanted = wanted.trim();
    let mut found = Vec::new();
    for post in meant(opened, store, wanted)? {
        if let Some(why) = posts::withheld(&post.reading, post.folder, now) {
            found.push(format!("{}: {}", post.place(), why.told(opened.site.timezone)));
        }
    }
    let key = |text: &str| Url::parse(text).map_or_else(|_| text.to_owned(), |u| address::key(&u, &opened.hosts));
    let hides = opened.site.overrides.iter().filter(|o| o.hide && key(&o.target) == key(wanted));
    found.extend(hides.map(|o| format!("{}:{}: hidden by `hide: true`", o.file.display(), o.place.line)));
    Ok(found)
}

/// A post as it was read.
struct Meant<'a> {
    folder: &'a PostsFolder,
    path: String,
    reading: Post,
}

impl Meant<'_> {
    fn place(&self) -> String {
        format!("{}/{}", self.folder.path, self.path)
    }
}

/// Posts that a path, an address or words of a title mean.
fn meant<'a>(opened: &'a Opened, store: &Store, wanted: &str) -> Result<Vec<Meant<'a>>, RunError> {
    let url = Url::parse(wanted).ok().map(|u| address::key(&u, &opened.hosts));
    let folded = text::fold(wanted);
    let mut found = Vec::new();
    for (origin, path, reading) in store.readings()? {
        let folder = opened.site.posts.iter().find(|f| posts::origin(f) == origin);
        let (Some(folder), Ok(reading)) = (folder, serde_json::from_str::<Post>(&reading)) else { continue };
        let post = Meant { folder, path, reading };
        let link = post.reading.link.as_deref().and_then(|l| Url::parse(l).ok());
        let is_meant = match &url {
            Some(key) => link.is_some_and(|l| address::key(&l, &opened.hosts) == *key),
            None => {
                let (wanted, place) = (wanted.trim_start_matches("./").trim_start_matches("../"), post.place());
                format!("/{place}").ends_with(&format!("/{wanted}"))
                    || wanted.ends_with(&format!("/{place}"))
                    || folded.chars().count() > 1 && text::fold(&post.reading.title).contains(&folded)
            }
        };
        if is_meant {
            found.push(post);
        }
    }
    Ok(found)
}

/// Whether an entry is a post whose file names no date.
fn is_undated(opened: &Opened, store: &Store, raws: &[RawEntry], entry: &Entry) -> Result<bool, RunError> {
    let post =
        raws.iter().find(|r| matches!(r.kind, Kind::Post | Kind::Digest) && r.published == Some(entry.published));
    let Some(mention) = post.and_then(|r| r.mention.as_ref()) else { return Ok(false) };
    let Some(folder) = opened.site.posts.iter().find(|f| f.path == mention.folder) else { return Ok(false) };
    let reading = store.reading(&posts::origin(folder), &mention.post)?;
    Ok(reading.and_then(|(_, text)| serde_json::from_str::<Post>(&text).ok()).is_some_and(|post| post.undated))
}

/// What is known under an address, an id, a path of a post or words of a title; best match first.
///
/// # Errors
/// [`RunError`] when the store cannot be read.
pub fn explain(opened: &Opened, store: &Store, wanted: &str) -> Result<Vec<Explanation>, RunError> {
    let wanted = wanted.trim();
    let mut found: Vec<Entry> = Vec::new();
    found.extend(store.entry(wanted)?);
    let base = opened
        .site
        .posts
        .iter()
        .find_map(|f| f.url.as_deref())
        .and_then(|u| Url::parse(&u.replace(['{', '}'], "x")).ok());
    if found.is_empty()
        && let Some(url) =
            address::absolute(wanted, base.as_ref()).filter(|_| wanted.contains("://") || wanted.starts_with('/'))
    {
        let mut all = store.entries_with_key(&address::key(&url, &opened.hosts))?;
        // Keys fold addresses: the post that has this one exactly comes before its namesakes.
        let page = address::exact_path(url.as_str());
        let exact = all.iter().position(|e| page.is_some() && address::exact_path(&e.link) == page);
        found.extend((!all.is_empty()).then(|| all.swap_remove(exact.unwrap_or(0))));
    }
    if found.is_empty() && [".md", ".mdx", ".markdown", ".mdown"].iter().any(|e| wanted.ends_with(e)) {
        for post in meant(opened, store, wanted)? {
            let link = post.reading.link.as_deref().and_then(|l| Url::parse(l).ok());
            let all = link.map(|l| store.entries_with_key(&address::key(&l, &opened.hosts))).transpose()?;
            found.extend(all.into_iter().flatten().find(|e| matches!(e.kind, Kind::Post | Kind::Digest)));
        }
    }
    if found.is_empty() {
        let folded = text::fold(wanted);
        if !folded.is_empty() {
            let rank = |e: &Entry| match () {
                () if e.link == wanted => 0,
                () if text::fold(&e.title).contains(&folded) => 1,
                () if text::fold(&e.text).contains(&folded) => 2,
                () => 3,
            };
            let mut ranked: Vec<(u8, Entry)> = store.all_entries()?.into_iter().map(|e| (rank(&e), e)).collect();
            ranked.retain(|(rank, _)| *rank < 3);
            ranked.sort_by_key(|(rank, _)| *rank);
            found = ranked.into_iter().map(|(_, e)| e).take(5).collect();
        }
    }
    found
        .into_iter()
        .map(|entry| {
            let raws: Vec<RawEntry> = store.items_of(&entry.id)?.into_iter().map(|i| i.raw).collect();
            let feeds = store.feeds_of(&entry.id)?;
            let page = if entry.kind == Kind::Article { articles::account(opened, store, &raws)? } else { None };
            let undated = is_undated(opened, store, &raws, &entry)?;
            Ok(Explanation { entry, raws, feeds, page, undated })
        })
        .collect()
}
