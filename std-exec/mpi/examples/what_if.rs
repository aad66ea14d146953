//! What a wavefront, or a workflow from a file, would take on clusters of 4 to 1,024 ranks: predictions, by
//! simulation.
//!
//! ```text
//! cargo run --release -p dgraph-mpi --example what_if                  # tiles of a wavefront
//! cargo run --release -p dgraph-mpi --example what_if -- jobs.tsv      # durations are in microseconds
//! ```

#![forbid(unsafe_code)]

use dgraph_mpi::{Cluster, DistributedBuilder, DistributedNode, Owners, Values};
use dgraph_tests::input;
use dgraph_tests::predecessors::Predecessors;
use std::error::Error;
use std::path::Path;
use std::time::Duration;

fn main() -> Result<(), Box<dyn Error>> {
    let networks = [
        ("InfiniBand", Duration::from_nanos(1_500), 12.0e9),
        ("10 GbE, TCP", Duration::from_micros(15), 1.1e9),
    ];
    let file = std::env::args().nth(1);
    match &file {
        None => println!(
            "wavefront, 256 x 256 tiles of 100 us, rows of tiles go round the ranks, 2,052 bytes a value"
        ),
        Some(file) => println!("{file}, owners by Greedy, 1,024 bytes a value"),
    }
    println!("{:<14}{:>6}{:>20}{:>10}{:>12}", "network", "ranks", "predicted", "speed-up", "values sent");
    for (name, latency, bandwidth) in networks {
        for ranks in [4, 16, 64, 256, 1024] {
            let cluster = Cluster::new(ranks)
                .latency(latency)
                .bytes_per_second(bandwidth)
                .overhead(Duration::from_nanos(500))
                .per_node(Duration::from_nanos(100));
            let (graph, owners, bytes) = match &file {
                None => (wavefront(256), Owners::by(move |node| node / 256 % ranks), 2_052),
                Some(file) => (workflow(Path::new(file))?, Owners::Greedy, 1_024),
            };
            let predicted = graph.predict(&cluster, &owners, |_| bytes);
            println!(
                "{name:<14}{ranks:>6}{:>17.3} ms{:>10.1}{:>12}",
                predicted.makespan.as_secs_f64() * 1e3,
                predicted.speed_up(),
                predicted.values
            );
        }
    }
    Ok(())
}

/// So many rows and columns of tiles, each of which needs those above and to the left.
fn wavefront(side: usize) -> DistributedBuilder<'static> {
    let mut graph = DistributedBuilder::new();
    let mut above: Vec<DistributedNode<()>> = Vec::new();
    for _ in 0..side {
        let mut row: Vec<DistributedNode<()>> = Vec::new();
        for column in 0..side {
            let near: Vec<_> = above.get(column).into_iter().chain(row.last()).copied().collect();
            let tile = graph.node("", near, |_: Values<'_, ()>| ());
            graph.load(tile, 100_000);
            row.push(tile);
        }
        above = row;
    }
    graph
}

/// The nodes of a workflow, in a topological order.
fn workflow(path: &Path) -> Result<DistributedBuilder<'static>, Box<dyn Error>> {
    let input = input::load(path)?;
    let predecessors = Predecessors::new(input.workflow.nodes(), &input.workflow.edges);
    let mut graph = DistributedBuilder::new();
    let mut handles: Vec<Option<DistributedNode<()>>> = vec![None; input.workflow.nodes()];
    input.dag.run(|node| {
        let sources = predecessors.of(node.index()).iter().filter_map(|&source| handles[source as usize]);
        let sources: Vec<_> = sources.collect();
        let handle = graph.node("", sources, |_: Values<'_, ()>| ());
        graph.load(handle, input.workflow.duration(node).saturating_mul(1000));
        handles[node.index()] = Some(handle);
    });
    Ok(graph)
}
