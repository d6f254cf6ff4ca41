//! Feeds as people serve them: a folder a claim in `tests/cases/upstream`, and what
//! holds of every input, however damaged.
//!
//! A case is `input.*`, what is known besides in `request.json` (`content_type`,
//! `base_url`, `content_language`, `as`, `sanitize`; `encode` names the encoding the
//! input is sent in), and `expected.json`: the document of `inspect --json` without
//! what says nothing. `UPDATE_EXPECT=1` rewrites; read it before it is kept.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use feedloom::source::upstream::{self, Kind, Reading, Request, schema};
use serde_json::Value;

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/upstream");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&root).expect("cases").map(|c| c.expect("a case").path()).filter(|c| c.is_dir()).collect();
    cases.sort();
    assert!(cases.len() >= 150, "only {} cases found", cases.len());
    cases
}

fn input(case: &Path) -> (PathBuf, Vec<u8>) {
    let path = fs::read_dir(case)
        .expect("a folder")
        .map(|f| f.expect("a file").path())
        .find(|p| p.file_stem().is_some_and(|s| s == "input"))
        .unwrap_or_else(|| panic!("{}: no input", case.display()));
    let bytes = fs::read(&path).expect("the input");
    (path, bytes)
}

/// `text` in another encoding, as a server would send it.
fn encoded(text: &str, encoding: &str) -> Vec<u8> {
    let marked = encoding.strip_suffix("+mark");
    let mut bytes: Vec<u8> = match marked.unwrap_or(encoding) {
        "utf-16le" => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        "utf-16be" => text.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        "utf-32le" => text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect(),
        "utf-32be" => text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect(),
        "utf-8" => text.as_bytes().to_vec(),
        label => {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).expect("a known encoding");
            let (bytes, _, wrong) = encoding.encode(text);
            assert!(!wrong, "not all of the input can be said in {label}");
            bytes.into_owned()
        }
    };
    let mark: &[u8] = match marked {
        Some("utf-16le") => &[0xFF, 0xFE],
        Some("utf-16be") => &[0xFE, 0xFF],
        Some("utf-32le") => &[0xFF, 0xFE, 0, 0],
        Some("utf-32be") => &[0, 0, 0xFE, 0xFF],
        Some("utf-8") => &[0xEF, 0xBB, 0xBF],
        _ => &[],
    };
    bytes.splice(..0, mark.iter().copied());
    bytes
}

fn read(bytes: &[u8], request: &Value) -> Reading {
    let string = |key: &str| request.get(key).and_then(Value::as_str);
    let bytes = match string("encode") {
        Some(encoding) => encoded(std::str::from_utf8(bytes).expect("UTF-8 in the repository"), encoding),
        None => bytes.to_vec(),
    };
    let mut reading = upstream::read(
        &bytes,
        &Request {
            content_type: string("content_type"),
            address: string("base_url"),
            content_language: string("content_language"),
            meant: match string("as") {
                Some("feed") => Some(Kind::Feed),
                Some("page") => Some(Kind::Page),
                _ => None,
            },
        },
    );
    reading.resolve();
    if request.get("sanitize") == Some(&Value::Bool(true)) {
        reading.sanitise();
    }
    reading
}

/// What a reading says, without what says nothing.
fn said(reading: &Reading) -> Value {
    let mut document = schema::document(reading);
    let map = document.as_object_mut().expect("an object");
    for (key, usual) in [
        ("kind", "feed".into()),
        ("ok", true.into()),
        ("encoding", "utf-8".into()),
        ("bozo", false.into()),
        ("feed", Value::Object(Default::default())),
        ("entries", Value::Array(Vec::new())),
    ] {
        if map.get(key) == Some(&usual) {
            map.remove(key);
        }
    }
    map.remove("subject");
    map.remove("bozo");
    if matches!(map.get("format").and_then(Value::as_str), Some("rss20" | "atom10")) {
        map.remove("format");
    }
    document
}

