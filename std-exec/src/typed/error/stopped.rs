//! Why a loop is not over.

use super::stop_reason::StopReason;
use std::error::Error;
use std::fmt;

/// The run was called off while a loop over the [threads](crate::Threads) of a run was under way, or before
/// it began: not all elements were visited. Or a node has [asked](crate::Threads::check) whether it was.
///
/// A fallible node that gives it as its error, by `?`, has not failed but was
/// [interrupted](crate::NoResult::Interrupted), as a future is that is dropped half way.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{CancelToken, GraphBuilder, NoResult, RunError, RunOptions, Stopped, Threads, threads};
///
/// let token = CancelToken::new();
/// let mut graph = GraphBuilder::new();
/// let sum = graph.try_node("sum", threads(), |threads: Threads<'_>| {
///     token.cancel(); // somebody does
///     let sum = threads.fold(&[1, 2, 3], 2, || 0, |sum, x| sum + x, |a, b| a + b)?;
///     Ok::<i32, Stopped>(sum)
/// });
/// let mut graph = graph.build()?;
/// let error = graph.with(&RunOptions::new().cancel_token(&token)).run().unwrap_err();
/// assert!(matches!(error, RunError::Cancelled { .. }));
/// assert_eq!(graph.result(sum), Err(NoResult::Interrupted));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopped {
    reason: StopReason,
}

impl Stopped {
    pub(crate) fn because(reason: StopReason) -> Self {
        Self { reason }
    }

    /// Why the run was called off: of several reasons, the first one in the order of [`StopReason::ALL`].
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions, StopReason, Threads, threads};
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let why = graph.node("ask", threads(), |threads: Threads<'_>| {
    ///     token.cancel();
    ///     threads.check().map_err(|stopped| stopped.reason())
    /// });
    /// let mut graph = graph.build()?;
    /// graph.with(&RunOptions::new().cancel_token(&token)).run()?;
    /// assert_eq!(graph.results()[why], Err(StopReason::Cancel));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn reason(&self) -> StopReason {
        self.reason
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the run was called off: {}", self.reason)
    }
}

impl Error for Stopped {}
