//! An entry as pages show it: in a list ([`Card`]), and whole ([`Body`]).

use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use url::Url;

use super::conversation::{turns, without_mark};
use super::players::Stage;
use crate::config::Site;
use crate::entry::{Enclosure, Entry, EntryId, Kind, Mention, Person};
use crate::normalize::html::sanitise;
use crate::normalize::text;
use crate::output::{base_of, others, pictures};

/// Posts named as having brought an entry up; more say nothing more.
const MENTIONS: usize = 5;

/// Columns of a summary.
const SUMMARY: usize = 240;

/// Longer sentences are no titles.
const WHOLE_TITLE: usize = 160;

/// Kinds whose entries have a page of their own: what they say stands nowhere else but
/// in the middle of a post.
pub fn has_page(kind: Kind) -> bool {
    match kind {
        Kind::Question | Kind::Release | Kind::Task | Kind::Event | Kind::News => true,
        Kind::Post | Kind::Digest | Kind::Article | Kind::Upstream => false,
    }
}

/// Where the page of an entry is, below the output folder.
pub fn page_path(id: &EntryId) -> String {
    format!("page/{}.html", id.file_stem())
}

/// An entry in a list.
#[derive(Debug, Serialize)]
pub struct Card {
    /// A short name, for anchors.
    pub stem: String,
    /// Its own page, below the output folder.
    pub page: Option<String>,
    /// Its title.
    pub title: String,
    /// Where it is to be read.
    pub link: String,
    /// Its kind.
    pub kind: &'static str,
    /// When it came up, RFC 3339.
    pub published: String,
    /// The day in the site's zone.
    pub day: String,
    /// The host it is read at, when that is not this site.
    pub host: Option<String>,
    /// Names of who wrote or asked.
    pub authors: Vec<String>,
    /// Plain text; empty when it would only say the title again.
    pub summary: String,
    /// A picture.
    pub image: Option<String>,
    /// Which word goes before the mentions.
    pub lead: &'static str,
    /// Posts that brought it up.
    pub mentions: Vec<Place>,
    /// Its language, when it is not the site's.
    pub language: Option<String>,
    /// Projects it is about.
    pub projects: Vec<About>,
    /// The version of a release.
    pub version: Option<String>,
    /// When an event starts, as it was said.
    pub starts_at: Option<String>,
    /// The same for people.
    pub starts: Option<String>,
    /// The feed it came from.
    pub source: Option<Place>,
}

/// A place with a name.
#[derive(Debug, Serialize)]
pub struct Place {
    /// Its name.
    pub title: String,
    /// Its address.
    pub link: Option<String>,
    /// Headings above it in the post.
    pub section: String,
}

/// A project an entry is about.
#[derive(Debug, Serialize)]
pub struct About {
    /// Its folder.
    pub slug: String,
    /// Its name.
    pub title: String,
}

impl Card {
    /// What a list shows of `entry`.
    pub fn new(entry: &Entry, site: &Site) -> Self {
        let host = Url::parse(&entry.link).ok().and_then(|u| u.host_str().map(str::to_owned));
        let host = host.filter(|h| Some(h.as_str()) != site.url.host_str());
        let lead = match entry.kind {
            Kind::Post | Kind::Digest | Kind::Article | Kind::Upstream => "recommended_in",
            Kind::Question | Kind::Release | Kind::Task | Kind::Event | Kind::News => "from",
        };
        let mut mentions: Vec<&Mention> = Vec::new();
        for mention in others(entry) {
            if mentions.len() < MENTIONS
                && !mentions.iter().any(|m| m.post == mention.post && m.folder == mention.folder)
            {
                mentions.push(mention);
            }
        }
        let (title, summary) = title_and_summary(entry);
        let starts_at = entry.starts_at.clone();
        let starts = starts_at.as_deref().map(|s| match DateTime::parse_from_rfc3339(s) {
            Ok(time) => time.format("%Y-%m-%d %H:%M").to_string(),
            Err(_) => text::line(s),
        });
        let title_of = |slug: &str| site.projects.iter().find(|p| p.slug.as_str() == slug).map(|p| p.title.clone());
        let about = |slug: &str| Some(About { slug: slug.to_owned(), title: title_of(slug)? });
        Self {
            stem: entry.id.file_stem(),
            page: has_page(entry.kind).then(|| page_path(&entry.id)),
            title,
            link: entry.link.clone(),
            kind: entry.kind.name(),
            published: entry.published.to_rfc3339_opts(SecondsFormat::Secs, true),
            day: site.timezone.to_local(entry.published).format("%Y-%m-%d").to_string(),
            host: host.map(|h| h.strip_prefix("www.").map_or(h.clone(), str::to_owned)),
            authors: entry
                .authors
                .iter()
                .map(|a| text::cut(&text::line(&a.name), 40))
                .filter(|a| !a.is_empty())
                .collect(),
            summary,
            image: entry.image.clone().filter(|i| i.starts_with("https://") || i.starts_with("http://")),
            lead,
            mentions: mentions.into_iter().map(place).collect(),
            language: entry.language.clone().filter(|l| Some(l.as_str()) != site.language.as_deref()),
            projects: entry.projects.iter().filter_map(|m| about(m.slug.as_str())).collect(),
            version: entry.version.clone(),
            starts_at,
            starts,
            source: entry.source.as_ref().filter(|s| !s.title.is_empty()).map(|s| Place {
                title: text::cut(&text::line(&s.title), 50),
                link: s.link.clone().or_else(|| s.self_link.clone()),
                section: String::new(),
            }),
        }
    }
}

