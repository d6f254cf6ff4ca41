//! Files of a site: reading them without being led astray, and writing output so
//! that every reader sees the old file whole or the new file whole.
//!
//! Only regular files are read: links, pipes and devices among the posts are
//! reported and passed over. Nothing is written outside the folder given.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

mod changed;
mod tree;

pub use changed::{ChangedError, changed_since};
pub use tree::{Tree, list_tree};

use crate::config::{ConfigFile, ConfigFiles};
use crate::store::Stamp;

/// Why a file could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("{}: {action}", .path.display())]
pub struct FileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was tried.
    pub action: &'static str,
    /// Why it failed.
    #[source]
    pub source: io::Error,
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> FileError {
    let path = path.to_owned();
    move |source| FileError { path, action, source }
}

/// The nearest folder with `feedloom.yaml`, from `start` upwards.
pub fn find_site(start: &Path) -> Option<PathBuf> {
    start.ancestors().find(|folder| folder.join("feedloom.yaml").is_file()).map(Path::to_owned)
}

/// Reads the configuration files of a site. Paths in messages are relative to `shown`.
///
/// # Errors
/// [`FileError`] when one cannot be read.
pub fn read_config(folder: &Path) -> Result<ConfigFiles, FileError> {
    let read = |path: PathBuf, name: PathBuf| -> Result<ConfigFile, FileError> {
        let bytes = fs::read(&path).map_err(failed(&path, "cannot be read"))?;
        Ok(ConfigFile { path: name, text: String::from_utf8_lossy(&bytes).into_owned() })
    };
    let site = read(folder.join("feedloom.yaml"), PathBuf::from("feedloom.yaml"))?;
    let mut projects = Vec::new();
    let feeds = folder.join("feeds");
    if feeds.is_dir() {
        let mut names: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&feeds).map_err(failed(&feeds, "cannot be read"))? {
            let path = entry.map_err(failed(&feeds, "cannot be read"))?.path();
            let is_yaml = path.extension().is_some_and(|e| e == "yaml" || e == "yml");
            if is_yaml && path.is_file() {
                names.push(path);
            }
        }
        names.sort();
        for path in names {
            let name = PathBuf::from("feeds").join(path.file_name().unwrap_or_default());
            projects.push(read(path, name)?);
        }
    }
    let overrides_path = folder.join("overrides.yaml");
    let overrides =
        if overrides_path.is_file() { Some(read(overrides_path, PathBuf::from("overrides.yaml"))?) } else { None };
    let mut words = Vec::new();
    for name in template_names(folder)?.into_iter().filter(|n| n.starts_with("words.") && n.ends_with(".yaml")) {
        let name = PathBuf::from("templates").join(name);
        words.push(read(folder.join(&name), name)?);
    }
    Ok(ConfigFiles { site, projects, overrides, words })
}

/// Names of the regular files in the site's `templates/`, sorted.
fn template_names(folder: &Path) -> Result<Vec<String>, FileError> {
    let folder = folder.join("templates");
    let mut names = Vec::new();
    if folder.is_dir() {
        for entry in fs::read_dir(&folder).map_err(failed(&folder, "cannot be read"))? {
            let path = entry.map_err(failed(&folder, "cannot be read"))?.path();
            if path.is_file() {
                names.push(path.file_name().unwrap_or_default().to_string_lossy().into_owned());
            }
        }
    }
    names.sort();
    Ok(names)
}

/// Templates of the site, style sheets and scripts among them, by name.
///
/// # Errors
/// [`FileError`] when the folder or a file cannot be read.
pub fn read_templates(folder: &Path) -> Result<BTreeMap<String, String>, FileError> {
    let mut templates = BTreeMap::new();
    for name in template_names(folder)? {
        if [".html", ".css", ".js"].iter().any(|e| name.ends_with(e)) {
            let path = folder.join("templates").join(&name);
            templates.insert(name, fs::read_to_string(&path).map_err(failed(&path, "cannot be read"))?);
        }
    }
    Ok(templates)
}

/// A Markdown file below a posts folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Path below the folder, with `/`.
    pub path: String,
    /// How it looks.
    pub stamp: Stamp,
}

