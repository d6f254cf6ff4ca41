//! When a page was published.
//!
//! Pages say it in many places, and say other dates in the same places: of changes,
//! of events, of other articles, of the day they were asked. Everything that could be
//! the date is collected as a [`Claim`] with where it stands; [`choose`] takes the
//! best. A claim is confident when it is said as the date of publication, or when
//! two places that do not copy each other say the same day.

mod find;
mod places;

use chrono::{DateTime, FixedOffset, NaiveDate, NaiveTime, TimeZone, Utc};
use url::Url;

use super::facts::Facts;
use super::jsonld::Said;
use super::scan::Script;
use super::{Confidence, Published};
use crate::config::Zone;
use crate::normalize::date::{self, Precision};

/// A date that may be that of publication.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Claim {
    /// The day.
    pub date: NaiveDate,
    /// The time of day.
    pub time: Option<NaiveTime>,
    /// The offset from UTC.
    pub offset: Option<FixedOffset>,
    /// Where it was found, for people.
    pub origin: String,
    /// How well it is said.
    pub strength: Strength,
    /// Readers see it.
    pub shown: bool,
    /// Among equals the smaller one is better.
    pub rank: u32,
}

/// How well a date is said to be that of publication, best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Strength {
    /// In the address, to the day.
    Address,
    /// `article:published_time`, `datePublished` and the like.
    Declared,
    /// An element that is called the date of publication.
    Named,
    /// An element that is called a date, beside the title.
    Beside,
    /// In a meta element called `date`: of publication or of the last change.
    Meta,
    /// Behind a word such as `Published`.
    Labelled,
    /// An element called a date, anywhere.
    Dated,
    /// The first date of the text near the title.
    Near,
    /// A date of change.
    Changed,
    /// In the address of the picture.
    Picture,
    /// In the data of a script.
    Scripted,
    /// Anywhere in the text.
    Loose,
    /// Only a month, only a year.
    Coarse,
}

/// All claims, best first, and the one to believe.
pub(super) fn published(
    facts: &Facts,
    said: &Said,
    scripts: &[Script<'_>],
    address: &Url,
    language: Option<&str>,
) -> (Option<(Published, String)>, Vec<Claim>) {
    let claims = places::claims(facts, said, scripts, address, language);
    (choose(&claims, language), claims)
}

/// The claim to believe.
fn choose(claims: &[Claim], language: Option<&str>) -> Option<(Published, String)> {
    let mut best = claims.iter().min_by_key(|c| (c.strength, c.rank))?;
    // Machines say the day of Greenwich; readers are shown their own.
    if best.strength <= Strength::Declared && !claims.iter().any(|c| c.shown && c.date == best.date) {
        let next_door =
            |c: &&Claim| c.shown && c.strength <= Strength::Dated && (c.date - best.date).num_days().abs() == 1;
        best = claims.iter().filter(next_door).min_by_key(|c| (c.strength, c.rank)).unwrap_or(best);
    }
    let same = || claims.iter().filter(|c| c.date == best.date);
    // The same day with a time of day says more.
    let fullest = same()
        .filter(|c| c.strength <= Strength::Beside && c.time.is_some())
        .max_by_key(|c| (c.offset.is_some(), c.time.is_some_and(|t| t != NaiveTime::MIN)))
        .unwrap_or(best);
    let supported = same().any(|c| c.strength != best.strength && c.strength <= Strength::Near);
    let contradicted = claims.iter().any(|c| {
        c.strength <= Strength::Beside && c.strength != best.strength && (c.date - best.date).num_days().abs() > 1
    });
    let confident = match best.strength {
        Strength::Address | Strength::Declared => !contradicted || supported,
        Strength::Named | Strength::Beside => true,
        Strength::Meta | Strength::Labelled | Strength::Dated | Strength::Near => supported,
        Strength::Changed | Strength::Picture | Strength::Scripted | Strength::Loose | Strength::Coarse => false,
    };
    let confidence = if confident { Confidence::Confident } else { Confidence::Guess };
    Some((of(fullest, confidence, language), fullest.origin.clone()))
}

/// A date that a site's rule points to.
pub(super) fn declared(value: &str, language: Option<&str>) -> Option<Published> {
    let (date, time, offset, to_the_day) = alone(value, Order::DayFirst)?;
    let strength = Strength::Declared;
    let claim = Claim { date, time, offset, origin: String::new(), strength, shown: true, rank: 0 };
    to_the_day.then(|| of(&claim, Confidence::Confident, language))
}

impl Claim {
    /// How sure this claim is, taken alone.
    pub(super) fn confidence(&self) -> Confidence {
        if self.strength <= Strength::Beside { Confidence::Confident } else { Confidence::Guess }
    }
}

/// A claim as it is published: with the offset that was named, or the day alone.
pub(super) fn of(claim: &Claim, confidence: Confidence, language: Option<&str>) -> Published {
    let Some(time) = claim.time else {
        return Published { as_claimed: claim.date.to_string(), at: None, date: claim.date, confidence };
    };
    let local = claim.date.and_time(time);
    match claim.offset {
        Some(offset) => {
            let at = offset.from_local_datetime(&local).single();
            let as_claimed =
                at.map_or_else(|| claim.date.to_string(), |at| at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true));
            Published { as_claimed, at: at.map(|at| at.with_timezone(&Utc)), date: claim.date, confidence }
        }
        None => Published {
            as_claimed: local.format("%Y-%m-%dT%H:%M:%S").to_string(),
            at: Some(zone_of(language).to_utc(local)),
            date: claim.date,
            confidence,
        },
    }
}

