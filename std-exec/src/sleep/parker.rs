//! A token that a thread can wait for: `unpark` leaves it, `park` takes it.

use crate::sync::fork::Process;
use crate::sync::{Condvar, Mutex, lock, wait, wait_for};
use std::fmt;
use std::time::Duration;

/// Blocks its owner until somebody has left the token. A token that is left early is not lost; several left
/// before the owner looks count as one. Only the owner parks; anybody may unpark, at any time.
pub(crate) struct Parker {
    token: Mutex<bool>,
    left: Condvar,
    /// Where those are who may leave it.
    process: Process,
}

impl Parker {
    pub(crate) fn new() -> Self {
        Self { token: Mutex::new(false), left: Condvar::new(), process: Process::current() }
    }

    /// Waits for the token and takes it.
    pub(crate) fn park(&self) {
        self.process.or_abort();
        let mut token = lock(&self.token);
        while !*token {
            token = wait(&self.left, token);
        }
        *token = false;
    }

    /// Waits for the token for `time` at the most. Whether it has taken it.
    pub(crate) fn park_timeout(&self, time: Duration) -> bool {
        self.process.or_abort();
        let mut token = lock(&self.token);
        if !*token {
            token = wait_for(&self.left, token, time);
        }
        std::mem::take(&mut *token)
    }

    /// Leaves the token and wakes the owner.
    pub(crate) fn unpark(&self) {
        *lock(&self.token) = true;
        self.left.notify_one();
    }
}

impl fmt::Debug for Parker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parker").finish_non_exhaustive()
    }
}
