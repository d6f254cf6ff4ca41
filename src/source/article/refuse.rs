//! Why a page is no article. Each reason says whether asking again can help.

use std::fmt;

/// Why a page is no article.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// Not HTML: what it is instead.
    NotAPage(String),
    /// More than [`super::MAX_BYTES`].
    TooLarge,
    /// Nothing is in it, or nothing that is text.
    Empty,
    /// Only scripts: the text comes later, to browsers.
    Shell,
    /// An error page, whatever its status said.
    NotFound,
    /// The server failed and said so in a page.
    Broken,
    /// Readers have to log in or to pay.
    Login,
    /// A question whether a person is asking. Never passed by.
    Challenge,
    /// Asked too often.
    Busy,
    /// Withdrawn by its author.
    Deleted,
    /// Withdrawn by the operator of the site: rules, complaints, a blocked account.
    Withdrawn,
    /// A temporary address, whose time is over.
    Expired,
    /// The account has moved; to where, when the page says it.
    Moved(Option<url::Url>),
    /// The reader of pages broke on it, or did not come to an end.
    Unreadable,
}

impl Refusal {
    /// The reason as one word, for documents and counts.
    pub fn reason(&self) -> &'static str {
        match self {
            Refusal::NotAPage(_) => "not-a-page",
            Refusal::TooLarge => "too-large",
            Refusal::Empty => "empty",
            Refusal::Shell => "shell",
            Refusal::NotFound => "not-found",
            Refusal::Broken => "broken",
            Refusal::Login => "login",
            Refusal::Challenge => "challenge",
            Refusal::Busy => "busy",
            Refusal::Deleted => "deleted",
            Refusal::Withdrawn => "withdrawn",
            Refusal::Expired => "expired",
            Refusal::Moved(_) => "moved",
            Refusal::Unreadable => "unreadable",
        }
    }

    /// Whether asking again is pointless.
    pub fn is_final(&self) -> bool {
        match self {
            Refusal::NotAPage(_)
            | Refusal::TooLarge
            | Refusal::Deleted
            | Refusal::Withdrawn
            | Refusal::Expired
            | Refusal::Moved(_)
            | Refusal::Unreadable => true,
            Refusal::Empty
            | Refusal::Shell
            | Refusal::NotFound
            | Refusal::Broken
            | Refusal::Login
            | Refusal::Challenge
            | Refusal::Busy => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::NotAPage(what) => write!(f, "not a page but {what}"),
            Refusal::TooLarge => write!(f, "larger than {} MiB", super::MAX_BYTES >> 20),
            Refusal::Empty => f.write_str("no text is in it"),
            Refusal::Shell => f.write_str("only scripts: the text is loaded by browsers"),
            Refusal::NotFound => f.write_str("a page that says there is none"),
            Refusal::Broken => f.write_str("a page that says the server failed"),
            Refusal::Login => f.write_str("readers have to log in"),
            Refusal::Challenge => f.write_str("the site asks whether a person is asking"),
            Refusal::Busy => f.write_str("the site says it was asked too often"),
            Refusal::Deleted => f.write_str("deleted by its author"),
            Refusal::Withdrawn => f.write_str("withdrawn by the site"),
            Refusal::Expired => f.write_str("a temporary address that has expired"),
            Refusal::Moved(Some(to)) => write!(f, "the account has moved to {to}"),
            Refusal::Moved(None) => f.write_str("the account has moved"),
            Refusal::Unreadable => f.write_str("the reader of pages broke on it: please report it"),
        }
    }
}

impl std::error::Error for Refusal {}
