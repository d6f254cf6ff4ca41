//! `feedloom inspect`: what Feedloom reads in one feed, page or post.

mod page;

use std::io::{self, BufRead, BufWriter, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};
use url::Url;

use super::refresh::current;
use super::terminal::{Terminal, clean};
use super::{Common, status};
use crate::config::Zone;
use crate::files;
use crate::normalize::{html, text};
use crate::run::inspect::{self, Document, Inspected, Meant, Request};

use crate::run::{self, Opened, RunError};
use crate::source::article::Rules;
use crate::source::upstream::{Kind, MediaType, Reading, Record, Text, schema};

/// Entries shown to people.
const SHOWN: usize = 30;

/// `feedloom inspect`.
#[derive(Debug, Args)]
pub struct Options {
    /// A file, an address, or - for standard input
    #[arg(value_name = "FILE, URL OR -")]
    what: Option<String>,
    /// Print all of it as one JSON document
    #[arg(long, overrides_with = "json")]
    json: bool,
    /// Answer requests, one JSON object a line on standard input
    #[arg(long, overrides_with = "batch")]
    batch: bool,
    /// Sanitise HTML
    #[arg(long, overrides_with = "sanitize")]
    sanitize: bool,
    /// The Content-Type header it came with
    #[arg(long, value_name = "TYPE")]
    content_type: Option<String>,
    /// Where it came from: relative addresses start there
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// What it is: feed, page or post [default: as it looks]
    #[arg(long = "as", value_name = "KIND", value_parser = meant)]
    meant: Option<Meant>,
}

fn meant(name: &str) -> Result<Meant, String> {
    Meant::from_name(name).ok_or_else(|| "use feed, page or post".to_owned())
}

/// Runs `inspect`.
pub fn inspect(common: &Common, options: &Options, terminal: &mut Terminal) -> Result<u8, RunError> {
    // A site says how its posts are read; without one, posts are read plainly.
    let site = match &common.site {
        Some(folder) => Some(run::open(Some(folder), &current())?),
        None => {
            let file = options.what.as_deref().filter(|w| !is_address(w) && *w != "-").map(|w| current().join(w));
            let around = file.as_deref().and_then(Path::parent).and_then(files::find_site);
            around
                .and_then(|folder| run::open(Some(&folder), &current()).ok())
                .or_else(|| run::open(None, &current()).ok())
        }
    };
    let rules = match run::inspect::rules(site.as_ref()) {
        // A site that happens to be around does not spoil a look at something else.
        Err(_) if common.site.is_none() => Rules::built_in(),
        rules => rules?,
    };
    if options.batch {
        batch(options, site.as_ref(), &rules, terminal);
        return Ok(status::DONE);
    }
    let what = match options.what.as_deref() {
        Some(what) => what,
        None if !io::stdin().is_terminal() => "-",
        None => {
            terminal.error("nothing to look at: give a file, an address, or - for standard input");
            return Ok(status::USAGE);
        }
    };
    let mut request = Request {
        content_type: options.content_type.clone(),
        address: options.base_url.clone(),
        content_language: None,
        meant: options.meant,
        sanitise: options.sanitize,
    };
    if is_address(what) {
        let Ok(url) = Url::parse(what) else {
            terminal.error(&format!("{}: no address", clean(what)));
            return Ok(status::USAGE);
        };
        return Ok(match inspect::fetch(&url, options.meant, site.as_ref(), chrono::Utc::now()) {
            Ok(fetched) => {
                request.content_type = request.content_type.or(fetched.content_type);
                request.address = request.address.or(Some(fetched.address));
                let document = inspect::inspect(&fetched.body, None, &request, site.as_ref(), &rules);
                tell(&document, options, terminal)
            }
            Err(error) => {
                terminal.error(&error.to_string());
                status::FAILED
            }
        });
    }
    let (bytes, path) = if what == "-" {
        let mut bytes = Vec::new();
        if let Err(error) = io::stdin().lock().read_to_end(&mut bytes) {
            terminal.error(&format!("standard input cannot be read: {error}"));
            return Ok(status::FAILED);
        }
        (bytes, None)
    } else {
        (inspect::bytes(Path::new(what))?, Some(PathBuf::from(what)))
    };
    let document = inspect::inspect(&bytes, path.as_deref(), &request, site.as_ref(), &rules);
    drop(bytes);
    Ok(tell(&document, options, terminal))
}

