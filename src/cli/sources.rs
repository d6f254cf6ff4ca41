//! `feedloom status`.

use std::time::Duration;

use chrono::{DateTime, Utc};
use clap::Args;
use serde_json::{Value, json};

use super::refresh::{counted, current};
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::config::{RobotsMode, Zone};
use crate::fetch::SourceState;
use crate::ledger::sources::Line;
use crate::run::articles::{self, Overview, Refused};
use crate::run::health::{self, State};
use crate::run::query;
use crate::run::sources::{self, Known, Remembered};
use crate::run::{self, Moment, Opened, RunError};
use crate::store::Store;

/// `feedloom status`.
#[derive(Debug, Args)]
pub struct Options {
    /// One JSON object a source and line, and one of the linked pages, where there are any
    #[arg(long)]
    json: bool,
}

/// Hosts named in one line.
const HOSTS_SHOWN: usize = 5;

/// Runs `status`.
pub fn status(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let mut problems = Vec::new();
    let store = query::store(&opened, &mut problems)?;
    problems.iter().for_each(|p| terminal.problem(p));
    let remembered = sources::remembered(&store)?;
    let lines = health::lines(&store)?;
    let known = sources::of_site(&opened, &lines);
    if known.is_empty() && !options.json {
        terminal.say("no sources: a project's file names them (`sources: [ADDRESS]`)");
    }
    for (name, source) in &known {
        let shown = Shown {
            source,
            health: lines.get(name),
            remembered: remembered.get(name),
            entries: store.documents(&format!("source:{name}"))?.len(),
            now: moment.now,
        };
        if options.json {
            terminal.result(&shown.json().to_string());
        } else {
            shown.lines(opened.site.timezone).iter().for_each(|line| terminal.result(&clean(line)));
        }
    }
    if !options.json {
        for (host, until) in sources::pauses(&store, moment.now)? {
            let until = opened.site.timezone.to_local(until).format("%Y-%m-%d %H:%M");
            terminal.result(&clean(&format!("{host}: nothing is asked of it before {until}: it asked for a pause")));
        }
        let articles = &opened.site.articles;
        let ignored = articles.hosts.iter().filter(|(_, rule)| rule.robots == Some(RobotsMode::Ignore));
        for (host, _) in ignored {
            terminal.result(&clean(&format!("{host}: its robots.txt is not asked, by `articles.hosts`")));
        }
        if articles.robots == RobotsMode::Ignore {
            terminal.result("robots.txt is not asked, by `articles.robots`");
        }
    }
    pages(&opened, &store, options, terminal)?;
    Ok(status::DONE)
}

/// What there is to tell of a source.
struct Shown<'a> {
    source: &'a Known<'a>,
    health: Option<&'a Line>,
    remembered: Option<&'a Remembered>,
    entries: usize,
    now: DateTime<Utc>,
}

