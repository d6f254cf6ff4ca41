//! Decides which projects an entry is about, and keeps the reason.
//!
//! Strongest first: a person's override; the item's own label; the address it
//! links to; the heading it stands under; a name in the title; the source's
//! project; front matter tags; names in the text, when one project stands out.
//! The first rule that finds anything decides, but for two that see the same
//! thing from two sides: an address and a title.
//!
//! No reason means no project: the entry is in `all`, and `check` lists it.

use std::collections::{BTreeMap, HashMap};

use url::Url;

use crate::config::{Override, Project};
use crate::entry::{Because, EntryId, Kind, Membership, RawEntry, Rule};
use crate::names::Names;
use crate::normalize::{address, text};

/// How often a project must be named more than the next one to stand out in a text.
const STANDS_OUT: usize = 2;

/// Everything the rules need, built once.
#[derive(Debug)]
pub struct Classifier<'a> {
    projects: &'a [Project],
    names: &'a Names,
    sources: Sources,
}

/// Which projects name a source, by its identity. That is not what the configuration says of
/// it: an address that moved or has a password in it is known by another name.
pub type Sources = HashMap<String, Vec<usize>>;

/// What one rule found: project to text and place.
type Hits = BTreeMap<usize, (String, String)>;

/// A rule.
type Find<'a> = fn(&Classifier<'a>, &RawEntry) -> Hits;

impl<'a> Classifier<'a> {
    /// A classifier for these projects.
    pub fn new(projects: &'a [Project], names: &'a Names) -> Self {
        Self { projects, names, sources: Sources::new() }
    }

    /// The same, for entries of sources, too.
    pub fn with_sources(self, sources: Sources) -> Self {
        Self { sources, ..self }
    }

    /// The projects of what `raws` together are. `overrides` are those for this entry.
    pub fn classify(&self, raws: &[&RawEntry], overrides: &[&Override], id: Option<&EntryId>) -> Vec<Membership> {
        let mut found = self.decide(raws);
        for (slug, place) in overrides.iter().flat_map(|o| o.add.iter().map(move |s| (s, o))) {
            if let Some(n) = self.projects.iter().position(|p| p.slug == *slug) {
                let where_ = format!("{}:{}", place.file.display(), place.place.line);
                found.insert(n, (Rule::Override, format!("+{slug}"), where_));
            }
        }
        for slug in overrides.iter().flat_map(|o| &o.remove) {
            found.retain(|n, _| self.projects[*n].slug != *slug);
        }
        for slug in raws.iter().filter(|r| r.kind == Kind::Digest).flat_map(|r| &r.carries) {
            if let Some(n) = self.projects.iter().position(|p| p.slug == *slug) {
                let (rule, text) = (Rule::Label, "an item of the digest".to_owned());
                found.entry(n).or_insert((rule, text, "items".to_owned()));
            }
        }
        found.retain(|n, _| !self.is_excluded(*n, raws, id));
        found
            .into_iter()
            .map(|(n, (rule, text, place))| Membership {
                slug: self.projects[n].slug.clone(),
                because: Because { rule, text: text::cut(&text, 120), place },
            })
            .collect()
    }

