//! What was written into the output folder.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};

use super::{Result, Store};

/// A file that was written into the output folder.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

impl Store {
    /// What was written into the output folder, by path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn outputs(&self) -> Result<HashMap<String, Written>> {
        self.rows("outputs cannot be read", "SELECT path, hash, size, modified_ns FROM output", [], |r| {
            let path: String = r.get(0)?;
            Ok((
                path.clone(),
                Written { path, hash: r.get(1)?, size: r.get::<_, i64>(2)?.unsigned_abs(), modified_ns: r.get(3)? },
            ))
        })
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
