//! Typed graphs: rows of nodes of one kind, which serial runs and walks go through in one loop.
//!
//! The graphs here are made in loops, so that they have rows, and nodes of each kind feed others of their
//! row.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{Declared, GraphBuilder, NoResult, Node, RunOptions, Values};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering::Relaxed};

over_typed_runners!(
    rows_of_every_length,
    rows_in_another_order_than_in_memory,
    rows_in_order_of_priority,
    inputs_between_rows,
    results_moved_along_a_row,
    a_row_of_large_alignment,
    a_part_of_a_row,
);

/// Runs that go well; a walk is what an executor does with such a graph.
pub(crate) const RUNS: u64 = 5;

/// Three kinds of nodes that lend, take lists, and may fail, each in rows of this length, one row after the
/// other and then mixed. Each counts its calls.
fn rows_of_every_length(runner: &Runner) {
    for length in (1..20).chain([64, 300]) {
        let mut graph = GraphBuilder::new();
        let first = graph.node("first", (), || 0_u64);
        let (mut nodes, mut expected) = (vec![first], vec![0_u64]);
        let mut add = |graph: &mut GraphBuilder<'_>, kind: usize| {
            let last = nodes.len() - 1;
            let (node, value) = match kind {
                0 => {
                    let mut calls = 0_u64;
                    let node = graph.node("lent", (nodes[last],), move |x: &u64| {
                        calls += 1;
                        x + 1_000 * calls
                    });
                    (node, expected[last] + 1_000)
                }
                1 => {
                    let some = &nodes[nodes.len().saturating_sub(3)..];
                    let node =
                        graph.node("list", some, |some: Values<'_, u64>| some.iter().sum::<u64>() % 977);
                    (node, expected[expected.len().saturating_sub(3)..].iter().sum::<u64>() % 977)
                }
                _ => {
                    let both = (nodes[last], nodes[last / 2]);
                    let node = graph.try_node("fallible", both, |x: &u64, y: &u64| {
                        x.checked_add(*y).map(|sum| sum % 1_009).ok_or("overflow")
                    });
                    (node, (expected[last] + expected[last / 2]) % 1_009)
                }
            };
            nodes.push(node);
            expected.push(value);
        };
        for kind in 0..3 {
            (0..length).for_each(|_| add(&mut graph, kind));
        }
        (0..length).for_each(|at| add(&mut graph, at % 3));
        let mut graph = graph.build().expect("a valid graph");
        let results = runner.typed(&mut graph);
        for (&node, &value) in nodes.iter().zip(&expected) {
            assert_eq!(results[node], value, "rows of {length}");
        }
        // From the second run on the first kind gives more: it has counted.
        let once: Vec<_> = nodes.iter().map(|&node| results[node]).collect();
        let twice: Vec<_> = {
            let results = runner.typed(&mut graph);
            nodes.iter().map(|&node| results[node]).collect()
        };
        assert_eq!(twice[1], 2 * once[1], "state is kept");
    }
}

/// Nodes are declared in one order and defined in others: backwards, and shuffled.
fn rows_in_another_order_than_in_memory(runner: &Runner) {
    let count = 100;
    for step in [1, 99, 37] {
        let mut graph = GraphBuilder::new();
        let declared: Vec<_> = (0..count).map(|_| graph.declare::<u64>("")).collect();
        let nodes: Vec<Node<u64>> = declared.iter().map(Declared::node).collect();
        let mut declared: Vec<_> = declared.into_iter().map(Some).collect();
        for at in 0..count {
            let at = at * step % count;
            let declared = declared[at].take().expect("each once");
            match at {
                0 => graph.node(declared, (), || 1),
                _ => graph.node(declared, (nodes[at - 1],), move |x: &u64| (x * 3 + at as u64) % 10_007),
            };
        }
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..RUNS {
            let results = runner.typed(&mut graph);
            let mut expected = 1;
            for (at, &node) in nodes.iter().enumerate() {
                expected = if at == 0 { 1 } else { (expected * 3 + at as u64) % 10_007 };
                assert_eq!(results[node], expected, "in steps of {step}");
            }
        }
    }
}

/// A graph whose order changes after it was built.
fn rows_in_order_of_priority(runner: &Runner) {
    let order = std::sync::Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    for number in 0..40_u32 {
        let order = &order;
        graph.node("", (), move || order.lock().expect("no panic").push(number));
    }
    let mut graph = graph.build().expect("a valid graph");
    let serial = RunOptions::new();
    graph.with(&serial).run().expect("no node fails");
    graph.prioritize_by(|node| std::time::Duration::from_millis(u64::from(node.get() % 10)));
    graph.with(&serial).run().expect("no node fails");
    let seen = std::mem::take(&mut *order.lock().expect("no panic"));
    assert!(seen[..40].iter().copied().eq(0..40));
    let mut by_rank: Vec<_> = (0..40).collect();
    by_rank.sort_by_key(|number| std::cmp::Reverse(number % 10));
    assert_eq!(seen[40..], by_rank);
    runner.typed(&mut graph);
    let mut seen = std::mem::take(&mut *order.lock().expect("no panic"));
    seen.sort_unstable();
    assert!(seen.into_iter().eq(0..40), "each once");
}

