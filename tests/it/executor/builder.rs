//! What can be chosen about an executor, and what can't: threads, cores, names, stacks, what is around a
//! worker's life, spinning; the global one, and one of a node's own.

use crate::support::runner::executor;
use dgraph_exec::{Dag, Executor, ExecutorBuilder, ExecutorError, NodeId, Pinning};
use std::backtrace::Backtrace;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};
use std::thread;
use std::time::Duration;

/// All threads of the executor are in one run at once.
fn rendezvous(executor: &Executor) {
    let threads = executor.threads();
    let dag = Dag::from_edges(threads, &[]).expect("a valid graph");
    let all = Barrier::new(threads);
    executor.run(&dag, |_| {
        all.wait();
    });
}

/// A place where workers leave what they have seen.
type Seen = Arc<Mutex<Vec<(usize, String)>>>;

fn note(seen: &Seen) -> impl Fn(usize) + Send + Sync + 'static {
    let seen = Arc::clone(seen);
    move |worker| {
        let name = thread::current().name().unwrap_or_default().to_owned();
        seen.lock().expect("no panic").push((worker, name));
    }
}

/// Calls `first`, then lives.
fn before(first: impl Fn(usize)) -> impl Fn(usize, Box<dyn FnOnce() + '_>) {
    move |worker, life| {
        first(worker);
        life();
    }
}

/// Lives, then calls `last`.
fn behind(last: impl Fn(usize)) -> impl Fn(usize, Box<dyn FnOnce() + '_>) {
    move |worker, life| {
        life();
        last(worker);
    }
}

fn sorted(seen: &Seen) -> Vec<(usize, String)> {
    let mut seen = seen.lock().expect("no panic").clone();
    seen.sort();
    seen
}

/// What worker 0, 1, 2 have left, whose threads are called so.
fn all_three(prefix: &str) -> Vec<(usize, String)> {
    (0..3).map(|worker| (worker, format!("{prefix}{worker}"))).collect()
}

#[test]
fn something_happens_on_each_worker_when_it_begins_and_when_it_has_ended() {
    let (starts, exits) = (Seen::default(), Seen::default());
    let (begin, end) = (note(&starts), note(&exits));
    let builder = Executor::builder().threads(3).thread_names(|worker| format!("team-{worker}")).around(
        move |worker, life| {
            begin(worker);
            life();
            end(worker);
        },
    );
    for round in 1..=3 {
        // A builder can be used again.
        let executor = builder.clone().build().expect("no special demands");
        assert_eq!(starts.lock().expect("no panic").len(), round * 3, "before `build` returns");
        rendezvous(&executor);
        assert_eq!(exits.lock().expect("no panic").len(), (round - 1) * 3);
        if round == 2 {
            executor.shutdown();
        } else {
            drop(executor);
        }
    }
    let thrice = all_three("team-").into_iter().flat_map(|one| [one.clone(), one.clone(), one]);
    let thrice: Vec<_> = thrice.collect();
    assert_eq!((sorted(&starts), sorted(&exits)), (thrice.clone(), thrice));
}

#[test]
fn names_unless_others_are_given() {
    let starts = Seen::default();
    drop(Executor::builder().threads(3).around(before(note(&starts))).build());
    assert_eq!(sorted(&starts), all_three("dgraph-"));
}

#[test]
fn a_name_that_no_thread_can_have() {
    let started = Seen::default();
    let name = |worker: usize| if worker == 1 { "a\0b".to_owned() } else { "fine".to_owned() };
    let error = Executor::builder().threads(2).thread_names(name).around(before(note(&started))).build();
    assert_eq!(error.err(), Some(ExecutorError::NameWithNul { name: "a\0b".to_owned() }));
    assert_eq!(sorted(&started), [], "nothing has started");
}

/// `build` panics as the function did; those workers that have begun end, and nobody waits for the others.
#[test]
fn a_panic_before_a_life() {
    for culprits in [&[0][..], &[2], &[0, 1], &[0, 1, 2]] {
        let exits = Seen::default();
        let end = note(&exits);
        let builder = Executor::builder().threads(3).around(move |worker, life| {
            if culprits.contains(&worker) {
                panic_any(worker);
            }
            life();
            end(worker);
        });
        let payload = catch_unwind(AssertUnwindSafe(|| builder.build())).expect_err("it panics");
        assert!(culprits.contains(payload.downcast_ref().expect("a worker's number")));
        let ended: Vec<usize> = sorted(&exits).into_iter().map(|(worker, _)| worker).collect();
        let others: Vec<usize> = (0..3).filter(|worker| !culprits.contains(worker)).collect();
        assert_eq!(ended, others);
    }
}

