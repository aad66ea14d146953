//! How far runs have come.

use super::durations::Durations;
use super::node_info::NodeInfo;
use super::observer::Observer;
use super::outcome::{NodeOutcome, RunOutcome, SkipReason};
use super::run_info::RunInfo;
use crate::sync::{Mutex, clock, lock};
use dgraph_core::NodeId;
use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

/// An [`Observer`] that knows how far its runs have come: how many nodes there are and have ended, which ones
/// are under way, and, if it is told what nodes take, when the runs will be over.
///
/// Another thread looks [now and then](Self::now). A node's begin and end take a lock for some steps each, so
/// this is for nodes of microseconds and more. Graphs that are nodes count as one node, and so does each of
/// their nodes once they have begun. What has ended is forgotten when no run is under way any more and the
/// next one begins.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Progress, RunOptions};
/// use std::sync::Arc;
///
/// let progress = Arc::new(Progress::new());
/// let mut graph = GraphBuilder::new();
/// let watched = progress.clone();
/// let load = graph.node("load", (), || ());
/// let check = graph.node("check", (load,), move |_: &()| {
///     let now = watched.now();
///     assert_eq!((now.done, now.total), (1, 3));
///     assert_eq!(now.running[0].path, "check");
/// });
/// graph.node("save", (check,), |_: &()| ());
/// graph.build()?.with(&RunOptions::new().observer(progress.clone())).run()?;
/// assert_eq!(progress.now().done, 3);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Progress {
    durations: Durations,
    state: Mutex<State>,
}

/// What a [`Progress`] says at one moment.
///
/// # Examples
///
/// ```
/// let now = dgraph_exec::Progress::new().now();
/// assert_eq!((now.done, now.total), (0, 0)); // nothing has begun
/// assert!(now.running.is_empty() && now.left.is_none());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProgressReport {
    /// How many nodes are to run.
    pub total: usize,
    /// How many of them have ended, in whatever way, or won't begin.
    pub done: usize,
    /// How many have failed or panicked.
    pub failed: usize,
    /// How many didn't begin, and won't.
    pub skipped: usize,
    /// Those under way, the one that began first coming first.
    pub running: Vec<RunningNode>,
    /// For how long the runs have been under way, since the first one of them began.
    pub elapsed: Duration,
    /// In how much time they will be over, by what nodes take: the longest path that is left, or all that is
    /// left divided among the threads, whichever takes longer. `None` if durations of no node are known.
    /// Nodes of unknown duration count as the average of the others.
    pub left: Option<Duration>,
}

/// A node that is under way.
///
/// # Examples
///
/// ```
/// use dgraph_exec::ProgressReport;
///
/// fn longest(now: &ProgressReport) -> String {
///     now.running.first().map_or(String::new(), |node| format!("{} for {:?}", node.path, node.elapsed))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RunningNode {
    /// The path of its run, and its name.
    pub path: String,
    /// For how long it has been under way; if it is a future, with the time in which it waits.
    pub elapsed: Duration,
}

#[derive(Debug, Default)]
struct State {
    runs: HashMap<u64, Run>,
    /// When each node began that is under way, by run and node.
    running: BTreeMap<(u64, NodeId), u64>,
    /// How many of the runs aren't over.
    open: usize,
    /// When the first one began.
    since: u64,
    total: usize,
    done: usize,
    failed: usize,
    skipped: usize,
}

#[derive(Debug)]
struct Run {
    /// Nothing, if it is no node's.
    path: String,
    names: Vec<Box<str>>,
    /// Of the nodes in a topological order: the node, and who follows it. Empty if it isn't to be estimated.
    order: Vec<(NodeId, Box<[NodeId]>)>,
    ended: Vec<bool>,
    threads: usize,
}

