//! Reads the posts of a site into the store: what changed since it was read last.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use chrono::{DateTime, SubsecRound, Utc};

use super::book::Book;
use super::derive::{Departed, SAME};
use super::library::Library;
use super::pictures;
use super::refresh::{Progress, Report};
use super::{Moment, Opened, Problem, RunError};
use crate::classify::Classifier;
use crate::config::{Digests, PostsFolder, SameAs, Zone};
use crate::entry::{EntryId, Key, Kind, RawEntry, Slug, TRANSLATION};
use crate::files::{self, History};
use crate::ledger::Ledger;
use crate::names::Names;
use crate::normalize::{self, address};
use crate::source::post::{self, Lead, Others, Post, Weight};
use crate::store::{Document, NewDocument, Stamp, Store, Touched};

/// A file changed this close to being read may change again within the same
/// timestamp: it is read once more next time.
const RACY_NS: i64 = 2_000_000_000;

/// Under which name the store keeps the posts of a folder.
pub(super) fn origin(folder: &PostsFolder) -> String {
    format!("posts:{}", folder.path)
}

/// What happened to one file of a posts folder.
pub(super) enum Seen<'p> {
    /// It was not looked into: path and reason.
    PassedOver(&'p str, String),
    /// It is no post: path, place and what is wrong.
    Broken(&'p str, &'p post::PostError),
    /// It was read: path and what it says.
    Read(&'p str, &'p Post),
}

/// Who wants to know what was read, too.
pub(super) type Watch<'w> = dyn FnMut(&PostsFolder, Seen<'_>) + 'w;

/// Reads posts into the store.
pub(super) struct Posts<'a> {
    opened: &'a Opened,
    names: &'a Names,
    moment: Moment,
    store: &'a mut Store,
    book: &'a mut Book,
    same: Vec<Same>,
    /// What git knows, by folder; asked when a post has no date.
    histories: HashMap<String, History>,
    watch: Option<&'a mut Watch<'a>>,
    /// The posts, for links between them.
    library: Rc<Library<'a>>,
    /// Links between posts as they were read, by folder and path; none before one is asked for.
    leads: Option<BTreeMap<String, Vec<Lead>>>,
    /// Posts that were read in this run, named as in `leads`.
    seen: HashSet<String>,
    /// Posts of the folder being read that are not there any more.
    gone: Vec<Document>,
    /// Pictures that posts show and that are not beside them.
    missing: Vec<Problem>,
}

/// Where the store keeps [`Posts::leads`].
const LEADS: &str = "leads";

/// So many posts that went are looked into: one of them may have come back under another name.
const MOST_DEPARTED: usize = 64;

/// A post has fewer translations than these.
const MOST_TRANSLATIONS: usize = 64;

/// A person's word that things are one, or that they are not.
struct Same {
    /// Keys and addresses of the things.
    keys: Vec<String>,
    /// Ids of the things, as they were named: without a ledger nothing else is known of them.
    ids: Vec<EntryId>,
    /// The id of the one thing; none when they are several.
    id: Option<String>,
    /// Start of minted ids.
    base: String,
}

impl<'a> Posts<'a> {
    /// A reader for one run. To be used inside a transaction.
    pub(super) fn new(
        opened: &'a Opened,
        names: &'a Names,
        moment: Moment,
        store: &'a mut Store,
        book: &'a mut Book,
    ) -> Result<Self, RunError> {
        let same = same(opened, store, book, moment.now)?;
        let library = Rc::new(Library::new(opened, names));
        let (histories, seen) = (HashMap::new(), HashSet::new());
        let (watch, leads, gone, missing) = (None, None, Vec::new(), Vec::new());
        Ok(Self { opened, names, moment, store, book, same, histories, watch, library, leads, seen, gone, missing })
    }

    /// Posts that links lead to are those in the store, not those in the folders.
    pub(super) fn of_store(self) -> Result<Self, RunError> {
        let library = Rc::new(Library::of_store(self.opened, self.names, self.store)?);
        Ok(Self { library, ..self })
    }

