//! Cases as data: a folder a claim, input and expected output in it.
//! `UPDATE_EXPECT=1` writes what came out; read it like code before it is kept.

use std::fs;
use std::path::{Path, PathBuf};

use super::site::Site;

fn cases(stage: &str) -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases").join(stage);
    let mut cases: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap_or_else(|e| panic!("{}: {e}", root.display()))
        .map(|c| c.expect("a case").path())
        .collect();
    cases.sort();
    assert!(!cases.is_empty(), "no cases found in {}", root.display());
    cases
}

fn compare(case: &Path, got: &str, failures: &mut Vec<String>) {
    let path = case.join("expected.txt");
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(&path, got).expect("written");
        return;
    }
    let want = fs::read_to_string(&path).unwrap_or_default();
    if want != got {
        failures.push(format!("--- {}\nwant:\n{want}\ngot:\n{got}", case.display()));
    }
}

/// `input.md` -> entries, a line or two each.
#[test]
fn digest_cases() {
    let mut failures = Vec::new();
    for case in cases("digest") {
        let site = Site::new();
        let name = if case.join("name.txt").exists() {
            fs::read_to_string(case.join("name.txt")).expect("a name")
        } else {
            "post.md".to_owned()
        };
        site.write(&format!("posts/{}", name.trim()), fs::read(case.join("input.md")).expect("input.md"));
        site.write("feeds/layotto.yaml", "title: Layotto\naddresses: [github.com/mosn/layotto]\n");
        site.write(
            "feeds/sofarpc.yaml",
            "title: SOFARPC\naliases: [SOFA-RPC, sofa-rpc]\naddresses: [github.com/sofastack/sofa-rpc]\n",
        );
        site.write("feedloom.yaml", super::site::CONFIG.replace("[{categories: Weekly}]", "[{}]"));
        site.refresh();
        let mut entries = site.entries();
        entries.retain(|e| e["kind"] != "digest");
        let mut got = String::new();
        for e in &entries {
            got.push_str(&line(e));
        }
        compare(&case, &got, &mut failures);
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

fn line(e: &serde_json::Value) -> String {
    let text = |key: &str| e[key].as_str().unwrap_or("").to_owned();
    let mut line = format!("{} | {}", text("kind"), text("title"));
    let names: Vec<&str> = e["authors"].as_array().into_iter().flatten().filter_map(|a| a["name"].as_str()).collect();
    if !names.is_empty() {
        line.push_str(&format!(" | by {}", names.join(", ")));
    }
    let projects: Vec<&str> =
        e["projects"].as_array().into_iter().flatten().filter_map(|p| p["slug"].as_str()).collect();
    if !projects.is_empty() {
        line.push_str(&format!(" | of {}", projects.join(", ")));
    }
    if !text("version").is_empty() {
        line.push_str(&format!(" | version {}", text("version")));
    }
    if !text("starts_at").is_empty() {
        line.push_str(&format!(" | starts {}", text("starts_at")));
    }
    line.push('\n');
    if let Some(url) = e["mentions"][0]["url"].as_str() {
        line.push_str(&format!("  <{url}>\n"));
    }
    for text in text("text").lines().filter(|l| !l.trim().is_empty()) {
        line.push_str(&format!("  {text}\n"));
    }
    line
}
