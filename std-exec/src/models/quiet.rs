//! Runs that begin quietly, and that others break into.

use super::detached::{Waiting, detached_as, wait_for_end};
use super::{
    Checked, Gate, Meeting, beside_workers, executor_of_two, help_and_sleep, help_once, spawn_helper,
};
use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::pool::worker;
use crate::run;
use crate::run::body::{Body, Progress};
use crate::sleep::posted;
use crate::sync::model::{Arc, explore, thread};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::team::Stay;
use crate::tuner::{Budget, Plan, Timed};
use crate::wake::{Pending, Wakes, Whom};
use dgraph_core::{AsDag, Dag, NodeId};
use std::sync::Arc as StdArc;
use std::task::Waker;

const QUIETLY: Option<Plan> = Some(Plan::Alone { budget: Budget::Ticks(1), timed: Timed::Yes });

/// A closure as a body whose nodes could come back.
struct Back<F>(F);

impl<F: Fn(NodeId) -> Progress + Sync> Body for Back<F> {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        (self.0)(node)
    }
}

/// The caller begins quietly. A helper breaks in at any moment: before the first node, in the middle of one,
/// between two, after the last. Catches: a helper that finds nodes where it mustn't; either side of the lock.
fn broken_into(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    explore(preemptions, move || {
        let shared = executor_of_two(1);
        let checked = Checked::new(nodes, edges);
        let helper = spawn_helper(&shared, help_once);
        let body = Back(|node: NodeId| {
            checked.run(node);
            Progress::Done
        });
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

/// A node comes back while another is run, and both feed a third: whoever has woken it comes to help.
/// Catches: a wake that is lost.
#[test]
fn run_quiet_beside_a_helper_with_a_woken_node() {
    explore(2, || {
        let shared = StdArc::new(Shared::new(2, Placement::default()));
        shared.teams.take().give_back();
        let wakes = Wakes::new(1);
        let checked = Checked::new(3, &[(0, 2), (1, 2)]);
        let open = Arc::new(AtomicBool::new(false));
        let helper = {
            let (shared, open, waker) =
                (StdArc::clone(&shared), Arc::clone(&open), (*wakes.waker(0)).clone());
            thread::spawn(move || {
                open.store(true, Ordering::Relaxed);
                waker.wake();
                help_once(&shared);
            })
        };
        let body = Opened { shared: &shared, wakes: &wakes, open: &open, checked: &checked };
        run::run_as(&shared, &checked.dag, &body, QUIETLY, None);
        checked.all_ran();
        helper.join().expect("no panic");
        wakes.detach();
    });
}

/// Nodes of which the first waits until it has been opened.
struct Opened<'a> {
    shared: &'a StdArc<Shared>,
    wakes: &'a StdArc<Wakes>,
    open: &'a AtomicBool,
    checked: &'a Checked,
}

impl Body for Opened<'_> {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        if node == NodeId::new(0) && !self.open.load(Ordering::Relaxed) {
            return match self.wakes.pend(0) {
                Pending::Waits => Progress::Pending,
                Pending::Again => Progress::Yielded,
            };
        }
        self.checked.run(node);
        Progress::Done
    }

    fn open(&self, whom: Whom<'_>) {
        self.wakes.attach(self.shared.clone(), whom);
    }

    fn take_woken(&self, mut ready: impl FnMut(NodeId)) {
        self.wakes.take_for_team(|index| ready(NodeId::new(index)));
    }
}

/// A worker begins, and the owner sleeps until it has left. Catches: a start that offers nothing, a worker
/// that leaves nodes behind.
#[test]
fn run_begun_quietly_by_a_worker() {
    explore(2, || {
        beside_workers(1, |shared| {
            let checked = Checked::new(2, &[(0, 1)]);
            let body = Back(|node: NodeId| {
                checked.run(node);
                Progress::Done
            });
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
            let body = Back(|node: NodeId| {
                checked.run(node);
                Progress::Done
            });
            detached_as(QUIETLY, shared, &checked.dag, &body, |ticket| {
                let _ = ticket.poll(Waker::noop());
            });
            checked.all_ran();
        });
    });
}

