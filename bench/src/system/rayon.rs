//! `rayon`: a scope in which every ready node is spawned.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use ::rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// A `ThreadPool` of our own. Its caller waits, and is not one of its threads.
#[derive(Debug)]
pub(super) struct Rayon {
    pool: Arc<ThreadPool>,
}

struct Spawning<B> {
    pool: Arc<ThreadPool>,
    csr: Csr,
    waits_for: Vec<AtomicU32>,
    body: B,
}

impl System for Rayon {
    const NAME: &'static str = "rayon";

    fn start(threads: usize) -> Result<Self, String> {
        let pool =
            ThreadPoolBuilder::new().num_threads(threads).build().map_err(|error| error.to_string())?;
        Ok(Self { pool: Arc::new(pool) })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let csr = Csr::new(graph);
        let waits_for = csr.in_degrees.iter().copied().map(AtomicU32::new).collect();
        Box::new(Spawning { pool: Arc::clone(&self.pool), csr, waits_for, body })
    }
}

impl<B: Body> Runner for Spawning<B> {
    fn run(&mut self) {
        let this = &*self;
        this.pool.scope(|scope| {
            for &root in &this.csr.roots {
                scope.spawn(move |scope| this.visit(scope, root));
            }
        });
    }
}

impl<B: Body> Spawning<B> {
    fn visit<'scope>(&'scope self, scope: &Scope<'scope>, node: u32) {
        self.body.execute(node);
        for &next in self.csr.successors(node) {
            // Ordering: AcqRel, so that the last predecessor's thread has seen what all of them did. The next
            // run comes after this scope, so the reset may be Relaxed.
            if self.waits_for[next as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                self.waits_for[next as usize].store(self.csr.in_degrees[next as usize], Ordering::Relaxed);
                scope.spawn(move |scope| self.visit(scope, next));
            }
        }
    }
}
