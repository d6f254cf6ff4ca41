//! Dates inside running text: where they stand, how they are written.
//!
//! Known are year-month-day with any usual mark between, East Asian forms, day and
//! month by name in the languages of [`month_name`], day.month.year and its American
//! order, `YYYYMMDD`. What is no possible date (the 31st of February, the year 1812)
//! is not found. Numbers of versions, telephones and prices are passed over.

use chrono::{FixedOffset, NaiveDate, NaiveTime};

use crate::normalize::date::month_name;

/// Years that pages claim. Earlier ones are history, later ones plans or mistakes.
pub(super) const YEARS: std::ops::RangeInclusive<u32> = 1990..=2040;

/// How a date is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `2024-06-30`, `2024/6/30`, `2024年6月30日`.
    YearFirst,
    /// `30 June 2024`, `June 30, 2024`, `30. Juni 2024`.
    Named,
    /// `30.6.2024`, `30/6/2024`: the day cannot be a month, or the mark tells.
    Numeric,
    /// `3/6/2024`: which is the month depends on where it is written.
    Ambiguous,
    /// `30.06.24`.
    Short,
    /// `20240630`.
    Compact,
    /// `June 2024`, `2024年6月`.
    Month,
}

/// A date in a text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Found {
    /// Where it begins.
    pub start: usize,
    /// Where it ends, with its time of day.
    pub end: usize,
    /// The day; the first of the month when only that is known.
    pub date: NaiveDate,
    /// The other reading of an ambiguous one.
    pub swapped: Option<NaiveDate>,
    /// The time of day.
    pub time: Option<NaiveTime>,
    /// The offset from UTC.
    pub offset: Option<FixedOffset>,
    /// How it is written.
    pub form: Form,
}

/// A run of digits.
#[derive(Clone, Copy)]
struct Number {
    value: u32,
    len: usize,
    start: usize,
    end: usize,
}

fn number(bytes: &[u8], start: usize) -> Option<Number> {
    let len = bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
    if len == 0 || len > 9 {
        return None;
    }
    let value = bytes[start..start + len].iter().fold(0u32, |v, b| v * 10 + u32::from(b - b'0'));
    Some(Number { value, len, start, end: start + len })
}

fn ymd(year: u32, month: u32, day: u32) -> Option<NaiveDate> {
    if !YEARS.contains(&year) {
        return None;
    }
    NaiveDate::from_ymd_opt(i32::try_from(year).ok()?, month, day)
}

/// Two digits of a year: of this century, or of the end of the last.
fn century(year: u32) -> u32 {
    if year >= 90 { 1900 + year } else { 2000 + year }
}

/// Behind white space, at most a few characters of it.
fn blanks(text: &str, mut at: usize) -> usize {
    for _ in 0..4 {
        match text[at..].chars().next() {
            Some(c) if c.is_whitespace() => at += c.len_utf8(),
            _ => break,
        }
    }
    at
}

/// The word that begins at `at`.
fn word(text: &str, at: usize) -> Option<(&str, usize)> {
    let rest = &text[at..];
    let len = rest.find(|c: char| !c.is_alphabetic()).unwrap_or(rest.len());
    (len > 0 && len <= 40).then(|| (&rest[..len], at + len))
}

/// The word that ends before `at`, white space and a full stop or comma between left out.
fn word_before(text: &str, at: usize) -> Option<(&str, usize)> {
    let head = text[..at].trim_end_matches([' ', '\u{a0}', '\n', '.', ',', '-', '/']);
    if at - head.len() > 4 {
        return None;
    }
    let start = head.char_indices().rev().take(20).take_while(|(_, c)| c.is_alphabetic()).last().map(|(n, _)| n)?;
    Some((&head[start..], start))
}

