//! Linked pages: asked politely and once, stored, and made part of entries whose ids and
//! dates do not move.
//!
//! | row of faults | test |
//! |---|---|
//! | F4 pauses, F6 robots.txt | `robots_txt_is_obeyed`, `a_host_that_asks_who_is_asking_is_left_alone` |
//! | F7 500, slow, huge | `failures_are_tried_again_later_and_stop_nothing` |
//! | G5 forbidden addresses | `no_link_leads_to_a_forbidden_address` |
//! | S1 kill | `a_killed_run_keeps_the_pages_it_read` |

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use feedloom::run::fetching::Asking;
use feedloom::run::refresh::{self, Report};
use feedloom::run::{self, Moment};
use serde_json::Value;

use super::server::{After, Request, Server, reply, then_silence};
use super::site::Site;

const CANARY: &str = "SECRET-INTERNAL-TOKEN";

/// An article as a blog writes it.
pub fn page(title: &str, words: &str) -> String {
    let paragraph = format!(
        "<p>{words} is described here at length, with every step that is needed and the reasons for it. Nobody has to look it up elsewhere, because all of it is said in these few sentences, which follow one another in good order.</p>"
    );
    format!(
        "<!DOCTYPE html><html lang=\"en\"><head><title>{title}</title><meta property=\"og:title\" content=\"{title}\"><meta property=\"og:site_name\" content=\"A blog of others\"><meta name=\"author\" content=\"Ann Example\"><meta property=\"article:published_time\" content=\"2024-02-03T04:05:06+08:00\"><meta property=\"og:image\" content=\"/cover.png\"></head><body><article><h1>{title}</h1>{}</article></body></html>",
        paragraph.repeat(6)
    )
}

pub fn html(stream: &mut TcpStream, headers: &str, body: &str) -> After {
    reply(stream, 200, &format!("Content-Type: text/html; charset=utf-8\r\n{headers}"), body.as_bytes())
}

/// A blog with as many articles as anybody wants: `/NAME` is "Title of NAME".
fn blog(request: &Request, stream: &mut TcpStream) -> After {
    match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b"none"),
        path => {
            let name = path.trim_start_matches('/');
            html(stream, "", &page(&format!("Title of {name} on MOSN"), name))
        }
    }
}

/// A site whose posts link to servers of the test.
pub struct Linked {
    pub site: Site,
    now: DateTime<Utc>,
}

impl Linked {
    pub fn new(articles: &str) -> Self {
        let linked = Self { site: Site::new(), now: "2024-06-01T12:00:00Z".parse().expect("a date") };
        linked.configure(articles);
        linked
    }

    pub fn configure(&self, articles: &str) {
        let config = super::site::CONFIG.replace("articles: {fetch: false}\n", "");
        let fetch = "fetch: {allow: [127.0.1.0/24], gap: 0s, per_host: 8}\n";
        self.site.write("feedloom.yaml", format!("{config}{fetch}articles: {{{articles}}}\n"));
    }

    /// A digest of week `n` with links.
    pub fn weekly(&self, n: u32, links: &[(&str, &str)]) {
        let items: String = links.iter().map(|(text, address)| format!("- [{text}]({address})\n")).collect();
        let date = format!("2024-03-{n:02}T08:00:00Z");
        self.site.weekly(&format!("w{n}.md"), &format!("Weekly {n}"), &date, &format!("### Reading\n\n{items}"));
    }

    pub fn run_with(&mut self, asking: &Asking, later: TimeDelta) -> Report {
        self.now += later;
        let opened = run::open(Some(&self.site.path("")), Path::new("/")).expect("a site");
        refresh::refresh(&opened, asking, Moment::at(self.now), &mut |_, _, _| {}).expect("the run works")
    }

    pub fn run(&mut self) -> Report {
        self.run_with(&Asking::default(), TimeDelta::minutes(10))
    }

    pub fn entry(&self, link: &str) -> Value {
        let entries = self.site.entries();
        let found: Vec<&Value> = entries.iter().filter(|e| e["link"] == link && e["kind"] == "article").collect();
        assert_eq!(found.len(), 1, "{link} in {entries:#?}");
        found[0].clone()
    }

