//! Arbitrary bytes as a workflow file of either format, and right files of which some bytes are replaced: an
//! answer on one line, never a panic. A workflow can be written and read again, and is a graph exactly if
//! petgraph finds no cycle.
#![no_main]

use arbitrary::Unstructured;
use dgraph_tests::error::Reason;
use dgraph_tests::workflow::{self, Workflow};
use dgraph_tests::{oracle, tsv};
use libfuzzer_sys::fuzz_target;
use petgraph::algo::is_cyclic_directed;
use petgraph::graph::DiGraph;
use std::fmt::Write;

fuzz_target!(|bytes: &[u8]| match bytes {
    [kind @ (0 | 1), rest @ ..] => check(&written(*kind == 0, rest).unwrap_or_default()),
    _ => check(bytes),
});

/// A file of one format or the other, of which a few bytes are replaced.
fn written(as_tsv: bool, bytes: &[u8]) -> arbitrary::Result<Vec<u8>> {
    let mut bytes = Unstructured::new(bytes);
    let writes: Vec<(u16, u8)> =
        (0..bytes.int_in_range(0..=3)?).map(|_| bytes.arbitrary()).collect::<arbitrary::Result<_>>()?;
    let nodes: u8 = bytes.int_in_range(1..=24)?;
    let mut text = if as_tsv { String::new() } else { String::from("version = 4\n") };
    for node in 0..nodes {
        let kind: u8 = bytes.arbitrary()?;
        // Downwards, but for some, which may close a cycle.
        let below = if kind >= 0xF0 { nodes } else { node };
        let number = if below == 0 { 0 } else { kind % 4 };
        let before: Vec<u8> =
            (0..number).map(|_| bytes.int_in_range(0..=below - 1)).collect::<arbitrary::Result<_>>()?;
        let listed = |one: fn(&u8) -> String| before.iter().map(one).collect::<Vec<_>>().join(",");
        if as_tsv {
            let duration = if kind % 64 == 63 { bytes.arbitrary()? } else { u64::from(kind) };
            writeln!(text, "{node}\t{duration}\t{}", listed(u8::to_string)).expect("it is a string");
        } else {
            let dependencies = listed(|before| format!("\"p{before}\""));
            write!(text, "[[package]]\nname = \"p{node}\"\nversion = \"0.{}.0\"\n", kind & 8)
                .and_then(|()| writeln!(text, "dependencies = [{dependencies}]"))
                .expect("it is a string");
        }
    }
    let mut text = text.into_bytes();
    for (at, byte) in writes {
        let length = text.len();
        text[usize::from(at) % length] = byte;
    }
    Ok(text)
}

fn check(bytes: &[u8]) {
    let lines = bytes.iter().filter(|&&byte| byte == b'\n').count() + 1;
    for file in ["fuzz", "fuzz.tsv", "fuzz.lock"] {
        let workflow = match workflow::parse(file, bytes) {
            Ok(workflow) => workflow,
            Err(error) => {
                let message = error.to_string();
                assert!(!message.contains(char::is_control), "{message:?}");
                assert!(error.line.is_none_or(|line| (1..=lines).contains(&line)), "{message}");
                continue;
            }
        };
        let nodes = workflow.nodes();
        assert_eq!((nodes, nodes), (workflow.durations.len(), workflow.lines.len()));
        assert!(workflow.edges.iter().all(|&(u, v)| (u.max(v) as usize) < nodes));
        assert!(workflow.lines.iter().all(|line| (1..=lines).contains(line)));
        assert!(
            workflow.durations.iter().try_fold(0_u64, |sum, &duration| sum.checked_add(duration)).is_some()
        );
        builds(&workflow);
        reads_back(&workflow);
    }
}

fn builds(workflow: &Workflow) {
    let cyclic = is_cyclic_directed(&DiGraph::<(), ()>::from_edges(&workflow.edges));
    match workflow.build("fuzz").map_err(|error| error.reason) {
        Ok(dag) => {
            assert!(!cyclic, "a cycle was overlooked");
            let order: Vec<u32> = dag.view().order().iter().map(|node| node.get()).collect();
            oracle::check_order(workflow.nodes(), &workflow.edges, &order).expect("a right order");
        }
        Err(Reason::Cycle(path)) => assert!(cyclic && path.len() >= 2 && path.first() == path.last()),
        Err(other) => panic!("{other}"),
    }
}

/// Written as a TSV file and read again, it has the same durations and edges.
fn reads_back(workflow: &Workflow) {
    let mut text = String::new();
    for (node, duration) in (0_u32..).zip(&workflow.durations) {
        let listed = workflow.edges.iter().filter(|(_, v)| *v == node).map(|(u, _)| u.to_string());
        writeln!(text, "{node}\t{duration}\t{}", listed.collect::<Vec<_>>().join(","))
            .expect("it is a string");
    }
    if workflow.nodes() == 0 {
        return; // A TSV file has at least one node.
    }
    let again = tsv::parse("again", text.as_bytes()).expect("a right file");
    let sorted = |workflow: &Workflow| {
        let mut edges = workflow.edges.clone();
        edges.sort_by_key(|&(_, v)| v); // stable: the order of a node's own is kept
        edges
    };
    assert_eq!(
        (again.durations.as_slice(), sorted(&again)),
        (workflow.durations.as_slice(), sorted(workflow))
    );
}
