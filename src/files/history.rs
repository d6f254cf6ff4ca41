//! When files came into a repository, as git tells it.

use std::collections::HashMap;
use std::path::Path;
use std::process::{Command, Stdio};

use chrono::{DateTime, Utc};

/// What git knows of a folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum History {
    /// No repository, or no git.
    None,
    /// A clone without its past: when a file came is not known.
    Shallow,
    /// When each file came, by path below the folder.
    Complete(HashMap<String, DateTime<Utc>>),
}

/// Asks git when the files below `folder` were added; one that was renamed when it was
/// added under its first name.
pub fn history(folder: &Path) -> History {
    let git = |arguments: &[&str]| {
        let mut command = Command::new("git");
        command.arg("-C").arg(folder).args(arguments).stdin(Stdio::null());
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
        "-c", "core.quotePath=false", "log", "--no-show-signature", "--reverse", "--find-renames", "--diff-filter=AR",
        "--name-status", "--relative", "--format=%x00%aI", "--", ".",
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
fn added(log: &str) -> HashMap<String, DateTime<Utc>> {
    let mut dates = HashMap::new();
    for commit in log.split('\0').skip(1) {
        let mut lines = commit.lines();
        let Some(date) = lines.next().and_then(|d| DateTime::parse_from_rfc3339(d).ok()) else {
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

#[cfg(test)]
mod tests {
    use super::*;

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
}
