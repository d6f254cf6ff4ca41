//! Reads what an existing site consists of and joins it into a proposal: the tree and
//! the settings, then the posts as if all were digests, then what rules made of that
//! would do with them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use chrono::Datelike;
use regex::Regex;
use serde_json::Value;

use super::refresh::Progress;
use super::{Moment, Problem, RunError};
use crate::classify::Classifier;
use crate::config::{self, Condition, ConfigFile, ConfigFiles, DigestConfig, PostsFolder, SectionKind, Slugify, Zone};
use crate::entry::{Kind, RawEntry};
use crate::files::{self, FileError};
use crate::init::{
    EXAMPLE_HOST, Generator, NewFile, Page, Proposal, Read, ReadItem, TERMS, Tree, digests, generators, projects,
    translations, write,
};
use crate::names::Names;
use crate::normalize::address::Hosts;
use crate::source::{front_matter, post};

/// More files than this are no site.
const MOST_FILES: usize = 100_000;
/// Front matter ends before.
const HEAD_BYTES: usize = 64 << 10;
/// Settings of a generator are small.
const SETTING_BYTES: usize = 1 << 20;
/// So many posts tell what the others are like.
const MOST_POSTS: usize = 4000;
/// Posts read between two signs of progress.
const BATCH: usize = 128;
/// A project of tags alone, on a site with digests, has so many entries.
const LEAST_ENTRIES: usize = 3;
/// The address of nobody knows where.
const EXAMPLE: &str = "https://change-this.example/";

/// What was seen of a site.
#[derive(Debug)]
pub struct Looked {
    /// What would be written.
    pub proposal: Proposal,
    /// Posts that were found.
    pub posts: usize,
    /// Posts that were read: all, or enough of them.
    pub read: usize,
    /// Posts of each folder that look like digests, where they are too few to tell.
    pub alike: Vec<usize>,
    /// What could not be read.
    pub problems: Vec<Problem>,
}

