//! Values travel to whoever needs them, whatever they are.

use crate::{simulate, threads};
use dgraph_mpi::{
    DistributedBuilder, Executor, Network, Owners, Plain, PlainPool, PlainVec, Unavailable, Values,
};
use serde::{Deserialize, Serialize};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    lines: Vec<(String, Option<f64>)>,
}

#[test]
fn a_chain_round_all_ranks() {
    for ranks in 1..=5 {
        let sums = simulate(Network::new(ranks), 1, async |mut link| {
            let size = link.size();
            let mut graph = DistributedBuilder::new();
            let mut last = graph.node("0", (), || 1_u64);
            for step in 1..20_u64 {
                last = graph.node(step.to_string(), (last,), move |before: &u64| before + step);
            }
            let mut graph = graph.build_async(&mut link, &Owners::by(move |node| node % size)).await.unwrap();
            let owner = graph.owner(last);
            let results = graph.run_async(&mut link).await.unwrap();
            (results.get(last).copied(), owner)
        });
        for (rank, (sum, owner)) in sums.iter().enumerate() {
            let wanted = if rank == *owner { Ok(191) } else { Err(Unavailable::Elsewhere { owner: *owner }) };
            assert_eq!(*sum, wanted, "rank {rank} of {ranks}");
        }
    }
}

#[test]
fn values_of_all_kinds() {
    let totals = simulate(Network::new(3), 2, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let order = graph.node("order", (), || Order {
            id: 7,
            lines: vec![("tea".into(), Some(2.5)), ("gift".into(), None)],
        });
        let plain = graph.node("plain", (), || Plain([1.5_f64; 300]));
        let mut pool = PlainPool::new();
        let list = graph.node("list", (), move || {
            pool.fill(5000, |list: &mut [u32]| list.iter_mut().zip(0..).for_each(|(place, at)| *place = at))
        });
        let empty = graph.node("empty", (), || PlainVec::<u16>::zeroed(0));
        let unit = graph.node("unit", (), || ());
        let total = graph.node(
            "total",
            (order, plain, list, empty, unit),
            |order: &Order,
             plain: &Plain<[f64; 300]>,
             list: &PlainVec<u32>,
             empty: &PlainVec<u16>,
             (): &()| {
                assert!(empty.is_empty());
                let lines: f64 = order.lines.iter().filter_map(|(_, price)| *price).sum();
                order.id as f64 + lines + plain.iter().sum::<f64>() + f64::from(list.iter().sum::<u32>())
            },
        );
        let many =
            graph.node("many", vec![total, total], |totals: Values<'_, f64>| totals.iter().sum::<f64>());
        graph.place(total, 1);
        graph.place(many, 2);
        let mut graph = graph.build_async(&mut link, &Owners::by(|node| [0, 2][node % 2])).await.unwrap();
        let results = graph.run_async(&mut link).await.unwrap();
        results.get(many).copied().ok()
    });
    assert_eq!(totals, [None, None, Some(2.0 * (7.0 + 2.5 + 450.0 + 12_497_500.0))]);
}

#[test]
fn a_value_goes_to_a_rank_once() {
    let traffic = simulate(Network::new(2), 3, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let source = graph.node("source", (), || 5_u8);
        let users: Vec<_> =
            (0..10).map(|_| graph.node("user", (source, source), |a: &u8, b: &u8| a + b)).collect();
        users.iter().for_each(|&user| graph.place(user, 1));
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        assert_eq!(graph.cut(), (20, 1));
        let before = link.traffic().sent;
        let results = graph.run_async(&mut link).await.unwrap();
        let sums: Vec<_> = users.iter().filter_map(|&user| results.get(user).ok()).copied().collect();
        (link.traffic().sent - before, sums)
    });
    // One value and the verdict; one report.
    assert_eq!(traffic, [(2, vec![]), (1, vec![10; 10])]);
}

#[test]
fn each_rank_runs_only_what_it_owns() {
    let runs: Vec<AtomicUsize> = (0..12).map(|_| AtomicUsize::new(0)).collect();
    let counted = threads(3, |mut link| {
        let mut graph = DistributedBuilder::new();
        let (runs, rank) = (&runs, link.rank());
        for (node, runs) in runs.iter().enumerate() {
            graph.node("", (), move || {
                assert_eq!(node % 3, rank);
                runs.fetch_add(1, Relaxed);
            });
        }
        let mut graph = graph.build(&mut link, &Owners::by(|node| node % 3)).unwrap();
        graph.run(&mut link).unwrap();
        graph.statistics().nodes
    });
    assert_eq!(counted, [4, 4, 4]);
    assert!(runs.iter().all(|runs| runs.load(Relaxed) == 1));
}

