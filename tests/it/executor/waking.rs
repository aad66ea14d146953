//! Who is woken for what: n ready nodes get n threads, whoever sleeps and whoever is busy.

use crate::support::runner::executor;
use dgraph_exec::{Dag, Executor};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

/// Whoever posted several nodes woke one thread only: n ready nodes must get n threads.
#[test]
fn several_nodes_posted_at_once_wake_several_threads() {
    let executor = executor(4);
    let roots = Dag::from_edges(4, &[]).expect("a valid graph");
    let star = Dag::from_edges(5, &[(0, 1), (0, 2), (0, 3), (0, 4)]).expect("a valid graph");
    for _ in 0..20 {
        thread::sleep(Duration::from_millis(30)); // so that the workers are asleep
        let all = Barrier::new(4);
        executor.run(&roots, |_| {
            all.wait();
        });
        executor.run(&star, |node| {
            if node.get() > 0 {
                all.wait();
            }
        });
    }
}

/// Runs `nested` in a node of a worker, when all other threads are busy but the caller, which waits for the
/// run around it.
fn with_a_sleeping_caller(executor: &Executor, nested: impl Fn() + Sync) {
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let (busy, over) = (Barrier::new(3), AtomicBool::new(false));
    thread::scope(|scope| {
        // A stranger occupies one of the workers until everything is over.
        scope.spawn(|| {
            executor.run(&pair, |_| {
                busy.wait();
                while !over.load(Relaxed) {
                    thread::sleep(Duration::from_millis(1));
                }
            });
        });
        busy.wait();
        let caller = thread::current().id();
        let outer = Barrier::new(2);
        executor.run(&pair, |_| {
            outer.wait();
            if thread::current().id() != caller {
                thread::sleep(Duration::from_millis(30)); // so that the caller is asleep
                nested();
            }
        });
        over.store(true, Relaxed);
    });
}

/// A caller that waited for its run slept on while a run nested in it had a node for it and nobody else was
/// free.
#[test]
fn a_sleeping_caller_is_woken_for_a_run_nested_in_its_own() {
    let executor = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let both = Barrier::new(2);
    with_a_sleeping_caller(&executor, || {
        executor.run(&pair, |_| {
            both.wait();
        });
    });
}

/// A graph of two roots that is run until it is walked; then its nodes wait for each other.
struct Walked {
    dag: Dag,
    meeting: Barrier,
    now: AtomicBool,
}

impl Walked {
    fn by(executor: &Executor) -> Self {
        let dag = Dag::from_edges(2, &[]).expect("a valid graph");
        let walked = Self { dag, meeting: Barrier::new(2), now: AtomicBool::new(false) };
        (0..200).for_each(|_| walked.run(executor));
        walked.now.store(true, Relaxed);
        walked
    }

    fn run(&self, executor: &Executor) {
        executor.run(&self.dag, |_| {
            if self.now.load(Relaxed) {
                self.meeting.wait();
            }
        });
    }
}

fn walk_into_a_meeting(executor: &Executor) {
    let walked = Walked::by(executor);
    thread::sleep(Duration::from_millis(50)); // all fall asleep
    walked.run(executor);
}

/// A walk is watched while a worker is busy elsewhere. (The busy one was taken for somebody who watches.)
#[test]
fn a_walk_is_watched_by_others_than_the_busy() {
    let executor = executor(4);
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (began, over) = (Barrier::new(3), Barrier::new(3));
    thread::scope(|scope| {
        scope.spawn(|| {
            executor.run(&dag, |_| {
                began.wait();
                over.wait();
            });
        });
        began.wait();
        walk_into_a_meeting(&executor);
        over.wait();
    });
}

/// The walker is itself a worker, in a nested run, and the only one that is up.
#[test]
fn a_nested_walk_is_watched() {
    let executor = executor(4);
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let (began, over) = (Barrier::new(2), Barrier::new(2));
    let caller = thread::current().id();
    executor.run(&dag, |_| {
        began.wait();
        if thread::current().id() != caller {
            walk_into_a_meeting(&executor);
        }
        over.wait();
    });
}

/// Nobody is free to watch a nested walk but a caller that waits for the run around it. (It slept on.)
#[test]
fn a_sleeping_caller_is_woken_for_a_walk_nested_in_its_own() {
    let executor = executor(2);
    let walked = Walked::by(&executor);
    with_a_sleeping_caller(&executor, || walked.run(&executor));
}

/// Neither node ends before the other has started.
#[test]
fn independent_nodes_overlap() {
    let executor = executor(2);
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    for _ in 0..200 {
        let both = Barrier::new(2);
        executor.run(&dag, |_| {
            both.wait();
        });
    }
}
