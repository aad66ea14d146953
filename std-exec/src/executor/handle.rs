//! The executor: a fixed set of worker threads that run graphs together with whoever calls.

use crate::pool::context;
use crate::pool::shared::Shared;
use crate::pool::threads;
use crate::protocol::ready_queue::ReadyQueue;
use crate::run;
use crate::run::RunStatistics;
use crate::run::body::Body;
use crate::run::ordered;
use crate::sync::fork::Process;
use crate::sync::thrown::discard;
use crate::tuner::{Budget, Plan, Timed};
use dgraph_core::{AsDag, Dag, NodeId};
use std::fmt;
use std::mem;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Worker threads, one per core by default, that run graphs.
///
/// A blocking [`run`](Self::run) counts its caller as one of the executor's threads: the caller works on its
/// own run together with at most `threads() - 1` workers. Any number of threads may run graphs on one
/// executor at once, and a node may run another graph on the executor that runs it, at any depth.
///
/// Dropping the executor ends its threads and waits for them; [`shutdown`](Self::shutdown) does too, and
/// reports a panic of what is [around](crate::ExecutorBuilder::around) them;
/// [`shutdown_timeout`](Self::shutdown_timeout) waits no longer than it is told to. A shutdown is a cancel of
/// all runs that go on then: those without a caller ([spawned](crate::Graph::spawn) and
/// [awaited](crate::Graph::run_parallel_async)), and the typed graphs that their nodes run, at any depth,
/// whether they have futures, bound nodes, or neither. No further node begins; closures under way end;
/// futures are dropped. A run over numbers ([`run`](Self::run)) is a part of the node that called it, and
/// goes on to its end. (A node that blocks until another one has begun may wait for ever.) If a node drops
/// the executor that runs it, that ends the threads, waits for none, and hears of no panic.
///
/// After `fork(2)` the child has none of the threads: there, runs panic and dropping does nothing. On Linux a
/// process that has had an executor must not forbid itself `membarrier(2)`, or it aborts with a line that
/// says so; unless its first executor was made to do without
/// ([`ExecutorBuilder::membarrier`](crate::ExecutorBuilder::membarrier)).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Dag, Executor};
/// use std::sync::atomic::{AtomicU64, Ordering};
///
/// let dag = Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)])?;
/// let executor = Executor::new()?;
/// let sum = AtomicU64::new(0);
/// executor.run(&dag, |node| {
///     sum.fetch_add(node.index() as u64, Ordering::Relaxed);
/// });
/// assert_eq!(sum.into_inner(), 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Executor {
    handle: Handle,
    workers: Vec<JoinHandle<()>>,
}

/// What runs need of an executor. It may outlast the executor: then there are no workers.
#[derive(Clone, Debug)]
pub(crate) struct Handle {
    pub(crate) shared: Arc<Shared>,
    /// How many workers could be started.
    pub(crate) workers: usize,
    /// Where they are.
    process: Process,
}

impl Executor {
    pub(crate) fn from_parts(shared: Arc<Shared>, workers: Vec<JoinHandle<()>>) -> Self {
        let handle = Handle { shared, workers: workers.len(), process: Process::current() };
        Self { handle, workers }
    }

    /// For tests, and models, whose threads are the model checker's: so many live `workers` of `shared`,
    /// which end when this is dropped.
    #[cfg(all(test, not(dgraph_loom)))]
    pub(crate) fn of_model(shared: Arc<Shared>, workers: usize) -> Self {
        let mut executor = Self::from_parts(shared, Vec::new());
        executor.handle.workers = workers;
        executor
    }

    pub(crate) fn handle(&self) -> &Handle {
        &self.handle
    }

