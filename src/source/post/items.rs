//! Items of a digest into raw entries: identity, date, place in the published post.

use chrono::TimeDelta;
use url::Url;

use super::days::{self, starts_at};
use super::{Context, Parts};
use crate::entry::{Channel, Kind, Mention, Person, RawEntry};
use crate::normalize::{address, text};
use crate::source::digest::{self, Item};
use crate::source::markdown::{self, Reading};

pub(super) fn item_entry(
    item: Item,
    n: usize,
    post: &Parts<'_>,
    anchors: &mut Anchors<'_>,
    context: Context<'_>,
) -> RawEntry {
    let resolved = item.url.as_deref().and_then(|u| markdown::resolve(u, Some(post.link)));
    let place = anchors.place(post.link, &item);
    let kind = if item.kind == Kind::Article && resolved.is_none() { Kind::News } else { item.kind };
    // What is told of a home page is another thing each time, though it stays the same page.
    let home = |u: &&Url| u.path() == "/" && u.query().is_none() || address::bare_repository(u).is_some();
    let told_of = kind == Kind::Article && !item.ranges.is_empty() && resolved.as_ref().is_some_and(|u| home(&u));
    let key = item_key(kind, &item, resolved.as_ref().filter(|_| !told_of), post, context);
    // A second is taken off for each item before, so that order holds.
    let at = post.date.map(|d| d - TimeDelta::seconds(i64::try_from(n).unwrap_or(0) + 1));
    let mut raw = RawEntry::new(kind, key, text::line(&item.title));
    if told_of {
        // Such items were called news once: what has that id keeps it.
        raw.keys.push(item_key(Kind::News, &item, None, post, context));
    }
    if let (Kind::Article, Some(url)) = (kind, &resolved)
        && let Some(key) = title_key(url, &raw.title, context.hosts)
    {
        raw.keys.push(key);
    }
    raw.link = match kind {
        Kind::Article | Kind::Release | Kind::Task | Kind::Question => resolved.as_ref().map(Url::to_string),
        Kind::Event | Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => None,
    }
    .or_else(|| Some(place.clone()));
    raw.html = post.reading.html_of(&item.ranges, Some(post.link));
    raw.text = post.reading.text_of(&item.ranges);
    if !item.lead.is_empty() {
        raw.html.insert_str(0, &format!("<p>{}</p>\n", crate::normalize::html::escape(&item.lead)));
        raw.text.insert_str(0, &format!("{}\n\n", item.lead));
    }
    raw.authors = item.asker.iter().map(|a| Person::named(text::line(a))).collect();
    raw.published = at;
    raw.language = post.language.clone();
    raw.image = crate::normalize::html::first_image(&raw.html, Some(post.link));
    raw.version = item.version.clone();
    raw.channel =
        item.version.as_deref().map(|v| if digest::is_prerelease(v) { Channel::Prerelease } else { Channel::Stable });
    raw.starts_at = start_of(&item, post, context);
    raw.labels = item.labels.clone();
    raw.about = item.about.iter().filter_map(|u| markdown::resolve(u, Some(post.link))).map(String::from).collect();
    // A banner that repeats the post's title is about the whole post.
    raw.headings = if item.astray {
        Vec::new()
    } else {
        item.headings.iter().filter(|h| !text::alike(h, post.title)).cloned().collect()
    };
    raw.mention = Some(Mention {
        folder: context.folder.path.clone(),
        post: post.path.to_owned(),
        section: item.headings.iter().map(|h| text::line(h)).collect::<Vec<_>>().join(" / "),
        url: item.url.clone(),
        title: item.link_text.clone(),
        post_title: post.title.to_owned(),
        link: Some(place),
        at,
        line: post.lines_before + item.line,
    });
    raw
}

/// Two addresses of one article: WeChat has a short and a long one for each. On other
/// hosts only a title that no second page would have says so, and on hosts where
/// everybody writes (`Release notes`, `Meeting notes`) none does.
fn title_key(url: &Url, title: &str, hosts: &address::Hosts) -> Option<String> {
    const SHARED: [&str; 7] =
        ["docs.google.com", "groups.google.com", "youtube.com", "bilibili.com", "twitter.com", "x.com", "reddit.com"];
    let folded = text::fold(title);
    let host = address::plain_host(url.host_str().unwrap_or(""));
    let long = match address::key(url, hosts) {
        key if key.starts_with("weixin:") => folded.chars().count() >= 10,
        _ => text::columns(title) >= 40 && !address::is_code_host(host) && !SHARED.contains(&host),
    };
    (long && !folded.starts_with("http")).then(|| format!("title:{host}/{folded}"))
}

