//! Every command as a new user would try it.

use std::process::Stdio;

use super::site::Site;

#[test]
fn mistakes_in_the_configuration_are_told_all_at_once() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: x\nurl: feeds.example.org\nposts:\n  - path: posts\n    digest: {when: [{title: \"(\"}]}\nlanguag: en\noutput: {entries: many, formats: []}\n");
    site.write("feeds/mosn.yaml", "title: MOSN\nalises: [x]\nchannel: stabel\n");
    site.write("feeds/Bad Name.yaml", "title: Bad\n");
    site.write("feeds/seata.yaml", "title: Seata\nformerly: [mosn]\n");
    site.write("feeds/layotto.yaml", "name: Layotto\n");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2);
    let wanted = [
        "feedloom.yaml:2:6: `url` is `feeds.example.org`, an http or https address is expected, starting with https://",
        "feedloom.yaml:5:29: `title` is no usable pattern",
        "feedloom.yaml:6:1: unknown key `languag`, did you mean `language`?",
        "feedloom.yaml:7:19: `entries` is `many`, a number from 1 to 10000 is expected",
        "feedloom.yaml:7:34: `formats` is empty: leave the key out for all of them",
        "feeds/mosn.yaml:2:1: unknown key `alises`, did you mean `aliases`?",
        "feeds/mosn.yaml:3:10: unknown value `stabel` of `channel`, did you mean `stable`?",
        "feeds/layotto.yaml:1:1: unknown key `name`, did you mean `title`?",
        "feeds/Bad Name.yaml:1:1: the file's name is the project's slug: `Bad Name` is no slug: use 1 to 64 of a-z, 0-9 and -, for example `bad-name`",
        "nothing was done",
    ];
    for line in wanted {
        assert!(run.err.contains(line), "missing {line:?} in\n{}", run.err);
    }
    assert!(!site.path("public").exists());
}

#[test]
fn what_everybody_can_read_has_no_password_and_no_folder_is_read_twice() {
    let site = Site::new();
    let config = "url: https://a:b@feeds.example.org/\nhub: https://me:s3cr3t@hub.example.org/\nauthor: {name: A, url: \"https://x@a.example/\"}\nposts: [posts, posts/, {path: posts}]\n";
    site.write("feedloom.yaml", config);
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2);
    for line in [
        "feedloom.yaml:1:6: `url` has a name or password in it, and everybody can read it: leave them out",
        "feedloom.yaml:2:6: `hub` has a name or password in it",
        "feedloom.yaml:3:24: `url` has a name or password in it",
        "feedloom.yaml:4:16: `path: posts` is listed twice, first in line 4",
        "feedloom.yaml:4:24: `path: posts` is listed twice, first in line 4",
    ] {
        assert!(run.err.contains(line), "missing {line:?} in\n{}", run.err);
    }
}

#[test]
fn output_has_a_folder_of_its_own() {
    let site = Site::new();
    let config = site.read("feedloom.yaml");
    let with = |dir: &str| {
        site.write("feedloom.yaml", format!("{config}sites: rules\noutput: {{dir: {dir}}}\n"));
        site.run(&["check"])
    };
    for (dir, problem) in [
        (".feedloom", "`dir` is `.feedloom`, which is the folder `.feedloom`"),
        (".feedloom/public", "lies in the folder `.feedloom`"),
        ("posts", "`dir` is `posts`, which is the posts folder `posts`"),
        ("posts/public", "lies in the posts folder `posts`"),
        (".", "holds the folder `.feedloom`"),
        ("..", "holds the folder `.feedloom`"),
        ("feeds", "is the folder `feeds`"),
        ("./templates/", "is the folder `templates`"),
        ("x/../rules", "is the folder `rules`"),
    ] {
        let run = with(dir);
        assert_eq!(run.status, 2, "{dir}: {}", run.err);
        let place = format!("feedloom.yaml:{}:15: ", config.lines().count() + 2);
        assert!(run.err.contains(&place) && run.err.contains(problem), "{dir}: {}", run.err);
        assert!(run.err.contains("a folder of its own, such as public"), "{}", run.err);
    }
    for dir in ["public", "static/feeds", "posts-public", "../elsewhere"] {
        assert_eq!(with(dir).status, 0, "{dir}");
    }
    // Posts beside the site's own files: everything of it lies in their folder.
    site.write("feedloom.yaml", config.replace("path: posts", "path: ."));
    let run = site.run(&["check"]);
    assert_eq!(run.status, 0, "{}", run.err);
}

