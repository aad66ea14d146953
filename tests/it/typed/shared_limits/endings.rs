//! Whatever becomes of a run, it gives back what it has, and those who wait for that go on.

use super::{Holder, is_cancelled, one_node, state, until_waiting};
use crate::support::gate::{Gate, Hand};
use crate::support::panics::{Payload, payload_of};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, FailurePolicy, GraphBuilder, NoResult, RunError, RunOptions, SharedLimit, StopReason,
};
use std::panic::panic_any;
use std::sync::Mutex;
use std::time::{Duration, Instant};

over_typed_runners!(
    cancelled_while_it_waits,
    drained_while_it_waits,
    late_while_it_waits,
    failed_while_it_waits,
    failed_while_it_has_permits,
    who_is_cut_off_is_gone_before_its_permits,
    panicked_while_it_has_permits,
    a_clean_up_waits_too,
    skipped_nodes_want_nothing,
);

/// A graph with a node that waits for a holder elsewhere, and one that does `work`.
fn beside_one_that_waits(
    runner: &Runner,
    options: &RunOptions,
    limit: &SharedLimit,
    work: impl Fn() -> Result<(), &'static str> + Sync,
) -> Result<(), RunError> {
    let mut graph = GraphBuilder::new();
    let waits = graph.node("waits", (), || ());
    graph.limited(waits, limit);
    graph.node("behind", (waits,), |_: &()| ());
    graph.try_node("works", (), || {
        until_waiting(limit, 1, 1);
        work()
    });
    let mut graph = graph.build().expect("a valid graph");
    let holder = Holder::of(limit);
    let outcome = runner.typed_with(&mut graph, options).map(drop);
    assert_eq!(state(limit, 1), (0, 0), "it waits no more");
    assert!(matches!(graph.result(waits), Err(NoResult::NotRun)), "{:?}", graph.result(waits));
    holder.let_go();
    assert_eq!(state(limit, 1), (1, 0));
    outcome
}

fn cancelled_while_it_waits(runner: &Runner) {
    let (limit, token) = (SharedLimit::new(1), CancelToken::new());
    let options = RunOptions::new().cancel_token(&token);
    let outcome = beside_one_that_waits(runner, &options, &limit, || {
        token.cancel();
        Ok(())
    });
    assert!(is_cancelled(&outcome), "{outcome:?}");
}

fn drained_while_it_waits(runner: &Runner) {
    let (limit, token) = (SharedLimit::new(1), CancelToken::new());
    let options = RunOptions::new().cancel_token(&token).drain([StopReason::Cancel, StopReason::Failure]);
    let outcome = beside_one_that_waits(runner, &options, &limit, || {
        token.cancel();
        Ok(())
    });
    assert!(is_cancelled(&outcome), "{outcome:?}");
    let options = RunOptions::new().drain([StopReason::Failure]);
    let outcome = beside_one_that_waits(runner, &options, &limit, || Err("no"));
    assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
    let options = RunOptions::new().drain([StopReason::Panic]).catch_panics();
    let outcome = beside_one_that_waits(runner, &options, &limit, || panic_any(Payload(1)));
    assert!(matches!(outcome, Err(RunError::Panicked(_))), "{outcome:?}");
}

/// It comes while all that is left waits.
fn late_while_it_waits(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(1));
    let mut graph = one_node(&limit);
    let holder = Holder::of(&limit);
    let outcome = runner.typed_with(&mut graph, &options).map(drop);
    assert!(matches!(outcome, Err(RunError::DeadlineExceeded { .. })), "{outcome:?}");
    assert_eq!(state(&limit, 1), (0, 0));
    holder.let_go();
}

fn failed_while_it_waits(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let outcome = beside_one_that_waits(runner, &RunOptions::new(), &limit, || Err("no"));
    assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
}

fn failed_while_it_has_permits(runner: &Runner) {
    let limit = SharedLimit::new(2);
    let mut graph = GraphBuilder::new();
    for at in 0..20 {
        let node = graph.try_node("", (), move || if at % 3 == 0 { Err("no") } else { Ok(()) });
        graph.limited(node, limit.permits(1 + at % 2));
    }
    let mut graph = graph.build().expect("a valid graph");
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        let outcome = runner.typed_with(&mut graph, &RunOptions::new().policy(policy)).map(drop);
        assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
        assert_eq!(state(&limit, 2), (2, 0));
    }
}

/// The permits that are left when it is dropped.
struct AtItsEnd<'a>(&'a SharedLimit, &'a Mutex<Vec<usize>>);

impl Drop for AtItsEnd<'_> {
    fn drop(&mut self) {
        self.1.lock().expect("no panic").push(state(self.0, 2).0);
    }
}

/// A future may use what its permits are for until it is dropped, whether others run on behind the failure or
/// not.
fn who_is_cut_off_is_gone_before_its_permits(runner: &Runner) {
    for (some_last, draining) in [(false, false), (true, false), (false, true), (true, true)] {
        let (limit, left, token) = (SharedLimit::new(2), Mutex::default(), CancelToken::new());
        let (gate, waits) = (&Gate::default(), &Gate::default());
        let mut graph = GraphBuilder::new();
        let held = graph.async_node("held", (), async || {
            let _at_its_end = AtItsEnd(&limit, &left);
            gate.open();
            waits.wait().await;
        });
        graph.limited(held, limit.all());
        let fails = graph.try_async_node("fails", (), async || {
            gate.wait().await;
            if draining {
                token.cancel(); // which isn't drained
            }
            Err::<(), _>("no")
        });
        if some_last {
            graph.node("cleans up", fails.outcome(), |_: Result<&(), NoResult>| ());
        }
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().cancel_token(&token);
        let options = if draining { options.drain([StopReason::Failure]) } else { options };
        let outcome = runner.typed_with(&mut graph, &options).map(drop);
        assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
        assert_eq!(graph.result(held), Err(NoResult::Interrupted));
        drop(graph);
        assert_eq!((left.into_inner().expect("no panic"), state(&limit, 2)), (vec![0], (2, 0)));
    }
}

