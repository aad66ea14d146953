//! Results that are dropped after their last user.

use crate::observe::log::Log;
use crate::support::counted::{Counted, Counter};
use crate::support::panics::Payload;
use crate::support::runner::{Runner, over_typed_runners, with_all_runners};
use dgraph_exec::{
    CancelToken, DefinitionBuilder, FailurePolicy, Graph, GraphBuilder, NoResult, Node, RunError, RunOptions,
    StopReason, Values,
};
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::random_shape::random_shape;
use dgraph_tests::splitmix::SplitMix64;
use dgraph_tests::yields::yields;
use proptest::prelude::*;
use std::panic::panic_any;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

over_typed_runners!(
    gone_after_the_last_user,
    a_user_that_waits_keeps_it,
    users_that_fail_or_are_skipped_are_over,
    what_nobody_uses_stays,
    targets_stay,
    an_update_makes_it_again,
    a_stopped_run_keeps_what_futures_use,
    a_panic_of_its_destructor,
    a_panic_of_its_destructor_as_a_failure,
    a_panic_of_its_destructor_is_the_run_s,
    moved_results_and_inputs,
    inside_a_graph_that_repeats,
);

fn made(counter: &Counter, value: u64) -> impl Fn() -> Counted + Send + Sync + 'static {
    let counter = counter.clone();
    move || counter.make(value)
}

/// A chain, each of which looks at the one before it, and says how many are alive.
fn gone_after_the_last_user(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let mut last = graph.node("first", (), made(&counter, 0));
    let mut nodes = vec![last];
    for _ in 0..60 {
        let counter = counter.clone();
        graph.drop_early(last);
        last = graph.node("next", last, move |before: &Counted| {
            assert!((1..=2).contains(&counter.alive()), "{} are alive", counter.alive());
            counter.make(before.get() + 1)
        });
        nodes.push(last);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        assert_eq!(runner.typed(&mut graph)[last].get(), 60);
        assert_eq!(counter.alive(), 1);
        assert!(nodes[..60].iter().all(|&node| graph.result(node).err() == Some(NoResult::Dropped)));
    }
    let why = graph.result(nodes[3]).map(drop).unwrap_err();
    assert_eq!(why.to_string(), "was dropped after its last user");
}

fn a_user_that_waits_keeps_it(runner: &Runner) {
    let counter = Counter::default();
    let waits: Vec<u32> = (0..10).map(|user| user % 4).collect();
    let mut graph = GraphBuilder::new();
    let value = graph.node("value", (), made(&counter, 5));
    let users: Vec<_> = waits
        .iter()
        .map(|wait| {
            graph.async_node("user", value, async |value: &Counted| {
                yields(*wait).await;
                value.get()
            })
        })
        .collect();
    let short = graph.node("short", (value, value), |a: &Counted, b: &Counted| a.get() + b.get());
    graph.drop_early(value);
    let left = counter.clone();
    let sum = graph.node("sum", (&users, short), move |all: Values<'_, u64>, short: &u64| {
        (all.iter().sum::<u64>() + short, left.alive())
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        assert_eq!(runner.typed(&mut graph)[sum], (60, 0));
    }
}

fn users_that_fail_or_are_skipped_are_over(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let value = graph.node("value", (), made(&counter, 1));
    let bad = graph.try_node("bad", value, |_: &Counted| Err::<u64, _>("no"));
    let skipped = graph.node("skipped", (value, bad), |_: &Counted, _: &u64| counter_is_not_asked());
    let tell = |value: Result<&Counted, NoResult>, _: Result<&(), NoResult>| value.map(Counted::get);
    let told = graph.node("told", (value.outcome(), skipped.outcome()), tell);
    let condition = graph.node("condition", (), || false);
    let unchosen = graph.node("unchosen", value, |_: &Counted| ());
    graph.only_if(unchosen, condition);
    graph.drop_early(value);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert_eq!(graph.results()[told], Ok(1));
        assert_eq!(graph.result(value).err(), Some(NoResult::Dropped));
        assert_eq!(counter.alive(), 0);
    }
}

fn counter_is_not_asked() {
    panic!("a node that is skipped");
}

fn what_nobody_uses_stays(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let value = graph.node("value", (), made(&counter, 1));
    let after = graph.node("after", (), || ());
    graph.after(after, value);
    graph.drop_early(value);
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[value].get(), 1);
}

