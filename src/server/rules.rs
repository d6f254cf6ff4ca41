//! What RFC 9110 asks of an answer: which coding, whole or in part, or not at all.
//!
//! Pure. Headers are hostile: what cannot be read counts as not sent, as the RFC says.

use std::time::{Duration, SystemTime};

use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};

/// How a body is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip, which everybody knows.
    Gzip,
    /// brotli, smaller.
    Brotli,
}

/// The best coding that the client takes, smaller ones first where it does not care.
pub fn coding(headers: &HeaderMap) -> Coding {
    let mut gzip = None;
    let mut brotli = None;
    let mut identity = None;
    let mut any = None;
    for value in headers.get_all(ACCEPT_ENCODING).iter().filter_map(|v| v.to_str().ok()) {
        for item in value.split(',') {
            let mut parts = item.split(';');
            let name = parts.next().unwrap_or("").trim();
            let weight = parts.find_map(|p| p.trim().strip_prefix("q=").or_else(|| p.trim().strip_prefix("Q=")));
            let weight = weight.map_or(1.0, |q| q.trim().parse::<f32>().unwrap_or(0.0).clamp(0.0, 1.0));
            let place = match name.to_ascii_lowercase().as_str() {
                "gzip" | "x-gzip" => &mut gzip,
                "br" => &mut brotli,
                "identity" => &mut identity,
                "*" => &mut any,
                _ => continue,
            };
            *place = Some(weight);
        }
    }
    let star = any.unwrap_or(0.0);
    let (brotli, gzip) = (brotli.unwrap_or(star), gzip.unwrap_or(star));
    // Not named, it is welcome; but what was named is welcome more.
    let identity = identity.unwrap_or(if any == Some(0.0) { 0.0 } else { f32::MIN_POSITIVE });
    if brotli > 0.0 && brotli >= gzip && brotli >= identity {
        Coding::Brotli
    } else if gzip > 0.0 && gzip >= identity {
        Coding::Gzip
    } else {
        // Nothing that we have is welcome: the plain form is better than an error (12.5.3).
        Coding::Identity
    }
}

/// What preconditions make of a request for something that is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// They hold, or there are none.
    Send,
    /// The client has it: 304.
    NotModified,
    /// 412.
    Failed,
}

/// Preconditions in the order of section 13.2.2. `etag` is strong, with its quotes;
/// `modified_s` are seconds since the epoch.
pub fn preconditions(headers: &HeaderMap, etag: &str, modified_s: u64) -> Verdict {
    if headers.contains_key(IF_MATCH) {
        if !listed(headers, IF_MATCH, etag, Comparison::Strong) {
            return Verdict::Failed;
        }
    } else if let Some(date) = date(headers, IF_UNMODIFIED_SINCE)
        && modified_s > date
    {
        return Verdict::Failed;
    }
    if headers.contains_key(IF_NONE_MATCH) {
        return if listed(headers, IF_NONE_MATCH, etag, Comparison::Weak) {
            Verdict::NotModified
        } else {
            Verdict::Send
        };
    }
    match date(headers, IF_MODIFIED_SINCE) {
        Some(date) if modified_s <= date => Verdict::NotModified,
        Some(_) | None => Verdict::Send,
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    Strong,
    Weak,
}

/// Whether `etag` is in a list of entity tags, or the list is `*`.
fn listed(headers: &HeaderMap, name: HeaderName, etag: &str, comparison: Comparison) -> bool {
    headers.get_all(name).iter().filter_map(|v| v.to_str().ok()).any(|value| {
        let mut rest = value.trim();
        if rest == "*" {
            return true;
        }
        while !rest.is_empty() {
            rest = rest.trim_start_matches([',', ' ', '\t']);
            let (weak, tag) = match rest.strip_prefix("W/") {
                Some(tag) => (true, tag),
                None => (false, rest),
            };
            let Some(end) = tag.strip_prefix('"').and_then(|t| t.find('"')) else {
                return false;
            };
            let (found, after) = tag.split_at(end + 2);
            if found == etag && (comparison == Comparison::Weak || !weak) {
                return true;
            }
            rest = after;
        }
        false
    })
}

fn date(headers: &HeaderMap, name: HeaderName) -> Option<u64> {
    seconds(headers.get(name)?.to_str().ok()?)
}

/// An HTTP date in any of its three forms, as seconds since the epoch.
fn seconds(text: &str) -> Option<u64> {
    let time = httpdate::parse_http_date(text.trim()).ok()?;
    time.duration_since(SystemTime::UNIX_EPOCH).ok().map(|d| d.as_secs())
}

/// Seconds since the epoch as an HTTP date.
pub fn http_date(seconds: u64) -> String {
    // The year 9999 is the last that has this form.
    let last = 253_402_300_799;
    httpdate::fmt_http_date(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds.min(last)))
}

