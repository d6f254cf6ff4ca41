//! `feedloom check`.

use clap::Args;

use super::refresh::{counted, current};
use super::terminal::Terminal;
use super::{Common, status};
use crate::run::{self, Moment, RunError, Severity};

/// `feedloom check`.
#[derive(Debug, Args)]
pub struct Options {
    /// Show notes too: what digests left over, links that lead nowhere
    #[arg(short, long)]
    verbose: bool,
}

/// Entries shown in the review list unless `--verbose`.
const REVIEW: usize = 20;

/// Runs `check`.
pub fn check(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let found = run::check::check(&opened, moment)?;
    let (mut warnings, mut notes) = (0, 0);
    for problem in &found.problems {
        if problem.severity == Severity::Note {
            notes += 1;
            if !options.verbose {
                continue;
            }
        } else {
            warnings += 1;
        }
        terminal.problem(problem);
    }
    if !found.unplaced.is_empty() {
        let verb = if found.unplaced.len() == 1 { "is" } else { "are" };
        let count = counted(found.unplaced.len(), "entry", "entries");
        terminal.say(&format!("{count} {verb} about no project; lines for overrides.yaml:"));
        let most = if options.verbose { usize::MAX } else { REVIEW };
        for (target, title) in found.unplaced.iter().take(most) {
            terminal.say(&format!("  \"{target}\": {{projects: [+SLUG]}}  # {title}"));
        }
        if found.unplaced.len() > most {
            terminal.say(&format!("  … and {} more: --verbose shows all", found.unplaced.len() - most));
        }
    }
    if !found.withdrawn.is_empty() {
        let count = counted(found.withdrawn.len(), "published entry", "published entries");
        terminal.say(&format!("{count} would be withdrawn:"));
        for (id, title) in found.withdrawn.iter().take(if options.verbose { usize::MAX } else { REVIEW }) {
            terminal.say(&format!("  {title}  ({id})"));
        }
    }
    if !found.empty.is_empty() {
        terminal.say(&format!("no entries for: {}", found.empty.join(", ")));
    }
    terminal.say(&format!(
        "{}, {}, {}; {}, {}",
        counted(found.posts, "post", "posts"),
        counted(found.digests, "digest", "digests"),
        counted(found.items, "item", "items"),
        counted(warnings, "problem", "problems"),
        counted(notes, "note", "notes")
    ));
    Ok(if common.strict && warnings > 0 { status::PROBLEMS } else { status::DONE })
}
