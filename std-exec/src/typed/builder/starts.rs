//! Nodes that wait for the start of another one, or for a moment in it.

use super::check::Defined;
use super::collected::Collected;
use super::graph_builder::GraphBuilder;
use crate::typed::data::uses::{Kind, Use};
use crate::typed::handle::moment::Moment;
use crate::typed::handle::node::{AnyNode, Node};
use crate::typed::memory::starts::Start;
use std::collections::BTreeMap;

impl<P> GraphBuilder<'_, P> {
    /// A node that is complete as soon as `node` has begun: what comes [after](Self::after) it begins while
    /// `node` is under way, or later. It gives `()`, and has no work of its own.
    ///
    /// To have begun means that its closure is about to be called, with all that it waits for, a thread and
    /// permits among it. It need not have done anything yet: if it matters that it has, take a
    /// [`moment`](Self::moment).
    ///
    /// If `node` doesn't begin, it comes to the same: it is skipped, or not chosen, or does not run. In an
    /// [update](crate::RunOptions::update) in which `node` is up to date, so is its start. For limits and
    /// permits of `node`, whatever comes after its start is a node as any. The start itself takes no permits,
    /// whatever limit it is put under.
    ///
    /// In a run on one thread, a closure ends before anything else begins; futures let others have their
    /// turn. A graph that has any of these is run as one with futures, and [`dag`](crate::Graph::dag) has no
    /// edge from `node` to its start.
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder};
    /// use std::sync::Barrier;
    ///
    /// let meet = Barrier::new(2);
    /// let mut graph = GraphBuilder::new();
    /// let serve = graph.node("serve", (), || _ = meet.wait());
    /// let serves = graph.start_of(serve);
    /// graph.node("call", serves, |_: &()| _ = meet.wait()); // while it serves
    /// graph.build()?.run_parallel(&Executor::builder().threads(2).build()?)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn start_of(&mut self, node: impl Into<AnyNode>) -> Node<()> {
        let node = node.into();
        let of = self.nodes.own(node).unwrap_or(0);
        let name = match self.nodes.owns(node) {
            true => format!("start of {}", self.nodes.names.label(of)),
            false => String::new(),
        };
        let start = self.nodes.declare_unit(&name);
        self.nodes.starts.push(Start { of, start: start.any().index, is_moment: false, waker: u32::MAX });
        start
    }

    /// A moment within a node, with a node that is complete as soon as it is [reached](crate::Reach::reach):
    /// for what can begin when another node has got so far, but isn't done. The [`Moment`] is one of the
    /// dependencies of the node that reaches it; the node that this gives is for those that come after it.
    ///
    /// If the node that is to reach it completes without, the moment is there at that time; otherwise as for
    /// [`start_of`](Self::start_of). A moment that isn't given to a node is an error of
    /// [`build`](Self::build).
    ///
    /// # Examples
    ///
    /// ```
    /// use dgraph_exec::{Executor, GraphBuilder, Reach};
    /// use std::sync::{Mutex, mpsc::channel};
    ///
    /// let ((page, pages), (shown, is_shown)) = (channel(), channel());
    /// let (pages, is_shown) = (Mutex::new(pages), Mutex::new(is_shown));
    /// let mut graph = GraphBuilder::new();
    /// let (first, moment) = graph.moment("first page");
    /// let load = graph.node("load", moment, move |first: Reach<'_>| {
    ///     page.send("one").unwrap();
    ///     first.reach(); // and there is more to load
    ///     is_shown.lock().unwrap().recv().unwrap()
    /// });
    /// graph.node("show", first, move |_: &()| shown.send(pages.lock().unwrap().recv().unwrap()).unwrap());
    /// let mut graph = graph.build()?;
    /// assert_eq!(graph.run_parallel(&Executor::builder().threads(2).build()?)?[load], "one");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn moment(&mut self, name: impl AsRef<str>) -> (Node<()>, Moment) {
        let node = self.nodes.declare_unit(name.as_ref());
        (node, Moment { node: node.any() })
    }
}

impl Collected {
    fn declare_unit(&mut self, name: &str) -> Node<()> {
        // SAFETY: `()` is `Send` and `Sync`, and borrows nothing.
        unsafe { self.declare::<()>(name, Defined::Missing) }
    }

    /// Those that wait for something need no closure.
    pub(crate) fn define_starts(&mut self) {
        for Start { of, start, .. } in self.starts.clone() {
            let node = AnyNode { graph: self.store.id(), index: start };
            // SAFETY: `declare_unit` has declared it.
            unsafe { self.define_without_work(node) };
            self.uses.push(Use { node: start, dependency: of, kind: Kind::Start });
        }
    }

    /// Nothing begins before what comes before it, so its start has to wait for all that, too.
    pub(crate) fn order_starts(&mut self) {
        let mut starts = BTreeMap::<u32, Vec<u32>>::new();
        self.starts.iter().for_each(|start| starts.entry(start.of).or_default().push(start.start));
        let before = self.uses.iter().filter(|used| used.kind.orders());
        let edges = before.filter_map(|used| Some((starts.get(&used.node)?, used.dependency)));
        let edges = edges.flat_map(|(starts, dependency)| starts.iter().map(move |&node| (node, dependency)));
        let edges: Vec<_> =
            edges.map(|(node, dependency)| Use { node, dependency, kind: Kind::Follows }).collect();
        self.uses.extend(edges);
    }
}
