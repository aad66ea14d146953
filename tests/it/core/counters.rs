//! Countdowns by themselves, the numbers of nodes, and what graphs look like in `Debug`.

use dgraph_core::{AsDag, Countdown, Dag, NodeId};
use std::sync::atomic::AtomicU32;

fn counters(number: usize) -> Vec<AtomicU32> {
    (0..number).map(|_| AtomicU32::new(7)).collect()
}

fn diamond() -> Dag {
    Dag::from_edges(4, &[(0, 1), (0, 2), (1, 3), (2, 3)]).expect("a valid graph")
}

#[test]
fn what_is_left_is_shown() {
    let dag = diamond();
    let mut memory = counters(5); // one too many
    let countdown = Countdown::new(dag.view(), &mut memory).expect("enough counters");
    assert_eq!(format!("{countdown:?}"), "[0, 1, 1, 2]");
    assert!(!countdown.arrive(NodeId::new(3)));
    assert_eq!(format!("{countdown:?}"), "[0, 1, 1, 1]");
    assert!(!countdown.is_at_rest());
    assert!(countdown.arrive(NodeId::new(3)));
    assert_eq!(format!("{countdown:?}"), "[0, 1, 1, 2]");
    assert!(countdown.is_at_rest());
}

/// A reference to a graph has what the graph has.
#[test]
fn references_are_graphs() {
    let dag = diamond();
    let through = |dag: &dyn AsDag| {
        let lent = dag.lend_countdown().expect("nobody else has it");
        assert!(lent.countdown().is_at_rest());
        (dag.view().order().len(), dag.wants_supersteps(), dag.supersteps_by(None).is_some())
    };
    assert_eq!(through(&dag), through(&&dag));
    assert_eq!(through(&dag), (4, true, false));
    let supersteps = dag.view().supersteps(2, 1, |_| 9);
    let reference: &dyn AsDag = &&dag;
    assert_eq!(reference.supersteps_by(Some(&mut |_| Some(supersteps.clone()))), Some(&supersteps));
    assert_eq!(through(&&dag), through(&dag));
}

#[test]
fn numbers_of_nodes() {
    let node = NodeId::new(7);
    assert_eq!((u32::from(node), usize::from(node), node.index(), node.get()), (7, 7, 7, 7));
}

#[test]
fn too_few_counters() {
    let dag = diamond();
    let mut memory = counters(3);
    assert!(Countdown::over(dag.view(), &memory).is_none());
    assert!(Countdown::new(dag.view(), &mut memory).is_none());
    assert_eq!(format!("{memory:?}"), "[7, 7, 7]", "nothing was written");
}

#[test]
fn counters_are_lent_to_one_at_a_time() {
    let dag = diamond();
    for _ in 0..2 {
        let lent = dag.lend_countdown().expect("nobody else has them");
        assert!(dag.lend_countdown().is_none());
        assert!(dag.clone().lend_countdown().is_some(), "a clone has its own");
        dag.run(|node| lent.countdown().complete(node, |_| {}));
        assert!(lent.countdown().is_at_rest());
    }
}

#[test]
fn nodes_are_numbers() {
    let node = NodeId::from(7);
    assert_eq!((u32::from(node), node.get(), node.index()), (7, 7, 7));
    assert_eq!(format!("{node} {node:?}"), "7 7");
}

#[test]
fn graphs_are_shown() {
    let dag = diamond();
    assert_eq!(format!("{dag:?}"), format!("Dag({:?})", dag.view()));
    assert_eq!(format!("{:?}", dag.view()), "{0: [1 (sole), 2 (sole)], 1: [3], 2: [3], 3: []}");
}
