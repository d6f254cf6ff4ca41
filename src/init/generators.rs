//! The conventions of site generators: by which file each is known, where its posts lie,
//! how it makes addresses of them.
//!
//! What only a running generator knows is not guessed: the address is left open, and a
//! note says why. Of two generators in one folder both are recognised.

mod folders;
mod layouts;
mod pages;
mod permalinks;

use super::{Found, Page, Tree};
use crate::normalize::text;
use folders::Site;

/// Names of files that tell of a generator, of addresses, or of languages.
const NAMES: [&str; 69] = [
    "hugo.toml", "hugo.yaml", "hugo.yml", "hugo.json", "config.toml", "config.yaml", "config.yml", "config.json",
    "languages.toml", "languages.yaml", "languages.yml", "permalinks.toml", "permalinks.yaml", "permalinks.yml",
    "zola.toml", "_config.yml", "_config.yaml", "_config.toml", "pelicanconf.py", "publishconf.py", "book.toml",
    "docusaurus.config.js", "docusaurus.config.ts", "docusaurus.config.mjs", "docusaurus.config.cjs", "siteConfig.js",
    ".eleventy.js", "eleventy.config.js", "eleventy.config.mjs", "eleventy.config.cjs", "eleventy.config.ts",
    "metadata.js", "metadata.json", "site.json", "site.js", "metadata.yaml", "package.json", "CNAME", "posts.json",
    "posts.11tydata.json", "posts.11tydata.js", "blog.json", "blog.11tydata.json", "blog.11tydata.js",
    "astro.config.mjs", "astro.config.js", "astro.config.ts", "astro.config.cjs", "gatsby-config.js",
    "gatsby-config.ts", "gatsby-config.mjs", "nuxt.config.ts", "nuxt.config.js", "next.config.js", "next.config.mjs",
    "next.config.ts", "mkdocs.yml", "mkdocs.yaml", "quartz.config.ts", "config.ts", "config.mts", "config.js",
    "config.mjs", "config.cjs", "config.cts", "authors.yml", "authors.yaml", ".authors.yml", ".authors.yaml",
];

/// Folders of settings of generators, beside the pages: files in them count, but not as pages.
pub const SETTINGS: [&str; 2] = [".vitepress", ".vuepress"];

/// Settings lie near the top; deeper ones belong to examples and dependencies.
const DEEPEST: usize = 3;

/// Whether the text of a file is wanted in [`Tree::settings`].
pub fn is_setting(path: &str) -> bool {
    let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
    // A program called `config.js` is that of a generator only in the folder of one.
    let is_program = name.starts_with("config.") && !["toml", "yaml", "yml", "json"].iter().any(|e| name.ends_with(e));
    let is_own = SETTINGS.iter().any(|s| folder.rsplit('/').next() == Some(s));
    path.matches('/').count() <= DEEPEST && NAMES.contains(&name) && (!is_program || is_own)
}

/// What lies in the folder `name`.
pub fn recognise(tree: &Tree, name: &str) -> Found {
    let mut found = Found::default();
    // What lies nearest to the top is the site, what lies deeper a part of it.
    let mut paths: Vec<&String> = tree.settings.keys().collect();
    paths.sort_by_key(|p| (p.trim_start_matches("config/_default/").matches('/').count(), *p));
    for path in paths {
        let (folder, file) = path.rsplit_once('/').map_or(("", path.as_str()), |(f, n)| (f, n));
        let site = Site { tree, base: if folder.is_empty() { String::new() } else { format!("{folder}/") } };
        let before = found.folders.len();
        let generator = site.read(file, path, &mut found);
        if let Some(generator) = generator
            && !found.generators.iter().any(|(g, p)| *g == generator && same_folder(p, path))
        {
            found.generators.push((generator, path.clone()));
        }
        // A folder belongs to the generator that named it first.
        let (old, new) = found.folders.split_at(before);
        let twins: Vec<String> =
            new.iter().filter(|n| old.iter().any(|o| o.path == n.path)).map(|n| n.path.clone()).collect();
        let mut n = 0;
        found.folders.retain(|f| {
            n += 1;
            n <= before || !twins.contains(&f.path)
        });
    }
    if found.folders.is_empty() && !tree.pages.is_empty() {
        let site = Site { tree, base: String::new() };
        site.plain(&mut found);
    }
    if found.generators.len() > 1 {
        let names: Vec<String> = found.generators.iter().map(|(g, p)| format!("{} ({p})", g.name())).collect();
        found
            .notes
            .push(format!("more than one site generator: {}; posts of all of them are proposed", names.join(", ")));
    }
    settle(&mut found, tree, name);
    found
}