#[test]
fn a_panic_behind_a_life() {
    let ended = Arc::new(AtomicUsize::new(0));
    let build = || {
        let ended = Arc::clone(&ended);
        let builder = Executor::builder().threads(3).around(behind(move |worker| {
            ended.fetch_add(1, Relaxed);
            if worker > 0 {
                panic_any(worker);
            }
        }));
        builder.build().expect("no special demands")
    };
    let executor = build();
    let payload = catch_unwind(AssertUnwindSafe(|| executor.shutdown())).expect_err("a worker panics");
    assert!([1, 2].contains(payload.downcast_ref::<usize>().expect("a worker's number")));
    assert_eq!(ended.load(Relaxed), 3, "all have ended");
    drop(build());
    assert_eq!(ended.load(Relaxed), 6, "and dropping doesn't panic");
}

/// Some workers don't get to live: an error that names the first, and the others end.
#[test]
fn a_life_that_is_not_lived() {
    for culprits in [&[0][..], &[2], &[0, 1, 2]] {
        for keeps in [false, true] {
            let exits = Seen::default();
            let end = note(&exits);
            let builder = Executor::builder().threads(3).around(move |worker, life| {
                if culprits.contains(&worker) {
                    if keeps {
                        std::mem::forget(life); // no other way to keep it
                    }
                    return;
                }
                life();
                end(worker);
            });
            let error = builder.build().expect_err("some workers don't live");
            let ExecutorError::WorkerNotBegun { worker } = error else { panic!("{error:?}") };
            assert!(culprits.contains(&worker));
            assert!(error.to_string().contains(&format!("worker {worker} ")), "{error}");
            assert_eq!(exits.lock().expect("no panic").len(), 3 - culprits.len());
        }
    }
}

/// A function that catches panics is fine, and what it holds meanwhile goes before the executor is gone.
#[test]
fn a_life_within_something() {
    let alive = Arc::new(());
    let held = Arc::clone(&alive);
    let executor = Executor::builder().threads(3).around(move |_, life| {
        let _held = Arc::clone(&held);
        catch_unwind(AssertUnwindSafe(life)).expect("workers don't panic, whatever their nodes do");
    });
    let executor = executor.build().expect("no special demands");
    assert_eq!(Arc::strong_count(&alive), 2 + 3);
    let dag = Dag::from_edges(3, &[]).expect("a valid graph");
    let all = Barrier::new(3);
    let panics = || {
        executor.run(&dag, |_| {
            all.wait();
            panic!("on purpose");
        });
    };
    assert!(catch_unwind(AssertUnwindSafe(panics)).is_err());
    rendezvous(&executor);
    drop(executor);
    assert_eq!(Arc::strong_count(&alive), 1);
}

/// Uses about this many kibibytes of stack.
fn deep(kib: usize) -> usize {
    let frame = std::hint::black_box([1_u8; 1024]);
    if kib == 0 { 0 } else { deep(kib - 1) + usize::from(frame[kib % 1024]) }
}

/// Four times the usual stack; on the usual one this would end the process.
#[test]
fn stack_size_in_bytes() {
    let depth = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&depth);
    let dive = move |_| {
        seen.fetch_add(deep(8 << 10), Relaxed);
    };
    drop(Executor::builder().threads(2).stack_size(64 << 20).around(before(dive)).build());
    assert_eq!(depth.load(Relaxed), 2 * (8 << 10));
}

/// Workers can look for work, end, and report that a node panics, however little stack is asked for.
#[test]
fn too_small_a_stack_is_enlarged() {
    for bytes in [0, 1, 20 << 10] {
        let executor =
            Executor::builder().threads(3).stack_size(bytes).build().expect("the least there can be");
        rendezvous(&executor);
        let (all, dag) = (Barrier::new(3), Dag::from_edges(3, &[]).expect("a valid graph"));
        let panicking = || {
            executor.run(&dag, |_| {
                all.wait();
                panic!("on purpose, with backtrace {}", Backtrace::force_capture());
            });
        };
        assert!(catch_unwind(AssertUnwindSafe(panicking)).is_err());
    }
}

