//! The output folder: every reader sees the old file whole or the new file whole. Nothing
//! is written or deleted behind a symbolic link.

use std::collections::HashSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{FileError, O_NOFOLLOW, O_NONBLOCK, failed, stamp};
use crate::store::Stamp;

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
    folders: HashSet<PathBuf>,
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
        Self { root: root.to_owned(), folders: HashSet::new(), waiting: Vec::new() }
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
            self.folders.insert(folder.clone());
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
}
