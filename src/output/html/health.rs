//! How sources and feeds are, as the health page shows it: values that are easy to fill.
//!
//! Nothing here changes at every run: when a source was asked last is in `status`.

use serde::Serialize;

/// Everything the page shows.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Health {
    /// Sources, those with troubles first.
    pub sources: Vec<SourceRow>,
    /// What happened to sources, newest first.
    pub events: Vec<EventRow>,
    /// Feeds of projects.
    pub feeds: Vec<FeedRow>,
}

/// How one source is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct SourceRow {
    /// What it calls itself, else its name.
    pub title: String,
    /// Its address; only http and https become links.
    pub address: String,
    /// `new`, `fine`, `silent`, `moved`, `failing` or `gone`.
    pub state: &'static str,
    /// The day this began.
    pub since: Option<String>,
    /// Why it fails, or where it moved to.
    pub why: Option<String>,
    /// The day of its newest entry.
    pub last_entry: Option<String>,
    /// Projects that read it: slug and title.
    pub projects: Vec<(String, String)>,
}

/// A source came into another state.
#[derive(Debug, Clone, Default, Serialize)]
pub struct EventRow {
    /// The day.
    pub day: String,
    /// The source.
    pub title: String,
    /// Its state since then.
    pub state: &'static str,
    /// Why.
    pub why: Option<String>,
}

/// How one feed is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct FeedRow {
    /// Its folder.
    pub slug: String,
    /// Its name.
    pub title: String,
    /// Entries.
    pub count: usize,
    /// The day of the newest.
    pub latest: Option<String>,
    /// It has ended.
    pub ended: bool,
}

/// A page with everything in it, to try templates on.
pub fn example() -> Health {
    let source = |state| SourceRow {
        title: "A source".to_owned(),
        address: "https://example.org/feed.xml".to_owned(),
        state,
        since: Some("2024-01-01".to_owned()),
        why: Some("HTTP status 500".to_owned()),
        last_entry: Some("2023-12-01".to_owned()),
        projects: vec![("lantern".to_owned(), "Lantern".to_owned())],
    };
    Health {
        sources: ["failing", "gone", "silent", "moved", "new", "fine"].map(source).into(),
        events: vec![EventRow {
            day: "2024-01-01".to_owned(),
            title: "A source".to_owned(),
            state: "failing",
            why: Some("HTTP status 500".to_owned()),
        }],
        feeds: vec![FeedRow {
            slug: "lantern".to_owned(),
            title: "Lantern".to_owned(),
            count: 3,
            latest: Some("2024-01-01".to_owned()),
            ended: false,
        }],
    }
}
