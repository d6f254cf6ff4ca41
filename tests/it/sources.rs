//! Sources of a site: files and servers, read, merged with posts, polled with manners.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;

use super::server::{After, Server, reply, then_silence};
use super::site::Site;

const RELEASES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><id>tag:example.org,2024:releases</id><title>Releases of MOSN</title>
<link rel="alternate" href="https://github.com/mosn/mosn/releases"/><updated>2024-04-01T08:00:00Z</updated>
<entry><id>tag:example.org,2024:r/1.8.0-rc1</id><updated>2024-04-01T08:00:00Z</updated><title>v1.8.0-rc1</title>
<link rel="alternate" href="https://github.com/mosn/mosn/releases/tag/v1.8.0-rc1"/><content type="html">soon</content></entry>
<entry><id>tag:example.org,2024:r/1.7.0</id><updated>2024-03-01T08:00:00Z</updated><title>v1.7.0</title>
<link rel="alternate" href="https://github.com/mosn/mosn/releases/tag/v1.7.0"/>
<content type="html">&lt;p&gt;Faster: &lt;a href="/mosn/mosn/pull/1"&gt;the change&lt;/a&gt;, and many more words on it, because what the project itself says of a release is longer than what a digest says of it, and the longer text is the one that readers get, whole and with its links, while the digest is named below it.&lt;/p&gt;</content></entry>
</feed>
"#;

fn rss(items: &[(&str, &str)]) -> String {
    let items: String = items
        .iter()
        .map(|(n, title)| {
            format!("<item><title>{title}</title><link>https://blog.example.com/{n}</link><guid isPermaLink=\"false\">{n}</guid><pubDate>Fri, 0{n} Mar 2024 10:00:00 GMT</pubDate><description>Text &amp; more of {n}.</description></item>")
        })
        .collect();
    format!(
        "<rss version=\"2.0\"><channel><title>A blog</title><link>https://blog.example.com/</link><description>d</description>{items}</channel></rss>"
    )
}

#[test]
fn an_entry_that_got_another_guid_is_still_read() {
    let site = Site::new();
    site.write("feeds/mosn.yaml", "title: MOSN\nsources: [\"file:in/blog.xml\"]\n");
    let publish = |guid: &str, title: &str, link: &str| {
        site.write(
            "in/blog.xml",
            rss(&[("1", title)])
                .replace("<guid isPermaLink=\"false\">1", &format!("<guid isPermaLink=\"false\">{guid}"))
                .replace("https://blog.example.com/1<", &format!("https://blog.example.com/{link}<")),
        );
        site.refresh();
        site.entries()
    };
    let before = publish("g1", "Story one", "1");
    assert_eq!(publish("n1", "Story one", "1"), before, "the same thing under another guid");
    let edited = publish("n1", "Story one, corrected", "1");
    assert_eq!((edited.len(), &edited[0]["id"]), (1, &before[0]["id"]));
    assert_eq!(edited[0]["title"], "Story one, corrected");
    let moved = publish("n1", "Story one, corrected", "blog/1");
    assert_eq!((moved.len(), &moved[0]["id"]), (1, &before[0]["id"]), "{moved:?}");
    assert_eq!(moved[0]["link"], "https://blog.example.com/blog/1");
}

#[test]
fn a_link_that_is_used_again_leaves_the_entry_that_had_it() {
    let site = Site::new();
    site.write("feeds/mosn.yaml", "title: MOSN\nsources: [\"file:in/blog.xml\"]\n");
    let one = rss(&[("1", "Lamps are on")]);
    site.write("in/blog.xml", &one);
    site.refresh();
    let again = one.replace("Lamps are on", "Lamps again").replace("01 Mar", "08 Mar");
    let again = again.replace("<guid isPermaLink=\"false\">1", "<guid isPermaLink=\"false\">g4");
    site.write("in/blog.xml", again);
    site.refresh();
    let titles: Vec<String> = site.entries().iter().map(|e| e["title"].as_str().expect("a title").to_owned()).collect();
    assert_eq!(titles, ["Lamps are on"]);
}

#[test]
fn a_mention_is_no_change_of_what_is_mentioned() {
    let site = Site::new();
    site.write("feeds/mosn.yaml", "title: MOSN\nsources: [\"file:in/blog.xml\"]\n");
    site.write("in/blog.xml", rss(&[("1", "An article of the blog")]));
    site.refresh();
    let updated = || site.entries().iter().find(|e| e["kind"] != "digest").expect("an entry")["updated"].clone();
    let before = updated();
    let weekly = |n: u8, text: &str| {
        let body = format!("### Reading\n\n- [What we read {n}](http://blog.example.com/1){text}\n");
        site.weekly(&format!("w{n}.md"), &format!("Weekly {n}"), &format!("2024-03-0{n}T10:00:00Z"), &body);
        site.refresh();
    };
    weekly(5, "");
    assert_eq!(updated(), before);
    weekly(6, ": which is told of here at some length, and with more words than its own feed has for it");
    assert_eq!(updated(), before);
    let entries = site.entries();
    let article = entries.iter().find(|e| e["kind"] == "article").expect("an article");
    assert_eq!(article["link"], "https://blog.example.com/1", "its feed knows its address");
}

