//! `scale`: time and memory a node, from a thousand nodes to a hundred million.

use crate::allocator::count;
use crate::body::Grain;
use crate::busy::Watch;
use crate::graph::Graph;
use crate::measure::{Contender, interleaved};
use crate::options::{Format, Options, Timing};
use crate::plot::lines::{Axis, Figure};
use crate::slots::Slots;
use crate::system::SystemId;
use crate::table::{Table, number};
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::rc::Rc;
use std::sync::Arc;

/// The options of `scale`.
#[derive(Args, Clone, Debug)]
pub struct Scale {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    timing: Timing,
    /// The largest graph: about this many nodes
    #[arg(long, value_name = "NODES", default_value_t = 10_000_000, value_parser = clap::value_parser!(u32).range(1..=400_000_000))]
    max: u32,
    /// The shape of the graphs
    #[arg(long, default_value_t = Shape::Wave)]
    shape: Shape,
}

/// One size of one system.
struct Reading {
    system: SystemId,
    threads: usize,
    nodes: usize,
    edges: usize,
    build: f64,
    median: f64,
    minimum: f64,
    /// Bytes per node of the built graph, edges included.
    bytes: f64,
    /// Bytes per node at the worst moment of building the graph.
    peak: f64,
}

const SMALLEST: u32 = 1_000;

impl Scale {
    /// Measures and prints, from small to large.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong, or the picture can't be written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let systems = self.options.systems_or(&[SystemId::SerialKahn, SystemId::Dgraph]);
        let (watch, tsv) = (Watch::start(), self.options.format == Format::Tsv);
        if tsv {
            println!(
                "system\tshape\tthreads\tnodes\tedges\tbuild_ns_per_node\trun_ns_per_node_median\t\
                 run_ns_per_node_min\tbytes_per_node\tpeak_bytes_per_node"
            );
        }
        let sizes = std::iter::successors(Some(SMALLEST.min(self.max)), |size| size.checked_mul(10));
        let mut readings = Vec::new();
        for size in sizes.take_while(|&size| size <= self.max) {
            let graph = Arc::new(Graph::of_shape(self.shape, size as usize));
            let slots = Slots::new(graph.nodes);
            for &system in &systems {
                if let Some(reason) = system.refusal(&graph) {
                    eprintln!("{system} left out at {} nodes: {reason}", graph.nodes);
                    continue;
                }
                let counts = if system.is_parallel() { self.options.thread_counts() } else { vec![1] };
                for threads in counts {
                    let reading = self.measure(system, threads, &graph, slots)?;
                    if tsv {
                        println!("{}", reading.tsv(self.shape));
                    }
                    readings.push(reading);
                }
            }
        }
        if !tsv {
            print(&readings);
        }
        watch.report(self.options.format);
        if let Some(file) = &self.options.svg {
            self.figure(&readings).draw(file)?;
        }
        Ok(())
    }

    fn measure(
        &self,
        system: SystemId,
        threads: usize,
        graph: &Arc<Graph>,
        slots: Slots,
    ) -> Result<Reading, String> {
        let (started, plan) = (Rc::new(system.start(threads)?), self.timing.plan());
        let (body, nodes) = (Grain::new(slots, 0), graph.nodes as f64);
        let (runner, memory) = count(|| started.build(graph, body));
        drop(runner);
        let mut contender = [Contender::new(&started, system.is_rebuilt(), graph, body, &plan)];
        interleaved(&mut contender, &plan).map_err(|(_, error)| format!("{system}: {error}"))?;
        let [contender] = contender;
        Ok(Reading {
            system,
            threads,
            nodes: graph.nodes,
            edges: graph.edges.len(),
            build: contender.build / nodes,
            median: contender.median() / nodes,
            minimum: contender.minimum() / nodes,
            bytes: memory.live_bytes as f64 / nodes,
            peak: memory.peak_bytes as f64 / nodes,
        })
    }

    fn figure(&self, readings: &[Reading]) -> Figure<'static> {
        let mut figure = Figure {
            title: "Cost of a node by size of the graph",
            x: Axis::log("nodes"),
            y: Axis::linear("a node"),
            panels: Vec::new(),
        };
        for reading in readings {
            let Reading { system, threads, .. } = reading;
            let name = system.label(*threads);
            let values =
                [("run, ns", reading.median), ("build, ns", reading.build), ("memory, bytes", reading.bytes)];
            for (what, value) in values {
                let title = format!("{}: {what}", self.shape);
                figure.add_point(&title, &name, (reading.nodes as f64, value));
            }
        }
        figure
    }
}

impl Reading {
    fn tsv(&self, shape: Shape) -> String {
        let Self { system, threads, nodes, edges, build, median, minimum, bytes, peak } = self;
        format!(
            "{system}\t{shape}\t{threads}\t{nodes}\t{edges}\t{build:.2}\t{median:.2}\t{minimum:.2}\t{bytes:.1}\t\
             {peak:.1}"
        )
    }
}

fn print(readings: &[Reading]) {
    let mut table = Table::new(&[
        "system",
        "T",
        "nodes",
        "edges",
        "build ns/node",
        "run ns/node",
        "min",
        "bytes/node",
        "peak bytes/node",
    ]);
    for it in readings {
        let names =
            [it.system.to_string(), it.threads.to_string(), it.nodes.to_string(), it.edges.to_string()];
        let numbers = [it.build, it.median, it.minimum, it.bytes, it.peak].map(number);
        table.row(names.into_iter().chain(numbers));
    }
    println!("{table}");
}
