//! What a feed asks for in its own text: `ttl`, `skipHours`, `skipDays`, `sy:updatePeriod`.
//!
//! Texts come in as the feed has them, with blanks, in any case, with values nobody
//! defined; what makes no sense counts as not said.

use std::time::Duration;

use chrono::{DateTime, Datelike, DurationRound, TimeDelta, Timelike, Utc, Weekday};
use serde::{Deserialize, Serialize};

/// Minutes in a week: no feed that is alive means more.
const LONGEST_TTL: u64 = 7 * 24 * 60;

/// What a feed asks for in its own text.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hints {
    /// Minutes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ttl_min: Option<u64>,
    /// Seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    update_period_s: Option<u64>,
    /// Hours of the day in UTC, a bit each.
    #[serde(default)]
    skip_hours: u32,
    /// Days of the week, a bit each, from Monday.
    #[serde(default)]
    skip_days: u8,
}

impl Hints {
    /// RSS `ttl`, in minutes.
    #[must_use]
    pub fn with_ttl(mut self, text: &str) -> Self {
        let text = text.trim();
        if !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit()) {
            self.ttl_min = Some(text.parse().unwrap_or(u64::MAX).min(LONGEST_TTL)).filter(|m| *m > 0);
        }
        self
    }

    /// `sy:updatePeriod` and `sy:updateFrequency`; without either nothing is asked.
    #[must_use]
    pub fn with_update_period(mut self, period: Option<&str>, frequency: Option<&str>) -> Self {
        const HOUR: u64 = 3600;
        let times = match frequency.map(str::trim) {
            None | Some("") => Some(1),
            Some(text) => text.parse::<u64>().ok().filter(|n| *n > 0),
        };
        let period = match period.map(|p| p.trim().to_ascii_lowercase()).as_deref() {
            Some("hourly") => Some(HOUR),
            Some("daily") => Some(24 * HOUR),
            Some("weekly") => Some(7 * 24 * HOUR),
            Some("monthly") => Some(30 * 24 * HOUR),
            Some("yearly") => Some(365 * 24 * HOUR),
            // The default of the vocabulary is daily, but only for who uses it.
            None if frequency.is_some() => Some(24 * HOUR),
            Some(_) | None => None,
        };
        self.update_period_s = period.zip(times).map(|(period, times)| period / times);
        self
    }

    /// An `hour` of `skipHours`: 0 to 23, or 24 for midnight.
    #[must_use]
    pub fn with_skip_hour(mut self, text: &str) -> Self {
        if let Some(hour) = text.trim().parse::<u32>().ok().filter(|h| *h <= 24) {
            self.skip_hours |= 1 << (hour % 24);
        }
        self
    }

    /// A `day` of `skipDays`: its English name.
    #[must_use]
    pub fn with_skip_day(mut self, text: &str) -> Self {
        if let Ok(day) = text.trim().parse::<Weekday>() {
            self.skip_days |= 1 << day.num_days_from_monday();
        }
        self
    }

    /// `ttl`.
    pub fn ttl(&self) -> Option<Duration> {
        self.ttl_min.map(|m| Duration::from_secs(m.min(LONGEST_TTL) * 60))
    }

    /// `sy:updatePeriod`.
    pub fn update_period(&self) -> Option<Duration> {
        self.update_period_s.map(Duration::from_secs)
    }

    /// The first moment at or after `time` whose hour and day are not skipped. A feed that
    /// skips everything skips nothing: it would never be read.
    pub fn first_allowed(&self, time: DateTime<Utc>) -> DateTime<Utc> {
        if self.allows(time) {
            return time;
        }
        let Ok(hour) = time.duration_trunc(TimeDelta::hours(1)) else {
            return time;
        };
        (1..=7 * 24)
            .filter_map(|hours| hour.checked_add_signed(TimeDelta::hours(hours)))
            .find(|later| self.allows(*later))
            .unwrap_or(time)
    }

    fn allows(&self, time: DateTime<Utc>) -> bool {
        let hour = self.skip_hours >> time.hour() & 1;
        let day = self.skip_days >> time.weekday().num_days_from_monday() & 1;
        hour == 0 && day == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn minutes(text: &str) -> Option<u64> {
        Hints::default().with_ttl(text).ttl().map(|d| d.as_secs() / 60)
    }

    fn hours(period: Option<&str>, frequency: Option<&str>) -> Option<u64> {
        Hints::default().with_update_period(period, frequency).update_period().map(|d| d.as_secs() / 3600)
    }

    #[test]
    fn a_ttl_is_a_number_of_minutes() {
        for (text, expected) in [
            ("180", Some(180)),
            (" 60\n", Some(60)),
            ("0", None),
            ("-5", None),
            ("1h", None),
            ("", None),
            ("99999999999999", Some(LONGEST_TTL)),
            ("99999999999999999999999", Some(LONGEST_TTL)),
        ] {
            assert_eq!(minutes(text), expected, "{text}");
        }
    }

    #[test]
    fn an_update_period_is_divided_by_its_frequency() {
        for (period, frequency, expected) in [
            (Some("daily"), Some("2"), Some(12)),
            (Some(" Hourly "), None, Some(1)),
            (Some("weekly"), Some(""), Some(168)),
            (Some("yearly"), Some("1"), Some(8760)),
            (None, Some("2"), Some(12)),
            (None, None, None),
            (Some("\n century "), Some("1"), None),
            (Some("daily"), Some("-5"), None),
            (Some("daily"), Some("0"), None),
            (Some("hourly"), Some("99999999999999999999"), None),
            (Some("hourly"), Some("7200"), Some(0)),
        ] {
            assert_eq!(hours(period, frequency), expected, "{period:?} {frequency:?}");
        }
    }

    #[test]
    fn skipped_hours_and_days_are_waited_out() {
        let weekend = Hints::default().with_skip_day("Saturday").with_skip_day(" sunday ").with_skip_hour("0");
        let at = |text: &str| weekend.first_allowed(text.parse().unwrap()).to_rfc3339();
        // The 21st is a Saturday.
        assert_eq!(at("2026-11-20T23:59:59Z"), "2026-11-20T23:59:59+00:00");
        assert_eq!(at("2026-11-21T10:20:00Z"), "2026-11-23T01:00:00+00:00");
        assert_eq!(at("2026-11-24T00:20:00Z"), "2026-11-24T01:00:00+00:00");
    }

    #[test]
    fn who_skips_everything_skips_nothing() {
        let time: DateTime<Utc> = "2026-11-21T10:20:00Z".parse().unwrap();
        let hours = (0..24).fold(Hints::default(), |hints, h| hints.with_skip_hour(&h.to_string()));
        assert_eq!(hours.first_allowed(time), time);
        let odd =
            Hints::default().with_skip_hour("25").with_skip_hour("-1").with_skip_hour("x").with_skip_day("Caturday");
        assert_eq!(odd, Hints::default());
        assert_eq!(Hints::default().with_skip_hour("24"), Hints::default().with_skip_hour("0"));
    }

    #[test]
    fn the_end_of_time_is_no_reason_to_panic() {
        let always = Hints::default().with_skip_day("Mon").with_skip_hour("3");
        for time in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
            let _ = always.first_allowed(time);
        }
    }
}
