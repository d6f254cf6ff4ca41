//! `fetch` and `articles`: how others are asked, how often, and how much of an answer is read.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use super::values::{is_none, web_address};
use crate::config::reader::{Reader, short};
use crate::config::{Articles, CONTENT_MODES, ContentMode, Fetch, HostLimits, HostRule, IMAGES, ROBOTS, RobotsMode};
use crate::yaml::{Key, Node};

pub(super) fn read_articles(r: &mut Reader<'_>, node: Option<&Node>) -> Articles {
    let mut articles = Articles {
        fetch: true,
        content: ContentMode::Summary,
        folder: None,
        per_host_per_day: 200,
        robots: RobotsMode::Ask,
        images_bytes: 100 << 20,
        hosts: BTreeMap::new(),
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`articles`")) else {
        return articles;
    };
    let m = &mut map;
    articles.fetch = m.bool(r, "fetch", true);
    if let Some(mode) = m.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)) {
        articles.content = mode;
    }
    articles.folder = m.string(r, "folder").map(PathBuf::from);
    articles.per_host_per_day = m.number(r, "per_host_per_day", 0..=1_000_000, 200);
    if let Some(mode) = m.take("robots").and_then(|n| r.choice(n, "robots", &ROBOTS)) {
        articles.robots = mode;
    }
    articles.images_bytes = m.bytes(r, "images_bytes", articles.images_bytes);
    if let Some(mut hosts) = m.take("hosts").and_then(|n| r.map(n, "`hosts`")) {
        for (key, value) in hosts.rest() {
            let Some(mut map) = r.map(value, "a host's rule") else {
                continue;
            };
            let rule = HostRule {
                robots: map.take("robots").and_then(|n| r.choice(n, "robots", &ROBOTS)),
                content: map.take("content").and_then(|n| r.choice(n, "content", &CONTENT_MODES)),
                gap: map.take("gap").is_some().then(|| map.duration(r, "gap", Duration::from_secs(1))),
                images: map.take("images").and_then(|n| r.choice(n, "images", &IMAGES)),
            };
            map.finish(r);
            if key.name.is_empty() || key.name.contains(['/', '@', ' ']) || key.name.starts_with('.') {
                r.error(
                    key.place,
                    format!("`{}` is no host: write its name alone, `blog.example.org`", short(&key.name)),
                );
                continue;
            }
            articles.hosts.insert(key.name.to_lowercase(), rule);
        }
    }
    map.finish(r);
    articles
}

pub(super) fn read_fetch(r: &mut Reader<'_>, node: Option<&Node>) -> Fetch {
    let mut fetch = Fetch {
        contact: None,
        allow: Vec::new(),
        proxy: None,
        ca_file: None,
        min_interval: Duration::from_secs(3600),
        per_host: 2,
        gap: Duration::from_secs(1),
        hosts: BTreeMap::new(),
        concurrency: 64,
        deadline: Duration::from_secs(600),
        max_bytes: 15 << 20,
    };
    let Some(mut map) = node.and_then(|n| r.map(n, "`fetch`")) else {
        return fetch;
    };
    let m = &mut map;
    fetch.contact = m.take("contact").and_then(|n| {
        let text = r.string(n, "contact")?;
        if text.bytes().all(|b| (0x20..0x7f).contains(&b)) && !text.contains(['(', ')']) {
            return Some(text);
        }
        r.error(n.place, "`contact` goes into the User-Agent: write an address or e-mail in plain ASCII");
        None
    });
    for (range, place) in m.placed_strings(r, "allow") {
        if cidr(&range).is_some() {
            fetch.allow.push(range);
        } else {
            r.error(
                place,
                format!("`{}` is no address range: write for example 10.1.0.0/16 or fd00::/8", short(&range)),
            );
        }
    }
    fetch.proxy = m.take("proxy").filter(|n| !is_none(n)).and_then(|n| web_address(r, n, "proxy"));
    fetch.ca_file = m.string(r, "ca_file").filter(|s| s != "system").map(PathBuf::from);
    fetch.min_interval = m.duration(r, "min_interval", fetch.min_interval);
    fetch.per_host = usize::try_from(m.number(r, "per_host", 1..=64, 2)).unwrap_or(2);
    fetch.gap = m.duration(r, "gap", fetch.gap);
    if let Some(mut hosts) = m.take("hosts").and_then(|n| r.map(n, "`hosts`")) {
        for (key, value) in hosts.rest() {
            if let Some(rule) = host_limits(r, key, value) {
                fetch.hosts.insert(key.name.to_lowercase(), rule);
            }
        }
    }
    fetch.concurrency = usize::try_from(m.number(r, "concurrency", 1..=4096, 64)).unwrap_or(64);
    fetch.deadline = m.duration(r, "deadline", fetch.deadline);
    fetch.max_bytes = m.bytes(r, "max_bytes", fetch.max_bytes);
    map.finish(r);
    fetch
}

fn host_limits(r: &mut Reader<'_>, key: &Key, node: &Node) -> Option<HostLimits> {
    let name = url::Host::parse(&key.name);
    if name.is_err() {
        let problem = format!("`{}` is no host: write its name alone, such as github.com", short(&key.name));
        r.error(key.place, problem);
    }
    let mut map = r.map(node, "a host's rule")?;
    let gap = map.take("gap").is_some().then(|| map.duration(r, "gap", Duration::from_secs(1)));
    let per_host = map.take("per_host").is_some().then(|| map.number(r, "per_host", 1..=64, 2));
    map.finish(r);
    name.is_ok().then_some(HostLimits { gap, per_host: per_host.and_then(|n| usize::try_from(n).ok()) })
}

/// An address range: the network and the length of its prefix.
pub fn cidr(text: &str) -> Option<(IpAddr, u8)> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse().ok()?, length.parse().ok()?),
        None => {
            let address: IpAddr = text.parse().ok()?;
            (address, if address.is_ipv4() { 32 } else { 128 })
        }
    };
    let most = match address {
        IpAddr::V4(_) => 32,
        IpAddr::V6(_) => 128,
    };
    (length <= most).then_some((address, length))
}
