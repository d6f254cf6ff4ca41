//! Dates as people and programs write them.
//!
//! [`lenient`] reads what it can and says how precise the text was. It never
//! guesses a missing day and never reads a clock: what is undated stays undated,
//! and the caller decides what a date of the year 9999 means.

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::config::Zone;

/// A date as it was claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claimed {
    /// The moment.
    pub time: DateTime<Utc>,
    /// What the text said besides.
    pub precision: Precision,
    /// The offset the text named.
    pub offset: Option<FixedOffset>,
}

/// How much of a moment a text named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Precision {
    /// A year alone.
    Year,
    /// Year and month.
    Month,
    /// A day.
    Day,
    /// A time of day.
    Time,
}

/// Years outside are no dates of posts or articles but mistakes.
pub const SANE_YEARS: std::ops::RangeInclusive<i32> = 1970..=2200;

/// Reads a date. `zone` is for texts that name none.
///
/// Known are ISO 8601 and RFC 3339 in their many spellings, RFC 822 with its
/// usual mistakes (wrong weekday, long months, two-digit years, named zones,
/// 24:00), `Month D, YYYY`, and Chinese, Japanese and Korean dates.
pub fn lenient(text: &str, zone: Zone) -> Option<Claimed> {
    let text = text.trim();
    if text.is_empty() || text.len() > 200 {
        return None;
    }
    let tokens = tokens(text);
    let (date, precision, rest) = day(&tokens)?;
    if !(1..=9999).contains(&chrono::Datelike::year(&date)) {
        return None;
    }
    let (clock, rest) = clock(rest);
    let offset = if clock.is_some() { offset(rest, text) } else { None };
    let (time, extra_day) = clock.unwrap_or((NaiveTime::MIN, false));
    let mut local = NaiveDateTime::new(date, time);
    if extra_day {
        local = local.checked_add_signed(TimeDelta::days(1))?;
    }
    let time = match offset {
        Some(offset) => DateTime::from_naive_utc_and_offset(local.checked_sub_offset(offset)?, Utc),
        None => zone.to_utc(local),
    };
    let precision = if clock.is_some() { Precision::Time } else { precision };
    Some(Claimed { time, precision, offset })
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Token<'a> {
    /// Digits, and how many.
    Number(u32, usize),
    /// Letters.
    Word(&'a str),
    /// Anything else that is not white space.
    Mark(char),
    /// White space.
    Blank,
}

fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::with_capacity(16);
    let mut rest = text;
    let mut comments = 0usize;
    while let Some(c) = rest.chars().next() {
        if tokens.len() > 60 {
            break;
        }
        // RFC 822 allows comments in parentheses.
        if c == '(' || c == ')' || comments > 0 {
            comments = match c {
                '(' => comments + 1,
                ')' => comments.saturating_sub(1),
                _ => comments,
            };
            rest = &rest[c.len_utf8()..];
            continue;
        }
        let len = if c.is_ascii_digit() {
            let len = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            tokens.push(match rest[..len].parse() {
                Ok(number) => Token::Number(number, len),
                Err(_) => Token::Mark('?'),
            });
            len
        } else if c.is_whitespace() {
            if tokens.last() != Some(&Token::Blank) {
                tokens.push(Token::Blank);
            }
            c.len_utf8()
        } else if is_cjk(c) {
            // Each sign is a word of its own, but for the days' halves.
            let len = ["上午", "下午", "오전", "오후", "午前", "午後"]
                .iter()
                .find(|w| rest.starts_with(**w))
                .map_or(c.len_utf8(), |w| w.len());
            tokens.push(Token::Word(&rest[..len]));
            len
        } else if c.is_alphabetic() {
            let len = rest.find(|c: char| !c.is_alphabetic() || is_cjk(c)).unwrap_or(rest.len());
            tokens.push(Token::Word(&rest[..len]));
            len
        } else {
            tokens.push(Token::Mark(c));
            c.len_utf8()
        };
        rest = &rest[len..];
    }
    tokens
}

fn is_cjk(c: char) -> bool {
    matches!(c, '\u{2E80}'..='\u{9FFF}' | '\u{AC00}'..='\u{D7AF}' | '\u{F900}'..='\u{FAFF}')
}

/// The day, how precise it is, and the tokens behind it.
fn day<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(NaiveDate, Precision, &'t [Token<'a>])> {
    numeric_day(tokens).or_else(|| named_day(tokens))
}

