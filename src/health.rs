//! How sources are, as readers of a site are told: values only.
//!
//! A state says nothing that changes at every poll, so that the same state makes the
//! same bytes; when a source was asked last and is asked next is in `status` alone.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::entry::Slug;

/// How a source is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It was never read.
    New,
    /// It was read, and says as much as it usually does.
    Fine,
    /// It was read, but has said nothing for much longer than usual.
    Silent,
    /// It is read at another address than the configured one.
    Moved,
    /// It cannot be read.
    Failing,
    /// Its publisher withdrew it.
    Gone,
}

impl State {
    /// Every state.
    pub const ALL: [State; 6] = [State::New, State::Fine, State::Silent, State::Moved, State::Failing, State::Gone];

    /// Its word in JSON and in pages' classes.
    pub fn name(self) -> &'static str {
        match self {
            State::New => "new",
            State::Fine => "fine",
            State::Silent => "silent",
            State::Moved => "moved",
            State::Failing => "failing",
            State::Gone => "gone",
        }
    }
}

/// How one source is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Health {
    /// Its identity.
    pub name: String,
    /// What it calls itself, else its name.
    pub title: String,
    /// Its address as configured, without credentials; `file:` for a file of the site.
    pub address: String,
    /// How it is.
    pub state: State,
    /// Since when; none for a source that was never read.
    pub since: Option<DateTime<Utc>>,
    /// Why it is failing, in words for people; as it was when that began.
    pub why: Option<String>,
    /// The address that belongs into the configuration.
    pub moved_to: Option<String>,
    /// Date of its newest entry.
    pub last_entry: Option<DateTime<Utc>>,
    /// The projects that name it; none for a source of the site.
    pub projects: Vec<Slug>,
}

/// A source came into another state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// The source's identity.
    pub source: String,
    /// What it called itself then.
    pub title: String,
    /// Its address then, without credentials.
    pub address: String,
    /// The state before.
    pub before: State,
    /// The state since then.
    pub state: State,
    /// When that began.
    pub at: DateTime<Utc>,
    /// Why it fails, or where it moved to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
}

impl Event {
    /// Whether readers are told: a source that was added and is fine is no news.
    pub fn is_news(before: State, state: State) -> bool {
        match state {
            State::New => false,
            State::Fine => matches!(before, State::Silent | State::Failing | State::Gone),
            State::Silent | State::Moved | State::Failing | State::Gone => before != state,
        }
    }
}
