//! Runs with nodes bound to a worker, and others that need the same worker: they take turns.

use super::detached::wait_for_end;
use super::taking_turns::{QUIETLY, Yields};
use super::{beside_workers_of, numbered};
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::run::ordered::{self, Ordered};
use crate::run::{Discipline, Stealing, start};
use crate::sync::model::{explore, thread};
use crate::sync::{AtomicBool, Ordering};
use crate::team::Ticket;
use crate::tuner::Plan;
use dgraph_core::{AsDag, Dag, NodeId};

/// For a graph of one node.
fn queue_of_one(place: Place) -> ReadyQueue {
    ReadyQueue::new(&[(place, Vec::new())], &[], &numbered(1))
}

/// Both runs from their start to their end.
fn both(executor: &crate::pool::shared::Shared, first: &impl Discipline, second: &impl Discipline) {
    let tickets = [Ticket::new(executor.id()), Ticket::new(executor.id())];
    // SAFETY: the ticket is new; it is waited for below.
    unsafe { start(first, &tickets[0]) };
    // SAFETY: as above.
    unsafe { start(second, &tickets[1]) };
    tickets.iter().for_each(|ticket| assert!(wait_for_end(ticket, || false)));
}

/// A node that is bound to the only worker waits for that of another run, which anybody may run, and the
/// other way round. The other run begins as `plan` says; without one it is an ordered run. Catches: a worker
/// that goes to bound nodes as long as there are any; one that leaves the other run, because of them, before
/// its first node.
fn bound_node_beside_another_run(preemptions: usize, plan: Option<Plan>) {
    explore(preemptions, move || {
        beside_workers_of(2, 1, |shared| {
            let dags = [(); 2].map(|()| Dag::from_edges(1, &[]).expect("a valid graph"));
            let lent = dags.each_ref().map(|dag| dag.lend_countdown().expect("nobody else runs this graph"));
            let (a, b) = (AtomicBool::new(false), AtomicBool::new(false));
            let (bound, free) = (Yields { mine: &a, others: &b }, Yields { mine: &b, others: &a });
            let mut queues = [Place::Worker(0), Place::Anywhere].map(queue_of_one);
            let [first, second] = &mut queues;
            let first = Ordered::new(shared, lent[0].countdown(), first, &bound);
            match plan {
                Some(plan) => {
                    both(shared, &first, &Stealing::detached(shared, lent[1].countdown(), &free, Some(plan)));
                }
                None => both(shared, &first, &Ordered::new(shared, lent[1].countdown(), second, &free)),
            }
        });
    });
}

#[test]
fn run_of_a_bound_node_beside_another_one() {
    bound_node_beside_another_run(1, Some(Plan::Share));
}

#[test]
fn run_of_a_bound_node_beside_a_quiet_one() {
    bound_node_beside_another_run(1, Some(QUIETLY));
}

#[test]
fn run_of_a_bound_node_beside_one_in_order() {
    bound_node_beside_another_run(1, None);
}

/// The worker is in a node that wants one turn after the other until another run's node, which is bound to
/// that worker, has run. That run has a caller, so it doesn't wait in the queue. Catches: a member that
/// stays as long as it has nodes, unless a run waits in the queue.
#[test]
fn run_of_a_bound_node_and_a_caller_beside_another_one() {
    explore(1, || {
        beside_workers_of(2, 1, |shared| {
            let dags = [(); 2].map(|()| Dag::from_edges(1, &[]).expect("a valid graph"));
            let lent = dags[0].lend_countdown().expect("nobody else runs this graph");
            let (bound_ran, begun) = (AtomicBool::new(false), AtomicBool::new(false));
            let yields = Yields { mine: &bound_ran, others: &begun };
            let free = Stealing::detached(shared, lent.countdown(), &yields, Some(Plan::Share));
            let ticket = Ticket::new(shared.id());
            // SAFETY: the ticket is new; it is waited for below.
            unsafe { start(&free, &ticket) };
            while !begun.load(Ordering::Relaxed) {
                thread::yield_now();
            }
            let bound = |_: NodeId| bound_ran.store(true, Ordering::Relaxed);
            let order = [NodeId::new(0)];
            ordered::run(shared, &dags[1], &mut queue_of_one(Place::Worker(0)), &order, &bound, None);
            assert!(wait_for_end(&ticket, || false));
        });
    });
}
