//! `compile`: how long it takes to compile a typed graph of many closures, beside as many boxed closures.

mod sources;

use crate::busy::Watch;
use crate::measure::nanoseconds;
use crate::options::Format;
use crate::statistics::{median, minimum};
use crate::table::{Table, duration, number};
use clap::Args;
use sources::Kind;
use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::Instant;

/// The options of `compile`.
#[derive(Args, Clone, Debug)]
pub struct Compile {
    /// How many closures each crate has
    #[arg(long, default_value_t = 300, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    nodes: u16,
    /// How often each crate is compiled
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u16).range(1..))]
    runs: u16,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Where the crates are put, and stay [default: a temporary folder that is removed]
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

/// One crate's times, in nanoseconds.
struct Reading {
    kind: Kind,
    times: Vec<f64>,
}

/// Removed when this is dropped.
struct Temporary(PathBuf);

impl Compile {
    /// Measures and prints: each time cargo is called for one crate whose source has changed, all that it
    /// depends on having been compiled before. The crates take turns.
    ///
    /// # Errors
    ///
    /// If a file can't be written, or cargo fails.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let watch = Watch::start();
        let temporary = match &self.folder {
            Some(_) => None,
            None => Some(Temporary(env::temp_dir().join(format!("dgraph-compile-{}", process::id())))),
        };
        let folder = self.folder.as_ref().or(temporary.as_ref().map(|temporary| &temporary.0));
        let folder = folder.expect("one of the two");
        let nodes = self.nodes.into();
        sources::write_workspace(folder)?;
        let mut readings = Kind::ALL.map(|kind| Reading { kind, times: Vec::new() });
        for turn in 0..=self.runs {
            for Reading { kind, times } in &mut readings {
                kind.write(folder, nodes, turn)?;
                let start = Instant::now();
                build(folder, *kind)?;
                // The first time it compiles the dependencies too.
                if turn > 0 {
                    times.push(nanoseconds(start.elapsed()));
                }
            }
        }
        if self.format == Format::Tsv {
            println!("crate\tnodes\tseconds_median\tseconds_min");
            for Reading { kind, times } in &readings {
                let times = [median(times), minimum(times)].map(|time| format!("{:.3}", time / 1e9));
                println!("{}\t{nodes}\t{}", kind.name(), times.join("\t"));
            }
        } else {
            print(&readings, nodes);
        }
        watch.report(self.format);
        Ok(())
    }
}

fn build(folder: &Path, kind: Kind) -> Result<(), Box<dyn Error>> {
    let output = Command::new(env::var_os("CARGO").unwrap_or("cargo".into()))
        .args(["build", "--release", "--offline", "--package", kind.name()])
        .args(["--target-dir".as_ref(), folder.join("target").as_os_str()])
        .current_dir(folder)
        .output()
        .map_err(|error| format!("cargo: {error}"))?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!("cargo could not compile {}:\n{}", kind.name(), String::from_utf8_lossy(&output.stderr))
            .into())
    }
}

fn print(readings: &[Reading], nodes: usize) {
    let of = |kind| {
        readings.iter().find(|other| other.kind == kind).map_or(f64::NAN, |other| median(&other.times))
    };
    let (empty, boxed) = (of(Kind::Empty), of(Kind::Boxed));
    println!("{nodes} closures, cargo build --release of one crate:");
    let mut table = Table::new(&["crate", "median", "min", "× boxed", "median - empty", "× boxed"]);
    for Reading { kind, times } in readings {
        let own = median(times);
        let above = if *kind == Kind::Empty { f64::NAN } else { own - empty };
        let cells = [
            duration(own),
            duration(minimum(times)),
            number(own / boxed),
            duration(above),
            number(above / (boxed - empty)),
        ];
        table.row([kind.name().to_owned()].into_iter().chain(cells));
    }
    println!("{table}");
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            eprintln!("{} is left behind: {error}", self.0.display());
        }
    }
}
