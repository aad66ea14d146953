//! Arrivals held back, to be passed on to the counters together.
//!
//! Many finished nodes feed the same join, and its counter's cache line travels from core to core with each arrival. A
//! member adds up its own arrivals here first; if all of a node's predecessors were its own, the counter isn't touched
//! at all. What is held back may be the last that a node waits for, so it must be passed on before the member has
//! nothing else to run or to offer; and whoever robs the member passes it on too.

use dgraph_core::{Countdown, NodeId};

const SLOTS: usize = 4;
const WORDS: usize = 1;
const LARGE: u32 = 8;

/// A cache of arrivals: each node has one place where it can be, and whoever else comes there drives it out.
#[derive(Debug)]
pub(crate) struct Held {
    slots: [Slot; SLOTS],
    /// A bit for each slot in use.
    used: [u64; WORDS],
}

#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    node: NodeId,
    arrivals: u32,
    /// How many the node needs altogether.
    in_degree: u32,
}

impl Default for Held {
    fn default() -> Self {
        Self { slots: [Slot::default(); SLOTS], used: [0; WORDS] }
    }
}

impl Held {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.used == [0; WORDS]
    }

    /// Says that a predecessor of `node` is done. Returns a node, this or another one, and whether it is ready now.
    #[inline]
    pub(crate) fn arrive(&mut self, countdown: Countdown<'_>, node: NodeId) -> (NodeId, bool) {
        let in_degree = countdown.dag().in_degree(node);
        if in_degree < LARGE {
            return (node, countdown.arrive(node));
        }
        let index = node.index() % SLOTS;
        let (word, bit) = (&mut self.used[index / 64], 1_u64 << (index % 64));
        let slot = &mut self.slots[index];
        if *word & bit == 0 {
            *word |= bit;
            *slot = Slot { node, arrivals: 1, in_degree };
            (node, false)
        } else if slot.node == node {
            slot.arrivals += 1;
            let ready = slot.arrivals == slot.in_degree;
            if ready {
                *word &= !bit;
            }
            (node, ready)
        } else {
            let out = *slot;
            *slot = Slot { node, arrivals: 1, in_degree };
            (out.node, countdown.arrive_many(out.node, out.arrivals))
        }
    }

    /// Passes everything on. Calls `ready` for each node that is ready now.
    #[inline]
    pub(crate) fn pass_on(&mut self, countdown: Countdown<'_>, mut ready: impl FnMut(NodeId)) {
        for (word, used) in self.used.iter_mut().enumerate() {
            while *used != 0 {
                let slot = self.slots[word * 64 + used.trailing_zeros() as usize];
                *used &= *used - 1;
                if countdown.arrive_many(slot.node, slot.arrivals) {
                    ready(slot.node);
                }
            }
        }
    }
}
