//! A future that waits as long as a token and a deadline permit.

#[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
use crate::pool::timer::Alarm;
use crate::typed::error::stop_reason::StopReason;
use crate::typed::options::run_options::RunOptions;
use crate::wake::Wakes;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// What ends the wait for a future: token and deadline wake its task as they wake a run without futures.
pub(super) struct Watched<'o> {
    options: &'o RunOptions,
    wakes: Arc<Wakes>,
    #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
    _alarm: Option<Alarm>,
}

impl<'o> Watched<'o> {
    pub(super) fn new(options: &'o RunOptions) -> Self {
        let wakes = Wakes::new(0);
        if let Some(token) = &options.token {
            token.attach(&wakes);
        }
        Self {
            #[cfg(not(any(dgraph_loom, dgraph_shuttle)))]
            _alarm: options.deadline.and_then(|deadline| Alarm::set(deadline, &wakes)),
            options,
            wakes,
        }
    }

    /// What comes first: a reason to stop, or what the future gives.
    pub(super) fn poll<F: Future + Unpin>(
        &self,
        future: &mut F,
        context: &mut Context<'_>,
    ) -> Poll<Result<F::Output, StopReason>> {
        loop {
            let _ = self.wakes.take(|_| ());
            let stop = self.options.stop();
            if stop.cancelled {
                return Poll::Ready(Err(StopReason::Cancel));
            }
            if stop.late {
                return Poll::Ready(Err(StopReason::Deadline));
            }
            if let Poll::Ready(given) = Pin::new(&mut *future).poll(context) {
                return Poll::Ready(Ok(given));
            }
            if self.wakes.fall_asleep(context.waker()) {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for Watched<'_> {
    fn drop(&mut self) {
        if let Some(token) = &self.options.token {
            token.detach(&self.wakes);
        }
        self.wakes.detach();
    }
}
