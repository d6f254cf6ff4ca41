//! `posts`: folders of posts, where their pages are, and which of them are digests.

use std::collections::BTreeMap;

use regex::Regex;
use url::Url;

use super::values::{glob, is_language, language, pattern, person};
use crate::config::reader::{Reader, nearest, short};
use crate::config::{Condition, DigestConfig, PostsFolder, SectionKind, SectionRule, Slugify, URL_FIELDS, front_keys};
use crate::entry::Person;
use crate::yaml::{Node, Place, Value};

pub(super) fn read_posts(r: &mut Reader<'_>, node: &Node) -> Vec<PostsFolder> {
    const SLUGIFY: [(&str, Slugify); 9] = [
        ("hugo", Slugify::Hugo),
        ("zola", Slugify::Zola),
        ("zola-safe", Slugify::ZolaSafe),
        ("jekyll", Slugify::Jekyll),
        ("docusaurus", Slugify::Docusaurus),
        ("github", Slugify::GitHub),
        ("undated", Slugify::Undated),
        ("hexo", Slugify::Hexo),
        ("none", Slugify::None),
    ];
    let mut folders: Vec<PostsFolder> = Vec::new();
    for item in r.one_or_many(node) {
        if let Value::Scalar(path) = &item.value {
            let path = folder_path(path);
            refuse_twin(r, &folders, &path, item.place);
            folders.push(PostsFolder::new(path, item.place));
            continue;
        }
        let Some(mut map) = r.map(item, "an entry of `posts`") else {
            continue;
        };
        let m = &mut map;
        let path = m.required(r, "path", "content/blog");
        let url = m.take("url").and_then(|n| post_url(r, n));
        let base = m.take("base").and_then(|n| post_base(r, n, url.as_deref())).unwrap_or_else(|| "/".to_owned());
        let hosts = m.strings(r, "hosts").into_iter().map(|h| h.to_lowercase()).collect();
        let language = language(r, m, "language");
        let languages = m.take("languages").map(|n| read_languages(r, n)).unwrap_or_default();
        let slugify = m.take("slugify").and_then(|n| r.choice(n, "slugify", &SLUGIFY)).unwrap_or(Slugify::Hugo);
        let drafts = m.bool(r, "drafts", false);
        let exclude = m.take("exclude").map(|n| read_exclude(r, n)).unwrap_or_default();
        let authors = m.take("authors").map(|n| read_authors(r, n)).unwrap_or_default();
        let digest = m.take("digest").and_then(|n| read_digest(r, n));
        map.finish(r);
        if let Some(path) = path {
            let path = folder_path(&path);
            refuse_twin(r, &folders, &path, item.place);
            folders.push(PostsFolder {
                path,
                url,
                base,
                hosts,
                language,
                languages,
                slugify,
                drafts,
                exclude,
                authors,
                digest,
                page_mark: None,
                place: item.place,
            });
        }
    }
    mark_pages(&mut folders);
    folders
}

/// Of folders without an address the first one of each language names its pages plainly:
/// posts of one name in several languages are translations, which share a page.
fn mark_pages(folders: &mut [PostsFolder]) {
    let mut plain: Vec<Option<String>> = Vec::new();
    for folder in folders.iter_mut().filter(|f| f.url.is_none()) {
        if plain.contains(&folder.language) {
            folder.page_mark = Some(folder.path.clone());
        } else {
            plain.push(folder.language.clone());
        }
    }
}

/// Globs of files that are no posts.
fn read_exclude(r: &mut Reader<'_>, node: &Node) -> Vec<Regex> {
    let mut found = Vec::new();
    for item in r.one_or_many(node) {
        let Some(text) = r.string(item, "exclude") else { continue };
        match glob(&text) {
            Some(glob) => found.push(glob),
            None => r.error(item.place, format!("`{}` is too long for a pattern of paths", short(&text))),
        }
    }
    found
}

