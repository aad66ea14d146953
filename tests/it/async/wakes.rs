//! Who is polled when: only what was woken, whoever wakes it, how and when.

use crate::support::gate::{Gate, Hand, waiting_for};
use dgraph_exec::GraphBuilder;
use std::future::poll_fn;
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::{Poll, Waker};
use std::thread;

/// The run's own polls, and those of nodes that nobody woke.
#[test]
fn only_woken_futures_are_polled_again() {
    let gates: Vec<Gate> = (0..100).map(|_| Gate::default()).collect();
    let mut graph = GraphBuilder::new();
    let nodes: Vec<_> = gates.iter().map(|gate| graph.async_node("", (), move || gate.wait())).collect();
    let last = graph.node("last", &nodes, |all: dgraph_exec::Values<'_, ()>| all.len());
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    assert!(gates.iter().all(|gate| gate.polls() == 1));
    // Polled without a reason, as `join!` and `select!` do whenever something else was woken, the run polls
    // nobody.
    for _ in 0..3 {
        assert!(hand.poll(&mut run).is_pending());
        assert!(gates.iter().all(|gate| gate.polls() == 1));
    }
    assert_eq!(hand.wakes(), 0);
    for (count, gate) in (1..).zip(&gates[..99]) {
        gate.open();
        assert_eq!(hand.wakes(), count, "each wake finds the run asleep");
        assert!(hand.poll(&mut run).is_pending());
        assert_eq!((gate.polls(), gate.drops()), (2, 1), "done and gone");
    }
    assert_eq!(gates.iter().map(Gate::polls).sum::<usize>(), 199);
    gates[99].open();
    match hand.poll(&mut run) {
        Poll::Ready(Ok(results)) => assert_eq!(results[last], 100),
        other => panic!("{other:?}"),
    }
    assert!(gates.iter().all(|gate| gate.polls() == 2 && gate.drops() == 1));
}

/// Woken while it isn't ready: it is polled and waits on.
#[test]
fn a_spurious_wake_is_a_poll() {
    let (gate, other) = (Gate::default(), Gate::default());
    let mut graph = waiting_for([&gate, &other]);
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    for count in 1..=10 {
        gate.wake();
        assert_eq!(hand.wakes(), count);
        assert!(hand.poll(&mut run).is_pending());
        assert_eq!((gate.polls(), other.polls()), (count + 1, 1));
    }
    gate.open();
    other.open();
    assert!(hand.poll(&mut run).is_ready());
    assert_eq!((gate.polls(), other.polls(), hand.wakes()), (12, 2, 11), "the second found it told already");
}

#[test]
fn woken_many_times_it_is_polled_once() {
    let gate = Gate::default();
    let mut graph = waiting_for([&gate]);
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    for _ in 0..10 {
        gate.wake();
    }
    thread::scope(|scope| (0..4).for_each(|_| _ = scope.spawn(|| (0..100).for_each(|_| gate.wake()))));
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((gate.polls(), hand.wakes()), (2, 1));
}

/// By value, by reference, by a clone of a clone, on another thread.
#[test]
fn every_way_to_wake() {
    let ways: [fn(Waker); 5] = [
        Waker::wake,
        |waker| waker.wake_by_ref(),
        |waker| {
            let clone = waker.clone().clone();
            drop(waker);
            clone.wake();
        },
        |waker| thread::spawn(move || waker.wake()).join().expect("no panic"),
        |waker| {
            let clone = waker.clone();
            thread::spawn(move || clone.wake_by_ref()).join().expect("no panic");
            assert!(waker.will_wake(&waker.clone()));
        },
    ];
    let gate = Gate::default();
    let mut graph = waiting_for([&gate]);
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    for (count, wake) in (1..).zip(ways) {
        wake(gate.waker().expect("it was polled"));
        assert_eq!(hand.wakes(), count);
        assert!(hand.poll(&mut run).is_pending());
        assert_eq!(gate.polls(), count + 1);
    }
}

/// A wake that comes while the future is being polled, by itself or by another thread, is not lost.
#[test]
fn a_wake_during_a_poll() {
    for by_another_thread in [false, true] {
        let polls = &AtomicUsize::new(0);
        let mut graph = GraphBuilder::new();
        let node = graph.async_node("", (), || {
            poll_fn(move |context| {
                let waker = context.waker().clone();
                if by_another_thread {
                    thread::spawn(move || waker.wake()).join().expect("no panic");
                } else {
                    waker.wake();
                }
                if polls.fetch_add(1, SeqCst) < 20 { Poll::Pending } else { Poll::Ready(7) }
            })
        });
        let mut graph = graph.build().expect("a valid graph");
        assert_eq!(pollster::block_on(graph.run_async()).expect("no failure")[node], 7);
        assert_eq!(polls.load(SeqCst), 21);
    }
}

/// Many threads wake many futures while the run polls them; each needs so many polls.
#[test]
fn wakes_from_many_threads() {
    let rounds = if cfg!(miri) { 3 } else { 200 };
    let gates: Vec<Gate> = (0..12).map(|_| Gate::default()).collect();
    let mut graph = waiting_for(&gates);
    for _ in 0..rounds {
        gates.iter().for_each(Gate::shut);
        let begin = Barrier::new(4);
        thread::scope(|scope| {
            for part in gates.chunks(4) {
                let begin = &begin;
                scope.spawn(move || {
                    begin.wait();
                    part.iter().for_each(Gate::wake);
                    part.iter().for_each(Gate::open);
                });
            }
            begin.wait();
            pollster::block_on(graph.run_async()).expect("no failure");
        });
    }
    assert!(gates.iter().all(|gate| gate.drops() == rounds));
}

/// A node's waker, used after the node is done but the run isn't.
#[test]
fn a_wake_after_the_node_is_done() {
    let (early, late) = (Gate::default(), Gate::default());
    let mut graph = waiting_for([&early, &late]);
    let hand = Hand::new();
    let mut run = graph.run_async();
    early.open();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((early.polls(), early.drops()), (1, 1));
    for _ in 0..5 {
        early.wake();
        assert!(hand.poll(&mut run).is_pending());
    }
    assert_eq!((early.polls(), late.polls()), (1, 1));
    late.open();
    assert!(hand.poll(&mut run).is_ready());
}

/// A waker that outlives run and graph is harmless, and so are its clones; the caller's waker is let go of
/// with the run.
#[test]
fn a_wake_after_everything_is_gone() {
    let gate = Gate::default();
    let mut graph = waiting_for([&gate]);
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!(hand.wakers(), 1);
    let waker = gate.waker().expect("it was polled");
    drop(run);
    assert_eq!((hand.wakers(), gate.drops()), (0, 1));
    waker.wake_by_ref();
    drop(graph);
    waker.wake_by_ref();
    let clone = waker.clone();
    thread::spawn(move || clone.wake()).join().expect("no panic");
    waker.wake();
    assert_eq!((hand.wakes(), gate.polls()), (0, 1));
    // The gate has the last one: it frees the block.
}

/// It polls the node of the next run at the most once more than needed, and neither that run nor the one
/// after it is disturbed.
#[test]
fn a_waker_of_an_earlier_run() {
    let (first, gate) = (Gate::default(), Gate::default());
    let begun = AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let before = graph.async_node("before", (), || first.wait());
    let node = graph.async_node("node", (before,), |(): &()| {
        begun.fetch_add(1, SeqCst);
        gate.wait()
    });
    let mut graph = graph.build().expect("a valid graph");
    first.open();
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    let old = gate.waker().expect("it was polled");
    drop(run);
    // Between the runs; before the node begins; while it waits.
    old.wake_by_ref();
    first.shut();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((begun.load(SeqCst), gate.polls()), (1, 1), "marked, but it hasn't begun");
    old.wake_by_ref();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((begun.load(SeqCst), gate.polls()), (1, 1));
    first.open();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((begun.load(SeqCst), gate.polls()), (2, 3), "once more for what came before");
    old.wake_by_ref();
    assert!(hand.poll(&mut run).is_pending());
    assert_eq!((begun.load(SeqCst), gate.polls()), (2, 4), "as a spurious one");
    gate.open();
    match hand.poll(&mut run) {
        Poll::Ready(Ok(results)) => assert_eq!(results.get(node), Ok(&())),
        other => panic!("{other:?}"),
    }
}

/// The run tells whoever polled it last.
#[test]
fn a_run_that_moves_to_another_task() {
    let gate = Gate::default();
    let mut graph = waiting_for([&gate]);
    let (first, second) = (Hand::new(), Hand::new());
    let mut run = graph.run_async();
    assert!(first.poll(&mut run).is_pending());
    assert!(second.poll(&mut run).is_pending());
    assert_eq!((first.wakers(), second.wakers()), (0, 1));
    gate.wake();
    assert_eq!((first.wakes(), second.wakes()), (0, 1));
    // And on another thread: it is `Send`, as are its nodes.
    thread::scope(|scope| {
        let run = &mut run;
        scope.spawn(move || assert!(Hand::new().poll(run).is_pending()));
    });
    gate.open();
    assert!(first.poll(&mut run).is_ready());
}
