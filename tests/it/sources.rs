//! Sources of a site: files and servers, read, merged with posts, polled with manners.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::Mutex;

use super::server::{After, Server};
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
