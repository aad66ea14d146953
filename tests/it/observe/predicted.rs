//! What a trace predicts, beside what happens. The bodies sleep, so threads need no cores of their own.

use crate::support::runner::executor;
use dgraph_exec::{Graph, GraphBuilder, Node, Recorder, RunOptions, SchedulingPolicy};
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

fn sleeping(nodes: u32, seed: u64) -> Graph<'static> {
    let mut random = SplitMix64::new(seed);
    let mut edges = random_dag(&mut random, nodes, 1);
    edges.iter_mut().for_each(|edge| *edge = (edge.0.min(edge.1), edge.0.max(edge.1)));
    let mut graph = GraphBuilder::new();
    let handles: Vec<Node<()>> = (0..nodes)
        .map(|_| {
            let time = Duration::from_millis((1 + random.below(8)).into());
            graph.node("", (), move || sleep(time))
        })
        .collect();
    edges.retain(|(from, to)| from != to);
    edges.iter().for_each(|&(from, to)| graph.after(handles[to as usize], [handles[from as usize]]));
    graph.build().expect("edges lead to higher numbers")
}

/// A run isn't shorter than half of what its own durations predict: for that, Graham's bound is proof. How
/// much longer it is depends on the machine; of some runs one is close.
#[test]
fn runs_take_what_their_durations_predict() {
    for threads in [2, 4, 8] {
        let executor = executor(threads);
        let mut graph = sleeping(40, threads as u64);
        let recorder = Arc::new(Recorder::new());
        let options = RunOptions::new().observer(recorder.clone());
        for ordered in [false, true] {
            if ordered {
                graph.with(&RunOptions::new().measure()).run_parallel(&executor).expect("no node fails");
                graph.prioritize_by_measured();
            }
            let policy =
                [SchedulingPolicy::WorkStealing, SchedulingPolicy::LongestPathFirst][usize::from(ordered)];
            let is_close = (0..20).any(|_| {
                recorder.clear();
                graph.with(&options).run_parallel(&executor).expect("no node fails");
                let trace = recorder.trace();
                let run = &trace.runs()[0];
                let took = run.end().expect("it has ended") - run.begin();
                let what_if = trace.what_if(0);
                let predicted = what_if.makespan(threads, policy);
                assert!(took >= what_if.span() && took * threads as u32 >= what_if.work());
                assert!(took >= predicted / 2, "{took:?}, not {predicted:?}");
                took < 2 * predicted
            });
            assert!(is_close, "on {threads} threads, ordered: {ordered}");
        }
    }
}

/// From a run on one thread to what it would take on others; a graph that is a node counts as one.
#[test]
fn from_a_recording() {
    let mut part = GraphBuilder::new();
    (0..2).for_each(|_| _ = part.node("", (), || sleep(Duration::from_millis(2))));
    let mut graph = GraphBuilder::new();
    let part = graph.graph("part", (), part.build().expect("a valid graph"), |_: &mut Graph<'_>| {}, |_| ());
    let other = graph.node("other", (), || sleep(Duration::from_millis(1)));
    graph.node("last", (part, other), |(): &(), (): &()| ());
    let recorder = Arc::new(Recorder::new());
    let options = RunOptions::new().observer(recorder.clone());
    graph.build().expect("a valid graph").with(&options).run().expect("no node fails");
    let trace = recorder.trace();
    let [outer, inner] = [0, 1].map(|run| trace.what_if(run));
    let policy = SchedulingPolicy::default();
    assert!(outer.duration(part.id()) >= Duration::from_millis(4));
    assert_eq!(outer.makespan(1, policy), outer.work());
    assert_eq!(outer.makespan(2, policy), outer.span());
    assert!(inner.work() >= Duration::from_millis(4) && inner.work() <= outer.duration(part.id()));
    assert_eq!(outer.most_effective(1000.0, 2, policy).expect("it does").0, part.id());
}
