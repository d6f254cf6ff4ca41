//! What the server and searches read: a light list of all entries, and the search index.
//!
//! The index is a file of its own (`search.sqlite`), filled from the store by those who
//! search: a refresh spends nothing on it, and it can be deleted at any time. It is FTS5
//! without a copy of the text, over words that `normalize::terms` took apart, for its own
//! `trigram` tokenizer finds no Chinese word of two characters. Rows are numbered by the
//! time of their entries: the newest come first without sorting.

use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::{DateTime, Utc};
use rusqlite::{Connection, OpenFlags, OptionalExtension, params};

use super::{MIGRATIONS, Result, Store, StoreError, str_of};
use crate::entry::{Key, Kind};
use crate::normalize::terms::{self, Term};

/// The form of the index. Another one is thrown away and made again.
const FORM: i64 = 1;

/// How long a reader waits for a writer.
const PATIENCE: Duration = Duration::from_millis(1500);

/// As much of an entry as decides whether it is wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Light {
    /// The number of its id, with the language when it is a translation.
    pub key: Key,
    /// The number of the id of the entry that it is, or is a translation of.
    pub original: Key,
    /// When it came up.
    pub published: DateTime<Utc>,
    /// What it is.
    pub kind: Kind,
    /// Its language.
    pub language: Option<String>,
    /// A hash of everything that is known of it.
    pub stamp: i64,
    /// Whether there are translations of it, or it is one.
    pub has_twins: bool,
    /// Feeds that carry it, by their numbers in [`Lights::feeds`], and whether in their
    /// archives only.
    pub feeds: Vec<(u32, bool)>,
}

/// Every entry and translation, lightly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lights {
    /// Newest first.
    pub entries: Vec<Light>,
    /// Names of the feeds that carry any of them.
    pub feeds: Vec<String>,
}

#[derive(serde::Deserialize)]
struct Data {
    kind: Kind,
    #[serde(default)]
    language: Option<String>,
}

impl Store {
    /// Opens the store for reading beside a run that may be writing. It is neither made
    /// nor migrated.
    ///
    /// # Errors
    /// [`StoreError`] when it is not there, is of another version or damaged, or SQLite says no.
    pub fn open_beside(path: &Path) -> Result<Self> {
        let sql = |action| move |source| super::failed(path, action, source);
        // Not read-only: what a killed run left half written has to be taken back first.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sql("cannot be opened"))?;
        connection.busy_timeout(PATIENCE).map_err(sql("cannot be set up"))?;
        connection.set_prepared_statement_cache_capacity(32);
        let setup =
            "PRAGMA query_only = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048; PRAGMA mmap_size = 0;";
        connection.execute_batch(setup).map_err(sql("cannot be set up"))?;
        let store = Self { connection, path: path.to_owned() };
        let version: i64 =
            store.sql("cannot be read", store.connection.query_row("PRAGMA user_version", [], |r| r.get(0)))?;
        let found = usize::try_from(version).unwrap_or(usize::MAX);
        match found.cmp(&MIGRATIONS.len()) {
            Ordering::Less => Err(StoreError::Older { path: path.to_owned() }),
            Ordering::Equal => Ok(store),
            Ordering::Greater => Err(StoreError::Newer { path: path.to_owned(), found, known: MIGRATIONS.len() }),
        }
    }

