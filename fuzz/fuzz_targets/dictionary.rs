//! Arbitrary dictionaries: duplicates and missing keys are all listed, a cycle is real, and otherwise each
//! task is fed what is listed, in that order, on one thread and on several.
#![no_main]

use dgraph_exec::{Args, DictionaryError, Executor, KeyedGraph};
use dgraph_tests::oracle;
use libfuzzer_sys::fuzz_target;
use std::collections::HashMap;
use std::sync::LazyLock;

static EXECUTOR: LazyLock<Executor> =
    LazyLock::new(|| Executor::builder().threads(2).build().expect("no special demands"));

/// A key, the keys that it depends on, whether it gives nothing.
type Task = (&'static str, Vec<&'static str>, bool);

static NAMES: LazyLock<Vec<String>> = LazyLock::new(|| (0..=255).map(|name| format!("n{name}")).collect());

/// The first byte tells what may be wrong: keys that are there already, dependencies that are no key, such
/// that make cycles. Then each task is a byte and those of its dependencies, up to seven.
fn decode(mut bytes: &[u8]) -> Vec<Task> {
    let Some(kind) = bytes.split_off_first() else { return Vec::new() };
    let mut rows = Vec::new();
    while let Some(head) = bytes.split_off_first() {
        let count = usize::from(head % 8).min(bytes.len());
        rows.push((*head, bytes.split_off(..count).expect("there are as many")));
    }
    rows.truncate(250);
    let last = rows.len();
    let task = |(number, (head, listed)): (usize, (u8, &[u8]))| {
        let key = if kind & 1 != 0 && head >= 248 { number / 2 } else { number };
        let name = |&at: &u8| {
            let at = usize::from(at);
            let among = if kind & 4 != 0 { last } else { number };
            let place = if kind & 2 != 0 && at >= 250 { Some(at) } else { at.checked_rem(among) };
            place.map(|place| NAMES[place].as_str())
        };
        (NAMES[key].as_str(), listed.iter().filter_map(name).collect(), head & 8 != 0)
    };
    rows.into_iter().enumerate().map(task).collect()
}

fuzz_target!(|bytes: &[u8]| {
    let tasks = decode(bytes);
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
        Err(DictionaryError::DuplicateKeys(keys)) => assert_eq!(keys, duplicates(&tasks)),
        Err(DictionaryError::MissingKeys(keys)) => {
            assert_eq!(duplicates(&tasks), Vec::<&str>::new());
            assert!(!keys.is_empty());
            assert_eq!(keys.iter().map(|one| (one.key, one.needed_by)).collect::<Vec<_>>(), missing(&tasks));
        }
        Err(DictionaryError::Cycle(path)) => {
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
    let seed = key.bytes().fold(1, |sum, byte| sum * 31 + u64::from(byte));
    fed.fold(seed, |sum, fed| sum.wrapping_mul(31).wrapping_add(fed))
}

/// Each repetition of a key.
fn duplicates(tasks: &[Task]) -> Vec<&'static str> {
    let repeated = |at: usize| tasks[..at].iter().any(|(key, ..)| *key == tasks[at].0);
    (0..tasks.len()).filter(|&at| repeated(at)).map(|at| tasks[at].0).collect()
}

/// Each dependency that is no key, with who needs it.
fn missing(tasks: &[Task]) -> Vec<(&'static str, &'static str)> {
    let is_key = |name: &str| tasks.iter().any(|(key, ..)| *key == name);
    let needs = |(key, listed, _): &Task| {
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

/// What each task gives: rounds through all tasks, until one changes nothing. `None` if some never get their
/// turn.
fn values(tasks: &[Task]) -> Option<HashMap<&'static str, Option<u64>>> {
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
