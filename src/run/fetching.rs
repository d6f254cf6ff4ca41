//! The fetcher of a run, as the configuration and the caller have it, and what people see of it.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::manners::Manners;
use super::refresh::Progress;
use super::{Opened, RunError};
use crate::fetch::guard::{Guard, Ports, Range};
use crate::fetch::{Fetcher, Stop, client, fetcher, hosts};

/// Which sources are asked.
#[derive(Debug, Clone, Default)]
pub struct Asking {
    /// Ask no server: files only.
    pub offline: bool,
    /// Ask these now, whatever was agreed: names or addresses.
    pub force: Vec<String>,
    /// The run ends after this, in place of the configured deadline.
    pub deadline: Option<Duration>,
    /// File descriptors there may be, when it is known.
    pub open_files: Option<usize>,
}

/// How long a signal may go unnoticed, and how old what people see may be.
pub(super) const LISTENING: Duration = Duration::from_millis(100);

/// Hosts that people are shown while they are asked.
const HOSTS_SHOWN: usize = 3;

/// Shows how far a fetcher is, not more often than anyone can read.
pub(super) struct Display<'a, 'p> {
    what: &'static str,
    of: usize,
    progress: &'a mut Progress<'p>,
    shown: Option<Instant>,
}

impl<'a, 'p> Display<'a, 'p> {
    pub(super) fn new(what: &'static str, of: usize, progress: &'a mut Progress<'p>) -> Self {
        Self { what, of, progress, shown: None }
    }

    pub(super) fn show(&mut self, done: usize, fetcher: &Fetcher) {
        if self.shown.is_some_and(|shown| shown.elapsed() < LISTENING) {
            return;
        }
        self.shown = Some(Instant::now());
        let now = fetcher.progress();
        let hosts: Vec<&str> = now.hosts.iter().take(HOSTS_SHOWN).map(|h| &**h).collect();
        let more = if now.hosts.len() > HOSTS_SHOWN { ", ..." } else { "" };
        let megabytes = now.bytes as f64 / 1e6;
        (self.progress)(&format!("{}: {megabytes:.1} MB {}{more}", self.what, hosts.join(", ")), done, self.of);
    }
}

/// A fetcher as the configuration has it: for sources, and for linked pages after them.
pub(super) fn start(
    opened: &Opened,
    asking: &Asking,
    now: DateTime<Utc>,
    manners: &Manners,
    stop: &Stop,
) -> Result<Fetcher, RunError> {
    let fetch = &opened.site.fetch;
    let of_hosts = || fetch.hosts.iter();
    let mut gaps: BTreeMap<_, _> = of_hosts().filter_map(|(host, rule)| Some((host.clone(), rule.gap?))).collect();
    gaps.extend(opened.site.articles.hosts.iter().filter_map(|(host, rule)| Some((host.clone(), rule.gap?))));
    let shares = of_hosts().filter_map(|(host, rule)| Some((host.clone(), rule.per_host?))).collect();
    let limits = hosts::Limits {
        per_host: fetch.per_host,
        gap: fetch.gap,
        gaps,
        shares,
        at_once: fetch.concurrency,
        idle: fetch.concurrency,
    };
    let limits = asking.open_files.map_or_else(|| limits.clone(), |files| limits.clone().within(files));
    let plan = fetcher::Plan::new(limits, asking.deadline.unwrap_or(fetch.deadline), now);
    let plan = fetcher::Plan { robots: manners.robots(), ..plan };
    Fetcher::start(settings(opened), plan, stop).map_err(RunError::Fetch)
}

/// How this site asks servers, whatever it asks them for.
pub(super) fn settings(opened: &Opened) -> client::Settings {
    let fetch = &opened.site.fetch;
    let allowed = fetch.allow.iter().filter_map(|range| crate::config::cidr(range));
    let guard = Guard::new(allowed.map(|(ip, length)| Range::new(ip, length)).collect(), Ports::Web);
    client::Settings {
        contact: fetch.contact.clone().or_else(|| Some(opened.site.url.to_string())),
        proxy: fetch.proxy.clone(),
        ca_file: fetch.ca_file.as_ref().map(|path| opened.folder.join(path)),
        max_bytes: fetch.max_bytes,
        ..client::Settings::new(guard)
    }
}
