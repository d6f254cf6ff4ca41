//! HTML inside feeds, as far as the reader itself has to know it: whether a text
//! that claims to be plain is HTML, markup that stands unescaped where text
//! should be, and relative addresses.
//!
//! Nothing here decides safety; [`crate::normalize::html::sanitise`] does.

use std::borrow::Cow;

use memchr::memchr2;

use super::base;
use super::entities::{self, Decoder};
use super::xml::{Event, Scanner, Tag};
use crate::normalize::html::elements;
use crate::normalize::text::is_xml_char;

/// Elements by which a text shows that it is HTML.
const ELEMENTS: [&str; 96] = [
    "a", "abbr", "acronym", "address", "area", "article", "aside", "audio", "b", "big", "blockquote", "br", "button",
    "canvas", "caption", "center", "cite", "code", "col", "colgroup", "command", "datagrid", "datalist", "dd", "del",
    "details", "dfn", "dialog", "dir", "div", "dl", "dt", "em", "fieldset", "figcaption", "figure", "font", "footer",
    "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "i", "img", "input", "ins", "kbd", "keygen", "label",
    "legend", "li", "m", "map", "mark", "menu", "meter", "nav", "nobr", "ol", "optgroup", "option", "output", "p",
    "pre", "progress", "q", "s", "samp", "section", "select", "small", "sound", "source", "spacer", "span", "strike",
    "strong", "sub", "sup", "table", "tbody", "td", "textarea", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul",
];

/// More of them.
const MORE_ELEMENTS: [&str; 6] = ["var", "video", "noscript", "multicol", "event-source", "wbr"];

fn is_element(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    ELEMENTS.binary_search(&lower.as_str()).is_ok() || MORE_ELEMENTS.contains(&lower.as_str())
}

/// Whether a text that should be plain is HTML: it has an end tag or a character
/// reference, and nothing in it that is none of HTML. Careful, since taking
/// `a < b` for a tag loses words.
pub(super) fn looks_like_html(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut shown = false;
    let mut at = 0;
    while let Some(found) = memchr2(b'<', b'&', &bytes[at..]) {
        at += found + 1;
        if bytes[at - 1] == b'<' {
            let close = bytes.get(at) == Some(&b'/');
            let name_at = at + usize::from(close);
            let length = word(&bytes[name_at..]);
            if length > 0 && !is_element(&text[name_at..name_at + length]) {
                return false;
            }
            shown |= close && length > 0 && bytes.get(name_at + length) == Some(&b'>');
        } else {
            let number = bytes.get(at) == Some(&b'#');
            let name_at = at + usize::from(number);
            let length = word(&bytes[name_at..]);
            if length > 0 && bytes.get(name_at + length) == Some(&b';') {
                if !number && !entities::is_named(&text[name_at..name_at + length]) {
                    return false;
                }
                shown = true;
            }
        }
    }
    shown
}

/// How many bytes of a word of ASCII begin `bytes`.
fn word(bytes: &[u8]) -> usize {
    bytes.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count()
}

/// Whether a name in any case is that of an element without content.
pub(super) fn is_void(name: &str) -> bool {
    elements::is_void(&name.to_ascii_lowercase())
}

/// Appends `text` with what would be markup escaped.
pub(super) fn push_escaped(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    let mut done = 0;
    while let Some(found) = memchr::memchr3(b'<', b'>', b'&', &bytes[done..]) {
        let at = done + found;
        out.push_str(&text[done..at]);
        out.push_str(match bytes[at] {
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&amp;",
        });
        done = at + 1;
    }
    out.push_str(&text[done..]);
}

/// Appends ` name="value"`.
pub(super) fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    let mut rest = value;
    while let Some(at) = rest.find(['"', '&', '<']) {
        out.push_str(&rest[..at]);
        out.push_str(match rest.as_bytes()[at] {
            b'"' => "&quot;",
            b'&' => "&amp;",
            _ => "&lt;",
        });
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
    out.push('"');
}

