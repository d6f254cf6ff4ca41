//! What lasts: whatever people rename, move, lose or write once more, entries stay the ones they
//! are, and nobody's files are touched. Each test is the life of one small site.

use std::fs;

use super::identity::walk_json;
use super::site::Site;

/// A site with a configuration of its own behind the first lines.
fn site(config: &str) -> Site {
    let site = Site::new();
    configure(&site, config);
    site
}

fn configure(site: &Site, config: &str) {
    let head = "title: T\nurl: https://f.example.org/\nlanguage: en\nid_base: \"tag:f.example.org,2024:\"\narticles: {fetch: false}\n";
    site.write("feedloom.yaml", format!("{head}{config}"));
}

const POSTS: &str =
    "posts: [{path: posts, url: \"https://b.example.org/{slug}/\", digest: {when: [{categories: Weekly}]}}]\n";

const PAGELESS: &str = "posts: posts\n";

const LANGUAGES: &str = "posts:\n  - {path: en, language: en, url: \"https://b.example.org/{slug}/\"}\n  - {path: zh, language: zh, url: \"https://b.example.org/zh/{slug}/\"}\n";

fn write(site: &Site, path: &str, title: &str, date: &str, body: &str) {
    let date = if date.is_empty() { String::new() } else { format!("date: {date}\n") };
    site.write(path, format!("---\ntitle: \"{title}\"\n{date}---\n\n{body}\n"));
}

/// So many posts that one of them may go.
fn others(site: &Site) {
    for n in 0..12 {
        write(site, &format!("posts/k{n}.md"), &format!("Post about {} things", n * 7919), "2024-01-01", "x");
    }
}

fn rename(site: &Site, from: &str, to: &str) {
    fs::rename(site.path(from), site.path(to)).expect("renamed");
}

fn edit(site: &Site, path: &str, from: &str, to: &str) {
    let text = site.read(path);
    assert!(text.contains(from), "{path} has no {from}");
    site.write(path, text.replacen(from, to, 1));
}

fn lose(site: &Site, path: &str) {
    fs::remove_file(site.path(path)).expect("removed");
}

fn entry(site: &Site, words: &str) -> Option<serde_json::Value> {
    site.entries().into_iter().find(|e| e["title"].as_str().is_some_and(|title| title.contains(words)))
}

fn id(site: &Site, words: &str) -> String {
    let entry = entry(site, words).unwrap_or_else(|| panic!("no entry on {words}"));
    entry["id"].as_str().expect("an id").to_owned()
}

fn live(site: &Site, feed: &str) -> usize {
    site.read(&format!("public/{feed}/atom.xml")).matches("<entry>").count()
}

/// The bytes that a machine with the ledger and no store publishes are these.
fn is_as_anew(site: &Site) {
    let bytes = |site: &Site| site.published().into_iter().map(|(path, (bytes, _))| (path, bytes)).collect::<Vec<_>>();
    let before = bytes(site);
    fs::remove_dir_all(site.path("public")).expect("removed");
    lose(site, ".feedloom/store.sqlite");
    site.refresh();
    let differ: Vec<_> = bytes(site).into_iter().filter(|file| !before.contains(file)).map(|(path, _)| path).collect();
    assert!(differ.is_empty() && bytes(site).len() == before.len(), "{differ:?}");
}

#[test]
fn another_output_folder_is_begun_anew_and_the_old_one_stays() {
    let site = site(&format!("{POSTS}output: {{dir: public}}\n"));
    write(&site, "posts/a.md", "A", "2024-01-01", "Open.");
    write(&site, "posts/b.md", "B", "2024-01-02", "Secret.");
    site.refresh();
    configure(&site, &format!("{POSTS}output: {{dir: ./out/}}\n"));
    site.write("out/mine.txt", "mine");
    let run = site.refresh();
    assert!(run.err.contains("`output.dir` was `public` and is `out` now"), "{}", run.err);
    assert!(site.read("out/all/atom.xml").contains("Secret") && site.read("public/all/atom.xml").contains("Secret"));
    assert_eq!(site.read("out/mine.txt"), "mine");
    lose(&site, "posts/b.md");
    site.refresh();
    // Back in the first folder it is known what was left there.
    configure(&site, &format!("{POSTS}output: {{dir: public}}\n"));
    site.refresh();
    for (path, (bytes, _)) in site.published() {
        assert!(!String::from_utf8_lossy(&bytes).contains("Secret"), "withdrawn, and still in {path}");
    }
}