/// What lies in a posts folder: the files in order, and what was passed over with the reason.
#[derive(Debug, Default)]
pub struct Listing {
    /// Markdown files, by path.
    pub files: Vec<Found>,
    /// Path below the folder and why it was passed over.
    pub passed_over: Vec<(String, String)>,
    /// Paths among those where posts may be: what cannot be read is not gone.
    pub unread: Vec<String>,
}

impl Listing {
    /// Passes over what may be a post, or a folder with posts.
    fn cannot_read(&mut self, path: String, why: String) {
        self.unread.push(path.clone());
        self.passed_over.push((path, why));
    }
}

/// Whether `path` is one of `unread`, or lies below one; an empty one is the folder itself.
pub fn is_unread(unread: &[String], path: &str) -> bool {
    let is_below = |u: &String| path.strip_prefix(u.as_str()).is_some_and(|r| r.is_empty() || r.starts_with('/'));
    unread.iter().any(|u| u.is_empty() || is_below(u))
}

/// How deep folders of posts are followed.
const MAX_FOLDERS_DEEP: usize = 32;

/// Lists the Markdown files below `root`.
///
/// # Errors
/// [`FileError`] when the folder itself cannot be read.
pub fn list_posts(root: &Path) -> Result<Listing, FileError> {
    let mut listing = Listing::default();
    let metadata = fs::metadata(root)
        .map_err(failed(root, "cannot be read: does `posts.path` in feedloom.yaml name the right folder?"))?;
    if !metadata.is_dir() {
        return Err(failed(root, "is no folder")(io::Error::from(io::ErrorKind::NotADirectory)));
    }
    walk(root, "", 0, &MARKDOWN, &mut listing)?;
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    drop_indexes(&mut listing);
    Ok(listing)
}

/// Endings of posts.
const MARKDOWN: [&str; 4] = [".md", ".markdown", ".mdx", ".mdown"];

/// Lists saved pages and side files below `root`; not what browsers save beside a page
/// (`NAME_files/`).
///
/// # Errors
/// [`FileError`] when the folder itself cannot be read.
pub fn list_saved(root: &Path) -> Result<Listing, FileError> {
    let mut listing = Listing::default();
    walk(root, "", 0, &[".html", ".htm", ".yaml", ".yml"], &mut listing)?;
    listing.files.retain(|f| !f.path.split('/').any(|part| part.ends_with("_files") || part.ends_with(".files")));
    listing.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(listing)
}

/// The rules for pages of sites in `folder`/`sites`: names for messages, and texts.
///
/// # Errors
/// [`FileError`] when one cannot be read.
pub fn read_rules(folder: &Path, sites: &Path) -> Result<Vec<(String, String)>, FileError> {
    let root = folder.join(sites);
    if !root.is_dir() {
        return Ok(Vec::new());
    }
    let mut paths: Vec<PathBuf> = Vec::new();
    for entry in fs::read_dir(&root).map_err(failed(&root, "cannot be read"))? {
        let path = entry.map_err(failed(&root, "cannot be read"))?.path();
        if path.extension().is_some_and(|e| e == "yaml" || e == "yml") && path.is_file() {
            paths.push(path);
        }
    }
    paths.sort();
    let read = |path: PathBuf| {
        let bytes = fs::read(&path).map_err(failed(&path, "cannot be read"))?;
        let name = sites.join(path.file_name().unwrap_or_default()).display().to_string();
        Ok((name, String::from_utf8_lossy(&bytes).into_owned()))
    };
    paths.into_iter().map(read).collect()
}

/// Pages that list others are no posts: `_index.md`, the root's own `index.md`, a
/// `README.md` beside posts. Of `name.md` and `name/index.md` the first is the post, of
/// `name.zh.md` and `name/index.zh.md` too; of `name.md` the latter is a translation.
fn drop_indexes(listing: &mut Listing) {
    let parent = |p: &str| p.rsplit_once('/').map_or(String::new(), |(f, _)| f.to_owned());
    let name = |p: &str| p.rsplit('/').next().unwrap_or(p).to_lowercase();
    let paths: HashSet<String> = listing.files.iter().map(|f| f.path.clone()).collect();
    let mut in_folder: HashMap<String, usize> = HashMap::new();
    for path in &paths {
        *in_folder.entry(parent(path)).or_default() += 1;
    }
    let Listing { files, passed_over, .. } = listing;
    files.retain(|file| {
        let (folder, name) = (parent(&file.path), name(&file.path));
        let twin =
            name.strip_prefix("index.").filter(|_| !folder.is_empty()).map(|ending| match ending.split_once('.') {
                Some((language, _)) => format!("{folder}.{language}.md"),
                None => format!("{folder}.md"),
            });
        if let Some(twin) = twin.filter(|twin| paths.contains(twin)) {
            passed_over.push((file.path.clone(), format!("`{twin}` is the same post")));
            return false;
        }
        let alone = in_folder.get(&folder) == Some(&1);
        let lists_others = name.starts_with("_index.")
            || name.starts_with("index.") && folder.is_empty() && paths.len() > 1
            || name.starts_with("readme.") && (folder.is_empty() || !alone);
        !lists_others
    });
}

