//! The workflow as a typed graph: one that knows how long its nodes take, or that is observed.

use crate::execution::Execution;
use dgraph_exec::{Graph, GraphBuilder, NodeId};
use dgraph_tests::workflow::Workflow;
use std::time::Duration;

/// The nodes of `workflow`, to be executed as `execution`, by `priorities` critical path first.
pub(crate) fn graph<'e>(
    workflow: &Workflow,
    execution: &'e Execution<'_>,
    priorities: bool,
) -> Result<Graph<'e>, String> {
    let mut graph = GraphBuilder::new();
    let nodes = (0..).map(NodeId::new).zip(&workflow.names);
    let nodes: Vec<_> =
        nodes.map(|(node, name)| graph.node(name, (), move || execution.execute(node))).collect();
    for &(before, node) in &workflow.edges {
        graph.after(nodes[node as usize], [nodes[before as usize]]);
    }
    let mut graph = graph.build().map_err(|error| error.to_string())?;
    if priorities {
        // The unit doesn't matter: only their sums are compared.
        graph.prioritize_by(|node| Duration::from_nanos(workflow.duration(node)));
    }
    Ok(graph)
}
