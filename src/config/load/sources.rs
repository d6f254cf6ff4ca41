//! `sources`: upstream feeds of a site or a project, by address or file, and the headers
//! they are asked with.

use std::collections::BTreeMap;
use std::path::{Component, Path};

use super::values::{language, web_address, zone};
use crate::config::reader::{Reader, short};
use crate::config::{CHANNELS, CONTENT_MODES, SourceConfig};
use crate::yaml::Node;

pub(super) fn read_sources(r: &mut Reader<'_>, node: &Node) -> Vec<SourceConfig> {
    let mut sources = Vec::new();
    for item in r.one_or_many(node) {
        let bare = SourceConfig {
            url: String::new(),
            name: None,
            timezone: None,
            language: None,
            content: None,
            channel: None,
            headers: BTreeMap::new(),
            place: item.place,
        };
        if item.as_str().is_some() {
            if let Some(url) = source_url(r, item) {
                sources.push(SourceConfig { url, ..bare });
            }
            continue;
        }
        let Some(mut map) = r.map(item, "an entry of `sources`") else {
            continue;
        };
        let m = &mut map;
        let url = match m.take("url") {
            Some(n) => source_url(r, n),
            None => {
                r.error(item.place, "`url` is missing: the feed's address");
                None
            }
        };
        let source = SourceConfig {
            name: m.string(r, "name"),
            timezone: m.take("timezone").and_then(|n| zone(r, n)),
            language: language(r, m, "language"),
            content: m.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)),
            channel: m.take("channel").and_then(|n| r.choice(n, "channel", &CHANNELS)),
            headers: m.take("headers").map(|n| headers(r, n)).unwrap_or_default(),
            ..bare
        };
        map.finish(r);
        if let Some(url) = url {
            sources.push(SourceConfig { url, ..source });
        }
    }
    sources
}

fn source_url(r: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = r.string(node, "url")?;
    if let Some(file) = text.strip_prefix("file:") {
        let path = Path::new(file.trim_start_matches("//"));
        let inside = path.components().all(|c| matches!(c, Component::Normal(_) | Component::CurDir));
        if file.is_empty() || !inside {
            r.error(
                node.place,
                format!("`{}` is no file below the site folder: write file:folder/name.xml", short(&text)),
            );
            return None;
        }
        return Some(format!("file:{}", path.display()));
    }
    web_address(r, node, "url").map(|u| u.to_string())
}

/// Request headers that decide about the connection, the body or what is asked for, or
/// follow people around: a configuration cannot give them.
pub fn is_reserved_header(name: &str) -> bool {
    const RESERVED: [&str; 21] = [
        "accept-encoding", "connection", "content-length", "cookie", "expect", "host", "if-match", "if-modified-since",
        "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "proxy-authorization", "proxy-connection",
        "range", "referer", "te", "trailer", "transfer-encoding", "upgrade", "via",
    ];
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
}

fn headers(r: &mut Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(mut map) = r.map(node, "`headers`") else {
        return found;
    };
    for (key, value) in map.rest() {
        let Some(text) = r.string(value, &key.name) else {
            continue;
        };
        let name_ok = !key.name.is_empty() && key.name.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
        let value_ok = text.bytes().all(|b| (0x20..0x7f).contains(&b));
        if !name_ok || !value_ok {
            r.error(key.place, format!("`{}` is no usable request header", short(&key.name)));
            continue;
        }
        if is_reserved_header(&key.name) {
            let problem = format!("`{}` cannot be given: feedloom sets it itself, or leaves it out", short(&key.name));
            r.error(key.place, problem);
            continue;
        }
        found.insert(key.name.to_lowercase(), text);
    }
    found
}
