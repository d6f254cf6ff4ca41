use super::*;

fn tree(pages: &[&str], settings: &[(&str, &str)]) -> Tree {
    let page = |path: &&str| Page { path: (*path).to_owned(), front: true, dated: true, ..Page::default() };
    Tree {
        pages: pages.iter().map(page).collect(),
        settings: settings.iter().map(|(p, t)| ((*p).to_owned(), (*t).to_owned())).collect(),
    }
}

fn folders(found: &Found) -> Vec<String> {
    let one = |f: &super::super::Folder| {
        format!("{} {} {}", f.path, f.url.as_deref().unwrap_or("-"), f.language.as_deref().unwrap_or("-"))
    };
    found.folders.iter().map(one).collect()
}

/// Generator, pages, settings with their texts, folders as they should be recognised.
type Case<'c> = (&'c str, &'c [&'c str], &'c [(&'c str, &'c str)], &'c [&'c str]);

#[test]
fn every_generator_by_its_file() {
    let cases: [Case<'_>; 12] = [
        (
            "Hugo",
            &["content/zh/blog/a/index.md", "content/en/blog/a/index.md", "content/en/about.md"],
            &[(
                "hugo.toml",
                "baseURL='https://h.example.org/'\ndefaultContentLanguage='en'\n[languages.en]\n[languages.zh]\n",
            )],
            &[
                "content/en/blog https://h.example.org/blog/{slug}/ en",
                "content/zh/blog https://h.example.org/zh/blog/{slug}/ zh",
            ],
        ),
        (
            "Hugo",
            &["content/posts/a.md", "content/posts/deep/b.md"],
            &[
                ("config/_default/config.yaml", "baseURL: https://h.example.org/x/\n"),
                ("config/_default/permalinks.toml", "posts = '/:year/:slug/'"),
            ],
            &["content/posts https://h.example.org/x/{year}/{slug_or_title}/ -"],
        ),
        (
            "Zola",
            &["content/news/2024-01-02-a.md"],
            &[("config.toml", "base_url = 'https://z.example.org'\ndefault_language='fr'\n")],
            &["content/news https://z.example.org/news/{slug}/ fr"],
        ),
        (
            "Jekyll",
            &["_posts/2024-01-02-a.md", "club/_posts/2024-01-03-b.md"],
            &[("_config.yml", "url: https://j.example.org\nbaseurl: /b\npermalink: pretty\n")],
            &[
                "_posts https://j.example.org/b/{categories}/{year}/{month}/{day}/{title}/ -",
                "club/_posts https://j.example.org/b/club/{categories}/{year}/{month}/{day}/{title}/ -",
            ],
        ),
        (
            "Hexo",
            &["source/_posts/a.md", "source/_posts/b/c.md"],
            &[("_config.yml", "url: https://x.example.org\npermalink: :year/:title/\nlanguage: zh-CN\n")],
            &["source/_posts https://x.example.org/{year}/{folders}/{filename}/ zh-CN"],
        ),
        (
            "Pelican",
            &["content/a.md"],
            &[
                ("pelicanconf.py", "SITEURL = ''\nPATH = 'content'\nDEFAULT_LANG = 'en'\n"),
                ("publishconf.py", "SITEURL = 'https://p.example.org'\n"),
            ],
            &["content https://p.example.org/{slug}.html en"],
        ),
        (
            "Docusaurus",
            &["blog/2024-01-02-a.md", "i18n/zh/docusaurus-plugin-content-blog/2024-01-02-a.md", "docs/x.md"],
            &[(
                "docusaurus.config.js",
                "module.exports = { url: 'https://d.example.org', baseUrl: '/', i18n: {defaultLocale: 'en', locales: ['en', 'zh']} }",
            )],
            &[
                "blog https://d.example.org/blog/{path} en",
                "i18n/zh/docusaurus-plugin-content-blog https://d.example.org/zh/blog/{path} zh",
            ],
        ),
        (
            "Docusaurus",
            &["website/blog/2017-01-02-a.md"],
            &[(
                "website/siteConfig.js",
                "const siteConfig = {title: 'Old', url: 'https://o.example.org', baseUrl: '/'};",
            )],
            &["website/blog https://o.example.org/blog/{year}/{month}/{day}/{slug}.html -"],
        ),
        (
            "mdBook",
            &["docs/src/SUMMARY.md", "docs/src/one.md"],
            &[(
                "docs/book.toml",
                "[book]\ntitle='B'\nlanguage='en'\n[output.html]\ngit-repository-url='https://github.com/Org/b'\nsite-url='/b/'\n",
            )],
            &["docs/src https://org.github.io/b/{slug}.html en"],
        ),
        (
            "Eleventy",
            &["src/posts/a.md"],
            &[
                (".eleventy.js", "module.exports = c => ({ dir: { input: 'src', output: '_site' } });"),
                ("src/_data/site.json", "{\"url\": \"https://e.example.org\", \"title\": \"E\"}"),
            ],
            &["src/posts https://e.example.org/posts/{slug}/ -"],
        ),
        ("", &["a.md", "b.md", "c.md"], &[], &[" - -"]),
        ("", &["content/zh/blog/a/index.md", "content/zh/blog/b/index.md"], &[], &["content/zh/blog - zh"]),
    ];
    for (generator, pages, settings, want) in cases {
        let found = recognise(&tree(pages, settings), "x");
        let name = found.generators.first().map_or("", |(g, _)| g.name());
        assert_eq!((name, folders(&found)), (generator, want.iter().map(|w| (*w).to_owned()).collect()), "{found:#?}");
    }
}

#[test]
fn permalinks_of_hugo() {
    let cases: [(&str, &[&str], &str); 9] = [
        (":slug", &[], "{slug_or_title}/"),
        (":title", &[], "{title}/"),
        (":filename", &[], "{filename}/"),
        ("/:year/:month/:contentbasename/", &[], "{year}/{month}/{filename}/"),
        (":slugorcontentbasename", &[], "{slug}/"),
        (":section/:slugorfilename", &[], "posts/{slug}/"),
        // `:sections` leaves out folders that are none.
        (":sections/:slugorfilename", &[], "posts/{slug}/"),
        (":sections/:slugorfilename", &["content/posts/sub/_index.md"], "posts/{folders}/{slug}/"),
        (":section/:year/:yearday/:slug", &[], "-"),
    ];
    let list = "baseURL='https://h.example.org/'\n[[permalinks]]\npattern='/:year/:slug/'\n";
    let found = recognise(&tree(&["content/posts/a.md"], &[("hugo.toml", list)]), "x");
    assert_eq!(found.notes, ["hugo.toml: `permalinks` are a list, which is not read: check `posts.url`"]);
    for (pattern, more, want) in cases {
        let mut pages = vec!["content/posts/a.md", "content/posts/sub/b.md", "content/posts/sub/c/index.md"];
        pages.extend(more);
        let settings = format!("baseURL='https://h.example.org/'\n[permalinks]\nposts='{pattern}'\n");
        let found = recognise(&tree(&pages, &[("hugo.toml", &settings)]), "x");
        let got = found.folders[0].url.as_deref().map_or("-", |u| u.trim_start_matches("https://h.example.org/"));
        assert_eq!(got, want, "{pattern}");
        assert_eq!(found.notes.len(), usize::from(want == "-"), "{pattern} {:?}", found.notes);
    }
}

#[test]
fn permalinks_of_jekyll() {
    let defaults = "defaults:\n  - scope: {path: \"\", type: posts}\n    values: {permalink: /d/:slug/}\n  - scope: {path: docs}\n    values: {permalink: /docs/:title}\n";
    let cases = [
        ("permalink: none", "{categories}/{title}.html"),
        ("permalink: /blog/:slug", "blog/{slug}"),
        ("permalink: /:categories/:name:output_ext", "{categories}/{filename}.html"),
        ("collections: {posts: {permalink: /c/:title}}", "c/{title}"),
        (defaults, "d/{slug}/"),
        ("permalink: ordinal", "-"),
    ];
    for (settings, want) in cases {
        let settings = format!("url: https://j.example.org\n{settings}\n");
        let found = recognise(&tree(&["_posts/2024-01-02-a.md"], &[("_config.yml", &settings)]), "x");
        let got = found.folders[0].url.as_deref().map_or("-", |u| u.trim_start_matches("https://j.example.org/"));
        assert_eq!((got, found.notes.len()), (want, usize::from(want == "-")), "{settings} {:?}", found.notes);
    }
}

#[test]
fn two_generators_are_told() {
    let found = recognise(
        &tree(
            &["content/posts/a.md", "docs/src/one.md"],
            &[("hugo.toml", "baseURL='https://h.example.org/'"), ("docs/book.toml", "[book]\ntitle='B'\n")],
        ),
        "x",
    );
    assert_eq!(found.generators.len(), 2);
    assert_eq!(found.folders.len(), 2);
    assert!(found.notes.iter().any(|n| n.starts_with("more than one site generator")), "{:?}", found.notes);
}

#[test]
fn broken_settings_are_told_and_examples_are_no_addresses() {
    let found = recognise(&tree(&["content/posts/a.md"], &[("hugo.toml", "baseURL = [")]), "x");
    assert!(found.notes.iter().any(|n| n.starts_with("hugo.toml cannot be read")), "{:?}", found.notes);
    let found =
        recognise(&tree(&["_posts/2024-01-02-a.md"], &[("_config.yml", "url: http://example.com\ntheme: x\n")]), "x");
    assert_eq!((found.url, found.folders[0].url.clone()), (None, None));
}
