//! The line of an entry: how it is written, and a quick look at one that was written here.
//!
//! [`scan`] takes only what [`write`] makes, without escapes; whatever else a merge or an
//! editor left is read as any JSON is.

use std::borrow::Cow;
use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};

use super::{Place, Row};

/// A line taken apart, nothing copied.
#[derive(Debug)]
pub(super) struct Scanned<'t> {
    pub id: &'t str,
    pub keys: List<'t>,
    place: Option<(&'t str, usize)>,
    says: &'t str,
    seen: DateTime<Utc>,
    hash: &'t str,
    changed: Option<DateTime<Utc>>,
    pub feeds: List<'t>,
    pub left: List<'t>,
    quiet: List<'t>,
    pub gone: Option<DateTime<Utc>>,
}

/// Texts as they stand between brackets.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct List<'t>(&'t str);

impl<'t> List<'t> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'t str> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            until_quote(&mut rest)?;
            until_quote(&mut rest)
        })
    }

    fn owned(self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }
}

impl From<Scanned<'_>> for Row {
    fn from(line: Scanned<'_>) -> Self {
        Row {
            id: line.id.to_owned(),
            keys: line.keys.owned(),
            place: line.place.map(|(post, at)| Place(post.to_owned(), at)),
            says: line.says.to_owned(),
            seen: line.seen,
            hash: line.hash.to_owned(),
            changed: line.changed,
            feeds: line.feeds.owned(),
            left: line.left.owned(),
            quiet: line.quiet.owned(),
            gone: line.gone,
        }
    }
}

/// The id of a line that was written here.
pub(super) fn id(line: &str) -> Cow<'_, str> {
    let id = line.get(START.len()..).and_then(|mut rest| until_quote(&mut rest)).unwrap_or("");
    if id.contains('\\') { Cow::Owned(read(line).map(|row| row.id).unwrap_or_default()) } else { Cow::Borrowed(id) }
}

/// The row of a line; none where it is no entry's.
pub(super) fn read(line: &str) -> Option<Row> {
    scan(line).map(Row::from).or_else(|| serde_json::from_str(line).ok())
}

const START: &str = "{\"id\":\"";

/// Takes apart a line as it is written here; `None` for any other.
pub(super) fn scan(line: &str) -> Option<Scanned<'_>> {
    // No early end: many bytes are looked at in one step.
    if line.bytes().fold(false, |found, b| found | (b == b'\\') | (b < 0x20)) {
        return None;
    }
    let mut rest = line.strip_prefix(START)?;
    let id = until_quote(&mut rest)?;
    let keys = list(&mut rest, ",\"keys\":[")??;
    let place = match after(&mut rest, ",\"in\":[\"") {
        Some(()) => {
            let post = until_quote(&mut rest)?;
            after(&mut rest, ",")?;
            let digits = rest.split(']').next()?;
            rest = rest.get(digits.len() + 1..)?;
            let plain = !digits.is_empty() && digits.len() < 10 && digits.bytes().all(|b| b.is_ascii_digit());
            let plain = plain && (digits.len() == 1 || !digits.starts_with('0'));
            Some((post, digits.parse().ok().filter(|_| plain)?))
        }
        None => None,
    };
    let says = match after(&mut rest, ",\"says\":\"") {
        Some(()) => until_quote(&mut rest)?,
        None => "",
    };
    let seen = moment(&mut rest, ",\"seen\":\"")??;
    after(&mut rest, ",\"hash\":\"")?;
    let hash = until_quote(&mut rest)?;
    let changed = moment(&mut rest, ",\"changed\":\"")?;
    let feeds = list(&mut rest, ",\"feeds\":[")?.unwrap_or_default();
    let left = list(&mut rest, ",\"left\":[")?.unwrap_or_default();
    let quiet = list(&mut rest, ",\"quiet\":[")?.unwrap_or_default();
    let gone = moment(&mut rest, ",\"gone\":\"")?;
    (rest == "}").then_some(Scanned { id, keys, place, says, seen, hash, changed, feeds, left, quiet, gone })
}

fn after(rest: &mut &str, start: &str) -> Option<()> {
    *rest = rest.strip_prefix(start)?;
    Some(())
}

fn until_quote<'t>(rest: &mut &'t str) -> Option<&'t str> {
    let end = memchr::memchr(b'"', rest.as_bytes())?;
    let text = &rest[..end];
    *rest = &rest[end + 1..];
    Some(text)
}

/// A list that may be there; `None` when it is broken.
#[expect(clippy::option_option, reason = "not there is not broken")]
fn list<'t>(rest: &mut &'t str, start: &str) -> Option<Option<List<'t>>> {
    if after(rest, start).is_none() {
        return Some(None);
    }
    let inside = *rest;
    if after(rest, "]").is_some() {
        return Some(Some(List("")));
    }
    loop {
        after(rest, "\"")?;
        until_quote(rest)?;
        if after(rest, "]").is_some() {
            return Some(Some(List(&inside[..inside.len() - rest.len() - 1])));
        }
        after(rest, ",")?;
    }
}