/// Looks at the site in `folder`. Nothing is written.
///
/// # Errors
/// [`RunError::File`] when the folder cannot be read.
pub fn look(folder: &Path, moment: Moment, progress: &mut Progress<'_>) -> Result<Looked, RunError> {
    let listed = files::list_tree(folder, &generators::SETTINGS, MOST_FILES)?;
    let mut problems: Vec<Problem> = Vec::new();
    let passed = |path: &str, text: String| Problem::warning(path.to_owned(), 0, text);
    problems.extend(listed.passed_over.iter().map(|(p, why)| passed(p, why.clone())));
    let mut tree = Tree::default();
    for path in listed.others.iter().filter(|p| generators::is_setting(p)) {
        match files::read_regular(&folder.join(path), SETTING_BYTES) {
            Ok(bytes) => {
                tree.settings.insert(path.clone(), String::from_utf8_lossy(&bytes).into_owned());
            }
            Err(error) => problems.push(passed(path, said(&error))),
        }
    }
    let total = listed.markdown.len();
    for (n, path) in listed.markdown.into_iter().enumerate() {
        if n % BATCH == 0 {
            progress("looking", n, total);
        }
        match files::read_regular(&folder.join(&path), HEAD_BYTES) {
            Ok(bytes) => tree.pages.push(page(path, &bytes)),
            Err(error) => problems.push(passed(&path, said(&error))),
        }
    }
    let name = folder.canonicalize().ok().and_then(|p| p.file_name().map(|n| n.to_string_lossy().into_owned()));
    let mut found = generators::recognise(&tree, &name.unwrap_or_default());
    translations::find(&tree, &mut found);
    if listed.cut {
        found.notes.push(format!("only {MOST_FILES} files were looked at"));
    }
    found.folders.retain(|f| f.pages > 0);
    let mut listed = list(folder, &mut found.folders, &mut problems);
    // Folders without posts are no folders of posts; the others move up.
    let kept: Vec<usize> = (0..found.folders.len()).filter(|n| found.folders[*n].pages > 0).collect();
    listed.iter_mut().for_each(|(n, _)| *n = kept.iter().position(|k| k == n).unwrap_or(0));
    found.folders.retain(|f| f.pages > 0);
    let posts = listed.len();
    // Evenly spread over names, which mostly are dates or topics.
    let step = posts.div_ceil(MOST_POSTS).max(1);
    let wanted: Vec<(usize, String)> = listed.into_iter().step_by(step).collect();
    let is_jekyll = found.generators.iter().any(|(g, _)| *g == Generator::Jekyll);
    let (reads, raws) = read_posts(folder, &found.folders, is_jekyll, &wanted, &mut problems, progress);
    let mut alike: Vec<usize> = Vec::new();
    for (n, own) in found.folders.iter_mut().enumerate() {
        let of_folder: Vec<&Read> = reads.iter().filter(|r| r.folder == n).collect();
        let stems: Vec<String> = of_folder.iter().flat_map(|r| stems(&r.path)).collect();
        if let Some((template, links)) = projects::own_address(&of_folder, &stems) {
            match (&own.url, generators::host_of(&template)) {
                (None, _) => {
                    own.url = Some(template);
                    own.url_from = format!("as {links} links between the posts have it");
                }
                (Some(_), Some(host)) => generators::add_host(own, &host),
                (Some(_), None) => {}
            }
        }
        if own.language.is_none() && found.language.is_none() {
            own.language = projects::language(&of_folder);
        }
        own.digests = digests::propose(&of_folder);
        let like = of_folder.iter().filter(|r| digests::is_like_digest(r)).count();
        alike.push(if own.digests.is_none() { like } else { 0 });
    }
    found.language = found.language.take().or_else(|| found.folders.iter().find_map(|f| f.language.clone()));
    let root = found.url.clone().or_else(|| {
        let template = found.folders.iter().find_map(|f| f.url.clone())?;
        generators::host_of(&template).map(|h| format!("https://{h}/"))
    });
    let url = root.as_ref().map_or(EXAMPLE.to_owned(), |r| format!("{r}feeds/"));
    let host = generators::host_of(&url).unwrap_or_else(|| EXAMPLE_HOST.to_owned());
    let title = found.title.clone().unwrap_or_else(|| host.clone());
    let mut proposal = Proposal {
        title: format!("{title} feeds"),
        url,
        url_is_example: root.is_none(),
        id_base: format!("tag:{host},{}:", moment.now.year()),
        projects: Vec::new(),
        found,
    };
    let taken_apart = chosen(&proposal, &reads);
    let mut series: Vec<String> = proposal
        .found
        .folders
        .iter()
        .filter_map(|f| f.digests.as_ref())
        .flat_map(|d| &d.when)
        .filter(|c| c.key != "path")
        .map(|c| c.value.clone())
        .collect();
    series.extend(short_series(&reads, &alike));
    proposal.projects = projects::propose(&reads, &taken_apart, &series);
    try_out(&mut proposal, &raws, &taken_apart);
    // A file that cannot be read was looked at twice.
    let mut told: HashSet<(String, String)> = HashSet::new();
    problems.retain(|p| told.insert((p.place.clone(), p.text.clone())));
    Ok(Looked { proposal, posts, read: wanted.len(), alike, problems })
}

/// Categories, and tags, of the few digests of a folder, and of nothing else: a series that
/// began lately, no project.
fn short_series(reads: &[Read], alike: &[usize]) -> Vec<String> {
    let few = |read: &Read| alike.get(read.folder).is_some_and(|n| *n > 0) && digests::is_like_digest(read);
    let mut counts: BTreeMap<String, (bool, usize, usize)> = BTreeMap::new();
    for read in reads {
        for (key, value) in read.tags() {
            let (category, of_few, all) = counts.entry(projects::key_of(value)).or_default();
            *category |= key.starts_with("categor");
            *of_few += usize::from(few(read));
            *all += 1;
        }
    }
    let most = alike.iter().copied().max().unwrap_or(0);
    // A category of one digest is that of its series; a tag has to be on all of them.
    let is_series =
        |(category, of_few, all): &(bool, usize, usize)| *of_few > 0 && of_few == all && (*category || *of_few >= most);
    counts.into_iter().filter(|(_, c)| is_series(c)).map(|(key, _)| key).collect()
}

