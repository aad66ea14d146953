//! The futures of a graph that were woken.
//!
//! ```text
//!   any thread, at any time                     whoever runs the graph
//!   wake ─▶ cell: does it wait?                 take: the whole list at once
//!             │ yes                              │
//!             ▼                                  ▼
//!           list ── was the runner asleep? ──▶  poll those that wait
//!                     yes: tell it
//! ```
//!
//! A waker is a pointer to its node's cell. The cells of a graph lie in one block, shared by the graph and
//! all its wakers; whoever lets go of it last frees it. So a waker may be used and dropped anywhere and at
//! any time, also when run, graph and executor are gone; it then leaves a mark that nobody looks at.
//!
//! The list is a stack that is linked through the cells (Treiber 1986, *Systems programming: coping with
//! parallelism*). It is only ever taken as a whole, so there is no ABA problem. Its head also says whether
//! the runner is asleep: then who finds it so has to tell the runner, and nobody else.

use super::cell::{Cell, Pending, Woken};
use crate::sync::thrown::discard;
use crate::sync::{AtomicU32, AtomicUsize, Mutex, Ordering, lock};
use crate::team::{Team, Ticket};
use std::fmt;
use std::mem;
use std::ptr;
use std::sync::{Arc, Weak};
use std::task::Waker;

/// The list is empty, and the runner is awake: it will look again.
pub(super) const EMPTY: u32 = u32::MAX;
/// The list is empty, and the runner wants to be told when that changes.
const ASLEEP: u32 = u32::MAX - 1;

/// The futures of a graph that were woken: a list that any thread may push to.
pub(crate) struct Wakes {
    /// The future that was woken last.
    head: AtomicU32,
    /// Who is to be told.
    runner: Mutex<Runner>,
    /// Where it is in the lists that it is [attached](super::Attached) to.
    pub(super) places: [AtomicUsize; 2],
    pub(super) slots: Box<[Slot]>,
}

/// An executor, as far as wakers know it.
pub(crate) trait Listener: Send + Sync {
    /// Nodes of the team at this address have been woken.
    fn team_is_woken(&self, team: usize);

    /// A node of this run has been woken.
    fn ticket_is_woken(&self, ticket: &Arc<Ticket>);
}

/// Who runs the graph.
pub(crate) enum Runner {
    Nobody,
    /// A task that is to be woken, once.
    Task(Waker),
    /// The team at this address, on the threads of an executor, which is told as often as the list was empty.
    Team(Arc<dyn Listener>, usize),
    /// Nobody, if a run without a caller waits; or a team, which the ticket knows.
    Ticket(Arc<dyn Listener>, Arc<Ticket>),
}

