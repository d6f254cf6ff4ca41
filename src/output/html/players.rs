//! Films and sounds on pages: a paragraph that is nothing but a link to one becomes a player.
//!
//! Which addresses of a host have a player is for the rules of sites to say; files of films
//! and sounds are played by the browser. Nothing but a picture, as in any content, is asked
//! of others before somebody opens it: a frame is in a closed `details` and lazy, a file is
//! not loaded ahead.
//!
//! Refused here: links within sentences, which stay links, and HTML that was not sanitised.

use std::collections::BTreeSet;

use url::Url;

use crate::normalize::html::{Token, attribute, escape, plain, tokens};
use crate::normalize::text;

/// Says where the player of an address is; none where it has none.
pub type Players<'p> = dyn Fn(&Url) -> Option<Url> + 'p;

/// Most players of one page: a list of links is a list of links.
const MOST: usize = 12;

/// Endings of files that browsers play.
const FILMS: [&str; 4] = ["mp4", "m4v", "webm", "ogv"];
const SOUNDS: [&str; 8] = ["mp3", "m4a", "aac", "ogg", "oga", "opus", "flac", "wav"];

/// Makes players, and remembers what a page must be allowed to load for them.
pub struct Stage<'p> {
    players: &'p Players<'p>,
    /// What a player says it does.
    play: &'p str,
    shown: BTreeSet<Url>,
    frames: BTreeSet<String>,
    files: bool,
}

/// What plays an address.
enum Player {
    Frame(Url),
    /// The element.
    File(&'static str),
}

impl<'p> Stage<'p> {
    /// A stage without players yet; `play` stands on those that have to be opened.
    pub fn new(players: &'p Players<'p>, play: &'p str) -> Self {
        Self { players, play, shown: BTreeSet::new(), frames: BTreeSet::new(), files: false }
    }

    /// `html`, which was sanitised, with players in place of paragraphs that are a link.
    pub fn with_players(&mut self, html: String) -> String {
        if !html.contains("<a ") {
            return html;
        }
        let tokens: Vec<Token<'_>> = tokens(&html).collect();
        let mut out = String::with_capacity(html.len());
        let mut at = 0;
        while at < tokens.len() {
            let made = lone_link(&tokens[at..]).and_then(|link| Some((self.player(&link)?, link.length)));
            match made {
                Some((player, length)) => {
                    out.push_str(&player);
                    at += length;
                }
                None => {
                    out.push_str(tokens[at].raw());
                    at += 1;
                }
            }
        }
        out
    }

    /// What the page may load for its players, as directives of its policy; empty when it
    /// has none.
    pub fn policy(&self) -> String {
        let mut policy = String::new();
        if !self.frames.is_empty() {
            let origins: Vec<&str> = self.frames.iter().map(String::as_str).collect();
            policy.push_str(&format!("frame-src {}; ", origins.join(" ")));
        }
        if self.files {
            policy.push_str("media-src http: https:; ");
        }
        policy
    }

    fn player(&mut self, link: &LoneLink<'_>) -> Option<String> {
        let address = Url::parse(&link.address).ok().filter(|u| matches!(u.scheme(), "http" | "https"))?;
        if self.shown.len() >= MOST || self.shown.contains(&address) {
            return None;
        }
        let player = match file(&address) {
            Some(element) => Player::File(element),
            None => Player::Frame((self.players)(&address).filter(|u| matches!(u.scheme(), "http" | "https"))?),
        };
        let href = escape(&link.address);
        let shown = escape(&text::cut(link.address.trim_start_matches("https://").trim_start_matches("www."), 80));
        let said = text::line(&plain(&link.inside));
        let title = if said.is_empty() { link.picture.as_ref().and_then(|p| attribute(p, "alt")) } else { Some(said) };
        let title = escape(&title.filter(|t| !t.is_empty()).unwrap_or_else(|| self.play.to_owned()));
        let made = match player {
            Player::Frame(frame) => {
                self.frames.insert(frame.origin().ascii_serialization());
                // The host has to know which site asks: some play nothing otherwise.
                format!(
                    "<details class=\"player\"><summary>{} <span>{}</span></summary><iframe src=\"{}\" title=\"{title}\" loading=\"lazy\" referrerpolicy=\"strict-origin-when-cross-origin\" sandbox=\"allow-scripts allow-same-origin allow-popups allow-presentation\" allow=\"fullscreen; encrypted-media; picture-in-picture\"></iframe><p><a href=\"{href}\">{shown}</a></p></details>",
                    link.inside,
                    escape(self.play),
                    escape(frame.as_str()),
                )
            }
            Player::File(element) => {
                self.files = true;
                let poster = link.picture.as_ref().and_then(|p| attribute(p, "src")).filter(|_| element == "video");
                let poster = poster.map(|p| format!(" poster=\"{}\"", escape(&p))).unwrap_or_default();
                let caption = if link.picture.is_some() { &shown } else { &link.inside };
                format!(
                    "<figure class=\"player\"><{element} src=\"{href}\"{poster} title=\"{title}\" controls preload=\"none\"></{element}><figcaption><a href=\"{href}\">{caption}</a></figcaption></figure>"
                )
            }
        };
        self.shown.insert(address);
        Some(made)
    }
}

/// The element that plays a file.
fn file(address: &Url) -> Option<&'static str> {
    let (_, ending) = address.path().rsplit_once('.')?;
    let is = |endings: &[&str]| endings.iter().any(|e| e.eq_ignore_ascii_case(ending));
    if is(&FILMS) { Some("video") } else { is(&SOUNDS).then_some("audio") }
}

