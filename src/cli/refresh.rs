//! `feedloom refresh` and `feedloom build`.

use clap::Args;

use super::terminal::Terminal;
use super::{Common, status};
use crate::run::refresh::Report;
use crate::run::{self, Moment, RunError, Severity};

/// `feedloom refresh`.
#[derive(Debug, Args)]
pub struct Options {
    /// Ask nobody: posts and files only
    #[arg(long)]
    offline: bool,
    /// Withdraw posts that are gone, however many
    #[arg(long)]
    accept_removals: bool,
}

/// Runs `refresh`.
pub fn refresh(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let moment = Moment { accept_removals: options.accept_removals, ..moment };
    let has_sources = !opened.site.sources.is_empty() || opened.site.projects.iter().any(|p| !p.sources.is_empty());
    if !options.offline && has_sources {
        terminal.say("this version asks no server: sources are left alone, as with --offline");
    }
    let report = run::refresh::refresh(&opened, moment, &mut |what, done, of| terminal.progress(what, done, of))?;
    Ok(finish(common, &report, terminal))
}

/// Runs `build`.
pub fn build(common: &Common, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let report = run::refresh::rebuild(&opened, moment, &mut |what, done, of| terminal.progress(what, done, of))?;
    Ok(finish(common, &report, terminal))
}

fn finish(common: &Common, report: &Report, terminal: &mut Terminal) -> u8 {
    terminal.clear();
    for problem in &report.problems {
        terminal.problem(problem);
    }
    terminal.say(&summary(report));
    if report.problems.iter().any(|p| p.severity == Severity::Held) {
        status::HELD
    } else if common.strict && report.problems.iter().any(|p| p.severity >= Severity::Warning) {
        status::PROBLEMS
    } else {
        status::DONE
    }
}

fn summary(report: &Report) -> String {
    let mut parts = vec![counted(report.posts, "post", "posts")];
    if report.read > 0 {
        parts.push(format!("{} read", report.read));
    }
    if report.removed > 0 {
        parts.push(format!("{} gone", report.removed));
    }
    if report.derived > 0 {
        parts.push(format!("{} derived", counted(report.derived, "entry", "entries")));
    }
    parts.push(counted(report.built.feeds, "feed", "feeds"));
    match (report.built.written, report.built.deleted) {
        (0, 0) => parts.push("nothing changed".to_owned()),
        (written, 0) => parts.push(format!("{} written", counted(written, "file", "files"))),
        (written, deleted) => parts.push(format!("{} written, {deleted} deleted", counted(written, "file", "files"))),
    }
    parts.join(", ")
}

/// `1 post`, `2 posts`.
pub fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// The folder the command was called in.
pub fn current() -> std::path::PathBuf {
    std::env::current_dir().unwrap_or_else(|_| std::path::PathBuf::from("."))
}
