//! HTML made safe: allowed elements and attributes, absolute addresses, bounded nesting.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use url::Url;

use super::scan::{Token, attribute, contains_tag, has_word, tokens};
use super::{elements, escape, formulas};
use crate::normalize::{address, text};

/// Deeper tags are dropped: nobody nests text this deep by hand.
const MAX_DEPTH: usize = 256;

/// Pictures inside the address itself are kept up to this many bytes.
const MAX_DATA_URL: usize = 4096;

/// Sanitised HTML for feeds: only allowed elements, absolute addresses, no frames
/// (a linked line instead), no scripts, no styles.
pub fn sanitise(html: &str, base: Option<&Url>) -> String {
    let html = bound_depth(html);
    let html = formulas(&html);
    let html = frames_to_links(&html, base);
    let relative = match base {
        Some(base) => ammonia::UrlRelative::RewriteWithBase(base.clone()),
        None => ammonia::UrlRelative::Deny,
    };
    thread_local! {
        // Making one costs more than cleaning a short text.
        static BUILDER: RefCell<ammonia::Builder<'static>> = RefCell::new(builder());
    }
    let clean = BUILDER.with_borrow_mut(|builder| builder.url_relative(relative).clean(&html));
    let mut bytes = Vec::with_capacity(html.len() + html.len() / 8);
    // Writing into memory cannot fail, and what is written was text.
    let clean = clean.write_to(&mut bytes).ok().and_then(|()| text::utf8(&bytes)).unwrap_or_default();
    text::scrubbed(without_empty_pictures(clean))
}

/// A picture whose address was refused shows nothing.
fn without_empty_pictures(html: String) -> String {
    if !html.contains("<img") {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    for token in tokens(&html) {
        match token {
            Token::Open { ref name, raw } if name == "img" && !raw.contains(" src=") => {}
            Token::Open { raw, .. } | Token::Close { raw, .. } | Token::Text { raw } | Token::Other { raw } => {
                out.push_str(raw);
            }
        }
    }
    out
}

fn builder() -> ammonia::Builder<'static> {
    let tags = HashSet::from([
        "a", "abbr", "acronym", "b", "bdi", "bdo", "big", "blockquote", "br", "caption", "center", "cite", "code",
        "col", "colgroup", "dd", "del", "details", "dfn", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2",
        "h3", "h4", "h5", "h6", "hr", "i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "rp", "rt",
        "ruby", "s", "samp", "small", "span", "strike", "strong", "sub", "summary", "sup", "table", "tbody", "td",
        "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var", "wbr",
    ]);
    let attributes = HashMap::from([
        ("a", HashSet::from(["href"])),
        ("img", HashSet::from(["src", "alt", "width", "height"])),
        ("td", HashSet::from(["colspan", "rowspan", "align"])),
        ("th", HashSet::from(["colspan", "rowspan", "align"])),
        ("col", HashSet::from(["span"])),
        ("colgroup", HashSet::from(["span"])),
        ("ol", HashSet::from(["start"])),
        ("q", HashSet::from(["cite"])),
        ("blockquote", HashSet::from(["cite"])),
        ("time", HashSet::from(["datetime"])),
        ("bdo", HashSet::from(["dir"])),
    ]);
    let mut builder = ammonia::Builder::empty();
    builder
        .tags(tags)
        .clean_content_tags(HashSet::from([
            "script", "style", "template", "noscript", "object", "embed", "form", "select", "math", "svg",
        ]))
        .tag_attributes(attributes)
        .generic_attributes(HashSet::from(["title", "lang", "dir"]))
        .url_schemes(HashSet::from(["http", "https", "mailto", "data"]))
        .link_rel(None)
        .strip_comments(true)
        .attribute_filter(|element, attribute, value| match (element, attribute) {
            ("img", "src") => picture(value).map(Cow::Owned),
            ("img", "width" | "height") => {
                let number = value.trim_end_matches("px");
                (number.len() <= 5 && !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit()))
                    .then(|| Cow::Owned(number.to_owned()))
            }
            (_, "href") => link(value).map(Cow::Owned),
            // It is never made absolute: one that is not so leads nowhere.
            (_, "cite") => link(value).filter(|l| Url::parse(l).is_ok()).map(Cow::Owned),
            (_, "lang") => crate::config::is_language(value).then_some(Cow::Borrowed(value)),
            (_, "dir") => matches!(value, "ltr" | "rtl" | "auto").then_some(Cow::Borrowed(value)),
            (_, "start" | "span" | "colspan" | "rowspan") => {
                (value.len() <= 4 && !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()))
                    .then_some(Cow::Borrowed(value))
            }
            (_, "align") => matches!(value, "left" | "right" | "center").then_some(Cow::Borrowed(value)),
            _ => Some(Cow::Borrowed(value)),
        });
    builder
}

