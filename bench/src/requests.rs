//! `requests`: what a run costs when many of one definition are in flight, as in a server.

use crate::allocator::count;
use crate::busy::Watch;
use crate::measure::nanoseconds;
use crate::options::{Format, cores};
use crate::statistics::{median, minimum};
use crate::table::{Table, duration, number};
use crate::yielding::Yield;
use clap::Args;
use dgraph_exec::{
    Definition, DefinitionBuilder, Executor, Graph, GraphBuilder, Input, Node, RunError, Runnable,
};
use std::error::Error;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

/// The options of `requests`.
#[derive(Args, Clone, Debug)]
pub struct Requests {
    /// How many requests are in flight at once
    #[arg(long, default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    requests: u32,
    /// How often all of them are answered, in each way
    #[arg(long, default_value_t = 100, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Threads of the executor
    #[arg(long, default_value_t = cores())]
    threads: usize,
    /// Nodes that are ready at once, in place of such that wait once each
    #[arg(long)]
    ready: bool,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// The nodes of a request that are asked for afterwards.
type Handles = (Input<u64>, Node<u64>);

/// Ten async nodes, five of them one after the other at the most: added by the same lines to both builders,
/// whose verbs are the same.
macro_rules! ten_nodes {
    ($graph:ident, $yields:expr) => {{
        let yields: bool = $yields;
        let input = $graph.input::<u64>("request");
        let ask = move |x: &u64| {
            let x = *x;
            async move {
                Yield::new(yields).await;
                x.wrapping_mul(3) ^ 1
            }
        };
        let join = move |x: &u64, y: &u64| {
            let (x, y) = (*x, *y);
            async move {
                Yield::new(yields).await;
                x.rotate_left(7) ^ y
            }
        };
        let user = $graph.async_node("user", (input,), ask);
        let [cart, offers, stock] =
            ["cart", "offers", "stock"].map(|name| $graph.async_node(name, (user,), ask));
        let prices = $graph.async_node("prices", (cart, offers), join);
        let parcels = $graph.async_node("parcels", (cart, stock), join);
        let [sum, taxes] = ["sum", "taxes"].map(|name| $graph.async_node(name, (prices,), ask));
        let total = $graph.async_node("total", (sum, taxes), join);
        let page = $graph.async_node("page", (total, parcels), join);
        (input, page)
    }};
}

/// What the ten nodes of a request give, calculated by hand.
fn expected(input: u64) -> u64 {
    let ask = |x: u64| x.wrapping_mul(3) ^ 1;
    let join = |x: u64, y: u64| x.rotate_left(7) ^ y;
    let part = ask(ask(input)); // cart, offers and stock
    let both = join(part, part);
    join(join(ask(both), ask(both)), both)
}

/// How requests are answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    OneGraph,
    InTurn,
    AtOnce,
    OneGraphOnExecutor,
    InTurnOnExecutor,
    AtOnceOnExecutor,
}

const WAYS: [(Way, &str, &str); 6] = [
    (Way::OneGraph, "one graph, one request after the other", "here"),
    (Way::InTurn, "an instance each, one after the other", "here"),
    (Way::AtOnce, "an instance each, all at once", "here"),
    (Way::OneGraphOnExecutor, "one graph, one request after the other", "executor"),
    (Way::InTurnOnExecutor, "an instance each, one after the other", "executor"),
    (Way::AtOnceOnExecutor, "an instance each, all at once", "executor"),
];

/// What the requests have in common.
struct Server {
    graph: Graph<'static>,
    of_graph: Handles,
    definition: Definition<'static>,
    of_definition: Handles,
    executor: Executor,
    requests: u64,
}

impl Requests {
    /// Measures and prints.
    ///
    /// # Errors
    ///
    /// If an answer is wrong, or there is no executor.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let watch = Watch::start();
        let mut server = Server::new(u64::from(self.requests), !self.ready, self.threads)?;
        let mut times = WAYS.map(|_| Vec::new());
        for run in 0..=self.runs {
            for ((way, ..), times) in WAYS.iter().zip(&mut times) {
                let start = Instant::now();
                server.answer(*way)?;
                if run > 0 {
                    times.push(nanoseconds(start.elapsed()) / f64::from(self.requests));
                }
            }
        }
        let allocations = WAYS.map(|(way, ..)| count(|| server.answer(way)).1.allocations);
        // The first of each pair has one graph.
        let first = |at: usize| median(&times[at / 3 * 3]);
        if self.format == Format::Tsv {
            println!("way\twhere\tmedian_ns\tminimum_ns\ttimes_one_graph\tallocations");
        }
        let mut table = Table::new(&["way", "where", "median", "least", "times one graph", "allocations"]);
        for (at, (_, way, place)) in WAYS.iter().enumerate() {
            let (middle, least) = (median(&times[at]), minimum(&times[at]));
            let (times, allocations) =
                (middle / first(at), allocations[at] as f64 / f64::from(self.requests));
            if self.format == Format::Tsv {
                println!("{way}\t{place}\t{middle:.0}\t{least:.0}\t{times:.3}\t{allocations:.2}");
            } else {
                let cells = [duration(middle), duration(least), number(times), number(allocations)];
                table.row([(*way).to_owned(), (*place).to_owned()].into_iter().chain(cells));
            }
        }
        let bytes = server.bytes_per_instance();
        if self.format == Format::Tsv {
            println!("bytes of an instance\t{bytes:.0}");
        } else {
            println!("Per request of ten async nodes, {} requests:\n{table}", self.requests);
            println!("An instance takes {} bytes.", number(bytes));
        }
        watch.report(self.format);
        Ok(())
    }
}

