//! What must never change: ids, what they were minted from, when each entry was
//! first seen, when its text changed.
//!
//! A text file, to be kept and committed: the first line names the start of ids, then
//! one JSON object an entry, sorted by id, so that two branches merge line by line.
//! The store may be deleted at any time; with the ledger the same bytes come out.
//!
//! Pure: text in, values out. [`crate::files`] does the reading and writing.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

/// The newest form of the file this version knows.
pub const VERSION: u32 = 1;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Head {
    ledger: u32,
    id_base: String,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Identities, the one it was minted from first.
    pub keys: Vec<String>,
    /// When Feedloom met it.
    pub seen: DateTime<Utc>,
    /// Hash of its own text when it last changed.
    pub hash: String,
    /// When its own text changed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<DateTime<Utc>>,
}

/// A ledger that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ledger {
    /// Start of minted ids.
    pub id_base: String,
    /// Entries, sorted by id.
    pub rows: Vec<Row>,
}

/// Why a ledger could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LedgerError {
    /// A newer Feedloom wrote it.
    #[error("written by a newer feedloom (form {0}, this one knows {VERSION}): use that version")]
    Newer(u32),
    /// A line is no entry: a merge went wrong.
    #[error("line {line}: {problem}: mend the line, or take the file of the last good commit")]
    Line {
        /// Line, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
}

/// Reads a ledger. Lines in any order, and the same id twice, as merges leave them,
/// are put right: the one seen first wins.
///
/// # Errors
/// [`LedgerError`]: nothing is guessed, since what is lost here changes ids.
pub fn parse(text: &str) -> Result<Ledger, LedgerError> {
    let mut ledger = Ledger::default();
    for (n, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let failed = |e: serde_json::Error| LedgerError::Line { line: n + 1, problem: e.to_string() };
        if line.starts_with("{\"ledger\"") {
            let head: Head = serde_json::from_str(line).map_err(failed)?;
            if head.ledger > VERSION {
                return Err(LedgerError::Newer(head.ledger));
            }
            if ledger.id_base.is_empty() {
                ledger.id_base = head.id_base;
            }
            continue;
        }
        ledger.rows.push(serde_json::from_str(line).map_err(failed)?);
    }
    if ledger.id_base.is_empty() {
        return Err(LedgerError::Line { line: 1, problem: "the first line with `id_base` is missing".to_owned() });
    }
    ledger.rows.sort_by(|a, b| (&a.id, a.seen).cmp(&(&b.id, b.seen)));
    ledger.rows.dedup_by(|b, a| {
        let same = a.id == b.id;
        if same {
            let new: Vec<String> = b.keys.iter().filter(|k| !a.keys.contains(k)).cloned().collect();
            a.keys.extend(new);
            a.changed = a.changed.max(b.changed);
        }
        same
    });
    Ok(ledger)
}

/// The first line of a ledger.
pub fn head(id_base: &str) -> String {
    let head = Head { ledger: VERSION, id_base: id_base.to_owned() };
    format!("{}\n", serde_json::to_string(&head).unwrap_or_default())
}

/// The line of an entry. Times are whole seconds.
pub fn line(row: &Row) -> String {
    let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = |s: &str| serde_json::to_string(s).unwrap_or_default();
    let keys: Vec<String> = row.keys.iter().map(|k| text(k)).collect();
    let mut line = format!(
        "{{\"id\":{},\"keys\":[{}],\"seen\":\"{}\",\"hash\":{}",
        text(&row.id),
        keys.join(","),
        time(row.seen),
        text(&row.hash)
    );
    if let Some(changed) = row.changed {
        let _ = write!(line, ",\"changed\":\"{}\"", time(changed));
    }
    line.push_str("}\n");
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(id: &str, seconds: i64) -> Row {
        let seen = DateTime::from_timestamp(seconds, 0).unwrap();
        Row { id: id.to_owned(), keys: vec![format!("post:\"{id}\"")], seen, hash: "h".to_owned(), changed: None }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let rows = vec![row("a", 1), Row { changed: DateTime::from_timestamp(9, 0), ..row("b", 2) }];
        let text = format!("{}{}{}", head("tag:x,2026:"), line(&rows[0]), line(&rows[1]));
        assert_eq!(parse(&text), Ok(Ledger { id_base: "tag:x,2026:".to_owned(), rows }).map_err(|e: LedgerError| e));
    }

    #[test]
    fn a_merge_is_put_right() {
        let other = Row { keys: vec!["url:x".to_owned()], ..row("a", 5) };
        let text = format!("{}{}{}{}{}", line(&row("b", 2)), head("t:"), line(&other), line(&row("a", 1)), head("u:"));
        let ledger = parse(&text).unwrap();
        assert_eq!(ledger.id_base, "t:");
        let ids: Vec<(&str, i64, usize)> =
            ledger.rows.iter().map(|r| (r.id.as_str(), r.seen.timestamp(), r.keys.len())).collect();
        assert_eq!(ids, [("a", 1, 2), ("b", 2, 1)]);
    }

    #[test]
    fn nothing_is_guessed() {
        assert!(matches!(parse("{\"ledger\":9,\"id_base\":\"t:\"}\n"), Err(LedgerError::Newer(9))));
        assert!(matches!(
            parse("{\"ledger\":1,\"id_base\":\"t:\"}\n<<<<<<< HEAD\n"),
            Err(LedgerError::Line { line: 2, .. })
        ));
        assert!(parse("").is_err());
    }
}
