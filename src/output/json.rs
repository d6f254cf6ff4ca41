//! A feed as JSON Feed 1.1. What the format has no word for is under `_feedloom`.

use serde_json::{Map, Value, json};

use super::{Prepared, plain};
use crate::entry::{Entry, Person};
use crate::merge::Feed;

/// The feed as JSON.
pub fn render(feed: &Feed, contents: &[Prepared]) -> String {
    let mut out = Map::new();
    out.insert("version".into(), "https://jsonfeed.org/version/1.1".into());
    out.insert("title".into(), plain(&feed.title).into());
    out.insert("home_page_url".into(), feed.page.as_str().into());
    out.insert("feed_url".into(), format!("{}feed.json", feed.base).into());
    out.insert("description".into(), plain(&feed.description).into());
    if let Some(language) = &feed.language {
        out.insert("language".into(), language.as_str().into());
    }
    if let Some(author) = &feed.author {
        out.insert("authors".into(), Value::Array(vec![person(author)]));
    }
    if feed.ended {
        out.insert("expired".into(), true.into());
    }
    out.insert("items".into(), feed.entries.iter().zip(contents).map(|(e, c)| item(e, c, feed)).collect());
    let mut text = serde_json::to_string_pretty(&Value::Object(out)).unwrap_or_default();
    text.push('\n');
    text
}

fn item(entry: &Entry, content: &Prepared, feed: &Feed) -> Value {
    let mut out = Map::new();
    out.insert("id".into(), entry.id.as_str().into());
    out.insert("url".into(), entry.link.as_str().into());
    out.insert("title".into(), plain(&entry.title).into());
    out.insert("content_html".into(), content.content.as_ref().into());
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
    let tags = std::iter::once(entry.kind.name()).chain(entry.projects.iter().map(|m| m.slug.as_str()));
    out.insert("tags".into(), tags.map(Value::from).collect());
    if let Some(language) = entry.language.as_ref().filter(|l| feed.language.as_ref() != Some(l)) {
        out.insert("language".into(), language.as_str().into());
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
    let mentions: Vec<Value> = entry
        .mentions
        .iter()
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
