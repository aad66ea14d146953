//! Rows: nodes that follow each other in an order, of one kind, and so in memory too. Graphs that are put
//! together in loops mostly consist of them.
//!
//! A run that goes through an order by itself, serially or in a [walk](crate::protocol::walk), enters the
//! function that was made for the closures of a row once, and comes back when the row is over, or when
//! something goes wrong: then it takes the next nodes one by one.
//!
//! What all nodes before a certain position have come to need not be recorded for each, as long as nothing
//! goes wrong: each has given a value. A store a node is a third of what a tiny node costs. So nodes of rows
//! are left *unmarked*, and marked
//!
//! - when one gives no value, or panics, by whoever goes through the order;
//! - when a helper breaks in, by the helper, before anything is shared: all but the last node claimed, which
//!   is marked by the walker when it finds out;
//! - when a run ends in which nothing went wrong: all at once.
//!
//! Until then nobody looks. A node that gives no value says so in its own status before it is complete
//! ([`NoValue`](crate::typed::memory::status::NoValue)), so marking asks each node, and doesn't depend on who
//! marks when. Marking twice does no harm, if a node that has given a value keeps it: graphs with results
//! that are moved mark at once.

use super::execution::Execution;
use crate::protocol::ready_queue::ReadyQueue;
use crate::protocol::walk::{Lane, Walk};
use crate::run::body::{Body, Progress};
use crate::tuner::Plan;
use crate::typed::data::stretch::Stretch;
use crate::typed::memory::row::Alone;
use crate::typed::memory::status::{Outcome, Status};
use dgraph_core::NodeId;
use std::ops::Range;

/// Runs all nodes of a graph that has no futures.
///
/// # Safety
///
/// The run has the graph to itself, and statuses are as `GraphData::prepare` leaves them. To be called once.
pub(crate) unsafe fn run_all(run: &Execution<'_>, queue: Option<&mut ReadyQueue>) {
    let serially = |Nodes(run): Nodes<'_>| {
        let topology = run.parts.topology;
        let (order, rows) = match run.parts.shuffled {
            None => (topology.order(), topology.serial_rows()),
            shuffled => (shuffled, Default::default()),
        };
        let _ = match order {
            // SAFETY: by contract: all nodes, each after its predecessors.
            None => unsafe { go_through(run, |position| position, rows, None) },
            // SAFETY: as above.
            Some(order) => unsafe { go_through(run, |position| order[position as usize].get(), rows, None) },
        };
    };
    match (run.frame.executor, queue) {
        (None, _) => serially(Nodes(run)),
        (Some(executor), None) => executor.run_body(&run.parts.topology.dag, Nodes(run), serially),
        (Some(executor), Some(queue)) => {
            let dag = &run.parts.topology.dag;
            let serial = run.parts.topology.order().unwrap_or(dag.view().order());
            // What earlier runs suggest are orders of their own.
            let forced = run.parts.shuffled.map(|_| Plan::Share);
            executor.run_ordered(dag, (queue, serial), Nodes(run), serially, forced);
        }
    }
}

/// The nodes of a run, as an executor sees them. Made by [`run_all`] only.
pub(crate) struct Nodes<'r>(pub(crate) &'r Execution<'r>);

impl Body for Nodes<'_> {
    const WAKES: bool = false;

    #[inline]
    fn run(&self, node: NodeId) -> Progress {
        // SAFETY: whoever calls this does so once for each node, after the node's predecessors, whose effects
        // it makes visible; for nodes that are bound to the caller, on this thread; for nodes under a limit,
        // when that permits it. An executor's plain runs don't know of such nodes, but a graph that has some
        // has a queue too; in a walk of such a run, they are all in the caller's lane.
        let _ = unsafe { self.0.node(node.get()) };
        Progress::Done
    }

    fn cancel(&self) -> bool {
        self.0.frame.cancel();
        true
    }

    fn broken_in(&self, walked: &[NodeId]) {
        if self.0.leaves_unmarked() {
            self.0.frame.statuses().mark_values(walked.iter().map(|node| node.get()));
        }
    }

    fn walk<const FREE: bool>(&self, walk: &Walk<'_>, lane: &Lane, part: Range<usize>) -> bool {
        let rows = self.0.parts.topology.stored_rows();
        let stored = std::ptr::eq(walk.steps().nodes(), self.0.parts.topology.dag.view().order());
        // A thread that goes alone goes through all of an order, in one part; but for a graph's first run.
        if !FREE || rows.is_empty() || !stored || part.len() < walk.steps().nodes().len() {
            return walk.through::<FREE>(lane, part, |node| {
                let _ = self.run(node);
            });
        }
        let order = walk.steps().nodes();
        // SAFETY: as in `run`. It is the order that is stored with the graph, in which the rows were found.
        unsafe { go_through(self.0, |position| order[position as usize].get(), rows, Some((walk, lane))) }
    }
}

