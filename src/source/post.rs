//! A Markdown file into a post: what its front matter says, where it is
//! published, and the raw entries it brings.
//!
//! Pure: the file's bytes and its path come in. The clock is not asked; whether
//! a date lies in the future is the caller's question.

mod address;
mod body;
mod boxes;
mod days;
mod formulas;
mod front;
mod items;
mod leads;
mod mdx;
pub mod permalinks;
mod signs;
mod slugs;

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::{DigestConfig, PostsFolder, SectionKind, Slugify, Zone};
use crate::entry::{Kind, Mention, RawEntry};
use crate::names::Names;
use crate::normalize::address as addresses;
use crate::normalize::address::Hosts;
use crate::normalize::text;
use crate::source::digest;
use crate::source::front_matter;
use crate::source::markdown::{self, Reading};
use crate::source::pattern::Pattern;
use address::{Fields, post_keys, post_link};
use front::{Front, NO_DATE};
use items::{Anchors, item_entry};
use leads::Leads;
use slugs::{PathNames, path_names};

pub use leads::{Lead, Others, Shelves};

/// A file larger than this is no post.
pub const MAX_BYTES: usize = 2 << 20;

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
    /// Its date; none when neither front matter nor file name has one and it was given none.
    pub date: Option<DateTime<Utc>>,
    /// The file names no date: the one above was given to it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub undated: bool,
    /// Marked as a draft.
    pub draft: bool,
    /// The generator makes no page of it, or there is nothing in it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub pageless: bool,
    /// The generator publishes it then, where that is not its date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<DateTime<Utc>>,
    /// From then on the generator does not publish it any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<DateTime<Utc>>,
    /// Where it is published.
    pub link: Option<String>,
    /// Taken apart.
    pub digest: bool,
    /// What it brings: itself first, then its items.
    pub entries: Vec<RawEntry>,
    /// What a reader of the report should know.
    pub notes: Vec<Note>,
    /// Links to the own site, with their lines: whether they resolve is known later.
    pub own_links: Vec<(usize, String, String)>,
    /// Links to other posts that name their files, and what they were taken for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub leads: Vec<Lead>,
}

