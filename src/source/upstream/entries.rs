//! What a feed says as raw entries: identity, kind, text.
//!
//! An entry is known by its source and its own id, else its link, else what it says,
//! and by its link's canonical form, which it shares with posts that mention the page:
//! where no other entry of the reading has that page, and it is not the feed's own one.
//! A page below `/releases/tag/` is a release, known by project, part and version.
//!
//! Decides no date: what a feed claims is handed on, and what it leaves open stays open.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use url::Url;

use super::{Link, MediaType, Reading, Record, Text};
use crate::config::{ContentMode, SourceConfig, Zone};
use crate::entry::{Channel, Enclosure, Kind, Person, RawEntry, Source};
use crate::normalize::address::{self, Hosts};
use crate::normalize::{date, html, text};
use crate::source::digest::is_prerelease;

/// More entries than these are not taken from one reading: the newest are.
pub const MOST: usize = 5_000;

/// Longer ids, in bytes, are no ids to publish, and are known by their hash.
const LONGEST_ID: usize = 1024;

/// Longer addresses, in bytes, are no links.
const LONGEST_LINK: usize = 4096;

/// Files of one entry: more of them are a list of something else.
const MOST_ENCLOSURES: usize = 16;

/// Names of people are cut to this many columns.
const NAME_COLUMNS: usize = 200;

/// What entries need to know of the source they come from.
#[derive(Debug, Clone, Copy)]
pub struct Origin<'a> {
    /// Its configuration.
    pub config: &'a SourceConfig,
    /// Its identity.
    pub name: &'a str,
    /// The title of the one project that names it.
    pub project: Option<&'a str>,
    /// Where it was read.
    pub address: &'a str,
    /// For dates that name no zone.
    pub zone: Zone,
    /// Own hosts.
    pub hosts: &'a Hosts,
}

/// The entries of a feed, and how many were left out because there are too many.
pub fn entries(mut reading: Reading, origin: Origin<'_>) -> (Vec<RawEntry>, usize) {
    // A file has no address: what is relative in it starts from the entry's own page.
    let home = reading.feed.link.clone();
    for record in &mut reading.entries {
        let base: Option<Arc<str>> = record.link.clone().or_else(|| home.clone()).map(Arc::from);
        for text in record.texts_mut().filter(|t| t.base.is_none()) {
            text.base.clone_from(&base);
        }
    }
    reading.resolve();
    let source = source(&reading.feed, origin);
    let mut records = std::mem::take(&mut reading.entries);
    let left_out = records.len().saturating_sub(MOST);
    if left_out > 0 {
        // Most feeds have the newest first; one that has not says so by its dates.
        let when = |r: &Record| r.published.as_ref().or(r.updated.as_ref()).and_then(|d| d.read(origin.zone));
        records.sort_by_key(|r| std::cmp::Reverse(when(r).map(|c| c.time)));
        records.truncate(MOST);
    }
    let found: Vec<Found> =
        records.iter().filter_map(|record| raw_entry(record, &reading.feed, &source, origin)).collect();
    let home = reading.feed.link.as_deref().and_then(|l| Url::parse(l).ok()).map(|l| address::key(&l, origin.hosts));
    (identified(found, home.as_deref(), origin.name), left_out)
}

/// An entry, and what it may be known by.
struct Found {
    raw: RawEntry,
    /// Its key as a release.
    release: Option<String>,
    /// The id its source gave it.
    id: Option<String>,
    /// The page it links to: what several entries may share.
    page: Option<String>,
    /// The page and the place on it.
    place: Option<String>,
    /// Hash of what it says.
    said: String,
}

