//! A run that one member *drives* alone, until somebody breaks in: as a walk, for runs whose nodes may come back.
//!
//! Nodes that come back have no order that is known beforehand, so there is nothing to walk through. But alone, a member needs
//! no queue either, nor a read-modify-write for an arrival: it takes ready nodes upwards in memory, and the counters are its own.
//! A helper that wants a part *asks* the driver, who shares at its next node; if the driver is in a body, which may block or
//! take long, the helper robs it of everything at once, in the way of [`Seat`]. From then on the run is like any other.
//!
//! ```text
//!            claim             all nodes complete, or none ready: share
//!   OFFERED ───────▶ DRIVEN ───────────────────────────────────────────┐
//!                      │  │ break_in: the driver is in a body          ▼
//!                  ask │  └────────────────────────────────────────▶ SHARED
//!                      ▼                                               ▲
//!                    ASKED ────────────────────────────────────────────┘
//!                             share, at the next node, or break_in
//! ```
//!
//! | what | driver | helper |
//! |---|---|---|
//! | ready nodes, the run's counters as plain memory | outside of a body, until it finds `SHARED` | in `break_in`, while the driver is in a body |
//! | the state | `claim`, `share`; reads it after each body | `ask`, `break_in` |
//!
//! Either `share` or a `break_in` comes first, since the latter finds the driver in a body and the former is outside of it;
//! whoever it is has all nodes that are ready, and the driver the one that it is in the middle of.

use crate::ready_set::ReadySet;
use crate::seat::Seat;
use crate::sync::{AtomicUsize, Ordering};
use crate::turns::{Next, Turns};
use crossbeam_utils::CachePadded;
use dgraph_core::NodeId;
use std::fmt;
use std::marker::PhantomData;

const OFFERED: usize = 0;
const DRIVEN: usize = 1;
const ASKED: usize = 2;
const SHARED: usize = 3;

/// See the [module](self). It lives as long as its team, and is used by one run after the other.
pub(crate) struct Solo {
    /// The driver reads and writes these at each node, others hardly ever.
    word: CachePadded<Word>,
    seat: Seat<Ready>,
}

#[derive(Debug)]
struct Word {
    state: AtomicUsize,
    /// How many bodies have been begun: who watches sees whether one takes long.
    beat: AtomicUsize,
    /// How many nodes were complete when the last one was begun.
    done: AtomicUsize,
}

impl Solo {
    pub(crate) fn new() -> Self {
        let word =
            Word { state: AtomicUsize::new(SHARED), beat: AtomicUsize::new(0), done: AtomicUsize::new(0) };
        Self { word: CachePadded::new(word), seat: Seat::new(Ready::default()) }
    }

    // Relaxed, for the state, but for its last step: what it is about goes from driver to helper, and back, by the seat, and before a
    // claim by the membership's word.

    /// A run begins, for somebody to drive. To be called before it is open. (After each run it is shared, whether or not it was
    /// driven.)
    pub(crate) fn open(&self) {
        self.word.state.store(OFFERED, Ordering::Relaxed);
    }

    /// Makes room for a graph of so many nodes, so that driving it needs none later. To be called before the
    /// run is open.
    pub(crate) fn reserve(&self, nodes: usize) {
        self.open();
        if let Some(mut driver) = self.claim() {
            driver.with(|ready| ready.reset(nodes));
            driver.share(|_| {});
        }
    }

