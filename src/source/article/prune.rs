//! Takes away what is in the article's part of the page and is not the article:
//! captions (which become captions in name, too), bylines, lists of other articles,
//! calls to subscribe, share buttons. Twice: what the page says by its structure
//! before the article is looked for ([`prepare`]), the rest afterwards ([`prune`]).
//!
//! Nothing inside of code is touched: highlighters use the same names.

mod words;

use dom_query::{Document, NodeData, NodeId, NodeRef, Selection};
use url::Url;

use super::date::mentions_day;
use super::text_of;
use crate::normalize::text;
use words::Named;

/// A shorter block is no paragraph of an article, only perhaps a part of one.
const PARAGRAPH: usize = 140;

/// What is called beside the article and is longer than this may be it after all.
const SHORT: usize = 1200;

/// Bylines are shorter.
const LINE: usize = 160;

/// Before the article is looked for: other articles on the page go, quoted posts of
/// social networks are protected from being taken for share buttons.
pub(super) fn prepare(document: &Document, title: Option<&str>) {
    for quote in document.select("blockquote.twitter-tweet,blockquote.instagram-media,blockquote.tiktok-embed").nodes()
    {
        quote.remove_attr("class");
        if let Some(parent) = quote.parent().filter(|p| !p.has_name("body")) {
            let alone = parent.element_children().iter().all(|c| c.id == quote.id || c.text().trim().is_empty());
            if alone {
                parent.remove_attr("class");
                parent.remove_attr("id");
            }
        }
    }
    drop_other_articles(document, title);
}

/// When one `article` holds the headline, the others are teasers or comments.
fn drop_other_articles(document: &Document, title: Option<&str>) {
    let selection = document.select("article");
    let articles = selection.nodes();
    if articles.len() < 2 || articles.len() > 500 {
        return;
    }
    let Some(wanted) = title.map(text::fold).filter(|t| t.chars().count() > 5) else { return };
    let holds_title = |article: &NodeRef<'_>| {
        Selection::from(*article).select("h1,h2").nodes().iter().any(|h| {
            let heading = text::fold(&h.text());
            heading == wanted || heading.chars().count() > 8 && wanted.starts_with(&heading)
        })
    };
    // The innermost one, should they be nested.
    let Some(main) = articles.iter().rfind(|a| holds_title(a)) else { return };
    let ancestors: Vec<NodeId> = main.ancestors(None).iter().map(|a| a.id).collect();
    let inner = |a: &NodeRef<'_>| a.ancestors(None).iter().any(|n| n.id == main.id);
    let own: usize = text_of(main).len()
        - articles.iter().filter(|a| inner(a)).map(|a| text_of(a).len()).sum::<usize>().min(text_of(main).len());
    if own < 200 {
        return;
    }
    let others: Vec<&NodeRef<'_>> = articles.iter().filter(|a| a.id != main.id && !ancestors.contains(&a.id)).collect();
    let headed = |a: &NodeRef<'_>| Selection::from(*a).select("h1,h2,h3,h4,a").exists();
    if others.len() == 1 && !headed(others[0]) {
        return;
    }
    for other in others {
        other.remove_from_parent();
    }
}

/// After the article was found. `root` holds it, with the classes it had.
pub(super) fn prune(root: &NodeRef<'_>, title: Option<&str>, base: &Url) {
    let total = text_of(root).chars().count();
    by_names(root, total);
    by_addresses(root);
    by_words(root, title, base);
    drop_empty(root);
}

fn is_gone(node: &NodeRef<'_>, root: &NodeRef<'_>) -> bool {
    node.id != root.id && !node.ancestors(None).iter().any(|a| a.id == root.id)
}

fn is_code(name: &str) -> bool {
    matches!(name, "pre" | "code" | "kbd" | "samp" | "math" | "svg" | "table")
}

