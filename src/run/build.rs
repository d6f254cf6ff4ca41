//! Writes the output: renders, reads again strictly, publishes what changed.

use std::collections::{BTreeMap, BTreeSet};

use super::refresh::Progress;
use super::{Opened, Problem, RunError, Severity};
use crate::config::FeedFormat;
use crate::files::{self, Planned};
use crate::merge::{self, Feed};
use crate::output::html::{Pages, STYLE, Size};
use crate::output::opml::{self, Outline};
use crate::output::{Contents, Prepared, check};
use crate::store::{Store, Written};

/// What has to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// These feeds, and the pages that show them.
    Feeds(BTreeSet<String>),
}

/// What was written.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Built {
    /// Feeds there are.
    pub feeds: usize,
    /// Files that changed.
    pub written: usize,
    /// Files that went.
    pub deleted: usize,
}

/// Feeds of a site: `all`, the projects, and their old names.
pub fn feed_names(opened: &Opened) -> Vec<String> {
    let mut names = vec!["all".to_owned()];
    for project in &opened.site.projects {
        names.push(project.slug.to_string());
        names.extend(project.formerly.iter().map(ToString::to_string));
    }
    names
}

/// Writes what `scope` names. A file that is missing or was changed by someone
/// else makes the run write everything.
///
/// # Errors
/// [`RunError`] when a template fails or the disk refuses; old files stay.
pub fn build(opened: &Opened, store: &mut Store, scope: Scope, problems: &mut Vec<Problem>, progress: &mut Progress<'_>) -> Result<Built, RunError> {
    let root = opened.output();
    let known = store.outputs()?;
    let names = feed_names(opened);
    let untouched = known.values().all(|w| files::look(&root, &w.path) == Some((w.size, w.modified_ns)));
    let templates = files::read_templates(&opened.folder)?;
    let templates_hash = blake3::hash(format!("{templates:?}").as_bytes()).to_hex().to_string();
    let same_templates = store.meta("templates")?.as_deref() == Some(templates_hash.as_str());
    let scope = if untouched && same_templates && !known.is_empty() { scope } else { Scope::All };
    let mut built = Built { feeds: names.len(), ..Built::default() };
    if scope == Scope::Feeds(BTreeSet::new()) {
        return Ok(built);
    }
    let pages = Pages::new(&templates)?;
    let mut contents = Contents::default();
    let mut planned: Vec<Planned> = Vec::new();
    let mut held: Vec<String> = Vec::new();
    let wanted: Vec<&String> = names.iter().filter(|n| matches!(&scope, Scope::All) || matches!(&scope, Scope::Feeds(f) if f.contains(*n))).collect();
    for (n, name) in wanted.iter().enumerate() {
        progress("writing feeds", n + 1, wanted.len());
        let entries = store.feed(name, opened.site.output.entries)?;
        let feed = merge::feed(name, entries, &opened.site);
        render(opened, &feed, &mut contents, &pages, &mut planned, &mut held, problems)?;
    }
    site_files(opened, store, &pages, &templates, &mut planned)?;
    let changed: Vec<Planned> = planned.iter().filter(|p| known.get(&p.path).is_none_or(|w| w.hash != hash(&p.bytes)) || !untouched).cloned().collect();
    let now_there = files::publish(&root, &changed)?;
    let written: Vec<Written> = now_there
        .into_iter()
        .filter_map(|(path, size, modified_ns)| {
            let bytes = &changed.iter().find(|p| p.path == path)?.bytes;
            Some(Written { hash: hash(bytes), path, size, modified_ns })
        })
        .collect();
    let kept: BTreeSet<&str> = planned.iter().map(|p| p.path.as_str()).chain(held.iter().map(String::as_str)).collect();
    let deleted: Vec<String> = match scope {
        Scope::All => known.keys().filter(|p| !kept.contains(p.as_str())).cloned().collect(),
        Scope::Feeds(_) => Vec::new(),
    };
    for path in &deleted {
        files::remove(&root, path);
    }
    built.written = written.iter().filter(|w| known.get(&w.path).is_none_or(|k| k.hash != w.hash)).count();
    built.deleted = deleted.len();
    store.transaction(|store| -> Result<(), RunError> {
        store.set_outputs(&written, &deleted)?;
        store.set_meta("templates", &templates_hash)?;
        Ok(())
    })?;
    Ok(built)
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// The files of one feed. One that fails its check is held back; the old one stays.
fn render(opened: &Opened, feed: &Feed, contents: &mut Contents, pages: &Pages, planned: &mut Vec<Planned>, held: &mut Vec<String>, problems: &mut Vec<Problem>) -> Result<(), RunError> {
    let site = &opened.site;
    let prepared: Vec<Prepared> = feed.entries.iter().map(|e| contents.of(e, site)).collect();
    for format in [FeedFormat::Atom, FeedFormat::Rss, FeedFormat::Json] {
        if !site.output.formats.contains(&format) {
            continue;
        }
        let path = format!("{}/{}", feed.path, format.file_name());
        let text = format.render(feed, &prepared, site.output.bytes);
        if let Some(problem) = check::problem(format, &text) {
            problems.push(Problem { place: path.clone(), line: 0, severity: Severity::Held, text: format!("held back, the old file stays: {problem}") });
            held.push(path);
            continue;
        }
        planned.push(Planned { path, bytes: text.into_bytes() });
    }
    if site.pages {
        planned.push(Planned { path: format!("{}/index.html", feed.path), bytes: pages.project(site, feed)?.into_bytes() });
    }
    Ok(())
}

/// Files that concern the whole site.
fn site_files(opened: &Opened, store: &Store, pages: &Pages, templates: &BTreeMap<String, String>, planned: &mut Vec<Planned>) -> Result<(), RunError> {
    let site = &opened.site;
    let sizes: BTreeMap<String, Size> = store.feed_sizes()?.into_iter().map(|(name, (count, latest))| (name, Size { count, latest })).collect();
    if site.pages {
        planned.push(Planned { path: "index.html".to_owned(), bytes: pages.index(site, &sizes)?.into_bytes() });
        let style = templates.get("feedloom.css").map_or(STYLE, String::as_str);
        planned.push(Planned { path: "assets/feedloom.css".to_owned(), bytes: style.as_bytes().to_vec() });
    }
    planned.push(Planned { path: "opml.xml".to_owned(), bytes: opml::render(&site.title, &outlines(opened)).into_bytes() });
    Ok(())
}

/// The feeds of the site as a list for readers.
pub fn outlines(opened: &Opened) -> Vec<Outline> {
    let site = &opened.site;
    let Some(format) = site.output.formats.first() else { return Vec::new() };
    let address = |slug: &str| format!("{}{slug}/{}", site.url, format.file_name());
    let page = |slug: &str| Some(format!("{}{slug}/", site.url));
    let mut outlines = vec![Outline { title: site.title.clone(), feed: address("all"), page: page("all"), description: site.description.clone() }];
    for project in &site.projects {
        let slug = project.slug.as_str();
        outlines.push(Outline { title: project.title.clone(), feed: address(slug), page: page(slug), description: project.description.clone() });
    }
    outlines
}
