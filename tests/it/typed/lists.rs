//! Lists of handles as dependencies: lent, moved, or as outcomes; alone and among others.

use crate::support::counted::{Counted, Counter};
use crate::support::panics::Payload;
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{
    DefinitionBuilder, FailurePolicy, Graph, GraphBuilder, GraphError, Moved, MovedValues, NoResult, Node,
    Outcomes, RunError, RunOptions, Values,
};
use dgraph_tests::yields::yields;
use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

over_typed_runners!(
    lists_among_others,
    moved_lists_are_used_once,
    moved_lists_that_nobody_goes_through,
    moved_lists_in_futures,
    a_node_that_panics_over_a_moved_list,
    a_destructor_that_panics_in_a_moved_list,
    outcomes_of_many,
    outcomes_of_many_in_futures,
    empty_lists,
    moved_inputs,
);

fn parts(graph: &mut GraphBuilder<'_>, counter: &Counter, many: u64) -> Vec<Moved<Counted>> {
    let part = |part| {
        let counter = counter.clone();
        graph.node(&*format!("part {part}"), (), move || counter.make(part)).moved()
    };
    (0..many).map(part).collect()
}

fn lists_among_others(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let one = graph.node("one", (), || 1);
    let two: Vec<Node<i32>> = (2..4).map(|number| graph.node("", (), move || number)).collect();
    let given = [graph.input("a"), graph.input("b")];
    let total = graph.state("total", 0);
    let list = |list: Values<'_, i32>| list.iter().copied().collect::<Vec<_>>();
    let all = graph.node(
        "all",
        (&two[..], one, total.write(), given, two.clone(), [one; 3]),
        move |a: Values<'_, i32>,
              one: &i32,
              total: &mut i32,
              given: Values<'_, i32>,
              b: Values<'_, i32>,
              ones: Values<'_, i32>| {
            *total += 1;
            (list(a), *one, list(given), list(b), ones.len())
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    graph.set(given[0], 7);
    graph.set(given[1], 8);
    for _ in 0..3 {
        assert_eq!(runner.typed(&mut graph)[all], (vec![2, 3], 1, vec![7, 8], vec![2, 3], 3));
    }
    assert_eq!(*graph.state(total), 3);
}

fn moved_lists_are_used_once(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (first, second) = (parts(&mut graph, &counter, 5), parts(&mut graph, &counter, 3));
    let scale = graph.node("scale", (), || 100);
    let all = graph.node(
        "all",
        (first.clone(), scale, &second),
        |mut first: MovedValues<'_, Counted>, scale: &u64, second: MovedValues<'_, Counted>| {
            assert_eq!((first.len(), second.len()), (5, 3));
            let last = first.next_back().expect("it has five");
            let mut all: Vec<Counted> = first.chain(second).collect();
            all.iter_mut().for_each(|part| part.value += scale);
            all.push(last);
            all
        },
    );
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        let values: Vec<u64> = runner.typed(&mut graph)[all].iter().map(Counted::get).collect();
        assert_eq!(values, [100, 101, 102, 103, 100, 101, 102, 4]);
        assert_eq!(counter.alive(), 8);
        let why =
            graph.results().absent_nodes().map(|(node, why)| format!("{node} {why}")).collect::<Vec<_>>();
        assert_eq!(why.len(), 8);
        assert_eq!(why[4], "part 4 was moved into all");
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn moved_lists_that_nobody_goes_through(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let list = parts(&mut graph, &counter, 4);
    let seen = counter.clone();
    let first = graph.node("first", list, move |mut list: MovedValues<'_, Counted>| {
        let first = list.next().map(|first| first.get());
        assert_eq!(seen.alive(), 3);
        drop(list);
        (first, seen.alive())
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..10 {
        assert_eq!(runner.typed(&mut graph)[first], (Some(0), 0));
    }
}

/// A future may keep a list while it waits, and leave some of it.
fn moved_lists_in_futures(runner: &Runner) {
    let counter = Counter::default();
    // Whether the one that waits for ever has begun.
    let begun = AtomicBool::new(false);
    let mut graph = GraphBuilder::new();
    let (first, second) = (parts(&mut graph, &counter, 4), parts(&mut graph, &counter, 2));
    let sum = graph.async_node(
        "sum",
        (&first[..], &second[..]),
        async |mut first: MovedValues<'_, Counted>, second: MovedValues<'_, Counted>| {
            let mut sum = 0;
            for _ in 0..3 {
                sum += first.next().map_or(0, |part| part.get());
                yields(2).await;
            }
            while !begun.load(Relaxed) {
                yields(1).await;
            }
            sum + second.len() as u64
        },
    );
    let cut_off = parts(&mut graph, &counter, 3);
    let waits = graph.async_node("waits", cut_off, async |mut list: MovedValues<'_, Counted>| {
        drop(list.next());
        begun.store(true, Relaxed);
        std::future::pending::<()>().await;
        list.len()
    });
    graph.try_node("fails", sum, |_: &u64| Err::<(), _>("enough"));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        begun.store(false, Relaxed);
        let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).unwrap_err();
        assert!(error.to_string().starts_with("1 node failed: fails"), "{error}");
        assert_eq!(graph.result(sum), Ok(&5));
        assert!(graph.result(waits).is_err());
        assert_eq!(counter.alive(), 0);
    }
}

