//! Which archive documents there are, and which have to be written.
//!
//! Decides from the entries and the ledger alone; bytes go out through the
//! [`Plan`] of `build`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::build::{self, Lists, Plan};
use super::refresh::Progress;
use super::{Opened, Problem, RunError};
use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, Key};
use crate::files;
use crate::ledger::{Archive, Ledger};
use crate::merge::{self, Document};
use crate::normalize::text;
use crate::output::{Contents, Prepared};
use crate::store::{Listed, Store};

/// Archive documents (RFC 5005, section 4): the entries of a month, or of a day of a full
/// month, that are not all in the live document. Which there are follows from the entries alone.
pub(super) struct Archives<'a> {
    opened: &'a Opened,
    ledger: &'a mut Ledger,
    /// Entries were withdrawn since archives were written last.
    withdrawn: bool,
    /// Documents to be written, by period: entries are prepared once for all feeds.
    due: BTreeMap<String, Vec<Due>>,
}

/// An archive document that has to be written.
struct Due {
    feed: String,
    document: Document,
    /// Earlier issues, kept under their names.
    earlier: Vec<String>,
    /// Those may show what was withdrawn.
    suspect: bool,
    entries: Vec<Key>,
    /// Nothing but its neighbours is another: names of those that were, and are.
    moved: Option<Neighbours>,
}

/// Names of the archives before and after one, then and now.
struct Neighbours {
    older: (String, String),
    newer: (String, String),
}

impl Neighbours {
    /// None where one came or went: then there is a link more, or one less.
    fn between(then: Beside, now: Beside) -> Option<Self> {
        let both = |then: Option<String>, now: Option<String>| match (then, now) {
            (None, None) => Some((String::new(), String::new())),
            (then, now) => then.zip(now),
        };
        Some(Self { older: both(then.0, now.0)?, newer: both(then.1, now.1)? })
    }

    /// Those whose name is another, of the links that documents of a format have.
    fn of(&self, format: FeedFormat) -> Vec<(String, String)> {
        let both = match format {
            FeedFormat::Atom => vec![&self.older, &self.newer],
            FeedFormat::Json | FeedFormat::Rss => vec![&self.older],
        };
        let ending = format.archive_ending().unwrap_or_default();
        let file = |name: &str| format!("{name}.{ending}");
        both.into_iter().filter(|(then, now)| then != now).map(|(then, now)| (file(then), file(now))).collect()
    }
}

/// Names of the archives before and after one.
type Beside = (Option<String>, Option<String>);

impl<'a> Archives<'a> {
    pub fn new(opened: &'a Opened, store: &Store, ledger: &'a mut Ledger) -> Result<Self, RunError> {
        let gone = ledger.summary().gone;
        let withdrawn = build::remembered(store, GONE)? != Some(gone);
        if withdrawn {
            build::remember(store, GONE, &gone)?;
        }
        Ok(Self { opened, ledger, withdrawn, due: BTreeMap::new() })
    }

