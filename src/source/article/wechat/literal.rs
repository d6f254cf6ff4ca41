//! The data that WeChat pages carry in a script: a JavaScript object of texts,
//! numbers written as `'1' * 1`, lists and further objects. What is none of these
//! is passed over.

use serde_json::{Map, Value};

/// Deeper data is passed over.
const MAX_DEPTH: usize = 24;

/// Values beyond are passed over.
const MAX_VALUES: usize = 50_000;

/// Reads the object that begins at the first `{` of `text`.
pub(super) fn object(text: &str) -> Option<Value> {
    let start = text.find('{')?;
    let mut reader = Reader { text, at: start, values: 0 };
    reader.value(0)
}

/// Reads the text in quotation marks at the beginning of `text`.
pub(super) fn quoted(text: &str) -> Option<String> {
    Reader { text, at: 0, values: 0 }.string()
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
    values: usize,
}

impl Reader<'_> {
    fn rest(&self) -> &str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    /// Behind white space and comments.
    fn skip(&mut self) {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if self.rest().starts_with("//") {
                self.at += self.rest().find('\n').unwrap_or(self.rest().len());
            } else if self.rest().starts_with("/*") {
                self.at += self.rest().find("*/").map_or(self.rest().len(), |e| e + 2);
            } else {
                return;
            }
        }
    }

    fn string(&mut self) -> Option<String> {
        let quote = self.peek().filter(|c| matches!(c, '\'' | '"' | '`'))?;
        let body = &self.text[self.at + 1..];
        let mut out = String::new();
        let mut chars = body.char_indices();
        while let Some((at, c)) = chars.next() {
            if c == quote {
                self.at += 1 + at + 1;
                return Some(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let (_, escaped) = chars.next()?;
            let digits = match escaped {
                'x' => 2,
                'u' => 4,
                _ => 0,
            };
            if digits > 0 {
                let mut code = 0;
                for _ in 0..digits {
                    let (_, digit) = chars.next()?;
                    code = code * 16 + digit.to_digit(16)?;
                }
                out.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                continue;
            }
            match escaped {
                'n' => out.push('\n'),
                't' => out.push('\t'),
                'r' | '\n' => {}
                other => out.push(other),
            }
        }
        None
    }

    fn value(&mut self, depth: usize) -> Option<Value> {
        self.values += 1;
        if depth > MAX_DEPTH || self.values > MAX_VALUES {
            return None;
        }
        self.skip();
        let value = match self.peek()? {
            '{' => self.map(depth)?,
            '[' => self.list(depth)?,
            '\'' | '"' | '`' => Value::String(self.string()?),
            _ => {
                // `JsDecode('...')`, a number, a name, an expression.
                let end =
                    self.rest().find([',', '}', ']', '\n', '\'', '"', '`', '{', '[']).unwrap_or(self.rest().len());
                let word = self.rest()[..end].trim().to_owned();
                self.at += end;
                match self.peek() {
                    Some('\'' | '"' | '`') if word.ends_with('(') => Value::String(self.string()?),
                    _ => match word.parse::<i64>() {
                        Ok(number) => number.into(),
                        Err(_) => Value::String(word),
                    },
                }
            }
        };
        self.pass();
        Some(value)
    }

    /// Passes over what stands between a value and the next comma or end.
    fn pass(&mut self) {
        let mut depth = 0usize;
        while let Some(c) = self.peek() {
            match c {
                ',' | '}' | ']' if depth == 0 => return,
                '(' | '{' | '[' => depth += 1,
                ')' | '}' | ']' => depth = depth.saturating_sub(1),
                '\'' | '"' | '`' => {
                    if self.string().is_none() {
                        self.at = self.text.len();
                    }
                    continue;
                }
                _ => {}
            }
            self.at += c.len_utf8();
        }
    }

    fn map(&mut self, depth: usize) -> Option<Value> {
        let mut map = Map::new();
        self.at += 1;
        loop {
            self.skip();
            match self.peek()? {
                '}' => {
                    self.at += 1;
                    return Some(Value::Object(map));
                }
                ',' => {
                    self.at += 1;
                    continue;
                }
                _ => {}
            }
            let key = match self.peek()? {
                '\'' | '"' => self.string()?,
                _ => {
                    let end = self.rest().find([':', ',', '}', '\n'])?;
                    let key = self.rest()[..end].trim().to_owned();
                    self.at += end;
                    key
                }
            };
            self.skip();
            if self.peek()? == ':' {
                self.at += 1;
                let value = self.value(depth + 1)?;
                map.insert(key, value);
            } else {
                self.pass();
            }
        }
    }

    fn list(&mut self, depth: usize) -> Option<Value> {
        let mut list = Vec::new();
        self.at += 1;
        loop {
            self.skip();
            match self.peek()? {
                ']' => {
                    self.at += 1;
                    return Some(Value::Array(list));
                }
                ',' => self.at += 1,
                '}' | ')' => return None,
                _ => list.push(self.value(depth + 1)?),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_scripts_write_is_read() {
        let text = r#"x = { // c
            ret: '0' * 1, name: 'a\x26amp;b\x0ac', 'q': "it's", list: [{u: 'v'}, {u: JsDecode('\u4e2d')},], e: f ? 1 : 2, last: ''
        };"#;
        let value = object(text).unwrap();
        assert_eq!(value["ret"], "0");
        assert_eq!(value["name"], "a&amp;b\nc");
        assert_eq!(value["q"], "it's");
        assert_eq!(value["list"][1]["u"], "中");
        assert_eq!(value["last"], "");
    }

    proptest! {
        #[test]
        fn never_panics(text in "[\\[\\]{}:,'\"\\\\a中x0 \n(*)]{0,60}") {
            let _ = object(&text);
        }
    }
}
