//! All teams of an executor: a list that only grows, so that anybody may walk it at any time.

use crate::sync::{MODEL, Pause};
use crate::team::Team;
use std::sync::OnceLock;

/// The teams of an executor. Walking takes no lock; a new team is appended when every other one is taken, so
/// there are as many as there have ever been runs at once that somebody worked on or waited for: no more than
/// threads, times the depth to which runs are nested.
#[derive(Debug)]
pub(crate) struct Teams {
    helpers: usize,
    pause: Pause,
    first: Entry,
}

#[derive(Debug)]
struct Entry {
    team: Team,
    next: OnceLock<Box<Entry>>,
}

impl Entry {
    fn new(helpers: usize, pause: Pause) -> Self {
        Self { team: Team::new(helpers, pause), next: OnceLock::new() }
    }
}

impl Teams {
    /// A few teams to begin with, since those that are made in the middle of a burst keep the heap from
    /// shrinking afterwards; each has room for a caller and `helpers` others.
    pub(crate) fn new(helpers: usize, pause: Pause) -> Self {
        let teams = Self { helpers, pause, first: Entry::new(helpers, pause) };
        let mut last = &teams.first;
        for _ in 0..if MODEL { 0 } else { helpers.min(3) + 1 } {
            last = last.next.get_or_init(|| Box::new(Entry::new(helpers, pause)));
        }
        teams
    }

    /// A team for a run of the calling thread's own. To be given back.
    #[inline]
    pub(crate) fn take(&self) -> &Team {
        let mut entry = &self.first;
        while !entry.team.take() {
            entry = entry.next.get_or_init(|| Box::new(Entry::new(self.helpers, self.pause)));
        }
        &entry.team
    }

    /// A team for a run of the calling thread's own, of so many nodes. To be given back.
    #[inline]
    pub(crate) fn take_for(&self, nodes: usize) -> &Team {
        match self.pause {
            Pause::Yields => self.take(),
            Pause::Spins => self.take_with_room(nodes),
        }
    }

    /// All teams, in no use or any.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &Team> {
        std::iter::successors(Some(&self.first), |entry| entry.next.get().map(|next| &**next))
            .map(|entry| &entry.team)
    }
}

impl Drop for Teams {
    /// Frees the list from the front, one by one: a long list must not recurse.
    fn drop(&mut self) {
        let mut next = self.first.next.take();
        while let Some(mut entry) = next {
            next = entry.next.take();
        }
    }
}