#[test]
fn addresses_of_posts_are_checked_strictly() {
    let site = Site::new();
    let posts = [
        (
            "url: https://x.example.org/{titel}/",
            "unknown field `{titel}` in `url`, did you mean `{title}`? Known are {slug} {path} {year} {month} {day} {title} {slug_or_title} {filename} {folders} {categories}",
        ),
        ("base: project", "`base` is `project`, a path such as /project/ is expected"),
        (
            "url: https://x.example.org/blog/{slug}/\n    base: /project/",
            "`base` is `/project/`, but `url` is `https://x.example.org/blog/{slug}/`, which is not below it",
        ),
    ];
    for (lines, wanted) in posts {
        site.write(
            "feedloom.yaml",
            format!("title: x\nurl: https://feeds.example.org/\nposts:\n  - path: posts\n    {lines}\n"),
        );
        let run = site.run(&["check"]);
        assert_eq!(run.status, 2, "{lines}");
        assert!(run.err.contains(wanted), "missing {wanted:?} in\n{}", run.err);
    }
    for (url, wanted) in [
        (
            "https://x.example.org/blog/",
            "feedloom.yaml:5:10: the template `https://x.example.org/blog/` has no {slug}: all posts would have one address",
        ),
        ("https://x.example.org/:slug/", "feedloom.yaml:5:10: `:slug` in `url` is no field, did you mean `{slug}`?"),
    ] {
        site.write(
            "feedloom.yaml",
            format!("title: x\nurl: https://feeds.example.org/\nposts:\n  - path: posts\n    url: {url}\n"),
        );
        let run = site.run(&["check"]);
        assert_eq!(run.status, 2, "{url}");
        assert!(run.err.contains(wanted), "missing {wanted:?} in\n{}", run.err);
    }
    for base in ["/", "/project", "https://x.example.org/project/"] {
        let url = "https://x.example.org/project/{categories}/{year}/{slug_or_title}/";
        site.write("feedloom.yaml", format!("title: x\nurl: https://feeds.example.org/\nposts:\n  - path: posts\n    url: {url}\n    base: {base}\n    slugify: zola-safe\n"));
        let run = site.run(&["check"]);
        assert_eq!(run.status, 0, "{base}: {}", run.err);
    }
}

#[test]
fn conditions_of_projects_name_what_entries_have() {
    let site = Site::new();
    for (when, problem) in [
        ("kid == 'event'", "unknown name `kid` in `when`, did you mean `kind`?"),
        ("kind != event", "`when` has `event` without quotes: write `'event'`"),
        ("title|lowercase == 'x'", "`when` fails for every entry: unknown filter: filter lowercase is unknown"),
        ("title is foo", "`when` fails for every entry: unknown test: test foo is unknown"),
        ("title == Hello", "unknown name `Hello` in `when`: a text stands in quotes, and names are kind, id, title, "),
    ] {
        site.write("feeds/mosn.yaml", format!("title: MOSN\nwhen: \"{when}\"\n"));
        let run = site.run(&["check"]);
        assert_eq!(run.status, 2, "{when}");
        assert!(run.err.contains(&format!("feeds/mosn.yaml:2:7: {problem}")), "{when}: {}", run.err);
    }
    for when in ["kind != 'event' and 'x' not in title", "projects | length > 1", "source.title == 'x'"] {
        site.write("feeds/mosn.yaml", format!("title: MOSN\nwhen: \"{when}\"\n"));
        let run = site.run(&["check"]);
        assert_eq!(run.status, 0, "{when}: {}", run.err);
    }
}

#[test]
fn signs_that_look_right_are_named() {
    let site = Site::new();
    let colon = "write a half-width colon and a blank: `title: MOSN`";
    for (text, wanted) in [
        ("title：MOSN\n", format!("feeds/mosn.yaml:1:1: not valid YAML: {colon}")),
        ("home: https://mosn.io/\ntitle：MOSN\n", format!("feeds/mosn.yaml:2:6: not valid YAML: {colon}")),
        (
            "title: MOSN\naliases:\n\tname: x\n",
            "feeds/mosn.yaml:3:1: not valid YAML: a tab: YAML wants blanks".to_owned(),
        ),
    ] {
        site.write("feeds/mosn.yaml", text);
        let run = site.run(&["check"]);
        assert_eq!(run.status, 2, "{text:?}");
        assert!(run.err.contains(&wanted), "{wanted}: {}", run.err);
    }
    site.write("feeds/mosn.yaml", "title: MOSN\n");
    site.write("posts/a.md", "---\ntitle：MOSN\ndate: 2024-01-01\n---\nx\n");
    let run = site.run(&["check"]);
    assert!(run.err.contains(&format!("posts/a.md:2:6: front matter is not valid YAML: {colon}")), "{}", run.err);
}

