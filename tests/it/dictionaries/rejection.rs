//! A dictionary that is no dependency graph is refused when it is built, with a message that names the fault.

use dgraph_exec::{DictionaryError, FnKey, KeyedGraph, create_graph};

fn build(dependencies: &[(&'static str, &[&'static str])]) -> Result<(), DictionaryError<&'static str>> {
    let mut builder = KeyedGraph::builder();
    for &(key, listed) in dependencies {
        builder = builder.task(key, listed.iter().copied(), |_| ());
    }
    builder.build().map(|_| ())
}

/// The reported path must be a cycle of the dictionary: first equals last, each lists the next.
fn refused_with_a_real_cycle(dependencies: &[(&'static str, &[&'static str])]) -> String {
    let error = build(dependencies).expect_err("there is a cycle");
    let DictionaryError::Cycle(path) = &error else { panic!("{error}") };
    assert!(path.len() >= 2 && path.first() == path.last(), "{path:?}");
    for pair in path.windows(2) {
        let (_, listed) = dependencies.iter().find(|(key, _)| *key == pair[0]).expect("a key");
        assert!(listed.contains(&pair[1]), "{} doesn't depend on {}", pair[0], pair[1]);
    }
    error.to_string()
}

#[test]
fn cycle_of_three() {
    let message = refused_with_a_real_cycle(&[("a", &["b"]), ("b", &["c"]), ("c", &["a"])]);
    assert_eq!(message, r#"dependency cycle: "a" -> "b" -> "c" -> "a""#);
}

#[test]
fn self_loop() {
    assert_eq!(refused_with_a_real_cycle(&[("1", &["1"])]), r#"dependency cycle: "1" -> "1""#);
}

#[test]
fn cycle_of_two() {
    refused_with_a_real_cycle(&[("1", &["2"]), ("2", &["1"])]);
}

#[test]
fn two_disjoint_cycles() {
    refused_with_a_real_cycle(&[("a", &["b"]), ("b", &["a"]), ("c", &["d"]), ("d", &["c"])]);
}

#[test]
fn cycle_in_the_middle() {
    refused_with_a_real_cycle(&[
        ("source", &[]),
        ("a", &["source", "c"]),
        ("b", &["a"]),
        ("c", &["b"]),
        ("sink", &["c"]),
    ]);
}

#[test]
fn a_node_that_leads_into_a_cycle_comes_first() {
    let message = refused_with_a_real_cycle(&[("outside", &["a"]), ("a", &["b"]), ("b", &["a"])]);
    assert!(!message.contains("outside"), "{message}");
}

#[test]
fn missing_keys_are_all_listed() {
    let error = build(&[("a", &["x", "b"]), ("b", &["y", "x"])]).expect_err("keys are missing");
    assert_eq!(
        error.to_string(),
        r#"missing keys: "x" (needed by "a"), "y" (needed by "b"), "x" (needed by "b")"#
    );
}

#[test]
fn keys_declared_twice_are_all_listed() {
    let error =
        build(&[("a", &[]), ("b", &[]), ("a", &["b"]), ("b", &[]), ("a", &[])]).expect_err("duplicates");
    assert_eq!(error, DictionaryError::DuplicateKeys(vec!["a", "b", "a"]));
    assert_eq!(error.to_string(), r#"declared more than once: "a", "b", "a""#);
}

#[test]
fn functions() {
    fn a(_: &i32) -> i32 {
        1
    }
    fn b(_: &i32) -> i32 {
        2
    }
    fn c() -> i32 {
        3
    }
    let message = |error: DictionaryError<FnKey>| error.to_string();
    assert_eq!(
        create_graph! { a: [b], b: [a] }.map_err(message).err().as_deref(),
        Some("dependency cycle: a -> b -> a")
    );
    assert_eq!(
        create_graph! { a: [c], b: [c] }.map_err(message).err().as_deref(),
        Some("missing keys: c (needed by a), c (needed by b)")
    );
    assert_eq!(
        create_graph! { c: [], c: [] }.map_err(message).err().as_deref(),
        Some("declared more than once: c")
    );
}

#[test]
fn async_functions() {
    async fn a(_: &i32) -> i32 {
        1
    }
    fn b(_: &i32) -> i32 {
        2
    }
    async fn c() -> i32 {
        3
    }
    let message = |error: DictionaryError<FnKey>| error.to_string();
    assert_eq!(
        create_graph! { a: [b], b: [a], c: [] }.map_err(message).err().as_deref(),
        Some("dependency cycle: a -> b -> a")
    );
    assert_eq!(create_graph! { a: [a] }.map_err(message).err().as_deref(), Some("dependency cycle: a -> a"));
    assert_eq!(
        create_graph! { a: [c], b: [c] }.map_err(message).err().as_deref(),
        Some("missing keys: c (needed by a), c (needed by b)")
    );
    assert_eq!(
        create_graph! { c: [], a: [b], c: [] }.map_err(message).err().as_deref(),
        Some("declared more than once: c")
    );
}
