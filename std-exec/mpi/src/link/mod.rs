//! A rank's end of the job: numbers what all ranks do together, and sees to it that each message gets where
//! it belongs.
//!
//! All ranks do the same operations in the same order (build a graph, run it, gather), and number them alike.
//! Each operation ends with an agreement: what ranks have come to goes up a binary tree, and what all have
//! come to goes down again. So no rank is ahead of another by more than what one operation sends before its
//! end, and messages that come too early wait here.
//!
//! ```text
//!   a rank's part is done ─▶ reports of both children ─▶ Report to the parent ─▶ … ─▶ rank 0
//!                                                        Verdict to both children ◀─ …
//! ```

mod core;
mod current;
mod inbox;
mod operation;
mod patience;
mod tree;
mod turns;
mod watchdog;

pub use self::core::Traffic;
pub(crate) use current::with_current;
pub(crate) use operation::Operation;
pub(crate) use turns::{block_on, next_turn};

use self::core::Core;
use crate::port::Port;
use crate::transport::Transport;
use current::Entered;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A rank's end of the job, over a [`Transport`].
///
/// All ranks make their links and graphs, and run them, in the same order, as everything in MPI that ranks do
/// together. If a link is dropped while the others go on, whatever they do next ends with
/// [`LinkError::Left`](crate::LinkError::Left).
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{InProcess, Link};
/// let ends = InProcess::network(2);
/// std::thread::scope(|scope| {
///     for end in ends {
///         scope.spawn(|| {
///             let link = Link::new(end);
///             assert!(link.rank() < link.size());
///         });
///     }
/// });
/// ```
pub struct Link {
    /// `None` while it is this thread's current one.
    core: Option<Box<Core>>,
}

impl Link {
    /// This rank's end of the job.
    pub fn new(transport: impl Transport + 'static) -> Self {
        Self { core: Some(Box::new(Core::new(Box::new(transport)))) }
    }

    /// From now on, an operation ends with [`LinkError::Stalled`](crate::LinkError::Stalled) when this rank
    /// has waited for so long, without a message or anything to do. Default: it waits for ever.
    ///
    /// It has to be longer than the longest time in which other ranks compute and say nothing. A rank that
    /// has done its part and waits for the others gives them two or three times as long. All ranks get to
    /// know, and the link can't be used any more.
    pub fn set_timeout(&mut self, timeout: Option<Duration>) {
        self.core_mut().patience.timeout = timeout;
    }

    /// This rank, from 0 on.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.core().rank()
    }

    /// How many ranks there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.core().size()
    }

    /// What the link has carried so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.core().traffic
    }

    /// No other link of this process has this number.
    pub(crate) fn id(&self) -> u64 {
        self.core().id
    }

    /// Whether the thread has nothing else to do while it waits.
    pub(crate) fn set_has_time(&mut self, has_time: bool) {
        self.core_mut().patience.has_time = has_time;
    }

    /// The number that the next graph has.
    pub(crate) fn next_graph(&self) -> u32 {
        self.core().inbox.next_graph()
    }

    /// Delivers messages of the graph to `port` from now on.
    pub(crate) fn connect(&mut self, port: &Arc<Port>) {
        self.core_mut().inbox.connect(port);
    }

    fn core(&self) -> &Core {
        self.core.as_ref().expect("it is back when the operation's turn is over")
    }

    fn core_mut(&mut self) -> &mut Core {
        self.core.as_mut().expect("it is back when the operation's turn is over")
    }

    /// Makes it this thread's current one, while nodes may run.
    pub(crate) fn enter(&mut self) -> Entered<'_> {
        current::enter(&mut self.core)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(core) = &mut self.core {
            core.leave();
        }
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Link");
        if let Some(core) = &self.core {
            shown.field("rank", &core.rank()).field("size", &core.size());
        }
        shown.finish_non_exhaustive()
    }
}
