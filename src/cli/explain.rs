//! `feedloom explain`.

use clap::Args;

use super::refresh::current;
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::entry::Kind;
use crate::run::query::{self, Explanation};
use crate::run::{self, Opened, RunError};

/// `feedloom explain`.
#[derive(Debug, Args)]
pub struct Options {
    /// An address, an id, or words of a title
    #[arg(required = true, value_name = "ADDRESS, ID OR WORDS")]
    wanted: Vec<String>,
}

/// Runs `explain`.
pub fn explain(common: &Common, options: &Options, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let mut problems = Vec::new();
    let store = query::store(&opened, &mut problems)?;
    problems.iter().for_each(|p| terminal.problem(p));
    let wanted = options.wanted.join(" ");
    let found = query::explain(&opened, &store, &wanted)?;
    if found.is_empty() {
        terminal.error(&format!("nothing is known of `{wanted}`: `feedloom entries` lists what there is"));
        return Ok(status::FAILED);
    }
    for (n, explanation) in found.iter().enumerate() {
        if n > 0 {
            terminal.result("");
        }
        show(&opened, explanation, terminal);
    }
    Ok(status::DONE)
}

fn show(opened: &Opened, explanation: &Explanation, terminal: &mut Terminal) {
    let entry = &explanation.entry;
    let local = |t| opened.site.timezone.to_local(t).format("%Y-%m-%d %H:%M:%S %:z").to_string();
    let mut line = |text: String| terminal.result(&clean(&text));
    line(entry.title.clone());
    line(format!("  kind       {}", entry.kind));
    line(format!("  link       {}", entry.link));
    let keys: Vec<&str> = explanation.raws.iter().flat_map(|r| r.keys.iter().map(String::as_str)).collect();
    line(format!("  id         {}", entry.id));
    let main = crate::normalize::principal(&explanation.raws.iter().collect::<Vec<_>>()).keys[0].clone();
    line(format!("             minted from {main}"));
    let mut others: Vec<&str> = keys.into_iter().filter(|k| *k != main).collect();
    others.sort_unstable();
    others.dedup();
    for key in others {
        let why = if key.starts_with("title:") { " (one long title on one host is one page)" } else { "" };
        line(format!("             also known as {key}{why}"));
    }
    let date = match entry.kind {
        Kind::Post | Kind::Digest => "the post's own date",
        Kind::Article if entry.mentions.len() > 1 => "its earliest mention",
        Kind::Upstream => "as its source claims, or first seen",
        _ => "the digest's date, less a second for each item before it",
    };
    line(format!("  published  {} ({date})", local(entry.published)));
    line(format!("  updated    {}", local(entry.updated)));
    line(format!("  first seen {}", local(entry.first_seen)));
    if entry.projects.is_empty() {
        line("  projects   none: no rule matched, or an override or `exclude` took it out".to_owned());
        line(format!("             to settle it, in overrides.yaml: \"{}\": {{projects: [+SLUG]}}", entry.link));
    } else {
        line("  projects".to_owned());
    }
    for m in &entry.projects {
        line(format!(
            "    {:14} by {}: \"{}\" ({})",
            m.slug.as_str(),
            m.because.rule.name(),
            m.because.text,
            m.because.place
        ));
    }
    line(format!("  feeds      {}", explanation.feeds.join(", ")));
    if !entry.mentions.is_empty() {
        line("  mentioned in".to_owned());
    }
    for m in &entry.mentions {
        let at = m.at.map(local).unwrap_or_default();
        line(format!("    {}/{}:{}  {}", m.folder, m.post, m.line, at.get(..10).unwrap_or("")));
        if !m.section.is_empty() {
            line(format!("      under \"{}\"", m.section));
        }
        if let Some(url) = &m.url {
            line(format!("      as {url}"));
        }
    }
}
