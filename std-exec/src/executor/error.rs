//! Why an executor could not be made.

use crate::brief;
use std::fmt;

/// The most threads that an executor can have.
pub(crate) const MAX_THREADS: usize = 4096;

/// Why an executor could not be made as demanded.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, ExecutorError};
///
/// let error = Executor::builder().threads(5000).build().unwrap_err();
/// assert_eq!(error, ExecutorError::TooManyThreads { threads: 5000 });
/// assert_eq!(error.to_string(), "5000 threads are too many: at most 4096");
///
/// let error = Executor::builder().thread_names(|_| "a\0b".into()).build().unwrap_err();
/// assert_eq!(error.to_string(), r#"the thread name "a\0b" has a NUL character in it"#);
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExecutorError {
    /// `threads(0)`.
    NoThreads,
    /// More threads than [`ExecutorBuilder::MAX_THREADS`](crate::ExecutorBuilder::MAX_THREADS).
    TooManyThreads {
        /// The number asked for.
        threads: usize,
    },
    /// [`Pinning::Cores`](crate::Pinning::Cores) with an empty list.
    NoCores,
    /// [`Pinning::Cores`](crate::Pinning::Cores) names a core that the calling thread may not use, or that
    /// the system doesn't let a worker have.
    CoreRefused {
        /// The core's number.
        core: usize,
        /// The cores that the calling thread may use; empty where the system doesn't say.
        usable: Vec<usize>,
    },
    /// [`ExecutorBuilder::thread_names`](crate::ExecutorBuilder::thread_names) gave a name with a NUL
    /// character in it, which no system takes.
    NameWithNul {
        /// The name.
        name: String,
    },
    /// [`ExecutorBuilder::membarrier`](crate::ExecutorBuilder::membarrier) says `false`, but an executor that
    /// this process has or had relies on the call.
    MembarrierInUse,
    /// The function [around](crate::ExecutorBuilder::around) a worker's life has returned without calling it.
    WorkerNotBegun {
        /// The worker's number.
        worker: usize,
    },
}

impl fmt::Display for ExecutorError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoThreads => f.write_str("an executor needs at least one thread"),
            Self::TooManyThreads { threads } => {
                write!(f, "{threads} threads are too many: at most {MAX_THREADS}")
            }
            Self::NoCores => f.write_str("the list of cores to pin to is empty"),
            Self::CoreRefused { core, usable } if usable.is_empty() => write!(f, "core {core} can't be had"),
            Self::CoreRefused { core, usable } => {
                write!(f, "core {core} can't be had; this thread may use [")?;
                brief::list(f, usable.iter())?;
                f.write_str("]")
            }
            Self::NameWithNul { name } => {
                write!(f, "the thread name {} has a NUL character in it", brief::Shown(name))
            }
            Self::MembarrierInUse => f.write_str("an earlier executor of this process relies on membarrier"),
            Self::WorkerNotBegun { worker } => {
                write!(f, "the function around the life of worker {worker} has not called it")
            }
        }
    }
}

impl fmt::Debug for ExecutorError {
    /// The message: what `main` prints.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for ExecutorError {}
