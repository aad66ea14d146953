//! One execution of a job: what each node computed, and when it ran.

use crate::job::Job;
use crate::progress;
use dgraph_exec::{NodeId, Progress};
use dgraph_tests::workflow::Workflow;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// The record of an execution.
///
/// All accesses are Relaxed. Whoever runs a node has to make it see what its predecessors have stored; an
/// ordering here would hide it if that were not so.
#[derive(Debug)]
pub(crate) struct Execution<'a> {
    job: &'a Job,
    nodes: Vec<Node>,
    /// How many stamps have been drawn: two a node.
    clock: AtomicU64,
}

/// What a node leaves behind. Stamps count from 1; 0 means that the node has not come so far.
#[derive(Debug, Default)]
struct Node {
    value: AtomicU64,
    began: AtomicU64,
    ended: AtomicU64,
}

impl<'a> Execution<'a> {
    /// The record of an execution that is yet to come.
    pub(crate) fn new(job: &'a Job) -> Self {
        let nodes = (0..job.nodes()).map(|_| Node::default()).collect();
        Self { job, nodes, clock: AtomicU64::new(0) }
    }

    /// The body of a node.
    pub(crate) fn execute(&self, node: NodeId) {
        let record = &self.nodes[node.index()];
        record.began.store(self.stamp(), Relaxed);
        record.value.store(self.job.compute(node, |source| self.nodes[source].value.load(Relaxed)), Relaxed);
        record.ended.store(self.stamp(), Relaxed);
    }

    fn stamp(&self) -> u64 {
        self.clock.fetch_add(1, Relaxed) + 1
    }

    /// Calls `run`, which executes the nodes, and takes the time from its start to its end. What shows
    /// meanwhile how far it has come is called `name`, and says what `report` knows.
    pub(crate) fn measure(
        &self,
        name: &'static str,
        report: Option<&Progress>,
        run: impl FnOnce(),
    ) -> Duration {
        let ended = || self.clock.load(Relaxed) / 2;
        progress::watch(name, self.nodes.len(), ended, report, || {
            let start = Instant::now();
            run();
            start.elapsed()
        })
    }

    /// Checks that each node ran once, and began after all that it depends on had ended.
    pub(crate) fn check(&self, workflow: &Workflow) -> Result<(), String> {
        let name = |node: u32| &workflow.names[node as usize];
        if let Some(node) = self.nodes.iter().position(|node| node.ended.load(Relaxed) == 0) {
            return Err(format!("node {} did not run", workflow.names[node]));
        }
        let (stamps, nodes) = (self.clock.load(Relaxed), self.nodes.len());
        if stamps != 2 * nodes as u64 {
            return Err(format!("{nodes} nodes have left {stamps} stamps, not two each"));
        }
        let began = |node: u32| self.nodes[node as usize].began.load(Relaxed);
        let ended = |node: u32| self.nodes[node as usize].ended.load(Relaxed);
        match workflow.edges.iter().find(|&&(u, v)| ended(u) >= began(v)) {
            Some(&(u, v)) => {
                Err(format!("node {} began before {} had ended, its predecessor", name(v), name(u)))
            }
            None => Ok(()),
        }
    }

    /// Checks that each node has computed the same value as in `reference`.
    pub(crate) fn compare(&self, reference: &Self) -> Result<(), String> {
        let mut pairs = self.nodes.iter().zip(&reference.nodes);
        match pairs.position(|(own, other)| own.value.load(Relaxed) != other.value.load(Relaxed)) {
            Some(node) => Err(format!("node {node} has another value than in the reference")),
            None => Ok(()),
        }
    }
}