/// Gives entries their keys. `home` is the page of the whole feed, `source` its name.
fn identified(found: Vec<Found>, home: Option<&str>, source: &str) -> Vec<RawEntry> {
    // Of entries without an id, those that say something else at the same place.
    let mut at_place: HashMap<String, HashSet<String>> = HashMap::new();
    for one in found.iter().filter(|f| f.id.is_none()) {
        if let Some(place) = &one.place {
            at_place.entry(place.clone()).or_default().insert(one.said.clone());
        }
    }
    let mut places: HashMap<String, usize> = HashMap::new();
    let mut entries: Vec<(RawEntry, Option<String>, Option<String>)> = Vec::new();
    for Found { mut raw, release, id, page, place, said } in found {
        let is_told_apart =
            |place: &String| Some(place.as_str()) != home && at_place.get(place).is_none_or(|texts| texts.len() == 1);
        let (own, also) = match (id, place.filter(is_told_apart)) {
            (Some(id), _) => (id, None),
            // Known by what it says as well: another entry at this place may come later.
            (None, Some(place)) => (place, Some(format!("upstream:{source}|{said}"))),
            (None, None) => (said, None),
        };
        raw.keys = release.into_iter().chain([format!("upstream:{source}|{own}")]).collect();
        // The same id twice in one feed: the last one holds, at the place of the first.
        match places.get(&raw.keys[0]) {
            Some(&n) => entries[n] = (raw, page, also),
            None => {
                places.insert(raw.keys[0].clone(), entries.len());
                entries.push((raw, page, also));
            }
        }
    }
    let mut shared: HashMap<String, usize> = HashMap::new();
    for page in entries.iter().filter_map(|(_, page, _)| page.clone()) {
        *shared.entry(page).or_default() += 1;
    }
    let alone = |page: &String| Some(page.as_str()) != home && shared.get(page) == Some(&1);
    let with_keys = |(mut raw, page, also): (RawEntry, Option<String>, Option<String>)| {
        raw.keys.extend(page.filter(alone).into_iter().chain(also));
        raw
    };
    entries.into_iter().map(with_keys).collect()
}

fn source(feed: &Record, origin: Origin<'_>) -> Source {
    let title = feed.title.as_ref().map(plain).filter(|t| !t.is_empty());
    let is_web = |l: &&String| l.starts_with("http://") || l.starts_with("https://");
    Source {
        name: origin.name.to_owned(),
        id: feed.id.clone().filter(|id| !id.trim().is_empty()),
        title: text::cut(&title.unwrap_or_else(|| origin.name.to_owned()), 80),
        self_link: Some(origin.address.to_owned()).filter(|a| is_web(&a)),
        link: feed.link.as_ref().filter(is_web).cloned(),
        // It would change every entry at every poll.
        updated: None,
    }
}

fn raw_entry(record: &Record, feed: &Record, source: &Source, origin: Origin<'_>) -> Option<Found> {
    let link = record.link.as_deref().or_else(|| record.links.first().map(|l| l.href.as_str()));
    // A file has no address of its own: what it says is relative to the page it belongs to.
    let base = feed.link.as_deref().and_then(|l| Url::parse(l).ok());
    let link = link.map(str::trim).filter(|l| !l.is_empty() && l.len() <= LONGEST_LINK);
    let link = link.and_then(|l| Url::options().base_url(base.as_ref()).parse(l).ok());
    let link = link.filter(|l| matches!(l.scheme(), "http" | "https"));
    let (mut body, mut plain_body) = body(record);
    let title = record.title.as_ref().map(plain).filter(|t| !t.is_empty());
    let title = title.unwrap_or_else(|| text::cut(&text::line(&plain_body), 80));
    let id = record.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    if id.is_none() && link.is_none() && title.is_empty() && plain_body.is_empty() {
        return None;
    }
    let page = link.as_ref().map(|link| address::key(link, origin.hosts));
    let place = page.as_ref().zip(link.as_ref()).map(|(page, link)| match link.fragment() {
        Some(fragment) if !fragment.is_empty() && !page.contains('#') => format!("{page}#{fragment}"),
        _ => page.clone(),
    });
    let said = match &place {
        Some(place) => format!("{place}\0{title}\0{plain_body}"),
        None => format!("{title}\0{plain_body}"),
    };
    let said = blake3::hash(said.as_bytes()).to_hex()[..20].to_owned();
    let tag = link.as_ref().and_then(release_tag);
    let (kind, key, title) = match &tag {
        Some(tag) => {
            let repository = repository(link.as_ref());
            let name = origin.project.unwrap_or(&repository);
            let part = part_of(tag, &[name, &repository]);
            let (key, title) = match part.as_str() {
                "" => (text::fold(name), name.to_owned()),
                part => (format!("{}/{}", text::fold(name), text::fold(part)), format!("{name} {part}")),
            };
            let version = version_of(tag);
            let key = format!("release:{key}|{}", version.to_lowercase());
            (Kind::Release, Some(key), format!("{title} {version}"))
        }
        None => (Kind::Upstream, None, title),
    };
    let version = tag.map(|tag| version_of(&tag).to_owned());
    let mut raw = RawEntry::new(kind, String::new(), title);
    raw.foreign_id = id.filter(|id| is_iri(id)).map(str::to_owned);
    raw.link = Some(link.map_or_else(|| source.link.clone().or_else(|| source.self_link.clone()), |l| Some(l.into()))?);
    match origin.config.content.unwrap_or(ContentMode::Full) {
        ContentMode::Full => {}
        ContentMode::Summary => {
            plain_body = text::excerpt(&plain_body, crate::normalize::SUMMARY_COLUMNS);
            body = format!("<p>{}</p>", html::escape(&plain_body));
        }
        ContentMode::Link => (body, plain_body) = (String::new(), String::new()),
    }
    raw.image = picture(record).or_else(|| html::first_image(&body, None));
    raw.enclosures = enclosures(record);
    (raw.html, raw.text) = (body, plain_body);
    if !record.content.is_empty() {
        raw.summary = record.summary.as_ref().map(plain).filter(|s| !s.is_empty());
    }
    let people = if record.authors.is_empty() { &feed.authors } else { &record.authors };
    raw.authors = people.iter().filter_map(person).collect();
    raw.published = date_of(record.published.as_ref().or(record.updated.as_ref()), origin.zone);
    raw.updated = date_of(record.updated.as_ref(), origin.zone);
    let language = record.language.as_deref().or(feed.language.as_deref());
    let language = origin.config.language.as_deref().or(language).filter(|l| crate::config::is_language(l));
    raw.language = language.map(str::to_owned);
    let channel = |v: &String| if is_prerelease(v) { Channel::Prerelease } else { Channel::Stable };
    raw.channel = version.as_ref().map(channel);
    raw.version = version;
    raw.tags = record.categories.iter().filter_map(|c| c.label.clone().or_else(|| c.term.clone())).collect();
    raw.source = Some(source.clone());
    let id =
        id.map(|id| if id.len() > LONGEST_ID { format!("hash:{}", blake3::hash(id.as_bytes())) } else { id.into() });
    Some(Found { raw, release: key, id, page, place, said })
}

