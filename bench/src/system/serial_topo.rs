//! `serial-topo`: the order is known, so a loop runs it. What no scheduler can beat on one thread.

use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::Dag;
use std::sync::Arc;

/// The serial loop over a topological order, found when the graph is built.
#[derive(Debug)]
pub(super) struct SerialTopo;

struct Loop<B> {
    dag: Dag,
    body: B,
}

impl System for SerialTopo {
    const NAME: &'static str = "serial-topo";
    const PARALLEL: bool = false;

    fn start(_: usize) -> Result<Self, String> {
        Ok(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let dag = Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph");
        Box::new(Loop { dag, body })
    }
}

impl<B: Body> Runner for Loop<B> {
    fn run(&mut self) {
        let body = self.body;
        self.dag.run(|node| body.execute(node.get()));
    }
}
