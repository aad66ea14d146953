//! A build tool: makes the targets of a file, each after those that it needs, by running their commands.
//!
//! ```text
//! cargo run --release -p dgraph-exec --example build                        # a file of its own
//! cargo run --release -p dgraph-exec --example build -- some.mk --jobs 8
//! cargo run --release -p dgraph-exec --example build -- some.mk package     # and what it needs
//! ```
//!
//! What a failure doesn't concern is made all the same. At Ctrl-C the commands under way go on to their end,
//! and nothing else begins; at the second one they are killed.

#![forbid(unsafe_code)]

mod file;
mod progress;

use clap::Parser;
use dgraph_exec::{
    CancelToken, FailurePolicy, Graph, GraphBuilder, NoResult, RunError, RunOptions, StopReason,
};
use file::Target;
use progress::Progress;
use std::collections::HashMap;
use std::error::Error;
use std::fs;
use std::future::poll_fn;
use std::path::PathBuf;
use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;
use tokio::process::Command;
use tokio::signal::ctrl_c;

/// Makes targets, each after those that it needs
#[derive(Debug, Parser)]
struct Options {
    /// A line for each target: `name: needs … ; command`
    file: Option<PathBuf>,
    /// What to make, all targets otherwise
    targets: Vec<String>,
    /// How many commands to run at once
    #[arg(long, default_value = "4")]
    jobs: usize,
}

/// Runs the command of a target. It is killed if this future is dropped, but not by the Ctrl-C that is for
/// this program.
async fn make(target: &Target) -> Result<(), String> {
    let mut command = Command::new("sh");
    command.args(["-c", &target.command]).kill_on_drop(true);
    #[cfg(unix)]
    command.process_group(0);
    let output = command.output().await.map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(());
    }
    Err(format!("{}: {}", output.status, String::from_utf8_lossy(&output.stderr).trim_end()))
}

/// A graph that makes these targets.
fn graph<'t>(targets: &'t [Target], jobs: usize) -> Result<Graph<'t>, Box<dyn Error>> {
    let mut graph = GraphBuilder::new();
    let jobs = graph.limit(jobs);
    let mut nodes = HashMap::new();
    for target in targets {
        let node = graph.try_async_node(&*target.name, (), || make(target));
        graph.limited(node, jobs);
        if nodes.insert(&*target.name, node).is_some() {
            return Err(format!("there are two targets {}", target.name).into());
        }
    }
    for target in targets {
        for need in &target.needs {
            let need = nodes
                .get(&**need)
                .ok_or_else(|| format!("{} needs {need}, which is no target", target.name))?;
            graph.after(nodes[&*target.name], *need);
        }
    }
    let mut graph = graph.build()?; // or an error that names a cycle
    graph.prioritize_by(|_| Duration::from_secs(1)); // the longest path first
    Ok(graph)
}

/// Cancels the run at the first Ctrl-C, and is over at the second one.
async fn twice_ctrl_c(token: &CancelToken) {
    while ctrl_c().await.is_ok() && !token.is_cancelled() {
        token.cancel();
        println!("no more is begun; Ctrl-C again kills what is under way");
    }
}

/// Whether all is made.
async fn build(targets: &[Target], options: &Options) -> Result<bool, Box<dyn Error>> {
    let mut graph = graph(targets, options.jobs)?;
    let token = CancelToken::new();
    let mut run = RunOptions::new()
        .policy(FailurePolicy::KeepGoing)
        .cancel_token(&token)
        .drain([StopReason::Cancel])
        .observer(Arc::new(Progress::default()));
    if !options.targets.is_empty() {
        let find = |name: &String| graph.find(name).ok_or_else(|| format!("there is no target {name}"));
        run = run.only(options.targets.iter().map(find).collect::<Result<Vec<_>, _>>()?);
    }
    let ended = {
        let (mut killed, mut made) = (pin!(twice_ctrl_c(&token)), pin!(graph.with(&run).run_async()));
        // It listens before anything is made.
        poll_fn(|context| match killed.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(None),
            Poll::Pending => made.as_mut().poll(context).map(|ended| Some(ended.map(drop))),
        })
        .await
    };
    if let Some(Ok(())) = ended {
        return Ok(true);
    }
    let error = ended.and_then(Result::err);
    for failure in error.iter().flat_map(RunError::failures) {
        println!("{}: {}", failure.node(), failure.error());
    }
    for (target, why) in graph.results().absent_nodes() {
        if !matches!(why, NoResult::Failed | NoResult::NotNeeded) {
            println!("{target} {why}");
        }
    }
    println!("{}", error.map_or_else(|| "killed".to_owned(), |error| error.to_string()));
    Ok(false)
}

fn run(options: &Options) -> Result<bool, Box<dyn Error>> {
    let text = match &options.file {
        Some(path) => fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?,
        None => include_str!("demo.mk").to_owned(),
    };
    let targets = file::parse(&text)?;
    // One thread is enough: it is the commands that work.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(build(&targets, options))
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(2)
        }
    }
}
