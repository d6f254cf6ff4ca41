//! `feedloom import` and `feedloom export`.

use std::path::PathBuf;

use clap::Args;

use super::refresh::current;
use super::terminal::Terminal;
use super::{Common, status};
use crate::entry::{Slug, slug_like};
use crate::files::FileError;
use crate::normalize::text::cut;
use crate::output::opml;
use crate::run::{self, Problem, RunError};

/// `feedloom import`.
#[derive(Debug, Args)]
pub struct ImportOptions {
    /// An OPML file
    file: PathBuf,
    /// Write feeds/SLUG.yaml files instead of printing them; existing ones stay
    #[arg(long)]
    write: bool,
}

/// Runs `import`.
pub fn import(common: &Common, options: &ImportOptions, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let text = std::fs::read(&options.file).map_err(|source| FileError {
        path: options.file.clone(),
        action: "cannot be read",
        source,
    })?;
    let opml::List { feeds, refused } = opml::read(&String::from_utf8_lossy(&text));
    for (title, feed) in &refused {
        let text = format!("`{}` is no address of a feed: {} is left out", cut(feed, 80), name_of(title));
        terminal.problem(&Problem::warning(options.file.display().to_string(), 0, text));
    }
    if feeds.is_empty() {
        terminal.error(&format!("{}: no feeds found: is it an OPML file?", options.file.display()));
        return Ok(status::USAGE);
    }
    let quoted = |s: &str| serde_json::to_string(s).unwrap_or_default();
    for outline in feeds {
        let name = slug_like(&outline.title);
        let slug = name.parse::<Slug>().map_or_else(|_| format!("{name}-feed"), |s| s.to_string());
        let mut text = format!("title: {}\n", quoted(if outline.title.is_empty() { &slug } else { &outline.title }));
        if let Some(description) = &outline.description {
            text.push_str(&format!("description: {}\n", quoted(description)));
        }
        if let Some(page) = &outline.page {
            text.push_str(&format!("home: {}\n", quoted(page)));
        }
        text.push_str(&format!("sources: [{}]\n", quoted(&outline.feed)));
        let path = opened.folder.join("feeds").join(format!("{slug}.yaml"));
        if !options.write {
            terminal.result(&format!("# feeds/{slug}.yaml\n{text}"));
        } else if path.exists() {
            terminal.say(&format!("{} is there already: left as it is", path.display()));
        } else {
            crate::files::replace(&path, text.as_bytes())?;
            terminal.say(&format!("{} written", path.display()));
        }
    }
    Ok(status::DONE)
}

/// How an outline is called in messages.
fn name_of(title: &str) -> String {
    if title.is_empty() { "its outline".to_owned() } else { format!("\"{}\"", cut(title, 60)) }
}

/// Runs `export`.
pub fn export(common: &Common, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let text = opml::render(&opened.site.title, &run::pages::outlines(&opened));
    terminal.write(text.as_bytes());
    Ok(status::DONE)
}
