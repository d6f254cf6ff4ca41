//! Markdown: one set of rules for the whole program, a tree cut into [`Piece`]s
//! for the digest stage, and HTML.
//!
//! A piece is a line of a paragraph, a heading, a code block, a table: the
//! smallest thing a digest is put together from. Pieces know their place in the
//! file, so the HTML of an item is made from the lines it covers, with the same
//! rules as the whole post.
//!
//! Raw HTML passes through: sanitising is for the way out, not for here.

pub mod code;
mod headings;
mod raw;

use std::collections::{HashMap, HashSet};

use comrak::nodes::{AstNode, ListType, NodeValue};
use comrak::{Arena, Options};
use url::Url;

use crate::config::Slugify;
use crate::normalize::{address, html, text};

/// Nesting beyond this is flattened before the text is parsed: quotes and lists
/// people write are a few levels deep, hostile ones a hundred thousand.
const MAX_NESTING: usize = 64;

/// Bullets people type where Markdown has `-`.
const TYPED_BULLETS: [char; 7] = ['•', '●', '▪', '■', '◆', '▶', '►'];

/// The smallest thing a digest is put together from.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// First line in the file, from 1.
    pub line: usize,
    /// Last line.
    pub end_line: usize,
    /// What it is.
    pub shape: Shape,
    /// Number of the top-level paragraph, heading or list item it belongs to.
    pub block: usize,
    /// Inside a quotation.
    pub quote: bool,
    /// How many lists it stands in.
    pub list: usize,
    /// Number of its list item, to tell neighbours apart.
    pub item: usize,
    /// Number of the outermost list item around it.
    pub top: usize,
    /// The item's number in an ordered list.
    pub ordinal: Option<usize>,
    /// All of its words are emphasised.
    pub bold: bool,
    /// Plain text, without emphasis marks, white space folded.
    pub text: String,
    /// Its links, in order.
    pub links: Vec<LinkRef>,
    /// Pictures in it.
    pub images: usize,
}

impl Piece {
    /// A line of running text: in no list, and nobody is quoted.
    pub fn is_text(&self) -> bool {
        self.shape == Shape::Line && self.list == 0 && !self.quote
    }

    /// A line of the same place that says `text` and nothing else, without links.
    pub fn with_line(&self, text: &str) -> Self {
        Self {
            text: text.to_owned(),
            links: Vec::new(),
            shape: Shape::Line,
            bold: true,
            quote: false,
            images: 0,
            line: self.line,
            end_line: self.end_line,
            block: self.block,
            list: self.list,
            item: self.item,
            top: self.top,
            ordinal: self.ordinal,
        }
    }
}

/// What a piece is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A heading with its level.
    Heading(u8),
    /// A line of a paragraph.
    Line,
    /// A code block.
    Code,
    /// A row of a table, its cells parted by `|`; the first one of them is bold.
    Table,
    /// A block of HTML.
    Html,
    /// A line across.
    Rule,
}

/// A link in a piece.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkRef {
    /// The address as written.
    pub url: String,
    /// Its text, white space folded; of a picture, what is said to be on it.
    pub text: String,
    /// It has no text but a picture.
    pub picture: bool,
}

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
    /// Footnote and reference definitions by label, for parts of the text that use them.
    definitions: HashMap<String, String>,
    /// The lines as they were parsed.
    lines: Vec<String>,
}

fn options() -> Options<'static> {
    let mut options = Options::default();
    options.extension.strikethrough = true;
    options.extension.table = true;
    options.extension.autolink = true;
    options.extension.tasklist = true;
    options.extension.footnotes = true;
    options.extension.cjk_friendly_emphasis = true;
    options.extension.alerts = true;
    options.render.r#unsafe = true;
    options.render.github_pre_lang = false;
    options
}

