//! What must never change: ids, what they were minted from, when each entry was
//! first seen, when its text changed, which feeds it was published in.
//!
//! A text file, to be kept and committed: the first line names the start of ids, with the
//! feeds that are held back and those that keep an id of their own, then there is a line for
//! each archive document, for each post that has no date, for each source and for each
//! address whose page says that it has others, then one JSON object an entry,
//! sorted by id, so that two branches merge line by line. The store may be
//! deleted at any time; with the ledger the same bytes come out.
//!
//! Pure: text in, values out. [`crate::files`] does the reading and writing,
//! [`matching`] finds the old item behind an edited one.

mod keys;
mod line;
pub mod matching;
mod rows;
pub mod sources;
mod summary;

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, hash_map};
use std::io;
use std::ops::Range;

use chrono::{DateTime, SecondsFormat, Utc};

use self::keys::KeyHasher;
use self::rows::{Alias, Dated, Head, is_key_of_post};
use crate::entry::{EntryId, Key};

pub use self::rows::{Archive, Place, Row};
pub use self::summary::Summary;

/// So many rows are open at once while entries are made.
const MOST_OPEN: usize = 2048;

/// The newest form of the file this version knows.
pub const VERSION: u32 = 3;

/// A ledger that was read. A line is taken apart when its entry is asked for: most runs
/// ask for a few of very many.
#[derive(Debug, Clone, Default)]
pub struct Ledger {
    /// Start of minted ids.
    pub id_base: String,
    /// Hash of the configuration it was written with.
    pub rules: String,
    /// Feeds that are held back, with how many entries they have for their readers.
    pub held: BTreeMap<String, usize>,
    /// Slugs whose feeds have an id of their own, though they lead to one project now, and the
    /// slug that is in it.
    pub feed_ids: BTreeMap<String, String>,
    /// Archive documents, by name.
    pub archives: BTreeMap<String, Archive>,
    /// Dates given to posts that have none, by key.
    pub dates: BTreeMap<String, DateTime<Utc>>,
    /// What pages said of themselves: keys of other addresses of one page, by the key of
    /// the address that was asked.
    pub aliases: BTreeMap<String, BTreeSet<String>>,
    /// Sources, by name.
    pub sources: BTreeMap<String, sources::Line>,
    /// The file as it was read.
    source: String,
    /// Lines of rows that became others since, and were closed.
    added: String,
    slots: Vec<Slot>,
    by_id: HashMap<Key, usize, KeyHasher>,
    by_key: HashMap<Key, usize, KeyHasher>,
    /// What the lines say together that were not opened.
    closed: Summary,
    /// Rows that may have become others.
    open: Vec<usize>,
}

/// A row, and the line that says it.
#[derive(Debug, Clone, Default)]
struct Slot {
    /// Where its line is in the file, or behind that in what was added; empty when it has none.
    line: Range<usize>,
    row: OnceCell<Box<Row>>,
    open: bool,
}

/// Why a ledger could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A newer Feedloom wrote it.
    #[error("written by a newer feedloom (form {0}, this one knows {VERSION}): use that version")]
    Newer(u32),
    /// A line is no entry: a merge went wrong.
    #[error("line {line}: {problem}: mend the line, or take the file of the last good commit")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

impl Ledger {
    /// A ledger without entries.
    pub fn new(id_base: String) -> Self {
        Self { id_base, ..Self::default() }
    }

