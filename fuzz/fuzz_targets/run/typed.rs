//! Typed graphs, run several times in a row in different ways.

use crate::oracle::{self, Fate};
use crate::plan::{Kind, Plan, Role, Way};
use crate::stamps::Stamps;
use crate::{PLANNED, is_ok, raw, work};
use dgraph_exec::{
    Absent, CancelToken, FailurePolicy, Graph, GraphBuilder, Input, Node, NodeId, RunError, RunOptions,
    Values,
};
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::RwLock;
use std::sync::atomic::{AtomicIsize, Ordering::Relaxed};

/// A number that is counted while it lives.
struct Counted<'e> {
    number: u64,
    alive: &'e AtomicIsize,
}

impl<'e> Counted<'e> {
    fn new(number: u64, alive: &'e AtomicIsize) -> Self {
        alive.fetch_add(1, Relaxed);
        Self { number, alive }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Relaxed);
    }
}

/// What nodes see of the run that they are in.
struct Current {
    way: Option<Way>,
    token: CancelToken,
    stamps: Stamps,
}

struct Built<'e> {
    graph: Graph<'e>,
    input: Input<Counted<'e>>,
    nodes: Vec<Node<Counted<'e>>>,
}

pub(crate) fn check(plan: &Plan) {
    let alive = AtomicIsize::new(0);
    let stamps = Stamps::new(plan.len());
    let current = RwLock::new(Current { way: None, token: CancelToken::new(), stamps });
    let mut built = build(plan, &alive, &current);
    let mut number = 1;
    built.graph.set(built.input, Counted::new(number, &alive));
    // Whether some node may have been left out by this run or one before it that no full run has followed.
    let mut partial = false;
    for way in &plan.ways {
        if let Some(set) = way.input {
            number = set.into();
            built.graph.set(built.input, Counted::new(number, &alive));
        }
        partial = oracle::target(plan, way).is_some() || (way.update && partial);
        run(plan, way, &mut built, &current, number, partial);
    }
    drop(built);
    assert_eq!(alive.load(Relaxed), 0, "values that were not dropped, or twice");
}

fn build<'e>(plan: &'e Plan, alive: &'e AtomicIsize, current: &'e RwLock<Current>) -> Built<'e> {
    let mut graph = GraphBuilder::new();
    let input = graph.input("input");
    let nodes: Vec<_> = (0..plan.len()).map(|node| graph.declare(format!("n{node}"))).collect();
    for (node, &handle) in nodes.iter().enumerate() {
        let body = move |fed: &mut dyn Iterator<Item = u64>| body(plan, node, alive, current, fed);
        let feeding = plan.feeding(node);
        match feeding[..] {
            [] if plan.role(node) == Role::ReadsInput => {
                graph.try_define(handle, (input,), move |input: &Counted<'e>| {
                    body(&mut [input.number].into_iter())
                });
            }
            [before] if plan.taker(before) == Some(node) => {
                let moved = (nodes[before].moved(),);
                graph.try_define(handle, moved, move |fed: Counted<'e>| body(&mut [fed.number].into_iter()));
            }
            _ => {
                let feeding: Vec<_> = feeding.into_iter().map(|before| nodes[before]).collect();
                let body = move |fed: Values<'_, Counted<'e>>| body(&mut fed.iter().map(|fed| fed.number));
                graph.try_define(handle, feeding, body);
            }
        }
        let ordering = plan.before(node).filter(|(_, kind)| *kind == Kind::OnlyOrders);
        graph.after(handle, ordering.map(|(before, _)| nodes[before]));
    }
    Built { graph: graph.build().expect("ranks exclude cycles"), input, nodes }
}

fn body<'e>(
    plan: &Plan,
    node: usize,
    alive: &'e AtomicIsize,
    current: &RwLock<Current>,
    fed: &mut dyn Iterator<Item = u64>,
) -> Result<Counted<'e>, &'static str> {
    let current = current.read().expect("nobody panics while writing");
    current.stamps.start(node);
    if plan.nodes[node].slow {
        work();
    }
    match plan.role(node) {
        Role::Fails => return Err(PLANNED),
        Role::Panics => resume_unwind(Box::new(PLANNED)),
        Role::Cancels => current.token.cancel(),
        Role::Nests => {
            if let Some(executor) = current.way.as_ref().and_then(|way| way.on.executor()) {
                raw::nested(|dag, body| executor.run(dag, body));
            }
        }
        Role::Gives | Role::GivesNothing | Role::ReadsInput => {}
    }
    current.stamps.end(node);
    Ok(Counted::new(oracle::value(node, fed), alive))
}

