//! The part of a post before its text: YAML between `---`, TOML between `+++`, JSON between
//! `---json` and `---` or as an object, `Key: value` lines, or nothing.
//!
//! Only splits and reads; what the keys mean is [`super::post`]'s business.

use serde_json::{Map, Value};

use crate::yaml;

/// A post cut in two.
#[derive(Debug, Clone, PartialEq)]
pub struct Split<'t> {
    /// The keys, lower case, in the order of the file.
    pub values: Map<String, Value>,
    /// The text behind.
    pub body: &'t str,
    /// Lines before the text: added to a line of the body, it is the line in the file.
    pub lines_before: usize,
}

/// Why front matter could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{line}:{column}: {problem}")]
pub struct FrontMatterError {
    /// Line in the file, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong.
    pub problem: String,
}

/// Keys by which a block of `Key: value` lines is told from a sentence with a colon.
const HEADER_KEYS: [&str; 14] = [
    "title", "date", "author", "authors", "category", "categories", "tags", "slug", "summary", "status", "modified",
    "lang", "keywords", "description",
];

/// Cuts `text` (without BOM) and reads what stands before the body.
///
/// # Errors
/// [`FrontMatterError`] with its place in the file when the fence is there and
/// what is inside cannot be read, or the fence never closes.
pub fn split(text: &str) -> Result<Split<'_>, FrontMatterError> {
    // Generators skip empty lines before it.
    let skipped: usize = text.split_inclusive('\n').take_while(|l| l.trim().is_empty()).map(str::len).sum();
    let (empty, rest) = text.split_at(skipped);
    let lines = empty.matches('\n').count();
    let split = match rest.lines().next().unwrap_or("").trim_end() {
        "---" => fenced(rest, &["---", "..."], read_yaml),
        "---yaml" | "---yml" => fenced(rest, &["---"], read_yaml),
        "---toml" => fenced(rest, &["---"], read_toml),
        "---json" => fenced(rest, &["---"], read_json),
        "---js" | "---javascript" => {
            let problem =
                "front matter in JavaScript cannot be read: write it in YAML, between lines of `---`".to_owned();
            Err(FrontMatterError { line: 1, column: 1, problem })
        }
        "+++" => fenced(rest, &["+++"], read_toml),
        _ if is_json(rest) => json(rest),
        "<!--" => Ok(nikola(rest)),
        line if line.starts_with(".. ") => Ok(nikola(rest)),
        _ => return Ok(header_lines(text)),
    };
    match split {
        Ok(split) if split.body.len() == rest.len() || split.values.is_empty() && lines > 0 => Ok(header_lines(text)),
        Ok(split) => Ok(Split { lines_before: split.lines_before + lines, ..split }),
        // A rule below an empty line begins no front matter.
        Err(_) if lines > 0 => Ok(header_lines(text)),
        Err(error) => Err(error),
    }
}

/// Nikola's `.. key: value` lines, mostly in a comment.
fn nikola(text: &str) -> Split<'_> {
    let mut values = Map::new();
    let (mut at, mut lines) = (0, 0);
    let is_comment = text.starts_with("<!--");
    for line in text.split_inclusive('\n') {
        let bare = line.trim();
        let pair = bare.strip_prefix(".. ").and_then(|rest| rest.split_once(':'));
        let is_mark = is_comment && (lines == 0 || bare.is_empty());
        let ends = if is_comment { bare == "-->" } else { bare.is_empty() };
        if !ends && !is_mark && pair.is_none() {
            break;
        }
        (at, lines) = (at + line.len(), lines + 1);
        if let Some((key, value)) = pair {
            values.insert(key.trim().to_lowercase(), Value::String(value.trim().to_owned()));
        }
        if ends && HEADER_KEYS.iter().any(|key| values.contains_key(*key)) {
            // Nikola has a tag for posts that are for nobody yet, or for few.
            let tags = values.get("tags").and_then(Value::as_str).unwrap_or("");
            if let Some(mark) = tags.split(',').map(str::trim).find(|tag| matches!(*tag, "draft" | "private")) {
                values.insert("status".to_owned(), Value::String(mark.to_owned()));
            }
            return Split { values, body: &text[at..], lines_before: lines };
        }
    }
    Split { values: Map::new(), body: text, lines_before: 0 }
}

