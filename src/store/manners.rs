//! What is remembered of hosts and of the health of sources.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rusqlite::params;

use super::{Result, Store, moment};

/// Events of health that are kept.
const EVENTS: i64 = 500;

/// A pause that a host asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pause {
    /// Nothing before.
    pub until: DateTime<Utc>,
    /// When it asked.
    pub decided: DateTime<Utc>,
}

impl Store {
    /// What is remembered of sources, by name, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn sources(&self) -> Result<BTreeMap<String, String>> {
        self.rows("sources cannot be read", "SELECT name, state FROM source", [], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// Remembers the state of a source.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_source(&self, name: &str, state: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO source (name, state) VALUES (?1, ?2)";
        self.write("a source cannot be written", text, [name, state])
    }

    /// The pauses that hosts asked for, by host.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn pauses(&self) -> Result<BTreeMap<String, Pause>> {
        self.rows("pauses cannot be read", "SELECT host, until, decided FROM pause", [], |r| {
            Ok((r.get(0)?, Pause { until: moment(r.get(1)?), decided: moment(r.get(2)?) }))
        })
    }

    /// Remembers that `host` wants a pause, in place of what it wanted before.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_pause(&self, host: &str, pause: Pause) -> Result<()> {
        let text = "INSERT OR REPLACE INTO pause (host, until, decided) VALUES (?1, ?2, ?3)";
        let values = params![host, pause.until.timestamp(), pause.decided.timestamp()];
        self.write("a pause cannot be written", text, values)
    }

    /// Forgets a host's pause.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn forget_pause(&self, host: &str) -> Result<()> {
        self.write("a pause cannot be forgotten", "DELETE FROM pause WHERE host = ?1", [host])
    }

    /// What robots.txt files said that were asked for since `since`, as JSON by address.
    /// Older ones are forgotten.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn robots(&self, since: DateTime<Utc>) -> Result<BTreeMap<String, String>> {
        let read = || -> rusqlite::Result<_> {
            let since = since.timestamp();
            self.connection.prepare_cached("DELETE FROM robots WHERE asked < ?1")?.execute([since])?;
            let mut statement = self.connection.prepare_cached("SELECT address, said FROM robots")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        self.sql("robots.txt files cannot be read", read())
    }

    /// Remembers what a robots.txt said.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_robots(&self, address: &str, asked: DateTime<Utc>, said: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO robots (address, asked, said) VALUES (?1, ?2, ?3)";
        let values = params![address, asked.timestamp(), said];
        self.write("a robots.txt cannot be written", text, values)
    }

    /// The ledger's lines of sources as they were last, by name, as JSON.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn source_lines(&self) -> Result<BTreeMap<String, String>> {
        self.rows("sources cannot be read", "SELECT name, line FROM source_line", [], |r| Ok((r.get(0)?, r.get(1)?)))
    }

    /// Remembers these as the ledger's lines of sources, and no others.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn set_source_lines<'l>(&self, lines: impl Iterator<Item = (&'l str, String)>) -> Result<()> {
        let write = || -> rusqlite::Result<()> {
            self.connection.prepare_cached("DELETE FROM source_line")?.execute([])?;
            let mut statement =
                self.connection.prepare_cached("INSERT OR REPLACE INTO source_line (name, line) VALUES (?1, ?2)")?;
            for (name, line) in lines {
                statement.execute([name, &line])?;
            }
            Ok(())
        };
        self.sql("sources cannot be written", write())
    }

    /// The newest events of sources' health as JSON, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn health_events(&self, limit: usize) -> Result<Vec<String>> {
        let text = "SELECT event FROM health_event ORDER BY at DESC, source, state LIMIT ?1";
        self.rows("health cannot be read", text, [i64::try_from(limit).unwrap_or(i64::MAX)], |r| r.get(0))
    }

    /// Remembers an event; the same one twice is one. Old ones are forgotten.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn add_health_event(&self, at: DateTime<Utc>, source: &str, state: &str, event: &str) -> Result<()> {
        let text = "INSERT OR REPLACE INTO health_event (at, source, state, event) VALUES (?1, ?2, ?3, ?4)";
        let values = params![at.timestamp(), source, state, event];
        let write = || -> rusqlite::Result<()> {
            self.connection.prepare_cached(text)?.execute(values)?;
            let old = "DELETE FROM health_event WHERE (at, source, state) IN (SELECT at, source, state FROM health_event ORDER BY at DESC, source, state LIMIT -1 OFFSET ?1)";
            self.connection.prepare_cached(old)?.execute([EVENTS])?;
            Ok(())
        };
        self.sql("health cannot be written", write())
    }
}
