//! Several runs at once, and who goes from one to the other.

use super::{beside_a_worker, model};
use crate::context;
use crate::ordered;
use crate::ready_queue::{Place, ReadyQueue};
use crate::shared::Shared;
use dgraph_core::{Dag, NodeId};

/// Runs as many nodes as there are `places`, each at its own.
fn run_at(shared: &Shared, places: &[Place], body: impl Fn(NodeId) + Sync) {
    let count = u32::try_from(places.len()).expect("few");
    let demands: Vec<_> = places.iter().map(|&place| (place, Vec::new())).collect();
    let mut queue = ReadyQueue::new(&demands, &[], (0..count).map(NodeId::new).collect());
    let dag = Dag::from_edges(places.len(), &[]).expect("no edges");
    ordered::run(shared, &dag, &mut queue, &body);
}

/// Two workers, one of which has called the run. Each waits in it for a run with a node that is bound to the other one, so
/// one of them has to come while it waits: the one whose run began first. Catches: a waiting worker that isn't called, or
/// doesn't look before it sleeps, or goes to no other run.
#[test]
fn run_in_order_of_workers_that_wait_for_each_other() {
    model(1, || {
        beside_a_worker(3, |shared| {
            context::become_worker(shared, 1);
            run_at(shared, &[Place::Worker(0), Place::Worker(1)], |node| {
                run_at(shared, &[Place::Worker(1 - node.index())], |_| ());
            });
        });
    });
}
