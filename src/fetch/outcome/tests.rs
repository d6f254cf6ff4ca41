//! Statuses and headers as servers send them, and what each asks of us.

use chrono::TimeDelta;
use reqwest::header::HeaderValue;

use super::*;
use crate::fetch::error::Pace;

const BODY: &[u8] = b"<rss/>";

fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

fn url() -> Url {
    "https://example.org/blog/feed.xml".parse().unwrap()
}

fn headers(lines: &[&str]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for line in lines {
        let (name, value) = line.split_once(": ").unwrap();
        let value = HeaderValue::from_bytes(value.as_bytes()).unwrap();
        headers.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), value);
    }
    headers
}

fn ask(asked: Asked, status: u16, lines: &[&str], body: &[u8]) -> Result<Step, FetchError> {
    let response = Response { status, headers: headers(lines), body: Ok(Body::from(body.to_vec())) };
    outcome(&url(), asked, response, now())
}

fn done(status: u16, lines: &[&str]) -> Outcome {
    match ask(Asked::Conditionally, status, lines, BODY) {
        Ok(Step::Done(outcome)) => outcome,
        other => panic!("{status} {lines:?}: {other:?}"),
    }
}

fn fault(status: u16, lines: &[&str]) -> Fault {
    ask(Asked::Plainly, status, lines, b"").expect_err(&format!("{status} {lines:?}")).fault
}

fn pause(status: u16, retry_after: &str) -> Option<i64> {
    match done(status, &[&format!("Retry-After: {retry_after}")]) {
        Outcome::Busy { until, .. } => until.map(|t| (t - now()).num_seconds()),
        other => panic!("{other:?}"),
    }
}

fn fresh(lines: &[&str]) -> Option<u64> {
    let Outcome::Fetched { fresh_for, .. } = done(200, lines) else { panic!() };
    let Outcome::NotModified { fresh_for: again } = done(304, lines) else { panic!() };
    assert_eq!(fresh_for, again, "{lines:?}");
    fresh_for.map(|d| d.as_secs())
}

fn leads(location: &str) -> Result<String, Fault> {
    match ask(Asked::Plainly, 302, &[&format!("Location: {location}")], b"") {
        Ok(Step::Follow { to, redirect: Redirect::Temporary }) => Ok(to.into()),
        Ok(other) => panic!("{other:?}"),
        Err(error) => Err(error.fault),
    }
}

#[test]
fn statuses_without_content_are_faults_with_a_class_and_a_pace() {
    let cases = [
        (400, "status", Pace::Passing),
        (401, "forbidden", Pace::Lasting),
        (403, "forbidden", Pace::Lasting),
        (404, "not-found", Pace::Lasting),
        (418, "status", Pace::Passing),
        (451, "forbidden", Pace::Lasting),
        (500, "server", Pace::Passing),
        (502, "server", Pace::Passing),
        (599, "server", Pace::Passing),
        (999, "server", Pace::Passing),
        (202, "status", Pace::Passing),
        (300, "status", Pace::Passing),
        (206, "incomplete", Pace::Passing),
        (204, "empty", Pace::Passing),
        (205, "empty", Pace::Passing),
    ];
    for (status, class, pace) in cases {
        let fault = fault(status, &[]);
        assert_eq!((fault.class(), fault.pace()), (class, pace), "{status}");
    }
}

#[test]
fn gone_is_not_an_error() {
    assert_eq!(done(410, &[]), Outcome::Gone);
}

#[test]
fn an_empty_body_does_not_empty_a_feed() {
    for status in [200, 203] {
        assert_eq!(fault(status, &["ETag: \"1\""]), Fault::Empty(status));
    }
}

#[test]
fn not_modified_counts_only_when_we_said_what_we_have() {
    assert_eq!(done(304, &["ETag: \"newer\""]), Outcome::NotModified { fresh_for: None });
    assert_eq!(fault(304, &[]), Fault::UnsolicitedNotModified);
}

#[test]
fn a_body_that_broke_off_is_an_error_and_its_validators_are_lost() {
    let response = Response { status: 200, headers: headers(&["ETag: \"1\""]), body: Err(Fault::Incomplete) };
    let error = outcome(&url(), Asked::Plainly, response, now()).unwrap_err();
    assert_eq!(error.fault, Fault::Incomplete);
}

