//! Updates that stop where a result is equal to the last one.

mod endings;
mod gone;
mod random;
mod stops;

use crate::support::counted::Counted;
use crate::support::runner::Runner;
use dgraph_exec::{Graph, GraphBuilder, Input, Node, RunOptions};
use std::mem;
use std::sync::Mutex;

fn update() -> RunOptions {
    RunOptions::new().update()
}

/// Who has run.
#[derive(Default)]
struct Log(Mutex<String>);

impl Log {
    fn note(&self, name: &str) {
        self.0.lock().expect("no panic").push_str(name);
    }

    fn taken(&self) -> String {
        let mut names: Vec<_> = mem::take(&mut *self.0.lock().expect("no panic")).chars().collect();
        names.sort_unstable();
        names.into_iter().collect()
    }
}

fn run(runner: &Runner, graph: &mut Graph<'_>) {
    runner.typed_with(graph, &update()).map(drop).expect("no node fails");
}

/// An input, half of it (compared), one more than that.
fn halves(log: &Log) -> (GraphBuilder<'_>, Input<u32>, [Node<u32>; 2]) {
    let mut graph = GraphBuilder::new();
    let input = graph.input::<u32>("input");
    let half = graph.node("half", input, |input: &u32| {
        log.note("h");
        input / 2
    });
    let next = graph.node("next", half, |half: &u32| {
        log.note("n");
        half + 1
    });
    graph.cutoff(half);
    (graph, input, [half, next])
}

/// Equal to those of the same value.
struct Half(Counted);

impl PartialEq for Half {
    fn eq(&self, other: &Self) -> bool {
        self.0.get() == other.0.get()
    }
}

/// Equal to all others.
struct Same(Counted);

impl PartialEq for Same {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}
