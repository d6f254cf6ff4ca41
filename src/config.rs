//! `feedloom.yaml`, `feeds/*.yaml` and `overrides.yaml` into a [`Site`].
//!
//! Strict: an unknown key, a wrong value, a pattern that does not compile is an
//! error with file, line, column and a suggestion, and all of them are reported
//! at once. Whoever holds a [`Site`] need not check anything again.
//!
//! Pure: texts come in, values go out. What the keys mean to users is written
//! in docs/reference.md; the contract is that keys are added, never renamed.

mod load;
mod reader;
mod words;

pub use load::{cidr, glob, is_language, is_reserved_header, load};
pub use reader::duration;
pub(crate) use reader::nearest;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Offset, TimeZone, Utc};
use regex::Regex;
use url::Url;

use crate::entry::{Channel, Kind, Person, Slug};
use crate::normalize::address;
use crate::words::Own;
use crate::yaml::Place;

/// A mistake in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}:{column}: {problem}", .path.display())]
pub struct ConfigError {
    /// The file, as it was named to the reader.
    pub path: PathBuf,
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub problem: String,
    /// The line of the file.
    pub snippet: String,
}

/// A file's path and text.
#[derive(Debug, Clone)]
pub struct ConfigFile {
    /// Path as shown in messages.
    pub path: PathBuf,
    /// The text.
    pub text: String,
}

/// The files a site's configuration consists of.
#[derive(Debug, Clone)]
pub struct ConfigFiles {
    /// `feedloom.yaml`.
    pub site: ConfigFile,
    /// `feeds/*.yaml`, sorted by path.
    pub projects: Vec<ConfigFile>,
    /// `overrides.yaml`, when there is one.
    pub overrides: Option<ConfigFile>,
    /// `templates/words.*.yaml`, sorted by path.
    pub words: Vec<ConfigFile>,
}

/// A site: everything that people decided.
#[derive(Debug, Clone)]
pub struct Site {
    /// Title of the whole.
    pub title: String,
    /// One sentence about it.
    pub description: Option<String>,
    /// Where the output is served; ends with `/`.
    pub url: Url,
    /// Where that is written, for messages.
    pub url_place: Place,
    /// BCP 47 tag of feeds and pages.
    pub language: Option<String>,
    /// Start of minted ids, when the configuration names one.
    pub id_base: Option<String>,
    /// For dates that name no zone.
    pub timezone: Zone,
    /// Feed-level author.
    pub author: Option<Person>,
    /// Folders with posts.
    pub posts: Vec<PostsFolder>,
    /// Feeds that belong to no single project.
    pub sources: Vec<SourceConfig>,
    /// Folder with article rules, relative to the site.
    pub sites: PathBuf,
    /// Linked pages.
    pub articles: Articles,
    /// How to fetch.
    pub fetch: Fetch,
    /// What to write.
    pub output: Output,
    /// WebSub hub.
    pub hub: Option<Url>,
    /// Write HTML pages.
    pub pages: bool,
    /// Write a search index.
    pub search: bool,
    /// The projects, by slug.
    pub projects: Vec<Project>,
    /// People's decisions on single entries.
    pub overrides: Vec<Override>,
    /// Words of its own, by language.
    pub words: Own,
    /// Hash of all configuration texts: derived results are cached under it.
    pub fingerprint: String,
}

/// A time zone: named, or a fixed distance from UTC.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Zone {
    /// A zone of the IANA database.
    Named(chrono_tz::Tz),
    /// A fixed offset.
    Fixed(FixedOffset),
}

impl Zone {
    /// UTC.
    pub const UTC: Zone = Zone::Named(chrono_tz::UTC);

    /// What a clock in this zone means by `local`. In the hour that happens twice
    /// the first is meant; in the hour that is skipped, the clock before the jump.
    pub fn to_utc(self, local: NaiveDateTime) -> DateTime<Utc> {
        match self {
            Zone::Fixed(offset) => DateTime::from_naive_utc_and_offset(local - offset, Utc),
            Zone::Named(tz) => match tz.from_local_datetime(&local).earliest() {
                Some(time) => time.with_timezone(&Utc),
                None => {
                    let before = tz.offset_from_utc_datetime(&(local - chrono::TimeDelta::hours(3))).fix();
                    DateTime::from_naive_utc_and_offset(local - before, Utc)
                }
            },
        }
    }

