//! The lines of the file, each as what it says.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::matching;

/// The first line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Head {
    pub ledger: u32,
    pub id_base: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rules: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub held: BTreeMap<String, usize>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub feed_ids: BTreeMap<String, String>,
}

/// One entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Row {
    /// Its id.
    pub id: String,
    /// Identities, the one it was minted from first.
    pub keys: Vec<String>,
    /// Where it was first mentioned.
    #[serde(default, rename = "in", skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The beginning of what it said there, folded: an edited item is known by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub says: String,
    /// When Feedloom met it.
    pub seen: DateTime<Utc>,
    /// Hash of its own text when it last changed.
    pub hash: String,
    /// When its own text changed, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed: Option<DateTime<Utc>>,
    /// Feeds it is published in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub feeds: Vec<String>,
    /// Feeds it was published in and has left: who comes back is not new.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left: Vec<String>,
    /// Feeds where it went straight to the archives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<String>,
    /// When it was withdrawn. The line stays: an id is never used for another thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gone: Option<DateTime<Utc>>,
}

/// A place in a post.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place(
    /// The post's path below the posts folder.
    pub String,
    /// The line there when it was mentioned first.
    pub usize,
);

/// An archive document that changed after it was published has a new name each time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Archive {
    /// `mosn/2022-09`.
    pub archive: String,
    /// How often it was issued, from 1.
    pub issue: u32,
    /// Hash of the entries in it.
    pub hash: String,
}

/// A post without a date keeps the one it was given first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Dated {
    pub dated: String,
    pub date: DateTime<Utc>,
}

/// A page that was asked for by one address has others, too.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Alias {
    pub alias: String,
    pub of: BTreeSet<String>,
}

impl Row {
    /// Whether it is a post or a digest.
    pub fn is_post(&self) -> bool {
        self.keys.first().is_some_and(|k| is_key_of_post(k))
    }
}

pub(super) fn is_key_of_post(key: &str) -> bool {
    matching::Class::of(key) == matching::Class::Post
}
