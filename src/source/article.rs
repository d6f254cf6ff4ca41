//! An article page: bytes into what the page says of itself, or why it is refused.
//!
//! | file | what it knows |
//! |---|---|
//! | `scan` | the text made light and bounded before it is parsed |
//! | `facts` | everything a page says, gathered in one walk |
//! | `jsonld`, `metadata` | title, author, site, picture, language, address |
//! | `date` | the date of publication among all dates, and how sure it is |
//! | `content`, `prune`, `lazy` | the article itself, what stands beside it, its pictures |
//! | `wechat`, `films` | pages that are read in a way of their own |
//! | `rules` | what is special about a site: `sites/*.yaml` |
//! | `walls`, `refuse` | why a page is no article |
//! | `schema` | the document that `inspect --json` prints |
//!
//! [`read`] is pure. It never panics on purpose, is bounded in depth and size, and
//! does not sanitise: HTML leaves as the page wrote it, with addresses made absolute;
//! [`crate::normalize::html::sanitise`] is for when it is published. It asks no
//! server: a page that is only scripts is refused as a [`Refusal::Shell`].

mod content;
mod date;
mod facts;
mod films;
mod jsonld;
mod lazy;
mod metadata;
mod prune;
mod refuse;
mod rules;
mod scan;
pub mod schema;
mod walls;
mod wechat;

use chrono::{DateTime, NaiveDate, Utc};
use dom_query::Document;
use url::Url;

use crate::normalize::{html, text};
use crate::source::charset;

use content::text_of;
use facts::Facts;
pub use refuse::Refusal;
pub use rules::{RuleError, Rules, Treatment};

/// A larger page is refused before it is parsed.
pub const MAX_BYTES: usize = 16 << 20;

/// What is known of a page.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The body of the answer.
    pub bytes: &'a [u8],
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// Where it was found in the end: relative addresses start there.
    pub address: &'a Url,
    /// The `X-Robots-Tag` header, several joined by commas.
    pub robots_header: Option<&'a str>,
    /// What is known of sites.
    pub rules: &'a Rules,
}

/// What a page says of itself. Nothing in it is sanitised.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// The title, without the name of the site.
    pub title: Option<String>,
    /// The whole article as plain text, blocks on lines of their own.
    pub text: String,
    /// The whole article as HTML, addresses absolute, not sanitised.
    pub html: String,
    /// When it was published.
    pub published: Option<Published>,
    /// Who wrote it; several names are joined by commas.
    pub author: Option<String>,
    /// The site, or the account on a site of many.
    pub site_name: Option<String>,
    /// The address of its picture.
    pub image: Option<String>,
    /// BCP 47 tag.
    pub language: Option<String>,
    /// What the page calls its own address.
    pub canonical: Option<Url>,
    /// What it is wherever it lies, such as `wechat:BIZ/MID/IDX`. The same article has
    /// the same identity under its short and its long address.
    pub identity: Option<String>,
    /// What its author asks of those who copy it.
    pub restrictions: Restrictions,
    /// Where each field was found, in the order of the fields: (`title`, `meta og:title`).
    pub origins: Vec<(&'static str, String)>,
    /// Every date the page says that may be its own, with where it says it.
    pub claims: Vec<(String, Published)>,
}

/// A claimed date.
#[derive(Debug, Clone, PartialEq)]
pub struct Published {
    /// As it was claimed, in RFC 3339 with the offset that was named or `2024-06-30`.
    pub as_claimed: String,
    /// The moment; none when only the day is known.
    pub at: Option<DateTime<Utc>>,
    /// The day where it was published.
    pub date: NaiveDate,
    /// How sure it is.
    pub confidence: Confidence,
}

/// How sure a date is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Confidence {
    /// Found somewhere in the text: to be shown, not to be published.
    Guess,
    /// Said by the page, and nothing contradicts it.
    Confident,
}

impl Confidence {
    /// The name in documents.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Guess => "guess",
            Confidence::Confident => "confident",
        }
    }
}

/// What an author asks of those who copy.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Restrictions {
    /// `noarchive`: keep and publish no full copy.
    pub no_archive: bool,
    /// `nosnippet`: publish no part of the text.
    pub no_snippet: bool,
}

/// Reads a page. The caller bounds the time and keeps a panic of a parser to this page.
///
/// # Errors
/// [`Refusal`] when it is no article: not HTML, an error page, a wall, a shell.
pub fn read(request: &Request<'_>) -> Result<Page, Refusal> {
    if let Some(page) = films::read(request.bytes, request.address) {
        return Ok(page);
    }
    if let Some(refusal) = walls::not_a_page(request.bytes, request.content_type) {
        return Err(refusal);
    }
    if request.bytes.len() > MAX_BYTES {
        return Err(Refusal::TooLarge);
    }
    let charset = request.content_type.and_then(charset::of_content_type);
    let decoded = charset::decode(request.bytes, charset, request.address.host_str());
    let text = html::formulas(&decoded.text);
    let light = scan::lighten(&text);
    let document = Document::from(light.html.as_str());
    let facts = facts::gather(&document);
    if wechat::is_one(request.address, &light.scripts) {
        return wechat::read(document, &facts, &light.scripts, request.address, request.robots_header);
    }
    let rule = request.rules.find(request.address);
    if rule.is_none_or(|(_, rule)| rule.content.is_empty() && !rule.film)
        && let Some(refusal) = walls::refusal(&facts, &light.scripts)
    {
        return Err(refusal);
    }
    generic(request, document, &facts, &light.scripts, rule)
}