/// Who is meant by each key that stands for an author.
fn read_authors(r: &mut Reader<'_>, node: &Node) -> BTreeMap<String, Person> {
    let Some(mut map) = r.map(node, "`authors`") else { return BTreeMap::new() };
    let mut found = BTreeMap::new();
    for (key, value) in map.rest() {
        let person = person(r, value).filter(|p| !p.name.is_empty());
        found.extend(person.map(|person| (key.name.to_lowercase(), person)));
    }
    found
}

/// Languages of `name.zh.md`, each with the template of its addresses.
fn read_languages(r: &mut Reader<'_>, node: &Node) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let Some(mut map) = r.map(node, "`languages`") else { return found };
    for (key, value) in map.rest() {
        if !is_language(&key.name) {
            let problem = format!("`{}` is no language tag: `zh` is for name.zh.md", short(&key.name));
            r.error(key.place, problem);
            continue;
        }
        found.extend(post_url(r, value).map(|url| (key.name.clone(), url)));
    }
    found
}

fn post_url(r: &mut Reader<'_>, node: &Node) -> Option<String> {
    let text = r.string(node, "url")?;
    let mut filled = text.clone();
    for field in URL_FIELDS {
        filled = filled.replace(&format!("{{{field}}}"), "x");
    }
    for key in front_keys(&text) {
        filled = filled.replace(&format!("{{front.{key}}}"), "x");
    }
    if let Some(open) = filled.find('{') {
        let field: String = filled[open + 1..].chars().take_while(|c| *c != '}').collect();
        let hint =
            nearest(&field, URL_FIELDS.into_iter()).map(|n| format!(", did you mean `{{{n}}}`?")).unwrap_or_default();
        r.error(
            node.place,
            format!(
                "unknown field `{{{}}}` in `url`{hint} Known are {} and {{front.KEY}} for a key of the front matter",
                short(&field),
                URL_FIELDS.map(|f| format!("{{{f}}}")).join(" ")
            ),
        );
        return None;
    }
    match Url::parse(&filled) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.host().is_some() => {
            let problem = same_for_all(&text);
            if let Some(problem) = &problem {
                r.error(node.place, problem);
            }
            problem.is_none().then_some(text)
        }
        Ok(_) | Err(_) => {
            r.error(
                node.place,
                format!(
                    "`url` is `{}`, an address template such as https://www.example.org/blog/{{slug}}/ is expected",
                    short(&text)
                ),
            );
            None
        }
    }
}

/// A folder as it is known: without the slashes behind it.
fn folder_path(written: &str) -> String {
    let path = written.trim_end_matches('/');
    if path.is_empty() { "/".to_owned() } else { path.to_owned() }
}

/// A folder that is listed twice would be read twice, as one.
fn refuse_twin(r: &mut Reader<'_>, folders: &[PostsFolder], path: &str, place: Place) {
    if let Some(twin) = folders.iter().find(|f| f.path == path) {
        let first = twin.place.line;
        r.error(place, format!("`path: {}` is listed twice, first in line {first}", short(path)));
    }
}

/// What is wrong with a template that makes one address for all posts, or has fields in the
/// spelling of Hugo and Jekyll.
fn same_for_all(template: &str) -> Option<String> {
    let foreign = template.split('/').filter_map(|segment| segment.strip_prefix(':')).find_map(|field| {
        // What Hugo calls otherwise.
        let known = match field {
            "contentbasename" | "slugorcontentbasename" | "slugorfilename" => Some("slug"),
            "sections" => Some("folders"),
            _ => URL_FIELDS.into_iter().find(|f| *f == field),
        };
        known.map(|known| (field, known))
    });
    match foreign {
        Some((field, known)) => Some(format!("`:{field}` in `url` is no field, did you mean `{{{known}}}`?")),
        None if template.contains('{') => None,
        None => Some(format!("the template `{}` has no {{slug}}: all posts would have one address", short(template))),
    }
}

