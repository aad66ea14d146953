//! What the members of one run share: their seats and queues, the count of nodes not yet run, the latch.
//!
//! A *team* is the caller of a run and the helpers that have joined it. Teams live in the executor, are used
//! by one run after the other, and are freed with the executor only: a reference to a team is always good,
//! whatever happens to the run. What belongs to the run lies on its caller's stack, or on the heap if it has
//! none; who may touch it when:
//!
//! | what | caller | helper |
//! |---|---|---|
//! | `job`, `ticket` | writes before `open` | reads between `try_join` and `leave` |
//! | a member's queue, its owner's end; its private memory | member 0, while it has the team | the member that it has claimed, until `leave` |
//! | a member's queue, the thieves' end; robbing its [`BiasedLock`](crate::protocol::biased_lock::BiasedLock) | always | always |
//! | `spare` counters | while it has the team | through the run only |
//!
//! A run without a caller ([`Ticket`]) has a team only while somebody works on it; whoever opens that stands
//! for the caller then, and the last member that leaves, in its end.

use super::pot::Pot;
use super::stay::{Awaited, Stay};
use super::ticket::{self, Next, Works};
use crate::protocol::bindings;
use crate::protocol::member::{Member, Own};
use crate::protocol::membership::Membership;
use crate::protocol::walk::Lane;
use crate::protocol::wanted::Wanted;
use crate::sleep::Parker;
use crate::sync::{AtomicBool, AtomicPtr, AtomicUsize, Backoff, Ordering, Pause};
use crate::tuner::Budget;
use crossbeam_utils::CachePadded;
use dgraph_core::sync::AtomicU32;
use dgraph_core::{Countdown, DagView};
use std::cell::UnsafeCell;
use std::cmp::Ordering as CmpOrdering;
use std::fmt;
use std::ptr;
use std::sync::Arc;

/// A run without a caller, which teams work on.
pub(crate) type Ticket = ticket::Ticket<Team>;
/// What is left of such a run when nobody works on it.
pub(crate) type Rest = ticket::Rest<Team>;

impl Rest {
    /// The run is to begin so, when somebody comes.
    pub(crate) fn begin(&mut self, course: Course) {
        let (roots, quiet) = match course {
            Course::Quiet { roots, budget } => (roots, Some(budget)),
            Course::Shared { roots } => (roots, None),
            // Only a caller's run can be walked through.
            Course::Walk { .. } | Course::InStep => (0, None),
        };
        (self.roots, self.quiet) = (roots, quiet);
    }
}

// SAFETY: a job is a pointer to a run, which is valid until that is over, and functions for any thread (see
// `Job`).
unsafe impl Works for Team {
    type Job = Job;
}

/// What the members of one run share; the table in the module's docs says who may touch what.
pub(crate) struct Team {
    pub(crate) membership: Membership,
    /// How its members wait for each other.
    pub(crate) pause: Pause,
    /// Nodes that nobody has reported as done.
    pub(super) unfinished: CachePadded<AtomicUsize>,
    /// How many of the graph's roots nobody has taken yet: the last ones.
    pub(super) roots: CachePadded<AtomicUsize>,
    /// Nodes that were run before, and are to be run again, may wait to be taken.
    pub(super) woken: CachePadded<AtomicBool>,
    /// How many members wait for something to take.
    pub(super) searching: CachePadded<AtomicUsize>,
    /// For whom there are nodes, if the run is an ordered one.
    pub(crate) wanted: CachePadded<Wanted>,
    /// The caller first, then the helpers.
    pub(super) members: Box<[CachePadded<Member>]>,
    /// The caller sleeps here.
    pub(super) parker: Parker,
    /// It has an alarm set, and will look for walks.
    pub(super) alarmed: AtomicBool,
    /// Ready nodes of members that had to leave.
    pub(crate) pot: Pot,
    /// Some thread has this team for a run of its own.
    pub(super) taken: AtomicBool,
    /// For graphs of how many nodes there is room on the stacks.
    pub(super) room: AtomicUsize,
    /// The team whose node has started this run, if it is a nested one.
    pub(super) parent: AtomicPtr<Team>,
    /// Which worker the caller is, plus 1; 0 if it is none.
    pub(super) caller: AtomicUsize,
    /// In how many runs, one within the other, this one is nested; and its place among those of the executor:
    /// see [`bindings`].
    pub(super) level: AtomicUsize,
    pub(super) number: AtomicUsize,
    /// How many runs the team has had: tells a run from the next one.
    pub(super) runs: AtomicUsize,
    /// After how many ticks a helper shall break in; 0 if there is nothing to break into.
    pub(super) budget: AtomicUsize,
    /// Whether they shall do so as soon as it looks as if that is going to be overrun.
    pub(super) eagerly: AtomicBool,
    /// There is a walk in step that a helper may join.
    pub(super) in_step: AtomicBool,
    /// Whether the run has begun quietly, for [`is_quiet`](Self::is_quiet).
    pub(super) quiet: AtomicBool,
    /// How many bodies the member has called that goes quietly, for [`beat`](Self::beat).
    pub(super) beats: CachePadded<AtomicUsize>,
    pub(super) lanes: Box<[Lane]>,
    pub(super) job: UnsafeCell<Option<Job>>,
    /// Which run it is, if that has no caller.
    pub(super) ticket: UnsafeCell<Option<Arc<Ticket>>>,
    pub(super) spare: UnsafeCell<Vec<AtomicU32>>,
}

