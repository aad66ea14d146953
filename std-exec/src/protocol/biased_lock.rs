//! A member's private memory, which others may take from while its owner is in the middle of a body.
//!
//! Ready nodes that a member keeps to itself cost it nothing; in a queue that others can reach each costs a
//! fence. But what is private is hidden while the owner runs a node, and that node may take long, or wait for
//! one of these. So the private memory has a second way in: a thief may *rob* it while the owner is in a
//! body, where it doesn't touch it.
//!
//! ```text
//!                  enter                                      try_rob
//!   owner OUTSIDE ───────▶ owner IN A BODY        FREE ───────────────────▶ ROBBED
//!         ▲                     │                   ▲   take, or leave        │
//!         └─────────────────────┘                   └─────────────────────────┘
//!           leave; waits while it is ROBBED
//! ```
//!
//! The owner, leaving its body, writes `OUTSIDE` and then looks whether it is being robbed; a thief writes
//! `ROBBED` and then looks where the owner is. With a fence between the two steps on both sides ([`fences`]),
//! either the owner sees the thief and waits, or the thief sees that the owner is outside and goes away
//! empty-handed. Hardly anybody is ever robbed, so the thief pays for both fences.
//!
//! | what | owner | thief |
//! |---|---|---|
//! | `private` | outside of a body | between a successful `try_rob` and its end |
//! | `surplus` | reads and writes at the same times | lowers at the same times, reads always |
//!
//! [`fences`]: crate::sync::asymmetric_fence

use crate::sync::asymmetric_fence;
use crate::sync::fork::Process;
use crate::sync::{AtomicBool, Backoff, Ordering, Pause, UnsafeCell};
use crossbeam_utils::CachePadded;
use std::fmt;

/// A member's private memory, which a thief may take from while its owner is in a body.
pub(crate) struct BiasedLock<T> {
    /// Written by the owner at each node, read by thieves that can't find anything else: apart from the
    /// others.
    in_body: CachePadded<AtomicBool>,
    robbed: CachePadded<AtomicBool>,
    /// There may be something to take here: in `private`, or in the owner's queue. Others look here often,
    /// and the owner uses `private` all the time: apart, too.
    surplus: CachePadded<AtomicBool>,
    /// Where the thieves are.
    process: Process,
    /// How its owner waits for a thief.
    pause: Pause,
    private: CachePadded<UnsafeCell<T>>,
}

// SAFETY: `private` is the only field that is not `Sync`; by the module's table one thread at a time uses it,
// and the Release and Acquire pairs in `enter`, `leave`, `try_rob` and `Robbery::drop` order these uses.
unsafe impl<T: Send> Sync for BiasedLock<T> {}

impl<T> BiasedLock<T> {
    pub(crate) fn new(private: T, pause: Pause) -> Self {
        Self {
            in_body: CachePadded::new(AtomicBool::new(false)),
            robbed: CachePadded::new(AtomicBool::new(false)),
            surplus: CachePadded::new(AtomicBool::new(false)),
            process: Process::current(),
            pause,
            private: CachePadded::new(UnsafeCell::new(private)),
        }
    }

    /// Lets the owner use its private memory.
    ///
    /// # Safety
    ///
    /// The calling thread is the owner, outside of a body, and not in such a call of this lock already.
    #[inline]
    pub(crate) unsafe fn with<R>(&self, work: impl FnOnce(&mut T) -> R) -> R {
        self.private.with_mut(|private| {
            // SAFETY: the owner is outside of a body, where no thief comes, and by contract this is its only
            // reference.
            work(unsafe { &mut *private })
        })
    }

    /// The owner begins a body: from now on it may be robbed.
    #[inline]
    pub(crate) fn enter(&self) {
        // Ordering: Release pairs with the Acquire in `try_rob`: the thief sees the private memory as it is
        // now.
        self.in_body.store(true, Ordering::Release);
    }

    /// The owner's body is over. Waits until it is not being robbed. True if a thief has come just now,
    /// perhaps for nothing.
    #[inline]
    pub(crate) fn leave(&self) -> bool {
        self.in_body.store(false, Ordering::Relaxed);
        asymmetric_fence::light(asymmetric_fence::light_is_free());
        // Ordering: Acquire pairs with the Release in `Robbery::drop`: the owner sees what was taken.
        let thief = self.robbed.load(Ordering::Acquire);
        if thief {
            self.wait_for_the_thief();
        }
        thief
    }

    #[cold]
    fn wait_for_the_thief(&self) {
        let backoff = Backoff::new();
        // Ordering: as in `leave`.
        while self.robbed.load(Ordering::Acquire) {
            self.process.or_abort();
            self.pause.snooze(&backoff);
        }
    }

    /// Whether there may be something to take. Certain for a thread that has passed a `SeqCst` fence after
    /// the owner's [`raise`](Self::raise) has passed its own; otherwise a hint.
    #[inline]
    pub(crate) fn has_surplus(&self) -> bool {
        self.surplus.load(Ordering::Relaxed)
    }

    /// Says whether there is something to take. True if that is news: then the owner must see to it that
    /// somebody comes. To be called by the owner outside of a body, or during a robbery.
    #[inline]
    #[must_use]
    pub(crate) fn raise(&self, surplus: bool) -> bool {
        // Not a read-modify-write: owner and thief never come here at once.
        let before = self.surplus.load(Ordering::Relaxed);
        if before != surplus {
            self.surplus.store(surplus, Ordering::Relaxed);
        }
        surplus && !before
    }

    /// Takes from the private memory what `take` takes, if the owner is in a body and nobody else robs it.
    pub(crate) fn try_rob<R>(&self, take: impl FnOnce(&mut T) -> R) -> Option<R> {
        // First only a glance: it disturbs nobody, and an owner that waits for one thief isn't met by the
        // next.
        if !self.in_body.load(Ordering::Relaxed) {
            return None;
        }
        // Ordering: Acquire pairs with the Release in `Robbery::drop`: this thief sees what the one before
        // has left.
        self.robbed.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).ok()?;
        let _robbery = Robbery(&self.robbed);
        asymmetric_fence::heavy();
        // Ordering: Acquire pairs with the Release in `enter`.
        if !self.in_body.load(Ordering::Acquire) {
            return None;
        }
        Some(self.private.with_mut(|private| {
            // SAFETY: no other thief is here. The owner was in a body after `robbed` was set, so when it
            // leaves that it will see it, and wait for the end of `_robbery`.
            take(unsafe { &mut *private })
        }))
    }
}

/// Ends a robbery, also if it unwinds by a bug of ours: the owner waits for it.
struct Robbery<'a>(&'a AtomicBool);

impl Drop for Robbery<'_> {
    fn drop(&mut self) {
        // Ordering: Release pairs with the Acquire in `leave` and in `try_rob`.
        self.0.store(false, Ordering::Release);
    }
}

impl<T> fmt::Debug for BiasedLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BiasedLock").field("surplus", &self.surplus).finish_non_exhaustive()
    }
}
