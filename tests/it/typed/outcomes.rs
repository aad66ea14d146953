//! Nodes that run in any case: what they are told, and after what they run.

use crate::support::counted::Counter;
use crate::support::gate::Gate;
use crate::support::runner::{Runner, over_typed_runners, with_all_runners};
use dgraph_exec::{
    CancelToken, FailurePolicy, Graph, GraphBuilder, GraphError, NoResult, RunError, RunOptions, Threads,
    threads,
};
use dgraph_tests::yields::yields;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::time::Instant;

over_typed_runners!(
    it_is_told_what_has_become_of_each,
    clean_up_runs_after_a_failure,
    what_it_needs_runs_after_a_failure_too,
    a_failure_of_what_it_needs_skips_it,
    order_alone,
    a_chain_of_clean_ups,
    not_after_a_cancel,
    not_after_a_deadline,
    not_after_a_panic,
    a_future_is_cut_off_before_the_clean_up,
    a_future_that_lasts_goes_on_after_a_failure,
    a_future_whose_drop_panics,
    a_loop_that_lasts_goes_on_after_a_failure,
    a_graph_that_failed,
    a_state_is_handed_on_to_who_asks,
    only_what_the_targets_need,
    an_update_tells_the_news,
    in_rows,
);

fn keep_going() -> RunOptions {
    RunOptions::new().policy(FailurePolicy::KeepGoing)
}

/// What `run` says of each.
fn told(runner: &Runner, graph: &mut Graph<'_>, options: &RunOptions) -> String {
    runner.typed_with(graph, options).map(drop).expect_err("it goes wrong").to_string()
}

fn it_is_told_what_has_become_of_each(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let good = graph.node("good", (), || 1);
    let bad = graph.try_node("bad", (), || Err::<i32, _>("no"));
    let behind = graph.node("behind", (bad,), |x: &i32| *x);
    let all = (good.outcome(), bad.outcome(), behind.outcome());
    type Told<'a> = Result<&'a i32, NoResult>;
    let say = |good: Told<'_>, bad: Told<'_>, behind: Told<'_>| {
        [good, bad, behind].map(|told| told.map_or_else(|why| why.to_string(), |value| value.to_string()))
    };
    let told = graph.node("told", all, say);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        runner.typed_with(&mut graph, &keep_going()).map(drop).expect_err("one fails");
        assert_eq!(graph.results()[told], ["1", "failed", "was skipped because of bad"]);
    }
}

/// A long chain in which something fails: those behind don't run, the clean-up does, and nothing else.
fn clean_up_runs_after_a_failure(runner: &Runner) {
    for culprit in [0, 41, 99] {
        let (ran, cleaned) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        let mut last = graph.node("start", (), || ());
        for number in 0..100 {
            last = graph.try_node("", last, move |(): &()| {
                ran.fetch_add(1, SeqCst);
                if number == culprit { Err("no") } else { Ok(()) }
            });
        }
        let clean = graph.node("clean up", last.outcome(), move |last: Result<&(), NoResult>| {
            assert!(last.is_err());
            cleaned.fetch_add(1, SeqCst)
        });
        let behind = graph.node("behind", clean, |_: &usize| ());
        let mut graph = graph.build().expect("a valid graph");
        for run in 0..3 {
            let error = told(runner, &mut graph, &RunOptions::new());
            assert_eq!(error, format!("1 node failed: #{}", culprit + 1));
            assert_eq!((ran.swap(0, SeqCst), graph.results()[clean]), (culprit + 1, run));
            assert_eq!(graph.results().get(behind), Err(NoResult::NotRun));
        }
    }
}

