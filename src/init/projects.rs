//! What posts speak of: names in label lines and releases, repositories they link to,
//! tags and categories. What belongs together becomes one project.
//!
//! Counts decide, no list of names: this module knows no site.

use std::collections::{BTreeMap, BTreeSet};

use url::Url;

use super::generators::most_common;
use super::{Project, Read};
use crate::entry::{Kind, Slug, slug_like};
use crate::normalize::{address, text};

/// More than this nobody reads through.
const MOST_PROJECTS: usize = 40;
/// A name that is said less often is a typing mistake or a passing remark.
const LEAST_LABELS: usize = 2;
/// A repository without a label needs so many posts that link to it.
const LEAST_LINKS: usize = 3;
/// Addresses of one project.
const MOST_ADDRESSES: usize = 5;

/// How often things were seen.
type Counts = BTreeMap<String, usize>;

/// What is known under one folded name.
#[derive(Debug, Default)]
struct Name {
    /// Spellings in label lines and names of releases.
    labels: Counts,
    /// Spellings in front matter.
    tags: Counts,
    /// Posts with that tag or category.
    posts: BTreeSet<usize>,
    /// Repositories its label lines lead to.
    repositories: Counts,
}

impl Name {
    fn said(&self) -> usize {
        self.labels.values().sum()
    }

    fn spelling(&self) -> Option<String> {
        let from = if self.labels.is_empty() { &self.tags } else { &self.labels };
        // Of equals the one with most capitals: names are written so on purpose.
        let capitals = |s: &str| s.chars().filter(|c| c.is_uppercase()).count();
        from.iter().max_by_key(|(s, n)| (**n, capitals(s), std::cmp::Reverse((*s).clone()))).map(|(s, _)| s.clone())
    }
}

/// Proposes projects for the posts of a site. `digests` tells which of `reads` are
/// taken apart; `own` are the site's hosts; `series` what chooses the digests, which is
/// no project.
pub fn propose(reads: &[Read], digests: &[bool], series: &[String]) -> Vec<Project> {
    let series: BTreeSet<String> = series.iter().map(|s| key_of(s)).collect();
    let any_digest = digests.iter().any(|d| *d);
    let (mut names, links) = gather(reads, digests);
    names.retain(|key, _| !series.contains(key) && !key.is_empty());
    let mut projects = Vec::new();
    let mut taken: BTreeSet<String> = BTreeSet::new();
    if any_digest {
        let merged = merge_misspelled(&mut names);
        labelled(&names, &merged, &links, reads.len(), &mut taken, &mut projects);
        linked(&links, reads.len(), &mut taken, &names, &mut projects);
    }
    tagged(&names, reads, any_digest, &mut projects);
    projects
        .sort_by(|a, b| (b.labels + b.links + b.tags).cmp(&(a.labels + a.links + a.tags)).then(a.title.cmp(&b.title)));
    projects.truncate(MOST_PROJECTS);
    slugs(&mut projects);
    projects
}

/// Under what a name is known: spellings of one meet, `C`, `C++` and `C#` do not.
pub fn key_of(name: &str) -> String {
    let name = name.trim_end();
    let plain = name.trim_end_matches(['+', '#', '＋', '＃']);
    let mut key = text::fold(plain);
    if !key.is_empty() {
        key.extend(name[plain.len()..].chars().map(|c| if matches!(c, '+' | '＋') { '+' } else { '#' }));
    }
    key
}

/// Names, and how many posts link to each repository.
fn gather(reads: &[Read], digests: &[bool]) -> (BTreeMap<String, Name>, Counts) {
    let mut names: BTreeMap<String, Name> = BTreeMap::new();
    let mut links: Counts = Counts::new();
    for (n, read) in reads.iter().enumerate() {
        let repositories: BTreeSet<String> = read.addresses.iter().filter_map(|a| repository(a)).collect();
        repositories.into_iter().for_each(|r| *links.entry(r).or_default() += 1);
        for (_, tag) in read.tags() {
            let name = names.entry(key_of(tag)).or_default();
            // A post has it once, as category or as tag.
            if name.posts.insert(n) {
                *name.tags.entry(tag.to_owned()).or_default() += 1;
            }
        }
        if !digests[n] {
            continue;
        }
        for item in &read.items {
            let of_release =
                (item.kind == Kind::Release).then(|| release_name(&item.title, item.version.as_deref())).flatten();
            for label in item.labels.iter().chain(&of_release) {
                let label = text::line(label);
                if !is_name(&label) {
                    continue;
                }
                let name = names.entry(key_of(&label)).or_default();
                *name.labels.entry(label).or_default() += 1;
                for repository in item.about.iter().filter_map(|a| repository(a)).collect::<BTreeSet<_>>() {
                    *name.repositories.entry(repository).or_default() += 1;
                }
            }
        }
    }
    (names, links)
}

