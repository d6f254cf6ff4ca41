//! Which files changed, as git tells.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

/// Why it is not known what changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangedError {
    /// git cannot be called.
    #[error("git cannot be called, and `--changed-since` asks it: {0}")]
    NoGit(#[source] io::Error),
    /// Not in a repository.
    #[error("{}: in no git repository: `--changed-since` has nothing to compare with", .0.display())]
    NoRepository(PathBuf),
    /// The revision is not there.
    #[error("`{0}` is no revision of this repository; a clone may lack it: fetch the whole history (`fetch-depth: 0`)")]
    NoRevision(String),
    /// git did not say.
    #[error("git could not tell what changed: {0}")]
    Failed(String),
}

/// Files that changed since the work on `HEAD` left `revision`, new ones and those not
/// committed yet included: absolute paths.
///
/// # Errors
/// [`ChangedError`] when git cannot tell.
pub fn changed_since(folder: &Path, revision: &str) -> Result<HashSet<PathBuf>, ChangedError> {
    let git = |folder: &Path, arguments: &[&str]| {
        let mut command = std::process::Command::new("git");
        command.arg("-C").arg(folder).args(arguments).stdin(std::process::Stdio::null());
        for name in ["GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE"] {
            command.env_remove(name);
        }
        command.output().map_err(ChangedError::NoGit)
    };
    let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    let top = git(folder, &["rev-parse", "--show-toplevel"])?;
    if !top.status.success() {
        return Err(ChangedError::NoRepository(folder.to_owned()));
    }
    let top = PathBuf::from(said(&top.stdout));
    let top = top.canonicalize().unwrap_or(top);
    let commit =
        git(&top, &["rev-parse", "--verify", "--quiet", "--end-of-options", &format!("{revision}^{{commit}}")])?;
    if !commit.status.success() {
        return Err(ChangedError::NoRevision(revision.to_owned()));
    }
    let commit = said(&commit.stdout);
    // What others changed meanwhile is not this work's.
    let base = git(&top, &["merge-base", &commit, "HEAD"])?;
    let base = if base.status.success() { said(&base.stdout) } else { commit };
    let mut changed = HashSet::new();
    for arguments in [
        &["diff", "--name-only", "-z", "--no-ext-diff", "--no-renames", &base, "--"][..],
        &["ls-files", "--others", "--exclude-standard", "-z"],
    ] {
        let output = git(&top, arguments)?;
        if !output.status.success() {
            return Err(ChangedError::Failed(said(&output.stderr)));
        }
        let names = output.stdout.split(|b| *b == 0).filter(|n| !n.is_empty());
        changed.extend(names.map(|n| top.join(String::from_utf8_lossy(n).as_ref())));
    }
    Ok(changed)
}
