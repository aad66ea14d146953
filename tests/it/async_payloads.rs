//! Destructors that panic, of payloads and errors, and wakers that panic: nothing else is left out because of them.

use crate::gate::Gate;
use crate::runner::{Runner, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, Graph, GraphBuilder, RunOptions};
use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::task::{Context, Wake, Waker};

over_typed_runners!(
    a_payload_that_panics_leaves_no_future_behind,
    an_error_that_panics_when_dropped_beside_a_panic,
);

/// Its destructor panics.
#[derive(Debug)]
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("a destructor");
    }
}

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bad")
    }
}

impl Error for Bad {}

/// Throws one when it is dropped.
struct ThrowsBad;

impl Drop for ThrowsBad {
    fn drop(&mut self) {
        panic_any(Bad);
    }
}

/// Two futures that wait throw when they are dropped, of which the second one's payload is dropped unseen, and panics. The third,
/// which borrows from an input, was left where it was then, and polled in the next run.
fn a_payload_that_panics_leaves_no_future_behind(runner: &Runner) {
    let (bad, gate) = (&AtomicBool::new(true), &Gate::default());
    let mut graph = GraphBuilder::new();
    let text = graph.input::<String>("text");
    for name in ["a", "b"] {
        graph.async_node(name, (), move || async move {
            if bad.load(SeqCst) {
                let _throws = ThrowsBad;
                pending::<()>().await;
            }
        });
    }
    let copy = graph.async_node("copy", (text,), async |text: &String| {
        let text: &str = text;
        gate.wait().await;
        text.to_owned()
    });
    graph.node("boom", (), move || assert!(!bad.load(SeqCst), "boom"));
    let mut graph = graph.build().expect("a valid graph");
    for round in 0..5 {
        bad.store(true, SeqCst);
        gate.shut();
        graph.set(text, format!("the text of round {round}, before it goes wrong"));
        let thrown = catch_unwind(AssertUnwindSafe(|| runner.typed(&mut graph)[copy].len()));
        assert_eq!(thrown.expect_err("it goes wrong").downcast_ref(), Some(&"boom"), "what came first");
        bad.store(false, SeqCst);
        gate.open();
        graph.set(text, format!("the text of round {round}"));
        assert_eq!(runner.typed(&mut graph)[copy], format!("the text of round {round}"));
    }
}

/// The process was aborted: the error was dropped while the panic unwound.
fn an_error_that_panics_when_dropped_beside_a_panic(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.try_node("fails", (), || Err::<(), _>(Bad));
    graph.node("panics", (), || panic!("a node"));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    let run = || runner.typed_with(&mut graph, &options).map(drop).map_err(std::mem::forget);
    let payload = catch_unwind(AssertUnwindSafe(run)).expect_err("a node panics");
    assert_eq!(payload.downcast_ref(), Some(&"a node"));
}

/// What is told that a run may go on; and panics, perhaps.
struct Told {
    panics: bool,
    told: AtomicBool,
}

impl Wake for Told {
    fn wake(self: Arc<Self>) {
        self.told.store(true, SeqCst);
        assert!(!self.panics, "a waker");
    }
}

/// The other runs of a token were never woken.
#[test]
fn a_token_wakes_all_its_runs_though_a_waker_panics() {
    let graph = || -> Graph<'_> {
        let mut graph = GraphBuilder::new();
        graph.async_node("waits", (), async || pending::<()>().await);
        graph.build().expect("a valid graph")
    };
    let (mut graphs, token) = ([graph(), graph(), graph()], CancelToken::new());
    let options = || RunOptions::new().cancel_token(&token);
    let told = [true, true, false].map(|panics| Arc::new(Told { panics, told: AtomicBool::new(false) }));
    let [first, second, third] = &mut graphs;
    let mut first = pin!(first.run_async_with(options()));
    let mut second = pin!(second.run_async_with(options()));
    let mut third = pin!(third.run_async_with(options()));
    let wakers = told.each_ref().map(|told| Waker::from(Arc::clone(told)));
    assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
    assert!(third.as_mut().poll(&mut Context::from_waker(&wakers[2])).is_pending());
    let payload = catch_unwind(AssertUnwindSafe(|| token.cancel())).expect_err("a waker panics");
    assert_eq!(payload.downcast_ref(), Some(&"a waker"));
    assert!(told.iter().all(|told| told.told.load(SeqCst)));
}
