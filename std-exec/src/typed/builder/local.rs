//! Nodes that need not be `Send`: they run on the thread that the graph belongs to.
//!
//! Why that is sound. What isn't `Send` or `Sync` gets into a graph only by `GraphBuilder<Local>`, which,
//! like the graph that it builds, never leaves the thread that made it. Such a node is bound to the caller of
//! a run, which is that thread; binding it elsewhere too is an error of `build`. What it gives has a handle
//! that isn't `Send`, and nodes that run anywhere take no such dependencies. Results are read and dropped by
//! whoever has the graph: again that thread.

use super::check::Declared;
use super::graph_builder::GraphBuilder;
use crate::protocol::ready_queue::Place;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::markers::Local;
use crate::typed::handle::node::Node;
use crate::typed::node::dependencies::{Dependencies, NodeFn};
use crate::typed::node::task::{call_of, try_call_of};

impl<'env> GraphBuilder<'env, Local> {
    /// Starts a graph that may have local nodes, whose closures and results need not be `Send`. Such a graph
    /// stays on its thread. Local nodes run there, also in a parallel run, and other nodes on any thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let window = Rc::new(Cell::new(0));
    /// let mut graph = GraphBuilder::local();
    /// let events = graph.local_node("events", (), || 3_u64).shared(); // `u64` may go anywhere
    /// let frame = graph.node("frame", (events,), |events: &u64| events * 100);
    /// let shown = graph.local_node("show", (frame,), |frame: &u64| {
    ///     window.set(*frame);
    ///     Rc::clone(&window)
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?[shown].get(), 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn local() -> Self {
        Self::empty()
    }

    /// Adds a [node](GraphBuilder::node) that runs on the thread of the graph: nothing has to be `Send`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// let log = Rc::new(RefCell::new(Vec::new()));
    /// let mut graph = GraphBuilder::local();
    /// let number = graph.node("number", (), || 7); // may run on any thread
    /// graph.local_node("log", (number,), {
    ///     let log = Rc::clone(&log);
    ///     move |number: &i32| log.borrow_mut().push(*number)
    /// });
    /// graph.build()?.run()?;
    /// assert_eq!(*log.borrow(), [7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_node<D, F>(
        &mut self,
        name: impl AsRef<str>,
        dependencies: D,
        function: F,
    ) -> Node<F::Output, Local>
    where
        D: Dependencies,
        F: NodeFn<D> + 'env,
        F::Output: 'env,
    {
        let node = self.add_local::<F::Output>(name.as_ref());
        if let Some(task) = self.task(node.plain(), dependencies, function) {
            // SAFETY: `call_of` makes the call for this task. The closure outlives `'env`; the node is bound
            // to the thread of the graph.
            unsafe { self.define_with(node.plain(), call_of::<F, D, F::Output>(&task), task, None) };
        }
        node
    }

    /// Adds a [node that may fail](GraphBuilder::try_node) and runs on the thread of the graph: but for the
    /// error, nothing has to be `Send`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let tries = Rc::new(Cell::new(2));
    /// let mut graph = GraphBuilder::local();
    /// let left = graph.local_try_node("left", (), || match tries.get() {
    ///     0 => Err("no try left"),
    ///     left => {
    ///         tries.set(left - 1);
    ///         Ok(Rc::clone(&tries))
    ///     }
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run()?[left].get(), 1);
    /// assert_eq!(graph.run()?[left].get(), 0);
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: left");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local_try_node<D, F, T, E>(
        &mut self,
        name: impl AsRef<str>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies,
        F: NodeFn<D, Output = Result<T, E>> + 'env,
        T: 'env,
        E: NodeError,
    {
        let node = self.add_local::<T>(name.as_ref());
        if let Some(task) = self.task::<F, D, T>(node.plain(), dependencies, function) {
            // SAFETY: as above, with `try_call_of`.
            unsafe { self.define_with(node.plain(), try_call_of::<F, D, T, E>(&task), task, None) };
        }
        node
    }

    pub(crate) fn add_local<T: 'env>(&mut self, name: &str) -> Node<T, Local> {
        // SAFETY: the node is bound to the thread of the graph just below, and the handle that is given out
        // says so.
        let node = unsafe { self.add::<T>(name, Declared::Undefined) };
        if self.owns(node.any()) {
            self.wishes.bind(node.any().index, Place::Caller);
        }
        node.marked()
    }
}
