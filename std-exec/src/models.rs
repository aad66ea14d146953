//! loom models of the protocols between threads. Each names the mutations that it must catch; `.ci/mutants` applies
//! them to a copy and expects a failure.

use crate::cores::Seats;
use crate::membership::{Left, Membership};
use crate::ordered;
use crate::pace::Plan;
use crate::parker::Parker;
use crate::ready_queue::{Place, ReadyQueue};
use crate::seat::Seat;
use crate::shared::Shared;
use crate::sleep::{Sleep, posted};
use crate::sync::{AtomicBool, AtomicUsize, Condvar, Mutex, Ordering, lock, wait};
use crate::team::Team;
use crate::{run, worker};
use dgraph_core::{Dag, NodeId};
use loom::cell::UnsafeCell;
use loom::model::Builder;
use loom::sync::Arc;
use loom::thread;

/// Explores what `preemptions` forced switches between threads can bring about: all of it for the small models.
fn model(preemptions: usize, body: impl Fn() + Sync + Send + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = Some(preemptions);
    builder.max_branches = 10_000;
    builder.check(body);
}

/// Catches: `open` or `leave` with Relaxed, `try_join` or `is_empty` with Relaxed.
#[test]
fn a_helper_is_gone_before_the_run_is() {
    loom::model(|| {
        let shared = Arc::new((Membership::new(), UnsafeCell::new(())));
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                if shared.0.try_join(1) {
                    shared.1.with_mut(|_| ());
                    let left = shared.0.leave();
                    assert_eq!(left, Left::Nothing, "the caller doesn't sleep here");
                }
            })
        };
        shared.1.with_mut(|_| ());
        shared.0.open();
        shared.0.close();
        while !shared.0.is_empty() {
            thread::yield_now();
        }
        shared.1.with_mut(|_| ());
        helper.join().expect("no panic");
    });
}

/// No more helpers than the limit, and none after closing.
#[test]
fn the_limit_holds() {
    loom::model(|| {
        let membership = Arc::new(Membership::new());
        membership.open();
        let joining = |membership: Arc<Membership>| thread::spawn(move || membership.try_join(1));
        let (a, b) = (joining(Arc::clone(&membership)), joining(Arc::clone(&membership)));
        let joined = [a, b].map(|thread| usize::from(thread.join().expect("no panic")));
        assert_eq!(joined[0] + joined[1], 1);
        membership.close();
        assert!(!membership.try_join(2));
        assert_eq!(membership.leave(), Left::Nothing);
        assert!(membership.is_empty());
    });
}

/// Catches: the token not left under the lock, `notify_one` missing.
#[test]
fn a_token_left_early_is_not_lost() {
    loom::model(|| {
        let parker = Arc::new(Parker::new());
        let other = Arc::clone(&parker);
        let leaver = thread::spawn(move || other.unpark());
        parker.park();
        leaver.join().expect("no panic");
    });
}

/// Post against park: the sleeper sees the work, or the poster sees the sleeper. A lost wake-up is a deadlock, which
/// loom reports. Catches: either fence missing; the reason not looked at after lying down.
#[test]
fn post_against_park() {
    loom::model(|| {
        let shared = Arc::new((Sleep::new(1), AtomicBool::new(false)));
        let sleeper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                while !shared.1.load(Ordering::Relaxed) {
                    shared.0.sleep(0, || shared.1.load(Ordering::Relaxed));
                }
            })
        };
        shared.1.store(true, Ordering::Relaxed);
        posted();
        if shared.0.anybody_asleep() {
            let _ = shared.0.wake_one(None);
        }
        sleeper.join().expect("no panic");
    });
}

/// Two pieces of work, two posters, two sleepers: nobody sleeps on while a piece is left.
#[test]
fn two_posts_wake_two_sleepers() {
    model(2, || {
        let shared = Arc::new((Sleep::new(2), [AtomicBool::new(false), AtomicBool::new(false)]));
        let sleeper = |worker: usize| {
            let shared = Arc::clone(&shared);
            thread::spawn(move || {
                while !shared.1[worker].load(Ordering::Relaxed) {
                    shared.0.sleep(worker, || shared.1[worker].load(Ordering::Relaxed));
                }
            })
        };
        let sleepers = [sleeper(0), sleeper(1)];
        for work in &shared.1 {
            work.store(true, Ordering::Relaxed);
            posted();
        }
        let _ = (shared.0.wake_one(None), shared.0.wake_one(None));
        for sleeper in sleepers {
            sleeper.join().expect("no panic");
        }
    });
}