    /// `watch` is told of every file.
    pub(super) fn watched(self, watch: &'a mut Watch<'a>) -> Self {
        Self { watch: Some(watch), ..self }
    }

    fn tell(&mut self, folder: &PostsFolder, seen: Seen<'_>) {
        if let Some(watch) = &mut self.watch {
            watch(folder, seen);
        }
    }

    /// Reads what changed in one folder.
    pub(super) fn read(
        &mut self,
        folder: &PostsFolder,
        same_rules: bool,
        touched: &mut Touched,
        report: &mut Report,
        progress: &mut Progress<'_>,
    ) -> Result<(), RunError> {
        let root = self.opened.folder.join(&folder.path);
        let mut known = self.store.documents(&origin(folder))?;
        let listing = match self.opened.posts(folder) {
            Ok(root) => self.opened.list_posts(folder, &root)?,
            Err(_) if self.moment.accept_removals && !known.is_empty() => files::Listing::default(),
            Err(RunError::NoPosts { path, place, .. }) => {
                return Err(RunError::NoPosts { path, place, known: known.len() });
            }
            Err(error) => return Err(error),
        };
        let place = |path: &str| format!("{}/{path}", folder.path);
        for (path, reason) in &listing.passed_over {
            self.tell(folder, Seen::PassedOver(path, format!("passed over: {reason}")));
            report.problems.push(Problem::warning(place(path), 0, format!("passed over: {reason}")));
        }
        let unread: Vec<String> =
            known.keys().filter(|path| files::is_unread(&listing.unread, path)).cloned().collect();
        for path in unread {
            let old = known.remove(&path).filter(|_| !same_rules);
            self.again(folder, old, touched)?;
        }
        report.absent.unread.extend(listing.unread);
        let now = self.moment.now;
        let total = listing.files.len();
        let site = &self.opened.site;
        let is_only = site.sources.is_empty() && site.projects.iter().all(|p| p.sources.is_empty());
        if total == 0 && is_only && site.posts.len() == 1 && listing.passed_over.is_empty() && known.is_empty() {
            let text = format!("there is no post in `{}`: they end with .md, .markdown, .mdown or .mdx", folder.path);
            report.problems.push(Problem::warning("feedloom.yaml".to_owned(), folder.place.line, text));
        }
        let mut changed: Vec<(files::Found, Option<Document>)> = Vec::new();
        for file in listing.files {
            let old = known.remove(&file.path);
            let waits = old.as_ref().and_then(|d| d.waits_until).is_some_and(|t| t <= now);
            let same = same_rules && !waits && old.as_ref().is_some_and(|d| d.stamp == file.stamp);
            if !same {
                changed.push((file, old));
            }
        }
        self.gone = known.into_values().collect();
        report.posts += total;
        let now_ns = now.timestamp_nanos_opt().unwrap_or(i64::MAX);
        let count = changed.len();
        for (n, (file, old)) in changed.into_iter().enumerate() {
            progress("reading posts", n + 1, count);
            self.moment.interrupt.check()?;
            let bytes = match files::read_regular(&root.join(&file.path), post::MAX_BYTES) {
                Ok(bytes) => bytes,
                Err(error) => {
                    let text = format!("{}: {}", error.action, error.source);
                    self.tell(folder, Seen::PassedOver(&file.path, text.clone()));
                    report.absent.unread.push(file.path.clone());
                    report.problems.push(Problem::warning(place(&file.path), 0, text));
                    self.again(folder, old.filter(|_| !same_rules), touched)?;
                    continue;
                }
            };
            let hash = blake3::hash(&bytes).to_hex().to_string();
            let racy = file.stamp.modified_ns.max(file.stamp.changed_ns) > now_ns - RACY_NS;
            let stamp = if racy { Stamp { changed_ns: 0, ..file.stamp } } else { file.stamp };
            if let Some(old) = &old
                && same_rules
                && old.hash == hash
                && old.waits_until.is_none_or(|t| t > now)
            {
                self.store.restamp(old.id, stamp)?;
                continue;
            }
            report.read += 1;
            let reading = match self.read_one(folder, &bytes, &file.path)? {
                Ok(reading) => {
                    self.tell(folder, Seen::Read(&file.path, &reading));
                    report.digests += usize::from(reading.digest);
                    reading
                }
                Err(error) => {
                    self.tell(folder, Seen::Broken(&file.path, &error));
                    // What was read before stays published; the file is looked at again next time.
                    report.absent.unread.push(file.path.clone());
                    let problem = Problem::warning(place(&file.path), error.line, error.problem);
                    report.problems.push(Problem { column: error.column, ..problem });
                    self.again(folder, old.filter(|_| !same_rules), touched)?;
                    continue;
                }
            };
            for note in reading.notes.iter().filter(|n| n.weight >= Weight::Problem) {
                report.problems.push(Problem::warning(place(&file.path), note.line, note.text.clone()));
            }
            self.put(folder, &file.path, stamp, &hash, &bytes, &reading, touched)?;
            report.problems.append(&mut self.missing);
        }
        if folder.url.is_none() {
            pictures::take_changed(self.store, &folder.path, &root, &self.opened.site, touched)?;
        }
        for document in std::mem::take(&mut self.gone) {
            report.removed += 1;
            if report.absent.departed.len() < MOST_DEPARTED {
                let bytes = self.store.raw(document.id)?;
                let reading = read_post(&bytes, &document.path, self.opened.context(folder, self.names)).ok();
                report
                    .absent
                    .departed
                    .extend(reading.and_then(|post| post.entries.into_iter().next()).map(Departed::of));
            }
            self.leads()?.remove(&lead_name(folder, &document.path));
            self.store.remove_document(document.id, touched)?;
        }
        Ok(())
    }