#[test]
fn inputs_come_from_their_owner() {
    let sums = simulate(Network::new(2), 4, async |mut link| {
        let mut graph = DistributedBuilder::new();
        let (near, far) = (graph.input::<u32>("near"), graph.input::<u32>("far"));
        let sum = graph.node("sum", (near.node(), far.node()), |a: &u32, b: &u32| a + b);
        graph.place(far.node(), 1);
        let mut graph = graph.build_async(&mut link, &Owners::by(|_| 0)).await.unwrap();
        let mut sums = Vec::new();
        for round in 0..3 {
            let owned = [graph.set(near, round * 10), graph.set(far, round)];
            assert_eq!(owned, [link.rank() == 0, link.rank() == 1]);
            let results = graph.run_async(&mut link).await.unwrap();
            sums.extend(results.get(sum).copied());
        }
        sums
    });
    assert_eq!(sums, [vec![0, 11, 22], vec![]]);
}

#[test]
fn the_nodes_run_on_an_executor() {
    let totals = threads(3, |mut link| {
        let executor = Executor::builder().threads(2).build().unwrap();
        let size = link.size();
        let mut graph = DistributedBuilder::new();
        let mut row: Vec<_> = (0..30_u64).map(|at| graph.node("", (), move || at)).collect();
        for _ in 0..10 {
            row = (0..30)
                .map(|at| {
                    graph.node("", (row[at], row[(at + 7) % 30]), |a: &u64, b: &u64| a.wrapping_mul(3) ^ b)
                })
                .collect();
        }
        let total = graph
            .node("total", row, |row: Values<'_, u64>| row.iter().fold(0_u64, |a, b| a.wrapping_add(*b)));
        let mut graph = graph.build(&mut link, &Owners::by(move |node| node % size)).unwrap();
        let mut totals = Vec::new();
        for round in 0..6 {
            let results = if round % 2 == 0 {
                graph.run_parallel(&mut link, &executor).unwrap()
            } else {
                graph.run(&mut link).unwrap()
            };
            totals.extend(results.get(total).copied());
        }
        totals
    });
    let totals = totals.concat();
    assert_eq!(totals.len(), 6);
    assert!(totals.iter().all(|total| *total == totals[0]));
}

#[test]
fn gathering_by_name() {
    let gathered = simulate(Network::new(4).delays(5, 30), 5, async |mut link| {
        let mut graph = DistributedBuilder::new();
        for tile in 0..11_u32 {
            graph.node("tile", (), move || tile * tile);
            graph.node("tile", (), move || format!("tile {tile}"));
        }
        let mut graph = graph.build_async(&mut link, &Owners::Blocks).await.unwrap();
        graph.run_async(&mut link).await.unwrap();
        let (numbers, texts) = (graph.named::<u32>("tile"), graph.named::<String>("tile"));
        assert!(graph.named::<u64>("tile").is_empty() && graph.named::<u32>("other").is_empty());
        let numbers = graph.gather_async(&mut link, 2, &numbers).await.unwrap();
        let texts = graph.gather_async(&mut link, 3, &texts[3..5]).await.unwrap();
        (numbers, texts)
    });
    let squares: Vec<u32> = (0..11).map(|tile| tile * tile).collect();
    let (numbers, texts): (Vec<_>, Vec<_>) = gathered.into_iter().unzip();
    assert_eq!(numbers, [None, None, Some(squares), None]);
    assert_eq!(texts, [None, None, None, Some(vec!["tile 3".into(), "tile 4".into()])]);
}

#[test]
fn taking_a_result() {
    threads(1, |mut link| {
        let mut graph = DistributedBuilder::new();
        let text = graph.node("text", (), || String::from("long"));
        let mut graph = graph.build(&mut link, &Owners::Blocks).unwrap();
        graph.run(&mut link).unwrap();
        assert_eq!(graph.take(text).unwrap(), "long");
        let results = graph.results();
        assert_eq!(results.get(text).unwrap_err().to_string(), "was taken");
        let mut other = DistributedBuilder::new();
        let other = other.node("other", (), String::new);
        assert_eq!(results.get(other), Err(Unavailable::ForeignHandle));
    });
}
