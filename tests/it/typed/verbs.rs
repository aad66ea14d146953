//! The verbs, and what combines with each: nodes that were declared before, local and unshared ones, options;
//! and results that are passed on.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, executor, over_typed_runners};
use dgraph_exec::{
    AnyNode, CancelToken, Declared, Executor, FailurePolicy, Graph, GraphBuilder, NoResult, Node, NodeId,
    Results, RunError, RunOptions, Runnable, Unshared, WithOptions, create_graph,
};
use dgraph_tests::yields::yields;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

over_typed_runners!(
    declared_nodes_are_defined_by_each_verb,
    a_declared_node_may_be_a_graph,
    unshared_results_are_moved,
    unshared_results_are_taken,
    unshared_nodes_fail_and_are_updated,
    results_outlast_what_lent_them,
    what_reads_an_inner_graph_has_it,
);

/// Four verbs, each with a name, with a declared node, and declared by whichever builder adds it.
fn declared_nodes_are_defined_by_each_verb(runner: &Runner) {
    let mut graph = GraphBuilder::new_local();
    let plain: Vec<Declared<u32>> = (0..4).map(|at| graph.declare(format!("plain {at}"))).collect();
    let local: Vec<_> = (0..4).map(|at| graph.local().declare::<Rc<u32>>(format!("local {at}"))).collect();
    let unshared: Vec<_> =
        (0..4).map(|at| graph.unshared().declare::<Cell<u32>>(format!("cell {at}"))).collect();

    let listed: Vec<_> = plain.iter().map(Declared::node).collect();
    let sum = graph.node("sum", listed, |values: dgraph_exec::Values<'_, u32>| values.iter().sum::<u32>());
    let rcs: Vec<_> = local.iter().map(Declared::node).collect();
    let product = graph.local().node("product", rcs, |values: dgraph_exec::Values<'_, Rc<u32>>| {
        values.iter().map(|value| **value).product::<u32>()
    });
    let inner: Vec<_> = unshared
        .iter()
        .map(|cell| graph.node("inner", cell.node().moved(), |cell: Cell<u32>| cell.into_inner()))
        .collect();

    let mut plain = plain.into_iter();
    let mut next = || plain.next().expect("one of four");
    let first = graph.node(next(), (), || 1);
    graph.try_node(next(), first, |first: &u32| Ok::<_, &str>(first + 1));
    graph.async_node(next(), (), async || {
        yields(1).await;
        3
    });
    graph.try_async_node(next(), first, async |first: &u32| u32::try_from(i64::from(*first) * 4));

    let mut local = local.into_iter();
    let mut next = || local.next().expect("one of four");
    let one = graph.local().node(next(), (), || Rc::new(1));
    graph.local().try_node(next(), one, |one: &Rc<u32>| Ok::<_, &str>(Rc::new(**one + 1)));
    graph.local().async_node(next(), (), async || {
        yields(1).await;
        Rc::new(3)
    });
    graph
        .local()
        .try_async_node(next(), one, async |one: &Rc<u32>| "4".parse::<u32>().map(|x| Rc::new(x * **one)));

    let mut unshared = unshared.into_iter();
    let mut next = || unshared.next().expect("one of four");
    graph.unshared().node(next(), (), || Cell::new(1));
    graph.unshared().try_node(next(), first, |first: &u32| Ok::<_, &str>(Cell::new(first + 1)));
    graph.unshared().async_node(next(), (), async || {
        yields(1).await;
        Cell::new(3)
    });
    graph.unshared().try_async_node(next(), (), async || "4".parse::<u32>().map(Cell::new));

    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[sum], results[product]), (10, 24));
        assert!(inner.iter().map(|&inner| results[inner]).eq(1..5));
    }
}

