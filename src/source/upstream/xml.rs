//! XML as people write it, as a run of events. Total: whatever the text is, every
//! event is well-formed and the run ends.
//!
//! What is no markup is text: a `<` that no name follows, a tag that another tag
//! interrupts before it has an attribute. What is broken ends where it harms
//! least: a quotation that is never closed at the next `>`, a CDATA section that
//! is never closed at its element's end tag. The last tag of a text that was cut
//! off is left out.
//!
//! A scanner of its own and not `quick_xml`: repairing starts inside a tag, where
//! `quick_xml` has already given up, and beginning anew at each fault is
//! quadratic. Here each byte is looked at a bounded number of times, nothing is
//! copied and nothing is allocated. References are decoded by
//! [`super::entities`], nesting is the caller's business.

use memchr::{memchr, memchr2, memmem};

/// A piece of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Event<'t> {
    /// `<name …>` or `<name …/>`.
    Start(Tag<'t>),
    /// `</name>`.
    End(&'t str),
    /// Text, references in it not decoded.
    Text(&'t str),
    /// The inside of a CDATA section.
    CData(&'t str),
    /// The inside of a document type declaration.
    Doctype(&'t str),
}

/// A start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Tag<'t> {
    /// As written, with its prefix.
    pub name: &'t str,
    /// What stands between the name and the end.
    pub attributes: &'t str,
    /// It closes itself.
    pub empty: bool,
}

impl<'t> Tag<'t> {
    /// The attributes in order, values not decoded.
    pub fn attributes(&self) -> Attributes<'t> {
        Attributes { rest: self.attributes }
    }

    /// The value of the attribute `name`, not decoded.
    pub fn attribute(&self, name: &str) -> Option<&'t str> {
        if self.attributes.is_empty() {
            return None;
        }
        self.attributes().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v)
    }
}

/// Name and value of each attribute.
#[derive(Debug, Clone)]
pub(super) struct Attributes<'t> {
    rest: &'t str,
}

impl<'t> Iterator for Attributes<'t> {
    type Item = (&'t str, &'t str);

    fn next(&mut self) -> Option<Self::Item> {
        let bytes = self.rest.as_bytes();
        let mut at = 0;
        while bytes.get(at).is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'/' | b'=' | b'"' | b'\'')) {
            at += 1;
        }
        let name_at = at;
        while bytes.get(at).is_some_and(|b| !b.is_ascii_whitespace() && !matches!(b, b'=' | b'/')) {
            at += 1;
        }
        if at == name_at {
            self.rest = "";
            return None;
        }
        let name = &self.rest[name_at..at];
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        if bytes.get(at) != Some(&b'=') {
            self.rest = &self.rest[at..];
            return Some((name, ""));
        }
        at += 1;
        while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
            at += 1;
        }
        let value = match bytes.get(at) {
            Some(quote @ (b'"' | b'\'')) => {
                at += 1;
                let start = at;
                let end = memchr(*quote, &bytes[at..]).map_or(bytes.len(), |e| start + e);
                at = (end + 1).min(bytes.len());
                &self.rest[start..end]
            }
            _ => {
                let start = at;
                while bytes.get(at).is_some_and(|b| !b.is_ascii_whitespace()) {
                    at += 1;
                }
                &self.rest[start..at]
            }
        };
        self.rest = &self.rest[at..];
        Some((name, value))
    }
}

/// What was repaired on the way, for the report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// A `<` that begins no tag.
    LooseLess,
    /// A tag without its `>`.
    OpenTag,
    /// A quotation without its end.
    OpenQuote,
    /// A comment without its end.
    OpenComment,
    /// A CDATA section without its end.
    OpenCData,
    /// The text ends inside a tag.
    CutOff,
}

/// The scanner.
#[derive(Debug)]
pub(super) struct Scanner<'t> {
    text: &'t str,
    at: usize,
    last_start: &'t str,
    /// Searches that found nothing are not repeated.
    no_comment_end: bool,
    no_cdata_end: bool,
    /// From where to where there is no `]]>`.
    cdata_free: (usize, usize),
    doctype_seen: bool,
    /// For `"` and `'`: from where to where there is none.
    quote_free: [(usize, usize); 2],
    /// The newest fault and where it is; the caller takes it.
    fault: Option<(usize, Fault)>,
}

impl<'t> Scanner<'t> {
    pub fn new(text: &'t str) -> Self {
        Self {
            text,
            at: 0,
            last_start: "",
            no_comment_end: false,
            no_cdata_end: false,
            cdata_free: (0, 0),
            doctype_seen: false,
            quote_free: [(0, 0); 2],
            fault: None,
        }
    }

