//! Executes a workflow over the ranks of a job: each node on its owner, with the checks of the example
//! `workflow`.
//!
//! ```text
//! cargo run --release -p dgraph-mpi --example workflow_mpi -- --threads 4 jobs.tsv               # ranks are threads
//! cargo build --release -p dgraph-mpi --features mpi --example workflow_mpi
//! mpirun -n 4 target/release/examples/workflow_mpi jobs.tsv                                      # ranks are processes
//! ```
//!
//! The file is one of lines `id<TAB>duration<TAB>pred1,pred2,…`, or a `Cargo.lock`; without one, the lock
//! file of this workspace. Each node keeps its core busy for its duration, scaled so that all together take
//! `--seconds`, to compute a value from its predecessors' values. All values have to be those of a serial
//! execution, which follows on rank 0.

#![forbid(unsafe_code)]

#[path = "../job/mod.rs"]
mod job;

use clap::{Parser, ValueEnum};
use dgraph_mpi::{DistributedBuilder, DistributedGraph, DistributedNode, Link, Owners, Values};
use dgraph_tests::body::busy;
use dgraph_tests::input::{self, Input};
use dgraph_tests::predecessors::Predecessors;
use dgraph_tests::schedule::lower_bound;
use std::error::Error;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Executes a dependency graph over the ranks of a job, and compares it with a serial execution.
#[derive(Debug, Parser)]
struct Options {
    /// A TSV file of lines `id<TAB>duration<TAB>pred1,pred2,…`, or a Cargo.lock [default: the Cargo.lock of
    /// this workspace]
    file: Option<PathBuf>,

    /// How long the serial execution shall take, in seconds: bodies are busy for their share
    #[arg(long, default_value_t = 1.0)]
    seconds: f64,

    /// Who owns which node
    #[arg(long, value_enum, default_value_t = Partition::Greedy)]
    owners: Partition,

    /// How many runs; the fastest counts
    #[arg(long, default_value_t = 3)]
    repeat: u32,

    /// Feed nodes nothing: edges only order them. That they do is checked by the clock, so on one machine
    #[arg(long)]
    order: bool,

    /// Let this node fail
    #[arg(long, value_name = "NAME")]
    fail: Option<String>,

    /// Make ranks of threads of this process, so many, instead of an MPI job's processes
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// Who owns which node.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Partition {
    /// Blocks of a topological order of about the same load
    Blocks,
    /// By edges that are cut, and load
    Greedy,
    /// One after the other
    Round,
}

fn main() -> ExitCode {
    let options = Options::parse();
    job::run(options.threads, |link| rank(&options, link))
}

/// The file that is named, or the lock file of this workspace.
fn file(options: &Options) -> PathBuf {
    let own = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.lock");
    let default = || Some(own()).filter(|path| path.is_file()).unwrap_or_else(|| "Cargo.lock".into());
    options.file.clone().unwrap_or_else(default)
}

/// What a node gives: a value, and the moments of its beginning and end, in nanoseconds.
type Given = (u64, [u64; 2]);

/// A graph over ranks, and the handle of each node of the workflow.
type Described = (DistributedGraph<'static>, Vec<DistributedNode<Given>>);

/// A workflow with what its nodes do.
struct Job {
    input: Input,
    predecessors: Predecessors,
    steps: Vec<u64>,
}

impl Job {
    /// `speed` is how many steps of the body a second has.
    fn new(input: Input, seconds: f64, speed: f64) -> Self {
        let workflow = &input.workflow;
        let work = workflow.total_work().max(1) as f64;
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a positive number of steps"
        )]
        let scaled = |&duration: &u64| (duration as f64 / work * seconds * speed) as u64;
        let steps = workflow.durations.iter().map(scaled).collect();
        let predecessors = Predecessors::new(workflow.nodes(), &workflow.edges);
        Self { predecessors, steps, input }
    }

    fn compute(node: usize, steps: u64, sources: impl IntoIterator<Item = u64>) -> u64 {
        let seed = sources.into_iter().fold(node as u64 + 1, |seed, value| {
            seed.rotate_left(7).wrapping_add(value).wrapping_mul(0x9E37_79B9_7F4A_7C15)
        });
        busy(seed, steps)
    }

    /// What a node gives that is fed these.
    fn give(node: usize, steps: u64, sources: impl IntoIterator<Item = u64>) -> Given {
        let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, nanos);
        let begin = now();
        let value = Self::compute(node, steps, sources);
        (value, [begin, now()])
    }

    /// Each node's value, computed by this thread alone, from what it depends on unless edges `only_order`.
    fn serial(&self, only_order: bool) -> Vec<u64> {
        let mut values = vec![0; self.steps.len()];
        self.input.dag.run(|node| {
            let node = node.index();
            let sources = self.predecessors.of(node).iter().filter(|_| !only_order);
            let sources = sources.map(|&source| values[source as usize]);
            values[node] = Self::compute(node, self.steps[node], sources);
        });
        values
    }

    /// An edge whose end began before its beginning had ended.
    fn out_of_order(&self, given: &[Given]) -> Option<(usize, usize)> {
        (0..given.len()).find_map(|node| {
            let mut sources = self.predecessors.of(node).iter().map(|&source| source as usize);
            sources.find(|&source| given[source].1[1] > given[node].1[0]).map(|source| (source, node))
        })
    }

    /// Describes the graph, in a topological order.
    fn graph(&self, link: &mut Link, options: &Options) -> Result<Described, Box<dyn Error>> {
        let mut graph = DistributedBuilder::new();
        let mut handles: Vec<Option<DistributedNode<Given>>> = vec![None; self.steps.len()];
        let mut order = Vec::new();
        self.input.dag.run(|node| order.push(node.index()));
        for node in order {
            let sources = self.predecessors.of(node).iter().filter_map(|&source| handles[source as usize]);
            let (sources, steps) = (sources.collect::<Vec<_>>(), self.steps[node]);
            let name = &self.input.workflow.names[node];
            let fails = options.fail.as_ref() == Some(name);
            let (fed, only_after) = if options.order { (vec![], sources) } else { (sources, vec![]) };
            let handle = graph.try_node(name, fed, move |given: Values<'_, Given>| {
                if fails {
                    Err("as it was told to")
                } else {
                    Ok(Self::give(node, steps, given.iter().map(|&(value, _)| value)))
                }
            });
            graph.after(handle, only_after);
            graph.load(handle, self.input.workflow.durations[node]);
            handles[node] = Some(handle);
        }
        let size = link.size();
        let owners = match options.owners {
            Partition::Blocks => Owners::Blocks,
            Partition::Greedy => Owners::Greedy,
            Partition::Round => Owners::by(move |node| node % size),
        };
        Ok((graph.build(link, &owners)?, handles.into_iter().flatten().collect()))
    }
}

