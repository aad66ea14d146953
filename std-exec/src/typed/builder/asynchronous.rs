//! Nodes that give futures.

use super::graph_builder::GraphBuilder;
use crate::typed::handle::bounds::{NodeError, Shareable};
use crate::typed::handle::node::Node;
use crate::typed::memory::entry::Task;
use crate::typed::memory::frame::Frame;
use crate::typed::node::async_fn::AsyncNodeFn;
use crate::typed::node::async_task::{AsyncTask, Fallible, Plain, Settle, async_call_of, drop_future_of};
use crate::typed::node::dependencies::Dependencies;

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
    /// say that such a future is `Send`. For these, see
    /// [`local_async_node`](GraphBuilder::local_async_node).)
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
    pub fn async_node<D, F, T>(&mut self, name: impl AsRef<str>, dependencies: D, function: F) -> Node<T>
    where
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = T> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
        T: Shareable + 'env,
    {
        let node = self.declare(name);
        self.async_define(node, dependencies, function);
        node
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
        name: impl AsRef<str>,
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
        let node = self.declare(name);
        self.try_async_define(node, dependencies, function);
        node
    }

    /// [Defines](Self::define) a declared node as an [async](Self::async_node) one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let later = graph.declare::<u8>("later");
    /// let next = graph.node("next", (later,), |later: &u8| later + 1);
    /// graph.async_define(later, (), async || 6);
    /// assert_eq!(graph.build()?.run()?[next], 7);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn async_define<D, F, T>(&mut self, node: Node<T>, dependencies: D, function: F)
    where
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = T> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
    {
        // SAFETY: closure and future are `Send`.
        unsafe {
            self.define_async_with::<D, F, T, Plain, _, _>(node, dependencies, function, start::<D, F>());
        }
    }

    /// [Defines](Self::define) a declared node as an [async one that may fail](Self::try_async_node).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// async fn parse(text: &&str) -> Result<i32, std::num::ParseIntError> { text.parse() }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.declare::<i32>("number");
    /// let double = graph.node("double", (number,), |number: &i32| number * 2);
    /// let text = graph.node("text", (), || "21");
    /// graph.try_async_define(number, (text,), parse);
    /// assert_eq!(graph.build()?.run()?[double], 42);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_async_define<D, F, T, E>(&mut self, node: Node<T>, dependencies: D, function: F)
    where
        D: Dependencies<Scope: 'env> + Send,
        F: for<'a> AsyncNodeFn<'a, D, Output = Result<T, E>> + Send + 'env,
        <F as AsyncNodeFn<'env, D>>::Future: Send,
        E: NodeError,
    {
        // SAFETY: closure and future are `Send`.
        unsafe {
            self.define_async_with::<D, F, T, Fallible, _, _>(node, dependencies, function, start::<D, F>());
        }
    }

    /// Defines `node` as one of which `start` makes the future, of the closure and what it is fed from.
    ///
    /// # Safety
    ///
    /// Closure and future are `Send`, or the node is bound to the thread of a local graph. `start` may be
    /// called with pointers that are good until the future is gone.
    pub(crate) unsafe fn define_async_with<D, F, T, R, S, Fut>(
        &mut self,
        node: Node<T>,
        dependencies: D,
        function: F,
        start: S,
    ) where
        D: Dependencies,
        F: 'env,
        S: Fn(*mut F, *const D::Pointers, &Frame<'_>, u32) -> Fut,
        Fut: Future,
        R: Settle<Fut::Output, Value = T>,
    {
        if let Some(Task { function, pointers }) = self.task(node, dependencies, function) {
            let index = u32::try_from(self.store.futures()).expect("the builder counts nodes");
            let task = AsyncTask { future: None, function, pointers, index, start };
            let (call, drop) = (async_call_of::<_, _, _, _, R>(&task), drop_future_of(&task));
            let task = Task { function: task, pointers: () };
            // SAFETY: `call` and `drop` were made for this task. What is in it outlives `'env`, and is
            // `Send`, or the node is bound, by contract.
            unsafe { self.define_with(node, call, task, Some(drop)) };
        }
    }
}

/// Makes the future of a node that may run on any thread.
///
/// It may keep what it is fed for as long as it lives: as `F` takes references of any lifetime, and the
/// future has one type for all, neither can keep them elsewhere.
fn start<'env, D, F>() -> impl Fn(*mut F, *const D::Pointers, &Frame<'_>, u32) -> F::Future
where
    D: Dependencies<Scope: 'env>,
    F: AsyncNodeFn<'env, D>,
{
    |function, pointers, frame, node| {
        // SAFETY: by the contracts of `define_async_with` and `Call`, for all three.
        let function = unsafe { &mut *function };
        // SAFETY: as above.
        let pointers = unsafe { &*pointers };
        // SAFETY: as above.
        unsafe { function.call(pointers, frame, node) }
    }
}
