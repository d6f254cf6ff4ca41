//! When an event takes place, as a digest writes it: one day of several, hours with and without a
//! zone, days without a year.
//!
//! What is a date by itself is read by [`crate::normalize::date`]; this module knows what people
//! write around one. No clock is asked: a year is guessed from the date of the post.

use std::sync::LazyLock;

use chrono::{DateTime, Datelike, Utc, Weekday};
use regex::Regex;

use crate::config::Zone;
use crate::normalize::date;
use crate::source::digest;
use crate::source::pattern::{Pattern, pattern};

/// Where a day is told.
#[derive(Clone, Copy)]
pub(super) struct Told {
    /// The date of the post.
    pub(super) post: Option<DateTime<Utc>>,
    /// The site's zone.
    pub(super) zone: Zone,
    /// Headings above say that it is one to come.
    pub(super) comes: bool,
}

/// Whether a heading says that what it tells of is still to come.
pub(super) fn is_of_coming(heading: &str) -> bool {
    static COMES: Pattern =
        Pattern::new(r"(?i)预告|近期|即将|\b(?:upcoming|coming up|next|save the dates?|prochains?|próximos?)\b");
    COMES.is_match(heading)
}

/// When an event starts, as its digest tells. Of a day without a year that is far away it is the one that
/// has the weekday told with it, else the nearest, or where such are told the nearest to come.
pub(super) fn starts_at(time: &str, told: Told) -> Option<String> {
    starts_on(time, weekday_in(time), told)
}

fn starts_on(time: &str, weekday: Option<Weekday>, told: Told) -> Option<String> {
    /// A day nearer than these days is meant, whatever is told with it.
    const NEAR: i64 = 60;
    let Told { post, zone, comes } = told;
    let time = &first_day(&with_plain_zone(&first_hour(time), post.unwrap_or_default(), zone));
    let format = |c: date::Claimed| match c.precision {
        date::Precision::Time => zone.to_local(c.time).to_rfc3339(),
        date::Precision::Day => zone.to_local(c.time).format("%Y-%m-%d").to_string(),
        date::Precision::Month | date::Precision::Year => String::new(),
    };
    // `May 12 at 10am`: the hour is no year.
    static AT: Pattern = Pattern::new(
        r"(?i)\b((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2})(?:,|\s+at\b)+\s*\d{1,2}(?::\d{2})?\s?[ap]\.?m\b.*$",
    );
    let time = &AT.replace(time, "$1").into_owned();
    // `10/31 the 5th time`: numbers of other things are no years.
    let mut numbers = time.split(|c: char| !c.is_ascii_digit());
    if numbers.any(|number| matches!(number.len(), 4 | 8))
        && let Some(found) = date::lenient(time, zone).map(format).filter(|s| !s.is_empty())
    {
        return Some(found);
    }
    // A day somewhere in a line comes last: `Summit (Zurich, June 20-22, 2024)`. Only one that
    // says its year is no guess.
    let day = digest::day_in(time).filter(|d| d.len() < time.trim().len());
    let somewhere = || starts_on(day?, weekday, told);
    let says_year = |day: &str| day.split(|c: char| !c.is_ascii_digit()).any(|number| number.len() == 4);
    if day.is_some_and(says_year)
        && let Some(found) = somewhere()
    {
        return Some(found);
    }
    let Some(local) = post.map(|p| zone.to_local(p)) else { return somewhere() };
    let year = local.year();
    let candidates = [year, year + 1, year - 1];
    let spelled = |y: i32| {
        let month_day = time.trim();
        let digits = month_day.find(|c: char| c.is_ascii_digit())?;
        // `5 月 31 日 14:00`, `Jan 12. Tokyo`
        let with_year = if month_day.contains('月') {
            format!("{y}年{}", &month_day[digits..])
        } else {
            let words: Vec<&str> = month_day
                .split(|c: char| c.is_whitespace() || ",.".contains(c))
                .filter(|w| !w.is_empty())
                .take(2)
                .collect();
            format!("{} {y}", words.join(" "))
        };
        date::lenient(&with_year, zone)
    };
    let distance = |c: &date::Claimed| {
        let days = (c.time - local.to_utc()).num_days();
        let is_other = days.abs() > NEAR && weekday.is_some_and(|day| zone.to_local(c.time).weekday() != day);
        (is_other, if days < 0 && comes { -3 * days } else { days.abs() })
    };
    candidates
        .into_iter()
        .filter_map(spelled)
        .min_by_key(distance)
        .map(format)
        .filter(|s| !s.is_empty())
        .or_else(somewhere)
}

