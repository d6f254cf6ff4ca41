//! Pages as people serve them: a folder a claim in `tests/cases/article`, and what
//! holds of every input, however damaged.
//!
//! A case is `input.*`, what is known besides in `request.json` (`address`,
//! `content_type`, `robots_header`; `encode` names the encoding the input is sent in;
//! `rules` are those of a site folder), and `expected.json`: keys of the document of
//! `inspect --json` as they have to be, and `text_has`, `text_lacks`, `html_has`,
//! `html_lacks` for parts of the long ones.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use feedloom::source::article::{self, Request, Rules, schema};
use serde_json::Value;
use url::Url;

fn cases() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/article");
    let mut cases: Vec<PathBuf> =
        fs::read_dir(&root).expect("cases").map(|c| c.expect("a case").path()).filter(|c| c.is_dir()).collect();
    cases.sort();
    assert!(cases.len() >= 60, "only {} cases found", cases.len());
    cases
}

fn input(case: &Path) -> Vec<u8> {
    let path = fs::read_dir(case)
        .expect("a folder")
        .map(|f| f.expect("a file").path())
        .find(|p| p.file_stem().is_some_and(|s| s == "input"))
        .unwrap_or_else(|| panic!("{}: no input", case.display()));
    fs::read(path).expect("the input")
}

fn document(bytes: &[u8], request: &Value) -> Value {
    let string = |key: &str| request.get(key).and_then(Value::as_str);
    let bytes = match string("encode") {
        Some(label) => {
            let encoding = encoding_rs::Encoding::for_label(label.as_bytes()).expect("a known encoding");
            encoding.encode(std::str::from_utf8(bytes).expect("UTF-8 in the repository")).0.into_owned()
        }
        None => bytes.to_vec(),
    };
    let rules = match string("rules") {
        Some(text) => Rules::with(&[("own.yaml".to_owned(), text.to_owned())]).expect("rules"),
        None => Rules::built_in(),
    };
    let address = Url::parse(string("address").unwrap_or("https://blog.example.org/a/post")).expect("an address");
    schema::document(&article::read(&Request {
        bytes: &bytes,
        content_type: string("content_type"),
        address: &address,
        robots_header: string("robots_header"),
        rules: &rules,
    }))
}

#[test]
fn article_cases() {
    let mut failures = Vec::new();
    for case in cases() {
        let json = |name: &str| -> Option<Value> {
            let bytes = fs::read(case.join(name)).ok()?;
            Some(serde_json::from_slice(&bytes).unwrap_or_else(|e| panic!("{}: {e}", case.display())))
        };
        let got = document(&input(&case), &json("request.json").unwrap_or_default());
        let expected = json("expected.json").unwrap_or_else(|| panic!("{}: no expected.json", case.display()));
        let claims = expected.as_object().expect("an object");
        assert!(!claims.is_empty(), "{}: nothing is claimed", case.display());
        for (key, wanted) in claims {
            let good = match key.rsplit_once('_') {
                Some((field @ ("text" | "html"), how @ ("has" | "lacks"))) => {
                    let long = got[field].as_str().unwrap_or_default();
                    let parts = wanted.as_array().expect("a list of texts");
                    parts.iter().all(|p| long.contains(p.as_str().expect("a text")) == (how == "has"))
                }
                _ => got.get(key) == Some(wanted),
            };
            if !good {
                let field = key.split('_').next().unwrap_or(key);
                let shown = got.get(key).or_else(|| got.get(field));
                failures.push(format!("{}: {key}: wanted {wanted}, got {shown:?}", case.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn read(html: &str) -> Value {
    document(html.as_bytes(), &Value::Null)
}

/// Time enough for a slow machine and a build that is not optimised, none for what grows with the square.
const LIMIT_S: u64 = 20;

#[test]
fn hostile_pages_are_read_or_refused_in_time() {
    let prose = "<p>A sentence of a page that is about something, with enough words to be one of an article.</p>";
    let pages = [
        format!("<html><body>{}{prose}{}</body></html>", "<div>".repeat(100_000), "</div>".repeat(100_000)),
        format!("<html><body>{}", "<ul><li>".repeat(60_000)),
        format!("<html><body>{}", "<b><i><font>x".repeat(5_000)),
        format!("<html><body><ul>{}", "<li><a href=/x>item</a>".repeat(150_000)),
        format!("<html><body>{}<script>{}</script>", prose.repeat(8), "x = 1;".repeat(400_000)),
        "<".repeat(200_000),
        "<a href='".repeat(20_000),
        "<!--".repeat(50_000),
    ];
    for page in pages {
        let start = Instant::now();
        let document = read(&page);
        assert_eq!(document["kind"], "page");
        let beginning: String = page.chars().take(40).collect();
        assert!(start.elapsed().as_secs() < LIMIT_S, "{beginning}: {:?}", start.elapsed());
    }
}

#[test]
fn a_page_of_20_megabytes_is_refused_before_it_is_parsed() {
    let start = Instant::now();
    let document = read(&"<p>word ".repeat(3_000_000));
    assert_eq!(document["refused"], "too-large");
    assert!(start.elapsed().as_secs() < LIMIT_S);
}

#[test]
fn pages_that_are_cut_anywhere_do_no_harm() {
    for case in cases().iter().step_by(3) {
        let bytes = input(case);
        for part in 1..6 {
            let cut = &bytes[..bytes.len() * part / 6];
            assert_eq!(document(cut, &Value::Null)["kind"], "page", "{}", case.display());
        }
    }
}

#[test]
fn saved_pages_say_where_they_come_from() {
    let of = |html: &str| article::address_of(html.as_bytes(), None).map(|u| u.to_string());
    let saved = "<!DOCTYPE html>\n<!-- saved from url=(0021)https://example.org/a -->\n<html><head><link rel=canonical href=https://example.org/b>";
    assert_eq!(of(saved).as_deref(), Some("https://example.org/a"));
    assert_eq!(of("<head><link rel=canonical href=https://example.org/b>").as_deref(), Some("https://example.org/b"));
    assert_eq!(
        of("<head><meta property='og:url' content='https://example.org/c'>").as_deref(),
        Some("https://example.org/c")
    );
    assert_eq!(of("<p>nothing"), None);
}
