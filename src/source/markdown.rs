//! Markdown: one set of rules for the whole program, a tree cut into [`Piece`]s
//! for the digest stage, and HTML.
//!
//! A piece is a line of a paragraph, a heading, a code block, a table: the
//! smallest thing a digest is put together from. Pieces know their place in the
//! file, so the HTML of an item is made from the lines it covers, with the same
//! rules as the whole post.
//!
//! Raw HTML passes through: sanitising is for the way out, not for here.

mod alerts;
mod bounds;
pub mod code;
mod cutter;
mod definitions;
mod emoji;
mod footnotes;
mod headings;
mod links;
mod pieces;
mod tildes;

use comrak::nodes::AstNode;
use comrak::{Arena, Options};
use url::Url;

use self::definitions::Definitions;
use self::links::mend_links;
use crate::config::Slugify;

pub use self::emoji::with_emoji;
pub use self::links::resolve;
pub use self::pieces::{LinkRef, Piece, Shape};

/// A heading with the id the site generator gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeadingId {
    /// Line in the file, from 1.
    pub line: usize,
    /// The id.
    pub id: String,
}

/// A Markdown text, read once.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The pieces in order.
    pub pieces: Vec<Piece>,
    /// The whole as HTML.
    pub html: String,
    /// The whole as plain text.
    pub text: String,
    /// Headings with ids.
    pub headings: Vec<HeadingId>,
    /// First picture of the text, as written.
    pub image: Option<String>,
    /// Every link with its line.
    pub links: Vec<(usize, LinkRef)>,
    /// No piece stands on an earlier line than the one before it, as footnotes may.
    pub in_order: bool,
    /// Lines of a paragraph are lines where they are shown.
    breaks: bool,
    /// A line that begins with a colon is what the line above means.
    definitions_in_lists: bool,
    /// Where relative addresses of pictures begin, if not where others do.
    pictures: Option<Url>,
    /// Footnote and reference definitions by label, for parts of the text that use them.
    definitions: Definitions,
    /// The lines as they were parsed.
    lines: Vec<String>,
}

fn options(breaks: bool, definitions: bool) -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.cjk_friendly_emphasis = true;
    options.extension.alerts = true;
    options.extension.description_lists = definitions;
    options.render.r#unsafe = true;
    options.render.hardbreaks = breaks;
    options.render.github_pre_lang = false;
    options
}

/// Reads `markdown`. `base` completes relative addresses, `pictures` those of pictures where they
/// lie somewhere else; `slugify` makes heading ids.
pub fn read(markdown: &str, base: Option<&Url>, pictures: Option<&Url>, slugify: Slugify) -> Reading {
    let lines: Vec<String> = bounds::flatten_nesting(markdown);
    let source = lines.join("\n");
    // `~ definition` is nobody's but the parser's.
    let source = if source.contains("\n~") { source.replace("\n~ ", "\n\\~ ") } else { source };
    let breaks = slugify == Slugify::Hexo;
    // Docusaurus has no lists of definitions.
    let definitions = slugify != Slugify::Docusaurus;
    let options = options(breaks, definitions);
    let arena = Arena::new();
    let root = parse(&arena, &source, &options);
    // Astro and Docusaurus read GFM to the letter.
    if !matches!(slugify, Slugify::GitHub | Slugify::Docusaurus) {
        tildes::keep(&arena, root, &source);
    }
    emoji::show(root);
    let given = headings::take_attributes(root, &source);
    let (pieces, image) = cutter::cut(root, &source, &lines);
    mend_links(root, base, pictures);
    let headings = headings::ids(&pieces, &lines, given, slugify);
    let mut html = String::with_capacity(source.len() * 2);
    // Writing into a String cannot fail.
    alerts::quote(&arena, root);
    let _ = comrak::format_html(root, &options, &mut html);
    let html = footnotes::unlinked(html);
    let text = plain(pieces.iter());
    let in_order = pieces.is_sorted_by_key(|p| p.line);
    let links = pieces.iter().flat_map(|p| p.links.iter().map(|l| (p.line, l.clone()))).collect();
    Reading {
        text,
        html,
        headings,
        image,
        links,
        definitions: Definitions::of(&lines),
        pictures: pictures.cloned(),
        in_order,
        breaks,
        definitions_in_lists: definitions,
        pieces,
        lines,
    }
}