/// `{` begins many a thing: a tag, a comment, a list of attributes.
fn is_json(text: &str) -> bool {
    text.strip_prefix('{').is_some_and(|inside| inside.trim_start().starts_with(['"', '}']))
}

fn fenced<'t>(
    text: &'t str,
    closers: &[&str],
    read: fn(&str) -> Result<Map<String, Value>, FrontMatterError>,
) -> Result<Split<'t>, FrontMatterError> {
    let first_end = text.find('\n').map_or(text.len(), |n| n + 1);
    let mut at = first_end;
    for (lines, line) in (2..).zip(text[first_end..].split_inclusive('\n')) {
        if closers.contains(&line.trim_end()) {
            let inside = &text[first_end..at];
            let values = read(inside).map_err(|e| FrontMatterError { line: e.line + 1, ..e })?;
            return Ok(Split { values, body: &text[at + line.len()..], lines_before: lines });
        }
        at += line.len();
    }
    // A post may begin with a rule across the page: without a second fence nothing was fenced.
    let looks_like_keys =
        text[first_end..].lines().next().is_some_and(|l| l.split_once(':').is_some_and(|(k, _)| !k.contains(' ')));
    if looks_like_keys {
        let problem = format!("the front matter that starts with `{}` is never closed", closers[0]);
        return Err(FrontMatterError { line: 1, column: 1, problem });
    }
    Ok(Split { values: Map::new(), body: text, lines_before: 0 })
}

fn read_yaml(inside: &str) -> Result<Map<String, Value>, FrontMatterError> {
    // Tabs are no YAML, but editors put them behind values.
    let plain = inside.replace('\t', " ");
    let node = yaml::parse(&plain).or_else(|error| yaml::parse(&indented(&plain)).map_err(|_| error)).map_err(|e| {
        let problem = format!("front matter is not valid YAML: {}", e.problem);
        FrontMatterError { line: e.place.line, column: e.place.column, problem }
    })?;
    match node.value {
        yaml::Value::Map(pairs) => {
            let mut map = Map::new();
            for (key, value) in pairs {
                map.insert(key.name.trim().to_lowercase(), from_yaml(value));
            }
            Ok(map)
        }
        yaml::Value::Null => Ok(Map::new()),
        yaml::Value::Scalar(_) | yaml::Value::Seq(_) => Err(FrontMatterError {
            line: node.place.line,
            column: node.place.column,
            problem: "front matter is no map of keys".to_owned(),
        }),
    }
}

/// Generators accept a quoted text that goes on at the left margin; YAML wants it
/// indented. Lines that begin no key, item or comment are.
fn indented(text: &str) -> String {
    let begins = |line: &str| {
        let key = line.split(':').next().unwrap_or("");
        let is_key = line.contains(':')
            && !key.is_empty()
            && key.chars().all(|c| c.is_ascii_alphanumeric() || "_-. \"'".contains(c));
        is_key && !key.starts_with(' ') || line.starts_with(['-', '#', ' ', ']', '}']) || line.trim().is_empty()
    };
    text.lines().map(|l| if begins(l) { format!("{l}\n") } else { format!("  {l}\n") }).collect()
}

/// A YAML value as JSON: scalars as they are written, keys in lower case.
pub(crate) fn from_yaml(node: yaml::Node) -> Value {
    match node.value {
        yaml::Value::Null => Value::Null,
        yaml::Value::Scalar(s) => Value::String(s),
        yaml::Value::Seq(items) => Value::Array(items.into_iter().map(from_yaml).collect()),
        yaml::Value::Map(pairs) => {
            Value::Object(pairs.into_iter().map(|(k, v)| (k.name.to_lowercase(), from_yaml(v))).collect())
        }
    }
}

fn read_toml(inside: &str) -> Result<Map<String, Value>, FrontMatterError> {
    let table: toml::Table = toml::from_str(inside).map_err(|e| {
        let at = e.span().map_or(0, |s| s.start).min(inside.len());
        let before = inside.get(..at).unwrap_or(inside);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().map_or(0, |l| l.chars().count()) + 1;
        FrontMatterError { line, column, problem: format!("front matter is not valid TOML: {}", e.message()) }
    })?;
    Ok(lower_keys(from_toml(toml::Value::Table(table))))
}

