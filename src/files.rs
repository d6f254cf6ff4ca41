//! Files of a site: reading them without being led astray, and writing output so
//! that every reader sees the old file whole or the new file whole.
//!
//! Only regular files are read: links, pipes and devices among the posts are
//! reported and passed over. Nothing is written outside the folder given.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

mod changed;
mod history;
mod lock;
mod posts;
mod publish;
mod settings;
mod tree;

pub use self::changed::{ChangedError, changed_since};
pub use self::history::{History, history};
pub use self::lock::{Lock, lock};
pub use self::posts::{Found, Listing, is_unread, list_posts, list_saved};
pub use self::publish::{Publisher, list_published, look, read_published, remove};
pub use self::settings::{find_site, read_config, read_rules, read_templates};
pub use self::tree::{Tree, list_tree};

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

/// Where `path`, named below `folder`, really is; without links where it exists, without
/// `..` in any case.
pub fn absolute(folder: &Path, path: &Path) -> PathBuf {
    let joined = folder.canonicalize().unwrap_or_else(|_| folder.to_owned()).join(path);
    joined.canonicalize().unwrap_or_else(|_| {
        let mut plain = PathBuf::new();
        for part in joined.components() {
            match part {
                Component::ParentDir => {
                    plain.pop();
                }
                Component::CurDir => {}
                other => plain.push(other),
            }
        }
        plain
    })
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
