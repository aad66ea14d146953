//! `dgraph-ranked`, `dgraph-bound`, `dgraph-limited`: the typed graph of this project, with demands on order
//! or thread.

use super::dgraph_typed::DgraphTyped;
use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::Dag;
use std::sync::Arc;
use std::time::Duration;

/// A typed graph ([`DgraphTyped`]), ranked by the durations that the graph's file says; where it says none,
/// all nodes take equally long.
#[derive(Debug)]
pub(super) struct DgraphRanked(DgraphTyped);

/// A typed graph ([`DgraphTyped`]) with one node that is bound to the caller: the first of the widest level.
#[derive(Debug)]
pub(super) struct DgraphBound(DgraphTyped);

/// A typed graph ([`DgraphTyped`]) with two nodes under one limit, so that only one of them runs at a time:
/// the first two of the widest level.
#[derive(Debug)]
pub(super) struct DgraphLimited(DgraphTyped);

impl System for DgraphRanked {
    const NAME: &'static str = "dgraph-ranked";

    fn start(threads: usize) -> Result<Self, String> {
        DgraphTyped::start(threads).map(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let mut run = self.0.run_of(graph, body, |_, _| {});
        let duration = |node: usize| graph.durations.as_ref().map_or(1, |durations| durations[node]);
        run.graph.prioritize_by(|node| Duration::from_nanos(duration(node.index())));
        Box::new(run)
    }
}

impl System for DgraphBound {
    const NAME: &'static str = "dgraph-bound";

    fn start(threads: usize) -> Result<Self, String> {
        DgraphTyped::start(threads).map(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(self.0.run_of(graph, body, |builder, nodes| {
            for node in two_side_by_side(graph).take(1) {
                builder.on_caller(nodes[node]);
            }
        }))
    }
}

impl System for DgraphLimited {
    const NAME: &'static str = "dgraph-limited";

    fn start(threads: usize) -> Result<Self, String> {
        DgraphTyped::start(threads).map(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(self.0.run_of(graph, body, |builder, nodes| {
            let one = builder.limit(1);
            for node in two_side_by_side(graph) {
                builder.limited(nodes[node], one);
            }
        }))
    }
}

/// Two nodes in the middle of the graph that could run at the same time; one, if no two could.
fn two_side_by_side(graph: &Graph) -> impl Iterator<Item = usize> {
    let dag = Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph");
    let levels = dag.view().levels();
    let widest = levels.iter().max_by_key(|level| level.len()).unwrap_or_default();
    widest.iter().take(2).map(|node| node.index()).collect::<Vec<_>>().into_iter()
}
