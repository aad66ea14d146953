//! What the calling thread is in the middle of: the run whose node it executes, if any; and which worker it is.

use crate::shared::Shared;
use crate::sync::thread_local;
use crate::team::Team;
use std::cell::Cell;
use std::ptr;

/// An executor and a team of it: of the innermost run that this thread is a member of.
type Current = Cell<(*const Shared, *const Team)>;

/// An executor, and which of its workers this thread is.
type Worker = Cell<(*const Shared, usize)>;

/// In place of a team: the thread has not been in any run. No team lies there.
const NEW: *const Team = ptr::dangling();

fn is_new((_, team): (*const Shared, *const Team)) -> bool {
    ptr::eq(team, NEW)
}

/// Does what a thread's first theft would do else, perhaps much later, when a run should allocate nothing.
/// What the thread is in the middle of: nothing.
#[cold]
fn first_run() -> (*const Shared, *const Team) {
    crate::sync::prepare_to_steal();
    (ptr::null(), ptr::null())
}

/// The calling thread is going to take part in runs.
pub(crate) fn prepare_thread() {
    CURRENT.with(|current| {
        if is_new(current.get()) {
            current.set(first_run());
        }
    });
}

#[cfg(not(dgraph_loom))]
thread_local! {
    static CURRENT: Current = const { Cell::new((ptr::null(), NEW)) };
    static WORKER: Worker = const { Cell::new((ptr::null(), 0)) };
}

#[cfg(dgraph_loom)] // whose macro doesn't know `const`
thread_local! {
    static CURRENT: Current = Cell::new((ptr::null(), NEW));
    static WORKER: Worker = Cell::new((ptr::null(), 0));
}

/// Calls `work` with this thread marked as a member of `team`. `work` gets the team that it was a member of before,
/// if that belongs to the same executor: then the new run is nested in that one's.
#[inline]
pub(crate) fn within(shared: &Shared, team: &Team, work: impl FnOnce(Option<&Team>)) {
    struct Restore((*const Shared, *const Team));
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.with(|current| current.set(self.0));
        }
    }
    let before = CURRENT.with(|current| current.replace((ptr::from_ref(shared), ptr::from_ref(team))));
    let outer = Restore(if is_new(before) { first_run() } else { before });
    let (outer_shared, outer_team) = outer.0;
    let parent = if ptr::eq(outer_shared, shared) {
        // SAFETY: the team belongs to `shared`, which frees its teams only with itself.
        unsafe { outer_team.as_ref() }
    } else {
        None
    };
    work(parent);
}

/// Whether the run of `team` is the innermost that this thread is a member of.
pub(crate) fn is_in(team: &Team) -> bool {
    ptr::eq(CURRENT.with(Cell::get).1, team)
}

/// The calling thread is this worker of `shared` until the result is dropped. (Not longer: its executor may be gone before the
/// thread is, and another one lie at the same address.)
#[must_use]
pub(crate) fn become_worker(shared: &Shared, worker: usize) -> impl Drop + use<> {
    struct Resign;
    impl Drop for Resign {
        fn drop(&mut self) {
            WORKER.with(|here| here.set((ptr::null(), 0)));
        }
    }
    WORKER.with(|here| here.set((ptr::from_ref(shared), worker)));
    Resign
}

/// Which worker of `shared` the calling thread is, if any.
#[inline]
pub(crate) fn worker(shared: &Shared) -> Option<usize> {
    let (executor, worker) = WORKER.with(Cell::get);
    ptr::eq(executor, shared).then_some(worker)
}
