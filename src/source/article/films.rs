//! Films: a page, or an answer of oEmbed, that shows one. Its content is its picture,
//! linked, and how long it is.

use dom_query::Document;
use serde_json::Value;
use url::Url;

use super::content::Content;
use super::jsonld::Said;
use super::rules::Field;
use super::{Page, metadata};
use crate::normalize::html::escape;
use crate::normalize::{address, text};

/// An answer larger than this is none of oEmbed.
const MAX_BYTES: usize = 1 << 18;

/// Reads an answer of oEmbed; none when the bytes are none.
pub(super) fn read(bytes: &[u8], asked: &Url) -> Option<Page> {
    if bytes.len() > MAX_BYTES || !bytes.trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let answer: Value = serde_json::from_slice(bytes).ok()?;
    let get = |key: &str| answer.get(key).and_then(Value::as_str).map(text::line).filter(|v| !v.is_empty());
    if !matches!(get("type").as_deref(), Some("video" | "photo" | "rich" | "link")) || answer.get("version").is_none() {
        return None;
    }
    let title = get("title")?;
    // The address of the film is in the question.
    let film = asked
        .query_pairs()
        .find(|(name, _)| name == "url")
        .and_then(|(_, url)| Url::parse(&url).ok())
        .filter(|u| u.scheme().starts_with("http"))
        .unwrap_or_else(|| asked.clone());
    let image = get("thumbnail_url").and_then(|i| Some(address::absolute(&i, Some(asked))?.to_string()));
    let said =
        Said { duration: answer.get("duration").and_then(Value::as_u64).map(|s| format!("PT{s}S")), ..Said::default() };
    let content = content(&film, Some(&title), image.as_deref(), &said);
    let mut page = Page { html: content.html, text: content.text, canonical: Some(film), ..Page::default() };
    let from = |value: Option<String>, key: &str| value.map(|v| (v, format!("oembed {key}")));
    page.title = page.noted("title", from(Some(title), "title"));
    page.author = page.noted("author", from(get("author_name"), "author_name"));
    page.site_name = page.noted("site_name", from(get("provider_name"), "provider_name"));
    page.image = page.noted("image", from(image, "thumbnail_url"));
    Some(page)
}

/// A film as content: its picture leads to it.
pub(super) fn content(film: &Url, title: Option<&str>, image: Option<&str>, said: &Said) -> Content {
    let title = title.unwrap_or("film");
    let mut html = String::new();
    if let Some(image) = image {
        let (film, image, alt) = (escape(film.as_str()), escape(image), escape(title));
        html.push_str(&format!("<p><a href=\"{film}\"><img src=\"{image}\" alt=\"{alt}\"></a></p>"));
    }
    let length = said.duration.as_deref().and_then(length).map(|l| format!(" ({l})")).unwrap_or_default();
    let line = format!("{title}{length}");
    html.push_str(&format!("<p><a href=\"{}\">{}</a></p>", escape(film.as_str()), escape(&line)));
    let mut said_of_it = line;
    if let Some(description) = &said.description {
        let lines = description.lines().map(str::trim).filter(|l| !l.is_empty());
        for line in lines.take(200) {
            html.push_str(&format!("<p>{}</p>", escape(line)));
            said_of_it.push('\n');
            said_of_it.push_str(line);
        }
    }
    Content { html, text: said_of_it }
}

/// `PT1H2M3S` as `1:02:03`.
fn length(duration: &str) -> Option<String> {
    let rest = duration.strip_prefix('P')?;
    let rest = rest.split_once('T').map_or(rest, |(_, time)| time);
    let (mut seconds, mut number) = (0u64, 0u64);
    for c in rest.chars() {
        match c {
            '0'..='9' => number = number.saturating_mul(10).saturating_add(u64::from(c.to_digit(10)?)).min(10_000_000),
            'H' => seconds += std::mem::take(&mut number) * 3600,
            'M' => seconds += std::mem::take(&mut number) * 60,
            'S' => seconds += std::mem::take(&mut number),
            _ => return None,
        }
    }
    let (h, m, s) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    Some(if h > 0 { format!("{h}:{m:02}:{s:02}") } else { format!("{m}:{s:02}") }).filter(|_| seconds > 0)
}

/// The first of several selectors that says something.
pub(super) fn field(document: &Document, fields: &[Field]) -> metadata::Found {
    fields.iter().find_map(|field| {
        let found = document.select_single_matcher(&field.matcher);
        let node = found.nodes().first()?;
        let value = match &field.attribute {
            Some(name) => node.attr(name)?.to_string(),
            None => node.text().to_string(),
        };
        let value = text::line(&value);
        (!value.is_empty()).then(|| (value, "the site's rule".to_owned()))
    })
}