/// A run with its type erased: what a helper needs to take part.
#[derive(Clone, Copy)]
pub(crate) struct Job {
    pub(crate) run: *const (),
    /// Works on `run` in the given role until there is nothing left to take, or its stay is over. The caller
    /// must have joined.
    pub(crate) help: unsafe fn(*const (), &Team, Role, &Stay<'_>),
    /// If the run has no caller: what it needs when nobody works on it.
    pub(crate) rest: Option<RestOf>,
}

/// What a run without a caller does when nobody works on it. For its last member.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RestOf {
    /// Moves into the rest what is left in the team. What is to become of the run.
    pub(crate) depart: unsafe fn(*const (), &Team, &mut Rest) -> Next,
    /// Whether some future was woken.
    pub(crate) any_woken: unsafe fn(*const ()) -> bool,
}

/// How a run begins.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Course {
    /// With so many roots to take.
    Shared { roots: usize },
    /// With a walk of the caller's, into which a helper shall break when that takes too long.
    Walk { budget: Budget },
    /// With so many roots to take, quietly, until that takes too long.
    Quiet { roots: usize, budget: Budget },
    /// With a walk that helpers may join.
    InStep,
}

/// As what a helper has joined.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Role {
    /// As the member at this place.
    Member(usize),
    /// Only for nodes of an ordered run that are bound to this thread, a worker. It has no place.
    Visitor,
    /// As the caller, in a run without one: for what is bound to that. It has no place.
    Owner,
    /// To call the run off. It has no place.
    Canceller,
}

// SAFETY: `job`, `ticket` and `spare` are the only fields that are not `Sync`; the table in the module
// documentation says who may touch them when; `taken` and the membership word order the accesses.
unsafe impl Sync for Team {}
// SAFETY: nothing in a team belongs to a certain thread. The pointers in `job` are used under the same table.
unsafe impl Send for Team {}

impl Team {
    /// A team for a caller and up to `helpers` others, who wait for each other so.
    pub(crate) fn new(helpers: usize, pause: Pause) -> Self {
        Self {
            membership: Membership::new(),
            pause,
            unfinished: CachePadded::new(AtomicUsize::new(0)),
            roots: CachePadded::new(AtomicUsize::new(0)),
            woken: CachePadded::new(AtomicBool::new(false)),
            searching: CachePadded::new(AtomicUsize::new(0)),
            wanted: CachePadded::new(Wanted::nobody(helpers + 1)),
            members: std::iter::repeat_with(|| CachePadded::new(Member::new(pause)))
                .take(helpers + 1)
                .collect(),
            parker: Parker::new(),
            alarmed: AtomicBool::new(false),
            pot: Pot::new(pause),
            taken: AtomicBool::new(false),
            room: AtomicUsize::new(0),
            parent: AtomicPtr::new(ptr::null_mut()),
            caller: AtomicUsize::new(0),
            level: AtomicUsize::new(0),
            number: AtomicUsize::new(0),
            runs: AtomicUsize::new(0),
            budget: AtomicUsize::new(0),
            eagerly: AtomicBool::new(false),
            in_step: AtomicBool::new(false),
            quiet: AtomicBool::new(false),
            beats: CachePadded::new(AtomicUsize::new(0)),
            lanes: std::iter::repeat_with(Default::default).take(helpers + 1).collect(),
            job: UnsafeCell::new(None),
            ticket: UnsafeCell::new(None),
            spare: UnsafeCell::new(Vec::new()),
        }
    }

    /// Takes the team for a run of the calling thread's own, if it is free.
    #[inline]
    #[must_use]
    pub(crate) fn take(&self) -> bool {
        // Ordering: Acquire pairs with the Release of `give_back`: the run before is completely over.
        self.taken.compare_exchange(false, true, Ordering::Acquire, Ordering::Relaxed).is_ok()
    }

    /// Ends what `take` has begun. Nobody is in the team any more.
    #[inline]
    pub(crate) fn give_back(&self) {
        debug_assert!(self.membership.is_empty());
        // Ordering: Release pairs with the Acquire of `take`.
        self.taken.store(false, Ordering::Release);
    }

