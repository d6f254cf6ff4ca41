//! MDX as Markdown: what readers see of its components is what they enclose.
//!
//! Knows the grammar of JSX as far as it has to be told from text: tags whose attributes hold
//! `>` in braces, elements that end themselves, expressions, comments, modules. Runs nothing:
//! what only a program could show is left out. Every line keeps its number.

use crate::normalize::html::elements::{is_silent, is_void};
use crate::normalize::html::escape;
use crate::source::embeds::{self, Arguments};
use crate::source::pattern::Pattern;

/// A tag is shorter.
const LONGEST: usize = 16_384;
/// After so many beginnings of tags that have no end, a tag is shorter than [`SHORT`]: the time
/// stays linear.
const MOST_FAILURES: usize = 64;
const SHORT: usize = 256;

/// Nobody opens more elements in elements.
const MOST_OPEN: usize = 128;

/// Elements that only hold others: on lines of their own they are nothing to Markdown.
const BOXES: [&str; 7] = ["div", "section", "center", "article", "main", "aside", "span"];

/// `text` as Markdown. `expressions` are in it: the file says that it is MDX.
pub(super) fn as_markdown(text: &str, expressions: bool) -> String {
    let out = String::with_capacity(text.len());
    let mut reader = Reader { text, at: 0, out, open: Vec::new(), column: 0, paragraph: 0, failures: 0 };
    let mut fence: Option<(char, usize)> = None;
    let mut after_blank = true;
    while reader.at < text.len() {
        let line = text[reader.at..].split_inclusive('\n').next().unwrap_or("");
        let inner = line.trim_start_matches([' ', '\t']);
        let words = inner.trim_end();
        if words.is_empty() {
            reader.copy(line.len());
            after_blank = true;
            continue;
        }
        if after_blank && fence.is_none() && is_module(line) {
            reader.drop_block();
            continue;
        }
        after_blank = false;
        reader.dedent(line.len() - inner.len(), words.starts_with("</"));
        let mark = words.chars().next().filter(|c| matches!(c, '`' | '~'));
        let length = mark.map_or(0, |mark| words.chars().take_while(|c| *c == mark).count());
        match (fence, mark) {
            (Some((open, least)), mark) => {
                if mark == Some(open) && length >= least && words.len() == length {
                    fence = None;
                }
                reader.copy(text[reader.at..].split_inclusive('\n').next().map_or(0, str::len));
            }
            (None, Some(mark)) if length >= 3 && !(mark == '`' && words[length..].contains('`')) => {
                fence = Some((mark, length));
                reader.copy(text[reader.at..].split_inclusive('\n').next().map_or(0, str::len));
            }
            // A comment on a line of its own may end the excerpt: that is read elsewhere.
            (None, _) if words.starts_with("{/*") && words.ends_with("*/}") => reader.copy(inner.len()),
            (None, _) => reader.line(expressions),
        }
    }
    reader.out
}

/// Whether a line begins a block of `import` and `export`.
fn is_module(line: &str) -> bool {
    static BEGINS: Pattern = Pattern::new(
        r#"^(?:import(?:\s*['"{]|\s*\*\s*as\s+[\w$]+\s+from|\s+[\w$]+\s*(?:,\s*[{*]|from\s*['"]))|export\s+(?:(?:const|let|var|function|async|class)\s+[\w$*]+\s*[=({:]|(?:async\s+)?function\b|default\s+(?:function|class|async|[({]|[\w$]+\s*;?\s*$|[\w$]+\()|\{|\*\s*from))"#,
    );
    BEGINS.is_match(line)
}

/// An element that is open.
struct Open<'t> {
    name: &'t str,
    /// Its tags are left out.
    gone: bool,
    /// None for one that stands in a line.
    inside: Option<Inside>,
}

/// Lines inside of an element: Markdown would take what they are indented for code.
struct Inside {
    /// Where the element's own tag is left to stand: in an item of a list that is not the margin.
    column: usize,
    /// How far they are indented, once there was one.
    indent: Option<usize>,
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    out: String,
    open: Vec<Open<'t>>,
    /// How far the line at hand is indented in what comes out.
    column: usize,
    /// The end of the paragraph at hand; it may lie behind.
    paragraph: usize,
    failures: usize,
}

