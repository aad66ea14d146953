//! The nodes of a graph, and those of a name.

use super::built::Graph;
use crate::typed::handle::node::AnyNode;

impl<P> Graph<'_, P> {
    /// All nodes with their names, in the order of declaration. An anonymous node has the name `""`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{AnyNode, GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// let parse = graph.node("test: parse", (), || 1);
    /// let print = graph.node("test: print", (), || 2);
    /// let slow = graph.node("slow test: all", (), || 3);
    /// let mut graph = graph.build()?;
    /// let quick: Vec<AnyNode> =
    ///     graph.nodes().filter(|(_, name)| name.starts_with("test")).map(|(node, _)| node).collect();
    /// assert_eq!(quick, [parse.any(), print.any()]);
    /// assert!(graph.with(&RunOptions::new().only(quick)).run()?.get(slow).is_err());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[track_caller]
    pub fn nodes(&self) -> impl ExactSizeIterator<Item = (AnyNode, &str)> {
        let data = self.data();
        let graph = data.store.id();
        (0..data.topology.declared())
            .map(move |index| (AnyNode { graph, index }, data.store.names().get(index)))
    }

    /// The first node with this name, `None` if there is none. It looks at all names; for many look-ups, make
    /// a map of [`nodes`](Self::nodes), or a [`KeyedGraph`](crate::KeyedGraph).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("docs", (), || panic!("not today"));
    /// graph.node("build", (), || ());
    /// let mut graph = graph.build()?;
    /// let target = graph.find("build").ok_or("no such target")?; // from the command line, say
    /// graph.with(&RunOptions::new().only([target])).run()?;
    /// assert_eq!(graph.find("biuld"), None);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    #[track_caller]
    pub fn find(&self, name: &str) -> Option<AnyNode> {
        self.nodes().find(|(_, other)| *other == name).map(|(node, _)| node)
    }
}
