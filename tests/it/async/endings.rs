//! How runs with async nodes end before all is done: cancelled, failed, panicked.

use crate::support::counted::Counter;
use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, GraphBuilder, NoResult, RunError, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

over_typed_runners!(
    cancelled_while_everything_waits,
    cancelled_by_a_node,
    a_token_for_many_runs,
    a_deadline_that_passes_while_nodes_run,
    a_failure_drops_those_that_wait,
    a_panic_drops_those_that_wait,
    a_panic_in_the_drop_of_a_future,
    a_panic_in_the_drop_of_a_future_that_waits,
    a_deadline_ends_a_future_that_wakes_itself,
);

fn names(error: &RunError) -> Vec<&str> {
    match error {
        RunError::Cancelled { not_run, interrupted, .. }
        | RunError::DeadlineExceeded { not_run, interrupted, .. } => {
            interrupted.iter().chain(not_run).map(|node| node.name()).collect()
        }
        other => panic!("{other}"),
    }
}

/// One node never completes. From another thread, when nothing else is left to do.
fn cancelled_while_everything_waits(runner: &Runner) {
    let (begun, never) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let done = graph.node("done", (), || 1);
    let waits = graph.async_node("waits", (done,), move |_: &i32| {
        begun.open();
        never.wait()
    });
    graph.node("behind", (waits,), |(): &()| unreachable!("it never completes"));
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=20 {
        begun.shut();
        let token = CancelToken::new();
        thread::scope(|scope| {
            let cancel = token.clone();
            scope.spawn(move || {
                pollster::block_on(begun.wait());
                cancel.cancel();
            });
            let options = RunOptions::new().cancel_token(&token);
            let error = runner.typed_with(&mut graph, &options).expect_err("cancelled");
            assert_eq!(names(&error), ["waits", "behind"]);
        });
        assert_eq!(never.drops(), round);
        let results = graph.results();
        assert_eq!((results.get(done), results.get(waits)), (Ok(&1), Err(NoResult::Interrupted)));
    }
    never.open();
}

fn cancelled_by_a_node(runner: &Runner) {
    let (never, token) = (&Gate::default(), &CancelToken::new());
    let mut graph = GraphBuilder::new();
    let waits: Vec<_> = (0..5).map(|_| graph.async_node("waits", (), move || never.wait())).collect();
    let cancels = graph.async_node("cancels", (), move || async move {
        while never.polls() < 5 {
            yields(1).await;
        }
        token.cancel();
        yields(1).await;
    });
    graph.node("behind", &waits, |_: Values<'_, ()>| unreachable!("it is cancelled"));
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new().cancel_token(token)).expect_err("cancelled");
    let names = names(&error);
    assert_eq!(names.iter().filter(|&&name| name == "waits").count(), 5);
    assert!(names.contains(&"behind"));
    assert_eq!(never.drops(), 5);
    assert_eq!(graph.results().get(cancels), Err(NoResult::Interrupted), "it was waiting, too");
}

/// A token that was used before wakes only the run that is under way.
fn a_token_for_many_runs(runner: &Runner) {
    let (begun, gate) = (&Gate::default(), &Gate::default());
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("node", (), move || {
        begun.open();
        gate.wait()
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    gate.open();
    for _ in 0..10 {
        assert_eq!(runner.typed_with(&mut graph, &options).expect("not cancelled").get(node), Ok(&()));
    }
    gate.shut();
    begun.shut();
    thread::scope(|scope| {
        scope.spawn(|| {
            pollster::block_on(begun.wait());
            token.cancel();
        });
        assert_eq!(names(&runner.typed_with(&mut graph, &options).expect_err("cancelled")), ["node"]);
    });
    assert_eq!(gate.drops(), 11);
    gate.open();
    assert_eq!(runner.typed(&mut graph).get(node), Ok(&()));
}

/// The node that runs when it passes completes; the other one, which waits, is dropped.
fn a_deadline_that_passes_while_nodes_run(runner: &Runner) {
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    graph.async_node("waits", (), move || gate.wait());
    let slow = graph.async_node("slow", (), async || {
        while gate.polls() == 0 {
            yields(1).await;
        }
        thread::sleep(Duration::from_millis(30));
        gate.wake();
        1
    });
    graph.node("behind", (slow,), |_: &i32| unreachable!("it is too late"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(20));
    let error = runner.typed_with(&mut graph, &options).expect_err("too late");
    assert!(matches!(error, RunError::DeadlineExceeded { .. }));
    // On a machine that was busy with other things it may have been too late from the beginning.
    assert!(["waits", "behind"].iter().all(|name| names(&error).contains(name)));
    assert!(gate.drops() <= 1);
}

fn a_failure_drops_those_that_wait(runner: &Runner) {
    let (gate, enough) = (&Gate::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let waits: Vec<_> = (0..10).map(|_| graph.async_node("waits", (), move || gate.wait())).collect();
    let fails = graph.try_async_node("fails", (), move || async move {
        while gate.polls() < enough.load(SeqCst) {
            yields(1).await;
        }
        Err::<(), _>("planned")
    });
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=5 {
        enough.store(10 * round, SeqCst);
        let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("it fails");
        assert_eq!(error.to_string(), "1 node failed: fails");
        assert_eq!((gate.polls(), gate.drops()), (10 * round, 10 * round));
        let results = graph.results();
        assert!(waits.iter().all(|&node| results.get(node) == Err(NoResult::Interrupted)));
        assert_eq!(results.get(fails), Err(NoResult::Failed));
    }
}

fn a_panic_drops_those_that_wait(runner: &Runner) {
    let (gate, enough) = (&Gate::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let waits: Vec<_> = (0..10).map(|_| graph.async_node("waits", (), move || gate.wait())).collect();
    graph.async_node("panics", (), move || async move {
        while gate.polls() < enough.load(SeqCst) {
            yields(1).await;
        }
        panic!("planned")
    });
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=5 {
        enough.store(10 * round, SeqCst);
        let caught = catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut graph)));
        assert_eq!(caught.expect_err("it panics").downcast_ref(), Some(&"planned"));
        assert_eq!((gate.polls(), gate.drops()), (10 * round, 10 * round));
        assert!(waits.iter().all(|&node| graph.results().get(node) == Err(NoResult::Interrupted)));
    }
}

/// Panics when it is dropped, as often as it is told.
pub(crate) struct Bomb<'a>(pub(crate) &'a AtomicUsize);

impl Drop for Bomb<'_> {
    fn drop(&mut self) {
        let left = self.0.load(SeqCst);
        if left > 0 {
            self.0.store(left - 1, SeqCst);
            panic!("planned");
        }
    }
}

