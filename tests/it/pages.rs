//! Pages: which are written, what they say of mistakes in templates and words.

use super::site::{CONFIG, Site};

const QUESTION: &str = "### Questions\n\n**1、@alice** 提问：\n\n> Why does MOSN restart?\n\nA：Because of this.\n\nMOSN：[https://github.com/mosn/mosn](https://github.com/mosn/mosn)\n";

fn site() -> Site {
    let site = Site::new();
    site.post("own.md", "Our own post on MOSN", "2024-01-01T08:00:00+08:00", "Text with words.");
    site.weekly("w1.md", "Weekly 1", "2024-03-05T08:00:00+08:00", QUESTION);
    site.post("late.md", "A late post on MOSN", "2024-05-31T20:00:00Z", "More text.");
    site
}

/// What is written bit by bit is what is written at once.
fn whole(site: &Site) {
    let before = site.published();
    let run = site.run(&["build"]);
    assert_eq!(run.status, 0, "{}{}", run.out, run.err);
    assert!(run.out.contains("nothing changed"), "{}", run.out);
    let after = site.published();
    let names = |p: &std::collections::BTreeMap<String, _>| p.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&before), names(&after));
    assert!(before == after, "files were touched");
}

fn pages(site: &Site, folder: &str) -> Vec<String> {
    let below = |name: String| name.strip_prefix(folder).filter(|n| n.ends_with(".html")).map(str::to_owned);
    site.published().into_keys().filter_map(below).collect()
}

#[test]
fn only_pages_that_changed_are_written() {
    let site = site();
    site.refresh();
    whole(&site);
    assert_eq!(pages(&site, "mosn/archive/"), ["2024-01.html", "2024-03.html", "2024-05.html"]);
    let before = site.published();

    // A post in a month between: its neighbours' links change, the first month's do not.
    site.post("between.md", "Another post on MOSN", "2024-04-02T08:00:00+08:00", "Text.");
    site.refresh();
    whole(&site);
    let after = site.published();
    let changed = |name: &str| before.get(name) != after.get(name);
    let archive = |month: &str| changed(&format!("mosn/archive/{month}.html"));
    assert_eq!([archive("2024-01"), archive("2024-03"), archive("2024-05")], [false, true, true]);
    assert!(changed("mosn/index.html") && changed("index.html") && !changed("seata/index.html"));

    // An edit of a date moves the entry, and an empty month goes.
    site.post("between.md", "Another post on MOSN", "2024-02-02T08:00:00+08:00", "Text.");
    site.refresh();
    whole(&site);
    assert_eq!(pages(&site, "mosn/archive/"), ["2024-01.html", "2024-02.html", "2024-03.html", "2024-05.html"]);

    // A question that goes takes its page along.
    assert_eq!(pages(&site, "page/").len(), 1);
    site.weekly("w1.md", "Weekly 1", "2024-03-05T08:00:00+08:00", "### Questions\n\nNone this week.\n");
    site.refresh();
    whole(&site);
    assert_eq!(pages(&site, "page/").len(), 0);
}

#[test]
fn a_question_is_a_conversation_with_the_way_back() {
    let site = site();
    site.refresh();
    let page = site.read(&format!("public/page/{}", pages(&site, "page/")[0]));
    for part in [
        "<li class=\"asks\">",
        "<li class=\"answers\">",
        "<p>Because of this.</p>",
        "<b>alice</b>",
        "https://www.example.org/blog/w1/",
        "<html lang=\"en\" dir=\"ltr\">",
        "<a class=\"about\" href=\"../mosn/index.html\">MOSN</a>",
    ] {
        assert!(page.contains(part), "{part}: {page}");
    }
    assert!(site.read("public/mosn/index.html").contains(&format!("../page/{}", pages(&site, "page/")[0])));
}

