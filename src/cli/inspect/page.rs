//! A page for people: what it says, and where each field was found.

use super::super::terminal::{Terminal, clean};
use crate::normalize::text;
use crate::run::inspect::Looked;

/// Columns of a value.
const WIDTH: usize = 160;

/// Shows a page.
pub(super) fn show(looked: &Looked, terminal: &mut Terminal) {
    let mut say = |line: String| terminal.result(&clean(&line));
    match &looked.page {
        Err(refusal) => {
            say(format!("an HTML page, no article: {refusal}"));
            say(format!(
                "  refused    {}{}",
                refusal.reason(),
                if refusal.is_final() { ", for good" } else { ": may be asked again" }
            ));
        }
        Ok(page) => {
            say("a page".to_owned());
            let origin = |field: &str| page.origins.iter().find(|(f, _)| *f == field).map(|(_, o)| o.as_str());
            let mut field = |name: &str, label: &str, value: &str| {
                if !value.is_empty() {
                    let from = origin(name).map(|o| format!("  ({o})")).unwrap_or_default();
                    say(format!("  {label:<10} {}{from}", text::cut(&text::line(value), WIDTH)));
                }
            };
            field("title", "title", page.title.as_deref().unwrap_or_default());
            let published = page.published.as_ref().map(|p| format!("{}, {}", p.as_claimed, p.confidence.name()));
            field("published", "published", &published.unwrap_or_default());
            field("author", "author", page.author.as_deref().unwrap_or_default());
            field("site_name", "site", page.site_name.as_deref().unwrap_or_default());
            field("language", "language", page.language.as_deref().unwrap_or_default());
            field("image", "image", page.image.as_deref().unwrap_or_default());
            field("canonical", "canonical", page.canonical.as_ref().map_or("", |u| u.as_str()));
            field("identity", "identity", page.identity.as_deref().unwrap_or_default());
            let mut asked = Vec::new();
            if page.restrictions.no_archive {
                asked.push("no copies (noarchive)");
            }
            if page.restrictions.no_snippet {
                asked.push("no excerpts (nosnippet)");
            }
            field("asked", "asks for", &asked.join(", "));
            field(
                "text",
                "text",
                &format!("{} characters: {}", page.text.chars().count(), text::excerpt(&page.text, 240)),
            );
            if page.claims.len() > 1 {
                say("dates".to_owned());
                for (origin, claim) in page.claims.iter().take(12) {
                    say(format!("  {:<25}  {origin}", claim.as_claimed));
                }
            }
        }
    }
    match looked.discovered.as_slice() {
        [] => {}
        [_] => say("did you mean this feed?".to_owned()),
        _ => say("did you mean one of these feeds?".to_owned()),
    }
    for found in &looked.discovered {
        let title = found.title.as_deref().unwrap_or_default();
        say(format!("  {}  {title}", found.address).trim_end().to_owned());
    }
}
