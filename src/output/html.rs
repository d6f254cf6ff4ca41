//! Pages: the site's index and one page a feed, from `minijinja` templates.
//!
//! The templates are built in; a file of the same name in the site's `templates/`
//! takes the place of one. Templates escape what they print; what people wrote
//! reaches a page as text only.

use std::collections::BTreeMap;

use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, ErrorKind};
use serde_json::{Value, json};
use url::Url;

use super::words::words;
use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, Kind};
use crate::merge::Feed;
use crate::normalize::text;

/// The built-in templates.
const BUILT_IN: [(&str, &str); 4] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("project.html", include_str!("../../templates/project.html")),
    ("entry.html", include_str!("../../templates/entry.html")),
];

/// The built-in style sheet.
pub const STYLE: &str = include_str!("../../templates/feedloom.css");

/// Steps a template may take before it is taken for a runaway.
const FUEL: u64 = 50_000_000;

/// Why a page could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("templates/{name}:{line}: {problem}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Templates, compiled once.
#[derive(Debug)]
pub struct Pages {
    environment: Environment<'static>,
}

/// How much a project has, for the index.
#[derive(Debug, Clone)]
pub struct Size {
    /// Entries.
    pub count: usize,
    /// Date of the newest.
    pub latest: chrono::DateTime<chrono::Utc>,
}

impl Pages {
    /// Compiles the templates. `own` are those of the site, by name.
    ///
    /// # Errors
    /// [`TemplateError`] of the first one that does not compile: the built-in one is
    /// not used silently in its place.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        for (name, text) in BUILT_IN {
            let text = own.get(name).cloned().unwrap_or_else(|| text.to_owned());
            environment.add_template_owned(name, text).map_err(|e| template_error(name, &e))?;
        }
        for (name, text) in own {
            if !BUILT_IN.iter().any(|(n, _)| n == name) {
                environment.add_template_owned(name.clone(), text.clone()).map_err(|e| template_error(name, &e))?;
            }
        }
        Ok(Self { environment })
    }

    fn render(&self, name: &str, data: Value) -> Result<String, TemplateError> {
        let template = self.environment.get_template(name).map_err(|e| template_error(name, &e))?;
        template.render(Serde(data)).map_err(|e| template_error(name, &e))
    }

    /// The page of all projects.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn index(&self, site: &Site, sizes: &BTreeMap<String, Size>) -> Result<String, TemplateError> {
        let projects: Vec<Value> = site
            .projects
            .iter()
            .map(|p| {
                let size = sizes.get(p.slug.as_str());
                let latest = size.map(|s| site.timezone.to_local(s.latest).format("%Y-%m-%d").to_string());
                json!({ "slug": p.slug.as_str(), "title": p.title, "description": p.description, "count": size.map_or(0, |s| s.count), "latest": latest, "formats": formats(site, p.slug.as_str()) })
            })
            .collect();
        let data = json!({
            "site": site_data(site), "language": site.language.as_deref().unwrap_or("en"), "root": "", "words": words_data(site.language.as_deref()),
            "all": { "formats": formats(site, "all") }, "projects": projects,
        });
        self.render("index.html", data)
    }

    /// The page of one entry. `content` is sanitised HTML.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn entry(&self, site: &Site, entry: &Entry, content: &str) -> Result<String, TemplateError> {
        let data = json!({
            "site": site_data(site), "language": site.language.as_deref().unwrap_or("en"), "root": "../",
            "words": words_data(site.language.as_deref()), "entry": entry_data(entry, site), "content": content,
        });
        self.render("entry.html", data)
    }

    /// The page of one feed.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn project(&self, site: &Site, feed: &Feed) -> Result<String, TemplateError> {
        let words = words(feed.language.as_deref());
        let entries: Vec<Value> = feed.entries.iter().map(|e| entry_data(e, site)).collect();
        let data = json!({
            "site": site_data(site), "language": feed.language.as_deref().unwrap_or("en"), "root": "../".repeat(feed.path.split('/').count()), "words": words_data(Some(words.tag)),
            "feed": { "title": feed.title, "description": feed.description, "page": feed.page.as_str(), "home": feed.home.as_ref().map(Url::as_str), "ended": feed.ended, "formats": formats(site, &feed.path) },
            "entries": entries,
        });
        self.render("project.html", data)
    }
}

fn template_error(name: &str, error: &minijinja::Error) -> TemplateError {
    let cause = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "takes too many steps: is there an endless loop?".to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    TemplateError { name: error.name().unwrap_or(name).to_owned(), line: error.line().unwrap_or(1), problem: cause }
}

fn site_data(site: &Site) -> Value {
    json!({ "title": site.title, "description": site.description, "url": site.url.as_str() })
}

fn words_data(language: Option<&str>) -> Value {
    let w = words(language);
    json!({ "subscribe": w.subscribe, "projects": w.projects, "all": w.all, "empty": w.empty, "entries": w.entries, "latest": w.latest, "home": w.home, "comma": w.comma, "ended": w.ended })
}

fn formats(site: &Site, path: &str) -> Vec<Value> {
    let label = |f: FeedFormat| match f {
        FeedFormat::Atom => "Atom",
        FeedFormat::Rss => "RSS",
        FeedFormat::Json => "JSON",
    };
    site.output.formats.iter().map(|f| json!({ "label": label(*f), "type": f.media_type(), "url": format!("{}{path}/{}", site.url, f.file_name()) })).collect()
}

fn entry_data(entry: &Entry, site: &Site) -> Value {
    let words = words(site.language.as_deref());
    let day = site.timezone.to_local(entry.published).format("%Y-%m-%d").to_string();
    let host = Url::parse(&entry.link)
        .ok()
        .and_then(|u| u.host_str().map(str::to_owned))
        .filter(|h| Some(h.as_str()) != site.url.host_str());
    let authors: Vec<String> = entry.authors.iter().map(|a| text::line(&a.name)).collect();
    let lead = match entry.kind {
        Kind::Post | Kind::Digest | Kind::Article | Kind::Upstream => words.recommended_in,
        Kind::Question | Kind::Release | Kind::Task | Kind::Event | Kind::News => words.from,
    };
    // A post does not come from itself; an item's link may be its place in the post.
    let whole = matches!(entry.kind, Kind::Post | Kind::Digest);
    let own = |m: &&crate::entry::Mention| !whole || m.link.as_deref() != Some(entry.link.as_str());
    let mentions: Vec<Value> = entry
        .mentions
        .iter()
        .filter(own)
        .take(5)
        .map(|m| json!({ "title": text::cut(&text::line(&m.post_title), 50), "link": m.link }))
        .collect();
    json!({
        "stem": entry.id.file_stem(), "title": entry.title, "link": entry.link, "kind": entry.kind.name(), "kind_name": words.kind(entry.kind),
        "published": entry.published.to_rfc3339_opts(chrono::SecondsFormat::Secs, true), "day": day, "host": host, "authors": authors.join(words.comma),
        "summary": text::excerpt(&entry.summary, 240), "lead": lead, "mentions": mentions,
        "language": entry.language.as_deref().filter(|l| Some(*l) != site.language.as_deref()),
    })
}
