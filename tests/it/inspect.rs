//! `feedloom inspect` as people and programs call it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::server::{Server, reply};
use super::site::Site;

const FEED: &str = "<rss version='2.0'><channel><title>新闻 &amp; more</title><link>https://n.example.org/</link>\n<item><title>First &amp; only</title><link>/1</link><pubDate>Mon, 06 Mar 2023 08:30:00 GMT</pubDate><description>&lt;a href='x'&gt;y&lt;/a&gt;&lt;script&gt;z&lt;/script&gt;</description></item></channel></rss>";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_feedloom"));
    command.arg("inspect").args(arguments).current_dir(std::env::temp_dir());
    command
}

/// What it prints and its status, given `input`.
fn piped(arguments: &[&str], input: &[u8]) -> (String, String, i32) {
    let mut child =
        command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
    child.stdin.take().expect("a pipe").write_all(input).expect("written");
    let output = child.wait_with_output().expect("ends");
    (
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
        output.status.code().expect("a status"),
    )
}

#[test]
fn people_get_a_page() {
    for arguments in
        [&["-", "--base-url", "https://n.example.org/feed"][..], &["--base-url", "https://n.example.org/feed"]]
    {
        let (out, err, status) = piped(arguments, FEED.as_bytes());
        assert_eq!((status, err.as_str()), (0, ""));
        for line in [
            "a feed: RSS 2.0, utf-8",
            "title      新闻 & more",
            "1 entry",
            "2023-03-06 08:30  First & only",
            "https://n.example.org/1",
        ] {
            assert!(out.contains(line), "missing {line:?} in\n{out}");
        }
    }
}

#[test]
fn problems_are_told_with_their_lines() {
    let (out, _, status) = piped(&[], b"<rss><channel>\n<title>a & b</title>\n<item>\x1b[31m<title>c\n");
    assert_eq!(status, 0);
    assert!(out.contains("line 2: a `&` that begins no reference"), "{out}");
    assert!(!out.contains('\u{1b}'), "{out:?}");
}

#[test]
fn a_page_is_asked_whether_its_feed_was_meant() {
    let page = b"<html><head><title>Home</title><link rel=alternate type='application/rss+xml' title='News' href='/feed'></head></html>";
    let (out, _, status) = piped(&["--base-url", "https://h.example.org/a"], page);
    assert_eq!(status, 0);
    assert!(out.contains("did you mean this feed?\n  https://h.example.org/feed  News"), "{out}");
    let (_, _, status) = piped(&[], b"nothing at all");
    assert_eq!(status, 1);
}

#[test]
fn addresses_are_resolved_and_html_is_sanitised_when_asked() {
    let value = |arguments: &[&str]| -> String {
        let (out, _, status) = piped(arguments, FEED.as_bytes());
        assert_eq!(status, 0);
        assert_eq!(out.lines().count(), 1);
        let document: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(document["kind"], "feed");
        document["entries"][0]["summary"]["value"].as_str().expect("a text").to_owned()
    };
    let base = ["--json", "--base-url", "https://n.example.org/feed"];
    assert_eq!(value(&base), "<a href='https://n.example.org/x'>y</a><script>z</script>");
    assert_eq!(value(&[&base[..], &["--sanitize"]].concat()), "<a href=\"https://n.example.org/x\">y</a>");
}

