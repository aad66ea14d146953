//! Waiting for an instance.

use super::instance::Instance;
use super::pool::Pool;
use crate::protocol::semaphore::{Place, Urgency};
use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

/// A future that gives an [`Instance`]: made by [`Definition::acquire`](crate::Definition::acquire).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Acquire, DefinitionBuilder};
/// # pollster::block_on(async {
/// let mut graph = DefinitionBuilder::new();
/// let answer = graph.node("answer", (), || 42);
/// let definition = graph.build()?;
/// let waiting: Acquire<'_, '_> = definition.acquire();
/// assert_eq!(waiting.await.run()?[answer], 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "futures do nothing unless they are polled"]
pub struct Acquire<'d, 'env> {
    pool: &'d Arc<Pool>,
    place: Place,
    gives: PhantomData<Instance<'env>>,
}

impl<'d> Acquire<'d, '_> {
    /// Of the pool of a definition whose closures borrow for `'env`.
    pub(super) fn new(pool: &'d Arc<Pool>) -> Self {
        Self { pool, place: None, gives: PhantomData }
    }
}

impl<'env> Future for Acquire<'_, 'env> {
    type Output = Instance<'env>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Instance<'env>> {
        let pool = self.pool;
        let polled = match &pool.permits {
            Some(permits) => permits.poll(&mut self.place, 1, Urgency::default(), context.waker()),
            None => Poll::Ready(()),
        };
        polled.map(|()| Instance::new(pool.take(), pool))
    }
}

impl Drop for Acquire<'_, '_> {
    fn drop(&mut self) {
        if let Some(permits) = &self.pool.permits {
            permits.leave(&mut self.place);
        }
    }
}

impl fmt::Debug for Acquire<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acquire").field("waits", &self.place.is_some()).finish()
    }
}