    /// What a clock in this zone shows at `time`.
    pub fn to_local(self, time: DateTime<Utc>) -> DateTime<FixedOffset> {
        match self {
            Zone::Fixed(offset) => time.with_timezone(&offset),
            Zone::Named(tz) => time.with_timezone(&tz).fixed_offset(),
        }
    }

    fn parse(text: &str) -> Option<Zone> {
        if let Ok(tz) = text.parse::<chrono_tz::Tz>() {
            return Some(Zone::Named(tz));
        }
        if text.eq_ignore_ascii_case("z") || text.eq_ignore_ascii_case("utc") {
            return Some(Zone::UTC);
        }
        DateTime::parse_from_str(&format!("2000-01-01 00:00 {text}"), "%Y-%m-%d %H:%M %z")
            .ok()
            .map(|t| Zone::Fixed(*t.offset()))
    }
}

/// A folder with posts.
#[derive(Debug, Clone)]
pub struct PostsFolder {
    /// As written: relative to the site folder, may lead outside.
    pub path: String,
    /// Template of a post's address.
    pub url: Option<String>,
    /// The path below which the site lies, and addresses of front matter begin: begins and
    /// ends with `/`.
    pub base: String,
    /// Further host names of the same site, lower case.
    pub hosts: Vec<String>,
    /// BCP 47 tag of the posts.
    pub language: Option<String>,
    /// Translations that lie beside the posts: the tag in `name.zh.md`, and the template of
    /// their addresses.
    pub languages: BTreeMap<String, String>,
    /// How the generator makes slugs and heading ids.
    pub slugify: Slugify,
    /// Publish drafts too.
    pub drafts: bool,
    /// Globs of files below it that are no posts.
    pub exclude: Vec<Regex>,
    /// Who is meant by a key in front matter, all in lower case.
    pub authors: BTreeMap<String, Person>,
    /// Which posts are taken apart, and how.
    pub digest: Option<DigestConfig>,
    /// It has no address and an earlier folder has none either: what the pages that stand for
    /// its posts have in their names, so that posts of one name have a page each.
    pub page_mark: Option<String>,
    /// Where the folder is named, for messages.
    pub place: Place,
}

impl PostsFolder {
    /// A folder of which nothing is said but where it is.
    pub fn new(path: impl Into<String>, place: Place) -> Self {
        Self {
            path: path.into(),
            url: None,
            base: "/".to_owned(),
            hosts: Vec::new(),
            language: None,
            languages: BTreeMap::new(),
            slugify: Slugify::Hugo,
            drafts: false,
            exclude: Vec::new(),
            authors: BTreeMap::new(),
            digest: None,
            page_mark: None,
            place,
        }
    }
}

impl PostsFolder {
    /// Whether the file at `path` below it may be a post: none that is excluded, nor what
    /// Docusaurus takes for a part of other pages.
    pub fn has(&self, path: &str) -> bool {
        let is_part = self.slugify == Slugify::Docusaurus && path.split('/').any(|name| name.starts_with('_'));
        !is_part && !self.exclude.iter().any(|glob| glob.is_match(path))
    }
}

/// Fields of [`PostsFolder::url`].
pub const URL_FIELDS: [&str; 10] =
    ["slug", "path", "year", "month", "day", "title", "slug_or_title", "filename", "folders", "categories"];

/// The keys of front matter that an address template asks for: `abbrlink` of `{front.abbrlink}`.
pub fn front_keys(template: &str) -> impl Iterator<Item = &str> {
    let is_key = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(c);
    let keys = template.split("{front.").skip(1).filter_map(|behind| Some(behind.split_once('}')?.0));
    keys.filter(move |key| !key.is_empty() && key.chars().all(is_key))
}