/// A graph whose nodes check that they run once, after their predecessors, and see what these have done.
struct Checked {
    dag: Dag,
    edges: &'static [(u32, u32)],
    cells: Vec<UnsafeCell<()>>,
    runs: Vec<AtomicUsize>,
}

// SAFETY: loom's cells report accesses that race; finding these is what they are for.
unsafe impl Sync for Checked {}

impl Checked {
    fn new(nodes: usize, edges: &'static [(u32, u32)]) -> Self {
        Self {
            dag: Dag::from_edges(nodes, edges).expect("a valid graph"),
            edges,
            cells: (0..nodes).map(|_| UnsafeCell::new(())).collect(),
            runs: (0..nodes).map(|_| AtomicUsize::new(0)).collect(),
        }
    }

    fn run(&self, node: NodeId) {
        for &(from, _) in self.edges.iter().filter(|&&(_, to)| to == node.get()) {
            self.cells[from as usize].with(|_| ());
        }
        self.cells[node.index()].with_mut(|_| ());
        self.runs[node.index()].fetch_add(1, Ordering::Relaxed);
    }

    fn all_ran(&self) {
        for (cell, runs) in self.cells.iter().zip(&self.runs) {
            cell.with(|_| ());
            assert_eq!(runs.load(Ordering::Relaxed), 1);
        }
    }
}

/// A whole run on an executor of two with one live worker: each node once, after its predecessors, and everybody
/// gets home. `edges` as for `Dag::from_edges`.
fn whole_run(preemptions: usize, nodes: usize, edges: &'static [(u32, u32)]) {
    model(preemptions, move || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let checked = Checked::new(nodes, edges);
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        run::run_as(&shared, &checked.dag, &|node: NodeId| checked.run(node), Some(Plan::Share), None);
        checked.all_ran();
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// The caller and a worker that share two roots. Catches: the caller returning while a helper is still in, the
/// fences in `Team::wait` and `posted`, `shut_down` against a worker that lies down.
#[test]
fn run_of_two_roots() {
    whole_run(2, 2, &[]);
}

/// A join whose last predecessor may end on either thread, with a successor that may wake the other one.
#[test]
fn run_of_a_diamond() {
    whole_run(2, 4, &[(0, 1), (0, 2), (1, 3), (2, 3)]);
}

/// A walk that a helper may break into at any moment: before the first claim, between two, in the middle of a node,
/// after the last. Catches: either fence between claim and seizure, the orderings of `claim`, `seize`, `release` and
/// `broken_in`, and a node run by both sides or by none.
fn walk(preemptions: usize, edges: &'static [(u32, u32)], nodes: usize) {
    model(preemptions, move || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let checked = Checked::new(nodes, edges);
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || shared.teams.iter().for_each(|team| _ = team.try_help(None)))
        };
        let plan = Plan::Walk { budget: 1 };
        run::run_as(&shared, &checked.dag, &|node: NodeId| checked.run(node), Some(plan), None);
        checked.all_ran();
        helper.join().expect("no panic");
    });
}

#[test]
fn walk_of_two_roots() {
    walk(2, &[], 2);
}

#[test]
fn walk_of_a_chain() {
    walk(2, &[(0, 1), (1, 2)], 3);
}

/// The helper runs a node whose predecessor the walker has run before its last claim.
#[test]
fn walk_past_a_done_node() {
    walk(2, &[(0, 2)], 3);
}

#[test]
fn walk_of_a_join() {
    walk(2, &[(0, 2), (1, 2)], 3);
}

/// What the owner put there before a body is the thief's to take during it, and the owner's again afterwards. Catches:
/// either fence missing; `enter`, `leave`, `try_rob` or the end of a robbery with Relaxed.
#[test]
fn a_robbery_against_its_owner() {
    loom::model(|| {
        let seat = Arc::new(Seat::new(0));
        let thief = {
            let seat = Arc::clone(&seat);
            thread::spawn(move || seat.try_rob(std::mem::take).unwrap_or(0))
        };
        for _ in 0..2 {
            // SAFETY: this thread is the owner, and outside of a body.
            unsafe { seat.with(|private| *private += 1) };
            seat.enter();
            let _ = seat.leave();
        }
        let taken = thief.join().expect("no panic");
        // SAFETY: as above.
        assert_eq!(unsafe { seat.with(|private| *private) } + taken, 2);
    });
}

