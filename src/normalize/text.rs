//! Plain text: widths, cuts, folding. CJK-aware, no markup.

use std::borrow::Cow;
use std::sync::LazyLock;

use unicode_normalization::UnicodeNormalization;
use unicode_width::UnicodeWidthChar;

use super::date;

/// Whether XML 1.0 allows the character (production 2, Char).
pub fn is_xml_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..='\u{10FFFF}')
}

/// `text` without the characters XML forbids, without other control characters
/// and without direction overrides, which could turn the rest of a page around.
pub fn scrub(text: &str) -> Cow<'_, str> {
    if is_clean(text) {
        return Cow::Borrowed(text);
    }
    let kept = text
        .chars()
        .filter(|c| is_xml_char(*c))
        .filter(|c| !matches!(*c, '\u{7F}'..='\u{84}' | '\u{86}'..='\u{9F}' | '\u{FDD0}'..='\u{FDEF}'))
        .filter(|c| !matches!(*c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{FEFF}'));
    Cow::Owned(kept.collect())
}

/// The text that `bytes` are, if they are UTF-8. Chinese is seen to be UTF-8 several times as
/// fast as the standard library sees it, copying included.
pub(crate) fn utf8(bytes: &[u8]) -> Option<String> {
    simdutf8::basic::from_utf8(bytes).ok().map(str::to_owned)
}

/// [`scrub`] of a text that is not needed any more.
pub fn scrubbed(text: String) -> String {
    if is_clean(&text) { text } else { scrub(&text).into_owned() }
}

/// Bytes that begin a character which [`scrub`] may drop.
const SUSPECT: [bool; 256] = {
    let mut table = [false; 256];
    let mut n = 0;
    while n < 0x20 {
        table[n] = !matches!(n, 0x09 | 0x0A | 0x0D);
        n += 1;
    }
    table[0x7F] = true;
    table[0xC2] = true;
    table[0xE2] = true;
    table[0xEF] = true;
    table
};

/// Whether [`scrub`] would change nothing: looks at bytes, since nearly every text is clean.
fn is_clean(text: &str) -> bool {
    let bytes = text.as_bytes();
    let suspects = bytes.iter().enumerate().filter(|(_, byte)| SUSPECT[usize::from(**byte)]);
    suspects.into_iter().all(|(at, byte)| match byte {
        // U+0080..U+009F but for U+0085
        0xC2 => bytes[at + 1] >= 0xA0 || bytes[at + 1] == 0x85,
        // U+202A..U+202E, U+2066..U+2069
        0xE2 => {
            !(bytes[at + 1] == 0x80 && (0xAA..=0xAE).contains(&bytes[at + 2])
                || bytes[at + 1] == 0x81 && (0xA6..=0xA9).contains(&bytes[at + 2]))
        }
        // U+FDD0..U+FDEF, U+FEFF, U+FFFE, U+FFFF
        0xEF => match bytes[at + 1] {
            0xB7 => !(0x90..=0xAF).contains(&bytes[at + 2]),
            0xBB => bytes[at + 2] != 0xBF,
            0xBF => bytes[at + 2] < 0xBE,
            _ => true,
        },
        _ => false,
    })
}

/// One line: entities decoded, runs of white space folded, ends trimmed, forbidden characters gone.
pub fn line(text: &str) -> String {
    squeeze(&scrub(&decode_entities(text)))
}

/// Runs of white space become one blank; ends are trimmed.
pub fn squeeze(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    push_squeezed(&mut out, text);
    out
}

/// Bytes that begin a white space, or one of no width, or some other character.
const MAY_BE_BLANK: [bool; 256] = {
    let mut table = [false; 256];
    let mut n = 0x09;
    while n <= 0x0D {
        table[n] = true;
        n += 1;
    }
    table[b' ' as usize] = true;
    table[0xC2] = true;
    table[0xE1] = true;
    table[0xE2] = true;
    table[0xE3] = true;
    table
};

/// Adds `text` to `out`, [squeezed](squeeze).
pub fn push_squeezed(out: &mut String, text: &str) {
    let bytes = text.as_bytes();
    // Where white space that begins at `at` ends.
    let behind_blanks = |mut at: usize| {
        loop {
            match blank(&bytes[at..]) {
                0 => return at,
                length => at += length,
            }
        }
    };
    // What is as it shall be from here on is added at once: single blanks are a part of it.
    let mut from = behind_blanks(0);
    let mut at = from;
    while let Some(length) = bytes[at..].iter().position(|byte| MAY_BE_BLANK[usize::from(*byte)]) {
        at += length;
        let next = behind_blanks(at);
        if next == at {
            at += 1;
        } else if next == at + 1 && bytes[at] == b' ' && next < bytes.len() {
            at = next;
        } else {
            out.push_str(&text[from..at]);
            if next < bytes.len() {
                out.push(' ');
            }
            (from, at) = (next, next);
        }
    }
    out.push_str(&text[from..]);
}

/// How many bytes at the start are one white space, or one of no width; 0 where there is none.
fn blank(bytes: &[u8]) -> usize {
    match bytes {
        [b' ' | 0x09..=0x0D, ..] => 1,
        // U+0085, U+00A0
        [0xC2, 0x85 | 0xA0, ..] => 2,
        // U+1680; U+2000..U+200B, U+2028, U+2029, U+202F; U+205F; U+3000
        [0xE1, 0x9A, 0x80, ..]
        | [0xE2, 0x80, 0x80..=0x8B | 0xA8 | 0xA9 | 0xAF, ..]
        | [0xE2, 0x81, 0x9F, ..]
        | [0xE3, 0x80, 0x80, ..] => 3,
        _ => 0,
    }
}

/// Decodes character references (`&amp;`, `&nbsp;`, `&#8217;`, `&#x1F600;`); what is none stays.
pub fn decode_entities(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.char_indices().skip(1).take(33).find(|(_, c)| !(c.is_ascii_alphanumeric() || *c == '#'));
        let decoded = match end {
            Some((end, ';')) => reference(&rest[1..end]).map(|s| (s, end + 1)),
            Some(_) | None => None,
        };
        match decoded {
            Some((value, used)) => {
                out.push_str(&value);
                rest = &rest[used..];
            }
            None => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

/// What the character reference `&name;` stands for. Numbers follow HTML: the
/// windows-1252 range is read as such, surrogates and nulls become U+FFFD.
pub fn reference(name: &str) -> Option<String> {
    let Some(number) = name.strip_prefix('#') else {
        return named_reference(name).map(str::to_owned);
    };
    let digits = number.strip_prefix(['x', 'X']);
    let code = match digits {
        Some(hex) => parse_code(hex, 16)?,
        None => parse_code(number, 10)?,
    };
    Some(code_point(code).to_string())
}

/// What HTML's `&name;` stands for. A table of our own: that of `quick_xml` 0.42
/// has wrong values, `&mu;` among them.
pub(crate) fn named_reference(name: &str) -> Option<&'static str> {
    static TABLE: LazyLock<Vec<(&'static str, String)>> = LazyLock::new(|| {
        let character = |code: &str| u32::from_str_radix(code, 16).ok().and_then(char::from_u32);
        let line =
            |line: &'static str| line.split_once(' ').map(|(n, c)| (n, c.split(' ').filter_map(character).collect()));
        include_str!("entities.txt").lines().filter_map(line).collect()
    });
    let at = TABLE.binary_search_by(|(known, _)| (*known).cmp(name)).ok()?;
    Some(&TABLE[at].1)
}

fn parse_code(digits: &str, radix: u32) -> Option<u32> {
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some(u32::from_str_radix(digits, radix).unwrap_or(u32::MAX))
}

pub(crate) fn code_point(code: u32) -> char {
    const WINDOWS_1252: [char; 32] = [
        '€', '\u{81}', '‚', 'ƒ', '„', '…', '†', '‡', 'ˆ', '‰', 'Š', '‹', 'Œ', '\u{8D}', 'Ž', '\u{8F}', '\u{90}', '‘',
        '’', '“', '”', '•', '–', '—', '˜', '™', 'š', '›', 'œ', '\u{9D}', 'ž', 'Ÿ',
    ];
    match code {
        0x80..=0x9F => WINDOWS_1252[(code - 0x80) as usize],
        0 => char::REPLACEMENT_CHARACTER,
        other => char::from_u32(other).unwrap_or(char::REPLACEMENT_CHARACTER),
    }
}

/// For comparisons: compatibility forms unified, lower case, letters and digits only.
pub fn fold(text: &str) -> String {
    folded(text).collect()
}

/// Whether two texts are the same, [folded](fold).
pub fn same(a: &str, b: &str) -> bool {
    folded(a).eq(folded(b))
}

/// Whether `text` begins with `start`, both [folded](fold).
pub fn begins_with(text: &str, start: &str) -> bool {
    let mut text = folded(text);
    folded(start).all(|c| text.next() == Some(c))
}

fn folded(text: &str) -> impl Iterator<Item = char> {
    // ASCII is its own compatibility form, and nothing in it is composed.
    let ascii = text.is_ascii().then(|| text.bytes().filter(u8::is_ascii_alphanumeric));
    let ascii = ascii.into_iter().flatten().map(|byte| char::from(byte.to_ascii_lowercase()));
    let other = (!text.is_ascii()).then(|| text.nfkc().flat_map(char::to_lowercase));
    ascii.chain(other.into_iter().flatten().filter(|c| c.is_alphanumeric()))
}

/// Whether two headings say the same, one of them perhaps with a number or a word more.
pub fn alike(a: &str, b: &str) -> bool {
    let (a, b) = (fold(a), fold(b));
    let (short, long) = if a.len() <= b.len() { (&a, &b) } else { (&b, &a) };
    a == b || short.chars().count() >= 8 && short.len() * 4 >= long.len() * 3 && long.contains(short.as_str())
}

/// The first `count` characters of the folded text.
pub fn fold_prefix(text: &str, count: usize) -> String {
    folded(text).take(count).collect()
}

/// The beginning of `text`, no longer than `most` bytes.
pub(crate) fn head(text: &str, most: usize) -> &str {
    let mut end = most.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// Columns in a terminal: a Han character is two.
pub fn columns(text: &str) -> usize {
    text.chars().map(width).sum()
}

fn width(c: char) -> usize {
    match c {
        // Nearly all that is asked for, without a table.
        ' '..='~' => 1,
        '一'..='鿿' => 2,
        _ => c.width().unwrap_or(0),
    }
}

/// At most `most` columns, the last of them `…` when something was cut. Words of
/// alphabetic scripts are not cut in the middle when that loses little.
pub fn cut(text: &str, most: usize) -> String {
    if columns(text) <= most {
        return text.to_owned();
    }
    let mut used = 0;
    let mut end = 0;
    for (at, c) in text.char_indices() {
        if used + width(c) > most.saturating_sub(1) {
            break;
        }
        used += width(c);
        end = at + c.len_utf8();
    }
    let kept = &text[..end];
    let next_is_word = text[end..].chars().next().is_some_and(|c| c.is_alphanumeric() && width(c) == 1);
    let kept = match kept.rfind(' ') {
        Some(at)
            if next_is_word && kept.ends_with(|c: char| c.is_alphanumeric() && width(c) == 1) && at * 3 > end * 2 =>
        {
            &kept[..at]
        }
        _ => kept,
    };
    format!("{}…", kept.trim_end_matches(|c: char| c.is_whitespace() || ",，、;；:：-–—(（".contains(c)))
}

/// Whether a sentence ends behind `c`, given what follows.
fn ends_sentence(c: char, next: Option<char>) -> bool {
    match c {
        '。' | '！' | '？' | '!' | '?' | '…' | '｡' => true,
        '.' => next.is_none_or(char::is_whitespace),
        '\n' => true,
        _ => false,
    }
}

/// Whether `before` ends with a word that is written short and goes on: `Sept. 26`, `e.g. this`.
fn is_abbreviation(before: &str) -> bool {
    const SHORT: [&str; 26] = [
        "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sep", "sept", "oct", "nov", "dec", "e.g", "i.e", "vs", "cf",
        "approx", "vol", "dr", "mr", "mrs", "ms", "st", "inc", "ltd", "corp",
    ];
    let from = before.rfind(|c: char| c.is_whitespace() || "(（[".contains(c)).map_or(0, |at| at + 1);
    before.get(from..).is_some_and(|word| SHORT.contains(&word.to_lowercase().as_str()))
}

/// `16. März`: the dot is of the day.
fn is_day(before: &str, behind: &str) -> bool {
    let digits = &before[before.trim_end_matches(|c: char| c.is_ascii_digit()).len()..];
    let word = behind.trim_start();
    let word = &word[..word.find(|c: char| !c.is_alphabetic()).unwrap_or(word.len())];
    matches!(digits.parse(), Ok(1..=31u8)) && date::month_name(word).is_some()
}

/// Whether words are a title once more: the same letters and signs, but for pictures, quotation
/// marks, large and small letters and blanks.
pub fn is_title(words: &str, title: &str) -> bool {
    let plain = |text: &str| -> String {
        let kept = text.chars().filter(|c| c.is_alphanumeric() || c.is_ascii_punctuation() && !"'\"".contains(*c));
        kept.flat_map(char::to_lowercase).collect()
    };
    plain(words) == plain(title)
}

/// The first sentence of `text`, white space folded.
pub fn first_sentence(text: &str) -> String {
    let text = text.trim_start();
    let mut end = text.len();
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let next = chars.peek().map(|(_, n)| *n);
        // `names that end with . on Windows`, `{ ... } from`, `?, ?| and ?&`: signs, and no end.
        let is_sign = || text[..at].trim_end_matches('.').ends_with(' ');
        let goes_on = || match c {
            '.' => {
                let goes_on = || is_abbreviation(&text[..at]) || is_sign() || is_day(&text[..at], &text[at + 1..]);
                next != Some('\n') && next.is_some() && goes_on()
            }
            '?' | '!' => {
                let small = || text[at + 1..].trim_start().starts_with(|c: char| c.is_ascii_lowercase());
                matches!(next, Some(',' | '|' | '&' | '=')) || text[..at].ends_with(' ') && small()
            }
            _ => false,
        };
        if ends_sentence(c, next) && at > 0 && !goes_on() {
            end = at + c.len_utf8();
            break;
        }
    }
    squeeze(&text[..end])
}

/// The beginning of `text`, at most `most` columns, cut behind a sentence when
/// one ends in the last two thirds, else with `…`.
pub fn excerpt(text: &str, most: usize) -> String {
    shortened(beginning(text, most), most)
}

/// `text` squeezed, no further than it takes to see that it has more than `most` columns.
fn beginning(text: &str, most: usize) -> String {
    let mut length = most.saturating_mul(4).saturating_add(16);
    loop {
        let end = (length..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
        let begun = squeeze(&text[..end]);
        // A character more, for who asks what follows.
        if end == text.len() || columns(&begun) > most + 2 {
            return begun;
        }
        length = length.saturating_mul(4);
    }
}

fn shortened(text: String, most: usize) -> String {
    if columns(&text) <= most {
        return text;
    }
    let mut used = 0;
    let mut sentence = None;
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        used += width(c);
        if used > most {
            break;
        }
        if used * 3 >= most && ends_sentence(c, chars.peek().map(|(_, n)| *n)) {
            sentence = Some(at + c.len_utf8());
        }
    }
    match sentence {
        Some(end) => text[..end].trim_end().to_owned(),
        None => cut(&text, most),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn han_characters_are_two_columns() {
        assert_eq!(columns("MOSN 发布"), 9);
        assert_eq!(cut("蚂蚁集团服务网格", 9), "蚂蚁集团…");
        assert_eq!(cut("short", 9), "short");
        assert_eq!(cut("a sentence of several words", 18), "a sentence of…");
    }

    #[test]
    fn sentences_end_where_they_end() {
        assert_eq!(first_sentence("怎么配置？我试过了。"), "怎么配置？");
        assert_eq!(first_sentence("Version 1.2 works. Really."), "Version 1.2 works.");
        assert_eq!(first_sentence("no end"), "no end");
        assert_eq!(first_sentence("Am 16. März brennt sie. Ja."), "Am 16. März brennt sie.");
        assert_eq!(first_sentence("« lourdeur ». 灯。"), "« lourdeur ».");
        assert_eq!(first_sentence("New operators: ?, ?| and ?&. More."), "New operators: ?, ?| and ?&.");
        assert_eq!(first_sentence("The export { ... } from syntax. More."), "The export { ... } from syntax.");
        assert_eq!(excerpt("一二三四。五六七八九十。", 12), "一二三四。");
    }

    proptest! {
        #[test]
        fn what_is_squeezed_stays(text in "[ \t\u{85}\u{a0}\u{200b}\u{2007}\u{202f}\u{205f}\u{2028}\u{3000}\u{3001}\u{2014}é中ab]{0,6}") {
            let once = squeeze(&text);
            prop_assert!(!once.split(' ').any(|w| w.is_empty() && !once.is_empty() || w.contains(char::is_whitespace)));
            prop_assert_eq!(squeeze(&once), once.clone());
            let words = text.split(|c: char| c.is_whitespace() || c == '\u{200B}').filter(|w| !w.is_empty());
            prop_assert_eq!(once, words.collect::<Vec<_>>().join(" "));
        }
    }

    #[test]
    fn every_white_space_is_known_by_its_bytes() {
        for c in '\0'..=char::MAX {
            let bytes = c.to_string();
            let expected = if c.is_whitespace() || c == '\u{200B}' { bytes.len() } else { 0 };
            assert_eq!(blank(bytes.as_bytes()), expected, "{c:?}");
        }
    }

    #[test]
    fn references_are_decoded_once() {
        assert_eq!(
            decode_entities("a &amp; b &amp;lt; &nbsp;c &#8217; &#x1F600; &bogus; & &#128;"),
            "a & b &lt; \u{a0}c ’ 😀 &bogus; & €"
        );
        assert_eq!(decode_entities("&mu;&Omega;&fnof;&nGt;&CounterClockwiseContourIntegral;"), "μΩƒ≫\u{20d2}∳");
        assert_eq!(decode_entities("&#xD800;&#0;&#99999999999;"), "\u{FFFD}\u{FFFD}\u{FFFD}");
        assert_eq!(line("  MOSN&amp;SOFARPC\n 发布\u{10} "), "MOSN&SOFARPC 发布");
    }

    #[test]
    fn folding_ignores_form_and_punctuation() {
        assert_eq!(fold("ＭＯＳＮ、 Ｓeata！"), fold("mosn seata"));
        assert_eq!(fold_prefix("Ab, cd", 3), "abc");
        assert!(same("ＭＯＳＮ 1.0", "mosn-10") && !same("mosn", "mosn2"));
        assert!(begins_with("ＭＯＳＮ 1.0", "mosn") && begins_with("a", "！") && !begins_with("mosn", "mosn2"));
    }

    proptest! {
        #[test]
        fn cuts_never_exceed(text in "\\PC{0,60}", most in 1usize..40) {
            prop_assert!(columns(&cut(&text, most)) <= most);
            prop_assert!(columns(&excerpt(&text, most)) <= most);
        }

        #[test]
        fn what_stands_far_behind_does_not_matter(words in "[ab.中。\u{300}\u{200b} \n]{0,90}", most in 0usize..12) {
            prop_assert_eq!(excerpt(&words, most), shortened(squeeze(&words), most));
        }

        #[test]
        fn scrubbed_text_is_legal_xml(text in any::<String>()) {
            let clean = scrub(&text);
            prop_assert!(clean.chars().all(is_xml_char));
            prop_assert!(is_clean(&clean));
            prop_assert_eq!(is_clean(&text), clean == text);
        }

        #[test]
        fn plain_letters_are_folded_as_others_are(text in "[ -~]{0,20}") {
            let slow: String = text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect();
            prop_assert_eq!(fold(&text), slow);
        }

        #[test]
        fn sentences_are_beginnings(words in "[ab3.!?。？» \n灯]{0,24}") {
            prop_assert!(squeeze(&words).starts_with(&first_sentence(&words)));
        }

        #[test]
        fn decoding_never_panics(text in "[&#xa-z0-9;]{0,40}") {
            let _ = decode_entities(&text);
        }
    }
}
