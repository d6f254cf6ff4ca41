//! Archives as a client of archived feeds finds them (RFC 5005, section 4).

use super::identity::{Life, walk_json};
use super::site::Site;

/// A client of archived feeds (RFC 5005, section 4): the live document, then along
/// `prev-archive` to the end. Comes back with ids in the order they were met.
fn walk_atom(site: &Site, name: &str) -> Vec<String> {
    let mut ids = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut next = Some(format!("{name}/atom.xml"));
    let mut documents = std::collections::BTreeSet::new();
    while let Some(path) = next {
        assert!(documents.insert(path.clone()), "{path} twice: the chain is a circle");
        let text = site.read(&format!("public/{path}"));
        let archive = path.contains("/archive/");
        assert_eq!(text.contains("<fh:archive"), archive, "{path}");
        let link = |rel: &str| {
            let tag = text.split("<link ").skip(1).find(|t| t.contains(&format!("rel=\"{rel}\"")))?;
            let href = tag.split("href=\"").nth(1)?.split('"').next()?;
            href.strip_prefix("https://feeds.example.org/").map(str::to_owned)
        };
        assert_eq!(link("self").as_deref(), Some(path.as_str()));
        if archive {
            assert_eq!(link("current").as_deref(), Some(format!("{name}/atom.xml").as_str()));
        }
        for entry in text.split("<entry>").skip(1) {
            let id = entry.split("<id>").nth(1).and_then(|t| t.split('<').next()).expect("an id").to_owned();
            if seen.insert(id.clone()) {
                ids.push(id);
            }
        }
        next = link("prev-archive");
    }
    ids
}

/// Every id that `entries` names for a feed.
fn ids_of(site: &Site, name: &str) -> std::collections::BTreeSet<String> {
    let run = site.run(&["entries", "--json", "--project", name]);
    run.out
        .lines()
        .map(|l| serde_json::from_str::<serde_json::Value>(l).expect("JSON")["id"].as_str().expect("id").to_owned())
        .collect()
}

#[test]
fn a_client_of_archived_feeds_gets_every_entry_once() {
    let mut life = Life::new();
    life.site.write("feedloom.yaml", format!("{}output:\n  entries: 5\n", super::site::CONFIG));
    for n in 0..40 {
        let body = format!(
            "### Questions\n\n**1、@dave{n}** 提问：\n\n> Does case {n} of MOSN work?\n\nA：Yes, number {n}.\n"
        );
        life.site.weekly(
            &format!("b{n}.md"),
            &format!("Back {n}"),
            &format!("2023-{:02}-1{}T08:00:00+08:00", 1 + n % 12, n / 12),
            &body,
        );
    }
    life.run();
    let check = |life: &Life| {
        for feed in ["all", "mosn", "seata"] {
            let walked = walk_atom(&life.site, feed);
            let mut once = walked.clone();
            once.sort();
            once.dedup();
            assert_eq!(once.len(), walked.len(), "{feed}: twice");
            assert_eq!(once.into_iter().collect::<std::collections::BTreeSet<_>>(), ids_of(&life.site, feed), "{feed}");
            let json: std::collections::BTreeSet<String> = walk_json(&life.site, feed).into_keys().collect();
            assert_eq!(json, ids_of(&life.site, feed), "{feed} as JSON");
        }
    };
    check(&life);
    let closed = life.site.read("public/mosn/archive/2023-03.xml");
    // A closed month loses an entry to another project: it is issued anew, the old file stays.
    life.edit("posts/b2.md", "case 2 of MOSN", "case 2 of Seata");
    life.run();
    check(&life);
    assert_eq!(closed, life.site.read("public/mosn/archive/2023-03.xml"));
    let again = life.site.read("public/mosn/archive/2023-03.2.xml");
    assert!(closed.contains("case 2 of MOSN") && !again.contains("case 2 of MOSN"));
    // What is withdrawn is nowhere, in no old issue either.
    let count = |life: &Life| {
        life.site
            .published()
            .iter()
            .filter(|(_, (b, _))| String::from_utf8_lossy(b).contains("case 14 of MOSN"))
            .count()
    };
    assert!(count(&life) > 0);
    life.forget("posts/b14.md");
    life.run();
    check(&life);
    assert_eq!(count(&life), 0);
    assert!(life.site.read("public/mosn/archive/2023-03.xml").contains("case 26 of MOSN"));
    // Names of archives outlive the store and the output.
    let published: Vec<(String, Vec<u8>)> = life.site.published().into_iter().map(|(n, (b, _))| (n, b)).collect();
    life.forget(".feedloom/store.sqlite");
    std::fs::remove_dir_all(life.site.path("public")).expect("removed");
    life.run();
    let names: Vec<String> = life.site.published().into_keys().collect();
    assert_eq!(published.into_iter().map(|(n, _)| n).collect::<Vec<_>>(), names);
    check(&life);
}

