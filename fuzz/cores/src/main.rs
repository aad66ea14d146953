//! A graph that several contexts run together without an operating system: cores, and interrupt handlers,
//! which are contexts beside which the one that they interrupt stands still. The input says what each of them
//! calls, and before each atomic operation who goes on (`schedule.rs`). What must hold is in `oracle.rs`; of
//! the ready set by itself in `set.rs`.
#![no_main]

#[cfg(not(dgraph_shuttle))]
compile_error!("build it with `--cfg dgraph_shuttle`, as .ci/fuzz does");

mod context;
mod oracle;
mod schedule;
mod set;
mod world;

use arbitrary::Arbitrary;
use context::{Action, Context};
use dgraph_core::sync::{AtomicU32, AtomicUsize};
use dgraph_core::{Dag, NodeId, Run, Urgency, ready_words};
use libfuzzer_sys::fuzz_target;
use schedule::{InputScheduler, Signals};
use set::Set;
use shuttle::{Config, FailurePersistence, MaxSteps, Runner};
use std::sync::Arc;
use world::World;

/// Some 200 operations a node are enough for the longest inputs; whoever needs more turns for ever.
const MAX_STEPS: usize = 100_000;

#[derive(Arbitrary, Debug)]
struct Input {
    plan: Plan,
    /// The last field takes the rest of the input.
    turns: Vec<u8>,
}

#[derive(Arbitrary, Clone, Debug)]
enum Plan {
    Run(RunPlan),
    Set { positions: u8, contexts: [Vec<set::Action>; 3] },
}

#[derive(Arbitrary, Clone, Debug)]
struct RunPlan {
    nodes: u8,
    edges: Vec<(u8, u8)>,
    /// The order of nodes that are ready at once; that of their numbers if there is none.
    urgencies: Option<[u8; 8]>,
    runs: u8,
    /// If this node runs, it fails: it stops the run.
    fails: Option<u8>,
    contexts: [Vec<Action>; 3],
    /// More of them, which only work.
    workers: u8,
}

fuzz_target!(|input: Input| {
    let signals: Arc<Signals> = Arc::default();
    let scheduler = InputScheduler::new(input.turns, Arc::clone(&signals));
    let mut config = Config::new();
    config.failure_persistence = FailurePersistence::None;
    config.max_steps = MaxSteps::FailAfter(MAX_STEPS);
    config.silence_warnings = true;
    Runner::new(scheduler, config).run(move || match &input.plan {
        Plan::Run(plan) => run(plan, &signals),
        Plan::Set { positions, contexts } => set(1 + usize::from(positions % 16), contexts, &signals),
    });
});

fn set(positions: usize, contexts: &[Vec<set::Action>; 3], signals: &Signals) {
    let mut words: Vec<_> = (0..ready_words(positions)).map(|_| AtomicUsize::new(0)).collect();
    let set = Set::new(positions, &mut words);
    shuttle::thread::scope(|scope| {
        for (number, actions) in contexts.iter().enumerate() {
            let (set, actions) = (&set, &actions[..actions.len().min(32)]);
            let owned = (number..positions).step_by(contexts.len()).map(|position| position as u32).collect();
            scope.spawn(move || set.live(actions, owned, signals, number));
        }
    });
}

fn run(plan: &RunPlan, signals: &Signals) {
    let nodes = 1 + plan.nodes % 24;
    let edges: Vec<(u32, u32)> = plan
        .edges
        .iter()
        .take(64)
        .map(|&(u, v)| (u32::from((u % nodes).min(v % nodes)), u32::from((u % nodes).max(v % nodes))))
        .filter(|&(u, v)| u != v)
        .collect();
    let dag = Dag::from_edges(nodes.into(), &edges).expect("all edges lead upwards");
    let mut order: Vec<NodeId> = (0..u32::from(nodes)).map(NodeId::new).collect();
    if let Some(urgencies) = plan.urgencies {
        order.sort_by_key(|node| urgencies[node.index() % 8].rotate_left(node.get() / 8)); // stable
    }
    let mut positions = vec![0; nodes.into()];
    let urgency = Urgency::from_order(&order, &mut positions).expect("each node once");
    let mut words: Vec<_> = (0..nodes).map(|_| AtomicU32::new(0)).collect();
    let mut ready: Vec<_> = (0..ready_words(nodes.into())).map(|_| AtomicUsize::new(0)).collect();
    let run = Run::in_memory(dag.view(), &mut words, &mut ready).expect("enough memory");
    let run = if plan.urgencies.is_some() { run.by_urgency(urgency) } else { run };
    let fails = plan.fails.map(|node| NodeId::new((node % nodes).into()));
    let world = World::new(run, &order, &edges, fails, 1 + u32::from(plan.runs % 4));
    shuttle::thread::scope(|scope| {
        for number in 0..plan.contexts.len() + usize::from(plan.workers % 3) {
            let actions =
                plan.contexts.get(number).map_or(&[][..], |actions| &actions[..actions.len().min(24)]);
            let world = &world;
            scope.spawn(move || Context::new(world, signals, number).live(actions));
        }
    });
    world.check_the_end();
}
