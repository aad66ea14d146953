//! The nodes of the plan, with what they do.

use super::states::{Given, Kept, Present, define_with_states};
use crate::oracle;
use crate::plan::{Kind, Pause, Place, Plan, Role, STATES, Way};
use crate::stamps::Stamps;
use crate::wakes::{Gate, elsewhere, linger, yields};
use crate::{PLANNED, raw, work};
use dgraph_exec::{CancelToken, Declared, Graph, GraphBuilder, Input, Node, State, Values};
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, ThreadId};

/// How many nodes may run at once under the two limits.
const PERMITS: [usize; 2] = [1, 2];

/// What the nodes of a graph share.
pub(super) struct Shared {
    pub(super) plan: Plan,
    /// How many values there are.
    pub(super) alive: AtomicIsize,
    pub(super) current: RwLock<Current>,
    /// How many nodes are running under each limit.
    under: [AtomicUsize; 2],
    /// Who is at each state: so many readers, or below zero, one that changes it. And its number.
    pub(super) at: [AtomicIsize; STATES],
    pub(super) numbers: [AtomicU64; STATES],
    /// Who waits for the next node to start.
    neighbours: Mutex<Vec<Arc<Gate>>>,
}

/// The run that nodes are in.
pub(super) struct Current {
    pub(super) way: Option<Way>,
    pub(super) token: CancelToken,
    pub(super) stamps: Stamps,
    pub(super) caller: ThreadId,
}

impl Shared {
    pub(super) fn new(plan: Plan) -> Arc<Self> {
        let current = Current {
            way: None,
            token: CancelToken::new(),
            stamps: Stamps::new(plan.len()),
            caller: thread::current().id(),
        };
        Arc::new(Self {
            plan,
            alive: AtomicIsize::new(0),
            current: RwLock::new(current),
            under: Default::default(),
            at: Default::default(),
            numbers: Default::default(),
            neighbours: Mutex::default(),
        })
    }
}

/// A number that is counted while it lives.
pub(super) struct Counted {
    pub(super) number: u64,
    shared: Arc<Shared>,
}

impl Counted {
    pub(super) fn new(number: u64, shared: &Arc<Shared>) -> Self {
        shared.alive.fetch_add(1, Relaxed);
        Self { number, shared: Arc::clone(shared) }
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.shared.alive.fetch_sub(1, Relaxed);
    }
}

pub(super) struct Built {
    pub(super) graph: Graph<'static>,
    pub(super) input: Input<Counted>,
    pub(super) nodes: Vec<Node<Counted>>,
    pub(super) states: [State<Kept>; STATES],
}

impl Built {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let plan = &shared.plan;
        let mut graph = GraphBuilder::new();
        let input = graph.input("input");
        let declared: Vec<_> = (0..plan.len()).map(|node| graph.declare(format!("n{node}"))).collect();
        let nodes: Vec<_> = declared.iter().map(Declared::node).collect();
        let limits = PERMITS.map(|permits| graph.limit(permits));
        shared.numbers.iter().for_each(|number| number.store(0, Relaxed));
        let states = [(); STATES].map(|()| graph.state("", Kept(Counted::new(0, shared))));
        let mut declared: Vec<_> = declared.into_iter().map(Some).collect();
        for node in plan.order() {
            let declared = declared[node].take().expect("each comes once");
            let handle = if plan.nodes[node].uses.is_empty() {
                define(&mut graph, shared, node, declared, input, &nodes)
            } else {
                let fed = plan.feeding(node).first().map_or(input.node(), |&before| nodes[before]);
                define_with_states(&mut graph, shared, node, declared, fed, &states)
            };
            let ordering = plan.before(node).filter(|(_, kind)| *kind == Kind::OnlyOrders);
            graph.after(handle, ordering.map(|(before, _)| nodes[before]));
            let demand = plan.nodes[node].demand;
            if demand.priority != 0 {
                graph.priority(handle, demand.priority.into());
            }
            limits.iter().zip(demand.limits).filter(|(_, under)| *under).for_each(|(&limit, _)| {
                graph.limited(handle, limit);
            });
            match demand.place {
                Some(Place::Caller) => graph.on_caller(handle),
                Some(Place::Worker) => graph.on_worker(handle, 0),
                None => {}
            }
        }
        Self { graph: graph.build().expect("ranks exclude cycles"), input, nodes, states }
    }
}

