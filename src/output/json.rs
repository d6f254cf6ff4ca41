//! A feed as JSON Feed 1.1. What the format has no word for is under `_feedloom`.

use serde_json::{Map, Value, json};

use super::plain;
use crate::entry::{Entry, Person};
use crate::merge::{Document, Feed};

/// What stands around the items of a document: its beginning and its end.
pub fn frame(feed: &Feed) -> (String, String) {
    let archive = |name: &str| format!("{}archive/{name}.json", feed.base);
    let mut out = Map::new();
    out.insert("version".into(), "https://jsonfeed.org/version/1.1".into());
    out.insert("title".into(), plain(&feed.title).into());
    if let Some(page) = &feed.page {
        out.insert("home_page_url".into(), page.as_str().into());
    }
    let own = match &feed.document {
        Document::Live { .. } => format!("{}feed.json", feed.base),
        Document::Archive { name, .. } => archive(name),
        Document::Asked(place) => place.address("json"),
    };
    out.insert("feed_url".into(), own.into());
    let older = match &feed.document {
        Document::Live { older } | Document::Archive { older, .. } => older.as_deref().map(archive),
        Document::Asked(place) => place.older("json"),
    };
    if let Some(older) = older {
        out.insert("next_url".into(), older.into());
    }
    if let Some(hub) = &feed.hub {
        out.insert("hubs".into(), json!([{ "type": "WebSub", "url": hub.as_str() }]));
    }
    if let Some(description) = &feed.description {
        out.insert("description".into(), plain(description).into());
    }
    if let Some(language) = &feed.language {
        out.insert("language".into(), language.as_str().into());
    }
    if let Some(author) = &feed.author {
        out.insert("authors".into(), Value::Array(vec![person(author)]));
    }
    if feed.ended {
        out.insert("expired".into(), true.into());
    }
    let mut head = serde_json::to_string_pretty(&Value::Object(out)).unwrap_or_default();
    head.truncate(head.trim_end_matches(['}', '\n']).len());
    head.push_str(",\n  ");
    head.push_str(ITEMS);
    let end = if feed.entries.is_empty() { "]\n}\n" } else { "\n  ]\n}\n" };
    (head, end.to_owned())
}

/// A feed of nothing but an entry.
pub fn alone(entry: &Entry, content: &str, language: Option<&str>) -> String {
    let text = serde_json::to_string_pretty(&item(entry, language)).unwrap_or_default();
    // Line breaks in values are escaped: these are the layout's.
    let text = text.replace('\n', "\n    ");
    // The content is most of an entry: it is written once, straight to its place. A value
    // cannot hold these words: its quotes would be escaped.
    let (before, after) = text.split_once(NO_CONTENT).unwrap_or((&text, ""));
    let room = BEFORE_ITEM.len() + text.len() + content.len() + content.len() / 8 + 16;
    let mut out = String::with_capacity(room);
    // Text is always JSON; an item that were not would fail its check.
    let content = serde_json::to_string(content).unwrap_or_default();
    for part in [BEFORE_ITEM, "\n    ", before, KEY_OF_CONTENT, &content, after, AFTER_ITEM] {
        out.push_str(part);
    }
    out
}

const KEY_OF_CONTENT: &str = "\"content_html\": ";
const NO_CONTENT: &str = "\"content_html\": \"\"";

/// What stands before the items of a document.
pub const ITEMS: &str = "\"items\": [";

/// What [`alone`] writes before the item.
pub const BEFORE_ITEM: &str = "{\"items\": [";

/// What [`alone`] writes behind the item.
pub const AFTER_ITEM: &str = "]}";

fn item(entry: &Entry, language: Option<&str>) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), entry.id.as_str().into());
    out.insert("url".into(), entry.link.as_str().into());
    out.insert("title".into(), plain(&entry.title).into());
    out.insert("content_html".into(), "".into());
    if !entry.summary.is_empty() {
        out.insert("summary".into(), plain(&entry.summary).into());
    }
    if let Some(image) = &entry.image {
        out.insert("image".into(), image.as_str().into());
    }
    out.insert("date_published".into(), entry.published.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into());
    out.insert("date_modified".into(), entry.updated.to_rfc3339_opts(chrono::SecondsFormat::Millis, true).into());
    let authors: Vec<Value> = entry.authors.iter().filter(|a| !plain(&a.name).is_empty()).map(person).collect();
    if !authors.is_empty() {
        out.insert("authors".into(), Value::Array(authors));
    }
    let attachments = entry.enclosures.iter().map(|file| match file.length {
        Some(length) => json!({ "url": file.url, "mime_type": file.media_type, "size_in_bytes": length }),
        None => json!({ "url": file.url, "mime_type": file.media_type }),
    });
    let attachments: Vec<Value> = attachments.collect();
    if !attachments.is_empty() {
        out.insert("attachments".into(), Value::Array(attachments));
    }
    let tags = std::iter::once(entry.kind.name()).chain(entry.projects.iter().map(|m| m.slug.as_str()));
    out.insert("tags".into(), tags.map(Value::from).collect());
    if let Some(language) = entry.language.as_deref().filter(|l| language != Some(*l)) {
        out.insert("language".into(), language.into());
    }
    out.insert("_feedloom".into(), about(entry));
    Value::Object(out)
}

fn about(entry: &Entry) -> Value {
    let mut out = Map::new();
    out.insert("kind".into(), entry.kind.name().into());
    out.insert("projects".into(), entry.projects.iter().map(|m| Value::from(m.slug.as_str())).collect());
    if let Some(version) = &entry.version {
        out.insert("version".into(), version.as_str().into());
    }
    if let Some(starts_at) = &entry.starts_at {
        out.insert("starts_at".into(), starts_at.as_str().into());
    }
    if let Some(issued) = entry.issued {
        out.insert("issued".into(), issued.to_rfc3339_opts(chrono::SecondsFormat::Secs, true).into());
    }
    if let Some(source) = &entry.source {
        out.insert(
            "source".into(),
            json!({ "title": source.title, "url": source.self_link, "home_page_url": source.link }),
        );
    }
    let mentions: Vec<Value> = super::others(entry)
        .into_iter()
        .filter(|m| m.link.as_deref() != Some(entry.link.as_str()))
        .take(super::MENTIONS_SHOWN)
        .map(|m| json!({ "post": m.post_title, "section": m.section, "url": m.link }))
        .collect();
    if !mentions.is_empty() {
        out.insert("mentions".into(), Value::Array(mentions));
    }
    Value::Object(out)
}

fn person(person: &Person) -> Value {
    let mut out = Map::new();
    out.insert("name".into(), plain(&person.name).into());
    if let Some(uri) = &person.uri {
        out.insert("url".into(), uri.as_str().into());
    }
    Value::Object(out)
}
