//! Footnotes as they are read anywhere: numbers without links. Each generator names the places
//! of its notes in its own way, and feed readers have none: every link would lead nowhere.

use crate::normalize::html::{self, Token};

/// `html` without the links from footnotes and back.
pub(super) fn unlinked(html: String) -> String {
    if !html.contains("footnote-ref") && !html.contains("footnote-backref") {
        return html;
    }
    let mut out = String::with_capacity(html.len());
    // What the open link is: one to a note, whose number stays, or one back, which goes.
    let mut open: Option<bool> = None;
    for token in html::tokens(&html) {
        match (&token, open) {
            (Token::Open { name, raw }, None) if name == "a" && leads(raw, "#fn-", "data-footnote-ref") => {
                open = Some(true)
            }
            (Token::Open { name, raw }, None) if name == "a" && leads(raw, "#fnref-", "footnote-backref") => {
                open = Some(false);
                out.truncate(out.trim_end_matches(' ').len());
            }
            (Token::Close { name, .. }, Some(_)) if name == "a" => open = None,
            (_, Some(false)) => {}
            (token, _) => out.push_str(token.raw()),
        }
    }
    out
}

/// Whether a link leads to a place that begins so, and says which kind of link it is.
fn leads(raw: &str, to: &str, kind: &str) -> bool {
    html::attribute(raw, "href").is_some_and(|href| href.starts_with(to)) && raw.contains(kind)
}
