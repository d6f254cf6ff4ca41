//! Pictures of hosts that show them to readers of their own pages only: which are asked
//! for, what is stored of them, how they get into the output (`images: mirror`).
//!
//! A picture that came is a transaction of its own: its bytes, what became of its address,
//! which entries have to be derived again. It is never asked for a second time; one that
//! did not come is asked for at the growing distances of linked pages, within the daily
//! budget of its host. Entries show it once it is here, and nothing in its place before.
//!
//! What this module refuses: pictures past robots.txt, where a page of that host would not
//! be asked for either; more bytes than `articles.images_bytes`; bytes that are no picture
//! ([`crate::source::picture`]).

use std::collections::BTreeSet;
use std::path::{Component, Path};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::build::Plan;
use super::fetching::Asking;
use super::refresh::Progress;
use super::visits::{Clock, Due, Landed, Subject, Visits, failure};
use super::{Moment, Opened, Problem, RunError, Severity};
use crate::config::Site;
use crate::entry::Entry;
use crate::fetch::error::{FetchError, Pace};
use crate::fetch::pages::{Attempt, Urgency, Wanted};
use crate::fetch::schedule::Failure;
use crate::fetch::{Answer, Fault, LARGEST_PICTURE, Outcome};
use crate::files;
use crate::normalize::address::percent_decode;
use crate::normalize::html::{Picture, Token, attribute, may_have_pictures, tokens};
use crate::output::pictures::{FOLDER, file_name, is_beside, place, wanted};
use crate::source::picture;
use crate::source::post::PICTURES;
use crate::store::{Store, Touched};

/// What came of asking for pictures.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Pictures that were asked for.
    pub pictures: usize,
    /// Are here now.
    pub kept: usize,
    /// Failed, are no pictures, or asked for a pause.
    pub failed: usize,
    /// Bytes that came.
    pub bytes: u64,
}

/// Gives `entry`, which these feeds carry, the pictures that are here; comes back with all
/// that it is to show from here.
pub(super) fn give(store: &Store, entry: &mut Entry, feeds: &[String], site: &Site) -> Result<Vec<String>, RunError> {
    let is_published = !feeds.is_empty() || entry.link.starts_with(site.url.as_str());
    let wanted = if is_published { wanted(entry, site) } else { BTreeSet::new() };
    for address in &wanted {
        if let Some(file) = store.picture(address)? {
            entry.pictures.insert(address.clone(), file);
        }
    }
    entry.image = entry.image.take().and_then(|image| match place(&image, entry, site) {
        Picture::Stays => Some(image),
        Picture::Goes => None,
        Picture::At(address) => Some(address),
    });
    Ok(wanted.into_iter().collect())
}

/// Keeps the pictures that lie beside a post of `folder`, at `root`, and that its `html` shows, for
/// a page that is made here. Comes back with those that cannot be shown, and why.
pub(super) fn take_beside(
    store: &Store,
    folder: &str,
    root: &Path,
    html: &str,
    site: &Site,
    touched: &mut Touched,
) -> Result<Vec<(String, String)>, RunError> {
    let mut missing = Vec::new();
    if !may_have_pictures(html) {
        return Ok(missing);
    }
    let mut seen = BTreeSet::new();
    for token in tokens(html) {
        let Token::Open { name, raw } = token else { continue };
        let source = if name == "img" { attribute(raw, "src") } else { None };
        let Some(address) = source.filter(|s| is_beside(s, site) && seen.insert(s.clone())) else { continue };
        let written = written(&address, site);
        match picture_at(&root.join(&written), root, &written) {
            Ok((bytes, ending)) => {
                let state = Beside::of(folder, root, &written);
                store.keep_picture(&address, &state, &file_name(&bytes, ending), &bytes, touched)?;
            }
            Err(why) => {
                // It may be put there later.
                if store.picture(&address)?.is_none() {
                    store.set_picture(&address, &Beside::nowhere(folder))?;
                }
                missing.push((written, why));
            }
        }
    }
    Ok(missing)
}

