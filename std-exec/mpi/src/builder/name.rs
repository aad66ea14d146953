//! What is handed in where a node is added: a name, or a node that was declared.

use super::DistributedBuilder;
use crate::handle::{DistributedDeclared, DistributedNode};
use crate::wire::Wire;

/// What names a node that gives a `T` where it is added: a text, such as `"total"`, for a new node; or a node
/// that was [declared](DistributedDeclared) before, which is defined by this.
///
/// # Examples
///
/// ```
/// use dgraph_mpi::{DistributedBuilder, DistributedName, DistributedNode};
///
/// /// Adds a node, new or declared, that counts the words of a text.
/// fn words(
///     graph: &mut DistributedBuilder<'_>,
///     name: impl DistributedName<usize>,
///     text: DistributedNode<String>,
/// ) -> DistributedNode<usize> {
///     graph.node(name, (text,), |text: &String| text.split(' ').count())
/// }
///
/// let mut graph = DistributedBuilder::new();
/// let later = graph.declare("later");
/// let text = graph.node("text", (), || String::from("so it goes"));
/// words(&mut graph, "count", text);
/// words(&mut graph, later, text);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name for a node that is added here",
    label = "neither a text nor a declared node",
    note = "a new node has a name, `\"name\"`; a node that was declared, `let later = graph.declare::<T>(\"name\")`, is defined by \
            `later` in its place, once"
)]
pub trait DistributedName<T> {
    #[doc(hidden)]
    fn enter(self, graph: &mut DistributedBuilder<'_>) -> DistributedNode<T>;
}

#[diagnostic::do_not_recommend]
impl<S: AsRef<str>, T: Wire> DistributedName<T> for S {
    fn enter(self, graph: &mut DistributedBuilder<'_>) -> DistributedNode<T> {
        graph.enter(self.as_ref())
    }
}

impl<T> DistributedName<T> for DistributedDeclared<T> {
    fn enter(self, graph: &mut DistributedBuilder<'_>) -> DistributedNode<T> {
        graph.check(self.node());
        self.node()
    }
}
