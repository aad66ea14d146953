//! How long a helper stays in a run: until there is nothing left to take, or until it is wanted elsewhere.
//!
//! A worker that is in the middle of nothing leaves a run after a *slice* if another run waits for a thread, so that runs take turns;
//! at its next node if that waits because a future was woken, or if a node is bound to this worker. A thread that waits for a run of its
//! own leaves a run nested in that as soon as its own has something to do. What a helper has not run when it leaves, it hands in.

use crate::clock;
use crate::shared::Shared;
use crate::team::Team;

/// In ticks, about a hundred microseconds: for how long a worker stays in a run while another one waits.
const SLICE: u64 = 250_000;

/// See the [module](self).
#[derive(Debug)]
pub(crate) struct Stay<'a> {
    pub(crate) shared: &'a Shared,
    until: Until<'a>,
}

#[derive(Debug)]
enum Until<'a> {
    /// There is nothing left: it is the run's own caller.
    TheEnd,
    /// As a worker that came at this time.
    OthersWait { worker: usize, since: u64 },
    /// As a thread that waits for this run.
    IsWanted(&'a Team),
}

impl<'a> Stay<'a> {
    /// Of a run's own caller.
    pub(crate) fn to_the_end(shared: &'a Shared) -> Self {
        Self { shared, until: Until::TheEnd }
    }

    /// Of a worker that is in the middle of nothing; from now on.
    pub(crate) fn of_worker(shared: &'a Shared, worker: usize) -> Self {
        Self { shared, until: Until::OthersWait { worker, since: clock::now() } }
    }

    /// Of a thread that waits for `awaited`.
    pub(crate) fn of_one_who_waits_for(shared: &'a Shared, awaited: &'a Team) -> Self {
        Self { shared, until: Until::IsWanted(awaited) }
    }

    /// Which worker it is, if it may be wanted elsewhere for nodes that are bound to it.
    pub(crate) fn free_worker(&self) -> Option<usize> {
        match self.until {
            Until::OthersWait { worker, .. } => Some(worker),
            _ => None,
        }
    }

    /// Whether it is in the middle of a node of another run.
    pub(crate) fn is_in_between(&self) -> bool {
        matches!(self.until, Until::IsWanted(_))
    }

    /// Whether a node that only this thread can take waits in another run, and it is in the middle of nothing.
    pub(crate) fn is_wanted_elsewhere(&self) -> bool {
        self.free_worker().is_some_and(|worker| self.shared.wants(worker))
    }

    /// Whether it is over. To be asked between two nodes.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        match self.until {
            Until::TheEnd => false,
            Until::OthersWait { since, .. } => self.shared.queue.is_waiting() && self.slice_is_over(since),
            Until::IsWanted(awaited) => awaited.needs_caller() || awaited.wanted.caller(),
        }
    }

    #[cold]
    fn slice_is_over(&self, since: u64) -> bool {
        self.shared.queue.is_woken() || clock::now().saturating_sub(since) > SLICE
    }
}