/// Reads a page that no adapter knows, by its rule as far as that speaks.
fn generic(
    request: &Request<'_>,
    document: Document,
    facts: &Facts,
    scripts: &[scan::Script<'_>],
    rule: Option<(Option<&str>, &rules::PageRule)>,
) -> Result<Page, Refusal> {
    let base = facts.base.as_deref().and_then(|b| request.address.join(b).ok());
    let base = base.filter(|b| b.scheme().starts_with("http")).unwrap_or_else(|| request.address.clone());
    let said = jsonld::read(scripts, request.address);
    let by_rule = |fields: &[rules::Field]| films::field(&document, fields);
    let rule_site = rule.and_then(|(name, _)| name).map(|n| (n.to_owned(), "the site's rule".to_owned()));
    let rule = rule.map(|(_, rule)| rule);
    let site_name = rule_site.or_else(|| metadata::site_name(facts, &said));
    let site = site_name.as_ref().map(|(name, _)| name.as_str());
    let title = rule.and_then(|r| by_rule(&r.title)).or_else(|| metadata::title(facts, &said, site));
    let author = rule.and_then(|r| by_rule(&r.author)).or_else(|| metadata::author(facts, &said, site));
    let image = rule
        .and_then(|r| by_rule(&r.image))
        .and_then(|(i, o)| Some((crate::normalize::address::absolute(&i, Some(&base))?.to_string(), o)))
        .or_else(|| metadata::image(facts, &said, &base));
    let canonical = metadata::canonical(facts, &base);
    let rule_date = rule.and_then(|r| by_rule(&r.date));
    let heading = title.as_ref().map(|(t, _)| t.as_str());
    let chosen = rule.and_then(|r| content::by_rule(&document, r, &base));
    let chosen = match chosen {
        None if rule.is_some_and(|r| r.film) => {
            Some(films::content(request.address, heading, image.as_ref().map(|(i, _)| i.as_str()), &said))
        }
        other => other,
    };
    // Some pages say their text in JSON-LD alone.
    let body = said.body.as_deref().filter(|b| b.chars().count() >= 200);
    let content = match (chosen.or_else(|| content::extract(document, &base, heading)), body) {
        (Some(content), _) if content.text.chars().count() >= content::ENOUGH => content,
        (_, Some(body)) => content::of_text(body),
        (Some(content), None) if !content.text.is_empty() || content.html.contains("<img") => content,
        (_, None) => return Err(Refusal::Empty),
    };
    let language = metadata::language(facts, &said, &content.text);
    let tag = language.as_ref().map(|(tag, _)| tag.as_str());
    let (published, claims) = date::published(facts, &said, scripts, request.address, tag);
    let published = rule_date.and_then(|(value, origin)| Some((date::declared(&value, tag)?, origin))).or(published);
    let mut page = Page {
        text: content.text,
        html: content.html,
        restrictions: metadata::restrictions(facts, request.robots_header),
        ..Page::default()
    };
    page.claims = claims.iter().map(|c| (c.origin.clone(), date::of(c, c.confidence(), tag))).collect();
    if let Some((published, origin)) = published {
        page.published = Some(published);
        page.origins.push(("published", origin));
    }
    page.title = page.noted("title", title);
    page.author = page.noted("author", author);
    page.site_name = page.noted("site_name", site_name);
    page.image = page.noted("image", image);
    page.language = page.noted("language", language);
    page.canonical = canonical.map(|(url, origin)| {
        page.origins.push(("canonical", origin));
        url
    });
    Ok(page)
}

/// The address a saved page says it had: by the comment browsers write, else by what
/// it calls its own. None when it says nothing of the kind.
pub fn address_of(bytes: &[u8], content_type: Option<&str>) -> Option<Url> {
    // The head is at the beginning; scripts may be long.
    let head = &bytes[..bytes.len().min(MAX_BYTES)];
    let decoded = charset::decode(head, content_type.and_then(charset::of_content_type), None);
    let text = html::formulas(&decoded.text);
    let light = scan::lighten(&text);
    if let Some(address) = light.saved_from.and_then(|a| Url::parse(a).ok()) {
        return Some(address);
    }
    let end = memchr::memmem::find(light.html.as_bytes(), b"<body").unwrap_or(light.html.len().min(1 << 17));
    let head = scraper::Html::parse_document(text::head(&light.html, end));
    [("link[rel=canonical]", "href"), ("meta[property='og:url']", "content")].into_iter().find_map(
        |(selector, attribute)| {
            let selector = scraper::Selector::parse(selector).ok()?;
            let value = head.select(&selector).find_map(|e| e.value().attr(attribute))?;
            Url::parse(value.trim()).ok().filter(|u| u.scheme().starts_with("http"))
        },
    )
}

impl Page {
    /// Notes where a value was found.
    fn noted(&mut self, field: &'static str, found: metadata::Found) -> Option<String> {
        let (value, origin) = found?;
        self.origins.push((field, origin));
        Some(value)
    }
}
