//! What is handed in where a node is added: a name, or a node that was declared.

use super::check::Defined;
use super::collected::Collected;
use crate::typed::handle::declared::Declared;
use crate::typed::handle::markers::Anywhere;
use crate::typed::handle::node::Node;

/// What names a node that gives a `T` where it is added: a text, such as `"total"`, for a new node; or a node
/// that was [declared](Declared) before, which is defined by this.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, NodeName};
///
/// /// Adds a node, new or declared, that counts the words of a text.
/// fn words(graph: &mut GraphBuilder<'_>, name: impl NodeName<usize>, text: Node<String>) -> Node<usize> {
///     graph.node(name, text, |text: &String| text.split(' ').count())
/// }
///
/// let mut graph = GraphBuilder::new();
/// let later = graph.declare("later");
/// let next = graph.node("next", later.node(), |words: &usize| words + 1);
/// let text = graph.node("text", (), || String::from("so it goes"));
/// let count = words(&mut graph, "count", text);
/// words(&mut graph, later, text);
/// let mut graph = graph.build()?;
/// let results = graph.run()?;
/// assert_eq!((results[count], results[next]), (3, 4));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no name for a node that is added here",
    label = "neither a text nor a declared node",
    note = "a new node has a name, `\"name\"`; a node that was declared, `let later = graph.declare::<T>(\"name\")`, is defined by \
            `later` in its place, once, and by the same builder: `graph.local()` if that has declared it"
)]
pub trait NodeName<T, P = Anywhere> {
    /// # Safety
    ///
    /// The contract of [`Collected::declare`], with a handle of the mark `P`.
    #[doc(hidden)]
    unsafe fn enter(self, nodes: &mut Collected) -> Node<T, P>;
}

#[diagnostic::do_not_recommend]
impl<S: AsRef<str>, T, P> NodeName<T, P> for S {
    unsafe fn enter(self, nodes: &mut Collected) -> Node<T, P> {
        // SAFETY: by contract.
        unsafe { nodes.declare(self.as_ref(), Defined::Missing) }.marked()
    }
}

impl<T, P> NodeName<T, P> for Declared<T, P> {
    unsafe fn enter(self, _: &mut Collected) -> Node<T, P> {
        Self::node(&self)
    }
}