/// An address that is linked: as it is written where readers take it so, else in its
/// normal form (`HTTP://a.b`, `http:/a.b/x`). What is relative stays so: it is made
/// absolute afterwards.
fn link(value: &str) -> Option<String> {
    let value = value.trim();
    let url = match Url::parse(value) {
        Ok(url) => url,
        Err(url::ParseError::RelativeUrlWithoutBase) => return (!value.is_empty()).then(|| value.to_owned()),
        Err(_) => return None,
    };
    let start = match url.scheme() {
        "http" => "http://",
        "https" => "https://",
        "mailto" => "mailto:",
        _ => return None,
    };
    // Parsers pass over control characters, even inside of the scheme.
    let is_plain = value.starts_with(start) && !value.contains(char::is_control);
    Some(if is_plain { value.to_owned() } else { url.into() })
}

/// Pictures by http or https; small ones may be inside the address, but no SVG.
fn picture(value: &str) -> Option<String> {
    const SCHEME: &str = "data:";
    const INSIDE: [&str; 4] = ["image/png", "image/gif", "image/jpeg", "image/webp"];
    let value = value.trim();
    let behind = |start: &str, text: &str| {
        text.get(..start.len()).is_some_and(|s| s.eq_ignore_ascii_case(start)).then(|| text[start.len()..].to_owned())
    };
    if let Some(rest) = behind(SCHEME, value) {
        let (kind, rest) = INSIDE.iter().find_map(|kind| Some((kind, behind(kind, &rest)?)))?;
        return (value.len() <= MAX_DATA_URL).then(|| format!("{SCHEME}{kind}{rest}"));
    }
    link(value).filter(|address| !address.starts_with("mailto:"))
}

/// Frames and players become a line with a link: validators refuse them in feeds. So do boxes
/// that may be ticked, which become signs.
fn frames_to_links<'h>(html: &'h str, base: Option<&Url>) -> Cow<'h, str> {
    if !contains_tag(html, &["iframe", "video", "audio", "input"]) {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    // A player without an address of its own, and its picture: its first source has one.
    let mut player: Option<Option<String>> = None;
    let push = |out: &mut String, source: &str, poster: Option<&str>| {
        let address = address::absolute(source, base).filter(|u| matches!(u.scheme(), "http" | "https"));
        let Some(address) = address.map(|u| escape(u.as_str())) else { return };
        let shown = poster.map(|poster| format!("<img src=\"{}\" alt=\"\">", escape(poster)));
        let shown = shown.as_deref().unwrap_or(&address);
        out.push_str(&format!("<p><a href=\"{address}\">{shown}</a></p>"));
    };
    for token in tokens(html) {
        match token {
            Token::Open { name, raw, .. } if matches!(name.as_ref(), "iframe" | "video" | "audio") => {
                let source = attribute(raw, "src").or_else(|| attribute(raw, "data-src"));
                let poster = attribute(raw, "poster");
                // A frame shows a page of another site: one that names no host leads nowhere.
                let leads = |s: &String| !s.is_empty() && !s.starts_with('#') && (name != "iframe" || s.contains("//"));
                match source.filter(leads) {
                    Some(source) => push(&mut out, &source, poster.as_deref()),
                    None => player = Some(poster).filter(|_| name != "iframe"),
                }
            }
            Token::Open { name, raw, .. } if name == "source" && player.is_some() => {
                let kind = attribute(raw, "type").unwrap_or_default();
                let is_media = kind.is_empty() || kind.starts_with("video/") || kind.starts_with("audio/");
                if let Some(source) = attribute(raw, "src").filter(|s| !s.is_empty() && is_media) {
                    push(&mut out, &source, player.take().flatten().as_deref());
                }
            }
            Token::Close { ref name, .. } if matches!(name.as_ref(), "iframe" | "video" | "audio") => player = None,
            Token::Open { name, .. } if name == "picture" => {
                player = None;
            }
            // As lists of tasks have them; others are controls.
            Token::Open { name, raw, .. } if name == "input" && has_word(raw, "disabled") => {
                if attribute(raw, "type").is_some_and(|t| t == "checkbox") {
                    out.push_str(if has_word(raw, "checked") { "☑" } else { "☐" });
                }
            }
            other => out.push_str(other.raw()),
        }
    }
    Cow::Owned(out)
}

