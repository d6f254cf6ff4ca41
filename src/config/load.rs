//! Texts into a [`Site`]: every key is asked for by name, every mistake collected. This
//! module reads `feedloom.yaml` and what holds between files; the rest has a module a key.

mod fetching;
mod output;
mod overrides;
mod posts;
mod project;
mod sources;
mod values;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use url::Url;

use self::fetching::{read_articles, read_fetch};
use self::output::{check_output, read_output};
use self::overrides::read_overrides;
use self::posts::read_posts;
use self::project::read_project;
use self::sources::read_sources;
use self::values::{is_none, language, person, public_address, zone};
use super::reader::{Reader, short};
use super::words::read_words;
use super::{ConfigError, ConfigFile, ConfigFiles, Own, Project, Site, Zone};
use crate::entry::Slug;
use crate::yaml::{self, Node, Place};

pub use self::fetching::cidr;
pub use self::sources::is_reserved_header;
pub use self::values::{glob, is_language};

/// Reads a site's configuration.
///
/// # Errors
/// Every mistake in every file, ordered by file and place.
pub fn load(files: &ConfigFiles) -> Result<Site, Vec<ConfigError>> {
    let mut errors = Vec::new();
    let site = read_site(&files.site, &mut errors);
    let projects: Vec<Project> = files.projects.iter().filter_map(|f| read_project(f, &mut errors)).collect();
    check_slugs(&projects, files, &mut errors);
    let overrides = match &files.overrides {
        Some(file) => read_overrides(file, &projects, &unread(files, &projects), &mut errors),
        None => Vec::new(),
    };
    if let Some(site) = &site {
        check_sources(site, &projects, files, &mut errors);
    }
    let words = read_words(&files.words, &mut errors);
    match site {
        Some(site) if errors.is_empty() => {
            Ok(Site { projects, overrides, words, fingerprint: fingerprint(files), ..site })
        }
        _ => {
            errors.sort_by(|a, b| (&a.path, a.line, a.column).cmp(&(&b.path, b.line, b.column)));
            Err(errors)
        }
    }
}

