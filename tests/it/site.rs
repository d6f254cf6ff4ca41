//! A site in a temporary folder, and the binary run on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A site that goes away with the test.
pub struct Site {
    folder: tempfile::TempDir,
}

/// What a run said.
pub struct Run {
    pub status: i32,
    pub out: String,
    pub err: String,
}

pub const CONFIG: &str = "title: Example feeds\nurl: https://feeds.example.org/\nlanguage: en\nposts:\n  - path: posts\n    url: https://www.example.org/blog/{slug}/\n    digest:\n      when: [{categories: Weekly}]\narticles: {fetch: false}\n";

impl Site {
    /// An empty site with two projects.
    pub fn new() -> Self {
        let site = Self { folder: tempfile::tempdir().expect("a temporary folder") };
        site.write("feedloom.yaml", CONFIG);
        site.write("feeds/mosn.yaml", "title: MOSN\naddresses: [github.com/mosn/mosn]\n");
        site.write("feeds/seata.yaml", "title: Seata\naddresses: [github.com/seata/seata]\n");
        fs::create_dir_all(site.path("posts")).expect("a folder");
        site
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    }

    pub fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    pub fn post(&self, name: &str, title: &str, date: &str, body: &str) {
        self.write(&format!("posts/{name}"), format!("---\ntitle: \"{title}\"\ndate: {date}\n---\n\n{body}\n"));
    }

    pub fn weekly(&self, name: &str, title: &str, date: &str, body: &str) {
        self.write(
            &format!("posts/{name}"),
            format!("---\ntitle: \"{title}\"\ndate: {date}\ncategories: Weekly\n---\n\n{body}\n"),
        );
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        let output = self.command(arguments).output().expect("the program starts");
        Run::of(&output)
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_feedloom"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("NO_COLOR").env_remove("FEEDLOOM_LOG");
        command
    }

    /// Runs a refresh that must succeed.
    pub fn refresh(&self) -> Run {
        let run = self.run(&["refresh"]);
        assert_eq!(run.status, 0, "{}{}", run.out, run.err);
        run
    }

    pub fn entries(&self) -> Vec<serde_json::Value> {
        let run = self.run(&["entries", "--json", "--emitted"]);
        assert_eq!(run.status, 0, "{}", run.err);
        run.out.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect()
    }

    /// Every published file with its bytes and modification time.
    pub fn published(&self) -> BTreeMap<String, (Vec<u8>, std::time::SystemTime)> {
        let root = self.path("public");
        let mut files = BTreeMap::new();
        walk(&root, &root, &mut files);
        files
    }
}

fn walk(root: &Path, folder: &Path, files: &mut BTreeMap<String, (Vec<u8>, std::time::SystemTime)>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            walk(root, &path, files);
        } else {
            let name = path.strip_prefix(root).expect("below").to_string_lossy().into_owned();
            let modified = fs::metadata(&path).and_then(|m| m.modified()).expect("a time");
            files.insert(name, (fs::read(&path).expect("a file"), modified));
        }
    }
}

impl Run {
    fn of(output: &Output) -> Self {
        Self {
            status: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }
}
