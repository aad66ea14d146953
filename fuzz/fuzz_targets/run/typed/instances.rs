//! Definitions, of which several instances run at once, each in a way of its own.

use super::body::{NodeFailure, told_of};
use super::checks::Case;
use super::limits::{OWN, Own, Under, check_all_back};
use super::nodes::{Counted, Handles, Shared, conditions, flags};
use super::{options, ways};
use crate::plan::{How, Kind, Pause, Plan, Role, Way};
use crate::stamps::Stamps;
use crate::wakes::{elsewhere, linger, yields};
use crate::{PLANNED, is_ok, oracle, raw, work};
use dgraph_exec::{
    CancelToken, Declared, Definition, DefinitionBuilder, EndBranch, Executor, Input, Node, OutcomeOf,
    Outcomes, Values,
};
use std::panic::resume_unwind;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::{Arc, Mutex};
use std::thread;

/// How often all ways begin: from the second time on, memory is used again.
const ROUNDS: usize = 2;

/// What one run has: its input, which feeds all nodes.
struct Request {
    number: Counted,
    token: CancelToken,
    executor: Option<&'static Executor>,
    own: Own,
    stamps: Mutex<Stamps>,
}

struct Defined {
    definition: Definition<'static>,
    request: Input<Arc<Request>>,
    handles: Handles,
}

pub(crate) fn check(plan: Plan) {
    let shared = Shared::new(plan);
    let defined = Defined::new(&shared);
    for _ in 0..ROUNDS {
        thread::scope(|scope| {
            for way in &shared.plan.ways {
                scope.spawn(|| defined.run(&shared, way));
            }
        });
    }
    check_all_back(&shared.limit);
    drop(defined);
    assert_eq!(shared.alive.load(Relaxed), 0, "values that were not dropped, or twice");
}

impl Defined {
    fn new(shared: &Arc<Shared>) -> Self {
        let plan = &shared.plan;
        let mut graph = DefinitionBuilder::new();
        let request = graph.input("request");
        let declared: Vec<_> = (0..plan.len()).map(|node| graph.declare(format!("n{node}"))).collect();
        let nodes: Vec<Node<Counted>> = declared.iter().map(Declared::node).collect();
        let limits = OWN.map(|permits| graph.limit(permits));
        for (node, declared) in declared.into_iter().enumerate() {
            let of = |is: fn(Kind) -> bool| {
                let before = plan.before(node).filter(move |(_, kind)| is(*kind));
                before.map(|(before, _)| nodes[before])
            };
            let fed: Vec<_> = of(Kind::feeds).collect();
            let told: Vec<_> = of(|kind| kind == Kind::Outcome).map(Node::outcome).collect();
            let handle = define(&mut graph, shared, node, declared, (request, fed, told));
            graph.after(handle, of(|kind| kind == Kind::OnlyOrders));
            graph.always_after(handle, of(|kind| kind == Kind::Always));
            let demand = plan.nodes[node].demand;
            graph.priority(handle, demand.priority.into());
            for permits in demand.permits(limits, &shared.limit) {
                graph.limited(handle, permits);
            }
            if plan.nodes[node].early {
                graph.drop_early(handle);
            }
            if plan.nodes[node].cutoff {
                graph.cutoff(handle);
            }
        }
        let flags = flags(plan);
        for &node in &flags {
            let flag = plan.nodes[node].flag;
            let flag = graph.node("flag", nodes[node], move |_: &Counted| flag);
            for (handle, wanted) in conditions(plan, node) {
                match wanted {
                    true => graph.only_if(nodes[handle], flag),
                    false => graph.unless(nodes[handle], flag),
                }
            }
        }
        // From one at a time to more than there are ways.
        if plan.len() % 2 == 1 {
            graph.at_most(1 + plan.len() / 2 % 4);
        }
        let definition = graph.build().expect("ranks exclude cycles");
        Self { definition, request, handles: Handles { nodes, flags } }
    }