    /// A number that changes when somebody else wrote.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn version(&self) -> Result<i64> {
        self.sql("cannot be read", self.connection.query_row("PRAGMA data_version", [], |r| r.get(0)))
    }

    /// Every entry and translation, lightly.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn light(&self) -> Result<Lights> {
        let read = || -> rusqlite::Result<Lights> {
            // One transaction: the two tables are of one moment.
            let transaction = self.connection.unchecked_transaction()?;
            let mut feeds: Vec<String> = Vec::new();
            let mut carried: HashMap<i64, Vec<(u32, bool)>> = HashMap::new();
            let mut statement =
                transaction.prepare_cached("SELECT entry, feed, quiet FROM feed_entry ORDER BY feed")?;
            let mut rows = statement.query([])?;
            let mut number = 0;
            while let Some(row) = rows.next()? {
                let feed = str_of(row, 1)?;
                if feeds.last().is_none_or(|last| last != feed) {
                    number = u32::try_from(feeds.len()).unwrap_or(u32::MAX);
                    feeds.push(feed.to_owned());
                }
                carried.entry(row.get(0)?).or_default().push((number, row.get(2)?));
            }
            let text = "SELECT id, original, published, data, content FROM entry ORDER BY published DESC, id";
            let mut statement = transaction.prepare_cached(text)?;
            let rows = statement.query_map([], |r| {
                let key: i64 = r.get(0)?;
                let data = str_of(r, 3)?;
                let light: Data = super::from_json(data)?;
                let content: i64 = r.get(4)?;
                let mut hasher = blake3::Hasher::new();
                hasher.update(data.as_bytes()).update(&content.to_le_bytes());
                let mut stamp = [0; 8];
                stamp.copy_from_slice(&hasher.finalize().as_bytes()[..8]);
                Ok(Light {
                    key: Key(key),
                    original: Key(r.get(1)?),
                    published: super::moment(r.get(2)?),
                    kind: light.kind,
                    language: light.language,
                    stamp: i64::from_le_bytes(stamp),
                    has_twins: false,
                    feeds: carried.remove(&key).unwrap_or_default(),
                })
            })?;
            let mut entries = rows.collect::<rusqlite::Result<Vec<Light>>>()?;
            let translated: HashSet<Key> = entries.iter().filter(|l| l.key != l.original).map(|l| l.original).collect();
            for light in &mut entries {
                light.has_twins = translated.contains(&light.original);
            }
            Ok(Lights { entries, feeds })
        };
        self.sql("entries cannot be read", read())
    }

    /// The title and the plain text of an entry.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn words_of(&self, key: Key) -> Result<Option<(String, String)>> {
        let text = "SELECT json_extract(e.data, '$.title'), i.text FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        self.row("an entry cannot be read", text, [key.0], |r| Ok((super::text(r, 0)?, super::text(r, 1)?)))
    }

    /// An entry by the number of its id, whole.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn whole_entry_at(&self, key: Key) -> Result<Option<crate::entry::Entry>> {
        let text = "SELECT e.data, i.html, i.text FROM entry e JOIN item i ON i.id = e.content WHERE e.id = ?1";
        Ok(self.entries(text, [key.0])?.pop())
    }
}

/// As much of an entry as a list of search results shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Brief {
    /// The number of its id.
    pub id: Key,
    /// Title.
    pub title: String,
    /// Where it is to be read.
    pub link: String,
    /// What it is.
    pub kind: Kind,
    /// When it came up.
    pub published: DateTime<Utc>,
    /// Slugs of its projects.
    pub projects: Vec<String>,
    /// Its beginning.
    pub summary: String,
}

#[derive(serde::Deserialize)]
struct BriefData {
    title: String,
    link: String,
    kind: Kind,
    #[serde(default)]
    summary: String,
    #[serde(default)]
    projects: Vec<BriefProject>,
}

#[derive(serde::Deserialize)]
struct BriefProject {
    slug: String,
}

impl Store {
    /// An entry as search shows it; none where there is none, or where a feed carries it
    /// that is neither `alone` nor a part of it.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn brief(&self, id: Key, alone: Option<&str>) -> Result<Option<Brief>> {
        let text = "SELECT published, data FROM entry WHERE id = ?1 AND (?2 IS NULL OR NOT EXISTS (SELECT 1 FROM feed_entry o WHERE o.entry = ?1 AND o.feed <> ?2 AND substr(o.feed, 1, length(?2) + 1) <> ?2 || '/'))";
        self.row("entries cannot be read", text, params![id.0, alone], |r| {
            let published = super::moment(r.get(0)?);
            let BriefData { title, link, kind, summary, projects } = super::json(r, 1)?;
            let projects = projects.into_iter().map(|p| p.slug).collect();
            Ok(Brief { id, title, link, kind, published, projects, summary })
        })
    }
}

/// The search index.
#[derive(Debug)]
pub struct Index {
    connection: Connection,
    path: PathBuf,
}