impl Server {
    fn new(requests: u64, yields: bool, threads: usize) -> Result<Self, Box<dyn Error>> {
        let mut graph = GraphBuilder::new();
        let of_graph = ten_nodes!(graph, yields);
        let mut definition = DefinitionBuilder::new();
        let of_definition = ten_nodes!(definition, yields);
        Ok(Self {
            graph: graph.build()?,
            of_graph,
            definition: definition.build()?,
            of_definition,
            executor: Executor::builder().threads(threads).build()?,
            requests,
        })
    }

    /// Answers all requests, in this way.
    fn answer(&mut self, way: Way) -> Result<(), Box<dyn Error>> {
        match way {
            Way::OneGraph => self.by_one(false),
            Way::OneGraphOnExecutor => self.by_one(true),
            Way::InTurn => self.in_turn(false),
            Way::InTurnOnExecutor => self.in_turn(true),
            Way::AtOnce => self.at_once(),
            Way::AtOnceOnExecutor => self.at_once_on_executor(),
        }
    }

    fn by_one(&mut self, on_executor: bool) -> Result<(), Box<dyn Error>> {
        let (input, page) = self.of_graph;
        for request in 0..self.requests {
            self.graph.set(input, request);
            if on_executor {
                pollster::block_on(self.graph.run_parallel_async(&self.executor))?;
            } else {
                poll_to_end(&mut [self.graph.run_async()])?;
            }
            check(request, *self.graph.result(page)?)?;
        }
        Ok(())
    }

    fn in_turn(&mut self, on_executor: bool) -> Result<(), Box<dyn Error>> {
        let (input, page) = self.of_definition;
        for request in 0..self.requests {
            let mut instance = self.definition.instance();
            instance.set(input, request);
            if on_executor {
                pollster::block_on(instance.run_parallel_async(&self.executor))?;
            } else {
                poll_to_end(&mut [instance.run_async()])?;
            }
            check(request, *instance.result(page)?)?;
        }
        Ok(())
    }

    fn at_once(&mut self) -> Result<(), Box<dyn Error>> {
        let (input, page) = self.of_definition;
        let mut instances: Vec<_> = (0..self.requests).map(|_| self.definition.instance()).collect();
        for (request, instance) in (0..).zip(&mut instances) {
            instance.set(input, request);
        }
        let mut runs: Vec<_> = instances.iter_mut().map(|instance| instance.run_async()).collect();
        poll_to_end(&mut runs)?;
        drop(runs);
        for (request, instance) in (0..).zip(&instances) {
            check(request, *instance.result(page)?)?;
        }
        Ok(())
    }

    fn at_once_on_executor(&mut self) -> Result<(), Box<dyn Error>> {
        let (input, page) = self.of_definition;
        let spawn = |request| {
            let mut instance = self.definition.instance();
            instance.set(input, request);
            instance.spawn(&self.executor)
        };
        let runs: Vec<_> = (0..self.requests).map(spawn).collect();
        for (request, run) in (0..).zip(runs) {
            let (instance, outcome) = run.join();
            outcome?;
            check(request, *instance.result(page)?)?;
        }
        Ok(())
    }

    /// What an instance takes that has been run here.
    fn bytes_per_instance(&self) -> f64 {
        const INSTANCES: usize = 100;
        let (definition, (input, _)) = (&self.definition.clone(), self.of_definition);
        // Those that there are already are in use meanwhile.
        let known: Vec<_> = (0..self.requests).map(|_| definition.instance()).collect();
        let mut kept = Vec::with_capacity(INSTANCES);
        let ((), counted) = count(|| {
            for request in 0..INSTANCES as u64 {
                let mut instance = definition.instance();
                instance.set(input, request);
                poll_to_end(&mut [instance.run_async()]).expect("nothing fails");
                kept.push(instance);
            }
        });
        drop(known);
        counted.live_bytes as f64 / INSTANCES as f64
    }
}

fn check(request: u64, page: u64) -> Result<(), Box<dyn Error>> {
    if page == expected(request) {
        Ok(())
    } else {
        Err(format!("a wrong answer to request {request}").into())
    }
}

/// Polls these runs in turns until all are over. (Those that wait have woken themselves.)
fn poll_to_end<G: Runnable>(runs: &mut [dgraph_exec::RunAsync<'_, G>]) -> Result<(), RunError> {
    let mut context = Context::from_waker(Waker::noop());
    let mut done = vec![false; if runs.len() > 1 { runs.len() } else { 0 }];
    let mut left = runs.len();
    while left > 0 {
        for (at, run) in runs.iter_mut().enumerate() {
            if done.get(at) == Some(&true) {
                continue;
            }
            if let Poll::Ready(ended) = Pin::new(run).poll(&mut context) {
                ended?;
                left -= 1;
                if let Some(done) = done.get_mut(at) {
                    *done = true;
                }
            }
        }
    }
    Ok(())
}
