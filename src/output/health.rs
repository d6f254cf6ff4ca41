//! The health of sources: a list as JSON, what became of them as Atom. Pure.

use std::fmt::Write as _;

use atom_syndication as atom;
use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use super::{atom as feed, plain, styled};
use crate::config::Site;
use crate::health::{Event, Health, State};
use crate::normalize::html::escape;
use crate::words::{Words, words};

/// Events a feed carries.
pub const EVENTS: usize = 50;

/// What happened to a source.
fn happened(words: &Words, state: State) -> &str {
    match state {
        State::New | State::Fine => &words.happened_recovered,
        State::Silent => &words.happened_silent,
        State::Moved => &words.happened_moved,
        State::Failing => &words.happened_failing,
        State::Gone => &words.happened_gone,
    }
}

/// `health.json`: every source with its state and since when it is in it.
pub fn json(site: &Site, sources: &[Health]) -> String {
    let time = |t: DateTime<Utc>| t.to_rfc3339_opts(SecondsFormat::Secs, true);
    let sources: Vec<Value> = sources
        .iter()
        .map(|s| {
            let projects: Vec<&str> = s.projects.iter().map(|p| p.as_str()).collect();
            json!({
                "name": s.name, "title": s.title, "address": s.address, "projects": projects,
                "state": s.state.name(), "since": s.since.map(time), "why": s.why, "moved_to": s.moved_to,
                "last_entry": s.last_entry.map(time),
            })
        })
        .collect();
    let mut text =
        serde_json::to_string_pretty(&json!({ "title": site.title, "sources": sources })).unwrap_or_default();
    text.push('\n');
    text
}

/// `health.xml`: what became of sources, newest first.
///
/// # Errors
/// What a feed reader would refuse.
pub fn atom(site: &Site, id_base: &str, sources: &[Health], events: &[Event]) -> Result<String, String> {
    let words = words(&site.words, site.language.as_deref());
    // The page for people, else what tells the same to programs.
    let page = format!("{}{}", site.url, if site.pages { "health.html" } else { "health.json" });
    let newest = events.iter().map(|e| e.at).chain(sources.iter().filter_map(|s| s.since)).max();
    let title = format!("{}{}{}", plain(&site.title), words.colon, words.health_title);
    let document = atom::Feed {
        title: atom::Text::plain(title.clone()),
        id: format!("{id_base}health"),
        updated: newest.unwrap_or(DateTime::UNIX_EPOCH).fixed_offset(),
        authors: vec![feed::author_of(site.author.as_ref(), &site.title)],
        links: vec![
            feed::link(&format!("{}health.xml", site.url), "self", Some(feed::MEDIA_TYPE)),
            feed::link(&page, "alternate", Some(if site.pages { "text/html" } else { "application/json" })),
        ],
        lang: site.language.clone(),
        entries: events.iter().map(|event| entry(event, words, site, id_base, &page)).collect(),
        ..atom::Feed::default()
    };
    let text = styled(&feed::written(&document), crate::merge::style(site).as_deref());
    super::check::problem(crate::config::FeedFormat::Atom, &text).map_or(Ok(text), Err)
}

fn entry(event: &Event, words: &Words, site: &Site, id_base: &str, page: &str) -> atom::Entry {
    // What it is about and when that began: the same again when the store was lost.
    let key = format!("{}|{}|{}", event.source, event.state.name(), event.at.timestamp());
    let hash = blake3::hash(key.as_bytes()).to_hex();
    let since = site.timezone.to_local(event.at).format("%Y-%m-%d %H:%M");
    let happened = happened(words, event.state);
    let mut content = format!(
        "<p><a href=\"{0}\">{0}</a>{1}{happened} ({2} {since})</p>",
        escape(&event.address),
        words.colon,
        words.since
    );
    if event.address.starts_with("file:") {
        content = format!("<p>{}{}{happened} ({} {since})</p>", escape(&event.address), words.colon, words.since);
    }
    if let Some(why) = &event.why {
        let _ = write!(content, "<p>{}</p>", escape(why));
    }
    atom::Entry {
        title: atom::Text::plain(plain(&format!("{}{}{happened}", event.title, words.colon))),
        id: format!("{id_base}health/{}", &hash.as_str()[..20]),
        updated: event.at.fixed_offset(),
        published: Some(event.at.fixed_offset()),
        categories: vec![atom::Category { term: event.state.name().to_owned(), ..atom::Category::default() }],
        links: vec![feed::link(page, "alternate", Some("text/html"))],
        content: Some(atom::Content {
            value: Some(content),
            content_type: Some("html".to_owned()),
            ..atom::Content::default()
        }),
        ..atom::Entry::default()
    }
}
