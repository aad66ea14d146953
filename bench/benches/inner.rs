//! The inner parts, one by one: building, counting down, walking, sharing, waking.

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dgraph_bench::graph::Graph;
use dgraph_core::sync::AtomicU32;
use dgraph_core::{Countdown, Dag, DagView, Edge, NodeId, Parts};
use dgraph_exec::Executor;
use dgraph_tests::body::busy;
use dgraph_tests::shapes::Shape;
use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

const NODES: usize = 10_000;
const SHAPES: [Shape; 3] = [Shape::Tree, Shape::Wave, Shape::Layered];

fn dag(graph: &Graph) -> Dag {
    Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph")
}

/// From a list of edges, and from arrays that somebody else has built.
fn building(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    for shape in SHAPES {
        let graph = Graph::of_shape(shape, NODES);
        group.throughput(Throughput::Elements(graph.nodes as u64));
        group.bench_function(BenchmarkId::new("from_edges", shape), |bencher| {
            bencher.iter(|| dag(black_box(&graph)));
        });
        let dag = dag(&graph);
        let arrays = Arrays::of(dag.view());
        let mut scratch = vec![0; graph.nodes];
        group.bench_function(BenchmarkId::new("from_parts", shape), |bencher| {
            bencher.iter(|| DagView::from_parts(black_box(arrays.parts()), &mut scratch).is_ok());
        });
    }
}

/// The arrays of a graph, as a file would hold them.
struct Arrays {
    offsets: Vec<u32>,
    edges: Vec<Edge>,
    in_degrees: Vec<u32>,
    order: Vec<NodeId>,
}

impl Arrays {
    fn of(dag: DagView<'_>) -> Self {
        let (mut offsets, mut edges) = (vec![0], Vec::new());
        for node in (0..).map(NodeId::new).take(dag.node_count()) {
            edges.extend_from_slice(dag.successors(node));
            offsets.push(u32::try_from(edges.len()).expect("offsets have 32 bits"));
        }
        Self { offsets, edges, in_degrees: dag.in_degrees().to_vec(), order: dag.order().to_vec() }
    }

    fn parts(&self) -> Parts<'_> {
        let Self { offsets, edges, in_degrees, order } = self;
        Parts { offsets, edges, in_degrees, order }
    }
}

/// All arrivals of a run, on one thread.
fn countdown(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("countdown");
    for shape in SHAPES {
        let dag = dag(&Graph::of_shape(shape, NODES));
        let dag = dag.view();
        let mut counters: Vec<AtomicU32> = (0..dag.node_count()).map(|_| AtomicU32::new(0)).collect();
        let countdown = Countdown::new(dag, &mut counters).expect("as many counters as nodes");
        group.throughput(Throughput::Elements(dag.node_count() as u64));
        group.bench_function(BenchmarkId::from_parameter(shape), |bencher| {
            bencher.iter(|| {
                let mut ready = 0_u32;
                for &node in dag.order() {
                    countdown.complete(node, |next| ready ^= next.get());
                }
                ready
            });
        });
    }
}

/// Runs of which the other thread has to get its share: what stealing costs, and whether it pays.
fn sharing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("share");
    let dag = dag(&Graph::of_shape(Shape::Forkjoin, NODES));
    group.throughput(Throughput::Elements(dag.view().node_count() as u64));
    for threads in [1, 2] {
        let executor = Executor::builder().threads(threads).build().expect("two threads");
        for grain in [0, 1_000] {
            let name = BenchmarkId::new(format!("{threads} threads"), format!("grain {grain}"));
            group.bench_function(name, |bencher| {
                bencher.iter(|| {
                    executor.run(&dag, |node| {
                        black_box(busy(node.get().into(), grain));
                    });
                });
            });
        }
    }
}

/// A run that has work for two, when the worker has gone to sleep.
fn waking(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("wake");
    let dag = Dag::from_edges(2, &[]).expect("two nodes");
    let executor = Executor::builder().threads(2).build().expect("two threads");
    for (name, pause) in [("awake", Duration::ZERO), ("asleep", Duration::from_millis(5))] {
        group.sample_size(10).measurement_time(Duration::from_secs(1)).bench_function(name, |bencher| {
            bencher.iter_custom(|runs| {
                let mut time = Duration::ZERO;
                for _ in 0..runs {
                    if !pause.is_zero() {
                        thread::sleep(pause);
                    }
                    let start = Instant::now();
                    executor.run(&dag, |node| {
                        black_box(busy(node.get().into(), 20_000));
                    });
                    time += start.elapsed();
                }
                time
            });
        });
    }
}

criterion_group!(benches, building, countdown, sharing, waking);
criterion_main!(benches);
