//! Runs that begin quietly, and that others break into.

use super::detached::{detached_as, wait_for_end};
use super::{Checked, Meeting, beside_workers, executor_of_two, help_and_sleep, help_once, spawn_helper};
use crate::pool::shared::Shared;
use crate::run;
use crate::run::body::{Body, Progress};
use crate::sleep::posted_fence;
use crate::sync::model::{Arc, explore, thread};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::team::{Stay, Team};
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{Dag, NodeId};
#[cfg(dgraph_shuttle)]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Waker;

pub(super) const QUIETLY: Option<Plan> = Some(Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes });

/// A closure as a body whose nodes could come back.
struct Back<F>(F);

impl<F: Fn(NodeId) -> Progress + Sync> Body for Back<F> {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        (self.0)(node)
    }
}

/// A body whose nodes are checked, and don't come back.
fn all_of(checked: &Checked) -> Back<impl Fn(NodeId) -> Progress + Sync> {
    Back(|node: NodeId| {
        checked.run(node);
        Progress::Done
    })
}

/// The caller begins quietly. A helper breaks in at any moment: before the first node, in the middle of one,
/// between two, after the last. Catches: a helper that finds nodes where it mustn't; either side of the lock.
fn broken_into(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = spawn_helper(&shared, help_once);
        let body = all_of(&checked);
        run::run_as(&shared, &checked.dag, &body, QUIETLY, None);
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

#[test]
fn run_quiet_of_two_roots() {
    broken_into(2, &[], 2);
}

#[test]
fn run_quiet_of_a_chain() {
    broken_into(2, &[(0, 1), (1, 2)], 3);
}

#[test]
fn run_quiet_of_a_join() {
    broken_into(2, &[(0, 2), (1, 2)], 3);
}

/// The second join comes with a counter that one member has written to, and another one goes on with.
#[test]
fn run_quiet_of_two_joins() {
    broken_into(2, &[(0, 2), (1, 2), (2, 3), (1, 3)], 4);
}

/// The caller waits in one node for the other, which only a helper can run. Catches: a quiet beginning that
/// has no end.
#[test]
fn run_quiet_with_a_rendezvous() {
    explore(2, || {
        let shared = executor_of_two(1);
        let dag = Dag::from_edges(2, &[]).expect("a valid graph");
        let meeting = Meeting::of(2);
        let over = Arc::new(AtomicBool::new(false));
        let helper = {
            let (shared, over) = (Arc::clone(&shared), Arc::clone(&over));
            thread::spawn(move || {
                while !over.load(Ordering::Relaxed) {
                    help_once(&shared);
                    thread::yield_now();
                }
            })
        };
        let body = Back(|_| {
            meeting.attend();
            Progress::Done
        });
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        over.store(true, Ordering::Relaxed);
        helper.join().expect("no panic");
    });
}

/// A node wants another turn, which somebody else may give it.
#[test]
fn run_quiet_of_a_node_that_wants_another_turn() {
    explore(2, || {
        let shared = executor_of_two(1);
        let checked = Checked::new(2, &[(0, 1)]);
        let helper = spawn_helper(&shared, help_once);
        let turned = AtomicBool::new(false);
        let body = Back(|node: NodeId| {
            if node == NodeId::new(0) && !turned.load(Ordering::Relaxed) {
                turned.store(true, Ordering::Relaxed);
                return Progress::Yielded;
            }
            checked.run(node);
            Progress::Done
        });
        run::run_as(&shared, &checked.dag, &body, QUIETLY, None);
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

/// A node panics with others kept in order, while somebody ends the quiet. Catches: nodes that are kept in an
/// order that nobody goes by any more. (Not for loom, which takes a mutex for poisoned that a thief leaves
/// while this thread unwinds.)
#[cfg(dgraph_shuttle)]
#[test]
fn run_quiet_of_a_node_that_panics() {
    explore(2, || {
        let shared = executor_of_two(1);
        let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
        let helper = spawn_helper(&shared, help_once);
        let body = Back(|node: NodeId| {
            if node.get() == 1 {
                resume_unwind(Box::new(1_u8));
            }
            Progress::Done
        });
        let run = AssertUnwindSafe(|| run::run_as(&shared, &dag, &body, QUIETLY, None));
        let payload = catch_unwind(run).expect_err("a node panics");
        assert_eq!(payload.downcast_ref(), Some(&1_u8));
        helper.join().expect("no panic");
    });
}

/// Walks in step have no nodes that come back. Where the table of paces says otherwise, which takes one graph
/// for another now and then, the run is shared. Catches: a plan that is believed.
#[test]
fn run_in_step_of_nodes_that_want_another_turn() {
    explore(1, || {
        let shared = executor_of_two(1);
        let checked = Checked::new(4, &[(0, 2), (1, 2), (0, 3), (1, 3)]);
        let helper = spawn_helper(&shared, help_once);
        let turned: Vec<_> = (0..4).map(|_| AtomicBool::new(false)).collect();
        let body = Back(|node: NodeId| {
            if !turned[node.index()].swap(true, Ordering::Relaxed) {
                return Progress::Yielded;
            }
            checked.run(node);
            Progress::Done
        });
        run::run_as(&shared, &checked.dag, &body, Some(Plan::InStep { budget: Budget::NONE }), None);
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

/// A worker begins, and the owner sleeps until it has left. Catches: a start that offers nothing, a worker
/// that leaves nodes behind.
#[test]
fn run_begun_quietly_by_a_worker() {
    explore(2, || {
        beside_workers(1, |shared| {
            let checked = Checked::new(2, &[(0, 1)]);
            let body = all_of(&checked);
            detached_as(QUIETLY, shared, &checked.dag, &body, |ticket| {
                assert!(wait_for_end(ticket, || false));
                checked.all_ran();
            });
        });
    });
}

/// The owner gives up after one look, while a worker may be about to join or has begun; it runs what is left.
/// Catches: an end that leaves nodes to nobody.
#[test]
fn run_quiet_that_is_given_up() {
    explore(2, || {
        beside_workers(1, |shared| {
            let checked = Checked::new(2, &[]);
            let body = all_of(&checked);
            detached_as(QUIETLY, shared, &checked.dag, &body, |ticket| {
                let _ = ticket.poll(Waker::noop());
            });
            checked.all_ran();
        });
    });
}

/// Nodes are offered while the run is quiet, so nobody is told of them; a worker ends that just then, and
/// goes to sleep. Catches: either of the two fences.
#[test]
fn run_quiet_that_offers_nodes_beside_one_who_goes_to_sleep() {
    explore(1, || {
        let shared = executor_of_two(1);
        let over = Arc::new(AtomicBool::new(false));
        let begun = Arc::new(AtomicBool::new(false));
        let worker = {
            let (shared, over, begun) = (Arc::clone(&shared), Arc::clone(&over), Arc::clone(&begun));
            thread::spawn(move || {
                // Ordering: Acquire pairs with the Release in node 0: the run has begun by then.
                while !begun.load(Ordering::Acquire) {
                    thread::yield_now();
                }
                help_and_sleep(&shared, || over.load(Ordering::Relaxed));
            })
        };
        let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
        let meeting = Meeting::of(2);
        let body = Back(|node: NodeId| {
            if node.get() == 0 {
                // Ordering: Release pairs with the Acquire of the worker.
                begun.store(true, Ordering::Release);
            }
            if matches!(node.get(), 1 | 2) {
                meeting.attend();
            }
            Progress::Done
        });
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        over.store(true, Ordering::Relaxed);
        posted_fence();
        shared.sleep.wake_all();
        worker.join().expect("no panic");
    });
}

/// A run is over when somebody who has seen it breaks in, by `break_in`, which says whether that has helped;
/// its team has another run by then, with a walk. Catches: a quiet beginning that is ended by a thread that
/// has not joined.
fn walk_after_it(teams: usize, break_in: fn(&Shared, &Team) -> bool) {
    explore(2, move || {
        let shared = executor_of_two(teams);
        let done = Arc::new(AtomicUsize::new(0));
        let helper = {
            let (shared, done) = (Arc::clone(&shared), Arc::clone(&done));
            thread::spawn(move || {
                let team = shared.teams.iter().next().expect("a team");
                if team.going_alone().is_some() {
                    let helped = break_in(&shared, team);
                    // Ordering: Release pairs with the Acquire in the walk, which sees the end of the
                    // break-in.
                    done.store(if helped { 2 } else { 1 }, Ordering::Release);
                }
            })
        };
        let dag = Dag::from_edges(1, &[]).expect("a valid graph");
        let body = Back(|_: NodeId| Progress::Done);
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        let body = |_: NodeId| {
            // Ordering: Acquire pairs with the Release of the helper.
            if done.load(Ordering::Acquire) == 1 {
                let team = shared.teams.iter().next().expect("a team");
                assert!(
                    team.going_alone().is_some(),
                    "a walk that nobody watches, and nobody has broken into"
                );
            }
        };
        super::run(&shared, &dag, &body, Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes });
        helper.join().expect("no panic");
    });
}

/// By a worker, as `Watchdog::look` does.
#[test]
fn run_quiet_and_a_walk_after_it() {
    walk_after_it(1, |shared, team| shared.sleep.look_around(0, || shared.break_in(team, 0)));
}

/// By a caller that waits for another run than the one in which the walk is, as `watch_within`, when that is
/// late.
#[test]
fn run_quiet_and_a_walk_after_it_within_another() {
    walk_after_it(2, |shared, team| {
        let awaited = shared.teams.iter().nth(1).expect("another one");
        let helped = shared.try_help(team, Some(awaited), &Stay::of_one_who_waits_for(awaited));
        shared.post_what_is_left(team);
        helped
    });
}
