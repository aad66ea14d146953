//! What threads and nodes waited for, by a sweep over the time of a trace.
//!
//! At each moment there are threads that run something, threads that don't, and nodes that could run and
//! don't: all that they depend on has ended. An idle thread for which there is no such node waits for a
//! dependency. One for which there is should be waking up, or looking around. A node for which there is no
//! idle thread waits for one.

use crate::observe::Trace;
use std::collections::HashMap;

/// Times in nanoseconds: of threads, and of nodes, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Waiting {
    /// While at least one run was going on.
    pub(crate) wall: u64,
    /// How many threads there were, at the most.
    pub(crate) threads: usize,
    /// Threads that ran nodes.
    pub(crate) busy: u64,
    /// Threads for which no node was ready.
    pub(crate) idle_dependency: u64,
    /// Threads that ran nothing although a node was ready.
    pub(crate) idle_wake_up: u64,
    /// Nodes that were ready while all threads were busy.
    pub(crate) ready_no_thread: u64,
    /// Nodes that were ready while some thread was idle.
    pub(crate) ready_wake_up: u64,
    /// Futures between two polls.
    pub(crate) futures: u64,
}

/// What changes at a moment.
#[derive(Clone, Copy)]
enum Change {
    /// An outermost run with so many threads begins, or ends.
    Run(usize, bool),
    /// A thread begins with something, or ends.
    Thread(bool),
    /// A node becomes ready, or begins.
    Ready(bool),
}

impl Waiting {
    pub(crate) fn of(trace: &Trace) -> Self {
        let mut waiting = Self::default();
        let mut changes = changes(trace, &mut waiting.futures);
        changes.sort_unstable_by_key(|(at, _)| *at);
        let (mut runs, mut busy, mut ready, mut last) = (Vec::new(), 0_usize, 0_usize, 0);
        for (at, change) in changes {
            let threads = runs.iter().copied().max().unwrap_or(0).max(busy);
            waiting.pass(at - last, threads, busy, ready);
            last = at;
            let count = |number: &mut usize, more: bool| {
                *number = if more { *number + 1 } else { number.saturating_sub(1) }
            };
            match change {
                Change::Run(threads, true) => runs.push(threads),
                Change::Run(threads, false) => {
                    let place = runs.iter().position(|&other| other == threads);
                    place.map(|place| runs.swap_remove(place));
                }
                Change::Thread(begins) => count(&mut busy, begins),
                Change::Ready(begins) => count(&mut ready, begins),
            }
        }
        waiting
    }

    /// So much time goes by.
    fn pass(&mut self, time: u64, threads: usize, busy: usize, ready: usize) {
        let idle = threads - busy.min(threads);
        let waking = idle.min(ready);
        if threads > 0 {
            self.wall += time;
        }
        self.threads = self.threads.max(threads);
        self.busy += time * busy as u64;
        self.idle_dependency += time * (idle - waking) as u64;
        self.idle_wake_up += time * waking as u64;
        self.ready_no_thread += time * (ready - waking) as u64;
        self.ready_wake_up += time * waking as u64;
    }
}