impl<'t> Reader<'t> {
    /// The next `length` bytes as they are.
    fn copy(&mut self, length: usize) {
        self.out.push_str(&self.text[self.at..self.at + length]);
        self.at += length;
    }

    /// Leaves out all up to `end`, but for the ends of lines.
    fn drop_to(&mut self, end: usize) {
        let lines = self.text[self.at..end].matches('\n').count();
        self.out.extend(std::iter::repeat_n('\n', lines));
        self.at = end;
    }

    /// Leaves out all up to an empty line.
    fn drop_block(&mut self) {
        let block = self.text[self.at..].split_inclusive('\n').take_while(|l| !l.trim().is_empty());
        let length: usize = block.map(str::len).sum();
        self.drop_to(self.at + length);
    }

    /// Takes away what the line at hand is indented for the sake of the elements around it.
    fn dedent(&mut self, leading: usize, closes: bool) {
        self.column = leading;
        let Some(around) = self.open.iter_mut().rev().find_map(|o| o.inside.as_mut()) else { return };
        if !closes {
            around.indent.get_or_insert(leading);
        }
        let most = around.indent.unwrap_or(leading).saturating_sub(around.column);
        let away = most.min(leading.saturating_sub(around.column));
        self.at += away;
        self.column = leading - away;
    }

    /// Reads to the end of the line, or of the tag that goes beyond it.
    fn line(&mut self, expressions: bool) {
        let first = self.at;
        while self.at < self.text.len() {
            let rest = &self.text[self.at..];
            let Some(next) = rest.find(['\n', '\\', '`', '$', '{', '<']) else { return self.copy(rest.len()) };
            self.copy(next);
            let rest = &rest[next..];
            match rest.as_bytes()[0] {
                b'\n' => return self.copy(1),
                b'\\' => self.copy(1 + rest[1..].chars().next().map_or(0, char::len_utf8)),
                b'`' => {
                    if self.paragraph <= self.at {
                        self.paragraph = rest.find("\n\n").map_or(self.text.len(), |end| self.at + end);
                    }
                    self.copy(code_span(&self.text[self.at..self.paragraph]));
                }
                b'$' => self.copy(formula(rest)),
                b'{' => self.braces(rest, expressions && !self.is_in_address()),
                _ => self.tag(rest, self.text[first..self.at].trim()),
            }
        }
    }

    /// Whether what comes goes on with an address.
    fn is_in_address(&self) -> bool {
        let word = self.text[..self.at].chars().rev().take_while(|c| !c.is_whitespace()).take(256);
        let word: String = word.collect();
        word.contains("//:") || word.contains("(]")
    }

    /// A comment, or an expression that is a name or a text.
    fn braces(&mut self, rest: &str, expressions: bool) {
        static EXPRESSION: Pattern = Pattern::new(
            r#"^\{\s*(?:'([^'\n]*)'|"([^"\n]*)"|`([^`$\n]*)`|[A-Za-z_$][\w$]*(?:\??\.[\w$]+)*(?:\(\))?)\s*\}"#,
        );
        if rest.starts_with("{/*") && self.failures < MOST_FAILURES {
            match rest.find("*/}") {
                Some(end) => return self.drop_to(self.at + end + 3),
                None => self.failures += 1,
            }
        }
        let found = expressions.then(|| EXPRESSION.captures(rest)).flatten();
        let Some(found) = found else { return self.copy(1) };
        let said = (1..=3).find_map(|n| found.get(n)).map_or("", |m| m.as_str());
        self.out.push_str(said);
        self.at += found[0].len();
    }