    /// Reads posts again whose links lead elsewhere now, because other posts came, moved
    /// or went. To be called when every folder was read.
    pub(super) fn settle_leads(&mut self, touched: &mut Touched, report: &mut Report) -> Result<(), RunError> {
        // Nothing came, nothing went.
        let Some(mut all) = self.leads.take() else { return Ok(()) };
        let names: HashMap<String, &PostsFolder> = self.opened.site.posts.iter().map(|f| (origin(f), f)).collect();
        all.retain(|name, _| name.split_once('\n').is_some_and(|(o, _)| names.contains_key(o)));
        let mut stale: Vec<(&PostsFolder, String)> = Vec::new();
        for (name, leads) in all.iter().filter(|(name, _)| !self.seen.contains(*name)) {
            let Some((folder, path)) = name.split_once('\n').and_then(|(o, p)| Some((*names.get(o)?, p))) else {
                continue;
            };
            let now = |l: &Lead| self.library.address(&folder.path, path, &l.written, l.named).map(String::from);
            if leads.iter().any(|l| now(l) != l.address) {
                stale.push((folder, path.to_owned()));
            }
        }
        self.leads = Some(all);
        let mut stored: HashMap<&str, HashMap<String, Document>> = HashMap::new();
        for (folder, path) in stale {
            if !stored.contains_key(folder.path.as_str()) {
                stored.insert(&folder.path, self.store.documents(&origin(folder))?);
            }
            let documents = stored.get_mut(folder.path.as_str());
            let Some(document) = documents.and_then(|d| d.remove(&path)) else { continue };
            report.read += usize::from(self.again(folder, Some(document), touched)?);
        }
        let json = serde_json::to_string(&self.leads).unwrap_or_default();
        Ok(self.store.set_meta(LEADS, &json)?)
    }

