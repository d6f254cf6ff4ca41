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