    /// What begins with `<`, behind `before` on its line.
    fn tag(&mut self, rest: &'t str, before: &str) {
        let first = before.is_empty();
        let most = if self.failures < MOST_FAILURES { LONGEST } else { SHORT };
        let Some(tag) = Tag::read(rest, most) else {
            self.failures += usize::from(rest[1..].starts_with(|c: char| c.is_ascii_alphabetic()));
            return self.copy(1);
        };
        let end = self.at + tag.length;
        let is_component =
            tag.name.is_empty() || tag.name.starts_with(|c: char| c.is_ascii_uppercase()) || tag.name.contains('.');
        if tag.closes {
            let Some(n) = self.open.iter().rposition(|o| o.name == tag.name) else {
                return if is_component { self.drop_to(end) } else { self.copy(tag.length) };
            };
            let gone = self.open[n].gone;
            self.open.truncate(n);
            return if gone { self.drop_to(end) } else { self.copy(tag.length) };
        }
        let alone = first && self.text[end..].lines().next().is_none_or(|behind| behind.trim().is_empty());
        let is_box = BOXES.contains(&tag.name);
        if tag.closed || is_void(tag.name) {
            let shown = if is_component { component(&tag) } else { tag.written(true) };
            // An item of nothing would make a heading of the line above it.
            let is_item = matches!(before, "-" | "*" | "+") || before.ends_with(['.', ')']) && before.len() < 5;
            self.out.push_str(if shown.is_empty() && is_item { "<!-- -->" } else { &shown });
            return self.drop_to(end);
        }
        if is_component || is_box {
            let gone = is_component || alone;
            let inside = (first && gone).then_some(Inside { column: self.column, indent: None });
            if self.open.len() < MOST_OPEN {
                self.open.push(Open { name: tag.name, gone, inside });
            }
            if gone {
                return self.drop_to(end);
            }
        }
        if tag.has_braces {
            self.out.push_str(&tag.written(false));
            return self.drop_to(end);
        }
        self.copy(tag.length);
    }
}

/// What is shown of a component that encloses nothing: a picture, a film, a link.
fn component(tag: &Tag<'_>) -> String {
    let named = |keys: &[&str]| {
        let key = |k: &Option<String>| k.as_deref().is_some_and(|k| keys.contains(&k));
        tag.attributes.iter().find(|(k, v)| key(k) && !v.trim().is_empty()).map(|(_, v)| v.as_str())
    };
    let name = tag.name.to_ascii_lowercase();
    if let Some(media) = embeds::known(&name, &tag.attributes) {
        return media;
    }
    let address =
        named(&["href", "url", "link", "to"]).filter(|a| a.starts_with("http://") || a.starts_with("https://"));
    match (address, named(&["title", "label", "name", "text"])) {
        (Some(address), Some(words)) => format!("<a href=\"{}\">{}</a>", escape(address), escape(words)),
        _ => String::new(),
    }
}

/// How many bytes a formula takes: its braces are none of JSX. One where none begins.
fn formula(rest: &str) -> usize {
    let marks = if rest.starts_with("$$") { "$$" } else { "$" };
    let most = rest.char_indices().nth(2000).map_or(rest.len(), |(at, _)| at);
    let line = if marks == "$" { rest.find('\n').unwrap_or(most).min(most) } else { most };
    let inside = rest.get(marks.len()..line).unwrap_or("");
    match inside.find(marks) {
        Some(end) if !inside[..end].contains("\n\n") && inside[..end].contains(['\\', '^', '_', '{']) => {
            2 * marks.len() + end
        }
        _ => marks.len(),
    }
}

/// How many bytes a code span takes in its paragraph; those of its first marks where it has no end.
fn code_span(rest: &str) -> usize {
    let marks = rest.bytes().take_while(|b| *b == b'`').count();
    let mut at = marks;
    while let Some(next) = rest[at..].find('`') {
        at += next;
        let run = rest[at..].bytes().take_while(|b| *b == b'`').count();
        at += run;
        if run == marks {
            return at;
        }
    }
    marks
}

/// A tag of JSX.
struct Tag<'t> {
    /// Empty for a fragment.
    name: &'t str,
    /// `</a>`
    closes: bool,
    /// `<a/>`
    closed: bool,
    /// Attributes whose values are texts.
    attributes: Arguments,
    /// Others were left out.
    has_braces: bool,
    length: usize,
}

