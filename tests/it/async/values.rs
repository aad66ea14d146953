//! Async nodes: what they are fed and what they give, over every runner.

use crate::support::counted::{Counted, Counter};
use crate::support::gate::{Gate, lent};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{FailurePolicy, GraphBuilder, NoResult, RunOptions, Values};
use dgraph_tests::yields::yields;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

over_typed_runners!(
    arguments_come_in_the_listed_order,
    defined_in_any_order,
    every_kind_of_dependency,
    what_is_fed_is_held_across_await,
    a_future_that_gives_what_it_borrows,
    futures_wait_for_each_other,
    a_future_waits_for_another_thread,
    a_chain_of_futures,
    moved_into_a_future,
    inputs_and_updates,
    runs_of_a_part,
    failures_of_futures,
    keep_going_lets_them_finish,
    panics_of_futures,
    everything_is_dropped_once,
);

/// They finish the other way round.
fn arguments_come_in_the_listed_order(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let parts: Vec<_> = (0..10_u32)
        .map(|number| {
            graph.async_node("", (), move || async move {
                yields(10 - number).await;
                number
            })
        })
        .collect();
    let all = graph.async_node("all", &parts, async |parts: Values<'_, u32>| {
        yields(1).await;
        parts.iter().copied().collect::<Vec<_>>()
    });
    let three =
        graph.async_node("three", (parts[7], parts[0], parts[7]), async |a: &u32, b: &u32, c: &u32| {
            yields(1).await;
            [*a, *b, *c]
        });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        assert!(results[all].iter().copied().eq(0..10));
        assert_eq!(results[three], [7, 0, 7]);
    }
}

fn defined_in_any_order(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (first, second) = (graph.declare::<u32>("first"), graph.declare::<u32>("second"));
    let sum =
        graph.node("sum", (second.node(), first.node()), |second: &u32, first: &u32| second * 10 + first);
    graph.try_async_node(second, (first.node(),), async |first: &u32| {
        yields(2).await;
        Ok::<_, &str>(first + 1)
    });
    graph.async_node(first, (), async || {
        yields(1).await;
        1
    });
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[sum], 21);
}

/// Futures are fed by every kind of dependency: functions, closures, one handle alone, lists of handles,
/// inputs.
fn every_kind_of_dependency(runner: &Runner) {
    async fn double(x: &u32) -> u32 {
        yields(1).await;
        x * 2
    }
    async fn sum(all: Values<'_, u32>) -> u32 {
        yields(1).await;
        all.iter().sum()
    }
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let a = graph.async_node("a", (input,), double);
    let b = graph.async_node("b", input, double);
    let c = graph.async_node("c", b, async |b: &u32| double(b).await);
    let array = graph.async_node("array", [a, b, c], sum);
    let slice = graph.async_node("slice", &[a, b][..], sum);
    let list = graph.async_node("list", vec![a, c], sum);
    let moved = graph.async_node("moved", (list.moved(), input), |list: u32, input: &u32| {
        let input = *input;
        async move { list + input }
    });
    let alone = graph.async_node("alone", moved.moved(), async |moved: u32| moved + 1);
    let mut graph = graph.build().expect("a valid graph");
    for value in 0..5 {
        graph.set(input, value);
        let results = runner.typed(&mut graph);
        assert_eq!((results[array], results[slice], results[alone]), (8 * value, 4 * value, 7 * value + 1));
        assert!(matches!(results.get(list), Err(NoResult::Moved { .. })));
    }
}

fn what_is_fed_is_held_across_await(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let text = graph.async_node("text", (), async || {
        yields(1).await;
        String::from("held")
    });
    let suffix = graph.node("suffix", (), || String::from("!"));
    let nodes: Vec<_> = (0..20)
        .map(lent)
        .map(|times| {
            graph.async_node("", (text, suffix), async move |text: &String, suffix: &String| {
                let both = (text.as_str(), suffix.as_str());
                yields(*times).await;
                [both.0, both.1].concat()
            })
        })
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        assert!(nodes.iter().all(|&node| results[node] == "held!"));
    }
}

fn a_future_that_gives_what_it_borrows(runner: &Runner) {
    let page = String::from("some words of text");
    let mut graph = GraphBuilder::new();
    let words = graph.async_node("words", (), async || {
        yields(1).await;
        page.split(' ').collect::<Vec<&str>>()
    });
    let longest = graph.async_node("longest", (words,), async |words: &Vec<&'_ str>| {
        yields(1).await;
        words.iter().map(|word| word.len()).max()
    });
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed(&mut graph);
    assert_eq!((results[words].len(), results[longest]), (4, Some(5)));
}

