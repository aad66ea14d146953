//! Who falls asleep although there is something to do, and who never gets a turn.

use crate::support::gate::{Gate, yielding_chain};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Dag, Executor, GraphBuilder};
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed, Ordering::SeqCst};
use std::sync::{Barrier, Mutex};
use std::task::{Poll, Waker};
use std::thread;
use std::time::Duration;

/// As many nodes as there are threads become ready at once and wait for each other. The workers are woken one
/// by the other: by whoever offers, steals, or robs a part of what there is. (A robber that left a part
/// behind woke nobody.)
#[test]
fn lost_wake_up_of_the_last_searcher() {
    for threads in 2..=9 {
        let executor = Executor::builder().threads(threads).spin(Duration::ZERO).build().expect("threads");
        for children in 2..=threads {
            let edges: Vec<_> = (1..=children as u32).map(|child| (0, child)).collect();
            let dag = Dag::from_edges(children + 1, &edges).expect("a valid graph");
            let meeting = Barrier::new(children);
            executor.run(&dag, |node| {
                if node.get() == 0 {
                    thread::sleep(Duration::from_millis(2)); // so that most of them are asleep
                } else {
                    meeting.wait();
                }
            });
        }
    }
}

/// A pause of varying length, so that workers are met at each step on their way to bed.
fn pause(round: u32) {
    (0..round * 37 % 1_500).for_each(|_| std::hint::spin_loop());
}

/// Each place from which a worker takes work wakes one that sleeps: the caller alone would wait for ever.
/// (That it is looked at once more by a worker that lies down is for the models to show: no test has met a
/// worker at that step.)
#[test]
fn work_sources_that_wake_nobody() {
    let executor = Executor::builder().threads(2).spin(Duration::ZERO).build().expect("threads");
    let sources: [fn(&Executor, u32); 5] = [
        nodes_of_a_shared_run,
        nodes_of_an_ordered_run,
        a_node_bound_to_a_worker,
        a_run_without_a_caller,
        a_woken_future,
    ];
    for source in sources {
        (0..1_500).for_each(|round| source(&executor, round));
    }
    // And a walk, of which the executor has to be convinced first.
    for round in 0..20 {
        let dag = Dag::from_edges(2, &[]).expect("a valid graph");
        let both = Barrier::new(2);
        for run in 0..100 {
            executor.run(&dag, |_| {
                if run == 99 {
                    pause(round * 7);
                    both.wait();
                }
            });
        }
    }
}

fn nodes_of_a_shared_run(executor: &Executor, round: u32) {
    let dag = Dag::from_edges(3, &[(0, 1), (0, 2)]).expect("a valid graph");
    let both = Barrier::new(2);
    executor.run(&dag, |node| {
        if node.get() == 0 {
            pause(round);
        } else {
            both.wait();
        }
    });
}

fn nodes_of_an_ordered_run(executor: &Executor, round: u32) {
    let both = Barrier::new(2);
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || pause(round));
    for name in ["left", "right"] {
        let node = graph.node(name, (first,), |(): &()| _ = both.wait());
        graph.priority(node, 1);
    }
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}

fn a_node_bound_to_a_worker(executor: &Executor, round: u32) {
    let mut graph = GraphBuilder::new();
    let here = graph.node("here", (), || pause(round));
    let there = graph.node("there", (here,), |(): &()| ());
    graph.on_caller(here);
    graph.on_worker(there, round as usize % 2);
    graph.build().expect("a valid graph").run_parallel(executor).expect("no node fails");
}

fn a_run_without_a_caller(executor: &Executor, round: u32) {
    let mut graph = GraphBuilder::new();
    graph.node("", (), || ());
    let graph = graph.build().expect("a valid graph");
    pause(round);
    graph.spawn(executor).join().1.expect("no node fails");
}

fn a_woken_future(executor: &Executor, round: u32) {
    let (begun, gate) = (Gate::default(), Gate::default());
    let mut graph = GraphBuilder::new();
    let (begins, waits) = (begun.clone(), gate.clone());
    graph.async_node("", (), move || {
        begins.open();
        waits.wait()
    });
    let run = graph.build().expect("a valid graph").spawn(executor);
    pollster::block_on(begun.wait());
    pause(round);
    gate.open();
    run.join().1.expect("no node fails");
}

over_typed_runners!(nested_run_deadlock);

/// Two futures that wake each other until some hundred other nodes have had their turn, one after the other.
/// On one thread: among several another one comes to the rescue, whatever the order.
#[test]
fn lifo_starvation_by_two_tasks_that_wake_each_other() {
    let (over, wakers) = (&AtomicBool::new(false), &[const { Mutex::new(None::<Waker>) }; 2]);
    let mut graph = GraphBuilder::new();
    for me in 0..2 {
        graph.async_node("wakes the other", (), move || {
            poll_fn(move |context| {
                *wakers[me].lock().expect("no panic") = Some(context.waker().clone());
                // Before the other one is woken, which sees then what this one has seen: nobody wakes it
                // after this one's end.
                let is_over = over.load(SeqCst);
                let other = wakers[1 - me].lock().expect("no panic").clone();
                other.iter().for_each(Waker::wake_by_ref);
                if is_over { Poll::Ready(()) } else { Poll::Pending }
            })
        });
    }
    let last = yielding_chain(&mut graph, 400);
    graph.node("end", (last,), |_: &u32| over.store(true, SeqCst));
    let mut graph = graph.build().expect("a valid graph");
    for runner in [Runner::Serial, Runner::Async].iter().cycle().take(6) {
        over.store(false, SeqCst);
        assert_eq!(runner.typed(&mut graph)[last], 400, "{runner:?}");
    }
}

/// All threads are in nodes that wait for runs of their own, ten deep, and so are two strangers.
fn nested_run_deadlock(runner: &Runner) {
    fn descend(runner: &Runner, dag: &Dag, depth: usize, leaves: &AtomicUsize) {
        runner.dag(dag, |_| match depth {
            0 => _ = leaves.fetch_add(1, Relaxed),
            _ => descend(runner, dag, depth - 1, leaves),
        });
    }
    let dag = Dag::from_edges(2, &[]).expect("a valid graph");
    let leaves = AtomicUsize::new(0);
    thread::scope(|scope| {
        for depth in [9, 7, 7] {
            let (dag, leaves) = (&dag, &leaves);
            scope.spawn(move || descend(runner, dag, depth, leaves));
        }
    });
    assert_eq!(leaves.into_inner(), (1 << 10) + 2 * (1 << 8));
    if !matches!(runner, Runner::Parallel(executor) | Runner::Detached(executor) if executor.threads() > 1) {
        return;
    }
    // The threads are in these runs at once: each of two nodes waits for the other one in a run within.
    let both = Barrier::new(2);
    for _ in 0..50 {
        runner.dag(&dag, |_| {
            both.wait();
            runner.dag(&dag, |_| {});
            both.wait();
        });
    }
}
