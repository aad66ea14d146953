//! A run without a caller, as its executor holds it: in a queue, worked on by a team, or asleep until a
//! future is woken.
//!
//! Only a run that is worked on has a team. So open runs cost their executor nothing: however many wait, for
//! a thread or for a wake-up, nobody looks at them.
//!
//! ```text
//!              begin                  claim: a thread takes it, with a team
//!     OVER ─────────────▶ QUEUED ──────────────────────────────────────────▶ ACTIVE
//!      ▲                  │ ▲ ▲                                                │
//!      │                  │ │ │                the last member leaves: settle ─┤
//!      ├◀──── close ──────┘ │ └────────────────────────── more to do ──────────┤
//!      │               wake │                                                  │
//!      ├◀──── close ────── IDLE ◀──────────────────────── all nodes wait ──────┤
//!      │                                                                       │
//!      └◀──────────────────────────────────────────────── all done, or CLOSING ┘
//! ```
//! The owner, too, may take it, for the caller's own nodes (`claim_for_owner`): from `QUEUED` or `IDLE` to
//! `ACTIVE`. A run that waits for certain workers only (to `settle`, more to do) is `QUEUED` but not
//! `LISTED`: they have lists of their own (`RunQueue::push_for`).
//!
//! | bits | meaning | set by | cleared by |
//! |---|---|---|---|
//! | 0, 1 | the state | see above | |
//! | 2 `LISTED` | it is in the executor's queue, or about to be | `begin`, `wake`, `settle` | `claim`, by whoever has taken it off |
//! | 3 `WOKEN` | a future was woken while it was `ACTIVE` | `wake` | `claim`, `claim_for_owner`, `settle` |
//! | 4 `CLOSING` | the owner wants the run when the last member has left | `close`, `orphan` | `settle` |
//!
//! | what | who may touch it |
//! |---|---|
//! | `rest` | the owner while it is `OVER`; whoever has claimed it, until its team is open; the last member that leaves, until `settle` |
//!
//! The owner may take the run's memory away as soon as it is `OVER`: so `settle` is the last access to that.

use super::executor_id::ExecutorId;
use super::workers::Workers;
use crate::sleep::Parker;
use crate::sync::thrown::discard;
use crate::sync::{AtomicPtr, AtomicUsize, Mutex, Ordering, lock};
use crate::tuner::Budget;
use dgraph_core::NodeId;
use std::cell::UnsafeCell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::task::Waker;

const OVER: usize = 0;
const QUEUED: usize = 1;
const ACTIVE: usize = 2;
const IDLE: usize = 3;
const STATE: usize = 3;
const LISTED: usize = 4;
const WOKEN: usize = 8;
const CLOSING: usize = 16;

/// What works on runs without a caller: a team.
///
/// # Safety
///
/// A `Job` may be copied to, and used on, any thread that has claimed the ticket in which it lies.
pub(crate) unsafe trait Works: Sized {
    /// What it has to know of a run.
    type Job: Copy;
}

/// A run without a caller; see the [module](self). It lives as long as anybody knows it, and is used by one
/// run of its graph after the other.
pub(crate) struct Ticket<T: Works> {
    /// Nobody else's queue may have it.
    executor: ExecutorId,
    word: AtomicUsize,
    /// Why the owner is to look; see [`Asked`].
    asks: AtomicUsize,
    owner: Mutex<Option<Waker>>,
    /// Where the owner waits for the last member.
    parker: Parker,
    /// Where it is worked on; otherwise a team that may be another run's.
    team: AtomicPtr<T>,
    rest: UnsafeCell<Rest<T>>,
    /// While it is listed. For the queue, under its lock.
    pub(crate) link: Mutex<Link<T>>,
    /// What ends the run in its owner's place.
    orphan: Mutex<Option<Orphan>>,
}

/// What ends a run that its owner can't wait for.
type Orphan = Box<dyn FnOnce() + Send>;

/// What a ticket that is listed knows of the queue.
pub(crate) struct Link<T: Works> {
    pub(crate) next: Option<Arc<Ticket<T>>>,
    /// It waits because a future was woken.
    pub(crate) woken: bool,
}

