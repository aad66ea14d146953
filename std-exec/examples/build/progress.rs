//! Says what is being made.

use dgraph_exec::{NodeInfo, Observer, RunInfo};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Default)]
pub(crate) struct Progress {
    begun: AtomicUsize,
    of: AtomicUsize,
}

impl Observer for Progress {
    fn run_begins(&self, run: &RunInfo<'_>) {
        self.of.store(run.to_run(), Relaxed);
    }

    fn node_begins(&self, target: &NodeInfo<'_>) {
        let begun = self.begun.fetch_add(1, Relaxed) + 1;
        println!("[{begun}/{}] {target}", self.of.load(Relaxed));
    }
}
