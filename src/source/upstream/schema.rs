//! The document that `inspect --json` prints: a contract with programs. Keys are
//! only ever added. What is not there is left out.

use std::io::{self, Write};

use chrono::SecondsFormat;
use serde_json::{Map, Value, json};

use super::{Attributes, Category, Date, Extra, Image, Kind, Link, Person, Reading, Record, Shape, Text};
use crate::config::Zone;

/// Writes the document on one line, without its end. Entries are written one by
/// one: the document is never whole in memory.
///
/// # Errors
/// Those of `out`.
pub fn write(reading: &Reading, out: &mut impl Write) -> io::Result<()> {
    let mut head = Map::new();
    head.insert("kind".into(), name(reading.kind).into());
    head.insert("ok".into(), (reading.kind != Kind::None).into());
    if reading.kind == Kind::None {
        let error = reading.problems.iter().map(|p| p.what.as_str()).next_back().unwrap_or("not a feed");
        head.insert("error".into(), error.into());
    }
    head.insert("subject".into(), concat!("feedloom ", env!("CARGO_PKG_VERSION")).into());
    put(&mut head, "format", reading.format.map(|f| f.name().into()));
    head.insert("encoding".into(), reading.encoding.into());
    head.insert("bozo".into(), (!reading.problems.is_empty()).into());
    if !reading.problems.is_empty() {
        let problems: Vec<Value> = reading.problems.iter().map(|p| json!({"line": p.line, "what": p.what})).collect();
        head.insert("problems".into(), problems.into());
    }
    if !reading.discovered.is_empty() {
        let found: Vec<Value> = reading
            .discovered
            .iter()
            .map(|d| json!({"address": d.address, "title": d.title, "type": d.media_type}))
            .collect();
        head.insert("discovered".into(), found.into());
    }
    if reading.kind == Kind::Page {
        put(&mut head, "title", reading.feed.title.as_ref().map(|t| t.value.as_str().into()));
        put(&mut head, "language", reading.feed.language.as_deref().map(Value::from));
    }
    let feed = if reading.kind == Kind::Feed { feed(&reading.feed) } else { Map::new() };
    head.insert("feed".into(), Value::Object(feed));
    let head = Value::Object(head).to_string();
    // The list goes where the object ended.
    out.write_all(&head.as_bytes()[..head.len() - 1])?;
    out.write_all(b",\"entries\":[")?;
    for (n, record) in reading.entries.iter().enumerate() {
        if n > 0 {
            out.write_all(b",")?;
        }
        serde_json::to_writer(&mut *out, &Value::Object(entry(record)))?;
    }
    out.write_all(b"]}")
}

/// The document as a value.
pub fn document(reading: &Reading) -> Value {
    let mut bytes = Vec::new();
    write(reading, &mut bytes).expect("writing into memory does not fail");
    serde_json::from_slice(&bytes).expect("what was written as JSON reads as JSON")
}

fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Feed => "feed",
        Kind::Page => "page",
        Kind::None => "none",
    }
}

fn put(map: &mut Map<String, Value>, key: &str, value: Option<Value>) {
    if let Some(value) = value {
        map.insert(key.to_owned(), value);
    }
}

fn put_list<T>(map: &mut Map<String, Value>, key: &str, list: &[T], value: impl Fn(&T) -> Value) {
    if !list.is_empty() {
        map.insert(key.to_owned(), list.iter().map(value).collect());
    }
}

/// A feed, as one object.
pub fn feed(record: &Record) -> Map<String, Value> {
    common(record)
}

/// An entry, as one object.
pub fn entry(record: &Record) -> Map<String, Value> {
    let mut map = common(record);
    put(&mut map, "guid_is_permalink", record.id_is_link.map(Value::from));
    put_list(&mut map, "content", &record.content, |c| {
        let mut value = text(&c.text);
        if let (Some(src), Value::Object(map)) = (&c.src, &mut value) {
            map.insert("src".into(), (**src).into());
        }
        value
    });
    if let Some(more) = record.more()
        && let Some(source) = &more.source
    {
        let mut source = common(source);
        put(&mut source, "href", more.source_address.as_deref().map(Value::from));
        map.insert("source".into(), source.into());
    }
    map
}

