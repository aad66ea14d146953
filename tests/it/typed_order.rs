//! Priorities, limits, and nodes that are bound to a thread.

use crate::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    Absent, CancelToken, DefinitionError, Executor, FailurePolicy, Graph, GraphBuilder, Node, Results,
    RunError, RunOptions,
};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Barrier, Mutex, mpsc};
use std::thread::{self, ThreadId};
use std::time::Duration;

/// How many are inside, and how many there have been at once.
#[derive(Default)]
struct Gauge {
    inside: AtomicUsize,
    highest: AtomicUsize,
}

impl Gauge {
    fn enter<R>(&self, work: impl FnOnce() -> R) -> R {
        struct Leave<'a>(&'a AtomicUsize);
        impl Drop for Leave<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, SeqCst);
            }
        }
        let inside = self.inside.fetch_add(1, SeqCst) + 1;
        let _leave = Leave(&self.inside);
        self.highest.fetch_max(inside, SeqCst);
        work()
    }
}

fn a_limit_holds(runner: &Runner) {
    let (few, one) = (&Gauge::default(), &Gauge::default());
    let mut graph = GraphBuilder::new();
    let (limit_of_two, limit_of_one) = (graph.limit(2), graph.limit(1));
    for number in 0..200 {
        let node = graph.node("", (), move || {
            few.enter(|| {
                if number % 4 == 0 {
                    one.enter(thread::yield_now);
                }
            });
        });
        graph.limited(node, limit_of_two);
        if number % 4 == 0 {
            graph.limited(node, limit_of_one);
            graph.limited(node, limit_of_two); // twice is once
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        runner.typed(&mut graph);
    }
    drop(graph);
    assert!((1..=2).contains(&few.highest.load(SeqCst)) && one.highest.load(SeqCst) == 1);
}

/// Among ready nodes the most urgent first, ties as declared; on one thread exactly.
fn priorities_are_the_order_of_one_thread(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |number: i32| order.lock().expect("nobody panics").push(number);
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || ran(-1));
    graph.priority(first, 100);
    let all = graph.limit(1); // so that there is one thread of execution, whatever the runner
    graph.limited(first, all);
    let numbers = [3, 9, 3, 0, 5, 9, 0, 1];
    for (at, priority) in (0..).zip(numbers) {
        let node = graph.node("", (first,), move |_: &()| ran(at));
        graph.priority(node, i32::MIN);
        graph.priority(node, priority - 4);
        graph.limited(node, all);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        runner.typed(&mut graph);
        assert_eq!(*order.lock().expect("nobody panics"), [-1, 1, 5, 4, 0, 2, 7, 3, 6]);
        order.lock().expect("nobody panics").clear();
    }
}

/// The longest path first; an explicit priority comes before it, declaration after it.
fn critical_path_first(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let ran = |name: &'static str| order.lock().expect("nobody panics").push(name);
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let a = graph.node("short", (), || ran("short"));
    let b = graph.node("same", (), || ran("same"));
    let c = graph.node("head", (), || ran("head"));
    let d = graph.node("tail", (c,), |_: &()| ran("tail"));
    let e = graph.node("urgent", (), || ran("urgent"));
    [a, b, c, d, e].into_iter().for_each(|node| graph.limited(node, one));
    graph.priority(e, 1);
    let mut graph = graph.build().expect("a valid graph");
    let check = |graph: &mut Graph<'_>, expected: [&str; 5]| {
        runner.typed(graph);
        assert_eq!(*order.lock().expect("nobody panics"), expected);
        order.lock().expect("nobody panics").clear();
    };
    check(&mut graph, ["urgent", "short", "same", "head", "tail"]);
    graph.prioritise_by(|_| Duration::from_secs(1));
    check(&mut graph, ["urgent", "head", "short", "same", "tail"]);
    graph.prioritise_by(|node| Duration::from_secs(u64::from(node.get() == 1)));
    check(&mut graph, ["urgent", "same", "short", "head", "tail"]);
    graph.prioritise_by(|node| Duration::from_secs(if node.get() > 1 { u64::MAX } else { 0 }));
    check(&mut graph, ["urgent", "head", "tail", "short", "same"]);
    // Nothing has been measured, so all is as declared.
    graph.prioritise_by_measured();
    check(&mut graph, ["urgent", "short", "same", "head", "tail"]);
}

