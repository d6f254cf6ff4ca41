//! What a feed says as raw entries: identity, kind, text.
//!
//! An entry is known by its source and its own id, else its link, else what it says,
//! and by its link's canonical form, which it shares with posts that mention the page.
//! A page below `/releases/tag/` is a release, known by project and version.
//!
//! Decides no date: what a feed claims is handed on, and what it leaves open stays open.

use std::collections::HashSet;
use std::sync::Arc;

use chrono::{DateTime, Datelike, Utc};
use url::Url;

use super::{MediaType, Reading, Record, Text};
use crate::config::{ContentMode, SourceConfig, Zone};
use crate::entry::{Channel, Kind, Person, RawEntry, Source};
use crate::normalize::address::{self, Hosts};
use crate::normalize::{date, html, text};
use crate::source::digest::is_prerelease;

/// More entries than these are not taken from one reading: the newest are.
pub const MOST: usize = 5_000;

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
    let mut seen: HashSet<String> = HashSet::new();
    let mut raws: Vec<RawEntry> = Vec::new();
    for record in records {
        let Some(raw) = raw_entry(&record, &reading.feed, &source, origin) else {
            continue;
        };
        // The same id twice in one feed: the last one holds, at the place of the first.
        if seen.insert(raw.keys[0].clone()) {
            raws.push(raw);
        } else if let Some(first) = raws.iter_mut().find(|r| r.keys[0] == raw.keys[0]) {
            *first = raw;
        }
    }
    (raws, left_out)
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

fn raw_entry(record: &Record, feed: &Record, source: &Source, origin: Origin<'_>) -> Option<RawEntry> {
    let web = |l: &&str| l.starts_with("http://") || l.starts_with("https://");
    let link = record.link.as_deref().or_else(|| record.links.first().map(|l| l.href.as_str())).filter(web);
    let link = link.and_then(|l| Url::parse(l).ok());
    let (mut body, mut plain_body) = body(record);
    let title = record.title.as_ref().map(plain).filter(|t| !t.is_empty());
    let title = title.unwrap_or_else(|| text::cut(&text::line(&plain_body), 80));
    let id = record.id.as_deref().map(str::trim).filter(|id| !id.is_empty());
    if id.is_none() && link.is_none() && title.is_empty() && plain_body.is_empty() {
        return None;
    }
    let own = match (id, &link) {
        (Some(id), _) => id.to_owned(),
        (None, Some(link)) => address::key(link, origin.hosts),
        (None, None) => blake3::hash(format!("{title}\0{plain_body}").as_bytes()).to_hex()[..20].to_owned(),
    };
    let version = link.as_ref().and_then(release_tag).map(|tag| version_of(&tag));
    let upstream = format!("upstream:{}|{own}", origin.name);
    let (kind, key, title) = match &version {
        Some(version) => {
            let name = origin.project.map_or_else(|| repository(link.as_ref()), str::to_owned);
            let key = format!("release:{}|{}", text::fold(&name), version.to_lowercase());
            (Kind::Release, key, format!("{name} {version}"))
        }
        None => (Kind::Upstream, upstream.clone(), title),
    };
    let mut raw = RawEntry::new(kind, key, title);
    if kind == Kind::Release {
        raw.keys.push(upstream);
    }
    if let Some(link) = &link {
        raw.keys.push(address::key(link, origin.hosts));
    }
    raw.foreign_id = id.filter(|id| Url::parse(id).is_ok()).map(str::to_owned);
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
    Some(raw)
}

/// `v1.2.0` of `https://github.com/mosn/mosn/releases/tag/v1.2.0`.
fn release_tag(link: &Url) -> Option<String> {
    let (_, tag) = link.path().split_once("/releases/tag/")?;
    let tag = address::percent_decode(tag.trim_end_matches('/'));
    (!tag.is_empty()).then_some(tag)
}

/// The version in a tag: `v1.2.0`, `mosn-1.2.0`, `release/1.2.0` are all 1.2.0.
fn version_of(tag: &str) -> String {
    let last = tag.rsplit('/').next().unwrap_or(tag);
    let digit = |(at, c): (usize, char)| {
        let before = last[..at].chars().last();
        (c.is_ascii_digit() && before.is_none_or(|b| matches!(b, 'v' | 'V' | '-' | '_' | '.'))).then_some(at)
    };
    last.char_indices().find_map(digit).map_or(last, |at| &last[at..]).to_owned()
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
            let html: String = paragraphs.map(|p| format!("<p>{}</p>\n", html::escape(p))).collect();
            (html, text.value.clone())
        }
        MediaType::Html | MediaType::Xhtml | MediaType::Other(_) => (text.value.clone(), html::plain(&text.value)),
    }
}

fn picture(record: &Record) -> Option<String> {
    let more = record.more();
    let given = more.and_then(|m| m.image.as_ref()).and_then(|i| i.url.clone());
    let thumbnail = || {
        let media = more.and_then(|m| m.media.as_ref())?;
        media.thumbnails.first()?.iter().find(|(name, _)| name == "url").map(|(_, value)| value.clone())
    };
    given.or_else(thumbnail).filter(|u| u.starts_with("http://") || u.starts_with("https://"))
}

fn person(person: &super::Person) -> Option<Person> {
    let name = person.name.clone().or_else(|| person.email.clone()).map(|n| text::line(&n))?;
    let uri = person.uri.clone().filter(|u| u.starts_with("http://") || u.starts_with("https://"));
    let email = person.email.clone().filter(|e| e.contains('@') && !e.contains(char::is_whitespace));
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
        ] {
            assert_eq!(version_of(tag), version, "{tag}");
        }
    }
}