    /// The team's own counters, set for `dag`.
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, and no earlier result of this call is in use.
    pub(crate) unsafe fn spare_countdown<'a>(&'a self, dag: DagView<'a>) -> Countdown<'a> {
        // SAFETY: by contract.
        let spare = unsafe { self.own_counters(dag.node_count()) };
        Countdown::new(dag, spare).expect("as many counters as nodes")
    }

    /// So many counters of the team's own, or more.
    ///
    /// # Safety
    ///
    /// As for [`spare_countdown`](Self::spare_countdown).
    #[allow(clippy::mut_from_ref, reason = "the caller has them alone, by contract")]
    pub(super) unsafe fn own_counters(&self, nodes: usize) -> &mut [AtomicU32] {
        // SAFETY: only the thread that has taken the team comes here, and by contract no other reference is
        // alive.
        let spare = unsafe { &mut *self.spare.get() };
        if spare.len() < nodes {
            spare.resize_with(nodes, || AtomicU32::new(0));
        }
        spare
    }

    /// To be called before `open`: which worker of the executor the calling thread is, if any, and the run's
    /// level and number.
    #[inline]
    pub(crate) fn lead_by(&self, worker: Option<usize>, level: usize, number: usize) {
        self.caller.store(worker.map_or(0, |worker| worker + 1), Ordering::Relaxed);
        self.level.store(level, Ordering::Relaxed);
        self.number.store(number, Ordering::Relaxed);
    }

    /// In how many runs this one is nested. For its members.
    pub(crate) fn level(&self) -> usize {
        self.level.load(Ordering::Relaxed)
    }

    /// Whether a thread that waits for `awaited` may go to nodes of this run that are bound to it: it is
    /// nested more deeply, or as deeply, and has begun later. As certain as that the run wants somebody.
    pub(crate) fn comes_after(&self, awaited: &Team) -> bool {
        let (level, number) = (self.level(), self.number.load(Ordering::Relaxed));
        match level.cmp(&awaited.level()) {
            CmpOrdering::Less => false,
            CmpOrdering::Equal => bindings::is_later(number, awaited.number.load(Ordering::Relaxed)),
            CmpOrdering::Greater => true,
        }
    }

    /// Has the owner of a run without a caller look. False if it has one. For members.
    pub(crate) fn ask_owner(&self) -> bool {
        if !self.membership.is_detached() {
            return false;
        }
        // SAFETY: by the module's table members may read it.
        let ticket = unsafe { &*self.ticket.get() };
        ticket.iter().for_each(|ticket| ticket.ask_owner());
        true
    }

    /// Whether the run is this one. For its members, and those of runs within it.
    pub(crate) fn is_of(&self, ticket: &Ticket) -> bool {
        // SAFETY: by the module's table members may read it.
        let here = unsafe { &*self.ticket.get() };
        here.as_ref().is_some_and(|here| ptr::eq(&raw const **here, ticket))
    }

    /// Whether the caller is this worker; a hint, but certain for that worker's own team.
    pub(crate) fn is_led_by(&self, worker: usize) -> bool {
        self.caller.load(Ordering::Relaxed) == worker + 1
    }

    /// Starts a run of `nodes` nodes: from now on helpers may join.
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, which is closed and empty; `job` stays valid until it is so
    /// again.
    #[inline]
    pub(crate) unsafe fn open(&self, job: Job, nodes: usize, course: Course, parent: Option<&Team>) {
        self.set_up(nodes, course, parent);
        // SAFETY: nobody is a member, so by the module's table nobody else touches `job`.
        unsafe { *self.job.get() = Some(job) };
        self.membership.open();
    }

    /// Starts a run without a caller, or goes on with it. The calling thread is its first member, without a
    /// place.
    ///
    /// # Safety
    ///
    /// The calling thread has taken the team, which is closed and empty, and claimed the run.
    pub(crate) unsafe fn open_for(&self, ticket: &Arc<Ticket>) {
        ticket.is_worked_on_in(self);
        // SAFETY: the calling thread has claimed the run.
        let rest = unsafe { ticket.rest() };
        let job = rest.job.expect("a run that has begun");
        self.lead_by(None, 0, rest.number);
        // SAFETY: the thread has taken the team, and not opened it.
        unsafe { self.reserve(rest.nodes) };
        self.set_up_for(rest);
        // SAFETY: nobody is a member, so by the module's table nobody else touches these.
        unsafe { *self.job.get() = Some(job) };
        // SAFETY: as above.
        unsafe { *self.ticket.get() = Some(Arc::clone(ticket)) };
        self.membership.open_detached();
    }

