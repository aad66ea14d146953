//! Bare graphs: `Executor::run` with a closure over numbers.

use crate::plan::{On, Plan, Role};
use crate::stamps::Stamps;
use crate::{PLANNED, is_ok, work};
use dgraph_exec::{Dag, NodeId};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

pub(crate) fn check(plan: &Plan) {
    let dag = Dag::from_edges(plan.len(), &plan.pairs()).expect("ranks exclude cycles");
    for way in &plan.ways {
        match way.on {
            On::TwoTwice => thread::scope(|scope| {
                scope.spawn(|| run(plan, &dag, way.on));
                run(plan, &dag, way.on);
            }),
            on => run(plan, &dag, on),
        }
    }
}

fn run(plan: &Plan, dag: &Dag, on: On) {
    let mut stamps = Stamps::new(plan.len());
    let body = |node: NodeId| {
        let node = node.index();
        stamps.start(node);
        if plan.nodes[node].slow {
            work();
        }
        match (plan.role(node), on.executor()) {
            (Role::Panics, _) => resume_unwind(Box::new(PLANNED)),
            (Role::Nests, Some(executor)) => nested(|dag, body| executor.run(dag, body)),
            (Role::Nests, None) => nested(|dag, body| dag.run(body)),
            _ => {}
        }
        stamps.end(node);
    };
    let ended = catch_unwind(AssertUnwindSafe(|| match on.executor() {
        Some(executor) => executor.run(dag, body),
        None => dag.run(body),
    }));
    assert_eq!(is_ok(&ended), !plan.has(Role::Panics));
    assert_eq!(stamps.all_ended(), !plan.has(Role::Panics));
    stamps.check_order(plan, true);
}

/// Runs a small graph within a node.
pub(crate) fn nested(run: impl FnOnce(&Dag, &(dyn Fn(NodeId) + Sync))) {
    let dag = Dag::from_edges(4, &[(0, 2), (1, 2), (0, 3)]).expect("no cycle");
    let stamps = Stamps::new(4);
    run(&dag, &|node| {
        stamps.start(node.index());
        stamps.end(node.index());
    });
    assert!(stamps.all_ended());
}
