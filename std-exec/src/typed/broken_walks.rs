//! Walks that somebody breaks into after a node has gone wrong: what is marked as having a value then, and
//! what was made. At each position, since a test makes the walker late there, and in random orders of steps
//! (shuttle).

use crate::executor::Handle;
use crate::pool::affinity::Placement;
use crate::pool::shared::Shared;
use crate::run::run_as;
use crate::sync::{AtomicUsize, Ordering};
use crate::tuner::{Budget, Plan, Timed};
use crate::typed::builder::graph_builder::GraphBuilder;
use crate::typed::error::run_error::RunError;
use crate::typed::graph::built::Graph;
use crate::typed::handle::node::Node;
use crate::typed::options::run_options::RunOptions;
use crate::typed::run::begin_and_end;
use crate::typed::run::execution::Execution;
use crate::typed::run::rows;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// How many values there have been, and how many of them are gone.
#[derive(Default)]
struct Counts {
    made: AtomicUsize,
    dropped: AtomicUsize,
}

/// A value that counts itself.
struct Counted(Arc<Counts>);

impl Counted {
    fn new(counts: &Arc<Counts>) -> Self {
        counts.made.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(counts))
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.dropped.fetch_add(1, Ordering::Relaxed);
    }
}

const ALL: [Wrong; 8] = [
    Wrong::CalledOff,
    Wrong::CalledOffFurtherIn,
    Wrong::FailsNested,
    Wrong::Fails,
    Wrong::Panics,
    Wrong::PanicsNested,
    Wrong::PanicsBeforeNested,
    Wrong::PanicsAfterNested,
];

/// What goes wrong in the middle of the graph.
#[derive(Clone, Copy, Debug)]
enum Wrong {
    /// A graph is called off, as the executor is about to be shut down.
    CalledOff,
    /// A graph within that one is called off.
    CalledOffFurtherIn,
    /// A graph fails.
    FailsNested,
    Fails,
    Panics,
    /// A graph panics.
    PanicsNested,
    /// What sets a graph's inputs panics, or what reads its outputs.
    PanicsBeforeNested,
    PanicsAfterNested,
}

/// Where the node is that goes wrong.
const WRONG: usize = 10;

/// A graph one of whose nodes goes wrong; the others give values.
fn graph(wrong: Wrong, counts: &Arc<Counts>, shared: &Arc<Shared>) -> (Graph<'static>, Vec<Node<Counted>>) {
    let shut_down = {
        let shared = Arc::clone(shared);
        let calls_off = matches!(wrong, Wrong::CalledOff | Wrong::CalledOffFurtherIn);
        move || calls_off.then(|| shared.begin_to_shut_down())
    };
    let mut graph = GraphBuilder::new();
    let give = || {
        let counts = Arc::clone(counts);
        move || Counted::new(&counts)
    };
    let inner = |graph: &mut GraphBuilder<'static>| match wrong {
        Wrong::FailsNested => graph.try_node("fails", (), || Err::<Counted, _>("no")),
        Wrong::PanicsNested => graph.node("panics", (), || panic!("no")),
        _ => graph.node("fine", (), give()),
    };
    let mut nodes: Vec<_> = (0..WRONG).map(|_| graph.node("before", (), give())).collect();
    nodes.push(match wrong {
        Wrong::Fails => graph.try_node("fails", (), || Err::<Counted, _>("no")),
        Wrong::Panics => graph.node("panics", (), || panic!("no")),
        Wrong::CalledOffFurtherIn => {
            let mut middle = GraphBuilder::new();
            let mut within = GraphBuilder::new();
            let bound = inner(&mut within);
            let within = within.build().unwrap();
            let read = move |inner: &mut Graph<'_>| inner.take(bound).unwrap();
            let graph_in_it = middle.graph("within", (), within, |_: &mut Graph<'_>| (), read);
            let read = move |inner: &mut Graph<'_>| inner.take(graph_in_it).unwrap();
            let set = move |_: &mut Graph<'_>| _ = shut_down();
            graph.graph("middle", (), middle.build().unwrap(), set, read)
        }
        _ => {
            let mut within = GraphBuilder::new();
            let node = inner(&mut within);
            let set = move |_: &mut Graph<'_>| {
                shut_down();
                assert!(!matches!(wrong, Wrong::PanicsBeforeNested), "no");
            };
            let read = move |inner: &mut Graph<'_>| {
                let taken = inner.take(node).unwrap();
                assert!(!matches!(wrong, Wrong::PanicsAfterNested), "no");
                taken
            };
            graph.graph("within", (), within.build().unwrap(), set, read)
        }
    });
    nodes.extend((0..10).map(|_| graph.node("behind", (), give())));
    // Others than the row's, so that nodes are also gone through one by one.
    for _ in 0..3 {
        let counts = Arc::clone(counts);
        let last = *nodes.last().unwrap();
        nodes.push(graph.node("depends", (last,), move |_: &Counted| Counted::new(&counts)));
    }
    // A row that can't run.
    for _ in 0..10 {
        let counts = Arc::clone(counts);
        nodes.push(graph.node("fed", (nodes[WRONG],), move |_: &Counted| Counted::new(&counts)));
    }
    (graph.build().unwrap(), nodes)
}

