//! Looks at a site without writing anything: what a refresh would complain of,
//! what digests left over, which entries no rule could place.

mod conditions;

pub use conditions::nothing_taken_apart;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::derive::{Move, Overrides, Way};
use super::library::Library;
use super::posts::{Seen, is_kept_out, read_post, withheld};
use super::{Moment, Opened, Problem, RunError, Severity};
use super::{advice, articles};
use crate::classify::Classifier;
use crate::config::{Override, PostsFolder, SameAs};
use crate::entry::{Key, Kind, RawEntry};
use crate::files;
use crate::ledger::Ledger;
use crate::names::Names;
use crate::normalize::{self, address};
use crate::output::html::Pages;
use crate::source::front_matter;
use crate::source::post::{self, Post, Weight};
use crate::store::Store;

/// What a check found.
#[derive(Debug, Default)]
pub struct Findings {
    /// Problems and notes, by file and line.
    pub problems: Vec<Problem>,
    /// Posts that were read.
    pub posts: usize,
    /// Digests among them.
    pub digests: usize,
    /// Items of digests.
    pub items: usize,
    /// Entries no rule could place.
    pub unplaced: Vec<Unplaced>,
    /// Projects that got nothing.
    pub empty: Vec<String>,
    /// Published entries that the next refresh would withdraw: id and title.
    pub withdrawn: Vec<(String, String)>,
    /// How many files changed, when only those were asked for.
    pub changed: Option<usize>,
}

/// An entry no rule could place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplaced {
    /// What a line of `overrides.yaml` calls it.
    pub target: String,
    /// Its title.
    pub title: String,
    /// The post it is in.
    pub place: String,
    /// Line in it, from 1.
    pub line: usize,
}

impl Unplaced {
    /// The line to paste into `overrides.yaml`, once the slug is known.
    pub fn line_to_paste(&self) -> String {
        format!("{}: {{projects: [+SLUG]}}", serde_json::to_string(&self.target).unwrap_or_default())
    }
}

