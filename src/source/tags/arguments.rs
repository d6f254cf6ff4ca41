//! What stands in a tag: its name, and values with keys and without.

use crate::source::embeds::Arguments;

/// `/* name() */`: shown, not done.
pub(super) fn escaped(inside: &str) -> Option<&str> {
    inside.strip_prefix("/*")?.strip_suffix("*/").map(str::trim)
}

/// `name(key="value")`.
pub(super) fn call(inside: &str) -> Option<(&str, Arguments)> {
    let (name, rest) = inside.split_once('(')?;
    let name = name.trim();
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_:".contains(c));
    let inner = rest.trim_end().strip_suffix(')').filter(|_| is_name)?;
    Some((name, arguments(inner)))
}

/// `key="value", value` as pairs; positional ones have no key.
pub(super) fn arguments(inside: &str) -> Arguments {
    let mut found = Arguments::new();
    let mut rest = inside.trim_start();
    while !rest.is_empty() {
        let key_length = rest.find(|c: char| !c.is_ascii_alphanumeric() && !"_-".contains(c)).unwrap_or(rest.len());
        let behind = rest[key_length..].trim_start();
        let key = behind.strip_prefix('=').filter(|_| key_length > 0);
        let (key, value) = match key {
            Some(value) => (Some(rest[..key_length].to_owned()), value.trim_start()),
            None => (None, rest),
        };
        let quote = value.chars().next().filter(|c| "\"'`".contains(*c));
        let (word, behind) = match quote.and_then(|q| value[1..].split_once(q)) {
            Some(parts) => parts,
            None => {
                let end = value.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(value.len());
                value.split_at(end)
            }
        };
        if key.is_some() || !word.is_empty() {
            found.push((key, word.to_owned()));
        }
        rest = behind.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    found
}

/// The first value without a key.
pub(super) fn positional(arguments: &Arguments) -> Option<&str> {
    arguments.iter().find(|(key, _)| key.is_none()).map(|(_, value)| value.as_str())
}

/// The value of a key.
pub(super) fn given<'a>(arguments: &'a Arguments, key: &str) -> Option<&'a str> {
    arguments.iter().find(|(k, _)| k.as_deref() == Some(key)).map(|(_, value)| value.as_str())
}

/// Where an address stands among words.
pub(super) fn address_at(arguments: &Arguments) -> Option<usize> {
    arguments.iter().position(|(key, word)| key.is_none() && (word.contains("://") || word.starts_with('/')))
}

/// The words from the argument number `from` on, without those that tell of the window.
pub(super) fn words_behind(arguments: &Arguments, from: usize) -> Option<String> {
    let plain = arguments.iter().skip(from).filter(|(key, _)| key.is_none()).map(|(_, word)| word.as_str());
    let words: Vec<&str> = plain.filter(|w| !matches!(*w, "true" | "false")).collect();
    (!words.is_empty()).then(|| words.join(" "))
}
