//! What a hostile reading of async runs has found, or has looked for in vain.

use crate::support::runner::executor;
use dgraph_exec::{Executor, GraphBuilder};
use std::future::{pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

/// Polls a future once, with a waker that does nothing.
fn poll_once<F: Future>(future: Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// A flag that futures wait for without a waker: they are polled again and again.
async fn spin_until(flag: &AtomicBool) {
    poll_fn(|context| {
        if flag.load(SeqCst) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// A gate that futures wait for.
#[derive(Default)]
struct Gate {
    open: AtomicBool,
    waiting: Mutex<Vec<Waker>>,
}

impl Gate {
    async fn pass(&self) {
        poll_fn(|context| {
            self.waiting.lock().unwrap().push(context.waker().clone());
            if self.open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
    }

    fn open(&self) {
        self.open.store(true, SeqCst);
        let waiting = std::mem::take(&mut *self.waiting.lock().unwrap());
        waiting.into_iter().for_each(Waker::wake);
    }
}

/// `join!` and `select!` poll all that they wait for whenever one of it was woken.
#[test]
fn a_run_may_be_polled_in_vain() {
    let gate = Gate::default();
    let mut graph = GraphBuilder::new();
    let node = graph.async_node("node", (), async || {
        gate.pass().await;
        7
    });
    let mut graph = graph.build().unwrap();
    let mut run = pin!(graph.run_async());
    for _ in 0..3 {
        assert!(poll_once(run.as_mut()).is_pending());
    }
    gate.open();
    let Poll::Ready(results) = poll_once(run.as_mut()) else { panic!("all is done") };
    assert_eq!(results.unwrap()[node], 7);
}

/// The list of wakers stays as the run before has left it.
#[test]
fn a_run_after_one_that_was_dropped_asleep() {
    let polls = AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    graph.async_node("node", (), async || {
        polls.fetch_add(1, SeqCst);
        pending::<()>().await;
    });
    let mut graph = graph.build().unwrap();
    for _ in 0..3 {
        let mut run = pin!(graph.run_async());
        assert!(poll_once(run.as_mut()).is_pending());
    }
    assert_eq!(polls.load(SeqCst), 3);
}

#[test]
fn on_one_thread_after_a_team_and_the_other_way_round() {
    let executor = executor(2);
    let gate = Arc::new(Gate::default());
    let mut graph = GraphBuilder::new();
    let shared = Arc::clone(&gate);
    graph.async_node("node", (), move || {
        let gate = Arc::clone(&shared);
        async move { gate.pass().await }
    });
    let mut graph = graph.build().unwrap();
    for round in 0..50 {
        gate.open.store(false, SeqCst);
        {
            // Dropped while it waits.
            let mut run = pin!(graph.run_parallel_async(&executor));
            assert!(poll_once(run.as_mut()).is_pending());
            while round % 2 == 0 && gate.waiting.lock().unwrap().is_empty() {
                thread::yield_now();
            }
        }
        assert!(poll_once(pin!(graph.run_async())).is_pending());
        gate.open();
        assert!(graph.run_parallel(&executor).is_ok());
        assert!(graph.run().is_ok());
        assert!(block_on(graph.run_parallel_async(&executor)).is_ok());
        assert!(block_on(graph.run_async()).is_ok());
    }
}

/// Futures that wake themselves, as many as there are threads, wait for a node that nobody has begun.
#[test]
fn futures_that_wake_themselves_keep_no_node_waiting() {
    let flag = Arc::new(AtomicBool::new(false));
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    for _ in 0..5 {
        let flag = Arc::clone(&flag);
        graph.async_node("spin", (), move || {
            let flag = Arc::clone(&flag);
            async move { spin_until(&flag).await }
        });
    }
    let first = graph.node("first", (), || ());
    let second = graph.node("second", (first,), |&(): &()| ());
    let set = Arc::clone(&flag);
    graph.node("set", (second,), move |&(): &()| set.store(true, SeqCst));
    let mut graph = graph.build().unwrap();
    for _ in 0..20 {
        flag.store(false, SeqCst);
        graph.run_parallel(&executor).unwrap();
        flag.store(false, SeqCst);
        block_on(graph.run_parallel_async(&executor)).unwrap();
    }
}

/// As above, but what they wait for is on the stack of a thread that is in a body, which waits for it too.
#[test]
fn futures_that_wake_themselves_rob() {
    let flag = Arc::new(AtomicBool::new(false));
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let meeting = Arc::new(Barrier::new(2));
    let start = graph.node("start", (), || ());
    let shared = Arc::clone(&flag);
    graph.async_node("spin", (), move || {
        let flag = Arc::clone(&shared);
        async move { spin_until(&flag).await }
    });
    // Both are made ready by one thread, which begins one of them.
    for _ in 0..2 {
        let (meeting, flag) = (Arc::clone(&meeting), Arc::clone(&flag));
        graph.node("meet", (start,), move |&(): &()| {
            meeting.wait();
            flag.store(true, SeqCst);
        });
    }
    let mut graph = graph.build().unwrap();
    for _ in 0..100 {
        flag.store(false, SeqCst);
        graph.run_parallel(&executor).unwrap();
    }
}

/// Two futures that wake each other for ever leave roots to others, and to their own thread.
#[test]
fn futures_that_wake_each_other_keep_no_node_waiting() {
    struct Pair {
        wakers: Mutex<[Option<Waker>; 2]>,
        done: AtomicBool,
    }
    let pair = Arc::new(Pair { wakers: Mutex::default(), done: AtomicBool::new(false) });
    let executor = executor(2);
    let mut graph = GraphBuilder::new();
    let (until, sets) = (Arc::clone(&pair), Arc::clone(&pair));
    // Keeps one thread busy.
    graph.node("busy", (), move || {
        while !until.done.load(SeqCst) {
            thread::yield_now();
        }
    });
    for place in 0..2 {
        let pair = Arc::clone(&pair);
        graph.async_node("ping", (), move || {
            let pair = Arc::clone(&pair);
            async move {
                poll_fn(|context| {
                    let mut wakers = pair.wakers.lock().unwrap();
                    wakers[place] = Some(context.waker().clone());
                    let other = wakers[1 - place].take();
                    drop(wakers);
                    if let Some(other) = other {
                        other.wake();
                    }
                    if pair.done.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
                })
                .await;
                if let Some(other) = pair.wakers.lock().unwrap()[1 - place].take() {
                    other.wake();
                }
            }
        });
    }
    for _ in 0..40 {
        graph.node("filler", (), || ());
    }
    graph.node("set", (), move || sets.done.store(true, SeqCst));
    let mut graph = graph.build().unwrap();
    for _ in 0..20 {
        pair.done.store(false, SeqCst);
        *pair.wakers.lock().unwrap() = [None, None];
        graph.run_parallel(&executor).unwrap();
    }
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

/// A run that ends before it begins, since a result of the one before panics when it is dropped, leaves the graph as it was.
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
        let mut run =
            Box::pin(if on_workers { graph.run_parallel_async(&executor) } else { graph.run_async() });
        assert!(catch_unwind(AssertUnwindSafe(|| drop(poll_once(run.as_mut())))).is_err());
        // It has panicked: it doesn't begin once more.
        assert!(catch_unwind(AssertUnwindSafe(|| drop(poll_once(run.as_mut())))).is_err());
        drop(run);
        assert_eq!(graph.run().unwrap()[node], 1);
    }
}

/// A run that is given up waits for a node that runs another graph, whose nodes need two threads.
#[test]
fn a_run_is_given_up_while_a_node_runs_a_graph() {
    for _ in 0..50 {
        let executor = Arc::new(executor(2));
        let (begun, meeting) = (Arc::new(Barrier::new(2)), Arc::new(Barrier::new(2)));
        let mut graph = GraphBuilder::new();
        let shared = (Arc::clone(&executor), Arc::clone(&begun), Arc::clone(&meeting));
        graph.node("outer", (), move || {
            let (executor, begun, meeting) = &shared;
            let mut inner = GraphBuilder::new();
            for _ in 0..2 {
                inner.node("meet", (), || meeting.wait().is_leader());
            }
            let mut inner = inner.build().unwrap();
            begun.wait();
            // Time for the owner to lie down: nothing depends on it.
            (0..1_000).for_each(|_| thread::yield_now());
            inner.run_parallel(executor).unwrap();
        });
        graph.async_node("waits", (), pending::<()>);
        let mut graph = graph.build().unwrap();
        let mut run = Box::pin(graph.run_parallel_async(&executor));
        assert!(poll_once(run.as_mut()).is_pending());
        begun.wait();
        drop(run);
    }
}

/// Teams of detached runs are used by others at once: nothing of the owner's sleep is left in them.
#[test]
fn detached_and_blocking_runs_take_turns() {
    let executor = executor(2);
    let mut detached = GraphBuilder::new();
    let a = detached.async_node("a", (), async || 1);
    detached.node("b", (a,), |a: &i32| a + 1);
    let mut detached = detached.build().unwrap();
    let mut blocking = GraphBuilder::new();
    let meeting = Barrier::new(2);
    for _ in 0..2 {
        blocking.node("meet", (), || meeting.wait().is_leader());
    }
    let mut blocking = blocking.build().unwrap();
    for _ in 0..2_000 {
        block_on(detached.run_parallel_async(&executor)).unwrap();
        blocking.run_parallel(&executor).unwrap();
    }
}

/// Runs that are given up just after they have begun, on an executor with one place.
#[test]
fn runs_are_given_up_at_once() {
    for threads in [1, 2] {
        let executor: Executor = executor(threads);
        let mut graph = GraphBuilder::new();
        let node = graph.node("node", (), || ());
        graph.async_node("waits", (node,), |&(): &()| pending::<()>());
        let mut graph = graph.build().unwrap();
        for _ in 0..3_000 {
            drop(poll_once(pin!(graph.run_parallel_async(&executor))));
        }
    }
}