fn read_json(inside: &str) -> Result<Map<String, Value>, FrontMatterError> {
    let value: Value = serde_json::from_str(inside).map_err(|error| FrontMatterError {
        line: error.line().max(1),
        column: error.column().max(1),
        problem: format!("front matter is not valid JSON: {error}"),
    })?;
    Ok(lower_keys(value))
}

/// A TOML value as JSON: scalars as they are written, keys in lower case.
pub(crate) fn from_toml(value: toml::Value) -> Value {
    match value {
        toml::Value::String(s) => Value::String(s),
        toml::Value::Integer(n) => Value::String(n.to_string()),
        toml::Value::Float(n) => Value::String(n.to_string()),
        toml::Value::Boolean(b) => Value::String(b.to_string()),
        toml::Value::Datetime(d) => Value::String(d.to_string()),
        toml::Value::Array(items) => Value::Array(items.into_iter().map(from_toml).collect()),
        toml::Value::Table(table) => {
            Value::Object(table.into_iter().map(|(k, v)| (k.to_lowercase(), from_toml(v))).collect())
        }
    }
}

fn lower_keys(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map.into_iter().map(|(k, v)| (k.to_lowercase(), v)).collect(),
        _ => Map::new(),
    }
}

fn json(text: &str) -> Result<Split<'_>, FrontMatterError> {
    let mut stream = serde_json::Deserializer::from_str(text).into_iter::<Value>();
    match stream.next() {
        Some(Ok(value @ Value::Object(_))) => {
            let at = stream.byte_offset();
            let lines_before = text[..at].matches('\n').count();
            // On one line it may as well be what the text is about.
            let alone = text[at..].lines().next().is_none_or(|behind| behind.trim().is_empty());
            let says_keys = HEADER_KEYS.iter().any(|key| value.get(*key).is_some());
            if lines_before == 0 && !(alone && says_keys) {
                return Ok(Split { values: Map::new(), body: text, lines_before: 0 });
            }
            Ok(Split { values: lower_keys(value), body: &text[at..], lines_before })
        }
        Some(Err(error)) => Err(FrontMatterError {
            line: error.line().max(1),
            column: error.column().max(1),
            problem: format!("front matter is not valid JSON: {error}"),
        }),
        Some(Ok(_)) | None => Ok(Split { values: Map::new(), body: text, lines_before: 0 }),
    }
}

