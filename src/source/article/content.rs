//! The article itself, out of the page: `dom_smoothie` chooses the part of the tree,
//! [`super::prune`] takes away what is still beside it, [`finish`] makes addresses
//! absolute and writes HTML and text.

use dom_query::{Document, NodeData, NodeRef, Selection};
use dom_smoothie::{Config, Readability, TextMode};
use url::Url;

use super::{lazy, prune};
use crate::normalize::address;
use crate::normalize::html::elements;

/// An article out of its page.
#[derive(Debug, Default)]
pub(super) struct Content {
    /// HTML, addresses absolute, not sanitised.
    pub html: String,
    /// Plain text, blocks on lines of their own.
    pub text: String,
}

/// Finds the article in a page. The document is used up.
pub(super) fn extract(document: Document, base: &Url, title: Option<&str>) -> Option<Content> {
    lazy::mend(&document.root(), base);
    part_code_lines(&document.root());
    prune::prepare(&document, title);
    let config = Config { keep_classes: true, disable_json_ld: true, text_mode: TextMode::Raw, ..Config::default() };
    let mut readability = Readability::with_document(document, None, Some(config)).ok()?;
    readability.parse().ok()?;
    let document = readability.doc;
    let selection = document.select_single("#readability-page-1");
    let root = *selection.nodes().first()?;
    prune::prune(&root, title, base);
    Some(finish(&root, base))
}

/// Less text than this is looked for elsewhere.
pub(super) const ENOUGH: usize = 60;

/// The article where a site's rule says it is.
pub(super) fn by_rule(document: &Document, rule: &super::rules::PageRule, base: &Url) -> Option<Content> {
    let node = rule.content.iter().find_map(|field| {
        let found = document.select_single_matcher(&field.matcher);
        found.nodes().first().copied().filter(|n| !n.text().trim().is_empty())
    })?;
    for field in &rule.drop {
        Selection::from(node).select_matcher(&field.matcher).remove();
    }
    lazy::mend(&node, base);
    part_code_lines(&node);
    Some(finish(&node, base))
}

/// A plain text as an article: its lines are paragraphs.
pub(super) fn of_text(said: &str) -> Content {
    let lines = || said.lines().map(str::trim).filter(|l| !l.is_empty());
    let html = lines().map(|l| format!("<p>{}</p>", crate::normalize::html::escape(l))).collect();
    Content { html, text: lines().collect::<Vec<_>>().join("\n") }
}

/// Code whose lines are elements of their own gets its line ends back; columns of
/// line numbers go.
pub(super) fn part_code_lines(root: &NodeRef<'_>) {
    let selection = Selection::from(*root);
    for numbers in selection
        .select(".code-snippet__line-index,.hljs-ln-numbers,.line-numbers-rows,.linenos,.lineno,.gutter,td.blob-num,td.line-number,.lnt,.ln,.rouge-gutter")
        .nodes()
    {
        let said = numbers.text();
        if said.chars().all(|c| c.is_ascii_digit() || c.is_whitespace()) {
            numbers.remove_from_parent();
        }
    }
    for pre in selection.select("pre").nodes() {
        let lines: Vec<NodeRef<'_>> = pre.element_children();
        if lines.len() > 1 && lines.iter().all(|l| l.has_name("code")) {
            for line in &lines[..lines.len() - 1] {
                if !line.text().ends_with('\n') {
                    line.insert_after(&pre.tree.new_text("\n"));
                }
            }
        }
    }
    // A table of two cells, one of which was the numbers: the code remains.
    for table in selection.select("table").nodes() {
        let inside = Selection::from(*table);
        let code = inside.select("pre");
        let [pre] = code.nodes() else { continue };
        let is_code = table.text().trim() == pre.text().trim();
        if is_code {
            table.replace_with(pre);
        }
    }
}

/// Writes what is below `root`.
pub(super) fn finish(root: &NodeRef<'_>, base: &Url) -> Content {
    let all: Vec<NodeRef<'_>> = root.descendants_it().collect();
    for node in &all {
        absolute(node, base);
    }
    let html = root.inner_html().to_string();
    let text = text_of(root);
    Content { html, text }
}

