//! Names and addresses of a post: what its path says, how the generator writes it
//! into addresses, and every own address that means it.

use std::fmt::Write as _;

use chrono::{DateTime, Datelike, NaiveDate, Utc};
use url::Url;

use super::Context;
use super::front::Front;
use crate::config::{Slugify, Zone};
use crate::normalize::address;
use crate::normalize::{date, text};

/// What a path says.
pub(super) struct PathNames {
    /// Path without extension, `index` and language suffix.
    pub(super) without_language: String,
    /// The last part: file or bundle name.
    pub(super) stem: String,
    /// The folders above.
    pub(super) folders: Vec<String>,
    /// `2024-06-30-name`.
    pub(super) date: Option<NaiveDate>,
    /// The name behind the date.
    pub(super) undated: String,
}

/// File names that stand for their folder.
pub fn is_index(stem: &str) -> bool {
    stem == "index" || stem.starts_with("index.") && crate::config::is_language(&stem[6..])
}

pub(super) fn path_names(path: &str) -> PathNames {
    let mut parts: Vec<&str> = path.split('/').collect();
    let file = parts.pop().unwrap_or(path);
    let stem = file.rsplit_once('.').map_or(file, |(s, _)| s);
    // `name.zh.md` and `index.zh-cn.md` are translations.
    let plain = match stem.rsplit_once('.') {
        Some((name, tag))
            if crate::config::is_language(tag)
                && tag.len() <= 6
                && tag.chars().all(|c| c.is_ascii_alphabetic() || c == '-') =>
        {
            name
        }
        _ => stem,
    };
    let stem =
        if is_index(plain) || plain == "README" && !parts.is_empty() { parts.pop().unwrap_or("index") } else { plain };
    let folders: Vec<String> = parts.iter().map(|s| (*s).to_owned()).collect();
    let mut without_language = folders.join("/");
    if !without_language.is_empty() {
        without_language.push('/');
    }
    without_language.push_str(stem);
    let date = stem.get(..10).and_then(|d| d.parse::<NaiveDate>().ok()).or_else(|| {
        let digits = stem.get(..8).filter(|d| d.bytes().all(|b| b.is_ascii_digit()))?;
        NaiveDate::parse_from_str(digits, "%Y%m%d").ok()
    });
    let dashed = stem.get(..10).is_some_and(|d| d.parse::<NaiveDate>().is_ok());
    let undated = if dashed { stem[10..].trim_start_matches(['-', '_', ' ']).to_owned() } else { stem.to_owned() };
    let undated = if undated.is_empty() { stem.to_owned() } else { undated };
    let trailing = || {
        let digits: String =
            stem.chars().rev().take_while(char::is_ascii_digit).collect::<Vec<_>>().into_iter().rev().collect();
        if digits.len() == 8 { NaiveDate::parse_from_str(&digits, "%Y%m%d").ok() } else { None }
    };
    let date = date.or_else(trailing).filter(|d| date::SANE_YEARS.contains(&d.year()));
    PathNames { without_language, stem: stem.to_owned(), folders, date, undated }
}

/// A name as the generator writes it into addresses.
pub fn slugify(name: &str, how: Slugify) -> String {
    match how {
        Slugify::None => name.to_owned(),
        Slugify::Hugo => {
            let mut slug = String::new();
            for c in name.to_lowercase().chars() {
                if c.is_alphanumeric() || "._-#+~".contains(c) {
                    slug.push(c);
                } else if c.is_whitespace() && !slug.ends_with('-') {
                    slug.push('-');
                }
            }
            slug
        }
        Slugify::Jekyll | Slugify::Zola => {
            let mut slug = String::new();
            for c in name.to_lowercase().chars() {
                let keep = if how == Slugify::Zola { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() };
                if keep || c == '_' && how == Slugify::Jekyll {
                    slug.push(c);
                } else if !slug.ends_with('-') && !slug.is_empty() {
                    slug.push('-');
                }
            }
            slug.trim_matches('-').to_owned()
        }
    }
}

pub(super) fn segment(name: &str) -> String {
    address::encode_segment(name)
}

pub(super) fn slug_of(front: &Front, names: &PathNames, how: Slugify) -> String {
    let given = front.one("slug").map(|s| if how == Slugify::None { s } else { slugify(&s, how) });
    let name = match how {
        Slugify::Jekyll | Slugify::Zola => &names.undated,
        Slugify::Hugo | Slugify::None => &names.stem,
    };
    given.unwrap_or_else(|| slugify(name, how))
}

