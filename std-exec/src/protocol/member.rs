//! One member of a team: the ready nodes that it keeps to itself, and those that it offers to others.

use crate::protocol::arrival_buffer::ArrivalBuffer;
use crate::protocol::biased_lock::BiasedLock;
use crate::protocol::ready_set::ReadySet;
use crate::protocol::stack::Stack;
use crate::protocol::turns::Turns;
use crate::sync::{AtomicBool, Ordering, Pause, Steal, Stealer, Worker, spin_loop};
use crossbeam_utils::CachePadded;
use dgraph_core::{Countdown, NodeId};
use std::cell::UnsafeCell;
use std::fmt;
use std::marker::PhantomData;

/// How many nodes a member offers, or takes, at once.
pub(crate) const BATCH: usize = 32;
/// How many nodes on offer are worth two thieves: one takes half of them.
const MANY: usize = 4;

/// A member's place, as everybody sees it.
pub(crate) struct Member {
    claimed: AtomicBool,
    lock: BiasedLock<Private>,
    /// Never more than [`BATCH`] nodes at a time, so that it needs no more memory than it has from the start.
    queue: UnsafeCell<Worker<NodeId>>,
    stealer: Stealer<NodeId>,
}

// SAFETY: `queue` is the only field that is not `Sync`. It is used through `Own` only, of which there is one
// at a time (contract of `Own::new`), by threads that `claimed` and the team's `taken` order.
unsafe impl Sync for Member {}

/// What a member keeps to itself as long as nobody needs it.
#[derive(Debug, Default)]
pub(crate) struct Private {
    pub(crate) ready: Stack,
    /// As long as the run is quiet: those that have just become ready. Nobody else runs any, so this member
    /// goes through memory as it was laid out.
    pub(crate) in_order: ReadySet,
    pub(crate) held: ArrivalBuffer,
}

impl Private {
    /// Makes room for a graph of so many nodes.
    pub(crate) fn reserve_for(&mut self, nodes: usize) {
        self.ready.reserve_for(nodes);
        self.in_order.reserve_for(nodes);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.in_order.is_empty() && self.held.is_empty()
    }

    /// Takes one in order or, in `turns`, the newest on the stack.
    #[inline]
    pub(crate) fn pop_in_turns(&mut self, turns: &mut Turns) -> Option<NodeId> {
        let Self { ready, in_order, .. } = self;
        let mut next = || in_order.pop().map(NodeId::new);
        turns.next(ready.len(), &mut next).or_else(|| ready.pop()).or_else(next)
    }

    /// The run isn't quiet any more: all go onto the stack, each one under those before it, so the first of
    /// the order is on top. (Others take the older half: the end of the order.)
    pub(crate) fn end_order(&mut self) {
        while let Some(node) = self.in_order.pop() {
            self.ready.push_oldest(NodeId::new(node));
        }
    }
}

impl Member {
    /// A member whose owner waits so for whoever robs it.
    pub(crate) fn new(pause: Pause) -> Self {
        let queue = Worker::new_fifo();
        let stealer = queue.stealer();
        let lock = BiasedLock::new(Private::default(), pause);
        Self { claimed: AtomicBool::new(false), lock, queue: UnsafeCell::new(queue), stealer }
    }

    /// Takes the place, if it is free.
    #[must_use]
    pub(crate) fn claim(&self) -> bool {
        // Ordering: Acquire pairs with the Release in `give_up`.
        self.claimed.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Ends what `claim` has begun.
    pub(crate) fn give_up(&self) {
        // Ordering: Release pairs with the Acquire in `claim`: the next owner sees queue and lock as they are
        // now.
        self.claimed.store(false, Ordering::Release);
    }

    /// Whether its queue has something to steal; a hint.
    pub(crate) fn offers(&self) -> bool {
        !self.stealer.is_empty()
    }

    /// Whether there may be something to steal or to rob: see [`BiasedLock::has_surplus`].
    pub(crate) fn has_surplus(&self) -> bool {
        self.lock.has_surplus()
    }
}

/// A member as itself: the thread that sits in the place, outside of a body.
pub(crate) struct Own<'a> {
    member: &'a Member,
    members: &'a [CachePadded<Member>],
    place: usize,
    /// Belongs to one thread.
    here: PhantomData<*const ()>,
}

impl<'a> Own<'a> {
    /// Member `place` of `members`.
    ///
    /// # Safety
    ///
    /// As long as the result is in use, no other thread has claimed the place, and there is no other `Own` of
    /// it.
    pub(crate) unsafe fn new(members: &'a [CachePadded<Member>], place: usize) -> Self {
        Self { member: &members[place], members, place, here: PhantomData }
    }