fn walk(folder: &Path, below: &str, depth: usize, endings: &[&str], listing: &mut Listing) -> Result<(), FileError> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if depth == 0 => return Err(failed(folder, "cannot be read")(error)),
        Err(error) => {
            listing.cannot_read(below.trim_end_matches('/').to_owned(), format!("cannot be read: {error}"));
            return Ok(());
        }
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            // Nobody knows which names are missing: what was known here stays.
            Err(error) => {
                listing.cannot_read(below.trim_end_matches('/').to_owned(), format!("cannot be read: {error}"));
                continue;
            }
        };
        let Ok(name) = entry.file_name().into_string() else {
            listing
                .passed_over
                .push((format!("{below}{}", entry.file_name().to_string_lossy()), "its name is not UTF-8".to_owned()));
            continue;
        };
        if name.starts_with('.') || name == "node_modules" {
            continue;
        }
        let path = format!("{below}{name}");
        let kind = match entry.file_type() {
            Ok(kind) => kind,
            Err(error) => {
                listing.cannot_read(path, format!("cannot be read: {error}"));
                continue;
            }
        };
        if kind.is_dir() {
            if depth < MAX_FOLDERS_DEEP {
                walk(&entry.path(), &format!("{path}/"), depth + 1, endings, listing)?;
            } else {
                listing.passed_over.push((path, "lies too deep".to_owned()));
            }
            continue;
        }
        if kind.is_symlink() && std::fs::metadata(entry.path()).is_ok_and(|m| m.is_dir()) {
            let inside = std::fs::read_dir(entry.path()).into_iter().flatten().flatten();
            let is_one = |name: &std::ffi::OsString| {
                let name = name.to_string_lossy().to_lowercase();
                endings.iter().any(|e| name.ends_with(e))
            };
            // A folder of pictures is nobody's loss.
            if !inside.map(|e| e.file_name()).any(|name| is_one(&name)) {
                continue;
            }
            listing.passed_over.push((path, "a symbolic link to a folder: name that folder in `posts`".to_owned()));
            continue;
        }
        if !endings.iter().any(|e| name.to_lowercase().ends_with(e)) {
            continue;
        }
        if !kind.is_file() {
            let what = if kind.is_symlink() { "a symbolic link" } else { "no regular file" };
            listing.cannot_read(path, format!("{what}: only files in the folder itself are read"));
            continue;
        }
        match entry.metadata() {
            Ok(metadata) => listing.files.push(Found { path, stamp: stamp(&metadata) }),
            Err(error) => listing.cannot_read(path, format!("cannot be read: {error}")),
        }
    }
    Ok(())
}

fn is_markdown(name: &str) -> bool {
    MARKDOWN.iter().any(|e| name.to_lowercase().ends_with(e))
}

/// Writes a new file; one that is there is left as it is, and `false` comes back.
///
/// # Errors
/// [`FileError`] when the disk refuses.
pub fn create(path: &Path, bytes: &[u8]) -> Result<bool, FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder, "cannot be made"))?;
    match OpenOptions::new().write(true).create_new(true).mode(0o644).open(path) {
        Ok(mut file) => file.write_all(bytes).map(|()| true).map_err(failed(path, "cannot be written")),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(failed(path, "cannot be made")(error)),
    }
}

fn stamp(metadata: &fs::Metadata) -> Stamp {
    let nanoseconds = |s: i64, n: i64| s.saturating_mul(1_000_000_000).saturating_add(n);
    Stamp {
        size: metadata.len(),
        modified_ns: nanoseconds(metadata.mtime(), metadata.mtime_nsec()),
        changed_ns: nanoseconds(metadata.ctime(), metadata.ctime_nsec()),
    }
}

