//! Which nodes of a definition run in which case, and whose results outlast their users.

use super::definition_builder::DefinitionBuilder;
use crate::typed::handle::bounds::Predecessors;
use crate::typed::handle::markers::Lendable;
use crate::typed::handle::moment::Moment;
use crate::typed::handle::node::{AnyNode, Node};

impl DefinitionBuilder<'_> {
    /// Makes `node` run after the `predecessors`, whatever becomes of them, as
    /// [`GraphBuilder::always_after`](crate::GraphBuilder::always_after) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let work = graph.try_node("work", (), || Err::<(), _>("no"));
    /// let end = graph.node("end", (), || "done");
    /// graph.always_after(end, work);
    /// let mut instance = graph.build()?.instance();
    /// instance.run().map(drop).unwrap_err();
    /// assert_eq!(instance.result(end), Ok(&"done"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn always_after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        self.nodes.always_after(node, predecessors);
    }

    /// Makes `node` run only if `condition` gives true, as
    /// [`GraphBuilder::only_if`](crate::GraphBuilder::only_if) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let wanted = graph.input::<bool>("wanted");
    /// let node = graph.node("node", (), || 1);
    /// graph.only_if(node, wanted);
    /// let definition = graph.build()?;
    /// for value in [true, false] {
    ///     let mut instance = definition.instance();
    ///     instance.set(wanted, value);
    ///     assert_eq!(instance.run()?.get(node).is_ok(), value);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only_if<Q: Lendable>(&mut self, node: impl Into<AnyNode>, condition: impl Into<Node<bool, Q>>) {
        self.nodes.only_if(node, condition);
    }

    /// Makes `node` run only if `condition` gives false, as
    /// [`GraphBuilder::unless`](crate::GraphBuilder::unless) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::DefinitionBuilder;
    /// let mut graph = DefinitionBuilder::new();
    /// let cached = graph.input::<bool>("cached");
    /// let load = graph.node("load", (), || "loaded");
    /// graph.unless(load, cached);
    /// let mut instance = graph.build()?.instance();
    /// instance.set(cached, true);
    /// assert_eq!(instance.run()?.get(load).unwrap_err().to_string(), "was not chosen because of cached");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unless<Q: Lendable>(&mut self, node: impl Into<AnyNode>, condition: impl Into<Node<bool, Q>>) {
        self.nodes.unless(node, condition);
    }

    /// Drops the result of `node` as soon as all nodes of a run that use it are complete, as
    /// [`GraphBuilder::drop_early`](crate::GraphBuilder::drop_early) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, NoResult};
    /// let mut graph = DefinitionBuilder::new();
    /// let page = graph.node("page", (), || "text ".repeat(1000));
    /// let words = graph.node("words", page, |page: &String| page.split_whitespace().count());
    /// graph.drop_early(page);
    /// let mut instance = graph.build()?.instance();
    /// assert_eq!(instance.run()?[words], 1000);
    /// assert_eq!(instance.result(page), Err(NoResult::Dropped));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn drop_early(&mut self, node: impl Into<AnyNode>) {
        self.nodes.drop_early(node);
    }

    /// A node that is complete as soon as `node` has begun, as by
    /// [`GraphBuilder::start_of`](crate::GraphBuilder::start_of).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Executor};
    /// use std::sync::Barrier;
    /// let meet = Barrier::new(2);
    /// let mut graph = DefinitionBuilder::new();
    /// let serve = graph.node("serve", (), || _ = meet.wait());
    /// let serves = graph.start_of(serve);
    /// graph.node("call", serves, |_: &()| _ = meet.wait());
    /// graph.build()?.instance().run_parallel(&Executor::builder().threads(2).build()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_of(&mut self, node: impl Into<AnyNode>) -> Node<()> {
        self.nodes.start_of(node)
    }

    /// A moment within a node, as by [`GraphBuilder::moment`](crate::GraphBuilder::moment).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, Reach};
    /// let mut graph = DefinitionBuilder::new();
    /// let (half, moment) = graph.moment("half");
    /// graph.node("work", moment, |half: Reach<'_>| half.reach());
    /// graph.node("next", half, |_: &()| ());
    /// graph.build()?.instance().run()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn moment(&mut self, name: impl AsRef<str>) -> (Node<()>, Moment) {
        self.nodes.moment(name)
    }

    /// Lets an update of an instance stop behind `node` if that gives the same as in the instance's last run,
    /// as [`GraphBuilder::cutoff`](crate::GraphBuilder::cutoff) does.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{DefinitionBuilder, RunOptions};
    /// let mut graph = DefinitionBuilder::new();
    /// let number = graph.input::<u32>("number");
    /// let half = graph.node("half", number, |number: &u32| number / 2);
    /// graph.node("print", half, |half: &u32| println!("{half}"));
    /// graph.cutoff(half);
    /// let mut instance = graph.build()?.instance();
    /// for value in [4, 5] {
    ///     instance.set(number, value);
    ///     instance.with(&RunOptions::new().update()).run()?; // it prints once
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cutoff<T: PartialEq, Q>(&mut self, node: impl Into<Node<T, Q>>) {
        self.nodes.cutoff(node);
    }
}
