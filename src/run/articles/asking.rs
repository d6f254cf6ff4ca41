//! Asks for pages and stores what each of them says, at once.

use chrono::{DateTime, Utc};

use super::reader::{Reader, Task, Unread};
use super::{Asked, FETCHED, Kept, Sites, put, state_of};
use crate::fetch::error::Pace;
use crate::fetch::pages::{Attempt, Stage, Wanted};
use crate::fetch::schedule::Failure;
use crate::fetch::{Answer, Fault, Outcome};
use crate::normalize::text;
use crate::run::visits::{Landed, Subject, Visit, Visits, failure};
use crate::run::{Problem, RunError};
use crate::source::article::{Refusal, Treatment};
use crate::source::linked::Linked;
use crate::store::{Stamp, Touched};

/// A run under way.
pub(super) struct Run<'a, 'p> {
    pub(super) visits: Visits<'a, 'p>,
    pub(super) sites: &'a Sites,
    pub(super) now: DateTime<Utc>,
    pub(super) reader: Reader,
    pub(super) asked: Asked,
    pub(super) problems: &'a mut Vec<Problem>,
}

impl Run<'_, '_> {
    /// Asks for all of `due`.
    pub(super) fn all(mut self, due: Vec<Wanted>) -> Result<Asked, RunError> {
        for wanted in due {
            self.visits.ask(wanted);
        }
        while let Some(Landed { visits, result }) = self.visits.next()? {
            self.asked.pages += visits.len();
            for visit in visits {
                match &result {
                    Ok(answer) => self.answered(visit, answer)?,
                    Err(error) => {
                        let is_refused = matches!(error.fault, Fault::Status(403..=406));
                        let left = if is_refused { self.try_alternative(visit)? } else { Some(visit) };
                        if let Some(visit) = left {
                            self.asked.failed += 1;
                            self.visits.failed(visit.wanted, Failure::from(error))?;
                        }
                    }
                }
            }
        }
        if self.visits.is_offline() {
            let text = "no linked page could be reached: is this machine offline?".to_owned();
            self.problems.push(Problem::warning("articles".to_owned(), 0, text));
            self.asked.pages = 0;
            self.asked.failed = 0;
        }
        self.visits.close()?;
        Ok(self.asked)
    }

    fn answered(&mut self, visit: Visit, answer: &Answer) -> Result<(), RunError> {
        let (body, content_type, robots_tag) = match &answer.outcome {
            Outcome::Fetched { body, content_type, robots_tag, .. } => (body, content_type, robots_tag),
            Outcome::Busy { until, .. } => {
                self.asked.failed += 1;
                return self.visits.became(&visit.wanted, Attempt::Busy(*until));
            }
            Outcome::Gone => {
                self.asked.refused += 1;
                let why = failure("gone", "HTTP status 410: withdrawn");
                return self.visits.became(&visit.wanted, Attempt::Refused(why));
            }
            Outcome::NotModified { .. } => {
                self.asked.failed += 1;
                let why = failure("empty", "\"not modified\", though it was asked for everything");
                return self.visits.failed(visit.wanted, why);
            }
        };
        self.asked.bytes += body.len() as u64;
        let task = Task {
            bytes: body.to_vec(),
            content_type: content_type.clone(),
            address: answer.url.clone(),
            robots_tag: robots_tag.clone(),
        };
        match self.reader.read(task) {
            Ok(page) => {
                self.asked.read += 1;
                let page = Linked::of(page, answer.url.clone(), self.now);
                self.keep(&visit.wanted, page)
            }
            Err(Unread::Refused(refusal)) => self.refused(visit, &refusal),
            Err(Unread::Panicked) => {
                let text = "feedloom failed on this page: please report it with the address";
                self.problems.push(Problem::warning(visit.wanted.address.to_string(), 0, text.to_owned()));
                self.asked.failed += 1;
                self.visits.failed(visit.wanted, failure("panic", "feedloom failed on this page"))
            }
            Err(Unread::TooSlow) => {
                self.asked.failed += 1;
                self.visits.failed(visit.wanted, failure("slow", "reading this page takes too long"))
            }
        }
    }

    fn refused(&mut self, visit: Visit, refusal: &Refusal) -> Result<(), RunError> {
        let left = match refusal {
            // Nothing is bypassed: who puts up a wall is left alone.
            Refusal::Challenge | Refusal::Busy => {
                self.visits.leave_alone(&visit.ask);
                Some(visit)
            }
            Refusal::Moved(Some(to)) => match self.sites.rules().of(to) {
                Treatment::Ask { address, .. } => self.visits.ask_instead(visit, address)?,
                Treatment::LinkOnly { .. } => Some(visit),
            },
            _ => self.try_alternative(visit)?,
        };
        let Some(visit) = left else { return Ok(()) };
        self.asked.refused += 1;
        let pace = match refusal {
            Refusal::Broken | Refusal::Busy => Pace::Passing,
            Refusal::Empty
            | Refusal::Unreadable
            | Refusal::Shell
            | Refusal::NotFound
            | Refusal::Login
            | Refusal::Challenge
            | Refusal::NotAPage(_)
            | Refusal::TooLarge
            | Refusal::Deleted
            | Refusal::Withdrawn
            | Refusal::Expired
            | Refusal::Moved(_) => Pace::Lasting,
        };
        let why = Failure { class: refusal.reason().to_owned(), message: refusal.to_string(), pace };
        let attempt = if refusal.is_final() { Attempt::Refused(why) } else { Attempt::Failed(why) };
        self.visits.became(&visit.wanted, attempt)
    }

    /// Asks at the other address that a rule names; comes back with the visit when there is none.
    fn try_alternative(&mut self, visit: Visit) -> Result<Option<Visit>, RunError> {
        match visit.wanted.alternative.clone() {
            Some(other) => self.visits.ask_instead(visit, other),
            None => Ok(Some(visit)),
        }
    }

    /// Stores what a page says, in a transaction of its own.
    fn keep(&mut self, wanted: &Wanted, page: Linked) -> Result<(), RunError> {
        let opened = self.visits.opened;
        let title = text::fold_prefix(page.title.as_deref().unwrap_or_default(), 60);
        let mut keys = page.keys(&wanted.key, |u| self.sites.rules().canonical(u), &opened.hosts);
        for key in keys.split_off(1) {
            // Sites that call all of their pages by one address, or lead all that are gone to
            // one page, do not know what they say: an address is another one's when a page
            // that was not asked for there has claimed it, or when what was there is called
            // otherwise.
            let is_another = match state_of(self.visits.store(), &key)?.map(|s| s.stage) {
                Some(Stage::Read { title: other, name, .. }) if name != wanted.key => {
                    !key.starts_with("weixin:") && (name != key || other != title)
                }
                Some(Stage::Read { .. } | Stage::Waiting | Stage::Saved { .. } | Stage::Refused { .. }) | None => false,
            };
            if !is_another {
                keys.push(key);
            }
        }
        let after = self.visits.after(wanted, Attempt::Read { title, name: wanted.key.clone() });
        let kept = Kept { keys, page };
        self.visits.store_with_hosts(|store| {
            let mut touched = Touched::default();
            let hash = blake3::hash(kept.page.html.as_bytes()).to_hex()[..32].to_owned();
            let stamp = Stamp { size: kept.page.html.len() as u64, modified_ns: 0, changed_ns: 0 };
            put(opened, store, FETCHED, &wanted.key, stamp, &hash, &kept, &mut touched)?;
            store.add_dirty(&touched)?;
            kept.keys.iter().try_for_each(|key| Subject::Pages.set(store, key, &after))
        })
    }
}