/// Where pictures beside posts are meant to be whose pages are made here.
pub const PICTURES: &str = "page/";

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
    /// The date of a post that names none.
    pub date: Option<DateTime<Utc>>,
    /// The other posts; links to them are left as they are where nobody knows them.
    pub others: Option<&'a dyn Others>,
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
        let problem = format!(
            "larger than {} MiB: nothing of it is read, what it said before stays; make several posts of it",
            MAX_BYTES >> 20
        );
        return Err(PostError { line: 1, column: 1, problem });
    }
    let translated = translated(context, path);
    let context = Context { folder: translated.as_ref().unwrap_or(context.folder), ..context };
    let mut notes = Vec::new();
    let text = decode(bytes, &mut notes);
    let split =
        front_matter::split(&text).map_err(|e| PostError { line: e.line, column: e.column, problem: e.problem })?;
    let head = &text[..text.len() - split.body.len()];
    let front = Front { values: split.values, head: head.to_owned() };
    let names = path_names(path);
    let (date, undated) = date_of(&front, split.body, &names, context, &mut notes);
    let fields = Fields::new(&front, split.body, &names, date, context);
    // Only the name tells Jekyll what a post is.
    let no_post = context.folder.slugify == Slugify::Jekyll && context.folder.path.ends_with("_posts") && !names.jekyll;
    if no_post {
        let text = "no date before its name: for Jekyll a file of `_posts` is no post then";
        notes.push(Note::new(1, Weight::Hint, text));
    }
    let (link, of_address) = post_link(&front, &names, &fields, context);
    notes.extend(of_address);
    let mut leads = Leads::new(context.others, &context.folder.path, path);
    let source = body::Source { text: split.body, front: &front, names: &names, link: &link, path };
    let body = body::as_markdown(&source, &mut leads, context.folder);
    let below = |line: usize, text: String| Note::new(split.lines_before + line, Weight::Hint, text);
    notes.extend(leads.dead.iter().map(|(line, written)| {
        below(*line, format!("`{}` leads to no post of this site: it is no link in feeds", text::cut(written, 80)))
    }));
    notes.extend(body.unknown.iter().map(|(line, name)| {
        below(*line, format!("shortcode `{}` is not known: its tags are left out", text::cut(name, 40)))
    }));
    let pictures = media_base(&front, &link, context).or_else(|| pictures_base(path, context));
    let reading = markdown::read(&body.markdown, Some(&link), pictures.as_ref(), context.folder.slugify);
    let is_empty = front.values.is_empty() && split.body.trim().is_empty();
    if is_empty {
        notes.push(Note::new(1, Weight::Hint, "an empty file: it is left out until something is written into it"));
    }
    let title =
        front.title().or_else(|| first_heading(&reading)).unwrap_or_else(|| names.title(context.folder.slugify));
    let digest = is_digest(&front, &title, path, context.folder);
    let language = front
        .one("language")
        .or_else(|| front.one("lang"))
        .filter(|l| crate::config::is_language(l))
        .or_else(|| context.folder.language.clone())
        .or_else(|| context.language.map(str::to_owned));

    let post = Parts {
        path,
        front: &front,
        names: &names,
        title: &title,
        date,
        link: &link,
        language,
        reading: &reading,
        lines_before: split.lines_before,
        is_translation: translated.is_some(),
    };
    let mut whole = RawEntry {
        keys: post_keys(&front, &names, &link, &fields, context),
        ..post.whole(digest, pictures.as_ref(), context, &mut notes)
    };
    whole.summary = whole.summary.or(body.begins_with);
    let mut entries = vec![whole];
    if digest {
        let items = post.items(context, &mut notes);
        let translated = entries[0].translated;
        entries.extend(items.into_iter().map(|item| RawEntry { translated, ..item }));
    }
    keep_parts_of_a_page_apart(&mut entries);
    unique_keys(&mut entries);
    let own_links = own_links(&reading, &link, split.lines_before, context.hosts);
    let (from, until) = (front.from(context.zone, context.folder.slugify), front.until(context.zone, &mut notes));
    notes.sort_by_key(|n| n.line);
    Ok(Post {
        title,
        date,
        undated,
        draft: front.draft() || front.unlisted(context.folder.slugify) || no_post,
        pageless: front.pageless() || front.headless(path, context.folder.slugify) || is_empty,
        from,
        until,
        link: Some(link.to_string()),
        digest,
        entries,
        notes,
        own_links,
        leads: leads.found,
    })
}

/// The parts of a post, and where it stands.
struct Parts<'a> {
    path: &'a str,
    front: &'a Front,
    names: &'a PathNames,
    title: &'a str,
    date: Option<DateTime<Utc>>,
    link: &'a Url,
    language: Option<String>,
    reading: &'a Reading,
    lines_before: usize,
    /// Its name says that it is a translation.
    is_translation: bool,
}

