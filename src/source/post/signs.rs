//! Signs in a text that are meant for the site generator and are no words: the place of a
//! table of contents, the fences of admonitions, modules that MDX imports, the end of the
//! excerpt.

use std::sync::LazyLock;

use regex::Regex;

use crate::config::Slugify;
use crate::source::markdown::{self, code::Code};
use crate::source::pattern::pattern;

/// Whether modules may be imported in the file at `path`: it is MDX, or Docusaurus reads it.
pub(super) fn imports(path: &str, slugify: Slugify) -> bool {
    slugify == Slugify::Docusaurus || path.ends_with(".mdx")
}

/// The text without such lines. They become empty, so that every other one keeps its
/// number; what stands in code stays.
pub(super) fn without(text: String, imports: bool) -> String {
    // `[TOC]`; kramdown's `{:toc}` and `{: .class}`; MDX comments.
    static CONTENTS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(r"(?i)^ {0,3}(?:\[toc\]|\[\[_?toc_?\]\]|\{:[^{}]*\}|\{::\w+[^{}]*/?\}|\{:/\w*\}|\{/\*.*\*/\})\s*$")
    });
    static OPENS: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*:{3,}\s*[A-Za-z{]"));
    static TITLE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"^(\s*):{3,}\s*[A-Za-z][\w-]*(?:\s+([^\s{:].*?)|\[([^\]]+)\])\s*$"));
    static CLOSES: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*:{3,}\s*$"));
    let modules = if imports { modules(&text) } else { 0 };
    // A fence that nothing closes is something else.
    let fenced = text.lines().any(|l| OPENS.is_match(l)) && text.lines().any(|l| CLOSES.is_match(l));
    if modules == 0 && !fenced && !text.lines().any(|l| CONTENTS.is_match(l)) {
        return text;
    }
    let code = Code::of(&text);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.trim_end_matches(['\n', '\r']);
        let is_list =
            || text.contains("{:toc") && matches!(bare.trim(), "* TOC" | "- TOC" | "* toc" | "- toc" | "1. TOC");
        let is_sign =
            || CONTENTS.is_match(bare) || is_list() || fenced && (OPENS.is_match(bare) || CLOSES.is_match(bare));
        let first = at + (bare.len() - bare.trim_start().len());
        let drop = at < modules || !code.has(first) && is_sign();
        // `::: tip A title`: the box goes, what it is called stays.
        let title = TITLE.captures(bare).filter(|_| drop && fenced);
        if let Some(title) = title.as_ref().and_then(|t| t.get(2).or_else(|| t.get(3))) {
            out.push_str(&format!("**{}**  ", title.as_str().trim_matches(['*', ' '])));
        }
        out.push_str(if drop { &line[bare.len()..] } else { line });
        at += line.len();
    }
    out
}

/// How many bytes the `import` and `export` lines at the top take, to the last line of
/// theirs: such a block ends with an empty line.
fn modules(text: &str) -> usize {
    static BEGINS: LazyLock<Regex> = LazyLock::new(|| {
        pattern(
            r#"^(?:import(?:\s*['"{*]|\s+[\w$]+\s*(?:,\s*[{*]|from\s*['"]))|export\s+(?:const|let|var|function|default|async|class|\{|\*))"#,
        )
    });
    let (mut at, mut end, mut inside) = (0, 0, false);
    for line in text.split_inclusive('\n') {
        at += line.len();
        if line.trim().is_empty() {
            inside = false;
        } else if inside || BEGINS.is_match(line) {
            inside = true;
            end = at;
        } else {
            break;
        }
    }
    end
}

/// What stands before `<!-- more -->` or Docusaurus' `{/* truncate */}`, as plain text: by that
/// the author ends the excerpt.
pub(super) fn before_more(text: &str, imports: bool, slugify: Slugify) -> Option<String> {
    static MORE: LazyLock<Regex> =
        LazyLock::new(|| pattern(r"(?i)<!--\s*(?:more|truncate)\s*-->|\{/\*\s*truncate\s*\*/\}"));
    let mut marks = MORE.find_iter(text).peekable();
    marks.peek()?;
    let code = Code::of(text);
    let end = marks.map(|m| m.start()).find(|start| !code.has(*start))?;
    let before = markdown::read(&without(text[..end].to_owned(), imports), None, slugify).text;
    // Footnotes stand behind the mark.
    static NOTE: LazyLock<Regex> = LazyLock::new(|| pattern(r"\[\^[^\]\s]+\]"));
    Some(NOTE.replace_all(&before, "").into_owned()).filter(|t| !t.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_for_the_generator_become_empty() {
        let cases = [
            ("a\n\n[TOC]\n\nb", "a\n\n\n\nb"),
            ("[[toc]]\nb", "\nb"),
            ("see [TOC] here", "see [TOC] here"),
            ("```\n[TOC]\n```", "```\n[TOC]\n```"),
            ("a\n\n:::note Title\n\nb\n\n:::\nc", "a\n\n**Title**  \n\nb\n\n\nc"),
            ("::: tip\nb\n:::\n", "\nb\n\n"),
            (":::tip[My title]\nb\n:::\n", "**My title**  \nb\n\n"),
            ("* TOC\n{:toc}\n\n# a\n{: .b #c}\n{/* truncate */}\n", "\n\n\n# a\n\n\n"),
            (":::note alone\nb", ":::note alone\nb"),
            ("```\n:::tip\n:::\n```\n", "```\n:::tip\n:::\n```\n"),
            ("import of goods\n", "import of goods\n"),
            ("import goods, and pay\n", "import goods, and pay\n"),
        ];
        for (text, want) in cases {
            assert_eq!(without(text.to_owned(), true), want);
        }
    }

    #[test]
    fn modules_are_imported_at_the_top_only() {
        let text = "\nimport Tabs from '@theme/Tabs';\nimport {\n  A,\n} from 'a';\n\nexport const x = 1;\n\nText.\n\nimport B from 'b'\n";
        assert_eq!(without(text.to_owned(), true), "\n\n\n\n\n\n\n\nText.\n\nimport B from 'b'\n");
        assert_eq!(without(text.to_owned(), false), text);
    }

    #[test]
    fn the_excerpt_ends_where_its_author_says() {
        let more = |text: &str| before_more(text, false, Slugify::Hugo);
        assert_eq!(more("First *words*.\n\n<!--more-->\n\nRest.").as_deref(), Some("First words."));
        assert_eq!(more("First. <!-- More --> Rest.").as_deref(), Some("First."));
        assert_eq!(more("<!--more-->\nRest."), None);
        assert_eq!(more("First[^1].\n\n{/* truncate */}\n\nRest.").as_deref(), Some("First."));
        assert_eq!(more("Write `<!--more-->` there."), None);
    }
}
