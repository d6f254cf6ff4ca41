//! Which archive documents there are, and which have to be written.
//!
//! Decides from the entries and the ledger alone; bytes go out through the
//! [`Plan`] of `build`.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::build::{Plan, held_file};
use super::refresh::Progress;
use super::{Opened, Problem, RunError};
use crate::config::FeedFormat;
use crate::entry::{Entry, Key};
use crate::files;
use crate::ledger::{Archive, Ledger};
use crate::merge::{self, Document, Feed};
use crate::output::{Contents, Prepared};
use crate::store::{Listed, Store};

/// Archive documents (RFC 5005, section 4): the entries of a month that are not all in
/// the live document. Which months there are follows from the entries alone.
pub(super) struct Archives<'a> {
    opened: &'a Opened,
    ledger: &'a mut Ledger,
    /// Documents to be written, by month: entries are prepared once for all feeds.
    due: BTreeMap<String, Vec<Due>>,
}

/// An archive document that has to be written.
struct Due {
    feed: String,
    document: Document,
    /// Earlier issues, kept under their names.
    earlier: Vec<String>,
    entries: Vec<Key>,
}

impl<'a> Archives<'a> {
    pub fn new(opened: &'a Opened, ledger: &'a mut Ledger) -> Self {
        Self { opened, ledger, due: BTreeMap::new() }
    }

    /// Plans the archives of a feed whose live document is `live`; comes back with the
    /// name of the newest. `touched` are the months whose entries changed, none for all.
    pub fn plan(
        &mut self,
        store: &Store,
        name: &str,
        live: &Feed,
        touched: Option<&BTreeSet<String>>,
        plan: &mut Plan<'_>,
    ) -> Result<Option<String>, RunError> {
        let site = &self.opened.site;
        let ledger = &mut *self.ledger;
        let current = merge::current_path(name, site);
        let endings: Vec<&str> = site.output.formats.iter().filter_map(|f| f.archive_ending()).collect();
        let own = current == name;
        let listed = store.listed(name)?;
        let loud = listed.iter().filter(|e| !e.quiet).map(|e| e.id);
        let shown: HashSet<Key> = loud.take(live.entries.len()).collect();
        let mut months: BTreeMap<String, Vec<Listed>> = BTreeMap::new();
        for listed in listed {
            months.entry(merge::month(listed.published, site)).or_default().push(listed);
        }
        months.retain(|_, entries| entries.iter().any(|e| !shown.contains(&e.id)));
        // The names that the links of the documents were made of, and those of now.
        let names_of = |archives: &BTreeMap<String, Archive>| -> BTreeMap<String, String> {
            let prefix = format!("{current}/");
            archives
                .range(prefix.clone()..)
                .take_while(|(key, _)| key.starts_with(&prefix))
                .filter_map(|(key, a)| Some((key.strip_prefix(&prefix)?, a)))
                .filter(|(month, _)| !month.contains('/'))
                .map(|(month, a)| (month.to_owned(), merge::archive_name(month, a.issue)))
                .collect()
        };
        let before = names_of(&ledger.archives);
        let mut stale: BTreeSet<String> = BTreeSet::new();
        for (month, entries) in months.iter().filter(|_| own) {
            let hash = signature(entries);
            let key = format!("{current}/{month}");
            let archive = ledger.archives.entry(key.clone()).or_insert_with(|| Archive {
                archive: key,
                issue: 1,
                hash: hash.clone(),
            });
            if archive.hash != hash {
                archive.issue += 1;
                archive.hash = hash;
                stale.insert(month.clone());
            }
        }
        let names = names_of(&ledger.archives);
        for month in names.keys().filter(|m| own && !months.contains_key(*m)) {
            // All of its entries are in the live document, or withdrawn.
            let issues = ledger.archives.get(&format!("{current}/{month}")).map_or(1, |a| a.issue);
            for issue in 1..=issues {
                let file = |ending: &&str| format!("{current}/archive/{}.{ending}", merge::archive_name(month, issue));
                plan.dropped.extend(endings.iter().map(file));
            }
        }
        let chain: Vec<&String> = months.keys().filter(|m| names.contains_key(*m)).collect();
        let was: Vec<&String> = before.keys().collect();
        let beside = |chain: &[&String], names: &BTreeMap<String, String>, month: &String| {
            let at = chain.iter().position(|m| *m == month)?;
            let name = |m: &&String| names.get(*m).cloned();
            Some((at.checked_sub(1).and_then(|n| name(&chain[n])), chain.get(at + 1).and_then(name)))
        };
        for month in chain.iter().filter(|_| own) {
            let archive = &ledger.archives[&format!("{current}/{month}")];
            let (older, newer) = beside(&chain, &names, month).unwrap_or_default();
            let file = |name: &str, ending: &str| format!("{current}/archive/{name}.{ending}");
            let name_now = &names[*month];
            let known = endings.iter().all(|e| plan.known.contains_key(&file(name_now, e)));
            let same_links = beside(&was, &before, month) == Some((older.clone(), newer.clone()));
            let same = touched.is_some_and(|t| !t.contains(*month)) && !stale.contains(*month);
            for ending in &endings {
                for issue in 1..=archive.issue {
                    // Whatever was published once stays.
                    plan.hashes.entry(file(&merge::archive_name(month, issue), ending)).or_insert(None);
                }
            }
            if known && same && same_links {
                continue;
            }
            self.due.entry((*month).clone()).or_default().push(Due {
                feed: name.to_owned(),
                document: Document::Archive { name: name_now.clone(), older, newer },
                earlier: (1..archive.issue).map(|issue| merge::archive_name(month, issue)).collect(),
                entries: months[*month].iter().map(|e| e.id).collect(),
            });
        }
        Ok(chain.last().map(|month| names[*month].clone()))
    }

