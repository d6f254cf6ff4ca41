//! Turns what a source said ([`RawEntry`]) into what is published ([`Entry`]).
//!
//! [`entry`] takes everything that was said of one thing, by however many posts
//! and feeds, and makes one entry of it. Invariants of every entry that leaves:
//! - `link` is absolute, http or https;
//! - `id` depends only on what was said, so a second run makes the same one;
//! - `title` is not empty, one line, at most [`TITLE_COLUMNS`];
//! - `published` never lies after the moment of the run.
//!
//! Nothing here does IO or reads the clock.

pub mod address;
pub mod date;
pub mod html;
pub mod terms;
pub mod text;

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};

use crate::config::{Override, Zone};
use crate::entry::{Entry, EntryId, Kind, Membership, Mention, RawEntry};

/// Titles are cut to this many columns; a Han character is two.
pub const TITLE_COLUMNS: usize = 80;

/// Questions are titled by their first sentence, cut shorter.
pub const QUESTION_COLUMNS: usize = 40;

/// Summaries: 200 Han characters or 400 others.
pub const SUMMARY_COLUMNS: usize = 400;

/// What is remembered of an entry from earlier runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// When Feedloom met it.
    pub first_seen: DateTime<Utc>,
    /// Hash of its own text when it last changed.
    pub text_hash: String,
    /// When its own text changed, if it did since it was first seen.
    pub changed: Option<DateTime<Utc>>,
}

/// What making an entry needs beside what was said.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Start of minted ids.
    pub id_base: &'a str,
    /// The moment of the run: later dates are clamped to it.
    pub now: DateTime<Utc>,
    /// The site's zone, for dates of overrides.
    pub zone: Zone,
    /// The site's language, for entries that name none.
    pub language: Option<&'a str>,
}

/// The raw entry that names the thing: the local post, else the release, else the
/// earliest mention; never the linked page, which only completes it. Ties are broken by
/// what was said, never by order of reading.
pub fn principal<'r>(raws: &[&'r RawEntry]) -> &'r RawEntry {
    raws.iter()
        .copied()
        .min_by(|a, b| {
            let name =
                |r: &RawEntry| (r.page, r.kind.rank(), r.translated, r.published.unwrap_or(DateTime::<Utc>::MAX_UTC));
            let place = |r: &RawEntry| r.mention.as_ref().map(|m| (m.folder.clone(), m.post.clone(), m.line));
            name(a).cmp(&name(b)).then_with(|| place(a).cmp(&place(b))).then_with(|| a.keys.cmp(&b.keys))
        })
        .expect("a group of raw entries is never empty")
}

/// Of several sources that say one thing only the one speaks that had it first, by the
/// keys `known` of it; what the others say is a repetition. `raws` are all that was said. A
/// source may call its entry something else today: it is still that source.
pub fn speaking<'r>(raws: &[&'r RawEntry], known: &[String]) -> Vec<&'r RawEntry> {
    let is_of = |name: &str, key: &str| {
        key.strip_prefix("upstream:").and_then(|k| k.strip_prefix(name)).is_some_and(|id| id.starts_with('|'))
    };
    let of_key = |key: &String| raws.iter().find(|r| source_of(r).is_some_and(|name| is_of(name, key)));
    let exact = |key: &String| raws.iter().find(|r| upstream_key(r) == Some(key));
    let first = known.iter().find_map(exact).or_else(|| known.iter().find_map(of_key)).and_then(|r| source_of(r));
    raws.iter().copied().filter(|r| first.is_none() || source_of(r).is_none_or(|s| Some(s) == first)).collect()
}

/// The source that an entry of a source comes from; none for what posts and pages say.
pub fn source_of(raw: &RawEntry) -> Option<&str> {
    raw.source.as_ref().filter(|_| upstream_key(raw).is_some()).map(|s| s.name.as_str())
}

fn upstream_key(raw: &RawEntry) -> Option<&String> {
    raw.keys.iter().find(|k| k.starts_with("upstream:"))
}

