//! `dgraph-typed`: the typed graph of this project, with a closure a node.

use super::{Runner, System, dgraph_raw};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::{Declared, Executor, GraphBuilder, Node, Values};
use dgraph_tests::predecessors::Predecessors;
use std::sync::Arc;

/// [`run_parallel`](dgraph_exec::Graph::run_parallel), or [`run`](dgraph_exec::Graph::run) on one thread.
/// Nodes of up to two dependencies take them one by one, others as [`Values`]; the values have no size.
#[derive(Debug)]
pub(super) struct DgraphTyped {
    executor: Arc<Executor>,
}

pub(super) struct Run {
    executor: Arc<Executor>,
    pub(super) graph: dgraph_exec::Graph<'static>,
}

impl System for DgraphTyped {
    const NAME: &'static str = "dgraph-typed";

    fn start(threads: usize) -> Result<Self, String> {
        Ok(Self { executor: dgraph_raw::executor(threads)? })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(self.run_of(graph, body, |_, _| {}))
    }
}

impl DgraphTyped {
    /// Builds the graph; before that, `demand` may ask for an order or a thread of its nodes.
    pub(super) fn run_of<B: Body>(
        &self,
        graph: &Graph,
        body: B,
        demand: impl FnOnce(&mut GraphBuilder<'static>, &[Node<()>]),
    ) -> Run {
        let (mut builder, nodes) = define(graph, |builder, number, node, dependencies| match *dependencies {
            [] => builder.node(node, (), move || body.execute(number)),
            [a] => builder.node(node, (a,), move |(): &()| body.execute(number)),
            [a, b] => builder.node(node, (a, b), move |(): &(), (): &()| body.execute(number)),
            _ => builder.node(node, dependencies, move |_: Values<'_, ()>| body.execute(number)),
        });
        demand(&mut builder, &nodes);
        Run { executor: Arc::clone(&self.executor), graph: builder.build().expect("an acyclic graph") }
    }
}

/// A typed graph with these nodes, not built yet. `one` defines a node, from its number, what was declared
/// and the handles of its dependencies.
pub(super) fn define(
    graph: &Graph,
    one: impl Fn(&mut GraphBuilder<'static>, u32, Declared<()>, &[Node<()>]) -> Node<()>,
) -> (GraphBuilder<'static>, Vec<Node<()>>) {
    let predecessors = Predecessors::new(graph.nodes, &graph.edges);
    let mut builder = GraphBuilder::new();
    let declared: Vec<Declared<()>> = (0..graph.nodes).map(|_| builder.declare("")).collect();
    let nodes: Vec<Node<()>> = declared.iter().map(Declared::node).collect();
    let mut dependencies = Vec::new();
    for (number, node) in (0_u32..).zip(declared) {
        dependencies.clear();
        dependencies.extend(predecessors.of(number as usize).iter().map(|&before| nodes[before as usize]));
        one(&mut builder, number, node, &dependencies);
    }
    (builder, nodes)
}

impl Runner for Run {
    fn run(&mut self) {
        let results = match self.executor.threads() {
            1 => self.graph.run(),
            _ => self.graph.run_parallel(&self.executor),
        };
        results.expect("no node fails");
    }
}
