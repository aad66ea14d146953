//! Async nodes on the thread that the graph belongs to: nothing has to be `Send`, and closures may lend what
//! they own.

use super::local::LocalBuilder;
use super::node_name::NodeName;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::markers::Local;
use crate::typed::handle::node::Node;
use crate::typed::memory::frame::Frame;
use crate::typed::node::async_task::{Fallible, Plain};
use crate::typed::node::dependencies::Dependencies;
use crate::typed::node::local_async_fn::LocalAsyncFn;
use std::mem;

/// What makes the future of a node, lending it the closure. (A macro, since the future's type has no name.)
macro_rules! lend {
    ($env:lifetime, $function:ident, $dependencies:ident) => {
        |function: *mut $function, pointers: *const <$dependencies as Dependencies>::Pointers, frame: &Frame<'_>, node| {
            // SAFETY: by the contracts of `asynchronous` and `Call`, it stays there, and nobody else
            // uses it, as long as there is a future.
            let function: &$env mut $function = unsafe { &mut *function };
            // SAFETY: `call` uses the run before it returns. Its future only has to be of a type that doesn't
            // know how long.
            let frame: &$env Frame<$env> = unsafe { mem::transmute::<&Frame<'_>, &$env Frame<$env>>(frame) };
            // SAFETY: as above.
            unsafe { <$function as LocalAsyncFn<$env, $dependencies>>::call(function, pointers, frame, node) }
        }
    };
}

#[cfg(feature = "async")]
impl<'env> LocalBuilder<'_, 'env> {
    /// Adds an [async node](crate::GraphBuilder::async_node) that runs on the thread of the graph: nothing
    /// has to be `Send`, and the closure may own what its futures use.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut graph = GraphBuilder::new_local();
    /// let seen = Rc::new("seen");
    /// let mut calls = 0;
    /// let count = graph.local().async_node("count", (), async move || {
    ///     calls += 1;
    ///     (Rc::clone(&seen), calls)
    /// });
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// assert_eq!(graph.run()?[count], (Rc::new("seen"), 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn async_node<D, F, T>(
        &mut self,
        name: impl NodeName<T, Local>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies<Scope: 'env>,
        F: for<'a> LocalAsyncFn<'a, D, Output = T> + 'env,
        T: 'env,
    {
        let lend = lend!('env, F, D);
        // SAFETY: `bind` binds the node to the thread of the graph. Closure, future and `T` don't borrow for
        // less than `'env`. `lend` may be called with such pointers.
        let node = unsafe {
            self.nodes().asynchronous::<Plain, D, _, _, _, _, _>(name, dependencies, function, lend)
        };
        self.bind(node)
    }

    /// Adds an [async node that may fail](crate::GraphBuilder::try_async_node) and runs on the thread of the
    /// graph: but for the error, nothing has to be `Send`, and the closure may own what its futures use.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut answers = vec!["x", "5"]; // the next one last
    /// let mut graph = GraphBuilder::new_local();
    /// let number = graph.local().try_async_node("number", (), async move || {
    ///     let answer = answers.pop().expect("it is run twice");
    ///     answer.parse::<i32>().map(Rc::new)
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(*graph.run()?[number], 5);
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn try_async_node<D, F, T, E>(
        &mut self,
        name: impl NodeName<T, Local>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies<Scope: 'env>,
        F: for<'a> LocalAsyncFn<'a, D, Output = Result<T, E>> + 'env,
        T: 'env,
        E: NodeError,
    {
        let lend = lend!('env, F, D);
        // SAFETY: as above.
        let node = unsafe {
            self.nodes().asynchronous::<Fallible, D, _, _, _, _, _>(name, dependencies, function, lend)
        };
        self.bind(node)
    }
}
