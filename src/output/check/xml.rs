//! XML as a reader sees it that knows no mercy: well-formed, or what is wrong and where.
//!
//! One pass over the bytes, nothing built. Stricter than XML 1.0 where feeds are: no
//! document type, names in ASCII, addresses in `href` absolute.

use std::borrow::Cow;
use std::collections::HashSet;

use crate::normalize::text::reference;

/// What is wrong with `text`; `None` when any reader takes it.
pub(super) fn problem(text: &str) -> Option<String> {
    let mut scanner = Scanner { text, at: 0, open: Vec::new(), closed: false, id: None, ids: HashSet::new() };
    let Problem { at, what } = scanner.document().err()?;
    Some(format!("{what} at byte {at}"))
}

/// What is wrong, and where.
struct Problem {
    at: usize,
    what: String,
}

type Checked<T = ()> = Result<T, Problem>;

struct Scanner<'t> {
    text: &'t str,
    at: usize,
    open: Vec<&'t str>,
    /// The root element was closed.
    closed: bool,
    /// The text of the id that is being read.
    id: Option<String>,
    ids: HashSet<String>,
}

/// Bytes that text consists of; the others mean something or are forbidden.
const PLAIN: [bool; 256] = {
    let mut table = [true; 256];
    let mut n = 0;
    while n < 0x20 {
        table[n] = matches!(n, 0x09 | 0x0A | 0x0D);
        n += 1;
    }
    table[b'<' as usize] = false;
    table[b'&' as usize] = false;
    table[b']' as usize] = false;
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    table[0xEF] = false;
    table
};

impl<'t> Scanner<'t> {
    fn document(&mut self) -> Checked {
        if !self.text.starts_with("<?xml ") {
            return self.wrong("no XML declaration");
        }
        self.until(2, "?>", "a declaration")?;
        while self.at < self.text.len() {
            match self.rest().as_bytes() {
                [b'<', b'/', ..] => self.close()?,
                [b'<', b'!', b'-', b'-', ..] => {
                    let comment = self.until(4, "-->", "a comment")?;
                    self.characters(comment)?;
                    if comment.contains("--") || comment.ends_with('-') {
                        return self.wrong("`--` inside a comment");
                    }
                }
                [b'<', b'!', ..] => {
                    if self.open.is_empty() || !self.rest().starts_with("<![CDATA[") {
                        return self.wrong("a document type, or CDATA outside of an element");
                    }
                    let data = self.until(9, "]]>", "CDATA")?;
                    self.characters(data)?;
                    if let Some(id) = &mut self.id {
                        id.push_str(data);
                    }
                }
                [b'<', b'?', ..] => {
                    let instruction = self.until(2, "?>", "an instruction")?;
                    self.characters(instruction)?;
                    if instruction.get(..3).is_some_and(|n| n.eq_ignore_ascii_case("xml"))
                        && !instruction[3..].starts_with('-')
                    {
                        return self.wrong("a second XML declaration");
                    }
                }
                [b'<', ..] => self.element()?,
                _ => self.content()?,
            }
        }
        match self.open.last() {
            Some(name) => self.wrong(&format!("`{name}` is never closed")),
            None if !self.closed => self.wrong("no element"),
            None => Ok(()),
        }
    }

