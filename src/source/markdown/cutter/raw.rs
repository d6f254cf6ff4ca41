//! Blocks of raw HTML into pieces: lists, headings, paragraphs and table rows that an
//! author or a mail program wrote as HTML are what they would be in Markdown.
//!
//! A block without them stays one piece. Nothing here decides safety.

use super::{Context, Cutter, Inline, LinkRef, Shape};
use crate::normalize::html::{self, Token, elements};
use crate::normalize::text;

/// Whether a block has a structure worth to be seen.
pub(super) fn is_structured(literal: &str) -> bool {
    literal.matches("<a ").count() > 1
        || ["<li", "<h1", "<h2", "<h3", "<h4", "<h5", "<h6", "<tr"].iter().any(|tag| literal.contains(tag))
}

/// What the scanner knows at one place.
struct State {
    context: Context,
    /// Lists that are open in this block.
    lists: usize,
    heading: Option<u8>,
    /// Address of the open link, and where its text begins.
    link: Option<(String, usize, usize)>,
    bold: usize,
    silent: bool,
    from: usize,
    line: usize,
}

impl Cutter<'_> {
    /// Cuts the block `literal` that begins on the line `first`.
    pub(super) fn raw_block(&mut self, literal: &str, first: usize, context: Context) {
        let mut inline = Inline::default();
        let mut state =
            State { context, lists: 0, heading: None, link: None, bold: 0, silent: false, from: first, line: first };
        for token in html::tokens(literal) {
            let raw = match &token {
                Token::Open { raw, .. } | Token::Close { raw, .. } | Token::Text { raw } | Token::Other { raw } => *raw,
            };
            match token {
                Token::Open { name, raw } => self.raw_open(&name, raw, &mut inline, &mut state),
                Token::Close { name, .. } => self.raw_close(&name, &mut inline, &mut state),
                Token::Text { raw } if !state.silent => {
                    if inline.text.trim().is_empty() && !raw.trim().is_empty() {
                        let blank = &raw[..raw.len() - raw.trim_start().len()];
                        state.from = state.line + blank.matches('\n').count();
                    }
                    inline.word(&text::decode_entities(raw).replace('\n', " "), state.bold > 0);
                }
                Token::Text { .. } | Token::Other { .. } => {}
            }
            state.line += raw.matches('\n').count();
        }
        self.raw_end(&mut inline, &mut state);
    }

    fn raw_open(&mut self, name: &str, raw: &str, inline: &mut Inline, state: &mut State) {
        match name {
            "script" | "style" => state.silent = true,
            "ul" | "ol" => {
                self.raw_end(inline, state);
                state.lists += 1;
            }
            "li" => {
                self.raw_end(inline, state);
                self.item += 1;
                state.context.list = state.lists.max(1);
                state.context.item = self.item;
                if state.context.list == 1 {
                    state.context.top = self.item;
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.raw_end(inline, state);
                state.heading = name[1..].parse().ok();
            }
            "a" => {
                if let Some(address) = html::attribute(raw, "href").filter(|a| !a.is_empty()) {
                    state.link = Some((address, inline.text.len(), inline.images));
                }
            }
            "img" => {
                inline.images += 1;
                if self.image.is_none() {
                    self.image = html::attribute(raw, "src");
                }
            }
            "b" | "strong" | "em" | "i" => state.bold += 1,
            "td" | "th" => inline.text.push(' '),
            _ if elements::ends_line(name) => self.raw_end(inline, state),
            _ => {}
        }
    }

    fn raw_close(&mut self, name: &str, inline: &mut Inline, state: &mut State) {
        match name {
            "script" | "style" => state.silent = false,
            "ul" | "ol" => {
                self.raw_end(inline, state);
                state.lists = state.lists.saturating_sub(1);
                if state.lists == 0 {
                    state.context = Context { quote: state.context.quote, ..Context::default() };
                }
            }
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => {
                self.raw_end(inline, state);
                state.heading = None;
            }
            "a" => {
                if let Some((url, from, images)) = state.link.take() {
                    let shown = text::squeeze(inline.text.get(from..).unwrap_or(""));
                    let picture = shown.is_empty() && inline.images > images;
                    inline.links.push(LinkRef { url, text: shown, picture });
                }
            }
            "b" | "strong" | "em" | "i" => state.bold = state.bold.saturating_sub(1),
            _ if elements::ends_line(name) => self.raw_end(inline, state),
            _ => {}
        }
    }

    /// What was gathered is a piece.
    fn raw_end(&mut self, inline: &mut Inline, state: &mut State) {
        // A link over several blocks ends with the first of them.
        if let Some((url, from, _)) = state.link.take() {
            let shown = text::squeeze(inline.text.get(from..).unwrap_or(""));
            let picture = shown.is_empty();
            inline.links.push(LinkRef { url, text: shown, picture });
        }
        let done = std::mem::take(inline);
        if done.text.trim().is_empty() && done.links.is_empty() && done.images == 0 {
            return;
        }
        self.block += 1;
        let shape = state.heading.map_or(Shape::Line, Shape::Heading);
        self.push(shape, (state.from.min(state.line), state.line), state.context, done);
    }
}
