//! What a trace amounts to: of each graph its runs, its critical paths, and the nodes that matter.

use crate::observe::{Trace, TracedRun};
use dgraph_core::{Dag, NodeId};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Times are in nanoseconds.
pub(crate) struct Summary {
    /// Of each run: its nodes on the critical path, in order, and how long they took together.
    pub(crate) paths: Vec<(Vec<NodeId>, u64)>,
    /// The nodes of all runs, by how much time they took together.
    pub(crate) nodes: Vec<NodeSummary>,
    /// How much time all nodes took.
    pub(crate) work: u64,
}

/// What a node took in all runs of its graph.
pub(crate) struct NodeSummary {
    pub(crate) path: String,
    /// A run in which it ran for the longest time, and the node.
    pub(crate) longest_in: (u32, NodeId),
    pub(crate) longest: u64,
    pub(crate) total: u64,
    /// In how many runs it ran, and in how many of these it was on the critical path.
    pub(crate) runs: usize,
    pub(crate) critical: usize,
}

/// When a node of a run ran.
struct Ran {
    begin: u64,
    end: u64,
    /// How long it was called or polled.
    called: u64,
}

impl Summary {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut ran: Vec<HashMap<NodeId, Ran>> = trace.runs().iter().map(|_| HashMap::new()).collect();
        for span in trace.spans() {
            let (begin, end) = (span.mark.begin, span.mark.end);
            let new = Ran { begin, end, called: 0 };
            let node = ran[span.mark.run as usize].entry(span.node()).or_insert(new);
            (node.begin, node.end) = (begin.min(node.begin), end.max(node.end));
            node.called += end - begin;
        }
        let inner = graphs_within(trace);
        let mut dags = HashMap::new();
        let runs = trace.runs().iter().zip(&ran);
        let paths: Vec<_> = runs.map(|(run, ran)| critical_path(run, ran, &mut dags)).collect();
        let mut nodes: HashMap<(*const (), NodeId), NodeSummary> = HashMap::new();
        let mut work = 0;
        for (at, (run, ran)) in (0..).zip(trace.runs().iter().zip(&ran)) {
            let critical: HashSet<NodeId> = paths[at as usize].0.iter().copied().collect();
            for (&node, &Ran { called: time, .. }) in ran {
                // What a graph takes that is a node is counted where it is taken.
                let own = if inner.contains(&(at, node)) { 0 } else { time };
                work += own;
                let summary =
                    nodes.entry((Arc::as_ptr(&run.shape).cast(), node)).or_insert_with(|| NodeSummary {
                        path: run.path_of(node).to_string(),
                        longest_in: (at, node),
                        longest: 0,
                        total: 0,
                        runs: 0,
                        critical: 0,
                    });
                summary.total += time;
                summary.runs += 1;
                summary.critical += usize::from(critical.contains(&node));
                if time >= summary.longest {
                    (summary.longest, summary.longest_in) = (time, (at, node));
                }
            }
        }
        let mut nodes: Vec<_> = nodes.into_values().collect();
        nodes.sort_by(|one, other| other.total.cmp(&one.total).then_with(|| one.path.cmp(&other.path)));
        Self { paths, nodes, work }
    }
}

/// The nodes that are graphs.
fn graphs_within(trace: &Trace) -> HashSet<(u32, NodeId)> {
    trace.runs().iter().filter_map(|run| run.parent).collect()
}

/// The heaviest chain of nodes by how long they took, waits of futures included.
fn critical_path(
    run: &TracedRun,
    ran: &HashMap<NodeId, Ran>,
    dags: &mut HashMap<*const (), Dag>,
) -> (Vec<NodeId>, u64) {
    let dag = dags.entry(Arc::as_ptr(&run.shape).cast()).or_insert_with(|| {
        Dag::from_edges(run.node_count(), &run.shape.edges).expect("the edges of a graph")
    });
    let path = dag.view().critical_path(|node| ran.get(&node).map_or(0, |ran| ran.end - ran.begin));
    let nodes = path.nodes.into_iter().filter(|node| ran.contains_key(node)).collect();
    (nodes, path.length)
}
