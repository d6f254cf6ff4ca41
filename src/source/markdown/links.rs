//! Where addresses in a text end, and where they lead. What is no address loses its link.

use comrak::Arena;
use comrak::nodes::{AstNode, NodeLink, NodeValue};
use url::Url;

use crate::normalize::address;

/// Marks that end an address that was only written down: what follows them is text.
const END_OF_ADDRESS: [char; 18] =
    ['（', '）', '【', '】', '「', '」', '『', '』', '《', '》', '，', '。', '、', '；', '：', '！', '？', '…'];

/// Ends the addresses below `root` where their text does.
pub(super) fn end_addresses<'a>(arena: &'a Arena<'a>, root: &'a AstNode<'a>, text: &str) {
    if text.contains("://") && text.contains(END_OF_ADDRESS) {
        for node in root.descendants().collect::<Vec<_>>() {
            end_address(arena, node);
        }
    }
}

/// An address in running text is read as far as there is no blank: `https://a.b/c）：and words`
/// is an address and words, perhaps with the next address among them.
fn end_address<'a>(arena: &'a Arena<'a>, node: &'a AstNode<'a>) {
    let NodeValue::Link(link) = node.data.borrow().value.clone() else { return };
    let Some(child) = node.first_child().filter(|c| c.next_sibling().is_none()) else { return };
    let NodeValue::Text(shown) = child.data.borrow().value.clone() else { return };
    let Some(end) = shown.find(END_OF_ADDRESS).filter(|at| *at > 0 && shown.contains("://")) else { return };
    let (address, mut rest) = shown.split_at(end);
    // Written down: what it says is where it leads.
    if !link.url.starts_with(address) {
        return;
    }
    let position = node.data.borrow().sourcepos;
    let new = |value: NodeValue| -> &'a AstNode<'a> {
        let made = arena.alloc(AstNode::from(value));
        made.data.borrow_mut().sourcepos = position;
        made
    };
    let leading_to = |url: &str| NodeValue::Link(Box::new(NodeLink { url: url.to_owned(), title: link.title.clone() }));
    let words = |text: &str| NodeValue::Text(text.to_owned().into());
    child.data.borrow_mut().value = words(address);
    node.data.borrow_mut().value = leading_to(address);
    let mut last = node;
    let mut append = |value: NodeValue| -> &'a AstNode<'a> {
        let made = new(value);
        last.insert_after(made);
        last = made;
        made
    };
    while !rest.is_empty() {
        let is_address = |at: &usize| ["http://", "https://"].iter().any(|start| rest[*at..].starts_with(start));
        let next = rest.match_indices("http").map(|(at, _)| at).find(is_address).unwrap_or(rest.len());
        if next > 0 {
            append(words(&rest[..next]));
        }
        rest = &rest[next..];
        let (address, behind) = rest.split_at(rest.find(END_OF_ADDRESS).unwrap_or(rest.len()));
        if !address.is_empty() {
            append(leading_to(address)).append(new(words(address)));
        }
        rest = behind;
    }
}

/// Makes link and picture addresses absolute; what is no address loses its link.
pub(super) fn mend_links<'a>(root: &'a AstNode<'a>, base: Option<&Url>, pictures: Option<&Url>) {
    for node in root.descendants() {
        let mut data = node.data.borrow_mut();
        let base = if matches!(data.value, NodeValue::Image(_)) { pictures.or(base) } else { base };
        if let NodeValue::Link(link) | NodeValue::Image(link) = &mut data.value {
            if link.url.starts_with('#') {
                if let Some(base) = base {
                    let mut here = base.clone();
                    here.set_fragment(Some(&link.url[1..]));
                    link.url = here.to_string();
                }
                continue;
            }
            match resolve(&link.url, base) {
                Some(url) => link.url = url.to_string(),
                None if link.url.starts_with("data:image/") => {}
                None if base.is_none() && !link.url.contains(':') => {}
                None => link.url.clear(),
            }
        }
    }
}

/// An address written in a post, made absolute.
pub fn resolve(written: &str, base: Option<&Url>) -> Option<Url> {
    // Emphasis inside the parentheses, and an address before a full-width mark that swallows what follows it.
    let written = if written.contains("://") { without_parentheses(written.trim_matches('*')) } else { written };
    let marks = || written.find(['）', '，', '。', '；', '》', '」', '、']);
    // `https://a.b/pull/1(@[ann](…))`: Markdown right behind an address is none of it.
    let markdown = || ["(@[", "([", "@["].iter().filter_map(|mark| written.find(mark)).min();
    let end = if written.contains("://") { marks().into_iter().chain(markdown()).min() } else { None };
    address::absolute(&written[..end.unwrap_or(written.len())], base)
}

/// `(https://a.b/c)`, of `[x]((https://a.b/c))`: parentheses around a whole address are no
/// part of it.
fn without_parentheses(written: &str) -> &str {
    let mut inside = written.trim();
    while let Some(rest) = inside.strip_prefix('(') {
        inside = rest.strip_suffix(')').unwrap_or(rest).trim();
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parentheses_around_an_address_are_no_part_of_it() {
        for (written, want) in [
            ("(https://x.example/a)", "https://x.example/a"),
            ("https://x.example/a_(b)", "https://x.example/a_(b)"),
            ("(https://x.example/a_(b))", "https://x.example/a_(b)"),
        ] {
            assert_eq!(resolve(written, None).map(String::from).as_deref(), Some(want));
        }
    }
}
