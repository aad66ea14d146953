//! Runs without an operating system, on 2 to 8 threads that play cores and interrupt handlers, against the
//! naive oracle.

use dgraph_core::sync::{AtomicU32 as Word, AtomicUsize};
use dgraph_core::{
    Dag, DagView, NodeId, Run, RunMemoryError, RunStatus, StaticDag, StaticRun, StaticUrgency, StillRunning,
    Urgency, WorkEnd, ready_words,
};
use dgraph_tests::oracle::check_order;
use dgraph_tests::random_dag::random_dag;
use dgraph_tests::splitmix::SplitMix64;
use proptest::prelude::*;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc;
use std::thread;

type HeapRun<'a> = Run<'a, &'a mut [Word], &'a mut [AtomicUsize]>;

/// The memory of a run.
struct Memory(Vec<Word>, Vec<AtomicUsize>);

impl Memory {
    fn new(nodes: usize) -> Self {
        let words = (0..nodes).map(|_| Word::new(0)).collect();
        Self(words, (0..ready_words(nodes)).map(|_| AtomicUsize::new(0)).collect())
    }

    fn run<'a>(&'a mut self, dag: &'a Dag) -> HeapRun<'a> {
        Run::in_memory(dag.view(), &mut self.0, &mut self.1).expect("enough memory")
    }
}

/// When each node began and ended, by one clock. Nodes read what their predecessors have written, without an
/// order of its own.
struct Trace {
    clock: AtomicU32,
    began: Vec<AtomicU32>,
    ended: Vec<AtomicU32>,
}

impl Trace {
    fn new(nodes: usize) -> Self {
        let zeros = || (0..nodes).map(|_| AtomicU32::new(0)).collect();
        Self { clock: AtomicU32::new(1), began: zeros(), ended: zeros() }
    }

    fn begin(&self, node: NodeId) {
        let now = self.clock.fetch_add(1, Ordering::Relaxed);
        assert_eq!(self.began[node.index()].swap(now, Ordering::Relaxed), 0, "{node} began twice");
    }

    fn end(&self, node: NodeId) {
        self.ended[node.index()].store(self.clock.fetch_add(1, Ordering::Relaxed), Ordering::Relaxed);
    }

    fn body(&self, node: NodeId) {
        self.begin(node);
        self.end(node);
    }

