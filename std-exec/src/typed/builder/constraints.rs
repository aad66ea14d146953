//! What nodes demand of their order and their thread: priorities, limits, places.

use super::graph_builder::GraphBuilder;
use crate::protocol::ready_queue::Place;
use crate::typed::handle::node::AnyNode;
use crate::typed::limits::limit::Limit;
use crate::typed::limits::permits::{Of, Permits};

/// # Order and threads
///
/// A graph that has any of these demands is run in another way: all ready nodes are in one queue, and a node
/// costs some hundred nanoseconds instead of some ten. Where nodes are so short that this would be felt, some
/// five microseconds or less, runs on several threads keep to an order that was found beforehand instead,
/// unless nodes are futures or bound to workers. What that buys:
///
/// - Of the ready nodes that a thread may run it starts the most urgent one: that of the highest
///   [priority](Self::priority), then the one with the longest path behind it, if that was
///   [computed](crate::Graph::prioritize_by), then the one that was declared first. A serial run does too.
///   (In an order that was found beforehand, it is the most urgent one of those that were expected to be
///   ready.)
/// - [Limits](Self::limit) and [bound](Self::on_caller) nodes never block a thread: it runs other nodes, if
///   there are any.
impl<P> GraphBuilder<'_, P> {
    /// Sets the priority of a node, which is 0 otherwise. Of ready nodes the one of the highest priority
    /// starts first. What a node depends on, directly or not, is at least as urgent as the node. A node under
    /// way is not interrupted. The last call counts.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::sync::Mutex;
    /// let order = &Mutex::new(Vec::new());
    /// let mut graph = GraphBuilder::new();
    /// for (name, priority) in [("b", 0), ("c", -5), ("a", 7)] {
    ///     let node = graph.node(name, (), move || order.lock().unwrap().push(name));
    ///     graph.priority(node, priority);
    /// }
    /// graph.build()?.run()?;
    /// assert_eq!(*order.lock().unwrap(), ["a", "b", "c"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn priority(&mut self, node: impl Into<AnyNode>, priority: i32) {
        if let Some(node) = self.nodes.own(node.into()) {
            self.nodes.wishes.prioritize(node, priority);
        }
    }

    /// A limit: of the nodes that are put [under it](Self::limited) at most `at_once` run at the same time,
    /// as for a device or a pool of connections. A node may also want [several](Limit::permits) of its
    /// permits, or [all](Limit::all). The most urgent of those that wait is the next one, and as long as it
    /// wants more than is left, no other one takes any. No thread waits. It is one of this graph, and of each
    /// run by itself: for several, there is [`SharedLimit`](crate::SharedLimit).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::Mutex;
    /// let device = Mutex::new(());
    /// let mut graph = GraphBuilder::new();
    /// let exclusive = graph.limit(1);
    /// for _ in 0..10 {
    ///     let node = graph.node("", (), || drop(device.try_lock().expect("nobody else")));
    ///     graph.limited(node, exclusive);
    /// }
    /// graph.build()?.run_parallel(&Executor::new()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limit(&mut self, at_once: usize) -> Limit {
        Limit { graph: self.nodes.store.id(), index: self.nodes.wishes.limit(at_once), count: at_once }
    }

    /// Puts a node under a limit, of this graph or a [shared](crate::SharedLimit) one; of either it may want
    /// [several permits](Limit::permits). It may be under several limits, and runs when each of them permits
    /// it. Each combination of permits of the graph's limits and threads that occurs makes every node of the
    /// graph take a little longer: there should be tens, not thousands.
    ///
    /// A limit of 0 is an error of [`build`](Self::build), and so is the same limit twice, and more permits
    /// than there are.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::Mutex;
    ///
    /// let (disk, network) = (Mutex::new(0), Mutex::new(0));
    /// let mut graph = GraphBuilder::new();
    /// let (one_on_disk, one_on_network) = (graph.limit(1), graph.limit(1));
    /// for _ in 0..5 {
    ///     let node = graph.node("save", (), || *disk.try_lock().expect("nobody else") += 1);
    ///     graph.limited(node, one_on_disk);
    ///     let node = graph.node("copy", (), || {
    ///         *disk.try_lock().expect("nobody else") += 1;
    ///         *network.try_lock().expect("nobody else") += 1;
    ///     });
    ///     graph.limited(node, one_on_disk);
    ///     graph.limited(node, one_on_network);
    /// }
    /// graph.build()?.run_parallel(&Executor::new()?)?;
    /// assert_eq!((*disk.lock().unwrap(), *network.lock().unwrap()), (10, 5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn limited(&mut self, node: impl Into<AnyNode>, permits: impl Into<Permits>) {
        let Some(node) = self.nodes.own(node.into()) else { return };
        match permits.into().0 {
            Of::Any(limit, permits) => self.nodes.wishes.want(node, limit, permits),
            Of::OneGraph(limit, permits) if limit.graph == self.nodes.store.id() => {
                self.nodes.wishes.put_under(node, limit.index, permits);
            }
            Of::OneGraph(..) => self.nodes.faults.strangers.push(node),
        }
    }

    /// Drops the result of `node` as soon as all nodes that use it are complete, instead of keeping it to the
    /// next run: for large results that are only lent. It is [gone](crate::NoResult::Dropped) then. (A result
    /// that nobody uses stays; so does one that is among the [targets](crate::RunOptions::only) of a run, and
    /// in a run that is stopped what is left.)
    ///
    /// If its destructor panics, the node is complete all the same, as observers have been told, and what
    /// comes after it may run; the panic is that of the run, which names the node (or counts it as
    /// [failed](crate::RunOptions::panics_are_failures)).
    ///
    /// An [update](crate::RunOptions::update) runs the node again if one that runs uses its result. An input
    /// is unset afterwards. The nodes of a graph that has any of these take some nanoseconds longer.
    ///
    /// To keep few alive, users also have to come soon: on one thread see [`depth_first`](Self::depth_first).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, NoResult};
    /// let mut graph = GraphBuilder::new();
    /// let image = graph.node("image", (), || vec![7_u8; 1 << 20]);
    /// let sum = graph.node("sum", image, |image: &Vec<u8>| image.iter().map(|&byte| u64::from(byte)).sum::<u64>());
    /// let size = graph.node("size", image, |image: &Vec<u8>| image.len() as u64);
    /// graph.drop_early(image);
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert_eq!(results[sum], 7 * results[size]);
    /// assert_eq!(results.get(image), Err(NoResult::Dropped));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drop_early(&mut self, node: impl Into<AnyNode>) {
        if let Some(node) = self.nodes.own(node.into()) {
            self.nodes.early.push(node);
        }
    }

    /// Lets a node's dependents come soon after it, so that few results are alive at once: for large results
    /// that are gone when their users have ended, since they are [moved](crate::Node::moved), or [dropped
    /// early](Self::drop_early).
    ///
    /// A run on one thread (`run`, `run_async`, an executor of one) goes through the nodes in the order of
    /// declaration, as far as dependencies permit, and a short run on several threads may go in supersteps:
    /// if a graph is declared layer by layer, all results of a layer are alive at once. With this it goes
    /// depth first instead: chains that don't depend on each other come one after the other, whatever the
    /// order of declaration. Long runs on several threads are depth first in any case, unless nodes have
    /// priorities, limits or a thread: then this is the order among nodes of one priority. Nodes that take
    /// nanoseconds may take some longer, since they aren't gone through in rows.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::sync::Arc;
    ///
    /// let page = Arc::new(()); // counts the pages that are alive
    /// let mut graph = GraphBuilder::new();
    /// let pages: Vec<_> = (0..100).map(|_| graph.node("load", (), || Arc::clone(&page))).collect();
    /// let most: Vec<_> = pages
    ///     .into_iter()
    ///     .map(|page| graph.node("use", (page.moved(),), |page: Arc<()>| Arc::strong_count(&page) - 1))
    ///     .collect();
    /// graph.depth_first();
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert!(most.iter().all(|&most| results[most] == 1)); // and 100 without
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn depth_first(&mut self) {
        self.nodes.wishes.depth_first = true;
    }

    /// Binds a node to the thread that calls the run: for windows and the like. For data that isn't `Send`
    /// see [`GraphBuilder::new_local`]. If the run is a future, that is the thread that polls it; of a graph
    /// that was [spawned](crate::Graph::spawn), the one that polls or joins it, or asks whether it [is
    /// finished](crate::Spawned::is_finished).
    ///
    /// A node that is bound to two threads is an error of [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::thread;
    /// let mut graph = GraphBuilder::new();
    /// let here = graph.node("here", (), || thread::current().id());
    /// graph.on_caller(here);
    /// assert_eq!(graph.build()?.run_parallel(&Executor::new()?)?[here], thread::current().id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_caller(&mut self, node: impl Into<AnyNode>) {
        self.bind(node.into(), Place::Caller);
    }

    /// Binds a node to a worker of the executor, by its number, from 0 to `threads() - 1`: for data that lies
    /// in that thread or that core's caches. In a serial run it runs on the caller like any other.
    ///
    /// It waits until that worker has ended the node that it is in the middle of, and what it has taken of a
    /// run without an order that it helps, for about 100 µs at the most; then it comes first, and runs that
    /// want the same worker take turns. Other spawned runs that wait have their turn too, after about 100 µs
    /// of bound nodes. If the worker's node waits for a run of the same executor, nodes of runs that began
    /// after that one come in between. So a node that runs a graph while it holds a lock can meet, on its
    /// own thread, a bound node that wants the lock, but never one of its own run. If the worker's node
    /// waits for a run of another executor, nothing comes in between: two executors whose graphs run each
    /// other may wait for ever. If all threads are at work on the run, the worker comes in addition to them.
    /// A node that is bound to two threads is an error of [`build`](Self::build); a worker that the executor
    /// doesn't have is an error of the run, [`RunError::NoSuchWorker`](crate::RunError::NoSuchWorker).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::cell::Cell;
    ///
    /// thread_local!(static CACHE: Cell<u32> = const { Cell::new(0) });
    ///
    /// let executor = Executor::builder().threads(2).build()?;
    /// let mut graph = GraphBuilder::new();
    /// let fill = graph.node("fill", (), || CACHE.set(7));
    /// let read = graph.node("read", (fill,), |_: &()| CACHE.get());
    /// graph.on_worker(fill, 1);
    /// graph.on_worker(read, 1); // the thread in which it lies
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run_parallel(&executor)?[read], 7);
    /// assert_eq!(CACHE.get(), 0);
    ///
    /// let alone = Executor::builder().threads(1).build()?;
    /// let error = graph.run_parallel(&alone).unwrap_err();
    /// assert_eq!(error.to_string(), "fill is bound to worker 1, but the executor has 1");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_worker(&mut self, node: impl Into<AnyNode>, worker: usize) {
        self.bind(node.into(), Place::Worker(worker));
    }

    fn bind(&mut self, node: AnyNode, place: Place) {
        if let Some(node) = self.nodes.own(node) {
            self.nodes.wishes.bind(node, place);
        }
    }
}
