//! A feed as Atom (RFC 4287), written with `atom_syndication`.
//!
//! The crate writes what it is given: text is scrubbed of what XML forbids,
//! content is always `type="html"`, every prefix is declared here. `atom:source`
//! goes in as an extension so that it comes last: a reader was seen taking a
//! source at the front for the entry itself.

use std::collections::BTreeMap;

use atom_syndication as atom;
use atom_syndication::extension::{Extension, ExtensionMap};
use chrono::{DateTime, SecondsFormat, Utc};

use super::{plain, said_of, split_at, styled};
use crate::entry::{Entry, Person, Source};
use crate::merge::{Document, Feed};
use crate::normalize::html::escape;

const DCTERMS: &str = "http://purl.org/dc/terms/";

/// Feed history, RFC 5005.
const HISTORY: &str = "http://purl.org/syndication/history/1.0";

/// What stands around the entries of a document: its beginning and its end.
pub fn frame(feed: &Feed) -> (String, String) {
    let archive = |name: &str| format!("{}archive/{name}.xml", feed.base);
    let live = format!("{}atom.xml", feed.base);
    let mut extensions = ExtensionMap::default();
    let mut links = Vec::new();
    match &feed.document {
        Document::Live { .. } => links.push(link(&live, "self", Some(MEDIA_TYPE))),
        Document::Asked(place) => {
            links.push(link(&place.address("atom"), "self", Some(MEDIA_TYPE)));
            links.extend(place.older("atom").map(|l| link(&l, "prev-archive", Some(MEDIA_TYPE))));
            if let Some(current) = place.current("atom") {
                links.push(link(&current, "current", Some(MEDIA_TYPE)));
                links.extend(place.newer("atom").map(|l| link(&l, "next-archive", Some(MEDIA_TYPE))));
                let mark = Extension { name: "fh:archive".to_owned(), ..Extension::default() };
                extensions.entry("fh".to_owned()).or_default().insert("archive".to_owned(), vec![mark]);
            }
        }
        Document::Archive { name, newer, .. } => {
            links.push(link(&archive(name), "self", Some(MEDIA_TYPE)));
            links.push(link(&live, "current", Some(MEDIA_TYPE)));
            links.extend(newer.as_deref().map(|n| link(&archive(n), "next-archive", Some(MEDIA_TYPE))));
            let mark = Extension { name: "fh:archive".to_owned(), ..Extension::default() };
            extensions.entry("fh".to_owned()).or_default().insert("archive".to_owned(), vec![mark]);
        }
    }
    links.extend(feed.hub.as_ref().map(|hub| link(hub.as_str(), "hub", None)));
    links.extend(feed.page.as_ref().map(|page| link(page.as_str(), "alternate", Some("text/html"))));
    links.extend(feed.document.older().map(|n| link(&archive(n), "prev-archive", Some(MEDIA_TYPE))));
    let out = atom::Feed {
        title: atom::Text::plain(plain(&feed.title)),
        id: feed.id.clone(),
        updated: feed.updated.fixed_offset(),
        authors: vec![author_of(feed.author.as_ref(), &feed.title)],
        generator: Some(atom::Generator {
            value: "Feedloom".to_owned(),
            uri: None,
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
        subtitle: said_of(feed).map(|said| atom::Text::plain(plain(&said))),
        links,
        namespaces: BTreeMap::from([("dcterms".to_owned(), DCTERMS.to_owned()), ("fh".to_owned(), HISTORY.to_owned())]),
        lang: feed.language.clone(),
        extensions,
        ..atom::Feed::default()
    };
    split_at(&styled(&written(&out), feed.style.as_deref()), "</feed>")
}

/// A feed of nothing but an entry.
pub fn alone(entry: &Entry, content: &str, language: Option<&str>) -> String {
    let file = written(&atom::Feed { entries: vec![self::entry(entry, language)], ..atom::Feed::default() });
    // The content is most of an entry: it is escaped once, straight to its place.
    let Some(place) = file.rfind(END_OF_CONTENT) else {
        return file;
    };
    let mut out = String::with_capacity(file.len() + content.len() * 5 / 4);
    out.push_str(&file[..place]);
    push_escaped(&mut out, content);
    out.push_str(&file[place..]);
    out
}

const END_OF_CONTENT: &str = "</content>";

/// `text` as character data.
fn push_escaped(out: &mut String, text: &str) {
    let mut from = 0;
    for at in memchr::memchr3_iter(b'<', b'>', b'&', text.as_bytes()) {
        out.push_str(&text[from..at]);
        out.push_str(match text.as_bytes()[at] {
            b'<' => "&lt;",
            b'>' => "&gt;",
            _ => "&amp;",
        });
        from = at + 1;
    }
    out.push_str(&text[from..]);
}

/// RFC 4287, section 7.
pub(super) const MEDIA_TYPE: &str = "application/atom+xml";

pub(super) fn written(feed: &atom::Feed) -> String {
    let config = atom::WriteConfig { write_document_declaration: false, indent_size: Some(1) };
    let mut bytes = Vec::with_capacity(2048);
    bytes.extend_from_slice(b"<?xml version=\"1.0\" encoding=\"utf-8\"?>\n");
    // Writing into memory cannot fail; a feed that were not UTF-8 would fail its check.
    let mut bytes = feed.write_with_config(bytes, config).unwrap_or_default();
    bytes.push(b'\n');
    crate::normalize::text::utf8(&bytes).unwrap_or_default()
}

/// The author, else who publishes it.
pub(super) fn author_of(author: Option<&Person>, title: &str) -> atom::Person {
    match author {
        Some(person) => atom_person(person),
        None => atom::Person { name: plain(title), ..atom::Person::default() },
    }
}

fn atom_person(person: &Person) -> atom::Person {
    atom::Person {
        name: plain(&person.name),
        email: person.email.clone(),
        uri: person.uri.clone(),
        ..atom::Person::default()
    }
}

pub(super) fn link(href: &str, rel: &str, mime_type: Option<&str>) -> atom::Link {
    atom::Link {
        href: href.to_owned(),
        rel: rel.to_owned(),
        mime_type: mime_type.map(str::to_owned),
        ..atom::Link::default()
    }
}

fn entry(entry: &Entry, language: Option<&str>) -> atom::Entry {
    let language = entry.language.clone().filter(|l| language != Some(l));
    let mut categories = vec![category(entry.kind.name())];
    categories.extend(entry.projects.iter().map(|m| category(m.slug.as_str())));
    let mut extensions = ExtensionMap::default();
    if let Some(issued) = entry.issued {
        let element =
            Extension { name: "dcterms:issued".to_owned(), value: Some(rfc3339(issued)), ..Extension::default() };
        extensions.entry("dcterms".to_owned()).or_default().insert("issued".to_owned(), vec![element]);
    }
    if let Some(source) = &entry.source {
        // Sorted behind every prefix.
        extensions.entry("~".to_owned()).or_default().insert("source".to_owned(), vec![source_element(source)]);
    }
    let enclosures = entry.enclosures.iter().map(|file| atom::Link {
        length: file.length.map(|l| l.to_string()),
        ..link(&file.url, "enclosure", Some(&file.media_type))
    });
    atom::Entry {
        title: atom::Text { lang: language.clone(), ..atom::Text::plain(plain(&entry.title)) },
        id: entry.id.to_string(),
        updated: entry.updated.fixed_offset(),
        authors: entry.authors.iter().filter(|a| !plain(&a.name).is_empty()).map(atom_person).collect(),
        categories,
        links: std::iter::once(link(&entry.link, "alternate", None)).chain(enclosures).collect(),
        published: Some(entry.published.fixed_offset()),
        summary: (!entry.summary.is_empty())
            .then(|| atom::Text { lang: language.clone(), ..atom::Text::plain(plain(&entry.summary)) }),
        content: Some(atom::Content {
            value: Some(String::new()),
            content_type: Some("html".to_owned()),
            lang: language,
            ..atom::Content::default()
        }),
        extensions,
        ..atom::Entry::default()
    }
}

fn category(term: &str) -> atom::Category {
    atom::Category { term: term.to_owned(), ..atom::Category::default() }
}

fn source_element(source: &Source) -> Extension {
    let leaf =
        |name: &str, value: String| Extension { name: name.to_owned(), value: Some(value), ..Extension::default() };
    // The crate writes attributes of extensions as they are.
    let anchor = |rel: &str, href: &str| Extension {
        name: "link".to_owned(),
        attrs: BTreeMap::from([("rel".to_owned(), rel.to_owned()), ("href".to_owned(), escape(href))]),
        ..Extension::default()
    };
    let mut children: BTreeMap<String, Vec<Extension>> = BTreeMap::new();
    let id = source.id.clone().or_else(|| source.link.clone()).or_else(|| source.self_link.clone());
    let id = id.unwrap_or_else(|| source.name.clone());
    children.insert("id".to_owned(), vec![leaf("id", plain(&id))]);
    children.insert("title".to_owned(), vec![leaf("title", plain(&source.title))]);
    let mut links = Vec::new();
    links.extend(source.self_link.as_deref().map(|l| anchor("self", l)));
    links.extend(source.link.as_deref().map(|l| anchor("alternate", l)));
    if !links.is_empty() {
        children.insert("link".to_owned(), links);
    }
    if let Some(updated) = source.updated {
        children.insert("updated".to_owned(), vec![leaf("updated", rfc3339(updated))]);
    }
    Extension { name: "source".to_owned(), value: None, attrs: BTreeMap::new(), children }
}

fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Secs, true)
}