/// Makes the addresses of an element absolute and drops what only scripts and styles need.
fn absolute(node: &NodeRef<'_>, base: &Url) {
    let attributes = node.query_or(Vec::new(), |n| match &n.data {
        NodeData::Element(element) => {
            element.attrs.iter().map(|a| (a.name.local.to_string(), a.value.to_string())).collect()
        }
        _ => Vec::new(),
    });
    for (name, value) in attributes {
        match name.as_str() {
            "href" | "src" | "poster" | "cite" => {
                if name == "href" && value.trim_start().starts_with('#') {
                    continue;
                }
                if value.trim_start().get(..5).is_some_and(|s| s.eq_ignore_ascii_case("data:")) && name == "src" {
                    continue;
                }
                match address::absolute(&value, Some(base)) {
                    Some(url) => node.set_attr(&name, url.as_str()),
                    None => node.remove_attr(&name),
                }
            }
            "srcset" => {
                let set = lazy::srcset(&value)
                    .into_iter()
                    .filter_map(|(source, size)| Some((address::absolute(source, Some(base))?, size)))
                    .map(|(url, size)| format!("{url} {size}").trim_end().to_owned())
                    .collect::<Vec<_>>();
                node.set_attr("srcset", &set.join(", "));
            }
            "alt" | "title" | "width" | "height" | "colspan" | "rowspan" | "lang" | "dir" | "datetime" | "start"
            | "type" | "controls" | "allowfullscreen" | "span" | "align" | "id" => {}
            "class" => {
                let kept: Vec<&str> = value
                    .split_ascii_whitespace()
                    .filter(|c| c.starts_with("language-") || c.starts_with("lang-") || c.starts_with("math"))
                    .collect();
                if kept.is_empty() {
                    node.remove_attr("class");
                } else {
                    node.set_attr("class", &kept.join(" "));
                }
            }
            _ => node.remove_attr(&name),
        }
    }
}

enum Step<'d> {
    Enter(NodeRef<'d>),
    Leave { block: bool, pre: bool },
}

/// The running text below `root`: blocks on lines of their own, white space folded
/// but in `pre`; captions belong to their pictures and stay out.
pub(super) fn text_of(root: &NodeRef<'_>) -> String {
    let mut out = String::new();
    let mut pre = 0usize;
    let mut steps = vec![Step::Enter(*root)];
    while let Some(step) = steps.pop() {
        match step {
            Step::Leave { block, pre: was_pre } => {
                pre -= usize::from(was_pre);
                if block {
                    end_line(&mut out);
                }
            }
            Step::Enter(node) => {
                let entered = node.query_or(None, |n| match &n.data {
                    NodeData::Text { contents } => {
                        push(&mut out, contents, pre > 0);
                        None
                    }
                    NodeData::Element(element) => {
                        let name: &str = &element.name.local;
                        let silent = matches!(
                            name,
                            "script"
                                | "style"
                                | "template"
                                | "noscript"
                                | "iframe"
                                | "svg"
                                | "figcaption"
                                | "video"
                                | "audio"
                                | "annotation"
                                | "object"
                        ) || name == "figure" && !is_more_than_a_picture(&node);
                        (!silent).then(|| (elements::ends_line(name), name == "pre"))
                    }
                    NodeData::Document | NodeData::Fragment => Some((true, false)),
                    NodeData::Doctype { .. } | NodeData::Comment { .. } | NodeData::ProcessingInstruction { .. } => {
                        None
                    }
                });
                let Some((block, is_pre)) = entered else { continue };
                if block {
                    end_line(&mut out);
                }
                pre += usize::from(is_pre);
                steps.push(Step::Leave { block, pre: is_pre });
                let first = steps.len();
                let mut child = node.first_child();
                while let Some(next) = child {
                    steps.push(Step::Enter(next));
                    child = next.next_sibling();
                }
                steps[first..].reverse();
            }
        }
    }
    while out.ends_with(char::is_whitespace) {
        out.pop();
    }
    crate::normalize::text::scrubbed(out)
}

/// Whether a figure holds text of its own: code, a table, a quotation.
fn is_more_than_a_picture(figure: &NodeRef<'_>) -> bool {
    figure.descendants_it().any(|n| {
        n.query_or(false, |n| {
            matches!(&n.data, NodeData::Element(e) if matches!(&*e.name.local, "pre" | "table" | "blockquote" | "ul" | "ol"))
        })
    })
}

fn end_line(out: &mut String) {
    while out.ends_with([' ', '\u{a0}']) {
        out.pop();
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
}

fn push(out: &mut String, text: &str, pre: bool) {
    if pre {
        out.push_str(text);
        return;
    }
    let mut rest = text;
    if rest.starts_with(char::is_whitespace) && !out.is_empty() && !out.ends_with([' ', '\n']) {
        out.push(' ');
    }
    while let Some(start) = rest.find(|c: char| !c.is_whitespace()) {
        rest = &rest[start..];
        let end = rest.find(char::is_whitespace).unwrap_or(rest.len());
        out.push_str(&rest[..end]);
        rest = &rest[end..];
        if !rest.is_empty() {
            out.push(' ');
        }
    }
}
