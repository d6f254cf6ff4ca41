//! The ledger's file: read when something has to be looked up, written before
//! anything is published that it must know.

use std::collections::BTreeMap;

use chrono::{DateTime, Datelike, Utc};

use super::{Opened, RunError, posts};
use crate::entry::{Key, RawEntry};
use crate::files;
use crate::ledger::{Archive, Ledger, Row};
use crate::merge;
use crate::names::Names;
use crate::normalize;
use crate::store::Store;

const FILE: &str = "ledger.jsonl";

/// The ledger of a site.
pub(super) struct Book {
    /// The store was derived with this very file.
    pub(super) is_known: bool,
    ledger: Option<Ledger>,
    /// How it was when it was read or written; none while there is no file.
    on_disk: Option<blake3::Hash>,
}

fn stamp(opened: &Opened) -> Option<String> {
    files::look(&opened.state(), FILE).map(|(size, modified)| format!("{size} {modified}"))
}

impl Book {
    /// Looks whether the file is the one that the store was derived with.
    pub(super) fn open(opened: &Opened, store: &Store) -> Result<Self, RunError> {
        let found = stamp(opened);
        Ok(Self { is_known: found.is_some() && store.meta("ledger")? == found, ledger: None, on_disk: None })
    }

    /// The ledger; read when it was not yet. A site without one gets one: of what the
    /// store knows, else a new one.
    pub(super) fn ledger(
        &mut self,
        opened: &Opened,
        store: &Store,
        now: DateTime<Utc>,
    ) -> Result<&mut Ledger, RunError> {
        if self.ledger.is_none() {
            let path = opened.state().join(FILE);
            let ledger = match files::read_if_there(&path)? {
                Some(text) => {
                    let ledger = Ledger::parse(text).map_err(|source| RunError::Ledger { path, source })?;
                    self.on_disk = Some(ledger.state());
                    ledger
                }
                None => from_store(opened, store, fresh_base(opened, store, now)?)?,
            };
            self.ledger = Some(ledger);
        }
        Ok(self.ledger.as_mut().expect("read above"))
    }

    /// Writes the ledger, if it was read and became another. To be called inside the
    /// transaction that it belongs to.
    pub(super) fn save(&mut self, opened: &Opened, store: &Store) -> Result<(), RunError> {
        let Some(ledger) = &mut self.ledger else {
            return Ok(());
        };
        ledger.rules.clone_from(&opened.site.fingerprint);
        ledger.close();
        let state = Some(ledger.state());
        if self.on_disk != state {
            let path = opened.state().join(FILE);
            files::replace_with(&path, |out| ledger.write_to(out))?;
            self.on_disk = state;
        }
        store.set_meta("id_base", &ledger.id_base)?;
        store.set_meta("ledger", &stamp(opened).unwrap_or_default())?;
        Ok(())
    }
}

/// The start of ids of a site that has no ledger: the configuration's, the one the
/// store remembers, or one made of the host and the year.
fn fresh_base(opened: &Opened, store: &Store, now: DateTime<Utc>) -> Result<String, RunError> {
    let host = opened.site.url.host_str().unwrap_or("localhost");
    let made = || format!("tag:{host},{}:", now.year());
    Ok(opened.site.id_base.clone().or(store.meta("id_base")?).unwrap_or_else(made))
}

/// The ledger was lost, but the store still knows what came of it.
fn from_store(opened: &Opened, store: &Store, base: String) -> Result<Ledger, RunError> {
    let mut ledger = Ledger::new(base);
    ledger.archives = reissued(store)?;
    ledger.dates = dates(opened, store)?;
    for entry in store.all_entries()? {
        let mut items = store.items_of(&entry.id)?;
        super::derive::sort(&mut items);
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if raws.is_empty() {
            continue;
        }
        // Of several sources the one speaks that the entry is said to be from.
        let source = entry.source.as_ref().map(|s| s.name.as_str());
        let of_source = raws.iter().filter(|r| source.is_some() && normalize::source_of(r) == source);
        let known: Vec<String> = of_source.flat_map(|r| r.keys.iter().cloned()).collect();
        let speaking = normalize::speaking(&raws, &known);
        let (feeds, quiet) = (store.feeds_of(&entry.id)?, store.quiet_feeds_of(&entry.id)?);
        let row: &mut Row = ledger.row_mut(&entry.id, entry.first_seen);
        row.hash = normalize::text_hash(&speaking);
        row.changed = Some(entry.updated).filter(|u| u.timestamp() > entry.published.timestamp());
        row.feeds = feeds;
        row.quiet = quiet;
        let (place, says) = super::derive::trace(&speaking);
        row.place = place;
        row.says = says;
        let keys = super::derive::keys(&speaking, &raws);
        ledger.add_keys(&entry.id, keys.iter().map(String::as_str), |_| Ok::<_, RunError>(false))?;
        debug_assert!(ledger.index(Key::of(entry.id.as_str())).is_some());
    }
    Ok(ledger)
}

/// Archives that were issued more than once, so that no name is given twice. What was in
/// them is not known any more: each is issued once again. Of the others the names follow
/// from the entries.
fn reissued(store: &Store) -> Result<BTreeMap<String, Archive>, RunError> {
    let mut found: BTreeMap<String, Archive> = BTreeMap::new();
    for (archive, issue) in store.outputs()?.keys().filter_map(|path| issue_of(path)).filter(|(_, n)| *n > 1) {
        let known = found.entry(archive.clone()).or_insert(Archive { archive, issue, hash: String::new() });
        known.issue = known.issue.max(issue);
    }
    Ok(found)
}

/// `mosn/2022-09` and 2 of `mosn/archive/2022-09.2.xml`.
fn issue_of(path: &str) -> Option<(String, u32)> {
    let (feed, file) = path.split_once("/archive/")?;
    let (name, _) = file.rsplit_once('.')?;
    let period = merge::period_of(name);
    let issue = match name.strip_prefix(period)?.strip_prefix('.') {
        Some(number) => number.parse().ok()?,
        None => 1,
    };
    Some((format!("{feed}/{period}"), issue))
}

/// The dates that posts without one were given.
fn dates(opened: &Opened, store: &Store) -> Result<BTreeMap<String, DateTime<Utc>>, RunError> {
    let names = Names::new(&opened.site.projects);
    let mut dates = BTreeMap::new();
    for folder in &opened.site.posts {
        for document in store.documents(&posts::origin(folder))?.into_values() {
            let bytes = store.raw(document.id)?;
            let post = posts::read_post(&bytes, &document.path, opened.context(folder, &names));
            let undated = post.ok().filter(|p| p.date.is_none() && !p.draft);
            let Some(key) = undated.and_then(|p| p.entries.first().map(|e| e.keys[0].clone())) else {
                continue;
            };
            let Some(entry) = store.entry_with_key(&key)? else { continue };
            let items = store.items_of(&entry.id)?;
            let given = items.iter().filter(|i| i.raw.keys.first() == Some(&key)).find_map(|i| i.raw.published);
            dates.extend(given.map(|date| (key, date)));
        }
    }
    Ok(dates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issues_are_known_by_their_names() {
        assert_eq!(issue_of("mosn/archive/2022-09.2.xml"), Some(("mosn/2022-09".to_owned(), 2)));
        assert_eq!(issue_of("mosn/zh/archive/2022-09-05.json"), Some(("mosn/zh/2022-09-05".to_owned(), 1)));
        assert_eq!(issue_of("mosn/atom.xml"), None);
    }
}
