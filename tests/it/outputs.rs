//! What is published: valid, bounded, the same bytes for the same site.

use super::bad_input::well_formed;
use super::site::{CONFIG, Site};

const DIGEST: &str = "### Questions\n\n**1、@alice** 提问：\n\n> Why does MOSN restart?\n\nA：Because of this.\n\nMOSN：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)\n\n### Reading\n\n- [A long article about Seata](https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1&sn=x)\n- [Our own post](/blog/own/)\n\n### Releases\n\n**1、发布 MOSN v1.2.0 版本，主要变更如下：**\n\n- faster\n\n[https://github.com/mosn/mosn/releases/tag/v1.2.0](https://github.com/mosn/mosn/releases/tag/v1.2.0)\n";

fn site() -> Site {
    let site = Site::new();
    site.post("own.md", "Our own post on MOSN", "2024-01-01T08:00:00+08:00", "Text with ![a picture](p.png).");
    site.weekly("w1.md", "Weekly 1", "2024-02-01T08:00:00+08:00", DIGEST);
    site.weekly(
        "w2.md",
        "Weekly 2",
        "2024-03-01T08:00:00+08:00",
        "### Reading\n\n- [A long article about Seata](https://mp.weixin.qq.com/s?__biz=A&mid=1&idx=1&sn=y&scene=21)\n",
    );
    site
}

#[test]
fn two_runs_make_the_same_bytes_and_touch_nothing() {
    let site = site();
    site.refresh();
    let first = site.published();
    let second_run = site.refresh();
    assert!(second_run.out.contains("nothing changed"), "{}", second_run.out);
    assert!(first == site.published(), "files were touched");
    // From nothing again: the same bytes.
    std::fs::remove_dir_all(site.path("public")).expect("removed");
    site.refresh();
    let bytes = |p: &std::collections::BTreeMap<String, (Vec<u8>, std::time::SystemTime)>| {
        p.iter().map(|(n, (b, _))| (n.clone(), b.clone())).collect::<Vec<_>>()
    };
    assert_eq!(bytes(&first), bytes(&site.published()));
    well_formed(&site);
}

#[test]
fn a_mention_joins_the_entry_and_moves_nothing() {
    let site = site();
    site.refresh();
    let entries = site.entries();
    let of = |title: &str| {
        entries
            .iter()
            .find(|e| e["title"].as_str().is_some_and(|t| t.contains(title)))
            .unwrap_or_else(|| panic!("{title}"))
            .clone()
    };
    let article = of("A long article");
    assert_eq!(article["mentions"].as_array().map(Vec::len), Some(2));
    assert!(
        article["published"].as_str().expect("date").starts_with("2024-01-31T23:59:58"),
        "{}",
        article["published"]
    );
    let own = of("Our own post");
    assert_eq!(own["kind"], "post");
    assert_eq!(own["mentions"][0]["post"], "w1.md");
    let question = of("Why does MOSN");
    assert_eq!(question["authors"][0]["name"], "alice");
    assert_eq!(question["projects"][0]["slug"], "mosn");
    assert!(question["link"].as_str().expect("link").contains(":~:text="), "{}", question["link"]);
    assert_eq!(of("MOSN 1.2.0")["version"], "1.2.0");
}

