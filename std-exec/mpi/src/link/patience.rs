//! How long a rank has waited with nothing to do, and when that is too long.

use crate::transport::Transport;
use std::mem;
use std::time::Duration;

/// The waiting of a rank in an operation. Looks at the clock now and then only: a look may cost more than one
/// for messages.
#[derive(Default)]
pub(super) struct Patience {
    pub(super) timeout: Option<Duration>,
    /// Whether the thread has nothing else to do meanwhile.
    pub(super) has_time: bool,
    /// For how many turns there has been nothing to do.
    idle: u32,
    /// The moment of the second of these: what comes sooner than that isn't worth a look at the clock.
    idle_since: Duration,
    /// The moment of the last of these.
    idle_until: Duration,
    /// When the operation has begun.
    began: Duration,
    /// How long it has waited with nothing to do.
    waited: Duration,
}

/// A wait that has been longer than the timeout.
pub(super) struct Overdue {
    pub(super) waited: Duration,
    pub(super) timeout: Duration,
}

impl Patience {
    /// An operation begins.
    pub(super) fn begin(&mut self, clock: &dyn Transport) {
        self.idle = 0;
        self.began = clock.elapsed();
        self.idle_since = self.began;
        self.idle_until = self.began;
        self.waited = Duration::ZERO;
    }

    /// There is something to do. It may have been done already, so the clock isn't asked: what counts is the
    /// last moment at which there was nothing.
    pub(super) fn wake_up(&mut self) {
        if mem::take(&mut self.idle) > 1 {
            self.waited += self.idle_until.saturating_sub(self.idle_since);
        }
    }

    /// There was nothing to do in this turn. For how many turns that has been so.
    pub(super) fn idle(&mut self, clock: &dyn Transport) -> u32 {
        self.idle = self.idle.saturating_add(1);
        if self.idle > 1 {
            self.idle_until = clock.elapsed();
        }
        if self.idle == 2 {
            self.idle_since = self.idle_until;
        }
        self.idle
    }

    pub(super) fn is_idle(&self) -> bool {
        self.idle > 0
    }

    /// Waiting isn't for nothing.
    pub(super) fn stay(&mut self, clock: &dyn Transport) {
        self.idle_since = clock.elapsed();
    }

    pub(super) fn overdue(&self, clock: &dyn Transport) -> Option<Overdue> {
        let timeout = self.timeout?;
        if self.idle % 16 > 0 {
            return None;
        }
        let waited = clock.elapsed() - self.idle_since;
        (waited >= timeout).then_some(Overdue { waited, timeout })
    }

    /// How long the operation has taken, and how much of that it has waited.
    pub(super) fn times(&self, clock: &dyn Transport) -> (Duration, Duration) {
        (clock.elapsed() - self.began, self.waited)
    }
}