fn run(plan: &Plan, way: &Way, built: &mut Built<'_>, current: &RwLock<Current>, input: u64, partial: bool) {
    let token = CancelToken::new();
    let mut options = RunOptions::new();
    if way.keep_going {
        options = options.policy(FailurePolicy::KeepGoing);
    }
    if way.cancellable {
        options = options.cancel_token(&token);
    }
    if way.catch_panics {
        options = options.catch_panics();
    }
    if way.update {
        options = options.update();
    }
    let target = oracle::target(plan, way);
    if let Some(target) = target {
        options = options.only([built.nodes[target]]);
    }
    {
        let mut current = current.write().expect("no writer panics");
        (current.way, current.token) = (Some(way.clone()), token);
    }
    let ended = catch_unwind(AssertUnwindSafe(|| match way.on.executor() {
        Some(executor) => built.graph.run_parallel_with(executor, &options).map(drop),
        None => built.graph.run_with(&options).map(drop),
    }));
    let ended = if is_ok(&ended) { ended.ok() } else { None };
    let fates = oracle::fates(plan, input);
    let needed = oracle::needed(plan, way);
    let certain = oracle::is_certain(plan, way, &needed, &fates);
    check_nodes(
        plan,
        way,
        built,
        &fates,
        &needed,
        &Ended { certain, well: matches!(ended, Some(Ok(()))), partial },
    );
    check_end(plan, way, built, ended, &fates, &needed, certain);
    current.write().expect("no writer panics").stamps.check_order(plan);
}

/// How the run ended, for the checks of its nodes.
struct Ended {
    certain: bool,
    well: bool,
    partial: bool,
}

/// What each node has come to is what the oracle says; or it did not run, where that is possible.
fn check_nodes(
    plan: &Plan,
    way: &Way,
    built: &mut Built<'_>,
    fates: &[Fate],
    needed: &[bool],
    ended: &Ended,
) {
    let results = built.graph.results();
    let number = |node: NodeId| node.index() - 1; // the input is node 0
    for (node, &handle) in built.nodes.iter().enumerate() {
        let (fate, is_needed, result) = (&fates[node], needed[node], results.get(handle));
        let right = match &result {
            Ok(value) => *fate == Fate::Value(value.number) && (is_needed || way.update),
            Err(Absent::Moved { into }) => {
                matches!(fate, Fate::Value(_)) && plan.taker(node) == Some(number(into.node()))
            }
            Err(Absent::Failed) => *fate == Fate::Failed && is_needed,
            Err(Absent::Panicked) => *fate == Fate::Panicked && is_needed,
            Err(Absent::Skipped { because_of }) => {
                matches!(fate, Fate::Skipped(culprits) if culprits.contains(&number(because_of.node())))
                    && is_needed
            }
            Err(Absent::NotRun) => !ended.certain && !ended.well && is_needed,
            Err(Absent::NotNeeded) => !is_needed && ended.partial,
            Err(_) => false,
        };
        assert!(right, "node {node} is {:?}, should be {fate:?}", result.as_ref().map(|value| value.number));
        // Its taker has run, so it is gone.
        let taken =
            plan.taker(node).is_some_and(|taker| needed[taker] && !matches!(fates[taker], Fate::Skipped(_)));
        if ended.certain && is_needed && taken && matches!(fate, Fate::Value(_)) {
            assert!(matches!(result, Err(Absent::Moved { .. })), "node {node} was not moved");
        }
    }
}

/// The run's end fits what its nodes have come to. `None` is a panic.
fn check_end(
    plan: &Plan,
    way: &Way,
    built: &mut Built<'_>,
    ended: Option<Result<(), RunError>>,
    fates: &[Fate],
    needed: &[bool],
    certain: bool,
) {
    let results = built.graph.results();
    let are = |absent: &Absent| -> BTreeSet<usize> {
        let is = |node: &usize| results.why_absent(built.nodes[*node]).as_ref() == Some(absent);
        (0..plan.len()).filter(is).collect()
    };
    let meant = |fate: &Fate| (0..plan.len()).filter(|&node| needed[node] && fates[node] == *fate).collect();
    let (failed, panicked, not_run) = (are(&Absent::Failed), are(&Absent::Panicked), are(&Absent::NotRun));
    let number = |node: NodeId| node.index() - 1;
    match ended {
        Some(Ok(())) => assert!(failed.is_empty() && panicked.is_empty() && not_run.is_empty()),
        Some(Err(RunError::Failed(failures))) => {
            let listed: BTreeSet<usize> =
                failures.iter().map(|failure| number(failure.node().node())).collect();
            assert_eq!(listed, failed);
            assert!(
                !failed.is_empty() && failures.iter().all(|failure| failure.error().to_string() == PLANNED)
            );
        }
        Some(Err(RunError::Cancelled { not_run: listed })) => {
            assert!(way.cancellable && plan.has(Role::Cancels));
            assert_eq!(listed.iter().map(|node| number(node.node())).collect::<BTreeSet<_>>(), not_run);
        }
        Some(Err(RunError::Panicked(error))) => {
            assert!(way.catch_panics);
            assert_eq!(
                error.nodes().iter().map(|node| number(node.node())).collect::<BTreeSet<_>>(),
                panicked
            );
        }
        Some(Err(other)) => panic!("{other}"),
        None => assert!(!way.catch_panics && !panicked.is_empty()),
    }
    if certain {
        let expected: BTreeSet<usize> = meant(&Fate::Failed);
        assert_eq!(failed, expected);
    }
}
