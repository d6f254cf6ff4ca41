//! Sources over time, with the real program: feeds that shrink, flap, lie and break, runs
//! that are killed. Nothing is lost, nothing is doubled, nobody is bothered.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::bad_input::well_formed;
use super::server::{After, Request, Server, raw, reply};
use super::site::{Run, Site};

const FETCH: &str = "fetch: {allow: [127.0.1.0/24], gap: 0s, min_interval: 0s}\n";

/// A site with one project and these sources, which may be asked at every run.
fn site(sources: &[String]) -> Site {
    let site = Site::new();
    site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{FETCH}"));
    let lines: String = sources.iter().map(|s| format!("  - \"{s}\"\n")).collect();
    site.write("feeds/mosn.yaml", format!("title: MOSN\nsources:\n{lines}"));
    site
}

type Answer = (u16, String, Vec<u8>);

/// A server with one answer at a time.
struct Feed {
    server: Server,
    answer: Arc<Mutex<Answer>>,
}

impl Feed {
    fn new(ip: &str) -> Self {
        let answer = Arc::new(Mutex::new((200, String::new(), rss(&[]).into_bytes())));
        let says = Arc::clone(&answer);
        let server = Server::start(ip, move |_, stream| {
            let (status, headers, body) = says.lock().expect("an answer").clone();
            reply(stream, status, &headers, &body)
        });
        Self { server, answer }
    }

    fn address(&self) -> String {
        self.server.url("/feed").to_string()
    }

    fn says(&self, status: u16, body: impl Into<Vec<u8>>) {
        *self.answer.lock().expect("an answer") = (status, String::new(), body.into());
    }

    fn says_with(&self, headers: &str, body: impl Into<Vec<u8>>) {
        *self.answer.lock().expect("an answer") = (200, headers.to_owned(), body.into());
    }

    /// Asks it now.
    fn ask(&self, site: &Site) -> Run {
        let run = site.run(&["refresh", "--force", &self.address()]);
        assert_eq!(run.status, 0, "{}{}", run.out, run.err);
        run
    }

    fn last(&self) -> Request {
        self.server.requests().pop().expect("a request")
    }
}

fn item(guid: &str, link: &str, title: &str, day: u32) -> String {
    let guid = if guid == "-" { String::new() } else { format!("<guid isPermaLink=\"false\">{guid}</guid>") };
    format!(
        "<item><title>{title}</title><link>https://blog.example.com/{link}</link>{guid}<pubDate>{day:02} Mar 2024 10:00:00 GMT</pubDate><description>Text of {title}.</description></item>"
    )
}

fn rss(items: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>Blog</title><link>https://blog.example.com/</link><description>d</description>{}</channel></rss>",
        items.concat()
    )
}

fn numbered(range: std::ops::Range<u32>) -> Vec<String> {
    range.map(|n| item(&format!("g{n}"), &format!("p{n}"), &format!("Entry {n}"), 1 + n % 28)).collect()
}

fn titles(site: &Site) -> Vec<String> {
    let mut titles: Vec<String> =
        site.entries().iter().map(|e| e["title"].as_str().expect("a title").to_owned()).collect();
    titles.sort();
    titles
}

/// Every id once, in the entries and in the feed.
fn nothing_is_doubled(site: &Site) {
    let entries = site.entries();
    let ids: BTreeSet<String> = entries.iter().map(|e| e["id"].to_string()).collect();
    assert_eq!(ids.len(), entries.len());
    let atom = site.read("public/mosn/atom.xml");
    let ids: Vec<&str> = atom.split("<id>").skip(2).filter_map(|t| t.split("</id>").next()).collect();
    let entries = atom.matches("<entry>").count();
    assert!(ids.iter().collect::<BTreeSet<_>>().len() >= entries, "{ids:?}");
}