#[test]
fn a_batch_answers_each_line_before_the_next() {
    let site = Site::new();
    site.write("feed.xml", FEED);
    site.write("page.html", "<!DOCTYPE html><title>p</title>");
    site.write("post.md", "---\ntitle: Hello\ndate: 2023-01-02\n---\n\nText.\n");
    let mut child = command(&["--json", "--batch", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut requests = child.stdin.take().expect("a pipe");
    let mut answers = BufReader::new(child.stdout.take().expect("a pipe"));
    let mut ask = |request: String| -> Value {
        writeln!(requests, "{request}").expect("written");
        let mut line = String::new();
        answers.read_line(&mut line).expect("an answer");
        serde_json::from_str(&line).expect("JSON")
    };
    let path = |name: &str| site.path(name).display().to_string();
    let feed = ask(format!(
        "{{\"path\":\"{}\",\"base_url\":\"https://n.example.org/\",\"content_type\":null}}",
        path("feed.xml")
    ));
    assert_eq!((&feed["kind"], &feed["entries"][0]["link"]), (&"feed".into(), &"https://n.example.org/1".into()));
    assert_eq!(ask(format!("{{\"path\":\"{}\"}}", path("page.html")))["kind"], "page");
    let post = ask(format!("{{\"path\":\"{}\"}}", path("post.md")));
    assert_eq!((&post["kind"], &post["title"]), (&"post".into(), &"Hello".into()));
    assert_eq!(post["front_matter"]["title"], "Hello");
    let other = ask(format!("{{\"path\":\"{}\",\"as\":\"feed\"}}", path("page.html")));
    assert_eq!((&other["kind"], &other["ok"]), (&"none".into(), &false.into()));
    for refused in ["{\"path\":\"/no/such/file\"}", "no request", "{}", "{\"path\":\"x\",\"as\":\"song\"}"] {
        let answer = ask(refused.to_owned());
        assert_eq!((&answer["kind"], &answer["ok"]), (&"none".into(), &false.into()), "{refused}");
        assert!(answer["error"].is_string() && answer["feed"].is_object() && answer["entries"].is_array());
    }
    drop(requests);
    assert_eq!(child.wait().expect("ends").code(), Some(0));
}

#[test]
fn a_post_of_a_site_is_read_as_the_site_reads_it() {
    let site = Site::new();
    site.weekly("w.md", "Weekly 1", "2024-01-01", "### Reading\n\n- [About MOSN](https://a.example.com/mosn)\n");
    let run = site.run(&["inspect", "--json", &site.path("posts/w.md").display().to_string()]);
    let post: Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((&post["kind"], &post["digest"]), (&"post".into(), &true.into()));
    assert_eq!(post["items"][0]["title"], "About MOSN");
    assert_eq!(post["items"][0]["kind"], "article");
}

#[test]
fn a_post_is_read_as_its_site_reads_it_from_anywhere() {
    let site = Site::new();
    site.weekly("w.md", "Weekly", "2024-01-01", "### Reading\n\n- [A long article](https://a.example.com/x)\n");
    let path = site.path("posts/w.md").display().to_string();
    let (out, err, _) = piped(&["--json", &path], b"");
    assert!(out.contains("\"digest\":true") && out.contains("A long article"), "{out}{err}");
    let folder = site.path("").display().to_string();
    let (out, err, _) = piped(&["--json", "--site", &folder, "-"], site.read("posts/w.md").as_bytes());
    assert!(out.contains("\"digest\":true") && out.contains("A long article"), "{out}{err}");
}

#[test]
fn a_page_is_read_by_the_rules_of_the_site() {
    let site = Site::new();
    std::fs::create_dir_all(site.path("sites")).expect("a folder");
    site.write(
        "sites/n.yaml",
        "hosts: [n.example.org]\npages:\n  - path: ^/\n    title: p.headline\n    content: div.story\n",
    );
    let text = "One sentence that says enough to be an article, and another one that goes on. ".repeat(8);
    let page = format!(
        "<html><head><title>N</title></head><body><p class=headline>Rain on MOSN</p><div class=story><p>{text}</p></div></body></html>"
    );
    site.write("page.html", page);
    let path = site.path("page.html").display().to_string();
    let title = |site: &Site| {
        let run = site.run(&["inspect", "--json", "--as", "page", "--base-url", "https://n.example.org/1", &path]);
        assert_eq!(run.status, 0, "{}", run.err);
        serde_json::from_str::<Value>(&run.out).expect("JSON")["title"].clone()
    };
    assert_eq!(title(&site), "Rain on MOSN");
    site.write("sites/n.yaml", "hosts: [n.example.org]\nfields: 3\n");
    let run = site.run(&["--site", ".", "inspect", "--json", &path]);
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(run.err.contains("sites/n.yaml:2:1"), "{}", run.err);
}

#[test]
fn an_address_is_asked_and_read_where_it_came_from() {
    let server = Server::start("127.0.1.53", |request, stream| {
        match request.path.as_str() {
        "/old" => reply(stream, 301, "Location: /new/feed\r\n", b""),
        "/new/feed" => {
            let feed = "<rss version='2.0'><channel><title>News</title><item><title>One</title><link>1</link></item></channel></rss>";
            reply(stream, 200, "Content-Type: application/rss+xml\r\n", feed.as_bytes())
        }
        "/page" => reply(
            stream,
            200,
            "Content-Type: text/html\r\n",
            b"<!DOCTYPE html><html><head><title>Home</title><link rel=alternate type='application/rss+xml' href='/feed'></head></html>",
        ),
        "/busy" => reply(stream, 429, "Retry-After: 30\r\n", b""),
        _ => reply(stream, 404, "", b""),
    }
    });
    let site = Site::new();
    site.write("feedloom.yaml", "url: https://feeds.example.org/\nfetch: {allow: [127.0.1.0/24]}\n");
    let look = |path: &str, more: &[&str]| {
        let address = server.url(path).to_string();
        site.run(&[&["--site", ".", "inspect", &address], more].concat())
    };
    let feed = look("/old", &[]);
    assert_eq!(feed.status, 0, "{}", feed.err);
    assert!(feed.out.contains("a feed: RSS") && feed.out.contains(server.url("/new/1").as_str()), "{}", feed.out);
    let json: Value = serde_json::from_str(&look("/old", &["--json"]).out).expect("JSON");
    assert_eq!(json["entries"][0]["link"], server.url("/new/1").as_str());
    let secret = server.url("/new/feed").to_string().replace("http://", "http://me:s3cr3t@");
    let named = site.run(&["--site", ".", "inspect", &secret]);
    assert!(named.status == 0 && !named.out.contains("s3cr3t"), "{}{}", named.out, named.err);
    let page = look("/page", &[]);
    assert!(page.out.contains(&format!("did you mean this feed?\n  {}", server.url("/feed"))), "{}", page.out);
    let missing = look("/none", &[]);
    assert_eq!((missing.status, missing.out.as_str()), (1, ""));
    assert!(missing.err.contains(&format!("{}: HTTP status 404", server.url("/none"))), "{}", missing.err);
    let busy = look("/busy", &[]);
    assert_eq!(busy.status, 1);
    assert!(busy.err.contains("asks for a pause"), "{}", busy.err);
    assert_eq!(server.count("/robots.txt"), 0);
}

#[test]
fn an_address_inside_is_asked_only_where_a_site_allows_it() {
    let server = Server::start("127.0.1.54", |_, stream| reply(stream, 200, "", b"SECRET-INTERNAL-TOKEN"));
    let address = server.url("/feed").to_string();
    let (out, err, status) = piped(&[&address], b"");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains(&address) && err.contains("this machine") && !err.contains("SECRET"), "{err}");
    assert!(server.requests().is_empty());
}

#[test]
fn what_cannot_be_looked_at_is_told() {
    let (out, err, status) = piped(&["/no/such/file"], b"");
    assert_eq!((status, out.as_str()), (1, ""));
    assert!(err.contains("/no/such/file"), "{err}");
    let (_, err, status) = piped(&["http://["], b"");
    assert_eq!(status, 2);
    assert!(err.contains("no address"), "{err}");
    assert_eq!(piped(&["--as", "song"], b"").2, 2);
}

/// Eight times the input, whatever the format: measured on the child while it writes what it read,
/// when it holds the most. Pages of the program's file do not count: how many of them the kernel
/// maps depends on how it keeps the file.
#[cfg(target_os = "linux")]
#[test]
fn memory_is_bounded_by_the_input() {
    let words = "Some words, 一些中文, and a <a href=\"x?a=1&amp;b=2\">link</a>. ".repeat(8);
    let escaped = words.replace('&', "&amp;").replace('<', "&lt;");
    let many = |item: &dyn Fn(usize) -> String| -> String {
        let mut out = String::new();
        for n in 0.. {
            if out.len() > 12_000_000 {
                break;
            }
            out.push_str(&item(n));
        }
        out
    };
    let rss = |item: &dyn Fn(usize) -> String| {
        format!("<rss version='2.0'><channel><title>t</title>{}</channel></rss>", many(item))
    };
    let feeds = [
        (
            "rss.xml",
            rss(&|n| format!("<item><title>{n}</title><link>/{n}</link><description>{escaped}</description></item>\n")),
        ),
        ("small.xml", rss(&|n| format!("<item><title>{n}</title><link>/{n}</link></item>"))),
        (
            "one.xml",
            format!(
                "<rss version='2.0'><channel><item><description>{}</description></item></channel></rss>",
                many(&|_| escaped.clone())
            ),
        ),
        (
            "atom.xml",
            format!(
                "<feed xmlns='http://www.w3.org/2005/Atom'><title>t</title>{}</feed>",
                many(&|n| format!(
                    "<entry><id>urn:{n}</id><title>{n}</title><content type='xhtml'><div xml:base='/b/'>{words}</div></content></entry>"
                ))
            ),
        ),
        (
            "feed.json",
            format!(
                "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"raw \u{1}\",\"items\":[{}{{\"id\":0}}]}}",
                many(&|n| format!(
                    "{{\"id\":{n},\"url\":\"/{n}\",\"content_html\":{}}},",
                    serde_json::to_string(&words).expect("JSON")
                ))
            ),
        ),
    ];
    let folder = tempfile::tempdir().expect("a folder");
    for (name, feed) in feeds {
        let path = folder.path().join(name);
        std::fs::write(&path, &feed).expect("written");
        let arguments = ["--json", "--base-url", "https://n.example.org/feed", path.to_str().expect("a path")];
        let mut child = command(&arguments).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().expect("starts");
        let mut answer = child.stdout.take().expect("a pipe");
        let status = format!("/proc/{}/status", child.id());
        let (mut most_kb, mut buffer, mut written) = (0, vec![0; 1 << 16], 0);
        loop {
            let now = std::fs::read_to_string(&status).unwrap_or_default();
            let held = now.lines().find_map(|l| l.strip_prefix("RssAnon:")).and_then(|l| l.split_whitespace().next());
            most_kb = most_kb.max(held.and_then(|k| k.parse::<usize>().ok()).unwrap_or(0));
            match std::io::Read::read(&mut answer, &mut buffer).expect("an answer") {
                0 => break,
                more => written += more,
            }
        }
        assert_eq!(child.wait().expect("ends").code(), Some(0));
        let allowed_kb = (8 * feed.len()) >> 10;
        println!(
            "{name}: {} KB in, {} KB out, {most_kb} KB held, {allowed_kb} KB allowed",
            feed.len() >> 10,
            written >> 10
        );
        assert!(most_kb > 1024, "{name}: nothing was measured");
        assert!(most_kb <= allowed_kb, "{name}: {most_kb} KB for {} KB", feed.len() >> 10);
    }
}
