//! The pieces as they are meant: lines that an editor wrapped joined again, addresses written
//! short written out, headings that are none as lines, and without the signature.
//!
//! Lines of Chinese are left as they are: there a line often is what a paragraph is elsewhere.

use std::borrow::Cow;

use super::fill::Fill;
use super::{lists, places, shapes};
use crate::normalize::text;
use crate::source::markdown::{Piece, Shape};
use crate::source::pattern::Pattern;

/// Words that no sentence ends with.
const WANT_MORE: [&str; 15] =
    ["a", "an", "and", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "via", "with"];

/// Lines that are wrapped are longer.
const WRAPPED: usize = 34;

/// The pieces as they are meant.
pub(super) fn readable(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let pieces = &pieces[..signature(pieces).unwrap_or(pieces.len())];
    let pieces = then(with_whole_addresses(pieces), unwrapped);
    then(pieces, without_fields)
}

fn then(pieces: Cow<'_, [Piece]>, step: fn(&[Piece]) -> Cow<'_, [Piece]>) -> Cow<'_, [Piece]> {
    match pieces {
        Cow::Borrowed(pieces) => step(pieces),
        Cow::Owned(pieces) => Cow::Owned(step(&pieces).into_owned()),
    }
}

/// Where a post is signed: `Sincerely,`, and names below it to the end.
fn signature(pieces: &[Piece]) -> Option<usize> {
    /// Names, their addresses and a picture.
    const MOST_BELOW: usize = 4;
    static SIGNED: Pattern = Pattern::new(
        r"(?i)^\W*(?:(?:yours )?sincerely|yours(?: truly)?|(?:best|kind|warm)(?:est)? (?:regards|wishes)|regards|cheers|happy hacking|此致|祝好|敬上)\W*$",
    );
    let last = pieces.len().saturating_sub(MOST_BELOW + 1);
    let at = (last..pieces.len()).rev().find(|n| pieces[*n].is_text() && SIGNED.is_match(&pieces[*n].text))?;
    let leads = |l: &crate::source::markdown::LinkRef| {
        l.text.contains("://") || places::is_person(l) || places::is_first_page(&l.url) || places::is_chat(&l.url)
    };
    let names = |p: &Piece| {
        p.list == 0
            && !p.bold
            && !matches!(p.shape, Shape::Heading(_) | Shape::Table | Shape::Code)
            && text::columns(&p.text) <= 60
            && p.links.iter().all(|l| l.picture || leads(l))
    };
    pieces[at..].iter().all(names).then_some(at)
}

/// The pieces with a line that is a link and shows its address without `https://`, below a title,
/// as one that shows all of it.
fn with_whole_addresses(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let is_one = |n: usize| {
        let p = &pieces[n];
        let [link] = p.links.as_slice() else { return false };
        let is_title = |above: &Piece| {
            let heads = above.is_heading() || above.is_text() && above.block == p.block;
            heads && above.links.is_empty() && !above.text.is_empty()
        };
        if !p.is_text() || n == 0 || !is_title(&pieces[n - 1]) {
            return false;
        }
        let address = link.url.strip_prefix("https://").or_else(|| link.url.strip_prefix("http://"));
        !link.picture
            && link.text.trim_end_matches('/').contains('/')
            && text::same(&link.text, &p.text)
            && address.is_some_and(|a| a.trim_end_matches('/') == link.text.trim_end_matches('/'))
    };
    if !(0..pieces.len()).any(is_one) {
        return Cow::Borrowed(pieces);
    }
    let whole = |n: usize| {
        let mut whole = pieces[n].clone();
        if is_one(n) {
            whole.text.clone_from(&pieces[n].links[0].url);
            whole.links[0].text.clone_from(&pieces[n].links[0].url);
        }
        whole
    };
    Cow::Owned((0..pieces.len()).map(whole).collect())
}

