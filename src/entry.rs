//! The values that flow from stage to stage: what a source said ([`RawEntry`]),
//! what is published ([`Entry`]), and the small types they are made of.
//!
//! Values only: nothing here does IO, reads a clock or decides anything.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A project's name in paths and URLs.
///
/// Invariant: 1 to 64 of `a-z`, `0-9` and `-`, neither first nor last a `-`,
/// and none of [`RESERVED_SLUGS`], so it needs no escaping anywhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Slug(String);

/// Starts the key that posts with one `translationKey` share.
pub const TRANSLATION: &str = "translation:";

/// Names of output folders that no project may take.
pub const RESERVED_SLUGS: [&str; 7] = ["all", "archive", "assets", "feed", "health", "page", "search"];

/// Why a text is no [`Slug`].
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadSlug {
    /// A character outside `a-z0-9-`, a leading or trailing `-`, empty, or too long.
    #[error("`{0}` is no slug: use 1 to 64 of a-z, 0-9 and -, for example `{1}`")]
    Form(String, String),
    /// The name of a folder Feedloom uses itself, or of a kind.
    #[error("`{0}` is reserved: Feedloom writes a folder of that name itself")]
    Reserved(String),
}

impl Slug {
    /// The slug as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The folder of the feed that carries every entry.
    pub fn all() -> Self {
        Self("all".to_owned())
    }
}

impl FromStr for Slug {
    type Err = BadSlug;

    fn from_str(s: &str) -> Result<Self, BadSlug> {
        let form = (1..=64).contains(&s.len())
            && s.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-')
            && !s.starts_with('-')
            && !s.ends_with('-');
        if !form {
            return Err(BadSlug::Form(s.to_owned(), slug_like(s)));
        }
        if RESERVED_SLUGS.contains(&s) || Kind::from_name(s).is_some() {
            return Err(BadSlug::Reserved(s.to_owned()));
        }
        Ok(Self(s.to_owned()))
    }
}

/// `text` folded into the alphabet of slugs: other runs become one `-`.
pub fn slug_like(text: &str) -> String {
    let mut slug = String::new();
    for c in text.chars().flat_map(char::to_lowercase) {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.ends_with('-') && !slug.is_empty() {
            slug.push('-');
        }
    }
    slug.truncate(64);
    let slug = slug.trim_end_matches('-');
    if slug.is_empty() { "project".to_owned() } else { slug.to_owned() }
}

impl TryFrom<String> for Slug {
    type Error = BadSlug;
    fn try_from(s: String) -> Result<Self, BadSlug> {
        if s == "all" { Ok(Self::all()) } else { s.parse() }
    }
}

impl From<Slug> for String {
    fn from(slug: Slug) -> Self {
        slug.0
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an entry is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A local post, whole.
    Post,
    /// A local post that is taken apart, whole.
    Digest,
    /// A question with its answers, from a digest.
    Question,
    /// A page that posts link to.
    Article,
    /// A version of a project.
    Release,
    /// Something a newcomer could do.
    Task,
    /// A meeting, a talk, a stream: something with a time.
    Event,
    /// Any other piece of a digest that stands for itself.
    News,
    /// An entry of a source that is none of the above.
    Upstream,
}

impl Kind {
    /// Every kind, in the order people expect them.
    pub const ALL: [Kind; 9] = [
        Kind::Post,
        Kind::Digest,
        Kind::Question,
        Kind::Article,
        Kind::Release,
        Kind::Task,
        Kind::Event,
        Kind::News,
        Kind::Upstream,
    ];

