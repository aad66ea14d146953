//! The executors that need no choices: one for oneself, and one for everybody.

use super::builder::ExecutorBuilder;
use super::error::ExecutorError;
use super::pinning::Pinning;
use crate::executor::Executor;
use crate::pool::affinity::Allowed;
use std::sync::OnceLock;

impl Executor {
    /// An executor with one worker for each core that the calling thread may use, pinned to it where the
    /// system allows that. Linux gives a new thread or process the cores of the thread that starts it: so
    /// threads, processes and pools that a node starts on such a worker all have this one core, unless they
    /// are started within [`unpinned`](crate::unpinned). [`Pinning::None`] and
    /// [`global`](Self::global) leave workers free.
    ///
    /// Pinned workers find their caches again and don't disturb each other: good for a program that has the
    /// machine to itself. Made by a node of another executor, it has the cores that the thread could use that
    /// made that one. (A thread that has one core only, to which a worker of some executor is pinned, is
    /// taken for one that a node has started; there it is the cores of the process, as for
    /// [`global`](Self::global).)
    ///
    /// The environment variable `DGRAPH_NUM_THREADS` [changes](ExecutorBuilder::threads) the number of
    /// workers, for whoever starts the program: then they aren't pinned, unless there is one for each core
    /// all the same.
    ///
    /// # Errors
    ///
    /// None at present: what can't be had (threads, pinning) is done without.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    /// use std::sync::atomic::{AtomicU32, Ordering};
    ///
    /// let executor = Executor::new()?;
    /// // Made once, it runs any number of graphs.
    /// for nodes in 1..4 {
    ///     let ran = AtomicU32::new(0);
    ///     executor.run(&Dag::from_edges(nodes, &[])?, |_| { ran.fetch_add(1, Ordering::Relaxed); });
    ///     assert_eq!(ran.into_inner() as usize, nodes);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn new() -> Result<Self, ExecutorError> {
        Self::builder().build()
    }

    /// Choices about the number of threads and where they run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// let executor = Executor::builder().threads(1).build()?;
    /// assert_eq!(executor.threads(), 1); // each run is its caller's alone
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn builder() -> ExecutorBuilder {
        ExecutorBuilder::new()
    }

    /// The executor that everybody in the process may share, made when it is first asked for.
    ///
    /// It has one worker for each core of the process, whichever thread asks first: each core that any thread
    /// of the process may use then, as far as there is a quota for them; or as many as the environment
    /// variable `DGRAPH_NUM_THREADS` [says](ExecutorBuilder::threads). The workers aren't pinned, so what
    /// nodes start has all cores, too.
    ///
    /// It is never dropped: its threads sleep when there is nothing to do, and end with the process. A child
    /// forked after that has it too, without threads, and needs an executor of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    ///
    /// let dag = Dag::from_edges(2, &[(0, 1)])?;
    /// Executor::global().run(&dag, |node| println!("{node}"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn global() -> &'static Self {
        static GLOBAL: OnceLock<Executor> = OnceLock::new();
        if let Some(executor) = GLOBAL.get() {
            return executor;
        }
        // Made before the cell is locked, for the sake of children forked meanwhile: they would find it
        // locked for ever. If two threads come at once, the second one's executor is dropped.
        let builder = Self::builder().pinning(Pinning::None);
        let executor = builder.build_on(&Allowed::of_the_process()).expect("no special demands");
        GLOBAL.get_or_init(|| executor)
    }
}
