//! Wakers of a graph's futures: which of them were woken, and whom to tell.
//!
//! ```text
//!   any thread, at any time                     whoever runs the graph
//!   wake ─▶ cell: to be listed?                 take: the whole list at once
//!             │ yes                              │
//!             ▼                                  ▼
//!           list ── was the runner asleep? ──▶  poll those that are pending
//!                     yes: tell it
//! ```
//!
//! A waker is a pointer to its node's cell. The cells of a graph lie in one block, shared by the graph and all its wakers;
//! whoever lets go of it last frees it. So a waker may be used and dropped anywhere and at any time, also when run, graph and
//! executor are gone; it then lists its node for nobody.
//!
//! The list is a stack that is linked through the cells (Treiber 1986, *Systems programming: coping with parallelism*). It is
//! only ever taken as a whole, so there is no ABA problem. Its head also says whether the runner is asleep: then who finds it
//! so has to tell the runner, and nobody else.

mod cell;
#[cfg(all(test, dgraph_loom))]
mod models;
#[allow(unsafe_code)]
mod waker;

pub(crate) use waker::WakerRef;

use crate::sync::{AtomicU32, Mutex, Ordering, lock};
use cell::{Cell, Woken};
use crossbeam_utils::CachePadded;
use std::fmt;
use std::sync::{Arc, Weak};
use std::task::Waker;

/// The list is empty, and the runner is awake: it will look again.
const EMPTY: u32 = u32::MAX;
/// The list is empty, and the runner wants to be told when that changes.
const ASLEEP: u32 = u32::MAX - 1;

/// See the [module](self).
pub(crate) struct Wakes {
    /// The future that was woken last.
    head: CachePadded<AtomicU32>,
    /// Who is to be told.
    runner: Mutex<Option<Waker>>,
    slots: Box<[Slot]>,
}

/// What a waker points to.
struct Slot {
    cell: Cell,
    /// On the list: the next one.
    next: AtomicU32,
    /// The block that this lies in.
    wakes: Weak<Wakes>,
}

impl Wakes {
    /// For so many futures, and the run itself, which can be woken like one of them: it comes last.
    pub(crate) fn new(futures: usize) -> Arc<Self> {
        Arc::new_cyclic(|wakes| {
            let slot = || Slot { cell: Cell::new(), next: AtomicU32::new(EMPTY), wakes: Weak::clone(wakes) };
            Self {
                head: CachePadded::new(AtomicU32::new(EMPTY)),
                runner: Mutex::new(None),
                slots: std::iter::repeat_with(slot).take(futures + 1).collect(),
            }
        })
    }

    /// The number by which the run itself is woken.
    pub(crate) fn run(&self) -> u32 {
        u32::try_from(self.slots.len() - 1).expect("as many as nodes at the most")
    }

    /// Wakes the future `index`.
    #[inline]
    pub(crate) fn wake(&self, index: u32) {
        if self.slots[index as usize].cell.wake() == Woken::List {
            self.push(index);
        }
    }

    /// Puts a future onto the list that isn't there, and tells the runner if it is asleep.
    #[inline]
    fn push(&self, index: u32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let next = if head == ASLEEP { EMPTY } else { head };
            self.slots[index as usize].next.store(next, Ordering::Relaxed);
            // Ordering: Release pairs with the Acquire of `take`, which reads `next` (later pushes are read-modify-writes, so
            // they hand this one on). Acquire pairs with the Release of `fall_asleep`: who is to tell the runner finds it
            // registered.
            match self.head.compare_exchange_weak(head, index, Ordering::AcqRel, Ordering::Relaxed) {
                Ok(_) => break,
                Err(now) => head = now,
            }
        }
        if head == ASLEEP {
            self.tell();
        }
    }

    #[cold]
    fn tell(&self) {
        let runner = lock(&self.runner).take();
        if let Some(runner) = runner {
            runner.wake();
        }
    }

    /// Whether some future was woken; a hint.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.head.load(Ordering::Relaxed) < ASLEEP
    }

    /// Takes everything off the list; the runner is awake. Calls `each` for each future, in the order in which they were woken
    /// last first.
    #[inline]
    pub(crate) fn take(&self, mut each: impl FnMut(u32)) {
        // Ordering: Acquire pairs with the Release of `push`.
        let mut head = self.head.swap(EMPTY, Ordering::Acquire);
        while head < ASLEEP {
            let slot = &self.slots[head as usize];
            let next = slot.next.load(Ordering::Relaxed);
            slot.cell.unlist();
            each(head);
            head = next;
        }
    }

    /// The runner goes to sleep; the next wake tells `runner`. False if there is something on the list.
    #[must_use]
    pub(crate) fn fall_asleep(&self, runner: &Waker) -> bool {
        let registered = lock(&self.runner).as_ref().is_some_and(|known| known.will_wake(runner));
        if !registered {
            // Neither cloned nor dropped under the lock: these are the user's.
            let new = runner.clone();
            let old = lock(&self.runner).replace(new);
            drop(old);
        }
        // Ordering: Release pairs with the Acquire of `push`.
        self.head.compare_exchange(EMPTY, ASLEEP, Ordering::Release, Ordering::Relaxed).is_ok()
    }

    /// Nobody is to be told any more.
    pub(crate) fn detach(&self) {
        let old = lock(&self.runner).take();
        drop(old);
    }

    /// The waker of the future `index`, for a poll.
    #[inline]
    pub(crate) fn waker(&self, index: u32) -> WakerRef<'_> {
        WakerRef::new(&self.slots[index as usize])
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakes").field("any", &self.any()).finish_non_exhaustive()
    }
}
