//! Pages: the site's index, a page a feed, a month and an entry, from `minijinja` templates.
//!
//! The templates are built in; a file of the same name in the site's `templates/`
//! takes the place of one. Templates escape what they print; what people wrote
//! reaches a page as text, or as HTML that was sanitised.
//!
//! Pages are a pure function of what comes in: no clock, no order of maps.

pub mod card;
pub mod chart;
pub mod conversation;
pub mod health;
pub mod players;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use minijinja::value::{Serde, Value};
use minijinja::{AutoEscape, Environment, ErrorKind, UndefinedBehavior, context};
use serde::Serialize;
use url::Url;

use crate::config::{FeedFormat, Site};
use crate::entry::{Entry, Kind};
use crate::merge::{self, Document, Feed};
use crate::words::{Words, words};
use card::Card;
use chart::Activity;
use health::Health;
use players::{Players, Stage};

/// The built-in templates.
const BUILT_IN: [(&str, &str); 10] = [
    ("base.html", include_str!("../../templates/base.html")),
    ("index.html", include_str!("../../templates/index.html")),
    ("project.html", include_str!("../../templates/project.html")),
    ("month.html", include_str!("../../templates/month.html")),
    ("entry.html", include_str!("../../templates/entry.html")),
    ("health.html", include_str!("../../templates/health.html")),
    ("card.html", include_str!("../../templates/card.html")),
    ("subscribe.html", include_str!("../../templates/subscribe.html")),
    ("legend.html", include_str!("../../templates/legend.html")),
    ("search.html", include_str!("../../templates/search.html")),
];

/// Built-in files that pages and feeds ask for, below `assets/`.
const ASSETS: [(&str, &str); 3] = [
    ("feedloom.css", include_str!("../../templates/feedloom.css")),
    ("feed.css", include_str!("../../templates/feed.css")),
    ("feedloom.js", include_str!("../../templates/feedloom.js")),
];

/// Steps a template may take before it is taken for a runaway.
const FUEL: u64 = 50_000_000;

/// Entries on the page of a feed; older ones are on the pages of their months.
pub const SHOWN: usize = 30;

/// Why a page could not be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("templates/{name}:{line}: {problem}")]
pub struct TemplateError {
    /// The template.
    pub name: String,
    /// Line, from 1.
    pub line: usize,
    /// What is wrong.
    pub problem: String,
}

/// Templates, compiled once.
#[derive(Debug)]
pub struct Pages {
    environment: Environment<'static>,
    assets: Vec<(&'static str, String)>,
}

/// How much a project has, for the index.
#[derive(Debug, Clone)]
pub struct Size {
    /// Entries.
    pub count: usize,
    /// Date of the newest.
    pub latest: chrono::DateTime<chrono::Utc>,
}

/// What all pages are made of, as a short text: pages that were made of another are made again.
pub fn fingerprint(own: &BTreeMap<String, String>) -> String {
    let mut hasher = blake3::Hasher::new();
    let built_in = BUILT_IN.iter().chain(&ASSETS).map(|(name, text)| (*name, *text));
    for (name, text) in built_in.chain(own.iter().map(|(name, text)| (name.as_str(), text.as_str()))) {
        hasher.update(name.as_bytes()).update(b"\0").update(text.as_bytes()).update(b"\0");
    }
    hasher.finalize().to_hex()[..32].to_owned()
}

impl Pages {
    /// Compiles the templates. `own` are the files of the site's `templates/`, by name.
    ///
    /// # Errors
    /// [`TemplateError`] of the first one that does not compile: the built-in one is
    /// not used silently in its place.
    pub fn new(own: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut environment = Environment::new();
        environment.set_fuel(Some(FUEL));
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        // A misspelt name is a mistake, not an empty text.
        environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
        environment.set_formatter(format_value);
        environment.set_debug(true);
        let is_template = |name: &str| name.ends_with(".html");
        let others = own.iter().filter(|(n, _)| is_template(n) && !BUILT_IN.iter().any(|(b, _)| b == n));
        let built_in = BUILT_IN.iter().map(|(name, text)| (*name, own.get(*name).map_or(*text, String::as_str)));
        for (name, text) in built_in.chain(others.map(|(n, t)| (n.as_str(), t.as_str()))) {
            environment
                .add_template_owned(name.to_owned(), text.to_owned())
                .map_err(|e| template_error(name, &e, &Value::UNDEFINED))?;
        }
        let assets =
            ASSETS.iter().map(|(name, text)| (*name, own.get(*name).cloned().unwrap_or_else(|| (*text).to_owned())));
        Ok(Self { environment, assets: assets.collect() })
    }

