//! Nodes that let others go first: futures that aren't ready when they are first polled.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Wakes itself and is ready when it is polled again: the least that a future can wait for.
#[derive(Clone, Copy, Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Yield {
    yields: bool,
}

impl Yield {
    /// Yields once, or not at all.
    pub fn new(yields: bool) -> Self {
        Self { yields }
    }
}

impl Future for Yield {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if !std::mem::take(&mut self.yields) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::task::Waker;

    #[test]
    fn yields_once_or_never() {
        let mut context = Context::from_waker(Waker::noop());
        let mut polls = |yields| {
            let mut future = Yield::new(yields);
            (1..).find(|_| Pin::new(&mut future).poll(&mut context).is_ready())
        };
        assert_eq!((polls(false), polls(true)), (Some(1), Some(2)));
    }
}
