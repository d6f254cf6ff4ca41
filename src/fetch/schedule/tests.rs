//! Attempts and the states they lead to.

use proptest::prelude::*;

use super::*;

const MIN: Limits = Limits { min_interval: Duration::from_secs(3600) };
const HOUR: i64 = 3600;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2026-11-21T10:00:00Z")
}

fn url(text: &str) -> Url {
    text.parse().unwrap()
}

fn new() -> SourceState {
    SourceState::new(url("https://example.org/feed"))
}

fn read(hints: Hints) -> Attempt {
    let validators = Validators::default();
    Attempt::Read { validators, fresh_for: None, hints, posting_interval: None, moved_to: None }
}

fn unchanged(moved_to: Option<&str>) -> Attempt {
    Attempt::Unchanged { fresh_for: None, moved_to: moved_to.map(url) }
}

fn failed(pace: Pace) -> Attempt {
    Attempt::Failed(Failure { class: "server".to_owned(), message: "HTTP status 500".to_owned(), pace })
}

/// The state after `attempt` and the seconds to the next try.
fn step(state: &SourceState, attempt: &Attempt, now: DateTime<Utc>) -> (SourceState, i64, Why) {
    let next = after(state, attempt, MIN, now, Jitter::NONE);
    let tried = next.next.expect("a next try");
    let delay = (tried.at - now).num_seconds();
    (next, delay, tried.why)
}

#[test]
fn a_new_source_is_due_at_once() {
    assert!(new().is_due(now()));
}

#[test]
fn the_next_poll_is_the_latest_of_what_is_asked_for() {
    let ttl = Hints::default().with_ttl("180");
    let twice_a_day = Hints::default().with_update_period(Some("daily"), Some("2"));
    let monthly = Hints::default().with_update_period(Some("monthly"), None);
    let minutes = Hints::default().with_ttl("5").with_update_period(Some("hourly"), Some("12"));
    let weekend = Hints::default().with_skip_day("Saturday").with_skip_day("Sunday");
    let never = (0..24).fold(Hints::default(), |hints, h| hints.with_skip_hour(&h.to_string()));
    let cases = [
        (Hints::default(), HOUR, Why::Interval),
        (minutes, HOUR, Why::Interval),
        (ttl.clone(), 3 * HOUR, Why::Ttl),
        (twice_a_day, 12 * HOUR, Why::UpdatePeriod),
        (ttl.with_ttl("99999999999999"), 24 * HOUR, Why::Ttl),
        (monthly, 24 * HOUR, Why::UpdatePeriod),
        (weekend, 38 * HOUR, Why::Skip),
        (never, HOUR, Why::Interval),
    ];
    for (hints, delay, why) in cases {
        let (state, found, decided) = step(&new(), &read(hints.clone()), now());
        assert_eq!((found, decided), (delay, why), "{hints:?}");
        // They hold while there is no new body.
        let (_, found, decided) = step(&state, &unchanged(None), now());
        assert_eq!((found, decided), (delay, why), "304 {hints:?}");
    }
}

#[test]
fn headers_count_with_each_answer() {
    for (fresh_s, delay, why) in
        [(60, HOUR, Why::Interval), (7200, 2 * HOUR, Why::Freshness), (u64::from(u32::MAX), 24 * HOUR, Why::Freshness)]
    {
        let fresh_for = Some(Duration::from_secs(fresh_s));
        let (_, found, decided) = step(&new(), &Attempt::Unchanged { fresh_for, moved_to: None }, now());
        assert_eq!((found, decided), (delay, why), "{fresh_s}");
    }
}

#[test]
fn who_posts_rarely_is_asked_less_often_within_limits() {
    const DAY: u64 = 24 * 3600;
    for (posting, delay) in [(60, HOUR), (DAY, HOUR), (3 * DAY, 3 * HOUR), (400 * DAY, 6 * HOUR), (u64::MAX, 6 * HOUR)]
    {
        let state = SourceState { posting_interval_s: Some(posting), ..new() };
        assert_eq!(step(&state, &unchanged(None), now()).1, delay, "{posting}");
    }
    // "At every run" stays that.
    let state = SourceState { posting_interval_s: Some(400 * DAY), ..new() };
    let every_run = Limits { min_interval: Duration::ZERO };
    let next = after(&state, &unchanged(None), every_run, now(), Jitter::NONE);
    assert!(next.is_due(now()));
}

#[test]
fn cron_every_five_minutes_polls_once_an_hour() {
    let mut state = new();
    let mut polls = 0;
    for minute in (0..600).step_by(5) {
        let now = now() + TimeDelta::minutes(minute);
        if state.is_due(now) {
            polls += 1;
            state = step(&state, &unchanged(None), now).0;
        }
    }
    assert_eq!(polls, 10);
}