#[test]
fn both_validators_come_with_every_body() {
    let lines =
        ["ETag: W/\"x\"", "Last-Modified: Thu, 01 Jan 1970 00:00:00 GMT", "Content-Type: text/xml; charset=gbk"];
    let Outcome::Fetched { body, content_type, validators, .. } = done(200, &lines) else { panic!() };
    assert_eq!(&*body, BODY);
    assert_eq!(content_type.as_deref(), Some("text/xml; charset=gbk"));
    assert_eq!(validators.etag.unwrap().to_bytes(), b"W/\"x\"");
    assert_eq!(validators.last_modified.unwrap().to_bytes(), b"Thu, 01 Jan 1970 00:00:00 GMT");
}

#[test]
fn a_pause_is_for_the_host_or_for_the_address() {
    for (status, expected) in [(429, Scope::Host), (503, Scope::Address)] {
        let Outcome::Busy { until, scope } = done(status, &[]) else { panic!() };
        assert_eq!((until, scope), (None, expected));
    }
}

#[test]
fn a_hostile_retry_after_is_clamped() {
    let longest = i64::try_from(LONGEST_PAUSE.as_secs()).unwrap();
    let cases = [
        ("120", Some(120)),
        ("0", Some(60)),
        ("1", Some(60)),
        ("86400", Some(86400)),
        ("99999999999999999", Some(longest)),
        ("184467440737095516160000000000000000", Some(longest)),
        ("4294967295", Some(longest)),
        ("-5", None),
        ("+5", None),
        ("12.5", None),
        ("soon", None),
        ("", None),
        ("Sat, 21 Nov 2026 10:05:00 GMT", Some(300)),
        ("Sat, 21 Nov 2026 18:05:00 +0800", Some(300)),
        ("Saturday, 21-Nov-26 10:05:00 GMT", Some(300)),
        ("Sat Nov 21 10:05:00 2026", Some(300)),
        ("Sat, 21 Nov 2020 10:05:00 GMT", Some(60)),
        ("Fri, 31 Dec 9999 23:59:59 GMT", Some(longest)),
        ("Sat, 32 Nov 2026 10:05:00 GMT", None),
    ];
    for (text, expected) in cases {
        for status in [429, 503] {
            assert_eq!(pause(status, text), expected, "{status} {text}");
        }
    }
    assert_eq!(pause(429, &"(".repeat(7000)), None);
}

#[test]
fn redirects_are_followed_for_once_or_for_good() {
    let to: Url = "https://example.com/new".parse().unwrap();
    for (status, redirect) in [
        (301, Redirect::Permanent),
        (308, Redirect::Permanent),
        (302, Redirect::Temporary),
        (303, Redirect::Temporary),
        (307, Redirect::Temporary),
    ] {
        let step = ask(Asked::Conditionally, status, &["Location: https://example.com/new#top"], b"").unwrap();
        assert_eq!(step, Step::Follow { to: to.clone(), redirect }, "{status}");
    }
}

#[test]
fn locations_are_taken_as_servers_write_them() {
    for (location, expected) in [
        ("/x", "https://example.org/x"),
        ("x?a=1", "https://example.org/blog/x?a=1"),
        ("//example.net/y", "https://example.net/y"),
        ("?page=2", "https://example.org/blog/feed.xml?page=2"),
        ("http://example.com", "http://example.com/"),
        ("HTTP://EXAMPLE.COM:80/", "http://example.com/"),
        ("/中文", "https://example.org/%E4%B8%AD%E6%96%87"),
        // Seen by the guard at the next hop, in one spelling.
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
    ] {
        assert_eq!(leads(location).as_deref(), Ok(expected), "{location}");
    }
    let mut raw = headers(&[]);
    raw.insert(LOCATION, HeaderValue::from_bytes(b"/caf\xe9").unwrap());
    assert_eq!(target(&url(), 302, &raw).unwrap().as_str(), "https://example.org/caf%E9");
}

