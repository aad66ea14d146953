//! The link of the run that the thread is in the middle of: nodes that run on it send by themselves, at once.
//!
//! MPI is used by one thread only. Nodes that run on other threads, and those that can't know, leave what is
//! to be sent to that thread (see `gate.rs`).

use super::core::Core;
use std::cell::RefCell;
use std::mem;

thread_local! {
    static CURRENT: RefCell<Option<Box<Core>>> = const { RefCell::new(None) };
}

/// Makes the link in `home` the current one, until what this gives is dropped.
pub(super) fn enter(home: &mut Option<Box<Core>>) -> Entered<'_> {
    let before = CURRENT.with_borrow_mut(|current| mem::replace(current, home.take()));
    Entered { home, before }
}

/// Keeps a link this thread's current one until it is dropped; made by [`enter`].
pub(crate) struct Entered<'l> {
    home: &'l mut Option<Box<Core>>,
    before: Option<Box<Core>>,
}

impl Drop for Entered<'_> {
    fn drop(&mut self) {
        *self.home = CURRENT.with_borrow_mut(|current| mem::replace(current, self.before.take()));
    }
}

/// Calls `work` with the link of this number, if it is the current one.
pub(crate) fn with_current<R>(link: u64, work: impl FnOnce(&mut Core) -> R) -> Option<R> {
    CURRENT.with_borrow_mut(|current| current.as_mut().filter(|core| core.id == link).map(|core| work(core)))
}