#[test]
fn files_are_sources_and_one_thing_is_one_entry() {
    let site = Site::new();
    site.write("feeds/mosn.yaml", "title: MOSN\naddresses: [github.com/mosn/mosn]\nsources: [{url: \"file:in/releases.atom\", name: releases}, \"file:in/blog.xml\"]\n");
    site.write("in/releases.atom", RELEASES);
    site.write("in/blog.xml", rss(&[("1", "An article of the blog"), ("2", "A second one")]));
    site.weekly(
        "w1.md",
        "Weekly 1",
        "2024-03-05T10:00:00Z",
        "### Reading\n\n- [What we read](https://blog.example.com/1?utm_source=weekly)\n\n### Releases\n\n**1、发布 MOSN v1.7.0 版本，主要变更如下：**\n\n- faster\n\n[https://github.com/mosn/mosn/releases/tag/v1.7.0](https://github.com/mosn/mosn/releases/tag/v1.7.0)\n",
    );
    site.refresh();
    let entries = site.entries();
    let of = |title: &str| entries.iter().filter(|e| e["title"] == title).collect::<Vec<_>>();
    let article = of("What we read");
    assert_eq!(article.len(), 1, "the post's words name it, the feed gives the text");
    assert_eq!(article[0]["kind"], "article");
    assert_eq!(article[0]["source"]["title"], "A blog");
    assert_eq!(article[0]["mentions"][0]["post"], "w1.md");
    assert!(article[0]["text"].as_str().expect("text").contains("Text & more of 1"));
    let release = of("MOSN 1.7.0");
    assert_eq!(release.len(), 1);
    assert_eq!((&release[0]["version"], &release[0]["channel"]), (&"1.7.0".into(), &"stable".into()));
    assert!(release[0]["html"].as_str().expect("html").contains("https://github.com/mosn/mosn/pull/1"));
    assert_eq!(of("MOSN 1.8.0-rc1")[0]["channel"], "prerelease");
    assert_eq!(of("A second one")[0]["projects"][0]["because"]["rule"], "source");
    let atom = site.read("public/mosn/atom.xml");
    assert!(atom.contains("<source>") && !atom.contains("utm_source"), "{atom}");
    let second = site.refresh();
    assert!(
        second.out.contains("2 sources asked (2 unchanged)") && second.out.contains("nothing changed"),
        "{}",
        second.out
    );
    // Only finished releases.
    site.write("feeds/mosn.yaml", site.read("feeds/mosn.yaml") + "channel: stable\n");
    site.refresh();
    assert!(!site.read("public/mosn/atom.xml").contains("1.8.0-rc1"));
}

#[test]
fn a_server_is_asked_with_manners_and_nothing_is_lost() {
    let answer = Arc::new(Mutex::new((200, rss(&[("1", "First"), ("2", "Second"), ("3", "Third")]))));
    let says = Arc::clone(&answer);
    let server = Server::start("127.0.1.1", move |request, stream| {
        let (status, body) = says.lock().expect("a body").clone();
        let tag = format!("\"{}\"", body.len());
        let text = if status == 200 && request.header("if-none-match") == Some(tag.as_str()) {
            format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n")
        } else {
            format!(
                "HTTP/1.1 {status} X\r\nETag: {tag}\r\nContent-Type: application/rss+xml\r\nContent-Length: {}\r\n\r\n{body}",
                body.len()
            )
        };
        let _ = stream.write_all(text.as_bytes());
        After::Keep
    });
    let site = Site::new();
    let address = format!("http://{}/feed.xml", server.address);
    let fetch = "fetch: {allow: [127.0.1.0/24], gap: 0s, min_interval: MIN}\n";
    site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{}", fetch.replace("MIN", "60m")));
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources: [\"{address}\"]\n"));
    let first = site.refresh();
    assert!(first.out.contains("1 source asked (0 unchanged, 3 entries new)"), "{}", first.out);
    for _ in 0..5 {
        site.refresh();
    }
    assert_eq!(server.requests().len(), 1, "an hour is an hour");
    site.run(&["refresh", "--force", &address]);
    let requests = server.requests();
    assert_eq!(requests.len(), 2);
    assert!(requests[1].header("if-none-match").is_some(), "what is known is not asked for again");
    let status = site.run(&["status"]);
    assert!(status.out.contains("3 entries") && status.out.contains("next "), "{}", status.out);
    // The feed shrinks, is edited, fails: what was published stays.
    *answer.lock().expect("a body") = (200, rss(&[("3", "Third, edited")]));
    site.run(&["refresh", "--force", &address]);
    let titles = |site: &Site| {
        let mut titles: Vec<String> =
            site.entries().iter().map(|e| e["title"].as_str().expect("a title").to_owned()).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles(&site), ["First", "Second", "Third, edited"]);
    *answer.lock().expect("a body") = (500, "no".to_owned());
    let failed = site.run(&["refresh", "--force", &address]);
    assert_eq!(failed.status, 0, "a source that fails is no failure of the run");
    assert!(failed.err.contains("HTTP status 500; what it said before stays"), "{}", failed.err);
    assert_eq!(site.run(&["refresh", "--force", &address, "--strict"]).status, 4);
    let json = site.run(&["status", "--json"]);
    let state: serde_json::Value = serde_json::from_str(json.out.trim()).expect("JSON");
    assert_eq!((&state["failing"]["count"], &state["failing"]["class"]), (&2.into(), &"server".into()), "{state}");
    *answer.lock().expect("a body") = (200, "<html><head><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/real.xml\"></head><body><p>x</p></body></html>".to_owned());
    let page = site.run(&["refresh", "--force", &address]);
    assert!(page.err.contains("/real.xml instead"), "{}", page.err);
    assert_eq!(titles(&site).len(), 3);
    let offline = site.run(&["refresh", "--offline"]);
    assert!(offline.out.contains("nothing changed"), "{}", offline.out);
}

