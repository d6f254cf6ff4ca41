//! What must never change: a site that lives through years, and what each change to it
//! does to feeds, ids and the ledger. The expected differences are data, under
//! `tests/cases/identity/`; `UPDATE_EXPECT=1` rewrites them.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use chrono::{DateTime, TimeDelta, Utc};
use feedloom::run::fetching::Asking;
use feedloom::run::refresh::{self, Report};
use feedloom::run::{self, Moment, RunError};

use super::site::Site;

/// Two projects, a dozen digests, three years.
pub(super) struct Life {
    pub(super) site: Site,
    now: DateTime<Utc>,
}

const QUESTIONS: &str = "### Questions\n\n**1、@alice** 提问：\n\n> Why does MOSN restart every night?\n\nA：Because of this setting.\n\nMOSN：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)\n\n**2、@bob** 提问：\n\n> How is Seata deployed on two machines?\n\nA：With the other script.\n\nSeata：[https://github.com/seata/seata](https://github.com/seata/seata)\n";

const READING: &str = "### Reading\n\n- [A long article about Seata and its many uses](https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1&sn=x)\n- [Our own post](/blog/own/)\n";

impl Life {
    pub(super) fn new() -> Self {
        let life = Self { site: Site::new(), now: "2024-06-01T12:00:00Z".parse().expect("a date") };
        life.site.post("own.md", "Our own post on MOSN", "2024-01-01T08:00:00+08:00", "Text of our own.");
        life.weekly(1, &format!("{QUESTIONS}\n{READING}"));
        for n in 2..=14 {
            life.weekly(
                n,
                &format!(
                    "### Questions\n\n**1、@carol{n}** 提问：\n\n> What does option {n} of MOSN mean?\n\nA：It means {n}.\n"
                ),
            );
        }
        life
    }

    fn weekly(&self, n: u32, body: &str) {
        let date = format!("2024-{:02}-{:02}T08:00:00+08:00", 1 + n / 4, 2 + (n % 4) * 7);
        self.site.weekly(&format!("w{n}.md"), &format!("Weekly {n}"), &date, body);
    }

    fn try_run(&self, moment: Moment) -> Result<Report, RunError> {
        let opened = run::open(Some(&self.site.path("")), Path::new("/"))?;
        refresh::refresh(&opened, &Asking::default(), moment, &mut |_, _, _| {})
    }

    pub(super) fn run(&mut self) {
        self.now += TimeDelta::hours(1);
        if let Err(error) = self.try_run(Moment::at(self.now)) {
            panic!("the run failed: {error}");
        }
    }

    fn refused(&mut self) -> String {
        self.now += TimeDelta::hours(1);
        let error = self.try_run(Moment::at(self.now)).expect_err("the run must stop");
        error.to_string().replace(&self.site.path("").display().to_string(), "SITE/")
    }

    pub(super) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = self.site.read(name);
        assert!(text.contains(from), "{name} has no {from}");
        self.site.write(name, text.replacen(from, to, 1));
    }

    pub(super) fn forget(&self, name: &str) {
        std::fs::remove_file(self.site.path(name)).expect("removed");
    }

    fn look(&self) -> Look {
        let mut feeds = BTreeMap::new();
        for entry in std::fs::read_dir(self.site.path("public")).expect("public").flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().join("feed.json").is_file() {
                feeds.insert(name.clone(), walk_json(&self.site, &name));
            }
        }
        let mut ledger = BTreeMap::new();
        for line in self.site.read(".feedloom/ledger.jsonl").lines().filter(|l| l.starts_with("{\"id\"")) {
            let row: serde_json::Value = serde_json::from_str(line).expect("JSON");
            ledger.insert(row["id"].as_str().expect("an id").to_owned(), row["gone"].is_null());
        }
        Look { feeds, ledger }
    }
}

/// An entry as a feed reader keeps it.
#[derive(Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) title: String,
    published: String,
    updated: String,
    live: bool,
}

/// What readers of every feed have, and what the ledger says is there.
struct Look {
    feeds: BTreeMap<String, BTreeMap<String, Seen>>,
    ledger: BTreeMap<String, bool>,
}

/// Goes from a live feed through `next_url` to the end.
pub(super) fn walk_json(site: &Site, name: &str) -> BTreeMap<String, Seen> {
    let mut found = BTreeMap::new();
    let mut next = Some(format!("{name}/feed.json"));
    while let Some(path) = next {
        let text = site.read(&format!("public/{path}"));
        let feed: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        for item in feed["items"].as_array().expect("items") {
            let text = |name: &str| item[name].as_str().unwrap_or_default().to_owned();
            let seen = Seen {
                title: text("title"),
                published: text("date_published"),
                updated: text("date_modified"),
                live: path.ends_with("feed.json"),
            };
            found.entry(text("id")).or_insert(seen);
        }
        next = feed["next_url"].as_str().map(|u| {
            let at = u.find(name).expect("an address of the same feed");
            u[at..].to_owned()
        });
    }
    found
}

