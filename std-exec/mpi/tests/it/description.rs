//! All ranks have to describe the same graph.

use crate::simulate;
use dgraph_mpi::{
    DistributedBuilder, DistributedGraphError, DistributedRunError, LinkError, Network, Owners, Section,
};

/// The errors of three ranks of which one describes something else.
fn differing(describe: impl Fn(&mut DistributedBuilder<'_>, bool) + Copy) -> Vec<Option<Section>> {
    simulate(Network::new(3), 1, async move |mut link| {
        let odd = link.rank() == 2;
        let mut graph = DistributedBuilder::new();
        describe(&mut graph, odd);
        match graph.build_async(&mut link, &Owners::by(|_| 0)).await {
            Err(DistributedGraphError::Differs { rank: 0, other: 2, section }) => Some(section),
            other => panic!("{other:?}"),
        }
    })
}

#[test]
fn what_differs_is_named_on_all_ranks() {
    let cases = [
        differing(|graph, odd| {
            for _ in 0..if odd { 3 } else { 2 } {
                graph.node("a", (), || 1);
            }
        }),
        differing(|graph, odd| {
            graph.node(if odd { "a" } else { "b" }, (), || 1);
        }),
        differing(|graph, odd| {
            if odd {
                graph.node("a", (), || 1_u32).index()
            } else {
                graph.node("a", (), || 1_u64).index()
            };
        }),
        differing(|graph, odd| {
            if odd {
                graph.input::<u8>("a").node()
            } else {
                graph.node("a", (), || 1_u8)
            };
        }),
        differing(|graph, odd| {
            let (a, b) = (graph.node("a", (), || 1), graph.node("b", (), || 1));
            graph.node("c", (if odd { b } else { a },), |a: &i32| *a);
        }),
        differing(|graph, odd| {
            let a = graph.node("a", (), || 1);
            graph.place(a, usize::from(odd));
        }),
    ];
    let sections = [
        Section::Nodes,
        Section::Names,
        Section::Types,
        Section::Types,
        Section::Dependencies,
        Section::Owners,
    ];
    for (case, section) in cases.into_iter().zip(sections) {
        assert_eq!(case, [Some(section); 3]);
    }
}

#[test]
fn what_is_no_graph_is_refused_by_all_ranks() {
    let errors = simulate(Network::new(2), 1, async |mut link| {
        let mut other = DistributedBuilder::new();
        let foreign = other.node("foreign", (), || 1);
        let mut graph = DistributedBuilder::new();
        graph.node("user", (foreign,), |value: &i32| *value);
        let foreign = graph.build_async(&mut link, &Owners::Blocks).await.unwrap_err();
        let mut graph = DistributedBuilder::new();
        graph.node("", (), || 1);
        let nobody = graph.build_async(&mut link, &Owners::by(|_| 5)).await.unwrap_err();
        // The link can be used all the same.
        let mut graph = DistributedBuilder::new();
        let one = graph.node("one", (), || 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let results = graph.run_async(&mut link).await.unwrap();
        assert_eq!(results.get(one).is_ok(), link.rank() == 0);
        (foreign.to_string(), nobody.to_string())
    });
    for (foreign, nobody) in errors {
        assert_eq!(foreign, "node user depends on a node of another graph");
        assert_eq!(nobody, "the owner of node #0 is rank 5, but there are 2 ranks");
    }
}

#[test]
fn ranks_that_do_different_things_find_out() {
    let errors = simulate(Network::new(2), 1, async |mut link| {
        let mut graphs = Vec::new();
        for _ in 0..2 {
            let mut graph = DistributedBuilder::new();
            let a = graph.node("a", (), || 1);
            let b = graph.node("b", (a,), |a: &i32| *a);
            graph.place(b, 1);
            graphs.push(graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap());
        }
        let rank = link.rank();
        graphs[rank].run_async(&mut link).await.map(drop).unwrap_err()
    });
    let is_out_of_step = |error: &DistributedRunError| {
        matches!(error, DistributedRunError::Link(LinkError::OutOfStep { .. } | LinkError::Aborted { .. }))
    };
    assert!(errors.iter().all(is_out_of_step), "{errors:?}");
}

#[test]
fn a_graph_belongs_to_its_link() {
    let mut links: Vec<_> =
        [1, 1].map(|ranks| dgraph_mpi::Link::new(Network::new(ranks).build().remove(0))).into();
    let mut graph = DistributedBuilder::new();
    graph.node("a", (), || 1);
    let mut graph = graph.build(&mut links[0], &Owners::Blocks).unwrap();
    assert!(matches!(graph.run(&mut links[1]), Err(DistributedRunError::ForeignLink)));
    graph.run(&mut links[0]).unwrap();
}
