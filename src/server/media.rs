//! What a file is, by its name, and what is said of it. Pure.

use hyper::header::HeaderValue;

/// What an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Media {
    /// `Content-Type`.
    pub content_type: &'static str,
    /// Packing makes it smaller.
    pub packs: bool,
    /// How long others may keep it without asking.
    pub keep: Keep,
    /// What a browser may do with it.
    pub policy: Policy,
}

/// How long an answer may be kept without asking again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Feeds and pages: five minutes. A refresh more often than that serves nobody.
    Minutes,
    /// Archives and copied pictures, which get another name when they change.
    Day,
    /// Not at all.
    Never,
}

impl Keep {
    /// `Cache-Control`.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Keep::Minutes => "public, max-age=300",
            Keep::Day => "public, max-age=86400",
            Keep::Never => "no-store",
        })
    }
}

/// How a feed is called where a person opens it: browsers apply its style sheet to XML only,
/// and show what they know to be a feed as source text.
pub const SHOWN: &str = "application/xml; charset=utf-8";

impl Media {
    /// Whether it is a feed with a style sheet.
    pub fn is_styled(self) -> bool {
        [ATOM, RSS].iter().any(|m| m.content_type == self.content_type)
    }
}

/// What a browser may do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// A page: scripts and styles of this site only.
    Page,
    /// Data: nothing is run, and nothing loaded but the style sheet of a feed. Pages of others
    /// may read it.
    Data,
}

impl Policy {
    /// `Content-Security-Policy`.
    pub fn header(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Policy::Page => {
                "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src http: https: data:; media-src https:; frame-src https:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            }
            Policy::Data => "default-src 'none'; style-src 'self'; frame-ancestors 'none'; sandbox",
        })
    }
}

/// Atom.
pub const ATOM: Media = data("application/atom+xml; charset=utf-8");
/// RSS.
pub const RSS: Media = data("application/rss+xml; charset=utf-8");
/// JSON Feed.
pub const JSON_FEED: Media = data("application/feed+json; charset=utf-8");
/// JSON.
pub const JSON: Media = data("application/json; charset=utf-8");
/// A page.
pub const HTML: Media = Media { policy: Policy::Page, ..data("text/html; charset=utf-8") };
/// Text.
pub const TEXT: Media = data("text/plain; charset=utf-8");

const fn data(content_type: &'static str) -> Media {
    Media { content_type, packs: true, keep: Keep::Minutes, policy: Policy::Data }
}

/// What a published file is.
pub fn of_path(path: &str) -> Media {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, e)| e);
    let in_archive = path.rsplit('/').nth(1) == Some("archive");
    let archive = |media: Media| Media { keep: Keep::Day, ..media };
    let packed = |content_type| Media { packs: false, ..data(content_type) };
    // Named by what is in them.
    let picture = |content_type| match path.starts_with("assets/images/") {
        true => Media { keep: Keep::Day, ..packed(content_type) },
        false => packed(content_type),
    };
    match (name, ending) {
        ("rss.xml", _) => RSS,
        ("atom.xml" | "health.xml", _) => ATOM,
        ("feed.json", _) => JSON_FEED,
        (_, "xml") if in_archive => archive(ATOM),
        (_, "json") if in_archive => archive(JSON_FEED),
        ("opml.xml", _) => data("text/x-opml; charset=utf-8"),
        (_, "xml") => data("application/xml; charset=utf-8"),
        (_, "json") => JSON,
        (_, "html" | "htm") => HTML,
        (_, "css") => data("text/css; charset=utf-8"),
        (_, "js" | "mjs") => data("text/javascript; charset=utf-8"),
        (_, "txt" | "md") => TEXT,
        (_, "ics") => data("text/calendar; charset=utf-8"),
        (_, "svg") => data("image/svg+xml"),
        (_, "ico") => data("image/x-icon"),
        (_, "png") => picture("image/png"),
        (_, "jpg" | "jpeg") => picture("image/jpeg"),
        (_, "gif") => picture("image/gif"),
        (_, "webp") => picture("image/webp"),
        (_, "avif") => picture("image/avif"),
        (_, "woff2") => packed("font/woff2"),
        _ => packed("application/octet-stream"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_their_names_say() {
        for (path, content_type, keep) in [
            ("mosn/atom.xml", "application/atom+xml; charset=utf-8", Keep::Minutes),
            ("mosn/release/rss.xml", "application/rss+xml; charset=utf-8", Keep::Minutes),
            ("mosn/feed.json", "application/feed+json; charset=utf-8", Keep::Minutes),
            ("mosn/archive/2022-09.2.xml", "application/atom+xml; charset=utf-8", Keep::Day),
            ("mosn/archive/2022-09.json", "application/feed+json; charset=utf-8", Keep::Day),
            ("opml.xml", "text/x-opml; charset=utf-8", Keep::Minutes),
            ("index.html", "text/html; charset=utf-8", Keep::Minutes),
            ("search/mosn.json", "application/json; charset=utf-8", Keep::Minutes),
            ("assets/images/0123456789abcdef0123456789abcdef.jpg", "image/jpeg", Keep::Day),
            ("assets/images/0123456789abcdef0123456789abcdef.avif", "image/avif", Keep::Day),
            ("logo.png", "image/png", Keep::Minutes),
            ("CNAME", "application/octet-stream", Keep::Minutes),
        ] {
            let media = of_path(path);
            assert_eq!((media.content_type, media.keep), (content_type, keep), "{path}");
        }
        assert_eq!(of_path("index.html").policy, Policy::Page);
        assert_eq!(of_path("a.svg").policy, Policy::Data);
    }
}
