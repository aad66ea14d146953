//! How an executor is set up.

use super::environment;
use super::error::{ExecutorError, MAX_THREADS};
use super::pinning::Pinning;
use crate::executor::Executor;
use crate::pool::affinity::{Allowed, Placement};
use crate::pool::shared::Shared;
use crate::pool::threads::{self, Duty, Failure, Wrapper};
use crate::sync::Pause;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

/// Choices for an [`Executor`], made with [`Executor::builder`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, Pinning};
/// use std::time::Duration;
///
/// let executor = Executor::builder()
///     .threads(2)
///     .pinning(Pinning::None)
///     .thread_names(|worker| format!("physics-{worker}"))
///     .spin(Duration::ZERO)
///     .build()?;
/// assert_eq!(executor.threads(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
#[must_use]
pub struct ExecutorBuilder {
    threads: Option<usize>,
    pinning: Pinning,
    /// `None`: see [`spin`](Self::spin).
    spin: Option<Duration>,
    names: Option<Arc<dyn Fn(usize) -> String + Send + Sync>>,
    stack_size: Option<usize>,
    around: Option<Wrapper>,
    membarrier: bool,
    real_time: bool,
}

impl ExecutorBuilder {
    /// The most threads that an executor can have.
    pub const MAX_THREADS: usize = MAX_THREADS;

    pub(crate) fn new() -> Self {
        Self {
            threads: None,
            pinning: Pinning::default(),
            spin: None,
            names: None,
            stack_size: None,
            around: None,
            membarrier: true,
            real_time: false,
        }
    }