fn define(
    graph: &mut GraphBuilder<'static>,
    shared: &Arc<Shared>,
    node: usize,
    declared: Declared<Counted>,
    input: Input<Counted>,
    nodes: &[Node<Counted>],
) -> Node<Counted> {
    let (plan, shared) = (&shared.plan, Arc::clone(shared));
    let feeding = plan.feeding(node);
    let body = move |fed: &mut dyn Iterator<Item = u64>| Body::new(&shared, node, fed);
    let waits = plan.nodes[node].pause.is_some();
    match (&feeding[..], waits) {
        ([], false) if plan.role(node) == Role::ReadsInput => {
            graph.try_node(declared, (input,), move |input: &Counted| {
                body(&mut [input.number].into_iter()).run()
            })
        }
        ([], true) if plan.role(node) == Role::ReadsInput => {
            graph.try_async_node(declared, (input,), move |input: &Counted| {
                body(&mut [input.number].into_iter()).wait()
            })
        }
        (&[before], false) if plan.taker(before) == Some(node) => {
            let moved = (nodes[before].moved(),);
            graph.try_node(declared, moved, move |fed: Counted| body(&mut [fed.number].into_iter()).run())
        }
        // What is moved in lives as long as the future.
        (&[before], true) if plan.taker(before) == Some(node) => {
            let moved = (nodes[before].moved(),);
            graph.try_async_node(declared, moved, move |fed: Counted| {
                let body = body(&mut [fed.number].into_iter());
                async move {
                    let _fed = fed;
                    body.wait().await
                }
            })
        }
        (feeding, waits) => {
            let feeding: Vec<_> = feeding.iter().map(|&before| nodes[before]).collect();
            let body = move |fed: Values<'_, Counted>| body(&mut fed.iter().map(|fed| fed.number));
            if waits {
                graph.try_async_node(declared, feeding, move |fed: Values<'_, Counted>| body(fed).wait())
            } else {
                graph.try_node(declared, feeding, move |fed: Values<'_, Counted>| body(fed).run())
            }
        }
    }
}

/// A node that has started.
pub(super) struct Body {
    node: usize,
    number: u64,
    under: Under,
    _present: Present,
}

impl Body {
    pub(super) fn new(shared: &Arc<Shared>, node: usize, fed: &mut dyn Iterator<Item = u64>) -> Self {
        shared.current.read().expect("nobody panics while writing").stamps.start(node);
        shared.neighbours.lock().expect("no panic").drain(..).for_each(|gate| gate.open());
        let (under, _present) = (Under::new(shared, node), Present::new(shared, node));
        Self { node, number: oracle::value(node, fed), under, _present }
    }

    /// As [`run`](Self::run), of a node that uses states.
    pub(super) fn run_at(self, given: [Given<'_>; 2]) -> Result<Counted, &'static str> {
        given.into_iter().zip(&self.under.shared.plan.nodes[self.node].uses).for_each(
            |(given, &(state, _))| {
                given.touch(&self.under.shared, state);
            },
        );
        self.run()
    }

    /// As [`wait`](Self::wait), of a node that holds states meanwhile.
    pub(super) async fn wait_at(self, mut given: [Given<'_>; 2]) -> Result<Counted, &'static str> {
        let shared = Arc::clone(&self.under.shared);
        let uses = &shared.plan.nodes[self.node].uses;
        given.iter_mut().zip(uses).for_each(|(given, &(state, _))| given.check(&shared, state));
        self.pause().await;
        given.into_iter().zip(uses).for_each(|(given, &(state, _))| given.touch(&shared, state));
        self.run()
    }

    /// Waits, and does what the node does.
    async fn wait(self) -> Result<Counted, &'static str> {
        self.pause().await;
        self.run()
    }

    async fn pause(&self) {
        let shared = Arc::clone(&self.under.shared);
        match shared.plan.nodes[self.node].pause {
            Some(Pause::Yields(times)) => yields(times).await,
            Some(Pause::Elsewhere(times)) => {
                for _ in 0..times {
                    elsewhere(|_| {}).await;
                    self.check_place();
                }
            }
            Some(Pause::Lingers) => {
                linger().await;
                elsewhere(|_| {}).await;
            }
            Some(Pause::Neighbour) => {
                elsewhere(|gate| shared.neighbours.lock().expect("no panic").push(Arc::clone(gate))).await;
            }
            None => unreachable!("an ordinary node"),
        }
    }

    fn run(self) -> Result<Counted, &'static str> {
        self.check_place();
        let shared = &self.under.shared;
        let current = shared.current.read().expect("nobody panics while writing");
        if shared.plan.nodes[self.node].slow {
            work();
        }
        match shared.plan.role(self.node) {
            Role::Fails => return Err(PLANNED),
            Role::Panics => resume_unwind(Box::new(PLANNED)),
            Role::Cancels => current.token.cancel(),
            Role::Nests => {
                if let Some(executor) = current.way.as_ref().and_then(|way| way.on.executor()) {
                    raw::nested(|dag, body| executor.run(dag, body));
                }
            }
            Role::Gives | Role::GivesNothing | Role::ReadsInput => {}
        }
        current.stamps.end(self.node);
        Ok(Counted::new(self.number, shared))
    }

    /// Whether it is on the thread that it is bound to.
    fn check_place(&self) {
        let shared = &self.under.shared;
        let current = shared.current.read().expect("nobody panics while writing");
        let shared_run = current.way.as_ref().is_some_and(|way| way.on.is_shared());
        let here = thread::current();
        match shared.plan.nodes[self.node].demand.place {
            Some(Place::Caller) => assert_eq!(here.id(), current.caller, "it is bound to the caller"),
            Some(Place::Worker) if shared_run => {
                assert_eq!(here.name(), Some("dgraph-0"), "it is bound to a worker");
            }
            _ => {}
        }
    }
}

/// A node that counts among those under its limits.
struct Under {
    shared: Arc<Shared>,
    node: usize,
}

impl Under {
    fn new(shared: &Arc<Shared>, node: usize) -> Self {
        let new = Self { shared: Arc::clone(shared), node };
        for (under, permits) in new.limits() {
            assert!(under.fetch_add(1, Relaxed) < permits, "node {node} exceeds a limit");
        }
        new
    }

    fn limits(&self) -> impl Iterator<Item = (&AtomicUsize, usize)> {
        let under = self.shared.plan.nodes[self.node].demand.limits;
        let limits = self.shared.under.iter().zip(PERMITS).zip(under);
        limits.filter(|(_, under)| *under).map(|(limit, _)| limit)
    }
}

impl Drop for Under {
    fn drop(&mut self) {
        self.limits().for_each(|(under, _)| _ = under.fetch_sub(1, Relaxed));
    }
}