fn what_it_needs_runs_after_a_failure_too(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<i32, _>("no"));
    // Comes later than the failure, as it could on several threads.
    let log = graph.node("log", (), || vec!["opened"]);
    graph.always_after(log, bad);
    let file = graph.node("file", (), || "file");
    let entry = graph.node("entry", (file,), |file: &&'static str| *file);
    graph.node("something else", (file,), |_: &&'static str| ());
    let mut last = graph.node("", (), || ());
    for _ in 0..50 {
        last = graph.node("", (last, bad), |(): &(), _: &i32| unreachable!("it has no argument"));
    }
    let write = |log: &Vec<&'static str>, entry: &&'static str, bad: Result<&i32, NoResult>| {
        format!("{log:?} {entry}: {}", bad.unwrap_err())
    };
    let written = graph.node("write", (log, entry, bad.outcome()), write);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(told(runner, &mut graph, &RunOptions::new()), "1 node failed: bad");
        assert_eq!(graph.results()[written], r#"["opened"] file: failed"#);
    }
}

fn a_failure_of_what_it_needs_skips_it(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let connection = graph.try_node("connection", (), || Err::<i32, _>("refused"));
    let work = graph.node("work", (connection,), |x: &i32| *x);
    let close = graph.node("close", (connection, work.outcome()), |_: &i32, _: Result<&i32, NoResult>| ());
    let mut graph = graph.build().expect("a valid graph");
    for options in [RunOptions::new(), keep_going()] {
        assert_eq!(told(runner, &mut graph, &options), "1 node failed: connection");
        let why = graph.results().get(close).unwrap_err();
        assert_eq!(why.to_string(), "was skipped because of connection");
    }
}

fn order_alone(runner: &Runner) {
    let over = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let nodes: Vec<_> = (0..40)
        .map(|number| {
            graph.try_node("", (), move || {
                over.fetch_add(1, SeqCst);
                if number % 7 == 3 { Err("no") } else { Ok(()) }
            })
        })
        .collect();
    let moved = graph.node("moved", nodes[0].moved(), |(): ()| ());
    let last = graph.node("last", (), move || over.swap(0, SeqCst));
    graph.always_after(last, nodes.iter().map(|node| node.any()).chain([moved.any()]));
    let mut graph = graph.build().expect("a valid graph");
    runner.typed_with(&mut graph, &keep_going()).map(drop).expect_err("some fail");
    assert_eq!(graph.results()[last], 40);
    runner.typed_with(&mut graph, &RunOptions::new()).map(drop).expect_err("some fail");
    assert!((1..=40).contains(&graph.results()[last]));
}

fn a_chain_of_clean_ups(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<usize, _>("no"));
    let mut last = bad;
    for _ in 0..30 {
        last = graph.node("", last.outcome(), |before: Result<&usize, NoResult>| before.map_or(0, |x| x + 1));
    }
    let mut graph = graph.build().expect("a valid graph");
    told(runner, &mut graph, &RunOptions::new());
    assert_eq!(graph.results()[last], 29);
}

fn not_after_a_cancel(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let work = graph.node("work", (), || token.cancel());
    let clean = graph.node("clean up", work.outcome(), |_: Result<&(), NoResult>| unreachable!("it is over"));
    let mut graph = graph.build().expect("a valid graph");
    let error = told(runner, &mut graph, &RunOptions::new().cancel_token(&token));
    assert_eq!(error, "cancelled, 1 node did not run: clean up");
    assert_eq!(graph.results().get(clean), Err(NoResult::NotRun));
}

fn not_after_a_deadline(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let work = graph.node("work", (), || ());
    graph.node("clean up", work.outcome(), |_: Result<&(), NoResult>| unreachable!("it is late"));
    let mut graph = graph.build().expect("a valid graph");
    let error = told(runner, &mut graph, &RunOptions::new().deadline(Instant::now()));
    assert_eq!(error, "deadline exceeded, 2 nodes did not run: work, clean up");
}

fn not_after_a_panic(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let work = graph.node("work", (), || -> i32 { panic!("planned") });
    let clean =
        graph.node("clean up", work.outcome(), |_: Result<&i32, NoResult>| unreachable!("it is over"));
    let mut graph = graph.build().expect("a valid graph");
    for options in [RunOptions::new(), keep_going()] {
        assert_eq!(told(runner, &mut graph, &options.catch_panics()), "panicked: work (planned)");
        assert_eq!(graph.results().get(clean), Err(NoResult::NotRun));
    }
}

/// Says when it is dropped.
struct Guard<'a>(&'a AtomicBool);

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.0.store(true, SeqCst);
    }
}