/// All dates in `text`, in their order, at most `most`.
pub(super) fn find(text: &str, most: usize) -> Vec<Found> {
    let bytes = text.as_bytes();
    let mut found: Vec<Found> = Vec::new();
    let mut at = 0;
    while at < bytes.len() && found.len() < most {
        let Some(skip) = bytes[at..].iter().position(u8::is_ascii_digit) else { break };
        let start = at + skip;
        let Some(first) = number(bytes, start) else {
            at = start + bytes[start..].iter().take_while(|b| b.is_ascii_digit()).count();
            continue;
        };
        // A number that goes on to the left is no date: `v1.2018`, `$12`, `a12`.
        let attached = start > 0
            && (matches!(bytes[start - 1], b'$' | b'#' | b'=' | b'%' | b'_')
                || bytes[start - 1].is_ascii_alphabetic() && first.len != 8 && !names_month_before(text, start));
        match if attached { None } else { date_at(text, first) } {
            Some(mut hit) => {
                clock(text, &mut hit);
                at = hit.end.max(first.end);
                found.push(hit);
            }
            None => at = first.end,
        }
    }
    found
}

fn names_month_before(text: &str, at: usize) -> bool {
    word_before(text, at).is_some_and(|(word, _)| month_name(word).is_some())
}

fn date_at(text: &str, first: Number) -> Option<Found> {
    let bytes = text.as_bytes();
    let hit = |start: usize, end: usize, date: Option<NaiveDate>, form: Form| {
        date.map(|date| Found { start, end, date, swapped: None, time: None, offset: None, form })
    };
    let start = first.start;
    match first.len {
        8 => {
            let date = ymd(first.value / 10_000, first.value / 100 % 100, first.value % 100);
            return hit(start, first.end, date, Form::Compact);
        }
        12 | 14 => return None,
        4 if YEARS.contains(&first.value) => {
            if let Some(found) = year_first(text, first) {
                return Some(found);
            }
            // `June 2024`, unless a day stands before the month: that was found from the day.
            if let Some((word, from)) = word_before(text, start)
                && let Some(month) = month_name(word)
                && word.chars().count() >= 3
            {
                return hit(from, first.end, ymd(first.value, month, 1), Form::Month);
            }
            return None;
        }
        1 | 2 if (1..=31).contains(&first.value) => {}
        _ => return None,
    }
    // `June 30, 2024`, `Jun 30 2024`, `June 30th, 2024`
    if let Some((name, from)) = word_before(text, start)
        && let Some(month) = month_name(name)
        && name.chars().count() >= 3
    {
        let mut next = first.end;
        if let Some((suffix, end)) = word(text, next)
            && matches!(suffix.to_ascii_lowercase().as_str(), "st" | "nd" | "rd" | "th")
        {
            next = end;
        }
        next = blanks(text, next);
        if matches!(bytes.get(next), Some(b',' | b'.' | b'/' | b'-' | b'\'')) {
            next = blanks(text, next + 1);
        }
        if let Some(year) = number(bytes, next).filter(|y| y.len == 4)
            && let Some(found) = hit(from, year.end, ymd(year.value, month, first.value), Form::Named)
        {
            return Some(found);
        }
    }
    // `30 June 2024`, `30. Juni 2024`, `1er juin 2024`, `30 de junio de 2024`, `30-Jun-2024`
    if let Some(found) = day_and_name(text, first) {
        return Some(found);
    }
    // `30.6.2024`, `30/06/24`
    let mark = bytes.get(first.end).copied().filter(|m| matches!(m, b'.' | b'/' | b'-'))?;
    let second_at = if mark == b'.' { blanks(text, first.end + 1) } else { first.end + 1 };
    let second = number(bytes, second_at).filter(|n| n.len <= 2)?;
    if bytes.get(second.end) != Some(&mark) {
        return None;
    }
    let third_at = if mark == b'.' { blanks(text, second.end + 1) } else { second.end + 1 };
    let third = number(bytes, third_at)?;
    let goes_on = matches!(bytes.get(third.end), Some(b'.' | b'/' | b'-'))
        && bytes.get(third.end + 1).is_some_and(u8::is_ascii_digit);
    let goes_back = start > 1 && matches!(bytes[start - 1], b'.' | b'/' | b'-') && bytes[start - 2].is_ascii_digit();
    if goes_on || goes_back {
        return None;
    }
    let (year, form) = match third.len {
        4 => (third.value, Form::Numeric),
        2 if first.len == 2 && second.len == 2 => (century(third.value), Form::Short),
        _ => return None,
    };
    let day_first = ymd(year, second.value, first.value);
    let month_first = ymd(year, first.value, second.value);
    let mut found = hit(start, third.end, day_first.or(month_first), form)?;
    if mark != b'.' && day_first.is_some() && month_first.is_some() && day_first != month_first {
        found.swapped = month_first;
        if form == Form::Numeric {
            found.form = Form::Ambiguous;
        }
    }
    Some(found)
}

