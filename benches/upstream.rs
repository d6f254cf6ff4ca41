//! Reading feeds: Feedloom's reader, the crates it is measured by, and a bare event
//! loop, on the same feeds in one run.
//!
//! The feeds are made here, the same every time: RSS and Atom, 5 to 60 KB each, a
//! third of them Chinese, three megabytes of each format. Each figure is the median
//! of rounds that are interleaved, so that a busy machine is busy for all alike;
//! ratios count more than MB/s (10^6 bytes). Building and dropping what was read is
//! part of it, sanitising and addresses inside HTML are not. Run with
//! `cargo bench --bench upstream`.

use std::fmt::Write as _;
use std::hint::black_box;
use std::time::Instant;

use feedloom::source::upstream::{self, Request};

/// Interleaved rounds; the middle one counts.
const ROUNDS: usize = 21;

/// Bytes of each format.
const BYTES: usize = 3_200_000;

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    compare(
        "RSS",
        &feeds(rss),
        &[
            ("feedloom", feedloom),
            ("rss", |feed| {
                black_box(rss::Channel::read_from(feed.as_bytes()).expect("a feed"));
            }),
            ("feed-rs", feed_rs),
            ("quick-xml, events only", events),
        ],
    );
    compare(
        "Atom",
        &feeds(atom),
        &[
            ("feedloom", feedloom),
            ("atom_syndication", |feed| {
                black_box(atom_syndication::Feed::read_from(feed.as_bytes()).expect("a feed"));
            }),
            ("feed-rs", feed_rs),
            ("quick-xml, events only", events),
        ],
    );
    many_items();
}

/// A name, and what it does with one feed.
type Reader = (&'static str, fn(&str));

fn feedloom(feed: &str) {
    black_box(upstream::read(feed.as_bytes(), &Request::default()));
}

fn feed_rs(feed: &str) {
    black_box(feed_rs::parser::parse(feed.as_bytes()).expect("a feed"));
}

fn events(feed: &str) {
    let mut reader = quick_xml::Reader::from_str(feed);
    loop {
        match black_box(reader.read_event()).expect("well-formed") {
            quick_xml::events::Event::Eof => break,
            event => {
                black_box(event);
            }
        }
    }
}

fn compare(format: &str, feeds: &[String], readers: &[Reader]) {
    let bytes: usize = feeds.iter().map(String::len).sum();
    println!("{format}: {} feeds, {:.1} MB", feeds.len(), bytes as f64 / 1e6);
    let mut seconds = vec![Vec::with_capacity(ROUNDS); readers.len()];
    for round in 0..=ROUNDS {
        for (n, (_, read)) in readers.iter().enumerate() {
            let start = Instant::now();
            feeds.iter().for_each(|feed| read(feed));
            // The first round warms up.
            if round > 0 {
                seconds[n].push(start.elapsed().as_secs_f64());
            }
        }
    }
    let speeds: Vec<f64> = seconds
        .iter_mut()
        .map(|s| {
            s.sort_by(f64::total_cmp);
            bytes as f64 / 1e6 / s[ROUNDS / 2]
        })
        .collect();
    for ((name, _), speed) in readers.iter().zip(&speeds) {
        println!("  {name:24} {speed:7.0} MB/s   feedloom / this: {:.2}", speeds[0] / speed);
    }
}

/// 50,000 small items in one feed.
fn many_items() {
    let mut feed = "<rss version=\"2.0\"><channel><title>many</title>".to_owned();
    for n in 0..50_000 {
        let _ = write!(
            feed,
            "<item><title>Item number {n} of a long list</title><link>https://example.org/items/{n}</link><guid>https://example.org/items/{n}</guid><description>&lt;p&gt;{n}&lt;/p&gt;</description></item>"
        );
    }
    feed.push_str("</channel></rss>");
    let start = Instant::now();
    let reading = upstream::read(feed.as_bytes(), &Request::default());
    let took = start.elapsed().as_secs_f64();
    println!("{} items, {:.1} MB: {took:.3} s", reading.entries.len(), feed.len() as f64 / 1e6);
}

const ENGLISH: [&str; 12] = [
    "service", "mesh", "release", "with", "the", "configuration", "of", "a", "cluster", "that", "fails & recovers",
    "quickly",
];
const CHINESE: [&str; 12] =
    ["服务", "网格", "发布", "了", "新的", "版本", "，配置", "中心", "在生产环境", "的实践", "。社区", "讨论"];

/// The same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("small")
    }

    fn words(&mut self, chinese: bool, count: usize) -> String {
        let mut text = String::new();
        for n in 0..count {
            if chinese {
                text.push_str(CHINESE[self.below(12)]);
            } else {
                if n > 0 {
                    text.push(' ');
                }
                text.push_str(ENGLISH[self.below(12)]);
            }
        }
        text
    }

    /// A few paragraphs as a blog writes them.
    fn html(&mut self, chinese: bool) -> String {
        let mut html = String::new();
        for _ in 0..=self.below(4) {
            let (a, b, c) = (self.words(chinese, 12), self.words(chinese, 4), self.words(chinese, 20));
            let _ = writeln!(
                html,
                "<p>{a} <a href=\"https://example.org/p/{}?x=1&amp;y=2\">{b}</a> {c}</p>",
                self.below(10_000)
            );
        }
        html.replace(" & ", " &amp; ")
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn feeds(make: fn(&mut Random, bool, usize) -> String) -> Vec<String> {
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    let mut feeds = Vec::new();
    let mut bytes = 0;
    while bytes < BYTES {
        let size = 5_000 + random.below(55_000);
        let feed = make(&mut random, feeds.len() % 3 == 0, size);
        bytes += feed.len();
        feeds.push(feed);
    }
    feeds
}

fn rss(random: &mut Random, chinese: bool, size: usize) -> String {
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:content=\"http://purl.org/rss/1.0/modules/content/\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:slash=\"http://purl.org/rss/1.0/modules/slash/\">\n<channel>\n\t<title>{}</title>\n\t<atom:link href=\"https://example.org/feed\" rel=\"self\" type=\"application/rss+xml\" />\n\t<link>https://example.org</link>\n\t<description>{}</description>\n\t<lastBuildDate>Mon, 06 Mar 2023 08:30:00 +0000</lastBuildDate>\n\t<language>en</language>\n",
        escape(&random.words(chinese, 3)),
        escape(&random.words(chinese, 8))
    );
    while feed.len() < size {
        let n = random.below(1_000_000);
        let (title, author, html) = (random.words(chinese, 6), random.words(chinese, 1), random.html(chinese));
        let summary = random.words(chinese, 25);
        let _ = write!(
            feed,
            "\t<item>\n\t\t<title>{}</title>\n\t\t<link>https://example.org/posts/{n}/</link>\n\t\t<comments>https://example.org/posts/{n}/#comments</comments>\n\t\t<dc:creator><![CDATA[{author}]]></dc:creator>\n\t\t<pubDate>Mon, 06 Mar 2023 08:{:02}:00 +0000</pubDate>\n\t\t<category><![CDATA[{}]]></category>\n\t\t<guid isPermaLink=\"false\">https://example.org/?p={n}</guid>\n",
            escape(&title),
            n % 60,
            random.words(chinese, 1),
        );
        // Blogs write sections, others escape.
        if n.is_multiple_of(2) {
            let _ = write!(
                feed,
                "\t\t<description><![CDATA[{summary}]]></description>\n\t\t<content:encoded><![CDATA[{html}]]></content:encoded>\n"
            );
        } else {
            let _ = writeln!(feed, "\t\t<description>{}</description>", escape(&html));
        }
        let _ = write!(feed, "\t\t<slash:comments>{}</slash:comments>\n\t</item>\n", n % 7);
    }
    feed.push_str("</channel>\n</rss>\n");
    feed
}

