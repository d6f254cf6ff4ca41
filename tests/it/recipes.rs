//! The recipes under `docs/` keep the ledger: each is run as it stands, on clones of a
//! bare repository, as a machine that is new every time would run it.

use std::path::Path;
use std::process::Command;

use super::site::Site;

fn sh(folder: &Path, script: &str, arguments: &[&str]) -> String {
    let bin = Path::new(env!("CARGO_BIN_EXE_feedloom")).parent().expect("a folder");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap_or_default());
    let output = Command::new("bash")
        .args(["-e", "-c", script, "bash"])
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .output()
        .expect("bash starts");
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{script}\n{said}");
    said
}

const AUTHOR: &str = "-c user.name=a -c user.email=a@example.org -c commit.gpgsign=false";

/// A bare repository with a site in it.
fn repository() -> Site {
    let site = Site::new();
    for n in 0..12 {
        site.weekly(
            &format!("w{n}.md"),
            &format!("Weekly {n}"),
            &format!("2024-{:02}-10T08:00:00+08:00", n + 1),
            &format!(
                "### Questions\n\n**1、@carol{n}** 提问：\n\n> What does option {n} of MOSN mean?\n\nA：It means {n}.\n"
            ),
        );
    }
    site.write(".gitignore", "/public/\n/.feedloom/\n");
    sh(&site.path(""), &format!("git init -q -b main && git add . && git {AUTHOR} commit -qm site"), &[]);
    sh(&site.path(""), "git clone -q --bare . ../\"$1\".git", &[&name(&site)]);
    site
}

fn name(site: &Site) -> String {
    site.path("x").parent().and_then(Path::file_name).expect("a name").to_string_lossy().into_owned()
}

/// Where the bare repository of a site lies; goes away with it.
struct Bare(std::path::PathBuf);

impl Drop for Bare {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn bare(site: &Site) -> Bare {
    Bare(site.path("x").parent().expect("a folder").with_file_name(format!("{}.git", name(site))))
}

fn id_of(folder: &Path, title: &str) -> String {
    let text = std::fs::read_to_string(folder.join("public/all/feed.json")).expect("a feed");
    let feed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let items = feed["items"].as_array().expect("items");
    let found = items.iter().find(|i| i["title"].as_str().is_some_and(|t| t.contains(title)));
    found.unwrap_or_else(|| panic!("{title}"))["id"].as_str().expect("an id").to_owned()
}

/// Edits a question in the repository, as an author would.
fn edit(bare: &Bare) {
    let author = tempfile::tempdir().expect("a folder");
    let from = bare.0.display().to_string();
    let script = format!(
        "git clone -q \"$1\" . && sed -i 's/What does option 11/Pleese: what does option 11/' posts/w11.md && git {AUTHOR} commit -qam edit && git push -q"
    );
    sh(author.path(), &script, &[&from]);
}

#[test]
fn the_workflow_keeps_the_ledger_on_a_branch() {
    let site = repository();
    let bare = bare(&site);
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/github-pages.yml")).expect("it");
    let workflow: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    let steps = workflow["jobs"]["feeds"]["steps"].as_array().expect("steps");
    let scripts: Vec<&str> = steps.iter().filter_map(|s| s["run"].as_str()).collect();
    assert_eq!(scripts.len(), 4);
    let run = || {
        let machine = tempfile::tempdir().expect("a folder");
        sh(machine.path(), "git clone -q \"$1\" .", &[&bare.0.display().to_string()]);
        scripts.iter().for_each(|script| {
            sh(machine.path(), script, &[]);
        });
        machine
    };
    let first = run();
    let id = id_of(first.path(), "What does option 11");
    edit(&bare);
    let second = run();
    assert_eq!(id_of(second.path(), "Pleese: what does option 11"), id);
    let commits = |_: ()| sh(&bare.0, "git rev-list --count feedloom-state", &[]).trim().to_owned();
    assert_eq!(commits(()), "2");
    run();
    assert_eq!(commits(()), "2", "nothing changed, nothing to keep");
}

#[test]
fn the_script_for_cron_keeps_the_ledger_in_the_repository() {
    let site = repository();
    let bare = bare(&site);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/keep-ledger.sh").display().to_string();
    let host = tempfile::tempdir().expect("a folder");
    sh(host.path(), "git clone -q \"$1\" .", &[&bare.0.display().to_string()]);
    let run = || sh(host.path(), "\"$1\" \"$2\"", &[&script, &host.path().display().to_string()]);
    run();
    let id = id_of(host.path(), "What does option 11");
    edit(&bare);
    std::fs::remove_file(host.path().join(".feedloom/store.sqlite")).expect("removed");
    run();
    assert_eq!(id_of(host.path(), "Pleese: what does option 11"), id);
    assert_eq!(run(), "", "cron stays silent when all is well");
    assert_eq!(sh(&bare.0, "git rev-list --count main", &[]).trim(), "4");
}

#[test]
fn the_check_workflow_annotates_what_a_pull_request_changes() {
    let site = repository();
    let bare = bare(&site);
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/github-check.yml")).expect("it");
    let workflow: serde_json::Value = serde_yaml::from_str(&text).expect("YAML");
    let steps = workflow["jobs"]["check"]["steps"].as_array().expect("steps");
    let scripts: Vec<&str> = steps.iter().filter_map(|s| s["run"].as_str()).collect();
    assert_eq!(scripts.len(), 2);
    let machine = tempfile::tempdir().expect("a folder");
    let from = bare.0.display().to_string();
    sh(machine.path(), "git clone -q \"$1\" . && git checkout -qb work", &[&from]);
    let checked = || {
        let said = scripts.iter().map(|s| {
            sh(machine.path(), &format!("export BASE=main GITHUB_WORKSPACE=\"$PWD\"\n({s}) || echo \"status $?\""), &[])
        });
        said.collect::<String>()
    };
    let clean = checked();
    assert!(!clean.contains("::") && !clean.contains("status"), "{clean}");
    std::fs::write(machine.path().join("posts/w3.md"), "---\ntitle: [\n---\n").expect("written");
    sh(machine.path(), &format!("git {AUTHOR} commit -qam broken"), &[]);
    let said = checked();
    assert!(said.contains("::error file=posts/w3.md,line=") && said.contains("status 4"), "{said}");
}

/// What is compiled into the program from outside of `src`: the folders at the top.
fn compiled_in(folder: &Path, found: &mut std::collections::BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).expect("sources") {
        let path = entry.expect("a file").path();
        if path.is_dir() {
            compiled_in(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("text");
        let files = text.split("include_str!(\"").skip(1).filter_map(|rest| rest.split('"').next());
        let outside = files.filter(|file| file.starts_with("../")).map(|file| file.trim_start_matches("../"));
        found.extend(outside.filter_map(|file| file.split('/').next()).map(str::to_owned));
    }
}

#[test]
fn the_image_is_built_from_all_that_is_compiled_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut folders = std::collections::BTreeSet::new();
    compiled_in(&root.join("src"), &mut folders);
    assert!(folders.contains("templates"), "{folders:?}");
    let file = std::fs::read_to_string(root.join("packaging/Dockerfile")).expect("it");
    for folder in folders.iter().filter(|folder| root.join(folder).is_dir()) {
        assert!(file.contains(&format!("\nCOPY {folder} {folder}\n")), "{folder} is not copied into the image");
    }
}
