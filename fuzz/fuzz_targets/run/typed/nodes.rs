//! The nodes of the plan, with what they do.

use super::body::Body;
use super::limits::{OWN, Own, SHARED};
use super::repeats::define_repeats;
use super::states::{Kept, define_with_states};
use crate::oracle::Fate;
use crate::plan::{Kind, Place, Plan, Role, STATES, Way};
use crate::stamps::Stamps;
use crate::wakes::Gate;
use dgraph_exec::{
    CancelToken, Declared, Graph, GraphBuilder, Input, NamedNode, Node, NodeId, Outcomes, SharedLimit, State,
    Values,
};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicIsize, AtomicU64, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, RwLock};
use std::thread::{self, ThreadId};

/// What the nodes of a graph share.
pub(super) struct Shared {
    pub(super) plan: Plan,
    /// How many values there are.
    pub(super) alive: AtomicIsize,
    pub(super) current: RwLock<Current>,
    /// How many nodes of the run are running under each limit of the graph.
    pub(super) own: Own,
    /// How many permits are in use of the limit that runs share.
    pub(super) in_use: AtomicUsize,
    pub(super) limit: SharedLimit,
    /// Who is at each state: so many readers, or below zero, one that changes it. And its number.
    pub(super) at: [AtomicIsize; STATES],
    pub(super) numbers: [AtomicU64; STATES],
    /// Who waits for the next node to start.
    pub(super) neighbours: Mutex<Vec<Arc<Gate>>>,
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
            own: Own::default(),
            in_use: AtomicUsize::new(0),
            limit: SharedLimit::new(SHARED),
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

impl PartialEq for Counted {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
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
    pub(super) nodes: Handles,
    pub(super) states: [State<Kept>; STATES],
}

/// The nodes of the plan.
pub(super) struct Handles {
    pub(super) nodes: Vec<Node<Counted>>,
    /// What conditions are about: of each node, if there are any, its flag, behind all nodes.
    pub(super) flags: Vec<usize>,
}

impl Handles {
    /// Which node it is of the plan; of a flag, whose it is; of a start, none. The input comes first.
    pub(super) fn number(&self, node: NodeId) -> usize {
        let at = node.index() - 1;
        let flag = |flag: usize| self.flags.get(flag).copied().unwrap_or(usize::MAX);
        at.checked_sub(self.nodes.len()).map_or(at, flag)
    }

    /// Which nodes of the plan there are among these.
    pub(super) fn those<'n>(&self, nodes: impl IntoIterator<Item = &'n NamedNode>) -> BTreeSet<usize> {
        let numbers = nodes.into_iter().map(|node| node.id().index() - 1);
        numbers.filter(|&number| number < self.nodes.len()).collect()
    }
}

/// Which nodes conditions are on.
pub(super) fn flags(plan: &Plan) -> Vec<usize> {
    (0..plan.len()).filter(|&node| conditions(plan, node).next().is_some()).collect()
}

/// Which nodes are under a condition on `node`, and what its flag has to be.
pub(super) fn conditions(plan: &Plan, node: usize) -> impl Iterator<Item = (usize, bool)> {
    plan.edges.iter().filter(move |edge| usize::from(edge.0) == node).filter_map(|edge| match *edge {
        (_, after, Kind::Condition(wanted)) => Some((after.into(), wanted)),
        _ => None,
    })
}

impl Built {
    pub(super) fn new(shared: &Arc<Shared>) -> Self {
        let plan = &shared.plan;
        let mut graph = GraphBuilder::new();
        let input = graph.input("input");
        let declared: Vec<_> = (0..plan.len()).map(|node| graph.declare(format!("n{node}"))).collect();
        let nodes: Vec<_> = declared.iter().map(Declared::node).collect();
        let limits = OWN.map(|permits| graph.limit(permits));
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
            let always = plan.before(node).filter(|(_, kind)| *kind == Kind::Always);
            graph.always_after(handle, always.map(|(before, _)| nodes[before]));
            let demand = plan.nodes[node].demand;
            if demand.priority != 0 {
                graph.priority(handle, demand.priority.into());
            }
            for permits in demand.permits(limits, &shared.limit) {
                graph.limited(handle, permits);
            }
            if plan.nodes[node].early {
                graph.drop_early(handle);
            }
            if plan.nodes[node].cutoff {
                graph.cutoff(handle);
            }
            match demand.place {
                Some(Place::Caller) => graph.on_caller(handle),
                Some(Place::Worker) => graph.on_worker(handle, 0),
                None => {}
            }
        }
        let flags = flags(plan);
        for &node in &flags {
            let flag = plan.nodes[node].flag;
            let flag = graph.node("flag", nodes[node], move |_: &Counted| flag);
            for (after, wanted) in conditions(plan, node) {
                match wanted {
                    true => graph.only_if(nodes[after], flag),
                    false => graph.unless(nodes[after], flag),
                }
            }
        }
        for &(before, after, _) in plan.edges.iter().filter(|edge| edge.2 == Kind::Starts) {
            let start = graph.start_of(nodes[usize::from(before)]);
            graph.after(nodes[usize::from(after)], start);
        }
        let nodes = Handles { nodes, flags };
        Self { graph: graph.build().expect("ranks exclude cycles"), input, nodes, states }
    }
}

impl Built {
    /// Gives `node` the result that it would have, if it would have one, and neither it nor what it is fed
    /// has anything to do with states, or is moved.
    pub(super) fn give(&mut self, shared: &Arc<Shared>, node: usize, fates: &[Fate]) {
        let plan = &shared.plan;
        let is_plain = |node: usize| {
            plan.nodes[node].uses.is_empty()
                && plan.before(node).all(|(before, _)| plan.taker(before) != Some(node))
        };
        if let Some(&Fate::Value(number)) = fates.get(node).filter(|_| is_plain(node)) {
            self.graph.set_result(self.nodes.nodes[node], Counted::new(number, shared));
        }
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
    let (feeding, told) = (plan.feeding(node), plan.told(node));
    let waits = plan.nodes[node].pause.is_some();
    if !told.is_empty() || plan.role(node) == Role::Repeats {
        let feeding: Vec<_> = feeding.iter().map(|&before| nodes[before]).collect();
        let told: Vec<_> = told.iter().map(|&before| nodes[before].outcome()).collect();
        if plan.role(node) == Role::Repeats {
            return define_repeats(graph, &shared, node, declared, feeding, told);
        }
        type Told<'a> = Outcomes<'a, Counted>;
        let body = move |fed: Values<'_, Counted>, told: Told<'_>| Body::new(&shared, node, fed, told);
        return if waits {
            graph.try_async_node(
                declared,
                (feeding, told),
                move |fed: Values<'_, Counted>, told: Told<'_>| body(fed, told).wait(),
            )
        } else {
            graph.try_node(declared, (feeding, told), move |fed: Values<'_, Counted>, told: Told<'_>| {
                body(fed, told).run()
            })
        };
    }
    let body = move |fed: &mut dyn Iterator<Item = u64>| Body::of(&shared, node, fed);
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
