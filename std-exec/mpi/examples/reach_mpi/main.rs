//! What graphs over ranks cost beside MPI by hand, on two ranks or more.
//!
//! ```text
//! cargo build --release -p dgraph-mpi --features mpi --example reach_mpi
//! mpirun -n 2 --bind-to core target/release/examples/reach_mpi edge       # one way from rank to rank
//! mpirun -n 2 --bind-to core target/release/examples/reach_mpi stencil    # METG of Task Bench's stencil_1d
//! ```
//!
//! Over TCP: `--mca pml ob1 --mca btl self,tcp`.

#![forbid(unsafe_code)]

mod edge;
mod stencil;

use clap::{Parser, Subcommand};
use dgraph_mpi::{Link, MpiTransport};
use mpi::Threading;
use std::error::Error;
use std::process::ExitCode;

/// Measures what graphs over ranks cost beside MPI by hand.
#[derive(Debug, Parser)]
struct Options {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A chain of nodes that goes back and forth between ranks 0 and 1, beside messages that do
    Edge(edge::Options),
    /// Steps of columns, each of which needs its neighbours of the step before: how long tasks have to be for
    /// half of the time to be theirs
    Stencil(stencil::Options),
}

fn main() -> ExitCode {
    let options = Options::parse();
    let Some((universe, _)) = mpi::initialize_with_threading(Threading::Funneled) else {
        eprintln!("error: MPI can't be started");
        return ExitCode::FAILURE;
    };
    let world = universe.world();
    let outcome: Result<(), Box<dyn Error>> = match MpiTransport::over(&world) {
        Ok(transport) => {
            let mut link = Link::new(transport);
            match &options.what {
                What::Edge(options) => edge::measure(&world, &mut link, options),
                What::Stencil(options) => stencil::measure(&world, &mut link, options),
            }
        }
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