/// The `div` that Atom wraps around XHTML is no part of it (RFC 4287, 3.1.1.3).
pub(super) fn without_wrapper(markup: &str) -> &str {
    let trimmed = markup.trim();
    let wrapped =
        trimmed.strip_prefix("<div").is_some_and(|r| r.starts_with(['>', ' '])) && trimmed.ends_with("</div>");
    if !wrapped {
        return trimmed;
    }
    // The first `div` has to be the one that the last `</div>` closes.
    let mut depth = 0usize;
    let mut body = 0;
    let mut scanner = Scanner::new(trimmed);
    while let Some(event) = scanner.next() {
        match event {
            Event::Start(tag) if !tag.empty && tag.name == "div" => {
                depth += 1;
                if body == 0 {
                    body = scanner.position();
                }
            }
            Event::End("div") => {
                depth = depth.saturating_sub(1);
                if depth == 0 && scanner.position() < trimmed.len() {
                    return trimmed;
                }
            }
            Event::Start(_) | Event::End(_) | Event::Text(_) | Event::CData(_) | Event::Doctype(_) => {}
        }
    }
    trimmed[body..trimmed.len() - "</div>".len()].trim()
}

/// Whether an attribute of an HTML element is an address.
fn is_address(element: &str, attribute: &str) -> bool {
    const ADDRESSES: [(&str, &[&str]); 12] = [
        ("href", &["a", "area", "link"]),
        ("src", &["audio", "embed", "frame", "iframe", "img", "input", "script", "source", "track", "video"]),
        ("cite", &["blockquote", "del", "ins", "q"]),
        ("longdesc", &["frame", "iframe", "img"]),
        ("usemap", &["img", "input", "object"]),
        ("poster", &["video"]),
        ("action", &["form"]),
        ("background", &["body", "table", "td"]),
        ("data", &["object"]),
        ("classid", &["object"]),
        ("codebase", &["applet", "object"]),
        ("profile", &["head"]),
    ];
    ADDRESSES.iter().any(|(name, elements)| {
        name.eq_ignore_ascii_case(attribute) && elements.iter().any(|e| e.eq_ignore_ascii_case(element))
    })
}

/// `markup` of XHTML, with every relative address made absolute by the `xml:base` it
/// stands under. The reader closed every element of it, so counting is enough.
pub(super) fn resolve_xhtml<'h>(markup: &'h str, base: Option<&str>) -> Cow<'h, str> {
    if memchr::memmem::find(markup.as_bytes(), b"xml:base").is_none() {
        return resolve(markup, base);
    }
    let decoder = Decoder::default();
    let mut out = String::with_capacity(markup.len());
    // Depth of the element that said so, and what is the base inside.
    let mut bases: Vec<(usize, String)> = base.map(|b| (0, b.to_owned())).into_iter().collect();
    let mut depth = 0;
    let mut done = 0;
    let mut scanner = Scanner::new(markup);
    loop {
        let (before, event) = (scanner.position(), scanner.next());
        let outer = bases.last().map(|(_, b)| b.as_str());
        match event {
            Some(Event::Start(tag)) => {
                let inner = tag.attribute("xml:base").and_then(|raw| base::inner(outer, &decoder.decode(raw)));
                let keeps_open = !tag.empty && !is_void(tag.name);
                if let Some(inner) = inner {
                    out.push_str(&resolve(&markup[done..before], outer));
                    done = before;
                    if !keeps_open {
                        out.push_str(&resolve(&markup[before..scanner.position()], Some(&inner)));
                        done = scanner.position();
                    } else if bases.len() < MOST_BASES {
                        bases.push((depth + 1, inner));
                    }
                }
                depth += usize::from(keeps_open);
            }
            Some(Event::End(_)) => {
                if bases.last().is_some_and(|(d, _)| *d == depth && depth > 0) {
                    out.push_str(&resolve(&markup[done..before], outer));
                    done = before;
                    bases.pop();
                }
                depth = depth.saturating_sub(1);
            }
            Some(Event::Text(_) | Event::CData(_) | Event::Doctype(_)) => {}
            None => {
                out.push_str(&resolve(&markup[done..], outer));
                return Cow::Owned(out);
            }
        }
    }
}

