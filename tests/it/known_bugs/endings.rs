//! Runs that end while somebody still looks at them, and what comes after.

use crate::support::counted::{Counted, Counter};
use crate::support::gate::Gate;
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, Dag, Executor, Graph, GraphBuilder, RunError, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::hint::black_box;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::task::{Context, Waker};
use std::thread;
use std::time::Duration;

/// Fills the stack where a run has just been, and says whether anybody has written there since.
#[inline(never)]
fn nobody_writes_here() -> bool {
    let mut memory = black_box([0xA5_u8; 2048]);
    for _ in 0..20 {
        std::hint::spin_loop();
        black_box(&mut memory);
    }
    memory.iter().all(|&byte| byte == 0xA5)
}

/// A run lies on its caller's stack. The last thing that a helper does with it is to let the caller go on,
/// who then uses that memory for something else.
#[test]
fn latch_touched_after_set() {
    let executor = executor(2);
    let dag = Dag::from_edges(4, &[(0, 1), (0, 2)]).expect("a valid graph");
    #[inline(never)]
    fn run(executor: &Executor, dag: &Dag, both: &Barrier) {
        executor.run(dag, |node| {
            if [1, 2].contains(&node.get()) {
                both.wait(); // so that a helper is there until the end
            }
        });
    }
    let both = Barrier::new(2);
    for _ in 0..20_000 {
        run(&executor, &dag, &both);
        assert!(nobody_writes_here(), "a helper was still there");
    }
    // The same of a run without a caller, whose memory is freed.
    for _ in 0..1_000 {
        let mut graph = GraphBuilder::new();
        graph.async_node("", (), async || yields(1).await);
        graph.node("", (), || ());
        graph.build().expect("a valid graph").spawn(&executor).join().1.expect("no node fails");
    }
}

/// Others wake the futures of a run all the time while its executor is dropped, and when both are gone.
#[test]
fn waker_fired_during_executor_drop() {
    for round in 0..100_usize {
        let (futures, begun) = (Counter::default(), Arc::new(Barrier::new(4)));
        let wakers = Arc::new(Mutex::new(Vec::new()));
        let mut graph = GraphBuilder::new();
        for _ in 0..3 {
            let (futures, wakers) = (futures.clone(), Arc::clone(&wakers));
            graph.async_node("", (), move || {
                let (alive, wakers) = (futures.make(0), Arc::clone(&wakers));
                std::future::poll_fn(move |context: &mut Context<'_>| {
                    let _alive = &alive;
                    wakers.lock().expect("no panic").push(context.waker().clone());
                    std::task::Poll::<()>::Pending
                })
            });
        }
        let executor = executor(2);
        let run = graph.build().expect("a valid graph").spawn(&executor);
        while wakers.lock().expect("no panic").len() < 3 {
            thread::yield_now();
        }
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(|| {
                    begun.wait();
                    while !over.load(Relaxed) {
                        let waker = wakers.lock().expect("no panic").pop();
                        waker.iter().for_each(Waker::wake_by_ref);
                    }
                });
            }
            begun.wait();
            (0..round * 50).for_each(|_| std::hint::spin_loop());
            drop(executor);
            let (graph, ended) = run.join();
            assert!(matches!(ended, Err(RunError::Cancelled { interrupted, .. }) if interrupted.len() == 3));
            assert_eq!(futures.alive(), 0, "each is dropped once");
            drop(graph);
            over.store(true, Relaxed);
        });
        wakers.lock().expect("no panic").drain(..).for_each(Waker::wake);
    }
}

/// Takes a lock when it is dropped, and wakes whoever waits for the gate.
struct LocksOnDrop {
    lock: Arc<Mutex<usize>>,
    gate: Gate,
}

impl Drop for LocksOnDrop {
    fn drop(&mut self) {
        *self.lock.lock().expect("no panic") += 1;
        self.gate.wake();
    }
}