/// The id that `raws` mint: from the principal's first key, or the id its source gave it,
/// unless that looks like one of this site.
pub fn mint(raws: &[&RawEntry], base: &str) -> EntryId {
    let principal = principal(raws);
    match (&principal.kind, &principal.foreign_id) {
        (Kind::Upstream, Some(id)) if !id.starts_with(base) => EntryId::foreign(id.clone()),
        _ => EntryId::mint(base, principal.kind, &principal.keys[0]),
    }
}

/// The id of a post that has the name of another one, in a second posts folder.
pub fn mint_second(raws: &[&RawEntry], base: &str) -> EntryId {
    let principal = principal(raws);
    let folder = principal.mention.as_ref().map_or("", |m| m.folder.as_str());
    EntryId::mint(base, principal.kind, &format!("{}|{folder}", principal.keys[0]))
}

/// Makes the entry. `memory` is what earlier runs knew of its id.
pub fn entry(
    raws: &[&RawEntry],
    id: EntryId,
    projects: Vec<Membership>,
    overrides: &[&Override],
    memory: &Memory,
    context: Context<'_>,
) -> Entry {
    let main = principal(raws);
    let richest = richest(raws, main);
    let kind = overrides.iter().find_map(|o| o.kind).unwrap_or(main.kind);
    let mut mentions: Vec<Mention> =
        raws.iter().filter(|r| !is_itself(r, main)).filter_map(|r| r.mention.clone()).collect();
    mentions.sort_by(|a, b| (a.at, &a.folder, &a.post, a.line).cmp(&(b.at, &b.folder, &b.post, b.line)));
    mentions.dedup();
    if mentions.is_empty() {
        mentions.extend(main.mention.clone());
    }
    let claimed = match main.kind {
        Kind::Post | Kind::Digest | Kind::Upstream => claimed(main, memory, context),
        _ => raws.iter().filter_map(|r| claimed(r, memory, context)).min(),
    };
    let decided =
        overrides.iter().find_map(|o| o.date.as_deref()).and_then(|d| date::lenient(d, context.zone)).map(|c| c.time);
    let published = decided.filter(|d| *d <= context.now).or(claimed).unwrap_or(memory.first_seen);
    let page = page_of(raws, main);
    // The feed of its publisher knows the address of an article better than who recommends it.
    let feeds = raws.iter().filter(|r| main.kind == Kind::Article && source_of(r).is_some());
    let of_feed = feeds.min_by(|a, b| a.keys.cmp(&b.keys)).and_then(|r| r.link.as_deref());
    let link = of_feed.or(main.link.as_deref()).map(address::without_trackers).unwrap_or_default();
    let own_title = page.filter(|p| !text::line(&p.title).is_empty()).map_or_else(|| title(main), |p| p.title.clone());
    let title = overrides.iter().find_map(|o| o.title.clone()).unwrap_or(own_title);
    let title = text::cut(&text::line(&title), TITLE_COLUMNS);
    let title = if title.is_empty() { text::cut(&link, TITLE_COLUMNS) } else { title };
    let summary = match &main.summary {
        Some(written) if is_summary(written, main) => text::excerpt(written, SUMMARY_COLUMNS),
        _ => text::excerpt(&readable(without_title(richest), SUMMARY_COLUMNS), SUMMARY_COLUMNS),
    };
    let said = main.updated.filter(|t| *t > published && *t <= context.now);
    let updated = stagger(memory.changed.max(said).unwrap_or(published), &id);
    Entry {
        kind,
        title,
        link,
        text: richest.text.clone(),
        html: richest.html.clone(),
        summary,
        authors: page.map(|p| &p.authors).filter(|a| !a.is_empty()).unwrap_or(&main.authors).clone(),
        published,
        issued: issued(raws, published),
        updated,
        first_seen: memory.first_seen,
        language: language(page, main).or(context.language).map(str::to_owned),
        image: page.unwrap_or(main).image.clone().or_else(|| raws.iter().find_map(|r| r.image.clone())),
        pictures: Default::default(),
        enclosures: raws.iter().map(|r| &r.enclosures).find(|e| !e.is_empty()).cloned().unwrap_or_default(),
        version: raws.iter().find_map(|r| r.version.clone()),
        channel: raws.iter().find_map(|r| r.channel),
        starts_at: raws.iter().find_map(|r| r.starts_at.clone()),
        projects,
        mentions,
        source: match main.kind {
            // A local post is nobody else's, whoever repeats it.
            Kind::Post | Kind::Digest => main.source.clone(),
            _ => raws.iter().copied().filter(|r| !r.page).chain(page).find_map(|r| r.source.clone()),
        },
        id,
    }
}