    /// The name in configuration, JSON and paths.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Post => "post",
            Kind::Digest => "digest",
            Kind::Question => "question",
            Kind::Article => "article",
            Kind::Release => "release",
            Kind::Task => "task",
            Kind::Event => "event",
            Kind::News => "news",
            Kind::Upstream => "upstream",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|k| k.name() == name)
    }

    /// When one thing is several kinds, the smallest rank names it: a local post
    /// stays a post however often it is recommended.
    pub fn rank(self) -> u8 {
        match self {
            Kind::Post | Kind::Digest => 0,
            Kind::Release => 1,
            Kind::Question | Kind::Task | Kind::Event => 2,
            Kind::Article => 3,
            Kind::Upstream => 4,
            Kind::News => 5,
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// The identifier of an entry: an IRI (RFC 4287, 4.2.6), never changed once emitted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryId(String);

impl EntryId {
    /// The id of what `key` names. `base` is the site's `id_base`. The same
    /// three values make the same id for ever; nothing else enters.
    pub fn mint(base: &str, kind: Kind, key: &str) -> Self {
        let hash = blake3::hash(key.as_bytes());
        let hex = hash.to_hex();
        Self(format!("{base}{}/{}", kind.name(), &hex.as_str()[..20]))
    }

    /// An id that someone else minted, kept as it is.
    pub fn foreign(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// A short name for files: the part after the last `/` when it was minted here,
    /// else a hash. Only `a-z0-9-`.
    pub fn file_stem(&self) -> String {
        let mut parts = self.0.rsplit('/');
        if let (Some(hash), Some(head)) = (parts.next(), parts.next())
            && hash.len() == 20
            && hash.bytes().all(|b| b.is_ascii_hexdigit())
            && let Some(kind) = Kind::ALL.into_iter().find(|k| head.ends_with(k.name()))
        {
            return format!("{}-{hash}", kind.name());
        }
        format!("x-{}", &blake3::hash(self.0.as_bytes()).to_hex().as_str()[..20])
    }
}

impl fmt::Display for EntryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A key or an id as a number, for tables and maps: the first 64 bits of its hash.
/// Of a million, two are the same with a chance of one in forty million.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Key(pub i64);

impl Key {
    /// The number of a text.
    pub fn of(text: &str) -> Self {
        let hash = blake3::hash(text.as_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.as_bytes()[..8]);
        Self(i64::from_le_bytes(first))
    }
}

/// Someone who wrote, asked or answered (RFC 4287, 3.2).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// The name, as plain text.
    pub name: String,
    /// A page about the person: http or https.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub uri: Option<String>,
    /// An e-mail address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub email: Option<String>,
}

impl Person {
    /// A person of whom only the name is known.
    pub fn named(name: impl Into<String>) -> Self {
        Self { name: name.into(), uri: None, email: None }
    }
}

/// The place in a post where an entry was brought up.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mention {
    /// `path` of the posts folder in `feedloom.yaml`.
    pub folder: String,
    /// The post's path below that folder.
    pub post: String,
    /// The headings above, outermost first, joined with ` / `.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub section: String,
    /// The address as it is written in the post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The link's text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The title of the post.
    pub post_title: String,
    /// The place in the published post.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub link: Option<String>,
    /// When the entry came up there: the post's date minus one second for each item before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<DateTime<Utc>>,
    /// Line in the file, from 1.
    pub line: usize,
}

/// Which rule put an entry into a project, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Rule {
    /// A person's decision in `overrides.yaml`.
    Override,
    /// The item's own label line.
    Label,
    /// The address it links to.
    Address,
    /// The section or block heading it stands under.
    Heading,
    /// A name in the title.
    Title,
    /// It came from a source of the project.
    Source,
    /// A front matter tag or category of the post.
    Tag,
    /// A name in the text, when one project stands out.
    Text,
}

impl Rule {
    /// The name in JSON and messages.
    pub fn name(self) -> &'static str {
        match self {
            Rule::Override => "override",
            Rule::Label => "label",
            Rule::Address => "address",
            Rule::Heading => "heading",
            Rule::Title => "title",
            Rule::Source => "source",
            Rule::Tag => "tag",
            Rule::Text => "text",
        }
    }
}

/// Why an entry is in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Because {
    /// The rule that decided.
    pub rule: Rule,
    /// The text that matched.
    pub text: String,
    /// Where it stands: a post's path and line, an address, a field.
    #[serde(rename = "where")]
    pub place: String,
}

/// A project that an entry is about, with the reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    /// The project.
    pub slug: Slug,
    /// Why.
    pub because: Because,
}

/// Which releases a project's feed wants, and which one a release is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// A finished version.
    Stable,
    /// Alpha, beta, candidate, nightly.
    Prerelease,
}

/// The feed an entry came from (RFC 4287, 4.2.11).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The source's name in the configuration: its identity.
    pub name: String,
    /// The feed's own id.
    pub id: Option<String>,
    /// The feed's title.
    pub title: String,
    /// The feed's own address.
    pub self_link: Option<String>,
    /// The page the feed belongs to.
    pub link: Option<String>,
    /// When the feed changed last.
    pub updated: Option<DateTime<Utc>>,
}

/// A file that goes with an entry: a recording, a film, slides (RFC 4287, 4.2.7.2; RSS 2.0,
/// `enclosure`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Enclosure {
    /// Where it is: absolute, http or https.
    pub url: String,
    /// Its media type; RSS and JSON Feed have none without.
    #[serde(rename = "type")]
    pub media_type: String,
    /// Its length in bytes, when the source says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length: Option<u64>,
}