/// The difference as text.
fn difference(before: &Look, after: &Look) -> String {
    let mut out = String::new();
    let none = BTreeMap::new();
    let names: std::collections::BTreeSet<&String> = before.feeds.keys().chain(after.feeds.keys()).collect();
    for name in names {
        let (old, new) = (before.feeds.get(name), after.feeds.get(name));
        match (old, new) {
            (None, Some(new)) => {
                let _ = writeln!(out, "{name}: a new feed of {}", new.len());
                continue;
            }
            (Some(_), None) => {
                let _ = writeln!(out, "{name}: gone");
                continue;
            }
            _ => {}
        }
        let (old, new) = (old.unwrap_or(&none), new.unwrap_or(&none));
        let mut lines = Vec::new();
        for (id, seen) in new {
            let place = if seen.live { "" } else { " (archive only)" };
            match old.get(id) {
                None => lines.push(format!("  + {}{place}", seen.title)),
                Some(was) => {
                    if was.title != seen.title {
                        lines.push(format!("  ~ {}: was {}", seen.title, was.title));
                    }
                    if was.published[..10] != seen.published[..10] {
                        lines.push(format!("  ~ {}: published {} -> {}", seen.title, was.published, seen.published));
                    }
                    // Within a second `updated` is told apart by the id.
                    if was.updated != seen.updated && was.published == seen.published {
                        lines.push(format!("  ~ {}: updated", seen.title));
                    }
                }
            }
        }
        for (id, seen) in old {
            if !new.contains_key(id) {
                lines.push(format!("  - {}", seen.title));
            }
        }
        lines.sort();
        let many = lines.len() > 12;
        let shown = if many { 4 } else { lines.len() };
        if !lines.is_empty() {
            let _ = writeln!(out, "{name}:\n{}", lines[..shown].join("\n"));
        }
        if many {
            let archived = lines.iter().filter(|l| l.ends_with("(archive only)")).count();
            let _ = writeln!(out, "  ... {} in all, {archived} in the archives only", lines.len());
        }
    }
    let minted = after.ledger.keys().filter(|id| !before.ledger.contains_key(*id)).count();
    let lost = before.ledger.keys().filter(|id| !after.ledger.contains_key(*id)).count();
    let is_there = |look: &Look, id: &String| look.ledger.get(id) == Some(&true);
    let gone = before.ledger.keys().filter(|id| is_there(before, id) && !is_there(after, id)).count() - lost;
    let back = before.ledger.keys().filter(|id| !is_there(before, id) && is_there(after, id)).count();
    let _ = writeln!(out, "ledger: {minted} minted, {gone} withdrawn, {back} back, {lost} forgotten");
    out
}

/// Runs a site once, changes it, compares what readers see then.
fn scenario(claim: &str, change: impl FnOnce(&mut Life) -> String) {
    scenario_of(claim, Life::new(), change);
}

fn scenario_of(claim: &str, mut life: Life, change: impl FnOnce(&mut Life) -> String) {
    life.run();
    let before = life.look();
    let said = change(&mut life);
    let found = format!("{}{said}", difference(&before, &life.look()));
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/identity");
    let path = folder.join(format!("{claim}.txt"));
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(&path, &found).expect("written");
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{claim}");
}

#[test]
fn a_typo_in_the_first_words_of_a_question() {
    scenario("a_typo_in_the_first_words_of_a_question", |life| {
        life.edit("posts/w1.md", "Why does MOSN restart", "Pleese tell: why does MOSN restart");
        life.run();
        life.edit("posts/w1.md", "Pleese tell", "Please tell");
        life.run();
        String::new()
    });
}

#[test]
fn an_item_inserted_at_the_top() {
    scenario("an_item_inserted_at_the_top", |life| {
        life.edit(
            "posts/w1.md",
            "**1、@alice**",
            "**0、@zoe** 提问：\n\n> Is Layotto of any use to MOSN users?\n\nA：Yes.\n\n**1、@alice**",
        );
        life.run();
        String::new()
    });
}

#[test]
fn items_reordered() {
    scenario("items_reordered", |life| {
        let text = life.site.read("posts/w1.md");
        let (head, body) = text.split_once("### Questions").expect("questions");
        let (questions, reading) = body.split_once("### Reading").expect("reading");
        life.site.write("posts/w1.md", format!("{head}### Reading{reading}\n### Questions{questions}"));
        life.run();
        String::new()
    });
}

#[test]
fn a_label_corrected_to_another_project() {
    scenario("a_label_corrected_to_another_project", |life| {
        life.edit(
            "posts/w1.md",
            "Seata：[https://github.com/seata/seata](https://github.com/seata/seata)",
            "MOSN：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)",
        );
        life.run();
        String::new()
    });
}

#[test]
fn an_address_mended_in_a_link() {
    scenario("an_address_mended_in_a_link", |life| {
        life.edit("posts/w1.md", "__biz=A&mid=1&idx=1&sn=x", "__biz=B&mid=2&idx=1&sn=y");
        life.run();
        String::new()
    });
}

