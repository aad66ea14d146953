//! The threads of the run as a dependency.

use super::async_fn::AsyncNodeFn;
use super::dependencies::{Dependencies, NodeFn};
use super::dependency::sealed::Sealed;
use super::dependency::{Dependency, Feed};
use super::local_async_fn::LocalAsyncFn;
use super::resolver::Resolver;
use crate::typed::memory::frame::Frame;
use crate::typed::threads::handed::Threads;
use std::ptr::NonNull;

/// The threads of the run as a dependency: what [`threads()`](crate::threads()) gives, and what hands
/// [`Threads`] to the node's closure.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunThreads, Threads, threads};
///
/// let all: RunThreads = threads();
/// let mut graph = GraphBuilder::new();
/// let one = graph.node("one", (), || 1);
/// let count = graph.node("count", (one, all), |one: &usize, threads: Threads<'_>| one * threads.count());
/// assert_eq!(graph.build()?.run()?[count], 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunThreads;

/// A dependency that hands the [`Threads`] of the run to the node's closure, for loops on many threads and
/// graphs whose shape is known only then. At any place in the list of dependencies, or alone.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Threads, threads};
///
/// let mut graph = GraphBuilder::new();
/// let mesh = graph.state("mesh", vec![1.0; 1_000]);
/// graph.try_node("scale", (mesh.write(), threads()), |mesh: &mut Vec<f64>, threads: Threads<'_>| {
///     threads.for_each(mesh, |_, x| *x *= 2.0)
/// });
/// let mut graph = graph.build()?;
/// graph.run_parallel(&Executor::new()?)?;
/// assert!(graph.state(mesh).iter().all(|&x| x == 2.0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub const fn threads() -> RunThreads {
    RunThreads
}

impl Sealed for RunThreads {}

impl Dependency for RunThreads {
    type Pointer = ();
    type Scope = Self;

    fn resolve(self, resolver: &mut Resolver<'_>) {
        resolver.store.begins_runs();
    }
}

impl<'a> Feed<'a> for RunThreads {
    type Arg = Threads<'a>;

    unsafe fn feed((): &(), frame: &Frame<'_>, dependent: u32) -> Threads<'a> {
        Threads::of_future(frame, dependent)
    }

    #[inline]
    unsafe fn feed_call((): &(), frame: &'a Frame<'a>, dependent: u32) -> Threads<'a> {
        Threads::of_call(frame, dependent)
    }
}

impl Dependencies for RunThreads {
    type Pointers = ();
    type Scope = Self;

    fn resolve(self, resolver: &mut Resolver<'_>) {
        resolver.store.begins_runs();
    }
}

impl<Fun, Out> NodeFn<RunThreads> for Fun
where
    Fun: for<'a> FnMut(Threads<'a>) -> Out,
{
    type Output = Out;

    #[inline]
    unsafe fn call(mut function: NonNull<Self>, (): &(), frame: &Frame<'_>, node: u32) -> Out {
        // SAFETY: by contract.
        let function = unsafe { function.as_mut() };
        function(Threads::of_call(frame, node))
    }
}

#[diagnostic::do_not_recommend]
impl<'a, Fun, Fut> AsyncNodeFn<'a, RunThreads> for Fun
where
    Fun: FnMut(Threads<'a>) -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    unsafe fn call(mut function: NonNull<Self>, (): &(), frame: &Frame<'_>, node: u32) -> Fut {
        // SAFETY: by contract.
        let function = unsafe { function.as_mut() };
        function(Threads::of_future(frame, node))
    }
}

impl<'a, Fun, Out> LocalAsyncFn<'a, RunThreads> for Fun
where
    Fun: AsyncFnMut(Threads<'a>) -> Out,
{
    type Output = Out;

    unsafe fn call(&'a mut self, _: *const (), frame: &'a Frame<'a>, node: u32) -> impl Future<Output = Out> {
        self(Threads::of_future(frame, node))
    }
}