#[test]
fn a_feed_that_shrinks_flaps_or_shuffles_loses_nothing() {
    let feed = Feed::new("127.0.1.60");
    let site = site(&[feed.address()]);
    feed.says(200, rss(&numbered(0..30)));
    feed.ask(&site);
    let before = site.published();
    let mut items = numbered(0..30);
    items.reverse();
    for (status, body) in [
        (500, String::new()),
        (200, rss(&numbered(0..30))),
        (503, String::new()),
        (200, rss(&items)),
        (200, rss(&numbered(28..30))),
        (200, rss(&[])),
        (404, String::new()),
        (200, rss(&numbered(0..30))),
    ] {
        feed.says(status, body);
        feed.ask(&site);
        let now = site.published();
        assert_eq!(titles(&site).len(), 30, "{status}");
        for (name, file) in &before {
            assert_eq!(now.get(name), Some(file), "{status}: {name}");
        }
    }
    nothing_is_doubled(&site);
}

#[test]
fn ids_that_are_missing_doubled_or_changed_make_no_flood() {
    let feed = Feed::new("127.0.1.61");
    let site = site(&[feed.address()]);
    feed.says(
        200,
        rss(&[
            item("same", "a", "First of two", 1),
            item("same", "b", "Last of two", 2),
            item("-", "c", "Without an id", 3),
            item("", "d", "With an empty id", 4),
            item("guid-1", "e", "Changing", 5),
        ]),
    );
    feed.ask(&site);
    let wanted = ["Changing", "Last of two", "With an empty id", "Without an id"];
    assert_eq!(titles(&site), wanted);
    let before = site.published();
    // The generator was changed: the same pages under new ids.
    feed.says(
        200,
        rss(&[
            item("same", "b", "Last of two", 2),
            item("-", "c", "Without an id", 3),
            item("", "d", "With an empty id", 4),
            item("guid-2", "e", "Changing", 5),
        ]),
    );
    feed.ask(&site);
    assert_eq!(titles(&site), wanted);
    nothing_is_doubled(&site);
    assert_eq!(site.published().get("mosn/atom.xml"), before.get("mosn/atom.xml"));
}

#[test]
fn two_feeds_may_use_the_same_ids() {
    let (one, two) = (Feed::new("127.0.1.62"), Feed::new("127.0.1.63"));
    let site = site(&[one.address(), two.address()]);
    let of = |name: &str| -> Vec<String> {
        (0..5).map(|n| item(&n.to_string(), &format!("{name}/{n}"), &format!("{name} {n}"), n + 1)).collect()
    };
    one.says(200, rss(&of("one")));
    two.says(200, rss(&of("two")));
    site.refresh();
    assert_eq!(titles(&site).len(), 10);
    nothing_is_doubled(&site);
}

#[test]
fn an_entry_that_is_edited_is_updated_once() {
    let feed = Feed::new("127.0.1.64");
    let site = site(&[feed.address()]);
    feed.says(200, rss(&[item("1", "a", "As it was", 1)]));
    feed.ask(&site);
    let before = &site.entries()[0];
    feed.says(200, rss(&[item("1", "a", "As it is", 1)]));
    // Times are in whole seconds.
    std::thread::sleep(Duration::from_millis(1100));
    feed.ask(&site);
    let after = site.entries();
    assert_eq!((after.len(), &after[0]["title"]), (1, &"As it is".into()));
    assert_eq!((&after[0]["id"], &after[0]["published"]), (&before["id"], &before["published"]));
    assert!(after[0]["updated"].as_str() > before["updated"].as_str(), "{after:?}");
    let files = site.published();
    std::thread::sleep(Duration::from_millis(1100));
    feed.ask(&site);
    assert_eq!(site.published(), files);
}

