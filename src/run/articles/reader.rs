//! Reads pages on a thread of its own: one that takes too long is left behind, one that
//! makes the reader fail is told apart from one that is refused.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use url::Url;

use crate::source::article::{self, Page, Refusal, Request, Rules};

/// Longest time that reading one page may take. Honest ones take a few milliseconds.
const DEADLINE: Duration = Duration::from_secs(20);

/// For deeply nested pages.
const STACK: usize = 16 << 20;

/// A page to be read.
pub(super) struct Task {
    pub(super) bytes: Vec<u8>,
    pub(super) content_type: Option<String>,
    pub(super) address: Url,
    pub(super) robots_tag: Option<String>,
}

/// Why a page was not read.
#[derive(Debug)]
pub(super) enum Unread {
    /// It is no article.
    Refused(Refusal),
    /// The reader failed on it.
    Panicked,
    /// It took too long.
    TooSlow,
}

type Result = std::result::Result<Page, Unread>;

/// Reads one page after the other.
pub(super) struct Reader {
    /// Rules of the site's own, as texts that are known to be right.
    own: Vec<(String, String)>,
    worker: Option<(Sender<Task>, Receiver<Result>)>,
}

impl Reader {
    /// A reader that knows the built-in rules and `own`.
    pub(super) fn new(own: Vec<(String, String)>) -> Self {
        Self { own, worker: None }
    }

    /// Reads a page.
    pub(super) fn read(&mut self, task: Task) -> Result {
        let (tasks, results) = match self.worker.take() {
            Some(worker) => worker,
            None => start(self.own.clone()),
        };
        if tasks.send(task).is_err() {
            return Err(Unread::Panicked);
        }
        match results.recv_timeout(DEADLINE) {
            Ok(result) => {
                self.worker = Some((tasks, results));
                result
            }
            // The thread ends when it is done; nobody waits for it.
            Err(RecvTimeoutError::Timeout) => Err(Unread::TooSlow),
            Err(RecvTimeoutError::Disconnected) => Err(Unread::Panicked),
        }
    }
}

fn start(own: Vec<(String, String)>) -> (Sender<Task>, Receiver<Result>) {
    let (tasks, received) = mpsc::channel::<Task>();
    let (sender, results) = mpsc::channel();
    let work = move || {
        // They were read once before, without a mistake.
        let rules = Rules::with(&own).unwrap_or_else(|_| Rules::built_in());
        for task in received {
            let result = catch_unwind(AssertUnwindSafe(|| {
                let request = Request {
                    bytes: &task.bytes,
                    content_type: task.content_type.as_deref(),
                    address: &task.address,
                    robots_header: task.robots_tag.as_deref(),
                    rules: &rules,
                };
                article::read(&request)
            }));
            let result = match result {
                Ok(result) => result.map_err(Unread::Refused),
                Err(_) => Err(Unread::Panicked),
            };
            if sender.send(result).is_err() {
                return;
            }
        }
    };
    // Without a thread the channels are closed, which the next page is told.
    let _ = std::thread::Builder::new().name("read".to_owned()).stack_size(STACK).spawn(work);
    (tasks, results)
}
