//! Pictures of hosts that show them nowhere else: copied once, shown from here, and gone
//! when nothing shows them any more (`images: mirror`).

use std::collections::BTreeMap;
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use feedloom::run::Severity;
use feedloom::run::fetching::Asking;
use feedloom::run::refresh::Report;

use super::articles::{Linked, fixed, html, page};
use super::server::{After, Request, Server, reply};
use super::site::Site;

/// What a host of pictures sends, by path, and what it calls it.
type Pictures = BTreeMap<&'static str, (&'static str, Vec<u8>)>;

fn png(says: &str) -> Vec<u8> {
    [b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", says.as_bytes()].concat()
}

/// Says that it has everything, and nothing of what it has not; `wrong` is no picture there.
fn host(pictures: &Pictures) -> impl Fn(&Request, &mut TcpStream) -> After + Send + Sync + use<> {
    let pictures = pictures.clone();
    move |request, stream| match pictures.get(request.path.as_str()) {
        Some((kind, bytes)) => reply(stream, 200, &format!("Content-Type: {kind}\r\n"), bytes),
        None => reply(stream, 404, "", b"none"),
    }
}

/// A blog whose article `/NAME` shows the pictures that `shown` has under its name.
fn blog(shown: &[(&'static str, Vec<String>)]) -> impl Fn(&Request, &mut TcpStream) -> After + Send + Sync + use<> {
    let shown: BTreeMap<String, Vec<String>> = shown.iter().map(|(n, p)| (format!("/{n}"), p.clone())).collect();
    move |request, stream| {
        let Some(pictures) = shown.get(&request.path) else { return reply(stream, 404, "", b"none") };
        let name = request.path.trim_start_matches('/');
        let shown: String = pictures
            .iter()
            .map(|p| format!("<p><img src=\"{}\" width=\"640\" alt=\"a picture\"></p>", p.replace('&', "&amp;")))
            .collect();
        let text = page(&format!("Title of {name} on MOSN"), name).replace("</h1>", &format!("</h1>{shown}"));
        html(stream, "", &text.replace("/cover.png", &pictures[0].replace('&', "&amp;")))
    }
}

/// Files in the folder of copied pictures, by name, with their bytes.
fn copied(linked: &Linked) -> BTreeMap<String, Vec<u8>> {
    let all = linked.site.published().into_iter();
    all.filter_map(|(path, (bytes, _))| Some((path.strip_prefix("assets/images/")?.to_owned(), bytes))).collect()
}

fn bytes_of(linked: &Linked) -> BTreeMap<String, Vec<u8>> {
    // What tells when something was is not the same in another run.
    let all = linked.site.published().into_iter().filter(|(path, _)| !path.starts_with("health"));
    all.map(|(path, (bytes, _))| (path, bytes)).collect()
}

fn address(bytes: &[u8], ending: &str) -> String {
    format!("https://feeds.example.org/assets/images/{}.{ending}", &blake3::hash(bytes).to_hex()[..32])
}

fn offline() -> Asking {
    Asking { offline: true, ..Asking::default() }
}

fn asked(report: &Report) -> (usize, usize, usize) {
    (report.pictures.pictures, report.pictures.kept, report.pictures.failed)
}

const MIRROR: &str = "content: full, hosts: {127.0.1.2: {images: mirror}}";

#[test]
fn pictures_are_copied_once_and_shown_from_here() {
    let jpeg = b"\xff\xd8\xff\xe0\0\x10JFIF of one".to_vec();
    let webp = b"RIFF\x20\0\0\0WEBPVP8 and more".to_vec();
    let pictures = Pictures::from([
        ("/cover?wx_fmt=png&tp=webp", ("text/plain", png("cover"))),
        ("/one.jpg", ("image/jpeg", jpeg.clone())),
        ("/two", ("image/webp", webp.clone())),
        // The same once more, at another address.
        ("/again", ("image/jpeg", jpeg.clone())),
    ]);
    let far = Server::start("127.0.1.2", host(&pictures));
    let open = Server::start("127.0.1.3", host(&pictures));
    let at = |server: &Server, path: &str| server.url(path).to_string();
    let shown = [
        ("a", vec![at(&far, "/cover?wx_fmt=png&tp=webp"), at(&far, "/one.jpg"), at(&open, "/one.jpg")]),
        ("b", vec![at(&far, "/two"), at(&far, "/again"), at(&far, "/one.jpg")]),
    ];
    let server = Server::start("127.0.1.1", blog(&shown));
    let (a, b) = (at(&server, "/a"), at(&server, "/b"));
    let mut linked = Linked::new(MIRROR);
    linked.weekly(1, &[("The first", &a)]);
    linked.weekly(2, &[("The second", &b)]);
    linked.run_with(&offline(), TimeDelta::minutes(1));
    let before = (fixed(&linked.entry(&a)), fixed(&linked.entry(&b)));
    let report = linked.run();
    assert_eq!(asked(&report), (4, 4, 0), "{:?}", report.problems);
    assert_eq!(report.problems, []);
    for path in pictures.keys() {
        assert_eq!(far.count(path), 1, "{path}");
    }
    assert!(far.requests().iter().all(|r| r.header("referer").is_none() && r.header("cookie").is_none()));
    assert!(open.requests().is_empty(), "who lets others show pictures is left alone");
    // The pages, the feeds, the entries: all of them show what is here.
    let content = linked.content("all", &a);
    for own in [address(&png("cover"), "png"), address(&jpeg, "jpg"), at(&open, "/one.jpg")] {
        assert!(content.contains(&format!("<img src=\"{own}\"")), "{own} in {content}");
    }
    assert_eq!(linked.entry(&a)["image"], address(&png("cover"), "png").as_str());
    assert_eq!(linked.entry(&b)["image"], address(&webp, "webp").as_str());
    let files = copied(&linked);
    assert_eq!(files.len(), 3, "{:?}", files.keys());
    for (bytes, ending) in [(&png("cover"), "png"), (&jpeg, "jpg"), (&webp, "webp")] {
        let name = address(bytes, ending).rsplit_once('/').expect("a name").1.to_owned();
        assert_eq!(files.get(&name), Some(bytes));
    }
    for (path, (bytes, _)) in linked.site.published() {
        assert!(!String::from_utf8_lossy(&bytes).contains("127.0.1.2"), "{path} leads there");
    }
    assert_eq!((fixed(&linked.entry(&a)), fixed(&linked.entry(&b))), before, "no date moves");
    let status = linked.status();
    assert_eq!((&status["pictures"], &status["pictures_missing"]), (&4.into(), &0.into()));
    // Nothing is asked for or written again, whatever else happens.
    let published = linked.site.published();
    let requests = far.requests().len();
    for later in [TimeDelta::hours(1), TimeDelta::days(40)] {
        let report = linked.run_with(&Asking::default(), later);
        assert_eq!((asked(&report), report.built.written), ((0, 0, 0), 0));
    }
    let build = linked.site.run(&["build"]);
    assert_eq!(build.status, 0, "{}", build.err);
    assert_eq!(linked.site.published(), published);
    linked.site.post("new.md", "A new post", "2024-05-05T08:00:00Z", "About nothing.");
    linked.run();
    assert_eq!((copied(&linked), far.requests().len()), (files, requests));
    // A file that somebody took away comes back.
    let name = copied(&linked).into_keys().next().expect("a file");
    std::fs::remove_file(linked.site.path(&format!("public/assets/images/{name}"))).expect("removed");
    let whole = linked.site.run(&["build"]);
    assert!(whole.status == 0 && copied(&linked).contains_key(&name) && copied(&linked).len() == 3);
    assert_eq!(far.requests().len(), requests);
    // The store can be lost: what was in it is asked for, and the same comes of it.
    let before = bytes_of(&linked);
    std::fs::remove_file(linked.site.path(".feedloom/store.sqlite")).expect("removed");
    let report = linked.run();
    assert_eq!(asked(&report), (4, 4, 0));
    let after = bytes_of(&linked);
    for (path, bytes) in &before {
        assert!(after.get(path) == Some(bytes), "{path} is another");
    }
    assert_eq!(after.len(), before.len());
}

#[test]
fn what_is_no_picture_is_left_out_and_asked_for_later() {
    let huge = [png(""), vec![7; 3 << 20]].concat();
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>".to_vec();
    let pictures = Pictures::from([
        ("/page.png", ("image/png", b"<!DOCTYPE html><title>This picture is shown on our pages only</title>".to_vec())),
        ("/huge.png", ("image/png", huge)),
        ("/drawing.svg", ("image/svg+xml", svg)),
        ("/good.png", ("image/png", png("good"))),
    ]);
    let healed = Arc::new(Mutex::new(false));
    let heals = Arc::clone(&healed);
    let answer = host(&pictures);
    let far = Server::start("127.0.1.2", move |request, stream| match request.path.as_str() {
        "/page.png" if *heals.lock().expect("a flag") => reply(stream, 200, "", &png("now it is one")),
        "/private/a.png" => reply(stream, 200, "", &png("a secret")),
        "/robots.txt" => reply(stream, 200, "", b"User-agent: *\nDisallow: /private/\n"),
        _ => answer(request, stream),
    });
    let bad = ["/page.png", "/huge.png", "/drawing.svg", "/none.png", "/private/a.png"];
    let shown: Vec<String> = bad.iter().chain(&["/good.png"]).map(|p| far.url(p).to_string()).collect();
    let server = Server::start("127.0.1.1", blog(&[("a", shown)]));
    let a = server.url("/a").to_string();
    let mut linked = Linked::new(MIRROR);
    linked.weekly(1, &[("The first", &a)]);
    let report = linked.run();
    assert_eq!(asked(&report), (6, 1, 5), "{:?}", report.problems);
    assert_eq!(copied(&linked).into_values().collect::<Vec<_>>(), [png("good")]);
    let content = linked.content("all", &a);
    assert_eq!(content.matches("<img").count(), 1, "{content}");
    assert!(content.contains(&address(&png("good"), "png")) && !content.contains("127.0.1.2"), "{content}");
    assert_eq!(linked.entry(&a)["image"], serde_json::Value::Null);
    assert_eq!(far.count("/private/a.png"), 0);
    let status = linked.status();
    assert_eq!((&status["pictures"], &status["pictures_missing"]), (&1.into(), &5.into()));
    let expected = serde_json::json!({
        "no-picture": {"127.0.1.2": 2}, "not-found": {"127.0.1.2": 1}, "robots": {"127.0.1.2": 1}, "too-large": {"127.0.1.2": 1},
    });
    assert_eq!(status["pictures_refused"], expected);
    let told = linked.site.run(&["status"]).out;
    assert!(told.contains("pictures: 1 copied, 5 missing\n  no-picture: 127.0.1.2 2\n"), "{told}");
    let requests = far.requests().len();
    assert_eq!(asked(&linked.run()), (0, 0, 0));
    assert_eq!(far.requests().len(), requests, "not at once");
    *healed.lock().expect("a flag") = true;
    let report = linked.run_with(&Asking::default(), TimeDelta::hours(30));
    assert_eq!(report.pictures.kept, 1, "{:?}", report.pictures);
    assert_eq!(linked.entry(&a)["image"], address(&png("now it is one"), "png").as_str());
    assert_eq!((far.count("/page.png"), far.count("/huge.png"), far.count("/good.png")), (2, 2, 1));
    // The second failure puts them off for longer.
    linked.run_with(&Asking::default(), TimeDelta::hours(30));
    assert_eq!(far.count("/huge.png"), 2);
    // An operator who decides otherwise about robots.txt is heard at once.
    linked.configure(&MIRROR.replace("images: mirror", "images: mirror, robots: ignore"));
    linked.run();
    assert_eq!(far.count("/private/a.png"), 1);
    assert!(linked.content("all", &a).contains(&address(&png("a secret"), "png")));
}

#[test]
fn pictures_go_with_what_shows_them_and_no_other_file_does() {
    let pictures = Pictures::from([
        ("/a.png", ("image/png", png("a"))),
        ("/b.png", ("image/png", png("b"))),
        ("/both.png", ("image/png", png("both"))),
        ("/own.png", ("image/png", png("own"))),
    ]);
    let far = Server::start("127.0.1.2", host(&pictures));
    let at = |path: &str| far.url(path).to_string();
    let shown = [("a", vec![at("/a.png"), at("/both.png")]), ("b", vec![at("/b.png"), at("/both.png")])];
    let server = Server::start("127.0.1.1", blog(&shown));
    let (a, b) = (server.url("/a").to_string(), server.url("/b").to_string());
    let mut linked = Linked::new(MIRROR);
    linked.weekly(1, &[("The first", &a)]);
    linked.weekly(2, &[("The second", &b)]);
    // A post of our own shows one, too.
    linked.site.post("own.md", "An own post", "2024-05-05T08:00:00Z", &format!("See ![it]({}).", at("/own.png")));
    linked.run();
    assert_eq!(copied(&linked).len(), 4);
    let own = linked.content("all", "https://www.example.org/blog/own/");
    assert!(own.contains(&address(&png("own"), "png")), "{own}");
    linked.site.write("public/assets/images/0123456789abcdef0123456789abcdef.png", "not ours");
    linked.site.write("overrides.yaml", format!("\"{a}\": {{hide: true}}\n"));
    linked.run();
    let left: Vec<Vec<u8>> = copied(&linked).into_values().collect();
    let expected = [png("b"), png("both"), png("own"), b"not ours".to_vec()];
    assert!(left.len() == 4 && expected.iter().all(|p| left.contains(p)));
    // It comes back without being asked for again.
    std::fs::remove_file(linked.site.path("overrides.yaml")).expect("removed");
    let report = linked.run();
    assert_eq!((report.pictures.kept, far.count("/a.png"), copied(&linked).len()), (0, 1, 5));
    // Another decision: nothing is shown from here any more.
    for (mode, is_linked) in [("drop", false), ("link", true)] {
        linked.configure(&MIRROR.replace("mirror", mode));
        linked.run();
        assert_eq!(copied(&linked).into_values().collect::<Vec<_>>(), [b"not ours".to_vec()], "{mode}");
        let content = linked.content("all", &a);
        assert_eq!(content.contains(&at("/a.png")), is_linked, "{content}");
        assert_eq!(linked.entry(&a)["image"].as_str(), is_linked.then(|| at("/a.png")).as_deref());
    }
    assert_eq!((far.count("/a.png"), far.count("/b.png"), far.count("/both.png")), (1, 1, 1));
}

#[test]
fn link_and_drop_ask_for_nothing() {
    let far = Server::start("127.0.1.2", host(&Pictures::new()));
    let server = Server::start("127.0.1.1", blog(&[("a", vec![far.url("/a.png").to_string()])]));
    let a = server.url("/a").to_string();
    for rule in ["hosts: {127.0.1.2: {images: link}}", "hosts: {127.0.1.2: {images: drop}}", "content: full"] {
        let mut linked = Linked::new(rule);
        linked.weekly(1, &[("The first", &a)]);
        linked.run();
        assert_eq!(linked.content("all", &a).contains("<img"), !rule.contains("drop"), "{rule}");
        assert!(far.requests().is_empty() && copied(&linked).is_empty(), "{rule}");
    }
}

#[test]
fn there_are_not_more_bytes_than_there_is_room_for() {
    let large = |n: u8| [png(""), vec![n; 1_600_000]].concat();
    let pictures = Pictures::from([
        ("/1.png", ("image/png", large(1))),
        ("/2.png", ("image/png", large(2))),
        ("/3.png", ("image/png", large(3))),
    ]);
    let far = Server::start("127.0.1.2", host(&pictures));
    let at = |path: &str| vec![far.url(path).to_string()];
    let server = Server::start("127.0.1.1", blog(&[("1", at("/1.png")), ("2", at("/2.png")), ("3", at("/3.png"))]));
    let page = |n: u32| server.url(&format!("/{n}")).to_string();
    let mut linked = Linked::new(&format!("images_bytes: 5MiB, {MIRROR}"));
    for n in 1..=3 {
        linked.weekly(n, &[(&format!("Number {n}"), &page(n))]);
    }
    let report = linked.run();
    assert_eq!(asked(&report), (2, 2, 0));
    let notes: Vec<_> = report.problems.iter().filter(|p| p.text.contains("images_bytes")).collect();
    assert!(notes.len() == 1 && notes[0].severity == Severity::Note, "{:?}", report.problems);
    // The newest are the first.
    assert!(copied(&linked).into_values().all(|bytes| bytes != large(1)) && copied(&linked).len() == 2);
    assert_eq!((asked(&linked.run()), far.count("/1.png")), ((0, 0, 0), 0));
    // What is shown no more makes room.
    linked.site.write("overrides.yaml", format!("\"{}\": {{hide: true}}\n", page(3)));
    assert_eq!(asked(&linked.run()), (1, 1, 0));
    assert!(copied(&linked).into_values().all(|bytes| bytes != large(3)) && copied(&linked).len() == 2);
    assert_eq!(linked.entry(&page(1))["image"], address(&large(1), "png").as_str());
}

#[test]
fn a_host_has_its_budget_and_the_rest_comes_later() {
    let names: Vec<String> = (0..7).map(|n| format!("/{n}.png")).collect();
    let far = Server::start("127.0.1.2", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b"none"),
        path => reply(stream, 200, "", &png(path)),
    });
    let shown = names.iter().map(|n| far.url(n).to_string()).collect();
    let server = Server::start("127.0.1.1", blog(&[("a", shown)]));
    let a = server.url("/a").to_string();
    let mut linked = Linked::new(&format!("per_host_per_day: 3, {MIRROR}"));
    linked.weekly(1, &[("The first", &a)]);
    assert_eq!(linked.run().pictures.kept, 3);
    assert_eq!(linked.content("all", &a).matches("assets/images/").count(), 3);
    assert_eq!(linked.run().pictures.kept, 0);
    for (kept, all) in [(3, 6), (1, 7), (0, 7)] {
        assert_eq!(linked.run_with(&Asking::default(), TimeDelta::days(1)).pictures.kept, kept);
        assert_eq!(copied(&linked).len(), all);
    }
    assert!(names.iter().all(|n| far.count(n) == 1));
}

#[test]
fn what_does_not_come_in_time_comes_in_the_next_run() {
    let names: Vec<String> = (0..12).map(|n| format!("/{n}.png")).collect();
    let far = Server::start("127.0.1.2", |request, stream| {
        std::thread::sleep(Duration::from_millis(300));
        reply(stream, 200, "", &png(&request.path))
    });
    let shown = names.iter().map(|n| far.url(n).to_string()).collect();
    let server = Server::start("127.0.1.1", blog(&[("a", shown)]));
    let a = server.url("/a").to_string();
    let mut linked = Linked::new(&MIRROR.replace("images: mirror", "images: mirror, robots: ignore"));
    linked.site.write("feedloom.yaml", linked.site.read("feedloom.yaml").replace("per_host: 8", "per_host: 1"));
    linked.weekly(1, &[("The first", &a)]);
    let begun = Instant::now();
    let deadline = Some(Duration::from_millis(1800));
    let first = linked.run_with(&Asking { deadline, ..Asking::default() }, TimeDelta::hours(1));
    assert!(begun.elapsed() < Duration::from_secs(6), "{:?}", begun.elapsed());
    assert!((1..12).contains(&first.pictures.kept), "{:?}", first.pictures);
    assert_eq!((first.pictures.failed, copied(&linked).len()), (0, first.pictures.kept));
    assert_eq!(linked.run().pictures.kept, 12 - first.pictures.kept);
    assert_eq!(linked.content("all", &a).matches("assets/images/").count(), 12);
    // The one that was under way when time was up.
    assert!(far.requests().len() <= 13, "{}", far.requests().len());
}

#[test]
fn hosts_that_are_not_there_are_told_of_once() {
    // Ports where nobody listens.
    let shown = vec!["http://127.0.1.2:59991/a.png".to_owned(), "http://127.0.1.2:59992/b.png".to_owned()];
    let server = Server::start("127.0.1.1", blog(&[("a", shown)]));
    let a = server.url("/a").to_string();
    let mut linked = Linked::new(MIRROR);
    linked.weekly(1, &[("The first", &a)]);
    for _ in 0..2 {
        let report = linked.run();
        let told: Vec<_> = report.problems.iter().filter(|p| p.text.contains("is this machine offline?")).collect();
        assert_eq!(told.len(), 1, "{:?}", report.problems);
        assert_eq!(asked(&report), (0, 0, 0));
    }
    assert!(!linked.content("all", &a).contains("<img"));
    let report = linked.run_with(&offline(), TimeDelta::hours(1));
    assert_eq!(report.problems, []);
}

#[test]
fn a_host_that_wants_a_pause_keeps_no_other_pictures_away() {
    let far = Server::start("127.0.1.2", |request, stream| match request.path.as_str() {
        "/robots.txt" => reply(stream, 404, "", b""),
        _ => reply(stream, 429, "Retry-After: 7200\r\n", b"too often"),
    });
    let pictures = Pictures::from([("/a.png", ("image/png", png("a"))), ("/b.png", ("image/png", png("b")))]);
    let near = Server::start("127.0.1.4", host(&pictures));
    let at = |server: &Server, path: &str| server.url(path).to_string();
    let mut all: Vec<String> = (0..6).map(|n| at(&far, &format!("/{n}.png"))).collect();
    all.extend(["/a.png", "/b.png"].map(|path| at(&near, path)));
    let server = Server::start("127.0.1.1", blog(&[("a", all)]));
    // There is room for two at once: the pause of the first host ends all that are under way.
    let mut linked = Linked::new(
        "content: full, images_bytes: 5MiB, hosts: {127.0.1.2: {images: mirror}, 127.0.1.4: {images: mirror}}",
    );
    linked.weekly(1, &[("The first", &at(&server, "/a"))]);
    let report = linked.run();
    assert_eq!(report.pictures.kept, 2, "{report:?}");
    assert_eq!(copied(&linked).len(), 2);
    assert!(far.requests().iter().filter(|r| r.path != "/robots.txt").count() <= 2, "{:?}", far.requests().len());
}

#[test]
fn pictures_beside_posts_whose_pages_are_made_here_are_published() {
    let site = Site::new();
    site.write("feedloom.yaml", "title: T\nurl: https://feeds.example.org/\nposts: posts\n");
    let png = |byte: u8| [b"\x89PNG\r\n\x1a\n".as_slice(), &[byte; 40]].concat();
    std::fs::create_dir_all(site.path("posts/sub/img")).expect("folders");
    site.write("posts/sub/img/ü 图.png", png(1));
    site.write("posts/a.png", png(2));
    std::os::unix::fs::symlink("/etc/passwd", site.path("posts/link.png")).expect("a link");
    site.write("posts/sub/b.md", "---\ntitle: B\ndate: 2024-01-01\n---\n![x](<img/ü 图.png>) ![y](../a.png)\n");
    site.write(
        "posts/c.md",
        "---\ntitle: C\ndate: 2024-01-02\n---\n![x](gone.png) ![y](link.png) ![z](../feedloom.yaml)\n",
    );
    let run = site.refresh();
    for missing in ["gone.png` is not shown", "link.png` is not shown"] {
        assert!(run.err.contains(missing), "{}", run.err);
    }
    let (page, feed) = (site.read("public/all/feed.json"), site.read("public/all/atom.xml"));
    for text in [&page, &feed] {
        assert!(text.matches("assets/images/").count() >= 2, "{text}");
        assert!(!text.contains("gone.png") && !text.contains("link.png"), "{text}");
    }
    let files = std::fs::read_dir(site.path("public/assets/images")).expect("a folder").count();
    assert_eq!(files, 2);
    assert!(site.refresh().out.contains("nothing changed"));
}