#[test]
fn dates_of_other_centuries_move_nothing_to_the_top() {
    let feed = Feed::new("127.0.1.65");
    let site = site(&[feed.address()]);
    let dated = |guid: &str, date: &str| item(guid, guid, guid, 1).replace("01 Mar 2024 10:00:00 GMT", date);
    feed.says(
        200,
        rss(&[
            dated("future", "Fri, 01 Jan 2999 00:00:00 GMT"),
            dated("old", "Thu, 01 Jan 1970 00:00:01 GMT"),
            dated("none", ""),
            dated("bad", "yesterday, perhaps"),
            dated("zero", "Sat, 01 Jan 0000 00:00:00 GMT"),
            dated("bomb", &"(".repeat(2000)),
        ]),
    );
    feed.ask(&site);
    let now = chrono::Utc::now().timestamp();
    let entries = site.entries();
    assert_eq!(entries.len(), 6);
    for entry in &entries {
        let time: chrono::DateTime<chrono::Utc> =
            entry["published"].as_str().and_then(|t| t.parse().ok()).expect("a time");
        assert!(time.timestamp() <= now, "{entry}");
    }
    let before = site.published();
    std::thread::sleep(Duration::from_millis(1100));
    feed.ask(&site);
    assert_eq!(site.published(), before, "first seen stays first seen");
}

#[test]
fn a_feed_that_is_cut_off_adds_and_takes_nothing_away() {
    let feed = Feed::new("127.0.1.66");
    let site = site(&[feed.address()]);
    feed.says_with("ETag: \"whole\"\r\n", rss(&numbered(0..10)));
    feed.ask(&site);
    let whole = rss(&numbered(5..20));
    feed.says_with("ETag: \"half\"\r\n", &whole.as_bytes()[..whole.len() * 2 / 3]);
    let cut = feed.ask(&site);
    assert!(cut.err.contains("cut off: what is whole was taken"), "{}", cut.err);
    let kept = titles(&site);
    assert!(kept.len() > 12 && kept.len() < 20, "{kept:?}");
    // Its validators would hide the rest for ever.
    feed.says_with("ETag: \"half\"\r\n", whole);
    feed.ask(&site);
    assert_eq!(feed.last().header("if-none-match"), Some("\"whole\""));
    assert_eq!(titles(&site).len(), 20);
    nothing_is_doubled(&site);
}

