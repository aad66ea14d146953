//! Spans of the `tracing` crate, one for each run and node.

use super::node_info::NodeInfo;
use super::observer::Observer;
use super::outcome::{NodeOutcome, RunOutcome, SkipReason};
use super::run_info::RunInfo;
use crate::sync::{Mutex, lock};
use dgraph_core::NodeId;
use std::collections::HashMap;
use std::sync::Arc;
use tracing::{Level, Span, event, field, span};

/// An [`Observer`] that makes spans of the `tracing` crate: `run` for each run, `node` for each node in it.
///
/// Needs the feature `tracing`. What a closure logs is within its node's span, on whichever thread it runs;
/// what a future logs is, too, whenever it is polled. The span of a graph that is a node has that node's for
/// a parent, and a run's has the one that its caller was in. Both have the level `INFO`, and the target
/// `dgraph`:
///
/// | span | fields |
/// |---|---|
/// | `run` | `graph`: the path, if the graph is a node; `nodes`: how many are to run; `threads`; `outcome` |
/// | `node` | `name`, or `#` and the number; `worker`, if it begins on one; `outcome` |
///
/// A node that doesn't begin is an event of the level `DEBUG` in the run's span. What that costs is the
/// subscriber's doing; a span that nobody wants costs a look at that and two locks that are held for some
/// steps.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunOptions, TracingSpans};
/// use std::sync::Arc;
///
/// let mut graph = GraphBuilder::new();
/// graph.node("load", (), || tracing::info!("three files")); // INFO run{…}:node{name=load}: three files
/// let options = RunOptions::new().observer(Arc::new(TracingSpans::new()));
/// graph.build()?.with(&options).run()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct TracingSpans {
    runs: Mutex<HashMap<u64, Arc<RunSpans>>>,
}

#[derive(Debug)]
struct RunSpans {
    run: Span,
    nodes: Mutex<HashMap<NodeId, NodeSpan>>,
}

#[derive(Debug)]
struct NodeSpan {
    span: Span,
    /// Some thread is in it.
    entered: bool,
}

impl TracingSpans {
    /// One that has made no spans.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{RunOptions, TracingSpans};
    /// let options = RunOptions::new().observer(std::sync::Arc::new(TracingSpans::new()));
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn of(&self, run: u64) -> Option<Arc<RunSpans>> {
        lock(&self.runs).get(&run).cloned()
    }

    /// Calls `change` with the node's span, if anybody wants it.
    fn with(&self, node: &NodeInfo<'_>, change: impl FnOnce(&mut NodeSpan)) {
        if let Some(run) = self.of(node.run().number()) {
            if let Some(span) = lock(&run.nodes).get_mut(&node.id()) {
                change(span);
            }
        }
    }
}

impl NodeSpan {
    /// The calling thread is in it.
    fn enter(&mut self) {
        if !std::mem::replace(&mut self.entered, true) {
            self.span.with_subscriber(|(id, subscriber)| subscriber.enter(id));
        }
    }

    /// The calling thread, which was in it, isn't any more.
    fn exit(&mut self) {
        if std::mem::replace(&mut self.entered, false) {
            self.span.with_subscriber(|(id, subscriber)| subscriber.exit(id));
        }
    }
}

impl Observer for TracingSpans {
    fn run_begins(&self, run: &RunInfo<'_>) {
        let around = run.parent().and_then(|(outer, node)| {
            let outer = self.of(outer)?;
            let span = lock(&outer.nodes).get(&node)?.span.clone();
            Some(span)
        });
        let parent = around.unwrap_or_else(Span::current);
        let span = span!(
            target: "dgraph",
            parent: &parent,
            Level::INFO,
            "run",
            graph = Some(run.path()).filter(|path| !path.is_empty()),
            nodes = run.to_run(),
            threads = run.threads(),
            outcome = field::Empty,
        );
        let spans = Arc::new(RunSpans { run: span, nodes: Mutex::default() });
        lock(&self.runs).insert(run.number(), spans);
    }

    fn run_ends(&self, run: &RunInfo<'_>, outcome: RunOutcome) {
        let ended = lock(&self.runs).remove(&run.number());
        if let Some(ended) = ended {
            ended.run.record("outcome", field::debug(outcome));
        }
    }

