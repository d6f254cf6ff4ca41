//! Reads a rendered file again, strictly, before it is published.
//!
//! Knows nothing of how files are made: it sees bytes as a feed reader would.

use std::collections::HashSet;

use quick_xml::Reader;
use quick_xml::events::Event;

use crate::config::FeedFormat;

/// What is wrong with an entry's content; `None` when it may be published. Asked once
/// an entry, however many files carry it.
pub fn content_problem(content: &str) -> Option<String> {
    html(content)
}

/// What is wrong with a file; `None` when it may be published.
pub fn problem(format: FeedFormat, text: &str) -> Option<String> {
    match format {
        FeedFormat::Atom | FeedFormat::Rss => xml(text),
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

fn xml(text: &str) -> Option<String> {
    if let Some(at) = forbidden(text) {
        return Some(format!("a character XML forbids at byte {at}"));
    }
    let mut reader = Reader::from_str(text);
    let mut open: Vec<String> = Vec::new();
    let mut ids: HashSet<String> = HashSet::new();
    let mut value = String::new();
    if !text.starts_with("<?xml ") {
        return Some("no XML declaration at the start".to_owned());
    }
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag)) => {
                if let Some(problem) = attributes(&tag) {
                    return Some(problem);
                }
                open.push(tag.name().as_ref().to_owned());
                value.clear();
            }
            Ok(Event::Empty(tag)) => {
                if let Some(problem) = attributes(&tag) {
                    return Some(problem);
                }
            }
            Ok(Event::Text(t)) if in_id(&open) => value.push_str(&t),
            Ok(Event::CData(t)) if in_id(&open) => value.push_str(&t),
            Ok(Event::GeneralRef(r)) => {
                let name: &str = &r;
                let known = match name {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => None,
                };
                if let Some(c) = known {
                    if in_id(&open) {
                        value.push(c);
                    }
                } else if let Some(c) = name.strip_prefix('#').and_then(|_| crate::normalize::text::reference(name)) {
                    if in_id(&open) {
                        value.push_str(&c);
                    }
                } else {
                    return Some(format!("an entity XML does not know: &{name};"));
                }
            }
            Ok(Event::End(_)) => {
                let name = open.pop().unwrap_or_default();
                let parent = open.last().map(String::as_str).unwrap_or_default();
                let is_id = name == "id" && parent == "entry" || name == "guid" && parent == "item";
                if is_id && !ids.insert(value.trim().to_owned()) {
                    return Some(format!("the id {} occurs twice", value.trim()));
                }
                value.clear();
            }
            Ok(Event::Decl(_)) if reader.buffer_position() > 60 => {
                return Some("a second XML declaration".to_owned());
            }
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => {
                return Some(format!("not well-formed at byte {}: {error}", reader.error_position()));
            }
        }
    }
    if open.is_empty() { None } else { Some("an element is never closed".to_owned()) }
}

fn in_id(open: &[String]) -> bool {
    matches!(open.last().map(String::as_str), Some("id" | "guid"))
}

/// The first character that XML 1.0 forbids. In UTF-8 these are some bytes below
/// 0x20, and U+FFFE and U+FFFF.
fn forbidden(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().position(|(at, b)| match b {
        b'\t' | b'\n' | b'\r' => false,
        0..=0x1F => true,
        0xEF => bytes[at + 1] == 0xBF && bytes[at + 2] >= 0xBE,
        _ => false,
    })
}

fn attributes(tag: &quick_xml::events::BytesStart<'_>) -> Option<String> {
    for attribute in tag.attributes() {
        match attribute {
            Err(error) => return Some(format!("a broken attribute: {error}")),
            Ok(a) if a.key.as_ref() == "href" => {
                let value = a.value;
                if !(value.starts_with("http://") || value.starts_with("https://") || value.starts_with("mailto:")) {
                    return Some(format!("a relative address: {value}"));
                }
            }
            Ok(_) => {}
        }
    }
    None
}

/// Addresses in the HTML of an entry.
fn html(content: &str) -> Option<String> {
    for attribute in [" href=\"", " src=\""] {
        for (at, _) in content.match_indices(attribute) {
            let value = &content[at + attribute.len()..];
            let good = ["http://", "https://", "mailto:", "data:image/"].iter().any(|s| value.starts_with(s));
            // Text may show such a thing; a tag opens before it.
            let in_tag = content[..at].rfind('<') > content[..at].rfind('>');
            if !good && in_tag {
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
