//! Traces as data, by serde.

use super::kind::{self, Kind};
use super::outcome::RunOutcome;
use super::registry::Shape;
use super::span::Mark;
use super::trace::{Skipped, Trace, TracedThread};
use super::traced_run::TracedRun;
use dgraph_core::{Dag, NodeId};
use serde::de::{Deserialize, Deserializer, Error};
use serde::ser::{Serialize, Serializer};
use std::sync::Arc;

/// The version, threads, shapes, runs, nodes that didn't begin, and how many events were lost.
type Plain = (u32, Vec<PlainThread>, Vec<PlainShape>, Vec<PlainRun>, Vec<PlainSkip>, u64);
/// Its name; and each span: when it begins and ends, in which run, and which node's it is and how that ended.
type PlainThread = (String, Vec<(u64, u64, u32, u64)>);
/// Names and edges.
type PlainShape = (Vec<String>, Vec<(u32, u32)>);
/// Its number; the run and the node that it is within; its path, shape, nodes to run, threads, begin, end and
/// outcome.
type PlainRun = (u64, Option<(u32, u32)>, String, u32, usize, usize, u64, Option<(u64, u8)>);
/// In which run, which node and why, and the node that is to blame.
type PlainSkip = (u32, u64, u32);

const VERSION: u32 = 1;

const OUTCOMES: [RunOutcome; 6] = [
    RunOutcome::Completed,
    RunOutcome::Failed,
    RunOutcome::Panicked,
    RunOutcome::Cancelled,
    RunOutcome::DeadlineExceeded,
    RunOutcome::Dropped,
];

/// Needs the feature `serde`. The form is this crate's own; later versions of it read what earlier ones have
/// written.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Recorder, RunOptions, Trace};
/// use std::sync::Arc;
///
/// let mut graph = GraphBuilder::new();
/// graph.node("only", (), || ());
/// let recorder = Arc::new(Recorder::new());
/// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
/// let text = serde_json::to_string(&recorder.trace())?;
/// let read: Trace = serde_json::from_str(&text)?;
/// assert_eq!(read.spans().next().unwrap().path(), "only");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
impl Serialize for Trace {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut shapes: Vec<&Arc<Shape>> = Vec::new();
        let mut runs: Vec<PlainRun> = Vec::new();
        for run in &self.runs {
            let known = shapes.iter().position(|known| Arc::ptr_eq(known, &run.shape));
            let place = known.unwrap_or_else(|| {
                shapes.push(&run.shape);
                shapes.len() - 1
            });
            let code = |outcome| OUTCOMES.iter().position(|known| *known == outcome);
            let outcome = run.outcome().and_then(code).and_then(|code| u8::try_from(code).ok());
            let (shape, parent) =
                (u32::try_from(place).unwrap_or(u32::MAX), run.parent.map(|(run, node)| (run, node.get())));
            let (to_run, path) = (run.to_run(), run.path().to_owned());
            runs.push((
                run.number(),
                parent,
                path,
                shape,
                to_run,
                run.threads,
                run.begin,
                run.end.zip(outcome),
            ));
        }
        let shape = |shape: &&Arc<Shape>| -> PlainShape {
            (shape.names.iter().map(|name| name.to_string()).collect(), shape.edges.clone())
        };
        let span = |mark: &Mark| {
            let kind = mark.outcome.map_or(Kind::Waits, Kind::Ended);
            (mark.begin, mark.end, mark.run, kind::pack(kind, mark.node))
        };
        let thread =
            |thread: &TracedThread| (thread.name.clone(), thread.marks.iter().map(span).collect::<Vec<_>>());
        let skip = |skipped: &Skipped| {
            let (word, about) = kind::pack_skipped(skipped.reason, skipped.node);
            (skipped.run, word, about)
        };
        let plain: Plain = (
            VERSION,
            self.threads.iter().map(thread).collect(),
            shapes.iter().map(shape).collect(),
            runs,
            self.skipped.iter().map(skip).collect(),
            self.lost,
        );
        plain.serialize(serializer)
    }
}

