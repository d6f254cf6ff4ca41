//! People's decisions, by what they name.

use std::collections::BTreeMap;

use super::identity::{is_post, page};
use crate::config::Override;
use crate::entry::{EntryId, Key, RawEntry};
use crate::ledger::Ledger;
use crate::normalize::address;
use crate::run::Opened;

/// People's decisions, found by id, by address or by any key of an entry.
pub(in crate::run) struct Overrides<'a> {
    by_target: BTreeMap<String, Vec<&'a Override>>,
}

impl<'a> Overrides<'a> {
    pub(in crate::run) fn new(opened: &'a Opened) -> Self {
        let mut by_target: BTreeMap<String, Vec<&Override>> = BTreeMap::new();
        for o in &opened.site.overrides {
            // A place in a post is meant exactly; any other address is the page, however spelled.
            let page = url::Url::parse(&o.target).ok();
            let page = page.filter(|u| matches!(u.scheme(), "http" | "https") && u.fragment().is_none());
            let key = page.map(|u| address::key(&u, &opened.hosts));
            by_target.entry(key.unwrap_or_else(|| o.target.clone())).or_default().push(o);
        }
        Self { by_target }
    }

    /// Rows of the entries that a person hides, as far as they are known.
    pub(super) fn hidden(&self, ledger: &Ledger) -> impl Iterator<Item = usize> {
        let hidden = self.by_target.iter().filter(|(_, decisions)| decisions.iter().any(|o| o.hide));
        hidden.filter_map(|(target, _)| {
            let target = Key::of(target);
            ledger.index(target).or_else(|| ledger.with_key(target))
        })
    }

    pub(in crate::run) fn of(&self, id: Option<&EntryId>, raws: &[&RawEntry]) -> Vec<&'a Override> {
        let mut found: Vec<&Override> = Vec::new();
        if self.by_target.is_empty() {
            return found;
        }
        let keys = raws.iter().flat_map(|r| r.keys.iter().map(String::as_str));
        let links = raws.iter().filter_map(|r| r.link.as_deref());
        let pages = links.clone().filter(|l| !l.contains('#')).filter_map(|l| url::Url::parse(l).ok());
        let pages: Vec<String> = pages.map(|u| address::key(&u, &Default::default())).collect();
        let targets =
            id.map(EntryId::as_str).into_iter().chain(keys).chain(links).chain(pages.iter().map(String::as_str));
        for target in targets {
            for o in self.by_target.get(target).into_iter().flatten() {
                if !found.iter().any(|f| std::ptr::eq(*f, *o)) {
                    found.push(o);
                }
            }
        }
        found
    }

    /// As [`Self::of`], for one of several posts whose addresses are one when they are
    /// folded: what names another of them exactly is not meant for this one.
    pub(super) fn of_one(&self, id: Option<&EntryId>, raws: &[&RawEntry], posts: &[&RawEntry]) -> Vec<&'a Override> {
        let mut found = self.of(id, raws);
        if posts.is_empty() {
            return found;
        }
        found.retain(|o| {
            let Some(target) = address::exact_path(&o.target).filter(|_| !o.target.contains('#')) else { return true };
            let named = |raws: &[&RawEntry]| raws.iter().any(|r| is_post(r) && page(r).as_ref() == Some(&target));
            named(raws) || !named(posts)
        });
        found
    }
}