/// Tells what was read, and the exit status it means.
fn tell(document: &Document, options: &Options, terminal: &mut Terminal) -> u8 {
    if options.json {
        answer(document, terminal);
        return status::DONE;
    }
    match document {
        Document::Read(reading) => {
            show(reading, terminal);
            if reading.kind == Kind::None { status::FAILED } else { status::DONE }
        }
        Document::Page(looked) => {
            page::show(looked, terminal);
            status::DONE
        }
        Document::Post(inspected) => {
            show_post(inspected, terminal);
            status::DONE
        }
    }
}

fn is_address(what: &str) -> bool {
    let lower = what.get(..8).unwrap_or(what).to_ascii_lowercase();
    lower.starts_with("http://") || lower.starts_with("https://")
}

/// Answers each line before the next one is read.
fn batch(options: &Options, site: Option<&Opened>, rules: &Rules, terminal: &mut Terminal) {
    let mut input = io::stdin().lock();
    let mut line = Vec::new();
    loop {
        line.clear();
        match input.read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if line.iter().all(u8::is_ascii_whitespace) => continue,
            Ok(_) => {}
        }
        match asked(&line, options) {
            Ok((path, request)) => match inspect::bytes(&path) {
                Ok(bytes) => answer(&inspect::inspect(&bytes, Some(&path), &request, site, rules), terminal),
                Err(error) => refuse(&format!("{error}: {}", error.source), terminal),
            },
            Err(reason) => refuse(&reason, terminal),
        }
        if terminal.is_closed() {
            return;
        }
    }
}

/// What a line of a batch asks for.
fn asked(line: &[u8], options: &Options) -> Result<(PathBuf, Request), String> {
    let value: Value = serde_json::from_slice(line).map_err(|e| format!("not a request: {e}"))?;
    let string = |key: &str| value.get(key).and_then(Value::as_str).map(str::to_owned);
    let path = string("path").ok_or("not a request: `path` is missing")?;
    let meant = match string("as") {
        Some(name) => Some(meant(&name).map_err(|e| format!("`as` is `{name}`: {e}"))?),
        None => options.meant,
    };
    let request = Request {
        content_type: string("content_type").or_else(|| options.content_type.clone()),
        address: string("base_url").or_else(|| options.base_url.clone()),
        content_language: string("content_language"),
        meant,
        sanitise: options.sanitize,
    };
    Ok((PathBuf::from(path), request))
}

fn refuse(reason: &str, terminal: &mut Terminal) {
    let answer = json!({"kind": "none", "ok": false, "error": reason, "feed": {}, "entries": []});
    terminal.result(&answer.to_string());
    terminal.flush();
}

/// One document, one line.
fn answer(document: &Document, terminal: &mut Terminal) {
    match document {
        Document::Read(reading) => {
            // A closed pipe is the terminal's business.
            let mut out = BufWriter::with_capacity(1 << 16, Out(terminal));
            let _ = schema::write(reading, &mut out).and_then(|()| out.flush());
        }
        Document::Page(looked) => terminal.write(inspect::page_document(looked).to_string().as_bytes()),
        Document::Post(inspected) => terminal.write(inspect::post_document(inspected).to_string().as_bytes()),
    }
    terminal.write(b"\n");
    terminal.flush();
}

/// The terminal as a place to write to.
struct Out<'t>(&'t mut Terminal);

