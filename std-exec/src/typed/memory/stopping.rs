//! What stops a run, at which of its nodes, and what becomes of those under way.
//!
//! | signal | nodes that have not begun | nodes under way |
//! |---|---|---|
//! | `STOP` | don't begin | are interrupted |
//! | `FAILED` | begin if they [last](super::lasting) | are interrupted, unless they last or failures drain |
//! | `DRAIN` | don't begin | go on to their end |
//!
//! `PANICKED`, `FAILED`, `CANCELLED` and `EXPIRED` say why. Each is raised once: a run that is drained
//! because of a cancel still looks at its deadline. With `CHECK`, every node looks at token and deadline;
//! with `WITHIN`, also at the run around this one. Loops, and who asks for the reason, always look at all
//! three.

use super::frame::Frame;
use super::standing::{CANCELLED, CHECK, DRAIN, EXPIRED, FAILED, LIMITED, PANICKED, STOP, WITHIN};
use super::status::{NoValue, Status};
use crate::sync::Ordering;
use crate::typed::error::stop_reason::StopReason;
use crate::typed::options::cancel::CancelToken;
use crate::typed::options::run_options::RunOptions;
use std::time::Instant;

impl Frame<'_> {
    /// Whether a node that is to be started has to look for anything.
    #[inline(always)]
    pub(crate) fn any_signal(&self) -> bool {
        self.signal() != 0
    }

    /// Whether `signal` says nothing but that every node looks at token and deadline, and these say nothing:
    /// then all is as without them.
    #[cold]
    pub(crate) fn has_no_news(&self, signal: usize) -> bool {
        signal == CHECK
            && !self.options.token.as_ref().is_some_and(CancelToken::is_cancelled)
            && self.options.deadline.is_none_or(|deadline| Instant::now() < deadline)
    }

    /// Whether no further node is to be started or polled.
    #[inline]
    pub(crate) fn is_stopped(&self) -> bool {
        self.signal() & STOP != 0
    }

    /// Whether nodes were not started, or not polled to their end, since something has stopped the run.
    pub(crate) fn was_cut_short(&self) -> bool {
        self.signal() & (STOP | FAILED | DRAIN) != 0
    }

    /// Whether `node`, which has not begun, may begin, as far as `signal` says, and nothing stops it now.
    pub(crate) fn may_start(&self, node: u32, signal: usize) -> bool {
        let signal = self.look(signal);
        signal & (STOP | DRAIN) == 0 && (signal & FAILED == 0 || self.lasting().has(node))
    }

    /// Whether `node`, which is under way, may go on, as far as `signal` says, and nothing stops it now.
    pub(crate) fn may_go_on(&self, node: u32, signal: usize) -> bool {
        let signal = self.look(signal);
        let fails = signal & FAILED != 0 && !self.options.draining.on(StopReason::Failure);
        signal & STOP == 0 && (!fails || self.lasting().has(node))
    }

    /// Whether the run is stopped for all, at once, also by a cancel, a deadline, or the end of the executor,
    /// that nobody has seen yet.
    pub(crate) fn is_called_off(&self, shut_down: bool) -> bool {
        if shut_down {
            self.cancel();
        }
        self.look(self.signal()) & STOP != 0
    }

    /// Whether `node`, which is under way and asks by itself, is to break off.
    pub(crate) fn is_called_off_for(&self, node: u32) -> bool {
        let signal = self.look_everywhere();
        !self.may_go_on(node, signal)
    }

    /// Whether nothing behind `node` begins any more, whatever becomes of those under way.
    pub(crate) fn is_told_to_stop(&self, node: u32) -> bool {
        let signal = self.look_everywhere();
        !self.may_start(node, signal)
    }

    /// Why nothing behind `node` begins any more, if that is so.
    pub(crate) fn stop_reason(&self, node: u32) -> Option<StopReason> {
        let ignored = if self.lasting().has(node) { FAILED } else { 0 };
        // What this run has of the one around it, it may know as a cancel.
        let outer = self.options.outer.as_ref().map_or(0, |outer| outer.signal());
        reason(self.look_everywhere() & !ignored | outer)
    }

    /// That `node`, which is between two things to do, ends there, if the run is called off.
    pub(crate) fn cut_off(&self, node: u32) -> Option<NoValue> {
        self.is_told_to_stop(node).then(|| self.statuses().without_value(node, Status::INTERRUPTED))
    }

    /// No further node is started or polled: somebody, or the end of the executor, has called the run off.
    pub(crate) fn cancel(&self) {
        self.raise(STOP | CANCELLED);
    }

    /// How the run stops for such a reason.
    pub(super) fn stop_for(&self, reason: StopReason) -> usize {
        stop_for(self.options, reason)
    }

    /// What was signalled, with what only those know who look, of whom `signal` says whether they do.
    fn look(&self, mut signal: usize) -> usize {
        if signal & STOP != 0 || signal & (CHECK | WITHIN) == 0 {
            return signal;
        }
        if signal & CHECK != 0 {
            signal |= self.look_at_options(signal);
        }
        if signal & WITHIN != 0 {
            signal |= self.look_outside(signal);
        }
        signal
    }

    /// What was signalled, with all that somebody who looks everywhere finds.
    fn look_everywhere(&self) -> usize {
        if self.executor.is_some_and(|executor| executor.shared.is_shut_down()) {
            self.cancel();
        }
        let signal = self.signal();
        if signal & STOP != 0 { signal } else { self.look(signal) | self.look_outside(self.signal()) }
    }

    /// What token and deadline say that is news.
    fn look_at_options(&self, signal: usize) -> usize {
        let mut news = 0;
        if signal & CANCELLED == 0 && self.options.token.as_ref().is_some_and(CancelToken::is_cancelled) {
            news = CANCELLED | self.stop_for(StopReason::Cancel);
        }
        let is_late = || self.options.deadline.is_some_and(|deadline| Instant::now() >= deadline);
        if (signal | news) & (EXPIRED | STOP) == 0 && is_late() {
            news |= EXPIRED | self.stop_for(StopReason::Deadline);
        }
        if news != 0 {
            self.raise(news);
        }
        news
    }

    /// What the run around this one says that is news: for this run, that is a cancel.
    fn look_outside(&self, signal: usize) -> usize {
        let outside = self.options.outer.as_ref().map_or(0, |outer| outer.signal());
        let how = called_off(outside, self.options);
        if how & !signal == 0 {
            return 0;
        }
        self.raise(how | CANCELLED);
        how | CANCELLED
    }

    pub(super) fn raise(&self, signal: usize) {
        // Relaxed: dependents see it like everything that was done before them, for others it is only a hint.
        let before = self.signal.fetch_or(signal, Ordering::Relaxed);
        self.records.around.iter().for_each(|around| around.raise(signal));
        // One thread that runs all by itself sees that the run is stopped, and ends it.
        let mut news = if self.team { STOP | FAILED } else { FAILED };
        // Who waits for permits has not begun.
        news |= if before & LIMITED != 0 { DRAIN } else { 0 };
        if let (Some(wakes), true) = (&self.records.wakes, signal & !before & news != 0) {
            // Nothing else would make those who wait come to an end.
            wakes.wake_all();
        }
    }
}

/// How a run with these options stops that belongs to a node of one that was signalled this: `STOP`, `DRAIN`,
/// or not at all.
pub(crate) fn called_off(outside: usize, options: &RunOptions) -> usize {
    let fails = outside & FAILED != 0;
    if outside & STOP != 0 || fails && !options.draining.on(StopReason::Failure) {
        STOP
    } else if outside & DRAIN != 0 || fails {
        DRAIN
    } else {
        0
    }
}

/// How a run with these options stops for such a reason.
pub(crate) fn stop_for(options: &RunOptions, reason: StopReason) -> usize {
    if options.draining.on(reason) { DRAIN } else { STOP }
}

/// Why a run stops that was signalled this.
pub(crate) fn reason(signal: usize) -> Option<StopReason> {
    let all = [
        (PANICKED, StopReason::Panic),
        (FAILED, StopReason::Failure),
        (CANCELLED, StopReason::Cancel),
        (EXPIRED, StopReason::Deadline),
    ];
    all.into_iter().find(|&(bit, _)| signal & bit != 0).map(|(_, reason)| reason)
}
