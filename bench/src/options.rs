//! Command-line options that several commands have.

use crate::graph::Source;
use crate::measure::Plan;
use crate::system::SystemId;
use clap::{Args, ValueEnum};
use std::path::PathBuf;
use std::thread;
use std::time::Duration;

/// What every command has.
#[derive(Args, Clone, Debug)]
pub struct Options {
    /// Systems, separated by commas; see the list in bench/README.md [default: depends on the command]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub systems: Vec<SystemId>,
    /// Numbers of threads, separated by commas [default: 1 and all cores]
    #[arg(long, value_delimiter = ',', value_name = "COUNTS", value_parser = clap::value_parser!(u16).range(1..))]
    pub threads: Vec<u16>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    pub format: Format,
    /// Also write a picture
    #[arg(long, value_name = "FILE")]
    pub svg: Option<PathBuf>,
}

/// Which graphs.
#[derive(Args, Clone, Debug)]
pub struct Shapes {
    /// Shapes, layers-WIDTH, frame, or paths of .tsv or .lock files, separated by commas [default: depends on
    /// the command]
    #[arg(long, value_delimiter = ',', value_name = "NAMES")]
    pub shapes: Vec<Source>,
}

/// How large they are.
#[derive(Args, Clone, Copy, Debug)]
pub struct Nodes {
    /// About how many nodes generated graphs have [default: depends on the command and the shape]
    #[arg(long, value_parser = nodes)]
    pub nodes: Option<usize>,
}

/// How long to measure.
#[derive(Args, Clone, Copy, Debug)]
pub struct Timing {
    /// Timed runs of each system
    #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u16).range(1..))]
    pub runs: u16,
    /// Seconds after which a system gets fewer timed runs, but at least three
    #[arg(long, default_value_t = 1.0, value_parser = seconds)]
    pub seconds: f64,
}

/// How to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// Aligned columns and remarks, for people.
    Table,
    /// Tab-separated values, for programs; remarks go to standard error.
    Tsv,
}

impl Options {
    /// The chosen systems, or these.
    #[must_use]
    pub fn systems_or(&self, default: &[SystemId]) -> Vec<SystemId> {
        if self.systems.is_empty() { default.to_vec() } else { self.systems.clone() }
    }

    /// The chosen numbers of threads, or one and all cores.
    #[must_use]
    pub fn thread_counts(&self) -> Vec<usize> {
        if !self.threads.is_empty() {
            return self.threads.iter().copied().map(usize::from).collect();
        }
        let mut counts = vec![1, cores()];
        counts.dedup();
        counts
    }

    /// For a command that runs everything on one number of threads: the largest chosen, or all cores.
    #[must_use]
    pub fn most_threads(&self) -> usize {
        self.thread_counts().into_iter().max().unwrap_or(1)
    }
}

impl Shapes {
    /// The chosen graphs, or these.
    #[must_use]
    pub fn or(&self, default: impl IntoIterator<Item = Source>) -> Vec<Source> {
        if self.shapes.is_empty() { default.into_iter().collect() } else { self.shapes.clone() }
    }
}

impl Timing {
    /// How often to run.
    #[must_use]
    pub fn plan(&self) -> Plan {
        Plan::new(usize::from(self.runs), Duration::from_secs_f64(self.seconds))
    }
}

/// How many cores this process may use.
#[must_use]
pub fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}

fn nodes(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(nodes @ 1..=1_000_000_000) => Ok(nodes),
        _ => Err("a number in 1..=1000000000 is needed".to_owned()),
    }
}

/// A number of seconds, as an option's value.
pub(crate) fn seconds(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(seconds) if (0.0..=3600.0).contains(&seconds) => Ok(seconds),
        _ => Err("a number of seconds in 0..=3600 is needed".to_owned()),
    }
}