/// What a post, a page or a source said of one thing, before any rule of ours.
///
/// `keys` says what it is identified by: two raw entries that share a key are one
/// entry. The first key is the one an id is minted from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RawEntry {
    /// What it is.
    pub kind: Kind,
    /// Identities, the minting one first. Never empty.
    pub keys: Vec<String>,
    /// The title: plain text, not yet cut.
    pub title: String,
    /// Where it is to be read, absolute.
    pub link: Option<String>,
    /// The content as HTML, as its source wrote it: neither sanitised nor reduced.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
    /// The content as plain text.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// A summary its author wrote (front matter `description`, a feed's summary), plain text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<String>,
    /// Who wrote or asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Person>,
    /// When it came up here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub published: Option<DateTime<Utc>>,
    /// The original's own date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<DateTime<Utc>>,
    /// When the original says it changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub updated: Option<DateTime<Utc>>,
    /// BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// It is in another language than the site: of a group of translations the original
    /// is the one that is not.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub translated: bool,
    /// A picture of it, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Files that go with it, none of them a picture.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enclosures: Vec<Enclosure>,
    /// Releases: the version without a leading `v`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Releases: finished or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Events: when it starts, as the digest tells (RFC 3339 or a date).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// Label lines: the names as written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub labels: Vec<String>,
    /// Addresses that say what it is about: the label's, the report's, its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub about: Vec<String>,
    /// Headings above it, outermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub headings: Vec<String>,
    /// Digests: projects of their items, when digests go into project feeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub carries: Vec<Slug>,
    /// Front matter tags and categories, feed categories.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// Where it was brought up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mention: Option<Mention>,
    /// The feed it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
    /// The id its source gave it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub foreign_id: Option<String>,
    /// It is the linked page itself: it completes what posts and sources say of it, and is
    /// nothing alone.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub page: bool,
}

impl RawEntry {
    /// A raw entry of which only kind and identity are known.
    pub fn new(kind: Kind, key: String, title: impl Into<String>) -> Self {
        Self {
            kind,
            keys: vec![key],
            title: title.into(),
            link: None,
            html: String::new(),
            text: String::new(),
            summary: None,
            authors: Vec::new(),
            published: None,
            issued: None,
            updated: None,
            language: None,
            translated: false,
            image: None,
            enclosures: Vec::new(),
            version: None,
            channel: None,
            starts_at: None,
            labels: Vec::new(),
            about: Vec::new(),
            headings: Vec::new(),
            carries: Vec::new(),
            tags: Vec::new(),
            mention: None,
            source: None,
            foreign_id: None,
            page: false,
        }
    }
}

/// What is published. One thing, however many posts brought it up.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Never changes once emitted.
    pub id: EntryId,
    /// What it is.
    pub kind: Kind,
    /// Plain text, at most 80 columns.
    pub title: String,
    /// Where it is to be read: absolute, http or https.
    pub link: String,
    /// The content as plain text, whole.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
    /// The content as HTML. Not sanitised: [`crate::normalize::html`] does it on the way out.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub html: String,
    /// Plain text, cut at a sentence end.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub summary: String,
    /// Who wrote or asked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authors: Vec<Person>,
    /// When it came up here.
    pub published: DateTime<Utc>,
    /// The original's own date.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issued: Option<DateTime<Utc>>,
    /// When the entry's own text changed.
    pub updated: DateTime<Utc>,
    /// When Feedloom met it.
    pub first_seen: DateTime<Utc>,
    /// BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// A picture of it, absolute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub image: Option<String>,
    /// Pictures that are shown from here, by their address: the file in [`crate::output::pictures::FOLDER`].
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub pictures: BTreeMap<String, String>,
    /// Files that go with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub enclosures: Vec<Enclosure>,
    /// Releases: the version.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// Releases: finished or not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<Channel>,
    /// Events: when it starts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<String>,
    /// What it is about, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub projects: Vec<Membership>,
    /// Who brought it up, earliest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub mentions: Vec<Mention>,
    /// The feed it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<Source>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_are_safe_names() {
        for good in ["mosn", "sofa-rpc", "a", "9p"] {
            assert_eq!(good.parse::<Slug>().unwrap().as_str(), good);
        }
        for bad in ["", "-a", "a-", "MOSN", "a/b", "../x", "a b", "é", "all", "release", &"x".repeat(65)] {
            assert!(bad.parse::<Slug>().is_err(), "{bad}");
        }
        assert_eq!("SOFA Mosn!".parse::<Slug>().unwrap_err().to_string().matches("sofa-mosn").count(), 1);
    }

    #[test]
    fn the_same_key_makes_the_same_id() {
        let id = EntryId::mint("tag:example.org,2026:", Kind::Article, "url:a");
        assert_eq!(id, EntryId::mint("tag:example.org,2026:", Kind::Article, "url:a"));
        assert_ne!(id, EntryId::mint("tag:example.org,2026:", Kind::Article, "url:b"));
        assert!(id.as_str().starts_with("tag:example.org,2026:article/"));
        assert!(id.file_stem().starts_with("article-"));
        assert!(EntryId::foreign("http://x/../../etc").file_stem().starts_with("x-"));
    }
}
