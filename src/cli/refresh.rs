//! `feedloom refresh` and `feedloom build`.

use std::time::{Duration, Instant};

use clap::Args;

use super::terminal::{Terminal, clean};
use super::{Common, signals, status};
use crate::fetch::{client, hosts};
use crate::run::derive::Way;
use crate::run::fetching::Asking;
use crate::run::refresh::Report;
use crate::run::sources;
use crate::run::{self, Moment, Problem, RunError, Severity, health, query};

/// `feedloom refresh`.
#[derive(Debug, Args)]
pub struct Options {
    /// Ask no server: posts and files only
    #[arg(long)]
    offline: bool,
    /// Ask this source now, whatever was agreed; revives one that was withdrawn
    #[arg(long, value_name = "ADDRESS OR NAME")]
    force: Vec<String>,
    /// End asking after so many seconds; the others are first next time
    #[arg(long, value_name = "SECONDS")]
    deadline: Option<u64>,
    /// Withdraw posts that are gone, however many, and feeds whose project is gone
    #[arg(long)]
    accept_removals: bool,
    /// Let emitted ids change when `id_base` changed
    #[arg(long)]
    change_ids: bool,
    /// Write nothing: say what would enter and leave each feed, and why
    #[arg(long)]
    dry_run: bool,
}

/// `feedloom build`.
#[derive(Debug, Args)]
pub struct BuildOptions {
    /// Write nothing: say what would enter and leave each feed, and why
    #[arg(long)]
    dry_run: bool,
}

/// Runs `refresh`.
pub fn refresh(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let Options { accept_removals, change_ids, dry_run, .. } = *options;
    let moment = Moment { accept_removals, change_ids, dry_run, interrupt: signals::listen(), ..moment };
    let asking = Asking {
        offline: options.offline,
        force: options.force.clone(),
        deadline: options.deadline.map(Duration::from_secs),
        open_files: open_files(),
    };
    let proxy = client::proxy_in_environment(|name| std::env::var(name).ok());
    if let Some(name) = proxy.filter(|_| opened.site.fetch.proxy.is_none() && !options.offline)
        && sources::ask_servers(&opened)
    {
        let text = "set but not used: a proxy is used when `fetch.proxy` names it".to_owned();
        terminal.problem(&Problem { severity: Severity::Note, ..Problem::warning(name.to_owned(), 0, text) });
    }
    let begun = Instant::now();
    let mut report =
        run::refresh::refresh(&opened, &asking, moment, &mut |what, done, of| terminal.progress(what, done, of))?;
    let took = begun.elapsed();
    // Only a run that read all posts knows that there is none; others need not look for one.
    if report.read > 0 && report.digests == 0 && report.read >= report.posts {
        report.problems.extend(run::check::nothing_taken_apart(&opened)?);
    }
    // A dry run asks nobody, whoever is named.
    if !asking.force.is_empty() && !moment.dry_run {
        let store = query::store(&opened, &mut report.problems)?;
        report.problems.extend(sources::unknown(&opened, &asking, &store, &health::lines(&store)?)?);
    }
    Ok(finish(common, &report, moment, Some(took), terminal))
}

/// Runs `build`.
pub fn build(common: &Common, options: &BuildOptions, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let moment = Moment { dry_run: options.dry_run, interrupt: signals::listen(), ..moment };
    let opened = run::open(common.site.as_deref(), &current())?;
    let report = run::refresh::rebuild(&opened, moment, &mut |what, done, of| terminal.progress(what, done, of))?;
    Ok(finish(common, &report, moment, None, terminal))
}

/// `took` is how long a run was that may have asked servers.
fn finish(common: &Common, report: &Report, moment: Moment, took: Option<Duration>, terminal: &mut Terminal) -> u8 {
    terminal.clear();
    for problem in &report.problems {
        terminal.problem(problem);
    }
    if moment.dry_run {
        rehearsed(report, terminal);
    } else {
        let asked = report.asked.sources + report.pages.pages + report.pictures.pictures > 0;
        let bytes = (report.asked.bytes + report.pages.bytes + report.pictures.bytes) as f64 / 1e6;
        let traffic = took.filter(|_| asked).map(|t| format!(", {bytes:.1} MB in {:.1} s", t.as_secs_f64()));
        terminal.say(&(summary(report) + &traffic.unwrap_or_default()));
    }
    if report.problems.iter().any(|p| p.severity == Severity::Held) {
        status::HELD
    } else if common.strict && report.problems.iter().any(|p| p.severity >= Severity::Warning) {
        status::PROBLEMS
    } else {
        status::DONE
    }
}

/// What a dry run found, feed by feed.
fn rehearsed(report: &Report, terminal: &mut Terminal) {
    let mut feed = "";
    for step in &report.moves {
        if step.feed != feed {
            feed = &step.feed;
            let of_feed = |way| report.moves.iter().filter(|m| m.feed == feed && m.way == way).count();
            terminal.result(&format!("{feed}: {} enter, {} leave", of_feed(Way::In), of_feed(Way::Out)));
        }
        let mark = match step.way {
            Way::In => '+',
            Way::Out => '-',
        };
        terminal.result(&clean(&format!("  {mark} {}", step.title)));
        terminal.result(&clean(&format!("      {}", step.why)));
    }
    if report.moves.is_empty() {
        terminal.result("no entry would enter or leave a feed");
    }
    terminal.say("a dry run: nothing was written");
}

pub(super) fn summary(report: &Report) -> String {
    let mut parts = Vec::new();
    let asked = &report.asked;
    if report.posts > 0 || asked.sources == 0 {
        parts.push(counted(report.posts, "post", "posts"));
    }
    if asked.sources > 0 {
        let mut of = vec![format!("{} unchanged", asked.unchanged)];
        of.extend((asked.new > 0).then(|| format!("{} new", counted(asked.new, "entry", "entries"))));
        of.extend((asked.failed > 0).then(|| format!("{} failed", asked.failed)));
        parts.push(format!("{} asked ({})", counted(asked.sources, "source", "sources"), of.join(", ")));
    }
    let pages = &report.pages;
    if pages.pages > 0 {
        let mut of = vec![format!("{} read", pages.read)];
        of.extend((pages.refused > 0).then(|| format!("{} refused", pages.refused)));
        of.extend((pages.failed > 0).then(|| format!("{} failed", pages.failed)));
        parts.push(format!("{} asked ({})", counted(pages.pages, "article", "articles"), of.join(", ")));
    }
    let pictures = &report.pictures;
    if pictures.pictures > 0 {
        let mut of = vec![format!("{} copied", pictures.kept)];
        of.extend((pictures.failed > 0).then(|| format!("{} failed", pictures.failed)));
        parts.push(format!("{} asked ({})", counted(pictures.pictures, "picture", "pictures"), of.join(", ")));
    }
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

/// File descriptors there may be, where the system tells.
pub(super) fn open_files() -> Option<usize> {
    std::fs::read_to_string("/proc/self/limits").ok().and_then(|t| hosts::open_files(&t))
}

/// The folder the command was called in.
pub fn current() -> std::path::PathBuf {
    std::env::current_dir().unwrap_or_else(|_| std::path::PathBuf::from("."))
}
