//! What went wrong in nodes: the errors that they gave; and what else ended the run.

use crate::brief;
use crate::sync::thrown::Quiet;
use crate::typed::handle::names::{Count, NamedNode};
use std::error::Error;
use std::fmt;
use std::ops::Deref;

/// A node that failed, and its error.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// for text in ["1", "x", "3", ""] {
///     graph.try_node(format!("parse {text:?}"), (), move || text.parse::<i32>());
/// }
/// let mut graph = graph.build()?;
/// let outcome = graph.with(&RunOptions::new().policy(FailurePolicy::KeepGoing)).run();
/// let Err(RunError::Failed(failures)) = outcome else { panic!("two are no numbers") };
/// let told: Vec<_> = failures.iter().map(|failure| format!("{failure}: {}", failure.error())).collect();
/// assert_eq!(told[0], "node parse \"x\" failed: invalid digit found in string");
/// assert_eq!(told[1], "node parse \"\" failed: cannot parse integer from empty string");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Failure {
    node: NamedNode,
    error: Quiet<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(crate) fn new(node: NamedNode, error: Box<dyn Error + Send + Sync>) -> Self {
        Self { node, error: Quiet::new(error) }
    }

    pub(crate) fn into_parts(self) -> (NamedNode, Box<dyn Error + Send + Sync>) {
        (self.node, self.error.into_inner())
    }

    /// The node. Of a graph that is a node, this is the outer node, and the name is the path to the one that
    /// failed in it: `outer/inner`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// let mut graph = GraphBuilder::new();
    /// let parse = graph.try_node("parse", (), || "x".parse::<i32>());
    /// let Err(RunError::Failed(failures)) = graph.build()?.run().map(drop) else { panic!("x is no number") };
    /// assert_eq!(failures[0].node().name(), "parse");
    /// assert_eq!(failures[0].node().id(), parse.id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[doc(alias("name", "path"))]
    #[must_use]
    pub fn node(&self) -> &NamedNode {
        &self.node
    }

    /// The error that the node gave.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// use std::num::{IntErrorKind, ParseIntError};
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("parse", (), || "".parse::<i32>());
    /// let Err(RunError::Failed(failures)) = graph.build()?.run().map(drop) else { panic!("no number") };
    /// let error = failures[0].error().downcast_ref::<ParseIntError>();
    /// assert!(error.is_some_and(|error| *error.kind() == IntErrorKind::Empty));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &**self.error
    }

    /// The error that the node gave, to own.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// use std::error::Error;
    ///
    /// fn number() -> Result<(), Box<dyn Error + Send + Sync>> {
    ///     let mut graph = GraphBuilder::new();
    ///     graph.try_node("parse", (), || "x".parse::<i32>());
    ///     match graph.build()?.run() {
    ///         Err(RunError::Failed(failures)) => {
    ///             let first = failures.into_iter().next().expect("at least one");
    ///             Err(first.into_error()) // as if there were no graph
    ///         }
    ///         outcome => Ok(outcome.map(drop)?),
    ///     }
    /// }
    /// assert!(number().unwrap_err().is::<std::num::ParseIntError>());
    /// ```
    #[must_use]
    pub fn into_error(self) -> Box<dyn Error + Send + Sync> {
        self.error.into_inner()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} failed", self.node)
    }
}

impl fmt::Debug for Failure {
    /// The message, and those of its sources.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::debug(f, self)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&**self.error)
    }
}

/// Whether a run was told to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stop {
    pub(crate) cancelled: bool,
    /// Its deadline has passed.
    pub(crate) late: bool,
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self { cancelled: true, late: false } => "cancelled",
            Self { cancelled: false, late: true } => "deadline exceeded",
            Self { cancelled: true, late: true } => "cancelled, deadline exceeded",
            Self { cancelled: false, late: false } => "",
        })
    }
}

