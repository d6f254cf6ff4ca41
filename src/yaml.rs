//! YAML text into a tree that knows where each value stands.
//!
//! The only module that knows the YAML engine (`serde_yaml` in `Cargo.toml`,
//! a maintained successor of the abandoned crate of that name). Scalars keep
//! the spelling of the file: `012`, `1.10`, `no` and `2026-11-21` are the text
//! that was written, and each reader decides what it wants of it.
//!
//! What this module refuses: alias bombs and very deep nesting (the engine's
//! budget), duplicate keys. It knows no key of any file.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_yaml::{Location, Spanned};

/// A place in a text: line and column, both from 1. Column counts characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    /// Line, from 1.
    pub line: usize,
    /// Column in characters, from 1.
    pub column: usize,
}

/// One value with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Node {
    /// Where the value starts.
    pub place: Place,
    /// The value.
    pub value: Value,
}

/// What a value is. Numbers and booleans are scalars, spelled as in the file.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// `~`, `null` or nothing.
    Null,
    /// Any scalar, as it is written (without quotes).
    Scalar(String),
    /// A list.
    Seq(Vec<Node>),
    /// A map in the order of the file; keys are unique.
    Map(Vec<(Key, Node)>),
}

/// A key of a map with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Key {
    /// Where the key starts.
    pub place: Place,
    /// The key as written.
    pub name: String,
}

/// Why a text is not YAML.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{}:{}: {problem}", .place.line, .place.column)]
pub struct YamlError {
    /// Where reading stopped.
    pub place: Place,
    /// What is wrong, in the engine's words.
    pub problem: String,
}

/// Reads `text`. An empty text is [`Value::Null`].
///
/// # Errors
/// [`YamlError`] with the place when the text is no YAML or too hostile to expand.
pub fn parse(text: &str) -> Result<Node, YamlError> {
    let options = serde_yaml::options! {
        strict_booleans: true,
        budget: serde_yaml::budget! {
            max_nodes: 200_000,
            max_events: 400_000,
            max_depth: 128,
        },
    };
    match serde_yaml::from_str_with_options::<Option<Spanned<Raw>>>(text, options) {
        Ok(Some(raw)) => {
            let node = node(raw, text);
            // A whole text that is one value is none that anybody meant.
            match node.as_str().and_then(|s| wide_colon(s.lines().next()?)) {
                Some(problem) => Err(YamlError { place: node.place, problem }),
                None => Ok(node),
            }
        }
        Ok(None) => Ok(Node { place: Place { line: 1, column: 1 }, value: Value::Null }),
        Err(error) => {
            let error = error.without_snippet();
            let place = error.location().map(place).unwrap_or(Place { line: 1, column: 1 });
            let rendered = error.render();
            if let Some(known) = slip(text, place, rendered.contains("found a tab")) {
                return Err(known);
            }
            let first = rendered.lines().next().unwrap_or("not YAML");
            let mut problem = strip_place(first).trim_start_matches("error: ").to_owned();
            if problem.ends_with("mapping values are not allowed in this context") {
                problem.push_str(": put a value with `: ` in it into quotes");
            } else if problem.starts_with("duplicate mapping key") {
                // What follows is for programmers.
                problem = format!("{}: write it once", problem.split(',').next().unwrap_or_default());
            } else if problem.starts_with("budget breached") {
                problem =
                    "too large or too deep, or aliases that multiply: no configuration needs that much".to_owned();
            }
            Err(YamlError { place, problem })
        }
    }
}

/// Characters that look right in an editor and are not: a tab in front of a key, a
/// full-width colon behind one. The engine stops there or a line beside; `found_tab` when it
/// says that a tab came behind the place.
fn slip(text: &str, place: Place, found_tab: bool) -> Option<YamlError> {
    let line = |n: usize| n.checked_sub(1).and_then(|n| text.lines().nth(n));
    let tab = |n: usize| {
        let column = line(n)?.chars().take_while(|c| c.is_whitespace()).position(|c| c == '\t')? + 1;
        let problem = "a tab: YAML wants blanks".to_owned();
        Some(YamlError { place: Place { line: n, column }, problem })
    };
    let colon = |n: usize| {
        let written = line(n)?;
        let problem = wide_colon(written)?;
        let column = written.chars().position(|c| c == '：')? + 1;
        Some(YamlError { place: Place { line: n, column }, problem })
    };
    tab(place.line)
        .or_else(|| tab(place.line + 1).filter(|_| found_tab))
        .or_else(|| colon(place.line))
        .or_else(|| colon(place.line.saturating_sub(1)))
}

/// What to write instead of `title：x`; none when the line begins with no key of that form.
pub fn wide_colon(line: &str) -> Option<String> {
    let (key, value) = line.trim_start_matches([' ', '-']).split_once('：')?;
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
    let value: String = value.trim().chars().take(40).collect();
    let right = format!("{key}: {value}");
    is_key.then(|| format!("write a half-width colon and a blank: `{}`", right.trim_end()))
}

/// The engine ends its messages with ` at line 3, column 1`; the place is said once.
fn strip_place(message: &str) -> &str {
    match message.find(" at line ") {
        Some(at) => &message[..at],
        None => message,
    }
}

fn place(location: Location) -> Place {
    Place {
        line: usize::try_from(location.line()).unwrap_or(1).max(1),
        column: usize::try_from(location.column()).unwrap_or(1).max(1),
    }
}

