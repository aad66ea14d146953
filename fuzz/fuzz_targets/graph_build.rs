//! Arbitrary edges: the same verdict as the naive oracle, a right order or a real cycle.
#![no_main]

use dgraph_core::{BuildError, Dag};
use dgraph_tests::oracle;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (u8, Vec<(u8, u8)>)| {
    let nodes = usize::from(input.0 % 64);
    let edges: Vec<(u32, u32)> = input.1.iter().map(|&(u, v)| (u.into(), v.into())).collect();
    let outside = edges.iter().position(|&(u, v)| u.max(v) as usize >= nodes);
    match Dag::from_edges(nodes, &edges) {
        Ok(dag) => {
            assert_eq!(outside, None);
            let order: Vec<u32> = dag.view().order().iter().map(|node| node.get()).collect();
            oracle::check_order(nodes, &edges, &order).expect("a right order");
        }
        Err(BuildError::UnknownNode { edge, .. }) => assert_eq!(outside, Some(edge)),
        Err(BuildError::Cycle(cycle)) => {
            let path: Vec<u32> = cycle.path().map(|node| node.get()).collect();
            assert!(oracle::is_real_cycle(&edges, &path), "{cycle}");
        }
        Err(other) => panic!("{other}"),
    }
});
