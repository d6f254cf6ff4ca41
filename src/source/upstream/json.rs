//! JSON Feed 1.0 and 1.1. Wrong types are taken for what they can mean: a number
//! for an id, one author for a list of one. Items are converted as they are read,
//! so that a feed that is cut off gives its complete items, and memory is not
//! used twice.

mod mend;

use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::builder::{Start, filled};
use super::model::*;
use super::{Format, Kind, Problems, Reading, base};
use crate::normalize::text::is_xml_char;

/// Reads a JSON Feed; a reading of kind none when the text is other JSON.
pub(super) fn read(text: &str, start: Start, problems: &mut Problems<'_>) -> Reading {
    let mended;
    let (mut feed, mut outcome) = parse(text, &start);
    if let Err(error) = &outcome
        && let Some(better) = mend::mended(text)
    {
        let what = format!("not valid JSON: {}: mended", reason(error));
        problems.list.push(super::Problem { line: error.line(), what });
        mended = better;
        // The first reading goes before there is a second one.
        feed.items = None;
        (feed, outcome) = parse(&mended, &start);
    }
    let is_feed = feed.version.contains("jsonfeed.org") || feed.items.is_some();
    if let Err(error) = outcome {
        // What would have come behind the mistake is missing.
        problems.cut_off = true;
        problems.list.push(super::Problem { line: error.line(), what: format!("not valid JSON: {}", reason(&error)) });
    }
    if feed.full {
        problems.whole(super::TOO_MANY.to_owned());
    }
    if !is_feed {
        problems.whole("JSON, but not a feed".to_owned());
        return Reading::default();
    }
    let format =
        if feed.version.ends_with("/1") || feed.version.ends_with("/1.0") { Format::Json10 } else { Format::Json11 };
    let mut record = feed.convert();
    if record.language.is_none() {
        record.language = start.language;
    }
    Reading {
        kind: Kind::Feed,
        format: Some(format),
        feed: record,
        entries: feed.items.unwrap_or_default(),
        ..Reading::default()
    }
}

/// What there is up to the first error.
fn parse<'t>(text: &'t str, start: &Start) -> (Feed<'t>, Result<(), serde_json::Error>) {
    let mut feed =
        Feed { text, full: false, base: start.base.clone(), version: String::new(), top: Map::new(), items: None };
    let outcome = FeedSeed(&mut feed).deserialize(&mut serde_json::Deserializer::from_str(text));
    (feed, outcome)
}

/// Without the place: it is told apart.
fn reason(error: &serde_json::Error) -> String {
    let text = error.to_string();
    text.split(" at line ").next().unwrap_or_default().to_owned()
}

struct Feed<'t> {
    text: &'t str,
    /// There were more items than are kept.
    full: bool,
    base: Option<Arc<str>>,
    version: String,
    top: Map<String, Value>,
    items: Option<Vec<Record>>,
}

struct FeedSeed<'f, 't>(&'f mut Feed<'t>);

impl<'de> DeserializeSeed<'de> for FeedSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for FeedSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a feed")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            if key == "items" {
                map.next_value_seed(ItemsSeed(self.0))?;
                continue;
            }
            let value = map.next_value::<Value>()?;
            if key == "version" {
                self.0.version = string(&value).unwrap_or_default();
            } else {
                self.0.top.insert(key, value);
            }
        }
        Ok(())
    }
}

struct ItemsSeed<'f, 't>(&'f mut Feed<'t>);

impl<'de> DeserializeSeed<'de> for ItemsSeed<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for ItemsSeed<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("items")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let items = self.0.items.get_or_insert_default();
        while let Some(item) = seq.next_element::<Value>()? {
            if let Value::Object(item) = item {
                if !super::has_room(items.len(), self.0.text) {
                    self.0.full = true;
                    continue;
                }
                items.push(entry(&item, self.0.base.as_ref()));
            }
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

/// A string, or what can be read as one; without characters that XML forbids.
fn string(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => {
            let text = text.trim();
            filled(if text.chars().all(is_good) {
                text.to_owned()
            } else {
                text.chars().filter(|c| is_good(*c)).collect()
            })
        }
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}

fn is_good(c: char) -> bool {
    is_xml_char(c) && (!c.is_control() || matches!(c, '\n' | '\t'))
}

/// The values of one object.
struct Object<'v> {
    map: &'v Map<String, Value>,
    base: Option<&'v Arc<str>>,
}

