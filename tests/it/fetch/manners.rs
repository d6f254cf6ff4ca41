//! What servers may expect of us: redirects, validators, limits, robots.txt, a clean end.

use super::*;

/// So many requests at once to a host, with this time between two; hosts are all alike.
fn limits(per_host: usize, gap: Duration) -> Limits {
    Limits { per_host, gap, gaps: BTreeMap::new(), shares: BTreeMap::new(), at_once: 64, idle: 64 }
}

#[test]
fn redirects_are_followed_and_permanent_ones_reported() {
    let server = Server::start("127.0.1.3", |request, s| match request.path.trim_start_matches('/') {
        "new" => reply(s, 200, "", BODY),
        "mixed" => reply(s, 301, "Location: /302\r\n", b""),
        "twice" => reply(s, 308, "Location: /301\r\n", b""),
        status => reply(s, status.parse().unwrap(), "Location: /new#top\r\n", b"<a href=/new>moved</a>"),
    });
    for (path, moved_to) in [
        ("/301", Some("/new")),
        ("/308", Some("/new")),
        ("/302", None),
        ("/303", None),
        ("/307", None),
        ("/mixed", Some("/302")),
        ("/twice", Some("/new")),
    ] {
        let answer = answer(one(feed(&server, path)));
        assert!(matches!(answer.outcome, Outcome::Fetched { .. }), "{path}");
        assert_eq!(answer.url, server.url("/new"), "{path}");
        assert_eq!(answer.moved_to, moved_to.map(|to| server.url(to)), "{path}");
    }
}

#[test]
fn redirects_end() {
    let server = Server::start("127.0.1.4", |request, s| {
        let (name, hop) = request.path.split_once('?').unwrap_or((&request.path, "0"));
        let hop: u32 = hop.parse().unwrap();
        let last = match name {
            "/chain5" => 5,
            "/chain8" => 8,
            "/chain25" => 25,
            "/self" => return reply(s, 301, "Location: /self\r\n", b""),
            "/circle" => return reply(s, 302, &format!("Location: /circle?{}\r\n", (hop + 1) % 2), b""),
            _ => 1000,
        };
        match hop == last {
            true => reply(s, 200, "", BODY),
            false => reply(s, 302, &format!("Location: {name}?{}\r\n", hop + 1), b""),
        }
    });
    for (path, expected, requests) in [
        ("/chain5", "ok", 6),
        ("/chain8", "ok", 9),
        ("/chain25", "redirect", 9),
        ("/endless", "redirect", 9),
        ("/self", "redirect", 1),
        ("/circle", "redirect", 3),
    ] {
        let ended = one(feed(&server, path));
        assert_eq!(word(&ended), expected, "{path}: {ended:?}");
        let count = server.requests().iter().filter(|r| r.path.starts_with(path)).count();
        assert_eq!(count, requests, "{path}");
    }
}

#[test]
fn credentials_and_validators_stay_with_their_host() {
    let other = Server::start("127.0.1.6", |_, s| reply(s, 200, "", BODY));
    let there = other.url("/there");
    let server = Server::start("127.0.1.5", move |request, s| match request.path.as_str() {
        "/away" => reply(s, 302, &format!("Location: {there}\r\n"), b""),
        _ => reply(s, 302, "Location: /away\r\n", b""),
    });
    let mut url = server.url("/feed");
    url.set_username("me").unwrap();
    url.set_password(Some("secret")).unwrap();
    let mut job = Job::feed(url);
    job.headers.insert("x-api-key", "s3cr3t".parse().unwrap());
    job.validators =
        Validators { host: Some("127.0.1.5".to_owned()), ..validators("\"1\"", "Sat, 21 Nov 2026 10:00:00 GMT") };
    let ended = one(job);
    assert_eq!(word(&ended), "ok");
    assert!(!format!("{ended:?}").contains("secret"));
    let own = server.requests();
    assert_eq!(own.len(), 2);
    for request in own {
        assert_eq!(request.header("x-api-key"), Some("s3cr3t"), "{}", request.path);
        assert_eq!(request.header("authorization"), Some("Basic bWU6c2VjcmV0"), "{}", request.path);
        assert_eq!(request.header("if-none-match"), Some("\"1\""), "{}", request.path);
    }
    let foreign = &other.requests()[0];
    for name in ["x-api-key", "authorization", "cookie", "referer", "if-none-match", "if-modified-since"] {
        assert_eq!(foreign.header(name), None, "{name}");
    }
}