/// A line of Markdown as HTML, in no paragraph.
pub fn inline(line: &str) -> String {
    let html = comrak::markdown_to_html(line, &options(false, false));
    let html = html.trim();
    html.strip_prefix("<p>").and_then(|h| h.strip_suffix("</p>")).unwrap_or(html).to_owned()
}

impl Reading {
    /// HTML of the lines `ranges` (from 1, inclusive), rendered like the whole.
    pub fn html_of(&self, ranges: &[(usize, usize)], base: Option<&Url>) -> String {
        let mut part = String::new();
        for (from, to) in ranges {
            let from = from.saturating_sub(1).min(self.lines.len());
            let to = (*to).min(self.lines.len());
            if from >= to {
                continue;
            }
            let indent = self.lines[from..to]
                .iter()
                .filter(|l| !l.trim().is_empty())
                .map(|l| l.len() - l.trim_start_matches(' ').len())
                .min()
                .unwrap_or(0);
            for line in &self.lines[from..to] {
                part.push_str(line.get(indent.min(line.len() - line.trim_start_matches(' ').len())..).unwrap_or(line));
                part.push('\n');
            }
            part.push('\n');
        }
        if part.trim().is_empty() {
            return String::new();
        }
        self.definitions.push_used(&mut part);
        let options = options(self.breaks, self.definitions_in_lists);
        let arena = Arena::new();
        let root = parse(&arena, &part, &options);
        headings::take_attributes(root, &part);
        mend_links(root, base, self.pictures.as_ref());
        let mut html = String::with_capacity(part.len() * 2);
        alerts::quote(&arena, root);
        let _ = comrak::format_html(root, &options, &mut html);
        footnotes::unlinked(html)
    }

    /// Plain text of the lines `ranges`.
    pub fn text_of(&self, ranges: &[(usize, usize)]) -> String {
        // Each item asks, and a long post has thousands: only pieces near its lines are looked at.
        let first = ranges.iter().map(|(from, _)| *from).min().unwrap_or(0);
        let last = ranges.iter().map(|(_, to)| *to).max().unwrap_or(0);
        let near = if self.in_order {
            let begin = self.pieces.partition_point(|p| p.line < first);
            let end = self.pieces.partition_point(|p| p.line <= last);
            &self.pieces[begin..end.max(begin)]
        } else {
            &self.pieces[..]
        };
        plain(near.iter().filter(|p| ranges.iter().any(|(from, to)| *from <= p.line && p.line <= *to)))
    }
}

/// Pieces as plain text: a line each, an empty line between paragraphs.
fn plain<'p>(pieces: impl Iterator<Item = &'p Piece>) -> String {
    let mut out = String::new();
    let mut last = None;
    for piece in pieces {
        if piece.text.is_empty() {
            continue;
        }
        if let Some((block, item)) = last {
            let same = block == piece.block && item == piece.item;
            out.push_str(if same || piece.list > 0 { "\n" } else { "\n\n" });
        }
        out.push_str(&piece.text);
        last = Some((piece.block, piece.item));
    }
    out
}

