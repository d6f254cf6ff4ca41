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
    let run = check(&site, &["--strict", "--verbose", "--format", "github"]);
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
    // GitHub shows few: notes would take the place of what matters.
    let mild = check(&site, &["--format", "github"]);
    assert!(!mild.out.contains("stays part of") && !mild.out.contains("is in no post"), "{}", mild.out);
    assert!(
        mild.out.ends_with("\n2 posts, 1 digest, 2 items; 1 problem, 3 notes: --verbose shows them\n"),
        "{}",
        mild.out
    );
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
    assert!(run.out.contains("1 published entry would be withdrawn:\n  MOSN 3  ("), "{}", run.out);
    assert!(run.out.contains("19 posts, 0 digests, 0 items; 0 problems"), "{}", run.out);
    for n in 4..12 {
        std::fs::remove_file(site.path(&format!("posts/p{n}.md"))).expect("removed");
    }
    let run = site.run(&["check", "--strict"]);
    assert_eq!(run.status, 4);
    assert!(run.err.contains("feedloom.yaml: a refresh would stop"), "{}", run.err);
    assert!(run.out.contains("11 posts, 0 digests"), "{}", run.out);
}

#[test]
fn what_stops_a_check_is_told_in_every_format() {
    let told = |site: &Site, text: &str, github: &str, file: Option<&str>, line: usize| {
        let run = check(site, &[]);
        assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (2, "", text));
        let run = check(site, &["--format", "github"]);
        assert_eq!((run.status, run.out.as_str(), run.err.as_str()), (2, github, ""));
        let run = check(site, &["--format", "json"]);
        assert_eq!((run.status, run.err.as_str()), (2, ""));
        let found: serde_json::Value = serde_json::from_str(&run.out).expect("JSON");
        let problem = &found["problems"][0];
        assert_eq!((problem["file"].as_str(), problem["line"].as_u64()), (file, Some(line as u64)), "{problem}");
        assert_eq!(
            (problem["severity"].as_str(), found["problems"].as_array().map(Vec::len)),
            (Some("error"), Some(1))
        );
        assert!(text.contains(problem["text"].as_str().expect("a text")), "{problem}");
    };
    let site = site();
    site.write("blog/feedloom/templates/project.html", "a\n{% if %}\n");
    told(
        &site,
        "error: templates/project.html:2: syntax error: unexpected end of block\n",
        "::error file=feedloom/templates/project.html,line=2::syntax error: unexpected end of block\n",
        Some("feedloom/templates/project.html"),
        2,
    );
    std::fs::remove_dir_all(site.path("blog/feedloom/templates")).expect("removed");
    std::fs::rename(site.path("blog/posts"), site.path("blog/away")).expect("moved");
    let text = "there is no folder feedloom/../posts: write into `posts` where the posts are, seen from feedloom.yaml";
    told(
        &site,
        &format!("error: feedloom.yaml:5:5: {text}\n"),
        &format!("::error file=feedloom/feedloom.yaml,line=5,col=5::{text}\n"),
        Some("feedloom/feedloom.yaml"),
        5,
    );
    // A refresh says the same.
    let run = site.command(&["--site", "blog/feedloom", "refresh"]).output().expect("starts");
    assert_eq!(run.status.code(), Some(2));
    assert_eq!(
        String::from_utf8_lossy(&run.stderr),
        format!("error: feedloom.yaml:5:5: {text}\n").replace("feedloom/../", "blog/feedloom/../")
    );
    std::fs::remove_file(site.path("blog/feedloom/feedloom.yaml")).expect("removed");
    let text = "feedloom: no feedloom.yaml in it: give the folder that has one; `feedloom init` makes one for a blog";
    told(&site, &format!("error: {text}\n"), &format!("::error::{text}\n"), None, 0);
}