/// No system has so much memory for a stack: there are no workers, and runs are their caller's.
#[cfg_attr(not(target_pointer_width = "64"), ignore = "32 bits can't say how much no system has")]
#[test]
fn threads_that_cannot_be_had() {
    for bytes in [usize::MAX / 16, usize::MAX] {
        let started = Seen::default();
        let builder = Executor::builder().threads(4).stack_size(bytes).around(before(note(&started)));
        let executor = builder.build().expect("fewer threads are no error");
        assert_eq!(sorted(&started), []);
        assert_eq!(executor.threads(), 1);
        rendezvous(&executor);
    }
}

/// However long idle workers look around, they come when they are needed and end when they are not.
#[test]
fn any_spin_budget() {
    for spin in [Duration::ZERO, Duration::from_micros(300), Duration::MAX] {
        let executor = Executor::builder().threads(3).spin(spin).build().expect("no special demands");
        for _ in 0..50 {
            rendezvous(&executor);
        }
        executor.shutdown();
    }
}

#[test]
fn everybody_gets_the_same_global_executor() {
    let first = thread::scope(|scope| {
        let asking = [(); 4].map(|()| scope.spawn(|| std::ptr::from_ref(Executor::global()) as usize));
        asking.map(|thread| thread.join().expect("no panic"))
    });
    assert_eq!(first, [std::ptr::from_ref(Executor::global()) as usize; 4]);
    rendezvous(Executor::global());
}

/// A worker that is pinned makes an executor: its workers are not confined to that core, pinned or not.
#[test]
fn made_by_a_pinned_worker() {
    let cores = thread::available_parallelism().expect("known").get();
    let outer = Executor::new().expect("no special demands");
    let dag = Dag::from_edges(outer.threads(), &[]).expect("a valid graph");
    let all = Barrier::new(outer.threads());
    outer.run(&dag, |_| {
        all.wait(); // so that workers have a part in this
        let seen = Arc::new(Mutex::new(Vec::new()));
        let note = Arc::clone(&seen);
        let look = move |_| {
            note.lock().expect("no panic").push(thread::available_parallelism().expect("known").get());
        };
        let builder = Executor::builder().threads(cores + 1).pinning(Pinning::None).around(before(look));
        drop(builder.build().expect("no special demands"));
        assert_eq!(*seen.lock().expect("no panic"), vec![cores; cores + 1]);
    });
}

#[test]
fn a_builder_shows_what_was_chosen() {
    let builder = ExecutorBuilder::default().threads(5).around(|_, life| life());
    let shown = format!("{builder:?}");
    assert!(shown.contains("threads: Some(5)") && shown.contains("around: true"), "{shown}");
}

#[test]
fn demands_that_cannot_be_met() {
    let build = |pinning| Executor::builder().threads(2).pinning(pinning).build().err();
    assert_eq!(Executor::builder().threads(0).build().err(), Some(ExecutorError::NoThreads));
    assert_eq!(build(Pinning::Cores(vec![])), Some(ExecutorError::NoCores));
    let refused = build(Pinning::Cores(vec![99_999]));
    assert!(matches!(&refused, Some(ExecutorError::CoreRefused { core: 99_999, .. })), "{refused:?}");
    assert_eq!(build(Pinning::None), None);
}

/// The caller keeps all of its cores, whatever executors it makes: the second gets as many workers as the
/// first.
#[test]
fn the_caller_is_never_pinned() {
    let cores = std::thread::available_parallelism().expect("known").get();
    for _ in 0..3 {
        let executor = Executor::new().expect("no special demands");
        assert_eq!(executor.threads(), cores);
        let dag = Dag::from_edges(64, &[]).expect("a valid graph");
        // An executor that is first made on a pinned worker has all cores too.
        let seen = Mutex::new(Vec::new());
        executor.run(&dag, |_: NodeId| {
            let inner = Executor::new().expect("no special demands").threads();
            seen.lock().expect("no panic").push(inner);
        });
        assert_eq!(seen.into_inner().expect("no panic"), [cores; 64]);
        assert_eq!(std::thread::available_parallelism().expect("known").get(), cores);
    }
}

/// An executor is made, used and dropped inside a node of another one.
#[test]
fn an_executor_is_dropped_by_a_node() {
    let outer = executor(2);
    let pair = Dag::from_edges(2, &[]).expect("a valid graph");
    let count = AtomicUsize::new(0);
    for _ in 0..50 {
        outer.run(&pair, |_| {
            executor(2).run(&pair, |_| {
                count.fetch_add(1, Relaxed);
            });
        });
    }
    assert_eq!(count.into_inner(), 200);
}
