//! A limit that graphs share.

use super::source::PermitSource;
use crate::protocol::semaphore::{Place, Semaphore, Urgency};
use crate::sync::thrown::discard;
use crate::sync::{Mutex, lock};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

/// A number of permits that nodes of any graphs share: those of several graphs, of all runs of a
/// [`Definition`](crate::Definition), on one executor or several, or on none. For what a process has once: a
/// device, a pool of connections, memory. Clones are the same limit.
///
/// Nodes are put under it by [`GraphBuilder::limited`](crate::GraphBuilder::limited): for one permit, for
/// [some](Self::permits), or for [all](Self::all). A node takes them when it would start, and gives them back
/// when it is complete. If it panics, or its future is cut off, they are back when its run has ended, if not
/// before.
///
/// A node that can't have its permits waits, and keeps no thread: the executor runs something else, and a
/// task that polls the run sleeps. The caller of [`run`](crate::Graph::run) or
/// [`run_parallel`](crate::Graph::run_parallel) blocks when all that is left waits.
///
/// *Order.* Nodes of a run that a node has begun, and waits for, come before those of other runs: else these
/// could wait for the same thread. Otherwise the node of the highest
/// [priority](crate::GraphBuilder::priority) comes first, of whatever run; then the one with the longest
/// [path](crate::Graph::prioritize_by) behind it; then the one that came first. As long as that one wants
/// more than is left, no other one takes any: nodes that want many aren't starved.
///
/// *No deadlock.* A node takes all permits of one limit at once, and several limits in an order that is the
/// same for all nodes; [limits of its graph](crate::GraphBuilder::limit) before. So of the nodes that hold
/// permits, some node always goes on. But a node that holds permits should not wait for another run that
/// wants them. For a graph that is a node, that is an error of [`build`](crate::GraphBuilder::build); a run
/// that a closure begins nobody sees.
///
/// *Cost.* A graph with such nodes runs as one with async nodes does; others pay nothing. Where a limit
/// concerns one graph only, [`GraphBuilder::limit`](crate::GraphBuilder::limit) is cheaper.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{DefinitionBuilder, Executor, GraphBuilder, SharedLimit};
/// use std::sync::Mutex;
///
/// static DEVICE: Mutex<u32> = Mutex::new(0);
/// let use_device = || *DEVICE.try_lock().expect("nobody else") += 1;
///
/// let device = SharedLimit::new(1);
/// let mut requests = DefinitionBuilder::new();
/// let node = requests.node("of a request", (), use_device);
/// requests.limited(node, &device);
/// let requests = requests.build()?;
///
/// let mut graph = GraphBuilder::new();
/// for _ in 0..3 {
///     let node = graph.node("of a graph", (), use_device);
///     graph.limited(node, &device);
/// }
/// let mut graph = graph.build()?;
///
/// let executor = Executor::new()?;
/// let others: Vec<_> = (0..3).map(|_| requests.instance().spawn(&executor)).collect();
/// graph.run()?;
/// for other in others {
///     other.join().1?;
/// }
/// assert_eq!(*DEVICE.lock().unwrap(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedLimit {
    inner: Arc<Inner>,
}

struct Inner {
    /// `None`: as many as the source gives.
    count: Option<usize>,
    semaphore: Semaphore,
    source: Option<Source>,
}

struct Source {
    source: Box<dyn PermitSource>,
    asked: Mutex<Asked>,
}

/// Whether the source is being asked.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    No,
    ByAThread,
    /// Also, there is a reason to ask again.
    Again,
}

impl SharedLimit {
    /// A limit of so many permits. Nodes under a limit of 0 are an error of
    /// [`build`](crate::GraphBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, SharedLimit};
    ///
    /// /// Adds a node that uses a connection, of which the process has five.
    /// fn query(graph: &mut GraphBuilder<'_>, connections: &SharedLimit) {
    ///     let node = graph.node("query", (), || ());
    ///     graph.limited(node, connections);
    /// }
    ///
    /// let connections = SharedLimit::new(5);
    /// let mut graphs = [GraphBuilder::new(), GraphBuilder::new()];
    /// graphs.iter_mut().for_each(|graph| query(graph, &connections));
    /// for graph in graphs {
    ///     graph.build()?.run()?;
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new(permits: usize) -> Self {
        let inner = Inner { count: Some(permits), semaphore: Semaphore::new(permits), source: None };
        Self { inner: Arc::new(inner) }
    }

