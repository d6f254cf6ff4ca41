//! What tags of site generators show by themselves: pictures, films, words and links, which every
//! generator has under the same names; and what unknown ones say in their arguments.
//!
//! No file and no server is asked: a name that is no address of a picture shows nothing.

use super::markdown;
use super::pattern::Pattern;
use crate::normalize::html::escape;
use crate::normalize::text;

/// Arguments: key and value; positional ones have no key.
pub(super) type Arguments = Vec<(Option<String>, String)>;

type Argument = (Option<String>, String);

/// Keys under which a file or an address is given.
const SOURCES: [&str; 9] = ["src", "url", "image_path", "path", "file", "image", "img", "link", "href"];
const PICTURES: [&str; 8] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp"];
const PLAYED: [&str; 10] = [".mp4", ".webm", ".mov", ".m4v", ".ogv", ".mp3", ".ogg", ".oga", ".wav", ".m4a"];

fn named<'a>(arguments: &'a [Argument], keys: &[&str]) -> Option<&'a str> {
    let value = |key: &&str| arguments.iter().find(|(k, _)| k.as_deref() == Some(*key)).map(|(_, v)| v.trim());
    keys.iter().find_map(value).filter(|v| !v.is_empty())
}

fn positional(arguments: &[Argument], n: usize) -> Option<&str> {
    arguments.iter().filter(|(k, _)| k.is_none()).nth(n).map(|(_, v)| v.trim()).filter(|v| !v.is_empty())
}

/// Whether the path of an address ends like that of a file of one of these kinds.
fn is_file(address: &str, endings: &[&str]) -> bool {
    let path = address.split(['?', '#']).next().unwrap_or("").to_lowercase();
    endings.iter().any(|end| path.ends_with(end))
}

/// A link to what is shown there. A text that begins like an address would become a link in the link.
fn linked(url: &str) -> String {
    let text = url.trim_start_matches("https://").trim_start_matches("www.");
    format!("<a href=\"{}\">{}</a>", escape(url), escape(text))
}

/// Where `id` is shown; an address instead of an id leads there itself, a name of a variable nowhere.
fn place(id: &str, of_id: impl Fn(&str) -> String) -> Option<String> {
    match id {
        _ if id.contains("://") => Some(linked(id)),
        _ if ["page.", "include.", "site.", "post."].iter().any(|variable| id.starts_with(variable)) => None,
        _ => Some(linked(&of_id(id))),
    }
}

/// What a tag shows that every generator knows; none of another one, or where it does not say what.
pub(super) fn known(name: &str, arguments: &[Argument]) -> Option<String> {
    let id = || named(arguments, &["id"]).or_else(|| positional(arguments, 0));
    match name {
        "figure" | "image" | "img" | "imgproc" | "zoom-img" => {
            // What it leads to has a key of its own.
            let keys: Vec<&str> = SOURCES.into_iter().filter(|key| !matches!(*key, "link" | "href")).collect();
            figure(named(arguments, &keys).or_else(|| positional(arguments, 0))?, arguments)
        }
        "youtube" => place(id()?, |id| {
            let is_list = id.starts_with("PL") && id.len() > 11;
            format!("https://www.youtube.com/{}={id}", if is_list { "playlist?list" } else { "watch?v" })
        }),
        "vimeo" => place(id()?, |id| format!("https://vimeo.com/{id}")),
        "instagram" => place(id()?, |id| format!("https://www.instagram.com/p/{id}/")),
        "bilibili" => place(named(arguments, &["id", "bvid"]).or_else(|| positional(arguments, 0))?, |id| {
            let id = if id.starts_with("BV") || id.starts_with("av") { id.to_owned() } else { format!("av{id}") };
            format!("https://www.bilibili.com/video/{id}/")
        }),
        "tweet" | "x" | "x_simple" | "twitter" => {
            let user = named(arguments, &["user"]).unwrap_or("i");
            place(id()?, |id| format!("https://twitter.com/{user}/status/{id}"))
        }
        "gist" => match arguments {
            [(None, user), (None, id), ..] if !id.contains('.') => {
                Some(linked(&format!("https://gist.github.com/{user}/{id}")))
            }
            [(None, id), ..] => place(id, |id| format!("https://gist.github.com/{id}")),
            [(Some(key), url), ..] if key == "url" => Some(linked(url)),
            _ => None,
        },
        "video" | "audio" => {
            let provider = named(arguments, &["provider"]).filter(|p| matches!(*p, "youtube" | "vimeo" | "bilibili"));
            match provider {
                Some(provider) => known(provider, arguments),
                None => said(name, arguments),
            }
        }
        _ => None,
    }
}

