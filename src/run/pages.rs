//! Files that are no feeds: pages, the style sheet, the list of feeds.

use std::collections::BTreeMap;

use super::build::Plan;
use super::{Opened, RunError};
use crate::output::Contents;
use crate::output::html::{Pages, STYLE, Size};
use crate::output::opml::{self, Outline};
use crate::store::Store;

/// Pages of posts that are published nowhere else: their folder has no `url`.
pub(super) fn own_pages(
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
pub(super) fn site_files(
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
