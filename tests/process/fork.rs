//! What a forked child can do with executors: an error for one of the parent's, and a new one works.

use crate::linux::{End, cpu_times, fork, in_a_child, wait};
use dgraph_exec::{Dag, Executor};
use std::panic::catch_unwind;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicUsize, Ordering::Relaxed};
use std::thread;

fn build(threads: usize) -> Executor {
    Executor::builder().threads(threads).build().expect("no special demands")
}

fn no_edges(nodes: usize) -> Dag {
    Dag::from_edges(nodes, &[]).expect("a valid graph")
}

/// Threads take part, also in runs that begin as walks.
fn assert_works(executor: &Executor) {
    let dag = no_edges(executor.threads());
    for round in 0..30 {
        let all = Barrier::new(executor.threads());
        executor.run(&dag, |_| {
            if round % 10 == 9 {
                all.wait();
            }
        });
    }
}

/// A run panics, and says why.
fn assert_refuses(executor: &Executor) {
    let started = AtomicUsize::new(0);
    let run = || executor.run(&no_edges(3), |_| _ = started.fetch_add(1, Relaxed));
    let payload = catch_unwind(run).expect_err("the executor is the parent's");
    let message = payload.downcast_ref::<&str>().expect("a message");
    assert!(message.contains("made before a fork"), "{message}");
    assert_eq!(started.load(Relaxed), 0);
}

/// All that a child may do with what its parent left it, and with what it makes itself.
fn use_in_a_child(theirs: Executor, shut_down: bool) {
    assert_refuses(&theirs);
    let own = build(3);
    assert_works(&own);
    assert_refuses(&theirs);
    if shut_down {
        theirs.shutdown();
    } else {
        drop(theirs);
    }
    assert_works(&own);
    own.shutdown();
}

/// Takes the executor into a child; the parent keeps what it has.
fn child_of(executor: &mut Option<Executor>, shut_down: bool) -> End {
    in_a_child(|| use_in_a_child(executor.take().expect("an executor"), shut_down))
}

pub(crate) fn idle() -> String {
    let mut children = 0;
    for threads in [1, 2, 4] {
        let mut executor = Some(build(threads));
        for round in 0..20 {
            assert_eq!(child_of(&mut executor, round % 2 == 0), End::Exited(0), "{threads} threads");
            assert_works(executor.as_ref().expect("the parent keeps it"));
            children += 1;
        }
        // A child's executor has a child, too.
        let grandchild = in_a_child(|| {
            let mut own = Some(build(2));
            assert_eq!(child_of(&mut own, false), End::Exited(0));
            assert_works(own.as_ref().expect("the child keeps it"));
        });
        assert_eq!(grandchild, End::Exited(0));
    }
    format!("{children} children")
}

struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Relaxed);
    }
}

/// The executor's threads are at whatever they are at when the process forks: asleep, waking, in a run, in a
/// walk.
pub(crate) fn busy() -> String {
    let executor = build(4);
    let over = AtomicBool::new(false);
    let runs = AtomicUsize::new(0);
    let children = 150;
    thread::scope(|scope| {
        for caller in 0..2 {
            let (executor, over, runs) = (&executor, &over, &runs);
            scope.spawn(move || {
                let dag = Dag::from_edges(20, &[(0, 1), (0, 2), (1, 3), (2, 3)]).expect("a valid graph");
                let (state, mut round) = (AtomicUsize::new(0), 0);
                while !over.load(Relaxed) {
                    let steps = if round % 64 < 32 { 0 } else { 2_000 * caller };
                    executor.run(&dag, |_| {
                        (0..steps).for_each(|_| _ = state.fetch_add(1, Relaxed));
                    });
                    round += 1;
                    runs.fetch_add(1, Relaxed);
                }
            });
        }
        // Also if an assertion fails: the scope waits for its threads.
        let _end = SetOnDrop(&over);
        for child in 0..children {
            let end = in_a_child(|| {
                assert_refuses(&executor);
                assert_works(&build(2));
            });
            assert_eq!(end, End::Exited(0), "child {child}");
        }
    });
    assert_works(&executor);
    format!("{children} children during {} runs", runs.into_inner())
}

/// A child forked by a node returns from it. The other node is in the parent and never ends here: the run
/// can't go on, and can't be left, since it is on the stack of threads that think it is there. The child
/// aborts.
fn by_a_node(of_the_caller: bool) -> String {
    let executor = build(2);
    let dag = no_edges(2);
    let caller = thread::current().id();
    let rounds = 10;
    for _ in 0..rounds {
        let (both, forked) = (Barrier::new(2), Barrier::new(2));
        let child = AtomicI32::new(0);
        executor.run(&dag, |_| {
            both.wait();
            if (thread::current().id() == caller) == of_the_caller {
                match fork() {
                    0 => return,
                    number => child.store(number, Relaxed),
                }
            }
            forked.wait();
        });
        assert_eq!(wait(child.into_inner()), End::Killed(libc::SIGABRT));
    }
    assert_works(&executor);
    format!("{rounds} children")
}

pub(crate) fn by_a_node_of_the_caller() -> String {
    by_a_node(true)
}

pub(crate) fn by_a_node_of_a_worker() -> String {
    by_a_node(false)
}

/// A child has the global executor of its parent, if there was one, and else one of its own.
pub(crate) fn global() -> String {
    assert_eq!(cpu_times().len(), 1, "nobody has made an executor yet");
    assert_eq!(in_a_child(|| assert_works(Executor::global())), End::Exited(0), "made by the child");
    assert_works(Executor::global());
    assert_eq!(in_a_child(|| assert_refuses(Executor::global())), End::Exited(0), "made by the parent");
    // A child that ends as programs do, with the destructors of this thread's locals.
    let end = match fork() {
        0 => std::process::exit(7),
        child => wait(child),
    };
    assert_eq!(end, End::Exited(7));
    "3 children".to_owned()
}