/// A future that waits for ever has borrowed a state; the clean-up changes that.
fn a_future_is_cut_off_before_the_clean_up(runner: &Runner) {
    let (begun, never, dropped) = (&Gate::default(), &Gate::default(), &AtomicBool::new(false));
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", vec![1]);
    let waits = graph.async_node("waits", state.write(), async |state: &mut Vec<i32>| {
        let _guard = Guard(dropped);
        state.push(2);
        begun.open();
        never.wait().await;
        state.push(3);
    });
    graph.try_async_node("bad", (), move || async move {
        begun.wait().await;
        Err::<(), _>("no")
    });
    let clean = graph.node("clean up", (state.write(), waits.outcome()), {
        move |state: &mut Vec<i32>, waits: Result<&(), NoResult>| {
            assert!(dropped.swap(false, SeqCst), "the future is there");
            (std::mem::replace(state, vec![1]), waits.unwrap_err())
        }
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        begun.shut();
        assert_eq!(told(runner, &mut graph, &RunOptions::new()), "1 node failed: bad");
        assert_eq!(graph.results()[clean], (vec![1, 2], NoResult::Interrupted));
        assert_eq!(graph.results().get(waits), Err(NoResult::Interrupted));
    }
}

fn a_future_that_lasts_goes_on_after_a_failure(runner: &Runner) {
    let (begun, failed) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let connection = graph.async_node("connection", (), move || async move {
        begun.open();
        failed.wait().await;
        yields(3).await;
        7
    });
    let bad = graph.try_async_node("bad", (), move || async move {
        begun.wait().await;
        Err::<(), _>("no")
    });
    let after = graph.node("after", (), move || failed.open());
    graph.always_after(after, bad);
    let close = |connection: &i32, (): &(), _: Result<&(), NoResult>| *connection;
    let closed = graph.node("close", (connection, after, bad.outcome()), close);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        begun.shut();
        failed.shut();
        assert_eq!(told(runner, &mut graph, &RunOptions::new()), "1 node failed: bad");
        assert_eq!(graph.results()[closed], 7);
    }
}

/// Panics when it is dropped.
struct Thrown;

impl Drop for Thrown {
    fn drop(&mut self) {
        panic!("planned");
    }
}

fn a_future_whose_drop_panics(runner: &Runner) {
    let (begun, never) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || async move {
        let _thrown = Thrown;
        begun.open();
        never.wait().await;
    });
    let bad = graph.try_async_node("bad", (), move || async move {
        begun.wait().await;
        Err::<(), _>("no")
    });
    graph.node("clean up", bad.outcome(), |_: Result<&(), NoResult>| ());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        begun.shut();
        let error = told(runner, &mut graph, &RunOptions::new().catch_panics());
        assert_eq!(error, "panicked: waits (planned); 1 node failed: bad");
        assert_eq!(graph.results().get(waits), Err(NoResult::Panicked));
    }
}

fn a_loop_that_lasts_goes_on_after_a_failure(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<(), _>("no"));
    let sum = |threads: Threads<'_>, _: Result<&(), NoResult>| {
        threads.fold(&[1; 1000], 10, || 0, |sum, x| sum + x, |a, b| a + b)
    };
    let sum = graph.try_node("sum", (threads(), bad.outcome()), sum);
    // Begins after the failure all the same, since the sum needs it.
    let late = graph.try_node(
        "late",
        (threads(), bad.outcome()),
        |threads: Threads<'_>, _: Result<&(), NoResult>| threads.for_each(&mut [0; 100], |_, x| *x += 1),
    );
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(told(runner, &mut graph, &RunOptions::new()), "1 node failed: bad");
    assert_eq!((graph.results()[sum], graph.results()[late]), (1000, ()));
}

fn a_graph_that_failed(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let bad = inner.try_node("bad", (), || Err::<i32, _>("no"));
    let clean = inner.node("clean", bad.outcome(), |bad: Result<&i32, NoResult>| bad.is_err());
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let inner = graph.graph("inner", (), inner, |_: &mut Graph<'_>| (), move |inner| inner.results()[clean]);
    let told_of = graph.node("told", inner.outcome(), |inner: Result<&bool, NoResult>| inner.unwrap_err());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        assert_eq!(told(runner, &mut graph, &RunOptions::new()), "1 node failed: inner/bad");
        assert_eq!(graph.results()[told_of], NoResult::Failed);
    }
}

/// Who asks for the outcome of the node that has left a state half way takes that as it is; others don't.
fn a_state_is_handed_on_to_who_asks(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", Vec::new());
    let bad = graph.try_node("bad", state.write(), |state: &mut Vec<i32>| {
        state.push(1);
        Err::<(), _>("no")
    });
    let repair = graph.node("repair", (state.write(), bad.outcome()), {
        |state: &mut Vec<i32>, _: Result<&(), NoResult>| std::mem::take(state)
    });
    let read = graph.node("read", state.read(), |state: &Vec<i32>| state.len());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        told(runner, &mut graph, &keep_going());
        assert_eq!((&graph.results()[repair], graph.results()[read]), (&vec![1], 0));
    }
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", Vec::new());
    let bad = graph.try_node("bad", state.write(), |state: &mut Vec<i32>| {
        state.push(1);
        Err::<(), _>("no")
    });
    let behind = graph.node("behind", state.write(), |_: &mut Vec<i32>| ());
    let asks = graph.node("asks", (state.read(), bad.outcome()), |_: &Vec<i32>, _: Result<&(), NoResult>| ());
    let mut graph = graph.build().expect("a valid graph");
    told(runner, &mut graph, &keep_going());
    for node in [behind, asks] {
        // The last one that was to write hasn't.
        assert_eq!(graph.results().get(node).unwrap_err().to_string(), "was skipped because of bad");
    }
}

