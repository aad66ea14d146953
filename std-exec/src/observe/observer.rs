//! Who is told what happens in a run.

use super::node_info::NodeInfo;
use super::outcome::{NodeOutcome, RunOutcome, SkipReason};
use super::run_info::RunInfo;

/// Is told what happens in runs that have it among their [options](crate::RunOptions::observer): of graphs
/// with any kind of nodes, in every way to run, and of the graphs that are nodes of them.
///
/// ```text
/// run_begins ─▶ node_begins ─┬──────────────────────────────────────▶ node_ends ─▶ run_ends
///                            └─▶ node_waits ─▶ node_resumes ─▶ … ─────┘
///               node_skipped, for a node that doesn't begin
/// ```
///
/// Each method is called on the thread where it happens: those for a node on the thread that runs it, right
/// before and after its closure is called or its future is polled. So it delays that thread. It may not
/// block: no waiting for other nodes, no run of a graph, and a lock only for a few steps. Methods for
/// different nodes are called at once, on several threads. What a method panics with is dropped, after the
/// panic hook has seen it, and the run goes on.
///
/// A node that begins also ends, before its run does; of a run that is dropped half way, too. (Of a run whose
/// future is leaked, nothing more is told.) [Inputs](crate::GraphBuilder::input) neither begin nor end.
///
/// A run without an observer costs what it would cost if there were none.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, NodeInfo, NodeOutcome, Observer, RunOptions};
/// use std::sync::{Arc, Mutex};
///
/// #[derive(Default)]
/// struct Log(Mutex<Vec<String>>);
///
/// impl Observer for Log {
///     fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
///         self.0.lock().unwrap().push(format!("{node}: {outcome:?}"));
///     }
/// }
///
/// let mut graph = GraphBuilder::new();
/// let text = graph.node("text", (), || "x");
/// graph.try_node("number", (text,), |text: &&str| text.parse::<i32>());
/// let log = Arc::new(Log::default());
/// let options = RunOptions::new().observer(log.clone());
/// graph.build()?.with(&options).run().map(drop).unwrap_err();
/// assert_eq!(*log.0.lock().unwrap(), ["text: Completed", "number: Failed"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Observer: Send + Sync {
    /// A run begins, on the thread that begins it. Its options and inputs have been found to be right.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo};
    ///
    /// struct Announce;
    ///
    /// impl Observer for Announce {
    ///     fn run_begins(&self, run: &RunInfo<'_>) {
    ///         println!("{} nodes on {} threads", run.to_run(), run.threads());
    ///     }
    /// }
    /// ```
    fn run_begins(&self, run: &RunInfo<'_>) {
        let _ = run;
    }

    /// The run is over, and nothing more is told about it.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Observer, RunInfo, RunOutcome};
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    ///
    /// /// Counts runs that nobody has waited for.
    /// struct Dropped(AtomicUsize);
    ///
    /// impl Observer for Dropped {
    ///     fn run_ends(&self, _: &RunInfo<'_>, outcome: RunOutcome) {
    ///         if outcome == RunOutcome::Dropped {
    ///             self.0.fetch_add(1, Relaxed);
    ///         }
    ///     }
    /// }
    /// ```
    fn run_ends(&self, run: &RunInfo<'_>, outcome: RunOutcome) {
        let _ = (run, outcome);
    }

    /// A node begins: its closure is about to be called, or its future is about to be made and polled.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, NodeInfo, Observer, RunOptions};
    /// use std::sync::{Arc, Mutex};
    ///
    /// /// The order in which nodes begin.
    /// #[derive(Default)]
    /// struct Order(Mutex<Vec<usize>>);
    ///
    /// impl Observer for Order {
    ///     fn node_begins(&self, node: &NodeInfo<'_>) {
    ///         self.0.lock().unwrap().push(node.id().index());
    ///     }
    /// }
    ///
    /// let mut graph = GraphBuilder::new();
    /// let second = graph.node("second", (), || ());
    /// let first = graph.node("first", (), || ());
    /// graph.after(second, [first]);
    /// let order = Arc::new(Order::default());
    /// graph.build()?.with(&RunOptions::new().observer(order.clone())).run()?;
    /// assert_eq!(*order.0.lock().unwrap(), [1, 0]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn node_begins(&self, node: &NodeInfo<'_>) {
        let _ = node;
    }

    /// A node's future was polled and isn't ready.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer};
    ///
    /// struct Waits;
    ///
    /// impl Observer for Waits {
    ///     fn node_waits(&self, node: &NodeInfo<'_>) {
    ///         println!("{node} waits");
    ///     }
    /// }
    /// ```
    fn node_waits(&self, node: &NodeInfo<'_>) {
        let _ = node;
    }

    /// A node's future was woken, and is about to be polled again, perhaps by another thread than before.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, NodeInfo, Observer, RunOptions};
    /// use std::sync::Arc;
    /// use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    /// use std::task::Poll;
    ///
    /// #[derive(Default)]
    /// struct Polls(AtomicUsize);
    ///
    /// impl Observer for Polls {
    ///     fn node_begins(&self, _: &NodeInfo<'_>) {
    ///         self.0.fetch_add(1, Relaxed);
    ///     }
    ///     fn node_resumes(&self, _: &NodeInfo<'_>) {
    ///         self.0.fetch_add(1, Relaxed);
    ///     }
    /// }
    ///
    /// let mut graph = GraphBuilder::new();
    /// graph.async_node("yields once", (), || {
    ///     let mut yielded = false;
    ///     std::future::poll_fn(move |context| {
    ///         context.waker().wake_by_ref();
    ///         if std::mem::replace(&mut yielded, true) { Poll::Ready(()) } else { Poll::Pending }
    ///     })
    /// });
    /// let polls = Arc::new(Polls::default());
    /// graph.build()?.with(&RunOptions::new().observer(polls.clone())).run()?;
    /// assert_eq!(polls.0.load(Relaxed), 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    fn node_resumes(&self, node: &NodeInfo<'_>) {
        let _ = node;
    }

    /// A node ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, NodeOutcome, Observer};
    ///
    /// struct Trouble;
    ///
    /// impl Observer for Trouble {
    ///     fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
    ///         if outcome != NodeOutcome::Completed {
    ///             eprintln!("{node}: {outcome:?}");
    ///         }
    ///     }
    /// }
    /// ```
    fn node_ends(&self, node: &NodeInfo<'_>, outcome: NodeOutcome) {
        let _ = (node, outcome);
    }

    /// A node will not begin in this run. This is told as soon as it is certain: when the run begins, when it
    /// would be the node's turn, or when the run ends.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{NodeInfo, Observer, SkipReason};
    ///
    /// struct Skipped;
    ///
    /// impl Observer for Skipped {
    ///     fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
    ///         if let SkipReason::DependencyFailed { culprit } = reason {
    ///             eprintln!("{node} did not run because of {}", node.run().name(culprit));
    ///         }
    ///     }
    /// }
    /// ```
    fn node_skipped(&self, node: &NodeInfo<'_>, reason: SkipReason) {
        let _ = (node, reason);
    }
}