#[test]
fn links_to_other_parts_of_the_blog_are_no_dead_links() {
    let site = Site::new();
    let config = CONFIG.replace(
        "  - path: posts\n    url: https://www.example.org/blog/{slug}/\n",
        "  - path: posts\n    url: https://www.example.org/blog/{slug}/\n  - path: news\n    url: https://www.example.org/n/{year}/{path}.html\n",
    );
    site.write("feedloom.yaml", config.replace("    digest:\n      when: [{categories: Weekly}]\n", ""));
    site.write("news/x/y.md", "---\ntitle: Y\ndate: 2024-01-01\n---\nx\n");
    site.post(
        "a.md",
        "A",
        "2024-01-01",
        "[](/projects/mosn/) [](/blog/) [](/blog/gone/) [](/blog/gone/deeper/) [](/n/2024/x/y.html) [](/n/2024/x/z.html)\n[](/n/about/us) [](/blog/a/#x) [](/bl%C3%B6g/a)",
    );
    let run = site.run(&["check", "--verbose"]);
    assert_eq!(
        run.err,
        "note: posts/a.md:6: `/blog/gone/` leads to no post of this site\nnote: posts/a.md:6: `/n/2024/x/z.html` leads to no post of this site\n"
    );
    let run = site.run(&["check"]);
    assert!(
        run.err.is_empty() && run.out.ends_with("0 problems, 2 notes: --verbose shows them\n"),
        "{}{}",
        run.err,
        run.out
    );
}

#[test]
fn lines_to_paste_fit_a_terminal_where_they_can() {
    let site = Site::new();
    site.weekly(
        "w.md",
        "Weekly 1",
        "2024-01-01",
        "## Reading\n\n- [A title that is long enough to leave the terminal at its right side](https://a.example.com/x)\n- [标题很长很长很长很长很长很长很长很长很长很长很长很长](https://a.example.com/a/very/long/address/of/a/page/that/nobody/can/make/shorter)\n",
    );
    let run = site.run(&["check"]);
    assert_eq!(
        run.out,
        [
            "2 entries are about no project; lines for overrides.yaml:\n",
            "  \"https://a.example.com/x\": {projects: [+SLUG]}  # A title that is long enough…\n",
            "  \"https://a.example.com/a/very/long/address/of/a/page/that/nobody/can/make/shorter\": {projects: [+SLUG]}  # 标题很长很长很长很…\n",
            "no entries for: mosn, seata\n",
            "1 post, 1 digest, 2 items; 0 problems, 0 notes\n",
        ]
        .concat()
    );
}

#[test]
fn posts_that_share_an_address_are_told_which_and_where() {
    let site = Site::new();
    let post =
        |name: &str, keys: &str| site.write(&format!("posts/{name}"), format!("---\ndate: 2024-01-01\n{keys}---\nx\n"));
    post("a.md", "title: A\naliases: [\"/old/1-2\", /c/]\n");
    post("b.md", "title: B\naliases: [\"/old/1-2\"]\n");
    // Nobody wrote down that this is an address of it; and an alias may be the post itself.
    post("c.md", "title: C\nurl: /c/\naliases: /c/\n");
    post("d.md", "title: D\nslug: a\n");
    // A translation may be where the post is.
    post("b.zh.md", "title: B\nlanguage: zh\nslug: b\n");
    post("e.md", "title: E\naliases: [\"/x\", \"/blog/b\"]\n");
    let run = site.run(&["check", "--quiet"]);
    assert_eq!(run.status, 0);
    assert_eq!(
        run.err,
        [
            "warning: posts/b.md:4: `/old/1-2` of `aliases` is in posts/a.md too: a link to it can mean one post only, take it out of the other\n",
            "warning: posts/c.md:1: its address https://www.example.org/c/ is `/c/` of `aliases` in posts/a.md: take it out there\n",
            "warning: posts/d.md:1: posts/a.md has the address https://www.example.org/blog/a/ too: give one of the two another `slug` or `url`\n",
            "warning: posts/e.md:4: `/blog/b` of `aliases` is the address of posts/b.md: take it out\n",
        ]
        .concat()
    );
}

