//! Boxes, `> [!NOTE]`, as quotations that begin with their title: feed readers know no other
//! boxes, and a title that looks like a paragraph says nothing.

use comrak::Arena;
use comrak::nodes::{AlertType, AstNode, NodeValue};

/// Makes the boxes below `root` quotations.
pub(super) fn quote<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>) {
    for node in root.descendants().collect::<Vec<_>>() {
        let NodeValue::Alert(alert) = node.data.borrow().value.clone() else { continue };
        let kind = match alert.alert_type {
            AlertType::Note => "Note",
            AlertType::Tip => "Tip",
            AlertType::Important => "Important",
            AlertType::Warning => "Warning",
            AlertType::Caution => "Caution",
        };
        let title = alert.title.clone().unwrap_or_else(|| kind.to_owned());
        let [paragraph, strong, text] = [NodeValue::Paragraph, NodeValue::Strong, NodeValue::Text(title.into())]
            .map(|value| arena.alloc(AstNode::from(value)));
        strong.append(text);
        paragraph.append(strong);
        node.data.borrow_mut().value = NodeValue::BlockQuote;
        node.prepend(paragraph);
    }
}
