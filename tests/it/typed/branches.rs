//! Conditions, ends of branches, and where branches join.

use crate::observe::log::{Log, What};
use crate::support::runner::{Runner, over_typed_runners, with_all_runners};
use dgraph_exec::{
    CancelToken, EndBranch, FailurePolicy, Graph, GraphBuilder, GraphError, NoResult, NodeOutcome, RunError,
    RunOptions, SkipReason,
};
use dgraph_tests::yields::yields;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

over_typed_runners!(
    a_condition_chooses,
    several_conditions,
    one_condition_for_many,
    otherwise,
    conditions_on_conditions,
    a_condition_that_fails,
    a_failure_counts_more,
    a_branch_that_ends,
    futures_that_end_their_branch,
    a_chosen_future,
    chosen_graphs,
    a_state_of_who_was_not_chosen,
    a_commuter_that_was_not_chosen,
    an_update_chooses_anew,
    only_targets,
    told_to_observers,
    in_a_row_of_many,
    cancelled_behind_a_choice,
);

type Told<'a, T> = Result<&'a T, NoResult>;

fn a_condition_chooses(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flag = graph.input::<bool>("flag");
    let ran = &AtomicUsize::new(0);
    let chosen = graph.node("chosen", (), || ran.fetch_add(1, SeqCst));
    let behind = graph.node("behind", (chosen,), |x: &usize| *x);
    let later = graph.node("later", (), || 1);
    graph.after(later, behind);
    let join = graph.node("join", behind.outcome(), |behind: Told<'_, usize>| behind.is_ok());
    let other = graph.node("other", (), || 2);
    graph.only_if(chosen, flag);
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..6 {
        graph.set(flag, run % 2 == 0);
        let results = runner.typed(&mut graph);
        assert_eq!((results[join], results[other]), (run % 2 == 0, 2));
        assert_eq!(results.absent_nodes().count(), if run % 2 == 0 { 0 } else { 3 });
        for (node, why) in results.absent_nodes() {
            assert!(["chosen", "behind", "later"].contains(&node.name()), "{node}");
            assert!(
                matches!(&why, NoResult::NotChosen { because_of } if because_of.id() == flag.id()),
                "{why}"
            );
        }
    }
    assert_eq!(ran.load(SeqCst), 3);
}

fn several_conditions(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flags = ["a", "b", "c"].map(|name| graph.input::<bool>(name));
    let both = graph.node("all", (), || ());
    flags.iter().for_each(|&flag| graph.only_if(both, flag));
    graph.only_if(both, flags[0]); // twice is no more than once
    let mut graph = graph.build().expect("a valid graph");
    for bits in 0..8 {
        for (bit, flag) in flags.iter().enumerate() {
            graph.set(*flag, bits >> bit & 1 == 1);
        }
        assert_eq!(runner.typed(&mut graph).get(both).is_ok(), bits == 7);
    }
}

fn one_condition_for_many(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flag = graph.input::<bool>("flag");
    let nodes: Vec<_> = (0..300).map(|n| graph.node("", (), move || n)).collect();
    nodes.iter().for_each(|&node| graph.only_if(node, flag));
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.dag().node_count(), 302); // and what looks at the flag
    for chosen in [true, false, true] {
        graph.set(flag, chosen);
        let results = runner.typed(&mut graph);
        assert!(nodes.iter().all(|&node| results.get(node).is_ok() == chosen));
    }
}

fn otherwise(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let n = graph.input::<i32>("n");
    let even = graph.node("is even", n, |n: &i32| n % 2 == 0);
    let half = graph.node("half", n, |n: &i32| n / 2);
    let more = graph.node("3n + 1", n, |n: &i32| 3 * n + 1);
    graph.only_if(half, even);
    graph.unless(more, even);
    let join = |half: Told<'_, i32>, more: Told<'_, i32>| half.or(more).copied();
    let next = graph.try_node("next", (half.outcome(), more.outcome()), join);
    let mut graph = graph.build().expect("a valid graph");
    let mut number = 27;
    let mut steps = 0;
    while number != 1 {
        graph.set(n, number);
        number = runner.typed(&mut graph)[next];
        steps += 1;
    }
    assert_eq!(steps, 111);
}

fn conditions_on_conditions(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let outer = graph.input::<bool>("outer");
    let inner = graph.node("inner", (), || true);
    graph.only_if(inner, outer);
    let node = graph.node("node", (), || ());
    graph.only_if(node, inner);
    let mut graph = graph.build().expect("a valid graph");
    for chosen in [false, true] {
        graph.set(outer, chosen);
        let why = runner.typed(&mut graph).get(node).err().map(|why| why.to_string());
        assert_eq!(why, (!chosen).then(|| "was not chosen because of outer".to_string()));
    }
}

