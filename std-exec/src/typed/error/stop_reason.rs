//! Why a run is to stop, in one word.

use std::fmt;

/// Why a run starts no further node, before all have run.
///
/// A node under way asks for it with [`Threads::stop_reason`](crate::Threads::stop_reason), and
/// [`RunOptions::drain`](crate::RunOptions::drain) says for which of them what is under way goes on to its
/// end.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions, StopReason, Threads, threads};
///
/// let token = CancelToken::new();
/// let mut graph = GraphBuilder::new();
/// let why = graph.node("serve", threads(), |threads: Threads<'_>| {
///     while threads.stop_reason().is_none() {
///         token.cancel(); // mostly, somebody else does
///     }
///     threads.stop_reason()
/// });
/// let mut graph = graph.build()?;
/// graph.with(&RunOptions::new().cancel_token(&token)).run()?; // nothing is left that did not run
/// assert_eq!(graph.results()[why], Some(StopReason::Cancel));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StopReason {
    /// A node has panicked.
    Panic,
    /// A node has failed, under [`FailurePolicy::FailFast`](crate::FailurePolicy::FailFast).
    Failure,
    /// The run's token was cancelled, the executor was shut down, or the run's future was dropped.
    Cancel,
    /// The run's deadline has passed.
    Deadline,
}

impl StopReason {
    /// All of them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{RunOptions, StopReason};
    /// let options = RunOptions::new().drain(StopReason::ALL); // whatever it is, what has begun ends
    /// # drop(options);
    /// ```
    pub const ALL: [Self; 4] = [Self::Panic, Self::Failure, Self::Cancel, Self::Deadline];
}

impl std::error::Error for StopReason {}

impl fmt::Display for StopReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Panic => "a node panicked",
            Self::Failure => "a node failed",
            Self::Cancel => "cancelled",
            Self::Deadline => "deadline exceeded",
        })
    }
}
