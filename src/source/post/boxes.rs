//! Boxes and tabs by indentation, as Python-Markdown and MkDocs have them (`!!! note "Title"`,
//! `??? tip`, `=== "Tab"`), as quotations and parts that begin with their title. Markdown would
//! take what is in them for code. Every line keeps its number.

use crate::source::markdown::code::Code;
use crate::source::pattern::Pattern;

/// Boxes in boxes are followed so far.
const DEEPEST: usize = 6;

/// The text with such boxes as Markdown.
pub(super) fn quoted(text: String) -> String {
    if !["!!! ", "??? ", "???+ ", "=== \""].iter().any(|mark| text.contains(mark)) {
        return text;
    }
    within(&text, 0)
}

/// What a box of this kind is called where it has no title.
pub(super) fn name(kind: &str) -> String {
    let mut letters = kind.chars();
    match (kind.to_lowercase().as_str(), letters.next()) {
        ("details", _) | (_, None) => String::new(),
        (_, Some(first)) => first.to_uppercase().chain(letters.flat_map(char::to_lowercase)).collect(),
    }
}

fn within(text: &str, depth: usize) -> String {
    static BOX: Pattern = Pattern::new(
        r#"^([ \t]*)(?:(?:!!!|\?\?\?\+?)[ \t]+([A-Za-z][\w-]*)(?:[ \t]+[a-z-]+){0,3}(?:[ \t]+"([^"\n]*)")?|===[!+]?[ \t]+"([^"\n]+)")[ \t]*$"#,
    );
    let code = Code::of(text);
    let mut out = String::with_capacity(text.len() + text.len() / 16);
    let mut at = 0;
    while at < text.len() {
        let line = text[at..].split_inclusive('\n').next().unwrap_or("");
        let bare = line.trim_end_matches('\n');
        let indent = bare.len() - bare.trim_start().len();
        let found = BOX.captures(bare).filter(|_| depth < DEEPEST && !code.has(at + indent));
        at += line.len();
        let Some(found) = found else {
            out.push_str(line);
            continue;
        };
        let (body, length) = inside(&text[at..], indent + 4);
        // Without anything inside it is a line of words.
        if length == 0 {
            out.push_str(line);
            continue;
        }
        at += length;
        let is_box = found.get(4).is_none();
        let title = found.get(4).or(found.get(3)).map_or_else(|| name(&found[2]), |m| m.as_str().trim().to_owned());
        let mark = format!("{}{}", &found[1], if is_box { "> " } else { "" });
        let title = title.replace('*', "");
        out.push_str(&mark);
        out.push_str(&if title.is_empty() { String::new() } else { format!("**{title}**  ") });
        out.push_str(&line[bare.len()..]);
        for line in within(&body, depth + 1).split_inclusive('\n') {
            if line.trim().is_empty() {
                out.push_str(mark.trim_end());
                out.push_str(line);
            } else {
                out.push_str(&mark);
                out.push_str(line);
            }
        }
    }
    out
}

/// The lines at the start of `text` that are indented by `indent` or empty, without that; and how
/// long they are. Empty ones at the end are none of them.
fn inside(text: &str, indent: usize) -> (String, usize) {
    let (mut body, mut length, mut at) = (String::new(), 0, 0);
    let mut kept = 0;
    for line in text.split_inclusive('\n') {
        let blanks = line.bytes().take_while(|b| *b == b' ').count();
        at += line.len();
        if line.trim().is_empty() {
            body.push_str(if line.ends_with('\n') { "\n" } else { "" });
        } else if blanks >= indent {
            body.push_str(&line[indent..]);
            (length, kept) = (at, body.len());
        } else if let Some(rest) = line.strip_prefix('\t').filter(|_| indent == 4) {
            body.push_str(rest);
            (length, kept) = (at, body.len());
        } else {
            break;
        }
    }
    body.truncate(kept);
    (body, length)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn boxes_by_indentation_are_quotations() {
        for (written, want) in [
            ("!!! note\n    Text *a*.\n\n    More.\n\nEnd", "> **Note**  \n> Text *a*.\n>\n> More.\n\nEnd"),
            ("!!! warning inline \"Mind **this**\"\n    x\n", "> **Mind this**  \n> x\n"),
            ("??? tip \"\"\n    x\ny", "> \n> x\ny"),
            (
                "=== \"Linux\"\n\n    ```sh\n    ls\n    ```\n\n=== \"Mac\"\n\n    b\n",
                "**Linux**  \n\n```sh\nls\n```\n\n**Mac**  \n\nb\n",
            ),
            ("!!! note\n    === \"A\"\n        x\n", "> **Note**  \n> **A**  \n> x\n"),
            (
                "!!! WARNING do not run this\n??? What is this\n=== \"undefined\"\n",
                "!!! WARNING do not run this\n??? What is this\n=== \"undefined\"\n",
            ),
            ("```\n!!! note\n    x\n```\n", "```\n!!! note\n    x\n```\n"),
            ("Wow !!! note that\n\n    code\n", "Wow !!! note that\n\n    code\n"),
        ] {
            let got = quoted(written.to_owned());
            assert_eq!(got, want);
            assert_eq!(got.matches('\n').count(), written.matches('\n').count());
        }
    }
}
