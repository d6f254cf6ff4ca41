//! What tags of site generators show by themselves: pictures, films, words and links, which every
//! generator has under the same names; and what unknown ones say in their arguments.
//!
//! No file and no server is asked: a name that is no address of a picture shows nothing.

use super::markdown;
use crate::normalize::html::escape;

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
        "youtube" => place(id()?, |id| match id.starts_with("PL") && id.len() > 11 {
            true => format!("https://www.youtube.com/playlist?list={id}"),
            false => format!("https://www.youtube.com/watch?v={id}"),
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
    let words = named(arguments, &["text", "title", "label", "body", "content"]);
    // `{{< link "https://…" "the words" >}}`
    if matches!(name, "button" | "btn" | "link" | "a")
        && let (Some(address), Some(words)) = (positional(arguments, 0), positional(arguments, 1))
    {
        return Some(link(words, address));
    }
    words.map(|words| address.map_or_else(|| words.to_owned(), |address| link(words, address)))
}

/// What a box, a fold or a tab is called, in front of what is in it.
pub(super) fn title(name: &str, arguments: &[Argument]) -> Option<String> {
    let of_name = match name {
        "details" | "expand" | "collapse" | "spoiler" | "fold" | "tab" => positional(arguments, 0),
        "admonition" | "callout" => positional(arguments, 1),
        _ => None,
    };
    let title = named(arguments, &["title", "summary", "header", "heading", "caption"]).or(of_name).or_else(|| {
        let keys: &[&str] = if name == "tab" { &["name", "label"] } else { &["label"] };
        named(arguments, keys)
    })?;
    let plain = title.replace(['*', '`', '<', '>'], "");
    // Two blanks: what follows on the next line is no part of it.
    (plain.contains(char::is_alphanumeric) && !is_flag(&plain)).then(|| format!("**{}**  ", plain.trim()))
}

/// Whether an argument is switched on or off.
fn is_flag(value: &str) -> bool {
    matches!(value, "true" | "false" | "open" | "closed")
}

/// A link in Markdown; words alone where it leads nowhere.
pub(super) fn link(words: &str, address: &str) -> String {
    let words = words.replace(['[', ']'], "");
    if address.is_empty() { words } else { format!("[{words}](<{}>)", address.replace(['<', '>', '\n'], "")) }
}

/// What stands in the place of a tag that shows nothing: alone on its line in the middle of HTML it is
/// a comment, for an empty line would end that. `before` and `behind` it the text goes on.
pub(super) fn nothing(before: &str, behind: &str) -> &'static str {
    let mut lines = before.rsplit('\n');
    let is_alone = lines.next().is_some_and(|line| line.trim().is_empty());
    let mut in_html = || lines.next().is_some_and(|line| line.trim_start().starts_with('<'));
    let goes_on = || {
        let mut lines = behind.split('\n');
        lines.next().is_some_and(|line| line.trim().is_empty())
            && lines.next().is_some_and(|line| !line.trim().is_empty())
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
    fn unknown_tags_say_their_words() {
        let cases: [Case<'_>; 6] = [
            ("glossary", &[("text", "Pods"), ("term_id", "pod")], "Pods"),
            ("fig", &[("src", "a.png")], "<img src=\"a.png\" alt=\"\">"),
            ("reel", &[("src", "/x.mp4")], "<a href=\"/x.mp4\">/x.mp4</a>"),
            ("card", &[("link", "/docs/"), ("title", "The docs")], "[The docs](</docs/>)"),
            ("link", &[("", "https://a.example"), ("", "words")], "[words](<https://a.example>)"),
            ("toc", &[("", "2")], "-"),
        ];
        for (name, pairs, want) in cases {
            assert_eq!(said(name, &arguments(pairs)).unwrap_or_else(|| "-".to_owned()), want, "{name}");
        }
    }
}
