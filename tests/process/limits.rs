//! Fewer cores and fewer threads than an executor would like.

use crate::linux;
use dgraph_exec::{Dag, Executor, ExecutorError, Pinning};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;

/// All threads of the executor in one run at once, some hundred times; the number of nodes.
fn rendezvous(executor: &Executor) -> usize {
    let threads = executor.threads();
    let dag = Dag::from_edges(2 * threads, &[]).expect("a valid graph");
    let nodes = AtomicUsize::new(0);
    for _ in 0..200 {
        let all = Barrier::new(threads);
        executor.run(&dag, |_| {
            nodes.fetch_add(1, Relaxed);
            all.wait();
        });
    }
    assert_eq!(nodes.load(Relaxed), 200 * 2 * threads);
    nodes.into_inner()
}

/// The process has one core of several, as under `taskset -c 1`.
pub(crate) fn one_core() -> String {
    let all = linux::cores();
    let core = *all.last().expect("a core to run on");
    linux::confine_to(core);
    assert_eq!(Executor::new().expect("no special demands").threads(), 1);
    for other in all.iter().filter(|&&other| other != core) {
        let refused = Executor::builder().pinning(Pinning::Cores(vec![*other])).build().err();
        assert_eq!(refused, Some(ExecutorError::CoreRefused { core: *other, usable: vec![core] }));
    }
    let mut nodes = 0;
    for pinning in [Pinning::None, Pinning::PerCore, Pinning::Cores(vec![core])] {
        for threads in [2, 4, 16] {
            let builder = Executor::builder().threads(threads).pinning(pinning.clone());
            let builder = builder.around(move |_, life| {
                assert_eq!(linux::cores(), [core], "a worker strayed");
                life();
            });
            nodes += rendezvous(&builder.build().expect("the core can be had"));
        }
    }
    format!("core {core} of {}; {nodes} nodes", all.len())
}

/// An executor's cores are those of the thread that makes it, not those of whoever made the first one.
pub(crate) fn pinned_maker() -> String {
    let all = linux::cores();
    let confined = thread::spawn({
        let core = all[0];
        move || {
            linux::confine_to(core);
            Executor::new().expect("no special demands").threads()
        }
    });
    assert_eq!(confined.join().expect("no panic"), 1);
    let seen = Arc::new(Mutex::new(Vec::new()));
    let note = Arc::clone(&seen);
    let executor = Executor::builder()
        .around(move |_, life| {
            note.lock().expect("no panic").push(linux::cores());
            life();
        })
        .build()
        .expect("no special demands");
    assert_eq!(executor.threads(), thread::available_parallelism().expect("known").get());
    let mut seats = seen.lock().expect("no panic").clone();
    seats.sort();
    if executor.threads() == all.len() {
        assert_eq!(seats, all.iter().map(|&core| vec![core]).collect::<Vec<_>>(), "one worker a core");
    } else {
        assert_eq!(seats, vec![all.clone(); executor.threads()], "a quota, and nobody pinned");
    }
    rendezvous(&executor);
    format!("1 thread, then {}", executor.threads())
}

/// The first worker gets the first core that was asked for, and so on, and round again.
pub(crate) fn cores_in_turn() -> String {
    let cores: Vec<_> = linux::cores().into_iter().rev().collect();
    let (expected, threads) = (cores.clone(), 2 * cores.len() + 1);
    let executor = Executor::builder()
        .threads(threads)
        .pinning(Pinning::Cores(cores.clone()))
        .around(move |worker, life| {
            assert_eq!(linux::cores(), [expected[worker % expected.len()]]);
            life();
        })
        .build()
        .expect("these cores can be had");
    rendezvous(&executor);
    format!("{threads} threads on {cores:?}")
}

/// The system refuses threads: there are fewer workers, and runs work.
pub(crate) fn threads() -> String {
    let started = Arc::new(AtomicUsize::new(0));
    linux::limit_threads(4);
    let count = Arc::clone(&started);
    let builder = Executor::builder().threads(16).around(move |_, life| {
        count.fetch_add(1, Relaxed);
        life();
    });
    let executor = builder.build().expect("fewer threads are no error");
    let workers = started.load(Relaxed);
    assert!(workers <= 3, "no limit: {workers} workers");
    assert_eq!(executor.threads(), workers.max(1));
    let nodes = rendezvous(&executor);
    // The second one gets none: each run is its caller's alone.
    let second = Executor::builder().threads(16).build().expect("fewer threads are no error");
    assert_eq!(second.threads(), 1);
    rendezvous(&second);
    drop(executor);
    let third = Executor::builder().threads(16).build().expect("fewer threads are no error");
    assert_eq!(third.threads(), workers.max(1), "the first one's threads are free again");
    format!("{workers} of 16 workers; {nodes} nodes")
}
