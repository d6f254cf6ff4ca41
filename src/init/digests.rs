//! Which posts are digests: told by their structure, then put into conditions that a
//! person would write.
//!
//! A digest is mostly items. What chooses digests is something that repeats: a category,
//! words of the title before its number or date, the beginning of a path.

use std::collections::BTreeMap;

use super::{Condition, Digests, Read, TERMS};
use crate::entry::Kind;

/// Fewer items than this is a post with links.
const ITEMS: usize = 3;
/// A series begins with so many posts.
const SERIES: usize = 3;
/// Nobody wants to read more conditions.
const MOST_CONDITIONS: usize = 4;
/// Of the posts that a condition chooses so many in ten have to be like digests.
const TRUE_IN_TEN: usize = 7;

/// Whether a post is written like a digest: several items, under headings that say what
/// they are, and not much beside them.
pub fn is_like_digest(read: &Read) -> bool {
    let items: Vec<_> = read.items.iter().filter(|i| i.kind != Kind::News || i.letters > 0).collect();
    let covered: usize = items.iter().map(|i| i.letters).sum();
    let strong = items.iter().filter(|i| !matches!(i.kind, Kind::News)).count();
    let letters = read.letters.max(1);
    items.len() >= ITEMS && strong * 2 >= items.len() && covered * 10 >= letters * 3
}

/// A condition with the posts it chooses.
struct Candidate {
    key: &'static str,
    value: String,
    chosen: Vec<bool>,
}

impl Candidate {
    fn count(&self) -> usize {
        self.chosen.iter().filter(|c| **c).count()
    }
}

/// Conditions that choose the digests among `reads`, the posts of one folder.
pub fn propose(reads: &[&Read]) -> Option<Digests> {
    let like: Vec<bool> = reads.iter().map(|r| is_like_digest(r)).collect();
    let wanted = like.iter().filter(|l| **l).count();
    if wanted < SERIES {
        return None;
    }
    let candidates = candidates(reads);
    let mut chosen = vec![false; reads.len()];
    let mut when: Vec<Condition> = Vec::new();
    while when.len() < MOST_CONDITIONS {
        let rated = candidates.iter().filter_map(|c| {
            let fresh: Vec<usize> = (0..reads.len()).filter(|n| c.chosen[*n] && !chosen[*n]).collect();
            let gained = fresh.iter().filter(|n| like[**n]).count();
            let all = c.count();
            let right = (0..reads.len()).filter(|n| c.chosen[*n] && like[*n]).count();
            let least = if when.is_empty() { SERIES } else { SERIES.max(wanted / 30) };
            let good = gained >= least && right * 10 >= all * TRUE_IN_TEN && gained * 10 >= fresh.len() * TRUE_IN_TEN;
            // Found among wanted, and wanted among found, in thousandths.
            let score = 2000 * gained / (fresh.len() + wanted).max(1);
            good.then_some((score, c))
        });
        // Of equals the first: candidates are in the order people would prefer.
        let Some((_, best)) = rated.rev().max_by_key(|(score, _)| *score) else { break };
        when.push(Condition { key: best.key.to_owned(), value: best.value.clone(), posts: best.count() });
        for (n, c) in best.chosen.iter().enumerate() {
            chosen[n] |= c;
        }
    }
    let count = |chosen: &[bool]| chosen.iter().filter(|c| **c).count();
    let got = (0..reads.len()).filter(|n| chosen[*n] && like[*n]).count();
    // Nearly all are: nobody needs a condition.
    if got * 10 < wanted * 8 && wanted * 10 >= reads.len() * 9 {
        return Some(Digests { when: Vec::new(), like: wanted, chosen: reads.len(), others: reads.len() - wanted });
    }
    if when.is_empty() {
        return None;
    }
    let all = count(&chosen);
    Some(Digests { when, like: wanted, chosen: all, others: all - got })
}

