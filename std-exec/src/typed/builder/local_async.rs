//! Async nodes on the thread that the graph belongs to: nothing has to be `Send`, and closures may lend what
//! they own.

use super::graph_builder::GraphBuilder;
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
            // SAFETY: by the contracts of `define_async_with` and `Call`, it stays there, and nobody else
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
impl<'env> GraphBuilder<'env, Local> {
    /// Adds an [async node](GraphBuilder::async_node) that runs on the thread of the graph: nothing has to be
    /// `Send`, and the closure may own what its futures use.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut graph = GraphBuilder::local();
    /// let seen = Rc::new("seen");
    /// let mut calls = 0;
    /// let count = graph.local_async_node("count", (), async move || {
    ///     calls += 1;
    ///     (Rc::clone(&seen), calls)
    /// });
    /// let mut graph = graph.build()?;
    /// graph.run()?;
    /// assert_eq!(graph.run()?[count], (Rc::new("seen"), 2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_async_node<D, F, T>(
        &mut self,
        name: impl AsRef<str>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies<Scope: 'env>,
        F: for<'a> LocalAsyncFn<'a, D, Output = T> + 'env,
        T: 'env,
    {
        let node = self.add_local::<T>(name.as_ref());
        let lend = lend!('env, F, D);
        // SAFETY: the node is bound to the thread of the graph. `lend` may be called with such pointers.
        unsafe {
            self.define_async_with::<D, F, T, Plain, _, _>(node.plain(), dependencies, function, lend);
        }
        node
    }

    /// Adds an [async node that may fail](GraphBuilder::try_async_node) and runs on the thread of the graph:
    /// but for the error, nothing has to be `Send`, and the closure may own what its futures use.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut answers = vec!["x", "5"]; // the next one last
    /// let mut graph = GraphBuilder::local();
    /// let number = graph.local_try_async_node("number", (), async move || {
    ///     let answer = answers.pop().expect("it is run twice");
    ///     answer.parse::<i32>().map(Rc::new)
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(*graph.run()?[number], 5);
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: number");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_try_async_node<D, F, T, E>(
        &mut self,
        name: impl AsRef<str>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies<Scope: 'env>,
        F: for<'a> LocalAsyncFn<'a, D, Output = Result<T, E>> + 'env,
        T: 'env,
        E: NodeError,
    {
        let node = self.add_local::<T>(name.as_ref());
        let lend = lend!('env, F, D);
        // SAFETY: as above.
        unsafe {
            self.define_async_with::<D, F, T, Fallible, _, _>(node.plain(), dependencies, function, lend);
        }
        node
    }
}