/// The nodes that failed in a run, by their numbers: a slice of [`Failure`]. Of a graph that is a node, those
/// that failed in it, as `outer/inner`. And whether the run was cancelled or late as well.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// for text in ["1", "x", "y"] {
///     graph.try_node(text, (), || text.parse::<i32>());
/// }
/// let mut graph = graph.build()?;
/// let outcome = graph.with(&RunOptions::new().policy(FailurePolicy::KeepGoing)).run();
/// let Err(RunError::Failed(failures)) = outcome else { panic!("two are no numbers") };
/// assert!(failures.iter().map(|failure| failure.node().name()).eq(["x", "y"]));
/// let errors: Vec<_> = failures.into_iter().map(|failure| failure.into_error()).collect();
/// assert_eq!(errors.len(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Default)]
pub struct Failures {
    all: Vec<Failure>,
    panicked: Vec<NamedNode>,
    stop: Stop,
}

impl Failures {
    pub(crate) fn new(all: Vec<Failure>, stop: Stop) -> Self {
        Self { all, panicked: Vec::new(), stop }
    }

    pub(crate) fn add_panicked(&mut self, node: NamedNode) {
        self.panicked.push(node);
    }

    /// Adds what went wrong in a graph that is a node, by the names that its nodes have here.
    pub(crate) fn add(&mut self, inside: Self, rename: impl Fn(&NamedNode) -> NamedNode) {
        self.panicked.extend(inside.panicked.iter().map(&rename));
        self.stop.cancelled |= inside.stop.cancelled;
        self.stop.late |= inside.stop.late;
        self.all
            .extend(inside.all.into_iter().map(|failure| Failure { node: rename(&failure.node), ..failure }));
    }

    /// The nodes that panicked, in a run [of which the panic went on](crate::Graph::take_failures) or was
    /// [caught](crate::RunError::Panicked); none of a run that has just [failed](crate::RunError::Failed).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::GraphBuilder;
    /// use std::panic::{AssertUnwindSafe, catch_unwind};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// catch_unwind(AssertUnwindSafe(|| _ = graph.run())).unwrap_err();
    /// assert_eq!(graph.take_failures().panicked()[0].name(), "bad");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn panicked(&self) -> &[NamedNode] {
        &self.panicked
    }

    pub(crate) fn stop(&self) -> Stop {
        self.stop
    }

    /// Whether the run's token was cancelled, or the executor ended, before the run was over.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("parse", (), || "x".parse::<i32>());
    /// let Err(RunError::Failed(failures)) = graph.build()?.run().map(drop) else { panic!("x is no number") };
    /// assert!(!failures.is_cancelled());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.stop.cancelled
    }

    /// Whether the run's deadline passed before the run was over.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("parse", (), || "x".parse::<i32>());
    /// let Err(RunError::Failed(failures)) = graph.build()?.run().map(drop) else { panic!("x is no number") };
    /// assert!(!failures.is_late()); // there was no deadline
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn is_late(&self) -> bool {
        self.stop.late
    }

    /// Whether there is nothing to tell.
    pub(crate) fn is_nothing(&self) -> bool {
        self.all.is_empty() && self.stop == Stop::default()
    }
}

impl Deref for Failures {
    type Target = [Failure];

    fn deref(&self) -> &[Failure] {
        &self.all
    }
}

impl IntoIterator for Failures {
    type Item = Failure;
    type IntoIter = std::vec::IntoIter<Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.into_iter()
    }
}

impl<'f> IntoIterator for &'f Failures {
    type Item = &'f Failure;
    type IntoIter = std::slice::Iter<'f, Failure>;

    fn into_iter(self) -> Self::IntoIter {
        self.all.iter()
    }
}

impl fmt::Display for Failures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.all.is_empty() {
            write!(f, "{} failed: ", Count(self.all.len()))?;
            brief::list(f, self.all.iter().map(Failure::node))?;
        }
        let separator = if self.all.is_empty() || self.stop == Stop::default() { "" } else { "; " };
        write!(f, "{separator}{}", self.stop)
    }
}