fn chain(counter: &Counter) -> (GraphBuilder<'static>, [Node<Counted>; 3], Node<u64>) {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), made(counter, 1));
    let next = |counter: &Counter| {
        let counter = counter.clone();
        move |before: &Counted| counter.make(before.get() * 10)
    };
    let b = graph.node("b", a, next(counter));
    let c = graph.node("c", b, next(counter));
    let sum =
        graph.node("sum", [a, b, c], |all: Values<'_, Counted>| all.iter().map(Counted::get).sum::<u64>());
    [a, b, c].into_iter().for_each(|node| graph.drop_early(node));
    (graph, [a, b, c], sum)
}

fn targets_stay(runner: &Runner) {
    let counter = Counter::default();
    let (graph, [a, b, c], sum) = chain(&counter);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let only = RunOptions::new().only([b.any(), sum.any()]);
        let results = runner.typed_with(&mut graph, &only).expect("no node fails");
        assert_eq!((results[b].get(), results[sum]), (10, 111));
        assert_eq!([a, c].map(|node| results.get(node).err()), [const { Some(NoResult::Dropped) }; 2]);
        assert_eq!(counter.alive(), 1);
    }
}

fn an_update_makes_it_again(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (x, y) = (graph.input::<u64>("x"), graph.input::<u64>("y"));
    let count = counter.clone();
    let made = graph.node("made", x, move |x: &u64| count.make(x * 10));
    let sum = graph.node("sum", (made, y), |made: &Counted, y: &u64| made.get() + y);
    let other = graph.node("other", made, Counted::get);
    graph.drop_early(made);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(x, 1);
    for value in 0..6 {
        graph.set(y, value);
        let results = runner.typed_with(&mut graph, &RunOptions::new().update()).expect("no node fails");
        assert_eq!((results[sum], results[other]), (10 + value, 10));
        assert_eq!(results.get(made).err(), Some(NoResult::Dropped));
        assert_eq!(counter.alive(), 0);
    }
}

/// A future that is cut off lives to the end of the run, and uses what it was lent when it is dropped.
fn a_stopped_run_keeps_what_futures_use(runner: &Runner) {
    struct Looks<'a>(&'a Counted);

    impl Drop for Looks<'_> {
        fn drop(&mut self) {
            assert_eq!(self.0.get(), 7);
        }
    }

    let counter = Counter::default();
    for round in 0..20 {
        let token = CancelToken::new();
        let mut graph = GraphBuilder::new();
        let value = graph.node("value", (), made(&counter, 7));
        graph.async_node("waits", value, async |value: &Counted| {
            let looks = Looks(value);
            std::future::pending::<()>().await;
            drop(looks);
        });
        graph.async_node("cancels", value, async |value: &Counted| {
            let looks = Looks(value);
            yields(round % 3).await;
            token.cancel();
            drop(looks);
        });
        graph.drop_early(value);
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().cancel_token(&token);
        let error = runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert!(matches!(error, RunError::Cancelled { .. }), "{error}");
        drop(graph);
        assert_eq!(counter.alive(), 0);
    }
}

/// Panics when it is dropped.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic_any(Payload(3));
    }
}

fn bad(graph: &mut GraphBuilder<'_>) -> Node<u8> {
    let bad = graph.node("bad", (), || Bad);
    let user = graph.node("user", bad, |_: &Bad| 1_u8);
    graph.drop_early(bad);
    user
}

fn a_panic_of_its_destructor(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let user = bad(&mut graph);
    let behind = graph.node("behind", user, |user: &u8| *user);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).map(drop).unwrap_err();
        assert!(error.to_string().starts_with("panicked: bad"), "{error}");
        assert_eq!(graph.result(user), Ok(&1));
        assert!(graph.result(behind).is_err());
    }
}

fn a_panic_of_its_destructor_as_a_failure(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let user = bad(&mut graph);
    let behind = graph.node("behind", user, |user: &u8| *user);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let options = RunOptions::new().panics_are_failures().policy(FailurePolicy::KeepGoing);
        let error = runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: bad");
        assert_eq!(graph.result(behind), Ok(&1));
    }
}

