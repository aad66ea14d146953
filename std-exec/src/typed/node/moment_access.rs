//! A moment as a dependency of the node that reaches it.

use super::async_fn::AsyncNodeFn;
use super::dependencies::{Dependencies, NodeFn};
use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::local_async_fn::LocalAsyncFn;
use super::resolver::Resolver;
use crate::typed::handle::moment::Moment;
use crate::typed::memory::frame::Frame;
use crate::typed::memory::starts::Starts;
use crate::wake::Wakes;
use std::fmt;
use std::marker::PhantomData;
use std::ptr::NonNull;
use std::sync::Arc;
use std::task::Waker;

/// What a node is given that has a [`Moment`] among its dependencies: by which it says that the moment is
/// there.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Reach};
/// use std::sync::Mutex;
///
/// let log = &Mutex::new(Vec::new());
/// let mut graph = GraphBuilder::new();
/// let (ready, moment) = graph.moment("ready");
/// let server = graph.async_node("server", moment, async |ready: Reach<'_>| {
///     log.lock().unwrap().push("listens");
///     ready.reach();
///     while log.lock().unwrap().len() < 2 {
///         yield_now().await;
///     }
///     log.lock().unwrap().push("is done");
/// });
/// graph.node("client", ready, |_: &()| log.lock().unwrap().push("calls"));
/// # let _ = server;
/// graph.build()?.run()?;
/// assert_eq!(*log.lock().unwrap(), ["listens", "calls", "is done"]);
///
/// async fn yield_now() {
///     let mut yielded = false;
///     std::future::poll_fn(|context| {
///         context.waker().wake_by_ref();
///         match std::mem::replace(&mut yielded, true) {
///             true => std::task::Poll::Ready(()),
///             false => std::task::Poll::Pending,
///         }
///     })
///     .await
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Reach<'a> {
    starts: Arc<Starts>,
    start: u32,
    /// Of that start.
    waker: Option<Waker>,
    node: PhantomData<&'a ()>,
}

impl Reach<'_> {
    fn new(starts: &Arc<Starts>, start: u32, wakes: &Wakes) -> Self {
        let waker = starts.stage(start).map(|(_, waker)| wakes.waker(waker).clone());
        Self { starts: Arc::clone(starts), start, waker, node: PhantomData }
    }

    /// The moment is there: what comes after it may begin. Once is enough.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Reach};
    /// let mut graph = GraphBuilder::new();
    /// let (first, moment) = graph.moment("first");
    /// let all = graph.node("all", moment, |first: Reach<'_>| {
    ///     let made: Vec<u32> = (0..10).inspect(|_| first.reach()).collect();
    ///     made.len()
    /// });
    /// graph.node("begin to show", first, |_: &()| ());
    /// assert_eq!(graph.build()?.run()?[all], 10);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn reach(&self) {
        if self.starts.reach(self.start).is_some() {
            self.waker.iter().for_each(Waker::wake_by_ref);
        }
    }
}

impl fmt::Debug for Reach<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reach").field("start", &self.start).finish_non_exhaustive()
    }
}

/// What a node is fed that reaches this moment.
fn fed<'a>(frame: &Frame<'_>, start: u32) -> Reach<'a> {
    Reach::new(frame.records.starts.as_ref().expect("a graph with moments has them"), start, frame.wakes())
}

impl Sealed for Moment {}

impl Dependency for Moment {
    type Pointer = u32;
    type Scope = ();

    fn resolve(self, resolver: &mut Resolver<'_>) -> u32 {
        resolver.moment(self.node)
    }
}

impl<'a> Feed<'a> for Moment {
    type Arg = Reach<'a>;

    unsafe fn feed(&start: &u32, frame: &Frame<'_>, _: u32) -> Reach<'a> {
        fed(frame, start)
    }
}

impl Dependencies for Moment {
    type Pointers = u32;
    type Scope = ();

    fn resolve(self, resolver: &mut Resolver<'_>) -> u32 {
        resolver.moment(self.node)
    }
}

impl<Fun, Out> NodeFn<Moment> for Fun
where
    Fun: for<'a> FnMut(Reach<'a>) -> Out,
{
    type Output = Out;

    unsafe fn call(mut function: NonNull<Self>, &start: &u32, frame: &Frame<'_>, _: u32) -> Out {
        // SAFETY: by contract.
        let function = unsafe { function.as_mut() };
        function(fed(frame, start))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, Fun, Fut> AsyncNodeFn<'a, Moment> for Fun
where
    Fun: FnMut(Reach<'a>) -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    unsafe fn call(mut function: NonNull<Self>, &start: &u32, frame: &Frame<'_>, _: u32) -> Fut {
        // SAFETY: by contract.
        let function = unsafe { function.as_mut() };
        function(fed(frame, start))
    }
}

impl<'a, Fun, Out> LocalAsyncFn<'a, Moment> for Fun
where
    Fun: AsyncFnMut(Reach<'a>) -> Out,
{
    type Output = Out;

    unsafe fn call(
        &'a mut self,
        start: *const u32,
        frame: &'a Frame<'a>,
        _: u32,
    ) -> impl Future<Output = Out> {
        // SAFETY: by contract.
        let start = unsafe { *start };
        self(fed(frame, start))
    }
}