#[test]
fn failures_double_the_distance_up_to_a_day_and_are_never_given_up() {
    let mut state = new();
    let mut delays = Vec::new();
    let mut clock = now();
    for _ in 0..200 {
        let (next, delay, why) = step(&state, &failed(Pace::Passing), clock);
        assert_eq!(why, Why::Failing);
        delays.push(delay / HOUR);
        clock = next.due_at(clock).expect("never given up");
        state = next;
    }
    assert_eq!(delays[..6], [1, 2, 4, 8, 16, 20]);
    assert!(delays[6..].iter().all(|d| *d == 20));
    let failing = state.failing.as_ref().unwrap();
    assert_eq!((failing.count, failing.first, failing.class.as_str()), (200, now(), "server"));
    let (state, delay, _) = step(&state, &unchanged(None), clock);
    assert_eq!((state.failing, delay), (None, HOUR));
}

#[test]
fn what_somebody_has_to_mend_is_tried_less_often() {
    let (state, first, _) = step(&new(), &failed(Pace::Lasting), now());
    let (_, second, _) = step(&state, &failed(Pace::Lasting), now());
    assert_eq!((first, second), (4 * HOUR, 8 * HOUR));
}

#[test]
fn failures_of_one_moment_do_not_meet_again() {
    let mut seen = std::collections::BTreeSet::new();
    for i in 0..100 {
        let state = SourceState::new(url(&format!("https://example.org/{i}")));
        let next = after(&state, &failed(Pace::Passing), MIN, now(), Jitter::of(&state));
        let delay = (next.next.unwrap().at - now()).num_seconds();
        assert!((HOUR..=HOUR * 6 / 5).contains(&delay));
        seen.insert(delay);
    }
    assert!(seen.len() > 80, "{}", seen.len());
}

#[test]
fn a_failure_keeps_the_validators_of_the_last_good_body() {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("etag", "\"1\"".parse().unwrap());
    let good = SourceState { validators: Validators::of(&url("https://example.org/"), &headers), ..new() };
    let all = [failed(Pace::Passing), Attempt::Gone, Attempt::Busy { until: None, scope: Scope::Host }];
    for attempt in all {
        assert_eq!(after(&good, &attempt, MIN, now(), Jitter::NONE).validators, good.validators, "{attempt:?}");
    }
    // A new body replaces both, even by none.
    assert!(step(&good, &read(Hints::default()), now()).0.validators.is_empty());
}

#[test]
fn a_pause_that_is_asked_for_is_kept() {
    let busy = |minutes, scope| Attempt::Busy { until: Some(now() + TimeDelta::minutes(minutes)), scope };
    for (attempt, delay, why) in [
        (busy(2, Scope::Host), HOUR, Why::HostPause),
        (busy(180, Scope::Address), 3 * HOUR, Why::RetryAfter),
        (busy(48 * 60, Scope::Host), 48 * HOUR, Why::HostPause),
        (Attempt::Busy { until: None, scope: Scope::Address }, HOUR, Why::Failing),
        (Attempt::HostPaused(now() + TimeDelta::hours(5)), 5 * HOUR, Why::HostPause),
    ] {
        let (_, found, decided) = step(&new(), &attempt, now());
        assert_eq!((found, decided), (delay, why), "{attempt:?}");
    }
    let state = new();
    let jittered = after(&state, &busy(600, Scope::Host), MIN, now(), Jitter::of(&state)).next.unwrap().at;
    assert!(jittered >= now() + TimeDelta::hours(10), "never before");
}

#[test]
fn what_the_run_did_not_get_to_is_due_at_once() {
    let (state, _, why) = step(&new(), &Attempt::Unfinished, now());
    assert_eq!(why, Why::Unfinished);
    assert!(state.is_due(now()));
    assert_eq!(state.last_attempt, None);
}

#[test]
fn gone_ends_it_until_somebody_revives_it() {
    let mut state = after(&new(), &Attempt::Gone, MIN, now(), Jitter::NONE);
    assert_eq!(state.due_at(now() + TimeDelta::days(3650)), None);
    state.revive();
    assert!(state.is_due(now()));
}

#[test]
fn a_move_is_adopted_after_good_answers_over_a_day() {
    let to = "https://example.com/new";
    let mut state = new();
    for (hours, adopted) in [(0, false), (1, false), (2, false), (23, false), (24, true)] {
        state = step(&state, &unchanged(Some(to)), now() + TimeDelta::hours(hours)).0;
        assert_eq!(state.adopted.is_some(), adopted, "after {hours} h");
    }
    assert_eq!(state.address_to_ask().as_str(), to);
    assert_eq!(state.moved.as_ref().unwrap().to.as_str(), to, "stays to be shown");
    // Asked at its new home it redirects no more.
    let state = step(&state, &unchanged(None), now() + TimeDelta::hours(25)).0;
    assert_eq!(state.address_to_ask().as_str(), to);
    assert!(state.moved.is_some());
}

