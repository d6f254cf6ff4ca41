//! Folders of posts and of saved pages: which files there are. Links, pipes and devices
//! are passed over, with the reason.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::io;
use std::path::Path;

use super::{FileError, failed, stamp};
use crate::store::Stamp;

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
pub(super) const MAX_FOLDERS_DEEP: usize = 32;

/// Endings of posts.
const MARKDOWN: [&str; 4] = [".md", ".markdown", ".mdx", ".mdown"];

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

pub(super) fn is_markdown(name: &str) -> bool {
    MARKDOWN.iter().any(|e| name.to_lowercase().ends_with(e))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::read_regular;

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
}