impl Shown<'_> {
    fn web(&self) -> Option<&SourceState> {
        match self.remembered {
            Some(Remembered::Web(state)) => Some(state),
            Some(Remembered::File { .. }) | None => None,
        }
    }

    fn json(&self) -> Value {
        let web = self.web();
        let projects: Vec<&str> = self.source.projects.iter().map(|p| p.slug.as_str()).collect();
        json!({
            "name": self.source.name, "address": self.source.shown(), "projects": projects, "entries": self.entries,
            "state": self.health.map_or(State::New, |l| l.state), "since": self.health.and_then(|l| l.since),
            "last_attempt": web.and_then(|s| s.last_attempt), "last_success": web.and_then(|s| s.last_success),
            "last_entry": self.remembered.and_then(|r| r.said().newest),
            "next": web.and_then(|s| s.due_at(self.now)), "why": web.and_then(|s| s.next).map(|n| n.why),
            "failing": web.and_then(|s| s.failing.clone()), "usual_interval_s": web.and_then(|s| s.posting_interval_s),
            "silent_s": web.and_then(|s| health::silence(s, self.now)).map(|s| s.num_seconds()),
            "moved": web.and_then(|s| s.moved.as_ref()).map(|m| json!({
                "to": m.shown(), "first": m.first, "last": m.last, "count": m.count,
            })), "gone": web.and_then(|s| s.gone),
        })
    }

    fn lines(&self, zone: Zone) -> Vec<String> {
        let time = |t| zone.to_local(t).format("%Y-%m-%d %H:%M").to_string();
        let day = |t| zone.to_local(t).format("%Y-%m-%d").to_string();
        let mut lines = vec![format!("{}: {}", self.source.name, counted(self.entries, "entry", "entries"))];
        let address = self.source.shown();
        if address != self.source.name {
            lines.push(format!("  at {address}"));
        }
        let Some(state) = self.web() else {
            let is_file = address.starts_with("file:");
            lines.push(if is_file { "  a file of this site" } else { "  never asked" }.to_owned());
            return lines;
        };
        let success = state.last_success.map_or_else(|| "never".to_owned(), time);
        lines.push(match (state.gone, state.due_at(self.now), state.next) {
            (Some(gone), ..) => {
                format!("  withdrawn by its publisher, found {}; `refresh --force` asks once more", time(gone))
            }
            (None, Some(due), Some(next)) if due > self.now => {
                format!("  read {success}, next {} ({})", time(due), next.why)
            }
            (None, ..) => format!("  read {success}, due now"),
        });
        if let Some(failing) = &state.failing {
            let times = counted(failing.count as usize, "time", "times");
            lines.push(format!(
                "  failed {times} since {}: {}: {}",
                time(failing.first),
                failing.class,
                failing.message
            ));
        }
        if let (Some(_), Some(newest)) = (health::silence(state, self.now), state.newest) {
            let usual = Duration::from_secs(state.posting_interval_s.unwrap_or(0));
            lines.push(format!(
                "  silent for longer than usual: its newest entry is of {}, and one comes every {}",
                day(newest),
                span(usual)
            ));
        }
        match (&state.moved, &state.adopted) {
            (Some(moved), Some(_)) => {
                let (file, line) = self.source.place();
                lines.push(format!("  has moved for good, {}; in {file}, line {line}:", day(moved.first)));
                lines.push(format!("    - {address}"));
                lines.push(format!("    + {}", moved.shown()));
            }
            (Some(moved), None) => lines.push(format!(
                "  redirects to {} since {}: asked there from now on if that lasts",
                moved.shown(),
                day(moved.first)
            )),
            (None, _) => {}
        }
        lines
    }
}

/// A span of time, roughly.
fn span(time: Duration) -> String {
    let hours = time.as_secs() / 3600;
    match hours {
        0 => counted(usize::try_from(time.as_secs() / 60).unwrap_or(0).max(1), "minute", "minutes"),
        1..48 => counted(usize::try_from(hours).unwrap_or(0), "hour", "hours"),
        _ => counted(usize::try_from(hours / 24).unwrap_or(0), "day", "days"),
    }
}

/// How far the reading of linked pages is.
fn pages(opened: &Opened, store: &Store, options: &Options, terminal: &mut Terminal) -> Result<(), RunError> {
    let pages = articles::overview(opened, store)?;
    if pages == Overview::default() {
        return Ok(());
    }
    if options.json {
        terminal.result(&json!({ "articles": pages }).to_string());
        return Ok(());
    }
    let mut parts = vec![format!("{} read", pages.read)];
    parts.extend((pages.saved > 0).then(|| format!("{} from saved pages", pages.saved)));
    parts.push(format!("{} waiting", pages.waiting));
    parts.extend((pages.link_only > 0).then(|| format!("{} by link only, as a rule says", pages.link_only)));
    terminal.result(&format!("articles: {}", parts.join(", ")));
    refused(&pages.refused, terminal);
    if pages.pictures + pages.pictures_missing > 0 {
        terminal.result(&format!("pictures: {} copied, {} missing", pages.pictures, pages.pictures_missing));
        refused(&pages.pictures_refused, terminal);
    }
    Ok(())
}

/// What was refused or failed: reasons, and the hosts with most of it.
fn refused(counts: &Refused, terminal: &mut Terminal) {
    for (class, hosts) in counts {
        let mut hosts: Vec<(&String, &usize)> = hosts.iter().collect();
        hosts.sort_by(|a, b| b.1.cmp(a.1).then_with(|| a.0.cmp(b.0)));
        let more = hosts.len().saturating_sub(HOSTS_SHOWN);
        let shown: Vec<String> =
            hosts.iter().take(HOSTS_SHOWN).map(|(host, count)| format!("{host} {count}")).collect();
        let more = if more > 0 { format!(" and {more} more hosts") } else { String::new() };
        terminal.result(&clean(&format!("  {class}: {}{more}", shown.join(", "))));
    }
}