#[test]
fn mistakes_in_templates_are_told_with_line_and_expectation() {
    let site = site();
    site.refresh();
    let before = site.published();
    for (template, text, expected) in [
        (
            "project.html",
            "<h1>\n{{ feed.titel }}\n</h1>",
            "templates/project.html:2: `feed.titel` is undefined, did you mean `title`?",
        ),
        ("index.html", "x\n\n{% for p in projects %}{{ p.title }}", "templates/index.html:3: syntax error"),
        ("entry.html", "{% extends \"bose.html\" %}", "templates/entry.html:1: template not found"),
        ("month.html", "{{ month.name | shout }}", "templates/month.html:1: unknown filter"),
        ("card.html", "\n{{ e.link.host }}", "templates/card.html:2: `e.link.host` is undefined"),
        (
            "health.html",
            "{% for i in range(100000) %}{% for j in range(100000) %}{{ j }}{% endfor %}{% endfor %}",
            "templates/health.html:1: takes too many steps",
        ),
    ] {
        site.write(&format!("templates/{template}"), text);
        for command in ["check", "refresh"] {
            let run = site.run(&[command]);
            assert_eq!(run.status, 2, "{template}: {}{}", run.out, run.err);
            assert!(run.err.contains(expected), "{command}: wanted {expected}\n{}", run.err);
        }
        assert!(before == site.published(), "{template}: something was published");
        std::fs::remove_file(site.path(&format!("templates/{template}"))).expect("removed");
    }
    site.write(
        "templates/health.html",
        "{% extends \"base.html\" %}{% block main %}<p>mine: {{ site.title }}{% endblock %}",
    );
    site.refresh();
    assert!(site.read("public/health.html").contains("<p>mine: Example feeds"));
}

#[test]
fn a_words_file_is_a_language() {
    let site = site();
    site.write("templates/words.en.yaml", "subscribe: Follow\nkind_question: Ask & answer\nfrom: Out of\n");
    site.write("templates/words.ar.yaml", "direction: rtl\nsubscribe: اشترك\n");
    site.refresh();
    let page = site.read("public/mosn/index.html");
    assert!(page.contains(">Follow</h2>") && page.contains("Ask &amp; answer"), "{page}");
    assert!(site.read("public/mosn/atom.xml").contains("Out of"), "feeds say it too");
    site.write("feedloom.yaml", CONFIG.replace("language: en", "language: ar"));
    site.refresh();
    let page = site.read("public/mosn/index.html");
    assert!(page.contains("<html lang=\"ar\" dir=\"rtl\">") && page.contains("اشترك"), "{page}");
    site.write("templates/words.en.yaml", "subscribe: Follow\nsubcribe_hint: x\n");
    let run = site.run(&["refresh"]);
    assert_eq!(run.status, 2, "{}", run.err);
    let expected = "templates/words.en.yaml:2:1: unknown key `subcribe_hint`, did you mean `subscribe_hint`?";
    assert!(run.err.contains(expected), "{}", run.err);
}

#[test]
fn feeds_name_their_style_sheet() {
    let site = site();
    site.write("feedloom.yaml", CONFIG.replace("https://feeds.example.org/", "https://example.org/a%20b/feeds"));
    site.refresh();
    let style = "<?xml-stylesheet type=\"text/css\" href=\"/a%20b/feeds/assets/feed.css\"?>";
    for file in ["mosn/atom.xml", "mosn/rss.xml"] {
        let text = site.read(&format!("public/{file}"));
        let mut parts = text.splitn(3, "?>");
        assert!(parts.next().is_some_and(|d| d.starts_with("<?xml ")) && text.contains(style), "{text}");
    }
    assert!(site.read("public/assets/feed.css").contains("This is a feed"));
    super::bad_input::well_formed(&site);
    site.write("feedloom.yaml", format!("{CONFIG}pages: false\n"));
    site.refresh();
    assert!(!site.read("public/mosn/atom.xml").contains("xml-stylesheet"));
    assert_eq!(pages(&site, ""), Vec::<String>::new());
}

#[test]
fn hostile_words_stay_text() {
    let site = Site::new();
    let title = "MOSN \\\"><script>alert(1)</script>";
    site.weekly(
        "w.md",
        title,
        "2024-03-01",
        &QUESTION.replace("Because of this.", "<a title=\"<blockquote>\" onclick=x>y</a><script>alert(2)</script>"),
    );
    site.post("big.md", &format!("MOSN {}", "长".repeat(400_000)), "2024-03-02", "\u{202e}text");
    site.refresh();
    for (name, (bytes, _)) in site.published() {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if name.ends_with(".html") {
            assert!(!text.contains("<script>") && !text.contains("onclick") && !text.contains('\u{202e}'), "{name}");
            assert!(text.len() < 100_000, "{name}: {}", text.len());
        }
    }
}