/// The day of the week that stands right beside a day: `Wed, Jan 4`, `1 月 4 日（周三）`.
fn weekday_in(time: &str) -> Option<Weekday> {
    let day = digest::day_in(time)?;
    let (before, behind) = time.split_once(day)?;
    let beside = |c: char| c.is_whitespace() || ",.，()（）".contains(c);
    let before = before.trim_end_matches(beside);
    let word = &before[before.trim_end_matches(char::is_alphabetic).len()..];
    weekday(word).or_else(|| {
        let behind = behind.trim_start_matches(beside);
        weekday(&behind[..behind.find(|c: char| !c.is_alphabetic()).unwrap_or(behind.len())])
    })
}

/// The day of the week that a word is: `Wed`, `Wednesday`, `周三`.
fn weekday(word: &str) -> Option<Weekday> {
    const NAMES: [(Weekday, &str, &str); 7] = [
        (Weekday::Mon, "monday", "一"),
        (Weekday::Tue, "tuesday", "二"),
        (Weekday::Wed, "wednesday", "三"),
        (Weekday::Thu, "thursday", "四"),
        (Weekday::Fri, "friday", "五"),
        (Weekday::Sat, "saturday", "六"),
        (Weekday::Sun, "sunday", "日"),
    ];
    let lower = word.to_lowercase();
    let han = ["周", "星期", "礼拜"].iter().find_map(|week| word.strip_prefix(week));
    let is = |(_, name, sign): &&(Weekday, &str, &str)| {
        lower.len() >= 3 && name.starts_with(lower.as_str()) || han == Some(sign) || *sign == "日" && han == Some("天")
    };
    NAMES.iter().find(is).map(|(day, ..)| *day)
}

/// `20:00-21:00 (GMT+08:00)`, `20:00（北京时间）`: the zone right behind the hour, as [`date::lenient`]
/// reads it, and no zone where no hour is. `CST` is China's where the site's clock is.
fn with_plain_zone(time: &str, at: DateTime<Utc>, zone: Zone) -> String {
    static BRACKETS: Pattern = Pattern::new(r"(?i)\s*[(（]\s*(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\s*[)）]");
    static BEIJING: Pattern = Pattern::new(r"\s*[(（]?\s*北京时间\s*[)）]?\s*");
    static CHINA: Pattern = Pattern::new(r"\s*[(（]?\bCST\b[)）]?");
    static HOUR: Pattern = Pattern::new(r"(?i)(\d{1,2})[:：](\d{2})(?:\s*([ap])\.?m\b\.?)?");
    static HALF: Pattern = Pattern::new(r"(?i)\d\s*[ap]\.?m\b");
    let is_china = || zone.to_local(at).offset().local_minus_utc() == 8 * 3600 && !HALF.is_match(time);
    let (found, offset) = if let Some(found) = BRACKETS.captures(time) {
        let minutes = found.get(3).map_or("00", |m| m.as_str());
        let Some(whole) = found.get(0) else { return time.to_owned() };
        (whole, format!("{}{:0>2}:{minutes}", &found[1], &found[2]))
    } else if let Some(found) = BEIJING.find(time).or_else(|| CHINA.find(time).filter(|_| is_china())) {
        (found, "+08:00".to_owned())
    } else {
        return time.to_owned();
    };
    let rest = format!("{} {}", &time[..found.start()], &time[found.end()..]);
    let at = |clock: &regex::Captures<'_>| {
        let half = clock.get(3).map(|h| h.as_str().to_lowercase());
        format!("{}:{} {offset}", in_24_hours(clock[1].parse().unwrap_or(0), half.as_deref()), &clock[2])
    };
    HOUR.replace(&rest, at).trim().to_owned()
}

/// The hour of a day whose halves are `a` and `p`.
fn in_24_hours(hour: u32, half: Option<&str>) -> u32 {
    match half {
        Some("p") if hour < 12 => hour + 12,
        Some("a") if hour == 12 => 0,
        _ => hour,
    }
}

/// `9:00-10:00`, `2:00 - 4:00 PM`: when it begins, alone. What ends before it begins may be a zone, as
/// in `10:00-05:00`.
fn first_hour(time: &str) -> String {
    static HOURS: LazyLock<Regex> = LazyLock::new(|| {
        const CLOCK: &str = r"(\d{1,2})[:：](\d{2})(?:\s*([ap])\.?m\b\.?)?";
        pattern(&format!(r"(?i)(^|[^\dT:]){CLOCK}(\s*)[-–—~～至到]+\s*{CLOCK}"))
    });
    let first = |found: &regex::Captures<'_>| {
        let half = |n: usize| found.get(n).map(|h| h.as_str().to_lowercase());
        let minutes = |n: usize, half: Option<&str>| {
            in_24_hours(found[n].parse().unwrap_or(0), half) * 60 + found[n + 1].parse::<u32>().unwrap_or(0)
        };
        let (own, of_end) = (half(4), half(8));
        let end = minutes(6, of_end.as_deref());
        // The half of the day stands behind both: `10:00-12:00 PM` is before noon all the same.
        let half = own.or_else(|| {
            let begins_after = |half: &str| minutes(2, Some(half)) > end;
            of_end
                .as_deref()
                .map(|half| if half == "p" && begins_after(half) { "a".to_owned() } else { half.to_owned() })
        });
        let begin = minutes(2, half.as_deref());
        if half.is_none() && found[5].is_empty() && end <= begin {
            return found[0].to_owned();
        }
        format!("{}{}:{:02}", &found[1], begin / 60, begin % 60)
    };
    HOURS.replace(time, first).into_owned()
}

