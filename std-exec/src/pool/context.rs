//! What the calling thread is in the middle of: the run whose node it executes, if any; and which worker it
//! is.

use crate::sync::thread_local;
use crate::team::ExecutorId;
use crate::team::{Team, Ticket};
use std::cell::Cell;
use std::ptr;

/// A run that the calling thread is a member of, and the one that it was in the middle of before.
struct Frame {
    executor: ExecutorId,
    team: *const Team,
    outer: *const Frame,
}

/// The innermost one.
type Current = Cell<*const Frame>;

/// An executor, and which of its workers this thread is.
type Worker = Cell<(ExecutorId, usize)>;

/// The thread has not been in any run. No frame lies there.
const NEW: *const Frame = ptr::dangling();

/// Does what a thread's first theft would do otherwise, perhaps much later, when a run should allocate
/// nothing. Gives what the thread is in the middle of: nothing.
#[cold]
fn first_run() -> *const Frame {
    crate::sync::prepare_to_steal();
    ptr::null()
}

/// The calling thread is going to take part in runs.
pub(crate) fn prepare_thread() {
    CURRENT.with(|current| {
        if ptr::eq(current.get(), NEW) {
            current.set(first_run());
        }
    });
}

/// What the calling thread is in the middle of.
fn current() -> *const Frame {
    let current = CURRENT.with(Cell::get);
    if ptr::eq(current, NEW) { ptr::null() } else { current }
}

#[cfg(not(dgraph_loom))]
thread_local! {
    static CURRENT: Current = const { Cell::new(NEW) };
    static POLLED: Cell<usize> = const { Cell::new(0) };
    static WORKER: Worker = const { Cell::new((ExecutorId::NONE, 0)) };
}

#[cfg(dgraph_loom)] // whose macro doesn't know `const`
thread_local! {
    static CURRENT: Current = Cell::new(NEW);
    static POLLED: Cell<usize> = Cell::new(0);
    static WORKER: Worker = Cell::new((ExecutorId::NONE, 0));
}

/// Calls `work` with this thread marked as a member of `team`, which belongs to `executor`. `work` gets the
/// team that it was a member of before, if that belongs to the same executor: then the new run is nested in
/// that one's.
#[inline]
pub(crate) fn within(executor: ExecutorId, team: &Team, work: impl FnOnce(Option<&Team>)) {
    struct Restore(*const Frame);
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
        }
    }
    let outer = CURRENT.with(Cell::get);
    let outer = if ptr::eq(outer, NEW) { first_run() } else { outer };
    let here = Frame { executor, team, outer };
    CURRENT.with(|current| current.set(&raw const here));
    let _restore = Restore(outer);
    // SAFETY: the frame lies on this thread's stack, in a call of this function that goes on: it takes itself
    // away at its end.
    let parent = unsafe { outer.as_ref() }.filter(|outer| outer.executor == executor).and_then(|outer| {
        // SAFETY: the team belongs to the executor of `team`, which frees its teams only with itself.
        unsafe { outer.team.as_ref() }
    });
    work(parent);
}

/// In how many runs, of any executor, a run is nested that the calling thread begins now. (Of runs on one
/// thread, only those that say so are counted: [`within_polled`].)
pub(crate) fn level() -> usize {
    any(|frame| Some(frame.team().level() + 1)).unwrap_or(0).max(POLLED.with(Cell::get))
}

/// Until the result is dropped, the calling thread polls a run that is on one thread: what it begins is
/// nested in that.
#[must_use]
pub(crate) fn within_polled() -> impl Drop + use<> {
    struct Restore(usize);
    impl Drop for Restore {
        fn drop(&mut self) {
            POLLED.with(|polled| polled.set(self.0));
        }
    }
    let level = level() + 1;
    Restore(POLLED.with(|polled| polled.replace(level)))
}

/// Whether the calling thread is in the middle of a node of this run, or of a run within one.
pub(crate) fn is_within(ticket: &Ticket) -> bool {
    ticket.is_active() && any(|frame| frame.team().is_within(ticket).then_some(())).is_some()
}

/// What `find` gives for the innermost run that it gives something for.
fn any<R>(find: impl Fn(&Frame) -> Option<R>) -> Option<R> {
    let mut frame = current();
    // SAFETY: as in `within`; a frame's outer one outlasts it.
    while let Some(here) = unsafe { frame.as_ref() } {
        let found = find(here);
        if found.is_some() {
            return found;
        }
        frame = here.outer;
    }
    None
}

impl Frame {
    fn team(&self) -> &Team {
        // SAFETY: the thread is a member of the team, whose executor waits for its members.
        unsafe { &*self.team }
    }
}

/// Whether the calling thread is in the middle of a run of this executor.
pub(crate) fn is_in_run_of(executor: ExecutorId) -> bool {
    any(|frame| (frame.executor == executor).then_some(())).is_some()
}

/// The calling thread is this worker of `executor` until the result is dropped. (Not longer: its executor may
/// be gone before the thread is, and another one lie at the same address.)
#[must_use]
pub(crate) fn become_worker(executor: ExecutorId, worker: usize) -> impl Drop + use<> {
    struct Resign;
    impl Drop for Resign {
        fn drop(&mut self) {
            WORKER.with(|here| here.set((ExecutorId::NONE, 0)));
        }
    }
    WORKER.with(|here| here.set((executor, worker)));
    Resign
}

/// Which worker of whichever executor the calling thread is, if any.
#[inline]
pub(crate) fn worker_anywhere() -> Option<usize> {
    let (executor, worker) = WORKER.with(Cell::get);
    (executor != ExecutorId::NONE).then_some(worker)
}

/// Which worker of `executor` the calling thread is, if any.
#[inline]
pub(crate) fn worker(executor: ExecutorId) -> Option<usize> {
    let (mine, worker) = WORKER.with(Cell::get);
    (mine == executor).then_some(worker)
}
