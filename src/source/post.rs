//! A Markdown file into a post: what its front matter says, where it is
//! published, and the raw entries it brings.
//!
//! Pure: the file's bytes and its path come in. The clock is not asked; whether
//! a date lies in the future is the caller's question.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

use crate::config::{PostsFolder, SectionKind, Slugify, Zone};
use crate::entry::{Channel, Kind, Mention, Person, RawEntry};
use crate::names::Names;
use crate::normalize::address::{self, Hosts};
use crate::normalize::{date, text};
use crate::source::digest::{self, Item};
use crate::source::front_matter;
use crate::source::markdown::{self, Reading};
use crate::source::shortcode;

/// A file larger than this is no post.
pub const MAX_BYTES: usize = 8 << 20;

/// Something a reader of the report should know.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    /// Line in the file, from 1; 0 when it concerns the whole file.
    pub line: usize,
    /// How much it matters.
    pub weight: Weight,
    /// What was seen, and what to do.
    pub text: String,
}

/// How much a note matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Weight {
    /// Nothing is lost: an unknown shortcode, text that became no item.
    Hint,
    /// Something is probably not what the author meant.
    Problem,
    /// The file could not be read as a post.
    Error,
}

impl Note {
    fn new(line: usize, weight: Weight, text: impl Into<String>) -> Self {
        Self { line, weight, text: text.into() }
    }
}

/// What a file said.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Post {
    /// The title.
    pub title: String,
    /// Its date; none when neither front matter nor file name has one.
    pub date: Option<DateTime<Utc>>,
    /// Marked as a draft.
    pub draft: bool,
    /// Where it is published.
    pub link: Option<String>,
    /// Taken apart.
    pub digest: bool,
    /// Same value: translations of one post.
    pub translation: String,
    /// What it brings: itself first, then its items.
    pub entries: Vec<RawEntry>,
    /// What a reader of the report should know.
    pub notes: Vec<Note>,
    /// Links to the own site, with their lines: whether they resolve is known later.
    pub own_links: Vec<(usize, String, String)>,
}

/// What reading a post needs to know beside the file.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The folder it lies in.
    pub folder: &'a PostsFolder,
    /// The site's zone.
    pub zone: Zone,
    /// Names of projects.
    pub names: &'a Names,
    /// Own hosts.
    pub hosts: &'a Hosts,
    /// Where pages are served when a folder has no address of its own.
    pub site: &'a Url,
    /// Language of the site.
    pub language: Option<&'a str>,
}

/// Why a file is no post.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {problem}")]
pub struct PostError {
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong, and what to do.
    pub problem: String,
}