fn common(record: &Record) -> Map<String, Value> {
    let mut map = Map::new();
    put(&mut map, "id", record.id.as_deref().map(Value::from));
    put(&mut map, "title", record.title.as_ref().map(text));
    put(&mut map, "link", record.link.as_deref().map(Value::from));
    put_list(&mut map, "links", &record.links, link);
    put(&mut map, "summary", record.summary.as_ref().map(text));
    put_date(&mut map, "published", record.published.as_ref());
    put_date(&mut map, "updated", record.updated.as_ref());
    put_list(&mut map, "authors", &record.authors, person);
    put_list(&mut map, "categories", &record.categories, category);
    put(&mut map, "language", record.language.as_deref().map(Value::from));
    put(&mut map, "comments", record.comments.as_deref().map(Value::from));
    let Some(more) = record.more() else { return map };
    for (key, value) in [("subtitle", &more.subtitle), ("rights", &more.rights), ("info", &more.info)] {
        put(&mut map, key, value.as_ref().map(text));
    }
    put_date(&mut map, "created", more.created.as_ref());
    put_date(&mut map, "expired", more.expired.as_ref());
    put_list(&mut map, "contributors", &more.contributors, person);
    put(&mut map, "publisher", more.publisher.as_ref().map(person));
    put(&mut map, "image", more.image.as_ref().map(image));
    for (key, value) in [
        ("icon", &more.icon),
        ("logo", &more.logo),
        ("license", &more.license),
        ("ttl", &more.ttl),
        ("docs", &more.docs),
    ] {
        put(&mut map, key, value.as_deref().map(Value::from));
    }
    put(
        &mut map,
        "generator",
        more.generator.as_ref().map(|g| strings(&[("name", &g.name), ("uri", &g.uri), ("version", &g.version)])),
    );
    put(&mut map, "cloud", more.cloud.as_ref().map(attributes));
    put(
        &mut map,
        "textinput",
        more.text_input.as_ref().map(|t| {
            strings(&[("title", &t.title), ("description", &t.description), ("name", &t.name), ("link", &t.link)])
        }),
    );
    put(
        &mut map,
        "itunes",
        more.itunes.as_ref().map(|i| {
            let mut map = Map::new();
            put(&mut map, "block", i.block.map(Value::from));
            if i.explicit_given {
                map.insert("explicit".into(), i.explicit.into());
            }
            put(&mut map, "duration", i.duration.as_deref().map(Value::from));
            map.into()
        }),
    );
    put(&mut map, "media", more.media.as_ref().map(media));
    put(&mut map, "where", more.place.as_ref().map(|p| place(p.shape.as_ref())));
    put(
        &mut map,
        "psc_chapters",
        more.chapters.as_ref().map(|c| {
            let chapters: Vec<Value> = c.chapters.iter().map(attributes).collect();
            json!({"version": c.version, "chapters": chapters})
        }),
    );
    let mut extra = Map::new();
    for (key, value) in &more.extra {
        let value = match value {
            Extra::Text(text) => text.as_str().into(),
            Extra::Attributes(list) => attributes(list),
        };
        extra.insert(key.clone(), value);
    }
    for (key, list) in [("skiphours", &more.skip_hours), ("skipdays", &more.skip_days)] {
        put_list(&mut extra, key, list, |v| v.as_str().into());
    }
    if !extra.is_empty() {
        map.insert("extra".into(), extra.into());
    }
    map
}

fn text(text: &Text) -> Value {
    let mut map = Map::new();
    map.insert("value".into(), text.value.as_str().into());
    map.insert("type".into(), text.media_type.name().into());
    put(&mut map, "base", text.base.as_deref().map(Value::from));
    put(&mut map, "language", text.language.as_deref().map(Value::from));
    map.into()
}

fn put_date(map: &mut Map<String, Value>, key: &str, date: Option<&Date>) {
    let Some(date) = date else { return };
    if let Some(claimed) = date.read(Zone::UTC) {
        let time = match claimed.offset {
            Some(offset) => claimed.time.with_timezone(&offset).to_rfc3339_opts(SecondsFormat::Secs, true),
            None => claimed.time.to_rfc3339_opts(SecondsFormat::Secs, true),
        };
        map.insert(key.to_owned(), time.into());
    }
    map.insert(format!("{key}_raw"), date.raw.as_str().into());
}

fn strings(values: &[(&str, &Option<String>)]) -> Value {
    let mut map = Map::new();
    for (key, value) in values {
        put(&mut map, key, value.as_deref().map(Value::from));
    }
    map.into()
}

fn person(person: &Person) -> Value {
    strings(&[("name", &person.name), ("email", &person.email), ("uri", &person.uri)])
}

fn category(category: &Category) -> Value {
    strings(&[("term", &category.term), ("scheme", &category.scheme), ("label", &category.label)])
}

fn image(image: &Image) -> Value {
    strings(&[
        ("url", &image.url),
        ("title", &image.title),
        ("link", &image.link),
        ("width", &image.width),
        ("height", &image.height),
        ("description", &image.description),
    ])
}

fn link(link: &Link) -> Value {
    let mut map = Map::new();
    map.insert("rel".into(), link.rel.as_ref().into());
    map.insert("href".into(), link.href.as_str().into());
    if let Some(hints) = &link.hints {
        for (key, value) in [
            ("type", &hints.media_type),
            ("hreflang", &hints.hreflang),
            ("title", &hints.title),
            ("length", &hints.length),
        ] {
            put(&mut map, key, value.as_deref().map(Value::from));
        }
        for (key, value) in &hints.other {
            map.entry(key.as_str()).or_insert_with(|| value.as_str().into());
        }
    }
    map.into()
}

fn attributes(list: &Attributes) -> Value {
    list.iter().map(|(k, v)| (k.clone(), Value::from(v.as_str()))).collect::<Map<_, _>>().into()
}

fn media(media: &super::Media) -> Value {
    let mut map = Map::new();
    put_list(&mut map, "thumbnails", &media.thumbnails, attributes);
    put_list(&mut map, "contents", &media.contents, attributes);
    put_list(&mut map, "credits", &media.credits, attributes);
    put(&mut map, "player", media.player.as_ref().map(attributes));
    put(&mut map, "rating", media.rating.as_ref().map(attributes));
    put(&mut map, "license", media.license.as_ref().map(attributes));
    put(
        &mut map,
        "restriction",
        media.restriction.as_ref().map(|list| {
            let mut value = attributes(list);
            // A list of codes, in lower case.
            let codes = list
                .iter()
                .find(|(n, _)| n == "content")
                .map(|(_, codes)| codes.split_whitespace().map(str::to_lowercase).collect::<Vec<_>>());
            if let (Some(codes), Value::Object(map)) = (codes, &mut value) {
                map.insert("content".into(), codes.into());
            }
            value
        }),
    );
    map.into()
}

fn place(shape: Option<&Shape>) -> Value {
    match shape {
        None => json!({}),
        Some(Shape::Point(point)) => json!({"type": "Point", "coordinates": point}),
        Some(Shape::Line(line)) => json!({"type": "LineString", "coordinates": line}),
        Some(Shape::Polygon(ring)) => json!({"type": "Polygon", "coordinates": [ring]}),
        Some(Shape::Box(corners)) => json!({"type": "Box", "coordinates": corners}),
    }
}