fn only_what_the_targets_need(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<i32, _>("no"));
    let fallback = graph.node("fallback", bad.outcome(), |bad: Result<&i32, NoResult>| *bad.unwrap_or(&5));
    let other = graph.node("other", (), || 1);
    let mut graph = graph.build().expect("a valid graph");
    told(runner, &mut graph, &RunOptions::new().only([fallback]));
    let results = graph.results();
    assert_eq!((results[fallback], results.get(other)), (5, Err(NoResult::NotNeeded)));
    let results = runner.typed_with(&mut graph, &RunOptions::new().only([other])).expect("it doesn't fail");
    assert_eq!((results[other], results.get(fallback)), (1, Err(NoResult::NotNeeded)));
}

fn an_update_tells_the_news(runner: &Runner) {
    let (fails, ran) = (&AtomicBool::new(true), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let number = graph.input("number");
    let work =
        graph.try_node("work", number, move |x: &i32| if fails.load(SeqCst) { Err("no") } else { Ok(*x) });
    let fallback = graph.node("fallback", work.outcome(), move |work: Result<&i32, NoResult>| {
        ran.fetch_add(1, SeqCst);
        work.copied().unwrap_or(-1)
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(number, 3);
    let update = RunOptions::new().update();
    told(runner, &mut graph, &update);
    assert_eq!((graph.results()[fallback], ran.swap(0, SeqCst)), (-1, 1));
    told(runner, &mut graph, &update); // it may work this time
    assert_eq!((graph.results()[fallback], ran.swap(0, SeqCst)), (-1, 1));
    fails.store(false, SeqCst);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("it works")[fallback], 3);
    assert_eq!(ran.swap(0, SeqCst), 1);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("it works")[fallback], 3);
    assert_eq!(ran.swap(0, SeqCst), 0);
    graph.set(number, 4);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("it works")[fallback], 4);
    // A result that was taken is made again, since it is asked for.
    assert_eq!(graph.take(work), Ok(4));
    graph.set(number, 5);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("it works")[fallback], 5);
}

/// Many of one kind behind each other, of which some have nothing to give.
fn in_rows(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let nodes: Vec<_> = (0..200)
        .map(|n| {
            let counter = &counter;
            graph.try_node("", (), move || if n % 50 == 49 { Err("no") } else { Ok(counter.make(n)) })
        })
        .collect();
    let seen: Vec<_> = nodes
        .iter()
        .map(|node| {
            graph.node("", node.outcome(), |node: Result<&crate::support::counted::Counted, NoResult>| {
                node.map(|counted| counted.value).unwrap_or(u64::MAX)
            })
        })
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        told(runner, &mut graph, &keep_going());
        for (n, &seen) in (0..).zip(&seen) {
            let expected = if n % 50 == 49 { u64::MAX } else { n };
            assert_eq!(u64::from(graph.results()[seen]), expected);
        }
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// Whatever the order, also one by a seed.
#[test]
fn whatever_the_order() {
    with_all_runners(|runner| {
        let mut graph = GraphBuilder::new();
        let bad = graph.try_node("bad", (), || Err::<i32, _>("no"));
        let plain: Vec<_> = (0..6).map(|n| graph.node("", (), move || n)).collect();
        let first = graph.node("first", plain[5], |x: &i32| *x);
        let clean = graph
            .node("clean up", (first, bad.outcome()), |x: &i32, bad: Result<&i32, NoResult>| (*x, bad.err()));
        graph.priority(bad, 3);
        let mut graph = graph.build().expect("a valid graph");
        for seed in 0..40 {
            let error = runner.typed_with(&mut graph, &RunOptions::new().shuffle(seed)).map(drop);
            assert!(matches!(error, Err(RunError::Failed(_))), "{error:?}");
            assert_eq!(graph.results()[clean], (5, Some(NoResult::Failed)));
        }
    });
}

#[test]
fn what_is_moved_has_no_other_outcome() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || 1);
    graph.node("taker", node.moved(), |x: i32| x);
    graph.node("asks", node.outcome(), |_: Result<&i32, NoResult>| ());
    let error = graph.build().map(drop).expect_err("it is gone when it is asked for");
    assert!(matches!(error, GraphError::MovedAndUsed { .. }), "{error}");
}
