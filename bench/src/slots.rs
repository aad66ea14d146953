//! Where nodes leave their results: one 64-bit slot a node.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// One slot a node. Copyable and good for ever, since some systems want node bodies that borrow nothing: the
/// memory is given to the process and never freed, so make one for each graph, not for each run.
///
/// A relaxed store is the same instruction as a plain one, and needs no unsafe code.
#[derive(Clone, Copy, Debug)]
pub struct Slots(&'static [AtomicU64]);

/// What an untouched slot holds. No body of the benchmark computes it for a node that exists.
const UNTOUCHED: u64 = u64::MAX;

impl Slots {
    /// Slots for `nodes` nodes, untouched.
    #[must_use]
    pub fn new(nodes: usize) -> Self {
        Self(Vec::leak((0..nodes).map(|_| AtomicU64::new(UNTOUCHED)).collect()))
    }

    /// The first `nodes` of these slots.
    #[must_use]
    pub fn first(self, nodes: usize) -> Self {
        Self(&self.0[..nodes])
    }

    /// Makes all slots untouched.
    pub fn clear(self) {
        for slot in self.0 {
            slot.store(UNTOUCHED, Relaxed);
        }
    }

    /// Stores the result of `node`.
    #[inline]
    pub fn set(self, node: u32, value: u64) {
        self.0[node as usize].store(value, Relaxed);
    }

    /// The result of `node`.
    #[inline]
    #[must_use]
    pub fn get(self, node: u32) -> u64 {
        self.0[node as usize].load(Relaxed)
    }

    /// Checks every slot.
    ///
    /// # Errors
    ///
    /// Which node has a wrong value, or none.
    pub fn check(self, expected: impl Fn(u64) -> u64) -> Result<(), String> {
        for (node, slot) in (0_u64..).zip(self.0) {
            match slot.load(Relaxed) {
                value if value == expected(node) => {}
                UNTOUCHED => return Err(format!("node {node} did not run")),
                value => return Err(format!("node {node} gave {value}, not {}", expected(node))),
            }
        }
        Ok(())
    }
}
