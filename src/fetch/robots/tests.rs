//! Files as people write them, and what they say about an address. The claims are those
//! of RFC 9309 and of the test suite that Google publishes with its parser.

use std::fmt::Write as _;
use std::time::Instant;

use super::*;

fn allowed(file: &str, path: &str) -> bool {
    let url = Url::parse("https://example.org").unwrap().join(path).unwrap();
    Rules::parse(file.as_bytes()).allow(&url)
}

/// `file` holds the rules for us; `+` before a path means that it may be asked for.
fn check(file: &str, paths: &str) {
    for path in paths.split_ascii_whitespace() {
        let expected = path.starts_with('+');
        assert_eq!(allowed(file, &path[1..]), expected, "{path} in\n{file}");
    }
}

#[test]
fn lines_are_read_as_people_write_them() {
    for file in [
        "user-agent: feedloom\ndisallow: /",
        "USER-AGENT: FEEDLOOM\nDISALLOW: /",
        "uSeR-aGeNt:feedloom\ndIsAlLoW:/",
        "User-agent : Feedloom\nDisallow : /",
        "  user-agent:\tfeedloom  \n\t disallow: /  ",
        "user-agent feedloom\ndisallow /",
        "user agent: feedloom\ndisallow: /",
        "useragent: feedloom\ndisalow: /",
        "user-agent: feedloom\r\ndissallow: /\r\n",
        "user-agent: feedloom\rdisallow: /\r",
        "\u{feff}user-agent: feedloom\ndisallow: /",
        "user-agent: feedloom/1.0\ndisallow: /",
        "user-agent: feedloom bar\ndisallow: /",
        "user-agent: feedloom # ours\ndisallow: / # all",
        "user-agent: feedloom\n\n\ndisallow: /",
        "user-agent: feedloom\nsitemap: https://example.org/s.xml\ncrawl-delay: 5\ndisallow: /",
        "user-agent: *\ndisallow: /",
        "user-agent: * # everybody\ndisallow: /",
    ] {
        check(file, "-/ -/x/y");
    }
    for file in [
        "",
        "foo: feedloom\nbar: /",
        "disallow: /",
        "user-agent: feedloo\ndisallow: /",
        "user-agent: feedloomy\ndisallow: /",
    ] {
        check(file, "+/ +/x/y");
    }
    check("user-agent: feedloom\n#disallow: /\ndisallow: /quz#qux\nallow: /", "+/foo -/quz");
}

#[test]
fn groups_of_one_name_are_one_and_rules_before_any_count_for_nobody() {
    let file = "allow: /foo/\n\nuser-agent: feedloom\ndisallow: /\nallow: /x/\nuser-agent: other\ndisallow: /\nallow: /y/\n\n\nallow: /w/\nuser-agent: third\n\nuser-agent: feedloom\nallow: /z/\ndisallow: /\n";
    check(file, "+/x/b +/z/d -/y/c -/w/a -/foo/");
    check("user-agent: other\nuser-agent: feedloom\ndisallow: /a\nuser-agent: other\ndisallow: /b", "-/a +/b");
    // A line that is no rule does not end the names.
    check("user-agent: feedloom\nsitemap: x\nuser-agent: other\ndisallow: /a", "-/a");
}

#[test]
fn everybodys_group_counts_only_where_none_names_us() {
    check("user-agent: *\ndisallow: /x\nuser-agent: feedloom\ndisallow: /y", "+/x -/y");
    check("user-agent: *\nallow: /\nuser-agent: feedloom\ndisallow: /", "-/x");
    check("user-agent: feedloom\nallow: /\nuser-agent: other\ndisallow: /", "+/x");
    check("user-agent: *\ndisallow: /x\nuser-agent: other\ndisallow: /\nuser-agent: *\ndisallow: /y", "-/x -/y +/z");
    // Named, with nothing to say: everything is allowed.
    check("user-agent: *\ndisallow: /\nuser-agent: feedloom\ndisallow:", "+/x");
}

