//! What the calling thread is in the middle of: the run whose node it executes, if any.

use crate::shared::Shared;
use crate::team::Team;
use std::cell::Cell;
use std::ptr;

thread_local! {
    /// The executor and the team of the innermost run that this thread is a member of.
    static CURRENT: Cell<(*const Shared, *const Team)> = const { Cell::new((ptr::null(), ptr::null())) };
}

/// Calls `work` with this thread marked as a member of `team`. `work` gets the team that it was a member of before,
/// if that belongs to the same executor: then the new run is nested in that one's.
pub(crate) fn within(shared: &Shared, team: &Team, work: impl FnOnce(Option<&Team>)) {
    struct Restore((*const Shared, *const Team));
    impl Drop for Restore {
        fn drop(&mut self) {
            CURRENT.set(self.0);
        }
    }
    let outer = Restore(CURRENT.replace((ptr::from_ref(shared), ptr::from_ref(team))));
    let (outer_shared, outer_team) = outer.0;
    let parent = if ptr::eq(outer_shared, shared) {
        // SAFETY: the team belongs to `shared`, which frees its teams only with itself.
        unsafe { outer_team.as_ref() }
    } else {
        None
    };
    work(parent);
}
