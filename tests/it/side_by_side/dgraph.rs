//! A typed graph. Built once, it could run any number of times.

use super::{clean, dark, mean, peaks, raw};
use dgraph_exec::{Executor, GraphBuilder};
use std::error::Error;

pub(super) fn count() -> Result<usize, Box<dyn Error>> {
    let mut graph = GraphBuilder::new();
    let raw = graph.node("raw", (), raw);
    let dark = graph.node("dark", (), dark);
    let mean = graph.node("mean", raw, mean);
    let clean = graph.node("clean", (raw, dark), clean);
    let peaks = graph.node("peaks", (clean, mean), peaks);
    Ok(graph.build()?.run_parallel(&Executor::new()?)?[peaks])
}
