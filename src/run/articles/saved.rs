//! `articles.folder`: files that stand in for the network.

use std::path::Path;

use super::reader::{Reader, Task, Unread};
use super::{FETCHED, Kept, SAVED, Sites, put};
use crate::fetch::pages::{PageState, Stage};
use crate::files::{self, Found, Listing};
use crate::normalize::address;
use crate::run::visits::Subject;
use crate::run::{Moment, Opened, Problem, RunError};
use crate::source::article;
use crate::source::linked::Linked;
use crate::source::saved;
use crate::store::{Stamp, Store, Touched};

/// A side file is a few lines.
const SIDE_FILE_BYTES: usize = 1 << 20;

/// Under which name the store remembers the rules that saved pages were read with.
const RULES: &str = "saved rules";

/// A file changed this close to being read may change again within the same timestamp.
const RACY_NS: i64 = 2_000_000_000;

/// Reads saved pages that are new or changed, and forgets those that went.
pub(in crate::run) fn read_saved(
    opened: &Opened,
    sites: &Sites,
    moment: Moment,
    store: &mut Store,
    problems: &mut Vec<Problem>,
) -> Result<(), RunError> {
    let listed = list(opened, problems)?;
    if listed.is_none() && !store.origins()?.iter().any(|o| o == SAVED) {
        return Ok(());
    }
    let listed = listed.unwrap_or_default();
    let mut known = store.documents(SAVED)?;
    // What cannot be read is not gone.
    known.retain(|path, _| !files::is_unread(&listed.unread, path));
    let mut reader = Reader::new(sites.own.clone());
    // Other rules see other things in a page.
    let rules = blake3::hash(format!("{:?}", sites.own).as_bytes()).to_hex()[..32].to_owned();
    let before = store.meta(RULES)?;
    let same_rules = before.as_ref() == Some(&rules) || before.is_none() && sites.own.is_empty();
    let racy_from = moment.now.timestamp_nanos_opt().unwrap_or(i64::MAX) - RACY_NS;
    for found in listed.files {
        let old = known.remove(&found.path);
        if same_rules && old.as_ref().is_some_and(|d| d.stamp == found.stamp) {
            continue;
        }
        let (hash, kept) = match read_file(opened, sites, moment, &found, &mut reader) {
            Ok(read) => read,
            // What it said before stays; it is looked at again next time.
            Err(mistakes) => {
                problems.extend(mistakes);
                continue;
            }
        };
        let racy = found.stamp.modified_ns.max(found.stamp.changed_ns) > racy_from;
        let stamp = if racy { Stamp { changed_ns: 0, ..found.stamp } } else { found.stamp };
        if let Some(old) = old.as_ref().filter(|d| same_rules && d.hash == hash) {
            store.restamp(old.id, stamp)?;
            continue;
        }
        store.transaction(|store| -> Result<(), RunError> {
            let mut touched = Touched::default();
            forget(store, &found.path)?;
            put(opened, store, SAVED, &found.path, stamp, &hash, &kept, &mut touched)?;
            for key in &kept.keys {
                // Who saved a page wants that one.
                if let Some((fetched, _)) = store.reading(FETCHED, key)? {
                    store.remove_document(fetched, &mut touched)?;
                }
                let stage = Stage::Saved { file: found.path.clone() };
                Subject::Pages.set(store, key, &PageState { stage, ..PageState::new(kept.page.address.clone()) })?;
            }
            Ok(store.add_dirty(&touched)?)
        })?;
    }
    for gone in known.into_values() {
        store.transaction(|store| -> Result<(), RunError> {
            let mut touched = Touched::default();
            forget(store, &gone.path)?;
            store.remove_document(gone.id, &mut touched)?;
            Ok(store.add_dirty(&touched)?)
        })?;
    }
    if before != Some(rules.clone()) {
        store.set_meta(RULES, &rules)?;
    }
    Ok(())
}

/// What is wrong with the saved pages of a site. Reads all of them, writes nothing.
pub(in crate::run) fn check_saved(opened: &Opened, sites: &Sites, moment: Moment) -> Result<Vec<Problem>, RunError> {
    let mut problems = Vec::new();
    let mut reader = Reader::new(sites.own.clone());
    for found in list(opened, &mut problems)?.unwrap_or_default().files {
        if let Err(mistakes) = read_file(opened, sites, moment, &found, &mut reader) {
            problems.extend(mistakes);
        }
    }
    Ok(problems)
}

