//! The sources of a site as the configuration has them: each once, however many name it.

use std::collections::{BTreeMap, HashMap};

use super::super::Opened;
use crate::classify::Sources;
use crate::config::{Project, SourceConfig};
use crate::entry::Slug;
use crate::ledger::sources::Line;
use crate::run::fetching::Asking;

/// A source as the configuration has it: once, however many projects name it.
#[derive(Debug)]
pub struct Known<'a> {
    /// Its identity.
    pub name: String,
    /// How it is named in the configuration.
    pub config: &'a SourceConfig,
    /// The projects that name it.
    pub projects: Vec<&'a Project>,
}

impl Known<'_> {
    /// Whether `given` is its name, or its address as it is configured.
    pub(super) fn is_called(&self, given: &str) -> bool {
        given == self.name || given == self.config.url
    }

    /// Whether a person wants it to be asked now.
    pub(super) fn is_forced(&self, asking: &Asking) -> bool {
        asking.force.iter().any(|given| self.is_called(given))
    }

    /// Its address as it may be shown: without credentials.
    pub fn shown(&self) -> String {
        self.config.shown()
    }

    /// The file and line that name it.
    pub fn place(&self) -> (String, usize) {
        let file = self.projects.first().filter(|p| p.sources.iter().any(|s| std::ptr::eq(s, self.config)));
        let file = file.map_or("feedloom.yaml".into(), |p| p.file.display().to_string());
        (file, self.config.place.line)
    }

    /// The title of the one project that names it.
    pub(super) fn title(&self) -> Option<&str> {
        match self.projects[..] {
            [project] => Some(project.title.as_str()),
            _ => None,
        }
    }
}

/// The sources of a site, by name. `lines` are the ledger's: they tell which name an
/// address was known by.
pub fn of_site<'a>(opened: &'a Opened, lines: &BTreeMap<String, Line>) -> BTreeMap<String, Known<'a>> {
    let mut by_address: HashMap<&str, Option<&str>> = HashMap::new();
    for line in lines.values() {
        for address in &line.addresses {
            // An address of two sources names neither.
            let name = by_address.entry(address).or_insert(Some(&line.source));
            *name = name.filter(|n| *n == line.source);
        }
    }
    let mut found: BTreeMap<String, Known<'_>> = BTreeMap::new();
    let site = opened.site.sources.iter().map(|s| (s, None));
    let projects = opened.site.projects.iter().flat_map(|p| p.sources.iter().map(move |s| (s, Some(p))));
    for (config, project) in site.chain(projects) {
        let mut known = Known { name: String::new(), config, projects: Vec::new() };
        let address = known.shown();
        let own = config.name.as_deref().unwrap_or(&address);
        known.name = match lines.get(own) {
            Some(line) => line.source.clone(),
            None => by_address.get(address.as_str()).copied().flatten().unwrap_or(own).to_owned(),
        };
        let known = found.entry(known.name.clone()).or_insert(known);
        known.projects.extend(project);
    }
    found
}

/// Which projects name which source, as the classifier asks for it.
pub(in crate::run) fn by_project(opened: &Opened, lines: &BTreeMap<String, Line>) -> Sources {
    let places: HashMap<&Slug, usize> = opened.site.projects.iter().enumerate().map(|(n, p)| (&p.slug, n)).collect();
    let known = of_site(opened, lines).into_values();
    known.map(|k| (k.name, k.projects.iter().filter_map(|p| places.get(&p.slug).copied()).collect())).collect()
}
