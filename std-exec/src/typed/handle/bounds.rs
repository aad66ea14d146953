//! What nodes may give, what they may fail with, and what they may come after: bounds by names of their own,
//! so that the compiler says what to write instead.

use super::node::{AnyNode, Input, Node};
use std::error::Error;

/// What a node gives that may run on any thread: whatever is `Send` and `Sync`.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, Shareable};
///
/// fn constant<T: Shareable + Clone + 'static>(graph: &mut GraphBuilder<'_>, value: T) -> Node<T> {
///     graph.node("constant", (), move || value.clone())
/// }
/// let mut graph = GraphBuilder::new();
/// let text = constant(&mut graph, "text");
/// assert_eq!(graph.build()?.run()?[text], "text");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the result of a node that may run on any thread",
    label = "gives `{Self}`, which isn't `Send` and `Sync`",
    note = "in place of an `Rc` give an `Arc`, of a `Cell` an atomic, of a `RefCell` a `Mutex`",
    note = "or, if it is `Send` and only one node takes it, `graph.unshared().node(..)`, and `node.moved()` there",
    note = "or bind the node to the graph's thread: `GraphBuilder::new_local()`, and `graph.local().node(..)`, where nothing has to be `Send`"
)]
pub trait Shareable: Send + Sync {}

#[diagnostic::do_not_recommend]
impl<T: Send + Sync> Shareable for T {}

/// What a node may fail with: whatever becomes a `Box<dyn Error + Send + Sync>`. That is an [`Error`] that is
/// `Send` and `Sync`, such a box itself, or a text.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, NodeError};
///
/// /// Adds a node that tries again, once.
/// fn twice<'e, E: NodeError + 'e>(graph: &mut GraphBuilder<'e>, f: fn() -> Result<u8, E>) -> Node<u8> {
///     graph.try_node("twice", (), move || f().or_else(|_| f()))
/// }
/// let mut graph = GraphBuilder::new();
/// twice(&mut graph, || "x".parse::<u8>());
/// twice(&mut graph, || Err("a text"));
/// # graph.build()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be the error of a node",
    label = "the error isn't `Send`, `Sync` and an `Error`, nor a text",
    note = "write `Box<dyn Error + Send + Sync>` in place of `Box<dyn Error>`; or give a type that is an `Error`, `Send` and `Sync`, \
            a `String` or a `&str`: `.map_err(|error| error.to_string())`"
)]
pub trait NodeError: Into<Box<dyn Error + Send + Sync>> {}

#[diagnostic::do_not_recommend]
impl<E: Into<Box<dyn Error + Send + Sync>>> NodeError for E {}

/// Nodes that another comes [after](crate::GraphBuilder::after): one handle, or any number of one type.
///
/// # Examples
///
/// ```
/// use dgraph_exec::GraphBuilder;
/// let mut graph = GraphBuilder::new();
/// let (one, two) = (graph.node("one", (), || 1), graph.node("two", (), || "two"));
/// let last = graph.node("last", (), || ());
/// graph.after(last, one);
/// graph.after(last, [one.any(), two.any()]); // of different types
/// graph.after(last, (0..2).map(|_| two));
/// assert_eq!(graph.build()?.dag().in_degree(last.id()), 5);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no node, and no list of nodes",
    label = "neither a handle nor a list of handles",
    note = "write `node`, `[a, b]` or `nodes.iter().copied()`; where their types differ, `[a.any(), b.any()]`"
)]
pub trait Predecessors {
    #[doc(hidden)]
    fn each(self, see: impl FnMut(AnyNode));
}

#[diagnostic::do_not_recommend]
impl<N: Into<AnyNode>, I: IntoIterator<Item = N>> Predecessors for I {
    fn each(self, see: impl FnMut(AnyNode)) {
        self.into_iter().map(Into::into).for_each(see);
    }
}

macro_rules! one {
    ($([$($generics:ident),*] $handle:ty),* $(,)?) => {$(
        impl<$($generics),*> Predecessors for $handle {
            fn each(self, mut see: impl FnMut(AnyNode)) {
                see(self.into());
            }
        }
    )*};
}

one!([T, P] Node<T, P>, [T] Input<T>, [] AnyNode);