fn candidates(reads: &[&Read]) -> Vec<Candidate> {
    let mut found = Vec::new();
    let of_front = |key: &'static str| {
        let mut names: BTreeMap<String, BTreeMap<&str, usize>> = BTreeMap::new();
        for (_, value) in reads.iter().flat_map(|r| &r.terms).filter(|(k, _)| *k == key) {
            *names.entry(value.to_lowercase()).or_default().entry(value).or_default() += 1;
        }
        names.into_iter().map(move |(folded, spellings)| {
            let holds = |r: &&Read| r.terms.iter().any(|(k, v)| *k == key && v.to_lowercase() == folded);
            let chosen = reads.iter().map(holds).collect();
            let value = spellings.into_iter().max_by_key(|(_, n)| *n).map_or(folded.clone(), |(s, _)| s.to_owned());
            Candidate { key, value, chosen }
        })
    };
    let (categories, tags) = TERMS.split_at(2);
    found.extend(categories.iter().flat_map(|k| of_front(k)));
    found.extend(titles(reads));
    found.extend(tags.iter().flat_map(|k| of_front(k)));
    found.extend(paths(reads));
    found
}

/// Words with which titles begin, before a number, a date or what this one is about.
fn titles(reads: &[&Read]) -> Vec<Candidate> {
    let mut phrases: BTreeMap<String, usize> = BTreeMap::new();
    for read in reads {
        for phrase in beginnings(&read.title) {
            *phrases.entry(phrase).or_default() += 1;
        }
    }
    // The longest of those that choose the same posts says most.
    let mut sorted: Vec<(String, usize)> = phrases.into_iter().filter(|(_, n)| *n >= SERIES).collect();
    sorted.sort_by(|a, b| b.0.chars().count().cmp(&a.0.chars().count()).then(a.0.cmp(&b.0)));
    let folded: Vec<String> = reads.iter().map(|r| r.title.to_lowercase()).collect();
    sorted
        .into_iter()
        .map(|(phrase, _)| {
            let wanted = phrase.to_lowercase();
            let tight = wanted.replace(' ', "");
            let strict: Vec<bool> = folded.iter().map(|t| t.contains(&wanted)).collect();
            let loose: Vec<bool> = folded.iter().zip(&strict).map(|(t, s)| *s || t.contains(&tight)).collect();
            // A blank that somebody forgot is still the same series.
            let (blank, chosen) = if loose == strict { (" ", strict) } else { (" ?", loose) };
            Candidate { key: "title", value: regex::escape(&phrase).replace(r"\ ", " ").replace(' ', blank), chosen }
        })
        .collect()
}

fn beginnings(title: &str) -> Vec<String> {
    let end = title.find(|c: char| c.is_ascii_digit() || "|｜:：#—–(（【[「《".contains(c)).unwrap_or(title.len());
    let head = title[..end].trim().trim_end_matches(['-', '第', 'v', 'V', '.', ',', '，', '、']).trim();
    let mut found = Vec::new();
    let mut at = 0;
    for word in head.split_inclusive(' ') {
        at += word.len();
        let phrase = head[..at].trim();
        // A letter or two is no name of a series.
        if phrase.chars().filter(|c| c.is_alphanumeric()).count() >= 2 && !is_filler(phrase) {
            found.push(phrase.to_owned());
        }
    }
    found.truncate(5);
    found
}

fn is_filler(phrase: &str) -> bool {
    [
        "a", "an", "the", "in", "on", "how", "how to", "why", "what", "our", "new", "this", "my", "to", "for", "关于",
        "如何",
    ]
    .contains(&phrase.to_lowercase().as_str())
}

