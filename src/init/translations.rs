//! Translations that lie beside the posts: `name.zh.md` of a site whose settings name
//! the language `zh`, as Hugo and Zola have them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::settings::{read, text};
use super::{Found, Tree};

/// Settings of a generator that tell languages, for the folder they lie in.
struct Settings {
    /// The folder with `/` at its end, or nothing.
    base: String,
    /// The languages' own settings, by tag in lower case.
    languages: Value,
    /// The language of files without a tag.
    default: Option<String>,
    /// Tags are lower case in addresses.
    lower: bool,
}

/// Tells the folders of `found` which languages their files are translated into, and
/// where these are published.
pub fn find(tree: &Tree, found: &mut Found) {
    let all = settings(tree);
    let root = found.url.clone();
    for folder in &mut found.folders {
        let inner = if folder.path.is_empty() { String::new() } else { format!("{}/", folder.path) };
        let Some(own) = all.iter().find(|s| inner.starts_with(&s.base)) else { continue };
        let Some(names) = own.languages.as_object().filter(|n| !n.is_empty()) else { continue };
        let mut tags: BTreeSet<&str> = BTreeSet::new();
        for page in tree.pages.iter().filter_map(|p| p.path.strip_prefix(&inner)) {
            let stem = page.rsplit_once('.').map_or(page, |(stem, _)| stem);
            let tag = stem.rsplit('/').next().and_then(|name| name.rsplit_once('.')).map(|(_, tag)| tag);
            tags.extend(tag.filter(|t| names.contains_key(&t.to_lowercase())));
        }
        // The language of the site, said more exactly, is that of its posts.
        let exact = found.language.as_ref().filter(|_| !tags.is_empty());
        if let (Some(language), Some(exact)) = (&mut folder.language, exact)
            && exact.starts_with(&format!("{language}-"))
        {
            language.clone_from(exact);
        }
        let default = own.default.clone().or_else(|| folder.language.as_ref().map(|l| l.to_lowercase()));
        for tag in tags.into_iter().filter(|t| crate::config::is_language(t)) {
            let lower = tag.to_lowercase();
            if default.as_ref() == Some(&lower) {
                continue;
            }
            let in_address = if own.lower { &lower } else { tag };
            let (Some(url), Some(root)) = (&folder.url, &root) else {
                folder.languages.insert(tag.to_owned(), None);
                continue;
            };
            let of_default = default.as_ref().map(|d| format!("{d}/"));
            let rest = url.strip_prefix(root.as_str()).unwrap_or_default();
            let rest = of_default.and_then(|d| rest.strip_prefix(d.as_str())).unwrap_or(rest);
            let own_root = text(&own.languages, &[&lower, "baseurl"]).filter(|u| u.contains("://"));
            let address = match own_root {
                Some(own_root) => format!("{}/{rest}", own_root.trim_end_matches('/')),
                None => format!("{root}{in_address}/{rest}"),
            };
            folder.languages.insert(tag.to_owned(), Some(address).filter(|_| !rest.is_empty()));
        }
    }
}

fn settings(tree: &Tree) -> Vec<Settings> {
    let mut all = Vec::new();
    for (path, content) in &tree.settings {
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let name = file.to_lowercase();
        let known = ["hugo.", "config.", "zola.toml"].iter().any(|n| name.starts_with(n));
        let Some(value) = Some(content).filter(|_| known).and_then(|c| read(path, c).ok()) else { continue };
        let folder = if folder.is_empty() { String::new() } else { format!("{folder}/") };
        let beside = ["toml", "yaml", "yml"].iter().find_map(|e| {
            let path = format!("{folder}languages.{e}");
            read(&path, tree.settings.get(&path)?).ok()
        });
        let languages = beside.or_else(|| value.get("languages").cloned()).unwrap_or(Value::Null);
        let zola = text(&value, &["base_url"]).is_some();
        let key = if zola { "default_language" } else { "defaultcontentlanguage" };
        all.push(Settings {
            base: folder.strip_suffix("config/_default/").unwrap_or(&folder).to_owned(),
            languages,
            default: text(&value, &[key]).map(|d| d.to_lowercase()).or(Some("en".to_owned())),
            lower: !zola,
        });
    }
    // What lies deepest knows best.
    all.sort_by_key(|s| std::cmp::Reverse(s.base.len()));
    all
}