impl<'t> Tag<'t> {
    /// The tag at the start of `rest`, if it is shorter than `most`.
    fn read(rest: &'t str, most: usize) -> Option<Self> {
        let bytes = &rest.as_bytes()[..rest.len().min(most)];
        let closes = bytes.get(1) == Some(&b'/');
        let start = if closes { 2 } else { 1 };
        let is_name = |b: &u8| b.is_ascii_alphanumeric() || b"._-".contains(b);
        let length = bytes[start.min(bytes.len())..].iter().take_while(|b| is_name(b)).count();
        let name = &rest[start..start + length];
        let mut tag = Self { name, closes, closed: false, attributes: Vec::new(), has_braces: false, length: 0 };
        let mut at = start + length;
        if !name.is_empty() && !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            return None;
        }
        if name.is_empty() && bytes.get(at) != Some(&b'>') {
            return None;
        }
        loop {
            let blanks = bytes.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace()).count();
            at += blanks;
            match bytes.get(at)? {
                b'>' => {
                    tag.length = at + 1;
                    return Some(tag);
                }
                b'/' if bytes.get(at + 1) == Some(&b'>') => {
                    (tag.closed, tag.length) = (true, at + 2);
                    return Some(tag);
                }
                _ if blanks == 0 && tag.attributes.is_empty() && !tag.has_braces => return None,
                b'{' => {
                    at = behind_braces(bytes, at)?;
                    tag.has_braces = true;
                }
                b'<' | b'=' | b'/' | b'"' | b'\'' => return None,
                _ => at = tag.attribute(rest, bytes, at)?,
            }
        }
    }

    /// Reads an attribute; comes back with what is behind it.
    fn attribute(&mut self, rest: &'t str, bytes: &[u8], at: usize) -> Option<usize> {
        let ends = |b: &u8| b.is_ascii_whitespace() || b"=/>{<\"'".contains(b);
        let length = bytes[at..].iter().position(ends)?;
        let key = rest.get(at..at + length)?;
        let mut at = at + length;
        if bytes.get(at) != Some(&b'=') {
            self.attributes.push((Some(key.to_owned()), String::new()));
            return Some(at);
        }
        at += 1;
        let (value, behind) = match bytes.get(at)? {
            quote @ (b'"' | b'\'') => {
                let length = bytes[at + 1..].iter().position(|b| b == quote)?;
                (rest.get(at + 1..at + 1 + length), at + length + 2)
            }
            b'{' => {
                let behind = behind_braces(bytes, at)?;
                let inside = rest.get(at + 1..behind - 1).unwrap_or("").trim();
                let text = ['"', '\'', '`'].iter().find_map(|q| inside.strip_prefix(*q)?.strip_suffix(*q));
                (text.filter(|t| !t.contains(['"', '\'', '`', '$'])), behind)
            }
            _ => {
                let length = bytes[at..].iter().position(|b| b.is_ascii_whitespace() || *b == b'>')?;
                (rest.get(at..at + length), at + length)
            }
        };
        match value {
            Some(value) => self.attributes.push((Some(key.to_owned()), value.to_owned())),
            None => self.has_braces = true,
        }
        Some(behind)
    }

    /// The tag as HTML has it: what is computed is left out.
    fn written(&self, closed: bool) -> String {
        if closed && is_silent(self.name) && self.name != "iframe" {
            return String::new();
        }
        let has = |name: &str| self.attributes.iter().any(|(k, v)| k.as_deref() == Some(name) && !v.is_empty());
        if self.name == "img" && !has("src") {
            return String::new();
        }
        let mut out = format!("<{}", self.name);
        for (key, value) in &self.attributes {
            let Some(key) = key else { continue };
            out.push_str(&match value.contains('"') {
                true => format!(" {key}='{value}'"),
                false => format!(" {key}=\"{value}\""),
            });
        }
        out.push('>');
        if closed && !is_void(self.name) {
            out.push_str(&format!("</{}>", self.name));
        }
        out
    }
}