pub(super) fn item_key(kind: Kind, item: &Item, url: Option<&Url>, post: &Parts<'_>, context: Context<'_>) -> String {
    let of_url = || url.map(|u| address::key(u, context.hosts));
    let post_name = &post.names.without_language;
    match kind {
        Kind::Question => {
            let question = if item.question.is_empty() { &item.title } else { &item.question };
            format!(
                "question:{post_name}|{}|{}",
                text::fold(item.asker.as_deref().unwrap_or("")),
                text::fold_prefix(question, 24)
            )
        }
        Kind::Article => of_url().unwrap_or_else(|| format!("article:{post_name}|{}", text::fold(&item.title))),
        Kind::Release => {
            let name = item.name.as_deref().unwrap_or("");
            let known =
                if context.names.is_name(name) { context.names.titles_in(name).into_iter().next() } else { None };
            let name = known.unwrap_or_else(|| name.to_owned());
            format!("release:{}|{}", text::fold(&name), item.version.as_deref().unwrap_or("").to_lowercase())
        }
        Kind::Task => {
            let label = item.labels.first().map_or_else(String::new, |l| text::fold(l));
            format!("task:{label}|{}", of_url().unwrap_or_else(|| text::fold_prefix(&item.title, 60)))
        }
        Kind::Event => {
            let day = start_of(item, post, context).and_then(|s| s.get(..10).map(str::to_owned));
            format!("event:{}|{}", text::fold_prefix(&item.title, 60), day.unwrap_or_else(|| post_name.clone()))
        }
        Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => {
            format!("news:{post_name}|{}", text::fold_prefix(&item.title, 60))
        }
    }
}

/// When an event starts.
fn start_of(item: &Item, post: &Parts<'_>, context: Context<'_>) -> Option<String> {
    let comes = item.headings.iter().any(|heading| days::is_of_coming(heading));
    starts_at(item.time.as_deref()?, days::Told { post: post.date, zone: context.zone, comes })
}

/// Places in a published post: the nearest heading and a text fragment that is unique.
pub(super) struct Anchors<'a> {
    reading: &'a Reading,
    folded: String,
    taken: std::collections::HashMap<String, usize>,
}

impl<'a> Anchors<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        let folded = reading.pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n");
        Self { reading, folded, taken: std::collections::HashMap::new() }
    }

    pub(super) fn place(&mut self, post: &Url, item: &Item) -> String {
        /// What stands further below is no part of the place.
        const NEAR: usize = 64;
        let headings = &self.reading.headings;
        let above = headings.partition_point(|h| h.line <= item.line);
        let heading = headings[..above].iter().rev().find(|h| !h.id.is_empty());
        let line = item.ranges.first().map_or(item.line, |r| r.0);
        let pieces = &self.reading.pieces;
        // Footnotes stand behind all else, wherever they are written.
        let from = if self.reading.in_order { pieces.partition_point(|p| p.line < line) } else { 0 };
        let text = pieces[from..]
            .iter()
            .filter(|p| p.line >= line)
            .take(NEAR)
            .map(|p| p.text.as_str())
            .find(|t| t.chars().filter(|c| c.is_alphanumeric()).count() > 3)
            .unwrap_or("");
        let text = if item.kind == Kind::Question && !item.question.is_empty() {
            item.question.lines().next().unwrap_or(text)
        } else {
            text
        };
        let mut url = post.clone();
        url.set_fragment(heading.map(|h| h.id.as_str()));
        let fragment = self.unique_part(text);
        let mut link = url.to_string();
        if !fragment.is_empty() {
            link.push_str(if heading.is_some() { ":~:text=" } else { "#:~:text=" });
            link.push_str(&encode_fragment(&fragment));
        }
        // Two places with one text: the number keeps their links apart.
        let count = self.taken.entry(link.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            link = format!("{url}{}item-{count}-{}", if heading.is_some() { "-" } else { "#" }, item.line);
        }
        link
    }

    /// The beginning of `text`, extended until it occurs once.
    pub(super) fn unique_part(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut length = chars.len().min(16);
        loop {
            let mut part: String = chars[..length].iter().collect();
            // Browsers match whole words.
            if length < chars.len()
                && chars[length].is_ascii_alphanumeric()
                && chars[length - 1].is_ascii_alphanumeric()
            {
                let more = chars[length..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
                part = chars[..length + more].iter().collect();
                length += more;
            }
            let occurs_once = || {
                let mut found = memchr::memmem::find_iter(self.folded.as_bytes(), part.as_bytes());
                found.nth(1).is_none()
            };
            if length >= chars.len() || length > 80 || occurs_once() {
                return part.trim().to_owned();
            }
            length = (length + 8).min(chars.len());
        }
    }
}

/// Percent-encodes what a text directive reserves (`-`, `,`, `&`) and all that is no URL character.
pub(super) fn encode_fragment(text: &str) -> String {
    address::encode_segment(text).replace('-', "%2D")
}
