//! The generated graphs: sizes as the benchmark's table says, and the oracles agree with the graph about
//! them.

use dgraph_core::{Dag, DagError, NodeId};
use dgraph_tests::body::busy;
use dgraph_tests::oracle;
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::shapes::Shape;
use dgraph_tests::splitmix::SplitMix64;

#[test]
fn default_sizes() {
    let sizes = Shape::ALL.map(|shape| {
        let (nodes, edges) = shape.edges(shape.default_nodes());
        assert_eq!(nodes, shape.default_nodes(), "{shape}");
        (shape.name(), nodes, edges.len())
    });
    let expected = [
        ("chain", 100_000, 99_999),
        ("tree", 131_071, 131_070),
        ("wave", 262_144, 2 * 512 * 511),
        ("layered", 100_000, 393_561),
        ("indep", 262_144, 0),
        ("fan", 100_002, 200_000),
        ("forkjoin", 66_000, 1_000 * 128 + 999),
        ("diamond", 4, 4),
    ];
    assert_eq!(sizes, expected);
}

#[test]
fn every_size_is_a_graph() {
    for shape in Shape::ALL {
        for wanted in [0, 1, 2, 3, 9, 10, 65, 66, 67, 132, 999, 1_000, 1_001] {
            let (nodes, edges) = shape.edges(wanted);
            let dag =
                Dag::from_edges(nodes, &edges).unwrap_or_else(|error| panic!("{shape} {wanted}: {error}"));
            let order: Vec<u32> = dag.view().order().iter().map(|node| node.get()).collect();
            assert_eq!(oracle::check_order(nodes, &edges, &order), Ok(()), "{shape} {wanted}");
        }
    }
}

#[test]
fn levels_of_the_shapes() {
    let levels = |shape: Shape| {
        let (nodes, edges) = shape.edges(shape.default_nodes());
        Dag::from_edges(nodes, &edges).expect("no cycle").view().levels().len()
    };
    assert_eq!(Shape::ALL.map(levels), [100_000, 17, 1_023, 1_000, 1, 3, 3_000, 3]);
}

#[test]
fn names_round_trip() {
    for shape in Shape::ALL {
        assert_eq!(shape.to_string().parse(), Ok(shape));
    }
    let error = "ring".parse::<Shape>().unwrap_err();
    assert_eq!(
        error.to_string(),
        r#"unknown shape "ring", known are chain tree wave layered indep fan forkjoin diamond"#
    );
}

#[test]
fn splitmix_reference_values() {
    // The first numbers of the reference implementation (Vigna's splitmix64.c) for the seed 1234567.
    let mut random = SplitMix64::new(1_234_567);
    let first: Vec<u64> = (0..5).map(|_| random.next()).collect();
    let expected = [
        6_457_827_717_110_365_317,
        3_203_168_211_198_807_973,
        9_817_491_932_198_370_423,
        4_593_380_528_125_082_431,
        16_408_922_859_458_223_821,
    ];
    assert_eq!(first, expected);
}

#[test]
fn busy_takes_every_step() {
    let mut state = 5_u64;
    for grain in 0..20 {
        assert_eq!(busy(5, grain), state);
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    }
}

#[test]
fn random_graphs_agree_with_the_oracles() {
    let mut random = SplitMix64::new(2);
    for nodes in 0..120 {
        let edges = random_dag(&mut random, nodes, nodes % 5);
        let weights: Vec<u64> = (0..nodes).map(|_| random.below(10).into()).collect();
        let dag = Dag::from_edges(nodes as usize, &edges).expect("no cycle");
        let dag = dag.view();

        let order: Vec<u32> = dag.order().iter().map(|node| node.get()).collect();
        assert_eq!(oracle::check_order(nodes as usize, &edges, &order), Ok(()));
        let mut levels = vec![0; nodes as usize];
        dag.levels_into(&mut levels);
        assert_eq!(Some(levels), oracle::levels(nodes as usize, &edges));
        let length = dag.critical_path(|node| weights[node.index()]).length;
        assert_eq!(length, oracle::critical_path(&edges, &weights));
    }
}

#[test]
fn random_graphs_have_everything() {
    let edges = random_dag(&mut SplitMix64::new(3), 200, 2);
    let dag = Dag::from_edges(200, &edges).expect("no cycle");
    let dag = dag.view();
    let isolated = |node: &NodeId| dag.in_degree(*node) == 0 && dag.successors(*node).is_empty();
    assert!(dag.order().iter().any(isolated), "isolated nodes");
    assert!(edges.windows(2).any(|pair| pair[0] == pair[1]), "parallel edges");
    assert!(edges.iter().any(|(u, v)| u > v), "edges against the numbering");
}

#[test]
fn an_edge_back_closes_a_real_cycle() {
    let mut random = SplitMix64::new(4);
    for nodes in 10..110 {
        let mut edges = random_dag(&mut random, nodes, 3);
        let path =
            Dag::from_edges(nodes as usize, &edges).expect("no cycle").view().critical_path(|_| 1).nodes;
        edges.push((path[path.len() - 1].get(), path[0].get()));
        assert!(oracle::has_cycle(nodes as usize, &edges));

        let Err(DagError::Cycle(cycle)) = Dag::from_edges(nodes as usize, &edges) else {
            panic!("the cycle of {nodes} nodes went unnoticed")
        };
        let path: Vec<u32> = cycle.path().map(NodeId::get).collect();
        assert!(oracle::is_real_cycle(&edges, &path), "{cycle}");
    }
}

#[test]
fn oracles_object() {
    let edges = [(0, 1), (1, 2)];
    assert_eq!(oracle::check_order(3, &edges, &[0, 1, 2]), Ok(()));
    assert_eq!(
        oracle::check_order(3, &edges, &[0, 2, 1]),
        Err("node 2 ran before 1, which it depends on".into())
    );
    assert_eq!(oracle::check_order(3, &edges, &[0, 1]), Err("node 2 did not run".into()));
    assert_eq!(oracle::check_order(3, &edges, &[0, 1, 1, 2]), Err("node 1 ran twice, at 1 and at 2".into()));
    assert_eq!(oracle::check_order(3, &edges, &[0, 1, 3]), Err("there is no node 3".into()));

    // Each depends on the next: 1 depends on 0, and not the other way round.
    let ring = [(0, 1), (1, 2), (2, 0), (2, 3)];
    assert!(oracle::is_real_cycle(&ring, &[0, 2, 1, 0]));
    assert!(!oracle::is_real_cycle(&ring, &[0, 1, 2, 0]), "against the edges");
    assert!(!oracle::is_real_cycle(&ring, &[0, 2, 1]), "not closed");
    assert!(!oracle::is_real_cycle(&ring, &[0, 2, 1, 0, 2, 1, 0]), "twice round");
    assert!(!oracle::is_real_cycle(&ring, &[0]), "no edge");
    assert!(!oracle::is_real_cycle(&ring, &[]), "nothing");
    assert!(oracle::is_real_cycle(&[(7, 7)], &[7, 7]), "a loop");
}
