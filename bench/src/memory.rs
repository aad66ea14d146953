//! `memory`: bytes a node and an edge of a built graph, and allocations of a repeated run.

use crate::allocator::count;
use crate::body::{Body, Grain};
use crate::graph::Graph;
use crate::options::{Format, Nodes, Options};
use crate::plot::bars::{Bar, Bars};
use crate::slots::Slots;
use crate::system::SystemId;
use crate::table::{Table, number};
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::sync::Arc;

/// The options of `memory`.
#[derive(Args, Clone, Debug)]
pub struct Memory {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    nodes: Nodes,
}

/// What a system needs.
struct Needs {
    system: SystemId,
    threads: usize,
    nodes: usize,
    per_node: f64,
    per_edge: f64,
    /// In a run that is not the first one.
    allocations: f64,
}

const NODES: usize = 10_000;
/// The first runs may set up what later ones use again.
const WARM_UPS: usize = 3;
const RUNS: usize = 5;

impl Memory {
    /// Measures and prints: an `indep` graph shows what nodes take, a `layered` one of the same size what
    /// edges add.
    ///
    /// # Errors
    ///
    /// If a system computed what is wrong, or the picture can't be written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let threads = self.options.most_threads();
        let mut all = Vec::new();
        for system in self.options.systems_or(SystemId::ALL) {
            let threads = if system.is_parallel() { threads } else { 1 };
            match self.needs(system, threads) {
                Ok(needs) => all.push(needs),
                Err(reason) => eprintln!("{system} left out: {reason}"),
            }
        }
        if self.options.format == Format::Tsv {
            println!("system\tthreads\tnodes\tbytes_per_node\tbytes_per_edge\tallocations_per_run");
            for needs in &all {
                let Needs { system, threads, nodes, per_node, per_edge, allocations } = needs;
                println!("{system}\t{threads}\t{nodes}\t{per_node:.1}\t{per_edge:.1}\t{allocations:.1}");
            }
        } else {
            print(&all);
        }
        if let Some(file) = &self.options.svg {
            let title = "Memory of a built graph, logarithmic; shorter is better";
            let mut bars = Bars { title, format: number, panels: Vec::new() };
            for needs in &all {
                let bar = |value| Bar::new(needs.system, needs.threads, value);
                bars.add("bytes a node", bar(needs.per_node));
                bars.add("bytes an edge", bar(needs.per_edge));
            }
            for needs in &all {
                let allocations = needs.allocations / needs.nodes as f64;
                bars.add(
                    "allocations a node in a repeated run",
                    Bar::new(needs.system, needs.threads, allocations),
                );
            }
            bars.draw(file)?;
        }
        Ok(())
    }

    fn needs(&self, system: SystemId, threads: usize) -> Result<Needs, String> {
        let nodes = self.nodes.nodes.unwrap_or(NODES).min(system.max_nodes());
        let started = system.start(threads)?;
        let [indep, layered] =
            [Shape::Indep, Shape::Layered].map(|shape| Arc::new(Graph::of_shape(shape, nodes)));
        let slots = Slots::new(indep.nodes.max(layered.nodes));
        let body = |graph: &Graph| Grain::new(slots.first(graph.nodes), 0);
        if let Some(reason) = system.refusal(&layered) {
            return Err(reason);
        }
        // A graph that is built first may set up what others use again.
        drop(started.build(&layered, body(&layered)));
        let (_, without_edges) = count(|| started.build(&indep, body(&indep)));
        let per_node = without_edges.live_bytes as f64 / indep.nodes as f64;
        let (mut runner, with_edges) = count(|| started.build(&layered, body(&layered)));
        let edges_bytes = with_edges.live_bytes as f64 - per_node * layered.nodes as f64;
        for _ in 0..WARM_UPS {
            runner.run();
            runner.reset();
        }
        let mut allocations = 0;
        for _ in 0..RUNS {
            allocations += count(|| runner.run()).1.allocations;
            runner.reset();
        }
        body(&layered).check()?;
        Ok(Needs {
            system,
            threads,
            nodes: layered.nodes,
            per_node,
            per_edge: edges_bytes / layered.edges.len() as f64,
            allocations: allocations as f64 / RUNS as f64,
        })
    }
}

fn print(all: &[Needs]) {
    let mut table =
        Table::new(&["system", "T", "nodes", "bytes/node", "bytes/edge", "allocations/run", "… /node"]);
    for needs in all {
        let Needs { system, threads, nodes, per_node, per_edge, allocations } = needs;
        let numbers = [*per_node, *per_edge, *allocations, allocations / *nodes as f64].map(number);
        table.row([system.to_string(), threads.to_string(), nodes.to_string()].into_iter().chain(numbers));
    }
    println!("{table}");
    println!("Bytes of the built graph; the nodes' results and the list of edges that it is built from are");
    println!("not counted. Allocations of a run that is not the first, all threads together; what dagx and");
    println!("dagrs allocate between the runs is not counted.");
}
