//! Nodes that come after the start of others, or after a moment in them.

use crate::support::panics::Payload;
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, DefinitionBuilder, EndBranch, FailurePolicy, Graph, GraphBuilder, GraphError, NoResult,
    Node, NodeInfo, NodeOutcome, Observer, Reach, RunError, RunInfo, RunOptions, SharedLimit, SkipReason,
    StopReason,
};
use dgraph_tests::yields::yields;
use std::mem;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier, Mutex};

over_typed_runners!(
    a_future_under_way_lets_go_on,
    a_moment_within_a_future,
    never_before_the_start,
    a_start_that_is_not_there,
    a_moment_that_is_not_reached,
    a_failure_behind_the_start,
    of_a_graph_that_is_a_node,
    under_limits,
    starts_take_no_permits,
    updates,
    of_who_has_ended_its_branch_before,
    begun_again_for_another_reason,
    of_inputs_in_an_order,
    a_stop_before_the_start,
    drained,
    a_panic_before_the_moment,
    reached_by_another_thread,
    many,
    observers_see_them,
);

/// What has happened, in this order.
#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

impl Log {
    fn note(&self, what: &'static str) {
        self.0.lock().expect("no panic").push(what);
    }

    fn has(&self, what: &str) -> bool {
        self.0.lock().expect("no panic").contains(&what)
    }

    fn taken(&self) -> Vec<&'static str> {
        mem::take(&mut *self.0.lock().expect("no panic"))
    }
}

/// Gives others their turn until that has happened.
async fn until(log: &Log, what: &str) {
    while !log.has(what) {
        yields(1).await;
    }
}

fn a_future_under_way_lets_go_on(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let serve = graph.async_node("serve", (), async || {
        log.note("serves");
        until(&log, "called").await;
        log.note("served");
    });
    let started = graph.start_of(serve);
    let call = graph.node("call", started, |_: &()| log.note("called"));
    let mut graph = graph.build().expect("a valid graph");
    assert_eq!(graph.name(started.id()).to_string(), "start of serve");
    for _ in 0..20 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[started], results[call]), ((), ()));
        let happened = log.taken();
        assert!(happened.len() == 3 && happened[2] == "served", "{happened:?}");
    }
}

fn a_moment_within_a_future(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let before = graph.node("before", (), || 7);
    let (listens, moment) = graph.moment("listens");
    let serve = graph.async_node("serve", (before, moment), async |seven: &u32, listens: Reach<'_>| {
        yields(3).await;
        log.note("listens");
        listens.reach();
        listens.reach();
        until(&log, "called").await;
        *seven
    });
    let call = graph.node("call", (), || log.note("called"));
    graph.after(call, listens);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        assert_eq!(runner.typed(&mut graph)[serve], 7);
        assert_eq!(log.taken(), ["listens", "called"]);
    }
}

/// A start waits until the node runs, and not until it could.
fn never_before_the_start(runner: &Runner) {
    let begun = AtomicU32::new(0);
    let mut graph = GraphBuilder::new();
    let limit = graph.limit(1);
    for _ in 0..20 {
        let node = graph.node("", (), || begun.fetch_add(1, Relaxed));
        graph.limited(node, limit);
    }
    let last = graph.node("last", (), || begun.fetch_add(100, Relaxed));
    graph.limited(last, limit);
    graph.priority(last, -5);
    let started = graph.start_of(last);
    let seen = graph.node("seen", started, |_: &()| begun.load(Relaxed));
    graph.priority(seen, 9);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..20 {
        assert!(runner.typed(&mut graph)[seen] >= 20);
        begun.store(0, Relaxed);
    }
}

#[test]
fn closures_at_the_same_time() {
    for threads in 2..5 {
        let executor = executor(threads);
        let meet = Barrier::new(2);
        let mut graph = GraphBuilder::new();
        let mut last = graph.node("none", (), || ());
        for _ in 0..5 {
            let serve = graph.node("serve", last, |_: &()| {
                meet.wait();
            });
            let started = graph.start_of(serve);
            last = graph.node("call", started, |_: &()| {
                meet.wait();
            });
        }
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..20 {
            graph.run_parallel(&executor).expect("no node fails");
        }
    }
}

