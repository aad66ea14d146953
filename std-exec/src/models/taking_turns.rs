//! Runs without a caller that share workers.

#[cfg(dgraph_shuttle)]
use super::Gate;
use super::detached::wait_for_end;
use super::{Checked, beside_workers_of};
#[cfg(dgraph_shuttle)]
use crate::pool::context;
use crate::pool::shared::Shared;
use crate::run::body::{Body, Progress};
use crate::run::{Stealing, end, start};
use crate::sync::model::{explore, thread};
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::team::Ticket;
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{AsDag, Dag, NodeId};
#[cfg(dgraph_shuttle)]
use std::sync::Arc as StdArc;

pub(super) const QUIETLY: Plan = Plan::Alone { budget: Budget::NONE, timed: Timed::No };

/// Two runs from their start to their end, which begin as `plan` says.
fn two_runs<A: Body, B: Body>(shared: &Shared, plan: Plan, a: (&Dag, &A), b: (&Dag, &B)) {
    let lent = [a.0, b.0].map(|dag| dag.lend_countdown().expect("nobody else runs this graph"));
    let first = Stealing::detached(shared, lent[0].countdown(), a.1, Some(plan));
    let second = Stealing::detached(shared, lent[1].countdown(), b.1, Some(plan));
    let tickets = [Ticket::new(shared.id()), Ticket::new(shared.id())];
    // SAFETY: the ticket is new; it is waited for below.
    unsafe { start(&first, &tickets[0]) };
    // SAFETY: as above.
    unsafe { start(&second, &tickets[1]) };
    tickets.iter().for_each(|ticket| assert!(wait_for_end(ticket, || false)));
}

/// A node that wants another turn until it is told to end, and says so to the other one of its kind.
pub(super) struct Yields<'a> {
    pub(super) mine: &'a AtomicBool,
    pub(super) others: &'a AtomicBool,
}

impl Body for Yields<'_> {
    const WAKES: bool = true;

    fn run(&self, _: NodeId) -> Progress {
        // Relaxed: they say nothing about anything else.
        self.others.store(true, Ordering::Relaxed);
        thread::yield_now(); // there is no end to it if nobody else goes on
        if self.mine.load(Ordering::Relaxed) { Progress::Done } else { Progress::Yielded }
    }
}

/// Each of the two waits for the other one to have begun, and lets others go on meanwhile. Catches: a member
/// that stays as long as it has nodes.
fn that_wait_for_each_other(preemptions: usize, workers: usize, plan: Plan) {
    explore(preemptions, move || {
        beside_workers_of(workers.max(2), workers, |shared| {
            let dags = [(); 2].map(|()| Dag::from_edges(1, &[]).expect("a valid graph"));
            let (a, b) = (AtomicBool::new(false), AtomicBool::new(false));
            let (first, second) = (Yields { mine: &a, others: &b }, Yields { mine: &b, others: &a });
            two_runs(shared, plan, (&dags[0], &first), (&dags[1], &second));
        });
    });
}

#[test]
fn run_beside_one_that_waits_for_it() {
    that_wait_for_each_other(1, 1, Plan::Share);
}

#[test]
fn run_begun_quietly_beside_one_that_waits_for_it() {
    that_wait_for_each_other(1, 1, QUIETLY);
}

#[cfg(dgraph_shuttle)]
#[test]
fn runs_beside_some_that_wait_for_them() {
    for workers in [2, 3] {
        for plan in [QUIETLY, Plan::Share] {
            that_wait_for_each_other(3, workers, plan);
        }
    }
}

/// A graph whose nodes are checked.
struct Nodes<'a>(&'a Checked);

impl Body for Nodes<'_> {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        self.0.run(node);
        Progress::Done
    }
}

/// What a member has not run when it leaves is run by whoever goes on, who sees what came before. Catches:
/// nodes that aren't handed in, a team that is given back before what is left in it was taken out, a ticket
/// whose steps don't hand on what was done.
fn left_and_gone_on_with(plan: Plan) {
    explore(1, move || {
        beside_workers_of(2, 1, move |shared| {
            const EDGES: &[(u32, u32)] = &[(0, 1), (0, 2)];
            let graphs = [Checked::new(3, EDGES), Checked::new(1, &[])];
            let [first, second] = [0, 1].map(|graph| Nodes(&graphs[graph]));
            two_runs(shared, plan, (&graphs[0].dag, &first), (&graphs[1].dag, &second));
            graphs.iter().for_each(Checked::all_ran);
        });
    });
}

