//! What the keys of front matter mean, in the spellings of the generators.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Map, Value};

use super::{Note, Weight};
use crate::config::{Slugify, Zone};
use crate::entry::Person;
use crate::normalize::{date, text};
use crate::source::markdown;
use crate::source::pattern::Pattern;

/// Front matter with what it may mean.
pub(super) struct Front {
    pub(super) values: Map<String, Value>,
    /// The front matter as it is written, for the lines of its keys.
    pub(super) head: String,
}

/// Told of a date that cannot be read.
pub(super) const NO_DATE: &str = "` is no date: write";

/// Keys that say when a post came, in the order in which they are believed.
const DATES: [&str; 16] = [
    "date", "publishdate", "pubdate", "published", "published_at", "created", "pubdatetime", "publishedat",
    "publish_date", "datepublished", "date_published", "createdat", "created_at", "createtime", "create_time",
    "datetime",
];

/// Keys that say when its text became another.
const UPDATES: [&str; 10] = [
    "lastmod", "updated", "modified", "last_modified_at", "moddatetime", "updatedat", "updated_at", "updatedate",
    "datemodified", "date_modified",
];

impl Front {
    pub(super) fn inside(values: &Map<String, Value>) -> Self {
        Self { values: values.clone(), head: String::new() }
    }

    /// The line of a key in the file, from 1; the first one when it is nowhere.
    fn line(&self, key: &str) -> usize {
        let names = |line: &str| {
            let name = line.split([':', '=']).next().unwrap_or("");
            let name = name.trim_matches(|c: char| c.is_whitespace() || "\"'{,".contains(c));
            line.len() > name.len() && name.eq_ignore_ascii_case(key)
        };
        let at_margin = |line: &str| !line.starts_with([' ', '\t']) && names(line);
        let place = |found: &dyn Fn(&str) -> bool| self.head.lines().position(found);
        place(&at_margin).or_else(|| place(&names)).map_or(1, |n| n + 1)
    }

    /// The value of a key as one text.
    pub(super) fn one(&self, key: &str) -> Option<String> {
        match self.values.get(key)? {
            Value::String(s) => Some(s.trim().to_owned()).filter(|s| !s.is_empty()),
            Value::Array(items) => {
                items.iter().find_map(Value::as_str).map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
            }
            Value::Number(n) => Some(n.to_string()),
            Value::Bool(b) => Some(b.to_string()),
            Value::Null | Value::Object(_) => None,
        }
    }

    /// The value of a key as many texts; a text with commas is many.
    pub(super) fn many(&self, key: &str) -> Vec<String> {
        let split = |s: &str| {
            s.split([',', '，', ';']).map(|p| p.trim().to_owned()).filter(|p| !p.is_empty()).collect::<Vec<_>>()
        };
        match self.values.get(key) {
            Some(Value::String(s)) => split(s),
            Some(Value::Array(items)) => items
                .iter()
                // Hexo's nested categories: `[[outer, inner], other]`.
                .flat_map(|i| i.as_array().map_or(std::slice::from_ref(i), Vec::as_slice))
                .filter_map(|i| {
                    i.as_str().map(|s| s.trim().to_owned()).or_else(|| i.get("name")?.as_str().map(str::to_owned))
                })
                .filter(|s| !s.is_empty())
                .collect(),
            _ => Vec::new(),
        }
    }

    /// A key of an inner table: Zola's `[taxonomies]` and `[extra]`.
    pub(super) fn inner(&self, table: &str, key: &str) -> Vec<String> {
        match self.values.get(table) {
            Some(Value::Object(map)) => Front::inside(map).many(key),
            _ => Vec::new(),
        }
    }

    pub(super) fn title(&self) -> Option<String> {
        let title = self.one("title").map(|t| text::line(&t)).filter(|t| !t.is_empty());
        title.map(|title| markdown::with_emoji(&title).into_owned())
    }

    pub(super) fn description(&self) -> Option<String> {
        ["description", "summary", "excerpt", "subtitle"]
            .iter()
            .find_map(|k| self.one(k))
            .map(|d| text::line(&d))
            .filter(|d| !d.is_empty())
    }

    /// Dates as they are written, with their keys.
    pub(super) fn dates(&self) -> impl Iterator<Item = (&'static str, String)> {
        DATES.into_iter().filter_map(|key| {
            // Jekyll's `published: false` says whether, not when.
            let says_when = |v: &String| !["true", "false", "yes", "no"].contains(&v.to_lowercase().as_str());
            // `date: {created: …, updated: …}`, as MkDocs has it.
            let inner = || self.inner(key, "created").into_iter().next();
            Some((key, self.one(key).or_else(inner).filter(says_when)?))
        })
    }

