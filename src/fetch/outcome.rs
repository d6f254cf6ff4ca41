//! What an answer asks of us.
//!
//! To change how a status is treated, change one arm of [`outcome`]. Every header is
//! hostile: dates may be garbage, numbers beyond any integer, addresses anything at all.
//!
//! Nothing here does IO or reads the clock, follows a redirect, or knows about retries.

use std::time::Duration;

use chrono::{DateTime, NaiveDateTime, Utc};
use reqwest::header::{AGE, CACHE_CONTROL, CONTENT_TYPE, DATE, EXPIRES, HeaderMap, HeaderName, LOCATION, RETRY_AFTER};
use url::Url;

use super::body::Body;
use super::error::{BadRedirect, Fault, FetchError, quoted};
use super::validators::Validators;

/// Shortest pause that is kept after `Retry-After`: a zero would let us come back at once.
pub const SHORTEST_PAUSE: Duration = Duration::from_secs(60);

/// Longest pause that is kept: a slip of the pen must not silence a feed for years.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(48 * 3600);

/// Longest `Location` that is followed, in bytes.
const LONGEST_LOCATION: usize = 8192;

/// Longest `Content-Type` that is kept, in bytes.
const LONGEST_TYPE: usize = 200;

/// Longest `X-Robots-Tag` that is kept, in bytes.
const LONGEST_TAG: usize = 4096;

/// An answer as it was read.
#[derive(Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, where [`carries_body`] says that there is one to read; else an empty one.
    pub body: Result<Body, Fault>,
}

/// Whether the request said what we have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// For everything.
    Plainly,
    /// For what changed: a validator went along.
    Conditionally,
}

/// What to do after an answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// It is the last one.
    Done(Outcome),
    /// Ask there.
    Follow {
        /// The other address: http or https, without credentials that were not there before.
        to: Url,
        /// For this once, or from now on.
        redirect: Redirect,
    },
}

/// How long a redirect is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redirect {
    /// 301, 308: the address has changed.
    Permanent,
    /// 302, 303, 307: ask there this once.
    Temporary,
}

/// What one answer means.
#[derive(Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A whole body to read.
    Fetched {
        /// The body, decompressed; never empty.
        body: Body,
        /// What it is said to be, charset included.
        content_type: Option<String>,
        /// To be stored with what the body says, once that was read.
        validators: Validators,
        /// How long the server asks not to be asked again.
        fresh_for: Option<Duration>,
        /// `X-Robots-Tag`, several joined by commas: what may be done with the body.
        robots_tag: Option<String>,
    },
    /// What is stored holds, its validators too. (Those of a 304 are not taken: one that
    /// belongs to a newer body, from a cache that is ahead, would hide that body for ever.)
    NotModified {
        /// How long the server asks not to be asked again.
        fresh_for: Option<Duration>,
    },
    /// The publisher withdrew it; stop asking.
    Gone,
    /// Do not ask before then.
    Busy {
        /// When to come back, if the server says so in a way that can be read:
        /// between [`SHORTEST_PAUSE`] and [`LONGEST_PAUSE`] from now.
        until: Option<DateTime<Utc>>,
        /// Who asks for the pause.
        scope: Scope,
    },
}

/// Who asks for a pause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// 429: we ask this host too often, whatever the address.
    Host,
    /// 503: this address cannot be served now.
    Address,
}

/// Whether a body comes with `status` that is worth reading.
pub fn carries_body(status: u16) -> bool {
    matches!(status, 200 | 203)
}

/// Decides what `response`, an answer to a request for `url`, asks of us.
///
/// `now` is when the answer arrived; relative times count from it.
///
/// # Errors
/// [`FetchError`] for a status with no meaning here, a redirect that leads nowhere, a body
/// that is missing or was not read to its end.
pub fn outcome(url: &Url, asked: Asked, response: Response, now: DateTime<Utc>) -> Result<Step, FetchError> {
    let Response { status, headers, body } = response;
    decide(url, asked, status, &headers, body, now).map_err(|fault| fault.at(url))
}

fn decide(
    url: &Url,
    asked: Asked,
    status: u16,
    headers: &HeaderMap,
    body: Result<Body, Fault>,
    now: DateTime<Utc>,
) -> Result<Step, Fault> {
    let follow = |redirect| target(url, status, headers).map(|to| Step::Follow { to, redirect });
    match status {
        // 203 is a 200 that a proxy has changed.
        200 | 203 => {
            let body = body?;
            if body.is_empty() {
                return Err(Fault::Empty(status));
            }
            Ok(Step::Done(Outcome::Fetched {
                body,
                content_type: content_type(headers),
                validators: Validators::of(url, headers),
                fresh_for: fresh_for(headers, now),
                robots_tag: robots_tag(headers),
            }))
        }
        204 | 205 => Err(Fault::Empty(status)),
        // Nobody asked for a part.
        206 => Err(Fault::Incomplete),
        301 | 308 => follow(Redirect::Permanent),
        302 | 303 | 307 => follow(Redirect::Temporary),
        304 => match asked {
            Asked::Conditionally => Ok(Step::Done(Outcome::NotModified { fresh_for: fresh_for(headers, now) })),
            Asked::Plainly => Err(Fault::UnsolicitedNotModified),
        },
        410 => Ok(Step::Done(Outcome::Gone)),
        429 => Ok(Step::Done(Outcome::Busy { until: retry_at(headers, now), scope: Scope::Host })),
        503 => Ok(Step::Done(Outcome::Busy { until: retry_at(headers, now), scope: Scope::Address })),
        _ => Err(Fault::Status(status)),
    }
}

