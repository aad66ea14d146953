//! Graphs as nodes that run again and again.

use crate::observe::log::{Log, What};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    CancelToken, Executor, FailurePolicy, Graph, GraphBuilder, NoResult, RunError, RunOptions, State,
};
use dgraph_tests::yields::yields;
use std::ops::ControlFlow::{Break, Continue};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::time::{Duration, Instant};

over_typed_runners!(
    until_it_breaks_off,
    inputs_are_set_once,
    rounds_of_futures,
    repeats_in_repeats,
    a_failure_in_a_round,
    a_failure_elsewhere_ends_it,
    a_failure_elsewhere_ends_it_inside,
    cancelled_between_rounds,
    cancelled_in_a_round,
    late,
    an_update_runs_whole_rounds,
    a_panic_between_rounds,
    rounds_are_runs_to_observers,
    others_have_their_turn,
);

/// Counts its rounds in a state.
fn counting() -> (Graph<'static>, State<usize>) {
    let mut inner = GraphBuilder::new();
    let rounds = inner.state("rounds", 0);
    let first = inner.node("first", rounds.write(), |rounds: &mut usize| {
        *rounds += 1;
        *rounds
    });
    inner.node("second", first, |x: &usize| x * 2);
    (inner.build().expect("a valid graph"), rounds)
}

fn until_it_breaks_off(runner: &Runner) {
    let (inner, rounds) = counting();
    let mut graph = GraphBuilder::new();
    let wanted = graph.input::<usize>("wanted");
    let mut left = 0;
    let set = move |inner: &mut Graph<'_>, wanted: &usize| *inner.state_mut(rounds) = 100 - wanted;
    let repeated = graph.repeat("repeated", (wanted,), inner, set, move |inner| {
        left += 1;
        if *inner.state(rounds) == 100 { Break(std::mem::take(&mut left)) } else { Continue(()) }
    });
    let behind = graph.node("behind", repeated, |rounds: &usize| rounds + 1);
    let mut graph = graph.build().expect("a valid graph");
    for rounds in [1, 2, 50] {
        graph.set(wanted, rounds);
        assert_eq!(runner.typed(&mut graph)[behind], rounds + 1);
    }
}

fn inputs_are_set_once(runner: &Runner) {
    let set = &AtomicUsize::new(0);
    let mut inner = GraphBuilder::new();
    let x = inner.input::<u64>("x");
    let next = inner.node("next", x, |x: &u64| if x % 2 == 0 { x / 2 } else { 3 * x + 1 });
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let begin = graph.node("begin", (), || 27_u64);
    let set_inputs = move |inner: &mut Graph<'_>, begin: &u64| {
        set.fetch_add(1, SeqCst);
        inner.set(x, *begin);
    };
    let mut steps = 0;
    let steps = graph.repeat("steps", (begin,), inner, set_inputs, move |inner| {
        steps += 1;
        let next = *inner.result(next).expect("it has run");
        inner.set(x, next);
        if next == 1 { Break(std::mem::take(&mut steps)) } else { Continue(()) }
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut graph)[steps], 111);
        assert_eq!(set.load(SeqCst), run);
    }
}

fn rounds_of_futures(runner: &Runner) {
    let polled = &AtomicUsize::new(0);
    let mut inner = GraphBuilder::new();
    let one = inner.async_node("one", (), async || {
        yields(3).await;
        polled.fetch_add(1, SeqCst)
    });
    inner.async_node("two", one, async |x: &usize| {
        yields(1).await;
        *x
    });
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let repeated = graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |inner| {
            let rounds = inner.results()[one] + 1;
            if rounds % 40 == 0 { Break(rounds) } else { Continue(()) }
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut graph)[repeated], 40 * run);
    }
}

fn repeats_in_repeats(runner: &Runner) {
    let (inner, rounds) = counting();
    let mut middle = GraphBuilder::new();
    let inner = middle.repeat(
        "inner",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |inner| {
            let rounds = *inner.state(rounds);
            if rounds % 7 == 0 { Break(rounds) } else { Continue(()) }
        },
    );
    let middle = middle.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let outer = graph.repeat(
        "outer",
        (),
        middle,
        |_: &mut Graph<'_>| (),
        move |middle| {
            let rounds = middle.results()[inner];
            if rounds % 5 == 0 { Break(rounds) } else { Continue(()) }
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..=3 {
        assert_eq!(runner.typed(&mut graph)[outer], 35 * run);
    }
}

fn a_failure_in_a_round(runner: &Runner) {
    let rounds = &AtomicUsize::new(0);
    let mut inner = GraphBuilder::new();
    inner.try_node("bad", (), move || if rounds.fetch_add(1, SeqCst) == 4 { Err("no") } else { Ok(()) });
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let repeated = graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        |_: &mut Graph<'_>| Continue::<u8, ()>(()),
    );
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        rounds.store(0, SeqCst);
        let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).expect_err("it fails");
        assert_eq!(error.to_string(), "1 node failed: repeated/bad");
        assert_eq!(graph.results().get(repeated), Err(NoResult::Failed));
    }
}

