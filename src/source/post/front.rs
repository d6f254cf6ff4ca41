//! What the keys of front matter mean, in the spellings of the generators.

use chrono::{DateTime, Datelike, Utc};
use serde_json::{Map, Value};

use super::{Note, Weight};
use crate::config::Zone;
use crate::entry::Person;
use crate::normalize::{date, text};

/// Front matter with what it may mean.
pub(super) struct Front {
    pub(super) values: Map<String, Value>,
}

impl Front {
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
            Some(Value::Object(map)) => Front { values: map.clone() }.many(key),
            _ => Vec::new(),
        }
    }

    pub(super) fn title(&self) -> Option<String> {
        self.one("title").map(|t| text::line(&t)).filter(|t| !t.is_empty())
    }

    pub(super) fn description(&self) -> Option<String> {
        ["description", "summary", "excerpt", "subtitle"]
            .iter()
            .find_map(|k| self.one(k))
            .map(|d| text::line(&d))
            .filter(|d| !d.is_empty())
    }

    pub(super) fn date(&self, zone: Zone, notes: &mut Vec<Note>) -> Option<DateTime<Utc>> {
        for key in ["date", "publishdate", "pubdate", "published", "published_at", "created"] {
            // `published: false` hides a post.
            let Some(written) = self.one(key).filter(|v| !matches!(v.to_lowercase().as_str(), "true" | "false")) else {
                continue;
            };
            // Jekyll's `published: false` says whether, not when.
            if key == "published" && ["true", "false", "yes", "no"].contains(&written.to_lowercase().as_str()) {
                continue;
            }
            match date::lenient(&written, zone) {
                Some(claimed) if date::SANE_YEARS.contains(&claimed.time.year()) => {
                    return Some(claimed.time);
                }
                Some(claimed) if claimed.time.year() > *date::SANE_YEARS.end() => {
                    notes.push(Note::new(
                        1,
                        Weight::Problem,
                        format!("`{key}: {}` lies in the far future: the post waits", text::cut(&written, 40)),
                    ));
                    return Some(claimed.time);
                }
                Some(_) | None => {
                    notes.push(Note::new(
                        1,
                        Weight::Problem,
                        format!(
                            "`{key}: {}` is no date: write for example 2024-06-30T10:00:00+08:00",
                            text::cut(&text::scrub(&written), 40)
                        ),
                    ));
                }
            }
        }
        None
    }

    pub(super) fn updated(&self, zone: Zone) -> Option<DateTime<Utc>> {
        ["lastmod", "updated", "modified", "last_modified_at"]
            .iter()
            .find_map(|k| self.one(k))
            .and_then(|d| date::lenient(&d, zone))
            .map(|c| c.time)
            .filter(|t| date::SANE_YEARS.contains(&t.year()))
    }

    /// When the generator ceases to publish it.
    pub(super) fn until(&self, zone: Zone, notes: &mut Vec<Note>) -> Option<DateTime<Utc>> {
        let (key, written) =
            ["expiryDate", "unpublishDate"].iter().find_map(|k| Some((k, self.one(&k.to_lowercase())?)))?;
        let claimed = date::lenient(&written, zone);
        if claimed.is_none() {
            let shown = text::cut(&text::scrub(&written), 40);
            let text = format!("`{key}: {shown}` is no date: the post stays; write for example 2024-06-30");
            notes.push(Note::new(1, Weight::Problem, text));
        }
        claimed.map(|c| c.time)
    }

    /// Hugo makes no page of it: `build: {render: never}`.
    pub(super) fn pageless(&self) -> bool {
        let render = |table: &str| self.inner(table, "render").into_iter().next();
        let says = |render: String| ["never", "link", "false"].contains(&render.to_lowercase().as_str());
        ["build", "_build"].iter().find_map(|t| render(t)).is_some_and(says)
    }

    pub(super) fn draft(&self) -> bool {
        let says =
            |key: &str, words: &[&str]| self.one(key).is_some_and(|v| words.contains(&v.to_lowercase().as_str()));
        says("draft", &["true", "yes", "1"])
            || says("status", &["draft", "hidden", "skip"])
            || says("published", &["false", "no"])
    }

    pub(super) fn authors(&self) -> Vec<Person> {
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
                            Value::String(name) => found.push(Person::named(text::line(name))),
                            Value::Object(map) => found.extend(person(map)),
                            _ => {}
                        }
                    }
                }
                Some(Value::Object(map)) => found.extend(person(map)),
                // A name may hold a blank, a list of names holds commas.
                Some(Value::String(names)) => {
                    found.extend(names.split([',', '，', '、', ';']).map(|n| Person::named(text::line(n))))
                }
                _ => {}
            }
            if !found.is_empty() {
                break;
            }
        }
        found.retain(|p| !p.name.is_empty());
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

    pub(super) fn image(&self) -> Option<String> {
        for key in ["cover", "image", "images", "thumbnail", "featured_image", "featuredimage", "banner", "og_image"] {
            if let Some(Value::Object(map)) = self.values.get(key) {
                let inner = Front { values: map.clone() };
                if let Some(found) = inner
                    .one("image")
                    .or_else(|| inner.one("src"))
                    .or_else(|| inner.one("url"))
                    .or_else(|| inner.one("feature"))
                {
                    return Some(found);
                }
            } else if let Some(found) = self.one(key) {
                return Some(found);
            }
        }
        None
    }

    /// Whether the front matter has `key` with `value` (both lower case); one of a list is enough.
    pub(super) fn holds(&self, key: &str, value: &str) -> bool {
        let mut all = self.many(key);
        all.extend(self.one(key));
        all.extend(self.inner("taxonomies", key));
        all.extend(self.inner("extra", key));
        all.iter().any(|v| v.to_lowercase() == value)
    }
}

pub(super) fn person(map: &Map<String, Value>) -> Option<Person> {
    let front = Front { values: map.clone() };
    let name = text::line(&front.one("name")?);
    let uri =
        ["url", "uri", "link", "github", "website"].iter().find_map(|k| front.one(k)).filter(|u| u.starts_with("http"));
    (!name.is_empty()).then(|| Person { name, uri, email: front.one("email").filter(|e| e.contains('@')) })
}
