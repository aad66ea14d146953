//! A trace as a page: one file, which fetches nothing.

use super::json::{Text, list};
use super::summary::{NodeSummary, Summary};
use super::waiting::Waiting;
use crate::observe::{NodeOutcome, RunOutcome, Trace, TracedRun};
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};
use std::sync::Arc;

const PAGE: &str = include_str!("page/report.html");
const STYLE: &str = include_str!("page/report.css");
const SCRIPTS: [&str; 2] = [include_str!("page/report.js"), include_str!("page/panels.js")];

/// How many nodes the table lists.
const LISTED: usize = 200;

impl Trace {
    /// The trace as a page to look at: a timeline of the threads with the critical path marked, to zoom and
    /// search in; where the threads' time went, and what nodes waited for; the nodes that matter, by name.
    /// One file with all that it needs, in light or dark colours as the reader's system is; a hundred
    /// thousand nodes are no more than it can take.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, Recorder, RunOptions};
    /// use std::sync::Arc;
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.node("only", (), || ());
    /// let recorder = Arc::new(Recorder::new());
    /// graph.build()?.with(&RunOptions::new().observer(recorder.clone())).run()?;
    /// let file = std::env::temp_dir().join("report.html");
    /// std::fs::write(&file, recorder.trace().to_html().to_string())?;
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_html(&self) -> impl Display {
        Html { trace: self, summary: Summary::of(self), waiting: Waiting::of(self) }
    }
}

struct Html<'t> {
    trace: &'t Trace,
    summary: Summary,
    waiting: Waiting,
}

impl Display for Html<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let (before, rest) = PAGE.split_once("/*STYLE*/").expect("in the page");
        let (between, rest) = rest.split_once("/*DATA*/").expect("in the page");
        let (behind, after) = rest.split_once("/*SCRIPT*/").expect("in the page");
        write!(f, "{before}{STYLE}{between}")?;
        self.data(f)?;
        f.write_str(behind)?;
        SCRIPTS.iter().try_for_each(|script| f.write_str(script))?;
        f.write_str(after)
    }
}

impl Html<'_> {
    /// What the script reads.
    fn data(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { trace, summary, .. } = self;
        write!(f, r#"{{"lost":{},"work":{},"threads":"#, trace.lost(), summary.work)?;
        list(f, trace.threads(), |f, thread| Text(thread.name()).fmt(f))?;
        self.waiting(f)?;
        self.graphs_and_runs(f)?;
        f.write_str(r#","spans":"#)?;
        list(f, trace.threads(), |f, thread| {
            list(f, &thread.marks, |f, mark| {
                let (run, node, begin, took) = (mark.run, mark.node, mark.begin, mark.end - mark.begin);
                write!(f, "{run},{node},{begin},{took},{}", code(mark.outcome))
            })
        })?;
        f.write_str(r#","nodes":"#)?;
        list(f, summary.nodes.iter().take(LISTED), |f, node| {
            let NodeSummary { path, longest_in: (run, number), longest, total, runs, critical } = node;
            let path = Text(path);
            write!(f, r#"{{"path":{path},"run":{run},"node":{number},"longest":{longest},"#)?;
            write!(f, r#""total":{total},"runs":{runs},"critical":{critical}}}"#)
        })?;
        write!(f, r#","more_nodes":{}}}"#, summary.nodes.len().saturating_sub(LISTED))
    }

    fn waiting(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Waiting { wall, threads, busy, idle_dependency, idle_wake_up, .. } = self.waiting;
        let Waiting { ready_no_thread, ready_wake_up, futures, .. } = self.waiting;
        write!(f, r#","waiting":{{"wall":{wall},"threads":{threads},"busy":{busy},"#)?;
        write!(f, r#""idle_dependency":{idle_dependency},"idle_wake_up":{idle_wake_up},"#)?;
        write!(
            f,
            r#""ready_no_thread":{ready_no_thread},"ready_wake_up":{ready_wake_up},"futures":{futures}}}"#
        )
    }

    /// Each graph once, and the runs that say which is theirs.
    fn graphs_and_runs(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let runs = self.trace.runs();
        let mut places = HashMap::new();
        let mut shapes = Vec::new();
        for run in runs {
            places.entry(Arc::as_ptr(&run.shape)).or_insert_with(|| {
                shapes.push(&run.shape);
                shapes.len() - 1
            });
        }
        f.write_str(r#","graphs":"#)?;
        list(f, shapes, |f, shape| {
            f.write_str(r#"{"names":"#)?;
            list(f, &shape.names, |f, name| Text(name).fmt(f))?;
            f.write_str(r#","edges":"#)?;
            list(f, &shape.edges, |f, (from, to)| write!(f, "{from},{to}"))?;
            f.write_str("}")
        })?;
        f.write_str(r#","runs":"#)?;
        list(f, runs.iter().zip(&self.summary.paths), |f, (run, (critical, length))| {
            let graph = places[&Arc::as_ptr(&run.shape)];
            write!(f, r#"{{"graph":{graph},"path":{},"begin":{},"end":"#, Text(run.path()), run.begin)?;
            match run.end {
                Some(end) => end.fmt(f)?,
                None => f.write_str("null")?,
            }
            write!(f, r#","parent":{},"nodes":{},"#, run.parent.is_some(), run.to_run())?;
            write!(
                f,
                r#""threads":{},"outcome":"{}","length":{length},"critical":"#,
                run.threads,
                ending(run)
            )?;
            list(f, critical, |f, node| node.fmt(f))?;
            f.write_str("}")
        })
    }
}

/// As the script has them in a table.
fn code(outcome: Option<NodeOutcome>) -> u8 {
    match outcome {
        Some(NodeOutcome::Completed) => 0,
        Some(NodeOutcome::Failed) => 1,
        Some(NodeOutcome::Panicked) => 2,
        Some(NodeOutcome::Interrupted) => 3,
        None => 4,
        Some(NodeOutcome::EndedBranch) => 5,
    }
}

fn ending(run: &TracedRun) -> &'static str {
    match run.outcome() {
        None => "under way",
        Some(RunOutcome::Completed) => "completed",
        Some(RunOutcome::Failed) => "failed",
        Some(RunOutcome::Panicked) => "panicked",
        Some(RunOutcome::Cancelled) => "cancelled",
        Some(RunOutcome::DeadlineExceeded) => "deadline exceeded",
        Some(RunOutcome::Dropped) => "dropped",
    }
}
