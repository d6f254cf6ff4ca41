//! Values that several files and keys share: languages, zones, people, kinds, addresses,
//! patterns. What is no such value is an error at its place, and nothing.

use regex::{Regex, RegexBuilder};
use url::Url;

use crate::config::Zone;
use crate::config::reader::{MapReader, Reader, short};
use crate::entry::{Kind, Person};
use crate::yaml::{Node, Value};

/// Whether a value is the word for having none, as `same_as: none` is.
pub(super) fn is_none(node: &Node) -> bool {
    node.as_str() == Some("none")
}

pub(super) fn kinds(r: &mut Reader<'_>, node: &Node, what: &str) -> Vec<Kind> {
    let words: Vec<(&str, Kind)> = Kind::ALL.into_iter().map(|k| (k.name(), k)).collect();
    let mut kinds: Vec<Kind> = r.one_or_many(node).into_iter().filter_map(|n| r.choice(n, what, &words)).collect();
    kinds.sort();
    kinds.dedup();
    kinds
}

pub(super) fn language(r: &mut Reader<'_>, m: &mut MapReader<'_>, key: &'static str) -> Option<String> {
    let node = m.take(key)?;
    let text = r.string(node, key)?;
    if is_language(&text) {
        return Some(text);
    }
    r.error(node.place, format!("`{}` is no language tag: write for example zh-CN or en", short(&text)));
    None
}

/// Whether `text` has the form of a BCP 47 language tag.
pub fn is_language(text: &str) -> bool {
    let mut parts = text.split('-');
    let first = parts.next().unwrap_or("");
    (2..=3).contains(&first.len())
        && first.bytes().all(|b| b.is_ascii_alphabetic())
        && parts.all(|p| (1..=8).contains(&p.len()) && p.bytes().all(|b| b.is_ascii_alphanumeric()))
}

pub(super) fn zone(r: &mut Reader<'_>, node: &Node) -> Option<Zone> {
    let text = r.string(node, "timezone")?;
    let zone = Zone::parse(&text);
    if zone.is_none() {
        let names = chrono_tz::TZ_VARIANTS.iter().map(|z| z.name());
        let lower = text.to_lowercase();
        let near =
            names.clone().find(|n| n.to_lowercase() == lower || n.to_lowercase().ends_with(&format!("/{lower}")));
        let hint = near
            .map(|n| format!("did you mean `{n}`?"))
            .unwrap_or_else(|| "write for example Asia/Shanghai or +08:00".to_owned());
        r.error(node.place, format!("unknown time zone `{}`, {hint}", short(&text)));
    }
    zone
}

pub(super) fn person(r: &mut Reader<'_>, node: &Node) -> Option<Person> {
    if let Value::Scalar(name) = &node.value {
        return Some(Person::named(name.clone()));
    }
    let mut map = r.map(node, "`author`")?;
    let name = map.string(r, "name").unwrap_or_default();
    let uri = map.take("url").and_then(|n| public_address(r, n, "url")).map(|u| u.to_string());
    let email = map.string(r, "email");
    map.finish(r);
    Some(Person { name, uri, email })
}

/// An address that is published: nobody's password is in it.
pub(super) fn public_address(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Url> {
    let url = web_address(r, node, what)?;
    if url.username().is_empty() && url.password().is_none() {
        return Some(url);
    }
    r.error(node.place, format!("`{what}` has a name or password in it, and everybody can read it: leave them out"));
    None
}

pub(super) fn web_address(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Url> {
    let text = r.string(node, what)?;
    match Url::parse(&text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => Some(url),
        Ok(_) | Err(_) => {
            let hint = if text.contains("://") { "" } else { ", starting with https://" };
            r.error(node.place, format!("`{what}` is `{}`, an http or https address is expected{hint}", short(&text)));
            None
        }
    }
}

/// A glob below a folder: `*` stays inside a folder, `**` does not, `?` is one character.
pub fn glob(pattern: &str) -> Option<Regex> {
    let mut regex = String::from("^");
    let mut rest = pattern.trim_start_matches("./");
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("**/") {
            regex.push_str("(?:.*/)?");
            rest = after;
        } else if let Some(after) = rest.strip_prefix("**") {
            regex.push_str(".*");
            rest = after;
        } else {
            match c {
                '*' => regex.push_str("[^/]*"),
                '?' => regex.push_str("[^/]"),
                other => regex.push_str(&regex::escape(other.encode_utf8(&mut [0; 4]))),
            }
            rest = &rest[c.len_utf8()..];
        }
    }
    regex.push('$');
    RegexBuilder::new(&regex).size_limit(1 << 20).build().ok()
}

pub(super) fn pattern(r: &mut Reader<'_>, node: &Node, what: &str) -> Option<Regex> {
    let text = r.string(node, what)?;
    match RegexBuilder::new(&text).case_insensitive(true).size_limit(1 << 20).build() {
        Ok(regex) => Some(regex),
        Err(error) => {
            let cause = error.to_string();
            let cause = cause.lines().last().unwrap_or("").trim_start_matches("error: ").to_owned();
            r.error(node.place, format!("`{what}` is no usable pattern: {cause}: `{}`", short(&text)));
            None
        }
    }
}
