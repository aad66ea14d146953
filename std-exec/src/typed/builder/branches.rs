//! Which nodes run in which case.

use super::collected::Collected;
use super::condition::Condition;
use super::graph_builder::GraphBuilder;
use crate::typed::data::uses::Kind;
use crate::typed::error::end_branch::EndBranch;
use crate::typed::handle::bounds::Predecessors;
use crate::typed::handle::markers::{Anywhere, Lendable};
use crate::typed::handle::node::{AnyNode, Node};
use crate::typed::node::shared_fn::ByRef;
use std::mem;

impl<P> GraphBuilder<'_, P> {
    /// Makes `node` run after the `predecessors`, whatever becomes of them: if they fail, are skipped or
    /// don't run, it does all the same. It is told nothing of them; otherwise it is as if it depended on
    /// their [outcomes](crate::Node::outcome).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
    ///
    /// let locked = AtomicBool::new(false);
    /// let mut graph = GraphBuilder::new();
    /// let lock = graph.node("lock", (), || locked.store(true, Relaxed));
    /// let work = graph.try_node("work", (lock,), |_: &()| Err::<(), _>("no"));
    /// let more = graph.node("more work", (work,), |_: &()| ());
    /// let unlock = graph.node("unlock", (lock,), |_: &()| locked.store(false, Relaxed));
    /// graph.always_after(unlock, [work, more]);
    /// graph.build()?.run().unwrap_err();
    /// assert!(!locked.load(Relaxed));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn always_after(&mut self, node: impl Into<AnyNode>, predecessors: impl Predecessors) {
        if let Some(node) = self.nodes.own(node.into()) {
            predecessors.each(|predecessor| self.nodes.order(node, predecessor, Kind::Always));
        }
    }

    /// Makes `node` run only if `condition` gives true, and after it. Otherwise it is [not
    /// chosen](crate::NoResult::NotChosen), and neither are the nodes that depend on it in the usual way;
    /// that is no failure. Of several conditions all have to hold.
    ///
    /// Branches join in a node that asks for [outcomes](Node::outcome). A node that changes a
    /// [state](GraphBuilder::state) and isn't chosen leaves that as it was, for all who come later.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, NoResult};
    ///
    /// let mut graph = GraphBuilder::new();
    /// let size = graph.input::<u64>("size");
    /// let is_large = graph.node("is large", size, |size: &u64| *size > 1000);
    /// let exact = graph.node("exact", size, |size: &u64| (1..=*size).sum::<u64>());
    /// let formula = graph.node("formula", size, |size: &u64| size * (size + 1) / 2);
    /// graph.unless(exact, is_large);
    /// graph.only_if(formula, is_large);
    /// let join = |exact: Result<&u64, NoResult>, formula: Result<&u64, NoResult>| exact.or(formula).copied();
    /// let sum = graph.try_node("sum", (exact.outcome(), formula.outcome()), join);
    /// let mut graph = graph.build()?;
    /// graph.set(size, 4);
    /// assert_eq!(graph.run()?[sum], 10);
    /// assert_eq!(graph.result(formula).unwrap_err().to_string(), "was not chosen because of is large");
    /// graph.set(size, 10_000);
    /// assert_eq!(graph.run()?[sum], 50_005_000);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn only_if<Q: Lendable>(&mut self, node: impl Into<AnyNode>, condition: impl Into<Node<bool, Q>>) {
        self.nodes.condition(node.into(), condition.into().plain(), true);
    }

    /// Makes `node` run only if `condition` gives false, as [`only_if`](Self::only_if) does if it gives true:
    /// for what is to be done otherwise.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// let mut graph = GraphBuilder::new();
    /// let quiet = graph.input::<bool>("quiet");
    /// let report = graph.node("report", (), || "all is well");
    /// graph.unless(report, quiet);
    /// let mut graph = graph.build()?;
    /// graph.set(quiet, true);
    /// assert_eq!(graph.run()?.get(report).unwrap_err().to_string(), "was not chosen because of quiet");
    /// graph.set(quiet, false);
    /// assert_eq!(graph.run()?[report], "all is well");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn unless<Q: Lendable>(&mut self, node: impl Into<AnyNode>, condition: impl Into<Node<bool, Q>>) {
        self.nodes.condition(node.into(), condition.into().plain(), false);
    }
}

impl Collected {
    fn condition(&mut self, node: AnyNode, condition: Node<bool>, wanted: bool) {
        let Some(node) = self.own(node) else { return };
        if self.owns(condition.any()) {
            self.conditions.push(Condition { node, condition, wanted });
        } else {
            self.faults.strangers.push(node);
        }
    }

    /// Adds the gates: for each condition a node that ends its branch unless the condition is as wanted.
    /// Whoever is under the condition comes after that.
    pub(crate) fn add_gates(&mut self) {
        let mut conditions = mem::take(&mut self.conditions);
        let of = |one: &Condition| (one.condition.any().index, one.wanted);
        conditions.sort_by_key(of);
        for under in conditions.chunk_by(|a, b| of(a) == of(b)) {
            let Condition { condition, wanted, .. } = under[0];
            let word = if wanted { "if" } else { "unless" };
            let name = format!("{word} {}", self.names.label(condition.any().index));
            let gate = move |&given: &bool| if given == wanted { Ok(()) } else { Err(EndBranch) };
            // By reference, since a definition may have it called by several threads at once.
            let gate = ByRef::new(gate);
            // SAFETY: the closure and `()` are `Send` and `Sync`, and borrow nothing.
            let gate: Node<(), Anywhere> = unsafe { self.fallible(name, condition, gate) };
            under.iter().for_each(|one| self.order(one.node, gate.any(), Kind::Order));
        }
    }
}