/// Checks posts and templates of an opened site; with `since`, what lies in files that
/// changed since that revision of its repository. No network, no writing; every post is
/// taken apart once.
///
/// # Errors
/// [`RunError`] when a folder cannot be read, a template does not compile, or git does
/// not know the revision.
pub fn check(opened: &Opened, since: Option<&str>, moment: Moment) -> Result<Findings, RunError> {
    let changed = since.map(|revision| files::changed_since(&opened.folder, revision)).transpose()?;
    let site = &opened.site;
    let names = Names::new(&site.projects);
    let overrides = Overrides::new(opened);
    let library = Library::new(opened, &names);
    let mut look = Look {
        opened,
        names: &names,
        library: &library,
        classifier: Classifier::new(&site.projects, &names),
        overrides: &overrides,
        findings: Findings::default(),
        matched: HashSet::new(),
        idle: HashSet::new(),
        keys: HashMap::new(),
        own_links: Vec::new(),
        seen: HashSet::new(),
        placed: HashSet::new(),
        unplaced: Vec::new(),
        placed_keys: HashSet::new(),
        occurs: vec![false; names.written().count()],
        undated: HashSet::new(),
        now: moment.now,
        broken: false,
    };
    let sites = articles::rules(opened)?;
    look.findings.problems.extend(advice::of(opened));
    look.findings.problems.extend(articles::check_saved(opened, &sites, moment)?);
    Pages::new(&files::read_templates(&opened.folder)?)?.try_out(site)?;
    for folder in &site.posts {
        opened.posts(folder)?;
    }
    read(opened, moment, &mut look)?;
    look.findings.problems.extend(conditions::unfitting(opened)?);
    for folder in site.posts.iter().filter(|f| look.undated.contains(&f.path)) {
        if files::history(&opened.folder.join(&folder.path)) == files::History::Shallow {
            let text = "a shallow clone, and there are posts without a date: git cannot say when they came; fetch the whole history (`fetch-depth: 0`)";
            look.findings.problems.push(Problem::warning(folder.path.clone(), 0, text.to_owned()));
        }
    }
    look.unused_names();
    let ledger = published(opened)?;
    let Look { mut findings, matched, keys, own_links, placed, unplaced, placed_keys, broken, .. } = look;
    let mut of_unplaced = unplaced.iter();
    findings.unplaced.retain(|_| of_unplaced.next().is_none_or(|key| !placed_keys.contains(key)));
    for (file, line, link, key) in own_links {
        let templates = site.posts.iter().flat_map(|f| f.url.iter().chain(f.languages.values()));
        let may_be_post = || templates.clone().any(|url| makes(url, &key));
        if !broken && !keys.contains_key(&key) && may_be_post() {
            findings.problems.push(Problem {
                place: file,
                line,
                column: 0,
                severity: Severity::Note,
                text: format!("`{link}` leads to no post of this site"),
            });
        }
    }
    for o in site.overrides.iter().filter(|o| !matched.contains(&std::ptr::from_ref(*o))) {
        if !broken && !names_something(o, ledger.as_ref(), opened) {
            let what = if o.target.contains("://") { "address" } else { "id" };
            let text = format!(
                "`{}` is no entry's {what}: `feedloom explain` prints the line to write",
                normalize::text::cut(&o.target, 80)
            );
            findings.problems.push(at(o, text));
        }
    }
    if let Some(ledger) = &ledger {
        same_as(opened, ledger, &mut findings);
    }
    name_withdrawn(opened, &mut findings.withdrawn);
    // What its own sources bring is not known here.
    let bare = site.projects.iter().filter(|p| p.sources.is_empty()).map(|p| p.slug.to_string());
    findings.empty = bare.filter(|s| !placed.contains(s)).collect();
    findings.problems.sort_by(|a, b| (&a.place, a.line, a.column).cmp(&(&b.place, b.line, b.column)));
    if let Some(changed) = changed {
        let is_changed = |place: &str| changed.contains(&file(opened, place));
        findings.problems.retain(|p| is_changed(&p.place));
        findings.unplaced.retain(|u| is_changed(&u.place));
        findings.empty.retain(|slug| is_changed(&format!("feeds/{slug}.yaml")));
        findings.changed = Some(changed.len());
    }
    Ok(findings)
}

/// Whether a post may have the own address `key`: what `template` makes of some post.
/// Everything else of the blog's host is no business of ours.
fn makes(template: &str, key: &str) -> bool {
    let Some((_, path)) = template.split_once("://").and_then(|(_, rest)| rest.split_once('/')) else { return false };
    let wanted = path.trim_end_matches("index.html").trim_end_matches(".html").split('/').filter(|s| !s.is_empty());
    fits(&wanted.collect::<Vec<_>>(), &key.split('/').skip(1).collect::<Vec<_>>())
}

/// Whether the segments of a template can be those of a folded path.
fn fits(wanted: &[&str], found: &[&str]) -> bool {
    let Some((field, wanted)) = wanted.split_first() else { return found.is_empty() };
    // Fields that are several segments, or none.
    if ["{path}", "{folders}", "{categories}"].iter().any(|f| field.contains(f)) {
        return (0..=found.len()).any(|n| fits(wanted, &found[n..]));
    }
    let Some((segment, found)) = found.split_first() else { return false };
    let alike = match *field {
        "{year}" | "{month}" | "{day}" => segment.bytes().all(|b| b.is_ascii_digit()),
        field if field.contains('{') => true,
        field => normalize::text::fold(&address::percent_decode(field)) == **segment,
    };
    alike && fits(wanted, found)
}

/// The file that a problem's place names.
pub fn file(opened: &Opened, place: &str) -> PathBuf {
    files::absolute(&opened.folder, Path::new(place))
}

