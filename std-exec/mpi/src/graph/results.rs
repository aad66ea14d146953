//! What a run gave on one rank.

use crate::errors::Unavailable;
use crate::handle::DistributedNode;
use crate::local::PartResults;
use crate::port::Port;
use crate::wire::Wire;
use std::fmt;
use std::ops::Index;

/// The results of this rank's part: those of its own nodes, and of those that it has received. They stay in
/// the graph, and the next run drops them.
#[derive(Clone, Copy)]
pub struct DistributedResults<'g> {
    results: PartResults<'g>,
    port: &'g Port,
    builder: u64,
}

impl<'g> DistributedResults<'g> {
    pub(super) fn new(results: PartResults<'g>, port: &'g Port, builder: u64) -> Self {
        Self { results, port, builder }
    }

    /// This rank.
    #[must_use]
    pub fn rank(&self) -> usize {
        self.port.plan().rank()
    }

    /// What `node` gave.
    ///
    /// # Errors
    ///
    /// Why this rank has no value of it.
    pub fn get<T: Wire>(&self, node: DistributedNode<T>) -> Result<&'g T, Unavailable> {
        if node.builder() != self.builder {
            return Err(Unavailable::ForeignHandle);
        }
        match self.results.get(node.index()) {
            Some(got) => got.map_err(Unavailable::NoResult),
            None => Err(Unavailable::Elsewhere { owner: self.port.plan().owner(node.index()) }),
        }
    }
}

impl<T: Wire> Index<DistributedNode<T>> for DistributedResults<'_> {
    type Output = T;

    /// What `node` gave.
    ///
    /// # Panics
    ///
    /// If this rank has no value of it, see [`get`](DistributedResults::get).
    fn index(&self, node: DistributedNode<T>) -> &T {
        match self.get(node) {
            Ok(value) => value,
            Err(why) => {
                panic!("no result: node {} {why}", self.port.plan().label(node.index()))
            }
        }
    }
}

impl fmt::Debug for DistributedResults<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DistributedResults").field("rank", &self.rank()).finish_non_exhaustive()
    }
}
