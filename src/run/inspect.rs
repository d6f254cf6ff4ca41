//! What Feedloom reads in one document: a feed, a page or a post. Looks at files
//! and addresses that are given and writes nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Map, Value, json};
use url::Url;

use super::{Opened, RunError, fetching};
use crate::config::{PostsFolder, Zone};
use crate::entry::RawEntry;
use crate::fetch::client::{ClientError, Settings};
use crate::fetch::error::shown;
use crate::fetch::fetcher::Plan;
use crate::fetch::guard::{Guard, Ports};
use crate::fetch::{Body, Ended, Event, FetchError, Fetcher, Job, Outcome, RobotsPolicy, Stop, hosts};
use crate::files::{self, FileError};
use crate::names::Names;
use crate::normalize::address;
use crate::normalize::address::Hosts;
use crate::normalize::html;
use crate::source::article::{self, Page, Refusal, Rules};
use crate::source::upstream::{self, Discovered, Reading};
use crate::source::{front_matter, post};
use crate::yaml::Place;

/// A file larger than this is not looked at.
const MAX_BYTES: u64 = 256 << 20;

/// What a document is meant to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meant {
    /// A feed.
    Feed,
    /// An HTML page.
    Page,
    /// A Markdown post.
    Post,
}

impl Meant {
    /// The name in requests.
    pub fn from_name(name: &str) -> Option<Meant> {
        match name {
            "feed" => Some(Meant::Feed),
            "page" => Some(Meant::Page),
            "post" => Some(Meant::Post),
            _ => None,
        }
    }
}

/// What is known of a document beside its bytes.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// Where the document comes from.
    pub address: Option<String>,
    /// The `Content-Language` header.
    pub content_language: Option<String>,
    /// What it is meant to be; none: it is sniffed.
    pub meant: Option<Meant>,
    /// HTML is to be sanitised.
    pub sanitise: bool,
}

/// What was read.
#[derive(Debug)]
pub enum Document {
    /// A feed, a page, or neither.
    Read(Box<Reading>),
    /// A page, read as an article.
    Page(Box<Looked>),
    /// A post.
    Post(Box<Inspected>),
}

/// A page as an article, and the feeds it names.
#[derive(Debug)]
pub struct Looked {
    /// What it says, or why it is no article.
    pub page: Result<Page, Refusal>,
    /// The feeds it names.
    pub discovered: Vec<Discovered>,
}

/// A post, with what its front matter says.
#[derive(Debug)]
pub struct Inspected {
    /// The keys as they are written.
    pub front_matter: Map<String, Value>,
    /// The post.
    pub post: post::Post,
}

/// The rules for pages: those of the site, and the built-in ones.
///
/// # Errors
/// [`RunError::Rules`] with every mistake in the site's own.
pub fn rules(site: Option<&Opened>) -> Result<Rules, RunError> {
    let own = match site {
        Some(opened) => files::read_rules(&opened.folder, &opened.site.sites)?,
        None => Vec::new(),
    };
    if own.is_empty() { Ok(Rules::built_in()) } else { Rules::with(&own).map_err(RunError::Rules) }
}

/// Reads the file at `path`.
///
/// # Errors
/// [`FileError`] when it cannot be read or is too large.
pub fn bytes(path: &Path) -> Result<Vec<u8>, FileError> {
    let failed = |action: &'static str| move |source| FileError { path: path.to_owned(), action, source };
    let file = File::open(path).map_err(failed("cannot be read"))?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(failed("cannot be read"))?;
    if bytes.len() as u64 > MAX_BYTES {
        let error = std::io::Error::new(std::io::ErrorKind::FileTooLarge, format!("more than {} MiB", MAX_BYTES >> 20));
        return Err(failed("is too large")(error));
    }
    Ok(bytes)
}

/// What an address gave.
#[derive(Debug)]
pub struct Fetched {
    /// The whole body.
    pub body: Body,
    /// The `Content-Type` header.
    pub content_type: Option<String>,
    /// Where it came from at last, redirects followed; without credentials.
    pub address: String,
}