/// What is behind the braces that open at `at`.
fn behind_braces(bytes: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut quote) = (0, None);
    for (n, byte) in bytes.iter().enumerate().skip(at) {
        match (quote, byte) {
            (None, b'{') => depth += 1,
            (None, b'}') => depth -= 1,
            (None, b'"' | b'\'' | b'`') => quote = Some(byte),
            (Some(open), byte) if open == byte => quote = None,
            _ => {}
        }
        if depth == 0 {
            return Some(n + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_components_enclose_is_markdown() {
        for (written, want) in [
            ("Start.\n\n<Script src=\"x.js\" />\n\n## Next\n", "Start.\n\n\n\n## Next\n"),
            ("<script async src=\"x.js\" />\n\nText\n", "\n\nText\n"),
            ("a <Badge>b *c*</Badge> d", "a b *c* d"),
            (
                "<Tabs\n  values={[\n    {v: 'a > b'},\n  ]}>\n  <Tab>\n\n    ```js\n    <A>{x}\n    ```\n\n  </Tab>\n</Tabs>\nEnd\n",
                "\n\n\n\n\n\n```js\n<A>{x}\n```\n\n\n\nEnd\n",
            ),
            ("<div>\n  ![a](/b.png)\n</div>\n", "\n![a](/b.png)\n\n"),
            ("<div onClick={() => f()} title=\"t\">x</div>", "<div title=\"t\">x</div>"),
            ("<div><div>x</div></div>", "<div><div>x</div></div>"),
            ("<img src={egg} /> <img src='a.png' style={{a: 1}}/><br/>", " <img src=\"a.png\"><br>"),
            ("<iframe src=\"https://p.example/\" />\nText", "<iframe src=\"https://p.example/\"></iframe>\nText"),
            ("<Image src=\"a.png\" alt=\"A\" />", "<img src=\"a.png\" alt=\"A\">"),
            ("<Post label=\"A & B\" link=\"https://a.example\" />", "<a href=\"https://a.example\">A &amp; B</a>"),
            ("<>a</> <Foo.Bar>b</Foo.Bar>", "a b"),
            ("a{' '}b {props.title}{/* c\nd */} e \\{f} {#id}", "a b \n e \\{f} {#id}"),
            ("a\n\n{/* truncate */}\n\nimport B from 'b'\n\nc", "a\n\n{/* truncate */}\n\n\n\nc"),
            (
                "`<A>{x}` and ``a ` <B>`` <https://a.example> 1 < 2 and a<b",
                "`<A>{x}` and ``a ` <B>`` <https://a.example> 1 < 2 and a<b",
            ),
            ("- a\n\n      code\n", "- a\n\n      code\n"),
            (
                "$\\frac{a}{b}$ $$\nx_{n}\n$$ https://a.example/{id}/x [a](/{id}) {id}",
                "$\\frac{a}{b}$ $$\nx_{n}\n$$ https://a.example/{id}/x [a](/{id}) ",
            ),
            (
                "1. a\n\n   <Tabs>\n     <Tab>\n\n     ```sh\n     ls\n     ```\n\n     </Tab>\n   </Tabs>\n\n2. b\n",
                "1. a\n\n   \n   \n\n   ```sh\n   ls\n   ```\n\n   \n   \n\n2. b\n",
            ),
            ("Text\n- <Badge/>\n", "Text\n- <!-- -->\n"),
            (
                "a\n\nexport default is a keyword.\n\nimport * as everything is bad.\n",
                "a\n\nexport default is a keyword.\n\nimport * as everything is bad.\n",
            ),
            (
                "<details>\n<summary>S</summary>\n\nx\n\n</details>",
                "<details>\n<summary>S</summary>\n\nx\n\n</details>",
            ),
        ] {
            let got = as_markdown(written, true);
            assert_eq!(got, want, "{written}");
            assert_eq!(got.matches('\n').count(), written.matches('\n').count());
        }
        assert_eq!(as_markdown("Use {name} <B/>", false), "Use {name} ");
    }

    #[test]
    fn modules_are_no_text() {
        let text = "\nimport Tabs from '@theme/Tabs';\nimport {\n  A,\n} from 'a';\n\nexport const x = 1;\n\nimport this and that.\n";
        assert_eq!(as_markdown(text, true), "\n\n\n\n\n\n\n\nimport this and that.\n");
    }
}