    fn leads(&mut self) -> Result<&mut BTreeMap<String, Vec<Lead>>, RunError> {
        if self.leads.is_none() {
            let stored = self.store.meta(LEADS)?;
            self.leads = stored.and_then(|s| serde_json::from_str(&s).ok());
        }
        Ok(self.leads.get_or_insert_default())
    }

    /// Reads the stored posts of a folder again with the rules of now.
    pub(super) fn reread(
        &mut self,
        folder: &PostsFolder,
        touched: &mut Touched,
        report: &mut Report,
    ) -> Result<(), RunError> {
        let mut documents: Vec<Document> = self.store.documents(&origin(folder))?.into_values().collect();
        documents.sort_by(|a, b| a.path.cmp(&b.path));
        for document in documents {
            report.read += usize::from(self.again(folder, Some(document), touched)?);
        }
        Ok(())
    }

    /// Reads a stored post with the rules of now; comes back with whether there was one.
    fn again(
        &mut self,
        folder: &PostsFolder,
        document: Option<Document>,
        touched: &mut Touched,
    ) -> Result<bool, RunError> {
        let Some(Document { id, path, stamp, hash, .. }) = document else { return Ok(false) };
        let bytes = self.store.raw(id)?;
        // It was read before; rules do not make a post unreadable.
        let Ok(reading) = self.read_one(folder, &bytes, &path)? else { return Ok(false) };
        self.put(folder, &path, stamp, &hash, &bytes, &reading, touched)?;
        Ok(true)
    }

    /// Reads a post. One without a date gets the date it was given first, under this name
    /// or the one it had before, or that of its first commit, or that of now.
    fn read_one(
        &mut self,
        folder: &PostsFolder,
        bytes: &[u8],
        path: &str,
    ) -> Result<Result<Post, post::PostError>, RunError> {
        let library = Rc::clone(&self.library);
        let context = post::Context { others: Some(&*library), ..self.opened.context(folder, self.names) };
        let mut reading = read_post(bytes, path, context);
        if let Ok(Post { date: None, draft: false, entries, .. }) = &reading
            && let Some(key) = entries.first().map(|e| e.keys[0].clone())
        {
            let date = self.date_of(folder, path, &key, bytes)?;
            reading = read_post(bytes, path, post::Context { date: Some(date), ..context });
        }
        if let Ok(reading) = &mut reading {
            carry(reading, self.opened, self.names);
            // What pages said of themselves holds without them, too.
            if reading.entries.iter().any(|r| r.kind == Kind::Article) {
                let ledger = self.book.ledger(self.opened, self.store, self.moment.now)?;
                for raw in &mut reading.entries {
                    let others: Vec<String> =
                        raw.keys.iter().filter_map(|k| ledger.aliases.get(k)).flatten().cloned().collect();
                    raw.keys.extend(others);
                }
            }
            if let Some(post) = reading.entries.first_mut() {
                let before = self.addresses_before(folder, path, &post.keys, bytes)?;
                post.keys.extend(before);
            }
            for raw in &mut reading.entries {
                self.same.iter().for_each(|same| same.apply(raw));
            }
        }
        Ok(reading)
    }

    fn date_of(
        &mut self,
        folder: &PostsFolder,
        path: &str,
        key: &str,
        bytes: &[u8],
    ) -> Result<DateTime<Utc>, RunError> {
        let now = self.moment.now.trunc_subsecs(0);
        // A date that is still to come was given by a clock that was wrong.
        let remembered = |ledger: &Ledger, key: &str| ledger.dates.get(key).copied().filter(|d| *d <= now);
        if let Some(date) = remembered(self.book.ledger(self.opened, self.store, now)?, key) {
            return Ok(date);
        }
        let before = self.key_before(folder, bytes);
        let ledger = self.book.ledger(self.opened, self.store, now)?;
        let date = before.and_then(|key| remembered(ledger, &key)).unwrap_or_else(|| {
            let root = self.opened.folder.join(&folder.path);
            let history = self.histories.entry(folder.path.clone()).or_insert_with(|| files::history(&root));
            let added = match history {
                History::Complete(dates) => dates.get(path).copied().filter(|d| *d <= now),
                History::None | History::Shallow => None,
            };
            added.unwrap_or(now)
        });
        ledger.dates.insert(key.to_owned(), date);
        Ok(date)
    }

