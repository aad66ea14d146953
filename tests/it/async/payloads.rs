//! Destructors that panic, of payloads, errors, results and wakers, and wakers that panic: nothing else is
//! left out because of them.

use crate::support::gate::{Gate, Hand};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{CancelToken, FailurePolicy, Graph, GraphBuilder, RunOptions};
use std::error::Error;
use std::fmt;
use std::future::{Future, pending};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

over_typed_runners!(
    a_payload_that_panics_leaves_no_future_behind,
    an_error_that_panics_when_dropped_beside_a_panic,
    a_future_and_what_it_gave_panic_when_dropped,
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

/// Two futures that wait throw when they are dropped, of which the second one's payload is dropped unseen,
/// and panics. The third, which borrows from an input, was left where it was then, and polled in the next
/// run.
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

/// A future that is ready at once; its destructor and that of what it gives panic.
struct Ends(#[allow(dead_code)] Bad);

impl Future for Ends {
    type Output = Bad;
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Bad> {
        Poll::Ready(Bad)
    }
}

/// The process was aborted: what the future had given was dropped while its destructor's panic unwound.
fn a_future_and_what_it_gave_panic_when_dropped(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    graph.async_node("ends", (), || Ends(Bad));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..2 {
        let thrown = catch_unwind(AssertUnwindSafe(|| _ = runner.typed(&mut graph)));
        assert_eq!(thrown.expect_err("a destructor panics").downcast_ref(), Some(&"a destructor"));
    }
}

/// Nobody sees the errors of a run that is dropped half way. They were dropped at once: the process was
/// aborted if that was while a panic unwound, or if there were two, and otherwise the graph was lost.
#[test]
fn errors_of_a_run_that_is_dropped_half_way() {
    let executor = executor(2);
    for case in 0..8_usize {
        let (errors, on_workers, unwinding) = (1 + case % 2, case & 2 != 0, case & 4 != 0);
        let (failed, waits) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(true)));
        let mut graph = GraphBuilder::new();
        for _ in 0..errors {
            let failed = Arc::clone(&failed);
            graph.try_node("fails", (), move || {
                failed.fetch_add(1, SeqCst);
                Err::<(), _>(Bad)
            });
        }
        let value = graph.node("value", (), || 7);
        let pends = Arc::clone(&waits);
        graph.async_node("waits", (), move || {
            let pends = Arc::clone(&pends);
            async move {
                if pends.load(SeqCst) {
                    pending::<()>().await;
                }
            }
        });
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let half_way = catch_unwind(AssertUnwindSafe(|| {
            let mut run = pin!(match on_workers {
                true => graph.with(&options).run_parallel_async(&executor),
                false => graph.with(&options).run_async(),
            });
            assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            while failed.load(SeqCst) < errors {
                thread::yield_now();
            }
            assert!(!unwinding, "the user");
        }));
        let thrown = half_way.err().map(|payload| *payload.downcast::<&str>().expect("a text"));
        assert_eq!(thrown, unwinding.then_some("the user"));
        waits.store(false, SeqCst);
        let failed = graph.with(&options).run().map(drop).expect_err("some nodes fail");
        assert!(catch_unwind(AssertUnwindSafe(|| drop(failed))).is_err());
        assert_eq!(graph.results()[value], 7);
    }
}

