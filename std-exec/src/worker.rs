//! A worker thread's life: help whoever wants help, look around for a while, sleep.

use crate::shared::Shared;
use crate::sync::{patience, spin_loop};

/// How many times an idle worker looks around before it sleeps: some ten microseconds.
const PATIENCE: u32 = patience(2_000);

/// Runs until the executor is shut down.
pub(crate) fn live(shared: &Shared, worker: usize) {
    let mut turn = worker;
    let mut patience = PATIENCE;
    while !shared.is_shut_down() {
        if shared.help_any(turn) {
            turn = turn.wrapping_add(1);
            patience = PATIENCE;
        } else if patience > 0 {
            patience -= 1;
            spin_loop();
        } else {
            shared.sleep.sleep(worker, || shared.is_shut_down() || shared.wants_help());
            patience = PATIENCE;
        }
    }
}