/// `MOSN v1.2 发布`: what is released.
fn release_name(title: &str, version: Option<&str>) -> Option<String> {
    let at = title.find(version?)?;
    let name = title[..at].trim().trim_end_matches(['v', 'V']).trim().to_owned();
    Some(name).filter(|n| !n.is_empty())
}

/// Names are short, and have a letter.
fn is_name(label: &str) -> bool {
    text::columns(label) <= 30 && label.split_whitespace().count() <= 3 && label.chars().any(char::is_alphabetic)
}

/// `github.com/org/repo` of an address below it.
fn repository(address: &str) -> Option<String> {
    let url = Url::parse(address).ok()?;
    let host = address::plain_host(url.host_str()?);
    if !address::is_code_host(host) {
        return None;
    }
    let mut parts = url.path_segments()?.filter(|p| !p.is_empty());
    let (org, repo) = (parts.next()?.to_lowercase(), parts.next()?.to_lowercase());
    let repo = repo.trim_end_matches(".git");
    // Pages of the host itself.
    let own = ["orgs", "topics", "sponsors", "marketplace", "features", "apps", "users", "settings", "about"];
    let plain = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b));
    (!own.contains(&org.as_str()) && plain(&org) && plain(repo)).then(|| format!("{host}/{org}/{repo}"))
}

fn repo_name(repository: &str) -> &str {
    repository.rsplit('/').next().unwrap_or(repository)
}

/// A rare name that is nearly that of a common one, and leads to the same place, is a
/// spelling of it. Comes back as rare to common.
fn merge_misspelled(names: &mut BTreeMap<String, Name>) -> BTreeMap<String, String> {
    let main = |name: &Name| name.repositories.iter().max_by_key(|(_, n)| **n).map(|(r, _)| r.clone());
    let mut merged = BTreeMap::new();
    for (key, name) in names.iter().filter(|(_, n)| n.said() > 0) {
        let near = names
            .iter()
            .filter(|(other, o)| *other != key && o.said() >= name.said() * 4 && main(o).is_some())
            .filter(|(other, o)| {
                let contains = key.ends_with(other.as_str()) && other.chars().count() >= 3;
                let close = key.chars().count() >= 5 && strsim::damerau_levenshtein(key, other) <= 1;
                (contains || close) && (main(name) == main(o) || close && main(name).is_none())
            })
            .max_by_key(|(_, o)| o.said());
        if let Some((other, _)) = near {
            merged.insert(key.clone(), other.clone());
        }
    }
    merged
}

/// Projects of label lines and releases.
fn labelled(
    names: &BTreeMap<String, Name>,
    merged: &BTreeMap<String, String>,
    links: &Counts,
    posts: usize,
    taken: &mut BTreeSet<String>,
    projects: &mut Vec<Project>,
) {
    let mut order: Vec<(&String, &Name)> =
        names.iter().filter(|(k, n)| n.said() > 0 && !merged.contains_key(*k)).collect();
    order.sort_by(|a, b| b.1.said().cmp(&a.1.said()).then(a.0.cmp(b.0)));
    // Repositories of that very name first: nobody else may have them.
    let mut own: BTreeMap<&String, Vec<String>> = BTreeMap::new();
    for (key, _) in &order {
        let mut alike: Vec<String> =
            links.keys().filter(|r| key_of(repo_name(r).trim_start_matches("incubator-")) == **key).cloned().collect();
        // Everybody has a fork; what is linked once is one of them.
        let most = alike.iter().filter_map(|r| links.get(r)).max().copied().unwrap_or(0);
        alike.retain(|r| links[r] == most || links[r] >= 2.max(most / 20));
        taken.extend(alike.iter().cloned());
        own.insert(key, alike);
    }
    for (key, name) in order {
        let mut repositories = own.remove(key).unwrap_or_default();
        let said = name.said();
        for (repository, count) in &name.repositories {
            let most = count * 10 >= said * 4 && *count >= 2;
            if most && !taken.contains(repository) {
                taken.insert(repository.clone());
                repositories.push(repository.clone());
            }
        }
        let known_tag = name.posts.len() >= LEAST_LABELS;
        if said < LEAST_LABELS && (repositories.is_empty() || !known_tag) {
            continue;
        }
        let Some(title) = name.spelling() else { continue };
        // A word that leads nowhere is a project when it looks like a name, and is said often.
        let is_word = title.chars().all(|c| c.is_ascii_lowercase());
        if repositories.is_empty() && !known_tag && (is_word || said < LEAST_LABELS * 2) {
            continue;
        }
        // What a quarter of all posts are about is the site.
        if name.posts.len() * 4 > posts && said * 4 < name.posts.len() {
            continue;
        }
        repositories.sort_by_key(|r| std::cmp::Reverse(links.get(r).copied().unwrap_or(0)));
        repositories.truncate(MOST_ADDRESSES);
        let mut spellings: Vec<String> = name.labels.keys().chain(name.tags.keys()).cloned().collect();
        for (rare, _) in merged.iter().filter(|(_, common)| *common == key) {
            spellings.extend(names[rare].labels.keys().cloned());
        }
        for repository in &repositories {
            let repo = repo_name(repository);
            if key_of(repo.trim_start_matches("incubator-")) == *key {
                spellings.push(repo.to_owned());
            }
        }
        projects.push(Project {
            slug: String::new(),
            aliases: aliases(&title, spellings),
            label_only: false,
            home: repositories.first().map(|r| format!("https://{r}")),
            labels: said,
            links: repositories.iter().map(|r| links.get(r).copied().unwrap_or(0)).max().unwrap_or(0),
            tags: name.posts.len(),
            entries: 0,
            addresses: repositories,
            title,
        });
    }
}

