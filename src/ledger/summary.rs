//! What many rows say together.

use std::collections::{BTreeSet, HashMap};

use super::rows::Row;
use crate::entry::Key;

/// What many rows say together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Summary {
    /// Entries that are there, by feed.
    pub sizes: HashMap<String, usize>,
    /// Posts that are there.
    pub posts: usize,
    /// Entries that are in a feed or were.
    pub emitted: usize,
    /// Feeds that were ever published.
    pub feeds: BTreeSet<String>,
    /// Which entries are not there any more: a number that is another when they are others.
    pub gone: u64,
}

impl Summary {
    pub(super) fn count(&mut self, id: Key, is_post: bool, gone: bool) {
        self.posts += usize::from(is_post && !gone);
        self.gone ^= if gone { id.0.cast_unsigned() } else { 0 };
    }

    /// So many rows are in the same feeds, and left the same ones.
    pub(super) fn count_feeds<'r>(
        &mut self,
        rows: usize,
        gone: bool,
        feeds: impl Iterator<Item = &'r str>,
        left: impl Iterator<Item = &'r str>,
    ) {
        let mut emitted = false;
        for feed in feeds {
            emitted = true;
            *self.sizes.entry(feed.to_owned()).or_default() += if gone { 0 } else { rows };
            self.feeds.insert(feed.to_owned());
        }
        self.feeds.extend(left.map(str::to_owned));
        self.emitted += if emitted { rows } else { 0 };
    }

    pub(super) fn count_row(&mut self, row: &Row) {
        self.count(Key::of(&row.id), row.is_post(), row.gone.is_some());
        let (feeds, left) = (row.feeds.iter().map(String::as_str), row.left.iter().map(String::as_str));
        self.count_feeds(1, row.gone.is_some(), feeds, left);
    }

    pub(super) fn take_back(&mut self, row: &Row) {
        if row.gone.is_none() {
            for feed in &row.feeds {
                if let Some(count) = self.sizes.get_mut(feed) {
                    *count = count.saturating_sub(1);
                }
            }
        }
        self.posts -= usize::from(row.is_post() && row.gone.is_none());
        self.emitted -= usize::from(!row.feeds.is_empty());
        self.gone ^= if row.gone.is_some() { Key::of(&row.id).0.cast_unsigned() } else { 0 };
    }
}
