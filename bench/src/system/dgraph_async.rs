//! `dgraph-async` and `dgraph-parallel-async`: the typed graph of this project, with a future a node.

use super::dgraph_typed::define;
use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use dgraph_exec::{Executor, Values};
use futures_lite::future::block_on;
use std::sync::Arc;

/// [`run_async`](dgraph_exec::Graph::run_async), polled on the calling thread. Nodes are fed as those of
/// `dgraph-typed`.
#[derive(Debug)]
pub(super) struct DgraphAsync;

/// [`run_parallel_async`](dgraph_exec::Graph::run_parallel_async): nodes run on the workers of an executor,
/// while the caller waits.
#[derive(Debug)]
pub(super) struct DgraphParallelAsync(Arc<Executor>);

struct Run {
    /// `None` if the caller runs all nodes.
    executor: Option<Arc<Executor>>,
    graph: dgraph_exec::Graph<'static>,
}

impl System for DgraphAsync {
    const NAME: &'static str = "dgraph-async";
    const PARALLEL: bool = false;
    const ASYNC: bool = true;

    fn start(_: usize) -> Result<Self, String> {
        Ok(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(Run { executor: None, graph: with_futures(graph, body) })
    }
}

impl System for DgraphParallelAsync {
    const NAME: &'static str = "dgraph-parallel-async";
    const ASYNC: bool = true;

    fn start(threads: usize) -> Result<Self, String> {
        let executor = Executor::builder().threads(threads).build().map_err(|error| error.to_string())?;
        Ok(Self(Arc::new(executor)))
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(Run { executor: Some(Arc::clone(&self.0)), graph: with_futures(graph, body) })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        let results = match &self.executor {
            None => block_on(self.graph.run_async()),
            Some(executor) => block_on(self.graph.run_parallel_async(executor)),
        };
        results.expect("no node fails");
    }
}

/// Nodes of up to two dependencies take them one by one, others as [`Values`]; the values have no size.
fn with_futures<B: Body>(graph: &Graph, body: B) -> dgraph_exec::Graph<'static> {
    let visit = move |node| async move {
        body.begin(node);
        body.wait().await;
        body.finish(node);
    };
    let (builder, _) = define(graph, |builder, number, node, dependencies| match *dependencies {
        [] => builder.async_node(node, (), move || visit(number)),
        [a] => builder.async_node(node, (a,), move |(): &()| visit(number)),
        [a, b] => builder.async_node(node, (a, b), move |(): &(), (): &()| visit(number)),
        _ => builder.async_node(node, dependencies, move |_: Values<'_, ()>| visit(number)),
    });
    builder.build().expect("an acyclic graph")
}
