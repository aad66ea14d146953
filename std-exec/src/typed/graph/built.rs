//! The graph that a builder makes.

use super::dot::GraphDot;
use super::env::Env;
use super::held::Held;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::failure::Failures;
use crate::typed::handle::markers::Anywhere;
use crate::typed::handle::names::NamedNode;
use crate::typed::handle::node::{Input, Node};
use dgraph_core::{DagView, NodeId};
use std::fmt;
use std::marker::PhantomData;

/// A dependency graph of closures that feed each other, made by a [`GraphBuilder`](crate::GraphBuilder).
///
/// Each closure is given references to the results of its dependencies, in the listed order. It is checked
/// once, when it is built, and runs any number of times, after any ending at once; each run drops the results
/// of the one before. A run but the first on its executor allocates nothing, as the
/// [crate](crate#what-is-promised) says.
///
/// Closures and results may borrow from the caller's scope (`'env`).
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder};
///
/// let mut graph = GraphBuilder::new();
/// let a = graph.node("a", (), || 5);
/// let b = graph.node("b", (a,), |x: &i32| x + 10);
/// let c = graph.node("c", (a, b), |x: &i32, y: &i32| x + y + 20);
/// let mut graph = graph.build()?;
///
/// assert_eq!(graph.run()?[c], 40);
/// assert_eq!(graph.run_parallel(&Executor::new()?)?[c], 40);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Graph<'env, P = Anywhere> {
    pub(crate) held: Held,
    _env: Env<'env>,
    place: PhantomData<P>,
}

impl<'env, P> Graph<'env, P> {
    pub(crate) fn new(data: GraphData, env: Env<'env>) -> Self {
        Self { held: Held::new(data), _env: env, place: PhantomData }
    }

    /// With this memory.
    pub(crate) fn of(held: Held) -> Self {
        Self { held, _env: Env::new(), place: PhantomData }
    }

    pub(crate) fn into_held(self) -> Held {
        self.held
    }

    #[inline]
    #[track_caller]
    pub(crate) fn data(&self) -> &GraphData {
        self.held.data()
    }

    #[inline]
    #[track_caller]
    pub(crate) fn data_mut(&mut self) -> &mut GraphData {
        self.held.data_mut()
    }