/// Reads `markdown`. `base` completes relative addresses; `slugify` makes heading ids.
pub fn read(markdown: &str, base: Option<&Url>, slugify: Slugify) -> Reading {
    let lines: Vec<String> = flatten_nesting(markdown);
    let source = lines.join("\n");
    let options = options();
    let arena = Arena::new();
    let root = parse(&arena, &source, &options);
    let mut cutter = Cutter {
        lines: &lines,
        pieces: Vec::new(),
        block: 0,
        item: 0,
        image: None,
        notes: notes(root, &source),
        silent: false,
        components: HashSet::new(),
    };
    let given = headings::take_attributes(root, &source);
    for child in root.children() {
        cutter.block(child, Context::default());
    }
    mend_links(root, base);
    let Cutter { pieces, image, .. } = cutter;
    let headings = headings::ids(&pieces, &lines, given, slugify);
    let mut html = String::with_capacity(source.len() * 2);
    // Writing into a String cannot fail.
    let _ = comrak::format_html(root, &options, &mut html);
    let text = plain(pieces.iter());
    let in_order = pieces.is_sorted_by_key(|p| p.line);
    let links = pieces.iter().flat_map(|p| p.links.iter().map(|l| (p.line, l.clone()))).collect();
    Reading { text, html, headings, image, links, definitions: definitions(&lines), in_order, pieces, lines }
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
        self.push_definitions(&mut part);
        let options = options();
        let arena = Arena::new();
        let root = parse(&arena, &part, &options);
        headings::take_attributes(root, &part);
        mend_links(root, base);
        let mut html = String::with_capacity(part.len() * 2);
        let _ = comrak::format_html(root, &options, &mut html);
        html
    }

    /// Adds the definitions that `part` uses, and those that these use.
    fn push_definitions(&self, part: &mut String) {
        if self.definitions.is_empty() {
            return;
        }
        let mut added: HashSet<String> = HashSet::new();
        let mut looked = 0;
        while looked < part.len() {
            let used: Vec<String> = labels(&part[looked..]).filter(|label| added.insert(label.clone())).collect();
            looked = part.len();
            for definition in used.iter().filter_map(|label| self.definitions.get(label)) {
                part.push_str(definition);
                part.push_str("\n\n");
            }
        }
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

/// The lines of `markdown`, with markers of quotes and lists beyond
/// [`MAX_NESTING`] taken off, and runs of brackets cut: a parser spends time on
/// each of a hundred thousand, and no reader ever sees them.
fn flatten_nesting(markdown: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for line in markdown.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        let mut markers = 0;
        let mut at = 0;
        for (n, c) in line.char_indices() {
            match c {
                '>' | '-' | '*' | '+' => markers += 1,
                ' ' | '\t' => {}
                _ => break,
            }
            if markers > MAX_NESTING {
                at = n;
            }
        }
        let is_nested = markers > MAX_NESTING && (line[..at].contains('>') || line[..at].contains("- -"));
        let line = if is_nested { line[at..].trim_start_matches(['>', '-', '*', '+', ' ', '\t']) } else { line };
        let indent = line.len() - line.trim_start_matches(' ').len();
        let line = if indent > MAX_NESTING * 4 { &line[indent - MAX_NESTING * 4..] } else { line };
        lines.push(cut_brackets(line));
    }
    lines
}

fn cut_brackets(line: &str) -> String {
    const MOST: usize = 100;
    if line.len() <= MOST {
        return line.to_owned();
    }
    let mut out = String::with_capacity(line.len());
    let (mut last, mut run) = ('\0', 0);
    for c in line.chars() {
        run = if c == last { run + 1 } else { 1 };
        last = c;
        if run > MOST && "[]()<>!*_`~^$&\\|".contains(c) {
            continue;
        }
        out.push(c);
    }
    out
}

/// Footnote and link reference definitions of the text, by label. The first of a label holds.
fn definitions(lines: &[String]) -> HashMap<String, String> {
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
    found
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

/// Marks that end an address that was only written down: what follows them is text.
const END_OF_ADDRESS: [char; 18] =
    ['（', '）', '【', '】', '「', '」', '『', '』', '《', '》', '，', '。', '、', '；', '：', '！', '？', '…'];

fn parse<'a>(arena: &'a Arena<'a>, text: &str, options: &Options<'_>) -> &'a AstNode<'a> {
    let root = comrak::parse_document(arena, text, options);
    if text.contains("://") && text.contains(END_OF_ADDRESS) {
        for node in root.descendants().collect::<Vec<_>>() {
            end_address(arena, node);
        }
    }
    root
}