fn a_start_that_is_not_there(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<bool>("input");
    let bad = graph.try_node("bad", input, |&bad: &bool| if bad { Err("no") } else { Ok(()) });
    let skipped = graph.node("skipped", bad, |_: &()| ());
    let unchosen = graph.node("unchosen", (), || ());
    graph.unless(unchosen, input);
    let starts = [skipped, unchosen].map(|node| graph.start_of(node));
    let behind = starts.map(|start| graph.node("behind", start, |_: &()| ()));
    let told = graph.node("told", starts[0].outcome(), |start: Result<&(), NoResult>| start.is_ok());
    let of_input = graph.start_of(input);
    let mut graph = graph.build().expect("a valid graph");
    for bad in [true, false, true] {
        graph.set(input, bad);
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        assert_eq!(runner.typed_with(&mut graph, &options).is_err(), bad);
        for node in [starts[0], behind[0]] {
            assert_eq!(matches!(graph.result(node), Err(NoResult::Skipped { .. })), bad);
        }
        for node in [starts[1], behind[1]] {
            assert_eq!(matches!(graph.result(node), Err(NoResult::NotChosen { .. })), bad);
        }
        assert_eq!((graph.result(told), graph.result(of_input)), (Ok(&!bad), Ok(&())));
    }
}

fn a_moment_that_is_not_reached(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let reaches = graph.input::<bool>("reaches");
    let fails = graph.input::<bool>("fails");
    let (there, moment) = graph.moment("there");
    graph.try_node("node", (reaches, moment, fails), |&reaches: &bool, there: Reach<'_>, &fails: &bool| {
        if reaches {
            there.reach();
        }
        if fails { Err("no") } else { Ok(()) }
    });
    let behind = graph.node("behind", there, |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    for (reaches_it, failing) in [(true, true), (false, false), (false, true), (true, false)] {
        graph.set(reaches, reaches_it);
        graph.set(fails, failing);
        let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
        assert_eq!(runner.typed_with(&mut graph, &options).is_err(), failing);
        let skipped = matches!(graph.result(behind), Err(NoResult::Skipped { .. }));
        assert_eq!(skipped, failing && !reaches_it);
        assert_eq!(graph.result(behind).is_ok(), reaches_it || !failing);
    }
}

/// What has begun by then goes on.
fn a_failure_behind_the_start(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let serve = graph.try_async_node("serve", (), async || {
        until(&log, "called").await;
        Err::<(), _>("no")
    });
    let started = graph.start_of(serve);
    let call = graph.node("call", started, |_: &()| log.note("called"));
    let behind = graph.node("behind", serve, |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    for policy in [FailurePolicy::FailFast, FailurePolicy::KeepGoing] {
        let options = RunOptions::new().policy(policy);
        runner.typed_with(&mut graph, &options).map(drop).expect_err("it fails");
        assert_eq!((graph.result(started), graph.result(call)), (Ok(&()), Ok(&())));
        assert!(matches!(graph.result(behind), Err(NoResult::Skipped { .. })));
        log.taken();
    }
}

fn of_a_graph_that_is_a_node(runner: &Runner) {
    let log = Log::default();
    let mut inner = GraphBuilder::new();
    let serve = inner.async_node("serve", (), async || until(&log, "called").await);
    let inner_start = inner.start_of(serve);
    inner.node("call within", inner_start, |_: &()| log.note("called within"));
    let inner = inner.build().expect("a valid graph");
    let mut graph = GraphBuilder::new();
    let node = graph.graph("inner", (), inner, |_: &mut Graph<'_>| (), |_: &mut Graph<'_>| 5);
    let started = graph.start_of(node);
    graph.node("call", started, |_: &()| log.note("called"));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        assert_eq!(runner.typed(&mut graph)[node], 5);
        let mut happened = log.taken();
        happened.sort_unstable();
        assert_eq!(happened, ["called", "called within"]);
    }
}

/// Permits are held while others begin that come after the start.
fn under_limits(runner: &Runner) {
    let log = Log::default();
    let shared = SharedLimit::new(1);
    let mut graph = GraphBuilder::new();
    let own = graph.limit(1);
    let mut nodes = Vec::new();
    for _ in 0..4 {
        let (half, moment) = graph.moment("half");
        let holds = graph.async_node("holds", moment, async |half: Reach<'_>| {
            log.note("begins");
            yields(2).await;
            half.reach();
            until(&log, "halfway").await;
            assert_eq!(log.taken(), ["begins", "halfway"]);
        });
        graph.limited(holds, &shared);
        graph.limited(holds, own);
        let started = graph.start_of(holds);
        let both = graph.node("both", (half, started), |_: &(), _: &()| log.note("halfway"));
        nodes.extend([holds, both]);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let results = runner.typed(&mut graph);
        assert!(nodes.iter().all(|&node| results.get(node).is_ok()));
    }
}