pub(super) fn fill(template: &str, slug: &str, path: &str, date: Option<DateTime<Utc>>, zone: Zone) -> Option<Url> {
    let local = date.map(|d| zone.to_local(d));
    let number = |n: Option<u32>, width: usize| n.map_or_else(|| "0".repeat(width), |n| format!("{n:0width$}"));
    let year = local.map_or_else(|| "0000".to_owned(), |d| d.year().to_string());
    let filled = template
        .replace("{slug}", slug)
        .replace("{path}", path)
        .replace("{year}", &year)
        .replace("{month}", &number(local.map(|d| d.month()), 2))
        .replace("{day}", &number(local.map(|d| d.day()), 2));
    Url::parse(&filled).ok()
}

pub(super) fn full_path(front: &Front, names: &PathNames, how: Slugify) -> String {
    let mut path = String::new();
    for folder in &names.folders {
        let _ = write!(path, "{}/", segment(&slugify(folder, how)));
    }
    path.push_str(&segment(&slug_of(front, names, how)));
    path
}

/// Where the post is published: its own `url`, else the folder's template, else a page of ours.
pub(super) fn post_link(front: &Front, names: &PathNames, date: Option<DateTime<Utc>>, context: Context<'_>) -> Url {
    let how = context.folder.slugify;
    let slug = segment(&slug_of(front, names, how));
    let path = full_path(front, names, how);
    let templated = context.folder.url.as_ref().and_then(|t| fill(t, &slug, &path, date, context.zone));
    let root = templated.clone().unwrap_or_else(|| context.site.clone());
    let own = front.one("url").or_else(|| front.one("permalink")).or_else(|| front.one("path"));
    if let Some(own) = own.filter(|u| !u.contains(':') || u.starts_with("http"))
        && context.folder.url.is_some()
    {
        let rooted = if own.contains("://") || own.starts_with('/') { own } else { format!("/{own}") };
        if let Some(url) = address::absolute(&rooted, Some(&root)) {
            return url;
        }
    }
    templated.unwrap_or_else(|| {
        let name = format!("page/{}.html", text::fold(&names.without_language).chars().take(60).collect::<String>());
        context.site.join(&name).unwrap_or_else(|_| context.site.clone())
    })
}

/// What the post is identified by, and every own address that means it.
pub(super) fn post_keys(
    front: &Front,
    names: &PathNames,
    link: &Url,
    date: Option<DateTime<Utc>>,
    context: Context<'_>,
) -> Vec<String> {
    let mut keys = vec![format!("post:{}", names.without_language)];
    let mut add = |url: &Url| {
        let key = address::key(url, context.hosts);
        if !keys.contains(&key) {
            keys.push(key);
        }
    };
    add(link);
    let mut aliases = front.many("aliases");
    aliases.extend(front.many("redirect_from"));
    for alias in aliases {
        if let Some(url) = address::absolute(&alias, Some(link)) {
            add(&url);
        }
    }
    // A folder deep down is published under its whole path by most generators.
    if let Some(template) = context.folder.url.as_ref().filter(|t| t.contains("{slug}") && !names.folders.is_empty())
        && let Some(url) = fill(
            &template.replace("{slug}", "{path}"),
            "",
            &full_path(front, names, context.folder.slugify),
            date,
            context.zone,
        )
    {
        add(&url);
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_names_and_dates() {
        let cases = [
            ("a/b/index.md", "a/b", "b", None),
            ("2018-01-14-update.md", "2018-01-14-update", "2018-01-14-update", Some("2018-01-14")),
            ("weekly-20230303/index.md", "weekly-20230303", "weekly-20230303", Some("2023-03-03")),
            ("name.zh-cn.md", "name", "name", None),
            ("x/index.en.md", "x", "x", None),
            ("v1.2.md", "v1.2", "v1.2", None),
        ];
        for (path, key, stem, date) in cases {
            let names = path_names(path);
            assert_eq!((names.without_language.as_str(), names.stem.as_str()), (key, stem), "{path}");
            assert_eq!(names.date.map(|d| d.to_string()).as_deref(), date, "{path}");
        }
    }

    #[test]
    fn slugs_as_generators_make_them() {
        assert_eq!(slugify("Koupleless 2024 & Plans", Slugify::Hugo), "koupleless-2024-plans");
        assert_eq!(slugify("中文 Name", Slugify::Hugo), "中文-name");
        assert_eq!(slugify("中文 Name!", Slugify::Zola), "name");
        assert_eq!(slugify("Some Name's", Slugify::Jekyll), "some-name-s");
    }
}