#[test]
fn servers_that_refuse_are_recorded_and_left_alone() {
    // Ports that were free a moment ago, on addresses of this test only.
    let closed = |ip: &str| std::net::TcpListener::bind((ip, 0)).and_then(|l| l.local_addr()).expect("a free port");
    let addresses = ["127.0.1.38", "127.0.1.39"].map(|ip| format!("http://{}/feed", closed(ip)));
    let site = Site::new();
    site.write(
        "feedloom.yaml",
        "title: T\nurl: https://feeds.example.org/\nfetch: {allow: [127.0.1.0/24], gap: 0s, min_interval: 60m}\n",
    );
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources: [\"{}\", \"{}\"]\n", addresses[0], addresses[1]));
    let first = site.refresh();
    assert!(first.out.contains("2 sources asked (0 unchanged, 2 failed)"), "{}", first.out);
    assert!(!first.err.contains("offline") && first.err.matches("refused").count() == 2, "{}", first.err);
    let status = site.run(&["status"]);
    assert_eq!(status.out.matches("failed 1 time since").count(), 2, "{}", status.out);
    for _ in 0..2 {
        let next = site.refresh();
        assert!(!next.out.contains("asked"), "{}", next.out);
    }
}

#[test]
fn a_machine_without_a_network_asks_once_an_interval_and_blames_nobody() {
    let site = Site::new();
    // No name ends in this (RFC 6761), with a network or without.
    site.write("feeds/mosn.yaml", "title: MOSN\nsources: [\"https://a.invalid/feed\", \"https://b.invalid/feed\"]\n");
    let first = site.refresh();
    assert!(first.err.contains("is this machine offline?"), "{}", first.err);
    assert_eq!(first.err.lines().count(), 1, "{}", first.err);
    let status = site.run(&["status"]);
    assert!(!status.out.contains("failed") && !status.out.contains("due now"), "{}", status.out);
    let next = site.refresh();
    assert!(next.err.is_empty() && !next.out.contains("asked"), "{}{}", next.out, next.err);
}

#[test]
fn a_name_that_nothing_has_is_told() {
    let site = Site::new();
    site.write("feeds/mosn.yaml", "title: MOSN\nsources: [{url: \"file:in/blog.xml\", name: mosn-blog}]\n");
    site.write("in/blog.xml", rss(&[("1", "First")]));
    // Linked in this very run.
    site.weekly("w.md", "Weekly 1", "2024-01-01", "### Reading\n\n- [About MOSN](https://a.example.com/mosn)\n");
    let force = ["mosn-blog", "https://a.example.com/mosn?utm_source=x", "nope", "mosn-blok"];
    let arguments: Vec<&str> = force.iter().flat_map(|f| ["--force", f]).collect();
    let run = site.run(&[&["refresh"][..], &arguments].concat());
    assert_eq!(run.status, 0, "{}", run.err);
    let told: Vec<&str> = run.err.lines().collect();
    assert_eq!(
        told,
        [
            "warning: --force: no source or linked page has the name or address `nope`",
            "warning: --force: no source or linked page has the name or address `mosn-blok`, did you mean `mosn-blog`?",
        ]
    );
    assert_eq!(site.run(&["refresh", "--strict", "--force", "nope"]).status, 4);
}

#[test]
fn the_log_has_a_line_for_every_request() {
    let there = Server::start("127.0.1.37", |_, s| reply(s, 200, "", rss(&[("1", "First")]).as_bytes()));
    let to = there.url("/feed").to_string();
    let moved = Server::start("127.0.1.36", move |_, s| reply(s, 301, &format!("Location: {to}\r\n"), b""));
    let site = Site::new();
    let source = format!("http://me:s3cr3t@{}/feed%0Aforged", moved.address);
    eager(&site, &format!("title: MOSN\nsources: [\"{source}\"]\n"));
    let output = site.command(&["refresh"]).env("FEEDLOOM_LOG", "debug").output().expect("the program starts");
    let log = String::from_utf8(output.stderr).expect("UTF-8");
    let lines: Vec<&str> = log.lines().collect();
    assert_eq!(lines.len(), 2, "{log}");
    assert!(lines[0].contains(&format!("has moved to {}", there.url("/feed"))), "{log}");
    assert!(lines[0].contains(&format!("url={}", moved.url("/feed%0Aforged"))), "{log}");
    assert!(lines[1].contains(&format!("{} bytes", rss(&[("1", "First")]).len())), "{log}");
    assert!(lines[1].contains("took_ms=") && !log.contains("s3cr3t"), "{log}");
}