    fn rest(&self) -> &'t str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, what: &str) -> Checked<T> {
        Err(Problem { at: self.at, what: what.to_owned() })
    }

    /// Goes behind `end`; what stands before it, without its first `skip` bytes.
    fn until(&mut self, skip: usize, end: &str, what: &str) -> Checked<&'t str> {
        let inner = &self.rest()[skip..];
        let Some(length) = memchr::memmem::find(inner.as_bytes(), end.as_bytes()) else {
            return self.wrong(&format!("{what} without an end"));
        };
        self.at += skip + length + end.len();
        Ok(&inner[..length])
    }

    /// Text up to the next tag.
    fn content(&mut self) -> Checked {
        let bytes = self.text.as_bytes();
        let from = self.at;
        loop {
            let start = self.at;
            let length = bytes[start..].iter().position(|b| !PLAIN[usize::from(*b)]);
            self.at = length.map_or(bytes.len(), |length| start + length);
            if let Some(id) = &mut self.id {
                id.push_str(&self.text[start..self.at]);
            }
            match bytes.get(self.at) {
                None | Some(b'<') => break,
                Some(b'&') => {
                    let meant = self.reference()?;
                    if let Some(id) = &mut self.id {
                        id.push_str(&meant);
                    }
                }
                Some(b']') if self.rest().starts_with("]]>") => return self.wrong("`]]>` in text"),
                Some(byte) => {
                    self.allowed(*byte)?;
                    let length = if *byte == 0xEF { 3 } else { 1 };
                    if let Some(id) = &mut self.id {
                        id.push_str(&self.text[self.at..self.at + length]);
                    }
                    self.at += length;
                }
            }
        }
        if self.open.is_empty() && !self.text[from..self.at].trim_ascii().is_empty() {
            return self.wrong("text outside of the element");
        }
        Ok(())
    }

    /// Whether XML allows the character that begins with `byte`, here.
    fn allowed(&self, byte: u8) -> Checked {
        match byte {
            b'\t' | b'\n' | b'\r' => Ok(()),
            0..=0x1F => self.wrong("a character XML forbids"),
            0xEF if matches!(self.rest().as_bytes(), [_, 0xBF, 0xBE | 0xBF, ..]) => {
                self.wrong("a character XML forbids")
            }
            _ => Ok(()),
        }
    }

    /// Whether XML allows every character of `inner`, which stands before here.
    fn characters(&self, inner: &str) -> Checked {
        let bytes = inner.as_bytes();
        let forbidden = |at: usize| match bytes[at] {
            b'\t' | b'\n' | b'\r' => false,
            0..=0x1F => true,
            0xEF => matches!(bytes[at..], [_, 0xBF, 0xBE | 0xBF, ..]),
            _ => false,
        };
        if (0..bytes.len()).any(forbidden) { self.wrong("a character XML forbids before here,") } else { Ok(()) }
    }

    /// A reference: one of the five names, or a number.
    fn reference(&mut self) -> Checked<Cow<'static, str>> {
        let rest = &self.rest()[1..];
        let Some(end) = rest.bytes().take(12).position(|b| b == b';') else {
            return self.wrong("`&` that begins no reference");
        };
        let name = &rest[..end];
        let meant = match name {
            "amp" => "&".into(),
            "lt" => "<".into(),
            "gt" => ">".into(),
            "quot" => "\"".into(),
            "apos" => "'".into(),
            _ => {
                let number = name.strip_prefix('#').and_then(|number| match number.strip_prefix('x') {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => number.parse().ok(),
                });
                let allowed = |c: &char| !matches!(*c, '\0'..='\u{8}' | '\u{B}' | '\u{C}' | '\u{E}'..='\u{1F}' | '\u{FFFE}' | '\u{FFFF}');
                match number.and_then(char::from_u32).filter(allowed).and_then(|_| reference(name)) {
                    Some(meant) => meant.into(),
                    None => return self.wrong(&format!("an entity XML does not know: &{name};")),
                }
            }
        };
        self.at += end + 2;
        Ok(meant)
    }

    /// The name that begins here.
    fn name(&mut self) -> Checked<&'t str> {
        let rest = self.rest();
        let length = rest
            .bytes()
            .position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'_' | b':' | b'-' | b'.')))
            .unwrap_or(rest.len());
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return self.wrong("a name is missing");
        }
        self.at += length;
        Ok(&rest[..length])
    }

    fn blank(&mut self) -> bool {
        let rest = self.rest();
        let left = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        self.at += rest.len() - left.len();
        left.len() < rest.len()
    }

    fn element(&mut self) -> Checked {
        if self.open.is_empty() && self.closed {
            return self.wrong("a second element");
        }
        self.at += 1;
        let name = self.name()?;
        let mut seen: Vec<&str> = Vec::new();
        loop {
            let blank = self.blank();
            if self.rest().starts_with("/>") {
                self.at += 2;
                self.closed |= self.open.is_empty();
                return Ok(());
            }
            if self.rest().starts_with('>') {
                self.at += 1;
                let parent = self.open.last().copied().unwrap_or_default();
                let is_id = matches!((parent, name), ("entry", "id") | ("item", "guid"));
                self.id = is_id.then(String::new);
                self.open.push(name);
                return Ok(());
            }
            if !blank {
                return self.wrong("a broken tag");
            }
            let attribute = self.name()?;
            if seen.contains(&attribute) {
                return self.wrong(&format!("the attribute `{attribute}` twice"));
            }
            seen.push(attribute);
            let value = self.value()?;
            let absolute = ["http://", "https://", "mailto:"].iter().any(|s| value.starts_with(s));
            if attribute == "href" && !absolute {
                return self.wrong(&format!("a relative address: {value}"));
            }
        }
    }

    /// `="value"` as it is written.
    fn value(&mut self) -> Checked<&'t str> {
        self.blank();
        if !self.rest().starts_with('=') {
            return self.wrong("an attribute without a value");
        }
        self.at += 1;
        self.blank();
        let quote = match self.rest().bytes().next() {
            Some(quote @ (b'"' | b'\'')) => quote,
            _ => return self.wrong("an attribute without quotes"),
        };
        self.at += 1;
        let from = self.at;
        while let Some(byte) = self.text.as_bytes().get(self.at) {
            match byte {
                b if *b == quote => {
                    self.at += 1;
                    return Ok(&self.text[from..self.at - 1]);
                }
                b'<' => return self.wrong("`<` in an attribute"),
                b'&' => {
                    self.reference()?;
                }
                byte => {
                    self.allowed(*byte)?;
                    self.at += 1;
                }
            }
        }
        self.wrong("an attribute without an end")
    }

    fn close(&mut self) -> Checked {
        let start = self.at;
        self.at += 2;
        let name = self.name()?;
        self.blank();
        if !self.rest().starts_with('>') {
            return self.wrong("a broken end tag");
        }
        if self.open.pop() != Some(name) {
            self.at = start;
            return self.wrong(&format!("`{name}` is closed, but not open"));
        }
        self.at += 1;
        self.closed |= self.open.is_empty();
        if let Some(id) = self.id.take() {
            let id = id.trim().to_owned();
            if !self.ids.insert(id.clone()) {
                return self.wrong(&format!("the id {id} occurs twice"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;

    fn another_reader_refuses(text: &str) -> bool {
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_comments = true;
        let mut open = 0usize;
        loop {
            match reader.read_event() {
                Ok(Event::Start(tag)) => {
                    open += 1;
                    if tag.attributes().any(|a| a.is_err()) {
                        return true;
                    }
                }
                Ok(Event::Empty(tag)) if tag.attributes().any(|a| a.is_err()) => return true,
                Ok(Event::End(_)) => open = open.saturating_sub(1),
                Ok(Event::Eof) => return open > 0,
                Ok(_) => {}
                Err(_) => return true,
            }
        }
    }

    const GOOD: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet href=\"a.css\"?><!-- c -->\n<feed xmlns=\"http://www.w3.org/2005/Atom\" xml:lang='zh'><entry><id>a&amp;b</id><link href=\"https://a.b/?x=1&amp;y=2\"/>\n<t>]] 中文 &#x4e2d;&#20013;\u{fffd}\u{ff1f}</t><c><![CDATA[<p>]] ></p>]]></c></entry><entry ><id>b</id ></entry></feed>\n";

    #[test]
    fn what_is_well_formed_passes() {
        assert_eq!(problem(GOOD), None);
    }

    #[test]
    fn what_is_not_is_named_with_its_place() {
        for (bad, what) in [
            ("<a>", "`a` is never closed at byte 24"),
            ("<a></b>", "`b` is closed, but not open at byte 24"),
            ("<a>&nbsp;</a>", "an entity XML does not know: &nbsp; at byte 24"),
            ("<a>&#0;</a>", "an entity XML does not know: &#0; at byte 24"),
            ("<a>&#xFFFF;</a>", "an entity XML does not know: &#xFFFF; at byte 24"),
            ("<a>&#55296;</a>", "an entity XML does not know: &#55296; at byte 24"),
            ("<a>x & y</a>", "`&` that begins no reference at byte 26"),
            ("<a>\u{1}</a>", "a character XML forbids at byte 24"),
            ("<a>x\u{fffe}</a>", "a character XML forbids at byte 25"),
            ("<a b=\"\u{ffff}\"/>", "a character XML forbids at byte 27"),
            ("<a><![CDATA[\u{b}]]></a>", "a character XML forbids before here, at byte 37"),
            ("<a>]]></a>", "`]]>` in text at byte 24"),
            ("<a b=1/>", "an attribute without quotes at byte 26"),
            ("<a b='1'c='2'/>", "a broken tag at byte 29"),
            ("<a b='1' b='2'/>", "the attribute `b` twice at byte 31"),
            ("<a b='<'/>", "`<` in an attribute at byte 27"),
            ("<a href='/x'/>", "a relative address: /x at byte 33"),
            ("<a/><b/>", "a second element at byte 25"),
            ("<a/>x", "text outside of the element at byte 26"),
            ("<!DOCTYPE a><a/>", "a document type, or CDATA outside of an element at byte 21"),
            ("<a><?xml version='1.0'?></a>", "a second XML declaration at byte 45"),
            ("<!-- a -- b --><a/>", "`--` inside a comment at byte 36"),
            ("<a><![CDATA[</a>", "CDATA without an end at byte 24"),
            ("<entry><id>a</id><id>a</id></entry>", "the id a occurs twice at byte 48"),
            ("", "no element at byte 21"),
        ] {
            let text = format!("<?xml version=\"1.0\"?>{bad}");
            assert_eq!(problem(&text).as_deref(), Some(what), "{bad}");
        }
        assert!(problem("<feed/>").is_some());
    }

    proptest! {
        /// Whatever another reader refuses is refused here.
        #[test]
        fn no_reader_is_stricter(at in 0..GOOD.len(), insert in "[<>&;'\"/=!?\\-\\[\\]a-c ]{0,4}", cut in 0usize..6) {
            let mut bytes = GOOD.as_bytes().to_vec();
            let end = (at + cut).min(bytes.len());
            bytes.splice(at..end, insert.bytes());
            if let Ok(text) = String::from_utf8(bytes) && another_reader_refuses(&text) {
                prop_assert!(problem(&text).is_some(), "{text}");
            }
        }

        #[test]
        fn nothing_makes_it_panic(text in "\\PC{0,40}") {
            let _ = problem(&format!("<?xml version=\"1.0\"?><a>{text}"));
            let _ = problem(&format!("<?xml {text}"));
        }
    }
}
