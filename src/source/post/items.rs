//! Items of a digest into raw entries: identity, date, place in the published post.

use chrono::{DateTime, Datelike, TimeDelta, Utc};
use url::Url;

use super::Context;
use super::slugs::PathNames;
use crate::config::Zone;
use crate::entry::{Channel, Kind, Mention, Person, RawEntry};
use crate::normalize::address;
use crate::normalize::{date, text};
use crate::source::digest::{self, Item};
use crate::source::markdown::{self, Reading};
use crate::source::pattern::pattern;

/// What items need to know of their post.
pub(super) struct DigestPost<'a> {
    pub(super) path: &'a str,
    pub(super) names: &'a PathNames,
    pub(super) title: &'a str,
    pub(super) date: Option<DateTime<Utc>>,
    pub(super) link: &'a Url,
    pub(super) reading: &'a Reading,
    pub(super) lines_before: usize,
    pub(super) language: Option<String>,
}

pub(super) fn item_entry(
    item: Item,
    n: usize,
    post: &DigestPost<'_>,
    anchors: &mut Anchors<'_>,
    context: Context<'_>,
) -> RawEntry {
    let resolved = item.url.as_deref().and_then(|u| markdown::resolve(u, Some(post.link)));
    let place = anchors.place(post.link, &item);
    let kind = if item.kind == Kind::Article && resolved.is_none() { Kind::News } else { item.kind };
    // What is told of a home page is another thing each time, though it stays the same page.
    let home = |u: &&Url| u.path() == "/" && u.query().is_none() || address::bare_repository(u).is_some();
    let told_of = kind == Kind::Article && !item.ranges.is_empty() && resolved.as_ref().is_some_and(|u| home(&u));
    let key = item_key(kind, &item, resolved.as_ref().filter(|_| !told_of), post, context);
    // A second is taken off for each item before, so that order holds.
    let at = post.date.map(|d| d - TimeDelta::seconds(i64::try_from(n).unwrap_or(0) + 1));
    let mut raw = RawEntry::new(kind, key, text::line(&item.title));
    if told_of {
        // Such items were called news once: what has that id keeps it.
        raw.keys.push(item_key(Kind::News, &item, None, post, context));
    }
    if let (Kind::Article, Some(url)) = (kind, &resolved)
        && let Some(key) = title_key(url, &raw.title, context.hosts)
    {
        raw.keys.push(key);
    }
    raw.link = match kind {
        Kind::Article | Kind::Release | Kind::Task => resolved.as_ref().map(Url::to_string),
        Kind::Question => resolved.as_ref().map(Url::to_string),
        Kind::Event | Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => None,
    }
    .or_else(|| Some(place.clone()));
    raw.html = post.reading.html_of(&item.ranges, Some(post.link));
    raw.text = post.reading.text_of(&item.ranges);
    if !item.lead.is_empty() {
        raw.html.insert_str(0, &format!("<p>{}</p>\n", crate::normalize::html::escape(&item.lead)));
        raw.text.insert_str(0, &format!("{}\n\n", item.lead));
    }
    raw.authors = item.asker.iter().map(|a| Person::named(text::line(a))).collect();
    raw.published = at;
    raw.language = post.language.clone();
    raw.image = crate::normalize::html::first_image(&raw.html, Some(post.link));
    raw.version = item.version.clone();
    raw.channel =
        item.version.as_deref().map(|v| if digest::is_prerelease(v) { Channel::Prerelease } else { Channel::Stable });
    raw.starts_at = item.time.as_deref().and_then(|t| starts_at(t, post.date, context.zone));
    raw.labels = item.labels.clone();
    raw.about = item.about.iter().filter_map(|u| markdown::resolve(u, Some(post.link))).map(String::from).collect();
    // A banner that repeats the post's title is about the whole post.
    raw.headings = if item.astray {
        Vec::new()
    } else {
        item.headings.iter().filter(|h| !text::alike(h, post.title)).cloned().collect()
    };
    raw.mention = Some(Mention {
        folder: context.folder.path.clone(),
        post: post.path.to_owned(),
        section: item.headings.iter().map(|h| text::line(h)).collect::<Vec<_>>().join(" / "),
        url: item.url.clone(),
        title: item.link_text.clone(),
        post_title: post.title.to_owned(),
        link: Some(place),
        at,
        line: post.lines_before + item.line,
    });
    raw
}

