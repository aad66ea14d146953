//! The memory of one run by work stealing, which its members share.

use crate::pool::shared::Shared;
use crate::protocol::steps::Steps;
use crate::protocol::walk::Walk;
use crate::run::body::Body;
use crate::run::lead::Common;
use crate::run::statistics::Tally;
use crate::sync::AtomicBool;
use crate::sync::thrown::Thrown;
use crate::tuner::{Plan, RunTimer};
use dgraph_core::Countdown;

/// The memory of one run: on its caller's stack or, if it has none, in a block on the heap
/// (`typed/run/detached.rs`).
pub(crate) struct Stealing<'a, F> {
    pub(crate) common: Common<'a, F>,
    /// How many roots the graph has, if they are to be taken one by one: not in a walk.
    pub(crate) roots: usize,
    /// Where to count what happens, if somebody wants to know.
    pub(crate) tally: Option<&'a Tally>,
    pub(crate) walk: Walk<'a>,
    pub(crate) timer: RunTimer,
    /// Bodies are no longer called.
    pub(crate) stopped: AtomicBool,
}

impl<'a, F: Body> Stealing<'a, F> {
    #[inline]
    pub(super) fn new(
        shared: &'a Shared,
        countdown: Countdown<'a>,
        body: &'a F,
        timer: RunTimer,
        steps: Option<Steps<'a>>,
        tally: Option<&'a Tally>,
    ) -> Self {
        Self {
            common: Common { shared, countdown, body, thrown: Thrown::nothing() },
            roots: if steps.is_none() { countdown.dag().roots().len() } else { 0 },
            tally,
            walk: Walk::new(steps),
            timer,
            stopped: AtomicBool::new(false),
        }
    }

    /// Whether it begins with one member, and quietly.
    pub(super) fn begins_quietly(&self) -> bool {
        F::WAKES && matches!(self.timer.plan, Plan::Alone { .. })
    }
}