/// Which bytes are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// All of them.
    Whole,
    /// From the first to the last of these, both included.
    Bytes(usize, usize),
    /// None that there are: 416.
    None,
}

/// Whether the client asks for a part.
pub fn wants_part(headers: &HeaderMap) -> bool {
    headers.contains_key(RANGE)
}

/// Section 14.2: one range is served, several or a strange one mean the whole.
pub fn part(headers: &HeaderMap, etag: &str, modified_s: u64, length: usize) -> Part {
    let Some(range) = headers.get(RANGE).and_then(|v| v.to_str().ok()) else {
        return Part::Whole;
    };
    if let Some(condition) = headers.get(IF_RANGE) {
        // Section 13.1.5: strong comparison, or exactly this date.
        let holds = condition.to_str().is_ok_and(|c| c == etag || seconds(c) == Some(modified_s));
        if !holds {
            return Part::Whole;
        }
    }
    let Some((first, last)) = range.trim().strip_prefix("bytes=").and_then(|r| r.trim().split_once('-')) else {
        return Part::Whole;
    };
    let number = |text: &str| -> Option<usize> {
        // More digits than fit mean more bytes than there are.
        let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| text.parse().unwrap_or(usize::MAX))
    };
    match (first.trim(), last.trim()) {
        ("", suffix) => match number(suffix) {
            None => Part::Whole,
            Some(0) => Part::None,
            Some(_) if length == 0 => Part::None,
            Some(count) => Part::Bytes(length.saturating_sub(count), length - 1),
        },
        (first, last) => match (number(first), last) {
            (None, _) => Part::Whole,
            (Some(first), "") if first < length => Part::Bytes(first, length - 1),
            (Some(first), last) => match number(last) {
                None if last.is_empty() => Part::None,
                None => Part::Whole,
                Some(last) if last < first => Part::Whole,
                Some(_) if first >= length => Part::None,
                Some(last) => Part::Bytes(first, last.min(length - 1)),
            },
        },
    }
}

