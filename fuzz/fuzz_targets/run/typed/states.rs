//! States: nodes that use them, and who is there at the same time.

use super::body::{Body, NodeFailure};
use super::nodes::{Counted, Shared};
use crate::plan::{Mode, Role, STATES};
use dgraph_exec::{Declared, GraphBuilder, Node, State};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::{Relaxed, SeqCst};

/// What a state is: a value that is counted, and whose number each change makes higher by one.
pub(super) struct Kept(pub(super) Counted);

/// What a node is given of a state.
pub(super) enum Given<'s> {
    Nothing,
    Shared(&'s Kept),
    Own(&'s mut Kept),
}

impl Given<'_> {
    /// The state is as the last change has left it.
    pub(super) fn check(&mut self, shared: &Shared, state: usize) {
        let number = match self {
            Self::Nothing => return,
            Self::Shared(kept) => kept.0.number,
            Self::Own(kept) => kept.0.number,
        };
        assert_eq!(number, shared.numbers[state].load(Relaxed), "state {state}");
    }

    /// Changes the state, if it may.
    pub(super) fn touch(mut self, shared: &Arc<Shared>, state: usize) {
        self.check(shared, state);
        if let Self::Own(kept) = self {
            kept.change(shared, state);
        }
    }
}

impl Kept {
    pub(super) fn change(&mut self, shared: &Arc<Shared>, state: usize) {
        self.0 = Counted::new(self.0.number + 1, shared);
        shared.numbers[state].store(self.0.number, Relaxed);
    }
}

impl<'s> From<&'s Counted> for Given<'s> {
    fn from(_: &'s Counted) -> Self {
        Self::Nothing
    }
}

impl<'s> From<&'s Kept> for Given<'s> {
    fn from(kept: &'s Kept) -> Self {
        Self::Shared(kept)
    }
}

impl<'s> From<&'s mut Kept> for Given<'s> {
    fn from(kept: &'s mut Kept) -> Self {
        Self::Own(kept)
    }
}

/// A node that is at its states.
pub(super) struct Present {
    shared: Arc<Shared>,
    node: usize,
}

/// So many are there if one changes it.
const ALONE: isize = -1_000_000;

impl Present {
    pub(super) fn new(shared: &Arc<Shared>, node: usize) -> Self {
        for &(state, mode) in &shared.plan.nodes[node].uses {
            let before = shared.at[state].fetch_add(Self::weight(mode), SeqCst);
            let free = if mode == Mode::Read { before >= 0 } else { before == 0 };
            assert!(free, "node {node} meets {before} at state {state}");
        }
        Self { shared: Arc::clone(shared), node }
    }

    fn weight(mode: Mode) -> isize {
        if mode == Mode::Read { 1 } else { ALONE }
    }
}

impl Drop for Present {
    fn drop(&mut self) {
        for &(state, mode) in &self.shared.plan.nodes[self.node].uses {
            self.shared.at[state].fetch_sub(Self::weight(mode), SeqCst);
        }
    }
}

type Nothing<'a> = &'a Counted;
type Reads<'a> = &'a Kept;
type Changes<'a> = &'a mut Kept;
type Wait<'a> = Pin<Box<dyn Future<Output = Result<Counted, NodeFailure>> + Send + 'a>>;

/// Defines a node that is fed these three.
macro_rules! define {
    ($graph:ident, $shared:ident, $number:ident, $waits:ident, $node:ident, $fed:ident, $x:expr => $X:ident, $y:expr => $Y:ident) => {{
        /// What a closure gives holds what it is given.
        fn holding<F: for<'a> FnMut(&'a Counted, $X<'a>, $Y<'a>) -> Wait<'a>>(function: F) -> F {
            function
        }
        let body = move |fed: &Counted| {
            let reads = $shared.plan.role($number) == Role::ReadsInput;
            let fed = (reads || !$shared.plan.feeding($number).is_empty()).then_some(fed.number);
            Body::of(&$shared, $number, &mut fed.into_iter())
        };
        if $waits {
            let wait = holding(move |fed, x, y| {
                let body = body(fed);
                Box::pin(async move { body.wait_at([x.into(), y.into()]).await })
            });
            $graph.try_async_node($node, ($fed, $x, $y), wait)
        } else {
            $graph.try_node($node, ($fed, $x, $y), move |fed: &Counted, x: $X<'_>, y: $Y<'_>| {
                body(fed).run_at([x.into(), y.into()])
            })
        }
    }};
}

/// Defines a node that uses states, and is fed one result or, if it is fed none, the input.
pub(super) fn define_with_states(
    graph: &mut GraphBuilder<'static>,
    shared: &Arc<Shared>,
    number: usize,
    node: Declared<Counted>,
    fed: Node<Counted>,
    states: &[State<Kept>; STATES],
) -> Node<Counted> {
    let uses = &shared.plan.nodes[number].uses[..];
    let pick = |at: usize| uses.get(at).map(|&(state, mode)| (states[state], mode));
    let (shared, waits) = (&Arc::clone(shared), shared.plan.nodes[number].pause.is_some());
    macro_rules! second {
        ($x:expr => $X:ident) => {{
            let shared = Arc::clone(shared);
            match pick(1) {
                None => define!(graph, shared, number, waits, node, fed, $x => $X, fed => Nothing),
                Some((y, Mode::Read)) => define!(graph, shared, number, waits, node, fed, $x => $X, y.read() => Reads),
                Some((y, Mode::Write)) => define!(graph, shared, number, waits, node, fed, $x => $X, y.write() => Changes),
                Some((y, Mode::Commute)) => {
                    define!(graph, shared, number, waits, node, fed, $x => $X, y.commute() => Changes)
                }
            }
        }};
    }
    match pick(0) {
        None => second!(fed => Nothing),
        Some((x, Mode::Read)) => second!(x.read() => Reads),
        Some((x, Mode::Write)) => second!(x.write() => Changes),
        Some((x, Mode::Commute)) => second!(x.commute() => Changes),
    }
}
