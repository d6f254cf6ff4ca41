//! Derived entries, and the feeds that carry them.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, params};

use super::{Result, Store, json, moment, to_json};
use crate::entry::{Entry, EntryId, Key};

/// An entry as a feed lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// When it was published.
    pub published: DateTime<Utc>,
    /// The number of its id.
    pub id: Key,
    /// It is in the archives only.
    pub quiet: bool,
}

/// An entry to be stored, and the feeds that carry it.
#[derive(Debug)]
pub struct Derived {
    /// The entry; its html and text are not stored again.
    pub entry: Entry,
    /// The language, when it is a translation of the entry with this id.
    pub translation: Option<String>,
    /// The item its html and text are of.
    pub content: i64,
    /// Every item it is made of.
    pub items: Vec<i64>,
    /// Names of feeds.
    pub feeds: Vec<String>,
    /// Those of them where it is in the archives only.
    pub quiet: Vec<String>,
    /// Addresses of the pictures that are to be shown from here.
    pub pictures: Vec<String>,
}

/// Feeds that won, lost or change an entry, and the moments at which such entries stand.
pub type Changed = BTreeMap<String, BTreeSet<DateTime<Utc>>>;

impl Store {
    /// Takes entries out. The feeds they were in come back.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn remove_entries(&mut self, ids: &BTreeSet<Key>, feeds: &mut Changed) -> Result<()> {
        let mut write = |c: &Connection| -> rusqlite::Result<()> {
            let mut all_of = c.prepare_cached("SELECT id FROM entry WHERE original = ?1")?;
            let mut feeds_of = c.prepare_cached("SELECT feed, published FROM feed_entry WHERE entry = ?1")?;
            for original in ids {
                for id in all_of.query_map([original.0], |r| r.get::<_, i64>(0))? {
                    let id = id?;
                    for row in feeds_of.query_map([id], |r| Ok((r.get(0)?, r.get(1)?)))? {
                        let (feed, published): (String, i64) = row?;
                        feeds.entry(feed).or_default().insert(moment(published));
                    }
                    c.prepare_cached("DELETE FROM feed_entry WHERE entry = ?1")?.execute([id])?;
                    c.prepare_cached("DELETE FROM entry_picture WHERE entry = ?1")?.execute([id])?;
                }
                c.prepare_cached("DELETE FROM entry WHERE original = ?1")?.execute([original.0])?;
            }
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("entries cannot be removed", result)
    }

    /// Puts a derived entry in.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn put_entry(&mut self, derived: Derived) -> Result<()> {
        let write = |c: &Connection| -> rusqlite::Result<()> {
            let entry = Entry { html: String::new(), text: String::new(), ..derived.entry };
            let json = to_json(&entry)?;
            let published = entry.published.timestamp();
            let original = Key::of(entry.id.as_str()).0;
            let id = match &derived.translation {
                Some(language) => Key::of(&format!("{}@{language}", entry.id)).0,
                None => original,
            };
            c.prepare_cached("INSERT OR REPLACE INTO entry (id, original, published, updated_ms, data, content) VALUES (?1, ?2, ?3, ?4, ?5, ?6)")?
                .execute(params![id, original, published, entry.updated.timestamp_millis(), json, derived.content])?;
            for item in &derived.items {
                c.prepare_cached("INSERT OR REPLACE INTO part (item, entry) VALUES (?1, ?2)")?.execute([*item, id])?;
            }
            for feed in &derived.feeds {
                let quiet = derived.quiet.contains(feed);
                c.prepare_cached(
                    "INSERT OR REPLACE INTO feed_entry (feed, published, entry, quiet) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![feed, published, id, quiet])?;
            }
            for address in &derived.pictures {
                c.prepare_cached("INSERT OR IGNORE INTO entry_picture (entry, address) VALUES (?1, ?2)")?
                    .execute(params![id, address])?;
            }
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("an entry cannot be written", result)
    }

    /// Sends an entry of a feed straight to the archives, in whichever language it is there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_quiet(&mut self, feed: &str, id: &EntryId) -> Result<()> {
        // The sign before `feed` has entries looked up by themselves: a feed may have very many.
        let text =
            "UPDATE feed_entry SET quiet = 1 WHERE +feed = ?1 AND entry IN (SELECT id FROM entry WHERE original = ?2)";
        let id = Key::of(id.as_str()).0;
        self.write("an entry cannot be written", text, params![feed, id])
    }