/// Reads every post, once: as a refresh would where something was published before, so
/// that what would be withdrawn is known as well.
fn read(opened: &Opened, moment: Moment, look: &mut Look<'_>) -> Result<(), RunError> {
    if files::look(&opened.state(), "ledger.jsonl").is_none() {
        for folder in &opened.site.posts {
            look.folder(folder)?;
        }
        return Ok(());
    }
    let rehearsed = super::refresh::rehearse(opened, moment, &mut |folder, seen| look.see(folder, seen));
    match rehearsed {
        Ok(report) => look.findings.withdrawn = withdrawn(report.moves),
        Err(error @ (RunError::ManyGone { .. } | RunError::ProjectsGone(_))) => {
            let text = format!("a refresh would stop: {error}");
            look.findings.problems.push(Problem::warning("feedloom.yaml".to_owned(), 0, text));
        }
        Err(error) => return Err(error),
    }
    Ok(())
}

/// A post that has an address.
struct Whose {
    file: PathBuf,
    place: String,
    name: String,
    language: Option<String>,
    link: Option<String>,
}

impl Whose {
    /// How `key` is one of its addresses: line, and the alias as it is written unless it is
    /// where the post is published. None when nobody wrote it.
    fn has(&self, key: &str, hosts: &address::Hosts) -> Option<(usize, Option<String>)> {
        let link = self.link.as_deref().and_then(|l| url::Url::parse(l).ok())?;
        if address::key(&link, hosts) == key {
            return Some((1, None));
        }
        let bytes = files::read_regular(&self.file, post::MAX_BYTES).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let is_it =
            |alias: &String| address::absolute(alias, Some(&link)).is_some_and(|u| address::key(&u, hosts) == key);
        let written = aliases(&text).into_iter().find(is_it)?;
        let line = text.lines().position(|l| l.contains(&written)).map_or(1, |n| n + 1);
        Some((line, Some(written)))
    }
}

/// Other addresses of a post, as its front matter has them.
fn aliases(text: &str) -> Vec<String> {
    let values = front_matter::split(text.trim_start_matches('\u{feff}')).map(|s| s.values).unwrap_or_default();
    let mut found = Vec::new();
    for value in ["aliases", "redirect_from"].iter().filter_map(|k| values.get(*k)) {
        match value {
            Value::String(text) => found.extend(text.split(',').map(|a| a.trim().to_owned())),
            Value::Array(items) => found.extend(items.iter().filter_map(Value::as_str).map(str::to_owned)),
            _ => {}
        }
    }
    found
}

/// Two posts have one address: links to it can mean only one of them.
fn twice(key: &str, first: &Whose, second: &Whose, hosts: &address::Hosts) -> Option<Problem> {
    // A translation may be where the post is: which is shown, the server knows.
    if first.name == second.name && first.language != second.language {
        return None;
    }
    let ((_, of_first), (line, of_second)) = (first.has(key, hosts)?, second.has(key, hosts)?);
    let link = second.link.as_deref().unwrap_or(key);
    let other = &first.place;
    let text = match (of_first, of_second) {
        (None, None) => format!("{other} has the address {link} too: give one of the two another `slug` or `url`"),
        (None, Some(alias)) => format!("`{alias}` of `aliases` is the address of {other}: take it out"),
        (Some(alias), None) => {
            format!("its address {link} is `{alias}` of `aliases` in {other}: take it out there")
        }
        (Some(_), Some(alias)) => {
            format!(
                "`{alias}` of `aliases` is in {other} too: a link to it can mean one post only, take it out of the other"
            )
        }
    };
    Some(Problem::warning(second.place.clone(), line, text))
}

