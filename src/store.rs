//! The store: what was read and what was derived from it, in one SQLite file.
//!
//! The only module that knows SQL. It decides nothing and can be deleted at any
//! time: what must not change is in the ledger, the rest is read again.
//!
//! One process writes at a time (the caller holds the lock); each document is
//! replaced in one transaction with its items.

mod manners;
mod pages;
mod pictures;
pub mod search;

pub use manners::Pause;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, params};

use crate::entry::{Entry, EntryId, Key, RawEntry};

/// Schema changes, oldest first. Never edit one that was released: add the next.
const MIGRATIONS: [&str; 7] = [
    include_str!("store/migrations/0001.sql"),
    include_str!("store/migrations/0002.sql"),
    include_str!("store/migrations/0003.sql"),
    include_str!("store/migrations/0004.sql"),
    include_str!("store/migrations/0005.sql"),
    include_str!("store/migrations/0006.sql"),
    include_str!("store/migrations/0007.sql"),
];

/// Why the store could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite said no.
    #[error("{}: {action}", .path.display())]
    Sql {
        /// The file.
        path: PathBuf,
        /// What was tried.
        action: &'static str,
        /// Why it failed.
        #[source]
        source: rusqlite::Error,
    },
    /// A newer Feedloom wrote it.
    #[error("{}: written by a newer feedloom (schema {found}, this one knows {known}): use that version, or delete the file to have everything read again", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its schema.
        found: usize,
        /// The newest schema known here.
        known: usize,
    },
    /// The file is no store or is damaged.
    #[error("{}: damaged: {reason}", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What SQLite found.
        reason: String,
    },
}

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

/// A raw entry with its row.
#[derive(Debug, Clone)]
pub struct Item {
    /// Row.
    pub id: i64,
    /// The raw entry.
    pub raw: RawEntry,
}

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

/// A file that was written into the output folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// Path below the output folder.
    pub path: String,
    /// Hash of its bytes.
    pub hash: String,
    /// Bytes.
    pub size: u64,
    /// mtime in nanoseconds.
    pub modified_ns: i64,
}

/// The store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

type Result<T> = std::result::Result<T, StoreError>;

impl Store {
    /// Opens the store, creating or migrating it.
    ///
    /// # Errors
    /// [`StoreError::Newer`], [`StoreError::Damaged`], or what SQLite says.
    pub fn open(path: &Path) -> Result<Self> {
        let sql = |action| move |source| StoreError::Sql { path: path.to_owned(), action, source };
        Self::set_up(path, Connection::open(path).map_err(sql("cannot be opened"))?)
    }

