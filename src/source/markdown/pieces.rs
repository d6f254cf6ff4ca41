//! Pieces of a text, the smallest things a digest is put together from.

use crate::normalize::text;

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
    /// So many bytes of its text, those it begins with, are emphasised, and others are not.
    pub lead: usize,
    /// Plain text, without emphasis marks, white space folded.
    pub text: String,
    /// Its links, in order.
    pub links: Vec<LinkRef>,
    /// Pictures in it.
    pub images: usize,
    /// How its line is written.
    pub written: Written,
}

/// How wide the line of a piece is in its file; nothing of one that ends in a break.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Written {
    /// Columns, with what stands before its words; none of a line that ends in a script without blanks.
    pub columns: usize,
    /// Those of its first word, behind blanks.
    pub first_word: usize,
    /// There is a blank among its words.
    pub has_blank: bool,
}

/// So many bytes are far more than an editor fills a line to.
const LONG: usize = 512;

impl Written {
    /// Measures a line.
    pub fn of(line: &str) -> Self {
        if line.ends_with("  ")
            || line.ends_with('\\')
            || ["<br>", "<br/>", "<br />"].iter().any(|br| line.ends_with(br))
        {
            return Self::default();
        }
        // What is longer than editors fill a line to is long, however long it is.
        let line = text::head(line, LONG);
        let mut words = line.split_whitespace();
        let first_word = words.next().map_or(0, text::columns);
        let line = line.trim_end();
        // What ends in another script is not asked: Han characters have no words that would not have fitted.
        let columns = if line.ends_with(|c: char| c.is_ascii()) { text::columns(line) } else { 0 };
        Self { columns, first_word, has_blank: words.next().is_some() }
    }
}

impl Piece {
    /// A heading, of any level.
    pub fn is_heading(&self) -> bool {
        matches!(self.shape, Shape::Heading(_))
    }

    /// The emphasised words that it begins with, where others follow; a piece whose text became another
    /// begins with none.
    pub fn beginning(&self) -> &str {
        self.text.get(..self.lead).unwrap_or_default()
    }

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
            lead: 0,
            quote: false,
            images: 0,
            line: self.line,
            end_line: self.end_line,
            block: self.block,
            list: self.list,
            item: self.item,
            top: self.top,
            ordinal: self.ordinal,
            written: Written::default(),
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
