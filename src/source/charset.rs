//! Bytes into text. Never fails: what cannot be read is replaced and told.
//!
//! Who is believed, in this order:
//! 1. a byte order mark, and the shape of UTF-16 and UTF-32 without one;
//! 2. the bytes themselves, when they are UTF-8 and say so by several characters
//!    that no other encoding would make by chance;
//! 3. the `charset` of the HTTP header, then the XML declaration, then `<meta>`,
//!    when the bytes can be read that way;
//! 4. detection, when nothing is declared or what is declared cannot be true.
//!
//! A declaration that contradicts the bytes is a problem, not an error: GBK under
//! the name of utf-8 is common. The text that leaves has line feeds only and no
//! character that XML forbids.

use std::borrow::Cow;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};
use memchr::memchr;

use crate::normalize::text::is_xml_char;

/// Detection looks at this much: feeds say what they are in the first pages.
const DETECT_BYTES: usize = 1 << 20;

/// Declarations stand at the beginning.
const HEAD_BYTES: usize = 1024;

/// Characters of several bytes that make UTF-8 certain, whatever is declared.
const CERTAIN: usize = 3;

/// A text and what it was read as.
#[derive(Debug)]
pub(super) struct Decoded<'b> {
    pub text: Cow<'b, str>,
    /// The name of the encoding.
    pub encoding: &'static str,
    /// What was wrong with it.
    pub problem: Option<String>,
}

/// Reads `bytes`. `declared` is the charset of the HTTP header, `host` that of the address.
pub(super) fn decode<'b>(bytes: &'b [u8], declared: Option<&str>, host: Option<&str>) -> Decoded<'b> {
    let mut decoded = raw(bytes, declared, host);
    let text = decoded.text.as_ref();
    // Marks of the byte order are no text, however many there are.
    let blank = text.len() - text.trim_start_matches('\u{FEFF}').len();
    if blank > 0 {
        decoded.text = match decoded.text {
            Cow::Borrowed(text) => Cow::Borrowed(&text[blank..]),
            Cow::Owned(mut text) => {
                text.drain(..blank);
                Cow::Owned(text)
            }
        };
    }
    if needs_cleaning(decoded.text.as_bytes()) {
        decoded.text = Cow::Owned(cleaned(&decoded.text));
    }
    decoded
}

/// Whether a byte is a control character or a carriage return, or two are a control
/// character of the upper half, or no character at all. In blocks, so that the compiler can look at many at once.
fn needs_cleaning(bytes: &[u8]) -> bool {
    let c1 = |at: usize| bytes.get(at + 1).is_some_and(|b| (0x80..=0x9F).contains(b));
    memchr::memchr_iter(0xC2, bytes).any(c1)
        || [&b"\xEF\xBF\xBE"[..], b"\xEF\xBF\xBF"].iter().any(|none| memchr::memmem::find(bytes, none).is_some())
        || bytes.chunks(4096).any(|block| {
            block.iter().fold(false, |found, b| found | ((*b < 0x20) & (*b != b'\t') & (*b != b'\n')) | (*b == 0x7F))
        })
}

fn cleaned(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\r' if chars.peek() == Some(&'\n') => {}
            '\r' => out.push('\n'),
            '\t' | '\n' => out.push(c),
            '\0'..='\u{1F}' | '\u{7F}' => {}
            // Written for windows-1252, sent as something else.
            '\u{80}'..='\u{9F}' => out.push(crate::normalize::text::code_point(u32::from(c))),
            _ if is_xml_char(c) => out.push(c),
            _ => {}
        }
    }
    out
}