/// For ever, were it not for a failure that comes when it has begun; also where others run all the same.
fn a_failure_elsewhere_ends_it(runner: &Runner) {
    for lasting in [false, true] {
        let rounds = &AtomicUsize::new(0);
        let mut inner = GraphBuilder::new();
        let one = inner.async_node("one", (), async || yields(1).await);
        let inner = inner.build().expect("a valid graph");
        let mut graph = GraphBuilder::new();
        let repeated = graph.repeat(
            "repeated",
            (),
            inner,
            |_: &mut Graph<'_>| (),
            move |inner| {
                rounds.fetch_add(1, SeqCst);
                if inner.result(one).is_err() { Break(()) } else { Continue(()) }
            },
        );
        let bad = graph.try_async_node("bad", (), move || async move {
            while rounds.load(SeqCst) < 5 {
                yields(1).await;
            }
            Err::<(), _>("no")
        });
        if lasting {
            graph.node("clean up", bad.outcome(), |_: Result<&(), NoResult>| ());
        }
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            rounds.store(0, SeqCst);
            let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).expect_err("it fails");
            assert_eq!(error.to_string(), "1 node failed: bad");
            assert_eq!(graph.results().get(repeated), Err(NoResult::Interrupted));
        }
    }
}

/// As well where it is a node of a graph that is a node. What lasts runs all the same.
fn a_failure_elsewhere_ends_it_inside(runner: &Runner) {
    let meanwhile = matches!(runner, Runner::Parallel(executor) if executor.threads() > 1);
    if !meanwhile {
        return; // the one thread never comes to the failure
    }
    for lasting in [false, true] {
        let rounds = &AtomicUsize::new(0);
        let inner = GraphBuilder::new().build().expect("a valid graph");
        let mut middle = GraphBuilder::new();
        let again = move |_: &mut Graph<'_>| {
            rounds.fetch_add(1, SeqCst);
            Continue::<(), ()>(())
        };
        middle.repeat("repeated", (), inner, |_: &mut Graph<'_>| (), again);
        let middle = middle.build().expect("a valid graph");
        let mut graph = GraphBuilder::new();
        let middle = graph.graph("middle", (), middle, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| ());
        let bad = graph.try_node("bad", (), move || {
            while rounds.load(SeqCst) < 5 {
                std::thread::yield_now();
            }
            Err::<(), _>("no")
        });
        let end = lasting.then(|| graph.node("clean up", bad.outcome(), |_: Result<&(), NoResult>| ()));
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            rounds.store(0, SeqCst);
            let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).expect_err("it fails");
            assert_eq!(error.to_string(), "1 node failed: bad");
            assert_eq!(graph.results().get(middle), Err(NoResult::Interrupted));
            assert!(end.is_none_or(|end| graph.results().get(end).is_ok()));
        }
    }
}

/// Of a graph without nodes: nobody looks in the rounds.
fn cancelled_between_rounds(runner: &Runner) {
    let inner = GraphBuilder::new().build().expect("a valid graph");
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let mut rounds = 0;
    let repeated = graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        |_: &mut Graph<'_>| {
            rounds += 1;
            if rounds == 10 {
                token.cancel();
            }
            assert!(rounds <= 10, "nobody looks");
            Continue::<u8, ()>(())
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: repeated");
    assert_eq!(graph.results().get(repeated), Err(NoResult::Interrupted));
}

fn cancelled_in_a_round(runner: &Runner) {
    let (rounds, token) = (&AtomicUsize::new(0), CancelToken::new());
    let mut inner = GraphBuilder::new();
    let first = inner.node("first", (), || {
        if rounds.fetch_add(1, SeqCst) == 6 {
            token.cancel();
        }
    });
    inner.node("second", first, |(): &()| assert!(rounds.load(SeqCst) <= 6, "the cancel is seen"));
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let repeated = graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        |_: &mut Graph<'_>| Continue::<u8, ()>(()),
    );
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node interrupted: repeated");
    assert_eq!(graph.results().get(repeated), Err(NoResult::Interrupted));
}

