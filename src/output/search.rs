//! Search for static hosts: shards of titles and beginnings, their list, and the page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::html::{Pages, TemplateError};
use crate::config::Site;
use crate::entry::Kind;
use crate::words::words;

/// The script of the search page.
pub const SCRIPT: &str = include_str!("../../templates/search.js");

/// Most bytes of a shard as it is: packed it is never longer than 300 KB.
const SHARD_BYTES: usize = 280 << 10;

/// The list of shards, below the output folder.
pub const CATALOGUE: &str = "search/index.json";

/// Where the shards of a project are.
pub fn shard_path(slug: &str, number: usize) -> String {
    format!("search/shards/{slug}.{number}.json")
}

/// What a shard has of one entry.
#[derive(Debug)]
pub struct Row<'a> {
    /// Title.
    pub title: &'a str,
    /// Where it is to be read.
    pub link: &'a str,
    /// What it is.
    pub kind: Kind,
    /// The day it came up.
    pub day: String,
    /// Slugs of its projects.
    pub projects: &'a [String],
    /// Its beginning.
    pub text: &'a str,
}

/// Fills shards with rows. Each is filled before the next is begun: rows that come behind
/// change none but the last.
#[derive(Debug, Default)]
pub struct Filler {
    text: String,
}

impl Filler {
    /// Takes a row in; comes back with the shard before when it was full.
    pub fn push(&mut self, row: &Row<'_>) -> Option<String> {
        let row = (row.title, row.link, row.kind.name(), &row.day, row.projects, row.text);
        // Strings and lists of strings are JSON always.
        let line = serde_json::to_string(&row).unwrap_or_default();
        let is_full = !self.text.is_empty() && self.text.len() + line.len() + 4 > SHARD_BYTES;
        let full = if is_full { std::mem::take(self).finish() } else { None };
        self.text.push_str(if self.text.is_empty() { "[\n" } else { ",\n" });
        self.text.push_str(&line);
        full
    }

    /// The last shard; none where no row came since the one before.
    pub fn finish(mut self) -> Option<String> {
        if self.text.is_empty() {
            return None;
        }
        self.text.push_str("\n]\n");
        Some(self.text)
    }
}

/// The list of shards: how many each project has. The newest is the first to be looked at.
pub fn catalogue(site: &Site, counts: &BTreeMap<String, usize>) -> String {
    let words = words(&site.words, site.language.as_deref());
    let files = |slug: &str, count: usize| -> Vec<String> {
        (1..=count).rev().map(|n| shard_path(slug, n).trim_start_matches("search/").to_owned()).collect()
    };
    let shards: BTreeMap<&str, Vec<String>> =
        counts.iter().filter(|(_, n)| **n > 0).map(|(slug, n)| (slug.as_str(), files(slug, *n))).collect();
    let titles: BTreeMap<&str, &str> = site.projects.iter().map(|p| (p.slug.as_str(), p.title.as_str())).collect();
    let kinds: BTreeMap<&str, &str> = Kind::ALL.into_iter().map(|k| (k.name(), words.kind(k))).collect();
    let mut text = serde_json::to_string_pretty(&json!({ "shards": shards, "titles": titles, "kinds": kinds }))
        .unwrap_or_default();
    text.push('\n');
    text
}

fn projects(site: &Site, chosen: Option<&str>) -> Vec<Value> {
    site.projects
        .iter()
        .map(|p| json!({ "slug": p.slug.as_str(), "title": p.title, "chosen": chosen == Some(p.slug.as_str()) }))
        .collect()
}

/// The page whose script searches the shards.
///
/// # Errors
/// [`TemplateError`] when a template fails.
pub fn page(pages: &Pages, site: &Site) -> Result<String, TemplateError> {
    pages.search(site, &json!({ "action": "./", "query": "", "script": true, "projects": projects(site, None) }))
}