    /// How many threads work on a run, its caller included. Default: as many as the environment variable
    /// `DGRAPH_NUM_THREADS` says; without it, one for each core that the calling thread may use (affinity
    /// mask and cgroup quota respected). A variable that is no number, 0, or more than
    /// [`MAX_THREADS`](Self::MAX_THREADS) is ignored.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// let executor = Executor::builder().threads(3).build()?;
    /// assert_eq!(executor.threads(), 3); // the caller and two workers run a graph
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Where the workers run. Default: [`Pinning::PerCore`]. The calling thread is never pinned.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, ExecutorError, Pinning};
    /// let error = Executor::builder().pinning(Pinning::Cores(vec![])).build().unwrap_err();
    /// assert_eq!(error, ExecutorError::NoCores);
    /// let executor = Executor::builder().threads(2).pinning(Pinning::None).build()?;
    /// assert_eq!(executor.threads(), 2);
    /// # Ok::<(), ExecutorError>(())
    /// ```
    pub fn pinning(mut self, pinning: Pinning) -> Self {
        self.pinning = pinning;
        self
    }

    /// How long a worker with nothing to do looks around before it sleeps. Default: 20 microseconds; if there
    /// are more threads than cores, that much less of it, since they look on cores that others need.
    ///
    /// Looking around costs the core; being woken costs a run the microseconds that the system takes for it,
    /// and the thread that wakes a system call. Zero is allowed: workers then sleep at once. With
    /// [`Duration::MAX`] they never do. This is about workers between runs; a thread that waits within a run
    /// has its own, short patience.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    /// use std::time::Duration;
    ///
    /// // A run now and then: workers shouldn't keep cores busy in between.
    /// let executor = Executor::builder().spin(Duration::ZERO).build()?;
    /// let dag = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(executor.run_with_statistics(&dag, |_| {}).nodes, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spin(mut self, spin: Duration) -> Self {
        self.spin = Some(spin);
        self
    }

    /// Names the workers' threads; the function gets the worker's number, counted from 0, and is called by
    /// [`build`](Self::build). Default: `dgraph-0` and so on. Systems may show a part only (Linux: 15 bytes).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::thread;
    ///
    /// let executor = Executor::builder().threads(2).thread_names(|worker| format!("io-{worker}")).build()?;
    /// let mut graph = GraphBuilder::new();
    /// let name = graph.node("name", (), || thread::current().name().map(String::from));
    /// graph.on_worker(name, 1);
    /// assert_eq!(graph.build()?.run_parallel(&executor)?[name].as_deref(), Some("io-1"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn thread_names(mut self, names: impl Fn(usize) -> String + Send + Sync + 'static) -> Self {
        self.names = Some(Arc::new(names));
        self
    }

    /// The size of the workers' stacks in bytes, rounded up as the system demands, 64 KiB at least: without
    /// optimisation, looking for work and reporting a panic take more than half of that. Default: the
    /// standard library's, 2 MiB or what `RUST_MIN_STACK` says. The caller of a run executes nodes too, on
    /// the stack that it has.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// fn depth(left: u32) -> u32 {
    ///     let frame = std::hint::black_box([left; 256]); // a kibibyte a call
    ///     if left == 0 { 0 } else { depth(frame[0] - 1) + 1 }
    /// }
    /// let executor = Executor::builder().threads(2).stack_size(64 << 20).build()?;
    /// let mut graph = GraphBuilder::new();
    /// let deep = graph.node("deep", (), || depth(10_000));
    /// graph.on_worker(deep, 0); // the caller's stack might be smaller
    /// assert_eq!(graph.build()?.run_parallel(&executor)?[deep], 10_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn stack_size(mut self, bytes: usize) -> Self {
        self.stack_size = Some(bytes);
        self
    }

    /// Wraps what each worker does from its beginning to its end: for what has to be around all nodes that it
    /// runs, and what is to happen before and after. The function is called by the worker, pinned already,
    /// with its number, counted from 0, and its life, which it has to call. A second function replaces the
    /// first. Nothing is called for a run's caller, which is no worker.
    ///
    /// [`build`](Self::build) returns when each worker has begun its life: what stands before that has
    /// happened then. If the function returns without calling it, `build` fails; if it panics before, `build`
    /// panics. What stands after it has happened when the executor has been dropped or [shut
    /// down](Executor::shutdown), which panics if that did.
    ///
    /// # Examples
    ///
    /// Futures that need a runtime's context, such as Tokio's timers and sockets, need it on the workers,
    /// wherever they were made:
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::time::Duration;
    ///
    /// let runtime = tokio::runtime::Runtime::new()?;
    /// let handle = runtime.handle().clone();
    /// let executor = Executor::builder()
    ///     .threads(2)
    ///     .around(move |_worker, life| { let _context = handle.enter(); life() })
    ///     .build()?;
    ///
    /// let mut graph = GraphBuilder::new();
    /// for _ in 0..2 {
    ///     graph.async_node("sleep", (), async || tokio::time::sleep(Duration::from_millis(1)).await);
    /// }
    /// let _context = runtime.enter(); // the caller of a run works too
    /// graph.build()?.run_parallel(&executor)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// Whatever else belongs to a thread:
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// use std::sync::mpsc;
    ///
    /// let (send, said) = mpsc::channel();
    /// let executor = Executor::builder().threads(1).around(move |worker, life| {
    ///     send.send(format!("{worker} begins")).unwrap();
    ///     life();
    ///     send.send(format!("{worker} has ended")).unwrap();
    /// });
    /// executor.build()?.shutdown();
    /// assert!(said.iter().eq(["0 begins", "0 has ended"]));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn around(mut self, wrapper: impl Fn(usize, Box<dyn FnOnce() + '_>) + Send + Sync + 'static) -> Self {
        self.around = Some(Arc::new(wrapper));
        self
    }

    /// Whether executors of this process may rely on Linux's `membarrier(2)`, or on Windows's
    /// `FlushProcessWriteBuffers`. Default: true, if the system has it.
    ///
    /// With it the threads that execute short nodes need no fence at each, since the few that interfere see
    /// to it. A process that has relied on it must not forbid it to itself afterwards, as a sandbox of
    /// allowed system calls may: that process aborts as soon as it is needed, and says so on standard error.
    /// (Forbidden before, it is done without.)
    ///
    /// Such a prohibition is the process's, and so is this choice: the first executor makes it for all, the
    /// [global](Executor::global) one included. If the first one says `false`, none uses the call; to
    /// say `false` when others use it already is an error. Without it each node costs its thread a fence.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    ///
    /// let executor = Executor::builder().membarrier(false).build()?; // the first in this process
    /// // ... then the sandbox
    /// assert_eq!(executor.run_with_statistics(&Dag::from_edges(3, &[(0, 1)])?, |_| {}).nodes, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn membarrier(mut self, may: bool) -> Self {
        self.membarrier = may;
        self
    }

    /// For runs that must not be held up: from a graph's second run on, neither the caller nor the workers
    /// make a system call or allocate in a run, whatever its nodes take. Idle workers spin and never sleep,
    /// threads that wait for each other spin, and short nodes have a fence each instead of
    /// [`membarrier`](Self::membarrier). Default: false.
    ///
    /// It is meant for audio callbacks and control loops on cores of their own:
    ///
    /// - **Each thread takes a whole core**, also between runs, as long as the executor exists.
    /// - There must be a core for each thread, the caller's included. A thread that spins for one that the
    ///   system doesn't run spins in vain.
    /// - It holds for graphs of plain and fallible nodes that succeed, in [`Executor::run`],
    ///   [`Executor::run_each`] and `Graph::run_parallel` with or without priorities, limits, and nodes bound
    ///   to the caller. It doesn't for async nodes, spawned runs and [shared limits](crate::SharedLimit),
    ///   which wait by sleeping, nor for a run that ends with an error or a panic, which is put into a box.
    ///   Such a run is no first run either: nothing is learnt from it.
    /// - What nodes and observers do themselves is theirs. So are page faults, and the priority at which the
    ///   system runs the threads: [`around`](Self::around) is the place to ask for a better one.
    ///
    /// Overrules [`spin`](Self::spin) and `membarrier`: [`build`](Self::build) fails if other executors of
    /// this process rely on that already. So it comes before them, and before [`Executor::global`] is used.
    ///
    /// To exchange a graph without a gap, build the new one and run it once elsewhere, then swap the two
    /// between two runs: `examples/audio` does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    ///
    /// let executor = Executor::builder().threads(2).real_time(true).build()?;
    /// let mut graph = GraphBuilder::new();
    /// let left = graph.node("left", (), || 0.25_f32);
    /// let right = graph.node("right", (), || 0.5_f32);
    /// let mix = graph.node("mix", (left, right), |left: &f32, right: &f32| left + right);
    /// let mut graph = graph.build()?;
    /// for _ in 0..100 {
    ///     assert_eq!(graph.run_parallel(&executor)?[mix], 0.75); // once per block
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn real_time(mut self, real_time: bool) -> Self {
        self.real_time = real_time;
        self
    }

    /// Starts the workers. If the system refuses a thread, the executor has fewer; without any, each run is
    /// its caller's alone.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoThreads`] for zero threads, [`TooManyThreads`](ExecutorError::TooManyThreads) for
    /// more than [`MAX_THREADS`](Self::MAX_THREADS), [`NoCores`](ExecutorError::NoCores) or
    /// [`CoreRefused`](ExecutorError::CoreRefused) if [`Pinning::Cores`] can't be met,
    /// [`NameWithNul`](ExecutorError::NameWithNul) for a name that no thread can have,
    /// [`MembarrierInUse`](ExecutorError::MembarrierInUse) if [`membarrier(false)`](Self::membarrier) or
    /// [`real_time(true)`](Self::real_time) comes too late, [`WorkerNotBegun`](ExecutorError::WorkerNotBegun)
    /// if the function [around](Self::around) a worker's life doesn't call it.
    ///
    /// # Panics
    ///
    /// If the function [around](Self::around) a worker's life panics before it calls that: the workers that
    /// have begun end, and the first panic is resumed here. If the function that names threads panics.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, ExecutorError};
    /// let error = Executor::builder().threads(0).build().unwrap_err();
    /// assert_eq!(error, ExecutorError::NoThreads);
    /// assert_eq!(error.to_string(), "an executor needs at least one thread");
    /// ```
    pub fn build(self) -> Result<Executor, ExecutorError> {
        self.build_on(&Allowed::here())
    }

    /// Starts the executor on these cores.
    pub(crate) fn build_on(self, allowed: &Allowed) -> Result<Executor, ExecutorError> {
        let threads = self.threads.or_else(environment::threads).unwrap_or_else(|| allowed.parallelism());
        if threads == 0 {
            return Err(ExecutorError::NoThreads);
        }
        if threads > Self::MAX_THREADS {
            return Err(ExecutorError::TooManyThreads { threads });
        }
        let usable = allowed.cores();
        let (seats, cores_demanded) = match self.pinning {
            Pinning::None => (Vec::new(), false),
            Pinning::PerCore if threads == usable.len() => (usable.to_vec(), false),
            Pinning::PerCore => (Vec::new(), false),
            Pinning::Cores(cores) if cores.is_empty() => return Err(ExecutorError::NoCores),
            Pinning::Cores(cores) => (cores, true),
        };
        let refused = |core| Err(ExecutorError::CoreRefused { core, usable: usable.to_vec() });
        // Where the system doesn't say which can be had, the workers try.
        if let Some(&core) = seats.iter().find(|core| !usable.is_empty() && !usable.contains(core)) {
            return refused(core);
        }
        let name =
            |worker| self.names.as_ref().map_or_else(|| format!("dgraph-{worker}"), |name| name(worker));
        let names: Vec<String> = (0..threads).map(name).collect();
        if let Some(name) = names.iter().find(|name| name.contains('\0')) {
            return Err(ExecutorError::NameWithNul { name: name.clone() });
        }

        if !crate::sync::asymmetric_fence::prepare(self.membarrier && !self.real_time) {
            return Err(ExecutorError::MembarrierInUse);
        }
        crate::sync::fork::prepare();
        let pause = if self.real_time { Pause::Spins } else { Pause::Yields };
        let crowd = u32::try_from(threads.div_ceil(allowed.parallelism())).unwrap_or(u32::MAX);
        let shared = Shared::pausing(threads, Placement::new(seats), pause).crowded(crowd, self.spin);
        let shared = Arc::new(shared);
        let duty = Duty {
            shared: Arc::clone(&shared),
            allowed: allowed.clone(),
            cores_demanded,
            around: self.around,
        };
        let (workers, failure) = threads::start(&duty, names, self.stack_size);
        drop(duty);
        let executor = Executor::from_parts(shared, workers);
        match failure {
            None => Ok(executor),
            Some(Failure::CoreRefused(core)) => refused(core),
            Some(Failure::NotBegun(worker)) => Err(ExecutorError::WorkerNotBegun { worker }),
            Some(Failure::Panicked(payload)) => {
                drop(executor);
                resume_unwind(payload)
            }
        }
    }
}

/// The defaults that [`Executor::builder`] begins with.
impl Default for ExecutorBuilder {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("threads", &self.threads)
            .field("pinning", &self.pinning)
            .field("spin", &self.spin)
            .field("real_time", &self.real_time)
            .field("stack_size", &self.stack_size)
            .field("thread_names", &self.names.is_some())
            .field("around", &self.around.is_some())
            .field("membarrier", &self.membarrier)
            .finish()
    }
}