#[test]
fn feeds_say_what_validators_ask_for() {
    let site = site();
    site.refresh();
    let atom = site.read("public/mosn/atom.xml");
    assert!(atom.contains("<link href=\"https://feeds.example.org/mosn/atom.xml\" rel=\"self\""), "{atom}");
    let updated: Vec<&str> = atom.matches("<updated>").collect();
    assert!(updated.len() > 3);
    let times: Vec<&str> = atom
        .split("<entry>")
        .skip(1)
        .filter_map(|e| e.split("<updated>").nth(1))
        .filter_map(|t| t.split('<').next())
        .collect();
    let mut unique = times.clone();
    unique.sort_unstable();
    unique.dedup();
    assert_eq!(unique.len(), times.len(), "two entries with one updated");
    let rss = site.read("public/mosn/rss.xml");
    assert!(rss.contains("<atom:link href=\"https://feeds.example.org/mosn/rss.xml\" rel=\"self\""), "{rss}");
    assert!(
        rss.contains("GMT</pubDate>") && rss.contains("<guid isPermaLink=\"false\">tag:feeds.example.org,"),
        "{rss}"
    );
    let json: serde_json::Value = serde_json::from_str(&site.read("public/mosn/feed.json")).expect("JSON");
    assert_eq!(json["version"], "https://jsonfeed.org/version/1.1");
    assert_eq!(json["feed_url"], "https://feeds.example.org/mosn/feed.json");
    let opml = site.read("public/opml.xml");
    assert!(opml.contains("xmlUrl=\"https://feeds.example.org/seata/atom.xml\""), "{opml}");
}

#[test]
fn feeds_are_bounded() {
    let site = Site::new();
    site.write(
        "feedloom.yaml",
        format!("{}output: {{entries: 10, bytes: 20KiB, entry_bytes: 4KiB}}\n", super::site::CONFIG),
    );
    for n in 0..20 {
        site.post(
            &format!("p{n}.md"),
            &format!("Post {n} about MOSN"),
            &format!("2024-01-{:02}", n + 1),
            &"many words. ".repeat(if n % 2 == 0 { 1_000 } else { 100 }),
        );
    }
    site.refresh();
    for file in ["atom.xml", "rss.xml", "feed.json"] {
        let text = site.read(&format!("public/mosn/{file}"));
        assert!(text.len() <= 20 << 10, "{file}: {}", text.len());
        assert!(text.contains("Post 19 about"), "{file} lost the newest");
        assert!(!text.contains(&"many words. ".repeat(400)), "{file} holds a long entry");
    }
}

#[test]
fn a_deleted_file_comes_back() {
    let site = site();
    site.refresh();
    let before = site.published();
    std::fs::remove_file(site.path("public/mosn/atom.xml")).expect("removed");
    site.write("public/mosn/rss.xml", "cut");
    site.refresh();
    let after = site.published();
    assert_eq!(before["mosn/atom.xml"].0, after["mosn/atom.xml"].0);
    assert_eq!(before["mosn/rss.xml"].0, after["mosn/rss.xml"].0);
}

