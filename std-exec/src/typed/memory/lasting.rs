//! Which nodes run also after a failure, where that stops the others: those that depend on something in any
//! case, and all that these need in the usual way.

/// The nodes of a graph that run also after a failure, if there are any.
#[derive(Default)]
pub(crate) struct Lasting {
    /// Of each node; empty if there are none.
    nodes: Box<[bool]>,
    /// The nodes that give futures, ascending, and the futures' numbers; empty if there are no such nodes.
    futures: Box<[(u32, u32)]>,
}

impl Lasting {
    pub(crate) fn new(nodes: Box<[bool]>) -> Self {
        Self { nodes, futures: Box::default() }
    }

    /// Whether there are none.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// Whether `node` is one of them.
    pub(crate) fn has(&self, node: u32) -> bool {
        self.nodes.get(node as usize).is_some_and(|&lasts| lasts)
    }

    /// Takes note of which nodes give the graph's futures, if some node lasts.
    pub(crate) fn find_futures(&mut self, futures: impl Iterator<Item = u32>) {
        if self.is_empty() {
            return;
        }
        let mut futures: Vec<_> = futures.zip(0..).collect();
        futures.sort_unstable();
        self.futures = futures.into();
    }

    /// The number of the future that `node` gives.
    pub(crate) fn future_of(&self, node: u32) -> Option<u32> {
        let at = self.futures.binary_search_by_key(&node, |&(node, _)| node).ok()?;
        Some(self.futures[at].1)
    }
}