#[test]
fn a_pause_of_a_host_outlives_the_run() {
    let busy = Server::start("127.0.1.40", |request, stream| match request.path.as_str() {
        "/busy" => reply(stream, 429, "Retry-After: 3600\r\n", b""),
        _ => reply(stream, 200, "", rss(&[("1", "First")]).as_bytes()),
    });
    let site = Site::new();
    let source = |path: &str| format!("http://{}{path}", busy.address);
    let fetch = "fetch: {allow: [127.0.1.0/24], gap: 0s, min_interval: 0s}\n";
    site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{fetch}"));
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources: [\"{}\"]\n", source("/busy")));
    let first = site.refresh();
    assert!(first.err.is_empty(), "a pause is no failure: {}", first.err);
    // Another source of the host, which the first run did not know.
    site.write("feeds/seata.yaml", format!("title: Seata\nsources: [\"{}\"]\n", source("/fine")));
    for _ in 0..3 {
        site.refresh();
    }
    assert_eq!(busy.requests().len(), 1, "the whole host is left alone");
    let status = site.run(&["status"]);
    assert_eq!(status.out.matches("its host asked for a pause").count(), 2, "{}", status.out);
    // A person may want it all the same, and only this one.
    site.run(&["refresh", "--force", &source("/fine")]);
    assert_eq!((busy.count("/busy"), busy.count("/fine")), (1, 1));
}

/// A server whose answer can be changed.
fn changing(ip: &str, first: (u16, String)) -> (Server, Arc<Mutex<(u16, String)>>) {
    let answer = Arc::new(Mutex::new(first));
    let says = Arc::clone(&answer);
    let server = Server::start(ip, move |_, stream| {
        let (status, body) = says.lock().expect("an answer").clone();
        reply(stream, status, "", body.as_bytes())
    });
    (server, answer)
}

fn eager(site: &Site, project: &str) {
    let fetch = "fetch: {allow: [127.0.1.0/24], gap: 0s, min_interval: 0s}\n";
    site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{fetch}"));
    site.write("feeds/mosn.yaml", project);
}

fn health(site: &Site) -> serde_json::Value {
    let all: serde_json::Value = serde_json::from_str(&site.read("public/health.json")).expect("JSON");
    all["sources"][0].clone()
}

#[test]
fn health_is_published_when_it_changes_and_not_else() {
    let (server, answer) = changing("127.0.1.41", (200, rss(&[("1", "First"), ("2", "Second")])));
    let address = format!("http://{}/feed", server.address);
    let site = Site::new();
    eager(&site, &format!("title: MOSN\nsources: [\"{address}\"]\n"));
    let force = || site.run(&["refresh", "--force", &address]);
    site.refresh();
    let fine = health(&site);
    assert_eq!(
        (&fine["state"], &fine["title"], &fine["projects"][0]),
        (&"fine".into(), &"A blog".into(), &"mosn".into())
    );
    assert_eq!(fine["last_entry"], "2024-03-02T10:00:00Z");
    let before = site.published();
    force();
    assert_eq!(site.published(), before, "a poll is no change");
    *answer.lock().expect("an answer") = (500, String::new());
    force();
    force();
    assert_eq!(site.published(), before, "two failures are no news");
    force();
    let failing = health(&site);
    assert_eq!((&failing["state"], &failing["why"]), (&"failing".into(), &"HTTP status 500".into()));
    let events = site.read("public/health.xml");
    assert_eq!(events.matches("<entry>").count(), 1, "{events}");
    assert!(events.contains("A blog: cannot be read") && events.contains("HTTP status 500"), "{events}");
    let before = site.published();
    *answer.lock().expect("an answer") = (404, String::new());
    force();
    site.run(&["build"]);
    assert_eq!(site.published(), before, "it fails as before");
    // A lost store makes nothing happen twice.
    std::fs::remove_file(site.path(".feedloom/store.sqlite")).expect("a store");
    site.run(&["refresh", "--offline"]);
    assert_eq!(site.read("public/health.xml").matches("<entry>").count(), 1);
    let id = |text: &str| text.split("<id>").nth(2).and_then(|t| t.split('<').next()).map(str::to_owned);
    assert_eq!(id(&site.read("public/health.xml")), id(&events));
    *answer.lock().expect("an answer") = (200, rss(&[("1", "First"), ("2", "Second")]));
    force();
    assert_eq!(health(&site)["state"], "fine");
    assert!(site.read("public/health.xml").contains("A blog: is read again"));
    *answer.lock().expect("an answer") = (410, String::new());
    let gone = force();
    assert!(gone.err.contains("withdrew it (410)"), "{}", gone.err);
    assert_eq!(health(&site)["state"], "gone");
    let asked = server.requests().len();
    site.refresh();
    assert_eq!(server.requests().len(), asked, "never again");
    assert_eq!(site.entries().len(), 2, "and nothing is lost");
}

#[test]
fn a_source_that_moved_stays_the_same_one() {
    let new = Server::start("127.0.1.42", |_, s| reply(s, 200, "", rss(&[("1", "First"), ("2", "Second")]).as_bytes()));
    let to = new.url("/feed").to_string();
    let there = to.clone();
    let old = Server::start("127.0.1.43", move |_, s| reply(s, 301, &format!("Location: {there}\r\n"), b""));
    let address = format!("http://{}/feed", old.address);
    let site = Site::new();
    eager(&site, &format!("title: MOSN\nsources:\n  - \"{address}\"\n"));
    site.refresh();
    let before = site.entries();
    assert_eq!(before.len(), 2);
    let status = site.run(&["status"]);
    assert!(status.out.contains(&format!("redirects to {to}")), "{}", status.out);
    let ledger = site.read(".feedloom/ledger.jsonl");
    assert!(ledger.contains(&format!("{{\"source\":\"{address}\",\"addresses\":[\"{address}\",\"{to}\"]")), "{ledger}");
    // The person writes the new address, with the store or with the ledger alone.
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources:\n  - \"{to}\"\n"));
    for lost in [false, true] {
        if lost {
            std::fs::remove_file(site.path(".feedloom/store.sqlite")).expect("a store");
        }
        site.refresh();
        let after = site.entries();
        let ids = |entries: &[serde_json::Value]| entries.iter().map(|e| e["id"].clone()).collect::<Vec<_>>();
        assert_eq!(ids(&after), ids(&before));
        assert!(after.iter().all(|e| e["projects"][0]["slug"] == "mosn"), "the project keeps them: {after:?}");
        let json = site.run(&["status", "--json"]);
        let state: serde_json::Value = serde_json::from_str(json.out.trim()).expect("one source");
        assert_eq!((&state["name"], &state["address"]), (&address.as_str().into(), &to.as_str().into()));
        assert_eq!((&state["moved"], &state["entries"]), (&serde_json::Value::Null, &2.into()));
    }
    assert_eq!(old.requests().len(), 1);
}

