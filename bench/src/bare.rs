//! `bare`: what a node costs in `dgraph_core::Run`, which needs no operating system, on this one.

use crate::body::{Body, Grain};
use crate::busy::Watch;
use crate::measure::nanoseconds;
use crate::options::Format;
use crate::slots::Slots;
use crate::statistics::{median, minimum};
use crate::table::{Table, number};
use clap::Args;
use dgraph_core::sync::{AtomicU32, AtomicUsize};
use dgraph_core::{Dag, Run, WorkEnd, ready_words};
use dgraph_tests::shapes::Shape;
use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

/// The options of `bare`.
#[derive(Args, Clone, Debug)]
pub struct Bare {
    /// How often each graph is run
    #[arg(long, default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..))]
    runs: u32,
    /// Nodes of the wave; those of the other graphs are a 256th of it
    #[arg(long, default_value_t = 512 * 512)]
    nodes: usize,
    /// Steps of the long node bodies, about 1.1 ns each
    #[arg(long, default_value_t = 90)]
    grain: u64,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

/// How the nodes are run.
#[derive(Clone, Copy)]
enum Way {
    /// `work`, on so many threads.
    Work(usize),
    /// `take` and `complete`, on one.
    Pairs,
    /// `complete_and_take`, on one.
    InOne,
}

/// What one shape costs per node.
struct Reading {
    shape: Shape,
    way: &'static str,
    threads: usize,
    grain: u64,
    nodes: usize,
    times: Vec<f64>,
}

impl Bare {
    /// Measures and prints.
    ///
    /// # Errors
    ///
    /// If what the nodes computed is wrong.
    pub fn run(&self) -> Result<(), Box<dyn Error>> {
        let watch = Watch::start();
        let (wave, small) = (self.nodes, (self.nodes / 256).max(1));
        let plan = [
            (Shape::Wave, wave, Way::Work(1), 0),
            (Shape::Wave, wave, Way::Work(1), self.grain),
            (Shape::Wave, wave, Way::Work(2), self.grain),
            (Shape::Chain, small, Way::Work(1), 0),
            (Shape::Tree, small, Way::Work(1), 0),
            (Shape::Indep, small, Way::Pairs, 0),
            (Shape::Chain, small, Way::Pairs, 0),
            (Shape::Tree, small, Way::Pairs, 0),
            (Shape::Indep, small, Way::InOne, 0),
            (Shape::Chain, small, Way::InOne, 0),
            (Shape::Tree, small, Way::InOne, 0),
        ];
        let mut readings = Vec::new();
        for (shape, nodes, way, grain) in plan {
            readings.push(self.measure(shape, nodes, way, grain)?);
        }
        self.print(&readings);
        watch.report(self.format);
        Ok(())
    }

    fn measure(&self, shape: Shape, nodes: usize, way: Way, grain: u64) -> Result<Reading, Box<dyn Error>> {
        let (nodes, edges) = shape.edges(nodes);
        let dag = Dag::from_edges(nodes, &edges)?;
        let mut words: Vec<_> = (0..nodes).map(|_| AtomicU32::new(0)).collect();
        let mut ready: Vec<_> = (0..ready_words(nodes)).map(|_| AtomicUsize::new(0)).collect();
        let run = Run::in_memory(dag.view(), &mut words, &mut ready)?;
        let body = Grain::new(Slots::new(nodes), grain);
        let (way, threads, times) = match way {
            Way::Work(threads) => ("work", threads, self.work(&run, body, threads)?),
            Way::Pairs => ("take and complete", 1, self.pairs(&run, body, false)?),
            Way::InOne => ("complete_and_take", 1, self.pairs(&run, body, true)?),
        };
        body.check()?;
        let times = times.into_iter().map(|time| time / nodes as f64).collect();
        Ok(Reading { shape, way, threads, grain, nodes, times })
    }

    /// Nanoseconds per run, with threads that are there all the time, as cores are.
    fn work(&self, run: &HeapRun<'_>, body: Grain, threads: usize) -> Result<Vec<f64>, Box<dyn Error>> {
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 1..threads {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        run.work_until_over(|node| body.execute(node.get()), spin_loop);
                    }
                });
            }
            let times = (0..=self.runs).map(|_| {
                let start = Instant::now();
                run.start()?;
                run.work_until_over(|node| body.execute(node.get()), spin_loop);
                Ok(nanoseconds(start.elapsed()))
            });
            // The first one warms up.
            let times: Result<Vec<_>, Box<dyn Error>> = times.skip(1).collect();
            over.store(true, Ordering::Relaxed);
            times
        })
    }

    /// Nanoseconds per run of nodes that are taken and completed one by one, by two calls or by one.
    fn pairs(&self, run: &HeapRun<'_>, body: Grain, in_one: bool) -> Result<Vec<f64>, Box<dyn Error>> {
        let times = (0..=self.runs).map(|_| {
            let start = Instant::now();
            run.start()?;
            let mut next = run.take();
            while let Some(node) = next {
                body.execute(node.get());
                next = if in_one {
                    run.complete_and_take(node)
                } else {
                    run.complete(node);
                    run.take()
                };
            }
            let time = nanoseconds(start.elapsed());
            assert_eq!(run.work(|_| unreachable!("nothing is left")), WorkEnd::Over);
            Ok(time)
        });
        times.skip(1).collect()
    }

    /// Nanoseconds that a bit takes to be set and won, and nothing else: the least that `take` and `complete`
    /// can cost.
    fn two_changes(&self) -> f64 {
        const TIMES: usize = 1_024;
        let word = AtomicUsize::new(0);
        let times = (0..=self.runs).map(|_| {
            let start = Instant::now();
            for bit in (0..TIMES).map(|time| 1_usize << (time & 31)) {
                word.fetch_or(bit, Ordering::AcqRel);
                black_box(word.fetch_and(!bit, Ordering::Acquire) & bit != 0);
            }
            nanoseconds(start.elapsed()) / TIMES as f64
        });
        median(&times.skip(1).collect::<Vec<_>>())
    }

    fn print(&self, readings: &[Reading]) {
        let cells = readings.iter().map(|reading| {
            [
                reading.shape.name().to_owned(),
                reading.way.to_owned(),
                reading.threads.to_string(),
                reading.grain.to_string(),
                reading.nodes.to_string(),
                format!("{:.2}", median(&reading.times)),
                format!("{:.2}", minimum(&reading.times)),
            ]
        });
        if self.format == Format::Tsv {
            println!("shape\tway\tthreads\tgrain\tnodes\tns_per_node_median\tns_per_node_min");
            cells.for_each(|row| println!("{}", row.join("\t")));
            return;
        }
        let mut table = Table::new(&["shape", "way", "threads", "grain", "nodes", "ns per node", "min"]);
        cells.for_each(|row| table.row(row));
        print!("{table}");
        let long = |threads| {
            let is_it = |reading: &&Reading| reading.threads == threads && reading.grain > 0;
            readings.iter().find(is_it).map(|reading| median(&reading.times))
        };
        if let (Some(one), Some(two)) = (long(1), long(2)) {
            println!("two threads, long bodies: {} times one", number(one / two));
        }
        println!("two read-modify-writes of one word: {} ns", number(self.two_changes()));
    }
}

/// A run in memory of the heap.
type HeapRun<'a> = Run<'a, &'a mut [AtomicU32], &'a mut [AtomicUsize]>;
