//! A search for two nodes whose order matters and that no path connects.
//!
//! Of two orders of a graph, one passes and one fails. Between any two topological orders there is a way by
//! exchanges of neighbours, on which every order is one of the graph's: put the failing order's first node in
//! front, then its second one, and so on, each by exchanges with what comes before it. (Those are nodes that
//! come later in the failing order, so no path leads from them to the node.) Somewhere on the way a
//! passing order is followed by a failing one, and bisection finds such a place: first which node it is that
//! moves, then past which other one. These two are neighbours in orders of the graph that differ in nothing
//! else, so no path connects them and their order alone decides. That takes two logarithms of the number of
//! nodes in runs, and it doesn't matter whether there are several such places.

use super::search_error::SearchError;
use crate::sync::thrown::discard;
use crate::typed::handle::names::NamedNode;
use crate::typed::options::run_options::RunOptions;
use crate::typed::options::shuffle::{Probe, Shuffle, Tried};
use dgraph_core::NodeId;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// An edge that a graph lacks: found by [`find_missing_edge`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::MissingEdge;
/// fn advice(edge: &MissingEdge) -> String {
///     format!("graph.after({}, [{}]);", edge.to(), edge.from())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MissingEdge {
    from: NamedNode,
    to: NamedNode,
    seed: Option<u64>,
    runs: usize,
}

impl MissingEdge {
    /// The node that has to come first.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::MissingEdge;
    /// fn concerns(edge: &MissingEdge, name: &str) -> bool {
    ///     edge.from().name() == name || edge.to().name() == name
    /// }
    /// ```
    #[must_use]
    pub fn from(&self) -> &NamedNode {
        &self.from
    }

    /// The node that has to come later.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{MissingEdge, NodeId};
    /// fn numbers(edge: &MissingEdge) -> (NodeId, NodeId) {
    ///     (edge.from().id(), edge.to().id())
    /// }
    /// ```
    #[must_use]
    pub fn to(&self) -> &NamedNode {
        &self.to
    }

    /// A seed with which the check fails: a run that is [shuffled](RunOptions::shuffle) by it takes the two
    /// nodes the other way round. `None`: the order of declaration does, and no seed that was tried.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{MissingEdge, RunOptions};
    /// fn again(edge: &MissingEdge) -> RunOptions {
    ///     edge.seed().into_iter().fold(RunOptions::new(), RunOptions::shuffle)
    /// }
    /// ```
    #[must_use]
    pub fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// How many runs it took to find it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::MissingEdge;
    /// fn took(edge: &MissingEdge) -> String {
    ///     format!("{} runs", edge.runs())
    /// }
    /// ```
    #[must_use]
    pub fn runs(&self) -> usize {
        self.runs
    }
}

impl fmt::Display for MissingEdge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { from, to, seed, runs } = self;
        write!(f, "missing edge: {from} -> {to} (the other way round ")?;
        match seed {
            Some(seed) => write!(f, "with seed {seed}; {runs} runs)"),
            None => write!(f, "as declared; {runs} runs)"),
        }
    }
}

/// Searches for an edge that a graph lacks: for two nodes of which one has to run before the other one,
/// though nothing says so.
///
/// `check` runs a graph once, with the options that it is given, and says whether all was well. A panic means
/// that it wasn't, be it one of a node. It is called with a run in the order of declaration, and one
/// [shuffled](RunOptions::shuffle) by each of `seeds`, until it has passed and failed; then some more times,
/// with orders between these two: for `n` nodes, some 2 log₂ n. What it says should depend on nothing but
/// the order: so it should make new what the nodes change, and run the graph with
/// [`run`](crate::WithOptions::run), on one thread. The graph has to be a typed one, with the same nodes each
/// time.
///
/// The pair that it finds is certain, if the check depends on the order alone: it has passed and failed in
/// two runs that differ in nothing but the order of these two. If several edges are missing, it is one of
/// them. `Ok(None)`: the check has passed with all seeds. If that were
/// `2n` consecutive ones, no single edge is missing. A graph that is a node counts as one.
///
/// # Errors
///
/// If the check fails in every order, or passes and fails in the same one; or if it doesn't run the same
/// graph each time. See [`SearchError`].
///
/// # Examples
///
/// A node that reads what another one writes beside the graph, and doesn't depend on it. As declared, all is
/// well:
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunOptions, find_missing_edge};
/// use std::sync::Mutex;
///
/// fn build_site(options: &RunOptions) -> bool {
///     let files = Mutex::new(vec![]); // what is on the disk, say
///     let mut graph = GraphBuilder::new();
///     let style = graph.node("compile style", (), || files.lock().unwrap().push("style.css"));
///     let pages = graph.node("render pages", (), || files.lock().unwrap().push("index.html"));
///     let pack = graph.node("pack", (pages,), |(): &()| files.lock().unwrap().clone()); // and `style`!
///     graph.node("report", (style, pack), |(): &(), packed: &Vec<_>| println!("{} files", packed.len()));
///     let mut graph = graph.build().unwrap();
///     graph.with(options).run().is_ok_and(|results| results[pack].len() == 2)
/// }
///
/// assert!(build_site(&RunOptions::new()));
/// let edge = find_missing_edge(0..200, build_site)?.expect("a forgotten dependency");
/// assert_eq!([edge.from().name(), edge.to().name()], ["compile style", "pack"]);
/// assert!(!build_site(&RunOptions::new().shuffle(edge.seed().unwrap())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// As a test of a graph: `assert_eq!(find_missing_edge(0..500, check), Ok(None))`.
pub fn find_missing_edge(
    seeds: impl IntoIterator<Item = u64>,
    check: impl FnMut(&RunOptions) -> bool,
) -> Result<Option<MissingEdge>, SearchError> {
    let mut search = Search { check, runs: 0, names: Vec::new() };
    let mut seeds = seeds.into_iter().peekable();
    let Some(&first) = seeds.peek() else { return Ok(None) };
    let declared = search.run(first, Some(&[]))?;
    let (mut passing, mut failing) = match declared {
        (true, order) => (Some(order), None),
        (false, order) => (None, Some((first, order))),
    };
    // An order that a seed draws is preferred to fail: it can be had again.
    let mut drawn = false;
    while passing.is_none() || !drawn {
        let Some(seed) = seeds.next() else { break };
        match search.run(seed, None)? {
            (true, order) => passing = passing.or(Some(order)),
            (false, order) if !drawn => (failing, drawn) = (Some((seed, order)), true),
            (false, _) => {}
        }
    }
    match (passing, failing) {
        (_, None) => Ok(None),
        (None, Some(_)) => Err(SearchError::AlwaysFails { runs: search.runs }),
        (Some(passing), Some((seed, failing))) => {
            let edge = search.narrow(&passing, &failing, seed)?;
            Ok(Some(MissingEdge { seed: edge.seed.filter(|_| drawn), ..edge }))
        }
    }
}

