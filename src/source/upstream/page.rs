//! HTML pages, as far as they lead to feeds: title, language, and the feeds that
//! `<link rel="alternate">` names.

use std::sync::Arc;

use super::base;
use super::entities::Decoder;
use super::model::{MediaType, Record, Text};
use super::xml::{Event, Scanner, Tag};
use super::{Discovered, Kind, Reading};
use crate::normalize::text::squeeze;

/// Feeds that one page can name.
const MAX_DISCOVERED: usize = 50;

/// Media types of feeds.
const FEED_TYPES: [&str; 7] = [
    "application/atom+xml", "application/rss+xml", "application/rdf+xml", "application/feed+json", "application/json",
    "application/xml", "text/xml",
];

/// Reads a page; none when the text is none.
pub(super) fn read(text: &str, address: Option<&str>) -> Option<Reading> {
    let decoder = Decoder::default();
    let mut reading = Reading { kind: Kind::Page, ..Reading::default() };
    let mut base: Option<Arc<str>> = address.map(Arc::from);
    let mut is_page = false;
    let mut in_title = false;
    let mut title = String::new();
    let mut scanner = Scanner::new(text);
    while let Some(event) = scanner.next() {
        match event {
            Event::Doctype(text) => {
                is_page |= text.trim_start().get(..4).is_some_and(|t| t.eq_ignore_ascii_case("html"))
            }
            Event::Start(tag) => {
                let name = tag.name.to_ascii_lowercase();
                match name.as_str() {
                    "html" => {
                        is_page = true;
                        let language = tag.attribute("lang").or_else(|| tag.attribute("xml:lang"));
                        reading.feed.language = language.map(|l| Arc::from(l.replace('_', "-").as_str()));
                    }
                    "head" | "body" | "div" | "p" | "meta" | "table" => is_page = true,
                    "title" => in_title = title.is_empty(),
                    "base" => {
                        if let Some(href) = tag.attribute("href")
                            && let Some(inner) = base::inner(base.as_deref(), &decoder.decode(href))
                        {
                            base = Some(inner.into());
                        }
                    }
                    "link" => {
                        if reading.discovered.len() < MAX_DISCOVERED
                            && let Some(found) = feed(&tag, base.as_deref(), &decoder)
                            && !reading.discovered.iter().any(|d| d.address == found.address)
                        {
                            reading.discovered.push(found);
                        }
                    }
                    _ => {}
                }
            }
            Event::End(name) => in_title &= !name.eq_ignore_ascii_case("title"),
            Event::Text(text) if in_title && title.len() < 1000 => decoder.decode_into(&mut title, text),
            Event::Text(_) | Event::CData(_) => {}
        }
    }
    if !is_page {
        return None;
    }
    let title = squeeze(&title);
    if !title.is_empty() {
        let text = Text { value: title, media_type: MediaType::Plain, ..Text::default() };
        reading.feed = Record { title: Some(text), ..reading.feed };
    }
    Some(reading)
}

/// The feed that a `<link>` names.
fn feed(tag: &Tag<'_>, base: Option<&str>, decoder: &Decoder) -> Option<Discovered> {
    let rel = tag.attribute("rel")?.to_ascii_lowercase();
    let media_type = tag.attribute("type").unwrap_or_default().trim().to_ascii_lowercase();
    let media_type = media_type.split(';').next().unwrap_or_default().trim().to_owned();
    let mut rels = rel.split_ascii_whitespace();
    let is_feed = rels.clone().any(|r| r == "feed")
        || rels.any(|r| r == "alternate") && FEED_TYPES.contains(&media_type.as_str());
    let href = tag.attribute("href").filter(|h| is_feed && !h.trim().is_empty())?;
    let title = tag.attribute("title").map(|t| squeeze(&decoder.decode(t))).filter(|t| !t.is_empty());
    let address = base::resolve(base, &decoder.decode(href)).into_owned();
    Some(Discovered { address, title, media_type })
}
