//! Typed graphs, run several times in a row in different ways.

mod body;
mod checks;
pub(crate) mod instances;
mod limits;
mod nodes;
mod repeats;
mod states;
mod ways;

use self::checks::{Case, check_states};
use self::limits::check_all_back;
use self::nodes::{Built, Counted, Shared};
use crate::is_ok;
use crate::oracle;
use crate::plan::{How, On, Plan, Way};
use dgraph_exec::{CancelToken, FailurePolicy, RunOptions};
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::thread;

/// Options as the way says. The cancel token is used if it is to be.
fn options(way: &Way, token: &CancelToken) -> RunOptions {
    let mut options = RunOptions::new();
    if way.keep_going {
        options = options.policy(FailurePolicy::KeepGoing);
    }
    if way.cancellable {
        options = options.cancel_token(token);
    }
    if way.catch_panics {
        options = options.catch_panics();
    }
    if way.update {
        options = options.update();
    }
    if way.panics_fail {
        options = options.panics_are_failures();
    }
    options.drain(way.drain.iter().copied())
}

pub(crate) fn check(plan: Plan) {
    let shared = Shared::new(plan);
    let mut built = None;
    let mut number = 1;
    // Whether some node may have been left out by this run or one before it that no full run has followed.
    let mut partial = false;
    for way in &shared.plan.ways {
        let new = built.is_none();
        let graph = built.get_or_insert_with(|| Built::new(&shared));
        partial &= !new;
        if let Some(set) = way.input {
            number = set.into();
        }
        if new || way.input.is_some() {
            graph.graph.set(graph.input, Counted::new(number, &shared));
        }
        if number % 3 == 0 {
            graph.graph.state_mut(graph.states[0]).change(&shared, 0);
        }
        if way.how == How::Drops(0) {
            continue; // it never begins
        }
        partial = oracle::target(&shared.plan, way).is_some() || (way.update && partial);
        run(&shared, way, &mut built, number, partial);
    }
    drop(built);
    assert_eq!(shared.alive.load(Relaxed), 0, "values that were not dropped, or twice");
}

fn run(shared: &Arc<Shared>, way: &Way, built: &mut Option<Built>, input: u64, partial: bool) {
    let plan = &shared.plan;
    let token = CancelToken::new();
    let mut options = options(way, &token);
    if let (Some(target), Some(built)) = (oracle::target(plan, way), &built) {
        options = options.only([built.nodes.nodes[target]]);
    }
    if let (Some(given), Some(built)) = (way.given, &mut *built) {
        built.give(shared, usize::from(given) % plan.len().max(1), &oracle::fates(plan, way, input));
    }
    {
        let mut current = shared.current.write().expect("no writer panics");
        (current.way, current.token) = (Some(way.clone()), token.clone());
        current.caller = thread::current().id();
    }
    let Built { graph, input: the_input, nodes, states } = built.take().expect("a graph");
    let mut graph = Some(graph);
    let ended = ways::run(&mut graph, way.how, way.on.executor(), &options, &token);
    *built = graph.map(|graph| Built { graph, input: the_input, nodes, states });
    let panicked = !is_ok(&ended);
    let ended = ended.unwrap_or(None);
    if let Some(built) = built {
        let dropped = ended.is_none() && !panicked;
        let fates = oracle::fates(plan, way, input);
        let needed = oracle::needed(plan, way);
        let ended_early = dropped || matches!(way.how, How::Cancels(_));
        let well = matches!(ended, Some(Ok(())));
        let case = Case { plan, way, fates: &fates, needed: &needed, ended_early, well, partial };
        case.check_nodes(&built.graph, &built.nodes);
        check_states(shared, built);
        if !dropped {
            case.check_end(&built.graph, &built.nodes, ended);
        }
        let certain = case.is_certain();
        let in_order = certain && !way.update && needed.iter().all(|&needed| needed);
        if in_order && way.on == On::ThisThread && way.how == How::Blocks && plan.has_only_demands() {
            let current = shared.current.read().expect("no writer panics");
            assert_eq!(current.stamps.order(), oracle::order(plan, &fates), "the most urgent first");
        }
    }
    shared.current.write().expect("no writer panics").stamps.check_order(plan, false);
    check_all_back(&shared.limit);
}