/// An address in running text is read as far as there is no blank: `https://a.b/c）：and words`
/// is an address and words, perhaps with the next address among them.
fn end_address<'a>(arena: &'a Arena<'a>, node: &'a AstNode<'a>) {
    let NodeValue::Link(link) = node.data.borrow().value.clone() else { return };
    let Some(child) = node.first_child().filter(|c| c.next_sibling().is_none()) else { return };
    let NodeValue::Text(shown) = child.data.borrow().value.clone() else { return };
    let Some(at) = shown.find(END_OF_ADDRESS).filter(|at| *at > 0 && shown.contains("://")) else { return };
    let (address, rest) = shown.split_at(at);
    // Written down: what it says is where it leads.
    if !link.url.starts_with(address) {
        return;
    }
    let position = node.data.borrow().sourcepos;
    let new = |value: NodeValue| {
        let made = arena.alloc(AstNode::from(value));
        made.data.borrow_mut().sourcepos = position;
        made
    };
    child.data.borrow_mut().value = NodeValue::Text(address.to_owned().into());
    let title = link.title.clone();
    node.data.borrow_mut().value =
        NodeValue::Link(Box::new(comrak::nodes::NodeLink { url: address.to_owned(), title: title.clone() }));
    match rest.find("https://").or_else(|| rest.find("http://")) {
        Some(next) => {
            let words = new(NodeValue::Text(rest[..next].to_owned().into()));
            node.insert_after(words);
            let url = rest[next..].to_owned();
            let another = new(NodeValue::Link(Box::new(comrak::nodes::NodeLink { url: url.clone(), title })));
            another.append(new(NodeValue::Text(url.into())));
            words.insert_after(another);
            end_address(arena, another);
        }
        None => node.insert_after(new(NodeValue::Text(rest.to_owned().into()))),
    }
}

/// Makes link and picture addresses absolute; what is no address loses its link.
fn mend_links<'a>(root: &'a AstNode<'a>, base: Option<&Url>) {
    for node in root.descendants() {
        let mut data = node.data.borrow_mut();
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

#[derive(Clone, Copy, Default)]
struct Context {
    quote: bool,
    list: usize,
    item: usize,
    top: usize,
    ordinal: Option<usize>,
}

struct Cutter<'s> {
    lines: &'s [String],
    pieces: Vec<Piece>,
    block: usize,
    item: usize,
    image: Option<String>,
    /// Footnotes that lead somewhere: name and address.
    notes: Vec<(String, String)>,
    /// Inside of a script or a style sheet, whose text is for no reader.
    silent: bool,
    /// Names of components that were opened: what closes them is no text, either.
    components: HashSet<String>,
}

/// Names of footnotes, and the first link in each.
fn notes<'a>(root: &'a AstNode<'a>, source: &str) -> Vec<(String, String)> {
    if !source.contains("[^") {
        return Vec::new();
    }
    let mut notes = Vec::new();
    for node in root.children() {
        if let NodeValue::FootnoteDefinition(note) = &node.data.borrow().value {
            let link = node.descendants().find_map(|d| match &d.data.borrow().value {
                NodeValue::Link(link) if !link.url.is_empty() => Some(link.url.clone()),
                _ => None,
            });
            notes.extend(link.map(|url| (note.name.clone(), url)));
        }
    }
    notes
}

