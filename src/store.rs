//! The store: what was read and what was derived from it, in one SQLite file.
//!
//! The only module that knows SQL. It decides nothing and can be deleted at any
//! time: what must not change is in the ledger, the rest is read again.
//!
//! One process writes at a time (the caller holds the lock); each document is
//! replaced in one transaction with its items.

mod documents;
mod entries;
mod groups;
mod manners;
mod outputs;
mod pages;
mod pictures;
pub mod search;

pub use documents::{Document, NOTHING_READ, NewDocument, Stamp};
pub use entries::{Changed, Derived, Listed};
pub use groups::{Group, Groups, Item, Touched};
pub use manners::Pause;
pub use outputs::Written;

use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OptionalExtension, Params, Row};

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
    /// An older Feedloom wrote it, and it is not to be changed now.
    #[error("{}: written by an older feedloom: `feedloom refresh` brings it up to date", .path.display())]
    Older {
        /// The file.
        path: PathBuf,
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

/// The store.
#[derive(Debug)]
pub struct Store {
    connection: Connection,
    path: PathBuf,
}

type Result<T> = std::result::Result<T, StoreError>;

/// What an error of SQLite means for the store in `path`.
fn failed(path: &Path, action: &'static str, source: rusqlite::Error) -> StoreError {
    match source.sqlite_error_code() {
        Some(rusqlite::ErrorCode::NotADatabase | rusqlite::ErrorCode::DatabaseCorrupt) => {
            StoreError::Damaged { path: path.to_owned(), reason: source.to_string() }
        }
        _ => StoreError::Sql { path: path.to_owned(), action, source },
    }
}

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
        let sql = |action| move |source| failed(path, action, source);
        connection.set_prepared_statement_cache_capacity(64);
        // Plans do not depend on what is bound: else each binding has its statement prepared anew.
        let stable = rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG;
        connection.set_db_config(stable, true).map_err(sql("cannot be set up"))?;
        let setup = "PRAGMA page_size = 4096; PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -10240; PRAGMA mmap_size = 0;";
        connection.execute_batch(setup).map_err(sql("cannot be set up"))?;
        let mut store = Self { connection, path: path.to_owned() };
        store.migrate()?;
        // Not before: a table that is laid anew would take its children with it.
        store.sql("cannot be set up", store.connection.execute_batch("PRAGMA foreign_keys = ON"))?;
        Ok(store)
    }

    fn sql<T>(&self, action: &'static str, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|source| failed(&self.path, action, source))
    }

    /// Rows as `read` reads them.
    fn rows<T, C: FromIterator<T>>(
        &self,
        action: &'static str,
        text: &str,
        parameters: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<C> {
        let rows = || self.connection.prepare_cached(text)?.query_map(parameters, read)?.collect();
        self.sql(action, rows())
    }

    /// The first row as `read` reads it.
    fn row<T>(
        &self,
        action: &'static str,
        text: &str,
        parameters: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>> {
        let row = || self.connection.prepare_cached(text)?.query_row(parameters, read).optional();
        self.sql(action, row())
    }

    fn write(&self, action: &'static str, text: &str, parameters: impl Params) -> Result<()> {
        let write = || self.connection.prepare_cached(text)?.execute(parameters);
        self.sql(action, write()).map(|_| ())
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
        self.row("cannot be read", "SELECT value FROM meta WHERE name = ?1", [name], |r| r.get(0))
    }

    /// Remembers a value.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_meta(&self, name: &str, value: &str) -> Result<()> {
        let text =
            "INSERT INTO meta (name, value) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET value = excluded.value";
        self.write("cannot be written", text, [name, value])
    }
}

/// Seconds as a moment.
fn moment(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap_or_default()
}

/// Text of a row. Three of four bytes that a run reads are Chinese, and how long it takes to see
/// that they are UTF-8 counts: rusqlite itself would ask the standard library.
fn text(row: &Row<'_>, column: usize) -> rusqlite::Result<String> {
    str_of(row, column).map(str::to_owned)
}

/// Text of a row, not copied.
fn str_of<'r>(row: &'r Row<'_>, column: usize) -> rusqlite::Result<&'r str> {
    let bytes = row.get_ref(column)?.as_bytes()?;
    simdutf8::compat::from_utf8(bytes)
        .map_err(|e| rusqlite::Error::FromSqlConversionFailure(column, rusqlite::types::Type::Text, Box::new(e)))
}

/// What the JSON in a row says.
fn json<T: serde::de::DeserializeOwned>(row: &Row<'_>, column: usize) -> rusqlite::Result<T> {
    from_json(str_of(row, column)?)
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::entry::{Key, Kind, RawEntry};

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
    fn what_a_changed_document_still_says_is_not_touched() {
        let (_folder, mut store) = store();
        let kept = raw(&["a", "b"]);
        put(&mut store, "1", &[kept.clone(), raw(&["c"]), kept.clone()]);
        let said = RawEntry { html: "<p>more</p>".to_owned(), ..raw(&["c"]) };
        let touched = put(&mut store, "1", &[raw(&["d"]), said.clone(), kept.clone()]);
        // One of the two that were alike went, too.
        assert_eq!(touched.keys, ["a", "b", "c"].map(Key::of).into());
        let came: Vec<Vec<Key>> = store.groups(&touched).unwrap().groups.into_iter().map(|g| g.keys).collect();
        assert_eq!(came.concat().into_iter().collect::<BTreeSet<_>>(), ["a", "b", "c", "d"].map(Key::of).into());
        // In another order it says the same.
        let touched = put(&mut store, "1", &[kept, raw(&["d"]), said]);
        assert!(touched.is_empty());
        assert_eq!(store.all_groups().unwrap().groups.len(), 3);
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
