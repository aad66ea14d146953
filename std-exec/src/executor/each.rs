//! Runs in which each node has an item of its own.

use super::handle::{Executor, Handle};
use crate::run::{self, Before};
use dgraph_core::{Dag, NodeId};

impl Executor {
    /// Runs `body` once for each node of `dag` as [`run`](Self::run) does, with an item of the node's own,
    /// which it may change, and the items of the nodes that it depends on, which it may read. Items are by
    /// the numbers of the nodes. There is no lock: a node's item is its alone until it has returned, and
    /// those who read it come later.
    ///
    /// The first run of a graph makes the [reversed](Dag::reversed) one, to look up what a node depends on.
    /// Otherwise it costs as much as `run`, and a pass over the graph, since it doesn't use the counters that
    /// are kept with it: [who borrows these](dgraph_core::LentCountdown) can do it wrongly.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run): if `body` panics, its node's item and those of other nodes are as they were
    /// left. And if there are not as many items as nodes.
    ///
    /// # Examples
    ///
    /// A triangular system of equations: each row after those whose solutions it needs.
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    ///
    /// let left = [vec![], vec![(0, 0.5)], vec![(0, 2.0)], vec![(1, 1.0), (2, 0.5)]];
    /// let edges: Vec<(u32, u32)> =
    ///     (0..).zip(&left).flat_map(|(row, left)| left.iter().map(move |entry| (entry.0, row))).collect();
    /// let dag = Dag::from_edges(left.len(), &edges)?;
    ///
    /// let mut x = vec![4.0, 4.0, 9.0, 8.0]; // the right-hand side, and then the solution
    /// Executor::new()?.run_each(&dag, &mut x, |row, own, before| {
    ///     // (Columns of a row ascend, as the nodes do in what is before it.)
    ///     let sum: f64 = left[row.index()].iter().zip(before.iter()).map(|((_, factor), x)| factor * x).sum();
    ///     *own -= sum;
    /// });
    /// assert_eq!(x, [4.0, 2.0, 1.0, 5.5]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_each<T, F>(&self, dag: &Dag, items: &mut [T], body: F)
    where
        T: Send + Sync,
        F: Fn(NodeId, &mut T, Before<'_, T>) + Sync,
    {
        Handle::run_each(Some(self.handle()), dag, items, body);
    }
}

impl Handle {
    /// Calls `body` once for each node with its item: on the threads of the executor, if there is one.
    #[track_caller]
    pub(crate) fn run_each<T, F>(executor: Option<&Self>, dag: &Dag, items: &mut [T], body: F)
    where
        T: Send + Sync,
        F: Fn(NodeId, &mut T, Before<'_, T>) + Sync,
    {
        let shared = executor.and_then(|executor| {
            executor.check_process();
            (executor.threads() > 1).then_some(&*executor.shared)
        });
        run::run_each(shared, dag, items, body);
    }
}