    /// Files below `assets/`: name and text.
    pub fn assets(&self, site: &Site) -> Vec<(&'static str, String)> {
        let words = words(&site.words, site.language.as_deref());
        let mut assets = self.assets.clone();
        for (_, text) in assets.iter_mut().filter(|(name, _)| *name == "feed.css") {
            // The one text that a style sheet has to say.
            let hint = words.feed_hint.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', " ");
            let _ = writeln!(text, "feed::before, rss::before {{ content: \"{hint}\"; }}");
        }
        assets
    }

    fn render(&self, name: &str, data: Value) -> Result<String, TemplateError> {
        let template = self.environment.get_template(name).map_err(|e| template_error(name, &e, &data))?;
        template.render(data.clone()).map_err(|e| template_error(name, &e, &data))
    }

    /// The page of all projects. `activity` is that of each feed.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn index(
        &self,
        site: &Site,
        sizes: &BTreeMap<String, Size>,
        activity: &BTreeMap<String, Activity>,
    ) -> Result<String, TemplateError> {
        let frame = Frame::new(site, site.language.as_deref(), "");
        let last = chart::newest(activity.values()).unwrap_or_default();
        let mut projects: Vec<ProjectRow> = site
            .projects
            .iter()
            .map(|p| {
                let slug = p.slug.as_str();
                let size = sizes.get(slug);
                let other_names: Vec<&str> = p.aliases.iter().map(|a| a.name.as_str()).chain([slug]).collect();
                ProjectRow {
                    slug: slug.to_owned(),
                    title: p.title.clone(),
                    description: p.description.clone(),
                    names: other_names.join(" "),
                    count: size.map_or(0, |s| s.count),
                    count_text: frame.words.entries_of(size.map_or(0, |s| s.count)),
                    latest: size.map(|s| site.timezone.to_local(s.latest).format("%Y-%m-%d").to_string()),
                    ended: p.ended.is_some(),
                    chart: activity.get(slug).map_or_else(String::new, |a| chart::small(a, &last, frame.words)),
                    formats: formats(site, slug),
                }
            })
            .collect();
        // What there is something of comes first.
        projects.sort_by_key(|p| (p.count == 0, p.ended));
        let kinds: BTreeSet<Kind> = activity.values().flat_map(chart::by_kind).map(|(kind, _)| kind).collect();
        let kinds: Vec<&str> = kinds.into_iter().map(Kind::name).collect();
        let all = FeedData::new(site, &bare_feed(site, "all"), activity.get("all"), frame.words);
        let page = Page {
            title: site.title.clone(),
            description: site.description.clone().unwrap_or_default(),
            url: site.url.to_string(),
            kind: "website",
            image: None,
            feeds: all.formats.clone(),
            feed_title: all.title.clone(),
        };
        let data = frame.context(page);
        self.render(
            "index.html",
            context! { feed => Serde(&all), projects => Serde(&projects), kinds => Serde(&kinds), ..data },
        )
    }

