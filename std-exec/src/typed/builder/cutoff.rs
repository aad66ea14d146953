//! Nodes behind which updates stop.

use super::graph_builder::GraphBuilder;
use crate::typed::handle::node::Node;

/// # Early cutoff
impl<P> GraphBuilder<'_, P> {
    /// Lets an [update](crate::RunOptions::update) stop behind `node` if that gives the same again: what it
    /// gives is compared with its last result, and if both are equal, those that depend on it don't run for
    /// its sake. The last result stays, and the new one is dropped. (The term is that of build systems;
    /// Incremental and Adapton have it, too.)
    ///
    /// So a node that an update might run does run only if something that it directly depends on has changed;
    /// or comes before it by [order](Self::after) alone, or is fed as an [outcome](Node::outcome). Otherwise
    /// the node keeps what it has come to, and is [up to date](crate::SkipReason::UpToDate) for observers.
    ///
    /// - If `node` is an input, [`set`](crate::Graph::set) compares: a value that is equal to the one before
    ///   is no change.
    /// - There is nothing to compare with if the last result is gone ([moved](Node::moved), taken, [dropped
    ///   early](Self::drop_early)) or the node has failed since; a result [from
    ///   outside](crate::Graph::set_result) is always news. Nor is the end of a branch a result.
    /// - A node that changes a [state](crate::State) is news whenever it runs. If several nodes change a
    ///   state, or use it between those, all of them run as soon as one of them might.
    /// - A node whose result is gone runs again if one might run that needs it, unless that one runs only if
    ///   it does.
    /// - A comparison that panics in a run is a panic of the node.
    /// - A [graph that is a node](Self::graph) gives a result as any node. Within it, its own nodes may be
    ///   such.
    ///
    /// In an update of such a graph, results of earlier runs are dropped when new ones come, and not when the
    /// run begins; and nodes take some nanoseconds longer. In all other runs every node runs, as ever.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
    ///
    /// let drawn = AtomicU32::new(0);
    /// let mut graph = GraphBuilder::new();
    /// let text = graph.input::<&str>("text");
    /// let words = graph.node("words", text, |text: &&str| text.split_whitespace().count());
    /// graph.node("draw", words, |_: &usize| drawn.fetch_add(1, Relaxed));
    /// graph.cutoff(words);
    /// let mut graph = graph.build()?;
    /// for typed in ["a text", "a  text", " a  text ", "more text than that"] {
    ///     graph.set(text, typed);
    ///     graph.with(&RunOptions::new().update()).run()?;
    /// }
    /// assert_eq!(drawn.load(Relaxed), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn cutoff<T: PartialEq, Q>(&mut self, node: impl Into<Node<T, Q>>) {
        self.nodes.compare(node.into().plain());
    }
}