/// Projects of repositories that are linked often and that no label names.
fn linked(
    links: &Counts,
    posts: usize,
    taken: &mut BTreeSet<String>,
    names: &BTreeMap<String, Name>,
    projects: &mut Vec<Project>,
) {
    let least = LEAST_LINKS.max(posts / 50);
    let orgs: BTreeSet<String> = taken.iter().filter_map(|r| r.rsplit_once('/').map(|(o, _)| o.to_owned())).collect();
    for (repository, count) in links.iter().filter(|(r, _)| !taken.contains(*r)) {
        let own_org = repository.rsplit_once('/').is_some_and(|(o, _)| orgs.contains(o));
        if *count < if own_org { LEAST_LINKS } else { least } {
            continue;
        }
        let repo = repo_name(repository);
        let name = names.get(&key_of(repo));
        let title = name.and_then(Name::spelling).unwrap_or_else(|| repo.to_owned());
        let key = key_of(&title);
        if let Some(same) = projects.iter_mut().find(|p| key_of(&p.title) == key) {
            same.addresses.push(repository.clone());
            same.links += count;
            continue;
        }
        projects.push(Project {
            slug: String::new(),
            // `website` and `docs` are words; `sofa-jraft` is a name.
            label_only: !title.contains(['-', '_', '.']) && !title.chars().any(char::is_uppercase),
            aliases: aliases(&title, vec![repo.to_owned()]),
            addresses: vec![repository.clone()],
            home: Some(format!("https://{repository}")),
            labels: 0,
            links: *count,
            tags: name.map_or(0, |n| n.posts.len()),
            entries: 0,
            title,
        });
    }
}

/// Projects of categories; of tags where there are no categories. Beside digests only
/// those that many posts have: there a project has a label or a repository as well.
fn tagged(names: &BTreeMap<String, Name>, reads: &[Read], any_digest: bool, projects: &mut Vec<Project>) {
    let categories: BTreeSet<String> = reads.iter().flat_map(Read::categories).map(key_of).collect();
    let is_many = |n: usize| if any_digest { n >= 5.max(reads.len() / 50) && n * 4 <= reads.len() } else { n >= 1 };
    let by_category = categories.len() >= 2 || any_digest;
    let few_tags = |n: usize| by_category || n >= 2 || reads.len() < 10;
    for (key, name) in names {
        let is_category = categories.contains(key);
        if !is_category && by_category && !any_digest || !is_many(name.posts.len()) || !few_tags(name.posts.len()) {
            continue;
        }
        let known = projects.iter().any(|p| key_of(&p.title) == *key || p.aliases.iter().any(|a| key_of(a) == *key));
        let Some(title) = name.spelling().filter(|_| !known) else { continue };
        projects.push(Project {
            slug: String::new(),
            aliases: aliases(&title, name.tags.keys().cloned().collect()),
            label_only: true,
            addresses: Vec::new(),
            home: None,
            labels: 0,
            links: 0,
            tags: name.posts.len(),
            entries: 0,
            title,
        });
    }
}

/// Spellings that are not the title's: case alone makes no other name.
fn aliases(title: &str, spellings: Vec<String>) -> Vec<String> {
    let mut seen = vec![title.to_lowercase()];
    let mut found: Vec<String> = Vec::new();
    for spelling in spellings {
        let spelling = text::line(&spelling);
        let lower = spelling.to_lowercase();
        if !seen.contains(&lower) && spelling.chars().filter(|c| c.is_alphanumeric()).count() >= 2 {
            seen.push(lower);
            found.push(spelling);
        }
    }
    found
}