#[test]
fn validators_go_back_as_they_came() {
    // Each answer has new ones, whatever came; a request that has those of the last answer is told "unchanged".
    for (etag, modified) in [
        ("W/\"abc\"", "Sat, 21 Nov 2026 10:00:00 GMT"),
        ("abc123", "garbage"),
        ("\"a b\"", "Sat, 21 Nov 2099 10:00:00 GMT"),
        ("\"back-dated\"", "Thu, 01 Jan 1970 00:00:00 GMT"),
    ] {
        let server = Server::start("127.0.1.7", move |request, s| {
            let same =
                request.header("if-none-match") == Some(etag) && request.header("if-modified-since") == Some(modified);
            match same {
                true => raw(s, b"HTTP/1.1 304 Not Modified\r\nETag: \"another\"\r\n\r\n"),
                false => reply(s, 200, &format!("ETag: {etag}\r\nLast-Modified: {modified}\r\n"), BODY),
            }
        });
        let Outcome::Fetched { validators: given, .. } = answer(one(feed(&server, "/"))).outcome else { panic!() };
        assert_eq!(given, validators(etag, modified));
        let again = with(given, feed(&server, "/"));
        assert_eq!(word(&one(again)), "unchanged", "{etag}");
        // Other ones: the new body comes with the new validators.
        let other = with(validators("\"old\"", modified), feed(&server, "/"));
        let Outcome::Fetched { validators: new, .. } = answer(one(other)).outcome else { panic!() };
        assert_eq!(new, validators(etag, modified));
    }
}