fn number(token: Option<&Token<'_>>) -> Option<u32> {
    match token {
        Some(Token::Number(n, _)) => Some(*n),
        _ => None,
    }
}

fn is_separator(token: Option<&Token<'_>>) -> bool {
    matches!(token, Some(Token::Mark('-' | '/' | '.' | '‐' | '–' | '−')))
        || matches!(token, Some(Token::Word("年" | "月" | "년" | "월")))
}

fn skip_blank<'t, 'a>(tokens: &'t [Token<'a>]) -> &'t [Token<'a>] {
    match tokens.first() {
        Some(Token::Blank) => &tokens[1..],
        _ => tokens,
    }
}

/// `2024-06-30`, `2024/6/30`, `2024年6月30日`, `20240630`, `2024-W26-7`, `2024-182`, `2024-06`, `2024`.
fn numeric_day<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(NaiveDate, Precision, &'t [Token<'a>])> {
    let at = tokens.iter().position(|t| matches!(t, Token::Number(..)))?;
    // `Oct 2, 2002` starts with a name: the words before decide elsewhere.
    if tokens[..at].iter().any(|t| matches!(t, Token::Word(w) if month_name(w).is_some())) {
        return None;
    }
    let Token::Number(first, digits) = tokens[at] else {
        return None;
    };
    let rest = &tokens[at + 1..];
    if digits == 8 {
        let date = NaiveDate::from_ymd_opt(i32::try_from(first / 10_000).ok()?, first / 100 % 100, first % 100)?;
        return Some((date, Precision::Day, rest));
    }
    if digits != 4 {
        return None;
    }
    let year = i32::try_from(first).ok()?;
    let after = skip_blank(rest);
    if !is_separator(after.first()) {
        // `2024 Jun 30` has its month later on.
        if after.iter().any(|t| matches!(t, Token::Word(w) if month_name(w).is_some())) {
            return None;
        }
        let alone = after.iter().all(|t| matches!(t, Token::Blank));
        return alone.then(|| Some((NaiveDate::from_ymd_opt(year, 1, 1)?, Precision::Year, after))).flatten();
    }
    let after = skip_blank(&after[1..]);
    if let Some(Token::Word(w)) = after.first() {
        if w.eq_ignore_ascii_case("w") {
            let week = number(after.get(1))?;
            let (weekday, used) = if is_separator(after.get(2)) { (number(after.get(3))?, 4) } else { (1, 2) };
            let weekday = chrono::Weekday::try_from(u8::try_from(weekday.checked_sub(1)?).ok()?).ok()?;
            return Some((NaiveDate::from_isoywd_opt(year, week, weekday)?, Precision::Day, &after[used..]));
        }
        return None;
    }
    let Some(Token::Number(second, width)) = after.first() else {
        return None;
    };
    if *width == 3 {
        return Some((NaiveDate::from_yo_opt(year, *second)?, Precision::Day, &after[1..]));
    }
    let behind = skip_blank(&after[1..]);
    if is_separator(behind.first()) {
        let last = skip_blank(&behind[1..]);
        if let Some(Token::Number(day, 1..=2)) = last.first() {
            let mut rest = &last[1..];
            if matches!(rest.first(), Some(Token::Word("日" | "일" | "号")) | Some(Token::Mark('.'))) {
                rest = &rest[1..];
            }
            return Some((NaiveDate::from_ymd_opt(year, *second, *day)?, Precision::Day, rest));
        }
    }
    Some((NaiveDate::from_ymd_opt(year, *second, 1)?, Precision::Month, behind))
}

