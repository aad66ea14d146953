//! Runs of one definition at once, on workers that they share.

use super::beside_workers_of;
use crate::sync::model::{explore, thread};
use crate::wake::models::{Gate, block_on};
use crate::{Definition, DefinitionBuilder, Executor, Input, Node};
use std::future::poll_fn;
use std::sync::Arc;

type Gates = Arc<[Gate; 2]>;

/// Two nodes that wait for a gate each, behind a common one, and one that adds up all.
fn definition(most: Option<usize>) -> (Definition<'static>, Input<(usize, Gates)>, Node<usize>) {
    let mut graph = DefinitionBuilder::new();
    let input = graph.input::<(usize, Gates)>("input");
    let first = graph.node("first", (input,), |input: &(usize, Gates)| input.0);
    let [a, b] = [0, 1].map(|gate| {
        graph.async_node("waits", (input, first), move |input: &(usize, Gates), first: &usize| {
            let (gates, first) = (Arc::clone(&input.1), *first);
            poll_fn(move |context| gates[gate].poll(context).map(|()| first + gate))
        })
    });
    let sum = graph.node("sum", (a, b, first), |a: &usize, b: &usize, first: &usize| a + b + first);
    most.into_iter().for_each(|most| graph.at_most(most));
    (graph.build().expect("a valid graph"), input, sum)
}

/// Each run finds its own inputs, counters, futures and results, whoever else runs the same closures; and
/// gives its memory to the next one. If there is only one, they wait for it.
fn runs_at_once(most: Option<usize>) {
    explore(3, move || {
        beside_workers_of(3, 2, |shared| {
            let executor = Arc::new(Executor::of_model(Arc::clone(shared), 3));
            let (definition, input, sum) = definition(most);
            let callers: Vec<_> = (0..2)
                .map(|caller| {
                    let (executor, definition) = (Arc::clone(&executor), definition.clone());
                    thread::spawn(move || {
                        for run in 0..2 {
                            let (value, gates) = (10 * caller + run, Gates::default());
                            let mut instance = block_on(&mut definition.acquire());
                            instance.set(input, (value, Arc::clone(&gates)));
                            let opener = thread::spawn(move || gates.iter().for_each(Gate::open));
                            assert!(block_on(&mut instance.run_parallel_async(&executor)).is_ok());
                            assert_eq!(instance.result(sum), Ok(&(3 * value + 1)));
                            opener.join().expect("no panic");
                        }
                    })
                })
                .collect();
            callers.into_iter().for_each(|caller| caller.join().expect("no panic"));
        });
    });
}

#[test]
fn run_of_one_definition_by_two() {
    runs_at_once(None);
}

#[test]
fn run_of_one_definition_with_one_instance() {
    runs_at_once(Some(1));
}
