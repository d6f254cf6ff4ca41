//! What is remembered of linked pages and of their hosts.

use std::collections::{BTreeMap, HashSet};

use rusqlite::{OptionalExtension, params};

use super::{Result, Store, from_json};
use crate::entry::{Key, RawEntry};

impl Store {
    /// Articles that posts mention and whose pages are not settled, without html and text.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unsettled_articles(&self) -> Result<Vec<RawEntry>> {
        let text = "SELECT i.raw FROM item i WHERE i.kind = 'article' AND NOT EXISTS (SELECT 1 FROM item_key k JOIN page p ON p.key = k.key WHERE k.item = i.id AND p.settled = 1) ORDER BY i.id";
        let read = || -> rusqlite::Result<Vec<RawEntry>> {
            let mut statement = self.connection.prepare_cached(text)?;
            statement.query_map([], |r| from_json(r.get_ref(0)?.as_str()?))?.collect()
        };
        self.sql("articles cannot be read", read())
    }

    /// Items that are pages.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page_items(&self) -> Result<HashSet<i64>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT id FROM item WHERE kind = 'page'")?;
            statement.query_map([], |r| r.get(0))?.collect()
        };
        self.sql("pages cannot be read", read())
    }

    /// What is remembered of pages, by the key of their address, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pages(&self) -> Result<BTreeMap<String, String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT name, state FROM page")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        self.sql("pages cannot be read", read())
    }

    /// What is remembered of pages that are still to be read.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unsettled_pages(&self) -> Result<BTreeMap<String, String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT name, state FROM page WHERE settled = 0")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        self.sql("pages cannot be read", read())
    }

    /// What is remembered of one page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page(&self, name: &str) -> Result<Option<String>> {
        let read = self
            .connection
            .prepare_cached("SELECT state FROM page WHERE key = ?1")
            .and_then(|mut s| s.query_row([Key::of(name).0], |r| r.get(0)).optional());
        self.sql("a page cannot be read", read)
    }

    /// Remembers what became of a page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_page(&self, name: &str, settled: bool, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO page (key, name, settled, state) VALUES (?1, ?2, ?3, ?4)";
        let done = self
            .connection
            .prepare_cached(text)
            .and_then(|mut s| s.execute(params![Key::of(name).0, name, settled, state]));
        self.sql("a page cannot be written", done).map(|_| ())
    }

    /// Forgets what became of a page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn forget_page(&self, name: &str) -> Result<()> {
        let done = self
            .connection
            .prepare_cached("DELETE FROM page WHERE key = ?1")
            .and_then(|mut s| s.execute([Key::of(name).0]));
        self.sql("a page cannot be forgotten", done).map(|_| ())
    }

    /// What is remembered of hosts of pages, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page_hosts(&self) -> Result<BTreeMap<String, String>> {
        let read = || -> rusqlite::Result<_> {
            let mut statement = self.connection.prepare_cached("SELECT host, state FROM page_host")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        self.sql("hosts cannot be read", read())
    }

    /// Remembers something of a host of pages.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_page_host(&self, host: &str, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO page_host (host, state) VALUES (?1, ?2)";
        let done = self.connection.prepare_cached(text).and_then(|mut s| s.execute([host, state]));
        self.sql("a host cannot be written", done).map(|_| ())
    }

    /// The row of a document and what its reader reported, by its path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reading(&self, origin: &str, path: &str) -> Result<Option<(i64, String)>> {
        let text = "SELECT d.id, b.reading FROM document d JOIN body b ON b.document = d.id WHERE d.origin = ?1 AND d.path = ?2";
        let read = self
            .connection
            .prepare_cached(text)
            .and_then(|mut s| s.query_row([origin, path], |r| Ok((r.get(0)?, r.get(1)?))).optional());
        self.sql("a document cannot be read", read)
    }
}
