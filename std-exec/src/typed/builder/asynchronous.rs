//! Nodes that give futures.

use super::graph_builder::GraphBuilder;
use super::node_name::NodeName;
use crate::typed::handle::bounds::{NodeError, Shareable};
use crate::typed::handle::node::Node;
use crate::typed::memory::frame::Frame;
use crate::typed::node::async_fn::AsyncNodeFn;
use crate::typed::node::async_task::{Fallible, Plain, Settle};
use crate::typed::node::dependencies::Dependencies;
use std::ptr::NonNull;

#[cfg(feature = "async")]
impl<'env, P> GraphBuilder<'env, P> {
    /// Adds a node that runs an `async fn` or an async closure: what its future gives is the node's result.
    /// Its parameters are references, as for other nodes, and the future may hold them across `await`.
    ///
    /// The future lies in the graph's own memory, and is dropped as soon as it is done. [`Graph::run_async`]
    /// polls it whenever it was woken, also while others wait; [`run`](crate::Graph::run) does the same and
    /// blocks its thread meanwhile.
    ///
    /// What it can be made of: an `async fn`, with one parameter for each dependency; an async closure that
    /// borrows what it uses of its surroundings; a closure that gives an `async move` block with clones of
    /// what it owns. (An async closure that owns something lends it to its future, and Rust has no way yet to
    /// say that such a future is `Send`. For these, there are [local](GraphBuilder::local) nodes.)
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::sync::Arc;
    ///
    /// struct Client { user: String }
    /// impl Client {
    ///     async fn get(&self, path: &str) -> String { format!("{}:{path}", self.user) }
    /// }
    ///
    /// let client = Client { user: "me".into() };
    /// let shared = Arc::new(Client { user: "you".into() });
    /// let mut graph = GraphBuilder::new();
    /// let path = graph.node("path", (), || String::from("a"));
    /// let mine = graph.async_node("mine", (path,), async |path: &String| client.get(path).await);
    /// let yours = graph.async_node("yours", (path,), |path: &String| {
    ///     let (shared, path) = (Arc::clone(&shared), path.clone());
    ///     async move { shared.get(&path).await }
    /// });
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results[mine].as_str(), results[yours].as_str()), ("me:a", "you:a"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// [`Graph::run_async`]: crate::Graph::run_async
    pub fn async_node<D, F, T>(&mut self, name: impl NodeName<T>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = T> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
        T: Shareable + 'env,
    {
        self.settled_by::<Plain, _, _, _, _>(name, dependencies, function)
    }

    /// Adds an [async node](Self::async_node) that may [fail](Self::try_node).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// async fn parse(text: &&str) -> Result<i32, std::num::ParseIntError> { text.parse() }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.node("text", (), || "4x");
    /// graph.try_async_node("number", (text,), parse);
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_async_node<D, F, T, E>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        function: F,
    ) -> Node<T>
    where
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = Result<T, E>> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
        T: Shareable + 'env,
        E: NodeError,
    {
        self.settled_by::<Fallible, _, _, _, _>(name, dependencies, function)
    }

    /// Adds an async node of whose output `R` says what becomes of it.
    pub(crate) fn settled_by<R, D, F, T, O>(
        &mut self,
        name: impl NodeName<T>,
        dependencies: D,
        function: F,
    ) -> Node<T>
    where
        R: Settle<O, Value = T>,
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = O> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
        T: Shareable + 'env,
    {
        let start = start::<D, F>();
        // SAFETY: closure and future are `Send`, `T` is `Send` and `Sync`, and none borrows for less than
        // `'env`.
        unsafe { self.nodes.asynchronous::<R, D, _, _, _, _, _>(name, dependencies, function, start) }
    }
}

/// Makes the future of a node that may run on any thread.
///
/// It may keep what it is fed for as long as it lives: as `F` takes references of any lifetime, and the
/// future has one type for all, neither can keep them elsewhere.
pub(super) fn start<'env, D, F>() -> impl Fn(*mut F, *const D::Pointers, &Frame<'_>, u32) -> F::Future
where
    D: Dependencies<Scope: 'env>,
    F: AsyncNodeFn<'env, D>,
{
    |function, pointers, frame, node| {
        // SAFETY: by the contracts of `asynchronous` and `Call`, here and in the next two.
        let function = unsafe { NonNull::new_unchecked(function) };
        // SAFETY: as above.
        let pointers = unsafe { &*pointers };
        // SAFETY: as above.
        unsafe { F::call(function, pointers, frame, node) }
    }
}