/// Whether a browser asks for something to show: it names pages, and no kind of feed.
pub fn wants_page(headers: &HeaderMap) -> bool {
    let accepts = |what: &str| {
        let lines = headers.get_all(ACCEPT).iter().filter_map(|v| v.to_str().ok());
        lines
            .flat_map(|l| l.split(','))
            .any(|t| t.split(';').next().is_some_and(|t| t.trim().eq_ignore_ascii_case(what)))
    };
    accepts("text/html") && !accepts("application/atom+xml") && !accepts("application/rss+xml")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        map
    }

    #[test]
    fn codings_are_chosen_by_weight_and_size() {
        for (accept, expected) in [
            ("gzip, deflate, br", Coding::Brotli),
            ("gzip;q=1.0, br;q=0.5", Coding::Gzip),
            ("gzip", Coding::Gzip),
            ("x-gzip", Coding::Gzip),
            ("br;q=0, gzip;q=0", Coding::Identity),
            ("gzip;q=0", Coding::Identity),
            ("*", Coding::Brotli),
            ("*;q=0", Coding::Identity),
            ("identity;q=0, gzip", Coding::Gzip),
            ("identity, gzip;q=0.5", Coding::Identity),
            ("*;q=0.5, br;q=0", Coding::Gzip),
            ("", Coding::Identity),
            ("GZIP;Q=0.8", Coding::Gzip),
            ("gzip;q=nonsense", Coding::Identity),
            ("deflate, zstd", Coding::Identity),
        ] {
            assert_eq!(coding(&headers(&[("accept-encoding", accept)])), expected, "{accept}");
        }
        assert_eq!(coding(&HeaderMap::new()), Coding::Identity);
    }

    #[test]
    fn preconditions_are_looked_at_in_order() {
        const OLD: &str = "Thu, 01 Jan 1970 00:01:39 GMT";
        const SAME: &str = "Thu, 01 Jan 1970 00:01:40 GMT";
        use Verdict::{Failed, NotModified, Send};
        let cases: &[(&[(&str, &str)], Verdict)] = &[
            (&[], Send),
            (&[("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "W/\"a\"")], NotModified),
            (&[("if-none-match", "*")], NotModified),
            (&[("if-none-match", "\"x,\", W/\"b\",\"a\"")], NotModified),
            (&[("if-none-match", "\"x\""), ("if-none-match", "\"a\"")], NotModified),
            (&[("if-none-match", "\"b\"")], Send),
            (&[("if-none-match", "a")], Send),
            (&[("if-none-match", "\"unclosed")], Send),
            // The date does not count beside a tag.
            (&[("if-none-match", "\"b\""), ("if-modified-since", SAME)], Send),
            (&[("if-none-match", "\"a\""), ("if-modified-since", OLD)], NotModified),
            (&[("if-modified-since", SAME)], NotModified),
            (&[("if-modified-since", "Thursday, 01-Jan-70 00:01:40 GMT")], NotModified),
            (&[("if-modified-since", OLD)], Send),
            (&[("if-modified-since", "yesterday")], Send),
            (&[("if-match", "\"a\"")], Send),
            (&[("if-match", "*")], Send),
            (&[("if-match", "W/\"a\"")], Failed),
            (&[("if-match", "\"b\"")], Failed),
            (&[("if-match", "\"a\""), ("if-none-match", "\"a\"")], NotModified),
            (&[("if-match", "\"a\""), ("if-unmodified-since", OLD)], Send),
            (&[("if-unmodified-since", OLD)], Failed),
            (&[("if-unmodified-since", SAME)], Send),
        ];
        for (sent, expected) in cases {
            assert_eq!(preconditions(&headers(sent), "\"a\"", 100), *expected, "{sent:?}");
        }
    }

    #[test]
    fn one_range_is_served() {
        for (range, expected) in [
            ("bytes=0-0", Part::Bytes(0, 0)),
            ("bytes=2-", Part::Bytes(2, 9)),
            ("bytes=2-99999999999999999999999", Part::Bytes(2, 9)),
            ("bytes=-3", Part::Bytes(7, 9)),
            ("bytes=-30", Part::Bytes(0, 9)),
            ("bytes=-0", Part::None),
            ("bytes=10-", Part::None),
            ("bytes=10-11", Part::None),
            ("bytes=5-2", Part::Whole),
            ("bytes=0-1,3-4", Part::Whole),
            ("bytes=x", Part::Whole),
            ("lines=0-1", Part::Whole),
        ] {
            assert_eq!(part(&headers(&[("range", range)]), "\"a\"", 100, 10), expected, "{range}");
        }
        let with =
            |condition: &str| part(&headers(&[("range", "bytes=0-1"), ("if-range", condition)]), "\"a\"", 100, 10);
        assert_eq!(with("\"a\""), Part::Bytes(0, 1));
        assert_eq!(with("W/\"a\""), Part::Whole);
        assert_eq!(with("\"b\""), Part::Whole);
        assert_eq!(with("Thu, 01 Jan 1970 00:01:40 GMT"), Part::Bytes(0, 1));
        assert_eq!(with("Thu, 01 Jan 1970 00:01:41 GMT"), Part::Whole);
        assert_eq!(part(&headers(&[("range", "bytes=0-")]), "\"a\"", 100, 0), Part::None);
    }
}
