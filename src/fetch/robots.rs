//! robots.txt (RFC 9309): whether a page may be asked for.
//!
//! Asked for linked pages, not for feeds: those were subscribed to by a person. What a
//! file says to us is read once into [`Rules`], small enough to be kept for a day.
//!
//! Read as widely as it is written: any line ending, a missing colon, a misspelt
//! `disallow`. Where a pattern could be read in two ways, the stricter one counts.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use url::Url;

use super::error::{Fault, FetchError};
use super::outcome::Outcome;

/// Our name in robots.txt.
pub const TOKEN: &str = "feedloom";

/// As much of a file is read; the RFC asks for 500 KiB at least.
pub const LARGEST: usize = 512 << 10;

/// Redirects that are followed to it.
pub const HOPS: usize = 5;

/// Longest a file is kept without asking again (RFC 9309, 2.4).
const KEPT: TimeDelta = TimeDelta::hours(24);

/// A server in trouble is asked again sooner.
const KEPT_UNREACHABLE: TimeDelta = TimeDelta::hours(1);

/// Rules that are kept of one file; more are nobody's intention.
const MOST_RULES: usize = 10_000;

/// Longest pattern that is kept, in bytes.
const LONGEST_PATTERN: usize = 2048;

/// What a host's robots.txt says to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Robots {
    /// When it was asked for.
    pub asked: DateTime<Utc>,
    /// What it says.
    pub verdict: Verdict,
}

/// What a host's robots.txt says to us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// These rules.
    Rules(Rules),
    /// There is none: everything is allowed.
    Open,
    /// It could not be read: nothing is allowed.
    Unreachable,
}

/// The rules for us in one file, in its order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rules(Vec<Rule>);

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Rule {
    effect: Effect,
    pattern: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Effect {
    Disallow,
    Allow,
}

/// Whether a page may be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Permission {
    /// It may.
    Allowed,
    /// It may not.
    Denied,
    /// Nobody knows: robots.txt could not be read.
    Unknown,
}

impl Robots {
    /// What a request for robots.txt came to (RFC 9309, 2.3.1): 4xx is "there is none",
    /// 5xx and no answer at all are "stay away". 429 is a 4xx by number only.
    pub fn of(result: Result<&Outcome, &FetchError>, now: DateTime<Utc>) -> Self {
        let verdict = match result {
            Ok(Outcome::Fetched { body, .. }) => Verdict::Rules(Rules::parse(body)),
            Ok(Outcome::Gone) => Verdict::Open,
            Ok(Outcome::NotModified { .. } | Outcome::Busy { .. }) => Verdict::Unreachable,
            Err(error) => match &error.fault {
                Fault::Status(400..=499) | Fault::Empty(_) | Fault::TooManyRedirects(_) | Fault::RedirectLoop => {
                    Verdict::Open
                }
                Fault::Status(_)
                | Fault::BadRedirect(_)
                | Fault::Denied(_)
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
                | Fault::UnsolicitedNotModified
                | Fault::Robots
                | Fault::RobotsUnreachable => Verdict::Unreachable,
            },
        };
        Self { asked: now, verdict }
    }

    /// Whether it still holds at `now`.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        let kept = match self.verdict {
            Verdict::Rules(_) | Verdict::Open => KEPT,
            Verdict::Unreachable => KEPT_UNREACHABLE,
        };
        let age = now.signed_duration_since(self.asked);
        age < kept && age > -KEPT
    }

    /// How long it holds at most.
    pub fn kept() -> Duration {
        KEPT.to_std().unwrap_or_default()
    }

    /// Whether `url` may be asked for.
    pub fn permits(&self, url: &Url) -> Permission {
        match &self.verdict {
            Verdict::Open => Permission::Allowed,
            Verdict::Unreachable => Permission::Unknown,
            Verdict::Rules(rules) if rules.allow(url) => Permission::Allowed,
            Verdict::Rules(_) => Permission::Denied,
        }
    }
}

/// Where the file is that speaks for `url`.
pub fn address(url: &Url) -> Option<Url> {
    let mut robots = url.join("/robots.txt").ok()?;
    // What the operator gave for one page is not for this one.
    let _ = robots.set_username("");
    let _ = robots.set_password(None);
    Some(robots)
}

impl Rules {
    /// Reads what a file says to us: every group that names us, else every group for `*`.
    pub fn parse(bytes: &[u8]) -> Self {
        let bytes = match bytes.get(..LARGEST) {
            // Half a line could forbid everything.
            Some(cut) if bytes.len() > LARGEST => &cut[..cut.iter().rposition(|b| *b == b'\n').unwrap_or(0)],
            Some(_) | None => bytes,
        };
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let (mut ours, mut everybodys) = (Vec::new(), Vec::new());
        let mut named = false;
        // Whom the lines below are for, and whether more names may follow.
        let (mut for_us, mut for_all, mut in_names) = (false, false, false);
        for line in bytes.split(|b| matches!(b, b'\n' | b'\r')) {
            match read_line(line) {
                Some(Line::Agent(name)) => {
                    if !in_names {
                        (for_us, for_all, in_names) = (false, false, true);
                    }
                    match name {
                        Agent::Everybody => for_all = true,
                        Agent::Us => (for_us, named) = (true, true),
                        Agent::Other => {}
                    }
                }
                Some(Line::Rule(rule)) => {
                    in_names = false;
                    if for_us && ours.len() < MOST_RULES {
                        ours.push(rule.clone());
                    }
                    if for_all && everybodys.len() < MOST_RULES {
                        everybodys.push(rule);
                    }
                }
                Some(Line::NoRule) => in_names = false,
                None => {}
            }
        }
        let mut rules = if named { ours } else { everybodys };
        rules.retain(|rule| !rule.pattern.is_empty());
        Self(rules)
    }