/// Whether an id may be published as it is: an absolute IRI (RFC 3987, 2.2) of a bearable length.
fn is_iri(id: &str) -> bool {
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
    id.len() <= LONGEST_ID && !id.contains(forbidden) && Url::parse(id).is_ok()
}

/// `v1.2.0` of `https://github.com/mosn/mosn/releases/tag/v1.2.0`.
fn release_tag(link: &Url) -> Option<String> {
    let (_, tag) = link.path().split_once("/releases/tag/")?;
    let tag = address::percent_decode(tag.trim_end_matches('/'));
    (!tag.is_empty()).then_some(tag)
}

/// The version in a tag: `v1.2.0`, `mosn-1.2.0`, `release/1.2.0`, `@mosn/core@1.2.0` are
/// all 1.2.0.
fn version_of(tag: &str) -> &str {
    let last = tag.rsplit('/').next().unwrap_or(tag);
    let digit = |(at, c): (usize, char)| {
        let before = last[..at].chars().last();
        let begins = before.is_none_or(|b| matches!(b, 'v' | 'V' | '-' | '_' | '.' | '@'));
        (c.is_ascii_digit() && begins).then_some(at)
    };
    last.char_indices().find_map(digit).map_or(last, |at| &last[at..])
}

/// What stands between the parts of a tag.
const BETWEEN: [char; 5] = ['/', '-', '_', '@', ' '];

/// Words before a version that name nothing.
const SAY_NOTHING: [&str; 7] = ["release", "releases", "rel", "version", "ver", "tag", "tags"];

/// Which part of a project a tag is about: `sdk` of `sdk/v1.2.0`, `core` of
/// `@mosn/core@1.2.0`, nothing of `mosn-v1.2.0`. `own` are names of the whole.
fn part_of(tag: &str, own: &[&str]) -> String {
    let names_nothing = |words: &str| {
        let folded = text::fold(words);
        let is_name = |name: &str| text::fold(name) == folded;
        // `log4j2` is the whole of `logging-log4j2`, too.
        let is_own = |name: &&str| is_name(name) || name.rsplit_once('-').is_some_and(|(_, tail)| is_name(tail));
        folded.is_empty() || SAY_NOTHING.contains(&folded.as_str()) || own.iter().any(is_own)
    };
    let before = &tag[..tag.len() - version_of(tag).len()];
    let without_v = before.strip_suffix(['v', 'V']);
    let before = without_v.filter(|b| b.ends_with(BETWEEN) || names_nothing(b)).unwrap_or(before);
    // A `.` is inside of a version that was found too late: `Release1.2`.
    if before.ends_with('.') {
        return String::new();
    }
    let mut part = before.trim_matches(BETWEEN);
    while let Some((at, _)) = part.match_indices(BETWEEN).rfind(|(at, _)| names_nothing(&part[..*at])) {
        part = part[at..].trim_start_matches(BETWEEN);
    }
    if names_nothing(part) { String::new() } else { part.to_owned() }
}