    /// Each node once, each after the end of all that it depends on; clears everything.
    fn check(&self, edges: &[(u32, u32)]) -> Result<(), String> {
        let mut order: Vec<u32> = (0..self.began.len() as u32).collect();
        order.sort_by_key(|&node| self.began[node as usize].load(Ordering::Relaxed));
        check_order(order.len(), edges, &order)?;
        for &(u, v) in edges {
            let (ended, began) = (
                self.ended[u as usize].load(Ordering::Relaxed),
                self.began[v as usize].load(Ordering::Relaxed),
            );
            if ended == 0 || began <= ended {
                return Err(format!("{v} began at {began}, {u} ended at {ended}"));
            }
        }
        self.began.iter().chain(&self.ended).for_each(|time| time.store(0, Ordering::Relaxed));
        Ok(())
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(if cfg!(miri) { 2 } else { 60 }))]

    /// Random graphs, orders and threads; each run by cores that stay, cores that come and go, and "devices":
    /// nodes whose body another thread ends.
    #[test]
    fn any_graph_on_any_cores(
        nodes in 1_u32..300,
        density in 0_u32..5,
        threads in 2_usize..=8,
        by_urgency in any::<bool>(),
        seed in any::<u64>(),
    ) {
        let mut random = SplitMix64::new(seed);
        let edges = random_dag(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let mut order: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
        random.shuffle(&mut order);
        let mut positions = vec![0; nodes as usize];
        let urgency = Urgency::from_order(&order, &mut positions).expect("a permutation");
        let mut memory = Memory::new(nodes as usize);
        let run = memory.run(&dag);
        let run = if by_urgency { run.by_urgency(urgency) } else { run };
        let trace = Trace::new(nodes as usize);
        for _ in 0..5 {
            prop_assert_eq!(run.start(), Ok(()));
            share(&run, &trace, threads);
            prop_assert_eq!(run.status(), RunStatus::AtRest { cut: false });
            prop_assert!(run.is_at_rest());
            prop_assert_eq!(run.completed(), nodes as usize);
            prop_assert_eq!(trace.check(&edges), Ok(()));
        }
    }

    /// One thread: at each moment the most urgent of what is ready comes, in whichever way one takes.
    #[test]
    fn the_most_urgent_comes_first(nodes in 1_u32..200, density in 0_u32..4, way in 0..3, seed in any::<u64>()) {
        let mut random = SplitMix64::new(seed);
        let edges = random_dag(&mut random, nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let mut order: Vec<NodeId> = (0..nodes).map(NodeId::new).collect();
        random.shuffle(&mut order);
        let mut positions = vec![0; nodes as usize];
        let urgency = Urgency::from_order(&order, &mut positions).expect("a permutation");
        // The obvious way: of all that are not done and wait for nothing, the first in the order.
        let (mut done, mut expected) = (vec![false; nodes as usize], Vec::new());
        while let Some(&node) = order.iter().find(|node| {
            !done[node.index()] && edges.iter().all(|&(u, v)| v != node.get() || done[u as usize])
        }) {
            done[node.index()] = true;
            expected.push(node);
        }
        let mut memory = Memory::new(nodes as usize);
        let run = memory.run(&dag).by_urgency(urgency);
        for _ in 0..2 {
            run.start().expect("at rest");
            let mut ran = Vec::new();
            let mut next = if way == 0 { None } else { run.take() };
            match way {
                0 => assert_eq!(run.work(|node| ran.push(node)), WorkEnd::Over),
                1 => while let Some(node) = next {
                    ran.push(node);
                    run.complete(node);
                    next = run.take();
                },
                _ => while let Some(node) = next {
                    ran.push(node);
                    next = run.complete_and_take(node);
                },
            }
            prop_assert_eq!(&ran, &expected);
        }
    }

    /// Stopped at any moment by anybody: what ran is closed under dependencies, all is at rest afterwards,
    /// and the next run is complete.
    #[test]
    fn stopped_anywhere(nodes in 1_u32..200, density in 0_u32..4, threads in 2_usize..=8, after in 0_u32..200, seed in any::<u64>()) {
        let edges = random_dag(&mut SplitMix64::new(seed), nodes, density);
        let dag = Dag::from_edges(nodes as usize, &edges).expect("acyclic");
        let mut memory = Memory::new(nodes as usize);
        let run = memory.run(&dag);
        let trace = Trace::new(nodes as usize);
        run.start().expect("at rest");
        let left = AtomicU32::new(after);
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| {
                    let body = |node: NodeId| {
                        trace.body(node);
                        if left.fetch_sub(1, Ordering::Relaxed) == 0 {
                            run.stop();
                        }
                    };
                    run.work_until_over(body, thread::yield_now);
                });
            }
        });
        let ran = |node: u32| trace.ended[node as usize].load(Ordering::Relaxed) != 0;
        prop_assert!(edges.iter().all(|&(u, v)| ran(u) || !ran(v)));
        prop_assert_eq!(run.status(), RunStatus::AtRest { cut: !(0..nodes).all(ran) });
        prop_assert!(run.is_at_rest());
        let trace = Trace::new(nodes as usize);
        run.start().expect("at rest");
        share(&run, &trace, threads);
        prop_assert_eq!(trace.check(&edges), Ok(()));
    }
}

/// Runs what goes on, on so many threads: the first stays until it is over, the second takes and hands every
/// node to a "device", which completes it; others come and go.
fn share(run: &HeapRun<'_>, trace: &Trace, threads: usize) {
    let (to_device, device) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(move || {
            for node in device {
                trace.end(node);
                run.complete(node);
            }
        });
        scope.spawn(move || {
            while !matches!(run.status(), RunStatus::AtRest { .. }) {
                match run.take() {
                    Some(node) => {
                        trace.begin(node);
                        to_device.send(node).expect("the device is there");
                    }
                    None => thread::yield_now(),
                }
            }
        });
        for _ in 2..threads {
            scope.spawn(move || {
                while run.work(|node| trace.body(node)) == WorkEnd::NothingReady {
                    thread::yield_now();
                }
            });
        }
        run.work_until_over(|node| trace.body(node), thread::yield_now);
    });
}