    /// How many threads work on a run at the most, its caller included. At least 1.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// let executor = Executor::builder().threads(2).build()?;
    /// // Some pieces for each thread, so that it matters little if one takes longer.
    /// let pieces = 4 * executor.threads();
    /// let numbers: Vec<u32> = (0..1000).collect();
    /// assert_eq!(numbers.chunks(numbers.len().div_ceil(pieces)).len(), 8);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn threads(&self) -> usize {
        self.handle.threads()
    }

    /// Runs `body` once for each node of `dag`, each after all that it depends on, on all threads; blocks
    /// until the last one is done. What a node's predecessors have written is visible to it, and what any
    /// node has written is visible to the caller afterwards.
    ///
    /// The calling thread takes part, and while it waits it executes nodes of this run and of runs nested in
    /// it only; and, if it is one of the executor's workers, nodes that typed graphs have
    /// [bound](crate::GraphBuilder::on_worker) to it, whatever their run. A run of a graph that this executor
    /// has run before allocates nothing; [what is promised](crate#what-is-promised) says when it does all the
    /// same.
    ///
    /// # Panics
    ///
    /// If `body` panics: nothing that depends on the node starts, nor does anything else once the panic has
    /// been caught. When the nodes under way have ended, the first panic is resumed here with its payload.
    /// Graph and executor can be used again at once.
    ///
    /// In a child process that was forked after the executor was made: its threads are not there. (Noticed on
    /// Linux and macOS.) A child that is forked by a node must not return from that node: where it would have
    /// to wait for the run's other threads, it aborts.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    ///
    /// let dag = Dag::from_edges(2, &[(0, 1)])?;
    /// let executor = Executor::builder().threads(2).build()?;
    /// let caught = std::panic::catch_unwind(|| executor.run(&dag, |node| assert_eq!(node.index(), 1, "no")));
    /// assert!(caught.is_err());
    /// executor.run(&dag, |_| {});
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run<D, F>(&self, dag: &D, body: F)
    where
        D: AsDag + ?Sized,
        F: Fn(NodeId) + Sync,
    {
        self.handle.run(dag, body);
    }

    /// Calls `body` once for each node as [`run`](Self::run) does, and says what happened: who ran how many
    /// nodes, how often nodes were shared, stolen, threads woken. The counting costs nothing that could be
    /// measured, and a run that isn't counted nothing at all.
    ///
    /// # Panics
    ///
    /// As [`run`](Self::run).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    ///
    /// let dag = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// let statistics = Executor::new()?.run_with_statistics(&dag, |_| {});
    /// assert_eq!(statistics.nodes, 3);
    /// assert!(statistics.sequential_nodes + statistics.helper_nodes <= 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn run_with_statistics<D, F>(&self, dag: &D, body: F) -> RunStatistics
    where
        D: AsDag + ?Sized,
        F: Fn(NodeId) + Sync,
    {
        self.handle.check_process();
        if self.threads() == 1 {
            dag.view().run(body);
            let nodes = dag.view().node_count();
            RunStatistics { nodes, sequential_nodes: nodes, ..RunStatistics::default() }
        } else {
            run::run_with_statistics(&self.handle.shared, dag, &body)
        }
    }

    /// Ends the executor's threads and waits for them, as dropping it does; see there for runs that are under
    /// way.
    ///
    /// # Panics
    ///
    /// If a function [around](crate::ExecutorBuilder::around) a worker's life panics when that is over: when
    /// all threads have ended, the first such panic is resumed here. (Dropping the executor ignores them, and
    /// so does a node that shuts down what runs it.)
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Executor;
    ///
    /// let around = |worker, life: Box<dyn FnOnce() + '_>| {
    ///     life();
    ///     println!("worker {worker} ends");
    /// };
    /// let executor = Executor::builder().around(around).build()?;
    /// executor.shutdown();
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn shutdown(mut self) {
        if let Some(payload) = self.end() {
            resume_unwind(payload);
        }
    }

    /// Ends the executor's threads and waits for them as [`shutdown`](Self::shutdown) does, for `timeout` at
    /// the most. Returns whether they have ended; those that haven't do so when the nodes that they are in
    /// the middle of have returned.
    ///
    /// # Panics
    ///
    /// As [`shutdown`](Self::shutdown), if all threads have ended.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::{sync::mpsc, time::Duration};
    ///
    /// let executor = Executor::builder().threads(2).build()?;
    /// let (begin, begun) = mpsc::channel();
    /// let (end, ends) = mpsc::channel::<()>();
    /// let mut graph = GraphBuilder::new();
    /// graph.node("stuck", (), move || {
    ///     begin.send(()).unwrap();
    ///     ends.recv().unwrap();
    /// });
    /// let spawned = graph.build()?.spawn(&executor);
    /// begun.recv()?;
    /// assert!(!executor.shutdown_timeout(Duration::from_millis(10)));
    /// end.send(())?;
    /// spawned.join().1?; // its last node was under way
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use = "threads may be left"]
    pub fn shutdown_timeout(mut self, timeout: Duration) -> bool {
        let ended = self.handle.process.is_current() && threads::end_within(&self.handle.shared, timeout);
        if ended {
            self.shutdown();
        } else {
            // Nobody waits for them.
            self.workers.clear();
        }
        ended
    }

    /// Ends the threads. What the first one that has panicked has thrown.
    fn end(&mut self) -> Option<threads::Payload> {
        if self.handle.process.is_current() {
            threads::end(&self.handle.shared, &mut self.workers)
        } else {
            // They are in another process. Neither waiting for them nor detaching them means anything here,
            // and they may have left locks locked.
            mem::forget(mem::take(&mut self.workers));
            None
        }
    }
}

