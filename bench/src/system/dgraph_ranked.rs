//! `dgraph-ranked`: the typed graph of this project with priorities, the longest path first.

use super::dgraph_typed::DgraphTyped;
use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use std::sync::Arc;
use std::time::Duration;

/// A typed graph ([`DgraphTyped`]), ranked by the durations that the graph's file says; where it says none, all
/// nodes take equally long.
#[derive(Debug)]
pub(super) struct DgraphRanked(DgraphTyped);

impl System for DgraphRanked {
    const NAME: &'static str = "dgraph-ranked";

    fn start(threads: usize) -> Result<Self, String> {
        DgraphTyped::start(threads).map(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let mut run = self.0.run_of(graph, body);
        let duration = |node: usize| graph.durations.as_ref().map_or(1, |durations| durations[node]);
        run.graph.prioritize_by(|node| Duration::from_nanos(duration(node.index())));
        Box::new(run)
    }
}
