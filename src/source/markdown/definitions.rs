//! Definitions of footnotes and links, which stand anywhere in a text: a part of it that is
//! rendered alone takes those along that it uses.

use std::collections::{HashMap, HashSet};

use crate::normalize::text;

/// Footnote and link reference definitions of a text, by label.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Definitions(HashMap<String, String>);

impl Definitions {
    /// Those of the text `lines`. The first of a label holds.
    pub(super) fn of(lines: &[String]) -> Self {
        /// A note goes over so many lines.
        const MOST_LINES: usize = 64;
        let mut found = HashMap::new();
        for (n, line) in lines.iter().enumerate() {
            let t = line.trim_start();
            if let Some((label, behind)) = t.strip_prefix('[').and_then(|t| t.split_once("]:"))
                && !label.is_empty()
                && !label.contains("](")
            {
                found.entry(folded_label(label)).or_insert_with(|| {
                    let below = lines[n + 1..].iter().take(MOST_LINES);
                    // A note goes on in indented lines, an address may stand on the next one.
                    let more = if label.starts_with('^') {
                        let inside = |l: &&String| l.trim().is_empty() || l.starts_with("    ") || l.starts_with('\t');
                        below.take_while(inside).count()
                    } else {
                        usize::from(behind.trim().is_empty())
                    };
                    let rest = lines[n + 1..].iter().take(more).map(String::as_str);
                    std::iter::once(t).chain(rest).collect::<Vec<_>>().join("\n").trim_end().to_owned()
                });
            }
        }
        Self(found)
    }

    /// Adds the definitions that `part` uses, and those that these use.
    pub(super) fn push_used(&self, part: &mut String) {
        if self.0.is_empty() {
            return;
        }
        let mut added: HashSet<String> = HashSet::new();
        let mut looked = 0;
        while looked < part.len() {
            let used: Vec<String> = labels(&part[looked..]).filter(|label| added.insert(label.clone())).collect();
            looked = part.len();
            for definition in used.iter().filter_map(|label| self.0.get(label)) {
                part.push_str(definition);
                part.push_str("\n\n");
            }
        }
    }
}

/// What stands in brackets: what may be a label.
fn labels(text: &str) -> impl Iterator<Item = String> {
    text.match_indices('[').filter_map(|(at, _)| {
        let behind = &text[at + 1..];
        // No label has a bracket in it (CommonMark, 4.7).
        let end = behind.find(['[', ']'])?;
        behind[end..].starts_with(']').then(|| folded_label(&behind[..end]))
    })
}

fn folded_label(label: &str) -> String {
    text::squeeze(label).to_lowercase()
}