impl Handle {
    /// How many threads work on a run at the most, its caller included: at least 1.
    #[inline]
    pub(crate) fn threads(&self) -> usize {
        self.workers.max(1)
    }

    /// Calls `body` once for each node, on the threads of the executor.
    #[track_caller]
    pub(crate) fn run<D, F>(&self, dag: &D, body: F)
    where
        D: AsDag + ?Sized,
        F: Fn(NodeId) + Sync,
    {
        self.check_process();
        if self.threads() == 1 {
            // Nobody could help, so the order that was found when the graph was built does: no counters, no
            // queue.
            dag.view().run(body);
        } else {
            run::run(&self.shared, dag, &body);
        }
    }

    /// Runs a node of `body` for each of the executor's threads, at once as far as these come.
    #[track_caller]
    pub(crate) fn run_on_each<F: Body>(&self, body: &F) {
        self.check_process();
        run::run(&self.shared, self.shared.one_node_each(), body);
    }

    /// Nobody could help, but somebody may have to call the run off.
    const ALONE: Plan = Plan::Alone { budget: Budget::NONE, timed: Timed::No };

    /// Runs a graph in the process of the executor, which the caller has checked. Where nobody could help, or
    /// call it off, it calls `serially` instead.
    pub(crate) fn run_body<F: Body>(&self, dag: &Dag, body: F, serially: impl FnOnce(F)) {
        if self.threads() == 1 && context::is_in_run_of(self.shared.id()) {
            run::run_as(&self.shared, dag, &body, Some(Self::ALONE), None);
        } else if self.threads() == 1 {
            serially(body);
        } else {
            run::run(&self.shared, dag, &body);
        }
    }

    /// Runs a graph in the order and on the threads that `queue` says; on one thread in the order `serial`.
    /// Begins as `forced` says, if it does. Where nobody could help, or call it off, and nobody else is
    /// demanded, it calls `serially` instead.
    pub(crate) fn run_ordered<F>(
        &self,
        dag: &Dag,
        (queue, serial): (&mut ReadyQueue, &[NodeId]),
        body: F,
        serially: impl FnOnce(F),
        forced: Option<Plan>,
    ) where
        F: Body,
    {
        let alone = self.threads() == 1 && queue.last_worker().is_none();
        if alone && !context::is_in_run_of(self.shared.id()) {
            serially(body);
        } else {
            let forced = if alone { Some(Self::ALONE) } else { forced };
            ordered::run(&self.shared, dag, queue, serial, &body, forced);
        }
    }

    #[inline]
    #[track_caller]
    pub(crate) fn check_process(&self) {
        if !self.process.is_current() {
            forked();
        }
    }
}

#[cold]
#[inline(never)]
#[track_caller]
fn forked() -> ! {
    panic!(
        "this executor was made before a fork: its threads are not in this process, which must make its own"
    );
}

/// A panic that goes through [`Executor::run`] leaves nothing half done behind.
impl UnwindSafe for Executor {}
impl RefUnwindSafe for Executor {}

impl Drop for Executor {
    fn drop(&mut self) {
        if let Some(payload) = self.end() {
            // The thread's panic has been printed; there is nobody to tell here.
            discard(payload);
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("threads", &self.threads()).finish_non_exhaustive()
    }
}