fn a_node_that_panics_over_a_moved_list(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let list = parts(&mut graph, &counter, 6);
    graph.node("panics", list, |mut list: MovedValues<'_, Counted>| {
        let _first = list.next();
        panic_any(Payload(1));
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let options = RunOptions::new().panics_are_failures();
        let error = runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: panics");
        assert_eq!(counter.alive(), 0);
    }
}

/// Panics if it is told to, when it is dropped.
struct Bad<'c>(bool, &'c AtomicUsize);

impl Drop for Bad<'_> {
    fn drop(&mut self) {
        self.1.fetch_sub(1, Relaxed);
        if self.0 {
            panic_any(Payload(2));
        }
    }
}

fn a_destructor_that_panics_in_a_moved_list(runner: &Runner) {
    let alive = &AtomicUsize::new(0);
    let mut graph = GraphBuilder::new();
    let list = [false, true, false, false].map(|bad| {
        let part = graph.node("part", (), move || {
            alive.fetch_add(1, Relaxed);
            Bad(bad, alive)
        });
        part.moved()
    });
    graph.node("drops", list, |_: MovedValues<'_, Bad<'_>>| ());
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let options = RunOptions::new().panics_are_failures();
        let error = runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "1 node failed: drops");
        assert_eq!(alive.load(Relaxed), 0);
    }
}

fn tell(all: Outcomes<'_, String>) -> Vec<String> {
    assert_eq!(all.clone().len(), 4);
    assert!(
        format!("{all:?}").ends_with(r#"Ok("b")]"#) || all.clone().any(|told| told == Err(NoResult::NotRun))
    );
    all.map(|told: Result<&String, NoResult>| told.map_or_else(|why| why.to_string(), Clone::clone)).collect()
}

/// Two with results, one that fails, one behind that.
fn four(graph: &mut GraphBuilder<'_>) -> [Node<String>; 4] {
    let good = ["a", "b"].map(|text| graph.node(text, (), move || text.to_string()));
    let bad = graph.try_node("bad", (), || Err::<String, _>("no"));
    let behind = graph.node("behind", bad, Clone::clone);
    [good[0], bad, behind, good[1]]
}

const TOLD: [&str; 4] = ["a", "failed", "was skipped because of bad", "b"];

fn check_told(runner: &Runner, graph: &mut Graph<'_>, told: Node<Vec<String>>) {
    for policy in [FailurePolicy::KeepGoing, FailurePolicy::FailFast] {
        for _ in 0..5 {
            let options = RunOptions::new().policy(policy);
            let error = runner.typed_with(graph, &options).map(drop).unwrap_err();
            assert!(matches!(error, RunError::Failed(_)), "{error}");
            let told = graph.result(told).expect("it runs in any case");
            assert_eq!(told[1], "failed");
            if policy == FailurePolicy::KeepGoing {
                assert_eq!(*told, TOLD);
            }
        }
    }
}

fn outcomes_of_many(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let four = four(&mut graph).map(|node| node.outcome());
    let told = graph.node("told", four, tell);
    check_told(runner, &mut graph.build().expect("a valid graph"), told);
}

fn outcomes_of_many_in_futures(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let first = graph.node("first", (), || 1);
    let four = four(&mut graph).map(|node| node.outcome());
    let told = graph.async_node("told", (first, &four[..]), async |_: &i32, all: Outcomes<'_, String>| {
        yields(2).await;
        tell(all)
    });
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().policy(FailurePolicy::KeepGoing);
    for _ in 0..5 {
        runner.typed_with(&mut graph, &options).map(drop).unwrap_err();
        assert_eq!(graph.result(told).expect("it runs in any case"), &TOLD);
    }
}