/// `02 Oct 2002`, `Oct 2, 2002`, `Thu Oct  2 13:00:00 2002`, `2 de octubre de 2002`.
fn named_day<'t, 'a>(tokens: &'t [Token<'a>]) -> Option<(NaiveDate, Precision, &'t [Token<'a>])> {
    let (at, month) = tokens.iter().enumerate().find_map(|(n, t)| match t {
        Token::Word(w) => month_name(w).map(|m| (n, m)),
        _ => None,
    })?;
    let is_clock = |n: usize| {
        let beside = matches!(tokens.get(n + 1), Some(Token::Mark(':')))
            || n > 0 && matches!(tokens[n - 1], Token::Mark(':' | '+'))
            || n > 1 && matches!(tokens[n - 2..n], [Token::Number(..), Token::Mark('.')]);
        // `21. Juli 2024: …`: a year is none; `+0800` is no year.
        let is_year =
            matches!(tokens[n], Token::Number(1900..=2100, 4)) && !matches!(tokens[..n], [.., Token::Mark('+')]);
        beside && !is_year
    };
    // An hour may stand before the month: `10:00, March 15, 2024`.
    let before = (0..at).rev().take(6).find_map(|n| match tokens[n] {
        Token::Number(number, width) if !is_clock(n) => Some((number, width)),
        _ => None,
    });
    let behind: Vec<(usize, u32, usize)> = tokens
        .iter()
        .enumerate()
        .skip(at + 1)
        .filter_map(|(n, t)| match t {
            Token::Number(number, width) => Some((n, *number, *width)),
            _ => None,
        })
        .collect();
    let plain: Vec<(usize, u32, usize)> = behind.into_iter().filter(|(n, _, _)| !is_clock(*n)).collect();
    let (day, year, end) = match before {
        // `2024 Jun 30`
        Some((year, 4)) => {
            let (n, day, _) = *plain.first()?;
            (day, (year, 4), n)
        }
        Some((day, _)) => match plain.first() {
            Some((n, year, width)) => (day, (*year, *width), *n),
            None => return None,
        },
        None => match (plain.first(), plain.get(1)) {
            (Some((n, year, 4)), _) => (0, (*year, 4), *n),
            (Some((_, day, _)), Some((n, year, width))) => (*day, (*year, *width), *n),
            _ => return None,
        },
    };
    let year = full_year(year.0, year.1)?;
    let (day, precision) = if day == 0 { (1, Precision::Month) } else { (day, Precision::Day) };
    let date = NaiveDate::from_ymd_opt(year, month, day)?;
    // The clock may stand between the day and the year (asctime).
    let clock_at =
        tokens.iter().position(|t| *t == Token::Mark(':')).filter(|c| *c < end).and_then(|c| c.checked_sub(1));
    Some((date, precision, &tokens[clock_at.unwrap_or(end + 1)..]))
}

/// Two-digit years by RFC 2822, 4.3: below 50 they are of this century.
fn full_year(year: u32, width: usize) -> Option<i32> {
    let year = match (year, width) {
        (0..=49, 1..=2) => 2000 + year,
        (50..=99, 1..=2) | (_, 3) => 1900 + year,
        (_, 4) => year,
        _ => return None,
    };
    i32::try_from(year).ok()
}

/// The number of a month by its name, in the languages of feeds and pages.
pub(crate) fn month_name(word: &str) -> Option<u32> {
    const NAMES: [&[&str]; 12] = [
        &[
            "jan", "january", "januar", "janv", "janvier", "enero", "ene", "gennaio", "janeiro", "jän", "jänner",
            "ιαν", "ιανουαρίου", "január", "januari", "stycznia", "sty",
        ],
        &[
            "feb", "february", "februar", "fév", "févr", "février", "febrero", "febbraio", "fevereiro", "fev", "φεβ",
            "φεβρουαρίου", "február", "februari", "lutego", "lut",
        ],
        &[
            "mar", "march", "märz", "mär", "mrz", "mars", "marzo", "março", "μαρ", "μάρ", "μαρτίου", "március", "már",
            "maart", "mrt", "marca",
        ],
        &[
            "apr", "april", "avr", "avril", "abril", "abr", "aprile", "απρ", "απριλίου", "április", "ápr", "kwietnia",
            "kwi",
        ],
        &["may", "mai", "mayo", "maggio", "mag", "maio", "μαϊ", "μαι", "μάι", "μαΐου", "május", "máj", "mei", "maja"],
        &[
            "jun", "june", "juni", "juin", "junio", "giugno", "giu", "junho", "ιουν", "ιούν", "ιουνίου", "június",
            "jún", "czerwca", "cze",
        ],
        &[
            "jul", "july", "juli", "juil", "juillet", "julio", "luglio", "lug", "julho", "ιουλ", "ιούλ", "ιουλίου",
            "július", "júl", "lipca", "lip",
        ],
        &[
            "aug", "august", "août", "aout", "agosto", "ago", "αυγ", "αύγ", "αυγούστου", "augusztus", "augustus",
            "sierpnia", "sie",
        ],
        &[
            "sep", "sept", "september", "septembre", "septiembre", "set", "settembre", "setembro", "σεπ", "σεπτ",
            "σεπτεμβρίου", "szeptember", "szept", "września", "wrz",
        ],
        &[
            "oct", "october", "okt", "oktober", "octobre", "octubre", "ottobre", "ott", "outubro", "out", "οκτ",
            "οκτωβρίου", "október", "października", "paź",
        ],
        &["nov", "november", "novembre", "noviembre", "novembro", "νοε", "νοέ", "νοεμβρίου", "listopada", "lis"],
        &[
            "dec", "december", "dez", "dezember", "déc", "décembre", "dic", "diciembre", "dicembre", "dezembro", "δεκ",
            "δεκεμβρίου", "grudnia", "gru",
        ],
    ];
    let word = word.to_lowercase();
    NAMES.iter().position(|names| names.contains(&word.as_str())).and_then(|n| u32::try_from(n + 1).ok())
}