    /// A limit of as many permits as the source gives: it has an example. A node takes one of them, so that
    /// no two processes wait for what the other one holds a part of; to want more is an error of
    /// [`build`](crate::GraphBuilder::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, PermitSource, SharedLimit};
    /// use std::task::{Context, Poll};
    ///
    /// struct Plenty;
    ///
    /// impl PermitSource for Plenty {
    ///     fn poll_take(&self, _: &mut Context<'_>) -> Poll<()> { Poll::Ready(()) }
    ///     fn give_back(&self) {}
    /// }
    ///
    /// let limit = SharedLimit::from_source(Plenty);
    /// let mut graph = GraphBuilder::new();
    /// let node = graph.node("node", (), || 1);
    /// graph.limited(node, &limit);
    /// assert_eq!(graph.build()?.run()?[node], 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn from_source(source: impl PermitSource + 'static) -> Self {
        let source = Source { source: Box::new(source), asked: Mutex::new(Asked::No) };
        let inner = Inner { count: None, semaphore: Semaphore::new(0), source: Some(source) };
        Self { inner: Arc::new(inner) }
    }

    /// How many it has; `None` if the source says.
    pub(crate) fn count(&self) -> Option<usize> {
        self.inner.count
    }

    /// Its place in the order in which nodes take the permits of several limits.
    pub(crate) fn place(&self) -> usize {
        Arc::as_ptr(&self.inner).addr()
    }

    /// Has so many permits promised, or waits for that; see [`Semaphore::ask`].
    pub(crate) fn ask(&self, place: &mut Place, permits: usize, urgency: Urgency, task: &Waker) -> Poll<()> {
        let Self { inner } = self;
        let asked = inner.semaphore.ask(place, permits, urgency, task);
        if asked.is_ready() || inner.source.is_none() {
            return asked;
        }
        Arc::clone(inner).ask();
        inner.semaphore.ask(place, permits, urgency, task)
    }

    /// Takes what is promised at `place`. False if it isn't any more.
    pub(crate) fn take(&self, place: &mut Place) -> bool {
        self.inner.semaphore.take(place)
    }

    /// Who waits at `place` doesn't any more.
    pub(crate) fn leave(&self, place: &mut Place) {
        self.inner.semaphore.leave(place);
        self.inner.return_what_is_left();
    }

    /// Gives so many permits back.
    pub(crate) fn give_back(&self, permits: usize) {
        self.inner.semaphore.give_back(permits);
        self.inner.return_what_is_left();
    }
}

impl Inner {
    /// Asks the source, if there is one, for permits as long as somebody waits; once in any case: it may have
    /// one that was meant for somebody who has gone.
    fn ask(self: Arc<Self>) {
        let Some(Source { source, asked }) = &self.source else { return };
        let Some(mut asking) = Asking::begin(asked) else { return };
        let waker = Waker::from(Arc::clone(&self));
        loop {
            let took = source.poll_take(&mut Context::from_waker(&waker)).is_ready();
            if took {
                self.semaphore.give_back(1);
                self.return_what_is_left();
            }
            if (!took || !self.semaphore.has_waiting()) && asking.is_over() {
                return;
            }
        }
    }

    /// What nobody waits for goes back to where it came from.
    fn return_what_is_left(&self) {
        if let Some(Source { source, .. }) = &self.source {
            while self.semaphore.try_take() {
                // Nobody can do anything about a panic, and least of all who ends a run.
                discard(catch_unwind(AssertUnwindSafe(|| source.give_back())));
            }
        }
    }
}

/// While a thread asks the source. If that panics, the next one may ask.
struct Asking<'a> {
    asked: &'a Mutex<Asked>,
    is_over: bool,
}

impl<'a> Asking<'a> {
    /// `None` if another thread is asking, or this one further down its stack: that will ask again.
    fn begin(asked: &'a Mutex<Asked>) -> Option<Self> {
        let mut now = lock(asked);
        let begins = *now == Asked::No;
        *now = if begins { Asked::ByAThread } else { Asked::Again };
        begins.then(|| Self { asked, is_over: false })
    }

    /// Whether there is no reason to ask again. Then the thread doesn't any more.
    fn is_over(&mut self) -> bool {
        let mut asked = lock(self.asked);
        self.is_over = *asked != Asked::Again;
        *asked = if self.is_over { Asked::No } else { Asked::ByAThread };
        self.is_over
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            *lock(self.asked) = Asked::No;
        }
    }
}

impl Wake for Inner {
    fn wake(self: Arc<Self>) {
        self.ask();
    }
}

impl fmt::Debug for SharedLimit {
    /// How many permits are left, and how many nodes wait.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { count, semaphore, .. } = &*self.inner;
        let (left, waiting) = semaphore.left_and_waiting();
        let mut limit = f.debug_struct("SharedLimit");
        count.iter().for_each(|count| _ = limit.field("permits", count).field("left", &left));
        limit.field("waiting", &waiting).finish()
    }
}