#[test]
fn two_projects_with_one_slug_are_refused() {
    let site = Site::new();
    site.write("feeds/seata.yaml", "title: Seata\nformerly: [mosn]\n");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2);
    assert!(run.err.contains("two projects with the slug `mosn`"), "{}", run.err);
}

#[test]
fn without_a_site_the_way_out_is_told() {
    let folder = tempfile::tempdir().expect("a folder");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_feedloom"))
        .arg("refresh")
        .current_dir(folder.path())
        .output()
        .expect("starts");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains(
        "no feedloom.yaml here or in a folder above: give one with --site; `feedloom init` makes one for a blog"
    ));
}

#[test]
fn entries_says_why_there_are_none() {
    let site = Site::new();
    let said = |arguments: &[&str]| {
        let run = site.run(&[&["entries"], arguments].concat());
        format!("{} {}{}", run.status, run.out, run.err)
    };
    assert_eq!(said(&[]), "0 nothing yet: run `feedloom refresh` first\n");
    assert!(!site.path(".feedloom").exists(), "looking leaves nothing behind");
    site.refresh();
    assert_eq!(
        said(&[]),
        "0 no entries: the last refresh found none in posts and sources; `feedloom check` tells what it sees\n"
    );
    site.post("a.md", "About MOSN", "2024-01-01", "x");
    site.refresh();
    assert_eq!(said(&["--project", "seata"]), "0 no entries of project `seata`\n");
    assert_eq!(said(&["--project", "mosn", "--kind", "release"]), "0 no entries of project `mosn` of kind `release`\n");
    assert_eq!(said(&["--search", "nowhere"]), "0 nothing found: all words must be there\n");
    assert_eq!(said(&["--project", "moson"]), "2 error: there is no project `moson`, did you mean `mosn`?\n");
    assert_eq!(said(&["--project", "nosuch"]), "2 error: there is no project `nosuch`: each file in feeds/ is one\n");
    assert!(said(&[]).contains("About MOSN"));
}

#[test]
fn a_site_is_found_from_a_folder_inside_it() {
    let site = Site::new();
    site.post("a.md", "MOSN post", "2024-01-01", "x");
    let output = site.command(&["refresh"]).current_dir(site.path("posts")).output().expect("starts");
    assert_eq!(output.status.code(), Some(0));
    assert!(site.path("public/mosn/atom.xml").exists());
}

#[test]
fn explain_tells_who_why_and_where() {
    let site = Site::new();
    for n in 1..4 {
        site.weekly(
            &format!("w{n}.md"),
            &format!("Weekly {n}"),
            &format!("2024-0{n}-01"),
            "### Reading\n\n- [How Seata keeps its promise](https://a.example.com/seata?utm_source=w)\n",
        );
    }
    site.refresh();
    let run = site.run(&["explain", "https://a.example.com/seata"]);
    assert_eq!(run.status, 0, "{}", run.err);
    for line in [
        "posts/w1.md:9",
        "posts/w2.md:9",
        "posts/w3.md:9",
        "seata          by title: \"Seata\"",
        "its earliest mention",
        "feeds      all, seata",
    ] {
        assert!(run.out.contains(line), "missing {line:?} in\n{}", run.out);
    }
    assert_eq!(site.run(&["explain", "no such thing"]).status, 1);
}

#[test]
fn explain_tells_why_a_post_is_not_published() {
    let site = Site::new();
    site.post("future.md", "What is coming", "2999-01-01", "x");
    site.write("posts/draft.md", "---\ntitle: Half a thought\ndate: 2024-01-01\ndraft: true\n---\n\nx\n");
    site.write("posts/hidden.md", "---\ntitle: Hidden words\ndate: 2024-01-01\n---\n\nx\n");
    site.write("overrides.yaml", "\"https://www.example.org/blog/hidden/\": {hide: true}\n");
    site.refresh();
    for (wanted, told) in [
        ("posts/future.md", "posts/future.md: waits until 2999-01-01"),
        ("half a thought", "posts/draft.md: not published: it is a draft"),
        ("https://www.example.org/blog/hidden/", "overrides.yaml:1: hidden by `hide: true`"),
    ] {
        let run = site.run(&["explain", wanted]);
        assert!(run.status == 0 && run.out.contains(told), "{wanted}: {}{}", run.out, run.err);
    }
    let check = site.run(&["check", "--verbose"]);
    assert!(check.err.contains("it is a draft") && check.err.contains("waits until"), "{}", check.err);
}