#[test]
fn a_post_moved_to_another_folder() {
    scenario("a_post_moved_to_another_folder", |life| {
        std::fs::create_dir_all(life.site.path("posts/2024")).expect("a folder");
        std::fs::rename(life.site.path("posts/w1.md"), life.site.path("posts/2024/weekly-one.md")).expect("moved");
        life.run();
        String::new()
    });
}

#[test]
fn a_linked_post_renamed() {
    scenario("a_linked_post_renamed", |life| {
        std::fs::rename(life.site.path("posts/own.md"), life.site.path("posts/mine.md")).expect("renamed");
        life.run();
        String::new()
    });
}

#[test]
fn a_linked_post_renamed_and_edited_without_a_store() {
    scenario("a_linked_post_renamed_and_edited_without_a_store", |life| {
        std::fs::rename(life.site.path("posts/own.md"), life.site.path("posts/mine.md")).expect("renamed");
        life.edit("posts/mine.md", "Text of our own.", "Words of our own.");
        life.forget(".feedloom/store.sqlite");
        life.run();
        // Nor does it come apart again when its weekly is edited.
        life.edit("posts/w1.md", "A long article about", "One long article about");
        life.run();
        String::new()
    });
}

#[test]
fn a_new_post_under_the_name_that_a_renamed_one_had() {
    scenario("a_new_post_under_the_name_that_a_renamed_one_had", |life| {
        std::fs::rename(life.site.path("posts/own.md"), life.site.path("posts/mine.md")).expect("renamed");
        life.run();
        life.site.post("own.md", "A quite new thing", "2024-05-01T08:00:00+08:00", "Nothing of that.");
        life.run();
        String::new()
    });
}

#[test]
fn the_first_of_two_posts_of_one_name_deleted_and_restored() {
    scenario("the_first_of_two_posts_of_one_name_deleted_and_restored", |life| {
        life.site.write("news/own.md", "---\ntitle: News\ndate: 2024-02-01\n---\n\nOther things.\n");
        let second = "  - {path: news, url: \"https://www.example.org/news/{slug}/\"}\narticles:";
        life.edit("feedloom.yaml", "articles:", second);
        life.run();
        let text = life.site.read("posts/own.md");
        life.forget("posts/own.md");
        life.run();
        life.site.write("posts/own.md", text);
        life.run();
        String::new()
    });
}

#[test]
fn the_next_issue_in_place_of_the_last() {
    scenario("the_next_issue_in_place_of_the_last", |life| {
        life.site.post("notes-12.md", "团队周报第十二期", "2024-05-01T08:00:00+08:00", "这一期讲灯。");
        life.run();
        life.forget("posts/notes-12.md");
        life.site.post("notes-13.md", "团队周报第十三期", "2024-05-08T08:00:00+08:00", "这一期讲油。");
        life.run();
        String::new()
    });
}

#[test]
fn the_permalinks_changed() {
    scenario("the_permalinks_changed", |life| {
        life.edit("feedloom.yaml", "/blog/{slug}/", "/blog/{year}/{slug}/");
        life.run();
        String::new()
    });
}

#[test]
fn a_post_renamed_and_its_title_mended() {
    scenario("a_post_renamed_and_its_title_mended", |life| {
        std::fs::rename(life.site.path("posts/own.md"), life.site.path("posts/our-own.md")).expect("renamed");
        life.edit("posts/our-own.md", "Our own post on MOSN", "Our own posts on MOSN");
        life.run();
        String::new()
    });
}

#[test]
fn a_post_of_the_same_name_in_a_second_folder() {
    scenario("a_post_of_the_same_name_in_a_second_folder", |life| {
        life.site.write("news/own.md", "---\ntitle: News\ndate: 2024-02-01\n---\n\nOther things.\n");
        let second = "  - {path: news, url: \"https://www.example.org/news/{slug}/\"}\narticles:";
        life.edit("feedloom.yaml", "articles:", second);
        life.run();
        life.forget(".feedloom/store.sqlite");
        life.run();
        life.edit("posts/own.md", "Text of our own.", "Words of our own.");
        life.run();
        String::new()
    });
}

#[test]
fn every_post_moved_to_another_folder() {
    scenario("every_post_moved_to_another_folder", |life| {
        std::fs::create_dir_all(life.site.path("posts/old")).expect("a folder");
        for n in 1..=14 {
            let to = life.site.path(&format!("posts/old/weekly-{n}.md"));
            std::fs::rename(life.site.path(&format!("posts/w{n}.md")), to).expect("moved");
        }
        life.run();
        String::new()
    });
}

#[test]
fn a_post_redated() {
    scenario("a_post_redated", |life| {
        life.edit("posts/own.md", "2024-01-01", "2024-01-20");
        life.run();
        String::new()
    });
}

#[test]
fn a_post_deleted() {
    scenario("a_post_deleted", |life| {
        life.forget("posts/w1.md");
        life.run();
        String::new()
    });
}

#[test]
fn a_post_that_is_a_draft_again_and_then_not() {
    scenario("a_post_that_is_a_draft_again_and_then_not", |life| {
        let before = life.look();
        life.edit("posts/w1.md", "categories: Weekly", "categories: Weekly\ndraft: true");
        life.run();
        let draft = difference(&before, &life.look());
        life.edit("posts/w1.md", "\ndraft: true", "");
        life.run();
        format!("while it was one:\n{draft}")
    });
}

