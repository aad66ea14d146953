//! Task Bench's stencil_1d (Slaughter et al., SC 2020): by a graph, and by hand.

use clap::Args;
use dgraph_mpi::{DistributedBuilder, DistributedGraph, DistributedNode, Link, Owners, Plain, Values};
use dgraph_tests::body::busy;
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};
use std::error::Error;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};

/// How it is measured.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How many steps
    #[arg(long, default_value_t = 1000)]
    steps: usize,

    /// How many columns each rank has
    #[arg(long, default_value_t = 1)]
    columns: usize,

    /// How many runs of each; the fastest counts
    #[arg(long, default_value_t = 5)]
    repeat: u32,

    /// The longest task tried, in steps of the body of about a nanosecond
    #[arg(long, default_value_t = 65_536)]
    longest: u64,
}

/// How busy a task is.
static GRAIN: AtomicU64 = AtomicU64::new(0);

fn task(column: usize, sources: impl IntoIterator<Item = u64>) -> u64 {
    let seed = sources.into_iter().fold(column as u64, |all, one| all.rotate_left(9) ^ one);
    busy(seed, GRAIN.load(Relaxed))
}

/// Prints a table and both METG(50 %) on rank 0.
pub(crate) fn measure(
    world: &SimpleCommunicator,
    link: &mut Link,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    let (size, columns) = (link.size(), options.columns.max(1));
    let width = size * columns;
    let (mut graph, last) = graph(link, options.steps, columns)?;
    let mut points = Vec::new();
    let mut grain = 16;
    while grain <= options.longest {
        GRAIN.store(grain, Relaxed);
        let own = (0..5)
            .map(|seed| {
                let begin = Instant::now();
                for _ in 0..1000 {
                    black_box(busy(seed, black_box(grain)));
                }
                begin.elapsed() / 1000
            })
            .min()
            .unwrap_or_default();
        let (mut by_graph, mut by_hand) = (Duration::MAX, Duration::MAX);
        for _ in 0..options.repeat.max(1) {
            graph.run(link)?;
            by_graph = by_graph.min(graph.statistics().took);
            world.barrier();
            let begin = Instant::now();
            let values = by_hand_once(world, options.steps, columns);
            world.barrier();
            by_hand = by_hand.min(begin.elapsed());
            let results = graph.results();
            for (column, value) in values.iter().enumerate() {
                if results[last[link.rank() * columns + column]].0 != *value {
                    return Err("the graph's values are not those of the loop".into());
                }
            }
        }
        let work = own.as_secs_f64() * (options.steps * columns) as f64;
        let efficiency = |time: Duration| work / time.as_secs_f64();
        points.push((own.as_secs_f64() * 1e9, efficiency(by_graph), efficiency(by_hand)));
        grain *= 2;
    }
    if link.rank() == 0 {
        println!("stencil_1d, {} steps, {width} columns on {size} ranks", options.steps);
        println!("{:>12} {:>8} {:>8}", "task (ns)", "graph", "by hand");
        for (task, graph, hand) in &points {
            println!("{task:>12.0} {graph:>8.3} {hand:>8.3}");
        }
        let graph = metg(points.iter().map(|&(task, graph, _)| (task, graph)));
        let hand = metg(points.iter().map(|&(task, _, hand)| (task, hand)));
        match (graph, hand) {
            (Some(graph), Some(hand)) => {
                println!("METG(50 %): graph {graph:.0} ns, by hand {hand:.0} ns, times {:.2}", graph / hand);
            }
            _ => println!("METG(50 %): not reached within the longest task, or by the shortest"),
        }
    }
    Ok(())
}

/// Where the efficiency comes to a half, between two points in proportion to the logarithm of the task.
fn metg(points: impl Iterator<Item = (f64, f64)>) -> Option<f64> {
    let points: Vec<_> = points.collect();
    let pair = points.windows(2).find(|pair| pair[0].1 < 0.5 && pair[1].1 >= 0.5)?;
    let (from, to) = (pair[0], pair[1]);
    let share = (0.5 - from.1) / (to.1 - from.1);
    Some((from.0.ln() + share * (to.0.ln() - from.0.ln())).exp())
}

/// A graph, and the nodes of its last step.
type Described = (DistributedGraph<'static>, Vec<DistributedNode<Plain<u64>>>);

fn graph(link: &mut Link, steps: usize, columns: usize) -> Result<Described, Box<dyn Error>> {
    let width = link.size() * columns;
    let mut graph = DistributedBuilder::new();
    let mut row: Vec<_> =
        (0..width).map(|column| graph.node("", (), move || Plain(task(column, [])))).collect();
    for _ in 1..steps {
        row = (0..width)
            .map(|column| {
                let near: Vec<_> = row[column.saturating_sub(1)..width.min(column + 2)].to_vec();
                graph.node("", near, move |near: Values<'_, Plain<u64>>| {
                    Plain(task(column, near.iter().map(|value| value.0)))
                })
            })
            .collect();
    }
    Ok((graph.build(link, &Owners::by(move |node| node % width / columns))?, row))
}

/// The stencil by hand: each step sends its edges to both neighbors, receives theirs, and computes. What the
/// own columns come to.
fn by_hand_once(world: &SimpleCommunicator, steps: usize, columns: usize) -> Vec<u64> {
    let (rank, size) = (world.rank(), world.size());
    let first = usize::try_from(rank).unwrap_or(0) * columns;
    let mut own: Vec<u64> = (0..columns).map(|column| task(first + column, [])).collect();
    let mut next = own.clone();
    for _ in 1..steps {
        let (mut left, mut right) = (None, None);
        let (mut from_left, mut from_right) = (0_u64, 0_u64);
        let (leftmost, rightmost) = (own[0], own[columns - 1]);
        mpi::request::scope(|scope| {
            let before = (rank > 0).then(|| world.process_at_rank(rank - 1));
            let after = (rank + 1 < size).then(|| world.process_at_rank(rank + 1));
            let receive_left =
                before.as_ref().map(|other| other.immediate_receive_into(scope, &mut from_left));
            let receive_right =
                after.as_ref().map(|other| other.immediate_receive_into(scope, &mut from_right));
            let send_left = before.as_ref().map(|other| other.immediate_send(scope, &leftmost));
            let send_right = after.as_ref().map(|other| other.immediate_send(scope, &rightmost));
            for request in [receive_left, receive_right].into_iter().flatten() {
                request.wait();
            }
            for request in [send_left, send_right].into_iter().flatten() {
                request.wait();
            }
        });
        if rank > 0 {
            left = Some(from_left);
        }
        if rank + 1 < size {
            right = Some(from_right);
        }
        for column in 0..columns {
            let before = if column == 0 { left } else { Some(own[column - 1]) };
            let after = if column + 1 == columns { right } else { Some(own[column + 1]) };
            next[column] = task(first + column, before.into_iter().chain([own[column]]).chain(after));
        }
        std::mem::swap(&mut own, &mut next);
    }
    own
}