/// Reads a post. `path` is below the posts folder, with `/`.
///
/// # Errors
/// [`PostError`] when the file is too large or its front matter cannot be read.
pub fn read(bytes: &[u8], path: &str, context: Context<'_>) -> Result<Post, PostError> {
    if bytes.len() > MAX_BYTES {
        let problem = format!("{} MiB are too much for a post, {} are read", bytes.len() >> 20, MAX_BYTES >> 20);
        return Err(PostError { line: 1, column: 1, problem });
    }
    let mut notes = Vec::new();
    let text = decode(bytes, &mut notes);
    let split =
        front_matter::split(&text).map_err(|e| PostError { line: e.line, column: e.column, problem: e.problem })?;
    let front = Front { values: split.values };
    let names = path_names(path);
    let date = front
        .date(context.zone, &mut notes)
        .or_else(|| names.date.map(|d| context.zone.to_utc(d.and_time(chrono::NaiveTime::MIN))));
    let link = post_link(&front, &names, date, context);
    let base = link.clone();
    let (body, unknown) = shortcode::expand(split.body);
    for (line, name) in unknown {
        notes.push(Note::new(
            split.lines_before + line,
            Weight::Hint,
            format!("shortcode `{}` is not known: its tags are left out", text::cut(&name, 40)),
        ));
    }
    let reading = markdown::read(&body, Some(&base), context.folder.slugify);
    let title = front.title().or_else(|| first_heading(&reading)).unwrap_or_else(|| names.stem.clone());
    let digest = is_digest(&front, &title, path, context.folder);
    let language = front
        .one("language")
        .or_else(|| front.one("lang"))
        .filter(|l| crate::config::is_language(l))
        .or_else(|| context.folder.language.clone())
        .or_else(|| context.language.map(str::to_owned));
    let translation = front.one("translationkey").unwrap_or_else(|| names.without_language.clone());

    let mut whole = RawEntry::new(
        if digest { Kind::Digest } else { Kind::Post },
        format!("post:{}", names.without_language),
        title.clone(),
    );
    whole.keys = post_keys(&front, &names, &link, date, context);
    whole.link = Some(link.to_string());
    whole.html = reading.html.clone();
    whole.text = reading.text.clone();
    whole.summary = front.description();
    whole.authors = front.authors();
    whole.published = date;
    whole.updated = front.updated(context.zone);
    whole.language = language.clone();
    whole.image = front
        .image()
        .or_else(|| reading.image.clone())
        .and_then(|i| markdown::resolve(&i, Some(&base)))
        .map(String::from);
    whole.tags = front.tags();
    whole.mention = Some(Mention {
        folder: context.folder.path.clone(),
        post: path.to_owned(),
        post_title: title.clone(),
        link: Some(link.to_string()),
        at: date,
        line: 1,
        ..Mention::default()
    });

    let mut entries = vec![whole];
    if digest {
        let config = context.folder.digest.as_ref();
        let default =
            crate::config::DigestConfig { when: Vec::new(), sections: Vec::new(), default: SectionKind::Items };
        let taken = digest::take_apart(&reading.pieces, &title, config.unwrap_or(&default), context.names);
        for leftover in taken.leftovers {
            notes.push(Note::new(
                split.lines_before + leftover.line,
                Weight::Hint,
                format!("stays part of the digest only: {}", leftover.text),
            ));
        }
        let post = DigestPost {
            path,
            names: &names,
            title: &title,
            date,
            link: &link,
            reading: &reading,
            lines_before: split.lines_before,
            language,
        };
        let mut anchors = Anchors::new(&reading);
        for (n, item) in taken.items.into_iter().enumerate() {
            entries.push(item_entry(item, n, &post, &mut anchors, context));
        }
    }
    unique_keys(&mut entries);
    let own_links = own_links(&reading, &base, split.lines_before, context.hosts);
    notes.sort_by_key(|n| n.line);
    Ok(Post {
        title,
        date,
        draft: front.draft(),
        link: Some(link.to_string()),
        digest,
        translation,
        entries,
        notes,
        own_links,
    })
}

/// Bytes as text: BOM dropped, UTF-16 by its BOM, invalid UTF-8 replaced and told.
fn decode(bytes: &[u8], notes: &mut Vec<Note>) -> String {
    let utf16 = |bytes: &[u8], big: bool| {
        let units = bytes
            .chunks_exact(2)
            .map(|p| if big { u16::from_be_bytes([p[0], p[1]]) } else { u16::from_le_bytes([p[0], p[1]]) });
        char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect::<String>()
    };
    let text = match bytes {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, false),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, true),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
                notes.push(Note::new(
                    line,
                    Weight::Problem,
                    "not valid UTF-8: what could not be read was replaced; save the file as UTF-8",
                ));
                String::from_utf8_lossy(bytes).into_owned()
            }
        },
    };
    // Old Mac line ends, and a BOM that an editor put in twice.
    let text = text.trim_start_matches('\u{FEFF}');
    if text.contains('\r') && !text.contains('\n') { text.replace('\r', "\n") } else { text.replace("\r\n", "\n") }
}

/// Front matter with what it may mean.
struct Front {
    values: Map<String, Value>,
}

