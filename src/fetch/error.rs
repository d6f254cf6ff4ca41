//! What can go wrong between us and one address.
//!
//! A [`FetchError`] always names the address. Its text holds nothing that a server
//! sent, except short quoted pieces without control characters, so it may go into a log
//! and onto a terminal. [`Fault::class`] is the stable word for `status` and for scripts.

use std::fmt;
use std::time::Duration;

use url::Url;

use super::guard::Denial;

/// A request that brought nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {fault}", shown(.url))]
pub struct FetchError {
    /// The address that was asked: of the hop that failed, when there were redirects.
    pub url: Url,
    /// What happened.
    pub fault: Fault,
}

/// What happened to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A status with no content for us.
    Status(u16),
    /// A redirect that leads nowhere.
    BadRedirect(BadRedirect),
    /// More redirects in a row than anybody needs.
    TooManyRedirects(usize),
    /// A redirect to an address that was asked before.
    RedirectLoop,
    /// The address guard said no.
    Denied(Denial),
    /// The name has no address.
    Dns(String),
    /// Nobody answers there.
    Connect(String),
    /// A machine is there, and says that nobody listens at that port.
    Refused(String),
    /// No file descriptor was left here for the connection.
    NoDescriptor,
    /// No trusted, encrypted connection.
    Tls(String),
    /// It took too long.
    Timeout(Phase, Duration),
    /// Bytes came, but too few.
    TooSlow,
    /// The connection ended before anything came: worth one more try.
    NoAnswer(String),
    /// The connection broke, or what came over it was not HTTP.
    Connection(String),
    /// More or larger headers than an honest answer has.
    Headers,
    /// The body is larger than the limit, in bytes after decompression.
    TooLarge(usize),
    /// The body ended early.
    Incomplete,
    /// Compressed in a way that is not read.
    Encoding(BadEncoding),
    /// An answer without content where there should be some.
    Empty(u16),
    /// "Not modified", though nothing was said to compare with.
    UnsolicitedNotModified,
    /// robots.txt asks programs to stay away from this page.
    Robots,
    /// robots.txt could not be read, which means the same.
    RobotsUnreachable,
}

/// Why a redirect leads nowhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadRedirect {
    /// It names no address.
    NoLocation(u16),
    /// What it names is no address.
    Garbage(u16),
    /// The address is neither http nor https.
    Scheme(String),
    /// The address carries a user name or password.
    Credentials,
}

/// Why a compressed body was not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BadEncoding {
    /// Compressed several times over.
    Nested,
    /// A method we did not ask for.
    Unknown(String),
    /// The compressed bytes are damaged.
    Damaged(&'static str),
}

/// What was waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Finding the name's addresses.
    Dns,
    /// The connection.
    Connect,
    /// The answer's status and headers.
    Head,
    /// The next bytes of the body.
    Stall,
    /// The whole answer.
    Total,
}

/// How soon it makes sense to try again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// It may pass: an overloaded server, a broken line.
    Passing,
    /// Somebody has to change something first.
    Lasting,
}

