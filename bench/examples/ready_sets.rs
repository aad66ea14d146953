//! Ready nodes in order of rank, by four means, in ns per node (medians; the least in brackets): a heap under
//! a lock; core's ready set under a lock; the queue of an executor's ordered runs, which has such sets in
//! lanes, under its lock; and core's `Run`, whose ready set is shared without a lock. Nodes have no body, and
//! ranks are the numbers or random.
//!
//! Run it: `cargo run --release -p dgraph-bench --no-default-features --example ready_sets [-- THREADS [SHAPE]]`

use dgraph_bench::statistics::{median, minimum};
use dgraph_core::sync::{AtomicU32, AtomicUsize};
use dgraph_core::{Countdown, Dag, DagView, NodeId, ReadySet, Run, Urgency, ready_words};
use dgraph_tests::shapes::Shape;
use dgraph_tests::splitmix::SplitMix64;
use protocol::ready_queue::{Place, ReadyQueue, Taker};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::error::Error;
use std::hint::{black_box, spin_loop};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

/// The executor's, of which this needs a part.
#[allow(dead_code)]
#[path = "../../std-exec/src/protocol"]
mod protocol {
    pub(crate) mod own_permits;
    pub(crate) mod ready_lane;
    pub(crate) mod ready_queue;
}

/// What holds ready nodes, the most urgent first.
trait Ready: Send {
    fn put(&mut self, node: NodeId);

    fn take(&mut self) -> Option<NodeId>;

    /// `node` is done.
    fn done(&mut self, _: NodeId) {}
}

/// Of each node its rank, and of each rank its node.
struct Ranked<S> {
    set: S,
    ranks: Vec<u32>,
    order: Vec<NodeId>,
}

impl<S> Ranked<S> {
    fn new(set: S, order: &[NodeId]) -> Self {
        let mut ranks = vec![0; order.len()];
        (0..).zip(order).for_each(|(rank, node)| ranks[node.index()] = rank);
        Self { set, ranks, order: order.to_vec() }
    }
}

impl Ready for Ranked<BinaryHeap<Reverse<u32>>> {
    fn put(&mut self, node: NodeId) {
        self.set.push(Reverse(self.ranks[node.index()]));
    }

    fn take(&mut self) -> Option<NodeId> {
        self.set.pop().map(|Reverse(rank)| self.order[rank as usize])
    }
}

impl Ready for Ranked<ReadySet<Box<[AtomicUsize]>>> {
    fn put(&mut self, node: NodeId) {
        self.set.insert_mut(self.ranks[node.index()]);
    }

    fn take(&mut self) -> Option<NodeId> {
        self.set.take_mut().map(|rank| self.order[rank as usize])
    }
}

impl Ready for ReadyQueue {
    fn put(&mut self, node: NodeId) {
        self.push(node);
    }

    /// And looks for whom there is more, as the executor does.
    fn take(&mut self) -> Option<NodeId> {
        let node = self.take(Taker { anything: true, caller: true, worker: None });
        self.on_offer().for_each(|offer| _ = black_box(offer));
        node
    }

    fn done(&mut self, node: NodeId) {
        self.release(node);
    }
}

/// Nanoseconds per node of each run. `start` begins one; `work` takes part until it is over.
fn times(threads: usize, nodes: usize, start: impl Fn(), work: impl Fn() + Sync) -> Vec<f64> {
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 1..threads {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    work();
                    spin_loop();
                }
            });
        }
        let runs = (1_000_000 / nodes).clamp(11, 300);
        let times = (0..=runs).map(|_| {
            let began = Instant::now();
            start();
            work();
            began.elapsed().as_secs_f64() * 1e9 / nodes as f64
        });
        // The first one warms up.
        let times = times.skip(1).collect();
        over.store(true, Ordering::Relaxed);
        times
    })
}

/// As an ordered run of the executor: one lock, and under it all that is done between two bodies.
fn locked(threads: usize, dag: DagView<'_>, ready: impl Ready) -> Vec<f64> {
    let mut counters: Vec<_> = (0..dag.node_count()).map(|_| AtomicU32::new(0)).collect();
    let countdown = Countdown::new(dag, &mut counters).expect("one per node");
    let state = Mutex::new((ready, 0_usize));
    let lock = || state.lock().unwrap_or_else(PoisonError::into_inner);
    let start = || {
        let (ready, left) = &mut *lock();
        dag.roots().iter().for_each(|&root| ready.put(root));
        *left = dag.node_count();
    };
    let work = || {
        let mut last = None;
        loop {
            let mut state = lock();
            let (ready, left) = &mut *state;
            if let Some(node) = last {
                ready.done(node);
                countdown.complete(node, |next| ready.put(next));
                *left -= 1;
            }
            last = black_box(ready.take());
            let is_over = *left == 0;
            drop(state);
            match last {
                Some(_) => {}
                None if is_over => return,
                None => (0..8).for_each(|_| spin_loop()),
            }
        }
    };
    times(threads, dag.node_count(), start, work)
}

fn shared(threads: usize, dag: DagView<'_>, order: &[NodeId]) -> Result<Vec<f64>, Box<dyn Error>> {
    let nodes = dag.node_count();
    let mut words: Vec<_> = (0..nodes).map(|_| AtomicU32::new(0)).collect();
    let mut ready: Vec<_> = (0..ready_words(nodes)).map(|_| AtomicUsize::new(0)).collect();
    let mut positions = vec![0; nodes];
    let urgency = Urgency::from_order(order, &mut positions).ok_or("an order")?;
    let run = Run::in_memory(dag, &mut words, &mut ready)?.by_urgency(urgency);
    let start = || run.start().expect("the last run is over");
    Ok(times(threads, nodes, start, || run.work_until_over(|node| _ = black_box(node), spin_loop)))
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads: usize = arguments.next().map_or(Ok(1), |threads| threads.parse())?;
    let only: Option<Shape> = arguments.next().map(|shape| shape.parse()).transpose()?;
    let columns = ["heap, locked", "set, locked", "executor's", "set, shared"];
    println!(
        "{:8} {:>7} {:7} {}",
        "shape",
        "nodes",
        "ranks",
        columns.map(|name| format!("{name:>15}")).concat()
    );
    for shape in [Shape::Wave, Shape::Layered, Shape::Indep] {
        for nodes in [100, 1_000, 10_000, 100_000] {
            if only.is_some_and(|only| only != shape) {
                continue;
            }
            let (nodes, edges) = shape.edges(nodes);
            let dag = Dag::from_edges(nodes, &edges)?;
            let mut order: Vec<NodeId> = (0..).map(NodeId::new).take(nodes).collect();
            for ranks in ["numbers", "random"] {
                if ranks == "random" {
                    SplitMix64::new(1).shuffle(&mut order);
                }
                let queue = ReadyQueue::new(&vec![(Place::Anywhere, Vec::new()); nodes], &[], &order);
                let readings = [
                    locked(threads, dag.view(), Ranked::new(BinaryHeap::with_capacity(nodes), &order)),
                    locked(threads, dag.view(), Ranked::new(ReadySet::boxed(nodes), &order)),
                    locked(threads, dag.view(), queue),
                    shared(threads, dag.view(), &order)?,
                ];
                let cells = readings.map(|times| format!("{:8.1} ({:4.1})", median(&times), minimum(&times)));
                println!("{:8} {nodes:7} {ranks:7} {}", shape.name(), cells.concat());
            }
        }
    }
    Ok(())
}
