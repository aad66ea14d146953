//! Executes a workflow, serially and in parallel, and says how close the makespan comes to the lower bound.
//!
//! ```text
//! cargo run --release --example workflow                    # the packages of this workspace's own Cargo.lock
//! cargo run --release --example workflow -- jobs.tsv        # id<TAB>duration<TAB>pred1,pred2,…; ids are 0..n
//! generate | cargo run --release --example workflow -- -    # standard input
//! cargo run --release --example workflow -- --report report.html    # what ran when, on which thread
//! cargo run --release --example workflow -- --durations last.tsv    # the second time by what nodes took the first time
//! cargo run --release --example workflow -- --what-if    # what it would take on 1 to 1,024 threads
//! ```
//!
//! Each node keeps its core busy for its duration, scaled so that all nodes together take `--seconds`, to
//! compute a value from its predecessors' values. Both executions have to give the same values and to respect
//! every edge; otherwise the program fails. With `--priorities` the parallel one starts what has the longest
//! path behind it first; with `--durations FILE`, by what the nodes took when that file was written last.
//! They alternate `--repeat` times, on the same graph and executor, and the fastest of each kind counts.

#![forbid(unsafe_code)]

mod budget;
mod durations;
mod execution;
mod job;
mod options;
mod progress;
mod record;
mod report;
mod same_file;
mod typed;
mod what_if;

use budget::Budget;
use clap::Parser;
use dgraph_exec::{Executor, Progress, RunOptions};
use dgraph_tests::input;
use durations::Kept;
use execution::Execution;
use job::Job;
use options::Options;
use record::Record;
use report::Report;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use what_if::Predictions;

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::FAILURE
        }
    }
}

/// The whole program; an error is the line to print.
fn run(options: &Options) -> Result<(), String> {
    let source = options.workflow();
    let input = input::load(&source).map_err(|error| error.to_string())?;
    record::check(options)?;
    if let Some(path) = &options.dot {
        record::write(path, &input.dag.view().dot(|node| &input.workflow.names[node.index()]))?;
    }
    let executor = match options.threads {
        None => Executor::new(),
        Some(threads) => Executor::builder().threads(threads.get()).build(),
    }
    .map_err(|error| error.to_string())?;

    let job = Job::new(&input.workflow, &Budget::new(options.seconds, input.workflow.total_work()));
    let mut record = options.records().then(|| Record::new(executor.threads(), input.workflow.nodes()));
    let mut kept = options.durations.as_deref().map(Kept::read).transpose()?;
    let longest_path_first = options.priorities || kept.as_ref().is_some_and(Kept::knows_any);
    let (mut serial_times, mut makespans) = (Vec::new(), Vec::new());
    for _ in 0..options.repeat.get() {
        let (serial, parallel) = (Execution::new(&job), Execution::new(&job));
        serial_times.push(serial.measure("serial", None, || input.dag.run(|node| serial.execute(node))));
        makespans.push(if options.priorities || record.is_some() || kept.is_some() {
            let mut graph = typed::graph(&input.workflow, &parallel, options.priorities)?;
            kept.iter().for_each(|kept| kept.prioritize(&mut graph));
            let run = record.as_ref().map_or_else(RunOptions::new, Record::options);
            let run = if kept.is_some() { run.measure() } else { run };
            // (It costs some hundred nanoseconds a node, so only if somebody looks.)
            let report = progress::is_drawn()
                .then(|| Arc::new(kept.as_ref().map_or_else(Progress::new, Kept::progress)));
            let run = report.iter().fold(run, |run, report| run.observer(report.clone()));
            let work = || graph.with(&run).run_parallel(&executor).map(drop).expect("no node fails");
            let makespan = parallel.measure("parallel", report.as_deref(), work);
            record.iter_mut().for_each(|record| record.took(makespan));
            kept.iter_mut().for_each(|kept| kept.learn(&graph));
            makespan
        } else {
            parallel.measure("parallel", None, || executor.run(&input.dag, |node| parallel.execute(node)))
        });
        serial.check(&input.workflow).map_err(|fault| format!("serial execution: {fault}"))?;
        parallel.check(&input.workflow).map_err(|fault| format!("parallel execution: {fault}"))?;
        parallel.compare(&serial).map_err(|fault| format!("parallel execution: {fault}"))?;
    }
    record.map_or(Ok(()), |record| record.write(options))?;
    kept.map_or(Ok(()), |kept| kept.write())?;
    print(&Report::new(&input, &executor, longest_path_first, &serial_times, &makespans))?;
    if options.what_if {
        let serial = serial_times.iter().min().copied().unwrap_or_default();
        print(&Predictions::new(&input, serial, executor.threads()))?;
    }
    Ok(())
}

/// Prints on standard output. That nobody reads to the end is not an error.
fn print(report: &impl ToString) -> Result<(), String> {
    match io::stdout().write_all(report.to_string().as_bytes()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(format!("<stdout>: {error}")),
        _ => Ok(()),
    }
}