fn raw<'b>(bytes: &'b [u8], declared: Option<&str>, host: Option<&str>) -> Decoded<'b> {
    if let Some(decoded) = by_mark(bytes) {
        return decoded;
    }
    if let Some(decoded) = by_shape(bytes) {
        return decoded;
    }
    let head = &bytes[..bytes.len().min(HEAD_BYTES)];
    let http = declared.and_then(known);
    let written = written(head).and_then(|name| known(&name));
    let said: Vec<&'static Encoding> =
        http.into_iter().chain(written).filter(|e| *e != UTF_16LE && *e != UTF_16BE).collect();
    let wide = http.or(written).filter(|e| *e == UTF_16LE || *e == UTF_16BE);
    let unknown = declared.filter(|d| known(d).is_none()).map(str::to_owned);

    match simdutf8::compat::from_utf8(bytes) {
        Ok(text) => {
            let legacy = said.first().copied().filter(|e| *e != UTF_8);
            let Some(legacy) = legacy else {
                let problem = wide.map(|_| "declared as utf-16, but it is utf-8".to_owned()).or(unknown.map(not_known));
                return Decoded { text: Cow::Borrowed(text), encoding: "utf-8", problem };
            };
            let several = text.chars().filter(|c| !c.is_ascii()).take(CERTAIN).count();
            // Nobody writes `Ã©` and means it; in other encodings one character may be chance.
            let sure = several >= CERTAIN || several > 0 && legacy == WINDOWS_1252;
            // ASCII with escapes may be ISO-2022-JP.
            let escaped = several == 0 && memchr(0x1B, bytes).is_some();
            if sure || several == 0 && !escaped {
                let problem = (several > 0).then(|| format!("declared as {}, but it is utf-8", lower(legacy)));
                return Decoded { text: Cow::Borrowed(text), encoding: "utf-8", problem };
            }
            let (text, wrong) = legacy.decode_without_bom_handling(bytes);
            if wrong {
                return Decoded {
                    text: String::from_utf8_lossy(bytes),
                    encoding: "utf-8",
                    problem: Some(format!("declared as {}, but it is utf-8", lower(legacy))),
                };
            }
            Decoded { text, encoding: lower(legacy), problem: None }
        }
        Err(error) => {
            for legacy in said.iter().filter(|e| **e != UTF_8) {
                if let Some(text) = legacy.decode_without_bom_handling_and_without_replacement(bytes) {
                    return Decoded { text, encoding: lower(legacy), problem: None };
                }
            }
            undeclared(bytes, error, &said, host)
        }
    }
}

/// Bytes that are not what they are declared as, or of which nothing is declared.
fn undeclared<'b>(
    bytes: &'b [u8],
    error: simdutf8::compat::Utf8Error,
    said: &[&'static Encoding],
    host: Option<&str>,
) -> Decoded<'b> {
    let (good, bad) = utf8_share(bytes);
    if good >= bad.saturating_mul(4).max(1) {
        // UTF-8 with a few bytes that are not: a cut in the middle of a character, a pasted word.
        let line = bytes[..error.valid_up_to()].iter().filter(|b| **b == b'\n').count() + 1;
        return Decoded {
            text: String::from_utf8_lossy(bytes),
            encoding: "utf-8",
            problem: Some(format!("not valid utf-8 in {bad} places, the first in line {line}: replaced")),
        };
    }
    let guessed = detect(bytes, host);
    let (text, wrong) = guessed.decode_without_bom_handling(bytes);
    // When detection finds no better, what is declared is as good.
    if wrong && let Some(legacy) = said.iter().find(|e| **e != UTF_8) {
        let (text, _) = legacy.decode_without_bom_handling(bytes);
        let problem = format!("not all of it is {}: what could not be read was replaced", lower(legacy));
        return Decoded { text, encoding: lower(legacy), problem: Some(problem) };
    }
    let name = lower(guessed);
    let problem = match said.first() {
        Some(declared) => format!("declared as {}, but it looks like {name}", lower(declared)),
        None => format!("no encoding is declared, it looks like {name}"),
    };
    Decoded { text, encoding: name, problem: Some(problem) }
}

fn not_known(name: String) -> String {
    format!("the encoding `{}` is not known", crate::normalize::text::cut(&name, 40))
}

/// Valid characters of several bytes, and places that are no UTF-8.
fn utf8_share(bytes: &[u8]) -> (usize, usize) {
    let (mut good, mut bad) = (0, 0);
    for chunk in bytes.utf8_chunks() {
        good += chunk.valid().bytes().filter(|b| *b >= 0xC0).count();
        bad += usize::from(!chunk.invalid().is_empty());
    }
    (good, bad)
}

fn detect(bytes: &[u8], host: Option<&str>) -> &'static Encoding {
    use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
    // ASCII tells nothing: begin where it ends.
    let start = bytes.iter().position(|b| !b.is_ascii()).unwrap_or(0);
    let sample = &bytes[start..bytes.len().min(start + DETECT_BYTES)];
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Allow);
    detector.feed(sample, true);
    let domain =
        host.and_then(|h| h.rsplit('.').next()).filter(|d| d.len() >= 2 && d.bytes().all(|b| b.is_ascii_lowercase()));
    detector.guess(domain.map(str::as_bytes), Utf8Detection::Deny)
}

