//! How long a helper stays in a run: until there is nothing left to take, or until it is wanted elsewhere.
//!
//! A worker that is in the middle of nothing leaves a run after a *slice* if another run waits for a thread,
//! so that runs take turns; at its next node if that waits because a future was woken, or if a node is bound
//! to this worker. A thread that waits for a run of its own leaves a run nested in that as soon as its own
//! has something to do. What a helper has not run when it leaves, it hands in.

use crate::protocol::backlog::Backlog;
use crate::protocol::bindings::Bindings;
use crate::sync::clock;
use std::fmt;

/// In ticks, about a hundred microseconds: for how long a worker stays in a run while another one waits.
const SLICE: u64 = 250_000;

/// How long a helper stays in a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stay<'a>(Until<'a>);

#[derive(Clone, Copy)]
enum Until<'a> {
    /// There is nothing left: it is the run's own caller.
    TheEnd,
    /// As a worker that came at this time.
    OthersWait { worker: usize, since: u64, backlog: &'a Backlog, bindings: &'a Bindings },
    /// As a thread that waits for this run.
    IsWanted(&'a dyn Awaited),
}

/// A run that a thread waits for.
pub(crate) trait Awaited {
    /// Whether it has something to do for that thread, or is over.
    fn wants_its_caller(&self) -> bool;
}

impl<'a> Stay<'a> {
    /// Of a run's own caller.
    pub(crate) const fn to_the_end() -> Self {
        Self(Until::TheEnd)
    }

    /// Of a worker that is in the middle of nothing; from now on.
    pub(crate) fn of_worker(worker: usize, backlog: &'a Backlog, bindings: &'a Bindings) -> Self {
        Self(Until::OthersWait { worker, since: clock::now(), backlog, bindings })
    }

    /// Of a thread that waits for `awaited`.
    pub(crate) fn of_one_who_waits_for(awaited: &'a dyn Awaited) -> Self {
        Self(Until::IsWanted(awaited))
    }

    /// Which worker it is, if it may be wanted elsewhere for nodes that are bound to it.
    pub(crate) fn free_worker(&self) -> Option<usize> {
        match self.0 {
            Until::OthersWait { worker, .. } => Some(worker),
            _ => None,
        }
    }

    /// Whether it is in the middle of a node of another run.
    pub(crate) fn is_in_between(&self) -> bool {
        matches!(self.0, Until::IsWanted(_))
    }

    /// Whether a node that only this thread can take waits in another run, and it is in the middle of
    /// nothing.
    pub(crate) fn is_wanted_elsewhere(&self) -> bool {
        matches!(self.0, Until::OthersWait { worker, bindings, .. } if bindings.want(worker))
    }

    /// Whether it is over. To be asked between two nodes.
    #[inline]
    pub(crate) fn is_over(&self) -> bool {
        match self.0 {
            Until::TheEnd => false,
            Until::OthersWait { since, backlog, .. } => backlog.is_waiting() && slice_is_over(since, backlog),
            Until::IsWanted(awaited) => awaited.wants_its_caller(),
        }
    }
}

#[cold]
fn slice_is_over(since: u64, backlog: &Backlog) -> bool {
    backlog.is_woken() || clock::now().saturating_sub(since) > SLICE
}

impl fmt::Debug for Until<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TheEnd => "TheEnd",
            Self::OthersWait { .. } => "OthersWait",
            Self::IsWanted(_) => "IsWanted",
        })
    }
}