    /// Keys of addresses that a post had before it was renamed, or before the blog had other
    /// addresses: links to it that nobody mended lead to it still.
    fn addresses_before(
        &mut self,
        folder: &PostsFolder,
        path: &str,
        keys: &[String],
        bytes: &[u8],
    ) -> Result<Vec<String>, RunError> {
        if self.book.ledger(self.opened, self.store, self.moment.now)?.is_empty() {
            return Ok(Vec::new());
        }
        let known = self.book.ledger(self.opened, self.store, self.moment.now)?.with_key(Key::of(&keys[0])).is_some();
        let renamed = if known { None } else { self.key_before(folder, bytes) };
        let ledger = self.book.ledger(self.opened, self.store, self.moment.now)?;
        let row_of = |key: &str| ledger.with_key(Key::of(key)).map(|n| ledger.row_at(n)).filter(|r| r.is_post());
        let Some(row) = row_of(&keys[0]).or_else(|| row_of(&renamed?)) else {
            return Ok(Vec::new());
        };
        let is_before = |k: &&String| k.starts_with("site:") && !keys.contains(k);
        let before: Vec<String> =
            row.keys.iter().filter(is_before).filter(|k| row_of(k).is_some_and(|r| r.id == row.id)).cloned().collect();
        // Of posts of one name in two folders it is not known whose they were.
        let others = self.opened.site.posts.iter().filter(|f| f.path != folder.path);
        let mut others = others.map(|f| self.opened.folder.join(&f.path).join(path));
        if before.is_empty() || others.any(|file| file.is_file()) { Ok(Vec::new()) } else { Ok(before) }
    }

    /// The key that a post had under the name it has not any more.
    fn key_before(&self, folder: &PostsFolder, bytes: &[u8]) -> Option<String> {
        if self.gone.is_empty() {
            return None;
        }
        let hash = blake3::hash(bytes).to_hex().to_string();
        let document = self.gone.iter().filter(|d| d.hash == hash).min_by(|a, b| a.path.cmp(&b.path))?;
        let was = read_post(bytes, &document.path, self.opened.context(folder, self.names)).ok()?;
        was.entries.first().map(|e| e.keys[0].clone())
    }

    #[expect(clippy::too_many_arguments, reason = "a document is many things at once")]
    fn put(
        &mut self,
        folder: &PostsFolder,
        path: &str,
        stamp: Stamp,
        hash: &str,
        bytes: &[u8],
        reading: &Post,
        touched: &mut Touched,
    ) -> Result<(), RunError> {
        let name = lead_name(folder, path);
        let leads = self.leads()?;
        if reading.leads.is_empty() {
            leads.remove(&name);
        } else {
            leads.insert(name.clone(), reading.leads.clone());
        }
        self.seen.insert(name);
        if folder.url.is_none()
            && let Some(whole) = reading.entries.first()
        {
            let root = self.opened.folder.join(&folder.path);
            let missing =
                pictures::take_beside(self.store, &folder.path, &root, &whole.html, &self.opened.site, touched)?;
            self.missing.extend(missing.into_iter().map(|(picture, why)| {
                let text =
                    format!("the picture `{}` is not shown: it {why}", crate::normalize::text::cut(&picture, 60));
                Problem::warning(format!("{}/{path}", folder.path), 0, text)
            }));
        }
        let (items, waits_until) = visible(reading, folder, self.moment.now);
        let mut items = items.to_vec();
        for key in items.iter_mut().take(1).flat_map(|whole| std::mem::take(&mut whole.keys)).collect::<Vec<_>>() {
            // What an archetype gives to every post says nothing of any.
            let is_common = key.starts_with(TRANSLATION)
                && self.store.count_with_key(Key::of(&key), MOST_TRANSLATIONS + 1)? > MOST_TRANSLATIONS;
            if let Some(whole) = items.first_mut().filter(|_| !is_common) {
                whole.keys.push(key);
            }
        }
        let light = Post { entries: Vec::new(), ..reading.clone() };
        let json = serde_json::to_string(&light).unwrap_or_else(|_| "{}".to_owned());
        let origin = &origin(folder);
        let document = NewDocument { origin, path, stamp, hash, raw: bytes, reading: &json, waits_until, items };
        Ok(self.store.put_document(document, touched)?)
    }
}