    /// The page of the feed at `path`, with its newest entries.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn project(
        &self,
        site: &Site,
        path: &str,
        activity: Option<&Activity>,
        entries: &[Value],
    ) -> Result<String, TemplateError> {
        let feed = bare_feed(site, path);
        let frame = Frame::new(site, feed.language.as_deref(), &"../".repeat(path.split('/').count()));
        let data = FeedData::new(site, &feed, activity, frame.words);
        let page = data.page(feed.base.to_string(), data.title.clone());
        let kinds = kinds_of(entries);
        let data = context! { feed => Serde(&data), entries => entries, kinds => Serde(&kinds), ..frame.context(page) };
        self.render("project.html", data)
    }

    /// The page of a month of the feed at `path`; `older` and `newer` are the months beside it.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn month(
        &self,
        site: &Site,
        path: &str,
        month: &Month<'_>,
        entries: &[Value],
    ) -> Result<String, TemplateError> {
        let feed = bare_feed(site, path);
        let frame = Frame::new(site, feed.language.as_deref(), &"../".repeat(path.split('/').count() + 1));
        let data = FeedData::new(site, &feed, None, frame.words);
        let named = |name: &str| MonthLink { name: name.to_owned(), label: month_label(name, frame.words), count: 0 };
        let label = month_label(month.name, frame.words);
        let page = data.page(format!("{}archive/{}.html", feed.base, month.name), format!("{} · {label}", data.title));
        let kinds = kinds_of(entries);
        let data = context! {
            feed => Serde(&data), entries => entries, kinds => Serde(&kinds),
            month => Serde(&named(month.name)), older => Serde(&month.older.map(named)), newer => Serde(&month.newer.map(named)),
            ..frame.context(page)
        };
        self.render("month.html", data)
    }

    /// The page of one entry, whole; `players` says which addresses can be played.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn entry(
        &self,
        site: &Site,
        path: &str,
        entry: &Entry,
        players: &Players<'_>,
    ) -> Result<String, TemplateError> {
        let frame = Frame::new(site, site.language.as_deref(), &"../".repeat(path.split('/').count() - 1));
        let card = Card::new(entry, site);
        let page = Page {
            title: format!("{} · {}", card.title, site.title),
            description: if card.summary.is_empty() { card.title.clone() } else { card.summary.clone() },
            url: site.url.join(path).map_or_else(|_| entry.link.clone(), |u| u.to_string()),
            kind: "article",
            image: card.image.clone(),
            feeds: Vec::new(),
            feed_title: String::new(),
        };
        let body = card::Body::new(entry, site, &mut Stage::new(players, &frame.words.play));
        let data = context! { entry => Serde(&card), body => Serde(&body), ..frame.context(page) };
        self.render("entry.html", data)
    }

    /// The page that says how sources and feeds are.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn health(&self, site: &Site, health: &Health) -> Result<String, TemplateError> {
        let frame = Frame::new(site, site.language.as_deref(), "");
        let page = Page {
            title: format!("{} · {}", frame.words.health, site.title),
            description: frame.words.health_hint.to_string(),
            url: format!("{}health.html", site.url),
            kind: "website",
            image: None,
            feeds: vec![FormatLink {
                label: "Atom",
                media_type: FeedFormat::Atom.media_type(),
                url: format!("{}health.xml", site.url),
            }],
            feed_title: frame.words.health_title.to_string(),
        };
        let data = context! { health => Serde(health), ..frame.context(page) };
        self.render("health.html", data)
    }

    /// The page that searches. `find` is what the template of that name asks for beside
    /// what every page has: where the form goes, the query, the results.
    ///
    /// # Errors
    /// [`TemplateError`] when a template fails.
    pub fn search(&self, site: &Site, find: &serde_json::Value) -> Result<String, TemplateError> {
        let frame = Frame::new(site, site.language.as_deref(), "../");
        let page = Page {
            title: format!("{} · {}", frame.words.search, site.title),
            description: site.description.clone().unwrap_or_default(),
            url: format!("{}search/", site.url),
            kind: "website",
            image: None,
            feeds: Vec::new(),
            feed_title: String::new(),
        };
        self.render("search.html", context! { find => Serde(find), ..frame.context(page) })
    }

    /// Renders every page once with an example in it, so that mistakes in templates show
    /// before there is anything to publish.
    ///
    /// # Errors
    /// [`TemplateError`] of the first template that fails.
    pub fn try_out(&self, site: &Site) -> Result<(), TemplateError> {
        let entries: Vec<Entry> = Kind::ALL.into_iter().map(card::example).collect();
        let cards: Vec<Value> = entries.iter().map(|e| card_value(e, site)).collect();
        let mut activity = Activity::new();
        Kind::ALL.into_iter().for_each(|k| chart::count(activity.entry("2024-01".to_owned()).or_default(), k));
        let slug = site.projects.first().map_or("all", |p| p.slug.as_str());
        let size = Size { count: cards.len(), latest: entries[0].published };
        let sizes = BTreeMap::from([(slug.to_owned(), size)]);
        self.index(site, &sizes, &BTreeMap::from([(slug.to_owned(), activity.clone())]))?;
        self.project(site, slug, Some(&activity), &cards)?;
        self.project(site, "all", None, &[])?;
        let month = Month { name: "2024-01", older: Some("2023-12"), newer: Some("2024-02") };
        self.month(site, slug, &month, &cards)?;
        for entry in &entries {
            self.entry(site, &format!("page/{}.html", entry.id.file_stem()), entry, &|_| None)?;
        }
        self.health(site, &health::example())?;
        Ok(())
    }
}

