//! `feedloom entries`.

use clap::Args;

use super::refresh::current;
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::entry::Kind;
use crate::normalize::text;
use crate::run::query::{self, Filter};
use crate::run::{self, RunError};

/// `feedloom entries`.
#[derive(Debug, Args)]
pub struct Options {
    /// Of this project only
    #[arg(long, value_name = "SLUG")]
    project: Option<String>,
    /// Of this kind only: post, digest, question, article, release, task, event, news, upstream
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,
    /// With all of these words, best first; quotes keep words together
    #[arg(long, value_name = "WORDS")]
    search: Option<String>,
    /// One JSON object a line
    #[arg(long)]
    json: bool,
    /// With --json: name the feeds that carry each entry
    #[arg(long)]
    emitted: bool,
}

fn kind(name: &str) -> Result<Kind, String> {
    Kind::from_name(name).ok_or_else(|| format!("use {}", Kind::ALL.map(Kind::name).join(", ")))
}

/// Runs `entries`.
pub fn entries(common: &Common, options: &Options, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    if let Some(project) = &options.project
        && !crate::merge::paths(&opened.site).contains(project)
    {
        terminal.error(&format!("there is no project `{project}`"));
        return Ok(status::USAGE);
    }
    let mut problems = Vec::new();
    let store = query::store(&opened, &mut problems)?;
    problems.iter().for_each(|p| terminal.problem(p));
    let filter = Filter { project: options.project.clone(), kind: options.kind };
    let found = match &options.search {
        None => query::entries(&store, &filter)?,
        Some(words) => {
            let found = query::search(&opened, &store, &filter, words, &mut |what, done, of| {
                terminal.progress(what, done, of)
            })?;
            terminal.clear();
            found
        }
    };
    for entry in &found {
        if terminal.is_closed() {
            break;
        }
        if options.json {
            let feeds = if options.emitted { Some(store.feeds_of(&entry.id)?) } else { None };
            terminal.result(&query::to_json(entry, feeds).to_string());
            continue;
        }
        let day = opened.site.timezone.to_local(entry.published).format("%Y-%m-%d");
        let projects: Vec<&str> = entry.projects.iter().map(|m| m.slug.as_str()).collect();
        let projects = if projects.is_empty() { "-".to_owned() } else { projects.join(",") };
        terminal.result(&clean(&format!("{day}  {:8}  {:16}  {}", entry.kind, projects, text::cut(&entry.title, 70))));
    }
    if found.is_empty() && !options.json {
        terminal.say(match options.search {
            Some(_) => "nothing found: all words must be there",
            None => "nothing yet: run `feedloom refresh` first",
        });
    }
    Ok(status::DONE)
}