/// What was measured is what the nodes took, at least.
fn measured_durations(runner: &Runner) {
    let nap = Duration::from_millis(2);
    let mut graph = GraphBuilder::new();
    let long = graph.node("long", (), || thread::sleep(nap));
    let failing = graph.try_node("failing", (long,), |_: &()| Err::<(), _>("no"));
    let never = graph.node("never", (failing,), |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.measured(long), None);
    let options = RunOptions::new().measure();
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert!(graph.measured(long).expect("it ran") >= nap);
    assert!(graph.measured(failing).is_some());
    assert_eq!(graph.measured(never), None);
    graph.prioritise_by_measured();
    assert!(runner.typed_with(&mut graph, &options).is_err());
    assert!(graph.measured(long).expect("kept, and measured again") >= nap);
}

fn bound_nodes_run_where_they_belong(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    let mut here: Vec<Node<ThreadId>> = Vec::new();
    let mut there = Vec::new();
    for number in 0..40 {
        let node = graph.node("", (), || thread::current().id());
        match number % 4 {
            0 => {
                graph.on_caller(node);
                here.push(node);
            }
            1 => {
                graph.on_worker(node, 0);
                graph.limited(node, one);
                there.push(node);
            }
            _ => {
                let ends = graph.node("", (node,), |_: &ThreadId| thread::current().id());
                graph.on_caller(ends);
                here.push(ends);
            }
        }
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let results = runner.typed(&mut graph);
        assert!(here.iter().all(|&node| results[node] == thread::current().id()));
        let threads: HashSet<_> = there.iter().map(|&node| results[node]).collect();
        assert_eq!(threads.len(), 1);
        assert_eq!(
            threads.contains(&thread::current().id()),
            !matches!(runner, Runner::Parallel(_)),
            "a worker is no caller"
        );
    }
}

/// Closures and results that aren't `Send`, lent, moved and taken, beside nodes that go anywhere.
fn local_nodes(runner: &Runner) {
    let log = Rc::new(RefCell::new(Vec::new()));
    let mut graph = GraphBuilder::local();
    let number = graph.node("number", (), || 7_u32);
    let shared_log = Rc::clone(&log);
    let cell = graph.local_node("cell", (number,), move |number: &u32| {
        shared_log.borrow_mut().push(*number);
        Rc::new(Cell::new(*number))
    });
    let given = graph.local_node("given", (), || Rc::new(1));
    let taken = graph.local_node("taken", (given.moved(), cell), |one: Rc<u32>, cell: &Rc<Cell<u32>>| {
        cell.set(cell.get() + *one);
        cell.get()
    });
    let doubled = graph.node("doubled", (taken.shared(),), |sum: &u32| sum * 2);
    let failing = graph
        .local_try_node("failing", (doubled,), |&doubled: &u32| u8::try_from(doubled * 100).map(Rc::new));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let ended = runner.typed_with(&mut graph, &options);
        assert_eq!(ended.map(|_| ()).expect_err("1600").to_string(), "1 node failed: failing");
        let mut results = graph.results();
        assert_eq!((results[taken], results[doubled], results[cell].get()), (8, 16, 8));
        assert!(matches!(results.get(given), Err(Absent::Moved { .. })));
        assert_eq!(results.get(failing), Err(Absent::Failed));
        assert_eq!(results.take(cell).map(|cell| Rc::strong_count(&cell)), Ok(1));
    }
    drop(graph);
    assert_eq!(Rc::try_unwrap(log).map(RefCell::into_inner), Ok(vec![7; 10]));
}

