//! A run without a caller, as its executor holds it: in a queue, worked on by a team, or asleep until a future is woken.
//!
//! Only a run that is worked on has a team. So open runs cost their executor nothing: however many wait, for a thread or for a
//! wake-up, nobody looks at them.
//!
//! ```text
//!               begin                    claim: a thread takes it, with a team
//!     OVER ──────────────▶ QUEUED ─────────────────────────────────────────▶ ACTIVE
//!      ▲  ▲                  ▲ │                                              │  │
//!      │  │            wake  │ └── close ──┐           the last member leaves: │  │
//!      │  │                  │             ▼                                  │  │
//!      │  └────────────── IDLE ──────▶ (OVER)   ◀── settle: nothing to do ────┤  │
//!      │        close               QUEUED      ◀── settle: more to do ───────┘  │
//!      └──────────────────────────────────── settle: all done, or CLOSING ───────┘
//! ```
//!
//! | bits | meaning | set by | cleared by |
//! |---|---|---|---|
//! | 0, 1 | the state | see above | |
//! | 2 `LISTED` | it is in the executor's queue, or about to be | `begin`, `wake`, `settle` | `claim`, by whoever has taken it off |
//! | 3 `WOKEN` | a future was woken while it was `ACTIVE` | `wake` | `claim`, `settle` |
//! | 4 `CLOSING` | the owner wants the run when the last member has left | `close`, `orphan` | `settle` |
//!
//! | what | who may touch it |
//! |---|---|
//! | `rest` | the owner while it is `OVER`; whoever has claimed it, until its team is open; the last member that leaves, until `settle` |
//!
//! The owner may take the run's memory away as soon as it is `OVER`: so `settle` is the last access to that.

use crate::context;
use crate::pace::Budget;
use crate::parker::Parker;
use crate::run_queue::Link;
use crate::shared::Shared;
use crate::sync::{AtomicPtr, AtomicUsize, Mutex, Ordering, lock};
use crate::team::{Job, Team};
use crate::thrown::discard;
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

/// See the [module](self). It lives as long as anybody knows it, and is used by one run of its graph after the other.
pub(crate) struct Ticket {
    /// Its address: nobody else's queue may have it.
    executor: usize,
    word: AtomicUsize,
    /// Why the owner is to look; see [`Asked`].
    asks: AtomicUsize,
    owner: Mutex<Option<Waker>>,
    /// Where the owner waits for the last member.
    parker: Parker,
    /// Where it is worked on; otherwise a team that may be another run's.
    team: AtomicPtr<Team>,
    rest: UnsafeCell<Rest>,
    /// While it is listed. For the queue, under its lock.
    pub(crate) link: Mutex<Link>,
    /// What ends the run in its owner's place.
    orphan: Mutex<Option<Orphan>>,
}

/// What ends a run that its owner can't wait for.
type Orphan = Box<dyn FnOnce() + Send>;

/// What is left to do when nobody works on the run.
#[derive(Default)]
pub(crate) struct Rest {
    pub(crate) job: Option<Job>,
    /// For how many nodes members need room; and how many nobody has reported as done.
    pub(crate) nodes: usize,
    pub(crate) unfinished: usize,
    /// Roots that nobody has taken.
    pub(crate) roots: usize,
    /// Nodes that are ready.
    pub(crate) ready: Vec<NodeId>,
    /// The workers that alone can take some node.
    pub(crate) workers: Vec<usize>,
    /// Nobody has begun, and the first member is to begin quietly.
    pub(crate) quiet: Option<Budget>,
    /// Its nodes may come back.
    pub(crate) wakes: bool,
    /// The run's place among those of the executor: see [`bindings`](crate::bindings).
    pub(crate) number: usize,
}

/// What is to become of a run that its last member has left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// All nodes are complete.
    Over,
    /// There is something for anybody.
    Again,
    /// There is nothing but for the workers in [`Rest::workers`], if there are any, and for the caller, if `caller`.
    Waits { caller: bool },
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

// SAFETY: `rest` is the only field that is not `Sync`; the module's table says who may touch it when, and the transitions of
// `word` order these accesses.
unsafe impl Sync for Ticket {}
// SAFETY: as above; the pointers in `rest` are used by whoever has it, and are good on any thread.
unsafe impl Send for Ticket {}

impl Ticket {
    /// For runs on this executor.
    pub(crate) fn new(shared: &Shared) -> Arc<Self> {
        Arc::new(Self {
            executor: ptr::from_ref(shared).addr(),
            word: AtomicUsize::new(OVER),
            asks: AtomicUsize::new(0),
            owner: Mutex::new(None),
            parker: Parker::new(),
            team: AtomicPtr::new(ptr::null_mut()),
            rest: UnsafeCell::new(Rest::default()),
            link: Mutex::new(Link::default()),
            orphan: Mutex::new(None),
        })
    }

    /// Changes the word as `step` says, if it says so. What it was before.
    fn step(&self, step: impl Fn(usize) -> Option<usize>) -> Result<usize, usize> {
        // Ordering: Release pairs with the Acquire of whatever takes the next step: it finds the run as it is now. Each step
        // is a read-modify-write, so one that reads a later one sees all before.
        self.word.fetch_update(Ordering::AcqRel, Ordering::Acquire, step)
    }

