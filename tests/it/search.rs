//! The search index of static hosts.

use std::collections::BTreeMap;

use super::identity::Life;

/// The files of the index, by name.
fn shards(life: &Life) -> BTreeMap<String, Vec<u8>> {
    let files = life.site.published().into_iter();
    files.filter(|(name, _)| name.starts_with("search/shards/")).map(|(name, (bytes, _))| (name, bytes)).collect()
}

fn changed(before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    after.iter().filter(|(name, bytes)| before.get(*name) != Some(bytes)).map(|(name, _)| name.clone()).collect()
}

#[test]
fn full_shards_stay_as_they_are() {
    let mut life = Life::new();
    let long = "在生产环境里灰度发布时遇到的一个很长的问题，".repeat(8);
    let week = |n: usize| -> String {
        (0..60).map(|i| format!("- [第 {n}-{i} 篇 MOSN {long}](https://example.net/{n}/{i})\n")).collect()
    };
    let write = |life: &mut Life, n: usize| {
        let date = format!("2023-{:02}-{:02}T08:00:00+08:00", 1 + n / 28, 1 + n % 28);
        life.site.weekly(&format!("n{n}.md"), &format!("Week {n}"), &date, &format!("### Reading\n\n{}", week(n)));
    };
    (0..36).for_each(|n| write(&mut life, n));
    life.run();
    let before = shards(&life);
    let count = before.keys().filter(|name| name.contains("/mosn.")).count();
    assert!(count > 1, "{:?}", before.keys());
    // What is new changes the newest alone.
    write(&mut life, 36);
    life.run();
    let after = shards(&life);
    let newest = format!("search/shards/mosn.{count}.json");
    let next = format!("search/shards/mosn.{}.json", count + 1);
    let of_mosn: Vec<String> = changed(&before, &after).into_iter().filter(|name| name.contains("/mosn.")).collect();
    assert!(of_mosn == [newest.as_str()] || of_mosn == [newest.as_str(), next.as_str()], "{of_mosn:?}");
    let catalogue: serde_json::Value = serde_json::from_str(&life.site.read("public/search/index.json")).expect("JSON");
    let first = catalogue["shards"]["mosn"][0].as_str().expect("a file");
    assert!(String::from_utf8_lossy(&after[&format!("search/{first}")]).contains("第 36-59 篇"), "the newest is first");
    // An edit in the middle and one at the very beginning: as if all had been written anew.
    for (post, old, new) in [("n7.md", "第 7-3 篇", "第七之三篇"), ("n0.md", "第 0-0 篇", "最早的一篇")] {
        life.edit(&format!("posts/{post}"), old, new);
        life.run();
        let edited = life.site.published();
        assert!(shards(&life).values().any(|b| String::from_utf8_lossy(b).contains(new)));
        assert_eq!(life.site.run(&["build"]).status, 0);
        assert!(edited == life.site.published(), "a build makes other files");
    }
    life.forget("posts/n0.md");
    life.forget("posts/n3.md");
    assert_eq!(life.site.run(&["refresh", "--accept-removals"]).status, 0);
    let removed = life.site.published();
    assert_eq!(life.site.run(&["build"]).status, 0);
    assert!(removed == life.site.published(), "a build makes other files");
}