/// The future is done, and its destructor panics: as if the node had.
fn a_panic_in_the_drop_of_a_future(runner: &Runner) {
    let (bombs, counter) = (&AtomicUsize::new(0), &Counter::default());
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("node", (), move || {
        let bomb = Bomb(bombs);
        let mut polls = 0;
        poll_fn(move |context| {
            let _ = &bomb;
            context.waker().wake_by_ref();
            polls += 1;
            if polls == 3 { Poll::Ready(counter.make(1)) } else { Poll::Pending }
        })
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        bombs.store(1, SeqCst);
        let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
        assert_eq!(error.to_string(), "panicked: node (planned)");
        assert_eq!((bombs.load(SeqCst), counter.alive()), (0, 0));
        assert_eq!(runner.typed(&mut graph)[node].value, 1);
        assert_eq!(counter.alive(), 1);
    }
}

/// It is dropped because another node failed: the panic goes on, and other futures are dropped all the same.
fn a_panic_in_the_drop_of_a_future_that_waits(runner: &Runner) {
    let (bombs, gate, enough) = (&AtomicUsize::new(0), &Gate::default(), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    for number in 0..6 {
        graph.async_node(format!("n{number}"), (), move || {
            let bomb = (number % 2 == 0).then(|| Bomb(bombs));
            async move {
                let _bomb = bomb;
                gate.wait().await;
            }
        });
    }
    graph.try_async_node("fails", (), move || async move {
        while gate.polls() < enough.load(SeqCst) {
            yields(1).await;
        }
        Err::<(), _>("planned")
    });
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=3 {
        bombs.store(2, SeqCst);
        enough.store(6 * round, SeqCst);
        let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
        assert!(error.to_string().starts_with("panicked: n"), "{error}");
        assert_eq!((bombs.load(SeqCst), gate.drops()), (0, 6 * round));
    }
}

/// The policy decides whether a failure ends those that wait; here by hand, poll by poll.
#[test]
fn a_failure_under_either_policy() {
    let (gate, fails) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || gate.wait());
    graph.try_async_node("fails", (), move || async move {
        fails.wait().await;
        Err::<(), _>("planned")
    });
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    fails.open();
    assert!(matches!(hand.poll(&mut run), Poll::Ready(Err(RunError::Failed(_)))));
    assert_eq!((gate.polls(), gate.drops()), (1, 1));
    drop(run);

    let mut run = graph.with(&RunOptions::new().policy(FailurePolicy::KeepGoing)).run_async();
    assert!(hand.poll(&mut run).is_pending(), "the other one still waits");
    assert_eq!((gate.polls(), gate.drops()), (2, 1));
    gate.open();
    assert!(matches!(hand.poll(&mut run), Poll::Ready(Err(RunError::Failed(_)))));
    assert_eq!((gate.polls(), gate.drops()), (3, 2));
    drop(run);
    assert_eq!(graph.results().get(waits), Ok(&()));
}

/// A panic resumed by a poll ends the run: the graph is free, and the future is over.
#[test]
fn a_panic_in_a_poll_of_the_run() {
    let (gate, panics) = (&Gate::default(), &AtomicBool::new(true));
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("", (), move || async move {
        gate.wait().await;
        assert!(!panics.load(SeqCst), "planned");
    });
    let mut graph = graph.build().expect("a valid graph");
    let hand = Hand::new();
    let mut run = graph.run_async();
    assert!(hand.poll(&mut run).is_pending());
    gate.open();
    let caught = catch_unwind(AssertUnwindSafe(|| hand.poll(&mut run).is_ready()));
    assert_eq!(caught.expect_err("it panics").downcast_ref(), Some(&"planned"));
    assert_eq!((gate.drops(), hand.wakers()), (1, 0));
    assert!(catch_unwind(AssertUnwindSafe(|| hand.poll(&mut run).is_ready())).is_err(), "it is over");
    drop(run);
    panics.store(false, SeqCst);
    assert_eq!(graph.run().expect("no failure").get(node), Ok(&()));
}

fn a_deadline_ends_a_future_that_wakes_itself(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.async_node("restless", (), || {
        poll_fn(|context| {
            context.waker().wake_by_ref();
            Poll::<()>::Pending
        })
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(5));
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it has no end");
    assert!(matches!(error, RunError::DeadlineExceeded { .. }));
    assert_eq!(names(&error), ["restless"]); // interrupted; or not begun, on a machine with other things to do
}