/// Reads a regular file of at most `limit` bytes; a longer one is cut there and told by its length.
///
/// # Errors
/// [`FileError`] when it is no regular file any more or cannot be read.
pub fn read_regular(path: &Path, limit: usize) -> Result<Vec<u8>, FileError> {
    // A pipe put in the file's place since it was listed must not block the run.
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(O_NONBLOCK | O_NOFOLLOW)
        .open(path)
        .map_err(failed(path, "cannot be read"))?;
    let metadata = file.metadata().map_err(failed(path, "cannot be read"))?;
    if !metadata.is_file() {
        return Err(failed(path, "is no regular file")(io::Error::from(io::ErrorKind::InvalidInput)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(limit));
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(failed(path, "cannot be read"))?;
    Ok(bytes)
}

#[cfg(target_os = "linux")]
const O_NONBLOCK: i32 = 0o4000;
#[cfg(all(target_os = "linux", any(target_arch = "x86_64", target_arch = "x86", target_arch = "riscv64")))]
const O_NOFOLLOW: i32 = 0o400000;
#[cfg(all(target_os = "linux", any(target_arch = "aarch64", target_arch = "arm")))]
const O_NOFOLLOW: i32 = 0o100000;
#[cfg(not(target_os = "linux"))]
const O_NONBLOCK: i32 = 0x4;
#[cfg(not(target_os = "linux"))]
const O_NOFOLLOW: i32 = 0x100;

/// The text of a file; `None` when there is none.
///
/// # Errors
/// [`FileError`] when it is there but cannot be read.
pub fn read_if_there(path: &Path) -> Result<Option<String>, FileError> {
    match fs::read(path) {
        Ok(bytes) => {
            Ok(Some(String::from_utf8(bytes).unwrap_or_else(|e| String::from_utf8_lossy(e.as_bytes()).into_owned())))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(failed(path, "cannot be read")(error)),
    }
}

/// What git knows of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// No repository, or no git.
    None,
    /// A clone without its past: when a file came is not known.
    Shallow,
    /// When each file came, by path below the folder.
    Complete(HashMap<String, chrono::DateTime<chrono::Utc>>),
}

/// Asks git when the files below `folder` were added; one that was renamed when it was
/// added under its first name.
pub fn history(folder: &Path) -> History {
    let git = |arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(folder).args(arguments).stdin(std::process::Stdio::null());
        // Nothing of this run's surroundings decides which repository is meant.
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command.output().ok().filter(|o| o.status.success()).map(|o| String::from_utf8_lossy(&o.stdout).into_owned())
    };
    match git(&["rev-parse", "--is-shallow-repository"]).as_deref().map(str::trim) {
        Some("false") => {}
        Some("true") => return History::Shallow,
        _ => return History::None,
    }
    let arguments = [
        "-c",
        "core.quotePath=false",
        "log",
        "--no-show-signature",
        "--reverse",
        "--find-renames",
        "--diff-filter=AR",
        "--name-status",
        "--relative",
        "--format=%x00%aI",
        "--",
        ".",
    ];
    let Some(log) = git(&arguments) else {
        return History::None;
    };
    History::Complete(added(&log))
}

/// A path as git tells it: in quotes, with escapes, where a mark in it asks for that.
fn unquoted(path: &str) -> String {
    let Some(inside) = path.strip_prefix('"').and_then(|p| p.strip_suffix('"')) else { return path.to_owned() };
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(digit @ b'0'..=b'3') => {
                let mut octal = |digit: u8| digit.wrapping_mul(8).wrapping_add(rest.next().map_or(0, |d| d & 7));
                let two = octal(digit & 7);
                octal(two)
            }
            Some(other) => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// When files were added, of a log with the oldest commit first: a NUL and a date, then
/// a line for each file: `A`, path, or `R` and how alike, old path, path.
fn added(log: &str) -> HashMap<String, chrono::DateTime<chrono::Utc>> {
    let mut dates = HashMap::new();
    for commit in log.split('\0').skip(1) {
        let mut lines = commit.lines();
        let Some(date) = lines.next().and_then(|d| chrono::DateTime::parse_from_rfc3339(d).ok()) else {
            continue;
        };
        let files: Vec<Vec<String>> = lines.map(|line| line.split('\t').skip(1).map(unquoted).collect()).collect();
        // Two files may have exchanged their names: first all are taken up, then put down.
        let was: Vec<_> = files.iter().map(|f| if f.len() == 2 { dates.remove(&f[0]) } else { None }).collect();
        for (file, was) in files.iter().zip(was) {
            let Some(path) = file.last() else { continue };
            match was {
                Some(was) => drop(dates.insert(path.clone(), was)),
                // It came, or was renamed in another branch before.
                None => drop(dates.entry(path.clone()).or_insert(date.to_utc())),
            }
        }
    }
    dates
}

/// Where `path`, named below `folder`, really is; without links where it exists, without
/// `..` in any case.
pub fn absolute(folder: &Path, path: &Path) -> PathBuf {
    let joined = folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(path);
    joined.canonicalize().unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in joined.components() {
            match part {
                std::path::Component::ParentDir => {
                    plain.pop();
                }
                std::path::Component::CurDir => {}
                other => plain.push(other),
            }
        }
        plain
    })
}

