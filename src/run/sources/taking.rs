//! What came from a source: read, compared with what it said before, and stored.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::known::Known;
use super::memory::{Remembered, Said};
use crate::entry::RawEntry;
use crate::fetch::schedule::Hints;
use crate::normalize::text;
use crate::run::{Opened, Problem, RunError};
use crate::source::upstream::entries::{self, Origin};
use crate::source::upstream::{self, Record, Request};
use crate::store::{NOTHING_READ, NewDocument, Stamp, Store, Touched};

/// What was found in a body.
pub(super) struct Taken {
    pub entries: Vec<RawEntry>,
    pub feed: Record,
    /// It is a feed, and it was read to its end.
    pub readable: bool,
    /// Some of it is a feed.
    pub partly: bool,
    pub problems: Vec<Problem>,
}

impl Taken {
    /// What it says of itself. A date that is still to come says nothing about silence.
    pub(super) fn said(&self, now: DateTime<Utc>) -> Said {
        let title = self.entries.first().and_then(|e| e.source.as_ref()).map(|s| s.title.clone()).unwrap_or_default();
        let newest = self.entries.iter().filter_map(|e| e.published).filter(|t| *t <= now).max();
        Said { title, newest }
    }
}

/// Reads a body. `address` is where it came from.
pub(super) fn take(
    opened: &Opened,
    source: &Known<'_>,
    bytes: &[u8],
    content_type: Option<&str>,
    address: &str,
) -> Taken {
    let base = Some(address).filter(|a| !a.starts_with("file:"));
    let request = Request { content_type, address: base, content_language: None, meant: None };
    let reading = std::panic::catch_unwind(|| upstream::read(bytes, &request)).unwrap_or_default();
    let place = source.shown();
    let mut problems = Vec::new();
    if reading.kind != upstream::Kind::Feed {
        let instead = match reading.discovered.first() {
            Some(found) => format!("no feed but a page; it names one: write {} instead", found.address),
            None => "no feed".to_owned(),
        };
        problems.push(Problem::warning(place, 0, instead));
        return Taken { entries: Vec::new(), feed: Record::default(), readable: false, partly: false, problems };
    }
    let cut = reading.cut_off;
    let feed = reading.feed.clone();
    let shown = source.shown();
    let origin = Origin {
        config: source.config,
        name: &source.name,
        project: source.title(),
        address: &shown,
        zone: source.config.timezone.unwrap_or(opened.site.timezone),
        hosts: &opened.hosts,
    };
    let (entries, left_out) = entries::entries(reading, origin);
    if left_out > 0 {
        let text = format!("{left_out} of its oldest entries are left out: the newest {} count", entries::MOST);
        problems.push(Problem::warning(place.clone(), 0, text));
    }
    if cut {
        problems.push(Problem::warning(place, 0, "cut off: what is whole was taken".to_owned()));
    }
    Taken { entries, feed, readable: !cut, partly: true, problems }
}

/// Stores entries that are new or changed, and the state of their source. To be called
/// within a transaction.
pub(super) fn keep(
    store: &mut Store,
    source: &Known<'_>,
    entries: Vec<RawEntry>,
    state: &Remembered,
) -> Result<usize, RunError> {
    let origin = format!("source:{}", source.name);
    let known = store.documents(&origin)?;
    let mut touched = Touched::default();
    let mut count = 0;
    let path_of =
        |entry: &RawEntry| entry.keys.iter().find(|k| k.starts_with("upstream:")).unwrap_or(&entry.keys[0]).clone();
    let present: HashSet<String> =
        if known.is_empty() { HashSet::new() } else { entries.iter().map(path_of).collect() };
    for mut entry in entries {
        let (size, hash) = fingerprint(&mut entry);
        let path = path_of(&entry);
        if known.get(&path).is_some_and(|d| d.hash == hash) {
            continue;
        }
        if !known.is_empty() && !known.contains_key(&path) {
            // What the source gave another id before is this one, and speaks for itself no more. A
            // link that is used again, for something else, does not make it so.
            for (id, (before, raw)) in store.documents_with_keys(&origin, &entry.keys)? {
                let dated = raw.published.is_some() && raw.published == entry.published;
                if (dated || text::same(&raw.title, &entry.title)) && !present.contains(&before) {
                    store.remove_document(id, &mut touched)?;
                }
            }
        }
        count += 1;
        let document = NewDocument {
            origin: &origin,
            path: &path,
            stamp: Stamp { size, modified_ns: 0, changed_ns: 0 },
            hash: &hash,
            raw: &[],
            reading: NOTHING_READ,
            waits_until: None,
            items: vec![entry],
        };
        store.put_document(document, &mut touched)?;
    }
    store.add_dirty(&touched)?;
    store.set_source(&source.name, &serde_json::to_string(state).unwrap_or_default())?;
    Ok(count)
}

/// How long an entry is, and a hash of all it says. Its html and text are long: they go
/// in as they are.
fn fingerprint(entry: &mut RawEntry) -> (u64, String) {
    let (html, text) = (std::mem::take(&mut entry.html), std::mem::take(&mut entry.text));
    let facts = serde_json::to_vec(entry).unwrap_or_default();
    let mut hasher = blake3::Hasher::new();
    hasher.update(&facts).update(b"\0").update(html.as_bytes()).update(b"\0").update(text.as_bytes());
    let size = facts.len() + html.len() + text.len();
    (entry.html, entry.text) = (html, text);
    (size as u64, hasher.finalize().to_hex()[..32].to_owned())
}

/// What the feed itself asks of those who poll it.
pub(super) fn hints(feed: &Record) -> Hints {
    let mut hints = Hints::default();
    let Some(more) = feed.more() else {
        return hints;
    };
    if let Some(ttl) = &more.ttl {
        hints = hints.with_ttl(ttl);
    }
    let extra = |key: &str| match feed.extra(key) {
        Some(upstream::Extra::Text(text)) => Some(text.as_str()),
        Some(_) | None => None,
    };
    hints = hints.with_update_period(extra("sy_updateperiod"), extra("sy_updatefrequency"));
    for hour in &more.skip_hours {
        hints = hints.with_skip_hour(hour);
    }
    for day in &more.skip_days {
        hints = hints.with_skip_day(day);
    }
    hints
}

/// Time between two entries, usually: the median of the newest ones. Of three entries
/// nobody can tell.
pub(super) fn posting_interval(entries: &[RawEntry]) -> Option<Duration> {
    let times: BTreeSet<DateTime<Utc>> = entries.iter().filter_map(|e| e.published).collect();
    let newest: Vec<DateTime<Utc>> = times.into_iter().rev().take(20).collect();
    let mut gaps: Vec<TimeDelta> = newest.windows(2).map(|w| w[0] - w[1]).collect();
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).filter(|_| gaps.len() >= 3).and_then(|gap| gap.to_std().ok())
}
