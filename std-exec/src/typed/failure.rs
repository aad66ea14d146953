//! What went wrong in a node: an error that it gave, or a panic.

use super::names::{NamedNode, join};
use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::{Mutex, PoisonError};

/// A node that failed, and its error.
#[derive(Debug)]
pub struct Failure {
    node: NamedNode,
    error: Box<dyn Error + Send + Sync>,
}

impl Failure {
    pub(super) fn new(node: NamedNode, error: Box<dyn Error + Send + Sync>) -> Self {
        Self { node, error }
    }

    /// The node.
    #[must_use]
    pub fn node(&self) -> &NamedNode {
        &self.node
    }

    /// What it gave.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.error
    }

    /// What it gave, to own.
    #[must_use]
    pub fn into_error(self) -> Box<dyn Error + Send + Sync> {
        self.error
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "node {} failed", self.node)
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.error)
    }
}

/// A panic that was caught.
pub struct Panicked {
    nodes: Vec<NamedNode>,
    message: Option<String>,
    /// Behind a lock since it isn't `Sync`.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panicked {
    pub(super) fn new(nodes: Vec<NamedNode>, payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast_ref::<&str>().map(|text| (*text).to_string());
        let message = text.or_else(|| payload.downcast_ref::<String>().cloned());
        Self { nodes, message, payload: Mutex::new(payload) }
    }

    /// The nodes that panicked: one, or, in a parallel run, several, if they were under way at once; the payload is
    /// then one of theirs.
    #[must_use]
    pub fn nodes(&self) -> &[NamedNode] {
        &self.nodes
    }

    /// The message, if the payload is one.
    #[must_use]
    pub fn message(&self) -> Option<&str> {
        self.message.as_deref()
    }

    /// What was passed to `panic!` or `panic_any`.
    #[must_use]
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on with the panic.
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
