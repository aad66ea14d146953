//! Results that are gone, and states, behind an equal result.

use super::{Log, Same, halves, run};
use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{GraphBuilder, NoResult};

over_typed_runners!(
    moved_results,
    behind_moved_results,
    behind_a_result_that_is_gone,
    a_lone_writer_stays,
    writers_that_share_a_state_run_together,
);

/// There is nothing to compare with.
fn moved_results(runner: &Runner) {
    let log = Log::default();
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u64>("input");
    let made = graph.node("made", input, |_: &u64| {
        log.note("m");
        Same(counter.make(1))
    });
    let taken = graph.node("taken", made.moved(), |made: Same| {
        log.note("t");
        made.0.get()
    });
    graph.cutoff(made);
    graph.cutoff(taken);
    graph.node("last", taken, |_: &u64| log.note("l"));
    let mut graph = graph.build().expect("a valid graph");
    for ran in ["lmt", "mt", "mt"] {
        graph.set(input, 0);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), counter.alive()), (ran, 0));
    }
}

/// A chain of moved results stays as a whole, or is made again as a whole.
fn behind_moved_results(runner: &Runner) {
    let log = Log::default();
    let counter = Counter::default();
    let (mut graph, input, [half, _]) = halves(&log);
    let other = graph.input::<u64>("other");
    let first = graph.node("first", half, |half: &u32| {
        log.note("1");
        counter.make(u64::from(*half))
    });
    let second = graph.node("second", first.moved(), |first: Counted| {
        log.note("2");
        first
    });
    let third = graph.node("third", (second.moved(), other), |second: Counted, other: &u64| {
        log.note("3");
        second.get() * 10 + other
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(other, 1);
    for (value, ran) in [(4, "123hn"), (5, "h"), (6, "123hn")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), graph.results()[third]), (ran, u64::from(value) / 2 * 10 + 1));
        assert!(matches!(graph.result(first), Err(NoResult::Moved { .. })));
        assert_eq!(counter.alive(), 0);
    }
    // It might run, and does.
    graph.set(other, 2);
    graph.set(input, 7);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[third]), ("123h", 32));
    assert_eq!(counter.alive(), 0);
}

fn behind_a_result_that_is_gone(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [_, next]) = halves(&log);
    let other = graph.node("other", (), || {
        log.note("o");
        3
    });
    let sum = graph.node("sum", (next, other), |next: &u32, other: &u32| {
        log.note("s");
        next + other
    });
    let mut graph = graph.build().expect("a valid graph");
    graph.set(input, 2);
    run(runner, &mut graph);
    assert_eq!(log.taken(), "hnos");
    // It is made again in case that `sum` runs, which stays.
    graph.take(other).expect("it is there");
    graph.set(input, 3);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[sum]), ("ho", 5));
    graph.take(next).expect("it is there");
    graph.set(input, 2);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.result(next)), ("h", Err(NoResult::Taken)));
    graph.set(input, 4);
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[sum]), ("hns", 6));
}

fn a_lone_writer_stays(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [half, _]) = halves(&log);
    let state = graph.state("state", 0);
    let write = graph.node("write", (state.write(), half), |state: &mut u32, half: &u32| {
        log.note("w");
        *state += half;
    });
    let read = graph.node("read", (state.read(),), |state: &u32| {
        log.note("r");
        *state
    });
    graph.cutoff(write); // a `()`, and yet news whenever it has run
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran, sum) in [(2, "hnrw", 1), (3, "h", 1), (4, "hnrw", 3), (5, "h", 3)] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), graph.results()[read]), (ran, sum));
    }
    *graph.state_mut(state) = 10;
    run(runner, &mut graph);
    assert_eq!((log.taken().as_str(), graph.results()[read]), ("rw", 12));
}

fn writers_that_share_a_state_run_together(runner: &Runner) {
    let log = Log::default();
    let (mut graph, input, [half, _]) = halves(&log);
    let state = graph.state("state", 0);
    graph.node("clear", (state.write(),), |state: &mut u32| {
        log.note("c");
        *state = 0;
    });
    graph.node("add", (state.write(), half), |state: &mut u32, half: &u32| {
        log.note("a");
        *state += half;
    });
    let read = graph.node("read", (state.read(),), |state: &u32| {
        log.note("r");
        *state
    });
    let mut graph = graph.build().expect("a valid graph");
    for (value, ran) in [(2, "achnr"), (3, "achr"), (4, "achnr")] {
        graph.set(input, value);
        run(runner, &mut graph);
        assert_eq!((log.taken().as_str(), graph.results()[read]), (ran, value / 2));
    }
}
