//! A linked page as it is kept, and the raw entry that completes what posts say of it.
//!
//! What was read is kept whole; how much of it is published is decided when the raw entry
//! is made ([`Linked::raw_entry`]), so that another decision needs no second request.
//!
//! What this module refuses: to make two pages one because of an address that stands for
//! a whole site, or that is one of our own ([`Linked::keys`]).

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::article::{Confidence, Page};
use crate::config::{ContentMode, Zone};
use crate::entry::{Kind, Person, RawEntry, Source};
use crate::normalize::address::{self, Hosts};
use crate::normalize::html::escape;
use crate::normalize::text;

/// A summary has at most so many characters, of whatever script.
pub const SUMMARY_CHARS: usize = 600;

/// Less than this of a paragraph says nothing.
const SHORTEST_PIECE: usize = 40;

/// What was read of a page.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Linked {
    /// Where it was found in the end.
    pub address: Url,
    /// When it was read.
    pub read: DateTime<Utc>,
    /// The title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The whole as plain text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The whole as HTML: addresses absolute, not sanitised.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
    /// A summary that a person wrote into a side file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// When it was published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<Published>,
    /// Who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    /// The site, or the account on a site of many.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub site_name: Option<String>,
    /// Its picture.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// What the page calls its own address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub canonical: Option<Url>,
    /// What it is wherever it lies.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Its author wants no copy, or no part of its text, to be published.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restricted: Option<String>,
    /// Where each field was found.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub origins: Vec<(String, String)>,
    /// The file that stands in for the network, below the folder of saved pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
}

/// When a page was published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Published {
    /// As it was claimed.
    pub claimed: String,
    /// The moment; none when only the day is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// The day where it was published.
    pub day: NaiveDate,
    /// Sure enough to be published.
    pub confident: bool,
}

impl Linked {
    /// What `page` says, found at `address` and read at `read`.
    pub fn of(page: Page, address: Url, read: DateTime<Utc>) -> Self {
        let restricted = match (page.restrictions.no_archive, page.restrictions.no_snippet) {
            (_, true) => Some("nosnippet"),
            (true, false) => Some("noarchive"),
            (false, false) => None,
        };
        let published = page.published.map(|p| Published {
            claimed: p.as_claimed,
            at: p.at,
            day: p.date,
            confident: p.confidence == Confidence::Confident,
        });
        // Who wants no copy gets none, here neither.
        let (text, html) = if restricted.is_some() { Default::default() } else { (page.text, page.html) };
        let clean = |field: Option<String>| field.map(|f| text::line(&f)).filter(|f| !f.is_empty());
        let base = address.clone();
        Self {
            address,
            read,
            title: clean(page.title),
            text,
            html,
            summary: None,
            published,
            author: clean(page.author),
            site_name: clean(page.site_name),
            image: page.image.and_then(|i| address::absolute(&i, Some(&base))).map(String::from),
            language: page.language.filter(|l| crate::config::is_language(l)),
            canonical: page.canonical,
            identity: page.identity,
            restricted: restricted.map(str::to_owned),
            origins: page.origins.into_iter().map(|(field, from)| (field.to_owned(), from)).collect(),
            file: None,
        }
    }

    /// The keys of the page: `asked`, that of the address it was asked for by, and those
    /// of what it says it is. `usual` is what the rules of its site make of an address.
    /// An address that stands for a whole site, or one of our own, makes no two pages one.
    pub fn keys(&self, asked: &str, usual: impl Fn(&Url) -> Url, own: &Hosts) -> Vec<String> {
        let mut keys = vec![asked.to_owned()];
        if let Some(id) = self.identity.as_deref().and_then(|i| i.strip_prefix("wechat:")) {
            keys.push(format!("weixin:{id}"));
        }
        for url in std::iter::once(&self.address).chain(&self.canonical) {
            let url = usual(url);
            let is_whole_site = url.path().trim_matches('/').is_empty() && url.query().is_none();
            if is_whole_site || !matches!(url.scheme(), "http" | "https") {
                continue;
            }
            keys.push(address::key(&url, own));
        }
        let mut seen: Vec<String> = Vec::new();
        keys.retain(|k| {
            let is_new = !seen.contains(k) && (k == asked || !k.starts_with("site:"));
            seen.push(k.clone());
            is_new
        });
        keys
    }

