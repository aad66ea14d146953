//! Closures that can be called once.

use crate::support::counted::Counter;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, GraphBuilder, MovedValues, RunOptions, once};
use dgraph_tests::yields::yields;

over_typed_runners!(
    it_gives_away_what_it_owns,
    futures_that_own_what_they_use,
    a_second_run_names_the_node,
    a_run_that_did_not_call_it,
    an_update_that_need_not_call_it,
);

fn it_gives_away_what_it_owns(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (a, b) = (counter.make(1), counter.make(2));
    let a = graph.node("a", (), once(move || a));
    let list = [a.moved()];
    let four = a_number(&mut graph);
    let sum = graph.node(
        "sum",
        (list, four),
        once(move |list: MovedValues<'_, _>, four: &u64| {
            let list: Vec<crate::support::counted::Counted> = list.collect();
            list[0].get() + b.get() + four
        }),
    );
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(counter.alive(), 2);
    assert_eq!(runner.typed(&mut graph)[sum], 7);
    assert_eq!(counter.alive(), 0);
}

fn a_number(graph: &mut GraphBuilder<'_>) -> dgraph_exec::Node<u64> {
    graph.node("number", (), once(|| 4))
}

fn futures_that_own_what_they_use(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let number = a_number(&mut graph);
    let (a, b) = (counter.make(1), counter.make(2));
    let sum = graph.async_node(
        "sum",
        number,
        once(async move |number: &u64| {
            yields(2).await;
            let sum = number + a.get();
            drop(a);
            sum
        }),
    );
    let product = graph.async_node(
        "product",
        (number, sum),
        once(async move |x: &u64, y: &u64| {
            yields(1).await;
            x * y * b.get()
        }),
    );
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[product], 40);
    assert_eq!(counter.alive(), 0);
}

fn a_second_run_names_the_node(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), String::new);
    let node = graph.node("the node", text.moved(), once(|text: String| text));
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(runner.typed(&mut graph)[node], "");
    for _ in 0..2 {
        let error = runner.typed_with(&mut graph, &RunOptions::new().catch_panics()).map(drop).unwrap_err();
        assert_eq!(
            error.to_string(),
            "panicked: the node (the closure of node the node was called before, and can be called once)"
        );
        assert_eq!(graph.result(text), Ok(&String::new()), "it isn't moved");
    }
}

fn a_run_that_did_not_call_it(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), once(|| 7));
    let mut graph = graph.build().expect("a valid graph");
    let token = CancelToken::new();
    token.cancel();
    runner.typed_with(&mut graph, &RunOptions::new().cancel_token(&token)).map(drop).unwrap_err();
    assert_eq!(runner.typed(&mut graph)[node], 7);
}

fn an_update_that_need_not_call_it(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let number = a_number(&mut graph);
    let sum = graph.node("sum", (input, number), |a: &u64, b: &u64| a + b);
    let mut graph = graph.build().expect("a valid graph");
    for value in 0..4 {
        graph.set(input, value);
        let results = runner.typed_with(&mut graph, &RunOptions::new().update());
        assert_eq!(results.expect("no node fails")[sum], value + 4);
    }
}