/// The text of a post without the title that it begins with.
fn without_title(raw: &RawEntry) -> &str {
    let is_post = matches!(raw.kind, Kind::Post | Kind::Digest);
    match raw.text.split_once('\n') {
        Some((first, rest)) if is_post && text::is_title(first, &raw.title) && !rest.trim().is_empty() => {
            rest.trim_start()
        }
        _ => &raw.text,
    }
}

/// The date that is claimed, where it is possible: sources may not date an entry later than
/// it was met, else it would move each time it is derived.
fn claimed(raw: &RawEntry, memory: &Memory, context: Context<'_>) -> Option<DateTime<Utc>> {
    let latest = if source_of(raw).is_some() { memory.first_seen } else { context.now };
    raw.published.filter(|t| *t <= latest)
}

/// Whether what somebody wrote as a summary is one. Authors of posts decide themselves how
/// short it is; feeds have all sorts of words there. The title once more says nothing.
fn is_summary(written: &str, main: &RawEntry) -> bool {
    let long_enough = matches!(main.kind, Kind::Post | Kind::Digest) || text::columns(written) >= 20;
    long_enough && !written.trim().is_empty() && !text::same(written, &main.title)
}

/// The linked page, where it speaks for the entry: of a post, a release or an entry of a
/// source it only says the same again.
fn page_of<'r>(raws: &[&'r RawEntry], main: &RawEntry) -> Option<&'r RawEntry> {
    let mut pages = raws.iter().copied().filter(|r| r.page && main.kind == Kind::Article);
    let first = pages.next()?;
    // Short and long address of one article may both have been read: the keys decide.
    Some(pages.fold(first, |a, b| if (b.text.len(), &a.keys) > (a.text.len(), &b.keys) { b } else { a }))
}

/// How long after it was mentioned an article may say that it was published: clocks and
/// zones differ. What says more is the date of something else.
const LATEST_ISSUE: TimeDelta = TimeDelta::days(2);

/// The original's own date.
fn issued(raws: &[&RawEntry], published: DateTime<Utc>) -> Option<DateTime<Utc>> {
    let possible = |r: &&&RawEntry| !r.page || r.issued.is_some_and(|i| i <= published + LATEST_ISSUE);
    raws.iter().filter(possible).find_map(|r| r.issued)
}

/// The language of the page; `zh` says no more than the `zh-CN` of who mentioned it.
fn language<'r>(page: Option<&'r RawEntry>, main: &'r RawEntry) -> Option<&'r str> {
    let primary = |l: &str| l.split('-').next().unwrap_or(l).to_ascii_lowercase();
    let own = page.and_then(|p| p.language.as_deref());
    match (own, main.language.as_deref()) {
        (Some(own), Some(said)) if primary(own) == primary(said) => Some(said),
        (Some(own), _) => Some(own),
        (None, said) => said,
    }
}

/// A post is no mention of itself.
fn is_itself(raw: &RawEntry, main: &RawEntry) -> bool {
    matches!(main.kind, Kind::Post | Kind::Digest) && raw.kind == main.kind && raw.keys[0] == main.keys[0]
}