/// The path below which a site lies; that of an address counts, too.
fn post_base(r: &mut Reader<'_>, node: &Node, url: Option<&str>) -> Option<String> {
    let text = r.string(node, "base")?;
    let root = Url::parse("https://base.invalid/").ok()?;
    let path = Url::parse(&text).or_else(|_| root.join(&text)).ok().map(|u| u.path().trim_matches('/').to_owned());
    let fine = text.starts_with('/') || text.starts_with("https://") || text.starts_with("http://");
    let Some(path) = path.filter(|_| fine && !text.contains(['{', '?', '#'])) else {
        r.error(node.place, format!("`base` is `{}`, a path such as /project/ is expected", short(&text)));
        return None;
    };
    let base = if path.is_empty() { "/".to_owned() } else { format!("/{path}/") };
    let below = |url: &str| {
        let plain = Url::parse(&url.replace(['{', '}'], "")).map(|u| u.path().to_owned()).unwrap_or_default();
        format!("{plain}/").starts_with(&base)
    };
    if let Some(url) = url.filter(|u| !below(u)) {
        r.error(
            node.place,
            format!("`base` is `{}`, but `url` is `{}`, which is not below it", short(&base), short(url)),
        );
        return None;
    }
    Some(base)
}

fn read_digest(r: &mut Reader<'_>, node: &Node) -> Option<DigestConfig> {
    let mut map = r.map(node, "`digest`")?;
    let m = &mut map;
    let when = match m.take("when") {
        Some(n) => r.one_or_many(n).into_iter().filter_map(|c| read_condition(r, c)).collect(),
        None => vec![Condition { title: None, path: None, values: Vec::new(), place: node.place }],
    };
    let sections = m.take("sections").map(|n| read_sections(r, n)).unwrap_or_default();
    let default = m.take("as").and_then(|n| r.choice(n, "as", &SectionKind::WORDS)).unwrap_or(SectionKind::Items);
    map.finish(r);
    Some(DigestConfig { when, sections, default })
}

fn read_condition(r: &mut Reader<'_>, node: &Node) -> Option<Condition> {
    let mut map = r.map(node, "a condition of `when`")?;
    let title = map.take("title").and_then(|n| pattern(r, n, "title"));
    let path = map.take("path").and_then(|n| {
        let text = r.string(n, "path")?;
        let found = glob(&text);
        if found.is_none() {
            r.error(n.place, format!("`path` is too large a pattern: `{}`", short(&text)));
        }
        found
    });
    let mut values = Vec::new();
    for (key, value) in map.rest() {
        let wanted = r.one_or_many(value).into_iter().filter_map(|v| r.string(v, &key.name)).map(|v| v.to_lowercase());
        let wanted: Vec<String> = wanted.collect();
        if !wanted.is_empty() {
            values.push((key.name.to_lowercase(), wanted));
        }
    }
    Some(Condition { title, path, values, place: node.place })
}

fn read_sections(r: &mut Reader<'_>, node: &Node) -> Vec<SectionRule> {
    let mut rules = Vec::new();
    for item in r.one_or_many(node) {
        let Some(mut map) = r.map(item, "an entry of `sections`") else {
            continue;
        };
        let heading = map.take("heading").and_then(|n| pattern(r, n, "heading"));
        let kind = map.take("as").and_then(|n| r.choice(n, "as", &SectionKind::WORDS));
        if heading.is_none() && item.get("heading").is_none() {
            r.error(item.place, "`heading` is missing: a pattern that matches the section's heading");
        }
        if kind.is_none() && item.get("as").is_none() {
            r.error(item.place, "`as` is missing: what the section holds, for example `as: events`");
        }
        map.finish(r);
        if let (Some(heading), Some(kind)) = (heading, kind) {
            rules.push(SectionRule { heading, kind });
        }
    }
    rules
}
