//! Who is in a team: one word that says whether helpers may join, how many have, and whether the caller
//! sleeps.
//!
//! ```text
//!              open                      try_join / leave
//!   CLOSED, 0 ──────▶ OPEN, 0 members ◀────────────────────▶ OPEN, n members
//!       ▲                  │                                      │ close
//!       │                  │ close                                ▼
//!       └──────────────────┴───────────────────────────── CLOSED, n members
//!          no member left: the caller goes on                leave, n times
//! ```
//!
//! | bits | meaning | set by | cleared by |
//! |---|---|---|---|
//! | 0 ..= 28 | helpers that have joined and not left | `try_join` (+1) | `leave` (−1) |
//! | 29 `DETACHED` | the run has no caller: the last member that leaves closes the team | the first member, `open_detached` | the last one, `leave` |
//! | 30 `ASLEEP` | the caller is parked, or about to be | the caller, `fall_asleep` | `claim_wake`, by whoever wakes it or by the caller itself |
//! | 31 `OPEN` | a run is going on and helpers may join | the caller, `open`; `open_detached` | the caller, `close`; the last member of a run without a caller, `leave` |
//!
//! Between a successful `try_join` and the matching `leave` a helper may read the run's memory, which lies on
//! the caller's stack. `leave` is its last access, and the caller doesn't return before it is [`close`]d and
//! empty. In a run without a caller that memory is on the heap, and the last member has it, and the team, to
//! itself.
//!
//! [`close`]: Membership::close

use crate::sync::{AtomicUsize, Ordering};

const OPEN: usize = 1 << 31;
const ASLEEP: usize = 1 << 30;
const DETACHED: usize = 1 << 29;
const COUNT: usize = DETACHED - 1;

/// Whether helpers may join a team, how many have, and whether the caller sleeps: one word, whose bits are in
/// the module's docs.
#[derive(Debug)]
pub(crate) struct Membership {
    word: AtomicUsize,
}

/// What a helper has to do after it has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Left {
    /// Wake the caller: it sleeps, and this was the last helper.
    WakeCaller,
    /// See to what is left of a run without a caller: this was the last member, and has closed the team.
    Last,
    /// Nothing.
    Nothing,
}

impl Membership {
    pub(crate) fn new() -> Self {
        Self { word: AtomicUsize::new(0) }
    }

    /// The caller starts a run. There are no members now.
    #[inline]
    pub(crate) fn open(&self) {
        debug_assert_eq!(self.word.load(Ordering::Relaxed), 0, "opened while in use");
        // Ordering: Release pairs with the Acquire of `try_join`: who joins sees the run's memory set up.
        self.word.store(OPEN, Ordering::Release);
    }

    /// Starts a run without a caller, or goes on with it. The calling thread is the first member; there are
    /// no others.
    pub(crate) fn open_detached(&self) {
        debug_assert_eq!(self.word.load(Ordering::Relaxed), 0, "opened while in use");
        // Ordering: as in `open`.
        self.word.store(OPEN | DETACHED | 1, Ordering::Release);
    }

    /// Whether the run has no caller: certain for members, otherwise a hint.
    pub(crate) fn is_detached(&self) -> bool {
        self.word.load(Ordering::Relaxed) & DETACHED != 0
    }

    /// Whether a helper could join a team with so many places: a hint, since it may change at once.
    pub(crate) fn may_join(&self, places: usize) -> bool {
        Self::has_room(self.word.load(Ordering::Relaxed), places)
    }

    /// The caller has one of the places, if it is a member.
    fn has_room(word: usize, places: usize) -> bool {
        word & OPEN != 0 && (word & COUNT) + usize::from(word & DETACHED == 0) < places
    }

    /// A helper joins, unless the team is closed or all its `places` are taken.
    #[must_use]
    pub(crate) fn try_join(&self, places: usize) -> bool {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            if !Self::has_room(word, places) {
                return false;
            }
            // Ordering: Acquire pairs with the Release of `open`: the helper sees the run's memory set up.
            match self.word.compare_exchange_weak(word, word + 1, Ordering::Acquire, Ordering::Relaxed) {
                Ok(_) => return true,
                Err(now) => word = now,
            }
        }
    }

    /// A helper leaves: its last access to the run, unless it is the last of one without a caller.
    pub(crate) fn leave(&self) -> Left {
        if self.is_detached() {
            return self.leave_detached();
        }
        // Ordering: Release pairs with the Acquire of `is_empty`: what the helper did to the run's memory
        // comes before the caller takes it away. The word is in memory that outlives the run, so it may be
        // touched here.
        let before = self.word.fetch_sub(1, Ordering::Release);
        debug_assert_ne!(before & COUNT, 0, "left without joining");
        if before & (ASLEEP | COUNT) == ASLEEP | 1 { Left::WakeCaller } else { Left::Nothing }
    }

    fn leave_detached(&self) -> Left {
        let leave = |word: usize| {
            debug_assert_ne!(word & COUNT, 0, "left without joining");
            Some(if word & COUNT == 1 { 0 } else { word - 1 })
        };
        // Ordering: Release pairs with the Acquire of the last member, here: what others did comes before
        // what that one does with the run. (These are read-modify-writes, so reading the last one's value is
        // enough.)
        match self.word.fetch_update(Ordering::AcqRel, Ordering::Relaxed, leave) {
            Ok(before) if before & COUNT == 1 => Left::Last,
            _ => Left::Nothing,
        }
    }

    /// The caller lets nobody in any more.
    #[inline]
    pub(crate) fn close(&self) {
        self.word.fetch_and(!OPEN, Ordering::Relaxed);
    }

    /// Whether every helper has left.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        // Ordering: Acquire pairs with the Release of each `leave` (these are read-modify-writes, so reading
        // the last one's value is enough): the caller may take the run's memory away.
        self.word.load(Ordering::Acquire) & COUNT == 0
    }

    /// The caller says that it is about to park. It must look for a reason not to after a `SeqCst` fence.
    pub(crate) fn fall_asleep(&self) {
        self.word.fetch_or(ASLEEP, Ordering::Relaxed);
    }

    /// Whether the caller is parked or about to be. After posting work, read it behind a `SeqCst` fence.
    pub(crate) fn is_asleep(&self) -> bool {
        self.word.load(Ordering::Relaxed) & ASLEEP != 0
    }

    /// Ends the caller's sleep: true for exactly one claimant, who has to unpark it (or is the caller
    /// itself).
    #[must_use]
    pub(crate) fn claim_wake(&self) -> bool {
        self.word.fetch_and(!ASLEEP, Ordering::Relaxed) & ASLEEP != 0
    }
}
