//! Servers that break the rules, by accident or on purpose.

use super::*;

/// Makes closing the connection a reset.
fn reset(stream: &mut TcpStream) -> After {
    std::thread::sleep(50 * MS);
    let stream = stream.try_clone().expect("a descriptor");
    stream.set_nonblocking(true).expect("a socket");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build().expect("a runtime");
    let _inside = runtime.enter();
    // The standard library has no way to say it.
    let stream = tokio::net::TcpStream::from_std(stream).expect("a socket");
    let _ = stream.set_zero_linger();
    After::Close
}

/// Answers by the name of the fault.
fn faulty(request: &Request, s: &mut TcpStream) -> After {
    let length = format!("Content-Length: {}\r\n", BODY.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    let half = &BODY[..BODY.len() / 2];
    match request.path.trim_start_matches('/') {
        "fine" | "octet" => reply(s, 200, "Content-Type: application/octet-stream\r\n", BODY),
        "gone" => reply(s, 410, "", b"gone"),
        "e429" => reply(s, 429, "Retry-After: 120\r\n", b""),
        "e503" => reply(s, 503, "Retry-After: 120\r\n", b""),
        "empty" => reply(s, 200, "ETag: \"1\"\r\n", b""),
        "nocontent" => raw(s, b"HTTP/1.1 204 No Content\r\n\r\n"),
        "s304-unsolicited" => raw(s, b"HTTP/1.1 304 Not Modified\r\n\r\n"),
        "redir-nolocation" => reply(s, 302, "", b""),
        "redir-garbage" => reply(s, 302, "Location: http://[::bad/%%%\r\n", b""),
        "redir-file" => reply(s, 302, "Location: file:///etc/passwd\r\n", b""),
        "redir-gopher" => reply(s, 302, "Location: gopher://127.0.0.1:6379/_x\r\n", b""),
        "redir-userinfo" => reply(s, 302, "Location: http://good.example@127.0.0.1:1/\r\n", b""),
        "timeout" => then_silence(s, b""),
        "stall" => then_silence(s, &with_body(&length, half)),
        "reset" => reset(s),
        "closeearly" => After::Close,
        "closeinhead" => raw(s, b"HTTP/1.1 200 OK\r\nContent-"),
        "reset-mid" => {
            raw(s, &with_body(&length, half));
            reset(s)
        }
        "garbage" => raw(s, &[0x16, 3, 1, 0, 0xff, 0, 1, 2, 3, 4, 0xde, 0xad]),
        "ssh" => raw(s, b"SSH-2.0-OpenSSH_9.9\r\n"),
        "http09" => raw(s, BODY),
        "trunc" => raw(s, &with_body(&length, half)),
        "trunc-chunked" => raw(s, &with_body(chunked, &[b"80\r\n", half].concat())),
        "no-last-chunk" => raw(s, &with_body(chunked, &[b"5\r\n", &BODY[..5], b"\r\n"].concat())),
        "badchunk" => raw(s, &with_body(chunked, b"ZZZ\r\n<rss")),
        "dup-cl" => raw(s, &with_body(&format!("{length}Content-Length: 10\r\n"), BODY)),
        "bad-cl" => raw(s, &with_body("Content-Length: -1\r\n", BODY)),
        "noncl" => raw(s, &with_body("Connection: close\r\n", BODY)),
        "http10" => raw(s, &[b"HTTP/1.0 200 OK\r\n\r\n", BODY].concat()),
        "gzip" => reply(s, 200, "Content-Encoding: gzip\r\n", &gzip(BODY)),
        "deflate" => {
            let mut encoder = DeflateEncoder::new(Vec::new(), Compression::fast());
            encoder.write_all(BODY).unwrap();
            reply(s, 200, "Content-Encoding: deflate\r\n", &encoder.finish().unwrap())
        }
        "gzbomb" => reply(s, 200, "Content-Encoding: gzip\r\n", bomb()),
        "gzbomb-nested" => reply(s, 200, "Content-Encoding: gzip, gzip\r\n", &gzip(&gzip(&vec![b'A'; 1 << 20]))),
        "badgzip" => reply(s, 200, "Content-Encoding: gzip\r\n", BODY),
        "truncgzip" => reply(s, 200, "Content-Encoding: gzip\r\n", &gzip(BODY)[..40]),
        "unknown-encoding" => reply(s, 200, "Content-Encoding: compress\r\n", BODY),
        "toolarge-said" => raw(s, &with_body("Content-Length: 99999999999\r\n", BODY)),
        "exactly" => reply(s, 200, "", &vec![b'x'; LIMIT]),
        "exactly-gzip" => reply(s, 200, "Content-Encoding: gzip\r\n", &gzip(&vec![b'x'; LIMIT])),
        "onemore" => reply(s, 200, "", &vec![b'x'; LIMIT + 1]),
        "onemore-gzip" => reply(s, 200, "Content-Encoding: gzip\r\n", &gzip(&vec![b'x'; LIMIT + 1])),
        "hugeheader" => reply(s, 200, &format!("X-Huge: {}\r\n", "a".repeat(10 << 20)), BODY),
        "largeheader" => reply(s, 200, &format!("X-Large: {}\r\n", "a".repeat(200 << 10)), BODY),
        "manyheaders" => reply(s, 200, &(0..5000).map(|k| format!("X-{k}: v\r\n")).collect::<String>(), BODY),
        "endless-headers" => {
            raw(s, b"HTTP/1.1 200 OK\r\n");
            let line = format!("X-Pad: {}\r\n", "a".repeat(1000));
            for _ in 0..100_000 {
                if s.write_all(line.as_bytes()).is_err() {
                    break;
                }
            }
            After::Close
        }
        "longetag" => reply(s, 200, &format!("ETag: \"{}\"\r\n", "e".repeat(60_000)), BODY),
        "crlfetag" => reply(s, 200, "ETag: \"a\tb\x0bc\"\r\n", BODY),
        "lm-garbage" => reply(s, 200, "Last-Modified: Sat, 32 Foo\r\n", BODY),
        path => match path.strip_prefix("status-").and_then(|p| p.parse().ok()) {
            Some(status) => reply(s, status, "", b"<html>no</html>"),
            None => reply(s, 404, "", b""),
        },
    }
}

#[test]
fn each_fault_has_its_class() {
    let cases = [
        ("fine", "ok"),
        ("octet", "ok"),
        ("gone", "gone"),
        ("e503", "busy address"),
        ("status-500", "server"),
        ("status-502", "server"),
        ("status-404", "not-found"),
        ("status-403", "forbidden"),
        ("status-418", "status"),
        ("empty", "empty"),
        ("nocontent", "empty"),
        ("s304-unsolicited", "empty"),
        ("redir-nolocation", "redirect"),
        ("redir-garbage", "redirect"),
        ("redir-file", "redirect"),
        ("redir-gopher", "redirect"),
        ("redir-userinfo", "redirect"),
        ("timeout", "timeout"),
        ("stall", "timeout"),
        ("reset", "connection"),
        ("closeearly", "connection"),
        ("closeinhead", "connection"),
        ("reset-mid", "connection"),
        ("garbage", "connection"),
        ("ssh", "connection"),
        ("http09", "connection"),
        ("trunc", "incomplete"),
        ("trunc-chunked", "incomplete"),
        ("no-last-chunk", "incomplete"),
        ("badchunk", "connection"),
        ("dup-cl", "connection"),
        ("bad-cl", "connection"),
        ("noncl", "ok"),
        ("http10", "ok"),
        ("gzip", "ok"),
        ("deflate", "ok"),
        ("gzbomb", "too-large"),
        ("gzbomb-nested", "encoding"),
        ("badgzip", "encoding"),
        ("truncgzip", "encoding"),
        ("unknown-encoding", "encoding"),
        ("toolarge-said", "too-large"),
        ("exactly", "ok"),
        ("exactly-gzip", "ok"),
        ("onemore", "too-large"),
        ("onemore-gzip", "too-large"),
        ("hugeheader", "headers"),
        ("largeheader", "headers"),
        ("manyheaders", "headers"),
        ("endless-headers", "headers"),
        ("longetag", "ok"),
        ("crlfetag", "ok"),
        ("lm-garbage", "ok"),
    ];
    let server = Server::start("127.0.1.1", faulty);
    assert!(bomb().len() < LIMIT);
    let started = Instant::now();
    // Long enough for a busy machine: only silence is to be cut here.
    let timeouts = Timeouts { head: 4000 * MS, stall: 3000 * MS, total: 10_000 * MS, ..Timeouts::default() };
    let settings = Settings { timeouts, ..settings() };
    let ended = run_with(settings, plan(), cases.iter().map(|(path, _)| feed(&server, &format!("/{path}"))).collect());
    let found: Vec<(&str, &str)> = cases.iter().zip(&ended).map(|((path, _), e)| (*path, word(e))).collect();
    assert_eq!(found, cases, "\n{ended:#?}");
    assert!(started.elapsed() < 9000 * MS, "{:?}", started.elapsed());
    for ((path, expected), ended) in cases.iter().zip(ended) {
        if *expected == "ok" && !path.starts_with("exactly") {
            let Outcome::Fetched { body, validators, .. } = answer(ended).outcome else { panic!() };
            assert_eq!(&*body, BODY, "{path}");
            assert_eq!(validators.etag, None, "{path}");
        }
    }
}

#[test]
fn only_a_lost_connection_is_tried_again() {
    let server = Server::start("127.0.1.2", faulty);
    let paths = ["/closeearly", "/reset", "/garbage", "/http09", "/status-500", "/trunc", "/timeout", "/badgzip"];
    run(paths.iter().map(|path| feed(&server, path)).collect());
    let counts: Vec<usize> = paths.iter().map(|path| server.count(path)).collect();
    assert_eq!(counts, [2, 2, 1, 1, 1, 1, 1, 1]);
    // It comes back the second time.
    let calls = AtomicUsize::new(0);
    let flaky = Server::start("127.0.1.2", move |_, s| match calls.fetch_add(1, Ordering::SeqCst) {
        0 => After::Close,
        _ => reply(s, 200, "", BODY),
    });
    assert_eq!(word(&one(feed(&flaky, "/"))), "ok");
}

#[test]
fn silent_servers_cost_nobody_else_time() {
    let silent = Server::start("127.0.1.9", |_, s| then_silence(s, b""));
    let fine = Server::start("127.0.1.10", |_, s| reply(s, 200, "", BODY));
    let limits = Limits {
        per_host: 4,
        gap: Duration::ZERO,
        gaps: BTreeMap::new(),
        shares: BTreeMap::new(),
        at_once: 16,
        idle: 64,
    };
    let mut jobs: Vec<Job> = (0..8).map(|i| feed(&silent, &format!("/{i}"))).collect();
    jobs.extend((0..100).map(|i| feed(&fine, &format!("/{i}"))));
    let started = Instant::now();
    let ended = run_with(settings(), Plan { limits, ..plan() }, jobs);
    assert_eq!(ended.iter().filter(|e| word(e) == "timeout").count(), 8);
    assert_eq!(ended.iter().filter(|e| word(e) == "ok").count(), 100);
    // Two rounds of four, and not a hundred healthy ones behind them.
    assert!(started.elapsed() < 3000 * MS, "{:?}", started.elapsed());
    let last = fine.requests().iter().map(|r| r.at).max().unwrap();
    assert!(last - started < 1000 * MS, "{:?}", last - started);
}

#[test]
fn trickles_are_cut() {
    let server = Server::start("127.0.1.11", |request, s| {
        if request.path == "/headers" {
            raw(s, b"HTTP/1.1 200 OK\r\nX-Pad: ");
        } else {
            raw(s, &head("Content-Length: 100000\r\n"));
        }
        // The body at a hundred bytes a second never stalls.
        while s.write_all(b"aaaaa").and_then(|()| s.flush()).is_ok() {
            std::thread::sleep(50 * MS);
        }
        After::Close
    });
    let slow = Settings { timeouts: Timeouts { rate_bytes: 1, ..settings().timeouts }, ..settings() };
    let started = Instant::now();
    assert_eq!(word(&one(feed(&server, "/headers"))), "timeout");
    assert!(started.elapsed() < 1500 * MS);
    let started = Instant::now();
    assert!(format!("{:?}", one(feed(&server, "/body"))).contains("TooSlow"));
    assert!(started.elapsed() < 1500 * MS);
    let started = Instant::now();
    let ended = run_with(slow, plan(), vec![feed(&server, "/body")]).remove(0);
    assert!(format!("{ended:?}").contains("Total"), "{ended:?}");
    assert!((2500 * MS..4000 * MS).contains(&started.elapsed()));
}

#[test]
fn nothing_leaks_into_the_next_answer() {
    let server = Server::start("127.0.1.12", |request, s| {
        let other = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen";
        let mut bytes = match request.path.split('/').nth(1).unwrap() {
            // More than it says: the rest looks like an answer to the next request.
            "more" => with_body(&format!("Content-Length: {}\r\n", BODY.len()), BODY),
            "cl-and-te" => {
                let chunks = [format!("{:x}\r\n", BODY.len()).as_bytes(), BODY, b"\r\n0\r\n\r\n"].concat();
                with_body("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", &chunks)
            }
            "304" => b"HTTP/1.1 304 Not Modified\r\n\r\n".to_vec(),
            "404" => b"HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nabc".to_vec(),
            _ => return reply(s, 200, "", request.path.as_bytes()),
        };
        bytes.extend_from_slice(other);
        raw(s, &bytes);
        After::Keep
    });
    let limits = Limits {
        per_host: 1,
        gap: Duration::ZERO,
        gaps: BTreeMap::new(),
        shares: BTreeMap::new(),
        at_once: 1,
        idle: 64,
    };
    let names = ["more", "cl-and-te", "304", "404"];
    let paths: Vec<String> = names
        .iter()
        .cycle()
        .take(12)
        .enumerate()
        .flat_map(|(i, n)| [format!("/{n}/{i}"), format!("/next/{i}")])
        .collect();
    let jobs = paths.iter().map(|path| with(validators("\"1\"", "x"), feed(&server, path))).collect();
    for (path, ended) in paths.iter().zip(run_with(settings(), Plan { limits, ..plan() }, jobs)) {
        match (path.split('/').nth(1).unwrap(), ended) {
            ("304" | "404", ended) => assert_ne!(word(&ended), "ok", "{path}"),
            (name, ended) => {
                let Outcome::Fetched { body, .. } = answer(ended).outcome else { panic!("{path}") };
                assert_eq!(&*body, if name == "next" { path.as_bytes() } else { BODY }, "{path}");
            }
        }
    }
}

#[test]
fn names_that_lead_nowhere() {
    let mut settings = settings();
    settings.lookup = Arc::new(|name| {
        Box::pin(async move {
            match name.as_str() {
                "slow.test" => std::future::pending().await,
                "none.test" => Ok(Vec::new()),
                // Nobody listens on port 1.
                "refused.test" => Ok(vec!["127.0.1.13:0".parse().unwrap()]),
                _ => Err(std::io::Error::other("no such name")),
            }
        })
    });
    let urls = ["http://unknown.test/", "http://slow.test/", "http://none.test/", "http://refused.test:10001/"];
    let started = Instant::now();
    let ended = run_with(settings, plan(), urls.iter().map(|u| Job::feed(u.parse().unwrap())).collect());
    assert_eq!(ended.iter().map(word).collect::<Vec<_>>(), ["dns", "timeout", "connect", "connect"], "{ended:?}");
    assert!(started.elapsed() < 1500 * MS, "{:?}", started.elapsed());
}

#[test]
fn an_endless_body_is_cut() {
    let server = Server::start("127.0.1.14", |_, s| {
        raw(s, &head("Transfer-Encoding: chunked\r\n"));
        let chunk = [b"10000\r\n", &vec![b'x'; 0x10000][..], b"\r\n"].concat();
        while s.write_all(&chunk).is_ok() {}
        After::Close
    });
    let mut fetcher = start(settings(), plan());
    ask(&mut fetcher, feed(&server, "/"));
    let Some(Event::Done(done)) = fetcher.next() else { panic!() };
    assert_eq!(word(&done.ended), "too-large");
    let read = usize::try_from(fetcher.progress().bytes).unwrap();
    assert!((LIMIT..2 * LIMIT).contains(&read), "{read}");
}

#[test]
fn bodies_wait_for_whoever_reads_them() {
    let server = Server::start("127.0.1.15", |_, s| reply(s, 200, "", &vec![b'x'; LIMIT / 2]));
    let mut fetcher = start(Settings { budget_bytes: 2 * LIMIT, ..settings() }, plan());
    for i in 0..40 {
        ask(&mut fetcher, feed(&server, &format!("/{i}")));
    }
    std::thread::sleep(500 * MS);
    let held = usize::try_from(fetcher.progress().bytes).unwrap();
    // The budget of two limits and one body beyond it; each of the others holds the piece it waits with.
    assert!(held < 12 * LIMIT, "{held}");
    let mut good = 0;
    while let Some(event) = fetcher.next() {
        if let Event::Done(done) = event {
            good += usize::from(word(&done.ended) == "ok");
        }
    }
    assert_eq!(good, 40, "waiting for us is nobody's fault");
}

#[test]
fn messages_are_harmless() {
    let server = Server::start("127.0.1.31", |request, s| match request.path.as_str() {
        "/encoding" => reply(s, 200, "Content-Encoding: \u{202e}evil\r\n", BODY),
        "/status" => raw(s, b"HTTP/1.1 500 \x1b[31mred\x07\r\nContent-Length: 0\r\n\r\n"),
        "/scheme" => reply(s, 302, &format!("Location: {}://x\r\n", "a".repeat(4000)), b""),
        _ => raw(s, "\x1b]0;title\x07\u{202e}".repeat(10_000).as_bytes()),
    });
    for path in ["/encoding", "/status", "/scheme", "/garbage", &format!("/{}", "long".repeat(2000))] {
        let Ended::Failed(error) = one(feed(&server, path)) else { panic!("{path}") };
        let text = error.to_string();
        assert!(text.chars().all(|c| c == '…' || (' '..='~').contains(&c)), "{text:?}");
        assert!(text.len() < 700, "{}", text.len());
    }
}