/// Two thieves rob one owner, which is in a body all the time: each thing goes to one of them. Catches: the beginning or the
/// end of a robbery with Relaxed.
#[test]
fn two_thieves_one_after_the_other() {
    loom::model(|| {
        let seat = Arc::new(Seat::new(1));
        seat.enter();
        let thief = |seat: Arc<Seat<i32>>| thread::spawn(move || seat.try_rob(std::mem::take).unwrap_or(0));
        let thieves = [thief(Arc::clone(&seat)), thief(Arc::clone(&seat))];
        let taken: i32 = thieves.map(|thief| thief.join().expect("no panic")).iter().sum();
        let _ = seat.leave();
        // SAFETY: this thread is the owner, and outside of a body.
        assert_eq!(unsafe { seat.with(|private| *private) } + taken, 1);
    });
}

/// Runs a graph on two threads. The first that starts of the nodes `meeting` blocks until `others` of these have run, so what
/// its thread has kept to itself must be found by the other one.
fn blocked(nodes: usize, edges: &'static [(u32, u32)], meeting: std::ops::Range<u32>, others: usize) {
    model(2, move || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let dag = Dag::from_edges(nodes, edges).expect("a valid graph");
        // Whether somebody waits, and how many have run since.
        let (state, changed) = (Mutex::new((false, 0)), Condvar::new());
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let body = |node: NodeId| {
            if !meeting.contains(&node.get()) {
                return;
            }
            let mut state = lock(&state);
            if std::mem::replace(&mut state.0, true) {
                state.1 += 1;
                changed.notify_one();
            } else {
                while state.1 < others {
                    state = wait(&changed, state);
                }
            }
        };
        run::run_as(&shared, &dag, &body, Some(Plan::Share), None);
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// Three nodes become ready at once, and the first waits for the two others: one of them is on its thread's private stack.
/// Catches: the surplus not raised, nobody invited when it rises, no robbery.
#[test]
fn run_with_a_hidden_node() {
    blocked(4, &[(0, 1), (0, 2), (0, 3)], 1..4, 2);
}

/// Runs a graph on two threads, in which node 1 blocks until node 4 has run.
fn waits_for_a_join(edges: &'static [(u32, u32)]) {
    model(2, move || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let dag = Dag::from_edges(5, edges).expect("a valid graph");
        let (joined, changed) = (Mutex::new(false), Condvar::new());
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let body = |node: NodeId| match node.get() {
            1 => {
                let mut joined = lock(&joined);
                while !*joined {
                    joined = wait(&changed, joined);
                }
            }
            4 => {
                *lock(&joined) = true;
                changed.notify_one();
            }
            _ => {}
        };
        run::run_as(&shared, &dag, &body, Some(Plan::Share), None);
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// The thread of root 1 may hold an arrival of root 0 back while a root is left, the other predecessor of what 1 waits for.
/// Catches: arrivals held back that count for nothing.
#[test]
fn run_with_an_arrival_held_back() {
    waits_for_a_join(&[(0, 4), (2, 4), (2, 3)]);
}

/// The same with what 1 waits for on offer. Catches: a robbery that takes no arrivals.
#[test]
fn run_with_an_arrival_to_rob() {
    waits_for_a_join(&[(0, 2), (0, 1), (0, 3), (3, 4), (2, 4)]);
}

/// Two nodes that become ready at once and wait for each other: both threads must come for them, whoever made them
/// ready and whoever was asleep. Catches: a waiting caller that isn't woken for work that a helper posts.
#[test]
fn run_with_a_rendezvous() {
    model(3, || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
        let (arrived, all_here) = (Mutex::new(0), Condvar::new());
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let body = |node: NodeId| {
            if node.get() > 0 {
                let mut arrived = lock(&arrived);
                *arrived += 1;
                if *arrived == 2 {
                    all_here.notify_one();
                }
                while *arrived < 2 {
                    arrived = wait(&all_here, arrived);
                }
            }
        };
        run::run_as(&shared, &dag, &body, Some(Plan::Share), None);
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// A whole ordered run on an executor of two with one live worker. Each node runs once, after its predecessors, and at its
/// place; nodes under the limit `0`, which has one permit, never at once.
fn ordered_run(
    preemptions: usize,
    edges: &'static [(u32, u32)],
    demands: &'static [(Place, &'static [u32])],
) {
    model(preemptions, move || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let checked = Checked::new(demands.len(), edges);
        let limited = UnsafeCell::new(());
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let nodes = (0..).map(NodeId::new).take(demands.len()).collect();
        let listed: Vec<_> = demands.iter().map(|(place, limits)| (*place, limits.to_vec())).collect();
        let mut queue = ReadyQueue::new(&listed, &[1], nodes);
        let caller = thread::current().id();
        let body = Unchecked(|node: NodeId| {
            let (place, limits) = demands[node.index()];
            assert!(
                place == Place::Anywhere || (place == Place::Caller) == (thread::current().id() == caller)
            );
            checked.run(node);
            if !limits.is_empty() {
                limited.with_mut(|_| ());
            }
        });
        ordered::run(&shared, &checked.dag, &mut queue, &|node| body.call(node));
        checked.all_ran();
        limited.with_mut(|_| ());
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// Lets loom's cells into a body: they report the races that the compiler would rule out.
struct Unchecked<F>(F);

// SAFETY: as for `Checked`.
unsafe impl<F> Sync for Unchecked<F> {}

impl<F: Fn(NodeId)> Unchecked<F> {
    fn call(&self, node: NodeId) {
        (self.0)(node);
    }
}

const ANYWHERE: (Place, &[u32]) = (Place::Anywhere, &[]);
const LIMITED: (Place, &[u32]) = (Place::Anywhere, &[0]);
const CALLER: (Place, &[u32]) = (Place::Caller, &[]);
const WORKER: (Place, &[u32]) = (Place::Worker(0), &[]);

#[test]
fn run_in_order_of_a_join() {
    ordered_run(2, &[(0, 2), (1, 2)], &[ANYWHERE, ANYWHERE, ANYWHERE]);
}

/// Catches: a permit that isn't taken, or not given back.
#[test]
fn run_in_order_under_a_limit() {
    ordered_run(2, &[], &[LIMITED, LIMITED]);
}

/// To the worker and back: each has to be woken for what only it can run. Catches: either not woken, or not looking before
/// it sleeps.
#[test]
fn run_in_order_to_and_fro() {
    ordered_run(2, &[(0, 1), (1, 2)], &[CALLER, WORKER, CALLER]);
}

/// The worker has more than one node, and the caller nothing else to do than to wait for its leaving.
#[test]
fn run_in_order_on_the_worker() {
    ordered_run(2, &[(0, 1)], &[WORKER, WORKER]);
}

/// The worker waits for a run of its own when the caller makes a node ready that only the worker can run. Catches: a
/// waiting worker that isn't called.
#[test]
fn run_in_order_of_a_worker_that_waits() {
    model(2, || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        // All teams beforehand: the list is not loom's, which would not see that making one comes before its use.
        let _ = [(); 3].map(|()| shared.teams.take()).map(Team::give_back);
        let dag = |nodes, edges| Dag::from_edges(nodes, edges).expect("a valid graph");
        let (outer, inner) = (dag(2, &[]), dag(1, &[]));
        let nodes = |count| (0..count).map(NodeId::new).collect();
        let bound = |place| (place, Vec::new());
        let mut queue = ReadyQueue::new(&[bound(Place::Worker(0)), bound(Place::Caller)], &[], nodes(2));
        let (started, changed) = (Mutex::new(false), Condvar::new());
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        // The worker's node waits in a run for the caller's node, which waits in a run for the worker.
        let body = |node: NodeId| {
            let run_at = |place| {
                let mut queue = ReadyQueue::new(&[bound(place)], &[], nodes(1));
                ordered::run(&shared, &inner, &mut queue, &|_| ());
            };
            if node.index() == 0 {
                *lock(&started) = true;
                changed.notify_one();
                run_at(Place::Anywhere);
            } else {
                let mut started = lock(&started);
                while !*started {
                    started = wait(&changed, started);
                }
                drop(started);
                run_at(Place::Worker(0));
            }
        };
        ordered::run(&shared, &outer, &mut queue, &body);
        shared.shut_down();
        helper.join().expect("no panic");
    });
}

/// A node that panics while the other thread is in a limited one: the rest is discarded, and everybody gets home.
#[test]
fn run_in_order_that_panics() {
    model(2, || {
        let shared = Arc::new(Shared::new(2, Seats::default()));
        let dag = Dag::from_edges(3, &[(1, 2)]).expect("a valid graph");
        let helper = {
            let shared = Arc::clone(&shared);
            thread::spawn(move || worker::live(&shared, 0))
        };
        let demands = [LIMITED, LIMITED, WORKER].map(|(place, limits)| (place, limits.to_vec()));
        let mut queue = ReadyQueue::new(&demands, &[1], (0..3).map(NodeId::new).collect());
        let body = |node: NodeId| {
            if node.index() == 1 {
                std::panic::resume_unwind(Box::new("planned"));
            }
            assert_ne!(node.index(), 2, "it depends on the one that panics");
        };
        let run = std::panic::AssertUnwindSafe(|| ordered::run(&shared, &dag, &mut queue, &body));
        assert!(std::panic::catch_unwind(run).is_err());
        shared.shut_down();
        helper.join().expect("no panic");
    });
}