impl Front {
    /// The value of a key as one text.
    fn one(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
            Value::Array(items) => {
                items.iter().find_map(Value::as_str).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
            }
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            Value::Null | Value::Object(_) => None,
        }
    }

    /// The value of a key as many texts; a text with commas is many.
    fn many(&self, key: &str) -> Vec<String> {
        let split = |s: &str| {
            s.split([',', '，', ';']).map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect::<Vec<_>>()
        };
        match self.values.get(key) {
            Some(Value::String(s)) => split(s),
            Some(Value::Array(items)) => items
                .iter()
                .filter_map(|i| {
                    i.as_str().map(|s| s.trim().to_owned()).or_else(|| i.get("name")?.as_str().map(str::to_owned))
                })
                .filter(|s| !s.is_empty())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// A key of an inner table: Zola's `[taxonomies]` and `[extra]`.
    fn inner(&self, table: &str, key: &str) -> Vec<String> {
        match self.values.get(table) {
            Some(Value::Object(map)) => Front { values: map.clone() }.many(key),
            _ => Vec::new(),
        }
    }

    fn title(&self) -> Option<String> {
        self.one("title").map(|t| text::line(&t)).filter(|t| !t.is_empty())
    }

    fn description(&self) -> Option<String> {
        ["description", "summary", "excerpt", "subtitle"]
            .iter()
            .find_map(|k| self.one(k))
            .map(|d| text::line(&d))
            .filter(|d| !d.is_empty())
    }

    fn date(&self, zone: Zone, notes: &mut Vec<Note>) -> Option<DateTime<Utc>> {
        for key in ["date", "publishdate", "pubdate", "published", "published_at", "created"] {
            let Some(written) = self.one(key) else {
                continue;
            };
            match date::lenient(&written, zone) {
                Some(claimed) if date::SANE_YEARS.contains(&claimed.time.year()) => {
                    return Some(claimed.time);
                }
                Some(claimed) if claimed.time.year() > *date::SANE_YEARS.end() => {
                    notes.push(Note::new(
                        1,
                        Weight::Problem,
                        format!("`{key}: {}` lies in the far future: the post waits", text::cut(&written, 40)),
                    ));
                    return Some(claimed.time);
                }
                Some(_) | None => {
                    notes.push(Note::new(
                        1,
                        Weight::Problem,
                        format!(
                            "`{key}: {}` is no date: write for example 2024-06-30T10:00:00+08:00",
                            text::cut(&text::scrub(&written), 40)
                        ),
                    ));
                }
            }
        }
        None
    }

    fn updated(&self, zone: Zone) -> Option<DateTime<Utc>> {
        ["lastmod", "updated", "modified", "last_modified_at"]
            .iter()
            .find_map(|k| self.one(k))
            .and_then(|d| date::lenient(&d, zone))
            .map(|c| c.time)
            .filter(|t| date::SANE_YEARS.contains(&t.year()))
    }

    fn draft(&self) -> bool {
        let says =
            |key: &str, words: &[&str]| self.one(key).is_some_and(|v| words.contains(&v.to_lowercase().as_str()));
        says("draft", &["true", "yes", "1"])
            || says("status", &["draft", "hidden", "skip"])
            || says("published", &["false", "no"])
    }

    fn authors(&self) -> Vec<Person> {
        let uri = ["authorlink", "author_link", "author_url", "authorurl"]
            .iter()
            .find_map(|k| self.one(k))
            .filter(|u| u.starts_with("http"));
        let mut found = Vec::new();
        for key in ["authors", "author", "by"] {
            match self.values.get(key) {
                Some(Value::Array(items)) => {
                    for item in items {
                        match item {
                            Value::String(name) => found.push(Person::named(text::line(name))),
                            Value::Object(map) => found.extend(person(map)),
                            _ => {}
                        }
                    }
                }
                Some(Value::Object(map)) => found.extend(person(map)),
                // A name may hold a blank, a list of names holds commas.
                Some(Value::String(names)) => {
                    found.extend(names.split([',', '，', '、', ';']).map(|n| Person::named(text::line(n))))
                }
                _ => {}
            }
            if !found.is_empty() {
                break;
            }
        }
        found.retain(|p| !p.name.is_empty());
        if let [only] = found.as_mut_slice()
            && only.uri.is_none()
        {
            only.uri = uri;
        }
        found
    }

    fn tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for key in ["tags", "tag", "categories", "category", "keywords", "topics"] {
            tags.extend(self.many(key));
        }
        tags.extend(self.inner("taxonomies", "tags"));
        tags.extend(self.inner("taxonomies", "categories"));
        let mut seen = Vec::new();
        tags.into_iter()
            .map(|t| text::line(&t))
            .filter(|t| !t.is_empty())
            .filter(|t| {
                if seen.contains(t) {
                    false
                } else {
                    seen.push(t.clone());
                    true
                }
            })
            .collect()
    }

    fn image(&self) -> Option<String> {
        for key in ["cover", "image", "images", "thumbnail", "featured_image", "featuredimage", "banner", "og_image"] {
            if let Some(Value::Object(map)) = self.values.get(key) {
                let inner = Front { values: map.clone() };
                if let Some(found) = inner
                    .one("image")
                    .or_else(|| inner.one("src"))
                    .or_else(|| inner.one("url"))
                    .or_else(|| inner.one("feature"))
                {
                    return Some(found);
                }
            } else if let Some(found) = self.one(key) {
                return Some(found);
            }
        }
        None
    }

    /// Whether the front matter has `key` with `value` (both lower case); one of a list is enough.
    fn holds(&self, key: &str, value: &str) -> bool {
        let mut all = self.many(key);
        all.extend(self.one(key));
        all.extend(self.inner("taxonomies", key));
        all.extend(self.inner("extra", key));
        all.iter().any(|v| v.to_lowercase() == value)
    }
}