    /// The JSON object of `status --json` about articles.
    pub fn status(&self) -> Value {
        let out = self.site.run(&["status", "--json"]).out;
        let last: Value = serde_json::from_str(out.lines().last().expect("a line")).expect("JSON");
        last["articles"].clone()
    }

    fn explain(&self, wanted: &str) -> String {
        self.site.run(&["explain", wanted]).out
    }

    pub fn content(&self, feed: &str, link: &str) -> String {
        let feed: Value = serde_json::from_str(&self.site.read(&format!("public/{feed}/feed.json"))).expect("JSON");
        let item = feed["items"].as_array().expect("items").iter().find(|i| i["url"] == link).expect("the entry");
        item["content_html"].as_str().expect("content").to_owned()
    }
}

/// What a subscriber must not see changing.
pub fn fixed(entry: &Value) -> Vec<Value> {
    ["id", "link", "published", "updated", "first_seen", "kind"].iter().map(|k| entry[*k].clone()).collect()
}

#[test]
fn entries_come_from_links_and_are_completed_over_two_runs() {
    let server = Server::start("127.0.1.1", blog);
    let address = |name: &str| server.url(&format!("/{name}")).to_string();
    let names: Vec<String> = (0..5).map(|n| format!("a{n}")).collect();
    let mut linked = Linked::new("per_host_per_day: 3");
    for (n, name) in names.iter().enumerate() {
        linked.weekly(n as u32 + 1, &[(&format!("Words of the digest about {name}"), &address(name))]);
    }
    linked
        .weekly(9, &[("Our own post", "/blog/w1/"), ("Again the first", &format!("{}?utm_source=w9", address("a0")))]);
    // What is published of the links alone.
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(10));
    assert!(server.requests().is_empty(), "offline is offline");
    let before: Vec<Value> = names.iter().map(|n| linked.entry(&address(n))).collect();
    assert_eq!(before[1]["title"], "Words of the digest about a1");
    // The first run: as much as the budget allows, the newest mentions first.
    let first = linked.run();
    assert_eq!((first.pages.pages, first.pages.read), (3, 3));
    for name in ["a0", "a4", "a3"] {
        assert_eq!(server.count(&format!("/{name}")), 1, "{name}: {:?}", server.requests());
    }
    assert_eq!(server.count("/robots.txt"), 1);
    assert_eq!(linked.run().pages.pages, 0, "the budget of the day is spent");
    assert_eq!(linked.status()["waiting"], 2);
    // The next day the rest.
    let second = linked.run_with(&Asking::default(), TimeDelta::days(1));
    assert_eq!((second.pages.pages, second.pages.read), (2, 2));
    let requests = server.requests().len();
    linked.run_with(&Asking::default(), TimeDelta::days(40));
    assert_eq!(server.requests().len(), requests, "nothing is asked for twice");
    for (name, before) in names.iter().zip(&before) {
        let after = linked.entry(&address(name));
        assert_eq!(fixed(&after), fixed(before), "{name}");
        assert_eq!(after["title"], format!("Title of {name} on MOSN"));
        assert_eq!(after["authors"][0]["name"], "Ann Example");
        assert_eq!(after["issued"], "2024-02-02T20:05:06Z");
        assert_eq!(after["source"]["title"], "A blog of others");
        assert_eq!(after["image"], server.url("/cover.png").as_str());
        assert_eq!(after["projects"][0]["because"]["text"], "MOSN", "the page's title says what it is about");
        let text = after["text"].as_str().expect("text");
        assert!(text.contains("described here at length") && text.chars().count() <= 600, "{text}");
        let content = linked.content("all", &address(name));
        assert!(content.starts_with("<p><img src="), "{content}");
        assert!(content.contains("Recommended in") && content.contains("First published 2024-02-02"), "{content}");
        let credit = format!("Original: <a href=\"{}\">A blog of others</a> · Ann Example", address(name));
        assert!(content.contains(&credit), "{content}");
    }
    assert_eq!(linked.entry(&address("a0"))["mentions"].as_array().map(Vec::len), Some(2));
    let explained = linked.explain(&address("a2"));
    assert!(
        explained.contains("page       read 2024-06-02") && explained.contains("the title is the page's"),
        "{explained}"
    );
    assert!(explained.contains("it says that it was published 2024-02-03T04:05:06+08:00"), "{explained}");
    let status = linked.status();
    assert_eq!((&status["read"], &status["waiting"]), (&5.into(), &0.into()), "{status}");
    // Another decision about how much is published needs no request.
    linked.configure("content: full");
    linked.run();
    let whole = linked.entry(&address("a2"));
    assert!(whole["text"].as_str().expect("text").chars().count() > 1000);
    assert_eq!(fixed(&whole), fixed(&before[2]), "what is published of it changes no date");
    linked.configure("content: full, hosts: {127.0.1.1: {content: link}}");
    linked.run();
    assert_eq!(linked.entry(&address("a2"))["text"], "");
    assert_eq!(server.requests().len(), requests);
    // Neither does a store that is lost: what it must know is asked for again, no id and no date moves.
    std::fs::remove_file(linked.site.path(".feedloom/store.sqlite")).expect("removed");
    linked.run();
    assert_eq!(fixed(&linked.entry(&address("a2"))), fixed(&before[2]));
}