    /// A store that goes away with the program.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn in_memory() -> Result<Self> {
        let path = Path::new("memory");
        let sql = |source| StoreError::Sql { path: path.to_owned(), action: "cannot be opened", source };
        Self::set_up(path, Connection::open_in_memory().map_err(sql)?)
    }

    fn set_up(path: &Path, connection: Connection) -> Result<Self> {
        let sql = |action| move |source| StoreError::Sql { path: path.to_owned(), action, source };
        connection.set_prepared_statement_cache_capacity(64);
        // Plans do not depend on what is bound: else each binding has its statement prepared anew.
        let stable = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable, true).map_err(sql("cannot be set up"))?;
        let setup = "PRAGMA page_size = 4096; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -10240; PRAGMA mmap_size = 0;";
        if let Err(error) = connection.execute_batch(setup) {
            return Err(match error.sqlite_error_code() {
                Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                    StoreError::Damaged { path: path.to_owned(), reason: error.to_string() }
                }
                _ => sql("cannot be set up")(error),
            });
        }
        let mut store = Self { connection, path: path.to_owned() };
        store.migrate()?;
        // Not before: a table that is laid anew would take its children with it.
        store.sql("cannot be set up", store.connection.execute_batch("PRAGMA foreign_keys = ON"))?;
        Ok(store)
    }

    fn sql<T>(&self, action: &'static str, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|source| match source.sqlite_error_code() {
            Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
                StoreError::Damaged { path: self.path.clone(), reason: source.to_string() }
            }
            _ => StoreError::Sql { path: self.path.clone(), action, source },
        })
    }

    fn migrate(&mut self) -> Result<()> {
        let version: i64 =
            self.sql("cannot be read", self.connection.query_row("PRAGMA user_version", [], |r| r.get(0)))?;
        let found = usize::try_from(version).unwrap_or(usize::MAX);
        if found > MIGRATIONS.len() {
            return Err(StoreError::Newer { path: self.path.clone(), found, known: MIGRATIONS.len() });
        }
        for (n, migration) in MIGRATIONS.iter().enumerate().skip(found) {
            let text = format!("BEGIN; {migration}; PRAGMA user_version = {}; COMMIT;", n + 1);
            self.sql("cannot be migrated", self.connection.execute_batch(&text))?;
        }
        Ok(())
    }

    /// Whether SQLite finds the file sound. Reads all of it.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] with what was found.
    pub fn check(&self) -> Result<()> {
        let answer: String =
            self.sql("cannot be checked", self.connection.query_row("PRAGMA quick_check(1)", [], |r| r.get(0)))?;
        if answer == "ok" { Ok(()) } else { Err(StoreError::Damaged { path: self.path.clone(), reason: answer }) }
    }

    /// Runs `work` in one transaction: all of it is stored, or nothing.
    ///
    /// # Errors
    /// Those of `work`, or of SQLite.
    pub fn transaction<T, E: From<StoreError>>(
        &mut self,
        work: impl FnOnce(&mut Self) -> std::result::Result<T, E>,
    ) -> std::result::Result<T, E> {
        self.sql("cannot begin", self.connection.execute_batch("BEGIN IMMEDIATE"))?;
        match work(self) {
            Ok(value) => {
                self.sql("cannot commit", self.connection.execute_batch("COMMIT"))?;
                Ok(value)
            }
            Err(error) => {
                // The first error is the one to report.
                let _ = self.connection.execute_batch("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Begins a transaction that [`Store::commit`] ends. A store that is dropped before has
    /// undone it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn begin(&mut self) -> Result<()> {
        self.sql("cannot begin", self.connection.execute_batch("BEGIN IMMEDIATE"))
    }

    /// Ends what [`Store::begin`] has begun: all of it is stored, or nothing.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn commit(&mut self) -> Result<()> {
        self.sql("cannot commit", self.connection.execute_batch("COMMIT"))
    }

    /// A value remembered under `name`.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn meta(&self, name: &str) -> Result<Option<String>> {
        self.sql(
            "cannot be read",
            self.connection
                .prepare_cached("SELECT value FROM meta WHERE name = ?1")
                .and_then(|mut s| s.query_row([name], |r| r.get(0)).optional()),
        )
    }

    /// Remembers a value.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_meta(&self, name: &str, value: &str) -> Result<()> {
        let text =
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.sql("cannot be written", self.connection.prepare_cached(text).and_then(|mut s| s.execute([name, value])))
            .map(|_| ())
    }

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

    /// The items that share a key with `keys`, directly or through others, in
    /// groups that are one entry each; and the entries they were part of.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn groups(&self, touched: &Touched) -> Result<Groups> {
        let read = || -> rusqlite::Result<Groups> {
            let mut items_of = self.connection.prepare_cached("SELECT item FROM item_key WHERE key = ?1")?;
            let mut keys_of = self.connection.prepare_cached(
                "SELECT k.key, p.entry FROM item_key k LEFT JOIN part p ON p.item = k.item WHERE k.item = ?1",
            )?;
            let mut done: HashSet<Key> = HashSet::new();
            let mut groups = Groups { groups: Vec::new(), old_entries: touched.entries.clone() };
            let mut came: Vec<Key> = Vec::new();
            if let Some(from) = touched.items_from {
                let mut keys = self.connection.prepare_cached("SELECT key FROM item_key WHERE item >= ?1")?;
                came = keys.query_map([from], |r| r.get(0).map(Key))?.collect::<rusqlite::Result<_>>()?;
            }
            let firsts: BTreeSet<Key> = came.into_iter().chain(touched.keys.iter().copied()).collect();
            for first in firsts {
                if done.contains(&first) {
                    continue;
                }
                let mut open = vec![first];
                let mut group = Group::default();
                let mut items: BTreeSet<i64> = BTreeSet::new();
                while let Some(key) = open.pop() {
                    if !done.insert(key) {
                        continue;
                    }
                    group.keys.push(key);
                    let found: Vec<i64> =
                        items_of.query_map([key.0], |r| r.get(0))?.collect::<rusqlite::Result<_>>()?;
                    for item in found {
                        if !items.insert(item) {
                            continue;
                        }
                        for row in keys_of.query_map([item], |r| Ok((r.get(0)?, r.get::<_, Option<i64>>(1)?)))? {
                            let (key, entry) = row?;
                            if !done.contains(&Key(key)) {
                                open.push(Key(key));
                            }
                            groups.old_entries.extend(entry.map(Key));
                        }
                    }
                }
                if !items.is_empty() {
                    group.items = items.into_iter().collect();
                    groups.groups.push(group);
                }
            }
            Ok(groups)
        };
        self.sql("items cannot be read", read())
    }

    /// All items in groups, in no more than one pass over the tables.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn all_groups(&self) -> Result<Groups> {
        let read = || -> rusqlite::Result<Groups> {
            let mut keys: Vec<(Key, i64)> = Vec::new();
            let mut statement = self.connection.prepare_cached("SELECT key, item FROM item_key ORDER BY key, item")?;
            for row in statement.query_map([], |r| Ok((Key(r.get(0)?), r.get(1)?)))? {
                keys.push(row?);
            }
            let mut statement = self.connection.prepare_cached("SELECT id FROM entry WHERE id = original")?;
            let old_entries = statement.query_map([], |r| r.get(0).map(Key))?.collect::<rusqlite::Result<_>>()?;
            Ok(Groups { groups: joined(&keys), old_entries })
        };
        self.sql("items cannot be read", read())
    }

    /// Raw entries by row, whole.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn items(&self, ids: &[i64]) -> Result<Vec<Item>> {
        let read = || -> rusqlite::Result<Vec<Item>> {
            let mut statement = self.connection.prepare_cached("SELECT raw, html, text FROM item WHERE id = ?1")?;
            ids.iter()
                .map(|id| {
                    statement.query_row([id], |r| {
                        let mut raw: RawEntry = from_json(r.get_ref(0)?.as_str()?)?;
                        raw.html = r.get(1)?;
                        raw.text = r.get(2)?;
                        Ok(Item { id: *id, raw })
                    })
                })
                .collect()
        };
        self.sql("items cannot be read", read())
    }

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

    /// Sends an entry of a feed straight to the archives.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_quiet(&mut self, feed: &str, id: &EntryId) -> Result<()> {
        let text = "UPDATE feed_entry SET quiet = 1 WHERE feed = ?1 AND entry = ?2";
        let id = Key::of(id.as_str()).0;
        let done = self.connection.prepare_cached(text).and_then(|mut s| s.execute(params![feed, id]));
        self.sql("an entry cannot be written", done).map(|_| ())
    }

    /// An entry by the number of its id, without its text and HTML.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn facts(&self, id: Key) -> Result<Option<Entry>> {
        let read = || -> rusqlite::Result<Option<Entry>> {
            let mut statement = self.connection.prepare_cached("SELECT data FROM entry WHERE id = ?1")?;
            statement.query_row([id.0], |r| from_json(r.get_ref(0)?.as_str()?)).optional()
        };
        self.sql("entries cannot be read", read())
    }

    /// The HTML of an entry; none of one that is not there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn html(&self, id: Key) -> Result<String> {
        let text = "SELECT i.html FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        let read = self.connection.prepare_cached(text).and_then(|mut s| s.query_row([id.0], |r| r.get(0)).optional());
        Ok(self.sql("entries cannot be read", read)?.unwrap_or_default())
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
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(
                "SELECT published, entry, quiet FROM feed_entry WHERE feed = ?1 ORDER BY published DESC, entry",
            )?;
            let rows = statement.query_map([feed], |r| {
                Ok(Listed { published: moment(r.get(0)?), id: Key(r.get(1)?), quiet: r.get(2)? })
            })?;
            rows.collect()
        };
        self.sql("feeds cannot be read", read())
    }

    /// When the own text of an entry changed, in milliseconds; 0 for one that is not there.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn updated_ms(&self, id: Key) -> Result<i64> {
        let text = "SELECT updated_ms FROM entry WHERE id = ?1";
        let read = self.connection.prepare_cached(text).and_then(|mut s| s.query_row([id.0], |r| r.get(0)).optional());
        Ok(self.sql("entries cannot be read", read)?.unwrap_or_default())
    }

    /// The newest entries of a feed that are not in its archives only, by number, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn newest(&self, feed: &str, limit: usize) -> Result<Vec<Key>> {
        let text = "SELECT entry FROM feed_entry WHERE feed = ?1 AND quiet = 0 ORDER BY published DESC, entry LIMIT ?2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached(text)?;
            statement.query_map(params![feed, limit], |r| Ok(Key(r.get(0)?)))?.collect()
        };
        self.sql("feeds cannot be read", read())
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

    /// The items an entry is made of.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn items_of(&self, entry: &EntryId) -> Result<Vec<Item>> {
        let read = || -> rusqlite::Result<Vec<i64>> {
            let mut statement =
                self.connection.prepare_cached("SELECT item FROM part WHERE entry = ?1 ORDER BY item")?;
            statement.query_map([Key::of(entry.as_str()).0], |r| r.get(0))?.collect()
        };
        let ids = self.sql("items cannot be read", read())?;
        self.items(&ids)
    }

    /// How many entries each feed has, and the newest one's date.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn feed_sizes(&self) -> Result<HashMap<String, (usize, DateTime<Utc>)>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self
                .connection
                .prepare_cached("SELECT feed, COUNT(*), MAX(published) FROM feed_entry GROUP BY feed")?;
            let rows = statement.query_map([], |r| {
                let count: i64 = r.get(1)?;
                let newest: i64 = r.get(2)?;
                Ok((
                    r.get::<_, String>(0)?,
                    (usize::try_from(count).unwrap_or(0), DateTime::from_timestamp(newest, 0).unwrap_or_default()),
                ))
            })?;
            rows.collect()
        };
        self.sql("feeds cannot be read", read())
    }

    /// Names of the feeds that carry an entry.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn feeds_of(&self, entry: &EntryId) -> Result<Vec<String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement =
                self.connection.prepare_cached("SELECT feed FROM feed_entry WHERE entry = ?1 ORDER BY feed")?;
            statement.query_map([Key::of(entry.as_str()).0], |r| r.get(0))?.collect()
        };
        self.sql("feeds cannot be read", read())
    }

    /// Whether a local post answers to the key.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn is_post(&self, key: &str) -> Result<bool> {
        let text = "SELECT EXISTS (SELECT 1 FROM item_key k JOIN item i ON i.id = k.item WHERE k.key = ?1 AND i.kind IN ('post', 'digest'))";
        self.sql(
            "keys cannot be read",
            self.connection.prepare_cached(text).and_then(|mut s| s.query_row([Key::of(key).0], |r| r.get(0))),
        )
    }

    fn entries(&self, text: &str, parameters: impl rusqlite::Params) -> Result<Vec<Entry>> {
        let read = || -> rusqlite::Result<Vec<Entry>> {
            let mut statement = self.connection.prepare_cached(text)?;
            let rows = statement.query_map(parameters, |r| {
                let mut entry: Entry = from_json(r.get_ref(0)?.as_str()?)?;
                entry.html = r.get(1)?;
                entry.text = r.get(2)?;
                Ok(entry)
            })?;
            rows.collect()
        };
        self.sql("entries cannot be read", read())
    }

    /// Whether an entry has the id.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn has_entry(&self, id: &EntryId) -> Result<bool> {
        let text = "SELECT EXISTS (SELECT 1 FROM entry WHERE id = ?1)";
        let id = Key::of(id.as_str()).0;
        let found = self.connection.prepare_cached(text).and_then(|mut s| s.query_row([id], |r| r.get(0)));
        self.sql("entries cannot be read", found)
    }

    /// What is remembered of sources, by name, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sources(&self) -> Result<BTreeMap<String, String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT name, state FROM source")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        self.sql("sources cannot be read", read())
    }

    /// Remembers the state of a source.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_source(&self, name: &str, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO source (name, state) VALUES (?1, ?2)";
        let done = self.connection.prepare_cached(text).and_then(|mut s| s.execute([name, state]));
        self.sql("a source cannot be written", done).map(|_| ())
    }

    /// Remembers what has to be derived later.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn add_dirty(&self, touched: &Touched) -> Result<()> {
        let write = |c: &Connection| -> rusqlite::Result<()> {
            let mut statement = c.prepare_cached("INSERT OR IGNORE INTO dirty (entry, number) VALUES (?1, ?2)")?;
            for key in &touched.keys {
                statement.execute([0, key.0])?;
            }
            for entry in &touched.entries {
                statement.execute([1, entry.0])?;
            }
            if let Some(from) = touched.items_from {
                statement.execute([2, from])?;
            }
            Ok(())
        };
        self.sql("what changed cannot be written", write(&self.connection))
    }

    /// Takes what was to be derived later.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn take_dirty(&self, touched: &mut Touched) -> Result<()> {
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached("SELECT entry, number FROM dirty")?;
            for row in statement.query_map([], |r| Ok((r.get::<_, i64>(0)?, r.get::<_, i64>(1)?)))? {
                match row? {
                    (0, key) => _ = touched.keys.insert(Key(key)),
                    (1, entry) => _ = touched.entries.insert(Key(entry)),
                    (_, item) => touched.came(item),
                }
            }
            drop(statement);
            self.connection.execute_batch("DELETE FROM dirty")
        };
        self.sql("what changed cannot be read", read())
    }

    /// What was written into the output folder, by path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn outputs(&self) -> Result<HashMap<String, Written>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT path, hash, size, modified_ns FROM output")?;
            let rows = statement.query_map([], |r| {
                let path: String = r.get(0)?;
                Ok((
                    path.clone(),
                    Written { path, hash: r.get(1)?, size: r.get::<_, i64>(2)?.unsigned_abs(), modified_ns: r.get(3)? },
                ))
            })?;
            rows.collect()
        };
        self.sql("outputs cannot be read", read())
    }

    /// Remembers what was written and forgets what was deleted.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_outputs(&mut self, written: &[Written], deleted: &[String]) -> Result<()> {
        let write = |c: &Connection| -> rusqlite::Result<()> {
            for w in written {
                let size = i64::try_from(w.size).unwrap_or(i64::MAX);
                c.prepare_cached(
                    "INSERT OR REPLACE INTO output (path, hash, size, modified_ns) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute(params![w.path, w.hash, size, w.modified_ns])?;
            }
            for path in deleted {
                c.prepare_cached("DELETE FROM output WHERE path = ?1")?.execute([path])?;
            }
            Ok(())
        };
        let result = write(&self.connection);
        self.sql("outputs cannot be written", result)
    }
}

