//! On which threads a graph may be used, and what a node gives: types that say so.

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
/// let mut graph = GraphBuilder::local();
/// let title = graph.local_node("title", (), || Rc::<str>::from("page 1"));
/// let mut page = Page { graph: graph.build()? };
/// assert_eq!(&*page.graph.run()?[title], "page 1");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Local(PhantomData<*const ()>);
