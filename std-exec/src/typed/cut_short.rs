//! Runs that are cut short say nothing about those that come after them.

use crate::executor::Executor;
use crate::typed::builder::graph_builder::GraphBuilder;
use crate::typed::error::run_error::RunError;
use crate::typed::options::cancel::CancelToken;
use crate::typed::options::run_options::RunOptions;
use dgraph_core::{Dag, NodeId};
use std::future::ready;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Whether an executor has learnt from a run what later ones may take.
fn learns(run: impl FnOnce(&Executor)) -> bool {
    let executor = Executor::builder().threads(2).build().expect("no demands");
    run(&executor);
    let shared = &executor.handle().shared;
    [false, true].into_iter().any(|comes_back| shared.tuner(comes_back).knows_any())
}

/// Whether it does from a run with these options of a graph that `add` completes, whose outcome is as
/// expected.
fn learns_from(
    add: impl FnOnce(&mut GraphBuilder<'static>),
    options: &RunOptions,
    expected: impl FnOnce(Result<(), RunError>) -> bool,
) -> bool {
    let mut graph = GraphBuilder::new();
    add(&mut graph);
    let first = graph.node("first", (), || 1_u32);
    (0..60).for_each(|_| _ = graph.node("behind", first, |first: &u32| first + 1));
    let mut graph = graph.build().expect("a valid graph");
    learns(|executor| {
        let ended = graph.with(options).run_parallel(executor).map(drop);
        assert!(expected(ended));
    })
}

#[test]
fn a_run_to_the_end_says_something() {
    let options = RunOptions::new();
    assert!(learns_from(|_| (), &options, |ended| ended.is_ok()));
    assert!(learns_from(
        |graph| _ = graph.async_node("future", (), || ready(1)),
        &options,
        |ended| ended.is_ok()
    ));
    assert!(learns_from(
        |graph| {
            let urgent = graph.node("urgent", (), || 1);
            graph.priority(urgent, 1);
        },
        &options,
        |ended| ended.is_ok()
    ));
    let dag = Dag::from_edges(64, &[(0, 1)]).expect("a valid graph");
    assert!(learns(|executor| executor.run(&dag, |_| ())));
}

#[test]
fn a_failure_cuts_a_run_short() {
    let fails = |ended| matches!(ended, Err(RunError::Failed(_)));
    let fail = |graph: &mut GraphBuilder<'static>| _ = graph.try_node("fails", (), || Err::<u32, _>("no"));
    assert!(!learns_from(fail, &RunOptions::new(), fails));
    let fail_in_order = |graph: &mut GraphBuilder<'static>| {
        let fails = graph.try_node("fails", (), || Err::<u32, _>("no"));
        graph.priority(fails, 1);
    };
    assert!(!learns_from(fail_in_order, &RunOptions::new(), fails));
    let fail_later = |graph: &mut GraphBuilder<'static>| {
        _ = graph.try_async_node("fails", (), || ready(Err::<u32, _>("no")));
    };
    assert!(!learns_from(fail_later, &RunOptions::new(), fails));
}

#[test]
fn so_do_a_cancel_and_a_panic() {
    let token = CancelToken::new();
    token.cancel();
    let options = RunOptions::new().cancel_token(&token);
    assert!(!learns_from(|_| (), &options, |ended| matches!(ended, Err(RunError::Cancelled { .. }))));
    let panics = |graph: &mut GraphBuilder<'static>| _ = graph.node("panics", (), || panic!("on purpose"));
    let options = RunOptions::new().catch_panics();
    assert!(!learns_from(panics, &options, |ended| matches!(ended, Err(RunError::Panicked(_)))));
    let dag = Dag::from_edges(64, &[]).expect("a valid graph");
    assert!(!learns(|executor| {
        let body = |node: NodeId| assert_ne!(node.get(), 0, "on purpose");
        let ended = catch_unwind(AssertUnwindSafe(|| executor.run(&dag, body)));
        assert!(ended.is_err());
    }));
}