impl Fault {
    /// The stable word for `status` and for scripts.
    pub fn class(&self) -> &'static str {
        match self {
            Fault::Status(401 | 403 | 451) => "forbidden",
            Fault::Status(404) => "not-found",
            Fault::Status(500..) => "server",
            Fault::Status(_) => "status",
            Fault::BadRedirect(_) | Fault::TooManyRedirects(_) | Fault::RedirectLoop => "redirect",
            Fault::Denied(_) => "denied",
            Fault::Dns(_) => "dns",
            Fault::Connect(_) | Fault::Refused(_) => "connect",
            Fault::NoDescriptor => "local",
            Fault::Tls(_) => "tls",
            Fault::Timeout(..) | Fault::TooSlow => "timeout",
            Fault::NoAnswer(_) | Fault::Connection(_) => "connection",
            Fault::Headers => "headers",
            Fault::TooLarge(_) => "too-large",
            Fault::Incomplete => "incomplete",
            Fault::Encoding(_) => "encoding",
            Fault::Empty(_) | Fault::UnsolicitedNotModified => "empty",
            Fault::Robots | Fault::RobotsUnreachable => "robots",
        }
    }

    /// Whether the request did not even reach its host: another one would fare no better.
    pub fn never_arrived(&self) -> bool {
        matches!(
            self,
            Fault::Dns(_) | Fault::Connect(_) | Fault::Refused(_) | Fault::Timeout(Phase::Dns | Phase::Connect, _)
        )
    }

    /// How soon it makes sense to try again.
    pub fn pace(&self) -> Pace {
        match self {
            Fault::Status(401 | 402 | 403 | 404 | 405 | 406 | 451) => Pace::Lasting,
            Fault::Denied(_) | Fault::BadRedirect(_) | Fault::Robots => Pace::Lasting,
            Fault::Status(_)
            | Fault::TooManyRedirects(_)
            | Fault::RedirectLoop
            | Fault::Dns(_)
            | Fault::Connect(_)
            | Fault::Refused(_)
            | Fault::NoDescriptor
            | Fault::Tls(_)
            | Fault::Timeout(..)
            | Fault::TooSlow
            | Fault::NoAnswer(_)
            | Fault::Connection(_)
            | Fault::Headers
            | Fault::TooLarge(_)
            | Fault::Incomplete
            | Fault::Encoding(_)
            | Fault::Empty(_)
            | Fault::UnsolicitedNotModified
            | Fault::RobotsUnreachable => Pace::Passing,
        }
    }

    /// The fault of a request to `url`.
    pub fn at(self, url: &Url) -> FetchError {
        FetchError { url: url.clone(), fault: self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Fault::Status(401) => f.write_str("HTTP status 401: it wants a password; give one with `headers`"),
            Fault::Status(403) => f.write_str("HTTP status 403: the server refuses us"),
            Fault::Status(404) => f.write_str("HTTP status 404: nothing there; look whether it has moved"),
            Fault::Status(status) => write!(f, "HTTP status {status}"),
            Fault::BadRedirect(why) => write!(f, "{why}"),
            Fault::TooManyRedirects(count) => write!(f, "more than {count} redirects in a row"),
            Fault::RedirectLoop => f.write_str("redirects in a circle"),
            Fault::Denied(why) => write!(f, "not asked: {why}"),
            Fault::Dns(why) => write!(f, "the name has no address: {why}"),
            Fault::Connect(why) | Fault::Refused(why) => write!(f, "no connection: {why}"),
            Fault::NoDescriptor => {
                f.write_str("too many open files here: lower `fetch.concurrency` or raise the limit (ulimit -n)")
            }
            Fault::Tls(why) => write!(f, "no secure connection: {why}"),
            Fault::Timeout(phase, after) => write!(f, "{phase} took longer than {} s", after.as_secs_f32()),
            Fault::TooSlow => f.write_str("cut off: the answer came in too slowly"),
            Fault::NoAnswer(why) => write!(f, "the connection ended before an answer came: {why}"),
            Fault::Connection(why) => write!(f, "the connection failed: {why}"),
            Fault::Headers => f.write_str("too many or too large headers"),
            Fault::TooLarge(limit) => {
                write!(f, "larger than {} KiB; `fetch.max_bytes` is the limit", limit / 1024)
            }
            Fault::Incomplete => f.write_str("the answer ended early"),
            Fault::Encoding(why) => write!(f, "{why}"),
            Fault::Empty(status) => write!(f, "HTTP status {status} without any content"),
            Fault::UnsolicitedNotModified => f.write_str("\"not modified\", though it was asked for everything"),
            Fault::Robots => f.write_str("robots.txt asks programs to stay away"),
            Fault::RobotsUnreachable => f.write_str("robots.txt cannot be read, so the page is not asked for"),
        }
    }
}

impl fmt::Display for BadRedirect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadRedirect::NoLocation(status) => write!(f, "HTTP status {status}, a redirect that names no address"),
            BadRedirect::Garbage(status) => {
                write!(f, "HTTP status {status}, a redirect to something that is no address")
            }
            BadRedirect::Scheme(scheme) => write!(f, "redirects to {scheme}:, only http and https are followed"),
            BadRedirect::Credentials => f.write_str("redirects to an address with a user name in it"),
        }
    }
}

impl fmt::Display for BadEncoding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            BadEncoding::Nested => f.write_str("compressed several times over"),
            BadEncoding::Unknown(name) => write!(f, "compressed as {name:?}, which was not asked for"),
            BadEncoding::Damaged(method) => write!(f, "the {method} data is damaged"),
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Dns => "finding the name's address",
            Phase::Connect => "connecting",
            Phase::Head => "the first bytes of the answer",
            Phase::Stall => "a pause in the answer",
            Phase::Total => "the answer",
        })
    }
}

/// Longest address in a message, in characters.
const SHOWN: usize = 300;

/// An address for people: without user name and password, and not longer than a few lines.
pub fn shown(url: &Url) -> String {
    let mut text = if url.username().is_empty() && url.password().is_none() {
        url.as_str().to_owned()
    } else {
        let mut bare = url.clone();
        // Both only fail for addresses without a host, which carry no credentials.
        let _ = bare.set_username("");
        let _ = bare.set_password(None);
        bare.into()
    };
    if let Some((end, _)) = text.char_indices().nth(SHOWN) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// A piece of what a server sent, fit for a message.
pub(super) fn quoted(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(60)])
        .chars()
        .map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_names_the_address_without_its_password() {
        let url: Url = "https://me:secret@example.org/feed?x=1".parse().unwrap();
        let text = Fault::Status(500).at(&url).to_string();
        assert_eq!(text, "https://example.org/feed?x=1: HTTP status 500");
    }

    #[test]
    fn a_long_address_is_cut_between_characters() {
        let url: Url = format!("https://example.org/{}", "a".repeat(5000)).parse().unwrap();
        assert_eq!(shown(&url).chars().count(), SHOWN + 1);
    }

    #[test]
    fn what_a_server_sent_is_harmless_in_a_message() {
        assert_eq!(quoted(b"\x1b[31mgz\r\nip\xff"), "?[31mgz??ip?");
        assert_eq!(quoted(&[b'a'; 5000]).len(), 60);
    }
}