#[test]
fn runs_that_are_left_and_gone_on_with() {
    left_and_gone_on_with(Plan::Share);
}

#[test]
fn runs_begun_quietly_that_are_left_and_gone_on_with() {
    left_and_gone_on_with(QUIETLY);
}

/// Two members of one run: one of them is in a body when the other one has to leave, for a run that waits.
/// Catches: a last member that doesn't see what others have done; what is handed in and nobody comes for.
#[cfg(dgraph_shuttle)]
#[test]
fn runs_of_two_members_that_take_turns() {
    explore(3, || {
        beside_workers_of(3, 3, |shared| {
            const EDGES: &[(u32, u32)] = &[(0, 2), (1, 2), (2, 3), (2, 4)];
            let graphs = [Checked::new(5, EDGES), Checked::new(5, EDGES)];
            let [first, second] = [0, 1].map(|graph| Nodes(&graphs[graph]));
            two_runs(shared, Plan::Share, (&graphs[0].dag, &first), (&graphs[1].dag, &second));
            graphs.iter().for_each(Checked::all_ran);
        });
    });
}

/// The first run blocks its worker until the second one has ended: on two workers nobody is kept waiting.
/// Catches: a run in the queue that wakes nobody, a worker that takes one and leaves the next one to nobody.
#[cfg(dgraph_shuttle)]
#[test]
fn run_beside_one_that_blocks_until_it_is_over() {
    explore(3, || {
        beside_workers_of(2, 2, |shared| {
            let dags = [(); 2].map(|()| Dag::from_edges(1, &[]).expect("a valid graph"));
            let gate = Gate::new();
            let (waits, opens) = (|_: NodeId| gate.pass(), |_: NodeId| gate.open());
            two_runs(shared, Plan::Share, (&dags[0], &waits), (&dags[1], &opens));
        });
    });
}

/// An owner gives its run up while that waits, is taken by a worker, worked on, or left; and begins another
/// one with the same ticket, as a graph does that is run again. Catches: a run that is gone on with after it
/// was closed.
#[test]
fn run_that_is_given_up_and_another_one() {
    explore(1, || {
        beside_workers_of(2, 1, |shared| {
            let dag = Dag::from_edges(1, &[]).expect("a valid graph");
            let ticket = Ticket::new(shared.id());
            let ran = AtomicUsize::new(0);
            for runs in 1..=2 {
                let lent = dag.lend_countdown().expect("nobody else runs this graph");
                let body = |_: NodeId| _ = ran.fetch_add(1, Ordering::Relaxed);
                let run = Stealing::detached(shared, lent.countdown(), &body, Some(Plan::Share));
                // SAFETY: the ticket is over; `close` waits until everybody has left.
                unsafe { start(&run, &ticket) };
                ticket.close();
                // SAFETY: it is closed.
                unsafe { end(&run, &ticket) };
                assert_eq!(ran.load(Ordering::Relaxed), runs);
            }
        });
    });
}

/// A thread that drops its own run in the middle of that: the last member to leave ends it, once. Catches: an
/// end that is lost, or comes while somebody is still in.
#[cfg(dgraph_shuttle)]
#[test]
fn run_that_is_dropped_by_its_own_node() {
    explore(2, || {
        beside_workers_of(2, 2, |shared| {
            let dag = Dag::from_edges(2, &[]).expect("a valid graph");
            let lent = dag.lend_countdown().expect("nobody else runs this graph");
            let ticket = Ticket::new(shared.id());
            let (over, inside) = (StdArc::new(Gate::new()), StdArc::new(AtomicUsize::new(0)));
            let body = |node: NodeId| {
                inside.fetch_add(1, Ordering::Relaxed);
                if node == NodeId::new(0) {
                    assert!(context::is_within(&ticket));
                    let (over, inside) = (StdArc::clone(&over), StdArc::clone(&inside));
                    ticket.orphan(Box::new(move || {
                        assert_eq!(inside.load(Ordering::Relaxed), 0, "somebody is still in");
                        over.open();
                    }));
                }
                inside.fetch_sub(1, Ordering::Relaxed);
            };
            let run = Stealing::detached(shared, lent.countdown(), &body, Some(Plan::Share));
            // SAFETY: the ticket is new; it is waited for below.
            unsafe { start(&run, &ticket) };
            over.pass();
            assert!(ticket.is_over());
            // SAFETY: it is over.
            unsafe { end(&run, &ticket) };
        });
    });
}
