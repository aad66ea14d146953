//! Ordered runs without a caller.

use super::detached::wait_for_end;
use super::{Checked, beside_workers, numbered};
use crate::pool::shared::Shared;
use crate::protocol::ready_queue::{Place, ReadyQueue};
use crate::run::ordered::Ordered;
use crate::run::{Discipline, end, start};
use crate::sync::model::{explore, thread};
use crate::team::Ticket;
use dgraph_core::{AsDag, NodeId};

/// A run from its start to its end, whose nodes are bound to `places` and all under `limits`: none, or `0`,
/// which has one permit. Its owner comes by for the caller's nodes until the end, or does so once only and
/// then gives it up.
fn detached_run(
    shared: &Shared,
    edges: &'static [(u32, u32)],
    places: &[Place],
    limits: &[u32],
    gives_up: bool,
) {
    let checked = Checked::new(places.len(), edges);
    let owner = thread::current().id();
    let body = |node: NodeId| {
        if !gives_up && places[node.index()] != Place::Anywhere {
            let here = thread::current().id() == owner;
            assert_eq!(here, places[node.index()] == Place::Caller, "bound to another thread");
        }
        checked.run(node);
    };
    let demands: Vec<_> = places.iter().map(|&place| (place, limits.to_vec())).collect();
    let mut queue = ReadyQueue::new(&demands, &[1], &numbered(places.len()));
    let ticket = Ticket::new(shared.id());
    let lent = checked.dag.lend_countdown().expect("nobody else runs this graph");
    let run = Ordered::new(shared, lent.countdown(), &mut queue, &body);
    // SAFETY: the ticket is new; `close` waits until everybody has left.
    unsafe { start(&run, &ticket) };
    while !gives_up && !wait_for_end(&ticket, || true) {
        shared.serve(&ticket);
    }
    if !gives_up {
        // Before the end waits for anybody: there must be nobody left.
        checked.all_ran();
    }
    ticket.close();
    // SAFETY: it is closed.
    unsafe { end(&run, &ticket) };
    assert!(run.common().thrown.take().is_none());
    assert!(ticket.is_over());
    drop(run);
    drop(lent);
    checked.all_ran();
}

/// To the worker, to the owner, which sleeps, and to the worker again. Catches: an owner that isn't called
/// for its own nodes, or doesn't look for them when it has fallen asleep; a start that calls nobody; a helper
/// that wakes no owner at the end.
#[test]
fn run_in_order_detached_to_and_fro() {
    explore(1, || {
        beside_workers(1, |shared| {
            let places = [Place::Worker(0), Place::Caller, Place::Worker(0)];
            detached_run(shared, &[(0, 1), (1, 2)], &places, &[], false);
        });
    });
}

/// One node at a time, of which the first may be the owner's, and the last. So the owner may be wanted when
/// it has fallen asleep, no longer a moment later, when the worker has the permit, and then again. Catches: a
/// wake-up that is lost between the two.
#[test]
fn run_in_order_detached_under_a_limit() {
    explore(1, || {
        beside_workers(1, |shared| {
            let places = [Place::Worker(0), Place::Worker(0), Place::Caller];
            detached_run(shared, &[], &places, &[0], false);
        });
    });
}

/// The owner gives up while the worker is about to come, in a node, or leaving, and runs what is left,
/// whoever it is for. Catches: an end that leaves nodes behind.
#[test]
fn run_in_order_detached_that_is_given_up() {
    explore(2, || {
        beside_workers(1, |shared| {
            detached_run(shared, &[(0, 1)], &[Place::Worker(0), Place::Anywhere], &[], true);
        });
    });
}