/// The name as feeds write it.
fn lower(encoding: &'static Encoding) -> &'static str {
    match encoding.name() {
        "UTF-8" => "utf-8",
        "GBK" => "gbk",
        "Big5" => "big5",
        "EUC-JP" => "euc-jp",
        "EUC-KR" => "euc-kr",
        "Shift_JIS" => "shift_jis",
        "KOI8-R" => "koi8-r",
        "KOI8-U" => "koi8-u",
        other => other,
    }
}

fn known(name: &str) -> Option<&'static Encoding> {
    let name = name.trim().trim_matches(['"', '\'']);
    if let Some(encoding) = Encoding::for_label(name.as_bytes()) {
        return (encoding != encoding_rs::REPLACEMENT).then_some(encoding);
    }
    // Names people write that no registry has.
    let plain: String = name.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    let label = match plain.as_str() {
        "utf8mb4" | "utf8mb3" | "unicode" => "utf-8",
        "gb180302000" | "gb18030" | "cp54936" => "gb18030",
        "gb2312" | "gbk2312" | "cp936" | "ms936" | "windows936" => "gbk",
        "cp932" | "ms932" | "windows31j" | "sjis" => "shift_jis",
        "cp950" | "ms950" | "big5hkscs" => "big5",
        "cp949" | "ms949" | "uhc" => "euc-kr",
        "latin1" | "cp1252" | "win1252" | "ansi" => "windows-1252",
        "cp1251" | "win1251" => "windows-1251",
        _ => return None,
    };
    Encoding::for_label(label.as_bytes())
}

/// What the document says of itself: the XML declaration, else `<meta charset>`.
fn written(head: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(head);
    let lower = text.to_ascii_lowercase();
    let value = |at: usize| {
        let rest = lower[at..].trim_start().strip_prefix('=')?.trim_start();
        let rest = rest.trim_start_matches(['"', '\'']);
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '?' | '>' | ';' | '/'))?;
        (end > 0).then(|| rest[..end].to_owned())
    };
    let declaration = lower.find("<?xml").and_then(|at| {
        let end = lower[at..].find('>').map_or(lower.len(), |e| at + e);
        let encoding = lower[at..end].find("encoding")?;
        value(at + encoding + "encoding".len())
    });
    declaration.or_else(|| {
        let at = lower.find("<meta")?;
        let charset = lower[at..].find("charset")?;
        value(at + charset + "charset".len())
    })
}

/// By the byte order mark.
fn by_mark(bytes: &[u8]) -> Option<Decoded<'_>> {
    Some(match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => match std::str::from_utf8(rest) {
            Ok(text) => Decoded { text: Cow::Borrowed(text), encoding: "utf-8", problem: None },
            // A mark before something else is an editor's slip.
            Err(_) => return None,
        },
        [0xFF, 0xFE, 0, 0, rest @ ..] => utf32(rest, u32::from_le_bytes, "utf-32le"),
        [0, 0, 0xFE, 0xFF, rest @ ..] => utf32(rest, u32::from_be_bytes, "utf-32be"),
        [0xFF, 0xFE, rest @ ..] => utf16(rest, UTF_16LE),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, UTF_16BE),
        _ => return None,
    })
}

/// By the zeros in its first characters, which are ASCII in every feed.
fn by_shape(bytes: &[u8]) -> Option<Decoded<'_>> {
    match bytes {
        [0, 0, 0, b, ..] if *b != 0 => Some(utf32(bytes, u32::from_be_bytes, "utf-32be")),
        [b, 0, 0, 0, ..] if *b != 0 => Some(utf32(bytes, u32::from_le_bytes, "utf-32le")),
        [0, a, 0, b, ..] if *a != 0 && *b != 0 => Some(utf16(bytes, UTF_16BE)),
        [a, 0, b, 0, ..] if *a != 0 && *b != 0 => Some(utf16(bytes, UTF_16LE)),
        _ => None,
    }
}

