//! What a recorder has recorded: all of it, in order, and the latest where there is too much.

use super::log::{Log, What};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    CancelToken, Graph, GraphBuilder, NodeOutcome, Recorder, RunOptions, RunOutcome, SkipReason, Trace,
    Values,
};
use dgraph_tests::yields::yields;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use std::time::Duration;

over_typed_runners!(
    what_was_told_is_recorded,
    nodes_come_after_their_predecessors,
    graphs_that_are_nodes_lie_within,
    what_did_not_run,
    times_are_real,
    a_stopped_run,
);

fn sum(fed: Values<'_, u64>) -> u64 {
    fed.iter().fold(0, |sum: u64, value| sum.wrapping_add(*value))
}

/// A few levels of nodes that are all fed by all before, every third of which lets others go on twice.
fn mesh() -> Graph<'static> {
    let mut graph = GraphBuilder::new();
    let mut last: Vec<_> =
        (0..5_u64).map(|number| graph.node(format!("in {number}"), (), move || number)).collect();
    for level in 0..5 {
        last = (0..6)
            .map(|at| match at % 3 {
                0 => graph.async_node(format!("{level} {at}"), last.clone(), async |fed: Values<'_, u64>| {
                    yields(2).await;
                    sum(fed)
                }),
                _ => graph.node(format!("{level} {at}"), last.clone(), sum),
            })
            .collect();
    }
    graph.build().expect("a valid graph")
}

fn recorded(runner: &Runner, graph: &mut Graph<'_>, recorder: &Arc<Recorder>) -> Trace {
    recorder.clear();
    runner.typed_with(graph, &RunOptions::new().observer(recorder.clone())).expect("no node fails");
    recorder.trace()
}

fn what_was_told_is_recorded(runner: &Runner) {
    let (recorder, log) = (Arc::new(Recorder::with_capacity(2, 1000)), Log::new());
    let mut graph = mesh();
    for _ in 0..3 {
        recorder.clear();
        let options = RunOptions::new().observer(recorder.clone()).observer(log.clone());
        runner.typed_with(&mut graph, &options).expect("no node fails");
        let (told, trace) = (log.take(), recorder.trace());
        assert_eq!(trace.lost(), 0);
        let mut expected: Vec<_> = told
            .iter()
            .filter_map(|told| match told.what {
                What::Waits => Some((told.path.clone(), None)),
                What::Ends(outcome) => Some((told.path.clone(), Some(outcome))),
                _ => None,
            })
            .collect();
        let mut found: Vec<_> = trace.spans().map(|span| (span.path(), span.outcome())).collect();
        expected.sort_by_key(|(path, outcome)| (path.clone(), outcome.is_none()));
        found.sort_by_key(|(path, outcome)| (path.clone(), outcome.is_none()));
        assert_eq!(found, expected);
        let threads: HashSet<_> =
            told.iter().filter(|told| told.node.is_some()).map(|told| told.thread).collect();
        let used = trace.threads().iter().enumerate();
        let used = used.filter(|(at, _)| trace.spans().any(|span| span.thread() == *at)).count();
        assert_eq!(used, threads.len());
        let [run] = trace.runs() else { panic!("one run") };
        assert_eq!((run.number(), run.outcome()), (told[0].run, Some(RunOutcome::Completed)));
        assert_eq!((run.to_run(), run.node_count(), run.edges().count()), (35, 35, 5 * 6 + 4 * 36));
    }
}

fn nodes_come_after_their_predecessors(runner: &Runner) {
    let recorder = Arc::new(Recorder::with_capacity(2, 1000));
    let mut graph = mesh();
    for _ in 0..3 {
        let trace = recorded(runner, &mut graph, &recorder);
        let [run] = trace.runs() else { panic!("one run") };
        let (mut begin, mut end) = (HashMap::new(), HashMap::new());
        for span in trace.spans() {
            assert!(run.begin() <= span.begin() && span.begin() <= span.end());
            assert!(span.end() <= run.end().expect("it is over"));
            let first = begin.entry(span.node()).or_insert(span.begin());
            *first = span.begin().min(*first);
            let last = end.entry(span.node()).or_insert(span.end());
            *last = span.end().max(*last);
        }
        assert!(run.edges().all(|(from, to)| end[&from] <= begin[&to]));
        // One after the other, on each thread.
        let spans: Vec<_> = trace.spans().collect();
        let disorder = |pair: &&[dgraph_exec::Span<'_>]| {
            pair[0].thread() == pair[1].thread() && pair[0].end() > pair[1].begin()
        };
        assert!(spans.windows(2).find(disorder).is_none());
    }
}

