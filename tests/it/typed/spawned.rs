//! A spawned graph whose owner only asks whether it is finished, as a loop of frames does: that comes to an
//! end, whatever is bound to it.

use crate::support::runner::executor;
use dgraph_exec::{Executor, Graph, GraphBuilder, RunError, RunOptions, Spawned};
use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::thread::{self, ThreadId};
use std::time::{Duration, Instant};

/// Asks until it is finished; how often.
fn ask(spawned: &Spawned) -> usize {
    let begin = Instant::now();
    let asked = (1..).find(|_| {
        assert!(begin.elapsed() < Duration::from_secs(60), "it is never finished");
        thread::yield_now();
        spawned.is_finished()
    });
    asked.expect("a number")
}

/// Nodes that say on which thread they run.
fn node_here(_: &ThreadId) -> ThreadId {
    thread::current().id()
}

/// Bound nodes at the beginning, in the middle, at the end, many at once, beside others.
#[test]
fn bound_nodes_are_run_by_who_asks() {
    for threads in [1, 2, 5] {
        let executor = executor(threads);
        for round in 0..50 {
            let mut graph = GraphBuilder::new();
            let mut here = Vec::new();
            let mut last = graph.node("first", (), || thread::current().id());
            for number in 0..10 {
                if number % 3 == round % 3 {
                    graph.on_caller(last);
                    here.push(last);
                }
                let side = graph.node("beside", (last,), node_here);
                graph.on_caller(side);
                here.push(side);
                last = graph.node("next", (last,), node_here);
            }
            let spawned = graph.build().expect("a valid graph").spawn(&executor);
            assert!(ask(&spawned) >= 1);
            let (graph, outcome) = spawned.join();
            outcome.expect("no node fails");
            let results = graph.results();
            assert!(here.iter().all(|&node| results[node] == thread::current().id()));
        }
    }
}

/// Each call runs what is ready and comes back: it waits for no other thread.
#[test]
fn to_ask_does_not_block() {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let (send, receive) = mpsc::channel();
    let ran = Arc::new(AtomicUsize::new(0));
    let early = graph.node("early", (), {
        let ran = Arc::clone(&ran);
        move || _ = ran.fetch_add(1, SeqCst)
    });
    let wait = graph.node("wait", (), move || receive.recv().expect("a word"));
    let late = graph.node("late", (wait,), {
        let ran = Arc::clone(&ran);
        move |(): &()| _ = ran.fetch_add(10, SeqCst)
    });
    graph.on_caller(early);
    graph.on_caller(late);
    let spawned = graph.build().expect("a valid graph").spawn(&executor);
    for _ in 0..1_000 {
        assert!(!spawned.is_finished());
    }
    assert_eq!(ran.load(SeqCst), 1);
    send.send(()).expect("somebody listens");
    ask(&spawned);
    assert_eq!(ran.load(SeqCst), 11);
    spawned.join().1.expect("no node fails");
}

/// On another thread than the one that has spawned it; asked, then joined or awaited half way.
#[test]
fn whoever_asks() {
    let executor = executor(2);
    for half_way in [false, true] {
        let mut graph = GraphBuilder::new();
        let first = graph.node("first", (), || thread::current().id());
        let between = graph.async_node("between", (first,), async |_: &ThreadId| {
            async_io::Timer::after(Duration::from_millis(1)).await
        });
        let last = graph.node("last", (between,), |_: &Instant| thread::current().id());
        graph.on_caller(first);
        graph.on_caller(last);
        let spawned = graph.build().expect("a valid graph").spawn(&executor);
        let asking = thread::spawn(move || {
            if half_way {
                let _ = spawned.is_finished();
                return (pollster::block_on(spawned), thread::current().id());
            }
            ask(&spawned);
            (spawned.join(), thread::current().id())
        });
        let ((graph, outcome), asker) = asking.join().expect("no panic");
        outcome.expect("no node fails");
        let results = graph.results();
        assert_eq!((results[first], results[last]), (asker, asker));
    }
}

/// What a bound node panics with, or fails with, is for who joins.
#[test]
fn a_bound_node_that_goes_wrong() {
    let executor = executor(2);
    let build = || {
        let mut graph = GraphBuilder::new();
        let bad = graph.node("bad", (), || {
            panic!("on purpose");
        });
        graph.on_caller(bad);
        graph.node("behind", (bad,), |(): &()| ());
        graph.build().expect("a valid graph")
    };
    let spawned = build().spawn(&executor);
    ask(&spawned);
    assert!(catch_unwind(AssertUnwindSafe(|| spawned.join())).is_err());
    let spawned = build().into_with(&RunOptions::new().catch_panics()).spawn(&executor);
    ask(&spawned);
    let error = spawned.join().1.expect_err("a node panics");
    assert!(error.to_string().contains("bad"), "{error}");
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || "x".parse::<i32>());
    graph.on_caller(bad);
    let spawned = graph.build().expect("a valid graph").spawn(&executor);
    ask(&spawned);
    assert!(matches!(spawned.join().1, Err(RunError::Failed { .. })));
}

