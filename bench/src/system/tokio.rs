//! `tokio` and `tokio-current`: every ready node is a task on Tokio's multi-threaded or single-threaded
//! runtime.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use ::tokio::runtime::{Builder, Runtime};
use ::tokio::sync::Notify;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// The multi-threaded runtime. Its caller waits, and is not one of its threads.
#[derive(Debug)]
pub(super) struct TokioMulti(Arc<Runtime>);

/// The runtime that runs all tasks on the calling thread.
#[derive(Debug)]
pub(super) struct TokioCurrent(Arc<Runtime>);

struct Run<B> {
    runtime: Arc<Runtime>,
    tasks: Arc<Tasks<B>>,
}

struct Tasks<B> {
    csr: Csr,
    waits_for: Vec<AtomicU32>,
    sinks: usize,
    /// How many nodes without successors have not run: when all have, the run is over.
    unfinished_sinks: AtomicUsize,
    finished: Notify,
    body: B,
}

impl System for TokioMulti {
    const NAME: &'static str = "tokio";
    const ASYNC: bool = true;

    fn start(threads: usize) -> Result<Self, String> {
        let runtime = Builder::new_multi_thread().worker_threads(threads).build();
        Ok(Self(Arc::new(runtime.map_err(|error| error.to_string())?)))
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(Run::new(&self.0, graph, body))
    }
}

impl System for TokioCurrent {
    const NAME: &'static str = "tokio-current";
    const PARALLEL: bool = false;
    const ASYNC: bool = true;

    fn start(_: usize) -> Result<Self, String> {
        let runtime = Builder::new_current_thread().build();
        Ok(Self(Arc::new(runtime.map_err(|error| error.to_string())?)))
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        Box::new(Run::new(&self.0, graph, body))
    }
}

impl<B: Body> Run<B> {
    fn new(runtime: &Arc<Runtime>, graph: &Graph, body: B) -> Self {
        let csr = Csr::new(graph);
        let tasks = Tasks {
            waits_for: csr.in_degrees.iter().copied().map(AtomicU32::new).collect(),
            sinks: csr.sinks(),
            unfinished_sinks: AtomicUsize::new(0),
            finished: Notify::new(),
            csr,
            body,
        };
        Self { runtime: Arc::clone(runtime), tasks: Arc::new(tasks) }
    }
}

impl<B: Body> Runner for Run<B> {
    fn run(&mut self) {
        self.runtime.block_on(async {
            self.tasks.unfinished_sinks.store(self.tasks.sinks, Ordering::Relaxed);
            for &root in &self.tasks.csr.roots {
                spawn(Arc::clone(&self.tasks), root);
            }
            self.tasks.finished.notified().await;
        });
    }
}

fn spawn<B: Body>(tasks: Arc<Tasks<B>>, node: u32) {
    ::tokio::spawn(async move {
        tasks.body.begin(node);
        tasks.body.wait().await;
        tasks.body.finish(node);
        let successors = tasks.csr.successors(node);
        for &next in successors {
            // Ordering: AcqRel, so that the last predecessor's thread has seen what all of them did. The next
            // run comes after the end of this one, so the reset may be Relaxed.
            if tasks.waits_for[next as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                tasks.waits_for[next as usize].store(tasks.csr.in_degrees[next as usize], Ordering::Relaxed);
                spawn(Arc::clone(&tasks), next);
            }
        }
        // Ordering: AcqRel, so that the caller sees what came before every sink.
        if successors.is_empty() && tasks.unfinished_sinks.fetch_sub(1, Ordering::AcqRel) == 1 {
            tasks.finished.notify_one();
        }
    });
}
