//! Nodes that come back, beside a member that blocks.

use super::beside_workers;
use crate::pool::shared::Shared;
use crate::run;
use crate::run::body::{Body, Progress};
use crate::sync::model::{explore, thread};
use crate::sync::{AtomicBool, Condvar, Mutex, Ordering, lock, wait};
use crate::tuner::Plan;
use crate::wake::{Pending, Wakes, Whom};
use dgraph_core::{Dag, NodeId};
use std::sync::Arc;

/// Node 0 makes 1, 2 and 3 ready, of which the first one that starts blocks until the others have run.
/// Meanwhile nodes 4 and 5 wake each other all the time.
struct Restless {
    shared: Arc<Shared>,
    wakes: Arc<Wakes>,
    /// Whether somebody blocks, and how many have run since.
    blocked: Mutex<(bool, u32)>,
    changed: Condvar,
    over: AtomicBool,
}

impl Restless {
    fn meet(&self) {
        let mut blocked = lock(&self.blocked);
        if std::mem::replace(&mut blocked.0, true) {
            blocked.1 += 1;
            self.changed.notify_one();
        } else {
            while blocked.1 < 2 {
                blocked = wait(&self.changed, blocked);
            }
            self.over.store(true, Ordering::Relaxed);
        }
    }

    fn wake(&self, node: u32) {
        (*self.wakes.waker(node)).wake_by_ref();
    }
}

impl Body for Restless {
    const WAKES: bool = true;

    fn run(&self, node: NodeId) -> Progress {
        match node.get() {
            0 => return Progress::Done,
            1..=3 => {
                self.meet();
                return Progress::Done;
            }
            _ => {}
        }
        let (this, other) = (node.get() - 4, 5 - node.get());
        if self.over.load(Ordering::Relaxed) {
            self.wake(other);
            return Progress::Done;
        }
        thread::yield_now(); // there is no end to it if nobody else goes on
        let turn = match self.wakes.pend(this) {
            Pending::Waits => Progress::Pending,
            Pending::Again => Progress::Yielded,
        };
        self.wake(other);
        turn
    }

    fn open(&self, whom: Whom<'_>) {
        self.wakes.attach(self.shared.clone(), whom);
    }

    fn take_woken(&self, mut ready: impl FnMut(NodeId)) {
        self.wakes.take_for_team(|index| ready(NodeId::new(index + 4)));
    }
}

/// What the thread that blocks has kept to itself is found by the other one, although that never runs dry.
/// Catches: a member that robs nobody as long as there are woken nodes.
#[test]
fn run_of_nodes_that_wake_each_other_beside_a_hidden_one() {
    explore(1, || {
        beside_workers(1, |shared| {
            let dag = Dag::from_edges(6, &[(0, 1), (0, 2), (0, 3)]).expect("a valid graph");
            let restless = Restless {
                shared: Arc::clone(shared),
                wakes: Wakes::new(2),
                blocked: Mutex::new((false, 0)),
                changed: Condvar::new(),
                over: AtomicBool::new(false),
            };
            run::run_as(shared, &dag, &restless, Some(Plan::Share), None);
            restless.wakes.detach();
        });
    });
}
