//! Bad input is the normal case: told with file and line, and nothing else affected.

use std::time::{Duration, Instant};

use super::site::Site;

/// Refreshes a site with one good post and `bad` ones; the good one must be out.
fn survives(name: &str, bad: &[(&str, Vec<u8>)]) -> (Site, super::site::Run) {
    let site = Site::new();
    site.post("good.md", "Good post about MOSN", "2024-01-02", "Words about MOSN.");
    for (file, bytes) in bad {
        site.write(&format!("posts/{file}"), bytes);
    }
    let start = Instant::now();
    let run = site.refresh();
    let limit = Duration::from_secs(if cfg!(debug_assertions) { 30 } else { 5 });
    assert!(start.elapsed() < limit, "{name} took {:?}", start.elapsed());
    assert!(site.read("public/mosn/atom.xml").contains("Good post about MOSN"), "{name}");
    well_formed(&site);
    (site, run)
}

/// Every XML file parses, every JSON file too, and no character is forbidden.
pub fn well_formed(site: &Site) {
    for (name, (bytes, _)) in site.published() {
        let text = String::from_utf8(bytes).unwrap_or_else(|e| panic!("{name}: {e}"));
        if name.ends_with(".xml") {
            let mut reader = quick_xml::Reader::from_str(&text);
            loop {
                match reader.read_event() {
                    Ok(quick_xml::events::Event::Eof) => break,
                    Ok(quick_xml::events::Event::Decl(_)) => {
                        assert!(reader.buffer_position() < 60, "{name}: a second declaration")
                    }
                    Ok(_) => {}
                    Err(e) => panic!("{name}: {e}"),
                }
            }
        }
        if name.ends_with(".json") {
            serde_json::from_str::<serde_json::Value>(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
        assert!(text.chars().all(|c| c >= ' ' || "\t\n\r".contains(c)), "{name} holds a control character");
    }
}

#[test]
fn broken_front_matter_names_file_and_line() {
    let (_site, run) = survives(
        "front matter",
        &[("bad.md", b"---\ntitle: a\ntags: [x\n---\ntext\n".to_vec()), ("open.md", b"---\ntitle: a\n".to_vec())],
    );
    assert!(run.err.contains("posts/bad.md:3:7: front matter is not valid YAML"), "{}", run.err);
    assert!(
        run.err.contains("posts/open.md:1:1: the front matter that starts with `---` is never closed"),
        "{}",
        run.err
    );
}

#[test]
fn a_post_of_ten_megabytes_is_refused() {
    let big = format!("---\ntitle: Big\n---\n{}", "words and words\n".repeat(700_000));
    let (_site, run) = survives("big", &[("big.md", big.into_bytes())]);
    assert!(run.err.contains("posts/big.md") && run.err.contains("MiB"), "{}", run.err);
}

#[test]
fn an_alias_bomb_is_refused() {
    let mut bomb = String::from("---\na0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for i in 1..12 {
        bomb.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{}", i - 1); 10].join(", ")));
    }
    bomb.push_str("---\ntext\n");
    let (_site, run) = survives("bomb", &[("bomb.md", bomb.into_bytes())]);
    assert!(run.err.contains("posts/bomb.md"), "{}", run.err);
}

#[test]
fn deep_nesting_takes_no_time() {
    let head = "---\ntitle: Deep\ndate: 2024-01-01\ncategories: Weekly\n---\n";
    let deep = |c: &str| format!("{head}{}x\n", c.repeat(100_000)).into_bytes();
    survives(
        "deep",
        &[
            ("a.md", deep("[")),
            ("b.md", deep(">")),
            ("c.md", deep("<div>")),
            ("d.md", deep("- ")),
            ("e.md", deep("**a ")),
            ("f.md", deep("> ")),
            ("g.md", deep("*")),
            ("h.md", deep("(")),
        ],
    );
}

#[test]
fn many_of_anything_take_no_time() {
    let head = "---\ntitle: Many\ndate: 2024-01-01\ncategories: Weekly\n---\n";
    let many = |count: usize, make: &dyn Fn(usize) -> String| {
        format!("{head}{}", (0..count).map(make).collect::<String>()).into_bytes()
    };
    survives(
        "many",
        &[
            ("a.md", many(40_000, &|_| "{{<x>}}\n".to_owned())),
            ("b.md", many(40_000, &|_| "{{%x ".to_owned())),
            ("c.md", many(2_000, &|n| format!("- [item {n}][l{n}] is told of\n\n[l{n}]: https://l.example/{n}\n\n"))),
            ("d.md", many(10_000, &|n| format!("[a](other-{n}.md)\n"))),
            (
                "e.md",
                many(100_000, &|n| if n < 99_999 { "(".to_owned() } else { "([a](https://a.example/x) b".to_owned() }),
            ),
            ("h.md", many(100_000, &|_| "https://a.example/c，".to_owned())),
            ("i.md", many(300_000, &|_| "$a".to_owned())),
            ("j.md", many(50_000, &|n| format!("{{{{< unknown{n} >}}}}\n"))),
            ("k.md", many(64_000, &|n| if n == 0 { "<math>a</math>".to_owned() } else { "<a =\"x\"=\"y>".to_owned() })),
            ("f.md", many(20_000, &|n| format!("动态 {n}：\n\n- x\n\n"))),
            ("g.md", many(1_000, &|n| format!("[Lamp{n} 1.{n}](https://l.example/{n}) was released, "))),
        ],
    );
}

#[test]
fn links_and_pipes_are_passed_over() {
    let site = Site::new();
    site.post("good.md", "Good MOSN", "2024-01-02", "x");
    std::os::unix::fs::symlink("/etc/passwd", site.path("posts/link.md")).expect("a link");
    assert!(std::process::Command::new("mkfifo").arg(site.path("posts/pipe.md")).status().expect("mkfifo").success());
    let run = site.refresh();
    assert!(run.err.contains("posts/link.md: passed over: a symbolic link"), "{}", run.err);
    assert!(run.err.contains("posts/pipe.md: passed over: no regular file"), "{}", run.err);
    assert!(site.published().values().all(|(b, _)| !String::from_utf8_lossy(b).contains("root:")));
}

#[test]
fn two_posts_with_one_address_are_both_kept_and_told() {
    let site = Site::new();
    site.write("posts/a.md", "---\ntitle: First MOSN\ndate: 2024-01-01\nslug: same\n---\nfirst\n");
    site.write("posts/b.md", "---\ntitle: Second MOSN\ndate: 2024-01-02\nslug: same\n---\nsecond\n");
    site.refresh();
    let check = site.run(&["check"]);
    assert!(
        check.err.contains("posts/b.md:1: posts/a.md has the address https://www.example.org/blog/same/ too"),
        "{}",
        check.err
    );
    let feed = site.read("public/all/atom.xml");
    assert!(feed.contains("First MOSN") && feed.contains("Second MOSN"), "{feed}");
}

#[test]
fn impossible_dates_are_told() {
    let (site, run) = survives(
        "dates",
        &[
            ("zero.md", b"---\ntitle: Zero\ndate: 0000-01-01\n---\nx\n".to_vec()),
            ("far.md", b"---\ntitle: Far\ndate: 9999-12-31\n---\nx\n".to_vec()),
            ("word.md", b"---\ntitle: Word\ndate: yesterday\n---\nx\n".to_vec()),
        ],
    );
    assert!(run.err.contains("posts/zero.md:3: `date: 0000-01-01` is no date"), "{}", run.err);
    assert!(run.err.contains("posts/far.md:3: `date: 9999-12-31` lies in the far future"), "{}", run.err);
    assert!(run.err.contains("; until then the post is of "), "{}", run.err);
    let feed = site.read("public/all/feed.json");
    assert!(!feed.contains("\"Far\"") && feed.contains("\"Zero\"") && feed.contains("\"Word\""), "{feed}");
}

#[test]
fn control_characters_and_scripts_never_get_out() {
    let body = "<script>alert(1)</script>\n\n[x](javascript:alert(2)) <img src=x onerror=alert(3)> <iframe src=\"https://p.example/\"></iframe>\n\n![p](pic.png)\n";
    let (site, _) = survives(
        "hostile",
        &[(
            "x.md",
            format!("---\ntitle: \"MOSN \\x01\\x1b[31m <b>bold</b>\"\ndate: 2024-01-01\n---\n{body}").into_bytes(),
        )],
    );
    for (name, (bytes, _)) in site.published() {
        // Pages have one script of their own, the search page two.
        let own = |script: &str| {
            script.ends_with("assets/feedloom.js\" defer>") || script.ends_with("search/search.js\" defer>")
        };
        let text = String::from_utf8_lossy(&bytes).replace("&#x2f;", "/");
        let text: String = text
            .lines()
            .filter(|l| !(l.starts_with("<script src=\"") && own(l.trim_end_matches("</script>"))))
            .collect();
        for bad in ["<script", "&lt;script", "javascript:", "onerror", "<iframe", "&lt;iframe", "src=\"pic.png\""] {
            assert!(!text.contains(bad), "{name} holds {bad}");
        }
    }
    let feed: serde_json::Value = serde_json::from_str(&site.read("public/mosn/feed.json")).expect("JSON");
    let html = feed["items"][1]["content_html"].as_str().expect("content");
    assert!(html.contains("https://www.example.org/blog/x/pic.png"), "{html}");
}

#[test]
fn not_quite_text_is_read_as_far_as_it_goes() {
    let (site, run) = survives(
        "encodings",
        &[
            ("bom.md", b"\xEF\xBB\xBF---\r\ntitle: Bom MOSN\r\ndate: 2024-02-01\r\n---\r\nx\r\n".to_vec()),
            ("latin.md", b"---\ntitle: Latin MOSN\ndate: 2024-02-02\n---\ncaf\xE9\n".to_vec()),
            (
                "utf16.md",
                "\u{feff}---\ntitle: Wide MOSN\ndate: 2024-02-03\n---\nx\n"
                    .encode_utf16()
                    .flat_map(u16::to_le_bytes)
                    .collect(),
            ),
            ("empty.md", Vec::new()),
        ],
    );
    assert!(run.err.contains("posts/latin.md:5: not valid UTF-8"), "{}", run.err);
    assert!(!site.read("public/all/feed.json").contains("\"empty\""));
    let feed = site.read("public/mosn/rss.xml");
    for title in ["Bom MOSN", "Latin MOSN", "Wide MOSN"] {
        assert!(feed.contains(title), "{title}");
    }
}

#[test]
fn names_with_blanks_and_quotes_are_names() {
    let site = Site::new();
    site.post("A \"quoted\" & <odd> 'name'.md", "Odd MOSN", "2024-01-01", "x");
    site.post("全角（ＭＯＳＮ）.md", "Wide name MOSN", "2024-01-02", "x");
    site.post("CAPS/index.md", "Bundle MOSN", "2024-01-03", "x");
    site.refresh();
    well_formed(&site);
    let links: Vec<String> = site.entries().iter().map(|e| e["link"].as_str().expect("link").to_owned()).collect();
    assert!(links.contains(&"https://www.example.org/blog/caps/".to_owned()), "{links:?}");
    assert!(links.iter().all(|l| url::Url::parse(l).is_ok()), "{links:?}");
}

#[test]
fn posts_of_one_name_in_two_folders_are_two_posts() {
    let site = Site::new();
    let more = super::site::CONFIG.replace(
        "  - path: posts\n",
        "  - {path: more, url: \"https://www.example.org/more/{slug}/\"}\n  - path: posts\n",
    );
    site.write("feedloom.yaml", more);
    for folder in ["posts", "more"] {
        site.write(&format!("{folder}/same.md"), format!("---\ntitle: MOSN in {folder}\ndate: 2024-01-01\n---\nx\n"));
    }
    site.refresh();
    let mut titles: Vec<String> = site.entries().iter().map(|e| e["title"].to_string()).collect();
    titles.sort();
    assert_eq!(titles, ["\"MOSN in more\"", "\"MOSN in posts\""]);
    assert!(site.refresh().out.contains("nothing changed"));
}