    /// Plans the archives of a feed whose live document has `shown`; comes back with the
    /// name of the newest. `touched` are the days whose entries changed, none for all.
    pub fn plan(
        &mut self,
        store: &Store,
        lists: &mut Lists,
        name: &str,
        shown: &HashSet<Key>,
        touched: Option<&BTreeSet<String>>,
        plan: &mut Plan<'_>,
    ) -> Result<Option<String>, RunError> {
        let site = &self.opened.site;
        let current = merge::current_path(name, site);
        let listed = lists.of(store, name)?;
        let mut periods = merge::periods(listed.to_vec(), |e| e.published, site);
        periods.retain(|_, entries| entries.iter().any(|e| !shown.contains(&e.id)));
        plan.left_out.retain(|document, _| {
            let period = document.strip_prefix(name).and_then(|d| d.strip_prefix("/archive/"));
            period.is_none_or(|period| periods.contains_key(period))
        });
        let key_of = |period: &str| format!("{current}/{period}");
        if current != name {
            // Those of an old slug are the new one's.
            let newest = periods.keys().rev().find_map(|p| self.ledger.archives.get(&key_of(p)).map(|a| (p, a.issue)));
            return Ok(newest.map(|(period, issue)| merge::archive_name(period, issue)));
        }
        let endings: Vec<&str> = site.output.formats.iter().filter_map(|f| f.archive_ending()).collect();
        let files = |period: &str, issue: u32| {
            let name = merge::archive_name(period, issue);
            endings.iter().map(|ending| format!("{current}/archive/{name}.{ending}")).collect::<Vec<_>>()
        };
        let before: Vec<String> = build::remembered(store, &chain_of(name))?.unwrap_or_default();
        let is_touched = |period: &str| touched.is_none_or(|days| touches(days, period));
        let was_linked: HashSet<&str> = before.iter().map(|name| merge::period_of(name)).collect();
        let mut stale: BTreeSet<&str> = BTreeSet::new();
        for (period, entries) in &periods {
            let archive = self.ledger.archives.get_mut(&key_of(period));
            if archive.is_some() && was_linked.contains(period.as_str()) && !is_touched(period) {
                continue;
            }
            let hash = signature(store, entries)?;
            match archive {
                None => {
                    let archive = key_of(period);
                    self.ledger.archives.insert(archive.clone(), Archive { archive, issue: 1, hash });
                }
                Some(archive) if archive.hash != hash => {
                    archive.issue += 1;
                    archive.hash = hash;
                    stale.insert(period);
                }
                Some(_) => {}
            }
        }
        let issue_of = |period: &str| self.ledger.archives.get(&key_of(period)).map_or(1, |a| a.issue);
        // Issues under another cut of the same time: a month that is archived by days now, or was.
        let mut recut: BTreeMap<&str, Vec<String>> = BTreeMap::new();
        let prefix = format!("{current}/");
        let known = self.ledger.archives.range(prefix.clone()..).take_while(|(key, _)| key.starts_with(&prefix));
        let known = known.filter_map(|(key, archive)| Some((key.strip_prefix(&prefix)?, archive.issue)));
        for (period, issues) in known.filter(|(period, _)| !period.contains('/') && !periods.contains_key(*period)) {
            let files = (1..=issues).flat_map(|issue| files(period, issue));
            if let Some((now, _)) = periods.iter().find(|(p, _)| merge::month_of(p) == merge::month_of(period)) {
                let names = (1..=issues).map(|issue| merge::archive_name(period, issue));
                recut.entry(merge::month_of(now)).or_default().extend(names);
                // Whatever was published once stays.
                files.for_each(|file| {
                    plan.hashes.entry(file).or_insert(None);
                });
            } else {
                // All of its entries are in the live document, or withdrawn.
                plan.dropped.extend(files);
            }
        }
        let chain: Vec<String> = periods.keys().map(|p| merge::archive_name(p, issue_of(p))).collect();
        let beside = |chain: &[String], at: usize| -> Beside {
            (at.checked_sub(1).map(|n| chain[n].clone()), chain.get(at + 1).cloned())
        };
        let places: HashMap<&str, usize> =
            before.iter().enumerate().map(|(at, name)| (merge::period_of(name), at)).collect();
        let periods: Vec<(&String, &Vec<Listed>)> = periods.iter().collect();
        for (at, (period, entries)) in periods.iter().enumerate() {
            let now = beside(&chain, at);
            let issue = issue_of(period);
            for file in (1..=issue).flat_map(|issue| files(period, issue)) {
                plan.hashes.entry(file).or_insert(None);
            }
            let known = files(period, issue).iter().all(|file| plan.known.contains_key(file));
            let then = places.get(period.as_str()).map(|at| beside(&before, *at));
            let same = touched.is_some_and(|days| !touches(days, period)) && !stale.contains(period.as_str());
            if known && same && then.as_ref() == Some(&now) {
                continue;
            }
            let (older, newer) = now;
            let mut earlier: Vec<String> = (1..issue).map(|issue| merge::archive_name(period, issue)).collect();
            earlier.extend(recut.get(merge::month_of(period)).into_iter().flatten().cloned());
            let suspect = self.withdrawn || touched.is_none_or(|days| days.contains(EVERY_DAY));
            let moved = then.filter(|_| known && same && (!suspect || earlier.is_empty()));
            let moved = moved.and_then(|then| Neighbours::between(then, (older.clone(), newer.clone())));
            self.due.entry((*period).clone()).or_default().push(Due {
                feed: name.to_owned(),
                document: Document::Archive { name: chain[at].clone(), older, newer },
                earlier,
                suspect,
                entries: entries.iter().map(|e| e.id).collect(),
                moved,
            });
        }
        if chain != before {
            build::remember(store, &chain_of(name), &chain)?;
        }
        Ok(chain.last().cloned())
    }