#[test]
fn robots_txt_is_obeyed() {
    let server = Server::start("127.0.1.1", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 200, "", b"User-agent: *\nDisallow: /private/\n"),
        _ => blog(request, stream),
    });
    let down = Server::start("127.0.1.2", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 503, "", b"later"),
        _ => blog(request, stream),
    });
    let (open, private) = (server.url("/open").to_string(), server.url("/private/x").to_string());
    let unknown = down.url("/x").to_string();
    let mut linked = Linked::new("");
    linked.weekly(1, &[("An open page", &open), ("A private page", &private), ("Nobody knows", &unknown)]);
    linked.run();
    for _ in 0..3 {
        linked.run();
    }
    assert_eq!((server.count("/open"), server.count("/private/x"), down.count("/x")), (1, 0, 0));
    assert_eq!(server.count("/robots.txt"), 1, "kept between runs");
    assert_eq!(down.count("/robots.txt"), 2, "asked again when the pause is over, and not before");
    assert_eq!(linked.entry(&private)["title"], "A private page");
    assert!(linked.explain(&private).contains("robots.txt asks programs to stay away"), "{}", linked.explain(&private));
    assert_eq!(linked.status()["refused"]["robots"]["127.0.1.1"], 1);
    // The operator decides otherwise for one host: at once.
    linked.configure("hosts: {127.0.1.1: {robots: ignore}}");
    linked.run();
    assert_eq!((server.count("/private/x"), server.count("/open"), down.count("/x")), (1, 1, 0));
    assert!(linked.entry(&private)["title"].as_str().expect("a title").contains("Title of private"));
    let told = linked.site.run(&["status"]).out;
    assert!(told.contains("127.0.1.1: its robots.txt is not asked"), "{told}");
}