/// How a site generator turns names into addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Slugify {
    /// Lower case, blanks to `-`, other scripts kept.
    Hugo,
    /// Everything to ASCII, other scripts transliterated.
    Zola,
    /// Without the date before it and signs that file names cannot have: Zola's `paths = "safe"`.
    ZolaSafe,
    /// Lower case, every other run to `-`.
    Jekyll,
    /// A `slug` is the whole path below the folder of the blog, else date and name are: `{path}`.
    Docusaurus,
    /// As GitHub makes anchors: lower case, without signs, blanks to `-`. Astro, MkDocs; where no
    /// title is given, the first heading is it.
    GitHub,
    /// As it is, without the date before it: Zola's `paths = "off"`, Eleventy.
    Undated,
    /// As it is; a line of a paragraph is one where it is shown, too.
    Hexo,
    /// As it is.
    None,
}

/// Which posts are digests.
#[derive(Debug, Clone)]
pub struct DigestConfig {
    /// Any of these makes a post a digest.
    pub when: Vec<Condition>,
    /// Section words, before the built-in ones.
    pub sections: Vec<SectionRule>,
    /// How sections without a known heading are read.
    pub default: SectionKind,
}

/// All of its parts must hold.
#[derive(Debug, Clone)]
pub struct Condition {
    /// Unanchored, case-insensitive.
    pub title: Option<Regex>,
    /// Glob below the posts folder.
    pub path: Option<Regex>,
    /// Front matter: key and wanted values, one of which is enough; all in lower case.
    pub values: Vec<(String, Vec<String>)>,
    /// Where it is written, for messages.
    pub place: Place,
}

/// A section word of the configuration.
#[derive(Debug, Clone)]
pub struct SectionRule {
    /// Matches the heading.
    pub heading: Regex,
    /// What the section holds.
    pub kind: SectionKind,
}

/// What a section of a digest holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SectionKind {
    /// Questions and answers.
    Questions,
    /// A reading list.
    Articles,
    /// Versions.
    Releases,
    /// Things to do.
    Tasks,
    /// Meetings and talks.
    Events,
    /// News.
    News,
    /// Each item's kind by its own shape.
    Items,
    /// Nothing to take.
    Skip,
}

impl SectionKind {
    const WORDS: [(&'static str, SectionKind); 8] = [
        ("questions", SectionKind::Questions),
        ("articles", SectionKind::Articles),
        ("releases", SectionKind::Releases),
        ("tasks", SectionKind::Tasks),
        ("events", SectionKind::Events),
        ("news", SectionKind::News),
        ("items", SectionKind::Items),
        ("skip", SectionKind::Skip),
    ];
}

/// An upstream feed.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceConfig {
    /// Its address, or `file:` below the site folder.
    pub url: String,
    /// Its identity, when the configuration gives one.
    pub name: Option<String>,
    /// For dates that name no zone.
    pub timezone: Option<Zone>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// How much of its entries is published.
    pub content: Option<ContentMode>,
    /// Which releases count.
    pub channel: Option<ChannelFilter>,
    /// Extra request headers.
    pub headers: BTreeMap<String, String>,
    /// Where it is named, for messages.
    pub place: Place,
}

impl SourceConfig {
    /// Its address as it may be shown.
    pub fn shown(&self) -> String {
        match Url::parse(&self.url) {
            Ok(url) if url.scheme() != "file" => address::bare(url),
            Ok(_) | Err(_) => self.url.clone(),
        }
    }
}

/// How much of an article is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ContentMode {
    /// The whole text.
    Full,
    /// The beginning and a picture.
    Summary,
    /// The link alone.
    Link,
}

const CONTENT_MODES: [(&str, ContentMode); 3] =
    [("full", ContentMode::Full), ("summary", ContentMode::Summary), ("link", ContentMode::Link)];

/// Which releases a feed carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChannelFilter {
    /// Finished versions only.
    Stable,
    /// Unfinished versions only.
    Prerelease,
    /// Both.
    All,
}

impl ChannelFilter {
    /// Whether a release of `channel` passes. A release that does not say passes.
    pub fn admits(self, channel: Option<Channel>) -> bool {
        match (self, channel) {
            (ChannelFilter::All, _) | (_, None) => true,
            (ChannelFilter::Stable, Some(c)) => c == Channel::Stable,
            (ChannelFilter::Prerelease, Some(c)) => c == Channel::Prerelease,
        }
    }
}

const CHANNELS: [(&str, ChannelFilter); 3] =
    [("stable", ChannelFilter::Stable), ("prerelease", ChannelFilter::Prerelease), ("all", ChannelFilter::All)];