/// A picture, with what it leads to and what is written below it.
fn figure(source: &str, arguments: &[Argument]) -> Option<String> {
    // `sunset` names a file by its beginning: which one, nobody here knows.
    if !source.contains(['.', '/']) {
        return None;
    }
    let (title, caption) = (named(arguments, &["title"]), named(arguments, &["caption", "description"]));
    let alt = named(arguments, &["alt"]).or(caption).or(title).unwrap_or("");
    let picture = format!("<img src=\"{}\" alt=\"{}\">", escape(source), escape(alt));
    let picture = match named(arguments, &["link", "href"]) {
        Some(link) => format!("<a href=\"{}\">{picture}</a>", escape(link)),
        None => picture,
    };
    let by = named(arguments, &["attr"]).map(|by| match named(arguments, &["attrlink"]) {
        Some(link) => format!("<a href=\"{}\">{}</a>", escape(link), escape(by)),
        None => escape(by),
    });
    let title = title.map(|title| match caption.or(by.as_deref()) {
        Some(_) => format!("<strong>{}</strong>", escape(title)),
        None => escape(title),
    });
    let below: Vec<String> = [title, caption.map(markdown::inline), by].into_iter().flatten().collect();
    Some(match below.as_slice() {
        [] => picture,
        below => format!("<figure>{picture}<figcaption>{}</figcaption></figure>", below.join(" ")),
    })
}

/// What a tag nobody knows says in its arguments: a picture, a film, words, a link.
pub(super) fn said(name: &str, arguments: &[Argument]) -> Option<String> {
    let files = || {
        let plain = |(key, _): &&Argument| key.as_deref().is_none_or(|key| SOURCES.contains(&key));
        arguments.iter().filter(plain).map(|(_, value)| value.trim())
    };
    if let Some(source) = files().find(|value| is_file(value, &PICTURES)) {
        return figure(source, arguments);
    }
    if let Some(played) = files().find(|value| is_file(value, &PLAYED)) {
        return Some(linked(played));
    }
    let address = named(arguments, &["href", "url", "link"]);
    // `{{< link "https://…" "the words" >}}`
    if matches!(name, "button" | "btn" | "link" | "a")
        && let (Some(address), Some(words)) = (positional(arguments, 0), positional(arguments, 1))
    {
        return Some(link(words, address));
    }
    let words = named(arguments, &["content", "body", "text", "title", "label"]).filter(|w| is_said(name, w))?;
    Some(address.map_or_else(|| escape(words), |address| link(words, address)))
}

/// Whether an argument is words that somebody reads, and no setting.
fn is_said(name: &str, words: &str) -> bool {
    const AROUND: [&str; 12] =
        ["toc", "seo", "head", "meta", "ads", "adsense", "share", "icon", "iframe", "newsletter", "nav", "comments"];
    const SAYING: [&str; 10] = ["button", "btn", "link", "card", "label", "glossary", "term", "tooltip", "abbr", "kbd"];
    let name = name.to_lowercase();
    let is = |list: &[&str]| list.iter().any(|word| name.split(['-', '_', '/']).any(|part| part == *word));
    let is_word = words.contains(char::is_whitespace) || words.chars().any(|c| c.is_alphabetic() && !c.is_ascii());
    let is_setting = is_flag(words) || words.starts_with(['#', '/', '{', '.']) || words.starts_with("fa-");
    !is(&AROUND) && name != "ad" && name != "fa" && !is_setting && (is_word || is(&SAYING))
}

/// What a box, a fold or a tab is called, in front of what is in it.
pub(super) fn title(name: &str, arguments: &[Argument]) -> Option<String> {
    let of_name = match name {
        "details" | "expand" | "collapse" | "spoiler" | "fold" | "tab" => positional(arguments, 0),
        "admonition" | "callout" => positional(arguments, 1),
        _ => None,
    };
    let of_tab = || if name == "tab" { named(arguments, &["name", "label"]) } else { None };
    let title = named(arguments, &["title", "summary", "header", "heading", "caption"]).or(of_name).or_else(of_tab)?;
    is_title(title).then(|| strong(title))
}

