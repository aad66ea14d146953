//! Where a graph has [rows](crate::typed::run::rows).

use crate::typed::memory::row::Distance;
use crate::typed::memory::store::Store;
use dgraph_core::NodeId;
use std::cell::Cell;

/// Rows that are shorter aren't listed: fewer nodes don't pay for looking for their row.
const SHORT: u32 = 4;
/// How far ahead in an order it is looked how long a row is: entering one costs as much as some tiny nodes.
const AHEAD: usize = 64;

/// So many nodes with consecutive numbers, called by the same function, whose closures lie equally far apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Stretch {
    node: u32,
    length: u32,
    apart: Distance,
}

/// The stretches of a graph, ascending. An order has a row where it goes through a part of one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stretches(Box<[Stretch]>);

impl Stretches {
    /// Those of all nodes.
    pub(crate) fn find(store: &Store) -> Self {
        let mut found: Vec<Stretch> = Vec::new();
        for node in (0..).take(store.len()) {
            let entry = store.entry(node);
            if let Some(last) = found.last_mut() {
                let apart = store.entry(node - 1).distance(entry);
                if let Some(apart) = apart.filter(|&apart| last.length == 1 || apart == last.apart) {
                    last.apart = apart;
                    last.length += 1;
                    continue;
                }
                if last.length < SHORT {
                    found.pop();
                }
            }
            found.push(Stretch { node, length: 1, apart: Distance::ZERO });
        }
        found.retain(|stretch| stretch.length >= SHORT);
        Self(found.into())
    }

    /// Whether no order has any row.
    pub(crate) fn are_none(&self) -> bool {
        self.0.is_empty()
    }

    /// For a thread that goes through an order.
    pub(crate) fn cursor(&self) -> Rows<'_> {
        Rows { stretches: &self.0, last: Cell::new(0) }
    }
}

/// The rows of an order, for a thread that goes through it.
pub(crate) struct Rows<'g> {
    stretches: &'g [Stretch],
    /// Which stretch was the last one that had a row.
    last: Cell<usize>,
}

impl Rows<'_> {
    /// How many of the first `limit` nodes in this order, which isn't empty, are one row, and how far these
    /// are apart. Perhaps the row goes on behind these. `None` if the first node is to be taken by itself.
    #[inline]
    pub(crate) fn first(&self, order: &[NodeId]) -> Option<(u32, Distance)> {
        let node = order[0].get();
        if order.get(1)?.get() != node.wrapping_add(1) {
            return None;
        }
        let (rest, apart) = self.rest(node)?;
        let ahead = &order[..order.len().min(rest as usize).min(AHEAD)];
        Some((consecutive(ahead, node), apart))
    }

    /// How many nodes are in the stretch of this one, from it on, and how far they are apart; if there is
    /// another one.
    #[inline]
    pub(crate) fn rest(&self, node: u32) -> Option<(u32, Distance)> {
        let has = |stretch: &&Stretch| (stretch.node..stretch.node + stretch.length - 1).contains(&node);
        let stretch = match self.stretches.get(self.last.get()).filter(has) {
            Some(stretch) => stretch,
            None => {
                let behind = self.stretches.partition_point(|stretch| stretch.node <= node);
                let found = self.stretches[..behind].last().filter(has)?;
                self.last.set(behind - 1);
                found
            }
        };
        Some((stretch.node + stretch.length - node, stretch.apart))
    }
}

/// How many of these nodes have consecutive numbers, the first of which is this one.
#[inline]
fn consecutive(nodes: &[NodeId], first: u32) -> u32 {
    let mut next = first;
    for some in nodes.chunks(8) {
        // Without a branch for each.
        let same = some.iter().zip(next..).fold(true, |same, (node, number)| same & (node.get() == number));
        if !same {
            return next - first
                + (next..)
                    .zip(some)
                    .take_while(|&(number, node)| node.get() == number)
                    .map(|_| 1)
                    .sum::<u32>();
        }
        next = some.last().map_or(next, |last| last.get() + 1);
    }
    next - first
}
