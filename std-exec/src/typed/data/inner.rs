//! The graphs that are nodes of a graph.

use super::graph_data::{GraphData, InnerGraphs, InnerOf};
use crate::typed::error::failure::Failures;
use crate::typed::handle::names::NamedNode;
use crate::typed::handle::node::GraphId;
use crate::typed::limits::shared_limit::SharedLimit;
use crate::typed::memory::errors::Kept;
use crate::typed::memory::store::Store;
use std::sync::Arc;

/// A graph that is a node.
#[derive(Clone, Copy)]
pub(crate) struct InnerGraph<'a> {
    pub(crate) node: u32,
    /// It may run several times.
    pub(crate) repeats: bool,
    pub(crate) data: &'a GraphData,
}

impl InnerGraphs {
    /// Says that `node` is a graph, and whether that repeats.
    ///
    /// # Safety
    ///
    /// These go into one graph with the store that has the task of `node`, for which `inner` was made.
    pub(crate) unsafe fn push(&mut self, node: u32, repeats: bool, inner: InnerOf) {
        self.0.push((node, repeats, inner));
    }

    /// Gives back memory that isn't used: all nodes are there.
    pub(crate) fn shrink(&mut self) {
        self.0.shrink_to_fit();
    }

    /// Whether there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them: the node, whether it repeats, and where the data of its graph lies.
    fn all(&self, store: &Store) -> impl Iterator<Item = (u32, bool, *mut Option<Box<GraphData>>)> {
        self.0.iter().map(|&(node, repeats, inner)| {
            // SAFETY: `inner` was made for the node's task, by the contract of `push`.
            (node, repeats, unsafe { inner(store.tasks.task(node)) })
        })
    }
}

impl GraphData {
    /// The graph with that number: this one, or one that is a node of it.
    pub(crate) fn find(&self, graph: GraphId) -> Option<&Self> {
        if graph == self.store.id() {
            return Some(self);
        }
        self.inner_graphs().find_map(|inner| inner.data.find(graph))
    }

    /// The same, to be changed.
    pub(crate) fn find_mut(&mut self, graph: GraphId) -> Option<&mut Self> {
        if graph == self.store.id() {
            return Some(self);
        }
        self.inner_data().find_map(|(_, inner)| inner.find_mut(graph))
    }

    /// The nodes that are graphs. Not during a run.
    pub(crate) fn inner_data(&mut self) -> impl Iterator<Item = (u32, &mut Self)> {
        let Self { store, rare, .. } = &*self;
        rare.iter().flat_map(|rare| rare.graphs.all(store)).filter_map(|(node, _, inner)| {
            // SAFETY: `self` is borrowed by nobody else, and each of them is looked at once.
            Some((node, unsafe { &mut *inner }.as_deref_mut()?))
        })
    }

    /// The graphs that are nodes, to be looked at. Not during a run.
    pub(crate) fn inner_graphs(&self) -> impl Iterator<Item = InnerGraph<'_>> {
        let Self { store, rare, .. } = self;
        rare.iter().flat_map(|rare| rare.graphs.all(store)).filter_map(|(node, repeats, inner)| {
            // SAFETY: while `self` is borrowed only a run could change them, and by the contract of `Tasks::call`
            // there is none.
            let data = unsafe { &*inner }.as_deref()?;
            Some(InnerGraph { node, repeats, data })
        })
    }

    /// The nodes that are graphs, and under a limit that nodes of these are under, too.
    pub(crate) fn limited_within(&mut self) -> Vec<NamedNode> {
        let Some(limited) = self.rare.as_mut().and_then(|rare| rare.limited.take()) else {
            return Vec::new();
        };
        let tasks = Arc::clone(&self.store.tasks);
        let within = self.inner_data().filter_map(|(node, inner)| {
            let (number, _) = tasks.limited(node)?;
            limited.of(number).iter().any(|(limit, _)| inner.is_under(limit)).then_some(node)
        });
        let within: Vec<_> = within.collect();
        self.rare_mut().limited = Some(limited);
        self.store.names().all_named(within)
    }

    /// Whether some node is under this limit, here or in graphs that are nodes.
    fn is_under(&self, limit: &SharedLimit) -> bool {
        self.rare().and_then(|rare| rare.limited.as_ref()).is_some_and(|limited| limited.has(limit))
            || self.inner_graphs().any(|inner| inner.data.is_under(limit))
    }

    /// What went wrong in the last run beside a panic that went on.
    pub(crate) fn take_failures(&mut self) -> Failures {
        self.rare.as_mut().map(|rare| rare.failures.take()).unwrap_or_default()
    }

    /// Drops what is left of an earlier run that panicked, here and in graphs that are nodes.
    pub(crate) fn forget_failures(&mut self) {
        let Some(rare) = &mut self.rare else { return };
        rare.failures = Kept::default();
        for (_, inner) in self.inner_data() {
            inner.rare.iter_mut().for_each(|rare| rare.failures = Kept::default());
        }
    }
}