/// Words in bold, in Markdown as in HTML. Two blanks: what follows on the next line is no part of them.
pub(super) fn strong(words: &str) -> String {
    let plain = words.replace("**", "").replace('`', "");
    format!("<strong>{}</strong>  ", escape(plain.trim()))
}

/// Whether an argument is what something is called: no switch, no number, no name for programs.
fn is_title(title: &str) -> bool {
    let is_name = || {
        let (word, number) = title.rsplit_once(['-', ':', '_']).unwrap_or((title, ""));
        !number.is_empty() && !title.contains(' ') && word.bytes().all(|b| b.is_ascii_lowercase())
    };
    title.contains(char::is_alphabetic) && !is_flag(title) && !title.starts_with("fa-") && !is_name()
}

/// Whether an argument is switched on or off, or says how large something is.
fn is_flag(value: &str) -> bool {
    matches!(
        value.to_lowercase().as_str(),
        "true"
            | "false"
            | "open"
            | "closed"
            | "yes"
            | "no"
            | "on"
            | "off"
            | "none"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
    )
}

/// A link among words, in Markdown as in HTML; words alone where it leads nowhere.
pub(super) fn link(words: &str, address: &str) -> String {
    match address {
        "" | "#" => escape(words),
        address => format!("<a href=\"{}\">{}</a>", escape(address), escape(words)),
    }
}

/// So much beside a tag tells where it stands: a line may be as long as its text.
const BESIDE: usize = 200;

/// The end of what is in front of a tag.
fn end_of(before: &str) -> &str {
    let from = (before.len().saturating_sub(BESIDE)..=before.len()).find(|at| before.is_char_boundary(*at));
    &before[from.unwrap_or(0)..]
}

/// Whether a tag is alone on its line, with no other line of a paragraph above it and no line below it
/// that would make a heading of what it shows.
pub(super) fn stands_alone(before: &str, behind: &str) -> bool {
    let (before, behind) = (end_of(before), text::head(behind, BESIDE));
    let mut above = before.rsplit('\n');
    let mut below = behind.split('\n');
    let is_blank = |line: Option<&str>| line.is_none_or(|line| line.trim().is_empty());
    let is_rule = |line: &str| !line.trim().is_empty() && line.trim().bytes().all(|b| matches!(b, b'-' | b'='));
    is_blank(above.next()) && is_blank(above.next()) && is_blank(below.next()) && !below.next().is_some_and(is_rule)
}

/// Whether a tag stands where only an address may: in a link of Markdown, in an attribute.
pub(super) fn is_in_value(before: &str) -> bool {
    let line = end_of(before);
    let line = line.rsplit('\n').next().unwrap_or("");
    let value = |open: &str, close: char| line.rfind(open).is_some_and(|at| !line[at + open.len()..].contains(close));
    value("](", ')') || value("=\"", '"') || value("='", '\'') || value("url(", ')')
}

