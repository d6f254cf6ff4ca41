//! Links from post to post as generators write them lead to the posts in feeds, however
//! these come, move and go; tags of templates are no text.

use super::site::Site;

const CONFIG: &str = "title: t\nurl: https://feeds.example.org/\nlanguage: en\nposts:\n  - {path: hugo/content/blog, url: 'https://h.example.org/blog/{slug}/'}\n  - {path: hugo/content/news, url: 'https://h.example.org/news/{slug}/'}\n  - {path: zola/content/blog, url: 'https://z.example.org/blog/{slug}/', slugify: zola}\n  - {path: _posts, url: 'https://j.example.org/{year}/{month}/{slug}.html', slugify: jekyll}\narticles: {fetch: false}\n";

fn site() -> Site {
    let site = Site::new();
    site.write("feedloom.yaml", CONFIG);
    let post = |path: &str, more: &str, body: &str| {
        site.write(path, format!("---\ntitle: {path}\ndate: 2024-01-01\n{more}---\n\n{body}\n"));
    };
    post(
        "hugo/content/blog/a.md",
        "",
        "[1](b.md#part) [2]({{< ref \"b\" >}}) [3]({{< relref \"news/n.md\" >}}) [4](../news/n.md) [5](gone.md)\n\n`[6](b.md)`",
    );
    post("hugo/content/blog/b.md", "slug: bee\n", "x");
    post("hugo/content/news/n.md", "url: /own/place/\n", "[back](../blog/a.md)");
    post(
        "zola/content/blog/one.md",
        "",
        "[1](@/blog/Two_Posts.md#part) [2](@/blog/none.md)\n\n{{ youtube(id=\"film\") }}\n\n{% quote(author=\"Bob\") %}\nsaid **so**\n{% end %}\n\n`{{ youtube(id=\"shown\") }}`",
    );
    post("zola/content/blog/Two_Posts.md", "", "x");
    post(
        "_posts/2024-02-01-first.md",
        "",
        "[1]({% post_url 2024-02-02-second %}) [2]({{ site.baseurl }}{% link _posts/2024-02-02-second.md %}) {{ site.title }}\n\n{% highlight ruby %}\nputs {{ 1 }}\n{% endhighlight %}",
    );
    post("_posts/2024-02-02-second.md", "", "x");
    site
}