/// Nobody sees the errors of a graph with futures that is a node, and whose run is dropped half way: they
/// were dropped while the panic of a future's destructor unwound.
#[test]
fn errors_within_a_run_that_is_dropped_half_way() {
    let executor = executor(2);
    for on_workers in [false, true] {
        let begun = Arc::new(AtomicBool::new(false));
        let begins = Arc::clone(&begun);
        let mut inner = GraphBuilder::new();
        inner.try_node("fails", (), || Err::<(), _>(Bad));
        inner.async_node("waits", (), move || {
            let begins = Arc::clone(&begins);
            async move {
                let _throws = ThrowsBad;
                begins.store(true, SeqCst);
                pending::<()>().await;
            }
        });
        let inner = inner.build().expect("a valid graph");
        let mut graph = GraphBuilder::new();
        let node = graph.graph("inner", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
        let mut graph = graph.build().expect("a valid graph");
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        let mut run = Box::pin(match on_workers {
            true => graph.with(&options).run_parallel_async(&executor),
            false => graph.with(&options).run_async(),
        });
        assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        while !begun.load(SeqCst) {
            thread::yield_now();
        }
        drop(run);
        assert!(graph.results().get(node).is_err());
    }
}

/// A graph that is a node fails with two errors, which are one of the outer graph's: both were dropped at
/// once, also by a user while something else unwound.
#[test]
fn errors_within_an_error() {
    let graph_of_two_errors = || {
        let mut inner = GraphBuilder::new();
        for _ in 0..2 {
            inner.try_node("fails", (), || Err::<(), _>(Bad));
        }
        let mut graph = GraphBuilder::new();
        let inner = inner.build().expect("a valid graph");
        graph.graph("inner", (), inner, |_: &mut Graph<'_>| {}, |_: &mut Graph<'_>| ());
        graph
    };
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);

    let mut graph = graph_of_two_errors();
    graph.async_node("waits", (), pending::<()>);
    let mut graph = graph.build().expect("a valid graph");
    let mut run = Box::pin(graph.with(&options).run_async());
    assert!(run.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    drop(run);

    let mut graph = graph_of_two_errors();
    graph.node("boom", (), || panic!("boom"));
    let mut graph = graph.build().expect("a valid graph");
    let payload =
        catch_unwind(AssertUnwindSafe(|| graph.with(&options).run().map(drop))).expect_err("a node panics");
    assert_eq!(payload.downcast_ref(), Some(&"boom"));

    let mut graph = graph_of_two_errors().build().expect("a valid graph");
    let payload = catch_unwind(AssertUnwindSafe(|| {
        let _error = graph.with(&options).run().map(drop).expect_err("two nodes fail");
        panic!("the user");
    }));
    assert_eq!(payload.expect_err("the user panics").downcast_ref(), Some(&"the user"));
}

/// A spawned run that is refused because of an old result, with a payload whose destructor panics, is dropped
/// with a graph of which another result does so too.
#[test]
fn a_refused_run_is_dropped() {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    graph.node("throws", (), || ThrowsBad);
    graph.node("value", (), || Bad);
    let mut graph = graph.build().expect("a valid graph");
    graph.run().expect("no node fails");
    let spawned = graph.into_with(&RunOptions::new().catch_panics()).spawn(&executor);
    let payload = catch_unwind(AssertUnwindSafe(|| drop(spawned))).expect_err("a destructor panics");
    assert_eq!(payload.downcast_ref(), Some(&"a destructor"));
}

/// The graph that a spawned run takes with it when a node panics was dropped while that unwound.
#[test]
fn results_of_a_spawned_run_that_panics() {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let value = graph.node("value", (), || Bad);
    graph.node("boom", (value,), |_: &Bad| panic!("boom"));
    let spawned = graph.build().expect("a valid graph").spawn(&executor);
    let payload = catch_unwind(AssertUnwindSafe(|| spawned.join().1)).expect_err("a node panics");
    assert_eq!(payload.downcast_ref(), Some(&"boom"));
}

/// A spawned run doesn't begin, because an old result's destructor panics.
#[test]
fn old_results_of_a_spawned_run() {
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    for _ in 0..3 {
        graph.node("value", (), || Bad);
    }
    let mut graph = graph.build().expect("a valid graph");
    graph.run().expect("no node fails");
    let payload =
        catch_unwind(AssertUnwindSafe(|| drop(graph.spawn(&executor)))).expect_err("a destructor panics");
    assert_eq!(payload.downcast_ref(), Some(&"a destructor"));
}

/// A graph is dropped value by value: several destructors may panic, and it may be dropped while something
/// else unwinds.
#[test]
fn a_graph_of_values_that_panic_when_dropped() {
    for unwinding in [false, true] {
        let dropped = Arc::new(AtomicUsize::new(0));
        let mut graph = GraphBuilder::new();
        for _ in 0..3 {
            let counts = Counts(Arc::clone(&dropped));
            graph.node("value", (), move || (Bad, Counts(Arc::clone(&counts.0))));
        }
        let mut graph = graph.build().expect("a valid graph");
        graph.run().expect("no node fails");
        let payload = catch_unwind(AssertUnwindSafe(move || {
            let _dropped = graph;
            assert!(!unwinding, "the user");
        }))
        .expect_err("a destructor or the user panics");
        let expected = if unwinding { "the user" } else { "a destructor" };
        assert_eq!(payload.downcast_ref(), Some(&expected));
        assert_eq!(dropped.load(SeqCst), 6, "three values and three closures");
    }
}

struct Counts(Arc<AtomicUsize>);

impl Drop for Counts {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
    }
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
    let mut first = pin!(first.with(&options()).run_async());
    let mut second = pin!(second.with(&options()).run_async());
    let mut third = pin!(third.with(&options()).run_async());
    let wakers = told.each_ref().map(|told| Waker::from(Arc::clone(told)));
    assert!(first.as_mut().poll(&mut Context::from_waker(&wakers[0])).is_pending());
    assert!(second.as_mut().poll(&mut Context::from_waker(&wakers[1])).is_pending());
    assert!(third.as_mut().poll(&mut Context::from_waker(&wakers[2])).is_pending());
    let payload = catch_unwind(AssertUnwindSafe(|| token.cancel())).expect_err("a waker panics");
    assert_eq!(payload.downcast_ref(), Some(&"a waker"));
    assert!(told.iter().all(|told| told.told.load(SeqCst)));
}