/// Feeds that won, lost or change an entry, and the moments at which such entries stand.
pub type Changed = BTreeMap<String, BTreeSet<DateTime<Utc>>>;

/// Keys and entries that a change touched.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Keys of items that went.
    pub keys: BTreeSet<Key>,
    /// Items came, with rows from this one on.
    pub items_from: Option<i64>,
    /// Entries that lost an item.
    pub entries: BTreeSet<Key>,
}

impl Touched {
    /// Nothing was touched.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty() && self.entries.is_empty() && self.items_from.is_none()
    }

    fn came(&mut self, item: i64) {
        self.items_from = Some(self.items_from.map_or(item, |from| from.min(item)));
    }
}

/// Items that are one entry.
#[derive(Debug, Default)]
pub struct Group {
    /// Their rows.
    pub items: Vec<i64>,
    /// Their keys.
    pub keys: Vec<Key>,
}

/// Items in groups that are one entry each.
#[derive(Debug)]
pub struct Groups {
    /// The groups.
    pub groups: Vec<Group>,
    /// Entries that these items, or items that went, were part of.
    pub old_entries: BTreeSet<Key>,
}

/// Groups of items that share a key with another of the group. `keys` is sorted; the
/// groups are in the order of their smallest keys.
fn joined(keys: &[(Key, i64)]) -> Vec<Group> {
    fn root(parents: &mut [usize], mut n: usize) -> usize {
        while parents[n] != n {
            parents[n] = parents[parents[n]];
            n = parents[n];
        }
        n
    }
    let mut first_of_item: HashMap<i64, usize> = HashMap::with_capacity(keys.len());
    let mut parents: Vec<usize> = (0..keys.len()).collect();
    for (n, (key, item)) in keys.iter().enumerate() {
        let with_item = *first_of_item.entry(*item).or_insert(n);
        let with_key = if n > 0 && keys[n - 1].0 == *key { n - 1 } else { n };
        for other in [with_item, with_key] {
            let (a, b) = (root(&mut parents, n), root(&mut parents, other));
            parents[a.max(b)] = a.min(b);
        }
    }
    let mut groups: BTreeMap<usize, Group> = BTreeMap::new();
    for (n, (key, item)) in keys.iter().enumerate() {
        let group = groups.entry(root(&mut parents, n)).or_default();
        group.keys.push(*key);
        group.items.push(*item);
    }
    let mut groups: Vec<Group> = groups.into_values().collect();
    for group in &mut groups {
        group.items.sort_unstable();
        group.items.dedup();
        group.keys.dedup();
    }
    groups
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

/// Seconds as a moment.
fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

fn from_json<T: serde::de::DeserializeOwned>(text: &str) -> rusqlite::Result<T> {
    serde_json::from_str(text)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, rusqlite::types::Type::Text, Box::new(e)))
}