#[cfg(unix)]
#[test]
fn a_signal_ends_a_run_where_nothing_is_lost() {
    use std::process::{Command, Stdio};
    use std::time::{Duration, Instant};

    let quick = Server::start("127.0.1.44", |_, s| reply(s, 200, "", rss(&[("1", "First")]).as_bytes()));
    let silent = Server::start("127.0.1.45", |_, s| then_silence(s, b""));
    for (name, status) in [("TERM", 143), ("INT", 130)] {
        let site = Site::new();
        let (fine, slow) = (quick.url("/feed"), silent.url(&format!("/{name}")));
        eager(&site, &format!("title: MOSN\nsources: [\"{fine}\", \"{slow}\"]\n"));
        site.run(&["refresh", "--offline"]);
        let before = site.published();
        let (seen, asked) = (quick.requests().len(), silent.requests().len());
        let mut command = site.command(&["refresh"]);
        let run = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the program starts");
        let started = Instant::now();
        while quick.requests().len() == seen || silent.requests().len() == asked {
            assert!(started.elapsed() < Duration::from_secs(20), "nobody asks");
            std::thread::sleep(Duration::from_millis(5));
        }
        while !site.run(&["status", "--json"]).out.contains("\"last_success\":\"") {
            assert!(started.elapsed() < Duration::from_secs(20), "nothing is stored");
        }
        let pulled = Instant::now();
        Command::new("kill").args([&format!("-{name}"), &run.id().to_string()]).status().expect("a signal");
        let output = run.wait_with_output().expect("an end");
        assert_eq!(output.status.code(), Some(status), "{name}");
        assert!(pulled.elapsed() < Duration::from_secs(5), "{:?}", pulled.elapsed());
        assert!(String::from_utf8_lossy(&output.stderr).contains("the next run goes on from here"));
        assert_eq!(site.published(), before, "nothing is published by halves");
        // The lock is free, and what was read needs not be asked for again.
        site.run(&["refresh", "--offline"]);
        assert_eq!(site.entries().len(), 1, "{name}");
        let json = site.run(&["status", "--json"]).out;
        let slow: serde_json::Value = json
            .lines()
            .map(|l| serde_json::from_str(l).expect("JSON"))
            .find(|s: &serde_json::Value| s["entries"] == 0)
            .expect("it");
        assert_eq!(slow["failing"], serde_json::Value::Null, "it is not to blame");
    }
}

#[test]
fn a_configuration_cannot_take_over_a_request() {
    let site = Site::new();
    let headers = [
        "Host: x", "Accept-Encoding: br", "IF-NONE-MATCH: '\"1\"'", "Cookie: a=b", "X-Bad: \"a\\r\\nb\"",
        "Authorization: Bearer t",
    ];
    let lines: String = headers.iter().map(|h| format!("      {h}\n")).collect();
    site.write(
        "feeds/mosn.yaml",
        format!("title: MOSN\nsources:\n  - url: https://a.example/feed\n    headers:\n{lines}"),
    );
    let rule =
        "fetch: {hosts: {github.com: {gap: 250ms, per_host: 4}, \"https://x/\": {gap: 1s}, b.example: {gap: soon}}}\n";
    site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{rule}"));
    let run = site.run(&["check"]);
    assert_eq!(run.status, 2);
    for line in [
        "feeds/mosn.yaml:5:7: `Host` cannot be given",
        "feeds/mosn.yaml:6:7: `Accept-Encoding` cannot be given",
        "feeds/mosn.yaml:7:7: `IF-NONE-MATCH` cannot be given",
        "feeds/mosn.yaml:8:7: `Cookie` cannot be given",
        "feeds/mosn.yaml:9:7: `X-Bad` is no usable request header",
        "`https://x/` is no host",
        "`gap` is `soon`, a span such as",
        "7 mistakes",
    ] {
        assert!(run.err.contains(line), "missing {line:?} in\n{}", run.err);
    }
}

