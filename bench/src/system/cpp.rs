//! `onetbb` and `openmp`: C++ schedulers, through drivers of our own that call back for each node.

use super::native::{self, Driver};
use super::{Runner, System};
use crate::body::Body;
use crate::graph::Graph;
use std::sync::Arc;

/// oneTBB's flow graph, in an arena of so many threads; the caller is one of them.
#[derive(Debug)]
pub(super) struct OneTbb {
    driver: Driver,
    threads: usize,
}

/// OpenMP tasks with `depend` clauses, created by one of the threads; the caller is one of them.
#[derive(Debug)]
pub(super) struct OpenMp {
    driver: Driver,
    threads: usize,
}

impl System for OneTbb {
    const NAME: &'static str = "onetbb";

    fn start(threads: usize) -> Result<Self, String> {
        let driver = native::onetbb().ok_or("libtbb-dev was missing when this was compiled")?;
        Ok(Self { driver, threads })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        self.driver.build(self.threads, graph, body)
    }
}

impl System for OpenMp {
    const NAME: &'static str = "openmp";

    fn start(threads: usize) -> Result<Self, String> {
        let driver =
            native::openmp().ok_or("a C++ compiler with OpenMP was missing when this was compiled")?;
        Ok(Self { driver, threads })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        self.driver.build(self.threads, graph, body)
    }
}
