//! Limits that runs share: on two executors, and on none.

use crate::models::beside_workers_of;
use crate::sync::model::{UnsafeCell, explore, thread};
use crate::wake::models::{Gate, block_on};
use crate::{CancelToken, Executor, Graph, GraphBuilder, RunError, RunOptions, SharedLimit, StopReason};
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};

/// What only one node at a time may touch.
type Alone = Arc<UnsafeCell<()>>;

/// Calls `work` with two executors of two, whose workers live.
fn on_two_executors(work: impl Fn(&Arc<Executor>, &Arc<Executor>) + Send + Sync + 'static) {
    explore(3, move || {
        beside_workers_of(2, 2, |one| {
            beside_workers_of(2, 2, |other| {
                let [one, other] =
                    [one, other].map(|shared| Arc::new(Executor::of_model(Arc::clone(shared), 2)));
                work(&one, &other);
            });
        });
    });
}

/// Two nodes behind a first one, which are alone while they run, and want another limit as well, named in
/// either order.
fn graph_of(limits: &[SharedLimit; 2], alone: &Alone, first: usize) -> Graph<'static> {
    let mut graph = GraphBuilder::new();
    let begin = graph.node("begin", (), || ());
    for _ in 0..2 {
        let alone = Arc::clone(alone);
        let node = graph.node("alone", (begin,), move |_: &()| alone.with_mut(|_| ()));
        graph.limited(node, limits[first].all());
        graph.limited(node, limits[1 - first].permits(1));
    }
    graph.build().expect("a valid graph")
}

fn limits() -> [SharedLimit; 2] {
    [SharedLimit::new(2), SharedLimit::new(2)]
}

fn is_whole(limit: &SharedLimit) -> bool {
    format!("{limit:?}") == "SharedLimit { permits: 2, left: 2, waiting: 0 }"
}

/// A run beside its caller, one whose owner is a task, and one that a task polls. Each wants all of one limit
/// and one of the other. Catches: limits in the order in which they were named; permits that aren't given
/// back; a node that waits and isn't woken.
#[test]
fn run_under_limits_of_two_executors() {
    on_two_executors(|one, other| {
        let (limits, alone) = (limits(), Arc::new(UnsafeCell::new(())));
        let [mut first, mut second, mut third] = [0, 1, 0].map(|first| graph_of(&limits, &alone, first));
        let (one, other) = (Arc::clone(one), Arc::clone(other));
        let with_caller = thread::spawn(move || assert!(first.run_parallel(&one).is_ok()));
        let detached =
            thread::spawn(move || assert!(block_on(&mut second.run_parallel_async(&other)).is_ok()));
        assert!(block_on(&mut third.run_async()).is_ok());
        with_caller.join().expect("no panic");
        detached.join().expect("no panic");
        assert!(limits.iter().all(is_whole));
    });
}

/// A future that holds all permits until its gate is open, and whether it was polled.
fn holder(limit: &SharedLimit, gate: &Arc<Gate>) -> Graph<'static> {
    let gate = Arc::clone(gate);
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("holder", (), move || {
        let gate = Arc::clone(&gate);
        poll_fn(move |context| gate.poll(context))
    });
    graph.limited(node, limit.all());
    graph.build().expect("a valid graph")
}

/// Runs that wait for permits, or hold some, and are given up at any moment; the last one gets them.
/// Catches: a run that takes its place in a queue, or its permits, with it.
#[test]
fn run_given_up_while_it_waits_for_permits() {
    on_two_executors(|one, other| {
        let limit = SharedLimit::new(2);
        let gate = Arc::default();
        let (mut first, mut second) = (holder(&limit, &gate), holder(&limit, &gate));
        let mut last = GraphBuilder::new();
        let node = last.node("last", (), || 7);
        last.limited(node, &limit);
        let mut last = last.build().expect("a valid graph");
        let (one, other) = (Arc::clone(one), Arc::clone(other));
        let given_up = [first.run_parallel_async(&one), second.run_parallel_async(&one)].map(|mut run| {
            let _ = Pin::new(&mut run).poll(&mut Context::from_waker(Waker::noop()));
            run
        });
        let waits = thread::spawn(move || {
            assert!(block_on(&mut last.run_parallel_async(&other)).is_ok());
            assert_eq!(last.results().get(node), Ok(&7));
        });
        given_up.into_iter().for_each(drop);
        waits.join().expect("no panic");
        assert!(is_whole(&limit));
    });
}

/// A cancel, of a run that is drained or not, while its node waits for a permit that doesn't come before the
/// run has ended. Catches: a node that waits for a permit and isn't told of the stop.
#[test]
fn run_cancelled_while_it_waits_for_permits() {
    for drained in [false, true] {
        on_two_executors(move |one, other| {
            let (limit, gate, token) = (SharedLimit::new(2), Arc::default(), CancelToken::new());
            let mut holds = holder(&limit, &gate);
            let mut holding = holds.run_async();
            assert!(Pin::new(&mut holding).poll(&mut Context::from_waker(Waker::noop())).is_pending());
            let options = RunOptions::new().cancel_token(&token);
            let options = if drained { options.drain(StopReason::ALL) } else { options };
            let runs = [one, other].map(|executor| {
                let (executor, options) = (Arc::clone(executor), options.clone());
                let mut waits = holder(&limit, &gate);
                thread::spawn(move || {
                    let outcome = waits.with(&options).run_parallel(&executor).map(drop);
                    assert!(outcome.is_err_and(|error| error.is_cancelled()));
                })
            });
            token.cancel();
            runs.into_iter().for_each(|run| run.join().expect("no panic"));
            gate.open();
            assert!(block_on(&mut holding).is_ok());
            assert!(is_whole(&limit));
        });
    }
}

/// A node panics, in a run that is drained then, while another one waits for a permit that doesn't come
/// before the run has ended. Catches: a node that waits for a permit and isn't told that nothing begins any
/// more.
#[test]
fn run_drained_by_a_panic_while_it_waits_for_permits() {
    on_two_executors(|one, _| {
        let (limit, gate) = (SharedLimit::new(2), Arc::default());
        let mut holds = holder(&limit, &gate);
        let mut holding = holds.run_async();
        assert!(Pin::new(&mut holding).poll(&mut Context::from_waker(Waker::noop())).is_pending());
        let mut graph = GraphBuilder::new();
        let waits = graph.node("waits", (), || ());
        graph.limited(waits, &limit);
        graph.node("panics", (), || resume_unwind(Box::new("planned")));
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().drain([StopReason::Panic]).catch_panics();
        let outcome = graph.with(&options).run_parallel(one).map(drop);
        assert!(matches!(outcome, Err(RunError::Panicked(_))));
        assert!(graph.result(waits).is_err());
        gate.open();
        assert!(block_on(&mut holding).is_ok());
        assert!(is_whole(&limit));
    });
}
