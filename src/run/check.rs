//! Looks at a site without writing anything: what a refresh would complain of,
//! what digests left over, which entries no rule could place.

use std::collections::HashSet;

use super::derive::{Overrides, Way};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::classify::Classifier;
use crate::config::SameAs;
use crate::entry::{Key, Kind, RawEntry};
use crate::files;
use crate::ledger::Ledger;
use crate::names::Names;
use crate::normalize::{self, address};
use crate::output::html::Pages;
use crate::source::post::{self, Weight};

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
    /// Entries no rule could place: link or id, and title.
    pub unplaced: Vec<(String, String)>,
    /// Projects that got nothing.
    pub empty: Vec<String>,
    /// Published entries that the next refresh would withdraw: id and title.
    pub withdrawn: Vec<(String, String)>,
}

/// Checks posts and templates of an opened site. No network, no writing.
///
/// # Errors
/// [`RunError`] when a folder cannot be read or a template does not compile.
pub fn check(opened: &Opened, moment: Moment) -> Result<Findings, RunError> {
    let site = &opened.site;
    let names = Names::new(&site.projects);
    let classifier = Classifier::new(&site.projects, &names);
    let overrides = Overrides::new(opened);
    let mut matched: HashSet<*const crate::config::Override> = HashSet::new();
    let mut findings = Findings::default();
    Pages::new(&files::read_templates(&opened.folder)?)?;
    let mut keys: HashSet<String> = HashSet::new();
    let mut own_links: Vec<(String, usize, String, String)> = Vec::new();
    let mut seen: HashSet<String> = HashSet::new();
    let mut placed: HashSet<String> = HashSet::new();
    for folder in &site.posts {
        let root = opened.folder.join(&folder.path);
        let listing = files::list_posts(&root)?;
        for (path, reason) in listing.passed_over {
            findings.problems.push(problem(
                &folder.path,
                &path,
                0,
                Severity::Warning,
                format!("passed over: {reason}"),
            ));
        }
        let context = opened.context(folder, &names);
        let mut undated = false;
        for file in listing.files {
            let bytes = match files::read_regular(&root.join(&file.path), post::MAX_BYTES) {
                Ok(bytes) => bytes,
                Err(error) => {
                    findings.problems.push(problem(
                        &folder.path,
                        &file.path,
                        0,
                        Severity::Warning,
                        format!("{}: {}", error.action, error.source),
                    ));
                    continue;
                }
            };
            findings.posts += 1;
            let reading = match super::posts::read_post(&bytes, &file.path, context) {
                Ok(reading) => reading,
                Err(error) => {
                    findings.problems.push(problem(
                        &folder.path,
                        &file.path,
                        error.line,
                        Severity::Warning,
                        error.problem,
                    ));
                    continue;
                }
            };
            undated |= reading.date.is_none() && !reading.draft;
            findings.digests += usize::from(reading.digest);
            findings.items += reading.entries.len() - 1;
            for note in &reading.notes {
                let severity = if note.weight == Weight::Hint { Severity::Note } else { Severity::Warning };
                findings.problems.push(problem(&folder.path, &file.path, note.line, severity, note.text.clone()));
            }
            for (line, link, key) in &reading.own_links {
                own_links.push((format!("{}/{}", folder.path, file.path), *line, link.clone(), key.clone()));
            }
            if let Some(whole) = reading.entries.first() {
                for key in &whole.keys {
                    if !keys.insert(key.clone()) && key.starts_with("site:") {
                        findings.problems.push(problem(
                            &folder.path,
                            &file.path,
                            1,
                            Severity::Warning,
                            format!("another post has the address {} too", whole.link.as_deref().unwrap_or(key)),
                        ));
                    }
                }
            }
            for raw in &reading.entries {
                let own = overrides.of(None, &[raw]);
                matched.extend(own.iter().map(|o| std::ptr::from_ref(*o)));
                review(&classifier, raw, &own, &mut findings, &mut seen, &mut placed);
            }
        }
        if undated && files::history(&root) == files::History::Shallow {
            let text = "a shallow clone, and there are posts without a date: git cannot say when they came; fetch the whole history (`fetch-depth: 0`)";
            findings.problems.push(Problem::warning(folder.path.clone(), 0, text.to_owned()));
        }
    }
    match withdrawn(opened, moment) {
        Ok(withdrawn) => findings.withdrawn = withdrawn,
        Err(error @ (RunError::ManyGone { .. } | RunError::ProjectsGone(_))) => {
            let place = opened.folder.join("feedloom.yaml").display().to_string();
            findings.problems.push(Problem::warning(place, 0, format!("a refresh would stop: {error}")));
        }
        Err(error) => return Err(error),
    }
    for (file, line, link, key) in own_links {
        if !keys.contains(&key) {
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
        // Ids are known to the store only.
        if o.target.contains("://") {
            findings.problems.push(Problem {
                place: o.file.display().to_string(),
                line: o.place.line,
                column: o.place.column,
                severity: Severity::Warning,
                text: format!(
                    "`{}` is no entry's address: `feedloom explain` prints the line to write",
                    normalize::text::cut(&o.target, 80)
                ),
            });
        }
    }
    same_as(opened, &mut findings)?;
    findings.empty = site.projects.iter().map(|p| p.slug.to_string()).filter(|s| !placed.contains(s)).collect();
    findings.problems.sort_by(|a, b| (&a.place, a.line).cmp(&(&b.place, b.line)));
    Ok(findings)
}

/// `same_as` has to name an entry that was published.
fn same_as(opened: &Opened, findings: &mut Findings) -> Result<(), RunError> {
    let path = opened.state().join("ledger.jsonl");
    let Some(text) = files::read_if_there(&path)? else {
        return Ok(());
    };
    let ledger = Ledger::parse(&text).map_err(|source| RunError::Ledger { path, source })?;
    for o in &opened.site.overrides {
        let Some(SameAs::Entry(other)) = &o.same_as else { continue };
        let key = url::Url::parse(other).ok().map(|u| address::key(&u, &opened.hosts)).unwrap_or_default();
        if ledger.row(Key::of(other)).is_none() && ledger.with_key(Key::of(&key)).is_none() {
            findings.problems.push(Problem {
                place: o.file.display().to_string(),
                line: o.place.line,
                column: o.place.column,
                severity: Severity::Warning,
                text: format!(
                    "`same_as: {}` is no entry's id: `feedloom explain` prints ids",
                    normalize::text::cut(other, 80)
                ),
            });
        }
    }
    Ok(())
}

/// What a refresh would withdraw: the ledger is compared with what is there now. Nothing
/// is written: the store is one in memory.
fn withdrawn(opened: &Opened, moment: Moment) -> Result<Vec<(String, String)>, RunError> {
    if files::look(&opened.state(), "ledger.jsonl").is_none() {
        return Ok(Vec::new());
    }
    let moves = super::refresh::rehearse(opened, moment)?.moves;
    let mut found: Vec<(String, String)> =
        moves.into_iter().filter(|m| m.way == Way::Out && m.gone).map(|m| (m.id, m.title)).collect();
    found.sort();
    found.dedup_by(|a, b| a.0 == b.0);
    Ok(found)
}

fn problem(folder: &str, path: &str, line: usize, severity: Severity, text: String) -> Problem {
    Problem { place: format!("{folder}/{path}"), line, column: 0, severity, text }
}

fn review(
    classifier: &Classifier<'_>,
    raw: &RawEntry,
    overrides: &[&crate::config::Override],
    findings: &mut Findings,
    seen: &mut HashSet<String>,
    placed: &mut HashSet<String>,
) {
    let projects = classifier.classify(&[raw], overrides, None);
    placed.extend(projects.iter().map(|m| m.slug.to_string()));
    if projects.is_empty() && raw.kind != Kind::Digest && seen.insert(raw.keys[0].clone()) {
        let target = match raw.kind {
            Kind::Article | Kind::Release | Kind::Task | Kind::Post | Kind::Upstream => {
                raw.link.clone().unwrap_or_default()
            }
            Kind::Digest | Kind::Question | Kind::Event | Kind::News => raw.link.clone().unwrap_or_default(),
        };
        findings.unplaced.push((target, normalize::text::cut(&normalize::text::line(&raw.title), 60)));
    }
}
