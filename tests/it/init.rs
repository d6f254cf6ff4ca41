//! `feedloom init` on small sites of every generator: what it says, what it writes, and
//! that what it wrote works at once.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Ran {
    status: i32,
    out: String,
    err: String,
}

fn run(folder: &Path, arguments: &[&str]) -> Ran {
    let Output { status, stdout, stderr } = Command::new(env!("CARGO_BIN_EXE_feedloom"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("NO_COLOR")
        .env_remove("FEEDLOOM_LOG")
        .env("GIT_CEILING_DIRECTORIES", folder.parent().expect("a folder"))
        .output()
        .expect("the program starts");
    Ran {
        status: status.code().unwrap_or(-1),
        out: String::from_utf8_lossy(&stdout).into_owned(),
        err: String::from_utf8_lossy(&stderr).into_owned(),
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Every file below, by path.
fn files(root: &Path) -> BTreeMap<String, String> {
    fn walk(root: &Path, folder: &Path, found: &mut BTreeMap<String, String>) {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if entry.path().is_dir() {
                walk(root, &entry.path(), found);
            } else {
                let path = entry.path().strip_prefix(root).expect("below").display().to_string();
                found.insert(path, fs::read_to_string(entry.path()).unwrap_or_default());
            }
        }
    }
    let mut found = BTreeMap::new();
    walk(root, root, &mut found);
    found
}

/// Ids begin with the year of the run.
fn without_year(text: &str) -> String {
    let year = chrono::Datelike::year(&chrono::Utc::now()).to_string();
    text.replace(&format!(",{year}:"), ",YEAR:")
}

fn site() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let site = folder.path().join("site");
    fs::create_dir(&site).expect("a folder");
    (folder, site)
}

#[test]
fn init_cases() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/init");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root).expect("cases").map(|c| c.expect("a case").path()).collect();
    cases.sort();
    assert!(cases.len() >= 12, "{} cases", cases.len());
    let mut failures = Vec::new();
    for case in cases {
        let (_folder, site) = site();
        copy(&case.join("site"), &site);
        let before = files(&site);
        let ran = run(&site, &["init", "--yes"]);
        assert_eq!(ran.status, 0, "{}: {}{}", case.display(), ran.out, ran.err);
        let mut got = format!("$ feedloom init --yes\n{}{}", ran.err, ran.out);
        for (path, text) in files(&site) {
            match before.get(&path) {
                Some(old) => assert_eq!(*old, text, "{path} was touched"),
                None => drop(write!(got, "\n--- {path}\n{text}")),
            }
        }
        let checked = run(&site, &["--site", "feedloom", "check"]);
        let refreshed = run(&site, &["--site", "feedloom", "refresh", "--offline"]);
        for (name, ran) in [("check", &checked), ("refresh --offline", &refreshed)] {
            assert_eq!(ran.status, 0, "{}: {name}: {}{}", case.display(), ran.out, ran.err);
            let _ = write!(got, "\n$ feedloom --site feedloom {name}\n{}{}", ran.err, ran.out);
        }
        let entries = run(&site, &["--site", "feedloom", "entries", "--json"]);
        got.push_str("\nentries:\n");
        for line in entries.out.lines() {
            let e: serde_json::Value = serde_json::from_str(line).expect("JSON");
            let text = |key: &str| e[key].as_str().unwrap_or("").to_owned();
            let slugs: Vec<&str> =
                e["projects"].as_array().into_iter().flatten().filter_map(|p| p["slug"].as_str()).collect();
            let _ = writeln!(got, "{} | {} | {} | {}", text("kind"), text("title"), slugs.join(","), text("link"));
        }
        let got = without_year(&got);
        let expected = case.join("expected.txt");
        if std::env::var_os("UPDATE_EXPECT").is_some() {
            fs::write(&expected, &got).expect("written");
        } else if fs::read_to_string(&expected).unwrap_or_default() != got {
            failures.push(format!("--- {}\n{got}", case.display()));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_pipe_gets_the_proposal_and_nothing_is_written() {
    let (_folder, site) = site();
    fs::write(site.join("a.md"), "---\ntitle: A\ndate: 2026-01-01\n---\nx\n").expect("written");
    let ran = run(&site, &["init"]);
    assert_eq!(ran.status, 0, "{}", ran.err);
    assert!(ran.out.contains("--- feedloom/feedloom.yaml\n# Proposed by `feedloom init`"), "{}", ran.out);
    assert!(ran.out.ends_with("nothing was written: --yes writes these files\n"), "{}", ran.out);
    assert_eq!(files(&site).len(), 1);
}

#[test]
fn nothing_that_is_there_is_overwritten() {
    let (_folder, site) = site();
    fs::write(site.join("a.md"), "---\ntitle: A\ndate: 2026-01-01\ncategories: [Cats, Dogs]\n---\nx\n")
        .expect("written");
    fs::create_dir_all(site.join("feedloom/feeds")).expect("a folder");
    fs::create_dir_all(site.join(".github/workflows")).expect("a folder");
    fs::write(site.join("feedloom/feeds/cats.yaml"), "title: My cats\n").expect("written");
    fs::write(site.join(".github/workflows/feeds.yml"), "name: mine\n").expect("written");
    let ran = run(&site, &["init", "--yes", "--ci", "github"]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    for path in ["feedloom/feeds/cats.yaml", ".github/workflows/feeds.yml"] {
        assert!(ran.out.contains(&format!("{path} is there already: left as it is\n")), "{}", ran.out);
    }
    let now = files(&site);
    assert_eq!(now["feedloom/feeds/cats.yaml"], "title: My cats\n");
    assert_eq!(now[".github/workflows/feeds.yml"], "name: mine\n");
    assert!(now.contains_key("feedloom/feeds/dogs.yaml") && now.contains_key(".github/workflows/feeds-check.yml"));
    let again = run(&site, &["init", "--yes"]);
    assert_eq!((again.status, again.out.as_str()), (2, ""));
    assert_eq!(
        again.err,
        "error: ./feedloom/feedloom.yaml is there already: nothing was written. `feedloom --site ./feedloom check` tells what it does; move it away to begin anew\n"
    );
    assert_eq!(files(&site), now);
}

#[test]
fn folders_without_posts_are_told() {
    let (_folder, site) = site();
    let ran = run(&site, &["init", "--yes"]);
    assert_eq!(ran.status, 2);
    assert_eq!(
        ran.err,
        format!(
            "error: {}: no Markdown file below: give the folder of the site's sources, that of a repository for example\n",
            site.canonicalize().expect("a folder").display()
        )
    );
    fs::write(site.join("hugo.toml"), "baseURL = 'https://x.example.org/'\n").expect("written");
    assert_eq!(run(&site, &["init", "--yes"]).status, 2);
    let gone = run(&site, &["init", "nowhere"]);
    assert_eq!(gone.status, 1);
    assert!(gone.err.starts_with("error: nowhere: cannot be read"), "{}", gone.err);
    assert_eq!(files(&site).len(), 1);
}

#[test]
fn what_cannot_be_read_is_told_and_stops_nothing() {
    let (_folder, site) = site();
    for n in 0..4 {
        fs::write(site.join(format!("p{n}.md")), format!("---\ntitle: P{n}\ndate: 2026-01-0{}\n---\nx\n", n + 1))
            .expect("written");
    }
    fs::write(site.join("broken.md"), "---\ntitle: [\n---\nx\n").expect("written");
    fs::write(site.join("bytes.md"), [0xFF, 0x00, 0xFE, b'\n']).expect("written");
    std::os::unix::fs::symlink("/etc/passwd", site.join("link.md")).expect("a link");
    fs::write(site.join("closed.md"), "x").expect("written");
    fs::set_permissions(site.join("closed.md"), fs::Permissions::from_mode(0o000)).expect("set");
    let ran = run(&site, &["init", "--yes"]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(ran.err.contains("broken.md:2:8: front matter is not valid YAML"), "{}", ran.err);
    let mut told: Vec<&str> = ran.err.lines().collect();
    told.sort_unstable();
    let lines = told.len();
    told.dedup();
    assert_eq!(told.len(), lines, "{}", ran.err);
    assert!(ran.err.contains("link.md: passed over: a symbolic link"), "{}", ran.err);
    assert!(!ran.out.contains("root:") && !files(&site.join("feedloom")).values().any(|t| t.contains("root:x")));
    let checked = run(&site, &["--site", "feedloom", "check"]);
    assert_eq!(checked.status, 0, "{}", checked.err);
}

#[test]
fn ten_thousand_posts_are_enough_when_some_are_read() {
    let (_folder, site) = site();
    fs::write(site.join("hugo.toml"), "baseURL = 'https://x.example.org/'\ntitle = 'Many'\n").expect("written");
    fs::create_dir_all(site.join("content/posts")).expect("a folder");
    for n in 0..10_000 {
        let text = format!("---\ntitle: Post {n}\ndate: 2020-01-01\ncategories: [C{}]\n---\nWords.\n", n % 7);
        fs::write(site.join(format!("content/posts/p{n:05}.md")), text).expect("written");
    }
    let ran = run(&site, &["init", "--yes"]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(
        ran.out.starts_with("Hugo (hugo.toml); 10000 posts\n3334 of them were read, evenly spread\n"),
        "{}",
        ran.out
    );
    assert!(ran.out.contains("\n7 projects:\n"), "{}", ran.out);
}

#[test]
fn a_place_that_nobody_knows_is_asked_for_until_it_is_written() {
    let (_folder, site) = site();
    fs::write(site.join("a.md"), "---\ntitle: A\ndate: 2026-01-01\n---\nx\n").expect("written");
    assert_eq!(run(&site, &["init", "--yes"]).status, 0);
    let config = site.join("feedloom/feedloom.yaml");
    let text = fs::read_to_string(&config).expect("a file");
    assert!(text.contains("url: https://change-this.example/\n") && !text.contains("id_base"), "{text}");
    let line = text.lines().position(|l| l.starts_with("url:")).expect("a line") + 1;
    let told = format!(
        "warning: feedloom.yaml:{line}: `url` is the example that `feedloom init` wrote: write where public/ will be served, before anybody subscribes to change-this.example\n"
    );
    for command in ["check", "refresh"] {
        let ran = run(&site, &["--site", "feedloom", command]);
        assert_eq!((ran.status, ran.err.as_str()), (0, told.as_str()), "{command}");
    }
    fs::write(&config, text.replace("change-this.example", "feeds.example.net")).expect("written");
    for command in ["check", "refresh"] {
        let ran = run(&site, &["--site", "feedloom", command]);
        assert_eq!((ran.status, ran.err.as_str()), (0, ""), "{command}");
    }
    // Ids were made of the example; nobody can have read them.
    let entries = run(&site, &["--site", "feedloom", "entries", "--json"]).out;
    assert!(entries.contains("\"id\":\"tag:feeds.example.net,20") && entries.lines().count() == 1, "{entries}");
    let ledger = fs::read_to_string(site.join("feedloom/.feedloom/ledger.jsonl")).expect("a file");
    let feed = fs::read_to_string(site.join("feedloom/public/all/atom.xml")).expect("a file");
    assert!(!ledger.contains("tag:change-this") && !feed.contains("change-this"), "{ledger}{feed}");
}

#[test]
fn the_folder_may_come_as_the_site() {
    let (_folder, site) = site();
    let blog = site.join("my blog");
    fs::create_dir(&blog).expect("a folder");
    fs::write(blog.join("a.md"), "---\ntitle: A\ndate: 2026-01-01\n---\nx\n").expect("written");
    fs::write(site.join("other.md"), "---\ntitle: Other\ndate: 2026-01-01\n---\nx\n").expect("written");
    let both = run(&site, &["--site", "my blog", "init", "--yes", "."]);
    assert_eq!((both.status, both.out.as_str()), (2, ""));
    assert_eq!(
        both.err,
        "error: two folders: `.` and `--site 'my blog'`: write `feedloom init .`, with the folder of the blog; what is written goes into feedloom/ there\n"
    );
    let ran = run(&site, &["--site", "my blog", "init", "--yes"]);
    assert_eq!(ran.status, 0, "{}{}", ran.out, ran.err);
    assert!(blog.join("feedloom/feedloom.yaml").exists() && !site.join("feedloom").exists());
    // The commands to go on with are meant to be pasted.
    let next: Vec<&str> = ran.out.lines().filter_map(|l| l.strip_prefix("  feedloom ")).collect();
    assert_eq!(next, ["--site 'my blog/feedloom' check", "--site 'my blog/feedloom' refresh"]);
    let again = run(&site, &["--site", "my blog", "init", "--yes"]);
    assert_eq!(again.status, 2);
    assert_eq!(
        again.err,
        "error: my blog/feedloom/feedloom.yaml is there already: nothing was written. `feedloom --site 'my blog/feedloom' check` tells what it does; move it away to begin anew\n"
    );
}

/// What the READMEs show is what the program says.
#[test]
fn the_readmes_show_what_init_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (readme, case) in [("README.md", "hugo_in_two_languages_with_weeklies"), ("README.zh.md", "hexo_in_chinese")] {
        let text = fs::read_to_string(root.join(readme)).expect("a file");
        let said = fs::read_to_string(root.join("tests/cases/init").join(case).join("expected.txt")).expect("a file");
        let (_, shown) = text.split_once("$ feedloom init --yes blog\n").expect("the command");
        let (shown, _) = shown.split_once("  feedloom --site").expect("what comes next");
        assert!(text.contains(&format!("tests/cases/init/{case}/site blog")), "{readme}");
        assert!(shown.lines().count() > 10 && said.contains(shown), "{readme} shows\n{shown}\ninstead of\n{said}");
    }
}

/// Whether `said` is what is `shown`, line by line; `...` stands for any lines.
fn is_shown(shown: &[&str], said: &[&str]) -> bool {
    match (shown.first(), said.first()) {
        (None, None) => true,
        (Some(line), _) if line.trim() == "..." => (0..=said.len()).any(|n| is_shown(&shown[1..], &said[n..])),
        (Some(a), Some(b)) => {
            let moment = |l: &str| l.trim_start().starts_with("first seen");
            (a == b || moment(a) && moment(b)) && is_shown(&shown[1..], &said[1..])
        }
        _ => false,
    }
}

/// Writes the files of a README's section into `site`, runs its commands there, and compares
/// what they say. Comes back with how many commands there were.
fn follow(part: &str, site: &Path) -> usize {
    let mut name = None;
    let mut blocks = part.split("```");
    let mut commands = Vec::new();
    while let (Some(before), Some(block)) = (blocks.next(), blocks.next()) {
        name = before.rsplit('\n').find_map(|l| l.split('`').nth(1)).map(str::to_owned).or(name);
        let (language, text) = block.split_once('\n').expect("a language");
        if language == "console" {
            commands.extend(text.trim_start_matches("$ ").split("\n$ ").map(str::to_owned));
        } else {
            let path = site.join(name.take().expect("a name before the file"));
            fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            fs::write(path, text).expect("written");
        }
    }
    fn lines(text: &str) -> Vec<&str> {
        text.trim_end().lines().collect()
    }
    for command in &commands {
        let (command, shown) = command.split_once('\n').unwrap_or((command, ""));
        if let Some(file) = command.strip_prefix("cat ") {
            fs::write(site.join(file), shown).expect("written");
            continue;
        }
        // Tests ask no server.
        let said = said(&command.replace("feedloom refresh", "feedloom refresh --offline"), site);
        assert!(is_shown(&lines(shown), &lines(&said)), "$ {command}\nshown:\n{shown}\nsaid:\n{said}");
    }
    commands.len()
}

/// What a command of a README says in `site`.
fn said(command: &str, site: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_feedloom")).parent().expect("a folder");
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("sh").args(["-c", command]).env("PATH", &path).current_dir(site).output();
    let output = output.expect("a shell");
    format!("{}{}", String::from_utf8_lossy(&output.stderr), String::from_utf8_lossy(&output.stdout))
}

/// A site by hand, as the README has it: its files, its commands, what they say.
#[test]
fn the_readme_shows_what_happens_from_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).expect("a file");
    let (_, part) = readme.split_once("### From nothing\n").expect("the section");
    let (part, rest) = part.split_once("Give dates a time and a zone").expect("its end");
    let (_folder, site) = site();
    assert!(follow(part, &site) >= 7);
    // What goes wrong with it later.
    let shown = |after: &str, command: &str| {
        let (_, text) = rest.split_once(after).expect("the words");
        let (_, text) = text.split_once(&format!("$ {command}\n")).expect("the command");
        text.split("```").next().expect("its end").to_owned()
    };
    let post = site.join("posts/weekly-12.md");
    let text = fs::read_to_string(&post).expect("a file");
    fs::write(&post, text.replace("title: Weekly 12", "title: Weekly: 12")).expect("written");
    assert_eq!(said("feedloom refresh --offline", &site), shown("**A broken post**", "feedloom refresh"));
    fs::write(site.join("overrides.yaml"), "\"x\": {projects: [+lanten], titel: foo, kind: artcle}\n")
        .expect("written");
    assert_eq!(said("feedloom check", &site), shown("**A broken configuration**", "feedloom check"));
}

#[test]
fn the_chinese_readme_shows_what_happens_from_nothing() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.zh.md")).expect("a file");
    let (_, part) = readme.split_once("### 从头写起\n").expect("the section");
    let (part, _) = part.split_once("`refresh` 读文章").expect("its end");
    let (_folder, site) = site();
    assert!(follow(part, &site) >= 4);
}