/// How many steps of the body a second has: the fastest of a few tries, since others may be using the core.
fn speed() -> f64 {
    const STEPS: u64 = 10_000_000;
    let tries = (0..5).map(|seed| {
        let begin = Instant::now();
        black_box(busy(seed, STEPS));
        begin.elapsed()
    });
    STEPS as f64 / tries.min().unwrap_or_default().as_secs_f64()
}

/// What one rank does.
fn rank(options: &Options, link: &mut Link) -> Result<(), Box<dyn Error>> {
    let input = input::load(&file(options))?;
    let speed = job::share(link, speed)?;
    let job = Job::new(input, options.seconds, speed);
    if let Some(name) = options.fail.as_ref().filter(|&name| !job.input.workflow.names.contains(name)) {
        return Err(
            format!("no node is called {name}; the first one is {}", job.input.workflow.names[0]).into()
        );
    }
    let (mut graph, handles) = job.graph(link, options)?;
    let mut fastest = None::<(Duration, Duration)>;
    for _ in 0..options.repeat.max(1) {
        job::with_progress(link.rank(), graph.node_count(), |options| {
            graph.with(options).run(link).map(drop)
        })?;
        let statistics = graph.statistics();
        if fastest.is_none_or(|(took, _)| statistics.took < took) {
            fastest = Some((statistics.took, statistics.waited));
        }
    }
    let given = graph.gather(link, 0, &handles)?;
    let (took, waited) = fastest.unwrap_or_default();
    let times = job::collect(link, &(graph.statistics().nodes, took, waited))?;
    let (Some(given), Some(times)) = (given, times) else { return Ok(()) };

    let begin = Instant::now();
    let reference = job.serial(options.order);
    let serial = begin.elapsed();
    let names = &job.input.workflow.names;
    if let Some(node) = given.iter().zip(&reference).position(|((own, _), other)| own != other) {
        return Err(format!("node {} has another value than in the serial execution", names[node]).into());
    }
    if let Some((from, to)) = job.out_of_order(&given).filter(|_| options.order) {
        return Err(format!("node {} began before {} had ended", names[to], names[from]).into());
    }
    report(&job, &graph, &times, serial, options.order);
    Ok(())
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

fn report(
    job: &Job,
    graph: &DistributedGraph<'_>,
    times: &[(u64, Duration, Duration)],
    serial: Duration,
    order: bool,
) {
    let (dag, workflow) = (job.input.dag.view(), &job.input.workflow);
    let critical = dag.critical_path(|node| workflow.duration(node)).length;
    let share = critical as f64 / workflow.total_work().max(1) as f64;
    let bound = lower_bound(nanos(serial.mul_f64(share)), nanos(serial), times.len());
    let makespan = times.iter().map(|&(_, took, _)| took).max().unwrap_or_default();
    let (edges, values) = graph.cut();
    println!("workflow      {}: {} nodes, {} edges", job.input.file, dag.node_count(), dag.edge_count());
    println!("between ranks {edges} edges, {values} messages a run");
    println!("serial time   {serial:.3?}");
    for (rank, (nodes, took, waited)) in times.iter().enumerate() {
        println!("rank {rank:<8} {took:.3?} for {nodes} nodes, of which it has waited {waited:.3?}");
    }
    println!(
        "makespan      {makespan:.3?}, {:.3} of the serial time",
        makespan.as_secs_f64() / serial.as_secs_f64()
    );
    println!("lower bound   {:.3?} = max(critical path, serial time / ranks)", Duration::from_nanos(bound));
    println!(
        "checked       each value is the serial execution's{}",
        if order { ", and the order is kept" } else { "" }
    );
}
