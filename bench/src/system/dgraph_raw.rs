//! `dgraph`: the raw layer of this project.

use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::{Dag, Executor};
use std::sync::Arc;

/// [`Executor::run`] with one closure for all nodes.
#[derive(Debug)]
pub(super) struct DgraphRaw {
    executor: Arc<Executor>,
}

/// An executor with so many threads in all.
pub(super) fn executor(threads: usize) -> Result<Arc<Executor>, String> {
    Executor::builder().threads(threads).build().map(Arc::new).map_err(|error| error.to_string())
}

struct Run<B> {
    executor: Arc<Executor>,
    dag: Dag,
    body: B,
}

impl System for DgraphRaw {
    const NAME: &'static str = "dgraph";

    fn start(threads: usize) -> Result<Self, String> {
        Ok(Self { executor: executor(threads)? })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let dag = Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph");
        Box::new(Run { executor: Arc::clone(&self.executor), dag, body })
    }
}

impl<B: Body> Runner for Run<B> {
    fn run(&mut self) {
        let body = self.body;
        self.executor.run(&self.dag, |node| body.execute(node.get()));
    }
}