const ALONE: Plan = Plan::Alone { budget: Budget::NONE, timed: Timed::No };

/// A run that begins with a walk, as planned.
fn walk(graph: &mut Graph<'_>, executor: &Handle, plan: Plan, options: &RunOptions) -> Result<(), RunError> {
    let data = graph.data_mut();
    let standing = begin_and_end::begin(data, Some(executor), options).unwrap();
    let (parts, _, _) = data.parts();
    let run = Execution::new(parts, Some(executor), options, standing);
    let nodes = rows::Nodes(&run);
    let dag = &parts.topology.dag;
    let ended = catch_unwind(AssertUnwindSafe(|| run_as(&executor.shared, dag, &nodes, Some(plan), None)));
    let unmarked = run.leaves_unmarked();
    let standing = run.into_standing();
    if unmarked && ended.is_ok() && standing.signal == 0 {
        data.store.records.statuses.mark_all();
    }
    begin_and_end::end(data, options, standing, ended.err())
}

/// A node has a value exactly if it has made one, and each is dropped once.
fn values_are_those_made(mut graph: Graph<'_>, nodes: &[Node<Counted>], counts: &Counts, case: &str) {
    let (made, dropped) = (|| counts.made.load(Ordering::Relaxed), || counts.dropped.load(Ordering::Relaxed));
    let results = graph.results();
    let there = nodes.iter().filter(|&&node| results.get(node).is_ok()).count();
    assert_eq!(there, made() - dropped(), "{case}: values that nobody made");
    let fed = &nodes[nodes.len() - 10..];
    assert!(fed.iter().chain([&nodes[WRONG]]).all(|&node| results.get(node).is_err()), "{case}");
    drop(graph.take(nodes[0]));
    drop(graph);
    assert_eq!(made(), dropped(), "{case}");
}

#[cfg(not(dgraph_shuttle))]
mod late {
    use super::*;
    use crate::executor::Executor;
    use crate::typed::memory::row::late::LATE;
    use crate::typed::options::run_options::FailurePolicy;
    use dgraph_core::AsDag;
    use std::cell::Cell;
    use std::thread;

    thread_local! {
        static EXECUTOR: Cell<Option<Handle>> = const { Cell::new(None) };
    }

    /// Another thread breaks into the walk of this thread's executor, and runs what it can.
    fn somebody_breaks_in() {
        let handle = EXECUTOR.take().expect("the test has set it");
        let shared = &handle.shared;
        let come = || {
            let walking =
                shared.teams.iter().find(|team| team.going_alone().is_some()).expect("a walk goes on");
            assert!(shared.sleep.look_around(0, || shared.break_in(walking, 0)));
            assert!(walking.going_alone().is_none(), "it was broken into");
        };
        thread::scope(|scope| scope.spawn(come).join().expect("no panic"));
    }