/// Whether a text opens with a month and its year, or nothing more of it: `March 2026`, `Mai:`. A number
/// with a dot in front of it is a day.
pub(crate) fn opens_with_month(text: &str) -> bool {
    let (word, behind) = text.split_at(text.find(|c: char| !c.is_alphabetic()).unwrap_or(text.len()));
    let behind = behind.strip_prefix('.').unwrap_or(behind).trim_start();
    let has_year = || {
        let year = behind.bytes().take_while(u8::is_ascii_digit).count();
        year == 4
    };
    (behind.starts_with([':', '：']) || has_year()) && month_name(word).is_some()
}

/// The time of day (and whether it was 24:00), and what follows it.
fn clock<'t, 'a>(tokens: &'t [Token<'a>]) -> (Option<(NaiveTime, bool)>, &'t [Token<'a>]) {
    for at in 0..tokens.len() {
        let Token::Number(hour, width) = tokens[at] else {
            continue;
        };
        // `14 点`: a blank before the sign for hours says nothing.
        if let [Token::Blank, Token::Word("时" | "時" | "点" | "시"), ..] = &tokens[at + 1..]
            && number(skip_blank(&tokens[at + 3..]).first()).is_none()
        {
            let half = tokens[..at].iter().rev().find_map(|t| if let Token::Word(w) = t { half(w) } else { None });
            return (NaiveTime::from_hms_opt(to_24(hour, half), 0, 0).map(|t| (t, false)), &tokens[at + 3..]);
        }
        let half_before = tokens[..at].iter().rev().find_map(|t| match t {
            Token::Word(w) => half(w),
            _ => None,
        });
        let (hour, minute, second, nanos, end) = if matches!(
            tokens.get(at + 1),
            Some(Token::Mark(':' | '：')) | Some(Token::Word("时" | "時" | "点" | "시"))
        ) {
            let Some(minute) = number(skip_blank(&tokens[at + 2..]).first()) else {
                if matches!(tokens.get(at + 1), Some(Token::Word(_))) {
                    let hour = to_24(hour, half_before);
                    return (NaiveTime::from_hms_opt(hour, 0, 0).map(|t| (t, false)), &tokens[at + 2..]);
                }
                continue;
            };
            let mut end = at + 3 + usize::from(tokens.get(at + 2) == Some(&Token::Blank));
            let (mut second, mut nanos) = (0, 0);
            if matches!(tokens.get(end), Some(Token::Mark(':' | '：')) | Some(Token::Word("分" | "분"))) {
                if let Some(s) = number(skip_blank(&tokens[end + 1..]).first()) {
                    second = s;
                    end += 2 + usize::from(tokens.get(end + 1) == Some(&Token::Blank));
                } else {
                    end += 1;
                }
            }
            if let (Some(Token::Mark('.' | ',')), Some(Token::Number(fraction, width))) =
                (tokens.get(end), tokens.get(end + 1))
            {
                let width = u32::try_from(*width).unwrap_or(9).min(9);
                nanos = fraction.saturating_mul(10u32.pow(9 - width)).min(999_999_999);
                end += 2;
            }
            (hour, minute, second, nanos, end)
        } else if matches!(width, 4 | 6)
            && at > 0
            && matches!(tokens[at - 1], Token::Word(w) if w.eq_ignore_ascii_case("t"))
        {
            // Basic format: 20240630T101500
            let (h, m, s) =
                if width == 6 { (hour / 10_000, hour / 100 % 100, hour % 100) } else { (hour / 100, hour % 100, 0) };
            (h, m, s, 0, at + 1)
        } else {
            continue;
        };
        let after = skip_blank(&tokens[end.min(tokens.len())..]);
        let half_after = match after {
            // `p.m.`
            [Token::Word(w), Token::Mark('.'), Token::Word("m" | "M"), ..] => half(&format!("{w}m")),
            [Token::Word(w), ..] => half(w),
            _ => None,
        };
        let hour = to_24(hour, half_before.or(half_after));
        let (hour, extra) = if hour == 24 && minute == 0 { (0, true) } else { (hour, false) };
        // A leap second is the last one of its minute here.
        let second = second.min(59);
        let time = NaiveTime::from_hms_nano_opt(hour, minute, second, nanos);
        return (time.map(|t| (t, extra)), &tokens[end.min(tokens.len())..]);
    }
    (None, tokens)
}

