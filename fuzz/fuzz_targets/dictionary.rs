//! Arbitrary dictionaries: duplicates and missing keys are all listed, a cycle is real, and otherwise each task is fed
//! what is listed, in that order, on one thread and on several.
#![no_main]

use dgraph_exec::{Args, Executor, GraphError, KeyedGraph};
use dgraph_tests::oracle;
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use std::sync::LazyLock;

static EXECUTOR: LazyLock<Executor> =
    LazyLock::new(|| Executor::builder().threads(2).build().expect("no special demands"));

/// A key, its dependencies by their places among all names (so that most of them exist), whether it gives nothing.
type Entry<'a> = (&'a str, Vec<u8>, bool);

fuzz_target!(|input: (Vec<&str>, Vec<Entry>)| {
    let (strangers, entries) = input;
    let names: Vec<&str> = entries.iter().map(|(key, ..)| *key).chain(strangers).collect();
    let tasks: Vec<(&str, Vec<&str>, bool)> = entries
        .iter()
        .map(|(key, listed, nothing)| {
            (*key, listed.iter().map(|&at| names[usize::from(at) % names.len()]).collect(), *nothing)
        })
        .collect();
    let mut builder = KeyedGraph::builder();
    for (key, listed, nothing) in &tasks {
        let task = move |args: Args<'_, u64>| (!nothing).then(|| value(key, args.iter().copied()));
        builder = builder.task(*key, listed.clone(), task);
    }
    match builder.build() {
        Ok(mut graph) => {
            assert_eq!((duplicates(&tasks), missing(&tasks)), (vec![], vec![]));
            let expected = values(&tasks).expect("a cycle was overlooked");
            for _ in 0..2 {
                let results = graph.run().expect("no task fails");
                assert!(results.iter().all(|(key, value)| expected[key] == value.copied()));
                let results = graph.run_parallel(&EXECUTOR).expect("no task fails");
                assert!(results.iter().all(|(key, value)| expected[key] == value.copied()));
                assert_eq!(results.iter().count(), tasks.len());
            }
        }
        Err(GraphError::DuplicateKeys(keys)) => assert_eq!(keys, duplicates(&tasks)),
        Err(GraphError::MissingKeys(keys)) => {
            assert_eq!(duplicates(&tasks), Vec::<&str>::new());
            assert!(!keys.is_empty());
            assert_eq!(keys.iter().map(|one| (one.key, one.needed_by)).collect::<Vec<_>>(), missing(&tasks));
        }
        Err(GraphError::Cycle(path)) => {
            let place = |key: &str| tasks.iter().position(|(other, ..)| *other == key).expect("a key") as u32;
            let edges: Vec<(u32, u32)> = tasks
                .iter()
                .flat_map(|(key, listed, _)| listed.iter().map(move |before| (place(before), place(key))))
                .collect();
            let path: Vec<u32> = path.into_iter().map(place).collect();
            assert!(oracle::is_real_cycle(&edges, &path));
        }
        Err(other) => panic!("{other}"),
    }
});

fn value(key: &str, fed: impl Iterator<Item = u64>) -> u64 {
    fed.fold(key.len() as u64 + 1, |sum, fed| sum.wrapping_mul(31).wrapping_add(fed))
}

/// Each repetition of a key.
fn duplicates<'a>(tasks: &[(&'a str, Vec<&'a str>, bool)]) -> Vec<&'a str> {
    let repeated = |at: usize| tasks[..at].iter().any(|(key, ..)| *key == tasks[at].0);
    (0..tasks.len()).filter(|&at| repeated(at)).map(|at| tasks[at].0).collect()
}

/// Each dependency that is no key, with who needs it.
fn missing<'a>(tasks: &[(&'a str, Vec<&'a str>, bool)]) -> Vec<(&'a str, &'a str)> {
    let is_key = |name: &str| tasks.iter().any(|(key, ..)| *key == name);
    let needs = |(key, listed, _): &(&'a str, Vec<&'a str>, bool)| {
        let key = *key;
        listed
            .clone()
            .into_iter()
            .filter(|name| !is_key(name))
            .map(move |name| (name, key))
            .collect::<Vec<_>>()
    };
    tasks.iter().flat_map(needs).collect()
}

/// What each task gives: rounds through all tasks, until one changes nothing. `None` if some never get their turn.
fn values<'a>(tasks: &[(&'a str, Vec<&'a str>, bool)]) -> Option<HashMap<&'a str, Option<u64>>> {
    let mut values: HashMap<&str, Option<u64>> = HashMap::new();
    loop {
        let before = values.len();
        for (key, listed, nothing) in tasks {
            if listed.iter().all(|name| values.contains_key(name)) {
                let fed = listed.iter().filter_map(|name| values[name]);
                let given = (!nothing).then(|| value(key, fed));
                values.insert(key, given);
            }
        }
        if values.len() == before {
            return (before == tasks.len()).then_some(values);
        }
    }
}
