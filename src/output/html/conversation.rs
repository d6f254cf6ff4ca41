//! A question as a conversation: quotations are what was asked, what stands between
//! them was answered.
//!
//! The HTML is cut before it is sanitised, and each piece is sanitised for itself: a
//! cut in the wrong place can spoil how a page looks, never what it lets through.

use url::Url;

use crate::normalize::html::{blocks, plain, sanitise};
use crate::normalize::text;

/// Someone's words.
#[derive(Debug, PartialEq, Eq)]
pub struct Turn {
    /// The one who asks says it.
    pub asks: bool,
    /// Sanitised.
    pub html: String,
}

/// What an answer begins with in a digest; the page says it by other means.
const MARKS: [&str; 14] =
    ["A：", "A:", "A1：", "A2：", "A3：", "答：", "答:", "回答：", "Answer:", "Q：", "Q:", "问：", "问:", "Question:"];

/// Turns of a question whose `title` is asked first when nothing is quoted before the answer.
pub fn turns(html: &str, title: &str, base: Option<&Url>) -> Vec<Turn> {
    let mut pieces: Vec<(bool, String)> = Vec::new();
    for block in blocks(html) {
        let asks = block.name == "blockquote";
        match pieces.last_mut() {
            Some((who, piece)) if *who == asks => piece.push_str(block.html),
            _ if plain(block.html).trim().is_empty() && !block.html.contains("<img") => {}
            _ => pieces.push((asks, block.html.to_owned())),
        }
    }
    let clean = |(asks, piece): (bool, String)| Turn { asks, html: unmarked(&sanitise(&unquoted(&piece, asks), base)) };
    let mut turns: Vec<Turn> = pieces.into_iter().map(clean).filter(|t| !t.html.trim().is_empty()).collect();
    if turns.first().is_some_and(|t| !t.asks) {
        let html = format!("<p>{}</p>", crate::normalize::html::escape(&text::line(title)));
        turns.insert(0, Turn { asks: true, html });
    }
    turns
}

/// The inside of the quotations: the page frames them itself.
fn unquoted(piece: &str, asks: bool) -> String {
    if !asks {
        return piece.to_owned();
    }
    let inside = |block: &str| -> String {
        let from = block.find('>').map_or(0, |at| at + 1);
        let to = block.rfind("</").unwrap_or(block.len());
        block.get(from..to).unwrap_or(block).to_owned()
    };
    blocks(piece).into_iter().map(|b| inside(b.html)).collect()
}

/// HTML without `A：` and its like at the start.
fn unmarked(html: &str) -> String {
    let trimmed = html.trim_start();
    let opens = ["<p><strong>", "<p>"].into_iter().find_map(|o| Some((o, trimmed.strip_prefix(o)?)));
    let (open, rest) = opens.unwrap_or(("", trimmed));
    let left = without_mark(rest);
    if left.len() == rest.len() {
        return html.to_owned();
    }
    match left.strip_prefix("</strong>") {
        // `<strong>A：</strong>` would leave an empty element.
        Some(left) if open == "<p><strong>" => format!("<p>{}", left.trim_start()),
        _ => format!("{open}{left}"),
    }
}

/// Text without `A：` and its like at the start.
pub fn without_mark(text: &str) -> &str {
    let trimmed = text.trim_start();
    MARKS.iter().find_map(|m| trimmed.strip_prefix(m)).map_or(text, str::trim_start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(html: &str, expected: &[(bool, &str)]) {
        let got = turns(html, "Why?", None);
        let got: Vec<(bool, &str)> = got.iter().map(|t| (t.asks, t.html.trim())).collect();
        assert_eq!(got, expected, "{html}");
    }

    #[test]
    fn quotations_ask_and_the_rest_answers() {
        check(
            "<blockquote>\n<p>为何重启？</p>\n</blockquote>\n<p>A：因为。</p>\n<ul><li>一</li></ul>\n<blockquote><p>谢谢</p></blockquote>",
            &[(true, "<p>为何重启？</p>"), (false, "<p>因为。</p>\n<ul><li>一</li></ul>"), (true, "<p>谢谢</p>")],
        );
        check("<p><strong>A：</strong> Because.</p>", &[(true, "<p>Why?</p>"), (false, "<p>Because.</p>")]);
        check("", &[]);
    }

    #[test]
    fn a_cut_never_lets_anything_through() {
        for hostile in [
            "<a title=\"<blockquote>\" onclick=x>y</a><blockquote><script>alert(1)</script>q</blockquote>",
            "<p title='></p><blockquote>'><img src=x onerror=alert(1)></p>",
            "<blockquote><blockquote></p></blockquote><svg onload=alert(1)>",
            "</blockquote></div><iframe srcdoc='<script>alert(1)</script>'></iframe>",
        ] {
            for turn in turns(hostile, "<script>t</script>", None) {
                let html = turn.html.to_lowercase();
                assert!(!html.contains("<script") && !html.contains("<svg") && !html.contains("<iframe"), "{html}");
                let tags = html.split('<').filter(|t| t.split('>').next().is_some_and(|t| t.contains(" on")));
                assert_eq!(tags.count(), 0, "{html}");
            }
        }
    }
}
