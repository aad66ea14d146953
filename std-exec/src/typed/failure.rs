//! What went wrong in a node: an error that it gave, or a panic.

use super::names::{NamedNode, join};
use crate::thrown::Quiet;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

/// A node that failed, and its error.
///
/// ```
/// use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// for text in ["1", "x", "3", ""] {
///     graph.try_node(format!("parse {text:?}"), (), move || text.parse::<i32>());
/// }
/// let mut graph = graph.build()?;
/// let outcome = graph.run_with(&RunOptions::new().policy(FailurePolicy::KeepGoing));
/// let Err(RunError::Failed(failures)) = outcome else { panic!("two are no numbers") };
/// let told: Vec<_> = failures.iter().map(|failure| format!("{failure}: {}", failure.error())).collect();
/// assert_eq!(told[0], "node parse \"x\" failed: invalid digit found in string");
/// assert_eq!(told[1], "node parse \"\" failed: cannot parse integer from empty string");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Failure {
    node: NamedNode,
    error: Quiet<Box<dyn Error + Send + Sync>>,
}

impl Failure {
    pub(super) fn new(node: NamedNode, error: Box<dyn Error + Send + Sync>) -> Self {
        Self { node, error: Quiet::new(error) }
    }

    /// The node.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// let mut graph = GraphBuilder::new();
    /// let parse = graph.try_node("parse", (), || "x".parse::<i32>());
    /// let Err(RunError::Failed(failures)) = graph.build()?.run().map(drop) else { panic!("x is no number") };
    /// assert_eq!(failures[0].node().name(), "parse");
    /// assert_eq!(failures[0].node().node(), parse.id().index());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn node(&self) -> &NamedNode {
        &self.node
    }

    /// What it gave.
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

    /// What it gave, to own.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError};
    /// use std::error::Error;
    ///
    /// fn number() -> Result<(), Box<dyn Error + Send + Sync>> {
    ///     let mut graph = GraphBuilder::new();
    ///     graph.try_node("parse", (), || "x".parse::<i32>());
    ///     match graph.build()?.run() {
    ///         Err(RunError::Failed(mut failures)) => Err(failures.remove(0).into_error()), // as if there were no graph
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

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&**self.error)
    }
}

/// A panic that was caught.
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// graph.node("divide", (), || 1 / "0".parse::<i32>().unwrap());
/// let mut graph = graph.build()?;
/// let error = graph.run_with(&RunOptions::new().catch_panics()).unwrap_err();
/// assert_eq!(error.to_string(), "panicked: divide (attempt to divide by zero)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Panicked {
    nodes: Vec<NamedNode>,
    message: Option<String>,
    /// Behind a lock since it isn't `Sync`.
    payload: Mutex<Quiet<Box<dyn Any + Send>>>,
}

impl Panicked {
    pub(super) fn new(nodes: Vec<NamedNode>, payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self { nodes, message, payload: Mutex::new(Quiet::new(payload)) }
    }

    /// The nodes that panicked: one, or, in a parallel run, several, if they were under way at once; the payload is
    /// then one of theirs.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.run_with(&RunOptions::new().catch_panics());
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// assert_eq!(panic.nodes()[0].name(), "bad");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[NamedNode] {
        &self.nodes
    }

    /// The message, if the payload is one.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("{} is too many", 7));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.run_with(&RunOptions::new().catch_panics());
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// assert_eq!(panic.message(), Some("7 is too many"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What was passed to `panic!` or `panic_any`.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// use std::panic::panic_any;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic_any(404_u16));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.run_with(&RunOptions::new().catch_panics());
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// assert_eq!(panic.into_payload().downcast_ref(), Some(&404_u16));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner).into_inner()
    }

    /// Goes on with the panic.
    ///
    /// # Panics
    ///
    /// Always: that is what it is for.
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// use std::panic::catch_unwind;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.run_with(&RunOptions::new().catch_panics());
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// // After tidying up: on with it.
    /// let payload = catch_unwind(|| panic.resume()).unwrap_err();
    /// assert_eq!(payload.downcast_ref(), Some(&"no"));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panicked: ")?;
        join(f, ", ", &self.nodes)?;
        self.message.as_ref().map_or(Ok(()), |message| write!(f, " ({message})"))
    }
}

impl fmt::Debug for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { nodes, message, .. } = self;
        f.debug_struct("Panicked").field("nodes", nodes).field("message", message).finish_non_exhaustive()
    }
}

impl Error for Panicked {}