/// Needs the feature `serde`. What is read is checked: each node is one of its graph, which has no cycle.
///
/// # Examples
///
/// ```
/// let error = serde_json::from_str::<dgraph_exec::Trace>("[9,[],[],[],[],0]").unwrap_err();
/// assert!(error.to_string().starts_with("a trace of version 9"));
/// ```
impl<'de> Deserialize<'de> for Trace {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        checked(Plain::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

/// The trace, or what is wrong with it.
fn checked((version, threads, shapes, runs, skipped, lost): Plain) -> Result<Trace, String> {
    if version != VERSION {
        return Err(format!("a trace of version {version}, which isn't known"));
    }
    let shapes: Vec<_> =
        (0..).zip(shapes).map(|(at, shape)| checked_shape(at, shape)).collect::<Result<_, _>>()?;
    let mut read: Vec<TracedRun> = Vec::new();
    for (number, parent, path, shape, to_run, on, begin, end) in runs {
        let at = read.len();
        let shape = shapes
            .get(shape as usize)
            .ok_or_else(|| format!("run {at} is of graph {shape}, which isn't there"))?;
        let inside = |(outer, node): (u32, u32)| {
            let there = read.get(outer as usize).is_some_and(|outer| (node as usize) < outer.node_count());
            there
                .then_some((outer, NodeId::new(node)))
                .ok_or_else(|| format!("run {at} is within a node that isn't there"))
        };
        let parent = parent.map(inside).transpose()?;
        let ended = |(end, code): (u64, u8)| {
            let outcome = OUTCOMES
                .get(usize::from(code))
                .copied()
                .ok_or_else(|| format!("run {at} has no such outcome"));
            Ok::<_, String>((end.max(begin), outcome?))
        };
        let end = end.map(ended).transpose()?;
        read.push(TracedRun::read(number, parent, path.into(), shape.clone(), (to_run, on), begin, end));
    }
    let is_there = |run: u32, node: NodeId| {
        let there = read.get(run as usize).is_some_and(|run| node.index() < run.node_count());
        there.then_some(()).ok_or_else(|| format!("node {node} of run {run} isn't there"))
    };
    let mut lanes = Vec::new();
    for (name, spans) in threads {
        let mut marks = Vec::new();
        for (begin, end, run, word) in spans {
            let (kind, node) = kind::unpack(word, 0);
            is_there(run, node)?;
            let outcome = match kind {
                Kind::Ended(outcome) => Some(outcome),
                Kind::Waits => None,
                Kind::Skipped(_) => {
                    return Err(format!("node {node} of run {run} has a span, and was skipped"));
                }
            };
            marks.push(Mark { begin, end: end.max(begin), run, node, outcome });
        }
        marks.sort_by_key(|mark| (mark.begin, std::cmp::Reverse(mark.end)));
        lanes.push(TracedThread { name, marks });
    }
    let mut not_begun = Vec::new();
    for (run, word, about) in skipped {
        let (kind, node) = kind::unpack(word, about.into());
        is_there(run, node)?;
        let Kind::Skipped(reason) = kind else {
            return Err(format!("node {node} of run {run} was skipped, and ended"));
        };
        if let Some(culprit) = kind::culprit(reason) {
            is_there(run, culprit)?;
        }
        not_begun.push(Skipped { run, node, reason });
    }
    Ok(Trace { threads: lanes, runs: read, skipped: not_begun, lost })
}

fn checked_shape(at: u32, (names, mut edges): PlainShape) -> Result<Arc<Shape>, String> {
    edges.sort_unstable();
    edges.dedup();
    Dag::from_edges(names.len(), &edges).map_err(|error| format!("graph {at}: {error}"))?;
    Ok(Arc::new(Shape { names: names.into_iter().map(Into::into).collect(), edges }))
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use crate::{FailurePolicy, Graph, GraphBuilder, Recorder, RunOptions};

    fn recorded() -> Trace {
        let mut part = GraphBuilder::new();
        part.node("inside", (), || ());
        let mut graph = GraphBuilder::new();
        graph.graph("part", (), part.build().expect("a graph"), |_: &mut Graph<'_>| {}, |_| ());
        let fails = graph.try_node("fails", (), || Err::<(), _>("no"));
        graph.node("never", (fails,), |(): &()| ());
        let recorder = Arc::new(Recorder::new());
        let options = RunOptions::new().observer(recorder.clone()).policy(FailurePolicy::KeepGoing);
        let mut graph = graph.build().expect("a graph");
        for _ in 0..2 {
            graph.with(&options).run().map(drop).expect_err("a node fails");
        }
        recorder.trace()
    }

    #[test]
    fn there_and_back() {
        let trace = recorded();
        let text = serde_json::to_string(&trace).expect("no error");
        let read: Trace = serde_json::from_str(&text).expect("a trace");
        assert_eq!(read.to_chrome().to_string(), trace.to_chrome().to_string());
        assert_eq!(read.to_html().to_string(), trace.to_html().to_string());
        let skipped = |trace: &Trace| -> Vec<_> {
            trace.skipped().map(|(run, node, reason)| (run.number(), node, reason)).collect()
        };
        assert_eq!(skipped(&read), skipped(&trace));
        assert_eq!(skipped(&read).len(), 2);
        assert_eq!(serde_json::to_string(&read).expect("no error"), text);
    }

    /// Whatever is changed, what is read can be looked at, or is refused by a message.
    #[test]
    fn what_is_wrong_is_refused() {
        let text = serde_json::to_string(&recorded()).expect("no error");
        let mut refused = 0;
        for (at, digit) in text.char_indices().filter(|(_, char)| char.is_ascii_digit()) {
            for other in ['0', '9'].into_iter().filter(|other| *other != digit) {
                let changed = format!("{}{other}{}", &text[..at], &text[at + 1..]);
                match serde_json::from_str::<Trace>(&changed) {
                    Ok(trace) => {
                        assert!(!trace.to_html().to_string().is_empty() && trace.spans().count() > 0);
                    }
                    Err(error) => {
                        refused += 1;
                        assert!(!error.to_string().is_empty());
                    }
                }
            }
        }
        assert!(refused > 20, "{refused}");
        let cycle = r#"[1,[],[[["a","b"],[[0,1],[1,0]]]],[],[],0]"#;
        let error = serde_json::from_str::<Trace>(cycle).expect_err("a cycle").to_string();
        assert!(error.starts_with("graph 0: ") && error.contains("cycle"), "{error}");
    }
}