/// `2024-06-30`, `2024. 6. 30.`, `2024年6月30日`, `2024 Jun 30`.
fn year_first(text: &str, year: Number) -> Option<Found> {
    let bytes = text.as_bytes();
    let at = blanks(text, year.end);
    let rest = &text[at..];
    let sign = ["年", "년"].iter().find(|s| rest.starts_with(**s));
    let (month_at, wide) = match sign {
        Some(sign) => (blanks(text, at + sign.len()), true),
        None => match bytes.get(at) {
            Some(b'-' | b'/' | b'.') if at == year.end => (blanks(text, at + 1), false),
            _ => {
                // `2024 Jun 30`, `2024, June 30`
                let at = if bytes.get(at) == Some(&b',') { blanks(text, at + 1) } else { at };
                let (name, end) = word(text, at)?;
                let month = month_name(name).filter(|_| name.chars().count() >= 3)?;
                let day = number(bytes, blanks(text, end)).filter(|n| n.len <= 2)?;
                // `2024 June 30 2025`: the year belongs to something else.
                let date = ymd(year.value, month, day.value)?;
                let behind = number(bytes, blanks(text, day.end).min(bytes.len()));
                if behind.is_some_and(|n| n.len == 4) {
                    return None;
                }
                return Some(Found {
                    start: year.start,
                    end: day.end,
                    date,
                    swapped: None,
                    time: None,
                    offset: None,
                    form: Form::Named,
                });
            }
        },
    };
    let month = number(bytes, month_at).filter(|n| n.len <= 2)?;
    let found = |end, date: Option<NaiveDate>, form| {
        date.map(|date| Found { start: year.start, end, date, swapped: None, time: None, offset: None, form })
    };
    let behind = blanks(text, month.end);
    let rest = &text[behind..];
    let day_at = if wide {
        let sign = ["月", "월"].iter().find(|s| rest.starts_with(**s))?;
        let day_at = blanks(text, behind + sign.len());
        match number(bytes, day_at).filter(|n| n.len <= 2) {
            Some(day) => {
                let end = blanks(text, day.end);
                let rest = &text[end..];
                match ["日", "일", "号", "號"].iter().find(|s| rest.starts_with(**s)) {
                    Some(sign) => {
                        return found(end + sign.len(), ymd(year.value, month.value, day.value), Form::YearFirst);
                    }
                    None => return found(behind + sign.len(), ymd(year.value, month.value, 1), Form::Month),
                }
            }
            None => return found(behind + sign.len(), ymd(year.value, month.value, 1), Form::Month),
        }
    } else {
        let mark = bytes[year.end];
        if bytes.get(month.end) != Some(&mark) {
            return None;
        }
        blanks(text, month.end + 1)
    };
    let day = number(bytes, day_at).filter(|n| n.len <= 2)?;
    let goes_on = matches!(bytes.get(day.end), Some(b'.' | b'/' | b'-'))
        && bytes[year.end] == b'.'
        && bytes.get(day.end + 1).is_some_and(u8::is_ascii_digit);
    let goes_back =
        year.start > 1 && matches!(bytes[year.start - 1], b'.' | b'/' | b'-') && bytes[year.start - 2].is_ascii_digit();
    if goes_on || goes_back {
        return None;
    }
    found(day.end, ymd(year.value, month.value, day.value), Form::YearFirst)
}