#[test]
fn an_alias_that_two_hundred_old_entries_have() {
    let life = Life::new();
    for n in 0..200 {
        let body =
            format!("### Questions\n\n**1、@dave{n}** 提问：\n\n> Does Grove case {n} work?\n\nA：Yes, number {n}.\n");
        let date = format!("20{:02}-{:02}-10T08:00:00+08:00", 10 + n / 16, 1 + n % 12);
        life.site.weekly(&format!("g{n}.md"), &format!("Grove {n}"), &date, &body);
    }
    scenario_of("an_alias_that_two_hundred_old_entries_have", life, |life| {
        life.site.write("feeds/seata.yaml", "title: Seata\naliases: [Grove]\naddresses: [github.com/seata/seata]\n");
        life.run();
        String::new()
    });
}

#[test]
fn a_project_renamed() {
    scenario("a_project_renamed", |life| {
        life.forget("feeds/seata.yaml");
        life.site.write("feeds/seata2.yaml", "title: Seata\nformerly: [seata]\naddresses: [github.com/seata/seata]\n");
        life.run();
        let old = life.site.read("public/seata/atom.xml");
        let new = life.site.read("public/seata2/atom.xml");
        assert_eq!(old, new, "the old address shows the same feed, which says where it lives");
        assert!(old.contains("https://feeds.example.org/seata2/atom.xml\" rel=\"self\""), "{old}");
        assert!(old.contains(":feed/seata</id>"), "{old}");
        String::new()
    });
}

#[test]
fn a_project_file_removed() {
    scenario("a_project_file_removed", |life| {
        life.forget("feeds/seata.yaml");
        let said = life.refused();
        format!("{said}\n")
    });
}

#[test]
fn a_project_ended() {
    scenario("a_project_ended", |life| {
        life.edit("feeds/seata.yaml", "title: Seata", "title: Seata\nended: 2024-06-01");
        life.site.weekly(
            "w15.md",
            "Weekly 15",
            "2024-06-01T23:00:00+08:00",
            "### Questions\n\n**1、@erin** 提问：\n\n> What about Seata on the last day?\n\nA：Fine.\n",
        );
        life.now += TimeDelta::days(2);
        life.run();
        life.site.weekly(
            "w16.md",
            "Weekly 16",
            "2024-06-03T10:00:00+08:00",
            "### Questions\n\n**1、@erin** 提问：\n\n> What about Seata after the end?\n\nA：Too late.\n",
        );
        life.run();
        String::new()
    });
}

#[test]
fn the_domain_moved() {
    scenario("the_domain_moved", |life| {
        life.edit("feedloom.yaml", "https://feeds.example.org/", "https://feeds.example.net/");
        life.run();
        let atom = life.site.read("public/mosn/atom.xml");
        assert!(atom.contains("<id>tag:feeds.example.org,2024:feed/mosn</id>"), "{atom}");
        assert!(atom.contains("https://feeds.example.net/mosn/atom.xml"), "{atom}");
        String::new()
    });
}

#[test]
fn another_start_of_ids() {
    scenario("another_start_of_ids", |life| {
        life.edit("feedloom.yaml", "title:", "id_base: \"tag:other.example,2020:\"\ntitle:");
        let said = life.refused();
        format!("{said}\n")
    });
}

#[test]
fn the_store_deleted() {
    scenario("the_store_deleted", |life| {
        let before = life.site.published();
        life.forget(".feedloom/store.sqlite");
        life.run();
        assert!(before == life.site.published(), "a file was touched");
        String::new()
    });
}

#[test]
fn the_ledger_deleted() {
    scenario("the_ledger_deleted", |life| {
        life.edit("posts/w1.md", "Why does MOSN restart", "Pleese tell: why does MOSN restart");
        life.run();
        let before = life.site.published();
        life.forget(".feedloom/ledger.jsonl");
        life.run();
        assert!(before == life.site.published(), "a file was touched");
        String::new()
    });
}

#[test]
fn the_store_deleted_and_a_question_edited() {
    scenario("the_store_deleted_and_a_question_edited", |life| {
        life.forget(".feedloom/store.sqlite");
        life.edit("posts/w1.md", "Why does MOSN restart", "Pleese tell: why does MOSN restart");
        life.run();
        String::new()
    });
}

#[test]
fn ledger_and_store_deleted_after_an_edit() {
    scenario("ledger_and_store_deleted_after_an_edit", |life| {
        life.edit("posts/w1.md", "Why does MOSN restart", "Pleese tell: why does MOSN restart");
        life.run();
        life.forget(".feedloom/ledger.jsonl");
        life.forget(".feedloom/store.sqlite");
        life.run();
        String::new()
    });
}

