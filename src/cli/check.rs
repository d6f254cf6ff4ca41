//! `feedloom check`: for people, for programs, and for pull requests on GitHub.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::refresh::{counted, current};
use super::terminal::{Terminal, clean};
use super::{Common, chain, code, status};
use crate::files;
use crate::normalize::text;
use crate::run::check::{Findings, file};
use crate::run::{self, Moment, Opened, Problem, RunError, Severity};

/// `feedloom check`.
#[derive(Debug, Args)]
pub struct Options {
    /// Show notes too: what digests left over, links that lead nowhere, names in no post
    #[arg(short, long)]
    verbose: bool,
    /// How to print what was found
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Only what lies in files changed since this revision of the repository
    #[arg(long, value_name = "REV")]
    changed_since: Option<String>,
}

/// How to print what was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines for people
    Text,
    /// Annotations of a pull request
    Github,
    /// One JSON document, notes included
    Json,
}

/// Entries shown in the review list unless `--verbose`.
const REVIEW: usize = 20;
/// Columns of a line, where it can be made to fit.
const WIDTH: usize = 80;
/// Columns of a title, in a line that is too long whatever is done.
const LEAST_TITLE: usize = 20;

/// Runs `check`.
pub fn check(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let checked = run::open(common.site.as_deref(), &current()).and_then(|opened| {
        let found = run::check::check(&opened, options.changed_since.as_deref(), moment)?;
        Ok((opened, found))
    });
    let (opened, found) = match checked {
        Ok(checked) => checked,
        Err(error) if options.format != Format::Text => {
            let folder = common.site.clone().or_else(|| files::find_site(&current())).unwrap_or_default();
            mistaken(&folder, &error, options.format, terminal);
            return Ok(code(&error));
        }
        Err(error) => return Err(error),
    };
    let warnings = found.problems.iter().filter(|p| p.severity != Severity::Note).count();
    match options.format {
        Format::Text => for_people(&found, options.verbose, warnings, terminal),
        Format::Github => github(&opened, &found, (common.strict, options.verbose), warnings, terminal),
        Format::Json => terminal.result(&pretty(&document(&opened, &found))),
    }
    Ok(if common.strict && warnings > 0 { status::PROBLEMS } else { status::DONE })
}

fn for_people(found: &Findings, verbose: bool, warnings: usize, terminal: &mut Terminal) {
    for problem in found.problems.iter().filter(|p| verbose || p.severity != Severity::Note) {
        terminal.problem(problem);
    }
    let most = if verbose { usize::MAX } else { REVIEW };
    if !found.unplaced.is_empty() {
        let verb = if found.unplaced.len() == 1 { "is" } else { "are" };
        let count = counted(found.unplaced.len(), "entry", "entries");
        terminal.say(&format!("{count} {verb} about no project; lines for overrides.yaml:"));
        for unplaced in found.unplaced.iter().take(most) {
            let line = unplaced.line_to_paste();
            // A title is there to be recognised: what is left of the width is enough.
            let room = WIDTH.saturating_sub(text::columns(&line) + "    # ".len()).max(LEAST_TITLE);
            terminal.say(&format!("  {line}  # {}", text::cut(&unplaced.title, room)));
        }
        if found.unplaced.len() > most {
            terminal.say(&format!("  … and {} more: --verbose shows all", found.unplaced.len() - most));
        }
    }
    if !found.withdrawn.is_empty() {
        let count = counted(found.withdrawn.len(), "published entry", "published entries");
        terminal.say(&format!("{count} would be withdrawn:"));
        for (id, title) in found.withdrawn.iter().take(most) {
            terminal.say(&format!("  {title}  ({id})"));
        }
    }
    if !found.empty.is_empty() {
        terminal.say(&format!("no entries for: {}", found.empty.join(", ")));
    }
    terminal.say(&summary(found, warnings, verbose));
}

fn summary(found: &Findings, warnings: usize, verbose: bool) -> String {
    let notes = found.problems.len() - warnings;
    let more = match notes {
        0 => "",
        _ if verbose => "",
        1 => ": --verbose shows it",
        _ => ": --verbose shows them",
    };
    let changed =
        found.changed.map_or(String::new(), |n| format!(" in {}", counted(n, "changed file", "changed files")));
    format!(
        "{}, {}, {}; {}, {}{changed}{more}",
        counted(found.posts, "post", "posts"),
        counted(found.digests, "digest", "digests"),
        counted(found.items, "item", "items"),
        counted(warnings, "problem", "problems"),
        counted(notes, "note", "notes"),
    )
}

/// Workflow commands: GitHub shows each at its line of the pull request, but only the first few
/// of a kind. So notes are left out unless they are wanted.
fn github(
    opened: &Opened,
    found: &Findings,
    (strict, verbose): (bool, bool),
    warnings: usize,
    terminal: &mut Terminal,
) {
    for problem in found.problems.iter().filter(|p| verbose || p.severity != Severity::Note) {
        let Problem { place, line, column, severity, text } = problem;
        let level = match severity {
            Severity::Held => "error",
            Severity::Warning if strict => "error",
            Severity::Warning => "warning",
            Severity::Note => "notice",
        };
        terminal.result(&command(level, Some(&shown(&file(opened, place))), *line, *column, text));
    }
    let most = if verbose { usize::MAX } else { REVIEW };
    for unplaced in found.unplaced.iter().take(most) {
        let text =
            format!("about no project: {}\nLine for overrides.yaml:\n{}", unplaced.title, unplaced.line_to_paste());
        let path = shown(&file(opened, &unplaced.place));
        terminal.result(&command("notice", Some(&path), unplaced.line, 0, &text));
    }
    for slug in &found.empty {
        let path = shown(&file(opened, &format!("feeds/{slug}.yaml")));
        terminal.result(&command("notice", Some(&path), 1, 0, &format!("no entries for {slug}")));
    }
    for (id, title) in &found.withdrawn {
        terminal.result(&command("warning", None, 0, 0, &format!("would be withdrawn: {title} ({id})")));
    }
    if found.unplaced.len() > most {
        terminal.say(&format!("{} entries are about no project: --verbose shows all", found.unplaced.len()));
    }
    terminal.say(&summary(found, warnings, verbose));
}