/// What has to be done so that the index knows every entry.
#[derive(Debug, Default)]
pub struct Behind {
    /// Not in it, or not as they are now; newest last, to be taken from the end.
    pub missing: Vec<(Key, DateTime<Utc>, i64)>,
    /// In it, but gone.
    pub gone: Vec<Key>,
}

impl Behind {
    /// Nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.missing.is_empty() && self.gone.is_empty()
    }
}

/// Where words have to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Where {
    /// In the title.
    Title,
    /// In the title or the text.
    Anywhere,
}

impl Index {
    /// Opens the index; one of another form, or damaged, is begun anew.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn open(path: &Path) -> Result<Self> {
        match Self::try_open(path) {
            Ok(index) => Ok(index),
            Err(_) => Self::begin_anew(path),
        }
    }

    /// An index that goes away with the program.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn in_memory() -> Result<Self> {
        Self::set_up(Path::new("memory"), Connection::open_in_memory())
    }

    fn try_open(path: &Path) -> Result<Self> {
        Self::set_up(path, Connection::open(path))
    }

    fn set_up(path: &Path, connection: rusqlite::Result<Connection>) -> Result<Self> {
        let make = |connection: Connection| -> rusqlite::Result<Connection> {
            connection.busy_timeout(PATIENCE)?;
            // Nothing in it is lost when it is: the store has it all.
            connection.execute_batch("PRAGMA journal_mode = TRUNCATE; PRAGMA synchronous = OFF; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -2048;")?;
            let form: i64 = connection.query_row("PRAGMA user_version", [], |r| r.get(0))?;
            if form != FORM {
                connection.execute_batch(&format!(
                    "BEGIN IMMEDIATE;
                     DROP TABLE IF EXISTS found; DROP TABLE IF EXISTS known;
                     CREATE VIRTUAL TABLE found USING fts5 (title, text, ends, tokenize = \"unicode61 remove_diacritics 2\", content = '', contentless_delete = 1);
                     CREATE TABLE known (key INTEGER PRIMARY KEY, place INTEGER NOT NULL UNIQUE, stamp INTEGER NOT NULL);
                     PRAGMA user_version = {FORM};
                     COMMIT;"
                ))?;
            }
            Ok(connection)
        };
        let done = connection.and_then(make);
        let connection =
            done.map_err(|source| StoreError::Sql { path: path.to_owned(), action: "cannot be opened", source })?;
        Ok(Self { connection, path: path.to_owned() })
    }

    fn sql<T>(&self, action: &'static str, result: rusqlite::Result<T>) -> Result<T> {
        result.map_err(|source| super::failed(&self.path, action, source))
    }

    /// Deletes the index at `path` and begins another.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn begin_anew(path: &Path) -> Result<Self> {
        let _ = std::fs::remove_file(path);
        Self::try_open(path)
    }

    /// What is missing and what is gone, compared with `entries`, newest first.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn behind(&self, entries: &[Light]) -> Result<Behind> {
        let read = || -> rusqlite::Result<HashMap<i64, i64>> {
            let mut statement = self.connection.prepare_cached("SELECT key, stamp FROM known")?;
            statement.query_map([], |r| Ok((r.get(0)?, r.get(1)?)))?.collect()
        };
        let mut known = self.sql("cannot be read", read())?;
        let mut behind = Behind::default();
        for entry in entries.iter().rev() {
            if known.remove(&entry.key.0) != Some(entry.stamp) {
                behind.missing.push((entry.key, entry.published, entry.stamp));
            }
        }
        behind.gone = known.into_keys().map(Key).collect();
        Ok(behind)
    }

    /// Takes the newest `most` of what is missing, and what is gone, from `behind` into
    /// the index.
    ///
    /// # Errors
    /// What SQLite says; the next one to look does it again.
    pub fn catch_up(&mut self, store: &Store, behind: &mut Behind, most: usize) -> Result<()> {
        let mut texts = Vec::new();
        let from = behind.missing.len().saturating_sub(most);
        for (key, published, stamp) in behind.missing.drain(from..).rev() {
            if let Some((title, text)) = store.words_of(key)? {
                texts.push((key, published, stamp, title, text));
            }
        }
        let gone = std::mem::take(&mut behind.gone);
        let write = || -> rusqlite::Result<()> {
            let transaction = self.connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
            let forget = |key: Key| -> rusqlite::Result<()> {
                let place: Option<i64> = transaction
                    .prepare_cached("DELETE FROM known WHERE key = ?1 RETURNING place")?
                    .query_row([key.0], |r| r.get(0))
                    .optional()?;
                if let Some(place) = place {
                    transaction.prepare_cached("DELETE FROM found WHERE rowid = ?1")?.execute([place])?;
                }
                Ok(())
            };
            for key in gone {
                forget(key)?;
            }
            for (key, published, stamp, title, text) in &texts {
                forget(*key)?;
                // Entries of one second stand side by side.
                let mut place = (published.timestamp() << 24) | (key.0 & 0xff_ffff);
                while transaction.prepare_cached("SELECT 1 FROM known WHERE place = ?1")?.exists([place])? {
                    place += 1;
                }
                let (title, text) = (terms::words(title), terms::words(text));
                let all: Vec<String> = title.iter().chain(&text).cloned().collect();
                let ends = terms::ends(&all).join(" ");
                transaction
                    .prepare_cached("INSERT INTO found (rowid, title, text, ends) VALUES (?1, ?2, ?3, ?4)")?
                    .execute(params![place, title.join(" "), text.join(" "), ends])?;
                transaction
                    .prepare_cached("INSERT INTO known (key, place, stamp) VALUES (?1, ?2, ?3)")?
                    .execute(params![key.0, place, stamp])?;
            }
            transaction.commit()
        };
        let done = write();
        self.sql("cannot be written", done)
    }

    /// Entries that have all of `terms`, newest first, until `wanted` says enough.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn find(&self, terms: &[Term], place: Where, mut wanted: impl FnMut(Key) -> Wanted) -> Result<()> {
        let Some(expression) = expression(terms, place) else {
            return Ok(());
        };
        let text =
            "SELECT k.key FROM found f JOIN known k ON k.place = f.rowid WHERE found MATCH ?1 ORDER BY f.rowid DESC";
        let mut read = || -> rusqlite::Result<()> {
            let mut statement = self.connection.prepare_cached(text)?;
            let mut rows = statement.query([&expression])?;
            while let Some(row) = rows.next()? {
                match wanted(Key(row.get(0)?)) {
                    Wanted::More => {}
                    Wanted::Enough => break,
                }
            }
            Ok(())
        };
        self.sql("cannot be searched", read())
    }
}

