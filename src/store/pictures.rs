//! Pictures that are published from here: what became of their addresses, their bytes, and
//! which entries show them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::{Result, Store, Touched, moment};
use crate::entry::Key;

impl Store {
    /// Pictures that entries show and that are not here, with the date of the newest such entry.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn missing_pictures(&self) -> Result<BTreeMap<String, DateTime<Utc>>> {
        let text = "SELECT w.address, MAX(e.published) FROM entry_picture w JOIN entry e ON e.id = w.entry LEFT JOIN picture p ON p.address = w.address WHERE p.file IS NULL GROUP BY w.address";
        self.rows("pictures cannot be read", text, [], |r| Ok((r.get(0)?, moment(r.get(1)?))))
    }

    /// What is remembered of pictures that are not here, by address, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn missing_picture_states(&self) -> Result<BTreeMap<String, String>> {
        let text = "SELECT address, state FROM picture WHERE file IS NULL";
        self.rows("pictures cannot be read", text, [], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// The file of a picture, if it is here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn picture(&self, address: &str) -> Result<Option<String>> {
        Ok(self
            .row("a picture cannot be read", "SELECT file FROM picture WHERE address = ?1", [address], |r| {
                r.get::<_, Option<String>>(0)
            })?
            .flatten())
    }

    /// Pictures whose addresses begin with `prefix`: each with its file, if it is here, and what
    /// is remembered of it, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pictures_below(&self, prefix: &str) -> Result<Vec<(String, Option<String>, String)>> {
        let text = "SELECT address, file, state FROM picture WHERE address >= ?1 AND address < ?1 || char(1114111) ORDER BY address";
        self.rows("pictures cannot be read", text, [prefix], |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?)))
    }

    /// Remembers what became of a picture that is not here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_picture(&self, address: &str, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO picture (address, file, state) VALUES (?1, NULL, ?2)";
        self.write("a picture cannot be written", text, [address, state])
    }

    /// Keeps a picture. The entries that show it have to be derived again.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn keep_picture(
        &self,
        address: &str,
        state: &str,
        file: &str,
        bytes: &[u8],
        touched: &mut Touched,
    ) -> Result<()> {
        let keys = "SELECT p.entry, k.key FROM entry_picture w JOIN entry e ON e.id = w.entry JOIN part p ON p.entry = e.original JOIN item_key k ON k.item = p.item WHERE w.address = ?1";
        let mut write = || -> rusqlite::Result<()> {
            self.connection
                .prepare_cached("INSERT OR IGNORE INTO picture_file (name, bytes) VALUES (?1, ?2)")?
                .execute(params![file, bytes])?;
            self.connection
                .prepare_cached("INSERT OR REPLACE INTO picture (address, file, state) VALUES (?1, ?2, ?3)")?
                .execute([address, file, state])?;
            let mut statement = self.connection.prepare_cached(keys)?;
            for row in statement.query_map([address], |r| Ok((r.get(0)?, r.get(1)?)))? {
                let (entry, key) = row?;
                touched.entries.insert(Key(entry));
                touched.keys.insert(Key(key));
            }
            Ok(())
        };
        let result = write();
        self.sql("a picture cannot be written", result)
    }

    /// How many addresses have their picture here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn picture_count(&self) -> Result<usize> {
        let text = "SELECT COUNT(*) FROM picture WHERE file IS NOT NULL";
        let count = self.row("pictures cannot be read", text, [], |r| r.get::<_, i64>(0))?;
        Ok(count.and_then(|n| usize::try_from(n).ok()).unwrap_or(0))
    }

    /// Bytes of all pictures that are here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pictures_size(&self) -> Result<u64> {
        let text = "SELECT COALESCE(SUM(LENGTH(bytes)), 0) FROM picture_file";
        Ok(self.row("pictures cannot be read", text, [], |r| r.get::<_, i64>(0))?.map_or(0, i64::unsigned_abs))
    }

    /// Forgets pictures that no entry shows.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn forget_pictures(&self) -> Result<()> {
        let text = "DELETE FROM picture WHERE address NOT IN (SELECT address FROM entry_picture);
            DELETE FROM picture_file WHERE name NOT IN (SELECT file FROM picture WHERE file IS NOT NULL);";
        self.sql("pictures cannot be forgotten", self.connection.execute_batch(text))
    }

    /// Files of the pictures that entries show.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn shown_pictures(&self) -> Result<BTreeSet<String>> {
        let text = "SELECT DISTINCT p.file FROM entry_picture w JOIN picture p ON p.address = w.address WHERE p.file IS NOT NULL";
        self.rows("pictures cannot be read", text, [], |r| r.get(0))
    }

    /// The bytes of a picture that is here.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn picture_bytes(&self, file: &str) -> Result<Vec<u8>> {
        let read = self
            .connection
            .prepare_cached("SELECT bytes FROM picture_file WHERE name = ?1")
            .and_then(|mut s| s.query_row([file], |r| r.get(0)));
        self.sql("a picture cannot be read", read)
    }
}
