//! What the examples share: ranks, which are processes or threads; a value for all ranks; a line of progress.

use dgraph_mpi::{
    DistributedBuilder, DistributedRunError, InProcess, Link, Owners, Progress, RankOptions, Wire,
};
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// Runs `rank` on all ranks: those of the MPI job or, with `threads`, so many threads of this process.
pub(crate) fn run(
    threads: Option<usize>,
    rank: impl Fn(&mut Link) -> Result<(), Box<dyn Error>> + Sync,
) -> ExitCode {
    let one = |mut link: Link| {
        let outcome = rank(&mut link);
        if let Err(error) = &outcome {
            // All ranks have the same error, or words of it.
            let mut words = format!("error on rank {}: {error}", link.rank());
            let mut source = error.source();
            while let Some(cause) = source {
                words += &format!(": {cause}");
                source = cause.source();
            }
            eprintln!("{words}");
        }
        outcome.is_ok()
    };
    let all_well = match threads {
        None => start().map(one).unwrap_or_else(|words| {
            eprintln!("error: {words}");
            false
        }),
        Some(threads) => thread::scope(|scope| {
            let ends = InProcess::network(threads.max(1));
            let ranks: Vec<_> = ends.into_iter().map(|end| scope.spawn(|| one(Link::new(end)))).collect();
            ranks.into_iter().all(|rank| rank.join().unwrap_or(false))
        }),
    };
    if all_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(feature = "mpi")]
fn start() -> Result<Link, String> {
    dgraph_mpi::MpiTransport::start().map(Link::new).map_err(|error| error.to_string())
}

#[cfg(not(feature = "mpi"))]
fn start() -> Result<Link, String> {
    Err("compiled without the feature `mpi`: say --threads N for ranks that are threads of one process"
        .into())
}

/// What `make` gives on rank 0, for all ranks.
pub(crate) fn share<T: Wire + Clone>(
    link: &mut Link,
    make: impl FnMut() -> T + Send,
) -> Result<T, Box<dyn Error>> {
    let (rank, size) = (link.rank(), link.size());
    let mut graph = DistributedBuilder::new();
    let value = graph.node("value", (), make);
    let copies: Vec<_> = (0..size).map(|_| graph.node("copy", (value,), T::clone)).collect();
    // Node 0 is the value, and after it there is a copy for each rank.
    let mut graph = graph.build(link, &Owners::by(|node| node.saturating_sub(1)))?;
    graph.run(link)?;
    Ok(graph.take(copies[rank])?)
}

/// What each rank says, on rank 0.
pub(crate) fn collect<T: Wire + Clone>(link: &mut Link, own: &T) -> Result<Option<Vec<T>>, Box<dyn Error>> {
    let mut graph = DistributedBuilder::new();
    let nodes: Vec<_> = (0..link.size()).map(|_| graph.node("own", (), || own.clone())).collect();
    let mut graph = graph.build(link, &Owners::by(|node| node))?;
    graph.run(link)?;
    Ok(graph.gather(link, 0, &nodes)?)
}

/// Calls `run` with options by which it says how far it has come, and shows that, on rank 0, on standard
/// error: a line that changes if that is a terminal, otherwise a line a second.
pub(crate) fn with_progress<R>(
    rank: usize,
    nodes: usize,
    run: impl FnOnce(&RankOptions) -> Result<R, DistributedRunError>,
) -> Result<R, DistributedRunError> {
    let progress = Progress::new();
    let options = RankOptions::new().progress(&progress);
    if rank > 0 {
        return run(&options);
    }
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(|| {
            let stopped = stopped;
            let terminal = io::stderr().is_terminal();
            let pause = Duration::from_millis(if terminal { 100 } else { 1000 });
            let start = if terminal { "\r" } else { "" };
            let end = if terminal { "" } else { "\n" };
            while stopped.recv_timeout(pause) == Err(std::sync::mpsc::RecvTimeoutError::Timeout) {
                let done = progress.done();
                let _ = write!(io::stderr(), "{start}{done} of {nodes} nodes{end}");
            }
            if terminal {
                let _ = write!(io::stderr(), "\r\x1b[K");
            }
        });
        let outcome = run(&options);
        drop(stop);
        outcome
    })
}