/// A lock that ends with the process, however it ends.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Closing is not enough: a program that another thread is just starting has the file open, too.
        let _ = self.file.unlock();
    }
}

/// Takes the lock of a state folder; `None` when another run holds it.
///
/// # Errors
/// [`FileError`] when the folder cannot be made or written.
pub fn lock(state: &Path) -> Result<Option<Lock>, FileError> {
    fs::create_dir_all(state).map_err(failed(state, "cannot be made"))?;
    let path = state.join("lock");
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(failed(&path, "cannot be opened"))?;
    match file.try_lock() {
        Ok(()) => Ok(Some(Lock { file })),
        Err(fs::TryLockError::WouldBlock) => Ok(None),
        Err(fs::TryLockError::Error(error)) => Err(failed(&path, "cannot be locked")(error)),
    }
}

/// How a published file looks now; `None` when there is none.
pub fn look(root: &Path, path: &str) -> Option<(u64, i64)> {
    let metadata = fs::symlink_metadata(root.join(path)).ok()?;
    metadata.is_file().then(|| {
        let s = stamp(&metadata);
        (s.size, s.modified_ns)
    })
}

/// Folders of published files that are looked into, one in the other.
const MAX_OUTPUT_DEEP: usize = 8;

/// Largest published file that is served.
const MAX_OUTPUT_BYTES: usize = 64 << 20;

/// Every published file, by path, and how it looks. Hidden files, which may be on their
/// way in, and whatever is no regular file are left out. No folder is an empty one.
pub fn list_published(root: &Path) -> Vec<(String, Stamp)> {
    fn walk(folder: &Path, below: &str, depth: usize, found: &mut Vec<(String, Stamp)>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let Ok(name) = entry.file_name().into_string() else { continue };
            let (Ok(metadata), false) = (entry.metadata(), name.starts_with('.')) else { continue };
            let path = format!("{below}{name}");
            if metadata.is_dir() && depth < MAX_OUTPUT_DEEP {
                walk(&entry.path(), &format!("{path}/"), depth + 1, found);
            } else if metadata.is_file() {
                found.push((path, stamp(&metadata)));
            }
        }
    }
    let mut found = Vec::new();
    walk(root, "", 0, &mut found);
    found
}

/// The bytes of a published file and its mtime in nanoseconds, both of the same moment.
///
/// # Errors
/// It is not there, is no regular file, or cannot be read.
pub fn read_published(root: &Path, path: &str) -> io::Result<(Vec<u8>, i64)> {
    let file = OpenOptions::new().read(true).custom_flags(O_NONBLOCK | O_NOFOLLOW).open(root.join(path))?;
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(io::ErrorKind::NotFound.into());
    }
    let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0).min(MAX_OUTPUT_BYTES) + 1);
    file.take(MAX_OUTPUT_BYTES as u64).read_to_end(&mut bytes)?;
    Ok((bytes, stamp(&metadata).modified_ns))
}

/// Files on their way into the output folder. Each is written beside its target at
/// once, so that no more than one is held in memory; [`Publisher::publish`] then
/// syncs them and puts all of them in place. Dropped before, it leaves nothing.
#[derive(Debug)]
pub struct Publisher {
    root: PathBuf,
    folders: Vec<PathBuf>,
    waiting: Vec<Waiting>,
}

#[derive(Debug)]
struct Waiting {
    path: String,
    temporary: PathBuf,
    target: PathBuf,
}