impl<T: Works> Default for Link<T> {
    fn default() -> Self {
        Self { next: None, woken: false }
    }
}

/// What is left to do when nobody works on the run.
pub(crate) struct Rest<T: Works> {
    pub(crate) job: Option<T::Job>,
    /// For how many nodes members need room; and how many nobody has reported as done.
    pub(crate) nodes: usize,
    pub(crate) unfinished: usize,
    /// Roots that nobody has taken.
    pub(crate) roots: usize,
    /// Nodes that are ready.
    pub(crate) ready: Vec<NodeId>,
    /// The workers that alone can take some node.
    pub(crate) workers: Workers,
    /// Nobody has begun, and the first member is to begin quietly.
    pub(crate) quiet: Option<Budget>,
    /// Its nodes may come back.
    pub(crate) wakes: bool,
    /// The run's place among those of the executor: see [`bindings`](crate::protocol::bindings).
    pub(crate) number: usize,
}

impl<T: Works> Rest<T> {
    const NOTHING: Self = Self {
        job: None,
        nodes: 0,
        unfinished: 0,
        roots: 0,
        ready: Vec::new(),
        workers: Workers::NONE,
        quiet: None,
        wakes: false,
        number: 0,
    };
}

/// What is to become of a run that its last member has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// All nodes are complete.
    Over,
    /// There is something for anybody.
    Again,
    /// There is nothing but for the workers in [`Rest::workers`], if there are any, and for the caller, if
    /// `caller`.
    Waits { caller: bool },
}

/// What is to be done about a ticket after a step.
#[derive(Debug)]
#[must_use]
pub(crate) enum Then<T> {
    Nothing,
    /// It goes into the executor's queue; and was woken.
    Enqueue,
    EnqueueWoken,
    /// These workers are wanted for it; and then, perhaps, its owner.
    EnqueueFor {
        workers: Workers,
        ask_owner: bool,
    },
    /// This team works on it, or did, and is to look for woken nodes.
    Tell(*const T),
}

/// What the owner finds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub(crate) enum Asked {
    /// The run is over, and its memory the owner's.
    Over,
    /// There may be something for the caller to run, or a reason to end the run.
    ToLook,
    /// The owner will be woken when that has changed.
    Nothing,
}

// SAFETY: `rest` is the only field that is not `Sync`; the module's table says who may touch it when, and the
// transitions of `word` order these accesses. The job in it may be used on any thread, by the contract of
// `Works`.
unsafe impl<T: Works> Sync for Ticket<T> {}
// SAFETY: as above.
unsafe impl<T: Works> Send for Ticket<T> {}

impl<T: Works> Ticket<T> {
    /// For runs on this executor.
    pub(crate) fn new(executor: ExecutorId) -> Arc<Self> {
        Arc::new(Self {
            executor,
            word: AtomicUsize::new(OVER),
            asks: AtomicUsize::new(0),
            owner: Mutex::new(None),
            parker: Parker::new(),
            team: AtomicPtr::new(ptr::null_mut()),
            rest: UnsafeCell::new(Rest::NOTHING),
            link: Mutex::new(Link::default()),
            orphan: Mutex::new(None),
        })
    }