#[test]
fn failures_are_tried_again_later_and_stop_nothing() {
    let heals = Arc::new(Mutex::new(false));
    let healed = Arc::clone(&heals);
    let server = Server::start("127.0.1.1", move |request, stream| {
        let is_well = *healed.lock().expect("a flag");
        match request.path.as_str() {
            "/broken" if !is_well => reply(stream, 500, "", b"no"),
            "/slow" if !is_well => then_silence(stream, b"HTTP/1.1 200 OK\r\nContent-Length: 99999\r\n\r\n<html>"),
            "/huge" => {
                let body = "<p>much too much of everything</p>".repeat(700_000);
                html(stream, "", &body)
            }
            "/gone" => reply(stream, 410, "", b"gone"),
            "/picture" => reply(stream, 200, "Content-Type: image/png\r\n", b"\x89PNG\r\n\x1a\n0000"),
            "/nothing" => html(
                stream,
                "",
                "<html><head><title>404 Not Found</title></head><body><h1>404 Not Found</h1><p>The page you are looking for does not exist.</p></body></html>",
            ),
            _ => blog(request, stream),
        }
    });
    let address = |name: &str| server.url(&format!("/{name}")).to_string();
    let names = ["broken", "slow", "huge", "gone", "picture", "nothing", "fine"];
    let texts: Vec<(String, String)> = names.iter().map(|n| (format!("The link to {n}"), address(n))).collect();
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let mut linked = Linked::new("");
    linked.weekly(1, &links);
    let begun = Instant::now();
    let report = linked.run();
    assert!(begun.elapsed() < Duration::from_secs(40));
    assert_eq!((report.pages.pages, report.pages.read), (7, 1), "{:?}", report.problems);
    let title = |linked: &Linked, name: &str| linked.entry(&address(name))["title"].as_str().expect("it").to_owned();
    for name in &names[..6] {
        assert_eq!(title(&linked, name), format!("The link to {name}"), "no error page is an article");
    }
    assert_eq!(title(&linked, "fine"), "Title of fine on MOSN");
    let asked = server.requests().len();
    linked.run();
    assert_eq!(server.requests().len(), asked, "not at once");
    *heals.lock().expect("a flag") = true;
    linked.run_with(&Asking::default(), TimeDelta::hours(3));
    assert_eq!((title(&linked, "broken"), server.count("/broken")), ("Title of broken on MOSN".to_owned(), 2));
    assert_eq!(title(&linked, "slow"), "Title of slow on MOSN");
    for _ in 0..3 {
        linked.run_with(&Asking::default(), TimeDelta::days(90));
    }
    for name in ["gone", "picture", "fine", "broken", "slow"] {
        assert!(server.count(&format!("/{name}")) <= 2, "{name}");
    }
    assert_eq!((server.count("/gone"), server.count("/picture")), (1, 1), "final is final");
    let explained = linked.explain(&address("picture"));
    assert!(explained.contains("refused") && explained.contains("it is not asked for again"), "{explained}");
    // A person may have another look.
    linked.run_with(&Asking { force: vec![address("gone")], ..Asking::default() }, TimeDelta::hours(1));
    assert_eq!(server.count("/gone"), 2);
}

#[test]
fn a_host_that_asks_who_is_asking_is_left_alone() {
    let server = Server::start("127.0.1.1", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b""),
        _ => reply(stream, 429, "Retry-After: 7200\r\n", b"too often"),
    });
    let texts: Vec<(String, String)> =
        (0..6).map(|n| (format!("Link number {n}"), server.url(&format!("/p{n}")).to_string())).collect();
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let mut linked = Linked::new("");
    linked.site.write("feedloom.yaml", linked.site.read("feedloom.yaml").replace("per_host: 8", "per_host: 1"));
    linked.weekly(1, &links);
    linked.run();
    let asked = server.requests().len();
    assert!(asked <= 3, "{asked} requests");
    linked.run();
    assert_eq!(server.requests().len(), asked, "the pause holds for the next run");
    linked.run_with(&Asking::default(), TimeDelta::hours(3));
    assert!(server.requests().len() > asked);
}