#[test]
fn a_full_month_is_archived_by_days() {
    let mut life = Life::new();
    let items = |from: usize, to: usize| -> String {
        (from..to).map(|n| format!("- [Number {n} on MOSN in production](https://example.net/{n})\n")).collect()
    };
    for day in 1..=29 {
        let body = format!("### Reading\n\n{}", items(day * 10, day * 10 + 9));
        life.site.weekly(
            &format!("d{day}.md"),
            &format!("Day {day}"),
            &format!("2023-03-{day:02}T12:00:00+08:00"),
            &body,
        );
    }
    life.run();
    let whole = life.site.read("public/mosn/archive/2023-03.xml");
    // One day more than a month holds.
    let body = format!("### Reading\n\n{}", items(1000, 1060));
    life.site.weekly("more.md", "More", "2023-03-30T12:00:00+08:00", &body);
    life.run();
    let check = |life: &Life| {
        let mut once = walk_atom(&life.site, "mosn");
        once.sort();
        assert_eq!(once, ids_of(&life.site, "mosn").into_iter().collect::<Vec<_>>());
        assert_eq!(once, walk_json(&life.site, "mosn").into_keys().collect::<Vec<_>>());
    };
    check(&life);
    assert_eq!(whole, life.site.read("public/mosn/archive/2023-03.xml"), "what was published stays");
    // A change rewrites its day alone.
    let before = life.site.published();
    life.edit("posts/d7.md", "Number 72 on MOSN", "Number 72 and a half on MOSN");
    life.run();
    check(&life);
    let after = life.site.published();
    let changed: Vec<&String> = after
        .iter()
        .filter(|(name, file)| {
            name.starts_with("mosn/archive/") && !name.ends_with("html") && before.get(*name) != Some(file)
        })
        .map(|(name, _)| name)
        .collect();
    // The one before is linked forward in Atom, the one behind is linked back in both.
    let expected = ["06.xml", "07.2.json", "07.2.xml", "08.json", "08.xml"];
    assert_eq!(changed, expected.map(|name| format!("mosn/archive/2023-03-{name}")).iter().collect::<Vec<_>>());
    // What was left out is written from the store alike.
    assert_eq!(life.site.run(&["build"]).status, 0);
    assert!(after == life.site.published(), "a build makes other files");
    // What is withdrawn is in no cut of the month, and no file is lost with the store.
    life.forget("posts/d9.md");
    life.run();
    check(&life);
    let withdrawn = "Number 93 on MOSN";
    assert!(whole.contains(withdrawn));
    let files = life.site.published();
    assert!(
        files.iter().all(|(name, (b, _))| !String::from_utf8_lossy(b).contains(withdrawn) || name.starts_with("page"))
    );
    life.forget(".feedloom/store.sqlite");
    std::fs::remove_dir_all(life.site.path("public")).expect("removed");
    life.run();
    check(&life);
    assert_eq!(files.into_keys().collect::<Vec<_>>(), life.site.published().into_keys().collect::<Vec<_>>());
}

#[test]
fn an_id_with_an_ampersand_is_withdrawn_from_old_issues() {
    let site = Site::new();
    let config =
        format!("{}output: {{entries: 1}}\nsources: [{{url: \"file:up.xml\", name: up}}]\n", super::site::CONFIG);
    site.write("feedloom.yaml", config);
    let feed = |second: &str| {
        let entry = |n: usize, id: &str, text: &str| {
            format!(
                "<item><guid isPermaLink=\"false\">{id}</guid><title>Entry {n}</title><link>https://u.e/{n}</link><pubDate>0{n} Jan 2024 00:00:00 GMT</pubDate><description>{text}</description></item>"
            )
        };
        let items =
            [entry(1, "https://u.e/?t=1&amp;p=1", "withdrawn"), entry(2, "u:2", second), entry(3, "u:3", "third")];
        format!(
            "<rss version=\"2.0\"><channel><title>Up</title><link>https://u.e/</link>{}</channel></rss>",
            items.concat()
        )
    };
    site.write("up.xml", feed("second"));
    site.refresh();
    site.write("up.xml", feed("edited"));
    site.refresh();
    let shows = |name: &str| site.read(&format!("public/all/archive/{name}")).contains("withdrawn");
    let files = ["2024-01.xml", "2024-01.json", "2024-01.2.xml", "2024-01.2.json"];
    assert!(files.iter().all(|name| shows(name)));
    site.write("overrides.yaml", "\"https://u.e/1\": {hide: true}\n");
    site.refresh();
    for name in files {
        assert!(!shows(name), "{name}");
    }
}