fn empty_lists(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let (lent, moved): (Vec<Node<i32>>, Vec<Moved<i32>>) = Default::default();
    let all = graph.node("all", (lent, moved), |lent: Values<'_, i32>, moved: MovedValues<'_, i32>| {
        (lent.is_empty(), moved.len(), moved.sum::<i32>())
    });
    assert_eq!(runner.typed(&mut graph.build().expect("a valid graph"))[all], (true, 0, 0));
}

fn moved_inputs(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let inputs = [graph.input("a"), graph.input("b")];
    let sum = graph.node("sum", inputs.map(|input| input.moved()), |list: MovedValues<'_, Counted>| {
        list.map(|value| value.get()).sum::<u64>()
    });
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..5 {
        inputs.into_iter().for_each(|input| _ = graph.set(input, counter.make(run)));
        assert_eq!(runner.typed(&mut graph)[sum], 2 * run);
        assert_eq!(counter.alive(), 0);
        let error = runner.typed_with(&mut graph, &RunOptions::new()).map(drop).unwrap_err();
        assert_eq!(error.to_string(), "inputs not set: a, b");
    }
}

#[test]
fn moved_results_of_a_list_feed_nobody_else() {
    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || 1);
    graph.node("twice", [text.moved(), text.moved()], |_: MovedValues<'_, i32>| ());
    let error = graph.build().map(drop).unwrap_err();
    assert!(matches!(error, GraphError::MovedAndUsed { .. }), "{error}");

    let mut graph = GraphBuilder::new();
    let text = graph.node("text", (), || 1);
    graph.node(
        "both",
        ([text.moved()], [text.outcome()]),
        |_: MovedValues<'_, i32>, _: Outcomes<'_, i32>| (),
    );
    assert!(matches!(graph.build().map(drop).unwrap_err(), GraphError::MovedAndUsed { .. }));
}

#[test]
fn lists_of_another_graph() {
    let mut other = GraphBuilder::new();
    let stranger = other.node("stranger", (), || 1);
    let mut graph = GraphBuilder::new();
    graph.node(
        "node",
        ([stranger.moved()], [stranger.outcome()]),
        |_: MovedValues<'_, i32>, _: Outcomes<'_, i32>| (),
    );
    let error = graph.build().map(drop).unwrap_err();
    assert!(matches!(error, GraphError::ForeignHandles(_)), "{error}");
}

/// Each instance has memory of its own for what its lists are fed from.
#[test]
fn lists_in_definitions() {
    let mut graph = DefinitionBuilder::new();
    let base = graph.input::<u64>("base");
    let parts: Vec<_> =
        (0..4).map(|part| graph.node("part", base, move |base: &u64| vec![base + part]).moved()).collect();
    let all = graph.node("all", (base, parts), |base: &u64, parts: MovedValues<'_, Vec<u64>>| {
        let mut all: Vec<u64> = parts.flatten().collect();
        all.push(*base);
        all
    });
    let definition = graph.build().expect("a valid graph");
    let mut instances = [definition.instance(), definition.instance()];
    for (at, instance) in (0..).zip(&mut instances) {
        instance.set(base, at * 10);
    }
    for (at, instance) in (0..).zip(&mut instances) {
        assert_eq!(instance.run().expect("no node fails")[all], [0, 1, 2, 3, 0].map(|part| part + at * 10));
    }
}

/// In graphs that stay on their thread.
#[test]
fn local_lists() {
    use std::rc::Rc;
    let mut graph = GraphBuilder::new_local();
    let parts = [1, 2, 3].map(|part| graph.local().node("part", (), move || Rc::new(part)).moved());
    let sum = graph.local().async_node("sum", parts, async |parts: MovedValues<'_, Rc<i32>>| {
        yields(1).await;
        parts.map(|part| *part).sum::<i32>()
    });
    let unshared = graph.unshared().node("cell", (), || std::cell::Cell::new(4)).moved();
    let moved = graph.node("moved", [unshared], |cells: MovedValues<'_, std::cell::Cell<i32>>| {
        cells.map(|cell| cell.get()).sum::<i32>()
    });
    let mut graph = graph.build().expect("a valid graph");
    let results = graph.run().expect("no node fails");
    assert_eq!((results[sum], results[moved]), (6, 4));
}
