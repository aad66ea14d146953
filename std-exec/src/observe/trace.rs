//! What was recorded: which node ran when, on which thread.

use super::kind::{self, Kind};
use super::lanes::Event;
use super::outcome::SkipReason;
use super::registry::{Registry, Seen};
use super::span::{Mark, Span};
use super::traced_run::TracedRun;
use crate::sync::clock;
use dgraph_core::NodeId;
use std::collections::HashMap;
use std::fmt;

/// What a [`Recorder`](crate::Recorder) has recorded. Times count from the beginning of the first run in it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
/// use std::{sync::Arc, thread::sleep, time::Duration};
///
/// let mut graph = GraphBuilder::new();
/// let fetch = graph.node("fetch", (), || sleep(Duration::from_millis(2)));
/// graph.node("show", (fetch,), |(): &()| ());
/// let recorder = Arc::new(Recorder::new());
/// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
/// let trace = recorder.trace();
/// let longest = trace.spans().max_by_key(|span| span.end() - span.begin()).expect("two nodes");
/// assert_eq!(longest.path(), "fetch");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Trace {
    pub(crate) threads: Vec<TracedThread>,
    /// By their numbers.
    pub(crate) runs: Vec<TracedRun>,
    pub(crate) skipped: Vec<Skipped>,
    pub(crate) lost: u64,
}

/// A thread of a trace, or several, one after the other, if one began after the other had ended.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Executor, GraphBuilder, Recorder, RunOptions};
/// use std::sync::Arc;
/// let mut graph = GraphBuilder::new();
/// graph.node("only", (), || ());
/// let recorder = Arc::new(Recorder::new());
/// let executor = Executor::builder().threads(1).build()?;
/// let (_, outcome) = graph.build()?.into_with(&RunOptions::new().observer(recorder.clone())).spawn(&executor).join();
/// outcome?;
/// assert!(recorder.trace().threads()[0].name().starts_with("dgraph"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct TracedThread {
    pub(crate) name: String,
    /// By when they began, outer ones before those within.
    pub(crate) marks: Vec<Mark>,
}

/// A node that didn't begin.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Skipped {
    pub(crate) run: u32,
    pub(crate) node: NodeId,
    pub(crate) reason: SkipReason,
}

impl Trace {
    /// Of what the lanes have, and what they have lost.
    pub(crate) fn new(registry: &Registry, lanes: Vec<(String, (Vec<Event>, u64))>, unrecorded: u64) -> Self {
        let origin = registry.runs().map(|(_, seen)| seen.begin).min().unwrap_or(0);
        let nanos = |ticks: u64| {
            let since = clock::duration(ticks.saturating_sub(origin));
            u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
        };
        let places: HashMap<u64, u32> = registry.runs().map(|(number, _)| number).zip(0..).collect();
        let run = |(number, seen): (u64, &Seen)| {
            let outer = seen.parent.as_ref().and_then(|parent| places.get(&parent.run).copied());
            TracedRun::new(number, seen, outer, nanos)
        };
        let runs = registry.runs().map(run).collect();
        let (mut threads, mut skipped, mut lost) = (Vec::new(), Vec::new(), unrecorded);
        for (name, (events, gone)) in lanes {
            lost += gone;
            let mut marks = Vec::new();
            for [word, number, begin, end] in events {
                let (kind, node) = kind::unpack(word, end);
                let Some(&run) = places.get(&number) else {
                    lost += 1;
                    continue;
                };
                let outcome = match kind {
                    Kind::Ended(outcome) => Some(outcome),
                    Kind::Waits => None,
                    Kind::Skipped(reason) => {
                        skipped.push(Skipped { run, node, reason });
                        continue;
                    }
                };
                let (begin, end) = (nanos(begin), nanos(end.max(begin)));
                marks.push(Mark { begin, end, run, node, outcome });
            }
            marks.sort_by_key(|mark| (mark.begin, std::cmp::Reverse(mark.end)));
            if !marks.is_empty() {
                threads.push(TracedThread { name, marks });
            }
        }
        Self { threads, runs, skipped, lost }
    }

