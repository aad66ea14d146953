//! Typed graphs that are refused when they are built, and handles that are refused later: each error names
//! the nodes.

use crate::support::counted::Counter;
use dgraph_exec::{GraphBuilder, GraphError, NoResult, Node, RunError, RunOptions};
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};

fn refusal(graph: GraphBuilder<'_>) -> String {
    graph.build().expect_err("it is refused").to_string()
}

#[test]
fn a_cycle_is_a_path_of_names() {
    let mut graph = GraphBuilder::new();
    let source = graph.node("source", (), || 1);
    let c = graph.declare::<i32>("c");
    let a = graph.node("a", (source, c.node()), |x: &i32, y: &i32| x + y);
    let b = graph.node("b", (a,), |x: &i32| *x);
    let c = graph.node(c, (b,), |x: &i32| *x);
    graph.node("sink", (c,), |x: &i32| *x);
    let error = graph.build().expect_err("a cycle");
    assert_eq!(error.to_string(), "dependency cycle: c -> b -> a -> c");
    let GraphError::Cycle(path) = error else { panic!("{error}") };
    assert_eq!(path.first(), path.last());
}

#[test]
fn a_node_that_depends_on_itself() {
    let mut graph = GraphBuilder::new();
    let a = graph.declare::<i32>("a");
    let itself = a.node();
    graph.node(a, (itself,), |x: &i32| *x);
    assert_eq!(refusal(graph), "dependency cycle: a -> a");
}

#[test]
fn a_cycle_of_order_only() {
    let mut graph = GraphBuilder::new();
    let (a, b) = (graph.node("", (), || ()), graph.node("", (), || ()));
    graph.after(a, [b]);
    graph.after(b, [a]);
    assert_eq!(refusal(graph), "dependency cycle: #0 -> #1 -> #0");
}

#[test]
fn undefined_nodes_are_all_named() {
    let mut graph = GraphBuilder::new();
    let a = graph.declare::<i32>("a");
    graph.node("b", (a.node(),), |x: &i32| *x);
    let _ = graph.declare::<String>("");
    assert_eq!(refusal(graph), "declared, but not defined: a, #2");
}

/// The closures of refused definitions are dropped all the same.
#[test]
fn nothing_leaks_when_a_graph_is_refused() {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let _never_defined = graph.declare::<u64>("node");
    let mut other = GraphBuilder::new();
    let stranger = other.declare::<u64>("stranger");
    let (here, elsewhere) = (counter.make(1), counter.make(2));
    graph.node("defined", (), move || here.get());
    graph.node(stranger, (), move || elsewhere.get());
    assert_eq!(counter.alive(), 1);
    graph.build().expect_err("not defined, and of another graph");
    assert_eq!(counter.alive(), 0);
    let mut graph = GraphBuilder::new();
    let captured = counter.make(1);
    graph.node("never built", (), move || captured.get());
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

#[test]
fn handles_of_another_graph() {
    let mut other = GraphBuilder::new();
    let (stranger, strange_input) = (other.node("stranger", (), || 1), other.input::<i32>("input"));
    let declared = other.declare::<i32>("declared");

    let build = |use_it: &dyn Fn(&mut GraphBuilder<'_>)| {
        let mut graph = GraphBuilder::new();
        graph.node("first", (), || ());
        use_it(&mut graph);
        refusal(graph)
    };
    let by_user = "handles of another graph are used by: user";
    assert_eq!(build(&|graph| _ = graph.node("user", (stranger,), |x: &i32| *x)), by_user);
    assert_eq!(build(&|graph| _ = graph.node("user", (strange_input,), |x: &i32| *x)), by_user);
    assert_eq!(build(&|graph| _ = graph.node("user", (stranger.moved(),), |x: i32| x)), by_user);
    let many = |graph: &mut GraphBuilder<'_>| {
        graph.node("user", [stranger], |values: dgraph_exec::Values<'_, i32>| values.len());
    };
    assert_eq!(build(&many), by_user);
    let after = |graph: &mut GraphBuilder<'_>| {
        let user = graph.node("user", (), || ());
        graph.after(user, [stranger]);
    };
    assert_eq!(build(&after), by_user);
    let declared = Cell::new(Some(declared));
    let define = |graph: &mut GraphBuilder<'_>| _ = graph.node(declared.take().expect("once"), (), || 1);
    assert_eq!(build(&define), "handles of another graph are used by: #2");
}