/// An executor is dropped in the middle of runs, whose futures and values take a lock when they are dropped.
/// Another thread has that lock while it wakes futures of these runs, so nobody may drop them under a lock
/// that a waker needs.
#[test]
fn shutdown_mid_run_with_drop_handlers_that_lock() {
    for round in 0..60_usize {
        let (lock, gate) = (Arc::new(Mutex::new(0)), Gate::default());
        let executor = executor(2);
        let begun = Arc::new(AtomicUsize::new(0));
        let runs: Vec<_> = (0..3)
            .map(|_| {
                let mut graph = GraphBuilder::new();
                for _ in 0..4 {
                    let (lock, gate, begun) = (Arc::clone(&lock), gate.clone(), Arc::clone(&begun));
                    graph.async_node("", (), move || {
                        let held = LocksOnDrop { lock: Arc::clone(&lock), gate: gate.clone() };
                        begun.fetch_add(1, Relaxed);
                        async move {
                            held.gate.wait().await;
                            held
                        }
                    });
                }
                graph.build().expect("a valid graph").spawn(&executor)
            })
            .collect();
        while begun.load(Relaxed) < 12 {
            thread::yield_now();
        }
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Relaxed) {
                    let _held = lock.lock().expect("no panic");
                    gate.wake();
                }
            });
            (0..round * 50).for_each(|_| std::hint::spin_loop());
            if round % 2 == 0 {
                executor.shutdown();
            } else {
                drop(executor);
            }
            for run in runs {
                let (_, ended) = run.join();
                assert!(
                    matches!(ended, Err(RunError::Cancelled { interrupted, .. }) if interrupted.len() == 4)
                );
            }
            over.store(true, Relaxed);
        });
        assert_eq!(*lock.lock().expect("no panic"), 12, "each is dropped once");
    }
}

over_typed_runners!(re_run_after_cancel);

