//! Arrivals held back, to be flushed to the counters together.
//!
//! Many finished nodes may feed one join, and its counter's cache line travels from core to core with each
//! arrival. A member adds up its own arrivals here first; if all of a node's predecessors were its own, the
//! counter isn't touched at all. What is held back may be the last that a node waits for, so it must be
//! flushed before the member has nothing else to run or to offer; and whoever robs the member flushes it too.

use crate::sync::MODEL;
use dgraph_core::{Countdown, NodeId};

/// How many nodes can be held back at once: a stage of that many, each of which needs all of the stage
/// before, costs one arrival a node and member. (A frame of 51 nodes and 339 edges takes 72 us with 4 slots,
/// 69 with 32.)
const SLOTS: usize = 32;
/// From which in-degree on: below, few arrivals come from one member, and they had better not come late.
/// Models have no room for such nodes.
const LARGE: u32 = if MODEL { 2 } else { 6 };

/// A cache of arrivals: each node has one place where it can be, and whoever else comes there drives it out.
#[derive(Debug, Default)]
pub(crate) struct ArrivalBuffer {
    slots: [Slot; SLOTS],
    /// How many of them are in use.
    used: usize,
}

/// Free if there are no arrivals.
#[derive(Clone, Copy, Debug, Default)]
struct Slot {
    node: NodeId,
    arrivals: u32,
}

impl ArrivalBuffer {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.used == 0
    }

    /// Says that a predecessor of `node` is done. Returns a node, this or another one, and whether it is
    /// ready now.
    #[inline]
    pub(crate) fn arrive(&mut self, countdown: Countdown<'_>, node: NodeId) -> (NodeId, bool) {
        let in_degree = countdown.dag().in_degree(node);
        if in_degree < LARGE { (node, countdown.arrive(node)) } else { self.hold(countdown, node, in_degree) }
    }

    /// Holds back an arrival at a large join. Out of line, so that the loop over ordinary nodes' successors
    /// stays small.
    #[inline(never)]
    fn hold(&mut self, countdown: Countdown<'_>, node: NodeId, in_degree: u32) -> (NodeId, bool) {
        let slot = &mut self.slots[node.index() % SLOTS];
        if slot.node == node && slot.arrivals > 0 {
            slot.arrivals += 1;
            let ready = slot.arrivals == in_degree;
            if ready {
                slot.arrivals = 0;
                self.used -= 1;
            }
            return (node, ready);
        }
        let out = std::mem::replace(slot, Slot { node, arrivals: 1 });
        self.used += usize::from(out.arrivals == 0);
        (out.node, out.arrivals > 0 && countdown.arrive_many(out.node, out.arrivals))
    }

    /// Passes everything on. Calls `ready` for each node that is ready now.
    pub(crate) fn flush(&mut self, countdown: Countdown<'_>, mut ready: impl FnMut(NodeId)) {
        if self.is_empty() {
            return;
        }
        self.used = 0;
        for slot in &mut self.slots {
            let out = std::mem::take(slot);
            if out.arrivals > 0 && countdown.arrive_many(out.node, out.arrivals) {
                ready(out.node);
            }
        }
    }
}
