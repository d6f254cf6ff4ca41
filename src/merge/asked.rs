//! Feeds that somebody asks for: of some projects, some kinds, a language, some words.
//!
//! Pure. A question has one spelling ([`Asked::query`]): parameters and their values in
//! order, without what says nothing. Older entries are in numbered documents (RFC 5005,
//! section 4), counted from the oldest entry, so that a full one stays as it is when new
//! entries come.

use std::collections::BTreeSet;

use url::Url;
use url::form_urlencoded::Serializer;

use super::{Document, Feed, same_language};
use crate::config::{Site, is_language};
use crate::entry::{Entry, Kind};
use crate::words::words;

/// Most projects of one question.
const MOST_PROJECTS: usize = 64;

/// Longest text that is searched for, in characters.
const LONGEST_TEXT: usize = 200;

/// What somebody asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Asked {
    /// Slugs, old ones too; none for all.
    pub projects: BTreeSet<String>,
    /// Kinds; none for all.
    pub kinds: BTreeSet<Kind>,
    /// Words that must be there.
    pub text: Option<String>,
    /// A language, `zh` covers `zh-CN`.
    pub language: Option<String>,
    /// A document of older entries, from 1.
    pub page: Option<usize>,
}

/// Why a question has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Refusal {
    /// It was well asked, but there is no such thing: 404 instead of 400.
    pub unknown: bool,
    /// What is wrong, and what there is.
    pub text: String,
}

fn bad(text: String) -> Refusal {
    Refusal { unknown: false, text }
}

impl Asked {
    /// Reads names and values of a query.
    ///
    /// # Errors
    /// [`Refusal`] that names what is wrong and what there is.
    pub fn parse(pairs: &[(String, String)], site: &Site) -> Result<Self, Refusal> {
        let mut asked = Self::default();
        for (name, value) in pairs {
            let values = || value.split(',').map(str::trim).filter(|v| !v.is_empty());
            match name.as_str() {
                "project" => {
                    for slug in values() {
                        asked.projects.insert(slug.to_lowercase());
                    }
                }
                "kind" => {
                    for word in values() {
                        let kind = Kind::from_name(&word.to_lowercase()).ok_or_else(|| {
                            bad(format!(
                                "there is no kind `{}`; use {}",
                                shown(word),
                                Kind::ALL.map(Kind::name).join(", ")
                            ))
                        })?;
                        asked.kinds.insert(kind);
                    }
                }
                "q" => {
                    let text: String = value.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
                    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
                    if text.chars().count() > LONGEST_TEXT {
                        return Err(bad(format!("`q` is longer than {LONGEST_TEXT} characters")));
                    }
                    asked.text = (!text.is_empty()).then_some(text);
                }
                "lang" => {
                    let language = value.trim().to_lowercase();
                    if !language.is_empty() && !is_language(&language) {
                        return Err(bad(format!("`{}` is no language; write `zh` or `en-GB`", shown(value))));
                    }
                    asked.language = (!language.is_empty()).then_some(language);
                }
                "page" => {
                    let page = value.parse().ok().filter(|p| (1..=1_000_000).contains(p));
                    asked.page = Some(page.ok_or_else(|| bad(format!("`{}` is no number of a page", shown(value))))?);
                }
                other => {
                    let text = format!("`{}` is not asked here; use project, kind, q, lang, page", shown(other));
                    return Err(bad(text));
                }
            }
        }
        if asked.projects.len() > MOST_PROJECTS {
            return Err(bad(format!("more than {MOST_PROJECTS} projects: `all` has everything")));
        }
        asked.name_projects(site)?;
        // All of them is what nothing means.
        if asked.projects.contains("all") {
            asked.projects.clear();
        }
        if asked.kinds.len() == Kind::ALL.len() {
            asked.kinds.clear();
        }
        Ok(asked)
    }

    /// Old names become the present ones; unknown ones are refused.
    fn name_projects(&mut self, site: &Site) -> Result<(), Refusal> {
        let mut named = BTreeSet::new();
        for slug in &self.projects {
            let of_slug =
                site.projects.iter().find(|p| p.slug.as_str() == slug || p.formerly.iter().any(|f| f.as_str() == slug));
            match of_slug {
                Some(project) => named.insert(project.slug.to_string()),
                None if slug == "all" => named.insert(slug.clone()),
                None => {
                    let slugs = || site.projects.iter().map(|p| p.slug.as_str());
                    let near =
                        slugs().map(|s| (strsim::damerau_levenshtein(slug, s), s)).min().filter(|(d, _)| *d <= 2);
                    let mut text = format!("there is no project `{}`", shown(slug));
                    if let Some((_, near)) = near {
                        text.push_str(&format!(", did you mean `{near}`?"));
                    }
                    let list: Vec<&str> = std::iter::once("all").chain(slugs()).collect();
                    text.push_str(&format!("\nThere are: {}", list.join(", ")));
                    return Err(Refusal { unknown: true, text });
                }
            };
        }
        self.projects = named;
        Ok(())
    }