fn person(map: &Map<String, Value>) -> Option<Person> {
    let front = Front { values: map.clone() };
    let name = text::line(&front.one("name")?);
    let uri =
        ["url", "uri", "link", "github", "website"].iter().find_map(|k| front.one(k)).filter(|u| u.starts_with("http"));
    (!name.is_empty()).then(|| Person { name, uri, email: front.one("email").filter(|e| e.contains('@')) })
}

/// What a path says.
struct PathNames {
    /// Path without extension, `index` and language suffix.
    without_language: String,
    /// The last part: file or bundle name.
    stem: String,
    /// The folders above.
    folders: Vec<String>,
    /// `2024-06-30-name`.
    date: Option<NaiveDate>,
    /// The name behind the date.
    undated: String,
}

/// File names that stand for their folder.
pub fn is_index(stem: &str) -> bool {
    stem == "index" || stem.starts_with("index.") && crate::config::is_language(&stem[6..])
}

fn path_names(path: &str) -> PathNames {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(s, _)| s);
    // `name.zh.md` and `index.zh-cn.md` are translations.
    let plain = match stem.rsplit_once('.') {
        Some((name, tag))
            if crate::config::is_language(tag)
                && tag.len() <= 6
                && tag.chars().all(|c| c.is_ascii_alphabetic() || c == '-') =>
        {
            name
        }
        _ => stem,
    };
    let stem =
        if is_index(plain) || plain == "README" && !parts.is_empty() { parts.pop().unwrap_or("index") } else { plain };
    let folders: Vec<String> = parts.iter().map(|s| (*s).to_owned()).collect();
    let mut without_language = folders.join("/");
    if !without_language.is_empty() {
        without_language.push('/');
    }
    without_language.push_str(stem);
    let date = stem.get(..10).and_then(|d| d.parse::<NaiveDate>().ok()).or_else(|| {
        let digits = stem.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
    });
    let dashed = stem.get(..10).is_some_and(|d| d.parse::<NaiveDate>().is_ok());
    let undated = if dashed { stem[10..].trim_start_matches(['-', '_', ' ']).to_owned() } else { stem.to_owned() };
    let undated = if undated.is_empty() { stem.to_owned() } else { undated };
    let trailing = || {
        let digits: String =
            stem.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
        if digits.len() == 8 { NaiveDate::parse_from_str(&digits, "%Y%m%d").ok() } else { None }
    };
    let date = date.or_else(trailing).filter(|d| date::SANE_YEARS.contains(&d.year()));
    PathNames { without_language, stem: stem.to_owned(), folders, date, undated }
}

/// A name as the generator writes it into addresses.
pub fn slugify(name: &str, how: Slugify) -> String {
    match how {
        Slugify::None => name.to_owned(),
        Slugify::Hugo => {
            let mut slug = String::new();
            for c in name.to_lowercase().chars() {
                if c.is_alphanumeric() || "._-#+~".contains(c) {
                    slug.push(c);
                } else if c.is_whitespace() && !slug.ends_with('-') {
                    slug.push('-');
                }
            }
            slug
        }
        Slugify::Jekyll | Slugify::Zola => {
            let mut slug = String::new();
            for c in name.to_lowercase().chars() {
                let keep = if how == Slugify::Zola { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() };
                if keep || c == '_' && how == Slugify::Jekyll {
                    slug.push(c);
                } else if !slug.ends_with('-') && !slug.is_empty() {
                    slug.push('-');
                }
            }
            slug.trim_matches('-').to_owned()
        }
    }
}

