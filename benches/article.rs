//! Reading article pages: the whole of it (metadata, date, content, clean-up,
//! sanitising) and `dom_smoothie` alone, on the same pages in one run.
//!
//! The pages are those of the folder that `FEEDLOOM_PAGES` names (`*.html`, deeper
//! folders too), else some that are made here. Each figure is the least of rounds
//! that are interleaved. A WeChat page of 3 MB is made and read besides. Run with
//! `cargo bench --bench article`.

use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use feedloom::normalize::html;
use feedloom::source::article::{self, Request, Rules};
use url::Url;

/// Interleaved rounds.
const ROUNDS: usize = 5;

/// Bytes of a WeChat page.
const WECHAT: usize = 3_000_000;

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let pages = match std::env::var_os("FEEDLOOM_PAGES") {
        Some(folder) => {
            let mut pages = Vec::new();
            collect(Path::new(&folder), &mut pages);
            pages
        }
        None => (0..60).map(made).collect(),
    };
    let address = Url::parse("https://blog.example.org/a/post").expect("an address");
    let rules = Rules::built_in();
    let whole = |bytes: &[u8], address: &Url| {
        let request = Request { bytes, content_type: None, address, robots_header: None, rules: &rules };
        if let Ok(page) = article::read(&request) {
            black_box(html::sanitise(&page.html, Some(address)));
        }
    };
    let alone = |bytes: &[u8]| {
        let text = String::from_utf8_lossy(bytes);
        let config =
            dom_smoothie::Config { text_mode: dom_smoothie::TextMode::Formatted, ..dom_smoothie::Config::default() };
        if let Ok(mut reader) = dom_smoothie::Readability::new(text.as_ref(), Some(address.as_str()), Some(config)) {
            black_box(reader.parse().ok());
        }
    };
    let mut times = vec![(f64::MAX, f64::MAX); pages.len()];
    for _ in 0..ROUNDS {
        for (page, time) in pages.iter().zip(&mut times) {
            time.0 = time.0.min(timed(|| whole(page, &address)));
            time.1 = time.1.min(timed(|| alone(page)));
        }
    }
    let sum = |of: fn(&(f64, f64)) -> f64| times.iter().map(of).sum::<f64>();
    let (ours, theirs) = (sum(|t| t.0), sum(|t| t.1));
    let mut sorted: Vec<f64> = times.iter().map(|t| t.0).collect();
    sorted.sort_by(f64::total_cmp);
    let at = |share: usize| sorted.get(sorted.len().saturating_sub(1) * share / 100).copied().unwrap_or_default();
    println!(
        "{} pages: whole {ours:.1} ms, dom_smoothie alone {theirs:.1} ms, ratio {:.2}",
        pages.len(),
        ours / theirs
    );
    println!(
        "whole: half of the pages within {:.2} ms, 99 % within {:.2} ms, all within {:.2} ms",
        at(50),
        at(99),
        at(100)
    );
    let wechat = Url::parse("https://mp.weixin.qq.com/s/abc").expect("an address");
    let page = made_wechat();
    let least = (0..ROUNDS).map(|_| timed(|| whole(&page, &wechat))).fold(f64::MAX, f64::min);
    println!("a WeChat page of {:.1} MB: {least:.2} ms", page.len() as f64 / 1e6);
}

fn timed(work: impl FnOnce()) -> f64 {
    let start = Instant::now();
    work();
    start.elapsed().as_secs_f64() * 1e3
}

fn collect(folder: &Path, pages: &mut Vec<Vec<u8>>) {
    let mut paths: Vec<_> = fs::read_dir(folder).expect("a folder").map(|f| f.expect("a file").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, pages);
        } else if path.extension().is_some_and(|e| e == "html") {
            pages.push(fs::read(&path).expect("a page"));
        }
    }
}

/// A page as sites make them: scripts, a menu, an article, lists of others.
fn made(n: usize) -> Vec<u8> {
    let sentence =
        "The proxy keeps one connection to each of its peers, and closes those that were idle for a minute. ";
    let paragraphs: String = (0..8 + n % 40).map(|p| format!("<p>{}</p>", sentence.repeat(2 + (p + n) % 5))).collect();
    let menu: String =
        (0..60).map(|i| format!("<li class=\"menu-item\"><a href=\"/s{i}\">Section {i}</a></li>")).collect();
    let others: String = (0..40)
        .map(|i| format!("<div class=\"card teaser\"><a href=\"/a{i}\"><img data-src=\"/i{i}.jpg\"><h3>Article {i}</h3></a></div>"))
        .collect();
    let script = format!("<script>window.x = {{{}}};</script>", "\"key\": [1, 2, 3], ".repeat(1500));
    format!(
        "<!DOCTYPE html><html lang=en><head><title>Page {n} | Site</title><meta property=og:title content=\"Page {n}\">\
         <meta property=article:published_time content=2024-06-30T10:00:00Z>{script}</head><body><ul class=nav>{menu}</ul>\
         <article><h1>Page {n}</h1>{paragraphs}</article><aside>{others}</aside>{script}</body></html>"
    )
    .into_bytes()
}

fn made_wechat() -> Vec<u8> {
    let text = "<section><p>服务网格把通信从业务代码里分离出来，语言与框架就不再是限制。</p></section>".repeat(400);
    let filler = "function f(a){return a<1?'x':\"y\"};".repeat(WECHAT / 34);
    format!(
        "<!DOCTYPE html><html><head><meta property=og:title content=标题></head><body><div id=js_article><div id=js_content \
         style=\"visibility: hidden\">{text}</div></div><script>{filler}</script><script>window.cgiDataNew = {{ nick_name: '号', \
         ori_create_time: '1700000000' * 1 }};</script></body></html>"
    )
    .into_bytes()
}