#[test]
fn two_projects_with_one_name_are_told() {
    let site = Site::new();
    site.write("feeds/wick.yaml", "title: Wick\naliases: [candle wick, {name: WK, case: exact}]\n");
    site.write("feeds/wick2.yaml", "description: x\ntitle: wick\naliases: [{name: wk, case: exact}]\n");
    site.write("feeds/wick3.yaml", "title: Third\naliases:\n  - Candle  Wick\n");
    site.post("a.md", "All about the wick", "2024-01-01", "wick wick wick");
    let told = [
        "warning: feeds/wick2.yaml:2:8: `wick` is a name of feeds/wick.yaml:1 too: a title or label with it puts an entry into both feeds, its text alone into neither; take it out of one file, or join the projects: `formerly: [wick2]` in the other instead of this file\n",
        "warning: feeds/wick3.yaml:3:5: `Candle  Wick` is a name of feeds/wick.yaml:2 too: a title or label with it puts an entry into both feeds, its text alone into neither; take it out of one file, or join the projects: `formerly: [wick3]` in the other instead of this file\n",
    ]
    .concat();
    for command in ["check", "refresh", "build"] {
        let run = site.run(&[command]);
        assert_eq!((run.status, run.err.as_str()), (0, told.as_str()), "{command}");
    }
    assert_eq!(site.run(&["refresh", "--strict"]).status, 4);
    // A name that was thought about in both files may be meant for both.
    site.write("feeds/wick2.yaml", "title: Lantern\naliases: [{name: WK, case: exact}]\n");
    site.write("feeds/wick3.yaml", "title: Third\n");
    for command in ["check", "refresh", "build"] {
        let run = site.run(&[command, "--strict"]);
        assert_eq!((run.status, run.err.as_str()), (0, ""), "{command}");
    }
    let run = site.run(&["check", "--verbose"]);
    assert!(run.err.contains("note: feeds/wick2.yaml:2:11: `WK` is a name of feeds/wick.yaml:2 too: "), "{}", run.err);
}

#[test]
fn the_example_site_has_nothing_to_warn_of() {
    let site = Site::new();
    std::fs::remove_dir_all(site.path("feeds")).expect("removed");
    let copied = Command::new("cp")
        .args(["-r", "feedloom.yaml", "feeds", "sites"])
        .arg(site.path(""))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .expect("cp starts");
    assert!(copied.success());
    let run = site.run(&["check", "--quiet", "--strict"]);
    assert_eq!((run.status, run.err.as_str()), (0, ""));
}

#[test]
fn what_cannot_be_read_is_not_withdrawn() {
    let site = Site::new();
    for n in 0..6 {
        site.post(&format!("p{n}.md"), &format!("MOSN {n}"), "2024-01-01", "x");
    }
    site.post("deep/down/q.md", "MOSN deep", "2024-01-01", "x");
    site.post("link.md", "MOSN links", "2024-01-01", "[](/blog/p0/)");
    site.write("overrides.yaml", "\"https://www.example.org/blog/p0/\": {projects: [+seata]}\n");
    site.refresh();
    let published = site.published();
    // A broken post, a link, a pipe: more than a tenth of all.
    site.write("posts/p0.md", "---\ntitle: a: b\n---\nx\n");
    std::fs::remove_file(site.path("posts/p1.md")).expect("removed");
    std::os::unix::fs::symlink("nowhere", site.path("posts/p1.md")).expect("a link");
    std::fs::remove_file(site.path("posts/p2.md")).expect("removed");
    assert!(std::process::Command::new("mkfifo").arg(site.path("posts/p2.md")).status().expect("starts").success());
    let told = [
        "warning: posts/p0.md:2:9: front matter is not valid YAML: mapping values are not allowed in this context: put a value with `: ` in it into quotes\n",
        "warning: posts/p1.md: passed over: a symbolic link: only files in the folder itself are read\n",
        "warning: posts/p2.md: passed over: no regular file: only files in the folder itself are read\n",
    ]
    .concat();
    // What is missing may be in a post that cannot be read.
    let run = site.run(&["check", "--verbose"]);
    assert_eq!((run.status, run.err.as_str()), (0, told.as_str()));
    assert!(!run.out.contains("withdrawn"), "{}", run.out);
    // A refresh keeps them, and says the same in the same order.
    let run = site.run(&["refresh"]);
    assert_eq!((run.status, run.err.as_str()), (0, told.as_str()));
    assert_eq!(site.published(), published);
    assert_eq!(site.entries().len(), 8);
    // Without the store nothing is left of what they said.
    std::fs::remove_file(site.path(".feedloom/store.sqlite")).expect("removed");
    let run = site.run(&["check"]);
    assert!(run.err.contains("feedloom.yaml: a refresh would stop"), "{}", run.err);
}

