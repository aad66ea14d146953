//! Typed graphs: values that come from the caller, and values that are handed over.

use crate::support::counted::{Counted, Counter};
use crate::support::runner::{Runner, over_typed_runners};
use dgraph_exec::{GraphBuilder, NoResult, RunOptions};

over_typed_runners!(
    moved_into_the_only_dependent,
    moved_and_lent_in_one_list,
    several_moved_into_one,
    inputs_last_over_runs,
    inputs_changed_in_place,
    inputs_moved_are_unset,
);

fn moved_into_the_only_dependent(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let made = graph.node("made", (), || counter.make(3));
    let kept = graph.node("kept", (made.moved(),), |mut made: Counted| {
        made.value += 1;
        made
    });
    let witness = graph.node("witness", (), || ());
    graph.after(witness, [made]);
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..5 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[kept].value, counter.alive()), (4, 1));
        let Err(NoResult::Moved { into }) = results.get(made) else { panic!("it was moved") };
        assert_eq!((into.name(), into.id()), ("kept", kept.id()));
    }
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn moved_and_lent_in_one_list(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let words = graph.node("words", (), || vec!["c", "a", "b"]);
    let suffix = graph.node("suffix", (), || String::from("!"));
    let number = graph.input::<usize>("number");
    let taken = |mut words: Vec<&'static str>, suffix: &String, number: &usize| {
        words.sort_unstable();
        format!("{}{}", words.concat(), suffix.repeat(*number))
    };
    let joined = graph.node("joined", (words.moved(), suffix, number), taken);
    let mut graph = graph.build().expect("a valid graph");
    for run in 0..3 {
        graph.set(number, run);
        let results = runner.typed(&mut graph);
        assert_eq!(results[joined], format!("abc{}", "!".repeat(run)));
        assert_eq!(results[suffix], "!");
    }
}

fn several_moved_into_one(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let [a, b, c] = [1, 2, 3].map(|value| {
        graph.node("", (), {
            let counter = counter.clone();
            move || counter.make(value)
        })
    });
    let sum = graph.node("sum", (a.moved(), b, c.moved()), |a: Counted, b: &Counted, c: Counted| {
        100 * a.value + 10 * b.value + c.value
    });
    let mut graph = graph.build().expect("a valid graph");
    for _ in 0..3 {
        assert_eq!(runner.typed(&mut graph)[sum], 123);
        assert_eq!(counter.alive(), 1);
    }
}

fn inputs_last_over_runs(runner: &Runner) {
    let counter = Counter::default();
    let mut graph = GraphBuilder::new();
    let (x, y) = (graph.input("x"), graph.input::<u64>("y"));
    let sum = graph.node("sum", (x, y), |x: &Counted, y: &u64| x.value + y);
    let mut graph = graph.build().expect("a valid graph");
    assert!(graph.set(x, counter.make(1)).is_none());
    assert_eq!(graph.set(y, 10), None);
    for _ in 0..3 {
        let results = runner.typed(&mut graph);
        assert_eq!((results[sum], results[x].value, results[y]), (11, 1, 10));
    }
    assert_eq!(graph.set(y, 20), Some(10));
    assert_eq!(graph.set(x, counter.make(2)).map(|old| old.value), Some(1));
    assert_eq!((runner.typed(&mut graph)[sum], counter.alive()), (22, 1));
    drop(graph);
    assert_eq!(counter.alive(), 0);
}

fn inputs_changed_in_place(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let list = graph.input::<Vec<u32>>("list");
    let sum = graph.node("sum", (list,), |list: &Vec<u32>| list.iter().sum::<u32>());
    let mut graph = graph.build().expect("a valid graph");
    assert!(graph.input_mut(list).is_none());
    graph.set(list, Vec::new());
    for number in 1..5 {
        graph.input_mut(list).expect("it is set").push(number);
        assert_eq!(runner.typed(&mut graph)[sum], number * (number + 1) / 2);
    }
}

fn inputs_moved_are_unset(runner: &Runner) {
    let mut graph = GraphBuilder::new();
    let text = graph.input::<String>("text");
    let upper = graph.node("upper", (text.moved(),), |text: String| text.to_uppercase());
    let mut graph = graph.build().expect("a valid graph");
    for word in ["one", "two"] {
        let error = runner.typed_with(&mut graph, &RunOptions::new()).expect_err("unset");
        assert_eq!(error.to_string(), "inputs not set: text");
        assert!(graph.set(text, word.into()).is_none());
        assert_eq!(runner.typed(&mut graph)[upper], word.to_uppercase());
    }
}
