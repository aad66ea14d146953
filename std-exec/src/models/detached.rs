//! Runs without a caller, and nodes that come back.

use super::{Checked, beside_workers};
use crate::pool::shared::Shared;
use crate::run::body::{Body, Progress};
use crate::run::{self, Stealing, end, start};
use crate::sleep::Parker;
use crate::sync::model::{Arc, UnsafeCell, explore, thread};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::team::Asked;
use crate::team::Ticket;
use crate::tuner::Plan;
use crate::wake::{Pending, Wakes, Whom};
use dgraph_core::{AsDag, Dag, NodeId};
use std::sync::Arc as StdArc;
use std::task::{Wake, Waker};

/// What wakes an owner. It is a task's waker that leaves a token for a thread.
struct Owner(Parker);

impl Wake for Owner {
    fn wake(self: StdArc<Self>) {
        self.0.unpark();
    }
}

/// Waits for the end of the run, as an owner does, or for `give_up`. Whether that was the end.
pub(super) fn wait_for_end(ticket: &Ticket, give_up: impl Fn() -> bool) -> bool {
    let owner = StdArc::new(Owner(Parker::new()));
    let waker = Waker::from(StdArc::clone(&owner));
    loop {
        match ticket.poll(&waker) {
            Asked::Over => return true,
            Asked::ToLook if give_up() => return false,
            Asked::ToLook => {}
            Asked::Nothing => owner.0.park(),
        }
    }
}

/// A run from its start to its end that is shared; in between its owner does as `own` says.
fn detached<F: Body>(shared: &Shared, dag: &Dag, body: &F, own: impl FnOnce(&StdArc<Ticket>)) {
    detached_as(Some(Plan::Share), shared, dag, body, own);
}

/// A run without a caller that begins as `plan` says.
pub(super) fn detached_as<F: Body>(
    plan: Option<Plan>,
    shared: &Shared,
    dag: &Dag,
    body: &F,
    own: impl FnOnce(&StdArc<Ticket>),
) {
    let lent = dag.lend_countdown().expect("nobody else runs this graph");
    let run = Stealing::detached(shared, lent.countdown(), body, plan);
    let ticket = Ticket::new(shared.id());
    // SAFETY: the ticket is new; `close` waits until everybody has left.
    unsafe { start(&run, &ticket) };
    own(&ticket);
    ticket.close();
    // SAFETY: it is closed.
    unsafe { end(&run, &ticket) };
    assert!(ticket.is_over());
    drop(lent);
}

/// The owner sleeps until the worker has left, and finds all that was done. Catches: a start that invites
/// nobody, `poll_end` without a fence, a helper that wakes no owner.
#[test]
fn run_detached_of_two_nodes() {
    explore(2, || {
        beside_workers(1, |shared| {
            let checked = Checked::new(2, &[(0, 1)]);
            detached(shared, &checked.dag, &|node: NodeId| checked.run(node), |ticket| {
                assert!(wait_for_end(ticket, || false));
                // Before the end waits for anybody: there must be nobody left.
                checked.all_ran();
            });
        });
    });
}

/// The owner gives up, after one look, while the worker may be about to join, in a body, or leaving; it runs
/// what is left. Catches: an end that doesn't wait, that leaves its waker to be woken in its place, or that
/// leaves nodes behind.
#[test]
fn run_detached_that_is_given_up() {
    explore(2, || {
        beside_workers(1, |shared| {
            let checked = Checked::new(2, &[]);
            let stopped = AtomicBool::new(false);
            let completed = AtomicUsize::new(0);
            let body = |node: NodeId| {
                if !stopped.load(Ordering::Relaxed) {
                    checked.run(node);
                }
                completed.fetch_add(1, Ordering::Relaxed);
            };
            detached(shared, &checked.dag, &body, |ticket| {
                let _ = ticket.poll(Waker::noop());
                stopped.store(true, Ordering::Relaxed);
            });
            assert_eq!(completed.load(Ordering::Relaxed), 2);
            checked.cells.iter().for_each(|cell| cell.with_mut(|_| ()));
        });
    });
}

