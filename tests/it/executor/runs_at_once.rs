//! Runs without a caller that share an executor: they take turns, end at once when they are called off, and
//! cost nothing while they wait.

use crate::support::gate::Gate;
use crate::support::runner::executor;
use dgraph_exec::{CancelToken, Executor, Graph, GraphBuilder, RunError, RunOptions, Spawned};
use dgraph_tests::yields::yields;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// A run whose future wants one turn after the other until `flag` is set.
fn yields_until(flag: &Arc<AtomicBool>, executor: &Executor) -> Spawned {
    let mut graph = GraphBuilder::new();
    let flag = Arc::clone(flag);
    graph.async_node("yields", (), move || {
        let flag = Arc::clone(&flag);
        async move {
            while !flag.load(SeqCst) {
                yields(1).await;
            }
        }
    });
    graph.build().expect("a valid graph").spawn(executor)
}

/// A run of one node.
fn one_node(executor: &Executor, node: impl FnMut() + Send + 'static) -> Spawned {
    let mut graph = GraphBuilder::new();
    graph.node("", (), node);
    graph.build().expect("a valid graph").spawn(executor)
}

/// As many runs as workers wait for another one by wanting one turn after the other. (It never began.)
#[test]
fn runs_that_yield_let_another_one_begin() {
    for (threads, runs) in [(1, 1), (1, 3), (2, 2), (3, 5)] {
        let executor = executor(threads);
        let flag = Arc::new(AtomicBool::new(false));
        let yielding: Vec<_> = (0..runs).map(|_| yields_until(&flag, &executor)).collect();
        let sets = Arc::clone(&flag);
        one_node(&executor, move || sets.store(true, SeqCst)).join().1.expect("no error");
        yielding.into_iter().for_each(|run| run.join().1.expect("no error"));
    }
}

