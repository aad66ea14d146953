//! When each node ran, and on which thread.

use crate::body::Body;
use crate::slots::Slots;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

/// A body that notes the times at which another one begins and ends, and the thread that runs it.
#[derive(Clone, Copy, Debug)]
pub struct Trace<B> {
    inner: B,
    clock: &'static Instant,
    began: Slots,
    ended: Slots,
    thread: Slots,
}

/// One node's part in a trace. Times are in nanoseconds since some moment before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// The node.
    pub node: u32,
    /// Its thread, numbered in the order in which the threads first ran a node.
    pub thread: usize,
    /// When it began.
    pub began: u64,
    /// When it ended.
    pub ended: u64,
}

impl<B> Trace<B> {
    /// Traces `inner` for `nodes` nodes.
    pub fn new(inner: B, nodes: usize) -> Self {
        let clock = Box::leak(Box::new(Instant::now()));
        let [began, ended, thread] = [(); 3].map(|()| Slots::new(nodes));
        Self { inner, clock, began, ended, thread }
    }

    /// The time now, on the clock of the trace.
    #[must_use]
    pub fn now(&self) -> u64 {
        u64::try_from(self.clock.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    /// What was noted in the last run for the nodes `0..nodes`, in the order in which they began.
    #[must_use]
    pub fn spans(&self, nodes: usize) -> Vec<Span> {
        let ids: Vec<u32> = (0_u32..).take(nodes).collect();
        let mut spans: Vec<_> = ids.iter().map(|&node| (self.began.get(node), node)).collect();
        spans.sort_unstable();
        let mut threads = Vec::new();
        let mut number = |thread| {
            threads.iter().position(|&known| known == thread).unwrap_or_else(|| {
                threads.push(thread);
                threads.len() - 1
            })
        };
        spans
            .into_iter()
            .map(|(began, node)| {
                let thread = number(self.thread.get(node));
                Span { node, thread, began, ended: self.ended.get(node) }
            })
            .collect()
    }
}

impl<B: Body> Body for Trace<B> {
    #[inline]
    fn execute(self, node: u32) {
        self.began.set(node, self.now());
        self.inner.execute(node);
        self.ended.set(node, self.now());
        self.thread.set(node, current_thread());
    }

    fn clear(self) {
        self.inner.clear();
        for slots in [self.began, self.ended, self.thread] {
            slots.clear();
        }
    }

    fn check(self) -> Result<(), String> {
        self.inner.check()
    }
}

/// A number for the calling thread, different from all others'.
fn current_thread() -> u64 {
    static THREADS: AtomicU64 = AtomicU64::new(0);
    thread_local! {
        static NUMBER: u64 = THREADS.fetch_add(1, Relaxed);
    }
    NUMBER.with(|number| *number)
}