fn segment(name: &str) -> String {
    address::encode_segment(name)
}

fn slug_of(front: &Front, names: &PathNames, how: Slugify) -> String {
    let given = front.one("slug").map(|s| if how == Slugify::None { s } else { slugify(&s, how) });
    let name = match how {
        Slugify::Jekyll | Slugify::Zola => &names.undated,
        Slugify::Hugo | Slugify::None => &names.stem,
    };
    given.unwrap_or_else(|| slugify(name, how))
}

fn fill(template: &str, slug: &str, path: &str, date: Option<DateTime<Utc>>, zone: Zone) -> Option<Url> {
    let local = date.map(|d| zone.to_local(d));
    let number = |n: Option<u32>, width: usize| n.map_or_else(|| "0".repeat(width), |n| format!("{n:0width$}"));
    let year = local.map_or_else(|| "0000".to_owned(), |d| d.year().to_string());
    let filled = template
        .replace("{slug}", slug)
        .replace("{path}", path)
        .replace("{year}", &year)
        .replace("{month}", &number(local.map(|d| d.month()), 2))
        .replace("{day}", &number(local.map(|d| d.day()), 2));
    Url::parse(&filled).ok()
}

fn full_path(front: &Front, names: &PathNames, how: Slugify) -> String {
    let mut path = String::new();
    for folder in &names.folders {
        let _ = write!(path, "{}/", segment(&slugify(folder, how)));
    }
    path.push_str(&segment(&slug_of(front, names, how)));
    path
}

/// Where the post is published: its own `url`, else the folder's template, else a page of ours.
fn post_link(front: &Front, names: &PathNames, date: Option<DateTime<Utc>>, context: Context<'_>) -> Url {
    let how = context.folder.slugify;
    let slug = segment(&slug_of(front, names, how));
    let path = full_path(front, names, how);
    let templated = context.folder.url.as_ref().and_then(|t| fill(t, &slug, &path, date, context.zone));
    let root = templated.clone().unwrap_or_else(|| context.site.clone());
    let own = front.one("url").or_else(|| front.one("permalink")).or_else(|| front.one("path"));
    if let Some(own) = own.filter(|u| !u.contains(':') || u.starts_with("http"))
        && context.folder.url.is_some()
    {
        let rooted = if own.contains("://") || own.starts_with('/') { own } else { format!("/{own}") };
        if let Some(url) = address::absolute(&rooted, Some(&root)) {
            return url;
        }
    }
    templated.unwrap_or_else(|| {
        let name = format!("page/{}.html", text::fold(&names.without_language).chars().take(60).collect::<String>());
        context.site.join(&name).unwrap_or_else(|_| context.site.clone())
    })
}

/// What the post is identified by, and every own address that means it.
fn post_keys(
    front: &Front,
    names: &PathNames,
    link: &Url,
    date: Option<DateTime<Utc>>,
    context: Context<'_>,
) -> Vec<String> {
    let mut keys = vec![format!("post:{}", names.without_language)];
    let mut add = |url: &Url| {
        let key = address::key(url, context.hosts);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    add(link);
    let mut aliases = front.many("aliases");
    aliases.extend(front.many("redirect_from"));
    for alias in aliases {
        if let Some(url) = address::absolute(&alias, Some(link)) {
            add(&url);
        }
    }
    // A folder deep down is published under its whole path by most generators.
    if let Some(template) = context.folder.url.as_ref().filter(|t| t.contains("{slug}") && !names.folders.is_empty())
        && let Some(url) = fill(
            &template.replace("{slug}", "{path}"),
            "",
            &full_path(front, names, context.folder.slugify),
            date,
            context.zone,
        )
    {
        add(&url);
    }
    keys
}

fn first_heading(reading: &Reading) -> Option<String> {
    let heading =
        reading.pieces.iter().find(|p| matches!(p.shape, markdown::Shape::Heading(_)) && !p.text.is_empty())?;
    Some(heading.text.clone())
}

fn is_digest(front: &Front, title: &str, path: &str, folder: &PostsFolder) -> bool {
    let Some(config) = &folder.digest else {
        return false;
    };
    config.when.iter().any(|c| {
        c.title.as_ref().is_none_or(|r| r.is_match(title))
            && c.path.as_ref().is_none_or(|r| r.is_match(path))
            && c.values.iter().all(|(key, value)| front.holds(key, value))
    })
}

/// What items need to know of their post.
struct DigestPost<'a> {
    path: &'a str,
    names: &'a PathNames,
    title: &'a str,
    date: Option<DateTime<Utc>>,
    link: &'a Url,
    reading: &'a Reading,
    lines_before: usize,
    language: Option<String>,
}