    /// Writes what is due, a period at a time.
    pub fn render(
        self,
        store: &Store,
        live: &Contents,
        plan: &mut Plan<'_>,
        problems: &mut Vec<Problem>,
        progress: &mut Progress<'_>,
    ) -> Result<(), RunError> {
        let site = &self.opened.site;
        let ledger = self.ledger;
        let formats: Vec<FeedFormat> =
            site.output.formats.iter().copied().filter(|f| f.archive_ending().is_some()).collect();
        let count = self.due.len();
        for (n, (_, documents)) in self.due.into_iter().enumerate() {
            progress("writing archives", n + 1, count);
            let mut ready: HashMap<Key, Ready> = HashMap::new();
            for due in documents {
                if relink(&due, &formats, site, &ledger.id_base, plan)? {
                    continue;
                }
                let missing = due.entries.iter().filter(|id| !ready.contains_key(id));
                ready.extend(written(store, live, missing, &formats, site)?);
                let of_month = due.entries.iter().filter_map(|id| ready.get(id));
                let (carried, prepared): (Vec<Entry>, Vec<Arc<Prepared>>) = of_month.cloned().unzip();
                let mut feed = merge::feed(&due.feed, carried, due.document, site, &ledger.id_base);
                merge::keep_id(&mut feed, &ledger.feed_ids, &ledger.id_base);
                if let Document::Archive { name, .. } = &feed.document {
                    let document = format!("{}/archive/{}", feed.path, merge::period_of(name));
                    plan.left_out.remove(&document);
                    plan.leave_out_refused(&document, &feed, &prepared, &formats, site);
                }
                for format in &formats {
                    let Some(ending) = format.archive_ending() else {
                        continue;
                    };
                    let Document::Archive { name, .. } = &feed.document else {
                        continue;
                    };
                    let path = |name: &str| format!("{}/archive/{name}.{ending}", feed.path);
                    match format.render(&feed, &prepared, site) {
                        Ok(text) => {
                            // An earlier issue is kept as it is, unless it is lost or shows what was withdrawn.
                            for earlier in due.earlier.iter().map(|e| path(e)) {
                                let is_gone = |id: &str| ledger.row(Key::of(id)).is_some_and(|r| r.gone.is_some());
                                let file = plan.root().join(&earlier);
                                let stays = if due.suspect {
                                    files::read_if_there(&file)?.is_some_and(|old| !ids_in(&old).any(|id| is_gone(&id)))
                                } else {
                                    plan.known.contains_key(&earlier) || file.exists()
                                };
                                if !stays {
                                    plan.add(earlier, text.as_bytes())?;
                                }
                            }
                            plan.add(path(name), text.as_bytes())?;
                        }
                        Err(problem) => problems.push(plan.hold_back(&feed.path, path(name), &problem)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// An entry that was written, and what was written.
type Ready = (Entry, Arc<Prepared>);

/// Entries as they stand in archives of these formats. The store is asked here; cleaning and
/// writing is most of the work, and done on all cores.
fn written<'k>(
    store: &Store,
    live: &Contents,
    keys: impl Iterator<Item = &'k Key>,
    formats: &[FeedFormat],
    site: &Site,
) -> Result<Vec<(Key, Ready)>, RunError> {
    let mut done = Vec::new();
    let mut keys = keys.peekable();
    while keys.peek().is_some() {
        let mut entries = Vec::new();
        for key in keys.by_ref().take(TOGETHER) {
            let Some(entry) = store.entry_at(*key)? else { continue };
            let known = live.known(&entry);
            entries.push((*key, entry, known));
        }
        let written = super::on_all_cores(&entries, |(_, entry, known)| {
            let known = known.as_ref().map(Arc::clone);
            known.map_or_else(|| Prepared::of(entry, site), Prepared::of_content).written(entry, formats, site)
        });
        // What was read makes room first, for what is kept of a whole period. That is copied, since
        // each thread has memory of its own: what it keeps is not there for anybody else.
        let stubs: Vec<(Key, Entry)> = entries.into_iter().map(|(key, entry, _)| (key, stub(entry))).collect();
        let ready = stubs.into_iter().zip(&written);
        done.extend(ready.map(|((key, entry), prepared)| (key, (entry, Arc::new(prepared.clone())))));
    }
    Ok(done)
}

/// So many entries are in memory as they were read: a day may have thousands.
const TOGETHER: usize = 256;

/// What is needed of an entry that was written: which it is, and when it changed. A period
/// may have very many.
fn stub(entry: Entry) -> Entry {
    Entry {
        html: String::new(),
        title: String::new(),
        link: String::new(),
        summary: String::new(),
        authors: Vec::new(),
        image: None,
        source: None,
        enclosures: Vec::new(),
        projects: Vec::new(),
        mentions: Vec::new(),
        ..entry
    }
}

/// Under which name the store remembers what was withdrawn when archives were written last.
const GONE: &str = "gone";

/// Writes a document of which nothing but the neighbours is another from its file; false
/// where that is not to be had.
fn relink(
    due: &Due,
    formats: &[FeedFormat],
    site: &Site,
    id_base: &str,
    plan: &mut Plan<'_>,
) -> Result<bool, RunError> {
    let (Some(moved), Document::Archive { name, .. }) = (&due.moved, &due.document) else {
        return Ok(false);
    };
    let base = merge::feed(&due.feed, Vec::new(), due.document.clone(), site, id_base).base;
    let mut texts = Vec::new();
    for format in formats {
        let moved = moved.of(*format);
        let Some(ending) = format.archive_ending().filter(|_| !moved.is_empty()) else {
            continue;
        };
        let path = format!("{}/archive/{name}.{ending}", due.feed);
        let then = files::read_if_there(&plan.root().join(&path))?;
        match then.and_then(|then| format.relinked(&then, &base, &moved)) {
            Some(text) => texts.push((path, text)),
            None => return Ok(false),
        }
    }
    for (path, text) in texts {
        plan.add(path, text.as_bytes())?;
    }
    Ok(true)
}

/// Ids in an Atom or JSON document that was written here, as they are without its escapes.
fn ids_in(text: &str) -> impl Iterator<Item = String> {
    const KEY: &str = "\"id\": ";
    let xml = text.split("<id>").skip(1);
    let xml = xml.map(|t| text::decode_entities(&t[..t.find('<').unwrap_or(t.len())]).into_owned());
    let json = text.match_indices(KEY).filter_map(|(at, _)| {
        let mut values = serde_json::Deserializer::from_str(&text[at + KEY.len()..]).into_iter::<String>();
        values.next()?.ok()
    });
    xml.chain(json)
}

/// Under which name the store remembers how the archives of a feed were linked.
fn chain_of(feed: &str) -> String {
    format!("chain:{feed}")
}

/// Stands for every day among those that were touched.
pub(super) const EVERY_DAY: &str = "*";

/// Whether one of these days is in a period.
pub(super) fn touches(days: &BTreeSet<String>, period: &str) -> bool {
    days.contains(EVERY_DAY) || days.range(period.to_owned()..).next().is_some_and(|day| day.starts_with(period))
}

/// What has to change for an archive to be issued anew: which entries it has, and their own text.
fn signature(store: &Store, entries: &[Listed]) -> Result<String, RunError> {
    let mut hasher = blake3::Hasher::new();
    for entry in entries {
        let updated = store.updated_ms(entry.id)?;
        hasher.update(&entry.id.0.to_le_bytes()).update(&updated.to_le_bytes());
    }
    Ok(hasher.finalize().to_hex()[..16].to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_found_however_they_are_written() {
        let atom = "<feed><id>tag:a</id><entry><id>https://u.e/?t=1&amp;p=1</id></entry></feed>";
        assert_eq!(ids_in(atom).collect::<Vec<_>>(), ["tag:a", "https://u.e/?t=1&p=1"]);
        let json = "{\"items\": [{\"id\": \"a\\\"b\\\\\\u0026\", \"title\": \"\\\"id\\\": \\\"x\"}]}";
        assert_eq!(ids_in(json).collect::<Vec<_>>(), ["a\"b\\&"]);
    }
}
