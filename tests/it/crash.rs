//! A run that is killed, a disk that is full, a folder that refuses: nothing is lost,
//! and the next run leaves what an undisturbed one would have left.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use super::site::Site;

/// How often a run is killed.
const KILLS: u32 = 200;

fn first_posts(site: &Site) {
    for n in 0..20 {
        let body = format!(
            "### Questions\n\n**1、@carol{n}** 提问：\n\n> What does option {n} of MOSN mean?\n\nA：It means {n}.\n\n### Reading\n\n- [Number {n} on Seata](https://example.net/{n})\n"
        );
        site.weekly(
            &format!("w{n}.md"),
            &format!("Weekly {n}"),
            &format!("2024-0{}-1{}T08:00:00+08:00", 1 + n % 6, n / 6),
            &body,
        );
    }
}

fn more_posts(site: &Site) {
    for n in 0..10 {
        let body = format!("- [Later {n} on MOSN](https://example.net/later/{n})\n");
        site.weekly(
            &format!("x{n}.md"),
            &format!("Later {n}"),
            &format!("2024-07-1{n}T08:00:00+08:00"),
            &format!("### Reading\n\n{body}"),
        );
    }
    std::fs::remove_file(site.path("posts/w3.md")).expect("removed");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).expect("a folder");
    for entry in std::fs::read_dir(from).expect("a folder").flatten() {
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            std::fs::copy(entry.path(), &target).expect("copied");
        }
    }
}

/// Bytes of what is published, without times.
fn bytes(site: &Site) -> BTreeMap<String, Vec<u8>> {
    site.published().into_iter().map(|(name, (bytes, _))| (name, bytes)).collect()
}

/// Ids and feeds of the ledger: when things were seen differs between runs.
fn remembered(site: &Site) -> Vec<String> {
    let ledger = site.read(".feedloom/ledger.jsonl");
    let rows = ledger.lines().filter(|l| l.starts_with("{\"id\"")).map(|line| {
        let mut row: serde_json::Value = serde_json::from_str(line).expect("JSON");
        for time in ["seen", "gone"] {
            if row.get(time).is_some() {
                row[time] = "then".into();
            }
        }
        row.to_string()
    });
    rows.collect()
}

#[test]
fn killed_at_any_moment_nothing_is_lost() {
    let base = Site::new();
    first_posts(&base);
    base.refresh();
    // What undisturbed runs leave: one after another run, one from nothing.
    let mut undisturbed = Vec::new();
    let mut longest = Duration::ZERO;
    for from_nothing in [false, true] {
        let site = Site::new();
        copy(&base.path(""), &site.path(""));
        if from_nothing {
            std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
            std::fs::remove_dir_all(site.path("public")).expect("removed");
        }
        more_posts(&site);
        let start = Instant::now();
        site.refresh();
        longest = longest.max(start.elapsed());
        undisturbed.push((bytes(&site), remembered(&site)));
    }
    let mut finished = 0;
    for n in 0..KILLS {
        let from_nothing = n % 2 == 1;
        let site = Site::new();
        copy(&base.path(""), &site.path(""));
        if from_nothing {
            std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
            std::fs::remove_dir_all(site.path("public")).expect("removed");
        }
        more_posts(&site);
        let before = bytes(&site);
        let mut run = site
            .command(&["refresh", "--quiet"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program starts");
        std::thread::sleep(longest * n / KILLS);
        run.kill().expect("killed");
        if run.wait().expect("ended").success() {
            // It was measured in a slower moment.
            finished += 1;
            longest = longest * 9 / 10;
        }
        let (wanted, ledger) = &undisturbed[usize::from(from_nothing)];
        for (name, found) in
            bytes(&site).iter().filter(|(name, _)| !name.rsplit('/').next().is_some_and(|n| n.starts_with('.')))
        {
            let whole = before.get(name) == Some(found) || wanted.get(name) == Some(found);
            assert!(whole, "kill {n}: {name} is neither the old file nor the new one");
        }
        site.refresh();
        let after = bytes(&site);
        let differ: Vec<&String> = wanted.iter().filter(|(n, b)| after.get(*n) != Some(*b)).map(|(n, _)| n).collect();
        assert!(differ.is_empty() && after.len() == wanted.len(), "kill {n}: {differ:?} {:?}", after.keys());
        assert_eq!(&remembered(&site), ledger, "kill {n}");
    }
    assert!(finished < KILLS / 2, "the runs were over before they were killed: {finished}");
}

#[test]
fn a_disk_that_is_full_leaves_the_old_files() {
    let site = Site::new();
    first_posts(&site);
    site.refresh();
    let before = bytes(&site);
    more_posts(&site);
    // A limit on the size of files stands for a full disk: writes fail, at several places.
    for blocks in [1, 8, 24, 64] {
        let run = Command::new("sh")
            .args([
                "-c",
                &format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" refresh"),
                env!("CARGO_BIN_EXE_feedloom"),
            ])
            .current_dir(site.path(""))
            .output()
            .expect("the program starts");
        let said = String::from_utf8_lossy(&run.stderr).into_owned();
        if run.status.success() {
            assert_eq!(blocks, 64, "{blocks} blocks were enough?");
            continue;
        }
        assert_eq!(run.status.code(), Some(1), "{blocks}: {said}");
        assert!(!said.contains("panicked"), "{said}");
        assert_eq!(before, bytes(&site), "{blocks}: an old file changed, or a temporary one was left\n{said}");
    }
    site.refresh();
    let other = Site::new();
    first_posts(&other);
    other.refresh();
    more_posts(&other);
    other.refresh();
    assert_eq!(bytes(&site), bytes(&other));
}

#[test]
fn a_folder_that_refuses_leaves_the_old_files() {
    let site = Site::new();
    first_posts(&site);
    site.refresh();
    more_posts(&site);
    // Nothing can be put in the place of a folder that is not empty.
    std::fs::remove_file(site.path("public/seata/atom.xml")).expect("removed");
    site.write("public/seata/atom.xml/in-the-way", "x");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 1, "{}{}", run.out, run.err);
    assert!(run.err.contains("public/seata/atom.xml: cannot be replaced"), "{}", run.err);
    assert!(!site.published().keys().any(|n| n.ends_with(".tmp")), "a temporary file was left");
    std::fs::remove_dir_all(site.path("public/seata/atom.xml")).expect("removed");
    site.refresh();
    assert!(site.read("public/seata/atom.xml").ends_with("</feed>\n"));
}

#[test]
fn a_damaged_store_is_set_aside_and_the_output_stays() {
    let site = Site::new();
    first_posts(&site);
    site.refresh();
    let before = site.published();
    let store = site.path(".feedloom/store.sqlite");
    let whole = std::fs::read(&store).expect("the store");
    let damages: [(&str, Vec<u8>); 3] = [
        ("random", (0..whole.len()).map(|n| (n * 7919 % 251) as u8).collect()),
        ("cut", whole[..whole.len() / 3].to_vec()),
        ("empty", Vec::new()),
    ];
    for (name, bytes) in damages {
        std::fs::write(&store, bytes).expect("written");
        let run = site.run(&["refresh"]);
        assert_eq!(run.status, 0, "{name}: {}{}", run.out, run.err);
        assert!(name == "empty" || run.err.contains("set aside as"), "{name}: {}", run.err);
        assert!(before == site.published(), "{name}: a published file was touched");
    }
    std::fs::write(site.path(".feedloom/ledger.jsonl"), "{\"ledger\":9,\"id_base\":\"t:\"}\n").expect("written");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("written by a newer feedloom"), "{}", run.err);
    assert!(before == site.published());
}