/// The worker has left, or still polls the node, when the owner wakes it. Catches: as for a node that is
/// woken in a run that wasn't quiet at its beginning.
#[test]
fn run_quiet_of_a_node_that_is_woken() {
    explore(2, || {
        beside_workers(1, |shared| {
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let waiting = Waiting::new(shared);
            detached_as(QUIETLY, shared, &dag, &waiting, |ticket| {
                waiting.opener()();
                assert!(wait_for_end(ticket, || false));
            });
            waiting.has_ended();
        });
    });
}

/// A node is woken in a quiet run with a caller, and nobody else but the thread that wakes the node.
#[test]
fn run_quiet_by_its_caller_of_a_node_that_is_woken() {
    explore(3, || {
        beside_workers(0, |shared| {
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let waiting = Waiting::new(shared);
            let opener = thread::spawn(waiting.opener());
            run::run_as(shared, &dag, &waiting, QUIETLY, None);
            opener.join().expect("no panic");
            waiting.has_ended();
        });
    });
}

/// A worker breaks in, finds nothing, and goes to sleep; just then the node wakes another one, and waits for
/// it. Catches: a wake that nobody is told of, although the run isn't quiet any more.
#[test]
fn run_quiet_of_a_node_that_waits_for_one_that_it_wakes() {
    explore(2, || {
        let shared = StdArc::new(Shared::new(2, Placement::default()));
        shared.teams.take().give_back();
        let broken_into = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let worker = {
            let (shared, steps) = (StdArc::clone(&shared), Arc::clone(&broken_into));
            thread::spawn(move || {
                Awaited::break_in(&shared, &steps);
                steps[1].store(true, Ordering::Relaxed); // nothing comes before anything else by this
                worker::live(&shared, 0);
            })
        };
        Awaited::run(&shared, 2, &broken_into);
        shared.shut_down();
        worker.join().expect("no panic");
    });
}

/// A node is woken in a quiet run beside somebody who finds a node, and waits in that for the one that is
/// woken; a worker sleeps. Catches: a thread that breaks in and looks for woken nodes without a fence.
#[test]
fn run_quiet_of_two_nodes_that_wait_for_one_that_is_woken() {
    explore(0, || {
        let shared = StdArc::new(Shared::new(3, Placement::default()));
        shared.teams.take().give_back();
        let broken_into = Arc::new([AtomicBool::new(false), AtomicBool::new(false)]);
        let worker = {
            let shared = StdArc::clone(&shared);
            thread::spawn(move || {
                help_and_sleep(&shared, || shared.is_shut_down());
            })
        };
        let helper = {
            let (shared, steps) = (StdArc::clone(&shared), Arc::clone(&broken_into));
            thread::spawn(move || Awaited::break_in(&shared, &steps))
        };
        Awaited::run(&shared, 3, &broken_into);
        shared.shut_down();
        helper.join().expect("no panic");
        worker.join().expect("no panic");
    });
}

/// Node 0 waits until node 1 opens it, which then waits for node 0; and so does node 2, if there is one.
struct Awaited<'a> {
    shared: &'a StdArc<Shared>,
    wakes: StdArc<Wakes>,
    /// Whether node 1 has begun, and whether somebody has broken in and done what it could.
    steps: &'a [AtomicBool; 2],
    opened: AtomicBool,
    passed: Gate,
}

impl Awaited<'_> {
    fn run(shared: &StdArc<Shared>, nodes: usize, steps: &[AtomicBool; 2]) {
        let dag = Dag::from_edges(nodes, &[]).expect("a valid graph");
        let (opened, passed) = (AtomicBool::new(false), Gate::new());
        let body = Awaited { shared, wakes: Wakes::new(1), steps, opened, passed };
        run::run_as(shared, &dag, &body, QUIETLY, None);
        body.wakes.detach();
    }

    /// As soon as node 1 has begun.
    fn break_in(shared: &Shared, steps: &[AtomicBool; 2]) {
        // Ordering: Acquire pairs with the Release in node 1: the run has begun by then.
        while !steps[0].load(Ordering::Acquire) {
            thread::yield_now();
        }
        help_once(shared);
    }
}

