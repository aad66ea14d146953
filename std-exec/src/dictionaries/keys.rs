//! The keys of a dictionary, and the node of each.

use dgraph_core::NodeId;
use std::borrow::Borrow;
use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::Hash;

/// The keys in the order in which they were listed, and what is known of the node of each: an `N`.
#[derive(Debug)]
pub struct Keys<K, N> {
    pub(super) keys: Vec<K>,
    /// In the same order, which is that of the nodes' numbers.
    pub(super) nodes: Vec<(NodeId, N)>,
    positions: HashMap<K, usize>,
}

impl<K: Eq + Hash + Clone, N> Keys<K, N> {
    pub(super) fn new() -> Self {
        Self { keys: Vec::new(), nodes: Vec::new(), positions: HashMap::new() }
    }

    /// Enters a node that was declared after those that are here. `false` if there is one under this key.
    pub(super) fn enter(&mut self, key: &K, id: NodeId, node: N) -> bool {
        let Entry::Vacant(entry) = self.positions.entry(key.clone()) else { return false };
        entry.insert(self.keys.len());
        self.keys.push(key.clone());
        self.nodes.push((id, node));
        true
    }
}

impl<K: Eq + Hash, N> Keys<K, N> {
    pub(super) fn node<Q>(&self, key: &Q) -> Option<&N>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        Some(&self.nodes[*self.positions.get(key)?].1)
    }
}

impl<K, N> Keys<K, N> {
    /// The key of a node. `None` if the node isn't the dictionary's.
    pub(super) fn key(&self, node: NodeId) -> Option<&K> {
        let position = self.nodes.binary_search_by_key(&node, |entry| entry.0);
        Some(&self.keys[position.ok()?])
    }
}