/// The pieces with a line that goes on with the sentence of the line above as a part of that one.
fn unwrapped(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let mut wrapped = vec![false; pieces.len()];
    let pairs = |lines: std::ops::Range<usize>| lines.clone().skip(1).map(|n| (&pieces[n - 1], &pieces[n]));
    let is_prose = |lines: &std::ops::Range<usize>| !lines.clone().all(|n| lists::opens_with_link(&pieces[n]));
    let fill = Fill::of(paragraphs(pieces).filter(is_prose).flat_map(pairs));
    for lines in paragraphs(pieces) {
        let filled = fill.filter(|_| is_prose(&lines));
        let opening = lines.clone().filter(|n| lists::opens_with_link(&pieces[*n])).take(2).count();
        let is_list = opening > 1 || lists::opens_with_link(&pieces[lines.start]);
        for n in lines.start + 1..lines.end {
            let (above, piece) = (&pieces[n - 1], &pieces[n]);
            // Below an introduction there may be a list of links, too.
            let among = || {
                let last = above.text.rsplit(' ').next().unwrap_or("").to_lowercase();
                opening > 1 && lists::opens_with_link(piece) && !is_incomplete(&above.text, &last)
            };
            let goes_on = filled.is_some_and(|fill| fill.goes_on(above, piece));
            wrapped[n] = goes_on && !begins_anew(piece) && !among() || is_wrapped(pieces, n, is_list, lines.end);
            // What stands behind a link that is alone on its line goes with it.
            let alone = |n: usize| lists::is_link(&pieces[n]);
            wrapped[n] |= wrapped[n - 1] && alone(n - 1) && is_small(&pieces[n].text);
        }
    }
    if !wrapped.contains(&true) {
        return Cow::Borrowed(pieces);
    }
    let mut joined: Vec<Piece> = Vec::with_capacity(pieces.len());
    for (piece, wrapped) in pieces.iter().zip(wrapped) {
        match joined.last_mut().filter(|_| wrapped) {
            Some(above) => {
                let spaced =
                    above.text.ends_with(|c: char| c.is_ascii()) && piece.text.starts_with(|c: char| c.is_ascii());
                above.text.push_str(if spaced { " " } else { "" });
                above.text.push_str(&piece.text);
                above.links.extend(piece.links.iter().cloned());
                above.images += piece.images;
                above.bold &= piece.bold;
                above.end_line = piece.end_line;
            }
            None => joined.push(piece.clone()),
        }
    }
    Cow::Owned(joined)
}

/// Paragraphs of several lines.
fn paragraphs(pieces: &[Piece]) -> impl Iterator<Item = std::ops::Range<usize>> + '_ {
    let mut from = 0;
    std::iter::from_fn(move || {
        while from < pieces.len() {
            let begin = from;
            let first = &pieces[begin];
            let is_line =
                |p: &&Piece| p.shape == Shape::Line && !p.quote && p.block == first.block && p.item == first.item;
            from = begin + pieces[begin..].iter().take_while(is_line).count().max(1);
            if from > begin + 1 {
                return Some(begin..from);
            }
        }
        None
    })
}

/// Whether the line `n` of a paragraph that ends before `end` goes on with a sentence of the line
/// above. Where several lines begin with links, they are a list.
fn is_wrapped(pieces: &[Piece], n: usize, is_list: bool, end: usize) -> bool {
    /// Nothing begins with these.
    const GO_ON: [&str; 25] = [
        "and", "are", "as", "at", "but", "can", "for", "had", "has", "have", "in", "into", "is", "of", "on", "or",
        "that", "to", "was", "were", "which", "who", "will", "with", "without",
    ];
    const ARTICLES: [&str; 3] = ["a", "an", "the"];
    let (above, piece) = (&pieces[n - 1], &pieces[n]);
    let told_of = above.bold || shapes::without_ordinal(&above.text).1 || shapes::question(&above.text).is_some();
    let open = above.text.ends_with(|c: char| c.is_alphanumeric() || ",，、(（)）`\"'".contains(c));
    if told_of || !open || piece.bold || shapes::field(&above.text).is_some() {
        return false;
    }
    // Lines of events have a day each.
    if shapes::day_in(&above.text).is_some() && shapes::day_in(&piece.text).is_some() {
        return false;
    }
    let last = above.text.rsplit(' ').next().unwrap_or("").to_lowercase();
    let is_long = text::columns(&above.text) >= WRAPPED;
    if lists::opens_with_link(piece) {
        // `30 patches and` newline `[tickets](…)`: what is not complete goes on, however short it is.
        let is_address = piece.links[0].text.contains("://");
        let goes_on = || goes_on_behind(piece) || lists::is_link(piece);
        if !is_list && !is_address && is_incomplete(&above.text, &last) && goes_on() {
            return true;
        }
        let wants_more = is_long && WANT_MORE.contains(&last.as_str());
        return !is_list && goes_on_with_link(pieces, n, end)
            || wants_more && !lists::is_link(piece) && !lists::is_link(above);
    }
    if !above.text.ends_with(|c: char| c.is_ascii()) || above.text.ends_with(['(', ')']) && !is_small(&piece.text) {
        return false;
    }
    let first = piece.text.split([' ', ',', '.']).next().unwrap_or("");
    // `runtime: faster maps`, `when: June 4`: lines that say of what they tell.
    let is_named = piece.text.split(' ').next().is_some_and(|word| word.ends_with(':'));
    // Each line ends with its link.
    let is_closed = above.links.last().is_some_and(|l| ends_with_link(above, &l.text)) && !piece.links.is_empty();
    if matches!(first, "by" | "from" | "via") || piece.text.starts_with("http") || is_named || is_closed {
        return false;
    }
    let goes_on = GO_ON.contains(&first);
    if lists::is_link(above) {
        return goes_on && !piece.text.ends_with('?');
    }
    is_long && WANT_MORE.contains(&last.as_str())
        || is_small(&piece.text) && (is_long || goes_on || ARTICLES.contains(&first))
}