#[test]
fn an_output_folder_that_something_else_made_is_refused_later_too() {
    let site = site(POSTS);
    write(&site, "posts/a.md", "A", "2024-01-01", "x");
    site.refresh();
    site.write("www/index.html", "<h1>My own site</h1>");
    site.write("www/all/index.html", "mine");
    configure(&site, &format!("{POSTS}output: {{dir: www}}\n"));
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2, "{}{}", run.out, run.err);
    assert!(run.err.contains("www/index.html was not written by feedloom"), "{}", run.err);
    assert!(!site.path("www/all/atom.xml").exists());
    // Without pages there is nothing that could be in its way.
    configure(&site, &format!("{POSTS}pages: false\noutput: {{dir: www}}\n"));
    site.refresh();
    assert!(site.path("www/all/atom.xml").exists());
    assert_eq!(site.read("www/index.html"), "<h1>My own site</h1>");
    assert_eq!(site.read("www/all/index.html"), "mine");
}

#[test]
fn what_is_hidden_stays_hidden_under_another_name() {
    let site = site(POSTS);
    others(&site);
    write(&site, "posts/a.md", "How we moved forty services", "2024-02-01", "Text of it.");
    let weekly = "### Questions\n\n**1. @maria asks:**\n\n> Cna Lantern read its settings from a folder?\n\nA: Yes.\n\n**2. @bob asks:**\n\n> Why is the sky above the port blue today?\n\nA: No.\n";
    site.weekly("w.md", "Weekly 12", "2024-03-01", weekly);
    site.refresh();
    let hidden = [id(&site, "forty services"), id(&site, "Lantern")];
    let lines: String = hidden.iter().map(|id| format!("\"{id}\": {{hide: true}}\n")).collect();
    site.write("overrides.yaml", lines);
    let stays_hidden = |what: &str| {
        site.refresh();
        let found = ["forty services", "Lantern"].map(|words| entry(&site, words).map(|e| e["id"].clone()));
        assert_eq!(found, [None, None], "{what}");
        assert!(entry(&site, "the sky above").is_some(), "{what}");
    };
    stays_hidden("hidden");
    rename(&site, "posts/a.md", "posts/b.md");
    edit(&site, "posts/w.md", "Cna Lantern", "Can Lantern");
    stays_hidden("renamed and mended");
    edit(&site, "posts/b.md", "moved forty", "moved the forty");
    rename(&site, "posts/w.md", "posts/weekly-12.md");
    stays_hidden("the other way round");
    rename(&site, "posts/b.md", "posts/c.md");
    edit(&site, "posts/c.md", "moved the forty", "have moved the forty");
    stays_hidden("renamed, with another title");
    lose(&site, ".feedloom/store.sqlite");
    stays_hidden("without a store");
    // It is the same one when it is shown again.
    site.write("overrides.yaml", "{}\n");
    site.refresh();
    assert_eq!([id(&site, "forty services"), id(&site, "Lantern")], hidden);
}

#[test]
fn a_post_that_was_hidden_and_deleted_takes_no_other_with_it() {
    let site = site(POSTS);
    others(&site);
    write(&site, "posts/a.md", "How we moved forty services", "2024-02-01", "Text of it.");
    site.refresh();
    site.write("overrides.yaml", format!("\"{}\": {{hide: true}}\n", id(&site, "forty services")));
    site.refresh();
    lose(&site, "posts/a.md");
    site.refresh();
    write(&site, "posts/b.md", "How we moved sixty services", "2024-05-01", "Quite another text.");
    site.refresh();
    assert!(entry(&site, "sixty services").is_some());
}

