//! Shortcodes whose inner text is code: fences where it stands on lines of its own, a span in a line.
//!
//! Where the inner text has fences or pictures itself it is Markdown after all, and stays as it is. A tag
//! that nothing ends encloses nothing.

use std::collections::HashSet;

use super::up_to_end;
use crate::source::embeds;

/// What a tag becomes.
pub(super) enum Code {
    /// A fence, at the begin and at the end.
    Fence,
    /// All of it in the line, and how many bytes behind the tag it takes.
    Inline(String, usize),
    /// Nothing: what stands between the tags is Markdown.
    Nothing,
}

/// So many bytes are looked through for ends: tags in tags would have all of a text read again.
const MOST_LOOKED: usize = 64 << 20;

/// Tags that end code, by where they begin, and names that nothing ends any more.
#[derive(Default)]
pub(super) struct Codes {
    fences: HashSet<usize>,
    never_ended: HashSet<String>,
    looked: usize,
}

/// A tag in its text.
pub(super) struct Place<'t> {
    /// Where it begins, and where it ends.
    pub(super) tag: std::ops::Range<usize>,
    /// What is in front of it, as it is shown.
    pub(super) before: &'t str,
    /// What is behind it.
    pub(super) behind: &'t str,
    /// What it encloses is Markdown for Hugo: `{{% name %}}`.
    pub(super) is_markdown: bool,
}

/// Shortcodes with code in them, and the tags that end them.
pub(super) fn is_code(name: &str) -> bool {
    matches!(
        name.trim_start_matches('/'),
        "highlight" | "code" | "codeblock" | "mermaid" | "plantuml" | "chart" | "echarts" | "vega-lite" | "graphviz"
    )
}

impl Codes {
    /// What the tag `name` becomes. None when it encloses nothing.
    pub(super) fn at(&mut self, name: &str, place: &Place<'_>) -> Option<Code> {
        if name.starts_with('/') {
            return Some(if self.fences.remove(&place.tag.start) { Code::Fence } else { Code::Nothing });
        }
        if self.never_ended.contains(name) || self.looked > MOST_LOOKED {
            return None;
        }
        let Some(body) = up_to_end(place.behind, name) else {
            self.never_ended.insert(name.to_owned());
            return None;
        };
        self.looked += body.len();
        let inner = &body[..body.rfind("{{").unwrap_or(0)];
        if begins_again(inner, name) {
            return None;
        }
        let is_fence = |line: &str| line.trim_start().starts_with("```") || line.trim_start().starts_with("~~~");
        let is_shown = name != "highlight" && (place.is_markdown || inner.contains("!["));
        if is_shown || inner.lines().any(is_fence) {
            return Some(Code::Nothing);
        }
        let alone = embeds::stands_alone(place.before, &place.behind[body.len()..]);
        if !alone && !inner.contains('\n') && name != "highlight" {
            return Some(Code::Inline(span(inner.trim()), body.len()));
        }
        self.fences.insert(place.tag.end + inner.len());
        Some(Code::Fence)
    }
}

/// Whether the shortcode is opened once more before it ends: then the first one encloses nothing.
fn begins_again(inner: &str, name: &str) -> bool {
    memchr::memmem::find_iter(inner.as_bytes(), b"{{").any(|at| {
        let tag = inner[at + 2..].strip_prefix(['<', '%']).map(str::trim_start);
        let behind = tag.and_then(|tag| tag.strip_prefix(name));
        behind.is_some_and(|b| b.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '%')))
    })
}

/// A code span that its text cannot end.
fn span(code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let marks = "`".repeat(longest + 1);
    let blank = if code.starts_with('`') || code.ends_with('`') { " " } else { "" };
    if code.is_empty() { String::new() } else { format!("{marks}{blank}{code}{blank}{marks}") }
}
