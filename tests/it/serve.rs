//! `feedloom serve`: the real binary on a free port of this machine, asked byte by byte.

use std::collections::HashSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::server::{After, Server, reply};
use crate::site::{CONFIG, Site};

/// A server that goes away with the test.
struct Serving {
    child: Child,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
}

/// An answer as it came.
#[derive(Debug, Clone)]
struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    fn json(&self) -> serde_json::Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|e| panic!("{e}: {}", self.text()))
    }
}

impl Serving {
    fn start(site: &Site, arguments: &[&str]) -> Self {
        let mut all = vec!["serve", "--listen", "127.0.0.1:0"];
        all.extend(arguments);
        let mut child = site.command(&all).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
        let mut after = |before: &str| -> SocketAddr {
            let line = lines.next().expect("a line").expect("text");
            let rest = line.strip_prefix(before).unwrap_or_else(|| panic!("{line}"));
            rest.split('/').next().unwrap_or("").parse().expect("an address")
        };
        let address = after("serving http://");
        let metrics = arguments.contains(&"--metrics").then(|| after("numbers at http://"));
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, metrics }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("a timeout");
        stream
    }

    fn ask(&self, head: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(head.as_bytes()).expect("it takes the request");
        read_answer(&mut stream, head.starts_with("HEAD"))
    }

    fn get(&self, path: &str, headers: &[&str]) -> Answer {
        let lines: String = headers.iter().map(|h| format!("{h}\r\n")).collect();
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\n{lines}\r\n"))
    }

    /// Asks until the answer is as it should be.
    fn wait(&self, path: &str, is_right: impl Fn(&Answer) -> bool) -> Answer {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let answer = self.get(path, &[]);
            if is_right(&answer) {
                return answer;
            }
            assert!(Instant::now() < end, "{path}: {} {}", answer.status, answer.text());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(mut self, signal: &str) -> i32 {
        let id = self.child.id().to_string();
        assert!(std::process::Command::new("kill").args([signal, &id]).status().expect("kill").success());
        let end = Instant::now() + Duration::from_secs(6);
        loop {
            if let Some(status) = self.child.try_wait().expect("it was ours") {
                return status.code().unwrap_or(-1);
            }
            assert!(Instant::now() < end, "it did not stop");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read_answer(stream: &mut TcpStream, is_head: bool) -> Answer {
    let mut bytes = Vec::new();
    let mut piece = [0; 16384];
    let end = loop {
        if let Some(at) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break at;
        }
        let length = stream.read(&mut piece).expect("an answer");
        assert!(length > 0, "closed before an answer: {}", String::from_utf8_lossy(&bytes));
        bytes.extend_from_slice(&piece[..length]);
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).expect("a status");
    let headers: Vec<(String, String)> = head
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once(':'))
        .map(|(n, v)| (n.to_ascii_lowercase(), v.trim().to_owned()))
        .collect();
    let mut answer = Answer { status, headers, body: bytes[end + 4..].to_vec() };
    let length: usize = match is_head || status == 304 {
        true => 0,
        false => answer.header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0),
    };
    while answer.body.len() < length {
        let got = stream.read(&mut piece).expect("the body");
        assert!(got > 0, "torn body: {} of {length}", answer.body.len());
        answer.body.extend_from_slice(&piece[..got]);
    }
    assert_eq!(answer.body.len(), length, "more than was said");
    answer
}

const WEEKLY: &str = "## Questions and answers\n\n**1. @maria asks:**\n\n> Can MOSN read its settings from a folder, for graceful restarts?\n\nA: Yes, since 2.3.\n\nMOSN: https://github.com/mosn/mosn\n\n**2. @李四 提问：**\n\n> Seata 的全局锁冲突以后如何重试？限流会影响它吗？\n\nA：默认重试三十次，间隔十毫秒。\n\nSeata：https://github.com/seata/seata\n\n## Releases\n\n**MOSN v1.8.0 released, the changes:**\n\n- one\n- two\n\nDetails: https://github.com/mosn/mosn/releases/tag/v1.8.0\n";