fn a_condition_that_fails(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<bool, _>("no"));
    let node = graph.node("node", (), || ());
    graph.only_if(node, bad);
    let mut graph = graph.build().expect("a valid graph");
    let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).expect_err("it fails");
    assert_eq!(error.to_string(), "1 node failed: bad");
    assert_eq!(graph.results().get(node).unwrap_err().to_string(), "was skipped because of bad");
}

/// What is behind a failure and behind the end of a branch is said to be behind the failure.
fn a_failure_counts_more(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let ends = graph.try_node("ends", (), || Err::<i32, _>(EndBranch));
    let bad = graph.try_node("bad", (), || Err::<i32, _>("no"));
    let both = graph.node("both", (ends, bad), |x: &i32, y: &i32| x + y);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    runner.typed_with(&mut graph, &options).map(drop).expect_err("one fails");
    assert_eq!(graph.results().get(both).unwrap_err().to_string(), "was skipped because of bad");
}

fn a_branch_that_ends(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let number = graph.input::<i32>("number");
    let positive = graph.try_node("positive", number, |x: &i32| if *x > 0 { Ok(*x) } else { Err(EndBranch) });
    let more = graph.node("more", positive, |x: &i32| x + 1);
    let moved = graph.node("moved", more.moved(), |x: i32| x);
    let join = graph.node("join", moved.outcome(), |x: Told<'_, i32>| x.map_or(0, |x| *x));
    let mut graph = graph.build().expect("a valid graph");
    for number_now in [1, -1, 0, 5] {
        graph.set(number, number_now);
        let results = runner.typed(&mut graph);
        assert_eq!(results[join], if number_now > 0 { number_now + 1 } else { 0 });
        if number_now <= 0 {
            assert_eq!(results.get(positive), Err(NoResult::EndedBranch));
            assert_eq!(results.get(moved).unwrap_err().to_string(), "was not chosen because of positive");
        }
    }
}

fn futures_that_end_their_branch(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let ends = graph.try_async_node("ends", (), async || {
        yields(2).await;
        Err::<i32, _>(EndBranch)
    });
    let behind = graph.async_node("behind", ends, async |x: &i32| *x);
    let waits = graph.async_node("waits", (), async || {
        yields(5).await;
        1
    });
    let join = graph.async_node("join", (behind.outcome(), waits), async |behind: Told<'_, i32>, x: &i32| {
        yields(1).await;
        (behind.map(drop), *x)
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        let (behind, x) = &results[join];
        assert_eq!(
            (behind.as_ref().unwrap_err().to_string(), x),
            ("was not chosen because of ends".into(), &1)
        );
    }
}

fn a_chosen_future(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let given = graph.input::<bool>("given");
    let flag = graph.async_node("flag", given, async |given: &bool| {
        yields(3).await;
        *given
    });
    let node = graph.async_node("node", (), async || {
        yields(3).await;
        1
    });
    graph.only_if(node, flag);
    let mut graph = graph.build().expect("a valid graph");
    for chosen in [true, false, true, false] {
        graph.set(given, chosen);
        assert_eq!(runner.typed(&mut graph).get(node).is_ok(), chosen);
    }
}

fn chosen_graphs(runner: &Runner) {
    let (ran, mut inner) = (&AtomicUsize::new(0), GraphBuilder::new());
    let wanted = inner.input::<bool>("wanted");
    let inside = inner.node("inside", (), || ran.fetch_add(1, SeqCst));
    inner.only_if(inside, wanted);
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let (flag, wants) = (graph.input::<bool>("flag"), graph.input::<bool>("wants"));
    let set = move |inner: &mut Graph<'_>, wants: &bool| _ = inner.set(wanted, *wants);
    let nested =
        graph.graph("nested", (wants,), inner, set, move |inner| inner.results().get(inside).is_ok());
    graph.only_if(nested, flag);
    let mut graph = graph.build().expect("a valid graph");
    for (chosen, within) in [(true, true), (true, false), (false, true), (true, true)] {
        graph.set(flag, chosen);
        graph.set(wants, within);
        let result = runner.typed(&mut graph).get(nested).ok().copied();
        assert_eq!(result, chosen.then_some(within));
    }
    assert_eq!(ran.load(SeqCst), 2);
}

fn a_state_of_who_was_not_chosen(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", 0);
    let flag = graph.input::<bool>("flag");
    graph.node("one", state.write(), |state: &mut i32| *state += 1);
    let ten = graph.node("ten", state.write(), |state: &mut i32| *state += 10);
    let ends = graph.try_node("ends", state.write(), |state: &mut i32| {
        *state += 100;
        Err::<(), _>(EndBranch)
    });
    let read = graph.node("read", state.read(), |state: &i32| *state);
    graph.node("clear", state.write(), |state: &mut i32| *state = 0);
    graph.only_if(ten, flag);
    let depends = graph.node("depends", (ends, state.read()), |(): &(), state: &i32| *state);
    let mut graph = graph.build().expect("a valid graph");
    for chosen in [false, true, false] {
        graph.set(flag, chosen);
        let results = runner.typed(&mut graph);
        assert_eq!(results[read], if chosen { 111 } else { 101 });
        assert_eq!(results.get(depends).unwrap_err().to_string(), "was not chosen because of ends");
    }
}

/// Many commuters, and many who come after them.
fn a_commuter_that_was_not_chosen(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let state = graph.state("state", 0);
    let flag = graph.input::<bool>("flag");
    for number in 0..12 {
        let node = graph.node("", state.commute(), |state: &mut i32| *state += 1);
        if number % 3 == 0 {
            graph.only_if(node, flag);
        }
    }
    let read: Vec<_> = (0..12).map(|_| graph.node("", state.read(), |state: &i32| *state)).collect();
    graph.node("clear", state.write(), |state: &mut i32| *state = 0);
    let mut graph = graph.build().expect("a valid graph");
    for chosen in [false, true, false] {
        graph.set(flag, chosen);
        let results = runner.typed(&mut graph);
        assert!(read.iter().all(|&read| results[read] == if chosen { 12 } else { 8 }));
    }
}

fn an_update_chooses_anew(runner: &Runner) {
    let (ran, joined) = (&AtomicUsize::new(0), &AtomicUsize::new(0));
    let mut graph = GraphBuilder::new();
    let (flag, number, other) =
        (graph.input::<bool>("flag"), graph.input::<i32>("number"), graph.input::<i32>("other"));
    let chosen = graph.node("chosen", number, |x: &i32| {
        ran.fetch_add(1, SeqCst);
        *x
    });
    graph.only_if(chosen, flag);
    let join = graph.node("join", (chosen.outcome(), other), |x: Told<'_, i32>, other: &i32| {
        joined.fetch_add(1, SeqCst);
        x.map_or(0, |x| *x) + other
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(flag, false);
    graph.set(number, 1);
    graph.set(other, 10);
    let update = |graph: &mut Graph<'_>| {
        let join = runner.typed_with(graph, &RunOptions::new().update()).expect("nothing fails")[join];
        (join, ran.swap(0, SeqCst), joined.swap(0, SeqCst))
    };
    assert_eq!(update(&mut graph), (10, 0, 1));
    assert_eq!(update(&mut graph), (10, 0, 0)); // what was not chosen is up to date
    graph.set(other, 20);
    assert_eq!(update(&mut graph), (20, 0, 1));
    graph.set(flag, true);
    assert_eq!(update(&mut graph), (21, 1, 1));
    assert_eq!(update(&mut graph), (21, 0, 0));
    graph.set(number, 2);
    assert_eq!(update(&mut graph), (22, 1, 1));
    graph.set(other, 30);
    assert_eq!(update(&mut graph), (32, 0, 1));
    graph.set(flag, false);
    assert_eq!(update(&mut graph), (30, 0, 1));
    graph.set(number, 3);
    assert_eq!(update(&mut graph), (30, 0, 1));
}

fn only_targets(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flag = graph.node("flag", (), || false);
    let other = graph.node("other", (), || 1);
    let node = graph.node("node", (), || 2);
    graph.only_if(node, flag);
    let mut graph = graph.build().expect("a valid graph");
    let results = runner.typed_with(&mut graph, &RunOptions::new().only([node])).expect("nothing fails");
    assert_eq!((results[flag], results.get(other)), (false, Err(NoResult::NotNeeded)));
    assert_eq!(results.get(node).unwrap_err().to_string(), "was not chosen because of flag");
    let results = runner.typed_with(&mut graph, &RunOptions::new().only([other])).expect("nothing fails");
    assert_eq!((results[other], results.get(node)), (1, Err(NoResult::NotNeeded)));
}

fn told_to_observers(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flag = graph.node("flag", (), || false);
    let ends = graph.try_node("ends", (), || Err::<i32, _>(EndBranch));
    let chosen = graph.node("chosen", (), || 1);
    graph.only_if(chosen, flag);
    let behind = graph.node("behind", (ends,), |x: &i32| *x);
    graph.node("join", (chosen.outcome(), behind.outcome()), |_: Told<'_, i32>, _: Told<'_, i32>| ());
    let mut graph = graph.build().expect("a valid graph");
    let log = Log::new();
    let options = RunOptions::new().observer(log.clone());
    for update in [false, true, true] {
        let options = if update { options.clone().update() } else { options.clone() };
        runner.typed_with(&mut graph, &options).map(drop).expect("nothing fails");
        let told = log.take();
        let of = |path: &str| told.iter().rfind(|told| told.path == path).map(|told| told.what);
        if update {
            let idle = Some(What::Skipped(SkipReason::UpToDate));
            assert!(["chosen", "behind", "ends", "join"].iter().all(|path| of(path) == idle), "{told:?}");
            continue;
        }
        assert_eq!(of("ends"), Some(What::Ends(NodeOutcome::EndedBranch)));
        assert_eq!(of("if flag"), Some(What::Ends(NodeOutcome::EndedBranch)));
        let because =
            |node: dgraph_exec::AnyNode| Some(What::Skipped(SkipReason::NotChosen { because_of: node.id() }));
        assert_eq!((of("chosen"), of("behind")), (because(flag.any()), because(ends.any())));
        assert_eq!(of("join"), Some(What::Ends(NodeOutcome::Completed)));
    }
}

fn in_a_row_of_many(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let flags: Vec<_> = (0..200).map(|n| graph.node("", (), move || n % 3 > 0)).collect();
    let nodes: Vec<_> = (0..200).map(|n| graph.node("", (), move || n)).collect();
    nodes.iter().zip(&flags).for_each(|(&node, &flag)| graph.only_if(node, flag));
    let joins: Vec<_> = nodes
        .iter()
        .map(|node| graph.node("", node.outcome(), |x: Told<'_, i32>| x.map_or(-1, |x| *x)))
        .collect();
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        assert!((0..).zip(&joins).all(|(n, &join)| results[join] == if n % 3 > 0 { n } else { -1 }));
    }
}

/// What wasn't chosen did not run for that reason, and not because of the cancel.
fn cancelled_behind_a_choice(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let flag = graph.node("flag", (), || false);
    let chosen = graph.node("chosen", (), || ());
    graph.only_if(chosen, flag);
    let cancels = graph.node("cancels", (), || token.cancel());
    graph.always_after(cancels, chosen);
    let late = graph.node("late", cancels, |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token);
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("cancelled");
    assert_eq!(error.to_string(), "cancelled, 1 node did not run: late");
    assert!(matches!(error, RunError::Cancelled { .. }));
    assert_eq!(graph.results().get(late), Err(NoResult::NotRun));
}

/// Priorities, limits and places, and orders by a seed.
#[test]
fn whatever_the_order() {
    with_all_runners(|runner| {
        let mut graph = GraphBuilder::new();
        let flags = [true, false].map(|flag| graph.node("flag", (), move || flag));
        let limit = graph.limit(1);
        let mut nodes = Vec::new();
        for number in 0..12 {
            let node = graph.node("", (), move || number);
            graph.only_if(node, flags[number % 2]);
            match number % 3 {
                0 => graph.priority(node, 5),
                1 => graph.limited(node, limit),
                _ => graph.on_caller(node),
            }
            nodes.push(node);
        }
        let mut graph = graph.build().expect("a valid graph");
        for seed in 0..30 {
            let options = if seed == 0 { RunOptions::new() } else { RunOptions::new().shuffle(seed) };
            let results = runner.typed_with(&mut graph, &options).expect("nothing fails");
            for (number, &node) in nodes.iter().enumerate() {
                assert_eq!(results.get(node).is_ok(), number % 2 == 0);
            }
        }
    });
}

#[test]
fn a_condition_of_another_graph() {
    let flag = GraphBuilder::new().input::<bool>("flag");
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || 1);
    graph.only_if(node, flag);
    let error = graph.build().map(drop).expect_err("another graph's");
    assert!(matches!(&error, GraphError::ForeignHandles(nodes) if nodes[0].name() == "node"), "{error}");
}

#[test]
fn a_condition_that_waits_for_what_it_is_for() {
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), || true);
    graph.only_if(node, node);
    let error = graph.build().map(drop).expect_err("a cycle");
    assert!(matches!(error, GraphError::Cycle(_)), "{error}");
}