#[test]
fn two_hundred_digests_added_to_a_running_site() {
    scenario("two_hundred_digests_added_to_a_running_site", |life| {
        for n in 0..200 {
            let body = format!(
                "### Questions\n\n**1、@dave{n}** 提问：\n\n> Does case {n} of MOSN work?\n\nA：Yes, number {n}.\n"
            );
            let date = format!("20{:02}-{:02}-10T08:00:00+08:00", 10 + n / 16, 1 + n % 12);
            life.site.weekly(&format!("b{n}.md"), &format!("Backfill {n}"), &date, &body);
        }
        life.run();
        String::new()
    });
}

#[test]
fn a_folder_unmounted() {
    scenario("a_folder_unmounted", |life| {
        let published = life.site.published();
        std::fs::rename(life.site.path("posts"), life.site.path("elsewhere")).expect("moved");
        let gone = life.refused();
        std::fs::create_dir(life.site.path("posts")).expect("a folder");
        let empty = life.refused();
        // On a machine without a store, too.
        life.forget(".feedloom/store.sqlite");
        let bare = life.refused();
        assert!(published == life.site.published(), "a file was touched");
        format!("no folder: {gone}\nan empty one: {empty}\nand no store: {bare}\n")
    });
}

#[test]
fn the_clock_ten_years_ahead_and_back() {
    scenario("the_clock_ten_years_ahead_and_back", |life| {
        life.now += TimeDelta::days(3650);
        life.run();
        life.now -= TimeDelta::days(3651);
        life.edit("posts/own.md", "Text of our own.", "Text of our own, longer.");
        life.run();
        String::new()
    });
}

#[test]
fn one_article_by_its_short_and_its_long_address() {
    let life = Life::new();
    life.weekly(14, "### Reading\n\n- [Another article about Seata in very great depth](https://mp.weixin.qq.com/s/abcdefghijklmnopqrstuv)\n");
    scenario_of("one_article_by_its_short_and_its_long_address", life, |life| {
        // The long address of the same page, under the same long title.
        life.edit("posts/w2.md", "### Questions", "### Reading\n\n- [Another article about Seata in very great depth](https://mp.weixin.qq.com/s?__biz=C&mid=3&idx=1&sn=z)\n\n### Questions");
        life.run();
        String::new()
    });
}

#[test]
fn two_things_that_a_person_says_are_one_and_are_not() {
    scenario("two_things_that_a_person_says_are_one_and_are_not", |life| {
        life.edit(
            "posts/w2.md",
            "### Questions",
            "### Reading\n\n- [Seata again](https://example.net/seata-again)\n\n### Questions",
        );
        life.run();
        let before = life.look();
        let id =
            life.look().feeds["seata"].iter().find(|(_, s)| s.title.contains("long article")).expect("it").0.clone();
        life.site.write("overrides.yaml", format!("\"https://example.net/seata-again\": {{same_as: \"{id}\"}}\n"));
        life.run();
        let one = difference(&before, &life.look());
        life.forget("overrides.yaml");
        life.run();
        format!("while they were one:\n{one}")
    });
}

#[test]
fn a_shallow_clone() {
    let life = Life::new();
    life.site.write("posts/undated.md", "---\ntitle: \"No date at all\"\n---\n\nAbout MOSN.\n");
    let git = |folder: &Path, arguments: &[&str]| {
        let status = Command::new("git")
            .arg("-C")
            .arg(folder)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .env("GIT_AUTHOR_DATE", "2023-03-03T03:03:03+00:00")
            .env("GIT_COMMITTER_DATE", "2023-03-03T03:03:03+00:00")
            .output()
            .expect("git starts");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    };
    git(&life.site.path(""), &["init", "-q"]);
    git(&life.site.path(""), &["add", "posts"]);
    git(&life.site.path(""), &["commit", "-qm", "posts"]);
    scenario_of("a_shallow_clone", life, |life| {
        life.edit("posts/own.md", "Text of our own.", "Text of our own, longer.");
        git(&life.site.path(""), &["commit", "-qam", "an edit"]);
        // The state is kept, the clone is a new one without its past.
        let clone = Site::new();
        let from = format!("file://{}", life.site.path("").display());
        std::fs::remove_dir_all(clone.path("posts")).expect("removed");
        git(&clone.path(""), &["clone", "-q", "--depth", "1", &from, "clone"]);
        let old = std::mem::replace(&mut life.site, clone);
        std::fs::rename(life.site.path("clone/posts"), life.site.path("posts")).expect("moved");
        std::fs::rename(life.site.path("clone/.git"), life.site.path(".git")).expect("moved");
        life.site.write(".feedloom/ledger.jsonl", old.read(".feedloom/ledger.jsonl"));
        life.run();
        let warned = life.site.run(&["check"]);
        let warning =
            warned.out.lines().chain(warned.err.lines()).find(|l| l.contains("shallow")).unwrap_or("no warning");
        format!("{}\n", warning.trim())
    });
}

