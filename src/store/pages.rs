//! What is remembered of linked pages and of their hosts.

use std::collections::{BTreeMap, HashSet};

use rusqlite::params;

use super::{Result, Store, json};
use crate::entry::{Key, RawEntry};

impl Store {
    /// Articles that posts mention and whose pages are not settled, without html and text.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unsettled_articles(&self) -> Result<Vec<RawEntry>> {
        let text = "SELECT i.raw FROM item i WHERE i.kind = 'article' AND NOT EXISTS (SELECT 1 FROM item_key k JOIN page p ON p.key = k.key WHERE k.item = i.id AND p.settled = 1) ORDER BY i.id";
        self.rows("articles cannot be read", text, [], |r| json(r, 0))
    }

    /// Items that are pages.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page_items(&self) -> Result<HashSet<i64>> {
        self.rows("pages cannot be read", "SELECT id FROM item WHERE kind = 'page'", [], |r| r.get(0))
    }

    /// What is remembered of pages, by the key of their address, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pages(&self) -> Result<BTreeMap<String, String>> {
        self.rows("pages cannot be read", "SELECT name, state FROM page", [], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// What is remembered of pages that are still to be read.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn unsettled_pages(&self) -> Result<BTreeMap<String, String>> {
        self.rows("pages cannot be read", "SELECT name, state FROM page WHERE settled = 0", [], |r| {
            Ok((r.get(0)?, r.get(1)?))
        })
    }

    /// What is remembered of one page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page(&self, name: &str) -> Result<Option<String>> {
        self.row("a page cannot be read", "SELECT state FROM page WHERE key = ?1", [Key::of(name).0], |r| r.get(0))
    }

    /// Remembers what became of a page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_page(&self, name: &str, settled: bool, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO page (key, name, settled, state) VALUES (?1, ?2, ?3, ?4)";
        self.write("a page cannot be written", text, params![Key::of(name).0, name, settled, state])
    }

    /// Forgets what became of a page.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn forget_page(&self, name: &str) -> Result<()> {
        self.write("a page cannot be forgotten", "DELETE FROM page WHERE key = ?1", [Key::of(name).0])
    }

    /// What is remembered of hosts of pages, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn page_hosts(&self) -> Result<BTreeMap<String, String>> {
        self.rows("hosts cannot be read", "SELECT host, state FROM page_host", [], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// Remembers something of a host of pages.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_page_host(&self, host: &str, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO page_host (host, state) VALUES (?1, ?2)";
        self.write("a host cannot be written", text, [host, state])
    }

    /// The row of a document and what its reader reported, by its path.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn reading(&self, origin: &str, path: &str) -> Result<Option<(i64, String)>> {
        let text = "SELECT d.id, b.reading FROM document d JOIN body b ON b.document = d.id WHERE d.origin = ?1 AND d.path = ?2";
        self.row("a document cannot be read", text, [origin, path], |r| Ok((r.get(0)?, r.get(1)?)))
    }
}
