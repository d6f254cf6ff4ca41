//! Writes the output: renders, reads again strictly, publishes what changed.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::refresh::Progress;
use super::{Opened, Problem, RunError, Severity};
use crate::config::FeedFormat;
use crate::files::{self, Publisher};
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
pub fn build(
    opened: &Opened,
    store: &mut Store,
    scope: Scope,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Built, RunError> {
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
    let mut plan = Plan { known: &known, trust: untouched, publisher: Publisher::new(&root), hashes: BTreeMap::new() };
    let wanted: Vec<&String> = names
        .iter()
        .filter(|n| matches!(&scope, Scope::All) || matches!(&scope, Scope::Feeds(f) if f.contains(*n)))
        .collect();
    for (n, name) in wanted.iter().enumerate() {
        progress("writing feeds", n + 1, wanted.len());
        let entries = store.feed(name, opened.site.output.entries)?;
        let feed = merge::feed(name, entries, &opened.site);
        render(opened, &feed, &mut contents, &pages, &mut plan, problems)?;
    }
    site_files(opened, store, &pages, &templates, &mut plan)?;
    own_pages(opened, store, &pages, &mut contents, &mut plan)?;
    let Plan { publisher, hashes, .. } = plan;
    let changed = publisher.publish()?;
    let mut written: Vec<Written> = Vec::new();
    for (path, hash) in &hashes {
        let now = changed.iter().find(|(p, ..)| p == path).map(|(_, size, modified)| (*size, *modified));
        // A file that had the right bytes already, but is not known, is known now.
        let now = now.or_else(|| if known.contains_key(path) && untouched { None } else { files::look(&root, path) });
        if let (Some(hash), Some((size, modified_ns))) = (hash, now) {
            written.push(Written { path: path.clone(), hash: hash.clone(), size, modified_ns });
        }
    }
    let deleted: Vec<String> = match scope {
        Scope::All => known.keys().filter(|p| !hashes.contains_key(*p)).cloned().collect(),
        Scope::Feeds(_) => Vec::new(),
    };
    for path in &deleted {
        files::remove(&root, path);
    }
    built.written = changed.len();
    built.deleted = deleted.len();
    store.transaction(|store| -> Result<(), RunError> {
        store.set_outputs(&written, &deleted)?;
        store.set_meta("templates", &templates_hash)?;
        Ok(())
    })?;
    Ok(built)
}

/// Files on their way out.
struct Plan<'a> {
    known: &'a HashMap<String, Written>,
    /// The output folder is as it was left.
    trust: bool,
    publisher: Publisher,
    /// Every path that shall be there, with the hash of its bytes; none for one that was held back.
    hashes: BTreeMap<String, Option<String>>,
}

impl Plan<'_> {
    fn add(&mut self, path: String, bytes: &[u8]) -> Result<(), RunError> {
        let hash = hash(bytes);
        let same = self.trust && self.known.get(&path).is_some_and(|w| w.hash == hash);
        if !same {
            self.publisher.add(&path, bytes)?;
        }
        self.hashes.insert(path, Some(hash));
        Ok(())
    }
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex()[..32].to_owned()
}

/// The files of one feed. One that fails its check is held back; the old one stays.
fn render(
    opened: &Opened,
    feed: &Feed,
    contents: &mut Contents,
    pages: &Pages,
    plan: &mut Plan<'_>,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let prepared: Vec<Prepared> = feed.entries.iter().map(|e| contents.of(e, site)).collect();
    for format in [FeedFormat::Atom, FeedFormat::Rss, FeedFormat::Json] {
        if !site.output.formats.contains(&format) {
            continue;
        }
        let path = format!("{}/{}", feed.path, format.file_name());
        let text = format.render(feed, &prepared, site.output.bytes);
        if let Some(problem) = check::problem(format, &text) {
            problems.push(Problem {
                place: path.clone(),
                line: 0,
                column: 0,
                severity: Severity::Held,
                text: format!("held back, the old file stays: {problem}"),
            });
            plan.hashes.insert(path, None);
            continue;
        }
        plan.add(path, text.as_bytes())?;
    }
    if site.pages {
        plan.add(format!("{}/index.html", feed.path), pages.project(site, feed)?.as_bytes())?;
    }
    Ok(())
}

/// Pages of posts that are published nowhere else: their folder has no `url`.
fn own_pages(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    contents: &mut Contents,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    if !site.pages || site.posts.iter().all(|f| f.url.is_some()) {
        return Ok(());
    }
    for entry in store.entries_at(&format!("{}page/", site.url))? {
        // The link was made from letters and digits only.
        let Some(name) = entry.link.strip_prefix(site.url.as_str()).filter(|n| !n.contains("..") && !n.contains('#'))
        else {
            continue;
        };
        let name = crate::normalize::address::percent_decode(name);
        let page = pages.entry(site, &entry, &contents.of(&entry, site).content)?;
        plan.add(name, page.as_bytes())?;
    }
    Ok(())
}

/// Files that concern the whole site.
fn site_files(
    opened: &Opened,
    store: &Store,
    pages: &Pages,
    templates: &BTreeMap<String, String>,
    plan: &mut Plan<'_>,
) -> Result<(), RunError> {
    let site = &opened.site;
    let sizes: BTreeMap<String, Size> =
        store.feed_sizes()?.into_iter().map(|(name, (count, latest))| (name, Size { count, latest })).collect();
    if site.pages {
        plan.add("index.html".to_owned(), pages.index(site, &sizes)?.as_bytes())?;
        let style = templates.get("feedloom.css").map_or(STYLE, String::as_str);
        plan.add("assets/feedloom.css".to_owned(), style.as_bytes())?;
    }
    plan.add("opml.xml".to_owned(), opml::render(&site.title, &outlines(opened)).as_bytes())
}

/// The feeds of the site as a list for readers.
pub fn outlines(opened: &Opened) -> Vec<Outline> {
    let site = &opened.site;
    let Some(format) = site.output.formats.first() else {
        return Vec::new();
    };
    let address = |slug: &str| format!("{}{slug}/{}", site.url, format.file_name());
    let page = |slug: &str| Some(format!("{}{slug}/", site.url));
    let mut outlines = vec![Outline {
        title: site.title.clone(),
        feed: address("all"),
        page: page("all"),
        description: site.description.clone(),
    }];
    for project in &site.projects {
        let slug = project.slug.as_str();
        outlines.push(Outline {
            title: project.title.clone(),
            feed: address(slug),
            page: page(slug),
            description: project.description.clone(),
        });
    }
    outlines
}