    /// Writes what is due, a month at a time.
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
            let mut contents = Contents::default();
            let mut ready: HashMap<Key, (Entry, Rc<Prepared>)> = HashMap::new();
            for due in documents {
                for id in &due.entries {
                    if !ready.contains_key(id)
                        && let Some(mut entry) = store.entry_at(*id)?
                    {
                        let known = live.known(&entry);
                        let prepared = known.unwrap_or_else(|| contents.of(&entry, site));
                        entry.html = String::new();
                        ready.insert(*id, (entry, prepared));
                    }
                }
                let of_month = due.entries.iter().filter_map(|id| ready.get(id));
                let (carried, prepared): (Vec<Entry>, Vec<Rc<Prepared>>) = of_month.cloned().unzip();
                let feed = merge::feed(&due.feed, carried, due.document, site, &ledger.id_base);
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
                                let old = files::read_if_there(&plan.root().join(&earlier))?;
                                let withdrawn = |id: &str| ledger.row(Key::of(id)).is_some_and(|r| r.gone.is_some());
                                if old.is_none_or(|old| ids_in(&old).any(withdrawn)) {
                                    plan.add(earlier, text.as_bytes())?;
                                }
                            }
                            plan.add(path(name), text.as_bytes())?;
                        }
                        Err(problem) => problems.push(held_file(path(name), &problem)),
                    }
                }
            }
        }
        Ok(())
    }
}

/// Ids in an Atom or JSON document that was written here.
fn ids_in(text: &str) -> impl Iterator<Item = &str> {
    let between = |text: &'_ str, end: char| -> usize { text.find(end).unwrap_or(text.len()) };
    let xml = text.split("<id>").skip(1).map(move |t| &t[..between(t, '<')]);
    xml.chain(text.split("\"id\": \"").skip(1).map(move |t| &t[..between(t, '"')]))
}

/// What has to change for an archive to be issued anew: which entries it has, and their own text.
fn signature(entries: &[Listed]) -> String {
    let mut hasher = blake3::Hasher::new();
    for entry in entries {
        hasher.update(&entry.id.0.to_le_bytes()).update(&entry.updated_ms.to_le_bytes());
    }
    hasher.finalize().to_hex()[..16].to_owned()
}
