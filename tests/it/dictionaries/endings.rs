//! Dictionaries of functions, async ones among them: how their runs end, and what can be done with one.

use crate::support::runner::{Runner, executor, over_function_runners};
use dgraph_exec::{
    CancelToken, Executor, FnGraph, FnKey, FnResults, NoResult, RunAsync, RunOptions, create_graph,
};
use dgraph_tests::yields::yields;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, Waker};

over_function_runners!(
    results_move_out,
    a_panic,
    cancelled_before_it_begins,
    dictionaries_take_the_same_options,
    some_functions,
);

fn results_move_out(runner: &Runner) {
    async fn text() -> String {
        "moved".into()
    }
    async fn stranger() {}
    let mut graph = create_graph! { text: [] }.expect("a valid graph");
    let results = runner.dictionary(&mut graph);
    assert_eq!((results.get(text).map(String::as_str), results.get(stranger)), (Some("moved"), None));
    assert_eq!(graph.take(text).as_deref(), Some("moved"));
    assert_eq!((graph.take(text), graph.take(stranger)), (None, None));
    assert_eq!(graph.results().get(text), None);
    assert_eq!(runner.dictionary(&mut graph).get(text).map(String::as_str), Some("moved"));
}

fn a_panic(runner: &Runner) {
    async fn first() -> u8 {
        1
    }
    async fn second(first: &u8) -> u8 {
        yields(1).await;
        assert!(*first > 1, "too small");
        2
    }
    async fn third(second: &u8) -> u8 {
        *second
    }
    let mut graph = create_graph! { third: [second], second: [first], first: [] }.expect("a valid graph");
    for _ in 0..2 {
        let thrown = catch_unwind(AssertUnwindSafe(|| runner.dictionary(&mut graph).get(third).copied()));
        assert_eq!(thrown.expect_err("it panics").downcast_ref(), Some(&"too small"));
        let error = runner.dictionary_with(&mut graph, &RunOptions::new().catch_panics());
        assert_eq!(error.expect_err("it panics").to_string(), "panicked: second (too small)");
        let results = graph.results();
        assert_eq!((results.get(first), results.get(second), results.get(third)), (Some(&1), None, None));
    }
}

fn cancelled_before_it_begins(runner: &Runner) {
    async fn a() -> u8 {
        1
    }
    async fn b(a: &u8) -> u8 {
        *a
    }
    let mut graph = create_graph! { b: [a], a: [] }.expect("a valid graph");
    let token = CancelToken::new();
    token.cancel();
    let error = runner.dictionary_with(&mut graph, &RunOptions::new().cancel_token(&token));
    assert_eq!(error.expect_err("cancelled").to_string(), "cancelled, 2 nodes did not run: b, a");
    assert_eq!(graph.results().get(a), None);
    assert_eq!(runner.dictionary(&mut graph).get(b), Some(&1));
}

#[test]
fn a_run_that_is_dropped_half_way() {
    static LIVE: AtomicUsize = AtomicUsize::new(0);
    static OPEN: AtomicBool = AtomicBool::new(false);

    struct Counted;
    impl Drop for Counted {
        fn drop(&mut self) {
            LIVE.fetch_sub(1, Relaxed);
        }
    }
    fn before() -> u8 {
        1
    }
    async fn waits(before: &u8) -> u8 {
        LIVE.fetch_add(1, Relaxed);
        let _counted = Counted;
        poll_fn(|_| if OPEN.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }).await;
        before + 1
    }
    fn after(waits: &u8) -> u8 {
        waits + 1
    }
    fn begin<'g>(graph: &'g mut FnGraph, on: Option<&Executor>) -> RunAsync<'g, FnGraph> {
        match on {
            None => graph.run_async(),
            Some(executor) => graph.run_parallel_async(executor),
        }
    }
    let mut graph = create_graph! { after: [waits], waits: [before], before: [] }.expect("a valid graph");
    let executor = executor(2);
    for on in [None, Some(&executor)] {
        OPEN.store(false, Relaxed);
        drop(begin(&mut graph, on));
        assert_eq!(graph.results().get(before), None, "nothing happens before the first poll");
        {
            let mut run = pin!(begin(&mut graph, on));
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert_eq!(LIVE.load(Relaxed), 0, "what the future held is gone");
        assert_eq!(graph.results().get(after), None);
        OPEN.store(true, Relaxed);
        assert_eq!(
            pollster::block_on(begin(&mut graph, on)).expect("no function fails").get(after),
            Some(&3)
        );
        assert_eq!(LIVE.load(Relaxed), 0);
        graph.take(before);
    }
}

#[test]
fn runs_can_be_sent() {
    fn check<T: Send>() {}
    check::<RunAsync<'static, FnGraph>>();
    check::<FnResults<'static>>();
}

#[test]
fn what_a_run_says_of_itself() {
    async fn waits() {
        std::future::pending::<()>().await;
    }
    let mut graph = create_graph! { waits: [] }.expect("a valid graph");
    let mut run = pin!(graph.run_async());
    assert_eq!(format!("{run:?}"), r#"RunAsync { run: not begun, .. }"#);
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    assert_eq!(format!("{run:?}"), r#"RunAsync { run: under way, .. }"#);
}

fn dictionaries_take_the_same_options(runner: &Runner) {
    fn first() -> u8 {
        1
    }
    fn second(first: &u8) -> u8 {
        assert!(*first > 1, "too small");
        2
    }
    fn third(second: &u8) -> u8 {
        *second
    }
    let mut graph = create_graph! { third: [second], second: [first], first: [] }.expect("a valid graph");
    let token = CancelToken::new();
    token.cancel();
    let error = runner.dictionary_with(&mut graph, &RunOptions::new().cancel_token(&token));
    assert_eq!(
        error.expect_err("cancelled").to_string(),
        "cancelled, 3 nodes did not run: third, second, first"
    );
    let error = runner.dictionary_with(&mut graph, &RunOptions::new().catch_panics());
    assert_eq!(error.expect_err("it panics").to_string(), "panicked: second (too small)");
    let results = graph.results();
    assert_eq!((results.get(first), results.get(second), results.get(third)), (Some(&1), None, None));
}

fn some_functions(runner: &Runner) {
    async fn parse() -> u32 {
        3
    }
    fn check(number: &u32) -> bool {
        *number > 0
    }
    fn install(_: &bool) {
        panic!("not today");
    }
    fn stranger() {}
    let mut graph = create_graph! { install: [check], check: [parse], parse: [] }.expect("a valid graph");
    let options = RunOptions::new().only(graph.node(check));
    let results = runner.dictionary_with(&mut graph, &options).expect("no function fails");
    assert_eq!((results.get(parse), results.get(check)), (Some(&3), Some(&true)));
    assert_eq!((results.why_absent(check), results.why_absent(install)), (None, Some(NoResult::NotNeeded)));
    assert_eq!(results.why_absent(stranger), Some(NoResult::ForeignHandle));
    assert!(graph.node(stranger).is_none());
    let check = graph.node(check).expect("a key");
    assert_eq!(graph.key(check).map(FnKey::name), Some("check"));
    assert_eq!(graph.result(check), Ok(&true), "the typed graph's");
}
