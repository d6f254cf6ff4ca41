//! Feeds into text, one file a format. Pure: the same feed makes the same bytes.
//!
//! What leaves here is sanitised, absolute and bounded, and read again strictly
//! ([`check`]) before it is published: a file that fails is held back by the caller.

pub mod atom;
pub mod check;
pub mod html;
pub mod json;
pub mod opml;
pub mod rss;
pub mod words;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::rc::Rc;

use url::Url;

use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, Kind, Mention};
use crate::merge::Feed;
use crate::normalize::html::{escape, sanitise};
use crate::normalize::text;
use words::{Words, words};

/// Posts named as recommending an entry; more than these say nothing more.
const MENTIONS_SHOWN: usize = 8;

/// An entry with its content made ready for publishing.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Sanitised HTML with its attribution, within the byte budget.
    pub content: Rc<str>,
}

/// Sanitised contents by entry id: an entry is in several feeds, but cleaned once.
#[derive(Debug, Default)]
pub struct Contents {
    ready: HashMap<String, Prepared>,
}

impl Contents {
    /// The content of `entry`, made now or before.
    pub fn of(&mut self, entry: &Entry, site: &Site) -> Prepared {
        if let Some(ready) = self.ready.get(entry.id.as_str()) {
            return ready.clone();
        }
        let ready = Prepared { content: content(entry, site).into() };
        self.ready.insert(entry.id.to_string(), ready.clone());
        ready
    }
}

impl FeedFormat {
    /// The file a feed of this format is written to.
    pub fn file_name(self) -> &'static str {
        match self {
            FeedFormat::Atom => "atom.xml",
            FeedFormat::Rss => "rss.xml",
            FeedFormat::Json => "feed.json",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            FeedFormat::Atom => "application/atom+xml",
            FeedFormat::Rss => "application/rss+xml",
            FeedFormat::Json => "application/feed+json",
        }
    }

    fn render_all(self, feed: &Feed, contents: &[Prepared]) -> String {
        match self {
            FeedFormat::Atom => atom::render(feed, contents),
            FeedFormat::Rss => rss::render(feed, contents),
            FeedFormat::Json => json::render(feed, contents),
        }
    }

    /// The feed as text, of as many of its entries as fit into `bytes`, newest first.
    pub fn render(self, feed: &Feed, contents: &[Prepared], bytes: usize) -> String {
        let whole = self.render_all(feed, contents);
        if whole.len() <= bytes || feed.entries.len() <= 1 {
            return whole;
        }
        // Contents make up nearly all of a feed: find the cut from them, then make sure.
        let sizes: Vec<usize> = contents.iter().map(|c| c.content.len()).collect();
        let all: usize = sizes.iter().sum::<usize>().max(1);
        let factor = whole.len() as f64 / all as f64;
        let mut count = 0;
        let mut used = 0.0;
        for size in sizes {
            used += size as f64 * factor;
            if used > bytes as f64 {
                break;
            }
            count += 1;
        }
        let mut count = count.clamp(1, feed.entries.len() - 1);
        loop {
            let mut part = feed.clone();
            part.entries.truncate(count);
            let text = self.render_all(&part, &contents[..count]);
            if text.len() <= bytes || count == 1 {
                return text;
            }
            count -= (count / 10).max(1);
        }
    }
}

/// The HTML of an entry as feeds carry it.
fn content(entry: &Entry, site: &Site) -> String {
    let words = words(entry.language.as_deref().or(site.language.as_deref()));
    let base = base_of(entry);
    let mut body = sanitise(&entry.html, base.as_ref());
    if body.len() > site.output.entry_bytes {
        body = format!(
            "<p>{}</p><p><a href=\"{}\">{}</a></p>",
            escape(&entry.summary),
            escape(&entry.link),
            words.read_more
        );
    }
    if body.trim().is_empty() {
        body = bare(entry);
    }
    body.push_str(&attribution(entry, words, site));
    body
}

/// What relative addresses in the entry's HTML are relative to.
fn base_of(entry: &Entry) -> Option<Url> {
    let own = Url::parse(&entry.link).ok();
    match entry.kind {
        Kind::Post | Kind::Digest | Kind::Upstream => own,
        _ => entry.mentions.first().and_then(|m| m.link.as_deref()).and_then(|l| Url::parse(l).ok()).or(own),
    }
}

/// An entry of which only the link is known.
fn bare(entry: &Entry) -> String {
    let host = Url::parse(&entry.link).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let mut body = format!("<p><a href=\"{}\">{}</a>", escape(&entry.link), escape(&entry.title));
    if !host.is_empty() && entry.kind == Kind::Article {
        let _ = write!(body, " ({})", escape(&host));
    }
    body.push_str("</p>");
    if !entry.summary.is_empty() && entry.summary != entry.title {
        let _ = write!(body, "<p>{}</p>", escape(&entry.summary));
    }
    body
}

/// Where the entry is from and who recommended it.
fn attribution(entry: &Entry, words: &Words, site: &Site) -> String {
    let mut out = String::new();
    if let Some(issued) = entry.issued.filter(|i| i.date_naive() != entry.published.date_naive()) {
        let day = site.timezone.to_local(issued).format("%Y-%m-%d");
        let _ = write!(out, "<p>{} {day}</p>", words.issued);
    }
    if let Some(source) = entry.source.as_ref().filter(|s| !s.title.is_empty()) {
        let link = source.link.as_deref().or(source.self_link.as_deref());
        match link {
            Some(link) => {
                let _ = write!(out, "<p>{} <a href=\"{}\">{}</a></p>", words.via, escape(link), escape(&source.title));
            }
            None => {
                let _ = write!(out, "<p>{} {}</p>", words.via, escape(&source.title));
            }
        }
    }
    let others: Vec<&Mention> = entry
        .mentions
        .iter()
        .filter(|m| {
            m.link.as_deref() != Some(entry.link.as_str()) || entry.kind != Kind::Post && entry.kind != Kind::Digest
        })
        .collect();
    if others.is_empty() {
        return out;
    }
    let lead = match entry.kind {
        Kind::Post | Kind::Digest | Kind::Article | Kind::Upstream => words.recommended_in,
        Kind::Question | Kind::Release | Kind::Task | Kind::Event | Kind::News => words.from,
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut links = Vec::new();
    for mention in others {
        if seen.contains(&mention.post.as_str()) {
            continue;
        }
        seen.push(&mention.post);
        let title = text::cut(&text::line(&mention.post_title), 60);
        links.push(match &mention.link {
            Some(link) => format!("<a href=\"{}\">{}</a>", escape(link), escape(&title)),
            None => escape(&title),
        });
    }
    let more = links.len().saturating_sub(MENTIONS_SHOWN);
    links.truncate(MENTIONS_SHOWN);
    let _ = write!(out, "<p>{} {}", lead, links.join(words.comma));
    if more > 0 {
        let _ = write!(out, " (+{more})");
    }
    out.push_str("</p>");
    out
}

/// Text that any format may carry: no forbidden character, one line.
fn plain(text: &str) -> String {
    text::squeeze(&text::scrub(text))
}
