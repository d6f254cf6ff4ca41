//! `feedloom entries`.

use clap::Args;

use super::refresh::current;
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::config::nearest;
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
        let slugs = opened.site.projects.iter().map(|p| p.slug.as_str());
        let hint = match nearest(project, slugs) {
            Some(near) => format!(", did you mean `{near}`?"),
            None => ": each file in feeds/ is one".to_owned(),
        };
        terminal.error(&format!("there is no project `{project}`{hint}"));
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
        terminal.say(&none(options, query::refreshed(&store)?, store.feed_sizes()?.contains_key("all")));
    }
    Ok(status::DONE)
}

/// Why nothing was listed.
fn none(options: &Options, refreshed: bool, any: bool) -> String {
    let of_project = options.project.as_ref().map_or(String::new(), |p| format!(" of project `{p}`"));
    let of_kind = options.kind.map_or(String::new(), |k| format!(" of kind `{k}`"));
    match options.search {
        _ if !refreshed => "nothing yet: run `feedloom refresh` first".to_owned(),
        _ if !any => {
            "no entries: the last refresh found none in posts and sources; `feedloom check` tells what it sees"
                .to_owned()
        }
        Some(_) => format!("nothing found{of_project}{of_kind}: all words must be there"),
        None => format!("no entries{of_project}{of_kind}"),
    }
}
