//! Documents: files and pages as they were read, and the entries of sources.

use std::collections::{BTreeMap, HashMap};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, Store, Touched, json, to_json};
use crate::entry::{Key, RawEntry};

/// How a file looked when it was read: enough to tell that it was not touched since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Bytes.
    pub size: u64,
    /// mtime in nanoseconds.
    pub modified_ns: i64,
    /// ctime in nanoseconds.
    pub changed_ns: i64,
}

/// A document in the store, without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// Row.
    pub id: i64,
    /// Path below its origin.
    pub path: String,
    /// How it looked.
    pub stamp: Stamp,
    /// Hash of its bytes.
    pub hash: String,
    /// Its items appear then.
    pub waits_until: Option<DateTime<Utc>>,
}

/// The report of a reader that had nothing to report.
pub const NOTHING_READ: &str = "{}";

/// A document to be put into the store.
#[derive(Debug)]
pub struct NewDocument<'a> {
    /// `posts:FOLDER`, `source:NAME` or `article:`.
    pub origin: &'a str,
    /// Path below it.
    pub path: &'a str,
    /// How it looked.
    pub stamp: Stamp,
    /// Hash of its bytes.
    pub hash: &'a str,
    /// Its bytes.
    pub raw: &'a [u8],
    /// What the reader reported, as JSON; [`NOTHING_READ`] where its items are all there is.
    pub reading: &'a str,
    /// Its items appear then.
    pub waits_until: Option<DateTime<Utc>>,
    /// Its items; none while it waits.
    pub items: Vec<RawEntry>,
}