#[test]
fn saved_pages_stand_in_for_the_network() {
    let server = Server::start("127.0.1.1", blog);
    let fetched = server.url("/web").to_string();
    let mut linked = Linked::new("folder: saved");
    linked.weekly(
        1,
        &[
            ("A link in WeChat", "https://mp.weixin.qq.com/s?__biz=MzA%3D%3D&mid=22&idx=1&sn=x&chksm=y"),
            ("A link to a closed site", "https://closed.example/p/1?utm_source=w"),
            ("A saved one", &fetched),
        ],
    );
    linked.site.write("saved/closed.yaml", "address: https://closed.example/p/1\ntitle: 关于 Seata 的文章\nauthor: 王五\nsite_name: A closed site\npublished: 2024-02-29\nsummary: 文章的摘要由人写成。\n");
    let saved = page("The page as it was saved", "Saving");
    linked
        .site
        .write("saved/sub/page.html", format!("<!-- saved from url=({:04}){fetched} -->\n{saved}", fetched.len()));
    linked.site.write("saved/sub/page_files/frame.html", "<p>a frame</p>");
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    assert!(server.requests().is_empty());
    let closed = linked.entry("https://closed.example/p/1");
    assert_eq!((&closed["title"], &closed["source"]["title"]), (&"关于 Seata 的文章".into(), &"A closed site".into()));
    assert_eq!((&closed["issued"], &closed["text"]), (&"2024-02-29T00:00:00Z".into(), &"文章的摘要由人写成。".into()));
    assert_eq!(closed["projects"][0]["slug"], "seata");
    assert_eq!(linked.entry(&fetched)["title"], "The page as it was saved");
    assert!(
        linked.explain(&fetched).contains("from the saved file saved/sub/page.html"),
        "{}",
        linked.explain(&fetched)
    );
    let before = fixed(&closed);
    // A change is picked up; a mistake is told with its place, and what was said before stays.
    linked.site.write("saved/closed.yaml", "address: https://closed.example/p/1\ntitle: Another title\n");
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    let changed = linked.entry("https://closed.example/p/1");
    assert_eq!((&changed["title"], fixed(&changed)), (&"Another title".into(), before));
    // A date behind that of its mention is no date of its issue.
    linked.site.write(
        "saved/closed.yaml",
        "address: https://closed.example/p/1\ntitle: Another title\npublished: 2024-05-30\n",
    );
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    assert_eq!(linked.entry("https://closed.example/p/1")["issued"], Value::Null);
    let explained = linked.explain("https://closed.example/p/1");
    assert!(explained.contains("not published, being later than what recommends it: 2024-05-30"), "{explained}");
    linked.site.write("saved/closed.yaml", "address: https://closed.example/p/1\ntitel: A typo\n");
    linked.site.write("saved/lost.html", "<p>from nowhere</p>");
    let run = linked.site.run(&["refresh", "--offline"]);
    assert!(run.err.contains("saved/closed.yaml:2:1: unknown key `titel`, did you mean `title`?"), "{}", run.err);
    assert!(run.err.contains("saved/lost.html: does not say which page it is"), "{}", run.err);
    assert_eq!(linked.entry("https://closed.example/p/1")["title"], "Another title");
    let check = linked.site.run(&["check"]);
    assert!(check.err.contains("saved/closed.yaml:2:1"), "{}", check.err);
    // Who saved a page wants that one; when it is gone the network is asked.
    std::fs::remove_file(linked.site.path("saved/lost.html")).expect("removed");
    linked.site.write("saved/closed.yaml", "address: https://closed.example/p/1\ntitle: Another title\n");
    std::fs::remove_file(linked.site.path("saved/sub/page.html")).expect("removed");
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    assert_eq!(linked.entry(&fetched)["title"], "A saved one");
}

#[test]
fn no_link_leads_to_a_forbidden_address() {
    let inside = Server::start("127.0.0.1", |_, stream| html(stream, "", CANARY));
    let port = inside.address.port();
    let server = Server::start("127.0.1.1", move |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 302, &format!("Location: http://127.0.0.1:{port}/robots.txt\r\n"), b""),
        "/jump" => reply(stream, 302, &format!("Location: http://127.0.0.1:{port}/x\r\n"), b""),
        _ => blog(request, stream),
    });
    let jump = server.url("/jump").to_string();
    let spellings =
        ["127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"];
    let mut texts: Vec<(String, String)> =
        spellings.iter().map(|s| (format!("Link by {s}"), format!("http://{s}:{port}/x"))).collect();
    texts.push(("Link that jumps".to_owned(), jump));
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let mut linked = Linked::new("hosts: {127.0.1.1: {robots: ignore}}");
    linked.weekly(1, &links);
    let report = linked.run();
    assert_eq!(report.pages.read, 0);
    assert!(inside.requests().is_empty(), "{:?}", inside.requests());
    linked.configure("");
    linked.run();
    assert!(inside.requests().is_empty(), "{:?}", inside.requests());
    for (name, (bytes, _)) in linked.site.published() {
        assert!(!String::from_utf8_lossy(&bytes).contains(CANARY), "{name}");
    }
}