/// Inputs are nodes that nobody runs, also in rows of their own.
fn inputs_between_rows(runner: &Runner) {
    let counter = Counter::default();
    {
        let mut graph = GraphBuilder::new();
        let mut sums = Vec::new();
        let mut inputs = Vec::new();
        for _ in 0..3 {
            let block: Vec<_> = (0..20).map(|_| graph.input::<Counted>("")).collect();
            for &input in &block {
                let last = sums.last().copied().unwrap_or_else(|| graph.node("", (), || 0));
                sums.push(graph.node("", (last, input), |sum: &u64, input: &Counted| sum + input.get()));
            }
            inputs.extend(block);
        }
        let mut graph = graph.build().expect("a valid graph");
        for (value, &input) in (1..).zip(&inputs) {
            graph.set(input, counter.make(value));
        }
        for _ in 0..RUNS {
            assert_eq!(runner.typed(&mut graph)[sums[59]], 60 * 61 / 2);
            assert_eq!(counter.alive(), 60);
        }
        graph.set(inputs[59], counter.make(0));
        assert_eq!(runner.typed(&mut graph)[sums[59]], 59 * 60 / 2);
    }
    assert_eq!(counter.alive(), 0);
}

pub(crate) const LONG: u32 = 40;
pub(crate) const PLACES: [u32; 5] = [0, 1, LONG / 2, LONG - 2, LONG - 1];

/// Whoever takes a result passes it on; in the middle one panics, or fails, with it in its hands.
fn results_moved_along_a_row(runner: &Runner) {
    let counter = Counter::default();
    let (panics, fails) = (AtomicU32::new(u32::MAX), AtomicU32::new(u32::MAX));
    let mut graph = GraphBuilder::new();
    let mut last = graph.node("source", (), || counter.make(0));
    let mut nodes = vec![last];
    for number in 0..LONG {
        let (panics, fails) = (&panics, &fails);
        last = graph.try_node(number.to_string(), (last.moved(),), move |mut held: Counted| {
            held.value += 1;
            assert_ne!(number, panics.load(Relaxed), "as was to be");
            if number == fails.load(Relaxed) { Err("as was to be") } else { Ok(held) }
        });
        nodes.push(last);
    }
    let mut graph = graph.build().expect("a valid graph");
    for place in PLACES {
        for _ in 0..RUNS {
            let results = runner.typed(&mut graph);
            assert_eq!(results[last].get(), u64::from(LONG));
            for pair in nodes.windows(2) {
                let moved = results.why_absent(pair[0]).expect("it was moved");
                let NoResult::Moved { into } = moved else { panic!("{moved}") };
                assert_eq!(into.id(), pair[1].id());
            }
            assert_eq!(counter.alive(), 1);
        }
        fails.store(place, Relaxed);
        assert!(runner.typed_with(&mut graph, &RunOptions::new()).is_err());
        assert_eq!(counter.alive(), 0, "dropped by the node that failed");
        fails.store(u32::MAX, Relaxed);
        panics.store(place, Relaxed);
        let run = || {
            let _ = runner.typed(&mut graph);
        };
        assert!(catch_unwind(AssertUnwindSafe(run)).is_err());
        assert_eq!(counter.alive(), 0, "dropped by the node that panicked");
        panics.store(u32::MAX, Relaxed);
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

/// The memory of closures and results moves while it grows, and is aligned for the most demanding of them.
fn a_row_of_large_alignment(runner: &Runner) {
    #[derive(Clone, Copy)]
    #[repr(align(256))]
    struct Page(u64);
    #[derive(Clone, Copy)]
    #[repr(align(128))]
    struct Nothing;

    let mut graph = GraphBuilder::new();
    let bytes: Vec<_> = (0..100_u8).map(|number| graph.node("", (), move || number)).collect();
    let marks: Vec<_> = (0..100).map(|_| graph.node("", (), || Nothing)).collect();
    let mut pages = Vec::new();
    for number in 0..100 {
        let state = Page(number as u64);
        let both = (bytes[number], marks[number]);
        pages.push(graph.node("", both, move |byte: &u8, mark: &Nothing| {
            assert!(std::ptr::from_ref(mark).is_aligned());
            let Page(state) = state;
            Page(state + u64::from(*byte))
        }));
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..RUNS {
        let results = runner.typed(&mut graph);
        for (number, &page) in pages.iter().enumerate() {
            assert!(std::ptr::from_ref(&results[page]).is_aligned());
            assert_eq!(results[page].0, 2 * number as u64);
        }
    }
}

/// Of a row only what is behind the input that has changed runs again.
fn a_part_of_a_row(runner: &Runner) {
    let calls = AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let inputs: Vec<_> = (0..LONG).map(|_| graph.input::<u64>("")).collect();
    let mut sums = vec![graph.node("", (), || 0_u64)];
    for (at, &input) in inputs.iter().enumerate() {
        let calls = &calls;
        sums.push(graph.node("", (sums[at], input), move |sum: &u64, input: &u64| {
            calls.fetch_add(1, Relaxed);
            sum + input
        }));
    }
    let mut graph = graph.build().expect("a valid graph");
    for &input in &inputs {
        graph.set(input, 1);
    }
    runner.typed(&mut graph);
    for place in PLACES {
        calls.store(0, Relaxed);
        graph.set(inputs[place as usize], 1);
        let results = runner.typed_with(&mut graph, &RunOptions::new().update()).expect("no node fails");
        assert_eq!(results[sums[LONG as usize]], u64::from(LONG));
        assert_eq!(calls.load(Relaxed), (LONG - place) as usize);
    }
}

/// 2⁴¹ bytes; on 32 bits, all that the address space holds.
const HUGE: usize = (isize::MAX >> if isize::BITS > 32 { 22 } else { 0 }).unsigned_abs();

#[test]
fn more_than_an_arena_holds_is_refused() {
    let mut graph = GraphBuilder::new();
    let _small = graph.declare::<u8>("small");
    let _huge = graph.declare::<[u8; HUGE]>("huge");
    let error = graph.build().unwrap_err();
    assert_eq!(error.to_string(), "the graph is too large");
}
