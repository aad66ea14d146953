//! Where orders have [rows](crate::typed::run::rows).

use crate::typed::memory::entry::Entry;
use crate::typed::memory::row::{Alone, Distance, Row};
use crate::typed::memory::store::Store;

/// If rows are shorter than this on average, those that are don't pay for being listed.
const SHORT: u32 = 8;

/// Where an order has a row: so many nodes with consecutive numbers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stretch {
    pub(crate) position: u32,
    pub(crate) node: u32,
    pub(crate) length: u32,
    /// Of the first node: the table of all nodes isn't in the cache.
    pub(crate) entry: Entry,
    apart: Distance,
}

impl Stretch {
    /// What comes behind its first node.
    #[inline]
    pub(crate) fn row<'r>(&self, unmarked: bool, walk: Option<Alone<'r>>) -> Row<'r> {
        let more = self.length - 1;
        let shift = self.position.wrapping_sub(self.node);
        Row::new(more, self.apart, unmarked, walk, shift)
    }
}

/// The rows of an order.
pub(crate) fn find(order: impl Iterator<Item = u32>, store: &Store) -> Box<[Stretch]> {
    let mut found: Vec<Stretch> = Vec::new();
    let mut nodes = 0;
    for (position, node) in (0..).zip(order) {
        nodes += 1;
        let entry = *store.entry(node);
        if let Some(row) = found.last_mut() {
            let last = row.node + row.length - 1;
            let apart = if node == last + 1 { store.entry(last).distance(&entry) } else { None };
            if apart.is_some_and(|apart| row.length == 1 || apart == row.apart) {
                row.apart = apart.unwrap_or(row.apart);
                row.length += 1;
                continue;
            }
        }
        found.push(Stretch { position, node, length: 1, entry, apart: Distance::ZERO });
    }
    if found.len() > nodes / SHORT as usize {
        found.retain(|row| row.length >= SHORT);
    }
    found.into()
}
