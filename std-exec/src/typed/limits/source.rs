//! Permits that come from outside.

use std::sync::Arc;
use std::task::{Context, Poll};

/// Where the permits of a [`SharedLimit`](crate::SharedLimit) come from, if their number isn't fixed: as
/// make's jobserver, whose permits are shared by processes.
///
/// It is asked for a permit when a node waits for one. Permits that nodes give back go to nodes that wait,
/// the most urgent one first, and if there are none, back to the source.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, PermitSource, SharedLimit};
/// use std::sync::{Arc, Mutex};
/// use std::task::{Context, Poll, Waker};
///
/// /// As many permits as somebody has put there, at any time.
/// #[derive(Default)]
/// struct Basket(Mutex<(usize, Option<Waker>)>);
///
/// impl Basket {
///     fn put(&self, permits: usize) {
///         let waker = {
///             let mut basket = self.0.lock().unwrap();
///             basket.0 += permits;
///             basket.1.take()
///         };
///         waker.into_iter().for_each(Waker::wake); // not under the lock: it asks for a permit
///     }
/// }
///
/// impl PermitSource for Basket {
///     fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
///         let mut basket = self.0.lock().unwrap();
///         if basket.0 > 0 {
///             basket.0 -= 1;
///             return Poll::Ready(());
///         }
///         basket.1 = Some(context.waker().clone());
///         Poll::Pending
///     }
///
///     fn give_back(&self) {
///         self.put(1);
///     }
/// }
///
/// let basket = Arc::new(Basket::default());
/// let limit = SharedLimit::from_source(Arc::clone(&basket));
/// let mut graph = GraphBuilder::new();
/// let node = graph.node("node", (), || "ran");
/// graph.limited(node, &limit);
/// let mut graph = graph.build()?;
/// std::thread::scope(|scope| {
///     scope.spawn(|| basket.put(1)); // while the run waits, or before
///     graph.run().map(|results| assert_eq!(results[node], "ran"))
/// })?;
/// assert_eq!(basket.0.lock().unwrap().0, 1); // it is there again
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait PermitSource: Send + Sync {
    /// Takes a permit; or keeps the waker of `context`, and wakes it, once, when there may be one.
    ///
    /// It is the limit's waker, and always the same one: only the last one need be kept, and it is best
    /// dropped when it was woken, since it keeps the limit alive. Waking it calls this again, on the thread
    /// that wakes it, so that must not happen under a lock that this takes. It may be woken at any time. If
    /// the node that waited has gone by then, what comes of it is given back.
    ///
    /// It must not block, and is never called by two threads at once. If it panics, the node panics that has
    /// called it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::PermitSource;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    /// use std::task::{Context, Poll};
    ///
    /// /// Permits without end, as long as it is switched on; who switches it on has to wake what has asked before.
    /// struct Switch(AtomicBool);
    ///
    /// impl PermitSource for Switch {
    ///     fn poll_take(&self, _: &mut Context<'_>) -> Poll<()> {
    ///         if self.0.load(Relaxed) { Poll::Ready(()) } else { Poll::Pending }
    ///     }
    ///
    ///     fn give_back(&self) {}
    /// }
    /// ```
    fn poll_take(&self, context: &mut Context<'_>) -> Poll<()>;

    /// A permit that was taken is no longer needed. Two threads may call it at once. If it panics, nobody
    /// hears of that.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::PermitSource;
    /// use std::io::Write;
    /// use std::task::{Context, Poll};
    ///
    /// /// A byte in a pipe for each permit, as make has it; here only the way back.
    /// struct Pipe(std::fs::File);
    ///
    /// impl PermitSource for Pipe {
    ///     fn poll_take(&self, _: &mut Context<'_>) -> Poll<()> {
    ///         Poll::Pending
    ///     }
    ///
    ///     fn give_back(&self) {
    ///         (&self.0).write_all(b"+").expect("somebody reads");
    ///     }
    /// }
    /// ```
    fn give_back(&self);
}

impl<S: PermitSource + ?Sized> PermitSource for Arc<S> {
    fn poll_take(&self, context: &mut Context<'_>) -> Poll<()> {
        (**self).poll_take(context)
    }

    fn give_back(&self) {
        (**self).give_back();
    }
}