struct Search<C> {
    check: C,
    runs: usize,
    names: Vec<NamedNode>,
}

impl<C: FnMut(&RunOptions) -> bool> Search<C> {
    /// Whether the check passes, and the order it has run in: the one that is wanted, or else the seed's.
    fn run(&mut self, seed: u64, wanted: Option<&[NodeId]>) -> Result<(bool, Box<[NodeId]>), SearchError> {
        let probe = Arc::new(Probe::default());
        probe.tried().wanted = wanted.map(Into::into);
        let options = RunOptions::shuffled_by(Shuffle { seed, probe: Some(Arc::clone(&probe)) });
        self.runs += 1;
        let passed = catch_unwind(AssertUnwindSafe(|| (self.check)(&options))).unwrap_or_else(|payload| {
            discard(payload);
            false
        });
        let Tried { taken, names, .. } = mem::take(&mut *probe.tried());
        let order = taken.ok_or(SearchError::NothingRan)?;
        if self.runs == 1 {
            self.names = names;
        } else if self.names != names || wanted.is_some_and(|wanted| *wanted != *order) {
            return Err(SearchError::GraphChanged);
        }
        Ok((passed, order))
    }

    /// Finds the two nodes, between an order that passes and one that fails.
    fn narrow(
        mut self,
        passing: &[NodeId],
        failing: &[NodeId],
        seed: u64,
    ) -> Result<MissingEdge, SearchError> {
        if passing.len() != failing.len() {
            return Err(SearchError::GraphChanged);
        }
        let not_reproducible = SearchError::NotReproducible { seed };
        // With as many of the failing order's nodes in front.
        let advanced = |count: usize| -> Vec<NodeId> {
            let mut is_in_front = vec![false; passing.len()];
            failing[..count].iter().for_each(|node| is_in_front[node.index()] = true);
            let behind = passing.iter().filter(|node| !is_in_front[node.index()]);
            failing[..count].iter().chain(behind).copied().collect()
        };
        let front = self.bisect(seed, passing.len(), &advanced)?;
        let (before, moving) = (advanced(front), failing[front]);
        let place = before.iter().position(|&node| node == moving).expect("a node of the graph");
        // With that node brought forward past so many others.
        let moved = |count: usize| -> Vec<NodeId> {
            let mut order = before.clone();
            order[place - count..=place].rotate_right(1);
            order
        };
        if place == front {
            return Err(not_reproducible); // it was where it is
        }
        let past = self.bisect(seed, place - front, &moved)?;
        let other = before[place - past - 1];
        let name = |node: NodeId| self.names.get(node.index()).cloned().ok_or(not_reproducible.clone());
        Ok(MissingEdge { from: name(other)?, to: name(moving)?, seed: Some(seed), runs: self.runs })
    }

    /// The order at 0 passes, the one at `end` fails: finds one that passes and is followed by one that
    /// fails.
    fn bisect(
        &mut self,
        seed: u64,
        end: usize,
        order: &impl Fn(usize) -> Vec<NodeId>,
    ) -> Result<usize, SearchError> {
        let mut passes = |at: usize| self.run(seed, Some(&order(at))).map(|(passed, _)| passed);
        // Once more: the seed was another one, or something else than the order decides.
        if !passes(0)? || passes(end)? {
            return Err(SearchError::NotReproducible { seed });
        }
        let (mut passing, mut failing) = (0, end);
        while failing - passing > 1 {
            let middle = passing.midpoint(failing);
            *(if passes(middle)? { &mut passing } else { &mut failing }) = middle;
        }
        Ok(passing)
    }
}