/// Drops tags nested too deep; their text stays.
pub fn bound_depth(html: &str) -> Cow<'_, str> {
    // So few tags cannot nest so deep.
    if memchr::memchr_iter(b'<', html.as_bytes()).count() <= MAX_DEPTH {
        return Cow::Borrowed(html);
    }
    let mut depth = 0usize;
    let mut deepest = 0usize;
    for token in tokens(html) {
        match token {
            Token::Open { name, raw } if !elements::is_void(&name) && !raw.ends_with("/>") => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            // Unclosed `<p>` and `<li>` are closed by the parser, so a close never goes below none.
            Token::Close { .. } => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    if deepest <= MAX_DEPTH {
        return Cow::Borrowed(html);
    }
    let mut out = String::with_capacity(html.len());
    let mut depth = 0usize;
    let mut dropped = 0usize;
    for token in tokens(html) {
        match token {
            Token::Open { name, raw } => {
                let holds = !elements::is_void(&name) && !raw.ends_with("/>");
                if holds && depth >= MAX_DEPTH {
                    dropped += 1;
                } else {
                    depth += usize::from(holds);
                    out.push_str(raw);
                }
            }
            Token::Close { raw, .. } => {
                if dropped > 0 {
                    dropped -= 1;
                } else {
                    depth = depth.saturating_sub(1);
                    out.push_str(raw);
                }
            }
            Token::Text { raw } | Token::Other { raw } => out.push_str(raw),
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::normalize::html::plain;

    #[test]
    fn players_and_boxes_become_links_and_signs() {
        let base = Url::parse("https://b.example/post/").unwrap();
        let link = |to: &str| format!("<p><a href=\"{to}\">{to}</a></p>");
        let cases = [
            ("<video src=\"v.mp4\" controls></video>", link("https://b.example/post/v.mp4")),
            (
                "<audio controls><source src=\"/a.ogg\" type=\"audio/ogg\"><source src=\"/a.mp3\"></audio>",
                link("https://b.example/a.ogg"),
            ),
            ("<iframe src=\"//v.example/1\"></iframe>", link("https://v.example/1")),
            ("<iframe src=\"#\"></iframe><iframe src=\"www.v.example/x\"></iframe>", String::new()),
            ("<video><picture><source src=\"p.png\"></picture>", String::new()),
            ("<input type=\"checkbox\" checked=\"\" disabled=\"\" /> a", "☑ a".to_owned()),
            ("<input disabled type=\"checkbox\" class=\"is checked now\"> a", "☐ a".to_owned()),
            ("<input type=\"checkbox\" id=\"sn\" checked>a", "a".to_owned()),
        ];
        for (html, want) in cases {
            assert_eq!(sanitise(html, Some(&base)), want, "{html}");
        }
    }

    #[test]
    fn scripts_never_pass() {
        let base = Url::parse("https://example.org/a/").unwrap();
        let cases = [
            ("<script>alert(1)</script>x", "x"),
            ("<a href=\"javascript:alert(1)\">x</a>", "<a>x</a>"),
            ("<a href=\"data:text/html,x\">x</a>", "<a>x</a>"),
            ("<img src=x onerror=alert(1)>", "<img src=\"https://example.org/a/x\">"),
            ("<p style=\"color:red\" class=\"a\" onclick=x>y</p>", "<p>y</p>"),
            ("<svg><script>alert(1)</script></svg>z", "z"),
            ("<a href=\"../b\">x</a>", "<a href=\"https://example.org/b\">x</a>"),
            (
                "<iframe src=\"https://player.example/1\"></iframe>",
                "<p><a href=\"https://player.example/1\">https://player.example/1</a></p>",
            ),
            ("a<br/>b", "a<br>b"),
            ("\u{10}x\u{1F}", "x"),
        ];
        for (html, want) in cases {
            assert_eq!(sanitise(html, Some(&base)), want, "{html}");
        }
    }

    #[test]
    fn odd_addresses_are_made_plain_or_left_out() {
        let base = Url::parse("https://example.org/a/").unwrap();
        let link = |written: &str, want: Option<&str>| {
            let want = want.map_or("<a>x</a>".to_owned(), |a| format!("<a href=\"{a}\">x</a>"));
            let html = format!("<a href=\"{written}\">x</a>");
            for base in [None, Some(&base)] {
                assert_eq!(sanitise(&html, base), want, "{written}");
            }
            assert_eq!(crate::output::check::content_problem(&want), None);
        };
        link("http:/example.com/x", Some("http://example.com/x"));
        link("http:x", Some("http://x/"));
        link("HTTP://x.y/", Some("http://x.y/"));
        link("Https:\\\\x.y", Some("https://x.y/"));
        link("ht\ntps://x.y", Some("https://x.y/"));
        link("MAILTO:a@b", Some("mailto:a@b"));
        for bad in ["DATA:text/html,x", "Data:image/png;base64,x", "JavaScript:x", "http://", "http://[x", "file:///x"]
        {
            link(bad, None);
        }
        // What readers take as it is stays as it is written.
        for good in ["https://x.y", "http://X.y/中文?a=b c", " https://x.y/%7e/../z ", "mailto:A@b"] {
            link(good, Some(good.trim()));
        }
        assert_eq!(sanitise("<a href=\"\u{a0}javascript:alert(1)\">x</a>", Some(&base)), "<a>x</a>");
        assert_eq!(
            sanitise("<q cite=\"/x\">a</q><q cite=\"HTTP:b.c\">d</q>", Some(&base)),
            "<q>a</q><q cite=\"http://b.c/\">d</q>"
        );
        let picture = |written: &str, want: &str| {
            let want = if want.is_empty() { String::new() } else { format!("<img src=\"{want}\">") };
            assert_eq!(sanitise(&format!("<img src=\"{written}\">"), Some(&base)), want, "{written}");
        };
        picture("HTTP:/x.y/z.png", "http://x.y/z.png");
        picture("z.png", "https://example.org/a/z.png");
        picture("DATA:Image/PNG;base64,iVBO", "data:image/png;base64,iVBO");
        for bad in
            ["DATA:image/svg+xml,x", "data:image/SVG+xml,x", "DATA:text/html,x", "MAILTO:a@b", "da\nta:image/png,x"]
        {
            picture(bad, "");
        }
    }

    #[test]
    fn depth_is_bounded() {
        let start = std::time::Instant::now();
        let html = format!("{}x{}", "<div>".repeat(100_000), "</div>".repeat(100_000));
        assert!(sanitise(&html, None).contains('x'));
        let html = "<ul><li>".repeat(60_000);
        let _ = sanitise(&html, None);
        assert!(start.elapsed().as_secs() < 3, "{:?}", start.elapsed());
    }

    proptest! {
        #[test]
        fn sanitising_twice_changes_nothing(html in "(<[a-z]{1,6}( [a-z]{1,4}=\"[a-z:&;]{0,8}\")?>|</[a-z]{1,6}>|[a-z<&\" ]{0,6}){0,12}") {
            let once = sanitise(&html, None);
            prop_assert_eq!(sanitise(&once, None), once);
        }

        #[test]
        fn scanning_never_panics(html in "\\PC{0,80}") {
            let _ = plain(&html);
            let _ = bound_depth(&html);
        }
    }
}
