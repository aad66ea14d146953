//! Messages of errors are short, however many nodes they are about and however long their names are; the
//! whole list is to be had from the error. `Debug` is what `main` prints, so it is as short, and can be read.

use dgraph_exec::{
    CancelToken, Dag, DictionaryError, Executor, ExecutorError, FailurePolicy, GraphBuilder, GraphError,
    KeyedGraph, NoResult, RunError, RunOptions,
};
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

const MANY: usize = 10_000;
/// "Some hundred bytes".
const SHORT: usize = 700;

/// Short, in both forms, and so are those of its sources that are this library's.
fn is_short(error: &(dyn Error + 'static), ends: [&str; 2]) {
    for text in [error.to_string(), format!("{error:?}")] {
        assert!(text.len() <= SHORT, "{} bytes: {text}", text.len());
        assert!(ends.iter().all(|end| text.contains(end)), "{ends:?} in {text}");
    }
    let debug = format!("{error:?}");
    assert!(debug.starts_with(&error.to_string()[..error.to_string().len().min(100)]), "{debug}");
    assert!(!debug.contains(" { ") && !debug.contains('\n'), "{debug}");
}

fn long(start: &str) -> String {
    format!("{start}{}the end", "x".repeat(1_000_000))
}

fn many() -> impl Iterator<Item = String> {
    (0..MANY).map(|number| format!("simulate-cell-{number}"))
}

fn cancelled() -> RunOptions {
    let token = CancelToken::new();
    token.cancel();
    RunOptions::new().cancel_token(&token)
}

#[test]
fn of_runs_with_many_nodes() {
    let mut graph = GraphBuilder::new();
    many().for_each(|name| _ = graph.try_node(name, (), || Err::<(), _>("no")));
    let mut graph = graph.build().expect("a valid graph");
    let first = ["simulate-cell-0, simulate-cell-1", "and 9995 more"];

    let error = graph.with(&cancelled()).run().expect_err("cancelled");
    is_short(&error, first);
    assert!(matches!(error, RunError::Cancelled { not_run, .. } if not_run.len() == MANY));
    let error = graph.with(&RunOptions::new().deadline(Instant::now())).run().expect_err("late");
    is_short(&error, first);
    assert!(matches!(error, RunError::DeadlineExceeded { not_run, .. } if not_run.len() == MANY));
    let error = graph
        .with(&RunOptions::new().policy(FailurePolicy::KeepGoing))
        .run()
        .expect_err("each of them fails");
    is_short(&error, first);
    assert_eq!(error.failures().len(), MANY);

    let mut graph = GraphBuilder::new();
    let inputs: Vec<_> = many().map(|name| graph.input::<u8>(name)).collect();
    let mut graph = graph.build().expect("a valid graph");
    let error = graph.run().expect_err("nothing is set");
    is_short(&error, first);
    assert!(matches!(error, RunError::UnsetInputs(nodes) if nodes.len() == MANY));
    let mut other = GraphBuilder::new().build().expect("a valid graph");
    let error = other.with(&RunOptions::new().only(inputs)).run().expect_err("nodes of another graph");
    is_short(&error, ["0, 1, 2, 3, 4", "and 9995 more"]);
    assert!(matches!(error, RunError::ForeignTargets(nodes) if nodes.len() == MANY));
}

#[test]
fn of_runs_with_a_long_name() {
    let ends = ["bad xxx", "the end"];
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u8>(long("bad "));
    let bad = graph.node(long("bad "), (input,), |_: &u8| -> u8 { panic!("{}", long("no ")) });
    graph.try_node(long("bad "), (), || Err::<(), _>(long("bad ")));
    graph.on_worker(bad, 7);
    let mut graph = graph.build().expect("a valid graph");
    is_short(&graph.run().expect_err("not set"), ends);
    graph.set(input, 1);
    let executor = Executor::builder().threads(1).build().expect("an executor");
    is_short(&graph.run_parallel(&executor).expect_err("no such worker"), ["bad xxx", "worker 7"]);
    let options = RunOptions::new().catch_panics();
    let error = graph.with(&options).run().expect_err("a panic");
    is_short(&error, ["bad xxx", "(no xxx"]);
    assert!(error.panicked().and_then(|panic| panic.message()).is_some_and(|text| text.len() > 1_000_000));
    // The message of a panic is one, too.
    let payload = catch_unwind(AssertUnwindSafe(|| graph.results()[bad])).expect_err("it panicked");
    let text = payload.downcast_ref::<String>().expect("a message");
    assert!(text.len() < SHORT && text.contains("the end panicked"), "{text}");

    let mut graph = GraphBuilder::new();
    let bad = graph.try_node(long("bad "), (), || Err::<u8, _>(long("broken ")));
    let behind = graph.node("behind", (bad,), |_: &u8| ());
    let mut graph = graph.build().expect("a valid graph");
    let error = graph.run().expect_err("it fails");
    is_short(&error, ends);
    is_short(&error.failures()[0], ends);
    assert_eq!(error.failures()[0].node().name(), long("bad "));
    assert_eq!(error.failures()[0].error().to_string(), long("broken "));
    is_short(&graph.results().why_absent(behind).expect("skipped"), ends);
}

/// The deepest reason is shown, however long the way to it is.
#[test]
fn of_errors_with_many_sources() {
    #[derive(Debug)]
    struct Deep(usize);
    impl fmt::Display for Deep {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "level {} of an error that has a source, as errors have", self.0)
        }
    }
    impl Error for Deep {
        fn source(&self) -> Option<&(dyn Error + 'static)> {
            // Without an end, if nobody stops.
            Some(match self.0 {
                0 => &Deep(1),
                1 => &Deep(2),
                _ => &Deep(1),
            })
        }
    }
    let mut graph = GraphBuilder::new();
    graph.try_node("deep", (), || Err::<(), _>(Deep(0)));
    let error = graph.build().expect("a valid graph").run().map(drop).expect_err("it fails");
    is_short(&error, ["1 node failed: deep", "deep"]);
    assert!(format!("{error:?}").contains("level 0"), "{error:?}");
}

