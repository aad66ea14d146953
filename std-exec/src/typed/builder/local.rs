//! Nodes that need not be `Send`: they run on the thread that the graph belongs to.
//!
//! Why that is sound. What isn't `Send` or `Sync` gets into a graph only by `GraphBuilder<Local>`, which,
//! like the graph that it builds, never leaves the thread that made it. Such a node is bound to the caller of
//! a run, which is that thread; binding it elsewhere too is an error of `build`. What it gives has a handle
//! that isn't `Send`, and nodes that run anywhere take no such dependencies. Results are read and dropped by
//! whoever has the graph: again that thread.

use super::check::Defined;
use super::collected::Collected;
use super::graph_builder::GraphBuilder;
use super::node_name::NodeName;
use crate::protocol::ready_queue::Place;
use crate::typed::handle::bounds::NodeError;
use crate::typed::handle::declared::Declared;
use crate::typed::handle::markers::Local;
use crate::typed::handle::node::Node;
use crate::typed::node::dependencies::{Dependencies, NodeFn};
use std::fmt;

/// Adds nodes that run on the thread of the graph: nothing has to be `Send`. Made by
/// [`GraphBuilder::local`], with the same verbs as that one.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Local, LocalBuilder, Node};
/// use std::rc::Rc;
///
/// /// Adds the part of a graph that draws.
/// fn draw(mut graph: LocalBuilder<'_, '_>, text: Node<String>) -> Node<Rc<str>, Local> {
///     let line = graph.node("line", text, |text: &String| Rc::new(format!("> {text}")));
///     graph.node("screen", line, |line: &Rc<String>| Rc::from(line.as_str()))
/// }
///
/// let mut graph = GraphBuilder::new_local();
/// let text = graph.node("text", (), || String::from("hello"));
/// let screen = draw(graph.local(), text);
/// assert_eq!(&*graph.build()?.run()?[screen], "> hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct LocalBuilder<'b, 'env> {
    builder: &'b mut GraphBuilder<'env, Local>,
}

impl<'env> GraphBuilder<'env, Local> {
    /// Starts a graph that may have [local](Self::local) nodes, whose closures and results need not be
    /// `Send`. Such a graph stays on its thread. Local nodes run there, also in a parallel run, and other
    /// nodes on any thread.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let window = Rc::new(Cell::new(0));
    /// let mut graph = GraphBuilder::new_local();
    /// let events = graph.local().node("events", (), || 3_u64).shared(); // `u64` may go anywhere
    /// let frame = graph.node("frame", (events,), |events: &u64| events * 100);
    /// let shown = graph.local().node("show", (frame,), |frame: &u64| {
    ///     window.set(*frame);
    ///     Rc::clone(&window)
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run_parallel(&Executor::new()?)?[shown].get(), 300);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn new_local() -> Self {
        Self::empty()
    }

    /// What adds local nodes: those that run on the thread of the graph, where nothing has to be `Send`. It
    /// has the same verbs.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{cell::RefCell, rc::Rc};
    ///
    /// let log = Rc::new(RefCell::new(Vec::new()));
    /// let mut graph = GraphBuilder::new_local();
    /// let number = graph.node("number", (), || 7); // may run on any thread
    /// graph.local().node("log", (number,), {
    ///     let log = Rc::clone(&log);
    ///     move |number: &i32| log.borrow_mut().push(*number)
    /// });
    /// graph.build()?.run()?;
    /// assert_eq!(*log.borrow(), [7]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn local(&mut self) -> LocalBuilder<'_, 'env> {
        LocalBuilder { builder: self }
    }
}

impl<'env> LocalBuilder<'_, 'env> {
    /// Adds a [node](GraphBuilder::node) that runs on the thread of the graph: nothing has to be `Send`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let mut graph = GraphBuilder::new_local();
    /// let cell = graph.local().node("cell", (), || Rc::new(Cell::new(1)));
    /// let count = graph.local().node("count", cell, |cell: &Rc<Cell<i32>>| cell.replace(5));
    /// let mut graph = graph.build()?;
    /// let results = graph.run()?;
    /// assert_eq!((results[count], results[cell].get()), (1, 5));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn node<D, F>(
        &mut self,
        name: impl NodeName<F::Output, Local>,
        dependencies: D,
        function: F,
    ) -> Node<F::Output, Local>
    where
        D: Dependencies,
        F: NodeFn<D> + 'env,
        F::Output: 'env,
    {
        // SAFETY: `bind` binds the node to the thread of the graph. Closure and output don't borrow for less
        // than `'env`.
        let node = unsafe { self.nodes().plain(name, dependencies, function) };
        self.bind(node)
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
    /// let mut graph = GraphBuilder::new_local();
    /// let left = graph.local().try_node("left", (), || match tries.get() {
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
    pub fn try_node<D, F, T, E>(
        &mut self,
        name: impl NodeName<T, Local>,
        dependencies: D,
        function: F,
    ) -> Node<T, Local>
    where
        D: Dependencies,
        F: NodeFn<D, Output = Result<T, E>> + 'env,
        T: 'env,
        E: NodeError,
    {
        // SAFETY: as above.
        let node = unsafe { self.nodes().fallible(name, dependencies, function) };
        self.bind(node)
    }

    /// [Declares](GraphBuilder::declare) a local node: its definition, which runs on the thread of the graph,
    /// comes later.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::rc::Rc;
    ///
    /// let mut graph = GraphBuilder::new_local();
    /// let title = graph.local().declare::<Rc<str>>("title");
    /// let length = graph.local().node("length", title.node(), |title: &Rc<str>| title.len());
    /// graph.local().node(title, (), || Rc::from("page 1"));
    /// assert_eq!(graph.build()?.run()?[length], 6);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn declare<T: 'env>(&mut self, name: impl AsRef<str>) -> Declared<T, Local> {
        // SAFETY: as above.
        let node = unsafe { self.nodes().declare::<T>(name.as_ref(), Defined::Missing) };
        Declared::new(self.bind(node.marked()))
    }

    pub(super) fn nodes(&mut self) -> &mut Collected {
        &mut self.builder.nodes
    }

    /// Binds the node to the thread of the graph. (Another graph's is noted when it is defined.)
    pub(super) fn bind<T>(&mut self, node: Node<T, Local>) -> Node<T, Local> {
        if self.nodes().owns(node.any()) {
            self.nodes().wishes.bind(node.any().index, Place::Caller);
        }
        node
    }
}

impl fmt::Debug for LocalBuilder<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.builder.fmt(f)
    }
}