impl Progress {
    /// One that has seen no run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Progress, RunOptions};
    /// let options = RunOptions::new().observer(std::sync::Arc::new(Progress::new()));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One that has seen no run, and knows what nodes take: from an [earlier run](crate::Graph::durations),
    /// for instance.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Progress, RunOptions};
    /// use std::{sync::Arc, time::Duration};
    ///
    /// let progress = Arc::new(Progress::with_durations("1000000000\tfirst\n3000000000\tsecond".parse()?));
    /// let watched = progress.clone();
    /// let mut graph = GraphBuilder::new();
    /// let first = graph.node("first", (), || ());
    /// let second = graph.node("second", (first,), move |_: &()| {
    ///     let left = watched.now().left.unwrap();
    ///     assert!(left > Duration::from_millis(2_500) && left <= Duration::from_secs(3));
    /// });
    /// graph.build()?.with(&RunOptions::new().observer(progress)).run()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn with_durations(durations: Durations) -> Self {
        Self { durations, state: Mutex::default() }
    }

    /// How far the runs have come. Takes time for each node under way and, if durations are known, for each
    /// node and edge of the graphs that are running.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Progress, RunOptions};
    /// use std::sync::Arc;
    ///
    /// let progress = Arc::new(Progress::new());
    /// let mut graph = GraphBuilder::new();
    /// let fails = graph.try_node("fails", (), || Err::<(), _>("no"));
    /// graph.node("never", (fails,), |_: &()| ());
    /// graph.build()?.with(&RunOptions::new().observer(progress.clone())).run().map(drop).unwrap_err();
    /// let now = progress.now();
    /// assert_eq!((now.total, now.done, now.failed, now.skipped), (2, 2, 1, 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn now(&self) -> ProgressReport {
        let now = clock::now();
        let state = lock(&self.state);
        let since = |then: u64| clock::duration(now.saturating_sub(then));
        let mut running: Vec<_> = state.running.iter().collect();
        running.sort_by_key(|(_, began)| **began);
        let running = running.into_iter().filter_map(|((run, node), &began)| {
            Some(RunningNode { path: state.runs.get(run)?.path_of(*node), elapsed: since(began) })
        });
        let left = (!self.durations.is_empty()).then(|| self.left(&state, since)).flatten();
        let &State { total, done, failed, skipped, open, since: began, .. } = &*state;
        let elapsed = if open == 0 { Duration::ZERO } else { since(began) };
        ProgressReport { total, done, failed, skipped, running: running.collect(), elapsed, left }
    }

    /// What is left of the runs that are no nodes', side by side.
    fn left(&self, state: &State, since: impl Fn(u64) -> Duration) -> Option<Duration> {
        let outermost = state.runs.iter().filter(|(_, run)| run.path.is_empty());
        outermost.filter_map(|(number, run)| self.left_of(*number, run, state, &since)).max()
    }

    fn left_of(
        &self,
        number: u64,
        run: &Run,
        state: &State,
        since: &impl Fn(u64) -> Duration,
    ) -> Option<Duration> {
        let known: Vec<_> = run.names.iter().map(|name| self.durations.get(name)).collect();
        let count = u32::try_from(known.iter().flatten().count()).ok().filter(|&count| count > 0)?;
        let average = known.iter().flatten().sum::<Duration>() / count;
        let takes = |node: NodeId| {
            let whole = known[node.index()].unwrap_or(average);
            let elapsed = state.running.get(&(number, node)).map_or(Duration::ZERO, |&began| since(began));
            if run.ended[node.index()] { Duration::ZERO } else { whole.saturating_sub(elapsed) }
        };
        let (mut longest, mut work, mut span) =
            (vec![Duration::ZERO; run.names.len()], Duration::ZERO, Duration::ZERO);
        for (node, followers) in run.order.iter().rev() {
            let behind = followers.iter().map(|follower| longest[follower.index()]).max().unwrap_or_default();
            longest[node.index()] = takes(*node).saturating_add(behind);
            work = work.saturating_add(takes(*node));
            span = span.max(longest[node.index()]);
        }
        Some(span.max(work / u32::try_from(run.threads.max(1)).unwrap_or(u32::MAX)))
    }
}

impl Run {
    fn path_of(&self, node: NodeId) -> String {
        let name = match &*self.names[node.index()] {
            "" => format!("#{node}"),
            name => name.to_owned(),
        };
        if self.path.is_empty() { name } else { format!("{}/{name}", self.path) }
    }
}

impl State {
    /// The node has ended, or won't begin.
    fn end(&mut self, node: &NodeInfo<'_>) {
        let run = node.run().number();
        self.running.remove(&(run, node.id()));
        self.done += 1;
        if let Some(run) = self.runs.get_mut(&run) {
            run.ended[node.id().index()] = true;
        }
    }
}

impl Observer for Progress {
    fn run_begins(&self, run: &RunInfo<'_>) {
        let (dag, estimates) = (run.dag(), !self.durations.is_empty() && run.path().is_empty());
        let nodes = (0..).map(NodeId::new).take(dag.node_count());
        let names = nodes.map(|node| run.name(node).into()).collect();
        let followers =
            |&node: &NodeId| (node, dag.successors(node).iter().map(|edge| edge.target()).collect());
        let order = dag.order().iter().filter(|_| estimates).map(followers).collect();
        let begun = Run {
            path: run.path().to_owned(),
            names,
            order,
            ended: vec![false; dag.node_count()],
            threads: run.threads(),
        };
        let mut state = lock(&self.state);
        if state.open == 0 {
            *state = State { since: clock::now(), ..State::default() };
        }
        state.open += 1;
        state.total += run.to_run();
        state.runs.insert(run.number(), begun);
    }

    fn run_ends(&self, run: &RunInfo<'_>, _: RunOutcome) {
        let mut state = lock(&self.state);
        if state.runs.remove(&run.number()).is_some() {
            state.open -= 1;
        }
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        lock(&self.state).running.insert((node.run().number(), node.id()), clock::now());
    }

    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        let mut state = lock(&self.state);
        state.end(node);
        state.failed += usize::from(matches!(outcome, NodeOutcome::Failed | NodeOutcome::Panicked));
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        // Those that were never to run aren't among the total.
        if matches!(reason, SkipReason::NotNeeded | SkipReason::UpToDate) {
            if let Some(run) = lock(&self.state).runs.get_mut(&node.run().number()) {
                run.ended[node.id().index()] = true;
            }
            return;
        }
        let mut state = lock(&self.state);
        state.end(node);
        state.skipped += 1;
    }
}
