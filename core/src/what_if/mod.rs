//! What a run would take on other machines, or with other nodes: predicted from how long each node takes.
//!
//! `simulation.rs` goes through a run event by event, as an executor would.

mod simulation;

use crate::{AsDag, NodeId};
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

/// In which order threads take ready nodes, for [`WhatIf::makespan`].
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId, SchedulingPolicy, WhatIf};
/// use std::time::Duration;
/// let chain_beside_two = Dag::from_edges(4, &[(2, 3)])?;
/// let what_if = WhatIf::new(chain_beside_two, |_| Duration::from_millis(1));
/// let [stealing, ordered] = [SchedulingPolicy::WorkStealing, SchedulingPolicy::LongestPathFirst]
///     .map(|policy| what_if.makespan(2, policy).as_millis());
/// assert_eq!((stealing, ordered), (3, 2)); // the chain was begun last, or first
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SchedulingPolicy {
    /// Each thread takes the node that it has made ready last; one that has none takes another's oldest. As
    /// executors run graphs without an order.
    #[default]
    WorkStealing,
    /// All threads take the node with the longest path behind it: list scheduling by critical path. As
    /// executors run typed graphs that are told, or have measured, how long nodes take.
    LongestPathFirst,
}

/// A graph whose nodes take so long: how long it would run on any number of threads, and what would change
/// that.
///
/// A prediction, not a measurement. It counts what the nodes take, and nothing else: no time to hand nodes
/// from thread to thread, no memory that threads compete for. So it is too low for nodes of less than some
/// microseconds, and for nodes that slow each other down.
///
/// # Examples
///
/// ```
/// use dgraph_core::{Dag, NodeId, SchedulingPolicy, WhatIf};
/// use std::time::Duration;
///
/// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
/// let millis = [10, 5, 70, 20];
/// let what_if = WhatIf::new(&dag, |node| Duration::from_millis(millis[node.index()]));
/// assert_eq!((what_if.work().as_millis(), what_if.span().as_millis()), (105, 100));
/// assert_eq!(what_if.parallelism(), 1.05); // two threads are more than enough
/// assert_eq!(what_if.slack(NodeId::new(1)).as_millis(), 65);
///
/// let policy = SchedulingPolicy::WorkStealing;
/// assert_eq!(what_if.makespan(1, policy).as_millis(), 105);
/// assert_eq!(what_if.makespan(16, policy).as_millis(), 100);
/// let (node, makespan) = what_if.most_effective(2.0, 16, policy).expect("there are nodes");
/// assert_eq!((node, makespan.as_millis()), (NodeId::new(2), 65)); // made twice as fast
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WhatIf<D> {
    dag: D,
    /// In nanoseconds, as all times here.
    durations: Vec<u64>,
    /// Of each node: the longest path that begins with it.
    ranks: Vec<u64>,
    span: u64,
}

