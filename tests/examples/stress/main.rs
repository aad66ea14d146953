//! Runs the stress tests of `tests/it/stress` as often as it is told, and prints what was counted.
//!
//! ```text
//! cargo run --release --example stress -- --scale 100          # 100 times as much as `cargo test` does
//! cargo run --release --example stress -- --scale 20 tree      # only cases whose names contain one of the words
//! ```

#![forbid(unsafe_code)]

#[path = "../../it/stress/mod.rs"]
mod stress;

use clap::Parser;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::time::Instant;

/// Stress tests with counters. Exit code 1 if one fails.
#[derive(Debug, Parser)]
struct Options {
    /// How many times as much as `cargo test` does
    #[arg(long, default_value = "10")]
    scale: NonZeroUsize,
    /// Only cases whose names contain one of these
    words: Vec<String>,
}

fn main() -> ExitCode {
    let options = Options::parse();
    let chosen =
        |name: &str| options.words.is_empty() || options.words.iter().any(|word| name.contains(word));
    let mut failed = 0;
    println!("{:<32} {:<6} {:>8}  counted", "what", "result", "seconds");
    for (name, case) in stress::CASES.iter().filter(|(name, _)| chosen(name)) {
        let start = Instant::now();
        // A panic is printed by the panic hook.
        let counted = catch_unwind(AssertUnwindSafe(|| case(options.scale.get())));
        failed += usize::from(counted.is_err());
        let result = if counted.is_ok() { "ok" } else { "FAILED" };
        let counted = counted.unwrap_or_default();
        println!("{name:<32} {result:<6} {:>8.1}  {counted}", start.elapsed().as_secs_f64());
    }
    ExitCode::from(u8::from(failed > 0))
}
