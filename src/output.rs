//! Feeds into text, one file a format. Pure: the same feed makes the same bytes.
//!
//! What leaves here is sanitised, absolute and bounded, and read again strictly
//! ([`check`]) before it is published: an entry that fails is left out of the files that
//! would carry it, a file that fails is held back by the caller.

pub mod atom;
pub mod check;
pub mod health;
pub mod html;
pub mod json;
pub mod opml;
pub mod pictures;
pub mod rss;
pub mod search;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use url::Url;

use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, EntryId, Kind, Mention};
use crate::merge::Feed;
use crate::normalize::html::{escape, sanitise};
use crate::normalize::text;
use crate::words::{Words, words};

/// Posts named as recommending an entry; more than these say nothing more.
const MENTIONS_SHOWN: usize = 8;

/// An entry made ready for publishing: cleaned once, written once a format, however
/// many documents carry it.
#[derive(Debug, Clone)]
pub struct Prepared {
    /// Sanitised HTML with its attribution, within the byte budget.
    pub content: Arc<str>,
    atom: OnceLock<Fragment>,
    rss: OnceLock<Fragment>,
    json: OnceLock<Fragment>,
}

impl Default for Prepared {
    fn default() -> Self {
        Self { content: "".into(), atom: OnceLock::new(), rss: OnceLock::new(), json: OnceLock::new() }
    }
}

impl Prepared {
    /// `entry` with its content cleaned now.
    pub fn of(entry: &Entry, site: &Site) -> Self {
        Self::of_content(content(entry, site).into())
    }

    /// An entry whose content was cleaned before.
    pub fn of_content(content: Arc<str>) -> Self {
        Self { content, ..Self::default() }
    }

    /// `entry` written in `formats`; its content, which is in there, is let go.
    pub fn written(self, entry: &Entry, formats: &[FeedFormat], site: &Site) -> Self {
        for format in formats {
            format.fragment(entry, &self, site);
        }
        Self { content: "".into(), ..self }
    }
}

/// An entry in one format, and what is wrong with it.
#[derive(Debug, Clone)]
struct Fragment {
    text: String,
    problem: Option<String>,
}

/// Cleaned contents by id and language (translations have one id): an entry is in
/// several documents, but cleaned once.
#[derive(Debug, Default)]
pub struct Contents {
    clean: HashMap<(EntryId, Option<String>), Arc<str>>,
}

impl Contents {
    /// `entry` made ready; its content is cleaned now or was before.
    pub fn of(&mut self, entry: &Entry, site: &Site) -> Arc<Prepared> {
        let name = (entry.id.clone(), entry.language.clone());
        let content = self.clean.entry(name).or_insert_with(|| content(entry, site).into());
        Arc::new(Prepared { content: Arc::clone(content), ..Prepared::default() })
    }

    /// The content of `entry`, if it was cleaned before.
    pub fn known(&self, entry: &Entry) -> Option<Arc<str>> {
        self.clean.get(&(entry.id.clone(), entry.language.clone())).map(Arc::clone)
    }
}