fn a_declared_node_may_be_a_graph(runner: &Runner) {
    let mut inner = GraphBuilder::new();
    let side = inner.input::<u64>("side");
    let area = inner.node("area", side, |side: &u64| side * side);
    let inner = inner.build().expect("a valid graph");

    let mut outer = GraphBuilder::new();
    let nine = outer.declare::<u64>("nine");
    let ten = outer.node("ten", nine.node(), |nine: &u64| nine + 1);
    let three = outer.node("three", (), || 3_u64);
    let set = move |inner: &mut Graph<'_>, three: &u64| _ = inner.set(side, *three);
    let nine = outer.graph(nine, (three,), inner, set, move |inner| inner.results()[area]);
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..3 {
        let results = runner.typed(&mut outer);
        assert_eq!((results[nine], results[ten]), (9, 10));
    }
}

/// A payload that may go to another thread, and be used by one at a time.
struct Exclusive(Counted, Cell<u32>);

fn unshared_results_are_moved(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let mut chains = Vec::new();
    for chain in 0..8 {
        let counter = &counter;
        let mut last: Node<Exclusive, Unshared> =
            graph.unshared().node("", (), move || Exclusive(counter.make(chain), Cell::new(0)));
        for step in 0..20 {
            let grow = |Exclusive(payload, cell): Exclusive| {
                cell.set(cell.get() + 1);
                Exclusive(payload, cell)
            };
            last = match step % 2 {
                0 => graph.unshared().node("", last.moved(), grow),
                _ => graph.unshared().async_node("", last.moved(), move |fed: Exclusive| async move {
                    yields(1).await;
                    grow(fed)
                }),
            };
        }
        chains.push(graph.node("", last.moved(), |Exclusive(payload, cell): Exclusive| {
            payload.value * 100 + u64::from(cell.get())
        }));
    }
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        assert!((0..).zip(&chains).all(|(chain, &node)| results[node] == chain * 100 + 20));
        assert_eq!(counter.alive(), 0, "each was dropped once, by its last node");
    }
}

fn unshared_results_are_taken(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let node = graph.unshared().node("node", (), || Exclusive(counter.make(1), Cell::new(7)));
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        runner.typed(&mut graph);
        assert_eq!(counter.alive(), 1, "that of the run before was dropped");
        assert_eq!(graph.results().why_absent(node), None);
    }
    let Exclusive(payload, cell) = graph.take(node).map_err(|why| why.to_string()).expect("there is one");
    assert_eq!((payload.value, cell.get(), counter.alive()), (1, 7, 1));
    assert_eq!(graph.take(node).err(), Some(NoResult::Taken));
    drop(payload);
    runner.typed(&mut graph);
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn unshared_nodes_fail_and_are_updated(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let text = graph.input::<&str>("text");
    let other = graph.input::<u32>("other");
    let number = graph.unshared().try_node("number", text, |text: &&str| text.parse::<u32>().map(Cell::new));
    let sum =
        graph.node("sum", (number.moved(), other), |number: Cell<u32>, other: &u32| number.get() + other);
    let mut graph = graph.build().expect("a valid graph");
    let update = RunOptions::new().update();
    graph.set(other, 1);
    graph.set(text, "x");
    let error = runner.typed_with(&mut graph, &update).map(drop).expect_err("no number");
    assert_eq!(error.to_string(), "1 node failed: number");
    assert_eq!(graph.results().why_absent(number), Some(NoResult::Failed));
    graph.set(text, "4");
    assert_eq!(runner.typed_with(&mut graph, &update).expect("a number")[sum], 5);
    graph.set(other, 2); // what is moved into the sum is gone, so it is made again
    assert_eq!(runner.typed_with(&mut graph, &update).expect("a number")[sum], 6);
}

/// A program's own type with a graph in it.
struct Model {
    graph: Graph<'static>,
    words: Node<Vec<String>>,
    longest: Node<usize>,
}

impl Model {
    fn new() -> Self {
        let mut graph = GraphBuilder::new();
        let words = graph.node("words", (), || ["so", "it", "goes"].map(String::from).to_vec());
        let longest = graph.node("longest", words, |words: &Vec<String>| {
            (0..words.len()).max_by_key(|&word| words[word].len()).unwrap_or(0)
        });
        Self { graph: graph.build().expect("a valid graph"), words, longest }
    }