/// A look at the posts of a site.
struct Look<'a> {
    opened: &'a Opened,
    names: &'a Names,
    library: &'a Library<'a>,
    classifier: Classifier<'a>,
    overrides: &'a Overrides<'a>,
    findings: Findings,
    /// Overrides that concern something.
    matched: HashSet<*const Override>,
    /// Those that were told to change nothing.
    idle: HashSet<*const Override>,
    /// Identities of posts: who had each first.
    keys: HashMap<String, Rc<Whose>>,
    /// File, line, link and what it leads to.
    own_links: Vec<(String, usize, String, String)>,
    /// Entries that were reviewed, and no rule could place.
    seen: HashSet<String>,
    /// The same in the order of [`Findings::unplaced`].
    unplaced: Vec<String>,
    /// Entries that were placed: by a translation, or another post that mentions them.
    placed_keys: HashSet<String>,
    /// Projects that got something.
    placed: HashSet<String>,
    /// Names that occur, in the order of [`Names::written`].
    occurs: Vec<bool>,
    /// Folders with posts that have no date.
    undated: HashSet<String>,
    now: DateTime<Utc>,
    /// There is a post that could not be read: what is missing may be in it.
    broken: bool,
}

impl Look<'_> {
    fn folder(&mut self, folder: &PostsFolder) -> Result<(), RunError> {
        let root = self.opened.posts(folder)?;
        let listing = self.opened.list_posts(folder, &root)?;
        for (path, reason) in &listing.passed_over {
            self.see(folder, Seen::PassedOver(path, format!("passed over: {reason}")));
        }
        let context = post::Context { others: Some(self.library), ..self.opened.context(folder, self.names) };
        for file in &listing.files {
            let path = &file.path;
            match files::read_regular(&root.join(path), post::MAX_BYTES) {
                Err(error) => self.see(folder, Seen::PassedOver(path, format!("{}: {}", error.action, error.source))),
                Ok(bytes) => match read_post(&bytes, path, context) {
                    Err(error) => self.see(folder, Seen::Broken(path, &error)),
                    Ok(post) => self.see(folder, Seen::Read(path, &post)),
                },
            }
        }
        Ok(())
    }

    fn see(&mut self, folder: &PostsFolder, seen: Seen<'_>) {
        let place = |path: &str| format!("{}/{path}", folder.path);
        let (path, post) = match seen {
            Seen::PassedOver(path, text) => {
                self.findings.problems.push(Problem::warning(place(path), 0, text));
                return;
            }
            Seen::Broken(path, error) => {
                self.findings.posts += 1;
                self.broken = true;
                let problem = Problem::warning(place(path), error.line, error.problem.clone());
                self.findings.problems.push(Problem { column: error.column, ..problem });
                return;
            }
            Seen::Read(path, post) => (path, post),
        };
        let findings = &mut self.findings;
        findings.posts += 1;
        findings.digests += usize::from(post.digest);
        findings.items += post.entries.len().saturating_sub(1);
        for note in &post.notes {
            let severity = if note.weight == Weight::Hint { Severity::Note } else { Severity::Warning };
            findings.problems.push(Problem { severity, ..Problem::warning(place(path), note.line, note.text.clone()) });
        }
        for (line, link, key) in &post.own_links {
            self.own_links.push((place(path), *line, link.clone(), key.clone()));
        }
        if let Some(why) = withheld(post, folder, self.now) {
            let told = why.told(self.opened.site.timezone);
            findings.problems.push(Problem { severity: Severity::Note, ..Problem::warning(place(path), 0, told) });
        }
        // What is in no feed stands in nobody's way, and needs no project.
        let kept_out = is_kept_out(post, folder, self.now);
        if post.undated && !kept_out {
            self.undated.insert(folder.path.clone());
            let text = "it names no date: feeds have it of its first commit, or of the first refresh; write `date:`";
            findings
                .problems
                .push(Problem { severity: Severity::Note, ..Problem::warning(place(path), 0, text.to_owned()) });
        }
        if let Some(whole) = post.entries.first().filter(|_| !kept_out) {
            let root = self.opened.folder.join(&folder.path);
            let whose = Rc::new(Whose {
                file: root.join(path),
                place: place(path),
                name: whole.keys[0].clone(),
                language: whole.language.clone(),
                link: whole.link.clone(),
            });
            for key in &whole.keys {
                match self.keys.entry(key.clone()) {
                    Entry::Vacant(entry) => drop(entry.insert(Rc::clone(&whose))),
                    Entry::Occupied(entry) if key.starts_with("site:") => {
                        findings.problems.extend(twice(key, entry.get(), &whose, &self.opened.hosts));
                    }
                    Entry::Occupied(_) => {}
                }
            }
        }
        self.mark_names(post);
        for raw in &post.entries {
            let own = self.overrides.of(None, &[raw]);
            self.matched.extend(own.iter().map(|o| std::ptr::from_ref(*o)));
            if !kept_out {
                self.review(raw, &own, &place(path));
            }
        }
    }

    fn review(&mut self, raw: &RawEntry, overrides: &[&Override], place: &str) {
        if overrides.iter().any(|o| o.hide) {
            return;
        }
        let projects = self.classifier.classify(&[raw], overrides, None);
        for (o, slug) in overrides.iter().flat_map(|o| o.add.iter().map(move |slug| (*o, slug))) {
            let removed = || overrides.iter().any(|o| o.remove.contains(slug));
            if !projects.iter().any(|m| m.slug == *slug) && !removed() && self.idle.insert(std::ptr::from_ref(o)) {
                let file = self.opened.site.projects.iter().find(|p| p.slug == *slug).map(|p| p.file.display());
                let file = file.map(|f| format!(" in {f}")).unwrap_or_default();
                let text = format!("`+{slug}` changes nothing: `exclude`{file} keeps it out");
                self.findings.problems.push(at(o, text));
            }
        }
        self.placed.extend(projects.iter().map(|m| m.slug.to_string()));
        if !projects.is_empty() {
            self.placed_keys.insert(raw.keys[0].clone());
        } else if raw.kind != Kind::Digest && !self.is_excluded(raw) && self.seen.insert(raw.keys[0].clone()) {
            self.unplaced.push(raw.keys[0].clone());
            self.findings.unplaced.push(Unplaced {
                target: raw.link.clone().unwrap_or_default(),
                title: normalize::text::cut(&normalize::text::line(&raw.title), 60),
                place: place.to_owned(),
                line: raw.mention.as_ref().map_or(1, |m| m.line),
            });
        }
    }

    /// Whether a project keeps it out: that was thought about, and nothing is left to decide.
    fn is_excluded(&self, raw: &RawEntry) -> bool {
        let Some(link) = raw.link.as_deref() else { return false };
        let place = url::Url::parse(link).map(|u| address::host_and_path(&u)).unwrap_or_default();
        let bare =
            |e: &str| e.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/').to_owned();
        let mut excluded = self.opened.site.projects.iter().flat_map(|p| &p.exclude);
        excluded.any(|e| e == link || address::is_below(&place, &bare(e)))
    }

    fn mark_names(&mut self, post: &Post) {
        let whole = post.entries.iter().take(1);
        let texts = whole.flat_map(|e| [&e.title, &e.text].into_iter().chain(&e.tags));
        let of_items = post.entries.iter().skip(1).flat_map(|e| std::iter::once(&e.title).chain(&e.labels));
        for text in texts.chain(of_items) {
            self.names.mark(text, &mut self.occurs);
        }
    }

    /// Lines of project files that change nothing. A title is no line too many.
    fn unused_names(&mut self) {
        let projects = &self.opened.site.projects;
        for ((project, text, is_phrase), _) in self.names.written().zip(&self.occurs).filter(|(_, occurs)| !**occurs) {
            let Some(project) = projects.get(project) else { continue };
            let same = |name: &str| normalize::text::squeeze(name) == text;
            let place = if is_phrase {
                project.not.iter().find(|(phrase, _)| same(phrase)).map(|(_, place)| *place)
            } else {
                project.aliases.iter().find(|a| same(&a.name) && a.name != project.title).map(|a| a.place)
            };
            let Some(place) = place else { continue };
            let key = if is_phrase { "not" } else { "aliases" };
            self.findings.problems.push(Problem {
                place: project.file.display().to_string(),
                line: place.line,
                column: place.column,
                severity: Severity::Note,
                text: format!("`{}` of `{key}` is in no post", normalize::text::cut(text, 60)),
            });
        }
    }
}