#[test]
fn a_site_that_something_else_made_is_not_written_over() {
    let site = Site::new();
    site.post("a.md", "A post", "2024-01-01", "x");
    std::fs::create_dir(site.path("public")).expect("a folder");
    site.write("public/index.html", "<title>Our blog</title>");
    let run = site.run(&["refresh"]);
    assert!(run.status == 2 && run.err.contains("public/index.html was not written by feedloom"), "{}", run.err);
    assert_eq!(site.read("public/index.html"), "<title>Our blog</title>");
    std::fs::remove_file(site.path("public/index.html")).expect("removed");
    assert_eq!(site.refresh().status, 0);
    // What is there now was.
    std::fs::remove_dir_all(site.path(".feedloom")).expect("removed");
    assert_eq!(site.run(&["refresh"]).status, 0);
}

#[test]
fn posts_are_written_as_readers_show_them() {
    let site = Site::new();
    let post = "---\ndate: 2024-01-01\n---\n# A post\n\nFirst[^1] %%secret%% and `%%code%%`, $\\{a, b\\}$ and $5 *or* $10.\n\n%%\nhidden\n%%\n\n> [!faq]- Why?\n> Because.\n\n[^1]: The note.\n";
    site.write("posts/a.md", post);
    site.write("posts/c.md", "---\ntitle: C++\ndate: 2023-01-01\n---\n# C\n\n磁盘100%%，内存80%%，打印%%s。 [x](https://a.example/footnote-backref-x)[^1]\n\n[^1]: n\n");
    site.write("posts/b.md", "---\ntitle: Not yet\ndate: 2024-01-01\npublish: false\n---\nx\n");
    site.refresh();
    let entries = site.entries();
    let [entry, other] = entries.as_slice() else { panic!("{entries:?}") };
    let kept = other["html"].as_str().expect("html");
    for there in ["<h1>C</h1>", "磁盘100%%，内存80%%，打印%%s。", "footnote-backref-x\">x</a>"] {
        assert!(kept.contains(there), "{there}: {kept}");
    }
    let html = entry["html"].as_str().expect("html");
    assert_eq!(entry["title"], "A post");
    for there in ["<p>First<sup", "%%code%%", r"$\{a, b\}$", "$5 <em>or</em> $10", "<strong>Why?</strong>", "The note."]
    {
        assert!(html.contains(there), "{there}: {html}");
    }
    for gone in ["<h1", "secret", "hidden", "href=\"#", "↩", "[!faq]"] {
        assert!(!html.contains(gone), "{gone}: {html}");
    }
    assert!(entry["summary"].as_str().is_some_and(|s| s.starts_with("First")), "{entry}");
}

#[test]
fn one_of_several_values_makes_a_digest() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: T\nurl: https://feeds.example.org/\nposts: [{path: posts, digest: {when: [{tags: [Weekly, digest]}]}}]\n");
    for (name, tags) in [("a", "[weekly, x]"), ("b", "digest"), ("c", "other")] {
        site.write(
            &format!("posts/{name}.md"),
            format!("---\ntitle: {name}\ndate: 2024-01-01\ntags: {tags}\n---\n\nx\n"),
        );
    }
    site.refresh();
    let digests: Vec<String> =
        site.entries().iter().filter(|e| e["kind"] == "digest").map(|e| e["title"].to_string()).collect();
    assert_eq!(digests.len(), 2, "{digests:?}");
}

#[test]
fn check_lists_what_needs_a_person() {
    let site = Site::new();
    site.weekly("w.md", "Weekly", "2024-01-01", "### Reading\n\nLoose words that are no link.\n\n- [Something about nothing](https://a.example.com/x)\n- [gone](/blog/gone/)\n\n{{< strange >}}\n");
    let run = site.run(&["check", "--verbose"]);
    assert_eq!(run.status, 0);
    let all = format!("{}{}", run.out, run.err);
    for line in [
        "stays part of the digest only: Loose words",
        "`/blog/gone/` leads to no post of this site",
        "shortcode `strange` is not known",
        "\"https://a.example.com/x\": {projects: [+SLUG]}",
        "no entries for: mosn, seata",
    ] {
        assert!(all.contains(line), "missing {line:?} in\n{all}");
    }
    assert!(!site.path(".feedloom/store.sqlite").exists(), "check wrote something");
    assert!(!site.path("public").exists(), "check wrote something");
}