impl Parts<'_> {
    /// The post itself, but for its keys.
    fn whole(&self, digest: bool, pictures: Option<&Url>, context: Context<'_>, notes: &mut Vec<Note>) -> RawEntry {
        let kind = if digest { Kind::Digest } else { Kind::Post };
        let own = format!("post:{}", self.names.without_language);
        let image = self.front.image(notes).or_else(|| self.reading.image.clone());
        RawEntry {
            link: Some(self.link.to_string()),
            html: without_title(self.reading, self.title),
            text: self.reading.text.clone(),
            summary: self.front.description().filter(|words| !text::same(words, self.title)),
            authors: self.front.authors(&context.folder.authors),
            published: self.date,
            updated: self.front.updated(context.zone),
            language: self.language.clone(),
            translated: match context.language {
                Some(own) => self.language.as_deref() != Some(own),
                // Of a site that names no language the file without one in its name is the original.
                None => self.is_translation,
            },
            image: image.and_then(|i| markdown::resolve(&i, pictures.or(Some(self.link)))).map(String::from),
            tags: self.front.tags(),
            mention: Some(Mention {
                folder: context.folder.path.clone(),
                post: self.path.to_owned(),
                post_title: self.title.to_owned(),
                link: Some(self.link.to_string()),
                at: self.date,
                line: 1,
                ..Mention::default()
            }),
            ..RawEntry::new(kind, own, self.title.to_owned())
        }
    }

    /// The items of a digest; what became none is noted.
    fn items(&self, context: Context<'_>, notes: &mut Vec<Note>) -> Vec<RawEntry> {
        let default = DigestConfig { when: Vec::new(), sections: Vec::new(), default: SectionKind::Items };
        let config = context.folder.digest.as_ref().unwrap_or(&default);
        let title = self.front.title().unwrap_or_default();
        let taken = digest::take_apart(&self.reading.pieces, &title, config, context.names);
        notes.extend(taken.leftovers.into_iter().map(|left| {
            let text = format!("stays part of the digest only: {}", left.text);
            Note::new(self.lines_before + left.line, Weight::Hint, text)
        }));
        let mut anchors = Anchors::new(self.reading);
        let items = taken.items.into_iter().enumerate();
        items.map(|(n, item)| item_entry(item, n, self, &mut anchors, context)).collect()
    }
}

/// Where the post in `bytes` is published, without reading its text. None when it has no
/// front matter that can be read, or no date where the address needs one.
pub fn address(bytes: &[u8], path: &str, context: Context<'_>) -> Option<Url> {
    let translated = translated(context, path);
    let context = Context { folder: translated.as_ref().unwrap_or(context.folder), ..context };
    let text = decode(bytes, &mut Vec::new());
    let split = front_matter::split(&text).ok()?;
    let front = Front { values: split.values, head: String::new() };
    let names = path_names(path);
    let (date, _) = date_of(&front, split.body, &names, context, &mut Vec::new());
    let dated =
        context.folder.url.as_ref().is_some_and(|u| ["{year}", "{month}", "{day}"].iter().any(|f| u.contains(f)));
    let fields = Fields::new(&front, split.body, &names, date, context);
    (date.is_some() || !dated).then(|| post_link(&front, &names, &fields, context).0)
}

/// The date in front matter, as it is written.
pub fn date_as_written(values: &serde_json::Map<String, serde_json::Value>) -> Option<String> {
    Front::inside(values).dates().next().map(|(_, written)| written)
}

/// The folder as it is for a translation in it: `name.zh.md` is in Chinese, and
/// published where those are.
fn translated(context: Context<'_>, path: &str) -> Option<PostsFolder> {
    let folder = context.folder;
    let tag = slugs::tag(path)?;
    if let Some((tag, url)) = folder.languages.iter().find(|(known, _)| known.eq_ignore_ascii_case(tag)) {
        return Some(PostsFolder { language: Some(tag.clone()), url: Some(url.clone()), ..folder.clone() });
    }
    let tag = slugs::language_tag(path)?;
    // `name.en.md` in a folder of `en-US`.
    let short = folder.language.as_deref().or(context.language).and_then(|l| l.split('-').next());
    let is_own = short.is_some_and(|s| s.eq_ignore_ascii_case(tag));
    (!is_own).then(|| PostsFolder { language: Some(tag.to_owned()), ..folder.clone() })
}

