//! What nodes do.

use crate::slots::Slots;
use crate::yielding::Yield;
use dgraph_tests::body::busy;
use std::future::ready;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The body of every node of a graph. Systems are generic over it, so that they can call it without
/// indirection where their design allows that.
pub trait Body: Copy + Send + Sync + 'static {
    /// Does the work of `node`.
    fn execute(self, node: u32);

    /// Systems whose nodes are futures call this first, then await [`wait`](Self::wait), then call
    /// [`finish`](Self::finish).
    #[inline]
    fn begin(self, node: u32) {
        let _ = node;
    }

    /// What a node that is a future waits for. Most wait for nothing.
    #[inline]
    fn wait(self) -> impl Future<Output = ()> + Send + 'static {
        ready(())
    }

    /// Does the work of a node that is a future, or what is left of it.
    #[inline]
    fn finish(self, node: u32) {
        self.execute(node);
    }

    /// Forgets the results of earlier runs.
    fn clear(self) {}

    /// Checks the results of a run.
    ///
    /// # Errors
    ///
    /// What is wrong.
    fn check(self) -> Result<(), String> {
        Ok(())
    }
}

/// The benchmark's body: stores `node + 1` for grain 0, otherwise takes `grain` steps of about 1.1 ns and
/// stores what comes out.
#[derive(Clone, Copy, Debug)]
pub struct Grain {
    slots: Slots,
    grain: u64,
}

impl Grain {
    /// A body of `grain` steps for as many nodes as there are slots.
    #[must_use]
    pub fn new(slots: Slots, grain: u64) -> Self {
        Self { slots, grain }
    }
}

impl Body for Grain {
    #[inline]
    fn execute(self, node: u32) {
        let node64 = u64::from(node);
        self.slots.set(node, if self.grain == 0 { node64 + 1 } else { busy(node64, self.grain) });
    }

    fn clear(self) {
        self.slots.clear();
    }

    fn check(self) -> Result<(), String> {
        if self.grain == 0 {
            return self.slots.check(|node| node + 1);
        }
        // The steps together are one affine map, and two points tell which.
        let offset = busy(0, self.grain);
        let factor = busy(1, self.grain).wrapping_sub(offset);
        self.slots.check(|node| factor.wrapping_mul(node).wrapping_add(offset))
    }
}

/// A body that draws a number from a common clock when it begins and another when it ends: for checking the
/// order.
///
/// All accesses are Relaxed: an ordering here would hide it if the system under test had none.
#[derive(Clone, Copy, Debug)]
pub struct Stamp {
    began: Slots,
    ended: Slots,
    clock: &'static AtomicU64,
    yields: bool,
}

impl Stamp {
    /// A body for as many nodes as there are slots in both.
    #[must_use]
    pub fn new(began: Slots, ended: Slots) -> Self {
        Self { began, ended, clock: Box::leak(Box::new(AtomicU64::new(0))), yields: false }
    }

    /// One whose nodes, where they are futures, yield once between the two stamps.
    #[must_use]
    pub fn yielding(self) -> Self {
        Self { yields: true, ..self }
    }

    /// Checks that each of the nodes ran once, and began after all that it depends on had ended.
    ///
    /// # Errors
    ///
    /// Which one didn't.
    pub fn check_order(self, nodes: usize, edges: &[(u32, u32)]) -> Result<(), String> {
        let (stamps, expected) = (self.clock.load(Relaxed), 2 * nodes as u64);
        if let Some(node) = (0_u32..).take(nodes).find(|&node| self.ended.get(node) >= expected) {
            return Err(format!("node {node} did not run, or another ran twice"));
        }
        if stamps != expected {
            return Err(format!("{nodes} nodes have drawn {stamps} stamps, not two each"));
        }
        match edges.iter().find(|&&(u, v)| self.ended.get(u) >= self.began.get(v)) {
            Some((u, v)) => Err(format!("node {v} began before {u} had ended, which it depends on")),
            None => Ok(()),
        }
    }
}

impl Body for Stamp {
    #[inline]
    fn execute(self, node: u32) {
        self.begin(node);
        self.finish(node);
    }

    #[inline]
    fn begin(self, node: u32) {
        self.began.set(node, self.clock.fetch_add(1, Relaxed));
    }

    fn wait(self) -> impl Future<Output = ()> + Send + 'static {
        Yield::new(self.yields)
    }

    #[inline]
    fn finish(self, node: u32) {
        self.ended.set(node, self.clock.fetch_add(1, Relaxed));
    }

    fn clear(self) {
        self.began.clear();
        self.ended.clear();
        self.clock.store(0, Relaxed);
    }
}

/// A body that sleeps: it occupies a worker, but no core.
#[derive(Clone, Copy, Debug)]
pub struct Sleep {
    /// How long each node sleeps.
    pub durations: &'static [Duration],
}

impl Body for Sleep {
    fn execute(self, node: u32) {
        let duration = self.durations[node as usize];
        if !duration.is_zero() {
            std::thread::sleep(duration);
        }
    }
}

/// A body that keeps its core busy.
#[derive(Clone, Copy, Debug)]
pub struct Spin {
    /// How many steps each node takes.
    pub steps: &'static [u64],
}

impl Body for Spin {
    fn execute(self, node: u32) {
        black_box(busy(u64::from(node), self.steps[node as usize]));
    }
}

/// A body that yields once before its work, in systems whose nodes are futures. Others take no notice.
#[derive(Clone, Copy, Debug)]
pub struct Yielding<B>(pub B);

impl<B: Body> Body for Yielding<B> {
    #[inline]
    fn execute(self, node: u32) {
        self.0.execute(node);
    }

    #[inline]
    fn begin(self, node: u32) {
        self.0.begin(node);
    }

    #[inline]
    fn wait(self) -> impl Future<Output = ()> + Send + 'static {
        Yield::new(true)
    }

    #[inline]
    fn finish(self, node: u32) {
        self.0.finish(node);
    }

    fn clear(self) {
        self.0.clear();
    }

    fn check(self) -> Result<(), String> {
        self.0.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stamps_see_who_began_while_another_had_yielded() {
        let stamp = Stamp::new(Slots::new(2), Slots::new(2)).yielding();
        stamp.begin(0);
        stamp.begin(1);
        stamp.finish(0);
        stamp.finish(1);
        assert!(stamp.check_order(2, &[(0, 1)]).is_err());
        assert_eq!(stamp.check_order(2, &[]), Ok(()));
    }
}
