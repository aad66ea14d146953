//! Robbing: of a lock by itself, and in runs with a member that blocks.

use super::{Gate, beside_a_worker, run};
use crate::protocol::biased_lock::BiasedLock;
use crate::sync::model::{Arc, explore, explore_all, thread};
use crate::sync::{Condvar, Mutex, Pause, lock, wait};
use crate::tuner::Plan;
use dgraph_core::{Dag, NodeId};

/// What the owner put there before a body is the thief's to take during it, and the owner's again afterwards.
/// Catches: either fence missing; `enter`, `leave`, `try_rob` or the end of a robbery with Relaxed.
#[test]
fn a_robbery_against_its_owner() {
    explore_all(|| {
        let lock = Arc::new(BiasedLock::new(0, Pause::Yields));
        let thief = {
            let lock = Arc::clone(&lock);
            thread::spawn(move || lock.try_rob(std::mem::take).unwrap_or(0))
        };
        for _ in 0..2 {
            // SAFETY: this thread is the owner, and outside of a body.
            unsafe { lock.with(|private| *private += 1) };
            lock.enter();
            let _ = lock.leave();
        }
        let taken = thief.join().expect("no panic");
        // SAFETY: as above.
        assert_eq!(unsafe { lock.with(|private| *private) } + taken, 2);
    });
}

/// Two thieves rob one owner, which is in a body all the time: each thing goes to one of them. Catches: the
/// end of a robbery with Relaxed. (Its beginning may be: the fence behind it makes up for that.)
#[test]
fn two_thieves_one_after_the_other() {
    explore_all(|| {
        let lock = Arc::new(BiasedLock::new(1, Pause::Yields));
        lock.enter();
        let thief =
            |lock: Arc<BiasedLock<i32>>| thread::spawn(move || lock.try_rob(std::mem::take).unwrap_or(0));
        let thieves = [thief(Arc::clone(&lock)), thief(Arc::clone(&lock))];
        let taken: i32 = thieves.map(|thief| thief.join().expect("no panic")).iter().sum();
        let _ = lock.leave();
        // SAFETY: this thread is the owner, and outside of a body.
        assert_eq!(unsafe { lock.with(|private| *private) } + taken, 1);
    });
}

/// Runs a graph on two threads. The first that starts of the nodes `meeting` blocks until `others` of these
/// have run, so what its thread has kept to itself must be found by the other one.
fn blocked(nodes: usize, edges: &'static [(u32, u32)], meeting: std::ops::Range<u32>, others: usize) {
    explore(2, move || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(nodes, edges).expect("a valid graph");
            // Whether somebody waits, and how many have run since.
            let (state, changed) = (Mutex::new((false, 0)), Condvar::new());
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
            run(shared, &dag, &body, Plan::Share);
        });
    });
}

/// Three nodes become ready at once, and the first waits for the two others: one of them is on its thread's
/// private stack. Catches: the surplus not raised, nobody invited when it rises, no robbery.
#[test]
fn run_with_a_hidden_node() {
    blocked(4, &[(0, 1), (0, 2), (0, 3)], 1..4, 2);
}

/// Runs a graph on two threads, in which node 1 blocks until node 4 has run.
fn waits_for_a_join(edges: &'static [(u32, u32)]) {
    explore(2, move || {
        beside_a_worker(1, |shared| {
            let dag = Dag::from_edges(5, edges).expect("a valid graph");
            let joined = Gate::new();
            let body = |node: NodeId| match node.get() {
                1 => joined.pass(),
                4 => joined.open(),
                _ => {}
            };
            run(shared, &dag, &body, Plan::Share);
        });
    });
}

/// The thread of root 0 runs 1 next, and while there are roots left it holds an arrival back at what 1 waits
/// for. Catches: arrivals held back that count for nothing.
#[test]
fn run_with_an_arrival_held_back() {
    waits_for_a_join(&[(0, 1), (0, 4), (2, 4)]);
}

/// What 1 waits for is on offer to a robber. Catches: a robbery that takes no arrivals.
#[test]
fn run_with_an_arrival_to_rob() {
    waits_for_a_join(&[(0, 2), (0, 1), (0, 3), (3, 4), (2, 4)]);
}
