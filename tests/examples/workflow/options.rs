//! The command line.

use clap::Parser;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Executes a dependency graph, serially and in parallel, and compares the makespan with its lower bound.
#[derive(Debug, Parser)]
#[command(name = "workflow")]
pub(crate) struct Options {
    /// A TSV file of lines `id<TAB>duration<TAB>pred1,pred2,…` (the ids of n lines are 0..n, in any order), a
    /// Cargo.lock, or `-` for standard input [default: the Cargo.lock of this workspace]
    file: Option<PathBuf>,

    /// How long the serial execution shall take, in seconds: bodies are busy for their share
    #[arg(long, default_value = "1", value_parser = parse_seconds)]
    pub(crate) seconds: Duration,

    /// How many times to execute it, each way; the fastest counts
    #[arg(long, value_name = "N", default_value = "3")]
    pub(crate) repeat: NonZeroUsize,

    /// The number of threads that execute nodes in parallel [default: one for each core]
    #[arg(long, value_name = "N")]
    pub(crate) threads: Option<NonZeroUsize>,

    /// Start the node with the longest path behind it first, by the durations of the file, as a typed graph
    /// does that is told them; otherwise the newest ready one, as the raw layer does
    #[arg(long)]
    pub(crate) priorities: bool,

    /// Start the node with the longest path behind it first, by what nodes took when this file was written,
    /// if it is there; and write to it what they take
    #[arg(long, value_name = "FILE")]
    pub(crate) durations: Option<PathBuf>,

    /// Predict the makespan on 1 to 1,024 threads, and which node is worth making faster
    #[arg(long)]
    pub(crate) what_if: bool,

    /// Write what the fastest parallel execution did to this file, for Perfetto, chrome://tracing or
    /// speedscope
    #[arg(long, value_name = "FILE")]
    pub(crate) trace: Option<PathBuf>,

    /// Write it to this file as a page to look at
    #[arg(long, value_name = "FILE")]
    pub(crate) report: Option<PathBuf>,

    /// Write it to this file as a picture, in SVG
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,

    /// Write the graph to this file, in Graphviz's DOT language; not to the one that is read
    #[arg(long, value_name = "FILE")]
    pub(crate) dot: Option<PathBuf>,
}

impl Options {
    /// Whether to record what the parallel executions do.
    pub(crate) fn records(&self) -> bool {
        self.trace.is_some() || self.report.is_some() || self.svg.is_some()
    }

    /// The file to read: the one named, or the lock file that this program was compiled with, or, should it
    /// have gone since, the one in the current directory.
    pub(crate) fn workflow(&self) -> PathBuf {
        const NAME: &str = "Cargo.lock";
        let compiled_with =
            || Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).map(|root| root.join(NAME));
        let default = || compiled_with().filter(|path| path.is_file()).unwrap_or_else(|| NAME.into());
        self.file.clone().unwrap_or_else(default)
    }
}

fn parse_seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "not a number".to_owned())?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