fn fingerprint(files: &ConfigFiles) -> String {
    let mut hasher = blake3::Hasher::new();
    for file in std::iter::once(&files.site).chain(&files.projects).chain(&files.overrides).chain(&files.words) {
        let name = file.path.file_name().unwrap_or_default().to_string_lossy();
        hasher.update(name.as_bytes()).update(b"\0").update(file.text.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex()[..16].to_owned()
}

fn parse_file(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Node> {
    let text = file.text.strip_prefix('\u{feff}').unwrap_or(&file.text);
    match yaml::parse(text) {
        Ok(node) => Some(node),
        Err(error) => {
            Reader::new(&file.path, text, errors).error(error.place, format!("not valid YAML: {}", error.problem));
            None
        }
    }
}

fn read_site(file: &ConfigFile, errors: &mut Vec<ConfigError>) -> Option<Site> {
    let node = parse_file(file, errors)?;
    let before = errors.len();
    let r = &mut Reader::new(&file.path, &file.text, errors);
    let mut map = r.map(&node, "feedloom.yaml")?;
    let m = &mut map;

    let title = m.string(r, "title");
    let description = m.string(r, "description");
    let url = m.required(r, "url", "https://feeds.example.org/").and_then(|_| {
        let node = node.get("url")?;
        let mut url = public_address(r, node, "url")?;
        if !url.path().ends_with('/') {
            let path = format!("{}/", url.path());
            url.set_path(&path);
        }
        url.set_query(None);
        url.set_fragment(None);
        Some(url)
    });
    let language = language(r, m, "language");
    let id_base = m.take("id_base").and_then(|n| {
        let text = r.string(n, "id_base")?;
        if Url::parse(&text).is_err() || text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            r.error(
                n.place,
                format!(
                    "`id_base` is `{}`, the start of an IRI is expected, such as tag:example.org,2026:",
                    short(&text)
                ),
            );
            return None;
        }
        Some(text)
    });
    let timezone = m.take("timezone").and_then(|n| zone(r, n)).unwrap_or(Zone::UTC);
    let author = m.take("author").filter(|n| !is_none(n)).and_then(|n| person(r, n));
    let posts = m.take("posts").map(|n| read_posts(r, n)).unwrap_or_default();
    let sources = m.take("sources").filter(|n| !is_none(n)).map(|n| read_sources(r, n)).unwrap_or_default();
    let sites = PathBuf::from(m.string(r, "sites").unwrap_or_else(|| "sites".to_owned()));
    let articles = read_articles(r, m.take("articles"));
    let fetch = read_fetch(r, m.take("fetch"));
    let output = read_output(r, m.take("output"));
    check_output(r, &node, &output.dir, &sites, &posts);
    let hub = m.take("hub").filter(|n| !is_none(n)).and_then(|n| public_address(r, n, "hub"));
    let pages = m.bool(r, "pages", true);
    let search = m.bool(r, "search", true);
    map.finish(r);
    let clean = errors.len() == before;
    let url = url?;
    clean.then(|| Site {
        title: title.unwrap_or_else(|| url.host_str().unwrap_or("Feeds").to_owned()),
        description,
        url_place: node.get("url").map_or_else(Place::default, |n| n.place),
        url,
        language,
        id_base,
        timezone,
        author,
        posts,
        sources,
        sites,
        articles,
        fetch,
        output,
        hub,
        pages,
        search,
        projects: Vec::new(),
        overrides: Vec::new(),
        words: Own::new(),
        fingerprint: String::new(),
    })
}

fn check_slugs(projects: &[Project], files: &ConfigFiles, errors: &mut Vec<ConfigError>) {
    let mut taken: BTreeMap<&Slug, &Path> = BTreeMap::new();
    let names = projects.iter().flat_map(|p| std::iter::once(&p.slug).chain(&p.formerly).map(move |s| (s, p)));
    for (slug, project) in names {
        let Some(first) = taken.insert(slug, &project.file) else {
            continue;
        };
        let file = files.projects.iter().find(|f| f.path == project.file);
        let text = file.map(|f| f.text.as_str()).unwrap_or("");
        let line = text.lines().position(|l| l.starts_with("formerly")).map_or(1, |n| n + 1);
        let line = if project.slug == *slug { 1 } else { line };
        let problem = format!("two projects with the slug `{slug}`: the other is {}", first.display());
        Reader::new(&project.file, text, errors).error(Place { line, column: 1 }, problem);
    }
}

fn check_sources(site: &Site, projects: &[Project], files: &ConfigFiles, errors: &mut Vec<ConfigError>) {
    let mut names: BTreeMap<&str, (&str, &Path)> = BTreeMap::new();
    let of_site = site.sources.iter().map(|s| (s, &files.site));
    let of_projects = projects.iter().flat_map(|p| {
        let file = files.projects.iter().find(|f| f.path == p.file).unwrap_or(&files.site);
        p.sources.iter().map(move |s| (s, file))
    });
    for (source, file) in of_site.chain(of_projects) {
        let Some(name) = &source.name else { continue };
        if let Some((url, first)) = names.insert(name, (&source.url, &file.path))
            && url != source.url
        {
            let problem = format!("two sources with the name `{}`: the other is in {}", short(name), first.display());
            Reader::new(&file.path, &file.text, errors).error(source.place, problem);
        }
    }
}

/// Slugs of project files that have mistakes of their own: nobody is told twice.
fn unread(files: &ConfigFiles, projects: &[Project]) -> Vec<String> {
    let stem = |f: &ConfigFile| f.path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
    files.projects.iter().map(stem).filter(|s| !projects.iter().any(|p| p.slug.as_str() == s)).collect()
}
