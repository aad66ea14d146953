//! Nodes that let others go first: futures that aren't ready when they are first polled.

use crate::body::Body;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Wakes itself and is ready when it is polled again: the least that a future can wait for.
#[derive(Clone, Copy, Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Yield {
    yields: bool,
}

/// A body that yields once before its work, in systems whose nodes are futures. Others take no notice.
#[derive(Clone, Copy, Debug)]
pub struct Yielding<B>(pub B);

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

impl<B: Body> Body for Yielding<B> {
    #[inline]
    fn execute(self, node: u32) {
        self.0.execute(node);
    }

    #[inline]
    fn begin(self, node: u32) {
        self.0.begin(node);
    }

    #[inline]
    fn wait(self) -> impl Future<Output = ()> + Send + 'static {
        Yield::new(true)
    }

    #[inline]
    fn finish(self, node: u32) {
        self.0.finish(node);
    }

    fn clear(self) {
        self.0.clear();
    }

    fn check(self) -> Result<(), String> {
        self.0.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body::Stamp;
    use crate::slots::Slots;
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

    #[test]
    fn stamps_see_who_began_while_another_had_yielded() {
        let stamp = Stamp::new(Slots::new(2), Slots::new(2)).yielding();
        stamp.begin(0);
        stamp.begin(1);
        stamp.finish(0);
        stamp.finish(1);
        assert!(stamp.check_order(2, &[(0, 1)]).is_err());
        assert_eq!(stamp.check_order(2, &[]), Ok(()));
    }
}