#[test]
fn changed_rules_apply_to_all_history_without_the_posts() {
    let site = site();
    site.refresh();
    std::fs::rename(site.path("posts"), site.path("elsewhere")).expect("moved");
    site.write("feeds/own.yaml", "title: Own\naliases: [Our own post]\n");
    let run = site.run(&["build"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(site.read("public/own/atom.xml").contains("Our own post on MOSN"));
}

#[test]
fn overrides_settle_what_no_rule_could() {
    let site = site();
    site.post("lost.md", "About something else", "2024-05-01", "Nothing is named here.");
    site.refresh();
    assert!(!site.read("public/seata/feed.json").contains("About something else"));
    site.write("overrides.yaml", "\"https://www.example.org/blog/lost/\": {projects: [+seata], title: Better title}\n\"https://www.example.org/blog/own/\": {hide: true}\n");
    site.refresh();
    let feed = site.read("public/seata/feed.json");
    assert!(feed.contains("Better title") && !feed.contains("About something else"), "{feed}");
    assert!(!site.read("public/all/feed.json").contains("Our own post on MOSN"));
}

#[test]
fn digests_go_into_project_feeds_when_wanted() {
    let site = site();
    site.refresh();
    assert!(!site.read("public/seata/feed.json").contains("\"title\": \"Weekly 2\""));
    site.write("feedloom.yaml", format!("{}output: {{digests: all}}\n", super::site::CONFIG));
    site.refresh();
    let titles = site.read("public/seata/feed.json");
    assert!(titles.contains("\"title\": \"Weekly 2\""), "{titles}");
}

#[test]
fn posts_without_an_address_get_a_page() {
    let site = Site::new();
    site.write("feedloom.yaml", "url: https://feeds.example.org/\nposts: [posts]\n");
    site.post("a b/index.md", "MOSN here", "2024-01-01", "Some *words*.");
    site.refresh();
    let link = site.entries()[0]["link"].as_str().expect("link").to_owned();
    let name = link.strip_prefix("https://feeds.example.org/").expect("an own page");
    assert!(site.read(&format!("public/{name}")).contains("Some <em>words</em>."));
}

#[test]
fn each_post_without_an_address_has_a_page_of_its_own() {
    let site = Site::new();
    site.write("feedloom.yaml", "url: https://feeds.example.org/\nposts: [posts]\n");
    for (n, name) in ["a/bc.md", "ab/c.md", "a-bc.md", "Abc.md"].into_iter().enumerate() {
        site.post(name, &format!("Post {n}"), "2024-01-01", &format!("Text number {n}."));
    }
    site.refresh();
    let entries = site.entries();
    assert_eq!(entries.len(), 4);
    for entry in entries {
        let link = entry["link"].as_str().expect("link");
        let title = entry["title"].as_str().expect("title");
        let page = site.read(&format!("public/{}", link.strip_prefix("https://feeds.example.org/").expect("own")));
        assert!(page.contains(&title.replace("Post", "Text number")), "{link}: {title}");
    }
}

#[test]
fn summaries_are_what_the_author_wrote() {
    let site = Site::new();
    let post = |name: &str, description: &str, body: &str| {
        let text = format!("---\ntitle: \"About {name}\"\ndate: 2024-01-01\n{description}---\n\n{body}\n");
        site.write(&format!("posts/{name}.md"), text);
    };
    post("short", "description: Two words.\n", "The text of it.");
    post("twice", "summary: about twice!\n", "The text of it.");
    post("more", "", "The beginning.\n\n<!--more-->\n\nThe rest.");
    post("both", "description: Two words.\n", "The beginning.\n\n<!--more-->\n\nThe rest.");
    post("signs", "", "[TOC]\n\n:::note\n\nThe text <style>p {}</style>of it.\n\n:::");
    site.refresh();
    let entries = site.entries();
    for (name, summary) in [
        ("short", "Two words."),
        ("twice", "The text of it."),
        ("more", "The beginning."),
        ("both", "Two words."),
        ("signs", "The text of it."),
    ] {
        let title = format!("About {name}");
        let entry = entries.iter().find(|e| e["title"] == title.as_str()).expect("an entry");
        assert_eq!(entry["summary"], summary, "{name}");
    }
}

#[test]
fn a_picture_without_an_address_is_told() {
    let site = Site::new();
    site.write(
        "posts/a.md",
        "---\ntitle: A link\ndate: 2024-01-01\ncover: \"[https://a.example](https://b.example/c.png)\"\n---\n\nText.\n",
    );
    site.write("posts/b.md", "---\ntitle: Nothing\ndate: 2024-01-02\ncover: \"[https://a.example\"\n---\n\nText.\n");
    site.refresh();
    let entries = site.entries();
    let image = |title: &str| entries.iter().find(|e| e["title"] == title).expect("an entry")["image"].clone();
    assert_eq!(image("A link"), "https://b.example/c.png");
    assert!(image("Nothing").is_null());
    let check = site.run(&["check", "--verbose"]);
    assert!(check.err.contains("posts/b.md:4: `cover: [https://a.example` is no address"), "{}", check.err);
}

#[test]
fn a_link_names_no_file() {
    let site = Site::new();
    site.write(
        "feedloom.yaml",
        "url: https://feeds.example.org/\nposts:\n  - path: posts\n    digest:\n      when: [{categories: Weekly}]\narticles: {fetch: false}\n",
    );
    let body =
        "### Reading\n\n- [An address in parentheses]((https://x.example/a))\n- [A relative one](files/paper.pdf)\n";
    site.weekly("weekly.md", "Weekly 1", "2024-02-01", body);
    site.refresh();
    let files: Vec<String> = site.published().into_keys().filter(|f| f.starts_with("page/")).collect();
    assert_eq!(files, ["page/weekly.html"]);
    let entries = site.entries();
    let article = entries.iter().find(|e| e["title"] == "An address in parentheses").expect("an article");
    assert_eq!(article["link"], "https://x.example/a");
}

#[test]
fn posts_of_one_name_in_two_folders_have_a_page_each() {
    let site = Site::new();
    site.write(
        "feedloom.yaml",
        "title: T\nurl: https://feeds.example.org/\nposts: [{path: a}, {path: b}]\narticles: {fetch: false}\n",
    );
    for folder in ["a", "b"] {
        let text = format!("---\ntitle: MOSN of {folder}\ndate: 2024-05-01\n---\n\nText of {folder}.\n");
        site.write(&format!("{folder}/hello.md"), text);
    }
    site.refresh();
    let links: Vec<String> = site.entries().iter().map(|e| e["link"].as_str().expect("a link").to_owned()).collect();
    for link in &links {
        let file = link.strip_prefix("https://feeds.example.org/").expect("a page of ours");
        assert!(site.read(&format!("public/{file}")).contains("Text of "), "{file}");
    }
    assert_eq!(links.len(), 2);
    assert_ne!(links[0], links[1]);
}

#[test]
fn a_page_that_lists_others_is_no_post() {
    let site = Site::new();
    site.post("_index.md", "List", "2024-01-01", "x");
    site.post("README.md", "Read me", "2024-01-01", "x");
    site.post("index.md", "Index", "2024-01-01", "x");
    site.post("a/index.md", "A bundle", "2024-01-01", "x");
    site.post("b.md", "B file", "2024-01-02", "x");
    site.post("b/index.md", "B twin", "2024-01-02", "x");
    let run = site.refresh();
    let titles: Vec<String> = site.entries().iter().map(|e| e["title"].as_str().expect("title").to_owned()).collect();
    assert_eq!(titles, ["B file", "A bundle"]);
    assert!(run.err.contains("posts/b/index.md: passed over: `b.md` is the same post"), "{}", run.err);
}

#[test]
fn many_posts_gone_at_once_stop_the_run() {
    let site = Site::new();
    for n in 0..10 {
        site.post(&format!("p{n}.md"), &format!("Post {n}"), &format!("2024-01-{:02}", n + 1), "x");
    }
    site.refresh();
    std::fs::remove_file(site.path("posts/p0.md")).expect("removed");
    site.refresh();
    assert!(!site.read("public/all/feed.json").contains("\"Post 0\""));
    std::fs::rename(site.path("posts"), site.path("away")).expect("moved");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2, "{}", run.err);
    assert!(
        run.err.contains("feedloom.yaml:5:5: there is no folder ")
            && run.err.ends_with("; `refresh --accept-removals` withdraws the posts that were there\n"),
        "{}",
        run.err
    );
    std::fs::create_dir(site.path("posts")).expect("a folder");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 5, "{}", run.err);
    assert!(run.err.contains("9 of 9 posts are gone") && run.err.contains("--accept-removals"), "{}", run.err);
    assert!(site.read("public/all/feed.json").contains("\"Post 9\""));
    std::fs::remove_dir(site.path("posts")).expect("removed");
    assert_eq!(site.run(&["refresh", "--accept-removals"]).status, 0);
    assert!(!site.read("public/all/feed.json").contains("\"Post 9\""));
}