#[test]
fn credentials_go_to_their_host_and_into_no_file() {
    let other = Server::start("127.0.1.46", |_, s| reply(s, 200, "", rss(&[("1", "First")]).as_bytes()));
    let there = other.url("/feed");
    let own = Server::start("127.0.1.47", move |_, s| reply(s, 302, &format!("Location: {there}\r\n"), b""));
    let site = Site::new();
    let project = |server: &Server| {
        format!(
            "title: MOSN\nsources:\n  - url: \"http://me:s3cr3t@{}/feed\"\n    headers: {{X-Api-Key: t0ken, User-Agent: mine}}\n",
            server.address
        )
    };
    eager(&site, &project(&own));
    let mut said = String::new();
    let mut run = |arguments: &[&str]| {
        let run = site.run(arguments);
        said.push_str(&run.out);
        said.push_str(&run.err);
    };
    run(&["refresh"]);
    let (first, second) = (&own.requests()[0], &other.requests()[0]);
    assert_eq!(first.header("authorization"), Some("Basic bWU6czNjcjN0"));
    assert_eq!((first.header("x-api-key"), first.header("user-agent")), (Some("t0ken"), Some("mine")));
    assert_eq!((second.header("authorization"), second.header("x-api-key")), (None, None));
    assert!(second.header("user-agent").is_some_and(|agent| agent.starts_with("feedloom/")));
    // The project that names it has its entry.
    assert_eq!(site.entries()[0]["projects"][0]["because"]["rule"], "source");
    // And what is published, kept for ever or printed names no secret, when it fails neither.
    let down = Server::start("127.0.1.48", |_, s| reply(s, 500, "", b""));
    site.write("feeds/seata.yaml", project(&down).replace("MOSN", "Seata"));
    run(&["refresh", "--force", &format!("http://{}/feed", own.address)]);
    run(&["status"]);
    run(&["status", "--json"]);
    run(&["entries", "--json"]);
    assert!(said.contains("HTTP status 500"), "{said}");
    for (name, (bytes, _)) in site.published() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        assert!(!text.contains("s3cr3t") && !text.contains("t0ken"), "{name}: {text}");
    }
    let ledger = site.read(".feedloom/ledger.jsonl");
    assert!(ledger.contains(&own.address.to_string()));
    for secret in ["s3cr3t", "t0ken"] {
        assert!(!ledger.contains(secret) && !said.contains(secret), "{ledger}\n{said}");
    }
}

/// A site whose one project has these files as sources.
fn of_files(files: &[&str]) -> Site {
    let site = Site::new();
    let lines: String = files.iter().map(|f| format!("  - {{url: \"file:in/{f}.xml\", name: {f}}}\n")).collect();
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources:\n{lines}"));
    site
}

/// An item; without a guid where that is empty.
fn item(guid: &str, link: &str, title: &str, date: &str, text: &str) -> String {
    let guid = if guid.is_empty() { String::new() } else { format!("<guid isPermaLink=\"false\">{guid}</guid>") };
    format!(
        "<item><title>{title}</title><link>{link}</link>{guid}<pubDate>{date}</pubDate><description>{text}</description></item>"
    )
}

fn channel(items: &[String]) -> String {
    format!(
        "<rss version=\"2.0\"><channel><title>A show</title><link>https://show.example.com/</link><description>d</description>{}</channel></rss>",
        items.concat()
    )
}

const MARCH: &str = "Fri, 01 Mar 2024 10:00:00 GMT";

fn ids_by_title(site: &Site) -> std::collections::BTreeMap<String, String> {
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    site.entries().iter().map(|e| (text(&e["title"]), text(&e["id"]))).collect()
}

#[test]
fn entries_that_link_to_one_page_are_several() {
    let site = of_files(&["log", "show", "nameless"]);
    let write = |count: u32| {
        let of = |make: &dyn Fn(u32) -> String| channel(&(1..=count).map(make).collect::<Vec<_>>());
        let log =
            |n: u32| item(&format!("c-{n}"), &format!("https://g.example/log#v1.{n}"), &format!("Log {n}"), MARCH, "t");
        let show = |n: u32| item("", "https://show.example.com/", &format!("Show {n}"), MARCH, &format!("Text {n}"));
        let nameless = |n: u32| item("", "https://n.example/x", &format!("Nameless {n}"), MARCH, &format!("Text {n}"));
        site.write("in/log.xml", of(&log));
        site.write("in/show.xml", of(&show));
        site.write("in/nameless.xml", of(&nameless));
    };
    // One at first: that others will have its page is not known yet.
    write(1);
    site.refresh();
    let one = ids_by_title(&site);
    assert_eq!(one.len(), 3, "{one:?}");
    write(3);
    site.refresh();
    let three = ids_by_title(&site);
    assert_eq!(three.len(), 9, "{three:?}");
    assert!(one.iter().all(|(title, id)| three.get(title) == Some(id)), "{one:?} {three:?}");
}

#[test]
fn a_lost_store_withdraws_nothing_of_sources() {
    let site = of_files(&["show"]);
    let items: Vec<String> = (1..=8)
        .map(|n| item(&n.to_string(), &format!("https://show.example.com/{n}"), &format!("Show {n}"), MARCH, "t"))
        .collect();
    site.write("in/show.xml", channel(&items));
    site.refresh();
    let before = ids_by_title(&site);
    let lose = |count: usize| {
        site.write("in/show.xml", channel(&items[..count]));
        std::fs::remove_file(site.path(".feedloom/store.sqlite")).expect("a store");
        site.run(&["refresh"])
    };
    let some = lose(4);
    assert_eq!(some.status, 0, "{}", some.err);
    assert!(some.err.contains("not in the store, which was lost or begun anew: 4;"), "{}", some.err);
    let atom = site.read("public/mosn/atom.xml");
    let none = lose(0);
    assert_eq!(none.status, 5, "{}", none.err);
    assert!(none.err.contains("mosn: held back") && none.err.contains("show: "), "{}", none.err);
    assert_eq!(site.read("public/mosn/atom.xml"), atom);
    assert!(!site.read(".feedloom/ledger.jsonl").contains("\"gone\""));
    let accepted = site.run(&["refresh", "--accept-removals"]);
    assert_eq!(accepted.status, 0, "{}", accepted.err);
    site.write("in/show.xml", channel(&items));
    site.refresh();
    assert_eq!(ids_by_title(&site), before);
}