#[test]
fn conditions_that_fit_no_post_are_told() {
    let site = Site::new();
    site.weekly("w.md", "Weekly 1", "2024-01-01", "### Reading\n\n- [On MOSN](https://a.example.com/m)\n");
    site.post("a.md", "On MOSN", "2024-01-02", "x");
    let with = |when: &str| site.write("feedloom.yaml", CONFIG.replace("{categories: Weekly}", when));
    let told =
        |hint: &str| format!("warning: feedloom.yaml:8:14: no post fits this condition, did you mean `{hint}`?\n");
    for (when, hint) in [("{catgories: Weekly}", "categories"), ("{categories: Weekley}", "Weekly")] {
        with(when);
        let run = site.run(&["check"]);
        assert_eq!((run.status, run.err), (0, told(hint)), "{when}");
        assert!(run.out.contains("0 digests, 0 items; 1 problem"), "{}", run.out);
    }
    // A refresh tells it, too, as long as nothing is taken apart.
    assert_eq!(site.refresh().err, told("Weekly"));
    with("{categories: Weekly}, {catgories: Weekly}");
    site.post("a.md", "On MOSN again", "2024-01-02", "x");
    assert_eq!(site.refresh().err, "");
    assert!(site.run(&["check"]).err.contains(":8:36: no post fits this condition, did you mean `categories`?"));
    // One whose first post is still to come is no mistake.
    with("{categories: Weekly}, {series: Monthly}");
    let run = site.run(&["check", "--verbose"]);
    assert!(run.err.contains("note: feedloom.yaml:8:36: no post fits this condition\n"), "{}", run.err);
    assert!(run.out.ends_with("0 problems, 1 note\n"), "{}", run.out);
}

#[test]
fn overrides_that_change_nothing_are_told() {
    let site = Site::new();
    site.weekly(
        "w.md",
        "Weekly 1",
        "2024-01-01",
        "### Reading\n\n- [The first article](https://a.example.com/m)\n- [The second article](https://b.example.com/m)\n",
    );
    site.write("feeds/mosn.yaml", "title: MOSN\nexclude: [a.example.com]\n");
    site.write(
        "overrides.yaml",
        "\"x\": {hide: true}\n\"https://a.example.com/m\": {projects: [+mosn]}\n\"tag:feeds.example.org,2024:article/0\": {hide: true}\n",
    );
    site.refresh();
    let run = site.run(&["check"]);
    for line in [
        "warning: overrides.yaml:1:1: `x` is no entry's id: ",
        "warning: overrides.yaml:2:1: `+mosn` changes nothing: `exclude` in feeds/mosn.yaml keeps it out\n",
        "warning: overrides.yaml:3:1: `tag:feeds.example.org,2024:article/0` is no entry's id: ",
    ] {
        assert!(run.err.contains(line), "{line}: {}", run.err);
    }
    // Who keeps a page out has decided about it.
    assert!(
        run.out.contains("\"https://b.example.com/m\": {projects") && !run.out.contains("a.example.com"),
        "{}",
        run.out
    );
    let id = site.entries().into_iter().find(|e| e["link"] == "https://b.example.com/m").expect("it")["id"].clone();
    site.write("overrides.yaml", format!("{id}: {{title: Bee}}\n"));
    assert_eq!(site.run(&["check"]).err, "");
}
