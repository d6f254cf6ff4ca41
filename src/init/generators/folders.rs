//! Which folders hold posts: by their names, by their pages, by languages.

use std::collections::BTreeMap;

use serde_json::Value;

use super::super::settings::{self, text};
use super::super::{Folder, Page, Tree};
use crate::config::{Slugify, is_language};

/// A folder with a settings file.
pub(super) struct Site<'t> {
    pub(super) tree: &'t Tree,
    /// The folder with `/` at its end, or nothing.
    pub(super) base: String,
}

/// What folders with posts are called.
const POSTS: [&str; 21] = [
    "post", "posts", "_posts", "blog", "blogs", "news", "article", "articles", "weekly", "weeklies", "digest",
    "digests", "newsletter", "newsletters", "updates", "issues", "announcements", "journal", "notes", "daily",
    "monthly",
];

/// What is known of the addresses of posts: all of it, or what follows the site's address.
#[derive(Debug, Clone, Default)]
pub(super) struct Rule {
    pub(super) url: Option<String>,
    pub(super) rule: Option<String>,
    /// The path below which the site lies, where it is not the whole host.
    pub(super) base: Option<String>,
}

impl Site<'_> {
    /// Whether there is a Markdown file below a folder of this site.
    pub(super) fn has(&self, folder: &str) -> bool {
        self.inner(folder).next().is_some()
    }

    pub(super) fn inner<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s Page> + use<'s> {
        let start = format!("{}{folder}", self.base);
        self.tree.pages.iter().filter(move |p| p.path.starts_with(&start))
    }

    /// Paths below a folder of this site.
    pub(super) fn pages<'s>(&'s self, folder: &str) -> impl Iterator<Item = &'s str> + use<'s> {
        let skip = self.base.len() + folder.len();
        self.inner(folder).map(move |p| &p.path[skip..])
    }

    pub(super) fn folder(&self, path: &str, known: Rule, slugify: Slugify, from: &str) -> Folder {
        let path = path.trim_matches('/');
        let inner = if path.is_empty() { String::new() } else { format!("{path}/") };
        let pages = self.pages(&inner).filter(|p| !p.rsplit('/').next().unwrap_or(p).starts_with("_index.")).count();
        // Where nothing lies deeper, the name says it all.
        // Not with Docusaurus, whose path has the date.
        let flat = slugify != Slugify::Docusaurus
            && self.pages(&inner).all(|p| match p.split_once('/') {
                None => true,
                Some((_, file)) => file.starts_with("index.") || file.starts_with("_index."),
            });
        let named = |u: String| {
            if flat { u.replace("{path}", "{slug}").replace("{folders}/{filename}", "{filename}") } else { u }
        };
        let Rule { url, rule, base } = known;
        Folder {
            path: format!("{}{path}", self.base).trim_end_matches('/').to_owned(),
            url: url.map(named),
            rule: rule.map(named),
            base,
            url_from: from.to_owned(),
            hosts: Vec::new(),
            language: None,
            languages: BTreeMap::new(),
            slugify,
            pages,
            digests: None,
            exclude: Vec::new(),
            authors: self.authors(path),
        }
    }

    /// Who is meant by the keys of a list of authors: of Docusaurus beside the posts, of MkDocs one folder
    /// further up, of Jekyll in `_data`.
    fn authors(&self, folder: &str) -> BTreeMap<String, (String, Option<String>)> {
        let above = folder.rsplit_once('/').map_or("", |(above, _)| above);
        let places =
            [folder, above, "_data"].map(|place| if place.is_empty() { String::new() } else { format!("{place}/") });
        let files = places.iter().flat_map(|place| {
            ["authors.yml", "authors.yaml", ".authors.yml", ".authors.yaml"].map(|name| format!("{place}{name}"))
        });
        let value = |name: String| settings::read(&name, self.setting(&name)?).ok();
        let Some(list) = files.into_iter().find_map(value) else { return BTreeMap::new() };
        let list = list.get("authors").unwrap_or(&list).as_object().cloned().unwrap_or_default();
        let person = |(key, value): (String, Value)| {
            let name = text(&value, &["name"]).filter(|name| !name.is_empty())?;
            let url = text(&value, &["url"]).filter(|url| url.starts_with("https://") || url.starts_with("http://"));
            Some((key, (name, url)))
        };
        list.into_iter().filter_map(person).collect()
    }

    /// The content folder, or its folders by language.
    pub(super) fn language_roots(&self, content: &str, names: &[String]) -> Vec<(Option<String>, String)> {
        let mut found: Vec<String> = Vec::new();
        let mut others = false;
        for path in self.pages(content) {
            let Some((first, _)) = path.split_once('/') else { continue };
            let short = first.split(['-', '_']).next().unwrap_or("");
            let known = names.iter().any(|n| n.eq_ignore_ascii_case(first));
            let like =
                is_language(first) && short.len() == 2 && first.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
            if known || like && names.is_empty() {
                if !found.iter().any(|f| f == first) {
                    found.push(first.to_owned());
                }
            } else {
                others = true;
            }
        }
        found.sort();
        let mut roots: Vec<(Option<String>, String)> =
            found.into_iter().map(|l| (Some(l.clone()), format!("{content}{l}/"))).collect();
        if others || roots.is_empty() {
            roots.push((None, content.to_owned()));
        }
        roots
    }

    /// Folders directly below `root` that hold posts: by their name, or because most of
    /// their pages have a date. None of them: the root itself, as an empty name.
    pub(super) fn sections(&self, root: &str) -> Vec<String> {
        let mut sections: std::collections::BTreeMap<&str, (usize, usize)> = std::collections::BTreeMap::new();
        let (mut loose, mut loose_dated) = (0, 0);
        let skip = self.base.len() + root.len();
        for page in self.inner(root) {
            let inner = &page.path[skip..];
            let Some((first, rest)) = inner.split_once('/') else {
                loose += usize::from(!inner.starts_with('_') && !is_readme(inner));
                loose_dated += usize::from(page.dated);
                continue;
            };
            // A bundle is a page of the root, no section.
            if rest.starts_with("index.") && !rest.contains('/') {
                loose += 1;
                loose_dated += usize::from(page.dated);
                continue;
            }
            let counts = sections.entry(first).or_default();
            counts.0 += usize::from(!rest.starts_with("_index."));
            counts.1 += usize::from(page.dated);
        }
        let named = |name: &str| POSTS.contains(&name.to_lowercase().as_str());
        let mut chosen: Vec<String> = sections
            .iter()
            .filter(|(name, (pages, dated))| *pages > 0 && (named(name) || *pages >= 3 && dated * 2 >= *pages))
            .map(|(name, _)| (*name).to_owned())
            .collect();
        // Bundles in a folder of that name.
        let whole = root.trim_end_matches('/').rsplit('/').next().is_some_and(named);
        if chosen.is_empty() && (loose > 0 || !sections.is_empty())
            || loose_dated >= 3 && loose_dated * 2 >= loose
            || whole
        {
            chosen = vec![String::new()];
        }
        chosen
    }
}