#[test]
fn what_main_prints() {
    fn run() -> Result<(), Box<dyn Error>> {
        let mut graph = GraphBuilder::new();
        graph.try_node("parse", (), || "x".parse::<i32>());
        graph.build()?.run()?;
        Ok(())
    }
    let error = run().expect_err("x is no number");
    assert_eq!(
        format!("{error:?}"),
        "1 node failed: parse: node parse failed: invalid digit found in string"
    );
}

fn definition(build: impl FnOnce(&mut GraphBuilder<'_>), ends: [&str; 2]) -> GraphError {
    let mut graph = GraphBuilder::new();
    build(&mut graph);
    let error = graph.build().expect_err("a fault");
    is_short(&error, ends);
    error
}

#[test]
fn of_definitions() {
    let first = ["simulate-cell-0, simulate-cell-1", "and 9995 more"];
    let mut other = GraphBuilder::new();
    let stranger = other.node("stranger", (), || 1);
    let error =
        definition(|graph| many().for_each(|name| _ = graph.node(name, (stranger,), |_: &i32| ())), first);
    assert!(matches!(error, GraphError::ForeignHandles(nodes) if nodes.len() == MANY));
    let error = definition(|graph| many().for_each(|name| _ = graph.declare::<u8>(name)), first);
    assert!(matches!(error, GraphError::Undefined(nodes) if nodes.len() == MANY));
    let bound = |graph: &mut GraphBuilder<'_>| {
        for name in many() {
            let node = graph.node(name, (), || 1);
            graph.on_caller(node);
            graph.on_worker(node, 1);
        }
    };
    assert!(matches!(definition(bound, first), GraphError::BoundTwice(nodes) if nodes.len() == MANY));
    for (permits, times) in [(0, 1), (1, 2)] {
        let limited = |graph: &mut GraphBuilder<'_>| {
            let limit = graph.limit(permits);
            for name in many() {
                let node = graph.node(name, (), || 1);
                (0..times).for_each(|_| graph.limited(node, limit));
            }
        };
        match definition(limited, first) {
            GraphError::LimitOfZero(nodes) => assert_eq!((nodes.len(), times), (MANY, 1)),
            GraphError::LimitedTwice(nodes) => assert_eq!((nodes.len(), times), (MANY, 2)),
            other => panic!("{other}"),
        }
    }
    let cycle = |graph: &mut GraphBuilder<'_>| {
        let nodes: Vec<_> = many().map(|name| graph.node(name, (), || 1)).collect();
        for pair in nodes.windows(2) {
            graph.after(pair[0], [pair[1]]);
        }
        graph.after(nodes[MANY - 1], [nodes[0]]);
    };
    let error =
        definition(cycle, ["simulate-cell-0 -> simulate-cell-1 -> ", "(9995 more) -> simulate-cell-0"]);
    assert!(matches!(error, GraphError::Cycle(path) if path.len() == MANY + 1));
    let moved = |graph: &mut GraphBuilder<'_>| {
        let node = graph.node(long("bad "), (), || 1);
        graph.node(long("bad "), (node.moved(),), |_: i32| ());
        graph.node(long("bad "), (node,), |_: &i32| ());
    };
    definition(moved, ["bad xxx", "the end depends on it too"]);
}

