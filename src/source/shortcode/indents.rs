//! Lines between the tags of a shortcode that is indented itself: its own indentation is taken away from
//! them (`.InnerDeindent`), or they would be code. In an item of a list it is the item's, and stays.
//! Every line keeps its number.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::source::markdown::code::is_item;

/// So many lines are looked at for each line there is.
const LOOKS: usize = 32;
/// An item of a list begins no further above.
const NEAR: usize = 50;
/// What is indented so far is code.
const CODE: usize = 4;

/// A tag alone on its line.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tag<'t> {
    Opens(&'t str),
    Closes(&'t str),
}

/// The text without such indentation. `closed` are the names of shortcodes that are closed.
pub(super) fn removed<'t>(text: &'t str, closed: &HashSet<String>) -> Cow<'t, str> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let tags: Vec<Option<Tag<'_>>> = lines.iter().map(|line| tag(line.trim(), closed)).collect();
    let mut looks = lines.len().saturating_mul(LOOKS);
    let mut changed = false;
    for at in 0..lines.len() {
        let Some(Tag::Opens(name)) = tags[at] else { continue };
        let Some(end) = end(&tags, at, name, &mut looks) else { continue };
        let inner = at + 1..end;
        let own = indent(lines[at]);
        let is_inside = |line: &&str| line.trim().is_empty() || indent(line) >= own;
        if own >= CODE && !in_list(&lines[..at], own) && lines[inner].iter().all(is_inside) {
            changed = true;
            lines[at..=end].iter_mut().filter(|l| indent(l) >= own).for_each(|l| *l = &l[own..]);
        }
    }
    if changed { Cow::Owned(lines.concat()) } else { Cow::Borrowed(text) }
}

/// Whether a line indented so far is in an item of a list that begins above it.
fn in_list(above: &[&str], own: usize) -> bool {
    let mut near = above.iter().rev().take(NEAR).filter(|line| !line.trim().is_empty());
    near.find(|line| indent(line) < own).is_some_and(|line| is_item(line))
}

/// Blanks before a line.
fn indent(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The line with the tag that ends the shortcode `name`, which begins on the line `at`.
fn end(tags: &[Option<Tag<'_>>], at: usize, name: &str, looks: &mut usize) -> Option<usize> {
    let mut open = 0_usize;
    for (n, tag) in tags.iter().enumerate().skip(at + 1) {
        *looks = looks.checked_sub(1)?;
        match tag {
            Some(Tag::Opens(other)) if *other == name => open += 1,
            Some(Tag::Closes(other)) if *other == name && open == 0 => return Some(n),
            Some(Tag::Closes(other)) if *other == name => open -= 1,
            _ => {}
        }
    }
    None
}

fn tag<'t>(line: &'t str, closed: &HashSet<String>) -> Option<Tag<'t>> {
    let inside = line.strip_prefix("{{<").and_then(|l| l.strip_suffix(">}}"));
    let inside = inside.or_else(|| line.strip_prefix("{{%").and_then(|l| l.strip_suffix("%}}")))?.trim();
    if inside.ends_with('/') || inside.contains("{{") {
        return None;
    }
    let name = |rest: &'t str| rest.split_whitespace().next().filter(|name| closed.contains(*name));
    match inside.strip_prefix('/') {
        Some(rest) => name(rest).map(Tag::Closes),
        None => name(inside).map(Tag::Opens),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_move_with_their_tags() {
        let closed = ["tabs", "tab"].map(str::to_owned).into();
        for (text, want) in [
            (
                "{{< tabs >}}\n    {{< tab a >}}\n    Text:\n\n        code\n    {{< /tab >}}\n{{< /tabs >}}\n    b\n",
                "{{< tabs >}}\n{{< tab a >}}\nText:\n\n    code\n{{< /tab >}}\n{{< /tabs >}}\n    b\n",
            ),
            ("- a\n  {{< tab >}}\n  b\n  {{< /tab >}}\n", "- a\n  {{< tab >}}\n  b\n  {{< /tab >}}\n"),
            ("{{< tab >}}\n    a\nb\n{{< /tab >}}\n", "{{< tab >}}\n    a\nb\n{{< /tab >}}\n"),
            ("{{< tab >}}\n    a\n", "{{< tab >}}\n    a\n"),
            ("{{< tab >}}\n    a\n{{< /tab >}}\n", "{{< tab >}}\n    a\n{{< /tab >}}\n"),
            ("- a\n\n    {{< tab >}}\n    b\n    {{< /tab >}}\n", "- a\n\n    {{< tab >}}\n    b\n    {{< /tab >}}\n"),
        ] {
            assert_eq!(removed(text, &closed), want);
        }
    }
}