impl Write for Out<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes);
        if self.0.is_closed() { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A text on one line.
fn line(value: Option<&Text>) -> String {
    let Some(value) = value else { return String::new() };
    match value.media_type {
        MediaType::Plain => text::squeeze(&value.value),
        MediaType::Html | MediaType::Xhtml | MediaType::Other(_) => text::squeeze(&html::plain(&value.value)),
    }
}

fn day(record: &Record) -> String {
    let date = record.published.as_ref().or(record.updated.as_ref());
    match date.map(|d| (d.read(Zone::UTC), &d.raw)) {
        Some((Some(claimed), _)) => claimed.time.format("%Y-%m-%d %H:%M").to_string(),
        Some((None, raw)) => format!("? {}", text::cut(&text::squeeze(raw), 14)),
        None => "no date".to_owned(),
    }
}

fn show(reading: &Reading, terminal: &mut Terminal) {
    let mut say = |line: String| terminal.result(&clean(&line));
    let what = match (reading.kind, reading.format) {
        (Kind::Feed, Some(format)) => format!("a feed: {}, {}", format.title(), reading.encoding),
        (Kind::Feed, None) => format!("a feed, {}", reading.encoding),
        (Kind::Page, _) => format!("an HTML page, {}: not a feed", reading.encoding),
        (Kind::None, _) => "neither a feed nor a page nor a post".to_owned(),
    };
    say(what);
    let feed = &reading.feed;
    let mut field = |name: &str, value: String| {
        if !value.is_empty() {
            say(format!("  {name:<10} {}", text::cut(&value, 160)));
        }
    };
    field("title", line(feed.title.as_ref()));
    if let Some(more) = feed.more() {
        field("subtitle", line(more.subtitle.as_ref()));
    }
    field("link", feed.link.clone().unwrap_or_default());
    for relation in ["self", "hub", "next"] {
        let link = feed.links.iter().find(|l| l.rel == relation);
        field(relation, link.map(|l| l.href.clone()).unwrap_or_default());
    }
    field("id", feed.id.clone().unwrap_or_default());
    field("language", feed.language.as_deref().unwrap_or_default().to_owned());
    if feed.updated.is_some() || feed.published.is_some() {
        let dated = Record { published: feed.updated.clone().or(feed.published.clone()), ..Record::default() };
        field("updated", day(&dated));
    }
    let authors: Vec<&str> = feed.authors.iter().filter_map(|a| a.name.as_deref().or(a.email.as_deref())).collect();
    field("authors", authors.join(", "));
    if let Some(generator) = feed.more().and_then(|m| m.generator.as_ref()) {
        let version = generator.version.as_deref().unwrap_or_default();
        field("written by", format!("{} {version}", generator.name.as_deref().unwrap_or_default()).trim().to_owned());
    }
    if reading.kind == Kind::Feed {
        let count = reading.entries.len();
        say(format!("  {count} {}", if count == 1 { "entry" } else { "entries" }));
    }
    for entry in reading.entries.iter().take(SHOWN) {
        let title = line(entry.title.as_ref());
        let title = if title.is_empty() { text::excerpt(&line(entry.body()), 70) } else { title };
        let title = if title.is_empty() { "(no title)".to_owned() } else { title };
        say(format!("{:<16}  {}", day(entry), text::cut(&title, 100)));
        let link = entry.link.as_deref().or(entry.links.first().map(|l| l.href.as_str()));
        if let Some(link) = link.or(entry.id.as_deref()) {
            say(format!("{:<16}  {link}", ""));
        }
    }
    if reading.entries.len() > SHOWN {
        say(format!("… and {} more: --json shows all", reading.entries.len() - SHOWN));
    }
    match reading.discovered.as_slice() {
        [] => {}
        [_] => say("did you mean this feed?".to_owned()),
        _ => say("did you mean one of these feeds?".to_owned()),
    }
    for found in &reading.discovered {
        let title = found.title.as_deref().unwrap_or_default();
        say(format!("  {}  {title}", found.address).trim_end().to_owned());
    }
    if !reading.problems.is_empty() {
        say("problems".to_owned());
    }
    for problem in &reading.problems {
        match problem.line {
            0 => say(format!("  {}", problem.what)),
            line => say(format!("  line {line}: {}", problem.what)),
        }
    }
    if reading.more_problems > 0 {
        say(format!("  … and {} more", reading.more_problems));
    }
}

fn show_post(inspected: &Inspected, terminal: &mut Terminal) {
    let post = &inspected.post;
    let mut say = |line: String| terminal.result(&clean(&line));
    say(if post.digest { "a post, taken apart".to_owned() } else { "a post".to_owned() });
    say(format!("  title      {}", post.title));
    let date = post.date.map_or("none".to_owned(), |d| d.format("%Y-%m-%d %H:%M").to_string());
    say(format!("  date       {date}{}", if post.draft { ", a draft" } else { "" }));
    if let Some(link) = &post.link {
        say(format!("  link       {link}"));
    }
    for item in post.entries.iter().skip(1) {
        say(format!("{:<10}  {}", item.kind.name(), text::cut(&text::line(&item.title), 100)));
        if let Some(link) = &item.link {
            say(format!("{:<10}  {link}", ""));
        }
    }
    if !post.notes.is_empty() {
        say("problems".to_owned());
    }
    for note in &post.notes {
        say(format!("  line {}: {}", note.line, note.text));
    }
}