fn day_and_name(text: &str, day: Number) -> Option<Found> {
    let bytes = text.as_bytes();
    let mut at = day.end;
    // An ordinal, a full stop, `de`, `of`: at most two of them.
    let mut month = None;
    for _ in 0..3 {
        at = blanks(text, at);
        while matches!(bytes.get(at), Some(b'.' | b'-' | b'/' | b',')) || text[at..].starts_with(['º', '°', 'ª']) {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            at = blanks(text, at);
            if at > day.end + 6 {
                return None;
            }
        }
        let (name, end) = word(text, at)?;
        if let Some(number) = month_name(name) {
            if name.chars().count() < 3 {
                return None;
            }
            month = Some(number);
            at = end;
            break;
        }
        if !matches!(
            name.to_lowercase().as_str(),
            "st" | "nd" | "rd" | "th" | "de" | "of" | "er" | "re" | "o" | "e" | "ème"
        ) {
            return None;
        }
        at = end;
    }
    let month = month?;
    for _ in 0..3 {
        at = blanks(text, at);
        while matches!(bytes.get(at), Some(b'.' | b',' | b'-' | b'/' | b'\'')) || text[at..].starts_with('’') {
            at += text[at..].chars().next().map_or(1, char::len_utf8);
            at = blanks(text, at);
        }
        if let Some(year) = number(bytes, at) {
            let value = match year.len {
                4 => year.value,
                2 if bytes.get(year.end) != Some(&b':') => century(year.value),
                _ => return None,
            };
            let date = ymd(value, month, day.value)?;
            let form = Form::Named;
            return Some(Found {
                start: day.start,
                end: year.end,
                date,
                swapped: None,
                time: None,
                offset: None,
                form,
            });
        }
        let (name, end) = word(text, at)?;
        if !matches!(name.to_lowercase().as_str(), "de" | "del" | "do" | "of") {
            return None;
        }
        at = end;
    }
    None
}