#[test]
fn who_wants_no_copy_gets_a_link() {
    let server = Server::start("127.0.1.1", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b""),
        "/header" => html(stream, "X-Robots-Tag: noarchive\r\n", &page("By header", "Header")),
        "/meta" => {
            let page = page("By meta", "Meta").replace(
                "<meta name=\"author\"",
                "<meta name=\"robots\" content=\"index, nosnippet\"><meta name=\"author\"",
            );
            html(stream, "", &page)
        }
        _ => blog(request, stream),
    });
    let mut linked = Linked::new("content: full");
    let (header, meta) = (server.url("/header").to_string(), server.url("/meta").to_string());
    linked.weekly(1, &[("One", &header), ("Two", &meta)]);
    linked.run();
    for (link, title, word) in [(&header, "By header", "noarchive"), (&meta, "By meta", "nosnippet")] {
        let entry = linked.entry(link);
        assert_eq!((&entry["title"], &entry["text"]), (&title.into(), &"".into()));
        let content = linked.content("all", link);
        assert!(!content.contains("described here") && content.contains("Original:"), "{content}");
        assert!(linked.explain(link).contains(word), "{}", linked.explain(link));
    }
}

#[test]
fn pictures_of_closed_hosts_are_left_out() {
    let mut linked = Linked::new("content: full, folder: saved");
    let address = "https://blog.example.com/2024/pictures";
    linked.weekly(1, &[("A page with pictures", address)]);
    let pictures = "<p><img src=\"https://mmbiz.qpic.cn/mmbiz_png/a/640?wx_fmt=png\" width=\"600\" height=\"400\"></p><p><img src=\"https://open.example/b.png\" width=\"600\" height=\"400\"> beside it stands a sentence that is long enough to be one.</p>";
    let saved = page("Pictures", "Every picture").replace("</h1>", &format!("</h1>{pictures}"));
    let saved = saved.replace("/cover.png", "https://mmbiz.qpic.cn/cover/0?wx_fmt=jpeg");
    linked.site.write("saved/p.html", format!("<!-- saved from url=(0038){address} -->{saved}"));
    linked.run();
    let content = linked.content("all", address);
    assert!(content.contains("open.example/b.png") && !content.contains("mmbiz"), "{content}");
    assert_eq!(linked.entry(address)["image"], Value::Null);
    linked.configure(
        "content: full, folder: saved, hosts: {mmbiz.qpic.cn: {images: link}, open.example: {images: drop}}",
    );
    linked.run();
    let content = linked.content("all", address);
    assert!(!content.contains("open.example/b.png") && content.contains("mmbiz.qpic.cn/mmbiz_png/a"), "{content}");
    assert!(linked.entry(address)["image"].as_str().expect("a picture").contains("mmbiz.qpic.cn/cover"));
}

/// A page that says under `/short/N` that it is `/long/N`.
fn two_addresses(request: &Request, stream: &mut TcpStream) -> After {
    match request.path.strip_prefix("/short/").or(request.path.strip_prefix("/long/")) {
        Some(n) => {
            let page = page(&format!("Article {n} about Seata"), n);
            html(stream, "", &page.replace("</head>", &format!("<link rel=\"canonical\" href=\"/long/{n}\"></head>")))
        }
        None => blog(request, stream),
    }
}

#[test]
fn one_article_by_two_addresses_before_and_after_a_page_said_so() {
    let server = Server::start("127.0.1.1", two_addresses);
    let (short, long) = (server.url("/short/1").to_string(), server.url("/long/1").to_string());
    let mut linked = Linked::new("");
    linked.weekly(1, &[("The short link", &short)]);
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    let before = linked.entry(&short);
    linked.run();
    assert_eq!(fixed(&linked.entry(&short)), fixed(&before));
    // Mentioned again by its long address, after the page said that it is the same.
    linked.weekly(2, &[("The long link", &long)]);
    linked.run();
    let joined = linked.entry(&short);
    assert_eq!(fixed(&joined), fixed(&before), "the id stays");
    assert_eq!(joined["mentions"].as_array().map(Vec::len), Some(2));
    assert!(linked.site.entries().iter().all(|e| e["link"] != long.as_str()));
    assert_eq!((server.count("/short/1"), server.count("/long/1")), (1, 0), "one page, one request");
    // A lost store and no network: the ledger knows.
    std::fs::remove_file(linked.site.path(".feedloom/store.sqlite")).expect("removed");
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    let again = linked.entry(&short);
    assert_eq!(fixed(&again), fixed(&before));
    assert_eq!(again["mentions"].as_array().map(Vec::len), Some(2));
}

