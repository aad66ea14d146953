//! What is looked at during a run, also between nodes: a token, a deadline, and whether it is time to say how
//! far the run has come.

use crate::exec::CancelToken;
use crate::fault::{Fault, FaultKind};
use crate::options::{Progress, RankOptions};
use crate::port::Port;
use std::time::{Duration, Instant};

/// How often ranks say how far they have come.
const TELL: Duration = Duration::from_millis(50);

#[derive(Default)]
pub(super) struct Watchdog {
    token: Option<CancelToken>,
    deadline: Option<Instant>,
    progress: Option<Progress>,
    told: Duration,
}

impl Watchdog {
    pub(super) fn new(options: &RankOptions) -> Self {
        Self {
            token: options.token.clone(),
            deadline: options.deadline,
            progress: options.progress.clone(),
            told: Duration::ZERO,
        }
    }

    /// Records a cancel or a late end with `port`, once each.
    #[inline]
    pub(super) fn look(&mut self, port: &Port) {
        if self.token.as_ref().is_some_and(CancelToken::is_cancelled) {
            self.token = None;
            port.record(Fault::new(FaultKind::Cancelled, port.plan().rank(), None));
        }
        if self.deadline.is_some_and(|deadline| deadline <= Instant::now()) {
            self.deadline = None;
            port.record(Fault::new(FaultKind::DeadlineExceeded, port.plan().rank(), None));
        }
    }

    /// Where to say how far the run has come, if it is time to.
    #[inline]
    pub(super) fn due(&mut self, now: impl FnOnce() -> Duration) -> Option<&Progress> {
        let progress = self.progress.as_ref()?;
        let now = now();
        if now.saturating_sub(self.told) < TELL {
            return None;
        }
        self.told = now;
        Some(progress)
    }

    pub(super) fn progress(&self) -> Option<&Progress> {
        self.progress.as_ref()
    }
}