fn same_folder(a: &str, b: &str) -> bool {
    let folder =
        |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.trim_end_matches("/_default").to_owned());
    let (a, b) = (folder(a), folder(b));
    a == b
        || a == format!("{b}/config")
        || b == format!("{a}/config")
        || format!("/{a}") == "/config" && b.is_empty()
        || format!("/{b}") == "/config" && a.is_empty()
}

/// What belongs to the whole: hosts, languages, the zone.
fn settle(found: &mut Found, tree: &Tree, name: &str) {
    let cname = tree.settings.iter().find(|(p, _)| p.as_str() == "CNAME" || p.ends_with("/CNAME"));
    if let Some((path, host)) = cname
        && let Some(host) = host.lines().map(str::trim).find(|l| !l.is_empty())
        && host.contains('.')
        && !host.contains([' ', '/'])
    {
        let host = host.to_lowercase();
        if found.url.is_none() {
            found.url = Some(format!("https://{host}/"));
            found.notes.push(format!("the site's address is that in {path}"));
        }
        for folder in &mut found.folders {
            add_host(folder, &host);
        }
    }
    let offsets: Vec<&String> = tree.pages.iter().filter_map(|p| p.offset.as_ref()).collect();
    if found.timezone.is_none()
        && let Some(most) = most_common(offsets.iter().map(|o| o.as_str()))
        && offsets.len() >= 3
        && offsets.iter().filter(|o| o.as_str() == most).count() * 10 >= offsets.len() * 8
        && !matches!(most, "+00:00" | "-00:00")
    {
        found.timezone = Some((most.to_owned(), "as most dates of the posts have it".to_owned()));
    }
    if found.title.is_none() {
        found.title = Some(text::line(name)).filter(|n| !n.is_empty());
    }
    let languages: Vec<&str> = found.folders.iter().filter_map(|f| f.language.as_deref()).collect();
    if found.language.is_none() {
        found.language = languages.first().map(|l| (*l).to_owned());
    }
}

/// Takes a host in when the folder's own address has another one.
pub fn add_host(folder: &mut super::Folder, host: &str) {
    use crate::normalize::address::plain_host;
    let own = folder.url.as_deref().and_then(host_of);
    let known = own.iter().map(String::as_str).chain(folder.hosts.iter().map(String::as_str));
    if !known.into_iter().any(|h| plain_host(h) == plain_host(host)) && own.is_some() {
        folder.hosts.push(host.to_owned());
    }
}

/// The host of an address template.
pub fn host_of(template: &str) -> Option<String> {
    let plain = template.replace(['{', '}'], "x");
    url::Url::parse(&plain).ok()?.host_str().map(str::to_lowercase)
}

/// The value that occurs most often; the first in order of equals.
pub fn most_common<'v>(values: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    values.for_each(|v| *counts.entry(v).or_default() += 1);
    counts.into_iter().rev().max_by_key(|(_, n)| *n).map(|(v, _)| v)
}

/// Pages below a folder (`a/b/`, or nothing for all).
fn below<'t>(tree: &'t Tree, folder: &'t str) -> impl Iterator<Item = &'t Page> {
    tree.pages.iter().filter(move |p| p.path.starts_with(folder))
}

/// An address that a person left as the generator's example.
fn is_example(address: &str) -> bool {
    let host = host_of(address).unwrap_or_default();
    let plain = host.trim_start_matches("www.");
    host.is_empty()
        || matches!(
            plain,
            "example.com" | "yoursite.com" | "your-domain.com" | "mywebsite.com" | "localhost" | "127.0.0.1"
        )
        || plain.starts_with("your-")
}

#[cfg(test)]
mod tests;