#[test]
fn a_post_that_cannot_be_read_follows_the_configuration_all_the_same() {
    let site = site(POSTS);
    write(&site, "posts/one.md", "One", "2024-01-01", "x");
    write(&site, "posts/two.md", "Two", "2024-01-02", "x");
    let good = site.read("posts/one.md");
    site.refresh();
    site.write("posts/one.md", "---\ntitle: One: x\n---\nbroken");
    configure(&site, &POSTS.replace("/{slug}", "/new/{slug}"));
    let links = || -> Vec<String> {
        site.refresh();
        let mut links: Vec<String> = site.entries().iter().map(|e| e["link"].as_str().unwrap().to_owned()).collect();
        links.sort();
        links
    };
    let new = ["https://b.example.org/new/one/", "https://b.example.org/new/two/"];
    assert_eq!(links(), new);
    site.write("posts/one.md", good);
    assert_eq!(links(), new);
    is_as_anew(&site);
}

#[test]
fn a_broken_post_keeps_its_entry_when_the_store_is_lost() {
    let site = site(POSTS);
    others(&site);
    write(&site, "posts/a.md", "How we moved forty services", "2024-02-01", "Text of it.");
    site.refresh();
    let good = site.read("posts/a.md");
    site.write("posts/a.md", "---\ntitle: a: b\n---\nx");
    lose(&site, ".feedloom/store.sqlite");
    site.refresh();
    assert!(!site.read(".feedloom/ledger.jsonl").contains("\"gone\""));
    // A build reads no posts, and knows of it.
    configure(&site, &format!("{POSTS}description: Another\n"));
    assert_eq!(site.run(&["build"]).status, 0);
    assert!(!site.read(".feedloom/ledger.jsonl").contains("\"gone\""));
    site.write("posts/a.md", good);
    site.refresh();
    is_as_anew(&site);
    // One that is deleted is gone.
    lose(&site, "posts/a.md");
    site.refresh();
    assert!(site.read(".feedloom/ledger.jsonl").contains("\"gone\""));
}

#[test]
fn feeds_that_would_lose_most_of_their_posts_for_want_of_a_store_are_held_back() {
    let site = site(POSTS);
    for n in 0..9 {
        write(&site, &format!("posts/{n}.md"), &format!("Post {n}"), "2024-01-01", "x");
    }
    site.refresh();
    for n in 0..7 {
        site.write(&format!("posts/{n}.md"), "---\ntitle: a: b\n---\nx");
    }
    lose(&site, ".feedloom/store.sqlite");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 5, "{}{}", run.out, run.err);
    assert_eq!(live(&site, "all"), 9);
}

#[cfg(unix)]
#[test]
fn what_two_sources_said_first_together_one_of_them_says_for_good() {
    let site = site("sources: [\"file:a.xml\", \"file:b.xml\"]\n");
    let feed = |name: &str, text: &str| {
        format!(
            "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title>{name}</title><link>https://{name}.example.org/</link><description>d</description><item><title>How we moved</title><link>https://blog.example.org/moved</link><guid isPermaLink=\"false\">{name}-1</guid><pubDate>Tue, 02 Jan 2024 10:00:00 GMT</pubDate><description>{text}</description></item></channel></rss>"
        )
    };
    site.write("a.xml", feed("blog", "Short text of the blog."));
    site.write("b.xml", feed("planet", "Much longer text of the planet, with an advertisement in it."));
    site.refresh();
    let said = || {
        site.entries()
            .iter()
            .map(|e| [e["source"].clone(), e["text"].clone(), e["updated"].clone()])
            .collect::<Vec<_>>()
    };
    let first = said();
    assert_eq!(first.len(), 1);
    configure(&site, "description: Another\nsources: [\"file:a.xml\", \"file:b.xml\"]\n");
    site.refresh();
    assert_eq!(said(), first);
    // Though it gives its entries other ids.
    edit(&site, "a.xml", "blog-1", "blog-one");
    edit(&site, "b.xml", "planet-1", "planet-one");
    site.refresh();
    assert_eq!(said(), first);
}