#[test]
fn the_longest_match_wins_and_allow_among_equals() {
    let us = |rules: &str| format!("user-agent: feedloom\n{rules}");
    check(&us("disallow: /x/page.html\nallow: /x/"), "-/x/page.html +/x/");
    check(&us("allow: /x/page.html\ndisallow: /x/"), "+/x/page.html -/x/");
    check(&us("disallow: \nallow: "), "+/x");
    check(&us("disallow: /\nallow: /"), "+/x");
    check(&us("disallow: /x\nallow: /x/"), "-/x +/x/");
    check(&us("allow: /page\ndisallow: /*.html"), "-/page.html +/page");
    check(&us("allow: /x/page.\ndisallow: /*.html"), "+/x/page.html -/x/y.html");
    check(&us("allow: /p\ndisallow: /"), "+/page -/x");
    check(&us("allow: /folder\ndisallow: /folder"), "+/folder/page");
    check(&us("allow: /page\ndisallow: /*.htm"), "-/page.htm");
    check(&us("allow: /$\ndisallow: /"), "+/ -/page.html");
    check(&us("disallow: /x/"), "-/x/y +/X/y");
    check(&us("disallow: /X/"), "+/x/y");
}

#[test]
fn stars_and_ends_have_their_meaning() {
    let only = |pattern: &str| format!("user-agent: feedloom\ndisallow: /\nallow: {pattern}\n");
    check(
        &only("/fish"),
        "+/fish +/fish.html +/fish/salmon.html +/fishheads +/fish.html?id=x -/Fish.asp -/catfish -/?id=fish",
    );
    check(&only("/fish*"), "+/fish +/fish.html +/fishheads/yummy.html -/Fish.bar -/catfish");
    check(&only("/fish/"), "+/fish/ +/fish/salmon +/fish/?salmon -/fish -/fish.html");
    check(
        &only("/*.php"),
        "+/filename.php +/folder/filename.php?x +//folder/any.php.file.html +/index?f=filename.php/ -/php/ -/index?php -/windows.PHP",
    );
    check(
        &only("/*.php$"),
        "+/filename.php +/folder/filename.php -/filename.php?x -/filename.php/ -/filename.php5 -/aaaphpaaa",
    );
    check(&only("/fish*.php"), "+/fish.php +/fishheads/catfish.php?x -/Fish.PHP");
    check(&only("/a*b*c$"), "+/abc +/axxbxxc +/abcbc -/abcx -/ab");
    check(&only("*"), "+/ +/x");
    check(&only("/$5"), "+/$5x -/5");
    let both = "user-agent: feedloom\ndisallow: /foo/bar$\nallow: /foo/bar/qux";
    check(both, "-/foo/bar +/foo/bar/qux +/foo/bar/ +/foo/bar/baz");
    check("user-agent: feedloom\ndisallow: /foo/bar/quz\nallow: /foo/*/qux", "-/foo/bar/quz +/foo/quz +/foo//quz");
}

#[test]
fn escapes_are_compared_in_one_spelling() {
    let only = |pattern: &str| format!("user-agent: feedloom\ndisallow: /\nallow: {pattern}\n");
    check(&only("/foo/bar?qux=taz&baz=http://foo.bar?tar&par"), "+/foo/bar?qux=taz&baz=http://foo.bar?tar&par");
    for pattern in ["/中", "/%E4%B8%AD", "/%e4%b8%ad"] {
        check(&only(pattern), "+/中 +/%E4%B8%AD +/%e4%b8%adx -/x");
    }
    // Allowed is only what is allowed in so many words; forbidden in either spelling.
    check(&only("/%62%61%7A"), "+/%62%61%7A -/baz");
    check("user-agent: feedloom\ndisallow: /%62%61%7A", "-/%62%61%7A -/baz");
    check("user-agent: feedloom\ndisallow: /baz", "-/%62az -/baz");
    check("user-agent: feedloom\ndisallow: /a%2Fb", "-/a%2fb +/a/b");
    check("user-agent: feedloom\ndisallow: /100%", "-/100% -/100%x +/10");
}

#[test]
fn robots_txt_itself_may_always_be_asked_for() {
    check("user-agent: *\ndisallow: /", "+/robots.txt +/robots.txt?x -/x -/x/robots.txt");
}

