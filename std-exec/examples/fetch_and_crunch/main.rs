//! Fetches pages of numbers over TCP and looks for primes in them: a graph in which nodes that wait for a
//! server feed nodes that compute, as one future under tokio.
//!
//! ```text
//! cargo run --release --example fetch_and_crunch                                   # 64 pages, 8 connections
//! cargo run --release --example fetch_and_crunch -- --pages 500 --connections 50
//! ```
//!
//! The server is part of the program, on a loopback address. It is slow on purpose: each answer takes
//! `--delay` milliseconds. No more pages than `--connections` are under way at once (a limit, held while a
//! node waits). The same graph runs `--repeat` times, each time for other pages. The program fails if a count
//! of primes is wrong.

#![forbid(unsafe_code)]

mod crunch;
mod job;
mod server;

use clap::Parser;
use job::Job;
use server::Server;
use std::error::Error;
use std::num::NonZeroU32;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Fetches pages of numbers over TCP and counts the primes in them
#[derive(Debug, Parser)]
struct Options {
    /// How many pages to fetch in a run
    #[arg(long, default_value = "64")]
    pages: NonZeroU32,
    /// How many to fetch at once
    #[arg(long, default_value = "8")]
    connections: NonZeroU32,
    /// How long the server takes for an answer, in milliseconds
    #[arg(long, default_value = "5")]
    delay: u64,
    /// How often to run the graph
    #[arg(long, default_value = "3")]
    repeat: u32,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        let server = Server::start(Duration::from_millis(options.delay)).await?;
        let mut job = Job::new(server.address, options.pages.get(), options.connections.get() as usize)?;
        for round in 0..options.repeat {
            let began = Instant::now();
            let primes = job.run(round).await?;
            let took = began.elapsed();
            let first = round * options.pages.get();
            let expected: usize = (first..first + options.pages.get()).map(crunch::expected).sum();
            if primes != expected {
                return Err(format!("run {round}: {primes} primes, where there are {expected}").into());
            }
            let highest = server.highest();
            if highest > options.connections.get() as usize {
                return Err(format!("{highest} connections at once").into());
            }
            println!(
                "run {round}: {} pages, {primes} primes, {took:.1?}, at most {highest} connections at once",
                options.pages,
            );
        }
        Ok(())
    })
}
