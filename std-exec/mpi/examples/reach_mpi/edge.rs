//! One way from rank to rank: by an edge of a graph, and by a message.

use clap::Args;
use dgraph_mpi::{DistributedBuilder, Link, Owners, Plain};
use mpi::topology::SimpleCommunicator;
use mpi::traits::{Communicator, CommunicatorCollectives, Destination, Source};
use std::error::Error;
use std::time::{Duration, Instant};

/// How it is measured.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// How often it goes there and back
    #[arg(long, default_value_t = 2000)]
    rounds: u32,

    /// How many runs; the fastest counts
    #[arg(long, default_value_t = 20)]
    repeat: u32,
}

/// Prints both on rank 0.
pub(crate) fn measure(
    world: &SimpleCommunicator,
    link: &mut Link,
    options: &Options,
) -> Result<(), Box<dyn Error>> {
    if link.size() < 2 {
        return Err("two ranks are needed".into());
    }
    let mut graph = DistributedBuilder::new();
    let mut last = graph.node("", (), || Plain(0_u64));
    for _ in 0..2 * options.rounds {
        last = graph.node("", (last,), |before: &Plain<u64>| Plain(before.0 + 1));
    }
    let mut graph = graph.build(link, &Owners::by(|node| node % 2))?;
    let (mut edge, mut raw) = (Duration::MAX, Duration::MAX);
    for _ in 0..options.repeat.max(1) {
        graph.run(link)?;
        edge = edge.min(graph.statistics().took);
        world.barrier();
        raw = raw.min(by_hand(world, options.rounds));
    }
    let results = graph.run(link)?;
    if let Ok(count) = results.get(last) {
        if count.0 != u64::from(2 * options.rounds) {
            return Err(format!("{} edges were counted", count.0).into());
        }
    }
    if link.rank() == 0 {
        let each = |time: Duration| time.as_secs_f64() * 1e9 / f64::from(2 * options.rounds);
        println!("one way by MPI   {:.0} ns", each(raw));
        println!("one way by edge  {:.0} ns, with a node at its end", each(edge));
        println!("times            {:.2}", each(edge) / each(raw));
    }
    Ok(())
}

/// A number that goes there and back.
fn by_hand(world: &SimpleCommunicator, rounds: u32) -> Duration {
    let (mut number, rank) = (0_u64, world.rank());
    let begin = Instant::now();
    if rank < 2 {
        let other = world.process_at_rank(1 - rank);
        for _ in 0..rounds {
            if rank == 0 {
                other.send(&number);
                other.receive_into(&mut number);
            } else {
                other.receive_into(&mut number);
                number += 1;
                other.send(&number);
            }
        }
    }
    begin.elapsed()
}
