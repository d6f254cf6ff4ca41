//! Conditions of `digest.when` that fit no post: a misspelt key or value chooses nothing,
//! and the digests stay whole without a word.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::config::{Condition, PostsFolder, nearest};
use crate::files;
use crate::run::{Opened, Problem, RunError, Severity};
use crate::source::front_matter;
use crate::source::post::MAX_BYTES;

/// Spellings of a site's front matter: keys, and the values of each by their lower case.
type Known = BTreeMap<String, BTreeMap<String, String>>;

/// Conditions that fit no post, each with its place. One that is nearly what posts have is a
/// warning; the first post of another may be still to come.
pub(super) fn unfitting(opened: &Opened) -> Result<Vec<Problem>, RunError> {
    let mut found = Vec::new();
    for folder in &opened.site.posts {
        found.extend(unfitting_in(opened, folder)?);
    }
    Ok(found)
}

/// The same where no post at all is a digest though there are conditions: warnings only.
///
/// # Errors
/// [`RunError`] when a folder of posts cannot be read.
pub fn nothing_taken_apart(opened: &Opened) -> Result<Vec<Problem>, RunError> {
    let mut found = Vec::new();
    for folder in &opened.site.posts {
        let conditions = folder.digest.as_ref().map_or(0, |d| d.when.len());
        let problems = unfitting_in(opened, folder)?;
        if problems.len() < conditions {
            return Ok(Vec::new());
        }
        found.extend(problems);
    }
    found.retain(|p| p.severity >= Severity::Warning);
    Ok(found)
}

/// The conditions of a folder that fit none of its posts. Reads beginnings of posts until
/// there is one for each condition; says nothing when a post cannot be read: it may be that one.
fn unfitting_in(opened: &Opened, folder: &PostsFolder) -> Result<Vec<Problem>, RunError> {
    let mut left: Vec<&Condition> = folder.digest.iter().flat_map(|d| &d.when).collect();
    if left.is_empty() {
        return Ok(Vec::new());
    }
    let root = opened.posts(folder)?;
    let listing = opened.list_posts(folder, &root)?;
    if listing.files.is_empty() || !listing.unread.is_empty() {
        return Ok(Vec::new());
    }
    let mut known = Known::new();
    for file in &listing.files {
        let bytes = files::read_regular(&root.join(&file.path), MAX_BYTES).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let Ok(split) = front_matter::split(text.trim_start_matches('\u{feff}')) else { return Ok(Vec::new()) };
        let terms = terms(&split.values);
        left.retain(|condition| !fits(condition, &file.path, &terms));
        if left.is_empty() {
            return Ok(Vec::new());
        }
        for (key, value) in terms {
            known.entry(key).or_default().insert(value.to_lowercase(), value);
        }
    }
    Ok(left.into_iter().map(|condition| problem(condition, &known)).collect())
}

/// Keys and values of front matter, also those of Zola's inner tables.
fn terms(values: &Map<String, Value>) -> Vec<(String, String)> {
    let inner = ["taxonomies", "extra"].into_iter().filter_map(|table| values.get(table)?.as_object());
    let pairs = std::iter::once(values).chain(inner).flatten();
    pairs.flat_map(|(key, value)| texts(value).into_iter().map(move |text| (key.to_lowercase(), text))).collect()
}

/// The texts of a value; one with commas is itself and many.
fn texts(value: &Value) -> Vec<String> {
    let mut found: Vec<String> = match value {
        Value::String(text) => {
            std::iter::once(text.as_str()).chain(text.split([',', '，', ';'])).map(str::to_owned).collect()
        }
        Value::Array(items) => {
            let text = |item: &Value| item.as_str().or_else(|| item.get("name")?.as_str()).map(str::to_owned);
            items.iter().filter_map(text).collect()
        }
        Value::Number(_) | Value::Bool(_) => vec![value.to_string()],
        Value::Null | Value::Object(_) => Vec::new(),
    };
    found.iter_mut().for_each(|text| *text = text.trim().to_owned());
    found.retain(|text| !text.is_empty());
    found
}

fn fits(condition: &Condition, path: &str, terms: &[(String, String)]) -> bool {
    // Without a title of its own a post is called by its first heading or its name: nobody is told in vain.
    let mut titles = terms.iter().filter(|(key, _)| key == "title").map(|(_, value)| value).peekable();
    let titled = |r: &regex::Regex| titles.peek().is_none() || titles.any(|title| r.is_match(title));
    condition.title.as_ref().is_none_or(titled)
        && condition.path.as_ref().is_none_or(|r| r.is_match(path))
        && condition
            .values
            .iter()
            .all(|(key, values)| terms.iter().any(|(k, v)| k == key && values.contains(&v.to_lowercase())))
}

fn problem(condition: &Condition, known: &Known) -> Problem {
    let hint = condition.values.iter().find_map(|(key, wanted)| {
        let Some(values) = known.get(key) else {
            return nearest(key, known.keys().map(String::as_str)).map(str::to_owned);
        };
        let mut missing = wanted.iter().filter(|value| !values.contains_key(*value));
        let near = missing.find_map(|value| nearest(value, values.keys().map(String::as_str)));
        near.and_then(|near| values.get(near)).cloned()
    });
    let mut text = "no post fits this condition".to_owned();
    let mut severity = Severity::Note;
    if let Some(hint) = hint {
        text.push_str(&format!(", did you mean `{}`?", crate::normalize::text::cut(&hint, 60)));
        severity = Severity::Warning;
    }
    let place = condition.place;
    Problem { column: place.column, severity, ..Problem::warning("feedloom.yaml".to_owned(), place.line, text) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::yaml::Place;

    #[test]
    fn what_is_nearly_there_is_named() {
        let values = [("title", "Weekly 1"), ("categories", "Weekly"), ("tags", "a"), ("date", "2024-01-01")];
        let mut known = Known::new();
        for (key, value) in values {
            known.entry(key.to_owned()).or_default().insert(value.to_lowercase(), value.to_owned());
        }
        let told = |key: &str, value: &str| {
            let values = vec![(key.to_owned(), vec![value.to_owned()])];
            let problem =
                problem(&Condition { title: None, path: None, values, place: Place { line: 3, column: 9 } }, &known);
            (problem.severity, problem.text)
        };
        let near = |hint: &str| (Severity::Warning, format!("no post fits this condition, did you mean `{hint}`?"));
        assert_eq!(told("catgories", "weekly"), near("categories"));
        assert_eq!(told("categories", "weekley"), near("Weekly"));
        assert_eq!(told("series", "x").0, Severity::Note);
    }

    #[test]
    fn values_are_one_or_many() {
        let Value::Object(map) = serde_json::json!({ "tags": ["A", { "name": "B" }], "extra": { "Kind": "x, y" } })
        else {
            panic!("an object")
        };
        let found = terms(&map);
        for (key, value) in [("tags", "A"), ("tags", "B"), ("kind", "x, y"), ("kind", "y")] {
            assert!(found.contains(&(key.to_owned(), value.to_owned())), "{key} {value}");
        }
    }
}
