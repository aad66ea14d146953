//! The executor: a fixed set of worker threads that run graphs together with whoever calls.

use crate::builder::{ExecutorBuilder, ExecutorError};
use crate::run;
use crate::shared::Shared;
use dgraph_core::{AsDag, NodeId};
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::sync::Arc;
use std::thread::JoinHandle;

/// Worker threads, one a core by default, that run graphs.
///
/// A blocking [`run`](Self::run) counts its caller as one of the executor's threads: the caller works on its own run
/// together with at most `threads() - 1` workers. Any number of threads may run graphs on one executor at once, and
/// a node may run another graph on the executor that runs it, at any depth.
///
/// Dropping the executor joins its threads.
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
    shared: Arc<Shared>,
    workers: Vec<JoinHandle<()>>,
}

impl Executor {
    /// An executor with one worker for each core that this process may use, pinned where the system allows it.
    ///
    /// # Errors
    ///
    /// None at present: what can't be had (threads, pinning) is done without.
    pub fn new() -> Result<Self, ExecutorError> {
        Self::builder().build()
    }

    /// Choices about the number of threads and where they run.
    pub fn builder() -> ExecutorBuilder {
        ExecutorBuilder::default()
    }

    pub(crate) fn from_parts(shared: Arc<Shared>, workers: Vec<JoinHandle<()>>) -> Self {
        Self { shared, workers }
    }

    /// How many threads work on a run at the most, its caller included. At least 1.
    #[must_use]
    pub fn threads(&self) -> usize {
        self.workers.len().max(1)
    }

    /// Runs `body` once for each node of `dag`, each after all that it depends on, on all threads; blocks until the
    /// last one is done. What a node's predecessors have written is visible to it, and what any node has written is
    /// visible to the caller afterwards.
    ///
    /// The calling thread takes part, and while it waits it executes nodes of this run and of runs nested in it
    /// only. A repeated run allocates nothing, as long as no thread has more than 64 ready nodes at once; beyond that,
    /// the threads' queues grow and shrink.
    ///
    /// # Panics
    ///
    /// If `body` panics: nothing that depends on the node starts, nor does anything else once the panic has been
    /// caught. When the nodes under way have ended, the first panic is resumed here with its payload. Graph and
    /// executor can be used again at once.
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
    pub fn run<D, F>(&self, dag: &D, body: F)
    where
        D: AsDag + ?Sized,
        F: Fn(NodeId) + Sync,
    {
        if self.threads() == 1 {
            // Nobody could help, so the order that was found when the graph was built does: no counters, no queue.
            dag.view().run(body);
        } else {
            run::run(&self.shared, dag, &body);
        }
    }
}

/// A panic that goes through [`Executor::run`] leaves nothing half done behind.
impl UnwindSafe for Executor {}
impl RefUnwindSafe for Executor {}

impl Drop for Executor {
    fn drop(&mut self) {
        self.shared.shut_down();
        let here = std::thread::current().id();
        for worker in self.workers.drain(..) {
            // A run borrows the executor, so no worker should come here; but one that joined itself would wait for
            // ever.
            if worker.thread().id() != here {
                // A worker's panic would be a bug of ours that was already printed; there is nobody to tell here.
                drop(worker.join());
            }
        }
    }
}

impl fmt::Debug for Executor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Executor").field("threads", &self.threads()).finish_non_exhaustive()
    }
}