/// What was published, when anything was.
fn published(opened: &Opened) -> Result<Option<Ledger>, RunError> {
    let path = opened.state().join("ledger.jsonl");
    let Some(text) = files::read_if_there(&path)? else { return Ok(None) };
    Ledger::parse(text).map(Some).map_err(|source| RunError::Ledger { path, source })
}

/// A warning at an override.
fn at(o: &Override, text: String) -> Problem {
    let problem = Problem::warning(o.file.display().to_string(), o.place.line, text);
    Problem { column: o.place.column, ..problem }
}

/// Whether an override that concerns no post may still concern an entry: one that sources
/// brought, and whose id or address was published. Without a ledger nobody knows ids.
fn names_something(o: &Override, ledger: Option<&Ledger>, opened: &Opened) -> bool {
    let page = url::Url::parse(&o.target).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
    let key = page.map_or_else(|| o.target.clone(), |u| address::key(&u, &opened.hosts));
    match ledger {
        Some(ledger) => ledger.row(Key::of(&o.target)).is_some() || ledger.with_key(Key::of(&key)).is_some(),
        // An id is an IRI.
        None => o.target.contains(':') && !o.target.contains("://"),
    }
}

/// `same_as` has to name an entry that was published.
fn same_as(opened: &Opened, ledger: &Ledger, findings: &mut Findings) {
    for o in &opened.site.overrides {
        let Some(SameAs::Entry(other)) = &o.same_as else { continue };
        let key = url::Url::parse(other).ok().map(|u| address::key(&u, &opened.hosts)).unwrap_or_default();
        if ledger.row(Key::of(other)).is_none() && ledger.with_key(Key::of(&key)).is_none() {
            let other = normalize::text::cut(other, 80);
            findings
                .problems
                .push(at(o, format!("`same_as: {other}` is no entry's id: `feedloom explain` prints ids")));
        }
    }
}