/// The zone in which pages of a language name times without one.
fn zone_of(language: Option<&str>) -> Zone {
    let hours = match language.and_then(|l| l.get(..2)) {
        Some("zh") => 8,
        Some("ja" | "ko") => 9,
        _ => return Zone::UTC,
    };
    FixedOffset::east_opt(hours * 3600).map_or(Zone::UTC, Zone::Fixed)
}

/// Reads a date that stands alone: an attribute, a meta element, JSON.
pub(super) fn alone(value: &str, order: Order) -> Option<(NaiveDate, Option<NaiveTime>, Option<FixedOffset>, bool)> {
    let value = value.trim();
    if value.len() < 4 || value.len() > 100 || !value.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    if value.bytes().all(|b| b.is_ascii_digit()) && matches!(value.len(), 10 | 13) {
        let seconds: i64 = value[..10].parse().ok()?;
        let time: DateTime<Utc> = DateTime::from_timestamp(seconds, 0)?;
        let is_sane = find::YEARS.contains(&u32::try_from(chrono::Datelike::year(&time)).ok()?);
        return is_sane.then(|| (time.date_naive(), Some(time.time()), FixedOffset::east_opt(0), true));
    }
    if let Some(hit) = find::find(value, 2).into_iter().find(|f| f.form != find::Form::Month) {
        return Some((order.of(&hit), hit.time, hit.offset, true));
    }
    let claimed = date::lenient(value, Zone::UTC)?;
    let year = u32::try_from(chrono::Datelike::year(&claimed.time)).ok()?;
    if !find::YEARS.contains(&year) {
        return None;
    }
    let local = match claimed.offset {
        Some(offset) => claimed.time.with_timezone(&offset).naive_local(),
        None => claimed.time.naive_utc(),
    };
    let time = (claimed.precision == Precision::Time).then(|| local.time());
    Some((local.date(), time, claimed.offset, claimed.precision >= Precision::Day))
}

/// Whether a line names a day.
pub(super) fn mentions_day(line: &str) -> bool {
    !find::find(line, 1).is_empty()
}

/// Which number of `3/6/2024` is the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    /// As most of the world writes.
    DayFirst,
    /// As the United States write.
    MonthFirst,
}

impl Order {
    fn of(self, found: &find::Found) -> NaiveDate {
        match (self, found.swapped) {
            (Order::MonthFirst, Some(date)) => date,
            _ => found.date,
        }
    }

    /// By the language of the page and the country of its host.
    fn by(language: Option<&str>, host: &str) -> Order {
        let language = language.unwrap_or_default().to_ascii_lowercase();
        let country = host.rsplit('.').next().unwrap_or_default();
        let elsewhere = country.len() == 2 && !matches!(country, "us" | "io" | "co" | "tv" | "me" | "ai");
        let american = language == "en-us" || language == "en" || language.is_empty();
        if american && !elsewhere { Order::MonthFirst } else { Order::DayFirst }
    }
}