#[test]
fn posts_that_are_hidden_are_not_gone() {
    let site = Site::new();
    for n in 0..8 {
        site.post(&format!("p{n}.md"), &format!("Post {n}"), &format!("2024-01-{:02}", n + 1), "x");
    }
    site.refresh();
    let hide = |n: u8| format!("\"https://www.example.org/blog/p{n}/\": {{hide: true}}\n");
    site.write("overrides.yaml", (0..6).map(hide).collect::<String>());
    site.refresh();
    let feed = site.read("public/all/feed.json");
    assert!(!feed.contains("\"Post 0\"") && !feed.contains("\"Post 5\"") && feed.contains("\"Post 6\""), "{feed}");
}

#[test]
fn posts_whose_names_differ_in_a_dot_are_told_apart() {
    let site = Site::new();
    site.post("v1.21.md", "One dot twenty-one", "2024-01-02", "The second.");
    site.refresh();
    let id = |title: &str| -> serde_json::Value {
        let entries = site.entries();
        entries.iter().find(|e| e["title"] == title).unwrap_or_else(|| panic!("{title}"))["id"].clone()
    };
    let before = id("One dot twenty-one");
    // It comes before the other one in the order of names.
    site.post("v1.2.1.md", "One dot two dot one", "2024-01-01", "The first.");
    site.post("v12.1.md", "Twelve dot one", "2024-01-03", "The third.");
    site.weekly(
        "weekly.md",
        "Weekly 1",
        "2024-02-01",
        "### Reading\n\n- [The second of them](https://www.example.org/blog/v1.21/)\n",
    );
    site.write("overrides.yaml", "\"https://www.example.org/blog/v12.1/\": {title: Renamed}\n");
    site.refresh();
    assert_eq!(id("One dot twenty-one"), before);
    let entries = site.entries();
    let titles: Vec<&str> = entries.iter().filter_map(|e| e["title"].as_str()).collect();
    for title in ["One dot two dot one", "One dot twenty-one", "Renamed"] {
        assert!(titles.contains(&title), "{titles:?}");
        let entry = entries.iter().find(|e| e["title"] == title).expect("an entry");
        let mentioned = entry["mentions"].to_string().contains("weekly.md");
        assert_eq!(mentioned, title == "One dot twenty-one", "{entry}");
    }
    for (name, title) in [("v1.2.1", "One dot two dot one"), ("v1.21", "One dot twenty-one"), ("v12.1", "Renamed")] {
        let run = site.run(&["explain", &format!("https://www.example.org/blog/{name}/")]);
        assert!(run.out.contains(title), "{name}: {}", run.out);
    }
}