impl FeedFormat {
    /// The file a feed of this format is written to.
    pub fn file_name(self) -> &'static str {
        match self {
            FeedFormat::Atom => "atom.xml",
            FeedFormat::Rss => "rss.xml",
            FeedFormat::Json => "feed.json",
        }
    }

    /// Its media type.
    pub fn media_type(self) -> &'static str {
        match self {
            FeedFormat::Atom => "application/atom+xml",
            FeedFormat::Rss => "application/rss+xml",
            FeedFormat::Json => "application/feed+json",
        }
    }

    /// The ending of archive documents; none where the format has no word for them.
    pub fn archive_ending(self) -> Option<&'static str> {
        match self {
            FeedFormat::Atom => Some("xml"),
            FeedFormat::Rss => None,
            FeedFormat::Json => Some("json"),
        }
    }

    fn frame(self, feed: &Feed) -> (String, String) {
        match self {
            FeedFormat::Atom => atom::frame(feed),
            FeedFormat::Rss => rss::frame(feed),
            FeedFormat::Json => json::frame(feed),
        }
    }

    /// What stands between two entries.
    fn separator(self) -> &'static str {
        match self {
            FeedFormat::Atom => "\n ",
            FeedFormat::Rss => "",
            FeedFormat::Json => ",",
        }
    }

    fn fragment<'p>(self, entry: &Entry, prepared: &'p Prepared, site: &Site) -> &'p Fragment {
        let language = site.language.as_deref();
        let (cell, write): (_, &dyn Fn() -> String) = match self {
            FeedFormat::Atom => (&prepared.atom, &|| atom::alone(entry, &prepared.content, language)),
            FeedFormat::Rss => (&prepared.rss, &|| rss::alone(entry, &prepared.content)),
            FeedFormat::Json => (&prepared.json, &|| json::alone(entry, &prepared.content, language)),
        };
        cell.get_or_init(|| {
            // One entry in a file of its own: what is well-formed alone is so among others.
            let file = write();
            let problem = check::problem(self, &file).or_else(|| check::content_problem(&prepared.content));
            Fragment { text: self.cut_out(file), problem }
        })
    }

    /// The entry out of a file that has nothing else.
    fn cut_out(self, mut file: String) -> String {
        let (start, end) = match self {
            FeedFormat::Atom => ("<entry>", "</entry>"),
            FeedFormat::Rss => ("<item>", "</item>"),
            FeedFormat::Json => (json::BEFORE_ITEM, json::AFTER_ITEM),
        };
        let (mut from, mut to) = (file.find(start).unwrap_or(0), file.rfind(end).unwrap_or(file.len()));
        match self {
            FeedFormat::Atom | FeedFormat::Rss => to += end.len(),
            FeedFormat::Json => from += start.len(),
        }
        file.truncate(to);
        file.drain(..from.min(file.len()));
        file
    }

    /// Whether a live document has no room for the entry, were it the only one.
    pub fn overflows(self, entry: &Entry, prepared: &Prepared, site: &Site) -> bool {
        self.fragment(entry, prepared, site).text.len() > site.output.bytes
    }

    /// What is wrong with an entry in this format: documents leave it out.
    pub fn refuses<'p>(self, entry: &Entry, prepared: &'p Prepared, site: &Site) -> Option<&'p str> {
        self.fragment(entry, prepared, site).problem.as_deref()
    }

    /// How many of the feed's entries fit into `bytes`, newest first; at least one.
    pub fn fitting(self, feed: &Feed, prepared: &[Arc<Prepared>], site: &Site) -> usize {
        let (head, tail) = self.frame(feed);
        let mut used = head.len() + tail.len() + LINKS_MAY_GROW;
        for (n, (entry, ready)) in feed.entries.iter().zip(prepared).enumerate() {
            if self.refuses(entry, ready, site).is_some() {
                continue;
            }
            used += self.fragment(entry, ready, site).text.len() + self.separator().len();
            if used > site.output.bytes && n > 0 {
                return n;
            }
        }
        feed.entries.len()
    }

    /// An archive document as it was written (`text`), with other neighbours: each of `moved`
    /// is the file name of one then and now. None where its addresses are not where they are
    /// expected: then it has to be rendered.
    pub fn relinked(self, text: &str, base: &Url, moved: &[(String, String)]) -> Option<String> {
        let entries = match self {
            FeedFormat::Atom | FeedFormat::Rss => "<entry>",
            FeedFormat::Json => json::ITEMS,
        };
        let (head, rest) = text.split_at(text.find(entries)?);
        let quoted = |name: &str| format!("\"{}archive/{}\"", escape(base.as_str()), escape(name));
        let mut head = head.to_owned();
        for (then, now) in moved {
            let then = quoted(then);
            head = (head.matches(&then).count() == 1).then(|| head.replace(&then, &quoted(now)))?;
        }
        Some(head + rest)
    }

    /// The document as text, without the entries that the format [refuses](Self::refuses).
    ///
    /// # Errors
    /// What a feed reader would refuse: it must not be published.
    pub fn render(self, feed: &Feed, prepared: &[Arc<Prepared>], site: &Site) -> Result<String, String> {
        let (head, tail) = self.frame(feed);
        let good: Vec<(&Entry, &str)> = feed
            .entries
            .iter()
            .zip(prepared)
            .map(|(entry, ready)| (entry, self.fragment(entry, ready, site)))
            .filter(|(_, fragment)| fragment.problem.is_none())
            .map(|(entry, fragment)| (entry, fragment.text.as_str()))
            .collect();
        let fragments = good.iter().map(|(_, text)| text.len() + 2);
        let mut text = String::with_capacity(head.len() + tail.len() + 1 + fragments.sum::<usize>());
        text.push_str(&head);
        for (n, (_, fragment)) in good.iter().enumerate() {
            if n > 0 || self == FeedFormat::Atom {
                text.push_str(self.separator());
            }
            text.push_str(fragment);
        }
        if self == FeedFormat::Atom {
            text.push('\n');
        }
        text.push_str(&tail);
        // Entries were read again one by one: what is left is what is around them, and double ids.
        let around = check::problem(self, &format!("{head}{tail}"));
        around.or_else(|| check::twice(good.iter().map(|(entry, _)| entry.id.as_str()))).map_or(Ok(text), Err)
    }
}