    fn state(&self) -> usize {
        // Ordering: Acquire pairs with the Release in `step`: who finds the run over finds all that was done in it.
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
    pub(crate) fn is_for(&self, shared: &Shared) -> bool {
        self.executor == ptr::from_ref(shared).addr()
    }

    /// A run begins, with this to do.
    ///
    /// # Safety
    ///
    /// The calling thread owns the run, which is over. What `rest` tells to run stays valid until it is so again.
    pub(crate) unsafe fn begin(self: &Arc<Self>, shared: &Shared, fill: impl FnOnce(&mut Rest)) {
        debug_assert!(self.is_over(), "begun while under way");
        self.asks.store(0, Ordering::Relaxed);
        // SAFETY: by contract, and by the module's table.
        fill(unsafe { &mut *self.rest.get() });
        self.queue(shared, false, |word| (word & STATE == OVER).then_some(QUEUED));
    }

    /// A future was woken.
    pub(crate) fn wake(self: &Arc<Self>, shared: &Shared) {
        let to = |word| matches!(word & STATE, IDLE | QUEUED).then_some(QUEUED);
        loop {
            if !self.queue(shared, true, to) {
                return;
            }
            // The word is written also if it doesn't change: who clears the mark sees what comes before each wake.
            if self.step(|word| (word & STATE == ACTIVE).then_some(word | WOKEN)).is_ok() {
                break;
            }
        }
        // SAFETY: teams are freed with the executor only, which `shared` belongs to.
        if let Some(team) = unsafe { self.team.load(Ordering::Relaxed).as_ref() } {
            // If by now it is another run's, that one looks in vain.
            shared.has_been_woken(team);
        }
    }

    /// Goes to the state that `to` gives, and into the queue, unless it is there. Whether it is worked on instead.
    fn queue(self: &Arc<Self>, shared: &Shared, woken: bool, to: impl Fn(usize) -> Option<usize>) -> bool {
        match self.step(|word| Some(word & !STATE | to(word)? | LISTED)) {
            Ok(before) if before & LISTED == 0 => shared.enqueue(self, woken),
            Ok(_) => {}
            Err(word) => return word & STATE == ACTIVE,
        }
        false
    }

    /// Somebody has taken it off the queue, or comes because of its number. True if the run is the calling thread's to open.
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

    /// Sets up `team`, which the calling thread has taken, for who has claimed the run, and is its first member.
    ///
    /// # Safety
    ///
    /// The calling thread has claimed the run.
    pub(crate) unsafe fn open(self: &Arc<Self>, team: &Team) -> Job {
        self.team.store(ptr::from_ref(team).cast_mut(), Ordering::Relaxed);
        // SAFETY: by contract, and by the module's table.
        let rest = unsafe { &mut *self.rest.get() };
        let job = rest.job.expect("a run that has begun");
        // SAFETY: the thread has taken the team, and the job is valid until the run is over.
        unsafe { team.open_for(self, job, rest) };
        job
    }

    /// The team in which it is worked on, if that is so; a hint.
    pub(crate) fn team<'s>(&self, _: &'s Shared) -> Option<&'s Team> {
        // SAFETY: teams are freed with the executor only, which the run belongs to.
        let team = unsafe { self.team.load(Ordering::Relaxed).as_ref() };
        team.filter(|_| self.is_active())
    }

    /// The last member has left, and has closed and given back its team. `next` is what `depart` has said; `any_woken` tells
    /// whether some future was woken.
    pub(crate) fn settle(self: &Arc<Self>, shared: &Shared, mut next: Next, any_woken: impl Fn() -> bool) {
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
                Next::Again if before & LISTED == 0 => shared.enqueue(self, false),
                Next::Again => {}
                Next::Waits { caller } if before & WOKEN != 0 => {
                    // Cleared first, so that a wake that comes from now on is seen at the next step.
                    next = if any_woken() { Next::Again } else { Next::Waits { caller } };
                    continue;
                }
                Next::Waits { caller } => {
                    shared.enqueue_for(&workers, self);
                    if caller {
                        self.ask_owner();
                    }
                }
            }
            return;
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

    /// The last member that leaves calls `end`, which may take the run's memory away: the calling thread is one itself.
    pub(crate) fn orphan(&self, end: Orphan) {
        *lock(&self.orphan) = Some(end);
        let closing = self.step(|word| (word & STATE == ACTIVE).then_some(word | CLOSING));
        debug_assert!(closing.is_ok(), "the calling thread works on it");
        self.forget_owner();
    }

    /// Whether the calling thread is in the middle of a node of this run, or of a run within one.
    pub(crate) fn is_waited_for_by_itself(&self) -> bool {
        self.is_active() && context::any_team(|team| team.is_within(self))
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
        // Whoever changes something does so before it takes the waker, under the lock: either it finds this one, or it has been there
        // before, and what it changed is seen here.
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
        // Ordering: Release pairs with the Acquire in `poll`. These are read-modify-writes, so the owner sees all the reasons.
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
    pub(crate) unsafe fn rest(&self) -> &mut Rest {
        // SAFETY: by contract.
        unsafe { &mut *self.rest.get() }
    }
}

impl fmt::Debug for Ticket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticket").field("word", &self.word).finish_non_exhaustive()
    }
}
