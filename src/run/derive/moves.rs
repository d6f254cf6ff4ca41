//! What a dry run tells: which entries enter and leave which feeds, and why.
//!
//! Compares what the ledger said before with what it says after; changes nothing.

use std::collections::BTreeMap;

use super::Work;
use crate::merge;
use crate::run::RunError;

/// An entry that enters or leaves a feed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Move {
    /// The feed.
    pub feed: String,
    /// It enters, or it leaves.
    pub way: Way,
    /// The entry's title.
    pub title: String,
    /// Its id.
    pub id: String,
    /// Why.
    pub why: String,
    /// It leaves every feed.
    pub gone: bool,
}

/// Which way an entry goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// Into the feed.
    In,
    /// Out of it.
    Out,
}

/// Titles and feeds of the entries there are, by id.
pub(super) type FeedsById = BTreeMap<String, (String, Vec<String>)>;

pub(super) fn feeds_by_id(work: &Work<'_>) -> Result<FeedsById, RunError> {
    let mut found = FeedsById::new();
    for row in work.ledger.rows().filter(|r| r.gone.is_none()) {
        let title = work.store.entry(&row.id)?.map_or_else(|| row.says.clone(), |e| e.title);
        found.insert(row.id.clone(), (title, row.feeds.clone()));
    }
    Ok(found)
}

pub(super) fn moves(work: &Work<'_>, before: &FeedsById) -> Result<Vec<Move>, RunError> {
    let mut moves = Vec::new();
    for row in work.ledger.rows() {
        let none = (row.says.clone(), Vec::new());
        let (title, then) = before.get(&row.id).unwrap_or(&none);
        let now: &[String] = if row.gone.is_none() { &row.feeds } else { &[] };
        if then == now {
            continue;
        }
        let entry = work.store.entry(&row.id)?;
        let title = entry.as_ref().map_or_else(|| title.clone(), |e| e.title.clone());
        let mut tell = |feed: &String, way: Way| {
            let home = merge::Path::of(feed).home;
            let because = entry.as_ref().and_then(|e| e.projects.iter().find(|m| m.slug.as_str() == home));
            let quiet = row.quiet.contains(feed);
            let why = match (way, because) {
                (Way::Out, _) if row.gone.is_some() => "it is not there any more, or hidden".to_owned(),
                (Way::Out, _) => "no rule puts it there any more".to_owned(),
                (Way::In, _) if quiet => "straight to the archives: many entries are new".to_owned(),
                (Way::In, Some(m)) => {
                    format!("by {}: \"{}\" ({})", m.because.rule.name(), m.because.text, m.because.place)
                }
                (Way::In, None) => "every entry is in it".to_owned(),
            };
            moves.push(Move {
                feed: feed.clone(),
                way,
                title: title.clone(),
                id: row.id.clone(),
                why,
                gone: row.gone.is_some(),
            });
        };
        now.iter().filter(|f| !then.contains(f)).for_each(|f| tell(f, Way::In));
        then.iter().filter(|f| !now.contains(f)).for_each(|f| tell(f, Way::Out));
    }
    moves.sort();
    Ok(moves)
}