    /// The calling thread drives, unless somebody else does or has.
    #[must_use]
    pub(crate) fn claim(&self) -> Option<Driver<'_>> {
        let claimed = self.step(OFFERED, DRIVEN);
        claimed.then_some(Driver { solo: self, beats: 0, here: PhantomData })
    }

    fn step(&self, from: usize, to: usize) -> bool {
        self.word.state.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }

    fn set_shared(&self) {
        // Not a store: somebody may ask at the same time, and loom doesn't know which of the two comes first then.
        // Ordering: Release pairs with the Acquire of `is_driven`: the driver's counters, and all that it has run, come before what
        // others do then. (Not all nodes that they take come from the driver: others may have been woken.)
        self.word.state.swap(SHARED, Ordering::Release);
    }

    fn state(&self) -> usize {
        self.word.state.load(Ordering::Relaxed)
    }

    /// Whether nobody has begun to drive; a hint.
    pub(crate) fn is_offered(&self) -> bool {
        self.state() == OFFERED
    }

    /// Whether somebody drives; a hint if so. Otherwise what was done until the run was shared is visible.
    pub(crate) fn is_driven(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `set_shared`.
        matches!(self.word.state.load(Ordering::Acquire), DRIVEN | ASKED)
    }

    /// Whether the driver has been asked to share, and hasn't yet; a hint.
    pub(crate) fn is_asked(&self) -> bool {
        self.state() == ASKED
    }

    /// Asks the driver, if there is one, to share at its next node.
    pub(crate) fn ask(&self) {
        self.step(DRIVEN, ASKED);
    }

    /// Changes from node to node; a hint.
    pub(crate) fn beat(&self) -> usize {
        self.word.beat.load(Ordering::Relaxed)
    }

    /// How many nodes the driver has completed, about.
    pub(crate) fn done(&self) -> usize {
        self.word.done.load(Ordering::Relaxed)
    }

    /// A helper takes all ready nodes, if the driver is in a body. Whether it was. Calls `each` with them, the next one first.
    pub(crate) fn break_in(&self, each: impl FnMut(NodeId)) -> bool {
        let robbed = self.seat.try_rob(|ready| {
            // After the run has been shared, the driver is in no body here.
            self.set_shared();
            ready.drain(each);
        });
        robbed.is_some()
    }
}

/// The member that drives. There is one a run.
pub(crate) struct Driver<'a> {
    solo: &'a Solo,
    beats: usize,
    /// Belongs to one thread.
    here: PhantomData<*const ()>,
}

impl Driver<'_> {
    /// Uses the ready nodes.
    #[inline(always)]
    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&mut Ready) -> R) -> R {
        // SAFETY: `claim` gives one driver a run, and a run ends before the next is open. It is mutably borrowed here and in
        // `in_body`, so it is outside of a body and in no other such call.
        unsafe { self.solo.seat.with(work) }
    }

    /// Calls `body`, with so many nodes done. Meanwhile somebody may break in; also if it unwinds, that is over at the end.
    #[inline]
    pub(crate) fn in_body<R>(&mut self, done: usize, body: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a Seat<Ready>);
        impl Drop for Leave<'_> {
            #[inline]
            fn drop(&mut self) {
                // Whoever has come has changed the state.
                let _ = self.0.leave();
            }
        }
        self.beats = self.beats.wrapping_add(1);
        self.solo.word.beat.store(self.beats, Ordering::Relaxed);
        self.solo.word.done.store(done, Ordering::Relaxed);
        self.solo.seat.enter();
        let _leave = Leave(&self.solo.seat);
        body()
    }

    /// Whether it is to go on alone. If not, and nobody has broken in, it has to [`share`](Self::share).
    #[inline]
    pub(crate) fn goes_on(&self) -> bool {
        self.solo.state() == DRIVEN
    }

    /// Whether the counters are still the driver's own. To be asked after a body.
    #[inline]
    pub(crate) fn is_alone(&self) -> bool {
        self.solo.state() != SHARED
    }

    /// Ends it, if nobody has broken in. Calls `each` with all nodes that are ready, the next one first.
    pub(crate) fn share(&mut self, each: impl FnMut(NodeId)) {
        self.with(|ready| ready.drain(each));
        self.solo.set_shared();
    }
}

/// The nodes that a driver may run.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    set: ReadySet,
    turns: Turns,
}

impl Ready {
    /// For nodes of a graph of so many.
    pub(crate) fn reset(&mut self, nodes: usize) {
        self.set.reset(nodes);
        self.turns.reset(nodes);
    }

    /// `node` is ready.
    #[inline]
    pub(crate) fn push(&mut self, node: NodeId) {
        self.set.push(node.get());
    }

    /// Those that have been run, and are to be run again.
    #[inline]
    pub(crate) fn again(&mut self) -> &mut Turns {
        &mut self.turns
    }

    /// Takes the next node.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<NodeId> {
        let set = &mut self.set;
        self.turns.next(|| set.pop().map(NodeId::new)).map(|turn| match turn {
            Next::Again(node) | Next::Ready(node) => node,
        })
    }

    fn drain(&mut self, mut each: impl FnMut(NodeId)) {
        while let Some(node) = self.pop() {
            each(node);
        }
    }
}

impl fmt::Debug for Solo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Solo").field("word", &self.word).finish_non_exhaustive()
    }
}