#[test]
fn building_from_nothing_empties_no_feed() {
    let site = site();
    site.refresh();
    let before = site.read("public/all/feed.json");
    std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
    let run = site.run(&["build"]);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("run `feedloom refresh` first"), "{}", run.err);
    assert_eq!(before, site.read("public/all/feed.json"));
}

#[test]
fn with_the_ledger_a_lost_store_changes_nothing() {
    let site = site();
    site.post("undated.md", "Undated MOSN", "", "No date at all.");
    site.refresh();
    let before = site.published();
    std::fs::remove_file(site.path(".feedloom/store.sqlite")).expect("removed");
    site.refresh();
    let after = site.published();
    let changed: Vec<&String> =
        before.iter().filter(|(n, (b, _))| after.get(*n).map(|a| &a.0) != Some(b)).map(|(n, _)| n).collect();
    assert!(changed.is_empty() && before.len() == after.len(), "changed: {changed:?}");
    let ledger = site.read(".feedloom/ledger.jsonl");
    assert!(ledger.starts_with("{\"ledger\":3,\"id_base\":\"tag:feeds.example.org,"), "{ledger}");
    let ids: Vec<&str> = ledger.lines().skip(1).collect();
    assert!(ids.windows(2).all(|w| w[0] < w[1]), "not sorted");
}

