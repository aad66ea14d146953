//! All teams of an executor: a list that only grows, so that anybody may walk it at any time.

use crate::team::Team;
use std::sync::OnceLock;

/// The teams of an executor. Walking takes no lock; a new team is appended when every other one is taken, so there
/// are as many as there have ever been runs at once.
#[derive(Debug)]
pub(crate) struct Teams {
    helpers: usize,
    first: Entry,
}

#[derive(Debug)]
struct Entry {
    team: Team,
    next: OnceLock<Box<Entry>>,
}

impl Entry {
    fn new(helpers: usize) -> Self {
        Self { team: Team::new(helpers), next: OnceLock::new() }
    }
}

impl Teams {
    /// One team to begin with; each team has room for a caller and `helpers` others.
    pub(crate) fn new(helpers: usize) -> Self {
        Self { helpers, first: Entry::new(helpers) }
    }

    /// A team for a run of the calling thread's own. To be given back.
    #[inline]
    pub(crate) fn take(&self) -> &Team {
        let mut entry = &self.first;
        while !entry.team.take() {
            entry = entry.next.get_or_init(|| Box::new(Entry::new(self.helpers)));
        }
        &entry.team
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
