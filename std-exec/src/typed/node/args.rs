//! What a task of a dictionary is fed: the results of nodes that may have given nothing.

use super::async_fn::AsyncNodeFn;
use super::async_task::{Fallible, Settle};
use super::dependencies::Dependencies;
use super::dependency::sealed::Sealed;
use super::resolver::Resolver;
use super::values::{List, Values, ValuesIter};
use crate::typed::data::uses::Kind;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::node::Node;
use crate::typed::memory::frame::Frame;
use crate::typed::memory::status::NoValue;
use std::fmt;
use std::iter::Flatten;
use std::marker::PhantomData;
use std::ops::Index;
use std::ptr::NonNull;

/// The values of a task's dependencies, in the order in which they are listed; those that gave `None` are
/// left out.
///
/// # Examples
///
/// ```
/// use dgraph_exec::KeyedGraph;
/// let mut graph = KeyedGraph::<_, i32>::builder()
///     .task("sum", ["nothing", "two", "two"], |args| args.iter().sum::<i32>())
///     .task("two", [], |_| 2)
///     .task("nothing", [], |_| None)
///     .build()?;
/// assert_eq!(graph.run()?["sum"], 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Args<'a, T> {
    values: Values<'a, Option<T>>,
}

impl<'a, T> Args<'a, T> {
    pub(crate) fn new(values: Values<'a, Option<T>>) -> Self {
        Self { values }
    }

    /// The values.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::builder()
    ///     .task("most", ["few", "many"], |args| args.iter().copied().max())
    ///     .task("few", [], |_| 3)
    ///     .task("many", [], |_| 80)
    ///     .build()?;
    /// assert_eq!(graph.run()?["most"], 80);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn iter(&self) -> impl Iterator<Item = &'a T> + use<'a, T> {
        self.values.iter().filter_map(Option::as_ref)
    }

    /// One value for each dependency, also for those that gave `None`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, u16>::builder()
    ///     .task("port", ["given", "configured"], |args| args.listed()[0].or(args.listed()[1]).unwrap_or(80))
    ///     .task("given", [], |_| None)
    ///     .task("configured", [], |_| 8080)
    ///     .build()?;
    /// assert_eq!(graph.run()?["port"], 8080);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn listed(&self) -> Values<'a, Option<T>> {
        self.values
    }

    /// How many values there are: at most the number of dependencies.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, usize>::builder()
    ///     .task("count", ["here", "gone"], |args| args.len())
    ///     .task("here", [], |_| 1)
    ///     .task("gone", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["count"], 1); // of two dependencies one gave something
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.iter().count()
    }

    /// Whether there are none.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, &str>::builder()
    ///     .task("report", ["errors"], |args| if args.is_empty() { "all is well" } else { args[0] })
    ///     .task("errors", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["report"], "all is well");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The `position`-th value.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::KeyedGraph;
    /// let mut graph = KeyedGraph::<_, u16>::builder()
    ///     .task("port", ["configured"], |args| args.get(0).copied().unwrap_or(8080))
    ///     .task("configured", [], |_| None)
    ///     .build()?;
    /// assert_eq!(graph.run()?["port"], 8080);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn get(&self, position: usize) -> Option<&'a T> {
        self.iter().nth(position)
    }
}

impl<T> Clone for Args<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Args<'_, T> {}

impl<T> Index<usize> for Args<'_, T> {
    type Output = T;

    /// The `position`-th value.
    ///
    /// # Panics
    ///
    /// If there are not that many.
    #[track_caller]
    fn index(&self, position: usize) -> &T {
        match self.get(position) {
            Some(value) => value,
            None => panic!("argument {position} of a task that is given {}", self.len()),
        }
    }
}

impl<'a, T> IntoIterator for Args<'a, T> {
    type Item = &'a T;
    type IntoIter = Flatten<ValuesIter<'a, Option<T>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.values.iter().flatten()
    }
}

impl<T: fmt::Debug> fmt::Debug for Args<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// The dependencies of a task of a [`KeyedGraph`](crate::KeyedGraph): what is fed [`Args`]. Where an async
/// task is wanted, it says so.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Args, AsyncNodeFn, TaskNodes};
///
/// fn is_task<F: for<'a> AsyncNodeFn<'a, TaskNodes<u32>, Output = u32>>(_: F) -> bool { true }
/// async fn sum(args: Args<'_, u32>) -> u32 { args.iter().sum() }
/// assert!(is_task(sum));
/// ```
#[derive(Debug)]
pub struct TaskNodes<T>(pub(crate) Vec<Node<Option<T>>>);

impl<T> Sealed for TaskNodes<T> {}

impl<T> Dependencies for TaskNodes<T> {
    type Pointers = List;
    type Scope = T;

    fn resolve(self, resolver: &mut Resolver<'_>) -> List {
        resolver.slots(self.0.iter().copied(), Kind::Lent)
    }
}

#[diagnostic::do_not_recommend]
impl<'a, T, Fun, Fut> AsyncNodeFn<'a, TaskNodes<T>> for Fun
where
    Fun: FnMut(Args<'a, T>) -> Fut,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    #[inline]
    unsafe fn call(mut function: NonNull<Self>, list: &List, frame: &Frame<'_>, node: u32) -> Fut {
        // SAFETY: by contract, here and in the next: each slot holds an `Option<T>`, as the handles say.
        let values = unsafe { Values::new(*list, frame, node) };
        // SAFETY: as above.
        let function = unsafe { function.as_mut() };
        function(Args::new(values))
    }
}

/// What the future of a task gives is the value, or nothing.
pub(crate) struct Given<T>(PhantomData<T>);

impl<T, R: Into<Option<T>>> Settle<R> for Given<T> {
    type Value = Option<T>;

    #[inline]
    fn settle(output: R, _: &Frame<'_>, _: u32) -> Result<Option<T>, NoValue> {
        Ok(output.into())
    }
}

impl<T, R: Into<Option<T>>, E: NodeError> Settle<Result<R, E>> for TryGiven<T> {
    type Value = Option<T>;

    fn settle(output: Result<R, E>, frame: &Frame<'_>, node: u32) -> Result<Option<T>, NoValue> {
        Fallible::settle(output, frame, node).map(Into::into)
    }
}

/// The same, or an error.
pub(crate) struct TryGiven<T>(PhantomData<T>);
