//! Documents: files and pages as they were read, and the entries of sources.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use super::{Result, Store, Touched, to_json};
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
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(text)?;
            let rows = statement.query_map([origin], |r| {
                let path: String = r.get(1)?;
                let stamp =
                    Stamp { size: r.get::<_, i64>(2)?.unsigned_abs(), modified_ns: r.get(3)?, changed_ns: r.get(4)? };
                let waits: Option<i64> = r.get(6)?;
                let waits_until = waits.and_then(|s| DateTime::from_timestamp(s, 0));
                Ok((path.clone(), Document { id: r.get(0)?, path, stamp, hash: r.get(5)?, waits_until }))
            })?;
            rows.collect()
        };
        self.sql("documents cannot be read", read())
    }

    /// Origins that have documents.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn origins(&self) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement =
                self.connection.prepare_cached("SELECT DISTINCT origin FROM document ORDER BY origin")?;
            statement.query_map([], |r| r.get(0))?.collect()
        };
        self.sql("origins cannot be read", read())
    }

    /// The bytes of a document; none where nothing was kept.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn raw(&self, document: i64) -> Result<Vec<u8>> {
        self.sql(
            "a document cannot be read",
            self.connection
                .prepare_cached("SELECT raw FROM body WHERE document = ?1")
                .and_then(|mut s| s.query_row([document], |r| r.get(0)).optional()),
        )
        .map(Option::unwrap_or_default)
    }

    /// What readers reported, by origin and path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn readings(&self) -> Result<Vec<(String, String, String)>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(
                "SELECT d.origin, d.path, b.reading FROM document d JOIN body b ON b.document = d.id ORDER BY d.origin, d.path",
            )?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))?.collect()
        };
        self.sql("readings cannot be read", read())
    }

    /// Puts a document in, in place of the one of that path. The keys of the items
    /// that went and that came are what has to be derived again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn put_document(&mut self, document: NewDocument<'_>, touched: &mut Touched) -> Result<()> {
        let write = |c: &Connection| -> rusqlite::Result<()> {
            let old: Option<i64> = c
                .prepare_cached("SELECT id FROM document WHERE origin = ?1 AND path = ?2")?
                .query_row([document.origin, document.path], |r| r.get(0))
                .optional()?;
            if let Some(id) = old {
                forget_items(c, id, touched)?;
                c.prepare_cached("DELETE FROM document WHERE id = ?1")?.execute([id])?;
            }
            c.prepare_cached("INSERT INTO document (origin, path, size, modified_ns, changed_ns, hash, waits_until) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)")?.execute(params![
                document.origin,
                document.path,
                i64::try_from(document.stamp.size).unwrap_or(i64::MAX),
                document.stamp.modified_ns,
                document.stamp.changed_ns,
                document.hash,
                document.waits_until.map(|t| t.timestamp()),
            ])?;
            let id = c.last_insert_rowid();
            if !document.raw.is_empty() || document.reading != NOTHING_READ {
                c.prepare_cached("INSERT INTO body (document, raw, reading) VALUES (?1, ?2, ?3)")?.execute(params![
                    id,
                    document.raw,
                    document.reading
                ])?;
            }
            for mut raw in document.items {
                let html = std::mem::take(&mut raw.html);
                let text = std::mem::take(&mut raw.text);
                let json = to_json(&raw)?;
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

    /// Remembers how an unchanged file looks now.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn restamp(&self, document: i64, stamp: Stamp) -> Result<()> {
        let text = "UPDATE document SET size = ?2, modified_ns = ?3, changed_ns = ?4 WHERE id = ?1";
        let size = i64::try_from(stamp.size).unwrap_or(i64::MAX);
        self.sql(
            "a document cannot be written",
            self.connection
                .prepare_cached(text)
                .and_then(|mut s| s.execute(params![document, size, stamp.modified_ns, stamp.changed_ns])),
        )
        .map(|_| ())
    }

    /// Takes a document out with its items.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn remove_document(&mut self, document: i64, touched: &mut Touched) -> Result<()> {
        let mut write = |c: &Connection| -> rusqlite::Result<()> {
            forget_items(c, document, touched)?;
            c.prepare_cached("DELETE FROM document WHERE id = ?1")?.execute([document])?;
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("a document cannot be removed", result)
    }
}

fn forget_items(c: &Connection, document: i64, touched: &mut Touched) -> rusqlite::Result<()> {
    let mut keys =
        c.prepare_cached("SELECT k.key, p.entry FROM item i JOIN item_key k ON k.item = i.id LEFT JOIN part p ON p.item = i.id WHERE i.document = ?1")?;
    for row in keys.query_map([document], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, Option<i64>>(1)?)))? {
        let (key, entry) = row?;
        touched.keys.insert(Key(key));
        touched.entries.extend(entry.map(Key));
    }
    c.prepare_cached("DELETE FROM item WHERE document = ?1")?.execute([document])?;
    Ok(())
}