fn item_entry(
    item: Item,
    n: usize,
    post: &DigestPost<'_>,
    anchors: &mut Anchors<'_>,
    context: Context<'_>,
) -> RawEntry {
    let resolved = item.url.as_deref().and_then(|u| markdown::resolve(u, Some(post.link)));
    let place = anchors.place(post.link, &item, context.folder.slugify);
    let kind = if item.kind == Kind::Article && resolved.is_none() { Kind::News } else { item.kind };
    let key = item_key(kind, &item, resolved.as_ref(), post, context);
    // A second is taken off for each item before, so that order holds.
    let at = post.date.map(|d| d - TimeDelta::seconds(i64::try_from(n).unwrap_or(0) + 1));
    let mut raw = RawEntry::new(kind, key, text::line(&item.title));
    if let (Kind::Article, Some(url)) = (kind, &resolved)
        && let Some(key) = title_key(url, &raw.title)
    {
        raw.keys.push(key);
    }
    raw.link = match kind {
        Kind::Article | Kind::Release | Kind::Task => resolved.as_ref().map(Url::to_string),
        Kind::Question => resolved.as_ref().map(Url::to_string),
        Kind::Event | Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => None,
    }
    .or_else(|| Some(place.clone()));
    raw.html = post.reading.html_of(&item.ranges, Some(post.link));
    raw.text = post.reading.text_of(&item.ranges);
    raw.authors = item.asker.iter().map(|a| Person::named(text::line(a))).collect();
    raw.published = at;
    raw.language = post.language.clone();
    raw.image = crate::normalize::html::first_image(&raw.html, Some(post.link));
    raw.version = item.version.clone();
    raw.channel =
        item.version.as_deref().map(|v| if digest::is_prerelease(v) { Channel::Prerelease } else { Channel::Stable });
    raw.starts_at = item.time.as_deref().and_then(|t| starts_at(t, post.date, context.zone));
    raw.labels = item.labels.clone();
    raw.about = item.about.iter().filter_map(|u| markdown::resolve(u, Some(post.link))).map(String::from).collect();
    // A banner that repeats the post's title is about the whole post.
    let own_title = text::fold(post.title);
    raw.headings = if item.astray {
        Vec::new()
    } else {
        item.headings.iter().filter(|h| text::fold(h) != own_title).cloned().collect()
    };
    raw.mention = Some(Mention {
        folder: context.folder.path.clone(),
        post: post.path.to_owned(),
        section: item.headings.iter().map(|h| text::line(h)).collect::<Vec<_>>().join(" / "),
        url: item.url.clone(),
        title: item.link_text.clone(),
        post_title: post.title.to_owned(),
        link: Some(place),
        at,
        line: post.lines_before + item.line,
    });
    raw
}

/// Long titles on one host name one page, whatever its addresses: WeChat has a short and a long one.
fn title_key(url: &Url, title: &str) -> Option<String> {
    const LONG: usize = 10;
    let folded = text::fold(title);
    (folded.chars().count() >= LONG && !folded.starts_with("http"))
        .then(|| format!("title:{}/{folded}", address::plain_host(url.host_str().unwrap_or(""))))
}