/// Whether more is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// The next one too.
    More,
    /// That was the last.
    Enough,
}

/// The terms in the language of FTS5. Words have letters and digits only, and stand in
/// quotes: nothing in them is part of that language.
fn expression(terms: &[Term], place: Where) -> Option<String> {
    if terms.is_empty() {
        return None;
    }
    let each: Vec<String> =
        terms.iter().map(|t| format!("\"{}\"{}", t.words.join(" "), if t.open { " *" } else { "" })).collect();
    let all = each.join(" AND ");
    Some(match place {
        Where::Anywhere => all,
        Where::Title => format!("{{title}} : ({all})"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entry::{Entry, EntryId, RawEntry};
    use crate::store::{Derived, NewDocument, Stamp, Touched};

    fn put(store: &mut Store, name: &str, title: &str, text: &str, published: i64) {
        let mut raw = RawEntry::new(Kind::Question, name.to_owned(), title);
        raw.text = text.to_owned();
        let document = NewDocument {
            origin: "posts:a",
            path: name,
            stamp: Stamp { size: 1, modified_ns: 2, changed_ns: 3 },
            hash: "h",
            raw: b"x",
            reading: "{}",
            waits_until: None,
            items: vec![raw],
        };
        store.put_document(document, &mut Touched::default()).unwrap();
        let item: i64 =
            store.connection.query_row("SELECT id FROM item ORDER BY id DESC LIMIT 1", [], |r| r.get(0)).unwrap();
        let time = DateTime::from_timestamp(published, 0).unwrap();
        let entry = Entry {
            id: EntryId::foreign(name),
            kind: Kind::Question,
            title: title.to_owned(),
            link: "https://example.org/".to_owned(),
            text: String::new(),
            html: String::new(),
            summary: String::new(),
            authors: Vec::new(),
            published: time,
            issued: None,
            updated: time,
            first_seen: time,
            language: None,
            image: None,
            pictures: Default::default(),
            enclosures: Vec::new(),
            version: None,
            channel: None,
            starts_at: None,
            projects: Vec::new(),
            mentions: Vec::new(),
            source: None,
        };
        let feeds = vec!["all".to_owned()];
        let derived = Derived {
            entry,
            translation: None,
            content: item,
            items: vec![item],
            feeds,
            quiet: vec![],
            pictures: vec![],
        };
        store.put_entry(derived).unwrap();
    }

    fn found(index: &Index, q: &str, place: Where) -> Vec<Key> {
        let mut keys = Vec::new();
        index
            .find(&terms::query(q), place, |key| {
                keys.push(key);
                Wanted::More
            })
            .unwrap();
        keys
    }

    #[test]
    fn words_are_found_in_every_script() {
        let mut store = Store::in_memory().unwrap();
        put(&mut store, "a", "MOSN 支持限流吗？", "在 SOFARPC 里可以平滑升级。", 100);
        put(&mut store, "b", "Graceful restart of listeners", "the drain time is 30s; café", 200);
        put(&mut store, "c", "限制流量", "rate limits", 300);
        let mut index = Index::in_memory().unwrap();
        let mut behind = index.behind(&store.light().unwrap().entries).unwrap();
        assert_eq!(behind.missing.len(), 3);
        while !behind.is_empty() {
            index.catch_up(&store, &mut behind, 2).unwrap();
        }
        let key = |names: &[&str]| names.iter().map(|n| Key::of(n)).collect::<Vec<_>>();
        for (q, expected) in [
            ("限流", &["a"][..]),
            ("限", &["c", "a"]),
            ("平滑升级", &["a"]),
            ("rpc", &["a"]),
            ("mosn 升级", &["a"]),
            ("graceful", &["b"]),
            ("GRACE restart", &["b"]),
            ("\"restart of\"", &["b"]),
            ("\"of restart\"", &[]),
            ("cafe", &["b"]),
            ("30s", &["b"]),
            ("limit", &["c"]),
            ("title: * OR a\" NEAR(", &[]),
            ("\u{0}';--", &[]),
            ("", &[]),
        ] {
            assert_eq!(found(&index, q, Where::Anywhere), key(expected), "{q}");
        }
        assert_eq!(found(&index, "升级", Where::Title), key(&[]));
        assert_eq!(found(&index, "限流", Where::Title), key(&["a"]));
    }

    #[test]
    fn the_index_follows_the_store() {
        let mut store = Store::in_memory().unwrap();
        put(&mut store, "a", "first", "", 100);
        put(&mut store, "b", "second", "", 100);
        let mut index = Index::in_memory().unwrap();
        let mut behind = index.behind(&store.light().unwrap().entries).unwrap();
        index.catch_up(&store, &mut behind, 10).unwrap();
        assert!(index.behind(&store.light().unwrap().entries).unwrap().is_empty());
        put(&mut store, "a", "third", "", 100);
        store.connection.execute("DELETE FROM entry WHERE id = ?1", [Key::of("b").0]).unwrap();
        let mut behind = index.behind(&store.light().unwrap().entries).unwrap();
        assert_eq!((behind.missing.len(), behind.gone.len()), (1, 1));
        index.catch_up(&store, &mut behind, 10).unwrap();
        assert_eq!(found(&index, "first", Where::Anywhere), []);
        assert_eq!(found(&index, "second", Where::Anywhere), []);
        assert_eq!(found(&index, "third", Where::Anywhere), [Key::of("a")]);
    }

    #[test]
    fn a_damaged_index_is_begun_anew() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("search.sqlite");
        std::fs::write(&path, "no database at all".repeat(100)).unwrap();
        let index = Index::open(&path).unwrap();
        assert_eq!(found(&index, "a", Where::Anywhere), []);
    }
}