#[test]
fn an_id_stays_when_the_address_and_the_place_change() {
    let site = site();
    site.refresh();
    let id = |site: &Site, title: &str| {
        let entries = site.entries();
        let found = entries.iter().find(|e| e["title"].as_str().is_some_and(|t| t.contains(title)));
        found.unwrap_or_else(|| panic!("{title}"))["id"].clone()
    };
    let (own, article) = (id(&site, "Our own post"), id(&site, "A long article"));
    // The post moves to a folder but keeps its address; an older digest turns out to have linked the article by its short address.
    std::fs::create_dir_all(site.path("posts/2024")).expect("a folder");
    std::fs::rename(site.path("posts/own.md"), site.path("posts/2024/own.md")).expect("moved");
    site.weekly(
        "w0.md",
        "Weekly 0",
        "2023-12-01",
        "### Reading\n\n- [A long article about Seata](https://mp.weixin.qq.com/s/short)\n",
    );
    site.refresh();
    assert_eq!((own, article), (id(&site, "Our own post"), id(&site, "A long article")));
}

#[test]
fn a_ledger_with_a_merge_conflict_stops_the_run() {
    let site = site();
    site.refresh();
    let text = site.read(".feedloom/ledger.jsonl");
    site.write(".feedloom/ledger.jsonl", format!("{text}<<<<<<< HEAD\n"));
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 1);
    assert!(run.err.contains("ledger.jsonl: line ") && run.err.contains("mend the line"), "{}", run.err);
}

/// What the elements `name` of an XML file say, or their attribute `attribute`, as a reader has them.
fn said(xml: &str, name: &str, attribute: Option<&str>) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(xml);
    let mut said = Vec::new();
    loop {
        match reader.read_event().expect("well-formed") {
            Event::Eof => return said,
            Event::Start(tag) | Event::Empty(tag) if tag.name().as_ref() == name => match attribute {
                Some(attribute) => {
                    let value = tag.try_get_attribute(attribute).expect("attributes").expect("the attribute");
                    said.push(
                        value.normalized_value(quick_xml::XmlVersion::Implicit1_0).expect("references").into_owned(),
                    );
                }
                None => {
                    let text = reader.read_text(tag.name()).expect("closed");
                    let data = text.strip_prefix("<![CDATA[").and_then(|t| t.strip_suffix("]]>")).map(str::to_owned);
                    let unescaped = || quick_xml::escape::unescape(&text).expect("references").into_owned();
                    said.push(data.unwrap_or_else(unescaped));
                }
            },
            _ => {}
        }
    }
}

#[test]
fn text_of_a_summary_is_no_markup_in_rss() {
    let site = Site::new();
    let body = "MOSN escapes `<img src=x onerror=alert(1)>` & takes &lt;b&gt; and a `Vec<T>` for what it's worth.";
    site.post("a.md", "Escapes", "2024-01-01", body);
    site.post("b.md", "A Vec<T>", "2024-01-02", "");
    site.refresh();
    let descriptions = said(&site.read("public/all/rss.xml"), "description", None);
    let escaped =
        "MOSN escapes &lt;img src=x onerror=alert(1)&gt; &amp; takes &lt;b&gt; and a Vec&lt;T&gt; for what it's worth.";
    assert!(descriptions.contains(&escaped.to_owned()), "{descriptions:?}");
    assert!(descriptions.contains(&"A Vec&lt;T&gt;".to_owned()), "{descriptions:?}");
    // The other formats have the text as text.
    assert!(site.read("public/all/feed.json").contains("takes <b> and a Vec<T>"));
}

#[test]
fn a_hub_is_the_same_address_in_every_format() {
    let site = site();
    let hub = "https://hub.example.org/?a=1&b=2";
    site.write("feedloom.yaml", format!("{}hub: \"{hub}\"\n", super::site::CONFIG));
    site.run(&["refresh"]);
    let rss = said(&site.read("public/mosn/rss.xml"), "atom:link", Some("href"));
    assert_eq!(rss, ["https://feeds.example.org/mosn/rss.xml", hub]);
    assert!(said(&site.read("public/mosn/atom.xml"), "link", Some("href")).contains(&hub.to_owned()));
    assert!(site.read("public/mosn/feed.json").contains(hub));
}