fn item_key(kind: Kind, item: &Item, url: Option<&Url>, post: &DigestPost<'_>, context: Context<'_>) -> String {
    let of_url = || url.map(|u| address::key(u, context.hosts));
    let post_name = &post.names.without_language;
    match kind {
        Kind::Question => {
            let question = if item.question.is_empty() { &item.title } else { &item.question };
            format!(
                "question:{post_name}|{}|{}",
                text::fold(item.asker.as_deref().unwrap_or("")),
                text::fold_prefix(question, 24)
            )
        }
        Kind::Article => of_url().unwrap_or_else(|| format!("article:{post_name}|{}", text::fold(&item.title))),
        Kind::Release => {
            let name = item.name.as_deref().unwrap_or("");
            let found = context.names.find_in_label(name);
            let name = found.first().map_or_else(|| name.to_owned(), |f| context.names.title(f.project).to_owned());
            format!("release:{}|{}", text::fold(&name), item.version.as_deref().unwrap_or("").to_lowercase())
        }
        Kind::Task => {
            let label = item.labels.first().map_or_else(String::new, |l| text::fold(l));
            format!("task:{label}|{}", of_url().unwrap_or_else(|| text::fold_prefix(&item.title, 60)))
        }
        Kind::Event => {
            let day = item
                .time
                .as_deref()
                .and_then(|t| starts_at(t, post.date, context.zone))
                .and_then(|s| s.get(..10).map(str::to_owned));
            format!("event:{}|{}", text::fold_prefix(&item.title, 60), day.unwrap_or_else(|| post_name.clone()))
        }
        Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => {
            format!("news:{post_name}|{}", text::fold_prefix(&item.title, 60))
        }
    }
}

/// When an event starts, as its digest tells. A day without a year is the one nearest to the digest.
fn starts_at(time: &str, post: Option<DateTime<Utc>>, zone: Zone) -> Option<String> {
    let format = |c: date::Claimed| match c.precision {
        date::Precision::Time => zone.to_local(c.time).to_rfc3339(),
        date::Precision::Day => zone.to_local(c.time).format("%Y-%m-%d").to_string(),
        date::Precision::Month | date::Precision::Year => String::new(),
    };
    if let Some(found) = date::lenient(time, zone).map(format).filter(|s| !s.is_empty()) {
        return Some(found);
    }
    let post = zone.to_local(post?);
    let year = post.year();
    let candidates = [year, year + 1, year - 1];
    let spelled = |y: i32| {
        let month_day = time.trim();
        let digits = month_day.find(|c: char| c.is_ascii_digit())?;
        // `5 月 31 日 14:00`, `Jan 12. Tokyo`
        let with_year = if month_day.contains('月') {
            format!("{y}年{}", &month_day[digits..])
        } else {
            let words: Vec<&str> = month_day
                .split(|c: char| c.is_whitespace() || ",.".contains(c))
                .filter(|w| !w.is_empty())
                .take(2)
                .collect();
            format!("{} {y}", words.join(" "))
        };
        date::lenient(&with_year, zone)
    };
    candidates
        .into_iter()
        .filter_map(spelled)
        .min_by_key(|c| (c.time - post.to_utc()).num_days().abs())
        .map(format)
        .filter(|s| !s.is_empty())
}

/// Places in a published post: the nearest heading and a text fragment that is unique.
struct Anchors<'a> {
    reading: &'a Reading,
    folded: String,
    taken: Vec<String>,
}

impl<'a> Anchors<'a> {
    fn new(reading: &'a Reading) -> Self {
        let folded = reading.pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n");
        Self { reading, folded, taken: Vec::new() }
    }

    fn place(&mut self, post: &Url, item: &Item, _how: Slugify) -> String {
        let heading = self.reading.headings.iter().rev().find(|h| h.line <= item.line && !h.id.is_empty());
        let line = item.ranges.first().map_or(item.line, |r| r.0);
        let text = self
            .reading
            .pieces
            .iter()
            .filter(|p| p.line >= line)
            .map(|p| p.text.as_str())
            .find(|t| t.chars().filter(|c| c.is_alphanumeric()).count() > 3)
            .unwrap_or("");
        let text = if item.kind == Kind::Question && !item.question.is_empty() {
            item.question.lines().next().unwrap_or(text)
        } else {
            text
        };
        let mut url = post.clone();
        url.set_fragment(heading.map(|h| h.id.as_str()));
        let fragment = self.unique_part(text);
        let mut link = url.to_string();
        if !fragment.is_empty() {
            link.push_str(if heading.is_some() { ":~:text=" } else { "#:~:text=" });
            link.push_str(&encode_fragment(&fragment));
        }
        let mut n = 1;
        while self.taken.contains(&link) {
            n += 1;
            // Two places with one text: the number keeps their links apart.
            link = format!("{}{}item-{n}", url, if heading.is_some() { "-" } else { "#" });
        }
        self.taken.push(link.clone());
        link
    }

