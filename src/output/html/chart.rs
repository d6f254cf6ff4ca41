//! Charts of activity: entries a month by kind, as SVG without a word of style in it.
//!
//! A chart ends with the newest month there is, never with today. Colours are the
//! style sheet's: each kind has a class.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::entry::Kind;
use crate::merge::month_of;
use crate::normalize::html::escape;
use crate::words::Words;

/// Entries by kind, in the order of [`Kind::ALL`].
pub type Counts = [u32; Kind::ALL.len()];

/// Entries by period and kind: a month (`2022-09`), or a day of a full one (`2022-09-05`).
pub type Activity = BTreeMap<String, Counts>;

/// More months than these are shown as years.
const MOST_MONTHS: i32 = 120;

/// Months in the small charts.
const SMALL_MONTHS: i32 = 60;

/// Adds an entry.
pub fn count(counts: &mut Counts, kind: Kind) {
    let at = Kind::ALL.iter().position(|k| *k == kind).unwrap_or(0);
    counts[at] = counts[at].saturating_add(1);
}

/// All entries of a feed by kind, the kinds it has none of left out.
pub fn by_kind(activity: &Activity) -> Vec<(Kind, u32)> {
    let sum = |n: usize| activity.values().map(|c| c[n]).fold(0, u32::saturating_add);
    Kind::ALL.into_iter().enumerate().map(|(n, kind)| (kind, sum(n))).filter(|(_, count)| *count > 0).collect()
}

/// Days of full months put together.
fn by_month(activity: &Activity) -> Activity {
    let mut months = Activity::new();
    for (period, counts) in activity {
        let sum = months.entry(month_of(period).to_owned()).or_default();
        sum.iter_mut().zip(counts).for_each(|(a, b)| *a = a.saturating_add(*b));
    }
    months
}

/// A month as a number: months since the year 0.
fn number(month: &str) -> Option<i32> {
    let (year, month) = month.rsplit_once('-')?;
    Some(year.parse::<i32>().ok()?.checked_mul(12)? + month.parse::<i32>().ok()? - 1)
}

fn name(number: i32) -> String {
    format!("{:04}-{:02}", number.div_euclid(12), number.rem_euclid(12) + 1)
}

/// A column of the chart.
struct Column {
    name: String,
    counts: Counts,
}

fn total(counts: &Counts) -> u32 {
    counts.iter().copied().fold(0, u32::saturating_add)
}

/// One column a month from `first` to `last`.
fn months(activity: &Activity, first: i32, last: i32) -> Vec<Column> {
    let none = Counts::default();
    (first..=last)
        .map(|n| {
            let name = name(n);
            let counts = *activity.get(&name).unwrap_or(&none);
            Column { name, counts }
        })
        .collect()
}

fn years(activity: &Activity) -> Vec<Column> {
    let mut years: BTreeMap<i32, Counts> = BTreeMap::new();
    for (month, counts) in activity {
        let Some(number) = number(month) else { continue };
        let sum = years.entry(number.div_euclid(12)).or_default();
        sum.iter_mut().zip(counts).for_each(|(a, b)| *a = a.saturating_add(*b));
    }
    let (Some(first), Some(last)) = (years.keys().next().copied(), years.keys().next_back().copied()) else {
        return Vec::new();
    };
    // A date far off must not make a chart of a thousand columns.
    let first = first.max(last - MOST_MONTHS);
    (first..=last).map(|y| Column { name: y.to_string(), counts: years.get(&y).copied().unwrap_or_default() }).collect()
}

/// Stacked bars, one path a kind. `step` is the width of a column, `high` the height of
/// the drawing, `least` the count that fills it at least.
fn bars(columns: &[Column], step: f64, high: f64, least: u32) -> (String, u32) {
    let most = columns.iter().map(|c| total(&c.counts)).max().unwrap_or(0);
    let unit = high / f64::from(most.max(least).max(1));
    let gap = (step * 0.22).clamp(0.4, 4.0);
    let mut svg = String::new();
    for (k, kind) in Kind::ALL.into_iter().enumerate() {
        let mut path = String::new();
        for (n, column) in columns.iter().enumerate().filter(|(_, c)| c.counts[k] > 0) {
            let below: u32 = column.counts[..k].iter().copied().fold(0, u32::saturating_add);
            let tall = f64::from(column.counts[k]) * unit;
            let top = high - f64::from(below) * unit - tall;
            #[expect(clippy::cast_precision_loss, reason = "columns are few")]
            let left = n as f64 * step;
            let _ = write!(
                path,
                "M{} {}h{}v{}h-{}z",
                short(left),
                short(top),
                short(step - gap),
                short(tall),
                short(step - gap)
            );
        }
        if !path.is_empty() {
            let _ = write!(svg, "<path class=\"kind-{kind}\" d=\"{path}\"/>");
        }
    }
    (svg, most)
}

/// A number with at most one decimal.
fn short(number: f64) -> String {
    let text = format!("{number:.1}");
    text.strip_suffix(".0").map_or(text.clone(), str::to_owned)
}

