//! A future that lets others go on.

use std::future::poll_fn;
use std::task::Poll;

/// Lets others go on, so many times: wakes itself, and is ready when it was polled once more.
pub async fn yields(mut times: u32) {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(());
        }
        times -= 1;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
