//! Futures for tests of async nodes: gates that wait until they are opened, and count; and polling by hand.

use dgraph_exec::{Graph, GraphBuilder, Node};
use dgraph_tests::yields::yields;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

/// Futures made of it wait until it is opened. Counts polls, keeps the last poll's waker, and takes down who
/// dropped them.
#[derive(Clone, Default)]
pub(crate) struct Gate(Arc<State>);

#[derive(Default)]
struct State {
    open: AtomicBool,
    polls: AtomicUsize,
    drops: Mutex<Vec<ThreadId>>,
    waker: Mutex<Option<Waker>>,
}

impl Gate {
    /// A future that is ready when the gate is open.
    pub(crate) fn wait(&self) -> Wait {
        Wait(self.clone())
    }

    /// Opens it and wakes the one that was polled last.
    pub(crate) fn open(&self) {
        self.0.open.store(true, SeqCst);
        self.wake();
    }

    pub(crate) fn shut(&self) {
        self.0.open.store(false, SeqCst);
    }

    /// Wakes the one that was polled last, whether or not the gate is open.
    pub(crate) fn wake(&self) {
        if let Some(waker) = self.waker() {
            waker.wake();
        }
    }

    /// A clone of the waker of the last poll.
    pub(crate) fn waker(&self) -> Option<Waker> {
        self.0.waker.lock().expect("no panic").clone()
    }

    pub(crate) fn polls(&self) -> usize {
        self.0.polls.load(SeqCst)
    }

    pub(crate) fn drops(&self) -> usize {
        self.0.drops.lock().expect("no panic").len()
    }

    /// Whether all futures that are gone were dropped by this thread.
    pub(crate) fn dropped_here(&self) -> bool {
        let drops = self.0.drops.lock().expect("no panic");
        drops.iter().all(|&thread| thread == thread::current().id())
    }
}

/// Waits until the gate is open.
pub(crate) struct Wait(Gate);

impl Future for Wait {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let Gate(state) = &self.0;
        state.polls.fetch_add(1, SeqCst);
        *state.waker.lock().expect("no panic") = Some(context.waker().clone());
        // Looked at after the waker is there: who opens the gate from now on wakes it.
        if state.open.load(SeqCst) { Poll::Ready(()) } else { Poll::Pending }
    }
}

impl Drop for Wait {
    fn drop(&mut self) {
        self.0.0.drops.lock().expect("no panic").push(thread::current().id());
    }
}

/// A number below 32 for async closures: they may use what they borrow, not what they own.
pub(crate) fn lent(number: u32) -> &'static u32 {
    static NUMBERS: [u32; 32] = {
        let mut numbers = [0; 32];
        let mut at = 0;
        while at < 32 {
            numbers[at] = at as u32;
            at += 1;
        }
        numbers
    };
    &NUMBERS[number as usize]
}

/// A graph of a future for each gate, which waits for it.
pub(crate) fn waiting_for<'e>(gates: impl IntoIterator<Item = &'e Gate>) -> Graph<'e> {
    let mut graph = GraphBuilder::new();
    for gate in gates {
        graph.async_node("", (), move || gate.wait());
    }
    graph.build().expect("a valid graph")
}

/// A chain of so many nodes, each of which adds 1; every other one lets others go on first. Its last node.
pub(crate) fn yielding_chain(graph: &mut GraphBuilder<'_>, length: u32) -> Node<u32> {
    (0..length).fold(graph.node("start", (), || 0), |last, number| match number % 2 {
        0 => graph.node("", (last,), |x: &u32| x + 1),
        _ => graph.async_node("", (last,), async |x: &u32| {
            yields(1).await;
            x + 1
        }),
    })
}

/// Polls by hand: a task whose wakes are counted.
pub(crate) struct Hand {
    wakes: Arc<Wakes>,
    waker: Waker,
}

#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, SeqCst);
    }
}

impl Hand {
    pub(crate) fn new() -> Self {
        let wakes = Arc::new(Wakes::default());
        Self { waker: Waker::from(Arc::clone(&wakes)), wakes }
    }

    pub(crate) fn poll<F: Future + Unpin>(&self, future: &mut F) -> Poll<F::Output> {
        Pin::new(future).poll(&mut Context::from_waker(&self.waker))
    }

    /// How often it was woken.
    pub(crate) fn wakes(&self) -> usize {
        self.wakes.0.load(SeqCst)
    }

    /// How many have its waker, apart from itself.
    pub(crate) fn wakers(&self) -> usize {
        Arc::strong_count(&self.wakes) - 2
    }
}