impl Cutter<'_> {
    fn block<'a>(&mut self, node: &'a AstNode<'a>, context: Context) {
        let data = node.data.borrow();
        let pos = data.sourcepos;
        match &data.value {
            NodeValue::Paragraph => {
                self.block += 1;
                self.lines_of(node, Shape::Line, pos.start.line, context);
            }
            NodeValue::Heading(heading) => {
                self.block += 1;
                let from = self.pieces.len();
                self.lines_of(node, Shape::Heading(heading.level), pos.start.line, context);
                self.join_from(from, pos.end.line);
            }
            NodeValue::BlockQuote | NodeValue::Alert(_) | NodeValue::MultilineBlockQuote(_) => {
                for child in node.children() {
                    self.block(child, Context { quote: true, ..context });
                }
            }
            NodeValue::List(list) => {
                for (number, child) in (list.start..).zip(node.children()) {
                    self.item += 1;
                    let ordinal = (list.list_type == ListType::Ordered).then_some(number);
                    let top = if context.list == 0 { self.item } else { context.top };
                    let inside = Context { list: context.list + 1, item: self.item, top, ordinal, ..context };
                    for grandchild in child.children() {
                        self.block(grandchild, inside);
                    }
                }
            }
            NodeValue::CodeBlock(code) => {
                self.block += 1;
                let text = text::squeeze(&text::scrub(&code.literal));
                // A page that was indented is no code; what runs on this machine is.
                let page = Url::parse(&text).ok().filter(|u| !code.fenced && u.port().is_none());
                let is_address = page.is_some_and(|u| {
                    matches!(u.scheme(), "http" | "https") && u.domain().is_some_and(|d| d.contains('.'))
                });
                if is_address && !text.contains(' ') {
                    let link = LinkRef { url: text.clone(), text: text.clone(), picture: false };
                    let inline = Inline { text, links: vec![link], ..Inline::default() };
                    self.push(Shape::Line, (pos.start.line, pos.end.line), context, inline);
                    return;
                }
                self.push(Shape::Code, (pos.start.line, pos.end.line), context, Inline { text, ..Inline::default() });
            }
            NodeValue::HtmlBlock(html) if raw::is_structured(&html.literal) => {
                self.raw_block(&html.literal, pos.start.line, context);
            }
            NodeValue::HtmlBlock(html) => {
                self.block += 1;
                let images = html.literal.matches("<img").count();
                if self.image.is_none() {
                    self.image = attribute(&html.literal, "img", "src");
                }
                let text = text::line(&crate::normalize::html::plain(&html.literal));
                let links = attribute(&html.literal, "a", "href").map(|url| LinkRef {
                    url,
                    text: text.clone(),
                    picture: text.is_empty(),
                });
                let inline = Inline { text, images, links: links.into_iter().collect(), ..Inline::default() };
                self.push(Shape::Html, (pos.start.line, pos.end.line), context, inline);
            }
            NodeValue::Table(_) => {
                self.block += 1;
                for row in node.children() {
                    let (line, header) = match &*row.data.borrow() {
                        data if matches!(data.value, NodeValue::TableRow(true)) => (data.sourcepos.start.line, true),
                        data => (data.sourcepos.start.line, false),
                    };
                    let mut inline = Inline::default();
                    self.silent = false;
                    for (n, cell) in row.children().enumerate() {
                        inline.text.push_str(if n > 0 { " | " } else { "" });
                        self.inlines(cell, &mut inline, header);
                    }
                    self.push(Shape::Table, (line, line), context, inline);
                }
            }
            NodeValue::FootnoteDefinition(_) => {
                let from = self.pieces.len();
                for child in node.children() {
                    self.block(child, context);
                }
                // They count where the footnote is referred to.
                self.pieces[from..].iter_mut().for_each(|p| p.links.clear());
            }
            NodeValue::ThematicBreak => {
                self.block += 1;
                self.push(Shape::Rule, (pos.start.line, pos.end.line), context, Inline::default());
            }
            _ => {
                for child in node.children() {
                    self.block(child, context);
                }
            }
        }
    }

    /// The number of the list item that a line typed as `• words` is, or goes on.
    fn typed_bullet(&mut self, inline: &Inline) -> Option<usize> {
        if inline.text.trim_start().starts_with(TYPED_BULLETS) {
            self.item += 1;
            return Some(self.item);
        }
        let last = self.pieces.last()?;
        let typed = self.lines.get(last.line.saturating_sub(1))?.trim_start().starts_with(TYPED_BULLETS);
        (last.block == self.block && last.list == 1 && (typed || last.item == self.item)).then_some(last.item)
    }

    /// A heading over several lines is one piece.
    fn join_from(&mut self, from: usize, end_line: usize) {
        let rest: Vec<Piece> = self.pieces.drain((from + 1).min(self.pieces.len())..).collect();
        let Some(first) = self.pieces.get_mut(from) else {
            return;
        };
        for piece in rest {
            first.text.push(' ');
            first.text.push_str(&piece.text);
            first.links.extend(piece.links);
            first.images += piece.images;
            first.bold &= piece.bold;
        }
        first.end_line = end_line;
    }

    fn lines_of<'a>(&mut self, node: &'a AstNode<'a>, shape: Shape, line: usize, context: Context) {
        let mut line = line;
        let mut inline = Inline::default();
        self.silent = false;
        self.walk_line(node, shape, &mut line, context, &mut inline, false);
        self.push(shape, (line, line), context, inline);
    }

    /// Gathers inlines; a break ends the piece.
    fn walk_line<'a>(
        &mut self,
        node: &'a AstNode<'a>,
        shape: Shape,
        line: &mut usize,
        context: Context,
        inline: &mut Inline,
        bold: bool,
    ) {
        for child in node.children() {
            let is_break = {
                let data = child.data.borrow();
                match &data.value {
                    NodeValue::SoftBreak | NodeValue::LineBreak => Some(1),
                    NodeValue::HtmlInline(html) if is_br(html) => Some(0),
                    _ => None,
                }
            };
            match is_break {
                Some(lines) => {
                    let done = std::mem::take(inline);
                    self.push(shape, (*line, *line), context, done);
                    *line += lines;
                }
                None => {
                    let emphasis = matches!(child.data.borrow().value, NodeValue::Strong | NodeValue::Emph);
                    let holds_break = emphasis
                        && child
                            .descendants()
                            .any(|d| matches!(d.data.borrow().value, NodeValue::SoftBreak | NodeValue::LineBreak));
                    if holds_break {
                        self.walk_line(child, shape, line, context, inline, true);
                    } else {
                        self.inline(child, inline, bold);
                    }
                }
            }
        }
    }

    fn inlines<'a>(&mut self, node: &'a AstNode<'a>, inline: &mut Inline, bold: bool) {
        for child in node.children() {
            self.inline(child, inline, bold);
        }
    }

    fn inline<'a>(&mut self, node: &'a AstNode<'a>, inline: &mut Inline, bold: bool) {
        let data = node.data.borrow();
        if let NodeValue::HtmlInline(html) = &data.value
            && is_silent(html)
        {
            self.silent = !html.starts_with("</") && !html.ends_with("/>");
            return;
        }
        if self.silent {
            return;
        }
        match &data.value {
            NodeValue::Text(t) => inline.word(t, bold),
            NodeValue::Code(code) => inline.word(&code.literal, bold),
            NodeValue::SoftBreak | NodeValue::LineBreak => inline.text.push(' '),
            NodeValue::HtmlInline(tag) => match html::tokens(tag).next() {
                Some(html::Token::Open { name, raw }) if name == "img" => {
                    inline.images += 1;
                    if self.image.is_none() {
                        self.image = html::attribute(raw, "src").filter(|src| !src.is_empty());
                    }
                }
                Some(html::Token::Open { name, raw }) if name == "a" => {
                    let address = html::attribute(raw, "href").filter(|href| !href.is_empty());
                    inline.open_link = address.map(|a| (a, inline.text.len(), inline.images));
                }
                Some(html::Token::Close { name, .. }) if name == "a" => inline.end_link(),
                Some(html::Token::Close { name, .. }) if self.components.contains(name.as_ref()) => {}
                Some(html::Token::Open { name, raw }) if is_component(raw) && is_unknown_tag(raw) => {
                    self.components.insert(name.into_owned());
                }
                _ if !tag.starts_with('<') || is_unknown_tag(tag) => inline.word(tag, bold),
                _ => {}
            },
            NodeValue::Strong | NodeValue::Emph => self.inlines(node, inline, true),
            NodeValue::Image(image) => {
                inline.images += 1;
                if self.image.is_none() && !image.url.is_empty() {
                    self.image = Some(image.url.clone());
                }
            }
            NodeValue::Link(link) => {
                let mut inside = Inline::default();
                self.inlines(node, &mut inside, bold);
                inline.images += inside.images;
                let picture = inside.images > 0 && inside.text.trim().is_empty();
                let shown = if picture {
                    text::squeeze(&words_of(node))
                } else {
                    text::squeeze(&inside.text.replace("**", ""))
                };
                inline.word(&inside.text, bold || inside.is_bold());
                if !link.url.is_empty() {
                    inline.links.push(LinkRef { url: link.url.clone(), text: shown, picture });
                }
            }
            NodeValue::FootnoteReference(note) => {
                if let Some((_, url)) = self.notes.iter().find(|(name, _)| *name == note.name) {
                    inline.links.push(LinkRef { url: url.clone(), text: url.clone(), picture: false });
                }
            }
            _ => self.inlines(node, inline, bold),
        }
    }

    fn push(&mut self, shape: Shape, lines: (usize, usize), context: Context, inline: Inline) {
        if inline.text.trim().is_empty() && inline.links.is_empty() && inline.images == 0 && shape == Shape::Line {
            return;
        }
        // A line that continues a quotation without its mark was not meant to be in it.
        let written = self.lines.get(lines.0.saturating_sub(1)).map(|l| l.trim_start()).unwrap_or("");
        let quote = context.quote
            && (written.starts_with('>') || context.list > 0 && written.contains('>') || shape != Shape::Line);
        let typed = (shape == Shape::Line && context.list == 0 && !quote).then(|| self.typed_bullet(&inline)).flatten();
        let (list, item, top) = match typed {
            Some(item) => (1, item, item),
            None => (context.list, context.item, context.top),
        };
        let bold = inline.is_bold();
        let stars = inline.text.trim().starts_with("**") && inline.text.trim().ends_with("**");
        self.pieces.push(Piece {
            line: lines.0,
            end_line: lines.1,
            shape,
            block: self.block,
            quote,
            list,
            item,
            top,
            ordinal: context.ordinal,
            bold: bold || stars,
            text: {
                let text = if inline.text.contains("**") { inline.text.replace("**", "") } else { inline.text };
                text::squeeze(text::scrubbed(text).trim_start().trim_start_matches(TYPED_BULLETS))
            },
            links: inline.links,
            images: inline.images,
        });
    }
}