#[derive(Clone, Copy, PartialEq)]
enum Half {
    Morning,
    Afternoon,
}

fn half(word: &str) -> Option<Half> {
    match word.to_lowercase().as_str() {
        "am" | "上午" | "오전" | "午前" => Some(Half::Morning),
        "pm" | "下午" | "오후" | "午後" | "晚" => Some(Half::Afternoon),
        _ => None,
    }
}

fn to_24(hour: u32, half: Option<Half>) -> u32 {
    match half {
        Some(Half::Afternoon) if hour < 12 => hour + 12,
        Some(Half::Morning) if hour == 12 => 0,
        Some(_) | None => hour,
    }
}

/// `Z`, `+0800`, `+08:00`, `+8`, `GMT+2`, `EST`.
fn offset(tokens: &[Token<'_>], text: &str) -> Option<FixedOffset> {
    let mut sign = None;
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Mark('+') => sign = Some(1),
            Token::Mark('-' | '−' | '–') => sign = Some(-1),
            Token::Number(number, width) if sign.is_some() => {
                let minutes = match width {
                    1 | 2 => {
                        let has_minutes = tokens.get(at + 1) == Some(&Token::Mark(':'));
                        let minutes = if has_minutes { number_or_zero(tokens.get(at + 2)) } else { 0 };
                        number * 60 + Some(minutes).filter(|m| *m < 60)?
                    }
                    3 | 4 => number / 100 * 60 + number % 100,
                    _ => return None,
                };
                let seconds = i32::try_from(minutes).ok()? * 60 * sign?;
                // Farther than any zone: `19:00-20:00` is a span, not an offset.
                return FixedOffset::east_opt(seconds).filter(|_| seconds.abs() <= 14 * 3600);
            }
            Token::Word(word) => {
                let next_is_sign = matches!(tokens.get(at + 1), Some(Token::Mark('+' | '-' | '−')));
                if next_is_sign && matches!(word.to_uppercase().as_str(), "GMT" | "UTC" | "Z") {
                    continue;
                }
                if let Some(hours) = named_zone(word) {
                    return FixedOffset::east_opt((hours * 3600.0) as i32);
                }
            }
            Token::Number(..) | Token::Mark(_) | Token::Blank => sign = None,
        }
    }
    // `(…)` was dropped as a comment, but may hold the only zone there is.
    let comment = text.rsplit_once('(').and_then(|(_, c)| c.split_once(')')).map(|(c, _)| c.trim())?;
    named_zone(comment).and_then(|hours| FixedOffset::east_opt((hours * 3600.0) as i32))
}

fn number_or_zero(token: Option<&Token<'_>>) -> u32 {
    number(token).unwrap_or(0)
}