/// A month in a pattern, short or whole.
const MONTH: &str = "(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}";

/// The months, as days are written in English.
const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// `May 12-14, 2023`, `17th of May`: the first day, plainly.
fn first_day(time: &str) -> String {
    static RANGE: Pattern = Pattern::new(
        r"(?i)(^|[^\d-])(\d{1,2})(?:st|nd|rd|th)?\s*(?:[-–—~]|\bto\b|\buntil\b)\s*\d{1,2}(?:st|nd|rd|th)?((?:,|\s+of)?\s+(?:\d{4}|[A-Za-z]{3,9}\b))",
    );
    static NTH: Pattern = Pattern::new(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b(?: of)?");
    // The day on which something closes is not the day of the event.
    static CLOSES: Pattern = Pattern::new(
        r"(?i)(?:\b(?:closes|closing|deadline|until|due)\b|截止(?:日期|时间)?|截至)\s*[:：]?\s*\d{4}-\d{1,2}-\d{1,2}",
    );
    // `August 21st - 22nd`: the second day is no year, though none follows.
    static NTHS: Pattern =
        Pattern::new(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)?\s*(?:[-–—~]|\bto\b|\band\b|&)\s*\d{1,2}(?:st|nd|rd|th)\b");
    // `from June 12 to 14`: neither is this one.
    static PLAIN: Pattern = Pattern::new(
        r"(?i)\b((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2})\s*(?:[-–—~]|\bto\b|\bthrough\b|\band\b|&)\s*\d{1,2}(\.?(?:$|[^\d:：/.A-Za-z-]))",
    );
    // `6/23`: only one of the two can be a month.
    static SLASH: Pattern = Pattern::new(r"^([\s(（\[【]*)(\d{1,2})/(\d{1,2})($|[^\d/])");
    // `3.7.2024`: so many write a day before its month.
    static DOTTED: Pattern = Pattern::new(r"(^|[^\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b");
    // `10.21 举行`, `3.16（周四）`: what is told behind it says that it is a day.
    static HAN_DOTTED: Pattern = Pattern::new(
        r"(^|[^\x00-\x7F]\s?|[(（]\s?)([1-9]|1[0-2])\.(\d{1,2})\s?(?:[日号]|([（(]周[一二三四五六日天][）)]|举行|举办|进行|召开|线下|线上|直播))",
    );
    // `June 8th to July 10th, 2024`, `28 March - 2 April 2024`: the year is of both.
    static MONTHS_APART: LazyLock<Regex> = LazyLock::new(|| {
        const TO: &str = r"\s*(?:[-–—~]|\bto\b|\buntil\b|\bthrough\b)\s*";
        const DAY: &str = r"\d{1,2}(?:st|nd|rd|th)?";
        pattern(&format!(
            r"(?i)\b(?:({MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?{TO}({MONTH})\.? {DAY}|(\d{{1,2}})(?:st|nd|rd|th)? ({MONTH})\.?{TO}{DAY} ({MONTH}))\b\.?(?:,? (\d{{4}})\b)?"
        ))
    });
    let time = &CLOSES.replace(time, "");
    let time = &MONTHS_APART.replace(time, |found: &regex::Captures<'_>| {
        let part = |n: usize, m: usize| found.get(n).or_else(|| found.get(m)).map_or("", |part| part.as_str());
        let (from, day, to) = (part(1, 5), part(2, 4), part(3, 6));
        let number = |name: &str| MONTHS.iter().position(|m| name.to_lowercase().starts_with(&m.to_lowercase()));
        // From December to January it is the year before.
        let over = i32::from(number(from) > number(to));
        let year = found.get(7).and_then(|y| y.as_str().parse::<i32>().ok());
        year.map_or_else(|| format!("{from} {day}"), |year| format!("{from} {day}, {}", year - over))
    });
    let time = &DOTTED.replace(time, "$1$4-$3-$2");
    // Beside a day in words it is a version.
    let is_day = !time.contains('月');
    let time = &if is_day { HAN_DOTTED.replace(time, "$1$2月$3日$4") } else { time.as_ref().into() };
    let time = &PLAIN.replace_all(time, "$1$2");
    let time = &SLASH.replace(time, |found: &regex::Captures<'_>| {
        let number = |n: usize| found[n].parse::<usize>().unwrap_or(0);
        match (number(2), number(3)) {
            (24, 7) => found[0].to_owned(),
            (month @ 1..=12, day @ 13..=31) | (day @ 13..=31, month @ 1..=12) => {
                format!("{}{} {day}{}", &found[1], MONTHS[month - 1], &found[4])
            }
            _ => found[0].to_owned(),
        }
    });
    let plain = RANGE.replace(time, "$1$2$3");
    let plain = NTHS.replace_all(&plain, "$1");
    NTH.replace_all(&plain, "$1").into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        let post = DateTime::parse_from_rfc3339("2023-12-28T10:00:00+08:00").unwrap().to_utc();
        let zone = Zone::Fixed(chrono::FixedOffset::east_opt(8 * 3600).unwrap());
        let told = Told { post: Some(post), zone, comes: false };
        assert_eq!(starts_at("1 月 3 日 14:00 - 15:00", told).as_deref(), Some("2024-01-03T14:00:00+08:00"));
        assert_eq!(starts_at("12 月 27 日", told).as_deref(), Some("2023-12-27"));
        assert_eq!(starts_at("Jan 12. Tokyo", told).as_deref(), Some("2024-01-12"));
        for (time, day) in [
            ("May 12-14, 2023", "2023-05-12"),
            ("12–14 May 2023", "2023-05-12"),
            ("May 17th, 2023", "2023-05-17"),
            ("16th of May 2023", "2023-05-16"),
            ("Summit (Zurich, May 20-22)", "2024-05-20"),
            ("2023-06-01 Summit, Shanghai", "2023-06-01"),
            ("RustConf | Closes 2023-05-25 | Event date: 2023-09-10", "2023-09-10"),
            ("上海，2023 年 6 月 1 日，下午", "2023-06-01"),
            ("Jan 4 at 10am PT / 1pm ET", "2024-01-04"),
            ("26th to 27th October, 2023", "2023-10-26"),
            ("WickCon takes place in Berlin from June 12 to 14.", "2024-06-12"),
            ("June 12 - 14:00", "2024-06-12"),
            ("6/23. Hannover", "2024-06-23"),
            ("28 December - 2 January 2025", "2024-12-28"),
            ("Dec 28th to Jan 2nd, 2025", "2024-12-28"),
            ("28 March to 2 April", "2024-03-28"),
            ("Oil day, 12:00-14:00 CST on March 15, 2024", "2024-03-15T12:00:00+08:00"),
            ("Oil day, 12:00-14:00 CET", "none"),
            ("Treffen am 3.7.2024", "2024-07-03"),
            ("1 月 3 日 下午 14 点", "2024-01-03T14:00:00+08:00"),
            ("1 月 3 日 晚上 7 点", "2024-01-03T19:00:00+08:00"),
        ] {
            assert_eq!(starts_at(time, told).as_deref().unwrap_or("none"), day, "{time}");
        }
        assert_eq!(starts_at("soon", told), None);
    }

    #[test]
    fn headings_and_weekdays_tell_the_year() {
        let post = DateTime::parse_from_rfc3339("2024-06-03T10:00:00Z").unwrap().to_utc();
        for (time, comes, day) in [
            ("January 20th in Oslo", true, "2025-01-20"),
            ("January 20th in Oslo", false, "2024-01-20"),
            ("Feb 28: Wax meetup", false, "2024-02-28"),
            ("May 30: Wax meetup", true, "2024-05-30"),
            ("Wick Day on Mon, Jan 20", false, "2025-01-20"),
            ("1 月 20 日（周一）", false, "2025-01-20"),
            // The weekday of somebody who cannot count.
            ("June 18 (Wed)", false, "2024-06-18"),
            ("6月20日，每周五技术沙龙", false, "2024-06-20"),
            ("Sun Microsystems museum, June 25", false, "2024-06-25"),
            ("2024-06-22T10:00:00-07:00", false, "2024-06-22T17:00:00+00:00"),
            ("2024-06-22 10:00-11:30", false, "2024-06-22T10:00:00+00:00"),
            ("21. Juli 2024: Vue 3 Treffen", false, "2024-07-21"),
        ] {
            let told = Told { post: Some(post), zone: Zone::UTC, comes };
            assert_eq!(starts_at(time, told).as_deref().unwrap_or("none"), day, "{time}");
        }
    }
}
