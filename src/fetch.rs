//! Asking other people's servers: feeds, linked pages, robots.txt.
//!
//! [`Fetcher`] takes jobs and hands back what became of each. Everything that can be
//! decided without a socket or a clock is decided in a pure room of its own:
//!
//! | room | decides | |
//! |---|---|---|
//! | [`outcome`] | what a status and its headers ask of us | pure |
//! | [`schedule`] | when a source is asked next, and at which address | pure |
//! | [`pages`] | when a linked page is asked for | pure |
//! | [`hosts`] | which request may start now, and when the next | pure |
//! | [`robots`] | whether a page may be asked for | pure |
//! | [`guard`] | which addresses are asked at all | pure; its resolver asks the DNS |
//! | [`validators`] | what is sent back so that nothing is sent twice | pure |
//! | [`encoding`] | compressed bytes into plain ones, within a limit | pure |
//! | [`body`] | bytes that were read, and how many may be held at once | |
//! | [`client`] | one request and its answer | IO |
//! | [`hub`] | telling a hub that feeds changed | IO |
//! | [`fetcher`] | many of them: hops, robots, pauses, the deadline | IO |
//!
//! What holds:
//! - Every job ends once, as [`Ended`], however its server behaves.
//! - No request leaves before [`guard::Guard`] agreed to its address; each hop of a
//!   redirect is a request of its own, for the guard and for the host's limits.
//! - A body that was handed over is whole: a connection that broke, a length that does
//!   not fit, a compressed stream without its end are errors.
//! - Validators come with the body they belong to. Storing them in the same transaction
//!   as its entries is the caller's part; storing them after a body that could not be
//!   read is a way to lose entries.
//! - No cookies, no referrer, no proxy that was not configured; credentials go to the
//!   host they were given for.

pub mod body;
pub mod client;
pub mod encoding;
pub mod error;
pub mod fetcher;
pub mod guard;
pub mod hosts;
pub mod hub;
pub mod outcome;
pub mod pages;
pub mod robots;
pub mod schedule;
pub mod validators;

pub use body::Body;
pub use error::{Fault, FetchError};
pub use fetcher::{Answer, Done, Ended, Event, Fetcher, Job, JobId, Progress, RobotsPolicy, Stop};
pub use outcome::Outcome;
pub use schedule::SourceState;
pub use validators::Validators;

/// Largest picture that is taken, in bytes.
pub const LARGEST_PICTURE: usize = 2 << 20;

/// What is asked for: decides the `Accept` header, the largest body and what is asked of robots.txt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A feed that somebody subscribed to: robots.txt does not apply to it.
    Feed,
    /// A linked page.
    Page,
    /// A picture in an entry.
    Picture,
    /// `/robots.txt` itself; asked for by the fetcher only.
    Robots,
}