/// Walks the elements below `root` in order; `visit` says whether to go inside.
fn walk(root: &NodeRef<'_>, visit: &mut impl FnMut(&NodeRef<'_>, &str) -> bool) {
    let mut steps: Vec<NodeRef<'_>> = root.element_children();
    steps.reverse();
    while let Some(node) = steps.pop() {
        let Some(name) = node.node_name() else { continue };
        if visit(&node, &name) {
            let first = steps.len();
            steps.extend(node.element_children());
            steps[first..].reverse();
        }
    }
}

/// By what elements are called.
fn by_names(root: &NodeRef<'_>, total: usize) {
    walk(root, &mut |node, name| {
        if is_code(name) {
            return false;
        }
        if matches!(name, "figcaption" | "article" | "main" | "body" | "a" | "b" | "strong" | "em" | "i" | "img") {
            return !matches!(name, "figcaption");
        }
        let called = ["class", "id", "role", "itemprop"]
            .iter()
            .filter_map(|a| node.attr(a))
            .filter_map(|v| words::named(&v))
            .min_by_key(|n| match n {
                Named::Beside => 0,
                Named::Caption => 1,
                Named::ShortBeside => 2,
                Named::Byline => 3,
            });
        let Some(called) = called else { return true };
        let said = text_of(node);
        let length = said.chars().count();
        match called {
            Named::Beside if length * 10 < total * 4 => {
                node.remove_from_parent();
                return false;
            }
            Named::ShortBeside if length < SHORT && length * 4 < total && !holds_prose(node) => {
                node.remove_from_parent();
                return false;
            }
            Named::Caption if length < 1000 && length * 3 < total => {
                if node.select_has_picture() {
                    return true;
                }
                node.rename("figcaption");
                return false;
            }
            Named::Byline if length <= LINE && is_byline(&said) => {
                node.remove_from_parent();
                return false;
            }
            _ => {}
        }
        true
    });
}

/// Whether there is a paragraph of sentences in it.
fn holds_prose(node: &NodeRef<'_>) -> bool {
    Selection::from(*node).select("p").nodes().iter().any(|p| {
        let said = p.text();
        let said = said.trim();
        said.chars().count() > 2 * PARAGRAPH && link_share(p) < 0.3
    })
}

trait HasPicture {
    fn select_has_picture(&self) -> bool;
}

impl HasPicture for NodeRef<'_> {
    fn select_has_picture(&self) -> bool {
        Selection::from(*self).select("img,picture,video,iframe,pre,table").exists()
    }
}

/// How much of the text is in links.
fn link_share(node: &NodeRef<'_>) -> f32 {
    let all = node.text().trim().chars().count();
    if all == 0 {
        return 0.0;
    }
    let linked: usize =
        Selection::from(*node).select("a").nodes().iter().map(|a| a.text().trim().chars().count()).sum();
    linked as f32 / all as f32
}

/// Buttons that share the page.
fn by_addresses(root: &NodeRef<'_>) {
    const SHARERS: [&str; 16] = [
        "facebook.com/sharer", "facebook.com/share.php", "facebook.com/dialog/share", "twitter.com/intent",
        "twitter.com/share", "twitter.com/home?status", "x.com/intent", "linkedin.com/share", "linkedin.com/sharing",
        "pinterest.com/pin/create", "reddit.com/submit", "service.weibo.com/share", "t.me/share", "whatsapp://",
        "api.whatsapp.com/send", "mailto:?",
    ];
    for link in Selection::from(*root).select("a[href]").nodes() {
        let Some(href) = link.attr("href") else { continue };
        if SHARERS.iter().any(|s| href.contains(s)) && link.text().trim().chars().count() < 40 {
            link.remove_from_parent();
        }
    }
}