/// A month's page and those beside it.
#[derive(Debug, Clone, Copy)]
pub struct Month<'a> {
    /// `2022-09`.
    pub name: &'a str,
    /// The month with entries before it.
    pub older: Option<&'a str>,
    /// The month with entries after it.
    pub newer: Option<&'a str>,
}

/// An entry as templates see it in a list.
pub fn card_value(entry: &Entry, site: &Site) -> Value {
    Value::from(Serde(&Card::new(entry, site)))
}

/// What is around every page.
struct Frame<'a> {
    site: &'a Site,
    language: String,
    root: String,
    words: &'a Words,
}

impl<'a> Frame<'a> {
    fn new(site: &'a Site, language: Option<&str>, root: &str) -> Self {
        let words = words(&site.words, language);
        Self { site, language: language.unwrap_or("en").to_owned(), root: root.to_owned(), words }
    }

    fn context(&self, page: Page) -> Value {
        let words: BTreeMap<&str, &str> = self.words.pairs().into_iter().collect();
        let site = context! { title => &self.site.title, description => &self.site.description, url => self.site.url.as_str(), search => self.site.search };
        context! { language => &self.language, root => &self.root, words => Serde(&words), site, page => Serde(&page) }
    }
}

/// What the head of a page says.
#[derive(Serialize)]
struct Page {
    title: String,
    description: String,
    url: String,
    kind: &'static str,
    image: Option<String>,
    feeds: Vec<FormatLink>,
    feed_title: String,
}

#[derive(Clone, Serialize)]
struct FormatLink {
    label: &'static str,
    #[serde(rename = "type")]
    media_type: &'static str,
    url: String,
}

#[derive(Serialize)]
struct ProjectRow {
    slug: String,
    title: String,
    description: Option<String>,
    names: String,
    count: usize,
    count_text: String,
    latest: Option<String>,
    ended: bool,
    chart: String,
    formats: Vec<FormatLink>,
}

/// A feed as templates see it.
#[derive(Serialize)]
struct FeedData {
    title: String,
    description: String,
    path: String,
    page: String,
    home: Option<String>,
    ended: bool,
    moved: bool,
    count: u32,
    count_text: String,
    formats: Vec<FormatLink>,
    readers: Vec<Reader>,
    parts: Vec<Part>,
    chart: String,
    totals: Vec<KindTotal>,
    years: Vec<Year>,
}

#[derive(Serialize)]
struct Reader {
    name: String,
    url: String,
}

#[derive(Serialize)]
struct Part {
    title: String,
    path: String,
}

#[derive(Serialize)]
struct KindTotal {
    kind: &'static str,
    count: u32,
}

#[derive(Serialize)]
struct Year {
    name: String,
    months: Vec<MonthLink>,
}

#[derive(Serialize)]
struct MonthLink {
    name: String,
    label: String,
    count: u32,
}

fn bare_feed(site: &Site, path: &str) -> Feed {
    merge::feed(path, Vec::new(), Document::Live { older: None }, site, "")
}