/// Pelican's and MultiMarkdown's `Key: value` lines, ended by an empty line; Frog indents them all.
fn header_lines(text: &str) -> Split<'_> {
    let none = Split { values: Map::new(), body: text, lines_before: 0 };
    let mut values: Map<String, Value> = Map::new();
    let mut last: Option<String> = None;
    let (mut at, mut lines) = (0, 0);
    let indent = &text[..text.len() - text.trim_start_matches([' ', '\t']).len()];
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end();
        let bare = bare.strip_prefix(indent).unwrap_or(bare);
        if bare.is_empty() {
            break;
        }
        // Hexo's old form: keys that only a closing fence follows.
        if bare == "---" {
            let names = |key: &str| values.keys().any(|k| k == key);
            let read = read_yaml(&text[..at]).ok().filter(|_| names("title") || names("date"));
            return read.map_or(none, |values| Split {
                values,
                body: &text[at + line.len()..],
                lines_before: lines + 1,
            });
        }
        at += line.len();
        lines += 1;
        // Values go on in indented lines.
        if bare.starts_with([' ', '\t'])
            && let Some(key) = &last
        {
            if let Some(Value::String(value)) = values.get_mut(key) {
                value.push(' ');
                value.push_str(bare.trim());
            }
            continue;
        }
        if bare.starts_with("- ") && last.is_some() {
            continue;
        }
        let Some((key, value)) = bare.split_once(':') else {
            return none;
        };
        let key = key.trim().to_lowercase();
        let is_key =
            !key.is_empty() && key.len() <= 40 && key.chars().all(|c| c.is_ascii_alphanumeric() || " -_".contains(c));
        if !is_key || value.starts_with("//") {
            return none;
        }
        last = Some(key.clone());
        values.insert(key, Value::String(value.trim().to_owned()));
    }
    if !values.keys().any(|k| HEADER_KEYS.contains(&k.as_str())) {
        return none;
    }
    Split { values, body: &text[at..], lines_before: lines }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn title(text: &str) -> (String, String, usize) {
        let split = split(text).unwrap();
        let title = split.values.get("title").and_then(Value::as_str).unwrap_or("-").to_owned();
        (title, split.body.trim().to_owned(), split.lines_before)
    }

    #[test]
    fn every_kind_of_front_matter() {
        let cases = [
            ("---\ntitle: \"a: b\"\n---\nx", ("a: b", "x", 3)),
            ("--- \r\nTitle: a\r\n---  \r\nx", ("a", "x", 3)),
            ("---\ntitle: a\n...\nx", ("a", "x", 3)),
            ("---json\n{\n \"title\": \"a\"\n}\n---\nx", ("a", "x", 5)),
            ("+++\ntitle = 'a'\ndate = 2024-06-30T10:00:00+08:00\n[extra]\nb = 1\n+++\nx", ("a", "x", 6)),
            ("{\n \"title\": \"a\"\n}\nx", ("a", "x", 2)),
            ("{\"title\": \"a\", \"draft\": true}\n\nx", ("a", "x", 0)),
            ("<!--\n.. title: a\n.. slug: b\n.. status: private\n-->\n\nx", ("a", "x", 5)),
            ("---toml\ntitle = 'a'\n---\nx", ("a", "x", 3)),
            (".. title: a\n.. date: 2024-01-01\n\nx", ("a", "x", 3)),
            ("<!--\na comment\n-->\nx", ("-", "<!--\na comment\n-->\nx", 0)),
            ("{\"a\": 1}\nx", ("-", "{\"a\": 1}\nx", 0)),
            ("{\"title\": 1} is JSON\nx", ("-", "{\"title\": 1} is JSON\nx", 0)),
            ("Title: a\nDate: 2019-01-01\nTags: x,\n  y\n\nx", ("a", "x", 4)),
            ("    Title: a\n    Date: 2019-01-01\n\nx", ("a", "x", 2)),
            ("# heading\n\nx", ("-", "# heading\n\nx", 0)),
            ("\n\n---\ntitle: a\n---\nx", ("a", "x", 5)),
            ("\n---\n\n## A\n\n- x\n\n---\ny", ("-", "---\n\n## A\n\n- x\n\n---\ny", 0)),
            ("\n---\nA week\n---\ny", ("-", "---\nA week\n---\ny", 0)),
            ("title: a\ntags:\n- b\n- c\ndate: 2026-02-05\n---\nx", ("a", "x", 6)),
            ("A sentence: a\n---\nx", ("-", "A sentence: a\n---\nx", 0)),
            ("{% include x.html %}\nx", ("-", "{% include x.html %}\nx", 0)),
            ("{/* a comment */}\nx", ("-", "{/* a comment */}\nx", 0)),
            ("Note: this is a sentence\nand another\n\nx", ("-", "Note: this is a sentence\nand another\n\nx", 0)),
            ("---\n\na rule, not a fence\n", ("-", "---\n\na rule, not a fence", 0)),
            ("{{< figure >}}\n", ("-", "{{< figure >}}", 0)),
            ("---\ntitle: \"a\nb\"\n---\nx", ("a b", "x", 4)),
            ("", ("-", "", 0)),
        ];
        for (text, (t, b, n)) in cases {
            assert_eq!(title(text), (t.to_owned(), b.to_owned(), n), "{text:?}");
        }
    }

    #[test]
    fn mistakes_have_their_line_in_the_file() {
        let cases = [
            ("---\ntitle: a\ntags: [b\n---\n", 3),
            ("+++\ntitle = a\n+++\n", 2),
            ("{\n\"title\": }\n", 2),
            ("---\ntitle: a\n", 1),
            ("---\n- a\n---\n", 2),
        ];
        for (text, line) in cases {
            let error = split(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }
}
