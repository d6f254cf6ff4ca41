//! The main job on a site of its own making: a full refresh from nothing, one with
//! nothing changed, one with one post changed, at two sizes.
//!
//! Prints CPU seconds of the process (user and system) and their ratios: machines
//! differ, ratios less. Run with `cargo bench --bench refresh`; a folder of real
//! posts is measured with `FEEDLOOM_BENCH_POSTS=DIR`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

fn main() {
    // `cargo test --benches` only wants to see that it starts.
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let mut costs = Vec::new();
    for posts in [400, 20_000] {
        let folder = tempfile::tempdir().expect("a temporary folder");
        synthetic(folder.path(), posts);
        let full = measure(folder.path(), &format!("{posts} posts from nothing"));
        measure(folder.path(), "once more (fresh files)");
        measure(folder.path(), "nothing changed");
        let path = folder.path().join("posts/post-1.md");
        let text = std::fs::read_to_string(&path).expect("a post");
        std::fs::write(&path, format!("{text}\nOne more line.\n")).expect("a post");
        measure(folder.path(), "one post changed");
        costs.push(full / posts as f64);
    }
    println!("cost per post at 20,000 / at 400: {:.2}", costs[1] / costs[0]);
    if let Some(posts) = std::env::var_os("FEEDLOOM_BENCH_POSTS") {
        let folder = tempfile::tempdir().expect("a temporary folder");
        real(folder.path(), Path::new(&posts));
        measure(folder.path(), "real posts from nothing");
        measure(folder.path(), "real posts, nothing changed");
    }
}

/// Runs a refresh and prints its CPU and wall seconds and peak memory.
fn measure(site: &Path, what: &str) -> f64 {
    let start = std::time::Instant::now();
    let before = children();
    let status = Command::new(env!("CARGO_BIN_EXE_feedloom")).args(["refresh", "--quiet", "--site"]).arg(site).status();
    assert!(status.is_ok_and(|s| s.success()), "{what}: the refresh failed");
    let cpu = children() - before;
    println!("{what:32} {cpu:7.3} s CPU {:7.3} s wall", start.elapsed().as_secs_f64());
    cpu
}

/// CPU seconds of finished children, from /proc/self/stat (fields 16 and 17, in ticks of 10 ms).
fn children() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let ticks: f64 = fields.get(13).and_then(|f| f.parse().ok()).unwrap_or(0.0)
        + fields.get(14).and_then(|f| f.parse().ok()).unwrap_or(0.0);
    ticks / 100.0
}

const NAMES: [&str; 36] = [
    "alder", "aspen", "beech", "birch", "cedar", "cherry", "cypress", "ebony", "elder", "elm", "fir", "hazel",
    "hemlock", "hickory", "holly", "hornbeam", "juniper", "larch", "laurel", "linden", "locust", "magnolia", "maple",
    "mulberry", "myrtle", "oak", "olive", "pine", "plane", "poplar", "rowan", "spruce", "sumac", "walnut", "willow",
    "yew",
];

fn project_files(site: &Path) {
    std::fs::create_dir_all(site.join("feeds")).expect("a folder");
    for name in NAMES {
        let text = format!("title: {name}\naddresses: [github.com/forest/{name}]\n");
        std::fs::write(site.join(format!("feeds/{name}.yaml")), text).expect("a file");
    }
}

fn real(site: &Path, posts: &Path) {
    project_files(site);
    let config = format!(
        "title: Bench\nurl: https://feeds.example.org/\nposts:\n  - path: {}\n    url: https://www.example.org/blog/{{slug}}/\n    digest: {{when: [{{title: weekly}}]}}\narticles: {{fetch: false}}\n",
        posts.canonicalize().expect("a folder").display()
    );
    std::fs::write(site.join("feedloom.yaml"), config).expect("a file");
}

/// Half posts, half digests; the same every time.
fn synthetic(site: &Path, posts: usize) {
    project_files(site);
    std::fs::create_dir_all(site.join("posts")).expect("a folder");
    let config = "title: Bench\nurl: https://feeds.example.org/\nposts:\n  - path: posts\n    url: https://www.example.org/blog/{slug}/\n    digest: {when: [{categories: Weekly}]}\narticles: {fetch: false}\n";
    std::fs::write(site.join("feedloom.yaml"), config).expect("a file");
    let mut state = 0x2545_F491_4F6C_DD1Du64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("small")
    };
    for n in 0..posts {
        let name = NAMES[random(NAMES.len())];
        let day = format!("{}-{:02}-{:02}", 2000 + n % 24, n % 12 + 1, n % 28 + 1);
        let digest = n % 2 == 0;
        let category = if digest { "Weekly" } else { "Blog" };
        let mut text = format!(
            "---\ntitle: \"Number {n} on {name}\"\ndate: {day}T10:00:00+08:00\ncategories: {category}\n---\n\n"
        );
        if digest {
            text.push_str("### 每周读者问答\n\n");
            for k in 0..3 {
                let of = NAMES[random(NAMES.len())];
                let _ = write!(
                    text,
                    "**{k}、@reader{n}** 提问：\n\n> 请问第 {n}-{k} 个配置怎么写？试过文档里的办法，没有生效。\n\nA：参考文档第 {} 节，改完之后重启一次。\n\n{of}：[https://github.com/forest/{of}](https://github.com/forest/{of})\n\n",
                    random(1000)
                );
            }
            text.push_str("### 本周推荐阅读\n\n");
            for _ in 0..4 {
                let link = random(posts * 2);
                let _ = writeln!(
                    text,
                    "- [{} 的实践之路，第 {link} 篇](https://articles.example.com/p/{link})",
                    NAMES[link % NAMES.len()]
                );
            }
        } else {
            for paragraph in 0..12 {
                let _ = write!(text, "## 小节 {paragraph}\n\n");
                for _ in 0..30 {
                    text.push_str(["服务网格", "cloud ", "部署", "practice ", "扩展机制", "with care "][random(6)]);
                }
                text.push_str("。\n\n");
            }
        }
        std::fs::write(site.join(format!("posts/post-{n}.md")), text).expect("a post");
    }
}