    /// Reads a ledger. Lines in any order, and the same id twice, as merges leave them,
    /// are put right: the one seen first wins.
    ///
    /// # Errors
    /// [`LedgerError`]: nothing is guessed, since what is lost here changes ids.
    pub fn parse(text: impl Into<String>) -> Result<Self, LedgerError> {
        let mut ledger = Self::default();
        let text: String = text.into();
        let mut others: Vec<Row> = Vec::new();
        let lines = memchr::memchr_iter(b'\n', text.as_bytes()).count();
        ledger.slots.reserve(lines);
        ledger.by_id.reserve(lines);
        ledger.by_key.reserve(lines * 2);
        // Very many lines have one of a few sets of feeds.
        let mut tally: HashMap<(line::List<'_>, line::List<'_>, bool), usize> = HashMap::new();
        let mut next = 0;
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let place = next..next + line.len();
            next = place.end;
            let line = line.trim_end();
            if line.trim().is_empty() {
                continue;
            }
            if ["<<<<<<<", "=======", ">>>>>>>"].iter().any(|mark| line.starts_with(mark)) {
                let problem = "a merge left its marks: keep the lines of both sides, each stands for itself";
                return Err(LedgerError::Line { line: n + 1, problem: problem.to_owned() });
            }
            let failed = |e: serde_json::Error| {
                // It is one line to the parser; its place is told already.
                let text = e.to_string();
                let problem = text.split(" at line ").next().unwrap_or_default();
                LedgerError::Line { line: n + 1, problem: format!("no line of a ledger ({problem})") }
            };
            if line.starts_with("{\"id\"") {
                match line::scan(line).filter(|scanned| ledger.push_line(scanned, place)) {
                    Some(scanned) => {
                        *tally.entry((scanned.feeds, scanned.left, scanned.gone.is_some())).or_default() += 1
                    }
                    None => others.push(serde_json::from_str(line).map_err(failed)?),
                }
            } else if line.starts_with("{\"archive\"") {
                let archive: Archive = serde_json::from_str(line).map_err(failed)?;
                let known = ledger.archives.entry(archive.archive.clone()).or_insert_with(|| archive.clone());
                if archive.issue > known.issue {
                    *known = archive;
                }
            } else if line.starts_with("{\"dated\"") {
                let Dated { dated, date } = serde_json::from_str(line).map_err(failed)?;
                let known = ledger.dates.entry(dated).or_insert(date);
                *known = date.min(*known);
            } else if line.starts_with("{\"alias\"") {
                let Alias { alias, of } = serde_json::from_str(line).map_err(failed)?;
                ledger.aliases.entry(alias).or_default().extend(of);
            } else if line.starts_with("{\"source\"") {
                let line: sources::Line = serde_json::from_str(line).map_err(failed)?;
                match ledger.sources.entry(line.source.clone()) {
                    Entry::Occupied(mut known) => known.get_mut().join(line),
                    Entry::Vacant(place) => drop(place.insert(line)),
                }
            } else {
                let head: Head = serde_json::from_str(line).map_err(failed)?;
                if head.ledger > VERSION {
                    return Err(LedgerError::Newer(head.ledger));
                }
                ledger.held.extend(head.held);
                ledger.feed_ids.extend(head.feed_ids);
                if ledger.id_base.is_empty() {
                    ledger.id_base = head.id_base;
                    ledger.rules = head.rules;
                }
            }
        }
        if ledger.id_base.is_empty() {
            return Err(LedgerError::Line { line: 1, problem: "the first line with `id_base` is missing".to_owned() });
        }
        for ((feeds, left, gone), rows) in tally {
            ledger.closed.count_feeds(rows, gone, feeds.iter(), left.iter());
        }
        ledger.source = text;
        others.into_iter().for_each(|row| ledger.take_in(row));
        Ok(ledger)
    }

    /// Takes a line in, without its feeds; false where there is one of that id.
    fn push_line(&mut self, scanned: &line::Scanned<'_>, place: Range<usize>) -> bool {
        let n = self.slots.len();
        let id = Key::of(scanned.id);
        match self.by_id.entry(id) {
            hash_map::Entry::Occupied(_) => return false,
            hash_map::Entry::Vacant(free) => free.insert(n),
        };
        for key in scanned.keys.iter() {
            self.by_key.entry(Key::of(key)).or_insert(n);
        }
        let is_post = scanned.keys.iter().next().is_some_and(is_key_of_post);
        self.closed.count(id, is_post, scanned.gone.is_some());
        self.slots.push(Slot { line: place, ..Slot::default() });
        true
    }

    /// Two lines of one id are one entry.
    fn take_in(&mut self, mut row: Row) {
        let id = Key::of(&row.id);
        let Some(&n) = self.by_id.get(&id) else {
            self.push(row);
            return;
        };
        let kept = self.open(n);
        if row.seen < kept.seen {
            std::mem::swap(&mut row, kept);
        }
        let mut join = |ours: fn(&mut Row) -> &mut Vec<String>| {
            let theirs = std::mem::take(ours(&mut row));
            let ours = ours(kept);
            for text in theirs {
                if !ours.contains(&text) {
                    ours.push(text);
                }
            }
        };
        join(|r| &mut r.keys);
        join(|r| &mut r.feeds);
        join(|r| &mut r.left);
        join(|r| &mut r.quiet);
        kept.changed = kept.changed.max(row.changed);
        if row.gone.is_none() {
            kept.gone = None;
        }
        let keys: Vec<Key> = kept.keys.iter().map(|k| Key::of(k)).collect();
        for key in keys {
            self.by_key.entry(key).or_insert(n);
        }
    }

    fn push(&mut self, row: Row) -> usize {
        let n = self.slots.len();
        self.by_id.insert(Key::of(&row.id), n);
        for key in &row.keys {
            self.by_key.entry(Key::of(key)).or_insert(n);
        }
        self.slots.push(Slot { row: OnceCell::from(Box::new(row)), open: true, ..Slot::default() });
        self.open.push(n);
        n
    }

    /// A row to be changed.
    fn open(&mut self, n: usize) -> &mut Row {
        if !self.slots[n].open {
            let row = self.row_at(n).clone();
            self.closed.take_back(&row);
            self.slots[n] = Slot { row: OnceCell::from(Box::new(row)), open: true, ..self.slots[n].clone() };
            self.open.push(n);
        }
        self.slots[n].row.get_mut().expect("an open row is there")
    }

    /// Lets go of rows that were to be changed: what they say now is kept as their lines,
    /// which take less than half of the room.
    pub fn close(&mut self) {
        for n in std::mem::take(&mut self.open) {
            let (from, slot) = (self.added.len(), &self.slots[n]);
            let Some(row) = slot.row.get() else { continue };
            line::write(row, &mut self.added);
            self.closed.count_row(row);
            let mut line = self.source.len() + from..self.source.len() + self.added.len();
            if self.added[from..] == *self.line(slot) {
                self.added.truncate(from);
                line = slot.line.clone();
            }
            self.slots[n] = Slot { line, ..Slot::default() };
        }
    }

    /// [`close`](Self::close), once it is worth it.
    pub fn close_many(&mut self) {
        if self.open.len() >= MOST_OPEN {
            self.close();
        }
    }

    fn line(&self, slot: &Slot) -> &str {
        match slot.line.start.checked_sub(self.source.len()) {
            Some(from) => &self.added[from..slot.line.end - self.source.len()],
            None => &self.source[slot.line.clone()],
        }
    }

    /// Whether nothing was ever published.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Every entry, in no order that means anything.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        (0..self.slots.len()).map(|n| self.row_at(n))
    }

    /// A row by its place.
    ///
    /// # Panics
    /// When there is none: places come from [`index`](Self::index) and [`with_key`](Self::with_key).
    pub fn row_at(&self, n: usize) -> &Row {
        let slot = &self.slots[n];
        slot.row.get_or_init(|| {
            let line = self.line(slot).trim_end();
            Box::new(line::read(line).expect("only lines that were scanned, or written here, have no row"))
        })
    }

    /// What the rows say together.
    pub fn summary(&self) -> Summary {
        let mut all = self.closed.clone();
        for row in self.open.iter().map(|n| self.row_at(*n)) {
            all.count_row(row);
        }
        all.sizes.retain(|_, count| *count > 0);
        all
    }

    /// The entry of that id.
    pub fn row(&self, id: Key) -> Option<&Row> {
        self.by_id.get(&id).map(|n| self.row_at(*n))
    }

    /// Which row an id has.
    pub fn index(&self, id: Key) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// Which row a key stands for.
    pub fn with_key(&self, key: Key) -> Option<usize> {
        self.by_key.get(&key).copied()
    }

    /// The row of an id, made when there is none. `seen` is when it was met.
    pub fn row_mut(&mut self, id: &EntryId, seen: DateTime<Utc>) -> &mut Row {
        let n = match self.index(Key::of(id.as_str())) {
            Some(n) => n,
            None => self.push(Row {
                id: id.to_string(),
                keys: Vec::new(),
                place: None,
                says: String::new(),
                seen,
                hash: String::new(),
                changed: None,
                feeds: Vec::new(),
                left: Vec::new(),
                quiet: Vec::new(),
                gone: None,
            }),
        };
        self.open(n)
    }

    /// Lets keys stand for an id. One that stands for another id stays there while that
    /// one can be found by it, and goes over when `taken` says that it is in use for
    /// something else.
    pub fn add_keys<'k, E>(
        &mut self,
        id: &EntryId,
        keys: impl Iterator<Item = &'k str>,
        taken: impl Fn(&EntryId) -> Result<bool, E>,
    ) -> Result<(), E> {
        let Some(n) = self.index(Key::of(id.as_str())) else {
            return Ok(());
        };
        for text in keys {
            let key = Key::of(text);
            match self.by_key.get(&key).copied() {
                Some(owner) if owner == n => {}
                Some(owner) if !taken(&EntryId::foreign(self.row_at(owner).id.clone()))? => {}
                Some(owner) => {
                    self.open(owner).keys.retain(|k| k != text);
                    self.by_key.insert(key, n);
                }
                None => {
                    self.by_key.insert(key, n);
                }
            }
            if self.by_key.get(&key) == Some(&n) && !self.row_at(n).keys.iter().any(|k| k == text) {
                self.open(n).keys.push(text.to_owned());
            }
        }
        Ok(())
    }

    /// Remembers that a page that was asked for by the first key has the others, too.
    pub fn add_alias(&mut self, keys: &[String]) {
        if let [asked, others @ ..] = keys
            && !others.is_empty()
        {
            self.aliases.entry(asked.clone()).or_default().extend(others.iter().cloned());
        }
    }

    /// Withdraws an entry, or lets it be there again.
    pub fn set_gone(&mut self, id: Key, gone: Option<DateTime<Utc>>) {
        if let Some(&n) = self.by_id.get(&id)
            && self.row_at(n).gone.is_some() != gone.is_some()
        {
            self.open(n).gone = gone;
        }
    }

    /// Gives every id of this site another start.
    pub fn change_base(&mut self, base: &str) {
        let old = std::mem::replace(&mut self.id_base, base.to_owned());
        let rows: Vec<Row> = self.rows().cloned().collect();
        (self.by_id, self.by_key) = Default::default();
        (self.slots, self.open, self.closed) = Default::default();
        for mut row in rows {
            if let Some(rest) = row.id.strip_prefix(&old) {
                row.id = format!("{base}{rest}");
            }
            self.push(row);
        }
    }

    /// Forgets that a feed was ever published.
    pub fn forget_feed(&mut self, wanted: impl Fn(&str) -> bool) {
        for n in 0..self.slots.len() {
            let row = self.open(n);
            row.feeds.retain(|f| wanted(f));
            row.left.retain(|f| wanted(f));
            row.quiet.retain(|f| wanted(f));
        }
        // Every row is open now.
        self.closed = Summary::default();
        self.feed_ids.retain(|slug, _| wanted(slug));
        self.held.retain(|feed, _| wanted(feed));
        self.archives.retain(|name, _| name.rsplit_once('/').is_some_and(|(feed, _)| wanted(feed)));
    }

    /// Writes the file: sorted, times in whole seconds.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn write_to(&self, out: &mut impl io::Write) -> io::Result<()> {
        out.write_all(self.head().as_bytes())?;
        let id = |n: &usize| match &self.slots[*n] {
            slot if !slot.open => line::id(self.line(slot)),
            _ => Cow::Borrowed(self.row_at(*n).id.as_str()),
        };
        let mut order: Vec<usize> = (0..self.slots.len()).collect();
        // Lines are sorted already: a sort that sees it.
        order.sort_by(|a, b| id(a).cmp(&id(b)));
        let mut open = String::new();
        for n in order {
            match &self.slots[n] {
                slot if !slot.open => {
                    out.write_all(self.line(slot).trim_end().as_bytes())?;
                    out.write_all(b"\n")?;
                }
                _ => {
                    open.clear();
                    line::write(self.row_at(n), &mut open);
                    out.write_all(open.as_bytes())?;
                }
            }
        }
        Ok(())
    }

    /// A hash of all that may have changed since the ledger was read: the same one, the same file.
    pub fn state(&self) -> blake3::Hash {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.head().as_bytes()).update(self.slots.len().to_string().as_bytes());
        let mut open = String::new();
        for (n, slot) in self.slots.iter().enumerate() {
            let was_read = slot.line.start < self.source.len();
            if slot.open {
                open.clear();
                line::write(self.row_at(n), &mut open);
                if !was_read || open != self.line(slot) {
                    hasher.update(open.as_bytes());
                }
            } else if !was_read {
                hasher.update(self.line(slot).as_bytes());
            }
        }
        hasher.finalize()
    }

    /// The lines that are no entry's.
    fn head(&self) -> String {
        let (id_base, rules) = (self.id_base.clone(), self.rules.clone());
        let (held, feed_ids) = (self.held.clone(), self.feed_ids.clone());
        let head = Head { ledger: VERSION, id_base, rules, held, feed_ids };
        let mut text = serde_json::to_string(&head).unwrap_or_default();
        text.push('\n');
        for archive in self.archives.values() {
            text.push_str(&serde_json::to_string(archive).unwrap_or_default());
            text.push('\n');
        }
        for (dated, date) in &self.dates {
            let date = date.to_rfc3339_opts(SecondsFormat::Secs, true);
            text.push_str(&serde_json::json!({ "dated": dated, "date": date }).to_string());
            text.push('\n');
        }
        for source in self.sources.values() {
            text.push_str(&serde_json::to_string(source).unwrap_or_default());
            text.push('\n');
        }
        for (alias, of) in &self.aliases {
            text.push_str(&serde_json::json!({ "alias": alias, "of": of }).to_string());
            text.push('\n');
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::State;

    fn row(id: &str, seconds: i64) -> Row {
        let seen = DateTime::from_timestamp(seconds, 0).unwrap();
        let keys = vec![format!("post:\"{id}\"")];
        let mut ledger = Ledger::new(String::new());
        Row { keys, hash: "h".to_owned(), ..ledger.row_mut(&EntryId::foreign(id), seen).clone() }
    }

    fn text_of(ledger: &Ledger) -> String {
        let mut bytes = Vec::new();
        ledger.write_to(&mut bytes).unwrap();
        String::from_utf8(bytes).unwrap()
    }

    fn ledger(rows: Vec<Row>) -> Ledger {
        let mut ledger = Ledger::new("t:".to_owned());
        rows.into_iter().for_each(|r| ledger.take_in(r));
        ledger
    }

    #[test]
    fn what_is_written_is_read_back() {
        let time = |s| DateTime::from_timestamp(s, 0);
        let full = Row {
            place: Some(Place("weekly/1.md".to_owned(), 3)),
            says: "为什么 mosn".to_owned(),
            changed: time(9),
            feeds: vec!["all".to_owned(), "mosn".to_owned()],
            quiet: vec!["mosn".to_owned()],
            gone: time(10),
            ..row("b", 2)
        };
        let mut before = ledger(vec![full.clone(), row("a", 1)]);
        before.held.insert("mosn".to_owned(), 14);
        before.feed_ids.insert("layotto".to_owned(), "layotto".to_owned());
        let archive = Archive { archive: "mosn/2022-09".to_owned(), issue: 2, hash: "x".to_owned() };
        before.archives.insert(archive.archive.clone(), archive);
        before.add_alias(&["weixin:s/x".to_owned(), "weixin:A/1/1".to_owned()]);
        before.add_alias(&["url:example.org/alone".to_owned()]);
        let mut source = sources::Line::new("releases");
        source.also_at("https://a.example/feed");
        before.sources.insert("releases".to_owned(), source);
        let text = text_of(&before);
        assert_eq!(text.lines().count(), 6);
        let after = Ledger::parse(text.as_str()).unwrap();
        assert_eq!(after.row(Key::of("b")), Some(&full));
        assert_eq!((&after.aliases, &after.held), (&before.aliases, &before.held));
        assert_eq!(after.feed_ids, before.feed_ids);
        assert_eq!(text_of(&after), text);
    }

    #[test]
    fn closed_rows_say_what_open_ones_said() {
        let time = |s| DateTime::from_timestamp(s, 0);
        let plain = |id: &str| Row { keys: vec![format!("post:{id}")], ..row(id, 1) };
        let text = text_of(&ledger(vec![plain("a"), plain("b"), row("b\"", 4), row("b\\", 4), row("q", 4)]));
        let mut open = Ledger::parse(text.as_str()).unwrap();
        let read = open.state();
        let mut closed = open.clone();
        let change = |ledger: &mut Ledger, hash: &str| {
            for id in ["b", "b\"", "c", "c\"", "q"] {
                let row = ledger.row_mut(&EntryId::foreign(id), time(3).unwrap());
                (row.feeds, row.hash) = (vec!["all".to_owned()], hash.to_owned());
            }
        };
        change(&mut open, "new");
        change(&mut closed, "between");
        closed.close();
        change(&mut closed, "new");
        closed.close();
        closed.close();
        assert_ne!(open.state(), read);
        assert_eq!(closed.state(), open.state());
        assert_eq!(closed.summary(), open.summary());
        assert_eq!(text_of(&closed), text_of(&open));
        assert_eq!(closed.row(Key::of("c")), open.row(Key::of("c")));
        // What is again as it was read is no change.
        let mut same = Ledger::parse(text.as_str()).unwrap();
        change(&mut same, "h");
        same.row_mut(&EntryId::foreign("b"), time(3).unwrap()).feeds.clear();
        same.close();
        assert_eq!(same.slots[1].line, Ledger::parse(text.as_str()).unwrap().slots[1].line);
    }

    #[test]
    fn a_merge_is_put_right() {
        let other = Row { keys: vec!["url:x".to_owned()], gone: DateTime::from_timestamp(6, 0), ..row("a", 5) };
        let one = |r: &Row| {
            let mut text = String::new();
            line::write(r, &mut text);
            text
        };
        let head = |base: &str| format!("{{\"ledger\":1,\"id_base\":\"{base}\"}}\n");
        let text = format!("{}{}{}{}{}", one(&row("b", 2)), head("t:"), one(&other), one(&row("a", 1)), head("u:"));
        let ledger = Ledger::parse(text.as_str()).unwrap();
        assert_eq!(ledger.id_base, "t:");
        let a = ledger.row(Key::of("a")).unwrap();
        assert_eq!((a.seen.timestamp(), a.keys.len(), a.gone), (1, 2, None));
        assert_eq!(ledger.with_key(Key::of("url:x")), ledger.index(Key::of("a")));
    }

    #[test]
    fn two_lines_of_a_source_are_one() {
        let at = |s| DateTime::from_timestamp(s, 0);
        let line = |address: &str, state, since| sources::Line {
            addresses: vec!["https://a.example/".to_owned(), address.to_owned()],
            state,
            since,
            ..sources::Line::new("a")
        };
        let lines = [line("https://b.example/", State::Failing, at(5)), line("https://c.example/", State::Fine, at(9))];
        let text: String = lines.iter().map(|l| serde_json::to_string(l).unwrap() + "\n").collect();
        for text in [text.clone(), text.lines().rev().map(|l| format!("{l}\n")).collect()] {
            let ledger = Ledger::parse(format!("{{\"ledger\":3,\"id_base\":\"t:\"}}\n{text}")).unwrap();
            let found = &ledger.sources["a"];
            assert_eq!((found.state, found.addresses.len()), (State::Fine, 3));
            assert_eq!(found.addresses[0], "https://a.example/");
        }
    }

    #[test]
    fn a_key_goes_over_only_when_its_entry_is_something_else_now() {
        let mut ledger = ledger(vec![row("a", 1), row("b", 2)]);
        let b = EntryId::foreign("b");
        ledger.add_keys(&b, ["post:\"a\""].into_iter(), |_| Ok::<_, ()>(false)).unwrap();
        assert_eq!(ledger.with_key(Key::of("post:\"a\"")), ledger.index(Key::of("a")));
        ledger.add_keys(&b, ["post:\"a\""].into_iter(), |id| Ok::<_, ()>(id.as_str() == "a")).unwrap();
        assert_eq!(ledger.with_key(Key::of("post:\"a\"")), ledger.index(Key::of("b")));
        assert!(ledger.row(Key::of("a")).unwrap().keys.is_empty());
    }

    #[test]
    fn nothing_is_guessed() {
        assert!(matches!(Ledger::parse("{\"ledger\":9,\"id_base\":\"t:\"}\n"), Err(LedgerError::Newer(9))));
        let broken = "{\"ledger\":1,\"id_base\":\"t:\"}\n<<<<<<< HEAD\n";
        assert!(matches!(Ledger::parse(broken), Err(LedgerError::Line { line: 2, .. })));
        assert!(Ledger::parse("").is_err());
    }
}