/// A name with what stands behind it in letters: `C++` as `Cpp`, `C#` as `C-sharp`.
fn spelled(title: &str) -> String {
    let ends = [("++", "pp"), ("+", "-plus"), ("#", "-sharp")];
    let found = ends.iter().find_map(|(end, word)| title.strip_suffix(end).map(|start| format!("{start}{word}")));
    found.unwrap_or_else(|| title.to_owned())
}

/// A slug for each: of the title, of the repository, else a number.
fn slugs(projects: &mut [Project]) {
    let mut used: BTreeSet<String> = BTreeSet::new();
    for (n, project) in projects.iter_mut().enumerate() {
        let spelled = spelled(&project.title);
        let of_title =
            Some(spelled.as_str()).filter(|t| t.chars().filter(|c| c.is_alphanumeric()).all(|c| c.is_ascii()));
        let of_address = project.addresses.first().map(|r| repo_name(r));
        let base = of_title
            .or(of_address)
            .map(slug_like)
            .filter(|s| s != "project")
            .unwrap_or_else(|| format!("topic-{}", n + 1));
        let base = if base.parse::<Slug>().is_ok() {
            base
        } else {
            format!("{}-feed", base.chars().take(50).collect::<String>())
        };
        let mut slug = base.clone();
        let mut number = 2;
        while !used.insert(slug.clone()) {
            slug = format!("{}-{number}", base.chars().take(58).collect::<String>());
            number += 1;
        }
        project.slug = slug;
    }
}

/// The address template that links between the posts follow, and how many of them do.
///
/// `{slug}` where the last part of a link is the name of a post, `{path}` where its end is
/// the whole path. That which more links follow wins; of equals the one under which no two
/// posts have one address, and of those the one that explains more of each link.
pub fn own_address(reads: &[&Read], stems: &[String]) -> Option<(String, usize)> {
    let distinct: BTreeSet<String> = reads.iter().map(|r| plain_path(&r.path)).collect();
    let names: BTreeSet<&str> = distinct.iter().filter_map(|p| p.rsplit('/').next()).collect();
    let stems: BTreeSet<&str> = stems.iter().map(String::as_str).filter(|s| s.len() >= 8).collect();
    let mut shapes: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for address in reads.iter().flat_map(|r| &r.addresses) {
        let Ok(url) = Url::parse(address) else { continue };
        let Some(host) = url.host_str() else { continue };
        let path = url.path().trim_end_matches('/');
        let (path, tail) = match path.strip_suffix(".html") {
            Some(path) => (path, ".html"),
            None => (path, if url.path().ends_with('/') { "/" } else { "" }),
        };
        for (at, _) in path.match_indices('/') {
            let before = &path[..at];
            let name = address::percent_decode(&path[at + 1..]).to_lowercase();
            let field = match name.contains('/') {
                true if name.len() >= 8 && distinct.contains(&name) => "path",
                false if stems.contains(name.as_str()) => "slug",
                _ => continue,
            };
            if !before.contains(['{', '}']) {
                shapes.entry(format!("https://{host}{before}/{{{field}}}{tail}")).or_default().insert(name);
            }
        }
    }
    let unique = names.len() == distinct.len();
    let fit = |template: &str, links: &BTreeSet<String>| {
        let whole = template.contains("{path}");
        (links.len(), whole || unique, whole)
    };
    // Names of posts may be words that other sites use too: one hit proves nothing.
    let (template, links) = shapes.into_iter().max_by_key(|(template, links)| fit(template, links))?;
    let template = if template.ends_with('}') { format!("{template}/") } else { template };
    (links.len() >= 2).then_some((template, links.len()))
}

/// The path of a post without extension and `index`, lower case.
fn plain_path(path: &str) -> String {
    let plain = path.rsplit_once('.').map_or(path, |(s, _)| s);
    plain.strip_suffix("/index").unwrap_or(plain).to_lowercase()
}

/// The language of titles by their script: Chinese, or not known.
pub fn language(reads: &[&Read]) -> Option<String> {
    let han = |t: &str| t.chars().any(|c| matches!(c, '\u{4E00}'..='\u{9FFF}'));
    let kana = |t: &str| t.chars().any(|c| matches!(c, '\u{3040}'..='\u{30FF}'));
    let marks = reads.iter().map(|r| {
        if kana(&r.title) {
            "ja"
        } else if han(&r.title) {
            "zh"
        } else {
            "-"
        }
    });
    most_common(marks).filter(|m| *m != "-").map(str::to_owned)
}

#[cfg(test)]
mod tests;