/// The date of a post, and whether the file names none.
fn date_of(
    front: &Front,
    body: &str,
    names: &PathNames,
    context: Context<'_>,
    notes: &mut Vec<Note>,
) -> (Option<DateTime<Utc>>, bool) {
    let day = |day: chrono::NaiveDate| context.zone.to_utc(day.and_time(chrono::NaiveTime::MIN));
    let mut told = Vec::new();
    let how = context.folder.slugify;
    let own_day = || names.date.or_else(|| day_in_title(front, body)).or_else(|| names.day_of_folders(how));
    let own = front.date(context.zone, &mut told).or_else(|| own_day().map(day));
    let date = own.or(context.date);
    if let Some(date) = date {
        let day = context.zone.to_local(date).format("%Y-%m-%d");
        told.iter_mut().filter(|n| n.text.contains(NO_DATE)).for_each(|n| {
            n.text.push_str(&format!("; until then the post is of {day}"));
        });
    }
    notes.append(&mut told);
    (date, own.is_none())
}

/// The day in a title that names a whole one: `Wick Weekly #34 2019.03.11 - 2019.03.17`. Without a
/// title in the front matter it is the first line, when that is a heading.
fn day_in_title(front: &Front, body: &str) -> Option<chrono::NaiveDate> {
    static DAY: Pattern =
        Pattern::new(r"(?:^|[^\d.])((?:19|20)\d{2})(?:[-./]|\s?年\s?)(\d{1,2})(?:[-./]|\s?月\s?)(\d{1,2})(?:[^\d.]|$)");
    let title = front.one("title").or_else(|| leading_heading(body).map(str::to_owned))?;
    let found = DAY.captures(&title)?;
    let number = |n: usize| found[n].parse::<u32>().ok();
    let year = i32::try_from(number(1)?).ok()?;
    chrono::NaiveDate::from_ymd_opt(year, number(2)?, number(3)?)
}