#[test]
fn long_and_odd_files_are_read_to_the_limit() {
    let mut file = "user-agent: feedloom\ndisallow: /a\n".to_owned();
    while file.len() < 500 << 10 {
        let _ = writeln!(file, "# {}", "x".repeat(1000));
    }
    file.push_str("disallow: /late\n");
    assert!(file.len() < LARGEST);
    check(&file, "-/a -/late +/b");
    file.push_str(&"#\n".repeat(20_000));
    file.push_str("disallow: /beyond\n");
    check(&file, "+/beyond");
    let half = format!("user-agent: feedloom\n{}disallow: /private", "#".repeat(LARGEST - 33) + "\n");
    assert!(half.len() > LARGEST && half[..LARGEST].ends_with("disallow: /"), "{}", &half[LARGEST - 12..]);
    check(&half, "+/x");
    let long = format!("user-agent: feedloom\ndisallow: /{}\ndisallow: /b", "a".repeat(50_000));
    check(&long, "-/b +/a");
    let binary: Vec<u8> = (0..=255).cycle().take(10_000).collect();
    assert_eq!(Rules::parse(&binary), Rules::default());
    check("<!DOCTYPE html><html><body>user-agent: feedloom disallow: /</body></html>", "+/x");
}

#[test]
fn a_hostile_pattern_takes_no_time() {
    for pattern in ["*a".repeat(1000), format!("*{}b", "a".repeat(2000)), "*".repeat(2000)] {
        let mut file = "user-agent: feedloom\n".to_owned();
        while file.len() < 100 << 10 {
            let _ = writeln!(file, "disallow: /{pattern}b$");
        }
        let started = Instant::now();
        assert!(allowed(&file, &format!("/{}", "a".repeat(8000))));
        assert!(started.elapsed().as_secs() < 2, "{:?}", started.elapsed());
    }
}

#[test]
fn what_an_answer_means_for_the_pages() {
    let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
    let page: Url = "https://example.org/page".parse().unwrap();
    let permission = |result: Result<&Outcome, Fault>| {
        let error = result.as_ref().err().map(|f| f.clone().at(&page));
        Robots::of(result.map_err(|_| error.as_ref().unwrap()), now).permits(&page)
    };
    for status in [400, 401, 403, 404, 410, 418, 451] {
        assert_eq!(permission(Err(Fault::Status(status))), Permission::Allowed, "{status}");
    }
    assert_eq!(permission(Ok(&Outcome::Gone)), Permission::Allowed);
    assert_eq!(permission(Err(Fault::Empty(200))), Permission::Allowed);
    assert_eq!(permission(Err(Fault::TooManyRedirects(5))), Permission::Allowed);
    for fault in [Fault::Status(500), Fault::Status(502), Fault::Incomplete, Fault::Dns(String::new())] {
        assert_eq!(permission(Err(fault.clone())), Permission::Unknown, "{fault:?}");
    }
    let busy = Outcome::Busy { until: None, scope: crate::fetch::outcome::Scope::Host };
    assert_eq!(permission(Ok(&busy)), Permission::Unknown);
}

#[test]
fn a_file_is_kept_a_day_and_trouble_an_hour() {
    let now: DateTime<Utc> = "2026-11-21T10:00:00Z".parse().unwrap();
    for (verdict, hours) in [(Verdict::Open, 24), (Verdict::Rules(Rules::default()), 24), (Verdict::Unreachable, 1)] {
        let robots = Robots { asked: now, verdict };
        assert!(robots.is_fresh(now + TimeDelta::hours(hours) - TimeDelta::seconds(1)));
        assert!(!robots.is_fresh(now + TimeDelta::hours(hours)));
        assert!(!robots.is_fresh(now - TimeDelta::days(2)), "a clock that was wrong");
        let text = serde_json::to_string(&robots).unwrap();
        assert_eq!(serde_json::from_str::<Robots>(&text).unwrap(), robots);
    }
}

#[test]
fn it_lies_at_the_root_of_the_same_server() {
    let of = |url: &str| address(&url.parse().unwrap()).unwrap().to_string();
    assert_eq!(of("https://me:secret@example.org:8443/a/b?c#d"), "https://example.org:8443/robots.txt");
}
