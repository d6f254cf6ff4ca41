//! Which feed carries which entry, and the feeds as values: order, bounds, names.
//!
//! Pure. The store hands over entries in order; this module says which feeds they
//! are in ([`feeds_of`]) and makes a [`Feed`] of what a feed may carry ([`feed`]).

use chrono::{DateTime, Utc};
use url::Url;

use crate::config::{Digests, Project, Site};
use crate::entry::{Entry, Kind, Person, Slug};

/// A feed, ready to be rendered.
#[derive(Debug, Clone)]
pub struct Feed {
    /// Its folder below the output: `mosn`, `all`.
    pub path: String,
    /// Title.
    pub title: String,
    /// One sentence about it.
    pub description: String,
    /// Identifier of the feed itself.
    pub id: String,
    /// The page people read instead.
    pub page: Url,
    /// The project's home.
    pub home: Option<Url>,
    /// Where its files are served; ends with `/`.
    pub base: Url,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// Feed-level author.
    pub author: Option<Person>,
    /// The newest entry's; of an empty feed the epoch, never the clock.
    pub updated: DateTime<Utc>,
    /// Newest first.
    pub entries: Vec<Entry>,
    /// The project has ended: feed readers are told.
    pub ended: bool,
}

/// Names of the feeds that carry `entry`.
pub fn feeds_of(entry: &Entry, site: &Site) -> Vec<String> {
    let mut feeds = Vec::new();
    let in_all = match entry.kind {
        Kind::Digest => site.output.digests != Digests::None,
        _ => true,
    };
    if in_all {
        feeds.push("all".to_owned());
    }
    for project in &site.projects {
        if entry.projects.iter().any(|m| m.slug == project.slug) && admits(project, entry, site) {
            feeds.push(project.slug.to_string());
            feeds.extend(project.formerly.iter().map(Slug::to_string));
        }
    }
    feeds
}

/// Whether a project's own conditions let an entry in.
pub fn admits(project: &Project, entry: &Entry, site: &Site) -> bool {
    let kind = match entry.kind {
        Kind::Digest => match site.output.digests {
            Digests::All => true,
            Digests::Own => project.kinds.contains(&Kind::Digest),
            Digests::None => false,
        },
        kind => project.kinds.contains(&kind),
    };
    let channel = entry.kind != Kind::Release || project.channel.admits(entry.channel);
    let language = project.languages.is_empty()
        || entry.language.as_deref().is_none_or(|l| project.languages.iter().any(|wanted| same_language(l, wanted)));
    let ended = project.ended.is_none_or(|day| site.timezone.to_local(entry.published).date_naive() <= day);
    kind && channel && language && ended && project.when.as_deref().is_none_or(|when| holds(when, entry))
}

/// `zh` covers `zh-CN`; `zh-CN` does not cover `zh`.
pub fn same_language(language: &str, wanted: &str) -> bool {
    let (language, wanted) = (language.to_lowercase(), wanted.to_lowercase());
    language == wanted || language.starts_with(&format!("{wanted}-"))
}

/// Steps an expression may take: plenty for a condition, too few for a loop.
const FUEL: u64 = 20_000;

/// Evaluates a `when` expression. An expression that fails holds for nothing.
fn holds(when: &str, entry: &Entry) -> bool {
    let mut environment = minijinja::Environment::new();
    environment.set_fuel(Some(FUEL));
    let Ok(expression) = environment.compile_expression(when) else {
        return false;
    };
    let Ok(serde_json::Value::Object(mut map)) = serde_json::to_value(entry) else {
        return false;
    };
    map.remove("html");
    expression.eval(minijinja::value::Serde(serde_json::Value::Object(map))).is_ok_and(|v| v.is_true())
}

/// The feed called `path`, of entries in order, newest first.
pub fn feed(path: &str, entries: Vec<Entry>, site: &Site) -> Feed {
    let project =
        site.projects.iter().find(|p| p.slug.as_str() == path || p.formerly.iter().any(|f| f.as_str() == path));
    // An old slug stays a complete feed, but says where it lives now.
    let current = project.map_or(path, |p| p.slug.as_str());
    let base = site.url.join(&format!("{current}/")).unwrap_or_else(|_| site.url.clone());
    let (title, description) = match project {
        Some(p) => (p.title.clone(), p.description.clone().unwrap_or_else(|| p.title.clone())),
        None => (site.title.clone(), site.description.clone().unwrap_or_else(|| site.title.clone())),
    };
    let ended = project.is_some_and(|p| p.ended.is_some());
    Feed {
        path: path.to_owned(),
        title,
        description,
        id: base.to_string(),
        page: base.clone(),
        home: project.and_then(|p| p.home.clone()),
        base,
        language: site.language.clone(),
        author: site.author.clone(),
        updated: entries.iter().map(|e| e.updated).max().unwrap_or_default(),
        entries,
        ended,
    }
}