/// A panic that goes on, one that is an error, and one that is a failure of its node.
fn panicked_while_it_has_permits(runner: &Runner) {
    let limit = SharedLimit::new(2);
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let under_way = graph.async_node("under way", (), || gate.wait());
    let panics = graph.node("panics", (), || panic_any(Payload(3)));
    let waits = graph.node("waits", (), || ());
    graph.limited(under_way, &limit);
    graph.limited(panics, &limit);
    graph.limited(waits, limit.all());
    graph.priority(panics, 1); // not behind the one that wants all, which waits forever
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(payload_of::<Payload>(|| _ = runner.typed(&mut graph)), Payload(3));
        assert_eq!(state(&limit, 2), (2, 0));
        let outcome = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).map(drop);
        assert!(matches!(outcome, Err(RunError::Panicked(_))), "{outcome:?}");
        assert_eq!(state(&limit, 2), (2, 0));
        let failing = RunOptions::new().panics_are_failures();
        let outcome = runner.typed_with(&mut graph, &failing).map(drop);
        assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
        assert_eq!(state(&limit, 2), (2, 0));
    }
}

/// A node that runs after a failure may want what the failed one, or one that was cut off, has had.
fn a_clean_up_waits_too(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let cut_off = graph.async_node("cut off", (), || gate.wait());
    let fails = graph.try_node("fails", (), || {
        while gate.polls() == 0 {
            std::thread::yield_now();
        }
        Err::<(), _>("no")
    });
    let cleans = graph.node("cleans", (), || "clean");
    graph.limited(cut_off, &limit);
    graph.limited(cleans, &limit);
    graph.always_after(cleans, fails);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let outcome = runner.typed_with(&mut graph, &RunOptions::new()).map(drop);
        assert!(matches!(outcome, Err(RunError::Failed(_))), "{outcome:?}");
        assert_eq!(graph.result(cleans), Ok(&"clean"));
        assert_eq!(state(&limit, 1), (1, 0));
    }
}

fn skipped_nodes_want_nothing(runner: &Runner) {
    let limit = SharedLimit::new(1);
    let mut graph = GraphBuilder::new();
    let no = graph.node("no", (), || false);
    let skipped = graph.node("skipped", (), || ());
    graph.only_if(skipped, no);
    graph.limited(skipped, &limit);
    let mut graph = graph.build().expect("a valid graph");
    let holder = Holder::of(&limit);
    runner.typed(&mut graph);
    assert!(graph.result(skipped).is_err());
    holder.let_go();
}

/// A run that is dropped while its future has permits, and one that waits for some.
#[test]
fn dropped_while_it_has_permits_or_waits() {
    let limit = SharedLimit::new(1);
    let (hand, gate) = (Hand::new(), Gate::default());
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("under way", (), || gate.wait());
    graph.limited(node, &limit);
    let mut graph = graph.build().expect("a valid graph");
    let (mut second, mut third) = (one_node(&limit), one_node(&limit));
    let mut has = graph.run_async();
    assert!(hand.poll(&mut has).is_pending());
    let (mut waits, mut last) = (second.run_async(), third.run_async());
    assert!(hand.poll(&mut waits).is_pending() && hand.poll(&mut last).is_pending());
    assert_eq!((state(&limit, 1), hand.wakes()), ((0, 2), 0));
    drop(has);
    assert_eq!((state(&limit, 1), hand.wakes()), ((0, 2), 1)); // the second one has a promise
    drop(waits);
    assert_eq!((state(&limit, 1), hand.wakes()), ((0, 1), 2)); // which is the third one's now
    assert!(hand.poll(&mut last).is_ready());
    drop(last);
    assert_eq!(state(&limit, 1), (1, 0));
}

/// The same on workers: dropped, or called off by the end of the executor, while it waits or has permits.
#[test]
fn spawned_runs_that_end_early() {
    let limit = SharedLimit::new(1);
    for _ in 0..5 {
        let holder = Holder::of(&limit);
        let both = executor(2);
        let waits = [(); 3].map(|()| one_node(&limit).spawn(&both));
        until_waiting(&limit, 1, 3);
        let [dropped, closed, joined] = waits;
        drop(dropped);
        assert_eq!(state(&limit, 1), (0, 2));
        drop(closed);
        assert_eq!(state(&limit, 1), (0, 1));
        both.shutdown();
        assert!(is_cancelled(&joined.join().1));
        assert_eq!(state(&limit, 1), (0, 0));

        let other = executor(2);
        let waits = one_node(&limit).spawn(&other);
        until_waiting(&limit, 1, 1);
        // The holder's end: its executor's.
        let Holder { run, _executor: executor, .. } = holder;
        executor.shutdown();
        assert!(is_cancelled(&run.join().1));
        waits.join().1.expect("no node fails");
        assert_eq!(state(&limit, 1), (1, 0));
    }
}