/// `mosn` of `https://github.com/mosn/mosn/releases/tag/v1.2.0`.
fn repository(link: Option<&Url>) -> String {
    let before = link.and_then(|l| l.path().split_once("/releases/tag/")).map_or("", |(before, _)| before);
    before.rsplit('/').next().unwrap_or("").to_owned()
}

fn date_of(date: Option<&super::Date>, zone: Zone) -> Option<DateTime<Utc>> {
    let claimed: date::Claimed = date?.read(zone)?;
    // Nothing was published before there was a web to publish it in.
    (claimed.time.year() >= 1980).then_some(claimed.time)
}

/// A text construct as one plain line.
fn plain(text: &Text) -> String {
    let value = if text.media_type.is_markup() { html::plain(&text.value) } else { text.value.clone() };
    crate::normalize::text::line(&value)
}

/// The text of an entry, as HTML and plain.
fn body(record: &Record) -> (String, String) {
    let Some(text) = record.body() else {
        return (String::new(), String::new());
    };
    match text.media_type {
        MediaType::Plain => {
            let paragraphs = text.value.split("\n\n").map(str::trim).filter(|p| !p.is_empty());
            // Lines that are indented alike were broken by who printed the XML.
            let printed = |p: &str| p.lines().skip(1).all(|line| line.starts_with([' ', '\t']));
            let lines = |p: &str| html::escape(p).replace('\n', if printed(p) { "\n" } else { "<br>\n" });
            let html: String = paragraphs.map(|p| format!("<p>{}</p>\n", lines(p))).collect();
            (html, text.value.clone())
        }
        MediaType::Html | MediaType::Xhtml | MediaType::Other(_) => (text.value.clone(), html::plain(&text.value)),
    }
}

/// What is told of files that go with an entry; a picture among them is the entry's picture.
fn enclosures(record: &Record) -> Vec<Enclosure> {
    let mut found: Vec<Enclosure> = Vec::new();
    for link in record.enclosures() {
        let is_new = !found.iter().any(|e| e.url == link.href);
        if found.len() < MOST_ENCLOSURES && is_new && is_address(&link.href) {
            let hints = link.hints.as_deref();
            let said = hints.and_then(|h| h.media_type.as_deref()).filter(|t| is_media_type(t));
            let media_type = said.unwrap_or_else(|| media_type_of(&link.href)).to_owned();
            // RSS must say a length: who knows none says 0.
            let length = hints.and_then(|h| h.length.as_deref()?.trim().parse().ok()).filter(|l| *l > 0);
            found.push(Enclosure { url: link.href.clone(), media_type, length });
        }
    }
    found.retain(|e| !e.media_type.starts_with("image/"));
    found
}

fn is_address(address: &str) -> bool {
    let is_web = address.starts_with("http://") || address.starts_with("https://");
    is_web && address.len() <= LONGEST_LINK && Url::parse(address).is_ok()
}

/// `type/subtype`, each a name (RFC 6838, 4.2).
fn is_media_type(text: &str) -> bool {
    let is_name = |name: &str| {
        (1..=127).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&b))
    };
    text.split_once('/').is_some_and(|(kind, name)| is_name(kind) && is_name(name))
}