    /// How far the text was read, in bytes.
    pub fn position(&self) -> usize {
        self.at
    }

    /// The fault met last, once.
    pub fn take_fault(&mut self) -> Option<(usize, Fault)> {
        self.fault.take()
    }

    fn fault(&mut self, at: usize, fault: Fault) {
        self.fault.get_or_insert((at, fault));
    }

    /// Text from here to where a tag may begin; `skip` bytes of it are known to be text.
    fn text(&mut self, skip: usize) -> Event<'t> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut from = start + skip;
        loop {
            match memchr(b'<', &bytes[from.min(bytes.len())..]) {
                Some(found) => {
                    let at = from + found;
                    match bytes.get(at + 1) {
                        Some(b'/' | b'!' | b'?') => {
                            self.at = at;
                            break;
                        }
                        Some(byte) if is_name_start(*byte) => {
                            self.at = at;
                            break;
                        }
                        _ => {
                            self.fault(at, Fault::LooseLess);
                            from = at + 1;
                        }
                    }
                }
                None => {
                    self.at = bytes.len();
                    break;
                }
            }
        }
        Event::Text(&self.text[start..self.at])
    }

    /// The next event; none at the end.
    pub fn next(&mut self) -> Option<Event<'t>> {
        let bytes = self.text.as_bytes();
        loop {
            let rest = &bytes[self.at..];
            match (rest.first(), rest.get(1)) {
                (None, _) => return None,
                (Some(b'<'), Some(b'/')) => {
                    if let Some(event) = self.end_tag() {
                        return Some(event);
                    }
                }
                (Some(b'<'), Some(b'!')) => {
                    if let Some(event) = self.declaration() {
                        return Some(event);
                    }
                }
                (Some(b'<'), Some(b'?')) => self.at += memchr(b'>', rest).map_or(rest.len(), |e| e + 1),
                (Some(b'<'), Some(byte)) if is_name_start(*byte) => return Some(self.start_tag()),
                (Some(b'<'), None) => {
                    self.fault(self.at, Fault::CutOff);
                    self.at = bytes.len();
                    return None;
                }
                (Some(b'<'), _) => {
                    self.fault(self.at, Fault::LooseLess);
                    return Some(self.text(1));
                }
                (Some(_), _) => return Some(self.text(0)),
            }
        }
    }

    fn start_tag(&mut self) -> Event<'t> {
        let bytes = self.text.as_bytes();
        let start = self.at;
        let mut at = start + 1;
        while at < bytes.len() && !ENDS_NAME[usize::from(bytes[at])] {
            at += 1;
        }
        let name = &self.text[start + 1..at];
        // `Name <mail@host>` and `<http://host/>` are no elements.
        if name.ends_with(':') || name.contains('@') {
            self.fault(start, Fault::LooseLess);
            return self.text(1);
        }
        let attributes_at = at;
        let mut assigned = false;
        loop {
            while at < bytes.len() && !IN_TAG[usize::from(bytes[at])] {
                at += 1;
            }
            match bytes.get(at) {
                Some(b'>') => break,
                Some(b'=') => {
                    assigned = true;
                    at += 1;
                    while bytes.get(at).is_some_and(u8::is_ascii_whitespace) {
                        at += 1;
                    }
                    if let Some(quote @ (b'"' | b'\'')) = bytes.get(at) {
                        match self.closing_quote(at, *quote) {
                            Some(end) => at = end + 1,
                            None => {
                                self.fault(at, Fault::OpenQuote);
                                at = memchr(b'>', &bytes[at..]).map_or(bytes.len(), |e| at + e);
                            }
                        }
                    }
                }
                Some(b'<') if assigned => {
                    self.fault(start, Fault::OpenTag);
                    self.at = at;
                    self.last_start = name;
                    return Event::Start(Tag { name, attributes: &self.text[attributes_at..at], empty: false });
                }
                Some(b'<') => {
                    self.fault(start, Fault::LooseLess);
                    return self.text(1);
                }
                Some(_) => at += 1,
                None => {
                    self.fault(start, Fault::CutOff);
                    self.at = bytes.len();
                    return Event::Text("");
                }
            }
        }
        self.at = at + 1;
        let empty = bytes[at - 1] == b'/' && at > attributes_at;
        let end = if empty { at - 1 } else { at };
        self.last_start = name;
        Event::Start(Tag { name, attributes: &self.text[attributes_at..end], empty })
    }

    /// Where the quotation that opens at `open` ends; none when it is never closed,
    /// or when the next quotation mark belongs to another tag.
    fn closing_quote(&mut self, open: usize, quote: u8) -> Option<usize> {
        let bytes = self.text.as_bytes();
        let known = &mut self.quote_free[usize::from(quote == b'\'')];
        let end = if open >= known.0 && open < known.1 {
            known.1
        } else {
            let end = memchr(quote, &bytes[open + 1..]).map_or(bytes.len(), |e| open + 1 + e);
            *known = (open, end);
            end
        };
        if end >= bytes.len() {
            return None;
        }
        let value = &bytes[open + 1..end];
        if let Some(less) = memchr(b'<', value)
            && memchr(b'>', value).is_some_and(|greater| greater < less || less == 0)
            && !matches!(bytes.get(end + 1), Some(b' ' | b'\t' | b'\n' | b'\r' | b'/' | b'>' | b'?'))
        {
            return None;
        }
        Some(end)
    }

    fn end_tag(&mut self) -> Option<Event<'t>> {
        let bytes = self.text.as_bytes();
        let name_at = self.at + 2;
        match memchr2(b'>', b'<', &bytes[name_at..]) {
            Some(found) => {
                let end = name_at + found;
                if bytes[end] == b'<' {
                    self.fault(self.at, Fault::OpenTag);
                    self.at = end;
                } else {
                    self.at = end + 1;
                }
                let name = self.text[name_at..end].split_ascii_whitespace().next()?;
                Some(Event::End(name))
            }
            None => {
                self.fault(self.at, Fault::CutOff);
                self.at = bytes.len();
                // `</titl` at the very end still says that the title is complete.
                let name = self.text[name_at..].trim_end();
                (!name.is_empty()).then_some(Event::End(name))
            }
        }
    }

    /// Comments are passed over, CDATA and document types are told.
    fn declaration(&mut self) -> Option<Event<'t>> {
        let bytes = self.text.as_bytes();
        let rest = &bytes[self.at..];
        if rest.starts_with(b"<!--") {
            let end = if self.no_comment_end { None } else { memmem::find(&rest[2..], b"-->").map(|e| e + 5) };
            match end {
                Some(end) => self.at += end,
                None => {
                    self.no_comment_end = true;
                    self.fault(self.at, Fault::OpenComment);
                    self.at += memchr(b'>', rest).map_or(rest.len(), |e| e + 1);
                }
            }
            return None;
        }
        if rest.get(..9).is_some_and(|r| r.eq_ignore_ascii_case(b"<![CDATA[")) {
            let start = self.at + 9;
            if let Some(end) = self.cdata_end(start) {
                let inside = &bytes[start..end];
                if let Some(cut) = self.swallowed(inside) {
                    self.fault(self.at, Fault::OpenCData);
                    self.at = start + cut;
                    return Some(Event::CData(&self.text[start..start + cut]));
                }
                self.at = end + 3;
                return Some(Event::CData(&self.text[start..end]));
            }
            self.fault(self.at, Fault::OpenCData);
            let close = format!("</{}", self.last_start);
            let end = memmem::find(&bytes[start..], close.as_bytes()).map_or(bytes.len(), |e| start + e);
            self.at = end;
            return Some(Event::CData(&self.text[start..end]));
        }
        if rest.get(..9).is_some_and(|r| r.eq_ignore_ascii_case(b"<!DOCTYPE")) && !self.doctype_seen {
            self.doctype_seen = true;
            let start = self.at + 9;
            let end = doctype_end(&bytes[start..]);
            self.at = (start + end + 1).min(bytes.len());
            return Some(Event::Doctype(&self.text[start..(start + end).min(bytes.len())]));
        }
        self.at += memchr(b'>', rest).map_or(rest.len(), |e| e + 1);
        None
    }

    fn cdata_end(&mut self, start: usize) -> Option<usize> {
        if self.no_cdata_end {
            return None;
        }
        if start < self.cdata_free.0 || start > self.cdata_free.1 {
            match memmem::find(&self.text.as_bytes()[start..], b"]]>") {
                Some(end) => self.cdata_free = (start, start + end),
                None => {
                    self.no_cdata_end = true;
                    return None;
                }
            }
        }
        Some(self.cdata_free.1)
    }

    /// A CDATA section that holds its element's end tag and then the beginning of
    /// another CDATA section was never closed: the end belongs to the other one.
    fn swallowed(&self, inside: &[u8]) -> Option<usize> {
        let other = memmem::find(inside, b"<![CDATA[")?;
        let close = format!("</{}>", self.last_start);
        memmem::find(&inside[..other], close.as_bytes())
    }
}

