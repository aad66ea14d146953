//! Several runs at once: of two callers, and one within the other's node.

use super::{Checked, Gate, Meeting, beside_a_worker, executor_of_two, help_once, run, spawn_helper};
use crate::pool::shared::Shared;
use crate::sync::model::{Arc, explore, thread};
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{Dag, NodeId};

fn share(shared: &Shared, dag: &Dag, body: impl Fn(NodeId) + Sync) {
    run(shared, dag, &body, Plan::Share);
}

/// Runs `first` and `second` in a thread each, on an executor without workers.
fn two_callers(first: fn() -> Arc<Dag>, second: fn(&Arc<Dag>) -> Arc<Dag>) {
    explore(3, move || {
        let shared = executor_of_two(2);
        let call = |shared: &Shared, dag: &Dag| {
            let checked = Checked::new(3, JOIN);
            share(shared, dag, |node| checked.run(node));
            checked.all_ran();
        };
        let dag = first();
        let other = {
            let (shared, dag) = (Arc::clone(&shared), second(&dag));
            thread::spawn(move || call(&shared, &dag))
        };
        call(&shared, &dag);
        other.join().expect("no panic");
    });
}

const JOIN: &[(u32, u32)] = &[(0, 2), (1, 2)];

fn join() -> Arc<Dag> {
    Arc::new(Dag::from_edges(3, JOIN).expect("a valid graph"))
}

/// At the same time, with a team each, or one after the other with the same one. Catches: `take` or
/// `give_back` of a team with Relaxed.
#[test]
fn two_callers_of_two_graphs() {
    two_callers(join, |_| join());
}

/// At the same time, with the graph's counters and a team's, or both with the graph's. Catches: counters lent
/// twice.
#[test]
fn two_callers_of_one_graph() {
    two_callers(join, Arc::clone);
}

/// While one caller waits for its helper, another one's run wants help with a node that blocks until the
/// first run is over. Catches: a waiting caller that helps strangers.
#[test]
fn run_beside_a_stranger() {
    explore(2, || {
        let shared = executor_of_two(2);
        let dag = Arc::new(Dag::from_edges(2, &[]).expect("a valid graph"));
        let over = Arc::new(Gate::new());
        let helper = spawn_helper(&shared, help_once);
        let stranger = {
            let (shared, dag, over) = (Arc::clone(&shared), Arc::clone(&dag), Arc::clone(&over));
            thread::spawn(move || share(&shared, &*dag, |_| over.pass()))
        };
        share(&shared, &*dag, |_| ());
        over.open();
        helper.join().expect("no panic");
        stranger.join().expect("no panic");
    });
}

/// Two runs that each need the only worker. Catches: a worker that looks at one of them only before it
/// sleeps. (A second forced switch takes two minutes, and finds nothing.)
#[test]
fn run_beside_another() {
    explore(1, || {
        beside_a_worker(2, |shared| {
            let call = |shared: &Shared| {
                let dag = Dag::from_edges(2, &[]).expect("a valid graph");
                let meeting = Meeting::of(2);
                share(shared, &dag, |_| meeting.attend());
            };
            let other = {
                let shared = Arc::clone(shared);
                thread::spawn(move || call(&shared))
            };
            call(shared);
            other.join().expect("no panic");
        });
    });
}

/// A node of a run starts another one, whose nodes need both threads: whoever isn't in it must come, also if
/// it waits for the outer run. Catches: a waiting caller that doesn't look for nested runs before it parks,
/// or isn't woken for them.
#[test]
fn run_within_a_run() {
    explore(2, || {
        beside_a_worker(2, |shared| {
            let dag = Dag::from_edges(2, &[]).expect("a valid graph");
            let (both_here, meeting) = (Meeting::of(2), Meeting::of(2));
            share(shared, &dag, |node| {
                both_here.attend();
                if node.index() == 1 {
                    share(shared, &dag, |_| meeting.attend());
                }
            });
        });
    });
}

/// The inner run begins with a walk, which posts nothing, on an executor whose other worker is busy for ever:
/// also a caller must watch that waits for the outer run. Catches: one that parks without an alarm although
/// nobody watches, or isn't woken to watch.
#[test]
fn run_of_a_walk_within_a_run() {
    explore(2, || {
        beside_a_worker(2, |shared| {
            shared.sleep.absent(1);
            let dag = Dag::from_edges(2, &[]).expect("a valid graph");
            let (both_here, meeting) = (Meeting::of(2), Meeting::of(2));
            share(shared, &dag, |node| {
                both_here.attend();
                if node.index() == 1 {
                    let plan = Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes };
                    run(shared, &dag, &|_: NodeId| meeting.attend(), plan);
                }
            });
        });
    });
}

/// A worker watches the walk first and then goes to help somebody, for long. Catches: one that wakes nobody
/// when it goes, though no other one sleeps.
#[test]
fn run_of_a_walk_that_is_watched_no_more() {
    explore(2, || {
        let shared = executor_of_two(2);
        shared.sleep.absent(1);
        let over = Arc::new(Gate::new());
        let watcher = {
            let (shared, over) = (Arc::clone(&shared), Arc::clone(&over));
            thread::spawn(move || shared.sleep.look_around(0, || shared.away(0, 1, || over.pass())))
        };
        let helper = spawn_helper(&shared, help_once);
        let dag = Dag::from_edges(2, &[]).expect("a valid graph");
        let meeting = Meeting::of(2);
        let caller = thread::current().id();
        share(&shared, &dag, |_| {
            if thread::current().id() != caller {
                let plan = Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes };
                run(&shared, &dag, &|_: NodeId| meeting.attend(), plan);
            }
        });
        over.open();
        helper.join().expect("no panic");
        watcher.join().expect("no panic");
    });
}