#[test]
fn results_by_handles_of_another_graph() {
    let build = || {
        let mut graph = GraphBuilder::new();
        let node = graph.node("node", (), || 1);
        let input = graph.input::<u32>("input");
        (graph.build().expect("a valid graph"), node, input)
    };
    let ((mut graph, _, input), (_, stranger, strange_input)) = (build(), build());
    graph.set(input, 1);
    let results = graph.run().expect("no node fails");
    assert_eq!(results.get(stranger), Err(NoResult::ForeignHandle));
    assert_eq!(results.why_absent(stranger), Some(NoResult::ForeignHandle));
    let message = |run: &mut dyn FnMut()| {
        let panic = catch_unwind(AssertUnwindSafe(run)).expect_err("a stranger");
        *panic.downcast::<&str>().expect("a message")
    };
    assert_eq!(message(&mut || _ = results[stranger]), "the handle of a node of another graph");
    assert_eq!(message(&mut || _ = graph.set(strange_input, 1)), "the handle of an input of another graph");
    let error = graph.with(&RunOptions::new().only([stranger])).run().expect_err("a stranger");
    assert!(matches!(&error, RunError::ForeignTargets(nodes) if nodes.len() == 1), "{error}");
}

#[test]
fn moved_results_feed_nobody_else() {
    let build = |user: &dyn Fn(&mut GraphBuilder<'_>, Node<String>)| {
        let mut graph = GraphBuilder::new();
        let node = graph.node("node", (), String::new);
        user(&mut graph, node);
        graph.node("taker", (node.moved(),), |text: String| text);
        user(&mut graph, node);
        graph.build().map(|_| ())
    };
    let error = build(&|graph, node| _ = graph.node("user", (node,), |text: &String| text.len()));
    let error = error.expect_err("two want it").to_string();
    assert_eq!(error, "the result of node is moved into taker, but user depends on it too");
    let error = build(&|graph, node| _ = graph.node("second", (node.moved(),), |text: String| text));
    let error = error.expect_err("two want it").to_string();
    assert_eq!(error, "the result of node is moved into second, but taker depends on it too");
    let after = build(&|graph, node| {
        let other = graph.node("", (), || ());
        graph.after(other, [node]);
    });
    assert_eq!(after, Ok(()), "who only comes after doesn't look at it");

    let mut graph = GraphBuilder::new();
    let node = graph.node("node", (), String::new);
    graph.node("both", (node, node.moved()), |_: &String, _: String| ());
    assert_eq!(refusal(graph), "the result of node is moved into both, which depends on it more than once");
}

#[test]
fn unset_inputs_are_all_named() {
    let mut graph = GraphBuilder::new();
    let (x, y, z) = (graph.input::<u8>("x"), graph.input::<u8>("y"), graph.input::<u8>(""));
    let sum = graph.node("sum", (x, y), |x: &u8, y: &u8| x + y);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(y, 1);
    let error = graph.run().expect_err("inputs are missing");
    assert_eq!(error.to_string(), "inputs not set: x, #2");
    assert_eq!(graph.results().get(sum), Err(NoResult::NotRun));
    assert_eq!(graph.results().get(x), Err(NoResult::Unset));
    graph.set(x, 2);
    graph.set(z, 2);
    assert_eq!(graph.run().expect("all set")[sum], 3);
}

#[test]
fn names_in_debug_output() {
    let mut graph = GraphBuilder::new();
    let a = graph.node("a", (), || 1);
    let b = graph.try_node("b", (a,), |_: &i32| Err::<i32, _>("no"));
    graph.node("", (b, a), |_: &i32, _: &i32| ());
    assert_eq!(format!("{graph:?}"), "{a: [], b: [a], #2: [b, a]}");
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(format!("{graph:?}"), "{a: [], b: [a], #2: [b, a]}");
    graph.run().expect_err("b fails");
    assert_eq!(format!("{:?}", graph.results()), "{a: result, b: failed, #2: was skipped because of b}");
    assert!(graph.dot().to_string().contains("2 [label=\"#2\"]"));
    assert_eq!(graph.name(a.id()).to_string(), "a");
}