fn parse<'a>(arena: &'a Arena<'a>, text: &str, options: &Options<'_>) -> &'a AstNode<'a> {
    let root = comrak::parse_document(arena, text, options);
    links::end_addresses(arena, root, text);
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(md: &str) -> Vec<(String, bool, bool)> {
        read(md, None, None, Slugify::Hugo).pieces.into_iter().map(|p| (p.text, p.bold, p.quote)).collect()
    }

    #[test]
    fn definitions_of_several_lines_are_whole_in_a_part() {
        let text = "- [Ref][r] and[^n]\n- b\n\n[r]:\n  https://a.example/ref\n\n[^n]: One.\n\n    Two.\n\nEnd.";
        let html = read(text, None, None, Slugify::Hugo).html_of(&[(1, 1)], None);
        assert!(
            html.contains("href=\"https://a.example/ref\"") && html.contains("Two.") && !html.contains("End."),
            "{html}"
        );
    }

    #[test]
    fn raw_links_in_any_spelling() {
        let text = "<a class=\"x\" data-href=\"https://w.example/\" href=\"https://a.example/1\">x</a> and <A HREF='https://a.example/2'>y</A>, <Badge type=\"tip\">`c`</Badge> Vec<T> <Config name=x> <VIDEO src=\"v.mp4\"></VIDEO>";
        let piece = &read(text, None, None, Slugify::Hugo).pieces[0];
        let urls: Vec<&str> = piece.links.iter().map(|l| l.url.as_str()).collect();
        assert_eq!(urls, ["https://a.example/1", "https://a.example/2"]);
        assert_eq!(piece.text, "x and y, c Vec<T> <Config name=x>");
    }

    #[test]
    fn lines_of_a_paragraph_are_pieces() {
        let got = texts("A：answer<br/>\nMOSN：[x](https://a.b/)\n");
        assert_eq!(got, [("A：answer".to_owned(), false, false), ("MOSN：x".to_owned(), false, false)]);
    }

    #[test]
    fn emphasis_that_was_never_closed_is_no_text() {
        assert_eq!(texts("**1、@name **提问：")[0].0, "1、@name 提问：");
        assert_eq!(texts(" **推荐阅读** "), [("推荐阅读".to_owned(), true, false)]);
        assert!(texts("**これは（注）**です")[0].0.starts_with("これは"));
    }

    #[test]
    fn scripts_and_styles_are_no_text() {
        let text = |md: &str| read(md, None, None, Slugify::Hugo).text;
        assert_eq!(text("Body <script>evil()</script> text."), "Body text.");
        assert_eq!(text("A <style>\np { color: red }\n</style> b."), "A\nb.");
        assert_eq!(text("A <script>x\n\nB."), "A\n\nB.");
    }

    #[test]
    fn a_lazy_line_is_not_quoted() {
        let got = texts("> q\nA：a\n");
        assert_eq!(got, [("q".to_owned(), false, true), ("A：a".to_owned(), false, false)]);
    }

    #[test]
    fn lines_of_hexo_are_lines() {
        let html = |how| read("第一行\n第二行", None, None, how).html;
        assert_eq!(html(Slugify::Hexo), "<p>第一行<br />\n第二行</p>\n");
        assert_eq!(html(Slugify::None), "<p>第一行\n第二行</p>\n");
    }

    #[test]
    fn definitions_and_marks_for_the_generator() {
        let html = |text| read(text, None, None, Slugify::Hugo).html;
        assert_eq!(html("Sun\n: the star"), "<dl>\n<dt>Sun</dt>\n<dd>the star</dd>\n</dl>\n");
        assert_eq!(
            html("[b](#c){ .d } **e**{: .f} `g`{.h} {.i}"),
            "<p><a href=\"#c\">b</a> <strong>e</strong> <code>g</code> {.i}</p>\n"
        );
    }

    #[test]
    fn hostile_nesting_takes_no_time() {
        let start = std::time::Instant::now();
        for md in [
            ">".repeat(100_000),
            "[".repeat(100_000),
            "- ".repeat(100_000),
            "*a ".repeat(50_000),
            "![".repeat(50_000),
            "<b>".repeat(50_000),
        ] {
            let _ = read(&md, None, None, Slugify::Hugo);
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn addresses_become_absolute() {
        let base = Url::parse("https://example.org/blog/a/").unwrap();
        let html =
            read("[x](../b) ![](p.png) [y](javascript:alert(1)) [z](#here)", Some(&base), None, Slugify::Hugo).html;
        assert!(html.contains("https://example.org/blog/b"), "{html}");
        assert!(html.contains("https://example.org/blog/a/p.png"), "{html}");
        assert!(html.contains("https://example.org/blog/a/#here"), "{html}");
        assert!(!html.contains("javascript"), "{html}");
    }
}
