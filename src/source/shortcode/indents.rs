//! Lines between a shortcode's tags that are indented further than its tags: Hugo takes that away,
//! or they would be code. Where all of them are, those blanks go; every line keeps its number.

use std::borrow::Cow;
use std::collections::HashSet;

/// So many lines are looked at for each line there is.
const LOOKS: usize = 32;

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
        let least = lines[inner.clone()].iter().filter(|l| !l.trim().is_empty()).map(|l| indent(l)).min();
        let further = least.unwrap_or(0).saturating_sub(indent(lines[at]));
        if further > 0 {
            changed = true;
            lines[inner]
                .iter_mut()
                .filter(|l| l.len() > further && indent(l) >= further)
                .for_each(|l| *l = &l[further..]);
        }
    }
    if changed { Cow::Owned(lines.concat()) } else { Cow::Borrowed(text) }
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
    fn lines_further_in_than_their_tags_move_to_them() {
        let closed = ["tabs", "tab"].map(str::to_owned).into();
        for (text, want) in [
            (
                "{{< tabs >}}\n    {{< tab a >}}\n    Text:\n\n        code\n    {{< /tab >}}\n{{< /tabs >}}\n    b\n",
                "{{< tabs >}}\n{{< tab a >}}\nText:\n\n    code\n{{< /tab >}}\n{{< /tabs >}}\n    b\n",
            ),
            ("- a\n  {{< tab >}}\n  b\n  {{< /tab >}}\n", "- a\n  {{< tab >}}\n  b\n  {{< /tab >}}\n"),
            ("{{< tab >}}\n    a\nb\n{{< /tab >}}\n", "{{< tab >}}\n    a\nb\n{{< /tab >}}\n"),
            ("{{< tab >}}\n    a\n", "{{< tab >}}\n    a\n"),
        ] {
            assert_eq!(removed(text, &closed), want);
        }
    }
}
