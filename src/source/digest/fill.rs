//! Up to which column an editor filled the lines of a text, and which of them go on below.
//!
//! A line is taken for filled only where the first word of the next one would not have fitted.
//! Lines of Chinese have no words to tell by: nothing is said of them.

use std::ops::RangeInclusive;

use super::{lists, shapes};
use crate::source::markdown::Piece;

/// The columns that people fill their lines to.
const COLUMNS: RangeInclusive<usize> = 60..=100;
/// So many lines tell that they are filled,
const ENOUGH: isize = 3;
/// and so many of a hundred that could be.
const MOST: isize = 60;
/// Words are shorter; addresses do not tell, which fit nowhere.
const LONGEST_WORD: usize = 20;

/// The column up to which lines are filled.
#[derive(Clone, Copy)]
pub(super) struct Fill(usize);

impl Fill {
    /// The column that is the most usual one of the lines `pairs` that stand below each other; none
    /// where authors end their lines as they like.
    pub(super) fn of<'p>(pairs: impl Iterator<Item = (&'p Piece, &'p Piece)>) -> Option<Self> {
        let (mut lines, mut filled) = (0, [0_isize; *COLUMNS.end() + 2]);
        for (above, piece) in pairs {
            let (written, next) = (above.written, piece.written);
            if !could_go_on(above, piece) || next.first_word >= LONGEST_WORD {
                continue;
            }
            lines += 1;
            // Each column from that of the line to the last one at which its next word was too long.
            let most = (written.columns + next.first_word).min(*COLUMNS.end());
            if written.columns <= most && most >= *COLUMNS.start() {
                filled[written.columns] += 1;
                filled[most + 1] -= 1;
            }
        }
        let mut at = 0;
        let mut best = (0, 0);
        for (column, change) in filled.into_iter().enumerate() {
            at += change;
            if COLUMNS.contains(&column) && at > best.0 {
                best = (at, column);
            }
        }
        (best.0 >= ENOUGH && best.0 * 100 >= lines * MOST).then_some(Self(best.1))
    }

    /// Whether the line `above` was ended because it was full, and `piece` goes on with it.
    pub(super) fn goes_on(self, above: &Piece, piece: &Piece) -> bool {
        let (written, next) = (above.written, piece.written);
        // Only what has no blank stands over the edge.
        let fits = written.columns <= self.0 || !written.has_blank;
        let address = || piece.links[0].text.contains("://");
        let begins_anew = lists::is_link(above) || lists::opens_with_link(piece) && address();
        could_go_on(above, piece) && fits && written.columns + 1 + next.first_word > self.0 && !begins_anew
    }
}

/// Whether one stands right below the other, no break was set between them, and they do not look like
/// lines that tell of one thing each.
fn could_go_on(above: &Piece, piece: &Piece) -> bool {
    let is_below = piece.line == above.end_line + 1
        && above.written.columns > 0
        && piece.written.first_word > 0
        && above.text.ends_with(|c: char| c.is_ascii())
        && piece.text.starts_with(|c: char| c.is_ascii());
    // Each ends with its link, begins with what it is called (`Video: …`), or has a day.
    let ends = |p: &Piece| {
        let text = p.text.trim_end_matches(['.', ')', ']']);
        p.links.last().is_some_and(|l| !l.text.is_empty() && text.ends_with(l.text.trim_end_matches(['.', ')', ']'])))
    };
    let is_closed = || !piece.links.is_empty() && ends(above);
    let is_named = || piece.text.split(' ').next().is_some_and(|word| word.ends_with(':'));
    let are_dated = || shapes::day_in(&above.text).is_some() && shapes::day_in(&piece.text).is_some();
    is_below && !is_closed() && !is_named() && !are_dated()
}