/// A start that waits for a node doesn't keep a permit from it.
fn starts_take_no_permits(runner: &Runner) {
    for is_shared in [false, true] {
        let mut graph = GraphBuilder::new();
        let (own, shared) = (graph.limit(1), SharedLimit::new(1));
        let declared = graph.declare::<u32>("node");
        let (node, started) = (declared.node(), graph.start_of(declared.node()));
        let (there, moment) = graph.moment("there");
        graph.node(declared, moment, |there: Reach<'_>| {
            there.reach();
            5
        });
        let behind = graph.node("behind", (started, there), |_: &(), _: &()| 6);
        graph.priority(started, 9);
        for node in [node.any(), started.any(), there.any(), behind.any()] {
            match is_shared {
                false => graph.limited(node, own),
                true => graph.limited(node, &shared),
            }
        }
        let mut graph = graph.build().expect("a valid graph");
        for _ in 0..3 {
            let results = runner.typed(&mut graph);
            assert_eq!((results[node], results[behind]), (5, 6));
        }
    }
}

fn updates(runner: &Runner) {
    let log = Log::default();
    let mut graph = GraphBuilder::new();
    let (x, y) = (graph.input::<u32>("x"), graph.input::<u32>("y"));
    let first = graph.node("first", x, |x: &u32| {
        log.note("first");
        x / 2
    });
    let started = graph.start_of(first);
    let second = graph.node("second", (started, y), |_: &(), y: &u32| {
        log.note("second");
        *y
    });
    graph.node("third", first, |_: &u32| log.note("third"));
    graph.cutoff(first);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(x, 0);
    graph.set(y, 0);
    let update = RunOptions::new().update();
    let ran = |graph: &mut Graph<'_>| {
        runner.typed_with(graph, &update).map(drop).expect("no node fails");
        let mut ran = log.taken();
        ran.sort_unstable();
        ran
    };
    assert_eq!(ran(&mut graph), ["first", "second", "third"]);
    assert!(ran(&mut graph).is_empty());
    graph.set(y, 1);
    assert_eq!(ran(&mut graph), ["second"]);
    // Whoever comes after a start can't know what becomes of the node.
    graph.set(x, 1);
    assert_eq!(ran(&mut graph), ["first", "second"]);
    graph.set(x, 2);
    assert_eq!(ran(&mut graph), ["first", "second", "third"]);
    runner.typed_with(&mut graph, &RunOptions::new().only([second])).map(drop).expect("no node fails");
    assert_eq!(log.taken(), ["first", "second"], "it needs the start, and that the node");
}

/// A node that has ended its branch, and that an update has no reason to run again, has begun all the same.
/// (What came after its start wasn't chosen then. The fuzz target `run` found it.)
fn of_who_has_ended_its_branch_before(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let ends = graph.try_node("ends", (), || Err::<(), EndBranch>(EndBranch));
    let start = graph.start_of(ends);
    let behind = graph.node("behind", (), || 1);
    graph.after(behind, start);
    let other = graph.node("other", ends, |(): &()| 2);
    let mut graph = graph.build().expect("a valid graph");
    runner.typed(&mut graph);
    // What comes after the start is out of date: it isn't needed here.
    runner.typed_with(&mut graph, &RunOptions::new().only([other])).map(drop).expect("no node fails");
    let results = runner.typed_with(&mut graph, &RunOptions::new().update()).expect("no node fails");
    assert_eq!((results.get(behind), results.get(start)), (Ok(&1), Ok(&())));
}

/// What comes after a start is there whenever the node begins, also if that begins since it has failed, or
/// since its result is gone.
fn begun_again_for_another_reason(runner: &Runner) {
    let (log, fails) = (Log::default(), AtomicBool::new(true));
    let mut graph = GraphBuilder::new();
    let (half, moment) = graph.moment("half");
    let serve = graph.try_async_node("serve", moment, async |half: Reach<'_>| {
        half.reach();
        until(&log, "halfway").await;
        until(&log, "called").await;
        log.note("served");
        if fails.load(Relaxed) { Err("fails") } else { Ok(5) }
    });
    let started = graph.start_of(serve);
    graph.node("call", started, |_: &()| log.note("called"));
    graph.node("halfway", half, |_: &()| log.note("halfway"));
    let again = graph.input::<()>("again");
    graph.node("takes it", (again, serve.moved()), |_: &(), served: u32| served);
    let mut graph = graph.build().expect("a valid graph");
    graph.set(again, ());
    let update = RunOptions::new().update().policy(FailurePolicy::KeepGoing);
    for (round, is_up_to_date) in [(0, false), (1, false), (2, true), (3, false), (4, true)] {
        fails.store(round == 0, Relaxed);
        if round == 3 {
            graph.set(again, ());
        }
        let ended = runner.typed_with(&mut graph, &update).map(drop);
        assert_eq!(ended.is_err(), round == 0);
        let mut happened = log.taken();
        happened.sort_unstable();
        let all: &[_] = if is_up_to_date { &[] } else { &["called", "halfway", "served"] };
        assert_eq!(happened, all, "round {round}");
    }
}

