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
//! A caller that walks posts nothing, so nobody would come if one of its nodes blocked. Therefore somebody *watches*
//! while there are walks, and for a while after: the last worker that is neither asleep nor helping somebody sets an alarm
//! every millisecond instead, and breaks into a walk that has overrun its budget; and one that goes to help somebody while
//! there are walks, the last one to do so, wakes another one. An idle executor sleeps soundly.

use crate::clock;
use crate::context;
use crate::shared::Shared;
use crate::sync::{MODEL, patience, spin_loop};
use crate::team::Team;
use std::ptr;
use std::time::{Duration, Instant};

/// How long an idle worker looks around before it lies down, unless the user has a better idea. No time at all in
/// models, which have to get to sleep to be small.
pub(crate) const SPIN: Duration = if MODEL { Duration::ZERO } else { Duration::from_micros(20) };
/// How often it pauses between two looks: looking is what slows those down who work.
const PAUSES: u32 = patience(32);
/// How many times it dozes for nothing before it falls asleep.
const DOZES: u32 = patience(16);
const DOZE: Duration = Duration::from_millis(1);

/// In ticks, some tens of microseconds: who drives a run alone and is in a body for longer is broken into.
const LONG_BODY: u64 = 100_000;

/// A walk, or a run that one drives alone, that a worker has an eye on, since when.
#[derive(Clone, Copy)]
struct Watched {
    team: *const Team,
    run: usize,
    since: u64,
    /// Of one who drives: where it was when that was last different, and since when it has been there.
    beat: (usize, u64),
}

impl Watched {
    fn new(team: &Team, run: usize, now: u64) -> Self {
        Self { team, run, since: now, beat: (team.solo.beat(), now) }
    }

    /// Whether it is in the middle of a long body, if it drives.
    fn is_stuck(&mut self, team: &Team, now: u64) -> bool {
        let beat = team.solo.beat();
        if beat != self.beat.0 {
            self.beat = (beat, now);
        }
        team.solo.is_driven() && now.saturating_sub(self.beat.1) > LONG_BODY
    }
}

/// Runs until the executor is shut down.
pub(crate) fn live(shared: &Shared, worker: usize) {
    context::become_worker(shared, worker);
    let wanted = || shared.is_shut_down() || shared.wants_help() || shared.wants(worker);
    let mut turn = worker;
    let (mut idle_since, mut dozes) = (None, DOZES);
    let mut watched = None;
    while !shared.is_shut_down() {
        if shared.help_any(turn, worker) || break_in(shared, &mut watched) {
            turn = turn.wrapping_add(1);
            (idle_since, dozes) = (None, DOZES);
        } else if is_patient(&mut idle_since, shared.spin) {
            (0..PAUSES).for_each(|_| spin_loop());
        } else if (watched.is_some() || dozes > 0) && shared.sleep.others_are_away() {
            dozes = if watched.is_some() { DOZES } else { dozes - 1 };
            shared.sleep.doze(worker, DOZE, wanted);
        } else {
            let unwatched = || shared.walk().is_some() && shared.sleep.nobody_watches();
            shared.sleep.sleep(worker, || wanted() || unwatched());
            (idle_since, dozes) = (None, DOZES);
        }
    }
}

/// Whether `spin` is not over yet, which begins when this is first asked.
fn is_patient(idle_since: &mut Option<Instant>, spin: Duration) -> bool {
    !spin.is_zero() && idle_since.get_or_insert_with(Instant::now).elapsed() < spin
}

/// Watches a walk, and breaks in if it has overrun its budget. Whether it has.
fn break_in(shared: &Shared, watched: &mut Option<Watched>) -> bool {
    let Some((team, (run, budget))) = shared.walk() else {
        *watched = None;
        return false;
    };
    let now = clock::now();
    match watched {
        Some(watch) if ptr::eq(watch.team, team) && watch.run == run => {
            let elapsed = usize::try_from(now.saturating_sub(watch.since)).unwrap_or(usize::MAX);
            (team.is_late(elapsed, budget) || watch.is_stuck(team, now)) && shared.break_in(team)
        }
        _ => {
            *watched = Some(Watched::new(team, run, now));
            false
        }
    }
}