/// Linked pages.
#[derive(Debug, Clone)]
pub struct Articles {
    /// Fetch linked pages at all.
    pub fetch: bool,
    /// How much of them is published.
    pub content: ContentMode,
    /// Saved pages that stand in for the network.
    pub folder: Option<PathBuf>,
    /// Requests a day to one host.
    pub per_host_per_day: u64,
    /// Ask robots.txt.
    pub robots: RobotsMode,
    /// Bytes of pictures that are copied, all together.
    pub images_bytes: usize,
    /// Exceptions by host.
    pub hosts: BTreeMap<String, HostRule>,
}

impl Articles {
    /// The rule for a host: its own, else that of the nearest domain above it.
    pub fn rule(&self, host: &str) -> Option<&HostRule> {
        if self.hosts.is_empty() {
            return None;
        }
        let host = host.to_ascii_lowercase();
        let above = host.match_indices('.').map(|(at, _)| &host[at + 1..]);
        std::iter::once(host.as_str()).chain(above).find_map(|h| self.hosts.get(h))
    }

    /// Whether pictures of any host are copied.
    pub fn mirrors(&self) -> bool {
        self.hosts.values().any(|rule| rule.images == Some(ImageMode::Mirror))
    }

    /// What happens to a picture in the entry of `page`: what is said of its own host, else
    /// of the page's, else what is known of hosts that show pictures to their own pages only.
    pub fn images(&self, picture: &str, page: &str) -> ImageMode {
        let host_of = |address: &str| Url::parse(address).ok().and_then(|u| u.host_str().map(str::to_owned));
        let Some(host) = host_of(picture) else {
            return ImageMode::Link;
        };
        let said = self.rule(&host).and_then(|r| r.images);
        let of_page = || if self.hosts.is_empty() { None } else { host_of(page) };
        let said = said.or_else(|| of_page().and_then(|h| self.rule(&h)?.images));
        said.unwrap_or_else(|| {
            let refuses = |closed: &str| host.strip_suffix(closed).is_some_and(|h| h.is_empty() || h.ends_with('.'));
            if NO_HOTLINKS.iter().any(|h| refuses(h)) { ImageMode::Drop } else { ImageMode::Link }
        })
    }
}

/// Hosts that show pictures to readers of their own pages only.
const NO_HOTLINKS: [&str; 5] = ["mmbiz.qpic.cn", "mmbiz.qlogo.cn", "sinaimg.cn", "hdslib.com", "csdnimg.cn"];

/// Whether robots.txt is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobotsMode {
    /// Asked and obeyed.
    Ask,
    /// The operator decided otherwise.
    Ignore,
}

const ROBOTS: [(&str, RobotsMode); 2] = [("ask", RobotsMode::Ask), ("ignore", RobotsMode::Ignore)];

/// Exceptions for one host.
#[derive(Debug, Clone, Default)]
pub struct HostRule {
    /// robots.txt.
    pub robots: Option<RobotsMode>,
    /// How much is published.
    pub content: Option<ContentMode>,
    /// Time between two requests.
    pub gap: Option<Duration>,
    /// What happens to pictures.
    pub images: Option<ImageMode>,
}

/// What happens to pictures of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageMode {
    /// Linked as they are.
    Link,
    /// Left out of feeds.
    Drop,
    /// Copied, and linked where it is then; left out until it is there.
    Mirror,
}

const IMAGES: [(&str, ImageMode); 3] =
    [("link", ImageMode::Link), ("drop", ImageMode::Drop), ("mirror", ImageMode::Mirror)];

/// How to fetch.
#[derive(Debug, Clone)]
pub struct Fetch {
    /// In the User-Agent: where to complain.
    pub contact: Option<String>,
    /// CIDR ranges the address guard lets through.
    pub allow: Vec<String>,
    /// An HTTP proxy.
    pub proxy: Option<Url>,
    /// Certificates of a private authority.
    pub ca_file: Option<PathBuf>,
    /// No source is asked more often.
    pub min_interval: Duration,
    /// Requests at once to one host.
    pub per_host: usize,
    /// Time between two requests to one host.
    pub gap: Duration,
    /// Hosts that are treated otherwise, by name.
    pub hosts: BTreeMap<String, HostLimits>,
    /// Requests at once.
    pub concurrency: usize,
    /// The run ends after this.
    pub deadline: Duration,
    /// Largest body, decompressed.
    pub max_bytes: usize,
}