/// A site with an upstream feed of these entries: guid, author, link, HTML.
fn upstream(output: &str, entries: &[(&str, &str, &str, &str)]) -> Site {
    let site = Site::new();
    site.write(
        "feedloom.yaml",
        format!("{}{output}sources: [{{url: \"file:up.xml\", name: up}}]\n", super::site::CONFIG),
    );
    write_upstream(&site, entries);
    site
}

fn write_upstream(site: &Site, entries: &[(&str, &str, &str, &str)]) {
    let escape = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;");
    let items: String = (1..)
        .zip(entries)
        .map(|(n, (guid, author, link, html))| {
            format!(
                "<entry><id>{}</id><title>MOSN number {n}</title><author><name>{}</name></author><link href=\"{}\"/><updated>2024-01-{n:02}T00:00:00Z</updated><content type=\"html\">{}</content></entry>",
                escape(guid), escape(author), escape(link), escape(html)
            )
        })
        .collect();
    site.write(
        "up.xml",
        format!("<feed xmlns=\"http://www.w3.org/2005/Atom\"><id>u</id><title>Up</title>{items}</feed>"),
    );
}

#[test]
fn an_odd_address_freezes_no_feed() {
    let odd = "<a href=\"http:/example.com/x\">a</a> <a href=\"HTTP://x.y/\">b</a> <a href=\"http:x\">c</a> <a href=\"MAILTO:a@b\">d</a> <a href=\"DATA:text/html,x\">e</a> <img src=\"DATA:image/svg+xml,x\">";
    let site =
        upstream("", &[("https://u.e/1", "A", "https://u.e/1", odd), ("https://u.e/2", "A", "https://u.e/2", "good")]);
    site.post("raw.md", "Raw HTML", "2024-02-01", odd);
    site.refresh();
    let feed: serde_json::Value = serde_json::from_str(&site.read("public/all/feed.json")).expect("JSON");
    let items = feed["items"].as_array().expect("items");
    assert_eq!(items.len(), 3);
    let links = "<a href=\"http://example.com/x\">a</a> <a href=\"http://x.y/\">b</a> <a href=\"http://x/\">c</a> <a href=\"mailto:a@b\">d</a> <a>e</a>";
    for title in ["Raw HTML", "MOSN number 1"] {
        let item = items.iter().find(|i| i["title"] == title).expect(title);
        let html = item["content_html"].as_str().expect("HTML");
        assert!(html.contains(links) && !html.contains("<img"), "{html}");
    }
    assert!(site.read("public/all/atom.xml").contains("MOSN number 1"));
}

#[test]
fn an_entry_that_fills_the_feed_leaves_room_for_others() {
    let text = "many words ".repeat(4_000);
    let site = upstream(
        "output: {bytes: 32KiB}\n",
        &[
            ("https://u.e/1", "A", "https://u.e/1", "good"),
            ("https://u.e/2", "A", "https://u.e/2", &text),
            ("https://u.e/3", "A", "https://u.e/3", "good"),
        ],
    );
    let run = site.refresh();
    let shown = |site: &Site, file: &str| {
        let text = site.read(&format!("public/all/{file}"));
        ["number 1", "number 2", "number 3"].map(|title| text.contains(&format!("MOSN {title}")))
    };
    for file in ["atom.xml", "rss.xml", "feed.json"] {
        assert_eq!(shown(&site, file), [true, false, true], "{file}");
    }
    let told = "warning: all: the entry https://u.e/2 is left out: it alone is larger than `output.bytes`";
    assert!(run.err.contains(told), "{}", run.err);
    // Nothing is lost: readers find it in the archive. It is told until it is well.
    assert_eq!(shown(&site, "archive/2024-01.xml"), [true, true, true]);
    let again = site.refresh();
    assert!(again.err.contains(told) && again.out.contains("nothing changed"), "{}{}", again.out, again.err);
    write_upstream(
        &site,
        &[("https://u.e/1", "A", "https://u.e/1", "good"), ("https://u.e/2", "A", "https://u.e/2", "small")],
    );
    let well = site.refresh();
    assert!(!well.err.contains("left out"), "{}", well.err);
    assert_eq!(shown(&site, "atom.xml")[..2], [true, true]);
}