/// Titles are cut for feed readers; a page has room for the whole sentence, when the text
/// begins with it. The summary does not say it again.
fn title_and_summary(entry: &Entry) -> (String, String) {
    let summary = text::squeeze(&entry.summary);
    let mut title = entry.title.clone();
    let mut rest = summary.as_str();
    if let Some(begun) = entry.title.strip_suffix('…') {
        let first = text::first_sentence(&summary);
        if text::begins_with(&first, begun) && text::columns(&first) <= WHOLE_TITLE {
            rest = summary.get(first.len()..).unwrap_or("").trim_start();
            title = first;
        }
    }
    let rest = without_mark(rest);
    let says_more = !text::begins_with(&title, rest);
    (title, if says_more { text::excerpt(rest, SUMMARY) } else { String::new() })
}

fn place(mention: &Mention) -> Place {
    Place {
        title: text::cut(&text::line(&mention.post_title), 60),
        link: mention.link.clone(),
        section: text::cut(&text::line(&mention.section), 60),
    }
}

/// An entry whole.
#[derive(Debug, Serialize)]
pub struct Body {
    /// Sanitised HTML; empty where there are turns.
    pub html: String,
    /// A question as a conversation.
    pub turns: Vec<Said>,
    /// The original's own day.
    pub issued: Option<String>,
    /// Its text was too long for a page.
    pub cut: bool,
    /// What the page may load for its players, as directives of its policy; empty without.
    pub players: String,
}

/// What someone said.
#[derive(Debug, Serialize)]
pub struct Said {
    /// The one who asks says it.
    pub asks: bool,
    /// Sanitised HTML.
    pub html: String,
}

impl Body {
    /// All of `entry`, with players where `stage` has them.
    pub fn new(entry: &Entry, site: &Site, stage: &mut Stage<'_>) -> Self {
        let base = base_of(entry);
        // As in feeds: what is far too long is left out.
        let cut = entry.html.len() > site.output.entry_bytes * 4;
        let html = if cut { "" } else { entry.html.as_str() };
        let said = if entry.kind == Kind::Question { turns(html, &entry.title, base.as_ref()) } else { Vec::new() };
        let html = if said.is_empty() && !html.is_empty() { sanitise(html, base.as_ref()) } else { String::new() };
        let mut shown = |html| stage.with_players(pictures::in_place(html, entry, site));
        let html = shown(html);
        let turns: Vec<Said> = said.into_iter().map(|t| Said { asks: t.asks, html: shown(t.html) }).collect();
        let issued = entry.issued.filter(|i| i.date_naive() != entry.published.date_naive());
        Self {
            html,
            turns: turns.into_iter().filter(|s| !s.html.trim().is_empty()).collect(),
            issued: issued.map(|i| site.timezone.to_local(i).format("%Y-%m-%d").to_string()),
            cut,
            players: stage.policy(),
        }
    }
}

/// An entry with everything in it, to try templates on.
pub fn example(kind: Kind) -> Entry {
    let time = DateTime::from_timestamp(1_704_067_200, 0).unwrap_or_default();
    Entry {
        id: EntryId::mint("tag:example.org,2024:", kind, kind.name()),
        kind,
        title: "A title".to_owned(),
        link: "https://example.org/post/".to_owned(),
        text: String::new(),
        html: "<blockquote><p>Why?</p></blockquote><p>Because.</p>".to_owned(),
        summary: "What it says.".to_owned(),
        authors: vec![Person::named("alice")],
        published: time,
        issued: Some(time - chrono::TimeDelta::days(9)),
        updated: time,
        first_seen: time,
        language: Some("ja".to_owned()),
        image: Some("https://example.org/picture.png".to_owned()),
        pictures: Default::default(),
        enclosures: vec![Enclosure {
            url: "https://example.org/talk.mp3".to_owned(),
            media_type: "audio/mpeg".to_owned(),
            length: Some(1024),
        }],
        version: Some("1.0".to_owned()),
        channel: None,
        starts_at: Some("2024-01-01T19:30:00+08:00".to_owned()),
        projects: Vec::new(),
        mentions: vec![Mention {
            folder: "posts".to_owned(),
            post: "weekly.md".to_owned(),
            post_title: "Weekly".to_owned(),
            link: Some("https://example.org/weekly/".to_owned()),
            section: "Questions".to_owned(),
            ..Mention::default()
        }],
        source: Some(crate::entry::Source { title: "A feed".to_owned(), ..crate::entry::Source::default() }),
    }
}