/// Two nodes, each of which goes on only when the other one has begun.
fn futures_wait_for_each_other(runner: &Runner) {
    let (left, right) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let a = graph.async_node("a", (), move || async move {
        right.open();
        left.wait().await;
        1
    });
    let b = graph.async_node("b", (), move || async move {
        left.open();
        right.wait().await;
        2
    });
    let sum = graph.node("sum", (a, b), |a: &i32, b: &i32| a + b);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        left.shut();
        right.shut();
        assert_eq!(runner.typed(&mut graph)[sum], 3);
    }
}

fn a_future_waits_for_another_thread(runner: &Runner) {
    let (begun, gate) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("node", (), move || async move {
        begun.open();
        gate.wait().await;
        5
    });
    let next = graph.node("next", (node,), |node: &i32| node + 1);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..50 {
        begun.shut();
        gate.shut();
        thread::scope(|scope| {
            scope.spawn(|| {
                pollster::block_on(begun.wait());
                gate.open();
            });
            assert_eq!(runner.typed(&mut graph)[next], 6);
        });
    }
}

fn a_chain_of_futures(runner: &Runner) {
    let length = if cfg!(miri) { 50 } else { 20_000 };
    let mut graph = GraphBuilder::new();
    let mut last = graph.async_node("start", (), async || 0_u32);
    for number in 1..length {
        last = if number % 3 == 0 {
            graph.node("", (last,), |x: &u32| x + 1)
        } else {
            let times = lent(number % 3 - 1);
            graph.async_node("", (last,), async move |x: &u32| {
                yields(*times).await;
                x + 1
            })
        };
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        assert_eq!(runner.typed(&mut graph)[last], length - 1);
    }
}

fn moved_into_a_future(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || counter.make(1));
    let mut last = made;
    for times in (0..10).map(lent) {
        last = graph.async_node("", (last.moved(),), async move |mut value: Counted| {
            yields(*times).await;
            value.value += 1;
            value
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..4 {
        let results = runner.typed(&mut graph);
        assert_eq!(results[last].value, 11);
        assert!(matches!(results.get(made).map(|_| ()), Err(NoResult::Moved { .. })));
        assert_eq!(counter.alive(), 1);
        assert_eq!(graph.take(last).expect("it has run").value, 11);
        assert_eq!(counter.alive(), 0);
    }
}

fn inputs_and_updates(runner: &Runner) {
    let calls = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let (left, right) = (graph.input::<u32>("left"), graph.input::<u32>("right"));
    let [a, b] = [left, right].map(|input| {
        graph.async_node("", (input,), async move |x: &u32| {
            calls.fetch_add(1, SeqCst);
            yields(1).await;
            x * 10
        })
    });
    let sum = graph.async_node("sum", (a, b), async |a: &u32, b: &u32| a + b);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(left, 1);
    graph.set(right, 2);
    let update = RunOptions::new().update();
    assert_eq!(runner.typed_with(&mut graph, &update).expect("no failure")[sum], 30);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("no failure")[sum], 30);
    assert_eq!(calls.load(SeqCst), 2, "nothing has changed");
    graph.set(right, 5);
    assert_eq!(runner.typed_with(&mut graph, &update).expect("no failure")[sum], 60);
    assert_eq!(calls.load(SeqCst), 3);
}

fn runs_of_a_part(runner: &Runner) {
    let calls = &AtomicUsize::new(0);
    let counted = move |value: u32| async move {
        calls.fetch_add(1, SeqCst);
        yields(2).await;
        value
    };
    let mut graph = GraphBuilder::new();
    let a = graph.async_node("a", (), move || counted(1));
    let b = graph.async_node("b", (a,), move |a: &u32| counted(a + 1));
    let c = graph.async_node("c", (a,), move |a: &u32| counted(a + 2));
    let mut graph = graph.build().expect("a valid graph");
    let only = RunOptions::new().only([c]);
    let results = runner.typed_with(&mut graph, &only).expect("no failure");
    assert_eq!((results.get(a), results.get(b), results.get(c)), (Ok(&1), Err(NoResult::NotNeeded), Ok(&3)));
    assert_eq!(calls.load(SeqCst), 2);
    assert_eq!(runner.typed_with(&mut graph, &RunOptions::new().update()).expect("no failure")[b], 2);
    assert_eq!(calls.load(SeqCst), 3);
}

/// At the first poll, or later; what depends on it is skipped.
fn failures_of_futures(runner: &Runner) {
    for times in [0, 1, 3] {
        let mut graph = GraphBuilder::new();
        let fails = graph.try_async_node("fails", (), async || {
            yields(times).await;
            Err::<u8, _>("planned")
        });
        let behind = graph.async_node("behind", (fails,), async |_: &u8| unreachable!("it failed"));
        graph.node("far behind", (behind,), |(): &()| unreachable!("it failed"));
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("it fails");
            assert_eq!(error.to_string(), "1 node failed: fails");
            let results = graph.results();
            assert_eq!(results.get(fails), Err(NoResult::Failed));
            assert!(
                matches!(results.get(behind), Err(NoResult::Skipped { because_of }) if because_of.name() == "fails")
            );
        }
    }
}