    /// For tests: of one run on so many threads, of a graph with these edges. Each thread's nodes: which,
    /// from when to when.
    #[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
    pub(crate) fn of_one_run(
        threads: usize,
        edges: &[(u32, u32)],
        lanes: &[&[(u32, u64, u64)]],
        end: u64,
    ) -> Self {
        use super::outcome::{NodeOutcome, RunOutcome};
        use super::registry::Shape;
        let nodes = lanes.iter().flat_map(|lane| lane.iter()).map(|(node, ..)| node + 1).max().unwrap_or(0);
        let names = (0..nodes).map(|node| format!("node {node}").into()).collect();
        let shape = Shape { names, edges: edges.into() }.into();
        let end = Some((end, RunOutcome::Completed));
        let seen = Seen { shape, parent: None, to_run: nodes as usize, threads, begin: 0, end };
        let mark = |&(node, begin, end): &(u32, u64, u64)| Mark {
            begin,
            end,
            run: 0,
            node: NodeId::new(node),
            outcome: Some(NodeOutcome::Completed),
        };
        let lane = |lane: &&[_]| TracedThread { name: String::new(), marks: lane.iter().map(mark).collect() };
        let runs = vec![TracedRun::new(1, &seen, None, |nanos| nanos)];
        Self { threads: lanes.iter().map(lane).collect(), runs, skipped: Vec::new(), lost: 0 }
    }

    /// The threads that have run nodes.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("only", (), || ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// assert_eq!(recorder.trace().threads().len(), 1);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn threads(&self) -> &[TracedThread] {
        &self.threads
    }

    /// The runs, in the order in which they began, graphs that are nodes after those that they are nodes of.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Graph, GraphBuilder, Recorder, RunOptions, RunOutcome};
    /// use std::sync::Arc;
    /// let mut part = GraphBuilder::new();
    /// part.node("inner", (), || ());
    /// let mut graph = GraphBuilder::new();
    /// graph.graph("part", (), part.build()?, |_: &mut Graph<'_>| {}, |_| ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let trace = recorder.trace();
    /// assert!(trace.runs().iter().map(|run| run.path()).eq(["", "part"]));
    /// assert!(trace.runs().iter().all(|run| run.outcome() == Some(RunOutcome::Completed)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn runs(&self) -> &[TracedRun] {
        &self.runs
    }

    /// All calls of closures and polls of futures: by threads, and of each thread by when they began. Those
    /// of nodes of a graph that is a node lie within the one of that node, if the same thread has run them.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::{sync::Arc, time::Duration};
    /// let mut graph = GraphBuilder::new();
    /// (0..10).for_each(|_| _ = graph.node("part", (), || ()));
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let trace = recorder.trace();
    /// let total: Duration = trace.spans().map(|span| span.end() - span.begin()).sum();
    /// println!("{total:?} in ten closures");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn spans(&self) -> impl Iterator<Item = Span<'_>> {
        self.threads.iter().enumerate().flat_map(move |(thread, traced)| {
            traced.marks.iter().map(move |&mark| Span { run: &self.runs[mark.run as usize], thread, mark })
        })
    }

    /// The nodes that did not begin, and why.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions, SkipReason};
    /// use std::sync::Arc;
    /// let mut graph = GraphBuilder::new();
    /// let bad = graph.try_node("bad", (), || Err::<(), _>("no"));
    /// graph.node("behind", (bad,), |(): &()| ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run().map(drop).unwrap_err();
    /// let trace = recorder.trace();
    /// let (run, node, reason) = trace.skipped().next().expect("one");
    /// assert_eq!(run.name(node), "behind");
    /// assert_eq!(reason, SkipReason::DependencyFailed { culprit: bad.id() });
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn skipped(&self) -> impl Iterator<Item = (&TracedRun, NodeId, SkipReason)> {
        self.skipped.iter().map(|skipped| (&self.runs[skipped.run as usize], skipped.node, skipped.reason))
    }

    /// How many events there was no room for: the oldest, or those of too many threads.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    /// let mut graph = GraphBuilder::new();
    /// (0..1000).for_each(|_| _ = graph.node("", (), || ()));
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// assert_eq!(recorder.trace().lost(), 0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn lost(&self) -> u64 {
        self.lost
    }
}

impl fmt::Debug for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut trace = f.debug_struct("Trace");
        trace.field("threads", &self.threads.len()).field("runs", &self.runs.len());
        trace.field("spans", &self.spans().count()).field("lost", &self.lost).finish_non_exhaustive()
    }
}

impl TracedThread {
    /// The name of the thread that was last.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::{sync::Arc, thread};
    /// let recorder = Arc::new(Recorder::new());
    /// let options = RunOptions::new().observer(recorder.clone());
    /// let main = thread::Builder::new().name("loader".into()).spawn(move || {
    ///     let mut graph = GraphBuilder::new();
    ///     graph.node("load", (), || ());
    ///     graph.build().unwrap().with(&options).run().map(drop)
    /// })?;
    /// main.join().unwrap()?;
    /// assert_eq!(recorder.trace().threads()[0].name(), "loader");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}
