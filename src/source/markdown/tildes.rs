//! Single tildes as what they are: Hugo, Jekyll and most others strike out between two of them only,
//! and `3~5 days or 10~20` are ranges.

use comrak::Arena;
use comrak::nodes::{AstNode, NodeValue};

/// Makes what is struck out below `root` between single tildes of `source` text again.
pub(super) fn keep<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>, source: &str) {
    if !source.contains('~') {
        return;
    }
    let lines: Vec<&str> = source.lines().collect();
    let is_single = |node: &AstNode<'a>| {
        let data = node.data.borrow();
        let start = data.sourcepos.start;
        let line = lines.get(start.line.saturating_sub(1)).map_or(&b""[..], |l| l.as_bytes());
        let at = start.column.saturating_sub(1);
        matches!(data.value, NodeValue::Strikethrough) && line.get(at) == Some(&b'~') && line.get(at + 1) != Some(&b'~')
    };
    for node in root.descendants().filter(|node| is_single(node)).collect::<Vec<_>>() {
        let tilde = || -> &'a AstNode<'a> { arena.alloc(AstNode::from(NodeValue::Text("~".into()))) };
        node.insert_before(tilde());
        for child in node.children().collect::<Vec<_>>() {
            node.insert_before(child);
        }
        node.insert_before(tilde());
        node.detach();
    }
}

#[cfg(test)]
mod tests {
    use crate::config::Slugify;
    use crate::source::markdown::read;

    #[test]
    fn ranges_are_not_struck_out() {
        for (written, want) in [
            ("需要 3~5 天，或者 10~20 天", "需要 3~5 天，或者 10~20 天"),
            ("~~a~~ and ~*b*~", "<del>a</del> and ~<em>b</em>~"),
        ] {
            let html = |how| read(written, None, None, how).html.trim().to_owned();
            for slugify in [Slugify::Jekyll, Slugify::Hugo, Slugify::None] {
                assert_eq!(html(slugify), format!("<p>{want}</p>"));
            }
            assert!(html(Slugify::GitHub).contains("<del>"));
        }
    }
}