    /// Runs an instance.
    fn run(&self, shared: &Arc<Shared>, way: &Way) {
        let plan = &shared.plan;
        let input = way.input.unwrap_or(1).into();
        let request = Arc::new(Request {
            number: Counted::new(input, shared),
            token: CancelToken::new(),
            executor: way.on.executor(),
            own: Own::default(),
            stamps: Mutex::new(Stamps::new(plan.len())),
        });
        let mut options = options(way, &request.token);
        if let Some(target) = oracle::target(plan, way) {
            options = options.only([self.handles.nodes[target]]);
        }
        let mut instance = self.definition.instance();
        instance.set(self.request, Arc::clone(&request));
        let mut instance = Some(instance);
        let ended = ways::run(&mut instance, way.how, request.executor, &options, &request.token);
        let panicked = !is_ok(&ended);
        let ended = ended.unwrap_or(None);
        if let Some(instance) = &instance {
            let (fates, needed) = (oracle::fates(plan, way, input), oracle::needed(plan, way));
            let (well, dropped) = (matches!(ended, Some(Ok(()))), ended.is_none() && !panicked);
            let ended_early = dropped || matches!(way.how, How::Cancels(_));
            let (fates, needed) = (&fates[..], &needed[..]);
            let case = Case { plan, way, fates, needed, ended_early, well, partial: true };
            // It never began.
            if way.how != How::Drops(0) {
                case.check_nodes(instance, &self.handles);
            }
            if !dropped {
                case.check_end(instance, &self.handles, ended);
            }
        }
        drop(instance);
        request.stamps.lock().expect("no panic").check_order(plan, false);
    }
}

type Told<'a> = Outcomes<'a, Counted>;
type Fed<'a> = Values<'a, Counted>;
type Dependencies = (Input<Arc<Request>>, Vec<Node<Counted>>, Vec<OutcomeOf<Counted>>);

fn define(
    graph: &mut DefinitionBuilder<'static>,
    shared: &Arc<Shared>,
    node: usize,
    declared: Declared<Counted>,
    dependencies: Dependencies,
) -> Node<Counted> {
    let waits = shared.plan.nodes[node].pause.is_some();
    let shared = Arc::clone(shared);
    let body = move |request: &Arc<Request>, fed: Fed<'_>, told: Told<'_>| {
        Body::new(&shared, request, node, fed, told)
    };
    if waits {
        let wait =
            move |request: &Arc<Request>, fed: Fed<'_>, told: Told<'_>| body(request, fed, told).wait();
        graph.try_async_node(declared, dependencies, wait)
    } else {
        let run = move |request: &Arc<Request>, fed: Fed<'_>, told: Told<'_>| body(request, fed, told).run();
        graph.try_node(declared, dependencies, run)
    }
}

/// A node that has started.
struct Body {
    shared: Arc<Shared>,
    request: Arc<Request>,
    node: usize,
    number: u64,
    _under: Under,
}

impl Body {
    fn new(shared: &Arc<Shared>, request: &Arc<Request>, node: usize, fed: Fed<'_>, told: Told<'_>) -> Self {
        request.stamps.lock().expect("no panic").start(node);
        let (shared, request) = (Arc::clone(shared), Arc::clone(request));
        let reads = shared.plan.role(node) == Role::ReadsInput && fed.len() + told.len() == 0;
        let input = reads.then_some(request.number.number);
        let fed = input.into_iter().chain(fed.iter().map(|fed| fed.number)).chain(told.map(told_of));
        let number = shared.plan.number(node, fed);
        let _under = Under::new(&shared, &request.own, node);
        Self { shared, request, node, number, _under }
    }

    async fn wait(self) -> Result<Counted, NodeFailure> {
        match self.shared.plan.nodes[self.node].pause {
            Some(Pause::Yields(times)) => yields(times).await,
            Some(Pause::Lingers) => {
                linger().await;
                elsewhere(|_| {}).await;
            }
            _ => elsewhere(|_| {}).await,
        }
        self.run()
    }

    fn run(self) -> Result<Counted, NodeFailure> {
        let Self { shared, request, node, .. } = &self;
        if shared.plan.nodes[*node].slow {
            work();
        }
        match (shared.plan.role(*node), request.executor) {
            (Role::Fails, _) => return Err(PLANNED.into()),
            (Role::Panics, _) => resume_unwind(Box::new(PLANNED)),
            (Role::Cancels, _) => request.token.cancel(),
            (Role::Nests, Some(executor)) => raw::nested(|dag, body| executor.run(dag, body)),
            _ => {}
        }
        request.stamps.lock().expect("no panic").end(*node);
        match shared.plan.role(*node) {
            Role::Ends => Err(EndBranch.into()),
            _ => Ok(Counted::new(self.number, shared)),
        }
    }
}
