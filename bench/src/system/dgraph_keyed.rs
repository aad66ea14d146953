//! `dgraph-keyed`: the dictionary graph of this project, keyed by node numbers.

use super::{Runner, System, dgraph_raw};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::{Executor, KeyedGraph};
use dgraph_tests::predecessors::Predecessors;
use std::sync::Arc;

/// [`KeyedGraph::run_parallel`], or [`KeyedGraph::run`] on one thread. The tasks have no values to pass on.
#[derive(Debug)]
pub(super) struct DgraphKeyed {
    executor: Arc<Executor>,
}

struct Run {
    executor: Arc<Executor>,
    graph: KeyedGraph<'static, u32, ()>,
}

impl System for DgraphKeyed {
    const NAME: &'static str = "dgraph-keyed";

    fn start(threads: usize) -> Result<Self, String> {
        Ok(Self { executor: dgraph_raw::executor(threads)? })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let predecessors = Predecessors::new(graph.nodes, &graph.edges);
        let nodes = (0_u32..).take(graph.nodes);
        let graph = nodes
            .fold(KeyedGraph::builder(), |builder, node| {
                builder
                    .task(node, predecessors.of(node as usize).iter().copied(), move |_| body.execute(node))
            })
            .build()
            .expect("an acyclic graph");
        Box::new(Run { executor: Arc::clone(&self.executor), graph })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        let results = match self.executor.threads() {
            1 => self.graph.run(),
            _ => self.graph.run_parallel(&self.executor),
        };
        results.expect("no task fails");
    }
}