/// Writes new files below `folder`. Comes back with those that were there already, and
/// were left as they are.
///
/// # Errors
/// [`RunError::File`] when the disk refuses.
pub fn write(folder: &Path, new: &[NewFile]) -> Result<Vec<String>, RunError> {
    let mut there = Vec::new();
    for file in new {
        if !files::create(&folder.join(&file.path), file.text.as_bytes())? {
            there.push(file.path.clone());
        }
    }
    Ok(there)
}

/// The configuration that a site exists already, here or where it would be written.
pub fn existing(folder: &Path) -> Option<PathBuf> {
    let places = [folder.join(write::FOLDER).join("feedloom.yaml"), folder.join("feedloom.yaml")];
    places.into_iter().find(|p| p.symlink_metadata().is_ok())
}

fn said(error: &FileError) -> String {
    format!("{}: {}", error.action, error.source)
}

/// File or bundle name, lower case, with and without a date before it.
fn stems(path: &str) -> Vec<String> {
    let plain = path.rsplit_once('.').map_or(path, |(s, _)| s);
    let plain = plain.strip_suffix("/index").unwrap_or(plain);
    let name = plain.rsplit('/').next().unwrap_or(plain).to_lowercase();
    let undated = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-' || c == '_').to_owned();
    if undated == name || undated.is_empty() { vec![name] } else { vec![name, undated] }
}

fn page(path: String, bytes: &[u8]) -> Page {
    static OFFSET: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\d\d\s*([+-]\d\d):?(\d\d)$").expect("a pattern of this file"));
    static DATED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:^|/)(?:19|20)\d\d[-_/.]?[01]\d[-_/.]?[0-3]\d|(?:19|20)\d{6}(?:[./]|$)")
            .expect("a pattern of this file")
    });
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let values = front_matter::split(&text).map(|s| s.values).unwrap_or_default();
    let date = post::date_as_written(&values);
    let offset = date.as_deref().and_then(|d| OFFSET.captures(d)).map(|c| format!("{}:{}", &c[1], &c[2]));
    let dated = date.is_some() || DATED.is_match(&path);
    let slug = values.get("slug").and_then(Value::as_str).is_some_and(|s| !s.is_empty());
    Page { dated, front: !values.is_empty(), slug, offset, path }
}

/// A folder as the configuration would have it, with every post a digest.
fn everything(own: &crate::init::Folder) -> PostsFolder {
    let place = crate::yaml::Place::default();
    let when = vec![Condition { title: None, path: None, values: Vec::new(), place }];
    PostsFolder {
        url: own.url.clone(),
        base: own.base.clone().unwrap_or_else(|| "/".to_owned()),
        hosts: own.hosts.clone(),
        language: own.language.clone(),
        languages: own.languages.iter().filter_map(|(tag, url)| Some((tag.clone(), url.clone()?))).collect(),
        slugify: own.slugify,
        digest: Some(DigestConfig { when, sections: Vec::new(), default: SectionKind::Items }),
        ..PostsFolder::new(own.path.clone(), place)
    }
}

/// Posts of all folders: index of the folder, and path below it. Folders learn how many
/// there are.
fn list(root: &Path, folders: &mut [crate::init::Folder], problems: &mut Vec<Problem>) -> Vec<(usize, String)> {
    let mut posts = Vec::new();
    for (n, own) in folders.iter_mut().enumerate() {
        let place = |path: &str| if own.path.is_empty() { path.to_owned() } else { format!("{}/{path}", own.path) };
        let listing = match files::list_posts(&root.join(&own.path)) {
            Ok(listing) => listing,
            Err(error) => {
                problems.push(Problem::warning(own.path.clone(), 0, said(&error)));
                continue;
            }
        };
        for (path, why) in &listing.passed_over {
            problems.push(Problem::warning(place(path), 0, format!("passed over: {why}")));
        }
        let before = posts.len();
        let others: Vec<_> = own.exclude.iter().filter_map(|g| crate::config::glob(g)).collect();
        let is_post = |path: &String| !others.iter().any(|glob| glob.is_match(path));
        posts.extend(listing.files.into_iter().map(|f| (n, f.path)).filter(|(_, p)| is_post(p)));
        own.pages = posts.len() - before;
    }
    posts
}