#[derive(Default)]
struct Inline {
    text: String,
    links: Vec<LinkRef>,
    images: usize,
    /// There are letters that are bold, and such that are not.
    bold: bool,
    plain: bool,
    /// Address of a link in HTML that is open, where its text begins, and the pictures before it.
    open_link: Option<(String, usize, usize)>,
}

impl Inline {
    fn end_link(&mut self) {
        if let Some((url, from, images)) = self.open_link.take() {
            let text = text::squeeze(&self.text.get(from..).unwrap_or("").replace("**", ""));
            let picture = text.is_empty() && self.images > images;
            self.links.push(LinkRef { url, text, picture });
        }
    }

    fn word(&mut self, word: &str, bold: bool) {
        let kind = if bold { &mut self.bold } else { &mut self.plain };
        *kind = *kind || word.contains(char::is_alphanumeric);
        self.text.push_str(word);
    }

    fn is_bold(&self) -> bool {
        self.bold && !self.plain
    }
}

/// Elements of HTML that end a line.
fn ends_line(name: &str) -> bool {
    matches!(
        name,
        "p" | "div"
            | "br"
            | "tr"
            | "table"
            | "thead"
            | "tbody"
            | "dl"
            | "dt"
            | "dd"
            | "blockquote"
            | "section"
            | "article"
            | "center"
            | "details"
            | "summary"
            | "figure"
            | "figcaption"
            | "pre"
            | "hr"
            | "li"
            | "nav"
    )
}

