//! How an executor is set up.

use crate::cores::{self, Seats};
use crate::executor::Executor;
use crate::shared::Shared;
use crate::worker;
use std::fmt;
use std::sync::{Arc, mpsc};
use std::thread;

/// Where the workers of an executor run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Pinning {
    /// The system moves them as it likes.
    None,
    /// If there is one worker for each core that the process may use, each is pinned to one of them. With fewer or
    /// more the system places them: the first few cores would not be better than any other. Where it refuses, a worker
    /// goes unpinned.
    #[default]
    PerCore,
    /// Each is pinned to one of these cores, in turn. A core that can't be had is an error.
    Cores(Vec<usize>),
}

/// Choices for an [`Executor`], made with [`Executor::builder`].
///
/// ```
/// use dgraph_exec::{Executor, Pinning};
/// let executor = Executor::builder().threads(2).pinning(Pinning::None).build()?;
/// assert_eq!(executor.threads(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct ExecutorBuilder {
    threads: Option<usize>,
    pinning: Pinning,
}

/// Why an executor could not be made as demanded.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorError {
    /// `threads(0)`.
    NoThreads,
    /// More threads than [`ExecutorBuilder::MAX_THREADS`].
    TooManyThreads {
        /// The number asked for.
        threads: usize,
    },
    /// [`Pinning::Cores`] with an empty list.
    NoCores,
    /// [`Pinning::Cores`] names a core that the process may not use, or that the system doesn't let a worker have.
    CoreRefused {
        /// The core's number.
        core: usize,
        /// The cores that the process may use.
        usable: Vec<usize>,
    },
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("an executor needs at least one thread"),
            Self::TooManyThreads { threads } => {
                write!(f, "{threads} threads are too many: at most {}", ExecutorBuilder::MAX_THREADS)
            }
            Self::NoCores => f.write_str("the list of cores to pin to is empty"),
            Self::CoreRefused { core, usable } => {
                write!(f, "core {core} can't be had; this process may use {usable:?}")
            }
        }
    }
}

impl std::error::Error for ExecutorError {}

impl ExecutorBuilder {
    /// The most threads that an executor can have.
    pub const MAX_THREADS: usize = 4096;

    /// How many threads work on a run, its caller included. Default: one for each core that the process may use
    /// (affinity mask and cgroup quota respected).
    pub fn threads(mut self, threads: usize) -> Self {
        self.threads = Some(threads);
        self
    }

    /// Where the workers run. Default: [`Pinning::PerCore`]. The calling thread is never pinned.
    pub fn pinning(mut self, pinning: Pinning) -> Self {
        self.pinning = pinning;
        self
    }

    /// Starts the workers. If the system refuses a thread, the executor has fewer.
    ///
    /// # Errors
    ///
    /// [`ExecutorError::NoThreads`] for zero threads, [`TooManyThreads`](ExecutorError::TooManyThreads) for more than
    /// [`MAX_THREADS`](Self::MAX_THREADS), [`NoCores`](ExecutorError::NoCores) or
    /// [`CoreRefused`](ExecutorError::CoreRefused) if [`Pinning::Cores`] can't be met.
    pub fn build(self) -> Result<Executor, ExecutorError> {
        let threads = self.threads.unwrap_or_else(cores::parallelism);
        if threads == 0 {
            return Err(ExecutorError::NoThreads);
        }
        if threads > Self::MAX_THREADS {
            return Err(ExecutorError::TooManyThreads { threads });
        }
        let usable = cores::usable();
        let (seats, demanded) = match self.pinning {
            Pinning::None => (Vec::new(), false),
            Pinning::PerCore if threads == usable.len() => (usable.clone(), false),
            Pinning::PerCore => (Vec::new(), false),
            Pinning::Cores(cores) if cores.is_empty() => return Err(ExecutorError::NoCores),
            Pinning::Cores(cores) => (cores, true),
        };
        if let Some(&core) = seats.iter().find(|core| demanded && !usable.contains(core)) {
            return Err(ExecutorError::CoreRefused { core, usable });
        }

        crate::fences::prepare();
        let shared = Arc::new(Shared::new(threads, Seats::new(seats)));
        let (report, reports) = mpsc::channel();
        let mut workers = Vec::with_capacity(threads);
        for worker in 0..threads {
            let (shared, report) = (Arc::clone(&shared), report.clone());
            let life = move || {
                let core = shared.cores.core_of(worker);
                let refused = core.filter(|&core| !cores::pin_here(core));
                let _ = report.send(refused); // the other end may be gone already, if nobody asks
                drop(report);
                worker::live(&shared, worker);
            };
            match thread::Builder::new().name(format!("dgraph-{worker}")).spawn(life) {
                Ok(handle) => workers.push(handle),
                Err(_) => break,
            }
        }
        drop(report);
        shared.sleep.absent(threads - workers.len());
        let executor = Executor::from_parts(shared, workers);
        match reports.iter().flatten().next() {
            Some(core) if demanded => Err(ExecutorError::CoreRefused { core, usable }),
            _ => Ok(executor),
        }
    }
}