/// Panics and errors inside a limited group give the permits back, within the run and for the next one.
fn failures_release_permits(runner: &Runner) {
    let (panics, gauge, after) = (&AtomicBool::new(true), &Gauge::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..20 {
        let node = graph.try_node("", (), move || {
            gauge.enter(|| {
                assert!(number != 3 || !panics.load(SeqCst), "planned");
                if number % 2 == 0 { Err("no") } else { Ok(()) }
            })
        });
        graph.limited(node, one);
        graph.node("", (node,), |_: &()| _ = after.fetch_add(1, SeqCst));
    }
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..10 {
        panics.store(true, SeqCst);
        let caught = catch_unwind(AssertUnwindSafe(|| runner.typed_with(&mut graph, &options).map(|_| ())));
        assert!(caught.is_err());
        panics.store(false, SeqCst);
        after.store(0, SeqCst);
        match runner.typed_with(&mut graph, &options).map(|_| ()) {
            Err(RunError::Failed(failures)) => assert_eq!((failures.len(), after.load(SeqCst)), (10, 10)),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(gauge.highest.load(SeqCst), 1);
}

fn a_cancel_ends_an_ordered_run(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..20 {
        let node = graph.node(number.to_string(), (), move || {
            if number == 5 {
                token.cancel();
            }
        });
        graph.limited(node, one);
    }
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token);
    match runner.typed_with(&mut graph, &options).map(|_| ()) {
        Err(RunError::Cancelled { not_run }) => {
            assert!(not_run.iter().map(|node| node.node().get()).eq(6..20), "in the order of declaration");
        }
        other => panic!("{other:?}"),
    }
}

/// Ordered runs within nodes of ordered runs, on the same threads and limits of their own.
fn nested(runner: &Runner) {
    let inner = |offset: u32| {
        let mut graph = GraphBuilder::new();
        let one = graph.limit(1);
        let side = graph.input::<u32>("side");
        let here = graph.node("here", (side,), move |side: &u32| side + offset);
        graph.on_caller(here);
        let there = graph.node("there", (here,), |here: &u32| here * 2);
        graph.on_worker(there, 0);
        graph.limited(there, one);
        (graph.build().expect("a valid graph"), side, there)
    };
    let mut graph = GraphBuilder::new();
    let two = graph.limit(2);
    let sum = (0..12).map(|number| {
        let (inner, side, there) = inner(number);
        let node = graph.graph(
            "nested",
            (),
            inner,
            move |inner: &mut Graph<'_>| {
                inner.set(side, 100);
            },
            move |results: Results<'_>| results[there],
        );
        match number % 3 {
            0 => graph.on_worker(node, 0),
            1 => graph.limited(node, two),
            _ => {}
        }
        node
    });
    let nodes: Vec<_> = sum.collect();
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let results = runner.typed(&mut graph);
        assert!((0..).zip(&nodes).all(|(number, &node)| results[node] == (100 + number) * 2));
    }
}

over_typed_runners!(
    a_limit_holds,
    priorities_are_the_order_of_one_thread,
    critical_path_first,
    measured_durations,
    bound_nodes_run_where_they_belong,
    local_nodes,
    failures_release_permits,
    a_cancel_ends_an_ordered_run,
    nested,
);

/// As many as the limit permits are inside at once: they wait for each other.
#[test]
fn a_limit_is_reached() {
    let barrier = Barrier::new(3);
    let mut graph = GraphBuilder::new();
    let three = graph.limit(3);
    for _ in 0..30 {
        let node = graph.node("", (), || _ = barrier.wait());
        graph.limited(node, three);
    }
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(3);
    for _ in 0..10 {
        graph.run_parallel(&executor).expect("no node fails");
    }
}

