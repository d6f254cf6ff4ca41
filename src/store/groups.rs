//! Items, and which of them are one entry: those that share a key, directly or through others.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use rusqlite::Connection;

use super::{Result, Store, json};
use crate::entry::{EntryId, Key, RawEntry};

/// A raw entry with its row.
#[derive(Debug, Clone)]
pub struct Item {
    /// Row.
    pub id: i64,
    /// The raw entry.
    pub raw: RawEntry,
}

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

    pub(super) fn came(&mut self, item: i64) {
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

impl Store {
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
                        let mut raw: RawEntry = json(r, 0)?;
                        raw.html = super::text(r, 1)?;
                        raw.text = super::text(r, 2)?;
                        Ok(Item { id: *id, raw })
                    })
                })
                .collect()
        };
        self.sql("items cannot be read", read())
    }

    /// The items an entry is made of.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn items_of(&self, entry: &EntryId) -> Result<Vec<Item>> {
        let text = "SELECT item FROM part WHERE entry = ?1 ORDER BY item";
        let ids: Vec<i64> = self.rows("items cannot be read", text, [Key::of(entry.as_str()).0], |r| r.get(0))?;
        self.items(&ids)
    }

    /// Whether a local post answers to the key.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn is_post(&self, key: &str) -> Result<bool> {
        let text = "SELECT EXISTS (SELECT 1 FROM item_key k JOIN item i ON i.id = k.item WHERE k.key = ?1 AND i.kind IN ('post', 'digest'))";
        Ok(self.row("keys cannot be read", text, [Key::of(key).0], |r| r.get(0))?.unwrap_or(false))
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