#[test]
fn a_source_does_not_rewrite_what_another_one_said() {
    let site = of_files(&["a", "b"]);
    let link = "https://a.example/1";
    site.write("in/a.xml", channel(&[item("tag:a.example,2024:1", link, "As A says it", MARCH, "Short.")]));
    site.write("in/b.xml", channel(&[]));
    site.refresh();
    let before = site.entries();
    let longer = "Much longer, and all of it wrong. ".repeat(20);
    site.write("in/b.xml", channel(&[item("b-1", link, "As B has it", "Mon, 01 Jan 2001 10:00:00 GMT", &longer)]));
    site.refresh();
    for lost in ["", ".feedloom/store.sqlite", ".feedloom/ledger.jsonl"] {
        if !lost.is_empty() {
            std::fs::remove_file(site.path(lost)).expect("a file");
            site.refresh();
        }
        let after = site.entries();
        assert_eq!(after.len(), 1, "{after:?}");
        for what in ["id", "title", "text", "published"] {
            assert_eq!(after[0][what], before[0][what], "{what} without {lost:?}");
        }
    }
}

#[test]
fn parts_of_one_project_have_releases_of_their_own() {
    let site = of_files(&["releases"]);
    let tags = [
        "v1.2.0", "sdk/v1.2.0", "api/v1.2.0", "%40alpha/core%401.2.3", "%40alpha/web%401.2.3", "chart-a-1.0.0",
        "chart-b-1.0.0",
    ];
    let of = |tag: &&str| item(tag, &format!("https://github.com/alpha/alpha/releases/tag/{tag}"), tag, MARCH, tag);
    site.write("feeds/mosn.yaml", "title: Alpha\nsources: [{url: \"file:in/releases.xml\", name: releases}]\n");
    site.write("in/releases.xml", channel(&tags.iter().map(of).collect::<Vec<_>>()));
    site.refresh();
    let found: Vec<String> = ids_by_title(&site).into_keys().collect();
    let wanted = [
        "Alpha 1.2.0", "Alpha api 1.2.0", "Alpha chart-a 1.0.0", "Alpha chart-b 1.0.0", "Alpha core 1.2.3",
        "Alpha sdk 1.2.0", "Alpha web 1.2.3",
    ];
    assert_eq!(found, wanted);
    let ledger = site.read(".feedloom/ledger.jsonl");
    assert!(ledger.contains("\"release:alpha|1.2.0\"") && ledger.contains("\"release:alpha/sdk|1.2.0\""), "{ledger}");
}

#[test]
fn ids_of_sources_are_what_ids_may_be() {
    let site = of_files(&["show"]);
    site.post("own.md", "Our own post", "2024-01-01T08:00:00+08:00", "Text.");
    site.refresh();
    let own = ids_by_title(&site)["Our own post"].clone();
    let long = format!("urn:x:{}", "y".repeat(700_000));
    let guids = [own.as_str(), "foo:a b&lt;c&gt;&quot; é", &long, "urn:good:1"];
    let items: Vec<String> = guids
        .iter()
        .enumerate()
        .map(|(n, guid)| item(guid, &format!("https://show.example.com/{n}"), &format!("Show {n}"), MARCH, "t"))
        .collect();
    site.write("in/show.xml", channel(&items));
    site.refresh();
    // All of it again, with the ledger and without.
    for lost in ["store.sqlite", "ledger.jsonl"] {
        let ids = ids_by_title(&site);
        assert_eq!((ids.len(), &ids["Our own post"], ids["Show 3"].as_str()), (5, &own, "urn:good:1"));
        assert!(["Show 0", "Show 1", "Show 2"].iter().all(|t| ids[*t].contains(":upstream/")), "{ids:?}");
        assert!(site.read(".feedloom/ledger.jsonl").len() < 20_000);
        std::fs::remove_file(site.path(&format!(".feedloom/{lost}"))).expect("a file");
        site.refresh();
        assert_eq!(ids_by_title(&site), ids);
    }
}

#[test]
fn headers_stay_behind_when_a_source_has_moved_for_good() {
    let other = Server::start("127.0.1.98", |_, s| reply(s, 200, "", rss(&[("1", "First")]).as_bytes()));
    let own = Server::start("127.0.1.99", |_, s| reply(s, 200, "", rss(&[("1", "First")]).as_bytes()));
    let site = Site::new();
    let address = own.url("/feed");
    eager(&site, &format!("title: MOSN\nsources:\n  - {{url: \"{address}\", headers: {{X-Api-Key: t0ken}}}}\n"));
    site.refresh();
    assert_eq!(own.requests()[0].header("x-api-key"), Some("t0ken"));
    // A day of good answers behind a permanent redirect comes to this.
    let store = rusqlite::Connection::open(site.path(".feedloom/store.sqlite")).expect("a store");
    let state: String = store.query_row("SELECT state FROM source", [], |r| r.get(0)).expect("one source");
    let mut state: serde_json::Value = serde_json::from_str(&state).expect("JSON");
    state["adopted"] = other.url("/feed").as_str().into();
    store.execute("UPDATE source SET state = ?1", [state.to_string()]).expect("written");
    drop(store);
    site.run(&["refresh", "--force", address.as_str()]);
    let asked = other.requests();
    assert_eq!(asked.len(), 1, "the new address is asked");
    assert_eq!(asked[0].header("x-api-key"), None);
}