impl Publisher {
    /// A publisher for an output folder.
    pub fn new(root: &Path) -> Self {
        Self { root: root.to_owned(), folders: Vec::new(), waiting: Vec::new() }
    }

    /// The output folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Takes a file in. `path` is below the folder and made of own slugs and hashes only.
    /// A file that has these bytes already is not touched.
    ///
    /// # Errors
    /// [`FileError`] when the disk refuses.
    pub fn add(&mut self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        let target = self.root.join(path);
        if let Some(link) = linked_folder(&self.root, &target) {
            return Err(failed(link, "is a symbolic link: output is written into folders of its own only")(
                io::Error::from(io::ErrorKind::InvalidInput),
            ));
        }
        let same_size = fs::symlink_metadata(&target).is_ok_and(|m| m.is_file() && m.len() == bytes.len() as u64);
        if same_size && fs::read(&target).is_ok_and(|b| b == bytes) {
            return Ok(());
        }
        let folder = target.parent().unwrap_or(&self.root).to_owned();
        if !self.folders.contains(&folder) {
            fs::create_dir_all(&folder).map_err(failed(&folder, "cannot be made"))?;
            self.folders.push(folder.clone());
        }
        let name = target.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let temporary = folder.join(format!(".{name}.tmp"));
        let _ = fs::remove_file(&temporary);
        self.waiting.push(Waiting { path: path.to_owned(), temporary: temporary.clone(), target });
        let mut out = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o644)
            .custom_flags(O_NOFOLLOW)
            .open(&temporary)
            .map_err(failed(&temporary, "cannot be made"))?;
        out.write_all(bytes).map_err(failed(&temporary, "cannot be written"))
    }

    /// Puts every file in place: data on disk first, then the names, then the folders.
    /// Comes back with the paths that changed and how the files look now.
    ///
    /// # Errors
    /// [`FileError`]; what was not put in place is as it was.
    pub fn publish(mut self) -> Result<Vec<(String, u64, i64)>, FileError> {
        for file in &self.waiting {
            File::open(&file.temporary)
                .and_then(|f| f.sync_data())
                .map_err(failed(&file.temporary, "cannot be synced"))?;
        }
        let mut done = Vec::with_capacity(self.waiting.len());
        for file in &self.waiting {
            fs::rename(&file.temporary, &file.target).map_err(failed(&file.target, "cannot be replaced"))?;
            done.extend(look(&self.root, &file.path).map(|(size, modified)| (file.path.clone(), size, modified)));
        }
        self.waiting.clear();
        for folder in &self.folders {
            File::open(folder).and_then(|f| f.sync_all()).map_err(failed(folder, "cannot be synced"))?;
        }
        Ok(done)
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        for file in &self.waiting {
            let _ = fs::remove_file(&file.temporary);
        }
    }
}

/// The folder on the way from `root` to `target` that is a symbolic link: what lies behind it
/// is somebody else's. The folder at `root` itself may be one.
fn linked_folder<'p>(root: &Path, target: &'p Path) -> Option<&'p Path> {
    let below = target.ancestors().skip(1).take_while(|folder| *folder != root);
    below.filter(|folder| folder.is_symlink()).last()
}

/// Deletes a file below `root`, and its folder when that is empty then. Nothing is deleted
/// behind a symbolic link.
pub fn remove(root: &Path, path: &str) {
    let target = root.join(path);
    if linked_folder(root, &target).is_some() {
        return;
    }
    let _ = fs::remove_file(&target);
    let mut folder = target.parent();
    while let Some(f) = folder.filter(|f| *f != root && f.starts_with(root)) {
        if fs::remove_dir(f).is_err() {
            break;
        }
        folder = f.parent();
    }
}

/// Replaces one file atomically.
///
/// # Errors
/// [`FileError`]; the old file is as it was.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), FileError> {
    replace_with(path, |out| out.write_all(bytes))
}

