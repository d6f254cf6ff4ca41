//! A feed as RSS 2.0, written with `rss`.
//!
//! The crate writes what it is given: text is scrubbed of what XML forbids, dates
//! are formatted here (RFC 822 with a four-digit year), prefixes are declared.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rss::extension::dublincore::DublinCoreExtension;
use rss::extension::{Extension, ExtensionMap};

use super::{plain, said_of, split_at, styled};
use crate::entry::{Enclosure, Entry};
use crate::merge::{Document, Feed};

/// What stands around the items of a feed: its beginning and its end.
pub fn frame(feed: &Feed) -> (String, String) {
    let mut extensions = ExtensionMap::default();
    let mut links = match &feed.document {
        Document::Live { .. } | Document::Archive { .. } => {
            vec![atom_link("self", &format!("{}rss.xml", feed.base), Some(MEDIA_TYPE))]
        }
        Document::Asked(place) => {
            let mut links = vec![atom_link("self", &place.address("rss"), Some(MEDIA_TYPE))];
            links.extend(place.older("rss").map(|l| atom_link("prev-archive", &l, Some(MEDIA_TYPE))));
            links.extend(place.current("rss").map(|l| atom_link("current", &l, Some(MEDIA_TYPE))));
            links
        }
    };
    links.extend(feed.hub.as_ref().map(|hub| atom_link("hub", hub.as_str(), None)));
    extensions.entry("atom".to_owned()).or_default().insert("link".to_owned(), links);
    let author = feed.author.as_ref().filter(|a| !plain(&a.name).is_empty());
    let channel = rss::Channel {
        title: plain(&feed.title),
        link: feed.page.as_ref().unwrap_or(&feed.site).to_string(),
        // RSS must have one.
        description: as_html(&plain(&said_of(feed).unwrap_or_else(|| feed.title.clone()))),
        language: feed.language.as_ref().map(|l| l.to_lowercase()),
        last_build_date: (!feed.entries.is_empty()).then(|| rfc822(feed.updated)),
        // RSS names editors by their address only.
        managing_editor: author.and_then(|a| Some(format!("{} ({})", plain(a.email.as_deref()?), plain(&a.name)))),
        dublin_core_ext: author
            .map(|a| DublinCoreExtension { creators: vec![plain(&a.name)], ..DublinCoreExtension::default() }),
        generator: Some(format!("Feedloom {}", env!("CARGO_PKG_VERSION"))),
        extensions,
        namespaces: NAMESPACES.iter().map(|(prefix, name)| ((*prefix).to_owned(), (*name).to_owned())).collect(),
        ..rss::Channel::default()
    };
    split_at(&styled(&written(&channel), feed.style.as_deref()), "</channel>")
}

/// A feed of nothing but an entry.
pub fn alone(entry: &Entry, content: &str) -> String {
    written(&rss::Channel { items: vec![item(entry, content)], ..rss::Channel::default() })
}

/// Every prefix that items may use.
const NAMESPACES: [(&str, &str); 4] = [
    ("atom", "http://www.w3.org/2005/Atom"),
    ("content", "http://purl.org/rss/1.0/modules/content/"),
    ("dc", "http://purl.org/dc/elements/1.1/"),
    ("dcterms", "http://purl.org/dc/terms/"),
];

fn written(channel: &rss::Channel) -> String {
    // Writing into memory cannot fail; a feed that were not UTF-8 would fail its check.
    let mut bytes = channel.write_to(Vec::new()).unwrap_or_default();
    bytes.push(b'\n');
    crate::normalize::text::utf8(&bytes).unwrap_or_default()
}

fn item(entry: &Entry, content: &str) -> rss::Item {
    let creators: Vec<String> = entry.authors.iter().map(|a| plain(&a.name)).filter(|n| !n.is_empty()).collect();
    let mut categories = vec![category(entry.kind.name())];
    categories.extend(entry.projects.iter().map(|m| category(m.slug.as_str())));
    let mut extensions = ExtensionMap::default();
    if let Some(issued) = entry.issued {
        let element = Extension {
            name: "dcterms:issued".to_owned(),
            value: Some(issued.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
            ..Extension::default()
        };
        extensions.entry("dcterms".to_owned()).or_default().insert("issued".to_owned(), vec![element]);
    }
    // Readers know one enclosure an item: the one that can be played, if there is any.
    let can_be_played = |file: &&Enclosure| ["audio/", "video/"].iter().any(|t| file.media_type.starts_with(t));
    let enclosure = entry.enclosures.iter().find(can_be_played).or(entry.enclosures.first());
    rss::Item {
        title: Some(plain(&entry.title)),
        link: Some(entry.link.clone()),
        description: Some(as_html(&plain(if entry.summary.is_empty() { &entry.title } else { &entry.summary }))),
        categories,
        guid: Some(rss::Guid { value: entry.id.to_string(), permalink: false }),
        enclosure: enclosure.map(|file| rss::Enclosure {
            url: file.url.clone(),
            // It must be there; 0 is what is written where nobody knows.
            length: file.length.unwrap_or_default().to_string(),
            mime_type: file.media_type.clone(),
        }),
        pub_date: Some(rfc822(entry.published)),
        source: entry
            .source
            .as_ref()
            .and_then(|s| Some(rss::Source { url: s.self_link.clone()?, title: Some(plain(&s.title)) })),
        content: Some(content.to_owned()),
        extensions,
        dublin_core_ext: (!creators.is_empty())
            .then(|| DublinCoreExtension { creators, ..DublinCoreExtension::default() }),
        ..rss::Item::default()
    }
}

/// Readers take a description for HTML: what a text says in angle brackets must stay text.
/// Quotes mean nothing there and stay as they are, for the readers that take it for text.
fn as_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The crate escapes attributes of extensions itself.
fn atom_link(rel: &str, href: &str, mime_type: Option<&str>) -> Extension {
    let mut attrs = BTreeMap::from([("href", href), ("rel", rel)].map(|(k, v)| (k.to_owned(), v.to_owned())));
    attrs.extend(mime_type.map(|t| ("type".to_owned(), t.to_owned())));
    Extension { name: "atom:link".to_owned(), attrs, ..Extension::default() }
}

const MEDIA_TYPE: &str = "application/rss+xml";

fn category(name: &str) -> rss::Category {
    rss::Category { name: name.to_owned(), domain: None }
}

fn rfc822(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}