/// Beginnings of paths before a number, folders, and what stands behind a date.
fn paths(reads: &[&Read]) -> Vec<Candidate> {
    let mut globs: BTreeMap<String, Vec<bool>> = BTreeMap::new();
    for read in reads {
        for glob in globs_of(&read.path) {
            globs.entry(glob).or_default();
        }
    }
    for (glob, chosen) in &mut globs {
        *chosen = reads.iter().map(|r| globs_of(&r.path).contains(glob)).collect();
    }
    globs
        .into_iter()
        .map(|(value, chosen)| Candidate { key: "path", value, chosen })
        .filter(|c| c.count() >= SERIES && c.count() < reads.len())
        .collect()
}

fn globs_of(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let prefix = |name: &str| {
        let end = name.find(|c: char| c.is_ascii_digit())?;
        let head = &name[..end];
        (head.chars().filter(|c| c.is_alphabetic()).count() >= 3).then(|| head.to_owned())
    };
    match path.split_once('/') {
        Some((first, _)) => {
            if let Some(head) = prefix(first) {
                found.push(format!("{head}*/**"));
            }
            found.push(format!("{first}/**"));
        }
        None => {
            let stem = path.rsplit_once('.').map_or(path, |(s, _)| s);
            found.extend(prefix(stem).map(|head| format!("{head}*")));
            // `2018-01-14-update.md`
            let behind = stem.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
            let dated = stem.len() - behind.len() >= 8;
            if dated
                && behind.chars().filter(|c| c.is_alphabetic()).count() >= 3
                && !behind.contains(|c: char| c.is_ascii_digit())
            {
                found.push(format!("*-{behind}.*"));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::ReadItem;
    use super::*;

    fn read(path: &str, title: &str, category: &str, items: usize) -> Read {
        let item = |n: usize| ReadItem {
            kind: Kind::Article,
            title: format!("item {n}"),
            labels: Vec::new(),
            about: Vec::new(),
            letters: 50,
            version: None,
            section: "Reading".to_owned(),
        };
        Read {
            path: path.to_owned(),
            title: title.to_owned(),
            terms: vec![("categories", category.to_owned())],
            letters: 300,
            items: (0..items).map(item).collect(),
            ..Read::default()
        }
    }

    fn conditions(reads: &[Read]) -> Vec<(String, String, usize)> {
        let found = propose(&reads.iter().collect::<Vec<_>>());
        found.into_iter().flat_map(|d| d.when).map(|c| (c.key, c.value, c.posts)).collect()
    }

    #[test]
    fn a_series_is_chosen_by_what_repeats() {
        let one = |key: &str, value: &str, posts| vec![(key.to_owned(), value.to_owned(), posts)];
        let mut reads: Vec<Read> =
            (0..6).map(|n| read(&format!("w{n}.md"), &format!("This Week in Wool {n}"), "News", 5)).collect();
        reads.extend((0..6).map(|n| read(&format!("p{n}.md"), &format!("Post {n}"), "News", 1)));
        assert_eq!(conditions(&reads), one("title", "This Week in Wool", 6));
        for r in &mut reads {
            if r.items.len() == 5 {
                r.terms = vec![("categories", "Weekly".to_owned())];
            }
        }
        assert_eq!(conditions(&reads), one("categories", "Weekly", 6));
    }

    #[test]
    fn posts_with_some_links_are_no_digests() {
        let reads: Vec<Read> = (0..9).map(|n| read(&format!("p{n}.md"), &format!("Post {n}"), "News", 1)).collect();
        assert_eq!(propose(&reads.iter().collect::<Vec<_>>()), None);
    }

    #[test]
    fn paths_give_globs() {
        assert_eq!(globs_of("sofa-weekly-20230303/index.md"), ["sofa-weekly-*/**", "sofa-weekly-20230303/**"]);
        assert_eq!(globs_of("2018-01-14-update.md"), ["*-update.*"]);
        assert_eq!(globs_of("weekly-12.md"), ["weekly-*"]);
        assert_eq!(beginnings("Week Ending July 26, 2020"), ["Week", "Week Ending", "Week Ending July"]);
        assert_eq!(beginnings("周报第 12 期"), ["周报"]);
    }
}
