//! `dag_exec`: tasks under keys, run by a pool of threads that each run starts anew.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use ::dag_exec::{Dag, DagBuilder, Executor, ExecutorConfig};
use dgraph_tests::predecessors::Predecessors;
use std::sync::Arc;

/// `run_sequential` on one thread, `run_parallel` on more. Its caller hands out the tasks, and runs none.
pub(super) struct DagExec {
    executor: Arc<Executor>,
    threads: usize,
}

struct Run {
    executor: Arc<Executor>,
    threads: usize,
    dag: Dag<u32, (), ()>,
    /// It computes what it is asked for only: the nodes that nothing depends on need all others.
    sinks: Vec<u32>,
}

impl System for DagExec {
    const NAME: &'static str = "dag_exec";
    const MAX_NODES: usize = 20_000;

    fn start(threads: usize) -> Result<Self, String> {
        let config = ExecutorConfig { max_workers: threads, ..ExecutorConfig::default() };
        Ok(Self { executor: Arc::new(Executor::new(config)), threads })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let predecessors = Predecessors::new(graph.nodes, &graph.edges);
        let mut builder = DagBuilder::new();
        for node in (0_u32..).take(graph.nodes) {
            let task = move |_: &[Arc<()>]| {
                body.execute(node);
                Ok(())
            };
            builder.add_task(node, predecessors.of(node as usize).to_vec(), task).expect("keys are unique");
        }
        let csr = Csr::new(graph);
        Box::new(Run {
            executor: Arc::clone(&self.executor),
            threads: self.threads,
            dag: builder.build().expect("no key is missing"),
            sinks: (0_u32..).take(graph.nodes).filter(|&node| csr.successors(node).is_empty()).collect(),
        })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        let sinks = self.sinks.iter().copied();
        let results = match self.threads {
            1 => self.executor.run_sequential(&self.dag, sinks),
            _ => self.executor.run_parallel(&self.dag, sinks),
        };
        assert!(results.is_ok(), "no task fails");
    }
}
