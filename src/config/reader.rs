//! Reads maps key by key and collects every mistake instead of stopping at the first.
//!
//! A [`MapReader`] is asked for each key that may be there; [`MapReader::finish`]
//! then reports the keys nobody asked for, with the nearest known one.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::ConfigError;
use crate::yaml::{self, Key, Node, Place, Value};

/// A configuration file that is being read, and the mistakes found so far.
pub(super) struct Reader<'a> {
    path: &'a Path,
    text: &'a str,
    errors: &'a mut Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(path: &'a Path, text: &'a str, errors: &'a mut Vec<ConfigError>) -> Self {
        Self { path, text, errors }
    }

    pub(super) fn path(&self) -> PathBuf {
        self.path.to_owned()
    }

    pub(super) fn error(&mut self, place: Place, problem: impl Into<String>) {
        let snippet = self.text.lines().nth(place.line.saturating_sub(1)).unwrap_or("").to_owned();
        self.errors.push(ConfigError {
            path: self.path.to_owned(),
            line: place.line,
            column: place.column,
            problem: problem.into(),
            snippet,
        });
    }

    /// The pairs of a map; an error and nothing when it is none.
    pub(super) fn map<'n>(&mut self, node: &'n Node, what: &str) -> Option<MapReader<'n>> {
        match &node.value {
            Value::Map(pairs) => Some(MapReader {
                place: node.place,
                pairs: pairs.iter().map(|(k, v)| (k, v, false)).collect(),
                known: Vec::new(),
            }),
            Value::Null => Some(MapReader { place: node.place, pairs: Vec::new(), known: Vec::new() }),
            Value::Scalar(_) | Value::Seq(_) => {
                let advice = node.as_str().and_then(yaml::wide_colon);
                let problem = || format!("{what} is {}, a map of keys is expected", found(node));
                self.error(node.place, advice.unwrap_or_else(problem));
                None
            }
        }
    }

    pub(super) fn string(&mut self, node: &Node, what: &str) -> Option<String> {
        match &node.value {
            Value::Scalar(s) => Some(s.trim().to_owned()),
            Value::Null => {
                self.error(node.place, format!("`{what}` is empty"));
                None
            }
            Value::Seq(_) | Value::Map(_) => {
                self.error(node.place, format!("`{what}` is {}, a text is expected", found(node)));
                None
            }
        }
    }

    /// One value or a list of values.
    pub(super) fn one_or_many<'n>(&mut self, node: &'n Node) -> Vec<&'n Node> {
        match &node.value {
            Value::Null => Vec::new(),
            Value::Seq(items) => items.iter().collect(),
            Value::Scalar(_) | Value::Map(_) => vec![node],
        }
    }

    /// A value out of a fixed set of words, with a suggestion when it is none of them.
    pub(super) fn choice<T: Copy>(&mut self, node: &Node, what: &str, words: &[(&str, T)]) -> Option<T> {
        let text = self.string(node, what)?;
        if let Some((_, value)) = words.iter().find(|(w, _)| *w == text) {
            return Some(*value);
        }
        let names: Vec<&str> = words.iter().map(|(w, _)| *w).collect();
        let hint = match nearest(&text, names.iter().copied()) {
            Some(near) => format!(", did you mean `{near}`?"),
            None => format!(": use {}", listed(&names)),
        };
        self.error(node.place, format!("unknown value `{}` of `{what}`{hint}", short(&text)));
        None
    }
}

/// What other programs call our keys: no edit of a letter leads from one to the other.
const CALLED_ELSEWHERE: [(&str, &str); 6] = [
    ("name", "title"),
    ("website", "home"),
    ("homepage", "home"),
    ("keywords", "aliases"),
    ("feed", "sources"),
    ("feeds", "sources"),
];

/// The keys of one map.
pub(super) struct MapReader<'n> {
    pub(super) place: Place,
    pairs: Vec<(&'n Key, &'n Node, bool)>,
    known: Vec<&'static str>,
}

impl<'n> MapReader<'n> {
    /// The value of `key`, if it is there (and not null).
    pub(super) fn take(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        let pair = self.pairs.iter_mut().find(|(k, _, _)| k.name == key)?;
        pair.2 = true;
        match pair.1.value {
            Value::Null => None,
            Value::Scalar(_) | Value::Seq(_) | Value::Map(_) => Some(pair.1),
        }
    }

    /// Every pair that nobody took, for maps with free keys.
    pub(super) fn rest(&mut self) -> Vec<(&'n Key, &'n Node)> {
        let rest = self.pairs.iter().filter(|p| !p.2).map(|p| (p.0, p.1)).collect();
        self.pairs.iter_mut().for_each(|p| p.2 = true);
        rest
    }

    pub(super) fn string(&mut self, r: &mut Reader<'_>, key: &'static str) -> Option<String> {
        let node = self.take(key)?;
        r.string(node, key)
    }

    pub(super) fn required(&mut self, r: &mut Reader<'_>, key: &'static str, example: &str) -> Option<String> {
        match self.take(key) {
            Some(node) => r.string(node, key),
            None => {
                r.error(self.place, format!("`{key}` is missing: add for example `{key}: {example}`"));
                None
            }
        }
    }

    pub(super) fn bool(&mut self, r: &mut Reader<'_>, key: &'static str, default: bool) -> bool {
        const WORDS: [(&str, bool); 6] =
            [("true", true), ("false", false), ("yes", true), ("no", false), ("on", true), ("off", false)];
        self.take(key).and_then(|node| r.choice(node, key, &WORDS)).unwrap_or(default)
    }