/// What reading posts brought: what they say, and their entries.
type ReadPosts = (Vec<Read>, Vec<Vec<RawEntry>>);

fn read_posts(
    root: &Path,
    folders: &[crate::init::Folder],
    is_jekyll: bool,
    wanted: &[(usize, String)],
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> ReadPosts {
    let configs: Vec<PostsFolder> = folders.iter().map(everything).collect();
    let names = Names::new(&[]);
    let site = url::Url::parse(EXAMPLE).expect("the address above is one");
    let hosts = Hosts::new();
    let one = |(n, path): &(usize, String)| -> Result<(Read, Vec<RawEntry>), Problem> {
        let folder = &configs[*n];
        let file = if folder.path.is_empty() { path.clone() } else { format!("{}/{path}", folder.path) };
        let problem = |line: usize, text: String| Problem::warning(file.clone(), line, text);
        let bytes = files::read_regular(&root.join(&file), post::MAX_BYTES).map_err(|e| problem(0, said(&e)))?;
        let context = post::Context {
            folder,
            zone: Zone::UTC,
            names: &names,
            hosts: &hosts,
            site: &site,
            language: None,
            date: None,
            others: None,
        };
        let reading = super::posts::read_post(&bytes, path, context)
            .map_err(|e| Problem { column: e.column, ..problem(e.line, e.problem) })?;
        let at_blanks = is_jekyll && folder.slugify == Slugify::Jekyll;
        Ok((seen(*n, path, &bytes, &reading, at_blanks), reading.entries))
    };
    let (mut reads, mut raws) = (Vec::new(), Vec::new());
    for (batch, part) in wanted.chunks(BATCH).enumerate() {
        progress("reading posts", batch * BATCH, wanted.len());
        let done = super::on_all_cores(part, one);
        for result in done {
            match result {
                Ok((read, entries)) => {
                    reads.push(read);
                    raws.push(entries);
                }
                Err(problem) => problems.push(problem),
            }
        }
    }
    (reads, raws)
}

fn letters(text: &str) -> usize {
    text.chars().filter(|c| c.is_alphanumeric()).count()
}

/// What one post tells. Jekyll divides a line of categories or tags `at_blanks`.
fn seen(folder: usize, path: &str, bytes: &[u8], post: &post::Post, at_blanks: bool) -> Read {
    static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r#"https?://[A-Za-z0-9][^\s<>"'`(){}\[\]|\\^，。、）」』】；]*"#).expect("a pattern of this file")
    });
    let text = String::from_utf8_lossy(bytes);
    let plain = text.trim_start_matches('\u{feff}').replace("\r\n", "\n");
    let values = front_matter::split(&plain).map(|s| s.values).unwrap_or_default();
    let mut terms: Vec<(&'static str, String)> = Vec::new();
    let mut divided: Vec<String> = Vec::new();
    for key in TERMS {
        let inner = values.get("taxonomies").and_then(|t| t.get(key));
        for value in values.get(key).into_iter().chain(inner) {
            let found: Vec<String> = match value {
                Value::String(s) => s.split([',', '，', ';']).map(str::to_owned).collect(),
                Value::Array(items) => items.iter().filter_map(|i| i.as_str().map(str::to_owned)).collect(),
                _ => Vec::new(),
            };
            let is_divided = at_blanks && value.is_string() && matches!(key, "categories" | "tags");
            for term in found.iter().map(|t| crate::normalize::text::line(t)).filter(|t| !t.is_empty()) {
                divided.extend(Some(term.clone()).filter(|_| is_divided));
                if !terms.iter().any(|(k, v)| *k == key && *v == term) {
                    terms.push((key, term));
                }
            }
        }
    }
    let items = post.entries.iter().skip(1).map(|raw| ReadItem {
        kind: raw.kind,
        title: raw.title.clone(),
        labels: raw.labels.clone(),
        about: raw.about.clone(),
        letters: letters(&raw.text).max(letters(&raw.title)),
        version: raw.version.clone(),
        section: raw.headings.first().cloned().unwrap_or_default(),
    });
    Read {
        folder,
        path: path.to_owned(),
        title: post.title.clone(),
        terms,
        divided,
        letters: post.entries.first().map_or(0, |whole| letters(&whole.text)),
        items: items.collect(),
        addresses: ADDRESS
            .find_iter(&text)
            .map(|m| m.as_str().trim_end_matches(['.', ',', ':', ';', '*', '_']).to_owned())
            .collect(),
    }
}