    /// How much of the page is published, where the site's configuration says `wanted`.
    pub fn mode(&self, wanted: ContentMode) -> ContentMode {
        if self.restricted.is_some() { ContentMode::Link } else { wanted }
    }

    /// When it was published, when that is sure; `zone` is for those that name a day only.
    pub fn issued(&self, zone: Zone) -> Option<DateTime<Utc>> {
        let published = self.published.as_ref().filter(|p| p.confident)?;
        let time = published.at.or_else(|| Some(zone.to_utc(published.day.and_hms_opt(0, 0, 0)?)))?;
        // Nothing was published after it was read.
        (time <= self.read + TimeDelta::days(1) && time.timestamp() > 0).then_some(time)
    }

    /// The page as a raw entry under `keys`, with as much of it as `mode` allows.
    pub fn raw_entry(&self, keys: Vec<String>, mode: ContentMode, zone: Zone) -> RawEntry {
        let mut raw = RawEntry::new(Kind::Article, String::new(), self.title.clone().unwrap_or_default());
        raw.keys = keys;
        raw.page = true;
        raw.link = Some(self.address.to_string());
        raw.authors = self.author.iter().flat_map(|a| people(a)).collect();
        raw.issued = self.issued(zone);
        raw.language = self.language.clone();
        let home = self.address.join("/").map(String::from).ok();
        let host = self.address.host_str().unwrap_or_default();
        let title = self.site_name.clone().unwrap_or_else(|| address::plain_host(host).to_owned());
        raw.source =
            Some(Source { name: host.to_owned(), title: text::cut(&title, 80), link: home, ..Source::default() });
        match self.mode(mode) {
            ContentMode::Full => {
                raw.image = self.image.clone();
                (raw.html, raw.text) = (self.html.clone(), self.text.clone());
                if raw.html.is_empty() {
                    (raw.html, raw.text) = self.summary();
                }
            }
            ContentMode::Summary => {
                raw.image = self.image.clone().or_else(|| crate::normalize::html::first_image(&self.html, None));
                (raw.html, raw.text) = self.summary();
                if let Some(image) = raw.image.as_ref().filter(|_| !raw.html.is_empty()) {
                    raw.html.insert_str(0, &format!("<p><img src=\"{}\" alt=\"\"></p>", escape(image)));
                }
            }
            ContentMode::Link => {}
        }
        raw
    }

    /// The beginning of the page, or the summary that a person wrote, in at most
    /// [`SUMMARY_CHARS`] characters: as HTML and plain.
    fn summary(&self) -> (String, String) {
        let title = text::fold(self.title.as_deref().unwrap_or_default());
        let whole = self.summary.as_deref().unwrap_or(&self.text);
        let mut left = SUMMARY_CHARS;
        let mut pieces: Vec<String> = Vec::new();
        for line in whole.lines().map(text::squeeze).filter(|l| !l.is_empty()) {
            // The title is said already.
            if pieces.is_empty() && text::fold(&line) == title {
                continue;
            }
            let count = line.chars().count();
            if count < left {
                left -= count + 1;
                pieces.push(line);
                continue;
            }
            if left >= SHORTEST_PIECE || pieces.is_empty() {
                pieces.push(cut(&line, left));
            }
            break;
        }
        let html = pieces.iter().map(|p| format!("<p>{}</p>", escape(p))).collect();
        (html, pieces.join("\n"))
    }
}

/// The beginning of `line`, at most `most` characters, cut behind a sentence if it can be.
fn cut(line: &str, most: usize) -> String {
    let beginning: String = line.chars().take(most).collect();
    text::excerpt(line, text::columns(&beginning))
}