/// A post in the list of those that lead to others.
fn lead_name(folder: &PostsFolder, path: &str) -> String {
    format!("{}\n{path}", origin(folder))
}

/// What people wrote into `overrides.yaml` about things that are one.
fn same(opened: &Opened, store: &Store, book: &mut Book, now: DateTime<Utc>) -> Result<Vec<Same>, RunError> {
    let mut found = Vec::new();
    for o in &opened.site.overrides {
        let Some(same_as) = &o.same_as else { continue };
        let ledger = book.ledger(opened, store, now)?;
        let named = |target: &str| -> (Vec<String>, Option<String>) {
            let page = url::Url::parse(target).ok().filter(|u| matches!(u.scheme(), "http" | "https"));
            let key = page.map(|u| address::key(&u, &opened.hosts));
            let id = Key::of(key.as_deref().unwrap_or(target));
            let row = match &key {
                Some(_) => ledger.with_key(id).map(|n| ledger.row_at(n)),
                None => ledger.row(id),
            };
            let mut keys: Vec<String> = row.map(|r| r.keys.clone()).unwrap_or_default();
            // Without a ledger an id is known by what it is minted from.
            let id = row.map(|r| r.id.clone()).or_else(|| Some(key.clone().unwrap_or_else(|| target.to_owned())));
            keys.extend(key);
            (keys, id)
        };
        let (mut keys, of_target) = named(&o.target);
        let (id, ids) = match same_as {
            SameAs::Nothing => (None, of_target),
            SameAs::Entry(other) => {
                let (others, id) = named(other);
                let Some(id) = id else { continue };
                keys.extend(others);
                (Some(id), of_target)
            }
        };
        let ids = ids.into_iter().chain(id.clone()).map(EntryId::foreign).collect();
        found.push(Same { keys, ids, id, base: ledger.id_base.clone() });
    }
    Ok(found)
}

impl Same {
    fn apply(&self, raw: &mut RawEntry) {
        let is_named = || self.ids.contains(&normalize::mint(&[raw], &self.base));
        if !raw.keys.iter().any(|k| self.keys.contains(k)) && !is_named() {
            return;
        }
        match &self.id {
            Some(id) => raw.keys.push(format!("{SAME}{id}")),
            None => raw.keys.retain(|k| !k.starts_with("title:")),
        }
    }
}

/// Reads a post. A fault of this program in one post must not take the others with it.
pub(super) fn read_post(bytes: &[u8], path: &str, context: post::Context<'_>) -> Result<Post, post::PostError> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| post::read(bytes, path, context))).unwrap_or_else(|_| {
        let problem = "feedloom failed on this post: please report it with the file".to_owned();
        Err(post::PostError { line: 1, column: 1, problem })
    })
}

/// Tells a digest the projects of its items, where feeds of projects carry digests.
fn carry(post: &mut Post, opened: &Opened, names: &Names) {
    let site = &opened.site;
    let wanted = site.output.digests == Digests::All || site.projects.iter().any(|p| p.kinds.contains(&Kind::Digest));
    if !post.digest || !wanted {
        return;
    }
    let classifier = Classifier::new(&site.projects, names);
    let items = post.entries.iter().skip(1);
    let slugs: BTreeSet<Slug> = items.flat_map(|r| classifier.classify(&[r], &[], None)).map(|m| m.slug).collect();
    if let Some(whole) = post.entries.first_mut() {
        whole.carries = slugs.into_iter().collect();
    }
}