/// The address in what a tag shows, for a place where nothing else may stand; words without one are no
/// address.
pub(super) fn address_in(shown: &str) -> String {
    static ADDRESS: Pattern = Pattern::new(r#"(?:src|href)="([^"]*)"|\]\(<([^>]*)>\)"#);
    let found = ADDRESS.captures(shown).and_then(|found| found.get(1).or(found.get(2)));
    match found {
        Some(address) => address.as_str().replace("&amp;", "&"),
        None if shown.contains(['<', '>', '[', ' ', '\n', '*']) => String::new(),
        None => shown.to_owned(),
    }
}

/// What stands in the place of a tag that shows nothing: alone on its line in the middle of HTML it is
/// a comment, for an empty line between two tags would end that. `before` and `behind` it the text goes on.
pub(super) fn nothing(before: &str, behind: &str) -> &'static str {
    let (before, behind) = (end_of(before), text::head(behind, BESIDE));
    let (mut above, mut below) = (before.rsplit('\n'), behind.split('\n'));
    let is_alone = above.next().is_some_and(|line| line.trim().is_empty());
    let mut in_html = || above.next().is_some_and(|line| line.trim_start().starts_with('<'));
    let mut goes_on = || {
        below.next().is_some_and(|line| line.trim().is_empty())
            && below.next().is_some_and(|line| line.trim_start().starts_with('<'))
    };
    if is_alone && goes_on() && in_html() { "<!-- -->" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name, arguments, and what is shown.
    type Case<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);

    fn arguments(pairs: &[(&str, &str)]) -> Arguments {
        pairs.iter().map(|(k, v)| (Some((*k).to_owned()).filter(|k| !k.is_empty()), (*v).to_owned())).collect()
    }

    #[test]
    fn known_tags_show_what_they_name() {
        let cases: [Case<'_>; 8] = [
            (
                "figure",
                &[
                    ("src", "/l.png"),
                    ("link", "https://t.example"),
                    ("caption", "c [a](https://b.example)"),
                    ("attr", "Ann"),
                ],
                "<figure><a href=\"https://t.example\"><img src=\"/l.png\" alt=\"c [a](https://b.example)\"></a><figcaption>c <a href=\"https://b.example\">a</a> Ann</figcaption></figure>",
            ),
            ("figure", &[("image_path", "/a.jpg"), ("alt", "A")], "<img src=\"/a.jpg\" alt=\"A\">"),
            ("imgproc", &[("", "sunset"), ("", "Fill")], "-"),
            ("youtube", &[("", "https://youtu.be/abc")], "<a href=\"https://youtu.be/abc\">youtu.be/abc</a>"),
            ("youtube", &[("id", "page.video")], "-"),
            ("video", &[("id", "x"), ("provider", "vimeo")], "<a href=\"https://vimeo.com/x\">vimeo.com/x</a>"),
            (
                "gist",
                &[("", "5555"), ("", "a.md")],
                "<a href=\"https://gist.github.com/5555\">gist.github.com/5555</a>",
            ),
            ("tip", &[("title", "T")], "-"),
        ];
        for (name, pairs, want) in cases {
            assert_eq!(known(name, &arguments(pairs)).unwrap_or_else(|| "-".to_owned()), want, "{name}");
        }
    }

    #[test]
    fn titles_are_words() {
        for (name, pairs, want) in [
            ("note", &[("title", "A & B")][..], "<strong>A &amp; B</strong>  "),
            ("tab", &[("", "MacOS")], "<strong>MacOS</strong>  "),
            ("tab", &[("", "tab-1")], "-"),
            ("img", &[("label", "fig:one")], "-"),
            ("box", &[("heading", "h3")], "-"),
            ("admonition", &[("", "warning"), ("", "3")], "-"),
        ] {
            assert_eq!(title(name, &arguments(pairs)).unwrap_or_else(|| "-".to_owned()), want, "{name} {pairs:?}");
        }
    }

    #[test]
    fn only_addresses_stand_in_values() {
        assert!(is_in_value("a ![x](") && is_in_value("<img src=\"") && is_in_value("url(") && is_in_value("](/a/"));
        assert!(!is_in_value("a ](b) c") && !is_in_value("<a href=\"x\"> b"));
        assert_eq!(address_in("<img src=\"a.png\" alt=\"\">"), "a.png");
        assert_eq!(address_in("some words"), "");
        assert_eq!(address_in("/a/b"), "/a/b");
    }

    #[test]
    fn unknown_tags_say_their_words() {
        let cases: [Case<'_>; 9] = [
            ("glossary", &[("text", "Pods"), ("term_id", "pod")], "Pods"),
            ("fig", &[("src", "a.png")], "<img src=\"a.png\" alt=\"\">"),
            ("reel", &[("src", "/x.mp4")], "<a href=\"/x.mp4\">/x.mp4</a>"),
            ("card", &[("link", "/docs/"), ("title", "The docs")], "<a href=\"/docs/\">The docs</a>"),
            ("link", &[("", "https://a.example"), ("", "words")], "<a href=\"https://a.example\">words</a>"),
            ("link", &[("href", "/a"), ("content", "words"), ("title", "x")], "<a href=\"/a\">words</a>"),
            ("toc", &[("title", "Table of contents")], "-"),
            ("badge", &[("text", "#ff0000")], "-"),
            ("y", &[("text", "left")], "-"),
        ];
        for (name, pairs, want) in cases {
            assert_eq!(said(name, &arguments(pairs)).unwrap_or_else(|| "-".to_owned()), want, "{name}");
        }
    }
}
