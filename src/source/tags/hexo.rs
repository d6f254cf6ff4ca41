//! Tags of Hexo and of its themes: names of tabs, pictures, words among words, names of folds.

use std::borrow::Cow;

use super::arguments::words_behind;
use crate::source::embeds::{self, Arguments};
use crate::source::markdown::code::Code;
use crate::source::pattern::Pattern;

/// `<!-- tab Name -->` and `<!-- endtab -->`, as Hexo has them between its tags for tabs.
pub(super) fn with_names_of_tabs(text: &str) -> Cow<'_, str> {
    static TAB: Pattern =
        Pattern::new(r"(?m)^([ \t]*)<!--[ \t]*(?:end)?tab(?:[ \t]+([^@\n]*?)(?:@[^\n]*?)?)?[ \t]*-->[ \t]*$");
    let code = Code::of(text);
    TAB.replace_all(text, |found: &regex::Captures<'_>| {
        let (Some(whole), name) = (found.get(0), found.get(2).map_or("", |name| name.as_str().trim())) else {
            return String::new();
        };
        // Two blanks do not keep code below from being code.
        let is_code_below = text[whole.end()..].trim_start_matches('\n').starts_with("    ");
        match name {
            _ if code.has(whole.start() + found[1].len()) => whole.as_str().to_owned(),
            "" => String::new(),
            _ if is_code_below && found[1].is_empty() => String::new(),
            name => format!("{}{}", &found[1], embeds::strong(name)),
        }
    })
}

/// Hexo's `{% asset_img left image.png 300 400 "what it shows" %}`: class names come first.
pub(super) fn picture(arguments: &Arguments) -> Option<String> {
    const ENDINGS: [&str; 8] = [".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".avif", ".bmp"];
    let is_file = |w: &str| w.contains("://") || ENDINGS.iter().any(|e| w.to_lowercase().ends_with(e));
    let at = arguments.iter().position(|(key, word)| key.is_none() && is_file(word))?;
    // Its sizes.
    let is_number = |(_, word): &&(Option<String>, String)| word.bytes().all(|b| b.is_ascii_digit());
    let sizes = arguments[at + 1..].iter().take(2).take_while(is_number).count();
    let said = words_behind(arguments, at + 1 + sizes).unwrap_or_default().replace(['[', ']'], "");
    // Markdown, not HTML: that would take the lines below with it.
    Some(format!("![{said}](<{}>)", arguments[at].1.replace(['<', '>', '\n'], "")))
}

/// What is said in a tag of one of Hexo's themes that stands among words: `{% label text blue %}`,
/// `{% span red, text %}`, `{% btn /url, text %}`.
pub(super) fn words(name: &str, rest: &str) -> Option<String> {
    const COLOURS: [&str; 22] = [
        "default", "primary", "success", "info", "warning", "danger", "blue", "pink", "red", "purple", "orange",
        "green", "yellow", "cyan", "gray", "grey", "black", "white", "light", "dark", "flat", "simple",
    ];
    let rest = rest.trim_matches(['"', '\'']);
    let behind_comma = || rest.split_once([',', '，']).map(|(_, words)| words.trim());
    let words = match name {
        "label" => match rest.split_once('@') {
            Some((_, words)) => words,
            None => rest.rsplit_once(' ').filter(|(_, last)| COLOURS.contains(last)).map_or(rest, |(words, _)| words),
        },
        "u" | "emp" | "wavy" | "del" | "kbd" | "psw" | "sup" | "sub" => rest,
        "span" | "p" | "checkbox" | "radio" => behind_comma()?,
        // `{% bubble word,"what it means","#ec5830" %}`
        "bubble" | "hideInline" => rest.split([',', '，']).next().unwrap_or(rest),
        "btn" | "button" | "cell" => {
            let parts: Vec<&str> = rest
                .split(',')
                .map(|part| part.trim_matches(|c: char| c.is_whitespace() || "\"'".contains(c)))
                .collect();
            let is_address =
                |part: &&str| part.contains("://") || part.starts_with(['/', '#', '.']) || part.ends_with(".html");
            let address = parts.iter().take(3).position(is_address)?;
            let words = parts[address + 1..].iter().chain(parts[..address].iter().rev());
            let words = words.into_iter().find(|part| !part.is_empty() && !part.contains("fa-"));
            // `{% btn regular, words, https://…, icon %}`
            let words = if address == 2 { parts.get(1) } else { words };
            return words.filter(|words| !words.is_empty()).map(|words| embeds::link(words, parts[address]));
        }
        _ => return None,
    };
    Some(words.trim().to_owned()).filter(|words| !words.is_empty())
}

/// What a fold of one of Hexo's themes is called: `{% hideToggle title %}`, `{% folding red, title %}`.
pub(super) fn title(name: &str, rest: &str) -> Option<String> {
    let title = match name {
        "hideToggle" | "hideBlock" | "details" | "spoiler" | "fold" => rest.split(',').next().unwrap_or(rest),
        "folding" => rest.rsplit_once([',', '，']).map_or(rest, |(_, title)| title),
        _ => return None,
    };
    let title = title.trim_matches(|c: char| c.is_whitespace() || "\"'*`<>".contains(c));
    Some(title).filter(|title| title.contains(char::is_alphanumeric)).map(embeds::strong)
}
