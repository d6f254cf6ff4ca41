//! Tells the hub of feeds that changed.
//!
//! What it was told is remembered with the hash of the file: a feed is told of when its
//! bytes on disk are others, whoever wrote them and however the run before ended. What
//! failed is told at the next run, after a while when it fails again and again.

use std::collections::BTreeMap;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::{Moment, Opened, Problem, RunError, fetching};
use crate::fetch::hub;
use crate::merge;

/// A hub is told within this time; a refresh never waits longer.
const PATIENCE: Duration = Duration::from_millis(4500);

/// Under which name the store remembers what the hub was told.
const TOLD: &str = "websub";

/// Longest pause between two tries.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Told {
    hub: String,
    /// Hash of each file that it knows, by path.
    files: BTreeMap<String, String>,
    /// Runs in a row in which something failed.
    failed: u32,
    /// It is not asked before.
    next: Option<DateTime<Utc>>,
}

/// Tells the hub of the configuration, where there is one.
pub(super) fn tell(opened: &Opened, moment: Moment, problems: &mut Vec<Problem>) -> Result<(), RunError> {
    let site = &opened.site;
    let Some(address) = site.hub.as_ref().filter(|_| !moment.dry_run) else {
        return Ok(());
    };
    let store = opened.store(&mut Vec::new())?;
    let remembered = store.meta(TOLD)?;
    let mut told: Told = remembered.as_deref().and_then(|t| serde_json::from_str(t).ok()).unwrap_or_default();
    if told.hub != address.as_str() {
        told = Told { hub: address.to_string(), ..Told::default() };
    }
    let outputs = store.outputs()?;
    let mut current: BTreeMap<String, String> = BTreeMap::new();
    // Old slugs name the new one as themselves: nobody subscribes to them at a hub.
    for name in merge::paths(site).into_iter().filter(|n| merge::current_path(n, site) == *n) {
        for format in &site.output.formats {
            let path = format!("{name}/{}", format.file_name());
            if let Some(written) = outputs.get(&path) {
                current.insert(path, written.hash.clone());
            }
        }
    }
    told.files.retain(|path, _| current.contains_key(path));
    let due: Vec<(&String, Url)> = current
        .iter()
        .filter(|(path, hash)| told.files.get(*path) != Some(*hash))
        .filter_map(|(path, _)| Some((path, site.url.join(path).ok()?)))
        .collect();
    if !due.is_empty() && told.next.is_none_or(|next| next <= moment.now) {
        let topics: Vec<Url> = due.iter().map(|(_, topic)| topic.clone()).collect();
        let answers = hub::tell(fetching::settings(opened), address, &topics, PATIENCE)
            .unwrap_or_else(|error| topics.iter().map(|_| Err(error.to_string())).collect());
        let mut reasons = Vec::new();
        for ((path, _), answer) in due.iter().zip(answers) {
            match answer {
                Ok(()) => {
                    told.files.insert((*path).clone(), current[*path].clone());
                }
                Err(reason) => reasons.push(reason),
            }
        }
        told.failed = if reasons.is_empty() { 0 } else { told.failed.saturating_add(1) };
        told.next = pause(told.failed).map(|pause| moment.now + pause);
        if let Some(reason) = reasons.first() {
            let text =
                format!("{} of {} feeds could not be told of: {reason}; tried again later", reasons.len(), due.len());
            problems.push(Problem::warning(format!("hub {address}"), 0, text));
        }
    }
    let now = serde_json::to_string(&told).unwrap_or_default();
    if remembered.as_deref() != Some(now.as_str()) {
        store.set_meta(TOLD, &now)?;
    }
    Ok(())
}

/// How long a hub that failed so many runs in a row is left alone: the next run tries
/// again at once, later ones wait.
fn pause(failed: u32) -> Option<TimeDelta> {
    let doubled = failed.checked_sub(2)?.min(10);
    Some((TimeDelta::minutes(5) * (1 << doubled)).min(LONGEST_PAUSE))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hub_that_fails_is_left_alone_longer_and_longer() {
        assert_eq!([0, 1].map(pause), [None, None]);
        assert_eq!([2, 3, 8].map(|n| pause(n).unwrap().num_minutes()), [5, 10, 320]);
        assert_eq!(pause(u32::MAX), Some(LONGEST_PAUSE));
    }
}