/// Two addresses of one article: WeChat has a short and a long one for each. On other
/// hosts only a title that no second page would have says so, and on hosts where
/// everybody writes (`Release notes`, `Meeting notes`) none does.
fn title_key(url: &Url, title: &str, hosts: &address::Hosts) -> Option<String> {
    const SHARED: [&str; 7] =
        ["docs.google.com", "groups.google.com", "youtube.com", "bilibili.com", "twitter.com", "x.com", "reddit.com"];
    let folded = text::fold(title);
    let host = address::plain_host(url.host_str().unwrap_or(""));
    let long = match address::key(url, hosts) {
        key if key.starts_with("weixin:") => folded.chars().count() >= 10,
        _ => text::columns(title) >= 40 && !address::is_code_host(host) && !SHARED.contains(&host),
    };
    (long && !folded.starts_with("http")).then(|| format!("title:{host}/{folded}"))
}

pub(super) fn item_key(
    kind: Kind,
    item: &Item,
    url: Option<&Url>,
    post: &DigestPost<'_>,
    context: Context<'_>,
) -> String {
    let of_url = || url.map(|u| address::key(u, context.hosts));
    let post_name = &post.names.without_language;
    match kind {
        Kind::Question => {
            let question = if item.question.is_empty() { &item.title } else { &item.question };
            format!(
                "question:{post_name}|{}|{}",
                text::fold(item.asker.as_deref().unwrap_or("")),
                text::fold_prefix(question, 24)
            )
        }
        Kind::Article => of_url().unwrap_or_else(|| format!("article:{post_name}|{}", text::fold(&item.title))),
        Kind::Release => {
            let name = item.name.as_deref().unwrap_or("");
            let known =
                if context.names.is_name(name) { context.names.titles_in(name).into_iter().next() } else { None };
            let name = known.unwrap_or_else(|| name.to_owned());
            format!("release:{}|{}", text::fold(&name), item.version.as_deref().unwrap_or("").to_lowercase())
        }
        Kind::Task => {
            let label = item.labels.first().map_or_else(String::new, |l| text::fold(l));
            format!("task:{label}|{}", of_url().unwrap_or_else(|| text::fold_prefix(&item.title, 60)))
        }
        Kind::Event => {
            let day = item
                .time
                .as_deref()
                .and_then(|t| starts_at(t, post.date, context.zone))
                .and_then(|s| s.get(..10).map(str::to_owned));
            format!("event:{}|{}", text::fold_prefix(&item.title, 60), day.unwrap_or_else(|| post_name.clone()))
        }
        Kind::News | Kind::Post | Kind::Digest | Kind::Upstream => {
            format!("news:{post_name}|{}", text::fold_prefix(&item.title, 60))
        }
    }
}

/// When an event starts, as its digest tells. A day without a year is the one that has the weekday
/// told with it, else the nearest: what comes is told of further away than what was.
pub(super) fn starts_at(time: &str, post: Option<DateTime<Utc>>, zone: Zone) -> Option<String> {
    starts_on(time, weekday_in(time), post, zone)
}

fn starts_on(time: &str, weekday: Option<chrono::Weekday>, post: Option<DateTime<Utc>>, zone: Zone) -> Option<String> {
    let time = &first_day(&with_plain_zone(&first_hour(time), post.unwrap_or_default(), zone));
    let format = |c: date::Claimed| match c.precision {
        date::Precision::Time => zone.to_local(c.time).to_rfc3339(),
        date::Precision::Day => zone.to_local(c.time).format("%Y-%m-%d").to_string(),
        date::Precision::Month | date::Precision::Year => String::new(),
    };
    // `May 12 at 10am`: the hour is no year.
    static AT: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        pattern(
            r"(?i)\b((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2})(?:,|\s+at\b)+\s*\d{1,2}(?::\d{2})?\s?[ap]\.?m\b.*$",
        )
    });
    let time = &AT.replace(time, "$1").into_owned();
    // `10/31 the 5th time`: numbers of other things are no years.
    static YEAR: std::sync::LazyLock<regex::Regex> =
        std::sync::LazyLock::new(|| pattern(r"(?:^|\D)\d{4}(?:\D|$)|\d{8}"));
    if YEAR.is_match(time)
        && let Some(found) = date::lenient(time, zone).map(format).filter(|s| !s.is_empty())
    {
        return Some(found);
    }
    // A day somewhere in a line comes last: `Summit (Zurich, June 20-22, 2024)`. Only one that
    // says its year is no guess.
    let day = digest::day_in(time).filter(|d| d.len() < time.trim().len());
    let somewhere = || starts_on(day?, weekday, post, zone);
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
        let other_day = weekday.is_some_and(|day| zone.to_local(c.time).weekday() != day);
        (other_day, if days < 0 { -3 * days } else { days })
    };
    candidates
        .into_iter()
        .filter_map(spelled)
        .min_by_key(distance)
        .map(format)
        .filter(|s| !s.is_empty())
        .or_else(somewhere)
}