/// Each node cancels the run in its turn; at once the graph is run again, to the end. Permits, counters,
/// futures and what was moved are as if nothing had been.
fn re_run_after_cancel(runner: &Runner) {
    const NODES: usize = 40;
    let (cancels, counter) = (&AtomicUsize::new(NODES), &Counter::default());
    let token = &Mutex::new(CancelToken::new());
    let enter = move |node: usize| {
        if cancels.load(Relaxed) == node {
            token.lock().expect("no panic").cancel();
        }
        counter.make(1)
    };
    let mut graph = GraphBuilder::new();
    let limit = graph.limit(1);
    let mut nodes = Vec::new();
    for node in 0..NODES / 2 {
        let first = if node % 3 == 0 {
            graph.async_node("first", (), move || async move {
                yields(1).await;
                enter(node)
            })
        } else {
            graph.node("first", (), move || enter(node))
        };
        let second = graph.node("second", (first.moved(),), move |first: Counted| {
            drop(first);
            enter(NODES / 2 + node)
        });
        if node % 4 == 0 {
            graph.limited(first, limit);
            graph.limited(second, limit);
        }
        nodes.push(second);
    }
    let sum = graph.node("sum", nodes, |all: Values<'_, _>| all.iter().map(Counted::get).sum::<u64>());
    let mut graph = graph.build().expect("a valid graph");
    for culprit in 0..NODES {
        cancels.store(culprit, Relaxed);
        *token.lock().expect("no panic") = CancelToken::new();
        let options = RunOptions::new().cancel_token(&token.lock().expect("no panic"));
        let error = runner.typed_with(&mut graph, &options).expect_err("the sum comes after all others");
        assert!(matches!(error, RunError::Cancelled { not_run, .. } if !not_run.is_empty()));
        cancels.store(NODES, Relaxed);
        assert_eq!(runner.typed(&mut graph)[sum], NODES as u64 / 2);
        assert_eq!(counter.alive(), NODES as isize / 2);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// A worker runs a graph within a node, and waits in it for a node that is bound to another one, which has
/// ended: neither went on.
#[test]
fn shutdown_while_a_nested_run_waits_for_a_worker() {
    let executor = executor(2);
    let (begun, slow) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let mut inner = GraphBuilder::new();
    let first = {
        let (begun, slow) = (Arc::clone(&begun), Arc::clone(&slow));
        inner.node("first", (), move || {
            begun.wait();
            slow.wait();
        })
    };
    let ran = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&ran);
    let bound = inner.node("bound", (first,), move |(): &()| _ = count.fetch_add(1, Relaxed));
    inner.on_worker(bound, 1);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let node = outer.graph("inner", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    outer.on_worker(node, 0);
    let spawned = outer.build().expect("a valid graph").spawn(&executor);
    begun.wait();
    let dropping = thread::spawn(move || drop(executor));
    thread::sleep(Duration::from_millis(20)); // so that the other worker has ended, mostly
    slow.wait();
    dropping.join().expect("it comes to an end");
    let (_, outcome) = spawned.join();
    match ran.load(Relaxed) {
        0 => assert!(matches!(outcome, Err(RunError::Cancelled { .. })), "{outcome:?}"),
        ran => assert!(ran == 1 && outcome.is_ok(), "the other worker was still there: {outcome:?}"),
    }
}

/// An executor is dropped when one of its workers is in the first node of a chain that is a node: no further
/// node begins, at any depth; also if there is one thread, and if the chain demands an order.
#[test]
fn shutdown_during_a_run_within_a_node() {
    for (threads, ordered) in [(2, false), (2, true), (1, false), (1, true)] {
        let mut tries = (0..20).map(|_| shutdown_during_a_chain_within_a_node(threads, ordered));
        assert!(tries.any(|called_off| called_off), "{threads} threads, ordered: {ordered}");
    }
}

/// Whether the shutdown came before the chain went on.
fn shutdown_during_a_chain_within_a_node(threads: usize, ordered: bool) -> bool {
    const NODES: usize = 20;
    let executor = executor(threads);
    let (begun, slow) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let (ran, after) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut chain = GraphBuilder::new();
    let mut last = {
        let (begun, slow) = (Arc::clone(&begun), Arc::clone(&slow));
        chain.node("first", (), move || {
            begun.wait();
            slow.wait();
        })
    };
    for _ in 0..NODES {
        let ran = Arc::clone(&ran);
        last = chain.node("next", (last,), move |(): &()| _ = ran.fetch_add(1, Relaxed));
    }
    if ordered {
        chain.priority(last, 1);
    }
    let mut outer = GraphBuilder::new();
    let chain = chain.build().expect("a valid graph");
    let inner = outer.graph("inner", (), chain, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    let comes_after = Arc::clone(&after);
    outer.node("after", (inner,), move |(): &()| _ = comes_after.fetch_add(1, Relaxed));
    let spawned = outer.build().expect("a valid graph").spawn(&executor);
    begun.wait();
    let dropping = thread::spawn(move || drop(executor));
    thread::sleep(Duration::from_millis(20)); // so that the shutdown has begun, mostly
    slow.wait();
    dropping.join().expect("it comes to an end");
    let (graph, outcome) = spawned.join();
    match after.load(Relaxed) {
        0 => {
            assert!(matches!(outcome, Err(RunError::Cancelled { .. })), "{outcome:?}");
            assert_eq!(ran.load(Relaxed), NODES * usize::from(graph.results().get(inner).is_ok()));
        }
        _ => assert!(outcome.is_ok(), "the shutdown had not begun: {outcome:?}"),
    }
    ran.load(Relaxed) == 0
}

/// An executor is dropped while a graph that is a node waits for a future: it is cancelled.
#[test]
fn shutdown_during_a_run_of_futures_within_a_node() {
    let executor = executor(2);
    let begun = Arc::new(Barrier::new(2));
    let begins = Arc::clone(&begun);
    let mut inner = GraphBuilder::new();
    inner.async_node("waits", (), move || {
        begins.wait();
        std::future::pending::<()>()
    });
    let mut outer = GraphBuilder::new();
    let inner = inner.build().expect("a valid graph");
    outer.graph("inner", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
    let spawned = outer.build().expect("a valid graph").spawn(&executor);
    begun.wait();
    drop(executor);
    let (_, outcome) = spawned.join();
    assert!(matches!(outcome, Err(RunError::Cancelled { .. })), "{outcome:?}");
}

/// A node drops its executor, or shuts it down, and workers end by panicking with what panics when it is
/// dropped: nobody hears of that.
#[test]
fn a_worker_ends_its_executor_whose_workers_panic() {
    for shuts_down in [false, true] {
        let (say, hear) = mpsc::channel();
        let say = Mutex::new(say);
        let executor = Executor::builder().threads(2).around(move |worker, life| {
            life();
            say.lock().expect("no panic").send(worker).expect("somebody listens");
            panic_any(PanicsWhenDropped);
        });
        let executor = executor.build().expect("an executor");
        let slot = Arc::new(Mutex::new(None::<Executor>));
        let mut graph = GraphBuilder::new();
        let taken = Arc::clone(&slot);
        graph.node("ends", (), move || {
            let executor = taken.lock().expect("no panic").take().expect("it is there");
            if shuts_down {
                executor.shutdown();
            } else {
                drop(executor);
            }
        });
        let mut kept = slot.lock().expect("no panic");
        let spawned = graph.build().expect("a valid graph").spawn(&executor);
        *kept = Some(executor);
        drop(kept);
        let (graph, outcome) = spawned.join();
        assert!(outcome.is_ok(), "{outcome:?}");
        drop(graph);
        let mut ended: Vec<usize> = hear.iter().take(2).collect();
        ended.sort_unstable();
        assert_eq!(ended, [0, 1]);
    }
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("a destructor");
    }
}

/// Two nodes of a graph that is a node meet, and the one that isn't on the thread which waits for that graph
/// drops the executor: it waited for that thread's end.
#[test]
fn a_worker_drops_its_executor_when_another_waits_for_it() {
    for _ in 0..20 {
        let slot = Arc::new(Mutex::new(None::<Executor>));
        let (caller, both) = (Arc::new(Mutex::new(None)), Arc::new(Barrier::new(2)));
        let mut inner = GraphBuilder::new();
        for _ in 0..2 {
            let (slot, caller, both) = (Arc::clone(&slot), Arc::clone(&caller), Arc::clone(&both));
            inner.node("meets", (), move || {
                both.wait();
                if *caller.lock().expect("no panic") != Some(thread::current().id()) {
                    let executor = slot.lock().expect("no panic").take();
                    drop(executor);
                }
            });
        }
        let inner = inner.build().expect("a valid graph");
        let mut outer = GraphBuilder::new();
        let set_caller = move |_: &mut Graph<'_>| {
            *caller.lock().expect("no panic") = Some(thread::current().id());
        };
        outer.graph("inner", (), inner, set_caller, |_: &mut Graph<'_>| ());
        let executor = executor(2);
        let mut kept = slot.lock().expect("no panic");
        let spawned = outer.build().expect("a valid graph").spawn(&executor);
        *kept = Some(executor);
        drop(kept);
        let (_, outcome) = spawned.join();
        assert!(outcome.is_ok(), "all nodes were under way: {outcome:?}");
    }
}

/// When all nodes are under way, a shutdown ends nothing before its time, and `is_finished` doesn't say so.
#[test]
fn shutdown_during_the_last_node() {
    let executor = executor(2);
    let (begun, slow) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
    let mut graph = GraphBuilder::new();
    let node = {
        let (begun, slow) = (Arc::clone(&begun), Arc::clone(&slow));
        graph.node("last", (), move || {
            begun.wait();
            slow.wait();
            7
        })
    };
    let spawned = graph.build().expect("a valid graph").spawn(&executor);
    begun.wait();
    let dropping = thread::spawn(move || drop(executor));
    thread::sleep(Duration::from_millis(20)); // so that the shutdown has begun, mostly
    assert!(!spawned.is_finished());
    slow.wait();
    let (graph, outcome) = spawned.join();
    assert!(outcome.is_ok(), "{outcome:?}");
    assert_eq!(graph.results()[node], 7);
    dropping.join().expect("it comes to an end");
}
