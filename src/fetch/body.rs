//! Bytes that were read, and how many of them may be held at any time.
//!
//! Bodies wait for whoever parses them. Without a limit a quick network and a slow
//! parser fill the memory; so every body holds a [`Lease`] on a shared [`Budget`] until
//! it is dropped, and reading waits when the budget is used up.
//!
//! One body at a time may grow beyond the budget, up to the largest that is allowed.
//! Otherwise several half-read bodies could each wait for the others.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Grain of the budget: small enough for small feeds, large enough for a `u32` of permits.
const GRAIN: usize = 1024;

/// A whole body, decompressed.
#[derive(Default)]
pub struct Body {
    bytes: Bytes,
    /// Given back when the body is dropped.
    _lease: Lease,
}

impl Body {
    pub(super) fn new(bytes: Bytes, lease: Lease) -> Self {
        Self { bytes, _lease: lease }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} bytes)", self.bytes.len())
    }
}

impl Deref for Body {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes
    }
}

impl From<Vec<u8>> for Body {
    fn from(bytes: Vec<u8>) -> Self {
        Self { bytes: bytes.into(), _lease: Lease::default() }
    }
}

impl PartialEq for Body {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Body {}

/// How many bytes of bodies may be held at once.
#[derive(Debug, Clone)]
pub struct Budget {
    shared: Arc<Semaphore>,
    largest: Arc<Semaphore>,
}

/// A part of a [`Budget`].
#[derive(Debug, Default)]
pub struct Lease {
    shared: Option<OwnedSemaphorePermit>,
    largest: Option<OwnedSemaphorePermit>,
}

impl Budget {
    /// A budget of `bytes`, beyond the one body that may be larger.
    pub fn new(bytes: usize) -> Self {
        let grains = (bytes / GRAIN).clamp(1, Semaphore::MAX_PERMITS);
        Self { shared: Arc::new(Semaphore::new(grains)), largest: Arc::new(Semaphore::new(1)) }
    }

    /// Makes `lease` one for `bytes`; waits until there is room.
    pub async fn grow(&self, lease: &mut Lease, bytes: usize) {
        let held = lease.shared.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let wanted = bytes.div_ceil(GRAIN).saturating_sub(held);
        let wanted = u32::try_from(wanted).unwrap_or(u32::MAX);
        if wanted == 0 || lease.largest.is_some() {
            return;
        }
        let permit = match Arc::clone(&self.shared).try_acquire_many_owned(wanted) {
            Ok(permit) => permit,
            Err(_) => tokio::select! {
                biased;
                permit = Arc::clone(&self.shared).acquire_many_owned(wanted) => {
                    permit.expect("the semaphore is never closed")
                }
                permit = Arc::clone(&self.largest).acquire_owned() => {
                    lease.largest = Some(permit.expect("the semaphore is never closed"));
                    return;
                }
            },
        };
        match &mut lease.shared {
            Some(shared) => shared.merge(permit),
            None => lease.shared = Some(permit),
        }
    }

    /// Bytes that nobody holds.
    pub fn free(&self) -> usize {
        self.shared.available_permits() * GRAIN
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap().block_on(work)
    }

    async fn waits(work: impl Future<Output = ()>) -> bool {
        tokio::time::timeout(Duration::from_millis(20), work).await.is_err()
    }

    #[test]
    fn a_lease_is_given_back_with_the_body() {
        run(async {
            let budget = Budget::new(100 * GRAIN);
            let mut lease = Lease::default();
            budget.grow(&mut lease, 10 * GRAIN).await;
            budget.grow(&mut lease, 20 * GRAIN).await;
            assert_eq!(budget.free(), 80 * GRAIN);
            drop(Body::new(Bytes::from_static(b"x"), lease));
            assert_eq!(budget.free(), 100 * GRAIN);
        });
    }

    #[test]
    fn one_body_may_be_larger_than_the_budget_and_the_second_waits_for_it() {
        run(async {
            let budget = Budget::new(10 * GRAIN);
            let (mut first, mut second) = (Lease::default(), Lease::default());
            budget.grow(&mut first, 8 * GRAIN).await;
            budget.grow(&mut second, 2 * GRAIN).await;
            budget.grow(&mut first, 50 * GRAIN).await;
            budget.grow(&mut first, 500 * GRAIN).await;
            assert!(waits(budget.grow(&mut second, 6 * GRAIN)).await);
            drop(first);
            assert!(!waits(budget.grow(&mut second, 6 * GRAIN)).await);
        });
    }
}