/// Takes in pictures beside posts of `folder`, at `root`, that were put there or replaced since
/// the posts were read.
pub(super) fn take_changed(
    store: &Store,
    folder: &str,
    root: &Path,
    site: &Site,
    touched: &mut Touched,
) -> Result<(), RunError> {
    for (address, file, state) in store.pictures_below(&format!("{}{PICTURES}", site.url))? {
        let before: Beside = serde_json::from_str(&state).unwrap_or_default();
        let written = written(&address, site);
        let is_of_other = !before.folder.is_empty() && before.folder != folder;
        let now = files::look(root, &written);
        if is_of_other || now.is_none() || now == before.looked {
            continue;
        }
        let Ok((bytes, ending)) = picture_at(&root.join(&written), root, &written) else { continue };
        let name = file_name(&bytes, ending);
        let mut changed = Touched::default();
        store.keep_picture(&address, &Beside::of(folder, root, &written), &name, &bytes, &mut changed)?;
        if file.as_ref() != Some(&name) {
            touched.keys.append(&mut changed.keys);
            touched.entries.append(&mut changed.entries);
        }
    }
    Ok(())
}

/// What is remembered of a picture beside posts: the folder of posts, and how its file looked
/// (bytes, mtime in nanoseconds).
#[derive(Debug, Default, Serialize, Deserialize)]
struct Beside {
    #[serde(default)]
    folder: String,
    #[serde(default)]
    looked: Option<(u64, i64)>,
}

impl Beside {
    fn of(folder: &str, root: &Path, written: &str) -> String {
        Self { folder: folder.to_owned(), looked: files::look(root, written) }.json()
    }

    fn nowhere(folder: &str) -> String {
        Self { folder: folder.to_owned(), looked: None }.json()
    }

    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_else(|_| "{}".to_owned())
    }
}

/// Where a picture beside posts lies below their folder.
fn written(address: &str, site: &Site) -> String {
    let written = &address[site.url.as_str().len() + PICTURES.len()..];
    percent_decode(written.split(['?', '#']).next().unwrap_or(""))
}

/// The picture at `path`, which is `written` below `root`, and the ending of its name; or why there is none.
fn picture_at(path: &Path, root: &Path, written: &str) -> Result<(Vec<u8>, &'static str), String> {
    // Nothing outside of the folder, and nothing behind a link.
    let is_inside = Path::new(written).components().all(|c| matches!(c, Component::Normal(_)))
        && path.ancestors().take_while(|p| *p != root).all(|p| !p.is_symlink());
    if !is_inside {
        return Err("lies outside of the folder of posts".to_owned());
    }
    let bytes = files::read_regular(path, LARGEST_PICTURE).map_err(|e| format!("{}: {}", e.action, e.source))?;
    if bytes.len() > LARGEST_PICTURE {
        return Err(format!("has more than {} MiB", LARGEST_PICTURE >> 20));
    }
    let ending = picture::ending(&bytes).ok_or_else(|| "is no picture of a kind that is published".to_owned())?;
    Ok((bytes, ending))
}

/// Puts the pictures that entries show into the output, and takes out those that no entry
/// shows any more. While feeds are held back their old files stay as they are.
pub(super) fn files(store: &Store, is_held: bool, plan: &mut Plan<'_>) -> Result<(), RunError> {
    let shown = store.shown_pictures()?;
    for file in &shown {
        let path = format!("{FOLDER}{file}");
        if !plan.keep(&path) {
            plan.add(path, &store.picture_bytes(file)?)?;
        }
    }
    let ours = plan.known.keys().filter(|path| path.starts_with(FOLDER));
    let gone: Vec<String> = ours.filter(|path| !shown.contains(&path[FOLDER.len()..])).cloned().collect();
    for path in gone {
        if is_held {
            plan.hashes.insert(path, None);
        } else {
            plan.dropped.insert(path);
        }
    }
    Ok(())
}

/// Asks for the pictures that are due and stores them.
pub(super) fn read(
    opened: &Opened,
    asking: &Asking,
    clock: Clock,
    moment: Moment,
    store: &mut Store,
    problems: &mut Vec<Problem>,
    progress: &mut Progress<'_>,
) -> Result<Asked, RunError> {
    let articles = &opened.site.articles;
    if !articles.mirrors() || clock.left.is_zero() {
        return Ok(Asked::default());
    }
    let parsed = |(key, mentioned): (String, DateTime<Utc>)| {
        let address = Url::parse(&key).ok()?;
        Some(Wanted { key, ask: address.clone(), address, alternative: None, mentioned, urgency: Urgency::Usual })
    };
    // What lies beside posts is not asked for: it is there when the post is read, or never.
    let missing = store.missing_pictures()?.into_iter().filter(|(key, _)| !is_beside(key, &opened.site));
    let missing: Vec<Wanted> = missing.filter_map(parsed).collect();
    if missing.is_empty() {
        return Ok(Asked::default());
    }
    let states = store.missing_picture_states()?;
    let Some(due) = Due::of(Subject::Pictures, opened, store, missing, states, moment.now)? else {
        return Ok(Asked::default());
    };
    let budget = articles.images_bytes as u64;
    let mut used = store.pictures_size()?;
    if used.saturating_add(LARGEST_PICTURE as u64) > budget {
        store.transaction(|store| store.forget_pictures())?;
        used = store.pictures_size()?;
    }
    let (visits, due) = due.start(opened, asking, clock, moment, store, progress)?;
    let run = Run { visits, left: budget.saturating_sub(used), asked: Asked::default(), problems };
    run.all(due)
}