    pub(super) fn date(&self, zone: Zone, notes: &mut Vec<Note>) -> Option<DateTime<Utc>> {
        for (key, written) in self.dates() {
            match date::lenient(&written, zone) {
                Some(claimed) if date::SANE_YEARS.contains(&claimed.time.year()) => {
                    return Some(claimed.time);
                }
                Some(claimed) if claimed.time.year() > *date::SANE_YEARS.end() => {
                    notes.push(Note::new(
                        self.line(key),
                        Weight::Problem,
                        format!("`{key}: {}` lies in the far future: the post waits", text::cut(&written, 40)),
                    ));
                    return Some(claimed.time);
                }
                Some(_) | None => {
                    notes.push(Note::new(
                        self.line(key),
                        Weight::Problem,
                        format!(
                            "`{key}: {}{NO_DATE} for example 2024-06-30T10:00:00+08:00",
                            text::cut(&text::scrub(&written), 40)
                        ),
                    ));
                }
            }
        }
        None
    }

    pub(super) fn updated(&self, zone: Zone) -> Option<DateTime<Utc>> {
        let inner = || self.inner("date", "updated").into_iter().next();
        UPDATES
            .iter()
            .find_map(|k| self.one(k))
            .or_else(inner)
            .and_then(|d| date::lenient(&d, zone))
            .map(|c| c.time)
            .filter(|t| date::SANE_YEARS.contains(&t.year()))
    }

    /// When the generator begins to publish it, where that is not its date.
    pub(super) fn from(&self, zone: Zone, slugify: Slugify) -> Option<DateTime<Utc>> {
        let written =
            ["publishdate", "pubdate"].iter().find_map(|k| self.one(k)).filter(|_| slugify == Slugify::Hugo)?;
        let time = date::lenient(&written, zone)?.time;
        (time.year() >= *date::SANE_YEARS.start()).then_some(time)
    }

    /// When the generator ceases to publish it.
    pub(super) fn until(&self, zone: Zone, notes: &mut Vec<Note>) -> Option<DateTime<Utc>> {
        let (key, written) =
            ["expiryDate", "unpublishDate"].iter().find_map(|k| Some((k, self.one(&k.to_lowercase())?)))?;
        let claimed = date::lenient(&written, zone);
        if claimed.is_none() {
            let shown = text::cut(&text::scrub(&written), 40);
            let text = format!("`{key}: {shown}` is no date: the post stays; write for example 2024-06-30");
            notes.push(Note::new(self.line(key), Weight::Problem, text));
        }
        claimed.map(|c| c.time)
    }