impl Site<'_> {
    /// Folders below `root`, however deep, that are called as posts are and have some with a date,
    /// none of them in another. Where all the dated ones lie in one of its folders it is that.
    pub(super) fn posts_below(&self, root: &str) -> Vec<String> {
        let named = |name: &str| POSTS.contains(&name.to_lowercase().as_str());
        let mut found: std::collections::BTreeMap<String, Vec<&str>> = std::collections::BTreeMap::new();
        let skip = self.base.len();
        for page in self.inner(root).filter(|p| p.dated) {
            let folders: Vec<&str> = page.path[skip..].split('/').collect();
            let (_, folders) = folders.split_last().unwrap_or((&"", &[]));
            let above = root.matches('/').count();
            let Some(at) = folders.iter().enumerate().position(|(n, f)| n >= above && named(f)) else { continue };
            let inner = folders.get(at + 1).copied().filter(|f| named(f)).unwrap_or("");
            found.entry(folders[..=at].join("/")).or_default().push(inner);
        }
        let whole = |(folder, inner): (String, Vec<&str>)| match inner.first() {
            Some(first) if !first.is_empty() && inner.iter().all(|i| i == first) => format!("{folder}/{first}"),
            _ => folder,
        };
        found.into_iter().map(whole).collect()
    }
}

fn is_readme(name: &str) -> bool {
    let lower = name.to_lowercase();
    ["readme.", "license", "changelog", "contributing", "code_of_conduct", "security."]
        .iter()
        .any(|n| lower.starts_with(n))
}
