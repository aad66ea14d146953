//! One line of the comparison.

use crate::system::SystemId;

/// What was measured for one system on one graph.
#[derive(Clone, Debug)]
pub struct Row {
    /// The system.
    pub system: SystemId,
    /// The graph's name.
    pub shape: String,
    /// How many threads execute nodes.
    pub threads: usize,
    /// Steps of the node body.
    pub grain: u64,
    /// The graph's size.
    pub nodes: usize,
    /// The graph's number of edges.
    pub edges: usize,
    /// The median time to build it, in nanoseconds a node.
    pub build: f64,
    /// The median time of a run, in nanoseconds a node.
    pub median: f64,
    /// The shortest time of a run, in nanoseconds a node.
    pub minimum: f64,
    /// How many runs were timed.
    pub runs: usize,
}

impl Row {
    /// The names of the tab-separated columns.
    pub const COLUMNS: &'static str = "system\tshape\tthreads\tgrain\tnodes\tedges\tbuild_ns_per_node\t\
                                       run_ns_per_node_median\trun_ns_per_node_min";

    /// The row as tab-separated values.
    #[must_use]
    pub fn tsv(&self) -> String {
        let Self { system, shape, threads, grain, nodes, edges, build, median, minimum, .. } = self;
        format!(
            "{system}\t{shape}\t{threads}\t{grain}\t{nodes}\t{edges}\t{build:.2}\t{median:.2}\t{minimum:.2}"
        )
    }

    /// The graph's name, with the grain if there is one.
    #[must_use]
    pub fn graph(&self) -> String {
        if self.grain == 0 { self.shape.clone() } else { format!("{}, grain {}", self.shape, self.grain) }
    }

    /// The median as summaries show it: a node's share, but the whole run of a graph with fewer than ten
    /// nodes.
    #[must_use]
    pub fn shown(&self) -> f64 {
        if self.nodes < 10 { self.median * self.nodes as f64 } else { self.median }
    }
}
