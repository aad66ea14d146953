//! The longest common subsequence of two generated sequences, in tiles that are spread over ranks, against a
//! serial loop.
//!
//! ```text
//! cargo run --release -p dgraph-mpi --example wavefront_mpi -- --threads 2                       # ranks are threads
//! cargo build --release -p dgraph-mpi --features mpi --example wavefront_mpi
//! mpirun -n 2 target/release/examples/wavefront_mpi                                              # ranks are processes
//! ```
//!
//! Rows of tiles go round the ranks, so that a tile passes its lower edge on to the next rank, and its right
//! edge on to the next tile of the same rank. The length has to be the serial loop's, in each of the runs.

#![forbid(unsafe_code)]

#[path = "../job/mod.rs"]
mod job;
mod tile;

use clap::Parser;
use dgraph_mpi::{DistributedBuilder, DistributedGraph, DistributedNode, Link, Owners, PlainPool, PlainVec};
use dgraph_tests::splitmix::SplitMix64;
use std::error::Error;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Computes the longest common subsequence of two generated sequences over the ranks of a job.
#[derive(Debug, Parser)]
struct Options {
    /// How long each sequence is
    #[arg(long, default_value_t = 8192)]
    length: usize,

    /// How long a tile is; the length is rounded up to a multiple
    #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    tile: u32,

    /// How many runs; the fastest counts
    #[arg(long, default_value_t = 5)]
    repeat: u32,

    /// Make ranks of threads of this process, so many, instead of an MPI job's processes
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    job::run(options.threads, |link| rank(&options, link))
}

/// A sequence over an alphabet of four.
fn sequence(seed: u64, length: usize) -> Vec<u8> {
    let mut random = SplitMix64::new(seed);
    (0..length).map(|_| u8::try_from(random.below(4)).unwrap_or(0)).collect()
}

/// What one rank does.
fn rank(options: &Options, link: &mut Link) -> Result<(), Box<dyn Error>> {
    let tile = options.tile as usize;
    let tiles = options.length.div_ceil(tile).max(1);
    let (a, b) = (sequence(1, tiles * tile), sequence(2, tiles * tile));
    let (mut graph, last) = graph(link, &a, &b, tile)?;
    let (mut fastest, mut length) = (None::<(Duration, Duration)>, None);
    for _ in 0..options.repeat.max(1) {
        let results = job::with_progress(link.rank(), tiles * tiles, |options| {
            let results = graph.with(options).run(link)?;
            Ok(results.get(last).ok().map(|edges| edges[tile]))
        })?;
        if length.is_some() && length != Some(results) {
            return Err(format!("a run gave {results:?}, another one {length:?}").into());
        }
        length = Some(results);
        let statistics = graph.statistics();
        if fastest.is_none_or(|(took, _)| statistics.took < took) {
            fastest = Some((statistics.took, statistics.waited));
        }
    }
    let (took, waited) = fastest.unwrap_or_default();
    let (nodes, values) = (graph.statistics().nodes, graph.cut().1);
    let found = job::collect(link, &(length.flatten(), nodes, took, waited))?;
    let Some(found) = found else {
        // Until rank 0 has its times: who waits for long here sleeps, but not at MPI's own end.
        return job::share(link, || ());
    };
    let mut serial = Duration::MAX;
    let mut wanted = 0;
    for _ in 0..options.repeat.max(1) {
        let begin = Instant::now();
        wanted = tile::serial(&a, &b);
        serial = serial.min(begin.elapsed());
    }
    job::share(link, || ())?;
    println!("sequences    2 of {}, {tiles} x {tiles} tiles", tiles * tile);
    println!("values sent  {values} of {} bytes", (2 * tile + 1) * 4);
    println!("serial loop  {serial:.3?}, the fastest of {}", options.repeat.max(1));
    let mut slowest = Duration::ZERO;
    for (rank, (length, nodes, took, waited)) in found.iter().enumerate() {
        println!("rank {rank:<7} {took:.3?} for {nodes} tiles, of which it has waited {waited:.3?}");
        if length.is_some_and(|length| length != wanted) {
            return Err(format!("rank {rank} found {length:?}, the serial loop {wanted}").into());
        }
        slowest = slowest.max(*took);
    }
    if found.iter().all(|(length, ..)| length.is_none()) {
        return Err("no rank has found anything".into());
    }
    println!("speed-up     {:.2} on {} ranks", serial.as_secs_f64() / slowest.as_secs_f64(), found.len());
    println!("checked      the longest common subsequence is {wanted} long, over ranks and serially");
    Ok(())
}

type Edges = PlainVec<u32>;

/// The tiles, and the last one.
fn graph<'env>(
    link: &mut Link,
    a: &'env [u8],
    b: &'env [u8],
    tile: usize,
) -> Result<(DistributedGraph<'env>, DistributedNode<Edges>), Box<dyn Error>> {
    let (rows, columns, size) = (a.len() / tile, b.len() / tile, link.size());
    let mut graph = DistributedBuilder::new();
    let mut above: Vec<DistributedNode<Edges>> = Vec::new();
    for row in 0..rows {
        let mut current: Vec<DistributedNode<Edges>> = Vec::new();
        for column in 0..columns {
            let a = &a[row * tile..(row + 1) * tile];
            let b = &b[column * tile..(column + 1) * tile];
            let mut pool = PlainPool::new();
            let mut compute = move |top: Option<&Edges>, left: Option<&Edges>| {
                pool.fill(2 * tile + 1, |edges| {
                    tile::compute(
                        a,
                        b,
                        top.map(|edges| &edges[..=tile]),
                        left.map(|edges| &edges[tile + 1..]),
                        edges,
                    );
                })
            };
            let node = match (above.get(column), current.last()) {
                (None, None) => graph.node("", (), move || compute(None, None)),
                (Some(&top), None) => graph.node("", (top,), move |top: &Edges| compute(Some(top), None)),
                (None, Some(&left)) => graph.node("", (left,), move |left: &Edges| compute(None, Some(left))),
                (Some(&top), Some(&left)) => graph
                    .node("", (top, left), move |top: &Edges, left: &Edges| compute(Some(top), Some(left))),
            };
            current.push(node);
        }
        above = current;
    }
    let last = *above.last().ok_or("there are no tiles")?;
    let graph = graph.build(link, &Owners::by(move |node| node / columns % size))?;
    Ok((graph, last))
}