/// Nobody goes on with a run whose executor is shut down: its owner has to, whenever that comes. Catches: a
/// shutdown that asks no owner, an owner that doesn't look for one that came before.
#[test]
fn a_shutdown_against_an_owner_that_falls_asleep() {
    explore(3, || {
        beside_workers(0, |shared| {
            let other = {
                let shared = StdArc::clone(shared);
                thread::spawn(move || shared.shut_down())
            };
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let waiting = Waiting::new(shared);
            detached(shared, &dag, &waiting, |ticket| {
                shared.detached.attach(&waiting.wakes);
                if shared.is_shut_down() {
                    ticket.ask_owner();
                }
                assert!(!wait_for_end(ticket, || shared.is_shut_down()));
                waiting.opener()();
            });
            shared.detached.detach(&waiting.wakes);
            waiting.has_ended();
            other.join().expect("no panic");
        });
    });
}

/// A graph's one node, which comes back until it has been opened. One member at a time has it.
pub(super) struct Waiting {
    shared: StdArc<Shared>,
    wakes: StdArc<Wakes>,
    open: Arc<AtomicBool>,
    memory: UnsafeCell<()>,
    ended: AtomicUsize,
}

// SAFETY: loom's cells report accesses that race; finding these is what they are for.
unsafe impl Sync for Waiting {}

impl Waiting {
    pub(super) fn new(shared: &StdArc<Shared>) -> Self {
        Self {
            shared: StdArc::clone(shared),
            wakes: Wakes::new(1),
            open: Arc::new(AtomicBool::new(false)),
            memory: UnsafeCell::new(()),
            ended: AtomicUsize::new(0),
        }
    }

    /// What opens it.
    pub(super) fn opener(&self) -> impl FnOnce() + use<> {
        let (open, waker) = (Arc::clone(&self.open), (*self.wakes.waker(0)).clone());
        move || {
            // Relaxed: the poll that answers the wake sees it.
            open.store(true, Ordering::Relaxed);
            waker.wake();
        }
    }

    /// To be called when the run is over.
    pub(super) fn has_ended(&self) {
        self.wakes.detach();
        self.memory.with_mut(|_| ());
        assert_eq!(self.ended.load(Ordering::Relaxed), 1);
    }
}

impl Body for Waiting {
    const WAKES: bool = true;

    fn run(&self, _: NodeId) -> Progress {
        self.memory.with_mut(|_| ());
        if self.open.load(Ordering::Relaxed) {
            self.ended.fetch_add(1, Ordering::Relaxed);
            return Progress::Done;
        }
        match self.wakes.pend(0) {
            Pending::Waits => Progress::Pending,
            Pending::Again => Progress::Yielded,
        }
    }

    fn open(&self, whom: Whom<'_>) {
        self.wakes.attach(self.shared.clone(), whom);
    }

    fn take_woken(&self, mut ready: impl FnMut(NodeId)) {
        self.wakes.take_for_team(|index| ready(NodeId::new(index)));
    }

    fn any_woken(&self) -> bool {
        self.wakes.any()
    }
}

/// The owner itself wakes the node, while the worker polls it, goes, or sleeps. Catches: a wake that leaves
/// no mark in the team or posts nothing, a member that doesn't look for the mark or clears it after it has
/// taken the nodes.
#[test]
fn run_detached_of_a_node_that_is_woken() {
    explore(2, || {
        beside_workers(1, |shared| {
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let waiting = Waiting::new(shared);
            detached(shared, &dag, &waiting, |ticket| {
                waiting.opener()();
                assert!(wait_for_end(ticket, || false));
            });
            waiting.has_ended();
        });
    });
}

/// Another thread wakes the node, which the caller and so many workers may come for.
fn woken_by_another_thread(preemptions: usize, workers: usize) {
    explore(preemptions, move || {
        beside_workers(workers, |shared| {
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let waiting = Waiting::new(shared);
            let opener = thread::spawn(waiting.opener());
            run::run_as(shared, &dag, &waiting, Some(Plan::Share), None);
            opener.join().expect("no panic");
            waiting.has_ended();
        });
    });
}

/// Before the run knows whom to tell, while the caller polls the node, or when it sleeps. Catches: as above;
/// wakers that came before `attach` and are forgotten.
#[test]
fn run_of_a_node_that_is_woken() {
    woken_by_another_thread(3, 0);
}

/// A node that is woken beside a worker, which may take the node, or be asleep as well.
#[test]
fn run_of_a_node_that_is_woken_beside_a_worker() {
    woken_by_another_thread(1, 1);
}