#[test]
fn strict_and_quiet_do_what_they_say() {
    let site = Site::new();
    site.post("good.md", "MOSN", "2024-01-01", "x");
    assert_eq!(site.run(&["--quiet", "refresh"]).out, "");
    site.write("posts/bad.md", "---\ntitle: [\n---\n");
    let run = site.run(&["refresh", "--strict", "--quiet"]);
    assert_eq!(run.status, 4);
    assert_eq!(run.out, "");
    assert!(run.err.contains("posts/bad.md"), "{}", run.err);
}

#[test]
fn a_second_run_at_the_same_time_leaves_at_once() {
    let site = Site::new();
    std::fs::create_dir_all(site.path(".feedloom")).expect("a folder");
    let lock = std::fs::File::create(site.path(".feedloom/lock")).expect("a file");
    lock.lock().expect("locked");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 3);
    assert!(run.err.contains("another run is at work"), "{}", run.err);
}

#[test]
fn a_closed_pipe_is_no_panic() {
    let site = Site::new();
    for n in 0..200 {
        site.post(&format!("p{n}.md"), &format!("MOSN {n}"), "2024-01-01", &"words ".repeat(500));
    }
    site.refresh();
    for arguments in [&["entries", "--json"][..], &["completions", "bash"], &["man"], &["export"], &["--help"]] {
        let mut child = site.command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("starts");
        drop(child.stdout.take());
        let output = child.wait_with_output().expect("ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(!err.contains("panicked"), "{arguments:?}: {err}");
    }
}

#[test]
fn a_damaged_store_is_set_aside_and_rebuilt() {
    let site = Site::new();
    site.post("a.md", "MOSN post", "2024-01-01", "x");
    site.refresh();
    let before = site.read("public/mosn/atom.xml");
    site.write(".feedloom/store.sqlite", "no database at all, but long enough to be read as one. ".repeat(50));
    let run = site.refresh();
    assert!(run.err.contains("set aside as"), "{}", run.err);
    assert_eq!(before, site.read("public/mosn/atom.xml"));
}

#[test]
fn a_store_damaged_inside_is_set_aside_too() {
    let site = Site::new();
    for n in 0..200 {
        site.post(&format!("p{n}.md"), &format!("MOSN {n}"), "2024-01-01", &"words ".repeat(500));
    }
    site.refresh();
    let before = site.read("public/mosn/atom.xml");
    let path = site.path(".feedloom/store.sqlite");
    let mut bytes = std::fs::read(&path).expect("the store");
    let end = bytes.len();
    bytes[20_000..end - 20_000].fill(0xA5);
    std::fs::write(&path, bytes).expect("written");
    site.post("new.md", "MOSN new", "2024-02-01", "x");
    let run = site.refresh();
    assert!(run.err.contains("set aside as"), "{}", run.err);
    assert_ne!(before, site.read("public/mosn/atom.xml"));
    assert!(site.read("public/mosn/atom.xml").contains("MOSN new"));
}

#[test]
fn lists_of_feeds_come_and_go_as_opml() {
    let site = Site::new();
    let export = site.run(&["export"]);
    assert!(export.out.contains("xmlUrl=\"https://feeds.example.org/mosn/atom.xml\""));
    site.write("in.opml", "<opml><body><outline text='A project' xmlUrl='https://a.example.com/feed'/></body></opml>");
    let run = site.run(&["import", "in.opml", "--write"]);
    assert_eq!(run.status, 0, "{}", run.err);
    assert!(site.read("feeds/a-project.yaml").contains("https://a.example.com/feed"));
    assert_eq!(site.run(&["check"]).status, 0);
    site.write(
        "odd.opml",
        "<opml><body><outline text='Folder'/><outline text='Odd' xmlUrl='a.example.com/feed'/><outline text='Good' xmlUrl='https://g.example.com/feed'/></body></opml>",
    );
    let run = site.run(&["import", "odd.opml"]);
    assert_eq!(run.status, 0);
    assert_eq!(run.err, "warning: odd.opml: `a.example.com/feed` is no address of a feed: \"Odd\" is left out\n");
    assert!(run.out.contains("# feeds/good.yaml"), "{}", run.out);
}
