//! What observing costs: a typed grid of 512 × 512 nodes with bodies of some ninety nanoseconds, in ns per
//! node, medians of 12.
//!
//! Run it: `cargo run --release -p dgraph-bench --no-default-features --example observing`

use dgraph_exec::{Executor, GraphBuilder, Node, Observer, Progress, Recorder, RunOptions};
use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

const SIDE: usize = 512;
const STEPS: u32 = 300;

struct Nothing;

impl Observer for Nothing {}

fn body() {
    (0..STEPS).for_each(|step| _ = black_box(step));
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut builder = GraphBuilder::new();
    let mut nodes: Vec<Node<()>> = Vec::new();
    for at in 0..SIDE * SIDE {
        let node = match (at / SIDE, at % SIDE) {
            (0, 0) => builder.node("", (), body),
            (0, _) => builder.node("", (nodes[at - 1],), |(): &()| body()),
            (_, 0) => builder.node("", (nodes[at - SIDE],), |(): &()| body()),
            _ => builder.node("", (nodes[at - 1], nodes[at - SIDE]), |(): &(), (): &()| body()),
        };
        nodes.push(node);
    }
    let mut graph = builder.build()?;
    let executor = Executor::builder().threads(2).build()?;
    let recorder = Arc::new(Recorder::with_capacity(4, 2 * SIDE * SIDE));
    let ways = [
        ("no observer", RunOptions::new()),
        ("measure", RunOptions::new().measure()),
        ("one that does nothing", RunOptions::new().observer(Arc::new(Nothing))),
        ("Recorder", RunOptions::new().observer(recorder.clone())),
        ("Progress", RunOptions::new().observer(Arc::new(Progress::new()))),
    ];
    for threads in [1, 2] {
        for (name, options) in &ways {
            let mut times = Vec::new();
            for _ in 0..12 {
                recorder.clear();
                let began = Instant::now();
                match threads {
                    1 => graph.with(options).run().map(drop)?,
                    _ => graph.with(options).run_parallel(&executor).map(drop)?,
                }
                times.push(began.elapsed().as_secs_f64() * 1e9 / (SIDE * SIDE) as f64);
            }
            times.sort_by(f64::total_cmp);
            println!("{threads} {name}: {:.0}", times[6]);
        }
    }
    Ok(())
}
