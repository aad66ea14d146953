//! Nodes whose results need not be `Sync`: they are moved, and never lent.
//!
//! Why that is sound. Such a result is `Send`, and its handle has a mark that isn't [`Lendable`]: so nobody
//! gets a reference to it. One node takes it, or whoever has the graph to itself.
//!
//! [`Lendable`]: crate::Lendable

use super::check::Defined;
use super::graph_builder::GraphBuilder;
use super::node_name::NodeName;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::declared::Declared;
use crate::typed::handle::markers::Unshared;
use crate::typed::handle::node::Node;
use crate::typed::node::dependencies::{Dependencies, NodeFn};
use std::fmt;

/// Adds nodes whose results are only moved, so that they need not be `Sync`. Made by
/// [`GraphBuilder::unshared`], with the same verbs as that one.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, Unshared, UnsharedBuilder};
/// use std::cell::Cell;
///
/// /// Adds two nodes that hand on what must not be used by two threads at once.
/// fn counter<P>(mut graph: UnsharedBuilder<'_, '_, P>) -> Node<Box<Cell<u32>>, Unshared> {
///     let made = graph.node("made", (), || Box::new(Cell::new(1)));
///     graph.node("counted", made.moved(), |counter: Box<Cell<u32>>| {
///         counter.set(counter.get() + 1);
///         counter
///     })
/// }
///
/// let mut graph = GraphBuilder::new();
/// let counter = counter(graph.unshared());
/// let count = graph.node("count", counter.moved(), |counter: Box<Cell<u32>>| counter.get());
/// assert_eq!(graph.build()?.run()?[count], 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct UnsharedBuilder<'b, 'env, P> {
    builder: &'b mut GraphBuilder<'env, P>,
}

impl<'env, P> GraphBuilder<'env, P> {
    /// What adds nodes whose results are only [moved](Node::moved) into their dependent, or
    /// [taken](crate::Graph::take) by the caller: they have to be `Send`, but not `Sync`. It has the same
    /// verbs.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    ///
    /// let mut graph = GraphBuilder::new();
    /// let squares = graph.unshared().node("squares", (), || -> Box<dyn Iterator<Item = u32> + Send> {
    ///     Box::new((1..4).map(|x| x * x)) // not `Sync`
    /// });
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// assert_eq!(graph.take(squares)?.sum::<u32>(), 14);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unshared(&mut self) -> UnsharedBuilder<'_, 'env, P> {
        UnsharedBuilder { builder: self }
    }
}

impl<'env, P> UnsharedBuilder<'_, 'env, P> {
    /// Adds a [node](GraphBuilder::node) whose result is only moved.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::cell::RefCell;
    /// let mut graph = GraphBuilder::new();
    /// let scratch = graph.unshared().node("scratch", (), || RefCell::new(vec![1, 2]));
    /// let sum = graph.node("sum", scratch.moved(), |scratch: RefCell<Vec<i32>>| {
    ///     scratch.borrow_mut().push(3);
    ///     scratch.borrow().iter().sum::<i32>()
    /// });
    /// assert_eq!(graph.build()?.run()?[sum], 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<D, F>(
        &mut self,
        name: impl NodeName<F::Output, Unshared>,
        dependencies: D,
        function: F,
    ) -> Node<F::Output, Unshared>
    where
        D: Dependencies + Send,
        F: NodeFn<D> + Send + 'env,
        F::Output: Send + 'env,
    {
        // SAFETY: closure and output are `Send`, and don't borrow for less than `'env`.
        unsafe { self.builder.nodes.plain(name, dependencies, function) }
    }

    /// Adds a [node that may fail](GraphBuilder::try_node) and whose result is only moved.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::cell::Cell;
    /// let mut graph = GraphBuilder::new();
    /// let number = graph.unshared().try_node("number", (), || "x".parse::<u8>().map(Cell::new));
    /// graph.node("double", number.moved(), |number: Cell<u8>| number.get() * 2);
    /// assert_eq!(graph.build()?.run().unwrap_err().to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_node<D, F, T, E>(
        &mut self,
        name: impl NodeName<T, Unshared>,
        dependencies: D,
        function: F,
    ) -> Node<T, Unshared>
    where
        D: Dependencies + Send,
        F: NodeFn<D, Output = Result<T, E>> + Send + 'env,
        T: Send + 'env,
        E: NodeError,
    {
        // SAFETY: as above.
        unsafe { self.builder.nodes.fallible(name, dependencies, function) }
    }

    /// [Declares](GraphBuilder::declare) a node whose result is only moved; its definition comes later.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::cell::Cell;
    /// let mut graph = GraphBuilder::new();
    /// let cell = graph.unshared().declare::<Cell<u8>>("cell");
    /// let inner = graph.node("inner", cell.node().moved(), |cell: Cell<u8>| cell.into_inner());
    /// graph.unshared().node(cell, (), || Cell::new(4));
    /// assert_eq!(graph.build()?.run()?[inner], 4);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn declare<T>(&mut self, name: impl AsRef<str>) -> Declared<T, Unshared>
    where
        T: Send + 'env,
    {
        // SAFETY: `T` is `Send`, and the handle unshared.
        let node = unsafe { self.builder.nodes.declare::<T>(name.as_ref(), Defined::Missing) };
        Declared::new(node.marked())
    }
}