impl FeedData {
    fn new(site: &Site, feed: &Feed, activity: Option<&Activity>, words: &Words) -> Self {
        let current = merge::current_path(&feed.path, site);
        let place = merge::Path::of(&current);
        let part_title = |part: &str| Kind::from_name(part).map_or(part, |k| words.kind(k)).to_owned();
        let whole = feed.title.rsplit_once(" · ").map_or(feed.title.as_str(), |(whole, _)| whole);
        let title = match place.part {
            Some(part) => {
                let whole = if place.home == "all" { &words.all } else { whole };
                format!("{whole} · {}", part_title(part))
            }
            None if place.home == "all" => words.all.to_string(),
            None => feed.title.clone(),
        };
        let project = site.projects.iter().find(|p| p.slug.as_str() == place.home);
        let kinds = merge::split(project, site).into_iter().map(|k| (k.name(), words.kind(k)));
        let languages = merge::languages(site).into_iter().map(|l| (l, l));
        let parts = kinds.chain(languages).map(|(part, title)| (format!("{}/{part}", place.home), title));
        let parts: Vec<Part> = std::iter::once((place.home.to_owned(), &*words.any_kind))
            .chain(parts)
            .filter(|(path, _)| *path != current)
            .map(|(path, title)| Part { title: title.to_owned(), path })
            .collect();
        let none = Activity::new();
        let activity = activity.unwrap_or(&none);
        let totals: Vec<KindTotal> =
            chart::by_kind(activity).into_iter().map(|(kind, count)| KindTotal { kind: kind.name(), count }).collect();
        let count = totals.iter().map(|t| t.count).fold(0, u32::saturating_add);
        let formats = formats(site, &current);
        Self {
            title,
            description: feed.description.clone().unwrap_or_default(),
            path: current.clone(),
            page: feed.base.to_string(),
            home: feed.home.as_ref().map(Url::to_string),
            ended: feed.ended,
            moved: current != feed.path,
            count,
            count_text: words.entries_of(count as usize),
            readers: formats.first().map_or_else(Vec::new, |f| readers(&f.url, words)),
            formats,
            parts,
            chart: chart::large(activity, words),
            totals,
            years: years(activity),
        }
    }

    fn page(&self, url: String, title: String) -> Page {
        Page {
            title,
            description: self.description.clone(),
            url,
            kind: "website",
            image: None,
            feeds: self.formats.clone(),
            feed_title: self.title.clone(),
        }
    }
}

/// Months with entries, newest year first.
fn years(activity: &Activity) -> Vec<Year> {
    let mut years: Vec<Year> = Vec::new();
    for (month, counts) in activity.iter().rev() {
        let Some((year, number)) = month.split_once('-') else { continue };
        let count = counts.iter().copied().fold(0, u32::saturating_add);
        let link = MonthLink { name: month.clone(), label: number.to_owned(), count };
        match years.last_mut() {
            Some(last) if last.name == year => last.months.insert(0, link),
            _ => years.push(Year { name: year.to_owned(), months: vec![link] }),
        }
    }
    years
}

/// A month as people say it; a day of a full month as it is.
fn month_label(month: &str, words: &Words) -> String {
    if merge::month_of(month) != month {
        return month.to_owned();
    }
    let (year, number) = month.rsplit_once('-').unwrap_or((month, ""));
    words.month.replace("{year}", year).replace("{month}", number.trim_start_matches('0'))
}

fn formats(site: &Site, path: &str) -> Vec<FormatLink> {
    let label = |f: FeedFormat| match f {
        FeedFormat::Atom => "Atom",
        FeedFormat::Rss => "RSS",
        FeedFormat::Json => "JSON",
    };
    let link = |f: &FeedFormat| FormatLink {
        label: label(*f),
        media_type: f.media_type(),
        url: format!("{}{path}/{}", site.url, f.file_name()),
    };
    site.output.formats.iter().map(link).collect()
}

