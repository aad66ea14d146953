//! Watching walks, and runs that begin quietly: a thread that goes alone posts nothing, so others have an eye
//! on how long that takes.
//!
//! A watcher is an idle worker, or, where all workers are busy, a caller that waits for a run in which the
//! walk is nested. It sets an alarm instead of sleeping, as long as there is a walk for it and for a while
//! after. [`worker`] and the README of [`sleep`] say who watches when.
//!
//! [`sleep`]: crate::sleep
//! [`worker`]: crate::pool::worker

use crate::sync::clock;
use crate::sync::patience;
use crate::team::Team;
use std::ptr;
use std::time::Duration;

/// How many times in a row a watcher wakes up for nothing before it falls asleep.
const DOZES: u32 = patience(16);
const DOZE: Duration = Duration::from_millis(1);
/// In ticks, some tens of microseconds: a member that goes quietly and is in a body for longer is broken
/// into.
const LONG_BODY: u64 = 100_000;

/// A walk, or a quiet beginning, that is going on: its team, which of the team's runs it is, and its budget
/// in ticks.
pub(crate) type Seen<'a> = (&'a Team, (usize, usize));

/// What an idle thread knows of the walk that it watches; the module's docs say who watches when.
#[derive(Debug, Default)]
pub(crate) struct Watchdog {
    watched: Option<Watched>,
    dozes: u32,
}

/// A walk that the calling thread has an eye on, since when.
#[derive(Clone, Copy, Debug)]
struct Watched {
    team: *const Team,
    run: usize,
    since: u64,
    /// Of one that goes quietly: how many bodies it had called when that was last different, and since when.
    beat: (usize, u64),
}

impl Watched {
    fn new(team: &Team, run: usize, now: u64) -> Self {
        Self { team, run, since: now, beat: (team.beat(), now) }
    }

    /// Whether it is in the middle of a long body, if it goes quietly.
    fn is_stuck(&mut self, team: &Team, now: u64) -> bool {
        let beat = team.beat();
        if beat != self.beat.0 {
            self.beat = (beat, now);
        }
        team.is_quiet() && now.saturating_sub(self.beat.1) > LONG_BODY
    }
}

impl Watchdog {
    /// That of a worker that has been busy: there may be walks soon.
    pub(crate) fn begin(&mut self) {
        self.dozes = DOZES;
    }

    /// Looks at the `walks` that are going on: at the one that it has looked at before, or else at the next
    /// one. Its team, if since then it has overrun its budget, or been in one body for too long.
    pub(crate) fn look<'a>(&mut self, walks: impl Iterator<Item = Seen<'a>>) -> Option<&'a Team> {
        let (mut first, mut next, mut is_behind) = (None, None, false);
        for (team, (run, budget)) in walks {
            match &mut self.watched {
                Some(watched) if ptr::eq(watched.team, team) && watched.run == run => {
                    let now = clock::now();
                    let elapsed = usize::try_from(now.saturating_sub(watched.since)).unwrap_or(usize::MAX);
                    return (team.is_late(elapsed, budget) || watched.is_stuck(team, now)).then_some(team);
                }
                Some(watched) if ptr::eq(watched.team, team) => is_behind = true,
                _ => {}
            }
            let found = if is_behind { &mut next } else { &mut first };
            found.get_or_insert((team, run));
        }
        self.watched = next.or(first).map(|(team, run)| Watched::new(team, run, clock::now()));
        None
    }

    /// For how long to sleep, if there may be walks. To be asked before each time.
    pub(crate) fn alarm(&mut self) -> Option<Duration> {
        let watches = self.watched.is_some();
        let on = watches || self.dozes > 0;
        self.dozes = if watches { DOZES } else { self.dozes.saturating_sub(1) };
        on.then_some(DOZE)
    }
}