/// A paragraph that is a link and nothing else.
struct LoneLink<'h> {
    address: String,
    /// What is linked.
    inside: String,
    /// The tag of the picture that is linked.
    picture: Option<&'h str>,
    /// Tokens of the paragraph.
    length: usize,
}

/// The paragraph at the start of `tokens`, when it is nothing but a link.
fn lone_link<'h>(tokens: &[Token<'h>]) -> Option<LoneLink<'h>> {
    let is_blank = |token: &Token<'_>| matches!(token, Token::Text { raw } if raw.trim().is_empty());
    let Some(Token::Open { name, .. }) = tokens.first() else { return None };
    if name != "p" {
        return None;
    }
    let mut at = 1;
    while tokens.get(at).is_some_and(is_blank) {
        at += 1;
    }
    let address = match tokens.get(at)? {
        Token::Open { name, raw } if name == "a" => attribute(raw, "href")?,
        _ => return None,
    };
    let first = at + 1;
    let mut picture = None;
    loop {
        at += 1;
        match tokens.get(at)? {
            Token::Close { name, .. } if name == "a" => break,
            Token::Open { name, raw } if name == "img" => picture = Some(*raw),
            Token::Open { name, .. } | Token::Close { name, .. } => {
                if !matches!(name.as_ref(), "em" | "strong" | "b" | "i" | "code" | "span" | "br" | "time" | "small") {
                    return None;
                }
            }
            Token::Text { .. } => {}
            Token::Other { .. } => return None,
        }
    }
    let inside = tokens[first..at].iter().map(Token::raw).collect();
    at += 1;
    while tokens.get(at).is_some_and(is_blank) {
        at += 1;
    }
    match tokens.get(at)? {
        Token::Close { name, .. } if name == "p" => Some(LoneLink { address, inside, picture, length: at + 1 }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn staged(html: &str) -> (String, String) {
        let players = |url: &Url| {
            let id = url.path().strip_prefix("/film/")?;
            Url::parse(&format!("https://player.example/{id}?from=\"x\"")).ok()
        };
        let mut stage = Stage::new(&players, "Play");
        let html = stage.with_players(html.to_owned());
        (html, stage.policy())
    }

    #[test]
    fn a_paragraph_that_is_a_link_to_a_film_is_its_player() {
        let (html, policy) =
            staged("<p>See:</p>\n<p> <a href=\"https://film.example/film/1\">A <em>film</em></a>\n</p>");
        let frame = "<iframe src=\"https://player.example/1?from=%22x%22\" title=\"A film\" loading=\"lazy\"";
        assert!(
            html.starts_with(
                "<p>See:</p>\n<details class=\"player\"><summary>A <em>film</em> <span>Play</span></summary><iframe"
            ),
            "{html}"
        );
        assert!(html.contains(frame), "{html}");
        assert!(
            html.ends_with("<p><a href=\"https://film.example/film/1\">film.example/film/1</a></p></details>"),
            "{html}"
        );
        assert_eq!(policy, "frame-src https://player.example; ");
    }

    #[test]
    fn files_play_where_they_are() {
        let (html, policy) = staged(
            "<p><a href=\"https://x.example/a.MP4?x=1&amp;y=2\"><img src=\"https://x.example/p.png\" alt=\"Talk\"></a></p><p><a href=\"https://x.example/a.mp3\">Listen</a></p>",
        );
        let film = "<video src=\"https://x.example/a.MP4?x=1&amp;y=2\" poster=\"https://x.example/p.png\" title=\"Talk\" controls preload=\"none\"></video>";
        assert!(html.contains(film), "{html}");
        let sound = "<audio src=\"https://x.example/a.mp3\" title=\"Listen\" controls preload=\"none\"></audio><figcaption><a href=\"https://x.example/a.mp3\">Listen</a></figcaption>";
        assert!(html.contains(sound), "{html}");
        assert_eq!(policy, "media-src http: https:; ");
    }

    #[test]
    fn what_is_more_than_a_link_stays() {
        for html in [
            "<p>See <a href=\"https://film.example/film/1\">a film</a></p>",
            "<p><a href=\"https://film.example/film/1\">a</a> <a href=\"https://film.example/film/2\">b</a></p>",
            "<li><a href=\"https://film.example/film/1\">a film</a></li>",
            "<p><a href=\"https://film.example/about\">About</a></p>",
            "<p><a href=\"mailto:x@film.example\">x.mp4</a></p>",
            "<p><a href=\"/film/1\">relative</a></p>",
            "<p><a href=\"https://film.example/film/1\">never closed",
            "<p></p>",
        ] {
            assert_eq!(staged(html), (html.to_owned(), String::new()));
        }
    }

    #[test]
    fn a_film_plays_once_and_a_list_of_them_is_a_list() {
        let one = "<p><a href=\"https://film.example/film/1\">a film</a></p>";
        assert_eq!(staged(&one.repeat(2)).0.matches("<iframe").count(), 1);
        let many: String =
            (0..40).map(|n| format!("<p><a href=\"https://film.example/film/{n}\">{n}</a></p>")).collect();
        assert_eq!(staged(&many).0.matches("<iframe").count(), MOST);
    }
}