#[test]
fn two_entries_that_turn_out_to_be_one_article_become_one() {
    let server = Server::start("127.0.1.1", two_addresses);
    let (short, long) = (server.url("/short/7").to_string(), server.url("/long/7").to_string());
    let mut linked = Linked::new("");
    linked.weekly(2, &[("The long link", &long)]);
    linked.weekly(1, &[("The short link", &short)]);
    linked.run_with(&Asking { offline: true, ..Asking::default() }, TimeDelta::minutes(1));
    let (first, second) = (linked.entry(&short), linked.entry(&long));
    assert_ne!(first["id"], second["id"]);
    linked.run();
    let one = linked.entry(&short);
    assert_eq!(fixed(&one), fixed(&first), "the earliest mention's");
    assert_eq!(linked.site.entries().iter().filter(|e| e["kind"] == "article").count(), 1);
    // An even earlier mention by the other address changes no id that readers have.
    linked.site.weekly(
        "w0.md",
        "Weekly 0",
        "2024-02-20T08:00:00Z",
        &format!("### Reading\n\n- [Long, earlier]({long})\n"),
    );
    linked.run();
    let articles: Vec<Value> = linked.site.entries().into_iter().filter(|e| e["kind"] == "article").collect();
    assert_eq!((articles.len(), &articles[0]["id"]), (1, &first["id"]));
}

#[test]
fn a_site_that_calls_all_of_its_pages_by_one_address_is_not_believed() {
    let server = Server::start("127.0.1.1", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b""),
        path if path.starts_with("/retired") => reply(stream, 302, "Location: /landing\r\n", b""),
        path => {
            let canonical = if path == "/landing" {
                "/landing"
            } else if path.starts_with("/home") {
                "/"
            } else {
                "/all"
            };
            let page = page(&format!("Page {path} of many"), path);
            html(stream, "", &page.replace("</head>", &format!("<link rel=\"canonical\" href=\"{canonical}\"></head>")))
        }
    });
    let texts: Vec<(String, String)> = ["a", "b", "c", "home1", "home2", "retired1", "retired2", "retired3"]
        .iter()
        .map(|n| (format!("Link {n}"), server.url(&format!("/{n}")).to_string()))
        .collect();
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let mut linked = Linked::new("");
    linked.weekly(1, &links);
    linked.run();
    for (_, link) in &links {
        let title = linked.entry(link)["title"].as_str().expect("a title").to_owned();
        assert!(title.contains("of many"), "{title}");
    }
}

#[test]
fn a_killed_run_keeps_the_pages_it_read() {
    let server = Server::start("127.0.1.1", |request, stream| {
        if request.path != "/robots.txt" {
            std::thread::sleep(Duration::from_millis(100));
        }
        blog(request, stream)
    });
    let texts: Vec<(String, String)> =
        (0..30).map(|n| (format!("Link number {n} on Seata"), server.url(&format!("/k{n}")).to_string())).collect();
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let linked = Linked::new("");
    linked.site.write("feedloom.yaml", linked.site.read("feedloom.yaml").replace("per_host: 8", "per_host: 1"));
    linked.weekly(1, &links);
    let mut run = linked
        .site
        .command(&["refresh", "--quiet"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let begun = Instant::now();
    while server.requests().len() < 12 && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(10));
    }
    run.kill().expect("killed");
    run.wait().expect("ended");
    let mut once: BTreeMap<String, usize> = BTreeMap::new();
    let count = |once: &mut BTreeMap<String, usize>| {
        once.clear();
        for request in server.requests().iter().filter(|r| r.path.starts_with("/k")) {
            *once.entry(request.path.clone()).or_default() += 1;
        }
    };
    count(&mut once);
    assert!(once.len() >= 5 && once.len() < 30, "{}", once.len());
    let run = linked.site.refresh();
    assert!(run.out.contains("articles asked"), "{}", run.out);
    count(&mut once);
    // The one that was under way, and those that had come but were not stored yet.
    assert!(once.values().filter(|n| **n > 1).count() <= 6, "{once:?}");
    assert_eq!(once.len(), 30);
    for (_, link) in &links {
        assert!(linked.entry(link)["title"].as_str().expect("a title").starts_with("Title of k"));
    }
    let third = linked.site.refresh();
    assert!(third.out.contains("nothing changed"), "{}", third.out);
}

