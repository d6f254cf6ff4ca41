//! Reads a rendered file again, strictly, before it is published.
//!
//! Knows nothing of how files are made: it sees bytes as a feed reader would.

mod xml;

use std::collections::HashSet;

use crate::config::FeedFormat;

/// What is wrong with an entry's content; `None` when it may be published. Asked once
/// an entry, however many files carry it.
pub fn content_problem(content: &str) -> Option<String> {
    html(content)
}

/// What is wrong with a file; `None` when it may be published.
pub fn problem(format: FeedFormat, text: &str) -> Option<String> {
    match format {
        FeedFormat::Atom | FeedFormat::Rss => xml::problem(text),
        FeedFormat::Json => json(text),
    }
}

/// The id that occurs twice.
pub fn twice<'i>(ids: impl Iterator<Item = &'i str>) -> Option<String> {
    let mut seen = HashSet::new();
    ids.into_iter()
        .find(|id| id.is_empty() || !seen.insert(*id))
        .map(|id| format!("the id {id} is empty or occurs twice"))
}

/// Addresses in the HTML of an entry.
fn html(content: &str) -> Option<String> {
    for attribute in [" href=\"", " src=\""] {
        for at in memchr::memmem::find_iter(content.as_bytes(), attribute) {
            let value = &content[at + attribute.len()..];
            let good = ["http://", "https://", "mailto:", "data:image/"].iter().any(|s| value.starts_with(s));
            // Text may show such a thing; a tag opens before it.
            let in_tag = || content[..at].rfind('<') > content[..at].rfind('>');
            if !good && in_tag() {
                return Some(format!("a relative address: {}", value.chars().take(60).collect::<String>()));
            }
        }
    }
    None
}

fn json(text: &str) -> Option<String> {
    let value: JsonFeed<'_> = match serde_json::from_str(text) {
        Ok(value) => value,
        Err(error) => return Some(format!("not valid JSON: {error}")),
    };
    let mut ids = HashSet::new();
    for item in value.items {
        if item.id.is_empty() || !ids.insert(item.id.clone()) {
            return Some(format!("the id `{}` is empty or occurs twice", item.id));
        }
    }
    None
}

/// What of a JSON Feed is looked at; the rest only has to be JSON.
#[derive(serde::Deserialize)]
struct JsonFeed<'t> {
    #[serde(borrow)]
    items: Vec<JsonItem<'t>>,
}

#[derive(serde::Deserialize)]
struct JsonItem<'t> {
    #[serde(borrow, default)]
    id: std::borrow::Cow<'t, str>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_reader_would_refuse_is_refused() {
        let good = "<?xml version=\"1.0\"?><feed><entry><id>a</id><link href=\"https://a.b/\"/><content type=\"html\">&lt;a href=\"https://a.b\"&gt;</content></entry></feed>";
        assert_eq!(problem(FeedFormat::Atom, good), None);
        for bad in [
            "<feed><entry><id>a</id></entry><entry><id>a</id></entry></feed>",
            "<feed><entry><link href=\"/x\"/></entry></feed>",
            "<feed><entry>",
            "<feed>&nbsp;</feed>",
            "<feed>\u{1}</feed>",
            "<feed></wrong>",
            "<feed>                                                   </feed><?xml version=\"1.0\"?>",
        ] {
            let bad = format!("<?xml version=\"1.0\"?>{bad}");
            assert!(problem(FeedFormat::Atom, &bad).is_some(), "{bad}");
        }
        assert!(content_problem("<p><img src=\"x.png\"></p>").is_some());
        assert_eq!(content_problem("<p><a href=\"https://a.b\">a href=\"x\"</a></p>"), None);
        assert!(problem(FeedFormat::Json, "{\"items\":[{\"id\":\"\"}]}").is_some());
    }
}
