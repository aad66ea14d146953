//! Why a loop is not over.

use std::error::Error;
use std::fmt;

/// The run was called off while a loop over the [threads](crate::Threads) of a run was under way, or before it
/// began: not all elements were visited.
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
#[non_exhaustive]
pub struct Stopped;

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run was called off")
    }
}

impl Error for Stopped {}
