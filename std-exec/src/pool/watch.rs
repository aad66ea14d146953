//! Watching walks, and runs that begin quietly: a thread that goes alone posts nothing, so others have an eye on how long that
//! takes.
//!
//! A watcher is an idle worker, or, where all workers are busy, a caller that waits for a run in which the walk is nested. It
//! sets an alarm instead of sleeping, as long as there is a walk for it and for a while after. [`worker`] and the README of
//! [`sleep`] say who watches when.
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

/// A walk, or a quiet beginning, that is going on: its team, which of the team's runs it is, and its budget in ticks.
pub(crate) type Seen<'a> = (&'a Team, (usize, usize));

/// See the [module](self).
#[derive(Debug, Default)]
pub(crate) struct Watch {
    watched: Option<Watched>,
    dozes: u32,
}

/// A walk that the calling thread has an eye on, since when.
#[derive(Clone, Copy, Debug)]
struct Watched {
    team: *const Team,
    run: usize,
    since: u64,
}

impl Watch {
    /// That of a worker that has been busy: there may be walks soon.
    pub(crate) fn begin(&mut self) {
        self.dozes = DOZES;
    }

    /// Looks at the walk that is going on, if there is one. Its team, if since this was first asked it has
    /// overrun its budget, or been in one body for too long.
    pub(crate) fn look<'a>(&mut self, walk: Option<Seen<'a>>) -> Option<&'a Team> {
        let Some((team, (run, budget))) = walk else {
            self.watched = None;
            return None;
        };
        let now = clock::now();
        match &mut self.watched {
            Some(watch) if ptr::eq(watch.team, team) && watch.run == run => {
                let elapsed = usize::try_from(now.saturating_sub(watch.since)).unwrap_or(usize::MAX);
                team.is_late(elapsed, budget).then_some(team)
            }
            watched => {
                *watched = Some(Watched { team, run, since: now });
                None
            }
        }
    }

    /// For how long to sleep, if there may be walks. To be asked before each time.
    pub(crate) fn alarm(&mut self) -> Option<Duration> {
        let watches = self.watched.is_some();
        let on = watches || self.dozes > 0;
        self.dozes = if watches { DOZES } else { self.dozes.saturating_sub(1) };
        on.then_some(DOZE)
    }
}