/// A run under way.
struct Run<'a, 'p> {
    visits: Visits<'a, 'p>,
    /// Bytes there is room for.
    left: u64,
    asked: Asked,
    problems: &'a mut Vec<Problem>,
}

impl Run<'_, '_> {
    /// Asks for all of `due`, as far as there is room for what may come.
    fn all(mut self, due: Vec<Wanted>) -> Result<Asked, RunError> {
        let mut waiting = due.into_iter().peekable();
        loop {
            while self.has_room()
                && let Some(wanted) = waiting.next()
            {
                self.visits.ask(wanted);
            }
            let Some(Landed { visits, result }) = self.visits.next()? else {
                // All that were under way may have ended for the pause of one host.
                if waiting.peek().is_some() && self.has_room() && !self.visits.is_interrupted() {
                    continue;
                }
                break;
            };
            for visit in visits {
                self.landed(visit.wanted, &result)?;
            }
        }
        if waiting.peek().is_some() && self.visits.under_way() == 0 && !self.has_room() {
            let text = format!(
                "there is no room for {} more pictures: `articles.images_bytes` says how much there is",
                waiting.count()
            );
            let (place, severity) = ("articles".to_owned(), Severity::Note);
            self.problems.push(Problem { place, line: 0, column: 0, severity, text });
        }
        if self.visits.is_offline() {
            // Told of once.
            const OFFLINE: &str = "is this machine offline?";
            if !self.problems.iter().any(|p| p.text.ends_with(OFFLINE)) {
                let text = format!("no picture could be reached: {OFFLINE}");
                self.problems.push(Problem::warning("articles".to_owned(), 0, text));
            }
            self.asked = Asked::default();
        }
        self.visits.close()?;
        Ok(self.asked)
    }

    /// Whether one more may be asked for, even if all that are under way are as large as can be.
    fn has_room(&self) -> bool {
        (self.visits.under_way() as u64 + 1) * LARGEST_PICTURE as u64 <= self.left
    }

    /// What became of a request.
    fn landed(&mut self, wanted: Wanted, result: &Result<Box<Answer>, FetchError>) -> Result<(), RunError> {
        self.asked.pictures += 1;
        let answer = match result {
            Ok(answer) => answer,
            Err(error) => {
                self.asked.failed += 1;
                let mut failure = Failure::from(error);
                if let Fault::TooLarge(_) = error.fault {
                    failure.pace = Pace::Lasting;
                }
                return self.visits.failed(wanted, failure);
            }
        };
        let attempt = match &answer.outcome {
            Outcome::Fetched { body, .. } => {
                self.asked.bytes += body.len() as u64;
                match picture::ending(body) {
                    Some(ending) => return self.keep(&wanted, body, ending),
                    None => Attempt::Failed(failure("no-picture", "what came is no PNG, JPEG, GIF, WebP or AVIF")),
                }
            }
            Outcome::Busy { until, .. } => Attempt::Busy(*until),
            Outcome::Gone => Attempt::Refused(failure("gone", "HTTP status 410: withdrawn")),
            Outcome::NotModified { .. } => {
                Attempt::Failed(failure("empty", "\"not modified\", though it was asked for everything"))
            }
        };
        self.asked.failed += 1;
        self.visits.became(&wanted, attempt)
    }

    /// Stores a picture, in a transaction of its own.
    fn keep(&mut self, wanted: &Wanted, bytes: &[u8], ending: &str) -> Result<(), RunError> {
        let file = file_name(bytes, ending);
        let after = self.visits.after(wanted, Attempt::Read { title: String::new(), name: file.clone() });
        let after = serde_json::to_string(&after).unwrap_or_default();
        self.visits.store_with_hosts(|store| {
            let mut touched = Touched::default();
            store.keep_picture(&wanted.key, &after, &file, bytes, &mut touched)?;
            Ok(store.add_dirty(&touched)?)
        })?;
        self.left = self.left.saturating_sub(bytes.len() as u64);
        self.asked.kept += 1;
        Ok(())
    }
}
