//! The command line of the benchmark.

use clap::{Parser, Subcommand};
use dgraph_bench::allocator::Counting;
#[cfg(feature = "peers")]
use dgraph_bench::async_nodes::AsyncNodes;
use dgraph_bench::bare::Bare;
use dgraph_bench::compare::Compare;
use dgraph_bench::compile::Compile;
use dgraph_bench::demands::Demands;
use dgraph_bench::latency::Latency;
use dgraph_bench::memory::Memory;
use dgraph_bench::metg::Metg;
use dgraph_bench::requests::Requests;
use dgraph_bench::runs::Runs;
use dgraph_bench::scale::Scale;
use dgraph_bench::threads::Threads;
use dgraph_bench::timeline::Timeline;
use dgraph_bench::workloads::Workloads;
use std::error::Error;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Measures dgraph beside other systems, on the same graphs and in the same process.
#[derive(Parser)]
#[command(version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Time a node, of every system on every shape
    Compare(Compare),
    /// Nodes that are futures: ready at once, yielding once, or waiting for a timer
    #[cfg(feature = "peers")]
    Async(AsyncNodes),
    /// A node of a run that needs no operating system: alone, on two threads, taken and completed one by one
    Bare(Bare),
    /// The first runs of a new graph, the steady ones, and how many of them are slow
    Runs(Runs),
    /// Time a node of typed graphs with priorities, a bound node or a limit
    Demands(Demands),
    /// The time to compile a graph of many closures
    Compile(Compile),
    /// The task duration at which a system is 50 % and 95 % efficient
    Metg(Metg),
    /// The time of one run of a small graph, and of waking a thread for it
    Latency(Latency),
    /// Bytes a node and an edge, allocations a run
    Memory(Memory),
    /// A run of a definition of which many are in flight, as in a server
    Requests(Requests),
    /// Time and memory a node, from small graphs to very large ones
    Scale(Scale),
    /// Makespan by number of workers, with nodes that sleep or are busy, beside predictions
    Threads(Threads),
    /// Which thread ran which node when, in one run
    Timeline(Timeline),
    /// Triangular solve, Cholesky, a frame graph, a build
    Workloads(Workloads),
}

fn main() -> ExitCode {
    match run(&Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: &Command) -> Result<(), Box<dyn Error>> {
    match command {
        Command::Compare(compare) => compare.run(),
        #[cfg(feature = "peers")]
        Command::Async(nodes) => nodes.run(),
        Command::Bare(bare) => bare.run(),
        Command::Runs(runs) => runs.run(),
        Command::Demands(demands) => demands.run(),
        Command::Compile(compile) => compile.run(),
        Command::Metg(metg) => metg.run(),
        Command::Latency(latency) => latency.run(),
        Command::Memory(memory) => memory.run(),
        Command::Requests(requests) => requests.run(),
        Command::Scale(scale) => scale.run(),
        Command::Threads(threads) => threads.run(),
        Command::Timeline(timeline) => timeline.run(),
        Command::Workloads(workloads) => workloads.run(),
    }
}
