//! Formulas between dollar signs. They stay as they were written, for readers and pages that
//! set them: read as Markdown, `$\{a\}$` would lose its marks and `$a*b*c$` get emphasis.

use std::sync::LazyLock;

use comrak::Arena;
use comrak::nodes::{AstNode, NodeValue};
use regex::Regex;

use crate::source::pattern::pattern;

/// Whether a text has formulas: between two dollar signs there is a sign of TeX. Prices and
/// names of variables have none.
pub(super) fn are_in(source: &str) -> bool {
    static FORMULA: LazyLock<Regex> = LazyLock::new(|| pattern(r"\$[^$\s][^$\n]*[\\^_{][^$\n]*\$"));
    source.contains('$') && (source.contains("$$") || FORMULA.is_match(source))
}

/// Makes the formulas below `root` the text that they were written as, line by line.
pub(super) fn keep<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>) {
    for node in root.descendants().collect::<Vec<_>>() {
        let NodeValue::Math(math) = node.data.borrow().value.clone() else { continue };
        let marks = if math.display_math { "$$" } else { "$" };
        let written = format!("{marks}{}{marks}", math.literal);
        let position = node.data.borrow().sourcepos;
        let mut last = node;
        for (n, line) in written.split('\n').enumerate() {
            let text = NodeValue::Text(line.to_owned().into());
            if n == 0 {
                node.data.borrow_mut().value = text;
                continue;
            }
            for value in [NodeValue::SoftBreak, text] {
                let next = arena.alloc(AstNode::from(value));
                next.data.borrow_mut().sourcepos = position;
                last.insert_after(next);
                last = next;
            }
        }
    }
}