#[test]
fn a_json_feed_that_is_cut_off_is_no_good_reading() {
    let json = |numbers: std::ops::Range<u32>| {
        let item = |n: u32| {
            format!(
                r#"{{"id": "{n}", "url": "https://e.example/{n}", "title": "Entry {n}", "content_text": "Text {n}"}}"#
            )
        };
        let items: Vec<String> = numbers.map(item).collect();
        format!(r#"{{"version": "https://jsonfeed.org/version/1.1", "title": "F", "items": [{}]}}"#, items.join(", "))
    };
    let feed = Feed::new("127.0.1.97");
    let site = site(&[feed.address()]);
    feed.says_with("ETag: \"whole\"\r\n", json(0..10));
    feed.ask(&site);
    let more = json(5..20);
    for at in [more.len() * 2 / 3, more.len() - 1, 90] {
        feed.says_with("ETag: \"half\"\r\n", &more.as_bytes()[..at]);
        let cut = feed.ask(&site);
        assert!(cut.err.contains("cut off: what is whole was taken"), "{at}: {}", cut.err);
    }
    feed.says_with("ETag: \"half\"\r\n", more);
    feed.ask(&site);
    assert_eq!(feed.last().header("if-none-match"), Some("\"whole\""));
    assert_eq!(titles(&site).len(), 20);
    nothing_is_doubled(&site);
}

#[test]
fn every_validator_is_replaced_even_when_the_body_is_the_same() {
    let feed = Feed::new("127.0.1.67");
    let site = site(&[feed.address()]);
    for (tag, modified) in [
        ("\"1\"", "Sat, 02 Mar 2024 10:00:00 GMT"),
        ("W/\"2\"", "Sat, 02 Mar 2024 10:00:00 GMT"),
        ("\"3\"", "Thu, 01 Jan 1970 00:00:00 GMT"),
        ("unquoted", "no date at all"),
    ] {
        feed.says_with(&format!("ETag: {tag}\r\nLast-Modified: {modified}\r\n"), rss(&numbered(0..3)));
        feed.ask(&site);
        feed.ask(&site);
        let last = feed.last();
        assert_eq!((last.header("if-none-match"), last.header("if-modified-since")), (Some(tag), Some(modified)));
    }
    // A body that is no feed says nothing about the feed.
    feed.says_with("ETag: \"page\"\r\n", "<html><body>Maintenance</body></html>");
    feed.ask(&site);
    feed.ask(&site);
    assert_eq!(feed.last().header("if-none-match"), Some("unquoted"));
    assert_eq!(titles(&site).len(), 3);
}

#[test]
fn text_arrives_as_it_was_meant_and_what_xml_forbids_does_not() {
    let feed = Feed::new("127.0.1.68");
    let site = site(&[feed.address()]);
    let with = |encoding: &str, title: &str| {
        rss(&[item("1", "a", title, 1)])
            .replace("version=\"1.0\"?", &format!("version=\"1.0\" encoding=\"{encoding}\"?"))
    };
    let latin: Vec<u8> = with("iso-8859-1", "Caf\u{e9}").chars().map(|c| c as u8).collect();
    let utf16: Vec<u8> =
        "\u{feff}".encode_utf16().chain(with("utf-16", "蚂蚁").encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let (gb, _, _) = encoding_rs::GB18030.encode("蚂蚁");
    let placed = with("gb18030", "@@").into_bytes();
    let at = placed.windows(2).position(|w| w == b"@@").expect("the place");
    let chinese = [&placed[..at], &gb, &placed[at + 2..]].concat();
    for (name, body, title) in [
        ("latin-1", latin, "Café"),
        ("utf-16", utf16, "蚂蚁"),
        ("gb18030", chinese, "蚂蚁"),
        ("bom", [b"\xef\xbb\xbf", with("utf-8", "Café").as_bytes()].concat(), "Café"),
        ("blanks before", [b"\n \n", with("utf-8", "Café").as_bytes()].concat(), "Café"),
        ("controls", with("utf-8", "A\u{1b}[31m\u{0}\u{8}&#x1b;]0;b\u{202e}").into_bytes(), "A"),
        ("bad utf-8", [with("utf-8", "A").into_bytes(), vec![0xff, 0xc3]].concat(), "A"),
    ] {
        feed.says_with("Content-Type: application/rss+xml\r\n", body);
        let run = feed.ask(&site);
        well_formed(&site);
        let found = titles(&site);
        assert!(found.len() == 1 && found[0].starts_with(title), "{name}: {found:?}");
        let status = site.run(&["status"]);
        let list = site.run(&["entries"]);
        for text in [run.out, run.err, status.out, list.out] {
            assert!(text.chars().all(|c| c == '\n' || !c.is_control() && c != '\u{202e}'), "{name}: {text:?}");
        }
    }
}

#[test]
fn lines_of_a_log_cannot_be_forged() {
    let feed = Feed::new("127.0.1.69");
    let site = site(&[feed.address()]);
    let evil = "x&#13;&#10;error: all is lost&#27;[2J";
    feed.says(200, rss(&[item(evil, "a", &format!("{evil}{}", "long ".repeat(200_000)), 1)]));
    feed.ask(&site);
    well_formed(&site);
    for arguments in [&["entries"][..], &["explain", "all is lost"], &["status"], &["check"]] {
        let run = site.run(arguments);
        let text = format!("{}{}", run.out, run.err);
        assert!(!text.contains('\u{1b}') && !text.lines().any(|l| l.starts_with("error: all")), "{text}");
        assert!(text.len() < 20_000, "{}", text.len());
    }
}

#[test]
fn a_network_that_is_down_changes_nothing() {
    let feeds: Vec<Feed> = (70..76).map(|n| Feed::new(&format!("127.0.1.{n}"))).collect();
    let site = site(&feeds.iter().map(Feed::address).collect::<Vec<_>>());
    for (n, feed) in feeds.iter().enumerate() {
        feed.says(200, rss(&[item(&format!("{n}"), &format!("p{n}"), &format!("Entry {n}"), 1)]));
    }
    site.refresh();
    let before = site.published();
    assert_eq!(titles(&site).len(), 6);
    for feed in &feeds {
        feed.says(502, "");
    }
    let down = site.refresh();
    assert!(down.out.contains("6 sources asked (0 unchanged, 6 failed)"), "{}", down.out);
    assert_eq!(site.published(), before);
    // Back-off: the next runs leave them alone, though nothing is agreed on.
    let asked = || feeds.iter().map(|f| f.server.requests().len()).sum::<usize>();
    let count = asked();
    site.refresh();
    assert_eq!(asked(), count);
}

#[test]
fn one_address_is_asked_once_however_many_name_it() {
    let feed = Feed::new("127.0.1.76");
    feed.says(200, rss(&numbered(0..3)));
    let site = site(&[feed.address()]);
    for n in 0..5 {
        site.write(&format!("feeds/p{n}.yaml"), format!("title: P{n}\nsources: [\"{}#{n}\"]\n", feed.address()));
    }
    site.refresh();
    assert_eq!(feed.server.requests().len(), 1);
    let entries = site.entries();
    assert_eq!(entries.len(), 3);
    assert!(entries.iter().all(|e| e["projects"].as_array().is_some_and(|p| p.len() == 6)), "{entries:?}");
}

#[test]
fn no_source_leads_into_this_machine() {
    let canary = Server::start("127.0.0.1", |_, s| reply(s, 200, "", b"SECRET-INTERNAL-TOKEN"));
    let port = canary.address.port();
    let to = canary.url("/forbidden");
    let redirecting = Server::start("127.0.1.77", move |_, s| reply(s, 302, &format!("Location: {to}\r\n"), b""));
    let hosts = [
        "127.0.0.1", "2130706433", "0x7f.1", "0177.0.0.1", "127.1", "[::1]", "[::ffff:7f00:1]", "0.0.0.0", "localhost.",
    ];
    let mut sources: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{port}/forbidden")).collect();
    sources.push(redirecting.url("/").to_string());
    let site = site(&sources);
    let run = site.refresh();
    assert!(run.err.contains("denied") || run.err.contains("not asked"), "{}", run.err);
    assert!(canary.requests().is_empty());
    let json = site.run(&["status", "--json"]).out;
    for line in json.lines() {
        let state: serde_json::Value = serde_json::from_str(line).expect("JSON");
        assert_eq!(state["failing"]["class"], "denied", "{state}");
    }
    assert!(!json.contains("SECRET"));
}

/// A run that is killed at any moment: the next one has everything, each entry once, and
/// asks conditionally only for what it has.
#[test]
fn killed_while_it_asks_nothing_is_lost() {
    const FEEDS: u32 = 40;
    let server = Server::start("127.0.1.78", |request, stream| {
        let n: u32 = request.path.trim_start_matches("/f").parse().unwrap_or(0);
        let tag = format!("\"{n}\"");
        if request.header("if-none-match") == Some(&tag) {
            raw(stream, format!("HTTP/1.1 304 Not Modified\r\nETag: {tag}\r\n\r\n").as_bytes());
            return After::Keep;
        }
        std::thread::sleep(Duration::from_millis(u64::from(n % 5) * 4));
        let items: Vec<String> =
            (0..3).map(|k| item(&format!("{n}-{k}"), &format!("{n}/{k}"), &format!("Entry {n}-{k}"), k + 1)).collect();
        reply(stream, 200, &format!("ETag: {tag}\r\n"), rss(&items).as_bytes())
    });
    let sources: Vec<String> = (0..FEEDS).map(|n| server.url(&format!("/f{n}")).to_string()).collect();
    let site = site(&sources);
    for round in 0..24u64 {
        let mut run = site
            .command(&["refresh"])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(Duration::from_millis(round * 9));
        let _ = run.kill();
        let _ = run.wait();
        if site.path("public").exists() {
            well_formed(&site);
        }
    }
    site.refresh();
    site.refresh();
    let found = titles(&site);
    assert_eq!(found.len(), 3 * FEEDS as usize, "{found:?}");
    nothing_is_doubled(&site);
    let status = site.run(&["status", "--json"]);
    assert!(status.out.lines().all(|l| l.contains("\"entries\":3")), "a validator never comes before its entries");
}
