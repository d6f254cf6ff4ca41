//! `feedloom serve`.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::SubsecRound;
use clap::Args;

use super::refresh::{current, open_files, summary};
use super::terminal::Terminal;
use super::{Common, report, status};
use crate::config;
use crate::run::fetching::Asking;
use crate::run::serve::{self, Event, Serving, Stopped, Tell};
use crate::run::{self, RunError};

/// Shortest time between two refreshes.
const SHORTEST_EVERY: Duration = Duration::from_secs(10);

/// `feedloom serve`.
#[derive(Debug, Args)]
pub struct Options {
    /// Where to listen; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8040")]
    listen: SocketAddr,
    /// Refresh at the start and so often after that: 30m, 2h
    #[arg(long, value_name = "TIME", value_parser = every)]
    every: Option<Duration>,
    /// With --every: ask no server, read posts and files only
    #[arg(long)]
    offline: bool,
    /// Tell numbers to Prometheus at this address, /metrics
    #[arg(long, value_name = "ADDRESS")]
    metrics: Option<SocketAddr>,
}

fn every(text: &str) -> Result<Duration, String> {
    let time = config::duration(text).ok_or("write it like 30m or 2h")?;
    if time < SHORTEST_EVERY { Err("10s is the shortest".to_owned()) } else { Ok(time) }
}

/// Runs `serve`.
pub fn serve(common: &Common, options: &Options, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let serving = Serving {
        listen: options.listen,
        metrics: options.metrics,
        every: options.every,
        asking: Asking { offline: options.offline, open_files: open_files(), ..Asking::default() },
        open_files: open_files(),
        clock: || chrono::Utc::now().trunc_subsecs(0),
    };
    // Events come from several threads.
    let own = Mutex::new(Terminal::new(common.quiet));
    let tell: Tell = Arc::new(move |event| {
        let terminal = &mut *own.lock().unwrap_or_else(PoisonError::into_inner);
        match event {
            Event::Listening { address, metrics } => {
                terminal.say(&format!("serving http://{address}/"));
                if let Some(metrics) = metrics {
                    terminal.say(&format!("numbers at http://{metrics}/metrics"));
                }
            }
            Event::Refreshed(Ok(done)) => {
                for problem in &done.problems {
                    terminal.problem(problem);
                }
                terminal.say(&summary(&done));
            }
            Event::Refreshed(Err(RunError::Locked(_))) => {}
            Event::Refreshed(Err(error)) => {
                report(&error, terminal);
                terminal.error("the refresh failed; what was published before is served");
            }
            Event::Broken => {
                terminal.error("the refresh broke off, which is a mistake of Feedloom: please report it; what was published before is served");
            }
        }
        terminal.flush();
    });
    let stopped = serve::serve(&opened, &serving, &tell)?;
    terminal.say("stopped");
    Ok(match stopped {
        Stopped::Interrupted => status::SIGNAL + 2,
        Stopped::Terminated => status::SIGNAL + 15,
    })
}
