//! Arbitrary bytes as a workflow file: an answer, never a panic.
#![no_main]

use dgraph_tests::tsv;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if let Ok(workflow) = tsv::parse("fuzz", bytes) {
        let nodes = workflow.names.len();
        assert_eq!(nodes, workflow.durations.len());
        assert!(workflow.edges.iter().all(|&(u, v)| u.max(v) < nodes as u32));
    }
});