/// Replaces one file atomically with what `write` writes.
///
/// # Errors
/// [`FileError`]; the old file is as it was.
pub fn replace_with(
    path: &Path,
    write: impl FnOnce(&mut io::BufWriter<File>) -> io::Result<()>,
) -> Result<(), FileError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed(folder, "cannot be made"))?;
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let temporary = folder.join(format!(".{name}.tmp"));
    let replace = || -> io::Result<()> {
        let _ = fs::remove_file(&temporary);
        let out = OpenOptions::new().write(true).create_new(true).mode(0o644).open(&temporary)?;
        let mut out = io::BufWriter::with_capacity(64 << 10, out);
        write(&mut out)?;
        out.into_inner()?.sync_data()?;
        fs::rename(&temporary, path)?;
        File::open(folder)?.sync_all()
    };
    replace().map_err(|source| {
        let _ = fs::remove_file(&temporary);
        FileError { path: path.to_owned(), action: "cannot be written", source }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unchanged_files_are_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let write = |bytes: &[u8]| {
            let mut publisher = Publisher::new(folder.path());
            publisher.add("a/x.xml", bytes).unwrap();
            publisher.publish().unwrap().len()
        };
        assert_eq!((write(b"1"), write(b"1"), write(b"2")), (1, 0, 1));
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 1);
    }

    #[test]
    fn a_publisher_that_was_dropped_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let mut publisher = Publisher::new(folder.path());
        publisher.add("a/x.xml", b"1").unwrap();
        drop(publisher);
        assert_eq!(fs::read_dir(folder.path().join("a")).unwrap().count(), 0);
    }

    #[test]
    fn nothing_is_written_or_deleted_behind_a_link() {
        let (folder, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        fs::create_dir(elsewhere.path().join("archive")).unwrap();
        fs::write(elsewhere.path().join("archive/x"), "theirs").unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), folder.path().join("mosn")).unwrap();
        let mut publisher = Publisher::new(folder.path());
        for path in ["mosn/x", "mosn/archive/x", "mosn/new/x"] {
            let error = publisher.add(path, b"ours").unwrap_err();
            assert_eq!(error.path, folder.path().join("mosn"), "{path}");
        }
        drop(publisher);
        remove(folder.path(), "mosn/archive/x");
        assert_eq!(fs::read(elsewhere.path().join("archive/x")).unwrap(), b"theirs");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
        // The output folder itself may be a link.
        let root = folder.path().join("public");
        std::os::unix::fs::symlink(elsewhere.path(), &root).unwrap();
        let mut publisher = Publisher::new(&root);
        publisher.add("a/x", b"ours").unwrap();
        assert_eq!(publisher.publish().unwrap().len(), 1);
    }

    #[test]
    fn paths_that_git_quotes_are_read() {
        for (told, path) in [
            ("周报.md", "周报.md"),
            ("\"a \\\"b\\\".md\"", "a \"b\".md"),
            ("\"tab\\tname.md\"", "tab\tname.md"),
            ("\"\\345\\221\\250\\\\.md\"", "周\\.md"),
        ] {
            assert_eq!(unquoted(told), path, "{told}");
        }
    }

    #[test]
    fn a_file_that_was_renamed_came_with_its_first_name() {
        let log = "\0YEAR1-01-01T00:00:00Z\n\nA\ta.md\nA\tb.md\n\0YEAR2-01-01T00:00:00Z\n\nR100\ta.md\tc.md\n\
                   \0YEAR3-01-01T00:00:00Z\n\nR090\tb.md\tc.md\nR090\tc.md\tb.md\nA\ta.md\n\
                   \0YEAR4-01-01T00:00:00Z\n\nR100\tx.md\tb.md\nA\tc.md\n\0no date\n\nA\tz.md\n";
        let dates = added(&log.replace("YEAR", "202"));
        let year = |path: &str| dates.get(path).map(|d| d.format("%Y").to_string());
        let found = ["a.md", "b.md", "c.md", "x.md", "z.md"].map(year);
        assert_eq!(found, [Some("2023".into()), Some("2021".into()), Some("2021".into()), None, None]);
    }

    #[test]
    fn links_and_pipes_are_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("a.md"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("b.md")).unwrap();
        let pipe = folder.path().join("c.md");
        assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let listing = list_posts(folder.path()).unwrap();
        assert_eq!(listing.files.len(), 1);
        assert_eq!(listing.passed_over.len(), 2);
        assert!(read_regular(&pipe, 10).is_err());
        assert!(read_regular(&folder.path().join("b.md"), 10).is_err());
    }

    #[test]
    fn one_lock_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = lock(folder.path()).unwrap();
        assert!(first.is_some());
        assert!(lock(folder.path()).unwrap().is_none());
        drop(first);
        assert!(lock(folder.path()).unwrap().is_some());
    }
}