/// Bytes that links to archives may add to a feed that was measured without them.
const LINKS_MAY_GROW: usize = 256;

/// What a feed says of itself: its description, and that nothing new will come.
fn said_of(feed: &Feed) -> Option<String> {
    let description = feed.description.as_deref().map(str::trim).filter(|d| !d.is_empty());
    match (description, feed.notice.as_deref()) {
        (Some(description), Some(notice)) => Some(format!("{description}{}{notice}", gap_behind(description))),
        (description, notice) => description.or(notice).map(str::to_owned),
    }
}

/// What stands between two sentences: a description may lack its full stop.
fn gap_behind(sentence: &str) -> &'static str {
    let Some(last) = sentence.chars().next_back() else { return "" };
    match (last.is_alphanumeric(), text::columns(last.encode_utf8(&mut [0; 4])) > 1) {
        (true, true) => "。",
        (true, false) => ". ",
        (false, true) => "",
        (false, false) => " ",
    }
}

/// `text` before and from the last `mark`.
fn split_at(text: &str, mark: &str) -> (String, String) {
    let (head, tail) = text.split_at(text.rfind(mark).unwrap_or(text.len()));
    (head.trim_end().to_owned(), tail.to_owned())
}

/// `text` with the instruction that makes browsers show a feed decently. Feed readers pass over it.
fn styled(text: &str, style: Option<&str>) -> String {
    let (Some(style), Some((declaration, rest))) = (style, text.split_once("?>")) else {
        return text.to_owned();
    };
    let style = escape(style);
    format!("{declaration}?>\n<?xml-stylesheet type=\"text/css\" href=\"{style}\"?>\n{}", rest.trim_start())
}

/// The HTML of an entry as feeds carry it.
fn content(entry: &Entry, site: &Site) -> String {
    let words = words(&site.words, entry.language.as_deref().or(site.language.as_deref()));
    let base = base_of(entry);
    let limit = site.output.entry_bytes;
    // What is far too long is not cleaned first, only to be left out.
    let mut body = if entry.html.len() > limit * 4 { String::new() } else { sanitise(&entry.html, base.as_ref()) };
    body = pictures::in_place(body, entry, site);
    if body.len() > limit || entry.html.len() > limit * 4 {
        body = format!(
            "<p>{}</p><p><a href=\"{}\">{}</a></p>",
            escape(&entry.summary),
            escape(&entry.link),
            escape(&words.read_more)
        );
    }
    if body.trim().is_empty() {
        body = bare(entry);
    }
    body.push_str(&attribution(entry, words, site));
    body
}

/// What relative addresses in the entry's HTML are relative to.
pub(crate) fn base_of(entry: &Entry) -> Option<Url> {
    let own = Url::parse(&entry.link).ok();
    match entry.kind {
        Kind::Post | Kind::Digest | Kind::Upstream => own,
        _ => entry.mentions.first().and_then(|m| m.link.as_deref()).and_then(|l| Url::parse(l).ok()).or(own),
    }
}

