//! The walk: a caller that goes through the stored topological order by itself, until somebody breaks in.
//!
//! A walk uses no counters and no queue, so it is as fast as a plain loop; and nothing of it can be shared. A helper
//! that wants a part *breaks in*: it stops the walker where it is, finds out which nodes are left, counts how many of
//! the predecessors of each are among these, and makes the ready ones available to all. From then on the run goes
//! through the counters like any other. Breaking in works at any moment, also while the walker is in the middle of a
//! long body: a walk hides no ready node for longer than it takes a helper to come.
//!
//! ```text
//!                 claim, body, claim, body, …                 finish
//!   WALKING ───────────────────────────────────────────────▶ OVER      the walker has run every node
//!      │ seize (one helper)
//!      ▼                          release
//!   SEIZED ────────────────────────────────────────────────▶ SHARED    counters and queues are in use
//!   the walker stops at its next claim
//! ```
//!
//! The walker *claims* a node by writing its position and then looking whether it has been stopped; the helper writes
//! `SEIZED` and then looks at the position. With a fence between the two steps on both sides ([`fences`]), either the
//! walker sees that it has been stopped and doesn't run the node, or the helper sees that the node has been claimed.
//! If both happen, the node is the walker's: it learns from `release` up to where the helper has seen its claims.
//!
//! [`fences`]: crate::fences

use crate::fences;
use crate::fork::Process;
use crate::sync::{AtomicUsize, Backoff, Ordering};
use dgraph_core::NodeId;

const WALKING: usize = 0;
const SEIZED: usize = 1;
const SHARED: usize = 2;
const OVER: usize = 3;

/// See the [module](self). One walker, any number of helpers.
#[derive(Debug)]
pub(crate) struct Walk {
    state: AtomicUsize,
    /// How many positions the walker has claimed; it runs the last of these, or is about to. Written by it only.
    claimed: AtomicUsize,
    /// How many claims the helper has seen that broke in. Written by it only, before `SHARED`.
    seen: AtomicUsize,
    /// Where the helpers are.
    process: Process,
}

/// How it stands when the walker may not go on by itself: the nodes after the first `claimed` belong to everybody.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) struct BrokenIn {
    pub(crate) claimed: usize,
}

impl Walk {
    /// A run that starts with a walk, or one in which counters and queues are in use from the beginning.
    pub(crate) fn new(walking: bool) -> Self {
        Self {
            state: AtomicUsize::new(if walking { WALKING } else { SHARED }),
            claimed: AtomicUsize::new(0),
            seen: AtomicUsize::new(0),
            process: Process::current(),
        }
    }

    /// How many positions the walker has claimed; for itself.
    pub(crate) fn claimed(&self) -> usize {
        self.claimed.load(Ordering::Relaxed)
    }

    /// The walker claims the node at `position`, the one after its last. `FREE` as for [`fences::light`]. False if somebody has broken in: then it
    /// must not run the node before it has asked [`broken_in`](Self::broken_in).
    #[inline]
    #[must_use]
    pub(crate) fn claim<const FREE: bool>(&self, position: usize) -> bool {
        // Ordering: Release pairs with the Acquire in `seize`: the effects of the nodes before are visible to the
        // helper, which hands on what depends on them.
        self.claimed.store(position + 1, Ordering::Release);
        fences::light(FREE);
        self.state.load(Ordering::Relaxed) == WALKING
    }

    /// Claims the nodes of `order` and gives them to `run`, one after the other. False if a claim fails: the node there must
    /// not be run. `FREE` as for [`claim`](Self::claim).
    #[inline]
    #[must_use]
    pub(crate) fn through<const FREE: bool>(&self, order: &[NodeId], mut run: impl FnMut(NodeId)) -> bool {
        order.iter().enumerate().all(|(position, &node)| {
            let mine = self.claim::<FREE>(position);
            if mine {
                run(node);
            }
            mine
        })
    }

    /// The walker has run all nodes. False if somebody has broken in.
    #[must_use]
    pub(crate) fn finish(&self) -> bool {
        self.state.compare_exchange(WALKING, OVER, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    /// Waits until whoever has broken in is ready. Only to be called when somebody has.
    pub(crate) fn broken_in(&self) -> BrokenIn {
        let backoff = Backoff::new();
        // Ordering: Acquire pairs with the Release in `release`: the counters are set, `seen` is written.
        while self.state.load(Ordering::Acquire) != SHARED {
            self.process.or_abort();
            backoff.snooze();
        }
        BrokenIn { claimed: self.seen.load(Ordering::Relaxed) }
    }

    /// A helper breaks in. `None` if another one has, or if the walk is over. The helper has the counters to itself
    /// until it calls [`release`](Self::release).
    pub(crate) fn seize(&self) -> Option<BrokenIn> {
        self.state.compare_exchange(WALKING, SEIZED, Ordering::Relaxed, Ordering::Relaxed).ok()?;
        fences::heavy();
        // Ordering: Acquire pairs with the Release in `claim`.
        let claimed = self.claimed.load(Ordering::Acquire);
        self.seen.store(claimed, Ordering::Relaxed);
        Some(BrokenIn { claimed })
    }

    /// Lets the walker go on, as one member among others.
    pub(crate) fn release(&self) {
        // Ordering: Release pairs with the Acquire in `broken_in`.
        self.state.store(SHARED, Ordering::Release);
    }
}