#[test]
fn the_time_of_a_run_is_limited() {
    let server = Server::start("127.0.1.1", |request, stream| {
        if request.path != "/robots.txt" {
            std::thread::sleep(Duration::from_millis(300));
        }
        blog(request, stream)
    });
    let texts: Vec<(String, String)> =
        (0..40).map(|n| (format!("Link number {n}"), server.url(&format!("/d{n}")).to_string())).collect();
    let links: Vec<(&str, &str)> = texts.iter().map(|(t, a)| (t.as_str(), a.as_str())).collect();
    let linked = Linked::new("");
    linked.site.write("feedloom.yaml", linked.site.read("feedloom.yaml").replace("per_host: 8", "per_host: 1"));
    linked.weekly(1, &links);
    let begun = Instant::now();
    let run = linked.site.run(&["refresh", "--deadline", "2"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    let status = linked.status();
    let (read, waiting) = (status["read"].as_u64().expect("a number"), status["waiting"].as_u64().expect("a number"));
    assert!(read >= 1 && waiting >= 20 && read + waiting == 40, "{status}");
}

#[test]
fn a_machine_without_a_network_blames_nobody() {
    let linked = Linked::new("");
    // Ports where nobody listens.
    linked.weekly(1, &[("One", "http://127.0.1.9:59991/a"), ("Two", "http://127.0.1.8:59992/b")]);
    let run = linked.site.refresh();
    assert!(run.err.contains("is this machine offline?"), "{}", run.err);
    assert_eq!(linked.status()["refused"], serde_json::json!({}));
    assert_eq!(linked.entry("http://127.0.1.9:59991/a")["title"], "One");
}

#[test]
fn the_other_address_of_a_page_is_within_the_budget_of_its_own_host() {
    let refusing = Server::start("127.0.1.1", |_, stream| reply(stream, 403, "", b"no"));
    let other = Server::start("127.0.1.2", blog);
    let mut linked = Linked::new("per_host_per_day: 3, robots: ignore");
    let config = linked.site.read("feedloom.yaml");
    linked.site.write("feedloom.yaml", format!("{config}sites: rules\n"));
    linked.site.write(
        "rules/refusing.yaml",
        format!(
            "hosts: [127.0.1.1]\npages:\n  - parts: ^/(?P<name>.*)$\n    alternative: {}{{name}}\n",
            other.url("/copy-of-")
        ),
    );
    let address = |n: u32| refusing.url(&format!("/p{n}")).to_string();
    let direct = |n: u32| other.url(&format!("/d{n}")).to_string();
    linked.weekly(1, &[("P one", &address(1)), ("P two", &address(2)), ("P three", &address(3))]);
    linked.weekly(2, &[("D one", &direct(1)), ("D two", &direct(2))]);
    let pages = |server: &Server| server.requests().iter().filter(|r| r.path != "/robots.txt").count();
    assert_eq!(linked.run().pages.read, 3);
    assert_eq!((pages(&refusing), pages(&other)), (3, 3), "{:?}", other.requests());
    // The same day nobody is asked again, for what may come tomorrow neither.
    linked.run_with(&Asking::default(), TimeDelta::hours(2));
    assert_eq!((pages(&refusing), pages(&other)), (3, 3));
    assert_eq!(linked.run_with(&Asking::default(), TimeDelta::hours(23)).pages.read, 2);
    assert_eq!(linked.status()["waiting"], 0);
    let copies = other.requests().iter().filter(|r| r.path.starts_with("/copy-of-")).count();
    assert_eq!((copies, pages(&other)), (3, 5));
    let read = linked.entry(&address(3));
    assert_eq!(read["title"], "Title of copy-of-p3 on MOSN");
}
