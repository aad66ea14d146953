//! Futures that wait by looking again in each turn.

use std::mem;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

/// Lets whatever else the thread does go on.
pub(crate) async fn next_turn() {
    let mut first = true;
    std::future::poll_fn(|context: &mut Context<'_>| {
        if mem::take(&mut first) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(())
    })
    .await;
}

/// Polls until it is ready.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(future);
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
            return output;
        }
    }
}
