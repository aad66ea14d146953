//! Nodes that are graphs, and repeat.

use super::body::Body;
use super::limits::Under;
use super::nodes::{Counted, Shared};
use crate::wakes::yields;
use dgraph_exec::{Declared, Graph, GraphBuilder, Input, NoResult, Node, OutcomeOf, Outcomes, State, Values};
use std::ops::ControlFlow;
use std::sync::{Arc, Mutex};

/// How many rounds there are.
const ROUNDS: u64 = 3;

/// The graph that is the node.
struct Inner {
    round: Input<Counted>,
    double: Node<Counted>,
    done: State<u64>,
    sum: Node<u64>,
}

impl Inner {
    fn new(shared: &Arc<Shared>, number: usize) -> (Self, Graph<'static>) {
        let mut graph = GraphBuilder::new();
        let round = graph.input::<Counted>("round");
        let done = graph.state("done", 0);
        let doubled = {
            let shared = Arc::clone(shared);
            move |round: &Counted| {
                let under = Under::new(&shared, &shared.own, number);
                (Counted::new(round.number * 2, &shared), under)
            }
        };
        let double = if shared.plan.nodes[number].pause.is_some() {
            graph.async_node("double", round, move |round: &Counted| {
                let doubled = doubled(round);
                async move {
                    yields(1).await;
                    doubled.0
                }
            })
        } else {
            graph.node("double", round, move |round: &Counted| doubled(round).0)
        };
        let count = graph.node("count", (done.write(), double), |done: &mut u64, _: &Counted| {
            *done += 1;
            *done
        });
        let sum = graph.node("sum", (double, count), |double: &Counted, count: &u64| double.number + count);
        graph.drop_early(double);
        let graph = graph.build().expect("a valid graph");
        (Self { round, double, done, sum }, graph)
    }

    /// Checks a round. Whether it was the last one.
    fn ends(&self, graph: &mut Graph<'_>, shared: &Arc<Shared>) -> bool {
        let round = *graph.state(self.done);
        assert_eq!(graph.result(self.sum), Ok(&(round * 2 + round)), "round {round}");
        let left = graph.result(self.double).map(|double| double.number);
        assert_eq!(left, Err(NoResult::Dropped), "round {round}");
        graph.set(self.round, Counted::new(round + 1, shared));
        round == ROUNDS
    }
}

/// Defines a node that is a graph, and repeats.
pub(super) fn define_repeats(
    graph: &mut GraphBuilder<'static>,
    shared: &Arc<Shared>,
    number: usize,
    node: Declared<Counted>,
    fed: Vec<Node<Counted>>,
    told: Vec<OutcomeOf<Counted>>,
) -> Node<Counted> {
    let (inner, repeated) = Inner::new(shared, number);
    let Inner { round, done, .. } = inner;
    // Between its rounds. One that is interrupted has left it there.
    let body = Arc::new(Mutex::new(None));
    let begin = {
        let (shared, body) = (Arc::clone(shared), Arc::clone(&body));
        move |inner: &mut Graph<'_>, fed: Values<'_, Counted>, told: Outcomes<'_, Counted>| {
            inner.set(round, Counted::new(1, &shared));
            *inner.state_mut(done) = 0;
            let new = Body::new(&shared, number, fed, told).without_limits();
            *body.lock().expect("no panic") = Some(new);
        }
    };
    let shared = Arc::clone(shared);
    graph.repeat(node, (fed, told), repeated, begin, move |graph: &mut Graph<'_>| {
        if !inner.ends(graph, &shared) {
            return ControlFlow::Continue(());
        }
        let body: Option<Body> = body.lock().expect("no panic").take();
        ControlFlow::Break(body.expect("it began").run().expect("it gives a value"))
    })
}