#[test]
fn translations_of_many_new_posts_go_straight_to_the_archives_too() {
    let site = site(&format!("{LANGUAGES}output: {{announce: 2}}\n"));
    let both = |name: &str, date: &str| {
        for language in ["en", "zh"] {
            write(&site, &format!("{language}/{name}.md"), &format!("{name} {language}"), date, "x");
        }
    };
    both("a", "2024-06-01");
    site.refresh();
    (0..6).for_each(|n| both(&format!("old{n}"), &format!("2024-01-{:02}", n + 1)));
    site.refresh();
    let sizes = || ["all", "all/en", "all/zh"].map(|feed| live(&site, feed));
    assert_eq!(sizes(), [3, 3, 3]);
    is_as_anew(&site);
    let before = site.published();
    lose(&site, ".feedloom/ledger.jsonl");
    site.refresh();
    assert!(before == site.published(), "a file was touched");
}

#[test]
fn the_next_post_of_a_row_is_not_the_one_that_went() {
    let cases = [
        ("Community news of November", "Community news of December", "2024-05-01", false),
        ("Community news of May", "Community news of June", "2024-05-01", false),
        ("Community news on our cats", "Community news on our dogs", "2024-05-01", false),
        ("Community news on our cats", "Community news on our cat", "2024-01-01", true),
    ];
    for (was, is, date, same) in cases {
        let site = site(POSTS);
        others(&site);
        write(&site, "posts/a.md", was, "2024-01-01", "All about cats and mice, as they are.");
        site.refresh();
        let before = id(&site, was);
        lose(&site, "posts/a.md");
        write(&site, "posts/b.md", is, date, "Dogs bark loudly. Nothing else happened.");
        site.refresh();
        assert_eq!(id(&site, is) == before, same, "{was} -> {is}");
    }
}