fn to_json(value: &impl serde::Serialize) -> rusqlite::Result<String> {
    serde_json::to_string(value).map_err(|e| rusqlite::Error::ToSqlConversionFailure(Box::new(e)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::Kind;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("store.sqlite")).unwrap();
        (folder, store)
    }

    fn put(store: &mut Store, path: &str, items: &[RawEntry]) -> Touched {
        let mut touched = Touched::default();
        let stamp = Stamp { size: 1, modified_ns: 2, changed_ns: 3 };
        let document = NewDocument {
            origin: "posts:a",
            path,
            stamp,
            hash: "h",
            raw: b"x",
            reading: "{}",
            waits_until: None,
            items: items.to_vec(),
        };
        store.transaction(|s| s.put_document(document, &mut touched)).unwrap();
        touched
    }

    fn raw(keys: &[&str]) -> RawEntry {
        let mut raw = RawEntry::new(Kind::Article, keys[0].to_owned(), "t");
        raw.keys = keys.iter().map(|k| (*k).to_owned()).collect();
        raw
    }

    #[test]
    fn items_that_share_a_key_are_one_group() {
        let (_folder, mut store) = store();
        let touched = put(&mut store, "1", &[raw(&["a", "b"]), raw(&["c"])]);
        put(&mut store, "2", &[raw(&["b", "d"])]);
        let groups = store.groups(&touched).unwrap();
        let mut sizes: Vec<usize> = groups.groups.iter().map(|g| g.items.len()).collect();
        sizes.sort();
        assert_eq!(sizes, [1, 2]);
        let mut all: Vec<usize> = store.all_groups().unwrap().groups.iter().map(|g| g.items.len()).collect();
        all.sort();
        assert_eq!(all, [1, 2]);
        // Replacing the document that joined them touches all of their keys.
        let touched = put(&mut store, "2", &[]);
        assert_eq!(touched.keys, BTreeSet::from([Key::of("b"), Key::of("d")]));
        assert_eq!(store.groups(&touched).unwrap().groups.len(), 1);
    }

    #[test]
    fn a_failed_transaction_leaves_nothing() {
        let (_folder, mut store) = store();
        let failed: std::result::Result<(), StoreError> = store.transaction(|s| {
            s.set_meta("a", "1")?;
            Err(StoreError::Damaged { path: PathBuf::new(), reason: String::new() })
        });
        assert!(failed.is_err());
        assert_eq!(store.meta("a").unwrap(), None);
    }

    #[test]
    fn texts_move_out_of_their_documents_and_nothing_is_lost() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        let old = Connection::open(&path).unwrap();
        MIGRATIONS[..5].iter().for_each(|m| old.execute_batch(m).unwrap());
        old.execute_batch(
            "PRAGMA user_version = 5;
            INSERT INTO document VALUES (7, 'posts:a', 'p.md', 3, 4, 5, 'h', x'00ff', '{\"notes\":[]}', 9);
            INSERT INTO document VALUES (8, 'source:s', 'e', 3, 4, 5, 'h', x'', '{}', NULL);
            INSERT INTO item VALUES (1, 7, 'post', '{\"kind\":\"post\",\"keys\":[\"a\"],\"title\":\"t\",\"link\":null}', 'h', 't');",
        )
        .unwrap();
        drop(old);
        let mut store = Store::open(&path).unwrap();
        let stamp = Stamp { size: 3, modified_ns: 4, changed_ns: 5 };
        let post = &store.documents("posts:a").unwrap()["p.md"];
        assert_eq!((post.id, post.stamp, post.hash.as_str()), (7, stamp, "h"));
        assert_eq!(post.waits_until, DateTime::from_timestamp(9, 0));
        assert_eq!(store.raw(7).unwrap(), [0, 255]);
        assert!(store.raw(8).unwrap().is_empty());
        assert_eq!(store.readings().unwrap(), [("posts:a".into(), "p.md".into(), "{\"notes\":[]}".into())]);
        assert_eq!(store.items(&[1]).unwrap()[0].raw.title, "t");
        store.remove_document(7, &mut Touched::default()).unwrap();
        assert!(store.items(&[1]).is_err(), "items go with their document");
    }

    #[test]
    fn newer_and_damaged_files_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("store.sqlite");
        drop(Store::open(&path).unwrap());
        Connection::open(&path).unwrap().execute_batch("PRAGMA user_version = 99").unwrap();
        assert!(matches!(Store::open(&path), Err(StoreError::Newer { found: 99, .. })));
        std::fs::write(&path, "not a database, but long enough to be taken for one".repeat(40)).unwrap();
        let _ = std::fs::remove_file(folder.path().join("store.sqlite-wal"));
        assert!(matches!(Store::open(&path), Err(StoreError::Damaged { .. })));
    }
}