    /// The longest pattern that matches decides, `allow` among equals; no pattern allows.
    fn allow(&self, url: &Url) -> bool {
        if url.path() == "/robots.txt" {
            return true;
        }
        let path = match url.query() {
            Some(query) => format!("{}?{query}", url.path()),
            None => url.path().to_owned(),
        };
        let strict = normal(path.as_bytes(), Escapes::Kept);
        let plain = normal(path.as_bytes(), Escapes::Resolved);
        let matches = |rule: &Rule| {
            // `%62` is `b` to a server. A prohibition counts in either spelling.
            rule.effect == Effect::Disallow && matches(&normal(rule.pattern.as_bytes(), Escapes::Resolved), &plain)
                || matches(&rule.pattern, &strict)
        };
        let longest = self.0.iter().filter(|r| matches(r)).map(|r| (r.pattern.len(), r.effect)).max();
        longest.is_none_or(|(_, effect)| effect == Effect::Allow)
    }
}

/// A line that says something.
enum Line {
    Agent(Agent),
    Rule(Rule),
    /// A rule too long to be kept.
    NoRule,
}

enum Agent {
    Us,
    Everybody,
    Other,
}

fn read_line(line: &[u8]) -> Option<Line> {
    let line = line.split(|b| *b == b'#').next().unwrap_or_default().trim_ascii();
    let key_end = line.iter().position(|b| *b == b':' || b.is_ascii_whitespace());
    // Without a colon a key ends at the blank: `disallow /`. With one it may have blanks: `user agent : x`.
    let end = line.iter().position(|b| *b == b':').filter(|end| is_key(&line[..*end])).or(key_end)?;
    let key = line[..end].trim_ascii().to_ascii_lowercase();
    let value = line[end + 1..].trim_ascii();
    let effect = match key.as_slice() {
        b"user-agent" | b"useragent" | b"user agent" => return Some(Line::Agent(read_agent(value))),
        b"allow" => Effect::Allow,
        b"disallow" | b"dissallow" | b"dissalow" | b"disalow" | b"diasllow" | b"disallaw" => Effect::Disallow,
        // Sitemaps, delays and inventions belong to no group and end none.
        _ => return None,
    };
    if value.len() > LONGEST_PATTERN {
        return Some(Line::NoRule);
    }
    Some(Line::Rule(Rule { effect, pattern: normal(value, Escapes::Kept) }))
}

fn is_key(bytes: &[u8]) -> bool {
    bytes.trim_ascii().iter().all(|b| b.is_ascii_alphabetic() || matches!(b, b'-' | b' '))
}

/// A name ends at the first character that may not stand in one: `feedloom/1.0` is us.
fn read_agent(value: &[u8]) -> Agent {
    let end = value.iter().position(|b| !b.is_ascii_alphabetic() && !matches!(b, b'-' | b'_')).unwrap_or(value.len());
    if value[..end].eq_ignore_ascii_case(TOKEN.as_bytes()) {
        Agent::Us
    } else if value == b"*" || value.starts_with(b"* ") || value.starts_with(b"*\t") {
        Agent::Everybody
    } else {
        Agent::Other
    }
}

/// What happens to escapes that need not be there.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Escapes {
    /// They stay; only their letters become upper case.
    Kept,
    /// Those of letters, digits and `-._~` become what they stand for.
    Resolved,
}

/// One spelling for a path or a pattern: escapes in upper case, bytes beyond ASCII escaped.
fn normal(bytes: &[u8], escapes: Escapes) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len());
    let mut rest = bytes;
    while let [first, tail @ ..] = rest {
        rest = tail;
        let escaped = match (first, tail) {
            (b'%', [high, low, ..]) => hex(*high).zip(hex(*low)).map(|(high, low)| high << 4 | low),
            _ => None,
        };
        match escaped {
            Some(byte) => {
                rest = &tail[2..];
                let plain = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
                if plain && escapes == Escapes::Resolved {
                    text.push(char::from(byte));
                } else {
                    let _ = write!(text, "%{byte:02X}");
                }
            }
            None if first.is_ascii() => text.push(char::from(*first)),
            None => {
                let _ = write!(text, "%{first:02X}");
            }
        }
    }
    text
}

fn hex(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|d| u8::try_from(d).ok())
}

/// Whether `pattern`, with `*` for anything and a last `$` for the end, matches the start of `path`.
/// The pieces between stars are looked for one after the other, each as early as it can be:
/// linear, whatever the pattern.
fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, anchored) = match pattern.strip_suffix('$') {
        Some(pattern) => (pattern, true),
        None => (pattern, false),
    };
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| path.strip_prefix(first)) else {
        return false;
    };
    let Some(last) = pieces.next_back() else {
        return !anchored || rest.is_empty();
    };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    if anchored { rest.ends_with(last) } else { rest.contains(last) }
}

#[cfg(test)]
mod tests;