/// Zone names of RFC 822 and the ones met in feeds, in hours from UTC.
/// Ambiguous ones follow RFC 822 where it speaks, else the commonest use in feeds.
fn named_zone(word: &str) -> Option<f64> {
    const ZONES: [(&str, f64); 42] = [
        ("Z", 0.0),
        ("UT", 0.0),
        ("UTC", 0.0),
        ("GMT", 0.0),
        ("WET", 0.0),
        ("WEST", 1.0),
        ("BST", 1.0),
        ("IST", 5.5),
        ("CET", 1.0),
        ("CEST", 2.0),
        ("MEZ", 1.0),
        ("MESZ", 2.0),
        ("EET", 2.0),
        ("EEST", 3.0),
        ("MSK", 3.0),
        ("MSD", 4.0),
        ("EST", -5.0),
        ("EDT", -4.0),
        ("ET", -5.0),
        ("CST", -6.0),
        ("CDT", -5.0),
        ("CT", -6.0),
        ("MST", -7.0),
        ("MDT", -6.0),
        ("PST", -8.0),
        ("PDT", -7.0),
        ("PT", -8.0),
        ("AKST", -9.0),
        ("AKDT", -8.0),
        ("HST", -10.0),
        ("AST", -4.0),
        ("ADT", -3.0),
        ("NST", -3.5),
        ("NDT", -2.5),
        ("JST", 9.0),
        ("KST", 9.0),
        ("HKT", 8.0),
        ("SGT", 8.0),
        ("AEST", 10.0),
        ("AEDT", 11.0),
        ("NZST", 12.0),
        ("NZDT", 13.0),
    ];
    let word = word.to_uppercase();
    ZONES.iter().find(|(name, _)| *name == word).map(|(_, hours)| *hours)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> String {
        match lenient(text, Zone::Fixed(FixedOffset::east_opt(8 * 3600).unwrap())) {
            Some(claimed) => claimed.time.format("%Y-%m-%dT%H:%M:%S").to_string(),
            None => "-".to_owned(),
        }
    }

    #[test]
    fn spellings() {
        let cases = [
            ("2019-07-19T15:00:00+08:00", "2019-07-19T07:00:00"),
            ("2019-07-19 15:00:00", "2019-07-19T07:00:00"),
            ("2019-07-19 15:00:00 -0000", "2019-07-19T15:00:00"),
            ("2006-01-02T15:04:05.123+0900", "2006-01-02T06:04:05"),
            ("2019-07-19", "2019-07-18T16:00:00"),
            ("2019/7/9 8:05", "2019-07-09T00:05:00"),
            ("20190719", "2019-07-18T16:00:00"),
            ("20190719T101500Z", "2019-07-19T10:15:00"),
            ("2019年7月19日", "2019-07-18T16:00:00"),
            ("2020年3月12日（周四）19:00-20:00", "2020-03-12T11:00:00"),
            ("Wed, 02 Oct 2002 13:00:00 GMT", "2002-10-02T13:00:00"),
            ("Mon, 2 October 02 13:00 EST", "2002-10-02T18:00:00"),
            ("Thu Oct  2 13:00:00 2002", "2002-10-02T05:00:00"),
            ("Oct 2, 2002", "2002-10-01T16:00:00"),
            ("13:00, Oct 2, 2002", "2002-10-02T05:00:00"),
            ("13:00 +00:00 on Oct 2, 2002", "2002-10-02T13:00:00"),
            ("13:00-15:00 on 2 Oct 2002", "2002-10-02T05:00:00"),
            ("2 Oct 2002 24:00:00 +0000", "2002-10-03T00:00:00"),
            ("2 Oct 2002 13:00:00 (CEST)", "2002-10-02T11:00:00"),
            ("2024-W26-7", "2024-06-29T16:00:00"),
            ("2024-182T00:00:00Z", "2024-06-30T00:00:00"),
            ("2004년 05월 28일 오후 11:31:25", "2004-05-28T15:31:25"),
            ("2024-02-30", "-"),
            ("0000-01-01", "-"),
            ("yesterday", "-"),
            ("12", "-"),
            ("((((((((((", "-"),
        ];
        for (text, want) in cases {
            assert_eq!(read(text), want, "{text}");
        }
    }

    #[test]
    fn precision_is_told() {
        let of = |t| lenient(t, Zone::UTC).map(|c| c.precision);
        assert_eq!(of("2024-06-30"), Some(Precision::Day));
        assert_eq!(of("2024-06"), Some(Precision::Month));
        assert_eq!(of("2024"), Some(Precision::Year));
        assert_eq!(of("2024-06-30T10:00Z"), Some(Precision::Time));
    }

    proptest! {
        #[test]
        fn never_panics(text in "[0-9a-zA-Z年月日:/+. ,()-]{0,40}") {
            let _ = lenient(&text, Zone::UTC);
        }

        #[test]
        fn what_is_written_is_read(seconds in 0i64..4_000_000_000) {
            let time = DateTime::<Utc>::from_timestamp(seconds, 0).unwrap();
            for text in [time.to_rfc3339(), time.to_rfc2822()] {
                prop_assert_eq!(lenient(&text, Zone::UTC).map(|c| c.time), Some(time));
            }
        }
    }
}