/// All changes, in no order. Adds up how long futures waited.
fn changes(trace: &Trace, futures: &mut u64) -> Vec<(u64, Change)> {
    let mut changes = Vec::new();
    let over = trace.spans().map(|span| span.mark.end).max().unwrap_or(0);
    for run in trace.runs().iter().filter(|run| run.parent().is_none()) {
        changes.push((run.begin, Change::Run(run.threads, true)));
        changes.push((run.end.unwrap_or(over).max(run.begin), Change::Run(run.threads, false)));
    }
    for thread in trace.threads() {
        // Those within others don't count again.
        let mut until = 0;
        for mark in &thread.marks {
            if mark.begin >= until {
                changes.push((mark.begin, Change::Thread(true)));
                changes.push((mark.end, Change::Thread(false)));
                until = mark.end;
            }
        }
    }
    // Of each node: its first beginning, its last end, and how long it was called or polled.
    let mut nodes: HashMap<(u32, u32), (u64, u64, u64)> = HashMap::new();
    for mark in trace.threads().iter().flat_map(|thread| &thread.marks) {
        let (begin, end, called) =
            nodes.entry((mark.run, mark.node.get())).or_insert((mark.begin, mark.end, 0));
        *begin = mark.begin.min(*begin);
        *end = mark.end.max(*end);
        *called += mark.end - mark.begin;
    }
    *futures = nodes.values().map(|(begin, end, called)| (end - begin).saturating_sub(*called)).sum();
    let mut ready: HashMap<(u32, u32), u64> = HashMap::new();
    for (at, run) in (0..).zip(trace.runs()) {
        for (from, to) in run.edges() {
            if let Some(&(_, end, _)) = nodes.get(&(at, from.get())) {
                let ready = ready.entry((at, to.get())).or_insert(0);
                *ready = end.max(*ready);
            }
        }
    }
    for (&(run, node), &(begin, ..)) in &nodes {
        let since = ready.get(&(run, node)).copied().unwrap_or(trace.runs()[run as usize].begin);
        if since < begin {
            changes.push((since, Change::Ready(true)));
            changes.push((begin, Change::Ready(false)));
        }
    }
    changes
}

#[cfg(all(test, not(any(dgraph_loom, dgraph_shuttle))))]
mod tests {
    use super::Waiting;
    use crate::observe::Trace;

    /// Of one run on so many threads, of a graph with these edges. Each thread's nodes: which, from when to
    /// when.
    fn waiting(threads: usize, edges: &[(u32, u32)], lanes: &[&[(u32, u64, u64)]], end: u64) -> Waiting {
        Waiting::of(&Trace::of_one_run(threads, edges, lanes, end))
    }

    #[test]
    fn threads_wait_for_dependencies() {
        // A chain that goes from one thread to the other and back; the other has nothing else.
        let waiting = waiting(2, &[(0, 1), (1, 2)], &[&[(0, 0, 10), (2, 25, 30)], &[(1, 10, 25)]], 30);
        let expected = Waiting { wall: 30, threads: 2, busy: 30, idle_dependency: 30, ..Waiting::default() };
        assert_eq!(waiting, expected);
    }

    #[test]
    fn threads_wake_up() {
        // Both nodes are ready at the beginning; the second thread comes after 4.
        let found = waiting(2, &[], &[&[(0, 0, 10)], &[(1, 4, 12)]], 12);
        let expected = Waiting {
            wall: 12,
            threads: 2,
            busy: 18,
            idle_dependency: 2,
            idle_wake_up: 4,
            ready_wake_up: 4,
            ..Waiting::default()
        };
        assert_eq!(found, expected);
    }

    #[test]
    fn nodes_wait_for_a_thread() {
        let found = waiting(1, &[], &[&[(0, 0, 10), (1, 10, 15), (2, 15, 20)]], 20);
        let expected = Waiting { wall: 20, threads: 1, busy: 20, ready_no_thread: 25, ..Waiting::default() };
        assert_eq!(found, expected);
    }

    #[test]
    fn futures_wait_for_something_else() {
        // One node, polled three times.
        let found = waiting(1, &[], &[&[(0, 0, 2), (0, 5, 6), (0, 9, 10)]], 10);
        let expected =
            Waiting { wall: 10, threads: 1, busy: 4, idle_dependency: 6, futures: 6, ..Waiting::default() };
        assert_eq!(found, expected);
    }

    #[test]
    fn what_lies_within_is_not_counted_twice() {
        let found = waiting(1, &[], &[&[(0, 0, 10), (1, 2, 4), (2, 5, 9)]], 10);
        assert_eq!((found.busy, found.idle_dependency), (10, 0));
    }
}