/// The day of the week that is told with a day: `Wed, Jan 4`, `1 月 4 日（周三）`.
fn weekday_in(time: &str) -> Option<chrono::Weekday> {
    static DAY: std::sync::LazyLock<regex::Regex> = std::sync::LazyLock::new(|| {
        pattern(r"(?i)\b(mon|tue|wed|thu|fri|sat|sun)(?:s|nes|rs|ur)?(?:day)?\b|(?:周|星期|礼拜)([一二三四五六日天])")
    });
    let found = DAY.captures(time)?;
    let day = found.get(1).or(found.get(2))?.as_str().to_lowercase();
    Some(match day.as_str() {
        "mon" | "一" => chrono::Weekday::Mon,
        "tue" | "二" => chrono::Weekday::Tue,
        "wed" | "三" => chrono::Weekday::Wed,
        "thu" | "四" => chrono::Weekday::Thu,
        "fri" | "五" => chrono::Weekday::Fri,
        "sat" | "六" => chrono::Weekday::Sat,
        _ => chrono::Weekday::Sun,
    })
}

/// `20:00-21:00 (GMT+08:00)`, `20:00（北京时间）`: the zone right behind the hour, as [`date::lenient`]
/// reads it, and no zone where no hour is. `CST` is China's where the site's clock is.
fn with_plain_zone(time: &str, at: DateTime<Utc>, zone: Zone) -> String {
    use std::sync::LazyLock;
    static BRACKETS: LazyLock<regex::Regex> =
        LazyLock::new(|| pattern(r"(?i)\s*[(（]\s*(?:GMT|UTC)\s*([+-])\s*(\d{1,2})(?::?(\d{2}))?\s*[)）]"));
    static BEIJING: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"\s*[(（]?\s*北京时间\s*[)）]?\s*"));
    static CHINA: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"\s*[(（]?\bCST\b[)）]?"));
    static HOUR: LazyLock<regex::Regex> =
        LazyLock::new(|| pattern(r"(?i)(\d{1,2})[:：](\d{2})(?:\s*([ap])\.?m\b\.?)?"));
    static HALF: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"(?i)\d\s*[ap]\.?m\b"));
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
    use std::sync::LazyLock;
    static HOURS: LazyLock<regex::Regex> = LazyLock::new(|| {
        const CLOCK: &str = r"(\d{1,2})[:：](\d{2})(?:\s*([ap])\.?m\b\.?)?";
        pattern(&format!(r"(?i)(^|[^\dT]){CLOCK}(\s*)[-–—~～至到]+\s*{CLOCK}"))
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
    use std::sync::LazyLock;
    static RANGE: LazyLock<regex::Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(^|[^\d-])(\d{1,2})(?:st|nd|rd|th)?\s*(?:[-–—~]|\bto\b|\buntil\b)\s*\d{1,2}(?:st|nd|rd|th)?((?:,|\s+of)?\s+(?:\d{4}|[A-Za-z]{3,9}\b))",
        )
    });
    static NTH: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)\b(?: of)?"));
    // The day on which something closes is not the day of the event.
    static CLOSES: LazyLock<regex::Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)(?:\b(?:closes|closing|deadline|until|due)\b|截止(?:日期|时间)?|截至)\s*[:：]?\s*\d{4}-\d{1,2}-\d{1,2}",
        )
    });
    // `August 21st - 22nd`: the second day is no year, though none follows.
    static NTHS: LazyLock<regex::Regex> = LazyLock::new(|| {
        pattern(r"(?i)\b(\d{1,2})(?:st|nd|rd|th)?\s*(?:[-–—~]|\bto\b|\band\b|&)\s*\d{1,2}(?:st|nd|rd|th)\b")
    });
    // `from June 12 to 14`: neither is this one.
    static PLAIN: LazyLock<regex::Regex> = LazyLock::new(|| {
        pattern(
            r"(?i)\b((?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.? \d{1,2})\s*(?:[-–—~]|\bto\b|\bthrough\b|\band\b|&)\s*\d{1,2}(\.?(?:$|[^\d:：/.A-Za-z-]))",
        )
    });
    // `6/23`: only one of the two can be a month.
    static SLASH: LazyLock<regex::Regex> = LazyLock::new(|| pattern(r"^([\s(（\[【]*)(\d{1,2})/(\d{1,2})($|[^\d/])"));
    // `3.7.2024`: so many write a day before its month.
    static DOTTED: LazyLock<regex::Regex> =
        LazyLock::new(|| pattern(r"(^|[^\d.])(\d{1,2})\.\s?(\d{1,2})\.\s?(\d{4})\b"));
    // `10.21 举行`, `3.16（周四）`: what is told behind it says that it is a day.
    static HAN_DOTTED: LazyLock<regex::Regex> = LazyLock::new(|| {
        pattern(
            r"(^|[^\x00-\x7F]\s?|[(（]\s?)([1-9]|1[0-2])\.(\d{1,2})\s?(?:[日号]|([（(]周[一二三四五六日天][）)]|举行|举办|进行|召开|线下|线上|直播))",
        )
    });
    // `June 8th to July 10th, 2024`, `28 March - 2 April 2024`: the year is of both.
    static MONTHS_APART: LazyLock<regex::Regex> = LazyLock::new(|| {
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

/// Places in a published post: the nearest heading and a text fragment that is unique.
pub(super) struct Anchors<'a> {
    reading: &'a Reading,
    folded: String,
    taken: std::collections::HashMap<String, usize>,
}

impl<'a> Anchors<'a> {
    pub(super) fn new(reading: &'a Reading) -> Self {
        let folded = reading.pieces.iter().map(|p| p.text.as_str()).collect::<Vec<_>>().join("\n");
        Self { reading, folded, taken: std::collections::HashMap::new() }
    }

    pub(super) fn place(&mut self, post: &Url, item: &Item) -> String {
        /// What stands further below is no part of the place.
        const NEAR: usize = 64;
        let headings = &self.reading.headings;
        let above = headings.partition_point(|h| h.line <= item.line);
        let heading = headings[..above].iter().rev().find(|h| !h.id.is_empty());
        let line = item.ranges.first().map_or(item.line, |r| r.0);
        let pieces = &self.reading.pieces;
        // Footnotes stand behind all else, wherever they are written.
        let from = if self.reading.in_order { pieces.partition_point(|p| p.line < line) } else { 0 };
        let text = pieces[from..]
            .iter()
            .filter(|p| p.line >= line)
            .take(NEAR)
            .map(|p| p.text.as_str())
            .find(|t| t.chars().filter(|c| c.is_alphanumeric()).count() > 3)
            .unwrap_or("");
        let text = if item.kind == Kind::Question && !item.question.is_empty() {
            item.question.lines().next().unwrap_or(text)
        } else {
            text
        };
        let mut url = post.clone();
        url.set_fragment(heading.map(|h| h.id.as_str()));
        let fragment = self.unique_part(text);
        let mut link = url.to_string();
        if !fragment.is_empty() {
            link.push_str(if heading.is_some() { ":~:text=" } else { "#:~:text=" });
            link.push_str(&encode_fragment(&fragment));
        }
        // Two places with one text: the number keeps their links apart.
        let count = self.taken.entry(link.clone()).or_insert(0);
        *count += 1;
        if *count > 1 {
            link = format!("{url}{}item-{count}-{}", if heading.is_some() { "-" } else { "#" }, item.line);
        }
        link
    }

    /// The beginning of `text`, extended until it occurs once.
    pub(super) fn unique_part(&self, text: &str) -> String {
        let chars: Vec<char> = text.chars().collect();
        let mut length = chars.len().min(16);
        loop {
            let mut part: String = chars[..length].iter().collect();
            // Browsers match whole words.
            if length < chars.len()
                && chars[length].is_ascii_alphanumeric()
                && chars[length - 1].is_ascii_alphanumeric()
            {
                let more = chars[length..].iter().take_while(|c| c.is_ascii_alphanumeric()).count();
                part = chars[..length + more].iter().collect();
                length += more;
            }
            let occurs_once = || {
                let mut found = memchr::memmem::find_iter(self.folded.as_bytes(), part.as_bytes());
                found.nth(1).is_none()
            };
            if length >= chars.len() || length > 80 || occurs_once() {
                return part.trim().to_owned();
            }
            length = (length + 8).min(chars.len());
        }
    }
}

/// Percent-encodes what a text directive reserves (`-`, `,`, `&`) and all that is no URL character.
pub(super) fn encode_fragment(text: &str) -> String {
    address::encode_segment(text).replace('-', "%2D")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_a_year_is_the_nearest() {
        let post = DateTime::parse_from_rfc3339("2023-12-28T10:00:00+08:00").unwrap().to_utc();
        let zone = Zone::Fixed(chrono::FixedOffset::east_opt(8 * 3600).unwrap());
        assert_eq!(
            starts_at("1 月 3 日 14:00 - 15:00", Some(post), zone).as_deref(),
            Some("2024-01-03T14:00:00+08:00")
        );
        assert_eq!(starts_at("12 月 27 日", Some(post), zone).as_deref(), Some("2023-12-27"));
        assert_eq!(starts_at("Jan 12. Tokyo", Some(post), zone).as_deref(), Some("2024-01-12"));
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
            assert_eq!(starts_at(time, Some(post), zone).as_deref().unwrap_or("none"), day, "{time}");
        }
        assert_eq!(starts_at("soon", Some(post), zone), None);
    }
}