    /// Both from one run, by its results, which don't live as long.
    fn longest(&mut self, runner: &Runner) -> (&[String], &str) {
        let results = runner.typed(&mut self.graph);
        let words: &Vec<String> = results.get(self.words).expect("it has run");
        (words, &words[*results.get(self.longest).expect("it has run")])
    }

    /// Of the last run, by a shared reference.
    fn words(&self) -> Result<&[String], NoResult> {
        self.graph.result(self.words).map(Vec::as_slice)
    }

    fn run(&mut self, executor: &Executor) -> Result<&Vec<String>, RunError> {
        let results: Results<'_> = self.graph.run_parallel(executor)?;
        Ok(results.get(self.words).expect("it has run"))
    }
}

fn results_outlast_what_lent_them(runner: &Runner) {
    let mut model = Model::new();
    assert_eq!(model.words(), Err(NoResult::NotRun));
    let (words, longest) = model.longest(runner);
    assert_eq!((words.len(), longest), (3, "goes"));
    let (words, again) = (model.words().expect("it has run"), model.words().expect("it has run"));
    assert!(std::ptr::eq(words, again), "two at once, of one place");
    assert_eq!(model.run(&executor(2)).expect("no node fails").len(), 3);

    let results = runner.typed(&mut model.graph);
    let copy = results;
    let (kept, longest) = (copy.get(model.words), results[model.longest]);
    std::thread::scope(|scope| {
        scope.spawn(move || assert_eq!(copy.get(model.longest), Ok(&longest)));
    });
    assert_eq!(kept.map(|words| words[longest].as_str()), Ok("goes"));
}

/// It may take results, and look at why there are none.
fn what_reads_an_inner_graph_has_it(runner: &Runner) {
    let counter = Counter::default();
    let mut inner = GraphBuilder::new();
    let made = inner.node("made", (), || counter.make(3));
    let cell = inner.unshared().node("cell", (), || RefCell::new(4));
    let inner = inner.build().expect("a valid graph");
    let mut outer = GraphBuilder::new();
    let both = outer.graph(
        "both",
        (),
        inner,
        |_: &mut Graph<'_>| (),
        move |inner| {
            let cell = inner.take(cell).map(RefCell::into_inner);
            assert_eq!(inner.results().absent_nodes().count(), 1);
            (inner.take(made), cell, inner.take(made).err())
        },
    );
    let mut outer = outer.build().expect("a valid graph");
    for _ in 0..3 {
        let (made, cell, again) = &runner.typed(&mut outer)[both];
        assert_eq!(made.as_ref().map(|made| made.value), Ok(3));
        assert_eq!((cell, again), (&Ok(4), &Some(NoResult::Taken)));
        assert_eq!(counter.alive(), 1, "it was taken by the node, and is its result");
    }
}

