//! A trace as the JSON of Chrome's trace viewer, which Perfetto and speedscope read, too.

use super::json::Text;
use crate::observe::{NodeOutcome, Span, Trace};
use dgraph_core::NodeId;
use std::collections::HashMap;
use std::fmt::{self, Display, Formatter};

impl Trace {
    /// The trace as JSON in Chrome's trace event format: for [Perfetto](https://ui.perfetto.dev),
    /// `chrome://tracing` and [speedscope](https://www.speedscope.app).
    ///
    /// Each call of a closure and each poll of a future is a slice (`X`) on its thread; each run, and each
    /// time that a future waits, an asynchronous slice (`b`, `e`); each edge a flow (`s`, `f`) from the end
    /// of one node to the beginning of the next; and each node that was skipped an instant (`i`). Times are
    /// in microseconds.
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
    /// let file = std::env::temp_dir().join("trace.json");
    /// std::fs::write(&file, recorder.trace().to_chrome().to_string())?;
    /// # std::fs::remove_file(&file)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn to_chrome(&self) -> impl Display {
        Chrome(self)
    }
}

struct Chrome<'t>(&'t Trace);

/// Nanoseconds in microseconds.
struct Micros(u64);

impl Display for Micros {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:03}", self.0 / 1000, self.0 % 1000)
    }
}

/// An event's fields that all have.
struct Common<'a, N> {
    phase: char,
    name: N,
    category: &'a str,
    at: u64,
    thread: usize,
}

impl<N: Display> Display for Common<'_, N> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self { phase, name, category, at, thread } = self;
        let (name, at) = (Text(name), Micros(*at));
        write!(f, r#","ph":"{phase}","name":{name},"cat":"{category}","ts":{at},"pid":1,"tid":{thread}"#)
    }
}

/// A node's first and last span.
type Ends<'t> = HashMap<(u32, NodeId), (Span<'t>, Span<'t>)>;

impl Chrome<'_> {
    fn ends(&self) -> Ends<'_> {
        let mut ends = Ends::new();
        for span in self.0.spans() {
            let (first, last) = ends.entry((span.mark.run, span.node())).or_insert((span, span));
            if span.mark.begin < first.mark.begin {
                *first = span;
            }
            if span.mark.end > last.mark.end {
                *last = span;
            }
        }
        ends
    }

    fn spans(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for span in self.0.spans() {
            let (at, thread) = (span.mark.begin, span.thread());
            let common =
                Common { phase: 'X', name: span.run().label_of(span.node()), category: "node", at, thread };
            let took = Micros(span.mark.end - span.mark.begin);
            let (path, node, run) = (Text(span.path()), span.node(), span.run().number());
            let outcome = outcome(span.outcome());
            writeln!(
                f,
                r#",{{"dur":{took}{common},"args":{{"path":{path},"node":{node},"run":{run},"outcome":"{outcome}"}}}}"#
            )?;
        }
        Ok(())
    }

    /// Between the polls of a future.
    fn waits(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let polled =
            self.0.spans().filter(|span| span.outcome().is_none()).map(|span| (span.mark.run, span.node()));
        let polled: std::collections::HashSet<_> = polled.collect();
        let mut polls: Vec<_> =
            self.0.spans().filter(|span| polled.contains(&(span.mark.run, span.node()))).collect();
        polls.sort_by_key(|span| (span.mark.run, span.node(), span.mark.begin));
        for pair in polls.windows(2) {
            let [before, after] = pair else { continue };
            if (before.mark.run, before.node()) == (after.mark.run, after.node()) {
                let id = format_args!("{}.{}", before.mark.run, before.node()).to_string();
                for (phase, at) in [('b', before.mark.end), ('e', after.mark.begin)] {
                    let name = format!("{} waits", before.run().label_of(before.node()));
                    let common = Common { phase, name, category: "wait", at, thread: before.thread() };
                    writeln!(f, r#",{{"id":"wait {id}"{common}}}"#)?;
                }
            }
        }
        Ok(())
    }

    fn runs(&self, f: &mut Formatter<'_>, last: u64) -> fmt::Result {
        for run in self.0.runs() {
            let name = if run.path().is_empty() { "run" } else { run.path() };
            for (phase, at) in [('b', run.begin), ('e', run.end.unwrap_or(last).max(run.begin))] {
                let common = Common { phase, name, category: "run", at, thread: 0 };
                writeln!(f, r#",{{"id":"run {}"{common}}}"#, run.number())?;
            }
        }
        Ok(())
    }

    fn flows(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let ends = self.ends();
        let mut flow = 0_u64;
        for (at, run) in (0..).zip(self.0.runs()) {
            for (from, to) in run.edges() {
                let (Some((_, from)), Some((to, _))) = (ends.get(&(at, from)), ends.get(&(at, to))) else {
                    continue;
                };
                flow += 1;
                // A flow begins within a slice, not at its end, which is no part of it.
                let leaves = from.mark.end.saturating_sub(1).max(from.mark.begin);
                let common =
                    Common { phase: 's', name: "edge", category: "edge", at: leaves, thread: from.thread() };
                writeln!(f, r#",{{"id":{flow}{common}}}"#)?;
                let (at, thread) = (to.mark.begin, to.thread());
                let common = Common { phase: 'f', name: "edge", category: "edge", at, thread };
                writeln!(f, r#",{{"bp":"e","id":{flow}{common}}}"#)?;
            }
        }
        Ok(())
    }

    fn skipped(&self, f: &mut Formatter<'_>) -> fmt::Result {
        for (run, node, reason) in self.0.skipped() {
            let name = format!("{} skipped", run.label_of(node));
            let at = run.end.unwrap_or(run.begin);
            let common = Common { phase: 'i', name, category: "skipped", at, thread: 0 };
            let reason = Text(format!("{reason:?}"));
            writeln!(f, r#",{{"s":"p"{common},"args":{{"reason":{reason}}}}}"#)?;
        }
        Ok(())
    }
}

fn outcome(outcome: Option<NodeOutcome>) -> &'static str {
    match outcome {
        None => "waits",
        Some(NodeOutcome::Completed) => "completed",
        Some(NodeOutcome::Failed) => "failed",
        Some(NodeOutcome::Panicked) => "panicked",
        Some(NodeOutcome::Interrupted) => "interrupted",
        Some(NodeOutcome::EndedBranch) => "ended its branch",
    }
}

impl Display for Chrome<'_> {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let Self(trace) = self;
        let last = trace.spans().map(|span| span.mark.end).max().unwrap_or(0);
        writeln!(f, r#"{{"displayTimeUnit":"ns","otherData":{{"lost":"{}"}},"traceEvents":["#, trace.lost())?;
        writeln!(f, r#"{{"ph":"M","name":"process_name","pid":1,"tid":0,"args":{{"name":"dgraph"}}}}"#)?;
        for (thread, traced) in trace.threads().iter().enumerate() {
            let name = Text(traced.name());
            writeln!(
                f,
                r#",{{"ph":"M","name":"thread_name","pid":1,"tid":{thread},"args":{{"name":{name}}}}}"#
            )?;
        }
        self.spans(f)?;
        self.waits(f)?;
        self.runs(f, last)?;
        self.flows(f)?;
        self.skipped(f)?;
        writeln!(f, "]}}")
    }
}