#[test]
fn of_dictionaries() {
    fn failed(tasks: impl Iterator<Item = (String, Option<String>)>) -> DictionaryError<String> {
        let mut graph = KeyedGraph::builder();
        for (key, needs) in tasks {
            graph = graph.task(key, needs, |_| ());
        }
        graph.build().map(drop).expect_err("a fault")
    }
    let error = failed(many().chain(many()).map(|key| (key, None)));
    is_short(&error, [r#""simulate-cell-0", "simulate-cell-1""#, "and 9995 more"]);
    assert!(matches!(error, DictionaryError::DuplicateKeys(keys) if keys.len() == MANY));
    let error = failed(many().map(|key| (format!("needs {key}"), Some(key))));
    is_short(&error, [r#""simulate-cell-0" (needed by "needs simulate-cell-0")"#, "and 9995 more"]);
    assert!(matches!(error, DictionaryError::MissingKeys(keys) if keys.len() == MANY));
    let error = failed(many().zip(many().skip(1).chain(many().take(1)).map(Some)));
    is_short(&error, [r#""simulate-cell-0" -> "simulate-cell-1""#, r#"(9995 more) -> "simulate-cell-0""#]);
    assert!(matches!(error, DictionaryError::Cycle(path) if path.len() == MANY + 1));
    is_short(
        &failed([(long("bad "), Some(long("none ")))].into_iter()),
        ["\"none xxx", "needed by \"bad xxx"],
    );
    is_short(&failed([(long("bad "), Some(long("bad ")))].into_iter()), ["\"bad xxx", "the end\""]);
}

#[test]
fn of_bare_graphs() {
    let edges: Vec<_> = (0..MANY as u32).map(|node| ((node + 1) % MANY as u32, node)).collect();
    let error = Dag::from_edges(MANY, &edges).expect_err("a cycle");
    is_short(&error, ["dependency cycle: 0 -> 1 -> 2 -> ", "-> (9995 more) -> 0"]);
    let error = Dag::from_edges(1, &[(0, 7)]).expect_err("no such node");
    assert_eq!(format!("{error:?}"), error.to_string());
}

#[test]
fn of_executors() {
    let name = |_| format!("bad {}\0the end", "x".repeat(1_000_000));
    let error = Executor::builder().threads(2).thread_names(name).build().map(drop).expect_err("a NUL");
    is_short(&error, ["bad xxx", "the end\""]);
    let usable = (0..MANY).collect();
    let error = ExecutorError::CoreRefused { core: 77, usable };
    is_short(&error, ["core 77 can't be had; this thread may use [0, 1, 2", "and 9995 more]"]);
    assert_eq!(format!("{:?}", NoResult::Unset), "is an input that was not set");
}
