//! A run on the threads of an executor of a graph whose nodes may give futures.
//!
//! It is a run like any other, whose nodes may come back: a node whose future waits isn't complete, and who
//! polled it goes on with something else. When the future is woken, the node goes onto the list of the
//! graph's wakers, and the run's team is told; whichever member comes by next takes all that is there. So a
//! future may be polled by another thread each time.
//!
//! A run that is stopped wakes all futures, so that whoever takes them completes their nodes without polling;
//! what is left of the futures is dropped at the end, by the one who began the run.

use super::begin_and_end;
use super::execution::Execution;
use crate::executor::Handle;
use crate::run::body::Progress;
use crate::run::ordered;
use crate::run::run_as;
use crate::sync::thrown;
use crate::typed::data::graph_data::GraphData;
use crate::typed::error::run_error::RunError;
use crate::typed::memory::status::Outcome;
use crate::typed::options::run_options::RunOptions;
use crate::wake::{Pending, Whom};
use dgraph_core::NodeId;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The nodes of a run, as its team sees them.
pub(crate) struct AsyncNodes<'r> {
    run: &'r Execution<'r>,
    executor: &'r Handle,
}

impl<'r> AsyncNodes<'r> {
    /// # Safety
    ///
    /// The run has the graph to itself, and statuses are as `GraphData::prepare` leaves them. The nodes are
    /// given to one run of an executor.
    pub(crate) unsafe fn new(run: &'r Execution<'r>, executor: &'r Handle) -> Self {
        Self { run, executor }
    }
}

impl crate::run::body::Body for AsyncNodes<'_> {
    const WAKES: bool = true;

    #[inline]
    fn run(&self, node: NodeId) -> Progress {
        let run = self.run;
        if self.executor.shared.is_shut_down() {
            run.frame.cancel();
        }
        // SAFETY: by the contract of `new`. The executor calls this once for each node, after its
        // predecessors, whose effects it makes visible; if there is a queue, where the node may run, and when
        // its limits permit it; if there is none, no node is bound or under a limit of the graph. And once
        // for each time that the node was woken or said to be run again, after `pend` has published what the
        // last poll has left.
        let outcome = unsafe { run.go_on(node.get()) };
        match outcome {
            Outcome::Pending(future) => match run.frame.wakes().pend(future) {
                Pending::Waits => Progress::Pending,
                Pending::Again => Progress::Yielded,
            },
            Outcome::Again(_) => Progress::Yielded,
            Outcome::Value | Outcome::Nothing(_) => Progress::Done,
        }
    }

    fn open(&self, whom: Whom<'_>) {
        self.run.frame.wakes().attach(self.executor.shared.clone(), whom);
    }

    fn take_woken(&self, mut ready: impl FnMut(NodeId)) {
        let run = self.run;
        if run.frame.wakes().take_for_team(|future| ready(NodeId::new(run.tasks.node_of_waker(future)))) {
            run.frame.wakes().wake_all(); // those who wait look whether the run is to be stopped
        }
    }

    fn any_woken(&self) -> bool {
        self.run.frame.wakes().any()
    }

    fn cancel(&self) -> bool {
        self.run.frame.cancel();
        true
    }

    fn was_cut_short(&self) -> bool {
        self.run.frame.was_cut_short()
    }
}

/// Runs the graph on the calling thread and those of `executor`. Blocks until all is done.
pub(crate) fn block_on(
    data: &mut GraphData,
    executor: &Handle,
    options: &RunOptions,
) -> Result<(), RunError> {
    let standing = begin_and_end::begin(data, Some(executor), options)?;
    data.connect(options, None);
    let (parts, queue, _) = data.parts();
    let run = Execution::new(parts, Some(executor), options, standing).by_a_team();
    // SAFETY: `data` is borrowed for this run alone, as `&mut`; `begin` has set the statuses.
    let nodes = unsafe { AsyncNodes::new(&run, executor) };
    let dag = &parts.topology.dag;
    let ran = || match queue {
        None => run_as(&executor.shared, dag, &nodes, None, None),
        Some(queue) => ordered::run(&executor.shared, dag, queue, &[], &nodes, None),
    };
    let thrown = catch_unwind(AssertUnwindSafe(ran)).err();
    let standing = run.into_standing();
    let all_complete = thrown.is_none() && !standing.is_stopped();
    let dropped = data.let_go(options, None, &standing, all_complete);
    begin_and_end::end(data, options, standing, thrown::first(thrown, dropped))
}