    /// The other members, the next one first.
    fn others(&self) -> impl Iterator<Item = &'a Member> + use<'a> {
        self.members[self.place + 1..].iter().chain(&self.members[..self.place]).map(|member| &**member)
    }

    /// Uses the private memory.
    #[inline(always)]
    pub(crate) fn with<R>(&mut self, work: impl FnOnce(&mut Private) -> R) -> R {
        // SAFETY: this is the place's only `Own` (contract of `new`), and while `in_body` or another `with`
        // goes on it is mutably borrowed.
        unsafe { self.member.lock.with(work) }
    }

    /// Calls `body`. Meanwhile others may take from the private memory; also if it unwinds, that is over at
    /// the end.
    #[inline]
    pub(crate) fn in_body<R>(&mut self, body: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a BiasedLock<Private>);
        impl Drop for Leave<'_> {
            #[inline]
            fn drop(&mut self) {
                // A thief that finds nothing is the next one's business.
                let _ = self.0.leave();
            }
        }
        let lock = &self.member.lock;
        lock.enter();
        let leave = Leave(lock);
        let result = body();
        std::mem::forget(leave);
        if lock.leave() {
            self.settle();
        }
        result
    }

    /// Lowers a surplus that isn't one any more, after a thief has come who may have found this member out of
    /// its body.
    #[cold]
    fn settle(&mut self) {
        let nothing_kept = self.with(|private| private.is_empty());
        if nothing_kept && self.offers_nothing() {
            let _ = self.raise(false);
        }
    }

    /// Whether this is the caller of the run.
    pub(crate) fn is_caller(&self) -> bool {
        self.place == 0
    }

    /// Moves the older half of the ready nodes from the private memory to the queue, if that is empty.
    /// Whether it was.
    pub(crate) fn offer_some(&mut self) -> bool {
        let empty = self.offers_nothing();
        if empty {
            let queue = self.queue();
            self.with(|private| {
                private.ready.take_older_half(BATCH).for_each(|node| queue.push(node));
            });
        }
        empty
    }

    /// Whether nothing is on offer.
    #[inline]
    pub(crate) fn offers_nothing(&self) -> bool {
        self.queue().is_empty()
    }

    /// Whether there is more on offer than one thief takes.
    pub(crate) fn offers_many(&self) -> bool {
        self.queue().len() >= MANY
    }

    #[inline]
    fn queue(&self) -> &'a Worker<NodeId> {
        // SAFETY: only the place's only `Own` uses the queue, always through shared references.
        unsafe { &*self.member.queue.get() }
    }

    /// Takes back a node that nobody has taken.
    pub(crate) fn take_back(&mut self) -> Option<NodeId> {
        self.queue().pop()
    }

    /// Says whether there is something for others. True if that is news, and somebody has to be told.
    #[inline]
    #[must_use]
    pub(crate) fn raise(&mut self, surplus: bool) -> bool {
        self.member.lock.raise(surplus)
    }

    /// Takes up to half of what another member offers: one node to run, the others to the own queue, which is
    /// empty.
    pub(crate) fn steal(&mut self) -> Option<NodeId> {
        for member in self.others() {
            loop {
                match member.stealer.steal_batch_with_limit_and_pop(self.queue(), BATCH) {
                    Steal::Success(node) => return Some(node),
                    Steal::Empty => break,
                    Steal::Retry => spin_loop(),
                }
            }
        }
        None
    }

    /// Takes from another member's private memory what may be taken: the arrivals that it holds back, and the
    /// older half of its ready nodes. Whether there was anything.
    pub(crate) fn rob(&mut self, countdown: Countdown<'_>) -> bool {
        self.others().filter(|member| member.has_surplus()).any(|member| {
            let robbed = member.lock.try_rob(|theirs| {
                let taken = self.with(|mine| {
                    let before = mine.ready.len();
                    theirs.held.flush(countdown, |node| mine.ready.push(node));
                    theirs.end_order();
                    let half = theirs.ready.take_older_half(usize::MAX);
                    half.for_each(|node| mine.ready.push(node));
                    mine.ready.len() > before
                });
                // What is left, if anything. It can't be news that there is.
                let _ = member.lock.raise(!theirs.ready.is_empty() || member.offers());
                taken
            });
            robbed.unwrap_or(false)
        })
    }
}

impl fmt::Debug for Member {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Member").field("lock", &self.lock).finish_non_exhaustive()
    }
}