    /// An entry by the number of its id, without its text and HTML.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn facts(&self, id: Key) -> Result<Option<Entry>> {
        self.row("entries cannot be read", "SELECT data FROM entry WHERE id = ?1", [id.0], |r| json(r, 0))
    }

    /// The HTML of an entry; none of one that is not there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn html(&self, id: Key) -> Result<String> {
        let text = "SELECT i.html FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        Ok(self.row("entries cannot be read", text, [id.0], |r| r.get(0))?.unwrap_or_default())
    }

    /// Every entry of a feed, whole, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entries_of(&self, feed: &str) -> Result<Vec<Entry>> {
        let text = "SELECT e.data, i.html, i.text FROM feed_entry f JOIN entry e ON e.id = f.entry JOIN item i ON i.id = e.content WHERE f.feed = ?1 ORDER BY f.published DESC, f.entry";
        self.entries(text, [feed])
    }

    /// What a feed has, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn listed(&self, feed: &str) -> Result<Vec<Listed>> {
        let text = "SELECT published, entry, quiet FROM feed_entry WHERE feed = ?1 ORDER BY published DESC, entry";
        self.rows("feeds cannot be read", text, [feed], |r| {
            Ok(Listed { published: moment(r.get(0)?), id: Key(r.get(1)?), quiet: r.get(2)? })
        })
    }

    /// When the own text of an entry changed, in milliseconds; 0 for one that is not there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn updated_ms(&self, id: Key) -> Result<i64> {
        let text = "SELECT updated_ms FROM entry WHERE id = ?1";
        Ok(self.row("entries cannot be read", text, [id.0], |r| r.get(0))?.unwrap_or_default())
    }

    /// The newest entries of a feed that are not in its archives only, by number, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn newest(&self, feed: &str, limit: usize) -> Result<Vec<Key>> {
        let text = "SELECT entry FROM feed_entry WHERE feed = ?1 AND quiet = 0 ORDER BY published DESC, entry LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.rows("feeds cannot be read", text, params![feed, limit], |r| Ok(Key(r.get(0)?)))
    }

    /// An entry by the number of its id, without its plain text.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entry_at(&self, id: Key) -> Result<Option<Entry>> {
        let text = "SELECT e.data, i.html, '' FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        Ok(self.entries(text, [id.0])?.pop())
    }

    /// Every entry, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn all_entries(&self) -> Result<Vec<Entry>> {
        self.entries("SELECT e.data, i.html, i.text FROM entry e JOIN item i ON i.id = e.content WHERE e.id = e.original ORDER BY e.published DESC, e.id", [])
    }

    /// Entries whose link starts with `prefix`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entries_at(&self, prefix: &str) -> Result<Vec<Entry>> {
        let text = "SELECT e.data, i.html, i.text FROM entry e JOIN item i ON i.id = e.content WHERE json_extract(e.data, '$.link') >= ?1 AND json_extract(e.data, '$.link') < ?1 || char(1114111) ORDER BY e.id";
        self.entries(text, [prefix])
    }

    /// An entry by id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entry(&self, id: &str) -> Result<Option<Entry>> {
        let text = "SELECT e.data, i.html, i.text FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        Ok(self.entries(text, [Key::of(id).0])?.pop())
    }

    /// The entry that has a key.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entry_with_key(&self, key: &str) -> Result<Option<Entry>> {
        let text = "SELECT e.data, c.html, c.text FROM item_key k JOIN part p ON p.item = k.item JOIN entry e ON e.id = p.entry JOIN item c ON c.id = e.content WHERE k.key = ?1 LIMIT 1";
        Ok(self.entries(text, [Key::of(key).0])?.pop())
    }

    /// All entries that were made of something with this key: two posts whose addresses
    /// are folded to one have it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn entries_with_key(&self, key: &str) -> Result<Vec<Entry>> {
        let text = "SELECT e.data, c.html, c.text FROM entry e JOIN item c ON c.id = e.content WHERE e.id IN (SELECT p.entry FROM item_key k JOIN part p ON p.item = k.item WHERE k.key = ?1) ORDER BY e.id";
        self.entries(text, [Key::of(key).0])
    }

    /// How many entries each feed has, and the newest one's date.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn feed_sizes(&self) -> Result<HashMap<String, (usize, DateTime<Utc>)>> {
        let text = "SELECT feed, COUNT(*), MAX(published) FROM feed_entry GROUP BY feed";
        self.rows("feeds cannot be read", text, [], |r| {
            let count: i64 = r.get(1)?;
            let newest: i64 = r.get(2)?;
            Ok((
                r.get::<_, String>(0)?,
                (usize::try_from(count).unwrap_or(0), DateTime::from_timestamp(newest, 0).unwrap_or_default()),
            ))
        })
    }

    /// When the newest entry of a feed came up; none where it has none.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn latest(&self, feed: &str) -> Result<Option<DateTime<Utc>>> {
        let text = "SELECT published FROM feed_entry WHERE feed = ?1 ORDER BY published DESC LIMIT 1";
        Ok(self.row("feeds cannot be read", text, [feed], |r| r.get(0))?.map(moment))
    }

    /// Names of the feeds that carry an entry, in whichever language.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn feeds_of(&self, entry: &EntryId) -> Result<Vec<String>> {
        let text = "SELECT DISTINCT f.feed FROM entry e JOIN feed_entry f ON f.entry = e.id WHERE e.original = ?1 ORDER BY f.feed";
        self.rows("feeds cannot be read", text, [Key::of(entry.as_str()).0], |r| r.get(0))
    }

    /// Names of the feeds that carry an entry in their archives only, in whichever language.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn quiet_feeds_of(&self, entry: &EntryId) -> Result<Vec<String>> {
        let text = "SELECT DISTINCT f.feed FROM entry e JOIN feed_entry f ON f.entry = e.id WHERE e.original = ?1 AND f.quiet = 1 ORDER BY f.feed";
        self.rows("feeds cannot be read", text, [Key::of(entry.as_str()).0], |r| r.get(0))
    }

    pub(super) fn entries(&self, text: &str, parameters: impl rusqlite::Params) -> Result<Vec<Entry>> {
        self.rows("entries cannot be read", text, parameters, |r| {
            let mut entry: Entry = json(r, 0)?;
            entry.html = super::text(r, 1)?;
            entry.text = super::text(r, 2)?;
            Ok(entry)
        })
    }

    /// Whether an entry has the id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_entry(&self, id: &EntryId) -> Result<bool> {
        let text = "SELECT EXISTS (SELECT 1 FROM entry WHERE id = ?1)";
        Ok(self.row("entries cannot be read", text, [Key::of(id.as_str()).0], |r| r.get(0))?.unwrap_or(false))
    }
}
