//! The memory of one run, which its members share.

use crate::pool::shared::Shared;
use crate::protocol::steps::Steps;
use crate::protocol::walk::Walk;
use crate::run::body::Body;
use crate::run::statistics::{Tally, count};
use crate::sync::thrown::Thrown;
use crate::sync::{AtomicBool, AtomicUsize, Ordering};
use crate::tuner::{Plan, RunTimer};
use dgraph_core::Countdown;
use std::any::Any;

/// The memory of one run, on its caller's stack.
pub(crate) struct Run<'a, F> {
    pub(crate) shared: &'a Shared,
    pub(crate) countdown: Countdown<'a>,
    pub(crate) body: &'a F,
    /// How many roots the graph has, if they are to be taken one by one: not in a walk.
    pub(crate) roots: usize,
    /// Where to count what happens, if somebody wants to know.
    pub(crate) tally: Option<&'a Tally>,
    pub(crate) walk: Walk<'a>,
    pub(crate) timer: RunTimer,
    /// Bodies are no longer called.
    pub(crate) stopped: AtomicBool,
    pub(super) thrown: Thrown,
}

impl<'a, F: Body> Run<'a, F> {
    pub(super) fn new(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        body: &'a F,
        begun: RunTimer,
        steps: Option<Steps<'a>>,
        tally: Option<&'a Tally>,
    ) -> Self {
        let walk = Walk::new(steps);
        let mut run = Self {
            shared,
            countdown,
            body,
            roots: 0,
            tally,
            walk,
            timer: begun,
            stopped: AtomicBool::new(false),
            thrown: Thrown::nothing(),
        };
        if steps.is_none() {
            run.roots = countdown.dag().roots().len();
        }
        run
    }

    /// What the first panic has thrown, if there was one.
    pub(crate) fn take_thrown(&self) -> Option<Box<dyn Any + Send>> {
        self.thrown.take()
    }
    /// Whether it begins with one member, and quietly.
    pub(super) fn begins_quietly(&self) -> bool {
        F::WAKES && matches!(self.timer.plan, Plan::Walk { .. })
    }

    /// Adds to a counter of the tally, if there is one.
    pub(crate) fn count(&self, what: impl FnOnce(&Tally) -> (&AtomicUsize, usize)) {
        if let Some(tally) = self.tally {
            let (counter, more) = what(tally);
            count(counter, more);
        }
    }

    /// Takes note of a panic: no further body is called.
    pub(crate) fn stop(&self, payload: Box<dyn Any + Send>) {
        self.stopped.store(true, Ordering::Relaxed);
        self.thrown.keep(payload);
    }
}