    /// Sets up a run without a caller, whose `rest` this is, without opening it. For a thread that has taken
    /// the team.
    pub(crate) fn set_up_for(&self, rest: &mut Rest) {
        let roots = rest.roots;
        let course = match rest.quiet.take() {
            Some(budget) => Course::Quiet { roots, budget },
            None => Course::Shared { roots },
        };
        self.set_up(rest.unfinished, course, None);
        self.woken.store(rest.wakes, Ordering::Relaxed);
        self.pot.fill(&mut rest.ready);
    }

    /// Ends what `open_for` has begun: puts what is left into `rest`. For the last member, which has closed
    /// the team.
    pub(crate) fn depart(&self, rest: &mut Rest) {
        rest.unfinished = self.unfinished.load(Ordering::Relaxed);
        rest.roots = self.roots.load(Ordering::Relaxed);
        self.pot.empty(&mut rest.ready);
        self.end_quiet();
    }

    #[inline]
    fn set_up(&self, nodes: usize, course: Course, parent: Option<&Team>) {
        let (roots, budget) = match course {
            Course::Shared { roots } => (roots, None),
            Course::Walk { budget } => (0, Some(budget)),
            Course::Quiet { roots, budget } => (roots, Some(budget)),
            Course::InStep => (0, None),
        };
        self.unfinished.store(nodes, Ordering::Relaxed);
        self.in_step.store(matches!(course, Course::InStep), Ordering::Relaxed);
        self.quiet.store(matches!(course, Course::Quiet { .. }), Ordering::Relaxed);
        self.beats.store(0, Ordering::Relaxed);
        self.roots.store(roots, Ordering::Relaxed);
        self.set_budget(budget);
        self.woken.store(false, Ordering::Relaxed);
        self.runs.store(self.runs.load(Ordering::Relaxed).wrapping_add(1), Ordering::Relaxed);
        let parent = parent.map_or(ptr::null_mut(), |team| ptr::from_ref(team).cast_mut());
        // Ordering: Release pairs with the Acquire in `ancestors`: who comes to the parent by this sees the
        // team that was made, perhaps further down the list than that thread has looked.
        self.parent.store(parent, Ordering::Release);
    }

    /// Works on the run, of which the calling thread is a member.
    ///
    /// # Safety
    ///
    /// The calling thread has joined, and not left.
    pub(crate) unsafe fn help(&self, role: Role, stay: &Stay<'_>) {
        // SAFETY: between `try_join` and `leave` the job may be read.
        if let Some(job) = unsafe { *self.job.get() } {
            // SAFETY: this thread has joined, so the caller of the run waits and the run is valid.
            unsafe { (job.help)(job.run, self, role, stay) };
        }
    }

    /// A free place among the helpers. There is one for everybody whom `try_join` lets in, although it may
    /// become free a moment later.
    pub(crate) fn claim_place(&self) -> usize {
        let backoff = Backoff::new();
        loop {
            // The first one is the caller's, if there is one.
            let taken = usize::from(!self.membership.is_detached());
            let free = self.members.iter().enumerate().skip(taken).find(|(_, member)| member.claim());
            if let Some((place, _)) = free {
                return place;
            }
            self.pause.snooze(&backoff);
        }
    }

    /// Ends what `claim_place` has begun.
    pub(crate) fn give_up_place(&self, place: usize) {
        self.members[place].give_up();
    }

    /// How many members there is room for.
    pub(crate) fn places(&self) -> usize {
        self.members.len()
    }

    /// The run without a caller that the calling thread was the last member of, and its job.
    ///
    /// # Safety
    ///
    /// The calling thread is the last member, and has closed the team.
    pub(crate) unsafe fn take_ticket(&self) -> (Arc<Ticket>, *const (), RestOf) {
        // SAFETY: the last member has the team to itself: by the module's table nobody else touches these.
        let ticket = unsafe { (*self.ticket.get()).take() };
        // SAFETY: as above.
        let job = unsafe { *self.job.get() };
        match (ticket, job) {
            (Some(ticket), Some(Job { run, rest: Some(rest), .. })) => (ticket, run, rest),
            _ => unreachable!("a run without a caller has both"),
        }
    }

    /// The calling thread as member `place`.
    ///
    /// # Safety
    ///
    /// The calling thread is that member (see the module's table) for as long as it uses the result, is not
    /// in the middle of a body of this run, and has no other such result.
    #[inline]
    pub(crate) unsafe fn own(&self, place: usize) -> Own<'_> {
        // SAFETY: by contract.
        unsafe { Own::new(&self.members, place) }
    }
}

impl Awaited for Team {
    fn wants_its_caller(&self) -> bool {
        self.needs_caller() || self.wanted.caller()
    }
}

impl fmt::Debug for Team {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Team")
            .field("membership", &self.membership)
            .field("unfinished", &self.unfinished)
            .field("members", &self.members.len())
            .finish_non_exhaustive()
    }
}
