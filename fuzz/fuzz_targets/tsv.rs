//! Arbitrary bytes as a workflow file of either format: an answer on one line, never a panic. A workflow can be written
//! and read again, and is a graph exactly if petgraph finds no cycle.
#![no_main]

use dgraph_tests::error::Reason;
use dgraph_tests::workflow::{self, Workflow};
use dgraph_tests::{oracle, tsv};
use libfuzzer_sys::fuzz_target;
use petgraph::algo::is_cyclic_directed;
use petgraph::graph::DiGraph;
use std::fmt::Write;

fuzz_target!(|bytes: &[u8]| {
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
});

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
