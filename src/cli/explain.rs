//! `feedloom explain`.

use chrono::{DateTime, Utc};
use clap::Args;

use super::refresh::{counted, current};
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::entry::Kind;
use crate::fetch::pages::Stage;
use crate::run::articles::Account;
use crate::run::query::{self, Explanation};
use crate::run::{self, Moment, Opened, RunError};

/// `feedloom explain`.
#[derive(Debug, Args)]
pub struct Options {
    /// An address, an id, the path of a post, or words of a title
    #[arg(required = true, value_name = "ADDRESS, ID OR WORDS")]
    wanted: Vec<String>,
}

/// Runs `explain`.
pub fn explain(common: &Common, options: &Options, moment: Moment, terminal: &mut Terminal) -> Result<u8, RunError> {
    let opened = run::open(common.site.as_deref(), &current())?;
    let mut problems = Vec::new();
    let store = query::store(&opened, &mut problems)?;
    problems.iter().for_each(|p| terminal.problem(p));
    let wanted = options.wanted.join(" ");
    let found = query::explain(&opened, &store, &wanted)?;
    if found.is_empty() {
        let withheld = query::withheld(&opened, &store, &wanted, moment.now)?;
        if !withheld.is_empty() {
            withheld.iter().for_each(|line| terminal.result(&clean(line)));
            return Ok(status::DONE);
        }
        terminal.error(&format!("nothing is known of `{wanted}`: `feedloom entries` lists what there is"));
        return Ok(status::FAILED);
    }
    for (n, explanation) in found.iter().enumerate() {
        if n > 0 {
            terminal.result("");
        }
        show(&opened, explanation, terminal);
    }
    Ok(status::DONE)
}

/// What became of the page that an entry links to.
fn page_lines(opened: &Opened, explanation: &Explanation, page: &Account) -> Vec<String> {
    let day = |t: DateTime<Utc>| opened.site.timezone.to_local(t).format("%Y-%m-%d %H:%M").to_string();
    match page {
        Account::Read(page) => {
            let from = match &page.file {
                Some(file) => {
                    let folder = opened.site.articles.folder.clone().unwrap_or_default();
                    format!("the saved file {}", folder.join(file).display())
                }
                None => page.address.to_string(),
            };
            let mut lines = vec![format!("  page       read {} from {from}", day(page.read))];
            let title = if page.title.is_some() { "the page's" } else { "the link's: the page names none" };
            lines.push(format!("             the title is {title}"));
            lines.push(match (&page.published, explanation.entry.issued) {
                (Some(p), Some(_)) => format!("             it says that it was published {}", p.claimed),
                (Some(p), None) if explanation.raws.iter().any(|r| r.page && r.issued.is_some()) => {
                    format!(
                        "             its date is not published, being later than what recommends it: {}",
                        p.claimed
                    )
                }
                (Some(p), None) => {
                    format!("             its date is not sure enough to be published: {}", p.claimed)
                }
                (None, _) => "             it names no date".to_owned(),
            });
            lines.push(match (&page.restricted, page.text.is_empty()) {
                (Some(word), _) => format!("             its text is not published: the page says {word}"),
                (None, true) => "             it has no text".to_owned(),
                (None, false) => "             as much of its text is published as `articles.content` says".to_owned(),
            });
            lines.extend(page.origins.iter().map(|(field, from)| format!("             {field} from {from}")));
            lines
        }
        Account::Refused(state) => match &state.stage {
            Stage::Refused { at, message, .. } => {
                vec![format!("  page       refused {}: {message}; it is not asked for again", day(*at))]
            }
            Stage::Waiting | Stage::Read { .. } | Stage::Saved { .. } => Vec::new(),
        },
        Account::Waiting(None) => vec!["  page       not asked for yet: it is in line".to_owned()],
        Account::Waiting(Some(state)) => {
            let next = state.due_at(Utc::now()).map(day).unwrap_or_default();
            let why = state.failing.as_ref().map_or_else(
                || "it asked for a pause".to_owned(),
                |f| format!("{} ({} since {})", f.message, counted(f.count as usize, "time", "times"), day(f.first)),
            );
            vec![format!("  page       {why}; next try not before {next}")]
        }
        Account::NotAsked(reason) => vec![format!("  page       not asked for: {reason}")],
    }
}

fn show(opened: &Opened, explanation: &Explanation, terminal: &mut Terminal) {
    let entry = &explanation.entry;
    let local = |t| opened.site.timezone.to_local(t).format("%Y-%m-%d %H:%M:%S %:z").to_string();
    let mut line = |text: String| terminal.result(&clean(&text));
    line(entry.title.clone());
    line(format!("  kind       {}", entry.kind));
    line(format!("  link       {}", entry.link));
    let keys: Vec<&str> = explanation.raws.iter().flat_map(|r| r.keys.iter().map(String::as_str)).collect();
    line(format!("  id         {}", entry.id));
    let main = crate::normalize::principal(&explanation.raws.iter().collect::<Vec<_>>()).keys[0].clone();
    line(format!("             minted from {main}"));
    let mut others: Vec<&str> = keys.into_iter().filter(|k| *k != main).collect();
    others.sort_unstable();
    others.dedup();
    for key in others {
        let why = if key.starts_with("title:") { " (one long title on one host is one page)" } else { "" };
        line(format!("             also known as {key}{why}"));
    }
    let told = explanation.raws.iter().find(|r| r.published == Some(entry.published));
    let decided = opened.site.overrides.iter().filter_map(|o| o.date.as_deref()).any(|written| {
        crate::normalize::date::lenient(written, opened.site.timezone).is_some_and(|d| d.time == entry.published)
    });
    let date = match (entry.kind, told) {
        (_, None) if decided => "as overrides.yaml says",
        (Kind::Post | Kind::Digest, _) if explanation.undated => {
            "the post names no date: its first commit, or the first refresh"
        }
        (Kind::Post | Kind::Digest, _) => "the post's own date",
        (Kind::Upstream, None) => "when it was seen first",
        (_, Some(raw)) if raw.mention.is_none() => "as its source claims",
        (Kind::Article, _) if entry.mentions.len() > 1 => "its earliest mention",
        _ => "the digest's date, less a second for each item before it",
    };
    line(format!("  published  {} ({date})", local(entry.published)));
    line(format!("  updated    {}", local(entry.updated)));
    line(format!("  first seen {}", local(entry.first_seen)));
    if let Some(page) = &explanation.page {
        page_lines(opened, explanation, page).into_iter().for_each(&mut line);
    }
    if entry.projects.is_empty() {
        line("  projects   none: no rule matched, or an override or `exclude` took it out".to_owned());
        line(format!("             to settle it, in overrides.yaml: \"{}\": {{projects: [+SLUG]}}", entry.link));
    } else {
        line("  projects".to_owned());
    }
    for m in &entry.projects {
        line(format!(
            "    {:14} by {}: \"{}\" ({})",
            m.slug.as_str(),
            m.because.rule.name(),
            m.because.text,
            m.because.place
        ));
    }
    line(format!("  feeds      {}", explanation.feeds.join(", ")));
    if !entry.mentions.is_empty() {
        line("  mentioned in".to_owned());
    }
    for m in &entry.mentions {
        let at = m.at.map(local).unwrap_or_default();
        line(format!("    {}/{}:{}  {}", m.folder, m.post, m.line, at.get(..10).unwrap_or("")));
        if !m.section.is_empty() {
            line(format!("      under \"{}\"", m.section));
        }
        if let Some(url) = &m.url {
            line(format!("      as {url}"));
        }
    }
}