fn utf16(bytes: &[u8], encoding: &'static Encoding) -> Decoded<'static> {
    let (text, wrong) = encoding.decode_without_bom_handling(bytes);
    let name = if encoding == UTF_16LE { "utf-16le" } else { "utf-16be" };
    let problem = wrong.then(|| format!("not valid {name}: what could not be read was replaced"));
    Decoded { text: Cow::Owned(text.into_owned()), encoding: name, problem }
}

fn utf32(bytes: &[u8], unit: fn([u8; 4]) -> u32, name: &'static str) -> Decoded<'static> {
    let mut wrong = !bytes.len().is_multiple_of(4);
    let text: String = bytes
        .chunks_exact(4)
        .map(|c| {
            char::from_u32(unit([c[0], c[1], c[2], c[3]])).unwrap_or_else(|| {
                wrong = true;
                char::REPLACEMENT_CHARACTER
            })
        })
        .collect();
    let problem = wrong.then(|| format!("not valid {name}: what could not be read was replaced"));
    Decoded { text: Cow::Owned(text), encoding: name, problem }
}

/// Text that was UTF-8, was taken for windows-1252 and was encoded once more, as it
/// was meant; none when it is anything else. Everything in it that is not ASCII has
/// to fit, so that words about `Ã` stay words about `Ã`.
pub(super) fn mended(text: &str) -> Option<String> {
    // Most texts are told by their first character that is not ASCII: here it is one
    // that begins others in UTF-8.
    let first = text.bytes().position(|b| !b.is_ascii())?;
    if !matches!(text.as_bytes()[first..], [0xC3, 0x82..=0xB4, ..]) {
        return None;
    }
    let mut bytes = Vec::with_capacity(text.len());
    for c in text.chars() {
        match u32::from(c) {
            code @ 0..=0xFF => bytes.push(u8::try_from(code).unwrap_or(b'?')),
            _ => {
                let mut buffer = [0; 4];
                let (encoded, _, wrong) = WINDOWS_1252.encode(c.encode_utf8(&mut buffer));
                match encoded.as_ref() {
                    [byte] if !wrong => bytes.push(*byte),
                    _ => return None,
                }
            }
        }
    }
    let text = String::from_utf8(bytes).ok()?;
    text.chars().all(|c| is_xml_char(c) && (!c.is_control() || matches!(c, '\n' | '\t'))).then_some(text)
}

/// The `charset` of a `Content-Type`.
pub(super) fn of_content_type(content_type: &str) -> Option<&str> {
    content_type.split(';').skip(1).find_map(|parameter| {
        let (name, value) = parameter.split_once('=')?;
        let value = value.trim().trim_matches(['"', '\'']).trim();
        (name.trim().eq_ignore_ascii_case("charset") && !value.is_empty()).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], declared: Option<&str>) -> (String, &'static str) {
        let decoded = decode(bytes, declared, None);
        (decoded.text.into_owned(), decoded.encoding)
    }

    #[test]
    fn marks_and_shapes() {
        let text = "<?xml version='1.0'?><a>中</a>";
        let le: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let be: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        let le32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_le_bytes()).collect();
        let be32: Vec<u8> = text.chars().flat_map(|c| u32::from(c).to_be_bytes()).collect();
        for (bytes, mark, name) in [
            (&le, &[0xFF, 0xFE][..], "utf-16le"),
            (&be, &[0xFE, 0xFF], "utf-16be"),
            (&le32, &[0xFF, 0xFE, 0, 0], "utf-32le"),
            (&be32, &[0, 0, 0xFE, 0xFF], "utf-32be"),
        ] {
            assert_eq!(read(bytes, None), (text.to_owned(), name));
            assert_eq!(read(&[mark, bytes].concat(), Some("iso-8859-1")), (text.to_owned(), name));
        }
        let marked = "\u{FEFF}\u{FEFF}x".as_bytes();
        assert_eq!(read(marked, None), ("x".to_owned(), "utf-8"));
    }

    #[test]
    fn bytes_are_believed_before_words() {
        assert_eq!(read("é".as_bytes(), Some("iso-8859-1")).0, "é");
        assert_eq!(read("<?xml encoding='utf-16'?>é".as_bytes(), None).0, "<?xml encoding='utf-16'?>é");
        assert_eq!(read(b"\xd6\xd0\xce\xc4", Some("gb2312")), ("中文".to_owned(), "gbk"));
        assert_eq!(read(b"<?xml encoding=\"big5\"?>\xa4\xa4", None).0, "<?xml encoding=\"big5\"?>中");
        assert_eq!(read(b"caf\xe9", Some("no-such-name")).0, "café");
    }

    #[test]
    fn what_was_encoded_twice_is_mended() {
        assert_eq!(mended("cafÃ© â€¦").as_deref(), Some("café …"));
        assert_eq!(mended("ä¸\u{ad}æ–‡").as_deref(), Some("中文"));
        for text in ["plain", "café", "Ã and é", "中文 Ã©", "naïve"] {
            assert_eq!(mended(text), None, "{text}");
        }
    }

    #[test]
    fn what_no_text_may_hold_is_gone() {
        assert_eq!(read(b"a\r\nb\rc\0\x08d\x7f", None).0, "a\nb\ncd");
        assert_eq!(read("don\u{92}t".as_bytes(), None).0, "don’t");
    }
}