    fn node_begins(&self, node: &NodeInfo<'_>) {
        let Some(run) = self.of(node.run().number()) else { return };
        let name = match node.name() {
            "" => format!("#{}", node.id()),
            name => name.to_owned(),
        };
        let span = span!(
            target: "dgraph",
            parent: &run.run,
            Level::INFO,
            "node",
            name,
            worker = node.worker(),
            outcome = field::Empty,
        );
        if !span.is_disabled() {
            let mut span = NodeSpan { span, entered: false };
            span.enter();
            lock(&run.nodes).insert(node.id(), span);
        }
    }

    fn node_waits(&self, node: &NodeInfo<'_>) {
        self.with(node, NodeSpan::exit);
    }

    fn node_resumes(&self, node: &NodeInfo<'_>) {
        self.with(node, NodeSpan::enter);
    }

    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        let Some(run) = self.of(node.run().number()) else { return };
        let ended = lock(&run.nodes).remove(&node.id());
        if let Some(mut ended) = ended {
            ended.exit();
            ended.span.record("outcome", field::debug(outcome));
        }
    }

    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        if let Some(run) = self.of(node.run().number()) {
            let name = node.name();
            event!(target: "dgraph", parent: &run.run, Level::DEBUG, name, ?reason, "skipped");
        }
    }
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::*;
    use crate::sync::{AtomicU64, Ordering::Relaxed};
    use crate::{Executor, Graph, GraphBuilder, RunOptions};
    use std::fmt;
    use std::sync::{Barrier, OnceLock};
    use std::task::Poll;
    use tracing::span::{Attributes, Id, Record};
    use tracing::subscriber::set_global_default;
    use tracing::{Event, Metadata, Subscriber};

    /// Takes down spans, and in which of them events are; threads are told apart by what they have entered.
    #[derive(Clone, Default)]
    struct Collected(Arc<Inner>);

    #[derive(Default)]
    struct Inner {
        spans: Mutex<HashMap<u64, Told>>,
        events: Mutex<Vec<(String, Option<u64>)>>,
        number: AtomicU64,
    }

    #[derive(Clone, Default)]
    struct Told {
        fields: String,
        parent: Option<u64>,
        /// How often it was entered, and left.
        entered: (usize, usize),
        closed: bool,
    }

    thread_local! {
        static HERE: std::cell::RefCell<Vec<u64>> = const { std::cell::RefCell::new(Vec::new()) };
    }

    struct Write<'a>(&'a mut String);

    impl field::Visit for Write<'_> {
        fn record_debug(&mut self, field: &field::Field, value: &dyn fmt::Debug) {
            self.0.push_str(&format!("{field}={value:?} "));
        }
    }

    impl Subscriber for Collected {
        fn enabled(&self, _: &Metadata<'_>) -> bool {
            true
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            let number = 1 + self.0.number.fetch_add(1, Relaxed);
            let mut told = Told { fields: format!("{} ", span.metadata().name()), ..Told::default() };
            span.record(&mut Write(&mut told.fields));
            told.parent = match span.parent() {
                Some(parent) => Some(parent.into_u64()),
                None if span.is_contextual() => HERE.with_borrow(|here| here.last().copied()),
                None => None,
            };
            lock(&self.0.spans).insert(number, told);
            Id::from_u64(number)
        }

        fn record(&self, span: &Id, values: &Record<'_>) {
            let mut spans = lock(&self.0.spans);
            values.record(&mut Write(&mut spans.get_mut(&span.into_u64()).expect("made").fields));
        }

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            let mut text = String::new();
            event.record(&mut Write(&mut text));
            let here =
                event.parent().map(Id::into_u64).or_else(|| HERE.with_borrow(|here| here.last().copied()));
            lock(&self.0.events).push((text, here));
        }

        fn enter(&self, span: &Id) {
            HERE.with_borrow_mut(|here| here.push(span.into_u64()));
            lock(&self.0.spans).get_mut(&span.into_u64()).expect("made").entered.0 += 1;
        }

        fn exit(&self, span: &Id) {
            assert_eq!(
                HERE.with_borrow_mut(Vec::pop),
                Some(span.into_u64()),
                "left by the thread that is in it"
            );
            lock(&self.0.spans).get_mut(&span.into_u64()).expect("made").entered.1 += 1;
        }

        fn try_close(&self, span: Id) -> bool {
            lock(&self.0.spans).get_mut(&span.into_u64()).expect("made").closed = true;
            true
        }
    }

    /// What all threads of this process tell.
    fn collected() -> &'static Inner {
        static COLLECTED: OnceLock<Collected> = OnceLock::new();
        let collected = COLLECTED.get_or_init(|| {
            let collected = Collected::default();
            set_global_default(collected.clone()).expect("nobody else sets one");
            collected
        });
        &collected.0
    }

    /// The one span whose fields contain this, and its number.
    fn span(name: &str) -> (u64, Told) {
        let spans = lock(&collected().spans);
        let found: Vec<_> = spans.iter().filter(|(_, told)| told.fields.contains(name)).collect();
        assert_eq!(found.len(), 1, "{name}");
        (*found[0].0, found[0].1.clone())
    }

    fn event_in(text: &str) -> Option<u64> {
        lock(&collected().events).iter().find(|(event, _)| event.contains(text)).and_then(|(_, here)| *here)
    }

    fn options() -> RunOptions {
        RunOptions::new().observer(Arc::new(TracingSpans::new()))
    }

    #[test]
    fn what_nodes_log_is_in_their_spans_on_any_thread() {
        let _ = collected();
        let executor = Executor::builder().threads(2).build().expect("threads");
        let mut part = GraphBuilder::new();
        part.node("one inside", (), || tracing::info!("logged inside"));
        let mut graph = GraphBuilder::new();
        let meeting = Arc::new(Barrier::new(2));
        for name in ["left", "right"] {
            let meeting = meeting.clone();
            graph.node(name, (), move || {
                meeting.wait(); // so that two threads run them
                tracing::info!("logged by {name}");
            });
        }
        graph.graph("a part", (), part.build().expect("a graph"), |_: &mut Graph<'_>| {}, |_| ());
        let mut graph = graph.build().expect("a graph");
        graph.with(&options()).run_parallel(&executor).expect("no node fails");

        let (outer, told) = span("run nodes=3 threads=2");
        assert!(told.parent.is_none() && told.closed && told.fields.ends_with("outcome=Completed "));
        for name in ["left", "right"] {
            let (number, told) = span(&format!("name=\"{name}\""));
            assert_eq!(told.parent, Some(outer));
            assert_eq!((told.entered, told.closed), ((1, 1), true));
            assert!(told.fields.ends_with("outcome=Completed "), "{}", told.fields);
            assert_eq!(event_in(&format!("logged by {name}")), Some(number));
        }
        let (inner_run, told) = span("graph=\"a part\"");
        assert_eq!(told.parent, Some(span("name=\"a part\"").0));
        let (inside, told) = span("name=\"one inside\"");
        assert_eq!((told.parent, event_in("logged inside")), (Some(inner_run), Some(inside)));
    }

    #[test]
    fn futures_are_in_their_spans_when_they_are_polled() {
        let _ = collected();
        let mut graph = GraphBuilder::new();
        graph.async_node("yields", (), || async {
            let mut yielded = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
            tracing::info!("after it");
        });
        graph.build().expect("a graph").with(&options()).run().expect("no node fails");
        let (number, told) = span("name=\"yields\"");
        assert_eq!((told.entered, event_in("after it")), ((2, 2), Some(number)));
    }

    #[test]
    fn failures_and_those_behind_them() {
        let _ = collected();
        let mut graph = GraphBuilder::new();
        let fails = graph.try_node("fails", (), || Err::<(), _>("no"));
        graph.node("behind it", (fails,), |(): &()| ());
        graph.build().expect("a graph").with(&options()).run().map(drop).expect_err("a node fails");
        let (run, told) = span("run nodes=2");
        assert!(told.fields.ends_with("outcome=Failed "), "{}", told.fields);
        assert!(span("name=\"fails\"").1.fields.ends_with("outcome=Failed "));
        assert_eq!(event_in("behind it"), Some(run));
    }
}
