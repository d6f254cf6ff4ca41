//! What a configuration says that is no mistake and is probably not meant: told by every
//! run that reads it. Pure.

use std::collections::BTreeMap;

use url::Url;

use super::{Opened, Problem, Severity};
use crate::config::{Alias, AliasCase, AliasScope, PostsFolder, Project, Site};
use crate::init::EXAMPLE_HOST;
use crate::normalize::text;

/// What there is to say about a site's configuration; a run that publishes tells the
/// warnings, `check` the notes, too.
pub(super) fn of(opened: &Opened) -> Vec<Problem> {
    let mut found = shared_names(&opened.site.projects);
    if is_example(&opened.site.url) {
        let text = format!(
            "`url` is the example that `feedloom init` wrote: write where public/ will be served, before anybody subscribes to {EXAMPLE_HOST}"
        );
        found.push(Problem::warning("feedloom.yaml".to_owned(), opened.site.url_place.line, text));
    }
    found.extend(nothing_to_read(&opened.site));
    found.extend(without_pages(&opened.site));
    found
}

/// A site without posts and sources, or without projects.
fn nothing_to_read(site: &Site) -> Vec<Problem> {
    let mut found = Vec::new();
    let here = |text: &str| Problem::warning("feedloom.yaml".to_owned(), site.url_place.line, text.to_owned());
    if site.posts.is_empty() && site.sources.is_empty() && site.projects.iter().all(|p| p.sources.is_empty()) {
        found.push(here("there is nothing to read: name folders of posts in `posts`, or feeds in `sources`"));
    } else if site.projects.is_empty() {
        let text = "there is no project, so `all` is the only feed: a project is a file feeds/NAME.yaml";
        found.push(Problem { severity: Severity::Note, ..here(text) });
    }
    found
}

/// Posts whose pages would be here, where there are none.
fn without_pages(site: &Site) -> Vec<Problem> {
    let homeless = site.posts.iter().filter(|f| !site.pages && f.url.is_none());
    let told = |f: &PostsFolder| {
        let text = format!(
            "posts in `{}` have no `url`, so their pages are made here, and `pages: false` makes none: their links lead nowhere",
            f.path
        );
        Problem::warning("feedloom.yaml".to_owned(), f.place.line, text)
    };
    homeless.map(told).collect()
}

/// The warnings alone.
pub(super) fn warnings(opened: &Opened) -> Vec<Problem> {
    of(opened).into_iter().filter(|p| p.severity >= Severity::Warning).collect()
}

fn is_example(url: &Url) -> bool {
    url.host_str() == Some(EXAMPLE_HOST)
}

/// The start of ids in place of one that was made of the example: nobody can have read them.
pub(super) fn real_base(base: &str, url: &Url) -> Option<String> {
    let year = base.strip_prefix("tag:")?.strip_prefix(EXAMPLE_HOST)?;
    let host = url.host_str().filter(|_| !is_example(url))?;
    Some(format!("tag:{host}{year}"))
}

/// Names that two projects have: no rule can tell them apart.
fn shared_names(projects: &[Project]) -> Vec<Problem> {
    let mut known: BTreeMap<String, Vec<(&Project, &Alias)>> = BTreeMap::new();
    let mut found = Vec::new();
    for (project, alias) in projects.iter().flat_map(|p| p.aliases.iter().map(move |a| (p, a))) {
        let same = known.entry(text::squeeze(&alias.name).to_lowercase()).or_default();
        let exact = |a: &Alias| a.case == AliasCase::Exact;
        let other = same.iter().find(|(p, a)| {
            p.slug != project.slug
                && !(exact(a) && exact(alias) && text::squeeze(&a.name) != text::squeeze(&alias.name))
        });
        if let Some((first, name)) = other {
            let text = format!(
                "`{}` is a name of {}:{} too: a title or label with it puts an entry into both feeds, its text alone into neither; take it out of one file, or join the projects: `formerly: [{}]` in the other instead of this file",
                text::cut(&alias.name, 60),
                first.file.display(),
                name.place.line,
                project.slug,
            );
            // Who says where or how a name counts has thought of it: both may be meant.
            let plain = |a: &Alias| a.scope == AliasScope::Any && a.case == AliasCase::Fold;
            found.push(Problem {
                place: project.file.display().to_string(),
                line: alias.place.line,
                column: alias.place.column,
                severity: if plain(alias) || plain(name) { Severity::Warning } else { Severity::Note },
                text,
            });
        }
        same.push((project, alias));
    }
    found
}
