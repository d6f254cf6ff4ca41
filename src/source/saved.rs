//! Saved pages and side files: what a person puts into `articles.folder` in place of the
//! network.
//!
//! A saved page says in a comment or in its head where it is from ([`addresses`]); a side
//! file is YAML with an `address` and what is known of the page ([`side_file`]).
//!
//! What this module refuses: a side file with an unknown key, without a usable address,
//! with a date that is none. It does not read pages: [`super::article`] does.

use chrono::{DateTime, Utc};
use url::Url;

use super::linked::{Linked, Published};
use crate::config::Zone;
use crate::normalize::{address, date, html, text};
use crate::yaml::{self, Place, Value};

/// A comment that names the address stands at the beginning of a file.
const HEAD: usize = 8 << 10;

/// A mistake in a side file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{}: {problem}", .place.line, .place.column)]
pub struct Mistake {
    /// Where.
    pub place: Place,
    /// What is wrong and what to write instead.
    pub problem: String,
}

/// The addresses of a saved page: what the browser that saved it wrote into a comment,
/// then what the page says of itself (`canonical`, `og:url`).
pub fn addresses(bytes: &[u8]) -> Vec<Url> {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD)]);
    let mut found: Vec<String> = Vec::new();
    // `<!-- saved from url=(0042)https://example.org/a -->`
    if let Some((_, rest)) = head.split_once("saved from url=(") {
        found.extend(rest.split_once(')').and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned));
    }
    // ` Page saved with SingleFile ` and, on a line of its own, ` url: https://example.org/a `
    if let Some((_, rest)) = head.split_once("saved with SingleFile") {
        found.extend(rest.split_once("url:").and_then(|(_, rest)| rest.split_whitespace().next()).map(str::to_owned));
    }
    let whole = String::from_utf8_lossy(bytes);
    let (mut canonical, mut graph) = (None, None);
    for tag in tags(&whole) {
        let names = |attribute: &str, value: &str| {
            html::attribute(tag, attribute).is_some_and(|v| v.eq_ignore_ascii_case(value))
        };
        if canonical.is_none() && names("rel", "canonical") {
            canonical = html::attribute(tag, "href");
        }
        if graph.is_none() && (names("property", "og:url") || names("name", "og:url")) {
            graph = html::attribute(tag, "content");
        }
    }
    found.extend(canonical.into_iter().chain(graph));
    let mut urls: Vec<Url> = found.iter().filter_map(|a| address::absolute(a.trim_end_matches("-->"), None)).collect();
    urls.retain(|u| matches!(u.scheme(), "http" | "https"));
    urls.dedup();
    urls
}

/// `<link ...>` and `<meta ...>` of a page.
fn tags(page: &str) -> impl Iterator<Item = &str> {
    page.match_indices('<').filter_map(|(at, _)| {
        let rest = &page[at..];
        let name = rest.get(1..5)?;
        let is_wanted = name.eq_ignore_ascii_case("link") || name.eq_ignore_ascii_case("meta");
        // Nobody writes longer ones.
        let end = rest.bytes().take(4096).position(|b| b == b'>')?;
        is_wanted.then(|| &rest[..=end])
    })
}

const KEYS: [&str; 6] = ["address", "title", "author", "site_name", "published", "summary"];

