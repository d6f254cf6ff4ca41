//! Asks the sources that are due and stores what they say.
//!
//! A source's entries, its validators and what has to be derived are stored together or
//! not at all: in a transaction of its own, or in one with the few others that came
//! meanwhile. Entries that leave their feed stay. A source that fails is reported and
//! keeps what it had; it stops nothing else.

mod asking;
mod known;
mod memory;
mod taking;

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use self::asking::Round;
use self::taking::{keep, take};
use super::fetching::Asking;
use super::refresh::Progress;
use super::{Moment, Opened, Problem, RunError};
use crate::config::nearest;
use crate::fetch::SourceState;
use crate::files;
use crate::ledger::sources::Line;
use crate::normalize::address;
use crate::store::Store;

pub(super) use self::known::by_project;
pub use self::known::{Known, of_site};
pub use self::memory::{Remembered, Said, remembered};
pub use super::manners::pauses;

/// What came of asking.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Sources that were asked.
    pub sources: usize,
    /// Said that nothing changed.
    pub unchanged: usize,
    /// Entries that are new or changed.
    pub new: usize,
    /// Failed.
    pub failed: usize,
    /// Bytes that came.
    pub bytes: u64,
}

/// Whether any source is somewhere else than in the site's folder.
pub fn ask_servers(opened: &Opened) -> bool {
    let projects = opened.site.projects.iter().flat_map(|p| &p.sources);
    opened.site.sources.iter().chain(projects).any(|s| !s.url.starts_with("file:"))
}

/// What a person wanted to be asked and nothing has the name or address of. To be called
/// after a run: its posts may link to what is meant.
///
/// # Errors
/// What the store says.
pub fn unknown(
    opened: &Opened,
    asking: &Asking,
    store: &Store,
    lines: &BTreeMap<String, Line>,
) -> Result<Vec<Problem>, RunError> {
    let sources = of_site(opened, lines);
    let articles = store.unsettled_articles()?;
    let mut problems = Vec::new();
    for given in &asking.force {
        if sources.values().any(|s| s.is_called(given)) {
            continue;
        }
        let url = Url::parse(given).ok();
        if let Some(url) = &url {
            let key = address::key(url, &opened.hosts);
            if articles.iter().any(|a| a.keys.first() == Some(&key)) || store.page(&key)?.is_some() {
                continue;
            }
        }
        let given = url.map_or_else(|| given.clone(), address::bare);
        let addresses: Vec<String> = sources.values().map(Known::shown).collect();
        let names = sources.keys().chain(&addresses).map(String::as_str);
        let hint = nearest(&given, names).map(|n| format!(", did you mean `{n}`?")).unwrap_or_default();
        let text = format!("no source or linked page has the name or address `{given}`{hint}");
        problems.push(Problem::warning("--force".to_owned(), 0, text));
    }
    Ok(problems)
}

/// Reads the sources that are due.
pub(super) fn read(
    opened: &Opened,
    asking: &Asking,
    moment: Moment,
    store: &mut Store,
    lines: &BTreeMap<String, Line>,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let sources = of_site(opened, lines);
    let mut asked = Asked::default();
    if sources.is_empty() {
        return Ok(asked);
    }
    let states = remembered(store)?;
    let mut due: Vec<(&Known<'_>, SourceState)> = Vec::new();
    for source in sources.values() {
        let state = states.get(&source.name);
        if let Some(path) = source.config.url.strip_prefix("file:") {
            read_file(opened, moment.now, source, path, state, store, &mut asked, problems)?;
            continue;
        }
        let Ok(address) = Url::parse(&source.config.url) else {
            continue;
        };
        let mut state = match state {
            Some(Remembered::Web(state)) => state.at(address),
            Some(Remembered::File { .. }) | None => SourceState::new(address),
        };
        let forced = source.is_forced(asking);
        if forced {
            state.revive();
        }
        if !asking.offline && (forced || state.is_due(moment.now)) {
            due.push((source, state));
        }
    }
    if !due.is_empty() {
        Round::new(opened, asking, moment, due, &mut asked, problems).run(store, progress)?;
    }
    Ok(asked)
}

#[expect(clippy::too_many_arguments, reason = "what was read, what is known, and where it goes")]
fn read_file(
    opened: &Opened,
    now: DateTime<Utc>,
    source: &Known<'_>,
    path: &str,
    state: Option<&Remembered>,
    store: &mut Store,
    asked: &mut Asked,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let full = opened.folder.join(path);
    let bytes = match files::read_regular(&full, opened.site.fetch.max_bytes) {
        Ok(bytes) => bytes,
        Err(error) => {
            problems.push(Problem::warning(path.to_owned(), 0, format!("{}: {}", error.action, error.source)));
            return Ok(());
        }
    };
    asked.sources += 1;
    asked.bytes += bytes.len() as u64;
    if bytes.len() > opened.site.fetch.max_bytes {
        let text =
            format!("larger than {} bytes (`fetch.max_bytes`): what it said before stays", opened.site.fetch.max_bytes);
        problems.push(Problem::warning(path.to_owned(), 0, text));
        asked.failed += 1;
        return Ok(());
    }
    let hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
    if matches!(state, Some(Remembered::File { hash: old, .. }) if *old == hash) {
        asked.unchanged += 1;
        return Ok(());
    }
    let taken = take(opened, source, &bytes, None, &source.config.url);
    let said = taken.said(now);
    problems.extend(taken.problems);
    if taken.readable {
        let state = Remembered::File { hash, said };
        asked.new += store.transaction(|store| keep(store, source, taken.entries, &state))?;
    } else {
        asked.failed += 1;
    }
    Ok(())
}