/// Reads the time of day behind a date into it.
fn clock(text: &str, found: &mut Found) {
    let bytes = text.as_bytes();
    let mut at = found.end;
    for _ in 0..3 {
        at = blanks(text, at);
        let rest = &text[at..];
        if let Some(mark) =
            rest.chars().next().filter(|c| matches!(c, ',' | '|' | '·' | '-' | '–' | '—' | 'T' | '@' | '•'))
        {
            at += mark.len_utf8();
            continue;
        }
        if let Some((word, end)) = word(text, at)
            && matches!(word.to_lowercase().as_str(), "at" | "um" | "à" | "às" | "a" | "las" | "alle" | "ore" | "kl")
        {
            at = end;
        }
    }
    let half = ["上午", "下午", "오전", "오후", "午前", "午後"].iter().find(|h| text[at..].starts_with(**h));
    if let Some(half) = half {
        at = blanks(text, at + half.len());
    }
    let Some(hour) = number(bytes, at).filter(|n| n.len <= 2 && n.value < 25) else { return };
    let mark = bytes.get(hour.end).copied();
    // `10h30` and `10.30 Uhr` are times of day, too.
    let minute_at = match mark {
        Some(b':' | b'h') => hour.end + 1,
        _ => return,
    };
    let Some(minute) = number(bytes, minute_at).filter(|n| n.len == 2 && n.value < 60) else { return };
    let mut end = minute.end;
    let mut second = 0;
    if bytes.get(end) == Some(&b':')
        && let Some(s) = number(bytes, end + 1).filter(|n| n.len == 2 && n.value < 61)
    {
        second = s.value.min(59);
        end = s.end;
        if bytes.get(end) == Some(&b'.') && bytes.get(end + 1).is_some_and(u8::is_ascii_digit) {
            end += 1 + bytes[end + 1..].iter().take_while(|b| b.is_ascii_digit()).count();
        }
    }
    let mut value = hour.value;
    let behind = blanks(text, end);
    let tail: String =
        text[behind..].chars().take(4).filter(char::is_ascii_alphabetic).collect::<String>().to_lowercase();
    let afternoon = tail.starts_with("pm") || half.is_some_and(|h| matches!(*h, "下午" | "오후" | "午後"));
    let morning = tail.starts_with("am") || half.is_some_and(|h| matches!(*h, "上午" | "오전" | "午前"));
    if afternoon && value < 12 {
        value += 12;
    } else if morning && value == 12 {
        value = 0;
    }
    if tail.starts_with("pm") || tail.starts_with("am") {
        end = behind + 2;
    }
    let Some(time) = NaiveTime::from_hms_opt(value, minute.value, second) else { return };
    found.time = Some(time);
    found.end = end;
    // An offset that touches: `Z`, `+08:00`, `-0700`.
    if bytes.get(end) == Some(&b'Z') {
        found.offset = FixedOffset::east_opt(0);
        found.end = end + 1;
        return;
    }
    let at = if bytes.get(end) == Some(&b' ') { end + 1 } else { end };
    let sign = match bytes.get(at) {
        Some(b'+') => 1,
        Some(b'-') if at == end || bytes.get(at + 1).is_some_and(|b| matches!(b, b'0' | b'1')) => -1,
        _ => return,
    };
    let Some(hours) = number(bytes, at + 1) else { return };
    let (minutes, end) = match hours.len {
        4 => (hours.value / 100 * 60 + hours.value % 100, hours.end),
        2 if bytes.get(hours.end) == Some(&b':') => match number(bytes, hours.end + 1).filter(|n| n.len == 2) {
            Some(minutes) => (hours.value * 60 + minutes.value, minutes.end),
            None => return,
        },
        2 if at == end => (hours.value * 60, hours.end),
        _ => return,
    };
    if minutes <= 14 * 60 {
        found.offset = i32::try_from(minutes).ok().and_then(|m| FixedOffset::east_opt(sign * m * 60));
        found.end = end;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<String> {
        find(text, 9)
            .iter()
            .map(|f| match (f.time, f.offset) {
                (Some(time), Some(offset)) => format!("{}T{time}{offset}", f.date),
                (Some(time), None) => format!("{}T{time}", f.date),
                (None, _) => f.date.to_string(),
            })
            .collect()
    }

    #[test]
    fn forms() {
        for (text, want) in [
            ("on 2024-06-30, x", "2024-06-30"),
            ("2024/6/3 08:05:09 x", "2024-06-03T08:05:09"),
            ("2024-06-30T10:15:00+08:00", "2024-06-30T10:15:00+08:00"),
            ("2024-06-30T10:15:00Z", "2024-06-30T10:15:00+00:00"),
            ("发布时间：2024年6月30日 下午3:05", "2024-06-30T15:05:00"),
            ("2024년 6월 30일", "2024-06-30"),
            ("2024. 6. 30.", "2024-06-30"),
            ("Posted on June 30, 2024 at 3:15 pm by", "2024-06-30T15:15:00"),
            ("Jun 30th 2024", "2024-06-30"),
            ("30 June 2024", "2024-06-30"),
            ("30. Juni 2024, 10:00 Uhr", "2024-06-30T10:00:00"),
            ("1er juin 2024", "2024-06-01"),
            ("30 de junio de 2024", "2024-06-30"),
            ("30-Jun-2024", "2024-06-30"),
            ("2024 Jun 30", "2024-06-30"),
            ("30.06.2024", "2024-06-30"),
            ("30.06.24", "2024-06-30"),
            ("6/30/2024", "2024-06-30"),
            ("20240630", "2024-06-30"),
            ("June 2024", "2024-06-01"),
            ("2024年6月", "2024-06-01"),
        ] {
            assert_eq!(read(text), [want], "{text}");
        }
        for text in [
            "1.2.2018.4", "v2.10.2019.1", "$12.10.2019", "31.02.2024", "1812-06-24", "tel 030 12 34 56", "12:30",
            "2024",
        ] {
            assert!(read(text).is_empty(), "{text}: {:?}", read(text));
        }
        assert!(find("3/6/2024", 1)[0].swapped.is_some());
        assert!(find("03.06.2024", 1)[0].swapped.is_none());
    }

    proptest! {
        #[test]
        fn never_panics(text in "([0-9]{1,4}|[./,: -]|Jun|de|年|月|日|下午|T|Z|\\+|é){0,20}") {
            let _ = find(&text, 20);
        }
    }
}