/// The one whose text is published: the post's own, else the longest. What a post says
/// of an article gives way to the article itself, however little of that is published.
pub fn richest<'r>(raws: &[&'r RawEntry], main: &'r RawEntry) -> &'r RawEntry {
    if matches!(main.kind, Kind::Post | Kind::Digest) {
        return main;
    }
    let page = page_of(raws, main).filter(|p| !p.html.is_empty());
    let mut best = page.unwrap_or(main);
    for raw in raws {
        let gives_way = raw.page || page.is_some() && raw.mention.is_some();
        if !gives_way && raw.html.len() > best.html.len() {
            best = raw;
        }
    }
    best
}

fn title(main: &RawEntry) -> String {
    match main.kind {
        Kind::Question => text::cut(&text::line(&main.title), QUESTION_COLUMNS),
        Kind::Event => match main.starts_at.as_deref().and_then(|s| s.get(..10)) {
            Some(day) if !main.title.contains(day) => {
                format!("{} ({day})", text::cut(&text::line(&main.title), TITLE_COLUMNS - 13))
            }
            _ => main.title.clone(),
        },
        Kind::Post | Kind::Digest | Kind::Article | Kind::Release | Kind::Task | Kind::News | Kind::Upstream => {
            main.title.clone()
        }
    }
}

/// Bare addresses are no summary. Text that goes on is read until it has twice `most` columns.
fn readable(text: &str, most: usize) -> String {
    let is_word = |w: &&str| !w.starts_with("http://") && !w.starts_with("https://");
    let (mut out, mut used) = (Vec::new(), 0);
    let mut words = text.split_whitespace().filter(is_word);
    for word in words.by_ref() {
        out.push(word);
        used += text::columns(word) + 1;
        if used > most * 2 {
            break;
        }
    }
    // What only introduced an address goes with it.
    while words.next().is_none() && out.last().is_some_and(|w| w.ends_with([':', '：'])) {
        out.pop();
    }
    out.join(" ")
}

/// Two entries of one second differ in the milliseconds of `updated`: readers and
/// validators take entries with one `updated` for a mistake (RFC 4287, 4.2.15 asks for none).
fn stagger(time: DateTime<Utc>, id: &EntryId) -> DateTime<Utc> {
    let whole = time - TimeDelta::nanoseconds(i64::from(time.timestamp_subsec_nanos()));
    let hash = blake3::hash(id.as_str().as_bytes());
    let bytes = hash.as_bytes();
    whole + TimeDelta::milliseconds(i64::from(u16::from_le_bytes([bytes[0], bytes[1]])) % 1000)
}

/// Hash of an entry's own text: what has to change for `updated` to move. The linked page
/// is no part of it: an entry that is completed by its page says nothing new to those who
/// have it, and would come up in their readers twice.
pub fn text_hash(raws: &[&RawEntry]) -> String {
    let main = principal(raws);
    let said: Vec<&RawEntry> = raws.iter().copied().filter(|r| !r.page).collect();
    let richest = richest(&said, main);
    hash_of(&text::squeeze(&main.title), &text::squeeze(&richest.text))
}

fn hash_of(title: &str, words: &str) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(title.as_bytes()).update(b"\0").update(words.as_bytes());
    hasher.finalize().to_hex()[..16].to_owned()
}

/// Whether what has this [`text_hash`] is among what is said, though another one of `raws` may
/// have the word now: a new mention changes nothing of the entry's own text.
pub fn is_said_still(raws: &[&RawEntry], hash: &str) -> bool {
    /// Whatever is mentioned more often has its text from somebody who was there before.
    const MOST: usize = 32;
    let said = || raws.iter().filter(|r| !r.page).take(MOST);
    if said().count() < 2 {
        return false;
    }
    let titles: BTreeSet<String> = said().map(|r| text::squeeze(&r.title)).collect();
    let texts: BTreeSet<String> = said().map(|r| text::squeeze(&r.text)).collect();
    titles.iter().any(|title| texts.iter().any(|words| hash_of(title, words) == hash))
}
