//! Quiet beginnings of runs whose nodes are woken.

use super::detached::{Waiting, detached_as, wait_for_end};
use super::quiet::QUIETLY;
use super::{Checked, Gate, beside_workers, help_and_sleep, help_once};
use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::pool::worker;
use crate::run;
use crate::run::body::{Body, Progress};
use crate::sync::model::{Arc, explore, thread};
use crate::sync::{AtomicBool, Ordering};
use crate::wake::{Pending, Wakes, Whom};
use dgraph_core::{Dag, NodeId};
use std::sync::Arc as StdArc;

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