/// The plain text below a node.
fn words_of<'a>(node: &'a AstNode<'a>) -> String {
    let mut words = String::new();
    for node in node.descendants() {
        if let NodeValue::Text(text) = &node.data.borrow().value {
            words.push_str(text);
        }
    }
    words
}

fn is_br(html: &str) -> bool {
    let name = html.trim_start_matches(['<', '/']).trim_end_matches(['>', '/', ' ']);
    name.eq_ignore_ascii_case("br")
}

/// Tags around what is for no reader.
fn is_silent(html: &str) -> bool {
    let name = html.trim_start_matches(['<', '/']).split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or("");
    html.starts_with('<') && ["script", "style"].iter().any(|n| name.eq_ignore_ascii_case(n))
}

/// Whether a tag has values of attributes, as nobody types them who means a placeholder.
fn is_component(tag: &str) -> bool {
    ["=\"", "='", "={"].iter().any(|sign| tag.contains(sign))
}

/// `<declaredMode>` is something a person typed, not markup.
fn is_unknown_tag(html: &str) -> bool {
    const KNOWN: [&str; 44] = [
        "a",
        "abbr",
        "b",
        "br",
        "center",
        "cite",
        "code",
        "del",
        "details",
        "div",
        "em",
        "figcaption",
        "figure",
        "font",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "hr",
        "i",
        "iframe",
        "img",
        "ins",
        "kbd",
        "li",
        "mark",
        "ol",
        "p",
        "pre",
        "q",
        "s",
        "script",
        "small",
        "span",
        "strong",
        "style",
        "sub",
        "summary",
        "sup",
        "table",
        "u",
        "ul",
    ];
    let name: String = html.trim_start_matches(['<', '/']).chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let name = name.to_ascii_lowercase();
    !name.is_empty()
        && !html.starts_with("<!")
        && !KNOWN.contains(&name.as_str())
        && !matches!(
            name.as_str(),
            "td" | "tr"
                | "th"
                | "tbody"
                | "thead"
                | "video"
                | "audio"
                | "source"
                | "picture"
                | "svg"
                | "path"
                | "section"
                | "article"
                | "wbr"
                | "samp"
                | "var"
                | "ruby"
                | "rt"
                | "rp"
                | "time"
                | "object"
                | "embed"
                | "param"
                | "input"
                | "button"
                | "form"
                | "label"
                | "nobr"
                | "tt"
                | "strike"
                | "big"
                | "dl"
                | "dt"
                | "dd"
                | "blockquote"
                | "colgroup"
                | "col"
                | "main"
                | "header"
                | "footer"
                | "nav"
                | "aside"
        )
}