    /// Changes the word as `step` says, if it says so. What it was before.
    fn step(&self, step: impl Fn(usize) -> Option<usize>) -> Result<usize, usize> {
        // Ordering: Release pairs with the Acquire of whatever takes the next step: it finds the run as it is
        // now. Each step is a read-modify-write, so one that reads a later one sees all before.
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, step)
    }

    fn state(&self) -> usize {
        // Ordering: Acquire pairs with the Release in `step`: who finds the run over finds all that was done
        // in it.
        self.word.load(Ordering::Acquire) & STATE
    }

    /// Whether nobody works on it any more, and nobody will. What was done in it is visible then.
    pub(crate) fn is_over(&self) -> bool {
        self.state() == OVER
    }

    /// Whether somebody works on it; a hint.
    pub(crate) fn is_active(&self) -> bool {
        self.state() == ACTIVE
    }

    /// Whether it is for runs on this executor.
    pub(crate) fn is_for(&self, executor: ExecutorId) -> bool {
        self.executor == executor
    }

    /// A run begins, with what `fill` writes to do.
    ///
    /// # Safety
    ///
    /// The calling thread owns the run, which is over. What `rest` tells to run stays valid until it is so
    /// again.
    pub(crate) unsafe fn begin(&self, fill: impl FnOnce(&mut Rest<T>)) -> Then<T> {
        debug_assert!(self.is_over(), "begun while under way");
        self.asks.store(0, Ordering::Relaxed);
        self.team.store(ptr::null_mut(), Ordering::Relaxed);
        // SAFETY: by contract, and by the module's table.
        fill(unsafe { &mut *self.rest.get() });
        let before = self.step(|word| (word & STATE == OVER).then_some(word & !STATE | QUEUED | LISTED));
        Self::after_listing(before.unwrap_or(LISTED))
    }

    /// A future was woken.
    pub(crate) fn wake(&self) -> Then<T> {
        // The word is written also if it doesn't change: who clears a mark sees what comes before each wake.
        let woken = self.step(|word| match word & STATE {
            IDLE | QUEUED => Some(word & !STATE | QUEUED | LISTED),
            ACTIVE => Some(word | WOKEN),
            _ => None,
        });
        match woken {
            // If by now it is another run's, that one takes a look for nothing.
            Ok(before) if before & STATE == ACTIVE => Then::Tell(self.team.load(Ordering::Relaxed)),
            Ok(before) if before & LISTED == 0 => Then::EnqueueWoken,
            _ => Then::Nothing,
        }
    }

    /// It is listed now; `before` says whether it was.
    fn after_listing(before: usize) -> Then<T> {
        if before & LISTED == 0 { Then::Enqueue } else { Then::Nothing }
    }

    /// Somebody has taken it off the queue, or comes because of its number. True if the run is the calling
    /// thread's to open.
    pub(crate) fn claim(&self, off_the_queue: bool) -> bool {
        let listed = if off_the_queue { LISTED } else { 0 };
        let claim = |word| match word & STATE {
            QUEUED => Some((word & !(STATE | WOKEN | listed)) | ACTIVE),
            _ => Some(word & !listed),
        };
        self.step(claim).is_ok_and(|before| before & STATE == QUEUED)
    }

    /// The owner takes it, for the caller's own nodes. Whether nobody works on it.
    pub(crate) fn claim_for_owner(&self) -> bool {
        self.step(|word| match word & STATE {
            QUEUED | IDLE => Some((word & !(STATE | WOKEN)) | ACTIVE),
            _ => None,
        })
        .is_ok()
    }

    /// The calling thread has claimed the run, and is about to work on it in `team`.
    pub(crate) fn is_worked_on_in(&self, team: &T) {
        self.team.store(ptr::from_ref(team).cast_mut(), Ordering::Relaxed);
    }

    /// The team in which it is worked on, if that is so; a hint. Null before the first time.
    pub(crate) fn team(&self) -> Option<*const T> {
        let team = self.team.load(Ordering::Relaxed).cast_const();
        self.is_active().then_some(team)
    }

    /// The last member has left, and has closed and given back its team. `next` is what `depart` has said;
    /// `any_woken` tells whether some future was woken.
    pub(crate) fn settle(&self, mut next: Next, any_woken: impl Fn() -> bool) -> Then<T> {
        // SAFETY: the last member; by the module's table.
        let workers = std::mem::take(unsafe { &mut (*self.rest.get()).workers });
        let waits_for_workers = !workers.is_empty();
        loop {
            let step = |word: usize| match next {
                _ if word & CLOSING != 0 => Some(word & LISTED | OVER),
                Next::Over => Some(word & LISTED | OVER),
                Next::Again => Some(LISTED | QUEUED),
                Next::Waits { .. } if word & WOKEN != 0 => Some(word & !WOKEN),
                Next::Waits { .. } if waits_for_workers => Some(word & LISTED | QUEUED),
                Next::Waits { .. } => Some(word & LISTED | IDLE),
            };
            let Ok(before) = self.step(step) else { unreachable!("there is always a step") };
            // Unless it goes round once more, the run's memory is another's from here on, or nobody's.
            match next {
                _ if before & CLOSING != 0 => {
                    let orphan = lock(&self.orphan).take();
                    match orphan {
                        Some(end) => discard(catch_unwind(AssertUnwindSafe(end))),
                        None => self.parker.unpark(),
                    }
                }
                Next::Over => self.call_owner(),
                Next::Again => return Self::after_listing(before),
                Next::Waits { caller } if before & WOKEN != 0 => {
                    // Cleared first, so that a wake that comes from now on is seen at the next step.
                    next = if any_woken() { Next::Again } else { Next::Waits { caller } };
                    continue;
                }
                Next::Waits { caller } => {
                    return Then::EnqueueFor { workers, ask_owner: caller };
                }
            }
            return Then::Nothing;
        }
    }

    /// The owner wants the run back. Waits until the last member has left. Its memory is the owner's then.
    pub(crate) fn close(&self) {
        let closing = |word: usize| match word & STATE {
            ACTIVE => Some(word | CLOSING),
            _ => Some(word & LISTED | OVER),
        };
        let Ok(before) = self.step(closing) else { unreachable!("there is always a step") };
        if before & STATE == ACTIVE {
            self.parker.park();
        }
        self.forget_owner();
    }

    /// The owner wants the run back, unless somebody works on it. Whether its memory is the owner's now.
    pub(crate) fn close_unless_active(&self) -> bool {
        self.step(|word| (word & STATE != ACTIVE).then_some(word & LISTED | OVER)).is_ok()
    }

    /// The last member that leaves calls `end`, which may take the run's memory away: the calling thread is
    /// one itself.
    pub(crate) fn orphan(&self, end: Orphan) {
        *lock(&self.orphan) = Some(end);
        let closing = self.step(|word| (word & STATE == ACTIVE).then_some(word | CLOSING));
        debug_assert!(closing.is_ok(), "the calling thread works on it");
        self.forget_owner();
    }

    /// What there is for the owner. If there is nothing, `owner` is woken when that has changed.
    pub(crate) fn poll(&self, owner: &Waker) -> Asked {
        if self.is_over() {
            return Asked::Over;
        }
        let known = lock(&self.owner).as_ref().is_some_and(|known| known.will_wake(owner));
        if !known {
            // Neither cloned nor dropped under the lock: these are the user's.
            let new = owner.clone();
            let old = lock(&self.owner).replace(new);
            old.into_iter().for_each(discard);
        }
        // A thread that changes something does so before it takes the waker, under the lock: either it finds
        // this one, or it has been there before, and what it changed is seen here.
        if self.is_over() {
            Asked::Over
        // Ordering: Acquire pairs with the Release in `ask_owner`: the owner sees why it is asked.
        } else if self.asks.swap(0, Ordering::AcqRel) != 0 {
            Asked::ToLook
        } else {
            Asked::Nothing
        }
    }

    /// The owner is to look.
    pub(crate) fn ask_owner(&self) {
        // Ordering: Release pairs with the Acquire in `poll`. These are read-modify-writes, so the owner sees
        // all the reasons.
        self.asks.swap(1, Ordering::AcqRel);
        self.call_owner();
    }

    fn call_owner(&self) {
        let owner = lock(&self.owner).take();
        if let Some(owner) = owner {
            // The user's code, which may panic: no business of whoever comes by here.
            let _ = catch_unwind(AssertUnwindSafe(|| owner.wake())).map_err(discard);
        }
    }

    /// Nobody is to be woken any more.
    pub(crate) fn forget_owner(&self) {
        let old = lock(&self.owner).take();
        old.into_iter().for_each(discard);
    }

    /// What is left to do.
    ///
    /// # Safety
    ///
    /// The calling thread may touch it, by the module's table, and has no other reference to it.
    #[allow(clippy::mut_from_ref, reason = "an `UnsafeCell`, by contract")]
    pub(crate) unsafe fn rest(&self) -> &mut Rest<T> {
        // SAFETY: by contract.
        unsafe { &mut *self.rest.get() }
    }
}

impl<T: Works> fmt::Debug for Ticket<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("word", &self.word).finish_non_exhaustive()
    }
}