/// Threads that come for one run and stay for no other, while one starts run after run. Each notes the number
/// of the run for which it came and compares it in every body.
#[test]
fn late_cores_keep_out_of_later_runs() {
    let runs = if cfg!(miri) { 20 } else { 3_000 };
    let edges: Vec<_> = (0..20).map(|node| (node, node + 10)).collect();
    let dag = Dag::from_edges(30, &edges).expect("acyclic");
    let mut memory = Memory::new(30);
    let run = memory.run(&dag);
    let (number, over) = (AtomicU32::new(0), AtomicBool::new(false));
    let bodies = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    let mut came_for = None;
                    let _ = run.work(|_| {
                        let now = number.load(Ordering::Relaxed);
                        assert_eq!(*came_for.get_or_insert(now), now, "two runs in one call");
                        bodies.fetch_add(1, Ordering::Relaxed);
                    });
                    thread::yield_now();
                }
            });
        }
        for of in 1..=runs {
            number.store(of, Ordering::Relaxed);
            run.start().expect("at rest");
            run.work_until_over(
                |_| {
                    bodies.fetch_add(1, Ordering::Relaxed);
                },
                thread::yield_now,
            );
        }
        over.store(true, Ordering::Relaxed);
    });
    assert_eq!(bodies.load(Ordering::Relaxed), 30 * runs);
    assert!(run.is_at_rest());
}

/// Several graphs at once, each started again by whoever finds it at rest, all threads working for all of
/// them.
#[test]
fn several_graphs_at_once() {
    let rounds = if cfg!(miri) { 3 } else { 200 };
    let graphs: Vec<_> = (1..=4_u32)
        .map(|of| random_dag(&mut SplitMix64::new(u64::from(of)), 40 * of, of))
        .zip(1..)
        .map(|(edges, of)| Dag::from_edges(40 * of, &edges).expect("acyclic"))
        .collect();
    let mut memories: Vec<_> = graphs.iter().map(|dag| Memory::new(dag.view().node_count())).collect();
    let runs: Vec<_> = memories.iter_mut().zip(&graphs).map(|(memory, dag)| memory.run(dag)).collect();
    let counts: Vec<_> = graphs.iter().map(|_| (AtomicU32::new(0), AtomicU32::new(0))).collect();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while counts.iter().any(|(started, _)| started.load(Ordering::Relaxed) < rounds) {
                    for (run, (started, bodies)) in runs.iter().zip(&counts) {
                        if run.start().is_ok() {
                            started.fetch_add(1, Ordering::Relaxed);
                        }
                        let _ = run.work(|_| {
                            bodies.fetch_add(1, Ordering::Relaxed);
                        });
                    }
                }
            });
        }
    });
    for ((run, dag), (started, bodies)) in runs.iter().zip(&graphs).zip(&counts) {
        run.work_until_over(
            |_| {
                bodies.fetch_add(1, Ordering::Relaxed);
            },
            thread::yield_now,
        );
        let expected = started.load(Ordering::Relaxed) * dag.view().node_count() as u32;
        assert_eq!(bodies.load(Ordering::Relaxed), expected);
        assert!(run.is_at_rest());
    }
}

/// A "handler" that runs within a body of the same thread, as an interrupt handler on the core that it
/// interrupts: takes, completes and works, at any depth.
#[test]
fn a_handler_within_a_body() {
    let edges: Vec<_> = (0..100).map(|node| (node, node + 50)).collect();
    let dag = Dag::from_edges(150, &edges).expect("acyclic");
    let mut memory = Memory::new(150);
    let run = memory.run(&dag);
    let trace = Trace::new(150);
    run.start().expect("at rest");
    assert_eq!(run.start(), Err(StillRunning));
    assert_eq!(StillRunning.to_string(), "a run of this graph goes on");
    let end = run.work(|node| {
        trace.begin(node);
        if let Some(urgent) = run.take() {
            trace.body(urgent);
            run.complete(urgent);
        }
        if node.get() % 7 == 0 {
            assert_eq!(run.work(|node| trace.body(node)), WorkEnd::NothingReady, "this one is under way");
        }
        trace.end(node);
    });
    assert_eq!(end, WorkEnd::Over);
    assert_eq!(trace.check(&edges), Ok(()));
}

/// What nobody has can't be completed.
#[test]
fn completed_without_being_taken() {
    let dag = Dag::from_edges(2, &[(0, 1)]).expect("acyclic");
    let mut memory = Memory::new(2);
    let run = memory.run(&dag);
    let refused = |node| catch_unwind(AssertUnwindSafe(|| run.complete(NodeId::new(node)))).is_err();
    assert!(refused(0), "no run");
    run.start().expect("at rest");
    assert!(refused(0), "ready, but not taken");
    let first = run.take().expect("node 0");
    assert!(refused(1), "not ready");
    run.complete(first);
    assert!(refused(0), "complete already");
    assert_eq!(run.work(|_| {}), WorkEnd::Over);
    assert!(run.is_at_rest(), "none of these has changed anything");
}