impl Store {
    /// The documents of an origin, by path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn documents(&self, origin: &str) -> Result<HashMap<String, Document>> {
        let text = "SELECT id, path, size, modified_ns, changed_ns, hash, waits_until FROM document WHERE origin = ?1";
        self.rows("documents cannot be read", text, [origin], |r| {
            let path: String = r.get(1)?;
            let stamp =
                Stamp { size: r.get::<_, i64>(2)?.unsigned_abs(), modified_ns: r.get(3)?, changed_ns: r.get(4)? };
            let waits: Option<i64> = r.get(6)?;
            let waits_until = waits.and_then(|s| DateTime::from_timestamp(s, 0));
            Ok((path.clone(), Document { id: r.get(0)?, path, stamp, hash: r.get(5)?, waits_until }))
        })
    }

    /// Origins that have documents.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn origins(&self) -> Result<Vec<String>> {
        self.rows("origins cannot be read", "SELECT DISTINCT origin FROM document ORDER BY origin", [], |r| r.get(0))
    }

    /// The bytes of a document; none where nothing was kept.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn raw(&self, document: i64) -> Result<Vec<u8>> {
        let raw =
            self.row("a document cannot be read", "SELECT raw FROM body WHERE document = ?1", [document], |r| {
                r.get(0)
            })?;
        Ok(raw.unwrap_or_default())
    }

    /// What readers reported, by origin and path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn readings(&self) -> Result<Vec<(String, String, String)>> {
        let text = "SELECT d.origin, d.path, b.reading FROM document d JOIN body b ON b.document = d.id ORDER BY d.origin, d.path";
        self.rows("readings cannot be read", text, [], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
    }

    /// Puts a document in, in place of the one of that path. Items that say what they said
    /// stay; the keys of those that went and that came are what has to be derived again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn put_document(&mut self, document: NewDocument<'_>, touched: &mut Touched) -> Result<()> {
        let write = |c: &Connection| -> rusqlite::Result<()> {
            let old: Option<i64> = c
                .prepare_cached("SELECT id FROM document WHERE origin = ?1 AND path = ?2")?
                .query_row([document.origin, document.path], |r| r.get(0))
                .optional()?;
            let size = i64::try_from(document.stamp.size).unwrap_or(i64::MAX);
            let Stamp { modified_ns, changed_ns, .. } = document.stamp;
            let (hash, waits_until) = (document.hash, document.waits_until.map(|t| t.timestamp()));
            let (id, mut before) = match old {
                Some(id) => {
                    let text = "UPDATE document SET size = ?2, modified_ns = ?3, changed_ns = ?4, hash = ?5, waits_until = ?6 WHERE id = ?1";
                    c.prepare_cached(text)?.execute(params![id, size, modified_ns, changed_ns, hash, waits_until])?;
                    c.prepare_cached("DELETE FROM body WHERE document = ?1")?.execute([id])?;
                    (id, items_of(c, id)?)
                }
                None => {
                    let text = "INSERT INTO document (origin, path, size, modified_ns, changed_ns, hash, waits_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
                    let (origin, path) = (document.origin, document.path);
                    c.prepare_cached(text)?
                        .execute(params![origin, path, size, modified_ns, changed_ns, hash, waits_until])?;
                    (c.last_insert_rowid(), HashMap::new())
                }
            };
            if !document.raw.is_empty() || document.reading != NOTHING_READ {
                c.prepare_cached("INSERT INTO body (document, raw, reading) VALUES (?1, ?2, ?3)")?
                    .execute(params![id, document.raw, document.reading])?;
            }
            let mut came = Vec::new();
            for mut raw in document.items {
                let (html, text) = (std::mem::take(&mut raw.html), std::mem::take(&mut raw.text));
                let said = Said { raw: to_json(&raw)?, html, text };
                if before.get_mut(&said).and_then(Vec::pop).is_none() {
                    came.push((raw, said));
                }
            }
            for item in before.into_values().flatten() {
                forget_item(c, item, touched)?;
            }
            for (raw, Said { raw: json, html, text }) in came {
                c.prepare_cached("INSERT INTO item (document, kind, raw, html, text) VALUES (?1, ?2, ?3, ?4, ?5)")?
                    .execute(params![id, if raw.page { "page" } else { raw.kind.name() }, json, html, text])?;
                let item = c.last_insert_rowid();
                let mut insert = c.prepare_cached("INSERT OR IGNORE INTO item_key (key, item) VALUES (?1, ?2)")?;
                for key in &raw.keys {
                    insert.execute([Key::of(key).0, item])?;
                }
                touched.came(item);
            }
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("a document cannot be written", result)
    }

    /// The documents of an origin that have an item with one of these keys, by row: path, and
    /// that item without its text.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn documents_with_keys(&self, origin: &str, keys: &[String]) -> Result<BTreeMap<i64, (String, RawEntry)>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(
                "SELECT d.id, d.path, i.raw FROM item_key k JOIN item i ON i.id = k.item JOIN document d ON d.id = i.document WHERE k.key = ?1 AND d.origin = ?2",
            )?;
            let mut found = BTreeMap::new();
            for key in keys {
                let rows = statement
                    .query_map(params![Key::of(key).0, origin], |r| Ok((r.get(0)?, (r.get(1)?, json(r, 2)?))))?;
                for row in rows {
                    let (id, document) = row?;
                    found.insert(id, document);
                }
            }
            Ok(found)
        };
        self.sql("documents cannot be read", read())
    }

    /// How many items have a key, counted up to `most`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn count_with_key(&self, key: Key, most: usize) -> Result<usize> {
        let text = "SELECT COUNT(*) FROM (SELECT 1 FROM item_key WHERE key = ?1 LIMIT ?2)";
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let count = self.row("keys cannot be read", text, params![key.0, most], |r| r.get::<_, i64>(0))?;
        Ok(count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
    }

    /// Has an item in the group of another key, too, until its document is read again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn add_item_key(&self, item: i64, key: Key) -> Result<()> {
        let text = "INSERT OR IGNORE INTO item_key (key, item) VALUES (?1, ?2)";
        self.write("a key cannot be written", text, [key.0, item])
    }

    /// Remembers how an unchanged file looks now.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn restamp(&self, document: i64, stamp: Stamp) -> Result<()> {
        let text = "UPDATE document SET size = ?2, modified_ns = ?3, changed_ns = ?4 WHERE id = ?1";
        let size = i64::try_from(stamp.size).unwrap_or(i64::MAX);
        let values = params![document, size, stamp.modified_ns, stamp.changed_ns];
        self.write("a document cannot be written", text, values)
    }

    /// Takes a document out with its items.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn remove_document(&mut self, document: i64, touched: &mut Touched) -> Result<()> {
        let mut write = |c: &Connection| -> rusqlite::Result<()> {
            let mut items = c.prepare_cached("SELECT id FROM item WHERE document = ?1")?;
            for item in items.query_map([document], |r| r.get(0))?.collect::<rusqlite::Result<Vec<i64>>>()? {
                forget_item(c, item, touched)?;
            }
            c.prepare_cached("DELETE FROM document WHERE id = ?1")?.execute([document])?;
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("a document cannot be removed", result)
    }
}

/// All that an item says.
#[derive(PartialEq, Eq, Hash)]
struct Said {
    raw: String,
    html: String,
    text: String,
}

/// The items of a document, by what they say.
fn items_of(c: &Connection, document: i64) -> rusqlite::Result<HashMap<Said, Vec<i64>>> {
    let mut items: HashMap<Said, Vec<i64>> = HashMap::new();
    let mut statement = c.prepare_cached("SELECT id, raw, html, text FROM item WHERE document = ?1")?;
    let mut rows = statement.query([document])?;
    while let Some(row) = rows.next()? {
        let said = Said { raw: super::text(row, 1)?, html: super::text(row, 2)?, text: super::text(row, 3)? };
        items.entry(said).or_default().push(row.get(0)?);
    }
    Ok(items)
}

fn forget_item(c: &Connection, item: i64, touched: &mut Touched) -> rusqlite::Result<()> {
    let mut keys = c.prepare_cached(
        "SELECT k.key, p.entry FROM item_key k LEFT JOIN part p ON p.item = k.item WHERE k.item = ?1",
    )?;
    for row in keys.query_map([item], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Option<i64>>(1)?)))? {
        let (key, entry) = row?;
        touched.keys.insert(Key(key));
        touched.entries.extend(entry.map(Key));
    }
    c.prepare_cached("DELETE FROM item WHERE id = ?1")?.execute([item])?;
    Ok(())
}
