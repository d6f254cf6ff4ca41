//! The ledger's file: read when something has to be looked up, written before
//! anything is published that it must know.

use chrono::{DateTime, Datelike, Utc};

use super::{Opened, RunError};
use crate::entry::{Key, RawEntry};
use crate::files;
use crate::ledger::{Ledger, Row};
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
                None => from_store(store, fresh_base(opened, store, now)?)?,
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
fn from_store(store: &Store, base: String) -> Result<Ledger, RunError> {
    let mut ledger = Ledger::new(base);
    for entry in store.all_entries()? {
        let items = store.items_of(&entry.id)?;
        let raws: Vec<&RawEntry> = items.iter().map(|i| &i.raw).collect();
        if raws.is_empty() {
            continue;
        }
        let feeds = store.feeds_of(&entry.id)?;
        let row: &mut Row = ledger.row_mut(&entry.id, entry.first_seen);
        row.hash = normalize::text_hash(&raws);
        row.changed = Some(entry.updated).filter(|u| u.timestamp() > entry.published.timestamp());
        row.feeds = feeds;
        let (place, says) = super::derive::trace(&raws);
        row.place = place;
        row.says = says;
        let keys = super::derive::keys(&raws);
        ledger.add_keys(&entry.id, keys.iter().map(String::as_str), |_| false);
        debug_assert!(ledger.index(Key::of(entry.id.as_str())).is_some());
    }
    Ok(ledger)
}
