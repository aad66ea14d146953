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
use crate::typed::data::stretch::Rows;
use crate::typed::memory::row::{Alone, Distance, Row};
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
        let order = run.parts.shuffled.or(topology.order());
        let all = InOrder { order, part: 0..topology.nodes() };
        // SAFETY: by contract: all nodes, each after its predecessors.
        let _ = unsafe { go_through(run, all, run.leaves_unmarked(), None) };
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

    fn was_cut_short(&self) -> bool {
        self.0.frame.was_cut_short()
    }

    fn broken_in(&self, walked: &[NodeId]) {
        if self.0.leaves_unmarked() {
            self.0.frame.statuses().mark_values(walked.iter().map(|node| node.get()));
        }
    }

    fn walk<const FREE: bool>(&self, walk: &Walk<'_>, lane: &Lane, part: Range<usize>) -> bool {
        if !FREE || self.0.parts.topology.rows().are_none() {
            return walk.through::<FREE>(lane, part, |node| {
                let _ = self.run(node);
            });
        }
        // Who breaks into a walk in step doesn't mark, and nor does the end of one.
        let unmarked = self.0.leaves_unmarked() && !walk.steps().are_divided();
        let [start, end] = [part.start, part.end].map(|at| u32::try_from(at).expect("as many as nodes"));
        let order = self.0.parts.topology.unless_numbered(walk.steps().nodes());
        let order = InOrder { order, part: start..end };
        // SAFETY: as in `run`, for each node of the part.
        unsafe { go_through(self.0, order, unmarked, Some((walk, lane))) }
    }
}

/// Positions of an order that somebody goes through.
struct InOrder<'a> {
    /// `None`: as the nodes are numbered.
    order: Option<&'a [NodeId]>,
    part: Range<u32>,
}

impl InOrder<'_> {
    #[inline]
    fn at(&self, position: u32) -> u32 {
        self.order.map_or(position, |order| order[position as usize].get())
    }

    /// How many nodes from this position on are a row, if there is more than one, and how far they are apart.
    #[inline]
    fn row(&self, rows: &Rows<'_>, position: u32) -> Option<(u32, Distance)> {
        match self.order {
            Some(order) => rows.first(&order[position as usize..self.part.end as usize]),
            None => rows.rest(position).map(|(rest, apart)| (rest.min(self.part.end - position), apart)),
        }
    }
}

/// Runs all nodes in these positions of an order; in a walk each after it was claimed. False if a claim fails.
/// Whether nodes of rows are left `unmarked`.
///
/// In step, other threads run nodes meanwhile, and one of theirs may give no value. What a part depends on
/// in other lanes is complete before that part begins, and with it the signal that was raised: so it is
/// enough to look at it before each row.
///
/// # Safety
///
/// The nodes are those of `run`, each once, after its predecessors: those of another thread before the first
/// of the part. Unmarked: the order is of all nodes, and those before the part are over. The conditions of
/// [`Execution::node`].
unsafe fn go_through(
    run: &Execution<'_>,
    order: InOrder<'_>,
    unmarked: bool,
    walk: Option<Alone<'_>>,
) -> bool {
    let rows = run.parts.topology.rows().cursor();
    let position = order.part.start;
    let mut progress = Cursor { run, order, position, under_way: 0, unmarked, last_unmarked: false };
    while progress.position < progress.order.part.end {
        let position = progress.position;
        #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
        crate::typed::memory::row::late::about_to_claim(position as usize);
        if walk.is_some_and(|(walk, lane)| !walk.claim::<true>(lane, position as usize)) {
            progress.mark_last();
            return false;
        }
        let node = progress.order.at(position);
        // Where something has gone wrong, nodes are taken one by one.
        let row = if run.frame.any_signal() { None } else { progress.order.row(&rows, position) };
        match row {
            Some((length, apart)) => {
                progress.under_way = length;
                let row = Row::new(length - 1, apart, progress.unmarked, walk, position.wrapping_sub(node));
                // SAFETY: by contract, also for the nodes that follow in the row; no signal was raised.
                let ran = unsafe { run.start_row(node, &row) };
                progress.went_on(ran.last - node + 1, ran.outcome == Outcome::Value);
                if ran.seized {
                    progress.mark_last();
                    return false;
                }
            }
            None => {
                progress.under_way = 1;
                // SAFETY: by contract.
                let _ = unsafe { run.node(node) };
                progress.went_on(1, false);
            }
        }
        if progress.unmarked && run.frame.any_signal() {
            progress.mark_all();
        }
    }
    progress.mark_last();
    true
}

/// How far somebody has come who goes through an order.
struct Cursor<'r> {
    run: &'r Execution<'r>,
    order: InOrder<'r>,
    /// Up to where nodes are over.
    position: u32,
    /// How many may be under way behind these. Not none, if a node panics.
    under_way: u32,
    /// Nodes of rows aren't marked.
    unmarked: bool,
    /// The last node that is over has given a value and isn't marked.
    last_unmarked: bool,
}

impl Cursor<'_> {
    fn went_on(&mut self, nodes: u32, gave_value: bool) {
        self.position += nodes;
        self.under_way = 0;
        self.last_unmarked = self.unmarked && gave_value;
    }

    /// Those before it are marked by whoever breaks in, or all at the end.
    fn mark_last(&self) {
        if self.last_unmarked {
            self.run.frame.statuses().mark_values([self.order.at(self.position - 1)]);
        }
    }

    /// Something has gone wrong: with the last node, or elsewhere while that was under way. From now on each
    /// node is marked.
    #[cold]
    fn mark_all(&mut self) {
        self.run.frame.statuses().mark_values((0..self.position - 1).map(|position| self.order.at(position)));
        self.mark_last();
        self.unmarked = false;
    }
}

impl Drop for Cursor<'_> {
    /// Marks those before the node that panics, which says so itself. Those behind it were not gone through.
    fn drop(&mut self) {
        if self.under_way > 0 && self.unmarked {
            let statuses = self.run.frame.statuses();
            let panicked = |&position: &u32| statuses.get(self.order.at(position)) == Status::PANICKED;
            let over = (self.position..self.position + self.under_way).find(panicked);
            let over = 0..over.unwrap_or(self.position);
            statuses.mark_values(over.map(|position| self.order.at(position)));
        }
    }
}
