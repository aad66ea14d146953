//! Where workers run.

/// Where the workers of an executor run.
///
/// # Examples
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
#[non_exhaustive]
pub enum Pinning {
    /// The system moves them as it likes among the cores that the thread may use that makes the executor.
    None,
    /// If there is one worker for each core that the thread may use that makes the executor, each is pinned
    /// to one of them. With fewer or more the system places them: the first few cores would not be better
    /// than any other. Where it refuses, a worker goes unpinned.
    #[default]
    PerCore,
    /// Each is pinned to one of these cores, in turn. A core that can't be had is an error.
    Cores(Vec<usize>),
}