/// The media type that the ending of an address stands for.
fn media_type_of(address: &str) -> &'static str {
    let path = address.split(['?', '#']).next().unwrap_or(address);
    match path.rsplit('.').next().unwrap_or_default().to_ascii_lowercase().as_str() {
        "mp3" => "audio/mpeg",
        "m4a" => "audio/mp4",
        "ogg" | "oga" | "opus" => "audio/ogg",
        "flac" => "audio/flac",
        "wav" => "audio/wav",
        "mp4" | "m4v" => "video/mp4",
        "webm" => "video/webm",
        "pdf" => "application/pdf",
        "zip" => "application/zip",
        "png" => "image/png",
        "jpg" | "jpeg" => "image/jpeg",
        "gif" => "image/gif",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

fn picture(record: &Record) -> Option<String> {
    let more = record.more();
    let given = more.and_then(|m| m.image.as_ref()).and_then(|i| i.url.clone());
    let thumbnail = || {
        let media = more.and_then(|m| m.media.as_ref())?;
        media.thumbnails.first()?.iter().find(|(name, _)| name == "url").map(|(_, value)| value.clone())
    };
    let enclosed = || {
        let is_picture =
            |l: &&Link| l.hints.as_ref().and_then(|h| h.media_type.as_deref()).is_some_and(|t| t.starts_with("image/"));
        record.enclosures().find(is_picture).map(|l| l.href.clone())
    };
    given.or_else(thumbnail).or_else(enclosed).filter(|u| is_address(u))
}

fn person(person: &super::Person) -> Option<Person> {
    let name = person.name.clone().or_else(|| person.email.clone())?;
    let name = text::cut(&text::line(&name), NAME_COLUMNS);
    let is_short = |address: &String| address.len() <= LONGEST_LINK;
    let uri = person.uri.clone().filter(|u| u.starts_with("http://") || u.starts_with("https://")).filter(is_short);
    let email = person.email.clone().filter(|e| e.contains('@') && !e.contains(char::is_whitespace)).filter(is_short);
    (!name.is_empty()).then_some(Person { name, uri, email })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_found_in_tags() {
        for (tag, version) in [
            ("v1.2.0", "1.2.0"),
            ("1.2.0-rc1", "1.2.0-rc1"),
            ("mosn-v1.2.0", "1.2.0"),
            ("release/2.0", "2.0"),
            ("log4j2-3.1", "3.1"),
            ("nightly", "nightly"),
            ("@alpha/core@1.2.3", "1.2.3"),
            ("sdk/v1.2.0", "1.2.0"),
        ] {
            assert_eq!(version_of(tag), version, "{tag}");
        }
    }

    #[test]
    fn parts_are_found_in_tags() {
        for (tag, part) in [
            ("v1.2.0", ""),
            ("1.2.0", ""),
            ("alpha-v1.2.0", ""),
            ("alphav1.2.0", ""),
            ("the-repo-1.2.0", ""),
            ("repo-1.2.0", ""),
            ("release/2.0", ""),
            ("rel-1.0", ""),
            ("Release1.2", ""),
            ("nightly", ""),
            ("sdk/v1.2.0", "sdk"),
            ("alpha-sdk-v1.2.0", "sdk"),
            ("@alpha/core@1.2.3", "core"),
            ("@beta/core@1.2.3", "beta/core"),
            ("chart-a-1.0.0", "chart-a"),
            ("dev1.0", "dev"),
        ] {
            assert_eq!(part_of(tag, &["Alpha", "the-repo"]), part, "{tag}");
        }
    }

    #[test]
    fn ids_that_are_no_iris_are_not_published() {
        assert!(is_iri("tag:example.org,2024:é") && is_iri("https://example.org/?a=b&c#d"));
        let long = format!("urn:{}", "x".repeat(LONGEST_ID));
        for bad in ["foo:a b", "foo:<c>", "foo:\"", "foo:a\u{85}b", "foo:a|b", "17", long.as_str()] {
            assert!(!is_iri(bad), "{bad}");
        }
    }

    /// The keys of entries, given by id, page, place and text.
    fn keys(entries: &[(&str, &str, &str, &str)]) -> Vec<Vec<String>> {
        let given = |text: &str| Some(text.to_owned()).filter(|t| !t.is_empty());
        let found = entries.iter().map(|(id, page, place, said)| Found {
            raw: RawEntry::new(Kind::Upstream, String::new(), String::new()),
            release: None,
            id: given(id),
            page: given(page),
            place: given(place),
            said: (*said).to_owned(),
        });
        identified(found.collect(), Some("url:home"), "s").into_iter().map(|r| r.keys).collect()
    }

    #[test]
    fn one_page_of_several_entries_makes_them_not_one() {
        let one = keys(&[("1", "url:a", "url:a", "x"), ("", "url:b", "url:b#1", "y")]);
        assert_eq!(one, [vec!["upstream:s|1", "url:a"], vec!["upstream:s|url:b#1", "url:b", "upstream:s|y"]]);
        let log = keys(&[("1", "url:log", "url:log#1", "x"), ("2", "url:log", "url:log#2", "y")]);
        assert_eq!(log, [["upstream:s|1"], ["upstream:s|2"]]);
        let nameless = keys(&[("", "url:log", "url:log#1", "x"), ("", "url:log", "url:log#2", "y")]);
        assert_eq!(nameless[0], ["upstream:s|url:log#1", "upstream:s|x"]);
        assert_eq!(nameless[1], ["upstream:s|url:log#2", "upstream:s|y"]);
        let alike = keys(&[("", "url:log", "url:log", "x"), ("", "url:log", "url:log", "y")]);
        assert_eq!(alike, [["upstream:s|x"], ["upstream:s|y"]]);
        // A show that has one episode so far, which links to the show.
        assert_eq!(
            keys(&[("1", "url:home", "url:home", "x"), ("", "url:home", "url:home", "y")]),
            [["upstream:s|1"], ["upstream:s|y"]]
        );
        let twice = keys(&[("1", "url:a", "url:a", "x"), ("1", "url:b", "url:b", "y")]);
        assert_eq!(twice, [["upstream:s|1", "url:b"]]);
    }
}