fn keep_going_lets_them_finish(runner: &Runner) {
    let (begun, gate) = (&Gate::default(), &Gate::default());
    let mut graph = GraphBuilder::new();
    let waits = graph.async_node("waits", (), move || async move {
        begun.open();
        gate.wait().await;
        1
    });
    let after = graph.async_node("after", (waits,), async |x: &u8| {
        yields(1).await;
        x + 1
    });
    let fails = graph.try_async_node("fails", (), move || async move {
        begun.wait().await;
        Err::<u8, _>("planned")
    });
    let both = graph.node("both", (after, fails), |_: &u8, _: &u8| unreachable!("one failed"));
    let opens = graph.async_node("opens", (), move || async move {
        yields(5).await;
        gate.open();
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        begun.shut();
        gate.shut();
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let error = runner.typed_with(&mut graph, &options).expect_err("one fails");
        assert_eq!(error.to_string(), "1 node failed: fails");
        let results = graph.results();
        assert_eq!((results.get(after), results.get(opens)), (Ok(&2), Ok(&())));
        assert!(matches!(results.get(both).map(|_| ()), Err(NoResult::Skipped { .. })));
    }
}

fn panics_of_futures(runner: &Runner) {
    for times in [0, 1, 3] {
        let panics = &AtomicBool::new(true);
        let mut graph = GraphBuilder::new();
        let bad = graph.async_node("bad", (), move || async move {
            yields(times).await;
            assert!(!panics.load(SeqCst), "planned");
            1
        });
        let behind = graph.async_node("behind", (bad,), async |bad: &u8| bad + 1);
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            panics.store(true, SeqCst);
            let payload =
                catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut graph))).expect_err("it panics");
            assert_eq!(payload.downcast_ref(), Some(&"planned"));
            assert_eq!(graph.results().get(bad), Err(NoResult::Panicked));
            assert!(matches!(graph.results().get(behind), Err(NoResult::Skipped { .. })));
            let error =
                runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).expect_err("it panics");
            assert_eq!(error.to_string(), "panicked: bad (planned)");
            panics.store(false, SeqCst);
            assert_eq!(runner.typed(&mut graph)[behind], 2);
        }
    }
}

/// Closures, results, and what futures hold, whatever the run comes to.
fn everything_is_dropped_once(runner: &Runner) {
    let (owned, held, results) = (&Counter::default(), &Counter::default(), &Counter::default());
    let end = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let mut last = graph.async_node("start", (), async || results.make(0));
    for number in 0..30_u32 {
        let own = owned.make(1);
        last = graph.try_async_node("", (last,), move |x: &Counted| {
            let (value, holds) = (x.value + own.get(), held.make(1));
            async move {
                yields(number % 4).await;
                match end.load(SeqCst) {
                    1 if number == 20 => Err("planned"),
                    2 if number == 20 => panic!("planned"),
                    _ => Ok(results.make(value - 1 + holds.get())),
                }
            }
        });
    }
    let mut graph = graph.build().expect("a valid graph");
    for kind in [0, 1, 2, 0, 2, 1, 0] {
        end.store(kind, SeqCst);
        let ended = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).map(|_| ());
        assert_eq!(ended.is_ok(), kind == 0);
        let left = graph.results().absent_nodes().count();
        assert_eq!(left, if kind == 0 { 0 } else { 10 });
        let alive = (owned.alive(), held.alive(), usize::try_from(results.alive()));
        assert_eq!(alive, (30, 0, Ok(31 - left)));
    }
    drop(graph);
    assert_eq!((owned.alive(), held.alive(), results.alive()), (0, 0, 0));
}