#[test]
fn upstream_cases() {
    let mut failures = Vec::new();
    for case in cases() {
        let (_, bytes) = input(&case);
        let request = fs::read(case.join("request.json"))
            .map(|b| serde_json::from_slice(&b).unwrap_or_else(|e| panic!("{}: {e}", case.display())))
            .unwrap_or_default();
        let got = format!("{:#}\n", said(&read(&bytes, &request)));
        let path = case.join("expected.json");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&path, &got).expect("written");
            continue;
        }
        let want = fs::read_to_string(&path).unwrap_or_default();
        if want != got {
            failures.push(format!("--- {}\nwant:\n{want}\ngot:\n{got}", case.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Small, fast and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).expect("small")
    }
}

/// Pieces that break things when they stand in the wrong place.
const PIECES: [&[u8]; 28] = [
    b"<",
    b">",
    b"&",
    b"\"",
    b"'",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"-->",
    b"</item>",
    b"<item>",
    b"<entry>",
    b"</",
    b"&#x0;",
    b"&#xD800;",
    b"&nbsp;",
    b"\0",
    b"\xFF",
    b"\xC3",
    b"\xE4\xB8",
    b"xmlns=\"\"",
    b"<div>",
    b"</channel>",
    b"<title>",
    b"{",
    b"}",
    b"[[[[",
    b"<?xml version='1.0' encoding='utf-16'?>",
];