/// `::error file=a.md,line=3,col=1::text`. What ends a property or a line is escaped.
fn command(level: &str, path: Option<&str>, line: usize, column: usize, text: &str) -> String {
    let data = |t: &str| t.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    let property = |t: &str| data(t).replace(':', "%3A").replace(',', "%2C");
    let mut properties: Vec<String> = path.iter().map(|p| format!("file={}", property(&clean(p)))).collect();
    if path.is_some() && line > 0 {
        properties.push(format!("line={line}"));
        properties.extend((column > 0).then(|| format!("col={column}")));
    }
    let text = text.split('\n').map(clean).collect::<Vec<_>>().join("\n");
    let gap = if properties.is_empty() { "" } else { " " };
    format!("::{level}{gap}{}::{}", properties.join(","), data(&text))
}

fn document(opened: &Opened, found: &Findings) -> serde_json::Value {
    let problems: Vec<_> = found
        .problems
        .iter()
        .map(|p| {
            let severity = match p.severity {
                Severity::Note => "note",
                Severity::Warning => "warning",
                Severity::Held => "held",
            };
            json!({ "file": shown(&file(opened, &p.place)), "line": p.line, "column": p.column, "severity": severity, "text": p.text })
        })
        .collect();
    let unplaced: Vec<_> = found
        .unplaced
        .iter()
        .map(|u| json!({ "file": shown(&file(opened, &u.place)), "line": u.line, "title": u.title, "target": u.target, "override": u.line_to_paste() }))
        .collect();
    let withdrawn: Vec<_> = found.withdrawn.iter().map(|(id, title)| json!({ "id": id, "title": title })).collect();
    json!({
        "posts": found.posts,
        "digests": found.digests,
        "items": found.items,
        "changed_files": found.changed,
        "problems": problems,
        "unplaced": unplaced,
        "empty": found.empty,
        "withdrawn": withdrawn,
    })
}

fn pretty(value: &serde_json::Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}

/// Something that ended a check before it told anything else: file, line, column and what it is.
type Mistake = (Option<PathBuf>, usize, usize, String);

/// What a check ended with, for programs.
fn mistaken(folder: &Path, error: &RunError, format: Format, terminal: &mut Terminal) {
    let mistakes = mistakes(folder, error);
    if format == Format::Github {
        for (path, line, column, text) in &mistakes {
            let path = path.as_deref().map(shown);
            terminal.result(&command("error", path.as_deref(), *line, *column, text));
        }
        return;
    }
    let problems: Vec<_> = mistakes
        .iter()
        .map(|(path, line, column, text)| {
            let path = path.as_deref().map(shown);
            json!({ "file": path, "line": line, "column": column, "severity": "error", "text": text })
        })
        .collect();
    terminal.result(&pretty(&json!({ "problems": problems })));
}

fn mistakes(folder: &Path, error: &RunError) -> Vec<Mistake> {
    let below = |path: &str| Some(files::absolute(folder, Path::new(path)));
    // The place is said once.
    let bare = |place: String| {
        let text = chain(error);
        text.strip_prefix(&place).unwrap_or(&text).to_owned()
    };
    match error {
        RunError::Config(mistakes) => mistakes
            .iter()
            .map(|m| (Some(files::absolute(folder, &m.path)), m.line, m.column, m.problem.clone()))
            .collect(),
        RunError::Rules(mistakes) => {
            mistakes.iter().map(|m| (below(&m.file), m.line, m.column, m.problem.clone())).collect()
        }
        RunError::Template(m) => vec![(below(&format!("templates/{}", m.name)), m.line, 0, m.problem.clone())],
        RunError::NoPosts { place, .. } => {
            let said = bare(format!("feedloom.yaml:{}:{}: ", place.line, place.column));
            vec![(below("feedloom.yaml"), place.line, place.column, said)]
        }
        RunError::File(e) => {
            vec![(Some(files::absolute(folder, &e.path)), 0, 0, bare(format!("{}: ", e.path.display())))]
        }
        _ => vec![(None, 0, 0, chain(error))],
    }
}

/// A path as programs around this one name it: below the workspace of the job, or below
/// this folder; else whole.
fn shown(path: &Path) -> String {
    let workspace = std::env::var_os("GITHUB_WORKSPACE").filter(|w| !w.is_empty()).map(PathBuf::from);
    let bases = workspace.into_iter().chain([current()]);
    let bases: Vec<PathBuf> = bases.map(|b| b.canonicalize().unwrap_or(b)).collect();
    bases.iter().find_map(|b| path.strip_prefix(b).ok()).unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workflow_commands_are_escaped() {
        assert_eq!(
            command("error", Some("a,b:c%.md"), 3, 2, "50 %: x\nnext\u{1b}[31m, y"),
            "::error file=a%2Cb%3Ac%25.md,line=3,col=2::50 %25: x%0Anext [31m, y"
        );
        assert_eq!(command("notice", None, 4, 0, "::error::x"), "::notice::::error::x");
        assert_eq!(command("warning", Some("x.md"), 0, 5, "t"), "::warning file=x.md::t");
    }
}