    /// A list of texts; one text stands for a list of one.
    pub(super) fn strings(&mut self, r: &mut Reader<'_>, key: &'static str) -> Vec<String> {
        self.placed_strings(r, key).into_iter().map(|(s, _)| s).collect()
    }

    pub(super) fn placed_strings(&mut self, r: &mut Reader<'_>, key: &'static str) -> Vec<(String, Place)> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        r.one_or_many(node).into_iter().filter_map(|n| Some((r.string(n, key)?, n.place))).collect()
    }

    pub(super) fn number(
        &mut self,
        r: &mut Reader<'_>,
        key: &'static str,
        range: std::ops::RangeInclusive<u64>,
        default: u64,
    ) -> u64 {
        let Some(node) = self.take(key) else {
            return default;
        };
        let Some(text) = r.string(node, key) else {
            return default;
        };
        match text.replace('_', "").parse::<u64>() {
            Ok(n) if range.contains(&n) => n,
            Ok(_) | Err(_) => {
                let problem = format!(
                    "`{key}` is `{}`, a number from {} to {} is expected",
                    short(&text),
                    range.start(),
                    range.end()
                );
                r.error(node.place, problem);
                default
            }
        }
    }

    /// A span of time: a number with `s`, `m`, `h` or `d`.
    pub(super) fn duration(&mut self, r: &mut Reader<'_>, key: &'static str, default: Duration) -> Duration {
        let Some(node) = self.take(key) else {
            return default;
        };
        let Some(text) = r.string(node, key) else {
            return default;
        };
        duration(&text).unwrap_or_else(|| {
            let problem = format!("`{key}` is `{}`, a span such as 30s, 60m, 2h or 1d is expected", short(&text));
            r.error(node.place, problem);
            default
        })
    }

    /// A size in bytes: a number, or one with `KiB`, `MiB`, `kB`, `MB`.
    pub(super) fn bytes(&mut self, r: &mut Reader<'_>, key: &'static str, default: usize) -> usize {
        let Some(node) = self.take(key) else {
            return default;
        };
        let Some(text) = r.string(node, key) else {
            return default;
        };
        bytes(&text).unwrap_or_else(|| {
            let problem = format!("`{key}` is `{}`, a size such as 512KiB or 15MiB is expected", short(&text));
            r.error(node.place, problem);
            default
        })
    }

    /// Reports every key nobody asked for.
    pub(super) fn finish(self, r: &mut Reader<'_>) {
        for (key, _, used) in &self.pairs {
            if *used {
                continue;
            }
            let elsewhere = CALLED_ELSEWHERE.iter().find(|(name, _)| *name == key.name.to_lowercase());
            let ours = elsewhere.map(|(_, ours)| *ours).filter(|ours| self.known.contains(ours));
            let hint = match ours.or_else(|| nearest(&key.name, self.known.iter().copied())) {
                Some(near) => format!(", did you mean `{near}`?"),
                None => format!(": known here are {}", listed(&self.known)),
            };
            r.error(key.place, format!("unknown key `{}`{hint}", short(&key.name)));
        }
    }
}

fn found(node: &Node) -> &'static str {
    match node.value {
        Value::Null => "empty",
        Value::Scalar(_) => "a single value",
        Value::Seq(_) => "a list",
        Value::Map(_) => "a map",
    }
}

/// Messages stay readable whatever stands in the file.
pub(super) fn short(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(60).collect();
    if text.chars().count() > 60 { format!("{clean}…") } else { clean }
}

fn listed(names: &[&str]) -> String {
    names.iter().map(|n| format!("`{n}`")).collect::<Vec<_>>().join(", ")
}

/// The word of `known` that `word` was probably meant to be.
pub(crate) fn nearest<'k>(word: &str, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let word = word.to_lowercase();
    known
        .map(|k| (strsim::damerau_levenshtein(&word, k), k))
        .filter(|(distance, k)| *distance <= 1 + k.chars().count().min(word.chars().count()) / 4)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, k)| k)
}

/// A span as people write it: `90s`, `30m`, `2h`, `7d`; none when it is no such thing.
pub fn duration(text: &str) -> Option<Duration> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim() {
        "ms" => return Some(Duration::from_millis(number)).filter(|d| d.as_secs() <= 366 * 86_400),
        "s" | "" => 1,
        "m" | "min" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    Some(Duration::from_secs(number.checked_mul(factor).filter(|s| *s <= 366 * 86_400)?))
}

fn bytes(text: &str) -> Option<usize> {
    let at = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(at);
    let number: usize = number.parse().ok()?;
    let factor = match unit.trim() {
        "" | "B" => 1,
        "KiB" | "K" | "k" => 1024,
        "kB" | "KB" => 1000,
        "MiB" | "M" => 1024 * 1024,
        "MB" => 1_000_000,
        _ => return None,
    };
    number.checked_mul(factor).filter(|n| (1..=1 << 30).contains(n))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_and_sizes() {
        assert_eq!(duration("60m"), Some(Duration::from_secs(3600)));
        assert_eq!(duration("0s"), Some(Duration::ZERO));
        assert_eq!(duration("99999999999999999999d"), None);
        assert_eq!(duration("1 week"), None);
        assert_eq!(bytes("512KiB"), Some(524_288));
        assert_eq!(bytes("0"), None);
    }

    #[test]
    fn suggestions_are_near() {
        let known = ["aliases", "addresses", "kinds"];
        assert_eq!(nearest("alises", known.into_iter()), Some("aliases"));
        assert_eq!(nearest("Aliases", known.into_iter()), Some("aliases"));
        assert_eq!(nearest("banana", known.into_iter()), None);
    }
}