/// The files there are; none when the configuration names no folder.
fn list(opened: &Opened, problems: &mut Vec<Problem>) -> Result<Option<Listing>, RunError> {
    let Some(folder) = &opened.site.articles.folder else {
        return Ok(None);
    };
    let root = opened.folder.join(folder);
    if !root.is_dir() {
        let text = "no such folder: does `articles.folder` in feedloom.yaml name the right one?".to_owned();
        problems.push(Problem::warning(folder.display().to_string(), 0, text));
        // All of it is missing: a folder that is not mounted, rather than a decision on each page.
        return Ok(Some(Listing { unread: vec![String::new()], ..Listing::default() }));
    }
    let listing = files::list_saved(&root)?;
    for (path, reason) in &listing.passed_over {
        problems.push(Problem::warning(shown(folder, path), 0, format!("passed over: {reason}")));
    }
    Ok(Some(listing))
}

fn shown(folder: &Path, path: &str) -> String {
    folder.join(path).display().to_string()
}

/// What was known of the addresses of a file is not known any more.
fn forget(store: &Store, path: &str) -> Result<(), RunError> {
    let Some((_, reading)) = store.reading(SAVED, path)? else {
        return Ok(());
    };
    if let Ok(kept) = serde_json::from_str::<Kept>(&reading) {
        for key in &kept.keys {
            store.forget_page(key)?;
        }
    }
    Ok(())
}

fn read_file(
    opened: &Opened,
    sites: &Sites,
    moment: Moment,
    found: &Found,
    reader: &mut Reader,
) -> Result<(String, Kept), Vec<Problem>> {
    let folder = opened.site.articles.folder.clone().unwrap_or_default();
    let place = shown(&folder, &found.path);
    let wrong = |text: String| vec![Problem::warning(place.clone(), 0, text)];
    let is_page = [".html", ".htm"].iter().any(|e| found.path.to_lowercase().ends_with(e));
    let limit = if is_page { article::MAX_BYTES } else { SIDE_FILE_BYTES };
    let bytes = files::read_regular(&opened.folder.join(&folder).join(&found.path), limit)
        .map_err(|e| wrong(format!("{}: {}", e.action, e.source)))?;
    if bytes.len() > limit {
        return Err(wrong(format!("larger than {} MiB", limit >> 20)));
    }
    let hash = blake3::hash(&bytes).to_hex()[..32].to_owned();
    let (addresses, mut page) = if is_page {
        let addresses = saved::addresses(&bytes);
        let Some(first) = addresses.first().cloned() else {
            return Err(wrong(
                "does not say which page it is: give it a `<link rel=\"canonical\" href=\"ADDRESS\">`, or describe the page in a .yaml file".to_owned(),
            ));
        };
        let task = Task { bytes, content_type: None, address: first.clone(), robots_tag: None };
        let page = reader.read(task).map_err(|unread| {
            wrong(match unread {
                Unread::Refused(refusal) => format!("is no article: {refusal}"),
                Unread::Panicked => "feedloom failed on this page: please report it with the file".to_owned(),
                Unread::TooSlow => "reading it takes too long".to_owned(),
            })
        })?;
        (addresses, Linked::of(page, first, moment.now))
    } else {
        let text = String::from_utf8(bytes).map_err(|_| wrong("is not UTF-8".to_owned()))?;
        let page = saved::side_file(&text, opened.site.timezone, moment.now).map_err(|mistakes| {
            let problem = |m: saved::Mistake| {
                let problem = Problem::warning(place.clone(), m.place.line, m.problem);
                Problem { column: m.place.column, ..problem }
            };
            mistakes.into_iter().map(problem).collect::<Vec<_>>()
        })?;
        (vec![page.address.clone()], page)
    };
    page.file = Some(found.path.clone());
    let asked = address::key(&page.address, &opened.hosts);
    let mut keys = page.keys(&asked, |u| sites.rules().canonical(u), &opened.hosts);
    for other in &addresses {
        let key = address::key(other, &opened.hosts);
        if !keys.contains(&key) && !key.starts_with("site:") && other.path().len() > 1 {
            keys.push(key);
        }
    }
    Ok((hash, Kept { keys, page }))
}