#[test]
fn a_translation_added() {
    let life = Life::new();
    // One folder a language.
    life.site.write("feedloom.yaml", "title: Example feeds\nurl: https://feeds.example.org/\nlanguage: en\nposts:\n  - path: posts\n    language: en\n    url: https://www.example.org/blog/{slug}/\n    digest:\n      when: [{categories: Weekly}]\n  - path: zh\n    language: zh\n    url: https://www.example.org/zh/blog/{slug}/\n    digest:\n      when: [{categories: Weekly}]\narticles: {fetch: false}\n");
    std::fs::create_dir_all(life.site.path("zh")).expect("a folder");
    scenario_of("a_translation_added", life, |life| {
        life.site.write(
            "zh/own.md",
            "---\ntitle: \"我们自己的 MOSN 文章\"\ndate: 2024-01-01T08:00:00+08:00\n---\n\n自己的文字。\n",
        );
        life.run();
        let zh = walk_json(&life.site, "all/zh");
        let titles: Vec<&str> = zh.values().map(|s| s.title.as_str()).collect();
        format!("all/zh: {titles:?}\n")
    });
}

#[test]
fn a_site_that_names_no_language_has_posts_and_not_their_translations() {
    for folder in ["path: posts", "path: posts, language: en"] {
        let site = Site::new();
        let posts = format!("posts: [{{{folder}, url: \"https://b.example.org/{{slug}}/\"}}]");
        site.write("feedloom.yaml", format!("title: T\nurl: https://feeds.example.org/\n{posts}\n"));
        site.write("posts/hello/index.ko.md", "---\ntitle: 안녕\ndate: 2024-01-01\n---\n\nOn MOSN.\n");
        site.write("posts/hello/index.md", "---\ntitle: Hello\ndate: 2024-01-02\n---\n\nOn MOSN.\n");
        site.refresh();
        let titles: Vec<String> = walk_json(&site, "all").into_values().map(|s| s.title).collect();
        assert_eq!(titles, ["Hello"], "{folder}");
    }
}

#[test]
fn posts_of_one_translation_key_are_one_in_several_languages() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: T\nurl: https://feeds.example.org/\nlanguage: en\nposts:\n  - {path: en, language: en, url: \"https://b.example.org/en/{slug}/\"}\n  - {path: zh, language: zh, url: \"https://b.example.org/zh/{slug}/\"}\n");
    let post = |name: &str, key: &str, title: &str| {
        site.write(name, format!("---\ntitle: {title}\ndate: 2024-01-01\ntranslationKey: {key}\n---\n\nOn MOSN.\n"));
    };
    post("en/a1.md", "k", "One");
    post("zh/b1.md", "k", "一");
    // Two of one language are two.
    post("en/a2.md", "l", "Two");
    post("en/a3.md", "l", "Three");
    site.refresh();
    let titles = |feed: &str| {
        let mut titles: Vec<String> = walk_json(&site, feed).into_values().map(|s| s.title).collect();
        titles.sort();
        titles
    };
    assert_eq!(titles("all"), ["One", "Three", "Two"]);
    assert_eq!(titles("all/zh"), ["一"]);
    // Of two that say to be the translation the first is, and none is lost.
    post("zh/c1.md", "k", "再");
    site.refresh();
    assert_eq!(titles("all"), ["One", "Three", "Two", "再"]);
    assert_eq!(titles("all/zh"), ["一", "再"]);
}

#[test]
fn keys_given_to_posts_that_are_there_withdraw_nothing_else() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: T\nurl: https://feeds.example.org/\nlanguage: en\nposts:\n  - {path: en, language: en, url: \"https://b.example.org/en/{slug}/\"}\n  - {path: zh, language: zh, url: \"https://b.example.org/zh/{slug}/\"}\n");
    let write = |keyed: bool| {
        for n in 0..20 {
            let key = if keyed { format!("translationKey: k{n}\n") } else { String::new() };
            for (folder, name) in [("en", "a"), ("zh", "b")] {
                let text = format!("---\ntitle: {name}{n}\ndate: 2024-01-01\n{key}---\n\nOn MOSN.\n");
                site.write(&format!("{folder}/{name}{n}.md"), text);
            }
        }
    };
    write(false);
    site.refresh();
    write(true);
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(walk_json(&site, "all").len(), 20);
}

#[test]
fn what_a_person_says_is_one_is_one_without_a_ledger() {
    let site = Site::new();
    let list = "### Reading\n\n- [Alpha on MOSN](https://x.example/a)\n- [Beta on MOSN](https://y.example/b)\n";
    site.weekly("w.md", "Weekly", "2024-01-01", list);
    site.refresh();
    let id = |title: &str| {
        let entry = site.entries().into_iter().find(|e| e["title"] == title).expect("an entry");
        entry["id"].as_str().expect("an id").to_owned()
    };
    let alpha = id("Alpha on MOSN");
    site.write("overrides.yaml", format!("\"https://y.example/b\": {{same_as: \"{alpha}\"}}\n"));
    std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
    site.refresh();
    let articles: Vec<_> = site.entries().into_iter().filter(|e| e["kind"] == "article").collect();
    assert_eq!(articles.len(), 1, "{articles:?}");
    assert_eq!(articles[0]["id"], alpha.as_str());
    // An id that nothing has becomes nobody's.
    site.write("overrides.yaml", "\"https://y.example/b\": {same_as: \"tag:nobody\"}\n");
    std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
    site.refresh();
    assert_eq!(id("Alpha on MOSN"), alpha);
    assert_ne!(id("Beta on MOSN"), "tag:nobody");
}

