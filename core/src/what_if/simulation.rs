//! A run on so many threads, event by event. An event is the end of a node, on the thread that ran it.
//!
//! Work stealing is that of the executor, roughly: a thread runs next what it has made ready last, and keeps
//! the rest on a stack; a thread without work takes the oldest of another's, of those in turn. (Executors
//! take several at once; which ones is a matter of moments.) The roots lie in the caller's queue: whoever has
//! nothing takes the first that is left.

use super::SchedulingPolicy;
use crate::{DagView, NodeId};
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec;
use alloc::vec::Vec;
use core::cmp::Reverse;

pub(super) fn makespan(
    dag: DagView<'_>,
    durations: &[u64],
    ranks: &[u64],
    threads: usize,
    policy: SchedulingPolicy,
) -> u64 {
    // More threads than nodes make no difference.
    let threads = threads.min(durations.len());
    match policy {
        SchedulingPolicy::WorkStealing => simulate(dag, durations, threads, Stealing::new(dag, threads)),
        SchedulingPolicy::LongestPathFirst => {
            let mut queue = Queue { ranks, ready: BinaryHeap::new() };
            dag.roots().iter().for_each(|&root| queue.push(0, root));
            simulate(dag, durations, threads, queue)
        }
    }
}

/// The ready nodes.
trait Ready {
    /// `thread` has made `node` ready.
    fn push(&mut self, thread: usize, node: NodeId);
    /// What `thread` takes next.
    fn take(&mut self, thread: usize) -> Option<NodeId>;
}

fn simulate(dag: DagView<'_>, durations: &[u64], threads: usize, mut ready: impl Ready) -> u64 {
    let mut remaining = dag.in_degrees().to_vec();
    // The thread of lowest number is the caller, which begins.
    let mut idle: Vec<usize> = (0..threads).rev().collect();
    let mut events = BinaryHeap::new();
    let mut now = 0_u64;
    loop {
        while let Some(thread) = idle.pop() {
            let Some(node) = ready.take(thread) else {
                idle.push(thread);
                break;
            };
            events.push(Reverse((now.saturating_add(durations[node.index()]), thread, node)));
        }
        let Some(Reverse((time, thread, node))) = events.pop() else { return now };
        now = time;
        for edge in dag.successors(node) {
            let left = &mut remaining[edge.target().index()];
            *left -= 1;
            if *left == 0 {
                ready.push(thread, edge.target());
            }
        }
        idle.push(thread);
    }
}

struct Stealing<'d> {
    roots: core::slice::Iter<'d, NodeId>,
    stacks: Vec<VecDeque<NodeId>>,
    /// The threads whose stacks aren't empty, in turn; perhaps some whose stacks are.
    full: VecDeque<usize>,
}

impl<'d> Stealing<'d> {
    fn new(dag: DagView<'d>, threads: usize) -> Self {
        let stacks = vec![VecDeque::new(); threads];
        Self { roots: dag.roots().iter(), stacks, full: VecDeque::new() }
    }
}

impl Ready for Stealing<'_> {
    fn push(&mut self, thread: usize, node: NodeId) {
        let stack = &mut self.stacks[thread];
        if stack.is_empty() {
            self.full.push_back(thread);
        }
        stack.push_back(node);
    }

    fn take(&mut self, thread: usize) -> Option<NodeId> {
        if let Some(node) = self.stacks[thread].pop_back().or_else(|| self.roots.next().copied()) {
            return Some(node);
        }
        while let Some(victim) = self.full.pop_front() {
            let stack = &mut self.stacks[victim];
            if let Some(node) = stack.pop_front() {
                if !stack.is_empty() {
                    self.full.push_back(victim);
                }
                return Some(node);
            }
        }
        None
    }
}

struct Queue<'r> {
    ranks: &'r [u64],
    ready: BinaryHeap<(u64, Reverse<NodeId>)>,
}

impl Ready for Queue<'_> {
    fn push(&mut self, _: usize, node: NodeId) {
        self.ready.push((self.ranks[node.index()], Reverse(node)));
    }

    fn take(&mut self, _: usize) -> Option<NodeId> {
        self.ready.pop().map(|(_, Reverse(node))| node)
    }
}