fn atom(random: &mut Random, chinese: bool, size: usize) -> String {
    let mut feed = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n  <title>{}</title>\n  <link href=\"https://example.org/atom.xml\" rel=\"self\"/>\n  <link href=\"https://example.org/\"/>\n  <updated>2023-03-06T08:30:00Z</updated>\n  <id>https://example.org/</id>\n  <author><name>{}</name></author>\n",
        escape(&random.words(chinese, 3)),
        escape(&random.words(chinese, 1))
    );
    while feed.len() < size {
        let n = random.below(1_000_000);
        let (title, html) = (random.words(chinese, 6), random.html(chinese));
        let _ = write!(
            feed,
            "  <entry>\n    <title type=\"text\">{}</title>\n    <link href=\"https://example.org/posts/{n}\" rel=\"alternate\" type=\"text/html\"/>\n    <published>2023-03-06T08:{:02}:00+08:00</published>\n    <updated>2023-03-06T09:{:02}:00Z</updated>\n    <id>tag:example.org,2023:{n}</id>\n    <category term=\"{}\"/>\n    <author><name>{}</name><uri>https://example.org/authors/{}</uri></author>\n",
            escape(&title),
            n % 60,
            n % 60,
            escape(&random.words(chinese, 1)),
            escape(&random.words(chinese, 1)),
            n % 10
        );
        if n.is_multiple_of(4) {
            let _ = writeln!(
                feed,
                "    <content type=\"xhtml\"><div xmlns=\"http://www.w3.org/1999/xhtml\">{html}</div></content>"
            );
        } else {
            let _ = writeln!(feed, "    <content type=\"html\">{}</content>", escape(&html));
        }
        let _ = writeln!(feed, "    <summary>{}</summary>\n  </entry>", escape(&random.words(chinese, 15)));
    }
    feed.push_str("</feed>\n");
    feed
}