/// With limits, so that a bound node is ready and yet can't start: then it does later.
#[test]
fn bound_nodes_under_a_limit() {
    for threads in [1, 2, 5] {
        let executor = executor(threads);
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let under_way = Arc::new(AtomicUsize::new(0));
        for number in 0..40 {
            let under_way = Arc::clone(&under_way);
            let node = graph.node("limited", (), move || {
                assert_eq!(under_way.fetch_add(1, SeqCst), 0);
                thread::yield_now();
                under_way.fetch_sub(1, SeqCst);
            });
            graph.limited(node, one);
            if number % 2 == 0 {
                graph.on_caller(node);
            }
        }
        let spawned = graph.build().expect("a valid graph").spawn(&executor);
        ask(&spawned);
        spawned.join().1.expect("no node fails");
    }
}

thread_local! {
    static MINE: RefCell<Option<Spawned>> = const { RefCell::new(None) };
}

/// A bound node asks about its own run: it isn't, and no other bound node is run within it.
#[test]
fn a_node_asks_about_its_own_run() {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let depth = Arc::new(AtomicUsize::new(0));
    for _ in 0..20 {
        let depth = Arc::clone(&depth);
        let node = graph.node("asks", (), move || {
            assert_eq!(depth.fetch_add(1, SeqCst), 0, "within one another");
            MINE.with_borrow(|mine| assert!(!mine.as_ref().expect("it is there").is_finished()));
            depth.fetch_sub(1, SeqCst);
        });
        graph.on_caller(node);
    }
    MINE.set(Some(graph.build().expect("a valid graph").spawn(&executor)));
    MINE.with_borrow(|mine| ask(mine.as_ref().expect("it is there")));
    MINE.take().expect("it is there").join().1.expect("no node fails");
}

/// Executors without threads, and ones that have been dropped.
#[test]
fn bound_nodes_where_nobody_works() {
    let build = |calls: &Arc<AtomicUsize>| -> Graph<'static> {
        let calls = Arc::clone(calls);
        let mut graph = GraphBuilder::new();
        let node = graph.node("here", (), move || _ = calls.fetch_add(1, SeqCst));
        graph.on_caller(node);
        graph.build().expect("a valid graph")
    };
    let calls = Arc::new(AtomicUsize::new(0));
    let none =
        Executor::builder().threads(2).stack_size(usize::MAX / 2).build().expect("one without threads");
    let spawned = build(&calls).spawn(&none);
    ask(&spawned);
    spawned.join().1.expect("no node fails");
    assert_eq!(calls.load(SeqCst), 1);
    let gone = executor(2);
    let spawned = build(&calls).spawn(&gone);
    drop(gone);
    ask(&spawned);
    let outcome = spawned.join().1;
    assert!(matches!(outcome, Ok(()) | Err(RunError::Cancelled { .. })), "{outcome:?}");
}

/// Who looks whether a run is finished, again and again, comes to an end: if the system has refused all
/// threads, or when they are gone.
#[cfg_attr(not(target_pointer_width = "64"), ignore = "32 bits can't say how much no system has")]
#[test]
fn without_threads_there_is_nothing_to_wait_for() {
    let graph = || {
        let mut graph = GraphBuilder::new();
        let node = graph.node("", (), || 7);
        (graph.build().expect("a valid graph"), node)
    };
    let none =
        Executor::builder().threads(2).stack_size(usize::MAX / 2).build().expect("one without threads");
    let (graph_of_its_own, node) = graph();
    let spawned = graph_of_its_own.spawn(&none);
    assert!(spawned.is_finished());
    assert_eq!(spawned.join().0.results()[node], 7);

    let mut endless = GraphBuilder::new();
    endless.async_node("", (), async || std::future::pending::<()>().await);
    let executor = executor(2);
    let spawned = endless.build().expect("a valid graph").spawn(&executor);
    assert!(!spawned.is_finished());
    drop(executor);
    assert!(spawned.is_finished());
    assert!(matches!(spawned.join().1, Err(RunError::Cancelled { .. })));
}
