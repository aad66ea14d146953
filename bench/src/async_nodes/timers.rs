//! One graph with a timer a node and no edges, beside the same timers joined without a graph; all on Tokio.

use super::print::allocations;
use crate::allocator::count;
use crate::measure::{Plan, nanoseconds};
use crate::statistics::{median, minimum};
use crate::table::{Table, duration, number};
use dgraph_exec::{Graph, GraphBuilder};
use futures::future::join_all;
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tokio::runtime::{Builder, Runtime};
use tokio::task::{JoinSet, unconstrained};
use tokio::time::sleep;

/// How long each node waits.
const WAIT: Duration = Duration::from_millis(10);
/// Runs before the first timed one. The last of them counts allocations.
const WARM_UPS: usize = 3;
/// The fewest timed runs, whatever they take.
const FEWEST: usize = 3;

/// A way to wait for all timers.
struct Waiting {
    name: &'static str,
    threads: usize,
    run: Box<dyn FnMut()>,
}

/// What it took.
pub(crate) struct Reading {
    pub(crate) name: &'static str,
    threads: usize,
    timers: usize,
    /// Of each run, in nanoseconds.
    pub(crate) times: Vec<f64>,
    /// Of a run that is not the first one.
    allocations: u64,
}

/// The graph, on a current-thread runtime.
pub(crate) const GRAPH: &str = "dgraph-async";
/// Tokio's own way on the same runtime.
pub(crate) const TOKIO: &str = "JoinSet, tokio-current";

/// Measures by turns those ways whose names are wanted.
///
/// # Errors
///
/// If there can't be a runtime, or a run left timers out or was over before they were.
pub(crate) fn measure(
    timers: usize,
    threads: usize,
    plan: &Plan,
    wanted: impl Fn(&str) -> bool,
) -> Result<Vec<Reading>, Box<dyn Error>> {
    let fired = Arc::new(AtomicUsize::new(0));
    let mut all = ways(timers, threads, &fired)?;
    all.retain(|way| wanted(way.name));
    let mut readings: Vec<Reading> = all
        .iter()
        .map(|way| Reading {
            name: way.name,
            threads: way.threads,
            timers,
            times: Vec::new(),
            allocations: 0,
        })
        .collect();
    for round in 0..WARM_UPS + plan.runs {
        for (way, reading) in all.iter_mut().zip(&mut readings) {
            let spent: f64 = reading.times.iter().sum();
            if reading.times.len() >= FEWEST && spent > nanoseconds(plan.cap) {
                continue;
            }
            fired.store(0, Relaxed);
            let start = Instant::now();
            if round + 1 == WARM_UPS {
                reading.allocations = count(|| (way.run)()).1.allocations;
            } else {
                (way.run)();
            }
            let time = start.elapsed();
            let done = fired.load(Relaxed);
            if done != timers || time < WAIT {
                let name = way.name;
                return Err(format!("{name}: {done} of {timers} timers fired in {time:?}").into());
            }
            if round >= WARM_UPS {
                reading.times.push(nanoseconds(time));
            }
        }
    }
    Ok(readings)
}

fn ways(timers: usize, threads: usize, fired: &Arc<AtomicUsize>) -> Result<Vec<Waiting>, Box<dyn Error>> {
    let current: Arc<Runtime> = Arc::new(Builder::new_current_thread().enable_time().build()?);
    let multi = Arc::new(Builder::new_multi_thread().worker_threads(threads).enable_time().build()?);
    let mut ways = Vec::new();
    let mut add = |name, threads, run: Box<dyn FnMut()>| ways.push(Waiting { name, threads, run });
    {
        let (runtime, mut graph) = (Arc::clone(&current), graph(timers, fired)?);
        let run = move || {
            runtime.block_on(graph.run_async()).expect("no node fails");
        };
        add(GRAPH, 1, Box::new(run));
    }
    {
        let (runtime, fired) = (Arc::clone(&current), Arc::clone(fired));
        let run = move || drop(runtime.block_on(join_all((0..timers).map(|_| timer(Arc::clone(&fired))))));
        add("join_all", 1, Box::new(run));
    }
    {
        let (runtime, fired) = (Arc::clone(&current), Arc::clone(fired));
        let run = move || {
            let timers = join_all((0..timers).map(|_| timer(Arc::clone(&fired))));
            runtime.block_on(unconstrained(timers));
        };
        add("join_all, unconstrained", 1, Box::new(run));
    }
    for (name, threads, runtime) in [(TOKIO, 1, current), ("JoinSet, tokio", threads, multi)] {
        let fired = Arc::clone(fired);
        let run = move || {
            runtime.block_on(async {
                let tasks: JoinSet<()> = (0..timers).map(|_| timer(Arc::clone(&fired))).collect();
                tasks.join_all().await;
            });
        };
        add(name, threads, Box::new(run));
    }
    Ok(ways)
}

/// A graph of nothing but timers.
fn graph(timers: usize, fired: &Arc<AtomicUsize>) -> Result<Graph<'static>, Box<dyn Error>> {
    let mut graph = GraphBuilder::new();
    for _ in 0..timers {
        let fired = Arc::clone(fired);
        graph.async_node("", (), move || timer(Arc::clone(&fired)));
    }
    Ok(graph.build()?)
}

async fn timer(fired: Arc<AtomicUsize>) {
    sleep(WAIT).await;
    fired.fetch_add(1, Relaxed);
}

impl Reading {
    pub(super) fn print_tsv(&self) {
        let Self { name, threads, timers, times, allocations } = self;
        let [median, minimum] = [median(times), minimum(times)].map(|time| time / *timers as f64);
        println!("{name}\tindep\ttimer\t{threads}\t{timers}\t0\t{median:.2}\t{minimum:.2}\t{allocations}");
    }
}

/// A table for people. The ratios refer to Tokio's own way on the same runtime.
pub(super) fn print(readings: &[Reading]) {
    let Some(first) = readings.first() else { return };
    println!("{} timers of {} ms at once:", first.timers, WAIT.as_millis());
    let tokio = readings.iter().find(|reading| reading.name == TOKIO);
    let tokio = tokio.map_or(f64::NAN, |reading| median(&reading.times));
    let mut table =
        Table::new(&["waited for by", "T", "median", "min", "× JoinSet, T=1", "allocations/timer", "runs"]);
    for Reading { name, threads, timers, times, allocations: count } in readings {
        let (median, minimum) = (median(times), minimum(times));
        let times_of = [duration(median), duration(minimum), number(median / tokio)];
        let names = [(*name).to_owned(), threads.to_string()];
        let counts = [allocations(*count as f64 / *timers as f64), times.len().to_string()];
        table.row(names.into_iter().chain(times_of).chain(counts));
    }
    println!("{table}");
}