/// Whether a line is only dates, names and the words between them.
fn is_byline(said: &str) -> bool {
    let line = said.trim();
    let count = line.chars().count();
    if count == 0 || count > LINE {
        return false;
    }
    // A sentence is none.
    if line.ends_with(['。', '！', '？', '!', '?']) && count > 40 {
        return false;
    }
    let has_day = mentions_day(line);
    let words: Vec<String> = line
        .split(|c: char| !c.is_alphanumeric() && c != '\'' && c != '’')
        .filter(|w| !w.is_empty())
        .map(str::to_lowercase)
        .collect();
    let rest = words
        .iter()
        .filter(|w| {
            !w.bytes().all(|b| b.is_ascii_digit())
                && !words::OF_BYLINES.contains(&w.as_str())
                && crate::normalize::date::month_name(w).is_none()
                && !is_weekday(w)
        })
        .count();
    let begins = words.first().is_some_and(|w| matches!(w.as_str(), "by" | "von" | "par" | "por" | "作者"));
    has_day && rest <= 8 || begins && rest <= 10 && !line.ends_with('.') || rest == 0
}

fn is_weekday(word: &str) -> bool {
    const DAYS: [&str; 14] = [
        "mon", "tue", "wed", "thu", "fri", "sat", "sun", "monday", "tuesday", "wednesday", "thursday", "friday",
        "saturday", "sunday",
    ];
    DAYS.contains(&word) || word.ends_with("tag") && word.len() > 5 || word.ends_with("feira")
}

/// A block that holds no other block: a line of the article.
struct Line<'d> {
    node: NodeRef<'d>,
    said: String,
    count: usize,
    links: f32,
    level: u8,
    in_list: bool,
}

impl Line<'_> {
    fn is_paragraph(&self) -> bool {
        // Han characters say more each.
        let wide = self.said.chars().filter(|c| *c >= '\u{2E80}').count();
        self.level == 0 && self.count + wide >= PARAGRAPH && self.links < 0.5
    }
}

fn holds_block(node: &NodeRef<'_>) -> bool {
    node.descendants_it().any(|n| {
        n.query_or(false, |n| {
            matches!(&n.data, NodeData::Element(e) if matches!(&*e.name.local,
                "p" | "div" | "ul" | "ol" | "li" | "table" | "pre" | "blockquote" | "section" | "article" | "h1" | "h2" | "h3"
                | "h4" | "h5" | "h6" | "figure" | "dl" | "header" | "footer" | "aside" | "center" | "form" | "details"))
        })
    })
}

fn lines<'d>(root: &NodeRef<'d>) -> Vec<Line<'d>> {
    let mut lines = Vec::new();
    let mut steps: Vec<(NodeRef<'d>, bool)> = vec![(*root, false)];
    while let Some((node, in_list)) = steps.pop() {
        let Some(name) = node.node_name() else { continue };
        let may_be_line = matches!(
            &*name,
            "p" | "div"
                | "li"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "section"
                | "header"
                | "footer"
                | "dt"
                | "dd"
                | "center"
                | "ul"
                | "ol"
                | "dl"
                | "article"
                | "main"
                | "aside"
                | "nav"
                | "form"
                | "time"
                | "address"
                | "label"
                | "small"
                | "span"
                | "a"
        );
        if !may_be_line {
            continue;
        }
        if node.id != root.id && !holds_block(&node) {
            let said = text::squeeze(&node.text());
            let count = said.chars().count();
            if count > 0 {
                let level = match &*name {
                    "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => name.as_bytes()[1] - b'0',
                    _ => 0,
                };
                lines.push(Line {
                    links: link_share(&node),
                    node,
                    said,
                    count,
                    level,
                    in_list: in_list || &*name == "li",
                });
            }
            continue;
        }
        let first = steps.len();
        let listed = in_list || matches!(&*name, "ul" | "ol" | "li" | "dl");
        steps.extend(node.element_children().into_iter().map(|c| (c, listed)));
        steps[first..].reverse();
    }
    lines
}