/// Where a redirect leads.
fn target(url: &Url, status: u16, headers: &HeaderMap) -> Result<Url, Fault> {
    let bad = |why| Err(Fault::BadRedirect(why));
    let Some(location) = headers.get(LOCATION).map(|v| v.as_bytes()).filter(|v| !v.is_empty()) else {
        return bad(BadRedirect::NoLocation(status));
    };
    if location.len() > LONGEST_LOCATION {
        return bad(BadRedirect::Garbage(status));
    }
    // Addresses with raw UTF-8 in them are common, other raw bytes are not; both are kept.
    let text = match std::str::from_utf8(location) {
        Ok(text) => text.to_owned(),
        Err(_) => location
            .iter()
            .map(|b| if b.is_ascii() { char::from(*b).to_string() } else { format!("%{b:02X}") })
            .collect(),
    };
    let Ok(mut to) = url.join(&text) else {
        return bad(BadRedirect::Garbage(status));
    };
    if !matches!(to.scheme(), "http" | "https") {
        return bad(BadRedirect::Scheme(quoted(to.scheme().as_bytes())));
    }
    // The same server, spelled out.
    if to.origin() == url.origin() && to.username().is_empty() && to.password().is_none() {
        // Web addresses have room for both.
        let _ = to.set_username(url.username());
        let _ = to.set_password(url.password());
    }
    // A relative address keeps those that the operator gave; no server hands out others.
    if (to.username(), to.password()) != (url.username(), url.password())
        && !(to.username().is_empty() && to.password().is_none())
    {
        return bad(BadRedirect::Credentials);
    }
    to.set_fragment(None);
    Ok(to)
}

/// When a server that says "later" wants to be asked again.
fn retry_at(headers: &HeaderMap, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let text = text(headers, &RETRY_AFTER)?;
    let pause = match seconds(text) {
        Some(pause) => pause,
        None => (http_date(text)? - now).to_std().unwrap_or_default(),
    };
    now.checked_add_signed(chrono::TimeDelta::from_std(pause.clamp(SHORTEST_PAUSE, LONGEST_PAUSE)).ok()?)
}

/// How long an answer stays fresh: `max-age` before `Expires` (RFC 9111, 4.2.1), less the
/// time it has spent in caches. None when the server does not say or wants none of it kept.
fn fresh_for(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let mut max_age = None;
    let lines = headers.get_all(CACHE_CONTROL).iter().filter_map(|v| v.to_str().ok());
    for directive in lines.flat_map(|line| line.split(',')) {
        let (name, value) = directive.split_once('=').unwrap_or((directive, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "no-store" | "no-cache" => return None,
            "max-age" => max_age = max_age.or_else(|| seconds(value.trim().trim_matches('"'))),
            _ => {}
        }
    }
    let fresh = match max_age {
        Some(fresh) => fresh,
        None => {
            let expires = http_date(text(headers, &EXPIRES)?)?;
            let date = text(headers, &DATE).and_then(http_date).unwrap_or(now);
            (expires - date).to_std().ok()?
        }
    };
    let age = text(headers, &AGE).and_then(seconds).unwrap_or_default();
    Some(fresh.saturating_sub(age)).filter(|left| !left.is_zero())
}

fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = text(headers, &CONTENT_TYPE)?;
    (text.len() <= LONGEST_TYPE).then(|| text.to_owned())
}

fn robots_tag(headers: &HeaderMap) -> Option<String> {
    let lines: Vec<&str> = headers.get_all("x-robots-tag").iter().filter_map(|v| v.to_str().ok()).collect();
    let mut text = lines.join(",");
    text.truncate(LONGEST_TAG);
    (!text.is_empty()).then_some(text)
}

/// A header's first value, when it is visible ASCII.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|v| v.to_str().ok()).map(str::trim).filter(|v| !v.is_empty())
}

/// Digits and nothing else; a number that no integer holds is a very long time.
fn seconds(text: &str) -> Option<Duration> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // Far beyond every limit, far below what could overflow when it is added to a date.
    digits.then(|| Duration::from_secs(u64::from(text.parse::<u32>().unwrap_or(u32::MAX))))
}

/// The three forms of a date in HTTP (RFC 9110, 5.6.7), and the zones people write instead of GMT.
fn http_date(text: &str) -> Option<DateTime<Utc>> {
    if let Ok(date) = DateTime::parse_from_rfc2822(text) {
        return Some(date.to_utc());
    }
    ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"]
        .iter()
        .find_map(|form| NaiveDateTime::parse_from_str(text, form).ok())
        .map(|date| date.and_utc())
}

#[cfg(test)]
mod tests;