#[test]
fn files_that_go_with_an_entry_are_in_every_format() {
    let site = of_files(&["show"]);
    let with = |n: u32, enclosures: &str| {
        let entry = item(&format!("s-{n}"), &format!("https://show.example.com/{n}"), &format!("Show {n}"), MARCH, "t");
        entry.replace("</item>", &format!("{enclosures}</item>"))
    };
    let talk = "<enclosure url=\"https://cdn.example.com/1.mp3\" length=\"1024\" type=\"audio/mpeg\"/>";
    let slides = "<enclosure url=\"https://cdn.example.com/1.pdf?a&amp;b\" length=\"?\"/>";
    let odd = "<enclosure url=\"javascript:alert(1)\" type=\"text/html\"/><enclosure url=\"https://cdn.example.com/x\" type=\"no type\"/>";
    let picture = "<enclosure url=\"https://cdn.example.com/3.png\" length=\"9\" type=\"image/png\"/>";
    let items = [with(1, &format!("{slides}{talk}{talk}")), with(2, odd), with(3, picture)];
    site.write("in/show.xml", channel(&items));
    site.refresh();
    let entries = site.entries();
    let of = |title: &str| entries.iter().find(|e| e["title"] == title).expect("an entry");
    let slides = serde_json::json!({ "url": "https://cdn.example.com/1.pdf?a&b", "type": "application/pdf" });
    let talk = serde_json::json!({ "url": "https://cdn.example.com/1.mp3", "type": "audio/mpeg", "length": 1024 });
    assert_eq!(of("Show 1")["enclosures"], serde_json::json!([slides, talk]));
    let unknown = serde_json::json!({ "url": "https://cdn.example.com/x", "type": "application/octet-stream" });
    assert_eq!(of("Show 2")["enclosures"], serde_json::json!([unknown]));
    assert_eq!(of("Show 3")["enclosures"], serde_json::json!([]));
    assert_eq!(of("Show 3")["image"], "https://cdn.example.com/3.png");
    let atom = site.read("public/mosn/atom.xml");
    assert!(
        atom.contains(
            "<link href=\"https://cdn.example.com/1.mp3\" rel=\"enclosure\" type=\"audio/mpeg\" length=\"1024\"/>"
        ),
        "{atom}"
    );
    assert_eq!(atom.matches("rel=\"enclosure\"").count(), 3);
    let rss = site.read("public/mosn/rss.xml");
    // Readers know one an item: the one that is played.
    assert!(
        rss.contains("<enclosure url=\"https://cdn.example.com/1.mp3\" length=\"1024\" type=\"audio/mpeg\"/>"),
        "{rss}"
    );
    assert_eq!(rss.matches("<enclosure").count(), 2);
    let json: serde_json::Value = serde_json::from_str(&site.read("public/mosn/feed.json")).expect("JSON");
    let shows = json["items"].as_array().expect("items");
    let of = |title: &str| shows.iter().find(|e| e["title"] == title).expect("an item");
    let talk =
        serde_json::json!({ "url": "https://cdn.example.com/1.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 1024 });
    assert_eq!(of("Show 1")["attachments"][1], talk);
    assert_eq!(of("Show 3").get("attachments"), None);
}

#[test]
fn links_in_a_file_are_relative_to_its_page() {
    let site = of_files(&["old"]);
    let items = ["/p/1", "next", "https://other.example/2", "mailto:a@b.example", ""].map(|link| {
        let title = format!("To {link}");
        item("", link, &title, MARCH, &title)
    });
    site.write("in/old.xml", channel(&items));
    site.refresh();
    let entries = site.entries();
    let link = |title: &str| entries.iter().find(|e| e["title"] == title).map(|e| e["link"].clone());
    assert_eq!(link("To /p/1").expect("an entry"), "https://show.example.com/p/1");
    assert_eq!(link("To next").expect("an entry"), "https://show.example.com/next");
    assert_eq!(link("To https://other.example/2").expect("an entry"), "https://other.example/2");
    assert_eq!(link("To mailto:a@b.example").expect("an entry"), "https://show.example.com/");
    assert_eq!(entries.len(), 5);
}

#[test]
fn a_source_may_be_asked_for_finished_releases_only() {
    let site = Site::new();
    site.write("in/releases.atom", RELEASES);
    let config = |channel: &str| format!("title: MOSN\nsources: [{{url: \"file:in/releases.atom\"{channel}}}]\n");
    let shown = || {
        let feed: serde_json::Value = serde_json::from_str(&site.read("public/all/feed.json")).expect("JSON");
        let items = feed["items"].as_array().expect("items").iter();
        items.map(|i| i["title"].as_str().expect("a title").to_owned()).collect::<Vec<_>>()
    };
    site.write("feeds/mosn.yaml", config(", channel: stable"));
    site.refresh();
    assert_eq!(shown(), ["MOSN 1.7.0"]);
    // It is a rule: what was read before follows it, too.
    site.write("feeds/mosn.yaml", config(""));
    site.refresh();
    assert_eq!(shown(), ["MOSN 1.8.0-rc1", "MOSN 1.7.0"]);
    site.write("feeds/mosn.yaml", config(", channel: prerelease"));
    site.refresh();
    assert_eq!(shown(), ["MOSN 1.8.0-rc1"]);
}