    /// The one spelling of the question, without the page.
    fn words(&self) -> Vec<(&'static str, String)> {
        let mut words = Vec::new();
        if !self.kinds.is_empty() {
            let names: BTreeSet<&str> = self.kinds.iter().map(|k| k.name()).collect();
            words.push(("kind", names.into_iter().collect::<Vec<_>>().join(",")));
        }
        words.extend(self.language.clone().map(|l| ("lang", l)));
        if !self.projects.is_empty() {
            words.push(("project", self.projects.iter().map(String::as_str).collect::<Vec<_>>().join(",")));
        }
        words.extend(self.text.clone().map(|t| ("q", t)));
        words
    }

    /// The one spelling of the question.
    pub fn query(&self) -> String {
        let page = self.page.map(|p| ("page", p.to_string()));
        let mut words: Vec<(&str, String)> = self.words().into_iter().chain(page).collect();
        words.sort_unstable();
        spelled(&words)
    }

    /// Whether an entry's language is the one that is asked for.
    pub fn speaks(&self, language: Option<&str>, site: &Site) -> bool {
        match &self.language {
            None => true,
            Some(wanted) => language.or(site.language.as_deref()).is_some_and(|l| same_language(l, wanted)),
        }
    }

    /// The feed of `entries`; `place` says which document of it.
    pub fn feed(&self, entries: Vec<Entry>, place: Place, site: &Site, id_base: &str) -> Feed {
        let one = if self.projects.len() == 1 { self.projects.first() } else { None };
        let path = one.map_or("all", String::as_str);
        let mut feed = super::feed(path, entries, Document::Asked(place), site, id_base);
        let titles: Vec<&str> = site
            .projects
            .iter()
            .filter(|p| self.projects.contains(p.slug.as_str()))
            .map(|p| p.title.as_str())
            .collect();
        let words = words(&site.words, site.language.as_deref());
        let kinds: Vec<&str> = self.kinds.iter().map(|k| words.kind(*k)).collect();
        let mut parts = vec![if titles.is_empty() { site.title.clone() } else { titles.join(&words.comma) }];
        parts.extend((!kinds.is_empty()).then(|| kinds.join(&words.comma)));
        parts.extend(self.language.clone());
        parts.extend(self.text.as_ref().map(|t| format!("“{t}”")));
        feed.title = parts.join(" · ");
        if one.is_none() {
            feed.page = site.pages.then(|| site.url.clone());
        }
        feed.id = format!("{id_base}feed/asked/{}", spelled(&self.words()));
        feed.language = self.language.clone().or(feed.language);
        feed
    }
}

fn spelled(words: &[(&str, String)]) -> String {
    let mut out = Serializer::new(String::new());
    for (name, value) in words {
        out.append_pair(name, value);
    }
    // A comma needs no escape in a query, and people read it.
    out.finish().replace("%2C", ",")
}

/// What was asked, short enough for a message.
fn shown(text: &str) -> String {
    let clean: String = text.chars().filter(|c| !c.is_control()).take(60).collect();
    if text.chars().count() > 60 { format!("{clean}…") } else { clean }
}

/// Which document of a feed on demand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    site: Url,
    words: Vec<(&'static str, String)>,
    page: Option<usize>,
    older: Option<usize>,
    newer: Option<usize>,
}

impl Place {
    /// `older`: the page with the entries before these. `pages`: how many there are.
    pub fn new(asked: &Asked, site: &Site, older: Option<usize>, pages: usize) -> Self {
        let newer = asked.page.filter(|p| *p < pages).map(|p| p + 1);
        Self { site: site.url.clone(), words: asked.words(), page: asked.page, older, newer }
    }

    fn at(&self, ending: &str, page: Option<usize>) -> String {
        let mut words: Vec<(&str, String)> = self.words.clone();
        words.extend(page.map(|p| ("page", p.to_string())));
        words.sort_unstable();
        let query = spelled(&words);
        let address = format!("{}feed.{ending}", self.site);
        if query.is_empty() { address } else { format!("{address}?{query}") }
    }

    /// Its own address.
    pub fn address(&self, ending: &str) -> String {
        self.at(ending, self.page)
    }