/// An entry of which only the link is known.
fn bare(entry: &Entry) -> String {
    let host = Url::parse(&entry.link).ok().and_then(|u| u.host_str().map(str::to_owned)).unwrap_or_default();
    let mut body = format!("<p><a href=\"{}\">{}</a>", escape(&entry.link), escape(&entry.title));
    if !host.is_empty() && entry.kind == Kind::Article {
        let _ = write!(body, " ({})", escape(&host));
    }
    body.push_str("</p>");
    if !entry.summary.is_empty() && entry.summary != entry.title {
        let _ = write!(body, "<p>{}</p>", escape(&entry.summary));
    }
    body
}

/// Where the entry is from and who recommended it.
fn attribution(entry: &Entry, words: &Words, site: &Site) -> String {
    let mut out = String::new();
    if let Some(issued) = entry.issued.filter(|i| i.date_naive() != entry.published.date_naive()) {
        let day = site.timezone.to_local(issued).format("%Y-%m-%d");
        let _ = write!(out, "<p>{} {day}</p>", escape(&words.issued));
    }
    let source = entry.source.as_ref().filter(|s| !s.title.is_empty());
    if let Some(source) = source.filter(|s| s.self_link.is_none() && entry.kind == Kind::Article) {
        // No feed, but the page itself: its author and where it was published.
        let _ = write!(out, "<p>{} <a href=\"{}\">{}</a>", words.credit, escape(&entry.link), escape(&source.title));
        let names: Vec<&str> = entry.authors.iter().map(|a| a.name.as_str()).filter(|n| *n != source.title).collect();
        if !names.is_empty() {
            let _ = write!(out, " · {}", escape(&names.join(&words.comma)));
        }
        out.push_str("</p>");
    } else if let Some(source) = source {
        let link = source.link.as_deref().or(source.self_link.as_deref());
        match link {
            Some(link) => {
                let _ = write!(
                    out,
                    "<p>{} <a href=\"{}\">{}</a></p>",
                    escape(&words.via),
                    escape(link),
                    escape(&source.title)
                );
            }
            None => {
                let _ = write!(out, "<p>{} {}</p>", escape(&words.via), escape(&source.title));
            }
        }
    }
    let others = others(entry);
    if others.is_empty() {
        return out;
    }
    let lead = match entry.kind {
        Kind::Post | Kind::Digest | Kind::Article | Kind::Upstream => &words.recommended_in,
        Kind::Question | Kind::Release | Kind::Task | Kind::Event | Kind::News => &words.from,
    };
    let mut seen: Vec<&str> = Vec::new();
    let mut links = Vec::new();
    for mention in others {
        if seen.contains(&mention.post.as_str()) {
            continue;
        }
        seen.push(&mention.post);
        let title = text::cut(&text::line(&mention.post_title), 60);
        links.push(match &mention.link {
            Some(link) => format!("<a href=\"{}\">{}</a>", escape(link), escape(&title)),
            None => escape(&title),
        });
    }
    let more = links.len().saturating_sub(MENTIONS_SHOWN);
    links.truncate(MENTIONS_SHOWN);
    let _ = write!(out, "<p>{} {}", escape(lead), links.join(&escape(&words.comma)));
    if more > 0 {
        let _ = write!(out, " (+{more})");
    }
    out.push_str("</p>");
    out
}

/// Who brought an entry up beside itself. A post does not come from itself, nor from its
/// translations: they are the same entry. An item's link may be its place in the post.
pub(crate) fn others(entry: &Entry) -> Vec<&Mention> {
    if !matches!(entry.kind, Kind::Post | Kind::Digest) {
        return entry.mentions.iter().collect();
    }
    // A post that is told of as a whole was not found at an address that somebody wrote.
    let own = |m: &Mention| m.url.is_none() || m.link.as_deref() == Some(entry.link.as_str());
    let of_own = |m: &Mention| entry.mentions.iter().any(|o| own(o) && o.folder == m.folder && o.post == m.post);
    entry.mentions.iter().filter(|m| !of_own(m)).collect()
}