/// Reads a side file. `read` is when, `zone` is for dates that name none.
///
/// # Errors
/// Every [`Mistake`] in it.
pub fn side_file(text: &str, zone: Zone, read: DateTime<Utc>) -> Result<Linked, Vec<Mistake>> {
    let start = Place { line: 1, column: 1 };
    let root = yaml::parse(text).map_err(|e| vec![Mistake { place: e.place, problem: e.problem }])?;
    let Value::Map(pairs) = &root.value else {
        let problem = format!("a map of keys is expected: {}", KEYS.join(", "));
        return Err(vec![Mistake { place: root.place, problem }]);
    };
    let mut mistakes = Vec::new();
    let mut mistake = |place: Place, problem: String| mistakes.push(Mistake { place, problem });
    let mut values: [Option<(String, Place)>; 6] = Default::default();
    for (key, node) in pairs {
        let Some(at) = KEYS.iter().position(|k| *k == key.name) else {
            let near = KEYS.iter().find(|k| strsim::damerau_levenshtein(k, &key.name) <= 2);
            let hint =
                near.map_or_else(|| format!(": known are {}", KEYS.join(", ")), |k| format!(", did you mean `{k}`?"));
            mistake(key.place, format!("unknown key `{}`{hint}", text::cut(&text::line(&key.name), 40)));
            continue;
        };
        match &node.value {
            Value::Scalar(value) => values[at] = Some((value.trim().to_owned(), node.place)),
            Value::Null => {}
            Value::Seq(_) | Value::Map(_) => mistake(node.place, format!("`{}` has to be a text", key.name)),
        }
    }
    let [wanted, title, author, site_name, published, summary] = values;
    let url = match &wanted {
        Some((value, place)) => {
            let url = address::absolute(value, None).filter(|u| matches!(u.scheme(), "http" | "https"));
            if url.is_none() {
                mistake(*place, format!("`{}` is no http or https address", text::cut(&text::line(value), 80)));
            }
            url
        }
        None => {
            mistake(start, "`address` is missing: which page is this?".to_owned());
            None
        }
    };
    let published = published.and_then(|(value, place)| match date::lenient(&value, zone) {
        Some(claimed) if claimed.precision >= date::Precision::Day => {
            let is_moment = claimed.precision == date::Precision::Time;
            let day = match claimed.offset {
                Some(offset) => claimed.time.with_timezone(&offset).date_naive(),
                None => zone.to_local(claimed.time).date_naive(),
            };
            Some(Published { claimed: value, at: is_moment.then_some(claimed.time), day, confident: true })
        }
        Some(_) | None => {
            mistake(place, format!("`{}` is no date: write 2024-05-06", text::cut(&text::line(&value), 40)));
            None
        }
    });
    let line = |value: Option<(String, Place)>| value.map(|(v, _)| text::line(&v)).filter(|v| !v.is_empty());
    let (Some(address), true) = (url, mistakes.is_empty()) else {
        return Err(mistakes);
    };
    let summary = summary.map(|(v, _)| v).filter(|v| !v.is_empty());
    Ok(Linked {
        address,
        read,
        title: line(title),
        text: summary.clone().unwrap_or_default(),
        html: String::new(),
        summary,
        published,
        author: line(author),
        site_name: line(site_name),
        image: None,
        language: None,
        canonical: None,
        identity: None,
        restricted: None,
        origins: Vec::new(),
        file: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(page: &str) -> Vec<String> {
        addresses(page.as_bytes()).into_iter().map(String::from).collect()
    }

    #[test]
    fn a_saved_page_says_where_it_is_from() {
        for (page, expected) in [
            ("<!-- saved from url=(0022)https://example.org/a -->\n<html>", "https://example.org/a"),
            ("<!--\n Page saved with SingleFile \n url: https://example.org/a?b=1 \n-->", "https://example.org/a?b=1"),
            ("<LINK href='https://example.org/a?x=1&amp;y=2' rel=canonical>", "https://example.org/a?x=1&y=2"),
            ("<meta property=\"og:url\" content=\"http://example.org/文\">", "http://example.org/%E6%96%87"),
        ] {
            assert_eq!(found(page), [expected], "{page}");
        }
        let both = "<!-- saved from url=(0030)https://mp.weixin.qq.com/s/abc --><meta property=\"og:url\" content=\"http://mp.weixin.qq.com/s?__biz=A&amp;mid=1&amp;idx=1\">";
        assert_eq!(found(both), ["https://mp.weixin.qq.com/s/abc", "http://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1"]);
        for none in [
            "",
            "<",
            "<link",
            "<link rel=canonical href='file:///etc/passwd'>",
            "<meta content='x'>",
            "<!-- saved from url=(1",
        ] {
            assert!(found(none).is_empty(), "{none}");
        }
    }

    #[test]
    fn a_side_file_is_read_strictly() {
        let read = "2024-06-01T00:00:00Z".parse().unwrap();
        let file = |text: &str| side_file(text, Zone::UTC, read);
        let good = file("address: https://example.org/a\ntitle: \"标题\"\nauthor: 王五\nsite_name: A site\npublished: 2024-05-06\nsummary: |\n  First.\n\n  Second.\n").unwrap();
        assert_eq!((good.title.as_deref(), good.site_name.as_deref()), (Some("标题"), Some("A site")));
        assert_eq!(good.summary.as_deref(), Some("First.\n\nSecond."));
        assert_eq!(good.published.map(|p| (p.day.to_string(), p.at)), Some(("2024-05-06".to_owned(), None)));
        for (text, expected) in [
            ("title: x\n", "1:1: `address` is missing: which page is this?"),
            ("address: example.org/a\n", "1:10: `example.org/a` is no http or https address"),
            ("address: https://example.org/\nautor: x\n", "2:1: unknown key `autor`, did you mean `author`?"),
            ("address: https://example.org/\npublished: soon\n", "2:12: `soon` is no date: write 2024-05-06"),
            ("- a\n", "1:1: a map of keys is expected: address, title, author, site_name, published, summary"),
        ] {
            let mistakes = file(text).unwrap_err();
            assert_eq!(mistakes.iter().map(ToString::to_string).collect::<Vec<_>>(), [expected], "{text}");
        }
        assert!(file("address: [\n").is_err());
    }
}
