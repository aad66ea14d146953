//! What a node under way is told of the end of its run: the threads that it is handed are its token, too.

use super::handed::{Source, Threads};
use crate::executor::Handle;
use crate::typed::error::stop_reason::StopReason;
use crate::typed::error::stopped::Stopped;
use crate::typed::memory::standing::{CANCELLED, EXPIRED, STOP};
use crate::typed::memory::stopping::{called_off, reason, stop_for};
use crate::typed::options::run_options::RunOptions;

impl Threads<'_> {
    /// Why the run is to stop, if it is: the token that a node looks at which takes long, and can end early.
    /// A [failure](StopReason::Failure) isn't told to nodes that [run in any case](crate::Node::outcome). In
    /// a graph that is a node, what stops the outer run is told as well. It takes some nanoseconds, or what
    /// reading the clock takes if there is a deadline.
    ///
    /// Of a run that is [drained](crate::RunOptions::drain) it is told, too. What such a run waits for is the
    /// node: whether it does all that it has to, or ends early with a result, is up to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, RunOptions, StopReason, Threads, threads};
    ///
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let best = graph.node("improve", threads(), |threads: Threads<'_>| {
    ///     let mut best = 1.0_f64;
    ///     while threads.stop_reason().is_none() {
    ///         best = (best + 2.0 / best) / 2.0;
    ///         if best * best < 2.000_001 {
    ///             token.cancel(); // it's good enough for somebody
    ///         }
    ///     }
    ///     (best, threads.stop_reason())
    /// });
    /// let mut graph = graph.build()?;
    /// graph.with(&RunOptions::new().cancel_token(&token)).run()?;
    /// assert_eq!(graph.results()[best].1, Some(StopReason::Cancel));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stop_reason(&self) -> Option<StopReason> {
        match &self.0 {
            Source::Call(frame, node) => frame.stop_reason(*node),
            Source::Future { executor, options } => reason(Self::signal_of(executor.as_ref(), options)),
        }
    }

    /// Breaks off a [fallible](crate::GraphBuilder::try_node) node that takes long, by `?`, if the run was
    /// called off, as loops do. While a run is [drained](crate::RunOptions::drain), there is nothing to break
    /// off.
    ///
    /// # Errors
    ///
    /// [`Stopped`] if the node is to end here.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{CancelToken, GraphBuilder, NoResult, RunOptions, Stopped, Threads, threads};
    ///
    /// let token = CancelToken::new();
    /// let mut graph = GraphBuilder::new();
    /// let steps = graph.try_node("simulate", threads(), |threads: Threads<'_>| {
    ///     for step in 0..1_000 {
    ///         threads.check()?;
    ///         if step == 10 {
    ///             token.cancel(); // somebody does
    ///         }
    ///     }
    ///     Ok::<_, Stopped>("all steps")
    /// });
    /// let mut graph = graph.build()?;
    /// let error = graph.with(&RunOptions::new().cancel_token(&token)).run().unwrap_err();
    /// assert_eq!(error.to_string(), "cancelled, 1 node interrupted: simulate");
    /// assert_eq!(graph.result(steps), Err(NoResult::Interrupted));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn check(&self) -> Result<(), Stopped> {
        if self.are_called_off() { Err(self.stopped()) } else { Ok(()) }
    }

    /// Whether the run was called off, and isn't drained.
    pub(super) fn are_called_off(&self) -> bool {
        match &self.0 {
            Source::Call(frame, node) => frame.is_called_off_for(*node),
            Source::Future { executor, options } => {
                called_off(Self::signal_of(executor.as_ref(), options), options) == STOP
            }
        }
    }

    /// That they were called off.
    pub(super) fn stopped(&self) -> Stopped {
        Stopped::because(self.stop_reason().unwrap_or(StopReason::Cancel))
    }

    /// What a run was signalled, and what it isn't told yet, as far as a future knows.
    fn signal_of(executor: Option<&Handle>, options: &RunOptions) -> usize {
        let mut signal = options.outer.as_ref().map_or(0, |outer| outer.signal());
        let mut add = |bit: usize, reason| signal |= bit | stop_for(options, reason);
        let stop = options.stop();
        if stop.cancelled {
            add(CANCELLED, StopReason::Cancel);
        }
        if stop.late {
            add(EXPIRED, StopReason::Deadline);
        }
        if executor.is_some_and(|executor| executor.shared.is_shut_down()) {
            signal |= CANCELLED | STOP;
        }
        signal
    }
}