#[test]
fn requests_have_manners() {
    let server = Server::start("127.0.1.8", |_, s| reply(s, 200, "Set-Cookie: id=1; Path=/\r\n", BODY));
    let mut fetcher = start(settings(), plan());
    let first = ask(&mut fetcher, feed(&server, "/feed?x=1#top"));
    assert_eq!(fetcher.ask(feed(&server, "/feed?x=1")), Asked::Before(first));
    while fetcher.next().is_some() {}
    ask(&mut fetcher, feed(&server, "/second"));
    while fetcher.next().is_some() {}
    let requests = server.requests();
    assert_eq!(requests.iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/feed?x=1", "/second"]);
    for request in requests {
        let agent = format!("feedloom/{} (+https://example.org/bot)", env!("CARGO_PKG_VERSION"));
        assert_eq!(request.header("user-agent"), Some(agent.as_str()));
        assert_eq!(request.header("accept-encoding"), Some("gzip, br, zstd, deflate"));
        assert!(request.header("accept").unwrap().starts_with("application/atom+xml"));
        for name in ["cookie", "referer", "cache-control", "pragma", "if-none-match", "if-modified-since"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
}

#[test]
fn a_host_is_asked_by_few_at_once_with_a_gap() {
    let server = Server::start("127.0.1.16", |_, s| {
        std::thread::sleep(120 * MS);
        reply(s, 200, "", BODY)
    });
    let limits = limits(2, 50 * MS);
    let jobs = (0..12).map(|i| feed(&server, &format!("/{i}"))).collect();
    let ended = run_with(settings(), Plan { limits, ..plan() }, jobs);
    assert!(ended.iter().all(|e| word(e) == "ok"));
    assert_eq!(server.most_at_once(), 2);
    let mut at: Vec<Instant> = server.requests().iter().map(|r| r.at).collect();
    at.sort();
    // Less a little: the gap holds between starts here, not between arrivals there.
    assert!(at.windows(2).all(|w| w[1] - w[0] >= 40 * MS));
}

#[test]
fn a_host_that_says_slow_down_is_left_alone() {
    let busy = Server::start("127.0.1.17", |request, s| match request.path.as_str() {
        "/0" => reply(s, 429, "Retry-After: 120\r\n", b""),
        _ => reply(s, 200, "", BODY),
    });
    let other = Server::start("127.0.1.18", |_, s| reply(s, 200, "", BODY));
    let limits = limits(1, Duration::ZERO);
    let plan = Plan { limits, ..plan() };
    let mut jobs: Vec<Job> = (0..5).map(|i| feed(&busy, &format!("/{i}"))).collect();
    jobs.push(feed(&other, "/"));
    let ended = run_with(settings(), plan.clone(), jobs);
    let words: Vec<&str> = ended.iter().map(word).collect();
    assert_eq!(words, ["busy host", "host paused", "host paused", "host paused", "host paused", "ok"]);
    assert_eq!(busy.requests().len(), 1);
    let Ended::HostPaused(until) = ended[1] else { panic!() };
    assert!((119..=122).contains(&(until - plan.now).num_seconds()));
    // The next run is told, and asks nothing of it either.
    let mut fetcher = start(settings(), plan);
    fetcher.pause("127.0.1.17", until);
    ask(&mut fetcher, feed(&busy, "/1"));
    let Some(Event::Done(done)) = fetcher.next() else { panic!() };
    assert_eq!(word(&done.ended), "host paused");
    assert_eq!(busy.requests().len(), 1);
}

#[test]
fn a_host_that_is_not_there_is_not_asked_for_everything() {
    // A port that is free, and nobody listens on it.
    let free = std::net::TcpListener::bind("127.0.1.49:0").unwrap().local_addr().unwrap();
    let other = Server::start("127.0.1.50", |_, s| reply(s, 200, "", BODY));
    let limits = limits(1, 50 * MS);
    let mut jobs: Vec<Job> = (0..40).map(|i| Job::feed(format!("http://{free}/{i}").parse().unwrap())).collect();
    jobs.push(Job::page(format!("http://{free}/page").parse().unwrap(), RobotsPolicy::Ask));
    jobs.push(feed(&other, "/"));
    let (started, mut fetcher) = (Instant::now(), start(settings(), Plan { limits, ..plan() }));
    let ids: Vec<JobId> = jobs.into_iter().map(|job| ask(&mut fetcher, job)).collect();
    let mut words = HashMap::new();
    while let Some(event) = fetcher.next() {
        if let Event::Done(done) = event {
            words.insert(done.id, word(&done.ended));
        }
    }
    let words: Vec<&str> = ids.iter().map(|id| words[id]).collect();
    assert!(words[..40].iter().all(|w| *w == "connect"), "{words:?}");
    assert_eq!(words[40..], ["robots", "ok"], "whether a page may be asked for is not known");
    assert!(fetcher.progress().requests <= 4, "{}", fetcher.progress().requests);
    assert!(started.elapsed() < 1500 * MS, "{:?}", started.elapsed());
}

#[test]
fn a_short_pause_is_waited_for_once() {
    // Takes a minute: no pause is shorter.
    let calls = AtomicUsize::new(0);
    let server = Server::start("127.0.1.19", move |_, s| match calls.fetch_add(1, Ordering::SeqCst) {
        0 | 3 => reply(s, 429, "Retry-After: 5\r\n", b""),
        _ => reply(s, 200, "", BODY),
    });
    let limits = limits(1, Duration::ZERO);
    let plan = Plan { limits, deadline: Duration::from_secs(120), ..plan() };
    let ended = run_with(settings(), plan, (0..6).map(|i| feed(&server, &format!("/{i}"))).collect());
    let words: Vec<&str> = ended.iter().map(word).collect();
    assert_eq!(words, ["busy host", "ok", "ok", "busy host", "host paused", "host paused"]);
}

#[test]
fn an_address_that_is_busy_does_not_hold_up_its_host() {
    let server = Server::start("127.0.1.20", |request, s| match request.path.as_str() {
        "/busy" => reply(s, 503, "Retry-After: 3600\r\n", b""),
        _ => reply(s, 200, "", BODY),
    });
    let ended = run(vec![feed(&server, "/busy"), feed(&server, "/fine")]);
    assert_eq!(ended.iter().map(word).collect::<Vec<_>>(), ["busy address", "ok"]);
}

#[test]
fn a_run_ends_when_it_should() {
    let silent = Server::start("127.0.1.28", |_, s| then_silence(s, b""));
    let fine = Server::start("127.0.1.29", |_, s| reply(s, 200, "", BODY));
    let patient = || {
        let long = Duration::from_secs(60);
        let timeouts = Timeouts { connect: long, head: long, stall: long, total: long, ..Timeouts::default() };
        let mut settings = Settings { timeouts, ..settings() };
        settings.lookup = Arc::new(|_| {
            Box::pin(async {
                // A name server that keeps a thread busy, as getaddrinfo does.
                tokio::task::spawn_blocking(|| std::thread::sleep(Duration::from_secs(30))).await?;
                Ok(Vec::new())
            })
        });
        settings
    };
    let jobs = || {
        let mut jobs: Vec<Job> = (0..20).map(|i| feed(&silent, &format!("/{i}"))).collect();
        jobs.push(Job::page(silent.url("/page"), RobotsPolicy::Ask));
        jobs.push(Job::feed("http://slow.test/".parse().unwrap()));
        jobs.push(feed(&fine, "/"));
        jobs
    };
    let limits = limits(2, Duration::ZERO);
    let plan = Plan { limits, ..plan() };
    let check = |words: Vec<&str>, took: Duration| {
        assert_eq!(words.iter().filter(|w| **w == "unfinished").count(), 22, "{words:?}");
        assert_eq!(words.last(), Some(&"ok"));
        assert!(took < 1500 * MS, "{took:?}");
    };

    let started = Instant::now();
    let ended = run_with(patient(), Plan { deadline: 400 * MS, ..plan.clone() }, jobs());
    check(ended.iter().map(word).collect(), started.elapsed());

    let (stop, started) = (Stop::new(), Instant::now());
    let mut fetcher = Fetcher::start(patient(), plan.clone(), &stop).unwrap();
    let ids: Vec<JobId> = jobs().into_iter().map(|job| ask(&mut fetcher, job)).collect();
    let mut words = HashMap::new();
    let mut pulled = false;
    loop {
        match fetcher.next_within(100 * MS) {
            Waited::Event(Event::Done(done)) => drop(words.insert(done.id, word(&done.ended))),
            Waited::Event(Event::Robots { .. } | Event::HostPaused { .. }) => {}
            Waited::Nothing if !pulled => {
                pulled = true;
                assert!(!fetcher.progress().hosts.is_empty());
                stop.stop();
            }
            Waited::Nothing => {}
            Waited::Finished => break,
        }
    }
    // What is asked for afterwards ends too.
    ask(&mut fetcher, feed(&fine, "/late"));
    let Some(Event::Done(late)) = fetcher.next() else { panic!() };
    assert_eq!(word(&late.ended), "unfinished");
    drop(fetcher);
    check(ids.iter().map(|id| words[id]).collect(), started.elapsed());

    let started = Instant::now();
    let mut fetcher = Fetcher::start(patient(), plan, &Stop::new()).unwrap();
    for job in jobs() {
        ask(&mut fetcher, job);
    }
    drop(fetcher);
    assert!(started.elapsed() < 1000 * MS, "dropped: {:?}", started.elapsed());
}

#[test]
fn connections_are_reused_and_given_back() {
    let jobs = |server: &Server| (0..20).map(|i| feed(server, &format!("/{i}"))).collect::<Vec<_>>();
    let limits = limits(2, Duration::ZERO);
    let plan = Plan { limits, ..plan() };
    let server = Server::start("127.0.1.30", |_, s| reply(s, 200, "", BODY));
    run_with(settings(), plan.clone(), jobs(&server));
    assert!(server.connections() <= 3, "{}", server.connections());
    let requests = server.requests();
    // The first may be on its way before the second is asked for: then nothing followed it.
    let closed = requests.iter().filter(|r| r.header("connection") == Some("close")).map(|r| r.path.as_str());
    let closed: std::collections::BTreeSet<&str> = closed.filter(|path| *path != "/0").collect();
    assert_eq!(closed.len(), 1, "the last one says that nothing follows: {closed:?}");
    // With few file descriptors none is kept.
    let server = Server::start("127.0.1.30", |_, s| reply(s, 200, "", BODY));
    let limits = Limits { idle: 0, ..plan.limits.clone() };
    run_with(settings(), Plan { limits, ..plan }, jobs(&server));
    assert_eq!(server.connections(), 20);
}

#[test]
fn pages_are_asked_for_as_robots_txt_allows() {
    let long = format!("user-agent: *\n{}disallow: /denied\n", "# padding\n".repeat(50_000));
    assert!(long.len() > 500_000 && long.len() < 512 << 10);
    let other = Server::start("127.0.1.25", |_, s| reply(s, 200, "", b"user-agent: feedloom\ndisallow: /denied\n"));
    let elsewhere = other.url("/robots-elsewhere");
    for (name, robots, expected, hits) in [
        ("deny", (200, "user-agent: *\ndisallow: /\n".to_owned()), ["robots", "robots"], 0),
        ("one", (200, "user-agent: *\ndisallow: /denied\n".to_owned()), ["robots", "ok"], 1),
        ("long", (200, long), ["robots", "ok"], 1),
        ("none", (404, String::new()), ["ok", "ok"], 2),
        ("forbidden", (403, String::new()), ["ok", "ok"], 2),
        ("gone", (410, String::new()), ["ok", "ok"], 2),
        ("empty", (200, String::new()), ["ok", "ok"], 2),
        ("broken", (500, String::new()), ["robots", "robots"], 0),
        ("busy", (503, "Retry-After: 60".to_owned()), ["host paused", "host paused"], 0),
        ("moved", (301, elsewhere.to_string()), ["robots", "ok"], 1),
        ("circle", (302, "/robots.txt?1".to_owned()), ["ok", "ok"], 2),
        ("silent", (0, String::new()), ["robots", "robots"], 0),
    ] {
        let server = Server::start("127.0.1.24", move |request, s| {
            if !request.path.starts_with("/robots.txt") {
                return reply(s, 200, "", BODY);
            }
            match robots.0 {
                0 => then_silence(s, b""),
                status @ (301 | 302) => {
                    let hop = request.path.split_once('?').map_or(1, |(_, n)| n.parse::<u32>().unwrap() + 1);
                    let to = if status == 301 { robots.1.clone() } else { format!("/robots.txt?{hop}") };
                    reply(s, status, &format!("Location: {to}\r\n"), b"")
                }
                503 => reply(s, 503, "Retry-After: 60\r\n", b""),
                status => reply(s, status, "", robots.1.as_bytes()),
            }
        });
        let job = |path: &str| Job::page(server.url(path), RobotsPolicy::Ask);
        let mut fetcher = start(settings(), plan());
        let ids = [ask(&mut fetcher, job("/denied")), ask(&mut fetcher, job("/allowed"))];
        let mut words = HashMap::new();
        let mut kept = HashMap::new();
        while let Some(event) = fetcher.next() {
            match event {
                Event::Done(done) => drop(words.insert(done.id, word(&done.ended))),
                Event::Robots { address, robots } => drop(kept.insert(address, robots)),
                Event::HostPaused { host, .. } => panic!("{host}"),
            }
        }
        assert_eq!(ids.map(|id| words[&id]), expected, "{name}");
        let pages = server.requests().iter().filter(|r| !r.path.starts_with("/robots.txt")).count();
        assert_eq!(pages, hits, "{name}");
        assert_eq!(server.count("/robots.txt"), 1, "{name}");
        if name == "busy" {
            assert!(kept.is_empty(), "not what it says, only that it is busy");
            continue;
        }
        // The next run knows it.
        let again = run_with(settings(), Plan { robots: kept, ..plan() }, vec![job("/denied")]);
        assert_eq!(word(&again[0]), expected[0], "{name}");
        assert_eq!(server.count("/robots.txt"), 1, "{name}");
        // A person may decide otherwise; feeds are not asked for at all.
        let ignored = run(vec![Job::page(server.url("/denied"), RobotsPolicy::Ignore), feed(&server, "/denied")]);
        assert_eq!(ignored.iter().map(word).collect::<Vec<_>>(), ["ok", "ok"], "{name}");
        assert_eq!(server.count("/robots.txt"), 1, "{name}");
    }
}

#[test]
fn a_page_that_moves_to_another_host_asks_that_hosts_robots_txt() {
    let strict = Server::start("127.0.1.27", |request, s| match request.path.as_str() {
        "/robots.txt" => reply(s, 200, "", b"user-agent: *\ndisallow: /"),
        _ => reply(s, 200, "", BODY),
    });
    let there = strict.url("/page");
    let server = Server::start("127.0.1.26", move |request, s| match request.path.as_str() {
        "/robots.txt" => reply(s, 404, "", b""),
        _ => reply(s, 302, &format!("Location: {there}\r\n"), b""),
    });
    assert_eq!(word(&one(Job::page(server.url("/page"), RobotsPolicy::Ask))), "robots");
    assert_eq!(strict.requests().iter().map(|r| r.path.as_str()).collect::<Vec<_>>(), ["/robots.txt"]);
}