/// Runs all nodes of an order, of which `at` gives the one at each position and these are the rows; in a walk
/// each after it was claimed. False if a claim fails.
///
/// # Safety
///
/// The nodes are those of `run`, each once, after its predecessors. `rows` were
/// [found](crate::typed::data::stretch::find) in this order. The conditions of [`Execution::node`].
unsafe fn go_through(
    run: &Execution<'_>,
    at: impl Fn(u32) -> u32,
    rows: &[Stretch],
    walk: Option<Alone<'_>>,
) -> bool {
    let claim = |position: u32| {
        #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
        crate::typed::memory::row::late::about_to_claim(position as usize);
        walk.is_none_or(|(walk, lane)| walk.claim::<true>(lane, position as usize))
    };
    let mut unmarked = run.leaves_unmarked();
    let mut progress = Cursor { run, at, position: 0, under_way: 0, unmarked: false };
    let mut rows = rows.iter();
    let mut next = rows.next();
    while progress.position < run.parts.topology.nodes() {
        let position = progress.position;
        if !claim(position) {
            progress.mark_last();
            return false;
        }
        match next {
            // Where something has gone wrong, nodes are taken one by one.
            Some(row) if row.position == position && !run.frame.any_signal() => {
                progress.under_way = row.length;
                // SAFETY: by contract, also for the nodes that follow in the row; no signal was raised.
                let ran = unsafe { run.start_row(row.node, &row.entry, &row.row(unmarked, walk)) };
                progress.went_on(ran.last - row.node + 1, unmarked && ran.outcome == Outcome::Value);
                if ran.seized {
                    progress.mark_last();
                    return false;
                }
                next = rows.next();
            }
            _ => {
                progress.under_way = 1;
                // SAFETY: by contract.
                let _ = unsafe { run.node((progress.at)(position)) };
                progress.went_on(1, false);
                next = next.filter(|row| row.position > position).or_else(|| rows.next());
            }
        }
        if unmarked && run.frame.any_signal() {
            progress.mark_all();
            unmarked = false;
        }
    }
    progress.mark_last();
    true
}

/// How far somebody has come who goes through an order.
struct Cursor<'r, A: Fn(u32) -> u32> {
    run: &'r Execution<'r>,
    at: A,
    /// How many nodes are over.
    position: u32,
    /// How many may be under way behind these. Not none, if a node panics.
    under_way: u32,
    /// The last node that is over has given a value and isn't marked.
    unmarked: bool,
}

impl<A: Fn(u32) -> u32> Cursor<'_, A> {
    fn went_on(&mut self, nodes: u32, unmarked: bool) {
        self.position += nodes;
        self.under_way = 0;
        self.unmarked = unmarked;
    }

    /// Those before it are marked by whoever breaks in, or all at the end.
    fn mark_last(&self) {
        if self.unmarked {
            self.run.frame.statuses().mark_values([(self.at)(self.position - 1)]);
        }
    }

    /// Something has gone wrong: with the last node, or elsewhere while that was under way.
    #[cold]
    fn mark_all(&self) {
        self.run.frame.statuses().mark_values((0..self.position - 1).map(&self.at));
        self.mark_last();
    }
}

impl<A: Fn(u32) -> u32> Drop for Cursor<'_, A> {
    /// Marks those before the node that panics, which says so itself. Those behind it were not gone through.
    fn drop(&mut self) {
        if self.under_way > 0 && self.run.leaves_unmarked() {
            let statuses = self.run.frame.statuses();
            let panicked = |&position: &u32| statuses.get((self.at)(position)) == Status::PANICKED;
            let over = (self.position..self.position + self.under_way).find(panicked);
            statuses.mark_values((0..over.unwrap_or(self.position)).map(&self.at));
        }
    }
}