    /// The document people subscribe to, when this is another.
    pub fn current(&self, ending: &str) -> Option<String> {
        self.page.map(|_| self.at(ending, None))
    }

    /// The document before.
    pub fn older(&self, ending: &str) -> Option<String> {
        self.older.map(|page| self.at(ending, Some(page)))
    }

    /// The document after.
    pub fn newer(&self, ending: &str) -> Option<String> {
        self.newer.map(|page| self.at(ending, Some(page)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{ConfigFile, ConfigFiles, load};

    fn site() -> Site {
        let file = |path: &str, text: &str| ConfigFile { path: path.into(), text: text.to_owned() };
        let files = ConfigFiles {
            site: file("feedloom.yaml", "title: T\nurl: https://feeds.example.org/\nlanguage: zh-CN\n"),
            projects: vec![
                file("feeds/layotto.yaml", "title: Layotto\n"),
                file("feeds/mosn.yaml", "title: MOSN\nformerly: [sofamosn]\n"),
            ],
            overrides: None,
            words: Vec::new(),
        };
        load(&files).unwrap()
    }

    fn parse(query: &str) -> Result<Asked, Refusal> {
        let pairs: Vec<(String, String)> = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        Asked::parse(&pairs, &site())
    }

    #[test]
    fn a_question_has_one_spelling() {
        for (query, expected) in [
            ("", ""),
            ("project=mosn,layotto&kind=release,article", "kind=article,release&project=layotto,mosn"),
            ("kind=article&project=MOSN&kind=release&project=layotto,", "kind=article,release&project=layotto,mosn"),
            ("project=sofamosn", "project=mosn"),
            ("project=all,mosn&lang=&q=+", ""),
            ("q=%E9%99%90%E6%B5%81%00+a%26b", "q=%E9%99%90%E6%B5%81+a%26b"),
            ("q=x&page=3&lang=ZH", "lang=zh&page=3&q=x"),
        ] {
            let asked = parse(query).unwrap_or_else(|e| panic!("{query}: {e}"));
            assert_eq!(asked.query(), expected);
            assert_eq!(parse(expected).unwrap(), asked);
        }
    }

    #[test]
    fn what_cannot_be_answered_is_named() {
        for (query, unknown, says) in [
            ("project=mosnn", true, "did you mean `mosn`"),
            ("project=zzzzzz", true, "all, layotto, mosn"),
            ("kind=sandwich", false, "post, digest, question"),
            ("page=0", false, "`0`"),
            ("page=99999999999999999999", false, "no number"),
            ("lang=..%2F..", false, "no language"),
            ("colour=red", false, "project, kind, q, lang, page"),
            (&format!("q={}", "a".repeat(201)), false, "200"),
        ] {
            let refusal = parse(query).unwrap_err();
            assert_eq!(refusal.unknown, unknown, "{query}");
            assert!(refusal.text.contains(says), "{query}: {refusal}");
        }
    }

    #[test]
    fn titles_are_in_the_language_of_the_site() {
        let site = site();
        let place = |asked: &Asked| Place::new(asked, &site, None, 0);
        let title = |query: &str| {
            let asked = parse(query).unwrap();
            asked.feed(Vec::new(), place(&asked), &site, "tag:x,2024:").title
        };
        assert_eq!(title("project=mosn&kind=question,article"), "MOSN · 问答、推荐阅读");
        assert_eq!(title("project=mosn,layotto&lang=en"), "Layotto、MOSN · en");
        let live = |path: &str| super::super::feed(path, Vec::new(), Document::Live { older: None }, &site, "x:").title;
        assert_eq!([live("mosn/release"), live("sofamosn/zh"), live("all")], ["MOSN · 发布", "MOSN · zh", "T"]);
    }

    #[test]
    fn documents_name_each_other() {
        let site = site();
        let asked = Asked { page: Some(2), ..parse("project=mosn").unwrap() };
        let place = Place::new(&asked, &site, Some(1), 3);
        assert_eq!(place.address("atom"), "https://feeds.example.org/feed.atom?page=2&project=mosn");
        assert_eq!(place.current("atom").unwrap(), "https://feeds.example.org/feed.atom?project=mosn");
        assert_eq!(place.older("atom").unwrap(), "https://feeds.example.org/feed.atom?page=1&project=mosn");
        assert_eq!(place.newer("atom").unwrap(), "https://feeds.example.org/feed.atom?page=3&project=mosn");
        let live = Place::new(&Asked::default(), &site, None, 0);
        assert_eq!(
            (live.address("rss").as_str(), live.current("rss"), live.older("rss")),
            ("https://feeds.example.org/feed.rss", None, None)
        );
    }
}