#[cfg(feature = "async")]
mod asynchronous {
    use super::{NodeName, UnsharedBuilder};
    use crate::typed::builder::asynchronous::start;
    use crate::typed::handle::bounds::NodeError;
    use crate::typed::handle::markers::Unshared;
    use crate::typed::handle::node::Node;
    use crate::typed::node::async_fn::AsyncNodeFn;
    use crate::typed::node::async_task::{Fallible, Plain};
    use crate::typed::node::dependencies::Dependencies;

    impl<'env, P> UnsharedBuilder<'_, 'env, P> {
        /// Adds an [async node](crate::GraphBuilder::async_node) whose result is only moved.
        ///
        /// # Examples
        ///
        /// ```
        /// use dgraph_exec::GraphBuilder;
        /// use std::cell::Cell;
        /// let mut graph = GraphBuilder::new();
        /// let cell = graph.unshared().async_node("cell", (), async || Cell::new(7));
        /// let inner = graph.node("inner", cell.moved(), |cell: Cell<i32>| cell.into_inner());
        /// assert_eq!(graph.build()?.run()?[inner], 7);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn async_node<D, F, T>(
            &mut self,
            name: impl NodeName<T, Unshared>,
            dependencies: D,
            function: F,
        ) -> Node<T, Unshared>
        where
            D: Dependencies<Scope: 'env> + Send,
            F: for<'a> AsyncNodeFn<'a, D, Output = T> + Send + 'env,
            <F as AsyncNodeFn<'env, D>>::Future: Send,
            T: Send + 'env,
        {
            let (nodes, start) = (&mut self.builder.nodes, start::<D, F>());
            // SAFETY: closure, future and `T` are `Send`, and don't borrow for less than `'env`.
            unsafe { nodes.asynchronous::<Plain, D, _, _, _, _, _>(name, dependencies, function, start) }
        }

        /// Adds an [async node that may fail](crate::GraphBuilder::try_async_node) and whose result is only
        /// moved.
        ///
        /// # Examples
        ///
        /// ```
        /// use dgraph_exec::GraphBuilder;
        /// use std::cell::Cell;
        /// let mut graph = GraphBuilder::new();
        /// let cell = graph.unshared().try_async_node("cell", (), async || "5".parse::<i32>().map(Cell::new));
        /// let mut graph = graph.build()?;
        /// graph.run()?;
        /// assert_eq!(graph.take(cell)?.into_inner(), 5);
        /// # Ok::<(), Box<dyn std::error::Error>>(())
        /// ```
        pub fn try_async_node<D, F, T, E>(
            &mut self,
            name: impl NodeName<T, Unshared>,
            dependencies: D,
            function: F,
        ) -> Node<T, Unshared>
        where
            D: Dependencies<Scope: 'env> + Send,
            F: for<'a> AsyncNodeFn<'a, D, Output = Result<T, E>> + Send + 'env,
            <F as AsyncNodeFn<'env, D>>::Future: Send,
            T: Send + 'env,
            E: NodeError,
        {
            let (nodes, start) = (&mut self.builder.nodes, start::<D, F>());
            // SAFETY: as above.
            unsafe { nodes.asynchronous::<Fallible, D, _, _, _, _, _>(name, dependencies, function, start) }
        }
    }
}

impl<P> fmt::Debug for UnsharedBuilder<'_, '_, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.builder.fmt(f)
    }
}