/// Where a document type declaration ends: behind its internal subset.
fn doctype_end(bytes: &[u8]) -> usize {
    let mut depth = 0usize;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            b'>' if depth == 0 => return at,
            b'<' if bytes[at..].starts_with(b"<!--") => {
                at += memmem::find(&bytes[at..], b"-->").unwrap_or(0);
            }
            quote @ (b'"' | b'\'') => match memchr(quote, &bytes[at + 1..]) {
                Some(end) => at += end + 1,
                None => return memchr(b'>', bytes).unwrap_or(bytes.len()),
            },
            _ => {}
        }
        at += 1;
    }
    memchr(b'>', bytes).unwrap_or(bytes.len())
}

fn is_name_start(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte == b':' || byte >= 0x80
}

const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// What ends the name of a tag.
static ENDS_NAME: [bool; 256] = table(b" \t\r\n/><=\"'");

/// What has to be looked at inside a tag.
static IN_TAG: [bool; 256] = table(b"><=");

#[cfg(test)]
mod tests {
    use super::*;

    fn events(text: &str) -> String {
        let mut scanner = Scanner::new(text);
        let mut out = String::new();
        while let Some(event) = scanner.next() {
            match event {
                Event::Start(tag) => {
                    out.push_str(&format!("({}", tag.name));
                    for (name, value) in tag.attributes() {
                        out.push_str(&format!(" {name}={value}"));
                    }
                    out.push_str(if tag.empty { "/)" } else { ")" });
                }
                Event::End(name) => out.push_str(&format!("(/{name})")),
                Event::Text(text) => out.push_str(text),
                Event::CData(text) => out.push_str(&format!("[{text}]")),
                Event::Doctype(text) => out.push_str(&format!("!{text}!")),
            }
        }
        out
    }

