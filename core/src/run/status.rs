//! How a run stands, and how a call of `work` has ended.

/// Why [`Run::work`](crate::Run::work) has returned.
///
/// # Examples
///
/// ```
/// use dgraph_core::{StaticDag, StaticRun, WorkEnd, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// let device = RUN.take().unwrap(); // is under way elsewhere
/// assert_eq!(RUN.work(|_| unreachable!()), WorkEnd::NothingReady);
/// RUN.complete(device);
/// assert_eq!(RUN.work(|_| {}), WorkEnd::Over);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkEnd {
    /// The run goes on, but what is left is under way elsewhere or depends on that.
    NothingReady,
    /// The run that went on when `work` was called is over; all that it did is visible to this thread. Also
    /// if none went on.
    Over,
}

/// The state of a [`Run`](crate::Run).
///
/// # Examples
///
/// ```
/// use dgraph_core::{RunStatus, StaticDag, StaticRun, ready_words};
/// static DAG: StaticDag<2, 1> = StaticDag::new([(0, 1)]);
/// static RUN: StaticRun<2, { ready_words(2) }> = StaticRun::new(DAG.view());
/// RUN.start().unwrap();
/// assert_eq!(RUN.status(), RunStatus::Running);
/// RUN.stop();
/// assert_eq!(RUN.status(), RunStatus::Stopping);
/// assert_eq!(RUN.take(), None); // passes over what is left
/// assert_eq!(RUN.status(), RunStatus::AtRest { cut: true });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunStatus {
    /// No run goes on.
    AtRest {
        /// Nodes of the last run were passed over, because it was stopped.
        cut: bool,
    },
    /// A run goes on.
    Running,
    /// A run is to stop: nothing new begins, and what is under way has not ended, or nobody has come by to
    /// pass over the rest.
    Stopping,
}
