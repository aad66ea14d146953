//! Graphs over keys: all edges feed, and nothing but a panic can go wrong.

use crate::oracle::value;
use crate::plan::{Plan, Role};
use crate::{PLANNED, is_ok, work};
use dgraph_exec::KeyedGraph;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

pub(crate) fn check(plan: &Plan) {
    let calls: Vec<AtomicU32> = (0..plan.len()).map(|_| AtomicU32::new(0)).collect();
    let mut builder = KeyedGraph::builder();
    for node in 0..plan.len() {
        let calls = &calls;
        builder = builder.task(node, plan.before(node).map(|(before, _)| before), move |args| {
            calls[node].fetch_add(1, Relaxed);
            if plan.nodes[node].slow {
                work();
            }
            match plan.role(node) {
                Role::Panics => resume_unwind(Box::new(PLANNED)),
                Role::GivesNothing => None,
                _ => Some(value(node, args.iter().copied())),
            }
        });
    }
    let mut graph = builder.build().expect("ranks exclude cycles");
    let expected = values(plan);
    for (run, way) in (1..).zip(&plan.ways) {
        let ended = catch_unwind(AssertUnwindSafe(|| {
            let results = match way.on.executor() {
                Some(executor) => graph.run_parallel(executor),
                None => graph.run(),
            };
            let results = results.expect("no task can fail");
            for node in 0..plan.len() {
                assert_eq!(results.get(&node).copied(), expected[node], "task {node}");
            }
        }));
        assert_eq!(is_ok(&ended), !plan.has(Role::Panics));
        for calls in &calls {
            let calls = calls.load(Relaxed);
            assert!(calls == run || calls < run && !is_ok(&ended), "{calls} calls of a task in {run} runs");
        }
    }
}

/// One node after the other, as if none panicked.
fn values(plan: &Plan) -> Vec<Option<u64>> {
    let mut values = vec![None; plan.len()];
    for node in plan.order() {
        let fed = plan.before(node).filter_map(|(before, _)| values[before]).collect::<Vec<u64>>();
        let nothing = plan.role(node) == Role::GivesNothing;
        values[node] = (!nothing).then(|| value(node, fed.into_iter()));
    }
    values
}