#[test]
fn a_picture_beside_a_post_may_come_later_and_be_replaced() {
    let site = site(PAGELESS);
    write(&site, "posts/a.md", "A", "2024-01-01", "Text.\n\n![x](pic.png)");
    site.refresh();
    let png = |says: &str| [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", says.as_bytes()].concat();
    let shown = || -> Vec<Vec<u8>> {
        site.refresh();
        let files = site.published().into_iter();
        files.filter(|(path, _)| path.starts_with("assets/images/")).map(|(_, (bytes, _))| bytes).collect()
    };
    assert!(shown().is_empty());
    for says in ["one", "another"] {
        site.write("posts/pic.png", png(says));
        assert_eq!(shown(), [png(says)]);
    }
    let before = site.published();
    assert_eq!(shown().len(), 1);
    assert!(before == site.published(), "a file was touched");
    is_as_anew(&site);
}

#[test]
fn what_was_said_at_one_time_counts_in_no_order_of_reading() {
    let site = site(POSTS);
    let link = "https://art.example.org/x";
    let linked = |n: u32, mark: &str| {
        let body = format!("### Reading\n\nAbout x{mark}\n\n[![](https://img.example.org/{n}.png)]({link})\n");
        site.weekly(&format!("w{n}.md"), &format!("W{n}"), &format!("2024-01-{n:02}"), &body);
    };
    site.weekly("w1.md", "W1", "2024-01-01", &format!("### Reading\n\n- [About x]({link})\n"));
    linked(2, "");
    linked(3, "");
    site.refresh();
    linked(2, "!");
    site.refresh();
    is_as_anew(&site);
}

#[test]
fn of_two_saved_pages_of_one_address_the_same_one_counts_in_any_order() {
    let site = Site::new();
    let head =
        "title: T\nurl: https://f.example.org/\nid_base: \"tag:f.example.org,2024:\"\narticles: {folder: saved}\n";
    site.write("feedloom.yaml", format!("{head}{}", POSTS.replace("{when: [{categories: Weekly}]}", "{}")));
    write(&site, "posts/a.md", "A", "2024-01-01", "## Reading\n\n- [x](https://art.example.org/x)");
    for name in ["a", "b"] {
        site.write(&format!("saved/{name}.yaml"), format!("address: https://art.example.org/x\ntitle: From {name}\n"));
    }
    let offline = || assert_eq!(site.run(&["refresh", "--offline"]).status, 0);
    offline();
    site.write("saved/a.yaml", "address: https://art.example.org/x\ntitle: From a2\n");
    offline();
    let before = entry(&site, "From").expect("it is there")["title"].clone();
    lose(&site, ".feedloom/store.sqlite");
    offline();
    assert_eq!(entry(&site, "From").expect("it is there")["title"], before);
}

#[test]
fn what_went_straight_to_the_archives_is_there_under_the_new_name_of_a_project() {
    let site = site(&format!("{POSTS}output: {{announce: 1}}\n"));
    write(&site, "posts/a.md", "MOSN a", "2024-06-01", "x");
    site.refresh();
    for n in 0..4 {
        write(&site, &format!("posts/old{n}.md"), &format!("MOSN old{n}"), &format!("2024-0{}-01", n + 1), "x");
    }
    site.refresh();
    let all = walk_json(&site, "mosn").len();
    assert_eq!((all, live(&site, "mosn")), (5, 2));
    lose(&site, "feeds/mosn.yaml");
    site.write("feeds/cloud.yaml", "title: MOSN\nformerly: [mosn]\n");
    site.refresh();
    for feed in ["mosn", "cloud"] {
        assert_eq!(
            (live(&site, feed), site.read(&format!("public/{feed}/atom.xml")).contains("prev-archive")),
            (2, true)
        );
    }
    assert_eq!(walk_json(&site, "cloud").len(), 5);
    is_as_anew(&site);
}

#[test]
fn things_that_a_person_says_are_several_keep_their_own_ids() {
    let site = site(POSTS);
    let list = |name: &str| -> String {
        let item = |n| {
            format!(
                "- [A rather long title that is only about number {n} of our lanterns](https://mp.weixin.qq.com/s/{name}{n})\n"
            )
        };
        format!("### Reading\n\n{}", (0..12).map(item).collect::<String>())
    };
    let ids = || -> Vec<(String, String)> {
        site.refresh();
        let text = |e: &serde_json::Value, key: &str| e[key].as_str().unwrap().to_owned();
        let mut ids: Vec<_> = site.entries().iter().map(|e| (text(e, "link"), text(e, "id"))).collect();
        ids.retain(|(link, _)| link.contains("/short"));
        ids.sort();
        ids
    };
    site.weekly("w1.md", "W1", "2024-01-01", &list("short"));
    let first = ids();
    site.weekly("w2.md", "W2", "2024-01-08", &list("other"));
    assert_eq!(ids(), first);
    let lines = (0..12).map(|n| format!("\"https://mp.weixin.qq.com/s/other{n}\": {{same_as: none}}\n"));
    site.write("overrides.yaml", lines.collect::<String>());
    assert_eq!(ids(), first);
}

#[test]
fn projects_that_become_one_keep_the_ids_of_their_feeds() {
    let site = site(POSTS);
    lose(&site, "feeds/seata.yaml");
    site.write("feeds/layotto.yaml", "title: Layotto\n");
    write(&site, "posts/m.md", "On MOSN", "2024-01-01", "x");
    write(&site, "posts/l.md", "On Layotto", "2024-01-02", "x");
    site.refresh();
    lose(&site, "feeds/layotto.yaml");
    site.write("feeds/mosn.yaml", "title: MOSN\nformerly: [layotto]\n");
    let own = |feed: &str| site.read(&format!("public/{feed}/atom.xml")).contains(&format!(":feed/{feed}</id>"));
    site.refresh();
    assert!(own("mosn") && own("layotto"));
    is_as_anew(&site);
    assert!(own("mosn") && own("layotto"));
}

#[test]
fn a_feed_that_is_held_back_is_so_without_a_store() {
    let site = site(POSTS);
    let weekly = |count: u32| {
        let items: String = (0..count).map(|n| format!("- [Item {n}](https://a.example.org/{n})\n")).collect();
        site.weekly("w.md", "W", "2024-01-01", &format!("### Reading\n\n{items}"));
    };
    weekly(14);
    site.refresh();
    fs::copy(site.path(".feedloom/store.sqlite"), site.path("before.sqlite")).expect("copied");
    weekly(2);
    assert_eq!(site.run(&["refresh"]).status, 5);
    // A run that was killed behind the ledger, and one on another machine.
    fs::copy(site.path("before.sqlite"), site.path(".feedloom/store.sqlite")).expect("copied");
    assert_eq!((site.run(&["refresh"]).status, live(&site, "all")), (5, 15));
    lose(&site, ".feedloom/store.sqlite");
    assert_eq!((site.run(&["refresh"]).status, live(&site, "all")), (5, 15));
    assert_eq!((site.run(&["refresh", "--accept-removals"]).status, live(&site, "all")), (0, 3));
    lose(&site, ".feedloom/store.sqlite");
    assert_eq!((site.run(&["refresh"]).status, live(&site, "all")), (0, 3));
}

#[test]
fn saved_pages_are_read_again_when_a_rule_for_their_site_comes() {
    let site = Site::new();
    let head =
        "title: T\nurl: https://f.example.org/\nid_base: \"tag:f.example.org,2024:\"\narticles: {folder: saved}\n";
    site.write("feedloom.yaml", format!("{head}{}", POSTS.replace("{when: [{categories: Weekly}]}", "{}")));
    write(&site, "posts/a.md", "A", "2024-01-01", "## Reading\n\n- [x](https://art.example.org/x)");
    let text = "<p>This is a long paragraph of the article, which has many words in it, so that it is read as one.</p>";
    site.write("saved/x.html", format!("<html><head><title>Wrong title | Site</title><link rel=\"canonical\" href=\"https://art.example.org/x\"></head><body><h1>Wrong title</h1><h2 class=\"real\">The real title</h2><article>{}</article></body></html>", text.repeat(10)));
    let title = || {
        assert_eq!(site.run(&["refresh", "--offline"]).status, 0);
        let article = site.entries().into_iter().find(|e| e["kind"] == "article").expect("an article");
        article["title"].as_str().expect("a title").to_owned()
    };
    assert_eq!(title(), "Wrong title");
    site.write("sites/art.yaml", "hosts: [art.example.org]\npages:\n  - path: ^/\n    title: h2.real\n");
    assert_eq!(title(), "The real title");
}

#[test]
fn a_project_of_one_language_carries_the_translations_into_it() {
    let site = site(LANGUAGES);
    site.write("feeds/mosn.yaml", "title: MOSN\nlanguages: [zh]\n");
    write(&site, "en/a.md", "MOSN a", "2024-01-01", "x");
    write(&site, "zh/a.md", "MOSN 中文", "2024-01-01", "x");
    site.refresh();
    let titles = |feed: &str| walk_json(&site, feed).into_values().map(|s| s.title).collect::<Vec<_>>();
    assert_eq!((titles("mosn"), titles("mosn/zh")), (vec!["MOSN 中文".to_owned()], vec!["MOSN 中文".to_owned()]));
    assert!(titles("mosn/en").is_empty());
    assert_eq!(titles("all"), ["MOSN a"]);
}