impl Body for Awaited<'_> {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        let [begun, over] = self.steps;
        match node.get() {
            // Relaxed: the wake comes after this, and the node's next turn after the wake.
            0 if !self.opened.load(Ordering::Relaxed) => {
                return match self.wakes.pend(0) {
                    Pending::Waits => Progress::Pending,
                    Pending::Again => Progress::Yielded,
                };
            }
            0 => self.passed.open(),
            1 => {
                // Ordering: Release pairs with the Acquire in `break_in`.
                begun.store(true, Ordering::Release);
                while !over.load(Ordering::Relaxed) {
                    thread::yield_now();
                }
                self.opened.store(true, Ordering::Relaxed);
                self.wakes.waker(0).wake_by_ref();
                self.passed.pass();
            }
            _ => {
                over.store(true, Ordering::Relaxed);
                self.passed.pass();
            }
        }
        Progress::Done
    }

    fn open(&self, whom: Whom<'_>) {
        self.wakes.attach(self.shared.clone(), whom);
    }

    fn take_woken(&self, mut ready: impl FnMut(NodeId)) {
        self.wakes.take_for_team(|index| ready(NodeId::new(index)));
    }
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
                begun.store(true, Ordering::Release);
            }
            if matches!(node.get(), 1 | 2) {
                meeting.attend();
            }
            Progress::Done
        });
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        over.store(true, Ordering::Relaxed);
        posted();
        shared.sleep.wake_all();
        worker.join().expect("no panic");
    });
}

/// A worker is about to break into a run that is over by then, and whose team has another one, with a walk.
/// Catches: a quiet beginning that is ended by a thread that has not joined.
#[test]
fn run_quiet_and_a_walk_after_it() {
    explore(2, || {
        let shared = executor_of_two(1);
        let done = Arc::new(AtomicUsize::new(0));
        let helper = {
            let (shared, done) = (Arc::clone(&shared), Arc::clone(&done));
            thread::spawn(move || {
                let team = shared.teams.iter().next().expect("a team");
                let late = team.going_alone().is_some(); // as `Watchdog::look` says
                if late {
                    let helped = shared.sleep.look_around(0, || shared.break_in(team, 0));
                    done.store(if helped { 2 } else { 1 }, Ordering::Release);
                }
            })
        };
        let dag = Dag::from_edges(1, &[]).expect("a valid graph");
        let body = Back(|_: NodeId| Progress::Done);
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        let body = |_: NodeId| {
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

/// A run that is over is about to be broken into, by a caller that waits for another run than the one in
/// which the walk is.
#[test]
fn run_quiet_and_a_walk_after_it_within_another() {
    explore(2, || {
        let shared = executor_of_two(2);
        let done = Arc::new(AtomicUsize::new(0));
        let helper = {
            let (shared, done) = (Arc::clone(&shared), Arc::clone(&done));
            thread::spawn(move || {
                let team = shared.teams.iter().next().expect("a team");
                let awaited = shared.teams.iter().nth(1).expect("another one");
                if team.going_alone().is_some() {
                    // `watch_within`, when that is late.
                    let stay = Stay::of_one_who_waits_for(awaited);
                    let helped = shared.try_help(team, Some(awaited), &stay);
                    shared.pass_on(team);
                    done.store(if helped { 2 } else { 1 }, Ordering::Release);
                }
            })
        };
        let dag = Dag::from_edges(1, &[]).expect("a valid graph");
        let body = Back(|_: NodeId| Progress::Done);
        run::run_as(&shared, &dag, &body, QUIETLY, None);
        let body = |_: NodeId| {
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
