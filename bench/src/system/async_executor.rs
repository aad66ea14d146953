//! `async-executor`: every ready node is a task on smol's executor.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use ::async_executor::Executor;
use async_channel::{Receiver, Sender};
use futures_lite::future::block_on;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};

/// One executor, run by `threads - 1` threads of its own and by the caller while it waits.
pub(super) struct AsyncExecutor {
    executor: Arc<Executor<'static>>,
    /// The threads run until this is dropped.
    stop: Option<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

struct Run<B> {
    tasks: Arc<Tasks<B>>,
    finished: Receiver<()>,
}

struct Tasks<B> {
    executor: Arc<Executor<'static>>,
    csr: Csr,
    waits_for: Vec<AtomicU32>,
    sinks: usize,
    /// How many nodes without successors have not run: when all have, the run is over.
    unfinished_sinks: AtomicUsize,
    finish: Sender<()>,
    body: B,
}

impl System for AsyncExecutor {
    const NAME: &'static str = "async-executor";
    const ASYNC: bool = true;

    fn start(threads: usize) -> Result<Self, String> {
        let executor = Arc::new(Executor::new());
        let (stop, stopped) = async_channel::bounded::<()>(1);
        let mut this = Self { executor, stop: Some(stop), threads: Vec::new() };
        for _ in 1..threads {
            let (executor, stopped) = (Arc::clone(&this.executor), stopped.clone());
            let life = move || {
                // Ends with an error when the sender is dropped.
                let _ = block_on(executor.run(stopped.recv()));
            };
            this.threads.push(thread::Builder::new().spawn(life).map_err(|error| error.to_string())?);
        }
        Ok(this)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let csr = Csr::new(graph);
        let (finish, finished) = async_channel::bounded(1);
        let tasks = Tasks {
            executor: Arc::clone(&self.executor),
            waits_for: csr.in_degrees.iter().copied().map(AtomicU32::new).collect(),
            sinks: csr.sinks(),
            unfinished_sinks: AtomicUsize::new(0),
            finish,
            csr,
            body,
        };
        Box::new(Run { tasks: Arc::new(tasks), finished })
    }
}

impl<B: Body> Runner for Run<B> {
    fn run(&mut self) {
        let tasks = &self.tasks;
        tasks.unfinished_sinks.store(tasks.sinks, Ordering::Relaxed);
        for &root in &tasks.csr.roots {
            Arc::clone(tasks).spawn(root);
        }
        block_on(tasks.executor.run(self.finished.recv())).expect("the sender is alive");
    }
}

impl<B: Body> Tasks<B> {
    fn spawn(self: Arc<Self>, node: u32) {
        let tasks = Arc::clone(&self);
        let visit = async move {
            tasks.body.begin(node);
            tasks.body.wait().await;
            tasks.body.finish(node);
            let successors = tasks.csr.successors(node);
            for &next in successors {
                // Ordering: AcqRel, so that the last predecessor's thread has seen what all of them did. The
                // next run comes after the end of this one, so the reset may be Relaxed.
                if tasks.waits_for[next as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                    let in_degree = tasks.csr.in_degrees[next as usize];
                    tasks.waits_for[next as usize].store(in_degree, Ordering::Relaxed);
                    Arc::clone(&tasks).spawn(next);
                }
            }
            // Ordering: AcqRel, so that the caller sees what came before every sink.
            if successors.is_empty() && tasks.unfinished_sinks.fetch_sub(1, Ordering::AcqRel) == 1 {
                tasks.finish.try_send(()).expect("there is room for one");
            }
        };
        self.executor.spawn(visit).detach();
    }
}

impl Drop for AsyncExecutor {
    fn drop(&mut self) {
        drop(self.stop.take());
        for thread in self.threads.drain(..) {
            // A thread that panicked has already said so.
            drop(thread.join());
        }
    }
}

impl fmt::Debug for AsyncExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AsyncExecutor").field("threads", &(self.threads.len() + 1)).finish_non_exhaustive()
    }
}