    /// What else went wrong in a run of which the panic of a node went on: the nodes that panicked and those
    /// that failed, and whether the run was cancelled or late. Nothing after a run that has ended in another
    /// way: its [`RunError`](crate::RunError) says it all. The next run drops what nobody has taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, GraphBuilder, RunOptions};
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("disk", (), || Err::<u32, _>("disk full"));
    /// graph.node("bug", (), || panic!("no such index"));
    /// let mut graph = graph.build()?;
    /// let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    /// let payload = catch_unwind(AssertUnwindSafe(|| _ = graph.with(&options).run())).unwrap_err();
    /// assert_eq!(payload.downcast_ref(), Some(&"no such index"));
    /// let failures = graph.take_failures();
    /// assert_eq!(failures[0].error().to_string(), "disk full");
    /// assert_eq!(failures.panicked()[0].name(), "bug");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn take_failures(&mut self) -> Failures {
        self.data_mut().take_failures()
    }

    /// Sets an input, for all runs until it is set again. Gives back the value that it had. For updates, it
    /// is changed by this, unless it has a [cutoff](crate::GraphBuilder::cutoff), and the values are equal.
    ///
    /// # Panics
    ///
    /// If `input` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let frame = graph.input::<u32>("frame");
    /// let double = graph.node("double", (frame,), |frame: &u32| frame * 2);
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "inputs not set: frame");
    /// for number in 0..3 {
    ///     graph.set(frame, number);
    ///     assert_eq!(graph.run()?[double], number * 2);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn set<T>(&mut self, input: Input<T>, value: T) -> Option<T> {
        if !self.data().has_equal(input.node(), &value) {
            self.mark_changed(input);
        }
        self.data_mut().store.put(input.node(), value)
    }

    /// The value of an input, to be changed in place; it counts as set. `None` if it isn't set.
    ///
    /// # Panics
    ///
    /// If `input` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let words = graph.input::<Vec<&str>>("words");
    /// let count = graph.node("count", (words,), |words: &Vec<&str>| words.len());
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.input_mut(words), None); // not set yet
    /// graph.set(words, vec!["one"]);
    /// graph.run()?;
    /// graph.input_mut(words).expect("set before").push("more");
    /// assert_eq!(graph.run()?[count], 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn input_mut<T>(&mut self, input: Input<T>) -> Option<&mut T> {
        self.mark_changed(input);
        self.data_mut().store.get_mut(input.node())?.ok()
    }

    /// Gives `node` a result from outside, as if it had run. For programs that start anew and know what is up
    /// to date: the next run, if it is an [update](crate::RunOptions::update), does not run the node,
    /// whatever was set; it runs those that depend on it, unless they are given results, too. Afterwards it
    /// is a result as any other: an input that is set makes its node run again. (A run that is no update runs
    /// the node in any case. So does one that runs the other nodes at a [state](crate::State) that the node
    /// uses, or follows a change of that by the caller.) What the node depends on runs if it is out of date,
    /// unless that is given results, too.
    ///
    /// Gives back the result that the node had. For inputs it is [`set`](Self::set).
    ///
    /// # Panics
    ///
    /// If `node` is another graph's.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::collections::HashMap;
    ///
    /// // What an earlier process has left: of each file the source and what became of it.
    /// let kept = HashMap::from([("a", ("int a;", 6))]);
    /// let mut graph = GraphBuilder::new();
    /// let files = ["a", "b"].map(|name| (name, graph.input::<&str>(name)));
    /// let compiled = files.map(|(name, source)| graph.node(name, source, |source: &&str| source.len()));
    /// let linked = graph.node("linked", (compiled[0], compiled[1]), |a: &usize, b: &usize| a + b);
    /// let mut graph = graph.build()?;
    /// for ((name, input), object) in files.into_iter().zip(compiled) {
    ///     let source = if name == "a" { "int a;" } else { "int b = 2;" }; // as read from the disk
    ///     graph.set(input, source);
    ///     if let Some((_, size)) = kept.get(name).filter(|(compiled, _)| *compiled == source) {
    ///         graph.set_result(object, *size); // so it isn't compiled again
    ///     }
    /// }
    /// assert_eq!(graph.with(&RunOptions::new().update()).run()?[linked], 16);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn set_result<T, Q>(&mut self, node: impl Into<Node<T, Q>>, value: T) -> Option<T> {
        let node = node.into().plain();
        let data = self.data_mut();
        assert!(node.any().graph == data.store.id(), "the handle of a node of another graph");
        match data.store.tasks.described.inputs.binary_search(&node.any().index) {
            Ok(input) => data.changed[input] = true,
            Err(_) => data.gives(node.any().index),
        }
        data.store.put(node, value)
    }

    #[track_caller]
    fn mark_changed<T>(&mut self, input: Input<T>) {
        let data = self.data_mut();
        assert!(input.any().graph == data.store.id(), "the handle of an input of another graph");
        let place = data.store.tasks.described.inputs.binary_search(&input.any().index);
        data.changed[place.expect("inputs are listed")] = true;
    }

    /// The graph without its closures, for levels and the critical path. Node `i` is the one declared as the
    /// `i`-th. Behind these there may be nodes without work, between many that
    /// [commute](crate::State::commute) and many others.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let load = graph.node("load", (), || ());
    /// graph.node("check", (load,), |_: &()| ());
    /// graph.node("show", (load,), |_: &()| ());
    /// let graph = graph.build()?;
    /// assert_eq!(graph.dag().levels().len(), 2);
    /// assert_eq!(graph.dag().successors(load.id()).len(), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dag(&self) -> DagView<'_> {
        self.data().topology.dag.view()
    }

    /// A node as messages name it.
    ///
    /// # Panics
    ///
    /// If there is no node with that number.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let load = graph.node("load", (), || ());
    /// graph.node("", (load,), |_: &()| ());
    /// let graph = graph.build()?;
    /// let path = graph.dag().critical_path(|_| 1).nodes;
    /// let path: Vec<_> = path.iter().map(|&node| graph.name(node).to_string()).collect();
    /// assert_eq!(path, ["load", "#1"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn name(&self, node: NodeId) -> NamedNode {
        self.data().store.names().named(node.get())
    }

    /// The graph in Graphviz's DOT language: [`GraphDot`] says what it shows, and can color it by durations.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let load = graph.node("load", (), || ());
    /// graph.node("", (load,), |_: &()| ());
    /// let dot = graph.build()?.dot().to_string();
    /// assert_eq!(dot, "digraph {\n  0 [label=\"load\"];\n  1 [label=\"#1\"];\n  0 -> 1;\n}\n");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn dot(&self) -> GraphDot<'_> {
        GraphDot::new(self.data())
    }
}

impl<P> fmt::Debug for Graph<'_, P> {
    /// A map from each node to the nodes that it depends on.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.data().fmt(f)
    }
}
