//! A node's panic, which the run has caught.

use super::failure::Failures;
use crate::brief::{self, Brief};
use crate::sync::thrown::Quiet;
use crate::typed::handle::names::NamedNode;
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{RefUnwindSafe, UnwindSafe, resume_unwind};
use std::sync::{Mutex, PoisonError};

/// A panic that was caught.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
///
/// let mut graph = GraphBuilder::new();
/// graph.node("divide", (), || 1 / "0".parse::<i32>().unwrap());
/// let mut graph = graph.build()?;
/// let error = graph.with(&RunOptions::new().catch_panics()).run().unwrap_err();
/// assert_eq!(error.to_string(), "panicked: divide (attempt to divide by zero)");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Panicked {
    message: Option<String>,
    beside: Failures,
    /// Behind a lock since it isn't `Sync`.
    payload: Mutex<Quiet<Box<dyn Any + Send>>>,
}

impl Panicked {
    pub(crate) fn new(beside: Failures, payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self { message, beside, payload: Mutex::new(Quiet::new(payload)) }
    }

    /// The nodes that panicked: one, or, in a parallel run, several, if they were under way at once; the
    /// payload is then one of theirs. Of a graph that is a node, the nodes that panicked in it, as
    /// `outer/inner`.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().catch_panics()).run();
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// assert_eq!(panic.nodes()[0].name(), "bad");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn nodes(&self) -> &[NamedNode] {
        self.beside.panicked()
    }

    /// What else went wrong in the run: the nodes that failed, and whether it was cancelled or late.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{FailurePolicy, GraphBuilder, RunError, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.try_node("disk", (), || Err::<u32, _>("disk full"));
    /// graph.node("bug", (), || panic!("no such index"));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().catch_panics().policy(FailurePolicy::KeepGoing)).run();
    /// let Err(RunError::Panicked(panic)) = outcome else { panic!("it can't do anything else") };
    /// assert_eq!(panic.beside()[0].error().to_string(), "disk full");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn beside(&self) -> &Failures {
        &self.beside
    }

    /// The message, if the payload is one.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("{} is too many", 7));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().catch_panics()).run();
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
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// use std::panic::panic_any;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic_any(404_u16));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().catch_panics()).run();
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
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, RunError, RunOptions};
    /// use std::panic::catch_unwind;
    /// let mut graph = GraphBuilder::new();
    /// graph.node("bad", (), || panic!("no"));
    /// let mut graph = graph.build()?;
    /// let outcome = graph.with(&RunOptions::new().catch_panics()).run();
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

/// Nobody changes what is in it.
impl UnwindSafe for Panicked {}
impl RefUnwindSafe for Panicked {}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("panicked: ")?;
        brief::list(f, self.beside.panicked().iter())?;
        if let Some(message) = &self.message {
            write!(f, " ({})", Brief(message, brief::MESSAGE))?;
        }
        if self.beside.is_nothing() { Ok(()) } else { write!(f, "; {}", self.beside) }
    }
}

impl fmt::Debug for Panicked {
    /// The message, and those of its sources.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        brief::debug(f, self)
    }
}

impl Error for Panicked {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.beside.first().map(|failure| failure as _)
    }
}