    /// Whatever goes wrong, and wherever somebody breaks in: a node has a value exactly if it has made one.
    /// (A graph that was called off left no trace at its node, so that whoever broke in took it, and all that
    /// was skipped behind it, for nodes with values.)
    #[test]
    fn broken_into_anywhere_after_anything() {
        // What executors rely on is set up: without it, nodes are gone through one by one.
        drop(Executor::builder().threads(1).build());
        for wrong in ALL {
            for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
                for late in 1..24 {
                    let counts = Arc::new(Counts::default());
                    let shared = Arc::new(Shared::new(2, Placement::default()));
                    let executor = Executor::of_model(Arc::clone(&shared), 2);
                    let handle = executor.handle().clone();
                    let (mut graph, nodes) = graph(wrong, &counts, &shared);
                    EXECUTOR.set(Some(handle.clone()));
                    LATE.set(Some((late, somebody_breaks_in)));
                    let options = RunOptions::new().policy(policy).catch_panics();
                    let outcome = walk(&mut graph, &handle, ALONE, &options);
                    assert!(outcome.is_err(), "{wrong:?} {policy:?} {late}");
                    let come = LATE.take().is_none();
                    // After a panic nobody claims anything any more.
                    assert!(come || late > 10, "{wrong:?} {policy:?} {late}: nobody was late");
                    values_are_those_made(graph, &nodes, &counts, &format!("{wrong:?} {policy:?} {late}"));
                }
            }
        }
    }

    /// The same in step, where the other thread may find a failure in the middle of a row of this one. Nodes
    /// that depend on both lanes' come after them.
    #[test]
    fn in_step_after_anything() {
        let in_step = Plan::InStep { budget: Budget::NONE };
        for wrong in ALL {
            for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
                for _ in 0..40 {
                    let counts = Arc::new(Counts::default());
                    let executor = Executor::builder().threads(2).build().unwrap();
                    let handle = executor.handle().clone();
                    let (mut graph, nodes) = graph(wrong, &counts, &handle.shared);
                    // Short nodes: rows stay together.
                    let made = graph
                        .data_mut()
                        .topology
                        .dag
                        .supersteps_by(Some(&mut |dag| Some(dag.supersteps(2, 100, |_| 10))));
                    let parts = made.map(|made| [made.part(0, 0).len(), made.part(0, 1).len()]);
                    assert!(parts.is_some_and(|parts| parts.iter().all(|&nodes| nodes >= 8)), "{parts:?}");
                    let options = RunOptions::new().policy(policy).catch_panics();
                    let outcome = walk(&mut graph, &handle, in_step, &options);
                    assert!(outcome.is_err(), "{wrong:?} {policy:?}");
                    values_are_those_made(graph, &nodes, &counts, &format!("{wrong:?} {policy:?} in step"));
                }
            }
        }
    }
}

#[cfg(dgraph_shuttle)]
mod model {
    use super::*;
    use crate::executor::Executor;
    use crate::sync::model::{explore, thread};

    /// A walk in which something goes wrong, with somebody who comes at any moment. Catches: a graph that is
    /// called off and leaves no trace at its node, a node that isn't started and leaves none.
    fn broken_into(wrong: Wrong) {
        explore(3, move || {
            let shared = Arc::new(Shared::new(2, Placement::default()));
            let executor = Executor::of_model(Arc::clone(&shared), 2);
            let counts = Arc::new(Counts::default());
            let (mut graph, nodes) = graph(wrong, &counts, &shared);
            let come = move || {
                shared
                    .sleep
                    .look_around(0, || shared.teams.iter().for_each(|team| _ = shared.break_in(team, 0)))
            };
            let other = thread::spawn(come);
            let outcome = walk(&mut graph, executor.handle(), ALONE, &RunOptions::new().catch_panics());
            other.join().expect("no panic");
            assert!(outcome.is_err());
            values_are_those_made(graph, &nodes, &counts, "");
        });
    }

    #[test]
    fn walk_that_goes_wrong_and_is_broken_into() {
        ALL.into_iter().for_each(broken_into);
    }
}