    /// The beginning of `text`, extended until it occurs once.
    fn unique_part(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut length = chars.len().min(16);
        loop {
            let mut part: String = chars[..length].iter().collect();
            // Browsers match whole words.
            if length < chars.len()
                && chars[length].is_ascii_alphanumeric()
                && chars[length - 1].is_ascii_alphanumeric()
            {
                let more = chars[length..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
                part = chars[..length + more].iter().collect();
                length += more;
            }
            if length >= chars.len() || length > 80 || self.folded.matches(part.as_str()).count() <= 1 {
                return part.trim().to_owned();
            }
            length = (length + 8).min(chars.len());
        }
    }
}

/// Percent-encodes what a text directive reserves (`-`, `,`, `&`) and all that is no URL character.
fn encode_fragment(text: &str) -> String {
    address::encode_segment(text).replace('-', "%2D")
}

/// Two items with one key in one post: the second is told apart by its number.
fn unique_keys(entries: &mut [RawEntry]) {
    let mut seen: Vec<String> = Vec::new();
    for entry in entries.iter_mut() {
        if matches!(entry.kind, Kind::Question | Kind::News) {
            let base = entry.keys[0].clone();
            let mut n = 1;
            while seen.contains(&entry.keys[0]) {
                n += 1;
                entry.keys[0] = format!("{base}|{n}");
            }
        }
        seen.push(entry.keys[0].clone());
    }
}

/// Links that lead to the own site, for `check`.
fn own_links(reading: &Reading, base: &Url, lines_before: usize, hosts: &Hosts) -> Vec<(usize, String, String)> {
    let mut links = Vec::new();
    for (line, link) in &reading.links {
        let Some(url) = markdown::resolve(&link.url, Some(base)) else {
            continue;
        };
        let is_file = url
            .path_segments()
            .and_then(|mut s| s.next_back().map(|l| l.contains('.') && !l.ends_with(".html")))
            .unwrap_or(false);
        let key = address::key(&url, hosts);
        if key.starts_with("site:") && !is_file && url.path() != "/" && url.path() != base.path() {
            links.push((lines_before + line, link.url.clone(), key));
        }
    }
    links
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_names_and_dates() {
        let cases = [
            ("a/b/index.md", "a/b", "b", None),
            ("2018-01-14-update.md", "2018-01-14-update", "2018-01-14-update", Some("2018-01-14")),
            ("weekly-20230303/index.md", "weekly-20230303", "weekly-20230303", Some("2023-03-03")),
            ("name.zh-cn.md", "name", "name", None),
            ("x/index.en.md", "x", "x", None),
            ("v1.2.md", "v1.2", "v1.2", None),
        ];
        for (path, key, stem, date) in cases {
            let names = path_names(path);
            assert_eq!((names.without_language.as_str(), names.stem.as_str()), (key, stem), "{path}");
            assert_eq!(names.date.map(|d| d.to_string()).as_deref(), date, "{path}");
        }
    }

    #[test]
    fn slugs_as_generators_make_them() {
        assert_eq!(slugify("Koupleless 2024 & Plans", Slugify::Hugo), "koupleless-2024-plans");
        assert_eq!(slugify("中文 Name", Slugify::Hugo), "中文-name");
        assert_eq!(slugify("中文 Name!", Slugify::Zola), "name");
        assert_eq!(slugify("Some Name's", Slugify::Jekyll), "some-name-s");
    }

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        let post = DateTime::parse_from_rfc3339("2023-12-28T10:00:00+08:00").unwrap().to_utc();
        let zone = Zone::Fixed(chrono::FixedOffset::east_opt(8 * 3600).unwrap());
        assert_eq!(
            starts_at("1 月 3 日 14:00 - 15:00", Some(post), zone).as_deref(),
            Some("2024-01-03T14:00:00+08:00")
        );
        assert_eq!(starts_at("12 月 27 日", Some(post), zone).as_deref(), Some("2023-12-27"));
        assert_eq!(starts_at("Jan 12. Tokyo", Some(post), zone).as_deref(), Some("2024-01-12"));
        assert_eq!(starts_at("soon", Some(post), zone), None);
    }
}
