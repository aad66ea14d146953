//! `dagx`: typed tasks, wired by handles, on a Tokio runtime.

use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use ::dagx::{DagRunner, Task, TaskHandle, task};
use dgraph_exec::Dag;
use dgraph_tests::predecessors::Predecessors;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};

/// `DagRunner` with `tokio::spawn`. A task takes its inputs by type, so there is a type for each number of
/// them; dagx has at most eight. Tasks can't be generic, so the body is called through a pointer.
#[derive(Debug)]
pub(super) struct Dagx(Arc<Runtime>);

struct Run {
    runtime: Arc<Runtime>,
    plan: Plan,
    dag: DagRunner,
}

/// What the tasks are made of. They are declared in topological order, since a handle exists only then.
struct Plan {
    topological: Dag,
    predecessors: Predecessors,
    body: Arc<dyn Fn(u32) + Send + Sync>,
}

struct Node {
    number: u32,
    body: Arc<dyn Fn(u32) + Send + Sync>,
}

#[derive(Clone, Copy)]
struct Done;

const MAX_INPUTS: usize = 8;

macro_rules! tasks {
    ($($name:ident($($input:ident),*))*) => {
        $(
            struct $name(Node);

            #[task]
            impl $name {
                #[allow(clippy::too_many_arguments, reason = "one for each input")]
                async fn run(&self, $($input: &Done),*) -> Done {
                    let _ = ($($input,)*);
                    (self.0.body)(self.0.number);
                    Done
                }
            }
        )*
    };
}

tasks! {
    Source()
    Join1(a)
    Join2(a, b)
    Join3(a, b, c)
    Join4(a, b, c, d)
    Join5(a, b, c, d, e)
    Join6(a, b, c, d, e, f)
    Join7(a, b, c, d, e, f, g)
    Join8(a, b, c, d, e, f, g, h)
}

impl System for Dagx {
    const NAME: &'static str = "dagx";
    const REBUILT: bool = true;
    const MAX_NODES: usize = 10_000;

    fn refusal(graph: &Graph) -> Option<String> {
        let inputs = graph.max_in_degree();
        (inputs > MAX_INPUTS).then(|| format!("a task has at most {MAX_INPUTS} inputs, here {inputs}"))
    }

    fn start(threads: usize) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).build();
        Ok(Self(Arc::new(runtime.map_err(|error| error.to_string())?)))
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let plan = Plan {
            topological: Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph"),
            predecessors: Predecessors::new(graph.nodes, &graph.edges),
            body: Arc::new(move |node| body.execute(node)),
        };
        Box::new(Run { runtime: Arc::clone(&self.0), dag: plan.wire(), plan })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        let spawn = |task| drop(tokio::spawn(task));
        self.runtime.block_on(self.dag.run(spawn)).expect("no task panics");
    }

    fn reset(&mut self) {
        self.dag = self.plan.wire();
    }
}

impl Plan {
    fn wire(&self) -> DagRunner {
        let dag = DagRunner::new();
        let order = self.topological.view().order();
        let mut handles: Vec<Option<TaskHandle<Done>>> = vec![None; order.len()];
        for &node in order {
            let inputs: Vec<_> =
                self.predecessors.of(node.index()).iter().filter_map(|&u| handles[u as usize]).collect();
            let task = Node { number: node.get(), body: Arc::clone(&self.body) };
            let handle = match &inputs[..] {
                [] => dag.add_task(Source(task)).into(),
                [a] => dag.add_task(Join1(task)).depends_on(a),
                [a, b] => dag.add_task(Join2(task)).depends_on((a, b)),
                [a, b, c] => dag.add_task(Join3(task)).depends_on((a, b, c)),
                [a, b, c, d] => dag.add_task(Join4(task)).depends_on((a, b, c, d)),
                [a, b, c, d, e] => dag.add_task(Join5(task)).depends_on((a, b, c, d, e)),
                [a, b, c, d, e, f] => dag.add_task(Join6(task)).depends_on((a, b, c, d, e, f)),
                [a, b, c, d, e, f, g] => dag.add_task(Join7(task)).depends_on((a, b, c, d, e, f, g)),
                [a, b, c, d, e, f, g, h] => dag.add_task(Join8(task)).depends_on((a, b, c, d, e, f, g, h)),
                _ => unreachable!("graphs with more inputs are refused"),
            };
            handles[node.index()] = Some(handle);
        }
        dag
    }
}