/// By what lines say, and where they are.
fn by_words(root: &NodeRef<'_>, title: Option<&str>, base: &Url) {
    let lines = lines(root);
    let first = lines.iter().position(Line::is_paragraph).unwrap_or(0);
    let last = lines.iter().rposition(Line::is_paragraph).map_or(lines.len(), |n| n + 1);
    let paragraphs = lines.iter().filter(|l| l.is_paragraph()).count();
    let title = title.map(text::fold).unwrap_or_default();
    let mut gone = vec![false; lines.len()];
    // A heading that leads elsewhere takes the links below it along.
    let mut leading = false;
    for (n, line) in lines.iter().enumerate() {
        let head = n < first;
        let tail = n >= last;
        let only_links = line.links > 0.85;
        let drop = if leading && only_links && line.count < 300 {
            true
        } else {
            leading = false;
            let whole = words::is_whole(&line.said);
            let leads = line.count < 300 && words::leads(&line.said);
            if leads && line.links < 0.3 && (line.level > 0 || line.count < 60) || whole {
                leading = true;
            }
            whole
                || leads && (line.links >= 0.3 || line.level > 0 || line.count < 60)
                || line.count < 320 && words::is_aside(&line.said)
                || (head || line.count < 80)
                    && line.count < LINE
                    && is_byline(&line.said)
                    && (head || mentions_day(&line.said) && line.count < 60)
                || head && line.count > 3 && title == text::fold(&line.said)
                || head && only_links && line.count < 60 && first > 0
                || tail && paragraphs > 2 && only_links && line.in_list && is_internal(&line.node, base)
                || only_links && is_shout(&line.said)
                || line.count <= 3 && line.said.bytes().all(|b| b.is_ascii_digit()) && line.level == 0 && !line.in_list
        };
        if drop {
            gone[n] = true;
        } else if line.count < 200 && words::is_credit(&line.said) {
            // In an article without pictures it is just a sentence.
            if root_has_picture(root) && line.level == 0 {
                line.node.rename("figcaption");
            }
        }
    }
    // A heading with nothing behind it.
    for n in (0..lines.len()).rev() {
        if gone[n] {
            continue;
        }
        if lines[n].level > 0 && n >= last {
            gone[n] = true;
            continue;
        }
        break;
    }
    for (line, gone) in lines.iter().zip(gone) {
        if gone && !line.node.select_has_picture() && !is_gone(&line.node, root) {
            line.node.remove_from_parent();
        }
    }
}

fn root_has_picture(root: &NodeRef<'_>) -> bool {
    Selection::from(*root).select_single("img,picture,video,iframe").exists()
}

/// `CLICK HERE FOR THE APP`: capitals only, a link only.
fn is_shout(said: &str) -> bool {
    let letters = said.chars().filter(|c| c.is_alphabetic() && c.is_ascii()).count();
    let small = said.chars().filter(|c| c.is_lowercase()).count();
    letters > 14 && small * 10 < letters && said.split_whitespace().count() > 3
}

/// Whether all links of a line stay on the site.
fn is_internal(node: &NodeRef<'_>, base: &Url) -> bool {
    let selection = Selection::from(*node);
    let links = selection.select("a[href]");
    let mut any = false;
    for link in links.nodes() {
        any = true;
        let href = link.attr("href").unwrap_or_default();
        let Ok(url) = base.join(&href) else { return false };
        if url.host_str() != base.host_str() {
            return false;
        }
    }
    any
}

/// Elements that hold nothing any more.
fn drop_empty(root: &NodeRef<'_>) {
    let all: Vec<NodeRef<'_>> = root.descendants_it().filter(NodeRef::is_element).collect();
    for node in all.iter().rev() {
        let Some(name) = node.node_name() else { continue };
        let may_be_empty = matches!(
            &*name,
            "p" | "div"
                | "section"
                | "ul"
                | "ol"
                | "li"
                | "header"
                | "footer"
                | "span"
                | "center"
                | "dl"
                | "aside"
                | "small"
                | "strong"
                | "em"
                | "figcaption"
                | "h1"
                | "h2"
                | "h3"
                | "h4"
                | "h5"
                | "h6"
                | "a"
        );
        if may_be_empty && node.children_it(false).all(|c| c.is_text() && c.text().trim().is_empty() || c.is_comment())
        {
            node.remove_from_parent();
        }
    }
}