fn graphs_that_are_nodes_lie_within(runner: &Runner) {
    let recorder = Arc::new(Recorder::with_capacity(2, 1000));
    let mut inner = GraphBuilder::new();
    let deep = inner.node("deep", (), || 1);
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    outer.node("first", (), || ());
    outer.graph("part", (), inner, |_: &mut Graph<'_>| {}, move |inner| inner.results()[deep]);
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..2 {
        let trace = recorded(runner, &mut outer, &recorder);
        let [first, second] = trace.runs() else { panic!("two runs") };
        assert_eq!((first.path(), first.parent()), ("", None));
        let (outer, node) = second.parent().expect("a node");
        assert_eq!((second.path(), outer, first.name(node)), ("part", 0, "part"));
        let find = |path: &str| trace.spans().find(|span| span.path() == path).expect("recorded");
        let (part, deep) = (find("part"), find("part/deep"));
        assert!(part.begin() <= second.begin() && second.begin() <= deep.begin());
        assert!(deep.end() <= second.end().expect("over") && second.end() <= Some(part.end()));
    }
}

fn what_did_not_run(runner: &Runner) {
    let recorder = Arc::new(Recorder::with_capacity(2, 64));
    let mut graph = GraphBuilder::new();
    let bad = graph.try_node("bad", (), || Err::<u32, _>("no"));
    let behind = graph.node("behind", (bad,), |x: &u32| *x);
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().observer(recorder.clone());
    assert!(runner.typed_with(&mut graph, &options).is_err());
    let trace = recorder.trace();
    let outcomes: Vec<_> = trace.spans().map(|span| (span.path(), span.outcome())).collect();
    assert_eq!(outcomes, [("bad".to_string(), Some(NodeOutcome::Failed))]);
    let skipped: Vec<_> = trace.skipped().map(|(_, node, reason)| (node, reason)).collect();
    let culprit = bad.id();
    assert_eq!(skipped, [(behind.id(), SkipReason::DependencyFailed { culprit })]);
    assert_eq!(trace.runs()[0].outcome(), Some(RunOutcome::Failed));
}

/// Nanoseconds, not ticks.
fn times_are_real(runner: &Runner) {
    let recorder = Arc::new(Recorder::with_capacity(2, 64));
    let mut graph = GraphBuilder::new();
    graph.node("sleeps", (), || thread::sleep(Duration::from_millis(30)));
    let mut graph = graph.build().expect("a valid graph");
    let began = std::time::Instant::now();
    let trace = recorded(runner, &mut graph, &recorder);
    let span = trace.spans().next().expect("one");
    let took = span.end() - span.begin();
    assert!(took >= Duration::from_millis(29) && took <= began.elapsed(), "{took:?}");
}

fn a_stopped_run(runner: &Runner) {
    let (recorder, token) = (Arc::new(Recorder::with_capacity(2, 64)), &CancelToken::new());
    let mut graph = GraphBuilder::new();
    let stops = graph.node("stops", (), || token.cancel());
    graph.node("never", (stops,), |(): &()| ());
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().observer(recorder.clone()).cancel_token(token);
    assert!(runner.typed_with(&mut graph, &options).is_err());
    let trace = recorder.trace();
    assert_eq!(trace.runs()[0].outcome(), Some(RunOutcome::Cancelled));
    assert!(trace.skipped().all(|(_, _, reason)| reason == SkipReason::Stopped));
    assert_eq!((trace.spans().count(), trace.skipped().count()), (1, 1));
}

/// The latest nodes are there, and the number of the others.
#[test]
fn the_oldest_go() {
    let recorder = Arc::new(Recorder::with_capacity(1, 64));
    let mut graph = GraphBuilder::new();
    (0..1000).for_each(|_| _ = graph.node("", (), || ()));
    let mut graph = graph.build().expect("a valid graph");
    for round in 1..=3 {
        graph.with(&RunOptions::new().observer(recorder.clone())).run().expect("no node fails");
        let trace = recorder.trace();
        assert_eq!(trace.spans().count() as u64 + trace.lost(), 1000 * round);
        let last: Vec<_> = trace.spans().map(|span| span.node().index()).collect();
        assert_eq!(last, (1000 - last.len()..1000).collect::<Vec<_>>());
        assert!(last.len() >= 63);
    }
    recorder.clear();
    assert_eq!((recorder.trace().spans().count(), recorder.trace().lost()), (0, 0));
    assert_eq!(recorder.trace().runs().len(), 0);
}

/// Many short-lived threads, one after the other, have one buffer; several at once have several.
#[test]
fn threads_that_come_and_go() {
    let recorder = Arc::new(Recorder::with_capacity(1, 256));
    let run = |nodes: u32| {
        let mut graph = GraphBuilder::new();
        (0..nodes).for_each(|_| _ = graph.node("", (), || ()));
        let options = RunOptions::new().observer(recorder.clone());
        graph.build().expect("a valid graph").with(&options).run().map(drop).expect("no node fails");
    };
    for number in 0..10 {
        let named = thread::Builder::new().name(format!("thread {number}"));
        thread::scope(|scope| {
            named.spawn_scoped(scope, || run(2)).expect("a thread").join().expect("no panic");
        });
    }
    let trace = recorder.trace();
    assert_eq!((trace.spans().count(), trace.lost(), trace.threads().len()), (20, 0, 1));
    assert_eq!(trace.threads()[0].name(), "thread 9");
    let barrier = &std::sync::Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                run(1);
                barrier.wait();
                run(2);
            });
        }
    });
    let trace = recorder.trace();
    assert_eq!((trace.spans().count(), trace.lost(), trace.threads().len()), (32, 0, 4));
}