#[test]
fn a_move_that_is_taken_back_or_changes_begins_anew() {
    let mut state = new();
    for (hours, to) in [
        (0, Some("https://example.com/a")),
        (12, None),
        (24, Some("https://example.com/a")),
        (36, Some("https://example.com/b")),
        (48, Some("https://example.com/a")),
        (49, Some("https://example.com/a")),
    ] {
        state = step(&state, &unchanged(to), now() + TimeDelta::hours(hours)).0;
    }
    assert_eq!(state.adopted, None);
    assert_eq!(state.moved.unwrap().count, 2);
}

#[test]
fn an_adopted_address_that_fails_is_given_up() {
    let adopted = SourceState { adopted: Some(url("https://example.com/new")), ..new() };
    let mut state = adopted.clone();
    for _ in 0..ADOPTION_FAILURES {
        assert!(state.adopted.is_some());
        state = step(&state, &failed(Pace::Passing), now()).0;
    }
    assert_eq!(state.address_to_ask(), &state.address);
    let state = step(&adopted, &Attempt::Gone, now()).0;
    assert_eq!((state.adopted, state.gone), (None, None), "the configured address may still be there");
}

#[test]
fn a_clock_that_jumps_silences_nobody() {
    let state = step(&new(), &unchanged(None), now()).0;
    for (then, due) in [
        (now() + TimeDelta::minutes(59), false),
        (now() + TimeDelta::minutes(60), true),
        (now() + TimeDelta::days(3650), true),
        (at("2038-01-19T03:14:08Z"), true),
        (at("2107-01-01T00:00:00Z"), true),
        (now() - TimeDelta::seconds(2), false),
        (now() - TimeDelta::days(1), true),
        (now() - TimeDelta::days(3650), true),
    ] {
        assert_eq!(state.is_due(then), due, "{then}");
    }
    // A next try that a wrong clock left ten years ahead.
    let far = NextTry { at: now() + TimeDelta::days(3650), why: Why::Interval, decided: now() };
    let stuck = SourceState { next: Some(far), ..state };
    assert!(stuck.is_due(now() + TimeDelta::days(7)));
    // A pause that is asked for after a long silence of ours is one all the same.
    let old = SourceState { last_attempt: Some(now() - TimeDelta::days(90)), ..new() };
    let paused = step(&old, &Attempt::HostPaused(now() + TimeDelta::hours(2)), now()).0;
    assert!(!paused.is_due(now() + TimeDelta::minutes(119)));
}

#[test]
fn a_state_survives_the_store_and_older_versions_of_itself() {
    let mut state = new();
    for attempt in [read(Hints::default().with_ttl("30")), unchanged(Some("https://a.example/")), failed(Pace::Lasting)]
    {
        state = step(&state, &attempt, now()).0;
        let text = serde_json::to_string(&state).unwrap();
        assert_eq!(serde_json::from_str::<SourceState>(&text).unwrap(), state);
    }
    let old: SourceState = serde_json::from_str(r#"{"address":"https://example.org/feed"}"#).unwrap();
    assert_eq!(old, new());
}

fn attempts() -> impl Strategy<Value = Attempt> {
    let duration = || proptest::option::of(any::<u64>().prop_map(Duration::from_secs));
    let text = "[0-9]{1,20}|-?[a-z]{0,8}";
    prop_oneof![
        (duration(), duration(), text, text).prop_map(|(fresh_for, posting_interval, ttl, hour)| Attempt::Read {
            validators: Validators::default(),
            fresh_for,
            hints: Hints::default()
                .with_ttl(&ttl)
                .with_skip_hour(&hour)
                .with_update_period(Some("weekly"), Some(&hour)),
            posting_interval,
            moved_to: None,
        }),
        duration().prop_map(|fresh_for| Attempt::Unchanged { fresh_for, moved_to: Some(url("https://b.example/")) }),
        Just(Attempt::Busy { until: Some(DateTime::<Utc>::MAX_UTC), scope: Scope::Host }),
        Just(Attempt::Busy { until: None, scope: Scope::Address }),
        Just(failed(Pace::Passing)),
        Just(Attempt::Unfinished),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_it_is_asked_again_within_limits(
        steps in proptest::collection::vec((attempts(), 0i64..4_000_000_000), 1..20),
        min in 0u64..1_000_000,
    ) {
        let limits = Limits { min_interval: Duration::from_secs(min) };
        let mut state = new();
        for (attempt, seconds) in steps {
            let now = DateTime::from_timestamp(seconds, 0).unwrap();
            let jitter = Jitter::of(&state);
            state = after(&state, &attempt, limits, now, jitter);
            let due = state.due_at(now).expect("not gone");
            prop_assert!(due <= now + TimeDelta::days(7));
            if !matches!(attempt, Attempt::Unfinished) {
                prop_assert!(due >= now + TimeDelta::seconds(i64::try_from(min.min(604_800)).unwrap()));
            }
        }
    }
}