/// What was found for a question.
#[derive(Debug)]
pub struct Found {
    /// What was searched for.
    pub query: String,
    /// In this project only.
    pub project: Option<String>,
    /// The index did not know everything yet.
    pub not_yet: bool,
    /// Which page of results this is, from 1.
    pub page: usize,
    /// The query of the page before.
    pub previous: Option<String>,
    /// The query of the page after.
    pub next: Option<String>,
    /// The results.
    pub hits: Vec<Hit>,
}

/// One result.
#[derive(Debug)]
pub struct Hit {
    /// The entry.
    pub entry: crate::entry::Entry,
    /// The part of its text where it was found.
    pub piece: String,
}

impl Found {
    /// As a page.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn page(&self, pages: &Pages, site: &Site) -> Result<String, TemplateError> {
        let words = words(&site.words, site.language.as_deref());
        let title = |slug: &str| site.projects.iter().find(|p| p.slug.as_str() == slug).map(|p| p.title.as_str());
        let results: Vec<Value> = self
            .hits
            .iter()
            .map(|hit| {
                let entry = &hit.entry;
                let projects: Vec<Value> = entry
                    .projects
                    .iter()
                    .filter_map(|m| Some(json!({ "slug": m.slug.as_str(), "title": title(m.slug.as_str())? })))
                    .collect();
                json!({
                    "title": entry.title, "link": entry.link, "kind": entry.kind.name(), "kind_name": words.kind(entry.kind),
                    "published": entry.published.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    "day": site.timezone.to_local(entry.published).format("%Y-%m-%d").to_string(),
                    "language": entry.language.as_deref().filter(|l| Some(*l) != site.language.as_deref()),
                    "projects": projects, "piece": hit.piece,
                })
            })
            .collect();
        let link = |query: &Option<String>| query.as_ref().map(|q| format!("?{q}"));
        let data = json!({
            "action": "./", "query": self.query, "script": false, "not_yet": self.not_yet,
            "projects": projects(site, self.project.as_deref()), "results": results,
            "previous": link(&self.previous), "next": link(&self.next),
        });
        pages.search(site, &data)
    }

    /// For programs.
    pub fn json(&self, site: &Site) -> String {
        let results: Vec<Value> = self
            .hits
            .iter()
            .map(|hit| {
                let entry = &hit.entry;
                json!({
                    "id": entry.id.as_str(), "kind": entry.kind.name(), "title": entry.title, "link": entry.link,
                    "published": entry.published.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
                    "language": entry.language.as_deref().or(site.language.as_deref()),
                    "projects": entry.projects.iter().map(|m| m.slug.as_str()).collect::<Vec<_>>(), "text": hit.piece,
                })
            })
            .collect();
        let link = |query: &Option<String>| query.as_ref().map(|q| format!("{}search.json?{q}", site.url));
        let data = json!({
            "query": self.query, "project": self.project, "page": self.page, "complete": !self.not_yet,
            "previous": link(&self.previous), "next": link(&self.next), "results": results,
        });
        let mut text = serde_json::to_string_pretty(&data).unwrap_or_default();
        text.push('\n');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_are_bounded() {
        let text = "字".repeat(200);
        let row = |n: usize| Row {
            title: "t\"",
            link: "https://example.org/",
            kind: Kind::News,
            day: n.to_string(),
            projects: &[],
            text: &text,
        };
        let fill = |rows: usize| -> Vec<String> {
            let mut filler = Filler::default();
            let mut made: Vec<String> = (0..rows).filter_map(|n| filler.push(&row(n))).collect();
            made.extend(filler.finish());
            made
        };
        let made = fill(1000);
        assert!(made.len() > 1);
        let mut count = 0;
        for shard in &made {
            assert!(shard.len() <= SHARD_BYTES);
            count += serde_json::from_str::<Vec<Value>>(shard).unwrap().len();
        }
        assert_eq!(count, 1000);
        let more = fill(1200);
        assert_eq!(more[..made.len() - 1], made[..made.len() - 1], "full ones stay as they are");
        assert!(fill(0).is_empty());
    }
}
