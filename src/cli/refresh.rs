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
}

/// Runs `refresh`.
pub fn refresh(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    if !options.offline && opened.site.posts.is_empty() {
        terminal.say("no posts are configured: add `posts` to feedloom.yaml");
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
    let mut parts = vec![format!("{} posts", report.posts)];
    if report.read > 0 {
        parts.push(format!("{} read", report.read));
    }
    if report.removed > 0 {
        parts.push(format!("{} gone", report.removed));
    }
    if report.derived > 0 {
        parts.push(format!("{} entries derived", report.derived));
    }
    parts.push(format!("{} feeds", report.built.feeds));
    match (report.built.written, report.built.deleted) {
        (0, 0) => parts.push("nothing changed".to_owned()),
        (written, 0) => parts.push(format!("{written} files written")),
        (written, deleted) => parts.push(format!("{written} files written, {deleted} deleted")),
    }
    parts.join(", ")
}

/// The folder the command was called in.
pub fn current() -> std::path::PathBuf {
    std::env::current_dir().unwrap_or_else(|_| std::path::PathBuf::from("."))
}
