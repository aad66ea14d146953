//! Runs that are drained: nothing new begins, and what is under way ends.

use crate::support::gate::Gate;
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions, StopReason, Stopped, Threads,
    threads,
};
use dgraph_tests::yields::yields;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

over_typed_runners!(
    a_cancel_drains,
    a_failure_drains,
    a_panic_drains,
    a_failure_inside_drains,
    what_drains_inside,
    only_for_the_reasons_given,
    another_reason_ends_it,
    loops_go_on,
    a_node_that_ends_early,
    rounds_end,
    nothing_was_left,
    what_lasts_begins,
);

/// How the run is brought to stop.
#[derive(Clone, Copy, Debug)]
struct Trigger<'t> {
    reason: StopReason,
    token: &'t CancelToken,
    /// Something is under way.
    begun: &'t AtomicBool,
}

impl<'t> Trigger<'t> {
    /// A node that stops the run when something is under way.
    fn node(self, graph: &mut GraphBuilder<'t>) {
        graph.try_async_node("trigger", (), move || async move {
            while !self.begun.load(SeqCst) {
                yields(1).await;
            }
            match self.reason {
                StopReason::Failure => return Err("no"),
                StopReason::Panic => panic!("on purpose"),
                _ => self.token.cancel(),
            }
            Ok(())
        });
    }

    /// A future that begins, sees why the run stops, and takes some more polls to its end.
    fn under_way(self, graph: &mut GraphBuilder<'t>) -> Node<StopReason> {
        let Self { begun, .. } = self;
        graph.async_node("under way", threads(), async move |threads: Threads<'_>| {
            begun.store(true, SeqCst);
            let reason = loop {
                match threads.stop_reason() {
                    Some(reason) => break reason,
                    None => yields(1).await,
                }
            };
            yields(3).await;
            assert_eq!(threads.check(), Ok(()), "it is drained");
            reason
        })
    }
}