    /// A bundle of Hugo's that is there for others: `headless: true`.
    pub(super) fn headless(&self, path: &str, slugify: Slugify) -> bool {
        let is_bundle = path.rsplit('/').next().is_some_and(|file| file.starts_with("index."));
        slugify == Slugify::Hugo && is_bundle && self.one("headless").is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Docusaurus has such posts in none of its feeds.
    pub(super) fn unlisted(&self, slugify: Slugify) -> bool {
        slugify == Slugify::Docusaurus && self.one("unlisted").is_some_and(|v| v.eq_ignore_ascii_case("true"))
    }

    /// Hugo makes no page of it: `build: {render: never}`, nor does Eleventy: `permalink: false`.
    pub(super) fn pageless(&self) -> bool {
        let render = |table: &str| self.inner(table, "render").into_iter().next();
        let says = |render: String| ["never", "link", "false"].contains(&render.to_lowercase().as_str());
        ["build", "_build"].iter().find_map(|t| render(t)).is_some_and(says)
            || self.one("permalink").is_some_and(|v| v == "false")
    }

    pub(super) fn draft(&self) -> bool {
        let says =
            |key: &str, words: &[&str]| self.one(key).is_some_and(|v| words.contains(&v.to_lowercase().as_str()));
        let any = |keys: &[&str], words: &[&str]| keys.iter().any(|key| says(key, words));
        let says_no = |v: &str| ["false", "no", "0", "none", "off", "true"].contains(&v.to_lowercase().as_str());
        any(&["draft", "isdraft", "is_draft", "private"], &["true", "yes", "1"])
            || any(&["status", "visibility"], &["draft", "hidden", "skip", "private"])
            || any(&["published", "publish", "ispublished", "is_published"], &["false", "no"])
            || self.one("password").is_some_and(|v| !says_no(&v)) && !self.one("encrypt").is_some_and(|v| says_no(&v))
    }

    /// Who wrote it. `known` tells who is meant by a key, as the generators' lists of authors do.
    pub(super) fn authors(&self, known: &BTreeMap<String, Person>) -> Vec<Person> {
        let uri = ["authorlink", "author_link", "author_url", "authorurl"]
            .iter()
            .find_map(|k| self.one(k))
            .filter(|u| u.starts_with("http"));
        let mut found = Vec::new();
        for key in ["authors", "author", "by"] {
            match self.values.get(key) {
                Some(Value::Array(items)) => {
                    for item in items {
                        match item {
                            Value::String(name) => found.push(written_person(name)),
                            Value::Object(map) => found.extend(person(map)),
                            _ => {}
                        }
                    }
                }
                Some(Value::Object(map)) => found.extend(person(map)),
                // A name may hold a blank, a list of names holds commas.
                Some(Value::String(names)) => found.extend(names.split([',', '，', '、', ';']).map(written_person)),
                _ => {}
            }
            if !found.is_empty() {
                break;
            }
        }
        found.retain(|p| !p.name.is_empty());
        for person in &mut found {
            if let Some(meant) = known.get(&person.name.to_lowercase()) {
                *person = meant.clone();
            }
        }
        if let [only] = found.as_mut_slice()
            && only.uri.is_none()
        {
            only.uri = uri;
        }
        found
    }

    pub(super) fn tags(&self) -> Vec<String> {
        let mut tags = Vec::new();
        for key in ["tags", "tag", "categories", "category", "keywords", "topics"] {
            tags.extend(self.many(key));
        }
        tags.extend(self.inner("taxonomies", "tags"));
        tags.extend(self.inner("taxonomies", "categories"));
        let mut seen = Vec::new();
        tags.into_iter()
            .map(|t| text::line(&t))
            .filter(|t| !t.is_empty())
            .filter(|t| {
                if seen.contains(t) {
                    false
                } else {
                    seen.push(t.clone());
                    true
                }
            })
            .collect()
    }

    /// The first picture that the front matter names by an address.
    pub(super) fn image(&self, notes: &mut Vec<Note>) -> Option<String> {
        for key in ["cover", "image", "images", "thumbnail", "featured_image", "featuredimage", "banner", "og_image"] {
            let written = if let Some(Value::Object(map)) = self.values.get(key) {
                let inner = Front::inside(map);
                ["image", "src", "url", "path", "feature"].iter().find_map(|k| inner.one(k))
            } else {
                self.one(key)
            };
            let Some(written) = written else { continue };
            let found = picture(&written);
            if found.is_some() {
                return found;
            }
            let shown = text::cut(&text::scrub(&written), 60);
            let text = format!("`{key}: {shown}` is no address of a picture: it is left out");
            notes.push(Note::new(self.line(key), Weight::Hint, text));
        }
        None
    }

    /// Whether the front matter has `key` with `value` (both lower case); one of a list is enough.
    /// Jekyll's lists may have blanks between their items.
    pub(super) fn holds(&self, key: &str, value: &str, slugify: Slugify) -> bool {
        let mut all = self.many(key);
        if slugify == Slugify::Jekyll && matches!(key, "categories" | "tags") {
            all.extend(self.one(key).iter().flat_map(|list| list.split_whitespace()).map(str::to_owned));
        }
        all.extend(self.one(key));
        all.extend(self.inner("taxonomies", key));
        all.extend(self.inner("extra", key));
        all.iter().any(|v| v.to_lowercase() == value)
    }
}

/// The address of a picture: as it is written, or that of a Markdown link. A name of a file
/// may have blanks, an address has none, and neither has brackets.
fn picture(written: &str) -> Option<String> {
    static LINK: Pattern = Pattern::new(r"^!?\[[^\]]*\]\(\s*<?([^\s()<>\[\]]+)>?[^()]*\)$");
    let address = LINK.captures(written).and_then(|c| c.get(1)).map_or(written, |m| m.as_str());
    let name = address.rsplit('/').next().unwrap_or(address).to_lowercase();
    let is_file = !address.contains("://") && PICTURES.iter().any(|end| name.ends_with(end));
    let is_broken = address.contains(['[', ']', '<', '>', '{', '}', '"']);
    (!is_broken && (is_file || !address.contains(char::is_whitespace))).then(|| address.to_owned())
}

/// How names of pictures end.
const PICTURES: [&str; 7] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif"];

/// `[Ann](https://ann.example) (Wick Inc.)`, `Ann <ann@ann.example>`, `Ann`: who it is, and where.
fn written_person(written: &str) -> Person {
    static LINK: Pattern = Pattern::new(r"^\s*\[([^\]]+)\]\(\s*(https?://[^\s)]+)\s*\)");
    static BRACKETS: Pattern = Pattern::new(r"^\s*([^<>]*\w[^<>]*?)\s*<([^<>\s]+)>\s*$");
    let Some(found) = LINK.captures(written).or_else(|| BRACKETS.captures(written)) else {
        return Person::named(text::line(written));
    };
    let mut person = Person::named(text::line(&found[1]));
    let place = found[2].trim_start_matches("mailto:");
    if place.starts_with("http://") || place.starts_with("https://") {
        person.uri = Some(place.to_owned());
    } else if place.contains('@') {
        person.email = Some(place.to_owned());
    }
    person
}

pub(super) fn person(map: &Map<String, Value>) -> Option<Person> {
    let front = Front::inside(map);
    // Docusaurus: `{key: ann, title: Keeper of lamps}`.
    let name = text::line(&front.one("name").or_else(|| front.one("key"))?);
    let uri =
        ["url", "uri", "link", "github", "website"].iter().find_map(|k| front.one(k)).filter(|u| u.starts_with("http"));
    (!name.is_empty()).then(|| Person { name, uri, email: front.one("email").filter(|e| e.contains('@')) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_addresses() {
        for (written, want) in [
            ("https://a.example/b.png", Some("https://a.example/b.png")),
            ("images/my cover (1).png", Some("images/my cover (1).png")),
            ("[https://a.example](https://b.example/c.png)", Some("https://b.example/c.png")),
            ("![](/c.png \"words\")", Some("/c.png")),
            ("[https://a.example", None),
            ("https://a.example/b and words", None),
            ("a picture", None),
        ] {
            assert_eq!(picture(written).as_deref(), want, "{written}");
        }
    }

    #[test]
    fn authors_in_their_spellings() {
        let person = |name: &str, uri: Option<&str>, email: Option<&str>| Person {
            name: name.to_owned(),
            uri: uri.map(str::to_owned),
            email: email.map(str::to_owned),
        };
        for (written, want) in [
            ("Ann Wick", person("Ann Wick", None, None)),
            ("[Ann Wick](https://a.example/ann) (Wick Inc.)", person("Ann Wick", Some("https://a.example/ann"), None)),
            ("Ann Wick <https://a.example>", person("Ann Wick", Some("https://a.example"), None)),
            ("Ann <ann@a.example>", person("Ann", None, Some("ann@a.example"))),
            ("王勇 [SOFA]", person("王勇 [SOFA]", None, None)),
        ] {
            assert_eq!(written_person(written), want, "{written}");
        }
    }

    fn front(yaml: &str) -> Front {
        let text = format!("---\n{yaml}\n---\n");
        let values = crate::source::front_matter::split(&text).unwrap().values;
        Front { values, head: String::new() }
    }

    #[test]
    fn dates_have_the_keys_of_many_generators() {
        let day = |yaml: &str| {
            let mut notes = Vec::new();
            let date = front(yaml).date(Zone::UTC, &mut notes);
            assert!(notes.is_empty(), "{yaml}: {notes:?}");
            date.map(|d| d.format("%F").to_string())
        };
        for yaml in [
            "date: 2024-09-08",
            "pubDatetime: 2024-09-08T10:00:00Z",
            "publishedAt: 2024-09-08",
            "createTime: 2024/09/08 10:53:34",
            "date:\n  created: 2024-09-08\n  updated: 2025-01-01",
            "published: true\ncreatedAt: 2024-09-08",
        ] {
            assert_eq!(day(yaml).as_deref(), Some("2024-09-08"), "{yaml}");
        }
        assert_eq!(day("time: 20 minutes"), None);
        let updated = front("date:\n  created: 2024-09-08\n  updated: 2025-01-01").updated(Zone::UTC);
        assert_eq!(updated.map(|d| d.format("%F").to_string()).as_deref(), Some("2025-01-01"));
    }

    #[test]
    fn what_is_not_for_everybody_is_a_draft() {
        for yaml in [
            "draft: true", "isDraft: true", "isPublished: false", "private: true", "status: private",
            "visibility: private", "publish: no", "password: 1234",
        ] {
            assert!(front(yaml).draft(), "{yaml}");
        }
        for yaml in [
            "draft: false",
            "published: 2024-09-08",
            "status: published",
            "visibility: public",
            "title: a",
            "password:",
            "password: no",
            "password: x\nencrypt: false",
        ] {
            assert!(!front(yaml).draft(), "{yaml}");
        }
    }

    #[test]
    fn keys_have_their_lines() {
        let front = |head: &str| Front { values: Map::new(), head: head.to_owned() };
        assert_eq!(front("---\ntitle: date: x\nDate: 2026-13-40\n---\n").line("date"), 3);
        assert_eq!(front("---\nextra:\n  date: x\ndate: y\n---\n").line("date"), 4);
        assert_eq!(front("{\n  \"title\": \"a\",\n  \"date\": \"x\"\n}\n").line("date"), 3);
        assert_eq!(front("---\ntitle: a\n---\n").line("date"), 1);
    }
}
