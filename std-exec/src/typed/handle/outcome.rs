//! What has become of a node, as a dependency.

use super::markers::{Anywhere, Lendable};
use super::node::Node;
use std::fmt;
use std::hash::{Hash, Hasher};

/// A dependency of which the dependent is told what has become of it, as `Result<&T, NoResult>`; so that runs
/// in any case. Made by [`Node::outcome`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, NoResult, Node, OutcomeOf};
///
/// /// Adds a node that makes do with a default.
/// fn or_zero(graph: &mut GraphBuilder<'_>, number: OutcomeOf<i32>) -> Node<i32> {
///     graph.node("or zero", number, |number: Result<&i32, NoResult>| number.copied().unwrap_or(0))
/// }
///
/// let mut graph = GraphBuilder::new();
/// let number = graph.try_node("number", (), || "x".parse::<i32>());
/// let number = or_zero(&mut graph, number.outcome());
/// let mut graph = graph.build()?;
/// graph.run().unwrap_err(); // a failure remains one
/// assert_eq!(graph.result(number), Ok(&0));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OutcomeOf<T, P = Anywhere> {
    pub(crate) node: Node<T, P>,
}

impl<T, P: Lendable> Node<T, P> {
    /// What has become of this node as a dependency, instead of its result: the closure's parameter is a
    /// `Result<&T, NoResult>`, and its node runs in any case. For cleaning up, for fallbacks, and where
    /// [branches](crate::GraphBuilder::only_if) join.
    ///
    /// It runs also after a failure that ends the run for others, and so does all that it needs in the usual
    /// way. But not after a cancel, a deadline, the end of the executor or a panic: these end a run at once.
    /// What has to be done then as well belongs into a destructor, or behind the run.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{GraphBuilder, NoResult};
    /// let mut graph = GraphBuilder::new();
    /// let folder = graph.node("folder", (), || String::from("/tmp/job"));
    /// let build = graph.try_node("build", (folder,), |_: &String| Err::<u32, _>("no compiler"));
    /// let told = graph.node("clean up", (folder, build.outcome()), |folder: &String, build: Result<&u32, NoResult>| {
    ///     match build {
    ///         Ok(files) => format!("{files} files in {folder}"),
    ///         Err(why) => format!("{folder} removed: the build {why}"),
    ///     }
    /// });
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run().unwrap_err().to_string(), "1 node failed: build");
    /// assert_eq!(graph.result(told)?, "/tmp/job removed: the build failed");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn outcome(self) -> OutcomeOf<T, P> {
        OutcomeOf { node: self }
    }
}

impl<T, P> Clone for OutcomeOf<T, P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, P> Copy for OutcomeOf<T, P> {}

impl<T, P> PartialEq for OutcomeOf<T, P> {
    fn eq(&self, other: &Self) -> bool {
        self.node == other.node
    }
}

impl<T, P> Eq for OutcomeOf<T, P> {}

impl<T, P> Hash for OutcomeOf<T, P> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.node.hash(state);
    }
}

impl<T, P> fmt::Debug for OutcomeOf<T, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OutcomeOf({})", self.node.id())
    }
}
