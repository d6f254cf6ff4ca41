//! Settings of site generators: TOML, YAML, JSON into one kind of value, and plain
//! assignments of JavaScript and Python.
//!
//! Programs are not run: of a configuration that computes a value, the value is not known.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

use crate::source::front_matter::{from_toml, from_yaml};
use crate::yaml;

/// Reads a settings file by its extension. Keys are lower case: generators fold them.
///
/// # Errors
/// What is wrong, in one line.
pub fn read(path: &str, text: &str) -> Result<Value, String> {
    let text = text.trim_start_matches('\u{feff}');
    let extension = path.rsplit('.').next().unwrap_or("").to_lowercase();
    match extension.as_str() {
        "toml" => {
            let table: toml::Table = toml::from_str(text).map_err(|e| e.message().replace('\n', " "))?;
            Ok(from_toml(toml::Value::Table(table)))
        }
        "yaml" | "yml" => yaml::parse(text).map(from_yaml).map_err(|e| e.to_string()),
        "json" => serde_json::from_str(text).map(folded).map_err(|e| e.to_string()),
        _ => Err("no settings file".to_owned()),
    }
}

fn folded(value: Value) -> Value {
    match value {
        Value::Object(map) => Value::Object(map.into_iter().map(|(k, v)| (k.to_lowercase(), folded(v))).collect()),
        Value::Array(items) => Value::Array(items.into_iter().map(folded).collect()),
        Value::Number(n) => Value::String(n.to_string()),
        Value::Bool(b) => Value::String(b.to_string()),
        other => other,
    }
}

/// The text at a path of keys, when there is a non-empty one.
pub fn text(value: &Value, keys: &[&str]) -> Option<String> {
    let found = keys.iter().try_fold(value, |v, k| v.get(k))?;
    found.as_str().map(|s| s.trim().to_owned()).filter(|s| !s.is_empty())
}

/// `name: 'value'` or `name = "value"` of a program, the first outside of comments.
pub fn assigned(program: &str, name: &str) -> Option<String> {
    let pattern = format!(
        r#"(?m)(?:^|[\s{{,(]["']?){}["']?\s*[:=]\s*(?:[rubRUB]?"([^"\n]*)"|[rubRUB]?'([^'\n]*)'|`([^`\n$]*)`)"#,
        regex::escape(name)
    );
    let found = Regex::new(&pattern).ok()?.captures(program)?;
    let value = found.iter().skip(1).flatten().next()?.as_str().trim().to_owned();
    Some(value).filter(|v| !v.is_empty())
}

/// `name: ['a', 'b']` of a program.
pub fn assigned_list(program: &str, name: &str) -> Vec<String> {
    static QUOTED: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r#""([^"\n]*)"|'([^'\n]*)'"#).expect("a pattern of this file"));
    let pattern = format!(r#"(?m)(?:^|[\s{{,(]["']?){}["']?\s*[:=]\s*[\[(]([^\])]*)[\])]"#, regex::escape(name));
    let Some(found) = Regex::new(&pattern).ok().and_then(|r| r.captures(program).map(|c| c[1].to_owned())) else {
        return Vec::new();
    };
    QUOTED.captures_iter(&found).filter_map(|c| c.get(1).or(c.get(2)).map(|m| m.as_str().to_owned())).collect()
}

/// The part of a program between the braces behind `name:`, so that its keys are not
/// mistaken for those of its neighbours.
pub fn block<'p>(program: &'p str, name: &str) -> Option<&'p str> {
    let pattern = format!(r#"(?:^|[\s{{,(\[])["']?{}["']?\s*:\s*\{{"#, regex::escape(name));
    let start = Regex::new(&pattern).ok()?.find(program)?.end();
    let mut depth = 1usize;
    for (at, c) in program[start..].char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(&program[start..start + at]);
        }
    }
    None
}

/// A program without its comments. Addresses keep their `//`.
pub fn without_comments(program: &str) -> String {
    static COMMENT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?s)/\*.*?\*/|(?m-s:^\s*(?://|#).*$|\s//\s.*$|\s#\s.*$)").expect("a pattern of this file")
    });
    COMMENT.replace_all(program, "").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_read_without_running_them() {
        let js = "module.exports = {\n  // url: 'https://old.example.org',\n  title: \"A 'site'\",\n  url: 'https://example.org', // not 'x'\n  i18n: { defaultLocale: 'en', locales: ['en', \"zh-CN\"] },\n  presets: [['classic', { blog: { path: 'news', routeBasePath: '/' }, docs: false }]],\n};";
        let js = without_comments(js);
        assert_eq!(assigned(&js, "url").as_deref(), Some("https://example.org"));
        assert_eq!(assigned(&js, "title").as_deref(), Some("A 'site'"));
        assert_eq!(assigned_list(&js, "locales"), ["en", "zh-CN"]);
        let blog = block(&js, "blog").unwrap();
        assert_eq!(assigned(blog, "path").as_deref(), Some("news"));
        assert_eq!(assigned(blog, "routeBasePath").as_deref(), Some("/"));
        let python = without_comments(
            "SITENAME = u'Mine'\n# SITEURL = 'x'\nSITEURL = \"https://p.example.org\"\nARTICLE_PATHS = ['blog', 'news']\n",
        );
        assert_eq!(assigned(&python, "SITEURL").as_deref(), Some("https://p.example.org"));
        assert_eq!(assigned_list(&python, "ARTICLE_PATHS"), ["blog", "news"]);
        assert_eq!(block("blog: { path: 'a'", "blog"), None);
    }

    #[test]
    fn every_spelling_of_settings_is_one_value() {
        for (path, text_) in [
            ("hugo.toml", "baseURL = 'https://example.org/'\n[languages.zh]\nweight = 1\n"),
            ("hugo.yaml", "baseURL: https://example.org/\nlanguages: {zh: {weight: 1}}\n"),
            ("config.json", "{\"baseURL\": \"https://example.org/\", \"languages\": {\"zh\": {\"weight\": 1}}}"),
        ] {
            let value = read(path, text_).unwrap();
            assert_eq!(text(&value, &["baseurl"]).as_deref(), Some("https://example.org/"), "{path}");
            assert_eq!(text(&value, &["languages", "zh", "weight"]).as_deref(), Some("1"), "{path}");
        }
        assert!(read("hugo.toml", "= = =").is_err());
    }
}
