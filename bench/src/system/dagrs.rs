//! `dagrs`: every node is an action that waits for its inputs on channels, on a Tokio runtime.

use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph as Data;
use ::dagrs::{
    Action, Content, DefaultNode, EnvVar, Graph, InChannels, Node, NodeTable, OutChannels, Output,
    async_trait,
};
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// `Graph::async_start` on a multi-threaded runtime of our own.
#[derive(Debug)]
pub(super) struct Dagrs(Arc<Runtime>);

struct Run {
    runtime: Arc<Runtime>,
    graph: Graph,
}

struct Execute<B> {
    node: u32,
    body: B,
}

#[async_trait::async_trait]
impl<B: Body> Action for Execute<B> {
    async fn run(&self, inputs: &mut InChannels, outputs: &mut OutChannels, _: Arc<EnvVar>) -> Output {
        inputs.map(|input| input.map(|_| ())).await;
        self.body.execute(self.node);
        outputs.broadcast(Content::new(())).await;
        Output::empty()
    }
}

impl System for Dagrs {
    const NAME: &'static str = "dagrs";
    const REBUILT: bool = true;
    const MAX_NODES: usize = 5_000;

    fn start(threads: usize) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).enable_all().build();
        Ok(Self(Arc::new(runtime.map_err(|error| error.to_string())?)))
    }

    fn build<B: Body>(&self, data: &Arc<Data>, body: B) -> Box<dyn Runner> {
        let mut table = NodeTable::default();
        let mut graph = Graph::new();
        let add = |node| {
            let action = Execute { node, body };
            let node = DefaultNode::with_action(node.to_string(), action, &mut table);
            let id = node.id();
            graph.add_node(node).expect("ids are unique");
            id
        };
        let ids: Vec<_> = (0_u32..).take(data.nodes).map(add).collect();
        let mut successors = vec![Vec::new(); data.nodes];
        for &(u, v) in &data.edges {
            successors[u as usize].push(ids[v as usize]);
        }
        for (&id, successors) in ids.iter().zip(successors) {
            graph.add_edge(id, successors).expect("both ends exist");
        }
        graph.set_env(EnvVar::new(table));
        Box::new(Run { runtime: Arc::clone(&self.0), graph })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        self.runtime.block_on(self.graph.async_start()).expect("no action fails");
    }

    fn reset(&mut self) {
        self.runtime.block_on(self.graph.reset()).expect("nothing is running");
    }
}
