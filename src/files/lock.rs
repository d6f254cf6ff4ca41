//! One run at a time.

use std::fs::{self, File, OpenOptions};
use std::path::Path;

use super::{FileError, failed};

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

#[cfg(test)]
mod tests {
    use super::*;

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
