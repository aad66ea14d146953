//! The run, and beside it the naive oracle that is told of everything: each node once in each run, after all
//! that it depends on; nobody overlooks what is ready; at rest all is as it was; what was cut is closed.

use crate::oracle::Oracle;
use dgraph_core::sync::{AtomicU32, AtomicUsize};
use dgraph_core::{NodeId, Run, RunStatus, WorkEnd};
use std::sync::{Mutex, MutexGuard};

pub struct World<'a> {
    run: Run<'a, &'a mut [AtomicU32], &'a mut [AtomicUsize]>,
    /// Steps within bodies.
    ticks: AtomicU32,
    fails: Option<NodeId>,
    runs: u32,
    /// Never locked during a step of the model, so nobody waits for it.
    oracle: Mutex<Oracle>,
}

impl<'a> World<'a> {
    pub fn new(
        run: Run<'a, &'a mut [AtomicU32], &'a mut [AtomicUsize]>,
        order: &[NodeId],
        edges: &[(u32, u32)],
        fails: Option<NodeId>,
        runs: u32,
    ) -> Self {
        Self { run, ticks: AtomicU32::new(0), fails, runs, oracle: Mutex::new(Oracle::new(order, edges)) }
    }

    fn oracle(&self) -> MutexGuard<'_, Oracle> {
        self.oracle.try_lock().expect("nobody is interrupted with it")
    }

    pub fn take(&self) -> Option<NodeId> {
        let look = self.oracle().call(false);
        let node = self.run.take();
        self.oracle().returns(&look, node);
        node.inspect(|&node| self.body(node, look.number))
    }

    pub fn complete(&self, node: NodeId) {
        let round = self.oracle().round;
        self.run.complete(node);
        self.oracle().completed(node, round);
    }

    pub fn complete_and_take(&self, node: NodeId) -> Option<NodeId> {
        let look = self.oracle().call(false);
        let next = self.run.complete_and_take(node);
        let mut oracle = self.oracle();
        oracle.completed(node, look.round);
        oracle.returns(&look, next);
        drop(oracle);
        next.inspect(|&next| self.body(next, look.number))
    }

    pub fn work(&self) -> WorkEnd {
        let look = self.oracle().call(true);
        let (mut last, mut came_for) = (None, None);
        let end = self.run.work(|node| {
            let mut oracle = self.oracle();
            let round = oracle.round;
            assert_eq!(*came_for.get_or_insert(round), round, "two runs in one call");
            last.replace(node).into_iter().for_each(|last| oracle.completed(last, round));
            drop(oracle);
            self.body(node, look.number);
        });
        let mut oracle = self.oracle();
        last.into_iter().for_each(|last| oracle.completed(last, came_for.expect("that of its body")));
        match end {
            WorkEnd::NothingReady => oracle.returns(&look, None),
            WorkEnd::Over => {
                oracle.end(&look);
                drop(oracle);
                let status = self.run.status();
                let same = self.oracle().round == look.round && look.started;
                assert!(!same || matches!(status, RunStatus::AtRest { .. }), "the run isn't over");
            }
        }
        end
    }

    /// Runs a node that this call has brought.
    fn body(&self, node: NodeId, call: usize) {
        self.oracle().begin(node, call);
        self.ticks.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if self.fails == Some(node) {
            self.stop();
        }
        self.oracle().ended(node);
    }

    pub fn hand_over(&self, node: NodeId) {
        self.oracle().devices.push(node);
    }

    pub fn device(&self) -> Option<NodeId> {
        self.oracle().devices.pop()
    }

    /// Starts the next run if none goes on, and there is to be one. False if not.
    pub fn start(&self) -> bool {
        let mut oracle = self.oracle();
        if oracle.starting || oracle.round == self.runs {
            return false;
        }
        oracle.starting = true;
        drop(oracle);
        let at_rest = matches!(self.run.status(), RunStatus::AtRest { .. });
        if at_rest {
            self.check_rest();
            self.oracle().next_round();
            assert!(self.run.start().is_ok(), "it is at rest");
        }
        let mut oracle = self.oracle();
        oracle.started |= at_rest;
        oracle.starting = false;
        at_rest
    }

    pub fn stop(&self) {
        let mut oracle = self.oracle();
        oracle.stopped = true;
        oracle.stopping += 1;
        drop(oracle);
        self.run.stop();
        self.oracle().stopping -= 1;
    }

    /// What changes nothing, by somebody that has a node or not.
    pub fn look_around(&self, holding: bool) {
        let _ = self.run.has_ready();
        assert!(self.run.completed() <= self.oracle().node_count() - usize::from(holding));
        if holding {
            assert!(!self.run.is_at_rest());
            assert!(self.run.start().is_err(), "a run goes on");
        }
    }

    /// Whether all runs are over.
    pub fn is_over(&self) -> bool {
        let oracle = self.oracle();
        let last = oracle.round == self.runs && !oracle.starting;
        drop(oracle);
        last && matches!(self.run.status(), RunStatus::AtRest { .. })
    }

    pub fn check_the_end(&self) {
        self.check_rest();
        let oracle = self.oracle();
        assert!(oracle.has_ended());
    }

    /// At rest, and nobody starts.
    fn check_rest(&self) {
        let (round, nodes) = {
            let oracle = self.oracle();
            (oracle.round, oracle.node_count())
        };
        assert!(self.run.is_at_rest());
        assert_eq!(self.run.completed(), if round == 0 { 0 } else { nodes });
        let status = self.run.status();
        let oracle = self.oracle();
        let cut = !oracle.has_run_all();
        assert_eq!(status, RunStatus::AtRest { cut });
        assert!(!cut || oracle.stopped, "nobody has stopped it");
    }
}
