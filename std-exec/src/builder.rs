//! How an executor is set up.

use crate::cores::{Allowed, Seats};
use crate::crew::{self, Duty, Failure, Hook};
use crate::executor::Executor;
use crate::executor_error::ExecutorError;
use crate::shared::Shared;
use crate::worker;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::time::Duration;

/// Where the workers of an executor run.
///
/// ```
/// use dgraph_exec::{Executor, ExecutorError, Pinning};
///
/// // Beside others who want the cores too, let the system decide.
/// let executor = Executor::builder().pinning(Pinning::None).build()?;
/// assert!(executor.threads() >= 1);
///
/// // A core that isn't there is an error, as it was demanded.
/// let refused = Executor::builder().pinning(Pinning::Cores(vec![100_000])).build();
/// assert!(matches!(refused, Err(ExecutorError::CoreRefused { core: 100_000, .. })));
/// # Ok::<(), ExecutorError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pinning {
    /// The system moves them as it likes among the cores that the thread may use that makes the executor.
    None,
    /// If there is one worker for each core that the thread may use that makes the executor, each is pinned to one of
    /// them. With fewer or more the system places them: the first few cores would not be better than any other. Where
    /// it refuses, a worker goes unpinned.
    #[default]
    PerCore,
    /// Each is pinned to one of these cores, in turn. A core that can't be had is an error.
    Cores(Vec<usize>),
}

/// Choices for an [`Executor`], made with [`Executor::builder`].
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
    spin: Duration,
    names: Option<Arc<dyn Fn(usize) -> String + Send + Sync>>,
    stack_size: Option<usize>,
    on_start: Option<Hook>,
    on_exit: Option<Hook>,
}

impl ExecutorBuilder {
    /// The most threads that an executor can have.
    pub const MAX_THREADS: usize = 4096;

    pub(crate) fn new() -> Self {
        Self {
            threads: None,
            pinning: Pinning::default(),
            spin: worker::SPIN,
            names: None,
            stack_size: None,
            on_start: None,
            on_exit: None,
        }
    }

    /// How many threads work on a run, its caller included. Default: one for each core that the calling thread may use
    /// (affinity mask and cgroup quota respected).
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

