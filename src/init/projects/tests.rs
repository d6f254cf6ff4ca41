use super::super::ReadItem;
use super::*;

fn item(label: &str, about: &str) -> ReadItem {
    ReadItem {
        kind: Kind::Question,
        title: "a question".to_owned(),
        labels: vec![label.to_owned()],
        about: vec![about.to_owned()],
        letters: 20,
        version: None,
        section: String::new(),
    }
}

fn digest(items: Vec<ReadItem>) -> Read {
    let addresses = items.iter().flat_map(|i| i.about.clone()).collect();
    Read { items, addresses, ..Read::default() }
}

fn summary(projects: &[Project]) -> Vec<String> {
    projects.iter().map(|p| format!("{} {} {:?} {:?}", p.slug, p.title, p.aliases, p.addresses)).collect()
}

#[test]
fn labels_bring_names_spellings_and_addresses() {
    let reads = vec![digest(vec![
        item("SOFARPC", "https://github.com/sofastack/sofa-rpc/issues/1"),
        item("SOFARPC", "https://github.com/sofastack/sofa-rpc/issues/2"),
        item("SOFA-RPC", "https://github.com/sofastack/sofa-rpc"),
        item("SOFARPCC", "https://github.com/sofastack/sofa-rpc"),
        item("Seata", "https://github.com/seata/seata/issues/7"),
        item("Seata", "https://github.com/seata/seata/issues/8"),
        item("更多详情请看这里", "https://www.example.org/"),
    ])];
    let got = propose(&reads, &[true], &[]);
    assert_eq!(
        summary(&got),
        [
            r#"sofarpc SOFARPC ["SOFA-RPC"] ["github.com/sofastack/sofa-rpc"]"#,
            r#"seata Seata [] ["github.com/seata/seata"]"#,
        ]
    );
}

#[test]
fn a_plain_blog_has_a_project_a_category() {
    let post = |category: &str, tag: &str| Read {
        terms: vec![("categories", category.to_owned()), ("tags", tag.to_owned())],
        ..Read::default()
    };
    let reads = [post("Release Notes", "x"), post("Essays", "x"), post("essays", "y"), post("随笔", "y")];
    let got = propose(&reads, &[false; 4], &[]);
    assert_eq!(summary(&got), ["essays Essays [] []", "release-notes Release Notes [] []", "topic-3 随笔 [] []"]);
    assert!(got.iter().all(|p| p.label_only));
}

#[test]
fn links_between_posts_tell_their_address() {
    let read = |links: &[&str]| Read { addresses: links.iter().map(|l| (*l).to_owned()).collect(), ..Read::default() };
    let reads = [
        read(&["https://www.example.org/blog/how-we-knit/", "https://other.example.net/how-we-knit"]),
        read(&["https://www.example.org/blog/why-we-spin/"]),
    ];
    let stems = ["how-we-knit".to_owned(), "why-we-spin".to_owned()];
    let all: Vec<&Read> = reads.iter().collect();
    assert_eq!(own_address(&all, &stems), Some(("https://www.example.org/blog/{slug}/".to_owned(), 2)));
    assert_eq!(own_address(&all[..1], &stems), None);
}

#[test]
fn links_to_posts_in_folders_tell_their_path() {
    let read = |path: &str, links: &[&str]| Read {
        path: path.to_owned(),
        addresses: links.iter().map(|l| (*l).to_owned()).collect(),
        ..Read::default()
    };
    let of = |reads: &[Read]| {
        let stems: Vec<String> = reads.iter().map(|r| plain_path(&r.path)).collect();
        let stems: Vec<String> = stems.iter().map(|p| p.rsplit('/').next().unwrap_or(p).to_owned()).collect();
        own_address(&reads.iter().collect::<Vec<_>>(), &stems).map(|(t, n)| format!("{t} {n}"))
    };
    let site = "https://www.example.org";
    let spread = [
        read(
            "2024/how-we-knit.md",
            &[&format!("{site}/blog/2025/why-we-spin/"), &format!("{site}/blog/2025/we-weave-too/")],
        ),
        read("2025/why-we-spin/index.md", &[&format!("{site}/blog/2024/how-we-knit/")]),
        read("2025/we-weave-too.md", &[]),
    ];
    assert_eq!(of(&spread).as_deref(), Some("https://www.example.org/blog/{path}/ 3"));
    // As many links follow both; two posts have one name.
    let twins = [
        read("a/how-we-knit.md", &[&format!("{site}/blog/a/why-we-spin/"), &format!("{site}/blog/a/how-we-knit/")]),
        read("a/why-we-spin.md", &[]),
        read("b/why-we-spin.md", &[]),
    ];
    assert_eq!(of(&twins).as_deref(), Some("https://www.example.org/blog/{path}/ 2"));
    // Folders that are in no link.
    let flat = [
        read("a/how-we-knit.md", &[&format!("{site}/blog/why-we-spin/"), &format!("{site}/blog/how-we-knit.html")]),
        read("b/why-we-spin.md", &[&format!("{site}/blog/how-we-knit/")]),
    ];
    assert_eq!(of(&flat).as_deref(), Some("https://www.example.org/blog/{slug}/ 2"));
}