/// The words of the heading that a text begins with.
fn leading_heading(body: &str) -> Option<&str> {
    let first = body.lines().map(str::trim).find(|l| !l.is_empty())?;
    first.strip_prefix("# ").map(|words| words.trim_end_matches(['#', ' ']))
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
        _ => match simdutf8::compat::from_utf8(bytes) {
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
    if memchr::memchr(b'\r', text.as_bytes()).is_none() {
        text.to_owned()
    } else if text.contains('\n') {
        text.replace("\r\n", "\n")
    } else {
        text.replace('\r', "\n")
    }
}

/// The text as HTML, without the heading it begins with where that is the title once more:
/// whatever shows an entry shows its title above. One of several headings of its level is the
/// name of a part.
fn without_title(reading: &Reading, title: &str) -> String {
    let shorter = || {
        let first = reading.pieces.first()?;
        let markdown::Shape::Heading(level) = first.shape else { return None };
        let alone = reading.pieces[1..].iter().all(|p| p.shape != first.shape);
        let is_title = alone && first.links.is_empty() && first.images == 0 && text::is_title(&first.text, title);
        let rest = reading.html.strip_prefix(&format!("<h{level}")).filter(|_| is_title)?;
        let (heading, html) = rest.split_once(&format!("</h{level}>\n"))?;
        (!html.trim().is_empty() && !heading.contains("footnote-ref")).then(|| html.to_owned())
    };
    shorter().unwrap_or_else(|| reading.html.clone())
}

/// Where pictures beside a post are found whose page is made here: below `page/`, as they lie in
/// the folder of posts.
fn pictures_base(path: &str, context: Context<'_>) -> Option<Url> {
    let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
    context.folder.url.is_none().then(|| context.site.join(&format!("{PICTURES}{folder}")).ok()).flatten()
}

/// Where the front matter says that pictures of a post are: Jekyll's theme Chirpy has a key for it.
fn media_base(front: &Front, base: &Url, context: Context<'_>) -> Option<Url> {
    let path = ["media_subpath", "img_path"].iter().find_map(|key| front.one(key))?;
    if path.contains("://") || path.starts_with("//") {
        return base.join(&format!("{}/", path.trim_end_matches('/'))).ok();
    }
    let path = path.trim_matches('/');
    base.join(&format!("{}{path}/", context.folder.base)).ok().filter(|_| context.folder.slugify == Slugify::Jekyll)
}

/// The heading that stands above all others, where nothing else says what a post is called.
/// One of several of its level is what a part of it is called.
fn first_heading(reading: &Reading) -> Option<String> {
    let level = |p: &markdown::Piece| match p.shape {
        markdown::Shape::Heading(level) if !p.text.is_empty() => Some(level),
        _ => None,
    };
    let mut headings = reading.pieces.iter().enumerate().filter_map(|(n, p)| Some((level(p)?, n, p)));
    let (first, at, heading) = headings.next()?;
    // Below a text it is what a part of that is called.
    let above = &reading.pieces[..at];
    let is_short = |p: &markdown::Piece| text::columns(&p.text) <= 40;
    let heads = first == 1 || above.iter().filter(|p| !p.text.is_empty()).count() <= 2 && above.iter().all(is_short);
    (heads && headings.all(|(other, ..)| other > first)).then(|| heading.text.clone())
}

fn is_digest(front: &Front, title: &str, path: &str, folder: &PostsFolder) -> bool {
    let Some(config) = &folder.digest else {
        return false;
    };
    config.when.iter().any(|c| {
        c.title.as_ref().is_none_or(|r| r.is_match(title))
            && c.path.as_ref().is_none_or(|r| r.is_match(path))
            && c.values.iter().all(|(key, values)| values.iter().any(|value| front.holds(key, value, folder.slugify)))
    })
}

/// Articles that lead to different places of one page are different ones: `/devblog#sound`,
/// `/devblog#paths`. Such a page stands for none of them, so their keys name the place.
fn keep_parts_of_a_page_apart(entries: &mut [RawEntry]) {
    let place = |entry: &RawEntry| {
        let link = entry.link.as_deref().filter(|_| entry.kind == Kind::Article)?;
        let fragment = Url::parse(link).ok()?.fragment()?.to_owned();
        // `#!thread/1`, `#/page` are pages of their own.
        let is_place = !fragment.is_empty()
            && !fragment.starts_with(':')
            && (!fragment.contains('=') || fragment.starts_with('!'))
            && entry.keys[0].starts_with("url:");
        is_place.then_some(fragment)
    };
    let mut places: HashMap<String, HashSet<String>> = HashMap::new();
    for entry in entries.iter() {
        if let Some(fragment) = place(entry) {
            places.entry(entry.keys[0].clone()).or_default().insert(fragment);
        }
    }
    places.retain(|_, fragments| fragments.len() > 1);
    for entry in entries.iter_mut() {
        let Some(fragment) = place(entry) else { continue };
        let own = format!("{}#{fragment}", entry.keys[0]);
        if places.contains_key(&entry.keys[0]) {
            entry.keys[0] = own;
        } else {
            // Another post may lead to several places of that page.
            entry.keys.push(own);
        }
    }
}

/// Two items with one key in one post: the second is told apart by all that its title
/// says, so that it stays the same one when others come or go; by a number where they say
/// the same.
fn unique_keys(entries: &mut [RawEntry]) {
    let mut seen: HashSet<String> = HashSet::new();
    let mut counts: HashMap<String, usize> = HashMap::new();
    for entry in entries.iter_mut() {
        if matches!(entry.kind, Kind::Question | Kind::News) && seen.contains(&entry.keys[0]) {
            let title = blake3::hash(text::fold(&entry.title).as_bytes()).to_hex();
            let base = format!("{}|{}", entry.keys[0], &title[..8]);
            entry.keys[0].clone_from(&base);
            let n = counts.entry(base.clone()).or_insert(1);
            while seen.contains(&entry.keys[0]) {
                *n += 1;
                entry.keys[0] = format!("{base}|{n}");
            }
        }
        seen.insert(entry.keys[0].clone());
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
        let key = addresses::key(&url, hosts);
        if key.starts_with("site:") && !is_file && url.path() != "/" && url.path() != base.path() {
            links.push((lines_before + line, link.url.clone(), key));
        }
    }
    links
}