/// One node has the only permit and waits for a node without a limit, while others wait for the permit: on two threads
/// that works only if none of these blocks the other thread.
#[test]
fn who_waits_for_a_permit_blocks_no_thread() {
    let meeting = &Barrier::new(2);
    let mut graph = GraphBuilder::new();
    let one = graph.limit(1);
    for number in 0..10 {
        let node = graph.node("", (), move || {
            if number == 0 {
                meeting.wait();
            }
        });
        graph.limited(node, one);
        graph.priority(node, 10 - number);
    }
    let free = graph.node("free", (), || _ = meeting.wait());
    graph.priority(free, -1);
    let mut graph = graph.build().expect("a valid graph");
    for executor in [executor(2), executor(5)] {
        for _ in 0..50 {
            graph.run_parallel(&executor).expect("no node fails");
        }
    }
}

/// Two threads: one is kept in a node of its own, the other starts the rest by priority. Then both at once: whoever
/// starts a node finds all more urgent ones started.
#[test]
fn two_threads_start_by_priority() {
    let executor = executor(2);
    let (open, gate) = mpsc::channel::<()>();
    let gate = Mutex::new(gate);
    let order = Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    let keeper = graph.node("keeper", (), || gate.lock().expect("no panic").recv().expect("a sender"));
    graph.priority(keeper, 1000);
    for number in 0..20 {
        let (order, open) = (&order, open.clone());
        let node = graph.node("", (), move || {
            let mut order = order.lock().expect("no panic");
            order.push(number);
            if order.len() == 20 {
                open.send(()).expect("the keeper waits");
            }
        });
        graph.priority(node, (number * 7) % 20);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..50 {
        graph.run_parallel(&executor).expect("no node fails");
        let mut order = order.lock().expect("no panic");
        assert!(order.iter().map(|number| (number * 7) % 20).eq((0..20).rev()));
        order.clear();
    }
    drop(graph);

    // Each pair meets, so both threads take part; the pairs come in the order of urgency.
    let (meeting, pairs) = (Barrier::new(2), Mutex::new(Vec::new()));
    let mut graph = GraphBuilder::new();
    for number in 0..20 {
        let (meeting, pairs) = (&meeting, &pairs);
        let node = graph.node("", (), move || {
            pairs.lock().expect("no panic").push(number / 2);
            meeting.wait();
        });
        graph.priority(node, number / 2);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..50 {
        graph.run_parallel(&executor).expect("no node fails");
        let mut pairs = pairs.lock().expect("no panic");
        assert!(pairs.chunks(2).all(|pair| pair[0] == pair[1]));
        assert!(pairs.is_sorted_by(|a, b| a >= b));
        pairs.clear();
    }
}

/// Each worker by its number, at once, with the caller in between.
#[test]
fn every_worker_can_be_named() {
    let executor = executor(3);
    let all_here = Barrier::new(4);
    let mut graph = GraphBuilder::new();
    let mut nodes = Vec::new();
    for place in 0..4 {
        let node = graph.node("", (), || {
            all_here.wait();
            (thread::current().id(), thread::current().name().map(str::to_owned))
        });
        if place < 3 {
            graph.on_worker(node, place);
        } else {
            graph.on_caller(node);
        }
        nodes.push(node);
    }
    let mut graph = graph.build().expect("a valid graph");
    let mut seen = HashSet::new();
    for _ in 0..50 {
        let results = graph.run_parallel(&executor).expect("no node fails");
        seen.extend(nodes.iter().map(|&node| results[node].clone()));
    }
    assert_eq!(seen.len(), 4, "the same four threads each time: {seen:?}");
}

/// Two workers that each wait for a run of their own, in which a node is bound to the other one.
#[test]
fn workers_that_wait_for_each_other_are_there_for_their_own_nodes() {
    let executor = executor(2);
    let both_here = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    for worker in 0..2 {
        let (executor, both_here) = (&executor, &both_here);
        let node = graph.node("", (), move || {
            both_here.wait();
            let mut inner = GraphBuilder::new();
            let node = inner.node("", (), || ());
            inner.on_worker(node, 1 - worker);
            inner.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
        });
        graph.on_worker(node, worker);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..200 {
        graph.run_parallel(&executor).expect("no node fails");
    }
}

/// Several callers, each with nodes of its own and some for the same worker.
#[test]
fn many_callers() {
    let executor = executor(2);
    thread::scope(|scope| {
        for caller in 0..4 {
            let executor = &executor;
            scope.spawn(move || {
                let mut graph = GraphBuilder::new();
                let here = graph.node("here", (), || thread::current().id());
                let there = graph.node("there", (here,), |&caller: &ThreadId| {
                    assert_ne!(caller, thread::current().id());
                });
                let back = graph.node("back", (there,), |_: &()| thread::current().id());
                graph.on_caller(here);
                graph.on_worker(there, caller % 2);
                graph.on_caller(back);
                let mut graph = graph.build().expect("a valid graph");
                for _ in 0..100 {
                    let results = graph.run_parallel(executor).expect("no node fails");
                    assert_eq!(
                        (results[here], results[back]),
                        (thread::current().id(), thread::current().id())
                    );
                }
            });
        }
    });
}

#[test]
fn a_worker_that_is_not_there() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("far", (), || 1);
    graph.on_worker(node, 2);
    let mut graph = graph.build().expect("a valid graph");
    let executor = executor(2);
    let error = graph.run_parallel(&executor).map(|_| ()).expect_err("no such worker");
    assert_eq!(error.to_string(), "far is bound to worker 2, but the executor has 2");
    assert!(matches!(error, RunError::NoSuchWorker { worker: 2, workers: 2, .. }));
    assert_eq!(graph.results().get(node), Err(Absent::NotRun));
    assert_eq!(graph.run().expect("on the caller")[node], 1);
}

#[test]
fn what_can_not_be_met() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("torn", (), || ());
    graph.on_worker(node, 0);
    graph.on_worker(node, 0); // the same again is fine
    graph.on_caller(node);
    let error = graph.build().expect_err("two threads");
    assert_eq!(error.to_string(), "bound to more than one thread: torn");

    let mut graph = GraphBuilder::local();
    let node = graph.local_node("window", (), || Rc::new(()));
    graph.on_caller(node); // it is anyway
    graph.on_worker(node, 0);
    assert!(matches!(graph.build(), Err(DefinitionError::BoundTwice(_))));

    let mut graph = GraphBuilder::new();
    let node = graph.node("shut out", (), || ());
    let none = graph.limit(0);
    graph.limited(node, none);
    assert_eq!(graph.build().expect_err("no permit").to_string(), "under a limit of 0: shut out");

    let mut other = GraphBuilder::new();
    let (foreign, limit) = (other.node("foreign", (), || ()), other.limit(1));
    for wish in 0..4 {
        let mut graph = GraphBuilder::new();
        let own = graph.node("own", (), || ());
        match wish {
            0 => graph.limited(own, limit),
            1 => graph.priority(foreign, 1),
            2 => graph.on_caller(foreign),
            _ => graph.on_worker(foreign, 0),
        }
        assert!(matches!(graph.build(), Err(DefinitionError::ForeignHandles(_))));
    }
}

/// An empty graph, and one of an executor of one with a bound node.
#[test]
fn corner_cases() {
    let mut graph = GraphBuilder::new().build().expect("an empty graph");
    graph.prioritise_by(|_| Duration::ZERO);
    graph.run_parallel(&executor(2)).expect("nothing to do");
    graph.run().expect("nothing to do");
    let alone: Executor = executor(1);
    let mut graph = GraphBuilder::new();
    let node = graph.node("", (), || thread::current().id());
    graph.on_worker(node, 0);
    let mut graph = graph.build().expect("a valid graph");
    assert_ne!(graph.run_parallel(&alone).expect("no node fails")[node], thread::current().id());
}