/// The HTML of the entry with this title in the feed of all.
fn html(site: &Site, title: &str) -> String {
    let feed: serde_json::Value = serde_json::from_str(&site.read("public/all/feed.json")).expect("a feed");
    let items = feed["items"].as_array().expect("items");
    let item = items.iter().find(|i| i["title"] == title).unwrap_or_else(|| panic!("no {title}: {feed:#}"));
    item["content_html"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn links_between_posts_are_addresses() {
    let site = site();
    let run = site.run(&["refresh", "--offline"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let hugo = html(&site, "hugo/content/blog/a.md");
    for link in [
        "<a href=\"https://h.example.org/blog/bee/#part\">1</a>",
        "<a href=\"https://h.example.org/blog/bee/\">2</a>",
        "<a href=\"https://h.example.org/own/place/\">3</a>",
        "<a href=\"https://h.example.org/own/place/\">4</a>",
        "<code>[6](b.md)</code>",
    ] {
        assert!(hugo.contains(link), "{link}: {hugo}");
    }
    assert!(!hugo.contains("gone.md") && !hugo.contains("href=\"\"") && hugo.contains('5'), "{hugo}");
    let news = html(&site, "hugo/content/news/n.md");
    assert!(news.contains("<a href=\"https://h.example.org/blog/a/\">back</a>"), "{news}");
    let zola = html(&site, "zola/content/blog/one.md");
    assert!(zola.contains("<a href=\"https://z.example.org/blog/two-posts/#part\">1</a>"), "{zola}");
    assert!(!zola.contains("@/"), "{zola}");
    let jekyll = html(&site, "_posts/2024-02-01-first.md");
    for n in [1, 2] {
        let link = format!("<a href=\"https://j.example.org/2024/01/second.html\">{n}</a>");
        assert!(jekyll.contains(&link), "{jekyll}");
    }
    let check = site.run(&["check", "--verbose"]);
    for dead in ["hugo/content/blog/a.md:6: `gone.md` leads to no post", "one.md:6: `@/blog/none.md` leads to no post"]
    {
        assert!(check.err.contains(dead), "{dead}: {}", check.err);
    }
    assert_eq!(check.err.matches("leads to no post").count(), 2, "{}", check.err);
}

#[test]
fn links_follow_posts_that_come_and_move() {
    let site = site();
    assert_eq!(site.run(&["refresh", "--offline"]).status, 0);
    site.write("hugo/content/blog/gone.md", "---\ntitle: there\ndate: 2024-01-02\n---\nx\n");
    site.write("hugo/content/news/n.md", "---\ntitle: n\ndate: 2024-01-01\nslug: moved\n---\nx\n");
    let run = site.run(&["refresh", "--offline"]);
    assert_eq!(run.status, 0, "{}", run.err);
    let hugo = html(&site, "hugo/content/blog/a.md");
    assert!(hugo.contains("<a href=\"https://h.example.org/blog/gone/\">5</a>"), "{hugo}");
    assert!(hugo.contains("<a href=\"https://h.example.org/news/moved/\">4</a>"), "{hugo}");
    let before = site.published();
    assert_eq!(site.run(&["build"]).status, 0);
    let after = site.published();
    for (path, (bytes, _)) in before.iter().filter(|(p, _)| p.ends_with("feed.json")) {
        assert_eq!(Some(bytes), after.get(path).map(|(b, _)| b), "{path}");
    }
    std::fs::remove_file(site.path("hugo/content/blog/gone.md")).unwrap();
    site.write("feedloom.yaml", CONFIG.replace("title: t", "title: u"));
    let run = site.run(&["build"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(html(&site, "hugo/content/blog/a.md").contains("/blog/gone/"), "the store still has it");
    assert_eq!(site.run(&["refresh", "--offline", "--accept-removals"]).status, 0);
    assert!(!html(&site, "hugo/content/blog/a.md").contains("/blog/gone/"));
}

#[test]
fn tags_of_templates_are_no_text() {
    let site = site();
    assert_eq!(site.run(&["refresh", "--offline"]).status, 0);
    let zola = html(&site, "zola/content/blog/one.md");
    for part in [
        "<p><a href=\"https://www.youtube.com/watch?v=film\">youtube.com/watch?v=film</a></p>",
        "<blockquote>\n<p>said <strong>so</strong>",
        "— Bob",
        "<code>{{ youtube(id=&quot;shown&quot;) }}</code>",
    ] {
        assert!(zola.contains(part) || zola.contains(&part.replace("&quot;", "\"")), "{part}: {zola}");
    }
    assert!(!zola.contains("{%"), "{zola}");
    let jekyll = html(&site, "_posts/2024-02-01-first.md");
    assert!(jekyll.contains("puts {{ 1 }}\n</code></pre>"), "{jekyll}");
    assert!(!jekyll.contains("site.title") && !jekyll.contains("{%"), "{jekyll}");
    let check = site.run(&["check", "--verbose"]);
    assert!(check.err.contains("2024-02-01-first.md:6: shortcode `site.title` is not known"), "{}", check.err);
}

#[test]
fn what_the_generator_does_not_publish_is_in_no_feed() {
    let site = Site::new();
    for (name, more) in [
        ("expired", "expiryDate: 2024-02-01"),
        ("pageless", "build: {render: never}"),
        ("old-pageless", "_build:\n  render: false"),
        ("unpublished", "published: false"),
        ("draft", "draft: true"),
        ("password", "password: 1234"),
        ("no-permalink", "permalink: false"),
        ("unlisted", "build: {list: never}"),
        ("published", "published: true\nexpiryDate: 2999-01-01"),
        ("no-date", "expiryDate: soon"),
    ] {
        site.write(&format!("posts/{name}.md"), format!("---\ntitle: {name}\ndate: 2024-01-01\n{more}\n---\nx\n"));
    }
    site.write(
        "posts/toml.md",
        "+++\ntitle = \"toml\"\ndate = 2024-01-01\nexpiryDate = 2024-02-01\n[build]\nrender = \"never\"\n+++\nx\n",
    );
    site.write("posts/2024-01-02-jekyll.md", "---\ntitle: jekyll\npublished: false\n---\nx\n");
    let run = site.run(&["refresh", "--offline"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert_eq!(
        run.err,
        "warning: posts/no-date.md:4: `expiryDate: soon` is no date: the post stays; write for example 2024-06-30\n"
    );
    let mut titles: Vec<String> =
        site.entries().iter().map(|e| e["title"].as_str().unwrap_or_default().to_owned()).collect();
    titles.sort();
    assert_eq!(titles, ["no-date", "published", "unlisted"]);
    // Before anything was refreshed, and behind it.
    for _ in 0..2 {
        let check = site.run(&["check"]);
        assert!(check.out.contains("3 entries are about no project"), "{}", check.out);
        assert!(!check.out.contains("expired") && !check.out.contains("draft"), "{}", check.out);
        std::fs::remove_dir_all(site.path(".feedloom")).unwrap_or_default();
    }
}

/// Titles and links of a feed.
fn titles(site: &Site, path: &str) -> Vec<(String, String)> {
    let feed: serde_json::Value =
        serde_json::from_str(&site.read(&format!("public/{path}/feed.json"))).expect("a feed");
    let text = |i: &serde_json::Value, key: &str| i[key].as_str().unwrap_or_default().to_owned();
    let items = feed["items"].as_array().expect("items");
    items.iter().map(|i| (text(i, "title"), text(i, "url"))).collect()
}

#[test]
fn translations_beside_a_post_are_one_entry() {
    let site = Site::new();
    let config = "url: https://feeds.example.org/\nlanguage: en-US\nposts:\n  - path: posts\n    url: https://h.example.org/posts/{slug}/\n    languages: {zh: 'https://h.example.org/zh/posts/{slug}/'}\narticles: {fetch: false}\n";
    site.write("feedloom.yaml", config);
    site.post("hi.md", "Hi", "2024-01-02", "[on](only.md) [two]({{< ref \"two\" >}})");
    site.post("hi.zh.md", "你好", "2024-01-02", "[on](only.zh.md) [two]({{< ref \"two\" >}})");
    site.post("only.zh.md", "只中文", "2024-01-01", "x");
    site.post("two/index.en.md", "Two", "2023-01-01", "x");
    site.post("two/index.zh.md", "二", "2023-01-01", "x");
    site.post("three.md", "Three", "2022-01-01", "x");
    site.write("posts/three/index.zh.md", "---\ntitle: 三\ndate: 2022-01-01\n---\nx\n");
    assert_eq!(site.run(&["refresh", "--offline"]).status, 0);
    let pairs = |some: &[(&str, &str)]| {
        some.iter().map(|(t, l)| ((*t).to_owned(), format!("https://h.example.org/{l}"))).collect::<Vec<_>>()
    };
    assert_eq!(
        titles(&site, "all"),
        pairs(&[("Hi", "posts/hi/"), ("只中文", "zh/posts/only/"), ("Two", "posts/two/"), ("Three", "posts/three/")])
    );
    assert_eq!(
        titles(&site, "all/zh"),
        pairs(&[
            ("你好", "zh/posts/hi/"),
            ("只中文", "zh/posts/only/"),
            ("二", "zh/posts/two/"),
            ("三", "zh/posts/three/")
        ])
    );
    let entries = site.entries();
    let hi = entries.iter().find(|e| e["title"] == "Hi").expect("an entry");
    assert_eq!(hi["feeds"], serde_json::json!(["all", "all/en-US", "all/zh"]), "its translation counts");
    assert_eq!(
        titles(&site, "all/en-US"),
        pairs(&[("Hi", "posts/hi/"), ("Two", "posts/two/"), ("Three", "posts/three/")])
    );
    assert!(html(&site, "Hi").contains("<a href=\"https://h.example.org/posts/two/\">two</a>"));
    let check = site.run(&["check"]);
    assert_eq!(check.err, "");
    // What a rule says of one holds for both.
    site.write("posts/hi.md", site.read("posts/hi.md").replace("title:", "tags: [MOSN]\ntitle:"));
    let check = site.run(&["check"]);
    assert!(check.out.contains("3 entries are about no project") && !check.out.contains("你好"), "{}", check.out);
    // Nobody said where they are published: still one entry.
    site.write("feedloom.yaml", config.replace("    languages: {zh: 'https://h.example.org/zh/posts/{slug}/'}\n", ""));
    assert_eq!(site.run(&["refresh", "--offline", "--accept-removals"]).status, 0);
    assert_eq!(titles(&site, "all").len(), 4);
    assert_eq!(site.run(&["check"]).err, "");
    site.write("feedloom.yaml", config.replace("{zh: 'https", "{chinese: 'https"));
    let check = site.run(&["check"]);
    assert_eq!(check.status, 2);
    assert!(check.err.contains("feedloom.yaml:6:17: `chinese` is no language tag"), "{}", check.err);
}

#[test]
fn links_of_pelican_name_files() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: t\nurl: https://feeds.example.org/\nposts: [{path: content, url: 'https://p.example.org/{slug}.html'}]\narticles: {fetch: false}\n");
    site.write(
        "content/one.md",
        "Title: One\nDate: 2024-01-01\n\n[a]({filename}/two.md) [b]({filename}two.md#part) [c](|filename|/two.md)\n",
    );
    site.write("content/two.md", "Title: Two\nDate: 2024-01-01\n\nx\n");
    site.refresh();
    let html = html(&site, "One");
    let two = "https://p.example.org/two.html";
    for link in [
        format!("<a href=\"{two}\">a</a>"),
        format!("<a href=\"{two}#part\">b</a>"),
        format!("<a href=\"{two}\">c</a>"),
    ] {
        assert!(html.contains(&link), "{link}: {html}");
    }
}

#[test]
fn what_components_enclose_is_published_and_excluded_files_are_not() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: t\nurl: https://feeds.example.org/\nposts: [{path: blog, url: 'https://a.example.org/{slug}/', exclude: ['private/**', '**/_*']}]\narticles: {fetch: false}\n");
    let head = "---\ntitle: One\ndate: 2024-01-01\n---\n";
    site.write(
        "blog/one.mdx",
        format!("{head}import A from 'a'\n\nStart.\n\n<Script src=\"x.js\" />\n\n<A on={{() => 1}}>\n    *Kept* {{a.b}}text.\n</A>\n\n## End\n"),
    );
    site.write("blog/private/two.md", "---\ntitle: Two\ndate: 2024-01-01\n---\nx\n");
    site.write("blog/_three.md", "---\ntitle: Three\ndate: [broken\n---\nx\n");
    let run = site.run(&["refresh", "--offline"]);
    assert_eq!((run.status, run.err.contains("_three")), (0, false), "{}", run.err);
    let html = html(&site, "One");
    assert_eq!(html.replace('\n', ""), "<p>Start.</p><p><em>Kept</em> text.</p><h2>End</h2>");
    assert_eq!(site.read("public/all/feed.json").matches("\"title\":").count(), 2, "the feed and its entry");
}

#[test]
fn jekyll_names_the_folder_of_pictures_and_the_words_of_a_title() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: t\nurl: https://feeds.example.org/\nposts: [{path: _posts, url: 'https://j.example.org/b/posts/{slug}/', base: /b/, slugify: jekyll}]\narticles: {fetch: false}\n");
    site.write(
        "_posts/2024-01-02-lamps-AND-wicks.md",
        "---\nmedia_subpath: /assets/img/x/\n---\n![A](a.png) [b](b/)\n\n<div class=\"notice\" markdown=\"1\">\n**c** `{% raw %}`\n</div>\n\n*[b]: a link\n",
    );
    site.refresh();
    let want = "<p><img src=\"https://j.example.org/b/assets/img/x/a.png\" alt=\"A\"> <a href=\"https://j.example.org/b/posts/lamps-and-wicks/b/\">b</a></p>\n<p><strong>c</strong> <code>{% raw %}</code></p>";
    assert_eq!(html(&site, "Lamps And Wicks").trim(), want);
}

#[test]
fn authors_are_who_the_site_says_that_a_key_means() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: t\nurl: https://feeds.example.org/\nposts: [{path: blog, url: 'https://d.example.org/{slug}/', authors: {Ann: {name: Ann Lee, url: https://ann.example/}, bob: Bob Ray}}]\narticles: {fetch: false}\n");
    let head = "---\ntitle: One\ndate: 2024-01-01\nauthors: [ann, {key: BOB, title: Keeper}, Cy Doe]\n---\nx\n";
    site.write("blog/one.md", head);
    site.refresh();
    let authors = site.entries()[0]["authors"].clone();
    let names: Vec<_> = authors.as_array().into_iter().flatten().filter_map(|a| a["name"].as_str()).collect();
    assert_eq!(names, ["Ann Lee", "Bob Ray", "Cy Doe"]);
    assert_eq!(authors[0]["uri"], "https://ann.example/");
}

#[test]
fn links_of_notes_lead_to_posts_and_pictures() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: t\nurl: https://feeds.example.org/\nposts: [{path: notes, url: 'https://n.example.org/{slug}'}]\narticles: {fetch: false}\n");
    let head = "---\ntitle: One\ndate: 2024-01-01\n---\n";
    site.write(
        "notes/one.md",
        format!("{head}[[Two Words]] [[two words#Part|there]] [[gone|words]] [[bin]] ![[a b.png|300]] `[[Two Words]]` [[x]](https://y.example)\n"),
    );
    site.write("notes/Two Words.md", "---\ntitle: Two\ndate: 2024-01-01\n---\nx\n");
    let run = site.run(&["refresh", "--offline"]);
    assert_eq!((run.status, run.err.contains("leads to no post")), (0, false), "{}", run.err);
    let two = "https://n.example.org/two-words";
    let want = format!(
        "<p><a href=\"{two}\">Two Words</a> <a href=\"{two}\">there</a> [[gone|words]] [[bin]] <img src=\"https://n.example.org/a%20b.png\" alt=\"\"> <code>[[Two Words]]</code> <a href=\"https://y.example/\">[x]</a></p>"
    );
    assert_eq!(html(&site, "One").trim(), want);
}
