//! What happened in a run: counted when asked for.

use crate::sync::{AtomicUsize, Ordering};

/// What happened in one run, from [`Executor::run_with_statistics`](crate::Executor::run_with_statistics).
///
/// With the feature `serde` it can be written and read.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dag, Executor};
///
/// let executor = Executor::builder().threads(1).build()?;
/// let statistics = executor.run_with_statistics(&Dag::from_edges(100, &[])?, |_| {});
/// // With one thread nobody helps, and nobody is woken.
/// assert_eq!((statistics.nodes, statistics.sequential_nodes), (100, 100));
/// assert_eq!((statistics.helper_nodes, statistics.steals, statistics.wakes), (0, 0, 0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunStatistics {
    /// Nodes run; all of them, also when a panic kept their bodies from being called.
    pub nodes: usize,
    /// Those of them that the caller ran by itself, one after the other in topological order: all, if nobody
    /// broke in.
    pub sequential_nodes: usize,
    /// Those of them that several threads ran side by side, in supersteps, before anybody broke in.
    pub in_step_nodes: usize,
    /// Those of them that other threads than the caller ran.
    pub helper_nodes: usize,
    /// How often a worker joined the run. One that has left because there was nothing to do may join again.
    pub joins: usize,
    /// How often a thread offered some of its ready nodes to the others.
    pub offers: usize,
    /// How often a thread took nodes that another one offered.
    pub steals: usize,
    /// How often a thread took nodes that another one kept to itself, while that was in the middle of a node.
    pub private_steals: usize,
    /// How often the caller slept because there was nothing for it to do.
    pub parks: usize,
    /// How often a sleeping thread was woken for the run.
    pub wakes: usize,
}

#[cfg(feature = "serde")]
mod serde {
    use super::RunStatistics;
    use ::serde::de::{Deserialize, Deserializer};
    use ::serde::ser::{Serialize, Serializer};
    use std::collections::BTreeMap;

    impl RunStatistics {
        fn fields(&mut self) -> [(&'static str, &mut usize); 10] {
            [
                ("nodes", &mut self.nodes),
                ("sequential_nodes", &mut self.sequential_nodes),
                ("in_step_nodes", &mut self.in_step_nodes),
                ("helper_nodes", &mut self.helper_nodes),
                ("joins", &mut self.joins),
                ("offers", &mut self.offers),
                ("steals", &mut self.steals),
                ("private_steals", &mut self.private_steals),
                ("parks", &mut self.parks),
                ("wakes", &mut self.wakes),
            ]
        }
    }

    impl Serialize for RunStatistics {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map({ *self }.fields().map(|(name, count)| (name, *count)))
        }
    }

    /// What isn't there is 0, and what isn't known is left out: other versions have other counters.
    impl<'de> Deserialize<'de> for RunStatistics {
        fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            let counts = BTreeMap::<String, usize>::deserialize(deserializer)?;
            let mut statistics = Self::default();
            for (name, count) in statistics.fields() {
                *count = counts.get(name).copied().unwrap_or_default();
            }
            Ok(statistics)
        }
    }
}

/// The counters of a run that goes on. Relaxed throughout: what the members have counted is handed to the
/// caller when they leave.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) sequential_nodes: AtomicUsize,
    pub(crate) in_step_nodes: AtomicUsize,
    pub(crate) helper_nodes: AtomicUsize,
    pub(crate) joins: AtomicUsize,
    pub(crate) offers: AtomicUsize,
    pub(crate) steals: AtomicUsize,
    pub(crate) private_steals: AtomicUsize,
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
            sequential_nodes: read(&self.sequential_nodes),
            in_step_nodes: read(&self.in_step_nodes),
            helper_nodes: read(&self.helper_nodes),
            joins: read(&self.joins),
            offers: read(&self.offers),
            steals: read(&self.steals),
            private_steals: read(&self.private_steals),
            parks: read(&self.parks),
            wakes: read(&self.wakes),
        }
    }
}
