//! The lines of sources: what keeps a source the same one when its address changes, and
//! how it was last.

use serde::{Deserialize, Serialize};

use chrono::{DateTime, Utc};

use crate::health::State;

/// A source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// Its identity: the configured name, else the first address it had.
    pub source: String,
    /// Every address it was configured with or has moved to, the first one first.
    pub addresses: Vec<String>,
    /// How it is.
    pub state: State,
    /// Since when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<DateTime<Utc>>,
    /// Why it fails, or where it moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Line {
    /// A source that was not known before.
    pub fn new(source: &str) -> Self {
        Self { source: source.to_owned(), addresses: Vec::new(), state: State::New, since: None, why: None }
    }

    /// Lets it be known by another address too.
    pub fn also_at(&mut self, address: &str) {
        if !self.addresses.iter().any(|a| a == address) {
            self.addresses.push(address.to_owned());
        }
    }

    /// Two lines of one source, as merges leave them: the later state holds.
    pub(super) fn join(&mut self, other: Self) {
        let addresses = std::mem::take(&mut self.addresses);
        let (mut first, second) = (addresses, other.addresses.clone());
        first.extend(second);
        if other.since > self.since {
            *self = other;
        }
        self.addresses.clear();
        first.iter().for_each(|address| self.also_at(address));
    }
}
