//! What this package takes from `dgraph-exec` as it is. How it runs a rank's part with it: `local/`.

pub use dgraph_exec::{CancelToken, Executor, FailurePolicy, GraphError, NoResult, Values, ValuesIter};

/// Stops a run of this rank's part.
#[derive(Clone, Debug, Default)]
pub(crate) struct StopToken(CancelToken);

impl StopToken {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn stop(&self) {
        self.0.cancel();
    }

    pub(crate) fn is_stopped(&self) -> bool {
        self.0.is_cancelled()
    }

    /// What `dgraph-exec` stops a run by.
    pub(crate) fn token(&self) -> &CancelToken {
        &self.0
    }
}