#[test]
fn no_nodes() {
    static DAG: StaticDag<0, 0> = StaticDag::new([]);
    static RUN: StaticRun<0, { ready_words(0) }> = StaticRun::new(DAG.view());
    for _ in 0..2 {
        RUN.start().expect("at rest");
        assert_eq!(RUN.work(|_| unreachable!()), WorkEnd::Over);
        assert!(RUN.is_at_rest());
    }
    assert!(!RUN.stop());
}

#[test]
fn too_little_memory() {
    let dag = Dag::from_edges(100, &[]).expect("acyclic");
    let Memory(mut words, mut ready) = Memory::new(100);
    let needed = ready.len();
    let error = Run::in_memory(dag.view(), &mut words[..99], &mut ready).unwrap_err();
    assert_eq!(error, RunMemoryError::TooShort { slice: "words", needed: 100, given: 99 });
    let error = Run::in_memory(dag.view(), &mut words, &mut ready[1..]).unwrap_err();
    assert_eq!(error, RunMemoryError::TooShort { slice: "ready", needed, given: needed - 1 });
}

/// By upward rank, of equals in the topological order.
fn by_ranks(dag: DagView<'_>, weights: &[u32]) -> Vec<NodeId> {
    let mut ranks = vec![0; weights.len()];
    dag.ranks_into(|node| u64::from(weights[node.index()]), &mut ranks);
    let mut expected = dag.order().to_vec();
    expected.sort_by_key(|node| std::cmp::Reverse(ranks[node.index()])); // stable
    expected
}

/// The compiler's order is that of `ranks_into`.
#[test]
fn urgency_by_critical_path() {
    const EDGES: [(u32, u32); 7] = [(0, 3), (1, 3), (1, 4), (3, 5), (4, 5), (2, 6), (5, 7)];
    const WEIGHTS: [u32; 9] = [4, 1, 9, 2, 2, 3, 9, 1, 7];
    static DAG: StaticDag<9, 7> = StaticDag::new(EDGES);
    static URGENCY: StaticUrgency<9> = StaticUrgency::by_critical_path(&DAG, &WEIGHTS);
    assert!((0..9).map(|position| URGENCY.view().node(position)).eq(by_ranks(DAG.view(), &WEIGHTS)));
}

proptest! {
    /// What the compiler calls for a `static` does the same when it is called at run time: graphs as
    /// `from_edges` makes them, and orders of nine nodes, whose last part of a merge is a single one.
    #[test]
    fn static_graphs_and_orders(
        pairs in prop::array::uniform12((0_u32..9, 0_u32..8)),
        weights in prop::array::uniform9(0_u32..4),
        names in Just([0, 1, 2, 3, 4, 5, 6, 7, 8]).prop_shuffle(),
    ) {
        let edges = pairs.map(|(one, other)| {
            let other = if other < one { other } else { other + 1 };
            (names[one.min(other) as usize], names[one.max(other) as usize])
        });
        let heap = Dag::from_edges(9, &edges).expect("acyclic");
        let dag = StaticDag::new(edges);
        prop_assert_eq!(dag.view().order(), heap.view().order());
        prop_assert_eq!(dag.view().in_degrees(), heap.view().in_degrees());
        for node in (0..9).map(NodeId::new) {
            prop_assert_eq!(dag.view().successors(node), heap.view().successors(node));
        }
        let urgency = StaticUrgency::by_critical_path(&dag, &weights);
        let nodes = (0..9).map(|position| urgency.view().node(position));
        prop_assert_eq!(nodes.collect::<Vec<_>>(), by_ranks(heap.view(), &weights));
        let given = StaticUrgency::from_order(names);
        for (position, &name) in (0..).zip(&names) {
            prop_assert_eq!(given.view().node(position), NodeId::new(name));
            prop_assert_eq!(given.view().position(NodeId::new(name)), position);
        }
    }
}

#[test]
fn an_order_of_another_length() {
    let order = [1, 0, 2].map(NodeId::new);
    for positions in [0, 2, 4] {
        assert!(Urgency::from_order(&order, &mut vec![0; positions]).is_none());
    }
    assert!(Urgency::from_order(&order, &mut [0; 3]).is_some());
}

#[test]
#[should_panic = "each node once"]
fn an_order_with_a_node_twice() {
    let _ = StaticUrgency::from_order([0, 2, 2]);
}

/// Not much more than two bits per node at the worst.
#[test]
fn ready_bits_per_node() {
    for nodes in [1_usize, 64, 65, 1024, 2048, 2049, 4096, 65_536, 65_537, 1 << 18, 1 << 20, 1 << 24] {
        let bits = ready_words(nodes) * usize::BITS as usize;
        assert!(bits <= 2 * nodes + nodes / 16 + 192, "{nodes} nodes need {bits} bits");
    }
}
