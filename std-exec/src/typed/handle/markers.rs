//! On which threads a graph may be used, and how a node's result: types that say so.

use std::marker::PhantomData;

/// Of a graph: it may be sent to another thread. Of a node: what it gives may be used on any thread.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Anywhere, Graph, GraphBuilder};
/// use std::thread;
///
/// let mut graph = GraphBuilder::new();
/// let answer = graph.node("answer", (), || 42);
/// let mut graph: Graph<'static, Anywhere> = graph.build()?; // `Graph<'static>` for short
/// let found = thread::spawn(move || graph.run().map(|results| results[answer])).join().unwrap()?;
/// assert_eq!(found, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Anywhere;

/// Of a graph: it stays on its thread. Of a node: only others on that thread may depend on it.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, Local};
/// use std::rc::Rc;
///
/// struct Page<'p> {
///     graph: Graph<'p, Local>, // so `Page` stays on its thread, too
/// }
///
/// let mut graph = GraphBuilder::new_local();
/// let title = graph.local().node("title", (), || Rc::<str>::from("page 1"));
/// let mut page = Page { graph: graph.build()? };
/// assert_eq!(&*page.graph.run()?[title], "page 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Local(PhantomData<*const ()>);

/// Of a node: what it gives is never lent, only [moved](crate::Node::moved) or
/// [taken](crate::Graph::take), so it need not be `Sync`.
///
/// # Examples
///
/// ```
/// use dgraph_exec::{GraphBuilder, Node, Unshared};
/// use std::sync::mpsc;
///
/// let mut graph = GraphBuilder::new();
/// let lines: Node<mpsc::Receiver<u8>, Unshared> = graph.unshared().node("lines", (), || {
///     let (send, receive) = mpsc::channel();
///     (1..4).for_each(|line| send.send(line).expect("it is received below"));
///     receive
/// });
/// let sum = graph.node("sum", lines.moved(), |lines: mpsc::Receiver<u8>| lines.iter().sum::<u8>());
/// assert_eq!(graph.build()?.run()?[sum], 6);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Unshared;

/// Of a node's mark: its result may be lent, so a reference to it can be had. That is so for [`Anywhere`] and
/// [`Local`].
///
/// # Examples
///
/// ```
/// use dgraph_exec::{Graph, GraphBuilder, Lendable, Node};
///
/// /// The text that a node gave, wherever that may be used.
/// fn text<'g, P, Q: Lendable>(graph: &'g Graph<'_, P>, node: Node<String, Q>) -> &'g str {
///     graph.result(node).map_or("", |text| text)
/// }
///
/// let mut graph = GraphBuilder::new_local();
/// let here = graph.local().node("here", (), || String::from("only here"));
/// let mut graph = graph.build()?;
/// graph.run()?;
/// assert_eq!(text(&graph, here), "only here");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "what an unshared node gives can't be lent",
    label = "its result isn't shared, so there are no references to it",
    note = "move it into the node that needs it: `node.moved()`; or take it after the run: `graph.take(node)`"
)]
pub trait Lendable: sealed::Sealed {}

impl Lendable for Anywhere {}
impl Lendable for Local {}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Anywhere {}
    impl Sealed for super::Local {}
}