/// Each verb, with options and without, of each kind of graph.
#[test]
fn each_verb_takes_options() {
    fn run<G: Runnable + Send + 'static>(
        mut graph: G,
        with: impl for<'g, 'o> Fn(&'g mut G, &'o RunOptions) -> WithOptions<'o, &'g mut G>,
        into_with: impl Fn(G, &RunOptions) -> WithOptions<'_, G>,
        check: impl for<'g> Fn(G::Results<'g>),
    ) {
        let (executor, options) = (executor(2), RunOptions::new().catch_panics());
        check(with(&mut graph, &options).run().expect("nothing fails"));
        check(with(&mut graph, &options).run_parallel(&executor).expect("nothing fails"));
        check(pollster::block_on(with(&mut graph, &options).run_async()).expect("nothing fails"));
        check(
            pollster::block_on(with(&mut graph, &options).run_parallel_async(&executor))
                .expect("nothing fails"),
        );
        let token = CancelToken::new();
        token.cancel();
        let cancelled = RunOptions::new().cancel_token(&token).policy(FailurePolicy::KeepGoing);
        assert!(with(&mut graph, &cancelled).run().err().expect("it is cancelled").is_cancelled());
        assert!(
            with(&mut graph, &cancelled)
                .run_parallel(&executor)
                .err()
                .expect("it is cancelled")
                .is_cancelled()
        );
        let run = with(&mut graph, &cancelled).run_async();
        assert!(pollster::block_on(run).err().expect("it is cancelled").is_cancelled());
        let run = with(&mut graph, &cancelled).run_parallel_async(&executor);
        assert!(pollster::block_on(run).err().expect("it is cancelled").is_cancelled());
        let (graph, outcome) = into_with(graph, &cancelled).spawn(&executor).join();
        assert!(outcome.expect_err("it is cancelled").is_cancelled());
        let (mut graph, outcome) = into_with(graph, &options).spawn(&executor).join();
        outcome.expect("nothing fails");
        check(with(&mut graph, &options).run().expect("nothing fails"));
    }

    let mut graph = GraphBuilder::new();
    let answer = graph.node("answer", (), || 42);
    let graph = graph.build().expect("a valid graph");
    run(
        graph,
        |graph, options| graph.with(options),
        Graph::into_with,
        |results| assert_eq!(results[answer], 42),
    );

    fn answer_of_all() -> i32 {
        42
    }
    let graph = create_graph! { answer_of_all: [] }.expect("a valid graph");
    run(
        graph,
        |graph, options| graph.with(options),
        dgraph_exec::FnGraph::into_with,
        |results| assert_eq!(results.get(answer_of_all), Some(&42)),
    );
}

/// Options are the caller's, and serve any number of runs; what only some nodes are wanted for is no copy.
#[test]
fn options_are_borrowed() {
    let mut graph = GraphBuilder::new();
    let (one, two) = (graph.node("one", (), || 1), graph.node("two", (), || 2));
    let mut graph = graph.build().expect("a valid graph");
    let options = RunOptions::new().only([one]);
    for _ in 0..2 {
        let results = graph.with(&options).run().expect("no node fails");
        assert_eq!((results.get(one), results.get(two)), (Ok(&1), Err(NoResult::NotNeeded)));
        let run = graph.with(&options).run_async();
        assert_eq!(pollster::block_on(run).expect("no node fails").get(two), Err(NoResult::NotNeeded));
    }
    // Those of a run that is a future need not live as long as that.
    let run = graph.with(&RunOptions::new().only([two])).run_async();
    assert_eq!(pollster::block_on(run).expect("no node fails").get(one), Err(NoResult::NotNeeded));
}

/// A handle becomes what is asked for: a handle without a type, or the node's number.
#[test]
fn handles_become_numbers() {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u8>("input");
    let node = graph.node("node", input, |x: &u8| *x);
    let any: [AnyNode; 2] = [input.into(), node.into()];
    assert_eq!(any, [input.any(), node.any()]);
    assert_eq!(any.map(AnyNode::id), [0, 1].map(NodeId::new));
    assert_eq!([NodeId::from(input), NodeId::from(node)], any.map(NodeId::from));
    assert_eq!([input.id(), node.id()], any.map(AnyNode::id));
    let other = graph.node("other", input, |x: &u8| *x);
    assert_eq!(other.id(), NodeId::new(2));
    assert!(node.outcome() == node.outcome() && node.outcome() != other.outcome());
    assert_eq!(format!("{:?}", other.outcome()), "OutcomeOf(2)");
    let mut local = GraphBuilder::new_local();
    let here = local.local().node("here", (), || Rc::new(1));
    assert_eq!(
        format!("{here:?} {:?} {:?} {:?}", here.moved(), here.any(), here.id()),
        "Node(0) Moved(0) AnyNode(0) 0"
    );
    let later = local.declare::<u8>("later");
    assert_eq!(format!("{later:?} {:?}", local.local()), "Declared(1) {here: [], later: []}");
}
