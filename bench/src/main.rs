//! The command line of the benchmark.

use clap::{Parser, Subcommand};
use dgraph_bench::compare::Compare;
use dgraph_bench::metg::Metg;
use std::error::Error;
use std::process::ExitCode;

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
    /// The task duration at which a system is 50 % and 95 % efficient
    Metg(Metg),
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
        Command::Metg(metg) => metg.run(),
    }
}
