//! Text into the words that a search index knows, and what people type into a query of it.
//!
//! A word is a run of letters and digits; a character of a script that writes no blanks
//! (Han, Kana, Hangul) is a word of its own, and Chinese words of any length are found as
//! such characters in a row. The ends of longer words are kept beside them, so that `rpc`
//! finds `SOFARPC`. Whatever else people type separates words: nothing they type can be
//! part of the query's own language.

use unicode_normalization::UnicodeNormalization;

/// Terms of a query that count; more are left out.
const MOST_TERMS: usize = 12;

/// Shortest end of a word that is kept.
const SHORTEST_END: usize = 3;

/// Different words of a text whose ends are kept.
const MOST_WORDS: usize = 600;

/// Longest word whose ends are kept; longer ones are keys and hashes.
const LONGEST_WORD: usize = 40;

/// Whether `c` is a word of its own.
pub fn stands_alone(c: char) -> bool {
    matches!(u32::from(c),
        0x3005..=0x3007 | 0x3040..=0x30FF | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7AF | 0xF900..=0xFAFF | 0x20000..=0x3FFFF)
}

/// The words of `text`, folded, one after the other.
pub fn words(text: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    for c in text.nfkc().flat_map(char::to_lowercase) {
        if stands_alone(c) {
            words.extend((!word.is_empty()).then(|| std::mem::take(&mut word)));
            words.push(c.to_string());
        } else if c.is_alphanumeric() {
            word.push(c);
        } else if !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

/// The ends of the words, each once.
pub fn ends(words: &[String]) -> Vec<String> {
    let mut seen = std::collections::BTreeSet::new();
    let mut ends = std::collections::BTreeSet::new();
    for word in words.iter().filter(|w| w.len() > SHORTEST_END && w.len() <= LONGEST_WORD) {
        if seen.len() == MOST_WORDS {
            break;
        }
        if !seen.insert(word.as_str()) {
            continue;
        }
        let starts: Vec<usize> = word.char_indices().map(|(at, _)| at).collect();
        for at in starts.iter().skip(1).take(starts.len().saturating_sub(SHORTEST_END)) {
            ends.insert(word[*at..].to_owned());
        }
    }
    ends.into_iter().collect()
}

/// What is searched for: words in a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Term {
    /// The words.
    pub words: Vec<String>,
    /// The last one may go on.
    pub open: bool,
}

/// What people typed, as terms that must all be there. Quotes keep words together.
pub fn query(text: &str) -> Vec<Term> {
    let mut terms = Vec::new();
    for (n, piece) in text.split('"').enumerate() {
        let quoted = n % 2 == 1;
        let pieces: Vec<&str> = if quoted { vec![piece] } else { piece.split_whitespace().collect() };
        for piece in pieces {
            let words = words(piece);
            let open = !quoted
                && words.last().is_some_and(|w| w.chars().count() >= SHORTEST_END && !w.chars().any(stands_alone));
            let term = Term { words, open };
            if !term.words.is_empty() && !terms.contains(&term) && terms.len() < MOST_TERMS {
                terms.push(term);
            }
        }
    }
    terms
}

/// The text around the first place where a term is, at most `most` columns.
pub fn around(text: &str, terms: &[Term], most: usize) -> String {
    let lower: Vec<(usize, char)> =
        text.char_indices().flat_map(|(at, c)| c.to_lowercase().map(move |l| (at, l))).collect();
    let found = terms.iter().filter_map(|t| t.words.first()).filter_map(|word| {
        let word: Vec<char> = word.chars().collect();
        lower.windows(word.len()).find(|w| w.iter().map(|(_, c)| c).eq(word.iter())).map(|w| w[0].0)
    });
    let Some(at) = found.min() else {
        return super::text::excerpt(text, most);
    };
    // A little of what is before it, from a place where something begins.
    let before: Vec<(usize, char)> = text[..at].char_indices().rev().take(24).collect();
    let start = match before.last() {
        Some((0, _)) | None => 0,
        Some((far, _)) => before
            .iter()
            .rev()
            .find(|(_, c)| !c.is_alphanumeric() || stands_alone(*c))
            .map_or(*far, |(at, c)| if stands_alone(*c) { *at } else { at + c.len_utf8() }),
    };
    let piece = super::text::excerpt(text[start..].trim_start(), most);
    if start == 0 { piece } else { format!("…{piece}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_every_script() {
        assert_eq!(words("SOFARPC 支持限流吗？v5.8"), ["sofarpc", "支", "持", "限", "流", "吗", "v5", "8"]);
        assert_eq!(words("Ｆｕｌｌ-width Ünïcode"), ["full", "width", "ünïcode"]);
        assert_eq!(words("\u{0} \" * ( NEAR"), ["near"]);
        assert_eq!(ends(&words("sofarpc rpc")), ["arpc", "farpc", "ofarpc", "rpc"]);
    }

    #[test]
    fn what_people_type_is_text() {
        let plain = |q: &str| query(q).into_iter().map(|t| (t.words.join(" "), t.open)).collect::<Vec<_>>();
        assert_eq!(plain("限流 MOSN"), [("限 流".to_owned(), false), ("mosn".to_owned(), true)]);
        assert_eq!(
            plain("\"graceful restart\" go"),
            [("graceful restart".to_owned(), false), ("go".to_owned(), false)]
        );
        assert_eq!(
            plain("title:x OR NOT* ^(\"a"),
            [
                ("title x".to_owned(), false),
                ("or".to_owned(), false),
                ("not".to_owned(), true),
                ("a".to_owned(), false)
            ]
        );
        assert!(plain("\u{0}\"''--;").is_empty());
        assert_eq!(query(&"a1 b2 c3 d4 e5 f6 g7 h8 i9 j10 k11 l12 m13 n14".repeat(9)).len(), MOST_TERMS);
    }

    #[test]
    fn a_piece_shows_where_it_was_found() {
        let text = "A long beginning that says nothing of it. Then the Breaker opens and the calls stop.";
        let piece = around(text, &query("breaker"), 40);
        assert!(piece.contains("Breaker") && piece.starts_with('…'), "{piece}");
        assert!(around("中文".repeat(60).as_str(), &query("没有"), 20).ends_with('…'));
        assert!(around("İstanbul ve MOSN", &query("mosn"), 40).contains("MOSN"));
    }
}