/// A run is stopped for `reason` while a future is under way, and drained for `drained`. What it gives.
fn stopped(
    runner: &Runner,
    reason: StopReason,
    drained: &[StopReason],
    check: impl Fn(&Graph<'_>, Node<StopReason>),
) -> RunError {
    let (token, begun) = (&CancelToken::new(), &AtomicBool::new(false));
    let trigger = Trigger { reason, token, begun };
    let mut graph = GraphBuilder::new();
    let under_way = trigger.under_way(&mut graph);
    trigger.node(&mut graph);
    let behind = graph.node("behind", under_way, |_: &StopReason| panic!("nothing new begins"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain(drained.iter().copied()).catch_panics();
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it is stopped");
    assert_eq!(graph.result(behind).copied(), Err(NoResult::NotRun));
    check(&graph, under_way);
    error
}

fn drains(runner: &Runner, reason: StopReason) -> RunError {
    stopped(runner, reason, &[reason], |graph, under_way| assert_eq!(graph.result(under_way), Ok(&reason)))
}

fn a_cancel_drains(runner: &Runner) {
    let error = drains(runner, StopReason::Cancel);
    assert_eq!(error.to_string(), "cancelled, 1 node did not run: behind");
}

fn a_failure_drains(runner: &Runner) {
    assert_eq!(drains(runner, StopReason::Failure).to_string(), "1 node failed: trigger");
}

fn a_panic_drains(runner: &Runner) {
    assert_eq!(drains(runner, StopReason::Panic).to_string(), "panicked: trigger (on purpose)");
}

/// The failure is one of a graph that is a node; what is under way is outside.
fn a_failure_inside_drains(runner: &Runner) {
    let (token, begun) = (&CancelToken::new(), &AtomicBool::new(false));
    let trigger = Trigger { reason: StopReason::Failure, token, begun };
    let mut inner = GraphBuilder::new();
    trigger.node(&mut inner);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let under_way = trigger.under_way(&mut outer);
    outer.graph("inner", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| {});
    let mut outer = outer.build().expect("a valid graph");
    let options = RunOptions::new().drain([StopReason::Failure]);
    let error = runner.typed_with(&mut outer, &options).map(drop).expect_err("one fails");
    assert_eq!(error.to_string(), "1 node failed: inner/trigger");
    assert_eq!(outer.result(under_way), Ok(&StopReason::Failure));
}

/// What is under way is in a graph that is a node: there, too, nothing new begins.
fn what_drains_inside(runner: &Runner) {
    for reason in [StopReason::Cancel, StopReason::Failure, StopReason::Panic] {
        let (token, begun, ended) = (&CancelToken::new(), &AtomicBool::new(false), &AtomicUsize::new(0));
        let trigger = Trigger { reason, token, begun };
        let mut inner = GraphBuilder::new();
        let waits = inner.async_node("under way", threads(), async |threads: Threads<'_>| {
            begun.store(true, SeqCst);
            while threads.stop_reason() != Some(reason) {
                yields(1).await;
            }
            yields(3).await;
            ended.fetch_add(1, SeqCst);
        });
        inner.node("behind", waits, |(): &()| panic!("nothing new begins"));
        let inner = inner.build().expect("a valid graph");
        let mut outer = GraphBuilder::new();
        let part = outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| {});
        trigger.node(&mut outer);
        let mut outer = outer.build().expect("a valid graph");
        for _ in 0..2 {
            let options = RunOptions::new().cancel_token(token).drain(StopReason::ALL).catch_panics();
            let error = runner.typed_with(&mut outer, &options).map(drop).expect_err("it is stopped");
            let expected = match reason {
                StopReason::Failure => "1 node failed: trigger",
                StopReason::Panic => "panicked: trigger (on purpose)",
                _ => "cancelled, 1 node interrupted: part",
            };
            assert_eq!(error.to_string(), expected);
            assert_eq!(outer.result(part), Err(NoResult::Interrupted));
            assert_eq!(ended.swap(0, SeqCst), 1);
            begun.store(false, SeqCst);
            if reason == StopReason::Cancel {
                break; // it stays cancelled
            }
        }
    }
}

fn only_for_the_reasons_given(runner: &Runner) {
    let all = [StopReason::Cancel, StopReason::Failure, StopReason::Panic];
    for reason in all {
        let others: Vec<_> = all.into_iter().filter(|&other| other != reason).collect();
        let cut_off = |graph: &Graph<'_>, under_way| {
            assert_eq!(graph.result(under_way), Err(NoResult::Interrupted));
        };
        stopped(runner, reason, &others, cut_off);
    }
}

/// A failure while a cancelled run is drained, which isn't among the reasons.
fn another_reason_ends_it(runner: &Runner) {
    let token = &CancelToken::new();
    let gate = &Gate::default();
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), || gate.wait());
    let fails = graph.try_async_node("fails", threads(), async |threads: Threads<'_>| {
        while gate.polls() == 0 {
            yields(1).await;
        }
        token.cancel();
        assert_eq!((threads.stop_reason(), threads.check()), (Some(StopReason::Cancel), Ok(())));
        yields(5).await;
        Err::<(), _>("no")
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("one fails");
    assert_eq!(error.to_string(), "1 node failed: fails; cancelled");
    assert_eq!(graph.result(waits), Err(NoResult::Interrupted));
    assert_eq!(graph.result(fails), Err(NoResult::Failed));
    assert_eq!(gate.drops(), 1);
}