fn label(words: &Words, columns: &[Column], by_year: bool, most: u32) -> String {
    let (from, to) = (columns.first().map_or("", |c| &c.name), columns.last().map_or("", |c| &c.name));
    let text = if by_year { &words.chart_years } else { &words.chart };
    escape(&text.replace("{from}", from).replace("{to}", to).replace("{most}", &most.to_string()))
}

/// The chart of a feed's page; nothing when there is nothing to show.
pub fn large(activity: &Activity, words: &Words) -> String {
    const WIDE: f64 = 320.0;
    const HIGH: f64 = 96.0;
    let activity = &by_month(activity);
    let numbers: Vec<i32> = activity.keys().filter_map(|m| number(m)).collect();
    let (Some(first), Some(last)) = (numbers.iter().min(), numbers.iter().max()) else {
        return String::new();
    };
    let by_year = last.saturating_sub(*first) >= MOST_MONTHS;
    // Few months do not become broad blocks.
    let columns = if by_year { years(activity) } else { months(activity, (*first).min(last - 23), *last) };
    #[expect(clippy::cast_precision_loss, reason = "columns are few")]
    let step = WIDE / columns.len().max(1) as f64;
    let (bars, most) = bars(&columns, step, HIGH, 2);
    let mut svg = format!(
        "<svg class=\"bars\" viewBox=\"0 -14 {WIDE} {}\" role=\"img\" aria-label=\"{}\"><path class=\"grid\" d=\"M0 0h{WIDE}M0 {}h{WIDE}M0 {HIGH}h{WIDE}\"/>{bars}",
        HIGH + 34.0,
        label(words, &columns, by_year, most),
        HIGH / 2.0,
    );
    let _ =
        write!(svg, "<g aria-hidden=\"true\"><text x=\"{WIDE}\" y=\"-4\" text-anchor=\"end\">{}</text>", most.max(2));
    // A year's number needs this much room.
    let mut free = 0.0;
    for (n, column) in columns.iter().enumerate() {
        let year = if by_year { Some(column.name.as_str()) } else { column.name.strip_suffix("-01") };
        #[expect(clippy::cast_precision_loss, reason = "columns are few")]
        let left = n as f64 * step;
        if let Some(year) = year.filter(|_| left >= free && left <= WIDE - 28.0) {
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{0} {HIGH}v4\"/><text x=\"{0}\" y=\"{1}\">{year}</text>",
                short(left),
                HIGH + 17.0
            );
            free = left + 38.0;
        }
    }
    svg.push_str("</g></svg>");
    svg
}

/// The newest month of all.
pub fn newest<'a>(all: impl Iterator<Item = &'a Activity>) -> Option<String> {
    all.filter_map(|a| a.keys().next_back()).max().cloned()
}

/// The chart in a list of projects: five years up to `last`, the same for every project.
pub fn small(activity: &Activity, last: &str, words: &Words) -> String {
    const HIGH: f64 = 28.0;
    let Some(last) = number(month_of(last)) else { return String::new() };
    let columns = months(&by_month(activity), last - SMALL_MONTHS + 1, last);
    let (bars, most) = bars(&columns, 4.0, HIGH, 4);
    let label = label(words, &columns, false, most);
    let wide = SMALL_MONTHS * 4;
    format!(
        "<svg class=\"spark\" viewBox=\"0 0 {wide} {high}\" preserveAspectRatio=\"none\" role=\"img\" aria-label=\"{label}\"><path class=\"grid\" d=\"M0 {HIGH}h{wide}\"/>{bars}</svg>",
        high = HIGH + 1.0,
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::words::{Own, words};

    fn activity(months: &[(&str, Kind, u32)]) -> Activity {
        let mut activity = Activity::new();
        for (month, kind, n) in months {
            (0..*n).for_each(|_| count(activity.entry((*month).to_owned()).or_default(), *kind));
        }
        activity
    }

    #[test]
    fn a_chart_says_what_it_shows() {
        let a = activity(&[("2023-11", Kind::Question, 3), ("2023-11", Kind::Post, 1), ("2024-02", Kind::Post, 2)]);
        let own = Own::new();
        let svg = large(&a, words(&own, None));
        assert!(svg.contains("2022-03 to 2024-02; at most 4"), "{svg}");
        assert!(svg.contains("class=\"kind-post\"") && svg.contains("class=\"kind-question\""), "{svg}");
        assert!(!svg.contains("style="), "{svg}");
        assert_eq!(by_kind(&a), [(Kind::Post, 3), (Kind::Question, 3)]);
        assert!(small(&a, "2024-06", words(&own, Some("zh"))).contains("2019-07 至 2024-06"));
    }

    #[test]
    fn strange_dates_make_no_endless_chart() {
        let own = Own::new();
        let a = activity(&[
            ("0001-01", Kind::Post, 1),
            ("9999-12", Kind::Post, 1),
            ("+10000-01", Kind::Post, 1),
            ("x", Kind::Post, 1),
        ]);
        assert!(large(&a, words(&own, None)).len() < 20_000);
        assert!(small(&a, "9999-12", words(&own, None)).len() < 5_000);
        assert_eq!(large(&Activity::new(), words(&own, None)), "");
        assert_eq!(small(&a, "nonsense", words(&own, None)), "");
    }
}