/// Its node is complete and stays so: what comes after it runs, an update doesn't run it again, and observers
/// are told once.
fn a_panic_of_its_destructor_is_the_run_s(runner: &Runner) {
    let (log, calls) = (Log::new(), AtomicU32::new(0));
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || {
        calls.fetch_add(1, Relaxed);
        Bad
    });
    let user = graph.node("user", made, |_: &Bad| 1_u8);
    let after = graph.node("after", user, |user: &u8| *user);
    graph.after(after, made);
    graph.drop_early(made);
    let mut graph = graph.build().expect("a valid graph");
    let keep_going = RunOptions::new().panics_are_failures().policy(FailurePolicy::KeepGoing);
    let drains = RunOptions::new().catch_panics().drain([StopReason::Panic]);
    for (options, runs, error, ended) in [
        (keep_going.clone(), true, "1 node failed: made", "Failed"),
        (RunOptions::new().panics_are_failures(), false, "1 node failed: made", "Failed"),
        (RunOptions::new().catch_panics(), false, "panicked: made", "Panicked"),
        (drains, false, "panicked: made", "Panicked"),
    ] {
        calls.store(0, Relaxed);
        let watched = options.observer(log.clone());
        let told = runner.typed_with(&mut graph, &watched).map(drop).expect_err("a destructor panics");
        assert_eq!(told.to_string(), error);
        assert_eq!(graph.result(made).err(), Some(NoResult::Dropped));
        assert_eq!(graph.result(after).is_ok(), runs);
        let behind = if runs {
            &["after Begins", "after Ends(Completed)"][..]
        } else {
            &["after Skipped(Stopped)"][..]
        };
        let begins = ["made Begins", "made Ends(Completed)", "user Begins", "user Ends(Completed)"];
        let ended = format!(" RunEnds({ended})");
        let expected = [&[" RunBegins"], &begins[..], behind, &[&*ended]].concat();
        assert_eq!(log.lines(), expected);
        let again = runner.typed_with(&mut graph, &keep_going.clone().update());
        assert!(again.is_ok(), "nobody needs the result again");
        assert_eq!((calls.load(Relaxed), graph.result(after)), (1, Ok(&1)));
    }
}

fn moved_results_and_inputs(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<Counted>("input");
    let a = graph.node("a", (), made(&counter, 2));
    let taker = graph.node("taker", (a.moved(), input), |a: Counted, input: &Counted| {
        assert_eq!(input.get(), 3);
        a
    });
    graph.drop_early(a);
    graph.drop_early(input);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        graph.set(input, counter.make(3));
        assert_eq!(runner.typed(&mut graph)[taker].get(), 2);
        assert_eq!(counter.alive(), 1);
        let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "inputs not set: input");
    }
}

fn inside_a_graph_that_repeats(runner: &Runner) {
    let counter = Counter::default();
    let (inner, _, sum) = chain(&counter);
    let mut graph = GraphBuilder::new();
    let mut rounds = 0;
    let set = |_: &mut Graph<'_>| ();
    let inner = inner.build().expect("a valid graph");
    let left = counter.clone();
    let node = graph.repeat("rounds", (), inner, set, move |inner: &mut Graph<'_>| {
        assert_eq!((inner.results()[sum], left.alive()), (111, 0));
        rounds += 1;
        if rounds % 3 == 0 {
            std::ops::ControlFlow::Break(rounds)
        } else {
            std::ops::ControlFlow::Continue(())
        }
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 1..5 {
        assert_eq!(runner.typed(&mut graph)[node], 3 * run);
    }
}

/// Each run of a definition counts by itself.
#[test]
fn in_definitions() {
    let counter = Counter::default();
    let mut graph = DefinitionBuilder::new();
    let value = graph.node("value", (), made(&counter, 4));
    let double = graph.node("double", value, |value: &Counted| value.get() * 2);
    let triple = graph.node("triple", value, |value: &Counted| value.get() * 3);
    graph.drop_early(value);
    let definition = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let (mut one, mut two) = (definition.instance(), definition.instance());
        for instance in [&mut one, &mut two] {
            let results = instance.run().expect("no node fails");
            assert_eq!((results[double], results[triple]), (8, 12));
            assert_eq!(counter.alive(), 0);
        }
    }
}