/// Text that any format may carry: no forbidden character, one line.
fn plain(text: &str) -> String {
    text::squeeze(&text::scrub(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigFile, ConfigFiles, load};
    use crate::merge::{self, Document};
    use crate::output::html::card::example;

    fn site(output: &str) -> Site {
        let text = format!("title: T\nurl: https://feeds.example.org/\n{output}");
        let site = ConfigFile { path: "feedloom.yaml".into(), text };
        load(&ConfigFiles { site, projects: Vec::new(), overrides: None, words: Vec::new() }).unwrap()
    }

    fn feed(entries: Vec<Entry>, site: &Site) -> Feed {
        merge::feed("all", entries, Document::Live { older: None }, site, "tag:example.org,2024:")
    }

    #[test]
    fn an_entry_that_readers_would_refuse_is_left_out_alone() {
        let site = site("");
        let mut bad = example(Kind::News);
        bad.authors[0].email = Some("a\u{fffe}@example.org".to_owned());
        let feed = feed(vec![example(Kind::Task), bad, example(Kind::Event)], &site);
        let prepared: Vec<_> = feed.entries.iter().map(|e| Arc::new(Prepared::of(e, &site))).collect();
        for (format, kept) in [(FeedFormat::Atom, 2), (FeedFormat::Rss, 3), (FeedFormat::Json, 3)] {
            let text = format.render(&feed, &prepared, &site).unwrap();
            assert_eq!(check::problem(format, &text), None);
            assert_eq!(feed.entries.iter().filter(|e| text.contains(e.id.as_str())).count(), kept);
        }
        let why = FeedFormat::Atom.refuses(&feed.entries[1], &prepared[1], &site);
        assert!(why.is_some_and(|why| why.starts_with("a character XML forbids")), "{why:?}");
        assert_eq!(FeedFormat::Atom.refuses(&feed.entries[0], &prepared[0], &site), None);
    }

    #[test]
    fn a_post_is_not_recommended_by_its_translations() {
        let mention = |post: &str, url: Option<&str>| Mention {
            folder: "posts".to_owned(),
            post: post.to_owned(),
            url: url.map(str::to_owned),
            link: Some(format!("https://example.org/{post}/")),
            ..Mention::default()
        };
        let mentions = vec![
            mention("name.md", None),
            mention("name.zh.md", None),
            mention("name.zh.md", Some("https://example.org/name.md/")),
            mention("weekly.md", Some("https://example.org/name.md/")),
        ];
        let post = Entry { mentions, link: "https://example.org/name.zh.md/".to_owned(), ..example(Kind::Post) };
        let names = |entry: &Entry| others(entry).iter().map(|m| m.post.clone()).collect::<Vec<_>>();
        assert_eq!(names(&post), ["weekly.md"]);
        assert_eq!(names(&Entry { kind: Kind::Question, ..post }).len(), 4);
    }

    #[test]
    fn a_feed_that_has_ended_says_so() {
        let of = |description: Option<&str>, notice: Option<&str>| {
            let mut feed = feed(Vec::new(), &site(""));
            feed.description = description.map(str::to_owned);
            feed.notice = notice.map(str::to_owned);
            said_of(&feed)
        };
        assert_eq!(of(Some("A proxy"), Some("It has ended.")).as_deref(), Some("A proxy. It has ended."));
        assert_eq!(of(Some("A proxy."), Some("It has ended.")).as_deref(), Some("A proxy. It has ended."));
        assert_eq!(of(Some("网络代理"), Some("已结束。")).as_deref(), Some("网络代理。已结束。"));
        assert_eq!(of(Some("网络代理。"), Some("已结束。")).as_deref(), Some("网络代理。已结束。"));
        assert_eq!(of(None, Some("It has ended.")).as_deref(), Some("It has ended."));
        assert_eq!(of(None, None), None);
    }

    #[test]
    fn what_is_around_entries_and_double_ids_hold_the_file_back() {
        let site = site("");
        let twice = feed(vec![example(Kind::Task), example(Kind::Task)], &site);
        let prepared: Vec<_> = twice.entries.iter().map(|e| Arc::new(Prepared::of(e, &site))).collect();
        assert!(FeedFormat::Json.render(&twice, &prepared, &site).unwrap_err().contains("occurs twice"));
        let mut odd = feed(Vec::new(), &site);
        odd.id = "tag:\u{fffe}".to_owned();
        assert!(FeedFormat::Atom.render(&odd, &[], &site).unwrap_err().starts_with("a character XML forbids"));
    }
}