/// A time that may be there; `None` when it is broken.
#[expect(clippy::option_option, reason = "not there is not broken")]
fn moment(rest: &mut &str, start: &str) -> Option<Option<DateTime<Utc>>> {
    if after(rest, start).is_none() {
        return Some(None);
    }
    let text = until_quote(rest)?.as_bytes();
    let [y0, y1, y2, y3, b'-', m0, m1, b'-', d0, d1, b'T', h0, h1, b':', n0, n1, b':', s0, s1, b'Z'] = *text else {
        return None;
    };
    let two = |a: u8, b: u8| {
        (a.is_ascii_digit() && b.is_ascii_digit()).then(|| u32::from(a - b'0') * 10 + u32::from(b - b'0'))
    };
    let year = two(y0, y1)? * 100 + two(y2, y3)?;
    let day = NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, two(m0, m1)?, two(d0, d1)?)?;
    Some(Some(day.and_hms_opt(two(h0, h1)?, two(n0, n1)?, two(s0, s1)?)?.and_utc()))
}

/// Writes the line of an entry.
pub(super) fn write(row: &Row, out: &mut String) {
    let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Secs, true);
    let text = |out: &mut String, s: &str| out.push_str(&serde_json::to_string(s).unwrap_or_default());
    let list = |out: &mut String, name: &str, texts: &[String]| {
        let _ = write!(out, ",\"{name}\":[");
        for (n, t) in texts.iter().enumerate() {
            if n > 0 {
                out.push(',');
            }
            text(out, t);
        }
        out.push(']');
    };
    out.push_str("{\"id\":");
    text(out, &row.id);
    list(out, "keys", &row.keys);
    if let Some(Place(post, n)) = &row.place {
        out.push_str(",\"in\":[");
        text(out, post);
        let _ = write!(out, ",{n}]");
    }
    if !row.says.is_empty() {
        out.push_str(",\"says\":");
        text(out, &row.says);
    }
    let _ = write!(out, ",\"seen\":\"{}\",\"hash\":", time(row.seen));
    text(out, &row.hash);
    if let Some(changed) = row.changed {
        let _ = write!(out, ",\"changed\":\"{}\"", time(changed));
    }
    if !row.feeds.is_empty() {
        list(out, "feeds", &row.feeds);
    }
    if !row.left.is_empty() {
        list(out, "left", &row.left);
    }
    if !row.quiet.is_empty() {
        list(out, "quiet", &row.quiet);
    }
    if let Some(gone) = row.gone {
        let _ = write!(out, ",\"gone\":\"{}\"", time(gone));
    }
    out.push_str("}\n");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn rows() -> impl Strategy<Value = Row> {
        let text = "[a-z中\\]\\[,:{}|]{0,4}";
        let texts = || prop::collection::vec(text, 0..3);
        let time = || (0i64..4_000_000_000).prop_map(|s| DateTime::from_timestamp(s, 0).expect("a time"));
        let maybe = || prop::option::of(time());
        let start = (text, texts(), prop::option::of((text, 0usize..2000)), text, time());
        (start, (text, maybe(), texts(), texts(), texts(), maybe())).prop_map(
            |((id, keys, place, says, seen), (hash, changed, feeds, left, quiet, gone))| Row {
                id,
                keys,
                place: place.map(|(p, n)| Place(p, n)),
                says,
                seen,
                hash,
                changed,
                feeds,
                left,
                quiet,
                gone,
            },
        )
    }

    fn written(row: &Row) -> String {
        let mut line = String::new();
        write(row, &mut line);
        line.trim_end().to_owned()
    }

    proptest! {
        #[test]
        fn what_is_written_is_scanned(row in rows()) {
            let line = written(&row);
            prop_assert_eq!(id(&line), row.id.as_str());
            prop_assert_eq!(scan(&line).map(Row::from), Some(row.clone()));
            prop_assert_eq!(serde_json::from_str::<Row>(&line).expect("JSON"), row);
        }

        /// What a line says does not depend on how it is read.
        #[test]
        fn what_is_scanned_is_json(row in rows(), at in 0usize..200, insert in "[\"\\[\\],:}\\\\a0 ]{0,2}", cut in 0usize..3) {
            let mut chars: Vec<char> = written(&row).chars().collect();
            let at = at.min(chars.len());
            let end = (at + cut).min(chars.len());
            chars.splice(at..end, insert.chars());
            let line: String = chars.into_iter().collect();
            if let Some(scanned) = scan(&line) {
                prop_assert_eq!(serde_json::from_str::<Row>(&line).expect("JSON"), Row::from(scanned), "{}", line);
            }
        }
    }

    #[test]
    fn what_nobody_wrote_here_is_not_scanned() {
        let good = "{\"id\":\"a\",\"keys\":[\"post:a\"],\"seen\":\"2024-02-29T00:00:00Z\",\"hash\":\"h\"}";
        assert!(scan(good).is_some());
        for (from, to) in [
            ("02-29", "02-30"),
            ("}", ",\"x\":1}"),
            ("\"h\"", "\"\\u0068\""),
            ("[\"", "[ \""),
            ("Z\"", "+00:00\""),
            ("h", "\t"),
        ] {
            assert!(scan(&good.replacen(from, to, 1)).is_none(), "{to}");
        }
    }
}
