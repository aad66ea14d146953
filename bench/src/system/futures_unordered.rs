//! `futures-unordered`: every ready node is a future in one `FuturesUnordered`, polled on the calling thread.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use futures::StreamExt;
use futures::stream::FuturesUnordered as Futures;
use futures_lite::future::block_on;
use std::sync::Arc;

/// Concurrency without threads, as async code has it that waits for several things at once.
#[derive(Debug)]
pub(super) struct FuturesUnordered;

struct Run<B> {
    csr: Csr,
    waits_for: Vec<u32>,
    body: B,
}

impl System for FuturesUnordered {
    const NAME: &'static str = "futures-unordered";
    const PARALLEL: bool = false;
    const ASYNC: bool = true;

    fn start(_: usize) -> Result<Self, String> {
        Ok(Self)
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let csr = Csr::new(graph);
        Box::new(Run { waits_for: csr.in_degrees.clone(), csr, body })
    }
}

impl<B: Body> Runner for Run<B> {
    fn run(&mut self) {
        let body = self.body;
        let visit = |node| async move {
            body.begin(node);
            body.wait().await;
            body.finish(node);
            node
        };
        block_on(async {
            let mut running: Futures<_> = self.csr.roots.iter().copied().map(visit).collect();
            while let Some(node) = running.next().await {
                for &next in self.csr.successors(node) {
                    self.waits_for[next as usize] -= 1;
                    if self.waits_for[next as usize] == 0 {
                        self.waits_for[next as usize] = self.csr.in_degrees[next as usize];
                        running.push(visit(next));
                    }
                }
            }
        });
    }
}
