//! An observer that writes everything down, and what must hold of whatever it was told.

use dgraph_exec::{NodeId, NodeInfo, NodeOutcome, Observer, RunInfo, RunOutcome, SkipReason};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::thread::{self, ThreadId};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum What {
    RunBegins,
    RunEnds(RunOutcome),
    Begins,
    Waits,
    Resumes,
    Ends(NodeOutcome),
    Skipped(SkipReason),
}

#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) what: What,
    pub(crate) run: u64,
    pub(crate) parent: Option<(u64, NodeId)>,
    /// Of a run's beginning and end: none.
    pub(crate) node: Option<NodeId>,
    /// The node's path, or that of the run.
    pub(crate) path: String,
    pub(crate) worker: Option<usize>,
    pub(crate) thread: ThreadId,
    /// Of a run: its nodes that are to run, and its predecessors' lists.
    pub(crate) to_run: usize,
    edges: Vec<(NodeId, NodeId)>,
}

#[derive(Default)]
pub(crate) struct Log(Mutex<Vec<Told>>);

impl Log {
    pub(crate) fn new() -> Arc<Self> {
        Arc::default()
    }

    fn run(&self, run: &RunInfo<'_>, what: What) {
        let successors = |node| run.dag().successors(node).iter().map(move |edge| (node, edge.target()));
        let edges = match what {
            What::RunBegins => {
                (0..).take(run.dag().node_count()).flat_map(|node| successors(NodeId::new(node))).collect()
            }
            _ => Vec::new(),
        };
        self.0.lock().expect("no panic").push(Told {
            what,
            run: run.number(),
            parent: run.parent(),
            node: None,
            path: run.path().to_string(),
            worker: None,
            thread: thread::current().id(),
            to_run: run.to_run(),
            edges,
        });
    }

    fn node(&self, node: &NodeInfo<'_>, what: What) {
        self.0.lock().expect("no panic").push(Told {
            what,
            run: node.run().number(),
            parent: node.run().parent(),
            node: Some(node.id()),
            path: node.to_string(),
            worker: node.worker(),
            thread: thread::current().id(),
            to_run: node.run().to_run(),
            edges: Vec::new(),
        });
    }

    /// What was told since this was last asked, after checking it.
    pub(crate) fn take(&self) -> Vec<Told> {
        let told = std::mem::take(&mut *self.0.lock().expect("no panic"));
        check(&told);
        told
    }

    /// The same as text, a line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        self.take().iter().map(|told| format!("{} {:?}", told.path, told.what)).collect()
    }
}

impl Observer for Log {
    fn run_begins(&self, run: &RunInfo<'_>) {
        self.run(run, What::RunBegins);
    }

    fn run_ends(&self, run: &RunInfo<'_>, outcome: RunOutcome) {
        self.run(run, What::RunEnds(outcome));
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        self.node(node, What::Begins);
    }

    fn node_waits(&self, node: &NodeInfo<'_>) {
        self.node(node, What::Waits);
    }

    fn node_resumes(&self, node: &NodeInfo<'_>) {
        self.node(node, What::Resumes);
    }

    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        self.node(node, What::Ends(outcome));
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        self.node(node, What::Skipped(reason));
    }
}

/// How it stands with a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stands {
    Nothing,
    Runs(ThreadId),
    Waits,
    Over(What),
}

/// Of runs that are all over: each in its bounds, its nodes in order, and complete.
fn check(told: &[Told]) {
    let mut open: HashMap<u64, (&Told, HashMap<NodeId, Stands>)> = HashMap::new();
    for now in told {
        match (now.what, now.node) {
            (What::RunBegins, None) => {
                if let Some((outer, node)) = now.parent {
                    let outer = &open.get(&outer).expect("within its outer run").1;
                    assert!(
                        matches!(outer.get(&node), Some(Stands::Runs(_))),
                        "while its node runs: {now:?}"
                    );
                }
                assert!(open.insert(now.run, (now, HashMap::new())).is_none(), "begins twice: {now:?}");
            }
            (What::RunEnds(_), None) => {
                let (run, nodes) = open.remove(&now.run).expect("it has begun");
                assert_eq!((run.parent, &run.path), (now.parent, &now.path));
                assert!(nodes.values().all(|stands| matches!(stands, Stands::Over(_))), "{nodes:?}");
                let idle = [SkipReason::NotNeeded, SkipReason::UpToDate];
                let idle =
                    |stands: &&Stands| idle.iter().any(|&why| **stands == Stands::Over(What::Skipped(why)));
                assert_eq!(nodes.len() - nodes.values().filter(idle).count(), run.to_run);
            }
            (what, Some(node)) => {
                let (run, nodes) = open.get_mut(&now.run).expect("within its run");
                let before = nodes.get(&node).copied().unwrap_or(Stands::Nothing);
                let stands = match (what, before) {
                    (What::Begins, Stands::Nothing) => {
                        for (from, _) in run.edges.iter().filter(|(_, to)| *to == node) {
                            // Inputs, and what isn't to run, are nowhere.
                            let from = nodes.get(from);
                            assert!(matches!(from, None | Some(Stands::Over(_))), "{now:?} after {from:?}");
                        }
                        Stands::Runs(now.thread)
                    }
                    (What::Resumes, Stands::Waits) => Stands::Runs(now.thread),
                    (What::Waits, Stands::Runs(thread)) if thread == now.thread => Stands::Waits,
                    (What::Ends(_), Stands::Runs(thread)) if thread == now.thread => Stands::Over(what),
                    (What::Ends(NodeOutcome::Interrupted | NodeOutcome::Panicked), Stands::Waits)
                    | (What::Skipped(_), Stands::Nothing) => Stands::Over(what),
                    _ => panic!("{now:?} after {before:?}"),
                };
                nodes.insert(node, stands);
            }
            _ => panic!("{now:?}"),
        }
    }
    assert!(open.is_empty(), "runs that haven't ended: {:?}", open.keys());
}