    /// How long a worker with nothing to do looks around before it sleeps. Default: 20 microseconds.
    ///
    /// Looking around costs the core; being woken costs a run the microseconds that the system takes for it, and the
    /// thread that wakes a system call. Zero is allowed: workers then sleep at once. With [`Duration::MAX`] they never
    /// do. This is about workers between runs; a thread that waits within a run has its own, short patience.
    ///
    /// ```
    /// use dgraph_exec::{Dag, Executor};
    /// use std::time::Duration;
    ///
    /// // A run now and then: workers shouldn't keep cores busy in between.
    /// let executor = Executor::builder().spin(Duration::ZERO).build()?;
    /// let dag = Dag::from_edges(3, &[(0, 1), (0, 2)])?;
    /// assert_eq!(executor.run_counted(&dag, |_| {}).nodes, 3);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spin(mut self, spin: Duration) -> Self {
        self.spin = spin;
        self
    }

    /// Names the workers' threads; the function gets the worker's number, counted from 0, and is called by
    /// [`build`](Self::build). Default: `dgraph-0` and so on. Systems may show a part only (Linux: 15 bytes).
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

    /// The size of the workers' stacks in bytes, rounded up as the system demands, 64 KiB at least: without optimisation,
    /// looking for work and reporting a panic take more than half of that. Default: the standard library's, 2 MiB or what
    /// `RUST_MIN_STACK` says. The caller of a run executes nodes too, on the stack that it has.
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

    /// Each worker calls this first of all, pinned already, with its number, counted from 0. [`build`](Self::build)
    /// returns when all of these calls have. A run's caller is no worker: nothing is called for it.
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// use std::sync::{Arc, atomic::{AtomicUsize, Ordering}};
    ///
    /// let started = Arc::new(AtomicUsize::new(0));
    /// let count = Arc::clone(&started);
    /// let executor = Executor::builder()
    ///     .threads(2)
    ///     .on_start(move |_worker| { count.fetch_add(1, Ordering::Relaxed); })
    ///     .build()?;
    /// assert_eq!(started.load(Ordering::Relaxed), 2); // all have started
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_start(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_start = Some(Arc::new(hook));
        self
    }

    /// Each worker calls this last of all, with its number: when the executor is dropped or
    /// [shut down](Executor::shutdown). Not called for a worker whose start hook has panicked.
    ///
    /// ```
    /// use dgraph_exec::Executor;
    /// use std::sync::mpsc;
    ///
    /// let (send, ended) = mpsc::channel();
    /// let executor = Executor::builder().threads(2).on_exit(move |worker| send.send(worker).unwrap()).build()?;
    /// executor.shutdown();
    /// let mut ended: Vec<usize> = ended.try_iter().collect();
    /// ended.sort();
    /// assert_eq!(ended, [0, 1]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn on_exit(mut self, hook: impl Fn(usize) + Send + Sync + 'static) -> Self {
        self.on_exit = Some(Arc::new(hook));
        self
    }

    /// Starts the workers. If the system refuses a thread, the executor has fewer; without any, each run is its
    /// caller's alone.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoThreads`] for zero threads, [`TooManyThreads`](ExecutorError::TooManyThreads) for more than
    /// [`MAX_THREADS`](Self::MAX_THREADS), [`NoCores`](ExecutorError::NoCores) or
    /// [`CoreRefused`](ExecutorError::CoreRefused) if [`Pinning::Cores`] can't be met,
    /// [`NameWithNul`](ExecutorError::NameWithNul) for a name that no thread can have.
    ///
    /// # Panics
    ///
    /// If a start hook panics: the workers that have started end, with their exit hooks, and the first panic is resumed
    /// here. If the function that names threads panics.
    ///
    /// ```
    /// use dgraph_exec::{Executor, ExecutorError};
    /// let error = Executor::builder().threads(0).build().unwrap_err();
    /// assert_eq!(error, ExecutorError::NoThreads);
    /// assert_eq!(error.to_string(), "an executor needs at least one thread");
    /// ```
    pub fn build(self) -> Result<Executor, ExecutorError> {
        let allowed = Allowed::here();
        let threads = self.threads.unwrap_or(allowed.parallelism());
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
        if let Some(&core) = seats.iter().find(|core| !usable.contains(core)) {
            return refused(core);
        }
        let name =
            |worker| self.names.as_ref().map_or_else(|| format!("dgraph-{worker}"), |name| name(worker));
        let names: Vec<String> = (0..threads).map(name).collect();
        if let Some(name) = names.iter().find(|name| name.contains('\0')) {
            return Err(ExecutorError::NameWithNul { name: name.clone() });
        }

        crate::fences::prepare();
        crate::fork::prepare();
        let shared = Arc::new(Shared::new(threads, Seats::new(seats)).with_spin(self.spin));
        let duty = Duty {
            shared: Arc::clone(&shared),
            allowed: allowed.clone(),
            cores_demanded,
            on_start: self.on_start,
            on_exit: self.on_exit,
        };
        let (workers, failure) = crew::start(&duty, names, self.stack_size);
        drop(duty);
        let executor = Executor::from_parts(shared, workers);
        match failure {
            None => Ok(executor),
            Some(Failure::CoreRefused(core)) => refused(core),
            Some(Failure::HookPanicked(payload)) => {
                drop(executor);
                resume_unwind(payload)
            }
        }
    }
}

/// As [`Executor::builder`].
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
            .field("stack_size", &self.stack_size)
            .field("thread_names", &self.names.is_some())
            .field("on_start", &self.on_start.is_some())
            .field("on_exit", &self.on_exit.is_some())
            .finish()
    }
}
