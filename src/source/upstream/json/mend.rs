//! JSON as programs without a JSON library write it: control characters as they
//! are, halves of surrogate pairs, escapes that do not exist, a comma too many.
//!
//! Only asked for once the strict reading has failed. What no rule here knows
//! stays as it is and fails again.

/// The text with what can be mended mended; none when there is nothing of the kind.
pub(super) fn mended(text: &str) -> Option<String> {
    let bytes = text.as_bytes();
    let mut out = String::new();
    let mut done = 0;
    let mut at = 0;
    let mut inside = false;
    // Puts `instead` in the place of the bytes from `at` to `to`, all of them ASCII.
    let replace = |out: &mut String, done: &mut usize, at: usize, to: usize, instead: &str| {
        out.push_str(&text[*done..at]);
        out.push_str(instead);
        *done = to;
    };
    while let Some(byte) = bytes.get(at) {
        at = match (byte, inside) {
            (b'"', _) => {
                inside = !inside;
                at + 1
            }
            (0..=0x1F, true) => {
                let instead = match byte {
                    b'\n' => "\\n",
                    b'\r' => "\\r",
                    b'\t' => "\\t",
                    _ => "",
                };
                replace(&mut out, &mut done, at, at + 1, instead);
                at + 1
            }
            (b'\\', true) => match escape(&bytes[at..]) {
                Escape::Good(length) => at + length,
                Escape::Half(length) => {
                    replace(&mut out, &mut done, at, at + length, "\\ufffd");
                    at + length
                }
                Escape::None => {
                    replace(&mut out, &mut done, at, at + 1, "");
                    // What follows the backslash is a character like any other, but no quote.
                    at + 1
                }
            },
            (0..=0x08 | 0x0B | 0x0C | 0x0E..=0x1F, false) => {
                replace(&mut out, &mut done, at, at + 1, "");
                at + 1
            }
            (b',', false) => {
                let follows = bytes[at + 1..].iter().position(|b| !b.is_ascii_whitespace());
                if follows.is_some_and(|n| matches!(bytes[at + 1 + n], b']' | b'}')) {
                    replace(&mut out, &mut done, at, at + 1, "");
                }
                at + 1
            }
            _ => at + 1,
        };
    }
    if done == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some(out)
}

/// What begins with a backslash, and its length in bytes.
enum Escape {
    Good(usize),
    /// One half of a surrogate pair.
    Half(usize),
    None,
}

fn escape(bytes: &[u8]) -> Escape {
    match bytes.get(1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Escape::Good(2),
        Some(b'u') => match unit(bytes) {
            Some(0xD800..=0xDBFF) => match bytes.get(6..).and_then(unit) {
                Some(0xDC00..=0xDFFF) => Escape::Good(12),
                _ => Escape::Half(6),
            },
            Some(0xDC00..=0xDFFF) => Escape::Half(6),
            Some(_) => Escape::Good(6),
            None => Escape::None,
        },
        _ => Escape::None,
    }
}

/// The number of `\u1234`.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    digits.iter().try_fold(0u16, |number, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(number << 4 | u16::try_from(digit).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_mended_is() {
        for (text, want) in [
            ("{\"a\":\"b\u{1}c\nd\te\"}", r#"{"a":"bc\nd\te"}"#),
            ("{\"a\":\u{b}1}", r#"{"a":1}"#),
            (r#"["\ud83d x","\udc00","\ud83d\ude00"]"#, r#"["\ufffd x","\ufffd","\ud83d\ude00"]"#),
            (r#"["it\'s \x41 \u12"]"#, r#"["it's x41 u12"]"#),
            (r#"[{"a":",]",},]"#, r#"[{"a":",]"}]"#),
            (r#"["\"#, r#"[""#),
        ] {
            assert_eq!(mended(text).as_deref(), Some(want), "{text}");
        }
    }

    #[test]
    fn what_is_good_stays() {
        for text in [r#"{"a":"\"\\,]\u00e9\/","b":[1,2]}"#, "", "{", "[1,", "\"中\\", "{\n\t\"a\" : 1\r\n}"] {
            if !text.ends_with('\\') {
                assert_eq!(mended(text), None, "{text}");
            }
        }
    }
}
