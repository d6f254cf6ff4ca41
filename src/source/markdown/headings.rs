//! The ids of headings: those a post gives, else those its generator makes.

use std::collections::HashMap;

use comrak::nodes::{AstNode, NodeValue};

use super::{HeadingId, Piece};
use crate::config::Slugify;
use crate::source::pattern::Pattern;

/// Takes out what is said to the generator and to no reader: `{#id .class}` at the end of a
/// heading, `{:target="_blank"}` behind a link, `{: .list}` on a line of its own. Comes back
/// with the ids of headings, by line.
pub(super) fn take_attributes<'a>(root: &'a AstNode<'a>, source: &str) -> HashMap<usize, String> {
    static GIVEN: Pattern = Pattern::new(r"\s*\{:?\s*(?:#([^\s{}#]+))?(?:\s*[.#]?[\w-]+(?:=[^\s{}]+)?)*\s*\}\s*$");
    let mut ids = HashMap::new();
    if !["{#", "{.", "{:", "{ #"].iter().any(|mark| source.contains(mark)) {
        return ids;
    }
    take_marks(root);
    for heading in root.descendants().filter(|n| matches!(n.data.borrow().value, NodeValue::Heading(_))) {
        let Some(last) = heading.last_child() else { continue };
        let mut data = last.data.borrow_mut();
        let NodeValue::Text(text) = &mut data.value else { continue };
        let Some(given) = GIVEN.captures(text).filter(|c| c[0].trim_start().starts_with(['{'])) else { continue };
        let (start, id) =
            (given.get(0).map_or(text.len(), |m| m.start()), given.get(1).map(|id| id.as_str().to_owned()));
        let is_for_generator = id.is_some() || given[0].contains(['.', '=']);
        // A heading that is nothing else keeps it.
        if !is_for_generator || start == 0 && last.previous_sibling().is_none() {
            continue;
        }
        *text = text[..start].to_owned().into();
        ids.extend(id.map(|id| (heading.data.borrow().sourcepos.start.line, id)));
    }
    ids
}

/// Takes out attributes in the spellings of kramdown and of most others, `{: .lead}` and `{.lead}`,
/// which are no text anywhere.
fn take_marks<'a>(root: &'a AstNode<'a>) {
    static MARK: Pattern = Pattern::new(
        r#"^\s*\{(?::\s*(?:[#.][\w-]|[\w-]+=)[^{}]{0,200}|\s*(?:(?:[.#][A-Za-z][\w-]*|[\w-]+=(?:"[^"{}]{0,80}"|'[^'{}]{0,80}'))\s*){1,8})\}"#,
    );
    for node in root.descendants() {
        let before = node.previous_sibling().map(|n| {
            let value = &n.data.borrow().value;
            let begins_line = matches!(value, NodeValue::SoftBreak | NodeValue::LineBreak);
            let is_span = matches!(
                value,
                NodeValue::Link(_)
                    | NodeValue::Image(_)
                    | NodeValue::Code(_)
                    | NodeValue::Strong
                    | NodeValue::Emph
                    | NodeValue::Strikethrough
            );
            (begins_line, is_span)
        });
        let mut data = node.data.borrow_mut();
        let NodeValue::Text(text) = &mut data.value else { continue };
        let Some(end) = MARK.find(text).map(|m| m.end()) else { continue };
        let (begins_line, behind_span) = before.unwrap_or((true, false));
        if behind_span && text.starts_with('{') || begins_line && text[end..].trim().is_empty() {
            *text = text[end..].to_owned().into();
        }
    }
}

/// Ids as they are given, else as the generator makes them: numbered when they repeat.
pub(super) fn ids(
    pieces: &[Piece],
    lines: &[String],
    mut given: HashMap<usize, String>,
    slugify: Slugify,
) -> Vec<HeadingId> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let mut ids = Vec::new();
    for piece in pieces {
        // A heading written in HTML gets none.
        let raw = lines.get(piece.line.saturating_sub(1)).is_some_and(|l| l.trim_start().starts_with('<'));
        if !piece.is_heading() || raw {
            continue;
        }
        if let Some(id) = given.remove(&piece.line) {
            ids.push(HeadingId { line: piece.line, id });
            continue;
        }
        let base = heading_id(&piece.text, slugify);
        let count = seen.entry(base.clone()).or_insert(0);
        let id = if *count == 0 { base.clone() } else { format!("{base}-{count}") };
        *count += 1;
        ids.push(HeadingId { line: piece.line, id });
    }
    ids
}

/// The id a generator gives a heading: GitHub's rule for Hugo and most others, Jekyll's kramdown
/// among them, which reads GFM.
fn heading_id(text: &str, slugify: Slugify) -> String {
    let mut id = String::new();
    match slugify {
        // Ids have a setting of their own, which is `on` unless somebody changed it.
        Slugify::Zola | Slugify::ZolaSafe => id = slug::slugify(text),
        Slugify::Hugo
        | Slugify::Jekyll
        | Slugify::GitHub
        | Slugify::Docusaurus
        | Slugify::Undated
        | Slugify::Hexo
        | Slugify::None => {
            for c in text.to_lowercase().chars() {
                if c.is_alphanumeric() || c == '_' || c == '-' {
                    id.push(c);
                } else if c.is_whitespace() {
                    id.push('-');
                }
            }
        }
    }
    id
}

#[cfg(test)]
mod tests {
    use crate::config::Slugify;
    use crate::source::markdown::read;

    #[test]
    fn heading_ids_repeat_with_numbers() {
        let got = read("# A b\n## A b\n", None, None, Slugify::Hugo).headings;
        assert_eq!(got[0].id, "a-b");
        assert_eq!(got[1].id, "a-b-1");
    }

    #[test]
    fn what_a_heading_says_of_itself_is_no_text() {
        for (md, text, id) in [
            ("## The proxy {#proxy .big}", "The proxy", "proxy"),
            ("## The **proxy** is out {#out}", "The proxy is out", "out"),
            ("## 新闻 {: #news }", "新闻", "news"),
            ("## Sets {a, b} of things", "Sets {a, b} of things", "sets-a-b-of-things"),
            ("## Issue {#12", "Issue {#12", "issue-12"),
            ("## Wide {.wide}", "Wide", "wide"),
            ("## {{ name }}", "{{ name }}", "-name-"),
            ("## [Wick](https://w.example){:target=\"_blank\"} shines", "Wick shines", "wick-shines"),
        ] {
            let reading = read(md, None, None, Slugify::Hugo);
            assert_eq!((reading.pieces[0].text.as_str(), reading.headings[0].id.as_str()), (text, id), "{md}");
            assert!(!reading.html.contains("{#proxy"), "{}", reading.html);
        }
        let text = |md: &str| read(md, None, None, Slugify::Hugo).text;
        assert_eq!(text("- [a](https://a.example/){: .b rel=\"c\"}, d\n{: .list}"), "a, d");
        assert_eq!(text("- `{:a}` and {:b} are written so"), "{:a} and {:b} are written so");
    }
}
