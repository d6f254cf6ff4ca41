//! The tree of a text cut into [`Piece`]s, line by line.

mod raw;

use std::collections::HashSet;

use comrak::nodes::{AstNode, ListType, NodeValue};
use url::Url;

use super::pieces::{LinkRef, Piece, Shape, Written};
use crate::normalize::html::{self, elements};
use crate::normalize::{date, text};

/// Bullets people type where Markdown has `-`.
const TYPED_BULLETS: [char; 7] = ['•', '●', '▪', '■', '◆', '▶', '►'];

#[derive(Clone, Copy, Default)]
pub(super) struct Context {
    quote: bool,
    list: usize,
    item: usize,
    top: usize,
    ordinal: Option<usize>,
}

pub(super) struct Cutter<'s> {
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

/// The pieces of the text `lines`, of which `root` is the tree, and its first picture.
pub(super) fn cut<'a>(root: &'a AstNode<'a>, source: &str, lines: &[String]) -> (Vec<Piece>, Option<String>) {
    let mut cutter = Cutter {
        lines,
        pieces: Vec::new(),
        block: 0,
        item: 0,
        image: None,
        notes: notes(root, source),
        silent: false,
        components: HashSet::new(),
    };
    for child in root.children() {
        cutter.block(child, Context::default());
    }
    (cutter.pieces, cutter.image)
}

/// The heading on the second of two lines, the first of which is nothing but an empty anchor:
/// `<div id="news"></div>` newline `# News`. To Markdown both are HTML.
fn heading_below_anchor(literal: &str) -> Option<(u8, &str)> {
    let (anchor, heading) = literal.trim_end().split_once('\n')?;
    let heading = heading.trim();
    let level = heading.bytes().take_while(|b| *b == b'#').count();
    let words = heading[level..].strip_prefix(' ').map(str::trim).filter(|w| !w.is_empty())?;
    let is_anchor = anchor.trim().starts_with('<') && anchor.contains("id=") || anchor.contains("name=");
    let is_empty = html::plain(anchor).trim().is_empty() && !anchor.contains("<img");
    let level = u8::try_from(level).ok().filter(|l| (1..=6).contains(l))?;
    (is_anchor && is_empty && !words.contains(['\n', '<'])).then_some((level, words))
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
                if let Some((level, heading)) = heading_below_anchor(&html.literal) {
                    let inline = Inline { text: heading.to_owned(), ..Inline::default() };
                    self.push(Shape::Heading(level), (pos.start.line + 1, pos.end.line), context, inline);
                    return;
                }
                let text = text::line(&html::plain(&html.literal));
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
        // `- 16. March 2026: …` is no list in a list: the number is the day.
        let day =
            context.ordinal.filter(|day| (1..=31).contains(day) && date::opens_with_month(inline.text.trim_start()));
        let day = day.filter(|_| self.pieces.last().is_none_or(|before| before.item != item));
        let ordinal = context.ordinal.filter(|_| day.is_none());
        let bold = inline.is_bold();
        let stars = inline.text.trim().starts_with("**") && inline.text.trim().ends_with("**");
        let lead = text::squeeze(&inline.text[..inline.lead]);
        let text = if inline.text.contains("**") { inline.text.replace("**", "") } else { inline.text };
        let text = text::squeeze(text::scrubbed(text).trim_start().trim_start_matches(TYPED_BULLETS));
        let text = match day {
            Some(day) => format!("{day}. {text}"),
            None => text,
        };
        self.pieces.push(Piece {
            line: lines.0,
            end_line: lines.1,
            shape,
            block: self.block,
            quote,
            list,
            item,
            top,
            ordinal,
            bold: bold || stars,
            lead: Some(&lead).filter(|lead| text.starts_with(lead.as_str())).map_or(0, String::len),
            text,
            links: inline.links,
            images: inline.images,
            written: match shape {
                Shape::Line => {
                    self.lines.get(lines.0.saturating_sub(1)).map_or_else(Written::default, |l| Written::of(l))
                }
                _ => Written::default(),
            },
        });
    }
}

#[derive(Default)]
pub(super) struct Inline {
    text: String,
    links: Vec<LinkRef>,
    images: usize,
    /// There are letters that are bold, and such that are not.
    bold: bool,
    plain: bool,
    /// Where the first letter that is not bold stands behind such that are.
    lead: usize,
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
        let has_letters = word.contains(char::is_alphanumeric);
        if !bold && has_letters && self.is_bold() {
            self.lead = self.text.len();
        }
        let kind = if bold { &mut self.bold } else { &mut self.plain };
        *kind = *kind || has_letters;
        self.text.push_str(word);
    }

    fn is_bold(&self) -> bool {
        self.bold && !self.plain
    }
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
    let name: String = html.trim_start_matches(['<', '/']).chars().take_while(|c| c.is_ascii_alphanumeric()).collect();
    let name = name.to_ascii_lowercase();
    !name.is_empty() && !html.starts_with("<!") && !elements::is_known(&name)
}

/// An attribute of the first tag of that name in raw HTML.
fn attribute(literal: &str, tag: &str, name: &str) -> Option<String> {
    let raw = html::tokens(literal).find_map(|token| match token {
        html::Token::Open { name, raw } if name == tag => Some(raw),
        _ => None,
    })?;
    html::attribute(raw, name).filter(|value| !value.is_empty())
}