    #[test]
    fn what_is_written_well_is_read_well() {
        let cases = [
            ("<?xml version='1.0'?><a b=\"c\" d='e'>x</a>", "(a b=c d=e)x(/a)"),
            ("<a/><b /><c d='e'/>", "(a/)(b/)(c d=e/)"),
            ("<a><!-- <b> -->x<![CDATA[<b>&]]></a >", "(a)x[<b>&](/a)"),
            ("<!DOCTYPE a [<!ENTITY b \"]>\">]><a/>", "! a [<!ENTITY b \"]>\">]!(a/)"),
            ("<a b=\"x > y\"/>", "(a b=x > y/)"),
            ("<a href=http://x/y/>z", "(a href=http://x/y/)z"),
        ];
        for (text, want) in cases {
            assert_eq!(events(text), want, "{text}");
        }
    }

    #[test]
    fn what_is_broken_harms_little() {
        let cases = [
            ("<a>1 < 2 <= 3 <<b>x</b></a>", "(a)1 < 2 <= 3 <(b)x(/b)(/a)"),
            ("<a>x<y</a>", "(a)x<y(/a)"),
            ("<a>X <x@y.org> <http://y.org/></a>", "(a)X <x@y.org> <http://y.org/>(/a)"),
            ("<a b='1' <c>x</c>", "(a b=1)(c)x(/c)"),
            ("<a b=\"1><c>x</c><d e=\"2\">", "(a b=1)(c)x(/c)(d e=2)"),
            ("<a b=\"1><c>x</c>", "(a b=1)(c)x(/c)"),
            ("<a b=1 c d = 'e'>", "(a b=1 c= d=e)"),
            ("<a>x</a", "(a)x(/a)"),
            ("<a>x<b c=", "(a)x"),
            ("<a><![CDATA[x</a><b>y</b>", "(a)[x](/a)(b)y(/b)"),
            ("<a><![CDATA[x</a><b><![CDATA[y]]></b>", "(a)[x](/a)(b)[y](/b)"),
            ("<a><!-- x<b>y</b>", "(a)y(/b)"),
            ("<", ""),
            ("</", ""),
            ("<!", ""),
            ("<a", ""),
            ("</></ ></a>", "(/a)"),
        ];
        for (text, want) in cases {
            assert_eq!(events(text), want, "{text}");
        }
    }

    #[test]
    fn time_is_linear_in_every_kind_of_fault() {
        for piece in ["<", "<a ", "<a b='>", "<a b=\"><", "<!--", "<![CDATA[", "</", "<a b=", "<!DOCTYPE [", "<?", "&"]
        {
            let text = piece.repeat(200_000);
            let start = std::time::Instant::now();
            let mut scanner = Scanner::new(&text);
            while scanner.next().is_some() {}
            assert!(start.elapsed().as_secs() < 5, "{piece}");
        }
    }
}