/// Whether a line says by itself that it is the first of something.
fn begins_anew(piece: &Piece) -> bool {
    let line = piece.text.as_str();
    piece.bold
        || shapes::without_ordinal(line).1
        || shapes::question(line).is_some()
        || shapes::field(line).is_some()
        || shapes::answer(line).is_some()
}

/// Whether a line is no sentence yet: it ends with a comma, or with a word that wants another.
fn is_incomplete(line: &str, last: &str) -> bool {
    line.ends_with(',') && line.contains(' ') || WANT_MORE.contains(&last) && line.contains(' ')
}

/// Whether words or a mark follow the link that a line begins with, as in the middle of a sentence.
fn goes_on_behind(piece: &Piece) -> bool {
    let behind = piece.links.first().and_then(|l| piece.text.strip_prefix(l.text.as_str())).unwrap_or("");
    behind.starts_with([',', '.', ';', ')']) || is_small(behind)
}

/// Whether a line ends with a link, perhaps in brackets.
fn ends_with_link(piece: &Piece, link: &str) -> bool {
    !link.is_empty()
        && piece.text.trim_end_matches([')', '）', ']', '.']).ends_with(link.trim_end_matches([')', ']', '.']))
}

/// Whether the link that the line `n` begins with goes on with the sentence of the line above.
fn goes_on_with_link(pieces: &[Piece], n: usize, end: usize) -> bool {
    /// Titles are longer.
    const FEW_WORDS: usize = 48;
    const WRAPPED_HAN: usize = 14;
    let (above, piece) = (&pieces[n - 1], &pieces[n]);
    let Some(link) = piece.links.first() else { return false };
    let Some(rest) = piece.text.strip_prefix(link.text.as_str()) else { return false };
    let last = above.text.rsplit(' ').next().unwrap_or("").to_lowercase();
    let in_han = rest.starts_with(|c: char| !c.is_ascii() && c.is_alphabetic());
    let is_long = text::columns(&above.text) >= if in_han { WRAPPED_HAN } else { WRAPPED };
    if !is_long || above.text.ends_with([')', '）', '`', '"', '\'']) {
        return false;
    }
    if link.text.contains("://") {
        return matches!(last.as_str(), "see" | "visit");
    }
    if lists::says_nothing(&link.text) || shapes::is_navigation(&link.text) || text::columns(&link.text) > FEW_WORDS {
        return false;
    }
    let next = pieces[n + 1..end].first().filter(|p| p.links.is_empty() && !p.text.starts_with("by "));
    let alone = || rest.is_empty() && next.is_some_and(|p| is_small(&p.text));
    let by_whom = rest.starts_with(" by ") || rest.starts_with(" from ");
    let goes_on = WANT_MORE.contains(&last.as_str()) || in_han || rest.starts_with(' ') && is_small(rest) || alone();
    goes_on && !by_whom
}

/// Whether words begin small, as what goes on with a sentence does.
fn is_small(words: &str) -> bool {
    words.trim_start().starts_with(|c: char| c.is_ascii_lowercase())
}

/// The pieces with headings that are none as lines: `#### Authors: [@ann](…)`, whose text is that of
/// the heading before, and fields of one event, each a heading (`## 会议时间` and a paragraph).
fn without_fields(pieces: &[Piece]) -> Cow<'_, [Piece]> {
    let fields = has_headings_of_fields(pieces);
    let is_one = |n: usize| {
        let piece = &pieces[n];
        piece.is_heading() && (shapes::is_byline(piece) || fields && field_below(pieces, n).is_some())
    };
    if !(0..pieces.len()).any(is_one) {
        return Cow::Borrowed(pieces);
    }
    let as_line = |n: usize| {
        let piece = &pieces[n];
        match field_below(pieces, n).filter(|_| fields && is_one(n)) {
            Some(text) => Piece { shape: Shape::Line, text, ..piece.clone() },
            None if is_one(n) => Piece { shape: Shape::Line, ..piece.clone() },
            None => piece.clone(),
        }
    };
    Cow::Owned((0..pieces.len()).map(as_line).collect())
}

/// The field that a heading is the name of, and its value, which stands below.
fn field_below(pieces: &[Piece], n: usize) -> Option<String> {
    let name = pieces[n].text.trim_end_matches([':', '：', ' ']);
    let value = pieces.get(n + 1).filter(|p| p.shape == Shape::Line && p.list == 0 && !p.text.is_empty())?;
    let field = format!("{name}：{}", value.text);
    (text::columns(name) <= 20 && shapes::field(&field).is_some()).then_some(field)
}

/// Whether a post tells of one event, with a heading for each of its fields: when, and one more.
fn has_headings_of_fields(pieces: &[Piece]) -> bool {
    let found: Vec<shapes::Field> = (0..pieces.len())
        .filter(|n| pieces[*n].is_heading() && !pieces[*n].quote)
        .filter_map(|n| field_below(pieces, n))
        .filter_map(|field| shapes::field(&field).map(|(f, _)| f))
        .collect();
    found.iter().filter(|f| **f == shapes::Field::Time).count() == 1 && found.len() > 1
}