#[test]
fn a_dry_run_tells_and_writes_nothing() {
    let mut life = Life::new();
    life.run();
    let (published, ledger) = (life.site.published(), life.site.read(".feedloom/ledger.jsonl"));
    life.edit(
        "posts/w1.md",
        "Seata：[https://github.com/seata/seata](https://github.com/seata/seata)",
        "MOSN：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)",
    );
    let run = life.site.run(&["refresh", "--dry-run"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(run.out.contains("seata: 0 enter, 1 leave\n  - How is Seata deployed on two machines?"), "{}", run.out);
    assert!(run.out.contains("mosn: 1 enter, 0 leave"), "{}", run.out);
    assert!(published == life.site.published() && ledger == life.site.read(".feedloom/ledger.jsonl"));
}

#[test]
fn a_feed_that_lost_most_of_its_entries_is_held_back() {
    let mut life = Life::new();
    life.site.write("feedloom.yaml", format!("{}output:\n  entries: 5\n", super::site::CONFIG));
    let items: String =
        (0..12).map(|n| format!("- [Number {n} on Seata in production](https://example.net/{n})\n")).collect();
    life.site.weekly("many.md", "Many", "2024-05-20", &format!("### Reading\n\n{items}"));
    life.run();
    let before = life.site.read("public/seata/atom.xml");
    life.site.weekly("many.md", "Many", "2024-05-20", "Nothing is left of it.\n");
    let run = life.site.run(&["refresh"]);
    assert_eq!(run.status, 5, "{}{}", run.out, run.err);
    assert!(run.err.contains("seata: held back"), "{}", run.err);
    assert_eq!(before, life.site.read("public/seata/atom.xml"));
    assert_eq!(life.site.run(&["refresh"]).status, 5, "it stays held back");
    let run = life.site.run(&["refresh", "--accept-removals"]);
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    let shows = |name: &str, file: &[u8]| {
        !name.starts_with("page/") && String::from_utf8_lossy(file).contains("on Seata in production")
    };
    let left: Vec<String> =
        life.site.published().into_iter().filter(|(name, (b, _))| shows(name, b)).map(|(name, _)| name).collect();
    assert!(left.is_empty(), "withdrawn, and still in {left:?}");
}

#[test]
fn an_id_that_nothing_has_is_told_and_changes_nothing() {
    let mut life = Life::new();
    life.run();
    let before = life.look();
    life.site.write("overrides.yaml", "\"https://www.example.org/blog/own/\": {same_as: \"tag:wrong,2024:post/1\"}\n");
    life.run();
    assert_eq!(difference(&before, &life.look()), "ledger: 0 minted, 0 withdrawn, 0 back, 0 forgotten\n");
    let check = life.site.run(&["check"]);
    assert!(
        check.err.contains("overrides.yaml:1:1: `same_as: tag:wrong,2024:post/1` is no entry's id"),
        "{}",
        check.err
    );
}

#[test]
fn two_posts_of_one_name_are_two_posts() {
    let mut life = Life::new();
    let folder = |path: &str| format!("  - path: {path}\n    url: https://www.example.org/{path}/{{slug}}/\n");
    life.site.write(
        "feedloom.yaml",
        format!(
            "title: Example feeds\nurl: https://feeds.example.org/\nposts:\n{}{}",
            folder("posts"),
            folder("notes")
        ),
    );
    std::fs::create_dir_all(life.site.path("notes")).expect("a folder");
    life.site.write("notes/own.md", "---\ntitle: A note of that name\ndate: 2024-02-01\n---\n\nAnother text.\n");
    life.run();
    let titles = |life: &Life| -> Vec<String> {
        walk_json(&life.site, "all")
            .into_values()
            .map(|s| s.title)
            .filter(|t| t.contains("own") || t.contains("name"))
            .collect()
    };
    let mut found = titles(&life);
    found.sort();
    assert_eq!(found, ["A note of that name", "Our own post on MOSN"]);
    let before = life.look();
    life.edit("notes/own.md", "Another text", "Quite another text");
    life.run();
    assert!(difference(&before, &life.look()).ends_with("ledger: 0 minted, 0 withdrawn, 0 back, 0 forgotten\n"));
}

fn published(life: &Life, title: &str) -> String {
    let all = walk_json(&life.site, "all");
    all.values().find(|seen| seen.title == title).unwrap_or_else(|| panic!("no {title}")).published.clone()
}

#[test]
fn a_date_to_come_of_a_source_is_that_of_its_coming() {
    let mut life = Life::new();
    life.site.write("feeds/layotto.yaml", "title: Layotto\nsources: [{url: \"file:in.xml\", name: in}]\n");
    life.site.write("in.xml", "<rss version=\"2.0\"><channel><title>T</title><link>https://t.example/</link><description>d</description><item><title>Soon</title><guid isPermaLink=\"false\">1</guid><link>https://t.example/1</link><pubDate>Mon, 03 Jun 2024 10:00:00 GMT</pubDate><description>d</description></item></channel></rss>");
    life.run();
    let first = published(&life, "Soon");
    assert!(first.starts_with("2024-06-01T"), "{first}");
    life.now += TimeDelta::days(7);
    life.edit("feeds/layotto.yaml", "title: Layotto", "title: Layotto\naliases: [Lay Otto]");
    life.run();
    assert_eq!(published(&life, "Soon"), first);
}

/// A site with a post without a date, committed in 2023.
fn with_undated() -> (Life, impl Fn(&Life, &[&str], &str)) {
    let life = Life::new();
    life.site.write("posts/undated.md", "---\ntitle: \"No date at all\"\n---\n\nAbout MOSN, at some length.\n");
    let git = |life: &Life, arguments: &[&str], date: &str| {
        let status = Command::new("git")
            .arg("-C")
            .arg(life.site.path(""))
            .args(["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"])
            .args(arguments)
            .envs([("GIT_AUTHOR_DATE", date), ("GIT_COMMITTER_DATE", date)])
            .output()
            .expect("git starts");
        assert!(status.status.success(), "{}", String::from_utf8_lossy(&status.stderr));
    };
    git(&life, &["init", "-q"], "2023-03-03T03:03:03+00:00");
    git(&life, &["add", "posts"], "2023-03-03T03:03:03+00:00");
    git(&life, &["commit", "-qm", "posts"], "2023-03-03T03:03:03+00:00");
    (life, git)
}

#[test]
fn a_post_without_a_date_that_is_renamed_keeps_its_date() {
    let (mut life, git) = with_undated();
    life.run();
    let first = published(&life, "No date at all");
    assert!(first.starts_with("2023-03-03T"), "{first}");
    git(&life, &["mv", "posts/undated.md", "posts/renamed.md"], "2024-05-05T05:05:05+00:00");
    git(&life, &["commit", "-qm", "renamed"], "2024-05-05T05:05:05+00:00");
    life.run();
    assert_eq!(published(&life, "No date at all"), first);
    // A machine that has nothing but the clone.
    std::fs::remove_dir_all(life.site.path(".feedloom")).expect("removed");
    life.run();
    assert_eq!(published(&life, "No date at all"), first);
    // And one without git, by what it said.
    std::fs::remove_dir_all(life.site.path(".git")).expect("removed");
    std::fs::rename(life.site.path("posts/renamed.md"), life.site.path("posts/again.md")).expect("renamed");
    life.run();
    assert_eq!(published(&life, "No date at all"), first);
    // The ledger is made of the store.
    life.forget(".feedloom/ledger.jsonl");
    life.edit("posts/again.md", "at some length", "at great length");
    life.run();
    assert_eq!(published(&life, "No date at all"), first);
}

#[test]
fn a_date_that_a_wrong_clock_gave_hides_no_post() {
    let mut life = Life::new();
    life.site.write("posts/undated.md", "---\ntitle: \"No date at all\"\n---\n\nAbout MOSN.\n");
    life.now += TimeDelta::days(3650);
    life.run();
    life.now -= TimeDelta::days(3650);
    life.edit("posts/undated.md", "About MOSN.", "About MOSN and more.");
    life.run();
    assert!(published(&life, "No date at all").starts_with("2024-06-01T"));
}

#[test]
fn quiet_entries_stay_quiet_without_the_ledger() {
    let mut life = Life::new();
    life.run();
    for n in 0..40 {
        let body = format!("### Questions\n\n**1、@dave{n}** 提问：\n\n> Does case {n} of MOSN work?\n\nA：Yes.\n");
        life.site.weekly(&format!("b{n}.md"), &format!("Backfill {n}"), &format!("20{:02}-01-10", 10 + n % 14), &body);
    }
    life.run();
    let before = life.site.published();
    life.forget(".feedloom/ledger.jsonl");
    life.run();
    assert!(before == life.site.published(), "a file was touched");
}

#[test]
fn questions_that_begin_alike_keep_their_ids_when_one_goes() {
    let mut life = Life::new();
    let ask =
        |end: &str| format!("@zoe 提问：\n\n> How is MOSN to be configured so that it {end}?\n\nA：So, {end}.\n\n");
    let (first, second) = (ask("restarts"), ask("rests"));
    life.weekly(14, &format!("### Questions\n\n**1、**{first}**2、**{second}").replace("、**@zoe", "、@zoe**"));
    life.run();
    let id_of = |life: &Life, end: &str| {
        let rows = life.site.entries();
        let mut rows_of = rows.iter().filter(|e| e["kind"] == "question");
        let row = rows_of.find(|e| e["text"].as_str().is_some_and(|t| t.contains(&format!("So, {end}."))));
        row.unwrap_or_else(|| panic!("no {end}: {rows:?}"))["id"].clone()
    };
    let (gone, kept) = (id_of(&life, "restarts"), id_of(&life, "rests"));
    assert_ne!(gone, kept);
    life.weekly(14, &format!("### Questions\n\n**1、**{second}").replace("、**@zoe", "、@zoe**"));
    life.run();
    assert_eq!(id_of(&life, "rests"), kept);
}
