//! The patterns that readers of text are made of.

use regex::Regex;

/// A pattern that stands in the code. Its `\b` is that of ASCII: in `活动June 20日` and
/// `2.0 Beta版` a word begins and ends where Han characters stand beside it, which are
/// letters to Unicode's. It is the faster one, too, in any text that is not ASCII.
///
/// # Panics
/// When it is none: tests compile every one of them.
pub(crate) fn pattern(text: &str) -> Regex {
    Regex::new(&text.replace(r"\b", r"(?-u:\b)")).expect("a pattern of the code")
}