/// The configuration as it would be read; none when the proposal is none.
fn load(proposal: &Proposal) -> Option<config::Site> {
    let config = |path: &str, text: String| ConfigFile { path: PathBuf::from(path), text };
    let strip = |path: &str| path.trim_start_matches(write::FOLDER).trim_start_matches('/').to_owned();
    let mut all = write::files(proposal).into_iter();
    let site = all.next()?;
    let projects = all.filter(|f| f.path.contains("/feeds/")).map(|f| config(&strip(&f.path), f.text)).collect();
    let files = ConfigFiles { site: config("feedloom.yaml", site.text), projects, overrides: None, words: Vec::new() };
    config::load(&files).ok()
}

/// Which posts the proposed conditions take apart.
fn chosen(proposal: &Proposal, reads: &[Read]) -> Vec<bool> {
    let site = load(proposal);
    reads
        .iter()
        .map(|read| {
            let folder = site.as_ref().and_then(|s| s.posts.get(read.folder));
            let Some(config) = folder.and_then(|f| f.digest.as_ref()) else { return false };
            config.when.iter().any(|c| {
                let holds = |(key, values): &(String, Vec<String>)| {
                    read.terms.iter().any(|(k, v)| k == key && values.contains(&v.to_lowercase()))
                };
                c.title.as_ref().is_none_or(|r| r.is_match(&read.title))
                    && c.path.as_ref().is_none_or(|r| r.is_match(&read.path))
                    && c.values.iter().all(holds)
            })
        })
        .collect()
}

/// Counts what the proposed rules would put into each feed; a project with nothing is
/// none. Those with most come first.
fn try_out(proposal: &mut Proposal, raws: &[Vec<RawEntry>], taken_apart: &[bool]) {
    let Some(site) = load(proposal) else { return };
    let names = Names::new(&site.projects);
    let classifier = Classifier::new(&site.projects, &names);
    let mut counts: HashMap<String, usize> = HashMap::new();
    // A post and its translation are one entry.
    let mut twins: HashMap<(&str, &str), &Option<String>> = HashMap::new();
    for (entries, apart) in raws.iter().zip(taken_apart) {
        for (n, raw) in entries.iter().enumerate() {
            let place = raw.mention.as_ref().map(|m| (m.folder.as_str(), raw.keys[0].as_str()));
            if let Some(place) = place.filter(|_| n == 0)
                && *twins.entry(place).or_insert(&raw.language) != &raw.language
            {
                break;
            }
            let whole;
            let raw = match (n, apart) {
                (0, true) => continue,
                (0, false) => {
                    whole = RawEntry { kind: Kind::Post, ..raw.clone() };
                    &whole
                }
                (_, true) => raw,
                (_, false) => break,
            };
            for membership in classifier.classify(&[raw], &[], None) {
                *counts.entry(membership.slug.to_string()).or_default() += 1;
            }
        }
    }
    for project in &mut proposal.projects {
        project.entries = counts.get(&project.slug).copied().unwrap_or(0);
    }
    // Beside digests a tag has to be worth a feed; a plain blog's category is one however small.
    let any_digest = taken_apart.iter().any(|t| *t);
    proposal.projects.retain(|p| {
        let of_tags = any_digest && p.addresses.is_empty() && p.labels == 0;
        p.entries >= if of_tags { LEAST_ENTRIES } else { 1 }
    });
    proposal.projects.sort_by(|a, b| b.entries.cmp(&a.entries).then(a.slug.cmp(&b.slug)));
}
