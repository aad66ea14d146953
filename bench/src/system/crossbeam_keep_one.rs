//! `crossbeam-keep-one`: what a good engineer writes in an afternoon.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use crate::helpers::{Helpers, Job};
use crossbeam_deque::{Steal, Worker};
use crossbeam_utils::Backoff;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

/// CSR, atomic counters, one LIFO deque a thread. The first successor that becomes ready is kept and runs
/// next, the others go to the deque; who has nothing steals, and spins until all nodes are done.
#[derive(Debug)]
pub(super) struct CrossbeamKeepOne {
    helpers: Arc<Helpers>,
}

struct Stealing<B> {
    helpers: Arc<Helpers>,
    csr: Csr,
    waits_for: Vec<AtomicU32>,
    /// Nodes that nobody has reported as done.
    unfinished: Arc<AtomicUsize>,
    body: B,
}

struct Run {
    helpers: Arc<Helpers>,
    nodes: usize,
    unfinished: Arc<AtomicUsize>,
    job: Job,
}

impl System for CrossbeamKeepOne {
    const NAME: &'static str = "crossbeam-keep-one";

    fn start(threads: usize) -> Result<Self, String> {
        Ok(Self { helpers: Arc::new(Helpers::new(threads)?) })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let csr = Csr::new(graph);
        let unfinished = Arc::new(AtomicUsize::new(0));
        let stealing = Stealing {
            helpers: Arc::clone(&self.helpers),
            waits_for: csr.in_degrees.iter().copied().map(AtomicU32::new).collect(),
            unfinished: Arc::clone(&unfinished),
            csr,
            body,
        };
        Box::new(Run {
            helpers: Arc::clone(&self.helpers),
            nodes: graph.nodes,
            unfinished,
            job: Arc::new(move |deque, number| stealing.work(deque, number)),
        })
    }
}

impl Runner for Run {
    fn run(&mut self) {
        self.unfinished.store(self.nodes, Ordering::Relaxed);
        self.helpers.run(&self.job);
    }
}

impl<B: Body> Stealing<B> {
    /// One thread's part of a run.
    fn work(&self, deque: &Worker<u32>, number: usize) {
        let threads = self.helpers.stealers().len();
        let share = |number| self.csr.roots.len() * number / threads;
        for &root in &self.csr.roots[share(number)..share(number + 1)] {
            deque.push(root);
        }
        loop {
            let mut done = 0;
            while let Some(node) = deque.pop() {
                done += self.follow(node, deque);
            }
            // Ordering: nothing is passed on by this counter; the end of the run orders what the threads did.
            if self.unfinished.fetch_sub(done, Ordering::Relaxed) == done {
                return;
            }
            let backoff = Backoff::new();
            while deque.is_empty() {
                if self.unfinished.load(Ordering::Relaxed) == 0 {
                    return;
                }
                if !self.steal(deque, number) {
                    backoff.snooze();
                }
            }
        }
    }

    /// Runs `node`, then a successor that this made ready, and so on. Returns how many nodes that were.
    fn follow(&self, node: u32, deque: &Worker<u32>) -> usize {
        let mut next = Some(node);
        let mut done = 0;
        while let Some(node) = next.take() {
            self.body.execute(node);
            done += 1;
            for &successor in self.csr.successors(node) {
                let waits_for = &self.waits_for[successor as usize];
                // Ordering: AcqRel, so that the last predecessor's thread has seen what all of them did. The
                // next run comes after the end of this one, so the reset may be Relaxed.
                if waits_for.fetch_sub(1, Ordering::AcqRel) == 1 {
                    waits_for.store(self.csr.in_degrees[successor as usize], Ordering::Relaxed);
                    if next.is_none() {
                        next = Some(successor);
                    } else {
                        deque.push(successor);
                    }
                }
            }
        }
        done
    }

    /// Takes about half of what another thread has. False if nobody has anything.
    fn steal(&self, deque: &Worker<u32>, number: usize) -> bool {
        let (before, after) = self.helpers.stealers().split_at(number);
        after[1..].iter().chain(before).any(|victim| matches!(victim.steal_batch(deque), Steal::Success(())))
    }
}