/// Inputs never begin; in an ordered run they don't even come up.
fn of_inputs_in_an_order(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let started = graph.start_of(input);
    let behind = graph.node("behind", started, |_: &()| 1);
    let urgent = graph.node("urgent", input, |input: &u32| *input);
    graph.priority(urgent, 1);
    let mut graph = graph.build().expect("a valid graph");
    for value in 0..3 {
        graph.set(input, value);
        let options = if value == 1 { RunOptions::new().update() } else { RunOptions::new() };
        let results = runner.typed_with(&mut graph, &options).expect("no node fails");
        assert_eq!((results[behind], results[urgent]), (1, value));
    }
}

/// A cancel while the node waits that is to begin.
fn a_stop_before_the_start(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let cancels = graph.async_node("cancels", (), async || {
        yields(3).await;
        token.cancel();
    });
    let late = graph.node("late", cancels, |_: &()| ());
    let (there, moment) = graph.moment("there");
    let waits = graph.async_node("waits", moment, async |_: Reach<'_>| std::future::pending::<()>().await);
    let started = graph.start_of(late);
    let behind = [started, there].map(|start| graph.node("behind", start, |_: &()| ()));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let options = RunOptions::new().cancel_token(&token);
        let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it is cancelled");
        assert!(matches!(error, RunError::Cancelled { .. }));
        for node in [late, started, there, behind[0], behind[1]] {
            assert_eq!(graph.result(node), Err(NoResult::NotRun));
        }
        assert!(graph.result(waits).is_err());
    }
}

/// Nothing begins that waits for a moment in what is under way, and that goes on.
fn drained(runner: &Runner) {
    let token = CancelToken::new();
    let mut graph = GraphBuilder::new();
    let (there, moment) = graph.moment("there");
    let goes_on = graph.async_node("goes on", moment, async |there: Reach<'_>| {
        token.cancel();
        yields(3).await;
        there.reach();
        yields(3).await;
        6
    });
    let behind = graph.node("behind", there, |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().cancel_token(&token).drain([StopReason::Cancel]);
    // (A run whose token is cancelled before it begins starts nothing.)
    let error = runner.typed_with(&mut graph, &options).map(drop).expect_err("it is cancelled");
    assert!(matches!(error, RunError::Cancelled { .. }));
    assert_eq!((graph.result(goes_on), graph.result(behind)), (Ok(&6), Err(NoResult::NotRun)));
}

fn a_panic_before_the_moment(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (there, moment) = graph.moment("there");
    graph.async_node("bad", moment, async |there: Reach<'_>| {
        yields(2).await;
        if true {
            panic_any(Payload(3));
        }
        there.reach();
    });
    let behind = graph.node("behind", there, |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    for as_failure in [false, true, false] {
        let options = RunOptions::new().catch_panics();
        let options =
            if as_failure { options.panics_are_failures().policy(FailurePolicy::KeepGoing) } else { options };
        runner.typed_with(&mut graph, &options).map(drop).expect_err("a panic");
        assert!(matches!(graph.result(behind), Err(NoResult::Skipped { .. })));
    }
}

/// A loop on the threads of the run may reach it.
fn reached_by_another_thread(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (there, moment) = graph.moment("there");
    let sum = graph.node("sum", moment, |there: Reach<'_>| {
        std::thread::scope(|scope| {
            let others = [(); 3].map(|()| scope.spawn(|| there.reach()));
            others.into_iter().for_each(|other| other.join().expect("no panic"));
        });
        5
    });
    let behind = graph.node("behind", there, |_: &()| 6);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[sum], results[behind]), (5, 6));
    }
}

