//! `chili`: joins of two halves, one of which another thread may take at the next heartbeat.

use super::{Runner, System};
use crate::body::Body;
use crate::csr::Csr;
use crate::graph::Graph;
use ::chili::{Config, Scope, ThreadPool};
use dgraph_exec::Dag;
use std::num::NonZero;
use std::sync::Arc;

/// A `ThreadPool` of our own, whose caller is one of its threads, and a scope for each run. There are only
/// joins, so it takes trees, and graphs in which each level waits for the whole level before.
#[derive(Debug)]
pub(super) struct Chili {
    pool: Arc<ThreadPool>,
}

struct Joining<B> {
    pool: Arc<ThreadPool>,
    form: Form,
    body: B,
}

/// What nested joins can do.
enum Form {
    /// No node has two predecessors: a join of what lies below each of its successors.
    Trees(Csr),
    /// One level after the other, each a join of its nodes.
    Levels(Vec<Vec<u32>>),
}

impl Form {
    /// `None` if joins would wait for more than the edges say.
    fn of(graph: &Graph) -> Option<Self> {
        let csr = Csr::new(graph);
        if csr.in_degrees.iter().all(|&degree| degree <= 1) {
            return Some(Self::Trees(csr));
        }
        let dag = Dag::from_edges(graph.nodes, &graph.edges).expect("an acyclic graph");
        let levels = dag.view().levels();
        let levels: Vec<Vec<u32>> =
            levels.iter().map(|level| level.iter().map(|node| node.get()).collect()).collect();
        let complete = levels.windows(2).all(|pair| {
            let next = sorted(&pair[1]);
            pair[0].iter().all(|&node| sorted(csr.successors(node)) == next)
        });
        complete.then_some(Self::Levels(levels))
    }
}

fn sorted(nodes: &[u32]) -> Vec<u32> {
    let mut nodes = nodes.to_vec();
    nodes.sort_unstable();
    nodes
}

impl System for Chili {
    const NAME: &'static str = "chili";

    fn refusal(graph: &Graph) -> Option<String> {
        Form::of(graph).is_none().then(|| "it has only joins, which can't express this graph".to_owned())
    }

    fn start(threads: usize) -> Result<Self, String> {
        let config = Config { thread_count: NonZero::new(threads), ..Config::default() };
        Ok(Self { pool: Arc::new(ThreadPool::with_config(config)) })
    }

    fn build<B: Body>(&self, graph: &Arc<Graph>, body: B) -> Box<dyn Runner> {
        let form = Form::of(graph).expect("others are refused");
        Box::new(Joining { pool: Arc::clone(&self.pool), form, body })
    }
}

impl<B: Body> Runner for Joining<B> {
    fn run(&mut self) {
        let (this, mut scope) = (&*self, self.pool.scope());
        match &this.form {
            Form::Trees(csr) => this.below(csr, &mut scope, &csr.roots),
            Form::Levels(levels) => levels.iter().for_each(|level| this.all(&mut scope, level)),
        }
    }
}

impl<B: Body> Joining<B> {
    /// Runs these nodes and what lies below them.
    fn below<'a>(&'a self, csr: &'a Csr, scope: &mut Scope<'_>, mut nodes: &'a [u32]) {
        loop {
            match *nodes {
                [] => return,
                [node] => {
                    self.body.execute(node);
                    nodes = csr.successors(node);
                }
                _ => {
                    let (first, rest) = nodes.split_at(nodes.len() / 2);
                    // The second closure is the one that is called at once.
                    scope.join(|scope| self.below(csr, scope, rest), |scope| self.below(csr, scope, first));
                    return;
                }
            }
        }
    }

    /// Runs these nodes.
    fn all(&self, scope: &mut Scope<'_>, nodes: &[u32]) {
        match *nodes {
            [] => {}
            [node] => self.body.execute(node),
            _ => {
                let (first, rest) = nodes.split_at(nodes.len() / 2);
                scope.join(|scope| self.all(scope, rest), |scope| self.all(scope, first));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dgraph_tests::shapes::Shape;

    #[test]
    fn what_joins_can_express() {
        let form = |shape: Shape| Form::of(&Graph::of_shape(shape, 200));
        for shape in [Shape::Chain, Shape::Tree, Shape::Indep] {
            assert!(matches!(form(shape), Some(Form::Trees(_))), "{shape}");
        }
        for (shape, levels) in [(Shape::Fan, 3), (Shape::Forkjoin, 9), (Shape::Diamond, 3)] {
            assert!(matches!(form(shape), Some(Form::Levels(found)) if found.len() == levels), "{shape}");
        }
        for shape in [Shape::Wave, Shape::Layered] {
            assert!(form(shape).is_none(), "{shape}");
        }
    }

    #[test]
    fn no_edge_may_pass_over_a_level() {
        let graph = Graph::new("", 4, vec![(0, 1), (0, 2), (1, 3), (2, 3), (0, 3)]);
        assert!(Form::of(&graph).is_none());
    }
}
