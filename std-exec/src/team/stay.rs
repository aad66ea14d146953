//! How long a helper stays in a run: until there is nothing left to take, or until it is wanted elsewhere.
//!
//! A worker that is in the middle of nothing leaves a run after a *slice* if another run waits for a thread,
//! or has a node that is bound to this worker, so that runs take turns. It leaves before that, at its next
//! node, if the other run waits because a future was woken; and, for a node that is bound to it, where it
//! would look for more nodes, unless it came while bound nodes had to wait for their turn. A thread that
//! waits for a run of its own leaves a run nested in that as soon as its own has something to do. What a
//! helper has not run when it leaves, it hands in.

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
    /// As a worker that came at this time; `bound_first` if nodes that are bound to it need not wait for a
    /// slice.
    OthersWait { worker: usize, since: u64, backlog: &'a Backlog, bindings: &'a Bindings, bound_first: bool },
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
        Self(Until::OthersWait { worker, since: clock::now(), backlog, bindings, bound_first: true })
    }

    /// The same, but in a turn for which nodes that are bound to this worker have to wait.
    pub(crate) fn before_bound_nodes(self) -> Self {
        match self.0 {
            Until::OthersWait { worker, since, backlog, bindings, .. } => {
                Self(Until::OthersWait { worker, since, backlog, bindings, bound_first: false })
            }
            until => Self(until),
        }
    }

    /// Of a thread that waits for `awaited`.
    pub(crate) fn of_one_who_waits_for(awaited: &'a dyn Awaited) -> Self {
        Self(Until::IsWanted(awaited))
    }

    /// Whether it is in the middle of a node of another run.
    pub(crate) fn is_in_between(&self) -> bool {
        matches!(self.0, Until::IsWanted(_))
    }

    /// Whether a node that only this thread can take waits in another run, for which it leaves without delay.
    /// `here`: there is one in this run, too.
    pub(crate) fn is_wanted_elsewhere(&self, here: bool) -> bool {
        match self.0 {
            Until::OthersWait { worker, bindings, bound_first: true, .. } => {
                bindings.want_beside(worker, here)
            }
            _ => false,
        }
    }

    /// Whether it is over. To be asked between two nodes. `here` as above.
    #[inline]
    pub(crate) fn is_over(&self, here: bool) -> bool {
        match self.0 {
            Until::TheEnd => false,
            Until::OthersWait { worker, since, backlog, bindings, .. } => {
                (backlog.is_waiting() || bindings.want_beside(worker, here)) && slice_is_over(since, backlog)
            }
            Until::IsWanted(awaited) => awaited.wants_its_caller(),
        }
    }
}

/// Whether a worker that came at this time has to leave, if some run waits.
#[cold]
pub(crate) fn slice_is_over(since: u64, backlog: &Backlog) -> bool {
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