impl<D: AsDag> WhatIf<D> {
    /// A graph whose nodes take so long. Sums stop at 2⁶⁴ nanoseconds, 584 years. O(V + E).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(3, &[])?, |_| Duration::from_secs(1));
    /// assert_eq!(what_if.work(), Duration::from_secs(3));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(dag: D, mut duration: impl FnMut(NodeId) -> Duration) -> Self {
        let nanos = |node| u64::try_from(duration(node).as_nanos()).unwrap_or(u64::MAX);
        let count = dag.view().node_count();
        let durations = (0..).take(count).map(NodeId::new).map(nanos).collect();
        Self::of(dag, durations)
    }

    fn of(dag: D, durations: Vec<u64>) -> Self {
        let mut ranks = vec![0; durations.len()];
        let span = dag.view().ranks_into(|node| durations[node.index()], &mut ranks);
        Self { dag, durations, ranks, span }
    }

    /// What all nodes take together: the makespan on one thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, WhatIf};
    /// fn ideal<D: AsDag>(what_if: &WhatIf<D>, threads: u32) -> std::time::Duration {
    ///     what_if.span().max(what_if.work() / threads) // no schedule is shorter
    /// }
    /// ```
    #[must_use]
    pub fn work(&self) -> Duration {
        Duration::from_nanos(self.durations.iter().fold(0, |sum: u64, &next| sum.saturating_add(next)))
    }

    /// What the critical path takes: the makespan on any number of threads is at least that.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(3, &[(0, 1)])?, |_| Duration::from_secs(1));
    /// assert_eq!(what_if.span(), Duration::from_secs(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn span(&self) -> Duration {
        Duration::from_nanos(self.span)
    }

    /// Work by span: how many threads the graph can keep busy on average, and so the highest possible
    /// speedup. 1 if nothing takes any time.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(3, &[(0, 1)])?, |_| Duration::from_secs(1));
    /// assert_eq!(what_if.parallelism(), 1.5);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn parallelism(&self) -> f64 {
        let work = self.durations.iter().fold(0.0, |sum, &next| sum + as_float(next));
        if self.span == 0 { 1.0 } else { work / as_float(self.span) }
    }

    /// What `node` takes.
    ///
    /// # Panics
    ///
    /// If there is no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{AsDag, NodeId, WhatIf};
    /// fn share<D: AsDag>(what_if: &WhatIf<D>, node: NodeId) -> f64 {
    ///     what_if.duration(node).as_secs_f64() / what_if.work().as_secs_f64()
    /// }
    /// ```
    #[must_use]
    #[track_caller]
    pub fn duration(&self, node: NodeId) -> Duration {
        Duration::from_nanos(self.durations[node.index()])
    }

    /// By how much `node` could take longer without a longer span: 0 on the critical path. O(V + E).
    ///
    /// # Panics
    ///
    /// If there is no such node.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(3, &[(0, 1)])?, |_| Duration::from_secs(1));
    /// assert_eq!([0, 1, 2].map(|node| what_if.slack(NodeId::new(node)).as_secs()), [0, 0, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn slack(&self, node: NodeId) -> Duration {
        Duration::from_nanos(self.slacks()[node.index()])
    }

    /// The slack of each node.
    fn slacks(&self) -> Vec<u64> {
        let dag = self.dag.view();
        let mut earliest = vec![0_u64; self.durations.len()];
        for &node in dag.order() {
            let end = earliest[node.index()].saturating_add(self.durations[node.index()]);
            for edge in dag.successors(node) {
                let begin = &mut earliest[edge.target().index()];
                *begin = end.max(*begin);
            }
        }
        let paths = earliest.iter().zip(&self.ranks).map(|(begin, rank)| begin.saturating_add(*rank));
        paths.map(|path| self.span.saturating_sub(path)).collect()
    }

    /// How long a run would take on so many threads, by simulation. O(E + V log V), whatever the number of
    /// threads.
    ///
    /// At most `work / threads + span × (threads − 1) / threads` (Graham 1969), since no thread is idle while
    /// a node is ready. The executor's real order may be another one, so work stealing in particular may turn
    /// out somewhat better or worse.
    ///
    /// # Panics
    ///
    /// If `threads` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, SchedulingPolicy, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(100, &[])?, |_| Duration::from_millis(1));
    /// let makespans = [1, 16, 1024].map(|threads| what_if.makespan(threads, SchedulingPolicy::default()));
    /// assert_eq!(makespans.map(|makespan| makespan.as_millis()), [100, 7, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn makespan(&self, threads: usize, policy: SchedulingPolicy) -> Duration {
        assert!(threads > 0, "no thread to run anything");
        Duration::from_nanos(simulation::makespan(
            self.dag.view(),
            &self.durations,
            &self.ranks,
            threads,
            policy,
        ))
    }

    /// A prediction for this graph if `node` were `factor` times faster; slower, if that is less than 1.
    ///
    /// # Panics
    ///
    /// If there is no such node, or `factor` isn't positive.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId, WhatIf};
    /// use std::time::Duration;
    /// let what_if = WhatIf::new(Dag::from_edges(3, &[(0, 1)])?, |_| Duration::from_secs(1));
    /// assert_eq!(what_if.faster(NodeId::new(0), 4.0).span(), Duration::from_millis(1250));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn faster(&self, node: NodeId, factor: f64) -> WhatIf<&D> {
        let mut durations = self.durations.clone();
        durations[node.index()] = divided(durations[node.index()], factor);
        WhatIf::of(&self.dag, durations)
    }

    /// Which node, made `factor` times faster, shortens the run on so many threads most, and how long that
    /// then takes. Of several the one that takes longest. `None` if no node shortens it.
    ///
    /// A node is taken to shorten the run by no more than it is made shorter itself (that it may do otherwise
    /// is Graham's anomaly): so most nodes need no simulation.
    ///
    /// # Panics
    ///
    /// If `threads` is 0, or `factor` isn't positive.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_core::{Dag, NodeId, SchedulingPolicy, WhatIf};
    /// use std::time::Duration;
    /// let millis = [3, 8, 9]; // the last one takes longest, but the others follow each other
    /// let dag = Dag::from_edges(3, &[(0, 1)])?;
    /// let what_if = WhatIf::new(dag, |node| Duration::from_millis(millis[node.index()]));
    /// let (node, makespan) = what_if.most_effective(2.0, 2, SchedulingPolicy::LongestPathFirst).unwrap();
    /// assert_eq!((node, makespan.as_millis()), (NodeId::new(1), 9));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn most_effective(
        &self,
        factor: f64,
        threads: usize,
        policy: SchedulingPolicy,
    ) -> Option<(NodeId, Duration)> {
        let now = self.makespan(threads, policy);
        let saved = |node: &NodeId| {
            let duration = self.durations[node.index()];
            duration.saturating_sub(divided(duration, factor))
        };
        let mut nodes: Vec<NodeId> = (0..).take(self.durations.len()).map(NodeId::new).collect();
        nodes.sort_by_key(|node| core::cmp::Reverse(saved(node)));
        let mut best: Option<(NodeId, Duration)> = None;
        for node in nodes {
            let shortest = best.map_or(now, |(_, makespan)| makespan);
            if now.saturating_sub(Duration::from_nanos(saved(&node))) >= shortest {
                break; // nor can those behind it
            }
            let makespan = self.faster(node, factor).makespan(threads, policy);
            if makespan < shortest {
                best = Some((node, makespan));
            }
        }
        best
    }
}

#[track_caller]
fn divided(nanos: u64, factor: f64) -> u64 {
    assert!(factor > 0.0, "a factor that isn't positive");
    #[allow(clippy::cast_sign_loss, clippy::cast_possible_truncation, reason = "positive, and it saturates")]
    let divided = (as_float(nanos) / factor) as u64;
    divided
}

#[allow(clippy::cast_precision_loss, reason = "53 bits are enough for a prediction")]
fn as_float(nanos: u64) -> f64 {
    nanos as f64
}