#[test]
fn in_local_graphs() {
    use std::rc::Rc;
    let value = Rc::new(());
    let mut graph = GraphBuilder::new_local();
    let given = graph.local().node("given", (), || Rc::clone(&value));
    let counts = [(); 3].map(|()| graph.local().node("count", given, Rc::strong_count));
    graph.drop_early(given);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let results = graph.run_parallel(&crate::support::runner::executor(2)).expect("no node fails");
        assert!(counts.iter().all(|&count| results[count] == 2));
        assert_eq!(Rc::strong_count(&value), 1);
    }
}

#[test]
fn of_another_graph() {
    let mut other = GraphBuilder::new();
    let stranger = other.node("stranger", (), || 1);
    let mut graph = GraphBuilder::new();
    graph.node("node", (), || 1);
    graph.drop_early(stranger);
    assert_eq!(graph.build().map(drop).unwrap_err().to_string(), "handles of another graph are used by: #0");
}

/// On one thread, and depth first, at most one result for each level of a tree is alive, and its sibling.
#[test]
fn a_tree_depth_first() {
    fn tree(graph: &mut GraphBuilder<'static>, counter: &Counter, leaves: &[Node<Counted>]) -> Node<Counted> {
        if let [leaf] = leaves {
            return *leaf;
        }
        let (left, right) = leaves.split_at(leaves.len() / 2);
        let sides = [tree(graph, counter, left), tree(graph, counter, right)];
        sides.into_iter().for_each(|side| graph.drop_early(side));
        let counter = counter.clone();
        graph.node("", sides, move |sides: Values<'_, Counted>| {
            assert!(counter.alive() <= 7, "{} are alive", counter.alive());
            counter.make(sides[0].get() + sides[1].get())
        })
    }

    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let leaves: Vec<_> = (0..64).map(|leaf| graph.node("leaf", (), made(&counter, leaf))).collect();
    let sum = tree(&mut graph, &counter, &leaves);
    graph.depth_first();
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.run().expect("no node fails")[sum].get(), 64 * 63 / 2);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// A result is there for each user, and gone afterwards, in graphs with futures and failures.
    #[test]
    fn random_graphs(nodes in 1..60_u32, density in 0..4_u32, seed: u64, early: u64, bad in 0..120_u32) {
        let edges = random_shape(&mut SplitMix64::new(seed), nodes, density);
        let before = Predecessors::new(nodes as usize, &edges).lists();
        let is_early = |node: u32| early >> (node % 64) & 1 == 1;
        with_all_runners(|runner| {
            let counter = Counter::default();
            let bodies: Vec<_> = (0..nodes)
                .map(|number| {
                    let make = counter.clone();
                    move |fed: Values<'_, Counted>| {
                        let sum = fed.iter().map(Counted::get).fold(1, u64::wrapping_add);
                        if number == bad { Err("bad") } else { Ok(make.make(sum)) }
                    }
                })
                .collect();
            let mut graph = GraphBuilder::new();
            let declared: Vec<_> = (0..nodes).map(|_| graph.declare::<Counted>("")).collect();
            let all: Vec<Node<Counted>> = declared.iter().map(|declared| declared.node()).collect();
            for ((number, declared), body) in (0..nodes).zip(declared).zip(&bodies) {
                let list: Vec<_> = before[number as usize].iter().map(|&node| all[node as usize]).collect();
                if number % 3 == 0 {
                    graph.try_async_node(declared, list, async |fed: Values<'_, Counted>| {
                        yields(1).await;
                        body(fed)
                    });
                } else {
                    graph.try_node(declared, list, body);
                }
                if is_early(number) {
                    graph.drop_early(all[number as usize]);
                }
            }
            let mut graph = graph.build().expect("an acyclic graph");
            for _ in 0..3 {
                let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
                let ended = runner.typed_with(&mut graph, &options).map(drop);
                assert_eq!(ended.is_err(), bad < nodes);
                let mut alive = 0;
                for (number, &node) in (0..nodes).zip(&all) {
                    let is_used = edges.iter().any(|edge| edge.0 == number);
                    match graph.result(node).map(Counted::get) {
                        Ok(_) => {
                            assert!(!(is_early(number) && is_used));
                            alive += 1;
                        }
                        Err(NoResult::Dropped) => assert!(is_early(number) && is_used),
                        Err(NoResult::Failed) => assert_eq!(number, bad),
                        Err(NoResult::Skipped { .. }) => assert!(bad < nodes),
                        Err(why) => panic!("node {number} {why}"),
                    }
                }
                assert_eq!(counter.alive(), alive);
            }
        });
    }
}