/// A waker whose destructor panics, when it is told to.
struct Bomb(Arc<AtomicBool>);

impl Wake for Bomb {
    fn wake(self: Arc<Self>) {}
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.0.load(SeqCst), "as it was told");
    }
}

/// What a future holds when it is dropped: it looks at what it was fed.
struct Looks<'a>(&'a str, &'a Mutex<Vec<String>>);

impl Drop for Looks<'_> {
    fn drop(&mut self) {
        self.1.lock().unwrap().push(self.0.to_owned());
    }
}

/// Futures are dropped before what they borrow, also if the destructor of the task's waker panics.
#[test]
fn a_waker_whose_destructor_panics() {
    let (seen, told) = (Mutex::new(Vec::new()), Arc::new(AtomicBool::new(false)));
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || "a text that is long enough for the heap".to_owned());
    graph.async_node("looks", (text,), async |text: &String| {
        let _looks = Looks(text, &seen);
        pending::<()>().await;
    });
    let mut graph = graph.build().unwrap();
    for _ in 0..2 {
        let waker = Waker::from(Arc::new(Bomb(Arc::clone(&told))));
        let mut run = Box::pin(graph.run_async());
        assert!(run.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        drop(waker);
        told.store(true, SeqCst);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(run)));
        told.store(false, SeqCst);
        // Whether it is told to anybody or not, the graph can be used again.
        drop(dropped);
        assert_eq!(std::mem::take(&mut *seen.lock().unwrap()), ["a text that is long enough for the heap"]);
    }
}

/// Panics when it is dropped, if it is told to.
struct Fragile(Arc<AtomicBool>);

impl Drop for Fragile {
    fn drop(&mut self) {
        assert!(!self.0.swap(false, SeqCst), "as it was told");
    }
}

/// A run that ends before it begins, since a result of the one before panics when it is dropped, leaves the
/// graph as it was.
#[test]
fn a_panic_before_the_first_node() {
    let executor = executor(2);
    let told = Arc::new(AtomicBool::new(false));
    let mut graph = GraphBuilder::new();
    let shared = Arc::clone(&told);
    graph.node("fragile", (), move || Fragile(Arc::clone(&shared)));
    let node = graph.async_node("node", (), async || 1);
    let mut graph = graph.build().unwrap();
    for on_workers in [false, true] {
        graph.run().unwrap();
        told.store(true, SeqCst);
        let hand = Hand::new();
        let mut run = if on_workers { graph.run_parallel_async(&executor) } else { graph.run_async() };
        assert!(catch_unwind(AssertUnwindSafe(|| drop(hand.poll(&mut run)))).is_err());
        // It has panicked: it doesn't begin once more.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(hand.poll(&mut run)))).is_err());
        drop(run);
        assert_eq!(graph.run().unwrap()[node], 1);
    }
}