/// Why an address gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// The network cannot be asked as the configuration has it.
    #[error("fetch: {0}")]
    Start(#[source] ClientError),
    /// Nothing came of the request.
    #[error(transparent)]
    Failed(#[from] FetchError),
    /// It was withdrawn.
    #[error("{}: its publisher withdrew it (410)", shown(.0))]
    Gone(Url),
    /// The server wants to be asked later.
    #[error("{}: it asks for a pause (429 or 503): try again later", shown(.0))]
    Busy(Url),
    /// There was no whole answer in time.
    #[error("{}: no whole answer within {} s", shown(.0), PATIENCE.as_secs())]
    Unfinished(Url),
}

/// How long a person who asked is kept waiting, redirects included.
const PATIENCE: Duration = Duration::from_secs(60);

/// Asks for `url`, which a person named: robots.txt, which speaks to programs that choose
/// for themselves, is not asked. The address guard and everything else that bounds a request
/// hold as in a refresh; `fetch` of `site` counts, without one no range is opened.
///
/// # Errors
/// [`AskError`].
pub fn fetch(url: &Url, meant: Option<Meant>, site: Option<&Opened>, now: DateTime<Utc>) -> Result<Fetched, AskError> {
    let settings = site.map_or_else(|| Settings::new(Guard::new(Vec::new(), Ports::Web)), fetching::settings);
    let limits = hosts::Limits {
        per_host: 1,
        gap: Duration::ZERO,
        gaps: BTreeMap::new(),
        shares: BTreeMap::new(),
        at_once: 1,
        idle: 1,
    };
    // A pause is told, not waited for.
    let plan = Plan { patience: Duration::ZERO, ..Plan::new(limits, PATIENCE, now) };
    let mut fetcher = Fetcher::start(settings, plan, &Stop::new()).map_err(AskError::Start)?;
    fetcher.ask(match meant {
        Some(Meant::Page) => Job::page(url.clone(), RobotsPolicy::Ignore),
        Some(Meant::Feed | Meant::Post) | None => Job::feed(url.clone()),
    });
    while let Some(event) = fetcher.next() {
        let Event::Done(done) = event else { continue };
        return match done.ended {
            Ended::Answered(answer) => match answer.outcome {
                Outcome::Fetched { body, content_type, .. } => {
                    Ok(Fetched { body, content_type, address: address::bare(answer.url) })
                }
                Outcome::Gone => Err(AskError::Gone(answer.url)),
                // "Not modified" has no place where nothing was said to compare with.
                Outcome::Busy { .. } | Outcome::NotModified { .. } => Err(AskError::Busy(answer.url)),
            },
            Ended::Failed(error) => Err(AskError::Failed(error)),
            Ended::HostPaused(_) => Err(AskError::Busy(url.clone())),
            Ended::Unfinished => Err(AskError::Unfinished(url.clone())),
        };
    }
    Err(AskError::Unfinished(url.clone()))
}

/// Reads `bytes`, the document at `path` if it is a file. A post is read as the
/// site reads it, when `site` has a posts folder that holds it.
pub fn inspect(bytes: &[u8], path: Option<&Path>, request: &Request, site: Option<&Opened>, rules: &Rules) -> Document {
    if request.meant == Some(Meant::Page) {
        return Document::Page(Box::new(Looked { page: read_page(bytes, request, rules), discovered: Vec::new() }));
    }
    let is_post = match request.meant {
        Some(Meant::Post) => true,
        Some(Meant::Feed | Meant::Page) => false,
        None => looks_like_a_post(bytes, path),
    };
    if is_post {
        match read_post(bytes, path, site) {
            Ok(inspected) => return Document::Post(Box::new(inspected)),
            Err(error) if request.meant == Some(Meant::Post) => {
                let problem = upstream::Problem { line: error.line, what: format!("not a post: {}", error.problem) };
                return Document::Read(Box::new(Reading { problems: vec![problem], ..Reading::default() }));
            }
            // Something else that begins like one.
            Err(_) => {}
        }
    }
    let mut reading = upstream::read(
        bytes,
        &upstream::Request {
            content_type: request.content_type.as_deref(),
            address: request.address.as_deref(),
            content_language: request.content_language.as_deref(),
            meant: match request.meant {
                Some(Meant::Feed) => Some(upstream::Kind::Feed),
                Some(Meant::Page | Meant::Post) | None => None,
            },
        },
    );
    reading.resolve();
    if reading.kind == upstream::Kind::Page {
        let page = read_page(bytes, request, rules);
        return Document::Page(Box::new(Looked { page, discovered: reading.discovered }));
    }
    if request.sanitise {
        reading.sanitise();
    }
    Document::Read(Box::new(reading))
}

/// Reads a page as an article. What breaks on it is told of it alone.
fn read_page(bytes: &[u8], request: &Request, rules: &Rules) -> Result<Page, Refusal> {
    let given = request.address.as_deref().and_then(|a| Url::parse(a).ok());
    let address = given
        .or_else(|| article::address_of(bytes, request.content_type.as_deref()))
        .unwrap_or_else(|| Url::parse("https://unknown.invalid/").expect("an address that is written here"));
    let sanitise = request.sanitise;
    let request = article::Request {
        bytes,
        content_type: request.content_type.as_deref(),
        address: &address,
        robots_header: None,
        rules,
    };
    let mut page =
        panic::catch_unwind(AssertUnwindSafe(|| article::read(&request))).unwrap_or(Err(Refusal::Unreadable))?;
    if sanitise {
        page.html = html::sanitise(&page.html, Some(&address));
    }
    Ok(page)
}

/// By its name, else by front matter at its beginning.
fn looks_like_a_post(bytes: &[u8], path: Option<&Path>) -> bool {
    let extension = path.and_then(Path::extension).and_then(|e| e.to_str()).unwrap_or_default();
    if ["md", "markdown", "mdx"].iter().any(|e| e.eq_ignore_ascii_case(extension)) {
        return true;
    }
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    [&b"---\n"[..], b"---\r\n", b"+++\n", b"+++\r\n"].iter().any(|fence| bytes.starts_with(fence))
}

fn read_post(bytes: &[u8], path: Option<&Path>, site: Option<&Opened>) -> Result<Inspected, post::PostError> {
    let text = String::from_utf8_lossy(bytes);
    let front_matter = front_matter::split(text.trim_start_matches('\u{FEFF}')).map(|s| s.values).unwrap_or_default();
    let absolute = path.and_then(|p| std::fs::canonicalize(p).ok());
    if let (Some(site), Some(absolute)) = (site, &absolute) {
        for folder in &site.site.posts {
            let root = std::fs::canonicalize(site.folder.join(&folder.path)).ok();
            if let Some(below) = root.and_then(|r| absolute.strip_prefix(r).ok().map(Path::to_owned)) {
                let names = Names::new(&site.site.projects);
                let context = site.context(folder, &names);
                let post = post::read(bytes, &below.to_string_lossy().replace('\\', "/"), context)?;
                return Ok(Inspected { front_matter, post });
            }
        }
    }
    // What comes without a name is read as the posts of the site are.
    if let (Some(site), None) = (site, path)
        && let Some(folder) = site.site.posts.first()
    {
        let names = Names::new(&site.site.projects);
        let post = post::read(bytes, "post.md", site.context(folder, &names))?;
        return Ok(Inspected { front_matter, post });
    }
    let folder = PostsFolder { drafts: true, ..PostsFolder::new(".", Place::default()) };
    let names = Names::new(&[]);
    let hosts = Hosts::new();
    let address = Url::parse("https://example.org/").expect("an address that is written here");
    let context = post::Context {
        folder: &folder,
        zone: Zone::UTC,
        names: &names,
        hosts: &hosts,
        site: &address,
        language: None,
        date: None,
        others: None,
    };
    let name = path.and_then(Path::file_name).map_or("post.md".into(), |n| n.to_string_lossy());
    let mut post = post::read(bytes, &name, context)?;
    // Where it is published, only a site knows.
    post.link = None;
    Ok(Inspected { front_matter, post })
}

/// A page as the document of the contract, with the feeds it names.
pub fn page_document(looked: &Looked) -> Value {
    let mut document = article::schema::document(&looked.page);
    if let Some(map) = document.as_object_mut().filter(|_| !looked.discovered.is_empty()) {
        let found =
            looked.discovered.iter().map(|d| json!({"address": d.address, "title": d.title, "type": d.media_type}));
        map.insert("discovered".into(), found.collect());
    }
    document
}

/// A post as the document of the contract.
pub fn post_document(inspected: &Inspected) -> Value {
    let post = &inspected.post;
    let items: Vec<Value> = post.entries.iter().skip(1).map(item).collect();
    json!({
        "kind": "post",
        "ok": true,
        "front_matter": inspected.front_matter,
        "title": post.title,
        "date": post.date.map(|d| d.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "draft": post.draft,
        "link": post.link,
        "digest": post.digest,
        "items": items,
        "problems": post.notes.iter().map(|n| json!({"line": n.line, "what": n.text})).collect::<Vec<_>>(),
    })
}

/// An item, under the keys of `entries --json`.
fn item(raw: &RawEntry) -> Value {
    json!({
        "kind": raw.kind.name(),
        "title": raw.title,
        "link": raw.link,
        "text": raw.text,
        "html": raw.html,
        "summary": raw.summary,
        "authors": raw.authors.iter().map(|a| json!({"name": a.name, "uri": a.uri, "email": a.email})).collect::<Vec<_>>(),
        "published": raw.published.map(|d| d.to_rfc3339_opts(chrono::SecondsFormat::Secs, true)),
        "language": raw.language,
        "image": raw.image,
        "version": raw.version,
        "channel": raw.channel,
        "starts_at": raw.starts_at,
        "mentions": raw.mention.iter().map(|m| json!({
            "folder": m.folder, "post": m.post, "section": m.section, "url": m.url, "title": m.title,
        })).collect::<Vec<_>>(),
    })
}