    fn decide(&self, raws: &[&RawEntry]) -> BTreeMap<usize, (Rule, String, String)> {
        let rules: [(Rule, Find<'a>); 6] = [
            (Rule::Label, Self::by_label),
            (Rule::Address, Self::by_address),
            (Rule::Heading, Self::by_heading),
            (Rule::Title, Self::by_title),
            (Rule::Source, Self::by_source),
            (Rule::Tag, Self::by_tag),
        ];
        // The page itself knows best what it is about; who recommends it comes second.
        let own: Vec<&RawEntry> =
            raws.iter().copied().filter(|r| matches!(r.kind, Kind::Post | Kind::Digest)).collect();
        let page = raws.iter().all(|r| matches!(r.kind, Kind::Article | Kind::Post | Kind::Upstream | Kind::News));
        let labelled = raws.iter().any(|r| !r.labels.is_empty());
        let mut decided: BTreeMap<usize, (Rule, String, String)> = BTreeMap::new();
        for (rule, find) in rules {
            // An article's address and its title say the same thing from two sides.
            let joins = rule == Rule::Title && page && decided.values().all(|(r, ..)| *r == Rule::Address);
            if !decided.is_empty() && !joins {
                continue;
            }
            let mut hits = Hits::new();
            for raw in raws {
                for (project, hit) in find(self, raw) {
                    hits.entry(project).or_insert(hit);
                }
            }
            for (project, (text, place)) in hits {
                decided.entry(project).or_insert((rule, text, place));
            }
        }
        // A label that names none of the projects: it is about that.
        if decided.is_empty() && !(labelled && own.is_empty()) {
            let readers = if own.is_empty() { raws.to_vec() } else { own };
            for (project, (text, place)) in self.by_text(&readers) {
                decided.insert(project, (Rule::Text, text, place));
            }
        }
        decided
    }

    fn by_label(&self, raw: &RawEntry) -> Hits {
        let mut hits = Hits::new();
        for label in &raw.labels {
            for found in self.names.find_in_label(label) {
                hits.entry(found.project).or_insert((label.clone(), place_of(raw, "label")));
            }
        }
        // The name of a release is what its author says it is a release of.
        if raw.kind == Kind::Release {
            for found in self.names.find_in_label(&raw.title) {
                hits.entry(found.project).or_insert((found.text, place_of(raw, "release")));
            }
        }
        hits
    }

    fn by_address(&self, raw: &RawEntry) -> Hits {
        let mut hits = Hits::new();
        let own = raw.link.iter().filter(|_| {
            matches!(raw.kind, Kind::Article | Kind::Release | Kind::Task | Kind::Upstream | Kind::Question)
        });
        for link in raw.about.iter().chain(own) {
            let Ok(url) = Url::parse(link) else { continue };
            for project in self.projects_at(&url) {
                hits.entry(project).or_insert((link.clone(), "address".to_owned()));
            }
        }
        hits
    }

    /// Projects whose address is the longest prefix.
    fn projects_at(&self, url: &Url) -> Vec<usize> {
        let page = address::host_and_path(url);
        let mut best = 0;
        let mut found = Vec::new();
        for (n, project) in self.projects.iter().enumerate() {
            for prefix in &project.addresses {
                if prefix.len() < best || !address::is_below(&page, prefix) {
                    continue;
                }
                if prefix.len() > best {
                    best = prefix.len();
                    found.clear();
                }
                if !found.contains(&n) {
                    found.push(n);
                }
            }
        }
        found
    }

    fn by_heading(&self, raw: &RawEntry) -> Hits {
        // The nearest heading that names anything.
        for heading in raw.headings.iter().rev() {
            let found = self.names.find_in_label(heading);
            if !found.is_empty() {
                return found
                    .into_iter()
                    .map(|f| (f.project, (f.text, place_of(raw, &format!("heading \"{}\"", text::cut(heading, 40))))))
                    .collect();
            }
        }
        Hits::new()
    }

    fn by_title(&self, raw: &RawEntry) -> Hits {
        if raw.kind == Kind::Digest {
            return Hits::new();
        }
        self.names.find(&raw.title).into_iter().map(|f| (f.project, (f.text, place_of(raw, "title")))).collect()
    }

    fn by_source(&self, raw: &RawEntry) -> Hits {
        let Some(source) = &raw.source else {
            return Hits::new();
        };
        let named = self.sources.get(&source.name).into_iter().flatten();
        named.map(|n| (*n, (source.name.clone(), "source".to_owned()))).collect()
    }

    fn by_tag(&self, raw: &RawEntry) -> Hits {
        let mut hits = Hits::new();
        if raw.kind == Kind::Digest {
            return hits;
        }
        for tag in &raw.tags {
            for found in self.names.find_in_label(tag) {
                // A tag that only contains the name says less, but it says it.
                hits.entry(found.project).or_insert((tag.clone(), place_of(raw, "tag")));
            }
        }
        hits
    }

    /// One project is named, or one is named far more often than the next.
    fn by_text(&self, raws: &[&RawEntry]) -> Hits {
        let mut counts: BTreeMap<usize, (usize, String, String)> = BTreeMap::new();
        let mut needed = 1;
        for raw in raws {
            if raw.kind == Kind::Digest {
                continue;
            }
            needed = needed.max(mentions_needed(raw));
            for found in self.names.find(&raw.text) {
                counts.entry(found.project).or_insert_with(|| (0, found.text, place_of(raw, "text"))).0 += 1;
            }
        }
        let mut ranked: Vec<(usize, usize)> =
            counts.iter().map(|(p, (n, ..))| (*n, *p)).filter(|(n, _)| *n >= needed).collect();
        ranked.sort_by(|a, b| b.cmp(a));
        let first = match ranked.as_slice() {
            [] => return Hits::new(),
            [(_, only)] => *only,
            [(most, first), (next, _), ..] if *most >= next * STANDS_OUT => *first,
            _ => return Hits::new(),
        };
        counts.remove(&first).map(|(_, text, place)| (first, (text, place))).into_iter().collect()
    }

    fn is_excluded(&self, project: usize, raws: &[&RawEntry], id: Option<&EntryId>) -> bool {
        let exclude = &self.projects[project].exclude;
        exclude.iter().any(|e| {
            let named = id.is_some_and(|id| id.as_str() == e);
            // Two addresses that differ in how they were shared are one.
            let key = Url::parse(e).ok().filter(|u| u.fragment().is_none());
            let key = key.map(|u| address::key(&u, &address::Hosts::new()));
            let keyed = key.is_some_and(|key| raws.iter().any(|r| r.keys.contains(&key)));
            named
                || keyed
                || raws.iter().any(|r| {
                    r.link.as_deref() == Some(e.as_str())
                        || r.link.as_deref().and_then(|l| Url::parse(l).ok()).is_some_and(|u| {
                            address::is_below(
                                &address::host_and_path(&u),
                                e.trim_start_matches("https://").trim_start_matches("http://").trim_end_matches('/'),
                            )
                        })
                })
        })
    }
}

/// A long text names many things in passing; a question is about what it names.
fn mentions_needed(raw: &RawEntry) -> usize {
    let length = raw.text.chars().count();
    match raw.kind {
        Kind::Question | Kind::Task | Kind::Release => 1,
        _ if length > 1_500 => 3,
        _ if length > 300 => 2,
        _ => 1,
    }
}

fn place_of(raw: &RawEntry, what: &str) -> String {
    match &raw.mention {
        Some(m) => format!("{what} in {}:{}", m.post, m.line),
        None => what.to_owned(),
    }
}