fn loops_go_on(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = GraphBuilder::new();
    let all = graph.try_node("loop", threads(), |threads: Threads<'_>| {
        let mut items = vec![0; 10_000];
        token.cancel();
        threads.for_each(&mut items, |at, item| *item = at)?;
        Ok::<_, Stopped>((items[9_999], threads.stop_reason()))
    });
    graph.node("behind", (all,), |_: &_| panic!("nothing new begins"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node did not run: behind");
    assert_eq!(graph.result(all), Ok(&(9_999, Some(StopReason::Cancel))));
}

/// Of a run that is drained a node may end early by itself: then it was interrupted.
fn a_node_that_ends_early(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = GraphBuilder::new();
    let early = graph.try_node("early", threads(), |threads: Threads<'_>| {
        token.cancel();
        threads.run_graph(&mut GraphBuilder::new().build().expect("an empty graph")).map(drop)?;
        let mut inner = GraphBuilder::new();
        inner.node("never", (), || panic!("nothing new begins"));
        threads.run_graph(&mut inner.build().expect("a valid graph")).map(drop)
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: early");
    assert_eq!(graph.result(early), Err(NoResult::Interrupted));
}

/// A round under way ends, and no other begins.
fn rounds_end(runner: &Runner) {
    let (token, rounds) = (&CancelToken::new(), &AtomicUsize::new(0));
    let mut inner = GraphBuilder::new();
    inner.node("round", (), || {
        if rounds.fetch_add(1, SeqCst) == 2 {
            token.cancel();
        }
    });
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let read = |_: &mut Graph<'_>| std::ops::ControlFlow::<()>::Continue(());
    let repeats = outer.repeat("repeats", (), inner, |_: &mut Graph<'_>| {}, read);
    let mut outer = outer.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    let error = runner.typed_with(&mut outer, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: repeats");
    assert_eq!((outer.result(repeats), rounds.load(SeqCst)), (Err(NoResult::Interrupted), 3));
}

fn nothing_was_left(runner: &Runner) {
    let token = &CancelToken::new();
    let mut graph = GraphBuilder::new();
    let last = graph.async_node("last", (), async || {
        token.cancel();
        yields(3).await;
        7
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(token).drain([StopReason::Cancel]);
    assert_eq!(runner.typed_with(&mut graph, &options).expect("all have run")[last], 7);
}

/// After a failure, clean-ups begin also in a run that is drained, after what is under way.
fn what_lasts_begins(runner: &Runner) {
    let (token, begun) = (&CancelToken::new(), &AtomicBool::new(false));
    let trigger = Trigger { reason: StopReason::Failure, token, begun };
    let mut graph = GraphBuilder::new();
    let under_way = trigger.under_way(&mut graph);
    trigger.node(&mut graph);
    let behind = graph.node("behind", (under_way,), |_: &StopReason| panic!("nothing new begins"));
    let clean_up = graph.node("clean up", behind.outcome(), |behind: Result<&(), NoResult>| behind.copied());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().drain([StopReason::Failure]);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("one fails");
    assert_eq!(error.to_string(), "1 node failed: trigger");
    assert_eq!(graph.result(under_way), Ok(&StopReason::Failure));
    assert_eq!(graph.result(clean_up), Ok(&Err(NoResult::NotRun)));
}

/// Waits until somebody polls it.
fn until_polled(gate: &Gate) {
    while gate.polls() == 0 {
        thread::yield_now();
    }
}

#[test]
fn a_spawned_run() {
    let (executor, gate, token) = (executor(2), Gate::default(), CancelToken::new());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), {
        let gate = gate.clone();
        move || gate.wait()
    });
    graph.node("behind", waits, |(): &()| panic!("nothing new begins"));
    let options = RunOptions::new().cancel_token(&token).drain([StopReason::Cancel]);
    let spawned = graph.build().expect("a valid graph").into_with(&options).spawn(&executor);
    until_polled(&gate);
    token.cancel();
    assert!(!spawned.is_finished());
    gate.open();
    let (graph, outcome) = spawned.join();
    assert_eq!(outcome.expect_err("cancelled").to_string(), "cancelled, 1 node did not run: behind");
    assert_eq!(graph.result(waits), Ok(&()));
}

/// Whoever shuts the executor down doesn't wait for futures.
#[test]
fn the_end_of_the_executor() {
    let (executor, gate, token) = (executor(2), Gate::default(), CancelToken::new());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), {
        let gate = gate.clone();
        move || gate.wait()
    });
    let options = RunOptions::new().cancel_token(&token).drain(StopReason::ALL);
    let spawned = graph.build().expect("a valid graph").into_with(&options).spawn(&executor);
    until_polled(&gate);
    token.cancel();
    executor.shutdown();
    let (graph, outcome) = spawned.join();
    assert_eq!(outcome.expect_err("cancelled").to_string(), "cancelled, 1 node interrupted: waits");
    assert_eq!((graph.result(waits), gate.drops()), (Err(NoResult::Interrupted), 1));
}