/// Whether a post is in no feed, now and as long as nobody edits it.
pub(super) fn is_kept_out(post: &Post, folder: &PostsFolder, now: DateTime<Utc>) -> bool {
    withheld(post, folder, now).is_some_and(|why| !matches!(why, Withheld::Waits(_)))
}

/// Why a post is in no feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Withheld {
    /// The generator makes no page of it, or there is nothing in it.
    Pageless,
    /// It is a draft.
    Draft,
    /// It is not published any more since then.
    Expired(DateTime<Utc>),
    /// It is published then.
    Waits(DateTime<Utc>),
}

/// Why a post may not be published at `now`; none when it may.
pub(super) fn withheld(post: &Post, folder: &PostsFolder, now: DateTime<Utc>) -> Option<Withheld> {
    if post.pageless {
        return Some(Withheld::Pageless);
    }
    if post.draft && !folder.drafts {
        return Some(Withheld::Draft);
    }
    if let Some(until) = post.until.filter(|until| *until <= now) {
        return Some(Withheld::Expired(until));
    }
    post.from.or(post.date).filter(|date| *date > now).map(Withheld::Waits)
}

impl Withheld {
    /// The same for people, with times in the site's zone.
    pub(super) fn told(self, zone: Zone) -> String {
        let local = |t: DateTime<Utc>| zone.to_local(t).format("%Y-%m-%d %H:%M %:z").to_string();
        match self {
            Withheld::Pageless => "not published: there is nothing in it, or it says that it has no page".to_owned(),
            Withheld::Draft => "not published: it is a draft".to_owned(),
            Withheld::Expired(since) => format!("not published any more since {}, as it says", local(since)),
            Withheld::Waits(until) => format!("waits until {}, which is its date", local(until)),
        }
    }
}

/// The raw entries that may be published now, and when that changes.
fn visible<'p>(post: &'p Post, folder: &PostsFolder, now: DateTime<Utc>) -> (&'p [RawEntry], Option<DateTime<Utc>>) {
    match withheld(post, folder, now) {
        None => (&post.entries, post.until),
        Some(Withheld::Waits(date)) => (&[], Some(date)),
        Some(_) => (&[], None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posts_are_seen_from_their_date_until_they_expire() {
        let day = |d: u32| format!("2024-01-{d:02}T00:00:00Z").parse::<DateTime<Utc>>().expect("a date");
        let folder = |drafts| PostsFolder { drafts, ..PostsFolder::new("posts", crate::yaml::Place::default()) };
        let entries = vec![RawEntry::new(Kind::Post, "post:a".to_owned(), "a".to_owned())];
        let post = Post { date: Some(day(2)), until: Some(day(4)), entries, ..Post::default() };
        let seen = |post: &Post, drafts: bool, now: u32| {
            let folder = folder(drafts);
            let (items, waits) = visible(post, &folder, day(now));
            (items.len(), waits)
        };
        assert_eq!(seen(&post, false, 1), (0, Some(day(2))));
        assert_eq!(seen(&post, false, 2), (1, Some(day(4))));
        assert_eq!(seen(&post, false, 4), (0, None));
        assert_eq!(seen(&Post { until: None, ..post.clone() }, false, 9), (1, None));
        assert_eq!(seen(&Post { from: Some(day(3)), ..post.clone() }, false, 2), (0, Some(day(3))));
        assert_eq!(seen(&Post { from: Some(day(1)), ..post.clone() }, false, 1), (1, Some(day(4))));
        assert_eq!(seen(&Post { pageless: true, ..post.clone() }, true, 3), (0, None));
        let draft = Post { draft: true, ..post };
        assert_eq!((seen(&draft, false, 3).0, seen(&draft, true, 3).0), (0, 1));
    }
}
