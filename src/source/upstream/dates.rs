//! Dates as feeds write them. What most feeds write is read here, quickly; the
//! rest by [`crate::normalize::date::lenient`], which knows many more spellings.
//! What is undated or unreadable stays so: nothing is guessed from a clock.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, Utc};

use crate::config::Zone;
use crate::normalize::date::{self, Claimed, Precision};

/// Reads a date. `zone` is for texts that name none.
pub(super) fn read(text: &str, zone: Zone) -> Option<Claimed> {
    let text = text.trim();
    rfc3339(text).or_else(|| in_korea(text)).or_else(|| short_year(text, zone)).or_else(|| date::lenient(text, zone))
}

fn digits(bytes: &[u8]) -> Option<u32> {
    bytes.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}

/// `2024-06-30T10:15:00Z`, `2024-06-30T10:15:00.5+08:00`.
fn rfc3339(text: &str) -> Option<Claimed> {
    let b = text.as_bytes();
    if b.len() < 20 || b.len() > 40 || b[4] != b'-' || b[7] != b'-' || b[13] != b':' || b[16] != b':' {
        return None;
    }
    let date = NaiveDate::from_ymd_opt(i32::try_from(digits(&b[..4])?).ok()?, digits(&b[5..7])?, digits(&b[8..10])?)?;
    let time = date.and_hms_opt(digits(&b[11..13])?, digits(&b[14..16])?, digits(&b[17..19])?)?;
    let mut at = 19;
    if b[at] == b'.' {
        at += 1 + b[at + 1..].iter().take_while(|c| c.is_ascii_digit()).count();
    }
    let seconds = match &b[at..] {
        [b'Z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let minutes = digits(&[*h1, *h2])? * 60 + digits(&[*m1, *m2])?;
            let seconds = i32::try_from(minutes * 60).ok()?;
            if *sign == b'-' { -seconds } else { seconds }
        }
        _ => return None,
    };
    claimed(time, seconds)
}

fn claimed(local: NaiveDateTime, offset_seconds: i32) -> Option<Claimed> {
    let offset = FixedOffset::east_opt(offset_seconds)?;
    let time = DateTime::from_naive_utc_and_offset(local.checked_sub_offset(offset)?, Utc);
    Some(Claimed { time, precision: Precision::Time, offset: Some(offset) })
}

/// Korean services write local time without saying so.
fn in_korea(text: &str) -> Option<Claimed> {
    if !text.chars().any(|c| matches!(c, '년' | '오')) || text.contains(['+', 'Z']) {
        return None;
    }
    let offset = FixedOffset::east_opt(9 * 3600)?;
    date::lenient(text, Zone::Fixed(offset))
}

/// `03-12-31`, `031231`, `03365`: ISO 8601 without its separators or its century.
fn short_year(text: &str, zone: Zone) -> Option<Claimed> {
    let b = text.as_bytes();
    let is_digit = |n: usize| b.get(n).is_some_and(u8::is_ascii_digit);
    let dashed = b.len() >= 8
        && (0..2).all(is_digit)
        && b[2] == b'-'
        && (3..5).all(is_digit)
        && b[5] == b'-'
        && (6..8).all(is_digit)
        && !is_digit(8);
    if dashed {
        return date::lenient(&format!("20{text}"), zone);
    }
    if !(0..b.len()).all(is_digit) {
        return None;
    }
    match b.len() {
        6 => date::lenient(&format!("20{text}"), zone),
        // The day of the year.
        5 => date::lenient(&format!("20{}-{}", &text[..2], &text[2..]), zone),
        7 => date::lenient(&format!("{}-{}", &text[..4], &text[4..]), zone),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_of_feeds() {
        let cases = [
            ("2004-01-02T03:04:05Z", "2004-01-02T03:04:05"),
            ("2004-01-02T03:04:05.678+08:00", "2004-01-01T19:04:05"),
            ("2004-01-02T03:04:05-0130", "2004-01-02T04:34:05"),
            ("2004-01-02T03:04Z", "2004-01-02T03:04:00"),
            ("2004-13-02T03:04:05Z", "-"),
            ("Sun, 31 Dec 2023 24:00:00 GMT", "2024-01-01T00:00:00"),
            ("04-01-02", "2004-01-02T00:00:00"),
            ("040102", "2004-01-02T00:00:00"),
            ("04002", "2004-01-02T00:00:00"),
            ("2004002", "2004-01-02T00:00:00"),
            ("2004년 01월 02일 13:04:05", "2004-01-02T04:04:05"),
            ("2004-01-02 오후 1:04:05", "2004-01-02T04:04:05"),
            ("Παρ, 02 Ιαν 2004 03:04:05 EST", "2004-01-02T08:04:05"),
            ("2004-január-2T3:04+01:00", "2004-01-02T02:04:00"),
            ("Fri Jan  2 03:04:05 2004", "2004-01-02T03:04:05"),
            ("Fri Jan  2 03:04:05 +0100 2004", "2004-01-02T02:04:05"),
            ("2024年1月2日 下午3:04", "2024-01-02T15:04:00"),
            ("gestern", "-"),
            ("", "-"),
        ];
        for (text, want) in cases {
            let got = read(text, Zone::UTC).map_or("-".to_owned(), |c| c.time.format("%Y-%m-%dT%H:%M:%S").to_string());
            assert_eq!(got, want, "{text}");
        }
    }
}