/// The people in a byline.
fn people(author: &str) -> Vec<Person> {
    let names = author.split([',', '，', '、', ';', '；']).map(text::line).filter(|n| !n.is_empty());
    names.take(10).map(Person::named).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::article::Restrictions;

    fn page(text: &str) -> Linked {
        let page = Page {
            title: Some("  A title ".to_owned()),
            text: text.to_owned(),
            html: format!("<p>{text}</p>"),
            author: Some("Ann Example, 王五".to_owned()),
            image: Some("/cover.png".to_owned()),
            ..Page::default()
        };
        Linked::of(page, "https://blog.example.com/2022/a?x=1".parse().unwrap(), DateTime::default())
    }

    fn at(linked: &Linked, mode: ContentMode) -> RawEntry {
        linked.raw_entry(vec!["url:a".to_owned()], mode, Zone::UTC)
    }

    #[test]
    fn a_summary_is_short_whole_and_has_a_picture() {
        let long =
            format!("A title\n{}\n{}", "第一句话说的是这件事。".repeat(20), "第二段的每一句都不一样。".repeat(60));
        let linked = page(&long);
        let raw = at(&linked, ContentMode::Summary);
        assert!(raw.text.chars().count() <= SUMMARY_CHARS, "{}", raw.text.chars().count());
        assert!(raw.text.starts_with("第一句话") && raw.text.ends_with('。'), "{}", raw.text);
        assert!(raw.html.starts_with("<p><img src=\"https://blog.example.com/cover.png\""), "{}", raw.html);
        assert_eq!(at(&linked, ContentMode::Full).text, long);
        let link = at(&linked, ContentMode::Link);
        assert!(link.html.is_empty() && link.text.is_empty() && link.image.is_none());
        assert_eq!(link.title, "A title");
        assert_eq!(link.authors.iter().map(|a| a.name.as_str()).collect::<Vec<_>>(), ["Ann Example", "王五"]);
        assert_eq!(link.source.map(|s| s.title).as_deref(), Some("blog.example.com"));
        let one = page(&"word ".repeat(400));
        assert!(at(&one, ContentMode::Summary).text.chars().count() <= SUMMARY_CHARS);
    }

    #[test]
    fn who_wants_no_copy_gets_a_link() {
        for (no_archive, no_snippet) in [(true, false), (false, true)] {
            let page = Page {
                text: "Secret words.".to_owned(),
                html: "<p>Secret words.</p>".to_owned(),
                restrictions: Restrictions { no_archive, no_snippet },
                ..Page::default()
            };
            let linked = Linked::of(page, "https://a.example/".parse().unwrap(), DateTime::default());
            assert!(at(&linked, ContentMode::Full).html.is_empty());
        }
    }

    #[test]
    fn what_a_page_says_it_is_makes_addresses_one() {
        let own = Hosts::from([("own.example".to_owned(), "own.example".to_owned())]);
        let keys = |address: &str, canonical: Option<&str>, identity: Option<&str>| {
            let mut linked = page("x");
            linked.address = address.parse().unwrap();
            linked.canonical = canonical.map(|c| c.parse().unwrap());
            linked.identity = identity.map(str::to_owned);
            linked.keys("asked", Url::clone, &own).join(" ")
        };
        let other = Some("https://www.example.com/b/?utm_source=x");
        assert_eq!(keys("https://t.example/abc", other, None), "asked url:t.example/abc url:example.com/b");
        assert_eq!(keys("https://t.example/", Some("https://example.com"), None), "asked");
        assert_eq!(keys("https://t.example/abc", Some("https://own.example/post"), None), "asked url:t.example/abc");
        let short = "https://mp.weixin.qq.com/s/abc";
        assert_eq!(keys(short, None, Some("wechat:B==/1/2")), "asked weixin:B==/1/2 weixin:s/abc");
    }

    #[test]
    fn only_sure_and_possible_dates_are_published() {
        let mut linked = page("x");
        linked.read = "2024-06-01T00:00:00Z".parse().unwrap();
        let mut issued = |at: Option<&str>, day: &str, confident: bool| {
            let claimed = day.to_owned();
            let at = at.map(|a| a.parse().unwrap());
            linked.published = Some(Published { claimed, at, day: day.parse().unwrap(), confident });
            linked.issued("Asia/Shanghai".parse::<chrono_tz::Tz>().map(Zone::Named).unwrap()).map(|t| t.to_rfc3339())
        };
        assert_eq!(issued(None, "2022-03-01", true).as_deref(), Some("2022-02-28T16:00:00+00:00"));
        assert_eq!(
            issued(Some("2022-03-01T01:02:03Z"), "2022-03-01", true).as_deref(),
            Some("2022-03-01T01:02:03+00:00")
        );
        assert_eq!(issued(None, "2022-03-01", false), None);
        assert_eq!(issued(None, "2031-03-01", true), None);
    }
}