/// A chain, and a wide graph, of nodes each of which goes on only when a later run has begun. (The later one
/// began after the last node, which waited for it for ever.)
#[test]
fn a_long_run_lets_a_later_one_begin() {
    for threads in [1, 2] {
        for is_chain in [false, true] {
            let executor = executor(threads);
            let (begun, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
            let mut graph = GraphBuilder::new();
            let mut all = Vec::new();
            for number in 0..100_000 {
                let (begun, ended) = (Arc::clone(&begun), Arc::clone(&ended));
                let node = graph.node("", (), move || {
                    begun.store(true, SeqCst);
                    if number == 99_999 {
                        // The last of all comes when the other run is over.
                        assert!(ended.load(SeqCst), "the later run has not begun");
                    }
                    let until = Instant::now() + Duration::from_micros(20);
                    while !ended.load(SeqCst) && Instant::now() < until {}
                });
                if number == 99_999 {
                    graph.after(node, all.iter().copied());
                } else if let (true, Some(&last)) = (is_chain, all.last()) {
                    graph.after(node, [last]);
                }
                all.push(node);
            }
            let long = graph.build().expect("a valid graph").spawn(&executor);
            while !begun.load(SeqCst) {
                thread::yield_now();
            }
            let sets = Arc::clone(&ended);
            one_node(&executor, move || sets.store(true, SeqCst)).join().1.expect("no error");
            long.join().1.expect("no error");
        }
    }
}

/// A future is woken while all workers are busy with the nodes of another run, each of which goes on until
/// that future was polled: it is, when the first of them ends. (It was when all had ended.)
#[test]
fn a_woken_future_comes_before_the_rest_of_another_run() {
    let executor = executor(1); // a second worker would poll it in any case
    let (gate, polled) = (Gate::default(), Arc::new(AtomicBool::new(false)));
    let mut graph = GraphBuilder::new();
    let (waits, tells) = (gate.clone(), Arc::clone(&polled));
    graph.async_node("waits", (), move || {
        let (waits, tells) = (waits.clone(), Arc::clone(&tells));
        async move {
            waits.wait().await;
            tells.store(true, SeqCst);
        }
    });
    let waiting = graph.build().expect("a valid graph").spawn(&executor);
    while gate.polls() == 0 {
        thread::yield_now();
    }
    let (busy, ran) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut graph = GraphBuilder::new();
    for _ in 0..2_000 {
        let (polled, busy, ran) = (Arc::clone(&polled), Arc::clone(&busy), Arc::clone(&ran));
        graph.node("", (), move || {
            busy.store(true, SeqCst);
            if !polled.load(SeqCst) {
                thread::sleep(Duration::from_millis(1));
                ran.fetch_add(1, SeqCst);
            }
        });
    }
    let other = graph.build().expect("a valid graph").spawn(&executor);
    while !busy.load(SeqCst) {
        thread::yield_now();
    }
    gate.open();
    waiting.join().1.expect("no error");
    other.join().1.expect("no error");
    assert!(ran.load(SeqCst) < 1_000, "it was not polled before {} nodes of the other run", ran.load(SeqCst));
}

/// Spawned runs begin in the order in which they came.
#[test]
fn runs_begin_in_order() {
    let executor = executor(1);
    let order = Arc::new(Mutex::new(Vec::new()));
    let gate = Arc::new(Barrier::new(2));
    let waits = Arc::clone(&gate);
    let first = one_node(&executor, move || _ = waits.wait());
    let runs: Vec<_> = (0..1_000)
        .map(|number| {
            let order = Arc::clone(&order);
            one_node(&executor, move || order.lock().expect("no panic").push(number))
        })
        .collect();
    gate.wait();
    first.join().1.expect("no error");
    runs.into_iter().for_each(|run| run.join().1.expect("no error"));
    assert!(order.lock().expect("no panic").iter().copied().eq(0..1_000));
}

/// Many runs that wait at once are woken, cancelled, given up, one by one or all together; then the executor
/// runs others as before.
#[test]
fn many_runs_that_wait() {
    const RUNS: usize = 3_000;
    let executor = executor(2);
    for ending in 0..4 {
        let (mut gates, token) = (Vec::new(), CancelToken::new());
        let runs: Vec<_> = (0..RUNS)
            .map(|_| {
                let gate = Gate::default();
                gates.push(gate.clone());
                let mut graph = GraphBuilder::new();
                graph.async_node("", (), move || gate.wait());
                let options = RunOptions::new().cancel_token(&token);
                graph.build().expect("a valid graph").into_with(&options).spawn(&executor)
            })
            .collect();
        while gates.iter().any(|gate| gate.polls() == 0) {
            thread::yield_now();
        }
        match ending {
            0 => gates.iter().for_each(Gate::open),
            1 => token.cancel(),
            2 => {}
            _ => gates.iter().rev().for_each(Gate::open),
        }
        for run in runs {
            if ending == 2 {
                drop(run);
                continue;
            }
            match run.join().1 {
                Ok(()) => assert_ne!(ending, 1),
                Err(error) => assert!(ending == 1 && error.is_cancelled(), "{error}"),
            }
        }
        assert!(gates.iter().all(|gate| gate.drops() == 1));
    }
    one_node(&executor, || ()).join().1.expect("no error");
}

/// A run that has not begun, since all workers are busy, is cancelled, or its deadline comes: it ends at
/// once, and its node never runs.
#[test]
fn a_run_that_has_not_begun_is_called_off() {
    for is_late in [false, true] {
        let executor = executor(1);
        let gate = Arc::new(Barrier::new(2));
        let (begins, waits) = (Arc::new(Barrier::new(2)), Arc::clone(&gate));
        let begun = Arc::clone(&begins);
        let busy = one_node(&executor, move || {
            begun.wait();
            waits.wait();
        });
        begins.wait();
        let token = CancelToken::new();
        let mut graph = GraphBuilder::new();
        graph.node("never", (), || panic!("it was called off"));
        let mut options = RunOptions::new().cancel_token(&token);
        if is_late {
            options = options.deadline(Instant::now() + Duration::from_millis(5));
        }
        let waiting = graph.build().expect("a valid graph").into_with(&options).spawn(&executor);
        let canceller = thread::spawn(move || {
            if !is_late {
                token.cancel();
            }
        });
        let error = waiting.join().1.expect_err("it was called off");
        assert_eq!((error.is_cancelled(), error.is_late()), (!is_late, is_late), "{error}");
        canceller.join().expect("no panic");
        gate.wait();
        busy.join().1.expect("no error");
    }
}

/// The deadline comes while all futures wait: in every way to run. (Nobody noticed.)
#[test]
fn a_deadline_while_all_futures_wait() {
    let executor = executor(2);
    let graph = || {
        let mut graph = GraphBuilder::new();
        graph.async_node("waits", (), std::future::pending::<()>);
        graph.build().expect("a valid graph")
    };
    let soon = || RunOptions::new().deadline(Instant::now() + Duration::from_millis(5));
    let outcomes: Vec<Result<(), RunError>> = vec![
        graph().with(&soon()).run().map(drop),
        graph().with(&soon()).run_parallel(&executor).map(drop),
        pollster::block_on(graph().with(&soon()).run_async()).map(drop),
        pollster::block_on(graph().with(&soon()).run_parallel_async(&executor)).map(drop),
        graph().into_with(&soon()).spawn(&executor).join().1,
    ];
    for (way, outcome) in outcomes.into_iter().enumerate() {
        let error = outcome.expect_err("it is late");
        assert!(error.is_late(), "{way}: {error}");
    }
}

/// Nodes that are bound to one worker, each of which waits for a graph with a node that is bound to another
/// worker, which is busy: only one of them at a time is on the worker's stack. (Each run added one, until the
/// stack was full.)
#[test]
fn nodes_that_wait_for_another_worker_do_not_pile_up() {
    const RUNS: usize = 500;
    let executor = executor(2);
    let release = Arc::new(AtomicBool::new(false));
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let runs: Vec<_> = (0..RUNS)
        .map(|_| {
            let mut inner = GraphBuilder::new();
            let released = Arc::clone(&release);
            let bound = inner.node("on 1", (), move || {
                while !released.load(SeqCst) {
                    thread::yield_now();
                }
            });
            inner.on_worker(bound, 1);
            let mut outer = GraphBuilder::new();
            let (enters, leaves, counts) = (Arc::clone(&now), Arc::clone(&now), Arc::clone(&most));
            let node = outer.graph(
                "on 0",
                (),
                inner.build().expect("a valid graph"),
                move |_: &mut Graph<'_>| _ = counts.fetch_max(1 + enters.fetch_add(1, SeqCst), SeqCst),
                move |_: &mut Graph<'_>| _ = leaves.fetch_sub(1, SeqCst),
            );
            outer.on_worker(node, 0);
            outer.build().expect("a valid graph").spawn(&executor)
        })
        .collect();
    while most.load(SeqCst) == 0 {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20));
    release.store(true, SeqCst);
    runs.into_iter().for_each(|run| run.join().1.expect("no error"));
    assert_eq!(most.load(SeqCst), 1);
}