#[test]
fn a_file_that_is_held_back_is_told_until_it_is_well() {
    let site = site();
    let author = |email: &str| format!("{}author: {{name: A, email: \"{email}\"}}\n", super::site::CONFIG);
    site.write("feedloom.yaml", author("a\\uFFFE@example.org"));
    for _ in 0..2 {
        let run = site.run(&["refresh"]);
        assert_eq!(run.status, 5, "{}", run.err);
        let told = "held back: all/atom.xml: a character XML forbids at byte ";
        let line = run.err.lines().find(|l| l.starts_with(told)).unwrap_or_else(|| panic!("{}", run.err));
        assert!(line.ends_with("; it was never published"), "{line}");
        assert!(!site.path("public/all/atom.xml").exists() && site.path("public/all/rss.xml").exists());
    }
    site.write("feedloom.yaml", author("a@example.org"));
    site.refresh();
    let before = site.read("public/all/atom.xml");
    site.write("feedloom.yaml", author("b\\uFFFE@example.org"));
    for _ in 0..2 {
        let run = site.run(&["refresh"]);
        assert_eq!(run.status, 5, "{}", run.err);
        assert!(
            run.err.lines().any(|l| l.starts_with("held back: all/atom.xml: ") && l.ends_with("; the old file stays")),
            "{}",
            run.err
        );
        assert_eq!(site.read("public/all/atom.xml"), before);
    }
}

#[test]
fn feeds_say_what_there_is_to_say() {
    let site = Site::new();
    site.post("a.md", "On MOSN and Seata", "2024-01-01", "x");
    site.write("feeds/mosn.yaml", "title: MOSN\nended: 2024-06-30\n");
    site.write("feeds/seata.yaml", "title: Seata\nhome: https://seata.example.org/\n");
    site.refresh();
    let read = |file: &str| site.read(&format!("public/{file}"));
    let ended = "This project has ended; the feed stays and carries nothing new.";
    assert_eq!(said(&read("mosn/rss.xml"), "description", None)[0], ended);
    assert!(read("mosn/atom.xml").contains(&format!("<subtitle>{ended}</subtitle>")), "{}", read("mosn/atom.xml"));
    // A title is no description of itself.
    assert!(!read("seata/atom.xml").contains("<subtitle"), "{}", read("seata/atom.xml"));
    assert_eq!(said(&read("seata/rss.xml"), "description", None)[0], "Seata");
    let page = read("seata/index.html");
    assert!(!page.contains("class=\"lead\"") && !page.contains("og:description"), "{page}");

    // Without pages nobody is sent to one.
    site.write("feedloom.yaml", format!("{CONFIG}pages: false\n"));
    site.refresh();
    let alternate = |file: &str| {
        let text = read(file);
        let head = text.split("<entry>").next().unwrap_or_default().to_owned();
        head.lines().find(|l| l.contains("alternate")).map(str::to_owned)
    };
    assert_eq!(alternate("mosn/atom.xml"), None);
    assert!(alternate("seata/atom.xml").is_some_and(|l| l.contains("https://seata.example.org/")));
    assert!(read("mosn/rss.xml").contains("<link>https://feeds.example.org/</link>"));
    assert!(read("seata/rss.xml").contains("<link>https://seata.example.org/</link>"));
    assert!(!read("mosn/feed.json").contains("home_page_url"));
    let list = site.run(&["export"]).out;
    assert_eq!(list.matches("htmlUrl").count(), 1, "{list}");
}
