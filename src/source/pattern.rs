//! The patterns that readers of text are made of.

use std::ops::Deref;
use std::sync::OnceLock;

use regex::{Regex, RegexBuilder};

/// A [`pattern`] of the code, made when something is first matched with it.
pub(crate) struct Pattern {
    text: &'static str,
    made: OnceLock<Regex>,
}

impl Pattern {
    /// The pattern `text`.
    pub(crate) const fn new(text: &'static str) -> Self {
        Self { text, made: OnceLock::new() }
    }
}

impl Deref for Pattern {
    type Target = Regex;

    fn deref(&self) -> &Regex {
        self.made.get_or_init(|| pattern(self.text))
    }
}

/// What is no part of a word: controls, blanks, punctuation, symbols and pictures, with the
/// marks that join and colour those. Unicode's own class has hundreds of ranges, and each of
/// the hundreds of places where it stands would make thousands of states of them.
const SIGNS: &str = r"\x00-/:-@\[-^`{-\x{A9}\x{AB}-\x{B4}\x{B6}-\x{B9}\x{BB}-\x{BF}×÷\x{2000}-\x{203E}\x{2041}-\x{2053}\x{2055}-\x{206F}\x{20A0}-\x{20CF}℃№™\x{2190}-\x{24B5}\x{24EA}-\x{2BFF}\x{2E00}-\x{2E2E}\x{2E30}-\x{3004}\x{3008}-\x{3020}\x{3030}\x{303D}-\x{303F}・\x{FE00}-\x{FE19}\x{FE30}-\x{FE32}\x{FE35}-\x{FE4C}\x{FE50}-\x{FE6F}\x{FF01}-\x{FF0F}\x{FF1A}-\x{FF20}\x{FF3B}-\x{FF3E}\x{FF40}\x{FF5B}-\x{FF65}\x{1F000}-\x{1F12F}\x{1F1E6}-\x{1FAFF}";

/// Bytes that what was seen with a pattern may take: there are hundreds of them, and most see a few lines.
const MOST_STATES: usize = 128 << 10;

/// Digits that people count with here.
const DIGITS: &str = "0-9０-９";

/// A pattern that stands in the code. Its `\b` is that of ASCII: in `活动June 20日` and
/// `2.0 Beta版` a word begins and ends where Han characters stand beside it, which are
/// letters to Unicode's. It is the faster one, too, in any text that is not ASCII. Its `\w`
/// is all but [`SIGNS`], its `\d` are [`DIGITS`]. Below `(?i)` write `(?:\w|-)`, not `[\w-]`: each of
/// the letters in such brackets is looked up in its other case when the pattern is made.
///
/// # Panics
/// When it is none: tests compile every one of them.
pub(crate) fn pattern(text: &str) -> Regex {
    let text = text
        .replace(r"\b", r"(?-u:\b)")
        .replace(r"\w", &format!("[^{SIGNS}]"))
        .replace(r"\W", &format!("[{SIGNS}]"))
        .replace(r"\d", &format!("[{DIGITS}]"))
        .replace(r"\D", &format!("[^{DIGITS}]"));
    RegexBuilder::new(&text).dfa_size_limit(MOST_STATES).build().expect("a pattern of the code")
}

#[cfg(test)]
mod tests {
    use super::pattern;

    #[test]
    fn letters_of_every_script_are_words_and_signs_are_none() {
        let (word, sign) = (pattern(r"^\w$"), pattern(r"^\W$"));
        for c in '\0'..=char::MAX {
            let text = c.to_string();
            let text = text.as_str();
            assert!(!c.is_alphabetic() || word.is_match(text), "{c:?} is a letter");
            assert!(!(c.is_whitespace() || c.is_control()) || sign.is_match(text) || c > '\u{7f}', "{c:?} is a blank");
        }
        for c in "!\"#-./:@[`{~«»…—“”‘’、。「」《》【】（）！，：；？｜～·・©®™✅🎉👉🔹⭐️🇨🇳①".chars()
        {
            assert!(sign.is_match(&c.to_string()), "{c:?} is a sign");
        }
    }
}