/// An attribute of the first tag of that name in raw HTML.
fn attribute(literal: &str, tag: &str, name: &str) -> Option<String> {
    let raw = html::tokens(literal).find_map(|token| match token {
        html::Token::Open { name, raw } if name == tag => Some(raw),
        _ => None,
    })?;
    html::attribute(raw, name).filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(md: &str) -> Vec<(String, bool, bool)> {
        read(md, None, Slugify::Hugo).pieces.into_iter().map(|p| (p.text, p.bold, p.quote)).collect()
    }

    #[test]
    fn definitions_of_several_lines_are_whole_in_a_part() {
        let text = "- [Ref][r] and[^n]\n- b\n\n[r]:\n  https://a.example/ref\n\n[^n]: One.\n\n    Two.\n\nEnd.";
        let html = read(text, None, Slugify::Hugo).html_of(&[(1, 1)], None);
        assert!(
            html.contains("href=\"https://a.example/ref\"") && html.contains("Two.") && !html.contains("End."),
            "{html}"
        );
    }

    #[test]
    fn raw_links_in_any_spelling() {
        let text = "<a class=\"x\" data-href=\"https://w.example/\" href=\"https://a.example/1\">x</a> and <A HREF='https://a.example/2'>y</A>, <Badge type=\"tip\">`c`</Badge> Vec<T> <Config name=x> <VIDEO src=\"v.mp4\"></VIDEO>";
        let piece = &read(text, None, Slugify::Hugo).pieces[0];
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
        let text = |md: &str| read(md, None, Slugify::Hugo).text;
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
            let _ = read(&md, None, Slugify::Hugo);
        }
        assert!(start.elapsed().as_secs() < 5, "{:?}", start.elapsed());
    }

    #[test]
    fn addresses_become_absolute() {
        let base = Url::parse("https://example.org/blog/a/").unwrap();
        let html = read("[x](../b) ![](p.png) [y](javascript:alert(1)) [z](#here)", Some(&base), Slugify::Hugo).html;
        assert!(html.contains("https://example.org/blog/b"), "{html}");
        assert!(html.contains("https://example.org/blog/a/p.png"), "{html}");
        assert!(html.contains("https://example.org/blog/a/#here"), "{html}");
        assert!(!html.contains("javascript"), "{html}");
    }

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
