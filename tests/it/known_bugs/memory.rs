//! What a node has written is seen by those that depend on it. On x86 it is, whatever the orderings: only
//! ThreadSanitizer can tell there.

#![allow(unsafe_code, reason = "a plain write is what an atomic one would hide")]

use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Dag, GraphBuilder, Values};
use dgraph_tests::yields::yields;
use std::cell::UnsafeCell;

over_typed_runners!(ordering_too_weak_under_thread_sanitizer);

/// Memory that nodes share without anything of its own that orders them.
struct Plain<const N: usize>([UnsafeCell<u64>; N]);

// SAFETY: the nodes below write and read it in the order of the graph, or a sanitizer says so.
unsafe impl<const N: usize> Sync for Plain<N> {}

impl<const N: usize> Plain<N> {
    fn new() -> Self {
        Self([const { UnsafeCell::new(0) }; N])
    }

    fn get(&self, place: usize) -> u64 {
        // SAFETY: whoever calls it depends on whoever has written there, and whoever writes there next on it.
        unsafe { *self.0[place].get() }
    }

    fn set(&self, place: usize, value: u64) {
        // SAFETY: as for `get`; nobody else writes at the same time.
        unsafe { *self.0[place].get() = value }
    }
}

/// Diamonds through plain memory, one of two nodes and one of ten, whose arrivals are added up, and through
/// futures that wait.
fn ordering_too_weak_under_thread_sanitizer(runner: &Runner) {
    for width in [2, 10] {
        a_diamond(runner, width);
    }
    a_diamond_of_futures(runner);
}

fn a_diamond(runner: &Runner, width: u32) {
    let edges: Vec<_> = (1..=width).flat_map(|middle| [(0, middle), (middle, width + 1)]).collect();
    let dag = Dag::from_edges(width as usize + 2, &edges).expect("a valid graph");
    let memory = Plain::<12>::new();
    let rounds: u64 = if cfg!(miri) { 10 } else { 1_000 };
    for round in 1..=rounds {
        runner.dag(&dag, |node| {
            // The sink of the last run comes before this source: the caller's doing.
            let value = match node.get() {
                0 => round,
                sink if sink > width => (1..=width).map(|middle| memory.get(middle as usize)).sum(),
                middle => memory.get(0) + u64::from(middle),
            };
            memory.set(node.index(), value);
        });
        let width = u64::from(width);
        assert_eq!(memory.get(width as usize + 1), width * round + width * (width + 1) / 2);
    }
}

/// The futures wait between reading and writing, and may go on elsewhere.
fn a_diamond_of_futures(runner: &Runner) {
    let memory = &Plain::<4>::new();
    let mut graph = GraphBuilder::new();
    let source = graph.node("source", (), || memory.set(0, memory.get(3) + 1));
    let middle = [1, 2].map(|place| {
        graph.async_node("middle", (source,), move |(): &()| async move {
            let read = memory.get(0);
            yields(1).await;
            memory.set(place, read + place as u64);
        })
    });
    graph.node("sink", middle, |_: Values<'_, ()>| memory.set(3, memory.get(1) + memory.get(2)));
    let mut graph = graph.build().expect("a valid graph");
    let mut expected = 0_u64;
    for _ in 0..50 {
        runner.typed(&mut graph);
        expected = 2 * (expected + 1) + 3;
        assert_eq!(memory.get(3), expected);
    }
}