impl Object<'_> {
    fn string(&self, key: &str) -> Option<String> {
        self.map.get(key).and_then(string)
    }

    fn address(&self, key: &str) -> Option<String> {
        self.string(key).map(|a| base::resolve(self.base.map(|b| &**b), &a).into_owned())
    }

    fn text(&self, key: &str, media_type: MediaType, language: Option<&Arc<str>>) -> Option<Text> {
        let value = self.string(key)?;
        Some(Text { value, media_type, base: self.base.cloned(), language: language.cloned() })
    }

    fn language(&self) -> Option<Arc<str>> {
        self.string("language").map(|l| l.replace('_', "-").into())
    }

    /// `authors`, else the `author` of version 1.
    fn people(&self) -> Vec<Person> {
        let list = match (self.map.get("authors"), self.map.get("author")) {
            (Some(Value::Array(list)), one) if !list.is_empty() || one.is_none() => list.as_slice(),
            (Some(one @ Value::Object(_)), _) | (_, Some(one)) => std::slice::from_ref(one),
            _ => &[],
        };
        list.iter().filter_map(|v| self.person(v)).collect()
    }

    fn person(&self, value: &Value) -> Option<Person> {
        let person = match value {
            Value::Object(map) => {
                let object = Object { map, base: self.base };
                Person { name: object.string("name"), email: object.string("email"), uri: object.address("url") }
            }
            other => super::persons::read(&string(other)?),
        };
        (!person.is_empty()).then_some(person)
    }

    fn push_link(&self, record: &mut Record, key: &str, rel: &'static str) {
        if let Some(href) = self.address(key) {
            record.links.push(Link { href, rel: rel.into(), hints: None });
        }
    }
}

impl Feed<'_> {
    fn convert(&self) -> Record {
        let object = Object { map: &self.top, base: self.base.as_ref() };
        let language = object.language();
        let mut record = Record {
            title: object.text("title", MediaType::Plain, language.as_ref()),
            link: object.address("home_page_url"),
            id: object.address("feed_url"),
            authors: object.people(),
            ..Record::default()
        };
        object.push_link(&mut record, "home_page_url", "alternate");
        object.push_link(&mut record, "feed_url", "self");
        object.push_link(&mut record, "next_url", "next");
        if let Some(Value::Array(hubs)) = self.top.get("hubs") {
            for hub in hubs.iter().filter_map(Value::as_object) {
                Object { map: hub, base: object.base }.push_link(&mut record, "url", "hub");
            }
        }
        let subtitle = object.text("description", MediaType::Plain, language.as_ref());
        let icon = object.address("favicon");
        let logo = object.address("icon");
        if subtitle.is_some() || icon.is_some() || logo.is_some() {
            let more = record.more_mut();
            more.subtitle = subtitle;
            more.icon = icon;
            more.logo = logo;
        }
        if self.top.get("expired") == Some(&Value::Bool(true)) {
            record.more_mut().extra.push(("expired".to_owned(), Extra::Text("true".to_owned())));
        }
        record.language = language;
        record
    }
}

fn entry(item: &Map<String, Value>, base: Option<&Arc<str>>) -> Record {
    let object = Object { map: item, base };
    let language = object.language();
    let mut record = Record {
        id: object.string("id"),
        title: object.text("title", MediaType::Plain, language.as_ref()),
        summary: object.text("summary", MediaType::Plain, language.as_ref()),
        link: object.address("url"),
        published: object.string("date_published").map(|raw| Date { raw }),
        updated: object.string("date_modified").map(|raw| Date { raw }),
        authors: object.people(),
        ..Record::default()
    };
    object.push_link(&mut record, "url", "alternate");
    object.push_link(&mut record, "external_url", "related");
    for (key, media_type) in [("content_html", MediaType::Html), ("content_text", MediaType::Plain)] {
        if let Some(text) = object.text(key, media_type, language.as_ref()) {
            record.content.push(Content { text, src: None });
        }
    }
    if let Some(url) = object.address("image").or_else(|| object.address("banner_image")) {
        record.more_mut().image = Some(Image { url: Some(url), ..Image::default() });
    }
    match item.get("tags") {
        Some(Value::Array(tags)) => {
            let terms = tags.iter().filter_map(string).map(|t| Category { term: Some(t), ..Category::default() });
            record.categories.extend(terms);
        }
        Some(one) => record.categories.extend(string(one).map(|t| Category { term: Some(t), ..Category::default() })),
        None => {}
    }
    if let Some(Value::Array(attachments)) = item.get("attachments") {
        for attachment in attachments.iter().filter_map(Value::as_object) {
            let attachment = Object { map: attachment, base };
            let Some(href) = attachment.address("url") else { continue };
            let hints = Hints {
                media_type: attachment.string("mime_type"),
                title: attachment.string("title"),
                length: attachment.string("size_in_bytes"),
                hreflang: None,
                other: attachment
                    .string("duration_in_seconds")
                    .map(|d| ("duration".to_owned(), d))
                    .into_iter()
                    .collect(),
            };
            record.links.push(Link { href, rel: "enclosure".into(), hints: Some(Box::new(hints)) });
        }
    }
    record.language = language;
    record
}