/// Readers that take a feed's address in a link. Plain links: nothing of theirs is loaded.
fn readers(feed: &str, words: &Words) -> Vec<Reader> {
    let encoded: String = url::form_urlencoded::byte_serialize(feed.as_bytes()).collect();
    let reader = |name: &str, url: String| Reader { name: name.to_owned(), url };
    vec![
        reader(&words.reader_app, format!("feed:{feed}")),
        reader("Feedly", format!("https://feedly.com/i/subscription/feed/{encoded}")),
        reader("Inoreader", format!("https://www.inoreader.com/?add_feed={encoded}")),
        reader("Feedbin", format!("https://feedbin.com/?subscribe={encoded}")),
        reader("NewsBlur", format!("https://www.newsblur.com/?url={encoded}")),
        reader("The Old Reader", format!("https://theoldreader.com/feeds/subscribe?url={encoded}")),
    ]
}

/// Kinds among the entries, in the order people expect them; nothing to choose of one.
fn kinds_of(entries: &[Value]) -> Vec<&'static str> {
    let there: BTreeSet<Kind> =
        entries.iter().filter_map(|e| Kind::from_name(e.get_attr("kind").ok()?.as_str()?)).collect();
    if there.len() < 2 { Vec::new() } else { there.into_iter().map(Kind::name).collect() }
}

/// Escapes what HTML needs escaped, and no slashes: they are most of what pages consist of.
fn format_value(
    out: &mut minijinja::Output<'_>,
    state: &mut minijinja::State<'_, '_>,
    value: &Value,
) -> Result<(), minijinja::Error> {
    let plain = value.as_str().filter(|_| !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Html));
    let Some(mut text) = plain else {
        return minijinja::escape_formatter(out, state, value);
    };
    while let Some(at) = text.find(['&', '<', '>', '"', '\'']) {
        out.write_str(&text[..at])?;
        out.write_str(match text.as_bytes()[at] {
            b'&' => "&amp;",
            b'<' => "&lt;",
            b'>' => "&gt;",
            b'"' => "&quot;",
            _ => "&#39;",
        })?;
        text = &text[at + 1..];
    }
    Ok(out.write_str(text)?)
}

fn template_error(name: &str, error: &minijinja::Error, data: &Value) -> TemplateError {
    let mut problem = match (error.kind(), error.detail()) {
        (ErrorKind::OutOfFuel, _) => "takes too many steps: is there an endless loop?".to_owned(),
        (ErrorKind::UndefinedError, Some(detail)) => detail.to_owned(),
        (kind, Some(detail)) => format!("{kind}: {detail}"),
        (kind, None) => kind.to_string(),
    };
    if error.kind() == ErrorKind::UndefinedError {
        let written = error.range().and_then(|r| error.template_source()?.get(r)).unwrap_or("").trim();
        if !written.is_empty() && !problem.contains(written) {
            let _ = write!(problem, ": `{written}`");
        }
        let mut known = BTreeSet::new();
        names(data, 0, &mut known);
        let last = written.rsplit(|c: char| !(c.is_alphanumeric() || c == '_')).find(|w| !w.is_empty()).unwrap_or("");
        let near = known.iter().map(|k| (strsim::damerau_levenshtein(last, k), k)).min().filter(|(d, _)| *d <= 2);
        match near {
            Some((_, near)) if near != last => {
                let _ = write!(problem, ", did you mean `{near}`?");
            }
            _ => problem.push_str(": docs/templates.md lists the names there are"),
        }
    }
    let source: Option<&minijinja::Error> = std::error::Error::source(error).and_then(|s| s.downcast_ref());
    if let Some(inner) = source {
        // The mistake is in an included template.
        return template_error(name, inner, data);
    }
    TemplateError { name: error.name().unwrap_or(name).to_owned(), line: error.line().unwrap_or(1), problem }
}

/// Every name in what a template was given.
fn names(value: &Value, depth: usize, known: &mut BTreeSet<String>) {
    if depth > 4 || value.as_str().is_some() {
        return;
    }
    let Ok(items) = value.try_iter() else { return };
    for item in items.take(200) {
        match item.as_str() {
            Some(key) if value.get_attr(key).is_ok_and(|v| !v.is_undefined()) => {
                known.insert(key.to_owned());
                if let Ok(inner) = value.get_attr(key) {
                    names(&inner, depth + 1, known);
                }
            }
            _ => names(&item, depth + 1, known),
        }
    }
}