/// More than anybody nests; each level may make addresses longer.
const MOST_BASES: usize = 32;

/// The `xml:base` of the `div` that Atom wraps around XHTML.
pub(super) fn wrapper_base(markup: &str, outer: Option<&str>) -> Option<String> {
    match Scanner::new(markup.trim_start()).next() {
        Some(Event::Start(tag)) => base::inner(outer, &Decoder::default().decode(tag.attribute("xml:base")?)),
        _ => None,
    }
}

/// `html` with every relative address in it made absolute. Nothing else changes.
pub(super) fn resolve<'h>(html: &'h str, base: Option<&str>) -> Cow<'h, str> {
    let Some(base) = base.filter(|b| !b.is_empty()) else { return Cow::Borrowed(html) };
    let decoder = Decoder::default();
    let mut out = String::new();
    let mut done = 0;
    let mut scanner = Scanner::new(html);
    while let Some(event) = scanner.next() {
        let Event::Start(tag) = event else { continue };
        for (name, raw) in tag.attributes() {
            if raw.is_empty() && !has_value(html, name) || !is_address(tag.name, name) {
                continue;
            }
            let value = decoder.decode(raw);
            let value = value.trim();
            if base::scheme(value).is_some() {
                continue;
            }
            let absolute = base::resolve(Some(base), value);
            let from = offset(html, raw);
            let quoted = matches!(html.as_bytes().get(from.wrapping_sub(1)), Some(b'"' | b'\''));
            out.push_str(&html[done..from]);
            if !quoted {
                out.push('"');
            }
            for c in absolute.chars() {
                match c {
                    '&' => out.push_str("&amp;"),
                    '"' => out.push_str("&quot;"),
                    '\'' => out.push_str("&#39;"),
                    '<' => out.push_str("&lt;"),
                    '>' => out.push_str("&gt;"),
                    other => out.push(other),
                }
            }
            if !quoted {
                out.push('"');
            }
            done = from + raw.len();
        }
    }
    if done == 0 {
        return Cow::Borrowed(html);
    }
    out.push_str(&html[done..]);
    Cow::Owned(out)
}

/// Where the piece `part` of `whole` begins.
fn offset(whole: &str, part: &str) -> usize {
    (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize).min(whole.len())
}

/// Whether `name`, a piece of `html`, is followed by a quotation.
fn has_value(html: &str, name: &str) -> bool {
    let rest = html[offset(html, name) + name.len()..].trim_start();
    rest.strip_prefix('=').is_some_and(|r| r.trim_start().starts_with(['"', '\'']))
}

/// What a start tag looks like in HTML: names in lower case, prefixes of XHTML gone.
pub(super) fn push_tag(out: &mut String, tag: &Tag<'_>, name: &str, declares: Option<&str>, decoder: &Decoder) {
    out.push('<');
    push_name(out, name);
    if let Some(space) = declares {
        push_attribute(out, "xmlns", space);
    }
    // A prefix has to be bound where the piece is read alone.
    if tag.attributes.contains("xlink:") {
        push_attribute(out, "xmlns:xlink", "http://www.w3.org/1999/xlink");
    }
    for (attribute, raw) in tag.attributes() {
        if attribute == "xmlns" || attribute.starts_with("xmlns:") {
            continue;
        }
        push_attribute(out, attribute, &decoder.decode(raw));
    }
    out.push_str(if is_void(name) { " />" } else { ">" });
}

