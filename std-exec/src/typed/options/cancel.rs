//! Cancellation.

use crate::sync::{AtomicBool, Ordering};
use crate::wake::{Attached, Wakes};
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

/// Cancels runs: from any thread, also from inside a node. Clones are the same token.
///
/// A token stays cancelled; for the next run, make a new one.
///
/// # Examples
///
/// ```
/// use dgraph_exec::CancelToken;
/// let token = CancelToken::new();
/// let same = token.clone();
/// std::thread::spawn(move || same.cancel()).join().unwrap();
/// assert!(token.is_cancelled());
/// ```
#[derive(Clone, Default)]
pub struct CancelToken {
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    cancelled: AtomicBool,
    /// The runs that may be asleep until a future is woken.
    runs: Attached,
}

impl CancelToken {
    /// A token that is not cancelled.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::CancelToken;
    /// let token = CancelToken::new();
    /// assert!(!token.is_cancelled());
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// From now on, runs with this token start no node. Closures under way end; futures that wait are
    /// dropped. A node that blocks until another one has begun may wait for ever, as after a failure.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
    ///
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let found = graph.node("found", (), || token.cancel()); // no need to look any further
    /// graph.node("look further", (found,), |_: &()| unreachable!("it is cancelled"));
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().cancel_token(&token)).run().unwrap_err();
    /// assert_eq!(error.to_string(), "cancelled, 1 node did not run: look further");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cancel(&self) {
        // Relaxed: it says nothing about anything else.
        self.state.cancelled.store(true, Ordering::Relaxed);
        if let Some(payload) = self.state.runs.look() {
            resume_unwind(payload);
        }
    }

    /// From now on this run is woken when the token is cancelled.
    pub(crate) fn attach(&self, run: &Arc<Wakes>) {
        self.state.runs.attach(run);
    }

    /// Undoes one [`attach`](Self::attach).
    pub(crate) fn detach(&self, run: &Arc<Wakes>) {
        self.state.runs.detach(run);
    }

    /// Whether it is cancelled: for nodes that take long and want to end early.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions};
    ///
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let rounds = graph.node("rounds", (), || {
    ///     let mut rounds = 0;
    ///     while !token.is_cancelled() {
    ///         rounds += 1;
    ///         if rounds == 100 {
    ///             token.cancel(); // mostly, somebody else does
    ///         }
    ///     }
    ///     rounds
    /// });
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().cancel_token(&token)).run().map(drop);
    /// assert_eq!(graph.results()[rounds], 100); // the node has run to its end
    /// # outcome?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.state.cancelled.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for CancelToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancelToken").field("cancelled", &self.is_cancelled()).finish()
    }
}