/// What the engine hands over before spellings are restored.
enum Raw {
    Null,
    /// A string: plain or quoted, already unescaped.
    Text(String),
    /// A number or boolean: the engine's reading is dropped, the file's spelling is kept.
    Typed(String),
    Seq(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn node(raw: Spanned<Raw>, text: &str) -> Node {
    let at = raw.referenced;
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Text(s) => Value::Scalar(s),
        Raw::Typed(read) => Value::Scalar(spelled(raw.defined, text).unwrap_or(read)),
        Raw::Seq(items) => Value::Seq(items.into_iter().map(|i| node(i, text)).collect()),
        Raw::Map(pairs) => Value::Map(
            pairs
                .into_iter()
                .map(|(k, v)| {
                    let key = Key { place: place(k.referenced), name: k.value };
                    (key, node(v, text))
                })
                .collect(),
        ),
    };
    Node { place: place(at), value }
}

fn spelled(location: Location, text: &str) -> Option<String> {
    let span = location.span();
    let start = usize::try_from(span.byte_offset()?).ok()?;
    let end = start.checked_add(usize::try_from(span.byte_len()?).ok()?)?;
    let written = text.get(start..end)?.trim();
    (!written.is_empty()).then(|| written.to_owned())
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, d: D) -> Result<Raw, D::Error> {
                Raw::deserialize(d)
            }
            fn visit_bool<E: de::Error>(self, v: bool) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_i64<E: de::Error>(self, v: i64) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_i128<E: de::Error>(self, v: i128) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_u128<E: de::Error>(self, v: u128) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_f64<E: de::Error>(self, v: f64) -> Result<Raw, E> {
                Ok(Raw::Typed(v.to_string()))
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<Raw, E> {
                Ok(Raw::Text(v.to_owned()))
            }
            fn visit_string<E: de::Error>(self, v: String) -> Result<Raw, E> {
                Ok(Raw::Text(v))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::Seq(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut pairs = Vec::new();
                while let Some(pair) = map.next_entry()? {
                    pairs.push(pair);
                }
                Ok(Raw::Map(pairs))
            }
        }
        deserializer.deserialize_any(RawVisitor)
    }
}

impl Node {
    /// The text of a scalar.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Scalar(s) => Some(s),
            Value::Null | Value::Seq(_) | Value::Map(_) => None,
        }
    }

    /// The value under `name` in a map.
    pub fn get(&self, name: &str) -> Option<&Node> {
        match &self.value {
            Value::Map(pairs) => pairs.iter().find(|(k, _)| k.name == name).map(|(_, v)| v),
            Value::Null | Value::Scalar(_) | Value::Seq(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scalar(node: &Node, key: &str) -> String {
        node.get(key).and_then(Node::as_str).unwrap_or("-").to_owned()
    }

    #[test]
    fn scalars_keep_their_spelling() {
        let text = "a: 012\nb: 1.10\nc: no\nd: 2026-11-21\ne: \"x\\ny\"\nf: true\nn: 1_000\ng: 2026-11-21T10:00:00+08:00\nh: '0x10'\n";
        let node = parse(text).unwrap();
        let got: Vec<_> = ["a", "b", "c", "d", "e", "f", "n", "g", "h"].map(|k| scalar(&node, k)).into();
        let want = ["012", "1.10", "no", "2026-11-21", "x\ny", "true", "1_000", "2026-11-21T10:00:00+08:00", "0x10"];
        assert_eq!(got, want);
    }

    #[test]
    fn places_count_from_one() {
        let node = parse("a:\n  - x\n  - 标题: y\n").unwrap();
        let Value::Seq(items) = &node.get("a").unwrap().value else { panic!("a list") };
        assert_eq!(items[0].place, Place { line: 2, column: 5 });
        let Value::Map(pairs) = &items[1].value else { panic!("a map") };
        assert_eq!(pairs[0].0.place, Place { line: 3, column: 5 });
        assert_eq!(pairs[0].1.place, Place { line: 3, column: 9 });
    }

    #[test]
    fn errors_have_a_place() {
        for (text, line) in [("a: [1, 2\nb: 3\n", 2), ("a: 1\na: 2\n", 2), ("a: 1\nb: c: d\n", 2)] {
            let error = parse(text).unwrap_err();
            assert_eq!(error.place.line, line, "{text:?}: {error}");
        }
    }

    #[test]
    fn what_only_looks_right_is_named() {
        let colon = "write a half-width colon and a blank: `title: x`";
        for (text, line, column, problem) in [
            ("title：x\n", 1, 1, colon),
            ("title：x\nurl: y\n", 1, 6, colon),
            ("url: y\ntitle：x\n", 2, 6, colon),
            ("a:\n\tb: c\n", 2, 1, "a tab: YAML wants blanks"),
            ("a:\n  b: c\n\td: e\n", 3, 1, "a tab: YAML wants blanks"),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.place, error.problem.as_str()), (Place { line, column }, problem), "{text:?}");
        }
        assert_eq!(wide_colon("- path：a"), Some("write a half-width colon and a blank: `path: a`".to_owned()));
        assert_eq!(scalar(&parse("a: 注意：x\n").unwrap(), "a"), "注意：x");
    }

    #[test]
    fn an_alias_bomb_is_refused_at_once() {
        let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for i in 1..12 {
            let refs = vec![format!("*a{}", i - 1); 10].join(", ");
            text.push_str(&format!("a{i}: &a{i} [{refs}]\n"));
        }
        let start = std::time::Instant::now();
        assert!(parse(&text).is_err());
        assert!(start.elapsed().as_secs() < 5);
        assert!(parse(&"[".repeat(100_000)).is_err());
    }

    #[test]
    fn nothing_is_null() {
        assert_eq!(parse("").unwrap().value, Value::Null);
        assert_eq!(parse("# only a comment\n").unwrap().value, Value::Null);
    }
}