/// Each waits for the next one's start, and the last one for nothing.
fn many(runner: &Runner) {
    let order = Mutex::new(Vec::new());
    let mut graph = GraphBuilder::new();
    let order = &order;
    let declared: Vec<_> = (0..40).map(|_| graph.declare::<()>("")).collect();
    let nodes: Vec<Node<()>> = declared.iter().map(|declared| declared.node()).collect();
    for (at, declared) in declared.into_iter().enumerate() {
        let begins = move || order.lock().expect("no panic").push(at);
        if at % 3 == 0 {
            graph.async_node(declared, (), move || {
                begins();
                yields(2)
            });
        } else {
            graph.node(declared, (), begins);
        }
    }
    for pair in nodes.windows(2) {
        let next = graph.start_of(pair[1]);
        graph.after(pair[0], next);
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        runner.typed(&mut graph);
        let order = mem::take(&mut *order.lock().expect("no panic"));
        assert_eq!(order.len(), 40);
        // Elsewhere one may be called when the next one is about to be.
        let one_thread = matches!(runner, Runner::Serial | Runner::Async);
        assert!(!one_thread || order.iter().rev().copied().eq(0..40), "{order:?}");
    }
}

#[derive(Default)]
struct Told(Mutex<Vec<String>>);

impl Observer for Told {
    fn run_begins(&self, run: &RunInfo<'_>) {
        self.0.lock().expect("no panic").push(format!("{}", run.to_run()));
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        self.0.lock().expect("no panic").push(node.name().to_string());
    }

    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        self.0.lock().expect("no panic").push(format!("{} {outcome:?}", node.name()));
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, _: SkipReason) {
        self.0.lock().expect("no panic").push(format!("{} skipped", node.name()));
    }
}

fn observers_see_them(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let node = graph.node("a", (), || ());
    let started = graph.start_of(node);
    graph.node("b", started, |_: &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let told = Arc::new(Told::default());
    let options = RunOptions::new().observer(told.clone());
    runner.typed_with(&mut graph, &options).map(drop).expect("no node fails");
    let mut told = mem::take(&mut *told.0.lock().expect("no panic"));
    told.sort_unstable();
    let all = ["3", "a", "a Completed", "b", "b Completed", "start of a", "start of a Completed"];
    assert_eq!(told, all);
}

#[test]
fn of_instances() {
    let mut graph = DefinitionBuilder::new();
    let log = Arc::new(Log::default());
    let (there, moment) = graph.moment("there");
    let wait = Arc::clone(&log);
    let serve = graph.async_node("serve", moment, move |there: Reach<'_>| {
        there.reach();
        let log = Arc::clone(&wait);
        async move { until(&log, "called").await }
    });
    let started = graph.start_of(serve);
    graph.node("call", (there, started), move |_: &(), _: &()| log.note("called"));
    let definition = graph.build().expect("a valid graph");
    let executor = executor(2);
    for _ in 0..10 {
        let mut instances = [definition.instance(), definition.instance()];
        for instance in &mut instances {
            instance.run().expect("no node fails");
            instance.run_parallel(&executor).expect("no node fails");
        }
    }
}

#[test]
fn what_is_refused() {
    let mut graph = GraphBuilder::new();
    let (_, moment) = graph.moment("nobody's");
    drop(moment);
    let error = graph.build().map(drop).unwrap_err();
    assert!(matches!(error, GraphError::Undefined(_)) && error.to_string().contains("nobody's"));

    let mut graph = GraphBuilder::new();
    let declared = graph.declare::<()>("a");
    let started = graph.start_of(declared.node());
    graph.node(declared, started, |_: &()| ());
    let error = graph.build().map(drop).unwrap_err();
    assert!(matches!(error, GraphError::Cycle(_)), "{error}");

    let mut stranger = GraphBuilder::new();
    let (node, (_, moment)) = (stranger.node("", (), || ()), stranger.moment("there"));
    let mut graph = GraphBuilder::new();
    graph.start_of(node);
    graph.node("b", moment, |_: Reach<'_>| ());
    let error = graph.build().map(drop).unwrap_err();
    assert!(matches!(error, GraphError::ForeignHandles(_)), "{error}");
}

#[test]
fn in_pictures() {
    let mut graph = GraphBuilder::new();
    let before = graph.node("before", (), || ());
    let node = graph.node("node", before, |_: &()| ());
    let started = graph.start_of(node);
    graph.node("behind", started, |_: &()| ());
    let expected = r#"digraph {
  0 [label="before"];
  1 [label="node"];
  2 [label="start of node"];
  3 [label="behind"];
  0 -> 1;
  1 -> 2 [style=dashed];
  2 -> 3;
}
"#;
    let graph = graph.build().expect("a valid graph");
    assert_eq!(graph.dot().to_string(), expected);
    // It is ready when its node is.
    assert_eq!(graph.dag().levels().len(), 3);
}