/// Whom to tell, before it is known that there is anybody to tell.
#[derive(Clone, Copy)]
pub(crate) enum Whom<'a> {
    Team(&'a Team),
    Ticket(&'a Arc<Ticket>),
}

/// What a waker points to.
pub(super) struct Slot {
    pub(super) cell: Cell,
    /// On the list, or in a [line](super::Line): the next one.
    next: AtomicU32,
    /// The block that this lies in.
    pub(super) wakes: Weak<Wakes>,
}

impl Wakes {
    /// Wakers for so many futures, and for the run itself, which can be woken like one of them: it comes
    /// last.
    pub(crate) fn new(futures: usize) -> Arc<Self> {
        Arc::new_cyclic(|wakes| {
            let slot = || Slot { cell: Cell::new(), next: AtomicU32::new(EMPTY), wakes: Weak::clone(wakes) };
            let slots: Box<[Slot]> = std::iter::repeat_with(slot).take(futures + 1).collect();
            let _ = slots[futures].cell.pend(); // always waits
            Self {
                head: AtomicU32::new(EMPTY),
                runner: Mutex::new(Runner::Nobody),
                places: Default::default(),
                slots,
            }
        })
    }

    /// The number by which the run itself is woken.
    pub(crate) fn index_of_run(&self) -> u32 {
        u32::try_from(self.slots.len() - 1).expect("as many as nodes at the most")
    }

    /// Where it is said what comes after a future on the list, or in a line.
    #[inline]
    pub(super) fn next(&self, index: u32) -> &AtomicU32 {
        &self.slots[index as usize].next
    }

    /// Wakes the future `index`.
    #[inline]
    pub(crate) fn wake(&self, index: u32) {
        if self.slots[index as usize].cell.wake() == Woken::List {
            self.push(index);
        }
    }

    /// The first half of a wake, of a thread that is taken off its core before the second one, which is
    /// [`push`](Self::push).
    #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
    pub(super) fn wake_without_push(&self, index: u32) {
        assert_eq!(self.slots[index as usize].cell.wake(), Woken::List);
    }

    /// Puts a future onto the list that isn't there, and tells the runner if it is asleep.
    #[inline]
    pub(super) fn push(&self, index: u32) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            let next = if head == ASLEEP { EMPTY } else { head };
            self.next(index).store(next, Ordering::Relaxed);
            // Ordering: Release pairs with the Acquire of `take`, which reads `next` (later pushes are
            // read-modify-writes, so they hand this one on). Acquire pairs with the Release of `lie_down`:
            // who is to tell the runner finds it registered.
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
        let mut runner = lock(&self.runner);
        match &*runner {
            Runner::Team(executor, team) => {
                let (executor, team) = (Arc::clone(executor), *team);
                drop(runner);
                executor.team_is_woken(team);
            }
            Runner::Ticket(executor, ticket) => {
                let (executor, ticket) = (Arc::clone(executor), Arc::clone(ticket));
                drop(runner);
                executor.ticket_is_woken(&ticket);
            }
            _ => {
                let task = mem::replace(&mut *runner, Runner::Nobody);
                drop(runner);
                if let Runner::Task(task) = task {
                    task.wake();
                }
            }
        }
    }

    /// Whether some future was woken; a hint.
    #[inline]
    pub(crate) fn any(&self) -> bool {
        self.head.load(Ordering::Relaxed) < ASLEEP
    }

    /// Takes everything off the list; the runner is awake, and looks here again before it falls asleep. Calls
    /// `each` for the futures that the calling thread may poll from now on, last woken first. True if the run
    /// itself was woken.
    #[inline]
    pub(crate) fn take(&self, each: impl FnMut(u32)) -> bool {
        // Ordering: Acquire pairs with the Release of `push`.
        self.claim(self.head.swap(EMPTY, Ordering::Acquire), each)
    }

    /// Takes everything off the list for a team, which is told when there is something on the list again.
    pub(crate) fn take_for_team(&self, each: impl FnMut(u32)) -> bool {
        // Ordering: Acquire pairs with the Release of `push`; Release, as in `lie_down`, with its Acquire.
        self.claim(self.head.swap(ASLEEP, Ordering::AcqRel), each)
    }

    /// Goes through a list that was taken from the head.
    #[inline]
    fn claim(&self, mut head: u32, mut each: impl FnMut(u32)) -> bool {
        let mut run = false;
        while head < ASLEEP {
            let slot = &self.slots[head as usize];
            // Before it may be put onto the list again.
            let next = slot.next.load(Ordering::Relaxed);
            if slot.cell.claim() {
                if head == self.index_of_run() {
                    // It waits again at once: who looks why it was woken looks afterwards.
                    while slot.cell.pend() == Pending::Again {}
                    run = true;
                } else {
                    each(head);
                }
            }
            head = next;
        }
        run
    }

    /// The runner goes to sleep; the next wake tells `runner`. False if there is something on the list.
    #[must_use]
    pub(crate) fn fall_asleep(&self, runner: &Waker) -> bool {
        let is_known = |known: &Runner| matches!(known, Runner::Task(known) if known.will_wake(runner));
        let registered = is_known(&lock(&self.runner));
        if !registered {
            // Neither cloned nor dropped under the lock: these are the user's.
            self.set_runner(Runner::Task(runner.clone()));
        }
        self.lie_down()
    }

    /// Has whoever is registered told of the next wake. False if there is something on the list.
    fn lie_down(&self) -> bool {
        // Ordering: Release pairs with the Acquire of `push`.
        match self.head.compare_exchange(EMPTY, ASLEEP, Ordering::Release, Ordering::Relaxed) {
            // It still says so, of an earlier sleep. The thread that changes that from now on finds the new
            // runner: it tells under the lock under which that was registered, and if it was there before,
            // its change would have been seen here.
            Ok(_) | Err(ASLEEP) => true,
            Err(_) => false,
        }
    }

    /// The runner is awake, whatever has woken it.
    #[inline]
    pub(crate) fn wake_up(&self) {
        if self.head.load(Ordering::Relaxed) == ASLEEP {
            // If this fails, there is something on the list, and somebody tells the runner for nothing.
            let _ = self.head.compare_exchange(ASLEEP, EMPTY, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    /// From now on `whom`, which is open, or about to be, is told whenever the list stops being empty.
    pub(crate) fn attach(&self, executor: Arc<dyn Listener>, whom: Whom<'_>) {
        self.set_runner(match whom {
            Whom::Team(team) => Runner::Team(executor, ptr::from_ref(team).addr()),
            Whom::Ticket(ticket) => Runner::Ticket(executor, Arc::clone(ticket)),
        });
        if let (false, Whom::Team(team)) = (self.lie_down(), whom) {
            // Wakers of an earlier run have come. (Each team of a run without a caller looks when it begins.)
            team.has_been_woken();
        }
    }

    /// The run may have to end: whoever can end it is to look.
    pub(crate) fn look(&self) {
        self.wake(self.index_of_run());
        let ticket = match &*lock(&self.runner) {
            Runner::Ticket(_, ticket) => Some(Arc::clone(ticket)),
            _ => None,
        };
        ticket.inspect(|ticket| ticket.ask_owner());
    }

    /// Nobody is to be told any more.
    pub(crate) fn detach(&self) {
        self.set_runner(Runner::Nobody);
    }

    fn set_runner(&self, runner: Runner) {
        let old = mem::replace(&mut *lock(&self.runner), runner);
        if let Runner::Task(waker) = old {
            // Also if its destructor panics there are things to be done that must not be left out.
            discard(waker);
        }
    }

    /// The calling thread has polled the future `index`, which was its own and isn't done.
    #[inline]
    pub(crate) fn pend(&self, index: u32) -> Pending {
        self.slots[index as usize].cell.pend()
    }

    /// Whether the future `index`, which is the calling thread's, is listed, by a waker of an earlier run.
    /// Then it isn't the calling thread's any more, and comes by the list.
    #[inline]
    pub(super) fn wait_if_listed(&self, index: u32) -> bool {
        self.slots[index as usize].cell.wait_if_listed()
    }

    /// The run is over, in which the future `index` may not have been done.
    pub(crate) fn end(&self, index: u32) {
        self.slots[index as usize].cell.end();
    }

    /// Wakes all futures.
    pub(crate) fn wake_all(&self) {
        (0..self.index_of_run()).for_each(|index| self.wake(index));
    }
}

impl fmt::Debug for Wakes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wakes").field("any", &self.any()).finish_non_exhaustive()
    }
}
