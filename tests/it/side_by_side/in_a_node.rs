//! Other libraries' threads, used by nodes: what `dgraph_exec`'s page says of rayon and tokio.

use crate::support::runner::executor;
use dgraph_exec::{Executor, GraphBuilder, unpinned};
use rayon::prelude::*;
use std::time::Duration;

/// The node waits in rayon's pool, which is made where it has all cores.
#[test]
fn rayon_in_a_node() {
    let pool = unpinned(|| rayon::ThreadPoolBuilder::new().num_threads(2).build()).expect("threads");
    let mut graph = GraphBuilder::new();
    let numbers = graph.node("numbers", (), || (0..10_000_u64).rev().collect::<Vec<_>>());
    let sorted = graph.node("sorted", (numbers.moved(),), |mut numbers: Vec<u64>| {
        pool.install(|| numbers.par_sort_unstable());
        numbers
    });
    let sum =
        graph.node("sum", (sorted,), |numbers: &Vec<u64>| pool.install(|| numbers.par_iter().sum::<u64>()));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        assert_eq!(graph.run_parallel(&executor(2)).expect("no node fails")[sum], 49_995_000);
    }
}

/// A plain node blocks on a future; an async one is polled within the runtime's context.
#[test]
fn tokio_in_a_node() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let handle = runtime.handle().clone();
    let entered = handle.clone();
    let executor: Executor = Executor::builder()
        .threads(2)
        .around(move |_, life| {
            let _context = entered.enter();
            life();
        })
        .build()
        .expect("an executor");
    let mut graph = GraphBuilder::new();
    let blocks = graph.node("blocks", (), || {
        // (Tokio refuses that on a thread of its own, and to a future.)
        handle.block_on(async { tokio::time::sleep(Duration::from_millis(1)).await });
        1
    });
    let waits = graph.async_node("waits", (blocks,), async |one: &i32| {
        tokio::time::sleep(Duration::from_millis(1)).await;
        one + 1
    });
    let task = graph.async_node("task", (waits,), |two: &i32| {
        let task = tokio::spawn(std::future::ready(two + 1));
        async move { task.await.expect("no panic") }
    });
    let mut graph = graph.build().expect("a valid graph");
    let _context = runtime.enter();
    assert_eq!(graph.run_parallel(&executor).expect("no node fails")[task], 3);
}
