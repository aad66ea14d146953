//! What happened in a run: counted when asked for.

use crate::sync::{AtomicUsize, Ordering};

/// What happened in one run, from [`Executor::run_counted`](crate::Executor::run_counted).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dag, Executor};
///
/// let executor = Executor::builder().threads(1).build()?;
/// let statistics = executor.run_counted(&Dag::from_edges(100, &[])?, |_| {});
/// // With one thread nobody helps, and nobody is woken.
/// assert_eq!((statistics.nodes, statistics.walked), (100, 100));
/// assert_eq!((statistics.by_helpers, statistics.steals, statistics.wakes), (0, 0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunStatistics {
    /// Nodes run; all of them, also when a panic kept their bodies from being called.
    pub nodes: usize,
    /// Those of them that the caller ran by itself, one after the other in topological order: all, if nobody
    /// broke in.
    pub walked: usize,
    /// Those of them that several threads ran side by side, level by level, before anybody broke in.
    pub in_step: usize,
    /// Those of them that other threads than the caller ran.
    pub by_helpers: usize,
    /// How often a worker joined the run. One that has left because there was nothing to do may join again.
    pub joins: usize,
    /// How often a thread offered some of its ready nodes to the others.
    pub shares: usize,
    /// How often a thread took nodes that another one offered.
    pub steals: usize,
    /// How often a thread took nodes that another one kept to itself, while that was in the middle of a node.
    pub robberies: usize,
    /// How often the caller slept because there was nothing for it to do.
    pub parks: usize,
    /// How often a sleeping thread was woken for the run.
    pub wakes: usize,
}

/// The counters of a run that goes on. Relaxed throughout: what the members have counted is handed to the
/// caller when they leave.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) walked: AtomicUsize,
    pub(crate) in_step: AtomicUsize,
    pub(crate) by_helpers: AtomicUsize,
    pub(crate) joins: AtomicUsize,
    pub(crate) shares: AtomicUsize,
    pub(crate) steals: AtomicUsize,
    pub(crate) robberies: AtomicUsize,
    pub(crate) parks: AtomicUsize,
    pub(crate) wakes: AtomicUsize,
}

/// Adds to one of a [`Tally`]'s counters.
pub(crate) fn count(counter: &AtomicUsize, more: usize) {
    if more != 0 {
        counter.fetch_add(more, Ordering::Relaxed);
    }
}

impl Tally {
    /// The result, for a run of so many nodes that is over.
    pub(crate) fn finish(&self, nodes: usize) -> RunStatistics {
        let read = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        RunStatistics {
            nodes,
            walked: read(&self.walked),
            in_step: read(&self.in_step),
            by_helpers: read(&self.by_helpers),
            joins: read(&self.joins),
            shares: read(&self.shares),
            steals: read(&self.steals),
            robberies: read(&self.robberies),
            parks: read(&self.parks),
            wakes: read(&self.wakes),
        }
    }
}