/// What a start tag looks like in XML of any kind: as it is.
pub(super) fn push_whole_tag(out: &mut String, tag: &Tag<'_>, decoder: &Decoder) {
    out.push('<');
    out.push_str(tag.name);
    for (attribute, raw) in tag.attributes() {
        push_attribute(out, attribute, &decoder.decode(raw));
    }
    out.push('>');
}

/// Appends a name in lower case.
pub(super) fn push_name(out: &mut String, name: &str) {
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        out.push_str(&name.to_ascii_lowercase());
    } else {
        out.push_str(name);
    }
}

/// Decodes base64 as tolerantly as mail programs do; none when it is no UTF-8 text then.
pub(super) fn base64(text: &str) -> Option<String> {
    let mut out = Vec::with_capacity(text.len() / 4 * 3);
    let (mut bits, mut count) = (0u32, 0u32);
    let mut padded = false;
    let mut signs = 0usize;
    for byte in text.bytes() {
        let value = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            b'=' => {
                padded = true;
                signs += 1;
                continue;
            }
            _ if byte.is_ascii_whitespace() => continue,
            _ => return None,
        };
        if padded {
            return None;
        }
        signs += 1;
        bits = bits << 6 | u32::from(value);
        count += 6;
        if count >= 8 {
            count -= 8;
            out.push((bits >> count & 0xFF) as u8);
        }
    }
    // Four signs are three bytes; a text that is something else rarely fits.
    if !signs.is_multiple_of(4) {
        return None;
    }
    String::from_utf8(out).ok().filter(|text| text.chars().all(is_xml_char))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_are_sorted() {
        assert!(ELEMENTS.is_sorted());
    }

    #[test]
    fn html_shows_itself() {
        for html in ["<b>x</b>", "a &amp; b", "x &#8217; y", "<P>x</P>", "<img src=x> &nbsp;"] {
            assert!(looks_like_html(html), "{html}");
        }
        for plain in ["a < b", "a & b", "Vec<T> and </T>", "<b>x", "AT&T;", "", "x </thing> y", "if a<b && c>d"] {
            assert!(!looks_like_html(plain), "{plain}");
        }
    }

    #[test]
    fn only_relative_addresses_change() {
        let base = Some("http://a/b/");
        let cases = [
            ("<a href=\"c?d&amp;e\" title=\"c\">x</a>", "<a href=\"http://a/b/c?d&amp;e\" title=\"c\">x</a>"),
            ("<A HREF='/c'>x</A>", "<A HREF='http://a/c'>x</A>"),
            ("<img src=c.png alt=x>", "<img src=\"http://a/b/c.png\" alt=x>"),
            ("<a href=\"http://x/\">", "<a href=\"http://x/\">"),
            ("<a href='#n'>", "<a href='http://a/b/#n'>"),
            ("<a href=\"\">", "<a href=\"http://a/b/\">"),
            ("<a href>", "<a href>"),
            ("a < b <p href=x>", "a < b <p href=x>"),
        ];
        for (html, want) in cases {
            assert_eq!(resolve(html, base), want);
            assert_eq!(resolve(html, None), html);
        }
    }

    #[test]
    fn the_wrapper_is_taken_off_once() {
        let cases = [
            ("<div>x</div>", "x"),
            (" <div class=\"a\"><div>x</div></div> ", "<div>x</div>"),
            ("<div>x</div><div>y</div>", "<div>x</div><div>y</div>"),
            ("<div>x</div> y", "<div>x</div> y"),
            ("<p>x</p>", "<p>x</p>"),
            ("<divx>y</divx>", "<divx>y</divx>"),
        ];
        for (markup, want) in cases {
            assert_eq!(without_wrapper(markup), want);
        }
    }

    #[test]
    fn base64_is_text_or_nothing() {
        assert_eq!(base64("5Lit\n 5paH").as_deref(), Some("中文"));
        assert_eq!(base64("YQ==").as_deref(), Some("a"));
        assert_eq!(base64("YQ"), None);
        assert_eq!(base64("/w=="), None);
        assert_eq!(base64("plain text."), None);
    }
}
