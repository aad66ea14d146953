//! A worker thread's life: help whoever wants help, look around for a while, sleep.
//!
//! ```text
//!         nothing for `Shared::spin`            nothing for some 16 ms
//!   UP ──────────────────────────────▶ DOZING ──────────────────────────▶ ASLEEP
//!    ▲  woken, or something to do        │ │ a walk overruns its budget      │ woken
//!    └───────────────────────────────────┘ └─▶ break in, UP                  │
//!    └───────────────────────────────────────────────────────────────────────┘
//! ```
//!
//! A caller that walks posts nothing, so nobody would come if one of its nodes blocked. Therefore somebody
//! *watches* while there are walks, and for a while after: the last worker that is neither asleep nor helping
//! somebody sets an alarm every millisecond instead, and breaks into a walk that has overrun its budget; and
//! one that goes to help somebody while there are walks, the last one to do so, wakes another one, or callers
//! that wait for a run in which they are nested. An idle executor sleeps soundly. (One for
//! [real-time runs](crate::ExecutorBuilder::real_time) never does: its workers stay `UP`.)

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::turns::Turns;
use crate::pool::watchdog::Watchdog;
use crate::sync::{Pause, patience, spin_loop};
use std::time::{Duration, Instant};

/// How often it pauses between two looks: looking is what slows those down who work.
const PAUSES: u32 = patience(4);

/// Runs until the executor is shut down.
pub(crate) fn live(shared: &Shared, worker: usize) {
    let _resign = context::become_worker(shared.id(), worker);
    shared.sleep.look_around(worker, || look_around(shared, worker));
}

/// Helps, and looks around, until the executor is shut down.
fn look_around(shared: &Shared, worker: usize) {
    let wanted = || shared.is_shut_down() || shared.wants_help() || shared.wants(worker);
    let mut turns = Turns::begin(worker);
    let mut idle_since = None;
    let mut watch = Watchdog::default();
    watch.begin();
    while !shared.is_shut_down() {
        if shared.help_any(&mut turns, worker)
            || watch.look(shared.going_alone()).is_some_and(|team| shared.break_in(team, worker))
        {
            turns.next();
            idle_since = None;
            watch.begin();
        } else if shared.pause == Pause::Spins || is_patient(&mut idle_since, shared.spin) {
            (0..PAUSES).for_each(|_| spin_loop());
        } else if let Some(time) = if shared.sleep.others_are_away() { watch.alarm() } else { None } {
            shared.sleep.doze(worker, time, wanted);
        } else {
            let unwatched = || shared.first_alone().is_some() && shared.sleep.nobody_watches();
            shared.sleep.sleep(worker, || wanted() || unwatched());
            idle_since = None;
            watch.begin();
        }
    }
}

/// Whether `spin` is not over yet, which begins when this is first asked.
pub(crate) fn is_patient(idle_since: &mut Option<Instant>, spin: Duration) -> bool {
    !spin.is_zero() && idle_since.get_or_insert_with(Instant::now).elapsed() < spin
}
