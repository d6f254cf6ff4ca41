//! `feedloom status`.

use clap::Args;
use serde_json::json;

use super::refresh::{counted, current};
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::run::query;
use crate::run::sources::{self, Remembered};
use crate::run::{self, Moment, RunError};

/// `feedloom status`.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object a source and line
    #[arg(long)]
    json: bool,
}

/// Runs `status`.
pub fn status(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let mut problems = Vec::new();
    let store = query::store(&opened, &mut problems)?;
    problems.iter().for_each(|p| terminal.problem(p));
    let remembered = sources::remembered(&store)?;
    let known = sources::of_site(&opened);
    if known.is_empty() && !options.json {
        terminal.say("no sources: a project's file names them (`sources: [ADDRESS]`)");
    }
    let zone = opened.site.timezone;
    for (name, source) in &known {
        let entries = store.documents(&format!("source:{name}"))?.len();
        let web = match remembered.get(*name) {
            Some(Remembered::Web(state)) => Some(state),
            Some(Remembered::File { .. }) | None => None,
        };
        let due = web.and_then(|s| s.due_at(moment.now));
        if options.json {
            let line = json!({
                "name": name, "address": source.config.url, "projects": source.projects, "entries": entries,
                "last_attempt": web.and_then(|s| s.last_attempt), "last_success": web.and_then(|s| s.last_success),
                "next": due, "why": web.and_then(|s| s.next).map(|n| n.why),
                "failing": web.and_then(|s| s.failing.clone()), "usual_interval_s": web.and_then(|s| s.posting_interval_s),
                "moved": web.and_then(|s| s.moved.clone()), "gone": web.and_then(|s| s.gone),
            });
            terminal.result(&line.to_string());
            continue;
        }
        let day = |t| zone.to_local(t).format("%Y-%m-%d %H:%M").to_string();
        terminal.result(&clean(&format!("{name}: {}", counted(entries, "entry", "entries"))));
        let Some(state) = web else {
            let is_file = source.config.url.starts_with("file:");
            terminal.result(if is_file { "  a file of this site" } else { "  never asked" });
            continue;
        };
        let success = state.last_success.map_or_else(|| "never".to_owned(), day);
        match (state.gone, due, state.next) {
            (Some(gone), ..) => terminal.result(&format!(
                "  withdrawn by its publisher, found {}; `refresh --force` asks once more",
                day(gone)
            )),
            (None, Some(due), Some(next)) if due > moment.now => {
                terminal.result(&format!("  read {success}, next {} ({})", day(due), next.why));
            }
            (None, ..) => terminal.result(&format!("  read {success}, due now")),
        }
        if let Some(failing) = &state.failing {
            let times = counted(failing.count as usize, "time", "times");
            terminal.result(&clean(&format!(
                "  failed {times} since {}: {}: {}",
                day(failing.first),
                failing.class,
                failing.message
            )));
        }
        if let Some(moved) = &state.moved {
            terminal.result(&clean(&format!("  has moved: write {} into the configuration", moved.to)));
        }
    }
    Ok(status::DONE)
}
