//! What the store remembers of a source between runs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::fetch::SourceState;
use crate::run::RunError;
use crate::store::Store;

/// What is remembered of a source.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Remembered {
    /// One that is fetched.
    Web(Box<SourceState>),
    /// A file of the site.
    File {
        /// Hash of its bytes when it was read.
        hash: String,
        /// What it said of itself.
        #[serde(default, flatten)]
        said: Said,
    },
}

/// What a feed says of itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// Its title; may be empty.
    #[serde(default)]
    pub title: String,
    /// Date of its newest entry.
    #[serde(default)]
    pub newest: Option<DateTime<Utc>>,
}

impl Said {
    /// What is known after it said `before`: a feed that has lost its entries for a while
    /// has not become another.
    pub(super) fn after(self, before: Self) -> Self {
        let title = if self.title.is_empty() { before.title } else { self.title };
        Self { title, newest: self.newest.max(before.newest) }
    }
}

impl Remembered {
    /// What it said of itself when it was read last.
    pub fn said(&self) -> Said {
        match self {
            Remembered::Web(state) => Said { title: state.title.clone(), newest: state.newest },
            Remembered::File { said, .. } => said.clone(),
        }
    }
}

/// What the store remembers of sources.
///
/// # Errors
/// What the store says.
pub fn remembered(store: &Store) -> Result<BTreeMap<String, Remembered>, RunError> {
    let states = store.sources()?.into_iter();
    // A state of another form is begun anew: it is only when and how to ask.
    Ok(states.filter_map(|(name, text)| Some((name, serde_json::from_str(&text).ok()?))).collect())
}