fn late(runner: &Runner) {
    for futures in [false, true] {
        let mut inner = GraphBuilder::new();
        if futures {
            inner.async_node("one", (), async || yields(1).await);
        }
        let inner = inner.build().expect("a valid graph");
        let mut graph = GraphBuilder::new();
        let repeated = graph.repeat(
            "repeated",
            (),
            inner,
            |_: &mut Graph<'_>| (),
            |_: &mut Graph<'_>| Continue::<u8, ()>(()),
        );
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().deadline(Instant::now() + Duration::from_millis(20));
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("late");
        assert!(matches!(error, RunError::DeadlineExceeded { .. }), "{error}");
        // Or not begun, if this thread was late itself.
        assert!(matches!(graph.results().get(repeated), Err(NoResult::Interrupted | NoResult::NotRun)));
    }
}

/// Each round counts, though no input has changed.
fn an_update_runs_whole_rounds(runner: &Runner) {
    let (inner, rounds) = counting();
    let mut graph = GraphBuilder::new();
    let wanted = graph.input::<usize>("wanted");
    let set = move |inner: &mut Graph<'_>, _: &usize| *inner.state_mut(rounds) = 0;
    let mut enough = 0;
    let repeated = graph.repeat("repeated", (wanted,), inner, set, move |inner| {
        enough += 1;
        if *inner.state(rounds) == 5 { Break(enough) } else { Continue(()) }
    });
    let mut graph = graph.build().expect("a valid graph");
    let update = RunOptions::new().update();
    for run in 1..=3 {
        graph.set(wanted, run);
        for _ in 0..2 {
            let results = runner.typed_with(&mut graph, &update).expect("nothing fails");
            assert_eq!(results[repeated], 5 * run);
        }
    }
}

fn a_panic_between_rounds(runner: &Runner) {
    let panics = &AtomicBool::new(true);
    let (inner, rounds) = counting();
    let mut graph = GraphBuilder::new();
    let repeated = graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |inner| {
            let rounds = *inner.state(rounds);
            assert!(!panics.load(SeqCst) || rounds % 3 > 0, "planned");
            if rounds % 5 == 0 { Break(rounds) } else { Continue(()) }
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().catch_panics();
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it panics");
    assert_eq!(error.to_string(), "panicked: repeated (planned)");
    panics.store(false, SeqCst);
    assert_eq!(runner.typed(&mut graph)[repeated], 5);
}

fn rounds_are_runs_to_observers(runner: &Runner) {
    let (inner, rounds) = counting();
    let mut graph = GraphBuilder::new();
    graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |inner| {
            if *inner.state(rounds) % 4 == 0 { Break(()) } else { Continue(()) }
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    let log = Log::new();
    let options = RunOptions::new().observer(log.clone()).policy(FailurePolicy::KeepGoing);
    for _ in 0..3 {
        runner.typed_with(&mut graph, &options).map(drop).expect("nothing fails");
        let told = log.take();
        assert_eq!(told.iter().filter(|told| told.what == What::RunBegins).count(), 5);
        assert_eq!(
            told.iter().filter(|told| told.path == "repeated/first" && told.what == What::Begins).count(),
            4
        );
    }
}

/// It repeats until another node has had its turn, on one thread too.
fn others_have_their_turn(runner: &Runner) {
    let other = &AtomicBool::new(false);
    let mut inner = GraphBuilder::new();
    inner.async_node("one", (), async || ());
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    graph.repeat(
        "repeated",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |_: &mut Graph<'_>| {
            if other.swap(false, SeqCst) { Break(()) } else { Continue(()) }
        },
    );
    graph.node("other", (), || other.store(true, SeqCst));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        runner.typed(&mut graph);
    }
}

/// The end of the executor ends it.
#[test]
fn shut_down_between_rounds() {
    for futures in [false, true] {
        let executor = Executor::builder().threads(2).build().expect("an executor");
        let begun = Arc::new(Barrier::new(2));
        let ready = Arc::clone(&begun);
        let mut inner = GraphBuilder::new();
        if futures {
            inner.async_node("one", (), async || yields(1).await);
        }
        let inner = inner.build().expect("a valid graph");
        let mut graph = GraphBuilder::new();
        let mut rounds = 0;
        graph.repeat(
            "repeated",
            (),
            inner,
            |_: &mut Graph<'_>| (),
            move |_: &mut Graph<'_>| {
                rounds += 1;
                if rounds == 3 {
                    ready.wait();
                }
                Continue::<u8, ()>(())
            },
        );
        let spawned = graph.build().expect("a valid graph").spawn(&executor);
        begun.wait();
        executor.shutdown();
        let (_, outcome) = spawned.join();
        let error = outcome.expect_err("shut down");
        assert!(error.is_cancelled(), "{error}");
    }
}