/// How one host is treated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostLimits {
    /// Time between two requests.
    pub gap: Option<Duration>,
    /// Requests at once.
    pub per_host: Option<usize>,
}

/// What to write.
#[derive(Debug, Clone)]
pub struct Output {
    /// Folder, relative to the site.
    pub dir: PathBuf,
    /// Entries in a feed.
    pub entries: usize,
    /// Bytes of a feed.
    pub bytes: usize,
    /// Bytes of one entry's content.
    pub entry_bytes: usize,
    /// Formats to write.
    pub formats: Vec<FeedFormat>,
    /// Which feeds carry whole digests.
    pub digests: Digests,
    /// Kinds with feeds of their own.
    pub split: Vec<Kind>,
    /// New entries that one build may add to one feed.
    pub announce: usize,
}

/// A feed format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FeedFormat {
    /// RFC 4287.
    Atom,
    /// RSS 2.0.
    Rss,
    /// JSON Feed 1.1.
    Json,
}

const FORMATS: [(&str, FeedFormat); 3] =
    [("atom", FeedFormat::Atom), ("rss", FeedFormat::Rss), ("json", FeedFormat::Json)];

/// Which feeds carry whole digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Digests {
    /// Every feed one of its items is in.
    All,
    /// Only `all`.
    Own,
    /// No feed.
    None,
}

/// A project: what a feed is about.
#[derive(Debug, Clone)]
pub struct Project {
    /// The file's name.
    pub slug: Slug,
    /// The project's name: always one of its names.
    pub title: String,
    /// One sentence.
    pub description: Option<String>,
    /// Its home page.
    pub home: Option<Url>,
    /// Names.
    pub aliases: Vec<Alias>,
    /// Address prefixes, `host/path`, lower-case host, no scheme.
    pub addresses: Vec<String>,
    /// Phrases that never count as this project's name.
    pub not: Vec<(String, Place)>,
    /// Addresses or ids never in this feed.
    pub exclude: Vec<String>,
    /// Its feeds.
    pub sources: Vec<SourceConfig>,
    /// Kinds in its feed.
    pub kinds: Vec<Kind>,
    /// Which releases.
    pub channel: ChannelFilter,
    /// Languages in its feed; none means all.
    pub languages: Vec<String>,
    /// Kinds with feeds of their own.
    pub split: Vec<Kind>,
    /// Old slugs: complete feeds stay there too.
    pub formerly: Vec<Slug>,
    /// Nothing new after this day.
    pub ended: Option<NaiveDate>,
    /// A further condition, a template expression over an entry.
    pub when: Option<String>,
    /// Its file.
    pub file: PathBuf,
}

/// A name of a project.
#[derive(Debug, Clone, PartialEq)]
pub struct Alias {
    /// As written.
    pub name: String,
    /// Where it counts.
    pub scope: AliasScope,
    /// Whether case matters.
    pub case: AliasCase,
    /// Where it is written.
    pub place: Place,
}

/// Where a name counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasScope {
    /// Everywhere.
    Any,
    /// In label lines and headings only: the name is a common word.
    Label,
}

/// Whether case matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AliasCase {
    /// It does not.
    Fold,
    /// It does.
    Exact,
}

/// A person's decision on one entry.
#[derive(Debug, Clone)]
pub struct Override {
    /// An id or an address.
    pub target: String,
    /// Projects to add.
    pub add: Vec<Slug>,
    /// Projects to leave.
    pub remove: Vec<Slug>,
    /// Its kind.
    pub kind: Option<Kind>,
    /// Its title.
    pub title: Option<String>,
    /// Its date, as written (RFC 3339 or a day).
    pub date: Option<String>,
    /// Withdraw it.
    pub hide: bool,
    /// The same thing as another entry, or as none.
    pub same_as: Option<SameAs>,
    /// Where it is written.
    pub place: Place,
    /// The file.
    pub file: PathBuf,
}

/// What an entry is the same as.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SameAs {
    /// The entry with this id or address.
    Entry(String),
    /// Nothing: a merge by title was wrong.
    Nothing,
}
