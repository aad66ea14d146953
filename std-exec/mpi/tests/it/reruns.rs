//! Runs one after the other, which overlap: a rank begins the next one while others are still in the one
//! before.

use crate::{simulate, threads};
use dgraph_mpi::{DistributedBuilder, Network, Owners};

#[test]
fn runs_overlap_without_mixing() {
    for seed in 0..20 {
        let ranks = 2 + (seed % 4) as usize;
        simulate(Network::new(ranks).delays(seed, 60), seed, async |mut link| {
            let size = link.size();
            let mut graph = DistributedBuilder::new();
            let mut round = 0_u64;
            let mut row: Vec<_> = (0..size)
                .map(|rank| {
                    let node = graph.node("", (), move || {
                        round += 1;
                        round * 1000
                    });
                    graph.place(node, rank);
                    node
                })
                .collect();
            for _ in 0..3 {
                row = (0..size)
                    .map(|rank| {
                        let node = graph.node("", (row[rank], row[(rank + 1) % size]), |a: &u64, b: &u64| {
                            assert_eq!(a, b, "of different runs");
                            a + 1
                        });
                        graph.place(node, rank);
                        node
                    })
                    .collect();
            }
            let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
            for round in 1..=30 {
                let results = graph.run_async(&mut link).await.unwrap();
                assert_eq!(results[row[results.rank()]], round * 1000 + 3);
            }
        });
    }
}

#[test]
fn two_graphs_in_turns() {
    let sums = threads(2, |mut link| {
        let build = |link: &mut _, factor: u32| {
            let mut graph = DistributedBuilder::new();
            let mut runs = 0;
            let runs = graph.node("runs", (), move || {
                runs += 1;
                runs
            });
            let product = graph.node("product", (runs,), move |runs: &u32| runs * factor);
            graph.place(product, 1);
            (graph.build(link, &Owners::by(|_| 0)).unwrap(), product)
        };
        let (mut first, product) = build(&mut link, 3);
        let (mut second, other) = build(&mut link, 5);
        let mut sum = 0;
        for _ in 0..50 {
            sum += first.run(&mut link).unwrap().get(product).copied().unwrap_or(0);
            sum += second.run(&mut link).unwrap().get(other).copied().unwrap_or(0);
        }
        drop(first);
        let (mut third, third_product) = build(&mut link, 1);
        sum += third.run(&mut link).unwrap().get(third_product).copied().unwrap_or(0);
        sum += second.run(&mut link).unwrap().get(other).copied().unwrap_or(0);
        sum
    });
    assert_eq!(sums, [0, 50 * 51 / 2 * 8 + 1 + 51 * 5]);
}

#[test]
fn nothing_comes_late_where_nothing_goes_wrong() {
    let late = threads(3, |mut link| {
        let mut graph = DistributedBuilder::new();
        let a = graph.node("a", (), || 1);
        for rank in 0..3 {
            let b = graph.node("b", (a,), |a: &i32| *a);
            graph.place(b, rank);
        }
        let mut graph = graph.build(&mut link, &Owners::by(|_| 0)).unwrap();
        for _ in 0..200 {
            graph.run(&mut link).unwrap();
        }
        link.traffic().late
    });
    assert_eq!(late, [0, 0, 0]);
}
