//! `feedloom check` as a gate for pull requests: formats, what changed, what to paste.

use std::path::Path;
use std::process::Command;

use super::site::{CONFIG, Run, Site};

fn git(folder: &Path, arguments: &[&str]) -> String {
    let fixed = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
    let output = Command::new("git")
        .args(fixed)
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env_remove("GIT_DIR")
        .output()
        .expect("git starts");
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A site in a folder of a repository, with something of everything that is told.
fn site() -> Site {
    let site = Site::new();
    std::fs::create_dir_all(site.path("blog")).expect("a folder");
    site.write("blog/feedloom/feedloom.yaml", CONFIG.replace("path: posts", "path: ../posts"));
    site.write("blog/feedloom/feeds/mosn.yaml", "title: MOSN\naliases: [SOFAMosn]\nnot: [MOSN room]\n");
    site.write("blog/feedloom/feeds/seata.yaml", "title: Seata\n");
    site.write(
        "blog/posts/a, b.md",
        "---\ntitle: \"Weekly 1\"\ndate: 2024-01-01\ncategories: Weekly\n---\n\n### Reading\n\nLoose words at 50 %.\n\n- [On MOSN](https://a.example.com/m)\n- [About nothing](https://a.example.com/x)\n",
    );
    site.write("blog/posts/broken.md", "---\ntitle: ok\ntags: [a\n---\n\nx\n");
    site
}

fn check(site: &Site, arguments: &[&str]) -> Run {
    let mut all = vec!["--site", "feedloom", "check"];
    all.extend(arguments);
    let output = site
        .command(&all)
        .current_dir(site.path("blog"))
        .env_remove("GITHUB_WORKSPACE")
        .output()
        .expect("the program starts");
    Run {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

#[test]
fn people_read_lines() {
    let site = site();
    let run = check(&site, &["--verbose"]);
    assert_eq!(run.status, 0);
    assert_eq!(
        run.err,
        [
            "note: ../posts/a, b.md:9: stays part of the digest only: Loose words at 50 %.\n",
            "warning: ../posts/broken.md:3:7: front matter is not valid YAML: unclosed bracket '['\n",
            "note: feeds/mosn.yaml:2:11: `SOFAMosn` of `aliases` is in no post\n",
            "note: feeds/mosn.yaml:3:7: `MOSN room` of `not` is in no post\n",
        ]
        .concat()
    );
    assert_eq!(
        run.out,
        "1 entry is about no project; lines for overrides.yaml:\n  \"https://a.example.com/x\": {projects: [+SLUG]}  # About nothing\nno entries for: seata\n2 posts, 1 digest, 2 items; 1 problem, 3 notes\n"
    );
    assert_eq!(check(&site, &["--strict"]).status, 4);
}

#[test]
fn github_gets_workflow_commands_at_paths_of_the_repository() {
    let site = site();
    let run = check(&site, &["--strict", "--format", "github"]);
    assert_eq!((run.status, run.err.as_str()), (4, ""));
    for line in [
        "::notice file=posts/a%2C b.md,line=9::stays part of the digest only: Loose words at 50 %25.",
        "::error file=posts/broken.md,line=",
        "::notice file=feedloom/feeds/mosn.yaml,line=2,col=11::`SOFAMosn` of `aliases` is in no post",
        "::notice file=posts/a%2C b.md,line=12::about no project: About nothing%0ALine for overrides.yaml:%0A\"https://a.example.com/x\": {projects: [+SLUG]}",
        "::notice file=feedloom/feeds/seata.yaml,line=1::no entries for seata",
    ] {
        assert!(run.out.contains(line), "missing {line:?} in\n{}", run.out);
    }
    let mild = check(&site, &["--format", "github"]);
    assert!(mild.status == 0 && mild.out.contains("::warning file=posts/broken.md"), "{}", mild.out);
    site.write("blog/feedloom/feeds/mosn.yaml", "title: MOSN\nalises: [x]\n");
    let mistaken = check(&site, &["--format", "github"]);
    assert_eq!(
        (mistaken.status, mistaken.out.as_str()),
        (2, "::error file=feedloom/feeds/mosn.yaml,line=2,col=1::unknown key `alises`, did you mean `aliases`?\n")
    );
}

#[test]
fn programs_get_one_document() {
    let site = site();
    let run = check(&site, &["--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!(found["posts"], 2);
    assert_eq!(found["empty"], serde_json::json!(["seata"]));
    assert_eq!(
        found["unplaced"],
        serde_json::json!([{ "file": "posts/a, b.md", "line": 12, "title": "About nothing", "target": "https://a.example.com/x", "override": "\"https://a.example.com/x\": {projects: [+SLUG]}" }])
    );
    let problems = found["problems"].as_array().expect("a list");
    assert_eq!(problems.len(), 4);
    assert_eq!(problems.iter().filter(|p| p["severity"] == "warning").count(), 1);
    site.write("blog/feedloom/feedloom.yaml", "url: nowhere\n");
    let run = check(&site, &["--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
    assert_eq!((run.status, found["problems"][0]["file"].as_str()), (2, Some("feedloom/feedloom.yaml")));
}

#[test]
fn only_what_changed() {
    let site = site();
    let blog = site.path("blog");
    git(&blog, &["init", "-q", "-b", "main"]);
    git(&blog, &["add", "."]);
    git(&blog, &["commit", "-qm", "all"]);
    let clean = check(&site, &["--strict", "--verbose", "--changed-since", "main"]);
    assert_eq!((clean.status, clean.err.as_str()), (0, ""), "{}", clean.out);
    assert_eq!(clean.out, "2 posts, 1 digest, 2 items; 0 problems, 0 notes in 0 changed files\n");
    git(&blog, &["checkout", "-qb", "work"]);
    site.write("blog/posts/new.md", "---\ntitle: New\ndate: [\n---\nx\n");
    site.write("blog/feedloom/feeds/seata.yaml", "title: Seata\naliases: [Fescar]\n");
    git(&blog, &["commit", "-qam", "an alias"]);
    // What others did meanwhile is not told.
    git(&blog, &["checkout", "-q", "main"]);
    site.write("blog/posts/a, b.md", "---\ntitle: \"Weekly 1\"\ndate: never\n---\n");
    git(&blog, &["commit", "-qm", "others", "--", "posts/a, b.md"]);
    git(&blog, &["checkout", "-q", "work"]);
    let run = check(&site, &["--strict", "--verbose", "--changed-since", "main"]);
    assert_eq!(run.status, 4, "{}{}", run.out, run.err);
    let places: Vec<&str> = run.err.lines().filter_map(|l| l.split(':').nth(1)).map(str::trim).collect();
    assert_eq!(places, ["../posts/new.md", "feeds/seata.yaml"], "{}", run.err);
    assert!(run.out.starts_with("no entries for: seata\n"), "{}", run.out);
}

#[test]
fn what_git_cannot_tell_is_an_error() {
    let site = site();
    let none = site
        .command(&["--site", "feedloom", "check", "--changed-since", "main"])
        .current_dir(site.path("blog"))
        .env("GIT_CEILING_DIRECTORIES", site.path(""))
        .output()
        .expect("starts");
    assert_eq!(none.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&none.stderr).contains("in no git repository"));
    let blog = site.path("blog");
    git(&blog, &["init", "-q", "-b", "main"]);
    git(&blog, &["add", "."]);
    git(&blog, &["commit", "-qm", "all"]);
    for revision in ["nowhere", "--output=x", "HEAD~9"] {
        let run = check(&site, &[&format!("--changed-since={revision}")]);
        assert_eq!(run.status, 2, "{}", run.out);
        assert_eq!(
            run.err,
            format!(
                "error: `{revision}` is no revision of this repository; a clone may lack it: fetch the whole history (`fetch-depth: 0`)\n"
            )
        );
    }
    let path = tempfile::tempdir().expect("a folder");
    let output = site
        .command(&["--site", "feedloom", "check", "--changed-since", "main"])
        .current_dir(&blog)
        .env("PATH", path.path())
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("git cannot be called"));
}

#[test]
fn posts_are_read_once_and_what_would_go_is_told() {
    let site = Site::new();
    for n in 0..20 {
        site.post(&format!("p{n}.md"), &format!("MOSN {n}"), "2024-01-01", "x");
    }
    site.refresh();
    std::fs::remove_file(site.path("posts/p3.md")).expect("removed");
    let run = site.run(&["check"]);
    assert!(run.out.contains("1 published entry would be withdrawn:\n  mosn3  ("), "{}", run.out);
    assert!(run.out.contains("19 posts, 0 digests, 0 items; 0 problems"), "{}", run.out);
    for n in 4..12 {
        std::fs::remove_file(site.path(&format!("posts/p{n}.md"))).expect("removed");
    }
    let run = site.run(&["check", "--strict"]);
    assert_eq!(run.status, 4);
    assert!(run.err.contains("feedloom.yaml: a refresh would stop"), "{}", run.err);
    assert!(run.out.contains("11 posts, 0 digests"), "{}", run.out);
}