/// A node drops the run that it is a part of, or waits for it. (It waited for itself.)
#[test]
fn a_run_that_is_dropped_by_its_own_node() {
    for waits in [false, true] {
        for is_nested in [false, true] {
            let executor = executor(2);
            let slot = Arc::new(Mutex::new(None::<Spawned>));
            let (give, taken) = (Arc::clone(&slot), Arc::new(Barrier::new(2)));
            let goes_on = Arc::clone(&taken);
            let (say, hear) = mpsc::channel();
            let act = move || {
                goes_on.wait();
                let run = give.lock().expect("no panic").take().expect("it is there");
                if waits {
                    let waited = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run.join()));
                    let message = waited.expect_err("it would wait for itself");
                    let message = message.downcast_ref::<&str>().copied().unwrap_or_default();
                    assert!(message.contains("the run that it is a part of"), "{message}");
                } else {
                    drop(run);
                }
                say.send(()).expect("somebody listens");
            };
            let mut graph = GraphBuilder::new();
            if is_nested {
                let mut inner = GraphBuilder::new();
                inner.node("drops", (), act);
                let inner = inner.build().expect("a valid graph");
                graph.graph("inner", (), inner, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
            } else {
                graph.node("drops", (), act);
            }
            let run = graph.build().expect("a valid graph").spawn(&executor);
            *slot.lock().expect("no panic") = Some(run);
            taken.wait();
            hear.recv().expect("it comes to an end");
            drop(executor);
        }
    }
}

/// A worker that waits in a node of one run goes to a node of another one that is bound to it, and that drops
/// the first run.
#[test]
fn a_run_that_is_dropped_while_its_thread_waits() {
    let executor = executor(2);
    let (go, waits) = mpsc::channel::<()>();
    let (begins, begun) = mpsc::channel();
    let mut inner = GraphBuilder::new();
    let slow = inner.node("slow", (), move || {
        begins.send(()).expect("somebody listens");
        waits.recv().expect("somebody says so");
    });
    inner.on_worker(slow, 1);
    let mut outer = GraphBuilder::new();
    let inner = inner.build().expect("a valid graph");
    let node = outer.graph("outer", (), inner, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
    outer.on_worker(node, 0);
    let first = Mutex::new(Some(outer.build().expect("a valid graph").spawn(&executor)));
    begun.recv().expect("it begins");
    let mut graph = GraphBuilder::new();
    let drops = graph.node("drops", (), move || drop(first.lock().expect("no panic").take()));
    graph.on_worker(drops, 0);
    let second = graph.build().expect("a valid graph").spawn(&executor);
    go.send(()).expect("somebody listens");
    second.join().1.expect("no error");
}

/// A run that has not begun ends with its executor; then its graph is run on a new one, which may lie where
/// that one lay. (The new executor took the run for one that is in its queue already, and never began it.)
#[test]
fn a_graph_goes_from_an_executor_that_is_gone_to_a_new_one() {
    for _ in 0..20 {
        let first = executor(2);
        let (gates, busy): (Vec<_>, Vec<_>) = (0..2)
            .map(|_| {
                let (opened, waits) = mpsc::channel::<()>();
                let (begun, begins) = mpsc::channel();
                let waits = Mutex::new(waits);
                let busy = one_node(&first, move || {
                    begun.send(()).expect("somebody waits for it");
                    let _ = waits.lock().expect("no panic").recv();
                });
                begins.recv().expect("it begins");
                (opened, busy)
            })
            .unzip();
        let queued = one_node(&first, || ());
        let ends = thread::spawn(move || drop(first));
        let (graph, ended) = queued.join();
        assert!(matches!(ended, Err(RunError::Cancelled { .. })), "{ended:?}");
        drop(gates);
        busy.into_iter().for_each(|run: Spawned| drop(run.join()));
        ends.join().expect("no panic");
        let second = executor(2);
        graph.spawn(&second).join().1.expect("no error");
    }
}