fn mutated(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut bytes = seeds[random.below(seeds.len())].clone();
    for _ in 0..=random.below(6) {
        let at = random.below(bytes.len() + 1);
        match random.below(7) {
            0 if !bytes.is_empty() => {
                let at = at.min(bytes.len() - 1);
                bytes[at] ^= 1 << random.below(8);
            }
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            2 => bytes.truncate(at),
            3 => {
                let end = (at + random.below(40)).min(bytes.len());
                bytes.drain(at..end);
            }
            4 => {
                let end = (at + random.below(200)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                let to = random.below(bytes.len() + 1);
                bytes.splice(to..to, piece);
            }
            5 => {
                let other = &seeds[random.below(seeds.len())];
                let from = random.below(other.len() + 1);
                let to = (from + random.below(300)).min(other.len());
                bytes.splice(at..at, other[from..to].iter().copied());
            }
            _ => {
                let end = (at + random.below(60)).min(bytes.len());
                bytes[at..end].reverse();
            }
        }
    }
    bytes
}

/// No text in `value` has a character that no output may carry.
fn is_clean(value: &Value) -> bool {
    match value {
        Value::String(text) => text.chars().all(feedloom::normalize::text::is_xml_char),
        Value::Array(list) => list.iter().all(is_clean),
        Value::Object(map) => map.values().all(is_clean),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// Every way to damage a feed ends in a reading, and none in characters that no output may carry.
#[test]
fn twenty_thousand_damaged_feeds_are_read() {
    let seeds: Vec<Vec<u8>> = cases().iter().map(|c| input(c).1).collect();
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    // `FEEDLOOM_DAMAGED=1000000` takes a minute or two and is for changes of the reader.
    let asked = std::env::var("FEEDLOOM_DAMAGED").ok().and_then(|n| n.parse().ok());
    let start = Instant::now();
    for n in 0..asked.unwrap_or(20_000) {
        let bytes = mutated(&seeds, &mut random);
        let address = (n % 3 == 0).then_some("https://example.org/feeds/all.xml");
        let content_type = (n % 5 == 0).then_some("text/xml; charset=gbk");
        let mut reading = upstream::read(&bytes, &Request { address, content_type, ..Request::default() });
        reading.resolve();
        assert!(is_clean(&schema::document(&reading)), "{n}: {reading:?}");
    }
    assert!(asked.is_some() || start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}

/// Sanitising is slower, so fewer.
#[test]
fn damaged_feeds_are_sanitised() {
    let seeds: Vec<Vec<u8>> = cases().iter().map(|c| input(c).1).collect();
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for _ in 0..2000 {
        let bytes = mutated(&seeds, &mut random);
        let mut reading = upstream::read(&bytes, &Request::default());
        reading.resolve();
        reading.sanitise();
        for text in reading.entries.iter_mut().flat_map(|e| e.texts_mut()) {
            let is_markup = text.media_type.is_markup();
            assert!(!is_markup || !text.value.to_ascii_lowercase().contains("<script"), "{}", text.value);
        }
    }
}

fn rss(item: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>t</title><item>{item}<title>last</title></item></channel></rss>")
}

/// Depth is bounded by rule, not by luck: the stack here is a sixteenth of the usual one.
#[test]
fn depth_needs_no_stack() {
    let deep = |open: &str, close: &str, levels: usize| format!("{}x{}", open.repeat(levels), close.repeat(levels));
    let inputs = vec![
        rss(&deep("<a>", "</a>", 200_000)),
        rss(&deep("<x:a>", "</x:a>", 200_000)),
        rss(&format!("<description>{}</description>", deep("<div>", "</div>", 200_000))),
        rss(&format!("<description>{}</description>", deep("&lt;div&gt;", "&lt;/div&gt;", 100_000))),
        rss(&format!("<description>{}</description>", "<b>".repeat(100_000))),
        rss(&"<itunes:category text='a'>".repeat(100_000)),
        format!(
            "<feed xmlns='http://www.w3.org/2005/Atom'><entry><content type='xhtml'>{}</content></entry></feed>",
            deep("<div xmlns='http://www.w3.org/1999/xhtml'>", "</div>", 100_000)
        ),
        format!("{{\"version\":\"https://jsonfeed.org/version/1\",\"items\":{}", "[".repeat(500_000)),
        format!("{{\"items\":[{{\"id\":1}},{{\"a\":{}", "{\"a\":".repeat(200_000)),
    ];
    let reader = move || {
        for input in &inputs {
            let start = Instant::now();
            let mut reading = upstream::read(input.as_bytes(), &Request::default());
            reading.resolve();
            reading.sanitise();
            assert_eq!(reading.kind, Kind::Feed);
            let took = start.elapsed();
            assert!(took.as_secs() < 10, "{took:?} for {}", &input[..80]);
        }
    };
    let thread = std::thread::Builder::new().stack_size(512 << 10).spawn(reader).expect("a thread");
    thread.join().expect("no overflow, no panic");
}

/// Eight times the input takes about eight times as long, whatever is wrong with it.
#[test]
fn time_is_linear() {
    type Shape = (&'static str, fn(usize) -> String);
    let shapes: [Shape; 12] = [
        ("attributes", |n| rss(&format!("<x{}/>", (0..n).map(|k| format!(" a{k}='b'")).collect::<String>()))),
        ("prefixes", |n| rss(&format!("<x{}/>", (0..n).map(|k| format!(" xmlns:a{k}='b'")).collect::<String>()))),
        ("one long value", |n| rss(&format!("<x a='{}'/>", "y".repeat(n * 10)))),
        ("unclosed", |n| rss(&"<a b='c'>".repeat(n))),
        ("closed only", |n| rss(&"</a></b>".repeat(n))),
        ("crossed", |n| rss(&"<a></b>".repeat(n))),
        ("quotations", |n| rss(&"<a b='>".repeat(n))),
        ("references", |n| rss(&format!("<title>{}</title>", "&".repeat(n * 4)))),
        ("sections", |n| rss(&format!("<title>{}", "<![CDATA[</title>".repeat(n)))),
        ("items", |n| rss(&"<item><guid>1</guid>".repeat(n))),
        ("categories", |n| rss(&(0..n).map(|k| format!("<category>{k}</category>")).collect::<String>())),
        ("mixed text", |n| rss(&format!("<description>{}</description>", "a<b>c</b>&amp;".repeat(n)))),
    ];
    for (name, shape) in shapes {
        let measure = |n: usize| {
            let text = shape(n);
            let best = (0..3).map(|_| {
                let start = Instant::now();
                std::hint::black_box(upstream::read(text.as_bytes(), &Request::default()));
                start.elapsed().as_secs_f64()
            });
            best.fold(f64::MAX, f64::min)
        };
        let (small, large) = (measure(5_000), measure(40_000));
        assert!(large < 0.02 || large < small * 40.0, "{name}: {small} s, {large} s");
    }
}