#[test]
fn redirects_that_lead_nowhere_are_faults() {
    assert_eq!(fault(302, &[]), Fault::BadRedirect(BadRedirect::NoLocation(302)));
    assert_eq!(leads("http://[::bad/%%%"), Err(Fault::BadRedirect(BadRedirect::Garbage(302))));
    assert_eq!(leads(&format!("/{}", "a".repeat(9000))), Err(Fault::BadRedirect(BadRedirect::Garbage(302))));
    for (location, scheme) in [
        ("file:///etc/passwd", "file"),
        ("gopher://127.0.0.1:6379/_x", "gopher"),
        ("javascript:alert(1)", "javascript"),
        ("data:text/plain,x", "data"),
        ("ftp://example.org/", "ftp"),
    ] {
        assert_eq!(leads(location), Err(Fault::BadRedirect(BadRedirect::Scheme(scheme.to_owned()))), "{location}");
    }
    for location in ["http://good.example@127.0.0.1/", "https://a:b@example.org/", "//u@example.org/"] {
        assert_eq!(leads(location), Err(Fault::BadRedirect(BadRedirect::Credentials)), "{location}");
    }
}

#[test]
fn the_operators_own_credentials_stay_on_a_relative_redirect() {
    let own: Url = "https://me:secret@example.org/feed".parse().unwrap();
    let to = |location: &str| {
        let mut map = HeaderMap::new();
        map.insert(LOCATION, HeaderValue::from_str(location).unwrap());
        target(&own, 302, &map).map(String::from)
    };
    assert_eq!(to("/x").as_deref(), Ok("https://me:secret@example.org/x"));
    assert_eq!(to("https://example.com/x").as_deref(), Ok("https://example.com/x"));
    assert_eq!(to("https://me:guess@example.org/x"), Err(Fault::BadRedirect(BadRedirect::Credentials)));
}

#[test]
fn freshness_is_what_the_server_says_less_the_age() {
    let forever = u64::from(u32::MAX);
    let cases: [(&[&str], Option<u64>); 17] = [
        (&[], None),
        (&["Cache-Control: max-age=3600"], Some(3600)),
        (&["Cache-Control: public, MAX-AGE=\"60\", s-maxage=9"], Some(60)),
        (&["Cache-Control: public", "Cache-Control: max-age=60"], Some(60)),
        (&["Cache-Control: max-age=99999999999999999999"], Some(forever)),
        (&["Cache-Control: max-age=-1"], None),
        (&["Cache-Control: max-age=1h"], None),
        (&["Cache-Control: max-age=0"], None),
        (&["Cache-Control: no-store, max-age=3600"], None),
        (&["Cache-Control: max-age=3600, no-cache"], None),
        (&["Cache-Control: max-age=3600", "Age: 600"], Some(3000)),
        (&["Cache-Control: max-age=3600", "Age: 99999"], None),
        (&["Expires: Sat, 21 Nov 2026 11:00:00 GMT"], Some(3600)),
        (&["Expires: Sat, 21 Nov 2026 11:00:00 GMT", "Date: Sat, 21 Nov 2026 10:30:00 GMT"], Some(1800)),
        (&["Expires: 0"], None),
        (&["Expires: Sat, 21 Nov 2020 11:00:00 GMT"], None),
        (&["Cache-Control: max-age=60", "Expires: Sat, 21 Nov 2026 11:00:00 GMT"], Some(60)),
    ];
    for (lines, expected) in cases {
        assert_eq!(fresh(lines), expected, "{lines:?}");
    }
}

#[test]
fn nothing_overflows_at_the_end_of_time() {
    for at in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC, now() + TimeDelta::days(365 * 300)] {
        for status in [200, 304, 429, 503] {
            for value in ["99999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT", "Mon, 01 Jan 0001 00:00:00 GMT"] {
                let lines = [format!("Retry-After: {value}"), format!("Expires: {value}"), format!("Age: {value}")];
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let body = Ok(Body::from(BODY.to_vec()));
                let response = Response { status, headers: headers(&lines), body };
                assert!(outcome(&url(), Asked::Conditionally, response, at).is_ok(), "{at} {value}");
            }
        }
    }
}