fn site() -> Site {
    let site = Site::new();
    site.weekly("w1.md", "Weekly 1", "2026-03-06T10:00:00Z", WEEKLY);
    site.post("breaker.md", "Circuit breakers in MOSN", "2026-03-01T10:00:00Z", &"The breaker opens. ".repeat(60));
    site.refresh();
    site
}

#[test]
fn what_was_published_is_served_as_rfc_9110_asks() {
    let site = site();
    let serving = Serving::start(&site, &[]);
    let plain = serving.get("/mosn/atom.xml", &[]);
    assert_eq!((plain.status, &plain.body), (200, &std::fs::read(site.path("public/mosn/atom.xml")).unwrap()));
    assert_eq!(plain.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    assert_eq!(plain.header("x-content-type-options"), Some("nosniff"));
    assert!(plain.header("content-security-policy").is_some_and(|p| p.contains("default-src 'none'")));
    assert_eq!(plain.header("vary"), Some("accept, accept-encoding"));
    // A browser shows a feed with its style sheet only when it does not know that it is one.
    let shown = serving.get("/mosn/atom.xml", &["Accept: text/html,application/xml;q=0.9,*/*;q=0.8"]);
    assert_eq!(shown.header("content-type"), Some("application/xml; charset=utf-8"));
    let reader = serving.get("/mosn/atom.xml", &["Accept: application/atom+xml, text/html;q=0.5"]);
    assert_eq!(reader.header("content-type"), Some("application/atom+xml; charset=utf-8"));
    let (etag, date) = (plain.header("etag").unwrap().to_owned(), plain.header("last-modified").unwrap().to_owned());
    assert!(etag.starts_with('"'), "strong: {etag}");

    // Codings: each has its own tag, and unpacks to the same bytes.
    let gzip = serving.get("/mosn/atom.xml", &["Accept-Encoding: gzip, br;q=0"]);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&gzip.body[..]).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let brotli = serving.get("/mosn/atom.xml", &["Accept-Encoding: gzip, deflate, br"]);
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    let mut unpacked = Vec::new();
    brotli_decompressor::Decompressor::new(&brotli.body[..], 4096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let tags: HashSet<&str> = [&plain, &gzip, &brotli].iter().filter_map(|a| a.header("etag")).collect();
    assert_eq!(tags.len(), 3);
    assert_eq!(serving.get("/mosn/atom.xml", &["Accept-Encoding: gzip;q=0"]).header("content-encoding"), None);

    // Conditions.
    for (headers, status) in [
        (vec![format!("If-None-Match: {etag}")], 304),
        (vec![format!("If-None-Match: \"x\", W/{etag}")], 304),
        (vec!["If-None-Match: *".to_owned()], 304),
        (vec!["If-None-Match: \"x\"".to_owned(), format!("If-Modified-Since: {date}")], 200),
        (vec![format!("If-Modified-Since: {date}")], 304),
        (vec!["If-Modified-Since: Thu, 01 Jan 1970 00:00:00 GMT".to_owned()], 200),
        (vec!["If-Match: \"x\"".to_owned()], 412),
        (vec![format!("If-None-Match: {etag}"), "Accept-Encoding: gzip".to_owned()], 200),
        (vec![format!("Range: bytes=0-9"), "If-Match: *".to_owned()], 206),
    ] {
        let lines: Vec<&str> = headers.iter().map(String::as_str).collect();
        let answer = serving.get("/mosn/atom.xml", &lines);
        assert_eq!(answer.status, status, "{headers:?}");
        if status == 304 {
            for name in ["etag", "cache-control", "vary"] {
                assert_eq!(answer.header(name), plain.header(name), "{name}");
            }
        }
    }

    // Parts.
    let part = serving.get("/mosn/atom.xml", &["Range: bytes=5-14", "Accept-Encoding: gzip"]);
    assert_eq!((part.status, &part.body[..]), (206, &plain.body[5..15]));
    assert_eq!(part.header("content-range").unwrap(), format!("bytes 5-14/{}", plain.body.len()));
    let none = serving.get("/mosn/atom.xml", &["Range: bytes=99999999-"]);
    assert_eq!(
        (none.status, none.header("content-range").unwrap()),
        (416, format!("bytes */{}", plain.body.len()).as_str())
    );
    assert_eq!(serving.get("/mosn/atom.xml", &["Range: bytes=0-1", "If-Range: \"x\""]).status, 200);

    // Methods, hosts, folders.
    let head = serving.ask("HEAD /mosn/atom.xml HTTP/1.1\r\nHost: x\r\n\r\n");
    assert_eq!((head.status, head.header("content-length").unwrap()), (200, plain.body.len().to_string().as_str()));
    let post = serving.ask("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc");
    assert_eq!((post.status, post.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(serving.ask("GET / HTTP/1.1\r\n\r\n").status, 400);
    assert_eq!(serving.ask("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n").status, 400);
    assert_eq!(serving.ask("GET / HTTP/1.0\r\n\r\n").status, 200);
    assert_eq!(serving.ask("GET http://elsewhere.example/mosn/atom.xml HTTP/1.1\r\nHost: x\r\n\r\n").body, plain.body);
    assert_eq!(serving.get("/", &[]).header("content-type"), Some("text/html; charset=utf-8"));
    let folder = serving.get("/mosn", &[]);
    assert_eq!((folder.status, folder.header("location")), (301, Some("mosn/")));
    assert_eq!(serving.get("/mosn/", &[]).status, 200);
    assert_eq!(serving.get("/healthz", &[]).text(), "ok\n");

    // Two requests in one packet.
    let mut stream = serving.connect();
    stream
        .write_all(
            b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
        )
        .unwrap();
    let mut both = String::new();
    stream.read_to_string(&mut both).unwrap();
    assert_eq!(both.matches("200 OK").count(), 2);
    assert_eq!(serving.stop("-TERM"), 143);
}

#[test]
fn copied_pictures_are_served_as_what_they_are() {
    let site = site();
    let bytes = [b"RIFF\x20\0\0\0WEBPVP8 ".to_vec(), vec![7; 4000]].concat();
    let name = &blake3::hash(&bytes).to_hex()[..32];
    for (ending, content_type) in [("webp", "image/webp"), ("png", "image/png"), ("jpg", "image/jpeg")] {
        site.write(&format!("public/assets/images/{name}.{ending}"), &bytes);
        let serving = Serving::start(&site, &[]);
        let answer = serving.get(&format!("/assets/images/{name}.{ending}"), &["Accept-Encoding: gzip, br"]);
        assert_eq!((answer.status, answer.header("content-type")), (200, Some(content_type)));
        assert_eq!(
            (answer.header("content-encoding"), answer.header("cache-control")),
            (None, Some("public, max-age=86400"))
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert!(answer.body == bytes);
    }
}

#[test]
fn nothing_outside_is_reached() {
    let site = site();
    site.write("secret.txt", "SECRET");
    site.write("public/.hidden", "SECRET");
    std::os::unix::fs::symlink(site.path("secret.txt"), site.path("public/link.txt")).unwrap();
    let serving = Serving::start(&site, &[]);
    let long = format!("/{}", "a".repeat(60_000));
    for path in [
        "/../secret.txt", "/../../etc/passwd", "/%2e%2e%2fsecret.txt", "/%2e%2e/secret.txt", "/..%5csecret.txt",
        "/..\\secret.txt", "//etc/passwd", "/mosn/../../secret.txt", "/mosn/atom.xml%00.html", "/.hidden", "/link.txt",
        "/.feedloom/ledger.jsonl", "/%", &long,
    ] {
        println!("{}", &path[..path.len().min(40)]);
        let answer = serving.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"));
        assert!(matches!(answer.status, 400 | 404 | 414 | 431), "{} {}", &path[..path.len().min(40)], answer.status);
        assert!(!answer.text().contains("SECRET") && !answer.text().contains("root:"));
    }
    let huge = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "y".repeat(100_000));
    assert!(matches!(serving.ask(&huge).status, 400 | 431));
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(3000));
    assert!(matches!(serving.ask(&many).status, 400 | 431));
    assert_eq!(serving.stop("-INT"), 130);
}

#[test]
fn silent_clients_keep_nobody_out() {
    let site = site();
    let serving = Serving::start(&site, &["--metrics", "127.0.0.1:0"]);
    let mut silent = Vec::new();
    for n in 0..1000 {
        // The test's own descriptors may be fewer.
        let Ok(mut stream) = TcpStream::connect(serving.address) else { break };
        let _ = stream.write_all(if n % 2 == 0 { b"GET / HT" } else { b"GET / HTTP/1.1\r\nHost: x\r\n" });
        silent.push(stream);
    }
    assert!(silent.len() >= 900, "{}", silent.len());
    let mut times: Vec<Duration> = (0..100)
        .map(|_| {
            let started = Instant::now();
            assert_eq!(serving.get("/mosn/atom.xml", &[]).status, 200);
            started.elapsed()
        })
        .collect();
    times.sort();
    assert!(times[98] < Duration::from_millis(500), "{:?}", times[98]);
    let mut stream = TcpStream::connect(serving.metrics.unwrap()).unwrap();
    stream.write_all(b"GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let numbers = read_answer(&mut stream, false).text();
    let evicted = numbers.lines().find_map(|l| l.strip_prefix("feedloom_connections_evicted_total ")).unwrap();
    assert!(evicted.parse::<u64>().unwrap() > 400, "{evicted}");
    assert!(numbers.contains("feedloom_http_requests_total{class=\"2xx\"} 100"), "{numbers}");
    drop(silent);
}

#[test]
fn bodies_are_whole_while_a_refresh_replaces_them() {
    let site = site();
    let serving = Serving::start(&site, &[]);
    let stop = Arc::new(AtomicBool::new(false));
    let seen: Arc<Mutex<HashSet<Vec<u8>>>> = Arc::default();
    let count = Arc::new(AtomicUsize::new(0));
    let readers: Vec<_> = (0..4)
        .map(|n| {
            let (stop, seen, count, address) =
                (Arc::clone(&stop), Arc::clone(&seen), Arc::clone(&count), serving.address);
            std::thread::spawn(move || {
                let mut stream = TcpStream::connect(address).unwrap();
                stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
                while !stop.load(Ordering::Relaxed) {
                    let coding = if n % 2 == 0 { "identity" } else { "gzip" };
                    let ask = format!("GET /mosn/atom.xml HTTP/1.1\r\nHost: x\r\nAccept-Encoding: {coding}\r\n\r\n");
                    stream.write_all(ask.as_bytes()).unwrap();
                    let answer = read_answer(&mut stream, false);
                    assert_eq!(answer.status, 200);
                    let mut body = answer.body;
                    if answer.headers.iter().any(|(n, v)| n == "content-encoding" && v == "gzip") {
                        let mut plain = Vec::new();
                        flate2::read::GzDecoder::new(&body[..]).read_to_end(&mut plain).unwrap();
                        body = plain;
                    }
                    seen.lock().unwrap().insert(body);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let mut published = HashSet::new();
    published.insert(site.read("public/mosn/atom.xml").into_bytes());
    for n in 0..6 {
        site.post(
            "breaker.md",
            &format!("Circuit breakers in MOSN, part {n}"),
            "2026-03-01T10:00:00Z",
            "The breaker opens.",
        );
        site.refresh();
        published.insert(site.read("public/mosn/atom.xml").into_bytes());
        let newest = site.read("public/mosn/atom.xml");
        serving.wait("/mosn/atom.xml", |a| a.text() == newest);
    }
    stop.store(true, Ordering::Relaxed);
    readers.into_iter().for_each(|r| r.join().expect("every body was whole"));
    let seen = seen.lock().unwrap();
    assert!(seen.is_subset(&published), "something was served that was never published");
    assert!(seen.len() >= 5 && count.load(Ordering::Relaxed) > 50, "{} {}", seen.len(), count.load(Ordering::Relaxed));
    // Unchanged bytes keep their tag.
    let before = serving.get("/mosn/atom.xml", &[]).header("etag").unwrap().to_owned();
    site.refresh();
    assert_eq!(serving.get("/mosn/atom.xml", &[]).header("etag"), Some(before.as_str()));
}

#[test]
fn feeds_are_made_on_demand() {
    let site = site();
    let serving = Serving::start(&site, &[]);
    let published: Vec<String> = site.entries().iter().map(|e| e["id"].as_str().unwrap().to_owned()).collect();
    let feed = serving.wait("/feed.json?kind=question,release&project=mosn,seata", |a| a.status == 200);
    assert_eq!(feed.header("content-type"), Some("application/feed+json; charset=utf-8"));
    let json = feed.json();
    let items = json["items"].as_array().unwrap();
    assert_eq!(items.len(), 3, "{json}");
    assert!(items.iter().all(|i| published.iter().any(|id| i["id"] == **id)), "ids are those of the other feeds");
    assert_eq!(json["feed_url"], "https://feeds.example.org/feed.json?kind=question,release&project=mosn,seata");

    // Another spelling leads to the one address.
    let other = serving.get("/feed.json?project=seata,mosn&kind=release&kind=question", &[]);
    assert_eq!(
        (other.status, other.header("location")),
        (301, Some("feed.json?kind=question,release&project=mosn,seata"))
    );

    // The same bytes as entries of the published feed.
    let atom = serving.get("/feed.atom?project=mosn", &[]);
    let own = site.read("public/mosn/atom.xml");
    let entries = |text: &str| text[text.find("<entry>").unwrap()..text.rfind("</entry>").unwrap()].to_owned();
    assert_eq!(entries(&atom.text()), entries(&own));
    assert!(
        atom.text().contains("<link href=\"https://feeds.example.org/feed.atom?project=mosn\" rel=\"self\""),
        "{}",
        atom.text()
    );
    let tag = atom.header("etag").unwrap().to_owned();
    assert_eq!(serving.get("/feed.atom?project=mosn", &[&format!("If-None-Match: {tag}")]).status, 304);
    feed_rs::parser::parse(&atom.body[..]).expect("Atom");
    feed_rs::parser::parse(&serving.get("/feed.rss?kind=release", &[]).body[..]).expect("RSS");

    // By words, Chinese and English.
    serving.wait("/search.json?q=restarts", |a| a.json()["complete"] == true && a.json()["results"][0].is_object());
    let titles = |path: &str| -> Vec<String> {
        let json = serving.get(path, &[]).json();
        json["items"].as_array().unwrap().iter().map(|i| i["title"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(titles("/feed.json?kind=question&q=%E9%99%90%E6%B5%81").len(), 1);
    assert_eq!(titles("/feed.json?kind=question&q=graceful").len(), 1);
    assert_eq!(titles("/feed.json?lang=zh"), Vec::<String>::new());

    // What cannot be answered says why.
    for (path, status, says) in [
        ("/feed.atom?project=mosnn", 404, "did you mean `mosn`?"),
        ("/feed.atom?project=zzz", 404, "all, mosn, seata"),
        ("/feed.atom?kind=sandwich", 400, "question, article, release"),
        ("/feed.atom?colour=red", 400, "project, kind, q, lang, page"),
        ("/feed.atom?page=9", 404, "1 pages"),
        ("/feed.atom?page=-1", 400, "`-1`"),
        (&format!("/feed.atom?q={}", "x".repeat(10_000)), 400, "10002 bytes"),
        (&format!("/feed.atom?q={}", "x".repeat(300)), 400, "200 characters"),
    ] {
        let answer = serving.get(path, &[]);
        assert_eq!(answer.status, status, "{}", answer.text());
        assert!(answer.text().contains(says), "{}", answer.text());
    }
    for q in ["%22", "%27%3B--", "%00", "NEAR(%20OR%20*", "%7Btitle%7D%3A%20x", "%FF%FE", "%E2%80%AE"] {
        assert!(matches!(serving.get(&format!("/feed.json?q={q}"), &[]).status, 200 | 301), "{q}");
    }
}

#[test]
fn older_entries_are_in_numbered_documents() {
    let site = Site::new();
    site.write("feedloom.yaml", format!("{CONFIG}output: {{entries: 5}}\n"));
    let post = |n: usize| {
        site.post(&format!("p{n}.md"), &format!("Post {n} of MOSN"), &format!("2026-01-{:02}T10:00:00Z", n + 1), "x")
    };
    (0..12).for_each(post);
    site.refresh();
    let serving = Serving::start(&site, &[]);
    let live = serving.wait("/feed.json", |a| a.status == 200).json();
    let mut ids: Vec<String> = Vec::new();
    let mut next = Some(live.clone());
    let mut documents = 0;
    while let Some(document) = next {
        documents += 1;
        for item in document["items"].as_array().unwrap() {
            let id = item["id"].as_str().unwrap().to_owned();
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        next = document["next_url"]
            .as_str()
            .map(|u| serving.get(u.strip_prefix("https://feeds.example.org").unwrap(), &[]).json());
        assert!(documents < 10);
    }
    assert_eq!((ids.len(), documents), (12, 3));
    let oldest = serving.get("/feed.atom?page=1", &[]);
    assert!(oldest.text().contains("<fh:archive"), "{}", oldest.text());
    // A full document stays as it is when entries come.
    post(12);
    site.refresh();
    serving.wait("/feed.json", |a| a.json()["items"][0]["title"] == "Post 12 of MOSN");
    let again = serving.get("/feed.atom?page=1", &[]);
    assert_eq!(again.body, oldest.body);
    assert_eq!(again.header("etag"), oldest.header("etag"));
}

#[test]
fn words_are_found_in_two_languages() {
    let site = site();
    let search = |words: &str| -> Vec<String> {
        let run = site.run(&["entries", "--json", "--search", words]);
        assert_eq!(run.status, 0, "{}", run.err);
        run.out
            .lines()
            .map(|l| serde_json::from_str::<serde_json::Value>(l).unwrap()["title"].as_str().unwrap().to_owned())
            .collect()
    };
    let question = |titles: &[String], start: &str| titles.iter().any(|t| t.starts_with(start));
    assert!(question(&search("锁"), "Seata 的全局锁"), "{:?}", search("锁"));
    assert!(question(&search("重试"), "Seata 的全局锁"));
    assert!(question(&search("全局锁 seata"), "Seata 的全局锁"));
    assert!(question(&search("graceful restarts"), "Can MOSN read"));
    assert!(question(&search("eaker"), "Circuit breakers"));
    assert_eq!(search("breaker")[0], "Circuit breakers in MOSN", "titles come first");
    assert_eq!(search("\"breakers circuit\""), Vec::<String>::new());
    assert_eq!(search("\" OR 1=1 --"), Vec::<String>::new());
    let narrowed = site.run(&["entries", "--search", "mosn", "--kind", "release"]);
    assert_eq!(narrowed.out.lines().count(), 1, "{}", narrowed.out);

    let serving = Serving::start(&site, &[]);
    let page = serving.wait("/search/?q=%E5%85%A8%E5%B1%80%E9%94%81", |a| a.text().contains("<li"));
    assert!(page.text().contains("Seata 的全局锁") && page.text().contains("value=\"全局锁\""), "{}", page.text());
    assert!(!page.text().contains("search.js"), "it works without");
    assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
    let moved = serving.get("/search?q=a%26b", &[]);
    assert_eq!((moved.status, moved.header("location")), (301, Some("search/?q=a%26b")));
    let hostile = serving.get("/search/?q=%3Cscript%3Ealert(1)%3C/script%3E%22", &[]);
    assert_eq!(hostile.status, 200);
    assert!(!hostile.text().contains("<script>alert"), "{}", hostile.text());
    assert_eq!(serving.get(&format!("/search/?q={}", "x".repeat(10_000)), &[]).status, 400);
    // For static hosts.
    let catalogue: serde_json::Value = serde_json::from_str(&site.read("public/search/index.json")).unwrap();
    let files = catalogue["shards"]["seata"].as_array().unwrap();
    let shard = site.read(&format!("public/search/{}", files[0].as_str().unwrap()));
    assert!(shard.contains("Seata 的全局锁"), "{shard}");
    assert!(site.read("public/search/index.html").contains("search.js"));
    site.write("feedloom.yaml", format!("{CONFIG}search: false\n"));
    site.refresh();
    assert!(!site.path("public/search").exists());
    serving.wait("/search/?q=mosn", |a| a.status == 404);
}

#[test]
fn it_refreshes_by_itself() {
    let site = Site::new();
    site.post("a.md", "First of MOSN", "2026-03-01T10:00:00Z", "x");
    let serving = Serving::start(&site, &["--every", "10s", "--offline"]);
    serving.wait("/all/feed.json", |a| a.text().contains("First of MOSN"));
    // The lock is held during a refresh only: what was just published may be the end of one.
    site.post("b.md", "Second of MOSN", "2026-03-02T10:00:00Z", "x");
    let statuses = (0..50).map(|n| {
        std::thread::sleep(Duration::from_millis(if n == 0 { 0 } else { 100 }));
        site.run(&["refresh"]).status
    });
    assert_eq!({ statuses }.find(|status| *status != 3), Some(0));
    serving.wait("/all/feed.json", |a| a.text().contains("Second of MOSN"));
    serving.wait("/feed.json", |a| a.text().contains("Second of MOSN"));
    site.post("c.md", "Third of MOSN", "2026-03-03T10:00:00Z", "x");
    serving.wait("/all/feed.json", |a| a.text().contains("Third of MOSN"));
    assert_eq!(serving.stop("-TERM"), 143);
    assert_eq!(site.run(&["refresh"]).status, 0, "the lock is free and the state sound");
}

#[test]
fn an_address_in_use_is_named() {
    let site = site();
    let serving = Serving::start(&site, &[]);
    let run = site.run(&["serve", "--listen", &serving.address.to_string()]);
    assert_eq!(run.status, 1);
    assert!(run.err.contains(&serving.address.to_string()), "{}", run.err);
    assert_eq!(site.run(&["serve", "--every", "soon"]).status, 2);
}

/// A hub stand-in: what it was told, and what it answers.
fn hub(status: Arc<AtomicUsize>, told: Arc<Mutex<Vec<String>>>) -> Server {
    Server::start("127.0.0.1", move |request, stream| {
        assert_eq!(request.header("content-type"), Some("application/x-www-form-urlencoded"));
        let status = status.load(Ordering::SeqCst);
        if status == 0 {
            std::thread::sleep(Duration::from_secs(8));
        }
        if status == 204 {
            let form = String::from_utf8_lossy(&request.body).into_owned();
            let pairs: Vec<(String, String)> = url::form_urlencoded::parse(form.as_bytes()).into_owned().collect();
            assert!(pairs.contains(&("hub.mode".to_owned(), "publish".to_owned())), "{form}");
            let topic = pairs.iter().find(|(n, _)| n == "hub.url").map(|(_, v)| v.clone()).expect("a topic");
            told.lock().unwrap().push(topic);
        }
        reply(
            stream,
            u16::try_from(status).unwrap_or(500),
            "Location: http://127.0.0.1:1/\r\nConnection: close\r\n",
            b"",
        );
        After::Close
    })
}

#[test]
fn a_hub_is_told_of_what_changed() {
    let (status, told) = (Arc::new(AtomicUsize::new(204)), Arc::new(Mutex::new(Vec::new())));
    let hub = hub(Arc::clone(&status), Arc::clone(&told));
    let take = || {
        let mut topics = std::mem::take(&mut *told.lock().unwrap());
        topics.sort();
        topics
    };
    let address = hub.url("/hub");
    let site = Site::new();
    // Not opened by the operator, it is not asked.
    site.write("feedloom.yaml", format!("{CONFIG}hub: {address}\n"));
    site.post("a.md", "First of MOSN", "2026-03-01T10:00:00Z", "x");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 0, "a hub that fails is no failure");
    assert!(run.err.contains("fetch.allow"), "{}", run.err);
    assert_eq!(hub.requests().len(), 0);
    site.write("feedloom.yaml", format!("{CONFIG}hub: {address}\nfetch: {{allow: [127.0.0.0/8]}}\n"));
    site.refresh();
    assert_eq!(take().len(), 9, "three feeds in three formats");
    site.refresh();
    assert_eq!(take(), Vec::<String>::new(), "nothing changed");

    // Discovery: in the feeds and in headers.
    let atom = site.read("public/mosn/atom.xml");
    assert!(atom.contains(&format!("<link href=\"{address}\" rel=\"hub\"")), "{atom}");
    assert!(atom.contains("rel=\"self\""));
    let rss = site.read("public/mosn/rss.xml");
    assert!(rss.contains(&format!("href=\"{address}\" rel=\"hub\"")), "{rss}");
    let json: serde_json::Value = serde_json::from_str(&site.read("public/mosn/feed.json")).unwrap();
    assert_eq!(json["hubs"][0]["url"], address.as_str());
    let serving = Serving::start(&site, &[]);
    let link = format!("<{address}>; rel=\"hub\", <https://feeds.example.org/mosn/atom.xml>; rel=\"self\"");
    assert_eq!(serving.get("/mosn/atom.xml", &[]).header("link"), Some(link.as_str()));
    drop(serving);

    // Only what changed; when the hub fails, at the next run.
    status.store(500, Ordering::SeqCst);
    site.post("b.md", "About nothing known", "2026-03-02T10:00:00Z", "x");
    let failed = site.run(&["refresh"]);
    assert_eq!(failed.status, 0);
    assert!(failed.err.contains("3 of 3 feeds could not be told of: HTTP status 500"), "{}", failed.err);
    status.store(204, Ordering::SeqCst);
    site.refresh();
    let all = ["all/atom.xml", "all/feed.json", "all/rss.xml"].map(|p| format!("https://feeds.example.org/{p}"));
    assert_eq!(take(), all);

    // A redirect is not followed; a slow hub does not hold the run up.
    status.store(302, Ordering::SeqCst);
    site.post("b.md", "About nothing at all", "2026-03-02T10:00:00Z", "y");
    assert!(site.run(&["refresh"]).err.contains("the hub has moved"));
    status.store(0, Ordering::SeqCst);
    let started = Instant::now();
    let slow = site.run(&["refresh"]);
    assert!(slow.err.contains("no answer in time"), "{}", slow.err);
    assert!(started.elapsed() < Duration::from_secs(7), "{:?}", started.elapsed());
    status.store(204, Ordering::SeqCst);
    site.run(&["refresh", "--offline"]);
    assert_eq!(take(), Vec::<String>::new(), "no server is asked");
}
