//! `timeline`: which thread ran which node when, in one run.

use crate::body::{Body, Grain};
use crate::options::{Format, Nodes, Options, Shapes};
use crate::plot::timeline;
use crate::slots::Slots;
use crate::system::SystemId;
use crate::table::{Table, duration, number};
use crate::trace::{Span, Trace};
use clap::Args;
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::sync::Arc;

/// The options of `timeline`.
#[derive(Args, Clone, Debug)]
pub struct Timeline {
    #[command(flatten)]
    options: Options,
    #[command(flatten)]
    shapes: Shapes,
    #[command(flatten)]
    nodes: Nodes,
    /// Steps of the node body, about 1.1 ns each
    #[arg(long, default_value_t = 2_000)]
    grain: u64,
}

/// So many that single nodes can be seen.
const NODES: usize = 400;
const WARM_UPS: usize = 3;

impl Timeline {
    /// Runs one system (`dgraph`, or the first of `--systems`) on one graph, and prints what each thread did.
    ///
    /// # Errors
    ///
    /// If the system can't run the graph or computed what is wrong, or a file can't be read or written.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let system = self.options.systems_or(&[SystemId::Dgraph])[0];
        let source = &self.shapes.or([crate::graph::Source::Shape(Shape::Wave)])[0];
        let graph = Arc::new(source.graph(Some(self.nodes.nodes.unwrap_or(NODES)))?);
        if let Some(reason) = system.refusal(&graph) {
            return Err(format!("{system} can't run {source}: {reason}").into());
        }
        let threads = if system.is_parallel() { self.options.most_threads() } else { 1 };
        let trace = Trace::new(Grain::new(Slots::new(graph.nodes), self.grain), graph.nodes);
        let started = system.start(threads)?;
        let mut runner = started.build(&graph, trace);
        for _ in 0..WARM_UPS {
            runner.run();
            runner.reset();
        }
        trace.clear();
        runner.run();
        trace.check()?;
        let spans = trace.spans(graph.nodes);
        if self.options.format == Format::Tsv {
            println!("node\tthread\tbegan_ns\tended_ns");
            let start = spans.first().map_or(0, |span| span.began);
            for Span { node, thread, began, ended } in &spans {
                println!("{node}\t{thread}\t{}\t{}", began - start, ended - start);
            }
        } else {
            println!("{system} on {source}: {} nodes, grain {}, {threads} threads", graph.nodes, self.grain);
            print(&spans);
        }
        if let Some(file) = &self.options.svg {
            let title = format!("{system}: {source}, {} nodes, {threads} threads", graph.nodes);
            timeline::draw(file, &title, &spans)?;
        }
        Ok(())
    }
}

/// A line for each thread, and the length of the whole.
fn print(spans: &[Span]) {
    let start = spans.iter().map(|span| span.began).min().unwrap_or(0);
    let end = spans.iter().map(|span| span.ended).max().unwrap_or(0);
    let makespan = (end - start) as f64;
    let mut table = Table::new(&["thread", "nodes", "busy", "%", "first node after"]);
    for thread in 0..spans.iter().map(|span| span.thread + 1).max().unwrap_or(0) {
        let own = || spans.iter().filter(move |span| span.thread == thread);
        let busy: u64 = own().map(|span| span.ended - span.began).sum();
        let first = own().map(|span| span.began - start).min().unwrap_or(0);
        let part = number(100.0 * busy as f64 / makespan);
        let count = own().count().to_string();
        table.row([thread.to_string(), count, duration(busy as f64), part, duration(first as f64)]);
    }
    print!("{table}");
    println!("makespan {}", duration(makespan));
}
