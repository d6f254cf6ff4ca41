//! Which pictures of an entry are shown, and where: at their own address, from here, or
//! not at all (`articles.hosts`: `images`). Pure.

use std::collections::BTreeSet;

use super::base_of;
use super::html::card::has_page;
use crate::config::{ImageMode, Site};
use crate::entry::Entry;
use crate::normalize::html::{Picture, may_have_pictures, sanitise, with_pictures};
use crate::source::post::PICTURES;

/// The folder of pictures that are published from here.
pub const FOLDER: &str = "assets/images/";

/// The name of a file with `bytes` in it.
pub fn file_name(bytes: &[u8], ending: &str) -> String {
    format!("{}.{ending}", &blake3::hash(bytes).to_hex()[..32])
}

/// Where a picture of `entry` is shown.
pub fn place(address: &str, entry: &Entry, site: &Site) -> Picture {
    match mode(address, entry, site) {
        ImageMode::Link => Picture::Stays,
        ImageMode::Drop => Picture::Goes,
        ImageMode::Mirror => match entry.pictures.get(address) {
            Some(file) => Picture::At(address_of(file, site)),
            None => Picture::Goes,
        },
    }
}

/// Whether an address is that of something beside the posts whose pages are made here.
pub fn is_beside(address: &str, site: &Site) -> bool {
    address.strip_prefix(site.url.as_str()).is_some_and(|rest| rest.starts_with(PICTURES))
}

fn mode(address: &str, entry: &Entry, site: &Site) -> ImageMode {
    if is_beside(address, site) { ImageMode::Mirror } else { site.articles.images(address, &entry.link) }
}

/// Sanitised HTML of `entry` with every picture where it is shown.
pub fn in_place(html: String, entry: &Entry, site: &Site) -> String {
    with_pictures(html, |address| place(address, entry, site))
}

/// The addresses of all pictures that are to be published from here for `entry`, if they can be had.
pub fn wanted(entry: &Entry, site: &Site) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    if !site.articles.mirrors() && !is_beside(&entry.link, site) {
        return found;
    }
    let is_mirrored = |address: &str| {
        let on_web = address.starts_with("https://") || address.starts_with("http://");
        on_web && mode(address, entry, site) == ImageMode::Mirror
    };
    // What is too long is not published, in feeds and on pages.
    let limit = site.output.entry_bytes;
    if entry.html.len() <= limit * 4 && may_have_pictures(&entry.html) {
        let body = sanitise(&entry.html, base_of(entry).as_ref());
        let there = address_of(&file_name(&[], "webp"), site);
        let body = with_pictures(body, |address| match is_mirrored(address) {
            true => {
                found.insert(address.to_owned());
                Picture::At(there.clone())
            }
            false => place(address, entry, site),
        });
        if body.len() > limit && !has_page(entry.kind) && !entry.link.starts_with(site.url.as_str()) {
            found.clear();
        }
    }
    found.extend(entry.image.clone().filter(|address| is_mirrored(address)));
    found
}

fn address_of(file: &str, site: &Site) -> String {
    format!("{}{FOLDER}{file}", site.url)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigFile, ConfigFiles, load};
    use crate::entry::Kind;
    use crate::output::html::card::{Body, example};
    use crate::output::html::players::Stage;

    fn site(articles: &str) -> Site {
        let text = format!(
            "title: T\nurl: https://feeds.example.org/\noutput: {{entry_bytes: 1KiB}}\narticles: {{hosts: {{{articles}}}}}\n"
        );
        let site = ConfigFile { path: "feedloom.yaml".into(), text };
        load(&ConfigFiles { site, projects: Vec::new(), overrides: None, words: Vec::new() }).unwrap()
    }

    fn entry(html: &str) -> Entry {
        let mut entry = example(Kind::Article);
        entry.link = "https://blog.example.net/a/".to_owned();
        entry.html = html.to_owned();
        entry.mentions.clear();
        entry
    }

    #[test]
    fn what_is_wanted_is_what_would_be_shown() {
        let site = site("far.example: {images: mirror}, near.example: {images: link}");
        let picture = |address: &str| format!("<p><img src=\"{address}\"></p>");
        let far = "https://far.example/a?b=1&c=2";
        let html = [picture("https://far.example/a?b=1&amp;c=2"), picture("https://near.example/b"), picture("/c")];
        let mut of = entry(&html.concat());
        assert_eq!(wanted(&of, &site), BTreeSet::from([far.to_owned()]));
        assert_eq!(
            in_place(sanitise(&of.html, base_of(&of).as_ref()), &of, &site),
            picture("https://near.example/b") + &picture("https://blog.example.net/c")
        );
        of.pictures.insert(far.to_owned(), file_name(b"x", "png"));
        let shown = in_place(sanitise(&of.html, base_of(&of).as_ref()), &of, &site);
        let here = format!("https://feeds.example.org/assets/images/{}.png", &blake3::hash(b"x").to_hex()[..32]);
        assert!(shown.starts_with(&picture(&here)), "{shown}");
        // Hosts below it; the picture of the whole entry; frames with a picture before them.
        of.image = Some("https://cdn.far.example/cover".to_owned());
        of.html = "<video src=\"https://x.example/v\" poster=\"https://far.example/p\"></video>".to_owned();
        let expected = ["https://cdn.far.example/cover", "https://far.example/p"];
        assert_eq!(wanted(&of, &site), expected.map(str::to_owned).into());
        // Nothing of a text that is not published, but what is shown without it.
        of.html = picture(far) + &"words ".repeat(300);
        assert_eq!(wanted(&of, &site).len(), 1);
        of.html = picture(far) + &"words ".repeat(100);
        assert_eq!(wanted(&of, &site).len(), 2);
    }

    #[test]
    fn pages_show_what_feeds_show() {
        let site = site("far.example: {images: mirror}, closed.example: {images: drop}");
        let mut question = example(Kind::Question);
        let far = "https://far.example/a";
        question.html = format!(
            "<blockquote><p>Why?</p></blockquote><p>So: <img src=\"{far}\"> <img src=\"https://closed.example/b\"></p>"
        );
        let shown = |entry: &Entry| {
            Body::new(entry, &site, &mut Stage::new(&|_| None, ""))
                .turns
                .iter()
                .map(|t| t.html.clone())
                .collect::<String>()
        };
        assert!(!shown(&question).contains("<img") && shown(&question).contains("So:"), "{}", shown(&question));
        question.pictures.insert(far.to_owned(), "x.png".to_owned());
        let shown = shown(&question);
        assert!(shown.contains("<img src=\"https://feeds.example.org/assets/images/x.png\">"), "{shown}");
        assert_eq!(shown.matches("<img").count(), 1);
    }

    #[test]
    fn nothing_is_wanted_that_nobody_asked_for() {
        for articles in ["", "far.example: {images: drop}", "other.example: {images: mirror}"] {
            let of = entry("<img src=\"https://far.example/a\"><img src=\"https://mmbiz.qpic.cn/a\">");
            assert_eq!(wanted(&of, &site(articles)), BTreeSet::new(), "{articles}");
        }
        // The rule of the page is that of its pictures; what is no address of the web is none.
        let of = entry("<img src=\"https://far.example/a\"><img src=\"data:image/png;base64,iVBORw0KGgo=\">");
        let found = wanted(&of, &site("blog.example.net: {images: mirror}"));
        assert!(
            found.contains("https://far.example/a") && found.iter().all(|a| a.starts_with("https://")),
            "{found:?}"
        );
    }
}