/// The ledger has only the beginnings of titles, folded: the store has them as they are
/// shown. What cannot be read of it is no reason to end a check.
fn name_withdrawn(opened: &Opened, withdrawn: &mut [(String, String)]) {
    let path = opened.state().join("store.sqlite");
    if withdrawn.is_empty() || !path.is_file() {
        return;
    }
    let Ok(store) = Store::open_beside(&path) else { return };
    for (id, title) in withdrawn {
        if let Ok(Some(entry)) = store.entry(id) {
            *title = entry.title;
        }
    }
}

/// What a refresh would withdraw, each once.
fn withdrawn(moves: Vec<Move>) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> =
        moves.into_iter().filter(|m| m.way == Way::Out && m.gone).map(|m| (m.id, m.title)).collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_make_some_addresses() {
        let blog = "https://www.example.org/zh/blog/{slug}/";
        let cases = [
            (blog, "zh/blog/onespost", true),
            (blog, "zh/blog", false),
            (blog, "zh/blog/a/b", false),
            (blog, "en/blog/a", false),
            ("https://www.example.org/{path}.html", "a/b/c", true),
            ("https://www.example.org/n/{path}/index.html", "projects/mosn", false),
            ("https://www.example.org/{year}/{month}/{slug}", "2024/05/a", true),
            ("https://www.example.org/{year}/{month}/{slug}", "docs/intro/a", false),
            ("https://www.example.org/posts/{folders}/{slug}/", "posts/a", true),
            ("https://www.example.org/posts/{folders}/{slug}/", "posts/x/y/a", true),
            ("https://www.example.org/{slug}", "a", true),
            ("https://www.example.org", "a", false),
        ];
        for (template, path, wanted) in cases {
            assert_eq!(makes(template, &format!("site:example.org/{path}")), wanted, "{template} {path}");
        }
    }
}
