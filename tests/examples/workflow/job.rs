//! What the nodes do.

use crate::budget::Budget;
use dgraph_exec::NodeId;
use dgraph_tests::body::busy;
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::workflow::Workflow;

/// The work of a workflow: each node's value depends on its predecessors' values, and takes time to compute.
#[derive(Debug)]
pub(crate) struct Job {
    predecessors: Predecessors,
    steps: Vec<u64>,
}

impl Job {
    /// The nodes of `workflow`, each as busy as `budget` allows.
    pub(crate) fn new(workflow: &Workflow, budget: &Budget) -> Self {
        Self {
            predecessors: Predecessors::new(workflow.nodes(), &workflow.edges),
            steps: workflow.durations.iter().map(|&duration| budget.steps(duration)).collect(),
        }
    }

    /// The number of nodes.
    pub(crate) fn nodes(&self) -> usize {
        self.steps.len()
    }

    /// Computes the value of `node` from those of its predecessors. Their order matters.
    pub(crate) fn compute(&self, node: NodeId, value_of: impl Fn(usize) -> u64) -> u64 {
        let sources = self.predecessors.of(node.index()).iter();
        let seed = sources.fold(u64::from(node.get()) + 1, |seed, &source| {
            seed.rotate_left(7).wrapping_add(value_of(source as usize)).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        busy(seed, self.steps[node.index()])
    }
}