/// Traces are taken while threads run nodes, and overwrite what is being read: each that is found is a whole
/// one.
#[test]
fn traces_are_taken_meanwhile() {
    let recorder = Arc::new(Recorder::with_capacity(3, 128));
    let executor = executor(3);
    let mut graph = GraphBuilder::new();
    let mut last: Vec<_> = (0..8_u64).map(|number| graph.node("", (), move || number)).collect();
    for _ in 0..20 {
        last = (0..8)
            .map(|at| graph.node("", (last[at], last[(at + 1) % 8]), |x: &u64, y: &u64| x ^ y))
            .collect();
    }
    let mut graph = graph.build().expect("a valid graph");
    let over = &AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..300 {
                let options = RunOptions::new().observer(recorder.clone());
                graph.with(&options).run_parallel(&executor).expect("no node fails");
            }
            over.store(true, SeqCst);
        });
        while !over.load(SeqCst) {
            let trace = recorder.trace();
            for span in trace.spans() {
                assert!(span.node().index() < 168 && span.outcome() == Some(NodeOutcome::Completed));
                assert!(span.begin() <= span.end() && span.run().node_count() == 168);
            }
            let mut nodes = HashSet::new();
            assert!(trace.spans().all(|span| nodes.insert((span.run().number(), span.node()))), "none twice");
        }
    });
}

/// Two recorders on one thread, now the one and now the other.
#[test]
fn recorders_side_by_side() {
    let recorders = [(); 2].map(|()| Arc::new(Recorder::with_capacity(1, 64)));
    let mut graph = GraphBuilder::new();
    graph.node("a", (), || ());
    graph.node("b", (), || ());
    let mut graph = graph.build().expect("a valid graph");
    let both =
        recorders.iter().fold(RunOptions::new(), |options, recorder| options.observer(recorder.clone()));
    for _ in 0..5 {
        graph.with(&both).run().expect("no node fails");
    }
    for recorder in &recorders {
        let trace = recorder.trace();
        assert_eq!((trace.spans().count(), trace.threads().len(), trace.runs().len()), (10, 1, 5));
    }
}
